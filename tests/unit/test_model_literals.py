"""SimpleHeaderConverter and the texts of headers, with vectors printed by Kafka's own."""

import pytest

from onceproof.model.literals import Unsettled, header_text, simple_header
from onceproof.model.schemas import Field, Schema, Struct


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1.50", "1.5"),
        ("12", "12"),
        ("true", "true"),
        ('{"a":[1,2]}', '{"a":[1,2]}'),
        ('"quoted"', '"quoted"'),
        ("", ""),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("hi there", "hi there"),
        ("007", "7"),
        ("-0.0", "0"),
        ("3.14159265358979", "3.1415927"),
        ("1e30", "1.0E30"),
        ("1e400", "1E+400"),
        ("12345678901234567890", "12345678901234567890"),
        ("12,34", "12"),
        ("true,", "true,"),
        ("[1, 2.5]", "[1.0,2.5]"),
        ("[1, null]", "[1, null]"),
        ('[1, "a"]', '[1,"a"]'),
        ("[1,]", "[1]"),
        ("[1", "[1"),
        (" [x", " "),
        ("  ", "  "),
        ('["a\\"b"]', '["a\\\\\\"b"]'),
        ('[" :b"]', '[":b"]'),
        ('{"a" : null}', '{"a":null}'),
        ("{a:1}", "{a:1}"),
        ('["2024-01-01"]', "[2024-01-01]"),
        ("2024-02-31", "2024-03-02"),
        ("1970-01-01", "00:00:00.000Z"),
        ("10:11:12.123Z", "10:11:12.123Z"),
        ("[[1], true]", "[[1],true]"),
        ("--1", "--1"),
        ("2024-01-01T01:00:00.000Z", "2024-01-01T01:00:00.000Z"),
        ("1e312345678901234567890", "1e312345678901234567890"),
    ],
)
def test_texts_are_read_and_printed_again(text: str, printed: str) -> None:
    """Narrow numbers, times, arrays and maps; what is none of these stays as it is."""
    assert printed == header_text(simple_header(text.encode())[0])


def test_null_is_null() -> None:
    """A header of this text has no value."""
    assert (None, None) == simple_header(b"null")


@pytest.mark.parametrize(
    "text", ["12-34-5678", "1:2:3.456789Z", "0001-01-01", "{1:2, 2.5:3}", '[1, "2024-01-01"]', "1e99999"]
)
def test_what_hangs_on_details_is_unsettled(text: str) -> None:
    """Lenient dates, old calendars and mixed keys are left out rather than guessed."""
    with pytest.raises(Unsettled):
        simple_header(text.encode())


def test_other_values_have_a_text_too() -> None:
    """Bytes as base64, structs like maps; text is quoted inside of them."""
    value = Struct(Schema("struct", fields=(Field("a", Schema("string")),)), {"a": 'x"y'})

    assert ["AQI=", '{"a":"x\\"y"}', '["AQI="]'] == [header_text(each) for each in (b"\1\2", value, [b"\1\2"])]
