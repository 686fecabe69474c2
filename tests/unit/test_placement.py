"""Which record stands in which object."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from model_stories import HOURLY, JSON, SCHEDULED, T0, P, key, log_of

from onceproof.model.history import Record
from onceproof.model.placement import Expected, Life, OutsideDomain, Pass, expected, fault_free, looked_at
from onceproof.model.settings import settings
from onceproof.model.timebucket import (
    bucket_local_ms,
    civil,
    compile_pattern,
    days_of,
    next_slot_ms,
    text_of_local,
    zone,
)
from onceproof.model.values import Malformed, timestamp_in

HOUR = 3_600_000
SECONDS_60 = {"rotate.interval.ms": "60000"}


def ms(text: str) -> int:
    """Milliseconds of an ISO time."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def placed(found: Expected) -> list[tuple[str, tuple[int, ...], str]]:
    """Names without their beginning, records and causes."""
    return [(made.key.removeprefix("topics/t/").rpartition("/")[0], made.offsets, made.cause) for made in found.objects]


def life(config: Mapping[str, str], *passes: tuple[int, int], **more: object) -> Life:
    """A life that reads from offset 0, opened at T0, with passes of (end, milliseconds after T0)."""
    plain: dict[str, object] = {"start_offset": 0, "opened_ms": T0, **more}
    return Life(config, P, passes=tuple(Pass(end, T0 + after) for end, after in passes), **plain)  # type: ignore[arg-type]


class TestFlushSize:
    """Rotation by count."""

    def test_the_record_that_reaches_the_count_is_the_last_of_its_object(self) -> None:
        """With flush.size 2, five records make two objects and leave one pending."""
        found = expected(log_of(count=5), life(JSON, (5, 0)))

        assert [("partition=0", (0, 1), "flush.size"), ("partition=0", (2, 3), "flush.size")] == placed(found)
        assert (4,) == found.pending

    @pytest.mark.parametrize("size", ["1", "0", "-1"])
    def test_one_and_less_gives_one_record_per_object(self, size: str) -> None:
        """A flush.size of 0 or less does not switch it off."""
        found = fault_free(log_of(count=2), {**JSON, "flush.size": size}, P)

        assert [key(0), key(1)] == [made.key for made in found.objects]

    def test_the_count_is_shared_by_all_open_files(self) -> None:
        """Two directories, flush.size 3: the third record closes both, in order of opening."""
        log = log_of(T0 + HOUR, T0, T0 + HOUR)
        found = fault_free(log, {**HOURLY, "flush.size": "3"}, P)

        late, early = "year=2024/month=01/day=01/hour=01", "year=2024/month=01/day=01/hour=00"
        assert [(late, (0, 2), "flush.size"), (early, (1,), "flush.size")] == placed(found)

    def test_how_a_log_is_split_into_passes_does_not_matter_without_a_clock(self) -> None:
        """Any split of a log leaves the objects of one pass over it all."""
        chance = random.Random(7)
        log = log_of(*[T0 + chance.randrange(3 * HOUR) for _ in range(40)])
        config = {**HOURLY, "flush.size": "4", **SECONDS_60}
        for _ in range(20):
            cuts = [*sorted(chance.sample(range(41), 6)), 40]
            found = expected(log, life(config, *[(cut, chance.randrange(HOUR)) for cut in cuts]))

            assert placed(fault_free(log, config, P)) == placed(found)


class TestInterval:
    """Rotation by record time."""

    def test_a_record_at_the_interval_begins_the_next_object(self) -> None:
        """The comparison is greater or equal, and the record that trips it goes to the next object."""
        found = fault_free(log_of(T0, T0 + 59_999, T0 + 60_000), {**HOURLY, "flush.size": "9", **SECONDS_60}, P)

        assert [(0, 1)] == [made.offsets for made in found.objects]
        assert "interval" == found.objects[0].cause

    def test_the_base_is_the_first_record_and_never_moves(self) -> None:
        """A late record neither lowers nor raises the base: only the distance to the first record counts."""
        log = log_of(T0 + 100_000, T0 + 50_000, T0 + 159_999, T0 + 160_000)
        found = fault_free(log, {**HOURLY, "flush.size": "9", **SECONDS_60}, P)

        assert [(0, 1, 2)] == [made.offsets for made in found.objects]

    def test_a_change_of_directory_rotates_only_with_an_interval(self) -> None:
        """An EP change counts if rotate.interval.ms is on, and if rotate.file.on.partition.change is."""
        log = log_of(T0, T0 - 1, T0)
        on = {**HOURLY, "flush.size": "9", "rotate.interval.ms": str(9 * HOUR)}

        assert ["partition change", "partition change"] == [made.cause for made in fault_free(log, on, P).objects]
        assert () == fault_free(log, {**on, "rotate.interval.ms": "-1"}, P).objects
        assert () == fault_free(log, {**on, "rotate.file.on.partition.change": "false"}, P).objects

    def test_the_default_partitioner_ignores_the_interval(self) -> None:
        """Without a partitioner of the time family there is no interval."""
        found = fault_free(log_of(count=3, step_ms=HOUR), {**JSON, "flush.size": "9", **SECONDS_60}, P)

        assert () == found.objects

    def test_an_empty_pass_never_rotates_by_interval(self) -> None:
        """With the wall clock too, only a later record trips the interval."""
        config = {**HOURLY, "flush.size": "9", "timestamp.extractor": "Wallclock", **SECONDS_60}

        assert () == expected(log_of(count=3), life(config, (2, 0), (2, 90_000))).objects
        tripped = expected(log_of(count=3), life(config, (2, 0), (3, 90_000)))
        assert [(0, 1)] == [made.offsets for made in tripped.objects]


class TestSchedule:
    """Rotation by the wall clock."""

    def test_an_empty_pass_rotates_when_the_scheduled_time_has_come(self) -> None:
        """At exactly the scheduled time the end-of-put check closes what is open."""
        found = expected(log_of(count=2), life(SCHEDULED, (2, 0), (2, 59_999), (2, 60_000)))

        assert [("partition=0", (0, 1), "schedule")] == placed(found)
        assert 2 == found.objects[0].pass_index

    def test_a_pass_after_the_time_rotates_before_its_first_record(self) -> None:
        """The record that comes too late begins the next object, under a schedule that has moved."""
        found = expected(log_of(count=3), life(SCHEDULED, (2, 0), (3, 60_000)))

        assert [(0, 1)] == [made.offsets for made in found.objects]
        assert (2,) == found.pending

    def test_an_idle_partition_does_not_rotate_its_first_record_at_once(self) -> None:
        """With nothing counted an expired slot moves, at the start of a pass, without rotating."""
        found = expected(log_of(count=2), life(SCHEDULED, (0, 0), (2, 60_000), (2, 119_999), (2, 120_000)))

        assert [((0, 1), 3)] == [(made.offsets, made.pass_index) for made in found.objects]

    def test_a_rotation_by_count_leaves_the_schedule_alone(self) -> None:
        """After a rotation by flush.size the old slot still stands."""
        config = {**SCHEDULED, "flush.size": "2"}
        found = expected(log_of(count=3), life(config, (3, 30_000), (3, 60_000)))

        assert [((0, 1), "flush.size"), ((2,), "schedule")] == [(made.offsets, made.cause) for made in found.objects]

    def test_a_clock_that_is_set_back_does_not_bring_the_slot_forward(self) -> None:
        """A rotation by flush.size leaves even a slot alone that now lies far ahead."""
        config = {**SCHEDULED, "flush.size": "2"}
        found = expected(log_of(count=3), life(config, (3, 0), (3, 60_000), (3, 120_000), opened_ms=T0 + 90_000))

        assert [(0, 0), (1, 2)] == [(at, made.pass_index) for at, made in enumerate(found.objects)]

    @pytest.mark.parametrize(
        ("minutes", "slot"),
        [
            (10, "2024-11-03T12:40:00+00:00"),
            (7 * 60, "2024-11-03T14:00:00+00:00"),
            (24 * 60, "2024-11-04T07:00:00+00:00"),
            (48 * 60, "2024-11-04T08:00:00+00:00"),
        ],
    )
    def test_slots_restart_at_local_midnight_on_a_day_of_25_hours(self, minutes: int, slot: str) -> None:
        """Los Angeles, 2024-11-03T12:34:56Z (reference 3.5)."""
        now = ms("2024-11-03T12:34:56+00:00")

        assert ms(slot) == next_slot_ms(now, minutes * 60_000, zone("America/Los_Angeles"))

    def test_a_day_without_midnight_begins_where_its_first_hour_does(self) -> None:
        """Sao Paulo, 2017-10-15: the day starts at 03:00Z, and its next midnight is the 16th, 03:00Z."""
        now = ms("2017-10-15T12:00:00+00:00")

        assert ms("2017-10-16T03:00:00+00:00") == next_slot_ms(now, 48 * HOUR, zone("America/Sao_Paulo"))
        assert ms("2017-10-15T13:00:00+00:00") == next_slot_ms(now, 5 * HOUR, zone("America/Sao_Paulo"))


class TestLife:
    """What a life is asked, and where it begins."""

    def test_offsets_are_handed_out_once(self) -> None:
        """Each ask returns the offset behind the last closed window, and nothing if it did so before."""
        config = {**JSON, "flush.size": "3"}
        found = expected(log_of(count=7), life(config, (2, 0), (6, 0), (7, 0), commits=(1, 2, 2, 3)))

        assert (None, 6, None, None) == found.commits

    def test_gaps_and_nulls_are_not_there(self) -> None:
        """Offsets missing from the log and values that convert to null take no place in an object."""
        log = (
            *log_of(count=2),
            Record(5, T0, None, None),
            Record(6, T0, None, b" null "),
            Record(9, T0, None, b"1"),
        )
        found = fault_free(log, {**JSON, "flush.size": "3", "behavior.on.null.values": "ignore"}, P)

        assert [(0, 1, 9)] == [made.offsets for made in found.objects]

    def test_a_writer_made_after_a_failure_waits_for_its_back_off(self) -> None:
        """Passes do nothing until retry.backoff.ms have gone by; then all that was delivered is looked at."""
        config = {**JSON, "retry.backoff.ms": "1000"}
        found = expected(log_of(count=4), life(config, (2, 500), (2, 999), (2, 1000), (4, 1000), failed_ms=T0))

        assert [((0, 1), 2), ((2, 3), 3)] == [(made.offsets, made.pass_index) for made in found.objects]

    def test_what_waits_for_the_back_off_is_pending(self) -> None:
        """Delivered and never looked at is neither lost nor stored."""
        found = expected(log_of(count=4), life(JSON, (2, 500), failed_ms=T0))

        assert (0, 1) == found.pending
        assert () == found.objects

    def test_reading_begins_at_the_start_offset(self) -> None:
        """Records before the start offset belong to an earlier life."""
        found = expected(log_of(count=4), life(JSON, (4, 0), start_offset=1))

        assert [(1, 2)] == [made.offsets for made in found.objects]
        assert (3,) == found.pending

    def test_the_wall_clock_of_a_pass_is_the_time_of_its_records(self) -> None:
        """Under Wallclock a record's directory is that of the pass that looked at it."""
        one = life({**HOURLY, "timestamp.extractor": "Wallclock"}, (1, 0), (2, HOUR))
        found = expected(log_of(count=2), one)

        assert ["hour=00", "hour=01"] == [made.key.split("/")[-2] for made in found.objects]
        assert {0: T0, 1: T0 + HOUR} == looked_at(log_of(count=2), one)


class TestTimeBucket:
    """Directories by time."""

    @pytest.mark.parametrize(
        ("zone_id", "hours", "time", "text"),
        [
            ("America/New_York", 1, "2024-03-10T06:59:59+00:00", "01"),
            ("America/New_York", 1, "2024-03-10T07:00:00+00:00", "03"),
            ("America/New_York", 2, "2024-03-10T07:30:00+00:00", "03"),
            ("America/New_York", 1, "2024-11-03T05:30:00+00:00", "01"),
            ("America/New_York", 1, "2024-11-03T06:30:00+00:00", "01"),
            ("America/New_York", 1, "2024-11-03T07:00:00+00:00", "02"),
            ("Europe/Paris", 2, "2024-03-31T01:00:00+00:00", "03"),
            ("America/Sao_Paulo", 24, "2017-10-15T12:00:00+00:00", "01"),
        ],
    )
    def test_a_bucket_is_local_and_moves_out_of_gaps(self, zone_id: str, hours: int, time: str, text: str) -> None:
        """The vectors of reference 4.5."""
        where = zone(zone_id)
        local = bucket_local_ms(ms(time), hours * HOUR, where)

        assert text == text_of_local(local, compile_pattern("HH"), where)

    def test_a_double_hour_is_the_earlier_one_west_and_the_later_one_east(self) -> None:
        """Visible only where the pattern prints the offset."""
        west, east = zone("America/New_York"), zone("Europe/Paris")

        assert ms("2024-11-03T05:30:00+00:00") == west.instant_ms(ms("2024-11-03T01:30:00+00:00"))
        assert ms("2024-10-27T01:30:00+00:00") == east.instant_ms(ms("2024-10-27T02:30:00+00:00"))

    @pytest.mark.parametrize(
        ("time_ms", "text"),
        [(-1, "1970-01-01 00"), (-3_600_001, "1969-12-31 23"), (253_402_300_800_000, "10000-01-01 00")],
    )
    def test_buckets_are_cut_toward_zero_and_years_never_end(self, time_ms: int, text: str) -> None:
        """Negative times are truncated, not floored; the year 10000 has five digits."""
        local = bucket_local_ms(time_ms, HOUR, zone("UTC"))

        assert text == text_of_local(local, compile_pattern("YYYY-MM-dd HH"), zone("UTC"))

    def test_a_quarter_of_an_hour_in_kolkata(self) -> None:
        """1738554309123 is 2025/02/03, hour 09, minute 15."""
        where = zone("Asia/Kolkata")
        local = bucket_local_ms(1_738_554_309_123, 15 * 60_000, where)

        assert "2025/02/03 h09 m15" == text_of_local(local, compile_pattern("YYYY/MM/dd 'h'HH 'm'mm"), where)

    def test_far_years_keep_the_rules_of_their_zone(self) -> None:
        """Summer in Paris is two hours ahead of UTC in the year 12024 as in 2024."""
        summer = ms("2024-07-01T00:00:00+00:00")
        far = summer + 25 * 146_097 * 86_400_000

        assert 2 * HOUR == zone("Europe/Paris").offset_ms(far) == zone("Europe/Paris").offset_ms(summer)

    @pytest.mark.parametrize(
        ("pattern", "text"),
        [
            ("''YY''", "'24'"),
            ("'it''s 'D", "it's 60"),
            ("'open YYYY", "open YYYY"),
            ("x-'W'ww-e", "2024-W09-4"),
            ("h K k H", "3 3 15 15"),
            ("S SSS SSSS", "0 007 0070"),
            ("C", "20"),
            ("Z ZZ ZZZ", "+0900 +09:00 Asia/Seoul"),
            ("M/d m s", "2/29 4 5"),
        ],
    )
    def test_numbers_pad_to_the_count_of_their_letter(self, pattern: str, text: str) -> None:
        """Joda's numeric letters and its quotes, at 2024-02-29T15:04:05.007 in Seoul."""
        local = ms("2024-02-29T15:04:05.007+00:00")

        assert text == text_of_local(local, compile_pattern(pattern), zone("Asia/Seoul"))

    @pytest.mark.parametrize("pattern", ["MMM", "EEE", "a", "G", "z", "YYYY-L", "u", "q"])
    def test_letters_that_print_text_are_refused(self, pattern: str) -> None:
        """Text is not supported yet, and letters that Joda does not know are errors."""
        with pytest.raises(ValueError, match=r"not supported yet|unknown"):
            compile_pattern(pattern)

    @pytest.mark.parametrize("zone_id", ["PST", "europe/paris", "GMT+1", ""])
    def test_ids_that_joda_rejects_are_refused(self, zone_id: str) -> None:
        """Zone ids are those of the tz database, case-sensitive, or fixed offsets."""
        with pytest.raises(ValueError, match="no time zone"):
            zone(zone_id)

    def test_the_calendar_agrees_with_the_standard_library(self) -> None:
        """Civil dates and day counts are inverse, and those of `datetime` where it has any."""
        for days in range(-720_000, 2_900_000, 997):
            year, month, day = civil(days)

            assert days == days_of(year, month, day)
            if 1 <= year <= 9999:
                found = datetime(year, month, day, tzinfo=UTC)
                assert days == found.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()


class TestRecordField:
    """Times inside values."""

    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("2017-03-02", "2017-03-02T00:00:00+00:00"),
            ("2017-061", "2017-03-02T00:00:00+00:00"),
            ("2017-W09-4", "2017-03-02T00:00:00+00:00"),
            ("2023-12", "2023-12-01T00:00:00+00:00"),
            ("2017-3-2", "2017-03-02T00:00:00+00:00"),
            ("2017-03-02T10", "2017-03-02T10:00:00+00:00"),
            ("2017-03-02T10:00Z", "2017-03-02T10:00:00+00:00"),
            ("2017-03-02T10:00:01.2345", "2017-03-02T10:00:01.234+00:00"),
            ("2017-03-02T10:00:01,5+01", "2017-03-02T09:00:01.500+00:00"),
            ("2017-03-02T10:00+0100", "2017-03-02T09:00:00+00:00"),
            ("2017-03-02T10:00-01:30", "2017-03-02T11:30:00+00:00"),
        ],
    )
    def test_iso_times_are_read_in_utc_unless_they_say_otherwise(self, text: str, time: str) -> None:
        """The texts of reference 4.6 and 9.2 B4."""
        assert ms(time) == timestamp_in({"a": {"b": text}}, ("a", "b"))

    @pytest.mark.parametrize(("text", "time_ms"), [("20170302", 20_170_302), ("2017", 2017), ("-5", -5)])
    def test_digits_are_milliseconds(self, text: str, time_ms: int) -> None:
        """A text of digits is a number, not a date."""
        assert time_ms == timestamp_in({"t": text}, ("t",))

    @pytest.mark.parametrize(("number", "time_ms"), [(3, 3), (1.9, 1), (-1.9, -1), (1e300, 2**63 - 1)])
    def test_any_number_becomes_a_long(self, number: float, time_ms: int) -> None:
        """Doubles are narrowed as Java narrows them."""
        assert time_ms == timestamp_in({"t": number}, ("t",))

    @pytest.mark.parametrize(
        "tree",
        [
            {},
            {"t": None},
            {"t": True},
            {"t": []},
            [],
            {"t": ""},
            {"t": "2017-03-02 10"},
            {"t": "2017-03-02T24:00"},
        ],
    )
    def test_what_kills_the_sink_is_malformed(self, tree: object) -> None:
        """Missing, null, of another type, or no ISO time."""
        with pytest.raises(Malformed):
            timestamp_in(tree, ("t",))  # type: ignore[arg-type]

    def test_a_record_without_its_field_is_outside_the_model(self) -> None:
        """The sink dies of such a record, so the model says which property and which offset."""
        config = {**HOURLY, "timestamp.extractor": "RecordField", "timestamp.field": "ts"}
        with pytest.raises(OutsideDomain, match=r"timestamp\.extractor=RecordField: offset 0"):
            fault_free(log_of(count=1), config, P)


class TestDomain:
    """What the model covers."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("format.class", "io.confluent.connect.s3.format.avro.AvroFormat"),
            ("partitioner.class", "io.confluent.connect.storage.partitioner.FieldPartitioner"),
            ("store.kafka.keys", "true"),
            ("s3.compression.type", "gzip"),
            ("behavior.on.null.values", "write"),
            ("value.converter.schemas.enable", "true"),
            ("partitioner.max.open.files", "2"),
            ("filename.offset.zero.pad.width", "0"),
            ("flush.size", "many"),
            ("timestamp.extractor", "NoSuchExtractor"),
            ("path.format", "YYYY/MMM"),
            ("timezone", "PST"),
            ("locale", ""),
            ("partition.duration.ms", "0"),
        ],
    )
    def test_a_property_outside_is_named_with_its_value(self, name: str, value: str) -> None:
        """Nothing is guessed: the error names property and value."""
        time_based = "io.confluent.connect.storage.partitioner.TimeBasedPartitioner"
        config = {
            **HOURLY,
            "partitioner.class": time_based,
            "path.format": "YYYY",
            "partition.duration.ms": "1000",
        }
        with pytest.raises(OutsideDomain, match=f"{name}='{value}'"):
            settings({**config, name: value})

    def test_a_topic_that_contains_the_tombstone_text_is_outside(self) -> None:
        """Its keys would get no value object at all."""
        with pytest.raises(OutsideDomain, match=r"tombstone\.encoded\.partition"):
            fault_free(log_of(count=2), JSON, P._replace(topic="tombstones"))

    def test_class_names_may_be_full(self) -> None:
        """Extractors may be named by class, as users sometimes do."""
        full = "io.confluent.connect.storage.partitioner.TimeBasedPartitioner$RecordTimestampExtractor"

        assert "record" == settings({**HOURLY, "timestamp.extractor": full}).clock

    def test_names_follow_their_properties(self) -> None:
        """Directories, delimiters, width and extension are the user's."""
        config = {
            **JSON, "flush.size": "1", "topics.dir": "", "directory.delim": "|", "file.delim": "_",
            "filename.offset.zero.pad.width": "3",
            "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
            "format.bytearray.extension": ".txt",
            "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        }  # fmt: skip

        assert ["t|partition=0|t_0_000.txt"] == [made.key for made in fault_free(log_of(count=1), config, P).objects]
