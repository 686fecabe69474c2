"""What a run under record time must leave behind, and how a run differs from it: the generic check of any scenario.

The expected bucket comes from the model's placement and rendering alone; the judge's verdict is asked besides, so that
each can catch what the other lets through. Fits scenarios whose configuration reads no clock and stays the same, whose
faults are crashes, and whose course ends in a rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from onceproof.model import history as h
from onceproof.model.guarantee import Guarantee
from onceproof.model.judge import judge
from onceproof.model.placement import fault_free
from onceproof.model.rendering import body
from onceproof.scenarios.run import Run


class Difference(NamedTuple):
    """One thing that is not as it must be; `oracle` is what saw it."""

    oracle: str
    detail: str


@dataclass(frozen=True, slots=True)
class FaultFree:
    """What the run without faults leaves: each object with its body, and the offset behind the last closed window."""

    bucket: Mapping[str, bytes]
    committed: Mapping[h.TopicPartition, int]

    @staticmethod
    def of(log: h.Log, config: Mapping[str, str]) -> "FaultFree":
        """Ask the model; raises OutsideDomain for what it does not cover."""
        bucket: dict[str, bytes] = {}
        committed: dict[h.TopicPartition, int] = {}
        for partition, records in log.items():
            wanted = fault_free(records, config, partition)
            by_offset = {record.offset: record for record in records}
            for made in wanted.objects:
                bucket[made.key] = body(config, [by_offset[offset] for offset in made.offsets])
            if wanted.commits and wanted.commits[-1] is not None:
                committed[partition] = wanted.commits[-1]
        return FaultFree(bucket, committed)

    def differences(self, ran: Run) -> Iterator[Difference]:
        """How a run differs, by each of the oracles; none if it is as it must be."""
        yield from self._of_bucket(ran)
        yield from self._of_commits(ran)
        yield from _of_verdict(ran)
        for fault in ran.unfired:
            yield Difference("faults", f"expected every fault to fire, found '{fault}' still armed")
        if ran.state != "stopped":
            yield Difference("end", f"expected the last life to stop in order, found it {ran.state}")

    def _of_bucket(self, ran: Run) -> Iterator[Difference]:
        """Name for name and byte for byte, in every version that was ever visible."""
        found: dict[str, set[bytes]] = {}
        for version in ran.history.versions:
            found.setdefault(version.key, set()).add(version.body)
        for key in sorted(self.bucket.keys() - found.keys()):
            yield Difference("model: names", f"expected the object {key}, found none")
        for key in sorted(found.keys() - self.bucket.keys()):
            yield Difference("model: names", f"expected no object {key}, found {sorted(found[key])}")
        for key in sorted(found.keys() & self.bucket.keys()):
            if found[key] != {self.bucket[key]}:
                yield Difference("model: bytes", f"expected {self.bucket[key]!r} in {key}, found {sorted(found[key])}")

    def _of_commits(self, ran: Run) -> Iterator[Difference]:
        """Committed up to the last closed window. A silent partition may be committed where reading began."""
        for partition, records in ran.history.log.items():
            start = records[0].offset if records else 0
            expected = self.committed.get(partition, start)
            found = ran.history.committed.get(partition, start)
            if expected != found:
                yield Difference("model: commits", f"expected {partition} to be committed at {expected}, found {found}")


def broken_rules(ran: Run) -> Iterator[Difference]:
    """What no sink may do under any configuration and any fault: lose, or write another thing than the model says.

    Duplicates, and objects that change, are what configurations differ in; they are let through.
    """
    for difference in _of_verdict(ran):
        if difference.oracle not in _LET_THROUGH:
            yield difference
    for fault in ran.unfired:
        yield Difference("faults", f"expected every fault to fire, found '{fault}' still armed")


_LET_THROUGH = ("judge: duplicated", "judge: rewritten", "judge: leaked", "judge: guarantee")


def _of_verdict(ran: Run) -> Iterator[Difference]:
    """Findings of the judge, but for the one upload that a crash may leave behind, and its guarantee."""
    try:
        verdict = judge(ran.history)
    except ValueError as error:
        yield Difference("judge: unreadable", str(error))
        return
    kills = sum(isinstance(event, h.Ended) and event.how == "killed" for event in ran.history.events)
    leaks = [finding for finding in verdict.findings if finding.kind == "leaked"]
    for finding in verdict.findings:
        if finding.kind != "leaked" or len(leaks) > kills:
            yield Difference(f"judge: {finding.kind}", finding.detail)
    if verdict.guarantee is not Guarantee.IDENTICAL_OBJECTS:
        yield Difference("judge: guarantee", f"expected identical objects, found {verdict.guarantee.value}")
    for sentence in verdict.not_observed:
        yield Difference("judge: evidence", sentence)
