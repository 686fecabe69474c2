"""What of a scenario's log is there: records come, retention and compaction take some, and readers begin somewhere."""

from bisect import bisect_left
from typing import NamedTuple

from onceproof.model.history import Log
from onceproof.scenarios.partitions import of_sink
from onceproof.scenarios.remembered import of_the_same
from onceproof.sink.effects import TopicPartition


class Whole(NamedTuple):
    """A log that nothing was taken from: its offsets, the first of each partition, and the one behind its last."""

    offsets: dict[TopicPartition, list[int]]
    starts: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]


@of_the_same
def _whole(log: Log) -> Whole:
    offsets = {of_sink(tp): [record.offset for record in records] for tp, records in log.items()}
    starts = {tp: found[0] if found else 0 for tp, found in offsets.items()}
    ends = {tp: found[-1] + 1 if found else 0 for tp, found in offsets.items()}
    return Whole(offsets, starts, ends)


class LogState:
    """The log as readers see it: `ends` is the offset behind the last record that each partition has ever shown.

    The last `hidden` records of each partition (at most all of them) are not there yet.
    """

    def __init__(self, log: Log, hidden: int = 0) -> None:
        self.hidden = hidden
        whole = _whole(log)
        self._offsets = whole.offsets.copy()
        self._starts = whole.starts.copy()
        self.ends = self._visible_ends() if hidden else whole.ends

    def _visible_ends(self) -> dict[TopicPartition, int]:
        """Behind the last record that is shown; where none is, the partition ends where it begins."""
        ends = {}
        for tp, offsets in self._offsets.items():
            shown = len(offsets) - self.hidden
            ends[tp] = offsets[shown - 1] + 1 if shown > 0 else self._starts[tp]
        return ends

    def show(self, count: int) -> bool:
        """Let `count` more records of each partition come; whether any came."""
        shown = min(count, self.hidden)
        self.hidden -= shown
        before = self.ends
        self.ends = {tp: max(end, before[tp]) for tp, end in self._visible_ends().items()}
        return before != self.ends

    def is_read(self, partition: TopicPartition, position: int) -> bool:
        """Whether no visible record is left at a position or behind it; compaction may have taken the last ones."""
        offsets = self._offsets[partition]
        shown = len(offsets) - self.hidden
        return shown <= 0 or offsets[shown - 1] < position

    def below(self, partition: TopicPartition, end: int) -> frozenset[int]:
        """Offsets of the records below an offset."""
        offsets = self._offsets[partition]
        return frozenset(offsets[: bisect_left(offsets, end)])

    def remove(self, partition: TopicPartition, gone: frozenset[int]) -> None:
        """Records that are there no more; where a partition begins moves on only as its first records go."""
        kept = [offset for offset in self._offsets[partition] if offset not in gone]
        end = self.ends[partition]
        self._offsets[partition] = kept
        self._starts[partition] = kept[0] if kept else end
        self.ends = self._visible_ends() | {partition: end}

    def position(self, partition: TopicPartition, committed: int | None, reset: str) -> int | None:
        """Where a reader begins: at what is committed if the log reaches it, else as `reset` says (`resets`).

        None where that is `none`: it cannot begin.
        """
        start, end = self._starts[partition], self.ends[partition]
        if committed is not None and start <= committed <= end:
            return committed
        return {"earliest": start, "latest": end}.get(reset)
