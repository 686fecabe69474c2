"""What the real connector accepts and starts with, and then dies of, or hangs on, whatever the records are.

This sink refuses it at start instead. A check here must be certain: what could write the value of a single record is
never refused. So nothing is said of what converters give where a transform may change it, nor of records that cannot be
written where those are reported and skipped, nor of values where null values are written: all may be tombstones, which
have no value to write and a directory of their own. Source: reference 1, 2.1, 4.4 to 5.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Literal

from onceproof.sink.java import charsets
from onceproof.sink.settings.checks import Check, Finding, check
from onceproof.sink.settings.properties import FAMILY, Values

_RUN: list[Check] = []
_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
_STRUCTURED = ("JsonConverter", "AvroConverter")
HOLE = "\0"
"""Stands for what is not known of a key before there are records."""


@check(_RUN, "pad-width-0", "run", "Validation lets 0 pass; the first name of an object cannot be made.")
def _pad_width(values: Values) -> Iterator[Finding]:
    if values["filename.offset.zero.pad.width"] == 0:
        yield "filename.offset.zero.pad.width", "must be 1 or more"


@check(_RUN, "max-open-files-0", "run", "At the first record the task rotates for ever.")
def _max_open_files(values: Values) -> Iterator[Finding]:
    if values["partitioner.max.open.files"] == 0:
        yield "partitioner.max.open.files", "must be 1 or more, or -1 for no limit"


@check(_RUN, "partition-duration-0", "run", "Configuring lets 0 pass; the first record is a division by zero.")
def _duration_0(values: Values) -> Iterator[Finding]:
    is_used = values["partitioner.class"] == "TimeBasedPartitioner" and not _writes_tombstones(values)
    if is_used and values["partition.duration.ms"] == 0:
        yield "partition.duration.ms", "must be 1 or more"


@check(_RUN, "customer-key", "run", "The first upload fails when the SDK decodes the key.")
def _customer_key(values: Values) -> Iterator[Finding]:
    if values["s3.ssea.name"] == "AES256" and values["s3.sse.customer.key"]:
        try:
            base64.b64decode(values["s3.sse.customer.key"], validate=True)
        except (binascii.Error, ValueError):
            yield "s3.sse.customer.key", "must be a key in base64"


@check(_RUN, "bytes-of-no-bytes", "run", "The first value is no bytes, which ByteArrayFormat cannot write.")
def _values_no_bytes(values: Values) -> Iterator[Finding]:
    if _reports(values) or _writes_tombstones(values):
        return
    if values["format.class"] == "ByteArrayFormat" and _no_bytes(values, "value"):
        yield "value.converter", f"ByteArrayFormat writes bytes, so it must be {_BYTES}"


@check(_RUN, "bytes-of-no-bytes-keys", "run", "The first key is no bytes, which ByteArrayFormat cannot write.")
def _keys_no_bytes(values: Values) -> Iterator[Finding]:
    if _stored(values, "keys") == "ByteArrayFormat" and _no_bytes(values, "key") and not _reports(values):
        yield "key.converter", f"keys.format.class ByteArrayFormat writes bytes, so it must be {_BYTES}"


@check(_RUN, "bytes-of-headers", "run", "Headers are a list, which ByteArrayFormat cannot write.")
def _headers_no_bytes(values: Values) -> Iterator[Finding]:
    if _stored(values, "headers") == "ByteArrayFormat" and not _reports(values):
        yield "headers.format.class", "must be AvroFormat, JsonFormat or ParquetFormat: headers are no bytes"


@check(_RUN, "parquet-of-no-struct", "run", "The first value is no struct, which Parquet cannot write.")
def _values_no_struct(values: Values) -> Iterator[Finding]:
    if values["format.class"] != "ParquetFormat" or values["transforms"] or _writes_tombstones(values):
        return
    if values["value.converter"] not in _STRUCTURED:
        yield "value.converter", "ParquetFormat writes structs, so it must be JsonConverter or AvroConverter"
    elif _is_schemaless(values, "value"):
        yield "value.converter.schemas.enable", "must be true: ParquetFormat writes structs, which have a schema"


@check(_RUN, "parquet-of-schemaless-keys", "run", "The first key has no schema, which Parquet cannot write.")
def _keys_schemaless(values: Values) -> Iterator[Finding]:
    schemaless = _is_schemaless(values, "key") and not values["transforms"]
    if _stored(values, "keys") == "ParquetFormat" and schemaless and not _reports(values):
        yield "key.converter.schemas.enable", "must be true: keys.format.class ParquetFormat needs a schema"


@check(_RUN, "field-of-no-struct", "run", "The first value has no fields to partition by.")
def _field_partitioner(values: Values) -> Iterator[Finding]:
    if values["partitioner.class"] != "FieldPartitioner" or values["transforms"] or _reports(values):
        return
    if _writes_tombstones(values):
        return
    if values["value.converter"] not in _STRUCTURED:
        yield "value.converter", "FieldPartitioner looks into structs, so it must be JsonConverter or AvroConverter"
    elif _is_schemaless(values, "value"):
        yield "value.converter.schemas.enable", "must be true: FieldPartitioner looks into structs, which have a schema"


@check(_RUN, "time-of-no-fields", "run", "The first value has no fields, so that its time cannot be found.")
def _record_field(values: Values) -> Iterator[Finding]:
    if _looks_into_values(values) and values["value.converter"] not in _STRUCTURED and not values["transforms"]:
        yield (
            "timestamp.extractor",
            "values must have fields, so value.converter must be JsonConverter or AvroConverter",
        )


@check(_RUN, "timestamp-field-blank", "run", "No value has a field without a name.")
def _timestamp_field(values: Values) -> Iterator[Finding]:
    if _looks_into_values(values) and not values["timestamp.field"].strip("."):
        yield "timestamp.field", "must be a dotted path of field names"


@check(_RUN, "charset", "run", "The first text cannot be decoded; a key that is stored has one.")
def _charset(values: Values) -> Iterator[Finding]:
    for name, encoding in _certain_encodings(values):
        if charsets.codec(encoding) is None and not charsets.may_be_javas(encoding):
            yield name, "must be the name of a charset, such as UTF-8"


def _certain_encodings(values: Values) -> Iterator[tuple[str, str]]:
    """The encodings that some text must be decoded by, or the task fails; keys that are not stored may all be null."""
    if values["errors.tolerance"] == "all":
        return
    asked = {"key": values["store.kafka.keys"], "value": not _writes_tombstones(values)}
    for side, is_asked in asked.items():
        name = f"{side}.converter.converter.encoding"
        if is_asked and values[f"{side}.converter"] == "StringConverter":
            yield name, values[name]


def _looks_into_values(values: Values) -> bool:
    extractor = values["timestamp.extractor"]
    looks = extractor == "RecordFieldTimestampExtractor" and values["partitioner.class"] in FAMILY
    return bool(looks and not _writes_tombstones(values))


def _writes_tombstones(values: Values) -> bool:
    """Whether a record without a value is written, with its key, in the directory of tombstones."""
    return bool(values["behavior.on.null.values"] == "write")


@check(
    _RUN,
    "tombstone-text-in-keys",
    "run",
    "A key that holds the text takes no values; where each one does, the first value fails the task.",
)
def _tombstone_text(values: Values) -> Iterator[Finding]:
    keys = known_keys(values)
    text = values["tombstone.encoded.partition"]
    if not _writes_tombstones(values) and all(text in key for key in keys):
        yield (
            "tombstone.encoded.partition",
            "must be a text that keys of objects do not hold" + (f", as {shown(keys[0])} does" if text else ""),
        )


def known_keys(values: Values) -> list[str]:
    """What is known of the keys of values before there are records, a hole for all else: a key for each topic."""
    delim, file_delim = values["directory.delim"], values["file.delim"]
    first = f"{values['topics.dir']}{delim}" if values["topics.dir"] else ""
    topics = () if values["transforms"] else values["topics"]
    return [
        f"{first}{topic}{delim}{_directory(values)}{delim}{topic}{file_delim}{HOLE}{file_delim}{HOLE}"
        for topic in topics or (HOLE,)
    ]


def shown(key: str) -> str:
    """A key with its holes, for people."""
    return repr(key.replace(HOLE, "…"))


def _directory(values: Values) -> str:
    """What is known of a directory."""
    delim = values["directory.delim"]
    fields = delim.join(f"{name}={HOLE}" for name in values["partition.field.name"])
    known = {"DefaultPartitioner": f"partition={HOLE}", "FieldPartitioner": fields}
    directory = known.get(str(values["partitioner.class"]), HOLE)
    affix = f"schema_name={HOLE}"
    around = {"PREFIX": f"{affix}{delim}{directory}", "SUFFIX": f"{directory}{delim}{affix}"}
    found = around.get(values["s3.schema.partition.affix.type"], directory)
    assert isinstance(found, str)
    return found


def _stored(values: Values, kind: Literal["keys", "headers"]) -> str | None:
    """The format of keys or headers, if they are stored."""
    return str(values[f"{kind}.format.class"]) if values[f"store.kafka.{kind}"] else None


def _no_bytes(values: Values, side: Literal["key", "value"]) -> bool:
    """Whether that side can never be bytes; a schema may say that a JSON text is."""
    converter = values[f"{side}.converter"]
    can = converter in ("ByteArrayConverter", "AvroConverter")
    return not (can or (converter == "JsonConverter" and not _is_schemaless(values, side)) or values["transforms"])


def _is_schemaless(values: Values, side: Literal["key", "value"]) -> bool:
    return values[f"{side}.converter"] == "JsonConverter" and not values[f"{side}.converter.schemas.enable"]


def _reports(values: Values) -> bool:
    """Whether a record that cannot be written is reported and skipped (reference 2.1, 9.3 C6)."""
    reported = values["errors.deadletterqueue.topic.name"] or values["errors.log.enable"]
    return bool(values["errors.tolerance"] == "all" and reported)


RUN: tuple[Check, ...] = tuple(_RUN)
