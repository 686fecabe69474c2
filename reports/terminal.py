"""The report on a terminal: the tables, then each story in a few lines that end with its replay command."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from onceproof.reports.collect import Cell, Comparison, Report
from onceproof.reports.story import tell
from onceproof.reports.words import (
    SIGNS,
    STEPS_MAX,
    TIMES,
    Mark,
    Placed,
    cell_words,
    printable,
    stories,
    summary,
)

_STYLES = {Mark.KEPT: "green", Mark.REFUTED: "bold red", Mark.NOT_OBSERVED: "dim"}
_PLAIN = str.maketrans({"✓": "+", "✗": "x", "◌": "o", TIMES: "x", "…": "...", "▮": "#", "▯": ".", "→": "->"})
"""What stands for our signs where the terminal knows ASCII alone."""


def print_report(report: Report, console: Console) -> None:
    """Print the tables and stories of `report`; the last line of a story is its replay command."""
    numbers = {id(placed.cell): placed.number for placed in stories(report)}
    for comparison in report.comparisons:
        _print_comparison(comparison, numbers, console)
    for placed in stories(report):
        _print_story(placed, console)
    style = "bold green" if report.as_expected else "bold red"
    console.print(_text(summary(report), console, style))
    _print_line(f"Reproduce: {report.command}", console)


def _text(text: str, console: Console, style: str = "") -> Text:
    text = printable(text)
    if console.options.ascii_only:
        text = text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")
    return Text(text, style=style)


def _print_line(text: str, console: Console, style: str = "") -> None:
    """Print without breaking the line, so that a command can be copied."""
    console.print(_text(text, console, style), soft_wrap=True)


def _print_comparison(comparison: Comparison, numbers: dict[int, int], console: Console) -> None:
    console.print(_text(comparison.title, console, "bold"))
    console.print(_text(f"World {comparison.world}: {comparison.world_note}", console, "dim"))
    console.print(_text(f"Records: {comparison.log_note}", console, "dim"))
    table = Table(box=box.SIMPLE_HEAD, show_lines=True, pad_edge=False, header_style="bold")
    table.add_column("configuration", ratio=1, overflow="fold")
    for fault, _ in comparison.faults:
        table.add_column(_text(fault, console), ratio=1, overflow="fold")
    for row in comparison.rows:
        name = _text(row.name, console, "bold")
        for key, value in row.config.items():
            name.append_text(_text(f"\n{key}={value}", console, "dim not bold"))
        table.add_row(name, *(_cell(cell, numbers.get(id(cell)), console) for cell in row.cells))
    console.print(table)


def _cell(cell: Cell, number: int | None, console: Console) -> Text:
    words = cell_words(cell)
    text = _text(f"{_ladder(words.steps)}{words.guarantee}", console, _STYLES[words.mark])
    where = f" → story {number}" if number else ""
    text.append_text(_text(f"\n{SIGNS[words.mark]} {words.standing}{where}", console))
    if words.unexpected:
        text.append_text(_text(f"\n! {words.unexpected}", console, "bold reverse"))
    text.append_text(_text(f"\n{words.evidence}", console, "dim"))
    return text


def _ladder(steps: int | None) -> str:
    return "" if steps is None else f"{'▮' * steps}{'▯' * (STEPS_MAX - steps)} "


def _print_story(placed: Placed, console: Console) -> None:
    told = tell(placed.story)
    words = cell_words(placed.cell)
    console.print(_text(f"Story {placed.number}: {placed.title}", console, "bold"))
    console.print(_text(f"{SIGNS[words.mark]} {words.guarantee}; {words.standing}", console, _STYLES[words.mark]))
    for line in told.records:
        console.print(_text(f"Records  {line}", console))
    console.print(_text(told.paragraph, console))
    _print_objects("Before", told.before, console)
    _print_objects("At rest", told.after, console)
    for found in told.findings:
        for detail in found.details:
            console.print(_text(f"{found.kind}: {detail}", console))
    for missing in told.not_observed:
        console.print(_text(f"{SIGNS[Mark.NOT_OBSERVED]} not observed: {missing}", console, "dim"))
    _print_line(told.replay, console, "bold")
    console.print()


def _print_objects(title: str, objects: tuple[str, ...], console: Console) -> None:
    for at, line in enumerate(objects):
        console.print(_text(f"{title if at == 0 else '':8} {line}", console))
