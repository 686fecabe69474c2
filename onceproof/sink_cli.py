"""`onceproof sink run` and `onceproof sink clean`: the sink itself, and what a sink that died has left behind."""

import argparse
import shlex
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import SourceError, StoreError, TaskFailed
from onceproof.sink.outside import clean, tasks
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.outside.worker import Worker, broker_settings, group_of, report, reporter_of, run_until_signalled
from onceproof.sink.settings.parsing import parse
from onceproof.sink.settings.propertyfiles import read_config
from onceproof.userfiles import WORKER_HELP

_DONE, _FAILED, _COULD_NOT = 0, 1, 2
_YOUNG = "7d"


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    _add_run(commands)
    _add_clean(commands)


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="land topics in S3 as the Kafka Connect S3 sink does",
        description="Runs the sink with a configuration of the Kafka Connect S3 sink until SIGTERM or Ctrl-C end it "
        "in order. With tasks.max above 1 each task is a process of its own.",
    )
    _add_common(parser)
    parser.add_argument(
        "--offset-flush-interval-ms", type=_positive, default=60_000, metavar="MS", help="between two commits (60000)"
    )
    parser.add_argument("--task", type=int, help=argparse.SUPPRESS)  # one of several, started by their common parent
    parser.set_defaults(run=_run)


def _add_clean(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "clean",
        help="list uploads that a sink has left unfinished, and abort them on demand",
        description="Lists unfinished uploads whose keys this configuration could have made, with age and size. With "
        "--abort those that are old enough are thrown away, unless a sink of this group is running.",
    )
    _add_common(parser)
    parser.add_argument("--abort", action="store_true", help="throw those away that are old enough")
    parser.add_argument(
        "--older-than", type=_span, default=_span(_YOUNG), metavar="SPAN", help=f"such as 90m, 24h or 7d ({_YOUNG})"
    )
    parser.set_defaults(run=_clean)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="FILE", help="a .properties file of the sink, or Connect's JSON")
    parser.add_argument("--bootstrap-servers", required=True, metavar="HOST:PORT,…", help="where Kafka is")
    parser.add_argument("--worker", type=Path, metavar="FILE", help=WORKER_HELP)
    parser.add_argument("--group", help="consumer group (connect-<name>)")


def _positive(text: str) -> int:
    """A whole number from 1; 0 would ask for commits for ever and never poll."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"invalid value {text!r}: must be a whole number from 1")
    return int(text)


def _span(text: str) -> int:
    try:
        return clean.seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _complain(message: str) -> None:
    print(f"onceproof: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the command line's own voice


def _say(text: str) -> None:
    print(text)  # noqa: T201 - this is the command's output


def _run(chosen: argparse.Namespace, command: str) -> int:
    config = parse(read_config(chosen.config, chosen.worker), subscribes=True)
    if config.tasks_max > 1 and chosen.task is None:
        return _run_tasks(config, command)
    try:
        worker = Worker(
            config,
            chosen.bootstrap_servers,
            group=chosen.group,
            offset_flush_interval_ms=chosen.offset_flush_interval_ms,
            number=chosen.task or 0,
            report=report if chosen.task is None else reporter_of(chosen.task),
        )
        if chosen.task is not None:
            tasks.end_with_parent(worker.stop)
        run_until_signalled(worker)
    except TaskFailed as error:
        _complain(f"the task failed: {error}")
        return _FAILED
    except StoreError as error:
        _complain(f"the bucket cannot be used: {error}")
        return _COULD_NOT
    except SourceError as error:
        _complain(f"the broker cannot be used: {error}")
        return _COULD_NOT
    return _DONE


def _run_tasks(config: SinkConfig, command: str) -> int:
    """The tasks get the very arguments of this command, and their numbers."""
    running = tasks.Tasks(tasks.command(shlex.split(command)[1:]), config.tasks_max, report)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop())
    return tasks.exit_code(list(running.run().values()))


def _clean(chosen: argparse.Namespace, command: str) -> int:
    config = parse(read_config(chosen.config, chosen.worker), subscribes=True)
    group = group_of(config, chosen.group)
    store = S3Store(config)
    try:
        kafka = clean.Group(chosen.bootstrap_servers, broker_settings(config))
        members = kafka.members(group)
        in_use = _in_use(group, members)
        if in_use and chosen.abort:
            _complain(f"nothing was aborted: {in_use}")
            return _COULD_NOT
        found = list(clean.find(store, config, kafka.topics(config)))
        now = datetime.now(UTC)
        old = [upload for upload in found if (now - upload.started).total_seconds() >= chosen.older_than]
        _list(found, config, now)
        if not chosen.abort:
            _advise(old, chosen, command, in_use)
            return _DONE
        for upload in old:
            store.abort_upload(upload.key, upload.upload_id)
            _say(f"aborted {upload.key}")
    except StoreError as error:
        _complain(f"the bucket cannot be used: {error}")
        return _COULD_NOT
    except SourceError as error:
        _complain(f"the broker cannot be used: {error}")
        return _COULD_NOT
    _say(f"{_count(len(old), 'upload')} aborted, {len(found) - len(old)} left")
    return _DONE


def _in_use(group: str, members: int | None) -> str:
    """Why uploads may belong to a sink that lives; empty if none does."""
    if members is None:
        return f"the broker cannot say whether group {group} has members"
    if not members:
        return ""
    count = _count(members, "member")
    return f"group {group} has {count}: stop the sink first; one that was killed counts until its session ends"


def _list(found: list[clean.Leftover], config: SinkConfig, now: datetime) -> None:
    size_bytes = sum(upload.size_bytes for upload in found)
    _say(f"{_count(len(found), 'unfinished upload')} in bucket {config.bucket}, {_megabytes(size_bytes)} in all")
    for upload in found:
        age = clean.span((now - upload.started).total_seconds())
        _say(f"{age:>8} {_megabytes(upload.size_bytes):>12}  {upload.key}")


def _advise(old: list[clean.Leftover], chosen: argparse.Namespace, command: str, in_use: str) -> None:
    """What would be done, and the command that does it."""
    age = clean.span(chosen.older_than)
    if in_use:
        _say(f"{len(old)} older than {age}; nothing can be aborted now: {in_use}.")
    elif not old:
        _say(f"None is older than {age}.")
    else:
        _say(f"{len(old)} older than {age}; to abort: {command} --abort")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB"
