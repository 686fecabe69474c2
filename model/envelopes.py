"""JsonConverter with schemas: an envelope of a schema and a payload.

Whole numbers are cut to the width of their type, fractions too; a text where a number should be is zero, another type
where a text should be is null. Null becomes the default if there is one.

Source: Apache Kafka 3.9 (JsonConverter) on Jackson 2.17; reference 9.2 B3.
"""

import base64
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias, cast

from onceproof.model.java import Float32, code_of, float32, hash_map, wrapped
from onceproof.model.schemas import (
    DATE,
    DAY_MS,
    DECIMAL,
    TIME,
    TIMESTAMP,
    Field,
    Invalid,
    Moment,
    Schema,
    Type,
    Value,
    check,
    parameters_of,
    struct_of,
)
from onceproof.model.values import Malformed, Node, exact_tree, schemaless

Object: TypeAlias = Mapping[str, Node]

_TYPES: Mapping[str, Type] = {
    "boolean": "boolean", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64", "float": "float32",
    "double": "float64", "bytes": "bytes", "string": "string", "array": "array", "map": "map", "struct": "struct",
}  # fmt: skip
_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_QUADS = re.compile(r"(?:[\x00-\x20]*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))*[\x00-\x20]*")
_BLANKS = "".join(map(chr, range(33)))


class UnorderedKeys(ValueError):  # noqa: N818  says what the schema has
    """A map whose keys are of a type that Java hashes in ways the model leaves out."""


@lru_cache(maxsize=1 << 14)
def opened(value: bytes, *, fills_nulls: bool) -> tuple[Value, Schema | None]:
    """Value and schema of an envelope; Malformed where the converter fails, UnorderedKeys where the model does.

    `fills_nulls` is `replace.null.with.default`.
    """
    tree = exact_tree(value)
    if not isinstance(tree, dict) or set(tree) != {"schema", "payload"}:
        raise Malformed(f"{value!r} is no envelope of schema and payload alone")
    try:
        schema = _described_schema(_Described(_frozen(tree["schema"]), tree["schema"]), fills_nulls=fills_nulls)
        return _Payloads(fills_nulls=fills_nulls).value(schema, tree["payload"]), schema
    except Invalid as error:
        raise Malformed(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Described:
    """The JSON of a schema; equal if it says the same."""

    frozen: Hashable
    tree: Node = dataclass_field(compare=False)


def _frozen(node: Node) -> Hashable:
    match node:
        case dict():
            return "object", tuple([(name, _frozen(item)) for name, item in node.items()])
        case list():
            return "array", tuple([_frozen(item) for item in node])
    return type(node), repr(node)


@lru_cache(maxsize=1 << 10)
def _described_schema(described: _Described, *, fills_nulls: bool) -> Schema | None:
    return _schema(described.tree, _Payloads(fills_nulls=fills_nulls))


def _schema(tree: Node, payloads: "_Payloads") -> Schema | None:
    if tree is None:
        return None
    described = tree if isinstance(tree, dict) else {}
    name = described.get("type")
    if not isinstance(name, str) or name not in _TYPES:
        raise Malformed(f"a schema of type {name!r}")
    plain = Schema(
        type=_TYPES[name],
        optional=described.get("optional") is True,
        name=_text(described, "name"),
        version=_version(described.get("version")),
        doc=_text(described, "doc"),
        parameters=_parameters(described.get("parameters")),
        fields=_fields(described.get("fields"), payloads) if name == "struct" else (),
        keys=_below(described, "keys", payloads) if name == "map" else None,
        items=_below(described, "items" if name == "array" else "values", payloads)
        if name in ("array", "map")
        else None,
    )
    if plain.keys is not None:
        _require_ordered(plain.keys)
    return _with_default(plain, described, payloads)


def _with_default(plain: Schema, described: Object, payloads: "_Payloads") -> Schema:
    if "default" not in described:
        return plain
    default = payloads.value(plain, described["default"])
    check(plain, default)
    return replace(plain, default=default)


def _require_ordered(keys: Schema) -> None:
    try:
        code_of(keys.type if not keys.is_logical else "bytes")
    except KeyError as error:
        raise UnorderedKeys(f"a map with keys of type {keys.name or keys.type}") from error


def _below(described: Object, name: str, payloads: "_Payloads") -> Schema:
    found = _schema(described.get(name), payloads)
    if found is None:
        raise Malformed(f"a schema without {name}")
    return found


def _fields(given: Node, payloads: "_Payloads") -> tuple[Field, ...]:
    if not isinstance(given, list):
        raise Malformed("a struct whose fields are no array")
    found = []
    for each in given:
        name = each.get("field") if isinstance(each, dict) else None
        schema = _schema(each, payloads)
        if not isinstance(name, str) or schema is None:
            raise Malformed(f"a field named {name!r}")
        found.append(Field(name, schema))
    return tuple(found)


def _text(described: Object, name: str) -> str | None:
    found = described.get(name)
    return found if isinstance(found, str) else None


def _version(given: Node) -> int | None:
    return wrapped(given, 32) if isinstance(given, int) and not isinstance(given, bool) else None


def _parameters(given: Node) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, dict):
        return ()
    if not all(isinstance(text, str) for text in given.values()):
        raise Malformed(f"parameters that are no texts: {given!r}")
    return parameters_of(cast("dict[str, str]", given))


class _Payloads:
    """Reads payloads under their schemas."""

    def __init__(self, *, fills_nulls: bool) -> None:
        self.fills_nulls = fills_nulls

    def value(self, schema: Schema | None, node: Node) -> Value:  # noqa: PLR0911  one return for each type
        """A JSON node as a value of its schema."""
        if schema is None:
            return schemaless(node)
        if node is None:
            if schema.default is not None and self.fills_nulls:
                return schema.default
            if schema.optional:
                return None
            raise Malformed(f"null for a required {schema.type}")
        if schema.is_logical:
            return _logical(schema, node)
        match schema.type:
            case "struct":
                return self._struct(schema, node)
            case "map":
                return self._map(schema, node)
            case "array":
                items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
                return [self.value(schema.items, item) for item in items]
            case _:
                return _scalar(schema.type, node)

    def _struct(self, schema: Schema, node: Node) -> Value:
        if not isinstance(node, dict):
            raise Malformed(f"a struct should be an object, not {node!r}")
        return struct_of(schema, {each.name: self.value(each.schema, node.get(each.name)) for each in schema.fields})

    def _map(self, schema: Schema, node: Node) -> Value:
        assert schema.keys is not None, "a map has keys"
        if schema.keys.type == "string":
            if not isinstance(node, dict):
                raise Malformed(f"a map should be an object, not {node!r}")
            return hash_map([(name, self.value(schema.items, item)) for name, item in node.items()])
        entries = [(self.value(schema.keys, key), self.value(schema.items, item)) for key, item in _tuples(node)]
        return hash_map(entries, code=code_of(schema.keys.type))


def _tuples(node: Node) -> Iterable[tuple[Node, Node]]:
    if not isinstance(node, list):
        raise Malformed(f"a map should be an array of tuples, not {node!r}")
    for entry in node:
        if not isinstance(entry, list) or len(entry) != 2:
            raise Malformed(f"{entry!r} is no entry of a map")
        yield entry[0], entry[1]


def _scalar(name: Type, node: Node) -> Value:  # noqa: PLR0911  one return for each type
    number = node if isinstance(node, int | Decimal) and not isinstance(node, bool) else 0
    match name:
        case "boolean":
            return node is True
        case "int8" | "int16":
            return wrapped(wrapped(_whole(number), 32), _BITS[name])
        case "int32" | "int64":
            return wrapped(_whole(number), _BITS[name])
        case "float32":
            return float32(number) if number else Float32(0.0)
        case "float64":
            return _double(number)
        case "bytes":
            return _base64(node) if isinstance(node, str) else None
        case _:
            return node if isinstance(node, str) else None


def _double(number: int | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _whole(number: int | Decimal) -> int:
    """BigDecimal's longValue: cut toward zero; zero where all of its 64 bits are."""
    if isinstance(number, int):
        return number
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "a JSON number is finite"
    return 0 if exponent >= 64 or number.adjusted() < 0 else wrapped(int(number), 64)


def _base64(text: str) -> bytes:
    text = text.strip(_BLANKS)
    if not _QUADS.fullmatch(text):
        raise Malformed(f"{text!r} is no base64")
    dense = re.sub(r"[\x00-\x20]", "", text)
    return b"".join([base64.b64decode(dense[at : at + 4]) for at in range(0, len(dense), 4)])


def _logical(schema: Schema, node: Node) -> Value:
    if schema.name == DECIMAL:
        return _decimal(schema, node)
    if not isinstance(node, int) or isinstance(node, bool):
        raise Malformed(f"{node!r} is no {schema.name}")
    if schema.name == TIMESTAMP:
        return Moment(wrapped(node, 64))
    if wrapped(node, 32) != node or (schema.name == TIME and not 0 <= node <= DAY_MS):
        raise Malformed(f"{node!r} is no {schema.name}")
    return Moment(node * DAY_MS if schema.name == DATE else node)


def _decimal(schema: Schema, node: Node) -> Decimal:
    if isinstance(node, int | Decimal) and not isinstance(node, bool):
        exact = Decimal(node)
        return exact if exact else exact.copy_abs()
    if not isinstance(node, str):
        raise Malformed(f"{node!r} is no decimal")
    return decimal_of(schema, _base64(node))


def decimal_of(schema: Schema, unscaled: bytes) -> Decimal:
    """The decimal of a schema's scale with these digits; Malformed without bytes or a scale."""
    scale = schema.parameter("scale")
    if not unscaled or scale is None or not re.fullmatch(r"[+-]?\d{1,9}", scale):
        raise Malformed(f"{unscaled!r} is no decimal of scale {scale}")
    digits = int.from_bytes(unscaled, "big", signed=True)
    return Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -int(scale)))
