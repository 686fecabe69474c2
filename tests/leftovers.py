"""What a run leaves outside of the sink, in whichever world: the part that worlds must agree on."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from onceproof.model.history import TopicPartition
from onceproof.scenarios import files
from onceproof.scenarios.replay import Replay, replay
from onceproof.scenarios.run import World
from onceproof.scenarios.worlds.simulated import SimulatedWorld


class Leftovers(NamedTuple):
    """By key and in their order, the bodies of all versions; then the group's offsets, and keys of open uploads."""

    bodies: Mapping[str, tuple[bytes, ...]]
    committed: Mapping[TopicPartition, int]
    unfinished_uploads: tuple[str, ...]


def same_in_both(path: Path, world: World) -> None:
    """A scenario leaves in a world what it leaves in the simulation; or the world refuses it, naming what it lacks."""
    scenario = files.load(path)
    done = replay(path, world)
    lacking = scenario.needs() & world.lacks

    assert (done.missing_capability in lacking) == bool(lacking)
    if not lacking:
        assert ("as expected", ()) == (done.outcome, done.differences)
        assert leftovers(replay(path, SimulatedWorld())) == leftovers(done)


def leftovers(done: Replay) -> Leftovers:
    """What one replay left; ids of versions and uploads are the store's own business."""
    assert done.run is not None, done.differences
    history = done.run.history
    bodies: dict[str, tuple[bytes, ...]] = {}
    for version in history.versions:
        bodies[version.key] = (*bodies.get(version.key, ()), version.body)
    return Leftovers(bodies, dict(history.committed), tuple(sorted(history.unfinished_uploads)))
