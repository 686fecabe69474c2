"""AvroConverter: the wire format, schemas and data. The bytes were written by hand from the specification."""

import json
import struct
from typing import Any

import pytest

from onceproof.model.avro import AvroData, Uncovered
from onceproof.model.history import Record
from onceproof.model.reading import Reader
from onceproof.model.rendering import line
from onceproof.model.schemas import DATE, DECIMAL, ENUM, TIME, TIMESTAMP, Schema, Struct, Value
from onceproof.model.settings import OutsideDomain
from onceproof.model.values import Malformed

PLAIN = AvroData(is_enhanced=False, keeps_metadata=True)
CONFIG = {"value.converter": "io.confluent.connect.avro.AvroConverter"}


def opened(schema: Any, datum: bytes, data: AvroData = PLAIN) -> tuple[Value, Schema | None]:
    """A datum under a schema that the registry has as number seven."""
    return data.opened(b"\0\0\0\0\7" + datum, {7: json.dumps(schema)})


def record(*fields: Any, **more: Any) -> dict[str, Any]:
    """A record of these fields, named f0, f1 and so on."""
    return {
        "type": "record",
        "name": "R",
        "namespace": "x.y",
        **more,
        "fields": [
            {"name": f"f{at}", **(each if "default" in each or "doc" in each else {"type": each})}
            for at, each in enumerate(fields)
        ],
    }


def printed(schema: Any, datum: bytes, form: str = "avro") -> str:
    """A datum, read and written again."""
    value, of = opened(schema, datum)
    return line(form, "value", value, of, decimal_format="BASE64", separator=b"").decode().removesuffix("\n")


@pytest.mark.parametrize(
    ("schema", "datum", "text"),
    [
        ("int", b"\x03", "-2"),
        ("long", b"\x80\x01", "64"),
        ("string", b"\x04ab", '"ab"'),
        ("boolean", b"\x01", "true"),
        ("float", struct.pack("<f", 0.1), "0.10000000149011612"),
        ("double", struct.pack("<d", 0.1), "0.1"),
        ("double", struct.pack("<d", float("nan")), '"NaN"'),
        ("bytes", b"\x04ab", '{"b64":"BGFi"}'),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab", '{"b64":"YWI="}'),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, b"\x02", '"B"'),
        ({"type": "array", "items": "int"}, b"\x04\x02\x04\x01\x02\x06\x00", "[1,2,3]"),
        ({"type": "map", "values": ["null", "int"]}, b"\x04\x02b\x02\x02\x02a\x00\x00", '{"a":null,"b":1}'),
        ({"type": "int", "logicalType": "date"}, b"\x02", "1"),
        ({"type": "int", "logicalType": "time-millis"}, b"\x02", "1"),
        ({"type": "long", "logicalType": "timestamp-millis"}, b"\x01", "-1"),
        ({"type": "int", "connect.type": "int8"}, b"\x04", "2"),
        (record({"type": "bytes", "logicalType": "decimal", "scale": 2}), b"\x02\x7b", '{"f0":{"decimal":"1.23"}}'),
        (record(["null", "string", "int"]), b"\x04\x0a", '{"f0":5}'),
        (record(["null", "string", "int"]), b"\x00", '{"f0":null}'),
        (record("int", record("int", name="S")), b"\x02\x04trailing", '{"f0":1,"f1":{"f0":2}}'),
    ],
)
def test_data_are_read(schema: Any, datum: bytes, text: str) -> None:
    """Every type of Avro, as a canonical line; what follows a datum is ignored."""
    assert text == printed(schema, datum)


def test_maps_of_other_keys_are_arrays_of_entries() -> None:
    """AvroData's MapEntry; in JSON they are pairs, in Avro stay records."""
    entry = {"type": "record", "name": "E", "connect.internal.type": "MapEntry"}
    entry |= {"fields": [{"name": "key", "type": "int"}, {"name": "value", "type": "string"}]}
    schema = record({"type": "array", "items": entry})

    assert '{"f0":[{"key":1,"value":"a"}]}' == printed(schema, b"\x02\x02\x02a\x00")
    assert '{"f0":[[1,"a"]]}' == printed(schema, b"\x02\x02\x02a\x00", "json")


def test_schemas_keep_names_versions_and_defaults() -> None:
    """Documents and symbols become parameters, properties of Connect override."""
    enum = {"type": "enum", "name": "E", "symbols": ["A"]}
    fields = (
        {"type": "string", "default": "d"},
        {"type": "int", "doc": "why"},
        {"type": enum, "default": "A"},
        {"type": ["null", {"type": "string", "connect.default": "c"}], "default": None},
        {"type": "bytes", "default": "\u00ff"},
        {"type": {"type": "array", "items": "int"}, "default": [1]},
        {"type": {"type": "map", "values": "float"}, "default": {"a": 1}},
    )
    schema = record(
        *fields, doc="what", **{"connect.version": 3, "connect.name": "N", "connect.parameters": {"p": "q"}}
    )
    _, of = opened(schema, b"\x00\x00\x00\x00\x00\x00\x00")

    assert of is not None
    assert ("N", 3, "q", "what") == (of.name, of.version, of.parameter("p"), of.parameter("connect.record.doc"))
    assert ["d", None, "A", "c", b"\xff", [1], {"a": 1.0}] == [each.schema.default for each in of.fields]
    assert [False, False, False, True] == [each.schema.optional for each in of.fields][:4]
    assert "x.y.E" == of.fields[2].schema.parameter(ENUM)


def test_logical_types_have_the_names_of_connect() -> None:
    """With the version that Connect gives them."""
    types = [("int", "date", DATE), ("int", "time-millis", TIME), ("long", "timestamp-millis", TIMESTAMP)]
    for kind, logical, name in types:
        assert opened({"type": kind, "logicalType": logical}, b"\x02")[1] == Schema(
            "int32" if kind == "int" else "int64", name=name, version=1
        )
    _, decimal = opened(record({"type": "bytes", "logicalType": "decimal", "scale": 2, "precision": 9}), b"\x02\x01")

    assert decimal is not None
    found = decimal.fields[0].schema
    assert (DECIMAL, "2", "9") == (found.name, found.parameter("scale"), found.parameter("connect.decimal.precision"))


@pytest.mark.parametrize(("data", "name"), [(PLAIN, "R"), (AvroData(is_enhanced=True, keeps_metadata=True), "x.y.R")])
def test_a_union_is_a_struct_with_a_field_for_each_type(data: AvroData, name: str) -> None:
    """Named by type; a record by its name, the full one if so configured."""
    value, schema = opened(record(["string", record("int")], name="Top"), b"\x02\x04", data)

    assert isinstance(value, Struct)
    assert ["string", name] == [each.name for each in value["f0"].schema.fields]
    assert 2 == value["f0"][name]["f0"]
    assert b'{"f0":{"f0":2}}\n' == line("avro", "value", value, schema, decimal_format="BASE64", separator=b"")


def test_values_without_schema_come_out_of_anything() -> None:
    """The first of its nine fields that is not null; its map has text for keys."""
    null, anything = (
        b"\x00" * 9,
        {"type": "record", "name": "Anything", "namespace": "io.confluent.connect.avro", "fields": []},
    )
    number, text = b"\x00" * 5 + b"\x02\x0a" + b"\x00" * 3, b"\x00" * 6 + b"\x02\x02a" + b"\x00" * 2

    assert (5, None) == opened(anything, number)
    assert ({"a": 5}, None) == opened(anything, b"\x00" * 8 + b"\x02\x02" + text + number + b"\x00")
    assert (["a", None], None) == opened(anything, b"\x00" * 7 + b"\x02\x04" + text + null + b"\x00" + b"\x00")
    assert (None, None) == opened(anything, null)


@pytest.mark.parametrize(
    "value", [b"", b"\0\0\0", b"\1\0\0\0\7\2", b"\0\0\0\0\x08\2", b"\0\0\0\0\7\x80", b"\0\0\0\0\7\x04a"]
)
def test_what_is_not_in_the_wire_format_is_malformed(value: bytes) -> None:
    """No magic byte, no schema, no end."""
    with pytest.raises(Malformed):
        PLAIN.opened(value, {7: '"string"'})


@pytest.mark.parametrize(
    "schema",
    [
        '"x.Unknown"',
        "nonsense",
        '{"name":"x"}',
        '{"type":"bytes","logicalType":"decimal"}',
        '{"type":"int","connect.type":"x"}',
    ],
)
def test_schemas_that_are_none_are_malformed(schema: str) -> None:
    """Unknown names, missing parts."""
    with pytest.raises(Malformed):
        PLAIN.opened(b"\0\0\0\0\7\0", {7: schema})


@pytest.mark.parametrize(
    "schema",
    [
        ["null", "int"],
        record(["int"]),
        record(["int", {"type": "fixed", "name": "F", "size": 1}]),
        record("R"),
        record("io.confluent.connect.avro.Anything", name="io.confluent.connect.avro.Anything", x=1) | {"name": "T"},
    ],
)
def test_schemas_that_are_not_covered_are_said(schema: Any) -> None:
    """Data that may be null, odd unions, types that contain themselves."""
    with pytest.raises((Uncovered, Malformed)):
        opened(schema, b"\x00\x00")


def test_the_version_of_a_schema_must_be_told_where_it_decides() -> None:
    """Only the registry knows the version that AvroConverter would set."""
    schemas = {7: '"string"', 8: '{"type":"string","connect.version":1}'}
    reader = Reader.of(CONFIG | {"schema.compatibility": "BACKWARD"}, schemas)

    with pytest.raises(OutsideDomain, match=r"connect\.version"):
        reader.read("t", 0, Record(0, 0, None, b"\0\0\0\0\7\2a"), with_headers=False)
    read = reader.read("t", 0, Record(0, 0, None, b"\0\0\0\0\x08\2a"), with_headers=False)
    assert read is not None
    assert ("a", Schema("string", version=1)) == (read.value, read.value_schema)
    assert Reader.of(CONFIG, schemas).read("t", 0, Record(0, 0, None, None), with_headers=False)
