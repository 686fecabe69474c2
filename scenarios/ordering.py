"""The pair of effects whose order mattered: what a fault lies between, found by moving it.

A crash lies between an effect that had happened and one that had not: it is moved over the effects of the life that it
ended, both ways, until the finding goes. What takes effect late, the work of a frozen life or a request that was under
way, comes behind an effect of others: it is moved before one after the other, until the finding goes. A fault is only
believed to be where it was put after a run that shows it there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from onceproof.model import history as h
from onceproof.model.settings import OutsideDomain
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Crash, Fault, FaultAt, Scenario
from onceproof.scenarios.shrink import Shows
from onceproof.scenarios.smaller import goes_with, without
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.errors import ConfigError

_THAWED = re.compile(r"life (\d+) thawed")
_ARRIVED = "what was under way arrived"
_MOVES_MAX = 20
"""How far a fault is moved."""
_MISCOUNTED = range(4)
"""Effects that a crash or a freeze kept from the history were counted all the same: so many more are tried."""


@dataclass(frozen=True, slots=True)
class Order:
    """`first` had happened and `then` had not; one of them may be empty, if any order of the other will do.

    With `fault` being a crash, that is when it struck. Else `then` came behind `first`, and ahead of it would do no
    harm.
    """

    fault: str
    first: str
    then: str

    def __str__(self) -> str:
        if self.fault != "crash":
            return f"{self.then[:1].upper()}{self.then[1:]} came behind {self.first}: ahead of it, it does no harm."
        behind = f"after {self.first}" if self.first else ""
        before = f"before {self.then}" if self.then else ""
        return f"It takes a crash {' and '.join(filter(None, (behind, before)))}."


def orders(scenario: Scenario, shows: Shows, among: Iterable[int]) -> Iterator[Order]:
    """What mattered for each crash, freeze and late request among these steps of a course."""
    for at in among:
        step, found = scenario.course[at], None
        if isinstance(step, Crash) or (isinstance(step, Fault) and step.kind == "crash"):
            found = _cut(scenario, at, shows)
        elif isinstance(step, Fault) and (step.kind == "freeze" or step.when == "late"):
            found = _late(scenario, step, shows)
        if found is not None:
            yield found


@dataclass(frozen=True, slots=True)
class _Effect:
    """One numbered effect of a run: which event it is, whose, and how it is told."""

    event: int
    life: int
    at: FaultAt
    partition: h.TopicPartition | None
    name: str
    is_late: bool = False

    def met(self, effects: Sequence["_Effect"]) -> Fault:
        """The fault before it, counted among the effects of a run."""
        same = [each for each in effects if (each.at, each.partition) == (self.at, self.partition)]
        return Fault(self.at, 1 + same.index(self), self.partition)


def _effects(ran: Run, *, late: bool = False) -> list[_Effect]:
    """All that changed the outside, or tried to, in order; what arrived late is among them only on demand."""
    events = ran.history.events
    keys = [event.key for event in events if isinstance(event, h.Requested)]
    several = len(ran.history.log) > 1
    found = [_effect(at, event, keys, several=several) for at, event in enumerate(events)]
    return [effect for effect in found if effect is not None and (late or not effect.is_late)]


def _effect(at: int, event: h.Event, keys: Sequence[str], *, several: bool) -> _Effect | None:
    match event:
        case h.Requested() if event.request != "head":
            name = _request(event, keys)
            return _Effect(at, event.life, event.request, event.partition, name, event.late)
        case h.DeadLettered():
            return _Effect(at, event.life, "dead letter", event.partition, f"the dead letter of offset {event.offset}")
        case h.Committed():
            offsets = [f"{offset} of {where}" if several else str(offset) for where, offset in event.offsets.items()]
            return _Effect(at, event.life, "commit", None, f"the commit of {', '.join(offsets)}", event.late)
    return None


def _request(event: h.Requested, keys: Sequence[str]) -> str:
    short = event.key.rpartition("/")[2]
    is_plain = len({key for key in keys if key.endswith(f"/{short}") or key == short}) == 1
    return f"the {event.request} of {short if is_plain else event.key}"


def _try(scenario: Scenario) -> Run | None:
    try:
        return run(scenario, SimulatedWorld())
    except (ScenarioError, ConfigError):
        return None


def _shown(scenario: Scenario, shows: Shows) -> bool:
    try:
        return shows(scenario)
    except (ScenarioError, ConfigError, OutsideDomain):
        return False


# --- crashes ---------------------------------------------------------------------------------------------------------


def _cut(scenario: Scenario, at: int, shows: Shows) -> Order | None:
    """Between which effects of the life that it ended a crash had to come."""
    calm_scenario = without(scenario, at)
    ran, calm = _try(scenario), _try(calm_scenario)
    if ran is None or calm is None:
        return None
    struck = _end(ran, calm)
    if struck is None:
        return None
    life, done = struck
    effects = [effect for effect in _effects(calm) if effect.life == life]

    def shows_at(cut: int) -> bool:
        moved = _crashing(calm_scenario, calm, effects, cut)
        return moved is not None and _shown(moved, shows)

    first, last = done, done
    while first > 0 and done - first < _MOVES_MAX and shows_at(first - 1):
        first -= 1
    while last < len(effects) and last - done < _MOVES_MAX and shows_at(last + 1):
        last += 1
    before = effects[first - 1].name if first else ""
    behind = effects[last].name if last < len(effects) else ""
    return Order("crash", before, behind) if before or behind else None


def _end(ran: Run, calm: Run) -> tuple[int, int] | None:
    """Which life the crash ended that only the first of two runs has, and how many effects that one had done."""
    pairs = zip(ran.history.events, calm.history.events, strict=False)
    parted = next((index for index, (one, other) in enumerate(pairs) if one != other), None)
    if parted is None:
        return None
    ended = next((event for event in ran.history.events[parted:] if isinstance(event, h.Ended)), None)
    if ended is None or ended.how != "killed":
        return None
    end = ran.history.events.index(ended, parted)
    return ended.life, sum(effect.life == ended.life and effect.event < end for effect in _effects(ran))


def _crashing(scenario: Scenario, calm: Run, effects: Sequence[_Effect], cut: int) -> Scenario | None:
    """The course with a crash behind so many effects of a life; None if it cannot be put there."""
    is_last = cut == len(effects)
    if not effects:
        return None
    effect = effects[cut - 1 if is_last else cut]
    fault = effect.met(_effects(calm))._replace(when="after" if is_last else "before")
    for more in _MISCOUNTED:
        moved = replace(scenario, course=(fault._replace(nth=fault.nth + more), *scenario.course))
        ran = _try(moved)
        if ran is not None and _ended_behind(ran, effect.life, cut):
            return moved
    return None


def _ended_behind(ran: Run, life: int, cut: int) -> bool:
    ends = [
        index for index, event in enumerate(ran.history.events) if isinstance(event, h.Ended) and event.life == life
    ]
    done = sum(effect.life == life and effect.event < ends[0] for effect in _effects(ran)) if ends else -1
    return done == cut


# --- what takes effect late ------------------------------------------------------------------------------------------


def _late(scenario: Scenario, fault: Fault, shows: Shows) -> Order | None:
    """Behind which effect of others an effect had to come that nobody waited for any more."""
    ran = _try(scenario)
    if ran is None:
        return None
    late = _thawed(ran) if fault.kind == "freeze" else _arrived(ran)
    if not late:
        return None
    all_before = [effect for effect in _effects(ran) if effect.event < late[0].event]
    others = [effect for effect in all_before if fault.kind != "freeze" or effect.life != late[0].life]
    waiting = replace(scenario, course=tuple([step for step in scenario.course if not goes_with(fault, step)]))
    trigger = Fault("commit", kind="thaw" if fault.kind == "freeze" else "arrive")
    for effect in reversed(others[-_MOVES_MAX:]):
        moved = _ahead_of(waiting, all_before, effect, trigger)
        if moved is None:
            return None
        if not _shown(moved, shows):
            if fault.kind != "freeze":
                return Order(fault.kind, effect.name, f"{late[-1].name} that was under way")
            mattered = _mattered(scenario, all_before, effect, late, shows)
            return Order(fault.kind, f"{effect.name} by life {effect.life}", f"{mattered.name} by life {mattered.life}")
    return None


def _thawed(ran: Run) -> list[_Effect]:
    """The effects of the first life that thawed, from then on."""
    for at, event in enumerate(ran.history.events):
        if isinstance(event, h.Changed) and (found := _THAWED.fullmatch(event.what)):
            return [effect for effect in _effects(ran) if effect.event > at and effect.life == int(found[1])]
    return []


def _arrived(ran: Run) -> list[_Effect]:
    """The requests that took effect when their sender had given them up."""
    return [effect for effect in _effects(ran, late=True) if effect.is_late]


def _ahead_of(scenario: Scenario, before: Sequence[_Effect], effect: _Effect, trigger: Fault) -> Scenario | None:
    """The course with a trigger before one of its effects; None if it cannot be put there."""
    met = effect.met(before)
    for more in _MISCOUNTED:
        armed = trigger._replace(at=met.at, nth=met.nth + more, of=met.of)
        moved = replace(scenario, course=(armed, *scenario.course))
        ran = _try(moved)
        if ran is not None and _triggered_behind(ran, before.index(effect)):
            return moved
    return None


def _triggered_behind(ran: Run, count: int) -> bool:
    """Whether the first trigger came when so many effects had happened."""
    for at, event in enumerate(ran.history.events):
        if isinstance(event, h.Changed) and (_THAWED.fullmatch(event.what) or event.what == _ARRIVED):
            return count == sum(effect.event < at for effect in _effects(ran))
    return False


def _mattered(
    scenario: Scenario, before: Sequence[_Effect], effect: _Effect, late: Sequence[_Effect], shows: Shows
) -> _Effect:
    """The first effect of a thawed life that is enough if it comes ahead of another life's."""
    for count, each in enumerate(late, start=1):
        moved = _ahead_of(scenario, before, effect, Fault("commit", kind="thaw", effects=count))
        if moved is not None and not _shown(moved, shows):
            return each
    return late[-1]
