"""The strongest guarantee that a run does not refute.

none < at-most-once, at-least-once (neither implies the other) < once at rest < once at all times < identical
objects.

Each finding refutes one of them, and with it all that imply it. Identical objects is refuted by more than
findings: the objects at rest must be those of a fault-free run. With settings that no clock drives there is
one such run. With others (a schedule, the wall clock) there are many, one for each course of the clock, and
the run must equal one of them. That is decided by construction: from the objects at rest a *witness* is
built, a fault-free life whose passes put the cuts where the objects have them, and the model says what that
life writes. If names and records are equal, the witness proves it. A clock of a witness may be set back, as
any clock may.

A witness that is not found proves nothing where an interval follows the wall clock and dead letters have a
part in it: the times at which records were looked at are then taken as they were, and another clock may
explain the objects: there the verdict can be too strict.

If the configuration changed between lives, each stretch of the log whose objects were written under one
configuration must equal a fault-free run under it that begins at the stretch's first record; stretches may
not overlap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from itertools import pairwise, takewhile

from onceproof.model.findings import Finding, Kind
from onceproof.model.frozen import frozen
from onceproof.model.history import Log, Record, TopicPartition
from onceproof.model.inputs import Registry, inputs_of
from onceproof.model.lives import Writer
from onceproof.model.placement import Expected, Life, Object, Pass, whole_log
from onceproof.model.predictions import expected_again, looked_at_again, without
from onceproof.model.settings import Settings


class Guarantee(StrEnum):
    """What a run was seen to keep. Ordered by `implies`, not by the text's comparison operators."""

    NONE = "none"
    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once"
    ONCE_AT_REST = "once at rest"
    """When all is quiet, each record stands once."""
    ONCE_AT_ALL_TIMES = "once at all times"
    """No reader ever sees a duplicate or a changed object."""
    IDENTICAL_OBJECTS = "identical objects"
    """The objects are those of a fault-free run."""

    def implies(self, other: "Guarantee") -> bool:
        """True if whoever keeps this one keeps `other` too."""
        return other in _IMPLIED[self]


_ORDER = tuple(Guarantee)
_IMPLIED: Mapping[Guarantee, frozenset[Guarantee]] = {
    guarantee: frozenset(
        other
        for at, other in enumerate(_ORDER)
        if at <= _ORDER.index(guarantee)
        and not (guarantee is Guarantee.AT_LEAST_ONCE and other is Guarantee.AT_MOST_ONCE)
    )
    for guarantee in _ORDER
}

_REFUTED_AT_REST: Mapping[Kind, tuple[Guarantee, ...]] = {
    "lost": (Guarantee.AT_LEAST_ONCE,),
    "overtaken": (Guarantee.AT_LEAST_ONCE,),
    "duplicated": (Guarantee.AT_MOST_ONCE,),
    "altered": (Guarantee.ONCE_AT_REST,),
    "misplaced": (Guarantee.ONCE_AT_REST,),
    "reordered": (Guarantee.ONCE_AT_REST,),
    "rewritten": (Guarantee.ONCE_AT_ALL_TIMES,),
    "re-encoded": (Guarantee.IDENTICAL_OBJECTS,),
    "leaked": (),
    "stuck": (),
}
"""What a finding refutes, and all that implies it."""


@frozen(eq=False)
class Placed:
    """An object at rest with the records that it holds, and the writer that wrote it."""

    key: str
    offsets: tuple[int, ...]
    writer: Writer


@frozen(eq=False)
class Evidence:
    """What stands at rest, as far as it decides about identical objects."""

    log: Log
    placed: Mapping[TopicPartition, Sequence[Placed]]
    last: Mapping[TopicPartition, Writer]
    """The writer of each partition that was opened last."""
    is_whole: bool
    """Every object's bytes and writer are known, and are those of the model for the records it holds."""
    is_finished: bool
    """The run was settled and drained: no closed window may be missing."""
    is_read: bool = True
    """Every record to store was within reach of some life, or stands in an object; false only if settled."""
    schemas: Registry = field(default_factory=dict)
    """What the schema registry holds."""


def strongest(findings: Iterable[Finding], evidence: Evidence) -> Guarantee:
    """The strongest guarantee that neither a finding nor the objects at rest refute.

    Where neither at-least-once nor at-most-once is refuted, yet once at rest is (a record altered or
    misplaced, or of a partition that nobody read), the answer is at-least-once.
    """
    refuted = {guarantee for finding in findings for guarantee in _refuted_by(finding)}
    if not evidence.is_read:
        refuted.add(Guarantee.ONCE_AT_REST)  # all is quiet, and some record that nobody read stands nowhere
    for guarantee in (Guarantee.ONCE_AT_ALL_TIMES, Guarantee.ONCE_AT_REST, Guarantee.AT_LEAST_ONCE):
        if not any(guarantee.implies(each) for each in refuted):
            break
    else:
        return Guarantee.NONE if Guarantee.AT_MOST_ONCE in refuted else Guarantee.AT_MOST_ONCE
    if guarantee is not Guarantee.ONCE_AT_ALL_TIMES or Guarantee.IDENTICAL_OBJECTS in refuted:
        return guarantee
    return Guarantee.IDENTICAL_OBJECTS if is_identical(evidence) else guarantee


def combine(guarantees: Iterable[Guarantee]) -> Guarantee:
    """The strongest guarantee that none of several runs refuted; ValueError without a run."""
    common = None
    for guarantee in guarantees:
        common = _IMPLIED[guarantee] if common is None else common & _IMPLIED[guarantee]
    if common is None:
        raise ValueError("no runs, so nothing was put to the test")
    return max(common, key=_ORDER.index)


def is_identical(evidence: Evidence) -> bool:
    """True if the objects at rest of every partition are those of a fault-free run; see the module's text."""
    if not evidence.is_whole:
        return False
    return all(
        _is_fault_free(evidence.log.get(partition, ()), placed, evidence.last[partition], evidence)
        for partition, placed in evidence.placed.items()
    )


def _refuted_by(finding: Finding) -> tuple[Guarantee, ...]:
    if finding.at_rest or finding.kind in ("overtaken", "lost", "re-encoded"):
        return _REFUTED_AT_REST[finding.kind]
    # Wrong for a moment: a reader may have seen it, but at rest all is well.
    return (Guarantee.ONCE_AT_ALL_TIMES,) if _REFUTED_AT_REST[finding.kind] else ()


def _is_fault_free(log: Sequence[Record], placed: Sequence[Placed], last: Writer, evidence: Evidence) -> bool:
    stretches = _stretches(placed, last)
    ends = [max(each.offsets[-1] for each in stretch) for stretch in stretches]
    for (_, following), end in zip(pairwise(stretches), ends, strict=False):
        if min(each.offsets[0] for each in following) <= end:
            return False
    start = log[0].offset if log else 0
    for at, stretch in enumerate(stretches):
        is_last = at + 1 == len(stretches)
        author = stretch[0].writer
        whole = evidence.is_finished and is_last and author.rules is last.rules and author.gone == last.gone
        left = without(log, author.gone)
        wanted = _run(_Case(left, stretch, last, start, evidence.schemas))
        if not _is_one_run(wanted, stretch, must_be_all=whole, may_lack=not evidence.is_finished and is_last):
            return False
        start = ends[at] + 1
    if stretches or not evidence.is_finished:
        return True
    return not _run(_Case(without(log, last.gone), (), last, start, evidence.schemas))


def _stretches(placed: Sequence[Placed], last: Writer) -> list[list[Placed]]:
    """Objects in offset order, cut wherever what they were written from changes: the configuration, or the log."""
    stretches: list[list[Placed]] = []
    under: tuple[Settings, frozenset[int]] | None = None
    for each in sorted(placed, key=lambda one: one.offsets[0]):
        writer = each.writer
        if under is None or writer.rules is not under[0] or writer.gone != under[1]:
            under = writer.rules, writer.gone
            stretches.append([])
        stretches[-1].append(each)
    return stretches


@frozen(eq=False)
class _Case:
    """What of a log was written under one configuration, beginning at `start`."""

    log: Sequence[Record]
    stretch: Sequence[Placed]
    last: Writer
    start: int
    schemas: Registry

    @property
    def author(self) -> Writer:
        return self.stretch[0].writer if self.stretch else self.last

    def looked_at(self, writer: Writer) -> Mapping[int, int]:
        return looked_at_again(self.log, writer, self.schemas)

    def expected(self, opened_ms: int, passes: Sequence[Pass]) -> Expected:
        life = Life(self.author.config, self.last.partition, self.start, opened_ms, tuple(passes))
        return expected_again(self.log, life, self.author.rules, self.schemas)


def _is_one_run(wanted: Sequence[Object], stretch: Sequence[Placed], *, must_be_all: bool, may_lack: bool) -> bool:
    """True if a fault-free run that leaves `wanted` leaves these objects: as all, or first, or among others."""
    if not must_be_all and not may_lack:
        wanted = wanted[: len(stretch)]  # what this configuration would have made of the rest was never written
    found = {(each.key, each.offsets) for each in stretch}
    predicted = {(each.key, each.offsets) for each in wanted}
    return found <= predicted if may_lack else found == predicted


def _run(case: _Case) -> Sequence[Object]:
    """Objects of a fault-free run that resembles the stretch as far as a clock can make it."""
    rules = case.author.rules
    if rules.is_clocked:
        return _witness(case)
    passes = whole_log(case.log, case.author.config, case.last.partition, case.start, case.schemas)
    wanted = case.expected(0, passes)
    if rules.interval_ms <= 0 or not wanted.dead_letters:
        return wanted.objects
    # An errant record may begin an interval, and then it matters how the log is split: as it was split here.
    ends = {end for each in case.stretch for end, _ in each.writer.passes} | {done.end_offset for done in passes}
    return case.expected(0, [Pass(end, 0) for end in sorted(ends) if end > case.start]).objects


def _witness(case: _Case) -> Sequence[Object]:
    """Objects of the fault-free life whose clock cuts the log where objects do, as near to the stretch as one comes.

    Behind the last record of a window dead letters may follow, each of which may begin the interval of the next window,
    or set a schema in it: the slot may come before or behind each. What a window holds follows from where it begins
    alone, so that each beginning is chosen by itself, of lives that put off all cuts alike.
    """
    ends = _window_ends(case.stretch)
    first = _life(case, ends)
    if case.author.rules.schedule_ms <= 0 or not first.dead_letters:
        return first.objects
    wanted = _by_window(case.stretch, ends)
    left = [at for at, made in enumerate(_by_window(first.objects, ends)) if made != wanted[at]]
    cuts = _put_off(case, ends, first) if left else []
    chosen = list(ends)
    for by in range(1, max([len(cuts[at]) for at in left], default=1)):
        life = _life(case, [cut[min(by, len(cut) - 1)] for cut in cuts])
        made = _by_window(life.objects, ends)
        for at in [each for each in left if by < len(cuts[each]) and made[each] == wanted[each]]:
            chosen[at] = cuts[at][by]
            left.remove(at)
        if not left:
            break
    return first.objects if chosen == ends else _life(case, chosen).objects


def _put_off(case: _Case, ends: Sequence[int], life: Expected) -> list[list[int]]:
    """For each window its end, and behind each of the dead letters that follow at once."""
    dead = {letter.offset for letter in life.dead_letters}
    items = [
        item for item in inputs_of(case.log, case.last.partition, case.author.rules, case.schemas).items
        if item.at_put is None
    ]  # fmt: skip
    cuts = []
    for end in ends:
        at = bisect_left(items, end, key=lambda item: item.offset)
        behind = takewhile(lambda item: item.offset in dead, items[at:])
        cuts.append([end, *[item.offset + 1 for item in behind]])
    return cuts


def _by_window(objects: Iterable[Object | Placed], ends: Sequence[int]) -> list[set[tuple[str, tuple[int, ...]]]]:
    """Names and offsets of what begins at or behind each of these ends, and before the next."""
    found: list[set[tuple[str, tuple[int, ...]]]] = [set() for _ in ends]
    for each in objects:
        if at := bisect_right(ends, each.offsets[0]):
            found[at - 1].add((each.key, each.offsets))
    return found


def _life(case: _Case, window_ends: Sequence[int]) -> Expected:
    """A fault-free life whose clock cuts the log at these offsets.

    It reads a window's records, then (with a schedule) has one empty pass just when the scheduled time has
    come, and so on; a window that something else closes loses nothing by that. Under the wall clock each
    record is looked at when the writer of its object looked at it, since that time is part of the name.
    """
    stretch, last, rules = case.stretch, case.last, case.author.rules
    nows = _nows(case) if rules.clock == "wallclock" else {}
    ends = iter(window_ends)
    window_end = next(ends, None)
    passes: list[Pass] = []
    now_ms = opened_ms = nows.get(stretch[0].offsets[0], last.opened_ms) if stretch else last.opened_ms
    slot_ms = rules.next_slot_ms(opened_ms)
    is_fresh = True
    for item in inputs_of(case.log, last.partition, rules, case.schemas).items:
        offset = item.offset
        if offset < case.start or item.at_put is not None or (rules.clock == "wallclock" and offset not in nows):
            continue
        now_ms = nows.get(offset, now_ms)
        if is_fresh and slot_ms is not None and now_ms >= slot_ms:
            slot_ms = rules.next_slot_ms(now_ms)  # an expired slot moves before a window's first record
        if passes and not is_fresh and passes[-1].now_ms == now_ms:
            passes.pop()
        passes.append(Pass(offset + 1, now_ms))
        is_fresh = offset + 1 == window_end
        if is_fresh:
            window_end = next(ends, None)
            if slot_ms is not None:
                passes.append(Pass(offset + 1, slot_ms))
                now_ms, slot_ms = slot_ms, rules.next_slot_ms(slot_ms)
    return case.expected(opened_ms, passes)


def _nows(case: _Case) -> dict[int, int]:
    """When each record was looked at: by the writer of its object, else by the last writer."""
    found = dict(case.looked_at(case.last))
    for each in case.stretch:
        seen = case.looked_at(each.writer)
        found.update({offset: seen[offset] for offset in each.offsets if offset in seen})
    return found


def _window_ends(stretch: Sequence[Placed]) -> list[int]:
    """The finest cuts that objects allow: ascending offsets at which none of them is half way."""
    ends: list[int] = []
    highest = -1
    for each in sorted(stretch, key=lambda one: one.offsets[0]):
        if highest >= 0 and each.offsets[0] > highest:
            ends.append(highest + 1)
        highest = max(highest, each.offsets[-1])
    return [*ends, highest + 1] if stretch else []
