"""Day-to-day operation over a real log: polls of a fixed size, a clock that moves on, commits now and then, and faults.

Where the faults strike is drawn from the seed, among the effects that the fault-free run had in the same world.
"""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onceproof.model import history as h
from onceproof.scenarios.explore import effects
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, PollStep, Rest, Scenario, Start, Step
from onceproof.scenarios.worlds.simulated import SimulatedWorld


@dataclass(frozen=True, slots=True)
class Pace:
    """How a sink is driven: records of a partition in one poll, what the clock moves for each, polls for a commit."""

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


def crashed(calm: Run, draw: random.Random, crashes: int) -> Scenario | None:
    """The same with `crashes` kill -9, each followed by a restart that polls at another size; None if nothing can fail.

    The first falls before a commit that many files of one partition wait for: what is read again then meets most of
    them. Each later one strikes one of the first files of the life before it, as the simulation says that there are.
    """
    scenario = calm.scenario
    places = effects(calm)
    if not places:
        return None
    waiting = _files_waiting(places)
    early = list(waiting)[: (len(waiting) + 1) // 2]
    many = max((waiting[index] for index in early), default=0)
    first = places[draw.choice([index for index in early if waiting[index] >= many - 1] or [0])]
    poll = max(step.size for step in scenario.course if isinstance(step, PollStep))
    body = [step for step in scenario.course if not isinstance(step, Start | Rest)]
    course: list[Step] = [first, Start(), *body]
    for number in range(1, crashes + 1):
        life: list[Step] = [Start(), *(_resized(step, poll * 2 // 3 + number) for step in body)]
        files = _files_of_last_step(replace(scenario, course=(*course, Rest(poll)))) if number < crashes else 0
        if files:
            course.append(Fault("complete", draw.randint(1, min(3, files)), None, draw.choice(("before", "after"))))
        course += life
    return replace(scenario, course=(*course, Rest(poll)))


def _resized(step: Step, size: int) -> Step:
    return PollStep(size) if isinstance(step, PollStep) else step


def _files_of_last_step(scenario: Scenario) -> int:
    """How many files the last step of a course completes."""
    ran = run(scenario, SimulatedWorld())
    events = ran.history.events[ran.marks[-1].first :]
    return sum(isinstance(event, h.Requested) and event.request == "complete" for event in events)


def _files_waiting(places: Sequence[Fault]) -> dict[int, int]:
    """For each commit, by its index: how many files of one partition are complete and wait for it."""
    found = {}
    counts: Counter[object] = Counter()
    for index, place in enumerate(places):
        if place.at == "complete":
            counts[place.of] += 1
        elif place.at == "commit":
            found[index] = max(counts.values(), default=0)
            counts.clear()
    return found
