"""The driver: each effect goes to its port, and what a port refuses comes back to the core."""

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from onceproof.sink.driver import Driver, Ports
from onceproof.sink.effects import (
    AbortUpload,
    Commit,
    CompleteUpload,
    CreateUpload,
    Effect,
    HeadBucket,
    HeadObject,
    Poll,
    ReadClock,
    Records,
    Released,
    Report,
    Stop,
    TopicPartition,
    UploadPart,
)
from onceproof.sink.errors import SourceError, StoreError

WHERE = TopicPartition("t", 0)
NOTHING = Poll({}, frozenset())


class Outside:
    """All ports in one, which writes down what it is asked; `refuses` names the one that raises."""

    def __init__(self, refuses: str = "") -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._refuses = refuses

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any, **options: Any) -> str:
            self.asked.append((name, *arguments, *options.values()))
            if name == self._refuses and name == "commit":
                raise SourceError("not the owner", retry=False, outcome="not applied")
            if name == self._refuses:
                raise StoreError("slow down", retry=True, outcome="not applied")
            return f"result of {name}"

        return ask

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """A method of its own, since a port gives None here."""
        self.__getattr__("commit")(offsets)


def driver(core: Generator[Effect, Any, None], outside: Outside) -> Driver:
    """A driver of that core on those ports."""
    return Driver(core, Ports(outside, outside, outside, outside.report))


def test_each_effect_is_performed_on_its_port() -> None:
    """Arguments arrive in order, and the core is sent the result."""
    results = []

    def core() -> Generator[Effect, Any, None]:
        for effect in (
            HeadBucket(),
            ReadClock(WHERE, "put"),
            CreateUpload(WHERE, "k"),
            UploadPart(WHERE, "k", "u", 2, b"body"),
            CompleteUpload(WHERE, "k", "u", ("e",), True),
            AbortUpload(WHERE, "k", "u"),
            HeadObject(WHERE, "k"),
            Commit({WHERE: 3}),
            Released(),
            Report("info", "hello"),
        ):
            results.append((yield effect))  # noqa: PERF401 - a generator's yields

    outside = Outside()

    driver(core(), outside).advance(None)

    assert [
        ("head_bucket",),
        ("now_ms",),
        ("create_upload", "k"),
        ("upload_part", "k", "u", 2, b"body"),
        ("complete_upload", "k", "u", ("e",), True),
        ("abort_upload", "k", "u"),
        ("head_object", "k"),
        ("commit", {WHERE: 3}),
        ("report", "info", "hello"),
    ] == outside.asked
    assert [
        "result of head_bucket",
        "result of now_ms",
        "result of create_upload",
        "result of upload_part",
        "result of complete_upload",
        "result of abort_upload",
        "result of head_object",
        True,
        None,
        "result of report",
    ] == results


def test_advancing_stops_at_a_poll_and_goes_on_with_its_answer() -> None:
    """`waiting` is the poll that is being waited in, and None at the end."""
    seen = []

    def core() -> Generator[Effect, Any, None]:
        seen.append((yield NOTHING))
        seen.append((yield Poll({WHERE: 3}, frozenset({WHERE}))))

    driven = driver(core(), Outside())

    driven.advance(None)
    assert NOTHING == driven.waiting
    driven.advance(Records({}))
    assert Poll({WHERE: 3}, frozenset({WHERE})) == driven.waiting
    driven.advance(Stop())
    assert None is driven.waiting
    assert [Records({}), Stop()] == seen


def test_a_store_error_is_thrown_into_the_core() -> None:
    """Which goes on, or lets it through."""
    seen = []

    def core() -> Generator[Effect, Any, None]:
        try:
            yield CreateUpload(WHERE, "k")
        except StoreError as error:
            seen.append(str(error))
        yield CreateUpload(WHERE, "k")

    with pytest.raises(StoreError, match="slow down"):
        driver(core(), Outside("create_upload")).advance(None)

    assert ["slow down"] == seen


def test_a_refused_commit_is_reported_and_is_no_error() -> None:
    """The core is told False; nothing is repeated."""
    results = []

    def core() -> Generator[Effect, Any, None]:
        results.append((yield Commit({WHERE: 3})))

    outside = Outside("commit")

    driver(core(), outside).advance(None)

    assert [False] == results
    assert [
        ("commit", {WHERE: 3}),
        ("report", "warning", "offsets were not committed: not the owner"),
    ] == outside.asked


def test_what_is_no_effect_is_a_bug() -> None:
    """A core that yields anything else is stopped with what it yielded."""
    with pytest.raises(AssertionError, match="'nonsense' is no effect"):
        driver(iter(()), Outside()).perform("nonsense")  # type: ignore[arg-type]
