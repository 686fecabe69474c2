"""Strategies that are drawn from again and again, kept: to make one takes longer than to draw from it."""

from functools import lru_cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

BOOLEANS = st.booleans()


@lru_cache(maxsize=1024)
def one_of(values: tuple[T, ...]) -> st.SearchStrategy[T]:
    """One of these; shrinks towards the first."""
    return st.sampled_from(values)


@lru_cache(maxsize=1024)
def integers(least: int, most: int) -> st.SearchStrategy[int]:
    """From `least` to `most`, both included."""
    return st.integers(least, most)
