"""Dates as java.text.SimpleDateFormat prints them in UTC and English; expectations are those of JDK 17."""

import pytest

from onceproof.sink.java import javadate

SUNDAY_MS = 1_735_430_709_042
"""2024-12-29T00:05:09.042Z."""
YEAR_10000_MS = 253_402_300_800_000


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyyMMdd", "20241229"),
        ("y yy yyy yyyyy", "2024 24 2024 02024"),
        ("YYYY-'W'ww YY", "2025-W01 25"),
        ("M MM MMM MMMM MMMMM", "12 12 Dec December December"),
        ("L LL LLL LLLL", "12 12 Dec December"),
        ("G GGGG", "AD AD"),
        ("E EEE EEEE", "Sun Sun Sunday"),
        ("a aaaa", "AM AM"),
        ("z zzzz Z X XX XXX", "UTC Coordinated Universal Time +0000 Z Z Z"),
        ("F W w u D DDD", "5 5 1 7 364 364"),
        ("k K h H HH", "24 0 12 0 00"),
        ("m mm s ss", "5 05 9 09"),
        ("S SSS SSSS", "42 042 0042"),
        ("'it''s' '' ''''", "it's ' ''"),
        ("hh 'o''clock'", "12 o'clock"),
        ("~!#-_.{é", "~!#-_.{é"),
        ("", ""),
    ],
)
def test_a_letter_prints_what_java_prints(pattern: str, text: str) -> None:
    """Numbers are padded and never cut, but for a year of two letters; weeks are those of the United States."""
    assert text == javadate.compile(pattern)(SUNDAY_MS)


@pytest.mark.parametrize(
    ("when", "pattern", "text"),
    [
        (YEAR_10000_MS, "yyyyMMdd yy", "100000101 00"),
        (-1, "yyyy-MM-dd HH:mm:ss.SSS a", "1969-12-31 23:59:59.999 PM"),
        (1_704_067_200_000, "YYYY w W F u", "2024 1 1 1 1"),
        (1_704_067_200_000 + 6 * 86_400_000, "YYYY w W F u", "2024 2 2 1 7"),
    ],
)
def test_dates_at_the_edges(when: int, pattern: str, text: str) -> None:
    """A year of five digits, an instant before 1970, and the weeks at the start of a year."""
    assert text == javadate.compile(pattern)(when)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("yyyy-bb", "'b' is not a pattern letter; put text between single quotes"),
        ("yyyyT", "'T' is not a pattern letter"),
        ("yyyy'abc", "the quote at position 4 has no end"),
        ("'", "the quote at position 0 has no end"),
        ("XXXX", "'XXXX' is too long"),
    ],
)
def test_a_pattern_that_java_refuses_is_refused(pattern: str, reason: str) -> None:
    """With the letter or the place."""
    with pytest.raises(ValueError, match=reason):
        javadate.compile(pattern)
