"""The properties that placement and rendering need, read as a user of Kafka Connect writes them.

The model covers a part of the sink. What lies outside raises `OutsideDomain`: a model that guessed would be a
judge that accuses or acquits without knowing. Source: reference 1 (properties, defaults), 4.4 (partitioners),
4.2 (names).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from onceproof.model.history import Record, TopicPartition
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
from onceproof.model.values import Malformed, json_value, timestamp_in

Clock: TypeAlias = Literal["none", "wallclock", "record", "field"]
"""Where a record's time comes from; `none` where the partitioner never asks."""

Converter: TypeAlias = Literal["json", "string", "bytes"]


class OutsideDomain(ValueError):  # noqa: N818  says what it is; nothing failed
    """A property (or a record under it) that the model does not cover; the text names property and value."""


@dataclass(frozen=True, slots=True, eq=False)
class TimePath:
    """Directories by time: the bucket of a record, and how it is printed.

    Compares by identity, as `Settings`.
    """

    pattern: tuple[Token, ...]
    duration_ms: int
    zone: Zone

    def text(self, time_ms: int) -> str:
        """Directory of a record of this time."""
        return _directory(self, time_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """One configuration, read.

    Instances are shared per configuration, so they compare and hash by identity.
    """

    flush_size: int
    interval_ms: int
    """Zero or less: off. Always off where the partitioner is not of the time family."""
    schedule_ms: int
    """Zero or less: off."""
    schedule_zone: Zone | None
    rotates_on_partition_change: bool
    retry_backoff_ms: int
    clock: Clock
    timestamp_path: tuple[str, ...]
    time_path: TimePath | None
    """None for DefaultPartitioner."""
    prefix: str
    """`topics.dir` and its delimiter, or nothing."""
    directory_delim: str
    file_delim: str
    pad_width: int
    extension: str
    tombstone_text: str
    converter: Converter
    format: Literal["json", "bytes"]
    separator: bytes
    """Written after each record."""

    @property
    def is_clocked(self) -> bool:
        """True if what goes where depends on when the sink ran, not on the log alone."""
        return self.schedule_ms > 0 or self.clock == "wallclock"

    def next_slot_ms(self, now_ms: int) -> int | None:
        """The next scheduled time after `now_ms`; None without a schedule."""
        if self.schedule_ms <= 0:
            return None
        assert self.schedule_zone is not None, "checked when the properties were read"
        return next_slot_ms(now_ms, self.schedule_ms, self.schedule_zone)

    def stores(self, record: Record) -> bool:
        """False for a record that never reaches an object: null after conversion, or unreadable.

        With behavior.on.null.values=fail (or an unreadable value) the sink dies of it instead of skipping it;
        either way it is in no object.
        """
        if record.value is None:
            return False
        if self.converter != "json":
            return True
        try:
            return json_value(record.value) is not None
        except Malformed:
            return False

    def time_ms(self, record: Record, now_ms: int) -> int:
        """The time of a record by the configured extractor; `OutsideDomain` where the sink would die."""
        if self.clock == "wallclock":
            return now_ms
        if self.clock == "record":
            if record.timestamp_ms is None:
                raise OutsideDomain(f"timestamp.extractor=Record: offset {record.offset} has no timestamp")
            return record.timestamp_ms
        try:
            return timestamp_in(json_value(record.value or b""), self.timestamp_path)
        except Malformed as error:
            raise OutsideDomain(f"timestamp.extractor=RecordField: offset {record.offset}: {error}") from error

    def key(self, partition: TopicPartition, directory: str, offset: int) -> str:
        """Name of the object in `directory` whose first record is at `offset`. Source: reference 4.1."""
        slash, plus = self.directory_delim, self.file_delim
        name = f"{partition.topic}{plus}{partition.partition}{plus}{offset:0{self.pad_width}d}{self.extension}"
        key = f"{self.prefix}{partition.topic}{slash}{directory}{slash}{name}"
        if self.tombstone_text in key:  # such a key gets no value object at all (reference 4.4, substring trap)
            raise OutsideDomain(f"tombstone.encoded.partition={self.tombstone_text!r} is part of the key {key!r}")
        return key


def settings(config: Mapping[str, str]) -> Settings:
    """Read a configuration; equal configurations give the same object.

    `OutsideDomain` for what is not covered.
    """
    return _settings(frozenset(config.items()))


@lru_cache(maxsize=512)
def _settings(items: frozenset[tuple[str, str]]) -> Settings:
    config = _Properties(dict(items))
    _require_domain(config)
    time_path = _time_path(config)
    schedule_ms = config.number("rotate.schedule.interval.ms", -1)
    topics_dir, slash = config.text("topics.dir", "topics"), config.text("directory.delim", "/")
    pad_width = config.number("filename.offset.zero.pad.width", 10)
    if pad_width < 1:
        raise config.refused("filename.offset.zero.pad.width")
    form, extension = _format(config)
    return Settings(
        flush_size=max(1, config.number("flush.size", None)),
        interval_ms=config.number("rotate.interval.ms", -1) if time_path else -1,
        schedule_ms=schedule_ms,
        schedule_zone=config.zone("timezone") if schedule_ms > 0 else None,
        rotates_on_partition_change=config.flag("rotate.file.on.partition.change", default=True),
        retry_backoff_ms=config.number("retry.backoff.ms", 5000),
        clock=_clock(config) if time_path else "none",
        timestamp_path=tuple(config.text("timestamp.field", "timestamp").split(".")),
        time_path=time_path,
        prefix=topics_dir + slash if topics_dir else "",
        directory_delim=slash,
        file_delim=config.text("file.delim", "+"),
        pad_width=pad_width,
        extension=extension,
        tombstone_text=config.text("tombstone.encoded.partition", "tombstone"),
        converter=_converter(config, form),
        format=form,
        separator=_separator(config, form),
    )


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


_ONLY = {
    "store.kafka.keys": ("false",),
    "store.kafka.headers": ("false",),
    "s3.compression.type": ("none",),
    "s3.schema.partition.affix.type": ("none",),
    "behavior.on.null.values": ("fail", "ignore"),
    "max.write.duration.ms": (str(2**63 - 1),),
    "transforms": ("",),
}
"""Properties of which the model covers these values alone (any case); the first is the default."""

_PARTITIONERS = ("io.confluent.connect.storage.partitioner.",)
_EXTRACTORS = (*_PARTITIONERS, "TimeBasedPartitioner$")
_CONVERTERS = {
    "org.apache.kafka.connect.json.JsonConverter": "json",
    "org.apache.kafka.connect.storage.StringConverter": "string",
    "org.apache.kafka.connect.converters.ByteArrayConverter": "bytes",
}
_FORMATS = {
    "io.confluent.connect.s3.format.json.JsonFormat": "json",
    "io.confluent.connect.s3.format.bytearray.ByteArrayFormat": "bytes",
}


def _require_domain(config: _Properties) -> None:
    for name, covered in _ONLY.items():
        if config.text(name, covered[0]).lower() not in covered:
            raise config.refused(name)
    if config.number("partitioner.max.open.files", -1) >= 0:
        raise config.refused("partitioner.max.open.files")
    if not config.text("tombstone.encoded.partition", "tombstone"):
        raise config.refused("tombstone.encoded.partition", "an empty text is part of every key")


def _format(config: _Properties) -> tuple[Literal["json", "bytes"], str]:
    match _FORMATS.get(config.text("format.class", "")):
        case "json":
            return "json", ".json"
        case "bytes":
            return "bytes", config.text("format.bytearray.extension", ".bin")
        case _:
            raise config.refused("format.class")


def _converter(config: _Properties, form: str) -> Converter:
    match _CONVERTERS.get(config.text("value.converter", "")):
        case "bytes":
            return "bytes"
        case "string" if form == "json":
            return "string"
        case "json" if form == "json":
            if config.flag("value.converter.schemas.enable", default=True):
                raise config.refused("value.converter.schemas.enable", "values with schemas")
            return "json"
        case _:
            raise config.refused("value.converter", f"with {config.text('format.class', '')}")


def _separator(config: _Properties, form: str) -> bytes:
    # Raw: neither trimmed nor unescaped, unlike every other property (reference 1.2).
    return config.raw.get("format.bytearray.separator", "\n").encode() if form == "bytes" else b"\n"


def _clock(config: _Properties) -> Clock:
    text = config.short_class("timestamp.extractor", "Wallclock", packages=_EXTRACTORS, endings=("TimestampExtractor",))
    match text:
        case "Wallclock":
            return "wallclock"
        case "Record":
            return "record"
        case "RecordField" if _CONVERTERS.get(config.text("value.converter", "")) == "json":
            return "field"
        case _:
            raise config.refused("timestamp.extractor")


def _time_path(config: _Properties) -> TimePath | None:
    name = config.short_class("partitioner.class", "DefaultPartitioner", packages=_PARTITIONERS)
    slash = config.text("directory.delim", "/")
    match name:
        case "DefaultPartitioner":
            return None
        case "DailyPartitioner" | "HourlyPartitioner":
            duration_ms = DAY_MS if name == "DailyPartitioner" else DAY_MS // 24
            layout = ["'year'=YYYY", "'month'=MM", "'day'=dd", "'hour'=HH"]
            text = slash.join(layout[: 3 if name == "DailyPartitioner" else 4])  # the delimiter stands unquoted
        case "TimeBasedPartitioner":
            duration_ms = config.number("partition.duration.ms", -1)
            if duration_ms <= 0:
                raise config.refused("partition.duration.ms", "needs to be positive")
            text = config.text("path.format", "").removesuffix(slash or "\0")
        case _:
            raise config.refused("partitioner.class")
    if not config.text("locale", ""):
        raise config.refused("locale", "a time path needs one")
    if not text:
        raise config.refused("path.format", "blank")
    try:
        return TimePath(compile_pattern(text), duration_ms, config.zone("timezone"))
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
