"""The properties of the Kafka Connect S3 sink: name, type, default, what is allowed, and how a text becomes a value.

One table (`PROPERTIES`) is the only place that knows a property. Types are those of Kafka's ConfigDef: texts are
trimmed, but for `format.bytearray.separator`, which the real connector takes raw.
Source: reference, sections 1.1 to 1.3.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import javaproperties

from onceproof.sink.errors import ConfigError, Problem

REQUIRED = object()
"""Default of a property that must be given."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `parse` turns its text into a value or raises ValueError with what is allowed."""

    name: str
    default: Any
    parse: Callable[[str], Any]
    doc: str


def read_properties(path: Path) -> dict[str, str]:
    """Read a Java `.properties` file (comments, continuations, escapes); the last of two equal names wins.

    Raises ConfigError if the file cannot be read or an escape in it is malformed.
    """
    try:
        with path.open("rb") as file:
            return dict(javaproperties.load(file))
    except OSError as error:
        raise ConfigError([Problem(str(path), None, f"cannot be read: {error.strerror}")]) from None
    except (javaproperties.InvalidUEscapeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), None, f"is not a .properties file: {error}")]) from None


def text(value: str) -> str:
    """Any text."""
    return value


def integer(low: int, high: int) -> Callable[[str], int]:
    """Whole numbers in [low, high], as Kafka's INT and LONG read them: an optional sign and decimal digits."""

    def parse(value: str) -> int:
        digits = value.removeprefix("-") if value.startswith("-") else value.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("must be a whole number")
        if not low <= int(value) <= high:
            raise ValueError(f"must be from {low} to {high}")
        return int(value)

    return parse


def one_task(value: str) -> int:
    """This sink runs one task in one process."""
    if value != "1":
        raise ValueError("must be 1: this sink runs one task; for more, start it several times in one group")
    return 1


def boolean(value: str) -> bool:
    """`true` or `false`, in any case."""
    if value.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return value.lower() == "true"


def one_of(*allowed: str, any_case: bool = False) -> Callable[[str], str]:
    """One of a few texts."""

    def parse(value: str) -> str:
        candidate = value.lower() if any_case else value
        if candidate not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return candidate

    return parse


def java_class(package: str, *names: str, short: tuple[str, ...] = ()) -> Callable[[str], str]:
    """One of the connector's classes by its full Java name (or a short one); the value is the bare class name."""
    full = {f"{package}.{name}": re.split(r"[.$]", name)[-1] for name in names}
    aliases = dict(zip(short, full.values(), strict=False))

    def parse(value: str) -> str:
        found = full.get(value) or aliases.get(value)
        if found is None:
            raise ValueError(f"must be one of {', '.join([*aliases, *full])}")
        return found

    return parse


INT = integer(-(2**31), 2**31 - 1)
LONG = integer(-(2**63), 2**63 - 1)
CONVERTER = java_class(
    "org.apache.kafka.connect", "storage.StringConverter", "converters.ByteArrayConverter", "json.JsonConverter"
)


_STORAGE = "io.confluent.connect.storage.partitioner"
_TIME_BASED = f"{_STORAGE}.TimeBasedPartitioner"

PROPERTIES: Mapping[str, Property] = {
    p.name: p
    for p in (
        # --- framework
        Property("name", "S3-sink", text, "Name of the connector; also of its consumer group, `connect-<name>`."),
        Property("connector.class", "io.confluent.connect.s3.S3SinkConnector", text, "Accepted, not used."),
        Property("tasks.max", 1, one_task, "How many tasks; one for now."),
        Property("topics", "", text, "Topics to read, separated by commas."),
        Property("key.converter", REQUIRED, CONVERTER, "How the bytes of a key become a value."),
        Property("value.converter", REQUIRED, CONVERTER, "How the bytes of a value become a value."),
        Property("key.converter.schemas.enable", True, boolean, "JSON keys carry a schema."),
        Property("value.converter.schemas.enable", True, boolean, "JSON values carry a schema."),
        # --- connector
        Property(
            "format.class",
            REQUIRED,
            java_class("io.confluent.connect.s3.format", "json.JsonFormat", "bytearray.ByteArrayFormat"),
            "Format of the value objects.",
        ),
        Property("flush.size", REQUIRED, INT, "Records of a partition, over all its open files, that close them."),
        Property("rotate.interval.ms", -1, LONG, "Span of record time, in ms, that closes a file; <= 0 is off."),
        Property(
            "rotate.schedule.interval.ms",
            -1,
            LONG,
            "Wall-clock slots, in ms from local midnight, at which files close; <= 0 is off. Needs timezone.",
        ),
        Property("rotate.file.on.partition.change", True, boolean, "A change of directory closes the open file."),
        Property("schema.compatibility", "NONE", one_of("NONE"), "Only NONE for now."),
        Property("filename.offset.zero.pad.width", 10, integer(1, 2**31 - 1), "Least digits of the offset in a name."),
        Property("retry.backoff.ms", 5000, LONG, "Pause of a partition after a retriable error, in ms."),
        Property("shutdown.timeout.ms", 3000, LONG, "Accepted, not used, as in the real connector."),
        Property("behavior.on.null.values", "fail", one_of("fail", any_case=True), "Only fail for now."),
        # --- S3
        Property("s3.bucket.name", REQUIRED, text, "The bucket; it must exist."),
        Property("s3.region", "us-west-2", text, "Region of the bucket."),
        Property("s3.part.size", 26214400, integer(5242880, 2**31 - 1), "Bytes of one part of an upload."),
        Property("s3.part.retries", 3, integer(1, 2**31 - 1), "Attempts at one request."),
        Property("s3.retry.backoff.ms", 200, integer(0, 2**63 - 1), "Accepted; the client's own jitter is used."),
        Property("s3.path.style.access.enabled", True, boolean, "Bucket in the path, not in the host name."),
        Property("aws.access.key.id", "", text, "Static credentials, used when both are given."),
        Property("aws.secret.access.key", "", text, "Static credentials, used when both are given."),
        Property("format.bytearray.extension", ".bin", text, "Extension of ByteArray objects."),
        Property("format.bytearray.separator", "\n", text, "Written after every record; taken raw."),
        Property("enable.conditional.writes", True, boolean, "If-None-Match; effective unless the schedule is -1."),
        # --- storage and partitioner
        Property("storage.class", REQUIRED, one_of("io.confluent.connect.s3.storage.S3Storage"), "Storage class."),
        Property("store.url", "", text, "Endpoint of the object store; https:// is added if it names no scheme."),
        Property("topics.dir", "topics", text, "First directory of every key; may be empty."),
        Property("directory.delim", "/", text, "Between directories."),
        Property("file.delim", "+", text, "Between topic, partition and offset in a name."),
        Property(
            "partitioner.class",
            "DefaultPartitioner",
            java_class(_STORAGE, "DefaultPartitioner", "TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner"),
            "Which directory a record belongs to.",
        ),
        Property("partition.duration.ms", -1, LONG, "Span of one time bucket, in ms; TimeBasedPartitioner only."),
        Property("path.format", "", text, "Joda pattern of the directory; TimeBasedPartitioner only."),
        Property("locale", "", text, "Language of month and day names; must be given for time-based partitioners."),
        Property("timezone", "", text, "Zone of directories and of the schedule, such as Europe/Paris or +01:00."),
        Property(
            "timestamp.extractor",
            "WallclockTimestampExtractor",
            java_class(
                _STORAGE,
                "TimeBasedPartitioner$WallclockTimestampExtractor",
                "TimeBasedPartitioner$RecordTimestampExtractor",
                "TimeBasedPartitioner$RecordFieldTimestampExtractor",
                short=("Wallclock", "Record", "RecordField"),
            ),
            "Whose time counts; also drives rotate.interval.ms.",
        ),
        Property("timestamp.field", "timestamp", text, "Dotted path of the time in a value; RecordField only."),
    )
}

NOT_SUPPORTED_YET: Mapping[str, str] = {
    "schemas.cache.config": "1000",
    "enhanced.avro.schema.support": "true",
    "connect.meta.data": "true",
    "allow.optional.map.keys": "false",
    "avro.codec": "null",
    "parquet.codec": "snappy",
    "s3.elastic.buffer.enable": "false",
    "s3.elastic.buffer.init.capacity": "131072",
    "s3.object.tagging": "false",
    "s3.object.tagging.key.value.pairs": "",
    "s3.object.behavior.on.tagging.error": "ignore",
    "s3.credentials.provider.class": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
    "s3.ssea.name": "",
    "s3.sse.customer.key": "",
    "s3.sse.kms.key.id": "",
    "s3.acl.canned": "",
    "s3.wan.mode": "false",
    "s3.compression.type": "none",
    "s3.compression.level": "-1",
    "json.decimal.format": "BASE64",
    "s3.send.digest": "false",
    "s3.http.send.expect.continue": "true",
    "s3.proxy.url": "",
    "s3.proxy.user": "",
    "s3.proxy.password": "",
    "max.files.scan.limit": "100",
    "report.null.values.to.dlq": "true",
    "tombstone.encoded.partition": "tombstone",
    "max.write.duration.ms": str(2**63 - 1),
    "s3.schema.partition.affix.type": "NONE",
    "store.kafka.keys": "false",
    "store.kafka.headers": "false",
    "keys.format.class": "io.confluent.connect.s3.format.avro.AvroFormat",
    "headers.format.class": "io.confluent.connect.s3.format.avro.AvroFormat",
    "partitioner.max.open.files": "-1",
    "partition.field.name": "",
    "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    "topics.regex": "",
    "transforms": "",
    "predicates": "",
    "errors.tolerance": "none",
    "errors.deadletterqueue.topic.name": "",
    "errors.deadletterqueue.topic.replication.factor": "3",
    "errors.deadletterqueue.context.headers.enable": "false",
    "errors.retry.timeout": "0",
    "errors.retry.delay.max.ms": "60000",
    "errors.log.enable": "false",
    "errors.log.include.messages": "false",
    "config.action.reload": "restart",
}
"""Properties of the real connector, by their defaults: at its default each is harmless, elsewise it is refused."""

ALSO_DEFAULT: Mapping[str, str] = {
    "s3.credentials.provider.class": "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
}
"""What the same default is called in another release of the real connector: above as in the AWS SDK 1, here as in 2."""

NOT_SUPPORTED_YET_PREFIXES = (
    "s3.credentials.provider.",
    "transforms.",
    "predicates.",
    "errors.",
    "consumer.override.",
    "header.converter.",
)
