"""The logs that a configuration can meet, as words over a small alphabet: what a record is, and when it comes.

A letter is a step in time and a kind of record. Which kinds there are is read off the configuration, and checked with
the model: a record is a *dead letter* where the sink tells of it and goes on, *skipped* where it never reaches a
writer, and no letter at all where the sink dies of it. Steps are as long as the configuration's own intervals, so that
each does one thing: closes nothing, closes a file, goes back a little, goes back far.

What the alphabet does not have, no answer that stands on it has looked at: `lacking` says it for each configuration.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.model.inputs import Input, Refused, inputs_of
from onceproof.model.schemas import Schema
from onceproof.model.settings import OutsideDomain, Settings, settings
from onceproof.scenarios import fitting
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.fitting import Choice, Oddity
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.config import SinkConfig

ASSUMPTIONS: Mapping[str, str] = {
    "no-late": "no record has an earlier time than the one before it",
    "no-equal": "no two neighbouring records have equal times",
    "no-nulls": "no value is null",
    "no-dead-letters": "every record can be converted, placed and written",
    "no-schema-changes": "all values have one schema",
}
"""What may be taken for granted of the logs."""

Fate: TypeAlias = Literal["stored", "skipped", "dead letter"]
_HOUR_MS = 3_600_000
_WHERE = h.TopicPartition(fitting.TOPIC, 0)
_SPANS_MS = (_HOUR_MS, 24 * _HOUR_MS, 31 * 24 * _HOUR_MS, 366 * 24 * _HOUR_MS)


class Step(NamedTuple):
    """The time between a record and the one before it; `cost` is how odd it is."""

    name: str
    ms: int
    cost: int = 0


class Kind(NamedTuple):
    """What a record is, and what becomes of it."""

    name: str
    choice: Choice
    fate: Fate = "stored"
    schema: Schema | None = None
    reaches_writer: bool = True
    """A writer looks at it as it looks at others: it may set the base of an interval, and the schema of a file."""
    cost: int = 0
    directory: str = ""
    """Of one that comes first; empty where the wall clock chooses it."""


class Letter(NamedTuple):
    """A record of a word, by the names of its step and its kind."""

    step: str = "on"
    kind: str = "plain"


Word: TypeAlias = tuple[Letter, ...]
"""A log, the step of the first letter being without meaning."""


@dataclass(frozen=True)
class Alphabet:
    """The letters for one configuration; `steps` has one where record times are not read."""

    config: Mapping[str, str]
    steps: Mapping[str, Step]
    """Those that differ, by name."""
    spans_ms: Mapping[str, int]
    """How long each step is, by all its names: some are equally long."""
    kinds: Mapping[str, Kind]
    assumed: tuple[str, ...]
    start_ms: int
    turn_ms: int | None
    """A span of time that leads to another directory; None where there is none."""
    clock_step_ms: int
    """A move of the wall clock that matters; 0 where none does."""
    reads_record_times: bool

    @cached_property
    def schemas(self) -> Mapping[int, str]:
        """What the schema registry holds."""
        return fitting.schemas_of_choice(self.config)

    def kinds_of(self, fate: Fate) -> tuple[Kind, ...]:
        """The kinds with one fate."""
        return tuple(kind for kind in self.kinds.values() if kind.fate == fate)

    def log(self, word: Word) -> h.Log:
        """The log that a word says; KeyError for a letter of another alphabet."""
        steps = [self.spans_ms[letter.step] for letter in word[1:]]
        times = itertools.accumulate(steps, initial=self.start_ms)
        records = [
            fitting.chosen(self.config, offset, time_ms, self.kinds[letter.kind].choice)
            for offset, (letter, time_ms) in enumerate(zip(word, times, strict=True))
        ]
        return {_WHERE: tuple(records)}

    def has(self, word: Word) -> bool:
        """Whether all letters are there."""
        return all(letter.step in self.spans_ms and letter.kind in self.kinds for letter in word)

    def size(self, word: Word) -> int:
        """How many letters, and how odd they are."""
        steps = sum(self.steps[letter.step].cost for letter in word[1:] if letter.step in self.steps)
        return len(word) + steps + sum(self.kinds[letter.kind].cost for letter in word)

    def words(self, records_max: int) -> Iterator[Word]:
        """Every word up to so many letters, by size: how many letters, and how odd they are."""
        odd = max(step.cost for step in self.steps.values()) + max(kind.cost for kind in self.kinds.values())
        for size in range(1, records_max * (1 + odd) + 1):
            for count in range(max(1, -(-size // (1 + odd))), min(size, records_max) + 1):
                yield from self._words(count, size - count, is_first=True)

    def _words(self, count: int, cost: int, *, is_first: bool) -> Iterator[Word]:
        """Words of so many letters that cost exactly so much."""
        if not count:
            if not cost:
                yield ()
            return
        for step in [Step("on", 0)] if is_first else self.steps.values():
            for kind in self.kinds.values():
                left = cost - step.cost - kind.cost
                if left >= 0:
                    for rest in self._words(count - 1, left, is_first=False):
                        yield (Letter(step.name, kind.name), *rest)

    def described(self) -> tuple[str, ...]:
        """What the logs hold, one phrase for each kind."""
        found = ["in order"]
        if self.reads_record_times and "no-late" not in self.assumed:
            found.append("late")
        if self.reads_record_times and "no-equal" not in self.assumed:
            found.append("equal timestamps")
        if any(kind.choice.oddity == "null" for kind in self.kinds.values()):
            found.append("null values")
        bad = [
            kind.name for kind in self.kinds.values()
            if kind.fate != "stored" and kind.choice.oddity != "null" and not kind.choice.schema
        ]  # fmt: skip
        if bad:
            found.append(f"dead letters ({', '.join(bad)})")
        if any(kind.choice.schema for kind in self.kinds_of("stored")):
            found.append("schema changes")
        if "other" in self.kinds:
            found.append("several directories by their fields")
        return tuple(found)


def lacking(config: SinkConfig, assumed: tuple[str, ...]) -> tuple[str, ...]:
    """What the logs of a configuration may hold and no word of its alphabet does, one phrase for each kind."""
    found = []
    if config.value_converter == "JsonConverter" and config.value_schemas and "no-schema-changes" not in assumed:
        found.append("values with and without a schema mixed")
    reads_keys = config.store_keys or any(each.java_class.endswith("$Key") for each in config.transforms)
    typed = [
        what
        for what, is_read, converter in (
            ("keys", reads_keys, config.key_converter),
            ("headers", config.store_headers, config.header_converter),
        )
        if is_read and converter in _OF_ANY_TYPE
    ]
    if typed:
        found.append(f"{' or '.join(typed)} of another type")
    return (*found, "several partitions")  # each has a writer of its own


_OF_ANY_TYPE = ("AvroConverter", "JsonConverter", "SimpleHeaderConverter")
"""Converters of which one key or header is a text and the next a number."""


def alphabet(config: Mapping[str, str], assumed: tuple[str, ...] = ()) -> Alphabet:
    """The letters for a configuration; raises ConfigError, and OutsideDomain where the model does not cover it."""
    rules = settings({**DEFAULTS, **config})
    turn_ms = _turn_ms(rules)
    steps = tuple(_steps(rules, turn_ms, assumed))
    first_of = {step.ms: step for step in reversed(steps)}
    return Alphabet(
        config=config,
        steps={step.name: step for step in steps if first_of[step.ms] is step},
        spans_ms={step.name: step.ms for step in steps},
        kinds={kind.name: kind for kind in _kinds(config, rules, assumed)},
        assumed=assumed,
        start_ms=_start_ms(rules, turn_ms, assumed),
        turn_ms=turn_ms,
        clock_step_ms=_clock_step_ms(rules, turn_ms),
        reads_record_times=_reads_record_times(rules),
    )


# --- time ------------------------------------------------------------------------------------------------------------


def _reads_record_times(rules: Settings) -> bool:
    return rules.time_path is not None and rules.clock != "wallclock"


def _turn_ms(rules: Settings) -> int | None:
    """The shortest of some spans that leads to another directory."""
    path = rules.time_path
    if path is None or not path.duration_ms:
        return None
    spans = sorted({path.duration_ms, *_SPANS_MS})
    return next((ms for ms in spans if path.text(EPOCH_MS + ms) != path.text(EPOCH_MS)), None)


def _start_ms(rules: Settings, turn_ms: int | None, assumed: tuple[str, ...]) -> int:
    """The first instant of a directory, so that a record that is late by little belongs to another.

    Where none is late, and files of two directories may be open until an interval closes them, a little before it.
    """
    boundary_ms = _boundary_ms(rules, turn_ms)
    is_several = not rules.rotates_on_partition_change and rules.open_files_max != 1
    crosses = "no-late" in assumed and rules.interval_ms > 0 and is_several
    return boundary_ms - _little_ms(rules) if crosses and turn_ms is not None else boundary_ms


def _boundary_ms(rules: Settings, turn_ms: int | None) -> int:
    """The first instant of the next directory; the epoch of small worlds where there is no other."""
    path = rules.time_path
    if path is None or turn_ms is None:
        return EPOCH_MS
    before, behind = EPOCH_MS, EPOCH_MS + turn_ms
    while behind - before > 1:
        middle = (before + behind) // 2
        before, behind = (middle, behind) if path.text(middle) == path.text(EPOCH_MS) else (before, middle)
    return behind


def _clock_step_ms(rules: Settings, turn_ms: int | None) -> int:
    """A move of the wall clock that matters: to the next slot, and under Wallclock into another directory."""
    slot_ms = max(rules.schedule_ms, 0)
    path = rules.time_path
    if rules.clock != "wallclock" or path is None:
        return slot_ms
    far_ms = turn_ms or max(rules.interval_ms, 0)
    spans = (max(slot_ms, far_ms), slot_ms + far_ms, 2 * slot_ms)
    turns = (ms for ms in spans if path.text(EPOCH_MS + ms) != path.text(EPOCH_MS))
    return next(turns, spans[0])


def _little_ms(rules: Settings) -> int:
    return min(1000, max(1, rules.interval_ms // 3)) if rules.interval_ms > 0 else 1000


def _steps(rules: Settings, turn_ms: int | None, assumed: tuple[str, ...]) -> Iterator[Step]:
    """All steps. The first closes nothing, if there is one that does not."""
    little_ms = _little_ms(rules)
    equal = "no-equal" not in assumed
    yield Step("on", 0 if equal and rules.interval_ms == 1 else little_ms)
    if not _reads_record_times(rules):
        return
    far_ms = turn_ms or _HOUR_MS
    several = rules.interval_ms <= 0 or not rules.rotates_on_partition_change
    scheduled = int(rules.schedule_ms > 0)  # then the clock closes files, and steps are of less interest
    yield Step("closing", rules.interval_ms if rules.interval_ms > 0 else far_ms, scheduled)
    yield Step("turn", far_ms, 1)
    if equal:
        yield Step("equal", 0, 1)
    if "no-late" not in assumed:
        yield Step("late", -little_ms, scheduled if rules.interval_ms > 0 and several else 1)
        yield Step("back", -far_ms, scheduled if several else 1)


# --- kinds -----------------------------------------------------------------------------------------------------------

_ODDITIES: tuple[Oddity, ...] = ("no timestamp", "null key", "no headers", "other type", "unreadable")


def _kinds(config: Mapping[str, str], rules: Settings, assumed: tuple[str, ...]) -> Iterator[Kind]:
    """All kinds; of those that no writer looks at, which do the same, all but the first cost more."""
    unseen = 0
    for kind in _all_kinds(config, rules, assumed):
        yield kind._replace(cost=kind.cost + bool(unseen)) if not kind.reaches_writer else kind
        unseen += not kind.reaches_writer


def _all_kinds(config: Mapping[str, str], rules: Settings, assumed: tuple[str, ...]) -> Iterator[Kind]:
    plain = _kind(config, rules, "plain", Choice(), cost=0)
    if plain is None or plain.fate != "stored":
        raise ScenarioError(f"the sink stores no record, even one that was made for it: {_why(config, rules)}")
    yield plain
    if rules.fields:
        yield from _if(_kind(config, rules, "other", Choice(side=1), cost=0), "stored")
    changes = "no-schema-changes" not in assumed and fitting.has_second_schema(config)
    other = _kind(config, rules, "other schema", Choice(schema=1)) if changes else None
    if other is not None and other.fate == "stored":
        changes = other.schema != plain.schema  # bytes have no name by which they could differ
        yield from [other] if changes else []
    if "no-nulls" not in assumed:
        yield from _if(_kind(config, rules, "null", Choice(oddity="null")), "stored", "skipped")
    if "no-dead-letters" not in assumed:
        for oddity, schema in itertools.product(_ODDITIES, (0, 1) if changes else (0,)):
            name = oddity + (", other schema" if schema else "")
            if not schema or oddity in ("null key", "no headers"):
                yield from _if(_kind(config, rules, name, Choice(0, schema, oddity)), "skipped", "dead letter")


def _if(kind: Kind | None, *fates: Fate) -> Iterator[Kind]:
    if kind is not None and kind.fate in fates:
        yield kind


def _kind(config: Mapping[str, str], rules: Settings, name: str, choice: Choice, *, cost: int = 1) -> Kind | None:
    """What the model says of such a record; None where a transform drops it, or the sink dies of it."""
    try:
        item, refused = _seen(config, rules, choice)
    except OutsideDomain:
        if choice.oddity:
            return None
        raise
    if item is None:
        return None
    if item.at_put is not None:
        return None if item.at_put.is_fatal else Kind(name, choice, "skipped", None, reaches_writer=False, cost=cost)
    if refused is None:
        return Kind(name, choice, "stored", item.schema, cost=cost, directory=item.directory)
    if refused.is_fatal or not (rules.has_reporter and rules.tolerates_errors):
        return None
    is_seen = item.refused is None
    return Kind(name, choice, "dead letter", item.schema, reaches_writer=is_seen, cost=cost, directory=item.directory)


def _seen(config: Mapping[str, str], rules: Settings, choice: Choice) -> tuple[Input | None, Refused | None]:
    """What the model makes of such a record, and why it is not stored; no input where a transform drops it."""
    record = fitting.chosen(config, 0, EPOCH_MS, choice)
    inputs = inputs_of((record,), _WHERE, rules, fitting.schemas_of_choice(config))
    if not inputs.items:
        return None, None
    (item,) = inputs.items
    if item.at_put is not None:
        return item, item.at_put
    holds_values = not item.is_tombstone and rules.holds_values(rules.stem(_WHERE, item.directory, 0))
    return item, item.refused or inputs.written(item, None, holds_values=holds_values).refused


def _why(config: Mapping[str, str], rules: Settings) -> str:
    _, refused = _seen(config, rules, Choice())
    return refused.text if refused is not None else "a transform drops it"
