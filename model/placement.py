"""Which record stands in which object: rotation and naming as functions over a whole log.

The sink works record by record; this says the same thing the other way round, window by window. A *window* is
the run of records between two rotations of a topic-partition. It begins with a record; everything that ended
the one before is forgotten, but for the scheduled time. It ends

  * behind record k, if it then holds `flush.size` records (over all its files);
  * before record k, if k lies `rotate.interval.ms` or more after the first record, or (interval on) in
  another
    directory than the record before it, or if the scheduled time has come by the pass that brings k;
  * behind record k, if at the end of a pass that brought nothing more the scheduled time has come.

A *pass* is one put as one writer saw it: it reads the clock once. Of each window one object per directory
remains, named by its first record, completed in the order in which the directories first occur.

Source: reference 3.2 to 3.5, 4.1, 0 (the ten rules); null and unreadable records are not there (2, 9.2 B2).
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from onceproof.model.history import Record, TopicPartition
from onceproof.model.settings import OutsideDomain, Settings, settings

__all__ = [
    "Cause",
    "Expected",
    "Life",
    "Object",
    "OutsideDomain",
    "Pass",
    "expected",
    "fault_free",
    "looked_at",
]

Cause: TypeAlias = Literal["flush.size", "interval", "partition change", "schedule"]


@dataclass(frozen=True, slots=True)
class Pass:
    """One put as one writer saw it: what it had been handed ends before `end_offset`; one clock reading."""

    end_offset: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Life:
    """One writer of one topic-partition: from opening (or a rewind) to close, the next rewind or death."""

    config: Mapping[str, str]
    """Raw properties as the user wrote them."""
    partition: TopicPartition
    start_offset: int
    opened_ms: int
    passes: tuple[Pass, ...]
    commits: tuple[int, ...] = ()
    """For each time that offsets were asked for: how many passes had been done."""
    failed_ms: int | None = None
    """When the writer before it failed: passes do nothing until `retry.backoff.ms` have gone by."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its name, its offsets in order, what closed it, and in which of the life's passes."""

    key: str
    offsets: tuple[int, ...]
    cause: Cause
    pass_index: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What one life must do."""

    objects: tuple[Object, ...]
    """In the order in which they must be completed."""
    commits: tuple[int | None, ...]
    """What each ask must return: the offset behind the last closed window, once; None if nothing is new."""
    pending: tuple[int, ...]
    """Offsets delivered, and in no closed window at the end."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The storable records that a life looked at, as columns of equal length, and its passes."""

    offsets: Sequence[int]
    times_ms: Sequence[int]
    directories: Sequence[str]
    arrivals: Sequence[int]
    """Index of the pass that first looks at the record."""
    nows_ms: Sequence[int]
    """By pass index, idle passes of a back-off included."""
    first_pass: int


@dataclass(frozen=True, slots=True)
class _Window:
    begin: int
    end: int
    cause: Cause
    pass_index: int


def expected(log: Sequence[Record], life: Life) -> Expected:
    """What a life must leave behind, given the log of its partition.

    The log ascends, and may hold records outside the life's reach.
    Raises `OutsideDomain` for properties, or records under them, that the model does not cover.
    """
    rules = settings(life.config)
    seen = _seen(log, life, rules)
    windows = tuple(_windows(seen, rules, life.opened_ms))
    objects = tuple(made for window in windows for made in _objects(seen, window, rules, life.partition))
    closed = windows[-1].end if windows else 0
    return Expected(objects, _answers(seen, windows, life.commits), tuple(seen.offsets[closed:]))


def fault_free(log: Sequence[Record], config: Mapping[str, str], partition: TopicPartition) -> Expected:
    """The run without faults and without a clock: one life that reads the whole log in one pass."""
    if not log:
        return Expected((), (), ())
    whole = Pass(log[-1].offset + 1, 0)
    return expected(log, Life(config, partition, log[0].offset, 0, (whole,), (1,)))


def looked_at(log: Sequence[Record], life: Life) -> dict[int, int]:
    """When a life first looked at each storable record that it was handed: clock by offset."""
    seen = _seen(log, life, settings(life.config))
    return {offset: seen.nows_ms[arrival] for offset, arrival in zip(seen.offsets, seen.arrivals, strict=False)}


def _seen(log: Sequence[Record], life: Life, rules: Settings) -> _Seen:
    """Records by arrival: the first pass, back-off over, whose delivered end lies behind the record."""
    first = _first_pass(life, rules)
    nows = tuple([done.now_ms for done in life.passes])
    offsets: list[int] = []
    times: list[int] = []
    directories: list[str] = []
    arrivals: list[int] = []
    default = f"partition={life.partition.partition}"
    at = bisect_left(log, life.start_offset, key=_offset)
    for index in range(first, len(life.passes)):
        end_offset = life.passes[index].end_offset
        while at < len(log) and log[at].offset < end_offset:
            record = log[at]
            at += 1
            if not rules.stores(record):
                continue
            time_ms, directory = 0, default
            if rules.time_path:
                time_ms = rules.time_ms(record, nows[index])
                directory = rules.time_path.text(time_ms)
            offsets.append(record.offset)
            times.append(time_ms)
            directories.append(directory)
            arrivals.append(index)
    if first == len(life.passes) and life.passes:  # never out of its back-off: delivered, yet never looked at
        end_offset = life.passes[-1].end_offset
        waiting = [record for record in log[at:] if record.offset < end_offset and rules.stores(record)]
        offsets += [record.offset for record in waiting]
    return _Seen(offsets, times, directories, arrivals, nows, first)


def _first_pass(life: Life, rules: Settings) -> int:
    """Index of the first pass that does anything: a writer made after a failure first waits.

    Reference 2.1, 9.3 C2.
    """
    if life.failed_ms is None:
        return 0
    for index, done in enumerate(life.passes):
        if done.now_ms - life.failed_ms >= rules.retry_backoff_ms:
            return index
    return len(life.passes)


def _windows(seen: _Seen, rules: Settings, opened_ms: int) -> Iterator[_Window]:
    """Closed windows in order: each begins where the one before ended, under the slot which that one left."""
    begin, last_pass = 0, seen.first_pass - 1
    slot_ms = rules.next_slot_ms(opened_ms)
    while begin < len(seen.arrivals):
        slot_ms = _slot_at(seen, rules, slot_ms, range(last_pass + 1, seen.arrivals[begin] + 1))
        window = _window_from(seen, rules, begin, slot_ms)
        if window is None:
            return
        yield window
        begin, last_pass = window.end, window.pass_index
        if window.cause != "flush.size":  # only rotations by time move the schedule, also those by interval
            slot_ms = rules.next_slot_ms(seen.nows_ms[last_pass])


def _slot_at(seen: _Seen, rules: Settings, slot_ms: int | None, idle: range) -> int | None:
    """The scheduled time after passes that began with nothing counted: an expired one moves on."""
    if slot_ms is not None:
        for index in idle:
            if seen.nows_ms[index] >= slot_ms:
                slot_ms = rules.next_slot_ms(seen.nows_ms[index]) or slot_ms
    return slot_ms


def _window_from(seen: _Seen, rules: Settings, begin: int, slot_ms: int | None) -> _Window | None:
    """Where the window that begins at record `begin` ends, and why; None if it is still open at the end."""
    total = len(seen.arrivals)
    for here in range(begin, total):
        if here + 1 - begin >= rules.flush_size:
            return _Window(begin, here + 1, "flush.size", seen.arrivals[here])
        following = seen.arrivals[here + 1] if here + 1 < total else len(seen.nows_ms)
        if slot_ms is not None:
            for index in range(seen.arrivals[here], following):  # passes that end before the next record comes
                if seen.nows_ms[index] >= slot_ms:
                    return _Window(begin, here + 1, "schedule", index)
        if here + 1 < total:
            cause = _cause_before(seen, rules, begin, here + 1, slot_ms)
            if cause:
                return _Window(begin, here + 1, cause, following)
    return None


def _cause_before(seen: _Seen, rules: Settings, begin: int, record: int, slot_ms: int | None) -> Cause | None:
    """Why the window that began at `begin` must end before `record` is written, if it must. Reference 3.4."""
    if rules.interval_ms > 0:
        if seen.times_ms[record] - seen.times_ms[begin] >= rules.interval_ms:
            return "interval"
        if rules.rotates_on_partition_change and seen.directories[record] != seen.directories[record - 1]:
            return "partition change"
    if slot_ms is not None and seen.nows_ms[seen.arrivals[record]] >= slot_ms:
        return "schedule"
    return None


def _objects(seen: _Seen, window: _Window, rules: Settings, partition: TopicPartition) -> Iterator[Object]:
    """Objects of a closed window: one per directory, in the order in which the directories first occur."""
    files: dict[str, list[int]] = {}
    for at in range(window.begin, window.end):
        files.setdefault(seen.directories[at], []).append(seen.offsets[at])
    for directory, offsets in files.items():
        key = rules.key(partition, directory, offsets[0])
        yield Object(key, tuple(offsets), window.cause, window.pass_index)


def _answers(seen: _Seen, windows: Sequence[_Window], asks: Sequence[int]) -> tuple[int | None, ...]:
    """Each ask: the offset behind the last window closed so far, once. Reference 0.4, 2 (preCommit)."""
    answers: list[int | None] = []
    closed = handed = 0
    for done in asks:
        while closed < len(windows) and windows[closed].pass_index < done:
            closed += 1
        answers.append(seen.offsets[windows[closed - 1].end - 1] + 1 if closed > handed else None)
        handed = closed
    return tuple(answers)


def _offset(record: Record) -> int:
    return record.offset
