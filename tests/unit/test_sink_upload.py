"""A file and its multipart upload: parts as they fill, nothing before there is need (reference 6.1 and 6.3)."""

from collections.abc import Generator
from typing import Any

import pytest

from onceproof.sink.data import Schema
from onceproof.sink.effects import AbortUpload, CompleteUpload, CreateUpload, Effect, TopicPartition, UploadPart
from onceproof.sink.errors import StoreError, TaskFailed
from onceproof.sink.writing.upload import OpenFile

WHERE = TopicPartition("t", 0)
PART = 4


def performed(effects: Generator[Effect, Any, None], *, failing: str = "") -> list[tuple[Any, ...]]:
    """What an upload asked for: (create), (part, number, body), (complete, etags, if_absent), (abort)."""
    asked: list[tuple[Any, ...]] = []
    result: Any = None
    error: StoreError | None = None
    while True:
        try:
            effect = effects.send(result) if error is None else effects.throw(error)
        except StopIteration:
            return asked
        except StoreError:
            return [*asked, ("raised",)]
        result = error = None
        match effect:
            case CreateUpload(where, "key"):
                asked.append(("create",))
                result = "id"
            case UploadPart(where, "key", "id", number, body):
                asked.append(("part", number, body))
                result = f"etag{number}"
            case CompleteUpload(where, "key", "id", etags, if_absent):
                asked.append(("complete", etags, if_absent))
                result = "version"
            case AbortUpload(where, "key", "id"):
                asked.append(("abort",))
        assert where == WHERE
        if asked[-1][0] in failing.split():
            error = StoreError("refused", retry=True, outcome="not applied")


class Lines:
    """Writes values as they are; `end` is what it keeps for the end."""

    def __init__(self, end: bytes, *, aborts_on_close: bool) -> None:
        self.aborts_on_close = aborts_on_close
        self._end = end

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """All at once."""
        return b"".join(values)

    def finish(self) -> bytes:
        """What was kept."""
        return self._end


def file_with(*chunks: bytes, end: bytes = b"", aborts_on_close: bool = True) -> OpenFile:
    """A file that holds these records and has sent nothing."""
    file = OpenFile(WHERE, "key", Lines(end, aborts_on_close=aborts_on_close), part_size_bytes=PART)
    for chunk in chunks:
        file.append([chunk], None)
    return file


def completed(file: OpenFile, *, if_absent: bool = False, is_compressed: bool = False) -> Generator[Effect, Any, None]:
    """Its completion."""
    return file.complete(if_absent=if_absent, is_compressed=is_compressed)


def test_a_small_file_asks_for_nothing_before_it_is_completed() -> None:
    """Then it is created, sent as one part, and made visible."""
    file = file_with(b"a", b"bc")

    assert [] == performed(file.send_full_parts())
    assert [("create",), ("part", 1, b"abc"), ("complete", ("etag1",), False)] == performed(
        completed(file, if_absent=False)
    )


def test_what_the_format_keeps_for_the_end_is_sent_last() -> None:
    """In parts of its own if it fills some."""
    file = file_with(b"a", end=b"bcdef")

    assert [
        ("create",),
        ("part", 1, b"abcd"),
        ("part", 2, b"ef"),
        ("complete", ("etag1", "etag2"), False),
    ] == performed(completed(file))


def test_a_store_error_while_gzip_ends_is_fatal() -> None:
    """Retriable or not, as in the real connector (reference 2.1); without gzip it is what the store says."""
    with pytest.raises(TaskFailed, match="the end of its gzip stream could not be sent"):
        performed(completed(file_with(b"a", end=b"bcdef"), is_compressed=True), failing="part")

    assert ("raised",) == performed(completed(file_with(b"a", end=b"bcdef")), failing="part")[-1]


def test_parts_are_cut_at_their_size_whatever_the_records() -> None:
    """A record may lie across parts, and one record may fill several."""
    file = file_with(b"abc", b"defghi")

    assert [("create",), ("part", 1, b"abcd"), ("part", 2, b"efgh")] == performed(file.send_full_parts())
    assert [("part", 3, b"i"), ("complete", ("etag1", "etag2", "etag3"), True)] == performed(
        completed(file, if_absent=True)
    )


def test_an_exact_multiple_ends_with_an_empty_part() -> None:
    """What is left is sent as the last part, also if nothing is left."""
    file = file_with(b"abcd", b"efgh")

    assert [("create",), ("part", 1, b"abcd"), ("part", 2, b"efgh")] == performed(file.send_full_parts())
    assert [("part", 3, b""), ("complete", ("etag1", "etag2", "etag3"), False)] == performed(
        completed(file, if_absent=False)
    )


@pytest.mark.parametrize("failing", ["part", "part abort"])
def test_a_failed_part_ends_its_upload(failing: str) -> None:
    """It is aborted, and the part's own error is what the writer hears, also if the abort fails."""
    file = file_with(b"abcd")

    assert [("create",), ("part", 1, b"abcd"), ("abort",), ("raised",)] == performed(
        file.send_full_parts(), failing=failing
    )


def test_a_failed_completion_leaves_its_upload() -> None:
    """Nothing is aborted (reference 6.3)."""
    file = file_with(b"a")

    assert [("create",), ("part", 1, b"a"), ("complete", ("etag1",), False), ("raised",)] == performed(
        completed(file, if_absent=False), failing="complete"
    )


def test_only_an_upload_that_was_begun_is_aborted() -> None:
    """And only once."""
    begun = file_with(b"abcd")
    performed(begun.send_full_parts())

    assert [] == performed(file_with(b"a").close())
    assert [("abort",)] == performed(begun.close())
    assert [] == performed(begun.close())


def test_a_file_of_bytes_leaves_its_upload_behind() -> None:
    """Its close does nothing in the real connector (reference 6.3)."""
    begun = file_with(b"abcd", aborts_on_close=False)
    performed(begun.send_full_parts())

    assert [] == performed(begun.close())


def test_an_abort_that_fails_is_no_news() -> None:
    """The file is dropped all the same."""
    begun = file_with(b"abcd")
    performed(begun.send_full_parts())

    assert [("abort",)] == performed(begun.close(), failing="abort")
