"""Performs the core's effects through the ports. The same loop serves the real sink, the simulation and the harness."""

from collections.abc import Generator
from typing import Any, NamedTuple

from onceproof.sink.effects import (
    AbortUpload,
    Commit,
    CompleteUpload,
    CreateUpload,
    Effect,
    FetchSchema,
    HeadBucket,
    HeadObject,
    Input,
    Poll,
    ReadClock,
    Released,
    Report,
    SendDeadLetter,
    Sleep,
    TagObject,
    UploadPart,
)
from onceproof.sink.errors import SourceError, StoreError
from onceproof.sink.ports import Clock, DeadLetters, ObjectStore, OffsetStore, Reporter, SchemaRegistry


class Ports(NamedTuple):
    """What effects are performed on; inputs come to `Driver.advance`.

    Registry and dead letters are only there where the configuration names one.
    """

    store: ObjectStore
    offsets: OffsetStore
    clock: Clock
    report: Reporter
    registry: SchemaRegistry | None = None
    dead_letters: DeadLetters | None = None


class Driver:
    """Advances a core from one poll to the next; `waiting` is the poll it waits in, None when it has ended."""

    def __init__(self, core: Generator[Effect, Any, None], ports: Ports) -> None:
        self.waiting: Poll | None = None
        self._core = core
        self._ports = ports

    def advance(self, event: Input | None, error: StoreError | SourceError | None = None) -> None:
        """Answer the poll with `event` (None begins) and perform effects until the next poll or the end.

        A core that was left in the middle of an effect goes on with the result of that, or its `error`.

        Errors of the outside are thrown into the core, which decides what they mean; what it raises passes through. The
        client's rebalance callback calls this with Revoked or Lost and may return when it returns.
        """
        result: Any = event
        self.waiting = None
        while True:
            try:
                effect = self._core.send(result) if error is None else self._core.throw(error)
            except StopIteration:
                return
            if type(effect) is Poll:
                self.waiting = effect
                return
            result, error = None, None
            try:
                result = self.perform(effect)
            except (StoreError, SourceError) as refused:
                error = refused

    def perform(self, effect: Effect) -> Any:  # noqa: PLR0911, PLR0912 - one line for each effect
        """Perform one effect and return its result; raises StoreError, and SourceError for what is asked of Kafka."""
        ports = self._ports
        match effect:
            case ReadClock():
                return ports.clock.now_ms()
            case UploadPart():
                return ports.store.upload_part(effect.key, effect.upload_id, effect.number, effect.body)
            case CreateUpload():
                return ports.store.create_upload(effect.key)
            case CompleteUpload():
                return ports.store.complete_upload(
                    effect.key, effect.upload_id, effect.etags, if_absent=effect.if_absent
                )
            case Commit():
                return self._commit(effect)
            case AbortUpload(_, key, upload_id):
                return ports.store.abort_upload(key, upload_id)
            case HeadObject(_, key):
                return ports.store.head_object(key)
            case HeadBucket():
                return ports.store.head_bucket()
            case TagObject(_, key, tags, attempts):
                return ports.store.tag_object(key, tags, attempts=attempts)
            case FetchSchema(side, schema_id, topic):
                assert ports.registry is not None, "only Avro converters ask for schemas, and they name a registry"
                return ports.registry.fetch(side, schema_id, topic)
            case SendDeadLetter():
                assert ports.dead_letters is not None, "only a configuration with a topic for them sends dead letters"
                return ports.dead_letters.send(effect)
            case Sleep(ms):
                return ports.clock.sleep(ms)
            case Report(level, message):
                return ports.report(level, message)
            case Released():
                return None
        raise AssertionError(f"{effect!r} is no effect")

    def _commit(self, effect: Commit) -> bool:
        """A commit that the broker refuses is reported and not repeated, as in Kafka Connect."""
        try:
            self._ports.offsets.commit(effect.offsets)
        except SourceError as refused:
            self._ports.report("warning", f"offsets were not committed: {refused}")
            return False
        return True
