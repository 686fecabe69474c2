"""Lines of every format and kind, and what no format takes."""

from decimal import Decimal

import pytest

from onceproof.model.java import Float32
from onceproof.model.rendering import Fatal, StructLine, Unwritable, joined, line
from onceproof.model.schemas import DATE, DECIMAL, TIME, Field, Moment, Schema, Struct, Value, parameters_of
from onceproof.model.settings import Layout

STRING = Schema("string")
RECORD = Schema("struct", name="x.R", fields=(Field("a", STRING), Field("b", Schema("bytes", optional=True))))
VALUE = Struct(RECORD, {"a": "x", "b": b"\1"})
EMPTY = Schema("struct")
AMOUNT = Schema("bytes", name=DECIMAL, parameters=parameters_of({"scale": "2"}))


def text_of(form: str, value: Value, schema: Schema | None, kind: str = "value", decimal_format: str = "BASE64") -> str:
    """One line without its end."""
    return line(form, kind, value, schema, decimal_format=decimal_format, separator=b"\n").decode().removesuffix("\n")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", '{"a":"x","b":"AQ=="}'),
        ("avro", '{"a":"x","b":{"b64":"AQ=="}}'),
        ("parquet", '{"a":"x","b":{"b64":"AQ=="}}'),
    ],
)
def test_a_struct_is_an_object(form: str, text: str) -> None:
    """Bytes are base64, named as such in canonical lines."""
    assert text == text_of(form, VALUE, RECORD)


def test_plain_values_are_printed_by_jackson() -> None:
    """Java's own objects: dates in milliseconds, decimals as numbers, keys as texts."""
    value = [None, True, 1, 1.0, Float32(0.5), "x", b"\1", Moment(5), Decimal("1E+3"), {1: 2, False: 3, 0.5: 4}]

    assert '[null,true,1,1.0,0.5,"x","AQ==",5,1E+3,{"1":2,"false":3,"0.5":4}]' == text_of("json", value, None)


@pytest.mark.parametrize("form", ["json", "avro", "parquet"])
def test_headers_are_names_and_texts(form: str) -> None:
    """Whatever type a header was read as; JSON names the whole."""
    found = text_of(form, (("h", 1.5, None), ("h", b"\1", None)), None, "headers")

    inner = '[{"key":"h","value":"1.5"},{"key":"h","value":"AQ=="}]'
    assert (f'{{"headers":{inner}}}' if form == "json" else inner) == found


@pytest.mark.parametrize(("form", "text"), [("json", '"k"'), ("avro", '"k"'), ("parquet", '"k"'), ("bytes", None)])
def test_keys_stand_bare(form: str, text: str | None) -> None:
    """Parquet's record around a key is taken off; ByteArrayFormat takes bytes alone."""
    if text is None:
        with pytest.raises(Unwritable):
            text_of(form, "k", STRING, "key")
        assert "k" == text_of(form, b"k", Schema("bytes", optional=True), "key")
    else:
        assert text == text_of(form, "k", Schema("string", optional=True), "key")


def test_separators_of_plain_lines_wait_for_the_next_plain_line() -> None:
    """Reference 5: `"a"`, struct, `"b"` in one file of keys."""
    lines = [
        line("json", "key", each, of, decimal_format="BASE64", separator=b"")
        for each, of in [("a", STRING), (Struct(EMPTY, {}), EMPTY), ("b", STRING)]
    ]

    assert isinstance(lines[1], StructLine)
    assert b'"a"{}\n\n"b"\n' == joined(Layout("key", "json", ".json", b"\n"), lines)
    assert b"ab" == joined(Layout("key", "bytes", ".bin", b""), [b"a", None, b"b"])


def test_canonical_lines_sort_maps_and_name_decimals() -> None:
    """Entries of other keys stay records in the order of the file; a lone surrogate is a question mark."""
    texts = Schema("map", keys=STRING, items=STRING)
    pairs = Schema("map", keys=Schema("int32"), items=AMOUNT)

    assert '{"a":"?","b":"글"}' == text_of("avro", {"b": "글", "a": "\ud800"}, texts)
    assert '[{"key":2,"value":{"decimal":"1.20"}}]' == text_of("avro", {2: Decimal("1.20")}, pairs)
    assert '{"a":[{"b64":""},"Infinity",null],"b":0.5}' == text_of(
        "avro", {"b": Float32(0.5), "a": [b"", float("inf"), None]}, None
    )


def test_decimals_are_bytes_or_numbers_in_json() -> None:
    """json.decimal.format; bytes are the shortest two's complement."""
    schema = Schema("struct", fields=(Field("a", AMOUNT),))
    texts = [
        text_of("json", Struct(schema, {"a": Decimal(text)}), schema) for text in ("1.28", "-1.28", "0.00", "-1.29")
    ]

    assert ['{"a":"AIA="}', '{"a":"gA=="}', '{"a":"AA=="}', '{"a":"/38="}'] == texts
    assert '{"a":1.280}' == text_of("json", Struct(schema, {"a": Decimal("1.280")}), schema, decimal_format="NUMERIC")


@pytest.mark.parametrize(
    ("form", "value", "schema"),
    [
        ("json", None, None),
        ("json", Struct(RECORD, {}), RECORD),
        ("avro", Struct(RECORD, {}), RECORD),
        ("bytes", "x", STRING),
        ("bytes", b"x", STRING),
        ("json", Struct(EMPTY, {}), RECORD),
        ("avro", Struct(EMPTY, {}), RECORD),
        ("avro", "x", RECORD),
        ("parquet", Struct(EMPTY, {}), EMPTY),
        ("avro", Moment(1), Schema("int32", name=DATE)),
        ("avro", Moment(-1), Schema("int32", name=TIME)),
        ("avro", Decimal("1.2"), AMOUNT),
        ("avro", 5, AMOUNT),
        ("avro", Moment(1), None),
        ("avro", [VALUE], None),
    ],
)
def test_what_a_format_refuses_is_unwritable(form: str, value: Value, schema: Schema | None) -> None:
    """DataException and its like: nulls, other types, other schemas, times beyond their type."""
    with pytest.raises(Unwritable):
        text_of(form, value, schema)


@pytest.mark.parametrize("name", ["a-b", "1a", ""])
def test_names_that_avro_refuses_are_unwritable(name: str) -> None:
    """Of fields, and of the struct itself behind its namespace."""
    for schema in (
        Schema("struct", fields=(Field(name, STRING),)),
        Schema("struct", name=f"x.{name}", fields=(Field("a", STRING),)),
    ):
        assert text_of("json", Struct(schema, {each.name: "x" for each in schema.fields}), schema)
        with pytest.raises(Unwritable, match="allows no name"):
            text_of("avro", Struct(schema, {}), schema)


@pytest.mark.parametrize("headers", [None, (), (("h", None, None),)])
def test_missing_headers_are_unwritable(headers: Value) -> None:
    """None at all, or one without a value."""
    with pytest.raises(Unwritable):
        text_of("json", headers, None, "headers")


@pytest.mark.parametrize(
    ("form", "value", "schema"),
    [("parquet", "x", STRING), ("parquet", {}, None), ("json", [VALUE], None), ("json", {None: 1}, None)],
)
def test_what_no_reporter_saves_is_fatal(form: str, value: Value, schema: Schema | None) -> None:
    """Parquet without a struct, a struct or a null key in what Jackson prints."""
    with pytest.raises(Fatal):
        text_of(form, value, schema)
