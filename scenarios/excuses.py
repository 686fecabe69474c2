"""What others did that no sink can help: which findings each step of a course excuses, and why.

`EXCUSES` is the whole list. An excuse covers single records, names or lives, read off what happened; everything else
about the same run stays a finding.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.model.judge import Finding, Verdict
from onceproof.model.lives import course_of
from onceproof.model.placement import Object
from onceproof.model.predictions import predict
from onceproof.scenarios.run import Mark, Run
from onceproof.scenarios.scenario import Foreign, Rebalance, SetOffsets, Start

Records: TypeAlias = dict[h.TopicPartition, set[int]]


class Excuse(NamedTuple):
    """Findings that a step of the world explains, for the records that `records` reads off a run."""

    because_of: str
    findings: tuple[str, ...]
    """Kinds of the judge."""
    reason: str
    records: Callable[[Run, Verdict], Records]


def _trimmed(ran: Run, _: Verdict) -> Records:
    """What retention took."""
    found: Records = {}
    for event in ran.history.events:
        if isinstance(event, h.LogChanged) and event.cause == "trimmed":
            found.setdefault(event.partition, set()).update(event.gone)
    return found


def _skipped(ran: Run, _: Verdict) -> Records:
    """What lies before a position that was no sink's choice: set by hand, or reset since none was committed."""
    found: Records = {}
    by_hand: set[h.TopicPartition] = set()
    stands: dict[h.TopicPartition, int] = {}
    steps = iter([step for step in ran.scenario.course if isinstance(step, SetOffsets)])
    for event in ran.history.events:
        match event:
            case h.Committed(applied=True):
                stands.update(event.offsets)
                by_hand -= event.offsets.keys()
            case h.Changed("the group's offsets expired"):
                stands.clear()
                by_hand.clear()
            case h.Changed(what) if what.startswith("the group's offsets were set by hand"):
                offsets = {h.TopicPartition(*tp): offset for tp, offset in next(steps).offsets.items()}
                stands.update(offsets)
                by_hand |= offsets.keys()
                for partition, offset in offsets.items():
                    found.setdefault(partition, set()).update(_below(ran, partition, offset))
            case h.Opened() if stands.get(event.partition) != event.offset:
                found.setdefault(event.partition, set()).update(_below(ran, event.partition, event.offset))
    return found


def _below(ran: Run, partition: h.TopicPartition, end: int) -> Iterator[int]:
    return (record.offset for record in ran.history.log[partition] if record.offset < end)


def _replaced(ran: Run, _: Verdict) -> Records:
    """What the sink had to put under a name that somebody else wrote."""
    keys = foreign_keys(ran)
    found: Records = {}
    if keys:
        for partition, made in _predicted(ran):
            if made.key in keys:
                found.setdefault(partition, set()).update(made.offsets)
    return found


def foreign_keys(ran: Run) -> frozenset[str]:
    """Names that somebody else wrote."""
    return frozenset(step.key for step in ran.scenario.course if isinstance(step, Foreign))


def sets_offsets(ran: Run) -> bool:
    """Whether somebody set offsets by hand, so that a life may begin anywhere."""
    return any(isinstance(step, SetOffsets) for step in ran.scenario.course)


def _predicted(ran: Run) -> Iterator[tuple[h.TopicPartition, Object]]:
    history = ran.history
    for writer in course_of(history.events).writers:
        for made in predict(history.log.get(writer.partition, ()), writer, history.schemas).expected.objects:
            yield writer.partition, made


def _overwritten_late(ran: Run, verdict: Verdict) -> Records:
    """What an object held before a former owner, or a request that was given up, wrote its name once more."""
    found: Records = {}
    held: dict[str, tuple[int, ...]] = {}
    events, newest, read = ran.history.events, -1, 0
    for write in sorted(verdict.writes):
        started = [event.life for event in events[read : write.event] if isinstance(event, h.Started)]
        newest, read = max([newest, *started]), write.event
        event = events[write.event]
        is_late = write.life < newest or (isinstance(event, h.Requested) and event.late)
        before, held[write.key] = held.get(write.key, ()), write.offsets or ()
        if is_late and before:
            found.setdefault(write.partition, set()).update({*before} - {*held[write.key]})
    return found


def _taken_back(ran: Run, _: Verdict) -> Records:
    """What was committed until a commit arrived that its sender had given up, and took the offset back."""
    found: Records = {}
    stands: dict[h.TopicPartition, int] = {}
    for event in ran.history.events:
        if isinstance(event, h.Committed) and event.applied:
            for partition, offset in event.offsets.items() if event.late else ():
                above = _below(ran, partition, stands.get(partition, offset))
                found.setdefault(partition, set()).update([each for each in above if each >= offset])
            stands.update(event.offsets)
    return found


EXCUSES: tuple[Excuse, ...] = (
    Excuse(
        "trim",
        ("lost", "overtaken"),
        "Retention took the records before they were in an object: they can be read no more.",
        _trimmed,
    ),
    Excuse(
        "offsets, expire with auto.offset.reset=latest",
        ("lost", "overtaken"),
        "Reading began behind the records, where somebody set the offsets or a reset put them: no sink was given them.",
        _skipped,
    ),
    Excuse(
        "foreign",
        ("lost", "overtaken"),
        "Somebody else wrote the name of their object: over it, or before it, where a conditional write is refused and "
        "reading goes on behind the first record.",
        _replaced,
    ),
    Excuse(
        "thaw, arrive",
        ("lost", "overtaken"),
        "A former owner, or a request that its sender had given up, wrote a name again that holds more by now: no "
        "fencing reaches the bucket (reference 7.3 H4).",
        _overwritten_late,
    ),
    Excuse(
        "arrive",
        ("stuck",),
        "A commit that its sender had given up came after the next one and took the offset back; the sink believes the "
        "later one, and has nothing to commit until a file is closed.",
        _taken_back,
    ),
)
"""Of the judge's findings."""


def is_excused(ran: Run, verdict: Verdict) -> Callable[[Finding], bool]:
    """Whether a finding is the world's doing: each of its records is excused by some step, for this kind of finding."""
    records: dict[str, Records] = {}
    for excuse in EXCUSES:
        found = excuse.records(ran, verdict)
        for kind in excuse.findings:
            of_kind = records.setdefault(kind, {})
            for partition, offsets in found.items():
                of_kind[partition] = of_kind.get(partition, set()) | offsets

    keys = foreign_keys(ran)

    def excused(finding: Finding) -> bool:
        if finding.kind == "altered" and not finding.offsets and keys.issuperset(finding.keys):
            return True  # what somebody else wrote, read as if it were records: none of the log stands in it
        offsets = records.get(finding.kind, {}).get(finding.partition or h.TopicPartition("", 0), set())
        return bool(finding.offsets) and offsets.issuperset(finding.offsets)

    return excused


def could_not_start(ran: Run) -> frozenset[int]:
    """Lives that found the bucket away when they began: the connector looks for it first."""
    is_away, found = False, set()
    opened = {event.life for event in ran.history.events if isinstance(event, h.Opened)}
    for event in ran.history.events:
        match event:
            case h.Changed(what) if what.startswith("the bucket answers"):
                is_away = what != "the bucket answers again"
            case h.Ended(how="failed") if is_away and event.life not in opened:
                found.add(event.life)
    return frozenset(found)


def kept_by_cooperation(ran: Run) -> Iterator[tuple[Mark, int, frozenset[h.TopicPartition]]]:
    """Cooperative rebalances that give some partition back: the step, the life, and which it kept.

    The task closes the writers of all, and what these hand out for partitions that it keeps is ignored (reference 7.3
    H27).
    """
    life = -1
    assigned = frozenset(ran.scenario.log)
    for mark in ran.marks:
        events = ran.history.events[mark.first : mark.end]
        life = max([life, *[event.life for event in events if isinstance(event, h.Started)]])
        if isinstance(mark.step, Start) and mark.step.assign is not None:
            assigned = frozenset(mark.step.assign)
        if not isinstance(mark.step, Rebalance) or not events:
            continue
        after = frozenset(mark.step.assign)
        if mark.step.how == "cooperative" and not assigned <= after:
            yield mark, life, assigned & after
        if not any(isinstance(event, h.Ended) and event.how == "killed" for event in events):
            assigned = after


def ignored_answers(ran: Run) -> dict[int, frozenset[h.TopicPartition]]:
    """By index of the question: partitions of which nobody takes the offset that the model says is answered.

    Those that a cooperative rebalance keeps, and those that were lost before, whose writers are closed without a word.
    """
    found: dict[int, frozenset[h.TopicPartition]] = {}
    kept = {mark.first: kept for mark, _, kept in kept_by_cooperation(ran)}
    lost: set[h.TopicPartition] = set()
    for mark in ran.marks:
        is_lost = isinstance(mark.step, Rebalance) and mark.step.how == "lost"
        lost |= set(ran.scenario.log) if is_lost else set()
        for at in range(mark.first, mark.end):
            match ran.history.events[at]:
                case h.Opened(partition=partition):
                    lost.discard(partition)
                case h.CommitAsked():
                    found[at] = frozenset(lost) | kept.get(mark.first, frozenset())
    return found
