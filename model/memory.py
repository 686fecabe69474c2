"""Answers that are asked for again and again, kept within a bound.

A search judges thousands of runs of one log, most of whose lives are equal. Logs are told apart by identity, so nothing
here is ever compared record by record; each entry holds what it is about, so an identity is never used twice.
"""

from collections.abc import Callable, Hashable, Sized
from typing import Generic, TypeVar

T = TypeVar("T")

_HELD_RECORDS_MAX = 200_000
"""Few enough for the garbage collector, which walks over all that is kept again and again."""


class Memory(Generic[T]):
    """Answers by key, forgotten all at once when the logs behind them weigh too much."""

    __slots__ = ("_answers", "_held")

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[object, T]] = {}
        self._held = 0

    def get(self, about: Sized, key: Hashable, make: Callable[[], T]) -> T:
        """The answer about this one object under this key; what else the key names by identity, the answer holds."""
        full = (id(about), key)
        found = self._answers.get(full)
        if found is not None:
            return found[1]
        if self._held > _HELD_RECORDS_MAX:
            self._answers.clear()
            self._held = 0
        answer = make()
        self._answers[full] = (about, answer)
        self._held += len(about) + 100  # an entry for a tiny log still has a weight
        return answer
