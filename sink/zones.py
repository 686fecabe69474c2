"""Time zones and calendar, for every instant that a 64-bit count of milliseconds can name in practice.

Python's datetime ends with year 9999; record timestamps do not. So the calendar is computed here, and offsets outside
datetime's range are taken from an equivalent year: the Gregorian calendar repeats every 400 years, to the weekday.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

DAY_MS = 86_400_000
CYCLE_MS = 146_097 * DAY_MS
"""400 Gregorian years."""
_FIRST_MS = int(datetime(2, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LAST_MS = int(datetime(9998, 1, 1, tzinfo=UTC).timestamp()) * 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLOT_MS = 900_000
"""Zones of the last century change their offset at multiples of a quarter of an hour only."""
_FIXED = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")


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


class Zone:
    """A zone by its Joda id: `UTC`, a name of the tz database (case-sensitive), or a fixed offset such as +01:00."""

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
        if name == "UTC":
            return Zone(name, None, 0)
        if fixed := _FIXED.fullmatch(name):
            sign, hours, minutes, seconds = fixed.groups(default="0")
            size_ms = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
            if int(hours) < 24 and int(minutes) < 60 and int(seconds) < 60:
                return Zone(name, None, -size_ms if sign == "-" else size_ms)
        elif name in available_timezones():
            return Zone(name, ZoneInfo(name), 0)
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

    def _lookup(self, instant_ms: int) -> int:
        cycles = (_FIRST_MS - instant_ms) // CYCLE_MS + 1 if instant_ms < _FIRST_MS else 0
        if instant_ms > _LAST_MS:
            cycles = (_LAST_MS - instant_ms) // CYCLE_MS
        moved = _EPOCH + timedelta(milliseconds=instant_ms + cycles * CYCLE_MS)
        offset = moved.astimezone(self._info).utcoffset()
        assert offset is not None
        return round(offset.total_seconds() * 1000)

    def instant_ms(self, local_ms: int) -> int:
        """The instant at which the wall shows `local_ms`, as Joda's convertLocalToUTC resolves it leniently.

        Inside a gap the local time is moved forward by the gap. Inside an overlap a zone with a negative offset takes
        the earlier instant, one with a positive offset the later (reference 4.5).
        """
        candidates = sorted(
            {local_ms - self.offset_ms(local_ms + shift) for shift in (-DAY_MS, 0, DAY_MS)},
        )
        valid = [instant for instant in candidates if instant + self.offset_ms(instant) == local_ms]
        if valid:
            return valid[0] if self.offset_ms(valid[0]) < 0 else valid[-1]
        # A gap: read the wall with the offset that held before it.
        return local_ms - self.offset_ms(candidates[0])
