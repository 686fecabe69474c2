"""Directories and names: time buckets over clock changes, fields, wrappers, and the parts of a key (reference 4)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from onceproof.sink.data import DECIMAL, TIMESTAMP, Field, Moment, Schema, SinkRecord, Struct
from onceproof.sink.effects import Record, TopicPartition
from onceproof.sink.errors import PartitionError, TaskFailed
from onceproof.sink.java.zones import Zone
from onceproof.sink.placing import plugins
from onceproof.sink.placing.partitioner import (
    ALWAYS,
    Custom,
    Default,
    Fields,
    Partitioner,
    SchemaAffix,
    TimeBasedPartitioner,
    TimeEncoder,
    Tombstones,
    object_key,
    partitioner,
)
from onceproof.sink.settings.parsing import parse

BASE = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
HOURLY = "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH"
HOUR_MS = 3_600_000


def directory(zone: str, when: str | int, duration_ms: int = HOUR_MS, path_format: str = HOURLY) -> str:
    """The directory of an instant."""
    config = parse(
        {
            **BASE,
            "partitioner.class": "io.confluent.connect.storage.partitioner.TimeBasedPartitioner",
            "partition.duration.ms": str(duration_ms),
            "path.format": path_format,
            "locale": "en",
            "timezone": zone,
            "timestamp.extractor": "Record",
        }
    )
    assert config.time_bucket is not None
    ms = when if isinstance(when, int) else int(datetime.fromisoformat(when).timestamp() * 1000)
    return TimeEncoder(config.time_bucket)(ms)


@pytest.mark.parametrize(
    ("zone", "when", "duration_ms", "text"),
    [
        ("America/New_York", "2024-03-10T06:59:59Z", HOUR_MS, "year=2024/month=03/day=10/hour=01"),
        ("America/New_York", "2024-03-10T07:00:00Z", HOUR_MS, "year=2024/month=03/day=10/hour=03"),
        ("America/New_York", "2024-03-10T07:30:00Z", 2 * HOUR_MS, "year=2024/month=03/day=10/hour=03"),
        ("America/New_York", "2024-11-03T05:30:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=01"),
        ("America/New_York", "2024-11-03T06:30:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=01"),
        ("America/New_York", "2024-11-03T07:00:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=02"),
        ("Europe/Paris", "2024-03-31T01:00:00Z", 2 * HOUR_MS, "year=2024/month=03/day=31/hour=03"),
        ("America/Sao_Paulo", "2017-10-15T12:00:00Z", 24 * HOUR_MS, "year=2017/month=10/day=15/hour=01"),
        ("UTC", -1, HOUR_MS, "year=1970/month=01/day=01/hour=00"),
        ("UTC", -3_600_001, HOUR_MS, "year=1969/month=12/day=31/hour=23"),
        ("UTC", 253_402_300_800_000, HOUR_MS, "year=10000/month=01/day=01/hour=00"),
        ("Europe/Paris", 253_402_300_800_000, HOUR_MS, "year=10000/month=01/day=01/hour=01"),
        ("-03:30", "2024-01-01T00:00:00Z", HOUR_MS, "year=2023/month=12/day=31/hour=20"),
    ],
)
def test_an_instant_belongs_to_the_bucket_of_its_local_time(
    zone: str, when: str | int, duration_ms: int, text: str
) -> None:
    """Truncated toward zero on the wall; a bucket that begins in a gap moves on, both hours of an overlap are one."""
    assert text == directory(zone, when, duration_ms)


def test_only_the_truncated_instant_is_printed() -> None:
    """Duration and pattern are independent: a bucket of 15 minutes prints its first minute."""
    text = directory("Asia/Kolkata", 1_738_554_309_123, 15 * 60_000, "YYYY/MM/dd/'hour_'HH/'m_'mm")

    assert "2025/02/03/hour_09/m_15" == text


@pytest.mark.parametrize(("zone", "text"), [("America/New_York", "01 -0400"), ("Europe/Paris", "02 +0100")])
def test_a_repeated_hour_prints_the_zone_of_one_of_both(zone: str, text: str) -> None:
    """West of Greenwich the earlier instant, east of it the later (reference 4.5, localToUtc)."""
    when = {"America/New_York": "2024-11-03T06:30:00Z", "Europe/Paris": "2024-10-27T00:30:00Z"}[zone]

    assert text == directory(zone, when, path_format="HH Z")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Sao_Paulo", "Asia/Kathmandu", "+14:00"])
def test_a_remembered_bucket_prints_as_a_fresh_one(zone: str) -> None:
    """One encoder over a year gives what a new one gives for each instant."""
    times = range(1_490_000_000_000, 1_521_536_000_000, 97 * HOUR_MS)
    encode = TimeEncoder(_bucket(zone))

    assert [TimeEncoder(_bucket(zone))(ms) for ms in times] == [encode(ms) for ms in times]


def _bucket(zone: str):  # type: ignore[no-untyped-def]
    found = parse(
        {
            **BASE,
            "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
            "locale": "en",
            "timezone": zone,
        }
    ).time_bucket
    assert found is not None
    assert Zone.named(zone) is found.zone
    return found


def sink_record(
    value: Any, schema: Schema | None = None, timestamp_ms: int | None = 1, partition: int = 3
) -> SinkRecord:
    """A record of that value, at offset 5."""
    raw = Record(5, timestamp_ms, None, None)
    return SinkRecord("t", partition, 5, timestamp_ms, None, None, value, schema, (), raw)


def made(changes: Mapping[str, str]) -> Partitioner:
    """The partitioner of a configuration."""
    return partitioner(parse({**BASE, **changes}))


def placed(by: Partitioner, record: SinkRecord, now_ms: int = 0) -> str:
    """The directory that it gives, asked as the machine asks."""
    return by.encode(record, by.extract(record, now_ms) if by.time_based else None, now_ms)


STORAGE = "io.confluent.connect.storage.partitioner"
TIMED = {
    "partitioner.class": f"{STORAGE}.TimeBasedPartitioner",
    "partition.duration.ms": "3600000",
    "path.format": HOURLY,
    "locale": "en",
    "timezone": "UTC",
    "timestamp.extractor": "Record",
}


def test_the_default_is_the_partition_in_kafka() -> None:
    """One directory for ever, and no time."""
    by = made({})

    assert "partition=3" == placed(by, sink_record(None))
    assert not by.time_based
    assert ALWAYS == by.span(0)


def test_daily_and_hourly_have_patterns_of_their_own() -> None:
    """They are of the time-based family."""
    daily, hourly = (
        made({**TIMED, "partitioner.class": f"{STORAGE}.{name}Partitioner"}) for name in ("Daily", "Hourly")
    )
    record = sink_record({}, timestamp_ms=1_738_554_309_123)

    assert "year=2025/month=02/day=03" == placed(daily, record)
    assert "year=2025/month=02/day=03/hour=03" == placed(hourly, record)
    assert daily.time_based
    assert hourly.time_based


def test_a_record_without_a_time_is_errant_in_a_time_bucket() -> None:
    """The extractor lets it pass, the directory does not."""
    by = made(TIMED)
    record = sink_record({}, timestamp_ms=None)

    assert None is by.extract(record, 99)
    with pytest.raises(PartitionError, match="offset 5: the record has no timestamp"):
        by.encode(record, None, 99)


NESTED = Schema("struct", optional=True, fields=(Field("x", Schema("string", optional=True)),))
COLUMNS = Schema(
    "struct",
    fields=(
        Field("small", Schema("int8")),
        Field("big", Schema("int64", optional=True)),
        Field("text", Schema("string")),
        Field("flag", Schema("boolean")),
        Field("usual", Schema("string", default="often")),
        Field("s", NESTED),
        Field("ratio", Schema("float64", optional=True)),
        Field("price", Schema("bytes", name=DECIMAL, parameters={"scale": "2"})),
        Field("at", Schema("int64", name=TIMESTAMP)),
    ),
)


def columns(**changes: Any) -> SinkRecord:
    """A record with a value for each field."""
    values = {
        "small": -5,
        "big": 1 << 40,
        "text": "a/b=c",
        "flag": True,
        "usual": None,
        "s": Struct(NESTED, ["v"]),
        "ratio": 0.5,
        "price": Decimal("1.00"),
        "at": Moment(1),
        **changes,
    }
    return sink_record(Struct(COLUMNS, [values[name] for name in COLUMNS.index]), COLUMNS)


@pytest.mark.parametrize(
    ("names", "changes", "directory"),
    [
        (("small",), {}, "small=-5"),
        (("text", "big"), {}, "text=a/b=c/big=1099511627776"),
        (("flag",), {}, "flag=true"),
        (("flag",), {"flag": False}, "flag=false"),
        (("usual",), {}, "usual=often"),
        (("usual",), {"usual": "rarely"}, "usual=rarely"),
        (("big", "s.x"), {"big": None}, "big=null/s.x=v"),
        (("s.x",), {"s": Struct(NESTED, [None])}, "s.x=null"),
        (("s.x",), {"s": None}, "s.x=null"),
        ((), {}, ""),
    ],
)
def test_fields_are_printed_in_order(names: tuple[str, ...], changes: dict[str, Any], directory: str) -> None:
    """Numbers in decimal, texts as they are, null as a word also below a struct that is null, defaults for null."""
    by = Fields(names, "/")

    assert directory == placed(by, columns(**changes))
    assert None is by.span(0)


@pytest.mark.parametrize("name", ["ratio", "price", "s"])
@pytest.mark.parametrize("value", ["as it is", None])
def test_a_field_of_another_type_makes_a_record_errant(name: str, value: str | None) -> None:
    """Also where it is null."""
    record = columns() if value else columns(**{name: None})

    with pytest.raises(PartitionError, match=f"offset 5: partition.field.name '{name}' is a .*; directories are made"):
        placed(Fields((name,), "/"), record)


@pytest.mark.parametrize("value", [{"small": 1}, "text", None, 3])
def test_a_value_that_is_no_struct_is_errant(value: Any) -> None:
    """Also a map that has the field."""
    with pytest.raises(PartitionError, match=r"offset 5: partition\.field\.name needs a struct, the value is a "):
        placed(Fields(("small",), "/"), sink_record(value))


@pytest.mark.parametrize("name", ["nope", "s.nope", "nope.x", "text.x"])
def test_a_field_that_the_schema_lacks_ends_the_task(name: str) -> None:
    """At any level, as does a path through something that has no fields."""
    with pytest.raises(TaskFailed, match=f"offset 5: partition.field.name '{name}': the schema has no field"):
        placed(Fields((name,), "/"), columns())


def test_a_field_of_a_type_of_time_ends_the_task() -> None:
    """As the real connector dies of the cast."""
    with pytest.raises(TaskFailed, match=f"partition.field.name 'at' is a {TIMESTAMP}, not a number"):
        placed(Fields(("at",), "/"), columns())


def test_fields_are_looked_up_again_when_the_schema_changes() -> None:
    """The same field may lie elsewhere in the next record."""
    by = Fields(("small",), "|")
    other = Schema("struct", fields=(Field("big", Schema("int64")), Field("small", Schema("string"))))

    assert "small=-5" == placed(by, columns())
    assert "small=none" == placed(by, sink_record(Struct(other, [1, "none"]), other))
    assert "small=-5" == placed(by, columns())


def test_the_field_partitioner_takes_its_names_from_the_properties() -> None:
    """Several, joined by the delimiter."""
    by = made(
        {
            "partitioner.class": f"{STORAGE}.FieldPartitioner",
            "partition.field.name": "small, s.x",
            "directory.delim": "|",
            "value.converter.schemas.enable": "true",
        }
    )

    assert "small=-5|s.x=v" == placed(by, columns())
    assert not by.time_based


@pytest.mark.parametrize(
    ("affix", "schema", "directory"),
    [
        ("PREFIX", Schema("struct", name="com.x.A"), "schema_name=com.x.A/partition=3"),
        ("SUFFIX", Schema("struct", name="com.x.A"), "partition=3/schema_name=com.x.A"),
        ("SUFFIX", Schema("struct"), "partition=3/schema_name=null"),
        ("PREFIX", None, "schema_name=null/partition=3"),
        ("NONE", Schema("struct", name="com.x.A"), "partition=3"),
    ],
)
def test_the_name_of_the_schema_goes_before_or_behind(affix: str, schema: Schema | None, directory: str) -> None:
    """It is `null` without a schema or without a name."""
    by = made({"s3.schema.partition.affix.type": affix})

    assert directory == placed(by, sink_record({}, schema))


WRITE = {"behavior.on.null.values": "write", "store.kafka.keys": "true", "keys.format.class": BASE["format.class"]}


def test_a_tombstone_has_a_directory_and_a_time_of_its_own() -> None:
    """No affix, no time bucket; its time is that of the record whatever the extractor, and may be missing."""
    changes = {"tombstone.encoded.partition": "gone", "s3.schema.partition.affix.type": "PREFIX"}
    by = made({**TIMED, **WRITE, **changes, "timestamp.extractor": "RecordField"})
    tombstone = sink_record(None, timestamp_ms=7)

    assert "gone" == placed(by, tombstone)
    assert 7 == by.extract(tombstone, 99)
    assert "gone" == placed(by, tombstone._replace(timestamp_ms=None))
    assert "schema_name=null/year=1970/month=01/day=01/hour=01" == placed(by, sink_record({"timestamp": 3_600_000}))
    assert by.time_based


def test_a_wrapper_is_of_the_family_of_what_it_wraps() -> None:
    """And has no span, since it looks at each record."""
    for inner in (made(TIMED), Default()):
        for by in (SchemaAffix(inner, "PREFIX", "/"), Tombstones(inner, "gone")):
            assert inner.time_based is by.time_based
            assert None is by.span(0)


class ByLength:
    """A partitioner of a user's: by the length of the value, under a prefix that a property gives."""

    def configure(self, properties: Mapping[str, str]) -> None:
        """Gets all properties, also those that the sink does not know."""
        self.prefix = properties["my.prefix"]

    def encode(self, record: SinkRecord, now_ms: int) -> Any:
        """Fails where the value is an error, and gives what is no text where it is a number."""
        if isinstance(record.value, Exception):
            raise record.value
        return record.value if isinstance(record.value, int) else f"{self.prefix}{len(record.value)}"


class Nightly(TimeBasedPartitioner):
    """A time-based partitioner of a user's: says how it prints time, and adds the topic."""

    def configure(self, properties: Mapping[str, str]) -> None:
        """The pattern is its own; everything else is as the properties have it."""
        super().configure({**properties, "path.format": "'night'=dd/", "partition.duration.ms": "86400000"})

    def encode(self, record: SinkRecord, now_ms: int) -> str:
        """The topic stands first."""
        return f"{record.topic}/{super().encode(record, now_ms)}"


@pytest.mark.parametrize("given", [f"{__name__}:ByLength", f"{__name__}.ByLength"])
def test_a_class_of_the_users_gives_the_directory(given: str) -> None:
    """It is named as module:Class or with dots; without the base class it is not of the time-based family."""
    by = made({"partitioner.class": given, "my.prefix": "n="})

    assert "n=4" == placed(by, sink_record("four"))
    assert not by.time_based
    assert None is by.span(0)
    assert None is by.extract(sink_record("four"), 0)


def test_an_entry_point_may_stand_for_a_class_of_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that properties which name one need not change."""
    entry = EntryPoint("com.example.ByLength", f"{__name__}:ByLength", "onceproof.partitioners")
    monkeypatch.setattr(plugins, "entry_points", lambda group: EntryPoints([entry]).select(group=group))

    assert "n=4" == placed(made({"partitioner.class": "com.example.ByLength", "my.prefix": "n="}), sink_record("four"))


def test_a_subclass_of_the_time_based_partitioner_is_of_its_family() -> None:
    """It extracts as the properties say, and a record without a time is errant."""
    by = made(
        {
            "partitioner.class": f"{__name__}:Nightly",
            "locale": "en",
            "timezone": "Asia/Seoul",
            "timestamp.extractor": "RecordField",
            "timestamp.field": "at",
        }
    )
    record = sink_record({"at": 1_738_554_309_123})

    assert by.time_based
    assert 1_738_554_309_123 == by.extract(record, 0)
    assert "t/night=03" == placed(by, record)
    with pytest.raises(TaskFailed, match=r"timestamp\.field 'at' is missing"):
        by.extract(sink_record({}), 0)


def test_a_subclass_without_a_time_for_a_record_makes_it_errant() -> None:
    """As the built-in one does."""
    by = Nightly()
    by.configure({"locale": "en", "timezone": "UTC", "timestamp.extractor": "Record"})

    with pytest.raises(PartitionError, match="offset 5: the record has no timestamp"):
        Custom("Nightly", by).encode(sink_record({}, timestamp_ms=None), None, 0)


def test_what_a_class_of_the_users_raises_ends_the_task_unless_it_says_otherwise() -> None:
    """Only PartitionError makes a record errant."""
    inner = ByLength()
    inner.configure({"my.prefix": "n="})
    by = Custom("mine", inner)

    with pytest.raises(PartitionError, match="lost"):
        placed(by, sink_record(PartitionError("lost")))
    with pytest.raises(TaskFailed, match="offset 5: mine: KeyError: 'x'"):
        placed(by, sink_record(KeyError("x")))
    with pytest.raises(TaskFailed, match="offset 5: mine gave 3 instead of a directory"):
        placed(by, sink_record(3))


@pytest.mark.parametrize(
    ("given", "properties", "message"),
    [
        (
            "Nowhere",
            {},
            "no class 'Nowhere': give a Python class as module:Class, or an entry point of group onceproof",
        ),
        ("com.example.Mine", {}, "no class 'com.example.Mine' .*classes of Java cannot be run"),
        (f"{__name__}:Missing", {}, "no class '.*:Missing'"),
        ("decimal:Decimal", {}, "'decimal:Decimal' is no class with a method 'encode'"),
        (f"{__name__}:ByLength", {}, "ByLength' cannot be configured: KeyError: 'my.prefix'"),
        (f"{__name__}:Nightly", {"locale": "en"}, "timezone: must not be blank for a time-based partitioner"),
        (f"{__name__}:Nightly", {"locale": "en", "timezone": "PST"}, "must be a time zone id"),
    ],
)
def test_a_class_that_cannot_be_had_is_refused(given: str, properties: dict[str, str], message: str) -> None:
    """With the reason, and with advice on what to give."""
    with pytest.raises(ValueError, match=message):
        plugins.make(given, "onceproof.partitioners", "encode", properties)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"partition.duration.ms": "0"}, "partition.duration.ms: invalid value '0': must be 1 or more"),
        ({"path.format": "/"}, "path.format: invalid value '/': must be a Joda pattern"),
        ({"path.format": "L"}, "'L' is not a pattern letter"),
        ({"locale": " "}, "locale: must not be blank"),
        ({"timestamp.extractor": "Nowhere"}, "no class 'Nowhere'"),
    ],
)
def test_the_base_class_checks_its_properties(properties: dict[str, str], message: str) -> None:
    """As the built-in partitioners do."""
    with pytest.raises(ValueError, match=message):
        TimeBasedPartitioner().configure({**TIMED, **properties})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.json"),
        ({"topics.dir": ""}, "clicks/partition=3/clicks+3+0000000120.json"),
        ({"topics.dir": "a/b"}, "a/b/clicks/partition=3/clicks+3+0000000120.json"),
        ({"directory.delim": "|"}, "topics|clicks|partition=3|clicks+3+0000000120.json"),
        ({"file.delim": "_"}, "topics/clicks/partition=3/clicks_3_0000000120.json"),
        ({"filename.offset.zero.pad.width": "1"}, "topics/clicks/partition=3/clicks+3+120.json"),
        ({"filename.offset.zero.pad.width": "4"}, "topics/clicks/partition=3/clicks+3+0120.json"),
        (
            {
                "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
                "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
                "format.bytearray.extension": ".raw",
            },
            "topics/clicks/partition=3/clicks+3+0000000120.raw",
        ),
    ],
)
def test_a_key_has_its_parts_in_order(changes: dict[str, str], key: str) -> None:
    """Topic twice and verbatim, the directory between, the offset padded and never cut."""
    assert key == object_key(parse({**BASE, **changes}), TopicPartition("clicks", 3), "partition=3", 120)


def test_an_offset_longer_than_the_pad_is_not_cut() -> None:
    """Names stay distinct beyond ten digits."""
    key = object_key(parse(BASE), TopicPartition("t", 0), "partition=0", 12_345_678_901)

    assert "topics/t/partition=0/t+0+12345678901.json" == key


STORED = {
    "store.kafka.keys": "true",
    "store.kafka.headers": "true",
    "keys.format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
    "key.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
    "headers.format.class": BASE["format.class"],
}


def test_keys_and_headers_stand_beside_their_values() -> None:
    """Same name and offset; the extension of the values gives way to that of the other format, at the end only."""
    config = parse({**BASE, **STORED, "s3.compression.type": "gzip"})
    partition = TopicPartition("a.json.gz", 0)

    assert "topics/a.json.gz/d/a.json.gz+0+0000000120.json.gz" == object_key(config, partition, "d", 120)
    assert "topics/a.json.gz/d/a.json.gz+0+0000000120.keys.bin.gz" == object_key(
        config, partition, "d", 120, kind="key"
    )
    assert "topics/a.json.gz/d/a.json.gz+0+0000000120.headers.json.gz" == object_key(
        config, partition, "d", 120, kind="headers"
    )
