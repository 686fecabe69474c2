"""Connect schemas and values as Avro and back; fastavro reads what is written."""

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onceproof.sink.avro import avrobinary, avrodata, avroschema
from onceproof.sink.avro.avrodata import ENUM, Rules
from onceproof.sink.data import DATE, DECIMAL, OPTIONAL_STRING, STRING, TIME, TIMESTAMP, Field, Moment, Schema, Struct
from onceproof.sink.errors import DataError, TaskFailed

RULES = Rules(enhanced=True, meta_data=True)
PLAIN = Rules(enhanced=False, meta_data=False)
INT = Schema("int32")


def struct(*fields: tuple[str, Schema], **attributes: Any) -> Schema:
    """A struct schema."""
    return Schema("struct", fields=tuple(Field(*each) for each in fields), **attributes)


def as_text(schema: Schema | None, rules: Rules = RULES) -> str:
    """The Avro schema of a Connect schema."""
    return avroschema.text(avrodata.avro_schema(schema, rules))


def as_bytes(schema: Schema | None, value: Any, rules: Rules = RULES) -> bytes:
    """A value as Avro."""
    return avrobinary.encoded(avrobinary.encoder(schema, avrodata.avro_schema(schema, rules), rules), value)


def as_datum(schema: Schema | None, value: Any, rules: Rules = RULES) -> Any:
    """What fastavro reads of a value, the logical types aside."""
    plain = json.loads(as_text(schema, rules).replace('"logicalType"', '"logical"'))
    return fastavro.schemaless_reader(io.BytesIO(as_bytes(schema, value, rules)), plain, None)


def there_and_back(schema: Schema | None, value: Any, rules: Rules = RULES) -> tuple[Schema | None, Any]:
    """Schema and value after they went through text and bytes."""
    avro = avroschema.parse(as_text(schema, rules))
    back = avrodata.connect_schema(avro, rules)
    data = as_bytes(schema, value, rules)
    return back, avrobinary.decoded(avrobinary.decoder(avro, back, rules), data, 0)


# --- the text of schemas ---------------------------------------------------------------------------------------------


def test_a_struct_is_a_record_with_its_metadata_behind_the_fields() -> None:
    """Version and name stand behind the fields, and an optional field is a nullable union with default null."""
    schema = struct(("id", INT), ("b", OPTIONAL_STRING), name="R", version=2)

    assert (
        '{"type":"record","name":"R","fields":[{"name":"id","type":"int"},'
        '{"name":"b","type":["null","string"],"default":null}],"connect.version":2,"connect.name":"R"}'
    ) == as_text(schema)


def test_dots_of_a_name_become_the_namespace() -> None:
    """The part before the last dot is the namespace; a struct inside it does not repeat it."""
    schema = struct(("inner", struct(name="a.b.Inner")), ("far", struct(name="c.Far")), name="a.b.Outer")
    found = json.loads(as_text(schema, PLAIN))

    assert ("Outer", "a.b") == (found["name"], found["namespace"])
    assert {"type": "record", "name": "Inner", "fields": []} == found["fields"][0]["type"]
    assert {"type": "record", "name": "Far", "namespace": "c", "fields": []} == found["fields"][1]["type"]


def test_structs_without_a_name_are_counted() -> None:
    """The outer one is ConnectDefault, the next one ConnectDefault2, and an equal one refers to it."""
    inner = struct(("x", INT))
    found = json.loads(as_text(struct(("one", inner), ("two", inner), ("three", struct(("y", INT))))))

    assert ("ConnectDefault", "io.confluent.connect.avro") == (found["name"], found["namespace"])
    names = [each["type"] if isinstance(each["type"], str) else each["type"]["name"] for each in found["fields"]]
    assert ["ConnectDefault2", "ConnectDefault2", "ConnectDefault3"] == names


def test_two_structs_of_one_name_are_refused() -> None:
    """Avro cannot hold two types of the same name."""
    schema = struct(("one", struct(("x", INT), name="N")), ("two", struct(("y", INT), name="N")), name="R")

    with pytest.raises(DataError, match="two different types are called N"):
        as_text(schema)


def test_an_optional_struct_and_a_required_one_are_the_same_type() -> None:
    """The second occurrence is a reference, whether optional or not."""
    fields = (Field("x", INT),)
    one, two = Schema("struct", name="N", fields=fields), Schema("struct", optional=True, name="N", fields=fields)
    found = json.loads(as_text(struct(("one", one), ("two", two), name="R"), PLAIN))

    assert ["null", "N"] == found["fields"][1]["type"]


def test_a_default_is_written_twice() -> None:
    """In the field for Avro, and in the type for Connect."""
    schema = struct(("b", Schema("string", default="dd")), name="R")

    assert (
        '{"type":"record","name":"R","fields":[{"name":"b","type":{"type":"string","connect.default":"dd"},'
        '"default":"dd"}],"connect.name":"R"}'
    ) == as_text(schema)


def test_an_optional_field_with_a_default_has_null_last() -> None:
    """A union's default belongs to its first branch."""
    found = json.loads(as_text(struct(("b", Schema("int32", optional=True, default=5)))))["fields"][0]

    assert [{"type": "int", "connect.default": 5}, "null"] == found["type"]
    assert 5 == found["default"]


def test_a_default_that_came_from_avro_is_not_written_to_the_type() -> None:
    """The parameter that says so is not written either."""
    parameters = {"io.confluent.connect.avro.field.default": "true"}
    found = json.loads(as_text(struct(("b", Schema("int32", default=5, parameters=parameters)))))

    assert {"name": "b", "type": "int", "default": 5} == found["fields"][0]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Schema("int8"), {"type": "int", "connect.type": "int8"}),
        (Schema("int16"), {"type": "int", "connect.type": "int16"}),
        (INT, "int"),
        (Schema("int64"), "long"),
        (Schema("float32"), "float"),
        (Schema("float64"), "double"),
        (Schema("boolean"), "boolean"),
        (STRING, "string"),
        (Schema("bytes"), "bytes"),
        (Schema("int32", name="my.Id", doc="an id"), {"type": "int", "connect.doc": "an id", "connect.name": "my.Id"}),
        (Schema("array", items=INT), {"type": "array", "items": "int"}),
        (Schema("map", keys=STRING, items=INT), {"type": "map", "values": "int"}),
        (
            Schema("bytes", name="n.F", parameters={"connect.fixed.size": "2"}),
            {
                "type": "fixed",
                "name": "F",
                "namespace": "n",
                "size": 2,
                "connect.parameters": {"connect.fixed.size": "2"},
                "connect.name": "n.F",
            },
        ),
    ],
)
def test_each_type_has_its_avro_type(schema: Schema, expected: object) -> None:
    """The narrow integers and what Avro cannot say are marked."""
    assert expected == json.loads(as_text(schema))


def test_without_metadata_nothing_of_connect_is_written() -> None:
    """connect.meta.data=false leaves the logical types, which are Avro's own."""
    schema = struct(
        ("d", Schema("int32", name=DATE, version=1)), ("b", Schema("int8", default=1)), name="R", version=2, doc="d"
    )

    assert (
        '{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}},'
        '{"name":"b","type":"int","default":1}]}'
    ) == as_text(schema, PLAIN)


@pytest.mark.parametrize(
    ("name", "kind", "logical"),
    [(DATE, "int32", "date"), (TIME, "int32", "time-millis"), (TIMESTAMP, "int64", "timestamp-millis")],
)
def test_logical_types_of_time_are_avros(name: str, kind: Any, logical: str) -> None:
    """The logical type stands last, behind Connect's own name and version."""
    avro = "long" if kind == "int64" else "int"

    assert f'{{"type":"{avro}","connect.version":1,"connect.name":"{name}","logicalType":"{logical}"}}' == as_text(
        Schema(kind, name=name, version=1)
    )


def test_a_decimal_has_scale_and_precision() -> None:
    """The precision is 64 unless a parameter says otherwise."""
    schema = Schema("bytes", name=DECIMAL, version=1, parameters={"scale": "2"})

    assert (
        '{"type":"bytes","scale":2,"precision":64,"connect.version":1,"connect.parameters":{"scale":"2"},'
        f'"connect.name":"{DECIMAL}","logicalType":"decimal"}}'
    ) == as_text(schema)


def test_a_map_with_other_keys_is_an_array_of_entries() -> None:
    """Also one with optional text keys, unless allow.optional.map.keys is set."""
    numbers = Schema("map", keys=INT, items=STRING)
    texts = Schema("map", keys=OPTIONAL_STRING, items=STRING)
    allowed = Rules(enhanced=True, meta_data=True, optional_map_keys=True)

    assert (
        '{"type":"array","items":{"type":"record","name":"MapEntry","namespace":"io.confluent.connect.avro",'
        '"fields":[{"name":"key","type":"int"},{"name":"value","type":"string"}]}}'
    ) == as_text(numbers)
    assert "array" == json.loads(as_text(texts))["type"]
    assert '{"type":"map","values":"string"}' == as_text(texts, allowed)


def test_a_named_map_with_other_keys_names_its_entries() -> None:
    """The record bears the map's name, and says that it is an entry."""
    found = json.loads(as_text(Schema("map", name="n.M", keys=INT, items=STRING)))

    assert ("M", "n", "MapEntry") == tuple(found["items"][x] for x in ("name", "namespace", "connect.internal.type"))


def enum(**attributes: Any) -> Schema:
    """A string that came from an enum of A and B."""
    parameters = {ENUM: "n.E", f"{ENUM}.A": "A", f"{ENUM}.B": "B"}
    return Schema("string", name="n.E", parameters=parameters, **attributes)


def test_an_enum_stays_one_if_enhanced() -> None:
    """Else it is a string with parameters."""
    found = json.loads(as_text(enum()))

    assert ("enum", "E", "n", ["A", "B"]) == tuple(found[name] for name in ("type", "name", "namespace", "symbols"))
    assert '"string"' == as_text(enum(), PLAIN)


def test_values_without_a_schema_have_the_schema_anything() -> None:
    """Its fields are nullable, one for each kind; a map is an array of entries."""
    found = json.loads(as_text(None))
    names = [each["name"] for each in found["fields"]]

    assert "Anything" == found["name"]
    assert ["boolean", "bytes", "double", "float", "int", "long", "string", "array", "map"] == names
    assert {"type": "array", "items": "Anything"} == found["fields"][7]["type"][1]
    assert all(each["default"] is None for each in found["fields"])


def test_the_same_schema_gives_the_identical_avro_schema() -> None:
    """Conversions are remembered, as each file needs one."""
    assert avrodata.avro_schema(struct(("a", INT)), RULES) is avrodata.avro_schema(struct(("a", INT)), RULES)


# --- values ----------------------------------------------------------------------------------------------------------


def test_null_in_a_field_with_a_default_is_the_default() -> None:
    """As Connect's Struct gives it, also where null would be allowed."""
    schema = struct(("a", Schema("int32", optional=True, default=5)), ("b", OPTIONAL_STRING))

    assert {"a": 5, "b": None} == as_datum(schema, Struct(schema, [None, None]))


@pytest.mark.parametrize(
    ("value", "field", "datum"),
    [
        (True, "boolean", True),
        (7, "long", 7),
        (1.5, "double", 1.5),
        ("é", "string", "é"),
    ],
)
def test_a_value_without_a_schema_is_in_the_field_of_its_kind(value: object, field: str, datum: object) -> None:
    """All other fields are null; whole numbers are longs."""
    found = as_datum(None, value)

    assert {field: datum} == {name: each for name, each in found.items() if each is not None}


def test_nested_values_without_a_schema_are_anything_all_the_way() -> None:
    """Items, keys and values are records again, null is one without anything, and maps are in hash order."""
    found = as_datum(None, {"b": [None], "a": 1})
    pairs = [(each["key"]["string"], each["value"]) for each in found["map"]]

    assert ["a", "b"] == [key for key, _ in pairs]
    assert 1 == pairs[0][1]["long"]
    assert [dict.fromkeys(found, None)] == pairs[1][1]["array"]


def test_bytes_without_a_schema_are_refused() -> None:
    """AvroData does not know them."""
    with pytest.raises(DataError, match="schemaless data: bytes"):
        as_bytes(None, b"x")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INT, None),
        (INT, "7"),
        (INT, 1 << 31),
        (Schema("int64"), 1 << 63),
        (Schema("boolean"), None),
        (Schema("boolean"), 1),
        (INT, True),
        (INT, 1.5),
        (Schema("int64"), 1.5),
        (Schema("float64"), True),
        (Schema("float64"), "1.5"),
        (Schema("int32", name=DATE), Moment((1 << 31) * 86_400_000)),
        (Schema("bytes", name="F", parameters={"connect.fixed.size": "2"}), "xx"),
        (Schema("float64"), None),
        (STRING, None),
        (STRING, b"x"),
        (Schema("bytes"), "x"),
        (Schema("array", items=INT), "7"),
        (Schema("map", keys=STRING, items=INT), []),
        (struct(("a", INT)), None),
        (struct(("a", INT)), Struct(struct(("b", INT)), [1])),
        (Schema("int32", name=DATE), Moment(1)),
        (Schema("int32", name=DATE), None),
        (Schema("int32", name=TIME), Moment(86_400_000)),
        (Schema("bytes", name=DECIMAL, parameters={"scale": "2"}), Decimal("1.5")),
        (Schema("bytes", name=DECIMAL, parameters={"scale": "2"}), 1.5),
        (Schema("bytes", name="F", parameters={"connect.fixed.size": "2"}), b"x"),
    ],
)
def test_what_does_not_fit_its_schema_is_refused(schema: Schema, value: object) -> None:
    """The record goes to the dead letter queue, if there is one."""
    with pytest.raises(DataError):
        as_bytes(schema, value)


def test_a_symbol_that_the_enum_lacks_is_fatal() -> None:
    """Avro finds out only when it writes, and such an error is never reported (reference 2.1)."""
    with pytest.raises(TaskFailed, match="'C' is not a symbol"):
        as_bytes(enum(), "C")


@pytest.mark.parametrize(
    ("value", "expected"), [("0.00", "00"), ("1.27", "7f"), ("1.28", "0080"), ("-1.28", "80"), ("-1.29", "ff7f")]
)
def test_a_decimal_is_as_few_bytes_as_possible(value: str, expected: str) -> None:
    """Big-endian two's complement of the unscaled number."""
    schema = Schema("bytes", name=DECIMAL, parameters={"scale": "2"})

    assert bytes.fromhex(expected) == as_datum(schema, Decimal(value))


def test_text_keys_are_in_hash_order() -> None:
    """The same map gives the same bytes, whatever order its keys came in."""
    schema = Schema("map", keys=STRING, items=INT)

    assert as_bytes(schema, {"a": 1, "b": 2}) == as_bytes(schema, {"b": 2, "a": 1})


def union(*members: tuple[str, Schema], optional: bool = False) -> Schema:
    """A struct that stands for a union."""
    return struct(*members, name=avrodata.UNION, optional=optional)


def test_a_union_writes_the_field_that_is_set() -> None:
    """The branch is that of the field; none at all is null, if the union has it."""
    schema = union(("int", Schema("int32", optional=True)), ("string", OPTIONAL_STRING), optional=True)

    assert '["null","int","string"]' == as_text(schema)
    assert 5 == as_datum(schema, Struct(schema, [5, None]))
    assert "x" == as_datum(schema, Struct(schema, [None, "x"]))
    assert as_datum(schema, None) is None


_R, _S = (struct(("k", INT), name=name, optional=True) for name in ("n.R", "n.S"))
_MEMBERS: list[tuple[str, Schema, Any]] = [
    ("int", Schema("int32"), 5),
    ("long", Schema("int64"), 5),
    ("float", Schema("float32"), 0.5),
    ("double", Schema("float64"), 0.5),
    ("boolean", Schema("boolean"), True),
    ("string", STRING, "A"),
    ("bytes", Schema("bytes"), b"A"),
    ("n.E", enum(), "A"),
    ("n.F", Schema("bytes", name="n.F", parameters={"connect.fixed.size": "1"}), b"A"),
    ("n.R", _R, Struct(_R, [1])),
    ("n.S", _S, Struct(_S, [1])),
    ("array", Schema("array", items=INT), [1]),
    ("map", Schema("map", keys=STRING, items=INT), {"k": 1}),
]


@pytest.mark.parametrize("at", range(len(_MEMBERS)))
def test_every_branch_of_a_union_is_written_and_read_as_itself(at: int) -> None:
    """Also in a field where the same union, and the named types in it, have been used before."""
    fields = [(name, replace(schema, optional=True)) for name, schema, _ in _MEMBERS]
    schema = union(*fields, optional=True)
    both = struct(("one", schema), ("two", schema), name="Both")
    value = Struct(both, [None, Struct(schema, [each if at == i else None for i, (_, _, each) in enumerate(_MEMBERS)])])
    data = as_bytes(both, value)

    assert bytes([0, 2 * (at + 1)]) == data[:2]
    assert value.values[1].values == there_and_back(both, value)[1].values[1].values


def test_a_union_of_one_type_that_stays_a_union_is_read() -> None:
    """flatten.singleton.union=false makes a struct with one field of it."""
    rules = Rules(enhanced=True, meta_data=True, flatten_singleton_union=False)
    avro = avroschema.parse('["int"]')
    schema = avrodata.connect_schema(avro, rules)
    assert schema is not None
    value = Struct(schema, [5])
    data = avrobinary.encoded(avrobinary.encoder(schema, avro, rules), value)

    assert b"\0\n" == data
    assert value == avrobinary.decoded(avrobinary.decoder(avro, schema, rules), data, 0)


def test_half_of_a_surrogate_pair_is_a_question_mark() -> None:
    """As Java encodes it; the rest of the text stays."""
    schema = Schema("map", keys=STRING, items=STRING)

    assert {"?": "a?é"} == as_datum(schema, {"\ud83d": "a\ud83dé"})


def test_as_many_schemas_are_remembered_as_the_rules_say() -> None:
    """The third of two takes the place of the one that was not used for longest."""
    rules = Rules(enhanced=True, meta_data=True, cache_size=2)
    schemas = [struct((name, INT), name="Remembered") for name in "abc"]
    first = avrodata.avro_schema(schemas[0], rules)
    kept = avrodata.avro_schema(schemas[1], rules)
    again = avrodata.avro_schema(schemas[1], rules)
    avrodata.avro_schema(schemas[2], rules)

    assert kept is again
    assert first is not avrodata.avro_schema(schemas[0], rules)


# --- from Avro -------------------------------------------------------------------------------------------------------


def test_a_record_becomes_a_struct_with_docs_and_defaults() -> None:
    """What only Avro says becomes parameters, so that it is written again."""
    source = {
        "type": "record",
        "name": "R",
        "namespace": "n",
        "doc": "a record",
        "fields": [{"name": "a", "type": "int", "doc": "a field", "default": 5}],
    }
    schema = avrodata.connect_schema(avroschema.parse(json.dumps(source)), RULES)
    prefix = "io.confluent.connect.avro"

    assert schema == Schema(
        "struct",
        name="n.R",
        parameters={f"{prefix}.record.doc": "a record", f"{prefix}.field.doc.a": "a field"},
        fields=(Field("a", Schema("int32", default=5, parameters={f"{prefix}.field.default": "true"})),),
    )
    assert source["fields"] == json.loads(as_text(schema))["fields"]


def test_a_nullable_union_becomes_optional_without_a_default() -> None:
    """AvroData drops the field's default there, whichever branch comes first."""
    source = '{"type":"record","name":"R","fields":[{"name":"a","type":["string","null"],"default":"x"}]}'
    schema = avrodata.connect_schema(avroschema.parse(source), RULES)

    assert schema is not None
    assert OPTIONAL_STRING == schema.fields[0].schema


def test_the_version_of_the_subject_is_used_where_the_schema_has_none() -> None:
    """connect.version wins, and a nullable union takes neither."""
    record = '{"type":"record","name":"R","fields":[]%s}'
    versions = [
        avrodata.connect_schema(avroschema.parse(source), RULES, 7)
        for source in (record % "", record % ',"connect.version":3', '["null","string"]')
    ]

    assert [7, 3, None] == [each.version for each in versions if each is not None]


@pytest.mark.parametrize(
    "source",
    [
        '"null"',
        '{"type":"int","connect.type":"int24"}',
        '["string",{"type":"string","connect.name":"x"}]',
        '{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]}',
        '{"type":"int","connect.parameters":{"a":1}}',
        '{"type":"int","connect.version":"1"}',
        '{"type":"int","logicalType":"date","connect.version":2}',
        '{"type":"int","logicalType":"date","connect.name":"other"}',
    ],
)
def test_what_connect_cannot_express_is_refused(source: str) -> None:
    """Also what contradicts itself."""
    with pytest.raises(DataError):
        avrodata.connect_schema(avroschema.parse(source), RULES)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{",
        "3",
        '"text"',
        '{"type":"record"}',
        '{"type":"record","name":"R","fields":[{"name":"a"}]}',
        '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
        '{"a":1}',
        '[["null","int"],"string"]',
    ],
)
def test_what_is_no_avro_schema_is_malformed(source: str) -> None:
    """One error for all of it."""
    with pytest.raises(avroschema.MalformedSchema):
        avroschema.parse(source)


def test_a_true_union_becomes_a_struct_with_a_field_for_each_branch() -> None:
    """Named types give the field their full name if enhanced, else the simple one."""
    source = '["null","int",{"type":"record","name":"n.R","fields":[]}]'
    names = [
        tuple(found.index)
        for rules in (RULES, PLAIN)
        if (found := avrodata.connect_schema(avroschema.parse(source), rules))
    ]

    assert [("int", "n.R"), ("int", "R")] == names


def test_defaults_of_every_kind_are_read() -> None:
    """From the field, under the types that they have there; one that does not fit is ignored."""
    fields = [
        {"name": "bytes", "type": "bytes", "default": "\u00ff"},
        {"name": "list", "type": {"type": "array", "items": "int"}, "default": [1]},
        {"name": "map", "type": {"type": "map", "values": "int"}, "default": {"a": 1}},
        {"name": "date", "type": {"type": "int", "logicalType": "date"}, "default": 1},
        {"name": "double", "type": "double", "default": 1},
        {"name": "wrong", "type": "int", "default": "x"},
        {"name": "union", "type": ["int", "string"], "default": 1},
        {"name": "inner", "type": {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int"}]}},
    ]
    fields[-1]["default"] = {"x": 3}
    schema = avrodata.connect_schema(
        avroschema.parse(json.dumps({"type": "record", "name": "R", "fields": fields})), RULES
    )
    assert schema is not None
    defaults = {each.name: each.schema.default for each in schema.fields}

    assert (b"\xff", [1], {"a": 1}, Moment(86_400_000), 1.0, None) == tuple(defaults.values())[:6]
    assert [1, None] == defaults["union"].values
    assert [3] == defaults["inner"].values
    empty = Struct(schema, [None] * 5 + [0, None, None])
    assert {"x": 3} == as_datum(schema, empty)["inner"]


# --- there and back --------------------------------------------------------------------------------------------------

_SCALARS = [
    (Schema("int8"), st.integers(-128, 127)),
    (Schema("int16"), st.integers(-(1 << 15), (1 << 15) - 1)),
    (INT, st.integers(-(1 << 31), (1 << 31) - 1)),
    (Schema("int64"), st.integers(-(1 << 63), (1 << 63) - 1)),
    (Schema("float32"), st.floats(width=32, allow_nan=False)),
    (Schema("float64"), st.floats(allow_nan=False)),
    (Schema("boolean"), st.booleans()),
    (STRING, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    (Schema("bytes"), st.binary(max_size=5)),
    (enum(), st.sampled_from("AB")),
    (Schema("int32", name=DATE, version=1), st.integers(-99999, 99999).map(lambda days: Moment(days * 86_400_000))),
    (Schema("int64", name=TIMESTAMP, version=1), st.integers(-(1 << 40), 1 << 40).map(Moment)),
    (
        Schema("bytes", name=DECIMAL, version=1, parameters={"scale": "3"}),
        st.integers(-(10**20), 10**20).map(lambda number: Decimal(number).scaleb(-3)),
    ),
]


@st.composite
def schemas_and_values(draw: Any, depth: int = 2) -> tuple[Schema, Any]:
    """A schema, and a value under it."""
    kind = draw(st.sampled_from(["scalar", "array", "map", "entries", "struct"] if depth else ["scalar"]))
    optional = draw(st.booleans())
    if kind == "scalar":
        schema, values = draw(st.sampled_from(_SCALARS))
        schema = Schema(schema.type, optional, None, schema.name, schema.version, None, schema.parameters)
        value = draw(values)
    elif kind == "struct":
        parts = draw(st.lists(schemas_and_values(depth=depth - 1), max_size=3))
        fields = tuple(Field(f"f{at}", part) for at, (part, _) in enumerate(parts))
        schema = Schema("struct", optional, fields=fields)
        value = Struct(schema, [part for _, part in parts])
    else:
        items, item = draw(schemas_and_values(depth=depth - 1))
        keys = {"array": None, "map": STRING, "entries": INT}[kind]
        schema = Schema(kind if kind in ("array", "map") else "map", optional, items=items, keys=keys)
        value = [item] * draw(st.integers(0, 2)) if kind == "array" else {"k" if kind == "map" else 3: item}
    return schema, None if optional and draw(st.booleans()) else value


@given(schemas_and_values())
def test_schema_and_value_come_back_as_they_were(pair: tuple[Schema, Any]) -> None:
    """Through text and bytes; and the schema as it stands in the text reads the bytes to their end."""
    schema, value = pair
    try:
        as_text(schema)
    except DataError:
        assume(False)  # Two arrays of different entries: both are called MapEntry.
    back, found = there_and_back(schema, value)

    assert schema == back
    assert value == found
    stream = io.BytesIO(as_bytes(schema, value))
    plain = json.loads(as_text(schema).replace('"logicalType"', '"logical"'))
    fastavro.schemaless_reader(stream, plain, None)
    assert b"" == stream.read()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text("ab€"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON)
def test_values_without_a_schema_come_back_as_they_were(value: Any) -> None:
    """Also those deep inside."""
    assert (None, value) == there_and_back(None, value)
