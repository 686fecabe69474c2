"""Replays recordings of the real connector through the sink, and sets the model against them, step by step.

For each recording the first step that differs is told, with both sides. A difference is *declared* if a row of the
deviations says so by its own rule: the sink refuses at its start what the real connector dies of later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.recorded_contents import Content, found_content, recorded_content
from onceproof.scenarios.recorded_lives import differences_of_model
from onceproof.scenarios.recordings import Recording, read, scenario_of
from onceproof.scenarios.run import DEFAULTS, Mark, Run, run
from onceproof.scenarios.scenario import Start
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.deviations import refused_by

Outcome: TypeAlias = Literal["equal", "declared", "different", "outside its domain"]

_STATES = {
    "none": "NONE",
    "running": "RUNNING",
    "stopped": "STOPPED",
    "killed": "CRASHED",
    "failed": "FAILED",
    "refused": "REJECTED",
}


class Difference(NamedTuple):
    """One thing that is not as recorded. `step` is None for what is compared at the end."""

    step: int | None
    what: str
    recorded: Any
    found: Any

    def __str__(self) -> str:
        where = "at the end" if self.step is None else f"step {self.step}"
        return f"{where}: {self.what}: recorded {self.recorded!r}, found {self.found!r}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one recording. `because` names the deviation, or what lies outside the model's domain."""

    recording: Recording
    sink: Outcome
    sink_difference: Difference | None
    model: Outcome
    model_difference: Difference | None
    because: str = ""


def compare(recording: Recording) -> Compared:
    """Set sink and model against one recording."""
    sink, sink_difference, deviation = _sink(recording)
    told, model_difference, reason = differences_of_model(recording)
    found = None if model_difference is None else Difference(*model_difference)
    model: Outcome = "declared" if told == "different" and sink == "declared" else told
    return Compared(recording, sink, sink_difference, model, found, deviation or reason)


def compare_all(
    paths: Iterable[Path], tell: Callable[[int], None] = lambda done: None, *, only: Sequence[str] | None = None
) -> Iterator[Compared]:
    """Compare the recordings of all files, in their order; `tell` hears how many are done.

    `only` names the ones to compare; raises ScenarioError for a file that cannot be read, or a name that is not there.
    """
    done = 0
    missing = dict.fromkeys(only or ())
    for path in paths:
        for recording in read(path):
            if only is None or recording.name in only:
                missing.pop(recording.name, None)
                yield compare(recording)
                done += 1
                tell(done)
    if missing:
        raise ScenarioError(f"no recording is named {', '.join(missing)}")


def summary(compared: Iterable[Compared]) -> str:
    """The last line: how many are equal, declared and outside."""
    everything = list(compared)

    def of(side: str, outcome: Outcome) -> int:
        return sum(getattr(each, side) == outcome for each in everything)

    total = len(everything)
    return (
        f"sink: {of('sink', 'equal')} equal + {of('sink', 'declared')} declared of {total}; "
        f"model: {of('model', 'equal')} equal + {of('model', 'declared')} declared of {total}, "
        f"{of('model', 'outside its domain')} outside its domain"
    )


def is_as_recorded(compared: Iterable[Compared]) -> bool:
    """Whether every recording is equal or declared for the sink, and for the model equal, declared or outside."""
    return all(each.sink in ("equal", "declared") and each.model != "different" for each in compared)


# --- the sink --------------------------------------------------------------------------------------------------------


def _sink(recording: Recording) -> tuple[Outcome, Difference | None, str]:
    ran = run(scenario_of(recording.case), SimulatedWorld(), goes_on_refused=True)
    first = next(iter(_differences(recording, ran)), None)
    if first is None:
        return "equal", None, ""
    deviation = _declared(recording, first)
    return ("declared", first, deviation) if deviation else ("different", first, "")


def _declared(recording: Recording, difference: Difference) -> str:
    """The deviation by which a start is refused that was recorded to die later; empty if there is none."""
    steps = recording.case["steps"]
    if difference.step is None or steps[difference.step]["op"] != "start" or difference.found != "REJECTED":
        return ""
    if not _dies(recording, difference.step):
        return ""
    rows = refused_by({**DEFAULTS, **_properties_at(recording, difference.step)})
    return rows[0].id if rows else ""


def _dies(recording: Recording, start: int) -> bool:
    """Whether the life that begins with this step was recorded to end in failure."""
    seen = recording.steps
    for index in range(start, len(recording.case["steps"])):
        if index > start and recording.case["steps"][index]["op"] == "start":
            return False
        if seen.get(index, {}).get("state") == "FAILED":
            return True
    return False


def _properties_at(recording: Recording, index: int) -> dict[str, str]:
    properties = dict(recording.case["props"])
    for step in recording.case["steps"][: index + 1]:
        properties.update(step.get("props", {}))
    return {name: value for name, value in properties.items() if value is not None}


def _differences(recording: Recording, ran: Run) -> Iterator[Difference]:
    yield from _by_step(recording, ran)
    yield from _of_contents(recording, ran)
    expect = recording.expect
    committed = {str(partition): offset for partition, offset in ran.history.committed.items()}
    yield from _unless_equal(None, "committed offsets", expect["committed"], committed)
    final = _STATES[ran.state]
    wanted = expect["final_state"]
    yield from _unless_equal(None, "state", wanted, wanted if _both_refuse(wanted, final) else final)
    unfinished = len(ran.history.unfinished_uploads)
    yield from _unless_equal(None, "unfinished uploads", expect["orphan_multipart_uploads"], unfinished)


def _both_refuse(recorded: str, found: str) -> bool:
    """A start that fails is told as REJECTED by validation and as FAILED by what checks later; here it is one thing."""
    return found == "REJECTED" and recorded in ("REJECTED", "FAILED")


def _unless_equal(step: int | None, what: str, recorded: Any, found: Any) -> Iterator[Difference]:
    if recorded != found:
        yield Difference(step, what, recorded, found)


def _by_step(recording: Recording, ran: Run) -> Iterator[Difference]:
    reader = _StepReader(ran)
    seen = recording.steps
    for index, mark in enumerate(ran.marks):
        recorded = seen.get(index, {})
        found = reader.read(mark)
        if isinstance(mark.step, Start):
            state = "REJECTED" if found.refused else "RUNNING"
            wanted = recorded.get("state", state)
            yield from _unless_equal(index, "state", wanted, wanted if _both_refuse(wanted, state) else state)
        if found.delivered or not _failed_before_put(recorded):
            yield from _unless_equal(index, "delivered", recorded.get("delivered", {}), found.delivered)
        puts = sorted(recorded.get("puts", []))
        yield from _unless_equal(index, "objects", puts, sorted(found.completed))
        yield from _unless_equal(index, "commits", _news(recorded), found.news(_news(recorded)))
        yield from _unless_equal(index, "rewind", recorded.get("rewind", {}), found.rewind)
        if recorded.get("op") == "poll" and "state" not in recorded:
            paused = sorted(recorded.get("paused", []))
            yield from _unless_equal(index, "paused", paused, sorted(map(str, mark.paused)))
        dead = [[str(tp), offset] for tp, offset, *_ in recorded.get("dlq", [])]
        yield from _unless_equal(index, "dead letters", sorted(dead), sorted(found.dead_letters))


def _failed_before_put(recorded: Mapping[str, Any]) -> bool:
    """A poll that ends in failure leaves no trace of what was delivered if no writer saw it."""
    return "error" in recorded


def _news(recorded: Mapping[str, Any]) -> dict[str, int]:
    """What was committed in a step, ordinarily and after a failure."""
    found: dict[str, int] = {}
    for part in (recorded, recorded.get("on_fail", {})):
        ignored = part.get("ignored_by_framework", {})
        found |= {name: offset for name, offset in part.get("pre_commit", {}).items() if name not in ignored}
    return found


class _Step:
    """What our sink did in one step."""

    def __init__(self) -> None:
        self.delivered: dict[str, list[int]] = {}
        self.completed: list[str] = []
        self.committed: dict[str, int] = {}
        self.before: dict[str, int] = {}
        """What each partition was committed at, or opened at, before the step."""
        self.rewind: dict[str, int] = {}
        self.dead_letters: list[list[Any]] = []
        self.refused = False

    def news(self, recorded: Mapping[str, int]) -> dict[str, int]:
        """What is new in the commits. One names every partition; those that stay where they are count if recorded."""
        return {
            name: offset
            for name, offset in self.committed.items()
            if name in recorded or offset != self.before.get(name)
        }


class _StepReader:
    """Reads the events of a run step by step; knows where each partition stands."""

    def __init__(self, ran: Run) -> None:
        self._ran = ran
        self._positions: dict[h.TopicPartition, int] = {}
        self._committed: dict[str, int] = {}

    def read(self, mark: Mark) -> _Step:
        """One step."""
        found = _Step()
        found.before = dict(self._committed)
        for event in self._ran.history.events[mark.first : mark.end]:
            self._event(event, found)
        self._committed |= found.committed
        return found

    def _event(self, event: h.Event, found: _Step) -> None:
        match event:
            case h.Opened(_, partition, offset):
                self._positions[partition] = offset
                found.before[str(partition)] = self._committed[str(partition)] = offset
            case h.Put(_, partition, end_offset):
                records = self._ran.history.log[partition]
                offsets = [r.offset for r in records if self._positions[partition] <= r.offset < end_offset]
                if offsets:
                    found.delivered[str(partition)] = [offsets[0], offsets[-1], len(offsets)]
                self._positions[partition] = end_offset
            case h.Rewound(_, partition, offset) if offset is not None:
                self._positions[partition] = offset
                found.before[str(partition)] = self._committed[str(partition)] = offset
                found.rewind[str(partition)] = offset
            case h.Requested(request="complete", key=key, applied=True):
                found.completed.append(key)
            case h.DeadLettered(_, partition, offset):
                found.dead_letters.append([str(partition), offset])
            case h.Committed(_, offsets_by_partition):
                found.committed |= {str(tp): offset for tp, offset in offsets_by_partition.items()}
            case h.Changed(what) if what.startswith("the sink refused"):
                found.refused = True


def _of_contents(recording: Recording, ran: Run) -> Iterator[Difference]:
    """All versions of all objects: bytes of text formats, plain text of gzip, records and schema of the others."""
    recorded: dict[str, list[tuple[int, Content]]] = {
        seen["key"]: [(version["step"], recorded_content(version)) for version in seen["versions"]]
        for seen in recording.expect["objects"]
    }
    found: dict[str, list[h.Version]] = {}
    for version in ran.history.versions:
        found.setdefault(version.key, []).append(version)
    for key, versions in sorted(recorded.items(), key=lambda item: item[1][0][0]):
        mine = found.pop(key, [])
        if len(mine) != len(versions):
            yield Difference(versions[-1][0], f"versions of {key}", len(versions), len(mine))
            continue
        for (step, content), version in zip(versions, mine, strict=True):
            yield from _unless_equal(step, f"content of {key}", content, found_content(version, content))
    for key, versions_of_key in found.items():
        yield Difference(None, f"versions of {key}", 0, len(versions_of_key))
