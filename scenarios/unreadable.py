"""Which records of a recording no converter can read, where such records are skipped.

The runtime skips them before the task is handed anything, so a recorder of the task may not have seen them.
"""

from collections.abc import Collection

from onceproof.scenarios.recordings import Recording, log_of, texts
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.errors import ConfigError, NeedsSchema, RecordError
from onceproof.sink.reading.converters import converter
from onceproof.sink.settings.parsing import parse


def unreadable_records(recording: Recording) -> Collection[tuple[str, int]]:
    """Partition and offset of each; none where `errors.tolerance` is not `all`."""
    try:
        config = parse({name: value for name, value in {**DEFAULTS, **texts(recording.case["props"])}.items() if value})
    except ConfigError:
        return frozenset()
    if not config.tolerate_errors:
        return frozenset()
    key_of, value_of = converter(config, "key"), converter(config, "value")
    found = set()
    for partition, records in log_of(recording.case).items():
        for record in records:
            try:
                key_of.one(record.key)
                value_of.one(record.value)
            except (RecordError, NeedsSchema):
                found.add((str(partition), record.offset))
    return frozenset(found)
