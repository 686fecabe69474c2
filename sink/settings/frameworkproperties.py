"""The properties that Kafka Connect itself gives every sink connector: name and topics, converters, transforms, errors.

Each worker of Connect has default converters; this sink has none, so that `key.converter` and `value.converter` must be
given, by the connector's properties or the worker's. Source: Kafka Connect's sink connector configuration; reference
1.1 (`name`) and 9.2 B2, B3, B7.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.sink.settings.propertytypes import (
    REGEX,
    REQUIRED,
    Property,
    Used,
    Valid,
    between,
    java_class,
    matching,
    one_of,
    plugin_class,
)

Side: TypeAlias = Literal["key", "value", "header"]

CONNECTOR = "io.confluent.connect.s3.S3SinkConnector"
INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1

_CONNECT = "org.apache.kafka.connect"
_NUMBERS = ("Integer", "Long", "Short", "Float", "Double", "Boolean")
CONVERTERS = (
    f"{_CONNECT}.storage.StringConverter",
    f"{_CONNECT}.converters.ByteArrayConverter",
    f"{_CONNECT}.json.JsonConverter",
    "io.confluent.connect.avro.AvroConverter",
    *(f"{_CONNECT}.converters.{name}Converter" for name in _NUMBERS),
)
HEADER_CONVERTERS = (
    f"{_CONNECT}.storage.SimpleHeaderConverter",
    f"{_CONNECT}.storage.StringConverter",
    f"{_CONNECT}.converters.ByteArrayConverter",
    f"{_CONNECT}.json.JsonConverter",
    *(f"{_CONNECT}.converters.{name}Converter" for name in _NUMBERS),
)
_STRATEGIES = tuple(
    f"io.confluent.kafka.serializers.subject.{name}"
    for name in ("TopicNameStrategy", "RecordNameStrategy", "TopicRecordNameStrategy")
)
_MISSING = (
    "is required: a worker of Connect has a default for it, this sink has none; add the lines {0} and {0}.* of the "
    "worker's file"
)


def _tolerant(values: Mapping[str, Any]) -> bool:
    return bool(values["errors.tolerance"] == "all")


def _dead_letters(values: Mapping[str, Any]) -> bool:
    return bool(values["errors.deadletterqueue.topic.name"])


_DEAD_LETTERS = Used("errors.deadletterqueue.topic.name is given", _dead_letters)
_LOGGED = Used("errors.log.enable is true", lambda values: bool(values["errors.log.enable"]))

COMMON: tuple[Property, ...] = (
    Property(
        "name", "STRING", "S3-sink",
        "Name of the connector; also of its consumer group, `connect-<name>`.",
        matching(r"[^\x00-\x1f\x7f]+", "must not be blank and hold no control characters"),
        importance="HIGH", width="MEDIUM",
    ),
    Property(
        "connector.class", "CLASS", CONNECTOR,
        "Says which connector the properties are for. There is one here, so that it may be left out.",
        java_class(CONNECTOR, aliases={"S3SinkConnector": "S3SinkConnector", "S3Sink": "S3SinkConnector"}),
        importance="HIGH", width="LONG",
    ),
    Property(
        "connector.plugin.version", "STRING", None,
        "Version of the connector to run in a worker with several; there is one here.",
        used=Used("the sink runs inside Kafka Connect", lambda values: False),
    ),
    Property(
        "tasks.max", "INT", "1",
        "How many tasks share the partitions, each a member of the group.",
        between(1, INT_MAX), importance="HIGH",
    ),
    Property(
        "tasks.max.enforce", "BOOLEAN", "true",
        "Whether more tasks than `tasks.max` are an error; never so here.",
        importance="LOW", used=Used("the sink runs inside Kafka Connect", lambda values: False),
    ),
    Property(
        "topics", "LIST", "",
        "Topics to read. Exactly one of `topics` and `topics.regex` is given.",
        importance="HIGH", width="LONG",
    ),
    Property(
        "topics.regex", "STRING", "",
        "Pattern of the topics to read, which must fit a whole name; topics that appear later are read too.",
        REGEX, importance="HIGH", width="LONG",
    ),
    Property(
        "key.converter", "CLASS", REQUIRED,
        "How the bytes of a key become a value.",
        plugin_class(*CONVERTERS, kinds=("Converter",)), importance="LOW", recommended=CONVERTERS,
        missing=_MISSING.format("key.converter"),
    ),
    Property(
        "value.converter", "CLASS", REQUIRED,
        "How the bytes of a value become a value.",
        plugin_class(*CONVERTERS, kinds=("Converter",)), importance="LOW", recommended=CONVERTERS,
        missing=_MISSING.format("value.converter"),
    ),
    Property(
        "header.converter", "CLASS", HEADER_CONVERTERS[0],
        "How the bytes of a header become a value.",
        plugin_class(*HEADER_CONVERTERS, kinds=("HeaderConverter", "Converter")),
        importance="LOW", recommended=HEADER_CONVERTERS,
    ),
    Property(
        "config.action.reload", "STRING", "restart",
        "What to do when a secret that a property stands for changes; there are no such secrets here.",
        one_of("none", "restart"), importance="LOW",
        used=Used("the sink runs inside Kafka Connect", lambda values: False),
    ),
)  # fmt: skip

TRANSFORMS: tuple[Property, ...] = (
    Property(
        "transforms", "LIST", "",
        "Names of the transforms that a record goes through after conversion, in order; `transforms.<name>.type` and "
        "what stands beside it say what each does.",
        importance="LOW", width="LONG", display_name="Transforms",
    ),
    Property(
        "predicates", "LIST", "",
        "Names of the predicates that transforms may ask, defined by `predicates.<name>.type`.",
        importance="LOW", width="LONG", display_name="Predicates",
    ),
)  # fmt: skip

ERRORS: tuple[Property, ...] = (
    Property(
        "errors.tolerance", "STRING", "none",
        "`all` skips a record that cannot be converted, transformed or written; `none` fails the task.",
        one_of("none", "all"),
    ),
    Property(
        "errors.retry.timeout", "LONG", "0",
        "How long a conversion or transform is tried again after a retriable error, in ms; -1 is for ever.",
    ),
    Property(
        "errors.retry.delay.max.ms", "LONG", "60000",
        "Longest pause between two such tries, in ms.",
    ),
    Property(
        "errors.log.enable", "BOOLEAN", "false",
        "Whether each error is logged, also a tolerated one.",
    ),
    Property(
        "errors.log.include.messages", "BOOLEAN", "false",
        "Whether that log names topic, partition, offset and time of the record.",
        used=_LOGGED,
    ),
    Property(
        "errors.deadletterqueue.topic.name", "STRING", "",
        "Topic that takes the records that were skipped; blank for none.",
    ),
    Property(
        "errors.deadletterqueue.topic.replication.factor", "SHORT", "3",
        "Copies of each partition of that topic, if it must be made; -1 is the broker's default.",
        used=_DEAD_LETTERS,
    ),
    Property(
        "errors.deadletterqueue.context.headers.enable", "BOOLEAN", "false",
        "Whether headers of a dead letter say where it came from and what was wrong.",
        used=_DEAD_LETTERS,
    ),
)  # fmt: skip


class Setting(NamedTuple):
    """A setting of a converter, below `key.converter.` and its like, and the converters and sides that know it."""

    property: Property
    converters: tuple[str, ...]
    sides: tuple[Side, ...] = ("key", "value")


_JSON = ("JsonConverter",)
_AVRO = ("AvroConverter",)
_ALL: tuple[Side, ...] = ("key", "value", "header")
_KEY_AND_VALUE: tuple[Side, ...] = ("key", "value")
_DECIMALS: Valid = one_of("BASE64", "NUMERIC", any_case=True)

SETTINGS: tuple[Setting, ...] = (
    Setting(
        Property("schemas.enable", "BOOLEAN", "true", "Each JSON text is an envelope of schema and payload."),
        _JSON, _ALL,
    ),
    Setting(
        Property("schemas.cache.size", "INT", "1000", "How many schemas are kept parsed.", importance="LOW"),
        _JSON, _ALL,
    ),
    Setting(
        Property(
            "decimal.format", "STRING", "BASE64",
            "How decimals are written as JSON; both forms are read, whatever it says.", _DECIMALS, importance="LOW",
        ),
        _JSON, _ALL,
    ),
    Setting(
        Property(
            "replace.null.with.default", "BOOLEAN", "true",
            "A null in a field that has a default becomes the default.", importance="LOW",
        ),
        _JSON, _ALL,
    ),
    Setting(
        Property("converter.encoding", "STRING", "UTF-8", "Charset of the text.", importance="HIGH"),
        ("StringConverter",), _ALL,
    ),
    Setting(
        Property(
            "schema.registry.url", "LIST", None,
            "Where the schema registry is; several are tried in turn. Must be given for AvroConverter.",
            importance="HIGH", width="LONG",
        ),
        _AVRO,
    ),
    Setting(
        Property(
            "basic.auth.credentials.source", "STRING", "URL",
            "Where name and password for the registry come from: its URL, or `basic.auth.user.info`.",
            one_of("URL", "USER_INFO", "SASL_INHERIT", any_case=True),
        ),
        _AVRO,
    ),
    Setting(Property("basic.auth.user.info", "PASSWORD", "", "`name:password` for the registry."), _AVRO),
    Setting(
        Property(
            "schema.registry.basic.auth.user.info", "PASSWORD", "",
            "An older name of `basic.auth.user.info`.", importance="LOW",
        ),
        _AVRO,
    ),
    Setting(
        Property(
            "enhanced.avro.schema.support", "BOOLEAN", "false",
            "Keep enum symbols and package names on the way from Avro to Connect.",
        ),
        _AVRO,
    ),
    Setting(
        Property(
            "connect.meta.data", "BOOLEAN", "true",
            "Keep Connect's metadata (documentation, version, parameters) in the schema.", importance="LOW",
        ),
        _AVRO,
    ),
    Setting(
        Property("schemas.cache.config", "INT", "1000", "How many schemas are kept converted.", importance="LOW"),
        _AVRO,
    ),
    *(
        Setting(
            Property(
                f"{side}.subject.name.strategy", "CLASS", _STRATEGIES[0],
                "Which subject of the registry says the version of a schema: that of the topic, of the schema's name, "
                "or of both.",
                java_class(*_STRATEGIES), importance="LOW", recommended=_STRATEGIES,
            ),
            _AVRO, (side,),
        )
        for side in _KEY_AND_VALUE
    ),
)  # fmt: skip


def _converter_settings() -> Iterator[Property]:
    for side in ("key", "value", "header"):
        for setting in SETTINGS:
            if side in setting.sides:
                yield _placed(side, setting)


def _placed(side: str, setting: Setting) -> Property:
    """A setting below the prefix of its side."""
    was, converter = setting.property, f"{side}.converter"
    return Property(
        f"{converter}.{was.name}", was.type, was.default, was.doc, was.valid,
        importance=was.importance, width=was.width, group="Converters", recommended=was.recommended,
        used=Used(
            f"{converter} is {' or '.join(setting.converters)}", lambda values: values[converter] in setting.converters
        ),
    )  # fmt: skip


CONVERTER_SETTINGS: tuple[Property, ...] = tuple(_converter_settings())

PREFIXES: Mapping[str, str] = {
    "consumer.override.": "A setting of the consumer alone, by its Kafka name.",
    "transforms.": "A setting of one transform.",
    "predicates.": "A setting of one predicate.",
    "s3.credentials.provider.": "A setting of the credentials provider, handed to it without the prefix.",
    "key.converter.": "A setting of the key converter, handed to it without the prefix.",
    "value.converter.": "A setting of the value converter, handed to it without the prefix.",
    "header.converter.": "A setting of the header converter, handed to it without the prefix.",
}
"""Families of properties whose names are not all known; transforms say themselves what they know."""
