"""What a run leaves outside of the sink, in whichever world: the part that worlds must agree on."""

from collections.abc import Mapping
from typing import NamedTuple

from onceproof.model.history import TopicPartition
from onceproof.scenarios.replay import Replay


class Leftovers(NamedTuple):
    """By key and in their order, the bodies of all versions; then the group's offsets, and keys of open uploads."""

    bodies: Mapping[str, tuple[bytes, ...]]
    committed: Mapping[TopicPartition, int]
    unfinished_uploads: tuple[str, ...]


def leftovers(done: Replay) -> Leftovers:
    """What one replay left; ids of versions and uploads are the store's own business."""
    assert done.run is not None, done.differences
    history = done.run.history
    bodies: dict[str, tuple[bytes, ...]] = {}
    for version in history.versions:
        bodies[version.key] = (*bodies.get(version.key, ()), version.body)
    return Leftovers(bodies, dict(history.committed), tuple(sorted(history.unfinished_uploads)))
