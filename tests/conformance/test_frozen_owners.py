"""Owners that freeze and thaw do on Kafka what they do in the simulation, and Kafka itself fences them."""

from collections.abc import Mapping

import pytest

from onceproof.model import history as h
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Fault,
    PollStep,
    Rest,
    Scenario,
    Start,
    Step,
    Thaw,
)
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

pytestmark = pytest.mark.container
NOW_MS = 1_706_713_200_000
T0, T1 = h.TopicPartition("t", 0), h.TopicPartition("t", 1)
BY_TWOS = {
    **JSON,
    "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner",
    "flush.size": "2",
}
SCHEDULED = {
    **BY_TWOS,
    "flush.size": "1000",
    "timezone": "UTC",
    "rotate.schedule.interval.ms": "60000",
    "enable.conditional.writes": "false",
}
SLOT = Clock(add_ms=60_000)
FREEZES_AT_ITS_COMMIT = (Start(), PollStep(2), Fault("commit", kind="freeze"), CommitStep())


def same_in_both(
    container_world: ProcessWorld, course: tuple[Step, ...], config: Mapping[str, str] = BY_TWOS
) -> h.History:
    """The history of a course over two partitions in the world, which is that of the simulation but for ids."""
    records = tuple(h.Record(at, NOW_MS + 1000 * at, None, b'{"i":%d}' % at) for at in range(6))
    scenario = Scenario("frozen", config, {T0: records, T1: records[:1]}, course, NOW_MS)
    there, simulated = (run(scenario, place).history for place in (container_world, SimulatedWorld()))

    assert list(map(plain, simulated.events)) == list(map(plain, there.events))
    assert [(each.key, each.body) for each in simulated.versions] == [(each.key, each.body) for each in there.versions]
    assert simulated.committed == there.committed
    return there


def plain(event: h.Event) -> object:
    """An event without what a store or a broker calls things, and says of them."""
    match event:
        case h.Requested():
            return event.life, event.request, event.key, event.outcome, event.applied, event.digest
        case h.Committed():
            return event.life, event.offsets, event.outcome, event.applied
    return event


def commits(found: h.History) -> list[tuple[int, bool | None]]:
    """Which life committed, and whether the group took it."""
    return [(event.life, event.applied) for event in found.events if isinstance(event, h.Committed)]


def test_the_broker_refuses_the_commit_of_an_owner_that_was_replaced(container_world: ProcessWorld) -> None:
    """Its successor's stands, and so do the commits of whoever comes behind both."""
    successor = (Start(), PollStep(4), CommitStep())
    found = same_in_both(container_world, (*FREEZES_AT_ITS_COMMIT, *successor, Thaw(), PollStep(2), Rest()))

    assert [(1, True), (0, False), (1, True)] == commits(found)[:3]
    assert 6 == found.committed[T0]


def test_the_broker_takes_the_commit_of_an_owner_that_nobody_replaced(container_world: ProcessWorld) -> None:
    """However long it stood still."""
    assert (0, True) == commits(same_in_both(container_world, (*FREEZES_AT_ITS_COMMIT, Thaw(), Rest())))[0]


def test_an_owner_thaws_effect_by_effect(container_world: ProcessWorld) -> None:
    """By a step, and in the middle of an effect of its successor: whoever completes last decides what stands there."""
    owner = (Fault("create", kind="freeze"), Start(), PollStep(2), SLOT, PollStep(0), Thaw(effects=1), Start())
    meets = (Fault("complete", kind="thaw", effects=1), PollStep(4), SLOT, PollStep(0), Thaw(effects=1), CommitStep())
    found = same_in_both(container_world, (*owner, *meets, Rest()), SCHEDULED)

    done = [
        (each.life, each.request) for each in found.events if isinstance(each, h.Requested) and each.partition == T0
    ]

    assert [(0, "create"), (1, "create"), (1, "part"), (0, "part"), (1, "complete"), (0, "complete")] == done[:6]
