"""The schema registries that Avro converters name, through Confluent's client.

Each side of a record may have a registry of its own; `mock://` names one within the process. A schema that refers to
others is given back as one text: each referenced type stands where it is used first.

A text also says a version, as `connect.version`: that of the schema in its subject, where the schema itself says none.
The subject follows from the topic, the name of the schema, or both, by the converter's `key.subject.name.strategy` or
`value.subject.name.strategy`. Where the subject does not hold the schema there is no version, while Confluent's
converter refuses the record. Source: AbstractKafkaAvroDeserializer.deserializeWithSchemaAndVersion.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError, Problem, SourceError

Side: TypeAlias = Literal["key", "value"]

TIMEOUT_S = 60.0
"""How long one request may take, as in Confluent's Java client."""

_RETRY_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_NAMED = ("record", "error", "enum", "fixed")
_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NESTED = ("type", "items", "values")
_MISSING = 404
_VERSION = "connect.version"
_STRATEGIES = ("TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy")


class Registry:
    """What the two converters ask for schemas. Nothing is asked before the first fetch."""

    def __init__(self, config: SinkConfig, clients: Mapping[Side, SchemaRegistryClient] | None = None) -> None:
        """Raises ConfigError for settings that no client can be made with."""
        self._clients = dict(_clients(config) if clients is None else clients)
        settings: Mapping[Side, Mapping[str, str]] = {"key": config.key_settings, "value": config.value_settings}
        self._strategies = {side: _strategy(side, settings[side]) for side in self._clients}

    def fetch(self, side: Side, schema_id: int, topic: str) -> str:
        """The text of a schema in a record of that topic.

        Raises SourceError, with `retry` where the registry may answer later.
        """
        client = self._clients[side]
        where = f"schema {schema_id} of the {side}"
        with _errors(where):
            schema = client.get_schema(schema_id)
            text = _text(where, client, schema)
            plain = _parsed(text)
            if plain is None or (isinstance(plain, dict) and _VERSION in plain):
                return text
            version = _version(client, schema, self._subject(side, topic, plain))
        return text if version is None else _with_version(plain, version)

    def _subject(self, side: Side, topic: str, plain: Any) -> str:
        strategy = self._strategies[side]
        if strategy == "TopicNameStrategy":
            return f"{topic}-{side}"
        return _name(plain) if strategy == "RecordNameStrategy" else f"{topic}-{_name(plain)}"


def _clients(config: SinkConfig) -> Iterator[tuple[Side, SchemaRegistryClient]]:
    if config.key_converter == "AvroConverter":
        yield "key", _client("key.converter.", config.key_settings)
    if config.value_converter == "AvroConverter":
        yield "value", _client("value.converter.", config.value_settings)


def _strategy(side: Side, settings: Mapping[str, str]) -> str:
    """The simple name of the strategy's class; raises ConfigError for a class that is not Confluent's."""
    name = f"{side}.subject.name.strategy"
    given = settings.get(name, "").strip()
    package, _, simple = given.rpartition(".")
    if not given:
        return _STRATEGIES[0]
    if simple not in _STRATEGIES or package not in ("", "io.confluent.kafka.serializers.subject"):
        allowed = f"not supported; it is one of {', '.join(_STRATEGIES)} of io.confluent.kafka.serializers.subject"
        raise ConfigError([Problem(f"{side}.converter.{name}", given, allowed)])
    return simple


def _client(prefix: str, settings: Mapping[str, str]) -> SchemaRegistryClient:
    try:
        return SchemaRegistryClient.new_client(client_settings(settings))
    except (ValueError, OSError) as error:  # OSError: a certificate that is not there
        url = settings.get("schema.registry.url")
        raise ConfigError([Problem(f"{prefix}schema.registry.url", url, f"no client can be made: {error}")]) from error


def client_settings(settings: Mapping[str, str]) -> dict[str, Any]:
    """Settings of a converter as Confluent's Python client knows them; raises ValueError for what it cannot do."""
    found: dict[str, Any] = {"url": settings.get("schema.registry.url", "").strip(), "timeout": TIMEOUT_S}
    if not found["url"]:
        raise ValueError("schema.registry.url must be given")
    source = settings.get("basic.auth.credentials.source", "URL").strip().upper()
    if source == "USER_INFO":
        old = settings.get("schema.registry.basic.auth.user.info", "")
        found["basic.auth.user.info"] = (settings.get("basic.auth.user.info") or old).strip()
    elif source != "URL":
        raise ValueError(f"basic.auth.credentials.source={source} is not supported; use URL or USER_INFO")
    found |= _tls({name.removeprefix("schema.registry."): value for name, value in settings.items()})
    return found


def _tls(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """PEM files alone: Python reads no Java key stores."""
    for store, targets in (
        ("ssl.truststore", ("ssl.ca.location",)),
        ("ssl.keystore", ("ssl.key.location", "ssl.certificate.location")),
    ):
        location = settings.get(f"{store}.location", "").strip()
        if location and settings.get(f"{store}.type", "JKS").strip().upper() != "PEM":
            raise ValueError(f"schema.registry.{store}.location must be a PEM file, with {store}.type=PEM")
        if location:
            yield from ((target, location) for target in targets)
    if settings.get("ssl.key.password"):
        yield "ssl.key.password", settings["ssl.key.password"]


@contextmanager
def _errors(where: str) -> Iterator[None]:
    try:
        yield
    except SchemaRegistryError as error:
        retry = error.http_status_code in _RETRY_STATUS
        message = f"{where}: the registry answered {error.http_status_code} {error.error_message}"
        raise SourceError(message, retry=retry, outcome="not applied") from error
    except httpx2.TransportError as error:
        message = f"{where}: the registry did not answer: {error}"
        raise SourceError(message, retry=True, outcome="not applied") from error
    except (httpx2.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
        # What is no answer of a registry ends in one of these within the client.
        message = f"{where}: what answered is no schema registry: {type(error).__name__}: {error}"
        raise SourceError(message, retry=False, outcome="not applied") from error


# --- versions --------------------------------------------------------------------------------------------------------


def _parsed(text: str) -> Any:
    """The schema as JSON; None for what is none, which the converter complains of."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _version(client: SchemaRegistryClient, schema: Schema, subject: str) -> int | None:
    """The version of the schema in the subject, also a deleted one; None where the subject does not hold it."""
    try:
        return client.lookup_schema(subject, schema, deleted=True).version
    except SchemaRegistryError as error:
        if error.http_status_code == _MISSING:
            return None
        raise


def _with_version(plain: Any, version: int) -> str:
    whole = plain if isinstance(plain, dict) else {"type": plain}
    return json.dumps({**whole, _VERSION: version}, separators=(",", ":"), ensure_ascii=False)


def _name(plain: Any) -> str:
    """The full name of a schema; that of its type where it has no name, as in Avro's Java library."""
    if isinstance(plain, list):
        return "union"
    if isinstance(plain, dict):
        return _full_name(plain, "") if plain.get("type") in _NAMED else _name(plain.get("type"))
    return str(plain)


# --- references ------------------------------------------------------------------------------------------------------


def _text(where: str, client: SchemaRegistryClient, schema: Schema) -> str:
    if schema.schema_type not in (None, "AVRO"):
        message = f"{where} is of type {schema.schema_type}, and AvroConverter reads AVRO alone"
        raise SourceError(message, retry=False, outcome="not applied")
    assert schema.schema_str is not None, "a schema has a text"
    if not schema.references:
        return schema.schema_str
    types: dict[str, Any] = {}
    _collect(client, schema, types, set())
    return json.dumps(inlined(json.loads(schema.schema_str), types), separators=(",", ":"), ensure_ascii=False)


def _collect(
    client: SchemaRegistryClient, schema: Schema, types: dict[str, Any], seen: set[tuple[str | None, int | None]]
) -> None:
    """Add all types that a schema refers to, by their full names, and what these refer to."""
    for reference in schema.references or ():
        if (reference.subject, reference.version) in seen:
            continue
        seen.add((reference.subject, reference.version))
        found = client.get_version(str(reference.subject), reference.version or "latest").schema
        if found is None or found.schema_str is None:
            raise ValueError(f"{reference.subject} has no version {reference.version}")
        _collect(client, found, types, seen)
        told = json.loads(found.schema_str)
        for definition in told if isinstance(told, list) else [told]:
            if isinstance(definition, dict) and definition.get("type") in _NAMED:
                types[_full_name(definition, "")] = definition


def inlined(schema: Any, types: Mapping[str, Any]) -> Any:
    """A schema in which each of `types` (definitions by full name) stands where it is used first."""
    return _Inliner(types).inline(schema, "")


class _Inliner:
    """Walks a schema in the order in which a parser reads it, and knows which names have been defined by then."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types
        self._defined: set[str] = set()

    def inline(self, schema: Any, space: str) -> Any:
        """`schema` within the namespace `space`."""
        match schema:
            case str():
                return self._name(schema, space)
            case list():
                return [self.inline(branch, space) for branch in schema]
            case {"type": str(kind)} if kind in _NAMED:
                return self._define(schema, space)
            case dict():
                return {name: self.inline(value, space) if name in _NESTED else value for name, value in schema.items()}
        return schema

    def _name(self, name: str, space: str) -> Any:
        """A name is first looked for within the namespace in which it stands."""
        if name in _PRIMITIVES:
            return name
        for full in (f"{space}.{name}", name) if space and "." not in name else (name,):
            if full in self._defined:
                return name
            if full in self._types:
                # A namespace that is said, even an empty one: else it would take on that of where it now stands.
                definition = {
                    **self._types[full],
                    "name": full.rpartition(".")[2],
                    "namespace": full.rpartition(".")[0],
                }
                return self._define(definition, "")
        return name

    def _define(self, schema: dict[str, Any], space: str) -> Any:
        full = _full_name(schema, space)
        self._defined.add(full)
        if "fields" not in schema:
            return schema
        own_space = full.rpartition(".")[0]
        fields = [{**each, "type": self.inline(each.get("type"), own_space)} for each in schema["fields"]]
        return {**schema, "fields": fields}


def _full_name(schema: Mapping[str, Any], space: str) -> str:
    name = str(schema.get("name", ""))
    own_space = str(schema.get("namespace", space))
    return name if "." in name or not own_space else f"{own_space}.{name}"
