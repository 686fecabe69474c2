"""Which of the things that went wrong in a scenario were necessary, and which order of effects mattered.

Each fault is left out, and each set of them where there are few, and it is seen whether the finding stays. Then a fault
that lies between two effects is moved: a crash over the effects of the life that it ends, what takes effect late over
the effects that it came behind. Where the finding goes, there is the pair of effects whose order mattered. A fault that
meets nothing once another one is gone counts as gone with it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from onceproof.model.history import Ended
from onceproof.model.judge import Finding, Verdict, judge
from onceproof.model.ordinals import ordinal
from onceproof.model.settings import OutsideDomain
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.ordering import Order, orders
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import (
    TRIGGERS,
    Arrive,
    Clock,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    Foreign,
    Outage,
    Pause,
    Rebalance,
    Scenario,
    SetOffsets,
    Start,
    Step,
    Thaw,
    Trim,
)
from onceproof.scenarios.shrink import Shows
from onceproof.scenarios.smaller import goes_with
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.errors import ConfigError

_SETS_OF_MAX = 4
"""Of more faults than these not every set is left out, only each alone, and all."""
RECORDS_MAX = 200
"""Larger logs are not run again and again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The scenario without some of its faults: whether the finding stays, and what came of it in words."""

    without: tuple[str, ...]
    stays: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Ablation:
    """What leaving out faults showed. `necessary` are those without which, alone, the finding goes."""

    necessary: tuple[str, ...]
    unnecessary: tuple[str, ...]
    trials: tuple[Trial, ...]
    orders: tuple[Order, ...]

    def sentences(self) -> tuple[str, ...]:
        """One for each fault, one for each set that says more than its members, one for each pair of effects."""
        told = [
            f"Without {_listed(trial.without)}, {trial.outcome}." for trial in self.trials if self._says_more(trial)
        ]
        return (*told, *(str(order) for order in self.orders))

    def _says_more(self, trial: Trial) -> bool:
        """A set speaks where the finding goes with it and stays without any smaller set of it."""
        if len(trial.without) == 1:
            return True
        smaller = [each for each in self.trials if {*each.without} < {*trial.without}]
        return not trial.stays and all(each.stays for each in smaller)


def ablate(scenario: Scenario, shows: Shows) -> Ablation:
    """Leave out what went wrong, in the simulated world; raises ValueError if the scenario does not show it."""
    if not shows(scenario):
        raise ValueError(f"{scenario.name} does not show what is to be explained")
    ran = run(scenario, SimulatedWorld())
    verdict = judge(ran.history)
    faults = _faults(scenario)
    trials = [_trial(scenario, verdict, shows, left_out) for left_out in _sets(faults)]
    alone = {trial.without[0]: trial.stays for trial in trials if len(trial.without) == 1}
    return Ablation(
        necessary=tuple(name for name, stays in alone.items() if not stays),
        unnecessary=tuple(name for name, stays in alone.items() if stays),
        trials=tuple(trials),
        orders=tuple(orders(scenario, shows, [each.at for each in faults if not alone[each.name]])),
    )


def leaves_no_more(verdict: Verdict) -> Shows:
    """Whether a scenario, run in the simulated world, leaves no more than this verdict did, for the same reason."""
    kinds = {finding.kind for finding in verdict.findings if finding.kind != "leaked"}

    def shows(scenario: Scenario) -> bool:
        found = judge(run(scenario, SimulatedWorld()).history)
        same = not kinds or any(finding.kind in kinds for finding in found.findings)
        return same and verdict.guarantee.implies(found.guarantee)

    return shows


def explained(scenario: Scenario, verdict: Verdict) -> tuple[str, ...]:
    """Why a small scenario left what it left, in sentences; none for one that is large or that nothing refutes."""
    if sum(map(len, scenario.log.values())) > RECORDS_MAX:
        return ()
    shows = leaves_no_more(verdict)
    return ablate(scenario, shows).sentences() if shows(scenario) else ()


@dataclass(frozen=True, slots=True)
class _Wrong:
    """One thing that goes wrong: the steps that are it, and what the course is without them."""

    name: str
    at: int
    instead: tuple[Step, ...] = ()


def _faults(scenario: Scenario) -> list[_Wrong]:
    """What goes wrong in a course, in its order; of several of a kind each has a number."""
    found = [_Wrong(name, at, instead) for at, step in enumerate(scenario.course) for name, instead in _wrong(step)]
    names = [each.name for each in found]
    return [
        replace(each, name=f"{ordinal(1 + names[:at].count(each.name))} {each.name}")
        if names.count(each.name) > 1
        else each
        for at, each in enumerate(found)
    ]


def _wrong(step: Step) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """What is wrong with a step, as a name, and the steps of one that is not."""
    match step:
        case Fault():
            yield _fault(step), ()
        case Start(config, _, skew_ms):
            if config:
                yield "change of the configuration", (step._replace(config={}),)
            if skew_ms:
                yield "difference between the clocks", (step._replace(skew_ms=0),)
        case Clock(None, add_ms) if add_ms < 0:
            yield "clock set back", ()
        case _ if type(step) in _NAMES:
            yield _NAMES[type(step)], ()


_NAMES: dict[type, str] = {
    Crash: "crash",
    Thaw: "thaw",
    Arrive: "arrival",
    Outage: "outage",
    ExpireOffsets: "expiry of the offsets",
    SetOffsets: "setting of offsets by hand",
    Trim: "retention",
    Compact: "compaction",
    Foreign: "object of somebody else",
    Rebalance: "rebalance",
    Pause: "pause",
}


def _fault(fault: Fault) -> str:
    """A fault as a noun: `crash`, `503 for the create`, `lost reply to the complete`."""
    if fault.kind in ("crash", "freeze", *TRIGGERS):
        return "arrival" if fault.kind == "arrive" else fault.kind
    what = f"to the {fault.at}"
    match fault.when:
        case "after":
            return f"lost reply {what}"
        case "unsent":
            return f"loss of the {fault.at}"
        case "late":
            return f"delay of the {fault.at}"
    if fault.at == "commit":
        return "refusal of the commit"
    return f"lost connection of the {fault.at}" if fault.kind == "io" else f"{fault.kind} {what}"


def _sets(faults: Sequence[_Wrong]) -> Iterator[tuple[_Wrong, ...]]:
    sizes = range(1, len(faults) + 1) if len(faults) <= _SETS_OF_MAX else (1, len(faults))
    return chain.from_iterable(combinations(faults, size) for size in sizes)


def _trial(scenario: Scenario, verdict: Verdict, shows: Shows, left_out: Sequence[_Wrong]) -> Trial:
    """Run it without some of its faults."""
    names = tuple(each.name for each in left_out)
    less = _without(scenario, left_out)
    try:
        ran = run(less, SimulatedWorld())
        tidy = replace(less, course=_tidied(ran))
        if tidy != less:
            less, ran = tidy, run(tidy, SimulatedWorld())
        found = judge(ran.history)
        stays = shows(less)
    except (ScenarioError, ConfigError, OutsideDomain) as error:
        return Trial(names, stays=False, outcome=f"the rest cannot happen ({error})")
    return Trial(names, stays, "it happens all the same" if stays else _outcome(verdict, found))


def _without(scenario: Scenario, left_out: Sequence[_Wrong]) -> Scenario:
    instead = {each.at: each.instead for each in left_out}
    gone = [scenario.course[at] for at, steps in instead.items() if not steps]
    course: list[Step] = []
    for at, step in enumerate(scenario.course):
        if at in instead:
            course += instead[at]
        elif not any(goes_with(each, step) for each in gone):
            course.append(step)
    return replace(scenario, course=tuple(course))


def _tidied(ran: Run) -> tuple[Step, ...]:
    """The course without faults that met nothing, and without a start that would now end the life that goes on.

    Of equal faults as many go as were left.
    """
    left = [_whatever_number(fault) for fault in ran.unfired]
    course: list[Step] = []
    for mark in reversed(ran.marks):
        step = mark.step
        if isinstance(step, Fault) and _whatever_number(step) in left:
            left.remove(_whatever_number(step))
        elif step != Start() or not isinstance(ran.history.events[mark.first], Ended):
            course.append(step)
    return tuple(reversed(course))


def _whatever_number(fault: Fault) -> Fault:
    """A fault whatever its number, which is counted down while it waits."""
    return fault._replace(nth=1)


# --- words -----------------------------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    named = [f"the {name}" for name in names]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


_GONE: dict[str, Callable[[str, bool], str]] = {
    "lost": lambda offsets, many: f"{offsets} {'are' if many else 'is'} not lost",
    "duplicated": lambda offsets, many: f"{offsets} {'stand' if many else 'stands'} once",
    "altered": lambda offsets, many: f"{offsets} {'are' if many else 'is'} unchanged",
    "misplaced": lambda offsets, many: f"{offsets} {'are' if many else 'is'} in place",
    "reordered": lambda offsets, many: f"{offsets} {'stand' if many else 'stands'} in order",
    "rewritten": lambda _offsets, _many: "no visible object changes its records",
    "stuck": lambda _offsets, _many: "the sink finishes",
}
"""What is true where a finding is not, the gravest first."""


def _outcome(verdict: Verdict, found: Verdict) -> str:
    """What is otherwise, by the gravest finding that is not there any more; and what is left, if not everything."""
    left = "" if found.guarantee == "identical objects" else f", and {found.guarantee} is left"
    kinds = {(finding.kind, finding.at_rest) for finding in found.findings}
    for kind, words in _GONE.items():
        gone = [each for each in verdict.findings if each.kind == kind and (each.kind, each.at_rest) not in kinds]
        if gone:
            return words(*_offsets(gone)) + left
    return "the objects are those of a run in which nothing goes wrong" if not left else f"it is {found.guarantee}"


def _offsets(findings: Sequence[Finding]) -> tuple[str, bool]:
    """The offsets that findings speak of, and whether they are several."""
    offsets = sorted({offset for finding in findings for offset in finding.offsets})
    runs = [[first, first] for first in offsets[:1]]
    for offset in offsets[1:]:
        if offset == runs[-1][1] + 1:
            runs[-1][1] = offset
        else:
            runs.append([offset, offset])
    spans = [
        f"{first} to {last}" if last - first > 1 else " and ".join(dict.fromkeys([str(first), str(last)]))
        for first, last in runs
    ]
    return f"offset{'s' if len(offsets) > 1 else ''} {', '.join(spans)}", len(offsets) > 1
