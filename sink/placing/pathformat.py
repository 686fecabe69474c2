"""`path.format`: the letters of a Joda-Time pattern, as the connector's time-based partitioners print them.

A numeric letter pads with zeros to its count and never cuts; a two-letter year prints its last two digits. Texts
(names of months, days, eras, half days) come from `locales`, names of zones from `zonenames`. Source: reference 4.5,
9.2 B5 and B6; compared with Joda-Time 2.13.1.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from onceproof.sink.java.locales import texts, zone_text
from onceproof.sink.java.zones import Civil, Zone, civil, days_from_civil

_LETTERS = "GCYxyMdDeEwaHhKkmsSzZ"
_TEXT_ALWAYS = "GEaz"
_TOKEN = re.compile(r"([A-Za-z])\1*|(?:''|'(?:''|[^'])*(?:'|$)|[^A-Za-z'])+")
"""A letter, any number of times, or a text: two quotes are one, inside quotes and outside; the last need not close."""


class Printed(NamedTuple):
    """What a pattern prints: calendar fields on the wall, and the instant and zone that they are of."""

    date: Civil
    instant_ms: int
    offset_ms: int
    zone: Zone


Piece: TypeAlias = str | Callable[[Printed], str]


class Pattern:
    """A compiled pattern. `needs_locale` is True if it prints a text, which another locale prints otherwise."""

    __slots__ = ("_pieces", "needs_locale", "text")

    def __init__(self, text: str, pieces: tuple[Piece, ...], *, needs_locale: bool) -> None:
        self.text = text
        self.needs_locale = needs_locale
        self._pieces = pieces

    def render(self, instant_ms: int, zone: Zone) -> str:
        """Text for an instant, in milliseconds since the epoch, as the wall in that zone shows it."""
        offset_ms = zone.offset_ms(instant_ms)
        printed = Printed(civil(instant_ms + offset_ms), instant_ms, offset_ms, zone)
        return "".join(piece if isinstance(piece, str) else piece(printed) for piece in self._pieces)


def compile(path_format: str, locale: str) -> Pattern:  # noqa: A001 - the verb of `re`, for the same act
    """Compile a Joda pattern; raises ValueError naming the first letter that is not one, or if nothing is printed."""
    matches = list(_TOKEN.finditer(path_format))
    pieces = tuple(_piece(match, locale) for match in matches)
    if not any(pieces):
        raise ValueError("must print something; for a single quote write two")
    needs_locale = any(_prints_text(match[1], len(match[0])) for match in matches if match[1])
    return Pattern(path_format, pieces, needs_locale=needs_locale)


def _prints_text(letter: str, count: int) -> bool:
    return letter in _TEXT_ALWAYS or (letter == "M" and count > 2)


def _piece(match: re.Match[str], locale: str) -> Piece:
    if match[1] is None:
        return re.sub("''?", lambda quotes: "'" if len(quotes[0]) == 2 else "", match[0])
    letter, count = match[1], len(match[0])
    if letter not in _LETTERS:
        raise ValueError(f"{letter!r} is not a pattern letter; put text between single quotes")
    if letter in "zZ":
        return _zone(letter, count, locale)
    if _prints_text(letter, count):
        return _text(letter, locale, wide=count > 3)
    return _number(letter, count)


def _number(letter: str, count: int) -> Piece:
    if letter in "Yyx" and count == 2:
        year = _FIELDS["x" if letter == "x" else "y"]
        return lambda printed: f"{abs(year(printed)) % 100:02d}"
    if letter == "S":
        return lambda printed: f"{printed.date.ms_of_day % 1000:03d}".ljust(count, "0")[:count]
    field = _FIELDS[letter]
    return lambda printed: _padded(field(printed), count)


def _padded(value: int, count: int) -> str:
    return f"-{-value:0{count}d}" if value < 0 else f"{value:0{count}d}"


def _text(letter: str, locale: str, *, wide: bool) -> Piece:
    names = texts(locale)
    if letter == "M":
        months = names.months if wide else names.short_months
        return lambda printed: months[printed.date.month - 1]
    if letter == "E":
        days = names.days if wide else names.short_days
        return lambda printed: days[_weekday(printed.date) - 1]
    if letter == "a":
        return lambda printed: names.half_days[printed.date.ms_of_day // 43_200_000]
    return lambda printed: names.eras[printed.date.year > 0]


def _zone(letter: str, count: int, locale: str) -> Piece:
    if letter == "z":
        return lambda printed: _zone_name(printed, locale, wide=count > 3)
    if count > 2:
        return lambda printed: printed.zone.name
    return lambda printed: _offset(printed.offset_ms, ":" if count == 2 else "")


def _zone_name(printed: Printed, locale: str, *, wide: bool) -> str:
    zone, when_ms = printed.zone, printed.instant_ms
    long = zone_text(locale, zone.name, summer=zone.summer(when_ms)) if wide else None
    return zone.short_name(when_ms, locale.lower()) if long is None else long


def _offset(offset_ms: int, delim: str) -> str:
    minutes = abs(offset_ms) // 60_000
    return f"{'-' if offset_ms < 0 else '+'}{minutes // 60:02d}{delim}{minutes % 60:02d}"


def _weekday(date: Civil) -> int:
    """Monday is 1."""
    return (days_from_civil(date.year, date.month, date.day) + 3) % 7 + 1


def _day_of_year(date: Civil) -> int:
    return days_from_civil(date.year, date.month, date.day) - days_from_civil(date.year, 1, 1) + 1


def _iso_week(date: Civil) -> tuple[int, int]:
    """Week year and week, as ISO 8601 counts them."""
    thursday = civil((days_from_civil(date.year, date.month, date.day) + 4 - _weekday(date)) * 86_400_000)
    return thursday.year, (_day_of_year(thursday) - 1) // 7 + 1


_FIELDS: dict[str, Callable[[Printed], int]] = {
    "C": lambda p: abs(p.date.year) // 100,
    "Y": lambda p: p.date.year if p.date.year > 0 else 1 - p.date.year,
    "y": lambda p: p.date.year,
    "x": lambda p: _iso_week(p.date)[0],
    "M": lambda p: p.date.month,
    "d": lambda p: p.date.day,
    "D": lambda p: _day_of_year(p.date),
    "e": lambda p: _weekday(p.date),
    "w": lambda p: _iso_week(p.date)[1],
    "H": lambda p: p.date.ms_of_day // 3_600_000,
    "k": lambda p: p.date.ms_of_day // 3_600_000 or 24,
    "K": lambda p: p.date.ms_of_day // 3_600_000 % 12,
    "h": lambda p: p.date.ms_of_day // 3_600_000 % 12 or 12,
    "m": lambda p: p.date.ms_of_day // 60_000 % 60,
    "s": lambda p: p.date.ms_of_day // 1000 % 60,
}
