"""Whose time counts: the clock's, the record's, or a field's (reference 4.6, 9.2 B4)."""

from typing import Any

import pytest

from onceproof.sink.config import parse
from onceproof.sink.effects import Record
from onceproof.sink.errors import TaskFailed
from onceproof.sink.extractors import Extractor, extractor, text_ms

DAY_MS = 86_400_000
MARCH_2017_MS = 1_488_412_800_000


def made(name: str, field: str = "timestamp") -> Extractor:
    """The extractor of that short name."""
    return extractor(
        parse(
            {
                "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
                "flush.size": "3",
                "key.converter": "org.apache.kafka.connect.storage.StringConverter",
                "value.converter": "org.apache.kafka.connect.json.JsonConverter",
                "value.converter.schemas.enable": "false",
                "s3.bucket.name": "b",
                "storage.class": "io.confluent.connect.s3.storage.S3Storage",
                "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
                "locale": "en",
                "timezone": "Asia/Seoul",
                "timestamp.extractor": name,
                "timestamp.field": field,
            }
        )
    )


def test_wallclock_and_record_ask_nobody_else() -> None:
    """One gives the clock that it is handed, the other the record's time, which may be missing."""
    record = Record(0, 7, None, b"{}")

    assert 99 == made("Wallclock")(record, {}, 99)
    assert 7 == made("Record")(record, {}, 99)
    assert None is made("Record")(record._replace(timestamp_ms=None), {}, 99)


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (12, 12),
        (-1, -1),
        (1.9, 1),
        (-1.9, -1),
        (1e300, (1 << 63) - 1),
        (-1e300, -(1 << 63)),
        (float("inf"), 0),
        (1 << 63, -(1 << 63)),
        ("1234", 1234),
        ("2017-03-02", MARCH_2017_MS),
    ],
)
def test_a_field_is_a_number_of_milliseconds_or_a_text(value: Any, ms: int) -> None:
    """Numbers become 64-bit integers as Java converts them; texts are read as numbers or ISO times."""
    assert ms == made("RecordField", "a.b")(Record(0, None, None, None), {"a": {"b": value}}, 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": {"b": None}}, "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": 1}, "offset 5: timestamp.field 'a.b' is missing"),
        ("text", "offset 5: timestamp.field 'a.b' is missing"),
        ({"a": {"b": True}}, "offset 5: timestamp.field 'a.b' is True, neither a number nor a text"),
        ({"a": {"b": [1]}}, "offset 5: timestamp.field 'a.b' is a list, neither a number nor a text"),
        ({"a": {"b": "soon"}}, "offset 5: timestamp.field 'a.b' is 'soon', neither milliseconds nor an ISO time"),
    ],
)
def test_a_field_without_a_time_ends_the_task(value: Any, message: str) -> None:
    """The message names offset, field and what was found."""
    with pytest.raises(TaskFailed) as caught:
        made("RecordField", "a.b")(Record(5, 1, None, None), value, 0)

    assert message == str(caught.value)


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
        "now",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """A blank instead of T, hour 24, days that are not in the calendar, numbers beyond 64 bit."""
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody: the caller names the field
        text_ms(text)
