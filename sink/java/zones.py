"""Time zones and calendar, for every instant that a 64-bit count of milliseconds can name in practice.

Python's datetime ends with year 9999; record timestamps do not. So the calendar is computed here, and offsets outside
datetime's range are taken from an equivalent year: the Gregorian calendar repeats every 400 years, to the weekday.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from onceproof.sink.java.zonenames import abbreviation, canonical

DAY_MS = 86_400_000
CYCLE_MS = 146_097 * DAY_MS
"""400 Gregorian years."""
_FIRST_MS = int(datetime(2, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LAST_MS = int(datetime(9998, 1, 1, tzinfo=UTC).timestamp()) * 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLOT_MS = 900_000
"""Zones of the last century change their offset at multiples of a quarter of an hour only."""
_FIXED = re.compile(
    r"(?:UTC|GMT|UT)?([+-])([01]\d|2[0-3])"
    r"(?::([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,3}))?)?|([0-5]\d)(?:([0-5]\d)(\d{3})?)?)?"
)
_NO_ZONES = {"Factory", "localtime"}
_STANDARD_MS = {
    "Europe/Dublin": 0,
    "Africa/Casablanca": 0,
    "Africa/El_Aaiun": 0,
    "Africa/Windhoek": 3_600_000,
}
"""Where the tz database has a winter time below the standard time, Joda has a summer time above it."""


class Civil(NamedTuple):
    """A date and time of day on the wall; proleptic Gregorian, year 0 exists."""

    year: int
    month: int
    day: int
    ms_of_day: int


def civil(local_ms: int) -> Civil:
    """Calendar fields of a local time given as milliseconds since 1970-01-01T00:00 on that wall."""
    days, ms_of_day = divmod(local_ms, DAY_MS)
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return Civil(year_of_era + era * 400 + (month <= 2), month, day, ms_of_day)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date; the inverse of `civil`."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def offset_text(offset_ms: int) -> str:
    """An offset in full: +01:00, with seconds and milliseconds only where they are not zero."""
    sign = "-" if offset_ms < 0 else "+"
    minutes, rest_ms = divmod(abs(offset_ms), 60_000)
    seconds, ms = divmod(rest_ms, 1000)
    text = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return text + (f":{seconds:02d}" if rest_ms else "") + (f".{ms:03d}" if ms else "")


class Zone:
    """A zone by its Joda id: `UTC`, a name of the tz database (case-sensitive), or a fixed offset such as +01:00.

    `name` is the id that Joda prints: that of the zone behind an alias, and a fixed offset in full.
    """

    __slots__ = ("_fixed_ms", "_info", "_slots", "name")

    def __init__(self, name: str, info: ZoneInfo | None, fixed_ms: int) -> None:
        self.name = name
        self._info = info
        self._fixed_ms = fixed_ms
        self._slots: dict[int, int | None] = {}

    @staticmethod
    @lru_cache(maxsize=256)
    def named(name: str) -> "Zone":
        """The zone of that id; raises ValueError, saying what is allowed, for anything that Joda rejects."""
        if name in ("UTC", "UT", "Z"):
            return Zone("UTC", None, 0)
        if fixed := _FIXED.fullmatch(name):
            return _fixed(fixed)
        if name in available_timezones() - _NO_ZONES:
            return Zone(canonical(name), ZoneInfo(name), 0)
        raise ValueError("must be a time zone id such as UTC, Europe/Paris (case matters) or +01:00")

    def offset_ms(self, instant_ms: int) -> int:
        """Local time minus UTC at that instant, in milliseconds."""
        if self._info is None:
            return self._fixed_ms
        slot = instant_ms // _SLOT_MS
        try:
            offset = self._slots[slot]
        except KeyError:
            if len(self._slots) > 100_000:
                self._slots.clear()
            first = self._lookup(slot * _SLOT_MS)
            offset = first if first == self._lookup(slot * _SLOT_MS + _SLOT_MS - 1) else None
            self._slots[slot] = offset
        return self._lookup(instant_ms) if offset is None else offset

    def steady(self, instant_ms: int) -> tuple[int, int, int]:
        """A half-open range of instants around this one with one offset, and that offset; may be too narrow."""
        offset_ms = self.offset_ms(instant_ms)
        if self._info is None:
            return -(1 << 63), 1 << 63, offset_ms
        slot = instant_ms // _SLOT_MS
        if self._slots[slot] is None:
            return instant_ms, instant_ms + 1, offset_ms
        return slot * _SLOT_MS, (slot + 1) * _SLOT_MS, offset_ms

    def summer(self, instant_ms: int) -> bool:
        """True if the zone's clocks are not at its standard time then."""
        if self._info is None:
            return False
        if (standard_ms := _STANDARD_MS.get(self.name)) is not None:
            return self.offset_ms(instant_ms) != standard_ms
        return bool(self._moved(instant_ms).dst())

    def short_name(self, instant_ms: int, language: str) -> str:
        """What Joda's letter `z` prints: PST or PDT, and the offset where there is no such name."""
        if self._info is None:
            return self.name
        found = abbreviation(self.name, language, summer=self.summer(instant_ms))
        return offset_text(self.offset_ms(instant_ms)) if found is None else found

    def _lookup(self, instant_ms: int) -> int:
        offset = self._moved(instant_ms).utcoffset()
        assert offset is not None
        return round(offset.total_seconds() * 1000)

    def _moved(self, instant_ms: int) -> datetime:
        """A local time in an equivalent year within datetime's range."""
        cycles = (_FIRST_MS - instant_ms) // CYCLE_MS + 1 if instant_ms < _FIRST_MS else 0
        if instant_ms > _LAST_MS:
            cycles = (_LAST_MS - instant_ms) // CYCLE_MS
        return (_EPOCH + timedelta(milliseconds=instant_ms + cycles * CYCLE_MS)).astimezone(self._info)

    def instant_ms(self, local_ms: int) -> int:
        """The instant at which the wall shows `local_ms`, as Joda's convertLocalToUTC resolves it leniently.

        Inside a gap the local time is moved forward by the gap. Inside an overlap a zone with a negative offset takes
        the earlier instant, one with a positive offset the later (reference 4.5); the offset that counts is the one
        that holds when the wall in Greenwich shows that time.
        """
        guess_ms = self.offset_ms(local_ms)
        offset_ms = self.offset_ms(local_ms - guess_ms)
        if offset_ms != guess_ms < 0 and self.offset_ms(local_ms - offset_ms) != offset_ms:
            return local_ms - guess_ms
        return local_ms - offset_ms

    def first_instant_ms(self, local_ms: int) -> int:
        """As `instant_ms`, but of an hour that comes twice always the first."""
        found_ms = self.instant_ms(local_ms)
        offset_ms = self.offset_ms(found_ms - DAY_MS // 2)
        earlier_ms = local_ms - offset_ms
        return earlier_ms if earlier_ms < found_ms and self.offset_ms(earlier_ms) == offset_ms else found_ms


def _fixed(match: re.Match[str]) -> Zone:
    sign, hours, minutes, seconds, fraction, minutes_too, seconds_too, fraction_too = match.groups(default="")
    size_ms = int(hours) * 3_600_000 + int(minutes or minutes_too or 0) * 60_000
    size_ms += int(seconds or seconds_too or 0) * 1000 + int((fraction or fraction_too).ljust(3, "0"))
    offset_ms = -size_ms if sign == "-" else size_ms
    return Zone(offset_text(offset_ms) if offset_ms else "UTC", None, offset_ms)
