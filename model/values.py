"""What JsonConverter without schemas makes of a value, and the timestamp that a field of a value holds.

JsonConverter without schemas reads the first JSON tree and ignores what follows; whole numbers may begin with zeros
and wrap into 64 bits, others are doubles; an empty value and the literal null are null. A value that is nested too
deeply for this model raises RecursionError. Source: reference 4.6, 9.2 B2 to B4; Apache Kafka 3.9 (JsonDeserializer).
"""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeAlias

from onceproof.model.java import hash_map, wrapped
from onceproof.model.schemas import TIMESTAMP, Moment, Schema, Struct, Value
from onceproof.model.timebucket import DAY_MS, civil, days_of

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""A value without schema; maps in the order of a Java HashMap."""

Node: TypeAlias = bool | int | Decimal | str | list["Node"] | dict[str, "Node"] | None
"""A JSON tree as it was written: whole numbers of any size, others as exact decimals, objects in order."""

_BLANKS = " \t\n\r"
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""Bytes of no character, as they stand in a text that was decoded with `surrogateescape`."""
_ZERO_FIRST = re.compile(r"(?<![\w.+-])-?0\d")
_LEADING_ZEROS = re.compile(r'("(?:[^"\\]|\\.)*")|(?<![\w.+-])(-?)0+(?=\d)', re.DOTALL)
"""A text as it is, or zeros that the converter allows in front of a number."""
_LONG = re.compile(r"-?\d{1,19}")
_LONG_MAX = 2**63 - 1
_ISO = re.compile(
    r"(?:(?P<year>[+-]?\d{4,9})(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<ordinal>\d{3})"
    r"|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?)?"
    r"(?P<t>T(?P<time>(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?"
    r"(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


class Malformed(ValueError):  # noqa: N818  says what the value is
    """The converter or the timestamp extractor cannot read this value: the sink fails or skips."""


@lru_cache(maxsize=1 << 15)
def json_value(value: bytes) -> Json:
    """What JsonConverter without schemas hands on; Malformed where it fails.

    Treat the result as read-only.
    """
    result: Json = _tree(value, _PLAIN)
    return result


def exact_tree(value: bytes) -> Node:
    """The first JSON tree of a value, null if there is none; Malformed where Jackson fails."""
    result: Node = _tree(value, _EXACT)
    return result


def schemaless(node: Node) -> Json:
    """`json_value` of a tree that was read before."""
    match node:
        case bool() | str() | None:
            return node
        case int():
            return wrapped(node, 64)
        case Decimal():
            return float(node)
        case list():
            return [schemaless(item) for item in node]
        case dict():
            return hash_map([(name, schemaless(item)) for name, item in node.items()])


def _tree(value: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        text = value.decode(json.detect_encoding(value), errors="surrogateescape").lstrip(_BLANKS)
        if not text:
            return None
        if _ZERO_FIRST.search(text):
            text = _LEADING_ZEROS.sub(r"\1\2", text)
        tree, end = decoder.raw_decode(text)
    except ValueError as error:
        raise Malformed(f"{value!r} is no JSON: {error}") from error
    if _NOT_UTF8.search(text, 0, end):
        raise Malformed(f"{value!r} is no UTF-8")
    following = text[end : end + 1]
    if isinstance(tree, bool) or tree is None:
        is_cut = not (following.isalnum() or following in ("_", "$"))
    else:  # a bare number must be followed by a blank, or it was no number at all (`12abc`, `1.`)
        is_cut = isinstance(tree, str | list | dict) or following in ("", *_BLANKS)
    if not is_cut:
        raise Malformed(f"{value!r} is no JSON: {following!r} follows a bare value")
    return tree


def timestamp_in(value: Value, path: tuple[str, ...], schema: Schema | None = None) -> int:
    """Milliseconds that the field at a dotted path holds; text is digits or an ISO time.

    In a map any number and a date will do, in a struct int32, int64, a Timestamp, or text. Malformed for a missing
    field, null, or another type: the sink dies of these. Source: reference 4.6.
    """
    name = ".".join(path)
    if schema is not None:
        found = schema
        for part in path:
            below = found.field(part)
            if below is None:
                raise Malformed(f"no field {name!r} in the schema")
            found, value = below.schema, value[part] if isinstance(value, Struct) else None
        return _timestamp_of_field(value, found, name)
    for part in path:
        if not isinstance(value, dict) or value.get(part) is None:
            raise Malformed(f"no field {name!r} in {value!r}")
        value = value[part]
    match value:
        case str():
            return _timestamp_of_text(value)
        case Moment():
            return value.ms
        case bool():
            pass
        case int():
            return value
        case float():
            return _long_of(value)
    raise Malformed(f"field {name!r} is no number and no text: {value!r}")


def _timestamp_of_field(value: Value, schema: Schema, name: str) -> int:
    if value is None:
        raise Malformed(f"field {name!r} is null")
    if schema.name == TIMESTAMP and isinstance(value, Moment):
        return value.ms
    if schema.type in ("int32", "int64") and isinstance(value, int):
        return value
    if schema.type == "string" and isinstance(value, str):
        return _timestamp_of_text(value)
    raise Malformed(f"field {name!r} is of type {schema.name or schema.type}: {value!r}")


def _long_of(number: float) -> int:
    """A double narrowed as Java does: toward zero, to the nearest long beyond its range, NaN to zero."""
    if math.isnan(number):
        return 0
    if abs(number) >= 2.0**63:
        return _LONG_MAX if number > 0 else -_LONG_MAX - 1
    return int(number)


@lru_cache(maxsize=1 << 12)
def _timestamp_of_text(text: str) -> int:
    if _LONG.fullmatch(text) and -_LONG_MAX - 1 <= int(text) <= _LONG_MAX:
        return int(text)
    found = _ISO.fullmatch(text)
    if not found or not text or not (found["year"] or found["time"]):
        raise Malformed(f"{text!r} is no ISO time")
    try:
        return _date_ms(found) + _time_ms(found) - _offset_ms(found["offset"])
    except ValueError as error:
        raise Malformed(f"{text!r} is no ISO time: {error}") from error


def _date_ms(found: re.Match[str]) -> int:
    year = int(found["year"] or 1970)
    if found["week"]:
        week, weekday = int(found["week"]), int(found["weekday"] or 1)
        fourth = days_of(year, 1, 4)  # always in week 1
        monday = fourth - (fourth + 3) % 7
        _within(weekday, 1, 7)
        _within(week, 1, 53)
        return (monday + 7 * (week - 1) + weekday - 1) * DAY_MS
    if found["ordinal"]:
        days = days_of(year, 1, 1) + _within(int(found["ordinal"]), 1, 366) - 1
        _within(civil(days)[0], year, year)
        return days * DAY_MS
    month, day = int(found["month"] or 1), int(found["day"] or 1)
    days = days_of(year, _within(month, 1, 12), _within(day, 1, 31))
    _within(civil(days)[1], month, month)
    return days * DAY_MS


def _time_ms(found: re.Match[str]) -> int:
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    whole = (_within(hour, 0, 23) * 60 + _within(minute, 0, 59)) * 60_000 + _within(second, 0, 59) * 1000
    if not found["fraction"]:
        return whole
    fraction: str = found["fraction"]  # of the last part that is there; 10 to the power of its digits is exact
    unit_ms = 1000 if found["second"] else 60_000 if found["minute"] else 3_600_000
    return whole + int(fraction) * unit_ms // int("1" + "0" * len(fraction))


def _offset_ms(text: str | None) -> int:
    if text is None or text == "Z":  # without an offset the recorder's JVM zone, UTC (reference 9.2 B4)
        return 0
    minutes = int(text[1:3]) * 60 + _within(int(text[3:].lstrip(":") or 0), 0, 59)
    return (-minutes if text[0] == "-" else minutes) * 60_000


def _within(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"{value} is not in {low}..{high}")
    return value


_NUMBER_MAX = 1000
"""Characters of a number, which Jackson bounds."""


def _bounded(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        if len(text) > _NUMBER_MAX:
            raise ValueError(f"a number of {len(text)} characters")
        return read(text)

    return number


def _decimal(text: str) -> Decimal:
    """A BigDecimal, which has no negative zero."""
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} has an exponent beyond all bounds") from error
    return found if found else found.copy_abs()


def _double(text: str) -> float:
    return float(_decimal(text))


def _refused(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


_PLAIN = json.JSONDecoder(
    parse_int=_bounded(lambda text: wrapped(int(text), 64)),
    parse_float=_bounded(_double),
    parse_constant=_refused,
    object_pairs_hook=hash_map,
)
_EXACT = json.JSONDecoder(parse_int=_bounded(int), parse_float=_bounded(_decimal), parse_constant=_refused)
