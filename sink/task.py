"""The task, and the worker loop of Kafka Connect around it: poll, put, commit, rebalance, stop.

`run` is the whole core as one generator. Offsets are committed only behind completed files, handed out once, and never
beyond what put() has returned from (reference 2 and 9.2 B1).
"""

from collections.abc import Generator, Mapping
from typing import Any, assert_never

from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import (
    Assigned,
    Commit,
    CommitDue,
    Effect,
    HeadBucket,
    Input,
    Lost,
    Poll,
    ReadClock,
    Record,
    Records,
    Released,
    Report,
    Revoked,
    Stop,
    TopicPartition,
)
from onceproof.sink.errors import DataError, ProtocolError, TaskFailed
from onceproof.sink.machine import Batch, RetryLater, Shared, TopicPartitionWriter
from onceproof.sink.reading.conversion import Conversion

NO_LIMIT_MS = 2**62
"""From here on `max.write.duration.ms` is none: no clock counts so far."""
_PLAIN = Poll({}, frozenset())


def run(config: SinkConfig) -> Generator[Effect, Any, None]:
    """Run the sink until it is told to stop.

    Raises TaskFailed for an error that the task does not survive; partitions are then closed and committed already.
    """
    for warning in config.warnings:
        yield Report("warning", warning)
    yield HeadBucket()
    task = _Task(config)
    while True:
        try:
            event: Input = yield task.poll()
            match event:
                case Records(by_partition):
                    yield from task.deliver(by_partition)
                case CommitDue():
                    yield from task.commit()
                case Assigned(positions):
                    yield from task.open(positions)
                case Revoked(partitions):
                    yield from task.close(partitions)
                    yield Released()
                case Lost(partitions):
                    yield from task.drop(partitions)
                    yield Released()
                case Stop():
                    yield from task.close()
                    return
                case _:
                    assert_never(event)
        except TaskFailed as error:
            yield Report("error", f"the task failed: {error}")
            yield from task.close()
            raise


class _Task:
    """What a worker knows of its task: writers, positions, and what it committed last."""

    def __init__(self, config: SinkConfig) -> None:
        self.rewind: dict[TopicPartition, int] = {}
        self._config = config
        self._shared = Shared.of(config)
        self._conversion = Conversion(config, self._shared.errants)
        self._writers: dict[TopicPartition, TopicPartitionWriter] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._last_committed: dict[TopicPartition, int] = {}

    def poll(self) -> Poll:
        """What is asked of the consumer."""
        paused = [partition for partition, writer in self._writers.items() if writer.paused]
        return Poll(self.rewind, frozenset(paused)) if paused or self.rewind else _PLAIN

    def open(self, positions: Mapping[TopicPartition, int]) -> Generator[Effect, Any, None]:
        """A new writer for each partition; reading starts at its position, nothing is listed or sought."""
        for partition in sorted(positions):
            now_ms = yield ReadClock(partition, "open")
            self._writers[partition] = TopicPartitionWriter(self._shared, partition, now_ms)
        self._positions.update(positions)
        self._last_committed.update(positions)

    def deliver(self, by_partition: Mapping[TopicPartition, list[Record]]) -> Generator[Effect, Any, None]:
        """One poll's records: convert all of them, then put; positions move only when put returns.

        A put is the null policy for all batches, then every writer, also those without records. Writing has a deadline
        (`max.write.duration.ms`); by default none, and no clock is read for it.
        """
        if self.rewind:
            self._positions.update(self.rewind)
            self._last_committed.update(self.rewind)
            self.rewind = {}
        ends = {partition: records[-1].offset + 1 for partition, records in by_partition.items() if records}
        if ends:
            batches = yield from self._conversion.convert(by_partition)
            if self._config.null_values != "write":
                for partition, batch in batches.items():
                    if None in batch.values:
                        yield from self._without_nulls(partition, batch)
            self._buffer(batches)
        deadline_ms = None
        if self._writers and self._config.max_write_duration_ms < NO_LIMIT_MS:
            now_ms: int = yield ReadClock(next(iter(self._writers)), "deadline")
            deadline_ms = now_ms + self._config.max_write_duration_ms
        for partition, writer in list(self._writers.items()):
            try:
                yield from writer.write(deadline_ms)
            except RetryLater as retry:
                yield from self._start_again(partition, writer, retry)
        self._positions.update(ends)

    def _buffer(self, batches: Mapping[TopicPartition, Batch]) -> None:
        for partition, batch in batches.items():
            writer = self._writers.get(partition)
            if writer is None and batch.records:
                raise TaskFailed(
                    f"{partition}: offset {batch.records[0].offset} has no writer: a transform has changed its topic, "
                    "or a cooperative rebalance has closed the writers of partitions that were kept"
                )
            if writer is not None:
                writer.buffer(batch)

    def _without_nulls(self, partition: TopicPartition, batch: Batch) -> Generator[Effect, Any, None]:
        """`behavior.on.null.values`: the task fails, or null values are skipped and told."""
        nulls = [at for at, value in enumerate(batch.values) if value is None]
        if self._config.null_values == "fail":
            offset = batch.records[nulls[0]].offset
            raise TaskFailed(f"{partition}: offset {offset} has a null value, and behavior.on.null.values=fail")
        if self._config.report_nulls and self._shared.errants.has_reporter:
            for at in nulls:
                skipped = DataError("its value is null, and behavior.on.null.values=ignore")
                yield from self._shared.errants.report(partition, batch.records[at], skipped)
        for at in reversed(nulls):
            batch.drop(at)

    def commit(self) -> Generator[Effect, Any, None]:
        """Ask every writer for its offset and commit what changed."""
        yield from self._commit(self._pre_commit())

    def close(self, partitions: frozenset[TopicPartition] | None = None) -> Generator[Effect, Any, None]:
        """Take the offsets, close the writers, then commit, as the worker does before it gives partitions back.

        All writers are closed, whichever partitions are given back; only the offsets of these are committed, and those
        of the others are gone (reference 7.3 H27).
        """
        offsets = self._pre_commit()
        yield from self._close_writers()
        yield from self._commit(
            {tp: offset for tp, offset in offsets.items() if partitions is None or tp in partitions}
        )
        self._forget(partitions)

    def drop(self, partitions: frozenset[TopicPartition] | None = None) -> Generator[Effect, Any, None]:
        """Close without a commit: the partitions belong to somebody else."""
        yield from self._close_writers()
        self._forget(partitions)

    def _close_writers(self) -> Generator[Effect, Any, None]:
        for writer in self._writers.values():
            yield from writer.close()
        self._writers.clear()
        self.rewind = {}

    def _forget(self, partitions: frozenset[TopicPartition] | None) -> None:
        for known in (self._positions, self._last_committed):
            for partition in list(known) if partitions is None else partitions:
                known.pop(partition, None)

    def _start_again(
        self, partition: TopicPartition, failed: TopicPartitionWriter, retry: RetryLater
    ) -> Generator[Effect, Any, None]:
        """A fresh writer takes the place of one that met a retriable failure, and reading is set back."""
        yield Report("warning", f"{retry}; will retry")
        now_ms = yield ReadClock(partition, "failure")
        fresh = TopicPartitionWriter(self._shared, partition, now_ms, failed_ms=now_ms)
        fresh.paused = failed.paused
        self._writers[partition] = fresh
        if retry.rewind is not None:
            self.rewind[partition] = retry.rewind

    def _pre_commit(self) -> dict[TopicPartition, int]:
        offsets = {partition: writer.take_offset() for partition, writer in self._writers.items()}
        return {
            partition: offset
            for partition, offset in offsets.items()
            if offset is not None and offset <= self._positions[partition]
        }

    def _commit(self, offsets: Mapping[TopicPartition, int]) -> Generator[Effect, Any, None]:
        """Commit, as the worker does, the last committed offsets of all partitions with the news in `offsets`."""
        together = {**self._last_committed, **offsets}
        if together == self._last_committed:
            return
        if any(offset < 0 for offset in together.values()):
            raise ProtocolError(f"negative offset in {together}")
        if (yield Commit(together)):
            self._last_committed = together
