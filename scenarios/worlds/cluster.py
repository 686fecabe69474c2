"""One Kafka cluster as the harness uses it, and the loading of a scenario's log into it.

Laws of this module:

1. After `load(log)` a partition holds exactly the records of the log, at their offsets, and starts
   at the offset of the first one. This is checked for every record as the broker acknowledges it, and for
   the ends of every partition afterwards: librdkafka's mock drops the start of a log beyond 5 MB without a
   word, and a plain producer may reorder.
2. What a broker cannot express is refused before anything is written, never approximated.
3. Clients are made once for each cluster: an idempotent producer costs up to a second to start.

An offset after which others are missing is made with transactions (Kafka alone): k missing offsets are k - 1
records of an aborted transaction and its marker, and one missing offset is the marker of a transaction that
commits the record before it. Only `read_committed` consumers see the gap; that is librdkafka's default but
not Connect's.

Where a log has aborted records of its own, those are written in transactions that are aborted, and its readers may
be of either kind: nothing else may be visible to one of them alone, so the log then has no gaps but markers.
"""

import contextlib
import itertools
import socket
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)
from confluent_kafka import TopicPartition as Position
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.errors import EnvironmentFailure, Incapable
from onceproof.scenarios.transactions import Aborted, require_markers
from onceproof.scenarios.worlds.host import Host

FIRST_OFFSET_MAX: Final = 1_000_000
"""Offsets below the first record are written as fillers and deleted: this many take seconds."""

MOCK_PARTITION_BYTES_MAX: Final = 4_500_000
"""The mock forgets the start of a partition beyond 5 MiB."""

FILLER: Final = b"filler"

NO_GROUP: Final = "onceproof-none"
"""A group that nobody is in."""

_RECORD_OVERHEAD_BYTES = 20
_REQUEST_S = 10.0
_LOAD_S = 120.0
_LIMITS: Final[Mapping[str, Any]] = {"request_timeout": _REQUEST_S, "operation_timeout": _REQUEST_S}
_QUIET: Final[Mapping[str, Any]] = {"log_level": 0, "error_cb": lambda _: None}


class BrokerError(EnvironmentFailure):
    """The broker did not do what was asked of it; the message has its reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """Records of one partition that are written together; `end_offset` counts the marker of a transaction."""

    kind: Literal["plain", "committed", "aborted"]
    records: tuple[Record, ...]
    end_offset: int


def steps(records: Sequence[Record], aborted: frozenset[int] = frozenset()) -> Iterator[Step]:
    """How to write `records` so that each gets its own offset, whatever is missing before and between.

    Those at the offsets `aborted` are written in transactions that are aborted.
    """
    if not records:
        return
    plain = _fillers(0, records[0])
    if aborted:
        yield from _plain(plain)
        yield from _transactions(records, aborted)
        return
    for record, following in itertools.pairwise(records):
        match following.offset - record.offset - 1:
            case 0:
                plain.append(record)
            case 1:
                yield from _plain(plain)
                yield Step("committed", (record,), following.offset)
                plain = []
            case _:
                yield from _plain([*plain, record])
                yield Step("aborted", tuple(_fillers(record.offset + 1, following)[:-1]), following.offset)
                plain = []
    yield from _plain([*plain, records[-1]])


def _transactions(records: Sequence[Record], aborted: frozenset[int]) -> Iterator[Step]:
    """Each run of aborted records is one transaction, and so is each record before a gap of one offset."""
    run: list[Record] = []
    for record, following in itertools.zip_longest(records, records[1:]):
        run.append(record)
        is_aborted = record.offset in aborted
        gap = 0 if following is None else following.offset - record.offset - 1
        if is_aborted and (following is None or gap):
            yield Step("aborted", tuple(run), record.offset + 2)
        elif gap:
            yield from _plain(run[:-1])
            yield Step("committed", (record,), record.offset + 2)
        elif following is None or (following.offset in aborted) != is_aborted:
            yield from _plain(run)
        else:
            continue
        run = []


def _plain(records: list[Record]) -> Iterator[Step]:
    if records:
        yield Step("plain", tuple(records), records[-1].offset + 1)


def _fillers(start: int, before: Record) -> list[Record]:
    return [Record(offset, before.timestamp_ms, None, FILLER) for offset in range(start, before.offset)]


def partition_counts(log: Log) -> dict[str, int]:
    """Topics of `log`, each with the number of partitions that it needs."""
    counts: dict[str, int] = defaultdict(int)
    for topic, partition in log:
        counts[topic] = max(counts[topic], partition + 1)
    return dict(counts)


def has_gaps(log: Log, of: int = 1) -> bool:
    """Whether so many offsets or more are missing between two records of a partition."""
    return any(b.offset - a.offset > of for records in log.values() for a, b in itertools.pairwise(records))


class Cluster:
    """The clients through which the harness, and not a sink, uses one Kafka cluster.

    Not for a process that forks: librdkafka does not survive it. `world` is named where a log is refused. All
    methods raise BrokerError when the cluster refuses or does not answer.
    """

    def __init__(self, bootstrap_servers: str, *, world: str) -> None:
        self.world = world
        self.bootstrap_servers = bootstrap_servers
        self._admin_made: AdminClient | None = None
        self._reader: tuple[str, Consumer] | None = None
        self._plain: Producer | None = None
        self._transactional: Producer | None = None
        self._misses: list[str] = []

    def refuse(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Raise Incapable if `log` cannot be told to this cluster."""
        require_markers(log, aborted)
        if any(aborted.values()) and has_gaps(log, of=2):
            raise Incapable(self.world, "gaps of more than a marker in a log with aborted transactions")
        for partition, records in log.items():
            ascending = all(a.offset < b.offset for a, b in itertools.pairwise(records))
            assert ascending, f"{partition} is not ascending"
            if records and records[0].offset > FIRST_OFFSET_MAX:
                found = f"{partition} starts at {records[0].offset}"
                raise Incapable(self.world, f"first offset above {FIRST_OFFSET_MAX} ({found})")
            for record in records:
                if record.timestamp_ms is None or record.timestamp_ms <= 0:
                    found = f"{partition} has {record.timestamp_ms} at offset {record.offset}"
                    raise Incapable(self.world, f"records without a positive timestamp ({found})")

    def create(self, topics: Mapping[str, int]) -> None:
        """Make `topics`, each with its number of partitions."""
        new = [NewTopic(topic, count, 1) for topic, count in topics.items()]
        with _kafka(f"create {dict(topics)}"):
            _results(self._admin.create_topics(new, **_LIMITS))
        # Each client has to see it, or would go on with the partitions of a topic of that name since deleted.
        clients: list[Producer | Consumer | AdminClient] = [self._producer(), self._any_reader(), self._admin]
        clients += [] if self._transactional is None else [self._transactional]
        for client in clients:
            for topic, count in topics.items():
                self._await_topic(client, topic, count)

    def delete(self, topics: Iterable[str]) -> None:
        """Make `topics` be no more; one that is not there is as wished."""
        for topic, future in self._admin.delete_topics(list(topics), **_LIMITS).items():
            with _kafka(f"delete {topic}", unless=KafkaError.UNKNOWN_TOPIC_OR_PART):
                future.result()

    def load(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Write `log` into its topics, which are there and empty, and check that it stands there as told.

        Raises Incapable, before anything is written, if the cluster cannot hold it.
        """
        self.refuse(log, aborted)
        self._misses.clear()
        for partition, records in log.items():
            for step in steps(records, aborted.get(partition, frozenset())):
                if step.kind == "plain":
                    self._write(self._producer(), partition, step.records)
                else:
                    self._flush(self._producer())
                    self._transact(partition, step)
        if self._plain is not None:
            self._flush(self._plain)
        self.trim({partition: records[0].offset for partition, records in log.items() if records})
        self._check(log, aborted)

    def append(self, log: Log) -> None:
        """Write `log` behind what its partitions hold, where its offsets go on; checked as each is acknowledged."""
        self.refuse(log)
        self._misses.clear()
        for partition, records in log.items():
            self._write(self._producer(), partition, records)
        self._flush(self._producer())

    def offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, range]:
        """First and end offset of each partition, as a half-open range; aborted records and markers count."""
        # Not by the admin client: on a cluster this young its list_offsets may take up to 3 s.
        reader = self._any_reader()
        found = {}
        for partition in partitions:
            # Without this look a busy machine may take 700 ms to find the leader.
            with _kafka(f"look at topic {partition.topic}"):
                reader.list_topics(partition.topic, timeout=_REQUEST_S)
            found[partition] = _ends(reader, partition)
        return found

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that the next record of each partition will get."""
        return {partition: held.stop for partition, held in self.offsets(partitions).items()}

    def committed(
        self, group: str, partitions: Iterable[TopicPartition], *, timeout_s: float = _REQUEST_S
    ) -> dict[TopicPartition, int]:
        """Offsets that `group` holds; a partition without one is not in the answer."""
        with _kafka(f"offsets of group {group}"):
            wanted = [Position(*partition) for partition in partitions]
            found = self._of_group(group).committed(wanted, timeout=timeout_s)
            _raise_errors(found)
        return {TopicPartition(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Give `group`, which has no member now, the offsets from which its next one reads on."""
        wanted = [Position(*partition, offset) for partition, offset in offsets.items()]
        with _kafka(f"commit {len(wanted)} offsets of group {group}"):
            _raise_errors(self._of_group(group).commit(offsets=wanted, asynchronous=False) or [])

    @contextlib.contextmanager
    def member(self, group: str, topic: str) -> Iterator[None]:
        """`group` has a member within the block, one that reads `topic` and commits nothing.

        Kafka takes no commit of anybody else meanwhile, and of anybody behind it; the mock takes none any more.
        """
        assigned: list[Position] = []
        config = {"group.id": group, "enable.auto.commit": False, "fetch.wait.max.ms": 10}
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, **config, **_QUIET})
        try:
            with _kafka(f"join group {group}"):
                consumer.subscribe([topic], on_assign=lambda _, partitions: assigned.extend(partitions))
                deadline = time.monotonic() + _REQUEST_S
                while not assigned:
                    consumer.poll(0.05)
                    if time.monotonic() > deadline:
                        raise BrokerError(f"join group {group}: no partition of {topic} within {_REQUEST_S:.0f} s")
            yield
        finally:
            consumer.close()

    def reset_group(self, group: str, partitions: Iterable[TopicPartition]) -> None:
        """Let the offsets of `group` expire; waits until its killed members have timed out.

        Kafka forgets the whole group, the mock the offsets of `partitions`.
        """
        del partitions
        deadline = time.monotonic() + _LOAD_S
        while True:
            future = self._admin.delete_consumer_groups([group], request_timeout=_REQUEST_S)[group]
            try:
                with _kafka(f"reset group {group}", unless=KafkaError.GROUP_ID_NOT_FOUND):
                    future.result()
            except BrokerError as error:
                if _code(error) != KafkaError.NON_EMPTY_GROUP or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def trim(self, first_offsets: Mapping[TopicPartition, int]) -> None:
        """Delete the records below these offsets, as retention would."""
        wanted = [Position(*partition, offset) for partition, offset in first_offsets.items() if offset > 0]
        if not wanted:
            return
        with _kafka("delete records"):
            _results(self._admin.delete_records(wanted, **_LIMITS))

    def close(self) -> None:
        """Let go of the clients."""
        for producer in (self._plain, self._transactional):
            if producer is not None:
                producer.purge()
                producer.flush(0)
        self._plain = self._transactional = self._admin_made = None
        if self._reader is not None:
            self._reader[1].close()
            self._reader = None

    @property
    def _admin(self) -> AdminClient:
        # Made at its first use: one that was idle for some milliseconds takes 50 ms for its first answer.
        if self._admin_made is None:
            self._admin_made = AdminClient({"bootstrap.servers": self.bootstrap_servers, **_QUIET})
        return self._admin_made

    def _await_topic(self, client: Producer | Consumer | AdminClient, topic: str, partitions: int) -> None:
        """Wait until a client sees that many partitions, each with a leader; the topic is there before those are."""
        deadline = time.monotonic() + _REQUEST_S
        while True:
            with _kafka(f"look at topic {topic}"):
                seen = client.list_topics(topic, timeout=_REQUEST_S).topics[topic].partitions.values()
            found = sum(partition.leader >= 0 for partition in seen)
            if found == len(seen) == partitions:
                return
            if time.monotonic() > deadline:
                raise BrokerError(f"create {topic}: expected {partitions} partitions with leaders, found {found}")
            time.sleep(0.005)

    def _producer_config(self) -> dict[str, Any]:
        return {"enable.idempotence": True}

    def _producer(self) -> Producer:
        if self._plain is None:
            self._plain = self._new_producer(self._producer_config())
        return self._plain

    def _any_reader(self) -> Consumer:
        return self._of_group(NO_GROUP if self._reader is None else self._reader[0])

    def _of_group(self, group: str) -> Consumer:
        """A consumer that is no member of `group` but reads and writes its offsets.

        Not the admin client: librdkafka 2.16 ends the process (a null pointer in rd_kafka_cgrp_op) if the
        coordinator is not ready for its list_consumer_group_offsets.
        """
        if self._reader is None or self._reader[0] != group:
            if self._reader is not None:
                self._reader[1].close()
            config = {"group.id": group, "enable.auto.commit": False, "isolation.level": "read_uncommitted"}
            consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, **config, **_QUIET})
            self._reader = (group, consumer)
        return self._reader[1]

    def _new_producer(self, config: Mapping[str, Any]) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "acks": "all",
                "queue.buffering.max.messages": 1_000_000,
                **_QUIET,
                **config,
            }
        )

    def _write(self, producer: Producer, partition: TopicPartition, records: Iterable[Record]) -> None:
        for record in records:
            while True:
                try:
                    producer.produce(
                        partition.topic,
                        partition=partition.partition,
                        key=record.key,
                        value=record.value,
                        timestamp=record.timestamp_ms or 0,
                        headers=list(record.headers),
                        on_delivery=self._expecting(partition, record.offset),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)

    def _expecting(self, partition: TopicPartition, offset: int) -> Any:
        def landed(error: KafkaError | None, message: Message) -> None:
            if error is not None or message.offset() != offset:
                found = f"offset {message.offset()}" if error is None else error.str()
                self._misses.append(f"{partition}: expected offset {offset}, found {found}")

        return landed

    def _flush(self, producer: Producer) -> None:
        left = producer.flush(_LOAD_S)
        if left:
            raise BrokerError(f"{left} records were not acknowledged within {_LOAD_S:.0f} s")
        self._raise_misses()

    def _raise_misses(self) -> None:
        if self._misses:
            count = len(self._misses)
            raise BrokerError(f"{count} records did not land as told; the first: {self._misses[0]}")

    def _transact(self, partition: TopicPartition, step: Step) -> None:
        with _kafka(f"transaction before offset {step.end_offset} of {partition}"):
            if self._transactional is None:
                identity = f"onceproof-{uuid.uuid4().hex}"
                self._transactional = self._new_producer({"transactional.id": identity})
                self._transactional.init_transactions(_REQUEST_S)
            producer, self._transactional = self._transactional, None
            producer.begin_transaction()
            self._write(producer, partition, step.records)
            self._flush(producer)  # an abort would discard what is still queued
            if step.kind == "committed":
                producer.commit_transaction(_REQUEST_S)
            else:
                producer.abort_transaction(_REQUEST_S)
            self._transactional = producer  # kept only where its transaction is over: one that is stuck fences itself
        # The marker is written after the reply; the next record must not overtake it.
        deadline = time.monotonic() + _REQUEST_S
        while (end := self.offsets([partition])[partition].stop) != step.end_offset:
            if end > step.end_offset or time.monotonic() > deadline:
                raise BrokerError(f"{partition}: expected end offset {step.end_offset}, found {end}")
            time.sleep(0.002)

    def _check(self, log: Log, aborted: Aborted) -> None:
        held = self.offsets(log)
        for partition, records in log.items():
            expected = range(records[0].offset, records[-1].offset + 1) if records else range(0)
            if records and records[-1].offset in aborted.get(partition, ()):
                expected = range(expected.start, expected.stop + 1)  # the marker
            if (held[partition].start, held[partition].stop) != (expected.start, expected.stop):
                raise BrokerError(f"{partition}: expected offsets {expected}, found {held[partition]}")


class MockCluster(Cluster):
    """One of librdkafka's mock clusters: no gaps, small logs, all else as in Kafka."""

    def __init__(self, host: Host, topics: Mapping[str, int]) -> None:
        self._host = host
        super().__init__(str(host.ask(do="fresh", topics=dict(topics))["bootstrap"]), world="embedded")

    def refuse(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Raise Incapable for transactions and gaps, and for partitions whose start the mock would forget."""
        if any(aborted.values()):
            raise Incapable(self.world, "aborted transactions")
        super().refuse(log)
        if has_gaps(log):
            raise Incapable(self.world, "gaps in the log: its broker gives consecutive offsets")
        for partition, records in log.items():
            size_bytes = sum(map(_size_bytes, records))
            if size_bytes > MOCK_PARTITION_BYTES_MAX:
                room = f"room for more than {MOCK_PARTITION_BYTES_MAX} bytes a partition"
                raise Incapable(self.world, f"{room} ({partition} has {size_bytes})")

    def create(self, topics: Mapping[str, int]) -> None:
        """Not answered by the mock: its topics are made with the cluster."""
        raise Incapable(self.world, f"way to create {sorted(topics)} in a running cluster")

    def delete(self, topics: Iterable[str]) -> None:
        """Not answered by the mock: a fresh cluster is cheaper."""
        raise Incapable(self.world, f"way to delete {sorted(topics)} from a running cluster")

    def reset_group(self, group: str, partitions: Iterable[TopicPartition]) -> None:
        """Let the offsets of `group` expire: it holds -1 then, which is what a broker answers for none.

        Clients refuse to send that, so it goes through a socket (OffsetCommit, version 2, of no member).
        """
        topics: dict[str, list[int]] = defaultdict(list)
        for topic, partition in partitions:
            topics[topic].append(partition)
        body = _text("onceproof") + _text(group) + _int(-1, 4) + _text("") + _int(-1, 8)
        body += _int(len(topics), 4)
        for topic, numbers in topics.items():
            body += _text(topic) + _int(len(numbers), 4)
            body += b"".join(_int(number, 4) + _int(-1, 8) + _text("") for number in numbers)
        request = _int(8, 2) + _int(2, 2) + _int(1, 4) + body
        name, _, port = self.bootstrap_servers.rpartition(":")
        try:
            with socket.create_connection((name, int(port)), _REQUEST_S) as wire:
                wire.sendall(_int(len(request), 4) + request)
                wire.recv(4096)
        except OSError as error:
            raise BrokerError(f"reset group {group}: {error}") from error
        if held := self.committed(group, [TopicPartition(t, n) for t in topics for n in topics[t]]):
            raise BrokerError(f"reset group {group}: expected no offsets, found {held}")

    def trim(self, first_offsets: Mapping[TopicPartition, int]) -> None:
        """Delete the records below these offsets, as retention would."""
        for (topic, partition), first in first_offsets.items():
            if first > 0:
                at = [topic, partition, first]
                self._host.ask(do="trim", bootstrap=self.bootstrap_servers, at=at)

    def close(self) -> None:
        """Let go of the clients and end the cluster."""
        super().close()
        self._host.ask(do="drop", bootstrap=self.bootstrap_servers)

    def _producer_config(self) -> dict[str, Any]:
        # An idempotent producer waits 500 to 1000 ms for its id, for each new cluster; one request at a time
        # keeps the order as well.
        return {"max.in.flight.requests.per.connection": 1}


def _size_bytes(record: Record) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + 4 for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + _RECORD_OVERHEAD_BYTES


def _ends(reader: Consumer, partition: TopicPartition) -> range:
    """First and end offset; of a topic that was just made, whoever is to be its leader may not know yet."""
    deadline = time.monotonic() + _REQUEST_S
    while True:
        try:
            with _kafka(f"offsets of {partition}"):
                ends = reader.get_watermark_offsets(Position(*partition), timeout=_REQUEST_S)
        except BrokerError as error:
            if _code(error) != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
            continue
        if ends is None:
            raise BrokerError(f"offsets of {partition}: no answer within {_REQUEST_S:.0f} s")
        return range(*ends)


def _results(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result()


def _raise_errors(positions: Iterable[Position]) -> None:
    for at in positions:
        if at.error is not None:
            raise KafkaException(at.error)


@contextlib.contextmanager
def _kafka(doing: str, *, unless: int | None = None) -> Iterator[None]:
    """Turn a client's error while `doing` something into BrokerError; the code `unless` is no error."""
    try:
        yield
    except KafkaException as error:
        if unless is None or error.args[0].code() != unless:
            raise BrokerError(f"{doing}: {error.args[0].str()}") from error


def _code(error: BrokerError) -> int | None:
    cause = error.__cause__
    return int(cause.args[0].code()) if isinstance(cause, KafkaException) else None


def _int(value: int, size_bytes: int) -> bytes:
    return value.to_bytes(size_bytes, "big", signed=True)


def _text(value: str) -> bytes:
    return _int(len(value.encode()), 2) + value.encode()
