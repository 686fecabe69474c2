"""The dead letter queue: a topic of records as they stood in Kafka, with headers that say what went wrong.

Source: Kafka Connect's DeadLetterQueueReporter (KIP-298): key, value, headers and timestamp are kept, and the topic is
made, with one partition, if it is not there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import SendDeadLetter
from onceproof.sink.errors import SourceError

DELIVERY_S = 120.0
"""How long a letter may take, all retries included."""

_REACH_S = 30.0
_LARGEST_BYTES = 1_000_000_000
"""What is too large is for the broker to say."""


class DeadLetterQueue:
    """The producer of one task. `settings` are librdkafka's, those by which the broker is reached."""

    def __init__(
        self, config: SinkConfig, bootstrap_servers: str, *, task: int = 0, settings: Mapping[str, Any] | None = None
    ) -> None:
        self._topic = config.dead_letter_topic
        self._replication_factor = config.dead_letter_replication_factor
        self._has_context = config.dead_letter_context_headers
        self._sender = (config.name, task)
        self._broker = {"bootstrap.servers": bootstrap_servers, "log_level": 2, **(settings or {})}
        self._producer = Producer(
            {
                **self._broker,
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": int(DELIVERY_S * 1000),
                "message.max.bytes": _LARGEST_BYTES,
                "linger.ms": 0,
            }
        )

    def prepare(self) -> None:
        """Make the topic if it is not there; raises SourceError."""
        admin = AdminClient(self._broker)
        try:
            if self._topic in admin.list_topics(timeout=_REACH_S).topics:
                return
            made = admin.create_topics([NewTopic(self._topic, 1, self._replication_factor)], operation_timeout=_REACH_S)
            made[self._topic].result(timeout=_REACH_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _source_error(f"the dead letter topic {self._topic}", error.args[0]) from error
        except TimeoutError as error:
            message = (
                f"the dead letter topic {self._topic} is not there, and the broker did not make it in {_REACH_S:.0f} s"
            )
            raise SourceError(message, retry=True, outcome="unknown") from error

    def send(self, letter: SendDeadLetter) -> None:
        """Return when the broker has it; raises SourceError."""
        answers: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            answers.append(error)

        record = letter.record
        headers = [*record.headers, *(self._context(letter) if self._has_context else ())]
        now = 0  # which the client takes for the time of sending
        try:
            self._producer.produce(
                self._topic,
                record.value,
                record.key,
                headers=headers,
                on_delivery=delivered,
                timestamp=record.timestamp_ms or now,
            )
            self._producer.flush(DELIVERY_S + 1)
        except KafkaException as error:
            raise _source_error(f"the dead letter topic {self._topic}", error.args[0]) from error
        if not answers:
            message = f"the dead letter topic {self._topic}: no answer in {DELIVERY_S:.0f} s"
            raise SourceError(message, retry=True, outcome="unknown")
        if answers[0] is not None:
            raise _source_error(f"the dead letter topic {self._topic}", answers[0])

    def _context(self, letter: SendDeadLetter) -> Iterator[tuple[str, bytes]]:
        """Connect's headers, all of them text."""
        connector, task = self._sender
        for name, value in (
            ("topic", letter.partition.topic),
            ("partition", letter.partition.partition),
            ("offset", letter.record.offset),
            ("connector.name", connector),
            ("task.id", task),
            ("stage", letter.stage),
            ("class.name", letter.executing_class),
            ("exception.class.name", letter.java_class),
            ("exception.message", letter.message),
            ("exception.stacktrace", letter.stack_trace),
        ):
            yield f"__connect.errors.{name}", str(value).encode()


def _source_error(where: str, error: KafkaError) -> SourceError:
    retry = error.retriable()
    return SourceError(
        f"{where}: {error.str()} ({error.name()})", retry=retry, outcome="unknown" if retry else "not applied"
    )
