"""Records that a configuration can read, place and store, for the small worlds that are made for it.

What is asked of them is read off the configuration: the language of keys, values and headers, the fields that
directories and times are made of, those that transforms name. Where records choose their directory they alternate
between two, so that files are open side by side. Where nulls are written or left out, every third record is one. What
no record can satisfy is left to the sink, which says what it dies of.
"""

import base64
import codecs
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.scenarios import shapes
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.config import SinkConfig
from onceproof.sink.data import Header, SinkRecord
from onceproof.sink.effects import Record
from onceproof.sink.reading.fieldtransforms import field_path
from onceproof.sink.reading.transforms import Transform
from onceproof.sink.settings.parsing import parse

Leaf: TypeAlias = Literal["number", "time", "side", "text", "bytes"]
"""The offset, the timestamp, one of two texts in turn, a text or bytes of the record's own."""
Tree: TypeAlias = "dict[str, Tree] | Leaf"
"""What a key or value holds, by field."""

TOPIC = "t"
_VALUE_IDS = (1, 2)
_SECOND_ID = 3
_ODD_ID = 4
_KEY_ID = 1000
_UNREADABLE = b"\xff{"
_NULL_EACH = 3
_KINDS: Mapping[str, shapes.Kind] = {
    "number": shapes.INT,
    "time": shapes.LONG,
    "side": shapes.TEXT,
    "text": shapes.TEXT,
    "bytes": shapes.BYTES,
}
_MORE = shapes.Part("more", shapes.TEXT, "optional")
_PRIMITIVES = {"Integer": ">i", "Long": ">q", "Short": ">h", "Float": ">f", "Double": ">d"}


def record(config: Mapping[str, str], offset: int, timestamp_ms: int) -> h.Record:
    """The record at an offset; raises ConfigError for a configuration with which no sink starts."""
    fitting = _fitting(tuple(config.items()))
    value = None
    if not (fitting.has_nulls and offset % _NULL_EACH == _NULL_EACH - 1):
        value = fitting.values[offset % len(fitting.values)].encoded(offset, timestamp_ms)
    key = fitting.key.encoded(offset, timestamp_ms) if fitting.key else None
    headers = tuple([(name, fitting.header.encoded(offset, timestamp_ms)) for name in fitting.headers])
    return h.Record(offset, timestamp_ms, key, value, headers)


def schemas(config: Mapping[str, str]) -> Mapping[int, str]:
    """What the schema registry must hold for these records."""
    fitting = _fitting(tuple(config.items()))
    return _registered((*fitting.values, *([fitting.key] if fitting.key else ())))


def _registered(sides: "Iterable[_Side]") -> dict[int, str]:
    return {side.schema_id: side.avro_schema for side in sides if side.converter == "AvroConverter"}


Oddity: TypeAlias = Literal["", "null", "no timestamp", "null key", "no headers", "other type", "unreadable"]
"""What a record of choice lacks, or is instead."""


class Choice(NamedTuple):
    """A record of choice: which of two directories its fields name, which of two schemas it has, and what is odd."""

    side: int = 0
    schema: int = 0
    oddity: Oddity = ""


def chosen(config: Mapping[str, str], offset: int, timestamp_ms: int, choice: Choice) -> h.Record:
    """The record at an offset, of choice instead of in turn; raises ConfigError with which no sink starts.

    Whether the configuration stores an odd one, skips it or dies of it is not looked at. Values that are no structs
    have one schema.
    """
    fitting = _fitting(tuple(config.items()))
    plain = fitting.second if choice.schema and fitting.second is not None else fitting.values[0]
    value: bytes | None = plain.encoded(offset, timestamp_ms, choice.side)
    if choice.oddity == "null":
        value = None
    elif choice.oddity == "unreadable":
        value = _UNREADABLE
    elif choice.oddity == "other type":
        value = replace(plain, tree="text", schema_id=_ODD_ID).encoded(offset, timestamp_ms, choice.side)
    has_key = fitting.key is not None and choice.oddity != "null key"
    key = fitting.key.encoded(offset, timestamp_ms) if has_key and fitting.key is not None else None
    names = () if choice.oddity == "no headers" else fitting.headers
    headers = tuple([(name, fitting.header.encoded(offset, timestamp_ms)) for name in names])
    return h.Record(offset, None if choice.oddity == "no timestamp" else timestamp_ms, key, value, headers)


def has_second_schema(config: Mapping[str, str]) -> bool:
    """Whether values can have another schema: they have one, and are structs."""
    return _fitting(tuple(config.items())).second is not None


def schemas_of_choice(config: Mapping[str, str]) -> Mapping[int, str]:
    """What the schema registry must hold for records of choice."""
    fitting = _fitting(tuple(config.items()))
    odd = replace(fitting.values[0], tree="text", schema_id=_ODD_ID)
    more = (odd, *([fitting.second] if fitting.second else ()), *([fitting.key] if fitting.key else ()))
    return _registered((*fitting.values, *more))


def _has_names(config: SinkConfig) -> bool:
    """Whether values have schemas with names."""
    return config.value_converter == "AvroConverter" or (
        config.value_converter == "JsonConverter" and config.value_schemas
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """How a key, a value or a header is written: its tree, in the language that a converter reads."""

    tree: Tree
    converter: str
    has_envelope: bool = False
    encoding: str = "utf-8"
    name: str = "v"
    """Of its schema."""
    version: int | None = None
    schema_id: int = _VALUE_IDS[0]
    is_wider: bool = False
    """Whether there is one more field, which need not be there."""

    @property
    def shape(self) -> shapes.Shape:
        """Of a tree with fields."""
        more = (_MORE,) if self.is_wider else ()
        return shapes.Shape((*_parts(self.tree, self.name), *more), self.name, self.version)

    @property
    def avro_schema(self) -> str:
        """As the registry has it."""
        if isinstance(self.tree, dict):
            _require_avro_names(self.tree)
            return shapes.avro_schema(self.shape)
        return json.dumps(_KINDS[self.tree].avro)

    def encoded(self, offset: int, timestamp_ms: int, side: int | None = None) -> bytes:
        """The bytes in Kafka; `side` says which of two texts stands where records choose, by default in turn."""
        datum = _datum(self.tree, offset, timestamp_ms, offset % 2 if side is None else side)
        if self.is_wider:
            datum[_MORE.name] = "more"
        match self.converter:
            case "AvroConverter" if self.tree == "bytes":  # at the top, without their length
                return b"\0" + self.schema_id.to_bytes(4, "big") + bytes(datum)
            case "AvroConverter":
                return shapes.wire(self.schema_id, self.avro_schema, datum)
            case "JsonConverter":
                return self._envelope(datum) if self.has_envelope else _json(datum)
            case "StringConverter" | "ByteArrayConverter" | "SimpleHeaderConverter":
                text = datum if isinstance(datum, str) else _json(datum).decode()
                return text.encode(self.encoding)
            case "BooleanConverter":
                return b"\1" if offset % 2 else b"\0"
        return struct.pack(_PRIMITIVES[self.converter.removesuffix("Converter")], offset)

    def _envelope(self, datum: Any) -> bytes:
        if isinstance(self.tree, dict):
            return shapes.envelope(self.shape, datum)
        kind = _KINDS[self.tree]
        return shapes.wrapped(kind.envelope, kind.payload(datum))


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What all records of a configuration have in common."""

    values: tuple[_Side, ...]
    """In turn."""
    second: _Side | None
    """Values of another schema: of another name where names make directories, else wider and, if at all, newer."""
    key: _Side | None
    """None where nobody looks at keys."""
    headers: tuple[str, ...]
    header: _Side
    has_nulls: bool


@lru_cache(maxsize=64)
def _fitting(properties: tuple[tuple[str, str], ...]) -> _Fitting:
    config = parse({**DEFAULTS, **dict(properties)})
    headers = tuple(dict.fromkeys((*(["h"] if config.store_headers else []), *_wanted_headers(config))))
    tree = _undone(config, "Value", headers, _value_tree(config))
    names = ("v", "w") if config.affix != "NONE" and _has_names(config) else ("v",)
    version = None if config.schema_compatibility == "NONE" else 1
    value = config.value_settings
    values = [
        _Side(tree, config.value_converter, config.value_schemas, _charset(value), name, version, schema_id)
        for name, schema_id in zip(names, _VALUE_IDS, strict=False)
    ]
    header = config.header_settings
    has_envelope = header.get("schemas.enable", "true").lower() == "true"
    return _Fitting(
        values=tuple(values),
        second=_second(config, values),
        key=_key(config, headers),
        headers=headers,
        header=_Side("text", config.header_converter, has_envelope, _charset(header)),
        has_nulls=config.null_values == "write" or (config.null_values == "ignore" and _skips_nulls(config)),
    )


def _second(config: SinkConfig, values: list[_Side]) -> _Side | None:
    if len(values) > 1:
        return values[1]
    first = values[0]
    if not _has_names(config) or not isinstance(first.tree, dict) or _MORE.name in first.tree:
        return None
    return replace(first, version=first.version and first.version + 1, schema_id=_SECOND_ID, is_wider=True)


def _skips_nulls(config: SinkConfig) -> bool:
    """A sink that reports nulls and tolerates nothing dies of them."""
    reports = config.report_nulls and (config.dead_letter_topic or config.log_errors)
    return config.tolerate_errors or not reports


def _key(config: SinkConfig, headers: tuple[str, ...]) -> _Side | None:
    if not config.store_keys and not any(each.java_class.endswith("$Key") for each in config.transforms):
        return None
    settings = config.key_settings
    leaf: Leaf = "bytes" if config.store_keys and config.keys_format == "ByteArrayFormat" else "text"
    tree = _undone(config, "Key", headers, leaf)
    return _Side(tree, config.key_converter, config.key_schemas, _charset(settings), name="K", schema_id=_KEY_ID)


def _charset(settings: Mapping[str, str]) -> str:
    """Of StringConverter; one that nobody knows makes the sink die, whatever is written."""
    given = settings.get("converter.encoding", "utf-8")
    try:
        return codecs.lookup(given).name
    except LookupError:
        return "utf-8"


# --- what a value holds ----------------------------------------------------------------------------------------------


def _value_tree(config: SinkConfig) -> Tree:
    """What the task looks for in values."""
    if config.format == "ByteArrayFormat" and _has_names(config):
        return "bytes"
    tree: dict[str, Tree] = {"i": "number"}
    if config.time_bucket is not None and "RecordField" in config.extractor:
        _put(tree, config.timestamp_field, "time")
    if config.partitioner == "FieldPartitioner":
        for name in config.partition_fields:
            _put(tree, tuple(name.split(".")), "side")
    return tree


def _put(tree: dict[str, Tree], path: tuple[str, ...], leaf: Tree) -> None:
    *parents, name = path
    for parent in parents:
        below = tree.get(parent)
        if not isinstance(below, dict):
            below = tree[parent] = {}
        tree = below
    tree[name] = leaf


def _undone(config: SinkConfig, side: Literal["Key", "Value"], headers: tuple[str, ...], tree: Tree) -> Tree:
    """The tree before the transforms of one side, which make of it the one that is given."""
    raw = Record(0, 0, None, b"")
    sample = SinkRecord(TOPIC, 0, 0, 0, None, None, b"", None, tuple([Header(name, "", None) for name in headers]), raw)
    for transform in reversed(config.transforms):
        applies = transform.test is None or transform.test(sample) is not transform.negate
        name, _, of = transform.java_class.rpartition(".")[2].partition("$")
        if not applies or of != side:
            continue
        if name == "ExtractField":
            outer: dict[str, Tree] = {}
            path = field_path(transform.settings["field"], transform.settings.get("field.syntax.version", "V1").upper())
            _put(outer, tuple(path), tree)
            tree = outer
            continue
        fields: dict[str, Tree] = dict(tree) if isinstance(tree, dict) else {"k": tree}
        tree = _uninserted(transform, fields) if name == "InsertField" else _unreplaced(transform, fields)
    return tree


def _uninserted(transform: Transform, tree: dict[str, Tree]) -> dict[str, Tree]:
    inserted = {text.rstrip("!?") for name, text in transform.settings.items() if name.endswith(".field")}
    return {name: below for name, below in tree.items() if name not in inserted}


def _unreplaced(transform: Transform, tree: dict[str, Tree]) -> dict[str, Tree]:
    """Every field that ReplaceField names is there, so that it has something to do."""
    renames = dict(pair.split(":", 1) for pair in _listed(transform, "renames"))
    renamed = {new: old for old, new in renames.items()}
    tree = {renamed.get(name, name): below for name, below in tree.items()}
    for old in renames:
        tree.setdefault(old, "text")
    for name in (*_listed(transform, "include", "whitelist"), *_listed(transform, "exclude", "blacklist")):
        tree.setdefault(name, "text")
    return tree


def _listed(transform: Transform, *names: str) -> tuple[str, ...]:
    given = next((transform.settings[name] for name in names if name in transform.settings), "")
    return tuple([text.strip() for text in given.split(",") if text.strip()])


def _wanted_headers(config: SinkConfig) -> Iterator[str]:
    """Names of headers without which a Filter drops every record."""
    for transform in config.transforms:
        name = config.raw.get(f"predicates.{transform.predicate}.name")
        if transform.java_class.endswith(".Filter") and transform.negate and name is not None:
            yield name.strip()


# --- in a language ---------------------------------------------------------------------------------------------------


def _datum(tree: Tree, offset: int, timestamp_ms: int, side: int) -> Any:
    match tree:
        case dict():
            return {name: _datum(below, offset, timestamp_ms, side) for name, below in tree.items()}
        case "number":
            return offset
        case "time":
            return timestamp_ms
        case "side":
            return "ab"[side]
        case "text":
            return f"r{offset}"
        case "bytes":
            return b"r%d" % offset


def _json(datum: Any) -> bytes:
    return json.dumps(datum, separators=(",", ":"), default=lambda data: base64.b64encode(data).decode()).encode()


def _parts(tree: Tree, name: str) -> tuple[shapes.Part, ...]:
    """Fields of a struct; nested structs have names of their own."""
    assert isinstance(tree, dict), "only trees with fields are structs"
    found = []
    for field, below in tree.items():
        inner = f"{name}_{field}"
        kind = shapes.struct(inner, *_parts(below, inner)) if isinstance(below, dict) else _KINDS[below]
        found.append(shapes.Part(field, kind))
    return tuple(found)


def _require_avro_names(tree: dict[str, Tree]) -> None:
    for name, below in tree.items():
        if not (name.isascii() and name.isidentifier()):
            raise ScenarioError(f"no record of Avro has a field {name!r}, which the configuration asks for")
        if isinstance(below, dict):
            _require_avro_names(below)
