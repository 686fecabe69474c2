"""Structs of all of Connect's types, said in both languages that values are sent in: JSON envelopes and Avro.

A shape is a struct's schema, a datum is what one value of it holds, as plain Python; each is written down once and
encoded twice. Avro's bytes are made by fastavro, so that neither sink nor model has a hand in what they are given.
"""

import base64
import io
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

import fastavro

Datum: TypeAlias = Any
Mode: TypeAlias = Literal["required", "optional", "default"]

CONNECT = "org.apache.kafka.connect.data"
AVRO = "io.confluent.connect.avro"


def _same(datum: Datum) -> Any:
    return datum


class Kind(NamedTuple):
    """A type: its schema in both languages, and some data, the first of which is the default of a field that has one.

    `payload` and `bare` make of a datum what stands in an envelope, and what fastavro takes.
    """

    envelope: Mapping[str, Any]
    avro: Any
    data: tuple[Datum, ...]
    payload: Callable[[Datum], Any] = _same
    bare: Callable[[Datum], Any] = _same


class Part(NamedTuple):
    """One field."""

    name: str
    kind: Kind
    mode: Mode = "required"

    def payload(self, datum: Datum) -> Any:
        """A datum of this field in an envelope; null is null."""
        return None if datum is None else self.kind.payload(datum)

    def bare(self, datum: Datum) -> Any:
        """A datum of this field for fastavro."""
        return None if datum is None else self.kind.bare(datum)


class Shape(NamedTuple):
    """The schema of a struct. `name` may have a namespace; `spelling` changes its text, and nothing that it says."""

    parts: tuple[Part, ...]
    name: str = "v"
    version: int | None = None
    spelling: int = 0


# --- schemas ---------------------------------------------------------------------------------------------------------


def envelope_schema(shape: Shape) -> dict[str, Any]:
    """As JsonConverter reads it."""
    found: dict[str, Any] = {"type": "struct", "name": shape.name, "fields": [_envelope_field(p) for p in shape.parts]}
    if shape.version is not None:
        found["version"] = shape.version
    return dict(reversed(found.items())) if shape.spelling else found


def _envelope_field(part: Part) -> dict[str, Any]:
    found = {"field": part.name, **part.kind.envelope}
    if part.mode == "optional":
        found["optional"] = True
    elif part.mode == "default":
        found["default"] = part.kind.payload(part.kind.data[0])
    return found


def avro_schema(shape: Shape) -> str:
    """As the registry has it."""
    found: dict[str, Any] = {"type": "record", "name": shape.name, "fields": [_avro_field(p) for p in shape.parts]}
    if shape.version is not None:
        found["connect.version"] = shape.version
    return json.dumps(dict(reversed(found.items())) if shape.spelling else found)


def _avro_field(part: Part) -> dict[str, Any]:
    if part.mode == "optional":
        return {"name": part.name, "type": ["null", part.kind.avro], "default": None}
    if part.mode == "default":
        return {"name": part.name, "type": part.kind.avro, "default": _avro_default(part.kind)}
    return {"name": part.name, "type": part.kind.avro}


def _avro_default(kind: Kind) -> Any:
    """Bytes are text there, a character for each."""
    found = kind.bare(kind.data[0])
    return found.decode("latin-1") if isinstance(found, bytes) else found


# --- values ----------------------------------------------------------------------------------------------------------


def envelope(shape: Shape, datum: Mapping[str, Datum]) -> bytes:
    """A value with its schema."""
    return wrapped(envelope_schema(shape), {part.name: part.payload(datum[part.name]) for part in shape.parts})


def wrapped(schema: Any, payload: Any) -> bytes:
    """An envelope of any schema and payload."""
    return json.dumps({"schema": schema, "payload": payload}).encode()


def avro(schema_id: int, shape: Shape, datum: Mapping[str, Datum]) -> bytes:
    """A value in Confluent's wire format, its schema being `avro_schema` of the shape."""
    return wire(schema_id, avro_schema(shape), {part.name: part.bare(datum[part.name]) for part in shape.parts})


def wire(schema_id: int, schema: str, datum: Any) -> bytes:
    """A datum of any schema in Confluent's wire format."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(schema), datum)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


@lru_cache(maxsize=4096)
def _parsed(schema: str) -> Any:
    """Without logical types: data are the numbers and bytes that are stored."""
    return fastavro.parse_schema(_without_logical_types(json.loads(schema)))


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _without_logical_types(part) for name, part in schema.items() if name != "logicalType"}
    return schema


# --- kinds -----------------------------------------------------------------------------------------------------------


def _base64(datum: bytes) -> str:
    return base64.b64encode(datum).decode()


def _entries(datum: Mapping[Any, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in datum.items()]


def _number(datum: float) -> Any:
    """JSON has no NaN; a text where a number should be is read as zero."""
    return datum if datum - datum == 0 else str(datum)


def struct(name: str, *parts: Part) -> Kind:
    """A nested struct."""
    first = {part.name: None if part.mode == "optional" else part.kind.data[0] for part in parts}
    others = [{**first, part.name: datum} for part in parts for datum in part.kind.data if datum != first[part.name]]
    return Kind(
        envelope_schema(Shape(parts, name)),
        json.loads(avro_schema(Shape(parts, name))),
        (first, *others),
        lambda datum: {part.name: part.payload(datum[part.name]) for part in parts},
        lambda datum: {part.name: part.bare(datum[part.name]) for part in parts},
    )


def _plain(envelope_type: str, avro_type: str, *data: Datum) -> Kind:
    return Kind({"type": envelope_type}, avro_type, data)


def _logical(name: str, envelope_type: str, avro_schema: Mapping[str, Any], *data: Datum) -> Kind:
    return Kind({"type": envelope_type, "name": f"{CONNECT}.{name}", "version": 1}, avro_schema, data)


INT = _plain("int32", "int", 0, 7, -1, 2**31 - 1)
LONG = _plain("int64", "long", 0, 1, -(2**63), 2**53 + 1)
TEXT = _plain("string", "string", "x", "", 'é"\n\\', "\U0001f600\u2028", "a/b=c")
BOOLEAN = _plain("boolean", "boolean", True, False)
TIMESTAMP = _logical(
    "Timestamp", "int64", {"type": "long", "logicalType": "timestamp-millis"}, 0, 1_700_000_000_123, -1
)
DATE = _logical("Date", "int32", {"type": "int", "logicalType": "date"}, 0, 19_000, -1)
TIME = _logical("Time", "int32", {"type": "int", "logicalType": "time-millis"}, 0, 86_399_999)
BYTES = Kind({"type": "bytes"}, "bytes", (b"ab", b"", b"\0\xff\n"), _base64)
DOUBLE = Kind({"type": "double"}, "double", (0.5, 1e300, -0.0, 1e-7, float("nan"), float("-inf")), _number)
FLOAT = Kind({"type": "float"}, "float", (0.5, 16777216.0, 0.10000000149011612, float("inf")), _number)
DECIMAL = Kind(
    {"type": "bytes", "name": f"{CONNECT}.Decimal", "version": 1, "parameters": {"scale": "2"}},
    {"type": "bytes", "logicalType": "decimal", "scale": 2, "precision": 20},
    (b"\x00", b"\x04\xd2", b"\xff", b"\x7f\xff\xff\xff\xff"),
    _base64,
)
ENUM = Kind(
    {
        "type": "string",
        "name": "Color",
        "parameters": {f"{AVRO}.Enum": "Color", f"{AVRO}.Enum.RED": "RED", f"{AVRO}.Enum.BLUE": "BLUE"},
    },
    {"type": "enum", "name": "Color", "symbols": ["RED", "BLUE"]},
    ("RED", "BLUE"),
)
LIST = Kind(
    {"type": "array", "items": {"type": "string"}}, {"type": "array", "items": "string"}, ([], ["a"], ["b", "", "b"])
)
GAPPY = Kind(
    {"type": "array", "items": {"type": "int32", "optional": True}},
    {"type": "array", "items": ["null", "int"]},
    ([], [None, 1], [None]),
)
MAP = Kind(
    {"type": "map", "keys": {"type": "string"}, "values": {"type": "int64"}},
    {"type": "map", "values": "long"},
    ({}, {"b": 1, "a": 2}, {"bb": 1, "aC": 2, "c": -3}),
)
CODES = Kind(
    {"type": "map", "keys": {"type": "int32"}, "values": {"type": "string"}},
    {
        "type": "array",
        "items": {
            "type": "record",
            "name": f"{AVRO}.MapEntry",
            "fields": [{"name": "key", "type": "int"}, {"name": "value", "type": "string"}],
        },
    },
    ({}, {2: "b", 1: "a"}, {17: "x", 1: "y", -1: "z"}),
    lambda datum: [[key, value] for key, value in datum.items()],
    _entries,
)
CHOICE = Kind(
    {
        "type": "struct",
        "name": f"{AVRO}.Union",
        "fields": [
            {"field": "string", "type": "string", "optional": True},
            {"field": "long", "type": "int64", "optional": True},
        ],
    },
    ["string", "long"],
    ("x", 5, ""),
    lambda datum: {"string" if isinstance(datum, str) else "long": datum},
)

PALETTE: Mapping[str, Kind] = {
    "text": TEXT,
    "flag": BOOLEAN,
    "big": LONG,
    "tiny": Kind({"type": "int8"}, {"type": "int", "connect.type": "int8"}, (0, 127, -128)),
    "small": Kind({"type": "int16"}, {"type": "int", "connect.type": "int16"}, (0, 32767)),
    "single": FLOAT,
    "double": DOUBLE,
    "raw": BYTES,
    "price": DECIMAL,
    "day": DATE,
    "clock": TIME,
    "moment": TIMESTAMP,
    "color": ENUM,
    "list": LIST,
    "gappy": GAPPY,
    "map": MAP,
    "codes": CODES,
    "choice": CHOICE,
    "inner": struct("Inner", Part("a", TEXT), Part("n", INT, "optional")),
}
"""Fields that a shape may have, by name."""

MODES: Mapping[str, tuple[Mode, ...]] = {
    **dict.fromkeys(PALETTE, ("required", "optional", "default")),
    "codes": ("required", "optional"),
    "inner": ("required", "optional"),
    "choice": ("required",),
}
"""How fields may be there; left out is what Avro cannot say, and the default of a struct, in which sinks differ."""


_SCALARS = ("boolean", "bytes", "double", "float", "int", "long", "string")

ANYTHING = json.dumps(
    {
        "type": "record",
        "name": f"{AVRO}.Anything",
        "fields": [
            *[{"name": name, "type": ["null", name], "default": None} for name in _SCALARS],
            {"name": "array", "type": ["null", {"type": "array", "items": "Anything"}], "default": None},
            {
                "name": "map",
                "type": [
                    "null",
                    {
                        "type": "array",
                        "items": {
                            "type": "record",
                            "name": "MapEntry",
                            "fields": [{"name": "key", "type": "Anything"}, {"name": "value", "type": "Anything"}],
                        },
                    },
                ],
                "default": None,
            },
        ],
    }
)
"""Confluent's schema of values that have none."""


def anything(tree: Any) -> dict[str, Any]:
    """A tree of maps, whole numbers and texts as a datum of `ANYTHING`."""
    found: dict[str, Any] = dict.fromkeys((*_SCALARS, "array", "map"))
    match tree:
        case dict():
            found["map"] = [{"key": anything(name), "value": anything(item)} for name, item in tree.items()]
        case int():
            found["long"] = tree
        case str():
            found["string"] = tree
    return found
