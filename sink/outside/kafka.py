"""Records, group and offsets from Kafka, through confluent-kafka (librdkafka)."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import compress, count, pairwise, repeat
from operator import ne
from typing import Any, Literal, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Position

from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import ConfigError, Problem, SourceError
from onceproof.sink.ports import Reporter
from onceproof.sink.settings.overrides import BATCH, COOPERATIVE

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

    `settings` are librdkafka's, and `max.poll.records`; `headers` says whether records come with theirs. Errors that
    pass by themselves go to `report`; all others are raised as SourceError.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        settings: Mapping[str, Any] | None = None,
        *,
        report: Reporter = _say_nothing,
        headers: bool = False,
    ) -> None:
        """Raises ConfigError for settings that no consumer can be made with."""
        self._paused: frozenset[TopicPartition] = frozenset()
        self._bootstrap_servers = bootstrap_servers
        self._report = report
        self._headers = headers
        config = {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "isolation.level": "read_uncommitted",  # Kafka's default, and Connect's; librdkafka's is not
            "topic.blacklist": "^__consumer_offsets$,^__transaction_state$",  # Java leaves them out of expressions
            "log_level": 2,  # an unreachable broker is told once, by whoever asks it
            **(settings or {}),
        }
        self._count = int(config.pop(BATCH, _FETCH_COUNT))
        self._start = config["auto.offset.reset"]
        self._is_cooperative = config.get("partition.assignment.strategy") == COOPERATIVE
        self._taken: set[TopicPartition] = set()
        try:
            self._consumer = Consumer(config)
        except KafkaException as error:
            raise ConfigError([Problem("consumer.override", None, f"is refused: {error.args[0].str()}")]) from error

    def reach(self) -> None:
        """Return if a broker answers within REACH_S; raises SourceError, which names where it was looked for."""
        try:
            self._consumer.list_topics(timeout=REACH_S)
        except KafkaException as error:
            message = f"no answer from {self._bootstrap_servers} in {REACH_S:.0f} s: {error.args[0].str()}"
            raise SourceError(message, retry=True, outcome="not applied") from error

    def assign(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read exactly these partitions from these positions."""
        self._consumer.assign(_to_client(positions))

    def subscribe(
        self,
        topics: tuple[str, ...],
        *,
        on_assign: Callable[[Mapping[TopicPartition, int]], None],
        on_revoke: Callable[[frozenset[TopicPartition]], None],
        on_lost: Callable[[frozenset[TopicPartition]], None],
    ) -> None:
        """Become a member of the group; a topic that begins with ^ is an expression. Callbacks run inside `fetch`.

        They are given the partitions that come or go: with an eager protocol all at once, with the cooperative one only
        those that move.
        """

        def assigned(_: object, partitions: list[Position]) -> None:
            positions = self._start_positions(partitions) if partitions else {}
            with _errors():
                if self._is_cooperative:
                    self._consumer.incremental_assign(_to_client(positions))
                else:
                    self.assign(positions)
                # The client keeps a pause over a rebalance: one that waited for its back-off would stay silent.
                self._consumer.resume(_to_client(positions))
            self._paused -= positions.keys()
            if positions:
                on_assign(positions)

        def taken(tell: Callable[[frozenset[TopicPartition]], None], partitions: list[Position]) -> None:
            gone = frozenset(TopicPartition(at.topic, at.partition) for at in partitions)
            self._paused -= gone
            self._taken |= gone
            if gone:
                tell(gone)

        with _errors():
            self._consumer.subscribe(
                list(topics),
                on_assign=assigned,
                on_revoke=lambda _, partitions: taken(on_revoke, partitions),
                on_lost=lambda _, partitions: taken(on_lost, partitions),
            )

    def _start_positions(self, partitions: list[Position]) -> dict[TopicPartition, int]:
        """Committed offsets, or where `auto.offset.reset` says; looked up, as the sink reports them with its commits.

        Raises SourceError where the broker does not say: to begin anew then would double all that is stored.
        """
        positions = {}
        with _errors():
            committed = self._consumer.committed(partitions, timeout=30)
        for found in committed:
            if found.error is not None:
                raise _source_error(found.error)
            offset = found.offset if found.offset >= 0 else self._reset(found)
            positions[TopicPartition(found.topic, found.partition)] = offset
        return positions

    def _reset(self, partition: Position) -> int:
        name = f"{partition.topic}-{partition.partition}"
        if self._start == "error":
            message = f"{name}: no offset is committed, and consumer.override.auto.offset.reset=none"
            raise SourceError(message, retry=False, outcome="not applied")
        with _errors():
            # Its stub leaves out the None that it gives after a timeout.
            ends = cast("tuple[int, int] | None", self._consumer.get_watermark_offsets(partition, timeout=30))
        if ends is None:
            message = f"{name}: where its log begins and ends was not answered in 30 s"
            raise SourceError(message, retry=True, outcome="not applied")
        return ends[1] if self._start == "latest" else ends[0]

    def fetch(self, timeout_s: float, limit: int | None = None) -> dict[TopicPartition, list[Record]]:
        """What has arrived, by partition; returns as soon as there is something, empty after `timeout_s`."""
        most = limit or self._count
        with _errors(), _no_collection():
            messages = self._consumer.consume(most, 0)
            if messages:
                return grouped(messages, self._report, headers=self._headers)
        self._taken.clear()
        with _errors():
            first = self._consumer.poll(timeout_s)
        if first is None:
            return {}
        with _errors(), _no_collection():
            self._taken.clear()
            messages = [first, *(self._consumer.consume(most - 1, 0) if most > 1 else ())]
            if (first.topic(), first.partition()) in self._taken:
                del messages[0]  # it came before a rebalance that may have brought its partition back
            return grouped(messages, self._report, headers=self._headers)

    def discard(self, timeout_s: float, limit: int = _FETCH_COUNT) -> int:
        """Fetch and forget; returns how many there were. The limit that any sink on this client has."""
        messages = self._consumer.consume(limit, 0) or self._consumer.consume(1, timeout_s)
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
            done = self._consumer.commit(offsets=_to_client(offsets), asynchronous=False)
        for position in done or ():
            if position.error is not None:
                raise _source_error(position.error)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def grouped(messages: list[Message], report: Reporter, *, headers: bool = False) -> dict[TopicPartition, list[Record]]:
    """Messages by partition, in their order. All of a batch at once, without a step of the interpreter for each.

    One that is an error is reported if it passes by itself; for any other SourceError is raised.
    """
    if any(map(Message.error, messages)):
        messages = [message for message in messages if not _is_error(message, report)]
    if not messages:
        return {}
    records = _records(messages, headers=headers)
    topics: list[Any] = list(map(Message.topic, messages))
    partitions: list[Any] = list(map(Message.partition, messages))
    ends = {len(messages), *_changes(partitions)}
    if len(set(topics)) > 1:
        ends.update(_changes(topics))
    found: dict[TopicPartition, list[Record]] = {}
    for start, end in pairwise(sorted({0, *ends})):
        found.setdefault(TopicPartition(topics[start], partitions[start]), []).extend(records[start:end])
    return found


def _records(messages: list[Message], *, headers: bool) -> list[Record]:
    kinds, times = zip(*map(Message.timestamp, messages), strict=True)
    if 0 in kinds:  # no timestamp
        times = tuple(time if kind else None for kind, time in zip(kinds, times, strict=True))
    told = [tuple(given) if given else () for given in map(Message.headers, messages)] if headers else repeat(())
    fields = zip(map(Message.offset, messages), times, map(Message.key, messages), map(Message.value, messages), told)  # noqa: B905 - endless
    return list(map(tuple.__new__, repeat(Record), fields))


def _changes(values: list[Any]) -> Iterator[int]:
    """Where a value differs from the one before it."""
    return compress(count(1), map(ne, values, values[1:]))


def _is_error(message: Message, report: Reporter) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how the client names it
        return True
    if error.fatal() or not (error.retriable() or error.code() in _PASSING):
        raise _source_error(error)
    report("warning", f"the broker: {error.str()} ({error.name()}); goes on")
    return True


def _to_client(positions: Mapping[TopicPartition, int]) -> list[Position]:
    return [Position(*partition, offset) for partition, offset in positions.items()]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collector of cycles: a batch is many objects and no cycle, and looking through them costs a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise _source_error(error.args[0]) from error


def _source_error(error: KafkaError) -> SourceError:
    return SourceError(str(error), retry=error.retriable(), outcome="unknown" if error.retriable() else "not applied")
