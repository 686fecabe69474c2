"""Declared deviations: each row is about certain configurations, and what was recorded bears it out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from onceproof.sink.errors import ConfigError
from onceproof.sink.settings.deviations import DEVIATIONS, declared, refused_by
from onceproof.sink.settings.parsing import examine, parse
from onceproof.sink.settings.propertydocs import deviations_page

RECORDINGS = Path(__file__).parents[1] / "golden" / "golden.jsonl"
PARTITIONERS = "io.confluent.connect.storage.partitioner"
FORMATS = "io.confluent.connect.s3.format"
AVRO, JSON, BYTES, PARQUET = (
    {"format.class": f"{FORMATS}.{name}"}
    for name in ("avro.AvroFormat", "json.JsonFormat", "bytearray.ByteArrayFormat", "parquet.ParquetFormat")
)
CONNECT = "org.apache.kafka.connect"
TEXT = {"value.converter": f"{CONNECT}.storage.StringConverter"}
RAW = {"value.converter": f"{CONNECT}.converters.ByteArrayConverter"}
ENVELOPES = {"value.converter.schemas.enable": "true"}
REPORTED = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "d"}
TIME = {
    "partitioner.class": f"{PARTITIONERS}.TimeBasedPartitioner",
    "partition.duration.ms": "3600000",
    "path.format": "'hour'=HH",
    "locale": "en",
    "timezone": "UTC",
}
FIELD = {"partitioner.class": f"{PARTITIONERS}.FieldPartitioner", "partition.field.name": "a"}
BASE = {
    "topics": "t",
    **JSON,
    "flush.size": "3",
    "key.converter": f"{CONNECT}.storage.StringConverter",
    "value.converter": f"{CONNECT}.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
HOIST = {
    "transforms": "h",
    "transforms.h.type": f"{CONNECT}.transforms.HoistField$Value",
    "transforms.h.field": "f",
}
RECORD_FIELD = {**TIME, "timestamp.extractor": "RecordField"}
KEYS = {"store.kafka.keys": "true"}
WRITTEN = {**KEYS, "behavior.on.null.values": "write"}
HEADERS = {"store.kafka.headers": "true"}
AVRO_CONVERTER = "io.confluent.connect.avro.AvroConverter"
ASSUME_ROLE = "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider"
JSON_KEYS = {"key.converter": f"{CONNECT}.json.JsonConverter", "key.converter.schemas.enable": "false"}

Changes = Mapping[str, str]
CASES: Mapping[str, tuple[Changes, tuple[Changes, ...]]] = {
    "blank-topic": ({"topics": "a,"}, ({"topics": "a"}, {"topics": ""})),
    "blank-bucket": ({"s3.bucket.name": " "}, ({},)),
    "blank-region": ({"s3.region": " "}, ({"s3.region": "mars-1"},)),
    "store-url": ({"store.url": "http://[a b]"}, ({"store.url": "s3:9000"}, {"store.url": "http://a_b:1/c"})),
    "part-retries-0": ({"s3.part.retries": "0"}, ({"s3.part.retries": "1"},)),
    "schedule-without-timezone": (
        {"rotate.schedule.interval.ms": "1"},
        ({"rotate.schedule.interval.ms": "0"}, {"rotate.schedule.interval.ms": "1", "timezone": "UTC"}),
    ),
    "tag-without-value": (
        {"s3.object.tagging.key.value.pairs": "a"},
        ({"s3.object.tagging.key.value.pairs": "a:b,:c,a::b"},),
    ),
    "role-incomplete": ({"s3.credentials.provider.class": ASSUME_ROLE}, ({},)),
    "registry-missing": ({"key.converter": AVRO_CONVERTER}, ({},)),
    "partition-duration-negative": (
        {**TIME, "partition.duration.ms": "-2"},
        ({"partition.duration.ms": "-2"}, {**TIME, "partitioner.class": f"{PARTITIONERS}.DailyPartitioner"}),
    ),
    "path-format": (
        {**TIME, "path.format": "q"},
        ({"path.format": "q"}, {**TIME, "path.format": "'q'/"}),
    ),
    "locale-blank": ({**TIME, "locale": ""}, ({"locale": ""},)),
    "timezone-blank": ({**TIME, "timezone": ""}, ({"timezone": ""},)),
    "partitioner-class": ({"partitioner.class": "org.example.P"}, (FIELD,)),
    "extractor-class": (
        {**TIME, "timestamp.extractor": "RecordTimestampExtractor"},
        (
            {"timestamp.extractor": "No"},
            RECORD_FIELD,
            {**TIME, "timestamp.extractor": f"{PARTITIONERS}.TimeBasedPartitioner$RecordTimestampExtractor"},
        ),
    ),
    "pad-width-0": (
        {"filename.offset.zero.pad.width": "0"},
        ({"filename.offset.zero.pad.width": "1"},),
    ),
    "max-open-files-0": (
        {"partitioner.max.open.files": "0"},
        ({"partitioner.max.open.files": "-2"}, {"partitioner.max.open.files": "1"}),
    ),
    "partition-duration-0": (
        {**TIME, "partition.duration.ms": "0"},
        ({"partition.duration.ms": "0"}, {**TIME, **WRITTEN, "partition.duration.ms": "0"}),
    ),
    "customer-key": (
        {"s3.ssea.name": "AES256", "s3.sse.customer.key": "?"},
        ({"s3.sse.customer.key": "?"}, {"s3.ssea.name": "AES256", "s3.sse.customer.key": "QQ=="}),
    ),
    "bytes-of-no-bytes": (
        BYTES,
        ({**BYTES, **RAW}, {**BYTES, **ENVELOPES}, {**BYTES, **REPORTED}, {**BYTES, **HOIST}, {**BYTES, **WRITTEN}),
    ),
    "bytes-of-no-bytes-keys": (
        {**KEYS, "keys.format.class": BYTES["format.class"]},
        (
            {"keys.format.class": BYTES["format.class"]},
            {**KEYS, "keys.format.class": BYTES["format.class"], "key.converter": RAW["value.converter"]},
            {**KEYS, "keys.format.class": BYTES["format.class"], **REPORTED},
        ),
    ),
    "bytes-of-headers": (
        {**HEADERS, "headers.format.class": BYTES["format.class"]},
        (
            {"headers.format.class": BYTES["format.class"]},
            {**HEADERS, "headers.format.class": JSON["format.class"]},
            {**HEADERS, "headers.format.class": BYTES["format.class"], **REPORTED},
        ),
    ),
    "parquet-of-no-struct": (
        {**PARQUET, **REPORTED},
        ({**PARQUET, **ENVELOPES}, {**PARQUET, **HOIST}, {**PARQUET, **WRITTEN}),
    ),
    "parquet-of-schemaless-keys": (
        {**KEYS, **JSON_KEYS, "keys.format.class": PARQUET["format.class"]},
        (
            {**KEYS, "keys.format.class": PARQUET["format.class"]},
            {**KEYS, **JSON_KEYS, "keys.format.class": AVRO["format.class"]},
            {**KEYS, **JSON_KEYS, "keys.format.class": PARQUET["format.class"], "key.converter.schemas.enable": "true"},
        ),
    ),
    "field-of-no-struct": (
        FIELD,
        ({**FIELD, **ENVELOPES}, {**FIELD, **REPORTED}, {**FIELD, **HOIST}, {**FIELD, **WRITTEN}),
    ),
    "time-of-no-fields": (
        {**RECORD_FIELD, **TEXT, **REPORTED},
        (
            RECORD_FIELD,
            {**RECORD_FIELD, **TEXT, **HOIST},
            {"timestamp.extractor": "RecordField", **TEXT},
            {**RECORD_FIELD, **TEXT, **WRITTEN},
        ),
    ),
    "timestamp-field-blank": (
        {**RECORD_FIELD, "timestamp.field": ".."},
        (
            {**RECORD_FIELD, "timestamp.field": ".a"},
            {"timestamp.field": ""},
            {**RECORD_FIELD, **WRITTEN, "timestamp.field": ".."},
        ),
    ),
    "charset": (
        {**KEYS, "key.converter.converter.encoding": "UTF-99"},
        (
            {"key.converter.converter.encoding": "UTF-99"},
            {**KEYS, "key.converter.converter.encoding": "ISO-8859-1"},
            {**KEYS, "key.converter.converter.encoding": "UTF-99", "errors.tolerance": "all"},
            {**KEYS, **JSON_KEYS, "key.converter.converter.encoding": "UTF-99"},
            {**TEXT, **WRITTEN, "value.converter.converter.encoding": "UTF-99"},
        ),
    ),
    "tombstone-text-in-keys": (
        {"topics": "tombstones,my-tombstone"},
        (
            {"topics": "tombstones,events"},
            {"topics": "", "topics.regex": "tombstone.*"},
            {"topics": "tombstones", **KEYS, "behavior.on.null.values": "write"},
            {"topics": "tombstones", "tombstone.encoded.partition": "Tombstone"},
        ),
    ),
    "avro-sync-marker": (KEYS, ({}, {"keys.format.class": AVRO["format.class"]})),
    "parquet-frame": ({**PARQUET, **ENVELOPES}, ({}, AVRO)),
}
"""By row: a configuration that it is about, and some that come close."""


def test_every_row_has_a_case() -> None:
    """A row that is added must be added to the cases above."""
    assert [row.id for row in DEVIATIONS] == list(dict.fromkeys(row.id for row in DEVIATIONS))
    assert {row.id for row in DEVIATIONS} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_about_its_configurations_alone(name: str) -> None:
    """It applies to what dies, and to nothing that comes close."""
    changes, near = CASES[name]

    assert name in {row.id for row in declared({**BASE, **changes})}
    for other in near:
        assert name not in {row.id for row in declared({**BASE, **other})}


@pytest.mark.parametrize("name", [row.id for row in DEVIATIONS if row.kind == "dies earlier"])
def test_what_dies_later_is_refused(name: str) -> None:
    """By a problem for each property that has a part in it."""
    with pytest.raises(ConfigError):
        parse({**BASE, **CASES[name][0]})


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"topics.dir": "a-tombstone"}, True),
        ({"tombstone.encoded.partition": ""}, True),
        ({"tombstone.encoded.partition": "partition=0"}, False),
        ({"tombstone.encoded.partition": "partition="}, True),
        ({"tombstone.encoded.partition": "/t/"}, True),
        ({"tombstone.encoded.partition": "0+0"}, False),
        ({"tombstone.encoded.partition": "schema_name=", "s3.schema.partition.affix.type": "SUFFIX"}, True),
        ({"tombstone.encoded.partition": "schema_name="}, False),
        ({**FIELD, **ENVELOPES, "tombstone.encoded.partition": "a="}, True),
        ({**TIME, "tombstone.encoded.partition": "partition="}, False),
    ],
)
def test_only_a_text_in_every_key_is_certain(changes: Changes, *, ids: bool) -> None:
    """What the parts of a key that depend on records will be, is not known before there are any."""
    found = {row.id for row in declared({**BASE, **changes})}

    assert ids == ("tombstone-text-in-keys" in found)


def recordings() -> list[dict[str, Any]]:
    """Those whose first start decides: no later one changes properties."""
    with RECORDINGS.open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [each for each in found if not any(step.get("props") for step in each["case"]["steps"])]


def test_what_is_refused_was_rejected_or_died() -> None:
    """No configuration that was recorded to work is refused, and one that died later is refused by a declared row."""
    refused = rejected = 0
    for recording in recordings():
        properties = {**BASE, "value.converter.schemas.enable": "true", **recording["case"]["props"]}
        states = {step.get("state") for step in recording["expect"]["steps"]}
        problems = examine(properties).problems
        rows = refused_by(properties)
        if "REJECTED" in states:
            rejected += 1
            assert () == rows, recording["case"]["id"]
            wrong = set(recording["expect"]["steps"][0]["validation_errors"])
            assert wrong == {problem.name for problem in problems}, recording["case"]["id"]
        elif problems:
            refused += 1
            assert "FAILED" in states, recording["case"]["id"]
            assert rows, recording["case"]["id"]

    assert rejected >= 4
    assert refused >= 9


def test_only_a_refusal_that_is_declared_is_excused() -> None:
    """Whoever has another mistake in it would have been told of that by the real connector as well."""
    dying = {**BASE, "filename.offset.zero.pad.width": "0", "s3.part.retries": "0"}

    assert ["part-retries-0", "pad-width-0"] == [row.id for row in refused_by(dying)]
    assert () == refused_by({**dying, "flush.size": "x"})
    assert () == refused_by(BASE)


def test_the_page_has_every_row() -> None:
    """With what the real connector does, what the sink does, and why."""
    page = deviations_page()

    for row in DEVIATIONS:
        assert f"| `{row.id}` | {row.real} | {row.ours} | {row.reason} |" in page
