"""JsonConverter with schemas: from the envelope {"schema": .., "payload": ..} to Connect's data.

The payload is taken as the schema says, with Jackson's leniency: a number under `string` is null, a text under `int32`
is 0, numbers are cut to their type. Equal schemas give the identical object as long as they are remembered, which
compatibility of schemas without versions rests on (reference 9.3 C3). Source: Kafka 3.9's JsonConverter, tried out.
"""

import base64
import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

import orjson

from onceproof.sink.avro import decimals
from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Field, Moment, Schema, Struct, Type
from onceproof.sink.errors import DataError
from onceproof.sink.java import jackson, javajson, javanumbers
from onceproof.sink.java.zones import DAY_MS

Reader: TypeAlias = Callable[[Any], Any]
"""From a tree of JSON to a value under the schema that it was made for; raises DataError, or _Inexact."""

_TYPES: Mapping[str, Type] = {
    "boolean": "boolean", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64",
    "float": "float32", "double": "float64", "bytes": "bytes", "string": "string",
    "array": "array", "map": "map", "struct": "struct",
}  # fmt: skip
_BITS: Mapping[str, int] = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}


class _Inexact(Exception):  # noqa: N818 - a question: read the numbers as decimals
    """A double stands for a number whose decimal digits matter."""


class JsonEnvelopes:
    """Reads envelopes. Remembers `cache_size` schemas, nested ones counted, those that were met last."""

    def __init__(self, *, cache_size: int, nulls_become_defaults: bool) -> None:
        self._schemas = _Schemas(cache_size, nulls_become_defaults)
        self._beginnings: list[tuple[bytes, Schema, _Payload]] = []
        """How the last envelopes began, up to their payloads; the next one mostly begins like one of them."""

    def read(self, data: bytes) -> tuple[Schema | None, Any]:
        """The schema and the value; raises DataError for what is no envelope, and what its schema refuses."""
        for at, (beginning, schema, payload) in enumerate(self._beginnings):
            if data.startswith(beginning) and data.endswith(b"}"):
                text = data[len(beginning) : -1]
                try:
                    tree = orjson.loads(text)
                except orjson.JSONDecodeError:
                    break
                if at:
                    self._beginnings.insert(0, self._beginnings.pop(at))
                self._schemas.touch(schema)
                return schema, payload.value(tree, text)
        return self._read(data)

    def _read(self, data: bytes) -> tuple[Schema | None, Any]:
        tree = _tree(data)
        if not isinstance(tree, dict) or tree.keys() != {"schema", "payload"}:
            raise DataError(
                'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain '
                "additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your "
                "converter configuration."
            )
        schema = self._schemas.of(tree["schema"])
        if schema is None:
            plain = javajson.parse(data)
            assert isinstance(plain, dict)
            return None, plain["payload"]
        payload = self._schemas.payload(schema)
        if beginning := _beginning(data):
            self._beginnings = [(beginning, schema, payload), *self._beginnings[: _BEGINNINGS - 1]]
        return schema, payload.of_exact(tree["payload"])


_BEGINNINGS = 8


def _beginning(data: bytes) -> bytes:
    """The bytes up to the payload, where it stands behind the schema in UTF-8; else nothing."""
    try:
        text = data.decode()
        opening = _SCHEMA_FIRST.match(text)
        if opening is None:
            return b""
        _, end = json.JSONDecoder().raw_decode(text, opening.end())
    except ValueError:
        return b""
    between = _THEN_PAYLOAD.match(text, end)
    return b"" if between is None else text[: between.end()].encode()


_SCHEMA_FIRST = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"schema"[ \t\r\n]*:[ \t\r\n]*')
_THEN_PAYLOAD = re.compile(r'[ \t\r\n]*,[ \t\r\n]*"payload"[ \t\r\n]*:')


class _Payload:
    """Reads the payloads of one schema."""

    def __init__(self, read: Reader, *, exact: bool) -> None:
        self._read = read
        self._exact = exact

    def value(self, tree: Any, text: bytes) -> Any:
        """The value of `text`, of which orjson made `tree`."""
        if not self._exact and len(text) < 2 * jackson.DEPTH and javajson.agrees(text):
            try:
                return self._read(tree)
            except _Inexact:
                pass
        return self.of_exact(_tree(text))

    def of_exact(self, tree: Any) -> Any:
        """The value of a tree whose broken numbers are decimals."""
        return self._read(tree)


def _tree(data: bytes) -> Any:
    """The first JSON value, with broken numbers as decimals."""
    if data[:1] in (b"{", b"[") and not (len(data) > jackson.DIGITS and _MANY_DIGITS in data.translate(_DIGITS)):
        try:
            return _EXACT.raw_decode(data.decode())[0]
        except (ValueError, RecursionError):
            pass  # malformed, or one of the things that Jackson takes
    return jackson.first_value(data, whole=int, broken=_decimal)


def _decimal(text: str) -> Decimal | float:
    """A BigDecimal; a double where the exponent is out of its range. A BigDecimal knows no negative zero."""
    exponent = text.lower().partition("e")[2]
    if exponent and not -(1 << 31) < int(exponent) < 1 << 31:
        return float(text) or 0.0
    found = Decimal(text)
    return found if found else found.copy_abs()


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_EXACT = json.JSONDecoder(parse_float=_decimal, parse_constant=_constant)
_MANY_DIGITS = b"0" * (jackson.DIGITS // 2)
_DIGITS = bytes(ord("0") if char in b"0123456789" else ord(" ") for char in range(256))


# --- schemas ---------------------------------------------------------------------------------------------------------


class _Schemas:
    """The schemas that were met last, by the text of their JSON with names in order."""

    def __init__(self, size: int, nulls_become_defaults: bool) -> None:  # noqa: FBT001 - one caller
        self._size = size
        self._nulls_become_defaults = nulls_become_defaults
        self._known: OrderedDict[str, Schema] = OrderedDict()
        self._texts: dict[int, str] = {}
        self._payloads: dict[int, _Payload] = {}

    def of(self, tree: Any) -> Schema | None:
        """The schema that a tree of JSON describes; None for null. Raises DataError."""
        if tree is None:
            return None
        text = json.dumps(tree, sort_keys=True, default=repr)
        schema = self._known.get(text)
        if schema is None:
            schema = self._build(tree)
            self._known[text] = schema
            self._texts[id(schema)] = text
            if len(self._known) > self._size:
                _, forgotten = self._known.popitem(last=False)
                del self._texts[id(forgotten)]
                self._payloads.pop(id(forgotten), None)
        self.touch(schema)
        return schema

    def touch(self, schema: Schema | None) -> None:
        """Keep a schema for longer than those that were met before it."""
        text = self._texts.get(id(schema))
        if text is not None:
            self._known.move_to_end(text)

    def payload(self, schema: Schema) -> _Payload:
        """What reads payloads under `schema`."""
        found = self._payloads.get(id(schema))
        if found is None:
            found = _Payload(reader(schema, nulls_become_defaults=self._nulls_become_defaults), exact=_is_exact(schema))
            if id(schema) in self._texts:
                self._payloads[id(schema)] = found
        return found

    def _build(self, tree: Any) -> Schema:
        type_name = tree.get("type") if isinstance(tree, dict) else None
        if not isinstance(type_name, str):
            raise DataError("Schema must contain 'type' field")
        if type_name not in _TYPES:
            raise DataError(f"Unknown schema type: {type_name}")
        schema = Schema(
            _TYPES[type_name],
            optional=tree.get("optional") is True,
            name=_text(tree.get("name")),
            version=_version(tree.get("version")),
            doc=_text(tree.get("doc")),
            parameters=_parameters(tree.get("parameters")),
            **self._contents(type_name, tree),
        )
        if "default" not in tree:
            return schema
        return replace(schema, default=self._default(schema, tree["default"]))

    def _contents(self, type_name: str, tree: dict[str, Any]) -> dict[str, Any]:
        match type_name:
            case "array":
                if (items := tree.get("items")) is None:
                    raise DataError("Array schema did not specify the element type")
                return {"items": self.of(items)}
            case "map":
                for part, what in (("keys", "key"), ("values", "value")):
                    if part not in tree:
                        raise DataError(f"Map schema did not specify the {what} type")
                keys, values = self.of(tree["keys"]), self.of(tree["values"])
                for schema, what in ((keys, "keySchema"), (values, "valueSchema")):
                    if schema is None:
                        raise DataError(f"{what} cannot be null.")
                return {"keys": keys, "items": values}
            case "struct":
                return {"fields": self._fields(tree.get("fields"))}
        return {}

    def _fields(self, trees: Any) -> tuple[Field, ...]:
        if not isinstance(trees, list):
            raise DataError('Struct schema\'s "fields" argument is not an array.')
        fields: dict[str, Field] = {}
        for tree in trees:
            name = tree.get("field") if isinstance(tree, dict) else None
            if not isinstance(name, str):
                raise DataError("Struct schema's field name not specified properly")
            schema = self.of(tree)
            assert schema is not None
            if not name:
                raise DataError("fieldName cannot be null.")
            if name in fields:
                raise DataError(f"Cannot create field because of field name duplication {name}")
            fields[name] = Field(name, schema)
        return tuple(fields.values())

    def _default(self, schema: Schema, tree: Any) -> Any:
        """A default, which must be a value under its schema; no struct is, by a slip of Kafka's."""
        value = reader(schema, nulls_become_defaults=self._nulls_become_defaults)(tree)
        if schema.type == "struct" and value is not None:
            raise DataError("Invalid default value")
        try:
            _validate(schema, value, "default")
        except DataError as error:
            raise DataError("Invalid default value") from error
        return value


def _text(tree: Any) -> str | None:
    return tree if isinstance(tree, str) else None


def _version(tree: Any) -> int | None:
    return javanumbers.wrapped(tree, 32) if type(tree) is int else None


def _parameters(tree: Any) -> dict[str, str]:
    if not isinstance(tree, dict):
        return {}
    if not all(isinstance(value, str) for value in tree.values()):
        raise DataError("Schema parameters must have string values.")
    return tree


def _is_exact(schema: Schema) -> bool:
    """Whether doubles do not do for a payload: decimals keep their scale, and a float is rounded once."""
    inner = [each for each in (schema.keys, schema.items, *(field.schema for field in schema.fields)) if each]
    return schema.name == DECIMAL or schema.type == "float32" or any(map(_is_exact, inner))


# --- values ----------------------------------------------------------------------------------------------------------


def reader(schema: Schema, *, nulls_become_defaults: bool) -> Reader:
    """What makes values under `schema` of trees."""
    read = _logical(schema) or _reader_of_type(schema, nulls_become_defaults=nulls_become_defaults)
    default = schema.default if nulls_become_defaults else None
    if default is None and not schema.optional:

        def required(tree: Any) -> Any:
            if tree is None:
                raise DataError(f"Invalid null value for required {schema.type.upper()} field")
            return read(tree)

        return required
    return lambda tree: default if tree is None else read(tree)


def _reader_of_type(schema: Schema, *, nulls_become_defaults: bool) -> Reader:  # noqa: PLR0911 - one line for each type
    match schema.type:
        case "boolean":
            return lambda tree: tree is True
        case "int8" | "int16" | "int32" | "int64":
            return _integer(_BITS[schema.type])
        case "float32":
            return _float32
        case "float64":
            return _float64
        case "bytes":
            return _bytes
        case "string":
            return _text
        case "array":
            assert schema.items is not None
            return _array(reader(schema.items, nulls_become_defaults=nulls_become_defaults))
        case "map":
            assert schema.keys is not None
            assert schema.items is not None
            keys = reader(schema.keys, nulls_become_defaults=nulls_become_defaults)
            items = reader(schema.items, nulls_become_defaults=nulls_become_defaults)
            return _named(items) if schema.keys.type == "string" else _pairs(keys, items)
        case "struct":
            return _struct(schema, nulls_become_defaults=nulls_become_defaults)


def _integer(bits: int) -> Reader:
    half = 1 << (bits - 1)

    def integer(tree: Any) -> int:
        if type(tree) is int:
            return tree if -half <= tree < half else javanumbers.wrapped(tree, bits)
        return javanumbers.wrapped(_cut(tree, bits), bits)

    return integer


def _cut(tree: Any, bits: int) -> int:
    """A broken number as a whole one, toward zero; 0 for what is no number."""
    if isinstance(tree, Decimal):
        # A tenfold of 2^64 has no low bits; powers of ten beyond are of that kind, and too long to write out.
        exponent = tree.as_tuple().exponent
        assert isinstance(exponent, int)
        return 0 if exponent >= 64 else int(tree)
    if isinstance(tree, float):
        if math.isfinite(tree) and tree:
            raise _Inexact
        bound = (1 << (max(bits, 32) - 1)) - 1  # only an exponent out of range leads to an infinite double
        return 0 if not tree else bound if tree > 0 else -bound - 1
    return 0


def _float32(tree: Any) -> float:
    if isinstance(tree, float):
        return tree
    return javanumbers.single(tree) if isinstance(tree, Decimal) or type(tree) is int else 0.0


def _float64(tree: Any) -> float:
    if isinstance(tree, float):
        return tree
    if isinstance(tree, Decimal):
        return float(tree)
    if type(tree) is not int:
        return 0.0
    try:
        return float(tree)
    except OverflowError:
        return math.inf if tree > 0 else -math.inf


_BASE64 = re.compile(
    r"(?:[\x00-\x20]*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))*[\x00-\x20]*", re.DOTALL
)
_BASE64_UNIT = re.compile(r"[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2,3}={1,2}")


def _bytes(tree: Any) -> bytes | None:
    """Bytes in base64 as Jackson takes it: blanks between units of four, padding that may stand anywhere, but must."""
    if not isinstance(tree, str):
        return None
    if not _BASE64.fullmatch(tree):
        raise DataError("Invalid bytes field")
    return b"".join(map(base64.b64decode, _BASE64_UNIT.findall(tree)))


def _array(item: Reader) -> Reader:
    def array(tree: Any) -> list[Any]:
        if isinstance(tree, dict):
            return [item(each) for each in tree.values()]
        return [item(each) for each in tree] if isinstance(tree, list) else []

    return array


def _named(item: Reader) -> Reader:
    def named(tree: Any) -> dict[str, Any]:
        if not isinstance(tree, dict):
            raise DataError(f"Maps with string fields should be encoded as JSON objects, but found {_kind(tree)}")
        return {name: item(each) for name, each in tree.items()}

    return named


def _pairs(key: Reader, item: Reader) -> Reader:
    def pairs(tree: Any) -> dict[Any, Any]:
        if not isinstance(tree, list):
            raise DataError(
                f"Maps with non-string fields should be encoded as JSON array of tuples, but found {_kind(tree)}"
            )
        found = {}
        for entry in tree:
            if not isinstance(entry, list):
                raise DataError(f"Found invalid map entry instead of array tuple: {_kind(entry)}")
            if len(entry) != 2:
                raise DataError(f"Found invalid map entry, expected length 2 but found :{len(entry)}")
            frozen = _frozen(key(entry[0]))  # refused before the item is
            found[frozen] = item(entry[1])
        return found

    return pairs


def _frozen(key: Any) -> Any:
    """A key that can be looked up: lists and maps become tuples."""
    if isinstance(key, list):
        return tuple(map(_frozen, key))
    if isinstance(key, dict):
        return tuple((_frozen(name), _frozen(item)) for name, item in key.items())
    return key


def _struct(schema: Schema, *, nulls_become_defaults: bool) -> Reader:
    fields = [
        (field.name, _field_reader(field, nulls_become_defaults=nulls_become_defaults)) for field in schema.fields
    ]

    def struct(tree: Any) -> Struct:
        if not isinstance(tree, dict):
            raise DataError(f"Structs should be encoded as JSON objects, but found {_kind(tree)}")
        return Struct(schema, [read(tree.get(name)) for name, read in fields])

    return struct


def _field_reader(field: Field, *, nulls_become_defaults: bool) -> Reader:
    read = reader(field.schema, nulls_become_defaults=nulls_become_defaults)
    if not _may_lack(field.schema):
        return read

    def checked(tree: Any) -> Any:
        value = read(tree)
        _validate(field.schema, value, f'field: "{field.name}"')
        return value

    return checked


def _may_lack(schema: Schema) -> bool:
    """Whether a value may turn out null where it must not be: texts and bytes do, of JSON that is neither."""
    if schema.name in (DECIMAL, DATE, TIME, TIMESTAMP):
        return False
    inner = [each for each in (schema.keys, schema.items) if each]
    return (schema.type in ("string", "bytes") and not schema.optional) or any(map(_may_lack, inner))


def _validate(schema: Schema, value: Any, where: str) -> None:
    """Refuse a null that the schema does not allow, inside arrays and maps too; structs have done so already."""
    if value is None:
        if not schema.optional:
            raise DataError(f"Invalid value: null used for required {where}, schema type: {schema.type.upper()}")
    elif schema.type == "array" and schema.items is not None:
        for item in value:
            _validate(schema.items, item, f"element of array {where}")
    elif schema.type == "map" and schema.keys is not None and schema.items is not None:
        for key, item in value.items():
            _validate(schema.keys, key, f"key of map {where}")
            _validate(schema.items, item, f"value of map {where}")


def _kind(tree: Any) -> str:
    """What Jackson calls it."""
    match tree:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case str():
            return "STRING"
        case list():
            return "ARRAY"
        case dict():
            return "OBJECT"
    return "NUMBER"


# --- logical types ---------------------------------------------------------------------------------------------------


def _logical(schema: Schema) -> Reader | None:
    match schema.name:
        case "org.apache.kafka.connect.data.Decimal":
            return lambda tree: _read_decimal(schema, tree)
        case "org.apache.kafka.connect.data.Date":
            return lambda tree: Moment(_int32(tree, "Date") * DAY_MS)
        case "org.apache.kafka.connect.data.Time":
            return _read_time
        case "org.apache.kafka.connect.data.Timestamp":
            return _read_timestamp
    return None


def _read_decimal(schema: Schema, tree: Any) -> Decimal:
    """A number keeps its own scale, even where that is not the schema's."""
    if isinstance(tree, str):
        try:
            unscaled, scale = _bytes(tree), scale_of(schema)
        except DataError as error:
            raise DataError("Invalid bytes for Decimal field") from error
        if not unscaled:
            raise DataError("Invalid bytes for Decimal field")
        return decimals.of_unscaled(unscaled, scale)
    if type(tree) is int:
        return Decimal(tree)
    if isinstance(tree, Decimal):
        return tree
    if isinstance(tree, float) and math.isfinite(tree):
        return Decimal(repr(tree))
    raise DataError(
        f"Invalid type for Decimal, underlying representation should be numeric or bytes but was {_kind(tree)}"
    )


def scale_of(schema: Schema) -> int:
    """The scale of a Decimal's schema; raises DataError where there is none."""
    text = schema.parameters.get("scale")
    if text is None:
        raise DataError("Invalid Decimal schema: scale parameter not found.")
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text):
        raise DataError("Invalid scale parameter found in Decimal schema: ")
    return int(text)


def _int32(tree: Any, what: str) -> int:
    if type(tree) is not int or not -(1 << 31) <= tree < 1 << 31:
        raise DataError(f"Invalid type for {what}, underlying representation should be integer but was {_kind(tree)}")
    return tree


def _read_time(tree: Any) -> Moment:
    ms = _int32(tree, "Time")
    if not 0 <= ms <= DAY_MS:
        raise DataError("Time values must use number of milliseconds greater than 0 and less than 86400000")
    return Moment(ms)


def _read_timestamp(tree: Any) -> Moment:
    if type(tree) is not int:
        raise DataError(
            f"Invalid type for Timestamp, underlying representation should be integral but was {_kind(tree)}"
        )
    return Moment(javanumbers.wrapped(tree, 64))
