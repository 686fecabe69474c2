"""Recordings of a real connector: what it was given, and what it was seen to do, step by step.

A file holds one recording a line, as JSON: `case` (configuration, log, steps) and `expect` (what happened in each step,
committed offsets, objects with all versions). A case is a scenario; one step of its course is one step recorded.
"""

import base64
import json
from collections.abc import Iterator, Mapping
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


def read(path: Path) -> Iterator[Recording]:
    """All recordings of a file; raises ScenarioError, which names file and line, for a line that is none."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _recording(f"{path}:{number}", line)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None


def _recording(where: str, line: str) -> Recording:
    try:
        data = json.loads(line)
        recording = Recording(where, data["case"], data["expect"])
        scenario_of(recording.case)
        assert recording.steps is not None
    except json.JSONDecodeError as error:
        raise ScenarioError(f"{where}: not JSON: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ScenarioError(f"{where}: no recording: {type(error).__name__}: {error}") from None
    return recording


def scenario_of(case: Mapping[str, Any]) -> Scenario:
    """A case as a scenario: one step of the course for each step recorded."""
    course = tuple(_step(step) for step in case["steps"])
    return Scenario(case["id"], case["props"], log_of(case), course, case["clock"])


def log_of(case: Mapping[str, Any]) -> Log:
    """The log of a case by partition."""
    found: dict[TopicPartition, list[Record]] = {}
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
        yield Record(offset, run["ts"] + index * run["dts"], None, bytes_of(text))


def _step(step: Mapping[str, Any]) -> Step:  # noqa: PLR0911  one return for each operation
    match step["op"]:
        case "start":
            return Start(step.get("props", {}), assigned(step["assign"]) if "assign" in step else None)
        case "poll":
            return PollStep(step["n"])
        case "commit":
            return CommitStep()
        case "crash":
            return Crash()
        case "stop":
            return StopStep()
        case "rebalance":
            return Rebalance(assigned(step["assign"]))
        case "clock":
            return Clock(step.get("set"), step.get("add", 0))
        case "fault":
            return Fault(CALLS[step["at"]], step["nth"], None, step["when"], step["kind"])
    raise ValueError(f"unknown step: {step}")


def assigned(names: list[str]) -> tuple[TopicPartition, ...]:
    """`t-0` and the like as partitions."""
    return tuple(TopicPartition(topic, int(number)) for topic, _, number in (name.rpartition("-") for name in names))


def bytes_of(value: Any) -> bytes | None:
    """Bytes as the format writes them: a text, or base64, or null."""
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return None if value is None else str(value).encode()
