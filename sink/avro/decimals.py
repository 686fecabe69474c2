"""Decimals of a fixed scale, and the bytes that Connect and Avro keep them in.

The bytes are the unscaled integer, big-endian, two's complement, as few as possible (Java's BigInteger.toByteArray).
"""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any

from onceproof.sink.errors import DataError

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def unscaled(value: Any, scale: int) -> int:
    """The unscaled integer of a Decimal that has exactly `scale` digits behind the point; else raises DataError."""
    if not isinstance(value, Decimal):
        raise DataError(f"Invalid type for Decimal, expected BigDecimal but was {type(value).__name__}")
    if value.as_tuple().exponent != -scale:
        raise DataError("BigDecimal has mismatching scale value for given Decimal schema")
    return int(value.scaleb(scale, _EXACT))


def unscaled_bytes(value: Any, scale: int) -> bytes:
    """The same as bytes."""
    number = unscaled(value, scale)
    positive = number if number >= 0 else ~number
    return number.to_bytes(positive.bit_length() // 8 + 1, "big", signed=True)


def of_unscaled(wire: bytes, scale: int) -> Decimal:
    """The Decimal that the bytes stand for; no bytes at all are refused, as by Java (DataError)."""
    if not wire:
        raise DataError("a Decimal of no bytes")
    return Decimal(int.from_bytes(wire, "big", signed=True)).scaleb(-scale, _EXACT)
