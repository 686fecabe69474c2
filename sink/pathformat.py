"""`path.format`: the letters of a Joda-Time pattern, as the connector's time-based partitioners print them.

A numeric letter pads with zeros to its count and never cuts; a two-letter year prints its last two digits. Texts
(names of months, days, eras, half days, zones) need a locale and are refused here. Source: reference 4.5 and 9.2 B6.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from onceproof.sink.zones import Civil, civil, days_from_civil

_LETTERS = "GCYxyMdDeEwaHhKkmsSzZ"
_TEXT_ALWAYS = "GEaz"
_TOKEN = re.compile(r"'((?:[^']|'')*)(?:'|$)|([A-Za-z])\2*|([^A-Za-z']+)")


class Moment(NamedTuple):
    """What a pattern prints: calendar fields on the wall, and the offset of that wall."""

    date: Civil
    offset_ms: int


Piece: TypeAlias = str | Callable[[Moment], str]


class Pattern:
    """A compiled pattern; `render(local_ms, offset_ms)` gives the text."""

    __slots__ = ("_pieces", "text")

    def __init__(self, text: str, pieces: tuple[Piece, ...]) -> None:
        self.text = text
        self._pieces = pieces

    def render(self, local_ms: int, offset_ms: int) -> str:
        """Text for a wall time, in milliseconds since 1970-01-01T00:00 on that wall, at offset_ms from UTC."""
        moment = Moment(civil(local_ms), offset_ms)
        return "".join(piece if isinstance(piece, str) else piece(moment) for piece in self._pieces)


def compile(path_format: str) -> Pattern:  # noqa: A001 - the verb of `re`, for the same act
    """Compile a Joda pattern; raises ValueError naming the first letter that is not one, or not supported yet."""
    return Pattern(path_format, tuple(_piece(match) for match in _TOKEN.finditer(path_format)))


def _piece(match: re.Match[str]) -> Piece:
    quoted, letter, literal = match.groups()
    if quoted is not None:
        return quoted.replace("''", "'") or ("'" if match[0] == "''" else "")
    if literal is not None:
        return literal
    count = len(match[0])
    if letter not in _LETTERS:
        raise ValueError(f"{letter!r} is not a pattern letter; put text between single quotes")
    if letter in _TEXT_ALWAYS or (letter == "M" and count > 2) or (letter == "Z" and count > 2):
        raise ValueError(f"{match[0]!r} prints a text, which is not supported yet")
    if letter == "Z":
        return lambda moment: _offset(moment.offset_ms, ":" if count == 2 else "")
    if letter in "Yyx" and count == 2:
        return lambda moment: f"{abs(_FIELDS[letter](moment)) % 100:02d}"
    if letter == "S":
        return lambda moment: f"{moment.date.ms_of_day % 1000:03d}".ljust(count, "0")[:count]
    return lambda moment: _padded(_FIELDS[letter](moment), count)


def _padded(value: int, count: int) -> str:
    return f"-{-value:0{count}d}" if value < 0 else f"{value:0{count}d}"


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


_FIELDS: dict[str, Callable[[Moment], int]] = {
    "C": lambda m: abs(m.date.year) // 100,
    "Y": lambda m: m.date.year if m.date.year > 0 else 1 - m.date.year,
    "y": lambda m: m.date.year,
    "x": lambda m: _iso_week(m.date)[0],
    "M": lambda m: m.date.month,
    "d": lambda m: m.date.day,
    "D": lambda m: _day_of_year(m.date),
    "e": lambda m: _weekday(m.date),
    "w": lambda m: _iso_week(m.date)[1],
    "H": lambda m: m.date.ms_of_day // 3_600_000,
    "k": lambda m: m.date.ms_of_day // 3_600_000 or 24,
    "K": lambda m: m.date.ms_of_day // 3_600_000 % 12,
    "h": lambda m: m.date.ms_of_day // 3_600_000 % 12 or 12,
    "m": lambda m: m.date.ms_of_day // 60_000 % 60,
    "s": lambda m: m.date.ms_of_day // 1000 % 60,
}
