"""The writer of one topic-partition: which record goes to which file, and when files are closed.

What closes all open files of a partition (a rotation), always together:
1. a change between records with and without a schema in one directory;
2. record time: `rotate.interval.ms` since the first record looked at, or a change of directory; read from records only;
3. the schedule: `rotate.schedule.interval.ms`; the only cause that reads a clock (and Wallclock's, which is the clock);
4. a schema that the directory's first one is not compatible with, or one directory more than may be open;
5. `flush.size` records over all open files.
1 to 4 are checked in this order before a record is written, which then goes to the next file; 5 after, which it closes.

There is one counter, one base timestamp and one schedule for a partition, however many files are open. A name carries
the offset of its first record, and is fixed when the file is opened. A record that cannot be placed or written is
reported and skipped, but the base and the schema that it set stay. Source: reference, sections 3 and 6.4.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NoReturn

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import Header, Schema, SinkRecord
from onceproof.sink.effects import Effect, HeadObject, ReadClock, Record, TagObject, TopicPartition
from onceproof.sink.errants import Errants
from onceproof.sink.errors import DataError, RecordError, StoreError, TaskFailed
from onceproof.sink.placing.compatibility import Compatibility, compatibility
from onceproof.sink.placing.partitioner import Partitioner, object_key, partitioner
from onceproof.sink.placing.schedule import next_scheduled_ms
from onceproof.sink.writing.formats import Kind, open_writer
from onceproof.sink.writing.upload import OpenDirectory, OpenFile

REMEMBERED_NAMES = 100
"""How many records since the last rotation the search for a free name knows (reference 6.4)."""
WALLCLOCK = "WallclockTimestampExtractor"
RECORD = "RecordTimestampExtractor"


class RetryLater(Exception):  # noqa: N818 - not an error: the task goes on
    """A retriable failure; reading goes on at `rewind`, or where it is if that is None."""

    def __init__(self, rewind: int | None, cause: str) -> None:
        super().__init__(cause)
        self.rewind = rewind


@dataclass(slots=True)
class Batch:
    """Converted records of one partition, ascending by offset, as columns of equal length.

    Keys and headers are None where the configuration has no use for them.
    """

    records: list[Record] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    schemas: list[Schema | None] = field(default_factory=list)
    keys: list[Any] | None = None
    key_schemas: list[Schema | None] | None = None
    headers: list[tuple[Header, ...]] | None = None

    def extend(self, more: "Batch") -> None:
        """Take the records of `more` behind those that are here; both have the same columns, or this one is empty."""
        if not self.records:
            self.records, self.values, self.schemas = more.records, more.values, more.schemas
            self.keys, self.key_schemas, self.headers = more.keys, more.key_schemas, more.headers
            return
        self.records += more.records
        self.values += more.values
        self.schemas += more.schemas
        for mine, others in zip(self.optional(), more.optional(), strict=True):
            mine.extend(others)

    def drop(self, at: int) -> None:
        """Forget one record."""
        for column in self._columns():
            del column[at]

    def drop_first(self, count: int) -> None:
        """Forget records that are dealt with."""
        for column in self._columns():
            del column[:count]

    def _columns(self) -> list[list[Any]]:
        return [self.records, self.values, self.schemas, *self.optional()]

    def optional(self) -> list[list[Any]]:
        """The columns that are not always there."""
        return [column for column in (self.keys, self.key_schemas, self.headers) if column is not None]


class Shared(NamedTuple):
    """What all writers of a task share: there is one partitioner, and one answer to what is compatible."""

    config: SinkConfig
    partitioner: Partitioner
    compatibility: Compatibility
    errants: Errants

    @staticmethod
    def of(config: SinkConfig) -> "Shared":
        """Build it from a configuration."""
        return Shared(config, partitioner(config), compatibility(config.schema_compatibility), Errants(config))


class TopicPartitionWriter:
    """State machine of one topic-partition; `opened_ms` starts its schedule, `failed_ms` its back-off."""

    def __init__(
        self, shared: Shared, partition: TopicPartition, opened_ms: int, *, failed_ms: int | None = None
    ) -> None:
        self.partition = partition
        self.paused = False
        self._errants = shared.errants
        self._compatibility = shared.compatibility
        self._partitioner = shared.partitioner
        self._config = shared.config
        self._waiting = Batch()
        self._open: dict[str, OpenDirectory] = {}
        self._schemas: dict[str, Schema | None] = {}
        self._count = 0
        self._base_ms: int | None = None
        self._last_seen_ms: int | None = None
        self._last_directory: str | None = None
        self._last_offset = -1
        self._directories: dict[int, str] = {}
        self._must_rotate = False
        self._pending: int | None = None
        self._failed_ms = failed_ms
        self._reading_for_put = ReadClock(partition, "put")
        self._reads_for_each = (
            shared.partitioner.time_based
            and shared.config.null_values == "write"
            and shared.config.extractor == WALLCLOCK
        )
        self._deadline_ms: int | None = None
        self._scheduled_ms = self._next_scheduled_ms(opened_ms)

    def buffer(self, batch: Batch) -> None:
        """Take converted records; they are looked at by the next `write`."""
        self._waiting.extend(batch)

    def take_offset(self) -> int | None:
        """The offset to commit since it was last asked for; it is handed out once."""
        pending, self._pending = self._pending, None
        return pending

    def write(self, deadline_ms: int | None = None) -> Generator[Effect, Any, None]:
        """Write what is buffered, until the clock is beyond `deadline_ms`; once per put(), also without records.

        Raises RetryLater after a retriable store error and TaskFailed after any other: the writer is then spent.
        """
        self._deadline_ms = deadline_ms
        try:
            now_ms: int = yield self._reading_for_put
            if self._failed_ms is not None and now_ms - self._failed_ms < self._config.retry_backoff_ms:
                return
            self._failed_ms = None
            if self._count == 0 and self._schedule_is_due(now_ms):
                self._scheduled_ms = self._next_scheduled_ms(now_ms)
            if self._waiting.records:
                self.paused = True
                yield from self._drain(now_ms)
            if not self._waiting.records and (self._deadline_ms is None or not (yield from self._is_late())):
                # A rotation that the deadline put off is forgotten here, as in the real connector (reference 3.7).
                self._must_rotate = False
                if self._count and self._time_to_rotate(self._last_directory, self._last_seen_ms, now_ms):
                    yield from self._rotate_by_time()
            self.paused = len(self._waiting.records) >= self._config.flush_size
        except StoreError as error:
            if not error.retry:
                raise TaskFailed(f"{self.partition}: {error}") from error
            raise self._retry_later(str(error)) from error

    def close(self) -> Generator[Effect, Any, None]:
        """Drop the open files."""
        for directory in self._open.values():
            yield from directory.close()

    def _drain(self, now_ms: int) -> Generator[Effect, Any, None]:
        """Look at the buffered records in order; one that a check trips on stays and is looked at again."""
        waiting = self._waiting
        at = 0
        while self._deadline_ms is None or not (yield from self._is_late()):
            if self._must_rotate:
                yield from self._rotate()
            if at == len(waiting.records):
                break
            at = yield from self._look_at(at, now_ms)
        if at:
            waiting.drop_first(at)

    def _is_late(self) -> Generator[Effect, Any, bool]:
        """Whether `max.write.duration.ms` is over. By default there is no deadline, and nobody asks."""
        assert self._deadline_ms is not None, "where there is no deadline no clock is read"
        now_ms: int = yield ReadClock(self.partition, "deadline")
        return now_ms > self._deadline_ms

    def _look_at(self, at: int, now_ms: int) -> Generator[Effect, Any, int]:
        """Look at one buffered record, and write it if no check trips; returns the index of the next to look at."""
        record = self._record(at)
        try:
            # Behind the wrapper for tombstones Wallclock is the clock itself, not the reading of this put (reference
            # 4.6).
            placed_ms: int = (yield ReadClock(self.partition, "record")) if self._reads_for_each else now_ms
            timestamp_ms, directory = self._place(record, placed_ms)
            if (cause := self._cause_before(record, timestamp_ms, directory, now_ms)) is not None:
                if cause == "time":
                    yield from self._reschedule()
                self._must_rotate = True
                return at
            end = self._end_of_run(at, directory, timestamp_ms, now_ms)
            end = self._append(record, directory, at, end)
        except RecordError as error:
            yield from self._errants.report(self.partition, record.raw, error)
            return at + 1
        for file in self._open[directory].files.values():
            if file.has_full_part:
                yield from file.send_full_parts()
        if self._count >= self._config.flush_size:
            self._must_rotate = True
        return end

    def _record(self, at: int) -> SinkRecord:
        waiting, (topic, partition) = self._waiting, self.partition
        raw = waiting.records[at]
        record = (
            topic,
            partition,
            raw.offset,
            raw.timestamp_ms,
            waiting.keys[at] if waiting.keys is not None else None,
            waiting.key_schemas[at] if waiting.key_schemas is not None else None,
            waiting.values[at],
            waiting.schemas[at],
            waiting.headers[at] if waiting.headers is not None else (),
            raw,
        )
        return tuple.__new__(SinkRecord, record)  # twice as fast as the call, and there is one for every look

    def _place(self, record: SinkRecord, now_ms: int) -> tuple[int | None, str]:
        """Time and directory of a record; the base that it sets stays even if it is not written."""
        placing, timestamp_ms = self._partitioner, None
        if placing.time_based:
            timestamp_ms = placing.extract(record, now_ms)
            if self._base_ms is None:
                self._base_ms = timestamp_ms
        self._last_seen_ms = timestamp_ms
        directory = placing.encode(record, timestamp_ms, now_ms)
        if len(self._directories) < REMEMBERED_NAMES:
            self._directories[record.offset] = directory
        return timestamp_ms, directory

    def _cause_before(
        self, record: SinkRecord, timestamp_ms: int | None, directory: str, now_ms: int
    ) -> Literal["schema", "time", "open files"] | None:
        """What closes the open files before this record, which then belongs to the next; None if nothing does."""
        schema, known = record.value_schema, directory in self._schemas
        entry = self._schemas.get(directory)
        flips = known and (entry is None) != (schema is None)
        if entry is None or schema is None:
            entry = self._schemas[directory] = schema
        if flips:
            return "schema"
        if self._count and self._time_to_rotate(directory, timestamp_ms, now_ms):
            return "time"
        if schema is not entry and self._compatibility.changes(schema, entry) and self._count:
            return "schema"
        limit = self._config.max_open_files
        is_full = limit != -1 and len(self._open) == limit and directory not in self._open
        return "open files" if is_full else None

    def _end_of_run(self, at: int, directory: str, timestamp_ms: int | None, now_ms: int) -> int:
        """The end of the records from `at` on that go to one file, with no check between them that could trip.

        They are written together; what this leaves out is looked at one by one, so it may be too short, never too long.
        """
        config = self._config
        end = min(len(self._waiting.records), at + config.flush_size - self._count)
        if end <= at + 1 or self._deadline_ms is not None or self._schedule_is_due(now_ms):
            return at + 1
        if (span := self._partitioner.span(timestamp_ms or 0)) is None:
            return at + 1
        first = self._waiting.schemas[at]
        if config.store_keys or config.store_headers or first is not self._schemas[directory]:
            return at + 1
        if timestamp_ms is not None and config.extractor != WALLCLOCK:
            if config.extractor != RECORD:
                return at + 1
            end = self._end_of_span(at, end, span)
        schemas = self._waiting.schemas[at:end]
        if schemas.count(first) == len(schemas):
            return end
        return at + next(index for index, schema in enumerate(schemas) if schema is not first)

    def _end_of_span(self, at: int, end: int, span: tuple[int, int]) -> int:
        """The end of the run of records whose own time lies in `span` and does not end the interval."""
        low_ms, high_ms = span
        if self._config.rotate_interval_ms > 0 and self._base_ms is not None:
            high_ms = min(high_ms, self._base_ms + self._config.rotate_interval_ms)
        records = self._waiting.records
        for index in range(at + 1, end):
            next_ms = records[index].timestamp_ms
            if next_ms is None or not low_ms <= next_ms < high_ms:
                return index
        return end

    def _append(self, record: SinkRecord, directory: str, at: int, end: int) -> int:
        """Write a run of records, opening its files if need be; returns the end of what was written.

        Where one of several is refused, only the first is written: the others are looked at one by one.
        Raises RecordError for a run of one; files that it has opened are then forgotten, others keep what they took.
        """
        opened = self._open.get(directory)
        target = opened or self._opened(directory, record)
        try:
            self._fill(target, record, directory, at, end)
        except RecordError:
            if end == at + 1:
                raise
            end = at + 1
            self._fill(target, record, directory, at, end)
        if opened is None:
            self._open[directory] = target
        records = self._waiting.records
        target.count += end - at
        target.end_offset = records[end - 1].offset + 1
        self._count += end - at
        self._last_offset = records[end - 1].offset
        self._last_directory = directory
        if end > at + 1:
            for other in records[at + 1 : min(end, at + 1 + REMEMBERED_NAMES - len(self._directories))]:
                self._directories[other.offset] = directory
        return end

    def _fill(self, target: OpenDirectory, record: SinkRecord, directory: str, at: int, end: int) -> None:
        """Append to each file of a directory. Missing keys and headers are refused before anything is written."""
        waiting, entry = self._waiting, self._schemas[directory]
        if "key" in target.files and record.key is None:
            raise DataError(f"the key is null, and store.kafka.keys is true (offset {record.offset})")
        if "headers" in target.files and not record.headers:
            raise DataError(f"there are no headers, and store.kafka.headers is true (offset {record.offset})")
        key_schema = record.key_schema
        if "value" not in target.files:
            if record.value is not None:
                raise TaskFailed(
                    f"{target.key}: a key that contains {self._config.tombstone_directory!r}, the text of "
                    "tombstone.encoded.partition, takes no values, as in the real connector"
                )
        elif self._config.schema_compatibility == "NONE" or record.value_schema is entry:
            target.files["value"].append(waiting.values[at:end], record.value_schema)
        else:
            project = self._compatibility.project
            projected = [project(value, record.value_schema, entry) for value in waiting.values[at:end]]
            if projected[0] is not record.value or _types_differ(record.value_schema, entry):
                key_schema = None  # the real connector loses it with the record that it replaces (reference 3.6)
            target.files["value"].append(projected, entry)
        if "key" in target.files:
            target.files["key"].append([record.key], key_schema)
        if "headers" in target.files:
            target.files["headers"].append([record.headers], None)

    def _opened(self, directory: str, record: SinkRecord) -> OpenDirectory:
        """The files of a directory, named by their first record."""
        config, partition, offset = self._config, self.partition, record.offset
        key = object_key(config, partition, directory, offset)
        kinds: list[Kind] = [] if config.tombstone_directory in key else ["value"]
        if config.store_keys:
            kinds.append("key")
        if config.store_headers:
            kinds.append("headers")
        files = {}
        for kind in kinds:
            name = key if kind == "value" else object_key(config, partition, directory, offset, kind=kind)
            writer = open_writer(config, kind, partition, offset)
            files[kind] = OpenFile(partition, name, writer, part_size_bytes=config.part_size_bytes)
        return OpenDirectory(key, offset, files)

    def _time_to_rotate(self, directory: str | None, timestamp_ms: int | None, now_ms: int) -> bool:
        """Whether record time or the schedule closes the open files now (reference 3.4)."""
        interval_ms = self._config.rotate_interval_ms
        if interval_ms > 0 and self._partitioner.time_based:
            base_ms = self._base_ms
            if base_ms is not None and timestamp_ms is not None and timestamp_ms - base_ms >= interval_ms:
                return True
            if self._changes_directory(directory):
                return True
        return self._schedule_is_due(now_ms)

    def _changes_directory(self, directory: str | None) -> bool:
        """Whether another directory than the last one written closes the files; tombstones come and go."""
        if not self._config.rotate_on_partition_change or directory == self._last_directory:
            return False
        tombstone = self._config.tombstone_directory
        return self._config.null_values != "write" or not any(
            each is not None and tombstone in each for each in (directory, self._last_directory)
        )

    def _schedule_is_due(self, now_ms: int) -> bool:
        return self._scheduled_ms is not None and now_ms >= self._scheduled_ms

    def _next_scheduled_ms(self, now_ms: int) -> int | None:
        period_ms, zone = self._config.rotate_schedule_interval_ms, self._config.schedule_zone
        return next_scheduled_ms(now_ms, period_ms, zone) if period_ms > 0 and zone is not None else None

    def _rotate_by_time(self) -> Generator[Effect, Any, None]:
        yield from self._reschedule()
        yield from self._rotate()

    def _reschedule(self) -> Generator[Effect, Any, None]:
        """Set the schedule anew from a fresh reading, also when the interval was the cause."""
        if self._scheduled_ms is not None:
            self._scheduled_ms = self._next_scheduled_ms((yield ReadClock(self.partition, "reschedule")))

    def _rotate(self) -> Generator[Effect, Any, None]:
        """Complete every open file in order of opening; only then is there an offset to commit."""
        config = self._config
        is_compressed = config.compression == "gzip"
        for name, directory in list(self._open.items()):
            for file in directory.files.values():
                try:
                    yield from file.complete(if_absent=config.conditional_writes, is_compressed=is_compressed)
                except StoreError as error:
                    if error.code != "PreconditionFailed":
                        raise
                    yield from self._taken(file, directory, error)
            if config.tagging:
                yield from self._tag(directory)
            del self._open[name]
        self._pending = self._last_offset + 1
        self._must_rotate = False
        self._count = 0
        self._base_ms = None
        self._schemas.clear()
        self._directories.clear()

    def _taken(self, file: OpenFile, directory: OpenDirectory, error: StoreError) -> Generator[Effect, Any, NoReturn]:
        """Where the name of a file is taken, its records can still be written under the next one that is free."""
        if (yield from self._head(file.key)) == "missing":
            raise TaskFailed(f"{file.key}: refused as existing, but it does not exist") from error
        directory.start_offset = yield from self._next_free_offset(directory.start_offset)
        raise self._retry_later(f"{file.key} exists; goes on at offset {directory.start_offset}") from error

    def _tag(self, directory: OpenDirectory) -> Generator[Effect, Any, None]:
        """Tag the object of values; what the configuration adds wins over what is counted."""
        config = self._config
        counted = {
            "startOffset": str(directory.start_offset),
            "endOffset": str(directory.end_offset - 1),
            "recordCount": str(directory.count),
        }
        tags = tuple({**counted, **dict(config.tags)}.items())
        attempts = config.part_attempts if config.tagging_error_fails else 1
        try:
            yield TagObject(self.partition, directory.key, tags, attempts)
        except StoreError as error:
            if config.tagging_error_fails:
                raise TaskFailed(f"{directory.key}: could not be tagged: {error}") from error

    def _next_free_offset(self, start_offset: int) -> Generator[Effect, Any, int]:
        """The first offset behind `start_offset` whose name is free, or is not known (reference 6.4, 9.3 C1)."""
        end = start_offset + 1 + self._config.scan_limit
        for offset in range(start_offset + 1, end):
            directory = self._directories.get(offset)
            if directory is None:
                return offset
            key = object_key(self._config, self.partition, directory, offset)
            if (yield from self._head(key)) != "exists":
                return offset
        return end

    def _head(self, key: str) -> Generator[Effect, Any, str]:
        try:
            status: str = yield HeadObject(self.partition, key)
        except StoreError as error:
            raise TaskFailed(f"{self.partition}: whether {key} exists cannot be told: {error}") from error
        return status

    def _retry_later(self, cause: str) -> RetryLater:
        rewind = min((directory.start_offset for directory in self._open.values()), default=None)
        return RetryLater(rewind, f"{self.partition}: {cause}")


def _types_differ(schema: Schema | None, other: Schema | None) -> bool:
    return schema is not None and other is not None and schema.type != other.type
