"""JSON objects: one value a line, as JsonFormat writes them.

Two writers stand behind it. Structs are written by a JsonConverter without envelope, which knows their schema: fields
in order, defaults for nulls, logical types by number. All else is written by a plain Jackson, which sees Java's objects
only: times are milliseconds, decimals numbers, keys of maps texts, and a struct inside has no way to be written.
The second is buffered: its line feed goes out with its next value, so that in one object with both, structs come
between a value and its line feed. Source: reference 5 (JSON details, last line); Kafka 3.9 and Jackson 2.16, tried out.
"""

import base64
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from onceproof.sink.avro import decimals
from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Moment, Schema, Struct
from onceproof.sink.errors import DataError, TaskFailed
from onceproof.sink.java import javajson
from onceproof.sink.java.javahash import map_order
from onceproof.sink.java.javanumbers import java_double, java_float
from onceproof.sink.java.zones import DAY_MS, civil
from onceproof.sink.reading.connectjson import scale_of

Tree: TypeAlias = Any
"""What orjson prints as Jackson would: maps in order, odd numbers as fragments."""
Planter: TypeAlias = Callable[[Any], Tree]
"""From a value under the schema that it was made for to a tree; raises DataError or TaskFailed."""

_LINE_FEED = b"\n"


class JsonWriter:
    """Writes one object; `decimal_format` is BASE64 or NUMERIC, in any case, and counts inside structs."""

    aborts_on_close = True

    def __init__(self, decimal_format: str) -> None:
        self._decimal_format = decimal_format
        self._held_back = b""
        """The line feed behind the last value that is no struct."""

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """The lines of a run of values under one schema, as far as they leave the buffer.

        Raises DataError for a value that its schema refuses, TaskFailed for what cannot be written at all; nothing is
        written then.
        """
        if schema is None:
            if Struct in map(type, values):
                raise DataError("Mismatching schema.")
            return self._held(javajson.render_all(values)) if values else b""
        if schema.type == "struct" and None not in values:
            plant = _struct_planter(schema, self._decimal_format.upper() == "NUMERIC")
            return javajson.lines([plant(value) for value in values]) + _LINE_FEED if values else b""
        if schema.type == "struct":
            return b"".join([self.write([value], None if value is None else schema) for value in values])
        return self._plain(values, schema)

    def finish(self) -> bytes:
        """The last line feed, if it is still held back."""
        held_back, self._held_back = self._held_back, b""
        return held_back

    def _plain(self, values: list[Any], schema: Schema) -> bytes:
        if not values:
            return b""
        if (schema.type, schema.name) in _SELF_EXPLANATORY:
            return self._held(javajson.render_all(values))
        plant = _object_planter(schema)
        return self._held(javajson.lines([plant(value) for value in values]))

    def _held(self, text: bytes) -> bytes:
        """The text behind the line feed that was held back; its own is, now."""
        held_back, self._held_back = self._held_back, _LINE_FEED
        return held_back + text


_SELF_EXPLANATORY = {
    (type_name, None) for type_name in ("string", "bytes", "boolean", "int64", "int32", "int16", "int8")
}
"""Types whose values are printed alike with and without a schema."""


# --- by schema: a JsonConverter without envelope ---------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _struct_planter(schema: Schema, numeric: bool) -> Planter:  # noqa: FBT001 - the cache knows positions only
    plant = _logical(schema, numeric=numeric) or _of_type(schema, numeric=numeric)
    null = _null(schema, plant)
    return lambda value: null() if value is None else plant(value)


def _null(schema: Schema, plant: Planter) -> Callable[[], Tree]:
    """What stands for a null: the default if there is one."""

    def null() -> Tree:
        if schema.default is not None:
            return plant(schema.default)
        if schema.optional:
            return None
        raise DataError("Conversion error: null value for field that is required and has no default value")

    return null


def _of_type(schema: Schema, *, numeric: bool) -> Planter:  # noqa: PLR0911 - one line for each type
    match schema.type:
        case "bytes":
            return _bytes
        case "float32":
            return _float32
        case "float64":
            return javajson.settled
        case "array":
            assert schema.items is not None
            item = _struct_planter(schema.items, numeric)
            return lambda value: [item(each) for each in value]
        case "map":
            return _map(schema, numeric=numeric)
        case "struct":
            return _struct(schema, numeric=numeric)
    return _same


def _same(value: Any) -> Tree:
    return value


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _float32(value: float) -> Tree:
    return _fragment(java_float(value))


@lru_cache(maxsize=4096)
def _fragment(text: str) -> orjson.Fragment:
    return orjson.Fragment(text.encode())


def _map(schema: Schema, *, numeric: bool) -> Planter:
    """An object if keys are texts, else an array of pairs."""
    assert schema.keys is not None
    assert schema.items is not None
    keys = schema.keys
    key, item = _struct_planter(keys, numeric), _struct_planter(schema.items, numeric)
    if keys.type == "string":
        return lambda value: {_name(key(each)): item(value[each]) for each in map_order(value, keys)}
    return lambda value: [[key(each), item(value[each])] for each in map_order(value, keys)]


def _name(key: Tree) -> str:
    return "null" if key is None else str(key)


def _struct(schema: Schema, *, numeric: bool) -> Planter:
    names = tuple(schema.index)
    nulls = [_null(field.schema, _struct_planter(field.schema, numeric)) for field in schema.fields]
    planters = [(at, _struct_planter(field.schema, numeric)) for at, field in enumerate(schema.fields)]
    changed = [(at, plant) for at, plant in planters if not _stays(schema.fields[at].schema)]

    known = schema  # comparing by identity is faster, and equal schemas mostly come in runs

    def struct(value: Struct) -> Tree:
        nonlocal known
        if value.schema is not known:
            if value.schema != schema:
                raise DataError("Mismatching schema.")
            known = value.schema
        trees = dict(zip(names, value.values, strict=True))
        for at, plant in changed:
            if (item := value.values[at]) is not None:
                trees[names[at]] = plant(item)
        if None in value.values:
            for at, item in enumerate(value.values):
                if item is None:
                    trees[names[at]] = nulls[at]()
        return trees

    return struct


def _stays(schema: Schema) -> bool:
    """Whether a value is its own tree."""
    logical = schema.name in (DECIMAL, DATE, TIME, TIMESTAMP)
    return schema.type in ("string", "boolean", "int8", "int16", "int32", "int64") and not logical


def _logical(schema: Schema, *, numeric: bool) -> Planter | None:
    match schema.name:
        case "org.apache.kafka.connect.data.Decimal":
            return _number if numeric else lambda value: _bytes(decimals.unscaled_bytes(value, scale_of(schema)))
        case "org.apache.kafka.connect.data.Date":
            return _days
        case "org.apache.kafka.connect.data.Time":
            return _time_ms
        case "org.apache.kafka.connect.data.Timestamp":
            return _ms
    return None


def _number(value: Decimal) -> Tree:
    return _fragment(str(value))


def _ms(value: Moment) -> int:
    return value.ms


def _days(value: Moment) -> int:
    if value.ms % DAY_MS:
        raise DataError("Kafka Connect Date type should not have any time fields set to non-zero values.")
    return value.ms // DAY_MS


def _time_ms(value: Moment) -> int:
    if not 0 <= value.ms <= DAY_MS:
        raise DataError("Kafka Connect Time type should not have any date fields set to non-zero values.")
    return value.ms


# --- without schema: a plain Jackson, which sees Java's objects ------------------------------------------------------


@lru_cache(maxsize=1024)
def _object_planter(schema: Schema) -> Planter:
    """Schemas tell here what Java's classes tell there, such as Float from Double."""
    plant = _object_of_type(schema)
    return lambda value: None if value is None else plant(value)


def _object_of_type(schema: Schema) -> Planter:  # noqa: PLR0911 - one line for each type
    if schema.name == DECIMAL:
        return _number
    if schema.name in (DATE, TIME, TIMESTAMP):
        return _ms
    match schema.type:
        case "bytes":
            return _bytes
        case "float32":
            return _float32
        case "float64":
            return javajson.settled
        case "array":
            assert schema.items is not None
            item = _object_planter(schema.items)
            return lambda value: [item(each) for each in value]
        case "map":
            assert schema.keys is not None
            assert schema.items is not None
            keys, item = schema.keys, _object_planter(schema.items)
            return lambda value: {_key_text(each, keys): item(value[each]) for each in map_order(value, keys)}
        case "struct":
            return _no_serializer
    return _same


def _no_serializer(value: Any) -> Tree:
    raise TaskFailed(f"No serializer found for class org.apache.kafka.connect.data.Struct: {value!r}")


def _key_text(key: Any, schema: Schema) -> str:  # noqa: PLR0911 - one line for each type
    """The name that a key of a map gets."""
    if key is None:
        raise TaskFailed("Null key for a Map not allowed in JSON")
    if schema.name in (DATE, TIME, TIMESTAMP):
        return _instant(key.ms)
    match schema.type:
        case "boolean":
            return "true" if key else "false"
        case "bytes" if schema.name != DECIMAL:
            return _bytes(key)
        case "float32":
            return java_float(key).strip('"')
        case "float64":
            return java_double(key).strip('"')
        case "array" if schema.items is not None:
            items = schema.items
            return f"[{', '.join('null' if each is None else _key_text(each, items) for each in key)}]"
        case "struct":
            fields = zip(key.schema.fields, key.values, strict=True)
            pairs = (f"{field.name}={_key_text(item, field.schema)}" for field, item in fields if item is not None)
            return f"Struct{{{','.join(pairs)}}}"
    return str(key)


def _instant(ms: int) -> str:
    """A date and time in UTC, to the millisecond."""
    year, month, day, of_day = civil(ms)
    seconds, milli = divmod(of_day, 1000)
    time = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milli:03d}"
    return f"{'+' if year > 9999 else ''}{year:04d}-{month:02d}-{day:02d}T{time}+00:00"
