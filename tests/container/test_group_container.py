"""A consumer group on Kafka itself, seen from within by two members, and from outside by `onceproof sink clean`."""

from collections.abc import Iterator, Mapping

import pytest
from working import append, log_of

from onceproof.scenarios.worlds.broker import KafkaContainer
from onceproof.sink.effects import TopicPartition
from onceproof.sink.outside.clean import Group
from onceproof.sink.outside.kafka import KafkaConsumer

pytestmark = pytest.mark.container
PARTITIONS = 4
QUICK = {"fetch.wait.max.ms": 10, "heartbeat.interval.ms": 200}


class Member:
    """One member: what it owns, what it was told, and which offsets it has read; it commits what is taken from it."""

    def __init__(self, kafka: KafkaContainer, group: str, strategy: str) -> None:
        self.owned: set[int] = set()
        self.taken: list[set[int]] = []
        self.read: dict[int, list[int]] = {number: [] for number in range(PARTITIONS)}
        settings = {**QUICK, "partition.assignment.strategy": strategy}
        self.consumer = KafkaConsumer(kafka.bootstrap_servers, group, settings)
        self.consumer.subscribe(("t",), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def _assigned(self, positions: Mapping[TopicPartition, int]) -> None:
        self.owned |= {at.partition for at in positions}

    def _revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self.owned -= {at.partition for at in partitions}
        self.taken.append({at.partition for at in partitions})
        done = {at: self.read[at.partition][-1] + 1 for at in partitions if self.read[at.partition]}
        if done:
            self.consumer.commit(done)

    def poll(self) -> None:
        """Take what there is."""
        for at, records in self.consumer.fetch(0.05).items():
            self.read[at.partition] += [record.offset for record in records]


@pytest.fixture(params=["range", "roundrobin", "cooperative-sticky"])
def members(request: pytest.FixtureRequest, kafka: KafkaContainer) -> Iterator[list[Member]]:
    """One member that has read ten records of each partition; tests add others."""
    group = kafka.fresh_topics(log_of(dict.fromkeys(range(PARTITIONS), 10)))
    made = [Member(kafka, group, request.param)]
    until(made, lambda: all(len(offsets) == 10 for offsets in made[0].read.values()))
    made.append(Member(kafka, group, request.param))
    yield made
    for member in made:
        member.consumer.close()


def until(members: list[Member], holds: object) -> None:
    """Poll all of them until it does."""
    for _ in range(400):
        if holds():  # type: ignore[operator]
            return
        for member in members:
            member.poll()
    raise AssertionError("it never came to that")


def test_partitions_move_to_a_second_member_and_are_read_on(
    request: pytest.FixtureRequest, kafka: KafkaContainer, members: list[Member]
) -> None:
    """Each offset once. Eager protocols take all partitions first, the cooperative one only those that move."""
    one, other = members
    until(members, lambda: len(one.owned) == len(other.owned) == 2)
    append(kafka.bootstrap_servers, log_of(dict.fromkeys(range(PARTITIONS), 5), start=10))
    until(members, lambda: all(len(one.read[at]) + len(other.read[at]) == 15 for at in range(PARTITIONS)))

    assert one.owned | other.owned == set(range(PARTITIONS))
    for at in range(PARTITIONS):
        assert list(range(15)) == sorted(one.read[at] + other.read[at])
    cooperative = "cooperative" in request.node.name
    assert [other.owned if cooperative else set(range(PARTITIONS))] == one.taken


def test_a_pause_ends_where_a_partition_leaves_and_lasts_where_it_stays(
    kafka: KafkaContainer, members: list[Member]
) -> None:
    """Whoever gets it reads it; who keeps it, does not."""
    one, other = members
    one.consumer.pause(frozenset(TopicPartition("t", at) for at in range(PARTITIONS)))
    until(members, lambda: len(one.owned) == len(other.owned) == 2)
    append(kafka.bootstrap_servers, log_of(dict.fromkeys(range(PARTITIONS), 5), start=10))
    until(members, lambda: all(len(other.read[at]) == 5 for at in other.owned))
    stays_paused = bool(one.owned - set().union(*one.taken))
    if stays_paused:
        for _ in range(10):
            one.poll()

    assert {10} == {len(one.read[at]) for at in other.owned}
    assert not stays_paused or {10} == {len(one.read[at]) for at in one.owned}


def test_a_group_is_counted_from_outside(kafka: KafkaContainer) -> None:
    """None where nobody is, also in a group that never was."""
    name = kafka.fresh_topics(log_of({0: 1}))
    group = Group(kafka.bootstrap_servers, {})
    before = group.members(name)
    member = Member(kafka, name, "range")
    until([member], lambda: member.owned)
    within = group.members(name)
    member.consumer.close()

    assert (0, 1, 0) == (before, within, group.members(name))
