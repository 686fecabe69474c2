"""How a command shows that it works, writes its report, and says what came of it: the same for every command."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from onceproof.reports.collect import Report
from onceproof.reports.junit import junit
from onceproof.reports.machine import machine
from onceproof.reports.markdown import markdown
from onceproof.reports.terminal import print_report
from onceproof.reports.write import replace, write

AS_EXPECTED, NOT_AS_EXPECTED = 0, 1
Tell: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and of how much."""


def add_outputs(parser: argparse.ArgumentParser, folder: Path) -> None:
    """Add the options that say where a report goes."""
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help=f"folder of the report ({folder})")
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead of text")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write JUnit XML there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write Markdown there")


@contextmanager
def progress_of(console: Console) -> Iterator[Tell]:
    """What shows progress: a bar on a terminal, now and then a line elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    told = 0
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("starting", total=None)

        def tell(what: str, done: int, of: int) -> None:
            nonlocal told
            progress.update(bar, description=what, completed=done, total=of)
            if not console.is_terminal and done >= told + max(1, of // 8):
                told = done
                console.print(f"{done} of {of} done")

        yield tell


def tell_report(report: Report, chosen: argparse.Namespace, console: Console) -> int:
    """Write a report where the options say, and print it; returns the exit code."""
    index = write(report, chosen.out)
    if chosen.junit is not None:
        replace(chosen.junit, junit(report))
    if chosen.markdown is not None:
        replace(chosen.markdown, markdown(report))
    if chosen.json:
        print(machine(report))  # noqa: T201 - this is the command's output
    else:
        print_report(report, console)
        console.print(f"Report: {index}", soft_wrap=True)
    return AS_EXPECTED if report.as_expected else NOT_AS_EXPECTED
