"""The order of a java.util.HashMap, through which every map goes on its way.

Bins are visited by index, each in order of insertion. The table starts with 16 bins, or with what a map is told that a
transform makes (`SizedMap`), and doubles when it is over 75 % full, or while it has fewer than 64 when a ninth entry
comes into one bin. Not followed: beyond that, nine in one bin make it a tree with another order, which only keys do
that were made for it. Source: reference 5 (map order); JDK 17, tried out.
"""

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Schema
from onceproof.sink.java import javanumbers

Key = TypeVar("Key", bound=Hashable)

_LONGEST_CHAIN = 8
_BINS_FOR_TREES = 64
_MASK = 0xFFFFFFFF
_FIRST_BINS = 16


class SizedMap(dict[str, Any]):
    """A map without a schema whose table started with `bins` bins; equal to any map with the same entries.

    The order of its entries is that of insertion, as in other maps.
    """

    __slots__ = ("bins",)

    def __init__(self, entries: Iterable[tuple[str, Any]], *, bins: int) -> None:
        super().__init__(entries)
        self.bins = bins


@lru_cache(maxsize=256)
def bins_for(size: int) -> int:
    """Bins of `new HashMap<>(size)`."""
    return 1 << max(0, size - 1).bit_length()


@lru_cache(maxsize=256)
def bins_of_copy(size: int) -> int:
    """Bins of `new HashMap<>(map)`, where the map has `size` entries."""
    return bins_for(int(size / 0.75 + 1)) if size else _FIRST_BINS


def names_in_order(fields: dict[str, Any]) -> tuple[str, ...]:
    """The names of a map without a schema in Java's order; in the given order if there are others than texts."""
    try:
        return hash_order(tuple(fields), fields.bins if type(fields) is SizedMap else _FIRST_BINS)
    except AttributeError:
        return tuple(fields)


@lru_cache(maxsize=4096)
def hash_order(names: tuple[str, ...], bins: int = _FIRST_BINS) -> tuple[str, ...]:
    """The order in which a HashMap that starts with `bins` and is filled with `names` in this order gives them back."""
    return tuple(_ordered(names, string_hash, bins))


def map_order(keys: Iterable[Any], schema: Schema) -> Iterable[Any]:
    """The same for keys under a schema; in the given order where Java's depends on addresses in memory."""
    code = hasher(schema)
    return _ordered(tuple(keys), code, _FIRST_BINS) if code else keys


def _ordered(keys: tuple[Key, ...], code: Callable[[Any], int], bins: int) -> list[Key]:
    spread = [_spread(0 if key is None else code(key)) for key in keys]
    bins = _bins(spread, bins)
    return [key for _, key in sorted(zip(spread, keys, strict=True), key=lambda pair: pair[0] & (bins - 1))]


def _bins(spread: list[int], bins: int) -> int:
    """How many bins there are at the end."""
    chains: dict[int, int] = {}
    for size, code in enumerate(spread, 1):
        at = code & (bins - 1)
        chains[at] = chains.get(at, 0) + 1
        before = bins
        if chains[at] > _LONGEST_CHAIN and bins < _BINS_FOR_TREES:
            bins *= 2
        if size > bins * 3 // 4:
            bins *= 2
        if bins != before:
            chains = {}
            for seen in spread[:size]:
                chains[seen & (bins - 1)] = chains.get(seen & (bins - 1), 0) + 1
    return bins


def _spread(code: int) -> int:
    code &= _MASK
    return code ^ code >> 16


def string_hash(text: str) -> int:
    """String.hashCode, unsigned."""
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (code * 31 + (high << 8 | low)) & _MASK
    return code


def hasher(schema: Schema) -> Callable[[Any], int] | None:  # noqa: PLR0911 - one line for each type
    """What hashCode gives for values under a schema, modulo 2^32; None where it is an address: bytes and structs."""
    if schema.name == DECIMAL:
        return _decimal
    if schema.name in (DATE, TIME, TIMESTAMP):
        return lambda moment: _long(moment.ms)
    match schema.type:
        case "string":
            return string_hash
        case "boolean":
            return lambda value: 1231 if value else 1237
        case "int8" | "int16" | "int32":
            return int
        case "int64":
            return _long
        case "float32":
            return javanumbers.single_bits
        case "float64":
            return lambda value: _long(javanumbers.double_bits(value))
        case "array":
            assert schema.items is not None
            return _array(hasher(schema.items))
    return None


def _long(value: int) -> int:
    value &= 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 32


def _decimal(value: Decimal) -> int:
    """BigDecimal.hashCode: the magnitude in words of 32 bit, the highest first; then the sign, then the scale."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    magnitude = int("".join(map(str, digits)))
    code = 0
    for at in reversed(range(max(-(-magnitude.bit_length() // 32), 1))):
        code = code * 31 + (magnitude >> (32 * at) & _MASK)
    return 31 * (-code if value < 0 else code) - exponent


def _array(code: Callable[[Any], int] | None) -> Callable[[Any], int] | None:
    if code is None:
        return None

    def array_hash(items: Iterable[Any]) -> int:
        found = 1
        for item in items:
            found = found * 31 + (0 if item is None else code(item))
        return found

    return array_hash
