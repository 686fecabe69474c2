"""Errors, split by blame: the user's, the sink's own, and the outside's."""

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Problem(NamedTuple):
    """One thing wrong with one property: which, its value as given, and what is allowed."""

    name: str
    value: str | None
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class ConfigError(ValueError):
    """The configuration cannot be run. `problems` holds all that was found, in the order of the property table.

    `warnings` are sentences about what is no error in itself, such as unknown properties.
    """

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[str] = ()) -> None:
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)
        super().__init__("\n".join([*map(str, self.problems), *self.warnings]))


class ProtocolError(AssertionError):
    """The sink broke its own rules, or its driver broke those of the effects: a bug, never the user's fault."""


class SourceError(RuntimeError):
    """The broker refused or did not answer. `retry` says whether the same request may succeed later."""

    def __init__(self, message: str, *, retry: bool, outcome: Literal["applied", "not applied", "unknown"]) -> None:
        super().__init__(message)
        self.retry = retry
        self.outcome = outcome


class StoreError(RuntimeError):
    """The object store refused or did not answer.

    `retry` follows the AWS SDK's default retry condition (429, 500, 502, 503, 504, throttling, clock skew, I/O);
    `outcome` says what is known of the request itself. `status` is 0 where no HTTP status came back.
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        outcome: Literal["applied", "not applied", "unknown"],
        status: int = 0,
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.outcome = outcome
        self.status = status
        self.code = code


class TaskFailed(RuntimeError):  # noqa: N818 - the connector's own word
    """The task met an error that it does not survive; the message says which record or object, and why."""


class RecordError(Exception):
    """One record cannot be used. Reported and skipped where a reporter is there, else the task fails.

    `java_class` is what the real connector throws, as the dead letter's headers name it.
    """

    java_class = "org.apache.kafka.connect.errors.ConnectException"


class DataError(RecordError):
    """A value is not what its schema, its format or its converter needs."""

    java_class = "org.apache.kafka.connect.errors.DataException"


class PartitionError(RecordError):
    """A record belongs to no directory."""

    java_class = "io.confluent.connect.storage.errors.PartitionException"


class ProjectionError(RecordError):
    """A value cannot be projected to the schema of its file."""

    java_class = "org.apache.kafka.connect.errors.SchemaProjectorException"


class NeedsSchema(Exception):  # noqa: N818 - a question, not an error
    """A converter met the id of a schema that it does not know yet; ask the registry, `learn` it, and convert again."""

    def __init__(self, schema_id: int) -> None:
        super().__init__(f"schema {schema_id} is not known yet")
        self.schema_id = schema_id
