"""Which directory a record belongs to: its encoded partition, and from it the key of its object (reference 4)."""

from collections.abc import Callable
from typing import TypeAlias

from onceproof.sink.config import SinkConfig, TimeBucket
from onceproof.sink.effects import TopicPartition

Encoder: TypeAlias = Callable[[int], str]
"""From milliseconds since the epoch to the directory of the bucket they fall into."""


class TimeEncoder:
    """The directory of a time bucket; remembers those seen, since records of one bucket come in runs."""

    __slots__ = ("_bucket", "_by_start")

    def __init__(self, bucket: TimeBucket) -> None:
        self._bucket = bucket
        self._by_start: dict[int, str] = {}

    def span(self, timestamp_ms: int) -> tuple[int, int]:
        """A half-open range of instants around this one that share its directory; may be narrower than the bucket."""
        low_ms, high_ms, offset_ms = self._bucket.zone.steady(timestamp_ms)
        local_ms = timestamp_ms + offset_ms
        if local_ms < 0:
            return timestamp_ms, timestamp_ms + 1
        start_ms = local_ms // self._bucket.duration_ms * self._bucket.duration_ms - offset_ms
        return max(low_ms, start_ms), min(high_ms, start_ms + self._bucket.duration_ms)

    def __call__(self, timestamp_ms: int) -> str:
        """Truncate local time (toward zero, as Java divides) and print it; a bucket that begins in a gap moves on."""
        bucket = self._bucket
        local_ms = timestamp_ms + bucket.zone.offset_ms(timestamp_ms)
        duration_ms = bucket.duration_ms
        start_ms = local_ms // duration_ms * duration_ms if local_ms >= 0 else -(-local_ms // duration_ms) * duration_ms
        text = self._by_start.get(start_ms)
        if text is None:
            if len(self._by_start) > 10_000:
                self._by_start.clear()
            instant_ms = bucket.zone.instant_ms(start_ms)
            offset_ms = bucket.zone.offset_ms(instant_ms)
            text = self._by_start[start_ms] = bucket.pattern.render(instant_ms + offset_ms, offset_ms)
        return text


def object_key(config: SinkConfig, partition: TopicPartition, encoded_partition: str, offset: int) -> str:
    """`topics/clicks/partition=3/clicks+3+0000000120.json`; a blank topics.dir goes with its delimiter."""
    name = config.file_delim.join(
        (partition.topic, str(partition.partition), str(offset).zfill(config.pad_width)),
    )
    directories = [config.topics_dir] if config.topics_dir.strip() else []
    directories += [partition.topic, encoded_partition, name]
    return config.directory_delim.join(directories) + config.extension
