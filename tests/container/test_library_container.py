"""The library with a real process and a kill -9, on Kafka itself: the same bucket as in the simulated world."""

from pathlib import Path

import pytest
from leftovers import same_in_both

from onceproof.scenarios import files
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

pytestmark = pytest.mark.container
PATHS = sorted(LIBRARY.glob("*.yaml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_container_leaves_what_the_simulation_leaves(path: Path, container_world: ProcessWorld) -> None:
    """Keys, bodies of all versions, committed offsets and unfinished uploads; and the verdict is as expected."""
    same_in_both(path, container_world)


def test_most_of_the_library_runs_in_every_world(container_world: ProcessWorld, embedded_world: ProcessWorld) -> None:
    """What a world lacks some story needs, and is refused by it; the others hold the simulation to reality twice."""
    lacks = container_world.lacks | embedded_world.lacks | SimulatedWorld.lacks
    needs = [files.load(path).needs() & lacks for path in PATHS]

    refused = [needed for needed in needs if needed]

    assert lacks == frozenset[str]().union(*refused)
    assert len(PATHS) > 3 * len(refused)
