"""Which record stands in which object."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from model_stories import HOURLY, JSON, SCHEDULED, T0, P, key, log_of

from onceproof.model.history import Record
from onceproof.model.placement import Expected, Life, OutsideDomain, Pass, expected, fault_free, looked_at
from onceproof.model.predictions import text_of
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
QUEUE = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dlq"}
ENVELOPES = {"value.converter.schemas.enable": "true"}
BY_FIELD = {
    **JSON,
    **ENVELOPES,
    "partitioner.class": "io.confluent.connect.storage.partitioner.FieldPartitioner",
    "partition.field.name": "f",
}
KEYS = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "store.kafka.keys": "true",
    "keys.format.class": JSON["format.class"],
}
HEADERS = {
    "header.converter": "org.apache.kafka.connect.storage.StringConverter",
    "store.kafka.headers": "true",
    "headers.format.class": JSON["format.class"],
}
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


def struct(fields: Mapping[str, Mapping[str, object]], **more: object) -> dict[str, object]:
    """The schema of a struct, as an envelope says it."""
    return {"type": "struct", "fields": [{"field": name, **field} for name, field in fields.items()], **more}


def envelope(
    offset: int, schema: Mapping[str, object] | None, payload: object, ts: int | None = T0, key: bytes | None = None
) -> Record:
    """A record whose value brings its schema."""
    return Record(offset, ts, key, json.dumps({"schema": schema, "payload": payload}).encode())


def offsets_of(found: Expected) -> list[tuple[int, ...]]:
    """What stands in each object."""
    return [made.offsets for made in found.objects]


def letters_of(found: Expected) -> list[tuple[int, str]]:
    """Offset and stage of each dead letter."""
    return [(letter.offset, letter.stage) for letter in found.dead_letters]


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

    @pytest.mark.parametrize("pattern", ["YYYY-L", "u", "q"])
    def test_letters_that_joda_does_not_know_are_refused(self, pattern: str) -> None:
        """A pattern with one is an error."""
        with pytest.raises(ValueError, match="unknown"):
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

    def test_a_record_without_its_field_kills(self) -> None:
        """Also with a reporter: what the extractor throws is never errant."""
        config = {**HOURLY, **QUEUE, "timestamp.extractor": "RecordField", "timestamp.field": "ts"}
        found = fault_free(log_of(count=1), config, P)

        assert found.failed is not None
        assert (0, 0) == (found.failed.offset, found.failed.pass_index)

    def test_a_field_of_a_struct_is_a_timestamp_a_long_or_a_text(self) -> None:
        """Under a schema its type decides: int64 and Timestamp are milliseconds, text is read, other types kill."""
        config = {**HOURLY, **ENVELOPES, "timestamp.extractor": "RecordField", "timestamp.field": "s.at"}
        logical = {"type": "int64", "name": "org.apache.kafka.connect.data.Timestamp", "version": 1}

        for field, value in (({"type": "int64"}, T0), (logical, T0), ({"type": "string"}, "2024-01-01T00:00:00Z")):
            inner = struct({"at": field})
            found = fault_free([envelope(0, struct({"s": inner}), {"s": {"at": value}})], config, P)
            assert None is found.failed
        inner = struct({"at": {"type": "int16"}})
        found = fault_free([envelope(0, struct({"s": inner}), {"s": {"at": 3}})], config, P)
        assert found.failed is not None


class TestDomain:
    """What the model covers."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("format.class", "com.example.Format"),
            ("partitioner.class", "com.example.Partitioner"),
            ("s3.compression.type", "snappy"),
            ("behavior.on.null.values", "write"),
            ("partitioner.max.open.files", "0"),
            ("filename.offset.zero.pad.width", "-1"),
            ("s3.schema.partition.affix.type", "prefix"),
            ("max.write.duration.ms", "0"),
            ("s3.object.tagging.key.value.pairs", "team"),
            ("flush.size", "many"),
            ("timestamp.extractor", "NoSuchExtractor"),
            ("path.format", "L"),
            ("timezone", "PST"),
            ("locale", ""),
            ("partition.duration.ms", "-1"),
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

    def test_compression_is_for_text_formats(self) -> None:
        """Of keys, too: gzip beside keys in Avro is refused by the sink, so there is nothing to say of it."""
        with pytest.raises(OutsideDomain, match=r"keys\.format\.class"):
            settings({**JSON, "s3.compression.type": "gzip", "store.kafka.keys": "true"})

    def test_a_binary_file_of_keys_with_several_schemas_is_outside(self) -> None:
        """Schemas of keys rotate nothing, so they may meet in one file."""
        config = {**JSON, **KEYS, "keys.format.class": "io.confluent.connect.s3.format.avro.AvroFormat"}
        config["key.converter"] = JSON["value.converter"]
        keys = [json.dumps({"schema": {"type": kind}, "payload": 1}).encode() for kind in ("int32", "int64")]
        log = [Record(at, T0, each, b"1") for at, each in enumerate(keys)]

        with pytest.raises(OutsideDomain, match="a second schema of its key"):
            fault_free(log, config, P)
        assert [(0,), (0,), (1,), (1,)] == offsets_of(fault_free(log, {**config, "flush.size": "1"}, P))

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


R1 = struct({"f": {"type": "string"}}, name="R", version=1)
R2 = struct({"f": {"type": "string"}, "g": {"type": "string", "optional": True}}, name="R", version=2)
OTHER = struct({"f": {"type": "string"}}, name="X", version=1)
REQUIRED = struct({"f": {"type": "string"}, "n": {"type": "int32", "default": 1}}, name="R", version=1)


def of(offset: int, schema: Mapping[str, object] | None, f: str = "a", ts: int | None = T0) -> Record:
    """A record whose field f says this."""
    return envelope(offset, schema, {"f": f}, ts)


class TestDirectories:
    """Partitioners by field and by schema."""

    def test_fields_name_directories(self) -> None:
        """In the order configured, nested ones dotted, null as text, text raw."""
        schema = struct({
            "n": {"type": "int8", "optional": True}, "b": {"type": "boolean"}, "t": {"type": "string"},
            "s": struct({"x": {"type": "int64"}}, optional=True),
        })  # fmt: skip
        config = {**BY_FIELD, "flush.size": "1", "partition.field.name": "t, n,b,s.x"}
        log = [
            envelope(0, schema, {"n": -3, "b": True, "t": "a/b=c", "s": {"x": 5}}),
            envelope(1, schema, {"n": None, "b": False, "t": "", "s": None}),
        ]
        found = fault_free(log, config, P)

        assert ["t=a/b=c/n=-3/b=true/s.x=5", "t=/n=null/b=false/s.x=null"] == [at for at, _, _ in placed(found)]

    @pytest.mark.parametrize(
        ("schema", "value", "fatal"),
        [
            (None, {"f": "a"}, False),
            ({"type": "string"}, "a", False),
            (struct({"f": {"type": "double"}}), {"f": 1.5}, False),
            (struct({"f": struct({"x": {"type": "string"}})}), {"f": {"x": "a"}}, False),
            (struct({"g": {"type": "string"}}), {"g": "a"}, True),
            (
                struct({"f": {"type": "int32", "name": "org.apache.kafka.connect.data.Date", "version": 1}}),
                {"f": 1},
                True,
            ),
        ],
    )
    def test_what_names_no_directory_is_errant_or_kills(self, schema: object, value: object, fatal: bool) -> None:
        """No struct, or a type that is not printed: errant. A field that is not in the schema, a logical one: fatal."""
        log = [envelope(0, schema, value), of(1, R1)]  # type: ignore[arg-type]
        found = fault_free(log, {**BY_FIELD, **QUEUE, "flush.size": "1"}, P)

        assert fatal == (found.failed is not None)
        assert ([] if fatal else [(0, "partition")]) == letters_of(found)
        assert ([] if fatal else [(1,)]) == offsets_of(found)

    def test_without_a_reporter_an_errant_record_kills(self) -> None:
        """errors.tolerance without a queue or a log is not enough."""
        log = [envelope(0, None, {"f": "a"}), of(1, R1)]
        tolerant = {**BY_FIELD, "errors.tolerance": "all"}

        assert fault_free(log, tolerant, P).failed is not None
        assert fault_free(log, {**tolerant, "errors.log.enable": "true"}, P).failed is None

    @pytest.mark.parametrize(
        ("affix", "directories"),
        [
            ("PREFIX", ["schema_name=R/partition=0", "schema_name=null/partition=0"]),
            ("SUFFIX", ["partition=0/schema_name=R", "partition=0/schema_name=null"]),
        ],
    )
    def test_the_name_of_the_schema_is_part_of_the_directory(self, affix: str, directories: list[str]) -> None:
        """A value without schema has the name null; it does not flip, since its directory is another."""
        config = {**JSON, **ENVELOPES, "s3.schema.partition.affix.type": affix}
        found = fault_free([of(0, R1), envelope(1, None, {"f": "a"})], config, P)

        assert directories == [at for at, _, _ in placed(found)]


class TestSchemas:
    """Rotation by schema."""

    def test_another_schema_begins_another_object(self) -> None:
        """NONE: any difference; the record goes to the next object."""
        found = fault_free([of(0, R1), of(1, R1), of(2, R2), of(3, R1)], {**JSON, **ENVELOPES, "flush.size": "9"}, P)

        assert [((0, 1), "schema"), ((2,), "schema")] == [(made.offsets, made.cause) for made in found.objects]

    def test_schemas_count_for_each_directory_and_close_all(self) -> None:
        """Each directory may have its own; a change in one closes the files of all."""
        log = [of(0, R1, "a"), of(1, R2, "b"), of(2, R1, "a"), of(3, R2, "b"), of(4, R2, "a")]
        found = fault_free(log, {**BY_FIELD, "flush.size": "9"}, P)

        assert [("f=a", (0, 2), "schema"), ("f=b", (1, 3), "schema")] == placed(found)

    def test_backward_projects_older_records_to_the_first(self) -> None:
        """The second begins an object, the third stands in it under its schema."""
        config = {**JSON, **ENVELOPES, "flush.size": "2", "schema.compatibility": "BACKWARD"}
        log = [of(0, R1), envelope(1, R2, {"f": "b", "g": "c"}), of(2, R1, "d")]
        found = fault_free(log, config, P)

        assert [(0,), (1, 2)] == offsets_of(found)
        assert b'{"f":"b","g":"c"}\n{"f":"d","g":null}\n' == text_of(log, config, P, found.objects[1])

    def test_a_flip_closes_what_is_open(self) -> None:
        """From a schema to none and back."""
        log = [of(0, R1), envelope(1, None, {"f": 1}), of(2, R1)]
        found = fault_free(log, {**JSON, **ENVELOPES, "flush.size": "9"}, P)

        assert [((0,), "schema flip"), ((1,), "schema flip")] == [(made.offsets, made.cause) for made in found.objects]

    def test_a_flip_without_anything_written_commits_zero(self) -> None:
        """H11: the first record is errant, the second flips; the last offset written is none."""
        config = {**JSON, **ENVELOPES, **QUEUE, **KEYS, "flush.size": "9"}
        log = [envelope(500, None, {"f": 1}), of(501, R1)._replace(key=b"k")]
        found = expected(log, life(config, (502, 0), start_offset=500, commits=(1, 1)))

        assert () == found.objects
        assert [(500, "write")] == letters_of(found)
        assert (0, None) == found.commits

    def test_an_expired_slot_cuts_behind_the_first_record_after_a_flip(self) -> None:
        """H32: a flip leaves the schedule alone."""
        config = {**SCHEDULED, **ENVELOPES}
        log = [of(0, R1), envelope(1, None, {"f": 1}), envelope(2, None, {"f": 2})]
        found = expected(log, life(config, (1, 0), (3, 60_000)))

        assert [((0,), "schema flip"), ((1,), "schedule")] == [(made.offsets, made.cause) for made in found.objects]

    def test_only_as_many_files_as_allowed_are_open(self) -> None:
        """The record that needs one more begins anew."""
        config = {**BY_FIELD, "flush.size": "9", "partitioner.max.open.files": "2"}
        found = fault_free([of(0, R1, "a"), of(1, R1, "b"), of(2, R1, "a"), of(3, R1, "c")], config, P)

        assert [("f=a", (0, 2), "open files"), ("f=b", (1,), "open files")] == placed(found)
        assert (3,) == found.pending


class TestErrants:
    """What errant records leave behind."""

    def test_the_base_is_set_by_an_errant_record(self) -> None:
        """H12: a replay that begins with the errant record cuts elsewhere than the run before it."""
        config = {**HOURLY, **QUEUE, **KEYS, "flush.size": "99", **SECONDS_60}
        seconds = (0, 10, 20, 70, 79, 85, 131)
        log = [Record(at, T0 + s * 1000, None if at == 2 else b"k", b"1") for at, s in enumerate(seconds)]

        assert [(0, 1), (3, 4, 5)] == [
            made.offsets for made in fault_free(log, config, P).objects if made.kind == "key"
        ]
        replay = expected(log, life(config, (7, 0), start_offset=2))
        assert [(3, 4)] == [made.offsets for made in replay.objects if made.kind == "key"]
        assert [(2, "write")] == letters_of(replay)

    def test_batches_matter_where_an_errant_record_set_the_base(self) -> None:
        """H13: at the end of a pass the last record's distance to the base counts."""
        config = {**HOURLY, **QUEUE, **KEYS, "flush.size": "2", **SECONDS_60}
        log = [Record(at, T0 + s * 1000, b"k" if at else None, b"1") for at, s in enumerate((0, 70, 30))]

        assert [(1, 2), (1, 2)] == offsets_of(expected(log, life(config, (3, 0))))
        split = expected(log, life(config, (2, 0), (3, 0)))
        assert [((1,), "interval", 0)] * 2 == [(made.offsets, made.cause, made.pass_index) for made in split.objects]

    def test_an_errant_first_record_gives_its_schema_to_the_file(self) -> None:
        """H14: a foreign one sends all that follow to the queue; under NONE it costs one more rotation."""
        config = {**JSON, **ENVELOPES, **QUEUE, **KEYS, "flush.size": "3"}
        first = [of(0, OTHER), *[of(at, R1)._replace(key=b"k") for at in range(1, 5)]]

        lost = fault_free(first, {**config, "schema.compatibility": "BACKWARD"}, P)
        assert [] == offsets_of(lost)
        assert [0, 1, 2, 3, 4] == [letter.offset for letter in lost.dead_letters]
        assert [(1,), (1,), (2, 3, 4), (2, 3, 4)] == offsets_of(fault_free(first, config, P))

    def test_what_was_written_of_an_errant_record_stays(self) -> None:
        """H15: a null header stops it behind its value and key, but for the first record of a file."""
        config = {**JSON, **QUEUE, **KEYS, **HEADERS, "flush.size": "2"}
        good, bad = (("h", b"x"),), (("h", None),)
        log = [Record(at, T0, b"k", b"1", bad if at in (0, 2) else good) for at in range(4)]
        found = fault_free(log, config, P)

        assert [("value", (1, 2, 3)), ("key", (1, 2, 3)), ("headers", (1, 3))] == [
            (made.kind, made.offsets) for made in found.objects
        ]
        assert [(0, "write"), (2, "write")] == letters_of(found)

    def test_records_that_cannot_be_converted_or_are_null_leave_gaps(self) -> None:
        """Reported, and covered by the commit of the next rotation."""
        config = {**JSON, **QUEUE, "behavior.on.null.values": "ignore"}
        values = (b"1", None, b"{", b"4")
        log = [Record(at, T0, None, value) for at, value in enumerate(values)]
        found = expected(log, life(config, (4, 0), commits=(1,)))

        assert [(0, 3)] == offsets_of(found)
        assert [(2, "conversion"), (1, "null")] == letters_of(found)
        assert (4,) == found.commits

    def test_a_record_without_a_timestamp_is_errant(self) -> None:
        """The one thing about time that does not kill."""
        log = [Record(0, None, None, b"1"), *[Record(at, T0, None, b"1") for at in (1, 2)]]

        assert [(0, "partition")] == letters_of(fault_free(log, {**HOURLY, **QUEUE}, P))
        assert fault_free(log, HOURLY, P).failed is not None


class TestDeath:
    """Where a life ends."""

    def test_a_null_kills_the_whole_put(self) -> None:
        """The policy comes before any record is written; what earlier puts closed is committed."""
        log = [Record(at, T0, None, None if at == 5 else b"1") for at in range(6)]
        found = expected(log, life(JSON, (3, 0), (6, 0), commits=(2,)))

        assert [(0, 1)] == offsets_of(found)
        assert found.failed is not None
        assert (5, 1) == (found.failed.offset, found.failed.pass_index)
        assert (2,) == found.commits
        assert (2,) == found.pending

    def test_what_the_failing_put_closed_stays_and_is_not_committed(self) -> None:
        """9.2 B1: the position that bounds a commit moves only when put() returns."""
        log = [Record(at, T0, b"k" if at < 3 else None, b"1") for at in range(4)]
        found = expected(log, life({**JSON, **KEYS}, (1, 0), (4, 0), commits=(1, 2)))

        assert [(0, 1), (0, 1)] == offsets_of(found)
        assert (None, None) == found.commits
        assert found.failed is not None
        assert 3 == found.failed.offset

    @pytest.mark.parametrize("changed", [{"filename.offset.zero.pad.width": "0"}, {"partition.duration.ms": "0"}])
    def test_zeros_that_pass_validation_kill_at_the_first_record(self, changed: dict[str, str]) -> None:
        """A name of no width, a bucket of no length."""
        time_based = "io.confluent.connect.storage.partitioner.TimeBasedPartitioner"
        config = {**HOURLY, "partitioner.class": time_based, "path.format": "YYYY", "partition.duration.ms": "1000"}

        assert fault_free(log_of(count=1), {**config, **changed}, P).failed is not None

    def test_fault_free_writes_what_comes_before_the_record_that_kills(self) -> None:
        """However the log is polled, it must not hide what a poll before that record would have written."""
        log = [Record(at, T0, None, b"1" if at < 3 else b"{") for at in range(5)]
        found = fault_free(log, JSON, P)

        assert [(0, 1)] == offsets_of(found)
        assert found.failed is not None


class TestTombstones:
    """Null values that are written."""

    WRITE: ClassVar = {**JSON, **KEYS, "behavior.on.null.values": "write"}

    def test_tombstones_have_keys_in_a_directory_of_their_own(self) -> None:
        """No value object stands there."""
        log = [Record(at, T0, b"k", None if at == 1 else b"1") for at in range(3)]
        found = fault_free(log, {**self.WRITE, "flush.size": "3"}, P)

        names = ["partition=0/t+0+0000000000.json", "partition=0/t+0+0000000000.keys.json"]
        assert [*names, "tombstone/t+0+0000000001.keys.json"] == [
            made.key.removeprefix("topics/t/") for made in found.objects
        ]
        assert ["value", "key", "key"] == [made.kind for made in found.objects]

    def test_next_to_tombstones_a_change_of_directory_closes_nothing(self) -> None:
        """From A to a tombstone to B all three stay open; from A to B not (reference 3.4)."""
        config = {**HOURLY, **self.WRITE, "flush.size": "9", "rotate.interval.ms": str(9 * HOUR)}
        config |= {"partitioner.class": HOURLY["partitioner.class"]}
        hours = (0, 0, 1, 2)
        log = [Record(at, T0 + h * HOUR, b"k", None if at == 1 else b"1") for at, h in enumerate(hours)]
        found = fault_free(log, config, P)

        assert [(0,), (0,), (1,), (2,), (2,)] == offsets_of(found)
        assert {"partition change"} == {made.cause for made in found.objects}

    def test_a_topic_that_contains_the_text_kills_at_its_first_value(self) -> None:
        """H25: its files get no value object, whatever becomes of null values."""
        found = fault_free(log_of(count=2), JSON, P._replace(topic="tombstones"))

        assert found.failed is not None
        assert 0 == found.failed.offset


class TestNames:
    """Extensions of all formats and kinds."""

    @pytest.mark.parametrize(
        ("config", "names"),
        [
            ({}, ["t+0+0000000000.json", "t+0+0000000000.keys.json", "t+0+0000000000.headers.json"]),
            (
                {"s3.compression.type": "gzip"},
                ["t+0+0000000000.json.gz", "t+0+0000000000.keys.json.gz", "t+0+0000000000.headers.json.gz"],
            ),
            (
                {"keys.format.class": "io.confluent.connect.s3.format.avro.AvroFormat"},
                ["t+0+0000000000.json", "t+0+0000000000.keys.avro", "t+0+0000000000.headers.json"],
            ),
            (
                {
                    "headers.format.class": "io.confluent.connect.s3.format.parquet.ParquetFormat",
                    "parquet.codec": "lz4",
                },
                ["t+0+0000000000.json", "t+0+0000000000.keys.json", "t+0+0000000000.headers.lz4hadoop.parquet"],
            ),
        ],
    )
    def test_each_kind_has_the_extension_of_its_format(self, config: dict[str, str], names: list[str]) -> None:
        """Value, key, headers, in this order."""
        log = [Record(0, T0, b"k", b"1", (("h", b"x"),))]
        found = fault_free(log, {**JSON, **KEYS, **HEADERS, "flush.size": "1", **config}, P)

        assert names == [made.key.rpartition("/")[2] for made in found.objects]

    def test_a_topic_may_contain_the_extension(self) -> None:
        """Only what stands at the end is cut off."""
        log = [Record(0, T0, b"k", b"1")]
        found = fault_free(log, {**JSON, **KEYS, "flush.size": "1"}, P._replace(topic="a.json"))

        assert ["a.json+0+0000000000.json", "a.json+0+0000000000.keys.json"] == [
            made.key.rpartition("/")[2] for made in found.objects
        ]
