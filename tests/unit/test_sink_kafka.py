"""Messages become records by partition; one that is an error is reported if it passes, else it ends the worker."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import ConfigError, SourceError
from onceproof.sink.outside.kafka import KafkaConsumer, grouped

PASSING = (
    "UNKNOWN_TOPIC_OR_PART",
    "NOT_LEADER_FOR_PARTITION",
    "COORDINATOR_NOT_AVAILABLE",
    "_TRANSPORT",
    "_ALL_BROKERS_DOWN",
    "_MAX_POLL_EXCEEDED",
)
FINAL = (
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "SASL_AUTHENTICATION_FAILED",
    "_AUTHENTICATION",
    "_FATAL",
    "_AUTO_OFFSET_RESET",
)


def message(
    offset: int, *, topic: str = "t", partition: int = 0, kind: int = 1, error: KafkaError | None = None, **more: Any
) -> Message:
    """As the client hands it out; `kind` 0 is one without a timestamp."""
    told = {"key": None, "value": b"v", "timestamp": (kind, 7 if kind else -1), **more}
    return Message(topic=topic, partition=partition, offset=offset, error=error, **told)


def outcome(error: KafkaError) -> tuple[dict[TopicPartition, list[Record]], list[tuple[str, str]]]:
    """What a batch comes to that has an error between two records, and what is reported."""
    told: list[tuple[str, str]] = []
    found = grouped([message(1), message(0, error=error), message(2)], lambda level, words: told.append((level, words)))
    return found, told


def say_nothing(level: str, words: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("name", PASSING)
def test_an_error_that_passes_is_reported_and_the_records_come(name: str) -> None:
    """Those before it and those behind it."""
    found, told = outcome(KafkaError(getattr(KafkaError, name), "not now"))

    assert {TopicPartition("t", 0): [Record(offset, 7, None, b"v") for offset in (1, 2)]} == found
    assert [("warning", f"the broker: not now ({name}); goes on")] == told


@pytest.mark.parametrize("name", FINAL)
def test_any_other_error_ends_the_worker(name: str) -> None:
    """What the broker forbids, it forbids the next time as well."""
    with pytest.raises(SourceError, match="not ever"):
        outcome(KafkaError(getattr(KafkaError, name), "not ever"))


def test_an_error_that_the_client_calls_fatal_ends_the_worker() -> None:
    """Whatever its code."""
    with pytest.raises(SourceError):
        outcome(KafkaError(KafkaError._TRANSPORT, "over", fatal=True))


def test_an_error_that_the_client_calls_retriable_passes() -> None:
    """Whatever its code."""
    _, told = outcome(KafkaError(KafkaError._SSL, "again", retriable=True))

    assert [("warning", "the broker: again (_SSL); goes on")] == told


def test_the_end_of_a_partition_is_no_error() -> None:
    """And nothing that an operator wants to read."""
    _, told = outcome(KafkaError(KafkaError._PARTITION_EOF))

    assert [] == told


def test_records_are_grouped_by_partition_in_their_order() -> None:
    """Also where partitions alternate, and where two topics have a partition of the same number."""
    told = [
        message(5, partition=1),
        message(6, partition=1),
        message(0, partition=2),
        message(7, partition=1),
        message(9, topic="u", partition=1),
    ]

    found = grouped(told, say_nothing)

    assert {("t", 1): [5, 6, 7], ("t", 2): [0], ("u", 1): [9]} == {
        tuple(at): [record.offset for record in records] for at, records in found.items()
    }
    assert all(isinstance(at, TopicPartition) for at in found)


def test_a_record_has_all_that_the_message_has() -> None:
    """None where there is no key, no value or no timestamp; an empty value stays one."""
    told = [message(1, key=b"k", value=b""), message(2, kind=0, value=None)]

    [records] = grouped(told, say_nothing).values()

    assert [Record(1, 7, b"k", b"", ()), Record(2, None, None, None, ())] == records
    assert all(type(record) is Record for record in records)


def test_headers_come_where_they_are_asked_for() -> None:
    """In their order, with names that repeat and values that are null; without the question there are none."""
    headers = [("a", b"1"), ("a", None)]
    told = [message(1, headers=headers), message(2)]

    asked, not_asked = (next(iter(grouped(told, say_nothing, headers=wanted).values())) for wanted in (True, False))

    assert [(("a", b"1"), ("a", None)), ()] == [record.headers for record in asked]
    assert [(), ()] == [record.headers for record in not_asked]


def test_nothing_but_errors_is_no_record() -> None:
    """And no partition."""
    assert {} == grouped([message(0, error=KafkaError(KafkaError._PARTITION_EOF))], say_nothing)
    assert {} == grouped([], say_nothing)


def test_settings_that_the_client_refuses_are_a_configuration_error() -> None:
    """They come from `consumer.override.`; the client says which."""
    with pytest.raises(ConfigError, match=r"consumer.override: is refused: .*session.timeout.ms"):
        KafkaConsumer("127.0.0.1:1", "g", {"session.timeout.ms": "soon"})
