"""What a judge can find, as values: not exceptions, and naming records by topic, partition and offset."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from onceproof.model.frozen import frozen
from onceproof.model.history import Outcome, TopicPartition
from onceproof.model.settings import ObjectKind

Kind: TypeAlias = Literal[
    "lost",
    "duplicated",
    "altered",
    "misplaced",
    "reordered",
    "overtaken",
    "rewritten",
    "re-encoded",
    "leaked",
    "stuck",
]


@frozen
class Finding:
    """One thing that is not as it must be."""

    kind: Kind
    partition: TopicPartition | None
    """None where no partition can be named: a foreign object, a run that did not finish."""
    offsets: tuple[int, ...]
    """Ascending; empty where no record can be named."""
    keys: tuple[str, ...]
    """Of the objects concerned, as far as they have a name."""
    at_rest: bool
    """False: it was so for a moment only, and is not so at the end."""
    detail: str
    """A sentence: what was expected, what was found, where."""
    object_kind: ObjectKind = "value"
    """What the objects hold, or should hold, of these records."""


@frozen
class ObjectAtRest:
    """An object that a reader sees at the end, and the records that it holds."""

    key: str
    partition: TopicPartition | None
    """None for a foreign object."""
    offsets: tuple[int, ...]
    """In the order in which they stand; empty for a foreign object."""
    life: int | None
    """The life of the sink that wrote it; None if no event says so."""
    kind: ObjectKind = "value"
    """What it holds of its records."""


class Write(NamedTuple):
    """A complete that took effect: an object became visible, and the records that it held then."""

    event: int
    """Index into the events of the history."""
    life: int
    partition: TopicPartition
    key: str
    offsets: tuple[int, ...] | None
    """In the order in which they stand; None where nothing tells them."""
    outcome: Outcome
    """What the sink was told of it."""
    cause: str
    """Why the file was closed, where the object is, to the byte, what the model expects; else empty."""
    kind: ObjectKind = "value"
    """What it holds of its records."""


OF_A_RECORD: Mapping[ObjectKind, str] = {
    "value": "each record",
    "key": "each key",
    "headers": "the headers of each record",
}
"""What an object of a kind holds once, in words."""


def of_offsets(kind: ObjectKind) -> str:
    """`offsets`, or what of them an object of another kind holds."""
    return {"value": "offsets", "key": "keys of offsets", "headers": "headers of offsets"}[kind]


def ranges(offsets: Sequence[int]) -> str:
    """Ascending offsets as people read them: `3, 5-9`, a run named by its ends."""
    parts: list[str] = []
    at = 0
    while at < len(offsets):
        end = at
        while end + 1 < len(offsets) and offsets[end + 1] == offsets[end] + 1:
            end += 1
        parts.append(str(offsets[at]) if at == end else f"{offsets[at]}-{offsets[end]}")
        at = end + 1
    return ", ".join(parts) or "none"
