"""The bucket of a run, read: which records each version of each object holds, and who wrote it.

A body that is what the model predicts for its writer and its key is known at once; any other is read piece by
piece (`decoding`). A version that no event explains is read under any configuration of the run.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from onceproof.model.decoding import Content, content_of
from onceproof.model.history import DeadLettered, History, TopicPartition, Version
from onceproof.model.lives import Completion, Course, Writer
from onceproof.model.ordinals import ordinal
from onceproof.model.placement import Object
from onceproof.model.predictions import KindView, LogView, Prediction, lines_of, predict, view_of
from onceproof.model.settings import Layout, ObjectKind, OutsideDomain, Settings

Store: TypeAlias = tuple[TopicPartition, ObjectKind]
"""All objects of one kind of one partition: in them a record stands once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Held:
    """One version of one object, read."""

    key: str
    partition: TopicPartition | None
    kind: ObjectKind = "value"
    offsets: tuple[int, ...] = ()
    """Records that it stands for, in order; altered ones come last."""
    altered: tuple[int, ...] = ()
    """Those of `offsets` that the model names for it and that stand there with other content."""
    unknown: int = 0
    """Pieces beyond these that are no record of the log."""
    is_exact: bool
    """Its bytes are the model's for `offsets`."""
    writer: Writer | None
    at_rest: bool
    cause: str = ""
    """Why it was closed, where it is what the model predicts."""


class Bucket:
    """What stood in the bucket of a run, after each complete and at rest."""

    __slots__ = (
        "_last_version",
        "_stores",
        "by_completion",
        "by_version",
        "course",
        "cover",
        "history",
        "not_observed",
        "predictions",
        "resting",
        "sent",
        "to_be_sent",
        "unexplained",
        "unsent",
    )

    def __init__(self, history: History, course: Course) -> None:
        self.history = history
        self.course = course
        self.not_observed = [f"{each} is not known" for each in course.unsure]
        self.predictions = {
            writer: predict(history.log.get(writer.partition, ()), writer, history.schemas) for writer in course.writers
        }
        self._require_own_topics()
        self._stores: dict[TopicPartition, Mapping[Store, Sequence[int]]] = {}
        self._last_version = {version.key: version for version in history.versions}
        self.by_version: dict[int, Held] = {}
        """By the identity of the version, since two versions may be equal."""
        made = _versions_by_completion(history, course)
        self.by_completion: dict[Completion, Held | None] = {}
        """What a reader saw after each complete; None if nothing says so."""
        for event in course.visible:
            if isinstance(event, Completion):
                self.by_completion[event] = self._held_after(event, made.get(event))
        self.unexplained: list[Held] = []
        """Versions of which no event says when they became visible."""
        if len(self.by_version) < len(history.versions):
            self._read_the_unexplained()
        self.resting = [self.by_version[id(version)] for version in self._last_version.values()]
        self.cover = cover_of(self.resting)
        """At rest: the keys of each offset."""
        self.unsent: dict[TopicPartition, set[int]] = {}
        """Records that some writer had to skip, and to report nowhere but in a log."""
        self.to_be_sent: dict[TopicPartition, set[int]] = {}
        """Records that some writer had to skip, and to send to the dead letter queue."""
        for writer, prediction in self.predictions.items():
            if prediction.expected.dead_letters:
                letters = {letter.offset for letter in prediction.expected.dead_letters}
                where = self.to_be_sent if writer.rules.has_queue else self.unsent
                where.setdefault(writer.partition, set()).update(letters)
        self.sent: dict[TopicPartition, set[int]] = {}
        """Records that stand in the dead letter queue."""
        for event in course.visible:
            if isinstance(event, DeadLettered):
                self.sent.setdefault(event.partition, set()).add(event.offset)

    def excused(self, partition: TopicPartition) -> frozenset[int]:
        """Records that need to stand in no object: reported, as some writer had to, or compacted away."""
        sent = self.sent.get(partition, set()) & self.to_be_sent.get(partition, set())
        return frozenset(sent | self.unsent.get(partition, set())) | self.course.compacted.get(partition, frozenset())

    def view(self, partition: TopicPartition) -> LogView | None:
        """The whole log under the configuration of its last writer, or of the last process; None without one."""
        writer = self.course.last.get(partition)
        if writer is not None and not writer.gone:
            return self.predictions[writer].view
        if not self.course.rules:
            return None
        rules = writer.rules if writer is not None else self.course.rules[-1]
        return view_of(self.history.log[partition], partition, rules, self.history.schemas)

    def stores(self, partition: TopicPartition) -> Mapping[Store, Sequence[int]]:
        """What `view` says is to be stored; without a configuration every value may be.

        Not what some writer of another configuration was handed and had not to store.
        """
        found = self._stores.get(partition)
        if found is None:
            found = self._stores[partition] = self._stores_of(partition)
        return found

    def deadly(self, partition: TopicPartition) -> Sequence[int]:
        """Records that no sink of any configuration of this run may pass over: they kill the put that brings them."""
        found: set[int] | None = None
        for rules in dict.fromkeys(self.course.rules):
            inputs = view_of(self.history.log[partition], partition, rules, self.history.schemas).inputs
            fatal = {item.offset for item in inputs.items if item.at_put is not None and item.at_put.is_fatal}
            found = fatal if found is None else found & fatal
        return sorted(found or ())

    def _stores_of(self, partition: TopicPartition) -> Mapping[Store, Sequence[int]]:
        view = self.view(partition)
        if view is None:
            return {(partition, "value"): [record.offset for record in self.history.log[partition]]}
        found: dict[Store, Sequence[int]] = {(partition, kind): of_kind.offsets for kind, of_kind in view.kinds.items()}
        for writer in self.course.writers:
            other = self.predictions[writer].view
            if writer.partition != partition or other is view or not writer.passes:
                continue
            handed = range(writer.start_offset, writer.passes[-1][0])
            for store, offsets in found.items():
                asked = set(other.kinds[store[1]].offsets) if store[1] in other.kinds else set[int]()
                found[store] = [offset for offset in offsets if offset in asked or offset not in handed]
        return found

    def _require_own_topics(self) -> None:
        """A transform may lead the records of one writer to another, and then who writes what is not modelled."""
        open_in = {(writer.life, writer.partition) for writer in self.course.writers}
        for writer, prediction in self.predictions.items():
            inputs = prediction.view.inputs
            for item in () if inputs.is_plain else inputs.items:
                topic = item.read.topic if item.read is not None else writer.partition.topic
                if topic != writer.partition.topic and (writer.life, writer.partition._replace(topic=topic)) in open_in:
                    raise OutsideDomain(f"a transform leads {writer.partition} to {topic}, which the sink reads too")

    def _read_the_unexplained(self) -> None:
        counts: Counter[str] = Counter()
        for version in self.history.versions:
            counts[version.key] += 1
            if id(version) not in self.by_version:
                which = ordinal(counts[version.key])
                self.not_observed.append(f"when the {which} version of {version.key} became visible")
                held = self.by_version[id(version)] = self._read(version, None)
                self.unexplained.append(held)

    def _held_after(self, event: Completion, version: Version | None) -> Held | None:
        if version is not None:
            held = self._read(version, event.writer)
            self.by_version[id(version)] = held
            return held
        request, writer = event.request, event.writer
        if writer is not None and request.digest:  # the version is gone, but what it was can be recognised
            prediction = self.predictions[writer]
            at = prediction.by_key.get(request.key)
            if at is not None and hashlib.sha256(prediction.bodies[at]).hexdigest() == request.digest.lower():
                return _as_predicted(prediction.expected.objects[at], writer, at_rest=False)
        self.not_observed.append(f"what {request.key} held after its complete by life {request.life}")
        return None

    def _read(self, version: Version, writer: Writer | None) -> Held:
        """The records of a version: as predicted if the bytes are, else read piece by piece."""
        at_rest = self._last_version[version.key] is version
        wanted: tuple[int, ...] = ()
        if writer is not None:
            prediction = self.predictions[writer]
            at = prediction.by_key.get(version.key)
            if at is not None:
                made = prediction.expected.objects[at]
                if prediction.bodies[at] == version.readable:
                    return _as_predicted(made, writer, at_rest=at_rest)
                wanted = made.offsets
        place = self._place(version.key, writer)
        if place is None:
            return Held(key=version.key, partition=None, unknown=1, is_exact=False, writer=None, at_rest=at_rest)
        partition, view, first_offset = place
        content = content_of(version.readable, view, wanted[0] if wanted else first_offset)
        if writer is not None and content.is_exact and content.offsets == wanted:
            content = _as_this_object(content, self.predictions[writer], version.key)
        standing = set(content.offsets)
        altered = tuple([offset for offset in wanted if offset not in standing][: content.unknown])
        return Held(
            key=version.key,
            partition=partition,
            kind=view.layout.kind,
            offsets=content.offsets + altered,
            altered=altered,
            unknown=content.unknown - len(altered) if content.offsets or altered else 1,
            is_exact=content.is_exact and bool(content.offsets),
            writer=writer,
            at_rest=at_rest,
        )

    def _place(self, key: str, writer: Writer | None) -> tuple[TopicPartition, KindView, int] | None:
        """Partition, log and first offset that a key names, as its writer (or any) forms keys."""
        for rules in [writer.rules] if writer else reversed(self.course.rules):
            for partition, log in self.history.log.items():
                for layout in rules.layouts:
                    first = _first_offset(key, partition, rules, layout)
                    if first is not None and (writer is None or writer.partition == partition):
                        view = view_of(log, partition, rules, self.history.schemas)
                        return partition, view.kinds[layout.kind], first
        if writer is None:
            return None
        return writer.partition, self.predictions[writer].view.kinds["value"], 0


def _as_predicted(made: Object, writer: Writer, *, at_rest: bool) -> Held:
    return Held(
        key=made.key,
        partition=writer.partition,
        kind=made.kind,
        offsets=made.offsets,
        is_exact=True,
        writer=writer,
        at_rest=at_rest,
        cause=made.cause,
    )


def _as_this_object(content: Content, prediction: Prediction, key: str) -> Content:
    """Records that stand where they must, without those whose value was projected to another schema than theirs."""
    made = prediction.expected.objects[prediction.by_key[key]]
    lines = lines_of(prediction.view.inputs, made)
    right = [found == line for found, line in zip(content.pieces, lines, strict=True)]
    return Content(
        offsets=tuple([offset for offset, is_right in zip(content.offsets, right, strict=True) if is_right]),
        unknown=right.count(False),
        is_exact=all(right),
        pieces=(),
    )


def _versions_by_completion(history: History, course: Course) -> dict[Completion, Version]:
    """Which version each complete made: by its id, else by digest and order among the key's versions."""
    by_id = {(version.key, version.version_id): version for version in history.versions}
    found: dict[Completion, Version] = {}
    rest: list[Completion] = []
    for event in course.visible:
        if isinstance(event, Completion):
            version = by_id.pop((event.request.key, event.request.version_id or ""), None)
            if version is None or event.request.version_id is None:
                rest.append(event)
            else:
                found[event] = version
    left: dict[str, list[Version]] = {}
    for version in by_id.values():
        left.setdefault(version.key, []).append(version)
    for event in reversed(rest):  # the newest version that is left can only be the newest complete's
        candidates = left.get(event.request.key)
        if candidates and event.request.digest.lower() in (
            "",
            hashlib.sha256(candidates[-1].body).hexdigest(),
        ):
            found[event] = candidates.pop()
    return found


def _first_offset(key: str, partition: TopicPartition, rules: Settings, layout: Layout) -> int | None:
    """The offset that a key names, if it is a name of this partition and kind."""
    start, plus = f"{rules.prefix}{partition.topic}{rules.directory_delim}", rules.file_delim
    name = f"{rules.directory_delim}{partition.topic}{plus}{partition.partition}{plus}"
    found = re.fullmatch(f"{re.escape(start)}.*{re.escape(name)}([0-9]+){re.escape(layout.extension)}", key, re.DOTALL)
    return int(found[1]) if found else None


def cover_of(held: Iterable[Held]) -> dict[Store, dict[int, list[str]]]:
    """Keys by offset, one entry for each time that the offset stands somewhere."""
    cover: dict[Store, dict[int, list[str]]] = {}
    for each in held:
        if each.partition is not None:
            of_store = cover.setdefault((each.partition, each.kind), {})
            for offset in each.offsets:
                of_store.setdefault(offset, []).append(each.key)
    return cover
