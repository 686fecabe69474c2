"""What is worked out of a log or a configuration, kept for the one last seen: a search runs the same many times."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar

A = TypeVar("A")
R = TypeVar("R")


def of_the_same(make: Callable[[A], R]) -> Callable[[A], R]:
    """`make`, which is not asked again for the very object that it was asked for last; nobody may change either.

    `functools.lru_cache` would have to hash them. As with that, `cache_clear` forgets.
    """
    last: tuple[A, R] | None = None

    def made(argument: A) -> R:
        nonlocal last
        known = last
        if known is None or known[0] is not argument:
            known = last = (argument, make(argument))
        return known[1]

    def cache_clear() -> None:
        nonlocal last
        last = None

    found: Any = update_wrapper(made, make)
    found.cache_clear = cache_clear
    return made
