"""What of a scenario's log is there: records come, retention and compaction take some, and readers begin somewhere."""

from bisect import bisect_left

from onceproof.model.history import Log
from onceproof.scenarios.partitions import of_sink
from onceproof.sink.effects import TopicPartition


class LogState:
    """The log as readers see it: `ends` is the offset behind each partition's last visible record.

    The last `hidden` records of each partition (at most all of them) are not there yet.
    """

    def __init__(self, log: Log, hidden: int = 0) -> None:
        self.hidden = hidden
        self._offsets = {of_sink(tp): [record.offset for record in records] for tp, records in log.items()}
        self._starts = {tp: offsets[0] if offsets else 0 for tp, offsets in self._offsets.items()}
        self.ends = self._visible_ends()

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
        before, self.ends = self.ends, self._visible_ends()
        return before != self.ends

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
