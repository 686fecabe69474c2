"""JSON without schemas, in and out, as Kafka Connect's JsonConverter and Jackson do it.

A value passes through java.util.HashMap on its way, so the order of fields in the text is hash order, and numbers are
printed anew. orjson does the common case, whole batches at a time; what it and Jackson treat differently goes a slower
way: a number at a time where orjson can be told the text, a value at a time else.
Source: reference, section 5 (JSON details, map order) and 9.1 A1, 9.2 B3; Kafka 3.9's JsonConverter, tried out.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import orjson

from onceproof.sink.data import Moment
from onceproof.sink.errors import TaskFailed
from onceproof.sink.java import jackson
from onceproof.sink.java.jackson import MalformedJson
from onceproof.sink.java.javahash import SizedMap, hash_order, names_in_order
from onceproof.sink.java.javanumbers import java_double, wrapped

__all__ = [
    "JsonValue",
    "MalformedJson",
    "hash_order",
    "java_double",
    "lines",
    "parse",
    "parse_all",
    "render",
    "render_all",
]

JsonValue: TypeAlias = bool | int | float | str | bytes | list["JsonValue"] | dict[str, "JsonValue"] | None
"""Whole numbers are within 64 bit."""


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(data: bytes) -> JsonValue:
    """The first JSON value in `data`; what follows it is ignored, and no value at all is null.

    Integers wrap modulo 2^64, numbers with a point or an exponent are doubles, the last of two equal names wins.
    Raises MalformedJson.
    """
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _first(data)  # malformed, or one of the things that Jackson takes
    return value if not _may_be_too_deep(data) and agrees(data) else _first(data)


def parse_all(data: list[bytes]) -> list[JsonValue]:
    """`parse` of each, faster; raises MalformedJson for the first that is malformed."""
    try:
        values: list[JsonValue] = list(map(orjson.loads, data))
    except orjson.JSONDecodeError:
        return list(map(parse, data))
    if max(map(len, data), default=0) < _LEAST_DEEP_BYTES and agrees(b" ".join(data)):
        return values
    return list(map(parse, data))


def agrees(text: bytes) -> bool:
    """Whether orjson and Jackson see the same numbers in what is valid for orjson; if in doubt, no.

    They differ in integers beyond 64 bit, which have 19 digits at least, and in -0.0, since a BigDecimal knows no
    negative zero.
    """
    shape = text.translate(_SHAPE)
    return _LONG not in shape and (_SHORT_NEGATIVE not in shape or _NEGATIVE_ZERO.search(text) is None)


_SHAPE = bytes(
    ord("0") if char in b"0123456789" else ord(".") if char in b".eE" else ord("-") if char in b"-" else ord(" ")
    for char in range(256)
)
_LONG = b"0" * 19
_SHORT_NEGATIVE = b"-0."
_NEGATIVE_ZERO = re.compile(rb"-0(?:\.0+(?![0-9])|(?:\.0+)?[eE])")
_LEAST_DEEP_BYTES = 2 * jackson.DEPTH + 1


def _may_be_too_deep(text: bytes) -> bool:
    return len(text) >= _LEAST_DEEP_BYTES and text.count(b"[") + text.count(b"{") > jackson.DEPTH


def _first(data: bytes) -> JsonValue:
    value: JsonValue = jackson.first_value(data, whole=_whole, broken=_broken)
    return value


def _whole(text: str) -> int:
    return wrapped(int(text), 64)


def _broken(text: str) -> float:
    return float(text) if text.lower().partition("e")[0].strip("-0.") else 0.0


# --- printing --------------------------------------------------------------------------------------------------------


def render(value: JsonValue) -> bytes:
    """The text that Jackson prints for a converted value, compact, without a line separator; bytes as base64.

    Raises TaskFailed for what it knows no way to print, such as a struct inside a map.
    """
    return render_all([value])


def render_all(values: list[JsonValue]) -> bytes:
    """`render` of each, separated by line feeds, faster."""
    texts = []
    shape: tuple[str | int, ...] | None = None
    ordered: dict[str, Any] = {}
    is_in_order = False
    for value in values:
        try:
            if type(value) is dict:
                found: tuple[str | int, ...] = tuple(value)
            elif type(value) is SizedMap:
                found = (*value, value.bins)
            else:
                texts.append(orjson.dumps(settled(value)))
                continue
            # Values of one shape follow one another: one dict keeps the names in order and takes their values.
            if found != shape:
                names = names_in_order(value)
                is_in_order = names == found
                ordered, shape = dict.fromkeys(names), found
            is_settled = _UNSETTLED.isdisjoint(map(type, value.values()))
            if is_in_order and is_settled:
                texts.append(orjson.dumps(value))
                continue
            ordered.update(value)
            if not is_settled:
                _settle(ordered)
            texts.append(orjson.dumps(ordered))
        except (orjson.JSONEncodeError, AttributeError, RecursionError):
            texts.append(_careful(value).encode())
            shape = None
    return _like_jackson(b"\n".join(texts))


def lines(trees: list[Any]) -> bytes:
    """Trees whose maps are in order and whose numbers are settled, separated by line feeds."""
    try:
        text = b"\n".join(map(orjson.dumps, trees))
    except orjson.JSONEncodeError:
        text = b"\n".join(_careful(tree, order=tuple).encode() for tree in trees)
    return _like_jackson(text)


_UNSETTLED = frozenset({float, dict, list, SizedMap})
"""Types that orjson may print otherwise than Jackson, or that hold such."""


def _settle(ordered: dict[str, Any]) -> None:
    for name, item in ordered.items():
        kind = type(item)
        if kind is float:
            if not 1e-3 <= item < 1e7:
                ordered[name] = settled(item)
        elif kind is not str and kind is not int and kind in _UNSETTLED:  # the first two for speed
            ordered[name] = settled(item)


def settled(value: Any) -> Any:
    """The value as orjson prints it like Jackson: with maps in hash order and the text of odd doubles."""
    kind = type(value)
    if kind is float:
        plain = 1e-3 <= value < 1e7 or -1e7 < value <= -1e-3 or value == 0
        return value if plain else orjson.Fragment(java_double(value).encode())
    if kind is dict or kind is SizedMap:
        return {
            name: settled(value[name]) if type(value[name]) in _UNSETTLED else value[name]
            for name in names_in_order(value)
        }
    if kind is list:
        return [settled(item) if type(item) in _UNSETTLED else item for item in value]
    return value


def _like_jackson(text: bytes) -> bytes:
    """What orjson prints, with the digits of escapes in upper case and all above the basic plane escaped."""
    if b"\\" in text and b"\\u00" in text:
        text = _ESCAPE.sub(lambda found: found[0] if found[0][1] != ord("u") else _upper(found[0]), text)
    if not text.isascii() and text.translate(None, _NOT_ABOVE):
        text = _ABOVE_THE_BASIC_PLANE.sub(lambda found: _escape_units(found[0].decode()).encode(), text)
    return text


_ESCAPE = re.compile(rb"\\(?:u....|.)", re.DOTALL)
_ABOVE_THE_BASIC_PLANE = re.compile(rb"[\xf0-\xf4]...", re.DOTALL)
_NOT_ABOVE = bytes(char for char in range(256) if not 0xF0 <= char <= 0xF4)


def _upper(escape: bytes) -> bytes:
    return escape[:2] + escape[2:].upper()


class _Text(str):
    """Text that is printed already."""

    __slots__ = ()


def _careful(tree: Any, order: Callable[[dict[str, Any]], tuple[str, ...]] = names_in_order) -> str:
    """A tree without orjson: for halves of surrogate pairs, deep nesting, bytes, and the values of Connect."""
    parts = []
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += reversed(list(_object(item, order)))
        elif isinstance(item, list):
            waiting += reversed(list(_array(item)))
        else:
            parts.append(item if type(item) is _Text else _scalar(item))
    return "".join(parts)


def _object(fields: dict[str, Any], order: Callable[[dict[str, Any]], tuple[str, ...]]) -> Iterator[Any]:
    if not all(isinstance(name, str) for name in fields):
        raise TaskFailed(f"a map cannot be written as JSON where no schema says of what its keys are: {fields!r}")
    separator = "{"
    for name in order(fields):
        yield _Text(f"{separator}{_string(name)}:")
        yield fields[name]
        separator = ","
    yield _Text("}" if fields else "{}")


def _array(items: list[Any]) -> Iterator[Any]:
    separator = "["
    for item in items:
        yield _Text(separator)
        yield item
        separator = ","
    yield _Text("]" if items else "[]")


def _scalar(value: Any) -> str:  # noqa: PLR0911 - one line for each type
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return java_double(value)
        case str():
            return _string(value)
        case bytes():
            return f'"{base64.b64encode(value).decode()}"'
        case Decimal():
            return str(value)
        case Moment():
            return str(value.ms)
        case orjson.Fragment():
            return orjson.dumps(value).decode()
    raise TaskFailed(f"a {type(value).__name__} cannot be written as JSON where no schema says how: {value!r}")


_ESCAPES: Mapping[str, str] = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff\U00010000-\U0010ffff]')


def _string(text: str) -> str:
    return f'"{_ESCAPED.sub(lambda found: _ESCAPES.get(found[0]) or _escape_units(found[0]), text)}"'


def _escape_units(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high << 8 | low:04X}" for high, low in zip(units[::2], units[1::2], strict=True))
