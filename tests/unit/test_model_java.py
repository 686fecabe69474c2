"""Java's numbers, texts and HashMaps, with vectors printed by a JDK."""

from decimal import Decimal

import pytest

from onceproof.model.java import (
    Float32,
    capacity_for,
    capacity_of_copy,
    code_of,
    float32,
    hash_map,
    hash_map_order,
    number_text,
    string_text,
    utf8_text,
    wrapped,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e10, "1.0E10"),
        (1e-7, "1.0E-7"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (9999999.999999998, "9999999.999999998"),
        (5e-324, "4.9E-324"),
        (2e-323, "2.0E-323"),
        (1e22, "1.0E22"),
        (1e23, "9.999999999999999E22"),
        (2e23, "1.9999999999999998E23"),
        (8.41e21, "8.409999999999999E21"),
        (1e-323, "1.0E-323"),
        (2.0**-44, "5.6843418860808015E-14"),
        (2.0**60, "1.15292150460684698E18"),
        (2.0**62, "4.6116860184273879E18"),
        (2.0**63, "9.223372036854776E18"),
        (2.8578753908417797e25, "2.8578753908417796E25"),
        (9007199254740994.0, "9.007199254740994E15"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Float32(0.10000000149011612), "0.1"),
        (Float32(3.1415927410125732), "3.1415927"),
        (Float32(1e10), "1.0E10"),
        (Float32(8409999872.0), "8.4099999E9"),
        (Float32(2.0**-126), "1.17549435E-38"),
        (Float32(2.0**-149), "1.4E-45"),
        (Float32(2.0**83), "9.6714065E24"),
        (Float32(3.4028234663852886e38), "3.4028235E38"),
    ],
)
def test_numbers_have_the_digits_of_jdk_17(number: float, text: str) -> None:
    """Those of a float are fewer than those of the double next to it, and not always the fewest."""
    assert text == number_text(number)


@pytest.mark.parametrize(
    ("exact", "nearest"),
    [
        ("16777217", 16777216.0),
        ("3.4028235677973367e38", float("inf")),
        ("3.4028235e38", 3.4028234663852886e38),
        ("1.4e-45", 1.401298464324817e-45),
        ("7.006492321624085354618E-46", 0.0),
        ("7.006492321624085354619E-46", 1.401298464324817e-45),
        ("1e400", float("inf")),
        ("-1e-400", 0.0),
    ],
)
def test_decimals_are_rounded_to_floats_once(exact: str, nearest: float) -> None:
    """A way by a double would round twice."""
    assert nearest == float32(Decimal(exact))


def test_casts_wrap() -> None:
    """A cast keeps the low bits."""
    assert [-128, 0, -1, 127] == [wrapped(number, 8) for number in (128, 256, 255, -129)]


def test_characters_beyond_the_basic_plane_are_escaped() -> None:
    """So are their halves alone; all else but quotes, backslashes and controls stands as it is."""
    assert '"\\uD83D\\uDE00\\uD800 \\"\\\\\\u0001\\n/\x7f\u2028"' == string_text(
        '\U0001f600\ud800 "\\\x01\n/\x7f\u2028'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xed\xa0\x80A", "\ufffdA"),
        (b"\xed\xa0", "\ufffd"),
        (b"\xe2\x82", "\ufffd"),
        (b"\xc0\x80", "\ufffd\ufffd"),
        (b"\xe0\x80\x80", "\ufffd\ufffd\ufffd"),
        (b"A\xffB", "A\ufffdB"),
        ("글".encode(), "글"),
    ],
)
def test_malformed_utf8_is_replaced(value: bytes, text: str) -> None:
    """An encoded surrogate by one character, all else as the standard says."""
    assert text == utf8_text(value)


def test_a_map_of_another_size_has_another_order() -> None:
    """The capacity that a map begins with decides, until it has grown beyond it."""
    names = ["k2", "k4", "k9", "zz", "b"]
    maps = [list(hash_map([(name, 1) for name in names], capacity=capacity)) for capacity in (capacity_for(5), 16)]

    assert [["b", "zz", "k2", "k4", "k9"], ["b", "zz", "k2", "k4", "k9"]] != maps
    assert hash_map_order(names) == maps[1]
    assert [1, 1, 2, 4, 8] == [capacity_for(size) for size in (0, 1, 2, 3, 5)]
    assert [16, 2, 4, 8, 16] == [capacity_of_copy(size) for size in (0, 1, 2, 3, 6)]


def test_the_last_of_a_key_stands_in_the_place_of_the_first() -> None:
    """As put() replaces a value."""
    assert {"a": 3, "b": 2} == hash_map([("a", 1), ("b", 2), ("a", 3)])


def test_numbers_hash_by_their_type() -> None:
    """Keys -8…7 times 7777777777, in the order of a HashMap of Long."""
    keys = [at * 7_777_777_777 for at in range(-8, 8)]
    expected = [0, 46666666662, -46666666662, -7777777777, 7777777777, -38888888885, 38888888885, -15555555554]

    assert expected == list(hash_map([(key, 1) for key in keys], code=code_of("int64")))[:8]
    assert [1231, 1237] == [code_of("boolean")(flag) for flag in (True, False)]
    assert [0] * 5 == [code_of(name)(None) for name in ("string", "int8", "int64", "float32", "float64")]
    with pytest.raises(KeyError):
        code_of("struct")
