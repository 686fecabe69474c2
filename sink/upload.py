"""One open file and its multipart upload: always multipart, created with the first part (reference 6.1)."""

from collections.abc import Generator
from typing import Any

from onceproof.sink.effects import AbortUpload, CompleteUpload, CreateUpload, Effect, TopicPartition, UploadPart
from onceproof.sink.errors import StoreError


class OpenFile:
    """Records that will be one object. Nothing is visible before `complete` is through."""

    __slots__ = ("_buffered_bytes", "_chunks", "_etags", "_partition", "_upload_id", "key", "start_offset")

    def __init__(self, partition: TopicPartition, key: str, start_offset: int) -> None:
        self._partition = partition
        self.key = key
        self.start_offset = start_offset
        self._chunks: list[bytes] = []
        self._buffered_bytes = 0
        self._upload_id: str | None = None
        self._etags: list[str] = []

    def append(self, chunk: bytes) -> int:
        """Add a rendered record; returns how many bytes now wait to be sent."""
        self._chunks.append(chunk)
        self._buffered_bytes += len(chunk)
        return self._buffered_bytes

    def send_full_parts(self, part_size_bytes: int) -> Generator[Effect, Any, None]:
        """Send every full part; the rest stays in the buffer."""
        data = b"".join(self._chunks)
        while len(data) >= part_size_bytes:
            yield from self._send(data[:part_size_bytes])
            data = data[part_size_bytes:]
        self._chunks = [data]
        self._buffered_bytes = len(data)

    def complete(self, *, if_absent: bool) -> Generator[Effect, Any, None]:
        """Send the rest as the last part, which may have length 0, and make the object visible."""
        yield from self._send(b"".join(self._chunks))
        self._chunks = []
        self._buffered_bytes = 0
        assert self._upload_id is not None
        yield CompleteUpload(self._partition, self.key, self._upload_id, tuple(self._etags), if_absent)

    def abort(self) -> Generator[Effect, Any, None]:
        """Throw the upload away, if it was begun."""
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            yield AbortUpload(self._partition, self.key, upload_id)

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
        """A failed part ends its upload; that the abort fails too is no news."""
        try:
            yield from self.abort()
        except StoreError:
            return
