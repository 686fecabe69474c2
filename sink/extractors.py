"""Whose time counts: the wall clock's, the record's, or that of a field in its value (reference 4.6, 9.2 B4)."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import Record
from onceproof.sink.errors import TaskFailed
from onceproof.sink.zones import days_from_civil

Extractor: TypeAlias = Callable[[Record, Any, int], int | None]
"""From (record, converted value, now_ms) to milliseconds since the epoch; None where the record has no time."""

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_ISO = re.compile(
    r"(?:(?P<year>[+-]?\d{4,9})"
    r"(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<yearday>\d{3})|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?)?"
    r"(?:T(?:(?P<hour>\d{1,2})(?:(?P<hourpart>[.,]\d+)|:(?P<minute>\d{1,2})(?:(?P<minutepart>[.,]\d+)"
    r"|:(?P<second>\d{1,2})(?P<secondpart>[.,]\d+)?)?)?)?(?P<zone>Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?)?"
)


def extractor(config: SinkConfig) -> Extractor:
    """The configured extractor; RecordField raises TaskFailed for a field that is missing or is no time."""
    match config.extractor:
        case "WallclockTimestampExtractor":
            return lambda record, value, now_ms: now_ms
        case "RecordTimestampExtractor":
            return lambda record, value, now_ms: record.timestamp_ms
        case "RecordFieldTimestampExtractor":
            path = config.timestamp_field
            return lambda record, value, now_ms: _field_ms(record, value, path)
    raise AssertionError(f"extractor {config.extractor!r} passed validation")


def _field_ms(record: Record, value: Any, path: tuple[str, ...]) -> int:
    where = f"offset {record.offset}: timestamp.field {'.'.join(path)!r}"
    found = value
    for name in path:
        if not isinstance(found, dict) or found.get(name) is None:
            raise TaskFailed(f"{where} is missing")
        found = found[name]
    match found:
        case bool():
            raise TaskFailed(f"{where} is {found!r}, neither a number nor a text")
        case int():
            return (found + (1 << 63)) % (1 << 64) - (1 << 63)
        case float():
            return max(-(1 << 63), min((1 << 63) - 1, int(found))) if abs(found) != float("inf") else 0
        case str():
            try:
                return text_ms(found)
            except ValueError:
                raise TaskFailed(f"{where} is {found!r}, neither milliseconds nor an ISO time") from None
    raise TaskFailed(f"{where} is a {type(found).__name__}, neither a number nor a text")


def text_ms(text: str) -> int:
    """Milliseconds of a text: a number that fits 64 bit, else an ISO date and time; without an offset it is UTC.

    (The real connector takes the JVM's default zone there; ours is UTC, as in every container.) Raises ValueError.
    """
    if _DIGITS.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 63:
        return int(text)
    found = _ISO.fullmatch(text)
    if found is None or not (found["year"] or found["hour"]):
        raise ValueError(text)
    part = found.groupdict()
    return _day(part) * 86_400_000 + _time_ms(part) - _offset_ms(part["zone"])


def _day(part: dict[str, str | None]) -> int:
    year = int(part["year"] or 1970)  # a time alone is one of the first day
    if part["week"]:
        return (date.fromisocalendar(year, int(part["week"]), int(part["weekday"] or 1)) - date(1970, 1, 1)).days
    if part["yearday"]:
        leap = days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1)
        if not 1 <= int(part["yearday"]) <= leap:
            raise ValueError(part["yearday"])
        return days_from_civil(year, 1, 1) + int(part["yearday"]) - 1
    month, day = int(part["month"] or 1), int(part["day"] or 1)
    datetime(2000 + year % 400, month, day, tzinfo=UTC)  # the same months: refuses 13 and 31 April
    return days_from_civil(year, month, day)


def _time_ms(part: dict[str, str | None]) -> int:
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError((hour, minute, second))
    fraction_ms = 0
    for name, unit_ms in (("hourpart", 3_600_000), ("minutepart", 60_000), ("secondpart", 1000)):
        if digits := part[name]:
            fraction_ms = int(digits[1:]) * unit_ms // 10 ** (len(digits) - 1)
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms


def _offset_ms(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    assert zone is not None
    digits = zone[1:].replace(":", "").ljust(6, "0")
    seconds = (int(digits[:2]) * 60 + int(digits[2:4])) * 60 + int(digits[4:])
    return (-seconds if zone[0] == "-" else seconds) * 1000
