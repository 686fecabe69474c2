"""Logs that change in the middle of a course leave in every world what they leave in the simulation."""

import pytest

from onceproof.model import history as h
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.errors import Incapable
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import CommitStep, Crash, PollStep, Produce, Rest, Scenario, Start, Step, Trim
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

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
    return Scenario("changing", BY_TWOS, {T0: records, T1: records[:1]}, course, NOW_MS)


@pytest.mark.parametrize(
    "course",
    [
        (Start(), PollStep(9), Produce(1), PollStep(9), CommitStep(), Produce(2), PollStep(9), Rest()),
        (Start(), Produce(4), PollStep(9), Crash(), Trim(T0, 3), Produce(2), Rest()),
        (Start(), PollStep(3), CommitStep(), Crash(), Trim(T0, 6), Rest()),
    ],
    ids=["come-while-a-life-runs", "go-and-come", "are-all-gone"],
)
def test_records_come_and_go_as_in_the_simulation(world: ProcessWorld, course: tuple[Step, ...]) -> None:
    """Event for event, but for the ids that a store gives; and so do objects and offsets."""
    there, simulated = (run(scenario(*course), place).history for place in (world, SimulatedWorld()))

    assert [type(event) for event in simulated.events] == [type(event) for event in there.events]
    assert [(each.key, each.body) for each in simulated.versions] == [(each.key, each.body) for each in there.versions]
    assert simulated.committed == there.committed


def test_a_log_that_grows_has_no_gaps(world: ProcessWorld) -> None:
    """A gap may be the marker of a transaction that would have had to begin with a record which is there already."""
    with pytest.raises(Incapable, match="gaps in a log that grows"):
        run(scenario(Start(), Produce(1), Rest(), offsets=(1, 2, 3)), world)
