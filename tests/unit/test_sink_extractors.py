"""Whose time counts: the clock's, the record's, or a field's (reference 4.6, 9.2 B4)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from onceproof.sink.data import DATE, TIME, TIMESTAMP, Field, Moment, Schema, SinkRecord, Struct
from onceproof.sink.effects import Record
from onceproof.sink.errors import PartitionError, TaskFailed
from onceproof.sink.placing.extractors import Extractor, built_in, named, text_ms

DAY_MS = 86_400_000
MARCH_2017_MS = 1_488_412_800_000


def made(name: str, field: str = "timestamp") -> Extractor:
    """The extractor of that name."""
    return named(name, tuple(field.split(".")), {"my.property": "7"})


def sink_record(value: Any, schema: Schema | None = None, timestamp_ms: int | None = 1, offset: int = 5) -> SinkRecord:
    """A record of that value."""
    raw = Record(offset, timestamp_ms, None, None)
    return SinkRecord("t", 0, offset, timestamp_ms, None, None, value, schema, (), raw)


def typed(value: Any, schema: Schema) -> SinkRecord:
    """A record whose value has a struct a, whose field b has that value."""
    inner = Schema("struct", fields=(Field("b", schema),))
    outer = Schema("struct", fields=(Field("a", inner),))
    return sink_record(Struct(outer, [Struct(inner, [value])]), outer)


def test_wallclock_and_record_ask_nobody_else() -> None:
    """One gives the clock that it is handed, the other the record's time, which may be missing."""
    record = sink_record({}, timestamp_ms=7)

    assert 99 == made("Wallclock")(record, 99)
    assert 7 == made("Record")(record, 99)
    assert None is made("Record")(record._replace(timestamp_ms=None), 99)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Record", "Record"),
        ("RecordTimestampExtractor", "Record"),
        ("io.confluent.connect.storage.partitioner.TimeBasedPartitioner$RecordFieldTimestampExtractor", "RecordField"),
        ("mine.RecordTimestampExtractor", None),
        ("Recorded", None),
    ],
)
def test_the_connectors_own_extractors_have_several_names(given: str, name: str | None) -> None:
    """A class of the user's is none of them, even if it is called like one."""
    assert name == built_in(given)


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (12, 12),
        (-1, -1),
        (1.9, 1),
        (-1.9, -1),
        (1e300, (1 << 63) - 1),
        (-1e300, -(1 << 63)),
        (float("inf"), (1 << 63) - 1),
        (float("-inf"), -(1 << 63)),
        (float("nan"), 0),
        (Decimal("12.9"), 12),
        (Moment(12), 12),
        (1 << 63, -(1 << 63)),
        ("1234", 1234),
        ("2017-03-02", MARCH_2017_MS),
    ],
)
def test_a_field_is_a_number_of_milliseconds_or_a_text(value: Any, ms: int) -> None:
    """Numbers become 64-bit integers as Java converts them; texts are read as numbers or ISO times."""
    assert ms == made("RecordField", "a.b")(sink_record({"a": {"b": value}}), 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": {"b": None}}, "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": 1}, "offset 5: timestamp.field 'a.b' is missing"),
        ("text", "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": {"b": True}}, "offset 5: timestamp.field 'a.b' is True, neither a number nor a text"),
        ({"a": {"b": [1]}}, "offset 5: timestamp.field 'a.b' is a list, neither a number nor a text"),
        (None, "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": {"b": b"1"}}, "offset 5: timestamp.field 'a.b' is a bytes, neither a number nor a text"),
        ({"a": {"b": "soon"}}, "offset 5: timestamp.field 'a.b' is 'soon', neither milliseconds nor an ISO time"),
    ],
)
def test_a_field_without_a_time_ends_the_task(value: Any, message: str) -> None:
    """The message names offset, field and what was found."""
    with pytest.raises(TaskFailed) as caught:
        made("RecordField", "a.b")(sink_record(value), 0)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("value", "schema", "ms"),
    [
        (12, Schema("int32"), 12),
        (-12, Schema("int64"), -12),
        (None, Schema("int64", optional=True, default=13), 13),
        ("1234", Schema("string"), 1234),
        ("2017-03-02", Schema("string", name="mine"), MARCH_2017_MS),
        (Moment(12), Schema("int64", name=TIMESTAMP), 12),
    ],
)
def test_a_field_of_a_struct_is_read_by_its_schema(value: Any, schema: Schema, ms: int) -> None:
    """Integers are milliseconds, null is the default, and of the types of time Timestamp has an instant."""
    assert ms == made("RecordField", "a.b")(typed(value, schema), 0)


@pytest.mark.parametrize(
    ("value", "schema", "message"),
    [
        (None, Schema("int64", optional=True), "is missing"),
        (1, Schema("int16"), f"is a int16, neither a number (int32, int64), a text nor a {TIMESTAMP}"),
        (1.0, Schema("float64"), f"is a float64, neither a number (int32, int64), a text nor a {TIMESTAMP}"),
        (True, Schema("boolean"), f"is a boolean, neither a number (int32, int64), a text nor a {TIMESTAMP}"),
        (Moment(1), Schema("int32", name=DATE), f"is a {DATE}; of the types of time only {TIMESTAMP} is understood"),
        (Moment(1), Schema("int32", name=TIME), f"is a {TIME}; of the types of time only {TIMESTAMP} is understood"),
        ("soon", Schema("string"), "is 'soon', neither milliseconds nor an ISO time"),
    ],
)
def test_a_field_of_a_struct_without_an_instant_ends_the_task(value: Any, schema: Schema, message: str) -> None:
    """Also one that the schema has but the record has not."""
    with pytest.raises(TaskFailed) as caught:
        made("RecordField", "a.b")(typed(value, schema), 0)

    assert f"offset 5: timestamp.field 'a.b' {message}" == str(caught.value)


@pytest.mark.parametrize("path", ["a.c", "b", "a.b.c"])
def test_a_field_that_the_schema_lacks_ends_the_task(path: str) -> None:
    """At any level."""
    with pytest.raises(TaskFailed, match=f"offset 5: timestamp.field '{path}' is missing"):
        made("RecordField", path)(typed(1, Schema("int64")), 0)


class Doubling:
    """An extractor of a user's: reads a property of its own."""

    def configure(self, properties: Mapping[str, str]) -> None:
        """Gets all properties."""
        self.factor = int(properties["my.property"])

    def extract(self, record: SinkRecord, now_ms: int) -> Any:
        """The time of the record, multiplied; other results and errors where its value says so."""
        if isinstance(record.value, Exception):
            raise record.value
        return record.value if record.timestamp_ms is None else record.timestamp_ms * self.factor


def test_a_class_of_the_users_is_configured_and_asked() -> None:
    """It is named as module:Class or with dots, and gets all properties."""
    assert 21 == made(f"{__name__}:Doubling")(sink_record({}, timestamp_ms=3), 0)
    assert 21 == made(f"{__name__}.Doubling")(sink_record({}, timestamp_ms=3), 0)
    assert None is made(f"{__name__}.Doubling")(sink_record(None, timestamp_ms=None), 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (PartitionError("lost"), "PartitionError: lost"),
        (KeyError("x"), "KeyError: 'x'"),
        ("soon", "gave 'soon' instead of milliseconds or None"),
    ],
)
def test_whatever_a_class_of_the_users_raises_ends_the_task(value: Any, message: str) -> None:
    """An extractor makes no record errant."""
    with pytest.raises(TaskFailed) as caught:
        made(f"{__name__}:Doubling")(sink_record(value, timestamp_ms=None), 0)

    assert str(caught.value).startswith(f"offset 5: {__name__}:Doubling")
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("NoSuchExtractor", "no class 'NoSuchExtractor': give a Python class as module:Class, or an entry point of"),
        ("com.example.Mine", "no class 'com.example.Mine' .*classes of Java cannot be run"),
        ("decimal:Decimal", "'decimal:Decimal' is no class with a method 'extract'"),
    ],
)
def test_a_class_that_cannot_be_loaded_is_refused(given: str, message: str) -> None:
    """With advice on what to give."""
    with pytest.raises(ValueError, match=message):
        made(given)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2017-03-02", MARCH_2017_MS),
        ("2017-061", MARCH_2017_MS),
        ("2017-W09-4", MARCH_2017_MS),
        ("2017-3-2", MARCH_2017_MS),
        ("2017-03", MARCH_2017_MS - DAY_MS),
        ("2017-03-02T10", MARCH_2017_MS + 36_000_000),
        ("2017-03-02T10:00Z", MARCH_2017_MS + 36_000_000),
        ("2017-03-02T10:20:30.4567", MARCH_2017_MS + 37_230_456),
        ("2017-03-02T10:20:30,4", MARCH_2017_MS + 37_230_400),
        ("2017-03-02T10:00+01", MARCH_2017_MS + 32_400_000),
        ("2017-03-02T10:00+0100", MARCH_2017_MS + 32_400_000),
        ("2017-03-02T10:00-01:00", MARCH_2017_MS + 39_600_000),
        ("2017-03-02T10:00+01:00:00.500", MARCH_2017_MS + 32_399_500),
        ("2017-03-02T10:00z", MARCH_2017_MS + 36_000_000),
        ("2017-03-02T10.5", MARCH_2017_MS + 37_800_000),
        ("2017-03-02T10:20.5", MARCH_2017_MS + 37_230_000),
        ("2017-03-02T21.27717223", MARCH_2017_MS + 76_597_819),
        ("2017-03-02T", MARCH_2017_MS),
        ("43-3-15", -60_803_913_600_000),
        ("-0043-03-15", -63_517_824_000_000),
        ("12017-W09-4", MARCH_2017_MS + 25 * 146_097 * DAY_MS),
        ("T10:00Z", 36_000_000),
        ("20170302", 20_170_302),
        ("2017", 2017),
        ("-12", -12),
        ("9223372036854775807", (1 << 63) - 1),
    ],
)
def test_texts_are_milliseconds_or_iso_times(text: str, ms: int) -> None:
    """Digits alone are milliseconds, however much they look like a date; a time without an offset is UTC."""
    assert ms == text_ms(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "T",
        "TZ",
        "2017-03-02 10:00",
        "2017-03-02T24:00",
        "2017-02-30",
        "2017-13",
        "2017-366",
        "9223372036854775808",
        "2017-W53",
        "2017-03-02T10:00+1",
        "2017-03-02T10:00+0100:30",
        "2017-03-02T10:00+01:60",
        "2017-03-02T10:00:00.1234567890",
        "299000000-01",
        "٢٠٢٤-01",
        "now",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """A blank instead of T, hour 24, days that are not in the calendar, what 64 bit do not hold, other digits."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody: the caller names the field
        text_ms(text)
