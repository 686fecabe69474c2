"""What the core asks of the outside (effects), and what it is told (inputs).

Laws:
1. The core yields an effect and is sent its result; a refused or unanswered request is thrown in as `StoreError`.
2. Only S3 writes and offset commits change the outside. A crash matters only between two of these.
3. `Poll`, `ReadClock` and `HeadObject` are inputs: they change nothing.
4. Effects come per batch and per file, never per record.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias


class TopicPartition(NamedTuple):
    """One partition of one topic; prints as Kafka Connect writes it, `topic-0`."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Record(NamedTuple):
    """One record as the consumer delivers it. `timestamp_ms` is None where the record has none."""

    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


# --- effects ---------------------------------------------------------------------------------------------------------


class HeadBucket(NamedTuple):
    """Ask whether the bucket exists; a missing one fails the start. Result: None."""


class Poll(NamedTuple):
    """Wait for the next input. Before records are fetched, set the positions of `rewind`; fetch none of `paused`."""

    rewind: Mapping[TopicPartition, int]
    paused: frozenset[TopicPartition]


class ReadClock(NamedTuple):
    """Read the wall clock. Result: milliseconds since the epoch. `reason` says what for, for the history."""

    partition: TopicPartition
    reason: Literal["open", "put", "reschedule", "failure"]


class CreateUpload(NamedTuple):
    """Begin a multipart upload. Result: its id."""

    partition: TopicPartition
    key: str


class UploadPart(NamedTuple):
    """Send part `number` (from 1). Result: its ETag."""

    partition: TopicPartition
    key: str
    upload_id: str
    number: int
    body: bytes


class CompleteUpload(NamedTuple):
    """Make the object visible under `key`; `if_absent` sends If-None-Match: *. Result: its version id."""

    partition: TopicPartition
    key: str
    upload_id: str
    etags: tuple[str, ...]
    if_absent: bool


class AbortUpload(NamedTuple):
    """Throw an unfinished upload away. Result: None."""

    partition: TopicPartition
    key: str
    upload_id: str


class HeadObject(NamedTuple):
    """Ask for an object. Result: `exists`, `missing` or `forbidden` (403); anything else is thrown in."""

    partition: TopicPartition
    key: str


class Commit(NamedTuple):
    """Commit offsets (the next ones to read) for the group. Result: whether it was done; a refusal is no error."""

    offsets: Mapping[TopicPartition, int]


class Released(NamedTuple):
    """All that a `Revoked` or `Lost` asked for is done; the client may return from its callback. Result: None."""


class Report(NamedTuple):
    """Something an operator should read. Result: None."""

    level: Literal["info", "warning", "error"]
    message: str


Effect: TypeAlias = (
    HeadBucket
    | Poll
    | ReadClock
    | CreateUpload
    | UploadPart
    | CompleteUpload
    | AbortUpload
    | HeadObject
    | Commit
    | Released
    | Report
)

# --- inputs: the results of Poll -------------------------------------------------------------------------------------


class Records(NamedTuple):
    """One consumer poll: records by partition, ascending by offset; empty when the poll timed out."""

    by_partition: Mapping[TopicPartition, list[Record]]


class CommitDue(NamedTuple):
    """The time to commit offsets has come (`offset.flush.interval.ms`, or because a scenario says so)."""


class Assigned(NamedTuple):
    """These partitions are now the sink's, with the position from which each will be read."""

    positions: Mapping[TopicPartition, int]


class Revoked(NamedTuple):
    """All partitions are about to be taken away; offsets may still be committed."""


class Lost(NamedTuple):
    """All partitions have been taken away; commits are forbidden."""


class Stop(NamedTuple):
    """Commit, close and end."""


Input: TypeAlias = Records | CommitDue | Assigned | Revoked | Lost | Stop
