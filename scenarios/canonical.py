"""Avro and Parquet objects as lines of text that say the same, whichever library wrote them.

One line a record, as `model/rendering` describes it: compact JSON, fields in the order of the schema, entries of maps
sorted by key, bytes as `{"b64": …}`, decimals as `{"decimal": …}`, what is not finite as a text, and the logical types
of time as whole numbers (days, or milliseconds). Values without a schema stand as plain JSON, not as Confluent's
`Anything`. Keys and headers stand without the records that Parquet needs around them.

What cannot be read raises ValueError, whatever is wrong with it.
"""

import base64
import io
import json
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import cramjam
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from fastavro.schema import SchemaParseException, UnknownType

Plain: TypeAlias = Callable[[Any], Any]
"""From a datum that is not null to the tree of its line."""

_HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "Magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": 16}},
        ],
    }
)
_ANYTHING = "io.confluent.connect.avro.Anything"
_UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, OSError, struct.error, zlib.error,
    MemoryError, AssertionError, RecursionError, SchemaParseException, UnknownType, cramjam.DecompressionError,
)  # fmt: skip
"""What libraries raise for bytes that are no file of theirs."""


def avro_container(body: bytes) -> tuple[Any, str, list[Any]]:
    """Schema, codec and data of a container; logical types are left as the numbers and bytes that are stored."""
    schema, codec, bare = _opened(body)
    return schema, codec, list(fastavro.reader(bare))


def avro_lines(body: bytes) -> bytes:
    """A container as canonical lines."""
    try:
        schema, _, bare = _opened(body)
        plain = _Avro(schema).plain
        data = fastavro.reader(bare, return_record_name=True)
        return b"".join([_line(plain(datum)) for datum in data])
    except _UNREADABLE as error:
        raise ValueError(f"no Avro container: {error!r}") from error


def parquet_lines(body: bytes, unwrap: str = "") -> bytes:
    """A Parquet file as canonical lines; `unwrap` names the one field around keys or headers."""
    try:
        lines = []
        for record, of in _parquet_records(body):
            whole = _parquet_value(record, of)
            lines.append(_line(whole[unwrap] if unwrap else whole))
    except (*_UNREADABLE, pa.ArrowException) as error:
        raise ValueError(f"no Parquet file: {error!r}") from error
    return b"".join(lines)


def avro_printed(datum: Any) -> Any:
    """A datum as Avro's own text of it would be read back: bytes as a text of their code points."""
    match datum:
        case bytes():
            return datum.decode("latin-1")
        case float():
            return datum if math.isfinite(datum) else _not_finite(datum)
        case dict():
            return {name: avro_printed(value) for name, value in datum.items()}
        case list():
            return [avro_printed(item) for item in datum]
    return datum


def parquet_printed(body: bytes) -> list[Any]:
    """The records of a Parquet file, each as Avro's own text of it would be read back."""
    return [avro_printed(_maps_as_dicts(record, of)) for record, of in _parquet_records(body)]


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n"


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _number(number: float) -> float | str:
    return number if math.isfinite(number) else _not_finite(number)


def _b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def _decimal(unscaled: int, scale: int) -> dict[str, str]:
    digits = tuple(map(int, str(abs(unscaled))))
    return {"decimal": str(Decimal((int(unscaled < 0), digits, -scale)))}


def _by_key(entries: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(entries, key=lambda entry: entry[0]))


# --- Avro ------------------------------------------------------------------------------------------------------------


def _opened(body: bytes) -> tuple[Any, str, io.BytesIO]:
    """Schema and codec of a container, and the container with a schema that has no logical types."""
    file = io.BytesIO(body)
    header: Any = fastavro.schemaless_reader(file, _HEADER, None)
    schema = json.loads(header["meta"]["avro.schema"])
    codec = header["meta"].get("avro.codec", b"null").decode()
    bare = io.BytesIO()
    header["meta"]["avro.schema"] = json.dumps(_without_logical_types(schema)).encode()
    fastavro.schemaless_writer(bare, _HEADER, header)
    bare.write(file.read())
    bare.seek(0)
    return schema, codec, bare


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _without_logical_types(part) for name, part in schema.items() if name != "logicalType"}
    return schema


class _Avro:
    """Makes trees of data of a schema; `plain` is that of the whole. Named types are looked up by their full names."""

    def __init__(self, schema: Any) -> None:
        self._named: dict[str, Any] = {}
        self._plains: dict[str, Plain] = {}
        self.plain = self._of(fastavro.parse_schema(schema, self._named))

    def _of(self, schema: Any) -> Plain:
        """Null is null in every type."""
        made = self._made(schema)
        return lambda datum: None if datum is None else made(datum)

    def _made(self, schema: Any) -> Plain:  # noqa: PLR0911 - one return for each type
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, str) and schema in self._named:
            return self._by_name(schema)
        kind = schema if isinstance(schema, str) else schema["type"]
        match kind:
            case "record" | "error":
                return self._by_name(schema["name"])
            case "array":
                item = self._of(schema["items"])
                return lambda datum: [item(each) for each in datum]
            case "map":
                value = self._of(schema["values"])
                return lambda datum: _by_key((key, value(each)) for key, each in datum.items())
            case "bytes" | "fixed":
                return _avro_bytes(schema if isinstance(schema, dict) else {})
            case "float" | "double":
                return _number
            case dict() | list():
                return self._made(kind)
        return _same

    def _by_name(self, name: str) -> Plain:
        """A type that may contain itself, and so is made when it is first met."""

        def plain(datum: Any) -> Any:
            if name not in self._plains:
                schema = self._named[name]
                self._plains[name] = self._record(schema) if "fields" in schema else self._made(dict(schema))
            return self._plains[name](datum)

        return plain

    def _record(self, schema: Mapping[str, Any]) -> Plain:
        fields = {field["name"]: self._of(field["type"]) for field in schema["fields"]}
        if schema["name"] == _ANYTHING:
            return lambda datum: _anything(datum, fields)
        return lambda datum: {name: plain(datum[name]) for name, plain in fields.items()}

    def _union(self, branches: list[Any]) -> Plain:
        """A datum of a record comes with the record's name; all others are of the first type that fits them."""
        plains = [(self._class_of(branch), self._of(branch)) for branch in branches if branch != "null"]

        def plain(datum: Any) -> Any:
            if isinstance(datum, tuple):
                return self._by_name(datum[0])(datum[1])
            return next(plain for of, plain in plains if type(datum) is of)(datum)

        return plain

    def _class_of(self, schema: Any) -> type | None:
        """The Python type of a type's data."""
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind in self._named:
            kind = self._named[kind]["type"]
        return _CLASSES.get(kind)


_CLASSES: Mapping[str, type] = {
    "boolean": bool, "int": int, "long": int, "float": float, "double": float, "bytes": bytes, "fixed": bytes,
    "string": str, "enum": str, "array": list, "map": dict,
}  # fmt: skip


def _same(datum: Any) -> Any:
    return datum


def _avro_bytes(schema: Mapping[str, Any]) -> Plain:
    if schema.get("logicalType") != "decimal":
        return _b64
    scale = schema.get("scale", 0)
    return lambda datum: _decimal(int.from_bytes(datum, "big", signed=True), scale)


def _anything(datum: Mapping[str, Any], fields: Mapping[str, Plain]) -> Any:
    """A value without schema: that of the one field that is not null. Its maps are arrays of entries."""
    for name, value in datum.items():
        if value is not None:
            found = fields[name](value)
            return _by_key((entry["key"], entry["value"]) for entry in found) if name == "map" else found
    return None


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _parquet_records(body: bytes) -> Iterator[tuple[dict[str, Any], pa.DataType]]:
    """Records with the type of the whole; times as the whole numbers that they are stored in."""
    table = pq.read_table(io.BytesIO(body))
    whole = pa.struct(list(table.schema))
    table = table.cast(pa.schema([pa.field(each.name, _without_times(each.type)) for each in table.schema]))
    for record in table.to_pylist():
        yield record, whole


def _without_times(of: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(of):
        return pa.int64()
    if pa.types.is_date32(of) or pa.types.is_time32(of):
        return pa.int32()
    if pa.types.is_map(of):
        return pa.map_(_without_times(of.key_type), _without_times(of.item_type))
    if pa.types.is_list(of):
        return pa.list_(of.value_field.with_type(_without_times(of.value_type)))
    if pa.types.is_struct(of):
        return pa.struct([each.with_type(_without_times(each.type)) for each in of])
    return of


def _parquet_value(value: Any, of: pa.DataType) -> Any:  # noqa: PLR0911 - one return for each type
    if value is None:
        return None
    if pa.types.is_struct(of):
        fields = {each.name: _parquet_value(value[each.name], each.type) for each in of}
        return _member(fields) if _is_union(of) else fields
    if pa.types.is_map(of):
        return _by_key((key, _parquet_value(item, of.item_type)) for key, item in value)
    if pa.types.is_list(of):
        return [_parquet_value(item, of.value_type) for item in value]
    if pa.types.is_decimal(of):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return _b64(value)
    if isinstance(value, float):
        return _number(value)
    return value


def _is_union(of: pa.DataType) -> bool:
    """A group of member0, member1 and so on, all optional, is how Parquet holds a union of several types."""
    names = [each.name for each in of]
    return len(names) > 1 and all(re.fullmatch("member[0-9]+", name) for name in names) and all(e.nullable for e in of)


def _member(fields: Mapping[str, Any]) -> Any:
    return next((value for value in fields.values() if value is not None), None)


def _maps_as_dicts(value: Any, of: pa.DataType) -> Any:
    if pa.types.is_map(of) and value is not None:
        return {str(key): _maps_as_dicts(item, of.item_type) for key, item in value}
    if pa.types.is_struct(of) and value is not None:
        return {each.name: _maps_as_dicts(value[each.name], each.type) for each in of}
    if pa.types.is_list(of) and value is not None:
        return [_maps_as_dicts(item, of.value_type) for item in value]
    return value
