"""The simulated world: broker and bucket in memory, the real core under a virtual clock.

It makes thousands of crashes a second.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NoReturn

from onceproof.model import history as h
from onceproof.scenarios.faults import Armed
from onceproof.scenarios.life import Killed, Life, ScriptedClock
from onceproof.scenarios.partitions import of_sink
from onceproof.scenarios.remembered import of_the_same
from onceproof.scenarios.run import LifeLike
from onceproof.scenarios.scenario import Scenario
from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import Poll, Record, SendDeadLetter, TopicPartition
from onceproof.sink.errors import SourceError, StoreError
from onceproof.sink.settings.parsing import parse


class MemoryBucket:
    """A versioned bucket with multipart uploads and conditional completion, as S3 documents them."""

    def __init__(self) -> None:
        self.by_key: dict[str, list[h.Version]] = {}
        self.uploads: dict[str, tuple[str, dict[int, bytes]]] = {}
        self.tags: dict[str, tuple[tuple[str, str], ...]] = {}
        self._count = 0

    def head_bucket(self) -> None:
        """It exists."""

    def create_upload(self, key: str) -> str:
        """Begin a multipart upload; returns its id."""
        self._count += 1
        upload_id = f"u{self._count}"
        self.uploads[upload_id] = (key, {})
        return upload_id

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Keep one part; a part sent again replaces the former."""
        self._upload(key, upload_id)[number] = body
        return f"{upload_id}-{number}"

    def complete_upload(self, key: str, upload_id: str, etags: tuple[str, ...], *, if_absent: bool) -> str:
        """Make the object visible; `if_absent` refuses with 412 where the key exists."""
        parts = self._upload(key, upload_id)
        if if_absent and key in self.by_key:
            raise StoreError(
                f"{key}: 412 PreconditionFailed",
                retry=False,
                outcome="not applied",
                status=412,
                code="PreconditionFailed",
            )
        self._count += 1
        version_id = f"v{self._count}"
        body = parts[1] if len(etags) == 1 else b"".join([parts[number] for number in range(1, len(etags) + 1)])
        self.by_key.setdefault(key, []).append(h.Version(key, version_id, body))
        del self.uploads[upload_id]
        return version_id

    def put_object(self, key: str, body: bytes) -> None:
        """Write an object at once."""
        self._count += 1
        self.by_key.setdefault(key, []).append(h.Version(key, f"v{self._count}", body))

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget an upload."""
        self._upload(key, upload_id)
        del self.uploads[upload_id]

    def tag_object(self, key: str, tags: tuple[tuple[str, str], ...], *, attempts: int) -> None:
        """Keep the tags of an object; 404 where there is none."""
        if key not in self.by_key:
            message = f"{key}: 404 NoSuchKey"
            raise StoreError(message, retry=False, outcome="not applied", status=404, code="NoSuchKey")
        self.tags[key] = tags

    def head_object(self, key: str) -> Literal["exists", "missing", "forbidden"]:
        """Whether a reader would see it."""
        return "exists" if key in self.by_key else "missing"

    def _upload(self, key: str, upload_id: str) -> dict[int, bytes]:
        try:
            return self.uploads[upload_id][1]
        except KeyError:
            message = f"{key}: 404 NoSuchUpload"
            raise StoreError(message, retry=False, outcome="not applied", status=404, code="NoSuchUpload") from None


class MemoryBroker:
    """The log of a scenario and one group's offsets. `generation` is that of the group: each new member begins one."""

    def __init__(self, log: Mapping[TopicPartition, tuple[Record, ...]]) -> None:
        self.log = log
        self.ends: Mapping[TopicPartition, int] = {}
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self.dead_letters: list[SendDeadLetter] = []

    def send(self, letter: SendDeadLetter) -> None:
        """Keep a dead letter."""
        self.dead_letters.append(letter)

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Take the group's offsets, backwards too, as Kafka does."""
        self.committed.update(offsets)

    def take(
        self, positions: Mapping[TopicPartition, int], count: int, poll: Poll
    ) -> Mapping[TopicPartition, list[Record]]:
        """Up to `count` next records of every partition that is not paused."""
        taken = {}
        for partition, position in positions.items():
            if partition in poll.paused or not count:
                continue
            records = self.log[partition]
            first = _index(records, position)
            last = first + count
            if partition in self.ends:
                last = min(last, _index(records, self.ends[partition]))
            if found := records[first:last]:
                taken[partition] = list(found)
        return taken


class Member:
    """One life's place in the group; once another has taken it, the broker refuses its commits."""

    def __init__(self, broker: MemoryBroker) -> None:
        broker.generation += 1
        self._broker = broker
        self._generation = broker.generation

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit, unless the generation is over."""
        if self._generation != self._broker.generation:
            message = f"generation {self._generation} is over, the group's is {self._broker.generation}"
            raise SourceError(message, retry=False, outcome="not applied")
        self._broker.commit(offsets)


def _index(records: tuple[Record, ...], position: int) -> int:
    """Index of the first record at or behind an offset."""
    if not records:
        return 0
    if position > records[-1].offset:
        return len(records)
    guess = position - records[0].offset
    if 0 <= guess < len(records) and records[guess].offset == position:
        return guess
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if records[middle].offset < position else (low, middle)
    return low


def _killed() -> NoReturn:
    raise Killed


class SimulatedSession:
    """One scenario's broker and bucket."""

    def __init__(self, scenario: Scenario) -> None:
        self._bucket = MemoryBucket()
        self._broker = MemoryBroker(sink_log(scenario.visible_log()))
        self._schemas = scenario.schemas

    def life(
        self, number: int, properties: Mapping[str, str], clock: ScriptedClock, armed: Armed, events: list[h.Event]
    ) -> Life:
        """A life in this very process, which shares clock and faults with the runner."""
        return Life(
            number=number,
            properties=properties,
            config=_config_of(properties),
            store=self._bucket,
            offsets=Member(self._broker),
            source=self._broker,
            dead_letters=self._broker,
            schemas=self._schemas,
            clock=clock,
            armed=armed,
            emit=events.append,
            die=_killed,
        )

    def kill(self, life: LifeLike) -> None:
        """What a life holds in memory is gone when nobody holds the life, which a frozen one does itself."""
        assert isinstance(life, Life), "its lives are those of this world"
        life.give_up()

    def committed(self) -> Mapping[TopicPartition, int]:
        """The group's offsets."""
        return self._broker.committed

    def expire_offsets(self) -> None:
        """Forget the group's offsets."""
        self._broker.committed.clear()

    def set_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the group's offsets by hand."""
        self._broker.committed.update(offsets)

    def remove_records(self, partition: TopicPartition, gone: frozenset[int]) -> None:
        """Take records out of the log."""
        kept = tuple(record for record in self._broker.log[partition] if record.offset not in gone)
        self._broker.log = {**self._broker.log, partition: kept}

    def show_below(self, ends: Mapping[TopicPartition, int]) -> None:
        """Let each partition end there, for now."""
        self._broker.ends = ends

    def restart_broker(self) -> None:
        """It comes back with all that it held."""

    def put_object(self, key: str, body: bytes) -> None:
        """Write an object as somebody else."""
        self._bucket.put_object(key, body)

    def versions(self) -> tuple[h.Version, ...]:
        """All versions of all keys."""
        by_key = self._bucket.by_key
        return tuple([version for key in sorted(by_key) for version in by_key[key]])

    def unfinished_uploads(self) -> tuple[str, ...]:
        """Keys of unfinished uploads."""
        return tuple(sorted([key for key, _ in self._bucket.uploads.values()]))

    def close(self) -> None:
        """Nothing to give back."""


class SimulatedWorld:
    """Everything in memory and in one thread; the same scenario leaves the same history, event for event."""

    name = "simulated"
    note = "Broker and bucket in memory, the real core of the sink under a virtual clock; no process, no network."
    lacks: frozenset[str] = frozenset()

    def session(self, scenario: Scenario) -> SimulatedSession:
        """A fresh broker and bucket."""
        return SimulatedSession(scenario)


@lru_cache(maxsize=256)
def parsed(properties: tuple[tuple[str, str], ...]) -> SinkConfig:
    """The configuration; kept, since a search starts the same one many times."""
    return parse(dict(properties))


@of_the_same
def _config_of(properties: Mapping[str, str]) -> SinkConfig:
    return parsed(tuple(properties.items()))


@of_the_same
def sink_log(log: h.Log) -> dict[TopicPartition, tuple[Record, ...]]:
    """The log in the sink's own types."""
    return {of_sink(tp): tuple([Record(*record) for record in records]) for tp, records in log.items()}
