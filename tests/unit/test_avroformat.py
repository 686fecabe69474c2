"""Avro object container files, read with fastavro."""

import io
import json
from typing import Any

import fastavro
import pytest

from onceproof.sink.avro.avrodata import Rules
from onceproof.sink.data import OPTIONAL_STRING, STRING, Field, Schema, Struct
from onceproof.sink.effects import TopicPartition
from onceproof.sink.errors import DataError
from onceproof.sink.writing.avroformat import BLOCK_BYTES, AvroWriter, sync_marker

RULES = Rules(enhanced=True, meta_data=True)
SYNC = sync_marker(TopicPartition("t", 0), 0)
R = Schema("struct", name="R", fields=(Field("id", Schema("int32")), Field("a", STRING)))


def writer(codec: str = "null", sync: bytes = SYNC) -> AvroWriter:
    """A new writer."""
    return AvroWriter(codec, sync, RULES)


def rows(count: int, size: int = 3) -> list[Struct]:
    """Records whose text has that size."""
    return [Struct(R, [at, str(at % 10) * size]) for at in range(count)]


def read(data: bytes) -> list[Any]:
    """The records of a file."""
    return list(fastavro.reader(io.BytesIO(data)))


def blocks(data: bytes) -> list[int]:
    """The number of records in each block."""
    return [each.num_records for each in fastavro.block_reader(io.BytesIO(data))]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2"])
def test_records_are_read_back_under_every_codec(codec: str) -> None:
    """The codec's name stands in the header, and nothing beside it and the schema."""
    each = writer(codec)
    data = each.write(rows(5), R) + each.finish()
    reader = fastavro.reader(io.BytesIO(data))

    assert [{"id": at, "a": str(at) * 3} for at in range(5)] == list(reader)
    assert {"avro.schema", "avro.codec"} == set(reader.metadata)
    assert codec == reader.metadata["avro.codec"]


def test_the_header_holds_the_schema_as_java_prints_it() -> None:
    """Schema first, codec second, as they come out of Java's hash map; then the sync marker."""
    data = writer().write(rows(1), R)
    text = (
        b'{"type":"record","name":"R","fields":[{"name":"id","type":"int"},{"name":"a","type":"string"}],'
        b'"connect.name":"R"}'
    )
    size = bytes([len(text) * 2 & 127 | 128, len(text) * 2 >> 7])

    assert b"Obj\1\4\x16avro.schema" + size + text + b"\x14avro.codec\x08null\0" + SYNC == data


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "bzip2"])
def test_bytes_do_not_depend_on_how_records_were_divided(codec: str) -> None:
    """All at once, one by one or in uneven runs: one file."""
    values = rows(5000, 20)
    whole, single, uneven = writer(codec), writer(codec), writer(codec)
    at_once = whole.write(values, R) + whole.finish()
    one_by_one = b"".join(single.write([each], R) for each in values) + single.finish()
    in_runs = b"".join(uneven.write(values[at : at + 777], R) for at in range(0, 5000, 777)) + uneven.finish()

    assert at_once == one_by_one
    assert at_once == in_runs


def test_a_block_ends_with_the_record_that_fills_it() -> None:
    """Records of 16003 bytes: the fourth brings the block to 64000, and it is given out at once."""
    each = writer()
    header = each.write(rows(1, 16_000), R)
    silent = [each.write(rows(1, 16_000), R) for _ in range(2)]
    block = each.write(rows(1, 16_000), R)
    data = header + block + each.write(rows(2, 1), R) + each.finish()

    assert [b"", b""] == silent
    assert BLOCK_BYTES < len(block) < BLOCK_BYTES + 100
    assert [4, 2] == blocks(data)


def test_the_sync_marker_is_that_of_the_file() -> None:
    """Sixteen bytes that differ between topics, partitions and offsets, and are the same again on a rewrite."""
    places = [("t", 0, 0), ("t", 0, 1), ("t", 1, 0), ("u", 0, 0), ("t-1", 0, 0), ("t", 10, 0)]
    markers = [sync_marker(TopicPartition(topic, partition), offset) for topic, partition, offset in places]

    assert len(places) == len(set(markers))
    assert {16} == {len(each) for each in markers}
    assert SYNC == sync_marker(TopicPartition("t", 0), 0)


def test_a_failed_write_changes_nothing() -> None:
    """Neither at the beginning of the file, nor later; the good records of the run are not in it."""
    bad = Struct(R, [1, None])
    each = writer()
    with pytest.raises(DataError):
        each.write([*rows(2), bad], R)
    first = each.write(rows(1), R)
    with pytest.raises(DataError):
        each.write([*rows(2), bad], R)

    assert first.startswith(b"Obj")
    assert 1 == len(read(first + each.finish()))


def test_a_failed_first_write_leaves_the_schema_open() -> None:
    """The schema is that of the first record that was written."""
    each = writer()
    with pytest.raises(DataError):
        each.write([None], R)
    data = each.write(["x"], OPTIONAL_STRING) + each.finish()

    assert ["x"] == read(data)


def test_keys_of_the_string_converter_have_a_nullable_schema() -> None:
    """They are written bare, without a record around them."""
    each = writer()
    data = each.write(["k0", "k1"], OPTIONAL_STRING) + each.finish()

    assert ["k0", "k1"] == read(data)
    assert ["null", "string"] == json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])


def test_values_without_a_schema_can_be_read_with_the_schema_in_the_file() -> None:
    """They are records of Anything."""
    each = writer()
    data = each.write([{"a": [1, "x"]}], None) + each.finish()
    [found] = read(data)

    assert "a" == found["map"][0]["key"]["string"]
    assert [1, "x"] == [item["long"] or item["string"] for item in found["map"][0]["value"]["array"]]


def test_every_record_is_written_under_the_first_ones_schema() -> None:
    """An equal schema and another optionality are fine; another type, another struct and no schema at all are not."""
    each = writer()
    equal = Schema("struct", name="R", fields=R.fields)
    other = Schema("struct", name="R", version=2, fields=R.fields)
    data = each.write(rows(1), R) + each.write([Struct(equal, [9, "x"])], equal)
    refused: list[tuple[Any, Schema | None]] = [(Struct(other, [1, "x"]), other), ("x", STRING), ({"id": 1}, None)]
    for value, schema in refused:
        with pytest.raises(DataError):
            each.write([value], schema)

    assert [0, 9] == [record["id"] for record in read(data + each.finish())]


def test_a_nullable_file_takes_values_and_null() -> None:
    """A required string goes where an optional one was first; null goes nowhere else."""
    nullable, required = writer(), writer()
    data = nullable.write(["a"], OPTIONAL_STRING) + nullable.write(["b"], STRING)
    data += nullable.write([None], OPTIONAL_STRING) + nullable.finish()
    required.write(["a"], STRING)

    assert ["a", "b", None] == read(data)
    with pytest.raises(DataError):
        required.write([None], OPTIONAL_STRING)


def test_without_records_there_is_no_file() -> None:
    """Nothing is written before the first record."""
    assert b"" == writer().finish()
