"""Records of aborted transactions: which of them a configuration's consumer is handed.

The consumer's `isolation.level` decides. Kafka's default, and so Connect's, is `read_uncommitted`: what a producer took
back is landed as if it had never been taken back. With `read_committed` the sink never hears of it. Either way the
marker that ends a transaction takes an offset of its own, behind its last record, that nobody is handed.
"""

import itertools
from collections.abc import Mapping
from typing import TypeAlias

from onceproof.model.history import Log, TopicPartition
from onceproof.scenarios.errors import ScenarioError

PROPERTY = "consumer.override.isolation.level"
LEVELS = ("read_uncommitted", "read_committed")

Aborted: TypeAlias = Mapping[TopicPartition, frozenset[int]]
"""By partition, the offsets of records whose transaction was aborted."""


def level_of(config: Mapping[str, str]) -> str:
    """The isolation level of a configuration; raises ScenarioError for one that Kafka does not know."""
    level = config.get(PROPERTY, LEVELS[0])
    if level not in LEVELS:
        raise ScenarioError(f"{PROPERTY}: must be one of {', '.join(LEVELS)}, found {level!r}")
    return level


def visible(log: Log, aborted: Aborted, config: Mapping[str, str]) -> Log:
    """What of a log a consumer of that configuration is handed; the log itself where that is all of it."""
    if not aborted or not any(aborted.values()) or level_of(config) == LEVELS[0]:
        return log
    return {
        partition: tuple([record for record in records if record.offset not in aborted.get(partition, ())])
        for partition, records in log.items()
    }


def require_markers(log: Log, aborted: Aborted) -> None:
    """Raise ScenarioError where the offset behind a run of aborted records, which is its marker's, is a record's."""
    for partition, records in log.items():
        gone = aborted.get(partition, frozenset())
        for record, following in itertools.pairwise(records):
            is_marker = record.offset in gone and following.offset not in gone
            if is_marker and following.offset == record.offset + 1:
                message = f"must be free for the marker that ends the transaction of aborted record {record.offset}"
                raise ScenarioError(f"offset {following.offset} of {partition}: {message}")
