"""AvroConverter: bytes in Confluent's wire format to Connect values.

The wire format is a zero byte, the id of the writer's schema (four bytes, big-endian), and the datum in Avro's binary
encoding. A value is read under its writer's schema. Bytes behind the datum are ignored, as by Avro's Java library.

Laws:
1. A converter does no I/O: an id that it does not know raises NeedsSchema, and `learn` tells it the schema.
2. The same id gives the identical Schema object, until it is forgotten: after a batch the oldest schemas are, down to
   schemas.cache.config. Never within one, so that a batch may need more.
3. What cannot be read raises DataError: bytes that are no datum, and an id whose schema is no Avro schema or cannot be
   expressed in Connect.
4. The version of a schema is the connect.version of its text, in which the registry puts that of the record's subject.
   As schemas are known by their id it is the version in the subject of the first topic that was asked for, also for
   records of another topic with the same id. Where there is none, schema.compatibility other than NONE refuses every
   change of schema. A union of null and one type has no version either way, as in the real converter.
Settings: enhanced.avro.schema.support (false), connect.meta.data (true), flatten.singleton.union (true),
schemas.cache.config (1000). UNSUPPORTED names those that change the result and are not known here.
Source: Confluent's AvroConverter and AbstractKafkaAvroDeserializer.
"""

from collections.abc import Mapping
from typing import Any

from onceproof.sink.avro import avroschema
from onceproof.sink.avro.avrobinary import Decode, decoded, decoder
from onceproof.sink.avro.avrodata import Rules, connect_schema
from onceproof.sink.data import Schema
from onceproof.sink.errors import DataError, NeedsSchema

UNSUPPORTED = ("generalized.sum.type.support", "scrub.invalid.names", "discard.type.doc.default")


def rules_of(settings: Mapping[str, str]) -> Rules:
    """How the converter's properties say that schemas are converted."""
    return Rules(
        enhanced=_is_set(settings, "enhanced.avro.schema.support", default=False),
        meta_data=_is_set(settings, "connect.meta.data", default=True),
        flatten_singleton_union=_is_set(settings, "flatten.singleton.union", default=True),
    )


def _is_set(settings: Mapping[str, str], name: str, *, default: bool) -> bool:
    return settings[name].strip().lower() == "true" if name in settings else default


class AvroConverter:
    """Converts the keys or the values of records."""

    constant = False
    """Records of one batch may have different schemas."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._cache_size = int(settings.get("schemas.cache.config", "1000"))
        self._rules = rules_of(settings)
        self._known: dict[int, tuple[Schema | None, Decode, bool] | DataError] = {}
        """By id; the last says that a value is nothing but bytes, which Confluent writes without their length."""

    def learn(self, schema_id: int, text: str) -> None:
        """Take in the text of a schema, its references inlined."""
        try:
            avro = avroschema.parse(text)
            schema = connect_schema(avro, self._rules, avro.properties.pop("connect.version", None))
            decode = decoder(avro, schema, self._rules)
            self._known[schema_id] = (schema, decode, avro.type == "bytes")
        except (avroschema.MalformedSchema, DataError) as error:
            self._known[schema_id] = DataError(f"schema {schema_id} cannot be used: {error}")

    def one(self, data: bytes | None) -> tuple[Schema | None, Any]:
        """Schema and value; both None for null. Raises DataError and NeedsSchema."""
        if data is None:
            return None, None
        if len(data) < 5 or data[0]:
            raise DataError("Unknown magic byte!" if data and data[0] else f"{len(data)} bytes hold no schema id")
        schema_id = int.from_bytes(data[1:5], "big", signed=True)
        known = self._known.get(schema_id)
        if known is None:
            raise NeedsSchema(schema_id)
        if isinstance(known, DataError):
            raise DataError(str(known))
        schema, decode, is_bare = known
        value = decode.value(data[5:]) if is_bare else decoded(decode, data, 5)
        return (None, None) if value is None else (schema, value)

    def all(self, data: list[bytes | None]) -> tuple[list[Schema | None], list[Any]]:
        """Schemas and values of a batch; raises what the first bad one raises."""
        pairs = [self.one(each) for each in data]
        for schema_id in list(self._known)[: max(0, len(self._known) - self._cache_size)]:
            del self._known[schema_id]
        return [schema for schema, _ in pairs], [value for _, value in pairs]
