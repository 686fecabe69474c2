"""Connect schemas as Avro schemas and back, as Confluent's AvroData does it.

Laws:
1. A name's dots become the namespace; a struct without a name is io.confluent.connect.avro.ConnectDefault, the next one
   ConnectDefault2. What Avro cannot say stands in `connect.*` properties, unless `meta_data` is off.
2. Optional is the union with null, null first; with a default, null last. An optional field without a default has the
   default null.
3. Without a schema the file holds records `Anything`, with one nullable field for each kind of value.
4. A union of more than null and one type becomes a struct io.confluent.connect.avro.Union with an optional field for
   each type, and back.
5. Recursive types are refused (DataError): a Connect schema here is a tree.
Not supported, as the S3 sink does not offer them: scrub.invalid.names, generalized.sum.type.support,
discard.type.doc.default, ignore.default.for.nullables.
Source: AvroData of Confluent's schema registry, 7.x and later; reference 5 and 9.2 B8.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, lru_cache, wraps
from typing import Any, NamedTuple, TypeVar

from onceproof.sink.avro import avroschema
from onceproof.sink.avro.avroschema import ABSENT, AvroField, AvroSchema, inner
from onceproof.sink.avro.decimals import of_unscaled, unscaled_bytes
from onceproof.sink.data import DATE, DECIMAL, STRING, TIME, TIMESTAMP, Field, Moment, Schema, Struct, Type
from onceproof.sink.errors import DataError

NAMESPACE = "io.confluent.connect.avro"
UNION = f"{NAMESPACE}.Union"
ENUM = f"{NAMESPACE}.Enum"
MAP_ENTRY = "MapEntry"
FIXED_SIZE = "connect.fixed.size"

_DEFAULT_NAME = f"{NAMESPACE}.ConnectDefault"
_RECORD_DOC = f"{NAMESPACE}.record.doc"
_FIELD_DOC = f"{NAMESPACE}.field.doc."
_ENUM_DOC = f"{NAMESPACE}.enum.doc."
_ENUM_DEFAULT = f"{NAMESPACE}.enum.default."
_DEFAULT_FROM_AVRO = f"{NAMESPACE}.field.default"
"""Parameter of a schema whose default came from an Avro field, so that it is not written as connect.default."""

_PRECISION = "connect.decimal.precision"
_PRECISION_DEFAULT = 64

_DAY_MS = 86_400_000
_LOGICAL = {DECIMAL: "decimal", DATE: "date", TIME: "time-millis", TIMESTAMP: "timestamp-millis"}
_AVRO_TYPES: dict[Type, str] = {
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "int64": "long",
    "float32": "float",
    "float64": "double",
    "boolean": "boolean",
    "string": "string",
    "bytes": "bytes",
}


def _nullable(schema: AvroSchema) -> AvroSchema:
    return AvroSchema("union", branches=(AvroSchema("null"), schema))


def _anything() -> AvroSchema:
    anything = AvroSchema("record", name=f"{NAMESPACE}.Anything")
    entry = AvroSchema("record", name=f"{NAMESPACE}.{MAP_ENTRY}")
    entry.fields = (AvroField("key", anything), AvroField("value", anything))
    kinds = [(name, AvroSchema(name)) for name in ("boolean", "bytes", "double", "float", "int", "long", "string")]
    kinds += [("array", AvroSchema("array", items=anything)), ("map", AvroSchema("array", items=entry))]
    anything.fields = tuple(AvroField(name, _nullable(schema), default=None) for name, schema in kinds)
    return anything


ANYTHING = _anything()
"""The Avro schema of values without a Connect schema."""


class Rules(NamedTuple):
    """How schemas are converted: the properties of the sink and of AvroConverter that have a say in it."""

    enhanced: bool
    """enhanced.avro.schema.support: enums stay enums, and unions name their types in full."""
    meta_data: bool
    """connect.meta.data: Connect's own attributes are written and read."""
    optional_map_keys: bool = False
    """allow.optional.map.keys: maps with optional string keys are Avro maps too."""
    flatten_singleton_union: bool = True
    cache_size: int = 1000
    """schemas.cache.config: how many converted schemas are remembered."""


def is_union(schema: Schema) -> bool:
    """Whether the struct stands for a union: exactly one field of a value is not null."""
    return schema.name == UNION


def is_enum(schema: Schema, rules: Rules) -> bool:
    """Whether the string is an Avro enum."""
    return rules.enhanced and schema.type == "string" and ENUM in schema.parameters


def is_fixed(schema: Schema) -> bool:
    """Whether the bytes are an Avro fixed."""
    return schema.type == "bytes" and schema.name is not None and FIXED_SIZE in schema.parameters


def has_avro_map(schema: Schema, rules: Rules) -> bool:
    """Whether the map is an Avro map; else it is an array of MapEntry records."""
    keys = keys_of(schema)
    return keys.type == "string" and (not keys.optional or rules.optional_map_keys)


def items_of(schema: Schema) -> Schema:
    """The schema of an array's items or a map's values."""
    assert schema.items is not None, f"{schema.type} without a schema for its items"
    return schema.items


def keys_of(schema: Schema) -> Schema:
    """The schema of a map's keys."""
    assert schema.keys is not None, "map without a schema for its keys"
    return schema.keys


def decimal_digits(schema: Schema) -> tuple[int, int] | None:
    """Precision and scale of a Decimal; None where Avro does not allow the pair, which leaves plain bytes."""
    precision = int(schema.parameters.get(_PRECISION, _PRECISION_DEFAULT))
    scale = int(schema.parameters["scale"])
    return (precision, scale) if 0 <= scale <= precision else None


# --- to Avro ---------------------------------------------------------------------------------------------------------


Made = TypeVar("Made")


def remembered(make: Callable[[Schema | None, Rules], Made]) -> Callable[[Schema | None, Rules], Made]:
    """`make`, of which as many results are remembered as the rules say."""

    @cache  # There are no more rules than converters and formats in use.
    def under(rules: Rules) -> Callable[[Schema | None], Made]:
        return lru_cache(maxsize=rules.cache_size)(lambda schema: make(schema, rules))

    @wraps(make)
    def found(schema: Schema | None, rules: Rules) -> Made:
        return under(rules)(schema)

    return found


@remembered
def avro_schema(schema: Schema | None, rules: Rules) -> AvroSchema:
    """The Avro schema for a Connect schema; raises DataError for one that Avro cannot express."""
    if schema is None:
        return ANYTHING
    converted = _ToAvro(rules).convert(schema)
    try:
        avroschema.text(converted)
    except avroschema.MalformedSchema as error:
        raise DataError(f"the schema cannot be written as Avro: {error}") from None
    return converted


class _ToAvro:
    """One conversion: schemas met before are referred to, and structs without a name are counted."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: dict[Schema, AvroSchema] = {}
        self._nameless = 0

    def convert(self, schema: Schema) -> AvroSchema:
        if schema.type == "struct" and is_union(schema):
            return self._union(schema)
        if not schema.optional:
            return self._required(schema)
        if schema.type == "struct":
            return _nullable(self._required(replace(schema, optional=False)))
        base = self._base(schema)
        if schema.default is None:
            return _nullable(base)
        return AvroSchema("union", branches=(base, AvroSchema("null")))

    def _required(self, schema: Schema) -> AvroSchema:
        known = self._known.get(schema)
        if known is None:
            known = self._known[schema] = self._base(schema)
        return known

    def _union(self, schema: Schema) -> AvroSchema:
        null = (AvroSchema("null"),) if schema.optional else ()
        members = (self._required(replace(each.schema, optional=False)) for each in schema.fields)
        return AvroSchema("union", branches=(*null, *members))

    def _base(self, schema: Schema) -> AvroSchema:
        """The schema without regard to whether it is optional, with its properties."""
        base = self._bare(schema)
        if self._rules.meta_data:
            self._annotate(base, schema)
        if schema.name in _LOGICAL:
            base.properties["logicalType"] = _LOGICAL[schema.name]
        for name, value in schema.parameters.items():
            if name.startswith("avro"):
                base.properties[name] = value
        return base

    def _annotate(self, base: AvroSchema, schema: Schema) -> None:
        properties = base.properties
        if schema.doc is not None:
            properties["connect.doc"] = schema.doc
        if schema.version is not None:
            properties["connect.version"] = schema.version
        parameters = {name: value for name, value in schema.parameters.items() if name != _DEFAULT_FROM_AVRO}
        if parameters:
            properties["connect.parameters"] = parameters
        if schema.default is not None and _DEFAULT_FROM_AVRO not in schema.parameters:
            properties["connect.default"] = _default_to_avro(schema, schema.default, self._rules)
        if schema.name is not None:
            properties["connect.name"] = schema.name
        if schema.type in ("int8", "int16"):
            properties["connect.type"] = schema.type

    def _bare(self, schema: Schema) -> AvroSchema:
        match schema.type:
            case "struct":
                return self._record(schema)
            case "array":
                return AvroSchema("array", items=self.convert(items_of(schema)))
            case "map":
                return self._map(schema)
            case "string" if is_enum(schema, self._rules):
                return self._enum(schema)
            case "bytes" if is_fixed(schema):
                base = AvroSchema("fixed", name=self._name(schema), size=int(schema.parameters[FIXED_SIZE]))
            case _:
                base = AvroSchema(_AVRO_TYPES[schema.type])
        if schema.type == "bytes" and schema.name == DECIMAL:
            base.properties["scale"] = int(schema.parameters["scale"])
            base.properties["precision"] = int(schema.parameters.get(_PRECISION, _PRECISION_DEFAULT))
        return base

    def _name(self, schema: Schema) -> str:
        if schema.name is not None:
            return schema.name
        self._nameless += 1
        return _DEFAULT_NAME if self._nameless == 1 else f"{_DEFAULT_NAME}{self._nameless}"

    def _record(self, schema: Schema) -> AvroSchema:
        record = AvroSchema("record", name=self._name(schema), doc=schema.parameters.get(_RECORD_DOC))
        docs = schema.parameters
        record.fields = tuple(self._field(name, each, docs.get(_FIELD_DOC + name)) for name, each in schema.fields)
        return record

    def _field(self, name: str, schema: Schema, doc: str | None = None) -> AvroField:
        default: Any = None if schema.optional else ABSENT
        if schema.default is not None:
            default = _default_to_avro(schema, schema.default, self._rules)
        converted = self.convert(schema)
        if default is not ABSENT and not avroschema.is_default(converted, default):
            default = ABSENT
        return AvroField(name, converted, doc, default)

    def _map(self, schema: Schema) -> AvroSchema:
        if has_avro_map(schema, self._rules):
            return AvroSchema("map", items=self.convert(items_of(schema)))
        entry = AvroSchema("record", name=schema.name or f"{NAMESPACE}.{MAP_ENTRY}")
        if schema.name is not None:
            entry.properties["connect.internal.type"] = MAP_ENTRY
        entry.fields = (self._field("key", keys_of(schema)), self._field("value", items_of(schema)))
        return AvroSchema("array", items=entry)

    def _enum(self, schema: Schema) -> AvroSchema:
        simple = self._name(schema).rpartition(".")[2]
        prefix = f"{ENUM}."
        return AvroSchema(
            "enum",
            name=schema.parameters[ENUM],
            doc=schema.parameters.get(_ENUM_DOC + simple),
            symbols=tuple(name.removeprefix(prefix) for name in schema.parameters if name.startswith(prefix)),
            symbol=schema.parameters.get(_ENUM_DEFAULT + simple),
        )


def _default_to_avro(schema: Schema, value: Any, rules: Rules) -> Any:  # noqa: PLR0911 - one line for each type
    """A default as JSON; bytes become text, one character for each."""
    if value is None:
        return None
    value = to_wire(schema, value)
    match schema.type:
        case "bytes":
            return value.decode("latin-1")
        case "array":
            return [_default_to_avro(items_of(schema), each, rules) for each in value]
        case "map":
            values = [_default_to_avro(items_of(schema), each, rules) for each in value.values()]
            if has_avro_map(schema, rules):
                return dict(zip(value, values, strict=True))
            keys = [_default_to_avro(keys_of(schema), each, rules) for each in value]
            return [list(pair) for pair in zip(keys, values, strict=True)]
        case "struct" if is_union(schema):
            first = schema.fields[0]
            return _default_to_avro(first.schema, value.get(first.name), rules)
        case "struct":
            return {name: _default_to_avro(each, value.get(name), rules) for name, each in schema.fields}
    return value


# --- logical types ---------------------------------------------------------------------------------------------------


def to_wire(schema: Schema, value: Any) -> Any:
    """A value of a logical type as the int or bytes that are written; every other value as it is. Raises DataError."""
    convert = TO_WIRE.get(schema.name or "")
    return value if convert is None else convert(schema)(value)


def _days(_: Schema) -> Callable[[Any], int]:
    def days(value: Any) -> int:
        if value.ms % _DAY_MS:
            raise DataError("Kafka Connect Date type should not have any time fields set to non-zero values.")
        return int(value.ms // _DAY_MS)

    return days


def _time(_: Schema) -> Callable[[Any], int]:
    def time(value: Any) -> int:
        if not 0 <= value.ms < _DAY_MS:
            raise DataError("Kafka Connect Time type should not have any date fields set to non-zero values.")
        return int(value.ms)

    return time


def _milliseconds(_: Schema) -> Callable[[Any], int]:
    return lambda value: value.ms


def _unscaled(schema: Schema) -> Callable[[Any], bytes]:
    scale = int(schema.parameters["scale"])
    return lambda value: unscaled_bytes(value, scale)


TO_WIRE: Mapping[str, Callable[[Schema], Callable[[Any], Any]]] = {
    DATE: _days,
    TIME: _time,
    TIMESTAMP: _milliseconds,
    DECIMAL: _unscaled,
}
"""For each logical type: for a schema of its, what makes the wire's value of a value."""


def _from_unscaled(schema: Schema) -> Callable[[Any], Any]:
    scale = int(schema.parameters["scale"])
    return lambda wire: of_unscaled(wire, scale)


FROM_WIRE: Mapping[str, Callable[[Schema], Callable[[Any], Any]]] = {
    DATE: lambda _: lambda wire: Moment(wire * _DAY_MS),
    TIME: lambda _: Moment,
    TIMESTAMP: lambda _: Moment,
    DECIMAL: _from_unscaled,
}
"""The reverse of TO_WIRE."""

# --- from Avro -------------------------------------------------------------------------------------------------------


def connect_schema(avro: AvroSchema, rules: Rules, version: int | None = None) -> Schema | None:
    """The Connect schema for an Avro schema, None for Anything; raises DataError for one that Connect cannot express.

    `version` is that of the subject, used where the schema itself carries no connect.version.
    """
    if avroschema.same(avro, ANYTHING):
        return None
    return _FromAvro(rules).convert(avro, version=version)


class _FromAvro:
    """One conversion; `open` are the records that are being converted, so that one inside itself is noticed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._open: set[str] = set()

    def convert(
        self, avro: AvroSchema, *, optional: bool = False, default: Any = ABSENT, version: int | None = None
    ) -> Schema:
        if avro.type == "union":
            plain = self._without_union(avro)
            if plain is not None:
                return self.convert(plain, optional=optional or len(avro.branches) > 1)
        bare = self._bare(avro)
        parameters = {**bare.parameters, **self._parameters(avro)}
        if default is not ABSENT and "connect.default" not in avro.properties and self._rules.meta_data:
            parameters[_DEFAULT_FROM_AVRO] = "true"
        named = replace(
            bare,
            name=self._name(avro, bare),
            version=self._version(avro, bare, version),
            doc=avro.properties.get("connect.doc") if self._rules.meta_data else None,
            parameters=parameters,
        )
        source = avro.properties.get("connect.default") if default is ABSENT else default
        return replace(
            named, optional=optional or bare.optional, default=_default_from_avro(named, avro, source, self._rules)
        )

    def _without_union(self, avro: AvroSchema) -> AvroSchema | None:
        """The one branch that is not null, or None for a true union."""
        if len(avro.branches) == 1 and self._rules.flatten_singleton_union:
            return avro.branches[0]
        others = [each for each in avro.branches if each.type != "null"]
        return others[0] if len(avro.branches) == 2 and len(others) == 1 else None

    def _bare(self, avro: AvroSchema) -> Schema:  # noqa: PLR0911 - one line for each type
        match avro.type:
            case "record":
                return self._struct(avro)
            case "union":
                return self._union(avro)
            case "array":
                return self._array(avro)
            case "map":
                return Schema("map", keys=STRING, items=self.convert(inner(avro)))
            case "enum":
                return self._enum(avro)
            case "bytes" | "fixed":
                return _bytes(avro)
            case "null":
                raise DataError("Standalone null schemas are not supported by this converter")
        return _number_or_text(avro)

    def _struct(self, avro: AvroSchema) -> Schema:
        if avro.name in self._open:
            raise DataError(f"the schema is recursive in {avro.name}, which is not supported")
        self._open.add(avro.name)
        parameters = {}
        if self._rules.meta_data:
            if avro.doc is not None:
                parameters[_RECORD_DOC] = avro.doc
            parameters |= {_FIELD_DOC + each.name: each.doc for each in avro.fields if each.doc is not None}
        fields = tuple(Field(each.name, self.convert(each.schema, default=each.default)) for each in avro.fields)
        self._open.remove(avro.name)
        return Schema("struct", parameters=parameters, fields=fields)

    def _union(self, avro: AvroSchema) -> Schema:
        members = [each for each in avro.branches if each.type != "null"]
        names = [union_field(each, self._rules) for each in members]
        if len(set(names)) < len(names):
            raise DataError("Multiple union schemas map to the Connect union field name")
        fields = tuple(
            Field(name, self.convert(each, optional=True)) for name, each in zip(names, members, strict=True)
        )
        return Schema("struct", optional=len(members) < len(avro.branches), name=UNION, fields=fields)

    def _array(self, avro: AvroSchema) -> Schema:
        items = inner(avro)
        if not is_map_entry(items):
            return Schema("array", items=self.convert(items))
        parts = {each.name: each.schema for each in items.fields}
        if set(parts) != {"key", "value"}:
            raise DataError(
                "Found map encoded as array of key-value pairs, but array elements do not match the expected format."
            )
        return Schema("map", keys=self.convert(parts["key"]), items=self.convert(parts["value"]))

    def _enum(self, avro: AvroSchema) -> Schema:
        simple = avro.name.rpartition(".")[2]
        parameters = {}
        if self._rules.meta_data:
            if avro.doc is not None:
                parameters[_ENUM_DOC + simple] = avro.doc
            if avro.symbol is not None:
                parameters[_ENUM_DEFAULT + simple] = avro.symbol
        parameters[ENUM] = avro.name
        return Schema("string", parameters=parameters | {f"{ENUM}.{symbol}": symbol for symbol in avro.symbols})

    def _name(self, avro: AvroSchema, bare: Schema) -> str | None:
        name = avro.properties.get("connect.name")
        if name is None and avro.type in ("record", "enum", "fixed"):
            name = avro.name
        if name is None or str(name).startswith(_DEFAULT_NAME):
            return bare.name
        if bare.name not in (None, name):
            raise DataError(
                f"Mismatched names: name already added to SchemaBuilder ({bare.name}) differs from name in source "
                f"schema ({name})"
            )
        return str(name)

    def _version(self, avro: AvroSchema, bare: Schema, version: int | None) -> int | None:
        found = avro.properties.get("connect.version", version)
        if found is None:
            return bare.version
        if not isinstance(found, int):
            raise DataError(f"Invalid Connect version found: {found}")
        if bare.version not in (None, found):
            raise DataError(
                f"Mismatched versions: version already added to SchemaBuilder ({bare.version}) differs from version "
                f"in source schema ({found})"
            )
        return found

    def _parameters(self, avro: AvroSchema) -> dict[str, str]:
        found = avro.properties.get("connect.parameters") if self._rules.meta_data else None
        if not isinstance(found, dict | None) or not all(isinstance(each, str) for each in (found or {}).values()):
            raise DataError(f"Expected schema parameter values to be strings but found: {found}")
        own = {name: str(value) for name, value in avro.properties.items() if name.startswith("avro")}
        return {**(found or {}), **own}


def is_map_entry(avro: AvroSchema) -> bool:
    """Whether an array of these records stands for a map."""
    named = avro.name == f"{NAMESPACE}.{MAP_ENTRY}"
    return avro.type == "record" and (named or avro.properties.get("connect.internal.type") == MAP_ENTRY)


def union_field(avro: AvroSchema, rules: Rules) -> str:
    """The name of a union's field for a branch."""
    if avro.type not in ("record", "enum", "fixed"):
        return avro.type
    return avro.name if rules.enhanced else avro.name.rpartition(".")[2]


def _bytes(avro: AvroSchema) -> Schema:
    parameters = {}
    decimal = str(avro.properties.get("logicalType")).lower() == "decimal"
    if decimal:
        scale, precision = avro.properties.get("scale", 0), avro.properties.get("precision", _PRECISION_DEFAULT)
        if not isinstance(precision, int):
            raise DataError("precision property must be a JSON Integer.")
        parameters["scale"] = str(scale if isinstance(scale, int) else 0)
        if precision != _PRECISION_DEFAULT:
            parameters[_PRECISION] = str(precision)
    if avro.type == "fixed":
        parameters[FIXED_SIZE] = str(avro.size)
    return Schema("bytes", name=DECIMAL if decimal else None, version=1 if decimal else None, parameters=parameters)


def _number_or_text(avro: AvroSchema) -> Schema:
    logical = str(avro.properties.get("logicalType")).lower()
    match avro.type, logical:
        case "int", "date":
            return Schema("int32", name=DATE, version=1)
        case "int", "time-millis":
            return Schema("int32", name=TIME, version=1)
        case "long", "timestamp-millis":
            return Schema("int64", name=TIMESTAMP, version=1)
    if avro.type == "int":
        return Schema(_small_int(avro))
    types: dict[str, Type] = {"long": "int64", "float": "float32", "double": "float64"}
    return Schema(types.get(avro.type) or ("boolean" if avro.type == "boolean" else "string"))


def _small_int(avro: AvroSchema) -> Type:
    kind = avro.properties.get("connect.type")
    if kind is None or "logicalType" in avro.properties:
        return "int32"
    if kind not in ("int8", "int16"):
        raise DataError("Connect type annotation for Avro int field is null")
    return "int8" if kind == "int8" else "int16"


def _default_from_avro(schema: Schema, avro: AvroSchema, source: Any, rules: Rules) -> Any:
    """The default under a schema from its JSON; one that does not fit the schema is ignored, as AvroData does."""
    if source is None or not avroschema.is_default(avro, source):
        return None
    return _value_from_json(schema, avro, source, rules)


def _value_from_json(schema: Schema, avro: AvroSchema, source: Any, rules: Rules) -> Any:
    """The value that JSON, which fits the Avro schema, stands for."""
    if source is None or source is ABSENT:
        return None
    match avro.type:
        case "record":
            values = [
                _value_from_json(field.schema, each.schema, source.get(each.name, each.default), rules)
                for field, each in zip(schema.fields, avro.fields, strict=True)
            ]
            return Struct(schema, values)
        case "union":
            return _union_from_json(schema, avro, source, rules)
        case "array" | "map":
            return _several_from_json(schema, avro, source, rules)
    if avro.type in ("bytes", "fixed"):
        source = source.encode("latin-1", "replace")
    elif avro.type in ("float", "double"):
        source = float(source)
    convert = FROM_WIRE.get(schema.name or "")
    return source if convert is None else convert(schema)(source)


def _several_from_json(schema: Schema, avro: AvroSchema, source: Any, rules: Rules) -> Any:
    if schema.type == "array":
        return [_value_from_json(items_of(schema), inner(avro), each, rules) for each in source]
    if avro.type == "map":
        return {name: _value_from_json(items_of(schema), inner(avro), each, rules) for name, each in source.items()}
    key, value = inner(avro).fields
    return {
        _value_from_json(keys_of(schema), key.schema, each["key"], rules): _value_from_json(
            items_of(schema), value.schema, each["value"], rules
        )
        for each in source
    }


def _union_from_json(schema: Schema, avro: AvroSchema, source: Any, rules: Rules) -> Any:
    branch = next(each for each in avro.branches if avroschema.is_default(each, source))
    if not is_union(schema):
        return _value_from_json(schema, branch, source, rules)
    name = union_field(branch, rules)
    values = [
        _value_from_json(each.schema, branch, source, rules) if each.name == name else None for each in schema.fields
    ]
    return Struct(schema, values)
