"""Directories and names: time buckets over clock changes, and the parts of a key (reference 4.1 and 4.5)."""

from datetime import datetime

import pytest

from onceproof.sink.config import parse
from onceproof.sink.effects import TopicPartition
from onceproof.sink.partitioner import TimeEncoder, object_key
from onceproof.sink.zones import Zone

BASE = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
HOURLY = "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH"
HOUR_MS = 3_600_000


def directory(zone: str, when: str | int, duration_ms: int = HOUR_MS, path_format: str = HOURLY) -> str:
    """The directory of an instant."""
    config = parse(
        {
            **BASE,
            "partitioner.class": "io.confluent.connect.storage.partitioner.TimeBasedPartitioner",
            "partition.duration.ms": str(duration_ms),
            "path.format": path_format,
            "locale": "en",
            "timezone": zone,
            "timestamp.extractor": "Record",
        }
    )
    assert config.time_bucket is not None
    ms = when if isinstance(when, int) else int(datetime.fromisoformat(when).timestamp() * 1000)
    return TimeEncoder(config.time_bucket)(ms)


@pytest.mark.parametrize(
    ("zone", "when", "duration_ms", "text"),
    [
        ("America/New_York", "2024-03-10T06:59:59Z", HOUR_MS, "year=2024/month=03/day=10/hour=01"),
        ("America/New_York", "2024-03-10T07:00:00Z", HOUR_MS, "year=2024/month=03/day=10/hour=03"),
        ("America/New_York", "2024-03-10T07:30:00Z", 2 * HOUR_MS, "year=2024/month=03/day=10/hour=03"),
        ("America/New_York", "2024-11-03T05:30:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=01"),
        ("America/New_York", "2024-11-03T06:30:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=01"),
        ("America/New_York", "2024-11-03T07:00:00Z", HOUR_MS, "year=2024/month=11/day=03/hour=02"),
        ("Europe/Paris", "2024-03-31T01:00:00Z", 2 * HOUR_MS, "year=2024/month=03/day=31/hour=03"),
        ("America/Sao_Paulo", "2017-10-15T12:00:00Z", 24 * HOUR_MS, "year=2017/month=10/day=15/hour=01"),
        ("UTC", -1, HOUR_MS, "year=1970/month=01/day=01/hour=00"),
        ("UTC", -3_600_001, HOUR_MS, "year=1969/month=12/day=31/hour=23"),
        ("UTC", 253_402_300_800_000, HOUR_MS, "year=10000/month=01/day=01/hour=00"),
        ("Europe/Paris", 253_402_300_800_000, HOUR_MS, "year=10000/month=01/day=01/hour=01"),
        ("-03:30", "2024-01-01T00:00:00Z", HOUR_MS, "year=2023/month=12/day=31/hour=20"),
    ],
)
def test_an_instant_belongs_to_the_bucket_of_its_local_time(
    zone: str, when: str | int, duration_ms: int, text: str
) -> None:
    """Truncated toward zero on the wall; a bucket that begins in a gap moves on, both hours of an overlap are one."""
    assert text == directory(zone, when, duration_ms)


def test_only_the_truncated_instant_is_printed() -> None:
    """Duration and pattern are independent: a bucket of 15 minutes prints its first minute."""
    text = directory("Asia/Kolkata", 1_738_554_309_123, 15 * 60_000, "YYYY/MM/dd/'hour_'HH/'m_'mm")

    assert "2025/02/03/hour_09/m_15" == text


@pytest.mark.parametrize(("zone", "text"), [("America/New_York", "01 -0400"), ("Europe/Paris", "02 +0100")])
def test_a_repeated_hour_prints_the_zone_of_one_of_both(zone: str, text: str) -> None:
    """West of Greenwich the earlier instant, east of it the later (reference 4.5, localToUtc)."""
    when = {"America/New_York": "2024-11-03T06:30:00Z", "Europe/Paris": "2024-10-27T00:30:00Z"}[zone]

    assert text == directory(zone, when, path_format="HH Z")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Sao_Paulo", "Asia/Kathmandu", "+14:00"])
def test_a_remembered_bucket_prints_as_a_fresh_one(zone: str) -> None:
    """One encoder over a year gives what a new one gives for each instant."""
    times = range(1_490_000_000_000, 1_521_536_000_000, 97 * HOUR_MS)
    encode = TimeEncoder(_bucket(zone))

    assert [TimeEncoder(_bucket(zone))(ms) for ms in times] == [encode(ms) for ms in times]


def _bucket(zone: str):  # type: ignore[no-untyped-def]
    found = parse(
        {
            **BASE,
            "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
            "locale": "en",
            "timezone": zone,
        }
    ).time_bucket
    assert found is not None
    assert Zone.named(zone) is found.zone
    return found


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.json"),
        ({"topics.dir": ""}, "clicks/partition=3/clicks+3+0000000120.json"),
        ({"topics.dir": "a/b"}, "a/b/clicks/partition=3/clicks+3+0000000120.json"),
        ({"directory.delim": "|"}, "topics|clicks|partition=3|clicks+3+0000000120.json"),
        ({"file.delim": "_"}, "topics/clicks/partition=3/clicks_3_0000000120.json"),
        ({"filename.offset.zero.pad.width": "1"}, "topics/clicks/partition=3/clicks+3+120.json"),
        ({"filename.offset.zero.pad.width": "4"}, "topics/clicks/partition=3/clicks+3+0120.json"),
        (
            {
                "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
                "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
                "format.bytearray.extension": ".raw",
            },
            "topics/clicks/partition=3/clicks+3+0000000120.raw",
        ),
    ],
)
def test_a_key_has_its_parts_in_order(changes: dict[str, str], key: str) -> None:
    """Topic twice and verbatim, the directory between, the offset padded and never cut."""
    assert key == object_key(parse({**BASE, **changes}), TopicPartition("clicks", 3), "partition=3", 120)


def test_an_offset_longer_than_the_pad_is_not_cut() -> None:
    """Names stay distinct beyond ten digits."""
    key = object_key(parse(BASE), TopicPartition("t", 0), "partition=0", 12_345_678_901)

    assert "topics/t/partition=0/t+0+12345678901.json" == key
