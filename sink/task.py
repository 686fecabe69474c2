"""The task, and the worker loop of Kafka Connect around it: poll, put, commit, rebalance, stop.

`run` is the whole core as one generator. Offsets are committed only behind completed files, handed out once, and never
beyond what put() has returned from (reference 2 and 9.2 B1).
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, assert_never

from onceproof.sink.config import SinkConfig
from onceproof.sink.converters import converter
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
from onceproof.sink.errors import ProtocolError, TaskFailed
from onceproof.sink.javajson import MalformedJson
from onceproof.sink.machine import RetryLater, Shared, TopicPartitionWriter

_CHECKED_KEYS = ("JsonConverter",)
"""Converters that can refuse a key; the others are not run, since keys are not stored."""


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
            event: Input = yield Poll(task.rewind, task.paused())
            match event:
                case Records(by_partition):
                    yield from task.deliver(by_partition)
                case CommitDue():
                    yield from task.commit()
                case Assigned(positions):
                    yield from task.open(positions)
                case Revoked():
                    yield from task.close()
                    yield Released()
                case Lost():
                    yield from task.drop()
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
        self._shared = Shared.of(config)
        self._value_of = converter(config.value_converter)
        self._check_key = converter(config.key_converter) if config.key_converter in _CHECKED_KEYS else None
        self._writers: dict[TopicPartition, TopicPartitionWriter] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._last_committed: dict[TopicPartition, int] = {}

    def paused(self) -> frozenset[TopicPartition]:
        return frozenset(partition for partition, writer in self._writers.items() if writer.paused)

    def open(self, positions: Mapping[TopicPartition, int]) -> Generator[Effect, Any, None]:
        """A new writer for each partition; reading starts at its position, nothing is listed or sought."""
        for partition in sorted(positions):
            now_ms = yield ReadClock(partition, "open")
            self._writers[partition] = TopicPartitionWriter(self._shared, partition, now_ms)
        self._positions = dict(positions)
        self._last_committed = dict(positions)
        self.rewind = {}

    def deliver(self, by_partition: Mapping[TopicPartition, list[Record]]) -> Generator[Effect, Any, None]:
        """One poll's records: convert all of them, then put; positions move only when put returns."""
        self._positions.update(self.rewind)
        self._last_committed.update(self.rewind)
        self.rewind = {}
        converted = {partition: self._convert(partition, records) for partition, records in by_partition.items()}
        for partition, values in converted.items():
            if None in values:
                offset = by_partition[partition][values.index(None)].offset
                raise TaskFailed(f"{partition}: offset {offset} has a null value, and behavior.on.null.values=fail")
        for partition, values in converted.items():
            self._writers[partition].buffer(by_partition[partition], values)
        for partition in list(self._writers):
            yield from self._write(partition)
        for partition, records in by_partition.items():
            if records:
                self._positions[partition] = records[-1].offset + 1

    def commit(self) -> Generator[Effect, Any, None]:
        """Ask every writer for its offset and commit what changed."""
        yield from self._commit(self._pre_commit())

    def close(self) -> Generator[Effect, Any, None]:
        """Take the offsets, close the writers, then commit, as the worker does before it gives partitions back."""
        offsets = self._pre_commit()
        yield from self._close_writers()
        yield from self._commit(offsets)

    def drop(self) -> Generator[Effect, Any, None]:
        """Close without a commit: the partitions belong to somebody else."""
        yield from self._close_writers()

    def _close_writers(self) -> Generator[Effect, Any, None]:
        for writer in self._writers.values():
            yield from writer.close()
        self._writers.clear()
        self.rewind = {}

    def _convert(self, partition: TopicPartition, records: list[Record]) -> list[Any]:
        try:
            if self._check_key is not None:
                _convert_all(self._check_key, [record.key for record in records])
            return _convert_all(self._value_of, [record.value for record in records])
        except MalformedJson as error:
            raise TaskFailed(
                f"{partition}: a record from offset {records[0].offset} on cannot be converted: {error}"
            ) from error

    def _write(self, partition: TopicPartition) -> Generator[Effect, Any, None]:
        """Let one writer write; after a retriable failure a fresh one takes its place and reading is set back."""
        writer = self._writers[partition]
        try:
            yield from writer.write()
        except RetryLater as retry:
            yield Report("warning", f"{retry}; will retry")
            now_ms = yield ReadClock(partition, "failure")
            fresh = TopicPartitionWriter(self._shared, partition, now_ms, failed_ms=now_ms)
            fresh.paused = writer.paused
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


def _convert_all(convert: Callable[[bytes | None], Any], data: list[bytes | None]) -> list[Any]:
    return list(map(convert, data))
