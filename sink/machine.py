"""The writer of one topic-partition: which record goes to which file, and when files are closed.

Three causes close all open files of a partition (a rotation), always together:
1. record time: `rotate.interval.ms` since the first record looked at, or a change of directory; read from records only;
2. the schedule: `rotate.schedule.interval.ms`; the only cause that reads a clock (and Wallclock's, which is the clock);
3. `flush.size` records over all open files.
1 and 2 are checked before a record is written, which then goes to the next file; 3 after, which it closes.

There is one counter, one base timestamp and one schedule for a partition, however many files are open. A name carries
the offset of its first record, and is fixed when the file is opened. Source: reference, sections 3 and 6.4.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from onceproof.sink.config import SinkConfig
from onceproof.sink.converters import renderer
from onceproof.sink.effects import Effect, HeadObject, ReadClock, Record, TopicPartition
from onceproof.sink.errors import StoreError, TaskFailed
from onceproof.sink.extractors import Extractor, extractor
from onceproof.sink.partitioner import Encoder, TimeEncoder, object_key
from onceproof.sink.schedule import next_scheduled_ms
from onceproof.sink.upload import OpenFile

REMEMBERED_NAMES = 100
"""How many records since the last rotation the search for a free name knows (reference 6.4)."""
SCAN_LIMIT = 100
"""`max.files.scan.limit`: how many offsets that search tries."""
TOMBSTONE = "tombstone"
"""Anywhere in a key, this text makes the real connector leave out the writer of values (reference 4.4)."""
WALLCLOCK = "WallclockTimestampExtractor"
RECORD = "RecordTimestampExtractor"


class RetryLater(Exception):  # noqa: N818 - not an error: the task goes on
    """A retriable failure; reading goes on at `rewind`, or where it is if that is None."""

    def __init__(self, rewind: int | None, cause: str) -> None:
        super().__init__(cause)
        self.rewind = rewind


@dataclass(frozen=True, slots=True)
class Shared:
    """What all writers of a task share: there is one partitioner, one extractor and one renderer."""

    config: SinkConfig
    extract: Extractor | None
    """None for a partitioner that knows no time."""
    encode: Encoder | None
    render: Callable[[list[Any]], bytes]

    @staticmethod
    def of(config: SinkConfig) -> "Shared":
        """Build it from a configuration."""
        if config.time_bucket is None:
            return Shared(config, None, None, renderer(config))
        return Shared(config, extractor(config), TimeEncoder(config.time_bucket), renderer(config))


class TopicPartitionWriter:
    """State machine of one topic-partition; `opened_ms` starts its schedule, `failed_ms` its back-off."""

    def __init__(
        self, shared: Shared, partition: TopicPartition, opened_ms: int, *, failed_ms: int | None = None
    ) -> None:
        self.partition = partition
        self.paused = False
        self._shared = shared
        self._config = shared.config
        self._records: list[Record] = []
        self._values: list[Any] = []
        self._open: dict[str, OpenFile] = {}
        self._count = 0
        self._base_ms: int | None = None
        self._last_seen_ms: int | None = None
        self._last_directory: str | None = None
        self._last_offset = -1
        self._directories: dict[int, str] = {}
        self._pending: int | None = None
        self._failed_ms = failed_ms
        self._scheduled_ms = self._next_scheduled_ms(opened_ms)

    def buffer(self, records: list[Record], values: list[Any]) -> None:
        """Take converted records, ascending by offset; they are looked at by the next `write`."""
        self._records += records
        self._values += values

    def take_offset(self) -> int | None:
        """The offset to commit since it was last asked for; it is handed out once."""
        pending, self._pending = self._pending, None
        return pending

    def write(self) -> Generator[Effect, Any, None]:
        """Write what is buffered; once per put(), also without records.

        Raises RetryLater after a retriable store error and TaskFailed after any other: the writer is then spent.
        """
        try:
            yield from self._write()
        except StoreError as error:
            if not error.retry:
                raise TaskFailed(f"{self.partition}: {error}") from error
            raise self._retry_later(str(error)) from error

    def close(self) -> Generator[Effect, Any, None]:
        """Drop the open files: JSON uploads are aborted, those of ByteArray stay behind (reference 6.3)."""
        if self._config.format == "ByteArrayFormat":
            return
        for file in self._open.values():
            try:
                yield from file.abort()
            except StoreError:
                continue  # errors on close are logged by the driver and change nothing

    def _write(self) -> Generator[Effect, Any, None]:
        now_ms: int = yield ReadClock(self.partition, "put")
        if self._failed_ms is not None and now_ms - self._failed_ms < self._config.retry_backoff_ms:
            return
        self._failed_ms = None
        if self._count == 0 and self._schedule_is_due(now_ms):
            self._scheduled_ms = self._next_scheduled_ms(now_ms)
        if self._records:
            self.paused = True
            yield from self._drain(now_ms)
        if self._count and self._time_to_rotate(self._last_directory, self._last_seen_ms, now_ms):
            yield from self._rotate_by_time()
        self.paused = False

    def _drain(self, now_ms: int) -> Generator[Effect, Any, None]:
        """Look at the buffered records in order; one that a check trips on stays and is looked at again."""
        at = 0
        while at < len(self._records):
            timestamp_ms, directory = self._look_at(at, now_ms)
            if self._count and self._time_to_rotate(directory, timestamp_ms, now_ms):
                yield from self._rotate_by_time()
                continue
            end = self._end_of_run(at, timestamp_ms, now_ms)
            waiting_bytes = self._append(directory, at, end)
            at = end
            if waiting_bytes >= self._config.part_size_bytes:
                yield from self._open[directory].send_full_parts(self._config.part_size_bytes)
            if self._count >= self._config.flush_size:
                yield from self._rotate()
        self._records, self._values = [], []

    def _look_at(self, at: int, now_ms: int) -> tuple[int | None, str]:
        """Time and directory of a buffered record; what later checks stand on is set even if it is not written."""
        record, extract, encode = self._records[at], self._shared.extract, self._shared.encode
        if extract is None or encode is None:
            timestamp_ms, directory = None, f"partition={self.partition.partition}"
        else:
            timestamp_ms = extract(record, self._values[at], now_ms)
            if timestamp_ms is None:
                raise TaskFailed(f"{self.partition}: offset {record.offset} has no timestamp")
            if self._base_ms is None:
                self._base_ms = timestamp_ms
            directory = encode(timestamp_ms)
        self._last_seen_ms = timestamp_ms
        if len(self._directories) < REMEMBERED_NAMES:
            self._directories[record.offset] = directory
        return timestamp_ms, directory

    def _end_of_run(self, at: int, timestamp_ms: int | None, now_ms: int) -> int:
        """The end of the records from `at` on that go to one file, with no check between them that could trip.

        They are written together; what this leaves out is looked at one by one, so it may be too short, never too long.
        """
        end = min(len(self._records), at + self._config.flush_size - self._count)
        if self._schedule_is_due(now_ms):
            return at + 1
        if timestamp_ms is None or self._config.extractor == WALLCLOCK:
            return end
        if self._config.extractor != RECORD or not isinstance(self._shared.encode, TimeEncoder):
            return at + 1
        low_ms, high_ms = self._shared.encode.span(timestamp_ms)
        if self._config.rotate_interval_ms > 0 and self._base_ms is not None:
            high_ms = min(high_ms, self._base_ms + self._config.rotate_interval_ms)
        for index in range(at + 1, end):
            next_ms = self._records[index].timestamp_ms
            if next_ms is None or not low_ms <= next_ms < high_ms:
                return index
        return end

    def _append(self, directory: str, at: int, end: int) -> int:
        """Write a run of records, opening its file if need be; returns the bytes of that file that wait to be sent."""
        first, last = self._records[at], self._records[end - 1]
        file = self._open.get(directory)
        if file is None:
            key = self._key(directory, first.offset)
            if TOMBSTONE in key:
                raise TaskFailed(
                    f"{key}: a key that contains {TOMBSTONE!r}, the default of tombstone.encoded.partition, "
                    "takes no values, as in the real connector"
                )
            file = self._open[directory] = OpenFile(self.partition, key, first.offset)
        waiting_bytes = file.append(self._shared.render(self._values[at:end]))
        self._count += end - at
        self._last_offset = last.offset
        self._last_directory = directory
        for record in self._records[at + 1 : min(end, at + 1 + REMEMBERED_NAMES - len(self._directories))]:
            self._directories[record.offset] = directory
        return waiting_bytes

    def _time_to_rotate(self, directory: str | None, timestamp_ms: int | None, now_ms: int) -> bool:
        """Whether record time or the schedule closes the open files now (reference 3.4)."""
        interval_ms = self._config.rotate_interval_ms
        if interval_ms > 0 and timestamp_ms is not None:
            if self._base_ms is not None and timestamp_ms - self._base_ms >= interval_ms:
                return True
            if self._config.rotate_on_partition_change and directory != self._last_directory:
                return True
        return self._schedule_is_due(now_ms)

    def _schedule_is_due(self, now_ms: int) -> bool:
        return self._scheduled_ms is not None and now_ms >= self._scheduled_ms

    def _next_scheduled_ms(self, now_ms: int) -> int | None:
        period_ms, zone = self._config.rotate_schedule_interval_ms, self._config.schedule_zone
        return next_scheduled_ms(now_ms, period_ms, zone) if period_ms > 0 and zone is not None else None

    def _rotate_by_time(self) -> Generator[Effect, Any, None]:
        """Rotate, and set the schedule anew from a fresh reading, also when the interval was the cause."""
        if self._scheduled_ms is not None:
            self._scheduled_ms = self._next_scheduled_ms((yield ReadClock(self.partition, "reschedule")))
        yield from self._rotate()

    def _rotate(self) -> Generator[Effect, Any, None]:
        """Complete every open file in order of opening; only then is there an offset to commit."""
        for directory in list(self._open):
            yield from self._complete(self._open[directory], directory)
            del self._open[directory]
        self._pending = self._last_offset + 1
        self._count = 0
        self._base_ms = None
        self._directories.clear()

    def _complete(self, file: OpenFile, directory: str) -> Generator[Effect, Any, None]:
        try:
            yield from file.complete(if_absent=self._config.conditional_writes)
        except StoreError as error:
            if error.code != "PreconditionFailed":
                raise
            if (yield from self._head(file.key)) == "missing":
                raise TaskFailed(f"{file.key}: refused as existing, but it does not exist") from error
            file.start_offset = yield from self._next_free_offset(file.start_offset)
            raise self._retry_later(f"{file.key} exists; goes on at offset {file.start_offset}") from error

    def _next_free_offset(self, start_offset: int) -> Generator[Effect, Any, int]:
        """The first offset behind `start_offset` whose name is free, or is not known (reference 6.4, 9.3 C1)."""
        for offset in range(start_offset + 1, start_offset + 1 + SCAN_LIMIT):
            directory = self._directories.get(offset)
            if directory is None or (yield from self._head(self._key(directory, offset))) != "exists":
                return offset
        return start_offset + 1 + SCAN_LIMIT

    def _head(self, key: str) -> Generator[Effect, Any, str]:
        try:
            status: str = yield HeadObject(self.partition, key)
        except StoreError as error:
            raise TaskFailed(f"{self.partition}: whether {key} exists cannot be told: {error}") from error
        return status

    def _retry_later(self, cause: str) -> RetryLater:
        rewind = min((file.start_offset for file in self._open.values()), default=None)
        return RetryLater(rewind, f"{self.partition}: {cause}")

    def _key(self, directory: str, offset: int) -> str:
        return object_key(self._config, self.partition, directory, offset)
