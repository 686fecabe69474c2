"""`onceproof sink clean`: which uploads could be this configuration's, and how spans of time are told."""

from collections.abc import Mapping

import pytest

from onceproof.sink.config import SinkConfig
from onceproof.sink.outside.clean import Leftover, _is_padded, find, key_pattern, seconds, span
from onceproof.sink.outside.s3 import Upload
from onceproof.sink.settings.parsing import parse

MINIMAL = {
    "topics": "clicks",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "bucket",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
PARTITIONERS = "io.confluent.connect.storage.partitioner"
HOURLY = {
    "partitioner.class": f"{PARTITIONERS}.HourlyPartitioner",
    "locale": "en",
    "timezone": "UTC",
}
FIELDS = {
    "partitioner.class": f"{PARTITIONERS}.FieldPartitioner",
    "partition.field.name": "user.id,kind",
    "value.converter.schemas.enable": "true",
}
MONTHS = {
    "partitioner.class": f"{PARTITIONERS}.TimeBasedPartitioner",
    "path.format": "'on'/MMMM-dd",
    "partition.duration.ms": "3600000",
    "locale": "en",
    "timezone": "UTC",
}
AVRO_KEYS = {"store.kafka.keys": "true"}
TOMBSTONES = {**AVRO_KEYS, "behavior.on.null.values": "write"}
PREFIXED = {"s3.schema.partition.affix.type": "PREFIX"}


def config(given: Mapping[str, str]) -> SinkConfig:
    """MINIMAL with these changes."""
    return parse({**MINIMAL, **given})


def is_ours(given: Mapping[str, str], key: str) -> bool:
    """Whether the configuration could have made the key, for its topic `clicks`."""
    made = config(given)
    match = key_pattern(made, "clicks").fullmatch(key)
    return match is not None and _is_padded(match["offset"], made.pad_width)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.json"),
        ({}, "topics/clicks/partition=3/clicks+3+10000000000.json"),
        ({"topics.dir": ""}, "clicks/partition=0/clicks+0+0000000000.json"),
        ({"topics.dir": "a/b"}, "a/b/clicks/partition=0/clicks+0+0000000000.json"),
        ({"directory.delim": "_", "file.delim": "#"}, "topics_clicks_partition=12_clicks#12#0000000000.json"),
        ({"filename.offset.zero.pad.width": "2"}, "topics/clicks/partition=3/clicks+3+07.json"),
        ({"s3.compression.type": "gzip"}, "topics/clicks/partition=3/clicks+3+0000000120.json.gz"),
        (AVRO_KEYS, "topics/clicks/partition=3/clicks+3+0000000120.keys.avro"),
        (TOMBSTONES, "topics/clicks/tombstone/clicks+3+0000000120.keys.avro"),
        (HOURLY, "topics/clicks/year=2024/month=01/day=31/hour=07/clicks+0+0000000000.json"),
        (FIELDS, "topics/clicks/user.id=a/b/kind=null/clicks+0+0000000000.json"),
        (MONTHS, "topics/clicks/on/January-31/clicks+0+0000000000.json"),
        (PREFIXED, "topics/clicks/schema_name=null/partition=0/clicks+0+0000000000.json"),
    ],
)
def test_a_key_that_the_configuration_makes_is_its_own(given: Mapping[str, str], key: str) -> None:
    """Whatever format, names and partitioner."""
    assert is_ours(given, key)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.avro"),
        ({}, "topics/clicks/partition=3/clicks+3+120.json"),
        ({}, "topics/clicks/partition=3/clicks+3+00000000120.json"),
        ({}, "topics/clicks/partition=3/clicks+4+0000000120.json"),
        ({}, "topics/clicks/partition=3/clicks+03+0000000120.json"),
        ({}, "topics/clicks/partition=3/others+3+0000000120.json"),
        ({}, "topics/clicks/year=2024/clicks+3+0000000120.json"),
        ({}, "topics/clicks/partition=3/more/clicks+3+0000000120.json"),
        ({}, "other/clicks/partition=3/clicks+3+0000000120.json"),
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.keys.avro"),
        ({}, "topics/clicks/partition=3/clicks+3+0000000120.json.gz"),
        ({}, "topics/clicks/report.json"),
        (AVRO_KEYS, "topics/clicks/tombstone/clicks+3+0000000120.keys.avro"),
        (HOURLY, "topics/clicks/year=2024/month=01/day=31/clicks+0+0000000000.json"),
        (HOURLY, "topics/clicks/year=x/month=01/day=31/hour=07/clicks+0+0000000000.json"),
        (FIELDS, "topics/clicks/kind=a/user.id=b/clicks+0+0000000000.json"),
        (PREFIXED, "topics/clicks/partition=0/clicks+0+0000000000.json"),
    ],
)
def test_any_other_key_is_somebody_elses(given: Mapping[str, str], key: str) -> None:
    """Also in the same folder."""
    assert not is_ours(given, key)


class Store:
    """A bucket of unfinished uploads, by key."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.asked: list[str] = []

    def unfinished_uploads(self, prefix: str) -> list[Upload]:
        """Those below it."""
        self.asked.append(prefix)
        return [Upload(key, "u", "then") for key in self.keys if key.startswith(prefix)]  # type: ignore[arg-type]

    def uploaded_bytes(self, key: str, upload_id: str) -> int:
        """As long as its key."""
        return len(key)


def test_only_the_folders_of_the_topics_are_listed() -> None:
    """With their delimiter: a topic whose name begins alike has a folder of its own; without `topics.dir` as well."""
    own = "clicks/partition=0/clicks+0+0000000000.json"
    store = Store(own, "clicks/readme.txt", "clicks-old/partition=0/clicks-old+0+0000000000.json")

    found = list(find(store, config({"topics.dir": ""}), ("clicks", "views")))  # type: ignore[arg-type]

    assert [Leftover(own, "u", "then", len(own))] == found
    assert ["clicks/", "views/"] == store.asked


@pytest.mark.parametrize(("text", "length"), [("30s", 30), ("90m", 5_400), ("24h", 86_400), ("7d", 604_800), ("0d", 0)])
def test_a_span_is_read(text: str, length: int) -> None:
    """A number and a unit."""
    assert length == seconds(text)


@pytest.mark.parametrize("text", ["", "7", "d", "1w", "-1d", "1.5h", "1d2h"])
def test_anything_else_is_no_span(text: str) -> None:
    """It says what one looks like."""
    with pytest.raises(ValueError, match="is no span of time such as 90m, 24h or 7d"):
        seconds(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.4, "0s"),
        (59, "59s"),
        (61, "1m 1s"),
        (7_260, "2h 1m"),
        (789_000, "9d 3h"),
        (604_800, "7d"),
        (604_801, "7d"),
        (3_600, "1h"),
        (1, "1s"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(length: float, text: str) -> None:
    """More would not be read."""
    assert text == span(length)
