"""When the wall clock closes files: slots from local midnight (reference 3.5)."""

from datetime import datetime

import pytest

from onceproof.sink.java.zones import Zone
from onceproof.sink.placing.schedule import next_scheduled_ms

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def ms(text: str) -> int:
    """Milliseconds of an instant."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "now", "period_ms", "slot"),
    [
        # A day of 25 hours.
        ("America/Los_Angeles", "2024-11-03T12:34:56Z", 10 * MINUTE_MS, "2024-11-03T12:40:00Z"),
        ("America/Los_Angeles", "2024-11-03T12:34:56Z", 7 * HOUR_MS, "2024-11-03T14:00:00Z"),
        ("America/Los_Angeles", "2024-11-03T12:34:56Z", 24 * HOUR_MS, "2024-11-04T07:00:00Z"),
        ("America/Los_Angeles", "2024-11-03T12:34:56Z", 48 * HOUR_MS, "2024-11-04T08:00:00Z"),
        # A day that begins at 01:00, and ends at 01:00 of the next.
        ("America/Sao_Paulo", "2017-10-15T03:00:00Z", 48 * HOUR_MS, "2017-10-16T03:00:00Z"),
        ("America/Sao_Paulo", "2017-10-15T03:00:00Z", HOUR_MS, "2017-10-15T04:00:00Z"),
        # A day of 23 hours.
        ("America/New_York", "2024-03-10T05:00:00Z", 24 * HOUR_MS, "2024-03-11T04:00:00Z"),
        ("America/New_York", "2024-03-11T03:59:59.999Z", 7 * HOUR_MS, "2024-03-11T04:00:00Z"),
        # A midnight that comes twice: the day begins at the first, and has 25 hours.
        ("Asia/Amman", "2021-10-28T21:30:00Z", 24 * HOUR_MS, "2021-10-29T21:00:00Z"),
        ("Asia/Amman", "2021-10-28T22:30:00Z", 3 * HOUR_MS, "2021-10-29T00:00:00Z"),
        # Half an hour of summer time: days of 24.5 and 23.5 hours.
        ("Australia/Lord_Howe", "2024-04-06T13:00:00Z", 48 * HOUR_MS, "2024-04-07T13:30:00Z"),
        ("Australia/Lord_Howe", "2024-10-05T13:30:00Z", 48 * HOUR_MS, "2024-10-06T13:00:00Z"),
        # Slots restart at local midnight, so one that does not divide the day ends short.
        ("UTC", "2024-01-01T21:00:00Z", 7 * HOUR_MS, "2024-01-02T00:00:00Z"),
        ("Asia/Kolkata", "2024-01-01T18:29:00Z", HOUR_MS, "2024-01-01T18:30:00Z"),
        ("+05:45", "2024-01-01T18:14:00Z", HOUR_MS, "2024-01-01T18:15:00Z"),
        ("Asia/Kolkata", "2024-01-01T18:30:00Z", HOUR_MS, "2024-01-01T19:30:00Z"),
        # A slot is never now, and before 1970 the same holds.
        ("UTC", "2024-01-01T00:00:00Z", HOUR_MS, "2024-01-01T01:00:00Z"),
        ("UTC", "2024-01-01T00:59:59.999Z", HOUR_MS, "2024-01-01T01:00:00Z"),
        ("UTC", "1969-12-31T23:30:00Z", HOUR_MS, "1970-01-01T00:00:00Z"),
    ],
)
def test_the_next_slot(zone: str, now: str, period_ms: int, slot: str) -> None:
    """The first slot after now, at the latest the end of the local day, which has 23, 24 or 25 hours."""
    assert ms(slot) == next_scheduled_ms(ms(now), period_ms, Zone.named(zone))
