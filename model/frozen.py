"""Values that nobody changes and that are made by the thousand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T]) -> type[T]: ...
@overload
def frozen(*, eq: bool = True, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True)
def frozen(
    cls: type[T] | None = None, *, eq: bool = True, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """A dataclass that is frozen to mypy, which sees to it that nobody changes one; making one is four times as fast.

    It has slots, and with `eq` it hashes by what it holds.
    """

    def made(found: type[T]) -> type[T]:
        return dataclass(slots=True, eq=eq, unsafe_hash=eq, kw_only=kw_only)(found)

    return made if cls is None else made(cls)
