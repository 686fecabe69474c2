"""The properties that decide what goes where, read as a user of Kafka Connect writes them.

The model covers a part of the sink. What lies outside raises `OutsideDomain`: a model that guessed would be a
judge that accuses or acquits without knowing. That holds for configurations with which no task starts, too.

`max.write.duration.ms` is taken to have no effect, and the wall clock to stand still within a put: a pass has one
clock reading. Source: reference 1 (properties, defaults), 4.4 (partitioners), 4.1 to 4.3 (names).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias, TypeVar

from onceproof.model.history import TopicPartition
from onceproof.model.timebucket import (
    DAY_MS,
    Token,
    Zone,
    bucket_local_ms,
    compile_pattern,
    next_slot_ms,
    text_of_local,
    zone,
)

Clock: TypeAlias = Literal["none", "wallclock", "record", "field"]
"""Where a record's time comes from; `none` where the partitioner never asks."""

Format: TypeAlias = Literal["json", "bytes", "avro", "parquet"]

ObjectKind: TypeAlias = Literal["value", "key", "headers"]
"""What of its records an object holds."""


T = TypeVar("T", bound=str)


class OutsideDomain(ValueError):  # noqa: N818  says what it is; nothing failed
    """A property (or a record under it) that the model does not cover; the text names property and value."""


@dataclass(frozen=True, slots=True, eq=False)
class TimePath:
    """Directories by time: the bucket of a record, and how it is printed.

    Compares by identity, as `Settings`.
    """

    pattern: tuple[Token, ...]
    duration_ms: int
    """Zero: the sink divides by it, and dies of its first record."""
    zone: Zone

    def text(self, time_ms: int) -> str:
        """Directory of a record of this time."""
        return _directory(self, time_ms)


@dataclass(frozen=True, slots=True)
class Layout:
    """How objects of one kind are written, and how their names end."""

    kind: ObjectKind
    format: Format
    extension: str
    separator: bytes
    """Written after each record of a text format."""


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """One configuration, read.

    Instances are shared per configuration, so they compare and hash by identity.
    """

    raw: Mapping[str, str]
    """The properties as given."""
    flush_size: int
    interval_ms: int
    """Zero or less: off. Always off where the partitioner is not of the time family."""
    schedule_ms: int
    """Zero or less: off."""
    schedule_zone: Zone | None
    rotates_on_partition_change: bool
    retry_backoff_ms: int
    compatibility: str
    """NONE, BACKWARD, FORWARD or FULL."""
    open_files_max: int | None
    clock: Clock
    timestamp_path: tuple[str, ...]
    time_path: TimePath | None
    """None for the partitioners that do not go by time."""
    fields: tuple[str, ...]
    """Of FieldPartitioner, as written: dotted paths. Empty for the others."""
    affix: Literal["NONE", "PREFIX", "SUFFIX"]
    """Where the name of the value's schema stands in the directory."""
    nulls: Literal["fail", "ignore", "write"]
    reports_nulls: bool
    tolerates_errors: bool
    has_reporter: bool
    """Errant records are reported and skipped; without, the sink dies of them."""
    has_queue: bool
    """What is reported reaches a dead letter queue, not just a log."""
    tombstone_text: str
    prefix: str
    """`topics.dir` and its delimiter, or nothing."""
    directory_delim: str
    file_delim: str
    pad_width: int
    """Zero: the sink dies of the first name."""
    layouts: tuple[Layout, ...]
    """In the order in which a file's objects are completed; the first is the value's."""
    decimal_format: str
    kinds: tuple[ObjectKind, ...] = field(init=False)
    """Of the objects that are written."""
    binary: tuple[ObjectKind, ...] = field(init=False)
    """Of those whose files have one schema for all their records, which is that of the records."""

    def __post_init__(self) -> None:
        binary = [each.kind for each in self.layouts if each.format in ("avro", "parquet") and each.kind != "headers"]
        object.__setattr__(self, "kinds", tuple([layout.kind for layout in self.layouts]))
        object.__setattr__(self, "binary", tuple(binary))

    @property
    def is_clocked(self) -> bool:
        """True if what goes where depends on when the sink ran, not on the log alone."""
        return self.schedule_ms > 0 or self.clock == "wallclock"

    @property
    def writes_tombstones(self) -> bool:
        """Null values get a directory of their own, and objects of keys and headers there."""
        return self.nulls == "write"

    def next_slot_ms(self, now_ms: int) -> int | None:
        """The next scheduled time after `now_ms`; None without a schedule."""
        if self.schedule_ms <= 0:
            return None
        assert self.schedule_zone is not None, "checked when the properties were read"
        return next_slot_ms(now_ms, self.schedule_ms, self.schedule_zone)

    def stem(self, partition: TopicPartition, directory: str, offset: int) -> str:
        """What the names of a file's objects begin with, up to their extension. Source: reference 4.1, 4.3."""
        slash, plus = self.directory_delim, self.file_delim
        name = f"{partition.topic}{plus}{partition.partition}{plus}{offset:0{self.pad_width}d}"
        return f"{self.prefix}{partition.topic}{slash}{directory}{slash}{name}"

    def holds_values(self, stem: str) -> bool:
        """False for a file without a value object: its name contains the tombstones' text anywhere.

        Whatever the policy for nulls. Source: reference 4.4, substring trap.
        """
        return self.tombstone_text not in stem + self.layouts[0].extension


class _Known(dict[str, str]):
    """Properties as `Settings.raw` has them: what they come to is asked for again and again."""

    __slots__ = ("settings",)

    settings: Settings


def settings(config: Mapping[str, str]) -> Settings:
    """Read a configuration; equal configurations give the same object.

    `OutsideDomain` for what is not covered.
    """
    if isinstance(config, _Known):
        return config.settings
    return _settings(frozenset(config.items()))


@lru_cache(maxsize=512)
def _settings(items: frozenset[tuple[str, str]]) -> Settings:
    known = _Known(items)
    config = _Properties(known)
    _require_domain(config)
    partitioner = config.short_class("partitioner.class", "DefaultPartitioner", packages=_PARTITIONERS)
    time_path = _time_path(config, partitioner)
    schedule_ms = config.number("rotate.schedule.interval.ms", -1)
    topics_dir, slash = config.text("topics.dir", "topics"), config.text("directory.delim", "/")
    open_files_max = config.number("partitioner.max.open.files", -1)
    has_queue = bool(config.text("errors.deadletterqueue.topic.name", ""))
    known.settings = found = Settings(
        raw=known,
        flush_size=max(1, config.number("flush.size", None)),
        interval_ms=config.number("rotate.interval.ms", -1) if time_path else -1,
        schedule_ms=schedule_ms,
        schedule_zone=config.zone("timezone") if schedule_ms > 0 else None,
        rotates_on_partition_change=config.flag("rotate.file.on.partition.change", default=True),
        retry_backoff_ms=config.number("retry.backoff.ms", 5000),
        compatibility=_compatibility(config),
        open_files_max=open_files_max if open_files_max > 0 else None,
        clock=_clock(config) if time_path else "none",
        timestamp_path=tuple(config.text("timestamp.field", "timestamp").split(".")),
        time_path=time_path,
        fields=_fields(config) if partitioner == "FieldPartitioner" else (),
        affix=config.choice("s3.schema.partition.affix.type", ("NONE", "PREFIX", "SUFFIX")),
        nulls=config.choice("behavior.on.null.values", ("fail", "ignore", "write"), any_case=True),
        reports_nulls=config.flag("report.null.values.to.dlq", default=True),
        tolerates_errors=config.choice("errors.tolerance", ("none", "all"), any_case=True) == "all",
        has_reporter=has_queue or config.flag("errors.log.enable", default=False),
        has_queue=has_queue,
        tombstone_text=config.text("tombstone.encoded.partition", "tombstone"),
        prefix=topics_dir + slash if topics_dir else "",
        directory_delim=slash,
        file_delim=config.text("file.delim", "+"),
        pad_width=config.number("filename.offset.zero.pad.width", 10),
        layouts=_layouts(config),
        decimal_format=config.choice("json.decimal.format", ("BASE64", "NUMERIC"), any_case=True),
    )
    return found


@dataclass(frozen=True, slots=True)
class _Properties:
    """Typed reading of raw properties; text is trimmed as Kafka's ConfigDef does."""

    raw: Mapping[str, str]

    def refused(self, name: str, why: str = "") -> OutsideDomain:
        return OutsideDomain(f"{name}={self.raw.get(name)!r} is outside the model{why and ': '}{why}")

    def text(self, name: str, default: str) -> str:
        return self.raw.get(name, default).strip()

    def number(self, name: str, default: int | None) -> int:
        text = self.raw.get(name, "" if default is None else str(default)).strip()
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise self.refused(name, "not a whole number")
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise self.refused(name, "neither true nor false")
        return text == "true"

    def choice(self, name: str, choices: tuple[T, ...], *, any_case: bool = False) -> T:
        """One of these words, the first where there is none."""
        text = self.text(name, choices[0])
        for choice in choices:
            if text == choice or (any_case and text.lower() == choice.lower()):
                return choice
        raise self.refused(name)

    def zone(self, name: str) -> Zone:
        try:
            return zone(self.text(name, ""))
        except ValueError as error:
            raise self.refused(name, str(error)) from error

    def short_class(self, name: str, default: str, *, packages: tuple[str, ...], endings: tuple[str, ...] = ()) -> str:
        """A class name without its package (or outer class) and one of the endings."""
        text = self.text(name, default)
        for package in packages:
            text = text.removeprefix(package)
        for ending in endings:
            text = text.removesuffix(ending)
        return text


_PARTITIONERS = ("io.confluent.connect.storage.partitioner.",)
_EXTRACTORS = (*_PARTITIONERS, "TimeBasedPartitioner$")
_FORMATS: Mapping[str, Format] = {
    "io.confluent.connect.s3.format.json.JsonFormat": "json",
    "io.confluent.connect.s3.format.bytearray.ByteArrayFormat": "bytes",
    "io.confluent.connect.s3.format.avro.AvroFormat": "avro",
    "io.confluent.connect.s3.format.parquet.ParquetFormat": "parquet",
}
_PARQUET_EXTENSIONS = {
    "none": ".parquet",
    "snappy": ".snappy.parquet",
    "gzip": ".gz.parquet",
    "lzo": ".lzo.parquet",
    "brotli": ".br.parquet",
    "lz4": ".lz4hadoop.parquet",
    "lz4_raw": ".lz4raw.parquet",
    "zstd": ".zstd.parquet",
}
_TEXT_FORMATS = ("json", "bytes")


def _require_domain(config: _Properties) -> None:
    if config.number("partitioner.max.open.files", -1) == 0:
        raise config.refused("partitioner.max.open.files", "the sink loops forever")
    if config.number("filename.offset.zero.pad.width", 10) < 0:
        raise config.refused("filename.offset.zero.pad.width")
    if config.number("max.write.duration.ms", 2**63 - 1) <= 0:
        raise config.refused("max.write.duration.ms", "how much is written in no time is not known")
    if config.text("behavior.on.null.values", "fail").lower() == "write":
        if not config.flag("store.kafka.keys", default=False):
            raise config.refused("behavior.on.null.values", "needs store.kafka.keys")
        tags = config.flag("s3.object.tagging", default=False)
        if tags and config.text("s3.object.behavior.on.tagging.error", "ignore").lower() != "ignore":
            raise config.refused("s3.object.behavior.on.tagging.error", "the value object of tombstones is missing")
    pairs = config.text("s3.object.tagging.key.value.pairs", "")
    if pairs and not all(":" in pair for pair in pairs.split(",")):
        raise config.refused("s3.object.tagging.key.value.pairs", "a pair without a colon")


def _layouts(config: _Properties) -> tuple[Layout, ...]:
    """How each kind of object is written, in the order of completion. Source: reference 4.2, 4.3."""
    found = [_layout(config, "value", "format.class", "", "")]
    avro = "io.confluent.connect.s3.format.avro.AvroFormat"
    if config.flag("store.kafka.keys", default=False):
        found.append(_layout(config, "key", "keys.format.class", ".keys", avro))
    if config.flag("store.kafka.headers", default=False):
        found.append(_layout(config, "headers", "headers.format.class", ".headers", avro))
        if found[-1].format == "bytes":
            raise config.refused("headers.format.class")
    return tuple(found)


def _layout(config: _Properties, kind: ObjectKind, name: str, infix: str, default: str) -> Layout:
    form = _FORMATS.get(config.text(name, default))
    compression = config.choice("s3.compression.type", ("none", "gzip"))
    if form is None or (compression != "none" and form not in _TEXT_FORMATS):
        raise config.refused(name, f"with s3.compression.type={compression}" if form else "")
    # The separator is raw: neither trimmed nor unescaped, unlike every other property (reference 1.2).
    separator = config.raw.get("format.bytearray.separator", "\n").encode() if form == "bytes" else b"\n"
    return Layout(kind, form, infix + _extension(config, form, compression), separator)


def _extension(config: _Properties, form: Format, compression: str) -> str:
    match form:
        case "json":
            extension = ".json"
        case "bytes":
            extension = config.text("format.bytearray.extension", ".bin")
        case "avro":
            return ".avro"
        case "parquet":
            codec = config.text("parquet.codec", "snappy")
            if codec not in _PARQUET_EXTENSIONS:
                raise config.refused("parquet.codec")
            return _PARQUET_EXTENSIONS[codec]
    return extension + (".gz" if compression == "gzip" else "")


def _fields(config: _Properties) -> tuple[str, ...]:
    names = tuple([name.strip() for name in config.text("partition.field.name", "").split(",")])
    if not all(part.strip() for name in names for part in name.split(".")):
        raise config.refused("partition.field.name", "blank")
    return names


def _compatibility(config: _Properties) -> str:
    text = config.text("schema.compatibility", "NONE")
    return text if text in ("BACKWARD", "FORWARD", "FULL") else "NONE"  # unknown or in the wrong case: silently NONE


def _clock(config: _Properties) -> Clock:
    text = config.short_class("timestamp.extractor", "Wallclock", packages=_EXTRACTORS, endings=("TimestampExtractor",))
    match text:
        case "Wallclock":
            return "wallclock"
        case "Record":
            return "record"
        case "RecordField":
            return "field"
        case _:
            raise config.refused("timestamp.extractor")


def _time_path(config: _Properties, name: str) -> TimePath | None:
    slash = config.text("directory.delim", "/")
    match name:
        case "DefaultPartitioner" | "FieldPartitioner":
            return None
        case "DailyPartitioner" | "HourlyPartitioner":
            duration_ms = DAY_MS if name == "DailyPartitioner" else DAY_MS // 24
            layout = ["'year'=YYYY", "'month'=MM", "'day'=dd", "'hour'=HH"]
            text = slash.join(layout[: 3 if name == "DailyPartitioner" else 4])  # the delimiter stands unquoted
        case "TimeBasedPartitioner":
            duration_ms = config.number("partition.duration.ms", -1)
            if duration_ms < 0:
                raise config.refused("partition.duration.ms", "needs to be positive")
            text = config.text("path.format", "").removesuffix(slash or "\0")
        case _:
            raise config.refused("partitioner.class")
    locale = config.text("locale", "")
    if not locale:
        raise config.refused("locale", "a time path needs one")
    if not text:
        raise config.refused("path.format", "blank")
    try:
        return TimePath(compile_pattern(text, locale), duration_ms, config.zone("timezone"))
    except ValueError as error:
        if isinstance(error, OutsideDomain):
            raise
        raise config.refused("path.format", str(error)) from error


@lru_cache(maxsize=1 << 15)
def _directory(path: TimePath, time_ms: int) -> str:
    return _bucket_text(path, bucket_local_ms(time_ms, path.duration_ms, path.zone))


@lru_cache(maxsize=1 << 12)
def _bucket_text(path: TimePath, local_ms: int) -> str:
    return text_of_local(local_ms, path.pattern, path.zone)
