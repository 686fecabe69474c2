"""What reaches the sink's task of a record in Kafka: converters first, then transforms.

Key, value and headers are converted in this order; the first that fails ends the record. `schemas` is what the schema
registry holds, by id. Source: Apache Kafka 3.9 (WorkerSinkTask, the converters), reference 9.2 B2, B3 and B7.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, TypeAlias

from onceproof.model.avro import AvroData, Uncovered
from onceproof.model.envelopes import UnorderedKeys, opened
from onceproof.model.history import Record
from onceproof.model.java import utf8_text
from onceproof.model.literals import Unsettled, simple_header
from onceproof.model.schemas import OPTIONAL_BYTES, OPTIONAL_STRING, Schema, Value
from onceproof.model.settings import OutsideDomain
from onceproof.model.transforms import Header, Read, Refused, Transform, Untransformable, transforms_of
from onceproof.model.values import Malformed, json_value

__all__ = ["Read", "Reader", "Unreadable"]

Stage: TypeAlias = Literal["KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "TRANSFORMATION"]
Converter: TypeAlias = Callable[[bytes | None], tuple[Value, Schema | None]]

_JSON = "org.apache.kafka.connect.json.JsonConverter"
_STRING = "org.apache.kafka.connect.storage.StringConverter"
_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
_SIMPLE = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
_AVRO = "io.confluent.connect.avro.AvroConverter"
_NO_SCHEMAS: Mapping[int, str] = MappingProxyType({})
_AVRO_DEFAULTS = {
    "generalized.sum.type.support": "false", "scrub.invalid.names": "false", "allow.optional.map.keys": "false",
    "flatten.singleton.unions": "true", "ignore.default.for.nullables": "false", "discard.type.doc.default": "false",
    "use.latest.version": "false",
}  # fmt: skip
"""Settings of AvroConverter of which the model covers the default alone."""


class Unreadable(ValueError):  # noqa: N818  says what the record is
    """A record that a converter or a transform refuses. `is_tolerable`: errors.tolerance=all skips it."""

    def __init__(self, stage: Stage, text: str, *, is_tolerable: bool = True) -> None:
        super().__init__(f"{stage}: {text}")
        self.stage: Stage = stage
        self.text = text
        self.is_tolerable = is_tolerable


class Reader:
    """Converters and transforms of one configuration."""

    def __init__(self, config: Mapping[str, str], schemas: Mapping[int, str]) -> None:
        self._key = _converter(config, "key.converter", schemas)
        self._value = _converter(config, "value.converter", schemas)
        self._header = _converter(config, "header.converter", schemas)
        try:
            self._transforms: tuple[Transform, ...] = transforms_of(config)
        except Refused as error:
            raise OutsideDomain(f"{error} (outside the model)") from error
        has_key_transform = any(name.endswith(".type") and text.endswith("$Key") for name, text in config.items())
        if "key.converter" not in config and (
            has_key_transform or config.get("store.kafka.keys", "").lower() == "true"
        ):
            raise OutsideDomain("key.converter is not given: the worker's own decides (outside the model)")
        fails = config.get("header.converter", "").strip() == _JSON
        self._needs_headers = fails or bool(config.get("predicates", "").strip())

    @staticmethod
    def of(config: Mapping[str, str], schemas: Mapping[int, str] = _NO_SCHEMAS) -> "Reader":
        """The reader of a configuration; equal ones give the same.

        `OutsideDomain` for converters, settings and transforms that are not covered.
        """
        return _reader(frozenset(config.items()), frozenset(schemas.items()))

    def read(self, topic: str, partition: int, record: Record, *, with_headers: bool) -> Read | None:
        """A record as the task is handed it; None where a Filter dropped it.

        Unreadable where a converter or a transform fails. Headers may be left out unless asked for.
        """
        key, key_schema = _converted("KEY_CONVERTER", self._key, record.key)
        value, value_schema = _converted("VALUE_CONVERTER", self._value, record.value)
        headers: tuple[Header, ...] = ()
        if with_headers or self._needs_headers:
            headers = tuple(
                [(name, *_converted("HEADER_CONVERTER", self._header, item)) for name, item in record.headers]
            )
        timestamp_ms = None if record.timestamp_ms is None or record.timestamp_ms < 0 else record.timestamp_ms
        read: Read | None = Read(
            topic, partition, record.offset, timestamp_ms, key, key_schema, value, value_schema, headers
        )
        for transform in self._transforms:
            if read is None:
                return None
            read = _transformed(transform, read)
        return read


@lru_cache(maxsize=512)
def _reader(items: frozenset[tuple[str, str]], schemas: frozenset[tuple[int, str]]) -> Reader:
    return Reader(dict(items), dict(schemas))


def _converted(stage: Stage, converter: Converter, value: bytes | None) -> tuple[Value, Schema | None]:
    try:
        return converter(value)
    except Malformed as error:
        raise Unreadable(stage, str(error)) from error
    except (Uncovered, UnorderedKeys, Unsettled) as error:
        raise OutsideDomain(f"{stage}: {error} (outside the model)") from error
    except RecursionError as error:
        raise OutsideDomain(f"{stage}: a value nested too deeply for the model") from error


def _transformed(transform: Transform, read: Read) -> Read | None:
    try:
        return transform(read)
    except Untransformable as error:
        raise Unreadable("TRANSFORMATION", str(error), is_tolerable=error.is_tolerable) from error
    except Refused as error:
        raise OutsideDomain(f"{error} (outside the model)") from error


def _converter(config: Mapping[str, str], side: str, schemas: Mapping[int, str]) -> Converter:
    default = {"key.converter": _BYTES, "header.converter": _SIMPLE}.get(side, "")
    name = config.get(side, default).strip()
    given = {key.removeprefix(f"{side}."): text.strip() for key, text in config.items() if key.startswith(f"{side}.")}
    match name:
        case _ if name == _JSON:
            return _json_converter(side, given)
        case _ if name == _STRING:
            for encoding in ("converter.encoding", "serializer.encoding", "deserializer.encoding"):
                if given.get(encoding, "UTF-8").upper() not in ("UTF-8", "UTF8"):
                    raise _outside(side, encoding, given)
            return lambda value: (None if value is None else utf8_text(value), OPTIONAL_STRING)
        case _ if name == _BYTES:
            return lambda value: (value, OPTIONAL_BYTES)
        case _ if name == _SIMPLE and side == "header.converter":
            return lambda value: (None, None) if value is None else simple_header(value)
        case _ if name == _AVRO and side != "header.converter":
            return _avro_converter(config, side, given, schemas)
    raise OutsideDomain(f"{side}={config.get(side)!r} is outside the model")


def _outside(side: str, name: str, given: Mapping[str, str]) -> OutsideDomain:
    return OutsideDomain(f"{side}.{name}={given.get(name)!r} is outside the model")


def _flag(side: str, name: str, given: Mapping[str, str], *, default: bool) -> bool:
    text = given.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise _outside(side, name, given)
    return text == "true"


def _json_converter(side: str, given: Mapping[str, str]) -> Converter:
    fills_nulls = _flag(side, "replace.null.with.default", given, default=True)
    if given.get("schema.content"):
        raise _outside(side, "schema.content", given)
    if _flag(side, "schemas.enable", given, default=True):
        return lambda value: (None, None) if value is None else opened(value, fills_nulls=fills_nulls)
    return lambda value: (None if value is None else json_value(value), None)


def _avro_converter(
    config: Mapping[str, str], side: str, given: Mapping[str, str], schemas: Mapping[int, str]
) -> Converter:
    for name, covered in _AVRO_DEFAULTS.items():
        if given.get(name, covered).lower() != covered:
            raise _outside(side, name, given)
    data = AvroData(
        is_enhanced=_flag(side, "enhanced.avro.schema.support", given, default=False),
        keeps_metadata=_flag(side, "connect.meta.data", given, default=True),
    )
    compares = side == "value.converter" and config.get("schema.compatibility", "").strip() in (
        "BACKWARD",
        "FORWARD",
        "FULL",
    )

    def converted(value: bytes | None) -> tuple[Value, Schema | None]:
        if value is None:
            return None, None
        found, schema = data.opened(value, schemas)
        if compares and schema is not None and schema.version is None:
            raise Uncovered("a schema whose version only the registry knows; give it connect.version")
        return found, schema

    return converted
