"""Numbers as Java holds and prints them: float and double, whole numbers of 8 to 64 bit.

Text is what Double.toString and Float.toString give in JDK 18 and older: mostly the shortest digits that read back as
the same number, but for about 11 % of all floats and 0.25 % of all doubles others (JDK-4511638; mended in JDK 19):
1. Whole numbers below 2^63 show their digits as they are, but for some last ones that are rounded away, halves up.
2. Of others, digits are taken off one by one until one of the two decimals of so many digits is less than half a unit
   in the last place away, and the nearer one is it; of a power of two, a quarter counts on both sides.
3. Where the numbers fit, that is done in 32 or 64 bit, which may overflow, and the digits show it; where they do not,
   the decimal above may be just half a unit away.
4. Below 1e-3 and from 1e8 up, two digits are taken off at least.
Source: jdk.internal.math.FloatingDecimal of JDK 17, tried out with millions of numbers of all kinds.
"""

import math
import struct
from decimal import Decimal
from typing import NamedTuple

_SINGLE = struct.Struct(">f")
_SINGLE_BITS = struct.Struct(">i")
_DOUBLE = struct.Struct(">d")
_DOUBLE_BITS = struct.Struct(">q")
_SMALLEST_NORMAL = 2.0**-1022
_FIRST_WITHOUT_HALVES = 2.0**53


def wrapped(number: int, bits: int) -> int:
    """A whole number narrowed to `bits`, as Java's casts do: the low bits, read as two's complement."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half


def java_double(value: float) -> str:
    """A double as JSON has it: plain from 1e-3 up to 1e7, else with an exponent; what is not finite is a string.

    From 1e-3 up to 1e7 this is `repr(value)`.
    """
    # Up to 2^53 the shortest digits are Java's: nothing overflows to any effect, no decimal of 17 digits lies in the
    # middle of two doubles that are not subnormal, and powers of two from 1e-3 up are short themselves.
    magnitude = abs(value)
    if 1e-3 <= magnitude < 1e7 or value == 0:
        return repr(value)
    if _SMALLEST_NORMAL <= magnitude < _FIRST_WITHOUT_HALVES and abs(math.frexp(value)[0]) != 0.5:
        return _text(*_shortest(magnitude), negative=value < 0)
    if not math.isfinite(value):
        return _unnatural(value)
    bits = double_bits(magnitude)
    return _text(*_digits(_parts(bits, fraction_bits=52, least=-1074)), negative=value < 0)


def java_float(value: float) -> str:
    """Like `java_double`, of a number that is rounded to 32 bit.

    From 1e-3 up to 1e7 these are the fewest digits that tell it from its neighbours of 32 bit, at most 9.
    """
    magnitude = abs(value)
    if 1e-3 <= magnitude < 1e7:
        return _plain_float(value)
    if value == 0:
        return repr(value)
    if not math.isfinite(value):
        return _unnatural(value)
    return _text(*_digits(_parts(single_bits(magnitude), fraction_bits=23, least=-149)), negative=value < 0)


def _plain_float(value: float) -> str:
    bits = _SINGLE.pack(value)
    short = value
    for places in _PLACES:
        short = float(f"{value:{places}}")
        if _SINGLE.pack(short) == bits:
            break
    return repr(short)


_PLACES = (".6g", ".7g", ".8g", ".9g")
"""Of fewer digits than six, six are the same number; nine are enough for every float."""


# --- the digits ------------------------------------------------------------------------------------------------------


class _Binary(NamedTuple):
    """A positive number: `significand` times 2^`exponent`, where a unit in the last place is 2^`exponent`."""

    significand: int
    exponent: int


class _Ratio(NamedTuple):
    """A positive number, and half a unit in its last place, both in units of a divisor for a power of ten."""

    number: int
    half: int
    divisor: int
    width: int
    """Bits in which Java reckons with them: 32, 64, or 0 for all that are needed."""


def _shortest(value: float) -> tuple[str, int]:
    """The fewest digits that read back as the value, and where in them the point stands."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction if fraction != "0" else whole
    significant = digits.lstrip("0")
    return significant.rstrip("0"), int(exponent or 0) + len(whole) - len(digits) + len(significant)


def _parts(bits: int, *, fraction_bits: int, least: int) -> _Binary:
    biased, fraction = bits >> fraction_bits, bits & ((1 << fraction_bits) - 1)
    return _Binary(fraction | 1 << fraction_bits, least + biased - 1) if biased else _Binary(fraction, least)


def _digits(value: _Binary) -> tuple[str, int]:
    """Digits as FloatingDecimal.dtoa makes them, and where in them the point stands."""
    size = value.significand.bit_length()
    if value.exponent + size <= 63 and _is_whole(value):
        return _whole_digits(value, size)
    power = _power(value, size)
    return _developed(_ratio(value, power), power)


def _is_whole(value: _Binary) -> bool:
    return value.exponent >= 0 or value.significand & ((1 << -value.exponent) - 1) == 0


def _whole_digits(value: _Binary, size: int) -> tuple[str, int]:
    exponent = value.exponent
    number = value.significand << exponent if exponent >= 0 else value.significand >> -exponent
    insignificant = len(str(1 << exponent - 2)) - 1 if exponent >= 2 else 0
    if insignificant:
        number = (number + 10**insignificant // 2) // 10**insignificant
    text = str(number)
    return text.rstrip("0"), len(text) + insignificant


def _power(value: _Binary, size: int) -> int:
    """The power of ten of the first digit, or one more, since the estimate lies above the logarithm."""
    mantissa = math.ldexp(value.significand, 1 - size)
    estimate = (mantissa - 1.5) * 0.289529654 + 0.176091259 + (value.exponent + size - 1) * 0.301029995663981
    return math.floor(estimate)


def _ratio(value: _Binary, power: int) -> _Ratio:
    odd, exponent = value
    zeros = (odd & -odd).bit_length() - 1
    odd >>= zeros
    exponent += zeros
    is_power_of_two = odd == 1
    fives, tens = max(0, -power), max(0, power)
    # Exponents of two: of the number, of the divisor, and of half a unit.
    below_point = max(0, -exponent)
    twos, divisor_twos = fives + below_point + exponent, tens + below_point
    half_twos = twos - zeros - 1 - is_power_of_two
    least = min(twos, divisor_twos, half_twos)
    twos, divisor_twos, half_twos = twos - least, divisor_twos - least, half_twos - least
    number_size = odd.bit_length() + twos + _bits_of_five(fives)
    divisor_size = divisor_twos + 1 + _bits_of_five(tens + 1)
    size = max(number_size, divisor_size)
    width = 32 if size < 32 else 64 if size < 64 else 0
    return _Ratio(odd * 5**fives << twos, 5**fives << half_twos, 5**tens << divisor_twos, width)


def _bits_of_five(power: int) -> int:
    """Bits of that power of five; of the first none are counted."""
    return int(5**power).bit_length() if power else 0


def _developed(ratio: _Ratio, power: int) -> tuple[str, int]:
    rest, half, divisor, width = ratio
    unit = divisor * 10
    digits, rest = divmod(rest, divisor)
    rest, half = rest * 10, half * 10
    low, high = rest < half, _reaches(rest + half, unit, width)
    count = 1
    if digits == 0 and not high:  # the power was one too high
        power -= 1
        count = 0
    if not -3 <= power < 8:
        low = high = False
    while not low and not high:
        digit, rest = divmod(rest, divisor)
        digits, count = digits * 10 + digit, count + 1
        rest, half = rest * 10, _held(half * 10, width)
        overflown = half <= 0  # Java looks for that, though not for what overflows twice
        low, high = overflown or rest < half, overflown or _reaches(rest + half, unit, width)
    above_middle = _held(_held(rest * 2, width) - unit, width)
    if high and (not low or above_middle > 0 or (above_middle == 0 and digits % 2)):
        digits += 1
    if digits == 10**count:
        digits, power = digits // 10, power + 1
    return str(digits).zfill(count), power + 1


def _reaches(sum_of_both: int, unit: int, width: int) -> bool:
    return _held(sum_of_both, width) > unit if width else sum_of_both >= unit


def _held(number: int, width: int) -> int:
    return wrapped(number, width) if width else number


# --- between 32 and 64 bit ------------------------------------------------------------------------------------------


def _of_bits(bits: int) -> float:
    return float(_SINGLE.unpack(_SINGLE_BITS.pack(bits))[0])


def _above(bits: int) -> float:
    """The float above, or what would be it above the largest."""
    found = _of_bits(bits + 1)
    return found if math.isfinite(found) else 2.0**128


def single(value: Decimal | int) -> float:
    """The float32 nearest to an exact number, infinite beyond the range; a double between would round twice."""
    try:
        between = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    near = rounded(between)
    if between == value or not math.isfinite(between):
        return near
    (bits,) = _SINGLE_BITS.unpack(_SINGLE.pack(abs(near)))
    magnitude = min(abs(near), 2.0**128)  # where the next float would be, infinity begins
    for other in (_of_bits(bits - 1) if bits else 0.0, _above(bits)):
        if (magnitude + other) / 2 == abs(between):  # a tie, but for what the double does not show
            exact = Decimal(value)
            beyond = exact > Decimal(between) if exact > 0 else exact < Decimal(between)
            chosen = max(magnitude, other) if beyond else min(magnitude, other)
            return math.copysign(rounded(chosen), near)
    return near


def rounded(value: float) -> float:
    """A double rounded to 32 bit."""
    try:
        return float(_SINGLE.unpack(_SINGLE.pack(value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def single_bits(value: float) -> int:
    """Float.floatToIntBits, signed."""
    return int(_SINGLE_BITS.unpack(_SINGLE.pack(value))[0])


def double_bits(value: float) -> int:
    """Double.doubleToLongBits, signed."""
    return int(_DOUBLE_BITS.unpack(_DOUBLE.pack(value))[0])


def _unnatural(value: float) -> str:
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


def _text(digits: str, point: int, *, negative: bool) -> str:
    """Digits with a point behind so many of them, as Java lays them out."""
    minus = "-" if negative else ""
    if not -3 < point < 8:
        return f"{minus}{digits[0]}.{digits[1:] or '0'}E{point - 1}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    return f"{minus}{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"
