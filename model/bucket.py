"""The bucket of a run, read: which records each version of each object holds, and who wrote it.

A body that is what the model predicts for its writer and its key is known at once; any other is read piece by
piece (`decoding`). A version that no event explains is read under any configuration of the run.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from onceproof.model.decoding import Content, content_of, is_divisible, lookalikes
from onceproof.model.doubts import Doubts
from onceproof.model.frozen import frozen
from onceproof.model.history import DeadLettered, History, Requested, TopicPartition, Version
from onceproof.model.lives import Completion, Course, Writer
from onceproof.model.ordinals import ordinal
from onceproof.model.placement import Object
from onceproof.model.predictions import KindView, LogView, Prediction, lines_of, predict, view_of
from onceproof.model.settings import Layout, ObjectKind, OutsideDomain, Settings

Store: TypeAlias = tuple[TopicPartition, ObjectKind]
"""All objects of one kind of one partition: in them a record stands once."""


@frozen(eq=False, kw_only=True)
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
    """Who is known to have written it."""
    author: Writer | None = None
    """The writer, or where none is known one that asked for just this and got no answer."""
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
        "doubts",
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
        self.doubts = Doubts()
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
        self._doubt_what_was_not_watched()

    def is_watched(self, partition: TopicPartition) -> bool:
        """Whether it is known what any writer of this partition was handed."""
        return partition in self.course.last

    def excuses(self, letter: DeadLettered) -> bool:
        """Whether a dead letter may stand for its record: it had to be sent, or nobody knows whether."""
        return not self.is_watched(letter.partition) or letter.offset in self.to_be_sent.get(letter.partition, ())

    def first_offset(self, key: str) -> int:
        """The offset that a name begins at; 0 where it is none of the sink's."""
        place = self._places(key, None)
        return place[0][2] if place else 0

    def excused(self, partition: TopicPartition) -> frozenset[int]:
        """Records that need to stand in no object: reported, as some writer had to, or compacted away."""
        sent = self.sent.get(partition, set())
        if self.is_watched(partition):
            sent = sent & self.to_be_sent.get(partition, set())
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
        if not self.is_watched(partition):
            return self._stores_of_all(partition, found)
        for writer in self.course.writers:
            other = self.predictions[writer].view
            if writer.partition != partition or other is view or not writer.passes:
                continue
            handed = range(writer.start_offset, writer.passes[-1][0])
            for store, offsets in found.items():
                asked = set(other.kinds[store[1]].offsets) if store[1] in other.kinds else set[int]()
                found[store] = [offset for offset in offsets if offset in asked or offset not in handed]
        return found

    def _stores_of_all(
        self, partition: TopicPartition, found: Mapping[Store, Sequence[int]]
    ) -> Mapping[Store, Sequence[int]]:
        """What every configuration of the run stores, where nobody knows which of them handled a record."""
        log = self.history.log[partition]
        for rules in dict.fromkeys(self.course.rules):
            kinds = view_of(log, partition, rules, self.history.schemas).kinds
            found = {
                store: [offset for offset in offsets if offset in set(kinds[store[1]].offsets)]
                for store, offsets in found.items()
                if store[1] in kinds
            }
        return found

    def _doubt_what_was_not_watched(self) -> None:
        """Letters without an answer, and records that a log alone may tell of."""
        for event in self.course.unanswered:
            if isinstance(event, DeadLettered):
                for _, kind in self.stores(event.partition):
                    self.doubts.add(event.partition, kind, [event.offset])
        if any(rules.has_reporter and not rules.has_queue for rules in self.course.rules):
            for partition in self.history.log:
                if not self.is_watched(partition):
                    self.not_observed.append(f"what was refused of {partition} and told to a log alone")
                    for _, kind in self.stores(partition):
                        self.doubts.add_all(partition, kind)

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
                held = self.by_version[id(version)] = self._recognised(version) or self._read_by_itself(version)
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

    def _recognised(self, version: Version) -> Held | None:
        """What some writer had to write, which is not known to have done it; None if no writer had to."""
        found = [
            (writer, prediction.expected.objects[at])
            for writer, prediction in self.predictions.items()
            if (at := prediction.by_key.get(version.key)) is not None and prediction.bodies[at] == version.readable
        ]
        if not found:
            return None
        (author, made), *others = found
        if any(other.offsets != made.offsets for _, other in others):
            self.doubts.add(author.partition, made.kind, [offset for _, each in found for offset in each.offsets])
        at_rest = self._last_version[version.key] is version
        is_asked_for = any((each.key, each.life) == (version.key, author.life) for each in self._unanswered_completes())
        held = _as_predicted(made, author, at_rest=at_rest)
        return replace(held, writer=None, author=author if is_asked_for else None)

    def _unanswered_completes(self) -> Iterator[Requested]:
        return (event for event in self.course.unanswered if isinstance(event, Requested))

    def _read(self, version: Version, writer: Writer | None) -> Held:
        """The records of a version: as predicted if the bytes are, else read piece by piece."""
        if writer is None:
            return self._read_by_itself(version)
        prediction = self.predictions[writer]
        at = prediction.by_key.get(version.key)
        wanted: tuple[int, ...] = ()
        at_rest = self._last_version[version.key] is version
        if at is not None:
            made = prediction.expected.objects[at]
            if prediction.bodies[at] == version.readable:
                return _as_predicted(made, writer, at_rest=at_rest)
            wanted = made.offsets
        places = self._places(version.key, writer)
        partition, view, first_offset = places[0] if places else (writer.partition, prediction.view.kinds["value"], 0)
        content = content_of(version.readable, view, wanted[0] if wanted else first_offset)
        if at is not None and content.is_exact and content.offsets == wanted:
            content = _as_this_object(content, prediction, version.key)
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
            author=writer,
            at_rest=at_rest,
        )

    def _read_by_itself(self, version: Version) -> Held:
        """The records of a version that nobody is known to have written, by its name and its text alone.

        If a writer of the sink may have, it is in doubt which of equal records it holds; and where it does not all read
        as records, so is every other one.
        """
        at_rest = self._last_version[version.key] is version
        readings = [
            (partition, view, content_of(version.readable, view, first_offset))
            for partition, view, first_offset in self._places(version.key, None)
        ]
        if not readings:
            return Held(key=version.key, partition=None, unknown=1, is_exact=False, writer=None, at_rest=at_rest)
        partition, view, content = next((each for each in readings if each[2].is_exact), readings[0])
        unknown = content.unknown if content.offsets else 1
        if self.is_watched(partition) and not any(each.key == version.key for each in self._unanswered_completes()):
            pass  # none of the sink's writers wrote it
        elif unknown or not is_divisible(view):
            self.doubts.add_all(partition, view.layout.kind)
            self.not_observed.append(
                f"which records of {partition} stand in {version.key}, of which no writer is known"
            )
            unknown = unknown if is_divisible(view) and len(readings) == 1 else 0
        elif alike := lookalikes(content, view):
            self.doubts.add(partition, view.layout.kind, alike)
            self.not_observed.append(f"which of equal records stand in {version.key}, of which no writer is known")
        return Held(
            key=version.key,
            partition=partition,
            kind=view.layout.kind,
            offsets=content.offsets,
            unknown=unknown,
            is_exact=content.is_exact and bool(content.offsets),
            writer=None,
            at_rest=at_rest,
        )

    def _places(self, key: str, writer: Writer | None) -> list[tuple[TopicPartition, KindView, int]]:
        """Partition, log and first offset that a key names, as its writer forms keys, or each of the run's lives."""
        found = []
        for rules in [writer.rules] if writer else dict.fromkeys(reversed(self.course.rules)):
            for partition, log in self.history.log.items():
                for layout in rules.layouts:
                    first = _first_offset(key, partition, rules, layout)
                    if first is not None and (writer is None or writer.partition == partition):
                        view = view_of(log, partition, rules, self.history.schemas)
                        found.append((partition, view.kinds[layout.kind], first))
        return found


def _as_predicted(made: Object, writer: Writer, *, at_rest: bool) -> Held:
    return Held(
        key=made.key,
        partition=writer.partition,
        kind=made.kind,
        offsets=made.offsets,
        is_exact=True,
        writer=writer,
        author=writer,
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
    unanswered = {event.key for event in course.unanswered if isinstance(event, Requested)}
    """Of these keys the newest version may be that of a complete without an answer."""
    found: dict[Completion, Version] = {}
    rest: list[Completion] = []
    for event in course.visible:
        if isinstance(event, Completion):
            version_id = event.request.version_id
            version = by_id.pop((event.request.key, version_id), None) if version_id is not None else None
            if version is None:
                rest.append(event)
            else:
                found[event] = version
    left: dict[str, list[Version]] = {}
    for version in by_id.values():
        left.setdefault(version.key, []).append(version)
    for event in reversed(rest):  # the newest version that is left can only be the newest complete's
        candidates = left.get(event.request.key)
        if not candidates:
            continue
        digest = event.request.digest.lower()
        if digest == hashlib.sha256(candidates[-1].body).hexdigest() or not (digest or event.request.key in unanswered):
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
