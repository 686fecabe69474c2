"""Bytes of the text formats."""

import pytest
from model_stories import JSON, T0

from onceproof.model.history import Record
from onceproof.model.rendering import body, double_text, hash_map_order, render

BYTES = {
    **JSON,
    "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
    "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
}
STRINGS = {**JSON, "value.converter": "org.apache.kafka.connect.storage.StringConverter"}


def record(value: bytes | None) -> Record:
    """A record with this value."""
    return Record(0, T0, None, value)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('{"i": 1}', '{"i":1}'),
        ("12 13", "12"),
        ('{"k":{}} trailing', '{"k":{}}'),
        ("  [1, null, true]  ", "[1,null,true]"),
        ("9223372036854775808", "-9223372036854775808"),
        ("12345678901234567890", "-6101065172474983726"),
        ("-0", "0"),
        ("1e3", "1000.0"),
        ("12.50", "12.5"),
        ("0.1000000000000000055", "0.1"),
        ("1E400", '"Infinity"'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        ('"a/b\\u007f\\u2028\\n\\u0001"', '"a/b\x7f\u2028\\n\\u0001"'),
        ('"\\u0000\\ud83d\\ude00"', '"\\u0000\\uD83D\\uDE00"'),
    ],
)
def test_json_is_printed_as_the_sink_prints_it(value: str, line: str) -> None:
    """The values of reference 5 and 9.2 B3: numbers, trailing text, repeated names, escapes."""
    assert f"{line}\n".encode() == render(JSON, record(value.encode()))


@pytest.mark.parametrize("value", [None, b"", b"null", b"  null ", b"NaN", b"12abc", b"{", b"\xff"])
def test_what_is_null_or_unreadable_has_no_bytes(value: bytes | None) -> None:
    """No object holds such a record, so asking for its bytes is an error."""
    with pytest.raises(ValueError, match="no object holds offset 0"):
        render(JSON, record(value))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e10, "1.0E10"), (1e-7, "1.0E-7"), (3.2, "3.2"), (-0.0, "-0.0"), (0.0, "0.0"),
        (12345678.0, "1.2345678E7"), (1234567.0, "1234567.0"), (0.001, "0.001"), (0.00099, "9.9E-4"), (1e7, "1.0E7"),
        (-1.5e300, "-1.5E300"), (100.0, "100.0"), (float("nan"), '"NaN"'), (float("-inf"), '"-Infinity"'),
    ],
)  # fmt: skip
def test_doubles_are_java_text(number: float, text: str) -> None:
    """Plain between a thousandth and ten million, else with an exponent; never a bare word."""
    assert text == double_text(number)


def test_names_stand_in_the_order_of_a_hash_map() -> None:
    """Buckets are taken by spread hash, not by insertion; 13 names double the table."""
    assert ["a", "b", "ts"] == hash_map_order(["ts", "b", "a"])
    assert ["AaAa", "BBBB"] == hash_map_order(["AaAa", "BBBB"])  # equal hashes keep the order of insertion
    assert ["BBBB", "AaAa"] == hash_map_order(["BBBB", "AaAa"])
    letters = [chr(ord("a") + at) for at in range(12)]
    assert [*"pabcdefghijk"] == hash_map_order([*letters[:11], "p"])
    assert [*"abcdefghijklp"] == hash_map_order([*letters, "p"])


def test_strings_become_json_strings() -> None:
    """StringConverter under JsonFormat: quoted; malformed UTF-8 is replaced."""
    assert b'"a\\"b"\n' == render(STRINGS, record(b'a"b'))
    assert '"\ufffd"\n'.encode() == render(STRINGS, record(b"\xff"))
    assert b'""\n' == render(STRINGS, record(b""))


def test_bytes_under_json_are_base64() -> None:
    """ByteArrayConverter under JsonFormat prints padded base64."""
    config = {**JSON, "value.converter": BYTES["value.converter"]}

    assert b'"AQI="\n' == render(config, record(b"\x01\x02"))


def test_bytes_are_written_as_they_are() -> None:
    """ByteArrayFormat adds nothing but the separator, also behind the last and behind an empty value."""
    assert b"a\n\n\x00\n" == body(BYTES, [record(b"a"), record(b""), record(b"\x00")])


def test_the_separator_is_taken_raw() -> None:
    """Neither trimmed nor unescaped."""
    assert b"a \\n b \\n " == body({**BYTES, "format.bytearray.separator": " \\n "}, [record(b"a"), record(b"b")])
