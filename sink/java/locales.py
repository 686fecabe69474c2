"""Texts that a path.format prints: names of months, days, half days, eras and zones, as the connector's JVM has them.

1. The connector hands `locale` to Java as ONE language code, in any case: `en`, `fr`, `KO`. Everything that is no such
   code (`en-US`, `ko_KR`, `korean`, `kor`) is an unknown language and gets the root texts, whose long forms are short.
2. JDK 17 takes months, days and eras in CLDR's format context, wide or abbreviated, but half days always wide
   (`ko`: 오전). Babel has CLDR; where its newer edition differs, `javatexts` has the JDK's text.
3. Where Babel has no abbreviated days, the JDK has the wide ones; and no-break spaces are those of old (U+00A0).

With these rules months, days, half days and eras of all 217 language codes that JDK 17 knows are the JDK's. So are long
names of zones (`zzzz`) under the root texts and, as far as they are printed today, under `en`, `ko`, `fr`, `de` and
`ja`, but for the zone EET. In other languages they are Babel's, from which the JDK's differ here and there (all of
Czech); where CLDR has none, as for many summer times of the past, they are the JDK's English ones, which it translates
for some languages.
Source: reference 4.5 and 9.2 B5; Joda-Time 2.13.1 on JDK 17.0.15, compared text by text.
"""

import json
import sys
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import babel
from babel import Locale
from babel.core import get_cldr_version, get_global

from onceproof.sink.java.javatexts import ALIASES, CORRECTIONS, LANGUAGES
from onceproof.sink.java.zonenames import aliases
from onceproof.sink.java.zonetexts import METAZONES, TRANSLATIONS, root_text

Names: TypeAlias = tuple[str, ...]


class Texts(NamedTuple):
    """The texts of one language: from January, from Monday, morning first, the older era first."""

    months: Names
    short_months: Names
    days: Names
    short_days: Names
    half_days: Names
    eras: Names


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ROOT = Texts(_MONTHS, _MONTHS, _DAYS, _DAYS, ("AM", "PM"), ("BCE", "CE"))
"""What an unknown language gets."""


@lru_cache(maxsize=256)
def texts(locale: str) -> Texts:
    """The texts for a value of the property `locale`; ROOT where Java knows no such language."""
    language = locale.lower()
    if language not in LANGUAGES and language not in ALIASES:
        return ROOT
    language = ALIASES.get(language, language)
    found = _texts_of_babel(language)
    return found._replace(**{name: tuple(text.split("|")) for name, text in CORRECTIONS.get(language, {}).items()})


def _texts_of_babel(language: str) -> Texts:
    locale = Locale.parse(language)
    months, days = locale.months["format"], locale.days["format"]
    wide_days, short_days = (tuple(days[width][day] for day in range(7)) for width in ("wide", "abbreviated"))
    return Texts(
        months=tuple(months["wide"][month] for month in range(1, 13)),
        short_months=tuple(months["abbreviated"][month] for month in range(1, 13)),
        days=wide_days,
        short_days=wide_days if short_days == _DAYS and not wide_days[0].startswith(_DAYS[0]) else short_days,
        half_days=(_half_day(locale, "am"), _half_day(locale, "pm")),
        eras=(locale.eras["abbreviated"][0], locale.eras["abbreviated"][1]),
    )


def _half_day(locale: Locale, period: str) -> str:
    periods = locale.day_periods["format"]
    found = periods["wide"].get(period) or periods.get("abbreviated", {}).get(period) or period.upper()
    return str(found).replace("\u202f", "\u00a0")


def zone_text(locale: str, zone: str, *, summer: bool) -> str | None:
    """The long name of a zone of the tz database, such as Central European Standard Time; None where there is none."""
    language = locale.lower()
    if language not in LANGUAGES and language not in ALIASES:
        return root_text(zone, summer=summer)
    language = ALIASES.get(language, language)
    found = _zone_text_of_babel(language, zone, "daylight" if summer else "standard") or root_text(zone, summer=summer)
    return None if found is None else TRANSLATIONS.get(language, {}).get(found, found)


def _zone_text_of_babel(language: str, zone: str, season: str) -> str | None:
    if not METAZONES.get(zone, "of today's"):
        return None
    names = Locale.parse(language)
    # CLDR keeps older names of zones, which the tz database calls aliases.
    for candidate in (zone, get_global("zone_aliases").get(zone, zone), *aliases(zone)):
        meta = METAZONES.get(zone) or get_global("meta_zones").get(candidate, "")
        for found in (names.time_zones.get(candidate, {}), names.meta_zones.get(meta, {})):
            if text := found.get("long", {}).get(season):
                return str(text)
    return None


def warning(locale: str) -> str | None:
    """A sentence for the user if `locale` is not a language that Java knows, so that texts are root ones; else None.

    It matters only if the pattern prints a text (`Pattern.needs_locale`).
    """
    if locale.lower() in LANGUAGES or locale.lower() in ALIASES:
        return None
    meant = _meant(locale)
    return (
        f"locale {locale!r} is taken as one unknown language, so names of months and days are the root ones "
        f"(Jan, Mon, AM, CE); use {f'{meant!r}' if meant else 'a language code alone, such as en'}"
    )


def _meant(locale: str) -> str | None:
    """The language code in a longer locale, in a code of three letters, or in a language's English name."""
    first = locale.lower().replace("_", "-").split("-")[0]
    names = {str(name).lower(): code for code, name in Locale("en").languages.items()}
    for code in (first, str(get_global("language_aliases").get(first, "")), names.get(locale.lower(), "")):
        if code in LANGUAGES:
            return code
    return None


def table() -> dict[str, Any]:
    """All texts as data, for those who do not have Babel; keys are codes in lower case."""
    return {
        "source": f"CLDR {get_cldr_version()} by Babel {babel.__version__}, as corrected for JDK 17",
        "root": ROOT._asdict(),
        "languages": {code: texts(code)._asdict() for code in sorted({*LANGUAGES, *ALIASES})},
    }


def table_text() -> str:
    """`table` as JSON, a language on each line."""
    whole = table()
    languages = whole.pop("languages")
    lines = ",\n".join(
        f"{json.dumps(code)}: {json.dumps(each, ensure_ascii=False)}" for code, each in languages.items()
    )
    head = ",\n".join(f"{json.dumps(name)}: {json.dumps(each, ensure_ascii=False)}" for name, each in whole.items())
    return f'{{\n{head},\n"languages": {{\n{lines}\n}}\n}}\n'


if __name__ == "__main__":
    sys.stdout.write(table_text())
