"""A search that starts from nothing finds the schedule's duplicate, and shrinks it to a story that a person can tell."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from onceproof.model.history import Record, TopicPartition
from onceproof.model.judge import judge
from onceproof.scenarios.configurations import CONFIGURATIONS, Configuration
from onceproof.scenarios.explore import EPOCH_MS, effects
from onceproof.scenarios.files import dump
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, PollStep, Rest, Scenario, Start, Step
from onceproof.scenarios.shrink import shrink
from onceproof.scenarios.worlds.simulated import SimulatedWorld

WORLD = SimulatedWorld()
SCHEDULED = [row for row in CONFIGURATIONS if row.name.startswith("rotate.schedule.interval.ms")]


def drawn(row: Configuration, draw: random.Random) -> Scenario:
    """A random log, poll split, clock and set of commits, with one or two crashes among the effects it would have."""
    count = draw.randint(4, 9)
    times = [EPOCH_MS + draw.randint(0, 7_000_000) for _ in range(count)]
    log = {TopicPartition("t", 0): tuple(Record(i, ms, None, b'{"i":%d}' % i) for i, ms in enumerate(times))}
    course: list[Step] = [Start()]
    for _ in range(draw.randint(2, 6)):
        course += [PollStep(draw.randint(1, 4)), Clock(add_ms=draw.choice([0, 7_000, 61_000, 130_000]))]
        course += [CommitStep()] if draw.random() < 0.4 else []
    calm = Scenario("drawn", row.properties, log, (*course, Rest(draw.randint(1, 5))), EPOCH_MS)
    places = effects(run(calm, WORLD))
    faults: list[Fault] = draw.sample(places, min(len(places), draw.randint(1, 2)))
    return replace(calm, course=(*faults, *calm.course))


def doubles(scenario: Scenario) -> bool:
    """Whether a record stands twice at rest, after every fault of the scenario fired."""
    ran = run(scenario, WORLD)
    found = judge(ran.history).findings
    return not ran.unfired and any(finding.kind == "duplicated" and finding.at_rest for finding in found)


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
def test_search_finds_a_duplicate_and_shrinks_it(row: Configuration, measured: Callable[[str], None]) -> None:
    """From five seeds a duplicate under the schedule is found, and shrinks to at most three records and one crash."""
    witnesses = []
    for seed in range(5):
        draw = random.Random(seed)
        tried = 1
        while not doubles(scenario := drawn(row, draw)):
            tried += 1
        witness = shrink(scenario, doubles)
        witnesses.append(dump(replace(witness, name="witness")))
        records = sum(map(len, witness.log.values()))
        measured(f"{row.name}, seed {seed}: found after {tried} runs, {records} records")

        assert 3 >= records, witnesses[-1]
        assert ["crash"] == [step.kind for step in witness.course if isinstance(step, Fault)], witnesses[-1]
        assert doubles(witness)
    measured(f"{row.name}: {len(set(witnesses))} different witnesses of 5 seeds\n{witnesses[0]}")


def test_record_time_is_not_refuted_by_the_same_search() -> None:
    """The same search over rotate.interval.ms finds no duplicate in a thousand runs."""
    row = CONFIGURATIONS[0]
    draw = random.Random(1)

    assert not any(doubles(drawn(row, draw)) for _ in range(1000))


def test_what_does_not_fail_is_not_shrunk() -> None:
    """Shrinking a scenario that does not fail is refused by its name."""
    with pytest.raises(ValueError, match="drawn does not fail"):
        shrink(drawn(CONFIGURATIONS[0], random.Random(1)), doubles)
