"""Performs the core's effects through the ports. The same loop serves the real sink, the simulation and the harness."""

from collections.abc import Callable, Generator, Mapping
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
        send = self._core.send
        while True:
            try:
                effect = send(result) if error is None else self._core.throw(error)
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

    def perform(self, effect: Effect) -> Any:
        """Perform one effect and return its result; raises StoreError, and SourceError for what is asked of Kafka."""
        if type(effect) is Commit:
            return self._commit(effect)
        performed = PERFORMED.get(type(effect))
        if performed is None:
            raise AssertionError(f"{effect!r} is no effect")
        return performed(self._ports, effect)

    def _commit(self, effect: Commit) -> bool:
        """A commit that the broker refuses is reported and not repeated, as in Kafka Connect."""
        try:
            self._ports.offsets.commit(effect.offsets)
        except SourceError as refused:
            self._ports.report("warning", f"offsets were not committed: {refused}")
            return False
        return True


def _fetch(ports: Ports, effect: FetchSchema) -> str:
    assert ports.registry is not None, "only Avro converters ask for schemas, and they name a registry"
    return ports.registry.fetch(*effect)


def _send(ports: Ports, effect: SendDeadLetter) -> None:
    assert ports.dead_letters is not None, "only a configuration with a topic for them sends dead letters"
    ports.dead_letters.send(effect)


PERFORMED: Mapping[type, Callable[[Ports, Any], Any]] = {
    ReadClock: lambda ports, _: ports.clock.now_ms(),
    CreateUpload: lambda ports, to: ports.store.create_upload(to.key),
    UploadPart: lambda ports, to: ports.store.upload_part(to.key, to.upload_id, to.number, to.body),
    CompleteUpload: lambda ports, to: ports.store.complete_upload(
        to.key, to.upload_id, to.etags, if_absent=to.if_absent
    ),
    AbortUpload: lambda ports, to: ports.store.abort_upload(to.key, to.upload_id),
    HeadObject: lambda ports, to: ports.store.head_object(to.key),
    HeadBucket: lambda ports, _: ports.store.head_bucket(),
    TagObject: lambda ports, to: ports.store.tag_object(to.key, to.tags, attempts=to.attempts),
    FetchSchema: _fetch,
    SendDeadLetter: _send,
    Sleep: lambda ports, to: ports.clock.sleep(to.ms),
    Report: lambda ports, to: ports.report(to.level, to.message),
    Released: lambda _, __: None,
}
"""How each effect but `Commit` is performed."""
