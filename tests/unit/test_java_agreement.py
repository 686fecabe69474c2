"""The sink and the model, which share no code, print Java's numbers alike."""

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from onceproof.model.java import Float32, double_text
from onceproof.sink.java.javanumbers import java_double, java_float

DOUBLE_BITS = st.builds(
    lambda exponent, fraction, zeros: exponent << 52 | fraction >> zeros << zeros,
    st.integers(0, 2047) | st.integers(1000, 1120),
    st.integers(0, (1 << 52) - 1),
    st.integers(0, 52),
)
"""Of all sizes, the middle ones more often; also those with few digits in base 2."""
SINGLE_BITS = st.builds(
    lambda exponent, fraction, zeros: exponent << 23 | fraction >> zeros << zeros,
    st.integers(0, 255),
    st.integers(0, (1 << 23) - 1),
    st.integers(0, 23),
)
SHORT = st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(0, 10**17), st.integers(-330, 300))


@given(DOUBLE_BITS)
@example(1)
@example((1 << 52) - 1)
@example(1 << 52)
@example(0x7FEFFFFFFFFFFFFF)
def test_doubles_are_printed_alike(bits: int) -> None:
    """Whatever their bits are."""
    (value,) = struct.unpack(">d", struct.pack(">Q", bits))

    assert double_text(value) == java_double(value)
    assert double_text(-value) == java_double(-value)


@given(SHORT)
def test_decimals_are_printed_alike(value: float) -> None:
    """As they stand in JSON, with few digits or many."""
    assert double_text(value) == java_double(value)


@given(SINGLE_BITS)
@example(1)
@example((1 << 23) - 1)
@example(1 << 23)
@example(0x7F7FFFFF)
def test_floats_are_printed_alike(bits: int) -> None:
    """Whatever their bits are."""
    (value,) = struct.unpack(">f", struct.pack(">I", bits))

    assert double_text(Float32(value)) == java_float(value)
    assert double_text(Float32(-value)) == java_float(-value)
