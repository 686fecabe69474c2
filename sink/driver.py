"""Performs the core's effects through the ports. The same loop serves the real sink, the simulation and the harness."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from onceproof.sink.effects import (
    AbortUpload,
    Commit,
    CompleteUpload,
    CreateUpload,
    Effect,
    HeadBucket,
    HeadObject,
    Poll,
    ReadClock,
    Released,
    Report,
    UploadPart,
)
from onceproof.sink.errors import ProtocolError, SourceError, StoreError
from onceproof.sink.ports import Clock, Inputs, ObjectStore, OffsetStore, Reporter


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the sink needs of the outside."""

    inputs: Inputs
    store: ObjectStore
    offsets: OffsetStore
    clock: Clock
    report: Reporter


def drive(core: Generator[Effect, Any, None], ports: Ports) -> None:
    """Perform effects until the core ends. A StoreError is thrown into the core, which decides what it means."""
    result: Any = None
    error: StoreError | None = None
    while True:
        try:
            effect = core.send(result) if error is None else core.throw(error)
        except StopIteration:
            return
        result, error = None, None
        try:
            result = perform(effect, ports)
        except StoreError as refused:
            error = refused


def perform(effect: Effect, ports: Ports) -> Any:  # noqa: PLR0911 - one line for each effect
    """Perform one effect and return its result; raises StoreError, and SourceError where the broker is at fault."""
    match effect:
        case Poll():
            return ports.inputs.next(effect)
        case ReadClock():
            return ports.clock.now_ms()
        case UploadPart(_, key, upload_id, number, body):
            return ports.store.upload_part(key, upload_id, number, body)
        case CreateUpload(_, key):
            return ports.store.create_upload(key)
        case CompleteUpload(_, key, upload_id, etags, if_absent):
            return ports.store.complete_upload(key, upload_id, etags, if_absent=if_absent)
        case AbortUpload(_, key, upload_id):
            return ports.store.abort_upload(key, upload_id)
        case HeadObject(_, key):
            return ports.store.head_object(key)
        case HeadBucket():
            return ports.store.head_bucket()
        case Commit(offsets):
            return _commit(offsets, ports)
        case Report(level, message):
            return ports.report(level, message)
        case Released():
            raise ProtocolError("the partitions were released outside the client's callback")


def _commit(offsets: Any, ports: Ports) -> bool:
    """A commit that the broker refuses is reported and not repeated, as in Kafka Connect."""
    try:
        ports.offsets.commit(offsets)
    except SourceError as refused:
        ports.report("warning", f"offsets were not committed: {refused}")
        return False
    return True
