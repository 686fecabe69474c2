"""The real worker as a group member, against the mock broker and moto: lands, commits, goes on, recovers, ends."""

import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from working import CONFIG, append, bodies, eventually, log_of, properties, refusing, running, worker

from onceproof import cli
from onceproof.model.history import Log
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.worlds.broker import MockBroker
from onceproof.scenarios.worlds.bucket import MotoServer
from onceproof.scenarios.worlds.cluster import MockCluster
from onceproof.sink.errors import TaskFailed
from onceproof.sink.outside import kafka as sink_kafka
from onceproof.sink.outside import worker as sink_worker

LOG = log_of({0: 10, 1: 4})


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


@pytest.fixture
def cluster(broker: MockBroker) -> Iterator[MockCluster]:
    """One with LOG in it."""
    fresh = broker.fresh({"t": 2})
    fresh.load(LOG)
    yield fresh
    fresh.close()


@pytest.fixture
def group() -> str:
    """One that has no offsets."""
    return f"g-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop is noticed at once."""
    monkeypatch.setattr(sink_worker, "POLL_S", 0.05)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of this process are as they were."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def wanted(log: Log) -> dict[str, list[bytes]]:
    """What the model expects of `log`: each object once."""
    return {key: [body] for key, body in FaultFree.of(log, CONFIG).bucket.items()}


def write(path: Path, given: dict[str, str]) -> Path:
    """As a .properties file."""
    path.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
    return path


def test_lands_a_topic_and_commits_when_the_interval_is_over(
    cluster: MockCluster, group: str, moto: MotoServer
) -> None:
    """While it runs on."""
    bucket = moto.fresh_bucket()

    with running(worker(cluster.bootstrap_servers, group, properties(moto, bucket), flush_ms=100)):
        eventually(FaultFree.of(LOG, CONFIG).committed, lambda: cluster.committed(group, LOG))

        assert wanted(LOG) == bodies(moto, bucket)

    assert wanted(LOG) == bodies(moto, bucket)
    assert () == moto.unfinished_uploads(bucket)


def test_commits_when_it_is_stopped(cluster: MockCluster, group: str, moto: MotoServer) -> None:
    """Not before: the interval has a minute to go."""
    bucket = moto.fresh_bucket()

    with running(worker(cluster.bootstrap_servers, group, properties(moto, bucket))):
        eventually(wanted(LOG), lambda: bodies(moto, bucket))

        assert {} == cluster.committed(group, LOG)

    assert FaultFree.of(LOG, CONFIG).committed == cluster.committed(group, LOG)


def test_a_restart_goes_on_at_the_committed_offset(cluster: MockCluster, group: str, moto: MotoServer) -> None:
    """Objects of before are not written again, and records that were in no object are in one now."""
    bucket = moto.fresh_bucket()
    given = properties(moto, bucket)
    # The mock lets nobody join before the session of a member that has left is over.
    with running(worker(cluster.bootstrap_servers, group, given, session_ms=3_000)):
        eventually(wanted(LOG), lambda: bodies(moto, bucket))
    append(cluster.bootstrap_servers, log_of({0: 5}, start=10))
    longer = LOG | log_of({0: 15})

    with running(worker(cluster.bootstrap_servers, group, given)):
        eventually(wanted(longer), lambda: bodies(moto, bucket))

    assert wanted(longer) == bodies(moto, bucket)
    assert FaultFree.of(longer, CONFIG).committed == cluster.committed(group, LOG)


def test_a_store_error_that_may_be_tried_again_is_recovered_from(
    cluster: MockCluster, group: str, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading is set back to where the refused file began, and the objects are those of no fault."""
    store = refusing(1)
    monkeypatch.setattr(sink_worker, "S3Store", store)
    bucket = moto.fresh_bucket()

    with running(worker(cluster.bootstrap_servers, group, properties(moto, bucket))):
        eventually(wanted(LOG), lambda: bodies(moto, bucket))

    assert 1 == store.refused
    assert wanted(LOG) == bodies(moto, bucket)
    assert FaultFree.of(LOG, CONFIG).committed == cluster.committed(group, LOG)


def test_a_task_that_fails_commits_what_was_done(cluster: MockCluster, group: str, moto: MotoServer) -> None:
    """The error is raised when the partitions have been given back."""
    bucket = moto.fresh_bucket()
    broken = log_of({1: 1}, start=4)
    with running(worker(cluster.bootstrap_servers, group, properties(moto, bucket))) as run:
        eventually(wanted(LOG), lambda: bodies(moto, bucket))
        append(cluster.bootstrap_servers, {at: (records[0]._replace(value=b"{"),) for at, records in broken.items()})
        eventually(FaultFree.of(LOG, CONFIG).committed, lambda: cluster.committed(group, LOG))

        with pytest.raises(TaskFailed, match="t-1: offset 4: not JSON"):
            run.stop()

    assert wanted(LOG) == bodies(moto, bucket)


def test_sigterm_ends_the_command_in_order(cluster: MockCluster, group: str, moto: MotoServer, tmp_path: Path) -> None:
    """Exit code 0, what is in the bucket is committed, and an operator reads how it came and went."""
    bucket = moto.fresh_bucket()
    path = write(tmp_path / "sink.properties", properties(moto, bucket))
    command = [sys.executable, "-m", "onceproof", "sink", "run", str(path)]

    with subprocess.Popen(
        [*command, "--bootstrap-servers", cluster.bootstrap_servers, "--group", group], stderr=subprocess.PIPE
    ) as sink:
        try:
            eventually(wanted(LOG), lambda: bodies(moto, bucket))
            sink.terminate()
            _, said = sink.communicate(timeout=30)
        finally:
            sink.kill()

    lines = said.decode().splitlines()
    assert (0, f"info: reads t as a member of group {group}") == (sink.returncode, lines[0])
    assert ["info: has t-0 from 0, t-1 from 0", "info: ended in order"] == lines[1:]
    assert wanted(LOG) == bodies(moto, bucket)
    assert FaultFree.of(LOG, CONFIG).committed == cluster.committed(group, LOG)


def test_records_that_cannot_be_read_end_the_command_with_1(
    broker: MockBroker, group: str, moto: MotoServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The task failed on its data: in a line, without a traceback."""
    cluster = broker.fresh({"t": 1})
    log = log_of({0: 1})
    cluster.load({partition: (records[0]._replace(value=b"{"),) for partition, records in log.items()})
    path = write(tmp_path / "sink.properties", properties(moto, moto.fresh_bucket()))

    code = cli.main(["sink", "run", str(path), "--bootstrap-servers", cluster.bootstrap_servers, "--group", group])
    cluster.close()

    said = capsys.readouterr().err
    assert 1 == code
    assert "onceproof: the task failed: t-0: offset 0: not JSON" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"s3_bucket_name": "no-such-bucket"}, "onceproof: the bucket cannot be used: bucket no-such-bucket: "),
        ({"store_url": "http://127.0.0.1:1", "s3_part_retries": "1"}, "onceproof: the bucket cannot be used: bucket "),
        ({"store_url": "http://bad host"}, "onceproof: the configuration is invalid:\nstore.url: invalid value "),
        ({"s3_region": "us west"}, "onceproof: the configuration is invalid:\ns3.region: invalid value 'us west': "),
        ({}, "onceproof: the broker cannot be used: "),
    ],
)
def test_what_cannot_be_reached_ends_the_command_with_2(
    changes: dict[str, str],
    told: str,
    moto: MotoServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says nothing about the data: in a line, without a traceback."""
    monkeypatch.setattr(sink_kafka, "REACH_S", 0.5)
    given = properties(moto, moto.fresh_bucket(), **changes)
    path = write(tmp_path / "sink.properties", given)

    code = cli.main(["sink", "run", str(path), "--bootstrap-servers", "127.0.0.1:1"])

    said = capsys.readouterr().err
    assert (2, told) == (code, said[: len(told)])
    assert "Traceback" not in said
