"""Recordings of a real connector: what it was given, and what it was seen to do, step by step.

A file holds one recording a line, as JSON: `case` (configuration, log, steps) and `expect` (what happened in each step,
committed offsets, objects with all versions). A case is a scenario; one step of its course is one step recorded.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.errors import ScenarioError
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

CALLS: Mapping[str, FaultAt] = {
    "createMultipartUpload": "create",
    "uploadPart": "part",
    "completeMultipartUpload": "complete",
    "putObjectTagging": "tag",
}
"""Our names of the calls that faults meet."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One case, and what was seen of it; `where` is its file and line."""

    where: str
    case: Mapping[str, Any]
    expect: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The id of the case."""
        return str(self.case["id"])

    @property
    def steps(self) -> dict[int, Mapping[str, Any]]:
        """What was seen, by the index of the step in the case."""
        return {step["i"]: step for step in self.expect["steps"]}

    @property
    def objects(self) -> list[Mapping[str, Any]]:
        """What was seen in the bucket; empty where nothing was noted."""
        return list(self.expect.get("objects") or ())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no recording, and why."""

    where: str
    name: str
    why: str


def read(path: Path) -> Iterator[Recording | Unreadable]:
    """All lines of a file that are not blank; raises ScenarioError for a file that holds no recording at all."""
    found = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    recording = _recording(f"{path}:{number}", line)
                    found += isinstance(recording, Recording)
                    yield recording
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    if not found:
        raise ScenarioError(f"{path}: holds no recording: each line must be a JSON object with case and expect")


def _recording(where: str, line: str) -> Recording | Unreadable:
    name = where
    try:
        data = json.loads(line)
        name = str(data["case"]["id"])
        recording = Recording(where, data["case"], data["expect"])
        scenario_of(recording.case)
        assert recording.steps is not None
    except json.JSONDecodeError as error:
        return Unreadable(where, name, f"not JSON: {error}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Unreadable(where, name, f"no recording: {type(error).__name__}: {error}")
    return recording


def scenario_of(case: Mapping[str, Any]) -> Scenario:
    """A case as a scenario: one step of the course for each step recorded."""
    log = log_of(case)
    course = tuple(_step(step, case, tuple(log)) for step in case["steps"])
    return Scenario(case["id"], texts(case["props"]), log, course, case["clock"])


def texts(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """Properties as texts, as a `.properties` file has them; null stays, which removes one."""
    return {
        name: value if value is None or isinstance(value, str) else json.dumps(value)
        for name, value in (properties or {}).items()
    }


def log_of(case: Mapping[str, Any]) -> Log:
    """The log of a case by partition; one that a step assigns may be empty."""
    named = [tp for step in case["steps"] for tp in assigned(step.get("assign") or (), case)]
    found: dict[TopicPartition, list[Record]] = {tp: [] for tp in named}
    for entry in case["log"]:
        partition = TopicPartition(entry.get("t", case.get("topic", "t")), entry.get("p", 0))
        found.setdefault(partition, []).extend(_records(entry))
    by_offset = {partition: sorted(records, key=lambda record: record.offset) for partition, records in found.items()}
    return {partition: tuple(records) for partition, records in by_offset.items()}


def _records(entry: Mapping[str, Any]) -> Iterator[Record]:
    run = entry.get("run")
    if not run:
        ts = entry.get("ts", -1)
        headers = tuple((name, bytes_of(value)) for name, value in entry.get("h") or ())
        key, value = bytes_of(entry.get("k")), bytes_of(entry.get("v"))
        yield Record(entry["o"], None if ts == -1 else ts, key, value, headers)
        return
    for index in range(run["n"]):
        offset = run["o"] + index
        text = run["v"].replace("%d", str(offset)) if isinstance(run["v"], str) else run["v"]
        ts = run["ts"] + index * run["dts"]
        yield Record(offset, None if ts == -1 else ts, None, bytes_of(text))


def _step(  # noqa: PLR0911  one return for each operation
    step: Mapping[str, Any], case: Mapping[str, Any], partitions: tuple[TopicPartition, ...]
) -> Step:
    match step["op"]:
        case "start":
            assign = assigned(step["assign"], case) if step.get("assign") is not None else partitions
            return Start(texts(step.get("props")), assign)
        case "poll":
            return PollStep(step["n"])
        case "commit":
            return CommitStep()
        case "crash":
            return Crash()
        case "stop":
            return StopStep()
        case "rebalance":
            return Rebalance(assigned(step["assign"], case))
        case "clock":
            return Clock(step.get("set"), step.get("add", 0))
        case "fault":
            return Fault(CALLS[step["at"]], step["nth"], None, step["when"], step["kind"])
    raise ValueError(f"unknown step: {step}")


def assigned(names: Sequence[Any], case: Mapping[str, Any]) -> tuple[TopicPartition, ...]:
    """`t-0`, a number of the case's topic, or a pair of both, as partitions."""
    found = []
    for name in names:
        if isinstance(name, int):
            found.append(TopicPartition(case.get("topic", "t"), name))
        elif isinstance(name, str):
            topic, _, number = name.rpartition("-")
            found.append(TopicPartition(topic, int(number)))
        else:
            topic, number = name
            found.append(TopicPartition(topic, int(number)))
    return tuple(found)


def dead_letters(seen: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """What was reported in a step: partition, offset, and why."""
    letters = seen.get("dlq") or ()
    if letters and isinstance(letters[0], str):
        letters = (letters,)
    return [(str(tp), int(offset), " ".join(map(str, why))) for tp, offset, *why in letters]


def bytes_of(value: Any) -> bytes | None:
    """Bytes as the format writes them: a text, or base64, or null."""
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return None if value is None else str(value).encode()
