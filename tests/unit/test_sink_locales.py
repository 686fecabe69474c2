"""Names of months, days, half days and eras, as the connector's JVM has them (reference 4.5, 9.2 B5)."""

import json
from pathlib import Path

import pytest

from onceproof.sink.java.javatexts import ALIASES, CORRECTIONS, LANGUAGES
from onceproof.sink.java.locales import ROOT, _texts_of_babel, table_text, texts, warning, zone_text

MODEL = Path(__file__).parents[2] / "model"


def test_the_root_has_no_long_forms() -> None:
    """Months and days are English and short, half days English, eras those of everyone."""
    assert ROOT.short_months == ROOT.months
    assert ROOT.short_days == ROOT.days
    assert ("Jan", "Dec", "Mon", "Sun") == (ROOT.months[0], ROOT.months[11], ROOT.days[0], ROOT.days[6])
    assert (("AM", "PM"), ("BCE", "CE")) == (ROOT.half_days, ROOT.eras)


@pytest.mark.parametrize("locale", ["en-US", "en_US", "ko_KR", "xx", "korean", "kor", "root", "und", "aa", "zh-Hant"])
def test_anything_but_a_language_that_java_knows_gives_the_root_texts(locale: str) -> None:
    """Also languages that are in CLDR today, and were not in that of JDK 17."""
    assert ROOT == texts(locale)


@pytest.mark.parametrize(
    ("language", "january", "monday", "half_days", "eras"),
    [
        ("en", ("January", "Jan"), ("Monday", "Mon"), ("AM", "PM"), ("BC", "AD")),
        ("ko", ("1월", "1월"), ("월요일", "월"), ("오전", "오후"), ("BC", "AD")),
        ("ja", ("1月", "1月"), ("月曜日", "月"), ("午前", "午後"), ("紀元前", "西暦")),
        ("es", ("enero", "ene"), ("lunes", "lun"), ("a.\u00a0m.", "p.\u00a0m."), ("a. C.", "d. C.")),
        ("pl", ("stycznia", "sty"), ("poniedziałek", "pon."), ("AM", "PM"), ("p.n.e.", "n.e.")),
        ("nl", ("januari", "jan."), ("maandag", "ma"), ("a.m.", "p.m."), ("v.Chr.", "n.Chr.")),
        ("fi", ("tammikuuta", "tammik."), ("maanantaina", "ma"), ("ap.", "ip."), ("eKr.", "jKr.")),
        ("ur", ("جنوری", "جنوری"), ("پیر", "پیر"), ("AM", "PM"), ("قبل مسیح", "عیسوی")),
    ],
)
def test_a_language_has_the_texts_of_the_jdk(
    language: str, january: tuple[str, str], monday: tuple[str, str], half_days: tuple[str, str], eras: tuple[str, str]
) -> None:
    """In the forms that stand beside a number, which some languages decline."""
    found = texts(language)

    assert january == (found.months[0], found.short_months[0])
    assert monday == (found.days[0], found.short_days[0])
    assert half_days == found.half_days
    assert eras == found.eras


@pytest.mark.parametrize(("old", "new"), [("iw", "he"), ("in", "id"), ("no", "nb"), ("tl", "fil"), ("EN", "en")])
def test_java_understands_old_codes_and_capitals(old: str, new: str) -> None:
    """They give the texts of the language that they stand for."""
    assert texts(new) == texts(old)
    assert ROOT != texts(old)


@pytest.mark.parametrize("locale", ["ko_KR", "en-US", "xx"])
@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("Asia/Seoul", "Korea Standard Time", "Korea Daylight Time"),
        ("Europe/Paris", "Central European Time", "Central European Summer Time"),
        ("Europe/London", "Greenwich Mean Time", "British Summer Time"),
        ("Asia/Shanghai", "China Standard Time", "China Daylight Time"),
        ("America/New_York", "Eastern Standard Time", "Eastern Daylight Time"),
        (
            "Australia/Sydney",
            "Australian Eastern Standard Time (New South Wales)",
            "Australian Eastern Daylight Time (New South Wales)",
        ),
        ("UTC", "Coordinated Universal Time", "Coordinated Universal Time"),
        ("Etc/GMT", "+00:00", "+00:00"),
    ],
)
def test_the_root_has_long_names_of_zones_of_its_own(locale: str, zone: str, winter: str, summer: str) -> None:
    """They are English, but not those of the language en."""
    assert (winter, summer) == (zone_text(locale, zone, summer=False), zone_text(locale, zone, summer=True))


@pytest.mark.parametrize(
    ("language", "zone", "winter", "summer"),
    [
        ("en", "Asia/Seoul", "Korean Standard Time", "Korean Daylight Time"),
        ("en", "Europe/London", "Greenwich Mean Time", "British Summer Time"),
        ("ko", "Europe/London", "그리니치 표준시", "영국 하계 표준시"),
        ("en", "America/Whitehorse", "Mountain Standard Time", "Mountain Daylight Time"),
        ("en", "Asia/Almaty", "East Kazakhstan Time", "Alma-Ata Summer Time"),
        ("en", "Asia/Taipei", "Taipei Standard Time", "Taipei Daylight Time"),
        ("ko", "Europe/Istanbul", "동유럽 시간", "동유럽 일광절약시간"),
        ("fr", "America/Chicago", "heure normale du centre nord-américain", "heure d\u2019été du Centre"),
        ("de", "America/Chicago", "Nordamerikanische Inland-Normalzeit", "Nordamerikanische Inland-Sommerzeit"),
        ("ja", "Asia/Tokyo", "日本標準時", "日本夏時間"),
        ("en", "CET", "Central European Time", "Central European Summer Time"),
    ],
)
def test_long_names_of_zones_are_those_of_the_jdk(language: str, zone: str, winter: str, summer: str) -> None:
    """Of the CLDR that it carries, and its own where that has none."""
    assert (winter, summer) == (zone_text(language, zone, summer=False), zone_text(language, zone, summer=True))


def test_every_language_has_all_its_texts() -> None:
    """Twelve months, seven days, two half days, two eras, and none of them empty."""
    for language in {*LANGUAGES, *ALIASES}:
        found = texts(language)

        assert (12, 12, 7, 7, 2, 2) == tuple(map(len, found)), language
        assert all(all(names) for names in found), language


def test_every_correction_corrects_something() -> None:
    """None is left that CLDR has caught up with, and none stands for a language that Java does not know."""
    for language, lists in CORRECTIONS.items():
        found = _texts_of_babel(language)._asdict()

        assert language in {*LANGUAGES, *ALIASES.values()}
        assert all(tuple(text.split("|")) != found[name] for name, text in lists.items()), language


@pytest.mark.parametrize(
    ("locale", "advice"),
    [
        ("en-US", "use 'en'"),
        ("en_US", "use 'en'"),
        ("ko_KR", "use 'ko'"),
        ("korean", "use 'ko'"),
        ("eng", "use 'en'"),
        ("xx", "use a language code alone, such as en"),
    ],
)
def test_a_locale_that_java_does_not_know_is_worth_a_warning(locale: str, advice: str) -> None:
    """It says what happens and what people meant."""
    assert (
        f"locale {locale!r} is taken as one unknown language, so names of months and days are the root ones "
        f"(Jan, Mon, AM, CE); {advice}"
    ) == warning(locale)


@pytest.mark.parametrize("locale", ["en", "ko", "FR", "iw"])
def test_a_language_is_worth_no_warning(locale: str) -> None:
    """Also where it is written in capitals or by an old code."""
    assert None is warning(locale)


def test_the_file_of_texts_is_current() -> None:
    """The model reads what `python -m onceproof.sink.java.locales` prints."""
    text = (MODEL / "locales.json").read_text(encoding="utf-8")

    assert table_text() == text
    assert texts("ko")._asdict() == {name: tuple(names) for name, names in json.loads(text)["languages"]["ko"].items()}
