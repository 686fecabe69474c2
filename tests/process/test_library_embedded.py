"""The library with a real process and a kill -9, on librdkafka's mock: the same bucket as in the simulated world."""

from pathlib import Path

import pytest
from leftovers import leftovers

from onceproof.scenarios.replay import LIBRARY, replay
from onceproof.scenarios.worlds.process import ProcessWorld
from onceproof.scenarios.worlds.simulated import SimulatedWorld

PATHS = sorted(LIBRARY.glob("*.yaml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_embedded_leaves_what_the_simulation_leaves(path: Path, embedded_world: ProcessWorld) -> None:
    """Keys, bodies of all versions, committed offsets and unfinished uploads; and the verdict is as expected."""
    done = replay(path, embedded_world)
    if done.missing_capability is not None:
        pytest.skip(done.differences[0])

    assert ("as expected", ()) == (done.outcome, done.differences)
    assert leftovers(replay(path, SimulatedWorld())) == leftovers(done)
