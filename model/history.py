"""What happened in one run: the log, the inputs and effects in order, and the bucket with all versions of every key.

A history is all that the judge needs: it says nothing about how the sink works inside, so an old history can be
judged by a newer judge. Offsets are Kafka's, ranges are half-open, times are milliseconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, NamedTuple, TypeAlias

from onceproof.model.frozen import frozen

Outcome: TypeAlias = Literal["ok", "failed", "unknown"]
"""What the sink was told: done, refused, or nothing it can rely on (the reply was lost)."""


class TopicPartition(NamedTuple):
    """One partition of one topic; prints as Kafka Connect writes it, `topic-0`."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Record(NamedTuple):
    """One record as it stands in Kafka, before any converter."""

    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


Log: TypeAlias = Mapping[TopicPartition, tuple[Record, ...]]
"""Visible records by partition, ascending by offset; offsets may have gaps and may start anywhere.

Of a run: all that were ever there; `LogChanged` says which went when."""


@frozen
class Started:
    """A life of the sink process begins with `config`, the properties as a user of Kafka Connect writes them."""

    life: int
    config: Mapping[str, str]


@frozen
class Opened:
    """A writer for `partition` was created, in a new life or after a rebalance; reading starts at `offset`."""

    life: int
    partition: TopicPartition
    offset: int
    now_ms: int


@frozen
class Put:
    """One pass of the writer of `partition` over all that it was handed so far, which ends before `end_offset`.

    Every put() of a life gives one to each open writer, also to those that got no record.
    """

    life: int
    partition: TopicPartition
    end_offset: int
    now_ms: int


@frozen
class Rewound:
    """After a retriable error the writer of `partition` was replaced by a fresh one that reads from `offset` again.

    `offset` is None where the sink named none: reading goes on where it was.
    """

    life: int
    partition: TopicPartition
    offset: int | None
    now_ms: int


@frozen
class Requested:
    """One request to the object store. `applied` is the truth as the harness knows it (None: it cannot know)."""

    life: int
    partition: TopicPartition
    request: Literal["create", "part", "complete", "abort", "head", "tag"]
    key: str
    upload_id: str
    outcome: Outcome
    applied: bool | None
    detail: str = ""
    """Human text: the status or the error, empty when all is well."""
    version_id: str | None = None
    """For an applied complete: which version of the key it made."""
    digest: str = ""
    """SHA-256 of the body (complete: of the whole object), hexadecimal."""
    late: bool = False
    """It took effect only now, when its sender had given it up."""


@frozen
class DeadLettered:
    """One record was sent to the dead letter queue. `applied` is the truth as the harness knows it."""

    life: int
    partition: TopicPartition
    offset: int
    outcome: Outcome
    applied: bool | None
    detail: str = ""
    """Human text: why the record was refused, or why the queue refused it."""


@frozen
class CommitAsked:
    """The runtime asked the task for offsets to commit (also when the answer was none)."""

    life: int


@frozen
class Committed:
    """Offsets sent to the broker; `offset` of a partition is the next one to read."""

    life: int
    offsets: Mapping[TopicPartition, int]
    outcome: Outcome
    applied: bool | None
    detail: str = ""
    late: bool = False
    """It took effect only now, when its sender had given it up."""


@frozen
class LogChanged:
    """Records that are in the log no more: retention (`trimmed`) or compaction took them, while no life read."""

    partition: TopicPartition
    gone: tuple[int, ...]
    cause: Literal["trimmed", "compacted"]


@frozen
class Ended:
    """A life is over: `killed` at a cut, `stopped` in order, or `failed` by a fatal error named in `detail`."""

    life: int
    how: Literal["killed", "stopped", "failed"]
    detail: str = ""


@frozen
class Changed:
    """Something outside the sink changed: an armed fault fired, group offsets expired, the clock was moved."""

    what: str


Event: TypeAlias = (
    Started | Opened | Put | Rewound | Requested | DeadLettered | CommitAsked | Committed | LogChanged | Ended | Changed
)


@frozen
class Version:
    """One version of one key of the bucket; the last one of a key is what a reader sees."""

    key: str
    version_id: str
    body: bytes
    text: bytes | None = None
    """What the body says, where the model cannot read it itself: decompressed text, or a line for each record of
    a binary format, as `rendering` writes them. None: the body itself."""

    @property
    def readable(self) -> bytes:
        """The text, or the body where it is its own text."""
        return self.body if self.text is None else self.text


@frozen
class History:
    """One run, from the first record to rest."""

    world: str
    log: Log
    events: tuple[Event, ...]
    versions: tuple[Version, ...]
    """By key, oldest first within a key."""
    unfinished_uploads: tuple[str, ...] = ()
    """Keys of multipart uploads that were begun and neither completed nor aborted."""
    committed: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Offsets that the group holds at the end."""
    settled: bool = True
    """All faults had ended and the sink was given all it needed to finish."""
    drained: bool = True
    """At the end the sink had read the whole log and was alive or stopped in order."""
    schemas: Mapping[int, str] = field(default_factory=dict)
    """What the schema registry holds: the text of each schema by its id."""
