"""Histories written by hand, a sentence at a time, for tests of the judge."""

from collections.abc import Mapping, Sequence
from typing import Literal

from onceproof.model.history import (
    CommitAsked,
    Committed,
    DeadLettered,
    Ended,
    Event,
    History,
    Opened,
    Outcome,
    Put,
    Record,
    Requested,
    Rewound,
    Started,
    TopicPartition,
    Version,
)
from onceproof.model.predictions import view_of
from onceproof.model.settings import ObjectKind, settings

T0 = 1_704_067_200_000  # 2024-01-01T00:00:00Z
P = TopicPartition("t", 0)
JSON = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "flush.size": "2",
}
HOURLY = {
    **JSON,
    "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
    "timestamp.extractor": "Record",
    "timezone": "UTC",
    "locale": "en",
}
SCHEDULED = {**JSON, "flush.size": "100", "rotate.schedule.interval.ms": "60000", "timezone": "UTC"}


def log_of(*times_ms: int, step_ms: int = 1000, count: int = 0) -> tuple[Record, ...]:
    """Records 0, 1, 2, … at these times, or `count` of them `step_ms` apart; values tell their offset."""
    stamps = times_ms or tuple(T0 + at * step_ms for at in range(count))
    return tuple(Record(at, ts, None, b'{"i":%d}' % at) for at, ts in enumerate(stamps))


def key(offset: int, directory: str = "partition=0") -> str:
    """The name of an object of `P`."""
    return f"topics/t/{directory}/t+0+{offset:010d}.json"


def stored(log: Sequence[Record], config: Mapping[str, str], *offsets: int, kind: ObjectKind = "value") -> bytes:
    """The text of an object of `P` that holds these records."""
    view = view_of(tuple(log), P, settings(config)).kinds[kind]
    return b"".join([view.lines[view.offsets.index(offset)] or b"" for offset in offsets])


class Story:
    """A history in the making. Objects are completed with the records named, right or wrong."""

    def __init__(self, log: Sequence[Record], config: Mapping[str, str] = JSON) -> None:
        self.log = tuple(log)
        self.config = config
        self.events: list[Event] = []
        self.versions: list[Version] = []
        self.committed: dict[TopicPartition, int] = {}
        self.life = 0
        self.knows_order = True

    def start(self, offset: int = 0, now_ms: int = T0, config: Mapping[str, str] | None = None) -> "Story":
        """A new life begins, and reads `P` from `offset`."""
        self.life += 1
        self.config = config or self.config
        self.events += [Started(self.life, self.config), Opened(self.life, P, offset, now_ms)]
        return self

    def put(self, end_offset: int, now_ms: int = T0) -> "Story":
        """One pass."""
        self.events.append(Put(self.life, P, end_offset, now_ms))
        return self

    def complete(
        self,
        name: str,
        *offsets: int,
        content: bytes | None = None,
        outcome: Outcome = "ok",
        life: int | None = None,
        kind: ObjectKind = "value",
        packed: bytes | None = None,
    ) -> "Story":
        """An object becomes visible; with `content` it holds that instead of the records, `packed` is its body."""
        if content is None:
            content = stored(self.log, self.config, *offsets, kind=kind)
        version = str(len(self.versions))
        text = None if packed is None else content
        self.versions.append(Version(name, version, content if packed is None else packed, text))
        if self.knows_order:
            self.events.append(
                Requested(life or self.life, P, "complete", name, "u", outcome, applied=True, version_id=version)
            )
        return self

    def unanswered(self, name: str) -> "Story":
        """A complete of which nobody knows whether it took effect."""
        self.events.append(Requested(self.life, P, "complete", name, "u", "unknown", applied=None))
        return self

    def dead_letter(self, offset: int, *, applied: bool = True) -> "Story":
        """A record is sent to the dead letter queue."""
        outcome: Outcome = "ok" if applied else "failed"
        self.events.append(DeadLettered(self.life, P, offset, outcome, applied=applied))
        return self

    def fail(self, name: str) -> "Story":
        """A complete is refused."""
        self.events.append(Requested(self.life, P, "complete", name, "u", "failed", applied=False))
        return self

    def rewind(self, offset: int, now_ms: int = T0) -> "Story":
        """The writer is replaced by a fresh one."""
        self.events.append(Rewound(self.life, P, offset, now_ms))
        return self

    def ask(self) -> "Story":
        """Offsets are asked for; the answer is none."""
        self.events.append(CommitAsked(self.life))
        return self

    def commit(self, offset: int, *, applied: bool = True) -> "Story":
        """Offsets are asked for, and committed."""
        self.ask()
        self.events.append(Committed(self.life, {P: offset}, "ok" if applied else "failed", applied=applied))
        if applied:
            self.committed[P] = offset
        return self

    def end(self, how: Literal["killed", "stopped", "failed"] = "killed") -> "Story":
        """The life is over."""
        self.events.append(Ended(self.life, how))
        return self

    def history(self, *, settled: bool = True, drained: bool = True, unfinished: tuple[str, ...] = ()) -> History:
        """The history, with versions in the order in which a bucket lists them."""
        return History(
            world="written by hand",
            log={P: self.log},
            events=tuple(self.events),
            versions=tuple(sorted(self.versions, key=lambda each: (each.key, int(each.version_id)))),
            unfinished_uploads=unfinished,
            committed=dict(self.committed),
            settled=settled,
            drained=drained,
        )
