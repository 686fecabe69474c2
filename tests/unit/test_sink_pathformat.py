"""`path.format`: what each letter of a Joda pattern prints, and what is refused (reference 4.5, 9.2 B5 and B6)."""

import pytest

from onceproof.sink.java.zones import DAY_MS, Zone, days_from_civil
from onceproof.sink.placing.pathformat import compile as compile_pattern


def printed(pattern: str, local_ms: int, zone: str = "UTC", locale: str = "en") -> str:
    """What the pattern prints while the wall in that zone shows local_ms."""
    where = Zone.named(zone)
    return compile_pattern(pattern, locale).render(where.instant_ms(local_ms), where)


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
        ("Z ZZ ZZZ ZZZZ", "-0330 -03:30 -03:30 -03:30"),
        ("z zzzz", "-03:30 -03:30"),
        ("a G E EE EEE MMM", "PM AD Sun Sun Sun Dec"),
        ("EEEE MMMM MMMMM", "Sunday December December"),
        ("'year'=YYYY/'o''clock'=HH", "year=2024/o'clock=14"),
        ("''yy''", "'24'"),
        ("''''yy", "''24"),
        ("'a''''b'yy", "a''b24"),
        ("'year='''yy", "year='24"),
        ("yy'unclosed HH", "24unclosed HH"),
        ("~!@#,._:=", "~!@#,._:="),
    ],
)
def test_a_letter_prints_what_joda_prints(pattern: str, text: str) -> None:
    """Numbers are padded to the count of letters and never cut; quotes hold texts, and two quotes are one."""
    assert text == printed(pattern, AFTERNOON, "-03:30")


@pytest.mark.parametrize(
    ("when", "pattern", "text"),
    [
        (local_ms(10_000), "YYYY yy", "10000 00"),
        (local_ms(2021, 1, 3), "x 'W'ww e", "2020 W53 7"),
        (local_ms(2018, 12, 31), "x 'W'ww e", "2019 W01 1"),
        (local_ms(2024, 2, 29), "DDD", "060"),
        (local_ms(0, 1, 1), "YYYY yyyy", "0001 0000"),
        (local_ms(-43, 3, 15), "Y y C G", "44 -43 0 BC"),
        (local_ms(-43, 3, 15), "YY yy xx", "43 43 43"),
        (local_ms(-5), "yyyy", "-0005"),
        (local_ms(0, 12, 31), "G", "BC"),
        (local_ms(1), "G", "AD"),
        (local_ms(1969, 12, 31, 23 * 3_600_000), "yyyy-MM-dd HH", "1969-12-31 23"),
        (local_ms(2024), "k K h", "24 0 12"),
    ],
)
def test_years_and_weeks_at_their_edges(when: int, pattern: str, text: str) -> None:
    """Years beyond 9999 and before 1, weeks that belong to the year beside, and midnight."""
    assert text == printed(pattern, when)


@pytest.mark.parametrize("letter", list("bcfgijlnopqrtuvABFIJLNOPQRTUVWX"))
def test_a_letter_that_joda_does_not_know_is_refused(letter: str) -> None:
    """The message names it and says where texts go."""
    with pytest.raises(ValueError, match=f"'{letter}' is not a pattern letter; put text between single quotes"):
        compile_pattern(f"YYYY/{letter}{letter}", "en")


@pytest.mark.parametrize("pattern", ["'", ""])
def test_a_pattern_that_prints_nothing_is_refused(pattern: str) -> None:
    """Joda makes no formatter of it; two quotes are one that is printed."""
    with pytest.raises(ValueError, match="must print something"):
        compile_pattern(pattern, "en")
    assert "'" == printed("''", AFTERNOON)


@pytest.mark.parametrize(
    ("locale", "pattern", "text"),
    [
        ("ko", "MMM/E/a/G", "12월/일/오후/AD"),
        ("ko", "MMMM/EEEE", "12월/일요일"),
        ("KO", "MMM/E/a/G", "12월/일/오후/AD"),
        ("fr", "MMM/MMMM/E/EEEE/a/G", "déc./décembre/dim./dimanche/PM/ap. J.-C."),
        ("de", "MMM/EEEE/G", "Dez./Sonntag/n. Chr."),
        ("en-US", "MMM/MMMM/E/EEEE/a/G", "Dec/Dec/Sun/Sun/PM/CE"),
        ("ko_KR", "MMM/MMMM/E/EEEE/a/G", "Dec/Dec/Sun/Sun/PM/CE"),
        ("xx", "MMM/MMMM/E/EEEE/a/G", "Dec/Dec/Sun/Sun/PM/CE"),
    ],
)
def test_texts_are_in_the_language_of_the_locale(locale: str, pattern: str, text: str) -> None:
    """One language code gives its own texts; anything longer is an unknown language and gives the root ones."""
    assert text == printed(pattern, AFTERNOON, locale=locale)


@pytest.mark.parametrize(
    ("zone", "day", "text"),
    [
        ("UTC", local_ms(2024, 1, 15), "UTC UTC"),
        ("Z", local_ms(2024, 1, 15), "UTC UTC"),
        ("America/Los_Angeles", local_ms(2024, 1, 15), "PST America/Los_Angeles"),
        ("America/Los_Angeles", local_ms(2024, 7, 15), "PDT America/Los_Angeles"),
        ("Europe/Paris", local_ms(2024, 7, 15), "CEST Europe/Paris"),
        ("Asia/Seoul", local_ms(2024, 7, 15), "KST Asia/Seoul"),
        ("America/Sao_Paulo", local_ms(2017, 12, 15), "BRST America/Sao_Paulo"),
        ("Europe/Dublin", local_ms(2024, 7, 15), "IST Europe/Dublin"),
        ("Europe/Dublin", local_ms(2024, 1, 15), "GMT Europe/Dublin"),
        ("EST", local_ms(2024, 7, 15), "EST America/Panama"),
        ("GMT", local_ms(2024, 7, 15), "GMT Etc/GMT"),
        ("Etc/GMT-3", local_ms(2024, 7, 15), "+03:00 Etc/GMT-3"),
        ("+0530", local_ms(2024, 7, 15), "+05:30 +05:30"),
    ],
)
def test_zones_print_their_names(zone: str, day: int, text: str) -> None:
    """`z` is the JDK's abbreviation for standard or summer time, an offset where there is none; `ZZZ` is the id."""
    assert text == printed("z ZZZ", day, zone)


@pytest.mark.parametrize(
    ("zone", "locale", "text"),
    [
        ("Europe/Paris", "en", "CET Central European Standard Time"),
        ("Europe/Paris", "de", "MEZ Mitteleuropäische Normalzeit"),
        ("Asia/Seoul", "ko", "KST 대한민국 표준시"),
        ("America/Argentina/Buenos_Aires", "en", "ART Argentina Standard Time"),
        ("UTC", "en", "UTC Coordinated Universal Time"),
    ],
)
def test_four_letters_print_the_long_name_of_a_zone(zone: str, locale: str, text: str) -> None:
    """In the language of the locale."""
    assert text == printed("zzz zzzz", AFTERNOON, zone, locale)


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [("YYYY/MM/dd/HH", False), ("'MMM'/MM", False), ("MMM", True), ("E", True), ("a", True), ("ZZZ", False)],
)
def test_a_pattern_knows_whether_it_prints_texts(pattern: str, needs: bool) -> None:
    """Only then it matters that the locale is one that Java knows."""
    assert needs is compile_pattern(pattern, "en").needs_locale
