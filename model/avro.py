"""AvroConverter: Confluent's wire format, Avro's schemas and binary encoding, and what AvroData makes of them.

A value is a zero byte, the id of its schema in four bytes, and the datum in the schema that the registry has under
this id; what follows the datum is ignored. A union of null and one type is that type, optional; any other union is a
struct named `io.confluent.connect.avro.Union` with a field for each type.

Source: Avro 1.11 (specification), Confluent's AvroConverter and AvroData; reference 5 (Avro).
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from onceproof.model.envelopes import UnorderedKeys, decimal_of
from onceproof.model.java import Float32, code_of, float32, hash_map, utf8_text, wrapped
from onceproof.model.schemas import (
    DATE,
    DAY_MS,
    DECIMAL,
    ENUM,
    STRING,
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
from onceproof.model.values import Malformed

_NAMESPACE = "io.confluent.connect.avro"
_UNION = f"{_NAMESPACE}.Union"
_ANYTHING = f"{_NAMESPACE}.Anything"
_DEFAULT_NAME = f"{_NAMESPACE}.ConnectDefault"
_HAS_FIELD_DEFAULT = f"{_NAMESPACE}.field.default"
_PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_CONNECT_TYPES: Mapping[str, Type] = {
    "boolean": "boolean", "int": "int32", "long": "int64", "float": "float32", "double": "float64", "bytes": "bytes",
    "string": "string", "fixed": "bytes", "enum": "string",
}  # fmt: skip
_RESERVED = {"type", "name", "namespace", "doc", "aliases", "fields", "symbols", "items", "values", "size", "default"}
_ANYTHING_FIELDS = ("boolean", "bytes", "double", "float", "int", "long", "string", "array", "map")


class Uncovered(ValueError):  # noqa: N818  says what the schema is
    """A schema that is legal, but outside the model."""


@dataclass(frozen=True, slots=True, eq=False)
class AvroField:
    """A field of a record; `default` is JSON, and there only if `has_default`."""

    name: str
    type: "AvroType"
    doc: str | None
    has_default: bool
    default: Any


@dataclass(frozen=True, slots=True, eq=False)
class AvroType:
    """A schema of Avro."""

    kind: str
    name: str = ""
    """Full name of a record, an enum or a fixed."""
    fields: tuple[AvroField, ...] = ()
    branches: tuple["AvroType", ...] = ()
    items: "AvroType | None" = None
    """Of an array's items, or of a map's values."""
    symbols: tuple[str, ...] = ()
    size: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)
    doc: str | None = None
    default: Any = None
    """Of an enum."""


@dataclass(frozen=True, slots=True)
class AvroData:
    """How AvroData is configured."""

    is_enhanced: bool
    keeps_metadata: bool

    def opened(self, value: bytes, schemas: Mapping[int, str]) -> tuple[Value, Schema | None]:
        """Value and schema of a record in the wire format.

        Malformed where the converter fails, Uncovered where the model does.
        """
        if len(value) < 5 or value[0]:
            raise Malformed(f"{value!r} does not begin with a zero byte and the id of a schema")
        schema_id = int.from_bytes(value[1:5], "big", signed=True)
        text = schemas.get(schema_id)
        if text is None:
            raise Malformed(f"the registry has no schema {schema_id}")
        written, schema = _translated(text, self)
        buffer = _Buffer(value, 5)
        try:
            if written.kind == "bytes":  # bytes at the top have no length
                return _logical(written, schema, value[5:]), schema
            return _Datum(self, buffer).value(written, schema), schema
        except (Invalid, IndexError, struct.error) as error:
            raise Malformed(f"{value!r} is no datum of schema {schema_id}: {error}") from error


@lru_cache(maxsize=1 << 10)
def _translated(text: str, data: AvroData) -> tuple[AvroType, Schema | None]:
    try:
        written = parsed(text)
        if written.name == _ANYTHING:
            return written, None
        if written.kind in ("null", "union") and any(each.kind == "null" for each in (written, *written.branches)):
            raise Uncovered("a datum that may be null")
        return written, _Translation(data).schema(written)
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"{text} is no Avro schema: {error!r}") from error
    except Invalid as error:
        raise Malformed(f"{text} is no schema for Connect: {error}") from error


# The schema


def parsed(text: str) -> AvroType:
    """The type that a schema in JSON describes; Uncovered for one that contains itself, save Anything."""
    try:
        tree = json.loads(text)
    except ValueError:
        tree = text.strip()
    return _Parse().type(tree, "")


class _Parse:
    """Reads a schema; names stand for the types that were named before."""

    def __init__(self) -> None:
        self.named: dict[str, AvroType | None] = {}

    def type(self, tree: Any, namespace: str) -> AvroType:
        if isinstance(tree, list):
            return AvroType("union", branches=tuple([self.type(each, namespace) for each in tree]))
        if isinstance(tree, str):
            return AvroType(tree) if tree in _PRIMITIVES else self._known(tree, namespace)
        kind = tree["type"]
        if not isinstance(kind, str) or kind not in (*_PRIMITIVES, "record", "error", "enum", "fixed", "array", "map"):
            return self.type(kind, namespace)
        properties = {name: item for name, item in tree.items() if name not in _RESERVED}
        if kind in ("array", "map"):
            below = self.type(tree["items" if kind == "array" else "values"], namespace)
            return AvroType(kind, items=below, properties=properties)
        if kind in _PRIMITIVES:
            return AvroType(kind, properties=properties)
        return self._named(kind, tree, namespace, properties)

    def _known(self, name: str, namespace: str) -> AvroType:
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self.named.get(full, self.named.get(name))
        if found is None:
            if full in self.named and full == _ANYTHING:
                return AvroType("record", name=_ANYTHING)
            if full in self.named:
                raise Uncovered(f"{full} contains itself")
            raise Malformed(f"no type {full}")
        return found

    def _named(self, kind: str, tree: Mapping[str, Any], namespace: str, properties: Mapping[str, Any]) -> AvroType:
        name = tree["name"]
        if "." not in name:
            space = tree.get("namespace", namespace)
            name = f"{space}.{name}" if space else name
        self.named[name] = None
        found = AvroType(
            "record" if kind == "error" else kind,
            name=name,
            fields=tuple([self._field(each, name.rpartition(".")[0]) for each in tree.get("fields", ())]),
            symbols=tuple(tree.get("symbols", ())),
            size=tree.get("size", 0),
            properties=properties,
            doc=tree.get("doc"),
            default=tree.get("default"),
        )
        self.named[name] = found
        return found

    def _field(self, tree: Mapping[str, Any], namespace: str) -> AvroField:
        return AvroField(
            tree["name"],
            self.type(tree["type"], namespace),
            tree.get("doc"),
            has_default="default" in tree,
            default=tree.get("default"),
        )


# What Connect makes of the schema


class _Translation:
    """AvroData's toConnectSchema."""

    def __init__(self, data: AvroData) -> None:
        self.data = data

    def schema(self, written: AvroType, *, optional: bool = False, given: AvroField | None = None) -> Schema:
        """The schema of a type; `given` is the field whose default counts."""
        if written.name == _ANYTHING:
            raise Uncovered(f"{_ANYTHING} inside another schema")
        if written.kind == "union":
            branches = [each for each in written.branches if each.kind != "null"]
            if len(branches) == 1 and len(written.branches) == 2:
                return self.schema(branches[0], optional=True)
            return self._defaulted(written, self._union(written, branches), given)
        plain = self._described(written, self._plain(written))
        return replace(self._defaulted(written, plain, given), optional=optional)

    def _union(self, written: AvroType, branches: list[AvroType]) -> Schema:
        if len(branches) < 2:
            raise Uncovered("a union of one type")
        fields = []
        for each in branches:
            if each.kind in ("fixed", "enum") or "connect.type" in each.properties:
                raise Uncovered(f"a union of {each.kind} and others")
            fields.append(Field(self._branch_name(each), self.schema(each, optional=True)))
        return Schema("struct", name=_UNION, optional=len(branches) < len(written.branches), fields=tuple(fields))

    def _branch_name(self, written: AvroType) -> str:
        if written.kind != "record":
            return written.kind
        return written.name if self.data.is_enhanced else written.name.rpartition(".")[2]

    def _plain(self, written: AvroType) -> Schema:  # noqa: PLR0911  one return for each type
        match written.kind:
            case "bytes" | "fixed" if _logical_type(written) == "decimal":
                return _decimal_schema(written)
            case "int" | "long":
                return _whole_schema(written)
            case "enum":
                names = {ENUM: written.name, **{f"{ENUM}.{symbol}": symbol for symbol in written.symbols}}
                return Schema("string", name=written.name, parameters=parameters_of(names))
            case "array":
                return self._array(written)
            case "map":
                return Schema("map", keys=STRING, items=self._below(written))
            case "record":
                return self._record(written)
            case "null":
                raise Invalid("null alone is no schema")
            case kind:
                return Schema(_CONNECT_TYPES[kind])

    def _below(self, written: AvroType) -> Schema:
        assert written.items is not None, "an array or a map has items"
        return self.schema(written.items)

    def _array(self, written: AvroType) -> Schema:
        entry = written.items
        if entry is None or not _is_map_entry(entry):
            return Schema("array", items=self._below(written))
        below = {each.name: self.schema(each.type) for each in entry.fields}
        keys, items = below["key"], below["value"]
        try:
            code_of(keys.type if not keys.is_logical else "bytes")
        except KeyError as error:
            raise UnorderedKeys(f"a map with keys of type {keys.name or keys.type}") from error
        return Schema("map", keys=keys, items=items)

    def _record(self, written: AvroType) -> Schema:
        docs: dict[str, str] = {}
        if self.data.keeps_metadata:
            docs = {f"{_NAMESPACE}.field.doc.{each.name}": each.doc for each in written.fields if each.doc is not None}
            if written.doc is not None:
                docs["connect.record.doc"] = written.doc
        fields = tuple([Field(each.name, self.schema(each.type, given=each)) for each in written.fields])
        name = written.name if written.name != _DEFAULT_NAME else None
        return Schema("struct", name=name, fields=fields, parameters=parameters_of(docs))

    def _described(self, written: AvroType, plain: Schema) -> Schema:
        """With what the properties of a schema say of it."""
        properties = written.properties
        version = properties.get("connect.version", plain.version)
        name = properties.get("connect.name", plain.name)
        if plain.version not in (None, version) or (plain.is_logical and plain.name != name):
            raise Invalid(f"version {version} and name {name} of {plain.name}")
        more = dict(plain.parameters)
        if self.data.keeps_metadata:
            more |= properties.get("connect.parameters") or {}
        more |= {key: _java_text(item) for key, item in properties.items() if key.startswith("avro")}
        return replace(
            plain,
            version=version,
            name=None if name == _DEFAULT_NAME else name,
            doc=properties.get("connect.doc") if self.data.keeps_metadata else None,
            parameters=parameters_of(more),
        )

    def _defaulted(self, written: AvroType, plain: Schema, given: AvroField | None) -> Schema:
        default = written.properties.get("connect.default")
        if given is not None and given.has_default:
            if default is None:
                plain = replace(plain, parameters=parameters_of(dict(plain.parameters) | {_HAS_FIELD_DEFAULT: "true"}))
            default = given.default
        if default is None:
            return plain
        value = self._default(written, plain, default)
        if value is not None:  # optional or not is settled later
            check(plain, value)
        return replace(plain, default=value)

    def _default(self, written: AvroType, schema: Schema, tree: Any) -> Value:  # noqa: PLR0911  one return for each type
        if tree is None:
            return None
        match written.kind:
            case "bytes" | "fixed":
                return _logical(written, schema, tree.encode("latin-1"))
            case "int" | "long":
                return _logical(written, schema, tree)
            case "float":
                return float32(tree)
            case "double":
                return float(tree)
            case "union":
                first = schema.fields[0]
                return struct_of(schema, {first.name: self._default(written.branches[0], first.schema, tree)})
            case "record":
                below = zip(written.fields, schema.fields, strict=True)
                parts = {each.name: self._default(each.type, to.schema, tree.get(each.name)) for each, to in below}
                return struct_of(schema, parts)
            case "array" | "map" if written.items is not None and schema.items is not None:
                if written.kind == "array":
                    return [self._default(written.items, schema.items, item) for item in tree]
                return hash_map([(name, self._default(written.items, schema.items, tree[name])) for name in tree])
            case _:
                return tree


def _logical_type(written: AvroType) -> str:
    found = written.properties.get("logicalType")
    return found.lower() if isinstance(found, str) else ""


def _decimal_schema(written: AvroType) -> Schema:
    scale, precision = written.properties.get("scale"), written.properties.get("precision")
    if not isinstance(scale, int):
        raise Invalid(f"a decimal of scale {scale!r}")
    more = {"scale": str(scale)}
    if isinstance(precision, int) and precision != 64:
        more["connect.decimal.precision"] = str(precision)
    return Schema("bytes", name=DECIMAL, version=1, parameters=parameters_of(more))


def _whole_schema(written: AvroType) -> Schema:
    logical, narrow = _logical_type(written), written.properties.get("connect.type")
    if written.kind == "long":
        return Schema("int64", name=TIMESTAMP, version=1) if logical == "timestamp-millis" else Schema("int64")
    if logical in ("date", "time-millis"):
        return Schema("int32", name=DATE if logical == "date" else TIME, version=1)
    if narrow is None or logical:
        return Schema("int32")
    if narrow not in ("int8", "int16"):
        raise Invalid(f"connect.type {narrow!r}")
    return Schema("int8" if narrow == "int8" else "int16")


def _is_map_entry(written: AvroType) -> bool:
    is_named = written.name == f"{_NAMESPACE}.MapEntry" or written.properties.get("connect.internal.type") == "MapEntry"
    return written.kind == "record" and is_named


def _java_text(item: Any) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)


# The datum


class _Buffer:
    """Bytes, read one after the other; IndexError behind the end."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, value: bytes, at: int) -> None:
        self._bytes = value
        self._at = at

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._bytes):
            raise IndexError(f"{count} bytes at {self._at}")
        self._at += count
        return self._bytes[self._at - count : self._at]

    def whole(self, bits: int) -> int:
        """A whole number: zigzag, seven bits a byte, the lowest first."""
        found = shift = 0
        while True:
            byte = self.take(1)[0]
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                found &= (1 << bits) - 1
                return (found >> 1) ^ -(found & 1)
            if shift >= bits:
                raise IndexError(f"a number of more than {bits} bits")


class _Datum:
    """Reads data of a type as values of the schema that Connect made of it."""

    def __init__(self, data: AvroData, buffer: _Buffer) -> None:
        self.data = data
        self.buffer = buffer

    def value(self, written: AvroType, schema: Schema | None) -> Value:  # noqa: PLR0911  one return for each type
        if schema is None:
            return self._anything()
        match written.kind:
            case "union":
                return self._union(written, schema)
            case "record":
                return self._record(written, schema)
            case "array":
                return self._array(written, schema)
            case "map":
                entries = [(utf8_text(self._bytes()), self._below(written, schema)) for _ in self._blocks()]
                return hash_map(entries)
            case "enum":
                index = self.buffer.whole(32)
                return written.symbols[index if index >= 0 else len(written.symbols)]
            case _:
                return _logical(written, schema, self._primitive(written))

    def _primitive(self, written: AvroType) -> Value:  # noqa: PLR0911  one return for each type
        match written.kind:
            case "null":
                return None
            case "boolean":
                return self.buffer.take(1) == b"\x01"
            case "int":
                return self.buffer.whole(32)
            case "long":
                return self.buffer.whole(64)
            case "float":
                return Float32(struct.unpack("<f", self.buffer.take(4))[0])
            case "double":
                return float(struct.unpack("<d", self.buffer.take(8))[0])
            case "fixed":
                return self.buffer.take(written.size)
            case "bytes":
                return self._bytes()
        return utf8_text(self._bytes())

    def _bytes(self) -> bytes:
        return self.buffer.take(self.buffer.whole(64))

    def _below(self, written: AvroType, schema: Schema) -> Value:
        assert written.items is not None, "an array or a map has items"
        return self.value(written.items, schema.items)

    def _blocks(self) -> Iterator[None]:
        """Once for each item: blocks of a count, a negative one with the size behind it, until a count of zero."""
        while count := self.buffer.whole(64):
            if count < 0:
                self.buffer.whole(64)
            for _ in range(abs(count)):
                yield

    def _union(self, written: AvroType, schema: Schema) -> Value:
        index = self.buffer.whole(32)
        branch = written.branches[index if index >= 0 else len(written.branches)]
        if branch.kind == "null":
            return None
        if schema.name != _UNION:
            return self.value(branch, schema)
        before = [each for each in written.branches[:index] if each.kind != "null"]
        found = schema.fields[len(before)]
        return struct_of(schema, {found.name: self.value(branch, found.schema)})

    def _record(self, written: AvroType, schema: Schema) -> Value:
        below = zip(written.fields, schema.fields, strict=True)
        return struct_of(schema, {each.name: self.value(each.type, to.schema) for each, to in below})

    def _array(self, written: AvroType, schema: Schema) -> Value:
        if schema.type == "array":
            return [self._below(written, schema) for _ in self._blocks()]
        assert written.items is not None, "a map of entries"
        assert schema.keys is not None, "a map has keys"
        below = {"key": schema.keys, "value": schema.items}
        entries = []
        for _ in self._blocks():
            entry = {each.name: self.value(each.type, below[each.name]) for each in written.items.fields}
            entries.append((entry["key"], entry["value"]))
        return hash_map(entries, code=code_of(schema.keys.type))

    def _anything(self) -> Value:
        """A value without schema: the first of nine fields that is not null."""
        found = [self._anything_of(name) if self.buffer.whole(32) == 1 else None for name in _ANYTHING_FIELDS]
        return next((each for each in found if each is not None), None)

    def _anything_of(self, name: str) -> Value:
        if name == "array":
            return [self._anything() for _ in self._blocks()]
        if name == "map":
            entries = [(self._anything(), self._anything()) for _ in self._blocks()]
            if not all(isinstance(key, str) for key, _ in entries):
                raise UnorderedKeys("a map without schema whose keys are no text")
            return hash_map(entries)
        return self._primitive(AvroType(name))


def _logical(written: AvroType, schema: Schema | None, value: Value) -> Value:
    """A primitive as the logical or narrower type that its schema says."""
    assert schema is not None, "primitives have a schema"
    match schema.name:
        case str(name) if name == DECIMAL:
            return decimal_of(schema, value)
        case str(name) if name in (DATE, TIME, TIMESTAMP):
            if name == TIME and not 0 <= value <= DAY_MS:
                raise Invalid(f"a time of {value} ms")
            return Moment(value * DAY_MS if name == DATE else value)
    if schema.type in ("int8", "int16"):
        return wrapped(value, 8 if schema.type == "int8" else 16)
    return value
