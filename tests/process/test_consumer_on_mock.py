"""The consumer adapter against a broker: records as they stand, positions as told, commits as answered."""

from collections.abc import Iterator, Mapping

import pytest

from onceproof.model import history as h
from onceproof.scenarios.worlds.broker import MockBroker
from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import SourceError
from onceproof.sink.outside.kafka import KafkaConsumer
from onceproof.sink.settings.overrides import topic_pattern

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)
LOG = {
    h.TopicPartition("t", number): tuple(h.Record(o, 1_000 + o, b"k", b'{"i":%d}' % o) for o in range(6))
    for number in (0, 1)
}
RECORDS = [Record(*record[:4]) for record in LOG["t", 0]]  # type: ignore[index]


@pytest.fixture(scope="module")
def broker() -> Iterator[MockBroker]:
    """One broker; each test loads it afresh."""
    mock = MockBroker()
    yield mock
    mock.close()


@pytest.fixture
def group(broker: MockBroker) -> str:
    """A group without offsets over a fresh log."""
    return broker.fresh_topics(LOG)


@pytest.fixture
def consumer(broker: MockBroker, group: str) -> Iterator[KafkaConsumer]:
    """A consumer of it, with nothing assigned."""
    made = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10})
    yield made
    made.close()


def fetched(consumer: KafkaConsumer, wanted: Mapping[TopicPartition, int]) -> dict[TopicPartition, list[Record]]:
    """What comes until each partition has given so many records."""
    found: dict[TopicPartition, list[Record]] = {partition: [] for partition in wanted}
    for _ in range(100):
        if all(len(found[partition]) >= number for partition, number in wanted.items()):
            break
        for partition, records in consumer.fetch(0.2).items():
            found.setdefault(partition, []).extend(records)
    return found


def test_records_come_as_they_stand(consumer: KafkaConsumer) -> None:
    """Offset, timestamp, key and value, by partition, from the position that was assigned."""
    consumer.assign({T0: 0, T1: 4})

    assert {T0: RECORDS, T1: RECORDS[4:]} == fetched(consumer, {T0: 6, T1: 2})


def test_nothing_new_is_an_empty_answer(consumer: KafkaConsumer) -> None:
    """After the time that was given, and not an error."""
    consumer.assign({T0: 6})

    assert {} == consumer.fetch(0.05)


def test_reading_goes_on_where_it_is_sought(consumer: KafkaConsumer) -> None:
    """Back, as after a rewind; other partitions stay where they are."""
    consumer.assign({T0: 0, T1: 6})
    fetched(consumer, {T0: 6})

    consumer.seek({T0: 2})

    assert {T0: RECORDS[2:]} == fetched(consumer, {T0: 4})


def test_a_paused_partition_is_silent_until_it_is_resumed(consumer: KafkaConsumer) -> None:
    """Then it goes on with the record behind the last one, though the client drops what it had fetched."""
    consumer.assign({T0: 0, T1: 0})
    consumer.pause(frozenset({T0}))

    assert {T1: RECORDS} == {p: found for p, found in fetched(consumer, {T1: 6}).items() if found}
    consumer.pause(frozenset({T1}))
    assert {T0: RECORDS} == {p: found for p, found in fetched(consumer, {T0: 6}).items() if found}


def test_committed_offsets_are_the_groups(broker: MockBroker, group: str, consumer: KafkaConsumer) -> None:
    """They are there when commit returns."""
    consumer.assign({T0: 0, T1: 0})

    consumer.commit({T0: 3, T1: 0})

    assert {T0: 3, T1: 0} == broker.cluster.committed(group, list(LOG))


def test_a_group_member_starts_at_the_committed_offsets(broker: MockBroker, group: str) -> None:
    """Or where the log begins; the sink is told each position before a record of it comes."""
    broker.cluster.commit(group, {h.TopicPartition(*T1): 5})
    assigned: list[Mapping[TopicPartition, int]] = []
    member = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10})
    member.subscribe(("t",), on_assign=assigned.append, on_revoke=lambda _: None, on_lost=lambda _: None)

    found = fetched(member, {T0: 6, T1: 1})
    member.close()

    assert [{T0: 0, T1: 5}] == assigned
    assert {T0: RECORDS, T1: RECORDS[5:]} == found


def test_leaving_the_group_gives_the_partitions_back_first(broker: MockBroker, group: str) -> None:
    """The sink may still commit in that callback."""
    revoked: list[frozenset[TopicPartition]] = []
    member = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10})

    def revoke(partitions: frozenset[TopicPartition]) -> None:
        revoked.append(partitions)
        member.commit({T0: 4})

    member.subscribe(("t",), on_assign=lambda _: None, on_revoke=revoke, on_lost=lambda _: None)
    fetched(member, {T0: 6})
    member.close()

    assert [frozenset({T0, T1})] == revoked
    assert {T0: 4} == broker.cluster.committed(group, [h.TopicPartition(*T0)])


@pytest.mark.parametrize(("reset", "start"), [("earliest", 0), ("latest", 6)])
def test_without_a_committed_offset_the_reset_policy_decides(
    broker: MockBroker, group: str, reset: str, start: int
) -> None:
    """A committed one wins over it."""
    broker.cluster.commit(group, {h.TopicPartition(*T1): 2})
    assigned: list[Mapping[TopicPartition, int]] = []
    settings = {"fetch.wait.max.ms": 10, "auto.offset.reset": reset}
    member = KafkaConsumer(broker.bootstrap_servers, group, settings)
    member.subscribe(("t",), on_assign=assigned.append, on_revoke=lambda _: None, on_lost=lambda _: None)

    found = fetched(member, {T1: 4})
    member.close()

    assert [{T0: start, T1: 2}] == assigned
    assert RECORDS[2:] == found[T1]


def test_without_an_offset_and_without_a_policy_nothing_is_read(broker: MockBroker, group: str) -> None:
    """`none` leaves it to the operator, as in Java."""
    member = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10, "auto.offset.reset": "error"})
    member.subscribe(("t",), on_assign=lambda _: None, on_revoke=lambda _: None, on_lost=lambda _: None)

    with pytest.raises(SourceError, match=r"t-[01]: no offset is committed, and consumer.override.auto.offset.reset"):
        fetched(member, {T0: 1})
    member.close()


def test_a_batch_is_no_longer_than_wanted(broker: MockBroker, group: str) -> None:
    """`max.poll.records`."""
    consumer = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10, "max.poll.records": "2"})
    consumer.assign({T0: 0})

    batches: list[int] = []
    for _ in range(100):
        if sum(batches) == 6:
            break
        batches += [len(records) for records in consumer.fetch(0.1).values()]
    consumer.close()

    assert 6 == sum(batches)
    assert 2 == max(batches)


def test_topics_are_found_by_an_expression(broker: MockBroker) -> None:
    """It must fit the whole name."""
    cluster = broker.fresh({"clicks-1": 1, "clicks-22": 1, "my-clicks-1": 1, "clicks-x": 1})
    assigned: list[Mapping[TopicPartition, int]] = []
    member = KafkaConsumer(cluster.bootstrap_servers, "g", {"fetch.wait.max.ms": 10})
    member.subscribe(
        (topic_pattern(r"clicks-\d+"),), on_assign=assigned.append, on_revoke=lambda _: None, on_lost=lambda _: None
    )

    for _ in range(100):
        if assigned:
            break
        member.fetch(0.1)
    member.close()
    cluster.close()

    assert [{TopicPartition("clicks-1", 0): 0, TopicPartition("clicks-22", 0): 0}] == assigned
