"""The properties of the Kafka Connect S3 sink: name, type, default, what is allowed, and what each is for.

One table (`PROPERTIES`) is the only place that knows a property; validation, its answer in Connect's form and
`docs/properties.md` come from it. Source: reference, sections 1.1 to 1.3; `frameworkproperties` for Connect's own.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from onceproof.sink.errors import Problem
from onceproof.sink.java.zones import Zone
from onceproof.sink.settings.frameworkproperties import (
    COMMON,
    CONVERTER_SETTINGS,
    ERRORS,
    INT_MAX,
    LONG_MAX,
    TRANSFORMS,
)
from onceproof.sink.settings.propertytypes import (
    FIELD_PATHS,
    REQUIRED,
    URL,
    Property,
    Required,
    Used,
    Valid,
    between,
    class_or_word,
    java_class,
    one_of,
    own_class,
    trim,
)

_S3 = "io.confluent.connect.s3"
_PARTITIONER = "io.confluent.connect.storage.partitioner"
_SDK = "software.amazon.awssdk.auth.credentials"
_SDK_1 = "com.amazonaws.auth"

FORMATS = tuple(
    f"{_S3}.format.{name}"
    for name in ("avro.AvroFormat", "json.JsonFormat", "bytearray.ByteArrayFormat", "parquet.ParquetFormat")
)
_HEADER_FORMATS = tuple(name for name in FORMATS if "bytearray" not in name)
FAMILY = ("TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner")
"""The time-based partitioners."""
_PARTITIONERS = tuple(f"{_PARTITIONER}.{name}" for name in ("DefaultPartitioner", "FieldPartitioner", *FAMILY))
_EXTRACTORS = {
    name: f"{_PARTITIONER}.TimeBasedPartitioner${name}TimestampExtractor"
    for name in ("Wallclock", "Record", "RecordField")
}
_CANNED = (
    "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
    "bucket-owner-full-control",
)  # fmt: skip
_PROVIDERS = (
    f"{_SDK}.DefaultCredentialsProvider",
    f"{_SDK}.AnonymousCredentialsProvider",
    f"{_SDK}.ContainerCredentialsProvider",
    f"{_SDK}.EnvironmentVariableCredentialsProvider",
    f"{_SDK}.InstanceProfileCredentialsProvider",
    f"{_SDK}.ProfileCredentialsProvider",
    f"{_SDK}.SystemPropertyCredentialsProvider",
    f"{_SDK}.WebIdentityTokenFileCredentialsProvider",
    f"{_S3}.auth.AwsAssumeRoleCredentialsProvider",
)
_PROVIDERS_1 = {f"{_SDK_1}.DefaultAWSCredentialsProviderChain": "DefaultCredentialsProvider"}
"""What the default is called in releases of the real connector that use the AWS SDK 1."""


def _zone(value: str) -> str:
    if value:
        Zone.named(value)
    return value


_ZONE = Valid("must be a time zone id such as UTC, Europe/Paris (case matters) or +01:00, or blank", _zone)


def writes(*formats: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether values, or keys or headers that are stored, are written in one of these formats."""
    return lambda values: any(name in formats for name in written(values).values())


def written(values: Mapping[str, Any]) -> dict[str, str]:
    """The formats of what is stored, by the property that chose them."""
    found = {"format.class": values["format.class"]}
    for kind in ("keys", "headers"):
        if values[f"store.kafka.{kind}"]:
            found[f"{kind}.format.class"] = values[f"{kind}.format.class"]
    return found


def _is(name: str, *wanted: Any) -> Callable[[Mapping[str, Any]], bool]:
    return lambda values: values[name] in wanted


def _on(name: str) -> Used:
    return Used(f"{name} is true", _is(name, True))


def _needs_partitioner(*names: str) -> Used:
    """Used by these partitioners, and by those of a user's own, which may read any property."""
    known = {name.rpartition(".")[2] for name in _PARTITIONERS}
    return Used(
        f"partitioner.class is {' or '.join(names)}",
        lambda values: values["partitioner.class"] in names or values["partitioner.class"] not in known,
    )


_AVRO = Used("something is written as Avro", writes("AvroFormat"))
_AVRO_DATA = Used("something is written as Avro or Parquet", writes("AvroFormat", "ParquetFormat"))
_PARQUET = Used("something is written as Parquet", writes("ParquetFormat"))
_JSON = Used("something is written as JSON", writes("JsonFormat"))
_BYTES = Used("something is written by ByteArrayFormat", writes("ByteArrayFormat"))
_TIME = _needs_partitioner(*FAMILY)

CONNECTOR: tuple[Property, ...] = (
    Property(
        "format.class", "CLASS", REQUIRED, "Format of the objects with the values.", java_class(*FORMATS),
        importance="HIGH", width="LONG", recommended=FORMATS, dependents=("avro.codec", "parquet.codec"),
    ),
    Property(
        "flush.size", "INT", REQUIRED,
        "Records of a partition, over all its open files, that close them; 1 or less is one record a file.",
        importance="HIGH", width="LONG",
    ),
    Property(
        "rotate.interval.ms", "LONG", "-1", "Span of record time, in ms, that closes a file; <= 0 is off.",
        importance="HIGH",
        used=Used("partitioner.class is one of the time-based family", _TIME.holds),
    ),
    Property(
        "rotate.schedule.interval.ms", "LONG", "-1",
        "Wall-clock slots, in ms from local midnight, at which files close; <= 0 is off. Needs `timezone`.",
    ),
    Property(
        "schema.compatibility", "STRING", "NONE",
        "Which changes of the schema a file bears: none, newer to older (BACKWARD, FULL), or older to newer "
        "(FORWARD). Any other text means NONE.",
        importance="HIGH", recommended=("NONE", "BACKWARD", "FORWARD", "FULL"),
    ),
    Property(
        "filename.offset.zero.pad.width", "INT", "10", "Least digits of the offset in a name.", between(0, INT_MAX),
        importance="LOW", width="LONG",
    ),
    Property(
        "retry.backoff.ms", "LONG", "5000", "Pause of a partition after a retriable error, in ms.", importance="LOW",
    ),
    Property(
        "schemas.cache.config", "INT", "1000", "How many schemas are kept converted to those of the format.",
        importance="LOW", used=_AVRO_DATA,
    ),
    Property(
        "enhanced.avro.schema.support", "BOOLEAN", "true", "Keep enum symbols and package names in Avro schemas.",
        importance="LOW", used=_AVRO_DATA,
    ),
    Property(
        "connect.meta.data", "BOOLEAN", "true", "Write Connect's metadata into Avro schemas.",
        importance="LOW", used=_AVRO_DATA,
    ),
    Property(
        "allow.optional.map.keys", "BOOLEAN", "false", "Maps whose keys are optional texts may be Avro maps.",
        importance="LOW", used=_AVRO_DATA,
    ),
    Property(
        "avro.codec", "STRING", "null", "Compression inside Avro files; the extension does not show it.",
        one_of("null", "deflate", "snappy", "bzip2"),
        importance="LOW", recommended=("null", "deflate", "snappy", "bzip2"), used=_AVRO,
    ),
    Property(
        "parquet.codec", "STRING", "snappy", "Compression inside Parquet files; the extension shows it.",
        one_of("none", "snappy", "gzip", "lzo", "brotli", "lz4", "lz4_raw", "zstd"),
        importance="LOW", used=_PARQUET,
        recommended=("none", "snappy", "gzip", "lzo", "brotli", "lz4", "lz4_raw", "zstd"),
    ),
    Property(
        "shutdown.timeout.ms", "LONG", "3000", "Taken, but used by nothing, as in the real connector.",
        is_internal=True, used=Used("nothing, the real connector does not use it either", lambda values: False),
    ),
)  # fmt: skip

S3: tuple[Property, ...] = (
    Property(
        "s3.bucket.name", "STRING", REQUIRED, "The bucket; it must exist.", importance="HIGH", width="LONG",
    ),
    Property("s3.region", "STRING", "us-west-2", "Region of the bucket.", width="LONG"),
    Property(
        "s3.part.size", "INT", "26214400", "Bytes of one part of an upload, and of the buffer of an open file.",
        between(5242880, INT_MAX), importance="HIGH", width="LONG",
    ),
    Property(
        "s3.elastic.buffer.enable", "BOOLEAN", "false", "The buffer of a file grows with it.",
        importance="LOW", dependents=("s3.elastic.buffer.init.capacity",),
    ),
    Property(
        "s3.elastic.buffer.init.capacity", "INT", "131072", "Bytes that a growing buffer starts with.",
        between(4096, INT_MAX), importance="LOW", used=_on("s3.elastic.buffer.enable"),
    ),
    Property(
        "s3.object.tagging", "BOOLEAN", "false",
        "Tag each object of values with its offsets and count, in a request of its own.",
        importance="LOW", dependents=("s3.object.tagging.key.value.pairs", "s3.object.behavior.on.tagging.error"),
    ),
    Property(
        "s3.object.tagging.key.value.pairs", "LIST", "", "More tags, as `key:value`.",
        importance="LOW", width="LONG", used=_on("s3.object.tagging"),
    ),
    Property(
        "s3.object.behavior.on.tagging.error", "STRING", "ignore",
        "Whether a tag that cannot be set fails the task.", one_of("ignore", "fail", any_case=True),
        importance="LOW", recommended=("ignore", "fail"), used=_on("s3.object.tagging"),
    ),
    Property(
        "s3.credentials.provider.class", "CLASS", _PROVIDERS[0],
        "Where credentials come from: a class of the AWS SDK by its Java name, or a dotted path into Python.",
        own_class(*_PROVIDERS, aliases=_PROVIDERS_1), importance="LOW", width="LONG",
    ),
    Property(
        "aws.access.key.id", "STRING", "",
        "Static credentials, used when both are given and the provider takes no settings.", importance="HIGH",
    ),
    Property(
        "aws.secret.access.key", "PASSWORD", None,
        "Static credentials, used when both are given and the provider takes no settings.", importance="HIGH",
    ),
    Property(
        "s3.ssea.name", "STRING", "", "Encryption by the store: its own keys, or those of KMS.",
        one_of("AES256", "aws:kms", "aws:kms:dsse", blank="allowed"), importance="LOW", width="LONG",
        recommended=("", "AES256", "aws:kms", "aws:kms:dsse"),
        dependents=("s3.sse.customer.key", "s3.sse.kms.key.id"),
    ),
    Property(
        "s3.sse.customer.key", "PASSWORD", None, "Key of your own in base64, for encryption by the store.",
        importance="LOW", used=Used("s3.ssea.name is AES256", _is("s3.ssea.name", "AES256")),
    ),
    Property(
        "s3.sse.kms.key.id", "STRING", "", "Key of KMS; if blank, nothing is encrypted.",
        importance="LOW", used=Used("s3.ssea.name is aws:kms", _is("s3.ssea.name", "aws:kms")),
    ),
    Property(
        "s3.acl.canned", "STRING", None, "Access list of each object.", one_of(*_CANNED, blank="allowed"),
        importance="LOW", recommended=_CANNED,
    ),
    Property(
        "s3.wan.mode", "BOOLEAN", "false", "Use the accelerated endpoint; not with path style.", importance="MEDIUM",
    ),
    Property(
        "s3.path.style.access.enabled", "BOOLEAN", "true", "Bucket in the path, not in the host name.",
        importance="LOW",
    ),
    Property(
        "s3.compression.type", "STRING", "none", "Compression of JSON and byte objects as a whole.",
        one_of("none", "gzip"), importance="LOW", recommended=("none", "gzip"),
        dependents=("s3.compression.level",),
    ),
    Property(
        "s3.compression.level", "INT", "-1", "Level of that compression; -1 is the usual one.", between(-1, 9),
        importance="LOW", used=Used("s3.compression.type is gzip", _is("s3.compression.type", "gzip")),
    ),
    Property(
        "json.decimal.format", "STRING", "BASE64", "How decimals stand in JSON objects.",
        one_of("BASE64", "NUMERIC", any_case=True), recommended=("BASE64", "NUMERIC"), used=_JSON,
    ),
    Property(
        "format.bytearray.extension", "STRING", ".bin", "Extension of byte objects.",
        importance="LOW", width="LONG", used=_BYTES,
    ),
    Property(
        "format.bytearray.separator", "STRING", os.linesep,
        "Written after every record of a byte object; taken as it stands, blanks and all.",
        importance="LOW", used=_BYTES, is_raw=True,
    ),
    Property(
        "s3.part.retries", "INT", "3", "Attempts at one request, the first included.", between(0, INT_MAX),
        width="LONG",
    ),
    Property(
        "s3.retry.backoff.ms", "LONG", "200",
        "Base of the pause before a request is repeated, in ms; it doubles, with jitter.", between(0, LONG_MAX),
        importance="LOW",
    ),
    Property(
        "s3.send.digest", "BOOLEAN", "false", "Send the MD5 of each part with it.", importance="LOW",
    ),
    Property(
        "s3.http.send.expect.continue", "BOOLEAN", "true", "Ask the store before sending a body.", importance="LOW",
    ),
    Property(
        "s3.proxy.url", "STRING", "", "Proxy between sink and store.", URL,
        importance="LOW", width="LONG", dependents=("s3.proxy.user", "s3.proxy.password"),
    ),
    Property(
        "s3.proxy.user", "STRING", None, "Name for the proxy; goes before the one in its URL.",
        importance="LOW", width="LONG", used=Used("s3.proxy.url is given", lambda values: bool(values["s3.proxy.url"])),
    ),
    Property(
        "s3.proxy.password", "PASSWORD", None, "Password for the proxy; goes before the one in its URL.",
        importance="LOW", width="LONG", used=Used("s3.proxy.url is given", lambda values: bool(values["s3.proxy.url"])),
    ),
    Property(
        "enable.conditional.writes", "BOOLEAN", "true",
        "Never overwrite an object. Takes effect only if `rotate.schedule.interval.ms` is not -1 and neither keys nor "
        "headers are stored.",
    ),
    Property(
        "max.files.scan.limit", "INT", "100",
        "How many further names are tried after an object that is there already.", importance="LOW", is_internal=True,
    ),
    Property(
        "behavior.on.null.values", "STRING", "fail",
        "What a null value does: fail the task, be skipped, or be written with its key.",
        one_of("fail", "ignore", "write", any_case=True),
        importance="LOW", recommended=("fail", "ignore", "write"),
        dependents=("report.null.values.to.dlq", "tombstone.encoded.partition"),
    ),
    Property(
        "report.null.values.to.dlq", "BOOLEAN", "true", "Null values that are skipped become dead letters.",
        importance="LOW",
        used=Used("behavior.on.null.values is ignore", _is("behavior.on.null.values", "ignore")),
    ),
    Property(
        "tombstone.encoded.partition", "STRING", "tombstone",
        "Directory of null values that are written. Whatever it says, no key of a value's object may hold this text.",
        importance="LOW",
    ),
    Property(
        "max.write.duration.ms", "LONG", str(LONG_MAX), "How long one round of writing goes on at most, in ms.",
    ),
    Property(
        "rotate.file.on.partition.change", "BOOLEAN", "true",
        "A change of directory closes the open file; needs `rotate.interval.ms` and a time-based partitioner.",
        importance="LOW",
        used=Used("rotate.interval.ms is 1 or more", lambda values: values["rotate.interval.ms"] > 0),
    ),
    Property(
        "s3.schema.partition.affix.type", "STRING", "NONE",
        "Whether the name of the value's schema is a directory, and on which side.",
        one_of("NONE", "PREFIX", "SUFFIX"), importance="LOW", recommended=("NONE", "PREFIX", "SUFFIX"),
    ),
)  # fmt: skip

KEYS_AND_HEADERS: tuple[Property, ...] = (
    Property(
        "store.kafka.keys", "BOOLEAN", "false", "Write keys to objects of their own.",
        importance="LOW", dependents=("keys.format.class",),
    ),
    Property(
        "store.kafka.headers", "BOOLEAN", "false", "Write headers to objects of their own.",
        importance="LOW", dependents=("headers.format.class",),
    ),
    Property(
        "keys.format.class", "CLASS", FORMATS[0], "Format of the objects with the keys.", java_class(*FORMATS),
        importance="LOW", width="LONG", recommended=FORMATS, used=_on("store.kafka.keys"),
    ),
    Property(
        "headers.format.class", "CLASS", FORMATS[0], "Format of the objects with the headers.", java_class(*FORMATS),
        importance="LOW", width="LONG", recommended=_HEADER_FORMATS, used=_on("store.kafka.headers"),
    ),
)  # fmt: skip

STORAGE: tuple[Property, ...] = (
    Property(
        "storage.class", "CLASS", REQUIRED, "Where objects go; there is S3 alone.",
        java_class(f"{_S3}.storage.S3Storage"), importance="HIGH", recommended=(f"{_S3}.storage.S3Storage",),
    ),
    Property(
        "store.url", "STRING", None, "Endpoint of the object store; https:// is added if it names no scheme.",
        importance="HIGH",
    ),
    Property("topics.dir", "STRING", "topics", "First directory of every key; may be blank.", importance="HIGH"),
    Property("directory.delim", "STRING", "/", "Stands between directories."),
    Property("file.delim", "STRING", "+", "Stands between topic, partition and offset in a name."),
)  # fmt: skip

PARTITIONER: tuple[Property, ...] = (
    Property(
        "partitioner.class", "CLASS", _PARTITIONERS[0], "Which directory a record belongs to.",
        own_class(*_PARTITIONERS), importance="HIGH", width="LONG", recommended=_PARTITIONERS,
        dependents=("partition.field.name", "partition.duration.ms", "path.format", "locale", "timezone"),
    ),
    Property(
        "partitioner.max.open.files", "INT", "-1",
        "How many directories may have an open file at once; below 0 there is no limit.",
        importance="LOW", is_internal=True,
    ),
    Property(
        "partition.field.name", "LIST", "", "Dotted paths of the fields that name the directories.", FIELD_PATHS,
        used=_needs_partitioner("FieldPartitioner"),
    ),
    Property(
        "partition.duration.ms", "LONG", "-1", "Span of one time bucket, in ms.",
        used=_needs_partitioner("TimeBasedPartitioner"),
    ),
    Property(
        "path.format", "STRING", "", "Joda pattern of the directory.", width="LONG",
        used=_needs_partitioner("TimeBasedPartitioner"),
    ),
    Property(
        "locale", "STRING", "", "Language of the names of months and days: one code, such as `fr`.", used=_TIME,
    ),
    Property(
        "timezone", "STRING", "", "Zone of directories and of the schedule.", _ZONE,
    ),
    Property(
        "timestamp.extractor", "STRING", "Wallclock", "Whose time counts; also drives `rotate.interval.ms`.",
        class_or_word(_EXTRACTORS),
        recommended=tuple(_EXTRACTORS), used=_TIME,
    ),
    Property(
        "timestamp.field", "STRING", "timestamp", "Dotted path of the time in a value.",
        used=Used(
            "timestamp.extractor is RecordField",
            lambda values: not values["timestamp.extractor"].startswith(("Wallclock", "RecordTime")),
        ),
    ),
)  # fmt: skip

_ASSUMES_ROLE = Used(
    "s3.credentials.provider.class is AwsAssumeRoleCredentialsProvider",
    _is("s3.credentials.provider.class", "AwsAssumeRoleCredentialsProvider"),
)
CREDENTIALS: tuple[Property, ...] = (
    Property(
        "s3.credentials.provider.sts.role.arn", "STRING", None, "Role to assume; must be given with that provider.",
        importance="HIGH", used=_ASSUMES_ROLE,
    ),
    Property(
        "s3.credentials.provider.sts.role.external.id", "STRING", None,
        "External id to assume it with; must be given with that provider.", importance="MEDIUM", used=_ASSUMES_ROLE,
    ),
    Property(
        "s3.credentials.provider.sts.role.session.name", "STRING", None,
        "Name of the session; must be given with that provider.", importance="HIGH", used=_ASSUMES_ROLE,
    ),
    Property(
        "s3.credentials.provider.sts.region", "STRING", "", "Region of the token service; blank is the usual one.",
        used=_ASSUMES_ROLE,
    ),
)  # fmt: skip

GROUPS: Mapping[str, tuple[Property, ...]] = {
    "Common": COMMON,
    "Converters": CONVERTER_SETTINGS,
    "Transforms": TRANSFORMS,
    "Error Handling": ERRORS,
    "Connector": CONNECTOR,
    "S3": S3,
    "Credentials": CREDENTIALS,
    "Keys and Headers": KEYS_AND_HEADERS,
    "Storage": STORAGE,
    "Partitioner": PARTITIONER,
}
"""All properties by group, in order."""


def _named(name: str) -> str:
    return " ".join(word if word.isupper() else word.capitalize() for word in name.split("."))


def _table() -> Iterator[Property]:
    for group, properties in GROUPS.items():
        for property_ in properties:
            shown = property_.display_name or _named(property_.name)
            yield replace(property_, group=group, display_name=shown)


PROPERTIES: Mapping[str, Property] = {property_.name: property_ for property_ in _table()}


class NotRead(KeyError):  # noqa: N818 - not an error of anybody's: a question that has no answer
    """A value is asked for whose text could not be read: a check that needs it has nothing to say."""


class Values(dict[str, Any]):
    """What was read, by property; a property in error is not there, and asking for it raises NotRead.

    `given` are the texts that it was read from, also those of unknown properties.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__()
        self.given = given

    def __missing__(self, name: str) -> Any:
        """No default: either the text could not be read, or the name is a slip of ours."""
        raise NotRead(name) if name in PROPERTIES else KeyError(name)

    def text(self, name: str) -> str:
        """The text of a property as it may be shown: as given, else its default."""
        property_ = PROPERTIES[name]
        given = self.given.get(name)
        if given is None:
            return property_.default if isinstance(property_.default, str) else ""
        return property_.shown(given if property_.is_raw else trim(given))

    def problem(self, name: str, message: str) -> Problem:
        """Something wrong with the value of that property; `message` says what is allowed."""
        return Problem(name, self.text(name), f"invalid value {self.text(name)!r}: {message}")


def read(given: Mapping[str, str]) -> tuple[Values, list[Problem]]:
    """Read each property of the table by itself; what cannot be read is a problem, and not among the values."""
    values = Values(given)
    problems: list[Problem] = []
    for property_ in PROPERTIES.values():
        try:
            values[property_.name] = _value(property_, values)
        except Missing:
            problems.append(Problem(property_.name, None, property_.missing))
        except ValueError as error:
            blank = isinstance(property_.default, Required) and not trim(given[property_.name])
            if blank:
                problems.append(Problem(property_.name, "", "is required and must not be blank"))
            else:
                problems.append(values.problem(property_.name, str(error)))
    return values, problems


class Missing(ValueError):  # noqa: N818 - says what the property is
    """A property without a default is not given."""


def _value(property_: Property, values: Values) -> Any:
    """The value of one property; a setting of a converter that is not used is not looked at."""
    given = values.given.get(property_.name)
    ignored = property_.group == "Converters" and property_.used is not None and not _holds(property_.used, values)
    if given is None or ignored:
        if isinstance(property_.default, Required):
            raise Missing
        return None if property_.default is None else property_.parse(property_.default)
    return property_.parse(given)


def _holds(used: Used, values: Values) -> bool:
    try:
        return used.holds(values)
    except NotRead:
        return False
