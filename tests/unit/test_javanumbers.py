"""Java's numbers and the order of its maps (Kafka 3.9 on JDK 17, tried out; digits as before JDK 19)."""

import math
import struct
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onceproof.sink.data import DATE, DECIMAL, TIMESTAMP, Moment, Schema
from onceproof.sink.java import javanumbers
from onceproof.sink.java.javahash import SizedMap, bins_for, bins_of_copy, hash_order, map_order, names_in_order
from onceproof.sink.java.javanumbers import double_bits, java_double, java_float, rounded, single, single_bits, wrapped


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (0.0009999, "9.999E-4"),
        (1e-7, "1.0E-7"),
        (1e7, "1.0E7"),
        (9_999_999.5, "9999999.5"),
        (12_345_678.0, "1.2345678E7"),
        (1e10, "1.0E10"),
        (2e23, "1.9999999999999998E23"),
        (1e23, "9.999999999999999E22"),
        (1e22, "1.0E22"),
        (2.0**-44, "5.6843418860808015E-14"),
        (2.0**60, "1.15292150460684698E18"),
        (9.223372036854775e18, "9.2233720368547748E18"),
        (2.0**63, "9.223372036854776E18"),
        (2.8578753908417797e25, "2.8578753908417796E25"),
        (-123.0, "-123.0"),
        (-1.5e-300, "-1.5E-300"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (5e-324, "4.9E-324"),
        (-1e-323, "-1.0E-323"),
        (math.nan, '"NaN"'),
        (-math.inf, '"-Infinity"'),
    ],
)
def test_a_double_is_printed_as_java_prints_it(number: float, text: str) -> None:
    """Plain from a thousandth up to ten million, elsewise with an exponent; JDK 19 gives other digits for some."""
    assert text == java_double(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (rounded(1.1), "1.1"),
        (rounded(-0.001), "-0.001"),
        (16_777_216.0, "1.6777216E7"),
        (100.0, "100.0"),
        (rounded(0.3), "0.3"),
        (2.0**-149, "1.4E-45"),
        (2.0**-148, "2.8E-45"),
        (2.0**-126, "1.17549435E-38"),
        (rounded(8.41e9), "8.4099999E9"),
        (rounded(1e15), "9.9999999E14"),
        (2.0**83, "9.6714065E24"),
        (rounded(3.4028234663852886e38), "3.4028235E38"),
        (2.0**-44, "5.684342E-14"),
        (math.inf, '"Infinity"'),
        (math.nan, '"NaN"'),
    ],
)
def test_a_float_is_printed_as_java_prints_it(number: float, text: str) -> None:
    """With the digits that tell it from its neighbours of 32 bit."""
    assert text == java_float(number)


def of_bits(bits: int) -> float:
    """The float of these bits."""
    return float(struct.unpack(">f", struct.pack(">I", bits))[0])


FLOATS = st.integers(1, 0x7F7FFFFF) | st.integers(1, 254).map(lambda exponent: exponent << 23)
DOUBLES = st.floats(min_value=5e-324, allow_infinity=False) | st.integers(-1074, 1023).map(lambda power: 2.0**power)


@given(FLOATS)
@example(0x7F7FFFFF)
@example(1)
def test_the_text_is_read_as_the_same_float(bits: int) -> None:
    """By a parser that rounds once."""
    value = of_bits(bits)

    assert value == single(Decimal(java_float(value)))
    assert f"-{java_float(value)}" == java_float(-value)


@given(DOUBLES)
def test_the_text_is_read_as_the_same_double(value: float) -> None:
    """Whatever its digits are."""
    assert value == float(java_double(value))
    assert f"-{java_double(value)}" == java_double(-value)


@given(
    st.floats(min_value=1e-3, max_value=1e7, exclude_max=True)
    | st.floats(min_value=2.0**-1022, max_value=2.0**53)
    | st.builds(lambda digits, places: digits / 10**places, st.integers(1, 10**15), st.integers(0, 18))
    | st.integers(-9, 53).map(lambda power: 2.0**power)
)
@example(math.nextafter(0.01, 0))
@example(2.0**-7 + 2.0**-59)
def test_the_short_way_to_a_doubles_digits_is_the_long_way(value: float) -> None:
    """It is what orjson prints where Java writes no exponent."""
    parts = javanumbers._parts(double_bits(value), fraction_bits=52, least=-1074)

    assert javanumbers._text(*javanumbers._digits(parts), negative=False) == java_double(value)


@given(st.integers(single_bits(rounded(0.001)), single_bits(1e7) - 1) | st.integers(118, 150).map(lambda at: at << 23))
def test_the_short_way_to_a_floats_digits_is_the_long_way(bits: int) -> None:
    """Where Java writes no exponent."""
    parts = javanumbers._parts(bits, fraction_bits=23, least=-149)

    assert javanumbers._text(*javanumbers._digits(parts), negative=False) == java_float(of_bits(bits))


@given(FLOATS, st.integers(-2, 2))
@example(0x3F800001, 1)
@example(0x7F7FFFFF, -1)
def test_a_decimal_is_rounded_to_a_float_once(bits: int, sliver: int) -> None:
    """Also beside the middle of two floats, where a double between would lose the sliver."""
    value, above = of_bits(bits), of_bits(bits + 1) if bits < 0x7F7FFFFF else 2.0**128
    with localcontext(prec=400):
        middle = (Decimal(value) + Decimal(above)) / 2
        exact = middle + Decimal(sliver).scaleb(middle.adjusted() - 20)
    near = above if exact > middle or (exact == middle and bits % 2) else value

    assert (math.inf if near == 2.0**128 else near) == single(exact)
    assert -single(exact) == single(exact.copy_negate())
    assert single(Decimal(value)) == value


@pytest.mark.parametrize(
    ("number", "bits", "expected"),
    [(300, 8, 44), (70000, 16, 4464), (2**31, 32, -(2**31)), (2**64 + 5, 64, 5), (-1, 8, -1), (128, 8, -128)],
)
def test_whole_numbers_are_narrowed_to_their_low_bits(number: int, bits: int, expected: int) -> None:
    """As Java casts."""
    assert expected == wrapped(number, bits)


def test_names_stand_in_hash_order() -> None:
    """That of a java.util.HashMap: bins by the spread hash code, which grow beyond three quarters."""
    few = ("carrier", "flight", "origin", "dest", "i")
    many = tuple(f"f{number}" for number in range(13))

    assert ("flight", "carrier", "origin", "i", "dest") == hash_order(few)
    assert ("f10", "f12", "f11", *(f"f{number}" for number in range(10))) == hash_order(many)


@pytest.mark.parametrize(
    ("names", "bins", "expected"),
    [
        (("k2", "k4", "k9", "zz", "b"), 16, ["zz", "b", "k2", "k4", "k9"]),
        (("k2", "k4", "k9", "zz", "b"), 8, ["zz", "k4", "b", "k9", "k2"]),
        (("k2", "k4", "k9", "zz", "b"), 1, ["zz", "k4", "b", "k9", "k2"]),
        (("k2", "k4", "k9", "zz", "b"), 64, ["zz", "b", "k2", "k4", "k9"]),
    ],
)
def test_the_first_size_of_a_table_shows(names: tuple[str, ...], bins: int, expected: list[str]) -> None:
    """It only grows, and never shrinks."""
    assert expected == list(names_in_order(SizedMap([(name, 0) for name in names], bins=bins)))


def test_a_table_is_sized_by_what_it_is_told() -> None:
    """A copy leaves room for a quarter more and one, as until JDK 18; a copy of nothing is like any new map."""
    assert [1, 1, 2, 4, 4, 8, 16] == [bins_for(size) for size in (0, 1, 2, 3, 4, 5, 16)]
    assert [16, 2, 4, 8, 8, 8, 16, 16, 32] == [bins_of_copy(size) for size in (0, 1, 2, 3, 4, 5, 6, 11, 12)]


def test_names_that_are_no_texts_stay_where_they_are() -> None:
    """Their hash codes are not known without a schema."""
    assert ("b", 1, "a") == names_in_order({"b": 1, 1: 2, "a": 3})  # type: ignore[dict-item]
    assert (None, "a") == names_in_order({"a": 3, None: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("schema", "keys", "expected"),
    [
        (Schema("int32"), [2, 1, 17, -1], [-1, 1, 17, 2]),
        (Schema("int32"), range(16, 193, 16), [32, 64, 96, 128, 160, 192, 16, 48, 80, 112, 144, 176]),
        (Schema("boolean"), [True, False], [False, True]),
        (Schema("float32"), [1.5, 1e10, 0.0], [1.5, 0.0, 1e10]),
        (Schema("float64"), [-1.5, 2.5, 1e300, 3.0, 4.0], [4.0, 2.5, 1e300, -1.5, 3.0]),
        (Schema("int64", name=TIMESTAMP), [Moment(1704067200001), Moment(5)], [Moment(5), Moment(1704067200001)]),
        (Schema("int32", name=DATE), [Moment(864), Moment(0)], [Moment(864), Moment(0)]),
        (
            Schema("bytes", name=DECIMAL),
            list(map(Decimal, ("1.50", "77777.77", "-12345678901234567890.50", "0.00", "-0.01"))),
            list(map(Decimal, ("0.00", "-12345678901234567890.50", "1.50", "-0.01", "77777.77"))),
        ),
        (Schema("array", items=Schema("int32")), [(3,), (1, 2), (0,)], [(3,), (1, 2), (0,)]),
        (Schema("bytes"), [b"b", b"a"], [b"b", b"a"]),
        (Schema("int32", optional=True), [1, None], [None, 1]),
    ],
)
def test_keys_stand_in_hash_order(schema: Schema, keys: Any, expected: list[Any]) -> None:
    """By the hash codes of Java's classes; a ninth key in one bin of few doubles the table."""
    assert expected == list(map_order(keys, schema))
