"""Day-to-day operation over a real log: polls of a fixed size, a clock that moves on, commits now and then, and faults.

Where the faults strike is drawn from the seed, among the effects that the fault-free run had in the same world.
"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onceproof.model import history as h
from onceproof.scenarios.explore import effects
from onceproof.scenarios.run import Run
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, PollStep, Rest, Scenario, Start, Step


@dataclass(frozen=True, slots=True)
class Pace:
    """How a sink is driven: records of a partition in one poll, what the clock moves on for each, polls for a commit."""

    poll: int
    clock_step_ms: int
    commit_each: int


def operation(
    name: str, config: Mapping[str, str], log: h.Log, origin: Mapping[str, Any] | None, pace: Pace, *, start_ms: int
) -> Scenario:
    """The fault-free course over the whole log."""
    polls = -(-max(map(len, log.values()), default=0) // pace.poll)
    course: list[Step] = [Start(), *itertools.islice(_steps(pace), 3 * polls)]
    return Scenario(name, config, log, (*course, Rest(pace.poll)), start_ms, origin=origin)


def _steps(pace: Pace) -> Iterator[Step]:
    for number in itertools.count(1):
        yield PollStep(pace.poll)
        if pace.clock_step_ms:
            yield Clock(add_ms=pace.clock_step_ms)
        if number % pace.commit_each == 0:
            yield CommitStep()


def crashed(calm: Run, draw: random.Random, crashes: int) -> Scenario:
    """The same with `crashes` kill -9, each followed by a restart and by polls of another size.

    One of them falls between a completed file and its commit: that is where a replay begins.
    """
    scenario = calm.scenario
    places = effects(calm)
    commits = [
        index for index, place in enumerate(places) if place.at == "commit" and places[index - 1].at == "complete"
    ]
    chosen = sorted({draw.choice(commits or range(len(places))), *draw.sample(range(len(places)), crashes - 1)})
    faults = [_repeated(places, index, order) for order, index in enumerate(chosen)]
    poll = max(step.size for step in scenario.course if isinstance(step, PollStep))
    return replace(scenario, course=(*faults, *_restarted(scenario.course, len(faults), poll)))


def _repeated(places: Sequence[Fault], index: int, order: int) -> Fault:
    """The crash at a place of the calm run, counted on by the effects that earlier crashes made happen again."""
    return places[index]._replace(nth=places[index].nth + order)


def _restarted(course: Sequence[Step], crashes: int, poll: int) -> tuple[Step, ...]:
    """The course, and behind it enough of it for every life that a crash begins, with polls of another size."""
    body = [step for step in course if not isinstance(step, Start | Rest)]
    other = [PollStep(poll * 2 // 3 + 1) if isinstance(step, PollStep) else step for step in body]
    lives = [step for _ in range(crashes) for step in (Start(), *other)]
    return (Start(), *body, *lives, Rest(poll))


def disturbed(calm: Run, draw: random.Random, *, at: str, when: str, kind: str) -> Scenario:
    """The same with one failing request of a kind, drawn among those of the calm run."""
    places = [place for place in effects(calm) if place.at == at]
    fault = draw.choice(places)._replace(when=when, kind=kind)  # type: ignore[arg-type]
    return replace(calm.scenario, course=(fault, *calm.scenario.course))
