"""Avro's binary encoding of Connect values, which fastavro writes and reads.

Laws:
1. Between a Connect value and its bytes stands a datum: dicts for structs, the ints and bytes of logical types, symbols
   as their index. Functions are made once for a schema, then called once for each value.
2. fastavro is given a plain schema with the same encoding: nothing but structure, so that no logical type, default or
   name changes what is written. In a union of several types a branch that is no named type, array or map is a record of
   one field, which adds no bytes; so fastavro tells an int from a long, and `(name, datum)` says which is meant.
3. The same value gives the same bytes: maps are written in the order of a java.util.HashMap.
4. What does not fit its schema raises DataError; a symbol that its enum lacks raises TaskFailed, as Avro's own errors
   do not go to the dead letter queue (reference 2.1).
5. Malformed bytes raise DataError, except where fastavro reads them: a negative branch of a union is counted from the
   last one, any byte but 0 is true, and a list has as many items as it says, also of items without bytes. It does not
   watch its stack either: a value without a schema that is nested some thousand times deep ends the process.
Source: Avro specification 1.11, "Binary Encoding"; AvroData of Confluent's schema registry.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import fastavro

from onceproof.sink.avro import avrodata
from onceproof.sink.avro.avrodata import ANYTHING, Rules, items_of, keys_of
from onceproof.sink.avro.avroschema import AvroSchema, inner
from onceproof.sink.data import Schema, Struct
from onceproof.sink.errors import DataError, TaskFailed
from onceproof.sink.java.javahash import hash_order, map_order, names_in_order

Convert: TypeAlias = Callable[[Any], Any]
"""From value to datum, or back; raises DataError, or one of _MISFIT."""

_MISFIT = (
    TypeError,
    AttributeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    RecursionError,
    struct.error,
)
"""What fastavro and the conversions raise, beside DataError, for a value or bytes that do not fit the schema."""

_NULL = ("null", None)
_NAMED = ("record", "fixed")


class Encode(NamedTuple):
    """How values under one schema are written."""

    schema: Any
    """As fastavro parsed it."""
    datum: Convert


class Decode(NamedTuple):
    """How values under one schema are read."""

    schema: Any
    """As fastavro parsed it."""
    value: Convert


def encoder(schema: Schema | None, avro: AvroSchema, rules: Rules) -> Encode:
    """Writes values under `schema` as data of `avro`, which is what avrodata.avro_schema makes of it."""
    return Encode(fastavro.parse_schema(_plain(avro, set())), _to_datum(schema, avro, rules) or _same)


def decoder(avro: AvroSchema, schema: Schema | None, rules: Rules) -> Decode:
    """Reads values under `schema`, which is what avrodata.connect_schema makes of `avro`."""
    return Decode(fastavro.parse_schema(_plain(avro, set())), _from_datum(avro, schema, rules) or _same)


def encoded(encode: Encode, value: Any) -> bytes:
    """The bytes of one value; raises DataError, and TaskFailed, where it does not fit."""
    out = io.BytesIO()
    try:
        fastavro.schemaless_writer(out, encode.schema, encode.datum(value))
    except _MISFIT as error:
        raise DataError(f"a value does not fit the schema of its file: {error}") from None
    return out.getvalue()


def decoded(decode: Decode, data: bytes, start: int) -> Any:
    """The value that begins there; bytes behind it are ignored. Raises DataError where there is none."""
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        datum = fastavro.schemaless_reader(
            stream, decode.schema, None, handle_unicode_errors="replace", return_named_type=True
        )
        return decode.value(datum)
    except _MISFIT as error:
        raise DataError(f"the bytes are no datum of their schema: {type(error).__name__} {error}") from None


def _same(value: Any) -> Any:
    return value


# --- plain schemas ---------------------------------------------------------------------------------------------------


def _plain(avro: AvroSchema, known: set[str]) -> Any:
    """The plain schema; `known` are the names defined further up. Every name has a dot, so it is taken as it is."""
    match avro.type:
        case "record" | "fixed":
            return _plain_named(avro, known)
        case "array":
            return {"type": "array", "items": _plain(inner(avro), known)}
        case "map":
            return {"type": "map", "values": _plain(inner(avro), known)}
        case "union":
            several = _has_several(avro)
            return [_plain_branch(each, known) if several else _plain(each, known) for each in avro.branches]
    return _name(avro)


def _plain_named(avro: AvroSchema, known: set[str]) -> Any:
    name = _name(avro)
    if name in known:
        return name
    known.add(name)
    if avro.type == "fixed":
        return {"type": "fixed", "name": name, "size": avro.size}
    fields = [{"name": each.name, "type": _plain(each.schema, known)} for each in avro.fields]
    return {"type": "record", "name": name, "fields": fields}


def _plain_branch(avro: AvroSchema, known: set[str]) -> Any:
    """The plain schema of one branch among others."""
    name = _branch_name(avro)
    if name == _name(avro):
        return _plain(avro, known)
    if name in known:
        return name
    known.add(name)
    return {"type": "record", "name": name, "fields": [{"name": "value", "type": _name(avro)}]}


def _has_several(union: AvroSchema) -> bool:
    return sum(each.type != "null" for each in union.branches) > 1


def _name(avro: AvroSchema) -> str:
    """What fastavro calls the type in a union with null."""
    if avro.type in _NAMED:
        return f"type.{avro.name}"
    return "int" if avro.type == "enum" else avro.type


def _branch_name(avro: AvroSchema) -> str:
    """What fastavro calls the type among others."""
    if avro.type in (*_NAMED, "array", "map", "null"):
        return _name(avro)
    return f"branch.{avro.name or avro.type}"


# --- from value to datum ---------------------------------------------------------------------------------------------


def _to_datum(schema: Schema | None, avro: AvroSchema, rules: Rules) -> Convert | None:
    """What makes the datum of a value; None where it is the value itself."""
    if schema is None:
        return _anything_datum
    if avro.type != "union":
        return _present_datum(schema, avro, rules)
    if schema.type == "struct" and avrodata.is_union(schema):
        return _union_datum(schema, avro, rules)
    branch = next(each for each in avro.branches if each.type != "null")
    name, convert = _name(branch), _present_datum(schema, branch, rules)
    if convert is None:
        return lambda value: _NULL if value is None else (name, value)
    return lambda value: _NULL if value is None else (name, convert(value))


def _present_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert | None:
    """The same for values that are not null."""
    plain = _plain_datum(schema, avro, rules)
    to_wire = avrodata.TO_WIRE.get(schema.name or "")
    if to_wire is None:
        return plain
    convert = to_wire(schema)
    return convert if plain is None else lambda value: plain(convert(value))


def _plain_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert | None:
    match avro.type:
        case "record":
            return _struct_datum(schema, avro, rules)
        case "array" if schema.type == "map":
            return _entries_datum(schema, inner(avro), rules)
        case "array":
            return _list_datum(schema, avro, rules)
        case "map":
            return _map_datum(schema, avro, rules)
        case "enum":
            return _symbol_datum(avro)
    return _SCALAR_DATA.get(avro.type)


def _int_datum(value: Any) -> int:
    if type(value) is not int or not -(1 << 31) <= value < 1 << 31:
        raise DataError(f"{value!r} is no 32-bit integer")
    return value


def _long_datum(value: Any) -> int:
    if type(value) is not int:
        raise DataError(f"{value!r} is no 64-bit integer")
    return value


def _float_datum(value: Any) -> float:
    if not isinstance(value, float | int) or isinstance(value, bool):
        raise DataError(f"{value!r} is no number")
    return value


def _boolean_datum(value: Any) -> bool:
    if value is not True and value is not False:
        raise DataError(f"Invalid type for BOOLEAN: {type(value).__name__}")
    return value


def _text_datum(value: Any) -> Any:
    """Java writes half of a surrogate pair as a question mark."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


_SCALAR_DATA: dict[str, Convert] = {
    "int": _int_datum,
    "long": _long_datum,
    "float": _float_datum,
    "double": _float_datum,
    "boolean": _boolean_datum,
    "string": _text_datum,
}
"""Types under which fastavro would also write what Connect refuses; of bytes and fixed it refuses that itself."""


def _symbol_datum(avro: AvroSchema) -> Convert:
    symbols = {symbol: at for at, symbol in enumerate(avro.symbols)}

    def datum(value: Any) -> int:
        if value is None:
            raise DataError("Found null value for non-optional schema")
        if value not in symbols:
            raise TaskFailed(f"{value!r} is not a symbol of the enum {avro.name}")
        return symbols[value]

    return datum


def _list_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert:
    item = _to_datum(items_of(schema), inner(avro), rules) or _same

    def datum(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise DataError(f"Invalid type for ARRAY: {type(value).__name__}")
        return [item(each) for each in value]

    return datum


def _checked_map(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise DataError(f"Invalid type for MAP: {type(value).__name__}")
    return value


def _map_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert:
    item = _to_datum(items_of(schema), inner(avro), rules) or _same
    return lambda value: {_text_datum(name): item(value[name]) for name in hash_order(tuple(_checked_map(value)))}


def _entries_datum(schema: Schema, entry: AvroSchema, rules: Rules) -> Convert:
    keys = keys_of(schema)
    key = _to_datum(keys, entry.fields[0].schema, rules) or _same
    item = _to_datum(items_of(schema), entry.fields[1].schema, rules) or _same
    return lambda value: [
        {"key": key(each), "value": item(value[each])} for each in map_order(_checked_map(value), keys)
    ]


def _same_struct(schema: Schema) -> Callable[[Any], list[Any]]:
    """A function that gives a struct's values, or raises DataError for what is no struct of `schema`."""
    known: list[Schema] = [schema]

    def values(value: Any) -> list[Any]:
        if not isinstance(value, Struct):
            kind = "null" if value is None else type(value).__name__
            raise DataError(f"a struct was expected, not {kind}")
        own = value.schema
        if own is not schema and own is not known[0]:
            if own != schema and own != replace(schema, default=None):
                raise DataError("Mismatching struct schema")
            known[0] = own
        return value.values

    return values


def _struct_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert:
    values_of = _same_struct(schema)
    names = [each.name for each in avro.fields]
    pairs = zip(schema.fields, avro.fields, strict=True)
    converts = [_field_datum(field.schema, each.schema, rules) for field, each in pairs]
    converted = [(at, names[at], convert) for at, convert in enumerate(converts) if convert is not None]

    def datum(value: Any) -> dict[str, Any]:
        values = values_of(value)
        found = dict(zip(names, values, strict=True))
        for at, name, convert in converted:
            found[name] = convert(values[at])
        return found

    return datum


def _field_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert | None:
    """The schema's default stands for null, as in a struct's `get`."""
    convert, default = _to_datum(schema, avro, rules), schema.default
    if default is None:
        return convert
    found = convert or _same
    return lambda value: found(default if value is None else value)


def _union_datum(schema: Schema, avro: AvroSchema, rules: Rules) -> Convert:
    values_of = _same_struct(schema)
    members = [each for each in avro.branches if each.type != "null"]
    converts = [
        (field.schema.default, _member_datum(field.schema, each, rules, alone=not _has_several(avro)))
        for each, field in zip(members, schema.fields, strict=True)
    ]

    def datum(value: Any) -> tuple[str, Any]:
        if value is not None:
            for (default, convert), each in zip(converts, values_of(value), strict=True):
                if each is not None or default is not None:
                    found: tuple[str, Any] = convert(default if each is None else each)
                    return found
        return _NULL

    return datum


def _member_datum(schema: Schema, avro: AvroSchema, rules: Rules, *, alone: bool) -> Convert:
    convert = _present_datum(schema, avro, rules) or _same
    name = _name(avro) if alone else _branch_name(avro)
    if name.startswith("branch."):
        return lambda value: (name, {"value": convert(value)})
    return lambda value: (name, convert(value))


_KIND_OF: dict[type, str] = {
    bool: "boolean",
    int: "long",
    float: "double",
    str: "string",
    list: "array",
    dict: "map",
}


def _anything_datum(value: Any) -> dict[str, Any]:
    """The field of the value's kind; fastavro takes null for the others."""
    if value is None:
        return {}
    kind = "map" if isinstance(value, dict) else _KIND_OF.get(type(value))
    match kind:
        case None:
            raise DataError(f"Unknown Java type for schemaless data: {type(value).__name__}")
        case "string":
            return {kind: (kind, _text_datum(value))}
        case "array":
            return {kind: (kind, [_anything_datum(each) for each in value])}
        case "map":
            names = names_in_order(value)
            entries = [{"key": _anything_datum(name), "value": _anything_datum(value[name])} for name in names]
            return {kind: ("array", entries)}
    return {kind: (kind, value)}


# --- from datum to value ---------------------------------------------------------------------------------------------


def _from_datum(avro: AvroSchema, schema: Schema | None, rules: Rules) -> Convert | None:
    """What makes the value of a datum; None where it is the datum itself."""
    if schema is None:
        return _anything_value
    if avro.type != "union":
        return _present_value(avro, schema, rules)
    if avrodata.is_union(schema):
        return _union_value(avro, schema, rules)
    branch = next(each for each in avro.branches if each.type != "null")
    convert = _present_value(branch, schema, rules)
    if branch.type in _NAMED:
        found = convert or _same
        return lambda datum: None if datum is None else found(datum[1])
    return None if convert is None else lambda datum: None if datum is None else convert(datum)


def _present_value(avro: AvroSchema, schema: Schema, rules: Rules) -> Convert | None:
    """The same for data that are not null."""
    plain = _plain_value(avro, schema, rules)
    from_wire = avrodata.FROM_WIRE.get(schema.name or "")
    if from_wire is None:
        return plain
    convert = from_wire(schema)
    return convert if plain is None else lambda datum: convert(plain(datum))


def _plain_value(avro: AvroSchema, schema: Schema, rules: Rules) -> Convert | None:  # noqa: PLR0911 - one for each type
    match avro.type:
        case "record":
            return _struct_value(avro, schema, rules)
        case "array" if schema.type == "map":
            return _entries_value(inner(avro), schema, rules)
        case "array":
            return _list_value(_from_datum(inner(avro), items_of(schema), rules))
        case "map":
            return _map_value(_from_datum(inner(avro), items_of(schema), rules))
        case "enum":
            return _symbol_value(avro)
        case "int" if schema.type in ("int8", "int16"):
            return _small_value(8 if schema.type == "int8" else 16)
        case "int":
            return _int_value
    return None


def _int_value(datum: int) -> int:
    """The same int; fastavro reads it as a long."""
    if not -(1 << 31) <= datum < 1 << 31:
        raise DataError("Invalid int encoding")
    return datum


def _small_value(bits: int) -> Convert:
    """What Java casts to a byte or a short."""
    half = 1 << bits - 1
    return lambda datum: (_int_value(datum) + half) % (2 * half) - half


def _symbol_value(avro: AvroSchema) -> Convert:
    symbols = avro.symbols

    def value(datum: int) -> str:
        if not 0 <= datum < len(symbols):
            raise DataError(f"the enum {avro.name} has no symbol {datum}")
        return symbols[datum]

    return value


def _list_value(item: Convert | None) -> Convert | None:
    return None if item is None else lambda datum: [item(each) for each in datum]


def _map_value(item: Convert | None) -> Convert | None:
    return None if item is None else lambda datum: {name: item(each) for name, each in datum.items()}


def _struct_value(avro: AvroSchema, schema: Schema, rules: Rules) -> Convert:
    pairs = zip(avro.fields, schema.fields, strict=True)
    converts = [_from_datum(each.schema, field.schema, rules) for each, field in pairs]
    converted = [(at, convert) for at, convert in enumerate(converts) if convert is not None]

    def value(datum: dict[str, Any]) -> Struct:
        values = list(datum.values())
        for at, convert in converted:
            values[at] = convert(values[at])
        return Struct(schema, values)

    return value


def _entries_value(entry: AvroSchema, schema: Schema, rules: Rules) -> Convert:
    schemas = {each.name: each.schema for each in entry.fields}
    key = _from_datum(schemas["key"], keys_of(schema), rules) or _same
    item = _from_datum(schemas["value"], items_of(schema), rules) or _same
    return lambda datum: {key(each["key"]): item(each["value"]) for each in datum}


def _union_value(avro: AvroSchema, schema: Schema, rules: Rules) -> Convert:
    members = [each for each in avro.branches if each.type != "null"]
    name = _branch_name if _has_several(avro) else _name
    found = {
        name(each): (at, _present_value(each, field.schema, rules) or _same)
        for at, (each, field) in enumerate(zip(members, schema.fields, strict=True))
    }
    only = name(members[0]) if len(members) == 1 else ""

    def value(datum: Any) -> Struct | None:
        if datum is None:
            return None
        branch, datum = datum if type(datum) is tuple else (only or _COLLECTION[type(datum)], datum)
        at, convert = found[branch]
        values: list[Any] = [None] * len(members)
        values[at] = convert(datum["value"] if branch.startswith("branch.") else datum)
        return Struct(schema, values)

    return value


_COLLECTION: dict[type, str] = {list: "array", dict: "map"}


def _anything_value(datum: dict[str, Any]) -> Any:
    kind = next((each.name for each in ANYTHING.fields if datum[each.name] is not None), None)
    match kind:
        case None:
            return None
        case "array":
            return [_anything_value(each) for each in datum[kind]]
        case "map":
            return {_anything_value(each["key"]): _anything_value(each["value"]) for each in datum[kind]}
        case "int":
            return _int_value(datum[kind])
    return datum[kind]
