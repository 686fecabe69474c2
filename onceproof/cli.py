"""The command line: thin. Exit codes, everywhere: 0 as expected, 1 not as expected, 2 could not be asked.

What a command needs is imported when it is asked for: the clients of Kafka and S3 take longer to load than `explain`
may take to answer.
"""

import argparse
import json
import os
import select
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from onceproof import explain_cli
from onceproof.model.settings import OutsideDomain
from onceproof.scenarios.errors import EnvironmentFailure, ScenarioError
from onceproof.scenarios.logs import LogError
from onceproof.sink.errors import ConfigError

AS_EXPECTED, NOT_AS_EXPECTED, COULD_NOT = 0, 1, 2
_READER_GONE = 128 + signal.SIGPIPE
"""What a shell says of a tool whose reader, as `head`, has what it wants."""
_WORLDS = ("simulated", "embedded", "container")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = _parser(given[:1] == ["explain"]).parse_args(given)
    try:
        return _run(chosen, shlex.join(["onceproof", *given]))
    except ConfigError as error:
        _complain(f"the configuration is invalid:\n{error}")
    except (ScenarioError, LogError, EnvironmentFailure, OutsideDomain) as error:
        _complain(str(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _has_no_reader():
            return _READER_GONE
        _complain(f"{error.filename or 'a file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        _complain("interrupted")
    return COULD_NOT


def _run(chosen: argparse.Namespace, command: str) -> int:
    """The command's exit code, once all that it printed is out."""
    code = int(chosen.run(chosen, command))
    sys.stdout.flush()
    return code


def _has_no_reader() -> bool:
    """Whether nobody reads the output any more; if so, what is left of it goes nowhere."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _complain(message: str) -> None:
    print(f"onceproof: {message}", file=sys.stderr)  # noqa: T201 - the command line's own voice


def _parser(is_explain: bool) -> argparse.ArgumentParser:  # noqa: FBT001 - of this module's one caller
    """All commands, or where only `explain` is asked for that one alone."""
    parser = argparse.ArgumentParser(
        prog="onceproof",
        description="Says whether a Kafka-to-S3 sink delivers exactly once, and shows the smallest story in which it "
        "does not.",
        epilog="Exit codes: 0 every verdict as expected, 1 some verdict not as expected, 2 usage, configuration or "
        "environment.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    explain_cli.add_parser(commands)
    if not is_explain:
        _add_others(commands)
    return parser


def _add_others(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from onceproof import explore_cli, golden_cli, prove_cli, sink_cli, sink_config_cli  # noqa: PLC0415

    prove_cli.add_parser(commands)
    explore_cli.add_parser(commands)
    _add_replay(commands)
    golden_cli.add_parser(commands)
    sink = commands.add_parser("sink", help="the sink itself").add_subparsers(required=True, metavar="COMMAND")
    sink_cli.add_parsers(sink)
    sink_config_cli.add_parser(sink)
    schema = commands.add_parser("schema", help="print the JSON Schema of scenario files")
    schema.set_defaults(run=_schema)


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from onceproof import replaying  # noqa: PLC0415

    parser = commands.add_parser(
        "replay", help="run scenario files and compare with what they expect", description=replaying.__doc__
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE|DIR",
        help="scenario files or folders (the library that comes with Onceproof)",
    )
    parser.add_argument("--world", default="simulated", choices=_WORLDS, help="where to run (simulated)")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.add_argument("--history", type=Path, metavar="DIR", help="write each run's history there, as JSON Lines")
    parser.set_defaults(run=_replay)


def _schema(chosen: argparse.Namespace, command: str) -> int:
    from onceproof.scenarios import files  # noqa: PLC0415

    print(json.dumps(files.json_schema(), indent=2))  # noqa: T201 - this is the command's output
    return AS_EXPECTED


def _replay(chosen: argparse.Namespace, command: str) -> int:
    from rich.console import Console  # noqa: PLC0415

    from onceproof import replaying  # noqa: PLC0415
    from onceproof.scenarios.replay import LIBRARY  # noqa: PLC0415

    return replaying.replay_all(
        chosen.paths or [LIBRARY], chosen.world, as_json=chosen.json, histories=chosen.history, console=Console()
    )


if __name__ == "__main__":
    sys.exit(main())
