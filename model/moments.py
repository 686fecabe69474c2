"""The bucket as it was for a moment: after each event, and from one version of a key to the next.

Found here: overtaken (a commit ahead of what was visible, or beyond the log), duplicated for a moment, rewritten,
re-encoded.

A commit may name at most the offset behind the last record of its partition; for a log without records, the
offset from which it was read first (0 if it never was). This holds for sinks that commit the last record
written + 1, as this one and Kafka Connect's do. An end offset in Kafka may lie higher, behind the markers of
transactions: a sink that commits the end offset instead is found overtaken here, though it skips no record.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from onceproof.model.bucket import Bucket, Held, cover_of
from onceproof.model.findings import Finding, ranges
from onceproof.model.history import Record, TopicPartition
from onceproof.model.lives import Completion


def over_time(bucket: Bucket) -> Iterator[Finding]:
    """Overtaken, and what was duplicated for a moment."""
    moments = _Moments(bucket)
    for event in bucket.course.visible:
        if isinstance(event, Completion):
            moments.appeared(event.request.key, bucket.by_completion[event])
        else:
            moments.committed(event.offsets, event.life)
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

    __slots__ = ("beyond", "bucket", "cover", "doubled", "frontier", "overtaken", "unordered", "visible")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.visible: dict[str, Held] = {}
        self.cover: dict[TopicPartition, dict[int, int]] = {}
        self.frontier: dict[TopicPartition, int] = {}
        """Position in the stored log up to which every record is visible."""
        self.doubled: dict[tuple[TopicPartition, tuple[str, ...]], set[int]] = {}
        self.overtaken: dict[TopicPartition, tuple[set[int], str]] = {}
        self.beyond: dict[TopicPartition, tuple[int, str]] = {}
        """The offset that a commit may name at most, and what was found instead."""
        # What became visible at an unknown time may have been there all along: the doubt is the sink's.
        self.unordered = cover_of(bucket.unexplained)

    def appeared(self, key: str, held: Held | None) -> None:
        """A complete took effect."""
        old = self.visible.pop(key, None)
        if held is None:
            return
        self.visible[key] = held
        partition = held.partition
        if partition is None or (old is not None and old.partition == partition and old.offsets == held.offsets):
            return
        cover = self.cover.setdefault(partition, {})
        for offset in old.offsets if old is not None else ():
            cover[offset] -= 1
            if not cover[offset]:
                self.frontier[partition] = 0  # a record went out of sight: look again from the start
        twice = set()
        for offset in held.offsets:
            cover[offset] = cover.get(offset, 0) + 1
            if cover[offset] > 1:
                twice.add(offset)
        if twice:
            self._doubled(partition, twice)

    def _doubled(self, partition: TopicPartition, twice: set[int]) -> None:
        holders = [held for held in self.visible.values() if not twice.isdisjoint(held.offsets)]
        by_keys = cover_of(holders)[partition]
        for offset in twice:
            self.doubled.setdefault((partition, tuple(sorted(set(by_keys[offset])))), set()).add(offset)

    def committed(self, offsets: Mapping[TopicPartition, int], life: int) -> None:
        """A commit took effect: every stored record below it must be visible."""
        for partition, end in offsets.items():
            log = self.bucket.history.log.get(partition)
            view = self.bucket.view(partition) if log is not None else None
            if log is None or view is None:
                continue
            if not log or end > log[-1].offset + 1:
                self._look_behind(log, partition, end, f"when life {life} committed")
            cover, unordered = self.cover.get(partition, {}), self.unordered.get(partition, {})
            at, stored = self.frontier.get(partition, 0), view.offsets
            while at < len(stored) and stored[at] < end and (cover.get(stored[at]) or stored[at] in unordered):
                at += 1
            self.frontier[partition] = at
            missing = {
                offset
                for offset in stored[at : bisect_left(stored, end)]
                if not cover.get(offset) and offset not in unordered
            }
            if missing:
                first = f"when life {life} committed {end}"
                self.overtaken.setdefault(partition, (set(), first))[0].update(missing)

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
        for partition, (missing, when) in self.overtaken.items():
            offsets, cover = tuple(sorted(missing)), self.bucket.cover.get(partition, {})
            yield Finding(
                kind="overtaken",
                partition=partition,
                offsets=offsets,
                keys=(),
                at_rest=any(offset not in cover for offset in offsets),
                detail=f"expected a commit of {partition} to follow what is durable, "
                f"found offsets {ranges(offsets)} in no object {when}",
            )
        for (partition, keys), twice in self.doubled.items():
            cover = self.bucket.cover.get(partition, {})
            offsets = tuple(sorted([offset for offset in twice if len(cover.get(offset, ())) < 2]))
            if offsets:
                yield Finding(
                    kind="duplicated",
                    partition=partition,
                    offsets=offsets,
                    keys=keys,
                    at_rest=False,
                    detail=f"expected each record of {partition} in one object at all times, found offsets "
                    f"{ranges(offsets)} twice for a moment in {', '.join(keys)}",
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
    )
