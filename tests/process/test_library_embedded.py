"""The library with a real process and a kill -9, on librdkafka's mock: the same bucket as in the simulated world."""

from pathlib import Path

import pytest
from leftovers import same_in_both

from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.worlds.process import ProcessWorld

PATHS = sorted(LIBRARY.glob("*.yaml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_embedded_leaves_what_the_simulation_leaves(path: Path, embedded_world: ProcessWorld) -> None:
    """Keys, bodies of all versions, committed offsets and unfinished uploads; and the verdict is as expected."""
    same_in_both(path, embedded_world)
