"""One life of the sink's core under a script: polls split as told, clock as told, faults at numbered effects.

The core and the driver's `perform` are the real ones. The harness sees each effect before it is performed, so it needs
no hook in the sink: a crash is `die()` between two effects, which raises in the simulation and waits for a real kill -9
in a process. A life that freezes leaves its core in the middle of an effect, and `thaw` goes on with that.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, NoReturn, Protocol

from onceproof.model import history as h
from onceproof.scenarios.faults import Armed, UnderWay, injected
from onceproof.scenarios.partitions import of_model
from onceproof.scenarios.scenario import Fault, Pause
from onceproof.sink import task
from onceproof.sink.config import SinkConfig
from onceproof.sink.driver import PERFORMED, Driver, Ports
from onceproof.sink.effects import (
    AbortUpload,
    Assigned,
    Commit,
    CommitDue,
    CompleteUpload,
    CreateUpload,
    Effect,
    HeadBucket,
    HeadObject,
    Lost,
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
_TO_S3 = frozenset({"create", "part", "complete", "abort", "tag"})

_NOTHING_PENDING = Poll({}, frozenset())


def _commit(ports: Ports, effect: Commit) -> bool:
    """Commit, and let the refusal of the broker be seen, which the driver of the real sink only reports."""
    ports.offsets.commit(effect.offsets)
    return True


_APPLIED: Mapping[type, Callable[[Ports, Any], Any]] = {**PERFORMED, Commit: _commit}
"""How each effect that changes the outside is applied."""


class Told(NamedTuple):
    """What the sink was told of an effect, and the truth as the harness knows it; see `h.Requested`."""

    outcome: h.Outcome
    applied: bool | None
    detail: str = ""
    late: bool = False


_OK = Told("ok", applied=True)


class Killed(BaseException):
    """The simulated process is gone. No Exception: nothing may catch it on the way."""


class Frozen(BaseException):
    """The process stands still in the middle of a put. No Exception: nothing may catch it on the way."""


class Taking(Protocol):
    """Where a life's records come from: the log itself, or a consumer's buffers."""

    def take(
        self, positions: Mapping[TopicPartition, int], count: int, poll: Poll
    ) -> Mapping[TopicPartition, list[Record]]:
        """Up to `count` next records of each partition in `positions` that is not paused, after the poll's rewind."""


class ScriptedClock:
    """A wall clock that stands still unless it is told, or a pause is over; `pause_over` then moves it."""

    def __init__(self, now_ms: int) -> None:
        self.ms = now_ms
        self.pauses: list[Pause] = []
        self.pause_over: Callable[[int], None] = lambda _: None

    def skewed(self, skew_ms: int) -> "ScriptedClock":
        """The clock of a machine that is `skew_ms` before this one; this one itself for 0."""
        return _SkewedClock(self, skew_ms) if skew_ms else self

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as the sink reads them: pauses count these readings."""
        now_ms = self.ms
        if self.pauses:
            self._count()
        return now_ms

    def _count(self) -> None:
        counted = [pause._replace(readings=pause.readings - 1) for pause in self.pauses]
        self.pauses[:] = [pause for pause in counted if pause.readings]
        for pause in counted:
            if not pause.readings:
                self.pause_over(pause.ms)

    def sleep(self, ms: int) -> None:
        """Return at once: nothing in a script happens while the sink sleeps."""


class _SkewedClock(ScriptedClock):
    """Follows another clock at a distance."""

    def __init__(self, other: ScriptedClock, skew_ms: int) -> None:
        self._other = other
        self._skew_ms = skew_ms
        self.pauses = other.pauses
        self.pause_over = lambda ms: other.pause_over(ms)  # noqa: PLW0108 - what the other one does then, not now

    @property
    def ms(self) -> int:
        return self._other.ms + self._skew_ms

    @ms.setter
    def ms(self, _: int) -> None:
        raise AssertionError("a skewed clock follows another")

    def now_ms(self) -> int:
        return self._other.now_ms() + self._skew_ms


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
        self._source = source
        self._clock = clock
        self._armed = armed
        self._meets_faults = True
        self._emit = emit
        self._die_now = die
        self._positions: dict[TopicPartition, int] = {}
        self._failures: list[tuple[TopicPartition, int]] = []
        self._bodies: dict[str, tuple[Any, str]] = {}
        """Of each upload the hash of what was sent, and its digest while that is one part."""
        self._frozen_in: Callable[[], Any] | None = None
        self._effects_left: int | None = None

    def start(self) -> None:
        """Begin, with no partition yet."""
        self._emit(h.Started(self.number, self._properties))
        self._go_on(None)

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Assign partitions, each with the position from which it is read."""
        self._positions.update(positions)
        self._go_on(Assigned(positions))

    def release(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """Give these partitions (None: all) back in order: commit and close."""
        self._asked_for_offsets(Revoked(partitions))
        self._forget(partitions)

    def lose(self) -> None:
        """All partitions are another's already: close, without a commit."""
        self._go_on(Lost())
        self._forget(None)

    def thaw(self, effects: int | None) -> None:
        """Go on where it froze, for so many numbered effects (None: to the next poll); raises Frozen if more follow.

        What was armed for effects is not for those of a process that nobody counts on; an outage is for all.
        """
        assert self._frozen_in is not None, "only a frozen life can thaw"
        go_on, self._frozen_in = self._frozen_in, None
        self._effects_left = effects
        result, error = None, None
        try:
            result = go_on()
        except (StoreError, SourceError) as refused:
            error = refused
        self._go_on(result, error)
        self._effects_left = None

    def give_up(self) -> None:
        """Killed where it froze: it will not go on."""
        self._frozen_in = None

    def _forget(self, partitions: frozenset[TopicPartition] | None) -> None:
        for partition in list(self._positions) if partitions is None else partitions:
            self._positions.pop(partition, None)

    def poll(self, count: int) -> None:
        """One consumer poll and one put()."""
        if self.poll_request.rewind:
            self._positions.update(self.poll_request.rewind)
        batches = self._source.take(self._positions, count, self.poll_request)
        for partition, records in batches.items():
            if records:
                self._positions[partition] = records[-1].offset + 1
        self._go_on(Records(batches))

    def commit(self) -> None:
        """The worker asks for offsets."""
        self._asked_for_offsets(CommitDue())

    def stop(self) -> None:
        """An orderly end."""
        self._asked_for_offsets(Stop())

    def fail(self, message: str) -> None:
        """The consumer fails: the process ends as it stands."""
        self.state = "failed"
        self._emit(h.Ended(self.number, "failed", message))

    def positions(self) -> Mapping[TopicPartition, int]:
        """Where each assigned partition will be read next, the pending rewind included."""
        return {**self._positions, **self.poll_request.rewind}

    def _asked_for_offsets(self, event: CommitDue | Revoked | Stop) -> None:
        """What makes the runtime ask the task for offsets."""
        self._emit(h.CommitAsked(self.number))
        self._go_on(event)

    def _go_on(self, result: Any, error: StoreError | SourceError | None = None) -> None:
        """Advance the core to its next poll, performing its effects; `result` is an input, or that of an effect."""
        try:
            self.advance(result, error)
        except (TaskFailed, StoreError) as failure:
            self.state = "failed"
            self._emit(h.Ended(self.number, "failed", str(failure)))
            return
        if self.waiting is None:
            self.state = "stopped"
            self._emit(h.Ended(self.number, "stopped"))
            return
        self.poll_request = self.waiting
        if self._failures:
            for partition, now_ms in self._failures:
                rewind = self.waiting.rewind.get(partition)
                self._emit(h.Rewound(self.number, of_model(partition), rewind, now_ms))
            self._failures.clear()

    def perform(self, effect: Effect) -> Any:
        """Perform one effect, note it in the history, and let the faults that wait for it happen."""
        kind = NUMBERED.get(type(effect))
        if kind is None:
            if type(effect) is ReadClock:
                return self._read_clock(effect)
            return self._asked(effect)
        armed = self._armed
        is_awaited = self._meets_faults and bool(armed.faults) and armed.await_a(kind)
        if is_awaited or armed.outage or self._effects_left is not None:
            return self._numbered(effect, kind, is_awaited=is_awaited)
        try:
            result = _APPLIED[type(effect)](self._ports, effect)
        except (StoreError, SourceError) as error:
            self._answered(effect, kind, None, error)
            return self._told(kind, None, error)
        self._note(effect, kind, _OK, result)
        return result

    def _asked(self, effect: Effect) -> Any:
        """Perform what changes nothing outside."""
        if type(effect) is HeadObject:
            return self._head(effect)
        if self._armed.outage and type(effect) is HeadBucket:
            raise injected(self._armed.outage, "not applied")
        return super().perform(effect)

    def _head(self, effect: HeadObject) -> Any:
        """Ask for an object, unless a fault waits for just that; it changes nothing, so it is no place for a crash."""
        where = of_model(effect.partition)
        fault = self._met("head", effect.partition, made=False)
        kind = fault.kind if fault is not None else self._armed.outage
        if kind:
            self._emit(h.Changed(f"fault: {kind} before the head of {effect.key}"))
            self._emit(h.Requested(self.number, where, "head", effect.key, "", "failed", applied=False, detail=kind))
            raise injected(kind, "not applied")
        result = super().perform(effect)
        self._emit(h.Requested(self.number, where, "head", effect.key, "", "ok", applied=True, detail=result))
        return result

    def _read_clock(self, effect: ReadClock) -> int:
        now_ms, (partition, reason) = self._clock.now_ms(), effect
        if reason == "put":
            self._emit(h.Put(self.number, of_model(partition), self._positions[partition], now_ms))
        elif reason == "open":
            self._emit(h.Opened(self.number, of_model(partition), self._positions[partition], now_ms))
        elif reason == "failure":
            self._failures.append((partition, now_ms))
        return now_ms

    def _numbered(self, effect: Any, kind: str, *, is_awaited: bool) -> Any:
        """Perform an effect that something may happen to: a fault that waits for it, an outage, the end of a thaw."""
        if self._effects_left is not None:
            if not self._effects_left:
                self._freeze(lambda: self._numbered(effect, kind, is_awaited=False))
            self._effects_left -= 1
        outage, fault = self._armed.outage, None
        partition = None if kind == "commit" else effect.partition
        if is_awaited and (fault := self._met(kind, partition, made=False)):
            return self._before(effect, kind, fault)
        if outage and kind in _TO_S3:
            return self._before(effect, kind, Fault("create", kind=outage))  # type: ignore[arg-type]
        result, error = self._apply(effect)
        if is_awaited:
            fault = self._met(kind, partition, made=True)
        if fault is not None and fault.kind != "freeze":
            return self._after(effect, kind, fault, result, error)
        self._answered(effect, kind, result, error)
        if fault is not None:
            self._emit(h.Changed(f"fault: {_described(fault, effect, kind)}"))
            self._freeze(lambda: self._told(kind, result, error))
        return self._told(kind, result, error)

    def _met(self, kind: str, partition: TopicPartition | None, *, made: bool) -> Fault | None:
        """The fault that meets this effect, once the triggers that it meets have done theirs."""
        if not self._meets_faults:
            return None
        triggers, fault = self._armed.meet(kind, partition, made=made)
        for trigger in triggers:
            self._emit(h.Changed(f"fault: {trigger}"))
            self._armed.trigger(trigger)
        return fault

    def _answered(self, effect: Any, kind: str, result: Any, error: StoreError | SourceError | None) -> None:
        """Note an effect that the outside has answered."""
        if error is None:
            self._note(effect, kind, _OK, result)
            return
        applied = None if error.outcome == "unknown" else error.outcome == "applied"
        self._note(effect, kind, Told("unknown" if applied is None else "failed", applied, str(error)), None)

    def _told(self, kind: str, result: Any, error: StoreError | SourceError | None) -> Any:
        """What the core is told of an answer; a commit that is refused is no error (`Driver`)."""
        if error is None:
            return result
        if kind == "commit":
            return False
        raise error

    def _freeze(self, frozen_in: Callable[[], Any]) -> NoReturn:
        """Stand still; `frozen_in` is how the effect comes to its end."""
        self._frozen_in = frozen_in
        self._meets_faults = False
        raise Frozen

    def _apply(self, effect: Any) -> tuple[Any, StoreError | SourceError | None]:
        try:
            return _APPLIED[type(effect)](self._ports, effect), None
        except (StoreError, SourceError) as error:
            return None, error

    def _before(self, effect: Any, kind: str, fault: Fault) -> Any:
        """The request is not made, or not yet."""
        self._emit(h.Changed(f"fault: {_described(fault, effect, kind)}"))
        if fault.kind == "crash":
            self._die(f"before the {_named(effect, kind)}")
        if fault.kind == "freeze":
            self._freeze(lambda: self._numbered(effect, kind, is_awaited=False))
        outcome: h.Outcome = "failed" if fault.when == "before" else "unknown"
        self._note(effect, kind, Told(outcome, applied=False, detail=fault.kind), None)
        if fault.when == "late":
            self._armed.under_way.append(UnderWay(kind, lambda: self._arrived(effect, kind)))
        return self._refuse(kind, fault, "not applied" if fault.when == "before" else "unknown")

    def _arrived(self, effect: Any, kind: str) -> None:
        """A request that nobody waits for any more is applied, or refused."""
        result, error = self._apply(effect)
        detail = "arrived late" if error is None else f"arrived late: {error}"
        self._note(effect, kind, Told("unknown", error is None, detail, late=True), result)

    def _after(self, effect: Any, kind: str, fault: Fault, result: Any, error: Exception | None) -> Any:
        """The request was made, and its reply is lost."""
        self._note(effect, kind, Told("unknown", error is None, f"reply lost ({fault.kind})"), result)
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

    def _note(self, effect: Any, kind: Any, told: Told, result: Any) -> None:
        """Put one effect and its outcome into the history."""
        outcome, applied, detail, late = told
        if kind == "commit":
            offsets = {of_model(partition): offset for partition, offset in effect.offsets.items()}
            self._emit(h.Committed(self.number, offsets, outcome, applied, detail, late))
            return
        where = of_model(effect.partition)
        if kind == "dead letter":
            self._emit(
                h.DeadLettered(self.number, where, effect.record.offset, outcome, applied, detail or effect.message)
            )
            return
        upload_id = digest = ""
        version_id = None
        if kind == "part":
            upload_id = effect.upload_id
            digest = self._digest_of_part(upload_id, effect.body, told)
        elif kind == "create":
            upload_id = result or ""
        elif kind == "complete":
            upload_id = effect.upload_id
            whole, digest = self._bodies[upload_id]
            digest = digest or whole.hexdigest()
            version_id = result if applied else None
        elif kind == "abort":
            upload_id = effect.upload_id
        self._emit(
            h.Requested(
                self.number, where, kind, effect.key, upload_id, outcome, applied, detail, version_id, digest, late
            )
        )

    def _digest_of_part(self, upload_id: str, body: bytes, told: Told) -> str:
        """Of a part; what is sent counts for the whole body, too, which most often is just one part."""
        part = hashlib.sha256(body)
        digest = part.hexdigest()
        if told.applied is not False:
            if (known := self._bodies.get(upload_id)) is None:
                self._bodies[upload_id] = part, digest
            else:
                known[0].update(body)
                self._bodies[upload_id] = known[0], ""
        return digest


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
