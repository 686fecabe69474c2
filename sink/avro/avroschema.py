"""Avro schemas: read from their text, compared, and printed as Avro's Java library prints them.

Laws:
1. The text of a schema is a function of the schema alone: attributes stand in Java's order (type, name, namespace, doc,
   fields, then other properties in the order in which they were added), without spaces.
2. A named type is printed in full where it first occurs and by its name afterwards; the namespace is left out where it
   is that of the enclosing record.
Source: Avro specification 1.11, and Schema.toString and Schema.isValidDefault of its Java library.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_NAMED = ("record", "error", "enum", "fixed")
_RESERVED = {"type", "name", "namespace", "doc", "fields", "items", "values", "symbols", "size", "aliases"}

ABSENT: Any = object()
"""The default of a field that has none; None is the default null."""


class MalformedSchema(ValueError):  # noqa: N818 - says what is wrong
    """The text is no Avro schema, or the schema cannot be written as text."""


@dataclass(slots=True, eq=False)
class AvroSchema:
    """One schema. Compare with `same`; named types may refer to themselves."""

    type: str
    name: str = ""
    """Full name of a record, enum or fixed."""
    doc: str | None = None
    fields: tuple["AvroField", ...] = ()
    symbols: tuple[str, ...] = ()
    symbol: str | None = None
    """The default of an enum."""
    size: int = 0
    items: "AvroSchema | None" = None
    """Of the items of an array, or of the values of a map."""
    branches: tuple["AvroSchema", ...] = ()
    """Of a union."""
    properties: dict[str, Any] = field(default_factory=dict)


class AvroField(NamedTuple):
    """One field of a record; its default as JSON."""

    name: str
    schema: AvroSchema
    doc: str | None = None
    default: Any = ABSENT


def text(schema: AvroSchema) -> str:
    """The schema as JSON. Raises MalformedSchema if two different types share a name."""
    return json.dumps(_plain(schema, {}, None), separators=(",", ":"), ensure_ascii=False)


def same(one: AvroSchema, other: AvroSchema) -> bool:
    """Whether the two are equal in all, the order of properties aside."""
    return _same(one, other, set())


def _same(one: AvroSchema, other: AvroSchema, assumed: set[tuple[int, int]]) -> bool:
    """The same; `assumed` are pairs that are being compared further out, as types may refer to themselves."""
    if one is other or (id(one), id(other)) in assumed:
        return True
    if _own(one) != _own(other):
        return False
    assumed.add((id(one), id(other)))
    return all(_same(mine, its, assumed) for mine, its in zip(_parts(one), _parts(other), strict=True))


def _own(schema: AvroSchema) -> tuple[Any, ...]:
    """All of a schema but the schemas in it, of which it gives the number."""
    fields = [(each.name, each.doc, each.default) for each in schema.fields]
    attributes = (schema.type, schema.name, schema.doc, schema.symbols, schema.symbol, schema.size, schema.properties)
    return (*attributes, fields, len(_parts(schema)))


def _parts(schema: AvroSchema) -> list[AvroSchema]:
    items = [] if schema.items is None else [schema.items]
    return [*(each.schema for each in schema.fields), *items, *schema.branches]


def _plain(schema: AvroSchema, named: dict[str, AvroSchema], space: str | None) -> Any:
    """The schema as a JSON value, printed inside `space`; `named` are the types that have been printed."""
    match schema.type:
        case "union":
            return [_plain(each, named, space) for each in schema.branches]
        case "array":
            return {"type": "array", "items": _plain(inner(schema), named, space), **schema.properties}
        case "map":
            return {"type": "map", "values": _plain(inner(schema), named, space), **schema.properties}
        case "record" | "enum" | "fixed":
            return _plain_named(schema, named, space)
    return {"type": schema.type, **schema.properties} if schema.properties else schema.type


def inner(schema: AvroSchema) -> AvroSchema:
    """The schema of an array's items or a map's values."""
    assert schema.items is not None, f"{schema.type} without items"
    return schema.items


def _plain_named(schema: AvroSchema, named: dict[str, AvroSchema], space: str | None) -> Any:
    own_space, _, simple = schema.name.rpartition(".")
    known = named.get(schema.name)
    if known is not None:
        if known is not schema and not same(known, schema):
            raise MalformedSchema(f"two different types are called {schema.name}")
        return simple if own_space == (space or "") and simple not in PRIMITIVES else schema.name
    named[schema.name] = schema
    plain: dict[str, Any] = {"type": schema.type, "name": simple}
    if own_space != (space or ""):
        plain["namespace"] = own_space
    if schema.doc is not None:
        plain["doc"] = schema.doc
    if schema.type == "record":
        plain["fields"] = [_plain_field(each, named, own_space) for each in schema.fields]
    elif schema.type == "enum":
        plain["symbols"] = list(schema.symbols)
        if schema.symbol is not None:
            plain["default"] = schema.symbol
    else:
        plain["size"] = schema.size
    return {**plain, **schema.properties}


def _plain_field(each: AvroField, named: dict[str, AvroSchema], space: str) -> dict[str, Any]:
    plain = {"name": each.name, "type": _plain(each.schema, named, space)}
    if each.doc is not None:
        plain["doc"] = each.doc
    if each.default is not ABSENT:
        plain["default"] = each.default
    return plain


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(source: str) -> AvroSchema:
    """The schema that the text stands for; raises MalformedSchema."""
    try:
        return _parse(json.loads(source), {}, "")
    except MalformedSchema:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedSchema(f"no Avro schema: {type(error).__name__} {error}") from None


def _parse(plain: Any, named: dict[str, AvroSchema], space: str) -> AvroSchema:
    if isinstance(plain, list):
        return _parse_union(plain, named, space)
    if isinstance(plain, str):
        return _by_name(plain, named, space)
    kind = plain["type"]
    if not isinstance(kind, str):
        found = _parse(kind, named, space)
        return replace(found, properties=_properties(plain)) if found.type == "union" else found
    if kind in _NAMED:
        return _parse_named(plain, named, space)
    if kind in ("array", "map"):
        items = _parse(plain["items" if kind == "array" else "values"], named, space)
        return AvroSchema(kind, items=items, properties=_properties(plain))
    return AvroSchema(kind, properties=_properties(plain)) if kind in PRIMITIVES else _by_name(kind, named, space)


def _parse_union(plain: list[Any], named: dict[str, AvroSchema], space: str) -> AvroSchema:
    branches = tuple(_parse(each, named, space) for each in plain)
    if any(each.type == "union" for each in branches):
        raise MalformedSchema("a union stands directly in a union")
    return AvroSchema("union", branches=branches)


def _properties(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name not in _RESERVED}


def _by_name(name: str, named: dict[str, AvroSchema], space: str) -> AvroSchema:
    if name in PRIMITIVES:
        return AvroSchema(name)
    full = name if "." in name or not space else f"{space}.{name}"
    if full not in named:
        raise MalformedSchema(f"{name!r} is not a type that is known here")
    return named[full]


def _parse_named(plain: dict[str, Any], named: dict[str, AvroSchema], space: str) -> AvroSchema:
    full: str = plain["name"]
    if "." not in full:
        own_space = plain.get("namespace", space)
        full = f"{own_space}.{full}" if own_space else full
    if full in named:
        raise MalformedSchema(f"{full} is defined twice")
    kind = "record" if plain["type"] == "error" else plain["type"]
    schema = AvroSchema(kind, name=full, doc=plain.get("doc"), properties=_properties(plain))
    named[full] = schema
    if schema.type == "record":
        inside = full.rpartition(".")[0]
        schema.fields = tuple(_parse_field(each, named, inside) for each in plain["fields"])
        if len({each.name for each in schema.fields}) < len(schema.fields):
            raise MalformedSchema(f"{full} has two fields of one name")
    elif schema.type == "enum":
        schema.symbols = tuple(plain["symbols"])
        schema.symbol = schema.properties.pop("default", None)
    else:
        schema.size = int(plain["size"])
    return schema


def _parse_field(plain: dict[str, Any], named: dict[str, AvroSchema], space: str) -> AvroField:
    return AvroField(plain["name"], _parse(plain["type"], named, space), plain.get("doc"), plain.get("default", ABSENT))


# --- defaults --------------------------------------------------------------------------------------------------------


def is_default(schema: AvroSchema, value: Any) -> bool:  # noqa: PLR0911 - one line for each type
    """Whether a JSON value may be the default of a field of that schema; of a union, any branch counts."""
    match schema.type:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            bits = 31 if schema.type == "int" else 63
            return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bytes" | "string" | "enum" | "fixed":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list) and all(is_default(inner(schema), each) for each in value)
        case "map":
            return isinstance(value, dict) and all(is_default(inner(schema), each) for each in value.values())
        case "union":
            return any(is_default(each, value) for each in schema.branches)
    return isinstance(value, dict) and all(
        is_default(each.schema, value.get(each.name, each.default)) for each in schema.fields
    )
