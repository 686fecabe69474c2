"""How plain a scenario is: the order in which shrinking takes one for smaller than another.

Records come first, then what goes wrong, how unusual that is, steps, and last what only makes a story easier to read:
times in small gaps, faults before all else at the first effect of their kind, steps as early as they can be. Two
scenarios weigh the same only if they are written the same, but for their configurations and values.
"""

import itertools
from collections.abc import Iterator, Sequence

from onceproof.model import history as h
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.scenario import (
    AnswerKind,
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    FaultAt,
    FaultKind,
    FaultWhen,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    RestartBroker,
    Restore,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)

PLACES: tuple[FaultAt, ...] = ("commit", "abort", "tag", "complete", "part", "create", "dead letter", "head")
"""Where a fault strikes, the plainest first: a crash before the commit is the one that everybody knows."""
WHENS: tuple[FaultWhen, ...] = ("before", "after", "unsent", "late")
ANSWERS: tuple[AnswerKind, ...] = (
    "503",
    "io",
    "500",
    "429",
    "502",
    "504",
    "SlowDown",
    "200",
    "403",
    "409",
    "412",
    "ExpiredToken",
)
KINDS: tuple[FaultKind, ...] = ("crash", *ANSWERS, "freeze", "thaw", "arrive")
_STEPS: tuple[type, ...] = (
    Fault,
    Start,
    Clock,
    CommitStep,
    Thaw,
    Arrive,
    Outage,
    Restore,
    RestartBroker,
    Crash,
    StopStep,
    ExpireOffsets,
    SetOffsets,
    Trim,
    Compact,
    Foreign,
    Produce,
    Pause,
    Rebalance,
    PollStep,
    Rest,
)
"""Of two steps that can change places, the one that is named first here comes first."""
_ORDINARY = (Start, PollStep, CommitStep, Clock, Rest, Fault)


def weight(scenario: Scenario) -> tuple[int, ...]:
    """Whole numbers of which the first that differs decides; none can fall for ever."""
    course = scenario.course
    records = [record for partition in scenario.log.values() for record in partition]
    faults = [step for step in course if isinstance(step, Fault)]
    gaps = [gap for partition in scenario.log.values() for gap in gaps_ms(partition)]
    return (
        len(records),
        len(faults) + sum(isinstance(step, Crash) for step in course),
        sum(map(_unusual, faults)),
        sum(not isinstance(step, Fault | Crash) for step in course),
        len(scenario.log),
        sum(where.partition for where in scenario.log),
        sum(_STEPS.index(type(step)) for step in course if not isinstance(step, _ORDINARY)),
        len(scenario.schemas),
        sum(record.offset for record in records),
        sum(record != plain(scenario, record) for record in records),
        sum(gap < 0 for gap in gaps),
        sum(map(abs, gaps)),
        sum(abs(start_ms - EPOCH_MS) for start_ms in _starts_ms(scenario)),
        *map(sum, zip(*map(_size, course), strict=True)),
        abs(scenario.clock_ms - EPOCH_MS),
        *(number for fault in faults for number in _rank(fault)),
        *(_STEPS.index(type(step)) for step in course),
    )


def _unusual(fault: Fault) -> int:
    """How far a fault is from a crash."""
    kinds = KINDS.index(fault.kind)
    if fault.kind in ("503", "io") and fault.when != "before":  # a reply is lost with its connection
        kinds = 3 - kinds
    return kinds + max(WHENS.index(fault.when) - 1, 0)


def _rank(fault: Fault) -> tuple[int, ...]:
    """A crash before the first commit is the plainest."""
    effects = 0 if fault.effects is None else fault.effects
    return (fault.when == "after", fault.nth, PLACES.index(fault.at), fault.of is not None, effects)


def _size(step: Step) -> tuple[int, int, int, int]:
    """How much a step does, of which polls, and moves of the clock, which may be set, come first."""
    match step:
        case PollStep(size):
            return size, 0, 0, 0
        case Rest(poll):
            return 0, poll, 0, 0
        case Clock(set_ms, add_ms):
            return 0, 0, int(set_ms is not None), abs(add_ms)
    return 0, 0, 0, sum(_parameters(step))


def _parameters(step: Step) -> Iterator[int]:
    match step:
        case Start(config, assign, skew_ms):
            yield from (len(config), assign is not None, abs(skew_ms))
        case Rebalance(assign, how):
            yield from (len(assign), how != "eager")
        case Thaw(effects):
            yield effects or 0
        case Outage(kind):
            yield ANSWERS.index(kind)
        case Trim(_, before):
            yield before
        case Compact(_, offsets):
            yield sum(offsets) + len(offsets)
        case Produce(records):
            yield records
        case Foreign(_, body):
            yield len(body)
        case SetOffsets(offsets):
            yield sum(offsets.values()) + len(offsets)
        case Pause(ms, readings):
            yield ms + readings


def plain(scenario: Scenario, record: h.Record) -> h.Record:
    """The record with its offset as value; one whose value is read for its time keeps it."""
    if "timestamp.field" in scenario.config or scenario.config.get("timestamp.extractor", "").endswith("RecordField"):
        return record
    return h.Record(record.offset, record.timestamp_ms, None, b'{"i":%d}' % record.offset)


def gaps_ms(records: Sequence[h.Record]) -> list[int]:
    """What lies between records, negative where one is late."""
    return [(b.timestamp_ms or 0) - (a.timestamp_ms or 0) for a, b in itertools.pairwise(records)]


def named_ms(scenario: Scenario) -> list[int]:
    """Spans that the configuration itself names, and the back-off, which it need not name."""
    names = ("rotate.interval.ms", "rotate.schedule.interval.ms", "partition.duration.ms")
    spans_ms = [int(scenario.config.get(name, 0)) for name in names]
    return sorted({ms for ms in (*spans_ms, int(scenario.config.get("retry.backoff.ms", 5000))) if ms > 0})


def _starts_ms(scenario: Scenario) -> list[int]:
    """The first timestamp of each partition that has one."""
    firsts = [records[0].timestamp_ms for records in scenario.log.values() if records]
    return [ms for ms in firsts if ms is not None]
