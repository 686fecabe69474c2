"""`onceproof golden`: recordings of the real connector against the sink and the model."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from onceproof import golden


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "golden",
        help="set the sink and the model against recordings of the real connector",
        description="Replays recordings through the sink, sets the model against them, and tells for each that differs "
        "the first step that does. Exit code 0 if all are equal or differ by a declared deviation, else 1.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings, one a line, as JSON")
    parser.add_argument("--only", action="append", metavar="ID", help="compare only this recording; repeatable")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.set_defaults(run=_golden)


def _golden(chosen: argparse.Namespace, command: str) -> int:
    console = Console(stderr=chosen.json)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("comparing", total=None)

        def tell(done: int) -> None:
            progress.update(bar, description=f"{done} compared")

        compared = list(golden.compare_all(chosen.files, tell, only=chosen.only))
    if chosen.json:
        print(json.dumps(_data(compared), indent=2))  # noqa: T201 - this is the command's output
    else:
        _tell(compared, console)
    return 0 if golden.is_as_recorded(compared) else 1


def _tell(compared: list[golden.Compared], console: Console) -> None:
    """What differs, what is declared, what is outside; the summary last."""

    def say(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False, highlight=False)

    for each in compared:
        for side, outcome, difference in (
            ("sink", each.sink, each.sink_difference),
            ("model", each.model, each.model_difference),
        ):
            if outcome == "different":
                say(f"{each.name} ({each.where}): the {side} differs, first {difference}")
        if each.sink == "declared":
            say(f"{each.name}: declared: {each.because}")
    outside = Counter(each.because for each in compared if each.model == "outside its domain")
    for reason, count in outside.most_common():
        say(f"outside the model's domain: {count}: {reason}")
    different = [each for each in compared if "different" in (each.sink, each.model)]
    if different:
        first = different[0]
        say(f"One of them again: onceproof golden {first.where.rpartition(':')[0]} --only {first.name}")
    say(golden.summary(compared))


def _data(compared: list[golden.Compared]) -> dict[str, Any]:
    return {
        "recordings": [
            {
                "id": each.name,
                "where": each.where,
                "sink": each.sink,
                "sink_difference": each.sink_difference and each.sink_difference._asdict(),
                "model": each.model,
                "model_difference": each.model_difference and each.model_difference._asdict(),
                "because": each.because,
            }
            for each in compared
        ],
        "summary": golden.summary(compared),
        "as_recorded": golden.is_as_recorded(compared),
    }
