"""What the converters make of a record's value, and the timestamp that a field of it holds.

JsonConverter without schemas reads the first JSON tree and ignores what follows; whole numbers wrap into 64
bits, others are doubles; an empty value and the literal null are null. Source: reference 4.6, 9.2 B2 to B4.
"""

import json
import math
import re
from functools import lru_cache
from typing import TypeAlias

from onceproof.model.timebucket import DAY_MS, civil, days_of

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_BLANKS = " \t\n\r"
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
    try:
        text = value.decode("utf-8").lstrip(_BLANKS)
        if not text:
            return None
        tree, end = _DECODER.raw_decode(text)
    except ValueError as error:
        raise Malformed(f"{value!r} is no JSON: {error}") from error
    # A bare number or word must be followed by a blank, or it was no number at all (`12abc`, `1.`).
    if not isinstance(tree, str | list | dict) and text[end : end + 1] not in ("", *_BLANKS):
        raise Malformed(f"{value!r} is no JSON: {text[end]!r} follows a bare value")
    result: Json = tree
    return result


def timestamp_in(tree: Json, path: tuple[str, ...]) -> int:
    """Milliseconds that the field at a dotted path holds: any number, or text as digits or as an ISO time.

    Malformed for a missing field, null, or another type: the sink dies of these. Source: reference 4.6.
    """
    for name in path:
        if not isinstance(tree, dict) or tree.get(name) is None:
            raise Malformed(f"no field {'.'.join(path)!r} in {tree!r}")
        tree = tree[name]
    if isinstance(tree, str):
        return _timestamp_of_text(tree)
    if isinstance(tree, float):
        return _long_of(tree)
    if isinstance(tree, int) and not isinstance(tree, bool):
        return tree
    raise Malformed(f"field {'.'.join(path)!r} is no number and no text: {tree!r}")


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


def _wrapped(digits: str) -> int:
    return (int(digits) + 2**63) % 2**64 - 2**63


def _refused(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_int=_wrapped, parse_constant=_refused)
