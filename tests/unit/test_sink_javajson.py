"""JSON without schemas, in and out, to the byte (reference 5, 9.1 A1, 9.2 B3)."""

import json
import math
from typing import Any

import pytest

from onceproof.sink.javajson import MalformedJson, hash_order, java_double, parse, render


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", None),
        (b"null", None),
        (b"12 13", 12),
        (b' {"k":{}} trailing', {"k": {}}),
        (b"9223372036854775807", (1 << 63) - 1),
        (b"-0", 0),
        (b"1e3", 1000.0),
        (b"12.50", 12.5),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('\t[1, "é"]'.encode(), [1, "é"]),
    ],
)
def test_the_first_value_is_read(data: bytes, value: Any) -> None:
    """What follows is ignored, nothing at all is null, and the last of two equal names wins."""
    found = parse(data)

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize("data", [b"NaN", b"Infinity", b"-Infinity", b"{", b"{'a':1}", b"01", b"1.x", b" ", b"\xff"])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    """Constants that JSON does not have, single quotes, leading zeros, cut texts."""
    with pytest.raises(MalformedJson):
        parse(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"12345678901234567890", "-6101065172474983726"),
        (b"9223372036854775808", "-9223372036854775808"),
        (b"-9223372036854775809", "9223372036854775807"),
        (b"1E400", '"Infinity"'),
        (b"-1E400", '"-Infinity"'),
        (b"0.1000000000000000055", "0.1"),
        (b"-0", "0"),
        (b"-0.0", "-0.0"),
        (b"[ 1 , true , null ]", "[1,true,null]"),
        (b'{"a" : {"b" : []}}', '{"a":{"b":[]}}'),
        (b'"\\u0000\\ud83d\\ude00"', '"\\u0000\\uD83D\\uDE00"'),
        (b'"\\u001f\\u007f\\u2028/"', '"\\u001F\x7f\u2028/"'),
        (b'"\\"\\\\\\b\\t\\n\\f\\r"', '"\\"\\\\\\b\\t\\n\\f\\r"'),
        ('"한é"'.encode(), '"한é"'),
        (b'[{"e":1.5,"\\u0001":"\\ud83d\\ude00"}]', '[{"\\u0001":"\\uD83D\\uDE00","e":1.5}]'),
    ],
)
def test_a_value_is_printed_as_jackson_prints_it(data: bytes, text: str) -> None:
    """Integers wrap at 64 bit, doubles are Java's, what lies above the basic plane is escaped in upper case."""
    assert text == render(parse(data)).decode()


def test_bytes_are_base64() -> None:
    """As Connect prints them in JSON."""
    assert b'"AAH/"' == render(b"\x00\x01\xff")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (0.001, "0.001"),
        (0.0009999, "9.999E-4"),
        (1e-7, "1.0E-7"),
        (1e7, "1.0E7"),
        (9_999_999.5, "9999999.5"),
        (12_345_678.0, "1.2345678E7"),
        (1e10, "1.0E10"),
        (-123.0, "-123.0"),
        (-1.5e-300, "-1.5E-300"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (math.nan, '"NaN"'),
    ],
)
def test_a_double_is_printed_as_java_prints_it(number: float, text: str) -> None:
    """Plain from a thousandth up to ten million, elsewise with an exponent."""
    assert text == java_double(number)


def test_fields_stand_in_hash_order() -> None:
    """That of a java.util.HashMap: bins by the spread hash code, which grow beyond three quarters."""
    few = ("carrier", "flight", "origin", "dest", "i")
    many = tuple(f"f{number}" for number in range(13))

    assert ("flight", "carrier", "origin", "i", "dest") == hash_order(few)
    assert ("f10", "f12", "f11", *(f"f{number}" for number in range(10))) == hash_order(many)
    assert list(hash_order(many)) == list(json.loads(render(dict.fromkeys(many, 0))))
