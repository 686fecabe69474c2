"""Compatibility of schemas: when a new file is needed, and what projection makes of a value (reference 3.6, 9.3)."""

import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import PROFILE

from onceproof.sink.data import DATE, DECIMAL, OPTIONAL_STRING, STRING, Field, Moment, Schema, Struct
from onceproof.sink.errors import DataError, ProjectionError
from onceproof.sink.placing.compatibility import compatibility, float32

INT32 = Schema("int32")
INT64 = Schema("int64")
AVRO_ENUM = "io.confluent.connect.avro.Enum"
WIDTHS = ("int8", "int16", "int32", "int64", "float32", "float64")
PROJECTING = ("BACKWARD", "FORWARD", "FULL")


def record(version: int | None = 1, *, name: str | None = "R", optional: bool = False, **fields: Schema) -> Schema:
    """A struct schema."""
    made = tuple(Field(field, schema) for field, schema in fields.items())
    return Schema("struct", optional=optional, name=name, version=version, fields=made)


def enum(*symbols: str, marker: str = AVRO_ENUM) -> Schema:
    """A text that is one of a few."""
    return Schema("string", parameters={marker: "Color", **{f"{marker}.{symbol}": symbol for symbol in symbols}})


OLD = record(1, a=INT32)
NEW = record(2, a=INT32, b=OPTIONAL_STRING)


@pytest.mark.parametrize("mode", ["NONE", "BACKWARD", "FORWARD", "FULL"])
def test_equal_schemas_need_no_new_file(mode: str) -> None:
    """Also without versions, and where they are two objects; the value stays the same object."""
    schema, twin = record(None, a=INT32), record(None, a=INT32)
    value = Struct(schema, [1])
    judge = compatibility(mode)

    assert schema is not twin
    assert (False, False, False) == (
        judge.changes(schema, schema),
        judge.changes(schema, twin),
        judge.changes(None, None),
    )
    assert value is judge.project(value, schema, twin)
    assert value is judge.project(value, None, None)


@pytest.mark.parametrize(
    ("mode", "to_newer", "to_older"),
    [("NONE", True, True), ("BACKWARD", True, False), ("FULL", True, False), ("FORWARD", False, True)],
)
def test_versions_decide_where_values_can_be_projected(mode: str, to_newer: bool, to_older: bool) -> None:
    """BACKWARD and FULL take older records into a file, FORWARD takes newer ones, NONE neither."""
    judge = compatibility(mode)

    assert (to_newer, to_older) == (judge.changes(NEW, OLD), judge.changes(OLD, NEW))


@pytest.mark.parametrize("mode", PROJECTING)
def test_an_equal_version_is_on_no_wrong_side(mode: str) -> None:
    """Only what the schemas look like counts then."""
    judge = compatibility(mode)

    assert not judge.changes(record(1, a=INT32, b=INT32), OLD)
    assert judge.changes(record(1, a=STRING), OLD)


@pytest.mark.parametrize("mode", ["none", "backward", "Full", "", "TRANSITIVE"])
def test_an_unknown_mode_is_none(mode: str) -> None:
    """Also one in lower case, as in the real connector."""
    value = Struct(NEW, [1, "x"])
    judge = compatibility(mode)

    assert (True, True) == (judge.changes(NEW, OLD), judge.changes(OLD, NEW))
    assert value is judge.project(value, NEW, OLD)


@pytest.mark.parametrize("mode", PROJECTING)
@pytest.mark.parametrize(("version", "entry_version"), [(None, 1), (1, None), (None, None)])
def test_other_schemas_without_a_version_cannot_be_judged(
    mode: str, version: int | None, entry_version: int | None
) -> None:
    """One version that is missing is enough; NONE does not look at versions."""
    schema, entry = record(version, a=INT32, b=INT32), record(entry_version, a=INT32)

    with pytest.raises(ProjectionError, match="schemas without a version are compatible only if they are equal"):
        compatibility(mode).changes(schema, entry)
    assert compatibility("NONE").changes(schema, entry)


def test_none_looks_at_everything_in_a_schema() -> None:
    """Documentation, too, starts a new file."""
    assert compatibility("NONE").changes(replace(OLD, doc="other"), OLD)


def test_the_last_pair_of_schemas_is_remembered_only_as_that_pair() -> None:
    """Asked in turn, each pair gets its own answer, and so does the pair the other way round."""
    judge = compatibility("BACKWARD")
    pairs = [(NEW, OLD), (OLD, NEW), (NEW, NEW), (NEW, OLD), (None, OLD), (OLD, None), (OLD, NEW)]

    assert [True, False, False, True, True, True, False] == [judge.changes(*pair) for pair in pairs]


# --- what fits ------------------------------------------------------------------------------------------------------

MISMATCHES = [
    (STRING, INT32),
    (INT64, INT32),
    (Schema("boolean"), INT32),
    (INT32, Schema("boolean")),
    (Schema("bytes"), STRING),
    (Schema("int32", name=DATE, version=1), INT32),
    (INT32, Schema("int32", name=DATE, version=1)),
    (Schema("int32", optional=True), INT32),
    (Schema("int32", optional=True, default=4), INT32),
    (
        Schema("bytes", name=DECIMAL, parameters={"scale": "2"}),
        Schema("bytes", name=DECIMAL, parameters={"scale": "3"}),
    ),
    (Schema("int32", parameters={"x": "1"}), INT32),
    (Schema("array", items=INT64), Schema("array", items=INT32)),
    (Schema("map", keys=INT64, items=STRING), Schema("map", keys=INT32, items=STRING)),
    (Schema("map", keys=STRING, items=INT64), Schema("map", keys=STRING, items=INT32)),
    (record(name="S", a=INT32), record(name="R", a=INT32)),
    (record(name="R", a=INT64), record(name="R", a=INT32)),
    (record(name="R"), record(name="R", a=INT32)),
    (enum("RED", "BLUE"), enum("RED")),
    (enum("RED"), STRING),
    (STRING, enum("RED")),
    (enum("RED"), enum("RED", marker="org.apache.kafka.connect.data.Enum")),
]
MATCHES = [
    (INT32, INT64),
    (Schema("int8"), Schema("float64")),
    (INT32, Schema("int32", optional=True)),
    (Schema("int32", optional=True), Schema("int32", default=3)),
    (Schema("int32", parameters={"connect.record.doc": "x", "connect.record.aliases": "y"}), INT32),
    (Schema("int32", parameters={"io.confluent.connect.avro.field.doc.a": "x"}), INT32),
    (INT32, Schema("int32", parameters={"connect.record.namespace": "z"}, doc="about")),
    (record(name="R", a=INT32, b=INT32), record(name="R", a=INT32)),
    (record(name="R"), record(name="R", a=Schema("int32", optional=True))),
    (record(name="R"), record(name="R", a=Schema("int32", default=3))),
    (Schema("array", items=INT32), Schema("array", items=INT64)),
    (Schema("map", keys=STRING, items=INT32), Schema("map", keys=STRING, items=INT64)),
    (enum("RED"), enum("RED", "BLUE")),
    (Schema("int32", name=DATE, version=1), Schema("int32", name=DATE, version=2)),
]


@pytest.mark.parametrize("mode", PROJECTING)
@pytest.mark.parametrize(("source", "target"), MISMATCHES)
def test_what_cannot_be_projected_needs_a_new_file(mode: str, source: Schema, target: Schema) -> None:
    """At the top, and within a field, whatever the versions say."""
    judge = compatibility(mode)

    assert judge.changes(replace(source, version=1), replace(target, version=1))
    assert judge.changes(record(f=source), record(f=target))


@pytest.mark.parametrize("mode", PROJECTING)
@pytest.mark.parametrize(("source", "target"), MATCHES)
def test_what_can_be_projected_needs_none(mode: str, source: Schema, target: Schema) -> None:
    """Versions count at the top only."""
    judge = compatibility(mode)

    assert not judge.changes(replace(source, version=1), replace(target, version=1))
    assert not judge.changes(record(f=source), record(f=target))


@pytest.mark.parametrize("source", range(len(WIDTHS)))
@pytest.mark.parametrize("target", range(len(WIDTHS)))
def test_numbers_only_get_wider(source: int, target: int) -> None:
    """int8 < int16 < int32 < int64 < float32 < float64."""
    schema, entry = (Schema(WIDTHS[at], version=1) for at in (source, target))  # type: ignore[arg-type]

    assert (source > target) == compatibility("FULL").changes(schema, entry)


# --- projection -----------------------------------------------------------------------------------------------------


def project(value: Any, source: Schema, target: Schema) -> Any:
    """As BACKWARD does; all modes but NONE do the same."""
    return compatibility("BACKWARD").project(value, source, target)


def test_a_newer_record_loses_what_the_file_does_not_know() -> None:
    """Extra fields are dropped, and the rest comes in the order of the file's schema."""
    target = record(1, b=STRING, a=INT64)
    source = record(2, a=INT32, x=STRING, b=STRING)

    assert Struct(target, ["b", 1]) == project(Struct(source, [1, "x", "b"]), source, target)


def test_an_older_record_gets_defaults_and_nulls() -> None:
    """A field that it lacks is its default, else null if optional."""
    target = record(2, a=INT32, d=Schema("string", default="dd"), e=Schema("string", optional=True, default="ee"))
    target = replace(target, fields=(*target.fields, Field("n", OPTIONAL_STRING)))

    assert Struct(target, [1, "dd", "ee", None]) == project(Struct(OLD, [1]), OLD, target)


def test_a_field_without_source_and_default_is_an_error() -> None:
    """The message names it."""
    with pytest.raises(ProjectionError, match="field 'b': the file requires it and has no default"):
        project(Struct(OLD, [1]), OLD, record(2, a=INT32, b=STRING))


def test_an_error_says_on_which_way_it_lies() -> None:
    """Each struct on the way names its field."""
    source, target = record(a=record(b=STRING)), record(a=record(b=INT32))
    value = Struct(source, [Struct(source.fields[0].schema, ["x"])])

    with pytest.raises(ProjectionError, match=r"^field 'a': field 'b': the record's type is string, the file's int32$"):
        project(value, source, target)


@pytest.mark.parametrize(("source", "target"), [pair for pair in MISMATCHES if pair[0].type in (*WIDTHS, "string")])
def test_projection_refuses_what_needs_a_new_file(source: Schema, target: Schema) -> None:
    """Where no rotation can help: the schema of an errant first record stays the file's (H14, 9.3 C4)."""
    with pytest.raises(ProjectionError):
        project(None, source, target)


def test_what_lies_within_a_null_or_an_empty_list_is_not_looked_at() -> None:
    """The schemas do not fit, the value does."""
    source = record(a=Schema("array", items=STRING), b=record(optional=True, x=STRING))
    target = record(a=Schema("array", items=INT32), b=record(optional=True, x=INT32))

    assert Struct(target, [[], None]) == project(Struct(source, [[], None]), source, target)


def test_a_null_takes_the_default_that_stands_nearest() -> None:
    """First that of the record's own schema, then that of a field that the file requires."""
    source = record(a=Schema("int32", optional=True, default=1), b=Schema("int32", optional=True))
    target = record(2, a=Schema("int32", default=5), b=Schema("int32", default=6))

    assert Struct(target, [1, 6]) == project(Struct(source, [None, None]), source, target)


def test_a_null_where_the_file_requires_a_value_is_an_error() -> None:
    """No converter makes such a struct, a transform may."""
    target = record(2, a=INT64)

    with pytest.raises(DataError, match="field 'a': null, but the file requires a value of type int64"):
        project(Struct(OLD, [None]), OLD, target)


def test_lists_and_maps_are_projected_item_by_item() -> None:
    """Keys of maps as well."""
    source = record(l=Schema("array", items=INT32), m=Schema("map", keys=INT32, items=INT32))
    target = record(2, l=Schema("array", items=Schema("float64")), m=Schema("map", keys=INT64, items=Schema("float32")))
    result = project(Struct(source, [[1, 2], {3: 4}]), source, target)

    assert [[1.0, 2.0], {3: 4.0}] == result.values
    assert [float, float, int, float] == [*map(type, result.values[0]), *map(type, [3, result.values[1][3]])]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Schema("int32", name=DATE, version=1), Moment(5)),
        (Schema("bytes", name=DECIMAL, version=1, parameters={"scale": "2"}), Decimal("1.50")),
        (Schema("boolean"), True),
        (Schema("string"), "x"),
        (Schema("bytes"), b"x"),
        (Schema("float32"), 0.10000000149011612),
    ],
)
def test_what_is_no_wider_number_stays_as_it_is(schema: Schema, value: object) -> None:
    """Logical types too: what stands for their number is no number."""
    source, target = record(1, f=schema), record(2, f=replace(schema, optional=True))

    assert value is project(Struct(source, [value]), source, target).values[0]


def test_a_top_level_number_is_widened_and_a_null_gets_its_default() -> None:
    """Not only structs are values."""
    assert "1.0" == repr(project(1, Schema("int8", version=1), Schema("float64", version=1)))
    assert 3 == project(None, Schema("int32", optional=True), Schema("int32", default=3))
    assert project(None, INT32, INT64) is None


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (16_777_217, 16_777_216.0),
        (16_777_219, 16_777_220.0),
        (-16_777_219, -16_777_220.0),
        ((1 << 63) - 1, 9.223372036854775807e18),
        (-(1 << 63), -9.223372036854775808e18),
        # A double on the way would round to the half, and then to even:
        ((1 << 54) + (1 << 30) + 1, float((1 << 54) + (1 << 31))),
        (0, 0.0),
    ],
)
def test_integers_become_the_nearest_float32(value: int, result: float) -> None:
    """Rounded once, half to even, as Java casts a long to a float."""
    assert result == float32(value)


@settings(PROFILE)
@given(st.integers(min_value=-(1 << 53), max_value=1 << 53))
def test_a_float32_of_what_a_double_holds_is_that_of_the_processor(value: int) -> None:
    """The library's own conversion says the same where it rounds once, too."""
    assert struct.unpack("f", struct.pack("f", value))[0] == float32(value)


# --- properties -----------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")


@st.composite
def leaves(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A primitive schema and a value under it, with or without a default."""
    kind, values = draw(st.sampled_from(LEAVES))
    optional = draw(st.booleans())
    default = draw(st.none() | values)
    value = draw(values | st.none()) if optional or default is not None else draw(values)
    return Schema(kind, optional=optional, default=default), value


LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("int8", st.integers(-128, 127)),
    ("int32", st.integers(-(1 << 31), (1 << 31) - 1)),
    ("int64", st.integers(-(1 << 63), (1 << 63) - 1)),
    ("float32", st.floats(width=32, allow_nan=False)),
    ("float64", st.floats(allow_nan=False)),
    ("string", st.text(max_size=3)),
    ("boolean", st.booleans()),
]


@st.composite
def structs(draw: st.DrawFn, depth: int = 1) -> tuple[Schema, Struct]:
    """A struct schema of version 1, and a value under it whose defaults stand where it holds null."""
    fields, values = [], []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
        schema, value = draw(leaves() if depth == 0 else st.one_of(leaves(), structs(depth=0), lists()))
        fields.append(Field(name, schema))
        values.append(schema.default if value is None else value)
    schema = Schema("struct", name="R", version=1, fields=tuple(fields))
    return schema, Struct(schema, values)


@st.composite
def lists(draw: st.DrawFn) -> tuple[Schema, list[Any]]:
    """A list of values under one schema."""
    schema, value = draw(leaves())
    return Schema("array", items=schema), [value] * draw(st.integers(0, 3))


def version(schema: Schema, number: int) -> Schema:
    """The same schema under another number."""
    return replace(schema, version=number)


@settings(PROFILE)
@given(structs())
def test_projection_to_the_same_fields_changes_nothing_but_the_schema(pair: tuple[Schema, Struct]) -> None:
    """Where only the version differs, all values stay."""
    schema, value = pair
    target = version(schema, 2)

    assert not compatibility("BACKWARD").changes(schema, target)
    assert Struct(target, value.values) == project(value, schema, target)


@settings(PROFILE)
@given(structs(), leaves())
def test_a_field_that_is_added_and_taken_away_leaves_no_trace(
    pair: tuple[Schema, Struct], extra: tuple[Schema, Any]
) -> None:
    """Projected to a newer schema with one more field, and back to the older."""
    schema, value = pair
    newer = version(replace(schema, fields=(*schema.fields, Field("e", replace(extra[0], optional=True)))), 2)
    there = project(value, schema, newer)

    assert extra[0].default == there.values[-1]
    assert value == project(there, newer, schema)


@settings(PROFILE)
@given(structs(), structs(), st.integers(1, 3), st.integers(1, 3))
def test_forward_is_backward_with_the_versions_exchanged(
    one: tuple[Schema, Struct], other: tuple[Schema, Struct], number: int, entry_number: int
) -> None:
    """Which file fits depends on the fields alike; only the direction of time differs. FULL is BACKWARD."""
    schema, entry = version(one[0], number), version(other[0], entry_number)
    exchanged, entry_exchanged = version(one[0], entry_number), version(other[0], number)
    answers = {mode: compatibility(mode).changes(schema, entry) for mode in PROJECTING}

    assert answers["BACKWARD"] == answers["FULL"]
    if schema != entry and exchanged != entry_exchanged:
        assert answers["BACKWARD"] == compatibility("FORWARD").changes(exchanged, entry_exchanged)


@settings(PROFILE)
@given(structs(), structs())
def test_what_stays_in_the_file_can_be_projected_to_its_schema(
    one: tuple[Schema, Struct], other: tuple[Schema, Struct]
) -> None:
    """No record that needs no new file fails, and it then has the file's schema, without nulls where none may be."""
    schema, entry, value = one[0], version(other[0], 2), one[1]
    if compatibility("BACKWARD").changes(schema, entry):
        return
    result = project(value, schema, entry)

    assert entry is result.schema
    assert all(
        field.schema.optional or held is not None for field, held in zip(entry.fields, result.values, strict=True)
    )
