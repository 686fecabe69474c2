"""The end of a life in another process: it is sure, it takes no longer than told, and it strikes nobody else."""

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from onceproof.scenarios.errors import EnvironmentFailure
from onceproof.scenarios.worlds import process
from onceproof.scenarios.worlds.process import ProcessLife

Make = Callable[[], tuple[ProcessLife, Connection]]


@pytest.fixture
def struck(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Numbers of processes with the signals that they would have been sent."""
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))
    return signals


@pytest.fixture
def make() -> Iterator[Make]:
    """A life whose other end the test holds."""
    ends: list[Connection] = []

    def made() -> tuple[ProcessLife, Connection]:
        ours, other = Pipe()
        ends.extend((ours, other))
        life = ProcessLife.__new__(ProcessLife)
        life.pid, life._connection = 1, ours
        return life, other

    yield made
    for end in ends:
        end.close()


def test_a_process_that_has_ended_is_not_struck(make: Make, struck: list[tuple[int, int]]) -> None:
    """Its number may be another's; what it said last is thrown away."""
    life, other = make()
    other.send("last words")
    other.close()

    life.kill()
    life.kill()

    assert [] == struck
    assert life._connection.closed


def test_an_end_in_the_middle_of_a_message_is_an_end(make: Make, struck: list[tuple[int, int]]) -> None:
    """A kill -9 strikes anywhere."""
    life, other = make()
    os.write(other.fileno(), b"\x00\x00\x00\x09half")
    other.close()

    life.kill()

    assert [] == struck
    assert life._connection.closed


def test_a_process_that_does_not_end_is_an_error_in_time(
    make: Make, struck: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the kernel holds on to must not hold up the run."""
    monkeypatch.setattr(process, "_DEATH_S", 0.05)
    life, _ = make()

    with pytest.raises(EnvironmentFailure, match=r"process 1 was there .* after its kill -9"):
        life.kill()

    assert [(1, signal.SIGKILL)] == struck
    assert life._connection.closed
