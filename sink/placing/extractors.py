"""Whose time counts: the wall clock's, the record's, or that of a field in its value (reference 4.6, 9.2 B4)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import DATE, TIME, TIMESTAMP, Moment, Schema, SinkRecord, Struct
from onceproof.sink.errors import TaskFailed
from onceproof.sink.java.zones import days_from_civil
from onceproof.sink.placing import plugins

Extractor: TypeAlias = Callable[[SinkRecord, int], int | None]
"""From (record, now_ms) to milliseconds since the epoch; None where the record has no time. Raises TaskFailed."""

ENTRY_POINTS = "onceproof.extractors"

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_ISO = re.compile(
    r"(?:(?P<year>[+-]?\d{1,9})"
    r"(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<yearday>\d{3})|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?)?"
    r"(?:T(?:(?P<hour>\d{1,2})(?:(?P<hourpart>[.,]\d{1,9})|:(?P<minute>\d{1,2})(?:(?P<minutepart>[.,]\d{1,9})"
    r"|:(?P<second>\d{1,2})(?P<secondpart>[.,]\d{1,9})?)?)?)?"
    r"(?P<zone>[Zz]|[+-](?:[01]\d|2[0-3])"
    r"(?:[0-5]\d(?:[0-5]\d(?:\d{3})?)?|:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,3})?)?)?)?)?",
    re.ASCII,
)


def extractor(config: SinkConfig) -> Extractor:
    """The configured extractor; raises ValueError where a class of the user's cannot be loaded."""
    return named(config.extractor, config.timestamp_field, config.raw)


def named(given: str, path: tuple[str, ...], properties: Mapping[str, str]) -> Extractor:
    """The extractor of that name or class; `path` is for RecordField, `properties` for a class of the user's."""
    match built_in(given):
        case "Wallclock":
            return lambda record, now_ms: now_ms
        case "Record":
            return lambda record, now_ms: record.timestamp_ms
        case "RecordField":
            return lambda record, now_ms: _field_ms(record, path)
    return _guarded(plugins.make(given, ENTRY_POINTS, "extract", properties).extract, given)


def built_in(given: str) -> str | None:
    """`Wallclock`, `Record` or `RecordField`, also by the connector's class names; None for any other class."""
    name = given.replace("$", ".").rpartition(".")[2] if given.startswith("io.confluent.") else given
    name = name.removesuffix("TimestampExtractor")
    return name if name in ("Wallclock", "Record", "RecordField") else None


def _guarded(extract: Callable[[SinkRecord, int], Any], given: str) -> Extractor:
    """Whatever an extractor raises ends the task (reference 2.1)."""

    def guarded(record: SinkRecord, now_ms: int) -> int | None:
        try:
            found = extract(record, now_ms)
        except Exception as error:
            raise TaskFailed(f"offset {record.offset}: {given}: {type(error).__name__}: {error}") from error
        if found is not None and not isinstance(found, int):
            raise TaskFailed(f"offset {record.offset}: {given} gave {found!r} instead of milliseconds or None")
        return found

    return guarded


def _field_ms(record: SinkRecord, path: tuple[str, ...]) -> int:
    where = f"offset {record.offset}: timestamp.field {'.'.join(path)!r}"
    found = record.value
    for name in path:
        found = _below(found, name)
        if found is None:
            raise TaskFailed(f"{where} is missing")
    try:
        if isinstance(record.value, Struct):
            return _typed_ms(found, _schema(record.value.schema, path))
        return _plain_ms(found)
    except TypeError as error:
        raise TaskFailed(f"{where} is {error}") from None
    except ValueError:
        raise TaskFailed(f"{where} is {found!r}, neither milliseconds nor an ISO time") from None


def _below(value: Any, name: str) -> Any:
    if isinstance(value, Struct):
        return value.get(name) if name in value.schema.index else None
    return value.get(name) if isinstance(value, dict) else None


def _schema(schema: Schema, path: tuple[str, ...]) -> Schema:
    for name in path:
        if schema.type != "struct":
            raise TypeError(f"inside a {schema.type}, whose fields have no schema")
        schema = schema.fields[schema.index[name]].schema
    return schema


def _typed_ms(value: Any, schema: Schema) -> int:
    """Milliseconds of a struct's field, by its schema; raises TypeError for other types, ValueError for other texts."""
    if schema.name == TIMESTAMP and isinstance(value, Moment):
        return value.ms
    if schema.name in (DATE, TIME) and isinstance(value, Moment):
        raise TypeError(f"a {schema.name}; of the types of time only {TIMESTAMP} is understood")
    if schema.type in ("int32", "int64") and isinstance(value, int):
        return value
    if schema.type == "string":
        return text_ms(value)
    raise TypeError(f"a {schema.name or schema.type}, neither a number (int32, int64), a text nor a {TIMESTAMP}")


def _plain_ms(value: Any) -> int:
    """Milliseconds of a map's entry, by the value itself, as Java converts numbers to 64 bit."""
    match value:
        case bool():
            raise TypeError(f"{value!r}, neither a number nor a text")
        case Moment():
            return value.ms
        case int() | Decimal():
            return (int(value) + (1 << 63)) % (1 << 64) - (1 << 63)
        case float():
            return 0 if value != value else int(max(-(1 << 63), min((1 << 63) - 1, value)))  # noqa: PLR0124 - NaN
        case str():
            return text_ms(value)
    raise TypeError(f"a {type(value).__name__}, neither a number nor a text")


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
    ms = _day(part) * 86_400_000 + _time_ms(part) - _offset_ms(part["zone"])
    if not -(1 << 63) <= ms < 1 << 63:
        raise ValueError(text)
    return ms


def _day(part: dict[str, str | None]) -> int:
    year = int(part["year"] or 1970)  # a time alone is one of the first day
    if part["week"]:
        return _day_of_week(year, int(part["week"]), int(part["weekday"] or 1))
    if part["yearday"]:
        leap = days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1)
        if not 1 <= int(part["yearday"]) <= leap:
            raise ValueError(part["yearday"])
        return days_from_civil(year, 1, 1) + int(part["yearday"]) - 1
    month, day = int(part["month"] or 1), int(part["day"] or 1)
    datetime(2000 + year % 400, month, day, tzinfo=UTC)  # the same months: refuses 13 and 31 April
    return days_from_civil(year, month, day)


def _day_of_week(year: int, week: int, weekday: int) -> int:
    same = 2000 + year % 400  # the same weeks, within the years that `date` knows
    day = date.fromisocalendar(same, week, weekday)  # refuses week 53 where there is none
    return (day - date(1970, 1, 1)).days + (year - same) // 400 * 146_097


def _time_ms(part: dict[str, str | None]) -> int:
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError((hour, minute, second))
    whole_ms = ((hour * 60 + minute) * 60 + second) * 1000
    for name, unit_ms in (("hourpart", 3_600_000), ("minutepart", 60_000), ("secondpart", 1000)):
        if digits := part[name]:
            return whole_ms + _fraction_ms(digits[1:], unit_ms)
    return whole_ms


def _fraction_ms(digits: str, unit_ms: int) -> int:
    """Digits behind a point, in tenths of a millisecond each, as Joda adds them up."""
    tenths, worth = 0, unit_ms * 10
    for digit in digits:
        worth //= 10
        tenths += int(digit) * worth
    return tenths // 10


def _offset_ms(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = re.sub("[:.,]", "", zone[1:]).ljust(9, "0")
    seconds = (int(digits[:2]) * 60 + int(digits[2:4])) * 60 + int(digits[4:6])
    size_ms = seconds * 1000 + int(digits[6:])
    return -size_ms if zone[0] == "-" else size_ms
