"""Whether a configuration can be asked about a log at all: said in a line before any work, not found in every cell.

The model says what becomes of the first records; what it finds is told with the property that decides it.
"""

from collections.abc import Iterator, Mapping

from onceproof.model import history as h
from onceproof.model.inputs import Input, Inputs, Refused, inputs_of
from onceproof.model.settings import Settings, settings
from onceproof.scenarios.errors import ScenarioError

_LOOKED_AT = 20
"""Records of each partition."""
_SHOWN_MAX = 80
"""Characters of a value."""
_CONVERSION: Mapping[str, str] = {
    "KEY_CONVERTER": "key.converter",
    "VALUE_CONVERTER": "value.converter",
    "HEADER_CONVERTER": "header.converter",
    "TRANSFORMATION": "transforms",
}
_PROPERTIES: Mapping[str, str] = {
    **_CONVERSION,
    "null": "behavior.on.null.values",
    "topic": "transforms",
    "timestamp": "timestamp.field",
    "name": "filename.offset.zero.pad.width",
    "schema": "schema.compatibility",
    "value": "format.class",
    "key": "keys.format.class",
    "headers": "headers.format.class",
    "a null key while keys are stored": "store.kafka.keys",
    "no headers while headers are stored": "store.kafka.headers",
}
"""By stage, or by how the reason begins, which says more."""


class Unsuitable(ScenarioError):  # noqa: N818 - says what the log is
    """The sink can store nothing of this log, or dies of it."""


def require_suitable(config: Mapping[str, str], log: h.Log) -> None:
    """Return if the sink stores some of the first records and dies of none of them; raises Unsuitable, OutsideDomain.

    Logs without a record suit everything.
    """
    rules = settings(config)
    skipped: tuple[h.TopicPartition, h.Record, Refused] | None = None
    for partition, records in log.items():
        inputs = inputs_of(records[:_LOOKED_AT], partition, rules, {})
        by_offset = {record.offset: record for record in records[:_LOOKED_AT]}
        for item in inputs.items:
            refused = _refused(inputs, item)
            if refused is None:
                continue
            found = (partition, by_offset[item.offset], refused)
            if _is_deadly(refused, item, rules):
                raise Unsuitable(_told(config, *found))
            skipped = skipped or found
    if skipped is not None and not any(_stored(config, log)):
        raise Unsuitable(_told(config, *skipped))


def _stored(config: Mapping[str, str], log: h.Log) -> Iterator[bool]:
    rules = settings(config)
    for partition, records in log.items():
        inputs = inputs_of(records[:_LOOKED_AT], partition, rules, {})
        yield any(_refused(inputs, item) is None for item in inputs.items)


def _refused(inputs: Inputs, item: Input) -> Refused | None:
    """Why a record is not stored; skipped nulls are none of it."""
    if item.at_put is not None:
        return item.at_put
    return item.refused or inputs.written(item, None, holds_values=not item.is_tombstone).refused


def _is_deadly(refused: Refused, item: Input, rules: Settings) -> bool:
    """Whether the sink dies of it. What is refused before the put says so itself."""
    if refused.is_fatal or refused is item.at_put:
        return refused.is_fatal
    return not (rules.has_reporter and rules.tolerates_errors)


def _told(config: Mapping[str, str], partition: h.TopicPartition, record: h.Record, refused: Refused) -> str:
    name = _property(config, refused)
    reason = " ".join(refused.text.split())
    for stage in _CONVERSION:
        reason = reason.removeprefix(f"{stage}: ")
    return f"{name}={config.get(name, '')}: offset {record.offset} of {partition} holds {_shown(record)}: {reason}"


def _property(config: Mapping[str, str], refused: Refused) -> str:
    if refused.stage == "partition":
        return "partition.field.name" if "partition.field.name" in config else "timestamp.extractor"
    beginning = refused.text if refused.text in _PROPERTIES else refused.text.partition(":")[0]
    return _PROPERTIES.get(beginning, _PROPERTIES.get(refused.stage, "format.class"))


def _shown(record: h.Record) -> str:
    """The value as people read it."""
    if record.value is None:
        return "no value"
    text = record.value.decode(errors="replace")
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
