"""Envelopes of schema and payload, as Kafka 3.9's JsonConverter takes them (tried out)."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Field, Moment, Schema, Struct
from onceproof.sink.errors import DataError
from onceproof.sink.reading.connectjson import JsonEnvelopes

TWO_PLACES = {"type": "bytes", "name": DECIMAL, "version": 1, "parameters": {"scale": "2"}}


def envelopes(cache_size: int = 1000, *, nulls_become_defaults: bool = True) -> JsonEnvelopes:
    """A reader with the converter's defaults."""
    return JsonEnvelopes(cache_size=cache_size, nulls_become_defaults=nulls_become_defaults)


def envelope(schema: Any, payload: Any) -> bytes:
    """The text of both."""
    return json.dumps({"schema": schema, "payload": payload}).encode()


def struct(*fields: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """The JSON of a struct's schema."""
    return {"type": "struct", "fields": [{**schema, "field": name} for name, schema in fields], **more}


@pytest.mark.parametrize(
    ("tree", "schema"),
    [
        ({"type": "boolean"}, Schema("boolean")),
        ({"type": "int8", "optional": False}, Schema("int8")),
        ({"type": "int16", "optional": True}, Schema("int16", optional=True)),
        ({"type": "int32", "optional": "true"}, Schema("int32")),
        ({"type": "float"}, Schema("float32")),
        ({"type": "double", "default": 1}, Schema("float64", default=1.0)),
        ({"type": "string", "name": "n", "version": 3, "doc": "d"}, Schema("string", name="n", version=3, doc="d")),
        ({"type": "string", "name": 1, "version": "3", "doc": []}, Schema("string")),
        ({"type": "int64", "version": 4294967297}, Schema("int64", version=1)),
        ({"type": "int64", "version": 1.0}, Schema("int64")),
        ({"type": "bytes", "parameters": {"a": "b"}}, Schema("bytes", parameters={"a": "b"})),
        ({"type": "bytes", "parameters": []}, Schema("bytes")),
        ({"type": "bytes", "default": "AQ=="}, Schema("bytes", default=b"\x01")),
        ({"type": "int32", "optional": True, "default": None}, Schema("int32", optional=True)),
        (
            {"type": "array", "items": {"type": "int8"}, "default": [1]},
            Schema("array", items=Schema("int8"), default=[1]),
        ),
        (
            {"type": "map", "keys": {"type": "int32"}, "values": {"type": "string"}},
            Schema("map", keys=Schema("int32"), items=Schema("string")),
        ),
        (
            struct(("a", {"type": "int32"}), ("b", struct(("c", {"type": "string", "optional": True})))),
            Schema(
                "struct",
                fields=(
                    Field("a", Schema("int32")),
                    Field("b", Schema("struct", fields=(Field("c", Schema("string", optional=True)),))),
                ),
            ),
        ),
        (
            {**TWO_PLACES, "default": 1.55},
            Schema("bytes", name=DECIMAL, version=1, parameters={"scale": "2"}, default=Decimal("1.55")),
        ),
        ({"type": "int32", "name": DATE, "default": 3}, Schema("int32", name=DATE, default=Moment(3 * 86_400_000))),
    ],
)
def test_a_schema_is_read(tree: Any, schema: Schema) -> None:
    """All types, and what is beside the type; what has another type than it must is left out."""
    payload = {"array": [], "map": [], "struct": {"a": 1, "b": {}}}.get(
        schema.type, "AA==" if schema.name == DECIMAL else 0
    )

    found, _ = envelopes().read(envelope(tree, payload))

    assert schema == found


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("int32", "Schema must contain 'type' field"),
        ({}, "Schema must contain 'type' field"),
        ({"type": 1}, "Schema must contain 'type' field"),
        ({"type": "float32"}, "Unknown schema type: float32"),
        ({"type": "array"}, "Array schema did not specify the element type"),
        ({"type": "array", "items": None}, "Array schema did not specify the element type"),
        ({"type": "map", "values": {"type": "int8"}}, "Map schema did not specify the key type"),
        ({"type": "map", "keys": {"type": "int8"}}, "Map schema did not specify the value type"),
        ({"type": "map", "keys": None, "values": {"type": "int8"}}, "keySchema cannot be null."),
        ({"type": "struct"}, 'Struct schema\'s "fields" argument is not an array.'),
        ({"type": "struct", "fields": [1]}, "Struct schema's field name not specified properly"),
        (struct(("", {"type": "int8"})), "fieldName cannot be null."),
        (struct(("a", {"type": "int8"}), ("a", {"type": "int8"})), "field name duplication a"),
        ({"type": "int8", "parameters": {"a": 1}}, "Schema parameters must have string values."),
        ({"type": "int32", "default": None}, "Invalid null value for required INT32 field"),
        ({"type": "string", "default": 1}, "Invalid default value"),
        ({"type": "array", "items": {"type": "string"}, "default": [1]}, "Invalid default value"),
        (struct(("a", {"type": "int8"}), default={"a": 1}), "Invalid default value"),
    ],
)
def test_a_malformed_schema_is_refused(tree: Any, message: str) -> None:
    """With Kafka's words; no struct can be a default."""
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        envelopes().read(envelope(tree, {}))


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"null", b"[]", b"1", b'{"schema":null}', b'{"payload":1}', b'{"schema":null,"payload":1,"x":1}', b"{"],
)
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    """It must be an object of the two fields and no other, so that no bytes at all are not null here."""
    with pytest.raises(DataError):
        envelopes().read(data)


@pytest.mark.parametrize(
    ("tree", "payload", "value"),
    [
        ({"type": "int32"}, "1", 1),
        ({"type": "int32"}, '"x"', 0),
        ({"type": "int32"}, "true", 0),
        ({"type": "int32"}, "-1.9", -1),
        ({"type": "int32"}, "0.99999999999999999999", 0),
        ({"type": "int32"}, "1099511627783", 7),
        ({"type": "int32"}, "1e99999999999", (1 << 31) - 1),
        ({"type": "int64"}, "1e400", 0),
        ({"type": "int64"}, "18446744073709551621", 5),
        ({"type": "int8"}, "300", 44),
        ({"type": "int16"}, "70000", 4464),
        ({"type": "boolean"}, "1", False),
        ({"type": "boolean"}, "true", True),
        ({"type": "float"}, "1.1", 1.100000023841858),
        ({"type": "float"}, "1e39", math.inf),
        ({"type": "float"}, "16777217", 16777216.0),
        ({"type": "double"}, '"1"', 0.0),
        ({"type": "double"}, "1" + "0" * 400, math.inf),
        ({"type": "double"}, "12345678901234567890", 12345678901234567890.0),
        ({"type": "bytes"}, '"AQI="', b"\x01\x02"),
        ({"type": "bytes"}, '" AQ==\\n"', b"\x01"),
        ({"type": "bytes"}, '"AQ==AQ=="', b"\x01\x01"),
        ({"type": "bytes"}, '"AR=="', b"\x01"),
        ({"type": "bytes"}, "1", None),
        ({"type": "string"}, "1", None),
        ({"type": "string"}, '"\\ud83d"', "\ud83d"),
        ({"type": "string", "optional": True}, "null", None),
        ({"type": "int32", "default": 5}, "null", 5),
        ({"type": "int32", "default": 5, "optional": True}, "null", 5),
        ({"type": "array", "items": {"type": "int32"}}, "[1,2]", [1, 2]),
        ({"type": "array", "items": {"type": "int32"}}, '{"a":1}', [1]),
        ({"type": "array", "items": {"type": "int32"}}, "5", []),
        ({"type": "array", "items": {"type": "string"}}, "[1]", [None]),
        ({"type": "map", "keys": {"type": "string"}, "values": {"type": "int8"}}, '{"a":1}', {"a": 1}),
        ({"type": "map", "keys": {"type": "int8"}, "values": {"type": "int8"}}, "[[1,2],[257,3]]", {1: 3}),
        (
            {"type": "map", "keys": {"type": "array", "items": {"type": "int8"}}, "values": {"type": "int8"}},
            "[[[1,2],3]]",
            {(1, 2): 3},
        ),
        (TWO_PLACES, '"AJY="', Decimal("1.50")),
        (TWO_PLACES, "1.50", Decimal("1.50")),
        (TWO_PLACES, "1e5", Decimal("1E+5")),
        (TWO_PLACES, "150", Decimal(150)),
        ({**TWO_PLACES, "parameters": {"scale": "-2"}}, '"/w=="', Decimal("-1E+2")),
        ({"type": "int32", "name": DATE}, "5", Moment(5 * 86_400_000)),
        ({"type": "int32", "name": TIME}, "86400000", Moment(86_400_000)),
        ({"type": "int64", "name": TIMESTAMP}, "-5", Moment(-5)),
        ({"type": "string", "name": DATE}, "1", Moment(86_400_000)),
        (None, '{"a":[1,1.5,12345678901234567890,-0.0]}', {"a": [1, 1.5, -6101065172474983726, 0.0]}),
        (None, "null", None),
    ],
)
def test_a_payload_is_read_under_its_schema(tree: Any, payload: str, value: Any) -> None:
    """Leniently; the second envelope, whose beginning is known, like the first."""
    reader = envelopes()
    data = f'{{"schema":{json.dumps(tree)},"payload":{payload}}}'.encode()

    found = [reader.read(data)[1] for _ in range(2)]

    assert [repr(value)] * 2 == list(map(repr, found))


@pytest.mark.parametrize(
    ("tree", "payload"),
    [
        ({"type": "int32"}, None),
        ({"type": "bytes"}, "AQ"),
        ({"type": "bytes"}, "A Q=="),
        ({"type": "bytes"}, "A-_="),
        ({"type": "map", "keys": {"type": "string"}, "values": {"type": "int8"}}, []),
        ({"type": "map", "keys": {"type": "int8"}, "values": {"type": "int8"}}, {}),
        ({"type": "map", "keys": {"type": "int8"}, "values": {"type": "int8"}}, [1]),
        ({"type": "map", "keys": {"type": "int8"}, "values": {"type": "int8"}}, [[1]]),
        (struct(("a", {"type": "int8"})), []),
        (struct(("a", {"type": "int8"})), {}),
        (struct(("a", {"type": "string"})), {"a": 1}),
        (struct(("a", {"type": "bytes"})), {"a": 1}),
        (struct(("a", {"type": "array", "items": {"type": "string"}})), {"a": [1]}),
        (struct(("a", {"type": "map", "keys": {"type": "string"}, "values": {"type": "string"}})), {"a": {"b": 1}}),
        (TWO_PLACES, "!!"),
        (TWO_PLACES, ""),
        (TWO_PLACES, True),
        ({**TWO_PLACES, "parameters": {}}, "AA=="),
        ({**TWO_PLACES, "parameters": {"scale": "x"}}, "AA=="),
        ({"type": "int32", "name": DATE}, 1.0),
        ({"type": "int32", "name": DATE}, 1 << 31),
        ({"type": "int32", "name": TIME}, 86_400_001),
        ({"type": "int64", "name": TIMESTAMP}, "x"),
    ],
)
def test_a_payload_that_its_schema_does_not_allow_is_refused(tree: Any, payload: Any) -> None:
    """Also when the beginning of the envelope is known."""
    reader = envelopes()

    for _ in range(2):
        with pytest.raises(DataError):
            reader.read(envelope(tree, payload))


def test_fields_that_are_missing_are_null() -> None:
    """The default if there is one; fields that the schema lacks are dropped."""
    tree = struct(("a", {"type": "int32", "default": 5}), ("b", {"type": "int32", "optional": True}))

    schema, value = envelopes().read(envelope(tree, {"x": 1}))

    assert schema is not None
    assert Struct(schema, [5, None]) == value


def test_nulls_may_stay_null_beside_a_default() -> None:
    """If replace.null.with.default is false; a required field then has no null."""
    reader = envelopes(nulls_become_defaults=False)
    optional = {"type": "int32", "default": 5, "optional": True}

    assert reader.read(envelope(optional, None))[1] is None
    with pytest.raises(DataError):
        reader.read(envelope({"type": "int32", "default": 5}, None))


def test_equal_schemas_are_the_same_object() -> None:
    """Whatever the order of their names and the blanks between, and wherever they stand in an envelope."""
    reader = envelopes()
    texts = [
        b'{"schema":{"type":"int32","name":"n"},"payload":1}',
        b'{"schema":{"type":"int32","name":"n"},"payload":2}',
        b' { "schema" : {"name":"n","type":"int32"} , "payload" : 3 } ',
        b'{"payload":4,"schema":{"type":"int32","name":"n"}} trailing',
        b'{"schema":{"type":"int32","name":"n"},"payload":1.5}',
    ]

    found = [reader.read(text) for text in texts]

    assert [1, 2, 3, 4, 1] == [value for _, value in found]
    assert all(schema is found[0][0] for schema, _ in found)


def test_as_many_schemas_are_remembered_as_were_asked_for() -> None:
    """Those that were met last; a schema that was forgotten comes back as another object."""
    reader = envelopes(cache_size=2)
    types = ("int8", "int16", "int8", "int32", "int8", "int16")

    schemas = [reader.read(envelope({"type": each, "doc": "d"}, 1))[0] for each in types]

    assert schemas[0] is schemas[2] is schemas[4]
    assert schemas[1] == schemas[5]


def test_schemas_that_alternate_keep_apart() -> None:
    """More of them than beginnings of envelopes are remembered."""
    reader = envelopes()
    names = [f"n{number}" for number in range(12)] * 2

    found = [reader.read(envelope(struct((name, {"type": "int32"})), {name: 1})) for name in names]

    assert names == [value.schema.fields[0].name for _, value in found]
    assert all(found[at][0] is found[at + 12][0] for at in range(12))


def test_what_looks_like_the_known_beginning_does_not_mislead() -> None:
    """Payloads with more than one value, or more than one payload, are read from the start."""
    reader = envelopes()
    reader.read(b'{"schema":{"type":"int32"},"payload":1}')

    assert 2 == reader.read(b'{"schema":{"type":"int32"},"payload":1,"payload":2}')[1]
    assert "x" == reader.read(b'{"schema":{"type":"int32"},"payload":1,"schema":{"type":"string"},"payload":"x"}')[1]
    with pytest.raises(DataError):
        reader.read(b'{"schema":{"type":"int32"},"payload":1,"more":2}')
    with pytest.raises(DataError):
        reader.read(b'{"schema":{"type":"int32"},"payload":}')


NUMBERS = st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=4) | st.sampled_from(("AQ==", "AQI=", ""))
PAYLOADS = st.dictionaries(
    st.sampled_from("abcdefgh"), LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(max_size=2), LEAVES)
)
FIELDS = struct(
    ("a", {"type": "int32", "default": 3}),
    ("b", {"type": "double", "optional": True}),
    ("c", {"type": "string", "optional": True}),
    ("d", {"type": "int64", "optional": True}),
    ("e", {"type": "array", "items": {"type": "int8", "optional": True}, "optional": True}),
    ("f", {"type": "boolean", "optional": True}),
    ("g", {"type": "int64", "name": TIMESTAMP, "optional": True}),
)


@given(st.lists(PAYLOADS, min_size=1, max_size=4), st.booleans())
@example([{}, {"b": -0.0}], False)
@example([{}, {"a": 1.5}], True)
def test_the_fast_way_is_the_careful_way(payloads: list[Any], with_float: bool) -> None:
    """What a known beginning leads to is what is found without it."""
    more = {"type": "float", "optional": True}
    tree = {**FIELDS, "fields": [*FIELDS["fields"], {**more, "field": "h"}]} if with_float else FIELDS

    def outcome(reader: JsonEnvelopes, payload: Any) -> str:
        try:
            return repr(reader.read(envelope(tree, payload))[1])
        except DataError as error:
            return str(error)

    known = envelopes()
    assert known.read(envelope(tree, {}))[0] is not None

    careful = [outcome(envelopes(), payload) for payload in payloads]

    assert careful == [outcome(known, payload) for payload in payloads]
