"""The library with a real process and a kill -9, on Kafka itself: the same bucket as in the simulated world."""

from pathlib import Path

import pytest
from leftovers import leftovers

from onceproof.scenarios import files
from onceproof.scenarios.replay import LIBRARY, replay
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

pytestmark = pytest.mark.container
PATHS = sorted(LIBRARY.glob("*.yaml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_container_leaves_what_the_simulation_leaves(path: Path, container_world: ProcessWorld) -> None:
    """Keys, bodies of all versions, committed offsets and unfinished uploads; and the verdict is as expected."""
    done = replay(path, container_world)
    if done.missing_capability is not None:
        pytest.skip(done.differences[0])

    assert ("as expected", ()) == (done.outcome, done.differences)
    assert leftovers(replay(path, SimulatedWorld())) == leftovers(done)


def test_most_of_the_library_runs_in_every_world(container_world: ProcessWorld, embedded_world: ProcessWorld) -> None:
    """Those that a world cannot run are known by name; the others hold the simulation to reality twice."""
    lacks = container_world.lacks | embedded_world.lacks | SimulatedWorld.lacks

    refused = {path.stem for path in PATHS if files.load(path).needs() & lacks}

    assert {"gaps-of-transactions", "records-without-a-time"} == refused
    assert 10 <= len(PATHS) - len(refused)
