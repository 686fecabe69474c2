"""AvroConverter: Confluent's wire format, schemas that have to be asked for, and bytes that are none of it."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onceproof.sink.data import OPTIONAL_STRING, Moment, Struct
from onceproof.sink.errors import DataError, NeedsSchema
from onceproof.sink.reading.avroconverter import AvroConverter

RECORD = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "id", "type": "int"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "sizes", "type": {"type": "map", "values": "long"}},
        {"name": "one", "type": ["null", "int", "string", {"type": "enum", "name": "E", "symbols": ["A", "B"]}]},
    ],
}


def framed(schema_id: int, avro: Any, datum: Any) -> bytes:
    """A datum as Confluent's serializer writes it, by fastavro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(avro), datum)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


def knowing(avro: Any, schema_id: int = 7, **settings: str) -> AvroConverter:
    """A converter that has learnt one schema."""
    converter = AvroConverter({name.replace("_", "."): value for name, value in settings.items()})
    converter.learn(schema_id, json.dumps(avro))
    return converter


def test_a_record_is_read_under_its_writers_schema() -> None:
    """Logical types, lists, maps and unions included."""
    datum = {"id": -70_000, "at": 1_704_067_200_123, "tags": ["a", "é"], "sizes": {"k": 1 << 40}, "one": ("E", "B")}
    schema, value = knowing(RECORD).one(framed(7, RECORD, datum))

    assert schema is not None
    assert "R" == schema.name
    assert [-70_000, Moment(1_704_067_200_123), ["a", "é"], {"k": 1 << 40}] == value.values[:4]
    assert [None, None, "B"] == value.values[4].values


def test_each_branch_of_a_union_has_its_own_field() -> None:
    """An int is not taken for a long, nor a string for a symbol."""
    union = ["long", "int", "string", {"type": "enum", "name": "E", "symbols": ["A"]}]
    converter = knowing(union)
    found = [converter.one(b"\0\0\0\0\7" + data)[1].values for data in (b"\0\2", b"\2\2", b"\4\2A", b"\6\0")]

    assert [[1, None, None, None], [None, 1, None, None], [None, None, "A", None], [None, None, None, "A"]] == found


def test_null_is_neither_schema_nor_value() -> None:
    """No bytes are a tombstone, and so is the null of a union."""
    converter = knowing(["null", "string"])

    assert (None, None) == converter.one(None)
    assert (None, None) == converter.one(b"\0\0\0\0\7\0")
    assert (OPTIONAL_STRING, "x") == converter.one(b"\0\0\0\0\7\2\2x")


def test_an_unknown_id_is_asked_for() -> None:
    """The question names the id; once it is answered the value is read."""
    converter = AvroConverter({})
    with pytest.raises(NeedsSchema) as asked:
        converter.one(b"\0\0\1\0\2\2x")
    converter.learn(asked.value.schema_id, '"string"')

    assert 65_538 == asked.value.schema_id
    assert "x" == converter.one(b"\0\0\1\0\2\2x")[1]


def test_all_values_of_an_id_share_the_identical_schema() -> None:
    """The writer compares schemas by identity first."""
    converter = knowing(RECORD)
    datum = {"id": 1, "at": 0, "tags": [], "sizes": {}, "one": None}
    schemas, values = converter.all([framed(7, RECORD, datum), None, framed(7, RECORD, datum)])

    assert schemas[0] is schemas[2]
    assert schemas[1] is None
    assert isinstance(values[0], Struct)
    assert values[0] == values[2]


def test_old_schemas_are_forgotten_after_a_batch() -> None:
    """A batch may need more than the cache holds; afterwards the first one learnt is asked for again."""
    converter = AvroConverter({"schemas.cache.config": "1"})
    converter.learn(1, '"string"')
    converter.learn(2, '"int"')

    assert ["x", 1] == converter.all([b"\0\0\0\0\1\2x", b"\0\0\0\0\2\2"])[1]
    assert 1 == converter.one(b"\0\0\0\0\2\2")[1]
    with pytest.raises(NeedsSchema):
        converter.one(b"\0\0\0\0\1\2x")


@pytest.mark.parametrize("data", [b"", b"\0\0\0\7", b"\1\0\0\0\7\2x", b"{}    "])
def test_what_is_not_framed_is_refused(data: bytes) -> None:
    """Too short, or with another first byte."""
    with pytest.raises(DataError):
        knowing("string").one(data)


@pytest.mark.parametrize(
    ("avro", "data"),
    [
        ("int", b""),
        ("int", b"\xff\xff\xff\xff\xff\x01"),
        ("long", b"\xff" * 11),
        (["null", "int"], b"\2\xff\xff\xff\xff\xff\1"),
        ("double", b"\0\0"),
        ("string", b"\6ab"),
        ("string", b"\1"),
        (["null", "int"], b"\4\2"),
        (["int", "string", "long"], b"\6\2"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\2"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\1"),
        ({"type": "fixed", "name": "F", "size": 3}, b"ab"),
        ({"type": "array", "items": "int"}, b"\4\2"),
    ],
)
def test_malformed_bytes_are_refused(avro: Any, data: bytes) -> None:
    """Cut, beyond the type's range, or with a branch, a symbol or a count that cannot be."""
    with pytest.raises(DataError):
        knowing(avro).one(b"\0\0\0\0\7" + data)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else is raised, whatever the bytes."""
    try:
        _, value = knowing(RECORD).one(b"\0\0\0\0\7" + data)
    except DataError:
        return

    assert 5 == len(value.values)


def test_blocks_of_negative_count_are_read() -> None:
    """They state their size in bytes, which a reader may skip."""
    assert [1, 2] == knowing({"type": "array", "items": "int"}).one(b"\0\0\0\0\7\3\4\2\4\0")[1]


def test_items_without_bytes_are_read() -> None:
    """A list may have more of them than there are bytes."""
    empty = {"type": "record", "name": "N", "fields": []}
    _, value = knowing({"type": "array", "items": empty}).one(b"\0\0\0\0\7\x14\0")

    assert 10 == len(value)


def test_bytes_behind_the_datum_are_ignored() -> None:
    """As Avro's Java library does."""
    assert 1 == knowing("int").one(b"\0\0\0\0\7\2rest")[1]


@pytest.mark.parametrize("text", ["syntax = 'proto3';", '{"type":"object"}', '"null"'])
def test_a_schema_that_cannot_be_used_makes_its_records_bad(text: str) -> None:
    """Learning it raises nothing; each of its records does."""
    converter = AvroConverter({})
    converter.learn(7, text)

    with pytest.raises(DataError, match="schema 7 cannot be used"):
        converter.one(b"\0\0\0\0\7\2")


def test_the_version_is_that_of_the_text() -> None:
    """Also of a union of several types; a union of null and one type has none."""
    record: dict[str, Any] = {"type": "record", "name": "R", "fields": []}
    texts: list[Any] = [
        record,
        record | {"connect.version": 3},
        {"type": "string", "connect.version": 4},
        {"type": ["int", "string"], "connect.version": 5},
        {"type": ["string", "null"], "connect.version": 6},
    ]
    found = [knowing(avro).one(b"\0\0\0\0\7\0\0")[0] for avro in texts]

    assert [None, 3, 4, 5, None] == [schema.version for schema in found if schema is not None]


def test_a_value_of_the_schema_anything_has_no_schema() -> None:
    """What the sink itself wrote without a schema comes back without one."""
    kinds = ["boolean", "bytes", "double", "float", "int", "long", "string"]
    fields: list[dict[str, Any]] = [{"name": kind, "type": ["null", kind], "default": None} for kind in kinds]
    space = "io.confluent.connect.avro"
    entry = {
        "type": "record",
        "name": "MapEntry",
        "fields": [{"name": x, "type": "Anything"} for x in ("key", "value")],
    }
    fields += [
        {"name": name, "type": ["null", {"type": "array", "items": items}], "default": None}
        for name, items in (("array", "Anything"), ("map", entry))
    ]
    anything = {"type": "record", "name": "Anything", "namespace": space, "fields": fields}
    data = framed(7, anything, {"map": [{"key": {"string": "a"}, "value": {"int": 5}}]})

    assert (None, {"a": 5}) == knowing(anything).one(data)
    assert (None, {"a": 5}) == knowing(anything | {"connect.version": 1}).one(data)


def test_settings_of_the_converter_are_read() -> None:
    """Not enhanced by default; without metadata no parameters are made of Avro's docs."""
    named = ["int", {"type": "record", "name": "n.R", "fields": [], "doc": "text"}]
    data = b"\0\0\0\0\7\0\2"
    plain = knowing(named).one(data)[0]
    enhanced = knowing(named, enhanced_avro_schema_support="true").one(data)[0]
    bare = knowing(named, connect_meta_data="false").one(data)[0]

    assert plain is not None
    assert enhanced is not None
    assert bare is not None
    assert ("R", "n.R") == (plain.fields[1].name, enhanced.fields[1].name)
    assert {"io.confluent.connect.avro.record.doc": "text"} == plain.fields[1].schema.parameters
    assert {} == bare.fields[1].schema.parameters


def test_bytes_alone_stand_without_their_length() -> None:
    """A schema that is nothing but bytes: Confluent's serializer writes them as they are behind the id."""
    converter = AvroConverter({})
    converter.learn(1, '{"type":"bytes"}')

    assert b"ab" == converter.one(b"\0\0\0\0\x01ab")[1]
    assert b"" == converter.one(b"\0\0\0\0\x01")[1]
