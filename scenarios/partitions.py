"""A partition as the sink names it and as the model does: equal values of two types, since neither knows the other's.

Every event of a history names one, so both are remembered.
"""

from functools import lru_cache

from onceproof.model import history as h
from onceproof.sink.effects import TopicPartition


@lru_cache(maxsize=4096)
def of_sink(partition: tuple[str, int]) -> TopicPartition:
    """The sink's."""
    return TopicPartition(*partition)


@lru_cache(maxsize=4096)
def of_model(partition: tuple[str, int]) -> h.TopicPartition:
    """The model's."""
    return h.TopicPartition(*partition)
