"""Habits of Java that show in a sink's output: how it prints numbers and orders maps, and how it reads UTF-8.

A `Float32` is a Java float: a number rounded to 32 bits that prints with fewer digits than a double. Decimals keep
their scale, as BigDecimal does.

Java up to JDK 18 finds the digits of a number as follows, JDK 19 does otherwise. U is the distance to the next number
above, H half of it, but a quarter for a power of two.
1. A whole number below 2^63 is rounded, half up, to the power of ten with as many digits as U/4, and shown.
2. Any other is cut off at the first place where what is left is less than H, or H more would reach the next digit; if
   both, the nearer is taken, of two as near the even one. A first place is not enough where an exponent is shown.
3. For that, number, H and the first place are made whole with the fewest factors of two (and of five, below 1). If they
   have less than 32 or 64 bits, so have the registers in which this is done, and they overflow. H more must exceed the
   next digit then; without registers it may equal it.
Source: reference 5 ("JSON details"), 9.1 A1, 9.2 B3; for digits, numbers of all kinds printed by JDK 17.
"""

import codecs
import math
import re
import struct
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import NamedTuple, TypeAlias, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Digits: TypeAlias = tuple[str, int]
"""Significant decimal digits, and how many of them (maybe a negative count) stand before the point."""

_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile(r'["\\\x00-\x1f\ud800-\udfff]|[^\x00-\uffff]')
_FIRST_CAPACITY = 16


class Float32(float):
    """A number that a Java float holds."""

    __slots__ = ()


def float32(number: int | float | Decimal) -> Float32:
    """The nearest float, ties to even, of an exact number; infinite beyond the range."""
    if isinstance(number, float) and not math.isfinite(number):
        return Float32(number)
    if isinstance(number, Decimal) and not -400 < number.adjusted() < 400:
        return Float32(math.copysign(math.inf if number.adjusted() > 0 and number else 0.0, number))
    exact = Fraction(number)
    near = _rounded(float(number))
    best = min((_stepped(near, step) for step in (-1, 0, 1)), key=lambda other: _distance(exact, other))
    return Float32(best)


def wrapped(number: int, bits: int) -> int:
    """A whole number in two's complement of so many bits, as a Java cast cuts it."""
    half = 1 << (bits - 1)
    return (number + half) % (1 << bits) - half


def number_text(number: float) -> str:
    """A float or double as Java prints it: plain from 0.001 up to 10 million, else as `1.0E10`.

    The digits are those of JDK 17: often the fewest that read back as the same number, and sometimes more.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    minus = "-" if math.copysign(1, number) < 0 else ""
    if number == 0:
        return f"{minus}0.0"
    text, point = _digits(abs(float(number)), is_single=isinstance(number, Float32))
    if not -3 < point <= 7:
        return f"{minus}{text[0]}.{text[1:] or '0'}E{point - 1}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    return f"{minus}{text[:point].ljust(point, '0')}.{text[point:] or '0'}"


def double_text(number: float) -> str:
    """`number_text` as JSON: infinite and undefined ones are strings."""
    text = number_text(number)
    return text if math.isfinite(number) else f'"{text}"'


def string_text(text: str) -> str:
    """A string as JSON: raw UTF-8 but for quotes, controls, and characters above U+FFFF as two surrogates."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def utf8_text(value: bytes) -> str:
    """Bytes read as UTF-8; what is malformed is replaced, an encoded surrogate by one character."""
    return value.decode("utf-8", errors=_REPLACING)


def hash_map(
    entries: Iterable[tuple[K, V]], *, capacity: int = _FIRST_CAPACITY, code: Callable[[K], int] | None = None
) -> dict[K, V]:
    """Entries in the order in which a HashMap yields them after they were put in one by one; the last of a key wins.

    `capacity` is that of the empty map, `code` the hash code of a key, of a string if not said.
    """
    found = dict(entries)
    return {key: found[key] for key in _ordered(found, capacity, code or _string_code)}


def hash_map_order(names: Iterable[str]) -> list[str]:
    """Distinct names in the order of a HashMap that grew from its usual capacity."""
    return _ordered(list(names), _FIRST_CAPACITY, _string_code)


def capacity_for(size: int) -> int:
    """Capacity of a new HashMap that is told how many entries it is for: the next power of two."""
    return 1 << max(0, size - 1).bit_length()


def capacity_of_copy(size: int) -> int:
    """Capacity of a HashMap made as a copy of a map of so many entries (JDK 17)."""
    return capacity_for(int(size / 0.75 + 1.0)) if size else _FIRST_CAPACITY


def code_of(type_name: str) -> Callable[[object], int]:
    """The hash code of keys of a Connect type; KeyError for types whose code depends on more than their text."""
    return _CODES[type_name]


def _ordered(keys: Sequence[K] | Mapping[K, V], capacity: int, code: Callable[[K], int]) -> list[K]:
    """By bucket; keys of one bucket keep the order of insertion.

    More than eight in one bucket would make it grow early, or become a tree; that is not modelled.
    """
    while len(keys) > int(capacity * 0.75):
        capacity *= 2
    return sorted(keys, key=lambda key: _spread(code(key)) & (capacity - 1))


def _spread(code: int) -> int:
    return code & 0xFFFF_FFFF ^ (code & 0xFFFF_FFFF) >> 16


@lru_cache(maxsize=1 << 12)
def _string_code(text: object) -> int:
    units = str(text).encode("utf-16-be", errors="surrogatepass") if text is not None else b""
    code = 0
    for at in range(0, len(units), 2):
        code = (code * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFF_FFFF
    return code


def _long_code(number: object) -> int:
    bits = int(str(number)) & (1 << 64) - 1 if number is not None else 0
    return bits ^ bits >> 32


def _int_code(number: object) -> int:
    return int(str(number)) if number is not None else 0


def _float_code(number: object) -> int:
    return int.from_bytes(struct.pack(">f", number), "big") if number is not None else 0


def _double_code(number: object) -> int:
    bits = int.from_bytes(struct.pack(">d", number), "big") if number is not None else 0
    return bits ^ bits >> 32


def _boolean_code(flag: object) -> int:
    return 0 if flag is None else 1231 if flag else 1237


_CODES: Mapping[str, Callable[[object], int]] = {
    "string": _string_code, "boolean": _boolean_code, "int8": _int_code, "int16": _int_code, "int32": _int_code,
    "int64": _long_code, "float32": _float_code, "float64": _double_code,
}  # fmt: skip


class _Registers(NamedTuple):
    """A number, H, and the first place, as multiples of one another; `bits` of a register, or None for no limit."""

    number: int
    half: int
    first_place: int
    bits: int | None

    def held(self, number: int) -> int:
        return number if self.bits is None else wrapped(number, self.bits)


@lru_cache(maxsize=1 << 12)
def _digits(number: float, *, is_single: bool) -> Digits:
    unit = max(math.ulp(number) * 2.0**29, 2.0**-149) if is_single else math.ulp(number)
    if number < 2**63 and number.is_integer():
        return _whole_digits(int(number), unit)
    mantissa, exponent = math.frexp(number)
    half = Fraction(unit) / (4 if mantissa == 0.5 else 2)
    # A straight line over the logarithm: one too high for some.
    power = math.floor((2 * mantissa - 1.5) * 0.289529654 + 0.176091259 + (exponent - 1) * 0.301029995663981)
    return _cut_digits(_registers(Fraction(number), half, power), power)


def _whole_digits(number: int, unit: float) -> Digits:
    place = 10 ** (len(str(int(unit / 4))) - 1)
    text = str((number + place // 2) // place * place)
    return text.rstrip("0"), len(text)


def _registers(number: Fraction, half: Fraction, power: int) -> _Registers:
    fives = 5 ** max(0, -power)
    parts = [part * fives for part in (number, half, Fraction(10) ** power)]
    factor = 1 / Fraction(2) ** min(map(_twos, parts))
    whole, gap, place = (int(part * factor) for part in parts)
    bits_of_fives = fives.bit_length() if power < 0 else 0
    size = max((whole // fives).bit_length() + bits_of_fives, (10 * place).bit_length())
    return _Registers(whole, gap, place, next((bits for bits in (32, 64) if size < bits), None))


def _twos(number: Fraction) -> int:
    """How often two is a factor; negative in a denominator."""
    numerator, denominator = number.as_integer_ratio()
    return (numerator & -numerator).bit_length() - denominator.bit_length()


def _cut_digits(registers: _Registers, power: int) -> Digits:
    """`power` is that of the first place."""
    step = _step(registers, 0)
    first = power if step.taken or step.is_high else power - 1
    if not -3 <= first < 8 or not (step.is_low or step.is_high):
        step = next(step for step in (_step(registers, places) for places in count(1)) if step.is_low or step.is_high)
    size = first - power + step.places + 1
    text = str(step.taken + step.is_nearer_above).zfill(size)
    return text[:size], first + 1 + len(text) - size


class _Step(NamedTuple):
    """A number cut off some places behind the first: how often the last place is in it, and what Java sees then."""

    places: int
    taken: int
    is_low: bool
    is_high: bool
    is_nearer_above: bool


def _step(registers: _Registers, places: int) -> _Step:
    held = registers.held
    ten = registers.first_place * 10
    taken, left = divmod(registers.number * 10**places, registers.first_place)
    left, half = left * 10, held(registers.half * 10 ** (places + 1))
    sum_of_both = held(left + half)
    is_low, is_high = left < half, (sum_of_both >= ten if registers.bits is None else sum_of_both > ten)
    if half <= 0:  # seen to have overflown
        is_low = is_high = True
    above_middle = held(held(2 * left) - ten)
    is_nearer_above = above_middle > 0 or (above_middle == 0 and taken % 2 == 1)
    return _Step(places, taken, is_low, is_high, is_high and (not is_low or is_nearer_above))


def _rounded(number: float) -> float:
    """A double rounded to 32 bits."""
    try:
        return float(struct.unpack(">f", struct.pack(">f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def _stepped(number: float, step: int) -> float:
    """The float so many places further from zero."""
    bits = int.from_bytes(struct.pack(">f", abs(number)), "big") + step
    if not 0 <= bits <= 0x7F80_0000:
        return number
    return math.copysign(float(struct.unpack(">f", bits.to_bytes(4, "big"))[0]), number)


def _distance(exact: Fraction, number: float) -> tuple[Fraction, int]:
    """How far a float lies from a number; of two equally far ones the even is nearer. Infinity is 2 to the 128th."""
    bits = int.from_bytes(struct.pack(">f", abs(number)), "big")
    value = Fraction(number) if math.isfinite(number) else Fraction(2**128 if number > 0 else -(2**128))
    return abs(exact - value), bits & 1


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character > "\uffff":  # printed as its two surrogates, unlike any other text (reference 9.1 A1)
        above = ord(character) - 0x10000
        return f"\\u{0xD800 + (above >> 10):04X}\\u{0xDC00 + (above & 0x3FF):04X}"
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04X}"


def _replace(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError), "registered for decoding"
    surrogate = re.compile(rb"\xed[\xa0-\xbf](?:[\x80-\xbf]|$)").match(error.object, error.start)
    return "\ufffd", surrogate.end() if surrogate else error.end


_REPLACING = "onceproof.model.java"
codecs.register_error(_REPLACING, _replace)
