"""Which directory a record belongs to: its encoded partition, and from it the key of its object (reference 4).

The partitioners stand in one another: that of `partitioner.class`, around it the affix of the schema's name, and
outermost the tombstones. `TimeBasedPartitioner` is what a time-based class of the user's inherits from.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from onceproof.sink.config import TIME_BASED, SinkConfig, TimeBucket
from onceproof.sink.data import Moment, Schema, SinkRecord, Struct
from onceproof.sink.effects import TopicPartition
from onceproof.sink.errors import PartitionError, TaskFailed
from onceproof.sink.java.zones import Zone
from onceproof.sink.placing import pathformat, plugins
from onceproof.sink.placing.extractors import Extractor, extractor, named

ENTRY_POINTS = "onceproof.partitioners"
ALWAYS = (-(1 << 63), 1 << 63)
"""All instants."""

Encoder: TypeAlias = Callable[[int], str]
"""From milliseconds since the epoch to the directory of the bucket they fall into."""


class Partitioner(Protocol):
    """What the machine asks. `time_based`: rotate.interval.ms and rotation on a change of directory apply."""

    time_based: bool

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """The record's time; None where it has none, and for partitioners that do not ask. Raises TaskFailed."""

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """The directory; raises PartitionError (the record is errant) or TaskFailed."""

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Half-open instants around this one whose records share its directory, whatever else they hold.

        They are of one topic-partition. None: look at each record.
        """


def partitioner(config: SinkConfig) -> Partitioner:
    """The configured partitioner; raises ValueError where a class of the user's cannot be loaded or configured."""
    made = _bare(config)
    if config.affix != "NONE":
        made = SchemaAffix(made, config.affix, config.directory_delim)
    if config.null_values == "write":
        made = Tombstones(made, config.tombstone_directory)
    return made


def _bare(config: SinkConfig) -> Partitioner:
    if config.partitioner in TIME_BASED and config.time_bucket is not None:
        return TimeBased(_encoder(config.time_bucket), extractor(config))
    match config.partitioner:
        case "DefaultPartitioner":
            return Default()
        case "FieldPartitioner":
            return Fields(config.partition_fields, config.directory_delim)
    return Custom(config.partitioner, plugins.make(config.partitioner, ENTRY_POINTS, "encode", config.raw))


class Default:
    """`partition=3`, by the partition in Kafka."""

    time_based = False

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """No time."""
        return None

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """Never fails."""
        return f"partition={record.partition}"

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """One directory for ever."""
        return ALWAYS


class Leaf(NamedTuple):
    """A field of a schema that a directory is made of: its dotted name, where it lies at each level, and its schema."""

    name: str
    positions: tuple[int, ...]
    schema: Schema


class Fields:
    """`name=value` for each of several fields, dotted names being paths into nested structs (reference 4.4).

    Errant are values that are no structs and fields of a type that makes no directory; fatal are fields that the
    schema lacks and those of a logical type, as in the real connector.
    """

    time_based = False

    def __init__(self, names: tuple[str, ...], delim: str) -> None:
        self._names = names
        self._delim = delim
        self._schema: Schema | None = None
        self._leaves: tuple[Leaf, ...] = ()

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """No time."""
        return None

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Each record has its own."""
        return None

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """Null is printed as `null`, also where a struct on the way is null; texts are not escaped."""
        value = record.value
        if not isinstance(value, Struct):
            found = type(value).__name__
            raise PartitionError(f"offset {record.offset}: partition.field.name needs a struct, the value is a {found}")
        if value.schema is not self._schema:
            self._leaves = tuple(_leaf(value.schema, name, record.offset) for name in self._names)
            self._schema = value.schema
        return self._delim.join([f"{leaf.name}={_part(value, leaf, record.offset)}" for leaf in self._leaves])


def _leaf(schema: Schema, name: str, offset: int) -> Leaf:
    positions = []
    for part in name.rstrip(".").split("."):
        at = schema.index.get(part)
        if schema.type != "struct" or at is None:
            raise TaskFailed(f"offset {offset}: partition.field.name {name!r}: the schema has no field {part!r} there")
        positions.append(at)
        schema = schema.fields[at].schema
    return Leaf(name, tuple(positions), schema)


def _part(value: Struct, leaf: Leaf, offset: int) -> str:
    found: Any = value
    for at in leaf.positions:
        if found is not None:
            below = found.values[at]
            found = found.schema.fields[at].schema.default if below is None else below
    kind = leaf.schema.type
    if kind not in ("int8", "int16", "int32", "int64", "string", "boolean"):
        raise PartitionError(
            f"offset {offset}: partition.field.name {leaf.name!r} is a {leaf.schema.name or kind}; "
            "directories are made of integers, texts and booleans"
        )
    if isinstance(found, Moment):
        raise TaskFailed(f"offset {offset}: partition.field.name {leaf.name!r} is a {leaf.schema.name}, not a number")
    if found is None:
        return "null"
    if kind == "boolean":
        return "true" if found else "false"
    return str(found)


class TimeEncoder:
    """The directory of a time bucket; remembers those seen, since records of one bucket come in runs.

    All tasks of one configuration may share it.
    """

    __slots__ = ("_bucket", "_by_start", "last")

    def __init__(self, bucket: TimeBucket) -> None:
        self._bucket = bucket
        self._by_start: dict[int, str] = {}
        self.last = 0, 0, ""
        """A half-open range of instants, and their directory."""

    def span(self, timestamp_ms: int) -> tuple[int, int]:
        """A half-open range of instants around this one that share its directory; may be narrower than the bucket."""
        low_ms, high_ms, _ = self.last
        if not low_ms <= timestamp_ms < high_ms:
            low_ms, high_ms = self._span(timestamp_ms)
            self.last = low_ms, high_ms, self._text(timestamp_ms)
        return low_ms, high_ms

    def _span(self, timestamp_ms: int) -> tuple[int, int]:
        low_ms, high_ms, offset_ms = self._bucket.zone.steady(timestamp_ms)
        local_ms = timestamp_ms + offset_ms
        if local_ms < 0:
            return timestamp_ms, timestamp_ms + 1
        start_ms = local_ms // self._bucket.duration_ms * self._bucket.duration_ms - offset_ms
        return max(low_ms, start_ms), min(high_ms, start_ms + self._bucket.duration_ms)

    def __call__(self, timestamp_ms: int) -> str:
        """The directory of an instant."""
        low_ms, high_ms, text = self.last
        return text if low_ms <= timestamp_ms < high_ms else self._text(timestamp_ms)

    def _text(self, timestamp_ms: int) -> str:
        """Truncate local time (toward zero, as Java divides) and print it; a bucket that begins in a gap moves on."""
        bucket = self._bucket
        local_ms = timestamp_ms + bucket.zone.offset_ms(timestamp_ms)
        duration_ms = bucket.duration_ms
        start_ms = local_ms // duration_ms * duration_ms if local_ms >= 0 else -(-local_ms // duration_ms) * duration_ms
        text = self._by_start.get(start_ms)
        if text is None:
            if len(self._by_start) > 10_000:
                self._by_start.clear()
            text = self._by_start[start_ms] = bucket.pattern.render(bucket.zone.instant_ms(start_ms), bucket.zone)
        return text


@lru_cache(maxsize=256)
def _encoder(bucket: TimeBucket) -> TimeEncoder:
    """The encoder of a bucket, which every new task of a configuration asks for."""
    return TimeEncoder(bucket)


class TimeBased:
    """The time bucket of what the extractor says."""

    time_based = True

    def __init__(self, encoder: TimeEncoder, extract: Extractor) -> None:
        self.extract = extract
        self.span = encoder.span
        self._encoder = encoder

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """A record without a time is errant."""
        if timestamp_ms is None:
            raise PartitionError(
                f"offset {record.offset}: the record has no timestamp, so it belongs to no time bucket"
            )
        low_ms, high_ms, text = self._encoder.last
        return text if low_ms <= timestamp_ms < high_ms else self._encoder(timestamp_ms)


class TimeBasedPartitioner:
    """For classes of the user's: a partitioner of the time-based family, as the properties configure it.

    A subclass may override any method, and hand other properties to `configure`. `encode` raises PartitionError for a
    record that belongs nowhere; anything else that it raises ends the task.
    """

    def configure(self, properties: Mapping[str, str]) -> None:
        """Read the properties of time-based partitioners; raises ValueError."""
        self._encoder = TimeEncoder(_time_bucket(properties))
        path = tuple(properties.get("timestamp.field", "timestamp").strip().rstrip(".").split("."))
        self._extract = named(properties.get("timestamp.extractor", "Wallclock").strip(), path, properties)

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """What `timestamp.extractor` says."""
        return self._extract(record, now_ms)

    def encode(self, record: SinkRecord, now_ms: int) -> str:
        """The directory of the record's time."""
        return TimeBased(self._encoder, self._extract).encode(record, self.extract(record, now_ms), now_ms)


def _time_bucket(properties: Mapping[str, str]) -> TimeBucket:
    def get(name: str) -> str:
        found = properties.get(name, "").strip()
        if not found:
            raise ValueError(f"{name}: must not be blank for a time-based partitioner")
        return found

    delim = properties.get("directory.delim", "/").strip()
    path_format = get("path.format")
    duration_ms = int(get("partition.duration.ms"))
    if duration_ms < 1:
        raise ValueError(f"partition.duration.ms: invalid value '{duration_ms}': must be 1 or more")
    if path_format == delim:
        raise ValueError(f"path.format: invalid value {path_format!r}: must be a Joda pattern")
    pattern = pathformat.compile(path_format.removesuffix(delim) if delim else path_format, get("locale"))
    return TimeBucket(duration_ms, pattern, Zone.named(get("timezone")))


class Custom:
    """A class of the user's; PartitionError makes the record errant, whatever else it raises ends the task."""

    def __init__(self, name: str, inner: Any) -> None:
        self.time_based = isinstance(inner, TimeBasedPartitioner)
        self._name = name
        self._inner = inner

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """Asks only classes of the time-based family."""
        if not self.time_based:
            return None
        try:
            found = self._inner.extract(record, now_ms)
        except TaskFailed:
            raise
        except Exception as error:
            raise self._failed(record, error) from error
        if found is not None and not isinstance(found, int):
            raise TaskFailed(f"offset {record.offset}: {self._name} gave {found!r} instead of milliseconds or None")
        return found

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """The class extracts for itself what it needs."""
        try:
            found = self._inner.encode(record, now_ms)
        except (PartitionError, TaskFailed):
            raise
        except Exception as error:
            raise self._failed(record, error) from error
        if not isinstance(found, str):
            raise TaskFailed(f"offset {record.offset}: {self._name} gave {found!r} instead of a directory")
        return found

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Nothing is known of it."""
        return None

    def _failed(self, record: SinkRecord, error: Exception) -> TaskFailed:
        return TaskFailed(f"offset {record.offset}: {self._name}: {type(error).__name__}: {error}")


class SchemaAffix:
    """`schema_name=<name of the value's schema>` before or behind the directory; `null` where there is no name."""

    def __init__(self, inner: Partitioner, affix: str, delim: str) -> None:
        self.time_based = inner.time_based
        self.extract = inner.extract
        self._inner = inner
        self._prefix = affix == "PREFIX"
        self._delim = delim

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """Fails as the inner one does."""
        directory = self._inner.encode(record, timestamp_ms, now_ms)
        name = None if record.value_schema is None else record.value_schema.name
        affix = f"schema_name={'null' if name is None else name}"
        return f"{affix}{self._delim}{directory}" if self._prefix else f"{directory}{self._delim}{affix}"

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Schemas differ from record to record."""
        return None


class Tombstones:
    """A null value goes to one directory of its own, without affix or time; its time is the record's."""

    def __init__(self, inner: Partitioner, directory: str) -> None:
        self.time_based = inner.time_based
        self._inner = inner
        self._directory = directory

    def extract(self, record: SinkRecord, now_ms: int) -> int | None:
        """A tombstone has no fields to look at."""
        return record.timestamp_ms if record.value is None else self._inner.extract(record, now_ms)

    def encode(self, record: SinkRecord, timestamp_ms: int | None, now_ms: int) -> str:
        """Never fails for a tombstone."""
        return self._directory if record.value is None else self._inner.encode(record, timestamp_ms, now_ms)

    def span(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Any record may be a tombstone."""
        return None


def object_key(
    config: SinkConfig,
    partition: TopicPartition,
    directory: str,
    offset: int,
    *,
    kind: Literal["value", "key", "headers"] = "value",
) -> str:
    """`topics/clicks/partition=3/clicks+3+0000000120.json`; a blank topics.dir goes with its delimiter.

    Keys and headers have the value's name with `.keys` or `.headers` and the extension of their own format in place of
    the value's (reference 4.3).
    """
    name = config.file_delim.join((partition.topic, str(partition.partition), str(offset).zfill(config.pad_width)))
    directories = [config.topics_dir] if config.topics_dir.strip() else []
    stem = config.directory_delim.join([*directories, partition.topic, directory, name])
    match kind:
        case "key":
            return f"{stem}.keys{config.keys_extension}"
        case "headers":
            return f"{stem}.headers{config.headers_extension}"
    return stem + config.extension
