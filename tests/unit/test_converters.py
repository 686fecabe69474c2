"""Converters: from the bytes of a record to Connect's values (reference 9.2 B2, B3; Kafka 3.9, tried out)."""

import struct
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import OPTIONAL_BYTES, OPTIONAL_STRING, Schema
from onceproof.sink.errors import DataError
from onceproof.sink.reading.converters import Converter, converter, header_converter
from onceproof.sink.reading.headers import text_of

NAMES = ("String", "ByteArray", "Json", "Integer", "Long", "Short", "Float", "Double", "Boolean")


def made(name: str, settings: Mapping[str, str] | None = None, side: Literal["key", "value"] = "value") -> Converter:
    """The converter of that name on one side; on the other is another."""
    config = {
        "key_converter": "LongConverter",
        "key_settings": {},
        "value_converter": "LongConverter",
        "value_settings": {},
    }
    config |= {f"{side}_converter": f"{name}Converter", f"{side}_settings": settings or {}}
    return converter(cast("SinkConfig", SimpleNamespace(**config)), side)


PLAIN: Mapping[str, str] = {"schemas.enable": "false"}


@pytest.mark.parametrize(
    ("name", "settings", "data", "schema", "value"),
    [
        ("String", {}, "é\U0001f600".encode(), OPTIONAL_STRING, "é\U0001f600"),
        ("String", {}, b"", OPTIONAL_STRING, ""),
        ("String", {}, b"a\xff\xc3", OPTIONAL_STRING, "a\ufffd\ufffd"),
        ("String", {}, b"\xed\xa0\xbd\xed\xb8\x80\xed\xacx", OPTIONAL_STRING, "\ufffd\ufffd\ufffdx"),
        ("String", {"converter.encoding": "ISO-8859-1"}, b"\xe9", OPTIONAL_STRING, "é"),
        ("String", {"converter.encoding": "US-ASCII"}, b"a\xe9", OPTIONAL_STRING, "a\ufffd"),
        ("String", {"converter.encoding": "UTF-16"}, b"\x00a", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "UTF-16"}, b"\xff\xfea\x00", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "UnicodeBig"}, b"\x00a", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "x-UTF-16LE-BOM"}, b"a\x00", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "UnicodeLittle"}, b"\xff\xfea\x00", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "UTF-32"}, b"\x00\x00\x00a", OPTIONAL_STRING, "a"),
        ("String", {"converter.encoding": "x-windows-949"}, "한".encode("cp949"), OPTIONAL_STRING, "한"),
        ("String", {}, None, OPTIONAL_STRING, None),
        ("ByteArray", {}, b"\x00", OPTIONAL_BYTES, b"\x00"),
        ("ByteArray", {}, b"", OPTIONAL_BYTES, b""),
        ("ByteArray", {}, None, OPTIONAL_BYTES, None),
        ("Json", PLAIN, b'{"a":[1,2.50]}', None, {"a": [1, 2.5]}),
        ("Json", PLAIN, b"", None, None),
        ("Json", PLAIN, b"null", None, None),
        ("Json", PLAIN, None, None, None),
        ("Json", {}, None, None, None),
        ("Json", {}, b'{"schema":{"type":"int8"},"payload":1}', Schema("int8"), 1),
        ("Json", {"schemas.enable": "true"}, b'{"schema":null,"payload":1}', None, 1),
        ("Integer", {}, b"\xff\xff\xff\xfe", Schema("int32", optional=True), -2),
        ("Long", {}, b"\x80" + bytes(7), Schema("int64", optional=True), -(1 << 63)),
        ("Short", {}, b"\x01\x00", Schema("int16", optional=True), 256),
        ("Float", {}, struct.pack(">f", 1.1), Schema("float32", optional=True), 1.100000023841858),
        ("Double", {}, struct.pack(">d", 1.1), Schema("float64", optional=True), 1.1),
        ("Boolean", {}, b"\x01", Schema("boolean", optional=True), True),
        ("Boolean", {}, b"\x00", Schema("boolean", optional=True), False),
        ("Boolean", {}, None, Schema("boolean", optional=True), None),
    ],
)
@pytest.mark.parametrize("side", ["key", "value"])
def test_bytes_become_a_value(
    name: str,
    settings: Mapping[str, str],
    data: bytes | None,
    schema: Schema | None,
    value: Any,
    side: Literal["key", "value"],
) -> None:
    """With the schema that the converter gives, also beside null."""
    found = made(name, settings, side).one(data)

    assert (schema, value) == found
    assert type(value) is type(found[1])


@pytest.mark.parametrize(
    ("name", "settings", "data"),
    [
        ("Json", PLAIN, b"{"),
        ("Json", {}, b"1"),
        ("Json", {}, b""),
        ("String", {"converter.encoding": "no-such-charset"}, b"a"),
        ("Integer", {}, bytes(3)),
        ("Long", {}, bytes(4)),
        ("Short", {}, b""),
        ("Float", {}, bytes(8)),
        ("Double", {}, bytes(4)),
        ("Boolean", {}, b"\x02"),
        ("Boolean", {}, bytes(2)),
    ],
)
def test_bytes_that_a_converter_cannot_read_are_refused(name: str, settings: Mapping[str, str], data: bytes) -> None:
    """One by one, and in a batch."""
    for convert in (lambda each: each.one(data), lambda each: each.all([None, data])):
        with pytest.raises(DataError):
            convert(made(name, settings))


@pytest.mark.parametrize(
    ("name", "settings", "constant"),
    [*((name, {}, name != "Json") for name in NAMES), ("Json", PLAIN, True)],
)
def test_a_converter_says_whether_schemas_vary(name: str, settings: Mapping[str, str], constant: bool) -> None:
    """Only envelopes bring a schema of their own."""
    assert constant is made(name, settings).constant


BATCHES = st.lists(
    st.none()
    | st.binary(max_size=9)
    | st.sampled_from((b'{"a":1}', b'{"a":-0.0}', b"null", b"9223372036854775808", b"1 x", b'"\\ud83d"'))
    | st.sampled_from((b'{"schema":{"type":"int8"},"payload":1}', b'{"schema":{"type":"int8"},"payload":"x"}')),
    max_size=5,
)


@pytest.mark.parametrize("name", [*NAMES, "plain"])
@given(BATCHES)
@example([b'{"a":1}', None, b'{"a":2}'])
def test_a_batch_is_converted_like_its_records(name: str, batch: list[bytes | None]) -> None:
    """Column by column; refused if one of them is."""
    one, all_at_once = (made("Json", PLAIN) if name == "plain" else made(name) for _ in range(2))
    try:
        expected = [one.one(data) for data in batch]
    except DataError:
        with pytest.raises(DataError):
            all_at_once.all(batch)
        return

    schemas, values = all_at_once.all(batch)

    assert repr([value for _, value in expected]) == repr(values)
    assert [schema for schema, _ in expected] == schemas


@pytest.mark.parametrize("name", NAMES)
def test_only_registries_teach(name: str) -> None:
    """A converter that never asks takes no harm from an answer."""
    convert = made(name)
    convert.learn(1, "{}")

    assert convert.one(None)[1] is None


@pytest.mark.parametrize(
    ("name", "layout", "value", "text"),
    [
        ("Integer", ">i", -7, "-7"),
        ("Long", ">q", 1 << 40, "1099511627776"),
        ("Short", ">h", 3, "3"),
        ("Float", ">f", 1.100000023841858, "1.1"),
        ("Double", ">d", 1e300, "1.0E300"),
        ("Boolean", ">b", True, "true"),
    ],
)
def test_a_header_may_be_a_number(name: str, layout: str, value: float, text: str) -> None:
    """Kafka's converters of numbers and booleans convert headers too; they are stored as texts."""
    config = SimpleNamespace(header_converter=f"{name}Converter", header_settings={})
    convert = header_converter(cast("SinkConfig", config))
    header = convert("h", struct.pack(layout, value))

    assert ("h", value) == (header.name, header.value)
    assert text == text_of(header.value, header.schema)
    assert convert("h", None).value is None
    with pytest.raises(DataError, match=f"Size of data received by {name}Deserializer"):
        convert("h", b"123")
