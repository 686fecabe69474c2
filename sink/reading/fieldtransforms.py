"""Transforms that work on the fields of a key or a value: InsertField, ReplaceField and ExtractField.

Laws:
1. A value is a struct where there is a schema, else a map; null is let through. Anything else is a DataError.
2. Values are never changed in place: a new struct, or a new map, whose table has as many bins as Kafka's.
3. Equal input schemas give the identical output schema, for as long as the transform remembers them.
Source: org.apache.kafka.connect.transforms of Kafka 3.9, with its errors.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.sink.data import (
    OPTIONAL_STRING,
    STRING,
    TIMESTAMP,
    Field,
    Moment,
    Schema,
    SinkRecord,
    Struct,
)
from onceproof.sink.errors import DataError
from onceproof.sink.java.javahash import SizedMap, bins_for, bins_of_copy, hash_order, names_in_order

Side: TypeAlias = Literal["Key", "Value"]
Apply: TypeAlias = Callable[[SinkRecord], SinkRecord | None]
Change: TypeAlias = Callable[[SinkRecord, Schema | None, Any], tuple[Schema | None, Any] | None]
"""From (record, schema, value) of one side to a new schema and value; None leaves the record as it is."""

_REMEMBERED = 256
"""Schemas of one transform; Kafka remembers 16."""


class SchemaBuilderError(DataError):
    """Two fields of one schema would have the same name."""

    java_class = "org.apache.kafka.connect.errors.SchemaBuilderException"


class UnknownFieldError(DataError):
    """The schema has no such field."""

    java_class = "java.lang.IllegalArgumentException"


def on_side(side: Side, change: Change) -> Apply:
    """A transform of the key or of the value."""

    def apply_to_key(record: SinkRecord) -> SinkRecord:
        found = change(record, record.key_schema, record.key)
        return record if found is None else record._replace(key_schema=found[0], key=found[1])

    def apply_to_value(record: SinkRecord) -> SinkRecord:
        found = change(record, record.value_schema, record.value)
        return record if found is None else record._replace(value_schema=found[0], value=found[1])

    return apply_to_key if side == "Key" else apply_to_value


_JAVA_NAMES: Mapping[type, str] = {
    bool: "java.lang.Boolean",
    bytes: "[B",
    Decimal: "java.math.BigDecimal",
    dict: "java.util.HashMap",
    SizedMap: "java.util.HashMap",
    float: "java.lang.Double",
    int: "java.lang.Long",
    list: "java.util.ArrayList",
    Moment: "java.util.Date",
    str: "java.lang.String",
    Struct: "org.apache.kafka.connect.data.Struct",
}


def _map(value: Any, purpose: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        found = _JAVA_NAMES.get(type(value), type(value).__name__)
        raise DataError(f"Only Map objects supported in absence of schema for [{purpose}], found: {found}")
    return value


def _struct(value: Any, purpose: str) -> Struct:
    if not isinstance(value, Struct):
        found = _JAVA_NAMES.get(type(value), type(value).__name__)
        raise DataError(f"Only Struct objects supported for [{purpose}], found: {found}")
    return value


# --- from one struct to another --------------------------------------------------------------------------------------


class _Source(NamedTuple):
    """Where a field of the new struct comes from: a position in the old one, and what a null there becomes."""

    at: int
    default: Any
    target: Field
    fits: bool
    """Whether the values of the old field may stand in the new one."""


class _Plan(NamedTuple):
    """How structs of one schema become structs of another."""

    schema: Schema
    positions: tuple[int, ...]
    sources: tuple[_Source, ...]
    all_fit: bool

    def values(self, old: Struct) -> list[Any]:
        """The values of all copied fields; raises DataError for one that its new field does not allow."""
        values = [old.values[at] for at in self.positions]
        if self.all_fit and None not in values:
            return values
        return [self._value(source, value) for source, value in zip(self.sources, values, strict=True)]

    @staticmethod
    def _value(source: _Source, value: Any) -> Any:
        name, schema = source.target
        if value is None:
            value = source.default
        if value is None and not schema.optional:
            kind = schema.type.upper()
            raise DataError(f'Invalid value: null used for required field: "{name}", schema type: {kind}')
        if value is not None and not source.fits:
            found = _JAVA_NAMES.get(type(value), type(value).__name__)
            raise DataError(f'Invalid Java object for schema type {schema.type.upper()}: {found} for field: "{name}"')
        return value


class _Plans:
    """Plans by the schema that they begin with."""

    __slots__ = ("_last", "_last_plan", "_make", "_plans")

    def __init__(self, make: Callable[[Schema], _Plan]) -> None:
        self._make = make
        self._plans: dict[Schema, _Plan] = {}
        self._last: Schema | None = None
        self._last_plan: _Plan | None = None

    def __getitem__(self, schema: Schema) -> _Plan:
        if schema is self._last and self._last_plan is not None:
            return self._last_plan
        plan = self._plans.get(schema)
        if plan is None:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = self._plans[schema] = self._make(schema)
        self._last, self._last_plan = schema, plan
        return plan


def _plan(old: Schema, copied: Iterable[tuple[str, Field]], added: tuple[Field, ...], *, replace_null: bool) -> _Plan:
    """`copied` holds pairs of an old field's name and the new field; the new schema keeps all but `optional`."""
    pairs = tuple(copied)
    fields = (*(target for _, target in pairs), *added)
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise SchemaBuilderError(f"Cannot create field because of field name duplication {field.name}")
        seen.add(field.name)
    sources = []
    for name, target in pairs:
        if name not in old.index:
            raise DataError(f"{name} is not a valid field name")
        at = old.index[name]
        schema = old.fields[at].schema
        sources.append(_Source(at, schema.default if replace_null else None, target, _fits(schema, target.schema)))
    new = Schema("struct", name=old.name, version=old.version, doc=old.doc, parameters=old.parameters, fields=fields)
    positions = tuple(source.at for source in sources)
    return _Plan(new, positions, tuple(sources), all(source.fits for source in sources))


def _fits(source: Schema, target: Schema) -> bool:
    if source is target:
        return True
    if source.type == "struct":
        return source == target
    return (source.type, source.name) == (target.type, target.name)


# --- InsertField -----------------------------------------------------------------------------------------------------


class Insertion(NamedTuple):
    """One field to insert: its name, its schema, and what it holds; a null is not inserted."""

    name: str
    schema: Schema
    with_schema: Callable[[SinkRecord], Any]
    without: Callable[[SinkRecord], Any]


_ORIGINS: Mapping[str, tuple[Schema, Schema, Callable[[SinkRecord], Any], Callable[[SinkRecord], Any]]] = {
    "topic.field": (OPTIONAL_STRING, STRING, lambda record: record.topic, lambda record: record.topic),
    "partition.field": (
        Schema("int32", optional=True),
        Schema("int32"),
        lambda record: record.partition,
        lambda record: record.partition,
    ),
    "offset.field": (
        Schema("int64", optional=True),
        Schema("int64"),
        lambda record: record.offset,
        lambda record: record.offset,
    ),
    "timestamp.field": (
        Schema("int64", optional=True, name=TIMESTAMP, version=1),
        Schema("int64", name=TIMESTAMP, version=1),
        lambda record: None if record.timestamp_ms is None else Moment(record.timestamp_ms),
        lambda record: record.timestamp_ms,
    ),
}
"""What may be inserted, in Kafka's order: schema if optional, schema if required, value with and without a schema."""


def insertions(settings: Mapping[str, Any]) -> tuple[Insertion, ...]:
    """The configured insertions; a name may end in `!` (required) or `?` (optional, as without it)."""
    found = []
    for setting, (optional, required, with_schema, without) in _ORIGINS.items():
        if settings[setting] is not None:
            name, is_required = _spec(settings[setting])
            found.append(Insertion(name, required if is_required else optional, with_schema, without))
    if settings["static.field"] is not None:
        name, is_required = _spec(settings["static.field"])
        text = settings["static.value"]
        found.append(Insertion(name, STRING if is_required else OPTIONAL_STRING, lambda _: text, lambda _: text))
    return tuple(found)


def _spec(text: str) -> tuple[str, bool]:
    return (text[:-1], text[-1] == "!") if text.endswith(("!", "?")) else (text, False)


def insert_field(inserted: tuple[Insertion, ...], *, replace_null: bool) -> Change:
    """Add what is known of the record, or a constant, as fields behind those that are there."""
    added = tuple(Field(each.name, each.schema) for each in inserted)
    plans = _Plans(
        lambda schema: _plan(schema, ((each.name, each) for each in schema.fields), added, replace_null=replace_null)
    )

    def change(record: SinkRecord, schema: Schema | None, value: Any) -> tuple[Schema | None, Any] | None:
        if value is None:
            return None
        if schema is None:
            own = _map(value, "field insertion")
            names = names_in_order(own)
            fields = SizedMap(zip(names, map(own.__getitem__, names), strict=True), bins=bins_of_copy(len(own)))
            for each in inserted:
                found = each.without(record)
                if found is not None:
                    fields[each.name] = found
            return None, fields
        struct = _struct(value, "field insertion")
        plan = plans[struct.schema]
        values = [*plan.values(struct), *(each.with_schema(record) for each in inserted)]
        return plan.schema, Struct(plan.schema, values)

    return change


# --- ReplaceField ----------------------------------------------------------------------------------------------------


def replace_field(
    include: frozenset[str], exclude: frozenset[str], renames: Mapping[str, str], *, replace_null: bool
) -> Change:
    """Keep what is included (all, if nothing is) and not excluded, under its new name.

    A field whose name another one is renamed to takes that one's value, also where that one is excluded or missing:
    Kafka looks old names up by the new ones.
    """
    old_names = {renames[old]: old for old in hash_order(tuple(renames))}

    def is_kept(name: str) -> bool:
        return name not in exclude and (not include or name in include)

    def copied(schema: Schema) -> Iterable[tuple[str, Field]]:
        for field in schema.fields:
            if is_kept(field.name):
                new = renames.get(field.name, field.name)
                yield old_names.get(new, new), Field(new, field.schema)

    plans = _Plans(lambda schema: _plan(schema, copied(schema), (), replace_null=replace_null))

    def change(record: SinkRecord, schema: Schema | None, value: Any) -> tuple[Schema | None, Any] | None:
        if value is None:
            return None
        if schema is None:
            fields = _map(value, "field replacement")
            names = names_in_order(fields)  # also because the last of two equal names wins
            kept = [(renames.get(name, name), fields[name]) for name in names if is_kept(name)]
            return None, SizedMap(kept, bins=bins_for(len(fields)))
        struct = _struct(value, "field replacement")
        plan = plans[struct.schema]
        return plan.schema, Struct(plan.schema, plan.values(struct))

    return change


def renames(items: Iterable[str]) -> dict[str, str]:
    """Pairs of an old and a new name, each `old:new`; raises ValueError for another form."""
    found = {}
    for item in items:
        parts = item.rstrip(":").split(":")  # Java's split drops empty texts at the end
        if len(parts) != 2:
            raise ValueError(f"must be a list of old:new, which {item!r} is not")
        found[parts[0]] = parts[1]
    return found


# --- ExtractField ----------------------------------------------------------------------------------------------------


def extract_field(field: str, path: tuple[str, ...], *, replace_null: bool) -> Change:
    """Put one field, which may lie within others, in the place of the key or value. `field` is how it is written.

    A map may lack it, which gives null; a schema must have it. A field within a null is null.
    """

    def change(record: SinkRecord, schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
        if schema is None:
            return None, _from_map(value, path)
        struct = None if value is None else _struct(value, "field extraction")
        return _schema_at(schema, path, field), _from_struct(struct, path, replace_null=replace_null)

    return change


def _from_map(value: Any, path: tuple[str, ...]) -> Any:
    purpose = "field extraction"
    for name in path:
        if value is None:
            return None
        value = _map(value, purpose).get(name)
        purpose = "nested field access"
    return value


def _schema_at(schema: Schema, path: tuple[str, ...], field: str) -> Schema:
    for name in path:
        if schema.type != "struct":
            raise DataError("Cannot look up fields on non-struct type")
        if name not in schema.index:
            raise UnknownFieldError(f"Unknown field: {field}")
        schema = schema.fields[schema.index[name]].schema
    return schema


def _from_struct(struct: Struct | None, path: tuple[str, ...], *, replace_null: bool) -> Any:
    """The path is known to exist in the schema; defaults count on the way in any case, at its end if so configured."""
    for name in path[:-1]:
        if struct is None:
            return None
        struct = struct.get(name)
    if struct is None:
        return None
    return struct.get(path[-1]) if replace_null else struct.values[struct.schema.index[path[-1]]]


def field_path(text: str, version: str) -> tuple[str, ...]:
    """The names on the way to a field: V1 knows one, V2 separates them by dots, and a name with dots is in backticks.

    Within backticks a backtick before a dot is a closing one, unless a backslash stands before it. Raises ValueError.
    """
    return (text,) if version.upper() == "V1" else _dotted(text)


def _dotted(text: str) -> tuple[str, ...]:
    names = []
    at = 0
    while at < len(text):
        if text[at] == "`":
            name, at = _within_backticks(text, at)
        else:
            end = text.find(".", at)
            name, at = (text[at:], len(text)) if end < 0 else (text[at:end], end + 1)
        names.append(name)
    if text.endswith("."):
        names.append("")
    return tuple(names)


def _within_backticks(text: str, opened_at: int) -> tuple[str, int]:
    """The name within backticks, and where the next one begins."""
    name = ""
    start = at = opened_at + 1
    while (at := text.find("`", at)) >= 0:
        is_escaped = text[at - 1] == "\\"
        if at == len(text) - 1:
            if is_escaped:
                break
            return name + text[start:at], at + 1
        if text[at + 1] == ".":
            if not is_escaped:
                return name + text[start:at], at + 2
            name += text[start : at - 1] + "`"
            start = at + 1
        at += 1
    raise ValueError(f"the backtick at position {opened_at} has no partner; put a backslash before it")
