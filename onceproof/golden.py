"""Replays recordings of the real connector through the sink, and sets the model against them, step by step.

For each recording the first step that differs is told, with both sides. A difference is *declared* if a row of the
deviations says so by its own rule: the sink refuses at its start what the real connector dies of later.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.recorded_contents import Content, found_content, recorded_content
from onceproof.scenarios.recorded_lives import differences_of_model
from onceproof.scenarios.recordings import Recording, Unreadable, dead_letters, read, scenario_of, texts
from onceproof.scenarios.run import DEFAULTS, Mark, Run, run
from onceproof.scenarios.scenario import Start
from onceproof.scenarios.unreadable import unreadable_records
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.settings.deviations import refused_by

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

    name: str
    where: str
    """File and line."""
    sink: Outcome
    sink_difference: Difference | None
    model: Outcome
    model_difference: Difference | None
    because: str = ""


def compare(recording: Recording | Unreadable) -> Compared:
    """Set sink and model against one recording. One that cannot be followed is different, and says why."""
    if isinstance(recording, Unreadable):
        return _odd(recording.name, recording.where, recording.why)
    try:
        return _compared(recording)
    except (AttributeError, IndexError, KeyError, ScenarioError, TypeError, ValueError) as error:
        return _odd(recording.name, recording.where, f"{type(error).__name__}: {error}")


def _odd(name: str, where: str, why: str) -> Compared:
    difference = Difference(None, "recording", "cannot be followed", why)
    return Compared(name, where, "different", difference, "different", difference)


def _compared(recording: Recording) -> Compared:
    sink, sink_difference, deviation = _sink(recording)
    told, model_difference, reason = differences_of_model(recording)
    found = None if model_difference is None else Difference(*model_difference)
    model: Outcome = "declared" if told == "different" and sink == "declared" else told
    return Compared(recording.name, recording.where, sink, sink_difference, model, found, deviation or reason)


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
    """Whether the life that begins with this step was recorded to end in failure, or to be over before it wrote."""
    seen = recording.steps
    for index in range(start, len(recording.case["steps"])):
        if index > start and recording.case["steps"][index]["op"] == "start":
            break
        if seen.get(index, {}).get("state") == "FAILED":
            return True
        if seen.get(index, {}).get("puts"):
            return False
    return True


def _properties_at(recording: Recording, index: int) -> dict[str, str]:
    properties = texts(recording.case["props"])
    for step in recording.case["steps"][: index + 1]:
        properties.update(texts(step.get("props")))
    return {name: value for name, value in properties.items() if value is not None}


def _differences(recording: Recording, ran: Run) -> Iterator[Difference]:
    yield from _by_step(recording, ran)
    yield from _of_contents(recording, ran)
    yield from _of_the_end(recording, ran)


def _of_the_end(recording: Recording, ran: Run) -> Iterator[Difference]:
    """What was left, as far as it was noted."""
    expect = recording.expect
    if "committed" in expect:
        committed = {str(partition): offset for partition, offset in ran.history.committed.items()}
        if expect["committed"] != _without_the_silent(ran):
            yield from _unless_equal(None, "committed offsets", expect["committed"], committed)
    if "final_state" in expect:
        final, wanted = _STATES[ran.state], expect["final_state"]
        yield from _unless_equal(None, "state", wanted, wanted if _both_refuse(wanted, final) else final)
    if "orphan_multipart_uploads" in expect:
        unfinished = len(ran.history.unfinished_uploads)
        yield from _unless_equal(None, "unfinished uploads", expect["orphan_multipart_uploads"], unfinished)


def _without_the_silent(ran: Run) -> dict[str, int]:
    """What is committed without partitions that only stood where they were opened or set back.

    Kafka's worker commits these with the others; whether a recorder's copy of it does, no rule says (reference C7).
    """
    found: dict[str, int] = {}
    reader = _StepReader(ran)
    for mark in ran.marks:
        step = reader.read(mark)
        found |= step.news(step.committed)
    return found


def _both_refuse(recorded: str, found: str) -> bool:
    """A start that fails is told as REJECTED by validation and as FAILED by what checks later; here it is one thing."""
    return found == "REJECTED" and recorded in ("REJECTED", "FAILED")


def _unless_equal(step: int | None, what: str, recorded: Any, found: Any) -> Iterator[Difference]:
    if recorded != found:
        yield Difference(step, what, recorded, found)


def _by_step(recording: Recording, ran: Run) -> Iterator[Difference]:
    reader = _StepReader(ran)
    seen = recording.steps
    unreadable = unreadable_records(recording)
    for index, mark in enumerate(ran.marks):
        recorded = seen.get(index, {})
        found = reader.read(mark)
        if isinstance(mark.step, Start):
            state = "REJECTED" if found.refused else "RUNNING"
            wanted = recorded.get("state", state)
            yield from _unless_equal(index, "state", wanted, wanted if _both_refuse(wanted, state) else state)
        yield from _of_delivery(index, recorded, found, unreadable)
        yield from _of_puts(index, recorded.get("puts") or [], found.completed)
        yield from _unless_equal(index, "commits", found.news(_news(recorded)), found.news(found.committed))
        yield from _unless_equal(index, "rewind", recorded.get("rewind") or {}, found.rewind)
        if recorded.get("op") == "poll" and "state" not in recorded:
            paused = sorted(recorded.get("paused") or [])
            yield from _unless_equal(index, "paused", paused, sorted(map(str, mark.paused)))
        dead = sorted((tp, offset) for tp, offset, _ in dead_letters(recorded))
        of_task = sorted(letter for letter in found.dead_letters if letter not in unreadable)
        if dead != of_task:  # a recorder of the task's own reporter does not see what converters refuse
            yield from _unless_equal(index, "dead letters", dead, sorted(found.dead_letters))


def _of_delivery(
    index: int, recorded: Mapping[str, Any], found: "_Step", unreadable: Collection[tuple[str, int]]
) -> Iterator[Difference]:
    """What the poll brought, counted before or behind the converters.

    Where the put() failed, only those of its partitions count that a writer of ours saw: which were served before the
    failure is left open (reference 9.5).
    """
    wanted = recorded.get("delivered") or {}
    if "error" in recorded or recorded.get("crashed"):
        wanted = {name: ends for name, ends in wanted.items() if name in found.delivered}
    readable: dict[str, list[int]] = {}
    for name, offsets in found.offsets.items():
        kept = [offset for offset in offsets if (name, offset) not in unreadable]
        if kept:
            readable[name] = [kept[0], kept[-1], len(kept)]
    if wanted != readable:
        yield from _unless_equal(index, "delivered", wanted, found.delivered)


def _of_puts(index: int, recorded: list[str], completed: list[tuple[str, str]]) -> Iterator[Difference]:
    """Objects in their order, which is real inside one partition."""
    keys = [key for _, key in completed]
    yield from _unless_equal(index, "objects", sorted(recorded), sorted(keys))
    for partition in dict.fromkeys(partition for partition, _ in completed):
        mine = [key for of, key in completed if of == partition]
        yield from _unless_equal(index, f"order of {partition}", [key for key in recorded if key in mine], mine)


def _news(recorded: Mapping[str, Any]) -> dict[str, int]:
    """What was committed in a step, ordinarily and after a failure."""
    found: dict[str, int] = {}
    for part in (recorded, recorded.get("on_fail") or {}):
        ignored = part.get("ignored_by_framework") or {}
        found |= {name: offset for name, offset in (part.get("pre_commit") or {}).items() if name not in ignored}
    return found


class _Step:
    """What our sink did in one step."""

    def __init__(self) -> None:
        self.delivered: dict[str, list[int]] = {}
        self.offsets: dict[str, list[int]] = {}
        self.completed: list[tuple[str, str]] = []
        """Partition and key."""
        self.committed: dict[str, int] = {}
        self.before: dict[str, int] = {}
        """What each partition was committed at, or opened at, before the step."""
        self.rewind: dict[str, int] = {}
        self.dead_letters: list[tuple[str, int]] = []
        self.refused = False

    def news(self, offsets: Mapping[str, int]) -> dict[str, int]:
        """Those that are not where the partition stood: a commit names every partition, and may change none."""
        return {name: offset for name, offset in offsets.items() if offset != self.before.get(name)}


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
                    found.offsets[str(partition)] = offsets
                    found.delivered[str(partition)] = [offsets[0], offsets[-1], len(offsets)]
                self._positions[partition] = end_offset
            case h.Rewound(_, partition, offset) if offset is not None:
                self._positions[partition] = offset
                found.before[str(partition)] = self._committed[str(partition)] = offset
                found.rewind[str(partition)] = offset
            case h.Requested(_, partition, "complete", key, applied=True):
                found.completed.append((str(partition), key))
            case h.DeadLettered(_, partition, offset):
                found.dead_letters.append((str(partition), offset))
            case h.Committed(_, offsets_by_partition):
                found.committed |= {str(tp): offset for tp, offset in offsets_by_partition.items()}
            case h.Changed(what) if what.startswith("the sink refused"):
                found.refused = True


def _of_contents(recording: Recording, ran: Run) -> Iterator[Difference]:
    """All versions of all objects: bytes of text formats, plain text of gzip, records and schema of the others."""
    recorded: dict[str, list[tuple[int, Content]]] = {
        seen["key"]: [(version["step"], recorded_content(version)) for version in seen["versions"]]
        for seen in recording.objects
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
    for key, versions_of_key in found.items() if "objects" in recording.expect else ():
        yield Difference(None, f"versions of {key}", 0, len(versions_of_key))
