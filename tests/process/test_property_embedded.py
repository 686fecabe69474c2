"""The main property with real processes and the embedded broker."""

from measured import Measured
from telling import record_time_leaves_the_fault_free_bucket

from onceproof.scenarios.worlds.process import ProcessWorld


def test_record_time_leaves_the_fault_free_bucket_embedded(embedded_world: ProcessWorld, measured: Measured) -> None:
    """Fifty examples and more, each killed by kill -9 once or twice, leave the bucket of the run without faults."""
    record_time_leaves_the_fault_free_bucket(embedded_world, 60, measured, gaps=False)
