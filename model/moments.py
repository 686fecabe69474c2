"""The bucket as it was for a moment: after each event, and from one version of a key to the next.

Found here: overtaken (a commit ahead of what was visible, or beyond the log), duplicated for a moment, rewritten,
re-encoded.

A commit may name at most the offset behind the last record of its partition; for a log without records, the
offset from which it was read first (0 if it never was). This holds for sinks that commit the last record
written + 1, as this one and Kafka Connect's do. An end offset in Kafka may lie higher, behind the markers of
transactions: a sink that commits the end offset instead is found overtaken here, though it skips no record.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence

from onceproof.model.bucket import Bucket, Held, Store, cover_of
from onceproof.model.findings import OF_A_RECORD, Finding, of_offsets, ranges
from onceproof.model.history import Committed, DeadLettered, Record, Requested, TopicPartition
from onceproof.model.lives import Completion


def over_time(bucket: Bucket) -> Iterator[Finding]:
    """Overtaken, and what was duplicated for a moment."""
    moments = _Moments(bucket)
    for event in bucket.course.visible:
        if isinstance(event, Completion):
            moments.appeared(event.request.key, bucket.by_completion[event], event.request.partition)
        elif isinstance(event, Committed):
            moments.committed(event.offsets, event.life)
        elif isinstance(event, DeadLettered):
            moments.dead_lettered(event)
        else:
            moments.may_have_appeared(event)
    yield from moments.findings()


def by_version(bucket: Bucket) -> Iterator[Finding]:
    """Rewritten and re-encoded: successive versions of one key."""
    if len(bucket.resting) == len(bucket.history.versions):
        return
    before: dict[str, tuple[Held, bytes]] = {}
    for version in bucket.history.versions:
        held, old = bucket.by_version[id(version)], before.get(version.key)
        if old is not None and old[1] != version.body:
            yield _changed(old[0], held)
        before[version.key] = held, version.body


class _Moments:
    """The bucket as it was after each event."""

    __slots__ = (
        "beyond", "bucket", "completed", "cover", "doubled", "excused", "frontier", "hidden", "overtaken",
        "unordered", "unsettled", "visible",
    )  # fmt: skip

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.visible: dict[str, Held] = {}
        self.cover: dict[Store, dict[int, int]] = {}
        self.excused = {partition: set(offsets) for partition, offsets in bucket.unsent.items()}
        """Records that stand in no object for a good reason: they have been reported, or compacted away."""
        for partition, compacted in bucket.course.compacted.items():
            self.excused.setdefault(partition, set()).update(compacted)
        self.frontier: dict[Store, int] = {}
        """Position among what is to be stored up to which every record is visible, or excused."""
        self.doubled: dict[tuple[Store, tuple[str, ...]], set[int]] = {}
        self.overtaken: dict[Store, tuple[set[int], str]] = {}
        self.beyond: dict[TopicPartition, tuple[int, str]] = {}
        """The offset that a commit may name at most, and what was found instead."""
        self.hidden: dict[str, tuple[TopicPartition, int]] = {}
        """Objects of which nobody knows what they hold just now, and the offset that each begins at."""
        self.completed = {event.request.key for event in bucket.by_completion if event.request.version_id is None}
        """Names of objects of which no answer says which version it made."""
        self.unsettled = {held.key for held in bucket.unexplained}
        self.unsettled |= {event.key for event in bucket.course.unanswered if isinstance(event, Requested)}
        """Names of which nobody knows what stood there when."""
        # What became visible at an unknown time may have been there all along: the doubt is the sink's.
        self.unordered = cover_of(bucket.unexplained)

    def appeared(self, key: str, held: Held | None, partition: TopicPartition) -> None:
        """A complete took effect."""
        old = self.visible.pop(key, None)
        if held is None:
            self.hidden[key] = partition, self.bucket.first_offset(key)
            return
        self.hidden.pop(key, None)
        self.visible[key] = held
        if held.partition is None:
            return
        store = held.partition, held.kind
        if old is not None and (old.partition, old.kind) == store and old.offsets == held.offsets:
            return
        cover = self.cover.setdefault(store, {})
        for offset in old.offsets if old is not None else ():
            cover[offset] -= 1
            if not cover[offset]:
                self.frontier[store] = 0  # a record went out of sight: look again from the start
        twice = set()
        for offset in held.offsets:
            cover[offset] = cover.get(offset, 0) + 1
            if cover[offset] > 1:
                twice.add(offset)
        if twice:
            self._doubled(store, twice)

    def may_have_appeared(self, complete: Requested) -> None:
        """Nobody knows whether a complete took effect, nor, without their ids, which one made the version there is."""
        if complete.key in self.completed and complete.key not in self.visible:
            self.hidden[complete.key] = complete.partition, self.bucket.first_offset(complete.key)

    def _doubled(self, store: Store, twice: set[int]) -> None:
        holders = [
            held
            for held in self.visible.values()
            if not twice.isdisjoint(held.offsets) and held.key not in self.unsettled
        ]
        by_keys = cover_of(holders).get(store, {})
        for offset in self.bucket.doubts.without(store, sorted(twice)):
            if len(by_keys.get(offset, ())) < 2:
                continue
            self.doubled.setdefault((store, tuple(sorted(set(by_keys[offset])))), set()).add(offset)

    def dead_lettered(self, letter: DeadLettered) -> None:
        """A record reached the dead letter queue: that may excuse it."""
        if self.bucket.excuses(letter):
            self.excused.setdefault(letter.partition, set()).add(letter.offset)

    def committed(self, offsets: Mapping[TopicPartition, int], life: int) -> None:
        """A commit took effect: every stored record below it must be visible."""
        for partition, end in offsets.items():
            log = self.bucket.history.log.get(partition)
            if log is None or self.bucket.view(partition) is None:
                continue
            if not log or end > log[-1].offset + 1:
                self._look_behind(log, partition, end, f"when life {life} committed")
            for store, stored in self.bucket.stores(partition).items():
                missing = self.bucket.doubts.without(store, self._missing(store, stored, end))
                if missing:
                    first = f"when life {life} committed {end}"
                    self.overtaken.setdefault(store, (set(), first))[0].update(missing)

    def _missing(self, store: Store, stored: Sequence[int], end: int) -> set[int]:
        """Records below `end` that stand nowhere just now."""
        cover, unordered = self.cover.get(store, {}), self.unordered.get(store, {})
        excused: Collection[int] = self.excused.get(store[0], ())
        at = self.frontier.get(store, 0)
        while at < len(stored) and stored[at] < end:
            if not (cover.get(stored[at]) or stored[at] in unordered or stored[at] in excused):
                break
            at += 1
        self.frontier[store] = at
        hidden = min([first for of, first in self.hidden.values() if of == store[0]], default=end)
        return {
            offset
            for offset in stored[at : bisect_left(stored, min(end, hidden))]
            if not cover.get(offset) and offset not in unordered and offset not in excused
        }

    def _look_behind(self, log: Sequence[Record], partition: TopicPartition, end: int, when: str) -> None:
        """Note the first commit of a partition that is beyond its log."""
        limit = log[-1].offset + 1 if log else self._first_read(partition)
        if end > limit:
            self.beyond.setdefault(partition, (limit, f"{end} {when}"))

    def _first_read(self, partition: TopicPartition) -> int:
        return next((each.start_offset for each in self.bucket.course.writers if each.partition == partition), 0)

    def findings(self) -> Iterator[Finding]:
        """What was so at some moment; duplicates that are still so are left to the look at rest."""
        committed = self.bucket.history.committed
        for partition, end in committed.items():
            log = self.bucket.history.log.get(partition)
            if log is not None and (not log or end > log[-1].offset + 1):
                self._look_behind(log, partition, end, "at the end")
        for partition, (limit, what) in self.beyond.items():
            yield Finding(
                kind="overtaken",
                partition=partition,
                offsets=(),  # there is no record to name
                keys=(),
                at_rest=committed.get(partition, 0) > limit,
                detail=f"expected a commit of {partition} to be at most {limit}, where its log ends, found {what}",
            )
        for store, (missing, when) in self.overtaken.items():
            partition, kind = store
            offsets = tuple(sorted(missing))
            standing = {*self.bucket.cover.get(store, {}), *self.excused.get(partition, ())}
            yield Finding(
                kind="overtaken",
                partition=partition,
                offsets=offsets,
                keys=(),
                at_rest=not standing.issuperset(offsets),
                detail=f"expected a commit of {partition} to follow what is durable, "
                f"found {of_offsets(kind)} {ranges(offsets)} in no object {when}",
                object_kind=kind,
            )
        for (store, keys), twice in self.doubled.items():
            partition, kind = store
            cover = self.bucket.cover.get(store, {})
            offsets = tuple(sorted([offset for offset in twice if len(cover.get(offset, ())) < 2]))
            if offsets:
                yield Finding(
                    kind="duplicated",
                    partition=partition,
                    offsets=offsets,
                    keys=keys,
                    at_rest=False,
                    detail=f"expected {OF_A_RECORD[kind]} of {partition} in one object at all times, found "
                    f"{of_offsets(kind)} {ranges(offsets)} twice for a moment in {', '.join(keys)}",
                    object_kind=kind,
                )


def _changed(old: Held, new: Held) -> Finding:
    """What happened between two versions of a key with different bytes."""
    same = old.offsets == new.offsets and old.altered == new.altered and old.unknown == new.unknown
    offsets = tuple(sorted(set(old.offsets) ^ set(new.offsets) or set(old.altered) ^ set(new.altered)))
    change = f"offsets {ranges(sorted(set(old.offsets)))}, later {ranges(sorted(set(new.offsets)))}"
    return Finding(
        kind="re-encoded" if same else "rewritten",
        partition=new.partition,
        offsets=() if same else offsets,
        keys=(new.key,),
        at_rest=False,
        detail=f"expected {new.key} not to change once visible, "
        f"found {'other bytes for equal records' if same else change}",
        object_kind=new.kind,
    )
