"""Which record stands in which object: rotation and naming as functions over a whole log.

The sink works record by record; this says the same thing the other way round, window by window. A *window* is the run
of records between two rotations of a topic-partition. It begins with a record; everything that ended the one before is
forgotten, but for the scheduled time and the last offset written. It holds *files*, one for each directory, and ends

  * before record k, if the directory of k is one whose records so far had a schema and k has none, or the other way
    round (a *flip*: this one rotation may find nothing to close);
  * before record k, if k lies `rotate.interval.ms` or more after the first record, or (interval on) in another
    directory than the record before it, or if the scheduled time has come by the pass that brings k;
  * before record k, if its schema is not compatible with that of the first record of its directory;
  * before record k, if it needs one file more than may be open;
  * behind record k, if it is the `flush.size`-th that was counted, over all files;
  * behind record k, if at the end of a pass that brought nothing more the scheduled time has come (or the interval is
    over, which an errant record may have begun).

A *pass* is one put as one writer saw it: it reads the clock once. An *errant* record is neither counted nor does it
close anything behind it, but it may begin the interval and it sets the schema of its directory. Of each window one file
per directory remains, named by its first record, completed in the order in which the directories first occur: its
values, its keys, its headers.

A life ends where a record kills it. What it had completed stays; nothing of a put is written if the record was refused
before any writer saw it.

Source: reference 3.2 to 3.6, 4.1 to 4.4, 0 (the ten rules), 2 (put, preCommit), 2.1 (errants), 9.2 B1 and B2.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal, TypeAlias

from onceproof.model.frozen import frozen
from onceproof.model.history import Record, TopicPartition
from onceproof.model.inputs import NO_SCHEMAS, Input, Inputs, Refused, Registry, Stage, inputs_of
from onceproof.model.schemas import Schema, Unprojectable, rotates
from onceproof.model.settings import ObjectKind, OutsideDomain, Settings, settings

__all__ = [
    "Cause",
    "DeadLetter",
    "Expected",
    "Failure",
    "Life",
    "Object",
    "OutsideDomain",
    "Pass",
    "expected",
    "fault_free",
    "looked_at",
]

Cause: TypeAlias = Literal[
    "flush.size", "interval", "partition change", "schedule", "schema flip", "schema", "open files"
]
_BY_TIME: frozenset[Cause] = frozenset({"interval", "partition change", "schedule"})
"""Only these rotations move the schedule, also where it was not the schedule that caused them."""


@frozen
class Pass:
    """One put as one writer saw it: what it had been handed ends before `end_offset`; one clock reading."""

    end_offset: int
    now_ms: int


@frozen
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


@frozen
class Object:
    """One object: its name, its offsets in order, what closed it, and in which of the life's passes."""

    key: str
    offsets: tuple[int, ...]
    cause: Cause
    pass_index: int
    kind: ObjectKind = "value"
    target: Schema | None = field(default=None, compare=False, repr=False)
    """The schema to which its values were projected, where that is done."""
    window: int = field(default=0, compare=False, repr=False)
    """Which window of its life it is of: all objects of one are completed together."""


@frozen
class DeadLetter:
    """A record that is reported and skipped."""

    offset: int
    stage: Stage
    reason: str


@frozen
class Failure:
    """What a life dies of, and in which of its passes."""

    offset: int
    pass_index: int
    reason: str


@frozen
class Expected:
    """What one life must do."""

    objects: tuple[Object, ...]
    """In the order in which they must be completed."""
    commits: tuple[int | None, ...]
    """What is committed at each ask: the offset behind the last record written, once for each rotation; None if there
    is nothing new, or if only the put that failed got so far."""
    pending: tuple[int, ...]
    """Offsets that the writer was handed and did not refuse, in no closed window at the end."""
    dead_letters: tuple[DeadLetter, ...] = ()
    """In the order in which they are reported."""
    failed: Failure | None = None


@frozen
class _Seen:
    """The records that a life's writer looked at, as columns of equal length, and its passes."""

    inputs: Inputs
    items: Sequence[Input]
    arrivals: Sequence[int]
    """Index of the pass that first looks at the record."""
    nows_ms: Sequence[int]
    """By pass index, idle passes of a back-off included; up to the put that was refused."""
    first_pass: int
    waiting: Sequence[int]
    """Offsets that were delivered and never looked at."""
    letters: Sequence[tuple[int, DeadLetter]]
    """Of records that no writer saw: pass and letter."""
    failed: Failure | None
    """The put that was refused."""


def expected(log: Sequence[Record], life: Life, schemas: Registry = NO_SCHEMAS) -> Expected:
    """What a life must leave behind, given the log of its partition and what the schema registry holds.

    The log ascends, and may hold records outside the life's reach.
    Raises `OutsideDomain` for properties, or records under them, that the model does not cover.
    """
    rules = settings(life.config)
    seen = _seen(inputs_of(log, life.partition, rules, schemas), life, rules)
    windows = list(_windows(seen, rules, life.opened_ms))
    objects = tuple(
        [made for number, window in enumerate(windows) if window.cause for made in window.objects(rules, number)]
    )
    failed = windows[-1].failed if windows and windows[-1].failed else seen.failed
    closed = max([window.end for window in windows if window.cause], default=0)
    letters = [*seen.letters, *[letter for window in windows for letter in window.letters]]
    letters.sort(key=lambda each: each[0])  # what was refused before a pass comes before what its writer refuses
    refused = {letter.offset for _, letter in letters}
    return Expected(
        objects=objects,
        commits=_answers(windows, life, failed),
        pending=(*[item.offset for item in seen.items[closed:] if item.offset not in refused], *seen.waiting),
        dead_letters=tuple([letter for _, letter in letters]),
        failed=failed,
    )


def fault_free(
    log: Sequence[Record], config: Mapping[str, str], partition: TopicPartition, schemas: Registry = NO_SCHEMAS
) -> Expected:
    """The run without faults and without a clock: one life that reads the whole log in one pass.

    If some record kills the put that brings it, all before that record is a pass of its own.
    """
    if not log:
        return Expected((), (), ())
    passes = whole_log(log, config, partition, log[0].offset, schemas)
    return expected(log, Life(config, partition, log[0].offset, 0, passes, (len(passes),)), schemas)


def whole_log(
    log: Sequence[Record],
    config: Mapping[str, str],
    partition: TopicPartition,
    start_offset: int,
    schemas: Registry = NO_SCHEMAS,
) -> tuple[Pass, ...]:
    """The passes of a life without a clock that reads all from `start_offset`, as far as it can."""
    end_offset = log[-1].offset + 1 if log else start_offset
    rules = settings(config)
    inputs = inputs_of(log, partition, rules, schemas)
    for item in () if inputs.is_plain else inputs.batch(start_offset, end_offset):
        if item.at_put is not None and item.at_put.is_fatal:
            return Pass(item.offset, 0), Pass(end_offset, 0)
    return (Pass(end_offset, 0),)


def looked_at(log: Sequence[Record], life: Life, schemas: Registry = NO_SCHEMAS) -> dict[int, int]:
    """When a life first looked at each record that its writer was handed: clock by offset."""
    rules = settings(life.config)
    seen = _seen(inputs_of(log, life.partition, rules, schemas), life, rules)
    return {item.offset: seen.nows_ms[arrival] for item, arrival in zip(seen.items, seen.arrivals, strict=True)}


def _seen(inputs: Inputs, life: Life, rules: Settings) -> _Seen:
    """Records by arrival: the first pass, back-off over, whose delivered end lies behind the record."""
    first = _first_pass(life, rules)
    items: list[Input] = []
    arrivals: list[int] = []
    letters: list[tuple[int, DeadLetter]] = []
    at = bisect_left(inputs.offsets, life.start_offset)
    failed, waiting, begun = None, 0, len(life.passes)
    for index, done in enumerate(life.passes):
        end = bisect_left(inputs.offsets, done.end_offset, at)
        batch: Sequence[Input] = inputs.items[at:end]
        at = max(at, end)
        if not inputs.is_plain:
            failed = _refused_put(batch, index)
            if failed is not None:
                begun = index
                break
            letters += [(index, letter) for letter in _letters_of_put(batch, rules)]
            batch = [item for item in batch if item.at_put is None]
        items += batch
        arrivals += [max(index, first)] * len(batch)
    if first >= begun:  # never out of its back-off: delivered, yet never looked at
        waiting = len(items)
    return _Seen(
        inputs=inputs,
        items=items[waiting:],
        arrivals=arrivals[waiting:],
        nows_ms=[done.now_ms for done in life.passes[:begun]],
        first_pass=min(first, begun),
        waiting=[item.offset for item in items[:waiting]],
        letters=letters,
        failed=failed,
    )


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


def _refused_put(batch: Sequence[Input], pass_index: int) -> Failure | None:
    """The record that kills a put before any is written, if there is one: conversion comes before the put itself."""
    fatal = [(item.offset, item.at_put) for item in batch if item.at_put is not None and item.at_put.is_fatal]
    for offset, refused in sorted(fatal, key=lambda each: each[1].stage != "conversion"):
        return Failure(offset, pass_index, refused.text)
    return None


def _letters_of_put(batch: Sequence[Input], rules: Settings) -> Iterator[DeadLetter]:
    """What is reported before any record is written: what could not be converted, then the nulls."""
    if not rules.has_reporter:
        return
    refused = [(item.offset, item.at_put) for item in batch if item.at_put is not None and item.at_put.is_reported]
    for offset, why in sorted(refused, key=lambda each: each[1].stage != "conversion"):
        yield DeadLetter(offset, why.stage, why.text)


class _File:
    """One directory of a window: what stands in its objects."""

    __slots__ = ("extra", "holds_values", "offsets", "schemas", "stem", "target")

    def __init__(self, stem: str, *, holds_values: bool) -> None:
        self.stem = stem
        self.holds_values = holds_values
        self.offsets: list[int] = []
        """Of records that were written as a whole."""
        self.extra: dict[ObjectKind, list[int]] = {}
        """Of records that were refused when a part of them stood here already. Source: reference 7.3 H15."""
        self.schemas: dict[ObjectKind, Schema | None] = {}
        """Of binary formats: that of all records."""
        self.target: Schema | None = None
        """What the values were projected to."""

    def holds(self, kind: ObjectKind) -> tuple[int, ...]:
        """What stands in the object of a kind; records are written as they ascend."""
        if kind == "value" and not self.holds_values:
            return ()
        return tuple(sorted(self.offsets + self.extra[kind]) if kind in self.extra else self.offsets)

    def require_one_schema(self, kind: ObjectKind, item: Input, target: Schema | None) -> None:
        """What a binary file of several schemas holds, if it can be written, is not known."""
        schema = target or item.schema
        if kind == "key":
            schema = item.read.key_schema if item.read and target is None else None
        if self.schemas.setdefault(kind, schema) != schema:
            raise OutsideDomain(f"offset {item.offset} brings a second schema of its {kind} to {self.stem}")


class _Window:
    """A window while records are looked at. Nothing of it outlives it but the slot and the last offset."""

    __slots__ = (
        "base_ms",
        "cause",
        "count",
        "end",
        "entries",
        "failed",
        "files",
        "last_directory",
        "last_ms",
        "last_offset",
        "letters",
        "pass_index",
        "rules",
        "seen",
        "slot_ms",
    )  # fmt: skip

    def __init__(self, seen: _Seen, rules: Settings, slot_ms: int | None, last_offset: int) -> None:
        self.seen = seen
        self.rules = rules
        self.slot_ms = slot_ms
        self.last_offset = last_offset
        """Last one written, by this window or one before it."""
        self.base_ms: int | None = None
        """The time of the first record looked at that has one, errant or not."""
        self.last_ms: int | None = None
        """The time of the last record looked at."""
        self.last_directory = ""
        """That of the last record written."""
        self.count = 0
        self.files: dict[str, _File] = {}
        self.entries: dict[str, Schema | None] = {}
        """The schema of the first record looked at, by directory."""
        self.letters: list[tuple[int, DeadLetter]] = []
        self.cause: Cause | None = None
        """None: it is still open."""
        self.end = 0
        self.pass_index = 0
        """What closed it, before which record, and in which pass."""
        self.failed: Failure | None = None

    def fill(self, begin: int, pass_index: int) -> None:
        """Look at the records from `begin` on, until something ends the window; `pass_index` has already begun."""
        seen, current = self.seen, pass_index
        for at in range(begin, len(seen.items)):
            arrival = seen.arrivals[at]
            if arrival != current:
                if self._go_by(range(current, arrival), at):
                    return
                current = arrival
            cause = self._look_at(seen.items[at], current)
            if self.failed is not None:
                return
            if cause is not None:
                self._close(at + 1 if cause == "flush.size" else at, cause, current)
                return
        self._go_by(range(current, len(seen.nows_ms)), len(seen.items))

    def objects(self, rules: Settings, number: int) -> Iterator[Object]:
        """Of a closed window, the `number`th of its life, in the order in which they are completed."""
        assert self.cause is not None, "only what is closed is completed"
        for made in self.files.values():
            for layout in rules.layouts:
                offsets = made.holds(layout.kind)
                if offsets:
                    key = made.stem + layout.extension
                    yield Object(key, offsets, self.cause, self.pass_index, layout.kind, made.target, number)

    def _close(self, end: int, cause: Cause, pass_index: int) -> None:
        self.cause, self.end, self.pass_index = cause, end, pass_index
        if cause in _BY_TIME:
            self.slot_ms = self.rules.next_slot_ms(self.seen.nows_ms[pass_index])

    def _go_by(self, passes: range, at: int) -> bool:
        """Passes that end before record `at` comes, each followed by the beginning of the next; true if one closes.

        At its end a pass rotates if the time has come; at its beginning an expired slot moves on if nothing is counted.
        """
        seen, nows = self.seen, self.seen.nows_ms
        if self.count and passes and self._is_over(self.last_ms):
            self._close(at, "interval", passes[0])
            return True
        if self.slot_ms is None:
            return False
        for index in passes:
            if self.count and nows[index] >= self.slot_ms:
                self._close(at, "schedule", index)
                return True
            following = index + 1
            if not self.count and seen.first_pass <= following < len(nows) and nows[following] >= self.slot_ms:
                self.slot_ms = self.rules.next_slot_ms(nows[following]) or self.slot_ms
        return False

    def _look_at(self, item: Input, pass_index: int) -> Cause | None:
        """Look at one record, and write it unless the window must end before it. Source: reference 3.3."""
        now_ms = self.seen.nows_ms[pass_index]
        refused = item.refused
        if refused is not None and refused.stage == "timestamp":
            self._refuse(item, refused, pass_index)
            return None
        time_ms, directory = self.seen.inputs.located(item, now_ms)
        self.last_ms = time_ms
        if self.base_ms is None:
            self.base_ms = time_ms
        cause = None
        if refused is None:
            try:
                cause = self._cause_before(item, directory, now_ms)
            except Unprojectable as error:
                refused = Refused("schema", str(error), is_fatal=False)
        if refused is not None:
            self._refuse(item, refused, pass_index)
            return None
        return cause or self._write(item, directory, pass_index)

    def _cause_before(self, item: Input, directory: str, now_ms: int) -> Cause | None:
        """Why the window must end before a record is written, if it must; may raise `Unprojectable`."""
        schema, rules = item.schema, self.rules
        entry = self.entries.setdefault(directory, schema)
        if (entry is None) != (schema is None):
            return "schema flip"
        cause = self._time_has_come(directory, now_ms) if self.count else None
        if cause is not None:
            return cause
        if schema is not entry and rotates(rules.compatibility, schema, entry) and self.count:
            return "schema"
        if rules.open_files_max is not None and len(self.files) == rules.open_files_max and directory not in self.files:
            return "open files"
        return None

    def _time_has_come(self, directory: str, now_ms: int) -> Cause | None:
        """By record time, or by the clock. Source: reference 3.4."""
        if self._is_over(self.last_ms):
            return "interval"
        if self.rules.interval_ms > 0 and self.rules.rotates_on_partition_change and self._changes(directory):
            return "partition change"
        return "schedule" if self.slot_ms is not None and now_ms >= self.slot_ms else None

    def _is_over(self, time_ms: int | None) -> bool:
        """The interval is, at this record time."""
        interval_ms, base_ms = self.rules.interval_ms, self.base_ms
        return interval_ms > 0 and base_ms is not None and time_ms is not None and time_ms - base_ms >= interval_ms

    def _changes(self, directory: str) -> bool:
        """Another directory than the last record's; next to tombstones none is. Source: reference 3.4."""
        if directory == self.last_directory:
            return False
        text = self.rules.tombstone_text
        return not (self.rules.writes_tombstones and (text in directory or text in self.last_directory))

    def _write(self, item: Input, directory: str, pass_index: int) -> Cause | None:
        """Write one record; the cause if it is the last of its window. Source: reference 3.3 (9, 10)."""
        rules, inputs, entry = self.rules, self.seen.inputs, self.entries[directory]
        made = self.files.get(directory)
        is_new = made is None
        if made is None:
            stem = rules.stem(inputs.partition, directory, item.offset)
            made = _File(stem, holds_values=rules.holds_values(stem))
        target = entry if rules.compatibility != "NONE" and item.schema != entry else None
        written = inputs.written(item, target, holds_values=made.holds_values)
        made.target = target or made.target
        if written.refused is not None:
            for kind in () if is_new else written.lines:  # a file that the record had just opened goes with it
                made.extra.setdefault(kind, []).append(item.offset)
            self._refuse(item, written.refused, pass_index)
            return None
        made.offsets.append(item.offset)
        for kind in rules.binary:
            made.require_one_schema(kind, item, target)
        self.files[directory] = made
        self.last_directory, self.last_offset = directory, item.offset
        self.count += 1
        return "flush.size" if self.count >= rules.flush_size else None

    def _refuse(self, item: Input, refused: Refused, pass_index: int) -> None:
        """Report a record and skip it, or die of it. A reporter that is told more than is tolerated dies, too."""
        if refused.is_fatal or not self.rules.has_reporter or not self.rules.tolerates_errors:
            self.failed = Failure(item.offset, pass_index, refused.text)
        else:
            self.letters.append((pass_index, DeadLetter(item.offset, refused.stage, refused.text)))


def _windows(seen: _Seen, rules: Settings, opened_ms: int) -> Iterator[_Window]:
    """Windows in order, the last one perhaps open: each begins where the one before ended, under the slot it left."""
    begin, pass_index, last_offset = 0, seen.first_pass - 1, -1
    slot_ms = rules.next_slot_ms(opened_ms)
    while True:
        window = _Window(seen, rules, slot_ms, last_offset)
        window.fill(begin, pass_index)
        yield window
        if window.cause is None:
            return
        begin, pass_index = window.end, window.pass_index
        slot_ms, last_offset = window.slot_ms, window.last_offset


def _answers(windows: Sequence[_Window], life: Life, failed: Failure | None) -> tuple[int | None, ...]:
    """Each ask: the offset behind the last record written when the last window closed, once.

    What only the put that failed got to lies beyond the position that Connect had recorded, and is not committed.
    Reference 0.4, 2 (preCommit), 9.2 B1.
    """
    rotations = [window for window in windows if window.cause is not None]
    bound = None
    if failed is not None:
        bound = life.passes[failed.pass_index - 1].end_offset if failed.pass_index else life.start_offset
    answers: list[int | None] = []
    closed = handed = 0
    for done in life.commits:
        while closed < len(rotations) and rotations[closed].pass_index < done:
            closed += 1
        answer = rotations[closed - 1].last_offset + 1 if closed > handed else None
        if answer is not None and bound is not None and failed is not None and done > failed.pass_index:
            answer = answer if answer <= bound else None
        answers.append(answer)
        handed = closed
    return tuple(answers)
