"""Records, group and offsets from Kafka, through confluent-kafka (librdkafka)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Position

from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import SourceError
from onceproof.sink.ports import Reporter

_FETCH_COUNT = 20_000
"""Messages at most in one batch: enough to keep the cost of a put() per record small."""

REACH_S = 10.0
"""How long a broker may take to give its first answer."""

_PASSING = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.INCONSISTENT_TOPIC_ID,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - how the client names those of its own
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._WAIT_COORD,  # noqa: SLF001
    }
)
"""What the client mends by itself, by asking again or by joining its group again."""


def _say_nothing(level: Literal["info", "warning", "error"], message: str) -> None:
    """A reporter for whoever has no operator."""


class KafkaConsumer:
    """One consumer. Either `assign` partitions, which is not fenced, or `subscribe` to topics as a group member.

    Errors that pass by themselves go to `report`; all others are raised as SourceError.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        settings: Mapping[str, Any] | None = None,
        *,
        report: Reporter = _say_nothing,
    ) -> None:
        self._paused: frozenset[TopicPartition] = frozenset()
        self._report = report
        config = {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "isolation.level": "read_uncommitted",  # Kafka's default, and Connect's; librdkafka's is not
            "log_level": 3,
            **(settings or {}),
        }
        with _errors():
            self._consumer = Consumer(config)

    def reach(self) -> None:
        """Return if a broker answers within REACH_S."""
        with _errors():
            self._consumer.list_topics(timeout=REACH_S)

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

        with _errors():
            self._consumer.subscribe(
                list(topics),
                on_assign=assigned,
                on_revoke=lambda _, partitions: on_revoke() if partitions else None,
                on_lost=lambda _, partitions: on_lost() if partitions else None,
            )

    def _start_positions(self, partitions: list[Position]) -> dict[TopicPartition, int]:
        """Committed offsets, or where the log begins; looked up, since the sink reports them with its commits.

        Raises SourceError where the broker does not say: to begin anew then would double all that is stored.
        """
        positions = {}
        for found in self._consumer.committed(partitions, timeout=30):
            if found.error is not None:
                raise _source_error(found.error)
            offset = found.offset
            if offset < 0:
                # Its stub leaves out the None that it gives after a timeout.
                ends = cast("tuple[int, int] | None", self._consumer.get_watermark_offsets(found, timeout=30))
                if ends is None:
                    message = f"{found.topic}-{found.partition}: where its log begins was not answered in 30 s"
                    raise SourceError(message, retry=True, outcome="not applied")
                offset = ends[0]
            positions[TopicPartition(found.topic, found.partition)] = offset
        return positions

    def fetch(self, timeout_s: float, count: int = _FETCH_COUNT) -> dict[TopicPartition, list[Record]]:
        """What has arrived, by partition; returns as soon as there is something, empty after `timeout_s`."""
        with _errors():
            messages = self._consumer.consume(count, 0)
            if not messages:
                first = self._consumer.poll(timeout_s)
                if first is None:
                    return {}
                messages = [first, *self._consumer.consume(count, 0)]
        return grouped(messages, self._report)

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
            with _errors():
                self._consumer.seek(Position(*partition, offset))

    def pause(self, partitions: frozenset[TopicPartition]) -> None:
        """Fetch none of exactly these partitions; only changes reach the client, which drops what it had fetched."""
        if partitions == self._paused:
            return
        with _errors():
            self._consumer.pause([Position(*partition) for partition in partitions - self._paused])
            self._consumer.resume([Position(*partition) for partition in self._paused - partitions])
        self._paused = partitions

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit and wait for the answer; raises SourceError where the broker refuses, as for a superseded member."""
        with _errors():
            done = self._consumer.commit(
                offsets=[Position(*partition, offset) for partition, offset in offsets.items()], asynchronous=False
            )
        for position in done or ():
            if position.error is not None:
                raise _source_error(position.error)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def grouped(messages: list[Message], report: Reporter) -> dict[TopicPartition, list[Record]]:
    """Messages by partition, in their order.

    One that is an error is reported if it passes by itself; for any other SourceError is raised.
    """
    found: dict[TopicPartition, list[Record]] = {}
    last: Any = None
    append: Any = None
    for message in messages:
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how the client names it
                continue
            if error.fatal() or not (error.retriable() or error.code() in _PASSING):
                raise _source_error(error)
            report("warning", f"the broker: {error.str()} ({error.name()}); goes on")
            continue
        where: Any = (message.topic(), message.partition())
        if where != last:
            append = found.setdefault(TopicPartition(*where), []).append
            last = where
        kind, timestamp_ms = message.timestamp()
        offset: Any = message.offset()
        append(Record(offset, timestamp_ms if kind else None, message.key(), message.value()))
    return found


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise _source_error(error.args[0]) from error


def _source_error(error: KafkaError) -> SourceError:
    return SourceError(str(error), retry=error.retriable(), outcome="unknown" if error.retriable() else "not applied")
