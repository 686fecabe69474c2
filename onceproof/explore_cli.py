"""`onceproof explore`: the command."""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from onceproof import exploring
from onceproof.reporting import add_outputs, progress_of, tell_report
from onceproof.scenarios.alphabet import alphabet
from onceproof.scenarios.configurations import Configuration, of_user
from onceproof.scenarios.exhaustive import Budget, Reach
from onceproof.scenarios.resets import require_earliest
from onceproof.sink.config import SinkConfig
from onceproof.userfiles import WORKER_HELP, own_config

_GAPS_MS = (0, 1, 1000)
"""Gaps that are looked at where a configuration itself does not suggest three."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explore",
        help="run everything that can happen to a configuration, up to a bound",
        description="Every log up to N records over at least three gaps, every split into polls, every place of the "
        "clock, every cut, every lost reply, every interleaving of a frozen owner with its successor: each distinct "
        "run once, over all cores. Intervals and sizes are scaled to the small world.",
        epilog="Exit codes: 0 every class of faults leaves identical objects, 1 some does not, 2 usage, configuration "
        "or environment.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".properties files, or Connect's JSON")
    parser.add_argument("--worker", type=Path, metavar="FILE", help=WORKER_HELP)
    parser.add_argument("--bound", type=_positive, default=3, metavar="N", help="records of a log, at the most (3)")
    parser.add_argument("--crashes", type=_natural, default=1, metavar="K", help="crashes in one run (1)")
    parser.add_argument("--lost-replies", type=_natural, default=1, metavar="K", help="lost replies in one run (1)")
    parser.add_argument(
        "--frozen-owners", type=int, choices=(0, 1), default=0, help="owners that freeze and may thaw, in one run (0)"
    )
    parser.add_argument(
        "--gap", action="append", type=_gap, metavar="MS", help="a gap between two records; repeatable (follows FILE)"
    )
    parser.add_argument(
        "--workers", type=_positive, default=os.cpu_count() or 1, metavar="N", help="processes (all cores)"
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="keep finished logs there, and go on from it; with one FILE"
    )
    add_outputs(parser, Path("reports/out/explore"))
    parser.set_defaults(run=_explore)


def _not_writable(folder: Path) -> str | None:
    """Why no report can be written there; asked before the work, not behind it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _gap(text: str) -> int:
    if abs(number := int(text)) > _GAP_MS_MAX:
        raise argparse.ArgumentTypeError(f"must lie between -{_GAP_MS_MAX:,} and {_GAP_MS_MAX:,} ms, found {text}")
    return number


_GAP_MS_MAX = 366 * 24 * 3_600_000


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, found {text}")
    return number


def _natural(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, found {text}")
    return number


def reach_of(row: Configuration, records: int, budget: Budget, gaps_ms: tuple[int, ...] = ()) -> Reach:
    """How far to look at a configuration: gaps and clock moves follow its intervals, three gaps at least."""
    suggested = dict.fromkeys((*row.gaps_ms, *_GAPS_MS))
    at_least_three = (*row.gaps_ms, *[gap for gap in suggested if gap not in row.gaps_ms])[: max(3, len(row.gaps_ms))]
    return Reach(records, gaps_ms or at_least_three, row.clock_steps_ms, budget)


def _row(name: str, properties: dict[str, str], config: SinkConfig) -> Configuration:
    """A user's configuration for small worlds, with a note of what it can meet and no log here holds.

    Two records fill a file, so that the default bound completes two, of which one may be cut otherwise. Raises
    ScenarioError where the sink stores no record at all.
    """
    require_earliest(name, properties)
    row = of_user(name, properties, config, flush_size_max=2)
    met = [phrase for phrase in alphabet(row.properties).described() if phrase.startswith(_UNDRAWN)]
    beware = f"; not drawn, though it may meet them: {', '.join(met)} (`onceproof explain` draws these)" if met else ""
    return replace(row, note=row.note + beware)


_UNDRAWN = ("null values", "dead letters", "schema changes")


def _explore(chosen: argparse.Namespace, command: str) -> int:
    if chosen.checkpoint is not None and len(chosen.files) > 1:
        print("onceproof: --checkpoint goes with one FILE", file=sys.stderr)  # noqa: T201 - the command's own voice
        return 2
    if (wrong := _not_writable(chosen.out)) is not None:
        print(f"onceproof: --out {chosen.out}: {wrong}", file=sys.stderr)  # noqa: T201 - the command's own voice
        return 2
    budget = Budget(chosen.crashes, chosen.lost_replies, chosen.frozen_owners)
    console = Console(stderr=chosen.json)
    found, seconds = [], {}
    for path in chosen.files:
        properties, config = own_config(path, chosen.worker)
        for warning in config.warnings:
            print(f"onceproof: {path}: {warning}", file=sys.stderr)  # noqa: T201 - the command's own voice
        row = _row(path.name, properties, config)
        reach = reach_of(row, chosen.bound, budget, tuple(dict.fromkeys(chosen.gap or ())))
        console.print(f"{path}: {reach.sentence()}. Outside: {reach.outside()}{row.note}.", soft_wrap=True)
        began_s = time.monotonic()
        with progress_of(console) as tell:
            found.append(exploring.explore(row, reach, workers=chosen.workers, checkpoint=chosen.checkpoint, tell=tell))
        seconds[f"{path.name} seconds"] = round(time.monotonic() - began_s, 2)
    report = exploring.report(found, command=command, folder=chosen.out, seconds=seconds)
    return tell_report(report, chosen, console)
