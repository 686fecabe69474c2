"""The dead letter queue on Kafka itself: its topic is made, and letters are the records as they stood."""

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Message
from confluent_kafka import TopicPartition as Position

from onceproof.scenarios.worlds.broker import KafkaContainer
from onceproof.sink.effects import Record, SendDeadLetter, TopicPartition
from onceproof.sink.errors import SourceError
from onceproof.sink.outside.deadletters import DeadLetterQueue
from onceproof.sink.settings.parsing import parse

pytestmark = pytest.mark.container
MINIMAL = {
    "name": "landing",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "s3.bucket.name": "bucket",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
    "errors.tolerance": "all",
}
RECORD = Record(7, 1_700_000_000_000, b"k", b"v", (("own", b"1"), ("own", None)))


@pytest.fixture
def topic(kafka: KafkaContainer) -> Iterator[str]:
    """A name that no topic has; one that it gets is deleted."""
    name = f"dead-{uuid.uuid4().hex[:8]}"
    yield name
    kafka.cluster.delete([name])


def queue(kafka: KafkaContainer, topic: str, **changes: str) -> DeadLetterQueue:
    """Of task 3; `context_headers_enable="true"` is a property of the queue."""
    given = {"topic_name": topic, "topic_replication_factor": "1", **changes}
    named = {f"errors.deadletterqueue.{name.replace('_', '.')}": value for name, value in given.items()}
    return DeadLetterQueue(parse({**MINIMAL, **named}), kafka.bootstrap_servers, task=3)


def letter(record: Record = RECORD) -> SendDeadLetter:
    """About a value that could not be converted."""
    stage = "VALUE_CONVERTER"
    return SendDeadLetter(TopicPartition("t", 2), record, stage, "JsonConverter", "DataException", "é", "at line 1")


def read(kafka: KafkaContainer, topic: str, count: int) -> list[Message]:
    """The first letters."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "g"})
    consumer.assign([Position(topic, 0, 0)])
    found = consumer.consume(count, timeout=30)
    consumer.close()
    assert count == len(found)
    return found


def test_the_topic_is_made_if_it_is_not_there(kafka: KafkaContainer, topic: str) -> None:
    """With one partition; a second task finds it."""
    for _ in range(2):
        queue(kafka, topic).prepare()

    assert {topic: 1} == {
        name: len(found.partitions)
        for name, found in kafka.cluster._admin.list_topics(topic, timeout=10).topics.items()
    }


def test_a_topic_that_cannot_be_made_ends_the_start(kafka: KafkaContainer, topic: str) -> None:
    """The default of three replicas needs three brokers."""
    with pytest.raises(SourceError, match=f"the dead letter topic {topic}: .*INVALID_REPLICATION_FACTOR"):
        queue(kafka, topic, topic_replication_factor="3").prepare()


def test_a_letter_is_the_record_as_it_stood(kafka: KafkaContainer, topic: str) -> None:
    """Key, value, headers and time; nulls stay null."""
    dead = queue(kafka, topic)
    dead.prepare()
    dead.send(letter())
    dead.send(letter(Record(8, None, None, None)))

    first, second = read(kafka, topic, 2)
    assert (b"k", b"v", [("own", b"1"), ("own", None)], (1, 1_700_000_000_000)) == (
        first.key(),
        first.value(),
        first.headers(),
        first.timestamp(),
    )
    assert (None, None, None) == (second.key(), second.value(), second.headers())


def test_headers_say_what_went_wrong_where_that_is_wanted(kafka: KafkaContainer, topic: str) -> None:
    """Behind the record's own, under Connect's names, all of them text."""
    dead = queue(kafka, topic, context_headers_enable="true")
    dead.prepare()
    dead.send(letter())

    [found] = read(kafka, topic, 1)
    assert [
        ("own", b"1"),
        ("own", None),
        ("__connect.errors.topic", b"t"),
        ("__connect.errors.partition", b"2"),
        ("__connect.errors.offset", b"7"),
        ("__connect.errors.connector.name", b"landing"),
        ("__connect.errors.task.id", b"3"),
        ("__connect.errors.stage", b"VALUE_CONVERTER"),
        ("__connect.errors.class.name", b"JsonConverter"),
        ("__connect.errors.exception.class.name", b"DataException"),
        ("__connect.errors.exception.message", "é".encode()),
        ("__connect.errors.exception.stacktrace", b"at line 1"),
    ] == found.headers()
