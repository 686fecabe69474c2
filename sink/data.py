"""Connect's data: schemas, and values under them.

A value under a schema is an int, float, bool, str, bytes, list, dict, `Decimal`, `Moment` (the three logical types
of time) or `Struct`; None is null. A float32 is a float rounded to 32 bit. Without a schema it is what JSON knows, or
bytes.
Source: Kafka Connect's data API, as reference 3.6 and 5 describe its use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.sink.effects import Record

Type: TypeAlias = Literal[
    "int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string", "bytes", "array", "map", "struct"
]

DECIMAL = "org.apache.kafka.connect.data.Decimal"
DATE = "org.apache.kafka.connect.data.Date"
TIME = "org.apache.kafka.connect.data.Time"
TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"


class Field(NamedTuple):
    """One field of a struct."""

    name: str
    schema: "Schema"


@dataclass(frozen=True, slots=True)
class Schema:
    """A Connect schema. Equal if all is equal, also documentation and defaults; `is` is the faster first question."""

    type: Type
    optional: bool = False
    default: Any = None
    """A value under this schema; None where there is none."""
    name: str | None = None
    version: int | None = None
    doc: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    """Of a struct."""
    keys: "Schema | None" = None
    """Of the keys of a map."""
    items: "Schema | None" = None
    """Of the items of an array, or of the values of a map."""
    index: Mapping[str, int] = field(init=False, compare=False, repr=False)
    """Position of each field by name."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {each.name: at for at, each in enumerate(self.fields)})

    def __hash__(self) -> int:
        return hash((self.type, self.optional, self.name, self.version, tuple(self.index)))


OPTIONAL_STRING = Schema("string", optional=True)
OPTIONAL_BYTES = Schema("bytes", optional=True)
STRING = Schema("string")


class Moment(NamedTuple):
    """What Java calls a Date: the value of the logical types Date, Time and Timestamp."""

    ms: int


class Struct:
    """A value under a struct schema: one value for each field, in the order of the schema."""

    __slots__ = ("schema", "values")

    def __init__(self, schema: Schema, values: list[Any]) -> None:
        self.schema = schema
        self.values = values

    def get(self, name: str) -> Any:
        """The field's value, or its default where it is null; KeyError for a field that the schema lacks."""
        at = self.schema.index[name]
        value = self.values[at]
        return self.schema.fields[at].schema.default if value is None else value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Struct) and self.values == other.values and self.schema == other.schema

    def __hash__(self) -> int:
        return hash(self.schema)

    def __repr__(self) -> str:
        pairs = zip(self.schema.index, self.values, strict=True)
        return f"Struct({', '.join(f'{name}={value!r}' for name, value in pairs)})"


class Header(NamedTuple):
    """One header of a record after conversion."""

    name: str
    value: Any
    schema: Schema | None


class SinkRecord(NamedTuple):
    """One record after conversion and transforms; `raw` is the record as it stands in Kafka."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: Any
    key_schema: Schema | None
    value: Any
    value_schema: Schema | None
    headers: tuple[Header, ...]
    raw: Record
