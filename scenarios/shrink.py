"""Makes a failing scenario small, in the words of its domain: fewer records, faults, polls and moves, nearer times.

Greedy and deterministic: every change that keeps it failing and makes it smaller is kept, until none is left. What
comes out is canonical (offsets from 0, values that say their offset, times from one epoch), so that different searches
tend to end in the same scenario.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, FaultAt, PollStep, Rest, Scenario, Start, Step

GAPS_MS = (0, 1, 1000)
"""What is tried for the time between two records, before what the scenario has already."""
_PLACES: tuple[FaultAt, ...] = ("commit", "complete", "part", "create")
_NTH_MAX = 4


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool], *, attempts: int = 5000) -> Scenario:
    """The smallest scenario found that still fails; asks `fails` at most `attempts` times.

    Raises ValueError if `scenario` does not fail: there is nothing to shrink.
    """
    if not fails(scenario):
        raise ValueError(f"{scenario.name} does not fail, so it cannot be shrunk")
    left = attempts
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _candidates(scenario):
            if size(candidate) >= size(scenario):
                continue
            left -= 1
            if fails(candidate):
                scenario, smaller = candidate, True
                break
            if left <= 0:
                break
    return scenario


def size(scenario: Scenario) -> tuple[Any, ...]:
    """What is compared: faults first, then records, lives, polls, steps, clock moves, gaps, and a canonical rest."""
    steps = scenario.course
    gaps = [gap for records in scenario.log.values() for gap in _gaps(records)]
    return (
        sum(isinstance(step, Fault) for step in steps),
        sum(map(len, scenario.log.values())),
        len(scenario.log),
        sum(isinstance(step, Start) for step in steps),
        sum(isinstance(step, PollStep) for step in steps),
        len(steps),
        sum(abs(step.add_ms) for step in steps if isinstance(step, Clock)),
        sum(map(abs, gaps)),
        sum(step.nth for step in steps if isinstance(step, Fault)),
        scenario.clock_ms != EPOCH_MS or scenario.log != canonical(scenario.log),
        sum(step.size for step in steps if isinstance(step, PollStep)),
        sum(step.poll for step in steps if isinstance(step, Rest)),
        repr(steps),
    )


def canonical(log: Log) -> Log:
    """The same gaps from one epoch, offsets from 0, values that say their offset; no keys and no headers."""
    made = {}
    for partition, records in log.items():
        times = [EPOCH_MS]
        for gap in _gaps(records):
            times.append(times[-1] + gap)
        made[partition] = tuple(_record(offset, time) for offset, time in enumerate(times[: len(records)]))
    return made


def _record(offset: int, timestamp_ms: int) -> Record:
    return Record(offset, timestamp_ms, None, b'{"i":%d}' % offset)


def _gaps(records: tuple[Record, ...]) -> list[int]:
    times = [record.timestamp_ms or 0 for record in records]
    return [b - a for a, b in zip(times, times[1:], strict=False)]


def _candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Smaller scenarios, the boldest changes first."""
    yield from _with_fewer_faults(scenario)
    yield from _logs(scenario)
    course = scenario.course
    for index, step in enumerate(course):
        yield _with(scenario, (*course[:index], *course[index + 1 :]))
        yield from (_with(scenario, (*course[:index], other, *course[index + 1 :])) for other in _smaller(step))
    for index in range(len(course) - 1):
        first, second = course[index], course[index + 1]
        if isinstance(first, PollStep) and isinstance(second, PollStep):
            yield _with(scenario, (*course[:index], PollStep(first.size + second.size), *course[index + 2 :]))
        if isinstance(first, Clock) and isinstance(second, PollStep | CommitStep | Clock):
            yield _with(scenario, (*course[:index], second, first, *course[index + 2 :]))
    yield replace(scenario, clock_ms=EPOCH_MS, log=canonical(scenario.log))


def _with_fewer_faults(scenario: Scenario) -> Iterator[Scenario]:
    """One fault less, and another where it may have to strike instead: two crashes rarely need both."""
    faults = [index for index, step in enumerate(scenario.course) if isinstance(step, Fault)]
    for dropped in faults:
        rest = [step for index, step in enumerate(scenario.course) if index != dropped]
        yield _with(scenario, tuple(rest))
        for index, step in enumerate(rest):
            if isinstance(step, Fault):
                for at, nth in itertools.product(_PLACES, range(1, _NTH_MAX + 1)):
                    moved = step._replace(at=at, nth=nth)
                    yield from (
                        _with(scenario, (*rest[:index], moved, *rest[index + 1 : -1], last))
                        for last in (rest[-1], Rest())
                        if isinstance(rest[-1], Rest)
                    )


def _with(scenario: Scenario, course: tuple[Step, ...]) -> Scenario:
    return replace(scenario, course=course)


def _smaller(step: Step) -> Iterator[Step]:
    """Nearer forms of one step."""
    match step:
        case Fault(nth=nth):
            yield from (step._replace(nth=fewer) for fewer in range(1, nth))
        case PollStep(number):
            yield from (PollStep(fewer) for fewer in range(1, number))
        case Rest(poll):
            yield from (Rest(fewer) for fewer in (1, 2, 3, 500) if fewer < poll)
        case Clock(None, add_ms) if add_ms:
            yield Clock(add_ms=add_ms // 2)


def _logs(scenario: Scenario) -> Iterator[Scenario]:
    """Fewer partitions, fewer records, smaller gaps."""
    log = scenario.log
    for partition, records in log.items():
        if len(log) > 1:
            others = {other: log[other] for other in log if other != partition}
            faults = [step for step in scenario.course if not (isinstance(step, Fault) and step.of == partition)]
            yield replace(scenario, log=others, course=tuple(faults))
        for index in range(len(records) if len(records) > 1 else 0):
            yield _with_records(scenario, partition, (*records[:index], *records[index + 1 :]))
        for index, gap in enumerate(_gaps(records)):
            yield from (
                _with_records(scenario, partition, _moved(records, index + 1, nearer - gap))
                for nearer in GAPS_MS
                if abs(nearer) < abs(gap)
            )


def _with_records(scenario: Scenario, partition: TopicPartition, records: tuple[Record, ...]) -> Scenario:
    return replace(scenario, log=canonical({**scenario.log, partition: records}), clock_ms=EPOCH_MS)


def _moved(records: tuple[Record, ...], first: int, by_ms: int) -> tuple[Record, ...]:
    later = (record._replace(timestamp_ms=(record.timestamp_ms or 0) + by_ms) for record in records[first:])
    return (*records[:first], *later)
