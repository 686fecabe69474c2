"""Records of which nobody can say whether they stand somewhere, since it is not known who wrote what.

Where a writer is known its prediction names the records of an object. Of an object without one there is its text alone:
equal records cannot be told apart in it, and what cannot be read may be any of them. The doubt is the sink's.
"""

from collections.abc import Iterable

from onceproof.model.history import TopicPartition
from onceproof.model.settings import ObjectKind


class Doubts:
    """By partition and kind of object: the records in doubt."""

    __slots__ = ("_some", "_whole")

    def __init__(self) -> None:
        self._some: dict[tuple[TopicPartition, ObjectKind], set[int]] = {}
        self._whole: set[tuple[TopicPartition, ObjectKind]] = set()

    def add(self, partition: TopicPartition, kind: ObjectKind, offsets: Iterable[int]) -> None:
        """These are in doubt."""
        self._some.setdefault((partition, kind), set()).update(offsets)

    def add_all(self, partition: TopicPartition, kind: ObjectKind) -> None:
        """All of them are."""
        self._whole.add((partition, kind))

    def without(self, store: tuple[TopicPartition, ObjectKind], offsets: Iterable[int]) -> list[int]:
        """Those that are in no doubt, in their order."""
        if store in self._whole:
            return []
        some = self._some.get(store)
        return list(offsets) if not some else [offset for offset in offsets if offset not in some]
