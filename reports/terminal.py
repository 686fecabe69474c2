"""The report on a terminal: each story in a few lines that end with its replay command, then the tables."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from onceproof.reports.collect import Cell, Comparison, Report, Row
from onceproof.reports.story import tell
from onceproof.reports.words import (
    SIGNS,
    TIMES,
    Mark,
    Placed,
    cell_words,
    counted,
    headline,
    printable,
    stories,
    story_numbers,
    summary,
)

DETAILS_MAX = 4
TEXT_MAX = 1500
"""More than this of one kind of finding, or of one text, is left to the report."""
_STYLES = {Mark.KEPT: "green", Mark.REFUTED: "bold red", Mark.NOT_OBSERVED: "dim"}
_PLAIN = str.maketrans({"✓": "+", "✗": "x", "◌": "o", TIMES: "x", "…": "...", "▮": "#", "▯": ".", "→": "->"})
"""What stands for our signs where the terminal knows ASCII alone."""


def print_report(report: Report, console: Console) -> None:
    """Print the stories of `report`, each ending with its replay command, then the tables, which stay in sight."""
    numbers = story_numbers(report)
    for placed in stories(report):
        _print_story(placed, console)
    for comparison in report.comparisons:
        _print_comparison(comparison, numbers, console)
    style = "bold green" if report.as_expected else "bold red"
    console.print(_text(headline(report), console, "bold"))
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
    """One table: a line for each configuration and guarantee, with the faults under which it holds."""
    console.print(_text(comparison.title, console, "bold"))
    console.print(_text(f"World {comparison.world}: {comparison.world_note}", console, "dim"))
    console.print(_text(f"Records: {comparison.log_note}", console, "dim"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column, ratio in (("configuration", 5), ("strongest guarantee not refuted", 4), ("under", 7)):
        table.add_column(column, ratio=ratio, overflow="fold")
    for row in comparison.rows:
        name = _text(row.name, console, "bold")
        for same in _alike(comparison, row):
            table.add_row(name, _standing(same[0][1], console), _under(same, numbers, console))
            name = _text("", console)
        table.add_section()
    console.print(table)


def _alike(comparison: Comparison, row: Row) -> list[list[tuple[str, Cell]]]:
    """The cells of a row with their faults, those of one guarantee together, strongest first."""
    groups: dict[str, list[tuple[str, Cell]]] = {}
    for (fault, _), cell in zip(comparison.faults, row.cells, strict=True):
        groups.setdefault(cell_words(cell).guarantee, []).append((fault, cell))
    return sorted(groups.values(), key=lambda group: -(cell_words(group[0][1]).steps or 0))


def _standing(cell: Cell, console: Console) -> Text:
    words = cell_words(cell)
    return _text(f"{SIGNS[words.mark]} {words.guarantee}", console, _STYLES[words.mark])


def _under(group: list[tuple[str, Cell]], numbers: dict[int, int], console: Console) -> Text:
    """Faults, each with its story and, if not as expected, with what was; then how many runs stand behind them."""
    text = _text("", console)
    for index, (fault, cell) in enumerate(group):
        story = f" (story {numbers[id(cell)]})" if id(cell) in numbers else ""
        text.append_text(_text(f"{', ' if index else ''}{fault}{story}", console))
        if unexpected := cell_words(cell).unexpected:
            text.append_text(_text(f" ! {unexpected}", console, "bold reverse"))
    runs = sum(cell.runs for _, cell in group)
    text.append_text(_text(f"; {counted(runs, 'run')}", console, "dim"))
    return text


def _print_story(placed: Placed, console: Console) -> None:
    told = tell(placed.story)
    words = cell_words(placed.cell)
    console.print(_text(f"Story {placed.number}: {placed.title}", console, "bold"))
    console.print(_text(f"{SIGNS[words.mark]} {words.guarantee}; {words.standing}", console, _STYLES[words.mark]))
    if told.claim:
        console.print(_text(told.claim, console))
    for line in told.records:
        console.print(_text(f"Records  {line}", console))
    console.print(_text(_clipped(told.paragraph), console))
    _print_objects("Before", told.before, console)
    _print_objects("At rest", told.after, console)
    for at, sentence in enumerate(told.why):
        console.print(_text(f"{'Why' if at == 0 else '':8} {sentence}", console))
    for found in told.findings:
        for detail in found.details[:DETAILS_MAX]:
            console.print(_text(f"{found.kind}: {_clipped(detail)}", console))
        if len(found.details) > DETAILS_MAX:
            console.print(
                _text(f"{found.kind}: {len(found.details) - DETAILS_MAX} more, in the report", console, "dim")
            )
    for missing in told.not_observed:
        console.print(_text(f"{SIGNS[Mark.NOT_OBSERVED]} not observed: {missing}", console, "dim"))
    _print_line(told.replay, console, "bold")
    console.print()


def _clipped(text: str) -> str:
    """A text that a terminal can show; the report has all of it."""
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX * 2 // 3]} […] {text[-TEXT_MAX // 3 :]}"


def _print_objects(title: str, objects: tuple[str, ...], console: Console) -> None:
    for at, line in enumerate(objects):
        console.print(_text(f"{title if at == 0 else '':8} {line}", console))
