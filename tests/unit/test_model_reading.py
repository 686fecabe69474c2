"""Converters: what the task is handed of a record."""

import json
from typing import Any

import pytest

from onceproof.model.history import Record
from onceproof.model.reading import Read, Reader, Unreadable
from onceproof.model.rendering import line
from onceproof.model.schemas import OPTIONAL_BYTES, OPTIONAL_STRING, STRING, Schema
from onceproof.model.settings import OutsideDomain
from onceproof.model.values import Malformed, timestamp_in

JSON = "org.apache.kafka.connect.json.JsonConverter"
TEXT = "org.apache.kafka.connect.storage.StringConverter"
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
AVRO = "io.confluent.connect.avro.AvroConverter"
PLAIN = {"value.converter": JSON, "value.converter.schemas.enable": "false"}
LOGICAL = "org.apache.kafka.connect.data."


def read_of(config: dict[str, str], **parts: Any) -> Read:
    """A record of these parts, with its headers."""
    record = Record(0, 5, parts.get("key"), parts.get("value"), parts.get("headers", ()))
    read = Reader.of(config).read("t", 0, record, with_headers=True)
    assert read is not None
    return read


def printed(schema: Any, payload: str, *, decimal_format: str = "NUMERIC") -> str:
    """An envelope, read and printed."""
    value = f'{{"schema":{json.dumps(schema)},"payload":{payload}}}'
    read = read_of({"value.converter": JSON}, value=value.encode())
    form = line("json", "value", read.value, read.value_schema, decimal_format=decimal_format, separator=b"")
    return form.decode().removesuffix("\n")


def test_equal_configurations_share_a_reader() -> None:
    """Reading a configuration costs something."""
    assert Reader.of(PLAIN) is Reader.of(dict(PLAIN), {})


def test_texts_and_bytes_have_optional_schemas() -> None:
    """Also where they are null."""
    config = {"key.converter": TEXT, "value.converter": BYTES, "header.converter": TEXT}
    read = read_of(config, key=b"k\xff", value=b"\0", headers=(("h", b"1.50"), ("h", None)))

    assert ("k\ufffd", OPTIONAL_STRING) == (read.key, read.key_schema)
    assert (b"\0", OPTIONAL_BYTES) == (read.value, read.value_schema)
    assert (("h", "1.50", OPTIONAL_STRING), ("h", None, OPTIONAL_STRING)) == read.headers
    assert (None, OPTIONAL_BYTES) == read_of(config)[6:8]


def test_headers_are_guessed_by_default() -> None:
    """SimpleHeaderConverter, if no other is named."""
    assert (("h", 12, Schema("int8")), ("z", None, None)) == read_of(PLAIN, headers=(("h", b"12"), ("z", None))).headers


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (b"", None),
        (b"null}", None),
        (b"true,", True),
        (b"01", 1),
        (b'{"a":-007.50," 01":1}', {"a": -7.5, " 01": 1}),
        (b"-0.0", 0.0),
        (b"\xef\xbb\xbf12", 12),
        ('"é"'.encode("utf-16-le"), "é"),
        (b"12 \xff", 12),
        (b"-1e-400", -0.0),
    ],
)
def test_json_is_read_as_jackson_reads_it(value: bytes, tree: object) -> None:
    """Zeros in front, byte order marks, and what follows the first tree."""
    found = read_of(PLAIN, value=value).value

    assert repr(tree) == repr(found)


@pytest.mark.parametrize("value", [b"truex", b"12\xff", b'"\xff"', b"1" * 1001, b'"a\nb"', b"NaN", b"{", b"\x00"])
def test_what_is_no_json_is_unreadable(value: bytes) -> None:
    """The stage says which converter it was."""
    with pytest.raises(Unreadable, match="VALUE_CONVERTER") as raised:
        read_of(PLAIN, value=value)
    assert ("VALUE_CONVERTER", True) == (raised.value.stage, raised.value.is_tolerable)


def test_a_value_that_is_nested_too_deeply_is_outside_the_domain() -> None:
    """Rather than a crash of the model."""
    with pytest.raises(OutsideDomain, match="too deeply"):
        read_of(PLAIN, value=b"[" * 1100)


@pytest.mark.parametrize(
    ("schema", "payload", "text"),
    [
        ({"type": "int8"}, "200", "-56"),
        ({"type": "int16"}, "1.9", "1"),
        ({"type": "int32"}, '"5"', "0"),
        ({"type": "int64"}, "1e80", "0"),
        ({"type": "float"}, "0.1", "0.1"),
        ({"type": "double"}, "-0.0", "0.0"),
        ({"type": "boolean"}, "1", "false"),
        ({"type": "string"}, '"x"', '"x"'),
        ({"type": "bytes"}, '" AQI= "', '"AQI="'),
        ({"type": "array", "items": {"type": "string"}}, '{"a":"b"}', '["b"]'),
        ({"type": "array", "items": {"type": "string", "optional": True, "default": "d"}}, "[null]", '["d"]'),
        ({"type": "map", "keys": {"type": "string"}, "values": {"type": "int8"}}, '{"ts":1,"a":2}', '{"a":2,"ts":1}'),
        (None, '{"ts":1,"a":12345678901234567890}', '{"a":-6101065172474983726,"ts":1}'),
        ({"type": "int32", "name": f"{LOGICAL}Date"}, "1", "86400000"),
        ({"type": "bytes", "name": f"{LOGICAL}Decimal", "parameters": {"scale": "2"}}, '"AQ=="', "0.01"),
    ],
)
def test_payloads_are_brought_to_their_schema(schema: object, payload: str, text: str) -> None:
    """As JsonConverter does it: it cuts numbers, and asks nothing of most types."""
    assert text == printed(schema, payload)


def test_a_struct_is_printed_under_its_schema() -> None:
    """Logical types as the numbers that they are stored in, defaults for nulls, maps of other keys as pairs."""
    fields = [
        {"field": "date", "type": "int32", "name": f"{LOGICAL}Date"},
        {"field": "time", "type": "int32", "name": f"{LOGICAL}Time"},
        {"field": "ts", "type": "int64", "name": f"{LOGICAL}Timestamp"},
        {"field": "dec", "type": "bytes", "name": f"{LOGICAL}Decimal", "parameters": {"scale": "2"}},
        {"field": "d", "type": "string", "optional": True, "default": "dd"},
        {"field": "n", "type": "string", "optional": True},
        {"field": "m", "type": "map", "keys": {"type": "int32"}, "values": {"type": "float"}},
    ]
    schema, payload = (
        {"type": "struct", "fields": fields},
        '{"date":1,"time":2,"ts":-3,"dec":"AMg=","m":[[3,1],[17,2]]}',
    )

    assert (
        '{"date":1,"time":2,"ts":-3,"dec":2.00,"d":"dd","n":null,"m":[[17,2.0],[3,1.0]]}',
        '{"date":1,"time":2,"ts":-3,"dec":"AMg=","d":"dd","n":null,"m":[[17,2.0],[3,1.0]]}',
    ) == (printed(schema, payload), printed(schema, payload, decimal_format="BASE64"))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        '{"schema":null}',
        '{"schema":null,"payload":1,"x":2}',
        '{"schema":{"type":"int4"},"payload":1}',
        '{"schema":{"type":"int8"},"payload":null}',
        '{"schema":{"type":"struct"},"payload":{}}',
        '{"schema":{"type":"struct","fields":[{"type":"int8"}]},"payload":{}}',
        '{"schema":{"type":"struct","fields":[{"field":"a","type":"int8"},{"field":"a","type":"int8"}]},"payload":{}}',
        '{"schema":{"type":"struct","fields":[{"field":"a","type":"string"}]},"payload":{"a":1}}',
        '{"schema":{"type":"struct","fields":[]},"payload":[]}',
        '{"schema":{"type":"array"},"payload":[]}',
        '{"schema":{"type":"bytes"},"payload":"AQI"}',
        '{"schema":{"type":"int8","default":"x","parameters":{"a":1}},"payload":1}',
        '{"schema":{"type":"int32","name":"org.apache.kafka.connect.data.Time"},"payload":86400001}',
        '{"schema":{"type":"int32","name":"org.apache.kafka.connect.data.Date"},"payload":1.0}',
        '{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal"},"payload":"AQ=="}',
        '{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal"},"payload":true}',
        '{"schema":{"type":"map","keys":{"type":"string"},"values":{"type":"int8"}},"payload":[]}',
        '{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"int8"}},"payload":[[1]]}',
        '{"schema":{"type":"map","keys":{"type":"int8"},"values":{"type":"int8"}},"payload":{}}',
    ],
)
def test_envelopes_that_are_none_are_unreadable(value: str) -> None:
    """Missing parts, unknown types, values that a required field does not allow."""
    with pytest.raises(Unreadable):
        read_of({"value.converter": JSON}, value=value.encode())


def test_keys_that_java_hashes_by_more_than_their_text_are_outside_the_domain() -> None:
    """The order of such a map cannot be told."""
    with pytest.raises(OutsideDomain, match="keys of type bytes"):
        printed({"type": "map", "keys": {"type": "bytes"}, "values": {"type": "int8"}}, "[]")


def test_nulls_stay_where_defaults_are_not_wanted() -> None:
    """replace.null.with.default=false, seen at the top."""
    schema = {"type": "string", "optional": True, "default": "d"}
    value = json.dumps({"schema": schema, "payload": None}).encode()

    assert "d" == read_of({"value.converter": JSON}, value=value).value
    config = {"value.converter": JSON, "value.converter.replace.null.with.default": "false"}
    assert read_of(config, value=value).value is None


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"value.converter": "x.Own"},
        PLAIN | {"header.converter": AVRO},
        PLAIN | {"store.kafka.keys": "true"},
        PLAIN | {"value.converter.schemas.enable": "maybe"},
        PLAIN | {"value.converter.schema.content": "{}"},
        {"value.converter": TEXT, "value.converter.converter.encoding": "UTF-16"},
        {"value.converter": AVRO, "value.converter.generalized.sum.type.support": "true"},
    ],
)
def test_converters_that_are_not_covered_are_said(config: dict[str, str]) -> None:
    """Own ones, the worker's default for keys that are stored, settings that change what is read."""
    with pytest.raises(OutsideDomain):
        Reader.of(config)


def test_times_stand_in_structs_and_in_maps() -> None:
    """Structs allow int32, int64, Timestamp and text, maps any number; reference 4.6."""
    fields = [
        {"field": "i", "type": "int32"},
        {"field": "b", "type": "int8"},
        {"field": "s", "type": "string"},
        {"field": "t", "type": "int64", "name": f"{LOGICAL}Timestamp"},
        {"field": "d", "type": "int32", "name": f"{LOGICAL}Date"},
        {"field": "n", "type": "string", "optional": True},
    ]
    payload = {"i": 1, "b": 2, "s": "1970-01-01T00:00:00.003Z", "t": 4, "d": 5}
    schema = {"type": "struct", "fields": [{"field": "x", "type": "struct", "fields": fields}]}
    value = json.dumps({"schema": schema, "payload": {"x": payload}}).encode()
    read = read_of({"value.converter": JSON}, value=value)

    assert [1, 3, 4] == [timestamp_in(read.value, ("x", name), read.value_schema) for name in "ist"]
    for name in ("b", "d", "n", "missing"):
        with pytest.raises(Malformed):
            timestamp_in(read.value, ("x", name), read.value_schema)
    with pytest.raises(Malformed):
        timestamp_in("5", ("x",), STRING)
    assert 7 == timestamp_in({"a": {"b": 7.9}}, ("a", "b"))
