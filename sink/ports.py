"""The outside as the core's effects see it: where objects, offsets and reports go, and what time it is."""

from collections.abc import Mapping
from typing import Literal, Protocol

from onceproof.sink.effects import SendDeadLetter, TopicPartition


class ObjectStore(Protocol):
    """A bucket. Each method raises StoreError, which says whether a retry may help and what is known of the outcome."""

    def head_bucket(self) -> None:
        """Return if the bucket exists."""

    def create_upload(self, key: str) -> str:
        """Begin a multipart upload; returns its id."""

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Send one part; returns its ETag."""

    def complete_upload(self, key: str, upload_id: str, etags: tuple[str, ...], *, if_absent: bool) -> str:
        """Make the object visible; returns its version id, empty where the bucket keeps no versions."""

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an unfinished upload away."""

    def head_object(self, key: str) -> Literal["exists", "missing", "forbidden"]:
        """Ask for an object."""

    def tag_object(self, key: str, tags: tuple[tuple[str, str], ...], *, attempts: int) -> None:
        """Replace the tags of an object, in up to that many attempts."""


class OffsetStore(Protocol):
    """The group's offsets. Raises SourceError."""

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the next offsets to read."""


class SchemaRegistry(Protocol):
    """The schema registries that the converters name."""

    def fetch(self, side: Literal["key", "value"], schema_id: int, topic: str) -> str:
        """The text of a schema, with what it refers to put in its place, and its version in the topic's subject.

        Raises SourceError.
        """


class DeadLetters(Protocol):
    """The dead letter queue."""

    def send(self, letter: SendDeadLetter) -> None:
        """Return when the broker has it. Raises SourceError."""


class Clock(Protocol):
    """The wall clock."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""

    def sleep(self, ms: int) -> None:
        """Let time pass."""


class Reporter(Protocol):
    """Where reports go."""

    def __call__(self, level: Literal["info", "warning", "error"], message: str) -> None:
        """Tell an operator."""
