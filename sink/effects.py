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
    reason: Literal["open", "put", "reschedule", "failure", "record", "deadline"]


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


class TagObject(NamedTuple):
    """Replace the tags of an object, in up to `attempts` attempts. Result: None."""

    partition: TopicPartition
    key: str
    tags: tuple[tuple[str, str], ...]
    attempts: int


class FetchSchema(NamedTuple):
    """Ask the schema registry of the `side`'s converter for a schema by id, as a record of `topic` has it.

    Result: its text, references inlined, with the version of the topic's subject. Thrown in: SourceError.
    """

    side: Literal["key", "value"]
    schema_id: int
    topic: str


class Sleep(NamedTuple):
    """Let time pass before the next request. Result: None."""

    ms: int


class SendDeadLetter(NamedTuple):
    """Write a record to the dead letter queue as it stands in Kafka. Result: None, once the broker has it.

    The last five say what went wrong, as Connect's headers do. Thrown in: SourceError.
    """

    partition: TopicPartition
    record: Record
    stage: Literal["KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "TRANSFORMATION", "TASK_PUT"]
    executing_class: str
    java_class: str
    message: str
    stack_trace: str


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
    | TagObject
    | FetchSchema
    | Sleep
    | SendDeadLetter
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
    """These partitions are now the sink's too, with the position from which each will be read."""

    positions: Mapping[TopicPartition, int]


class Revoked(NamedTuple):
    """These partitions (None: all) are about to be taken away; offsets may still be committed."""

    partitions: frozenset[TopicPartition] | None = None


class Lost(NamedTuple):
    """These partitions (None: all) have been taken away; commits are forbidden."""

    partitions: frozenset[TopicPartition] | None = None


class Stop(NamedTuple):
    """Commit, close and end."""


Input: TypeAlias = Records | CommitDue | Assigned | Revoked | Lost | Stop
