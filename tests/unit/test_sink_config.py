"""What the sink makes of a user's properties: each mistake gives one clear message, and all come at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from onceproof.sink.config import SinkConfig, parse
from onceproof.sink.errors import ConfigError
from onceproof.sink.properties import (
    ALSO_DEFAULT,
    NOT_SUPPORTED_YET,
    NOT_SUPPORTED_YET_PREFIXES,
    PROPERTIES,
    read_properties,
)

PARTITIONERS = "io.confluent.connect.storage.partitioner"
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
STRING_CONVERTER = "org.apache.kafka.connect.storage.StringConverter"
BYTES_CONVERTER = "org.apache.kafka.connect.converters.ByteArrayConverter"
MINIMAL = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
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
INT = "from -2147483648 to 2147483647"
LONG = "from -9223372036854775808 to 9223372036854775807"
BOOLEAN = "must be true or false"
NUMBER = "must be a whole number"
CONVERTERS = f"must be one of {STRING_CONVERTER}, {BYTES_CONVERTER}, {JSON_CONVERTER}"
EXTRACTORS = ", ".join(
    f"{PARTITIONERS}.TimeBasedPartitioner${name}TimestampExtractor" for name in ("Wallclock", "Record", "RecordField")
)
FORMATS = (
    "io.confluent.connect.s3.format.json.JsonFormat",
    "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
)
FAMILY = ("Default", "TimeBased", "Daily", "Hourly")
JODA = "must be a Joda pattern, such as 'year'=YYYY/'month'=MM"

BAD: Mapping[str, tuple[tuple[str, str], ...]] = {
    "tasks.max": (
        ("2", "must be 1: this sink runs one task; for more, start it several times in one group"),
        ("all", "must be 1: this sink runs one task; for more, start it several times in one group"),
    ),
    "key.converter": (("", "is required and must not be blank"), ("StringConverter", CONVERTERS)),
    "value.converter": (("  ", "is required and must not be blank"), ("io.confluent.Avro", CONVERTERS)),
    "key.converter.schemas.enable": (("no", BOOLEAN),),
    "value.converter.schemas.enable": (
        ("no", BOOLEAN),
        ("true", "JSON with schemas is not supported yet, set it to false"),
    ),
    "format.class": (
        (
            "io.confluent.connect.s3.format.avro.AvroFormat",
            f"must be one of {', '.join(FORMATS)}",
        ),
    ),
    "flush.size": (("many", NUMBER), ("2147483648", f"must be {INT}"), ("1.0", NUMBER), ("1_000", NUMBER)),
    "rotate.interval.ms": (("1 h", NUMBER), ("9223372036854775808", f"must be {LONG}")),
    "rotate.schedule.interval.ms": (("", NUMBER), ("-9223372036854775809", f"must be {LONG}")),
    "rotate.file.on.partition.change": (("1", BOOLEAN),),
    "schema.compatibility": (("BACKWARD", "must be one of NONE"), ("none", "must be one of NONE")),
    "filename.offset.zero.pad.width": (("0", "must be from 1 to 2147483647"), ("x", NUMBER)),
    "retry.backoff.ms": (("5s", NUMBER),),
    "shutdown.timeout.ms": (("soon", NUMBER),),
    "behavior.on.null.values": (("ignore", "must be one of fail"), ("write", "must be one of fail")),
    "s3.bucket.name": (("", "is required and must not be blank"),),
    "s3.region": (("", "must not be blank"),),
    "s3.part.size": (("5242879", "must be from 5242880 to 2147483647"), ("5 MB", NUMBER)),
    "s3.part.retries": (("0", "must be from 1 to 2147483647"),),
    "s3.retry.backoff.ms": (("-1", "must be from 0 to 9223372036854775807"),),
    "s3.path.style.access.enabled": (("yes", BOOLEAN),),
    "enable.conditional.writes": (("on", BOOLEAN),),
    "storage.class": (
        ("io.confluent.connect.hdfs.Storage", "must be one of io.confluent.connect.s3.storage.S3Storage"),
    ),
    "partitioner.class": (
        (
            f"{PARTITIONERS}.FieldPartitioner",
            f"must be one of {', '.join(f'{PARTITIONERS}.{name}Partitioner' for name in FAMILY)}",
        ),
    ),
    "partition.duration.ms": (("0", "must be 1 or more"), ("-1", "must be 1 or more"), ("x", NUMBER)),
    "path.format": (
        ("", JODA),
        ("/", JODA),
        ("julian=D", "'j' is not a pattern letter; put text between single quotes"),
        ("MMM", "'MMM' prints a text, which is not supported yet"),
    ),
    "locale": (("", "must not be blank for a time-based partitioner"),),
    "timezone": (
        ("", "must be a time zone, because TimeBasedPartitioner needs it"),
        ("europe/paris", "must be a time zone id such as UTC, Europe/Paris (case matters) or +01:00"),
        ("+25:00", "must be a time zone id such as UTC, Europe/Paris (case matters) or +01:00"),
    ),
    "timestamp.extractor": (("record", f"must be one of Wallclock, Record, RecordField, {EXTRACTORS}"),),
    "timestamp.field": (("", "must be a dotted path of field names"), ("a..b", "must be a dotted path of field names")),
}
"""For each property values that are not allowed, and what the message says is allowed."""

ANY_TEXT = {
    "name",
    "connector.class",
    "topics",
    "aws.access.key.id",
    "aws.secret.access.key",
    "format.bytearray.extension",
    "format.bytearray.separator",
    "store.url",
    "topics.dir",
    "directory.delim",
    "file.delim",
}
"""Properties that no text is wrong for."""


def problems(changes: Mapping[str, str | None]) -> list[tuple[str, str | None, str]]:
    """The problems of the minimal configuration with these changes; none if it is accepted."""
    given = {name: value for name, value in {**MINIMAL, **changes}.items() if value is not None}
    try:
        parse(given)
    except ConfigError as error:
        return [tuple(problem) for problem in error.problems]
    return []


def config(changes: Mapping[str, str]) -> SinkConfig:
    """The minimal configuration with these changes."""
    return parse({**MINIMAL, **changes})


def test_the_minimal_configuration_is_accepted() -> None:
    """Neither it nor the time-based one that the cases below stand on is refused or warned of."""
    assert () == config({}).warnings
    assert () == config(TIME_BASED).warnings


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_says_what_it_allows(name: str) -> None:
    """A value that is not allowed gives one problem: property, value, and what is allowed; a free text gives none."""
    extractor = {"timestamp.extractor": "RecordField"} if name == "timestamp.field" else {}

    if name in ANY_TEXT:
        assert name not in BAD
        assert [] == problems({name: "anything at all"})
    for value, allowed in BAD.get(name, ()):
        blank = not value.strip() and "required" in allowed
        message = allowed if blank else f"invalid value {value!r}: {allowed}"

        assert [(name, value.strip(), message)] == problems({**TIME_BASED, **extractor, name: value})


def test_every_property_has_a_case() -> None:
    """A property that is added to the table must be added to the cases above."""
    assert set(PROPERTIES) == set(BAD) | ANY_TEXT


@pytest.mark.parametrize("name", [name for name, value in MINIMAL.items() if name != "value.converter.schemas.enable"])
def test_a_required_property_that_is_missing_is_named(name: str) -> None:
    """It has no default, and the message says so."""
    assert (name, None, "is required and has no default") == problems({name: None})[0]


@pytest.mark.parametrize(("name", "default"), NOT_SUPPORTED_YET.items())
def test_what_is_not_supported_yet_is_refused_by_name(name: str, default: str) -> None:
    """A property of the real connector is harmless at its default and refused at anything else, with its value."""
    only = f", only its default {default!r} is" if default else ""

    assert [] == problems({name: default})
    assert [] == problems({name: f" {default} "})
    assert [(name, "other", f"invalid value 'other': not supported yet{only}")] == problems({name: "other"})


@pytest.mark.parametrize(("name", "default"), ALSO_DEFAULT.items())
def test_a_default_is_harmless_by_its_other_name_as_well(name: str, default: str) -> None:
    """Releases of the real connector do not call it the same."""
    assert default != NOT_SUPPORTED_YET[name]
    assert [] == problems({name: default})


@pytest.mark.parametrize("prefix", NOT_SUPPORTED_YET_PREFIXES)
def test_families_that_are_not_supported_yet_are_refused(prefix: str) -> None:
    """Whatever stands behind such a prefix belongs to a part that this sink does not have."""
    name = f"{prefix}thing"

    assert [(name, "x", "invalid value 'x': not supported yet")] == problems({name: "x"})


def test_an_unknown_property_is_a_warning() -> None:
    """It changes nothing, but never silently."""
    assert ("flush.sise: unknown property, ignored; did you mean flush.size?",) == config({"flush.sise": "3"}).warnings


def test_all_problems_come_at_once() -> None:
    """In the order of the table of properties, then what is not supported yet; the text has a line for each."""
    found = problems({"s3.part.size": "1", "flush.size": "x", "avro.codec": "snappy", "storage.class": None})

    assert ["flush.size", "s3.part.size", "storage.class", "avro.codec"] == [name for name, _, _ in found]
    with pytest.raises(ConfigError) as caught:
        parse({**MINIMAL, "s3.part.size": "1", "flush.size": "x"})
    assert [
        "flush.size: invalid value 'x': must be a whole number",
        "s3.part.size: invalid value '1': must be from 5242880 to 2147483647",
    ] == str(caught.value).splitlines()


def test_all_cross_checks_come_at_once() -> None:
    """What is wrong between properties is collected as well."""
    found = problems({**TIME_BASED, "locale": "", "path.format": "", "partition.duration.ms": "-1", "s3.region": ""})

    assert ["s3.region", "partition.duration.ms", "locale", "path.format"] == [name for name, _, _ in found]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (
            {"rotate.schedule.interval.ms": "1"},
            ("timezone", "", "invalid value '': must be a time zone, because rotate.schedule.interval.ms is set"),
        ),
        (
            {"format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"},
            (
                "value.converter",
                "JsonConverter",
                "invalid value 'JsonConverter': ByteArrayFormat writes bytes, so it must be " + BYTES_CONVERTER,
            ),
        ),
        (
            {**TIME_BASED, "timestamp.extractor": "RecordField", "value.converter": STRING_CONVERTER},
            (
                "timestamp.extractor",
                "RecordField",
                "invalid value 'RecordField': values must have fields, so value.converter must be " + JSON_CONVERTER,
            ),
        ),
        (
            {"key.converter": JSON_CONVERTER},
            (
                "key.converter.schemas.enable",
                "true",
                "invalid value 'true': JSON with schemas is not supported yet, set it to false",
            ),
        ),
    ],
)
def test_properties_that_do_not_go_together_are_refused(changes: dict[str, str], wanted: tuple[str, str, str]) -> None:
    """The message names the property to change, and why."""
    assert [wanted] == problems(changes)


def test_what_has_no_effect_is_said() -> None:
    """An interval without a partitioner that knows time, and a schedule of 0, do not what they seem to."""
    assert ("rotate.interval.ms: needs a time-based partitioner, ignored",) == config(
        {"rotate.interval.ms": "1"}
    ).warnings
    [warning] = config({"rotate.schedule.interval.ms": "0"}).warnings
    assert "rotates nothing, but unlike -1 it lets enable.conditional.writes take effect" in warning


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
    assert PROPERTIES["enable.conditional.writes"].default is True


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


def test_a_properties_file_is_read_as_java_reads_it(tmp_path: Path) -> None:
    """Comments, continuations, escapes, all three delimiters, blanks before values and duplicates."""
    path = tmp_path / "sink.properties"
    path.write_bytes(
        b"# a comment\n"
        b"! another = one\r\n"
        b"\n"
        b"name = my\\\n"
        b"      -sink\n"
        b"   flush.size:3\n"
        b"topics   a,b\n"
        b"path.format='year'=YYYY/'month'=MM\n"
        b"file.delim=\\u002B\n"
        b"a\\=b\\:c=d=e\n"
        b"format.bytearray.separator=\\t\\n \n"
        b"flush.size=1000\n"
        b"topics.dir\n"
    )

    assert {
        "name": "my-sink",
        "flush.size": "1000",
        "topics": "a,b",
        "path.format": "'year'=YYYY/'month'=MM",
        "file.delim": "+",
        "a=b:c": "d=e",
        "format.bytearray.separator": "\t\n ",
        "topics.dir": "",
    } == read_properties(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the path and the reason."""
    path = tmp_path / "none.properties"

    with pytest.raises(ConfigError) as caught:
        read_properties(path)

    assert f"{path}: cannot be read: No such file or directory" == str(caught.value)


def test_a_malformed_escape_is_named(tmp_path: Path) -> None:
    """Java refuses a file with half a Unicode escape, and so does the sink, naming file and escape."""
    path = tmp_path / "sink.properties"
    path.write_text("name=\\u12\n")

    with pytest.raises(ConfigError, match=r"sink\.properties: is not a \.properties file: .*u12"):
        read_properties(path)
