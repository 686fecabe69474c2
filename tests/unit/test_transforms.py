"""Single message transforms and predicates: what they make of records, and what their properties must be.

What they make of records is what the classes of Kafka 3.9 made of the same ones.
"""

import json
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import PROFILE

from onceproof.sink.data import OPTIONAL_STRING, STRING, TIMESTAMP, Field, Header, Moment, Schema, SinkRecord, Struct
from onceproof.sink.effects import Record
from onceproof.sink.errors import DataError, Problem
from onceproof.sink.java.javajson import render
from onceproof.sink.reading.transforms import PREDICATES, TRANSFORMS, Transform, names, parse

PACKAGE = "org.apache.kafka.connect.transforms"
INT32 = Schema("int32")
WITH_DEFAULT = Schema("int32", default=7)
OPTIONAL_WITH_DEFAULT = Schema("int32", optional=True, default=8)
SCHEMA = Schema(
    "struct",
    optional=True,
    name="N",
    version=3,
    doc="doc",
    parameters={"p": "q"},
    fields=(Field("a", INT32), Field("b", OPTIONAL_WITH_DEFAULT), Field("c", WITH_DEFAULT)),
)
STRUCT = Struct(SCHEMA, [1, None, None])
SUNDAY_MS = 1_735_430_709_042
SIDES = ("Key", "Value")


def record(
    value: Any = None,
    schema: Schema | None = None,
    *,
    side: str = "Value",
    topic: str = "t",
    timestamp_ms: int | None = 5,
    headers: tuple[Header, ...] = (),
) -> SinkRecord:
    """A record at partition 3, offset 42, that holds the value on one side and `beside` on the other."""
    key = (value, schema) if side == "Key" else ("beside", OPTIONAL_STRING)
    kept = ("beside", OPTIONAL_STRING) if side == "Key" else (value, schema)
    return SinkRecord(topic, 3, 42, timestamp_ms, *key, *kept, headers, Record(42, timestamp_ms, None, None))


def one(name: str, settings: dict[str, str] | None = None) -> Transform:
    """The transform alone."""
    below = {f"transforms.x.{setting}": text for setting, text in (settings or {}).items()}
    transforms, problems = parse({"transforms": "x", "transforms.x.type": f"{PACKAGE}.{name}", **below})

    assert [] == problems
    return transforms[0]


def applied(name: str, settings: dict[str, str], given: SinkRecord) -> SinkRecord:
    """What becomes of the record."""
    found = one(name, settings)(given)

    assert found is not None
    return found


def on_side(given: SinkRecord, side: str) -> tuple[Any, Schema | None]:
    """The value that was looked at, and its schema; the other side is as it was."""
    key, value = (given.key, given.key_schema), (given.value, given.value_schema)

    assert ("beside", OPTIONAL_STRING) == (value if side == "Key" else key)
    return key if side == "Key" else value


def struct(*fields: tuple[str, Schema, Any]) -> Struct:
    """A struct with what transforms keep of SCHEMA: name, version, doc and parameters, but not that it is optional."""
    made = tuple(Field(name, schema) for name, schema, _ in fields)
    schema = Schema("struct", name="N", version=3, doc="doc", parameters={"p": "q"}, fields=made)
    return Struct(schema, [value for _, _, value in fields])


# --- InsertField -----------------------------------------------------------------------------------------------------

EVERYTHING = {
    "topic.field": "T!",
    "partition.field": "P?",
    "offset.field": "O",
    "timestamp.field": "TS!",
    "static.field": "S",
    "static.value": "x",
}


@pytest.mark.parametrize("side", SIDES)
def test_fields_are_inserted_behind_those_of_a_struct(side: str) -> None:
    """Optional but for `!`; nulls with a default become it, and the new schema is not optional."""
    found = applied(f"InsertField${side}", EVERYTHING, record(STRUCT, SCHEMA, side=side))
    expected = struct(
        ("a", INT32, 1),
        ("b", OPTIONAL_WITH_DEFAULT, 8),
        ("c", WITH_DEFAULT, 7),
        ("T", STRING, "t"),
        ("P", Schema("int32", optional=True), 3),
        ("O", Schema("int64", optional=True), 42),
        ("TS", Schema("int64", name=TIMESTAMP, version=1), Moment(5)),
        ("S", OPTIONAL_STRING, "x"),
    )

    assert (expected, expected.schema) == on_side(found, side)
    assert [1, None, None] == STRUCT.values


@pytest.mark.parametrize("side", SIDES)
def test_fields_are_inserted_in_a_map(side: str) -> None:
    """A timestamp is a number there; a field of that name is replaced, and the map that was there is not touched."""
    given = {"z": 1, "T": "old"}
    found = applied(f"InsertField${side}", EVERYTHING, record(given, side=side))

    assert ({"z": 1, "T": "t", "P": 3, "O": 42, "TS": 5, "S": "x"}, None) == on_side(found, side)
    assert {"z": 1, "T": "old"} == given


Step: TypeAlias = tuple[str, dict[str, str]]
INSERT: Step = ("InsertField", {"partition.field": "p", "offset.field": "o"})
EXCLUDE: Step = ("ReplaceField", {"exclude": "k4,f4"})
RENAME: Step = ("ReplaceField", {"renames": "zz:z,f5:y"})


@pytest.mark.parametrize(
    ("given", "steps", "expected"),
    [
        ("k2 k4 k9 zz b", [], "zz b k2 k4 k9"),
        ("k2 k4 k9 zz b", [INSERT], "zz p b k2 k4 k9 o"),
        ("k2 k4 k9 zz b", [EXCLUDE], "zz b k9 k2"),
        ("k2 k4 k9 zz b", [RENAME], "k4 z b k9 k2"),
        ("k2 k4 k9 zz b", [INSERT, EXCLUDE, RENAME], "p z b k9 k2 o"),
        ("f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12", [INSERT], "f10 f12 f11 f1 f2 f3 f4 f5 o f6 p f7 f8 f9"),
        ("f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12", [EXCLUDE, INSERT], "f10 f12 f11 f1 f2 f3 f5 o f6 p f7 f8 f9"),
    ],
)
def test_maps_have_the_order_that_kafka_gives_them(given: str, steps: list[Step], expected: str) -> None:
    """New ones have tables of other sizes than those that come from JSON."""
    found = record(dict.fromkeys(given.split(" "), 1))
    for name, told in steps:
        found = applied(f"{name}$Value", told, found)

    assert expected.split(" ") == list(json.loads(render(found.value)))


@pytest.mark.parametrize("name", ["TS", "TS?", "TS!"])
def test_a_record_without_timestamp_gets_none(name: str) -> None:
    """With a schema the field is there and null, even if required; a map lacks it."""
    settings = {"timestamp.field": name}
    with_schema = applied("InsertField$Value", settings, record(STRUCT, SCHEMA, timestamp_ms=None))

    assert [1, 8, 7, None] == with_schema.value.values
    assert (name != "TS!") == with_schema.value_schema.fields[-1].schema.optional  # type: ignore[union-attr]
    assert {"z": 1} == applied("InsertField$Value", settings, record({"z": 1}, timestamp_ms=None)).value


@pytest.mark.parametrize("schema", [None, SCHEMA])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("name", "settings"), [("InsertField", {"topic.field": "T"}), ("ReplaceField", {"exclude": "a"})]
)
def test_a_null_is_left_as_it_is(name: str, settings: dict[str, str], side: str, schema: Schema | None) -> None:
    """The record stays the same, its schema as well: a tombstone stays a tombstone."""
    given = record(None, schema, side=side)

    assert given is one(f"{name}${side}", settings)(given)


def test_two_fields_of_one_name_are_an_error() -> None:
    """In a schema; Kafka's own exception is told."""
    with pytest.raises(DataError, match="Cannot create field because of field name duplication a") as caught:
        one("InsertField$Value", {"topic.field": "a"})(record(STRUCT, SCHEMA))

    assert "org.apache.kafka.connect.errors.SchemaBuilderException" == caught.value.java_class


@pytest.mark.parametrize("name", ["InsertField", "ReplaceField"])
def test_nulls_with_a_default_may_be_kept(name: str) -> None:
    """In optional fields; a required one may not be null."""
    settings = {"topic.field": "T"} if name == "InsertField" else {"exclude": "z"}
    transform = one(f"{name}$Value", {**settings, "replace.null.with.default": "False"})
    schema = Schema("struct", fields=(Field("b", OPTIONAL_WITH_DEFAULT),))
    found = transform(record(Struct(schema, [None]), schema))

    assert found is not None
    assert None is found.value.values[0]
    with pytest.raises(DataError, match='null used for required field: "c", schema type: INT32'):
        transform(record(STRUCT, SCHEMA))


@pytest.mark.parametrize(
    ("name", "settings", "purpose"),
    [
        ("InsertField", {"topic.field": "a"}, "field insertion"),
        ("ReplaceField", {"exclude": "a"}, "field replacement"),
        ("ExtractField", {"field": "a"}, "field extraction"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("value", "java_name"),
    [
        ("x", "java.lang.String"),
        (1, "java.lang.Long"),
        (True, "java.lang.Boolean"),
        ([], "java.util.ArrayList"),
        (b"", r"\[B"),
    ],
)
def test_what_has_no_fields_is_an_error(
    name: str, settings: dict[str, str], purpose: str, side: str, value: object, java_name: str
) -> None:
    """Without a schema it must be a map, with one a struct."""
    transform = one(f"{name}${side}", settings)

    with pytest.raises(DataError, match=rf"Only Map objects .* for \[{purpose}\], found: {java_name}$"):
        transform(record(value, side=side))
    with pytest.raises(DataError, match=rf"Only Struct objects supported for \[{purpose}\], found: {java_name}$"):
        transform(record(value, STRING, side=side))


def test_a_map_under_a_schema_is_no_struct() -> None:
    """Nor is a struct a map."""
    schema = Schema("map", keys=STRING, items=STRING)

    with pytest.raises(DataError, match="Only Struct objects supported"):
        one("InsertField$Value", {"topic.field": "a"})(record({}, schema))
    with pytest.raises(DataError, match="Only Map objects supported"):
        one("InsertField$Value", {"topic.field": "a"})(record(STRUCT))


@pytest.mark.parametrize(
    ("name", "settings"), [("InsertField$Value", {"topic.field": "T"}), ("ReplaceField$Value", {"exclude": "a"})]
)
def test_equal_schemas_give_the_identical_schema(name: str, settings: dict[str, str]) -> None:
    """Also where others come between, so that no file ends for the sake of an object."""
    transform = one(name, settings)
    twin = Schema("struct", True, None, "N", 3, "doc", {"p": "q"}, SCHEMA.fields)
    other = Schema("struct", name="O", fields=(Field("a", INT32), Field("z", INT32)))
    given = [(SCHEMA, [1, 2, 3]), (other, [1, 2]), (twin, [4, 5, 6]), (other, [3, 4]), (SCHEMA, [7, 8, 9])]
    found = [transform(record(Struct(schema, values), schema)) for schema, values in given]
    schemas = [each.value_schema for each in found if each is not None]

    assert SCHEMA is not twin
    assert schemas[0] is schemas[2] is schemas[4]
    assert schemas[1] is schemas[3]
    assert schemas[0] != schemas[1]
    assert all(each.value.schema is each.value_schema for each in found if each is not None)


# --- ReplaceField ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["a", "b", "c"]),
        ({"include": ""}, ["a", "b", "c"]),
        ({"include": " a , ,b"}, ["a", "b"]),
        ({"exclude": "a"}, ["b", "c"]),
        ({"include": "a,b", "exclude": "a"}, ["b"]),
        ({"whitelist": "a,b", "blacklist": "a"}, ["b"]),
        ({"exclude": "b", "blacklist": "a"}, ["a", "c"]),
        ({"exclude": "", "blacklist": "a"}, ["a", "b", "c"]),
        ({"include": "z"}, []),
    ],
)
def test_fields_are_left_out(side: str, settings: dict[str, str], kept: list[str]) -> None:
    """Exclusion wins over inclusion, and the old names of both settings count only where the new ones are absent."""
    with_schema = applied(f"ReplaceField${side}", settings, record(STRUCT, SCHEMA, side=side))
    without = applied(f"ReplaceField${side}", settings, record({"a": 1, "b": 8, "c": 7}, side=side))
    value, schema = on_side(with_schema, side)
    every = {"a": ("a", INT32, 1), "b": ("b", OPTIONAL_WITH_DEFAULT, 8), "c": ("c", WITH_DEFAULT, 7)}
    expected = struct(*(every[name] for name in kept))

    assert (expected, expected.schema) == (value, schema)
    assert ({name: every[name][2] for name in kept}, None) == on_side(without, side)


def test_fields_are_renamed_in_their_places() -> None:
    """The pairs may exchange two names, and a colon at the end of a pair is passed over."""
    found = applied("ReplaceField$Value", {"renames": "a:b,b:a:, z:y"}, record(STRUCT, SCHEMA))

    assert struct(("b", INT32, 1), ("a", OPTIONAL_WITH_DEFAULT, 8), ("c", WITH_DEFAULT, 7)) == found.value


def test_fields_of_a_map_are_renamed_and_nulls_are_kept() -> None:
    """What is excluded is looked up by its old name."""
    found = applied("ReplaceField$Value", {"renames": "a:x", "exclude": "b"}, record({"a": 1, "b": 2, "n": None}))

    assert {"x": 1, "n": None} == found.value


@pytest.mark.parametrize("given", [{"a": 1, "b": 2}, {"b": 2, "a": 1}])
def test_the_last_of_two_equal_names_in_a_map_wins(given: dict[str, int]) -> None:
    """In the order of a HashMap, not in that of the text."""
    assert {"b": 2} == applied("ReplaceField$Value", {"renames": "a:b"}, record(given)).value
    assert {"a": 2} == applied("ReplaceField$Value", {"renames": "b:a"}, record(given)).value


def test_a_field_takes_the_value_of_the_one_that_is_renamed_to_it() -> None:
    """Even of one that is excluded: Kafka looks up old names by new ones."""
    found = applied("ReplaceField$Value", {"exclude": "a", "renames": "a:b"}, record(STRUCT, SCHEMA))

    assert struct(("b", OPTIONAL_WITH_DEFAULT, 1), ("c", WITH_DEFAULT, 7)) == found.value


def test_a_field_whose_name_a_missing_one_would_get_is_an_error() -> None:
    """For the same reason."""
    with pytest.raises(DataError, match=r"^zz is not a valid field name$"):
        one("ReplaceField$Value", {"renames": "zz:b"})(record(STRUCT, SCHEMA))


def test_a_value_of_another_type_in_its_place_is_an_error() -> None:
    """Kafka checks what it puts into a struct."""
    schema = Schema("struct", fields=(Field("a", INT32), Field("b", STRING)))

    with pytest.raises(DataError, match=r'Invalid Java object for schema type STRING: .* for field: "b"'):
        one("ReplaceField$Value", {"exclude": "a", "renames": "a:b"})(record(Struct(schema, [1, "x"]), schema))


def test_two_fields_that_get_one_name_are_an_error() -> None:
    """In a schema."""
    with pytest.raises(DataError, match="field name duplication b"):
        one("ReplaceField$Value", {"renames": "a:b"})(record(STRUCT, SCHEMA))


FIELDS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
SOME = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=4)


@settings(PROFILE)
@given(FIELDS, SOME, SOME)
def test_structs_and_maps_keep_the_same_fields(fields: list[str], include: list[str], exclude: list[str]) -> None:
    """With or without a schema, and those that ReplaceField keeps in the order of the struct."""
    transform = one("ReplaceField$Value", {"include": ",".join(include), "exclude": ",".join(exclude)})
    schema = Schema("struct", fields=tuple(Field(name, INT32) for name in fields))
    values = list(range(len(fields)))
    with_schema = transform(record(Struct(schema, values), schema))
    without = transform(record(dict(zip(fields, values, strict=True))))
    kept = [name for name in fields if name not in exclude and (not include or name in include)]

    assert with_schema is not None
    assert without is not None
    assert kept == list(with_schema.value.schema.index)
    assert dict(zip(kept, with_schema.value.values, strict=True)) == without.value


# --- ExtractField ----------------------------------------------------------------------------------------------------

OUTER = Schema(
    "struct",
    fields=(
        Field("in", SCHEMA),
        Field("x.y", STRING),
        Field("i", Schema("int32", optional=True)),
        Field("\\`q`.", INT32),
    ),
)
OUTER_STRUCT = Struct(OUTER, [STRUCT, "dotted", 5, 6])
OUTER_MAP = {"in": {"a": 1}, "x.y": "dotted", "i": 5, "\\`q`.": 6}


@pytest.mark.parametrize("side", SIDES)
def test_a_field_takes_the_place_of_the_whole(side: str) -> None:
    """With its schema; a null with a default becomes it, if not told otherwise."""
    extract = f"ExtractField${side}"
    given = record(STRUCT, SCHEMA, side=side)

    assert (8, OPTIONAL_WITH_DEFAULT) == on_side(applied(extract, {"field": "b"}, given), side)
    kept = applied(extract, {"field": "b", "replace.null.with.default": "false"}, given)
    assert (None, OPTIONAL_WITH_DEFAULT) == on_side(kept, side)
    assert (1, None) == on_side(applied(extract, {"field": "a"}, record({"a": 1}, side=side)), side)
    assert (None, None) == on_side(applied(extract, {"field": "z"}, record({"a": 1}, side=side)), side)


def test_a_field_of_null_is_null() -> None:
    """The schema becomes that of the field."""
    found = applied("ExtractField$Value", {"field": "a"}, record(None, SCHEMA))

    assert (None, INT32) == (found.value, found.value_schema)
    assert (None, None) == applied("ExtractField$Value", {"field": "a"}, record(None))[6:8]


@pytest.mark.parametrize("value", [STRUCT, None])
def test_a_field_that_the_schema_lacks_is_an_error(value: Struct | None) -> None:
    """Also under a null; Java calls it an illegal argument."""
    with pytest.raises(DataError, match=r"^Unknown field: zz$") as caught:
        one("ExtractField$Value", {"field": "zz"})(record(value, SCHEMA))

    assert "java.lang.IllegalArgumentException" == caught.value.java_class


def test_a_schema_that_has_no_fields_is_an_error_also_for_a_null() -> None:
    """There is nothing to look up."""
    with pytest.raises(DataError, match="Cannot look up fields on non-struct type"):
        one("ExtractField$Value", {"field": "a"})(record(None, OPTIONAL_STRING))


@pytest.mark.parametrize("version", ["V2", "v2"])
@pytest.mark.parametrize(
    ("path", "value"),
    [("in.a", 1), ("`in`.`a`", 1), ("`x.y`", "dotted"), ("i", 5), ("`\\`q\\`.`", 6)],
)
def test_dots_lead_into_nested_fields(version: str, path: str, value: object) -> None:
    """Backticks hold a name together, and a backslash keeps one from closing."""
    settings = {"field": path, "field.syntax.version": version}

    assert value == applied("ExtractField$Value", settings, record(OUTER_MAP)).value
    assert value == applied("ExtractField$Value", settings, record(OUTER_STRUCT, OUTER)).value


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a", ("a",)),
        ("a..b", ("a", "", "b")),
        ("in.", ("in", "")),
        ("`a`b`", ("a`b",)),
        ("`a.b`.c", ("a.b", "c")),
        ("`a\\`.b`", ("a`.b",)),
        ("`a\\`b`.c", ("a\\`b", "c")),
        ("a`b.c", ("a`b", "c")),
    ],
)
def test_paths_are_cut_as_kafka_cuts_them(path: str, names: tuple[str, ...]) -> None:
    """Only a backtick before a dot can close, and only there a backslash escapes it."""
    nested: Any = "found"
    for name in reversed(names):
        nested = {name: nested}
    settings = {"field": path, "field.syntax.version": "V2"}

    assert "found" == applied("ExtractField$Value", settings, record(nested)).value


def test_the_first_version_knows_no_paths() -> None:
    """A dot is part of the name."""
    assert "dotted" == applied("ExtractField$Value", {"field": "x.y"}, record(OUTER_STRUCT, OUTER)).value
    assert None is applied("ExtractField$Value", {"field": "in.a"}, record(OUTER_MAP)).value


def test_a_path_through_what_has_no_fields() -> None:
    """A null on the way is null; anything else without fields is an error."""
    settings = {"field": "i.a", "field.syntax.version": "V2"}
    through_null = {"field": "in.a", "field.syntax.version": "V2"}
    nulls = record(Struct(OUTER, [None, "x", None, 6]), OUTER)

    assert (None, INT32) == applied("ExtractField$Value", through_null, nulls)[6:8]
    assert None is applied("ExtractField$Value", settings, record({"i": None})).value
    with pytest.raises(DataError, match="Cannot look up fields on non-struct type"):
        one("ExtractField$Value", settings)(record(OUTER_STRUCT, OUTER))
    with pytest.raises(DataError, match=r"Only Map objects .* for \[nested field access\], found: java.lang.Long"):
        one("ExtractField$Value", settings)(record(OUTER_MAP))


# --- routers and Filter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "topic"),
    [
        ({}, "t-20241229"),
        ({"topic.format": "${timestamp}$${topic}${x}${topic}", "timestamp.format": "yy"}, "24$t${x}t"),
        ({"topic.format": "fixed"}, "fixed"),
        ({"timestamp.format": "yyyy-MM-dd'T'HH"}, "t-2024-12-29T00"),
    ],
)
def test_the_timestamp_router_writes_a_topic(settings: dict[str, str], topic: str) -> None:
    """Its parts are put in as they are, and nothing else of the record changes."""
    given = record("v", timestamp_ms=SUNDAY_MS)

    assert given._replace(topic=topic) == one("TimestampRouter", settings)(given)


def test_the_timestamp_router_needs_a_timestamp() -> None:
    """The message says of which record."""
    with pytest.raises(DataError, match=r"^Timestamp missing on record: t-3, offset 42$"):
        one("TimestampRouter")(record("v", timestamp_ms=None))


@pytest.mark.parametrize(
    ("regex", "replacement", "before", "after"),
    [
        ("prod\\.(.*)", "$1", "prod.orders", "orders"),
        ("(?<first>.*)-(.*)", "$2-${first}", "a-b", "b-a"),
        ("order", "x", "orders", "orders"),
        ("a|ab", "x", "ab", "xb"),
        ("|t", "r", "t", "rt"),
        ("t", "", "t", ""),
        (" t ", " r ", "t", "r"),
    ],
)
def test_the_regex_router_renames_a_topic_that_matches_as_a_whole(
    regex: str, replacement: str, before: str, after: str
) -> None:
    """What is replaced is the first match, which may be less than the whole."""
    given = record("v", topic=before)

    assert given._replace(topic=after) == one("RegexRouter", {"regex": regex, "replacement": replacement})(given)


def test_filter_drops_every_record() -> None:
    """It is the predicate that chooses."""
    assert None is one("Filter")(record("v"))


# --- predicates ------------------------------------------------------------------------------------------------------


def filtered(predicate: str, settings: dict[str, str], given: SinkRecord, **condition: str) -> bool:
    """Whether Filter drops the record under a predicate."""
    properties = {
        "transforms": "drop",
        "transforms.drop.type": f"{PACKAGE}.Filter",
        "transforms.drop.predicate": "p",
        "predicates": "p",
        "predicates.p.type": f"{PACKAGE}.predicates.{predicate}",
        **{f"predicates.p.{name}": text for name, text in settings.items()},
        **{f"transforms.drop.{name}": text for name, text in condition.items()},
    }
    transforms, problems = parse(properties)

    assert [] == problems
    return transforms[0](given) is None


HEADERS = (Header("x", 1, None), Header("y", None, None), Header("x", 2, None))


@pytest.mark.parametrize(
    ("predicate", "settings", "given", "holds"),
    [
        ("TopicNameMatches", {"pattern": "prod-.*"}, record("v", topic="prod-1"), True),
        ("TopicNameMatches", {"pattern": "prod"}, record("v", topic="prod-1"), False),
        ("HasHeaderKey", {"name": "x"}, record("v", headers=HEADERS), True),
        ("HasHeaderKey", {"name": "y"}, record("v", headers=HEADERS), True),
        ("HasHeaderKey", {"name": "X"}, record("v", headers=HEADERS), False),
        ("HasHeaderKey", {"name": "x"}, record("v"), False),
        ("RecordIsTombstone", {}, record(None), True),
        ("RecordIsTombstone", {}, record(None, SCHEMA), True),
        ("RecordIsTombstone", {}, record(""), False),
        ("RecordIsTombstone", {}, record(None, side="Key"), False),
    ],
)
def test_a_predicate_switches_its_transform(
    predicate: str, settings: dict[str, str], given: SinkRecord, holds: bool
) -> None:
    """On where it holds, and where it does not if negated; else the record goes on as it is."""
    assert (holds, holds, not holds) == (
        filtered(predicate, settings, given),
        filtered(predicate, settings, given, negate="FALSE"),
        filtered(predicate, settings, given, negate="True"),
    )


def test_predicates_see_what_earlier_transforms_made() -> None:
    """Each is asked when its transform is reached."""
    transforms, problems = parse(
        {
            "transforms": "route, drop",
            "transforms.route.type": "RegexRouter",
            "transforms.route.regex": "t",
            "transforms.route.replacement": "gone",
            "transforms.drop.type": "Filter",
            "transforms.drop.predicate": " is-gone",
            "predicates": "is-gone",
            "predicates.is-gone.type": "TopicNameMatches",
            "predicates.is-gone.pattern": "gone",
        }
    )
    routed = transforms[0](record("v"))

    assert [] == problems
    assert routed is not None
    assert ("route", "drop") == tuple(each.alias for each in transforms)
    assert None is transforms[1](routed)
    assert record("v") == transforms[1](record("v"))


# --- properties ------------------------------------------------------------------------------------------------------

INSERT = {"transforms": "x", "transforms.x.type": f"{PACKAGE}.InsertField$Value", "transforms.x.topic.field": "T"}


def problems(properties: dict[str, str]) -> list[Problem]:
    """All that is wrong."""
    return parse(properties)[1]


@pytest.mark.parametrize("properties", [{}, {"transforms": "", "predicates": " "}, {"transforms.x.type": "nonsense"}])
def test_without_aliases_there_is_nothing(properties: dict[str, str]) -> None:
    """Settings of an alias that is not listed are passed over, as in Connect."""
    assert ((), []) == parse(properties)


def test_transforms_are_equal_if_configured_alike() -> None:
    """Unknown settings are passed over; the class is named in full."""
    (transform,), found = parse({**INSERT, "transforms.x.nonsense": "1"})

    assert [] == found
    assert ("x", f"{PACKAGE}.InsertField$Value") == (transform.alias, transform.java_class)
    assert (transform,) == parse(INSERT)[0]
    assert (transform,) != parse({**INSERT, "transforms.x.topic.field": "U"})[0]


@pytest.mark.parametrize(
    ("changed", "name", "message"),
    [
        ({"transforms": "x,x"}, "transforms", "invalid value 'x,x': x must be listed once"),
        ({"predicates": "p,p", "predicates.p.type": "RecordIsTombstone"}, "predicates", "p must be listed once"),
        ({"transforms": "x,"}, "transforms..type", "is required and has no default, because transforms lists ''"),
        ({"transforms": "x,y"}, "transforms.y.type", "is required and has no default, because transforms lists 'y'"),
        ({"predicates": "p"}, "predicates.p.type", "is required and has no default, because predicates lists 'p'"),
        ({"predicates": "p", "predicates.p.type": "Filter"}, "predicates.p.type", "TopicNameMatches"),
        ({"transforms.x.predicate": "p"}, "transforms.x.predicate", "an alias of predicates, which lists nothing"),
        (
            {"transforms.x.predicate": "q", "predicates": "p", "predicates.p.type": "RecordIsTombstone"},
            "transforms.x.predicate",
            "invalid value 'q': must be an alias of predicates, which lists p",
        ),
        ({"transforms.x.negate": "true"}, "transforms.x.negate", "negates nothing: there is no transforms.x.predicate"),
        (
            {
                "transforms.x.predicate": "p",
                "transforms.x.negate": "yes",
                "predicates": "p",
                "predicates.p.type": "RecordIsTombstone",
            },
            "transforms.x.negate",
            "invalid value 'yes': must be true or false",
        ),
        ({"transforms.x.replace.null.with.default": "1"}, "transforms.x.replace.null.with.default", "true or false"),
        ({"transforms.x.static.field": "s"}, "transforms.x.static.value", "is required because static.field is set"),
        (
            {"transforms": "y", "transforms.y.type": f"{PACKAGE}.InsertField$Key", "transforms.y.static.value": "s"},
            "transforms.y.type",
            "inserts nothing: set at least one of topic.field, partition.field, offset.field",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_property(changed: dict[str, str], name: str, message: str) -> None:
    """One problem each, with what is allowed."""
    found = problems({**INSERT, **changed})

    assert [name] == [problem.name for problem in found]
    assert {**INSERT, **changed}.get(name) == found[0].value
    assert message in found[0].message


@pytest.mark.parametrize(
    ("transform", "given", "setting", "message"),
    [
        ("ReplaceField$Value", {"renames": "a"}, "renames", "must be a list of old:new, which 'a' is not"),
        ("ReplaceField$Value", {"renames": "a:b,a::b"}, "renames", "which 'a::b' is not"),
        ("ExtractField$Key", {}, "field", "is required and has no default"),
        ("ExtractField$Key", {"field": " "}, "field", "must not be blank"),
        ("ExtractField$Key", {"field": "a", "field.syntax.version": "V3"}, "field.syntax.version", "one of V1, V2"),
        ("ExtractField$Key", {"field": "`a", "field.syntax.version": "V2"}, "field", "the backtick at position 0"),
        ("ExtractField$Key", {"field": "`a\\`", "field.syntax.version": "V2"}, "field", "has no partner"),
        ("TimestampRouter", {"timestamp.format": "yyyyT"}, "timestamp.format", "'T' is not a pattern letter"),
        ("RegexRouter", {"replacement": "x"}, "regex", "is required and has no default"),
        ("RegexRouter", {"regex": "("}, "regex", "must be a Java regular expression: "),
        ("RegexRouter", {"regex": "a", "replacement": "$1"}, "replacement", "there is no group 1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(
    transform: str, given: dict[str, str], setting: str, message: str
) -> None:
    """Also what Connect would find out with the first record."""
    properties = {f"transforms.x.{name}": text for name, text in given.items()}
    found = problems({"transforms": "x", "transforms.x.type": f"{PACKAGE}.{transform}", **properties})

    assert f"transforms.x.{setting}" == found[0].name
    assert given.get(setting) == found[0].value
    assert message in found[0].message


@pytest.mark.parametrize(
    ("predicate", "given", "setting"),
    [
        ("TopicNameMatches", {}, "pattern"),
        ("TopicNameMatches", {"pattern": ""}, "pattern"),
        ("TopicNameMatches", {"pattern": "*"}, "pattern"),
        ("HasHeaderKey", {}, "name"),
        ("HasHeaderKey", {"name": " "}, "name"),
    ],
)
def test_a_predicate_needs_its_setting(predicate: str, given: dict[str, str], setting: str) -> None:
    """Also where no transform asks it."""
    properties = {f"predicates.p.{name}": text for name, text in given.items()}
    found = problems({"predicates": "p", "predicates.p.type": f"{PACKAGE}.predicates.{predicate}", **properties})

    assert [f"predicates.p.{setting}"] == [problem.name for problem in found]


@pytest.mark.parametrize(
    "given", ["com.example.Mine", f"{PACKAGE}.InsertField", f"{PACKAGE}.Cast$Value", "InsertField$Value", ""]
)
def test_any_other_class_is_refused_by_name(given: str) -> None:
    """With the property, the class, and every class there is."""
    (problem,) = problems({"transforms": "x", "transforms.x.type": given})

    assert ("transforms.x.type", given) == problem[:2]
    assert problem.message.startswith(f"invalid value {given!r}: must be one of ")
    assert all(name in problem.message for name in TRANSFORMS)


def test_a_near_miss_gets_a_hint() -> None:
    """An abstract class is one of them."""
    (problem,) = problems({"transforms": "x", "transforms.x.type": f"{PACKAGE}.InsertField"})

    assert f"(did you mean {PACKAGE}.InsertField$Key?)" in problem.message


def test_everything_wrong_is_told_at_once() -> None:
    """Predicates first, then the transforms in their order; a broken predicate does not break its transform as well."""
    found = problems(
        {
            "predicates": "p,q",
            "predicates.p.type": f"{PACKAGE}.predicates.TopicNameMatches",
            "predicates.p.pattern": "(",
            "predicates.q.type": "Unknown",
            "transforms": "a,b,c,d,a",
            "transforms.a.type": f"{PACKAGE}.ExtractField$Key",
            "transforms.a.field.syntax.version": "V3",
            "transforms.b.type": f"{PACKAGE}.Filter",
            "transforms.b.predicate": "p",
            "transforms.c.type": f"{PACKAGE}.Filter",
            "transforms.c.predicate": "r",
            "transforms.c.negate": "perhaps",
        }
    )

    assert [
        "predicates.p.pattern",
        "predicates.q.type",
        "transforms",
        "transforms.a.field",
        "transforms.a.field.syntax.version",
        "transforms.c.predicate",
        "transforms.c.negate",
        "transforms.d.type",
    ] == [problem.name for problem in found]


def test_the_names_are_those_of_the_aliases() -> None:
    """Given or not, so that a slip of the pen can be told; an unknown class has no settings."""
    found = names({**INSERT, "transforms": "x,y", "predicates": "p", "predicates.p.type": "HasHeaderKey"})

    assert ("transforms", "transforms.x.type", "transforms.x.predicate", "transforms.x.negate") == found[:4]
    assert "transforms.x.offset.field" in found
    assert ("transforms.y.type", "transforms.y.predicate", "transforms.y.negate") == found[11:14]
    assert ("predicates", "predicates.p.type", "predicates.p.name") == found[14:]


def test_the_tables_say_what_documentation_needs() -> None:
    """Each class and each setting has a sentence, and each default is one that the setting takes."""
    plugins = [*TRANSFORMS.values(), *PREDICATES.values()]

    assert 12 == len(plugins)
    for plugin in plugins:
        assert plugin.doc.endswith(".")
        for setting in plugin.settings:
            assert setting.doc.endswith(".")
            if isinstance(setting.default, str):
                setting.parse(setting.default)
