"""Parquet files, read with pyarrow."""

import datetime
import io
from decimal import Decimal
from typing import Any

import pytest
from pyarrow import parquet

from onceproof.sink.avro.avrodata import UNION, Rules
from onceproof.sink.data import (
    DATE,
    DECIMAL,
    OPTIONAL_STRING,
    STRING,
    TIME,
    TIMESTAMP,
    Field,
    Moment,
    Schema,
    Struct,
)
from onceproof.sink.errors import DataError, TaskFailed
from onceproof.sink.writing.parquetformat import ROW_GROUP_BYTES, ParquetWriter, unsupported_codec

RULES = Rules(enhanced=True, meta_data=True)
INT = Schema("int32")
CODECS = ["none", "snappy", "gzip", "brotli", "lz4", "lz4_raw", "zstd"]


def struct(*fields: tuple[str, Schema], **attributes: Any) -> Schema:
    """A struct schema."""
    return Schema("struct", fields=tuple(Field(*each) for each in fields), **attributes)


R = struct(("id", INT), ("a", OPTIONAL_STRING), name="R")


def written(schema: Schema, *values: list[Any], codec: str = "snappy") -> parquet.ParquetFile:
    """A file of structs with these values."""
    writer = ParquetWriter(codec, RULES)
    data = writer.write([Struct(schema, each) for each in values], schema) + writer.finish()
    return parquet.ParquetFile(io.BytesIO(data))


def column(kind: Schema, value: Any) -> Any:
    """What one value of that schema is when it is read."""
    return written(struct(("x", kind)), [value]).read().to_pylist()[0]["x"]


@pytest.mark.parametrize("codec", CODECS)
def test_records_are_read_back_under_every_codec(codec: str) -> None:
    """lz4 is written as lz4_raw, which pyarrow reports as LZ4."""
    file = written(R, [1, "x"], [2, None], codec=codec)
    name = {"none": "UNCOMPRESSED", "lz4_raw": "LZ4"}.get(codec, codec.upper())

    assert [{"id": 1, "a": "x"}, {"id": 2, "a": None}] == file.read().to_pylist()
    assert name == file.metadata.row_group(0).column(0).compression


def test_codecs_that_cannot_be_written_say_why() -> None:
    """The connector has lzo and pyarrow has not; other names nobody has."""
    assert [None] * len(CODECS) == [unsupported_codec(each) for each in CODECS]
    assert "pyarrow" in (unsupported_codec("lzo") or "")
    assert "'LZ4'" in (unsupported_codec("LZ4") or "")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (Schema("int8"), -5, -5),
        (Schema("int64"), 1 << 62, 1 << 62),
        (Schema("float32"), 0.5, 0.5),
        (Schema("float64"), 0.1, 0.1),
        (Schema("boolean"), True, True),
        (STRING, "é", "é"),
        (Schema("bytes"), b"\xff", b"\xff"),
        (Schema("bytes", name=DECIMAL, parameters={"scale": "2"}), Decimal("-1.20"), Decimal("-1.20")),
        (
            Schema("bytes", name=DECIMAL, parameters={"scale": "2", "connect.decimal.precision": "9"}),
            Decimal("1.20"),
            Decimal("1.20"),
        ),
        (Schema("bytes", name=DECIMAL, parameters={"scale": "-2"}), Decimal("1E+2"), b"\x01"),
        (
            Schema("bytes", name=DECIMAL, parameters={"scale": "0", "connect.decimal.precision": "77"}),
            Decimal("258"),
            b"\x01\x02",
        ),
        (Schema("int32", name=DATE), Moment(19_000 * 86_400_000), datetime.date(2022, 1, 8)),
        (Schema("int32", name=TIME), Moment(5), datetime.time(0, 0, 0, 5000)),
        (
            Schema("int64", name=TIMESTAMP),
            Moment(1_704_067_200_123),
            datetime.datetime(2024, 1, 1, 0, 0, 0, 123_000, datetime.UTC),
        ),
        (Schema("array", items=OPTIONAL_STRING), ["a", None], ["a", None]),
        (Schema("array", items=INT), [], []),
        (Schema("array", items=Schema("array", items=INT)), [[1], []], [[1], []]),
        (Schema("map", keys=STRING, items=INT), {"b": 2, "a": 1}, [("a", 1), ("b", 2)]),
        (Schema("map", keys=INT, items=STRING), {5: "x"}, [{"key": 5, "value": "x"}]),
        (Schema("bytes", name="F", parameters={"connect.fixed.size": "2"}), b"ab", b"ab"),
        (Schema("array", items=R), [Struct(R, [1, None])], [{"id": 1, "a": None}]),
        (Schema("int32", optional=True, default=5), None, 5),
        (Schema("int32", optional=True), None, None),
    ],
)
def test_values_of_every_kind_are_read_back(schema: Schema, value: Any, expected: Any) -> None:
    """Logical types as such; maps in hash order, those with other keys as lists of entries."""
    assert expected == column(schema, value)


def test_a_union_is_a_group_of_members() -> None:
    """Only the one that is set is not null."""
    schema = struct(("int", Schema("int32", optional=True)), ("string", OPTIONAL_STRING), name=UNION)

    assert {"member0": None, "member1": "x"} == column(schema, Struct(schema, [None, "x"]))


def test_columns_are_named_and_required_as_in_the_avro_schema() -> None:
    """The Avro schema itself stands in the footer; Arrow's does not."""
    schema = struct(("id", INT), ("at", Schema("int64", optional=True, name=TIMESTAMP, version=1)), ("n", R), name="S")
    file = written(schema, [1, None, Struct(R, [2, None])])
    paths = [(each.path, each.max_definition_level) for each in map(file.schema.column, range(4))]

    assert [("id", 0), ("at", 1), ("n.id", 0), ("n.a", 1)] == paths
    assert "INT32" == file.schema.column(0).physical_type
    assert "isAdjustedToUTC=true" in str(file.schema.column(1).logical_type)
    assert [b"parquet.avro.schema"] == list(file.metadata.metadata)
    assert file.metadata.metadata[b"parquet.avro.schema"].startswith(b'{"type":"record","name":"S"')


def test_lists_have_three_levels() -> None:
    """The only ones that pyarrow writes; a required item is required."""
    schema = struct(("l", Schema("array", items=INT)))
    found = written(schema, [[1]]).schema.column(0)

    assert ("l.list.element", 1) == (found.path, found.max_definition_level)


@pytest.mark.parametrize(
    ("value", "schema"),
    [("x", STRING), ({"a": 1}, None), (None, None), (Struct(R, [1, None]), Schema("struct", True, fields=R.fields))],
)
def test_what_is_no_struct_is_fatal(value: Any, schema: Schema | None) -> None:
    """The real connector fails with a class cast there."""
    with pytest.raises(TaskFailed, match="Parquet needs"):
        ParquetWriter("snappy", RULES).write([value], schema)


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (R, [None, "x"]),
        (R, ["1", "x"]),
        (R, [1 << 31, "x"]),
        (struct(("n", struct(name="Empty")), name="Outer"), [Struct(struct(name="Empty"), [])]),
        (struct(), []),
        (struct(("l", Schema("array", items=INT))), [[None]]),
        (
            struct(("d", Schema("bytes", name=DECIMAL, parameters={"scale": "0", "connect.decimal.precision": "2"}))),
            [Decimal(100)],
        ),
    ],
)
def test_what_does_not_fit_is_refused(schema: Schema, values: list[Any]) -> None:
    """Null where there must be a value, another type, a struct without fields, a number with too many digits."""
    with pytest.raises(DataError):
        ParquetWriter("snappy", RULES).write([Struct(schema, values)], schema)


def test_a_failed_write_changes_nothing() -> None:
    """The file is the one that it would have been without."""
    good, other = ParquetWriter("none", RULES), ParquetWriter("none", RULES)
    values = [Struct(R, [1, "x"])]
    for bad in ([*values, Struct(R, [None, None])], [*values, Struct(R, ["x", None])]):
        with pytest.raises(DataError):
            other.write(bad, R)
    expected = good.write(values, R) + good.write(values, R) + good.finish()
    found = other.write(values, R)
    with pytest.raises(DataError):
        other.write([Struct(R, [None, None])], R)

    assert expected == found + other.write(values, R) + other.finish()


def test_every_record_has_the_first_ones_schema() -> None:
    """Another struct is refused; an equal one is not."""
    writer = ParquetWriter("snappy", RULES)
    data = writer.write([Struct(R, [1, "x"])], R)
    newer = Schema("struct", name="R", version=2, fields=R.fields)
    with pytest.raises(DataError):
        writer.write([Struct(newer, [1, "x"])], newer)
    equal = Schema("struct", name="R", fields=R.fields)
    data += writer.write([Struct(equal, [2, "y"])], equal) + writer.finish()

    assert [1, 2] == [each["id"] for each in parquet.read_table(io.BytesIO(data)).to_pylist()]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd"])
def test_bytes_do_not_depend_on_how_records_were_divided(codec: str) -> None:
    """Nor does it where the row groups end; and what was written comes out before the end."""
    values = [Struct(R, [at, None if at % 3 else str(at)]) for at in range(5000)]
    limit = 7000
    files = []
    for run in (5000, 1, 777):
        writer = ParquetWriter(codec, RULES, row_group_bytes=limit)
        pieces = [writer.write(values[at : at + run], R) for at in range(0, 5000, run)]
        files.append((b"".join(pieces), writer.finish()))
    file = parquet.ParquetFile(io.BytesIO(b"".join(files[0])))

    assert 1 == len({before + rest for before, rest in files})
    assert file.num_row_groups > 2
    assert all(len(rest) < len(before) for before, rest in files)
    assert values == [Struct(R, list(each.values())) for each in file.read().to_pylist()]


def test_a_row_group_ends_with_the_record_that_fills_it() -> None:
    """Measured as Avro: three bytes for the first of these records, four for each of the others."""
    writer = ParquetWriter("none", RULES, row_group_bytes=30)
    values = [Struct(R, [0, ""])] + [Struct(R, [1, "x"])] * 24
    data = writer.write(values, R) + writer.finish()
    groups = parquet.ParquetFile(io.BytesIO(data)).metadata

    assert [8, 8, 8, 1] == [groups.row_group(at).num_rows for at in range(groups.num_row_groups)]
    assert 134_217_728 == ROW_GROUP_BYTES


def test_without_records_there_is_no_file() -> None:
    """Nothing is written before the first record."""
    assert b"" == ParquetWriter("snappy", RULES).finish()
