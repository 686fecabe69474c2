"""How the bytes of a record become values of Connect.

A converter runs before put(), so a record that it refuses fails the task with nothing of its batch written, or is
skipped (reference 2 and 9.2 B2, B3). Batches are converted whole where that is faster.
"""

import codecs
import re
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import OPTIONAL_BYTES, OPTIONAL_STRING, Header, Schema, Struct
from onceproof.sink.errors import DataError
from onceproof.sink.java import charsets, javajson
from onceproof.sink.java.javahash import map_order
from onceproof.sink.java.javajson import hash_order
from onceproof.sink.reading import headers
from onceproof.sink.reading.connectjson import JsonEnvelopes

HeaderConverter = Callable[[str, bytes | None], Header]


class Converter(Protocol):
    """Makes values of the bytes of records."""

    constant: bool
    """Whether all values that are not null have the identical schema, or none has one."""

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The schema and the value; raises DataError for what it refuses, NeedsSchema for what it must be told."""

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The same for a batch, as columns; raises for the first that it refuses."""

    def learn(self, schema_id: int, text: str) -> None:
        """Take the text of a schema that was asked for."""


def converter(config: SinkConfig, side: Literal["key", "value"]) -> Converter:
    """The converter that the configuration names for keys or values."""
    if side == "key":
        return _named(config.key_converter, config.key_settings)
    return _named(config.value_converter, config.value_settings)


def _named(name: str, settings: Mapping[str, str]) -> Converter:
    match name:
        case "ByteArrayConverter":
            return _BYTES
        case "StringConverter":
            return _text_converter(settings.get("converter.encoding", "UTF-8"))
        case "JsonConverter":
            return EnvelopeConverter(settings) if _flag(settings, "schemas.enable") else _PLAIN_JSON
        case "AvroConverter":
            # Where there is no Avro nobody pays for it.
            from onceproof.sink.reading.avroconverter import AvroConverter  # noqa: PLC0415

            return AvroConverter(settings)
    return PrimitiveConverter(name.removesuffix("Converter"))


def _flag(settings: Mapping[str, str], name: str) -> bool:
    return settings.get(name, "true").strip().lower() == "true"


class BytesConverter:
    """ByteArrayConverter: bytes stay what they are."""

    constant = True

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The bytes."""
        return OPTIONAL_BYTES, data

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The bytes."""
        return [OPTIONAL_BYTES] * len(data), list(data)

    def learn(self, schema_id: int, text: str) -> None:
        """Nothing was asked."""


class TextConverter:
    """StringConverter: text in one charset; what is malformed in it becomes U+FFFD."""

    constant = True

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._codec = charsets.codec(encoding.strip())

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The text; DataError if Java does not know the charset either."""
        if data is None:
            return OPTIONAL_STRING, None
        if self._codec is None:
            raise DataError(
                f"Failed to deserialize string: Error when deserializing byte[] to string due to unsupported encoding "
                f"{self._encoding}"
            )
        if self._codec == "utf-8":
            return OPTIONAL_STRING, _utf8(data)
        return OPTIONAL_STRING, data.decode(_in_order(self._codec, data), "replace")

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The texts."""
        schemas: list[Schema | None] = [OPTIONAL_STRING] * len(data)
        if self._codec == "utf-8":
            try:
                return schemas, [None if each is None else each.decode() for each in data]
            except UnicodeDecodeError:
                pass
        return schemas, [self.one(each)[1] for each in data]

    def learn(self, schema_id: int, text: str) -> None:
        """Nothing was asked."""


def _in_order(codec: str, data: bytes) -> str:
    """The codec for a text that need not say the order of its bytes: big-endian first, as in Java."""
    if codec in ("utf-16", charsets.LITTLE_ENDIAN_BOM):
        marked = data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE))
        return "utf-16" if marked else "utf-16-be" if codec == "utf-16" else "utf-16-le"
    if codec == "utf-32" and not data.startswith((codecs.BOM_UTF32_BE, codecs.BOM_UTF32_LE)):
        return "utf-32-be"
    return codec


def _utf8(data: bytes) -> str:
    """Text as Java decodes it: a surrogate in three bytes is one malformed character, not three."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _SURROGATE.sub(b"\xef\xbf\xbd", data).decode(errors="replace")


_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")


class PlainJsonConverter:
    """JsonConverter without schemas; no bytes and the literal `null` are null."""

    constant = True

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The value; DataError for what is no JSON."""
        return None, None if data is None else javajson.parse(data)

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The values."""
        schemas: list[Schema | None] = [None] * len(data)
        given = [each for each in data if each is not None]
        if len(given) == len(data):
            return schemas, javajson.parse_all(given)
        values = iter(javajson.parse_all(given))
        return schemas, [None if each is None else next(values) for each in data]

    def learn(self, schema_id: int, text: str) -> None:
        """Nothing was asked."""


_BYTES, _PLAIN_JSON = BytesConverter(), PlainJsonConverter()
"""They have no state, so one does for all."""


@lru_cache(maxsize=64)
def _text_converter(encoding: str) -> TextConverter:
    """One for each charset, for the same reason."""
    return TextConverter(encoding)


class EnvelopeConverter:
    """JsonConverter with schemas: each text is an envelope of schema and payload."""

    constant = False

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._envelopes = JsonEnvelopes(
            cache_size=int(settings.get("schemas.cache.size", "1000")),
            nulls_become_defaults=_flag(settings, "replace.null.with.default"),
        )

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The schema and the value; DataError for what is no envelope, and what its schema refuses."""
        return (None, None) if data is None else self._envelopes.read(data)

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The schemas and the values."""
        return _columns(self.one, data)

    def learn(self, schema_id: int, text: str) -> None:
        """Nothing was asked."""


_PRIMITIVES: Mapping[str, tuple[struct.Struct, Schema]] = {
    "Integer": (struct.Struct(">i"), Schema("int32", optional=True)),
    "Long": (struct.Struct(">q"), Schema("int64", optional=True)),
    "Short": (struct.Struct(">h"), Schema("int16", optional=True)),
    "Float": (struct.Struct(">f"), Schema("float32", optional=True)),
    "Double": (struct.Struct(">d"), Schema("float64", optional=True)),
    "Boolean": (struct.Struct(">b"), Schema("boolean", optional=True)),
}


class PrimitiveConverter:
    """One number or boolean, big-endian, of exactly so many bytes."""

    constant = True

    def __init__(self, name: str) -> None:
        self._name = name
        self._layout, self._schema = _PRIMITIVES[name]

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """The value; DataError for bytes of another length, and for a boolean that is neither 0 nor 1."""
        if data is None:
            return self._schema, None
        if len(data) != self._layout.size:
            raise DataError(
                f"Failed to deserialize {self._name.lower()}: Size of data received by {self._name}Deserializer is not "
                f"{self._layout.size}"
            )
        (value,) = self._layout.unpack(data)
        if self._name != "Boolean":
            return self._schema, value
        if value not in (0, 1):
            raise DataError(f"Failed to deserialize boolean: Unexpected byte received by BooleanDeserializer: {value}")
        return self._schema, value == 1

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """The values."""
        return _columns(self.one, data)

    def learn(self, schema_id: int, text: str) -> None:
        """Nothing was asked."""


def _columns(
    one: Callable[[bytes | None], tuple[Schema | None, Any]], data: list[bytes | None]
) -> tuple[list[Schema | None], list[Any]]:
    pairs = list(map(one, data))
    return [schema for schema, _ in pairs], [value for _, value in pairs]


# --- headers ---------------------------------------------------------------------------------------------------------


def header_converter(config: SinkConfig) -> HeaderConverter:
    """The header converter that the configuration names; what it gives raises DataError for what it refuses."""
    name = config.header_converter
    if name == "SimpleHeaderConverter":
        return _simple
    convert = _named(name, config.header_settings).one
    if name != "JsonConverter":
        return lambda header, data: _header(header, convert(data))
    return lambda header, data: _header(header, _in_hash_order(*convert(data)))


def _simple(name: str, data: bytes | None) -> Header:
    parsed = headers.NULL if data is None else headers.parse(_utf8(data))
    return Header(name, parsed.value, parsed.schema)


def _header(name: str, converted: tuple[Schema | None, Any]) -> Header:
    schema, value = converted
    return Header(name, value, schema)


def _in_hash_order(schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
    """The value with maps in the order that they are printed in; those of SimpleHeaderConverter keep theirs."""
    return schema, _ordered(schema, value)


def _ordered(schema: Schema | None, value: Any) -> Any:
    if isinstance(value, dict):
        keys = hash_order(tuple(value)) if schema is None or schema.keys is None else map_order(value, schema.keys)
        return {key: _ordered(schema.items if schema else None, value[key]) for key in keys}
    if isinstance(value, list):
        return [_ordered(schema.items if schema else None, item) for item in value]
    if isinstance(value, Struct):
        fields = zip(value.schema.fields, value.values, strict=True)
        return Struct(value.schema, [_ordered(field.schema, item) for field, item in fields])
    return value
