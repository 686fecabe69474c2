"""Predictions and renderings that are asked for again and again, kept within a bound.

A search judges thousands of runs of one log, most of whose lives are equal. Logs are told apart by identity,
so nothing here is ever compared record by record; each entry holds its log, so an identity is never used
twice.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from onceproof.model.history import Record
from onceproof.model.lives import Writer
from onceproof.model.placement import Expected, Life, expected, looked_at
from onceproof.model.rendering import rendered
from onceproof.model.settings import Settings

T = TypeVar("T")

_HELD_RECORDS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class LogView:
    """The storable records of one partition under one configuration. Compares by identity."""

    records: Sequence[Record]
    rules: Settings
    offsets: tuple[int, ...]
    """Ascending."""
    index: Mapping[int, int]
    """Position in `offsets` by offset."""
    lines: tuple[bytes, ...]
    """Rendered, with separator, by the same position."""

    def body(self, offsets: Sequence[int]) -> bytes:
        """The object that holds these storable records in this order."""
        return b"".join([self.lines[self.index[offset]] for offset in offsets])


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What one writer must do, with the bodies of its objects."""

    view: LogView
    expected: Expected
    bodies: tuple[bytes, ...]
    by_key: Mapping[str, int]
    """Position in `expected.objects` by key; keys of one writer are distinct."""


class _Memory(Generic[T]):
    """Answers by key, forgotten all at once when the logs behind them weigh too much."""

    __slots__ = ("_answers", "_held")

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[object, T]] = {}
        self._held = 0

    def get(self, log: Sequence[Record], key: Hashable, make: Callable[[], T]) -> T:
        full = (id(log), key)
        found = self._answers.get(full)
        if found is not None:
            return found[1]
        if self._held > _HELD_RECORDS_MAX:
            self._answers.clear()
            self._held = 0
        answer = make()
        self._answers[full] = (log, answer)
        self._held += len(log) + 100  # an entry for a tiny log still has a weight
        return answer


_VIEWS: _Memory[LogView] = _Memory()
_PREDICTIONS: _Memory[Prediction] = _Memory()
_EXPECTED: _Memory[Expected] = _Memory()
_LOOKED_AT: _Memory[Mapping[int, int]] = _Memory()


def view_of(log: Sequence[Record], rules: Settings) -> LogView:
    """The storable part of a log."""
    return _VIEWS.get(log, rules, lambda: _view(log, rules))


def predict(log: Sequence[Record], writer: Writer) -> Prediction:
    """What `writer` must do, given the log of its partition; `OutsideDomain` as `expected`."""
    return _PREDICTIONS.get(log, writer.seen(), lambda: _prediction(log, writer.as_life(), view_of(log, writer.rules)))


def expected_again(log: Sequence[Record], life: Life, rules: Settings) -> Expected:
    """`expected`, remembered; `rules` is the life's configuration, read."""
    key = (
        rules,
        life.partition,
        life.start_offset,
        life.opened_ms,
        life.passes,
        life.commits,
        life.failed_ms,
    )
    return _EXPECTED.get(log, key, lambda: expected(log, life))


def looked_at_again(log: Sequence[Record], writer: Writer) -> Mapping[int, int]:
    """`looked_at`, remembered."""
    return _LOOKED_AT.get(log, writer.seen(), lambda: looked_at(log, writer.as_life()))


def _view(log: Sequence[Record], rules: Settings) -> LogView:
    stored = [record for record in log if rules.stores(record)]
    offsets = tuple([record.offset for record in stored])
    index = {offset: at for at, offset in enumerate(offsets)}
    return LogView(log, rules, offsets, index, tuple([rendered(rules, record) for record in stored]))


def _prediction(log: Sequence[Record], life: Life, view: LogView) -> Prediction:
    wanted = expected(log, life)
    return Prediction(
        view=view,
        expected=wanted,
        bodies=tuple([view.body(made.offsets) for made in wanted.objects]),
        by_key={made.key: at for at, made in enumerate(wanted.objects)},
    )


@lru_cache(maxsize=64)
def offsets_by_line(view: LogView) -> Mapping[bytes, tuple[int, ...]]:
    """Offsets, ascending, of the records that render to the same line."""
    found: dict[bytes, list[int]] = {}
    for offset, line in zip(view.offsets, view.lines, strict=True):
        found.setdefault(line, []).append(offset)
    return {line: tuple(offsets) for line, offsets in found.items()}
