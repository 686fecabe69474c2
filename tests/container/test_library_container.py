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
    """Those that a world cannot run are known by name; the others hold the simulation to reality twice."""
    lacks = container_world.lacks | embedded_world.lacks | SimulatedWorld.lacks

    refused = {path.stem for path in PATHS if files.load(path).needs() & lacks}

    assert {"gaps-of-transactions", "records-without-a-time"} == refused
    assert 10 <= len(PATHS) - len(refused)
