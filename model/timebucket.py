"""Civil time: zones, the next slot of a schedule, and the text of a time bucket.

Instants are milliseconds since the epoch, local times are the same number read in the zone (instant plus
offset). The calendar is our own proleptic Gregorian arithmetic, since `datetime` ends with the year 9999 and
the sink's paths do not; zones repeat their rules every 400 years, so an instant beyond `datetime` is looked
up in an equal year.

Texts of months, days, half days and eras are data (`locales.json`), those of Java's locales by their language.

Source: reference 3.5 (schedule), 4.5 (buckets, Joda pattern letters), 9.2 B5 (texts) and B6 (padding).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MS = 86_400_000
_CYCLE_MS = 146_097 * DAY_MS  # 400 Gregorian years: whole weeks, so weekdays and leap years repeat
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  naive on purpose: a local time
_FIRST_MS = -62_135_596_800_000 + 2 * DAY_MS  # year 1, with room for any offset
_LAST_MS = 253_402_300_800_000 - 2 * DAY_MS  # end of year 9999, likewise
_FIXED = re.compile(r"([+-])(\d\d):?(\d\d)?")
_LETTERS = re.compile(r"[A-Za-z]")
_NUMBER_LETTERS = "yYxMdDewhHkKmsSC"
_ZONE_LETTERS = "zZ"
_LOCALES = Path(__file__).with_name("locales.json")


@dataclass(frozen=True, slots=True)
class Texts:
    """A letter that prints text: which field of a moment decides, and the text for each of its values."""

    field: str
    by_value: tuple[str, ...]


Token: TypeAlias = str | tuple[str, int] | Texts
"""Of a compiled pattern: literal text, or a letter with its count, or with its texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """A time zone as Joda names it: an id of the tz database, or a fixed offset as `+01:00`."""

    id: str
    rules: tzinfo

    def offset_ms(self, instant_ms: int) -> int:
        """Local time minus UTC at an instant."""
        if self.rules is UTC:
            return 0
        moment = datetime.fromtimestamp(_known(instant_ms) // 1000, self.rules)
        return _milliseconds(moment.utcoffset())

    def offsets_around_ms(self, local_ms: int) -> tuple[int, int]:
        """Offsets before and after the change that makes a local time missing or double; else equal."""
        if self.rules is UTC:
            return 0, 0
        local = _EPOCH + timedelta(milliseconds=_known(local_ms))
        first = local.replace(tzinfo=self.rules, fold=0)
        return _milliseconds(first.utcoffset()), _milliseconds(first.replace(fold=1).utcoffset())

    def instant_ms(self, local_ms: int) -> int:
        """Instant of a local time, leniently.

        A missing time moves forward by the gap; a double one is its earlier instant west of Greenwich and its
        later one east of it. Source: reference 4.5.
        """
        before, after = self.offsets_around_ms(local_ms)
        is_double = before > after
        return local_ms - (after if is_double and before > 0 else before)

    def first_instant_ms(self, local_ms: int) -> int:
        """Instant of a local time; the earlier of two, and a missing one moved forward by the gap."""
        return local_ms - self.offsets_around_ms(local_ms)[0]


@lru_cache(maxsize=256)
def zone(zone_id: str) -> Zone:
    """Zone of a Joda id, case-sensitive; ValueError for an id that Joda does not know."""
    fixed = _FIXED.fullmatch(zone_id)
    if fixed:
        sign, hours, minutes = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return Zone(f"{sign}{hours}:{minutes or '00'}", timezone(-offset if sign == "-" else offset))
    if zone_id == "UTC":
        return Zone(zone_id, UTC)
    try:
        return Zone(zone_id, ZoneInfo(zone_id))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{zone_id!r} is no time zone") from error


@lru_cache(maxsize=1 << 12)
def next_slot_ms(instant_ms: int, period_ms: int, where: Zone) -> int:
    """The next scheduled time after an instant: slots from local midnight, the last one cut short.

    D = start of the local day; L = D shifted by one calendar day, minus D (23, 24 or 25 hours);
    next = D + min((floor((t - D) / P) + 1) * P, L). Source: reference 3.5.
    """
    local = instant_ms + where.offset_ms(instant_ms)
    day = where.first_instant_ms(local - local % DAY_MS)
    tomorrow = where.first_instant_ms(day + where.offset_ms(day) + DAY_MS)
    return min(day + ((instant_ms - day) // period_ms + 1) * period_ms, tomorrow)


def bucket_local_ms(instant_ms: int, duration_ms: int, where: Zone) -> int:
    """Local start of the time bucket of an instant, cut toward zero (not down). Source: reference 4.5."""
    local = instant_ms + where.offset_ms(instant_ms)
    whole = abs(local) // duration_ms * duration_ms
    return whole if local >= 0 else -whole


def text_of_local(local_ms: int, pattern: tuple[Token, ...], where: Zone) -> str:
    """A local bucket start as its path, moved forward where it falls into a gap."""
    instant = where.instant_ms(local_ms)
    offset = where.offset_ms(instant)
    fields = _fields(instant + offset)
    parts = []
    for token in pattern:
        if isinstance(token, str):
            parts.append(token)
        elif isinstance(token, Texts):
            parts.append(token.by_value[fields[token.field]])
        elif token[0] in _ZONE_LETTERS:
            parts.append(_zone_text(token, offset, where))
        else:
            parts.append(_number_text(fields, *token))
    return "".join(parts)


@lru_cache(maxsize=256)
def compile_pattern(text: str, locale: str = "") -> tuple[Token, ...]:
    """Tokens of a Joda pattern, with the texts of a language code; a code that Java does not know has root texts.

    Raises ValueError for a letter that Joda does not know, and for the long name of a zone, which is not covered. An
    unclosed quote runs to the end. Source: reference 4.5, 9.2 B5.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == "'":
            literal, at = _quoted(text, at + 1)
            tokens.append(literal)
        elif _LETTERS.match(text[at]):
            end = at
            while end < len(text) and text[end] == text[at]:
                end += 1
            tokens.append(_letter(text[at], end - at, locale))
            at = end
        else:
            tokens.append(text[at])
            at += 1
    return tuple(tokens)


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Literal that begins behind a quote, and where reading goes on; an empty one is the quote itself."""
    if text[at : at + 1] == "'":
        return "'", at + 1
    found: list[str] = []
    while at < len(text):
        if text[at] == "'":
            if text[at + 1 : at + 2] != "'":
                return "".join(found), at + 1
            at += 1
        found.append(text[at])
        at += 1
    return "".join(found), at


def _letter(letter: str, count: int, locale: str) -> Token:
    if letter in "aEG" or (letter == "M" and count > 2):
        return _texts(letter, count, locale)
    if letter == "z" and count > 3:
        raise ValueError(f"pattern {letter * count!r} prints the long name of a zone: not covered")
    if letter not in _NUMBER_LETTERS + _ZONE_LETTERS:
        raise ValueError(f"pattern letter {letter!r} is unknown")
    return letter, count


def _texts(letter: str, count: int, locale: str) -> Texts:
    """Short names for three letters or fewer, long ones for more; half days and eras have one form."""
    field, name = {
        "M": ("month0", "months"),
        "E": ("weekday0", "days"),
        "a": ("half", "half_days"),
        "G": ("era", "eras"),
    }[letter]
    if letter in "ME" and count < 4:
        name = f"short_{name}"
    return Texts(field, tuple(_texts_of(locale.lower())[name]))


@lru_cache(maxsize=64)
def _texts_of(language: str) -> Mapping[str, Any]:
    data = json.loads(_LOCALES.read_bytes())
    found: Mapping[str, Any] = data["languages"].get(language, data["root"])
    return found


def _zone_text(token: tuple[str, int], offset_ms: int, where: Zone) -> str:
    letter, count = token
    if letter == "Z":
        return _offset_text(offset_ms, count, where)
    if where.rules is not UTC:
        raise ValueError(f"pattern {letter * count!r} prints the name of the zone {where.id}: not covered")
    return "UTC"


def _number_text(fields: dict[str, int], letter: str, count: int) -> str:
    """One number, padded to its letter's count; only two-digit years and fractions are ever cut."""
    value = fields[letter]
    if letter == "S":
        return f"{value:03d}".ljust(count, "0")[:count]
    if letter in "yYx" and count == 2:
        return f"{abs(fields['y' if letter == 'Y' else letter]) % 100:02d}"
    return f"{'-' if value < 0 else ''}{abs(value):0{count}d}"


def _offset_text(offset_ms: int, count: int, where: Zone) -> str:
    if count > 2:
        return where.id
    hours, minutes = divmod(abs(offset_ms) // 60_000, 60)
    return f"{'-' if offset_ms < 0 else '+'}{hours:02d}{':' if count == 2 else ''}{minutes:02d}"


def _fields(local_ms: int) -> dict[str, int]:
    """The number behind each pattern letter at a local time."""
    days, of_day_ms = divmod(local_ms, DAY_MS)
    year, month, day = civil(days)
    weekday = (days + 3) % 7  # Monday is 0; the epoch was a Thursday
    thursday = days - weekday + 3  # the week belongs to the year of its Thursday
    weekyear = civil(thursday)[0]
    hour = of_day_ms // 3_600_000
    of_era = year if year > 0 else 1 - year
    return {
        "y": year, "Y": of_era, "C": abs(year) // 100, "x": weekyear, "M": month, "d": day,
        "D": days - days_of(year, 1, 1) + 1, "e": weekday + 1,
        "w": (thursday - days_of(weekyear, 1, 1)) // 7 + 1,
        "H": hour, "k": hour or 24, "K": hour % 12, "h": hour % 12 or 12,
        "month0": month - 1, "weekday0": weekday, "half": hour // 12, "era": int(year > 0),
        "m": of_day_ms // 60_000 % 60, "s": of_day_ms // 1000 % 60, "S": of_day_ms % 1000,
    }  # fmt: skip


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a count of days since the epoch, in the proleptic Gregorian calendar."""
    era, of_era = divmod(days + 719_468, 146_097)  # eras begin on a 1 March, so that leap days come last
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def days_of(year: int, month: int, day: int) -> int:
    """Days since the epoch of a civil date; day and month must exist."""
    era, years = divmod(year - (month <= 2), 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + years * 365 + years // 4 - years // 100 + of_year - 719_468


def _known(time_ms: int) -> int:
    """The same moment of an equal year that `datetime` can hold."""
    if time_ms > _LAST_MS:
        return time_ms - -(-(time_ms - _LAST_MS) // _CYCLE_MS) * _CYCLE_MS
    if time_ms < _FIRST_MS:
        return time_ms + -(-(_FIRST_MS - time_ms) // _CYCLE_MS) * _CYCLE_MS
    return time_ms


def _milliseconds(offset: timedelta | None) -> int:
    assert offset is not None, "a zone always has an offset"
    return offset // timedelta(milliseconds=1)
