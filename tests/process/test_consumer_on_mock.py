"""The consumer adapter against a broker: records as they stand, positions as told, commits as answered."""

from collections.abc import Iterator, Mapping

import pytest

from onceproof.model import history as h
from onceproof.scenarios.worlds.broker import MockBroker
from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.kafka import KafkaConsumer

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
    member.subscribe(("t",), on_assign=assigned.append, on_revoke=lambda: None, on_lost=lambda: None)

    found = fetched(member, {T0: 6, T1: 1})
    member.close()

    assert [{T0: 0, T1: 5}] == assigned
    assert {T0: RECORDS, T1: RECORDS[5:]} == found


def test_leaving_the_group_gives_the_partitions_back_first(broker: MockBroker, group: str) -> None:
    """The sink may still commit in that callback."""
    revoked: list[str] = []
    member = KafkaConsumer(broker.bootstrap_servers, group, {"fetch.wait.max.ms": 10})

    def revoke() -> None:
        revoked.append("revoked")
        member.commit({T0: 4})

    member.subscribe(("t",), on_assign=lambda _: None, on_revoke=revoke, on_lost=lambda: None)
    fetched(member, {T0: 6})
    member.close()

    assert ["revoked"] == revoked
    assert {T0: 4} == broker.cluster.committed(group, [h.TopicPartition(*T0)])
