"""When the wall clock closes files next: slots of `rotate.schedule.interval.ms`, counted from local midnight."""

from onceproof.sink.java.zones import DAY_MS, Zone


def day_start_ms(local_day: int, zone: Zone) -> int:
    """The instant at which a local day (counted from 1970-01-01) begins; later than 00:00 where a gap swallows it."""
    return zone.first_instant_ms(local_day * DAY_MS)


def next_scheduled_ms(now_ms: int, period_ms: int, zone: Zone) -> int:
    """The first slot after `now_ms`: slots restart at local midnight, so the last one of a day may be short.

    Source: reference 3.5 (a day of 23 or 25 hours counts with its real length).
    """
    local_day = (now_ms + zone.offset_ms(now_ms)) // DAY_MS
    start_ms = day_start_ms(local_day, zone)
    # The same wall time a calendar day later, so that a day that begins at 01:00 ends at 01:00.
    offset_ms = zone.offset_ms(start_ms)
    end_ms = start_ms + DAY_MS
    if zone.offset_ms(end_ms) != offset_ms:
        end_ms = zone.instant_ms(start_ms + offset_ms + DAY_MS)
    length_ms = end_ms - start_ms
    return start_ms + min(((now_ms - start_ms) // period_ms + 1) * period_ms, length_ms)
