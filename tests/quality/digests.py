"""Prints a digest of the whole history of each scenario of the library: `test_determinism` runs this in processes."""

import hashlib

from onceproof.scenarios import files
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.run import run
from onceproof.scenarios.worlds.simulated import SimulatedWorld

if __name__ == "__main__":
    for path in sorted(LIBRARY.glob("*.yaml")):
        history = run(files.load(path), SimulatedWorld()).history
        print(path.stem, hashlib.sha256(repr(history).encode()).hexdigest())  # noqa: T201 - the command's output
