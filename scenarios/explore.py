"""Every small world of a configuration under a class of faults, in order of size.

A world is: a log of up to N records over a few timestamp gaps × every split of it into polls × where commits are asked
for × where the clock moves × where the fault strikes. The first refutation found is therefore the smallest. What lies
outside the bound was not looked at.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from onceproof.model import history as h
from onceproof.model.guarantee import Guarantee, combine
from onceproof.model.judge import Verdict, judge
from onceproof.scenarios import fitting
from onceproof.scenarios.leftovers import excused_uploads
from onceproof.scenarios.run import Run, World, run
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    ExpireOffsets,
    Fault,
    PollStep,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
    Thaw,
)

EPOCH_MS = 1_706_713_200_000
"""2024-01-31T15:00Z, the first timestamp of the second seed article's table."""
TOPIC = fitting.TOPIC
_WHERE = h.TopicPartition(TOPIC, 0)


@dataclass(frozen=True, slots=True)
class Bound:
    """How large a small world may be."""

    records: int
    gaps_ms: tuple[int, ...]
    clock_steps_ms: tuple[int, ...] = (0,)
    splits: bool = True
    """Whether polls are split in every way, or the log is read in one poll."""

    def size(self) -> str:
        """How large the worlds are, in a few words."""
        return f"all logs up to {self.records} records" + ("" if self.splits else ", one poll")

    def steps(self) -> str:
        """What lies between two records, and what the clock does."""
        gaps = " or ".join(f"{gap:,}" for gap in self.gaps_ms)
        moves = " or ".join(f"{step:,}" for step in self.clock_steps_ms)
        clock = f"; clock moves of {moves} ms" if self.clock_steps_ms != (0,) else ""
        return f"gaps of {gaps} ms between records{clock}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What exploring one cell came to. `witness` is the smallest run that last lowered what all runs together leave.

    None if no run refuted identical objects. Where one loses a record and another doubles one, so that no guarantee is
    left, it is the one that loses: it refutes the weaker promise.
    """

    guarantee: Guarantee
    runs: int
    witness: tuple[Run, Verdict] | None
    troubles: tuple[str, ...] = ()
    """Runs that got stuck or proved nothing: with any of these there is no verdict."""


def logs(bound: Bound, config: Mapping[str, str]) -> Iterator[h.Log]:
    """Every log of 1 to N records over the gaps, shorter ones first; the configuration can store them."""
    for count in range(1, bound.records + 1):
        for gaps in itertools.product(bound.gaps_ms, repeat=count - 1):
            times = itertools.accumulate(gaps, initial=EPOCH_MS)
            yield {_WHERE: tuple([fitting.record(config, offset, time) for offset, time in enumerate(times)])}


def calm(config: Mapping[str, str], bound: Bound) -> Scenario:
    """The longest log over the first of the gaps, read in one poll."""
    records = [fitting.record(config, at, EPOCH_MS + at * bound.gaps_ms[0]) for at in range(bound.records)]
    course = (Start(), PollStep(len(records)), CommitStep(), Rest(len(records)))
    log = {_WHERE: tuple(records)}
    return Scenario("small-calm", config, log, course, EPOCH_MS, schemas=fitting.schemas(config))


def splits(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to poll `count` records; fewer polls first."""
    for polls in range(1, count + 1):
        for cuts in itertools.combinations(range(1, count), polls - 1):
            yield tuple(b - a for a, b in itertools.pairwise((0, *cuts, count)))


def courses(count: int, bound: Bound) -> Iterator[tuple[Step, ...]]:
    """Every fault-free way to read a log of `count` records, up to but without the rest."""
    for split in splits(count) if bound.splits else ((count,),):
        for moves in itertools.product(bound.clock_steps_ms, repeat=len(split)):
            for commit_each in (False, True) if len(split) > 1 else (False,):
                course: list[Step] = [Start()]
                for number, (size, move_ms) in enumerate(zip(split, moves, strict=True)):
                    if move_ms:
                        course.append(Clock(add_ms=move_ms))
                    course.append(PollStep(size))
                    if commit_each and number < len(split) - 1:
                        course.append(CommitStep())
                yield (*course, CommitStep())


def numbered(event: h.Event) -> str | None:
    """What faults call this effect, if it is one that changes the outside."""
    match event:
        case h.Requested(request="head"):
            return None
        case h.Requested():
            return event.request
        case h.DeadLettered():
            return "dead letter"
        case h.Committed():
            return "commit"
    return None


def effects(ran: Run) -> list[Fault]:
    """The numbered effects of a run in their order, each as the crash before it."""
    counts: dict[tuple[str, h.TopicPartition | None], int] = {}
    found = []
    for event in ran.history.events:
        if (at := numbered(event)) is None:
            continue
        where = at, event.partition if isinstance(event, h.Requested | h.DeadLettered) else None
        counts[where] = counts.get(where, 0) + 1
        found.append(Fault(where[0], counts[where], where[1]))  # type: ignore[arg-type]
    return found


def scenarios(config: Mapping[str, str], fault: str, bound: Bound, world: World) -> Iterator[Scenario]:
    """Every scenario of a cell in order of size; faults are placed by the effects of the fault-free run."""
    name, schemas = f"small-{fault.replace(' ', '-')}", fitting.schemas(config)
    for log in logs(bound, config):
        count = len(log[_WHERE])
        for course in courses(count, bound):
            base = Scenario(name, config, log, course, EPOCH_MS, schemas=schemas)
            places = [] if fault in _UNPLACED else effects(run(base, world))
            for move_ms in bound.clock_steps_ms:
                after: tuple[Step, ...] = (Clock(add_ms=move_ms),) if move_ms else ()
                for size in sorted({1, count}, reverse=True) if bound.splits else (count,):
                    following = (*after, Rest(size))
                    placed = partial(_placed, base, fault, following, places, world)
                    yield from faulted(base, fault, following, bound.clock_steps_ms, places, placed)


_UNPLACED = ("none", "restart", "expired offsets")
"""Faults that do not strike at an effect."""


def faulted(
    base: Scenario,
    fault: str,
    rest: tuple[Step, ...],
    clock_steps_ms: Sequence[int],
    places: Sequence[Fault],
    placed: Callable[[], Iterator[tuple[Fault, ...]]],
) -> Iterator[Scenario]:
    """The scenarios of one class of faults over one fault-free course, whose effects are `places`.

    `placed` says where in these effects, and in those of what follows a first crash, the faults of a class strike.
    """
    course = base.course
    match fault:
        case "none":
            yield replace(base, course=(*course, *rest))
        case "restart":
            for index, step in enumerate(course):
                if isinstance(step, PollStep):
                    yield replace(base, course=(*course[: index + 1], StopStep(), Start(), *course[index + 1 :], *rest))
        case "expired offsets":
            yield replace(base, course=(*course, StopStep(), ExpireOffsets(), *rest))
        case "frozen owner":
            successors = list(successors_of(sum(map(len, base.log.values())), clock_steps_ms))
            for freeze, successor in itertools.product(freezes(places), successors):
                yield replace(base, course=(freeze, *course, *successor, *rest))
        case _:
            stop: tuple[Step, ...] = (StopStep(),) if fault == "commit refused" else ()
            changes = list(_changes(base, fault))
            for faults in placed():  # one by one: a second crash is placed by a run of the first
                for changed in changes:
                    yield replace(base, course=(*faults, *course, *stop, *changed, *rest))


def _changes(base: Scenario, fault: str) -> Iterator[tuple[Step, ...]]:
    """What the operator changes behind the course."""
    if fault != "other flush.size":
        yield ()
        return
    for size in sorted({"2", "3"} - {base.config["flush.size"]}):
        yield (Start({"flush.size": size}),)


def freezes(places: Sequence[Fault]) -> Iterator[Fault]:
    """Where an owner that freezes leaves other things outside: before each completion and each commit."""
    for place in places:
        if place.at in ("complete", "commit"):
            yield place._replace(kind="freeze")


def successors_of(count: int, clock_steps_ms: Sequence[int]) -> Iterator[tuple[Step, ...]]:
    """How the next owner reads: all at once, the clock before it and behind it, and a commit; then the first thaws."""
    for before_ms, behind_ms in itertools.product(clock_steps_ms, repeat=2):
        before = (Clock(add_ms=before_ms),) if before_ms else ()
        behind = (Clock(add_ms=behind_ms), PollStep(0)) if behind_ms else ()
        yield (Start(), *before, PollStep(count), *behind, CommitStep(), Thaw())


def _placed(
    base: Scenario, fault: str, rest: tuple[Step, ...], places: list[Fault], world: World
) -> Iterator[tuple[Fault, ...]]:
    """Where the fault can strike before the rest; two crashes are placed by the run of the first."""
    for place in places:
        match fault:
            case "crash" | "other flush.size":
                yield (place,)
                if place is places[-1]:  # n effects have n + 1 cuts
                    yield (place._replace(when="after"),)
            case "two crashes":
                crashed = effects(run(replace(base, course=(place, *base.course, *rest)), world))
                for second in crashed[places.index(place) :]:
                    # The first crash is before an effect that is counted and was never performed.
                    same = (second.at, second.of) == (place.at, place.of)
                    yield (place, second._replace(nth=second.nth + same))
            case "S3 error" if place.at not in ("commit", "dead letter"):
                yield (place._replace(kind="503"),)
            case "lost reply" if place.at == "complete":
                yield (place._replace(when="after", kind="io"),)
            case "commit refused" if place.at == "commit":
                yield (place._replace(kind="io"),)


def troubles_of(ran: Run, verdict: Verdict) -> list[str]:
    """What takes a run its verdict: a fault that did not fire, a sink that got stuck, uploads left for no reason."""
    troubles = [f"the fault '{fault}' never met its effect" for fault in ran.unfired]
    troubles += [finding.detail for finding in verdict.findings if finding.kind == "stuck"]
    uploads, excused = len(ran.history.unfinished_uploads), excused_uploads(ran.history)
    if uploads > excused:
        troubles.append(f"{uploads} unfinished uploads, after {excused} kills and failed requests")
    return [*troubles, *verdict.not_observed]


def explore(config: Mapping[str, str], fault: str, bound: Bound, world: World) -> Finding:
    """Run every scenario of a cell; the guarantee is the strongest that none of them refuted."""
    guarantees = {Guarantee("identical objects")}
    found = combine(guarantees)
    witness = None
    runs = 0
    troubles: list[str] = []
    for scenario in scenarios(config, fault, bound, world):
        ran = run(scenario, world)
        verdict = judge(ran.history)
        runs += 1
        troubles += troubles_of(ran, verdict)
        if verdict.guarantee not in guarantees:
            guarantees.add(verdict.guarantee)
            weaker = combine(guarantees)
            if witness is None or (weaker != found and witness[1].guarantee is not Guarantee.AT_MOST_ONCE):
                witness = (ran, verdict)
            found = weaker
    return Finding(found, runs, witness, tuple(dict.fromkeys(troubles)))
