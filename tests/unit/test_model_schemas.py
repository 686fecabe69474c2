"""Schemas of Connect: equality, compatibility, projection."""

from decimal import Decimal

import pytest

from onceproof.model.java import Float32
from onceproof.model.schemas import (
    DECIMAL,
    ENUM,
    TIMESTAMP,
    Field,
    Invalid,
    Moment,
    Schema,
    Struct,
    Value,
    can_project,
    check,
    parameters_of,
    projected,
    rotates,
    struct_of,
)

STRING, INT, LONG = Schema("string"), Schema("int32"), Schema("int64")


def struct(version: int | None = 1, name: str | None = "R", **fields: Schema) -> Schema:
    """A struct schema of these fields."""
    return Schema("struct", name=name, version=version, fields=tuple([Field(key, of) for key, of in fields.items()]))


V1 = struct(1, id=INT, a=STRING)
V2_WIDE = struct(2, id=LONG, a=STRING)
V2_MORE = struct(2, id=INT, a=STRING, b=Schema("string", default="dd"))


@pytest.mark.parametrize(
    ("mode", "schema", "entry", "is_rotated"),
    [
        ("NONE", V1, V1, False),
        ("NONE", V1, V2_WIDE, True),
        ("backward", V1, V2_WIDE, True),
        ("NONE", None, None, False),
        ("BACKWARD", V1, V2_WIDE, False),
        ("BACKWARD", V2_WIDE, V1, True),
        ("FULL", V1, V2_MORE, False),
        ("FULL", V2_MORE, V1, True),
        ("FORWARD", V2_MORE, V1, False),
        ("FORWARD", V1, V2_MORE, True),
        ("FORWARD", V2_WIDE, V1, True),
        ("BACKWARD", struct(1, "X", id=INT), V1, True),
        ("BACKWARD", struct(0, id=INT), V1, True),
        ("BACKWARD", struct(0, id=Schema("int32", optional=True), a=STRING), V1, True),
        ("BACKWARD", struct(0, id=INT, a=Schema("string", parameters=parameters_of({"x": "y"}))), V1, True),
        (
            "BACKWARD",
            struct(0, id=INT, a=Schema("string", parameters=parameters_of({"connect.record.doc": "y"}))),
            V1,
            False,
        ),
    ],
)
def test_a_schema_of_another_shape_rotates(mode: str, schema: Schema, entry: Schema, is_rotated: bool) -> None:
    """Reference 3.6: any difference in NONE, else structure and the direction of the version."""
    assert is_rotated == rotates(mode, schema, entry)


def test_below_arrays_and_maps_schemas_are_compared_too() -> None:
    """Items, keys and values, each by the rules of the whole."""
    old, new = Schema("array", version=1, items=INT), Schema("array", version=1, items=LONG)

    assert not rotates("BACKWARD", old, new)
    assert rotates("BACKWARD", new, old)
    assert rotates(
        "BACKWARD", Schema("map", version=1, keys=STRING, items=LONG), Schema("map", version=1, keys=STRING, items=INT)
    )


def test_symbols_of_an_enum_must_be_in_the_file() -> None:
    """A record of fewer symbols fits, one of more does not."""
    few, many = (
        Schema(
            "string", version=1, parameters=parameters_of({ENUM: "E", **{f"{ENUM}.{each}": each for each in symbols}})
        )
        for symbols in ("A", "AB")
    )

    assert not rotates("BACKWARD", few, many)
    assert rotates("BACKWARD", many, few)


@pytest.mark.parametrize("versions", [(None, 1), (1, None), (None, None)])
def test_a_missing_version_is_an_error_unless_schemas_are_equal(versions: tuple[int | None, int | None]) -> None:
    """SchemaProjectorException: errant, or fatal without a reporter."""
    schema, entry = struct(versions[0], id=INT), struct(versions[1], id=LONG)

    assert not rotates("FULL", schema, schema)
    with pytest.raises(ValueError, match="needs versions"):
        rotates("FULL", schema, entry)


def test_a_file_without_a_record_takes_what_can_be_projected() -> None:
    """Whichever is older; not what has no version or another type, and anything of its own schema."""
    old, new, text = struct(1), struct(2), Schema("string")

    assert can_project(old, new)
    assert can_project(new, old)
    assert can_project(text, text)
    assert can_project(None, None)
    assert not can_project(text, old)
    assert not can_project(old, None)
    assert not can_project(struct(None), old)
    assert not can_project(struct(1, "S"), old)


def test_values_are_widened_filled_and_cut() -> None:
    """To the schema of the file: wider numbers, defaults for what is missing, nothing beyond it."""
    value = struct_of(V1, {"id": 7, "a": "x"})

    assert value is projected("NONE", value, V1, V2_WIDE)
    assert {"id": 7, "a": "x", "b": "dd"} == dict(projected("BACKWARD", value, V1, V2_MORE).items())
    assert {"a": "x"} == dict(projected("BACKWARD", value, V1, struct(2, a=STRING)).items())
    assert Float32(16777216) == projected("BACKWARD", 16777217, INT, Schema("float32"))
    assert {"k": 1.0} == projected(
        "FULL", {"k": 1}, Schema("map", keys=STRING, items=INT), Schema("map", keys=STRING, items=Schema("float64"))
    )
    assert [None] == projected(
        "FULL",
        [None],
        Schema("array", items=Schema("int8", optional=True)),
        Schema("array", items=Schema("int16", optional=True)),
    )


@pytest.mark.parametrize(
    ("schema", "entry", "text"),
    [
        (V2_WIDE, V1, "type int64"),
        (struct(1, "X", id=INT), V1, "name X"),
        (struct(1, id=INT), V1, "field a: a required string is missing"),
        (struct(1, id=INT, a=Schema("string", optional=True)), V1, "without a default"),
    ],
)
def test_what_cannot_be_projected_is_an_error(schema: Schema, entry: Schema, text: str) -> None:
    """Reference 9.3 C4."""
    value = Struct(schema, {"id": 1})

    with pytest.raises(ValueError, match=text):
        projected("BACKWARD", value, schema, entry)


def test_an_optional_null_becomes_the_default_of_the_file() -> None:
    """Where the file requires the field and has a default."""
    assert "dd" == projected("FULL", None, Schema("string", optional=True), Schema("string", default="dd"))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INT, 2**31),
        (INT, True),
        (INT, 1.0),
        (Schema("float64"), Float32(1)),
        (STRING, b""),
        (STRING, None),
        (Schema("bytes", name=DECIMAL), b""),
        (Schema("int64", name=TIMESTAMP), 5),
        (Schema("array", items=INT), [None]),
        (Schema("map", keys=STRING, items=INT), {"a": "b"}),
        (V1, Struct(V2_WIDE, {})),
    ],
)
def test_values_of_another_type_are_refused(schema: Schema, value: Value) -> None:
    """Struct.put checks each value, and what it holds."""
    with pytest.raises(Invalid):
        check(schema, value)


def test_structs_read_defaults_for_nulls() -> None:
    """As Struct.get does; equal structs have equal fields."""
    value = struct_of(V2_MORE, {"id": 1, "a": "x"})

    assert ["dd", "x"] == [value["b"], value["a"]]
    assert value == struct_of(V2_MORE, {"id": 1, "a": "x", "b": "dd"})
    assert len({value, value}) == 1
    with pytest.raises(KeyError):
        value["c"]
    with pytest.raises(Invalid):
        struct_of(V1, {"c": 1})
    with pytest.raises(Invalid, match="twice"):
        Schema("struct", fields=(Field("a", INT), Field("a", INT)))
    check(Schema("bytes", name=DECIMAL, optional=True), Decimal("1.20"))
    check(Schema("int64", name=TIMESTAMP), Moment(5))
