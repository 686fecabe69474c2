"""JSON without schemas, in and out, to the byte (reference 5, 9.1 A1, 9.2 B3; Kafka 3.9 and Jackson, tried out)."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onceproof.sink.data import Moment, Schema, Struct
from onceproof.sink.errors import TaskFailed
from onceproof.sink.java import javajson
from onceproof.sink.java.javahash import SizedMap, hash_order
from onceproof.sink.java.javajson import MalformedJson, parse, parse_all, render, render_all

NAMES = st.text(max_size=3) | st.sampled_from(("a", "AaAa", "BBBB", "AaBB", "schema", "한"))
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=14),
    max_leaves=30,
)
MAPS = st.dictionaries(NAMES, TREES, max_size=14)
SIZED = st.builds(lambda fields, bins: SizedMap(fields.items(), bins=bins), MAPS, st.sampled_from((1, 2, 4, 8, 32)))
SIZED_TREES = SIZED | st.lists(SIZED, max_size=2) | st.dictionaries(NAMES, SIZED, max_size=2)
HALVES = st.characters(categories=("Cs",))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", None),
        (b"null", None),
        (b"12 13", 12),
        (b' {"k":{}} trailing', {"k": {}}),
        (b"9223372036854775807", (1 << 63) - 1),
        (b"-0", 0),
        (b"1e3", 1000.0),
        (b"12.50", 12.5),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('\t[1, "é"]'.encode(), [1, "é"]),
        (b" ", None),
        (b"01", 1),
        (b"[-012.50]", [-12.5]),
        (b"true]", True),
        (b'{"a":1}\xff', {"a": 1}),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600"),
        (b"\xef\xbb\xbf1", 1),
        ("[1]".encode("utf-16"), [1]),
        ("1".encode("utf-16-be"), 1),
        (b"9223372036854775808", -(1 << 63)),
        (b'{"a":[12345678901234567890]}', {"a": [-6101065172474983726]}),
        (b"1e99999999999", math.inf),
        (b"1" * 1000, 8198552921648689607),
    ],
)
def test_the_first_value_is_read(data: bytes, value: Any) -> None:
    """What follows is ignored, nothing at all is null, and the last of two equal names wins."""
    found = parse(data)

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"NaN",
            b"Infinity",
            b"-Infinity",
            b"{",
            b"{'a':1}",
            b"1.x",
            b"1.",
            b".5",
            b"+1",
            b"-",
            b"1e",
            b"\xff",
            b'"\x01"',
        ),
        *(
            b"truex",
            b"true1",
            b"true\xf0\x9f\x98\x80",
            b"12,",
            b"12]",
            b'12"a"',
            b"[1,]",
            b'{"a":1,}',
            b"[1 2]",
            b"{1:2}",
        ),
        *(
            b'{"a" 1}',
            b'"abc',
            b'"\xff"',
            b"true\xff",
            b"\xc2\xa01",
            b"// c\n1",
            b"1" * 1001,
            b"[" * 1001 + b"]" * 1001,
        ),
    ],
)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    """Constants that JSON does not have, single quotes, cut texts, numbers too long and nesting too deep."""
    with pytest.raises(MalformedJson):
        parse(data)
    with pytest.raises(MalformedJson):
        parse_all([b"1", data])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"12345678901234567890", "-6101065172474983726"),
        (b"9223372036854775808", "-9223372036854775808"),
        (b"-9223372036854775809", "9223372036854775807"),
        (b"1E400", '"Infinity"'),
        (b"-1E400", '"-Infinity"'),
        (b"0.1000000000000000055", "0.1"),
        (b"-0", "0"),
        (b"-0.0", "0.0"),
        (b"[-0.00,-0e5,-0.05,-0.5]", "[0.0,0.0,-0.05,-0.5]"),
        (b"-1e-400", "-0.0"),
        (b'{"a":"-0.0","b":[1,{"c":-0.0}]}', '{"a":"-0.0","b":[1,{"c":0.0}]}'),
        (b"[ 1 , true , null ]", "[1,true,null]"),
        (b'{"a" : {"b" : []}}', '{"a":{"b":[]}}'),
        (b'"\\u0000\\ud83d\\ude00"', '"\\u0000\\uD83D\\uDE00"'),
        (b'"\\u001f\\u007f\\u2028/"', '"\\u001F\x7f\u2028/"'),
        (b'"\\"\\\\\\b\\t\\n\\f\\r"', '"\\"\\\\\\b\\t\\n\\f\\r"'),
        ('"한é"'.encode(), '"한é"'),
        (b'["\\ud83d","\\\\u001f","a"]', '["\\uD83D","\\\\u001f","a"]'),
        (b'{"x":1e7,"y":0.001,"z":1e-4,"w":-12345678.5}', '{"w":-1.23456785E7,"x":1.0E7,"y":0.001,"z":1.0E-4}'),
        (b'[{"e":1.5,"\\u0001":"\\ud83d\\ude00"}]', '[{"\\u0001":"\\uD83D\\uDE00","e":1.5}]'),
    ],
)
def test_a_value_is_printed_as_jackson_prints_it(data: bytes, text: str) -> None:
    """Integers wrap at 64 bit, doubles are Java's, what lies above the basic plane is escaped in upper case."""
    assert text == render(parse(data)).decode()


def test_bytes_are_base64() -> None:
    """As Connect prints them in JSON."""
    assert b'"AAH/"' == render(b"\x00\x01\xff")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Moment(1500), "1500"),
        ({"at": Moment(-1)}, '{"at":-1}'),
        ([b"\x00"], '["AA=="]'),
        ({"a": math.nan, "b": [-math.inf]}, '{"a":"NaN","b":["-Infinity"]}'),
    ],
)
def test_what_orjson_does_not_know_is_printed(value: Any, text: str) -> None:
    """Times are milliseconds, bytes base64, and what is not finite is text."""
    assert text == render(value).decode()


@pytest.mark.parametrize("value", [{"a": Struct(Schema("struct"), [])}, [Struct(Schema("struct"), [])], {1: 2}])
def test_what_jackson_cannot_print_ends_the_task(value: Any) -> None:
    """A struct inside a map or list without schema, and names that are no texts."""
    with pytest.raises(TaskFailed):
        render(value)


def test_values_nest_as_deep_as_jackson_reads() -> None:
    """A thousand levels go in and out."""
    text = b'{"a":' * 500 + b"[" * 500 + b"1.0E10" + b"]" * 500 + b"}" * 500

    assert text == render(parse(text))


def test_fields_stand_in_hash_order() -> None:
    """Also those inside, and after values of another shape."""
    few = dict.fromkeys(("carrier", "flight", "origin", "dest", "i"), 0)
    many = {f"f{number}": few for number in range(13)}

    texts = render_all([few, many, few, [many], few])

    expected = ["flight", "carrier", "origin", "i", "dest"]
    found = list(map(json.loads, texts.splitlines()))
    assert [expected] * 3 == [list(found[at]) for at in (0, 2, 4)]
    assert list(hash_order(tuple(many))) == list(found[1]) == list(found[3][0])
    assert expected == list(found[1]["f3"])


def test_names_that_share_a_bin_keep_their_order() -> None:
    """Values with the same names in another order are values of another shape."""
    first, second = {"AaAa": 1, "BBBB": 2}, {"BBBB": 3, "AaAa": 4}

    assert b'{"AaAa":1,"BBBB":2}\n{"BBBB":3,"AaAa":4}' == render_all([first, second])


def test_maps_of_other_sizes_stand_in_other_orders() -> None:
    """Java's own, also inside, and also where maps with the same names stand before or behind."""
    fields = dict.fromkeys(("k2", "k4", "k9", "zz", "b"), 1)
    sized = SizedMap(fields.items(), bins=8)
    texts = render_all([fields, sized, fields, {"a": sized, "b": 0.5}, [sized]])
    small, large = '{"zz":1,"k4":1,"b":1,"k9":1,"k2":1}', '{"zz":1,"b":1,"k2":1,"k4":1,"k9":1}'

    assert [large, small, large, f'{{"a":{small},"b":0.5}}', f"[{small}]"] == texts.decode().splitlines()


@given(st.lists(TREES | SIZED_TREES, max_size=6), st.booleans())
@example([{"a": "\ud800"}, {}], False)
@example([{"a": 1}, {"a": 1e300}, {"a": None}], False)
@example([{"a": "\x1f\\u001f\U0001f600"}], False)
def test_the_fast_way_to_print_is_the_careful_way(values: list[Any], doubled: bool) -> None:
    """Whatever the values are, and whatever stood before them."""
    values = values * 2 if doubled else values

    assert "\n".join(map(javajson._careful, values)).encode() == render_all(values)


@given(st.lists(st.builds(lambda tree, half: {"t": tree, half: [half]}, TREES, HALVES), min_size=1, max_size=3))
def test_halves_of_surrogate_pairs_are_escaped(values: list[Any]) -> None:
    """As Jackson prints any surrogate, with its neighbours or without."""
    assert "\n".join(map(javajson._careful, values)).encode() == render_all(values)


@given(
    st.lists(
        TREES.map(lambda tree: json.dumps(tree, ensure_ascii=False, allow_nan=True).encode())
        | st.text("0123456789.-eE[] ", max_size=25).map(str.encode)
        | st.text('{}[]":,aé0-1.\\u dtruenlfs', max_size=12).map(str.encode),
        max_size=5,
    )
)
@example([b"-0.0", b"1"])
@example([b"9223372036854775808", b"-9223372036854775809"])
@example([b"[" * 1010 + b"]" * 1010])
def test_the_fast_way_to_read_is_the_careful_way(texts: list[bytes]) -> None:
    """For whole batches and single texts, of JSON and of what is nearly JSON."""

    def outcome(read: Any) -> str:
        try:
            return repr(read())
        except MalformedJson:
            return "malformed"

    careful = outcome(lambda: [javajson._first(text) for text in texts])

    assert careful == outcome(lambda: parse_all(texts))
    assert careful == outcome(lambda: [parse(text) for text in texts])
