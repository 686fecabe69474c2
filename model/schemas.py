"""Schemas and values of Kafka Connect, and what `schema.compatibility` makes of them.

Values: whole numbers are int, float32 is `Float32`, float64 float, bytes are bytes, arrays lists, maps dicts in the
order in which Java yields them, structs `Struct`; of the logical types Decimal is `decimal.Decimal`, and Date, Time
and Timestamp are `Moment`. None is null. Treat all of them as read-only.

Source: reference 3.6 (compatibility), 9.3 C3 to C5; Apache Kafka (ConnectSchema, Struct, SchemaProjector).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from onceproof.model.java import Float32, code_of, float32, hash_map

Type: TypeAlias = Literal[
    "int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string", "bytes", "array", "map", "struct"
]

Value: TypeAlias = Any
"""What a record, or a part of it, holds; the types are those of the module's docstring."""

DECIMAL = "org.apache.kafka.connect.data.Decimal"
DATE = "org.apache.kafka.connect.data.Date"
TIME = "org.apache.kafka.connect.data.Time"
TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"
LOGICAL_NAMES = (DECIMAL, DATE, TIME, TIMESTAMP)
ENUM = "io.confluent.connect.avro.Enum"
"""Parameter of a string schema that stands for an enum; `.SYMBOL` behind it names each symbol."""

DAY_MS = 86_400_000
_WIDTHS: tuple[Type, ...] = ("int8", "int16", "int32", "int64", "float32", "float64")
_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
_IGNORED_PARAMETERS = ("connect.record.doc", "connect.record.aliases", "connect.record.namespace")
_IGNORED_PREFIX = "io.confluent.connect.avro.field.doc."


class Unprojectable(ValueError):  # noqa: N818  says what the value is
    """A value that cannot be brought to the schema of its file; the real sink's SchemaProjectorException."""


class Invalid(ValueError):  # noqa: N818  says what the value is
    """A value that its schema does not allow, or a schema that contradicts itself: DataException."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A java.util.Date: milliseconds since the epoch."""

    ms: int


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct."""

    name: str
    schema: "Schema"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema; equal if all its parts are."""

    type: Type
    optional: bool = False
    default: Value = None
    name: str | None = None
    version: int | None = None
    doc: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    """Sorted by name; none is the same as an empty set."""
    fields: tuple[Field, ...] = ()
    keys: "Schema | None" = None
    """Of a map."""
    items: "Schema | None" = None
    """Of an array's items, or of a map's values."""
    _by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name: each for each in self.fields})
        if len(self._by_name) < len(self.fields):
            raise Invalid(f"a field name stands twice in {[each.name for each in self.fields]}")

    def __hash__(self) -> int:  # defaults may hold lists
        return hash((self.type, self.optional, self.name, self.version, self.parameters, tuple(self._by_name)))

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return self._by_name.get(name)

    def parameter(self, name: str) -> str | None:
        """The parameter of this name."""
        return dict(self.parameters).get(name)

    @property
    def is_logical(self) -> bool:
        """True for Decimal, Date, Time and Timestamp."""
        return self.name in LOGICAL_NAMES


STRING = Schema("string")
OPTIONAL_STRING = Schema("string", optional=True)
OPTIONAL_BYTES = Schema("bytes", optional=True)


def parameters_of(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Parameters as a schema keeps them."""
    return tuple(sorted(given.items()))


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """A value of a struct schema. Reading a null field that has a default gives the default."""

    schema: Schema
    given: Mapping[str, Value]
    """By field; one that is not there is null."""

    def __getitem__(self, name: str) -> Value:
        found = self.schema.field(name)
        if found is None:
            raise KeyError(name)
        value = self.given.get(name)
        return found.schema.default if value is None else value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Struct) and self.schema == other.schema and dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(self.schema)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Fields in the order of the schema, defaults filled in."""
        return ((each.name, self[each.name]) for each in self.schema.fields)


def struct_of(schema: Schema, given: Mapping[str, Value]) -> Struct:
    """A struct whose fields were checked one by one as they were set; Invalid for a value of another type."""
    for name, value in given.items():
        found = schema.field(name)
        if found is None:
            raise Invalid(f"{name} is not a valid field name")
        check(found.schema, value)
    return Struct(schema, given)


def check(schema: Schema, value: Value) -> None:
    """Invalid where ConnectSchema.validateValue refuses a value."""
    if value is None:
        if not schema.optional:
            raise Invalid(f"null for a required {schema.type}")
        return
    if not _is_of(schema, value):
        raise Invalid(f"{value!r} is no {schema.name if schema.is_logical else schema.type}")
    if schema.type == "array":
        for item in value:
            _check_below(schema.items, item)
    elif schema.type == "map":
        for key, item in value.items():
            _check_below(schema.keys, key)
            _check_below(schema.items, item)


def _check_below(schema: Schema | None, value: Value) -> None:
    if schema is not None:
        check(schema, value)


def _is_of(schema: Schema, value: Value) -> bool:  # noqa: PLR0911  one return for each type
    match schema.name:
        case "org.apache.kafka.connect.data.Decimal":
            return isinstance(value, Decimal)
        case "org.apache.kafka.connect.data.Date" | "org.apache.kafka.connect.data.Time":
            return isinstance(value, Moment)
        case "org.apache.kafka.connect.data.Timestamp":
            return isinstance(value, Moment)
    match schema.type:
        case "int8" | "int16" | "int32" | "int64":
            half = 1 << (_BITS[schema.type] - 1)
            return isinstance(value, int) and not isinstance(value, bool) and -half <= value < half
        case "float32":
            return isinstance(value, Float32)
        case "float64":
            return isinstance(value, float) and not isinstance(value, Float32)
        case "struct":
            return isinstance(value, Struct) and value.schema == schema
        case _:
            return isinstance(value, _CLASSES[schema.type])


_CLASSES: Mapping[str, type] = {"boolean": bool, "string": str, "bytes": bytes, "array": list, "map": dict}


def rotates(mode: str, schema: Schema | None, entry: Schema | None) -> bool:
    """True if a record of `schema` may not stand in a file whose first record has `entry`.

    Unprojectable where a version is missing. Any text but BACKWARD, FORWARD and FULL means NONE.
    """
    if schema is entry or schema == entry:
        return False
    if mode not in ("BACKWARD", "FORWARD", "FULL") or schema is None or entry is None:
        return True
    if schema.version is None or entry.version is None:
        raise Unprojectable(f"schema.compatibility={mode} needs versions, not {schema.version} and {entry.version}")
    if _mismatch(schema, entry) is not None:
        return True
    return schema.version < entry.version if mode == "FORWARD" else schema.version > entry.version


def can_project(schema: Schema | None, entry: Schema | None) -> bool:
    """Whether a file that has no record yet, but a schema, takes records of another one where values are projected."""
    if schema is None or entry is None or schema == entry:
        return schema == entry
    return schema.version is not None and entry.version is not None and _mismatch(schema, entry) is None


def projected(mode: str, value: Value, schema: Schema | None, entry: Schema | None) -> Value:
    """The value under the schema of its file; Unprojectable where that cannot be done."""
    if mode not in ("BACKWARD", "FORWARD", "FULL") or schema is None or entry is None or schema == entry:
        return value
    return _projected(value, schema, entry)


@lru_cache(maxsize=1 << 10)
def _mismatch(schema: Schema, entry: Schema) -> str | None:
    """How the structure of two schemas differs so that no record may be brought from one to the other."""
    own = _own_mismatch(schema, entry)
    if own is not None:
        return own
    if schema.optional and not entry.optional and entry.default is None:
        return f"optional {schema.type}, required in the file"
    for below, wanted in _pairs(schema, entry):
        if wanted is None:
            continue
        found = _missing(wanted) if below is None else _mismatch(below, wanted)
        if found is not None:
            return found
    return None


def _pairs(schema: Schema, entry: Schema) -> Iterator[tuple[Schema | None, Schema | None]]:
    """Parts of the entry with those of the schema that stand for them."""
    for each in entry.fields:
        source = schema.field(each.name)
        yield (source.schema if source else None), each.schema
    if schema.type == entry.type and entry.type in ("array", "map"):
        yield schema.keys, entry.keys
        yield schema.items, entry.items


def _missing(wanted: Schema) -> str | None:
    return None if wanted.optional or wanted.default is not None else f"a required {wanted.type} is missing"


def _own_mismatch(schema: Schema, entry: Schema) -> str | None:
    if schema.type != entry.type and not _widens(schema.type, entry.type):
        return f"type {schema.type}, in the file {entry.type}"
    if schema.name != entry.name:
        return f"name {schema.name}, in the file {entry.name}"
    given, wanted = _compared_parameters(schema), _compared_parameters(entry)
    if ENUM in given and ENUM in wanted:
        return None if given.items() <= wanted.items() else "a symbol that is not in the file's enum"
    return None if given == wanted else f"parameters {given}, in the file {wanted}"


def _widens(source: Type, target: Type) -> bool:
    return source in _WIDTHS and target in _WIDTHS and _WIDTHS.index(source) < _WIDTHS.index(target)


def _compared_parameters(schema: Schema) -> dict[str, str]:
    return {
        name: text
        for name, text in schema.parameters
        if not name.startswith(_IGNORED_PREFIX) and name not in _IGNORED_PARAMETERS
    }


def _projected(value: Value, schema: Schema, target: Schema) -> Value:
    own = _own_mismatch(schema, target)
    if own is not None:
        raise Unprojectable(own)
    if schema.optional and not target.optional:
        if target.default is None:
            raise Unprojectable(f"optional {schema.type}, required in the file without a default")
        if value is None:
            return target.default
    if value is None:
        return None
    match target.type:
        case "struct":
            return _projected_struct(value, target)
        case "array":
            return [_projected_below(item, schema.items, target.items) for item in value]
        case "map":
            assert target.keys is not None, "a map has keys"
            entries = [
                (_projected_below(key, schema.keys, target.keys), _projected_below(item, schema.items, target.items))
                for key, item in value.items()
            ]
            return hash_map(entries, code=code_of(target.keys.type))
        case _:
            return _widened(value, schema, target)


def _projected_below(value: Value, schema: Schema | None, target: Schema | None) -> Value:
    return value if schema is None or target is None else _projected(value, schema, target)


def _projected_struct(value: Struct, target: Schema) -> Struct:
    given: dict[str, Value] = {}
    for each in target.fields:
        source = value.schema.field(each.name)
        if source is not None:
            given[each.name] = _projected(value[each.name], source.schema, each.schema)
        elif not each.schema.optional:
            missing = _missing(each.schema)
            if missing:
                raise Unprojectable(f"field {each.name}: {missing}")
            given[each.name] = each.schema.default
    return Struct(target, given)


def _widened(value: Value, schema: Schema, target: Schema) -> Value:
    if schema.type == target.type:
        return value
    if target.type == "float32":
        return float32(value)
    return float(value) if target.type == "float64" else value
