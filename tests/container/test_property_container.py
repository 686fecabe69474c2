"""The main property with real processes and Kafka itself."""

import pytest
from measured import Measured
from telling import record_time_leaves_the_fault_free_bucket

from onceproof.scenarios.worlds.process import ProcessWorld


@pytest.mark.container
def test_record_time_leaves_the_fault_free_bucket_container(container_world: ProcessWorld, measured: Measured) -> None:
    """Fifteen examples and more, with gaps in their logs, leave the bucket of the run without faults."""
    record_time_leaves_the_fault_free_bucket(container_world, 20, measured, gaps=True)
