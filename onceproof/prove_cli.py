"""`onceproof prove`: configurations of a table, or of one's own, under every class of faults."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from onceproof import prove
from onceproof.reporting import add_outputs, progress_of, tell_report
from onceproof.scenarios.configurations import of_user
from onceproof.scenarios.logs import LogError
from onceproof.userfiles import WORKER_HELP, own_config

_WORLDS = ("simulated", "embedded", "container")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prove",
        help="compare configurations under faults and write a report",
        description="Each configuration under each class of faults: the strongest guarantee that is not refuted, and "
        "the smallest story against each refuted one.",
    )
    parser.add_argument(
        "--world",
        action="append",
        choices=_WORLDS,
        help="where to run; repeatable (simulated and embedded if not given)",
    )
    parser.add_argument(
        "--config",
        action="append",
        type=Path,
        metavar="FILE",
        help="a .properties file of your own, which is expected to leave identical objects; repeatable",
    )
    parser.add_argument("--worker", type=Path, metavar="FILE", help=f"with --config: {WORKER_HELP}")
    parser.add_argument("--log", metavar="flights|FILE.jsonl", help="the real log (flights)")
    parser.add_argument(
        "--timestamp-field", metavar="PATH", help="with a .jsonl file: dotted path of the time in a line"
    )
    parser.add_argument("--key-field", metavar="PATH", help="with a .jsonl file: dotted path of the key in a line")
    parser.add_argument("--seed", type=int, default=1, help="where faults strike in the real log (1)")
    add_outputs(parser, Path("reports/out"))
    parser.set_defaults(run=_prove)


def _prove(chosen: argparse.Namespace, command: str) -> int:
    order = _order(chosen, command)
    if chosen.world is None and chosen.log is None:  # nobody has asked for the real log by name
        order, reason = prove.without_the_real_log(order)
        if reason:
            _warn(f"the simulated world alone: {reason}")
    prove.require_answerable(order)
    console = Console(stderr=chosen.json)
    real = f" Real log: {order.log.note}." if order.log else ""
    console.print(f"Worlds: {', '.join(order.worlds)}.{real}", soft_wrap=True)
    with progress_of(console) as tell:
        report = prove.prove(order, tell)
    return tell_report(report, chosen, console)


def _order(chosen: argparse.Namespace, command: str) -> prove.Order:
    worlds = tuple(dict.fromkeys(chosen.world or ("simulated", "embedded")))
    order = prove.built_in(worlds, _real_log(chosen, worlds), chosen.seed, command, chosen.out)
    if not chosen.config:
        return order
    rows, real_rows = [], []
    for name, path in _named(chosen.config).items():
        properties, config = own_config(path, chosen.worker)
        for warning in config.warnings:
            _warn(f"{name}: {warning}")
        rows.append(of_user(name, properties, config))
        real_rows.append(of_user(name, properties, config, small=False))
    return prove.of_users(order, rows, real_rows)


def _real_log(chosen: argparse.Namespace, worlds: Sequence[str]) -> prove.RealLog | None:
    """The log that the worlds with real processes read; the simulated one makes its own."""
    if set(worlds) == {"simulated"}:
        if chosen.log is not None:
            raise LogError(f"--log {chosen.log}: the simulated world makes its own logs; add --world embedded")
        return None
    if chosen.timestamp_field is not None and chosen.log in (None, "flights"):
        raise LogError("--timestamp-field goes with --log FILE.jsonl, which is missing")
    if chosen.log in (None, "flights"):
        return prove.flights_log()
    if chosen.timestamp_field is None:
        raise LogError(f"--log {chosen.log}: --timestamp-field must say where the time of a record is")
    return prove.jsonl_log(Path(chosen.log), chosen.timestamp_field, chosen.key_field, chosen.out)


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths by the shortest name that tells them apart."""
    names = [path.name for path in paths]
    return {path.name if names.count(path.name) == 1 else str(path): path for path in paths}


def _warn(message: str) -> None:
    print(f"onceproof: {message}", file=sys.stderr)  # noqa: T201 - the command line's own voice
