"""`path.format`: what each letter of a Joda pattern prints, and what is refused (reference 4.5, 9.2 B6)."""

import pytest

from onceproof.sink.pathformat import compile as compile_pattern
from onceproof.sink.zones import DAY_MS, days_from_civil


def local_ms(year: int, month: int = 1, day: int = 1, ms_of_day: int = 0) -> int:
    """A time on the wall."""
    return days_from_civil(year, month, day) * DAY_MS + ms_of_day


AFTERNOON = local_ms(2024, 12, 29, ((14 * 60 + 5) * 60 + 9) * 1000 + 42)
"""Sunday, the last day of week 52 of 2024, five past two."""


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("YYYY-MM-dd", "2024-12-29"),
        ("y/M/d", "2024/12/29"),
        ("yy YY xx", "24 24 24"),
        ("yyyyy", "02024"),
        ("D DDDD", "364 0364"),
        ("e", "7"),
        ("x-w ww", "2024-52 52"),
        ("H HH k K h", "14 14 14 2 2"),
        ("m mm s ss", "5 05 9 09"),
        ("S SS SSS SSSS", "0 04 042 0420"),
        ("C", "20"),
        ("Z ZZ", "-0330 -03:30"),
        ("'year'=YYYY/'o''clock'=HH", "year=2024/o'clock=14"),
        ("''yy''", "'24'"),
        ("yy'unclosed HH", "24unclosed HH"),
        ("~!@#,._:=", "~!@#,._:="),
        ("", ""),
    ],
)
def test_a_letter_prints_what_joda_prints(pattern: str, text: str) -> None:
    """Numbers are padded to the count of letters and never cut; quotes hold texts, and two quotes are one."""
    assert text == compile_pattern(pattern).render(AFTERNOON, -12_600_000)


@pytest.mark.parametrize(
    ("when", "pattern", "text"),
    [
        (local_ms(10_000), "YYYY yy", "10000 00"),
        (local_ms(2021, 1, 3), "x 'W'ww e", "2020 W53 7"),
        (local_ms(2018, 12, 31), "x 'W'ww e", "2019 W01 1"),
        (local_ms(2024, 2, 29), "DDD", "060"),
        (local_ms(0, 1, 1), "YYYY yyyy", "0001 0000"),
        (local_ms(-43, 3, 15), "Y y C", "44 -43 0"),
        (local_ms(1969, 12, 31, 23 * 3_600_000), "yyyy-MM-dd HH", "1969-12-31 23"),
        (local_ms(2024), "k K h", "24 0 12"),
    ],
)
def test_years_and_weeks_at_their_edges(when: int, pattern: str, text: str) -> None:
    """Years beyond 9999 and before 1, weeks that belong to the year beside, and midnight."""
    assert text == compile_pattern(pattern).render(when, 0)


@pytest.mark.parametrize("letter", list("bcfgijlnopqrtuvABFIJLNOPQRTUVWX"))
def test_a_letter_that_joda_does_not_know_is_refused(letter: str) -> None:
    """The message names it and says where texts go."""
    with pytest.raises(ValueError, match=f"'{letter}' is not a pattern letter; put text between single quotes"):
        compile_pattern(f"YYYY/{letter}{letter}")


@pytest.mark.parametrize("letters", ["MMM", "MMMM", "E", "EEEE", "a", "G", "z", "zzzz", "ZZZ"])
def test_texts_are_not_supported_yet(letters: str) -> None:
    """Names of months, days, half days, eras and zones need a locale."""
    with pytest.raises(ValueError, match=f"'{letters}' prints a text, which is not supported yet"):
        compile_pattern(f"YYYY-{letters}")
