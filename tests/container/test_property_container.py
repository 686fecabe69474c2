"""The main claim on Kafka itself."""

import pytest
from measured import Measured
from recovery import recovered

from onceproof.scenarios.worlds.process import ProcessWorld


@pytest.mark.container
@pytest.mark.xdist_group("container")
def test_killed_processes_leave_the_fault_free_bucket_on_kafka(
    container_world: ProcessWorld, measured: Measured
) -> None:
    """Twenty drawn scenarios under record time, each with a kill -9 and two objects, leave the model's bucket."""
    counts = recovered(container_world, 20)

    measured(str(counts))
    assert counts.examples == counts.telling
    assert 20 <= counts.telling
