"""Records that cannot be used: told to the operator, kept in the dead letter queue, skipped, or the end of the task.

Two kinds, as in Kafka Connect's runtime. A record that no converter or transform can handle is skipped if
`errors.tolerance` is `all`, also where nobody is told. One that the sink cannot place or write is skipped only if
somebody is told besides: a dead letter topic or the error log. Either way it is told first, and then decided.
Source: reference 2.1 and 9.3 C6; Kafka Connect's error handling (KIP-298, KIP-610).
"""

import traceback
from collections.abc import Generator
from typing import Any, Literal, TypeAlias

from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import Effect, Record, Report, SendDeadLetter, TopicPartition
from onceproof.sink.errors import RecordError, SourceError, TaskFailed

Stage: TypeAlias = Literal["KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "TRANSFORMATION", "TASK_PUT"]

TASK = "org.apache.kafka.connect.sink.SinkTask"
"""The class that Connect names for what the sink itself reports."""


class Errants:
    """What the configuration says about records that cannot be used."""

    def __init__(self, config: SinkConfig) -> None:
        self._dead_letters = bool(config.dead_letter_topic)
        self._log = config.log_errors
        self._log_messages = config.log_messages
        self._tolerates = config.tolerate_errors

    @property
    def has_reporter(self) -> bool:
        """Whether the task has somebody to report to."""
        return self._dead_letters or self._log

    def report(
        self,
        partition: TopicPartition,
        record: Record,
        error: RecordError,
        *,
        stage: Stage = "TASK_PUT",
        executing_class: str = TASK,
    ) -> Generator[Effect, Any, None]:
        """Tell of the record, then return if it may be skipped; raises TaskFailed if not."""
        if self._log:
            yield Report("error", self._sentence(partition, record, error, stage, executing_class))
        if self._dead_letters:
            stack_trace = "".join(traceback.format_exception(error))
            letter = (stage, executing_class, error.java_class, str(error), stack_trace)
            try:
                yield SendDeadLetter(partition, record, *letter)
            except SourceError as refused:
                message = f"{partition}: offset {record.offset} did not reach the dead letter queue: {refused}"
                raise TaskFailed(message) from refused
        if not self._tolerates or (stage == "TASK_PUT" and not self.has_reporter):
            raise TaskFailed(f"{partition}: offset {record.offset}: {error}") from error

    def _sentence(
        self, partition: TopicPartition, record: Record, error: RecordError, stage: Stage, executing_class: str
    ) -> str:
        where = ""
        if self._log_messages:
            where = (
                f", where the consumed record is topic='{partition.topic}', partition={partition.partition}, "
                f"offset={record.offset}, timestamp={record.timestamp_ms}"
            )
        return f"error in stage {stage} of {executing_class}{where}: {error}"
