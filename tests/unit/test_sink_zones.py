"""Time zones: which ids are understood, and which instant a time on the wall is (reference 1.3 and 4.5)."""

from datetime import datetime

import pytest

from onceproof.sink.java.zones import Zone, civil, days_from_civil

HOUR_MS = 3_600_000


def ms(text: str) -> int:
    """Milliseconds of an instant."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("given", "name", "offset_ms"),
    [
        ("UTC", "UTC", 0),
        ("UT", "UTC", 0),
        ("Z", "UTC", 0),
        ("-00:00", "UTC", 0),
        ("Asia/Kolkata", "Asia/Kolkata", 19_800_000),
        ("Asia/Calcutta", "Asia/Kolkata", 19_800_000),
        ("EST", "America/Panama", -5 * HOUR_MS),
        ("MST", "America/Phoenix", -7 * HOUR_MS),
        ("HST", "Pacific/Honolulu", -10 * HOUR_MS),
        ("GMT", "Etc/GMT", 0),
        ("+01", "+01:00", HOUR_MS),
        ("+0130", "+01:30", HOUR_MS * 3 // 2),
        ("-03:30", "-03:30", -HOUR_MS * 7 // 2),
        ("GMT+01", "+01:00", HOUR_MS),
        ("UTC+01:00", "+01:00", HOUR_MS),
        ("+01:02:03", "+01:02:03", 3_723_000),
        ("+010203", "+01:02:03", 3_723_000),
        ("-01:02:03.5", "-01:02:03.500", -3_723_500),
        ("+23:59", "+23:59", 86_340_000),
    ],
)
def test_an_id_that_joda_knows(given: str, name: str, offset_ms: int) -> None:
    """Names of the tz database, of which aliases stand for another, and offsets, which are printed in full."""
    zone = Zone.named(given)

    assert name == zone.name
    assert offset_ms == zone.offset_ms(ms("2024-01-15T12:00:00Z"))


@pytest.mark.parametrize(
    "given",
    [
        "PST",
        "europe/paris",
        "GMT+1",
        "+1",
        "+1:00",
        "+24:00",
        "+01:60",
        "+01-00",
        "+015",
        "localtime",
        "Factory",
        "utc",
    ],
)
def test_an_id_that_joda_rejects(given: str) -> None:
    """Case matters, offsets have two digits, and most abbreviations are no ids."""
    with pytest.raises(ValueError, match="must be a time zone id such as UTC, Europe/Paris"):
        Zone.named(given)


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        # Gaps: moved forward by the gap.
        ("America/New_York", "2024-03-10T02:30:00Z", "2024-03-10T07:30:00Z"),
        ("Europe/Paris", "2024-03-31T02:30:00Z", "2024-03-31T01:30:00Z"),
        ("America/Sao_Paulo", "2017-10-15T00:00:00Z", "2017-10-15T03:00:00Z"),
        ("Australia/Lord_Howe", "2024-10-06T02:10:00Z", "2024-10-05T15:40:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T22:00:00Z"),
        # Overlaps: the earlier instant in the west, the later in the east.
        ("America/New_York", "2024-11-03T01:30:00Z", "2024-11-03T05:30:00Z"),
        ("Europe/Paris", "2024-10-27T02:30:00Z", "2024-10-27T01:30:00Z"),
        ("Australia/Lord_Howe", "2024-04-07T01:45:00Z", "2024-04-06T15:15:00Z"),
        # West of Greenwich, but in summer on its time.
        ("Atlantic/Azores", "2024-10-27T00:30:00Z", "2024-10-27T00:30:00Z"),
        ("Europe/London", "2024-10-27T01:30:00Z", "2024-10-27T01:30:00Z"),
        ("Asia/Kolkata", "2024-10-27T01:30:00Z", "2024-10-26T20:00:00Z"),
    ],
)
def test_a_time_on_the_wall_is_one_instant(zone: str, wall: str, instant: str) -> None:
    """Though the wall skips some times and shows others twice."""
    assert ms(instant) == Zone.named(zone).instant_ms(ms(wall))


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    """Where a day is to begin; elsewhere east of Greenwich the later counts."""
    zone = Zone.named("Asia/Amman")

    assert ms("2021-10-28T21:00:00Z") == zone.first_instant_ms(ms("2021-10-29T00:00:00Z"))
    assert ms("2021-10-28T22:00:00Z") == zone.instant_ms(ms("2021-10-29T00:00:00Z"))


@pytest.mark.parametrize(
    ("zone", "now", "summer"),
    [
        ("Europe/Paris", "2024-07-01T00:00:00Z", True),
        ("Europe/Paris", "2024-01-01T00:00:00Z", False),
        ("Europe/Dublin", "2024-07-01T00:00:00Z", True),
        ("Europe/Dublin", "2024-01-01T00:00:00Z", False),
        ("Africa/Casablanca", "2024-01-01T00:00:00Z", True),
        ("America/Santiago", "2024-01-01T00:00:00Z", True),
        ("+01:00", "2024-07-01T00:00:00Z", False),
    ],
)
def test_a_zone_knows_its_summer(zone: str, now: str, summer: bool) -> None:
    """Also where the tz database has a winter time instead."""
    assert summer is Zone.named(zone).summer(ms(now))


@pytest.mark.parametrize("days", [-200_000_000, -719_469, -1, 0, 59, 11_016, 200_000_000])
def test_calendar_and_count_of_days_agree(days: int) -> None:
    """Before 1970, on leap days, and far beyond the years that datetime knows."""
    date = civil(days * 86_400_000)

    assert days == days_from_civil(date.year, date.month, date.day)
