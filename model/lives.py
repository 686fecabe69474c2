"""The writers of a run, read back from its events.

A writer works on one topic-partition, from its opening (or a rewind) to its close, the next rewind or its
death: that is a `Life` of the model. Several processes may be alive at once (a frozen owner and its
successor); events belong to the writer that their life has open for their partition.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from onceproof.model.frozen import frozen
from onceproof.model.history import (
    Changed,
    CommitAsked,
    Committed,
    DeadLettered,
    Ended,
    Event,
    LogChanged,
    Opened,
    Put,
    Requested,
    Rewound,
    Started,
    TopicPartition,
)
from onceproof.model.placement import Life, Pass
from onceproof.model.settings import Settings, settings

Fate: TypeAlias = Literal["open", "closed", "stopped", "killed", "failed", "rewound"]
"""How a writer ended; `open`: no event says so."""


@dataclass(slots=True, eq=False)
class Writer:
    """One writer and what was seen of it. Filled while events are read, not changed afterwards."""

    life: int
    partition: TopicPartition
    config: Mapping[str, str]
    rules: Settings
    """The same configuration, read."""
    start_offset: int
    opened_ms: int
    failed_ms: int | None
    passes: list[tuple[int, int]] = field(default_factory=list)
    """End of what had been delivered, and the clock, of each pass."""
    asks: list[int] = field(default_factory=list)
    """For each time that offsets were asked for: how many passes had been done."""
    refused_asks: set[int] = field(default_factory=set)
    """Indices of asks whose commit is known not to have reached the broker."""
    gone: frozenset[int] = frozenset()
    """Offsets that were in the log no more when it was opened."""
    fate: Fate = "open"
    met_error: bool = False
    """Some request of it failed, or its outcome is unknown."""

    def seen(self) -> Hashable:
        """All that a prediction depends on, for remembering it."""
        return (
            self.rules,
            self.partition,
            self.start_offset,
            self.opened_ms if self._is_timed else 0,
            self.failed_ms,
            tuple(self.passes if self._is_timed else [end_offset for end_offset, _ in self.passes]),
            tuple(self.asks),
            self.gone,
        )

    @property
    def _is_timed(self) -> bool:
        """Whether a clock decides anything; if none does, lives that differ in their readings alone are one."""
        return self.rules.is_clocked or self.failed_ms is not None

    def as_life(self) -> Life:
        """The same as the model's input."""
        timed = self._is_timed
        passes = tuple([Pass(end_offset, now_ms if timed else 0) for end_offset, now_ms in self.passes])
        return Life(
            config=self.config,
            partition=self.partition,
            start_offset=self.start_offset,
            opened_ms=self.opened_ms if timed else 0,
            passes=passes,
            commits=tuple(self.asks),
            failed_ms=self.failed_ms,
        )


@frozen(eq=False)
class Completion:
    """A complete that took effect (or may have): an object became visible."""

    request: Requested
    writer: Writer | None
    event: int
    """Index of the request among the events."""


@frozen
class Course:
    """A run as the judge needs it."""

    writers: Sequence[Writer]
    """In order of their beginning."""
    last: Mapping[TopicPartition, Writer]
    """The writer of each partition that the youngest life opened last: what an owner that was replaced still does, and
    be it a new writer after a failure, is not what the partition goes on with."""
    visible: Sequence[Completion | Committed | DeadLettered | Requested]
    """What changed outside, in order; a request is a complete of which nobody knows whether it did."""
    rules: Sequence[Settings]
    """Configurations of all processes, in order of their start."""
    unsure: Sequence[str]
    """Sentences about requests of which nobody knows whether they took effect."""
    compacted: Mapping[TopicPartition, frozenset[int]] = field(default_factory=dict)
    """Records that compaction took: later ones stand for them."""
    unanswered: Sequence[Requested | DeadLettered] = ()
    """Completes and dead letters of which nobody knows whether they took effect."""


def course_of(events: Sequence[Event]) -> Course:
    """Read the events of a run; ValueError for an event of a life that never started."""
    reader = _Reader()
    for at, event in enumerate(events):
        reader.read(at, event)
    rules = tuple(reader.rules.values())
    return Course(
        reader.writers, reader.last, reader.visible, rules, reader.unsure, reader.compacted, reader.unanswered
    )


class _Reader:
    """Knows which writers are open while it reads."""

    __slots__ = (
        "compacted", "gone", "last", "open", "rules", "unanswered", "unsure", "uploads", "visible", "writers",
    )  # fmt: skip

    def __init__(self) -> None:
        self.rules: dict[int, Settings] = {}
        self.open: dict[int, dict[TopicPartition, Writer]] = {}
        self.writers: list[Writer] = []
        self.last: dict[TopicPartition, Writer] = {}
        self.visible: list[Completion | Committed | DeadLettered | Requested] = []
        self.unsure: list[str] = []
        self.unanswered: list[Requested | DeadLettered] = []
        self.gone: dict[TopicPartition, frozenset[int]] = {}
        self.compacted: dict[TopicPartition, frozenset[int]] = {}
        self.uploads: dict[tuple[int, str], Writer] = {}
        """By life and id: whoever began an upload has completed it, however late that arrives."""

    def read(self, at: int, event: Event) -> None:
        match event:
            case Put():
                writer = self._writer_of(event)
                writer.passes.append((event.end_offset, event.now_ms))
            case Requested():
                self._requested(at, event)
            case Started():
                self.rules[event.life] = settings(event.config)
                self.open[event.life] = {}
            case Opened():
                self._begin(event, event.offset, None, fate_before="closed")
            case Rewound():
                self._rewound(event)
            case CommitAsked():
                self._asked(event)
            case Committed():
                self._committed(event)
            case DeadLettered():
                self._dead_lettered(event)
            case Ended():
                self._ended(event)
            case LogChanged():
                self._lost_from_the_log(event)
            case Changed():
                pass

    def _lost_from_the_log(self, event: LogChanged) -> None:
        none, gone = frozenset[int](), frozenset(event.gone)
        self.gone[event.partition] = self.gone.get(event.partition, none) | gone
        if event.cause == "compacted":
            self.compacted[event.partition] = self.compacted.get(event.partition, none) | gone

    def _writer_of(self, event: Put | Rewound) -> Writer:
        writer = self.open.get(event.life, {}).get(event.partition)
        if writer is None:
            raise ValueError(f"nothing opened a writer for this: {event}")
        return writer

    def _rewound(self, event: Rewound) -> None:
        offset = event.offset
        if offset is None:  # none was asked for: the new writer gets what follows (reference 2.1)
            old = self._writer_of(event)
            offset = old.passes[-1][0] if old.passes else old.start_offset
        self._begin(event, offset, event.now_ms, fate_before="rewound")

    def _begin(self, event: Opened | Rewound, offset: int, failed_ms: int | None, fate_before: Fate) -> None:
        writers = self.open[event.life]
        if event.partition in writers:
            writers[event.partition].fate = fate_before
        writer = Writer(
            life=event.life,
            partition=event.partition,
            config=self.rules[event.life].raw,
            rules=self.rules[event.life],
            start_offset=offset,
            opened_ms=event.now_ms,
            failed_ms=failed_ms,
            gone=self.gone.get(event.partition, frozenset()),
        )
        writers[event.partition] = writer
        if event.partition not in self.last or self.last[event.partition].life <= event.life:
            self.last[event.partition] = writer  # one of an older life is of an owner that was replaced meanwhile
        self.writers.append(writer)

    def _requested(self, at: int, event: Requested) -> None:
        writer = self.open.get(event.life, {}).get(event.partition)
        if event.late:
            writer = self.uploads.get((event.life, event.upload_id), writer)
        if writer and event.outcome != "ok":
            writer.met_error = True
        if event.request == "create" and writer and event.upload_id:
            self.uploads[event.life, event.upload_id] = writer
        if event.request != "complete":
            return
        # What the harness knows counts; where it knows nothing, a version made, or a good reply.
        if event.applied or (event.applied is None and (event.version_id or event.outcome == "ok")):
            self.visible.append(Completion(event, writer, at))
        elif event.applied is None:
            self.visible.append(event)
            self.unanswered.append(event)
            self.unsure.append(f"whether the complete of {event.key} by life {event.life} took effect")

    def _asked(self, event: CommitAsked) -> None:
        for writer in self.open[event.life].values():
            writer.asks.append(len(writer.passes))

    def _dead_lettered(self, event: DeadLettered) -> None:
        if event.applied or (event.applied is None and event.outcome == "ok"):
            self.visible.append(event)
        elif event.applied is None:
            self.unanswered.append(event)
            self.unsure.append(f"whether offset {event.offset} of {event.partition} reached the dead letter queue")

    def _ended(self, event: Ended) -> None:
        for writer in self.open[event.life].values():
            writer.fate = event.how

    def _committed(self, event: Committed) -> None:
        took_effect = event.applied or (event.applied is None and event.outcome == "ok")
        if took_effect:
            self.visible.append(event)
        if event.outcome == "ok" or event.late:
            return
        # Also where only the reply was lost: the sink believes that it failed, and its next commit, which names
        # every partition, takes these back to what it believes.
        for writer in self.open.get(event.life, {}).values():
            if writer.partition in event.offsets and writer.asks:
                writer.refused_asks.add(len(writer.asks) - 1)
        if event.applied is None:
            self.unsure.append(f"whether a commit of life {event.life} took effect")
