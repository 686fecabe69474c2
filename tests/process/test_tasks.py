"""Several tasks as processes: they share the topic, end in order together, and do not outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from working import CONFIG, bodies, eventually, log_of, properties

from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.worlds.broker import MockBroker
from onceproof.scenarios.worlds.bucket import MotoServer
from onceproof.sink.outside.tasks import Tasks, end_with_parent

LOG = log_of({0: 10, 1: 4})
OBEDIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", sys.argv[1], flush=True)
if sys.argv[1] == "1":
    sys.exit(1)
while True:
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    server = MotoServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[MockBroker]:
    """The host of all clusters."""
    mock = MockBroker()
    yield mock
    mock.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    return True


def children(pid: int) -> list[int]:
    """Processes that it has started."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def sink(broker: MockBroker, moto: MotoServer, bucket: str, folder: Path, **changes: str) -> "subprocess.Popen[str]":
    """The command, with two tasks, before a cluster of its own with LOG in it."""
    cluster = broker.fresh({"t": 2})
    cluster.load(LOG)
    path = folder / "sink.properties"
    given = properties(moto, bucket, tasks_max="2", **changes)
    path.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
    command = [sys.executable, "-m", "onceproof", "sink", "run", str(path)]
    return subprocess.Popen(
        [*command, "--bootstrap-servers", cluster.bootstrap_servers, "--group", "g"], stderr=subprocess.PIPE, text=True
    )


def test_tasks_land_a_topic_together_and_end_in_order(broker: MockBroker, moto: MotoServer, tmp_path: Path) -> None:
    """Every object once; SIGTERM ends all of them, with exit code 0 and no error."""
    bucket = moto.fresh_bucket()
    wanted = {key: [body] for key, body in FaultFree.of(LOG, CONFIG).bucket.items()}

    with sink(broker, moto, bucket, tmp_path) as parent:
        try:
            eventually(wanted, lambda: bodies(moto, bucket))
            tasks = children(parent.pid)
            parent.terminate()
            _, said = parent.communicate(timeout=60)
        finally:
            parent.kill()

    assert (0, 2) == (parent.returncode, len(tasks))
    assert "error" not in said.lower().replace("kafkaerror", "")  # the mock refuses commits while another one leaves
    assert wanted == bodies(moto, bucket)
    assert all(map(is_gone, tasks))


def test_tasks_end_when_their_parent_is_killed(broker: MockBroker, moto: MotoServer, tmp_path: Path) -> None:
    """It cannot tell them; they notice."""
    bucket = moto.fresh_bucket()

    with sink(broker, moto, bucket, tmp_path) as parent:
        eventually(True, lambda: bool(bodies(moto, bucket)))
        tasks = children(parent.pid)
        parent.kill()
        try:
            eventually([True, True], lambda: [is_gone(pid) for pid in tasks])
        finally:
            for pid in tasks:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_tasks_that_can_do_nothing_say_so_with_their_numbers(
    broker: MockBroker, moto: MotoServer, tmp_path: Path
) -> None:
    """Each says why, and the exit code is that of one."""
    with sink(broker, moto, "no-such-bucket", tmp_path) as parent:
        _, said = parent.communicate(timeout=60)

    assert 2 == parent.returncode
    assert 2 == said.count("onceproof: the bucket cannot be used: bucket no-such-bucket: 404")
    for number in (0, 1):
        assert f"error: task {number} failed (exit code 2)" in said


def test_a_task_that_fails_is_told_at_once_and_the_others_go_on() -> None:
    """Until they are told to stop; together they have failed."""
    told: list[str] = []
    running: list[Tasks] = []

    def report(level: str, message: str) -> None:
        told.append(f"{level}: {message}")
        assert not any(is_gone(pid) for number, pid in running[0].pids.items() if number != 1)
        running[0].stop()

    running.append(Tasks([sys.executable, "-c", OBEDIENT], 3, report))
    while len([pid for pid in running[0].pids.values() if is_listening(pid)]) < 2:
        time.sleep(0.02)
    codes = running[0].run()

    assert ["error: task 1 failed (exit code 1); 2 of 3 tasks go on"] == told
    assert {0: 0, 1: 1, 2: 0} == codes


def is_listening(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & (1 << (signal.SIGTERM - 1)))
    return False


def test_a_task_that_is_killed_is_told_with_its_signal() -> None:
    """It has failed, unless it was told to stop and had not begun to listen."""
    told: list[str] = []
    tasks = Tasks([sys.executable, "-c", "import time; time.sleep(60)"], 2, lambda _, message: told.append(message))
    os.kill(tasks.pids[0], signal.SIGKILL)
    eventually(True, lambda: is_gone(tasks.pids[0]))
    told_when: Callable[[], None] = tasks.stop
    tasks._report = lambda _, message: (told.append(message), told_when())[1]

    codes = tasks.run()

    assert ["task 0 failed (killed by signal 9); 1 of 2 tasks go on"] == told
    assert {0: -9, 1: 0} == codes


def test_the_end_of_standard_input_is_the_end_of_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is stopped in order first, and leaves if that takes too long."""
    reading, writing = os.pipe()
    did: list[object] = []
    monkeypatch.setattr("onceproof.sink.outside.tasks.ORPHAN_S", 0.0)
    with os.fdopen(reading, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        end_with_parent(lambda: did.append("stopped"), leave=did.append)
        before = list(did)
        os.close(writing)
        eventually(["stopped", 1], lambda: list(did))

    assert [] == before
