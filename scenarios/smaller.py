"""Scenarios that are one change away from one, the boldest first: what shrinking tries.

A change may leave a scenario that cannot run, as a thaw with nothing frozen: that one shows nothing, and is not taken.
What only makes sense together goes together: a freeze and its thaws, a late request and its arrival.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from onceproof.model import history as h
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import EPOCH_MS, effects
from onceproof.scenarios.plainness import ANSWERS, KINDS, WHENS, gaps_ms, named_ms, plain
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    TRIGGERS,
    Arrive,
    Clock,
    Compact,
    Crash,
    Fault,
    FaultWhen,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    Scenario,
    SetOffsets,
    Start,
    Step,
    Thaw,
    Trim,
)
from onceproof.scenarios.transactions import Aborted
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.errors import ConfigError

_GAPS_MS = (0, 1, 1000)
"""Gaps between records that are tried, besides those that the configuration names."""


def candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Everything that is one change away, the boldest first."""
    yield from _met_sooner(_fewer_records(scenario))
    yield from _fewer_steps(scenario)
    yield from _met_sooner(_plainer_log(scenario))
    yield from _plainer_steps(scenario)
    yield from _plainer_faults(scenario)


def without(scenario: Scenario, at: int) -> Scenario:
    """The scenario without one step, and without the steps that would make no sense then."""
    gone = scenario.course[at]
    left = [step for index, step in enumerate(scenario.course) if index != at and not goes_with(gone, step)]
    return replace(scenario, course=tuple(left))


def goes_with(gone: Step, step: Step) -> bool:
    """Whether a step makes no sense without another one."""
    kind = step.kind if isinstance(step, Fault) else ""
    if isinstance(gone, Fault) and gone.kind == "freeze":
        return isinstance(step, Thaw) or kind == "thaw"
    return isinstance(gone, Fault) and gone.when == "late" and (isinstance(step, Arrive) or kind == "arrive")


def _met_sooner(found: Iterator[Scenario]) -> Iterator[Scenario]:
    """Each scenario, and with each of its faults one effect sooner, as another log may make fewer effects."""
    for scenario in found:
        yield scenario
        for at, step in enumerate(scenario.course):
            if isinstance(step, Fault) and step.nth > 1:
                yield _with_step(scenario, at, step._replace(nth=step.nth - 1))


# --- records ---------------------------------------------------------------------------------------------------------


def _fewer_records(scenario: Scenario) -> Iterator[Scenario]:
    """Without a partition, without a run of records, without one and with a poll that reads one less.

    What is left is numbered from 0.
    """
    for gone in scenario.log:
        if len(scenario.log) > 1:
            yield from _with_log(scenario, {where: records for where, records in scenario.log.items() if where != gone})
    for where, records in scenario.log.items():
        for begin, end in _runs(len(records)):
            for less in _with_log(scenario, {**scenario.log, where: records[:begin] + records[end:]}):
                yield less
                if end - begin == 1:
                    yield from _polled_less(less)


def _polled_less(scenario: Scenario) -> Iterator[Scenario]:
    for at, step in enumerate(scenario.course):
        if isinstance(step, PollStep) and step.size > 1:
            yield _with_step(scenario, at, PollStep(step.size - 1))


class _Numbers(NamedTuple):
    """Offsets from 0 for the records of one partition, by what they are now; `end` is behind the last of them."""

    of: Mapping[int, int]
    end: int

    def at(self, offset: int) -> int:
        """The number of the first record at an offset or behind it."""
        return next((number for each, number in self.of.items() if each >= offset), self.end)


def _numbers(records: Sequence[h.Record], aborted: frozenset[int]) -> _Numbers:
    """Numbers with no gap but for the marker behind each run of aborted records."""
    offsets = [record.offset for record in records]
    numbers, number = {}, 0
    for offset, following in itertools.zip_longest(offsets, offsets[1:]):
        numbers[offset] = number
        number += 1 + (offset in aborted and following not in aborted)
    return _Numbers(numbers, number)


def _with_log(scenario: Scenario, log: h.Log) -> Iterator[Scenario]:
    """The scenario over another log, numbered from 0: without aborted transactions, and with those that it has."""
    yield from _numbered(scenario, log, {})
    left = {where: scenario.aborted.get(where, frozenset()) & {each.offset for each in log[where]} for where in log}
    if any(left.values()):
        yield from _numbered(scenario, log, {where: offsets for where, offsets in left.items() if offsets})


def _numbered(scenario: Scenario, log: h.Log, aborted: Aborted) -> Iterator[Scenario]:
    """With plain values and, where those are others, with its own."""
    numbers = {where: _numbers(records, aborted.get(where, frozenset())) for where, records in log.items()}
    course = tuple([fitted for step in scenario.course if (fitted := _fitted(step, numbers)) is not None])
    numbered = {
        where: tuple([record._replace(offset=numbers[where].of[record.offset]) for record in records])
        for where, records in log.items()
    }
    marked = {where: frozenset(map(numbers[where].of.__getitem__, offsets)) for where, offsets in aborted.items()}
    made_plain = {where: tuple([plain(scenario, record) for record in records]) for where, records in numbered.items()}
    for each in (made_plain, numbered)[: 1 + (made_plain != numbered)]:
        yield replace(scenario, log=each, course=course, origin=None, aborted=marked)


def _fitted(step: Step, numbers: Mapping[h.TopicPartition, _Numbers]) -> Step | None:
    """A step that names partitions and offsets, for a log with these numbers; None if nothing of it is left."""
    match step:
        case Fault() if step.of is not None and step.of not in numbers:
            return step._replace(of=None)
        case Start() | Rebalance() if step.assign is not None:
            return step._replace(assign=tuple([where for where in step.assign if where in numbers]))
        case Trim(of, before):
            return Trim(of, numbers[of].at(before)) if of in numbers else None
        case Compact(of, offsets):
            left = numbers[of].of if of in numbers else {}
            kept = tuple([left[offset] for offset in offsets if offset in left])
            return Compact(of, kept) if kept else None
        case SetOffsets(offsets):
            set_to = {of: numbers[of].at(offset) for of, offset in offsets.items() if of in numbers}
            return SetOffsets(set_to) if set_to else None
    return step


def _runs(count: int) -> Iterator[tuple[int, int]]:
    """Runs to leave out, longer ones first and among equal ones the last first."""
    size = count
    while size:
        for end in range(count, size - 1, -size):
            yield end - size, end
        size //= 2


def _plainer_log(scenario: Scenario) -> Iterator[Scenario]:
    """Offsets from 0 and plain values; equal times all through; then one gap after another as small as it can be."""
    yield from _with_log(scenario, scenario.log)
    yield _renumbered(scenario)
    for gone in scenario.schemas:
        yield replace(scenario, schemas={each: text for each, text in scenario.schemas.items() if each != gone})
    for partitions in ([*scenario.log], *([where] for where in scenario.log)):
        timed = {each: _timed_by(scenario.log[each], {}) for each in partitions}
        yield from _with_log(scenario, {**scenario.log, **timed})
    for where, records in scenario.log.items():
        gaps = gaps_ms(records)
        for at, gap in enumerate(gaps):
            for smaller in (*_GAPS_MS, *named_ms(scenario), -1):
                if abs(smaller) < abs(gap) or (abs(smaller) == abs(gap) and smaller > gap):
                    retimed = _timed_by(records, {**dict(enumerate(gaps)), at: smaller})
                    yield from _with_log(scenario, {**scenario.log, where: retimed})


def _renumbered(scenario: Scenario) -> Scenario:
    """Partitions of each topic from 0, in faults and assignments too."""
    names: dict[h.TopicPartition, h.TopicPartition] = {}
    for where in sorted(scenario.log):
        names[where] = h.TopicPartition(where.topic, sum(other.topic == where.topic for other in names))

    def named(where: h.TopicPartition) -> h.TopicPartition:
        return names.get(h.TopicPartition(*where), where)

    def renamed(step: Step) -> Step:
        match step:
            case Fault() if step.of is not None:
                return step._replace(of=named(step.of))
            case Trim() | Compact():
                return step._replace(of=named(step.of))
            case Start() | Rebalance() if step.assign is not None:
                return step._replace(assign=tuple([named(where) for where in step.assign]))
            case SetOffsets(offsets):
                return SetOffsets({named(of): offset for of, offset in offsets.items()})
        return step

    log = {names[where]: records for where, records in scenario.log.items()}
    aborted = {names[where]: offsets for where, offsets in scenario.aborted.items()}
    return replace(scenario, log=log, course=tuple(map(renamed, scenario.course)), origin=None, aborted=aborted)


def _timed_by(records: Sequence[h.Record], gaps: dict[int, int]) -> tuple[h.Record, ...]:
    """The records with these gaps between them, by the index of the record before; the first at a round time."""
    times = itertools.accumulate((gaps.get(at, 0) for at in range(len(records) - 1)), initial=EPOCH_MS)
    return tuple(record._replace(timestamp_ms=ms) for record, ms in zip(records, times, strict=False))


# --- steps -----------------------------------------------------------------------------------------------------------


def _fewer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Without a run of steps (though not all), without what belongs together, with two neighbours as one."""
    course = scenario.course
    for begin, end in _runs(len(course)):
        if end - begin < len(course):
            yield replace(scenario, course=course[:begin] + course[end:])
    for at in range(len(course)):
        less = without(scenario, at)
        if len(less.course) < len(course) - 1:
            yield less
    for at, (one, other) in enumerate(itertools.pairwise(course)):
        merged: Step | None = None
        if isinstance(one, PollStep) and isinstance(other, PollStep):
            merged = PollStep(one.size + other.size)
        elif isinstance(one, Clock) and isinstance(other, Clock) and other.set_ms is None:
            merged = Clock(one.set_ms, one.add_ms + other.add_ms)
        if merged is not None:
            yield replace(scenario, course=(*course[:at], merged, *course[at + 2 :]))


def _plainer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Each step with less to it, the clock from a round start, and two neighbours the other way round."""
    yield replace(scenario, clock_ms=EPOCH_MS)
    course = scenario.course
    for at, step in enumerate(course):
        for other in _plainer(scenario, step):
            yield replace(scenario, course=(*course[:at], other, *course[at + 1 :]))
        if at and type(step) is not type(course[at - 1]):
            yield replace(scenario, course=(*course[: at - 1], step, course[at - 1], *course[at + 1 :]))


def _plainer(scenario: Scenario, step: Step) -> Iterator[Step]:
    match step:
        case PollStep(size):
            yield from map(PollStep, sorted({0, 1, size // 2, size - 1} - {-1}))
        case Rest(poll):
            yield from map(Rest, sorted({1, poll // 2, poll - 1} - {0}))
        case Clock(set_ms, add_ms):
            start_ms = 0 if set_ms is None else set_ms - scenario.clock_ms
            back = -1 if start_ms + add_ms < 0 else 1
            for move_ms in (*_GAPS_MS[1:], *named_ms(scenario), abs(add_ms) // 2):
                yield Clock(add_ms=back * move_ms)
            if set_ms is not None:
                yield Clock(add_ms=start_ms + add_ms)
        case _:
            yield from _plainer_outside(scenario, step)


def _plainer_outside(scenario: Scenario, step: Step) -> Iterator[Step]:
    """Steps that say more than what one worker does from day to day."""
    match step:
        case Start(config, assign, skew_ms):
            if assign is not None:
                yield step._replace(assign=None)
            yield from (step._replace(skew_ms=ms) for ms in _less(scenario, skew_ms))
            for name in config:
                yield step._replace(config={each: value for each, value in config.items() if each != name})
        case Rebalance(assign, how):
            yield step._replace(how="eager")
            yield from (Rebalance(assign[:at] + assign[at + 1 :], how) for at in range(len(assign)))
        case Thaw(effects) if effects is not None:
            yield Thaw()
            yield from map(Thaw, range(1, effects))
        case Outage(kind):
            yield from (Outage(each) for each in ANSWERS[: ANSWERS.index(kind)])
        case Trim(of, before):
            yield from (Trim(of, each) for each in range(1, before))
        case Compact(of, offsets):
            yield from (Compact(of, offsets[:at] + offsets[at + 1 :]) for at in range(len(offsets)) if offsets[1:])
            yield from (Compact(of, (offset - 1,)) for offset in offsets if offset and not offsets[1:])
        case Produce(records):
            yield from map(Produce, range(1, records))
        case Foreign(key, body) if body:
            yield Foreign(key, b"")
        case SetOffsets(offsets):
            yield SetOffsets(dict.fromkeys(offsets, 0))
        case Pause(ms, readings):
            yield from (Pause(each, readings) for each in _less(scenario, ms) if each)
            yield from (Pause(ms, each) for each in range(1, readings))


def _less(scenario: Scenario, span_ms: int) -> Iterator[int]:
    """Spans of time that are shorter, in the same direction."""
    back = -1 if span_ms < 0 else 1
    return (back * ms for ms in (*_GAPS_MS, *named_ms(scenario), abs(span_ms) // 2) if ms < abs(span_ms))


# --- faults ----------------------------------------------------------------------------------------------------------


def _plainer_faults(scenario: Scenario) -> Iterator[Scenario]:
    """Each fault as a plainer one, and before all else at every effect that the course has without it, first first."""
    for at, step in enumerate(scenario.course):
        if isinstance(step, Fault) and step.kind in TRIGGERS:
            yield from _as_steps(scenario, at, step)
        elif isinstance(step, Fault | Crash):
            fault = step if isinstance(step, Fault) else Fault("commit")
            if isinstance(step, Fault):
                yield from _milder(scenario, at, step)
            yield from _elsewhere(scenario, at, fault)
        if isinstance(step, Fault) and step.nth > 1:
            yield _with_step(scenario, at, step._replace(nth=step.nth - 1))
        if isinstance(step, Fault) and at and isinstance(scenario.course[at - 1], Fault):
            course = scenario.course
            yield replace(scenario, course=(*course[: at - 1], step, course[at - 1], *course[at + 1 :]))


def _with_step(scenario: Scenario, at: int, step: Step) -> Scenario:
    return replace(scenario, course=(*scenario.course[:at], step, *scenario.course[at + 1 :]))


def _as_steps(scenario: Scenario, at: int, trigger: Fault) -> Iterator[Scenario]:
    """A trigger as a step between two others, or for fewer effects."""
    step: Step = Thaw(trigger.effects) if trigger.kind == "thaw" else Arrive()
    rest = scenario.course[:at] + scenario.course[at + 1 :]
    for index in range(len(rest) + 1):
        yield replace(scenario, course=(*rest[:index], step, *rest[index:]))
    if trigger.kind == "thaw" and trigger.effects is not None:
        yield _with_step(scenario, at, trigger._replace(effects=None))


def _milder(scenario: Scenario, at: int, fault: Fault) -> Iterator[Scenario]:
    """The same place with another answer, or with one that says more to the sink."""
    when: FaultWhen = "after" if fault.when == "late" else fault.when
    for kind in KINDS[: KINDS.index("freeze")]:
        if kind != fault.kind:
            yield _in_place(scenario, at, fault._replace(kind=kind, when=when))
    for other in WHENS[: WHENS.index(fault.when)]:
        yield _in_place(scenario, at, fault._replace(when=other))


def _in_place(scenario: Scenario, at: int, fault: Fault) -> Scenario:
    """Another fault instead of one, whose thaws or arrivals go with it where they make no sense any more."""
    before = scenario.course[at]
    assert isinstance(before, Fault), "only faults are replaced"
    if (before.kind == "freeze") == (fault.kind == "freeze") and (before.when == "late") == (fault.when == "late"):
        return _with_step(scenario, at, fault)
    steps = [
        fault if index == at else step
        for index, step in enumerate(scenario.course)
        if index == at or not goes_with(before, step)
    ]
    return replace(scenario, course=tuple(steps))


def _elsewhere(scenario: Scenario, at: int, fault: Fault) -> Iterator[Scenario]:
    """The fault, or a crash instead, armed behind the faults that begin the course, at each effect of a run without it.

    Places are counted as in that run: where an earlier fault keeps an effect from the history, the one before is met.
    """
    calm = without(scenario, at)
    try:
        ran = run(calm, SimulatedWorld())
    except (ScenarioError, ConfigError):
        return
    front = next((index for index, step in enumerate(calm.course) if not isinstance(step, Fault)), len(calm.course))
    front = min(front, at)
    course = scenario.course[:at] + scenario.course[at + 1 :]
    for place in effects(ran):
        for of in dict.fromkeys((None, place.of)):
            crash = place._replace(of=of)
            yield replace(calm, course=(*calm.course[:front], crash, *calm.course[front:]))
            same = crash._replace(kind=fault.kind, when=fault.when)
            if same != crash:
                yield replace(scenario, course=(*course[:front], same, *course[front:]))
