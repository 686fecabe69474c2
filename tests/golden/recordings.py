"""Recordings of the real sink, as inputs of the model (each case as the lives it consists of) and as scenarios."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from onceproof.model.history import (
    CommitAsked,
    Committed,
    Ended,
    Event,
    History,
    Log,
    Opened,
    Put,
    Record,
    Requested,
    Rewound,
    Started,
    TopicPartition,
    Version,
)
from onceproof.model.placement import Life, Pass
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Crash,
    Fault,
    FaultAt,
    PollStep,
    Rebalance,
    Scenario,
    Start,
    Step,
    StopStep,
)

PATH = Path(__file__).parent / "golden.jsonl"


@dataclass(slots=True)
class RecordedLife:
    """A life, with what was recorded of it: for each pass the keys that appeared, for each ask the answer."""

    config: Mapping[str, str]
    partition: TopicPartition
    start_offset: int
    opened_ms: int
    failed_ms: int | None = None
    passes: list[Pass] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    keys: list[list[str]] = field(default_factory=list)
    """By pass, in order."""
    steps: list[int] = field(default_factory=list)
    """By pass: the step of the case that it belongs to."""
    answers: list[int | None] = field(default_factory=list)
    is_cut_short: bool = False
    """A fault, a rewind or a crash inside a pass: not all that was begun in the last pass was finished."""

    @property
    def position(self) -> int:
        """Where reading stands."""
        return self.passes[-1].end_offset if self.passes else self.start_offset

    def life(self) -> Life:
        """The same as the model's input."""
        return Life(
            self.config, self.partition, self.start_offset, self.opened_ms, tuple(self.passes),
            tuple(self.asks), self.failed_ms,
        )  # fmt: skip


def recordings() -> Iterator[dict[str, Any]]:
    """All recorded cases, as the file holds them."""
    with PATH.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def log_of(case: Mapping[str, Any]) -> Log:
    """The log of a case by partition."""
    found: dict[TopicPartition, list[Record]] = {}
    for entry in case["log"]:
        partition = TopicPartition(entry.get("t", case.get("topic", "t")), entry.get("p", 0))
        found.setdefault(partition, []).extend(_records(entry))
    return {partition: tuple(sorted(records)) for partition, records in found.items()}


def _records(entry: Mapping[str, Any]) -> Iterator[Record]:
    run = entry.get("run")
    if not run:
        ts = entry.get("ts", -1)
        yield Record(entry["o"], None if ts == -1 else ts, _bytes(entry.get("k")), _bytes(entry.get("v")))
        return
    for index in range(run["n"]):
        offset = run["o"] + index
        value = run["v"].replace("%d", str(offset)) if isinstance(run["v"], str) else run["v"]
        yield Record(offset, run["ts"] + index * run["dts"], None, _bytes(value))


CALLS: Mapping[str, FaultAt] = {
    "createMultipartUpload": "create",
    "uploadPart": "part",
    "completeMultipartUpload": "complete",
}
"""Our names of the calls that faults meet."""


def scenario_of(case: Mapping[str, Any]) -> Scenario:
    """A case as a scenario: one step of the course for each step recorded."""
    course = tuple(_step(step) for step in case["steps"])
    return Scenario(case["id"], case["props"], log_of(case), course, case["clock"])


def _step(step: Mapping[str, Any]) -> Step:  # noqa: PLR0911  one return for each operation
    match step["op"]:
        case "start":
            return Start(step.get("props", {}), _assigned(step["assign"]) if "assign" in step else None)
        case "poll":
            return PollStep(step["n"])
        case "commit":
            return CommitStep()
        case "crash":
            return Crash()
        case "stop":
            return StopStep()
        case "rebalance":
            return Rebalance(_assigned(step["assign"]))
        case "clock":
            return Clock(step.get("set"), step.get("add", 0))
        case "fault":
            return Fault(CALLS[step["at"]], step["nth"], None, step["when"], step["kind"])
    raise ValueError(f"unknown step: {step}")


def _assigned(names: list[str]) -> tuple[TopicPartition, ...]:
    return tuple(TopicPartition(topic, int(number)) for topic, _, number in (name.rpartition("-") for name in names))


def _bytes(value: Any) -> bytes | None:
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return None if value is None else value.encode()


def lives_of(recording: Mapping[str, Any]) -> list[RecordedLife]:
    """The lives of a case in order of their beginning; a rewind or a rebalance begins a new one."""
    return _Reader(recording).read()


def history_of(recording: Mapping[str, Any]) -> History | None:
    """A case as the judge reads it; None where the recording holds a digest instead of an object's text."""
    versions = []
    for seen in recording["expect"]["objects"]:
        for number, version in enumerate(seen["versions"]):
            if "text" not in version and "b64" not in version:
                return None
            body = version["text"].encode() if "text" in version else base64.b64decode(version["b64"])
            versions.append(Version(seen["key"], str(number), body))
    reader = _Reader(recording)
    reader.read()
    return History(
        world="recorded",
        log=reader.log,
        events=tuple(reader.events),
        versions=tuple(versions),
        committed=reader.committed,
        settled=False,
        drained=False,
    )


class _Reader:
    """Walks the steps of a recording and keeps what Connect's worker knows."""

    def __init__(self, recording: Mapping[str, Any]) -> None:
        self.case = recording["case"]
        self.seen = {step["i"]: step for step in recording["expect"]["steps"]}
        self.log = log_of(self.case)
        self.config = dict(self.case["props"])
        self.now_ms = self.case["clock"]
        self.committed: dict[TopicPartition, int] = {}
        self.open: dict[TopicPartition, RecordedLife] = {}
        self.lives: list[RecordedLife] = []
        self.events: list[Event] = []
        self.process = 0
        self.version: Counter[str] = Counter()
        """How many versions of each key were written so far."""

    def read(self) -> list[RecordedLife]:
        for index, step in enumerate(self.case["steps"]):
            seen = self.seen.get(index, {})
            if not seen.get("skipped"):
                getattr(self, f"_{step['op']}")(index, step, seen)
            if seen.get("state") in ("FAILED", "REJECTED") or seen.get("crashed"):
                self._commit_on_fail(seen.get("on_fail", {}))
                self._end("failed" if seen.get("state") == "FAILED" else "killed", cut_short=True)
        return self.lives

    def _start(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        for name, value in step.get("props", {}).items():
            if value is None:
                self.config.pop(name, None)
            else:
                self.config[name] = value
        if seen.get("state") == "RUNNING":
            self.process += 1
            self.events.append(Started(self.process, dict(self.config)))
            self._open(step.get("assign"))

    def _poll(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        delivered = seen.get("delivered", {})
        keys = self._keys(seen.get("puts", []))
        for partition, life in self.open.items():
            ends = delivered.get(str(partition))
            life.passes.append(Pass(ends[1] + 1 if ends else life.position, self.now_ms))
            life.keys.append(keys.get(partition, []))
            life.steps.append(index)
            self.events.append(Put(self.process, partition, life.position, self.now_ms))
            for key in life.keys[-1]:
                self.events.append(self._completed(partition, key))
        for name, offset in seen.get("rewind", {}).items():
            partition = next(each for each in self.open if str(each) == name)
            self.open[partition].is_cut_short = True
            self.events.append(Rewound(self.process, partition, offset, self.now_ms))
            self._begin(partition, offset, failed_ms=self.now_ms)

    def _commit(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        answers = seen.get("pre_commit", {})
        for partition, life in self.open.items():
            life.asks.append(len(life.passes))
            life.answers.append(answers.get(str(partition)))
        self.events.append(CommitAsked(self.process))
        self._commit_on_fail(seen)

    def _commit_on_fail(self, seen: Mapping[str, Any]) -> None:
        """What of the answers reached the broker: nothing beyond the position that Connect had recorded."""
        ignored = seen.get("ignored_by_framework", {})
        answers = {name: at for name, at in seen.get("pre_commit", {}).items() if name not in ignored}
        found = {each: answers[str(each)] for each in self.log if str(each) in answers}
        if found:
            self.committed.update(found)
            self.events.append(Committed(self.process, found, "ok", applied=True))

    def _stop(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._commit(index, step, seen)
        self._end("stopped", cut_short=False)

    def _crash(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._end("killed", cut_short=False)

    def _rebalance(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._commit(index, step, seen)
        self._end(None, cut_short=False)
        self._open(step.get("assign"))

    def _clock(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self.now_ms = step["set"] if "set" in step else self.now_ms + step["add"]

    def _fault(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        pass

    def _open(self, assigned: list[Any] | None) -> None:
        for partition, records in self.log.items():
            if assigned is None or str(partition) in assigned or partition.partition in assigned:
                offset = self.committed.get(partition, records[0].offset)
                self.events.append(Opened(self.process, partition, offset, self.now_ms))
                self._begin(partition, offset, failed_ms=None)

    def _begin(self, partition: TopicPartition, offset: int, *, failed_ms: int | None) -> None:
        life = RecordedLife(dict(self.config), partition, offset, self.now_ms, failed_ms)
        self.open[partition] = life
        self.lives.append(life)

    def _completed(self, partition: TopicPartition, key: str) -> Requested:
        version = str(self.version[key])
        self.version[key] += 1
        return Requested(self.process, partition, "complete", key, "", "ok", applied=True, version_id=version)

    def _end(self, how: Literal["killed", "stopped", "failed"] | None, *, cut_short: bool) -> None:
        """All writers are gone; `how` the process ended, None if it goes on."""
        if how and self.open:
            self.events.append(Ended(self.process, how))
        for life in self.open.values():
            life.is_cut_short |= cut_short
        self.open = {}

    def _keys(self, keys: list[str]) -> dict[TopicPartition, list[str]]:
        """Keys by partition, told by the start of the file's name."""
        file_delim = self.config.get("file.delim", "+")
        found: dict[TopicPartition, list[str]] = {}
        for key in keys:
            for partition in self.log:
                name = f"{partition.topic}{file_delim}{partition.partition}{file_delim}"
                if key.rfind(name) > -1 and key[key.rfind(name) + len(name) :].split(".")[0].isdigit():
                    before = key[: key.rfind(name)]
                    if before == "" or before.endswith(self.config.get("directory.delim", "/")):
                        found.setdefault(partition, []).append(key)
        return found
