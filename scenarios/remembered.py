"""What is worked out of a log or a configuration, kept for the one last seen: a search runs the same many times."""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


def of_the_same(make: Callable[[Mapping[K, V]], R]) -> Callable[[Mapping[K, V]], R]:
    """`make`, which is not asked again for the mapping that it was asked for last, while that holds the same.

    `functools.lru_cache` would have to hash it. As with that, `cache_clear` forgets.
    """
    last: tuple[Mapping[K, V], dict[K, V], R] | None = None

    def made(argument: Mapping[K, V]) -> R:
        nonlocal last
        known = last
        if known is None or known[0] is not argument or known[1] != argument:
            known = last = (argument, dict(argument), make(argument))
        return known[2]

    def cache_clear() -> None:
        nonlocal last
        last = None

    found: Any = update_wrapper(made, make)
    found.cache_clear = cache_clear
    return made
