"""What a message that is an error means to the sink: one that passes is reported, any other ends the worker."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import SourceError
from onceproof.sink.kafka import grouped

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


class Message:
    """A message as the client hands it out."""

    def __init__(self, offset: int, error: KafkaError | None = None) -> None:
        self._offset = offset
        self._error = error

    def __getattr__(self, name: str) -> Any:
        answers = {
            "error": self._error,
            "topic": "t",
            "partition": 0,
            "offset": self._offset,
            "timestamp": (1, 7),
            "key": None,
            "value": b"v",
        }
        return lambda: answers[name]


def outcome(error: KafkaError) -> tuple[dict[TopicPartition, list[Record]], list[tuple[str, str]]]:
    """What a batch comes to that has an error between two records, and what is reported."""
    told: list[tuple[str, str]] = []
    found = grouped(
        [Message(1), Message(0, error), Message(2)],  # type: ignore[list-item]
        lambda level, message: told.append((level, message)),
    )
    return found, told


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
