"""Records, group and offsets from Kafka, through confluent-kafka (librdkafka)."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Position

from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import SourceError

_FETCH_COUNT = 20_000
"""Messages at most in one batch: enough to keep the cost of a put() per record small."""


class KafkaConsumer:
    """One consumer. Either `assign` partitions, which is not fenced, or `subscribe` to topics as a group member."""

    def __init__(self, bootstrap_servers: str, group: str, settings: Mapping[str, Any] | None = None) -> None:
        self._paused: frozenset[TopicPartition] = frozenset()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "isolation.level": "read_uncommitted",  # Kafka's default, and Connect's; librdkafka's is not
                "log_level": 3,
                **(settings or {}),
            }
        )

    def assign(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read exactly these partitions from these positions."""
        self._consumer.assign([Position(*partition, offset) for partition, offset in positions.items()])

    def subscribe(
        self,
        topics: tuple[str, ...],
        *,
        on_assign: Callable[[Mapping[TopicPartition, int]], None],
        on_revoke: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        """Become a member of the group; the callbacks run inside `fetch`."""

        def assigned(_: object, partitions: list[Position]) -> None:
            positions = self._start_positions(partitions)
            self.assign(positions)
            # The client keeps a pause over a rebalance: a partition that waited for its back-off would stay silent.
            self._consumer.resume([Position(*partition) for partition in positions])
            self._paused = frozenset()
            on_assign(positions)

        self._consumer.subscribe(
            list(topics),
            on_assign=assigned,
            on_revoke=lambda _, partitions: on_revoke() if partitions else None,
            on_lost=lambda _, partitions: on_lost() if partitions else None,
        )

    def _start_positions(self, partitions: list[Position]) -> dict[TopicPartition, int]:
        """Committed offsets, or where the log begins; looked up, since the sink reports them with its commits."""
        positions = {}
        for found in self._consumer.committed(partitions, timeout=30):
            offset = found.offset
            if offset < 0:
                offset = self._consumer.get_watermark_offsets(found, timeout=30)[0]
            positions[TopicPartition(found.topic, found.partition)] = offset
        return positions

    def fetch(self, timeout_s: float, count: int = _FETCH_COUNT) -> dict[TopicPartition, list[Record]]:
        """What has arrived, by partition; returns as soon as there is something, empty after `timeout_s`."""
        try:
            messages = self._consumer.consume(count, 0)
            if not messages:
                first = self._consumer.poll(timeout_s)
                if first is None:
                    return {}
                messages = [first, *self._consumer.consume(count, 0)]
        except KafkaException as error:
            raise _source_error(error.args[0]) from error
        return grouped(messages)

    def discard(self, timeout_s: float, count: int = _FETCH_COUNT) -> int:
        """Fetch and forget; returns how many there were. The limit that any sink on this client has."""
        messages = self._consumer.consume(count, 0) or self._consumer.consume(1, timeout_s)
        for message in messages:
            if message.error() is None:
                message.value()
        return len(messages)

    def seek(self, positions: Mapping[TopicPartition, int]) -> None:
        """Go on reading there; only partitions that are being fetched can be sought."""
        for partition, offset in positions.items():
            try:
                self._consumer.seek(Position(*partition, offset))
            except KafkaException as error:
                raise _source_error(error.args[0]) from error

    def pause(self, partitions: frozenset[TopicPartition]) -> None:
        """Fetch none of exactly these partitions; only changes reach the client, which drops what it had fetched."""
        if partitions == self._paused:
            return
        self._consumer.pause([Position(*partition) for partition in partitions - self._paused])
        self._consumer.resume([Position(*partition) for partition in self._paused - partitions])
        self._paused = partitions

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit and wait for the answer; raises SourceError where the broker refuses, as for a superseded member."""
        try:
            done = self._consumer.commit(
                offsets=[Position(*partition, offset) for partition, offset in offsets.items()], asynchronous=False
            )
        except KafkaException as error:
            raise _source_error(error.args[0]) from error
        for position in done or ():
            if position.error is not None:
                raise _source_error(position.error)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def grouped(messages: list[Message]) -> dict[TopicPartition, list[Record]]:
    """Messages by partition, in their order; raises SourceError for the first that is an error."""
    found: dict[TopicPartition, list[Record]] = {}
    last: Any = None
    append: Any = None
    for message in messages:
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how the client names it
                continue
            raise _source_error(error)
        where: Any = (message.topic(), message.partition())
        if where != last:
            append = found.setdefault(TopicPartition(*where), []).append
            last = where
        kind, timestamp_ms = message.timestamp()
        offset: Any = message.offset()
        append(Record(offset, timestamp_ms if kind else None, message.key(), message.value()))
    return found


def _source_error(error: KafkaError) -> SourceError:
    return SourceError(str(error), retry=error.retriable(), outcome="unknown" if error.retriable() else "not applied")
