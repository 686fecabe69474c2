"""Canonical lines are those that the model's rendering describes, whichever library wrote the file."""

import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import PROFILE

from onceproof.model.avro import AvroData
from onceproof.model.history import Version
from onceproof.model.rendering import line
from onceproof.scenarios.canonical import avro_lines, parquet_lines
from onceproof.scenarios.decoded import readable
from onceproof.scenarios.shapes import MODES, PALETTE, Part, Shape, avro, avro_schema


def container(schema: Any, *data: Any, codec: str = "null") -> bytes:
    """An Avro file; logical types are given as the numbers and bytes that are stored."""
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), data, codec=codec)
    return file.getvalue()


def record(*fields: tuple[str, Any], name: str = "r") -> dict[str, Any]:
    """A record's schema."""
    return {"type": "record", "name": name, "fields": [{"name": each, "type": of} for each, of in fields]}


def parquet(*columns: tuple[str, pa.DataType], rows: list[dict[str, Any]]) -> bytes:
    """A Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(columns)), file)
    return file.getvalue()


# --- Avro ------------------------------------------------------------------------------------------------------------


def test_a_record_is_an_object_in_the_order_of_its_schema_nulls_included() -> None:
    """Whatever the order in which the data were given."""
    schema = record(("b", "int"), ("a", ["null", "string"]), ("c", ["null", "long"]))

    assert b'{"b":1,"a":"x","c":null}\n' == avro_lines(container(schema, {"a": "x", "b": 1, "c": None}))


@pytest.mark.parametrize(
    ("schema", "datum", "expected"),
    [
        ("int", -7, "-7"),
        ("long", 2**53 + 1, "9007199254740993"),
        ("boolean", True, "true"),
        ("string", 'é"\u2028', '"é\\"\u2028"'),
        ("double", 1e300, "1e+300"),
        ("double", -0.0, "-0.0"),
        ("double", float("nan"), '"NaN"'),
        ("double", float("-inf"), '"-Infinity"'),
        ("float", 0.1, "0.10000000149011612"),
        ("float", float("inf"), '"Infinity"'),
        ("bytes", b"\xff\xfe", '{"b64":"//4="}'),
        ({"type": "fixed", "name": "f", "size": 2}, b"ab", '{"b64":"YWI="}'),
        ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, "B", '"B"'),
        ({"type": "array", "items": ["null", "int"]}, [1, None], "[1,null]"),
        ({"type": "map", "values": "int"}, {"b": 1, "a": 2, "B": 3}, '{"B":3,"a":2,"b":1}'),
        (["null", "string"], "k", '"k"'),
        (["null", "string"], None, "null"),
    ],
)
def test_values_stand_bare(schema: Any, datum: Any, expected: str) -> None:
    """Also at the top of the file, as keys do."""
    assert f"{expected}\n".encode() == avro_lines(container(schema, datum))


@pytest.mark.parametrize(
    ("schema", "stored", "expected"),
    [
        ({"type": "int", "logicalType": "date"}, dt.date(1969, 12, 31), "-1"),
        ({"type": "int", "logicalType": "time-millis"}, dt.time(0, 0, 1, 5000), "1005"),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            dt.datetime(1970, 1, 2, tzinfo=dt.UTC),
            "86400000",
        ),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": 2},
            Decimal("-123456789012345678901234567890.10"),
            '{"decimal":"-123456789012345678901234567890.10"}',
        ),
        (
            {"type": "fixed", "name": "f", "size": 4, "logicalType": "decimal", "precision": 5, "scale": 3},
            Decimal("0.000"),
            '{"decimal":"0.000"}',
        ),
    ],
)
def test_logical_types_are_what_the_model_says(schema: Any, stored: Any, expected: str) -> None:
    """Days, milliseconds, and decimals of the schema's scale with all their digits."""
    assert f"{expected}\n".encode() == avro_lines(container(schema, stored))


def test_a_map_of_other_keys_stays_an_array_of_entries_in_its_order() -> None:
    """Confluent's MapEntry is a record like any other."""
    entry = record(("key", "int"), ("value", "string"), name="io.confluent.connect.avro.MapEntry")
    schema = {"type": "array", "items": {**entry, "connect.internal.type": "MapEntry"}}
    data = [{"key": 2, "value": "b"}, {"key": 1, "value": "a"}]

    assert b'[{"key":2,"value":"b"},{"key":1,"value":"a"}]\n' == avro_lines(container(schema, data))


def test_a_union_is_the_bare_value_of_its_branch() -> None:
    """Of two records, the one that it is; a map is no record."""
    schema = [
        "null", "long", "string", "boolean", {"type": "map", "values": "int"},
        record(("x", "int"), name="ns.A"), record(("y", "bytes"), name="ns.B"),
    ]  # fmt: skip
    data = [None, 5, "5", True, {"x": 1}, ("ns.B", {"y": b"a"}), ("ns.A", {"x": 1})]
    expected = ["null", "5", '"5"', "true", '{"x":1}', '{"y":{"b64":"YQ=="}}', '{"x":1}']

    assert "".join(f"{each}\n" for each in expected).encode() == avro_lines(container(schema, *data))


def test_types_are_found_by_their_names() -> None:
    """Also one that contains itself, and one of the same short name in another namespace."""
    inner = record(("v", "bytes"), name="other.node")
    schema = record(
        ("v", "float"), ("next", ["null", "node"]), ("inner", inner), ("again", "other.node"), name="a.node"
    )
    low = {"v": b"a"}
    datum = {"v": 0.5, "next": {"v": 1.5, "next": None, "inner": low, "again": low}, "inner": low, "again": low}
    text = '"inner":{"v":{"b64":"YQ=="}},"again":{"v":{"b64":"YQ=="}}'

    lines = avro_lines(container(schema, datum))

    assert f'{{"v":0.5,"next":{{"v":1.5,"next":null,{text}}},{text}}}\n'.encode() == lines


def test_values_without_schema_stand_as_plain_json() -> None:
    """Maps in the order of their keys, bytes and numbers that are not finite as everywhere."""
    scalars = ("boolean", "bytes", "double", "float", "int", "long", "string")
    entry = record(("key", "Anything"), ("value", "Anything"), name="MapEntry")
    schema = record(
        *[(name, ["null", name]) for name in scalars],
        ("array", ["null", {"type": "array", "items": "Anything"}]),
        ("map", ["null", {"type": "array", "items": entry}]),
        name="io.confluent.connect.avro.Anything",
    )

    def anything(**given: Any) -> dict[str, Any]:
        return dict.fromkeys((*scalars, "array", "map")) | given

    items = [anything(long=1), anything(), anything(double=float("inf")), anything(bytes=b"a"), anything(boolean=False)]
    entries = [
        {"key": anything(string="b"), "value": anything(array=items)},
        {"key": anything(string="a"), "value": anything(map=[])},
    ]

    lines = avro_lines(container(schema, anything(map=entries), anything()))

    assert b'{"a":{},"b":[1,null,"Infinity",{"b64":"YQ=="},false]}\nnull\n' == lines


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2"])
def test_every_codec_of_the_sink_is_read(codec: str) -> None:
    """The codec is named in the file."""
    assert b"1\n2\n" == avro_lines(container("int", 1, 2, codec=codec))


@pytest.mark.parametrize(
    ("name", "mode"), [(name, mode) for name in PALETTE for mode in MODES[name] if name != "codes"]
)
def test_the_model_renders_what_the_file_says(name: str, mode: Any) -> None:
    """Both read the same data under the same schema: fastavro's file here, the wire format there."""
    shape = Shape((Part(name, PALETTE[name], mode),), "ns.v", 1)
    schema = avro_schema(shape)
    data = [{name: datum} for datum in (*PALETTE[name].data, *([None] if mode == "optional" else []))]
    bare = [{each: shape.parts[0].bare(datum) for each, datum in given.items()} for given in data]
    read = AvroData(is_enhanced=True, keeps_metadata=True)
    expected = b""
    for datum in data:
        value, connect = read.opened(avro(1, shape, datum), {1: schema})
        expected += line("avro", "value", value, connect, decimal_format="BASE64", separator=b"")

    assert expected == avro_lines(container_of_stored(schema, bare))


def container_of_stored(schema: str, data: list[Any]) -> bytes:
    """A file of data as the numbers and bytes that are stored, which fastavro takes where it sees no logical type."""
    hidden = container(json.loads(schema.replace('"logicalType"', '"_ogicalType"')), *data)
    return hidden.replace(b'"_ogicalType"', b'"logicalType"')


# --- Parquet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "value", "expected"),
    [
        (pa.int32(), -7, "-7"),
        (pa.string(), "é", '"é"'),
        (pa.float32(), 0.1, "0.10000000149011612"),
        (pa.float64(), float("nan"), '"NaN"'),
        (pa.binary(), b"\xff\xfe", '{"b64":"//4="}'),
        (pa.binary(2), b"ab", '{"b64":"YWI="}'),
        (pa.decimal128(38, 2), Decimal("-1.20"), '{"decimal":"-1.20"}'),
        (pa.decimal256(64, 3), Decimal("12345678901234567890123456789012345678901.5"), None),
        (pa.date32(), dt.date(1969, 12, 31), "-1"),
        (pa.time32("ms"), dt.time(0, 0, 1, 5000), "1005"),
        (pa.timestamp("ms", tz="UTC"), dt.datetime(1970, 1, 2, tzinfo=dt.UTC), "86400000"),
        (pa.list_(pa.timestamp("ms")), [dt.datetime(1970, 1, 2), None], "[86400000,null]"),  # noqa: DTZ001
        (pa.list_(pa.string()), ["a"], '["a"]'),
        (pa.list_(pa.struct([("key", pa.int32()), ("value", pa.string())])), [{"key": 2, "value": "b"}], None),
        (pa.map_(pa.string(), pa.date32()), {"b": dt.date(1970, 1, 2), "a": None}, '{"a":null,"b":1}'),
        (pa.struct([("a", pa.date32()), ("n", pa.int32())]), {"a": dt.date(1970, 1, 1), "n": None}, None),
        (pa.struct([("member0", pa.string()), ("member1", pa.int64())]), {"member0": None, "member1": 5}, "5"),
        (pa.struct([("member0", pa.string()), ("other", pa.int64())]), {"member0": "x", "other": 5}, None),
    ],
)
def test_parquet_says_the_same(of: pa.DataType, value: Any, expected: str | None) -> None:
    """Without the groups that wrap items and entries, and without those of unions."""
    texts = {
        "decimal256": '{"decimal":"12345678901234567890123456789012345678901.500"}',
        "list": '[{"key":2,"value":"b"}]',
        "struct": '{"a":0,"n":null}' if not isinstance(value, dict) or "a" in value else '{"member0":"x","other":5}',
    }
    text = expected or next(text for name, text in texts.items() if str(of).startswith(name))

    assert f'{{"f":{text}}}\n{{"f":null}}\n'.encode() == parquet_lines(
        parquet(("f", of), rows=[{"f": value}, {"f": None}])
    )


def test_keys_and_headers_stand_without_parquets_records() -> None:
    """By the name of the object; values that have such a field keep theirs."""
    key = parquet(("key", pa.string()), rows=[{"key": "k"}])
    pair = pa.struct([("key", pa.string()), ("value", pa.string())])
    headers = parquet(("headers", pa.list_(pair)), rows=[{"headers": [{"key": "h", "value": "x"}]}])

    assert b'"k"\n' == readable(Version("t+0+0.keys.snappy.parquet", "v", key)).text
    assert b'"k"\n' == readable(Version("t+0+0.keys.parquet", "v", key)).text
    assert b'[{"key":"h","value":"x"}]\n' == readable(Version("t+0+0.headers.gz.parquet", "v", headers)).text
    assert b'{"key":"k"}\n' == readable(Version("t.keys+0+0.snappy.parquet", "v", key)).text


# --- what an object is -----------------------------------------------------------------------------------------------


def test_gzip_is_read_by_its_name_and_its_bytes() -> None:
    """Bytes that only end like that are their own text."""
    packed = gzip.compress(b"1\n")

    assert b"1\n" == readable(Version("t+0+0.json.gz", "v", packed)).readable
    assert b"plain" == readable(Version("t+0+0.raw.gz", "v", b"plain")).readable
    assert packed == readable(Version("t+0+0.json", "v", packed)).readable


FILES = {
    "t+0+0.avro": container(record(("a", ["null", "string"]), ("b", {"type": "map", "values": "double"})), {"b": {}}),
    "t+0+0.keys.avro": container("long", 1, 2, codec="snappy"),
    "t+0+0.snappy.parquet": parquet(("f", pa.list_(pa.int32())), rows=[{"f": [1]}]),
    "t+0+0.json.gz": gzip.compress(b"1\n"),
}


@pytest.mark.parametrize("key", FILES)
def test_a_damaged_body_is_its_own_text(key: str) -> None:
    """Whatever byte is wrong, reading never fails; what can be read still is."""
    whole = FILES[key]

    @settings(PROFILE, max_examples=150)
    @given(st.integers(0, len(whole) - 1), st.integers(0, 255), st.booleans())
    def property_holds(at: int, byte: int, is_cut: bool) -> None:
        damaged = whole[:at] if is_cut else whole[:at] + bytes([byte]) + whole[at + 1 :]
        found = readable(Version(key, "v", damaged))

        assert damaged == found.body
        assert found.text is not None or found.readable == damaged

    property_holds()


@pytest.mark.parametrize("read", [avro_lines, parquet_lines])
def test_what_cannot_be_read_is_a_value_error(read: Callable[[bytes], bytes]) -> None:
    """One kind of error, whatever the libraries raise."""
    for body in (b"", b"Obj\x01", b"PAR1", b"Obj\x01" + bytes(60), b"PAR1" + bytes(40) + b"PAR1"):
        with pytest.raises(ValueError, match=r"no (Avro container|Parquet file)"):
            read(body)
