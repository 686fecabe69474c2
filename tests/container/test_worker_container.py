"""Two real workers in one group, on Kafka itself: partitions move, and every record comes to rest once."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from working import (
    CONFIG,
    append,
    bodies,
    eventually,
    log_of,
    properties,
    refusing,
    running,
    worker,
)

from onceproof.model.history import Log, TopicPartition
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.worlds.broker import KafkaContainer
from onceproof.scenarios.worlds.bucket import MotoServer
from onceproof.sink.errors import TaskFailed
from onceproof.sink.outside import worker as sink_worker
from onceproof.sink.outside.worker import Worker

pytestmark = pytest.mark.container
PARTITIONS = 4


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    server = MotoServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebalance is joined at once."""
    monkeypatch.setattr(sink_worker, "POLL_S", 0.05)


def log(count: int, start: int = 0) -> Log:
    """So many records in every partition."""
    return log_of(dict.fromkeys(range(PARTITIONS), count), start)


def wanted(told: Log) -> dict[str, list[bytes]]:
    """What the model expects of it: each object once."""
    return {key: [body] for key, body in FaultFree.of(told, CONFIG).bucket.items()}


def shares(*workers: Worker) -> tuple[int, ...]:
    """How many partitions each has."""
    return tuple(len(given._assigned) for given in workers)


def test_two_workers_of_one_group_leave_every_record_once(kafka: KafkaContainer, moto: MotoServer) -> None:
    """The second joins, partitions move with files open, the first leaves in order: as if there had been one."""
    group = kafka.fresh_topics(log(17))
    bucket = moto.fresh_bucket()
    given = properties(moto, bucket)
    one, other = (worker(kafka.bootstrap_servers, group, given) for _ in range(2))

    with running(one) as first:
        eventually(wanted(log(17)), lambda: bodies(moto, bucket))
        with running(other):
            eventually((2, 2), lambda: shares(one, other))
            append(kafka.bootstrap_servers, log(14, start=17))
            eventually(wanted(log(31)), lambda: bodies(moto, bucket))

            first.stop()
            eventually((PARTITIONS,), lambda: shares(other))
            append(kafka.bootstrap_servers, log(10, start=31))
            eventually(wanted(log(41)), lambda: bodies(moto, bucket))

    assert wanted(log(41)) == bodies(moto, bucket)
    assert FaultFree.of(log(41), CONFIG).committed == kafka.cluster.committed(group, log(41))


def test_a_worker_outlasts_a_restart_of_the_broker(kafka: KafkaContainer, moto: MotoServer) -> None:
    """With files open, and offsets that are committed only behind it: as if there had been none."""
    group = kafka.fresh_topics(log(17))
    bucket = moto.fresh_bucket()

    with running(worker(kafka.bootstrap_servers, group, properties(moto, bucket))):
        eventually(wanted(log(17)), lambda: bodies(moto, bucket))
        kafka.restart()
        append(kafka.bootstrap_servers, log(14, start=17))
        eventually(wanted(log(31)), lambda: bodies(moto, bucket))

    assert wanted(log(31)) == bodies(moto, bucket)
    assert FaultFree.of(log(31), CONFIG).committed == kafka.cluster.committed(group, log(31))


def test_a_partition_in_back_off_goes_on_after_a_rebalance(
    kafka: KafkaContainer, moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its back-off would last for ever, and its pause is gone with the writer that asked for it."""
    group = kafka.fresh_topics(log(10))
    bucket = moto.fresh_bucket()
    given = properties(moto, bucket, retry_backoff_ms="600000")
    store = refusing(PARTITIONS)
    with monkeypatch.context() as patch:
        patch.setattr(sink_worker, "S3Store", store)
        one = worker(kafka.bootstrap_servers, group, given)
    other = worker(kafka.bootstrap_servers, group, given)

    with running(one):
        eventually(PARTITIONS, lambda: store.refused)
        with running(other):
            eventually((2, 2), lambda: shares(one, other))
            eventually(wanted(log(10)), lambda: bodies(moto, bucket))

    assert wanted(log(10)) == bodies(moto, bucket)
    assert FaultFree.of(log(10), CONFIG).committed == kafka.cluster.committed(group, log(10))


def test_a_topic_that_is_made_later_is_landed(
    kafka: KafkaContainer, moto: MotoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then its absence is reported, and the worker goes on."""
    group = f"g-{uuid.uuid4().hex[:8]}"
    [records] = log_of({0: 4}).values()
    later = {TopicPartition("later", 0): records}
    kafka.cluster.delete(["later"])
    bucket = moto.fresh_bucket()
    told: list[str] = []

    def warned() -> bool:
        told.append(capsys.readouterr().err)
        return "UNKNOWN_TOPIC_OR_PART); goes on" in "".join(told)

    with running(worker(kafka.bootstrap_servers, group, properties(moto, bucket, topics="later"))):
        eventually(True, warned)
        kafka.cluster.create({"later": 1})
        kafka.cluster.load(later)
        eventually(wanted(later), lambda: bodies(moto, bucket))

    assert wanted(later) == bodies(moto, bucket)


def test_a_cooperative_rebalance_ends_the_task_that_gives_partitions_away(
    kafka: KafkaContainer, moto: MotoServer
) -> None:
    """As in the real connector: it has closed the writers of the partitions that it keeps. Nothing is lost by it."""
    group = kafka.fresh_topics(log(17))
    bucket = moto.fresh_bucket()
    strategy = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
    given = {**properties(moto, bucket), "consumer.override.partition.assignment.strategy": strategy}
    one, other = (worker(kafka.bootstrap_servers, group, given) for _ in range(2))

    with running(one) as first:
        eventually(wanted(log(17)), lambda: bodies(moto, bucket))
        with running(other):
            eventually((2, 2), lambda: shares(one, other))
            append(kafka.bootstrap_servers, log(14, start=17))
            eventually(PARTITIONS, lambda: shares(other)[0])
            with pytest.raises(TaskFailed, match="a cooperative rebalance"):
                first.stop()
            eventually(wanted(log(31)).keys(), lambda: bodies(moto, bucket).keys())

    found = bodies(moto, bucket)
    assert wanted(log(31)) == {key: [*dict.fromkeys(versions)] for key, versions in found.items()}
    assert FaultFree.of(log(31), CONFIG).committed == kafka.cluster.committed(group, log(31))


def test_topics_that_fit_the_expression_are_landed(kafka: KafkaContainer, moto: MotoServer) -> None:
    """Also one that is made later; others are not."""
    group = f"g-{uuid.uuid4().hex[:8]}"
    [records] = log_of({0: 4}).values()
    logs = {name: {TopicPartition(name, 0): records} for name in ("like-1", "like-22", "unlike-1")}
    kafka.cluster.delete(list(logs))
    kafka.cluster.create({"like-1": 1, "unlike-1": 1})
    for name in ("like-1", "unlike-1"):
        kafka.cluster.load(logs[name])
    bucket = moto.fresh_bucket()
    given = {**properties(moto, bucket), "topics.regex": "like-\\d+"}
    del given["topics"]

    with running(worker(kafka.bootstrap_servers, group, given)):
        eventually(wanted(logs["like-1"]), lambda: bodies(moto, bucket))
        kafka.cluster.create({"like-22": 1})
        kafka.cluster.load(logs["like-22"])
        eventually(wanted(logs["like-1"] | logs["like-22"]), lambda: bodies(moto, bucket))

    assert wanted(logs["like-1"] | logs["like-22"]) == bodies(moto, bucket)


def test_tasks_that_stop_together_commit_what_they_have_stored(
    kafka: KafkaContainer, moto: MotoServer, tmp_path: Path
) -> None:
    """Each leaves the group while the other commits."""
    group = kafka.fresh_topics(log(17))
    bucket = moto.fresh_bucket()
    path = tmp_path / "sink.properties"
    given = properties(moto, bucket, tasks_max="2")
    path.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
    command = [sys.executable, "-m", "onceproof", "sink", "run", str(path), "--group", group]

    with subprocess.Popen([*command, "--bootstrap-servers", kafka.bootstrap_servers], stderr=subprocess.PIPE) as sink:
        try:
            eventually(wanted(log(17)).keys(), lambda: bodies(moto, bucket).keys())
            sink.terminate()
            _, said = sink.communicate(timeout=60)
        finally:
            sink.kill()

    complaints = [line for line in said.splitlines() if not line.startswith(b"info: ")]

    assert (0, []) == (sink.returncode, complaints)
    assert FaultFree.of(log(17), CONFIG).committed == kafka.cluster.committed(group, log(17))
