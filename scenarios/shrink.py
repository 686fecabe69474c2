"""Makes a scenario that shows something as small as it gets, in the domain's own terms.

Laws:
1. A candidate is taken only if it still shows it and weighs less. Weights are tuples of whole numbers that cannot fall
   for ever, so the search ends; `attempts_max` bounds it besides.
2. Candidates come in a fixed order and the first good one is taken: the same scenario always ends in the same one.
3. Besides smaller, the result is canonical: partitions and offsets from 0, plain values, times in the smallest gaps
   that do, each fault at the plainest place that does. So scenarios that show one thing for one reason mostly end in
   one scenario.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from onceproof.model import history as h
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import EPOCH_MS, effects
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Fault,
    PollStep,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.errors import ConfigError

Shows = Callable[[Scenario], bool]
"""Whether a scenario (still) shows what is looked for. A ScenarioError or ConfigError counts as no."""

_GAPS_MS = (0, 1, 1000)
"""Gaps between records that are tried, besides those that the configuration names."""
_FAULTS_AT = ("create", "part", "complete", "abort", "commit")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found, and how many were tried. `is_done` is False where the attempts ran out."""

    scenario: Scenario
    attempts: int
    is_done: bool


def shrink(scenario: Scenario, shows: Shows, *, attempts_max: int) -> Shrunk:
    """The smallest scenario that shows what this one shows; raises ValueError if this one does not."""
    if not _still(scenario, shows):
        raise ValueError(f"{scenario.name} does not show what it is to be shrunk for")
    attempts, taken = 1, True
    while taken:
        taken = False
        for candidate in _candidates(scenario):
            if _weight(candidate) >= _weight(scenario):
                continue
            if attempts >= attempts_max:
                return Shrunk(scenario, attempts, is_done=False)
            attempts += 1
            if _still(candidate, shows):
                scenario, taken = candidate, True
                break
    return Shrunk(scenario, attempts, is_done=True)


def _still(scenario: Scenario, shows: Shows) -> bool:
    try:
        return shows(scenario)
    except (ScenarioError, ConfigError):
        return False


def _weight(scenario: Scenario) -> tuple[int, ...]:
    """Smaller is better: records first, then faults, steps, and last what only makes it plainer."""
    course = scenario.course
    records = [record for partition in scenario.log.values() for record in partition]
    faults = [step for step in course if isinstance(step, Fault)]
    moves = [step for step in course if isinstance(step, Clock)]
    gaps = [gap for partition in scenario.log.values() for gap in _gaps(partition)]
    return (
        len(records),
        len(faults),
        sum(fault.kind != "crash" for fault in faults),
        len(course) - len(faults),
        len(scenario.log),
        sum(where.partition for where in scenario.log),
        sum(not isinstance(step, Start | PollStep | CommitStep | Clock | Rest | Fault) for step in course),
        sum(record.offset for record in records),
        len([record for record in records if record != _plain(scenario, record)]),
        len([gap for gap in gaps if gap < 0]),
        sum(map(abs, gaps)),
        sum(abs(start_ms - EPOCH_MS) for start_ms in _starts_ms(scenario)),
        sum(step.size for step in course if isinstance(step, PollStep)),
        sum(step.poll for step in course if isinstance(step, Rest)),
        sum(move.set_ms is not None for move in moves),
        sum(abs(move.add_ms) for move in moves),
        abs(scenario.clock_ms - EPOCH_MS),
        *(number for fault in faults for number in _rank(fault)),
        *(index for index, step in enumerate(course) if isinstance(step, Clock | CommitStep)),
    )


def _rank(fault: Fault) -> tuple[int, ...]:
    """A crash before the first commit is the plainest."""
    return (fault.when == "after", fault.nth, -_FAULTS_AT.index(fault.at), fault.of is not None)


def _candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Everything that is one change away, the boldest first."""
    yield from _fewer_records(scenario)
    yield from _fewer_steps(scenario)
    yield from _plainer_log(scenario)
    yield from _plainer_steps(scenario)
    yield from _plainer_faults(scenario)


def _fewer_records(scenario: Scenario) -> Iterator[Scenario]:
    """Without a partition, without a run of records, without one; what is left is numbered from 0."""
    for gone in scenario.log:
        if len(scenario.log) > 1:
            yield _with_log(scenario, {where: records for where, records in scenario.log.items() if where != gone})
    for where, records in scenario.log.items():
        for begin, end in _runs(len(records)):
            yield _with_log(scenario, {**scenario.log, where: records[:begin] + records[end:]})


def _with_log(scenario: Scenario, log: h.Log) -> Scenario:
    """The scenario over another log: numbered from 0, with plain values, and faults that name what is still there."""
    numbered = {
        where: tuple(_plain(scenario, record._replace(offset=offset)) for offset, record in enumerate(records))
        for where, records in log.items()
    }
    course = tuple(
        step._replace(of=None) if isinstance(step, Fault) and step.of is not None and step.of not in log else step
        for step in scenario.course
    )
    return replace(scenario, log=numbered, course=course, origin=None)


def _plain(scenario: Scenario, record: h.Record) -> h.Record:
    """The record with its offset as value; one whose value is read for its time keeps it."""
    if "timestamp.field" in scenario.config or scenario.config.get("timestamp.extractor", "").endswith("RecordField"):
        return record
    return h.Record(record.offset, record.timestamp_ms, None, b'{"i":%d}' % record.offset)


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """Runs to leave out, longer ones first and among equal ones the last first."""
    size = count
    while size:
        for end in range(count, size - 1, -size):
            yield end - size, end
        size //= 2


def _fewer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Without a run of steps (though not all), without one, with two neighbouring polls or clock moves as one."""
    course = scenario.course
    for begin, end in _runs(len(course)):
        if end - begin < len(course):
            yield replace(scenario, course=course[:begin] + course[end:])
    for at, (one, other) in enumerate(itertools.pairwise(course)):
        merged: Step | None = None
        if isinstance(one, PollStep) and isinstance(other, PollStep):
            merged = PollStep(one.size + other.size)
        elif isinstance(one, Clock) and isinstance(other, Clock) and other.set_ms is None:
            merged = Clock(one.set_ms, one.add_ms + other.add_ms)
        if merged is not None:
            yield replace(scenario, course=(*course[:at], merged, *course[at + 2 :]))


def _plainer_log(scenario: Scenario) -> Iterator[Scenario]:
    """Offsets from 0 and plain values; equal times all through; then one gap after another as small as it can be."""
    yield _with_log(scenario, scenario.log)
    yield _renumbered(scenario)
    for partitions in ([*scenario.log], *([where] for where in scenario.log)):
        yield _with_log(scenario, {**scenario.log, **{each: _timed_by(scenario.log[each], {}) for each in partitions}})
    for where, records in scenario.log.items():
        gaps = _gaps(records)
        for at, gap in enumerate(gaps):
            for smaller in (*_GAPS_MS, *_named_ms(scenario), -1):
                if abs(smaller) < abs(gap) or (abs(smaller) == abs(gap) and smaller > gap):
                    timed = _timed_by(records, {**dict(enumerate(gaps)), at: smaller})
                    yield _with_log(scenario, {**scenario.log, where: timed})


def _renumbered(scenario: Scenario) -> Scenario:
    """Partitions of each topic from 0, in faults and assignments too."""
    names: dict[h.TopicPartition, h.TopicPartition] = {}
    for where in sorted(scenario.log):
        names[where] = h.TopicPartition(where.topic, sum(other.topic == where.topic for other in names))

    def renamed(step: Step) -> Step:
        match step:
            case Fault() if step.of is not None:
                return step._replace(of=names.get(h.TopicPartition(*step.of), step.of))
            case Start() | Rebalance() if step.assign is not None:
                return step._replace(assign=tuple(names[h.TopicPartition(*where)] for where in step.assign))
        return step

    log = {names[where]: records for where, records in scenario.log.items()}
    return replace(scenario, log=log, course=tuple(map(renamed, scenario.course)), origin=None)


def _timed_by(records: Sequence[h.Record], gaps: dict[int, int]) -> tuple[h.Record, ...]:
    """The records with these gaps between them, by the index of the record before; the first at a round time."""
    times = itertools.accumulate((gaps.get(at, 0) for at in range(len(records) - 1)), initial=EPOCH_MS)
    return tuple(record._replace(timestamp_ms=ms) for record, ms in zip(records, times, strict=False))


def _gaps(records: Sequence[h.Record]) -> list[int]:
    return [(b.timestamp_ms or 0) - (a.timestamp_ms or 0) for a, b in itertools.pairwise(records)]


def _starts_ms(scenario: Scenario) -> list[int]:
    """The first timestamp of each partition that has one."""
    firsts = [records[0].timestamp_ms for records in scenario.log.values() if records]
    return [ms for ms in firsts if ms is not None]


def _named_ms(scenario: Scenario) -> list[int]:
    """Spans that the configuration itself names."""
    names = ("rotate.interval.ms", "rotate.schedule.interval.ms", "partition.duration.ms", "retry.backoff.ms")
    return sorted(ms for name in names if (ms := int(scenario.config.get(name, 0))) > 0)


def _plainer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Smaller polls, shorter moves of the clock from a round start, a move or a commit earlier."""
    yield replace(scenario, clock_ms=EPOCH_MS)
    course = scenario.course
    for at, step in enumerate(course):
        for other in _plainer(scenario, step):
            yield replace(scenario, course=(*course[:at], other, *course[at + 1 :]))
        if at and isinstance(step, Clock | CommitStep) and isinstance(course[at - 1], PollStep | Clock):
            yield replace(scenario, course=(*course[: at - 1], step, course[at - 1], *course[at + 1 :]))


def _plainer(scenario: Scenario, step: Step) -> Iterator[Step]:
    match step:
        case PollStep(size):
            yield from map(PollStep, sorted({1, size // 2, size - 1}))
        case Rest(poll):
            yield from map(Rest, sorted({1, poll // 2, poll - 1} - {0}))
        case Clock(set_ms, add_ms):
            start_ms = 0 if set_ms is None else set_ms - scenario.clock_ms
            for move_ms in (*_GAPS_MS[1:], *_named_ms(scenario), add_ms // 2):
                yield Clock(add_ms=move_ms)
            if set_ms is not None:
                yield Clock(add_ms=start_ms + add_ms)


def _plainer_faults(scenario: Scenario) -> Iterator[Scenario]:
    """Each fault as a crash, and at every effect that the course has without it, the first first."""
    course = scenario.course
    for at, step in enumerate(course):
        if not isinstance(step, Fault):
            continue
        yield replace(scenario, course=(*course[:at], step._replace(kind="crash"), *course[at + 1 :]))
        try:
            calm = run(replace(scenario, course=(*course[:at], *course[at + 1 :])), SimulatedWorld())
        except (ScenarioError, ConfigError):
            continue
        for place in effects(calm):
            for of in dict.fromkeys((None, place.of)):
                yield replace(scenario, course=(*course[:at], place._replace(of=of), *course[at + 1 :]))
