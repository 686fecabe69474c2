"""What both brokers promise: the log of a scenario stands in them exactly as told, run after run."""

from collections.abc import Iterator

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer
from confluent_kafka import TopicPartition as Position

from onceproof.model.history import Record, TopicPartition
from onceproof.scenarios.errors import Incapable
from onceproof.scenarios.worlds.broker import IMAGE_VARIABLE, Broker, KafkaContainer, MockBroker
from onceproof.scenarios.worlds.cluster import (
    FIRST_OFFSET_MAX,
    MOCK_PARTITION_BYTES_MAX,
    BrokerError,
    steps,
)

T0 = TopicPartition("t", 0)
T1 = TopicPartition("t", 1)
GROUP = "readers"


@pytest.fixture(scope="session")
def mock() -> Iterator[MockBroker]:
    """The mock of librdkafka, in its own process."""
    broker = MockBroker()
    yield broker
    broker.close()


@pytest.fixture(params=["mock", pytest.param("kafka", marks=pytest.mark.container)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of the brokers."""
    return request.getfixturevalue(request.param)


def record(offset: int, *, value: bytes | None = b"v", timestamp_ms: int | None = 1_000) -> Record:
    """A record of 1970, with a key, a header and a header without value."""
    return Record(offset, timestamp_ms, b"k", value, (("h", b"1"), ("empty", None)))


def records(start: int, stop: int) -> tuple[Record, ...]:
    """Records without gaps, each with its offset as value."""
    return tuple(record(offset, value=str(offset).encode()) for offset in range(start, stop))


def read(
    broker: Broker, partition: TopicPartition, count: int, *, isolation_level: str = "read_committed"
) -> tuple[Record, ...]:
    """The first `count` records of a partition, as a consumer of that level sees them."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "g",
            "enable.auto.commit": False,
            "isolation.level": isolation_level,
        }
    )
    consumer.assign([Position(*partition, OFFSET_BEGINNING)])
    messages = consumer.consume(count, timeout=30)
    consumer.close()
    return tuple(Record(m.offset(), m.timestamp()[1], m.key(), m.value(), tuple(m.headers() or ())) for m in messages)


def test_a_log_stands_in_the_broker_as_told(broker: Broker) -> None:
    """Offsets, old timestamps, keys, values, nulls and headers are those of the log, in each partition."""
    log = {T0: (*records(0, 4), record(4, value=None)), T1: records(0, 2), TopicPartition("u", 0): ()}

    broker.fresh_topics(log)

    assert log[T0] == read(broker, T0, 5)
    assert log[T1] == read(broker, T1, 2)
    assert {T0: 5, T1: 2, TopicPartition("u", 0): 0} == broker.cluster.end_offsets(log)


def test_a_log_starts_at_its_first_offset(broker: Broker) -> None:
    """A reader that starts at the beginning gets the first record of the log at its own offset."""
    log = {T0: records(1_000, 1_003), T1: records(0, 1)}

    broker.fresh_topics(log)

    assert log[T0] == read(broker, T0, 3)
    assert {T0: range(1_000, 1_003), T1: range(1)} == broker.cluster.offsets(log)


def test_topics_have_as_many_partitions_as_the_log_names(broker: Broker) -> None:
    """The highest partition of a topic decides, run after run, whatever its last run had."""
    for partition in (5, 0, 7):
        broker.fresh_topics({TopicPartition("t", partition): records(0, 1)})
        client = Producer({"bootstrap.servers": broker.bootstrap_servers})

        assert partition + 1 == len(client.list_topics("t", timeout=10).topics["t"].partitions)


def test_fresh_topics_remember_nothing(broker: Broker) -> None:
    """The second of two runs finds its own records alone, and a group without offsets."""
    first = broker.fresh_topics({T0: records(0, 7), T1: records(0, 1)})
    broker.cluster.commit(first, {T0: 3})

    second = broker.fresh_topics({T0: records(0, 2)})

    assert first != second
    assert {} == broker.cluster.committed(second, [T0])
    assert records(0, 2) == read(broker, T0, 2)
    assert range(2) == broker.cluster.offsets([T0])[T0]


def test_a_group_starts_where_it_is_told(broker: Broker) -> None:
    """Committed offsets are those that were given; a partition without one is not named."""
    group = broker.fresh_topics({T0: records(0, 5), T1: records(0, 5)})

    broker.cluster.commit(group, {T1: 4})

    assert {T1: 4} == broker.cluster.committed(group, [T0, T1])


def test_offsets_of_a_group_can_expire(broker: Broker) -> None:
    """After a reset the group has no offsets, and a second reset is as well."""
    group = broker.fresh_topics({T0: records(0, 5), T1: records(0, 5)})
    broker.cluster.commit(group, {T0: 2, T1: 4})

    broker.cluster.reset_group(group, [T0, T1])
    broker.cluster.reset_group(group, [T0, T1])

    assert {} == broker.cluster.committed(group, [T0, T1])


def test_a_log_can_be_trimmed(broker: Broker) -> None:
    """Records below the given offset are gone, as after retention."""
    broker.fresh_topics({T0: records(0, 5)})

    broker.cluster.trim({T0: 3})

    assert range(3, 5) == broker.cluster.offsets([T0])[T0]
    assert records(3, 5) == read(broker, T0, 2)


@pytest.mark.parametrize("timestamp_ms", [None, 0, -5])
def test_timestamps_that_no_producer_writes_are_refused(broker: Broker, timestamp_ms: int | None) -> None:
    """A client would write the current time for them without a word."""
    with pytest.raises(Incapable, match=rf"positive timestamp \(t-0 has {timestamp_ms} at offset 0"):
        broker.fresh_topics({T0: (record(0, timestamp_ms=timestamp_ms),)})


def test_first_offsets_that_take_too_long_are_refused(broker: Broker) -> None:
    """Offsets below the first record are written one by one."""
    with pytest.raises(Incapable, match=f"t-0 starts at {FIRST_OFFSET_MAX + 1}"):
        broker.fresh_topics({T0: (record(FIRST_OFFSET_MAX + 1),)})


def test_records_that_are_there_already_are_found_out(broker: Broker) -> None:
    """A log that is loaded behind other records fails with the first offset that is not as told."""
    broker.fresh_topics({T0: records(0, 3)})

    with pytest.raises(BrokerError, match="t-0: expected offset 0, found offset 3"):
        broker.cluster.load({T0: records(0, 3)})


def test_mock_refuses_logs_whose_start_it_would_forget(mock: MockBroker) -> None:
    """The message names the partition and its size; a log just below the limit stands whole."""
    size_bytes = MOCK_PARTITION_BYTES_MAX // 10

    with pytest.raises(Incapable, match=r"t-0 has \d+"):
        mock.fresh_topics({T0: tuple(record(n, value=bytes(size_bytes)) for n in range(10))})

    mock.fresh_topics({T0: tuple(record(n, value=bytes(size_bytes)) for n in range(9))})

    assert range(9) == mock.cluster.offsets([T0])[T0]


def test_mock_refuses_aborted_transactions(mock: MockBroker) -> None:
    """It knows none."""
    with pytest.raises(Incapable, match="aborted transactions"):
        mock.fresh_topics({T0: (record(0), record(1))}, {T0: frozenset({1})})


@pytest.mark.container
def test_kafka_refuses_gaps_that_not_every_reader_would_see(kafka: KafkaContainer) -> None:
    """Beside aborted transactions a gap is a marker: fillers would be records to whoever reads uncommitted."""
    with pytest.raises(Incapable, match="gaps of more than a marker"):
        kafka.fresh_topics({T0: (record(0), record(1), record(4))}, {T0: frozenset({1})})


def test_mock_refuses_gaps(mock: MockBroker) -> None:
    """It gives consecutive offsets alone."""
    with pytest.raises(Incapable, match="gaps in the log"):
        mock.fresh_topics({T0: (record(0), record(2))})


def test_mock_clusters_are_apart(mock: MockBroker) -> None:
    """Records and offsets of one cluster are not in another one of the same process."""
    one, other = mock.fresh({"t": 1}), mock.fresh({"t": 1})
    one.load({T0: records(0, 3)})
    one.commit(GROUP, {T0: 2})

    assert range(3) == one.offsets([T0])[T0]
    assert range(0) == other.offsets([T0])[T0]
    assert {} == other.committed(GROUP, [T0])

    one.close()
    other.close()


@pytest.mark.container
def test_kafka_shows_gaps_to_committed_readers(kafka: KafkaContainer) -> None:
    """Gaps of one, two and more offsets stand where the log has them, and nothing else is visible."""
    log = {T0: tuple(record(o, value=b"v%d" % o) for o in (3, 4, 6, 8, 9, 12, 16, 17, 30)), T1: records(0, 2)}

    for _ in range(2):
        kafka.fresh_topics(log)

        assert log[T0] == read(kafka, T0, 9)
        assert {T0: range(3, 31), T1: range(2)} == kafka.cluster.offsets(log)


@pytest.mark.container
def test_kafka_hands_aborted_records_to_uncommitted_readers_alone(kafka: KafkaContainer) -> None:
    """Each record has the offset that the log gives it, whoever reads."""
    told = tuple(record(offset, value=b"%d" % offset) for offset in (0, 1, 3, 5, 7, 9))
    aborted = frozenset({3, 5, 9})

    kafka.fresh_topics({T0: told}, {T0: aborted})

    assert tuple(r for r in told if r.offset not in aborted) == read(kafka, T0, 3)
    assert told == read(kafka, T0, 6, isolation_level="read_uncommitted")
    assert {T0: range(11)} == kafka.cluster.offsets([T0])


@pytest.mark.container
def test_a_container_that_does_not_start_shows_its_last_words(
    kafka: KafkaContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Kafka is not ready in time the error has the time, the image and what the container wrote."""
    monkeypatch.setenv(IMAGE_VARIABLE, kafka.image)

    with pytest.raises(BrokerError, match=r"(?s)not ready within 0 s .*it said:"):
        KafkaContainer(ready_s=0.1)


def test_steps_give_every_record_its_offset() -> None:
    """Plain records, transactions and their markers fill every offset once, up to the last record."""
    told = tuple(record(offset) for offset in (2, 3, 5, 9))

    found = [(step.kind, [r.offset for r in step.records], step.end_offset) for step in steps(told)]

    assert [
        ("plain", [0, 1, 2], 3),
        ("committed", [3], 5),
        ("plain", [5], 6),
        ("aborted", [6, 7], 9),
        ("plain", [9], 10),
    ] == found
    assert [] == list(steps(()))


def test_steps_put_aborted_records_into_transactions_of_their_own() -> None:
    """Each run of them is one, whose marker takes the offset behind it, also at the end of the log."""
    told = tuple(record(offset) for offset in (2, 3, 5, 6, 8, 9, 11, 13, 14))

    found = [
        (step.kind, [r.offset for r in step.records], step.end_offset)
        for step in steps(told, frozenset({5, 6, 11, 13, 14}))
    ]

    assert [
        ("plain", [0, 1], 2),
        ("plain", [2], 3),
        ("committed", [3], 5),
        ("aborted", [5, 6], 8),
        ("plain", [8], 9),
        ("committed", [9], 11),
        ("aborted", [11], 13),
        ("aborted", [13, 14], 16),
    ] == found
