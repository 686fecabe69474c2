"""From properties, as a user of Kafka Connect writes them, to a configuration of the sink.

`parse` finds every problem before it raises, each with property, value and what is allowed (reference 1.4). What the
real connector accepts and then dies of is refused here (`dyingchecks`), what it silently takes is taken with a warning
(`hints`).
"""

import base64
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from onceproof.sink.config import SinkConfig, TimeBucket
from onceproof.sink.errors import ConfigError, Problem
from onceproof.sink.java.zones import Zone
from onceproof.sink.reading import transforms
from onceproof.sink.settings import checks, dyingchecks, hints, refusals
from onceproof.sink.settings.overrides import PREFIX, consumer_settings
from onceproof.sink.settings.properties import FAMILY, PROPERTIES, NotRead, Values, read
from onceproof.sink.settings.propertytypes import trim
from onceproof.sink.writing import formats


class Examination(NamedTuple):
    """All that can be said of properties: what was read, what is wrong, and what is worth a warning."""

    values: Values
    transforms: tuple[Any, ...]
    problems: tuple[Problem, ...]
    """In the order of the property table, what it does not hold last."""
    warnings: tuple[str, ...]


def parse(properties: Mapping[str, str], *, subscribes: bool = False) -> SinkConfig:
    """Validate `properties` and return the configuration; raises ConfigError with every problem found.

    With `subscribes`, they must also say which topics to read.
    """
    found = examine(properties, subscribes=subscribes)
    if found.problems:
        raise ConfigError(found.problems, found.warnings)
    return _build(found)


def examine(properties: Mapping[str, str], *, subscribes: bool = False) -> Examination:
    """Find all problems and warnings; never raises."""
    values, problems = read(properties)
    chain, of_chain, known = _transforms(properties)
    problems += of_chain
    asked = (*checks.VALIDATION, *checks.START, *dyingchecks.RUN, *refusals.CLASSES, *refusals.NEVER)
    for check in (*asked, checks.SUBSCRIPTION, refusals.PATTERN) if subscribes else asked:
        problems += check.problems(values)
    consumer = consumer_settings(below(PREFIX, properties))
    problems += consumer.problems
    problems = list(dict.fromkeys(problems))
    order = {name: index for index, name in enumerate(PROPERTIES)}
    problems.sort(key=lambda problem: order.get(problem.name, len(order)))
    warnings = list(hints.unknown(properties, known)) if _is_built_in(values) else []
    warnings += consumer.warnings
    if not problems:
        warnings += hints.hints(values)
    return Examination(values, chain, tuple(problems), tuple(warnings))


def _is_built_in(values: Values) -> bool:
    """Whether unknown properties have nobody to read them: a partitioner of the user's own receives them."""
    try:
        return values["partitioner.class"] in checks.BUILT_IN_PARTITIONERS
    except NotRead:
        return True


def _transforms(properties: Mapping[str, str]) -> tuple[tuple[Any, ...], list[Problem], frozenset[str]]:
    """The chain, what is wrong with it, and the properties that it understands."""
    chain, problems = transforms.parse(properties)
    return chain, problems, frozenset(transforms.names(properties))


def _build(found: Examination) -> SinkConfig:
    values = found.values
    given = values.given
    bytes_separator = values["format.bytearray.separator"].encode()
    return SinkConfig(
        name=values["name"],
        tasks_max=values["tasks.max"],
        topics=values["topics"],
        topics_regex=values["topics.regex"],
        transforms=found.transforms,
        consumer_overrides=below(PREFIX, given),
        separator=bytes_separator if values["format.class"] == "ByteArrayFormat" else os.linesep.encode(),
        bytearray_separator=bytes_separator,
        compression=values["s3.compression.type"],
        compression_level=values["s3.compression.level"],
        decimal_format=values["json.decimal.format"],
        avro_codec=values["avro.codec"],
        parquet_codec=values["parquet.codec"],
        schemas_cache_size=values["schemas.cache.config"],
        enhanced_avro=values["enhanced.avro.schema.support"],
        connect_meta_data=values["connect.meta.data"],
        optional_map_keys=values["allow.optional.map.keys"],
        raw=dict(given),
        warnings=found.warnings,
        has_custom_classes=not _is_built_in(values) or values["timestamp.extractor"] not in checks.BUILT_IN_EXTRACTORS,
        **_converters(values),
        **_errors(values),
        **_formats(values),
        **_rotation(values),
        **_names(values),
        **_store(values),
        **_access(values),
    )


def below(prefix: str, given: Mapping[str, str]) -> dict[str, str]:
    """The properties below a prefix, without it, trimmed."""
    return {name.removeprefix(prefix): trim(text) for name, text in given.items() if name.startswith(prefix)}


def _converters(values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key_schemas": values["key.converter.schemas.enable"],
        "value_schemas": values["value.converter.schemas.enable"],
    }
    for side in ("key", "value", "header"):
        found[f"{side}_converter"] = values[f"{side}.converter"]
        found[f"{side}_settings"] = below(f"{side}.converter.", values.given)
    return found


def _errors(values: Values) -> dict[str, Any]:
    return {
        "tolerate_errors": values["errors.tolerance"] == "all",
        "retry_timeout_ms": values["errors.retry.timeout"],
        "retry_delay_max_ms": values["errors.retry.delay.max.ms"],
        "log_errors": values["errors.log.enable"],
        "log_messages": values["errors.log.include.messages"],
        "dead_letter_topic": values["errors.deadletterqueue.topic.name"],
        "dead_letter_replication_factor": values["errors.deadletterqueue.topic.replication.factor"],
        "dead_letter_context_headers": values["errors.deadletterqueue.context.headers.enable"],
        "null_values": values["behavior.on.null.values"],
        "report_nulls": values["report.null.values.to.dlq"],
        "tombstone_directory": values["tombstone.encoded.partition"],
    }


def _formats(values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {
        "store_keys": values["store.kafka.keys"],
        "store_headers": values["store.kafka.headers"],
    }
    for prefix, name in (("", "format.class"), ("keys_", "keys.format.class"), ("headers_", "headers.format.class")):
        found[f"{prefix}format"] = values[name]
        found[f"{prefix}extension"] = formats.extension(
            values[name],
            compression=values["s3.compression.type"],
            bytearray_extension=values["format.bytearray.extension"],
            parquet_codec=values["parquet.codec"],
        )
    return found


def _rotation(values: Values) -> dict[str, Any]:
    mode = values["schema.compatibility"]
    return {
        "flush_size": max(values["flush.size"], 1),
        "rotate_interval_ms": values["rotate.interval.ms"],
        "rotate_schedule_interval_ms": values["rotate.schedule.interval.ms"],
        "rotate_on_partition_change": values["rotate.file.on.partition.change"],
        "schema_compatibility": mode if mode in ("BACKWARD", "FORWARD", "FULL") else "NONE",
        "max_open_files": values["partitioner.max.open.files"],
        "max_write_duration_ms": values["max.write.duration.ms"],
        "retry_backoff_ms": values["retry.backoff.ms"],
    }


def _names(values: Values) -> dict[str, Any]:
    zone = Zone.named(values["timezone"]) if values["timezone"] else None
    bucket = None
    if zone is not None and values["partitioner.class"] in FAMILY:
        bucket = TimeBucket(checks.duration_ms(values), checks.pattern(values), zone)
    return {
        "topics_dir": values["topics.dir"],
        "directory_delim": values["directory.delim"],
        "file_delim": values["file.delim"],
        "pad_width": values["filename.offset.zero.pad.width"],
        "partitioner": values["partitioner.class"],
        "partition_fields": values["partition.field.name"],
        "affix": values["s3.schema.partition.affix.type"],
        "time_bucket": bucket,
        "extractor": values["timestamp.extractor"],
        "timestamp_field": tuple(values["timestamp.field"].rstrip(".").split(".")),
        "locale": values["locale"],
        "schedule_zone": zone,
    }


def _store(values: Values) -> dict[str, Any]:
    endpoint = values["store.url"] or ""
    stored = values["store.kafka.keys"] or values["store.kafka.headers"]
    scheduled = values["rotate.schedule.interval.ms"] != -1
    return {
        "bucket": values["s3.bucket.name"],
        "region": values["s3.region"],
        "endpoint": endpoint if not endpoint or "://" in endpoint else f"https://{endpoint}",
        "path_style": values["s3.path.style.access.enabled"],
        "accelerate": values["s3.wan.mode"],
        "part_size_bytes": values["s3.part.size"],
        "part_attempts": values["s3.part.retries"],
        "s3_retry_backoff_ms": values["s3.retry.backoff.ms"],
        "elastic_buffer": values["s3.elastic.buffer.enable"],
        "elastic_buffer_capacity_bytes": values["s3.elastic.buffer.init.capacity"],
        "conditional_writes": values["enable.conditional.writes"] and scheduled and not stored,
        "scan_limit": values["max.files.scan.limit"],
        "send_digest": values["s3.send.digest"],
        "expect_continue": values["s3.http.send.expect.continue"],
        "tagging": values["s3.object.tagging"],
        "tags": tuple(filter(None, map(checks.tag, values["s3.object.tagging.key.value.pairs"]))),
        "tagging_error_fails": values["s3.object.behavior.on.tagging.error"] == "fail",
    }


def _access(values: Values) -> dict[str, Any]:
    key = values["s3.sse.customer.key"] if values["s3.ssea.name"] == "AES256" else None
    return {
        "acl": values["s3.acl.canned"] or "",
        "sse_name": values["s3.ssea.name"],
        "sse_customer_key": base64.b64decode(key) if key else None,
        "sse_kms_key_id": values["s3.sse.kms.key.id"],
        "access_key_id": values["aws.access.key.id"],
        "secret_access_key": values["aws.secret.access.key"] or "",
        "credentials_provider": values["s3.credentials.provider.class"],
        "credentials_settings": below("s3.credentials.provider.", values.given),
        "proxy_url": values["s3.proxy.url"],
        "proxy_user": values["s3.proxy.user"] or "",
        "proxy_password": values["s3.proxy.password"] or "",
    }
