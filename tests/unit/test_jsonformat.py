"""Objects of JSON lines, as JsonFormat writes them with Kafka 3.9 and Jackson (reference 5; tried out)."""

import math
from decimal import Decimal
from typing import Any

import pytest

from onceproof.sink.data import (
    DATE,
    DECIMAL,
    OPTIONAL_BYTES,
    OPTIONAL_STRING,
    TIME,
    TIMESTAMP,
    Field,
    Moment,
    Schema,
    Struct,
)
from onceproof.sink.errors import DataError, TaskFailed
from onceproof.sink.writing.jsonformat import JsonWriter

DAY_MS = 86_400_000
INT = Schema("int32")
TWO_PLACES = Schema("bytes", name=DECIMAL, parameters={"scale": "2"})
INSTANT = Schema("int64", name=TIMESTAMP)


def struct_of(*schemas: Schema) -> Schema:
    """A struct with fields a, b and so on."""
    return Schema("struct", fields=tuple(Field(chr(ord("a") + at), schema) for at, schema in enumerate(schemas)))


def text(value: Any, schema: Schema | None, decimal_format: str = "BASE64") -> str:
    """The object of one value."""
    writer = JsonWriter(decimal_format)
    return (writer.write([value], schema) + writer.finish()).decode()


def field_text(value: Any, schema: Schema, decimal_format: str = "BASE64") -> str:
    """What stands in a struct's only field."""
    outer = struct_of(schema)
    return text(Struct(outer, [value]), outer, decimal_format).removeprefix('{"a":').removesuffix("}\n")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (Schema("int8"), -128, "-128"),
        (Schema("int64"), 1 << 62, "4611686018427387904"),
        (Schema("boolean"), True, "true"),
        (Schema("float64"), 1e10, "1.0E10"),
        (Schema("float64"), 0.25, "0.25"),
        (Schema("float64"), math.nan, '"NaN"'),
        (Schema("float32"), 1.100000023841858, "1.1"),
        (Schema("float32"), -math.inf, '"-Infinity"'),
        (Schema("string"), 'a"\x1f/\U0001f600\ud83d', '"a\\"\\u001F/\\uD83D\\uDE00\\uD83D"'),
        (Schema("bytes"), b"\x00\x01\xff", '"AAH/"'),
        (Schema("array", items=Schema("float32")), [1.5, 1e10], "[1.5,1.0E10]"),
        (Schema("array", items=Schema("int8", optional=True)), [None, 1], "[null,1]"),
        (Schema("array", items=struct_of(INT)), [Struct(struct_of(INT), [1])], '[{"a":1}]'),
        (Schema("map", keys=Schema("string"), items=INT), {"b": 1, "a": 2}, '{"a":2,"b":1}'),
        (Schema("map", keys=OPTIONAL_STRING, items=INT), {None: 1}, '{"null":1}'),
        (Schema("map", keys=INT, items=INT), {2: 1, 1: 2, 17: 0}, "[[1,2],[17,0],[2,1]]"),
        (Schema("map", keys=Schema("boolean"), items=INT), {True: 1, False: 2}, "[[false,2],[true,1]]"),
        (Schema("map", keys=Schema("bytes"), items=INT), {b"\x01": 1}, '[["AQ==",1]]'),
        (Schema("map", keys=Schema("array", items=INT), items=INT), {(1, 2): 1}, "[[[1,2],1]]"),
        (Schema("map", keys=TWO_PLACES, items=INT), {Decimal("1.50"): 1}, '[["AJY=",1]]'),
        (Schema("int32", name=DATE), Moment(-DAY_MS), "-1"),
        (Schema("int32", name=TIME), Moment(DAY_MS), "86400000"),
        (INSTANT, Moment(-5), "-5"),
        (TWO_PLACES, Decimal("1.50"), '"AJY="'),
        (TWO_PLACES, Decimal("-0.01"), '"/w=="'),
        (TWO_PLACES, Decimal("0.00"), '"AA=="'),
        (TWO_PLACES, Decimal("-1.28"), '"gA=="'),
        (Schema("int32", default=5), None, "5"),
        (Schema("int32", default=5, optional=True), None, "5"),
        (Schema("bytes", name=DECIMAL, parameters={"scale": "0"}, default=Decimal(1)), None, '"AQ=="'),
        (OPTIONAL_STRING, None, "null"),
        (struct_of(INT), Struct(struct_of(INT), [1]), '{"a":1}'),
    ],
)
def test_a_field_is_written_by_its_schema(schema: Schema, value: Any, expected: str) -> None:
    """Logical types by number, maps in hash order, and nulls as the default if there is one."""
    assert expected == field_text(value, schema)


@pytest.mark.parametrize(
    ("value", "expected"), [("1.50", "1.50"), ("1E+3", "1E+3"), ("-0.0000001", "-1E-7"), ("1.5", "1.5")]
)
def test_decimals_may_be_numbers(value: str, expected: str) -> None:
    """In Java's form, and whatever the scale of the schema."""
    assert expected == field_text(Decimal(value), TWO_PLACES, "numeric")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INT, None),
        (Schema("array", items=INT), [None]),
        (Schema("map", keys=Schema("string"), items=INT), {"a": None}),
        (Schema("map", keys=Schema("string"), items=INT), {None: 1}),
        (struct_of(INT), Struct(struct_of(INT), [None])),
        (struct_of(INT), Struct(struct_of(Schema("int64")), [1])),
        (TWO_PLACES, Decimal("1.5")),
        (Schema("bytes", name=DECIMAL), Decimal(1)),
        (Schema("int32", name=DATE), Moment(1)),
        (Schema("int32", name=TIME), Moment(DAY_MS + 1)),
        (Schema("int32", name=TIME), Moment(-1)),
    ],
)
def test_a_field_that_its_schema_does_not_allow_is_refused(schema: Schema, value: Any) -> None:
    """And the writer goes on as if it had not been asked."""
    outer = struct_of(schema, INT)
    writer = JsonWriter("BASE64")
    before = writer.write(["x"], None)

    with pytest.raises(DataError):
        writer.write([Struct(outer, [value, 1])], outer)

    assert b'"x"\n"y"\n' == before + writer.write(["y"], None) + writer.finish()


def test_fields_stand_in_the_order_of_the_schema() -> None:
    """Not in hash order."""
    names = ("carrier", "flight", "origin", "dest", "i")
    schema = Schema("struct", fields=tuple(Field(name, INT) for name in names))

    assert '{"carrier":0,"flight":1,"origin":2,"dest":3,"i":4}\n' == text(Struct(schema, list(range(5))), schema)


def test_structs_under_an_equal_schema_are_written() -> None:
    """Another object that says the same."""
    one, other = struct_of(INT), struct_of(INT)
    writer = JsonWriter("BASE64")

    assert b'{"a":1}\n{"a":2}\n{"a":3}\n' == writer.write(
        [Struct(other, [1]), Struct(one, [2]), Struct(other, [3])], one
    )


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (None, {"b": [1.50, 1e7], "a": {}}, '{"a":{},"b":[1.5,1.0E7]}'),
        (None, None, "null"),
        (OPTIONAL_STRING, "é", '"é"'),
        (OPTIONAL_BYTES, b"a", '"YQ=="'),
        (Schema("float32"), 1.100000023841858, "1.1"),
        (Schema("float64"), 1e7, "1.0E7"),
        (Schema("int32", name=DATE), Moment(DAY_MS), "86400000"),
        (INSTANT, Moment(5), "5"),
        (TWO_PLACES, Decimal("1.50"), "1.50"),
        (Schema("string", name=DATE), Moment(5), "5"),
        (Schema("array", items=Schema("float32")), [1.100000023841858, None], "[1.1,null]"),
        (Schema("array", items=TWO_PLACES), [Decimal("1.5")], "[1.5]"),
        (Schema("map", keys=INT, items=Schema("bytes")), {2: b"a", 1: b""}, '{"1":"","2":"YQ=="}'),
        (Schema("map", keys=Schema("boolean"), items=INT), {True: 1, False: 2}, '{"false":2,"true":1}'),
        (Schema("map", keys=Schema("float64"), items=INT), {1.5: 1, 1e10: 2}, '{"1.5":1,"1.0E10":2}'),
        (Schema("map", keys=Schema("float32"), items=INT), {1.100000023841858: 1}, '{"1.1":1}'),
        (Schema("map", keys=Schema("bytes"), items=INT), {b"\x01": 1}, '{"AQ==":1}'),
        (Schema("map", keys=TWO_PLACES, items=INT), {Decimal("1.50"): 1}, '{"1.50":1}'),
        (Schema("map", keys=Schema("array", items=INT), items=INT), {(1, None): 1}, '{"[1, null]":1}'),
        (Schema("map", keys=struct_of(INT), items=INT), {Struct(struct_of(INT), [1]): 1}, '{"Struct{a=1}":1}'),
        (
            Schema("map", keys=INSTANT, items=INT),
            {Moment(1704067200001): 1, Moment(1 << 48): 2},
            '{"+10889-08-02T05:31:50.656+00:00":2,"2024-01-01T00:00:00.001+00:00":1}',
        ),
    ],
)
def test_a_value_that_is_no_struct_is_written_as_java_sees_it(schema: Schema | None, value: Any, expected: str) -> None:
    """Without the schema's help: times in milliseconds, decimals as numbers, keys of maps as texts."""
    assert f"{expected}\n" == text(value, schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {"a": Struct(struct_of(INT), [1])}),
        (None, [Struct(struct_of(INT), [1])]),
        (Schema("array", items=struct_of(INT)), [Struct(struct_of(INT), [1])]),
        (Schema("map", keys=Schema("string"), items=struct_of(INT)), {"a": Struct(struct_of(INT), [1])}),
        (Schema("map", keys=OPTIONAL_STRING, items=INT), {None: 1}),
    ],
)
def test_a_struct_or_null_name_inside_another_value_ends_the_task(schema: Schema | None, value: Any) -> None:
    """A plain Jackson has no way to print them."""
    with pytest.raises(TaskFailed):
        text(value, schema)


def test_a_struct_without_a_schema_is_refused() -> None:
    """It is under none."""
    with pytest.raises(DataError, match="Mismatching schema"):
        text(Struct(struct_of(INT), [1]), None)


def test_separators_go_astray_between_structs_and_other_values() -> None:
    """A line feed behind a value that is no struct waits for the next such value (reference 5, last line)."""
    schema = struct_of(INT)
    writer = JsonWriter("BASE64")
    parts = [
        writer.write(["a"], OPTIONAL_STRING),
        writer.write([Struct(schema, [1])], schema),
        writer.write(["b"], OPTIONAL_STRING),
        writer.finish(),
    ]

    assert b'"a"{"a":1}\n\n"b"\n' == b"".join(parts)


def test_nulls_among_structs_are_no_structs() -> None:
    """They are written by the other writer."""
    schema = struct_of(INT)
    writer = JsonWriter("BASE64")

    assert b'{"a":1}\nnull{"a":2}\n' == writer.write([Struct(schema, [1]), None, Struct(schema, [2])], schema)
    assert b"\n" == writer.finish()


def test_the_division_into_runs_does_not_show() -> None:
    """Many at once, one by one, and none at all."""
    values = [{"i": number, "x": number / 2} for number in range(5)]
    whole, single = JsonWriter("BASE64"), JsonWriter("BASE64")

    together = whole.write(values, None) + whole.finish()

    assert (
        together == b"".join(single.write([value], None) + single.write([], None) for value in values) + single.finish()
    )
    assert 5 == together.count(b"\n")
    assert b"" == JsonWriter("BASE64").finish()
