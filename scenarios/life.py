"""One life of the sink's core under a script: polls split as told, clock as told, faults at numbered effects.

The core and the driver's `perform` are the real ones. The harness sees each effect before it is performed, so it needs
no hook in the sink: a crash is `die()` between two effects, which raises in the simulation and waits for a real kill -9
in a process.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, NoReturn, Protocol

from onceproof.model import history as h
from onceproof.scenarios.scenario import Fault
from onceproof.sink import task
from onceproof.sink.config import SinkConfig
from onceproof.sink.driver import Driver, Ports
from onceproof.sink.effects import (
    AbortUpload,
    Assigned,
    Commit,
    CommitDue,
    CompleteUpload,
    CreateUpload,
    Effect,
    HeadObject,
    Input,
    Poll,
    ReadClock,
    Record,
    Records,
    Revoked,
    SendDeadLetter,
    Stop,
    TagObject,
    TopicPartition,
    UploadPart,
)
from onceproof.sink.errors import SourceError, StoreError, TaskFailed
from onceproof.sink.ports import DeadLetters, ObjectStore, OffsetStore

NUMBERED = {
    CreateUpload: "create",
    UploadPart: "part",
    CompleteUpload: "complete",
    AbortUpload: "abort",
    TagObject: "tag",
    SendDeadLetter: "dead letter",
    Commit: "commit",
}
"""The effects that change the outside: a crash matters only between two of these."""

_NOTHING_PENDING = Poll({}, frozenset())


class Killed(BaseException):
    """The simulated process is gone. No Exception: nothing may catch it on the way."""


class Taking(Protocol):
    """Where a life's records come from: the log itself, or a consumer's buffers."""

    def take(
        self, positions: Mapping[TopicPartition, int], count: int, poll: Poll
    ) -> Mapping[TopicPartition, list[Record]]:
        """Up to `count` next records of each partition in `positions` that is not paused, after the poll's rewind."""


class Armed:
    """Faults that wait for their effect; each counts for itself, and one that is not reached stays armed."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self.faults = list(faults)

    def meet(self, at: str, partition: tuple[str, int] | None, when: Literal["before", "after"]) -> Fault | None:
        """Count this effect for every fault that waits for it; returns the first that is due, disarmed.

        Another one that is due as well stays armed, for the next such effect: one effect meets one fault. A request
        that a `before` fault prevents is counted by all `before` faults and by no `after` fault, as the recorder did.
        """
        due = None
        left = []
        for fault in self.faults:
            if fault.at != at or fault.when != when or (fault.of is not None and fault.of != partition):
                left.append(fault)
            elif fault.nth > 1:
                left.append(fault._replace(nth=fault.nth - 1))
            elif due is None:
                due = fault
            else:
                left.append(fault)
        self.faults[:] = left
        return due


class ScriptedClock:
    """A wall clock that stands still unless it is told."""

    def __init__(self, now_ms: int) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.ms

    def sleep(self, ms: int) -> None:
        """Return at once: nothing in a script happens while the sink sleeps."""


class ScriptedRegistry:
    """A schema registry that holds what the scenario says; raises SourceError for what it does not hold."""

    def __init__(self, schemas: Mapping[int, str]) -> None:
        self._schemas = schemas

    def fetch(self, side: str, schema_id: int, _topic: str) -> str:
        """The text of a schema; nothing is known of subjects, so it has no other version than it says itself."""
        try:
            return self._schemas[schema_id]
        except KeyError:
            message = f"schema {schema_id} of the {side} is not in the scenario's schemas"
            raise SourceError(message, retry=False, outcome="not applied") from None


class Life(Driver):
    """One process of the sink. `state` is running, stopped or failed; a killed one is gone.

    `die` must not return: it ends the process, or what stands for one.
    """

    def __init__(
        self,
        *,
        number: int,
        properties: Mapping[str, str],
        config: SinkConfig,
        store: ObjectStore,
        offsets: OffsetStore,
        source: Taking,
        dead_letters: DeadLetters,
        schemas: Mapping[int, str],
        clock: ScriptedClock,
        armed: Armed,
        emit: Callable[[h.Event], None],
        die: Callable[[], NoReturn],
    ) -> None:
        ports = Ports(store, offsets, clock, _silent, ScriptedRegistry(schemas), dead_letters)
        super().__init__(task.run(config), ports)
        self.number = number
        self.state: Literal["running", "stopped", "failed"] = "running"
        self.poll_request = _NOTHING_PENDING
        self._properties = properties
        self._offsets = offsets
        self._source = source
        self._clock = clock
        self._armed = armed
        self._emit = emit
        self._die_now = die
        self._positions: dict[TopicPartition, int] = {}
        self._failures: list[tuple[TopicPartition, int]] = []
        self._bodies: dict[str, Any] = {}

    def start(self, positions: Mapping[TopicPartition, int]) -> None:
        """Begin with `positions` assigned."""
        self._emit(h.Started(self.number, self._properties))
        self._run(None)
        if self.state == "running":
            self.open(positions)

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Assign partitions, each with the position from which it is read."""
        self._positions = dict(positions)
        self._run(Assigned(positions))

    def release(self) -> None:
        """Give all partitions back in order: commit and close."""
        self._run(Revoked())
        self._positions = {}

    def poll(self, count: int) -> None:
        """One consumer poll and one put()."""
        self._positions.update(self.poll_request.rewind)
        batches = self._source.take(self._positions, count, self.poll_request)
        for partition, records in batches.items():
            if records:
                self._positions[partition] = records[-1].offset + 1
        self._run(Records(batches))

    def commit(self) -> None:
        """The worker asks for offsets."""
        self._run(CommitDue())

    def stop(self) -> None:
        """An orderly end."""
        self._run(Stop())

    def positions(self) -> Mapping[TopicPartition, int]:
        """Where each assigned partition will be read next, the pending rewind included."""
        return {**self._positions, **self.poll_request.rewind}

    def _run(self, event: Input | None) -> None:
        """Advance the core from one poll to the next, performing its effects."""
        if isinstance(event, CommitDue | Stop | Revoked):
            self._emit(h.CommitAsked(self.number))
        try:
            self.advance(event)
        except (TaskFailed, StoreError) as failure:
            self.state = "failed"
            self._emit(h.Ended(self.number, "failed", str(failure)))
            return
        if self.waiting is None:
            self.state = "stopped"
            self._emit(h.Ended(self.number, "stopped"))
            return
        self.poll_request = self.waiting
        for partition, now_ms in self._failures:
            rewind = self.waiting.rewind.get(partition)
            self._emit(h.Rewound(self.number, h.TopicPartition(*partition), rewind, now_ms))
        self._failures.clear()

    def perform(self, effect: Effect) -> Any:
        """Perform one effect, note it in the history, and let the faults that wait for it happen."""
        kind = NUMBERED.get(type(effect))
        if kind is not None:
            return self._numbered(effect, kind)
        if type(effect) is ReadClock:
            now_ms = self._clock.ms
            self._clock_read(effect.partition, effect.reason, now_ms)
            return now_ms
        result = super().perform(effect)
        if type(effect) is HeadObject:
            where = h.TopicPartition(*effect.partition)
            self._emit(h.Requested(self.number, where, "head", effect.key, "", "ok", applied=True, detail=result))
        return result

    def _clock_read(self, partition: TopicPartition, reason: str, now_ms: int) -> None:
        where = h.TopicPartition(*partition)
        if reason == "put":
            self._emit(h.Put(self.number, where, self._positions[partition], now_ms))
        elif reason == "open":
            self._emit(h.Opened(self.number, where, self._positions[partition], now_ms))
        elif reason == "failure":
            self._failures.append((partition, now_ms))

    def _numbered(self, effect: Any, kind: str) -> Any:
        """Perform an effect that changes the outside, meeting the faults that wait for it."""
        partition = None if kind == "commit" else effect.partition
        if self._armed.faults:
            if fault := self._armed.meet(kind, partition, "before"):
                return self._before(effect, kind, fault)
            result, error = self._apply(effect)
            fault = self._armed.meet(kind, partition, "after")
            if fault is not None:
                return self._after(effect, kind, fault, result, error)
        else:
            result, error = self._apply(effect)
        if error is not None:
            applied = None if error.outcome == "unknown" else error.outcome == "applied"
            self._note(effect, kind, "unknown" if applied is None else "failed", applied=applied, detail=str(error))
            if kind == "commit":
                return False
            raise error
        self._note(effect, kind, "ok", applied=True, result=result)
        return result

    def _apply(self, effect: Any) -> tuple[Any, StoreError | SourceError | None]:
        try:
            if type(effect) is Commit:
                self._offsets.commit(effect.offsets)
                return True, None
            return super().perform(effect), None
        except (StoreError, SourceError) as error:
            return None, error

    def _before(self, effect: Any, kind: str, fault: Fault) -> Any:
        """The request is not made."""
        self._emit(h.Changed(f"fault: {_described(fault, effect, kind)}"))
        if fault.kind == "crash":
            self._die(f"before the {_named(effect, kind)}")
        self._note(effect, kind, "failed", applied=False, detail=fault.kind)
        return self._refuse(kind, fault, "not applied")

    def _after(self, effect: Any, kind: str, fault: Fault, result: Any, error: Exception | None) -> Any:
        """The request was made, and its reply is lost."""
        applied = error is None
        self._note(effect, kind, "unknown", applied=applied, result=result, detail=f"reply lost ({fault.kind})")
        self._emit(h.Changed(f"fault: {_described(fault, effect, kind)}"))
        if fault.kind == "crash":
            self._die(f"after the {_named(effect, kind)}")
        return self._refuse(kind, fault, "unknown")

    def _refuse(self, kind: str, fault: Fault, outcome: Literal["not applied", "unknown"]) -> bool:
        if kind == "commit":
            return False
        if kind == "dead letter":
            raise SourceError(f"{fault.kind} (injected)", retry=True, outcome=outcome)
        raise injected(fault.kind, outcome)

    def _die(self, where: str) -> NoReturn:
        self._emit(h.Ended(self.number, "killed", where))
        self._die_now()

    def _note(
        self, effect: Any, kind: Any, outcome: h.Outcome, *, applied: bool | None, result: Any = None, detail: str = ""
    ) -> None:
        """Put one effect and its outcome into the history."""
        if kind == "commit":
            offsets = {h.TopicPartition(*partition): offset for partition, offset in effect.offsets.items()}
            self._emit(h.Committed(self.number, offsets, outcome, applied, detail))
            return
        where = h.TopicPartition(*effect.partition)
        if kind == "dead letter":
            self._emit(
                h.DeadLettered(self.number, where, effect.record.offset, outcome, applied, detail or effect.message)
            )
            return
        if kind == "tag":
            self._emit(h.Requested(self.number, where, "tag", effect.key, "", outcome, applied, detail))
            return
        upload_id = result or "" if kind == "create" else effect.upload_id
        digest, version_id = "", None
        if kind == "part":
            digest = hashlib.sha256(effect.body).hexdigest()
            if applied is not False:
                self._bodies.setdefault(upload_id, hashlib.sha256()).update(effect.body)
        elif kind == "complete":
            digest = self._bodies[upload_id].hexdigest()
            version_id = result if applied else None
        self._emit(
            h.Requested(self.number, where, kind, effect.key, upload_id, outcome, applied, detail, version_id, digest)
        )


def injected(kind: str, outcome: Literal["not applied", "unknown"]) -> StoreError:
    """The error that a fault of that kind shows to the sink, after all attempts of the client."""
    if kind == "io":
        return StoreError("the connection was lost (injected)", retry=True, outcome=outcome)
    status = int(kind)
    return StoreError(
        f"HTTP {kind} (injected)", retry=status in (429, 500, 502, 503, 504), outcome=outcome, status=status
    )


def _named(effect: Any, kind: str) -> str:
    if kind == "commit":
        return "commit"
    if kind == "dead letter":
        return f"dead letter of {effect.partition}, offset {effect.record.offset}"
    return f"{kind} of {effect.key}"


def _described(fault: Fault, effect: Any, kind: str) -> str:
    return f"{fault.kind} {fault.when} the {_named(effect, kind)}"


def _silent(level: str, message: str) -> None:
    """Reports are for operators; the history says the same."""
