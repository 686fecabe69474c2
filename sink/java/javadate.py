"""Dates as java.text.SimpleDateFormat prints them: in UTC, and in English, the language of a JVM that is told none.

A week begins on Sunday, and the first week of a year or month is the one that holds its first day, as in the United
States. The calendar is Gregorian for all time; Java's is Julian before 1582-10-15.
Source: java.text.SimpleDateFormat of JDK 17.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from onceproof.sink.java.zones import DAY_MS, Civil, civil, days_from_civil

Piece: TypeAlias = str | Callable[[Civil], str]

_TOKEN = re.compile(r"''|'((?:[^']|'')+)'|([A-Za-z])\2*|([^A-Za-z']+)")
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def compile(pattern: str) -> Callable[[int], str]:  # noqa: A001 - the verb of `re`, for the same act
    """From milliseconds since the epoch to text; raises ValueError with what is wrong with the pattern."""
    pieces: list[Piece] = []
    at = 0
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None:
            raise ValueError(f"the quote at position {at} has no end")
        pieces.append(_piece(match))
        at = match.end()

    def render(timestamp_ms: int) -> str:
        date = civil(timestamp_ms)
        return "".join(piece if isinstance(piece, str) else piece(date) for piece in pieces)

    return render


def _piece(match: re.Match[str]) -> Piece:
    quoted, letter, literal = match.groups()
    if letter is None:
        return "'" if match[0] == "''" else str(quoted or literal).replace("''", "'")
    count = len(match[0])
    if letter == "X" and count > 3:
        raise ValueError(f"{match[0]!r} is too long: an ISO 8601 zone has one to three letters")
    if letter in _CONSTANTS:
        short, long = _CONSTANTS[letter]
        return long if count > 3 else short
    if letter in "yY" and count == 2:
        return lambda date: f"{_NUMBERS[letter](date) % 100:02d}"
    if letter in _TEXTS and (letter not in "ML" or count > 2):
        return lambda date: _TEXTS[letter](date, count)
    if letter not in _NUMBERS:
        raise ValueError(f"{letter!r} is not a pattern letter; put text between single quotes")
    return lambda date: _padded(_NUMBERS[letter](date), count)


def _padded(value: int, count: int) -> str:
    return f"-{-value:0{count}d}" if value < 0 else f"{value:0{count}d}"


def _weekday(date: Civil) -> int:
    """Sunday is 0."""
    return (days_from_civil(date.year, date.month, date.day) + 4) % 7


def _day_of_year(date: Civil) -> int:
    return days_from_civil(date.year, date.month, date.day) - days_from_civil(date.year, 1, 1) + 1


def _week(date: Civil) -> tuple[int, int]:
    """Week year and week: the week that holds the first of January is the first of its year."""
    saturday = civil((days_from_civil(date.year, date.month, date.day) + 6 - _weekday(date)) * DAY_MS)
    return saturday.year, (_day_of_year(saturday) + 6) // 7


def _hour(date: Civil) -> int:
    return date.ms_of_day // 3_600_000


def _name(names: tuple[str, ...], at: int, count: int) -> str:
    return names[at] if count > 3 else names[at][:3]


_CONSTANTS = {
    "z": ("UTC", "Coordinated Universal Time"),
    "Z": ("+0000", "+0000"),
    "X": ("Z", "Z"),
}
"""Letters that print the same for every date, by their short and long text."""

_TEXTS: dict[str, Callable[[Civil, int], str]] = {
    "G": lambda date, count: "AD" if date.year > 0 else "BC",
    "M": lambda date, count: _name(_MONTHS, date.month - 1, count),
    "L": lambda date, count: _name(_MONTHS, date.month - 1, count),
    "E": lambda date, count: _name(_DAYS, _weekday(date), count),
    "a": lambda date, count: "AM" if _hour(date) < 12 else "PM",
}

_NUMBERS: dict[str, Callable[[Civil], int]] = {
    "y": lambda date: date.year if date.year > 0 else 1 - date.year,
    "Y": lambda date: _week(date)[0],
    "M": lambda date: date.month,
    "L": lambda date: date.month,
    "w": lambda date: _week(date)[1],
    "W": lambda date: (date.day + 12 - _weekday(date)) // 7,
    "D": _day_of_year,
    "d": lambda date: date.day,
    "F": lambda date: (date.day + 6) // 7,
    "u": lambda date: _weekday(date) or 7,
    "H": _hour,
    "k": lambda date: _hour(date) or 24,
    "K": lambda date: _hour(date) % 12,
    "h": lambda date: _hour(date) % 12 or 12,
    "m": lambda date: date.ms_of_day // 60_000 % 60,
    "s": lambda date: date.ms_of_day // 1000 % 60,
    "S": lambda date: date.ms_of_day % 1000,
}
