"""What the sink makes of a user's properties: each mistake gives one clear message, and all come at once."""

import os
from collections.abc import Mapping
from typing import Any

import pytest

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError
from onceproof.sink.settings.parsing import examine, parse
from onceproof.sink.settings.properties import PROPERTIES

PARTITIONERS = "io.confluent.connect.storage.partitioner"
CONNECT = "org.apache.kafka.connect"
FORMATS = "io.confluent.connect.s3.format"
AVRO, JSON, BYTES, PARQUET = (
    f"{FORMATS}.{name}"
    for name in ("avro.AvroFormat", "json.JsonFormat", "bytearray.ByteArrayFormat", "parquet.ParquetFormat")
)
JSON_CONVERTER = f"{CONNECT}.json.JsonConverter"
STRING_CONVERTER = f"{CONNECT}.storage.StringConverter"
BYTES_CONVERTER = f"{CONNECT}.converters.ByteArrayConverter"
AVRO_CONVERTER = "io.confluent.connect.avro.AvroConverter"
ASSUME_ROLE = "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider"
MINIMAL = {
    "format.class": JSON,
    "flush.size": "3",
    "key.converter": STRING_CONVERTER,
    "value.converter": JSON_CONVERTER,
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
TIME_BASED = {
    "partitioner.class": f"{PARTITIONERS}.TimeBasedPartitioner",
    "partition.duration.ms": "3600000",
    "path.format": "'hour'=HH",
    "locale": "en",
    "timezone": "UTC",
    "timestamp.extractor": "Record",
}
INT = "must be from -2147483648 to 2147483647"
LONG = "must be from -9223372036854775808 to 9223372036854775807"
BOOLEAN = "must be true or false"
NUMBER = "must be a whole number"
REQUIRED = "is required and must not be blank"
JODA = "must be a Joda pattern, such as 'year'=YYYY/'month'=MM"
ZONE = "must be a time zone id such as UTC, Europe/Paris (case matters) or +01:00"
NUMBERS = ("Integer", "Long", "Short", "Float", "Double", "Boolean")
CONVERTERS = "must be one of " + ", ".join(
    [
        STRING_CONVERTER,
        BYTES_CONVERTER,
        JSON_CONVERTER,
        AVRO_CONVERTER,
        *(f"{CONNECT}.converters.{name}Converter" for name in NUMBERS),
    ]
)
HEADER_CONVERTERS = (
    f"must be one of {CONNECT}.storage.SimpleHeaderConverter, {STRING_CONVERTER}, {BYTES_CONVERTER}, {JSON_CONVERTER}, "
)
STRATEGIES = "io.confluent.kafka.serializers.subject"
FORMAT_NAMES = f"must be one of {', '.join((AVRO, JSON, BYTES, PARQUET))}"
PATHS = "must be dotted paths of field names, with no name blank"
PROXY = "must be a URL with its protocol, such as http://proxy.example.org:3128, or blank"
JSON_SETTINGS = {
    "schemas.enable": (("no", BOOLEAN),),
    "schemas.cache.size": (("all", NUMBER),),
    "decimal.format": (("DECIMAL", "must be one of BASE64, NUMERIC (in any case)"),),
    "replace.null.with.default": (("0", BOOLEAN),),
}
AVRO_SETTINGS = {
    "basic.auth.credentials.source": (("FILE", "must be one of URL, USER_INFO, SASL_INHERIT (in any case)"),),
    "enhanced.avro.schema.support": (("1", BOOLEAN),),
    "connect.meta.data": (("-", BOOLEAN),),
    "schemas.cache.config": (("x", NUMBER),),
}

BAD: Mapping[str, tuple[tuple[str, str], ...]] = {
    "name": (("", "must not be blank and hold no control characters"),),
    "connector.class": (
        (
            "io.confluent.connect.hdfs.HdfsSinkConnector",
            "must be one of S3SinkConnector, S3Sink, io.confluent.connect.s3.S3SinkConnector",
        ),
    ),
    "tasks.max": (("0", "must be from 1 to 2147483647"), ("all", NUMBER)),
    "tasks.max.enforce": (("1", BOOLEAN),),
    "topics.regex": (("a(b", "must be a regular expression: "),),
    "key.converter": (("", REQUIRED), ("SimpleHeaderConverter", CONVERTERS)),
    "value.converter": (("  ", REQUIRED), ("io.confluent.Avro", CONVERTERS)),
    "header.converter": (
        (AVRO_CONVERTER, HEADER_CONVERTERS),
        ("Avro", HEADER_CONVERTERS),
        ("SimpleHeader", HEADER_CONVERTERS),
    ),
    "config.action.reload": (("reload", "must be one of none, restart"),),
    "errors.tolerance": (("ALL", "must be one of none, all"),),
    "errors.retry.timeout": (("1h", NUMBER),),
    "errors.retry.delay.max.ms": (("", NUMBER),),
    "errors.log.enable": (("on", BOOLEAN),),
    "errors.log.include.messages": (("on", BOOLEAN),),
    "errors.deadletterqueue.topic.replication.factor": (("32768", "must be from -32768 to 32767"),),
    "errors.deadletterqueue.context.headers.enable": (("on", BOOLEAN),),
    "format.class": ((f"{FORMATS}.orc.OrcFormat", FORMAT_NAMES), ("", REQUIRED)),
    "flush.size": (("many", NUMBER), ("2147483648", INT), ("1.0", NUMBER), ("1_000", NUMBER), ("٣", NUMBER)),
    "rotate.interval.ms": (("1 h", NUMBER), ("9223372036854775808", LONG)),
    "rotate.schedule.interval.ms": (("", NUMBER), ("-9223372036854775809", LONG)),
    "rotate.file.on.partition.change": (("1", BOOLEAN),),
    "filename.offset.zero.pad.width": (("-1", "must be from 0 to 2147483647"), ("0", "must be 1 or more")),
    "retry.backoff.ms": (("5s", NUMBER),),
    "schemas.cache.config": (("", NUMBER),),
    "enhanced.avro.schema.support": (("yes", BOOLEAN),),
    "connect.meta.data": (("yes", BOOLEAN),),
    "allow.optional.map.keys": (("yes", BOOLEAN),),
    "avro.codec": (("Snappy", "must be one of null, deflate, snappy, bzip2"),),
    "parquet.codec": (("LZ4", "must be one of none, snappy, gzip, lzo, brotli, lz4, lz4_raw, zstd"),),
    "shutdown.timeout.ms": (("soon", NUMBER),),
    "behavior.on.null.values": (("drop", "must be one of fail, ignore, write (in any case)"),),
    "report.null.values.to.dlq": (("no", BOOLEAN),),
    "tombstone.encoded.partition": (("", "must be a text that keys of objects do not hold"),),
    "max.write.duration.ms": (("1.5", NUMBER),),
    "max.files.scan.limit": (("few", NUMBER),),
    "s3.bucket.name": (("", "must not be blank"),),
    "s3.region": (("", "must not be blank"),),
    "s3.part.size": (("5242879", "must be from 5242880 to 2147483647"), ("5 MB", NUMBER)),
    "s3.elastic.buffer.enable": (("2", BOOLEAN),),
    "s3.elastic.buffer.init.capacity": (("4095", "must be from 4096 to 2147483647"),),
    "s3.object.tagging": (("2", BOOLEAN),),
    "s3.object.tagging.key.value.pairs": (
        ("a:b,c", "must be key:value items between commas"),
        ("a:b,", "must be key:value items between commas"),
        ("a:", "must be key:value items between commas"),
    ),
    "s3.object.behavior.on.tagging.error": (("warn", "must be one of ignore, fail (in any case)"),),
    "s3.credentials.provider.class": (
        (
            "software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider",
            "there are no Java system properties here; use aws.access.key.id and aws.secret.access.key",
        ),
        ("DefaultCredentialsProvider", "must be one of com.amazonaws.auth."),
    ),
    "s3.ssea.name": (("aes256", "must be one of AES256, aws:kms, aws:kms:dsse, or blank"),),
    "s3.acl.canned": (
        (
            "public",
            (
                "must be one of private, public-read, public-read-write, authenticated-read, aws-exec-read, "
                "bucket-owner-read, bucket-owner-full-control, or blank"
            ),
        ),
    ),
    "s3.wan.mode": (("2", BOOLEAN),),
    "s3.path.style.access.enabled": (("yes", BOOLEAN),),
    "s3.compression.type": (("GZIP", "must be one of none, gzip"),),
    "s3.compression.level": (("10", "must be from -1 to 9"), ("-2", "must be from -1 to 9")),
    "json.decimal.format": (("TEXT", "must be one of BASE64, NUMERIC (in any case)"),),
    "s3.part.retries": (("-1", "must be from 0 to 2147483647"), ("0", "must be 1 or more; 1 is no retry")),
    "s3.retry.backoff.ms": (("-1", "must be from 0 to 9223372036854775807"),),
    "s3.send.digest": (("yes", BOOLEAN),),
    "s3.http.send.expect.continue": (("yes", BOOLEAN),),
    "s3.proxy.url": (("proxy:3128", PROXY), ("http://", PROXY), ("http://proxy:port", PROXY)),
    "enable.conditional.writes": (("on", BOOLEAN),),
    "s3.schema.partition.affix.type": (("prefix", "must be one of NONE, PREFIX, SUFFIX"),),
    "store.kafka.keys": (("on", BOOLEAN),),
    "store.kafka.headers": (("on", BOOLEAN),),
    "keys.format.class": (("JsonFormat", FORMAT_NAMES),),
    "headers.format.class": (("JsonFormat", FORMAT_NAMES),),
    "storage.class": (
        ("io.confluent.connect.hdfs.Storage", "must be one of io.confluent.connect.s3.storage.S3Storage"),
    ),
    "store.url": (("http://a b", "must be the URL of an object store, such as https://s3.example.org:9000"),),
    "topics": (("a,,b", "must be names between commas, with none blank"),),
    "partitioner.class": (
        ("org.example.Mine", "no class 'org.example.Mine' ("),
        ("DailyPartitioner", f"must be one of {PARTITIONERS}.DefaultPartitioner, "),
    ),
    "partitioner.max.open.files": (("0", "must be 1 or more, or -1 for no limit"), ("x", NUMBER)),
    "partition.field.name": (("a,,b", PATHS), ("a..b", PATHS), ("a, .b", PATHS)),
    "partition.duration.ms": (("0", "must be 1 or more"), ("-1", "must be 1 or more"), ("x", NUMBER)),
    "path.format": (
        ("", JODA),
        ("/", JODA),
        ("'", "must print something; for a single quote write two"),
        ("'/", "must print something; for a single quote write two"),
        ("julian=D", "'j' is not a pattern letter"),
    ),
    "locale": (("", "must not be blank for a time-based partitioner"),),
    "timezone": (
        ("", "must be a time zone, because TimeBasedPartitioner needs it"),
        ("europe/paris", ZONE),
        ("+25:00", ZONE),
    ),
    "timestamp.extractor": (
        ("record", "no class 'record': "),
        (f"{PARTITIONERS}.None", "no class "),
        ("RecordTimestampExtractor", "must be one of Wallclock, Record, RecordField, "),
    ),
    "timestamp.field": (("", "must be a dotted path of field names"), (".", "must be a dotted path of field names")),
    **{f"{side}.converter.{name}": bad for side in ("key", "value", "header") for name, bad in JSON_SETTINGS.items()},
    **{f"{side}.converter.{name}": bad for side in ("key", "value") for name, bad in AVRO_SETTINGS.items()},
    **{
        f"{side}.converter.{side}.subject.name.strategy": (
            ("TopicNameStrategy", f"must be one of {STRATEGIES}.TopicNameStrategy, "),
        )
        for side in ("key", "value")
    },
    **{
        f"{side}.converter.converter.encoding": (("UTF-99", "must be the name of a charset, such as UTF-8"),)
        for side in ("key", "value")
    },
    **{
        f"{side}.converter.schema.registry.url": (
            ("", "must be given, because AvroConverter asks the registry for schemas"),
        )
        for side in ("key", "value")
    },
}
"""For each property values that are not allowed, and how the message says what is."""

ANY_TEXT = {
    "connector.plugin.version",
    "transforms",
    "predicates",
    "errors.deadletterqueue.topic.name",
    "schema.compatibility",
    "aws.access.key.id",
    "aws.secret.access.key",
    "s3.sse.customer.key",
    "s3.sse.kms.key.id",
    "format.bytearray.extension",
    "format.bytearray.separator",
    "s3.proxy.user",
    "s3.proxy.password",
    "topics.dir",
    "directory.delim",
    "file.delim",
    "header.converter.converter.encoding",
    "key.converter.basic.auth.user.info",
    "key.converter.schema.registry.basic.auth.user.info",
    "value.converter.basic.auth.user.info",
    "value.converter.schema.registry.basic.auth.user.info",
    *(name for name in PROPERTIES if name.startswith("s3.credentials.provider.sts.")),
}
"""Properties that no text is wrong for, as far as they go."""
OF_TRANSFORMS = ("transforms", "predicates")


def around(name: str) -> dict[str, str]:
    """The configuration in which that property has an effect."""
    found = {**MINIMAL, **TIME_BASED}
    if name == "timestamp.field":
        found["timestamp.extractor"] = "RecordField"
    if name == "directory.delim":
        found["path.format"] = "'a pattern that is longer than any delimiter'"
    side, _, setting = name.partition(".converter.")
    if setting in AVRO_SETTINGS or setting.endswith(("registry.url", "subject.name.strategy")):
        found |= {f"{side}.converter": AVRO_CONVERTER, f"{side}.converter.schema.registry.url": "http://r"}
    elif setting in JSON_SETTINGS:
        found |= {f"{side}.converter": JSON_CONVERTER}
    elif setting == "converter.encoding":
        stored = {"store.kafka.keys": "true"} if side == "key" else {}
        found |= {f"{side}.converter": STRING_CONVERTER, **stored}
    return found


def problems(changes: Mapping[str, str | None], *, subscribes: bool = False) -> list[tuple[str, str | None, str]]:
    """The problems of the minimal configuration with these changes; none if it is accepted."""
    given = {name: value for name, value in {**MINIMAL, **changes}.items() if value is not None}
    try:
        parse(given, subscribes=subscribes)
    except ConfigError as error:
        return [(problem.name, problem.value, problem.message) for problem in error.problems]
    return []


def config(changes: Mapping[str, str]) -> SinkConfig:
    """The minimal configuration with these changes."""
    return parse({**MINIMAL, **changes})


def test_the_minimal_configuration_is_accepted() -> None:
    """Neither it nor the time-based one that the cases below stand on is refused or warned of."""
    assert () == config({}).warnings
    assert () == config(TIME_BASED).warnings


@pytest.mark.parametrize("name", [name for name in PROPERTIES if name not in OF_TRANSFORMS])
def test_every_property_says_what_it_allows(name: str) -> None:
    """A value that is not allowed gives one problem: property, value, and what is allowed; a free text gives none."""
    if name in ANY_TEXT:
        assert name not in BAD
        assert [] == problems({**around(name), name: "anything at all"})
    for value, allowed in BAD.get(name, ()):
        message = allowed if allowed == REQUIRED else f"invalid value {value.strip()!r}: {allowed}"
        [(found, given, said)] = problems({**around(name), name: value})

        assert (name, value.strip()) == (found, given)
        assert said.startswith(message)


def test_every_property_has_a_case() -> None:
    """A property that is added to the table must be added to the cases above."""
    assert set(PROPERTIES) == set(BAD) | ANY_TEXT


@pytest.mark.parametrize("name", [name for name in PROPERTIES if isinstance(PROPERTIES[name].default, str)])
def test_a_default_is_as_good_as_nothing(name: str) -> None:
    """Whoever writes a default down gets the configuration that he had; who asks for conditional writes, is told."""
    default = PROPERTIES[name].default
    assert isinstance(default, str)
    base = {**around(name), **({} if name not in TIME_BASED else {"partitioner.class": ""})}
    base = {known: value for known, value in base.items() if value and known != name}
    without = parse(base)
    given = parse({**base, name: default})

    assert fields(without) == fields(given)
    assert (name == "enable.conditional.writes") == (without.warnings != given.warnings)


def fields(found: SinkConfig) -> dict[str, Any]:
    """All fields by name but those that hold what is given; patterns by their text."""
    apart = {"raw", "warnings", "key_settings", "value_settings", "header_settings", "credentials_settings"}
    values = {name: getattr(found, name) for name in SinkConfig.__dataclass_fields__ if name not in apart}
    bucket = found.time_bucket
    return {**values, "time_bucket": bucket and (bucket.duration_ms, bucket.pattern.text, str(bucket.zone))}


@pytest.mark.parametrize("name", [name for name, value in MINIMAL.items() if name != "value.converter.schemas.enable"])
def test_a_required_property_that_is_missing_is_named(name: str) -> None:
    """It has no default, and the message says so."""
    if not name.endswith(".converter"):
        assert (name, None, "is required and has no default") == problems({name: None})[0]


@pytest.mark.parametrize("name", ["key.converter", "value.converter"])
def test_a_converter_that_is_missing_may_be_the_workers(name: str) -> None:
    """Its default stands in a file that the sink does not have; the message says which lines to add."""
    message = (
        "is required: a worker of Connect has a default for it, this sink has none; "
        f"add the lines {name} and {name}.* of the worker's file"
    )

    assert (name, None, message) == problems({name: None})[0]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        *((name, "StringConverter") for name in (STRING_CONVERTER, "StringConverter", "String")),
        *((name, "ByteArrayConverter") for name in (BYTES_CONVERTER, "ByteArrayConverter", "ByteArray")),
        *((name, "JsonConverter") for name in (JSON_CONVERTER, "JsonConverter", "Json")),
        *((f"{number}{end}", f"{number}Converter") for number in NUMBERS for end in ("", "Converter")),
    ],
)
def test_a_converter_has_the_short_names_of_connects_plugin_loader(given: str, name: str) -> None:
    """The simple name of its class, and that without its kind; also for headers."""
    found = config({"key.converter": given, "header.converter": given})

    assert (name, name) == (found.key_converter, found.header_converter)


def test_converters_of_one_side_alone_have_short_names_too() -> None:
    """Avro is not for headers, and the simple one for nothing else."""
    avro = {"key.converter": "Avro", "key.converter.schema.registry.url": "http://r"}

    assert "AvroConverter" == config(avro).key_converter
    assert "SimpleHeaderConverter" == config({"header.converter": "Simple"}).header_converter


@pytest.mark.parametrize("regex", [r"(?<word>a|b)", r"\p{Alpha}", r"[ab]\z", r"\Qb\E"])
def test_a_pattern_of_javas_is_compared_with_the_dead_letter_topic(regex: str) -> None:
    """Its syntax is not Python's."""
    dead = {"topics.regex": regex, "errors.deadletterqueue.topic.name": "b"}

    assert ["errors.deadletterqueue.topic.name"] == [name for name, _, _ in problems(dead)]
    assert [] == problems({**dead, "errors.deadletterqueue.topic.name": "bb"})


def test_what_is_wrong_for_the_consumer_is_told_with_all_else() -> None:
    """Before there is one, and warnings too."""
    found = examine({**MINIMAL, "consumer.override.fetch.max.bytes": "x", "consumer.override.interceptor.classes": "I"})

    assert ["consumer.override.fetch.max.bytes"] == [problem.name for problem in found.problems]
    assert ("consumer.override.interceptor.classes: has no effect outside Java, ignored",) == found.warnings


def test_a_pattern_that_cannot_be_subscribed_to_is_refused_where_it_would_be() -> None:
    """There is no look-ahead in librdkafka; a world that assigns partitions does not ask it."""
    [(name, value, message)] = problems({"topics.regex": "(?!x).*"}, subscribes=True)

    assert ("topics.regex", "(?!x).*") == (name, value)
    assert "which this sink cannot subscribe to" in message
    assert [] == problems({"topics.regex": "(?!x).*"})


def test_a_path_format_is_at_least_as_long_as_the_delimiter() -> None:
    """The real connector looks for the delimiter at its end, without asking whether there is room."""
    short = {**TIME_BASED, "path.format": "HH", "directory.delim": "---"}

    assert ["path.format"] == [name for name, _, _ in problems(short)]
    assert [] == problems({**short, "directory.delim": "--"})


@pytest.mark.parametrize("path", ["a.", "a.b..", "a"])
def test_a_path_of_fields_may_end_in_dots(path: str) -> None:
    """Java's split drops what is blank at the end."""
    fields = {"partitioner.class": f"{PARTITIONERS}.FieldPartitioner", "value.converter.schemas.enable": "true"}

    assert [] == problems({**fields, "partition.field.name": path})


def test_an_extractor_that_nobody_asks_may_have_any_name() -> None:
    """Only time-based partitioners make one."""
    assert [] == problems({"timestamp.extractor": "RecordTimestampExtractor"})


@pytest.mark.parametrize("name", ["x-windows-949", "UnicodeBig", "x-UTF-16LE-BOM", "8859_1", "IBM037", "MS932"])
def test_charsets_have_javas_names(name: str) -> None:
    """Which are not always Python's."""
    text = {"value.converter": STRING_CONVERTER, "value.converter.converter.encoding": name}

    assert [] == problems(text)


@pytest.mark.parametrize("side", ["key", "value", "header"])
def test_a_charset_that_only_a_jvm_may_know_is_refused_by_name(side: str) -> None:
    """It would work there, so that the message does not call it unknown, and no record is skipped for it."""
    text = {f"{side}.converter": STRING_CONVERTER, f"{side}.converter.converter.encoding": "x-IBM33722"}
    [(_, _, message)] = problems({**text, "errors.tolerance": "all"})

    assert "invalid value 'x-IBM33722': is no charset that this sink can read; use another, such as UTF-8" == message


def test_a_byte_order_mark_is_told() -> None:
    """Java takes it for part of the first name of a file."""
    [warning] = config({"\xef\xbb\xbfname": "n"}).warnings

    assert warning.startswith("\xef\xbb\xbfname: the file begins with a byte order mark")


def test_an_unknown_property_is_a_warning() -> None:
    """It changes nothing, but never silently."""
    assert ("flush.sise: unknown property, ignored; did you mean flush.size?",) == config({"flush.sise": "3"}).warnings


def test_families_that_are_handed_on_are_known() -> None:
    """Whoever gets them judges them."""
    assert () == config({"consumer.override.max.poll.records": "7", "s3.credentials.provider.x": "y"}).warnings


def test_settings_of_other_clients_of_the_runtime_are_said_to_be_unused() -> None:
    """Connect has clients that this sink has not."""
    assert ("producer.override.acks: ignored, only consumer.override. is used",) == config(
        {"producer.override.acks": "1"}
    ).warnings


def test_all_problems_come_at_once() -> None:
    """In the order of the table of properties; the text has a line for each."""
    found = problems({"s3.part.size": "1", "flush.size": "x", "avro.codec": "zip", "storage.class": None})

    assert ["flush.size", "avro.codec", "s3.part.size", "storage.class"] == [name for name, _, _ in found]
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, "s3.part.size": "1", "flush.size": "x"})
    assert [
        "flush.size: invalid value 'x': must be a whole number",
        "s3.part.size: invalid value '1': must be from 5242880 to 2147483647",
    ] == str(caught.value).splitlines()


def test_cross_checks_come_with_all_else() -> None:
    """What is wrong between properties is collected as well, also beside a text that cannot be read."""
    changes = {"locale": "", "path.format": "", "partition.duration.ms": "-1", "s3.region": "", "flush.size": "x"}
    found = problems({**TIME_BASED, **changes})

    assert ["flush.size", "s3.region", "partition.duration.ms", "path.format", "locale"] == [
        name for name, _, _ in found
    ]


def test_a_check_of_a_property_in_error_says_nothing_more() -> None:
    """One mistake, one message."""
    assert ["partitioner.class"] == [
        name for name, _, _ in problems({**TIME_BASED, "partitioner.class": "No", "locale": ""})
    ]


PLAIN_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="s3cr3t!";'


def test_a_password_is_never_shown() -> None:
    """Neither in a problem nor in what a configuration prints as."""
    [problem] = problems({"s3.ssea.name": "AES256", "s3.sse.customer.key": "s3cr3t!"})
    found = config(
        {
            "aws.access.key.id": "id",
            "aws.secret.access.key": "s3cr3t!",
            "s3.proxy.url": "http://u:s3cr3t!@proxy",
            "s3.proxy.password": "s3cr3t!",
            "key.converter.basic.auth.user.info": "s3cr3t!",
            "s3.credentials.provider.x": "s3cr3t!",
            "consumer.override.sasl.jaas.config": PLAIN_LOGIN,
        }
    )

    assert ("s3.sse.customer.key", "[hidden]", "invalid value '[hidden]': must be a key in base64") == problem
    assert "s3cr3t!" == found.secret_access_key
    assert "s3cr3t!" not in repr(found)


GZIP = {"s3.compression.type": "gzip"}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({**GZIP, "format.class": AVRO}, ["format.class", "s3.compression.type"]),
        (
            {**GZIP, "store.kafka.keys": "true"},
            ["s3.compression.type", "store.kafka.keys", "keys.format.class"],
        ),
        (
            {**GZIP, "store.kafka.headers": "true"},
            ["s3.compression.type", "store.kafka.headers", "headers.format.class"],
        ),
        ({**GZIP, "store.kafka.keys": "true", "keys.format.class": JSON}, []),
        ({**GZIP, "keys.format.class": AVRO}, []),
        ({"behavior.on.null.values": "write"}, ["behavior.on.null.values", "store.kafka.keys"]),
        ({"behavior.on.null.values": "write", "store.kafka.keys": "true"}, []),
        ({"s3.wan.mode": "true"}, ["s3.wan.mode", "s3.path.style.access.enabled"]),
        ({"s3.wan.mode": "true", "s3.path.style.access.enabled": "false"}, []),
        (
            {"partitioner.class": f"{PARTITIONERS}.FieldPartitioner", "value.converter.schemas.enable": "true"},
            ["partition.field.name"],
        ),
        ({"rotate.schedule.interval.ms": "1"}, ["timezone"]),
        ({"rotate.schedule.interval.ms": "0"}, []),
        ({"topics": "a", "topics.regex": "a|b"}, ["topics", "topics.regex"]),
        ({"topics": "a,b", "errors.deadletterqueue.topic.name": "b"}, ["errors.deadletterqueue.topic.name"]),
        ({"topics.regex": "a|b", "errors.deadletterqueue.topic.name": "b"}, ["errors.deadletterqueue.topic.name"]),
        ({"topics.regex": "a|b", "errors.deadletterqueue.topic.name": "bb"}, []),
    ],
)
def test_properties_that_do_not_go_together_are_refused(changes: dict[str, str], names: list[str]) -> None:
    """Each property that has a part in it is named, as the real connector's validation names it (reference 1.4)."""
    assert names == [name for name, _, _ in problems(changes)]


def test_a_codec_that_is_not_built_in_is_refused_by_name() -> None:
    """Only where something is written with it."""
    parquet = {"format.class": PARQUET, "value.converter.schemas.enable": "true"}
    [(name, value, message)] = problems({**parquet, "parquet.codec": "lzo"})

    assert ("parquet.codec", "lzo") == (name, value)
    assert message.startswith("invalid value 'lzo': ")
    assert [] == problems({"parquet.codec": "lzo"})
    assert [] == problems({**parquet, "parquet.codec": "brotli"})


def test_topics_must_be_named_where_the_sink_subscribes() -> None:
    """A world may assign partitions to a sink that names none."""
    message = "invalid value '': must name the topics to read, or topics.regex must fit them"

    assert [("topics", "", message)] == problems({}, subscribes=True)
    assert [] == problems({})
    assert [] == problems({"topics": "a"}, subscribes=True)
    assert [] == problems({"topics.regex": ".*"}, subscribes=True)


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"rotate.interval.ms": "1"}, "rotate.interval.ms: needs a time-based partitioner, ignored"),
        (
            {"rotate.schedule.interval.ms": "0"},
            "rotate.schedule.interval.ms: this value rotates nothing, but unlike -1",
        ),
        ({"schema.compatibility": "backward"}, "schema.compatibility: 'backward' is none of"),
        ({"flush.size": "0"}, "flush.size: 0 does not switch it off: each file has one record"),
        ({"enable.conditional.writes": "true"}, "enable.conditional.writes: has no effect while"),
        (
            {
                "enable.conditional.writes": "true",
                "rotate.schedule.interval.ms": "60000",
                "timezone": "UTC",
                "store.kafka.keys": "true",
            },
            "enable.conditional.writes: has no effect where keys or headers are stored",
        ),
        ({**TIME_BASED, "path.format": "MMM", "locale": "ko_KR"}, "locale: 'ko_KR' is taken as one unknown language"),
        ({"s3.ssea.name": "aws:kms"}, "s3.ssea.name: aws:kms without s3.sse.kms.key.id asks for no encryption"),
        ({"s3.ssea.name": "aws:kms:dsse"}, "s3.ssea.name: aws:kms:dsse asks for no encryption"),
        ({"s3.sse.customer.key": "QUJD"}, "s3.sse.customer.key: ignored unless s3.ssea.name is AES256"),
        ({"s3.sse.kms.key.id": "k"}, "s3.sse.kms.key.id: ignored unless s3.ssea.name is aws:kms"),
        ({"s3.ssea.name": "AES256", "s3.sse.customer.key": "QUJD"}, "s3.sse.customer.key: has 3 bytes; S3 wants 32"),
        ({"aws.access.key.id": "id"}, "aws.access.key.id: ignored, because only one of"),
        ({"aws.secret.access.key": "x"}, "aws.secret.access.key: ignored, because only one of"),
        (
            {"s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "a:b:c"},
            "s3.object.tagging.key.value.pairs: 'a:b:c' becomes 'a:b', without what follows",
        ),
        ({"s3.object.tagging.key.value.pairs": "a:b"}, "s3.object.tagging.key.value.pairs: ignored unless"),
        ({"errors.deadletterqueue.topic.name": "d"}, "errors.deadletterqueue.topic.name: errors.tolerance is none"),
        ({"errors.tolerance": "all"}, "errors.tolerance: without a dead letter topic and errors.log.enable"),
        ({"topics": "a,tombstones"}, "tombstone.encoded.partition: values under keys such as 'topics/tombstones/"),
        ({**TIME_BASED, "timestamp.extractor": "RecordField", "timestamp.field": "a..b"}, "timestamp.field: 'a..b'"),
        ({"max.write.duration.ms": "-1"}, "max.write.duration.ms: below 0 every deadline has passed"),
        ({"max.files.scan.limit": "7"}, "max.files.scan.limit: internal to the real connector"),
        ({"partitioner.max.open.files": "7"}, "partitioner.max.open.files: internal to the real connector"),
        ({"shutdown.timeout.ms": "7"}, "shutdown.timeout.ms: ignored unless nothing"),
        ({"parquet.codec": "gzip"}, "parquet.codec: ignored unless something is written as Parquet"),
        ({"key.converter.schemas.enable": "no"}, "key.converter.schemas.enable: ignored unless key.converter is Json"),
        ({"path.format": "YYYY"}, "path.format: ignored unless partitioner.class is TimeBasedPartitioner"),
    ],
)
def test_what_is_not_as_it_seems_is_said(changes: dict[str, str], start: str) -> None:
    """What the real connector silently takes is taken, with one warning that says what it means."""
    [warning] = config(changes).warnings

    assert start == warning[: len(start)]


def test_an_unknown_compatibility_is_none() -> None:
    """Also where only the case is wrong (reference 1.1)."""
    given = ("NONE", "BACKWARD", "FORWARD", "FULL", "backward", "FULL_TRANSITIVE")

    assert ["NONE", "BACKWARD", "FORWARD", "FULL", "NONE", "NONE"] == [
        config({"schema.compatibility": mode}).schema_compatibility for mode in given
    ]


def test_everything_reaches_the_configuration() -> None:
    """Classes by their bare names, lists split, passwords plain, settings without their prefix."""
    found = config(
        {
            "tasks.max": "4",
            "topics": " a , b",
            "key.converter": f"{CONNECT}.converters.LongConverter",
            "header.converter": STRING_CONVERTER,
            "header.converter.converter.encoding": " UTF-16 ",
            "consumer.override.max.poll.records": "9",
            "behavior.on.null.values": "Write",
            "tombstone.encoded.partition": "gone",
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": "dead",
            "errors.deadletterqueue.topic.replication.factor": "-1",
            "store.kafka.keys": "TRUE",
            "keys.format.class": JSON,
            "store.kafka.headers": "true",
            "headers.format.class": JSON,
            "s3.compression.type": "gzip",
            "s3.compression.level": "9",
            "json.decimal.format": "numeric",
            "partitioner.class": f"{PARTITIONERS}.FieldPartitioner",
            "value.converter.schemas.enable": "true",
            "partition.field.name": "a.b, c",
            "s3.object.tagging": "true",
            "s3.object.tagging.key.value.pairs": "k:v, x::y",
            "s3.object.behavior.on.tagging.error": "FAIL",
            "s3.ssea.name": "AES256",
            "s3.sse.customer.key": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
            "s3.credentials.provider.class": ASSUME_ROLE,
            "s3.credentials.provider.sts.role.arn": "arn",
            "s3.credentials.provider.sts.role.external.id": "e",
            "s3.credentials.provider.sts.role.session.name": "s",
            "s3.wan.mode": "true",
            "s3.path.style.access.enabled": "false",
        }
    )

    assert (4, ("a", "b"), "LongConverter") == (found.tasks_max, found.topics, found.key_converter)
    assert ("StringConverter", {"converter.encoding": "UTF-16"}) == (found.header_converter, found.header_settings)
    assert {"max.poll.records": "9"} == found.consumer_overrides
    assert ("write", "gone") == (found.null_values, found.tombstone_directory)
    assert (True, "dead", -1) == (found.tolerate_errors, found.dead_letter_topic, found.dead_letter_replication_factor)
    assert (True, "JsonFormat", ".json.gz") == (found.store_keys, found.keys_format, found.keys_extension)
    assert (True, "JsonFormat", ".json.gz") == (found.store_headers, found.headers_format, found.headers_extension)
    assert ("gzip", 9, ".json.gz", "NUMERIC") == (
        found.compression, found.compression_level, found.extension, found.decimal_format,
    )  # fmt: skip
    assert ("FieldPartitioner", ("a.b", "c")) == (found.partitioner, found.partition_fields)
    assert ((("k", "v"), ("x", "")), True, True) == (found.tags, found.tagging, found.tagging_error_fails)
    assert b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345" == found.sse_customer_key
    assert ("AwsAssumeRoleCredentialsProvider", "arn") == (
        found.credentials_provider, found.credentials_settings["sts.role.arn"],
    )  # fmt: skip
    assert (True, False, False) == (found.accelerate, found.path_style, found.conditional_writes)


def test_a_customers_key_that_takes_no_effect_is_not_there() -> None:
    """It is used with AES256 alone, and looked at by nobody elsewise (reference 6.2)."""
    assert config({"s3.sse.customer.key": "no base64!"}).sse_customer_key is None


def test_the_system_ends_lines() -> None:
    """JSON lines, and byte objects unless told otherwise, end as the system ends lines (reference 1.2 and 5)."""
    assert os.linesep.encode() == config({}).separator
    assert os.linesep.encode() == config({}).bytearray_separator
    assert b"|" == config({"format.bytearray.separator": "|"}).bytearray_separator


def test_a_timestamp_field_is_split_as_java_splits() -> None:
    """What is blank at the end is cut off."""
    assert ("a", "b") == config({"timestamp.field": "a.b.."}).timestamp_field


def test_the_same_default_is_known_by_its_name_in_the_older_sdk() -> None:
    """Releases of the real connector do not call it the same."""
    older = config({"s3.credentials.provider.class": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"})

    assert config({}).credentials_provider == older.credentials_provider


@pytest.mark.parametrize(
    ("schedule", "given", "effective"),
    [("-1", "true", False), ("0", "true", True), ("-2", "true", True), ("60000", "true", True), ("0", "false", False)],
)
def test_conditional_writes_are_effective_unless_the_schedule_is_off(
    schedule: str, given: str, effective: bool
) -> None:
    """They are on by default, and any schedule but -1, also 0, lets them take effect (reference 1.2)."""
    found = config(
        {"rotate.schedule.interval.ms": schedule, "enable.conditional.writes": given, "timezone": "UTC"}
    ).conditional_writes

    assert effective is found
    assert "true" == PROPERTIES["enable.conditional.writes"].default


@pytest.mark.parametrize("size", ["1", "0", "-7"])
def test_a_flush_size_of_one_or_less_means_one_record_an_object(size: str) -> None:
    """It does not switch anything off (reference 1.1)."""
    assert 1 == config({"flush.size": size}).flush_size


def test_texts_are_trimmed_but_the_separator_is_raw() -> None:
    """A separator of blanks is a separator; other texts lose theirs (reference 1.2)."""
    found = config(
        {
            "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
            "value.converter": BYTES_CONVERTER,
            "format.bytearray.separator": " \t",
            "topics.dir": " in ",
            "flush.size": " +4 ",
        }
    )

    assert (b" \t", "in", 4) == (found.separator, found.topics_dir, found.flush_size)


@pytest.mark.parametrize(
    ("given", "endpoint"), [("s3.local:9000", "https://s3.local:9000"), ("http://s3", "http://s3"), ("", "")]
)
def test_an_endpoint_without_a_scheme_is_https(given: str, endpoint: str) -> None:
    """`store.url` is taken as it is if it names one (reference 1.3)."""
    assert endpoint == config({"store.url": given}).endpoint
