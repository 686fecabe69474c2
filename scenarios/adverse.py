"""Hypothesis strategies over all that can go wrong: the whole vocabulary of `scenario`, for one's own properties.

Needs `hypothesis`, as `strategies`, of which this is the stormy sister: there faults are crashes and refusals at any
effect of a calm course, here owners freeze and thaw, requests arrive late, the bucket is away, the broker restarts,
transactions are aborted, logs and offsets change, partitions move, the clock jumps, others write, and properties change
between two lives.

    from hypothesis import given
    from onceproof.scenarios import adverse
    from onceproof.scenarios.refinement import broken_rules

    @given(adverse.adverse_scenarios())
    def test_nothing_is_broken(scenario): ...

Every scenario can run as it is, in the simulated world, and each of its faults meets its effect. A course is drawn as
units, each of which makes sense wherever it stands; faults are then placed from left to right, each at an effect of a
run of the course so far (`places`), with what naturally follows behind the unit that it struck. Nothing is drawn and
thrown away. Values shrink towards few records, a course of one poll, and no fault.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.drawing import BOOLEANS, integers, one_of
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.places import CONDITIONAL, REFUSALS, Meeting, Place, places_of
from onceproof.scenarios.run import Mark, Run, run
from onceproof.scenarios.scenario import (
    TRIGGERS,
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    RebalanceHow,
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
from onceproof.scenarios.strategies import CLOCK_STEPS_MS, HOUR_MS, STARTS_MS
from onceproof.scenarios.transactions import LEVELS, Aborted
from onceproof.scenarios.transactions import PROPERTY as ISOLATION
from onceproof.scenarios.worlds.simulated import SimulatedWorld

Unit: TypeAlias = tuple[Step, ...]
"""Steps that belong together; what follows a fault stands behind all of them."""

FOREIGN_BODY = b'{"somebody":"else"}\n'
SKEWS_MS = (0, 0, 0, 1000, -60_000, HOUR_MS)
"""How far the clocks of two workers are apart."""
CHANGES: tuple[Mapping[str, str | None], ...] = (
    {"flush.size": "2"},
    {"flush.size": "4"},
    {"rotate.interval.ms": "2000"},
    {"filename.offset.zero.pad.width": "5"},
    {"topics.dir": "elsewhere"},
    {"consumer.override.auto.offset.reset": "latest"},
)
"""What an operator changes between two lives, so that the same log can still be stored."""
_DEAD_LETTERS = {
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.name": "refused",
    "errors.deadletterqueue.topic.replication.factor": "1",
}
_BROKEN_VALUE = b"{"
_HOWS: tuple[RebalanceHow, ...] = ("eager", "lost", "cooperative")


@st.composite
def adverse_configurations(draw: st.DrawFn) -> dict[str, str]:
    """Configurations by record time and by clocks, some with tags, dead letters, and `auto.offset.reset=latest`."""
    config = draw(_RECORD_TIME if draw(one_of((True, True, False))) else _CLOCKED)
    match draw(one_of(("", "", "", "tags", "failing tags", "dead letters", "latest"))):
        case "tags":
            config["s3.object.tagging"] = "true"
        case "failing tags":
            config |= {"s3.object.tagging": "true", "s3.object.behavior.on.tagging.error": "fail"}
        case "dead letters" if "value.converter.schemas.enable" in config:
            config |= _DEAD_LETTERS
        case "latest":
            config["consumer.override.auto.offset.reset"] = "latest"
    return config


_RECORD_TIME = strategies.configurations()
_CLOCKED = strategies.clock_driven()


@st.composite
def adverse_scenarios(
    draw: st.DrawFn,
    configs: st.SearchStrategy[dict[str, str]] | None = None,
    *,
    faults: tuple[int, int] = (0, 3),
    partitions: int = 2,
    records: tuple[int, int] = (0, 8),
) -> Scenario:
    """Whole scenarios: a configuration, a log, an adverse course, and from the first to the second number of faults."""
    config = draw(adverse_configurations() if configs is None else configs)
    log = draw(strategies.logs(config, partitions=partitions, records=records))
    if "errors.deadletterqueue.topic.name" in config:
        log = {partition: _with_broken(draw, found) for partition, found in log.items()}
    aborted: Aborted = {}
    if draw(one_of((False, False, False, False, False, True))):
        log, aborted = _with_aborted(draw, log)
        config[ISOLATION] = draw(one_of(LEVELS))
    clock_ms = draw(one_of(STARTS_MS)) + HOUR_MS * draw(integers(0, 23))
    return _troubled(draw, Scenario("drawn", config, log, (), max(clock_ms, EPOCH_MS), aborted=aborted), faults)


def _with_aborted(draw: st.DrawFn, log: h.Log) -> tuple[h.Log, Aborted]:
    """One record of each partition that has several was written in a transaction that was aborted.

    The marker of it takes the offset behind, so that later records move on.
    """
    found, aborted = {}, {}
    for partition, records in log.items():
        found[partition] = records
        if len(records) > 1:
            at = draw(integers(0, len(records) - 1))
            behind = [record._replace(offset=record.offset + 1) for record in records[at + 1 :]]
            found[partition] = (*records[: at + 1], *behind)
            aborted[partition] = frozenset({records[at].offset})
    return found, aborted


def _with_broken(draw: st.DrawFn, records: tuple[h.Record, ...]) -> tuple[h.Record, ...]:
    """One of the records is none that a converter reads."""
    if not records:
        return records
    at = draw(integers(0, len(records) - 1))
    return (*records[:at], records[at]._replace(value=_BROKEN_VALUE), *records[at + 1 :])


@st.composite
def troubled(draw: st.DrawFn, of: Scenario, faults: tuple[int, int] = (0, 3)) -> Scenario:
    """The configuration and log of a scenario under another course: an adverse one, with faults at its effects."""
    return _troubled(draw, of, faults)


def _troubled(draw: st.DrawFn, of: Scenario, faults: tuple[int, int]) -> Scenario:
    units = _units(draw, of)
    ran = _run(of, units)
    if draw(one_of((False, False, False, True))):
        units = _with_foreign(draw, ran, units)
        ran = _run(of, units)
    least, most = faults
    course = _Course(units, 0)
    for _ in range(draw(one_of((*range(least, most + 1), *(2 * tuple(range(least + 1, most + 1))))))):
        places = _left(ran, course)
        if not places:
            break
        course = _struck(draw, of, course.units, _chosen(draw, places))
        ran = _run(of, course.units)
        waiting = [place for place in _left(ran, course) if _happens(place, course.units)]
        goes_on = bool(waiting) and draw(BOOLEANS)
        if goes_on:
            course = _struck(draw, of, course.units, _chosen(draw, waiting), happens=True)
            ran = _run(of, course.units)
    return ran.scenario


def _run(of: Scenario, units: Sequence[Unit]) -> Run:
    return run(replace(of, course=tuple([step for unit in units for step in unit])), SimulatedWorld())


# --- what happens without a fault at an effect ---------------------------------------------------------------------


class _World(NamedTuple):
    """What a unit is drawn from."""

    log: h.Log
    longest: int
    visible: Mapping[h.TopicPartition, tuple[h.Record, ...]]
    """Records that are there from the beginning."""


def _units(draw: st.DrawFn, of: Scenario) -> list[Unit]:
    """A course without faults, as units: a start, what happens, and a rest."""
    later = draw(one_of(((), (), (), (1,), (2, 1))))
    log = of.visible_log()
    longest = max(map(len, log.values()), default=0)
    visible = {partition: found[: max(len(found) - sum(later), 0)] for partition, found in log.items()}
    world = _World(log, longest, visible)
    happens = [_EVENTS[at](draw, world) for at in draw(_CHOICES)]
    for count in later:
        happens.insert(draw(integers(0, len(happens))), (Produce(count),))
    return [(Start(skew_ms=draw(one_of(SKEWS_MS))),), *happens, (Rest(draw(integers(1, longest + 1))),)]


def _poll(draw: st.DrawFn, world: _World) -> PollStep:
    return PollStep(draw(integers(0, world.longest + 1)))


def _polled(draw: st.DrawFn, world: _World) -> Unit:
    return (_poll(draw, world),)


def _committed(draw: st.DrawFn, world: _World) -> Unit:
    return (_poll(draw, world), CommitStep())


def _moved_on(draw: st.DrawFn, world: _World) -> Unit:
    return Clock(add_ms=draw(one_of(CLOCK_STEPS_MS[1:]))), _poll(draw, world)


def _set_back(draw: st.DrawFn, world: _World) -> Unit:
    """The clock jumps back, or to where some zone's clocks change."""
    jump = Clock(set_ms=draw(one_of(STARTS_MS))) if draw(BOOLEANS) else Clock(add_ms=-draw(one_of(CLOCK_STEPS_MS[1:])))
    return jump, _poll(draw, world)


def _paused(draw: st.DrawFn, world: _World) -> Unit:
    """The process stands still in the middle of a put, or of what comes after it."""
    return Pause(draw(one_of(CLOCK_STEPS_MS[1:])), draw(integers(1, 2))), _poll(draw, world)


def _end(draw: st.DrawFn) -> Step:
    return StopStep() if draw(BOOLEANS) else Crash()


def _start(draw: st.DrawFn) -> Start:
    change = draw(integers(-4, len(CHANGES) - 1))  # often as before
    return Start(CHANGES[change] if change >= 0 else {}, skew_ms=draw(one_of(SKEWS_MS)))


def _restarted(draw: st.DrawFn, world: _World) -> Unit:
    return _end(draw), _start(draw), _poll(draw, world)


def _rebalanced(draw: st.DrawFn, world: _World) -> Unit:
    """Partitions go and come back."""
    kept = draw(one_of((*((each,) for each in world.log), tuple(world.log))))
    return (
        Rebalance(kept, draw(one_of(_HOWS))),
        _poll(draw, world),
        Rebalance(tuple(world.log), draw(one_of(_HOWS))),
    )


def _offsets_changed(draw: st.DrawFn, world: _World) -> Unit:
    partition = draw(one_of(tuple(world.log)))
    records = world.visible[partition]
    if not records or draw(BOOLEANS):
        return _end(draw), ExpireOffsets(), Start()
    offset = draw(one_of((records[0].offset, records[-1].offset + 1, *[each.offset for each in records])))
    return _end(draw), SetOffsets({partition: offset}), Start()


def _log_changed(draw: st.DrawFn, world: _World) -> Unit:
    partition = draw(one_of(tuple(world.log)))
    records = world.visible[partition]
    if not records:
        return _end(draw), Start()
    at = draw(integers(0, len(records) - 1))
    if draw(BOOLEANS):
        return _end(draw), Trim(partition, records[at].offset + 1), Start(), _poll(draw, world)
    return _end(draw), Compact(partition, (records[at].offset,)), Start(), _poll(draw, world)


def _away(draw: st.DrawFn, world: _World) -> Unit:
    """The bucket cannot be reached for a while, in which the sink goes on or starts."""
    during: tuple[Unit, ...] = (
        (),
        (CommitStep(),),
        (Clock(add_ms=5000), PollStep(0)),
        (StopStep(), Start()),
        (Rebalance(tuple(world.log)),),
    )
    kind = draw(one_of(REFUSALS))
    return (
        Outage(kind),
        _poll(draw, world),
        *during[draw(integers(0, len(during) - 1))],
        Restore(),
        Clock(add_ms=5000),
        _poll(draw, world),
    )


def _broker_restarted(draw: st.DrawFn, world: _World) -> Unit:
    return RestartBroker(), _poll(draw, world)


_EVENTS: tuple[Callable[[st.DrawFn, _World], Unit], ...] = (
    _polled,
    _committed,
    _moved_on,
    _restarted,
    _set_back,
    _paused,
    _rebalanced,
    _offsets_changed,
    _log_changed,
    _away,
    _broker_restarted,
)
_CHOICES = st.lists(one_of((*(0, 0, 0, 1, 1, 2, 2), *range(3, len(_EVENTS)))), min_size=1, max_size=5)


def _with_foreign(draw: st.DrawFn, ran: Run, units: Sequence[Unit]) -> list[Unit]:
    """Somebody else writes an object of a name that the sink uses, or of another."""
    keys = tuple(dict.fromkeys([version.key for version in ran.history.versions]))
    key = draw(one_of((*keys, "topics/t/somebody/else.json")))
    at = draw(integers(0, len(units) - 1))
    return [*units[:at], (Foreign(key, FOREIGN_BODY),), *units[at:]]


# --- faults at effects ---------------------------------------------------------------------------------------------


class _Course(NamedTuple):
    """A course while faults are placed, from left to right."""

    units: list[Unit]
    behind: int
    """Index of the first step behind the one that was struck last."""


def _left(ran: Run, course: _Course) -> list[Place]:
    """Where the next fault can strike: behind the last one, in the same step where that does not change the count.

    There it can at effects of another kind than those that were struck, once no frozen life has come between.
    """
    places = places_of(ran)
    behind = course.behind
    found = [place for place in places if place.step >= behind]
    armed = _armed_before(ran.marks, behind - 1)
    if not armed or any(fault.kind in TRIGGERS for fault in armed):
        return found
    mark, events = ran.marks[behind - 1], ran.history.events
    strikes = [at for at in range(mark.first, mark.end) if _is_strike(events[at])]
    kinds = {fault.at for fault in armed}
    same = [
        place
        for place in places
        if place.step == behind - 1 and place.event > max(strikes) + 1 and place.fault.at not in kinds
    ]
    return [*same, *found]


def _armed_before(marks: Sequence[Mark], step: int) -> list[Fault]:
    """Faults that are armed right before a step."""
    found: list[Fault] = []
    for mark in reversed(marks[: max(step, 0)]):
        if not isinstance(mark.step, Fault):
            break
        found.append(mark.step)
    return found


def _is_strike(event: h.Event) -> bool:
    return isinstance(event, h.Changed) and event.what.startswith("fault: ")


def _happens(place: Place, units: Sequence[Unit]) -> list[Meeting]:
    """Triggers that a place can meet."""
    return [each for each in _open_to(place, units, _unit_of(units, place.step)[0]) if each[1] in TRIGGERS]


def _struck(draw: st.DrawFn, of: Scenario, units: Sequence[Unit], place: Place, *, happens: bool = False) -> _Course:
    """The course with one fault more, and what follows it; with `happens` it is a trigger."""
    at, within = _unit_of(units, place.step)
    meetings = _happens(place, units) if happens else _open_to(place, units, at)
    when, kind = meetings[draw(integers(0, len(meetings) - 1))]
    effects = draw(one_of((None, 1, 2))) if kind == "thaw" else None
    fault = place.fault._replace(when=when, kind=kind, effects=effects)
    unit = units[at]
    struck = (*unit[:within], fault, *unit[within:])
    follows = _follows(draw, of, fault) if at < len(units) - 1 else []
    return _Course([*units[:at], struck, *follows, *units[at + 1 :]], place.step + 2)


def _chosen(draw: st.DrawFn, places: Sequence[Place]) -> Place:
    """One of the places, each kind of effect as often as another."""
    kinds = tuple(dict.fromkeys([place.fault.at for place in places]))
    kind = kinds[draw(integers(0, len(kinds) - 1))]
    found = [place for place in places if place.fault.at == kind]
    return found[draw(integers(0, len(found) - 1))]


def _unit_of(units: Sequence[Unit], step: int) -> tuple[int, int]:
    """Index of the unit of a step, and the step's index in it."""
    for at, unit in enumerate(units):
        if step < len(unit):
            return at, step
        step -= len(unit)
    raise AssertionError("a place is a step of the course")


def _open_to(place: Place, units: Sequence[Unit], at: int) -> list[Meeting]:
    """What a place can meet, so that a thaw or an arrival that stands behind it has still something to do.

    What is only there for a moment, or goes on from here, is there more often.
    """
    later = [step for unit in units[at:] for step in unit]
    taken = {
        "thaw": any(isinstance(step, Thaw) for step in later),
        "arrive": any(isinstance(step, Arrive) for step in later),
    }
    found = [(when, kind) for when, kind in place.meetings if not taken.get(kind, False)]
    rare = [each for each in found if each[0] in ("unsent", "late") or each[1] in ("freeze", *TRIGGERS)]
    return [*found, *(2 * rare), *(9 * [each for each in found if each[1] in CONDITIONAL])]


def _follows(draw: st.DrawFn, of: Scenario, fault: Fault) -> list[Unit]:
    """What naturally comes behind a fault, each step of it where it makes sense; often nothing at all."""
    if not draw(one_of((True, True, False))):
        return []
    longest = max(map(len, of.log.values()))
    poll = PollStep(draw(integers(0, longest + 1)))
    move = Clock(add_ms=draw(one_of((5000, *CLOCK_STEPS_MS[1:]))))
    match fault:
        case Fault(kind="freeze"):
            thaws = draw(one_of(((), (), (), (Thaw(),), (Thaw(1),), (Thaw(2),))))
            return [(Start(skew_ms=draw(one_of(SKEWS_MS))),), (poll,), (move, PollStep(longest), CommitStep()), thaws]
        case Fault(when="late"):
            return [(move, poll), (CommitStep(),), draw(one_of(((), (Arrive(),), (Arrive(),))))]
        case Fault(kind="crash"):
            return [(Start(), poll, CommitStep())]
        case Fault(kind="thaw" | "arrive"):
            return [(poll,)]
    return [(move, poll), (Start(),) if draw(BOOLEANS) else ()]
