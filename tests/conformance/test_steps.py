"""Steps that change the log, the clock and the assignment do in every world what they do in the simulation."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from measured import Measured
from profiles import PROFILE, examples

from onceproof.model import history as h
from onceproof.scenarios import adverse
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.errors import Incapable
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    CommitStep,
    Crash,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
    Trim,
)
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 40
NOW_MS = 1_706_713_200_000
T0, T1 = h.TopicPartition("t", 0), h.TopicPartition("t", 1)
BY_TWOS = {
    **JSON,
    "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner",
    "flush.size": "2",
}


@pytest.fixture(params=["embedded", pytest.param("container", marks=pytest.mark.container)])
def world(request: pytest.FixtureRequest) -> ProcessWorld:
    """Each world with processes."""
    found: ProcessWorld = request.getfixturevalue(f"{request.param}_world")
    return found


def scenario(*course: Step, offsets: tuple[int, ...] = tuple(range(6))) -> Scenario:
    """Records of two partitions at these offsets; the second has but one."""
    records = tuple(h.Record(at, NOW_MS + 1000 * at, None, b'{"i":%d}' % at) for at in offsets)
    return Scenario("steps", BY_TWOS, {T0: records, T1: records[:1]}, course, NOW_MS)


def plain(event: h.Event) -> h.Event:
    """An event without the ids that a store gives, and without its words."""
    match event:
        case h.Requested():
            return replace(event, upload_id="", version_id=None, detail="")
        case h.Committed() | h.DeadLettered():
            return replace(event, detail="")
    return event


def bodies(found: h.History) -> list[tuple[str, bytes]]:
    """What the bucket holds, without its ids."""
    return [(version.key, version.body) for version in found.versions]


@pytest.mark.parametrize(
    "course",
    [
        (Start(), PollStep(9), Produce(1), PollStep(9), CommitStep(), Produce(2), PollStep(9), Rest()),
        (Start(), Produce(4), PollStep(9), Crash(), Trim(T0, 3), Produce(2), Rest()),
        (Start(), PollStep(3), CommitStep(), Crash(), Trim(T0, 6), Rest()),
        (Pause(1000, 3), Start(), PollStep(0), Crash(), Pause(500, 1), Start(skew_ms=50), Rest()),
        (Start(assign=(T0,)), PollStep(1), Rebalance((T0, T1), "cooperative"), PollStep(3), CommitStep(), Rest()),
        (Start(), PollStep(1), Rebalance((T0,), "cooperative"), PollStep(3), CommitStep(), Rest()),
    ],
    ids=[
        "records-come-while-a-life-runs",
        "records-go-and-come",
        "records-are-all-gone",
        "pauses-of-clocks-apart",
        "one-more-partition",
        "one-partition-less",
    ],
)
def test_a_course_is_the_same_as_in_the_simulation(world: ProcessWorld, course: tuple[Step, ...]) -> None:
    """Event for event, but for the ids that a store gives; and so are objects and offsets."""
    there, simulated = (run(scenario(*course), place).history for place in (world, SimulatedWorld()))

    assert list(map(plain, simulated.events)) == list(map(plain, there.events))
    assert bodies(simulated) == bodies(there)
    assert simulated.committed == there.committed


def test_whatever_goes_wrong_goes_wrong_as_in_the_simulation(world: ProcessWorld, measured: Measured) -> None:
    """Event for event, over drawn scenarios; what the world lacks it refuses, by name.

    One that differs is shown as it was drawn: to shrink it with real processes would take minutes.
    """
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=examples(EXAMPLES), phases=[Phase.generate])
    @given(adverse.adverse_scenarios())
    def property_holds(drawn: Scenario) -> None:
        try:
            there = run(drawn, world).history
        except Incapable:
            counts["refused"] += 1
            return
        counts["run"] += 1
        counts.update({type(step).__name__ for step in drawn.course})
        simulated = run(drawn, SimulatedWorld()).history

        assert list(map(plain, simulated.events)) == list(map(plain, there.events))
        assert bodies(simulated) == bodies(there)
        assert simulated.committed == there.committed

    property_holds()

    measured(f"{world.name}: " + ", ".join(f"{number:,} {part}" for part, number in sorted(counts.items())))
    assert counts["run"] > 5


def test_a_log_that_grows_has_no_gaps(world: ProcessWorld) -> None:
    """A gap may be the marker of a transaction that would have had to begin with a record which is there already."""
    with pytest.raises(Incapable, match="gaps in a log that grows"):
        run(scenario(Start(), Produce(1), Rest(), offsets=(1, 2, 3)), world)
