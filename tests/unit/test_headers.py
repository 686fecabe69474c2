"""Headers, read and printed as Kafka 3.9's SimpleHeaderConverter and Values do (9.2 B7; tried out)."""

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import DATE, OPTIONAL_STRING, TIMESTAMP, Field, Header, Moment, Schema, Struct
from onceproof.sink.errors import DataError
from onceproof.sink.reading.converters import HeaderConverter, header_converter
from onceproof.sink.reading.headers import HEADER, HEADERS, headers_value, parse, text_of


def converter(name: str, settings: Mapping[str, str] | None = None) -> HeaderConverter:
    """The header converter of that name."""
    return header_converter(cast("SinkConfig", SimpleNamespace(header_converter=name, header_settings=settings or {})))


def printed(data: bytes, name: str = "SimpleHeaderConverter", settings: Mapping[str, str] | None = None) -> str:
    """What is stored of a header."""
    _, (struct,) = headers_value((converter(name, settings)("h", data),))
    return str(struct.get("value"))


@pytest.mark.parametrize(
    ("text", "type_name", "again"),
    [
        ("", "string", ""),
        ("  ", "string", "  "),
        ("hi there", "string", "hi there"),
        ('"quoted"', "string", '"quoted"'),
        ("true", "boolean", "true"),
        (" false ", "boolean", "false"),
        ("True", "string", "True"),
        ("true}", "string", "true}"),
        ("nullx", "string", "nullx"),
        ("12", "int8", "12"),
        (" 12 ", "int8", "12"),
        ("+5", "int8", "5"),
        ("-0.0", "int8", "0"),
        ("1e2", "int8", "100"),
        ("0e30", "int8", "0"),
        ("128", "int16", "128"),
        ("-32769", "int32", "-32769"),
        ("2147483648", "int64", "2147483648"),
        ("9223372036854775808", "bytes", "9223372036854775808"),
        ("1.50", "float32", "1.5"),
        ("5.", "int8", "5"),
        (".5", "string", ".5"),
        ("0.1", "float32", "0.1"),
        ("1e-400", "float32", "0.0"),
        ("3.4028236e38", "float64", "3.4028236E38"),
        ("1e39", "float64", "1.0E39"),
        ("1E400", "bytes", "1E+400"),
        ("1e2147483649", "string", "1e2147483649"),
        ("1_000", "string", "1_000"),
        ("0x10", "string", "0x10"),
        ("NaN", "string", "NaN"),
        ("12,13", "int8", "12"),
        ("1:2", "int8", "1"),
        ("١٢", "int8", "12"),
        ("2024-01-01", "int32", "2024-01-01"),
        ("2024-01-01T12:30:45.678Z", "int64", "2024-01-01T12:30:45.678Z"),
        ("2024-01-01T00:00:00.000Z", "int64", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "string", "2024-01-01T00:00:00Z"),
        ("12:30:45.678Z", "int32", "12:30:45.678Z"),
        ("12\\:30\\:45.678Z", "int32", "12:30:45.678Z"),
        ("99:99:99.999Z", "int32", "1970-01-05T04:40:39.999Z"),
        ("2024-13-45", "int32", "2025-02-14"),
        ("2024-1-1xx", "int32", "2024-01-01"),
        ("2024--1-01", "int32", "2023-11-01"),
        ("1969-12-31", "int32", "00:00:00.000Z"),
        ("9999-12-31", "int32", "9999-12-31"),
        ("[]", "array", "[]"),
        ("[1, 2.50]", "array", "[1.0,2.5]"),
        ("[1,70000]", "array", "[1,70000]"),
        ("[1.5,1e39]", "array", "[1.5,1.0E39]"),
        ("[1,null]", "string", "[1,null]"),
        ("[null]", "array", "[null]"),
        ('[1.10,"a\\"b"]', "array", '[1.1,"a\\\\\\"b"]'),
        ("[true,1]", "array", "[true,1]"),
        ("[[1.10],[true]]", "array", "[[1.1],[true]]"),
        ("[a]", "string", "[a]"),
        ("[1,", "string", "[1,"),
        ("[1,,2]", "string", "[1,,2]"),
        ("[1,2,]", "array", "[1,2]"),
        ("[5,2024-01-01]", "array", "[1970-01-06,2024-01-01]"),
        ("[2024-01-01,5]", "array", "[2024-01-01,1970-01-06]"),
        ("[2024-01-01,70000]", "string", "[2024-01-01,70000]"),
        ('["2024-01-01"]', "array", "[2024-01-01]"),
        ("{}", "map", "{}"),
        ('{"a":[1,2]}', "map", '{"a":[1,2]}'),
        ('{"b":1.50,"a":2}', "map", '{"b":1.5,"a":2.0}'),
        ('{"a":1,"a":2}', "map", '{"a":2}'),
        ('{ "a" : 1 , "b":null}', "string", '{ "a" : 1 , "b":null}'),
        ('{"a":null}', "map", '{"a":null}'),
        ("{1:2,3:4.50}", "map", "{1:2.0,3:4.5}"),
        ("{null:1}", "string", "{null:1}"),
        ("{1}", "string", "{1}"),
        ('{"a":1,}', "map", '{"a":1}'),
        ("{12:30:45.678Z:1}", "map", "{12:30:45.678Z:1}"),
        ("\\", "string", "\\"),
        ("tr\\ue", "string", "tr\\ue"),
    ],
)
def test_a_text_is_read_as_what_it_looks_like(text: str, type_name: str, again: str) -> None:
    """And printed anew, in the smallest type that holds it."""
    found = parse(text)

    assert found.schema is not None
    assert type_name == found.schema.type
    assert again == printed(text.encode())


@given(st.text('{}[]":,\\ 012.-eETZntruflase', max_size=20) | st.text(max_size=5))
def test_every_text_is_read(text: str) -> None:
    """Without an error; what has been printed once and is no list or map is printed the same again."""
    found = parse(text)
    if found.value is None:
        return

    again = text_of(found.value, found.schema)

    if isinstance(found.value, str | bool | int | Decimal):
        assert again == text_of(*reversed(parse(again)))


@pytest.mark.parametrize("data", [b"null", b" null ", None])
def test_a_null_header_cannot_be_stored(data: bytes | None) -> None:
    """Null by its text, or by nature."""
    header = converter("SimpleHeaderConverter")("h", data)

    assert Header("h", None, None) == header
    with pytest.raises(DataError, match='null used for required field: "value"'):
        headers_value((header,))


@pytest.mark.parametrize("headers", [None, ()])
def test_a_record_without_headers_is_refused(headers: tuple[Header, ...] | None) -> None:
    """Where headers are stored."""
    with pytest.raises(DataError):
        headers_value(headers)


def test_headers_keep_their_order_and_equal_names() -> None:
    """They are an array of structs of two texts."""
    headers = (Header("b", 1, Schema("int8")), Header("a", "x", OPTIONAL_STRING), Header("b", True, Schema("boolean")))

    schema, structs = headers_value(headers)

    assert HEADERS == schema
    assert [Struct(HEADER, pair) for pair in (["b", "1"], ["a", "x"], ["b", "true"])] == structs


@pytest.mark.parametrize(
    ("name", "settings", "data", "text"),
    [
        ("StringConverter", {}, b"1.50", "1.50"),
        ("StringConverter", {}, b"", ""),
        ("StringConverter", {"converter.encoding": "ISO-8859-1"}, b"\xe9", "é"),
        ("ByteArrayConverter", {}, b"1.50", "MS41MA=="),
        ("JsonConverter", {"schemas.enable": "false"}, b'{"b":[1e10],"a":"x"}', '{"a":"x","b":[1.0E10]}'),
        ("JsonConverter", {}, b'{"schema":{"type":"float"},"payload":1.1}', "1.1"),
        (
            "JsonConverter",
            {},
            b'{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"int8"}},"payload":[[2,1],[1,2]]}',
            "{1:2,2:1}",
        ),
        (
            "JsonConverter",
            {},
            b'{"schema":{"type":"struct","fields":[{"field":"a","type":"string"}]},"payload":{"a":"\\""}}',
            '{"a":"\\""}',
        ),
        ("SimpleHeaderConverter", {}, b"\xff", "�"),
    ],
)
def test_other_header_converters_are_those_of_values(
    name: str, settings: Mapping[str, str], data: bytes, text: str
) -> None:
    """What they make is printed as Connect prints any value."""
    assert text == printed(data, name, settings)


def test_json_headers_need_an_envelope_by_default() -> None:
    """As values do."""
    with pytest.raises(DataError):
        converter("JsonConverter")("h", b"1")


INNER = Schema("struct", fields=(Field("x", Schema("float32")), Field("t", Schema("int64", name=TIMESTAMP))))


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        (None, None, "null"),
        (1.1, None, "1.1"),
        (float("nan"), None, "NaN"),
        (1.100000023841858, Schema("float32"), "1.1"),
        ([1.100000023841858], Schema("array", items=Schema("float32")), "[1.1]"),
        ([b"a", "b"], None, '["YQ==","b"]'),
        (Decimal("1.50"), None, "1.50"),
        (Moment(-5), Schema("int64", name=TIMESTAMP), "23:59:59.995Z"),
        (Moment(86_400_000), Schema("int32", name=DATE), "1970-01-02"),
        (Struct(INNER, [1.100000023841858, Moment(0)]), INNER, '{"x":1.1,"t":00:00:00.000Z}'),
        ({"a": {1: None}}, None, '{"a":{1:null}}'),
        ("a\\", None, "a\\"),
        (["a\\"], None, '["a\\\\"]'),
    ],
)
def test_any_value_has_a_text(value: Any, schema: Schema | None, text: str) -> None:
    """Texts and bytes stand in quotes inside others, and nothing else is escaped."""
    assert text == text_of(value, schema)
