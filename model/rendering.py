"""What one record becomes in an object, and what an object of several is.

**Text formats.** JsonFormat writes a struct under its schema and anything else as Jackson prints the Java object;
ByteArrayFormat writes the bytes as they are. A separator stands behind every record, also behind the last. Plain
values go through a buffered generator and structs around it: in one file of both (possible for keys) the line break
of a plain value comes with the next plain one. Source: reference 5, 9.1 A1 (escapes), 9.2 B2, B3 and B7; Apache Kafka
(JsonConverter, Values).

**AvroFormat and ParquetFormat** have no repeatable bytes, so what they hold is compared as *canonical lines*: for
every record, in the order of the file, one JSON text in UTF-8 and a line feed. Whoever decodes a real file has to
make the same lines. The JSON is that of Python's `json.dumps(…, ensure_ascii=False, separators=(",", ":"))`:

  * record or group: an object, fields in the order of the file's schema, null ones included;
  * Avro map, Parquet MAP: an object, entries sorted by key as Python sorts text;
  * a Connect map whose keys are no required strings is an array of records `{"key":…,"value":…}` in Avro, and stays
    such an array, in the order of the file, also in Parquet;
  * array, Parquet LIST: an array of its items, without the wrapping groups;
  * int, long, boolean, string, enum: as they are; double as Python's `repr`; float likewise, as the double nearest
    to its 32 bits (0.1 is 0.10000000149011612); NaN and infinite ones are "NaN", "Infinity", "-Infinity";
  * bytes and fixed without logical type: `{"b64":"…"}`, standard base64 with padding;
  * decimal: `{"decimal":"1.23"}`, Python's `str` of a Decimal whose exponent is minus the schema's scale;
  * date: days since the epoch; time-millis: milliseconds of the day; timestamp-millis: milliseconds since the epoch;
  * null: null. A union is the bare value of its branch; in Parquet, where a union of several types is a group of
    fields member0, member1, …, that is the one that is not null;
  * a record of Avro's `io.confluent.connect.avro.Anything` (values without schema): the bare value of its one field
    that is not null, null if there is none; its `map` is an object sorted by key;
  * keys stand bare, headers as `[{"key":…,"value":…},…]`. Parquet holds them in a record of one field, `key` or
    `headers`, in Avro they stand bare in the file: the decoder takes off Parquet's wrapping.

A lone surrogate becomes `?`, as Java encodes it. So the same records give the same lines in Avro and Parquet.
"""

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, Protocol

from onceproof.model.history import Record
from onceproof.model.java import Float32, double_text, hash_map_order, string_text
from onceproof.model.literals import header_text
from onceproof.model.reading import Reader, Unreadable
from onceproof.model.schemas import (
    DATE,
    DAY_MS,
    DECIMAL,
    TIME,
    TIMESTAMP,
    Field,
    Moment,
    Schema,
    Struct,
    Value,
)
from onceproof.model.settings import OutsideDomain, settings

__all__ = [
    "Fatal",
    "StructLine",
    "Unwritable",
    "body",
    "double_text",
    "hash_map_order",
    "joined",
    "line",
    "render",
]

_LINE_BREAK: Final = b"\n"
_UNION = "io.confluent.connect.avro.Union"
_AVRO_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = Schema("struct", fields=(Field("key", Schema("string")), Field("value", Schema("string"))))
_HEADERS = Schema("array", items=_HEADER)
_HEADERS_LINE = Schema("struct", fields=(Field("headers", _HEADERS),))


class Unwritable(ValueError):  # noqa: N818  says what the record is
    """A record that its format refuses (DataException and its like): errant, or fatal without a reporter."""


class Fatal(ValueError):  # noqa: N818  says what the record is
    """A record of which the task dies, reporter or not."""


class StructLine(bytes):
    """A line of JSON that was written around the generator, and so does not wait for it."""

    __slots__ = ()


class HasFormat(Protocol):
    """How objects of one kind are written."""

    @property
    def format(self) -> str:
        """json, bytes, avro or parquet."""


def render(config: Mapping[str, str], record: Record) -> bytes:
    """The value of one record as it stands in an object, with its separator.

    Raises ValueError for a record that no object can hold: null after conversion, or unreadable.
    """
    rules = settings(config)
    layout = rules.layouts[0]
    try:
        read = Reader.of(config).read("", 0, record, with_headers=False)
    except Unreadable as error:
        raise ValueError(f"no object holds offset {record.offset}: {error}") from error
    if read is None or read.value is None:
        raise ValueError(f"no object holds offset {record.offset}: its value is null")
    return line(
        layout.format,
        "value",
        read.value,
        read.value_schema,
        decimal_format=rules.decimal_format,
        separator=layout.separator,
    )


def body(config: Mapping[str, str], records: Iterable[Record]) -> bytes:
    """The object of values that holds `records` in this order."""
    return joined(settings(config).layouts[0], [render(config, record) for record in records])


def line(form: str, kind: str, value: Value, schema: Schema | None, *, decimal_format: str, separator: bytes) -> bytes:
    """One record as it stands in an object of this format and kind, alone in its file.

    For headers `value` is the sequence of (name, value, schema), and `schema` is None. `separator` is that of
    ByteArrayFormat. Raises Unwritable, or Fatal, or OutsideDomain.
    """
    if value is None:
        raise Unwritable(f"a null {kind}")
    if kind == "headers":
        value, schema = _headers(value), _HEADERS
    try:
        found = _line(form, kind, value, schema, decimal_format)
    except RecursionError as error:
        raise OutsideDomain(f"a {kind} nested too deeply for the model") from error
    return found + separator if form == "bytes" else found


def _line(form: str, kind: str, value: Value, schema: Schema | None, decimal_format: str) -> bytes:
    match form:
        case "bytes":
            return _bytes(value, schema)
        case "json":
            return _json_line(kind, value, schema, decimal_format)
        case "parquet" if kind == "value" and not isinstance(value, Struct):
            raise Fatal("Parquet takes structs alone")
        case "avro" | "parquet":
            _require_avro_schema(schema, form)
            return _canonical_line(value, schema)
    raise AssertionError(f"format {form!r}")


def joined(layout: HasFormat, lines: Iterable[bytes | None]) -> bytes:
    """The object that holds these lines in this order; None is a record of which it holds nothing."""
    if layout.format != "json":
        return b"".join([each for each in lines if each])
    parts: list[bytes] = []
    held = b""
    for each in lines:
        if isinstance(each, StructLine):
            parts.append(each)
        elif each is not None:
            parts += [held, each.removesuffix(_LINE_BREAK)]
            held = _LINE_BREAK
    return b"".join([*parts, held])


def _headers(headers: Sequence[tuple[str, Value, Schema | None]]) -> list[Struct]:
    if not headers:
        raise Unwritable("no headers")
    found = []
    for name, value, _ in headers:
        if value is None:
            raise Unwritable(f"header {name!r} is null")
        found.append(Struct(_HEADER, {"key": name, "value": header_text(value)}))
    return found


def _bytes(value: Value, schema: Schema | None) -> bytes:
    if not isinstance(value, bytes) or (schema is not None and schema.type != "bytes"):
        raise Unwritable(f"ByteArrayFormat takes bytes, not {value!r}")
    return value


# JSON


def _json_line(kind: str, value: Value, schema: Schema | None, decimal_format: str) -> bytes:
    if kind == "headers":
        value, schema = Struct(_HEADERS_LINE, {"headers": value}), _HEADERS_LINE
    if not isinstance(value, Struct):
        return _encoded(plain_text(value)) + _LINE_BREAK
    if schema is None or value.schema != schema:
        raise Unwritable("a struct of another schema")
    return StructLine(_encoded(_struct_text(value, decimal_format)) + _LINE_BREAK)


def _encoded(text: str) -> bytes:
    return text.encode()


def plain_text(value: Value) -> str:  # noqa: PLR0911  one return for each type
    """A Java object as Jackson prints it; Fatal for a struct, and for a null key."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return double_text(value)
        case str():
            return string_text(value)
        case bytes():
            return _base64_text(value)
        case Moment():
            return str(value.ms)
        case list():
            return f"[{','.join([plain_text(item) for item in value])}]"
        case dict():
            return "{" + ",".join([f"{_plain_key(key)}:{plain_text(item)}" for key, item in value.items()]) + "}"
    raise Fatal(f"Jackson cannot print {value!r}")


def _plain_key(key: Value) -> str:
    match key:
        case str():
            return string_text(key)
        case bool():
            return '"true"' if key else '"false"'
        case int():
            return f'"{key}"'
        case float():
            return f'"{double_text(key).strip(chr(34))}"'
    raise Fatal(f"Jackson cannot print a key {key!r}")


def _struct_text(value: Struct, decimal_format: str) -> str:
    fields = [
        f"{string_text(each.name)}:{_schema_text(each.schema, value[each.name], decimal_format)}"
        for each in value.schema.fields
    ]
    return "{" + ",".join(fields) + "}"


def _schema_text(schema: Schema | None, value: Value, decimal_format: str) -> str:  # noqa: PLR0911  one for each type
    """A value as JsonConverter prints it without schemas."""
    if schema is None:
        return plain_text(value)
    if value is None:
        value = schema.default
    if value is None:
        if schema.optional:
            return "null"
        raise Unwritable(f"null for a required {schema.type}")
    if schema.name == DECIMAL and decimal_format == "NUMERIC":
        return str(_instance(value, Decimal))
    if schema.is_logical:
        value = underlying(schema, value)
    match schema.type:
        case "struct":
            if value.schema != schema:
                raise Unwritable("a struct of another schema")
            return _struct_text(value, decimal_format)
        case "array":
            return f"[{','.join([_schema_text(schema.items, item, decimal_format) for item in value])}]"
        case "map":
            return _map_text(schema, value, decimal_format)
        case _:
            return plain_text(value)


def _map_text(schema: Schema, value: Mapping[Value, Value], decimal_format: str) -> str:
    pairs = [
        (key, _schema_text(schema.keys, key, decimal_format), _schema_text(schema.items, item, decimal_format))
        for key, item in value.items()
    ]
    if schema.keys is not None and schema.keys.type == "string":
        return (
            "{"
            + ",".join(
                [f"{name if key is not None else chr(34) + 'null' + chr(34)}:{item}" for key, name, item in pairs]
            )
            + "}"
        )
    return f"[{','.join([f'[{name},{item}]' for _, name, item in pairs])}]"


def _base64_text(value: bytes) -> str:
    return f'"{base64.b64encode(value).decode("ascii")}"'


def underlying(schema: Schema, value: Value) -> Value:
    """What a logical value is stored as; Unwritable where Date, Time or Decimal refuse it."""
    match schema.name:
        case str(name) if name == DECIMAL:
            return unscaled_bytes(schema, _instance(value, Decimal))
        case str(name) if name == DATE:
            days, rest = divmod(_instance(value, Moment).ms, DAY_MS)
            if rest:
                raise Unwritable(f"a Date with a time of day: {value!r}")
            return days
        case str(name) if name == TIME:
            if not 0 <= _instance(value, Moment).ms <= DAY_MS:
                raise Unwritable(f"a Time with a date: {value!r}")
            return value.ms
        case str(name) if name == TIMESTAMP:
            return _instance(value, Moment).ms
    return value


def unscaled_bytes(schema: Schema, value: Decimal) -> bytes:
    """A decimal as the shortest two's complement of its digits, big-endian."""
    scale, (sign, digits, exponent) = schema.parameter("scale"), value.as_tuple()
    if scale is None or not isinstance(exponent, int) or int(scale) != -exponent:
        raise Unwritable(f"{value} is no decimal of scale {scale}")
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    bits = (unscaled if unscaled >= 0 else ~unscaled).bit_length() + 1
    return unscaled.to_bytes((bits + 7) // 8, "big", signed=True)


def _instance(value: Value, of: type) -> Value:
    if not isinstance(value, of):
        raise Unwritable(f"{value!r} is no {of.__name__}")
    return value


# Canonical lines


def _canonical_line(value: Value, schema: Schema | None) -> bytes:
    text = json.dumps(canonical(value, schema), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace") + _LINE_BREAK


def canonical(value: Value, schema: Schema | None) -> Value:  # noqa: PLR0911  one return for each type
    """The tree of a canonical line, as AvroData writes it; Unwritable where it refuses."""
    if schema is None:
        return _canonical_plain(value)
    if value is None:
        if not schema.optional:
            raise Unwritable(f"null for a required {schema.type}")
        return None
    if schema.name == DECIMAL:
        unscaled_bytes(schema, _instance(value, Decimal))
        return {"decimal": str(value)}
    if schema.is_logical:
        return underlying(schema, value)
    match schema.type:
        case "struct":
            return _canonical_struct(_instance(value, Struct), schema)
        case "array":
            return [canonical(item, schema.items) for item in _instance(value, list)]
        case "map":
            return _canonical_map(_instance(value, dict), schema)
        case _:
            return _canonical_plain(value)


def _canonical_struct(value: Struct, schema: Schema) -> Value:
    if value.schema != schema:
        raise Unwritable("a struct of another schema")
    if schema.name == _UNION:
        return next(
            (canonical(value[each.name], each.schema) for each in schema.fields if value[each.name] is not None), None
        )
    return {each.name: canonical(value[each.name], each.schema) for each in schema.fields}


def _canonical_map(value: Mapping[Value, Value], schema: Schema) -> Value:
    if schema.keys is not None and schema.keys.type == "string" and not schema.keys.optional:
        return {key: canonical(value[key], schema.items) for key in sorted(value)}
    return [{"key": canonical(key, schema.keys), "value": canonical(item, schema.items)} for key, item in value.items()]


def _canonical_plain(value: Value) -> Value:
    match value:
        case Float32() | float():
            return float(value) if math.isfinite(value) else double_text(value).strip('"')
        case bytes():
            return {"b64": base64.b64encode(value).decode("ascii")}
        case list():
            return [_canonical_plain(item) for item in value]
        case dict():
            return {key: _canonical_plain(value[key]) for key in sorted(value)}
        case Struct() | Moment() | Decimal():
            raise Unwritable(f"no schema for {value!r}")
    return value


@lru_cache(maxsize=1 << 10)
def _require_avro_schema(schema: Schema | None, form: str) -> None:
    """Unwritable for names that Avro refuses, and for structs without fields in Parquet."""
    if schema is None:
        return
    if schema.type == "struct" and schema.name != _UNION:
        names = [each.name for each in schema.fields]
        if schema.name is not None:
            names.append(schema.name.rpartition(".")[2])
        for name in names:
            if not _AVRO_NAME.fullmatch(name):
                raise Unwritable(f"Avro allows no name {name!r}")
        if form == "parquet" and not schema.fields:
            raise Unwritable("Parquet allows no struct without fields")
    for below in (schema.keys, schema.items, *[each.schema for each in schema.fields]):
        _require_avro_schema(below, form)
