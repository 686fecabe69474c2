"""The main claim with real processes: kill -9, the mock broker, moto."""

from measured import Measured
from recovery import recovered

from onceproof.scenarios.worlds.process import ProcessWorld


def test_killed_processes_leave_the_fault_free_bucket(embedded_world: ProcessWorld, measured: Measured) -> None:
    """Sixty drawn scenarios under record time, each with a kill -9 and two objects, leave the model's bucket."""
    counts = recovered(embedded_world, 60)

    measured(str(counts))
    assert counts.examples == counts.telling
    assert 60 <= counts.telling
