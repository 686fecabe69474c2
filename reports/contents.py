"""Which records each write of a run put into an object.

An object that is what the model expects holds the records that the model says, and was closed for the reason
that it says. Of others the judge knows the records at rest, and a line that is the value of a record is it.
Where none of these tells, the offsets are not known (`None`), never guessed.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onceproof.model.history import History, Outcome, Record, Requested, TopicPartition, Version
from onceproof.model.judge import Verdict
from onceproof.model.lives import Completion, course_of
from onceproof.model.predictions import Prediction, predict


@dataclass(frozen=True, slots=True)
class Write:
    """An object became visible: a complete that was applied."""

    event: int
    """Index into the events of the history."""
    life: int
    partition: TopicPartition
    key: str
    offsets: tuple[int, ...] | None
    outcome: Outcome
    """What the sink was told of it."""
    cause: str = ""
    """Why the file was closed, where the object is just what the model expects; else empty."""


def writes(history: History, verdict: Verdict) -> tuple[Write, ...]:
    """Return the applied completes in order."""
    contents = _Contents(history, verdict)
    found = []
    for at, event in enumerate(history.events):
        if isinstance(event, Requested) and event.request == "complete" and event.applied:
            version = contents.version(event)
            offsets, cause = contents.expected(at, version) or (contents.offsets(event, version), "")
            found.append(Write(at, event.life, event.partition, event.key, offsets, event.outcome, cause))
    return tuple(found)


def predictions(history: History) -> Mapping[int, Prediction]:
    """Return what the model expects of the writer behind each complete, by the identity of the event.

    Empty where the model does not cover the configuration, or the history does not say who wrote.
    """
    try:
        completions = [each for each in course_of(history.events).visible if isinstance(each, Completion)]
        return {
            id(each.request): predict(history.log[each.writer.partition], each.writer)
            for each in completions
            if each.writer is not None
        }
    except (ValueError, LookupError):  # OutsideDomain is a ValueError
        return {}


class _Contents:
    """Looks up the records of a version."""

    def __init__(self, history: History, verdict: Verdict) -> None:
        self._events = history.events
        self._log = history.log
        self._versions = {(version.key, version.version_id): version for version in history.versions}
        self._last = {version.key: version for version in history.versions}
        self._count = Counter(version.key for version in history.versions)
        self._at_rest = {held.key: held.offsets for held in verdict.objects}
        self._predictions = predictions(history)

    def version(self, request: Requested) -> Version | None:
        """Return the version that this complete made, if the history keeps it."""
        if request.version_id is not None:
            return self._versions.get((request.key, request.version_id))
        return self._last.get(request.key) if self._count[request.key] == 1 else None

    def expected(self, at: int, version: Version | None) -> tuple[tuple[int, ...], str] | None:
        """Return the offsets and the cause of a version that is, to the byte, what the model expects."""
        prediction = self._predictions.get(id(self._events[at]))
        index = prediction.by_key.get(version.key) if prediction and version else None
        if prediction is None or version is None or index is None or prediction.bodies[index] != version.body:
            return None
        made = prediction.expected.objects[index]
        return made.offsets, made.cause

    def offsets(self, request: Requested, version: Version | None) -> tuple[int, ...] | None:
        """Return the offsets of the records that this complete made visible."""
        if version is None:
            return None
        if version.body == self._last[request.key].body and self._at_rest.get(request.key):
            return self._at_rest[request.key]
        return offsets_of_lines(version, self._log.get(request.partition, ()))


def offsets_of_lines(version: Version, records: Sequence[Record]) -> tuple[int, ...] | None:
    """Return the offsets of an object of which each line is the value of one record; None if any is not."""
    by_value: dict[Any, list[int]] = {}
    for record in records:
        by_value.setdefault(_value(record.value), []).append(record.offset)
    offsets = []
    for line in version.body.splitlines():
        found = by_value.get(_value(line), [])
        if len(found) != 1:
            return None
        offsets.append(found[0])
    return tuple(offsets)


def _value(text: bytes | None) -> Any:
    """Return what two writings of one value have in common: of JSON its sorted text, else the bytes."""
    if text is None:
        return None
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text
