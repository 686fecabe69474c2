"""JSON without schemas, in and out, as Kafka Connect's JsonConverter and Jackson do it.

A value passes through java.util.HashMap on its way, so the order of fields in the text is hash order, and numbers are
printed anew. orjson does the common case; whatever it and Jackson treat differently goes a slower way.
Source: reference, section 5 (JSON details, map order) and 9.1 A1, 9.2 B3.
"""

import base64
import json
import math
import re
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

JsonValue: TypeAlias = bool | int | float | str | bytes | list["JsonValue"] | dict[str, "JsonValue"] | None

_INT64 = 1 << 63


class MalformedJson(ValueError):  # noqa: N818 - says what is wrong
    """The text is not JSON as Jackson reads it."""


def parse(data: bytes) -> JsonValue:
    """The first JSON value in `data`; what follows it is ignored, and no bytes at all are null.

    Integers wrap modulo 2^64, numbers with a point or an exponent are doubles, the last of two equal names wins.
    Raises MalformedJson.
    """
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_first(data)  # malformed, or one of the things that Jackson takes
    return _parse_first(data) if _has_double(value) else value


def _has_double(value: JsonValue) -> bool:
    """Whether there is a double in it, which may be an integer that is too long for orjson."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return isinstance(value, float)
    kinds = set(map(type, value))
    return float in kinds or (not kinds.isdisjoint(_NESTED) and any(map(_has_double, value)))


_NESTED = (dict, list)


def _parse_first(data: bytes) -> JsonValue:
    if not data:
        return None
    try:
        text = data.decode().lstrip(" \t\r\n")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise MalformedJson(f"not JSON: {error}") from None
    if type(value) in (int, float) and end < len(text) and text[end] not in " \t\r\n":
        raise MalformedJson(f"not JSON: {text[: end + 1]!r} is no number")
    return value  # type: ignore[no-any-return]


def _constant(name: str) -> float:
    raise MalformedJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant)


class _NeedsCareError(Exception):
    """The value holds something that orjson prints otherwise than Jackson, or not at all."""


def render(value: JsonValue) -> bytes:
    """The text that Jackson prints for a converted value, compact, without a line separator; bytes as base64.

    Raises UnicodeEncodeError for half of a surrogate pair, which Jackson refuses as well.
    """
    try:
        text = orjson.dumps(_arranged(value))
    except (_NeedsCareError, orjson.JSONEncodeError):
        return _careful(value).encode()
    # Jackson escapes characters above the basic plane, and its hexadecimal digits are upper case.
    like_jackson = b"\\u00" not in text and (text.isascii() or _ABOVE_THE_BASIC_PLANE.search(text) is None)
    return text if like_jackson else _careful(value).encode()


_ABOVE_THE_BASIC_PLANE = re.compile(rb"[\xf0-\xf4]")


def _arranged(value: Any) -> Any:
    """The value with every map in hash order; raises _NeedsCareError for what is printed otherwise."""
    kind = type(value)
    if kind is dict:
        arranged = {}
        for name in hash_order(tuple(value)):
            item = value[name]
            arranged[name] = item if type(item) is str else _arranged(item)
        return arranged
    if kind is str or kind is bool or value is None:
        return value
    if kind is int and -_INT64 <= value < _INT64:
        return value
    if kind is list:
        return [_arranged(item) for item in value]
    raise _NeedsCareError


def _careful(value: JsonValue) -> str:  # noqa: PLR0911 - one line for each type
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str((value + _INT64) % (2 * _INT64) - _INT64)
        case float():
            return java_double(value)
        case str():
            return _string(value)
        case bytes():
            return f'"{base64.b64encode(value).decode()}"'
        case list():
            return f"[{','.join(map(_careful, value))}]"
        case dict():
            return f"{{{','.join(f'{_string(n)}:{_careful(value[n])}' for n in hash_order(tuple(value)))}}}"


@lru_cache(maxsize=4096)
def hash_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """The order in which a java.util.HashMap filled with `names` in this order gives them back.

    Bins are visited by index, each in order of insertion; the table has 16 bins and doubles when over 75 % full.
    """
    bins = 16
    while len(names) > bins * 3 // 4:
        bins *= 2
    return tuple(sorted(names, key=lambda name: _spread(name) & (bins - 1)))


def _spread(name: str) -> int:
    code = 0
    units = name.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (code * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return code ^ code >> 16


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile('["\\\\\x00-\x1f\U00010000-\U0010ffff]')


def _string(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    units = char.encode("utf-16-be")
    return "".join(f"\\u{high << 8 | low:04X}" for high, low in zip(units[::2], units[1::2], strict=True))


def java_double(value: float) -> str:
    """A double as Java prints it: plain from 1e-3 up to 1e7, else with an exponent; what is not finite is a string."""
    if not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = repr(value)
        if "e" not in plain:
            return plain
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + len(whole) - 1
    if whole == "0":
        power = int(exponent or 0) - (len(fraction) - len(fraction.lstrip("0"))) - 1
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{power}"
