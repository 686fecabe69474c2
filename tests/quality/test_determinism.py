"""The simulated world knows no chance: what a set holds first, or where an object lies in memory, changes no run."""

import os
import subprocess
import sys
from pathlib import Path

from onceproof.scenarios.replay import LIBRARY

DIGESTS = Path(__file__).with_name("digests.py")


def digests(hash_seed: int) -> list[str]:
    """Name and digest of each scenario of the library, run in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run([sys.executable, str(DIGESTS)], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_library_runs_alike_in_any_process() -> None:
    """Each scenario twice, in two processes with different hash seeds: the same history, event for event."""
    first, second = digests(1), digests(2)

    assert [path.stem for path in sorted(LIBRARY.glob("*.yaml"))] == [line.split()[0] for line in first]
    assert first == second
