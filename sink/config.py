"""A validated configuration of the sink, from the properties as a user of Kafka Connect writes them.

`parse` finds every problem before it raises, each with property, value and what is allowed (reference 1.4). What the
real connector accepts and then dies of at run time is refused here.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onceproof.sink import pathformat
from onceproof.sink.errors import ConfigError, Problem
from onceproof.sink.properties import (
    ALSO_DEFAULT,
    NOT_SUPPORTED_YET,
    NOT_SUPPORTED_YET_PREFIXES,
    PROPERTIES,
    REQUIRED,
)
from onceproof.sink.zones import Zone

TIME_BASED = ("TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """How a time-based partitioner cuts time: buckets of `duration_ms` of local time, printed by `pattern`."""

    duration_ms: int
    pattern: pathformat.Pattern
    zone: Zone


@dataclass(frozen=True, slots=True)
class SinkConfig:
    """What the core needs to know; units last, as everywhere."""

    name: str
    topics: tuple[str, ...]
    bucket: str
    region: str
    endpoint: str
    path_style: bool
    access_key_id: str
    secret_access_key: str
    part_attempts: int
    part_size_bytes: int
    key_converter: str
    key_schemas: bool
    value_converter: str
    value_schemas: bool
    format: str
    extension: str
    separator: bytes
    flush_size: int
    rotate_interval_ms: int
    rotate_schedule_interval_ms: int
    rotate_on_partition_change: bool
    conditional_writes: bool
    retry_backoff_ms: int
    pad_width: int
    topics_dir: str
    directory_delim: str
    file_delim: str
    partitioner: str
    time_bucket: TimeBucket | None
    extractor: str
    timestamp_field: tuple[str, ...]
    schedule_zone: Zone | None
    warnings: tuple[str, ...]


def parse(properties: Mapping[str, str]) -> SinkConfig:
    """Validate `properties` and return the configuration; raises ConfigError with every problem found."""
    values, problems = _values(properties)
    problems += _refused(properties)
    warnings = [_unknown(name) for name in properties if not _known(name)]
    bucket = zone = None
    if not problems:
        problems += _cross_checks(values)
        zone, zone_problems = _zone(values)
        problems += zone_problems
        if zone is not None and values["partitioner.class"] in TIME_BASED:
            bucket, bucket_problems = _time_bucket(values, zone)
            problems += bucket_problems
    if problems:
        raise ConfigError(problems, warnings)
    warnings += _warnings(values)
    return _build(values, bucket, zone, tuple(warnings))


def _unknown(name: str) -> str:
    """An unknown property is ignored, as in the real connector; it may be a slip of the pen."""
    near = difflib.get_close_matches(name, [*PROPERTIES, *NOT_SUPPORTED_YET], n=1, cutoff=0.85)
    return f"{name}: unknown property, ignored" + (f"; did you mean {near[0]}?" if near else "")


def _known(name: str) -> bool:
    return name in PROPERTIES or name in NOT_SUPPORTED_YET or name.startswith(NOT_SUPPORTED_YET_PREFIXES)


def _values(properties: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Parse what the table knows; a property that fails keeps its default so that later checks can go on."""
    values: dict[str, Any] = {}
    problems = []
    for prop in PROPERTIES.values():
        given = properties.get(prop.name)
        values[prop.name] = None if prop.default is REQUIRED else prop.default
        if given is None:
            if prop.default is REQUIRED:
                problems.append(Problem(prop.name, None, "is required and has no default"))
            continue
        given = given if prop.name == "format.bytearray.separator" else given.strip()
        if prop.default is REQUIRED and not given:
            problems.append(Problem(prop.name, given, "is required and must not be blank"))
            continue
        try:
            values[prop.name] = prop.parse(given)
        except ValueError as error:
            problems.append(Problem(prop.name, given, f"invalid value {given!r}: {error}"))
    return values, problems


def _refused(properties: Mapping[str, str]) -> list[Problem]:
    """Properties of the real connector that would change the outcome and that this sink does not have yet."""
    return [
        Problem(name, value, f"invalid value {value!r}: not supported yet{_only(name)}")
        for name, value in properties.items()
        if name not in PROPERTIES
        and (name in NOT_SUPPORTED_YET or name.startswith(NOT_SUPPORTED_YET_PREFIXES))
        and value.strip() not in (NOT_SUPPORTED_YET.get(name), ALSO_DEFAULT.get(name))
    ]


def _only(name: str) -> str:
    default = NOT_SUPPORTED_YET.get(name)
    return f", only its default {default!r} is" if default else ""


def _cross_checks(values: Mapping[str, Any]) -> Iterator[Problem]:
    for side in ("key", "value"):
        schemas = values[f"{side}.converter.schemas.enable"]
        if values[f"{side}.converter"] == "JsonConverter" and schemas:
            name = f"{side}.converter.schemas.enable"
            yield Problem(name, "true", "invalid value 'true': JSON with schemas is not supported yet, set it to false")
    if values["format.class"] == "ByteArrayFormat" and values["value.converter"] != "ByteArrayConverter":
        yield Problem(
            "value.converter",
            values["value.converter"],
            f"invalid value {values['value.converter']!r}: ByteArrayFormat writes bytes, so it must be "
            "org.apache.kafka.connect.converters.ByteArrayConverter",
        )
    if values["timestamp.extractor"] == "RecordFieldTimestampExtractor" and values["partitioner.class"] in TIME_BASED:
        if values["value.converter"] != "JsonConverter":
            yield Problem(
                "timestamp.extractor",
                "RecordField",
                "invalid value 'RecordField': values must have fields, so value.converter must be "
                "org.apache.kafka.connect.json.JsonConverter",
            )
        if not all(values["timestamp.field"].split(".")):
            given = values["timestamp.field"]
            yield Problem("timestamp.field", given, f"invalid value {given!r}: must be a dotted path of field names")
    if not values["s3.region"]:
        yield Problem("s3.region", "", "invalid value '': must not be blank")


def _zone(values: Mapping[str, Any]) -> tuple[Zone | None, list[Problem]]:
    """The zone, where one is needed or given; a schedule without one is refused (reference 1.4)."""
    name = values["timezone"]
    needed = [
        reason
        for reason, holds in (
            ("rotate.schedule.interval.ms is set", values["rotate.schedule.interval.ms"] > 0),
            (f"{values['partitioner.class']} needs it", values["partitioner.class"] in TIME_BASED),
        )
        if holds
    ]
    if not name:
        if needed:
            return None, [Problem("timezone", "", f"invalid value '': must be a time zone, because {needed[0]}")]
        return None, []
    try:
        return Zone.named(name), []
    except ValueError as error:
        return None, [Problem("timezone", name, f"invalid value {name!r}: {error}")]


def _time_bucket(values: Mapping[str, Any], zone: Zone) -> tuple[TimeBucket | None, list[Problem]]:
    """What the time-based partitioners check when they are configured (reference 1.4, partitioner configure)."""
    problems = []
    delim = values["directory.delim"]
    hourly = f"'year'=YYYY{delim}'month'=MM{delim}'day'=dd"
    match values["partitioner.class"]:
        case "DailyPartitioner":
            duration_ms, path_format = DAY_MS, hourly
        case "HourlyPartitioner":
            duration_ms, path_format = HOUR_MS, f"{hourly}{delim}'hour'=HH"
        case _:
            duration_ms, path_format = values["partition.duration.ms"], values["path.format"]
    if duration_ms <= 0:
        given = str(duration_ms)
        problems.append(Problem("partition.duration.ms", given, f"invalid value '{given}': must be 1 or more"))
    if not values["locale"].strip():
        problems.append(Problem("locale", "", "invalid value '': must not be blank for a time-based partitioner"))
    if not path_format.strip() or path_format == delim:
        message = f"invalid value {path_format!r}: must be a Joda pattern, such as 'year'=YYYY/'month'=MM"
        return None, [*problems, Problem("path.format", path_format, message)]
    try:
        pattern = pathformat.compile(path_format.removesuffix(delim) if delim else path_format)
    except ValueError as error:
        return None, [*problems, Problem("path.format", path_format, f"invalid value {path_format!r}: {error}")]
    return (None, problems) if problems else (TimeBucket(duration_ms, pattern, zone), [])


def _warnings(values: Mapping[str, Any]) -> Iterator[str]:
    if values["rotate.interval.ms"] > 0 and values["partitioner.class"] not in TIME_BASED:
        yield "rotate.interval.ms: needs a time-based partitioner, ignored"
    if values["rotate.schedule.interval.ms"] != -1 and values["rotate.schedule.interval.ms"] <= 0:
        yield (
            "rotate.schedule.interval.ms: this value rotates nothing, but unlike -1 it lets "
            "enable.conditional.writes take effect"
        )


def _build(
    values: Mapping[str, Any], bucket: TimeBucket | None, zone: Zone | None, warnings: tuple[str, ...]
) -> SinkConfig:
    schedule_ms = values["rotate.schedule.interval.ms"]
    json = values["format.class"] == "JsonFormat"
    endpoint = values["store.url"]
    return SinkConfig(
        name=values["name"],
        topics=tuple(topic.strip() for topic in values["topics"].split(",") if topic.strip()),
        bucket=values["s3.bucket.name"],
        region=values["s3.region"],
        endpoint=endpoint if not endpoint or "://" in endpoint else f"https://{endpoint}",
        path_style=values["s3.path.style.access.enabled"],
        access_key_id=values["aws.access.key.id"],
        secret_access_key=values["aws.secret.access.key"],
        part_attempts=values["s3.part.retries"],
        part_size_bytes=values["s3.part.size"],
        key_converter=values["key.converter"],
        key_schemas=values["key.converter.schemas.enable"],
        value_converter=values["value.converter"],
        value_schemas=values["value.converter.schemas.enable"],
        format=values["format.class"],
        extension=".json" if json else values["format.bytearray.extension"],
        separator=b"\n" if json else values["format.bytearray.separator"].encode(),
        flush_size=max(values["flush.size"], 1),
        rotate_interval_ms=values["rotate.interval.ms"],
        rotate_schedule_interval_ms=schedule_ms,
        rotate_on_partition_change=values["rotate.file.on.partition.change"],
        conditional_writes=values["enable.conditional.writes"] and schedule_ms != -1,
        retry_backoff_ms=values["retry.backoff.ms"],
        pad_width=values["filename.offset.zero.pad.width"],
        topics_dir=values["topics.dir"],
        directory_delim=values["directory.delim"],
        file_delim=values["file.delim"],
        partitioner=values["partitioner.class"],
        time_bucket=bucket,
        extractor=values["timestamp.extractor"],
        timestamp_field=tuple(values["timestamp.field"].split(".")),
        schedule_zone=zone,
        warnings=warnings,
    )
