"""From the bytes of one poll to converted, transformed records: what the runtime does before put().

Whole columns at a time where nothing goes wrong; record by record where something did, or where transforms are
configured. A record that a converter or a transform cannot handle is skipped or ends the task before put(), with
nothing of its poll written. Source: reference 2, 9.2 B2 and B3; Kafka Connect's worker.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import Header, Schema, SinkRecord
from onceproof.sink.effects import Effect, FetchSchema, Record, Sleep, TopicPartition
from onceproof.sink.errants import Errants, Stage
from onceproof.sink.errors import NeedsSchema, RecordError, SourceError, TaskFailed
from onceproof.sink.machine import Batch
from onceproof.sink.reading.converters import Converter, converter, header_converter

T = TypeVar("T")
Side: TypeAlias = Literal["key", "value"]

_NEVER_REFUSE = ("StringConverter", "ByteArrayConverter")
"""Converters of keys that need not run where nobody looks at keys."""
_FIRST_WAIT_MS = 300
"""How long Connect waits before it asks again for the first time; then twice as long each time."""


class Unavailable(RecordError):  # noqa: N818 - about one record, as its base
    """A schema is needed, and its registry does not answer."""

    java_class = "org.apache.kafka.connect.errors.RetriableException"


class Conversion:
    """The converters and transforms of one task."""

    def __init__(self, config: SinkConfig, errants: Errants) -> None:
        self._errants = errants
        self._config = config
        self._transforms = config.transforms
        self._value: Converter = converter(config, "value")
        self._key: Converter = converter(config, "key")
        self._header: Callable[[str, bytes | None], Header] = header_converter(config)
        looks_at_all = bool(self._transforms) or config.has_custom_classes
        self._wants_keys = looks_at_all or config.store_keys or config.key_converter not in _NEVER_REFUSE
        can_refuse = config.header_converter not in ("SimpleHeaderConverter", *_NEVER_REFUSE)
        self._wants_headers = looks_at_all or config.store_headers or can_refuse

    @property
    def wants_headers(self) -> bool:
        """Whether headers are looked at, so that the consumer need not read them otherwise."""
        return self._wants_headers

    def convert(
        self, by_partition: Mapping[TopicPartition, list[Record]]
    ) -> Generator[Effect, Any, dict[TopicPartition, Batch]]:
        """One poll's records as columns, by the partition that they belong to after transforms.

        Raises TaskFailed for a record that may not be skipped.
        """
        batches: dict[TopicPartition, Batch] = {}
        for partition, records in by_partition.items():
            if not self._transforms and (batch := self._columns(records)) is not None:
                batches[partition] = batch
                continue
            for record in records:
                found = yield from self._one(partition, record)
                if found is not None:
                    where = TopicPartition(found.topic, found.partition)
                    if where not in batches:
                        batches[where] = self._empty()
                    _add(batches[where], found)
        return batches

    def _columns(self, records: list[Record]) -> Batch | None:
        """All at once; None where one of them needs care."""
        try:
            schemas, values = self._value.all([record.value for record in records])
            batch = Batch(list(records), values, schemas)
            if self._wants_keys:
                batch.key_schemas, batch.keys = self._key.all([record.key for record in records])
            if self._wants_headers:
                batch.headers = [self._headers(record) for record in records]
        except (RecordError, NeedsSchema):
            return None
        return batch

    def _empty(self) -> Batch:
        batch = Batch()
        if self._wants_keys:
            batch.keys, batch.key_schemas = [], []
        if self._wants_headers:
            batch.headers = []
        return batch

    def _headers(self, record: Record) -> tuple[Header, ...]:
        return tuple([self._header(name, value) for name, value in record.headers])

    def _one(self, partition: TopicPartition, record: Record) -> Generator[Effect, Any, SinkRecord | None]:
        """One record; None if it is skipped or filtered."""
        stage: Stage = "KEY_CONVERTER"
        executing = self._config.raw.get("key.converter", "")
        try:
            key_schema, key = None, None
            if self._wants_keys:
                key_schema, key = yield from self._ask("key", record.key, partition.topic)
            stage, executing = "VALUE_CONVERTER", self._config.raw.get("value.converter", "")
            value_schema, value = yield from self._ask("value", record.value, partition.topic)
            stage, executing = "HEADER_CONVERTER", self._config.raw.get("header.converter", "")
            headers = self._headers(record) if self._wants_headers else ()
            found: SinkRecord | None = SinkRecord(
                *partition, record.offset, record.timestamp_ms, key, key_schema, value, value_schema, headers, record
            )
            stage = "TRANSFORMATION"
            for transform in self._transforms:
                executing = transform.java_class
                found = transform(found)
                if found is None:
                    return None
        except RecordError as error:
            yield from self._errants.report(partition, record, error, stage=stage, executing_class=executing)
            return None
        return found

    def _ask(self, side: Side, data: bytes | None, topic: str) -> Generator[Effect, Any, tuple[Schema | None, Any]]:
        """Convert, and fetch what schemas this takes; a registry that does not answer is asked again for a while."""
        converter_of_side = self._key if side == "key" else self._value
        waited_ms, wait_ms = 0, _FIRST_WAIT_MS
        while True:
            try:
                return converter_of_side.one(data)
            except NeedsSchema as needed:
                try:
                    text = yield FetchSchema(side, needed.schema_id, topic)
                    converter_of_side.learn(needed.schema_id, text)
                except SourceError as error:
                    limit_ms = self._config.retry_timeout_ms
                    if not error.retry or (limit_ms >= 0 and waited_ms >= limit_ms):
                        raise Unavailable(f"schema {needed.schema_id} cannot be fetched: {error}") from error
                    yield from self._sleep(wait_ms)
                    waited_ms += wait_ms
                    wait_ms = min(2 * wait_ms, self._config.retry_delay_max_ms)

    @staticmethod
    def _sleep(wait_ms: int) -> Generator[Effect, Any, None]:
        try:
            yield Sleep(wait_ms)
        except SourceError as stopped:
            raise TaskFailed(str(stopped)) from stopped


def _add(batch: Batch, record: SinkRecord) -> None:
    """Put one record behind the others, in all columns that there are."""
    batch.records.append(record.raw)
    batch.values.append(record.value)
    batch.schemas.append(record.value_schema)
    if batch.keys is not None and batch.key_schemas is not None:
        batch.keys.append(record.key)
        batch.key_schemas.append(record.key_schema)
    if batch.headers is not None:
        batch.headers.append(record.headers)
