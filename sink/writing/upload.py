"""The files that are open in one directory, and the multipart upload of each.

Always multipart, created with the first part (reference 6.1). A directory holds up to three files under one name: of
values, of keys and of headers; they are completed in this order (reference 4.3).
"""

from collections.abc import Generator, Mapping
from typing import Any

from onceproof.sink.data import Schema
from onceproof.sink.effects import AbortUpload, CompleteUpload, CreateUpload, Effect, TopicPartition, UploadPart
from onceproof.sink.errors import StoreError, TaskFailed
from onceproof.sink.writing.formats import Kind, ObjectWriter


class OpenFile:
    """Records that will be one object. Nothing is visible before `complete` is through."""

    __slots__ = ("_buffer", "_etags", "_part_size_bytes", "_partition", "_upload_id", "_writer", "key")

    def __init__(self, partition: TopicPartition, key: str, writer: ObjectWriter, *, part_size_bytes: int) -> None:
        self.key = key
        self._partition = partition
        self._writer = writer
        self._part_size_bytes = part_size_bytes
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._etags: list[str] = []

    def append(self, values: list[Any], schema: Schema | None) -> None:
        """Add records; raises DataError, and has then taken none."""
        self._buffer += self._writer.write(values, schema)

    @property
    def has_full_part(self) -> bool:
        """Whether there is a part to send."""
        return len(self._buffer) >= self._part_size_bytes

    def send_full_parts(self) -> Generator[Effect, Any, None]:
        """Send every full part; the rest stays in the buffer."""
        size = self._part_size_bytes
        while len(self._buffer) >= size:
            yield from self._send(bytes(memoryview(self._buffer)[:size]))
            del self._buffer[:size]

    def complete(self, *, if_absent: bool, is_compressed: bool) -> Generator[Effect, Any, None]:
        """Send the rest, its last part with length 0 if need be, and make the object visible.

        A store error while the end of gzip overflows the buffer is fatal, whatever it is (reference 2.1).
        """
        self._buffer += self._writer.finish()
        try:
            if len(self._buffer) >= self._part_size_bytes:
                yield from self.send_full_parts()
        except StoreError as error:
            if is_compressed:
                raise TaskFailed(f"{self.key}: the end of its gzip stream could not be sent: {error}") from error
            raise
        yield from self._send(bytes(self._buffer))
        self._buffer.clear()
        assert self._upload_id is not None
        yield CompleteUpload(self._partition, self.key, self._upload_id, tuple(self._etags), if_absent)

    def close(self) -> Generator[Effect, Any, None]:
        """Drop it. The upload is aborted, but for ByteArray, which leaves it behind (reference 6.3)."""
        if self._writer.aborts_on_close:
            yield from self._abort_quietly()

    def _send(self, body: bytes) -> Generator[Effect, Any, None]:
        if self._upload_id is None:
            self._upload_id = yield CreateUpload(self._partition, self.key)
        try:
            etag = yield UploadPart(self._partition, self.key, self._upload_id, len(self._etags) + 1, body)
        except StoreError:
            yield from self._abort_quietly()
            raise
        self._etags.append(etag)

    def _abort_quietly(self) -> Generator[Effect, Any, None]:
        """Throw the upload away, if it was begun; that this fails too is no news."""
        if self._upload_id is None:
            return
        upload_id, self._upload_id = self._upload_id, None
        try:
            yield AbortUpload(self._partition, self.key, upload_id)
        except StoreError:
            return


class OpenDirectory:
    """What is open in one directory. `start_offset` names its files and is where reading goes back to."""

    __slots__ = ("count", "end_offset", "files", "key", "start_offset")

    def __init__(self, key: str, start_offset: int, files: Mapping[Kind, OpenFile]) -> None:
        self.key = key
        """Of the object of values, also where there is none."""
        self.start_offset = start_offset
        self.end_offset = start_offset
        """Behind the last record that was written."""
        self.count = 0
        self.files = files
        """By kind, in the order in which they are completed."""

    def close(self) -> Generator[Effect, Any, None]:
        """Drop its files."""
        for file in self.files.values():
            yield from file.close()
