"""A member that stands still longer than its session lasts, and goes on: what Kafka refuses, and what S3 does not.

The owner is `onceproof sink run` in a process, stopped by SIGSTOP between its request for an upload and its part.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from relay import FreezingRelay
from working import QUICK, append, bodies, eventually, properties, running, worker

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.worlds.broker import KafkaContainer
from onceproof.scenarios.worlds.bucket import MotoServer

pytestmark = pytest.mark.container
T0 = TopicPartition("t", 0)
SESSION_MS = 3_000
FLUSH_MS = 500
HOURLY = {
    "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
    "timestamp.extractor": "Record",
    "locale": "en",
    "timezone": "UTC",
    "flush.size": "1000",
}
HOUR_MS = 1_706_781_600_000


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    server = MotoServer()
    yield server
    server.close()


def log(*at_ms: int, start: int = 0) -> Log:
    """Records of one partition so many milliseconds into an hour, from offset `start` on; each says its offset."""
    return {
        T0: tuple(Record(n, HOUR_MS + ms, b"k", b'{"n":%d}' % n) for n, ms in enumerate(at_ms, start)),
    }


@contextmanager
def owner(
    kafka: KafkaContainer, group: str, given: Mapping[str, str], relay: FreezingRelay, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The sink in a process that `relay` stops, and the file that it reports to."""
    quick = {**QUICK, "session.timeout.ms": SESSION_MS}
    renamed = {"fetch.wait.max.ms": "fetch.max.wait.ms", "topic.metadata.refresh.interval.ms": "metadata.max.age.ms"}
    overrides = {f"consumer.override.{renamed.get(name, name)}": str(value) for name, value in quick.items()}
    path, said = folder / "sink.properties", folder / "said"
    lines = {**given, **overrides, "store.url": relay.endpoint}
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    options = ["--group", group, "--bootstrap-servers", kafka.bootstrap_servers]
    options += ["--offset-flush-interval-ms", str(FLUSH_MS)]
    with said.open("wb") as reports, started([str(path), *options], reports) as process:
        relay.pid = process.pid
        yield process, said


@contextmanager
def started(arguments: list[str], reports: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """`onceproof sink run`, which is gone behind the block."""
    command = [sys.executable, "-m", "onceproof", "sink", "run", *arguments]
    with subprocess.Popen(command, stderr=reports) as process:
        try:
            yield process
        finally:
            process.kill()


def offsets(body: bytes) -> list[int]:
    """Which records an object holds."""
    return [json.loads(line)["n"] for line in body.splitlines()]


def versions(moto: MotoServer, bucket: str) -> dict[str, list[list[int]]]:
    """By the end of each key, the records of all its versions, the oldest first."""
    found = bodies(moto, bucket)
    return {key.rpartition("+")[2].removesuffix(".json"): [offsets(each) for each in found[key]] for key in found}


def taken_over(
    kafka: KafkaContainer, moto: MotoServer, folder: Path, changes: Mapping[str, str], told: Log, more: Log
) -> tuple[dict[str, list[list[int]]], dict[str, list[list[int]]]]:
    """The owner freezes over `told`, its successor lands `more` too and commits 4, the owner goes on.

    What stands in the bucket before that and behind it. On the way the commit of the former owner is refused.
    """
    group, bucket = kafka.fresh_topics(told), moto.fresh_bucket()
    given = {**properties(moto, bucket), **HOURLY, **changes}
    relay = FreezingRelay(str(moto.endpoint), at=b"?uploads")
    successor = worker(kafka.bootstrap_servers, group, given, flush_ms=FLUSH_MS, session_ms=SESSION_MS)
    with owner(kafka, group, given, relay, folder) as (process, said):
        assert relay.frozen.wait(60), said.read_text(encoding="utf-8")
        append(kafka.bootstrap_servers, more)
        with running(successor):
            eventually({T0: 4}, lambda: kafka.cluster.committed(group, [T0]))
            before = versions(moto, bucket)
            os.kill(process.pid, signal.SIGCONT)
            eventually(True, lambda: "offsets were not committed" in said.read_text(encoding="utf-8"))
            process.terminate()
            ended = process.wait(60)
    relay.close()

    assert 0 == ended, said.read_text(encoding="utf-8")
    assert {T0: 4} == kafka.cluster.committed(group, [T0])
    return before, versions(moto, bucket)


def test_a_former_owner_completes_its_shorter_file_over_the_longer_one(
    kafka: KafkaContainer, moto: MotoServer, tmp_path: Path
) -> None:
    """Cut by the schedule, its records stand under the successor's name: 2 and 3 are committed and are nowhere."""
    schedule = {"rotate.schedule.interval.ms": "1000", "enable.conditional.writes": "false"}

    before, behind = taken_over(kafka, moto, tmp_path, schedule, log(0, 100), log(200, 300, start=2))

    assert {"0000000000": [[0, 1, 2, 3]]} == before
    assert {"0000000000": [[0, 1, 2, 3], [0, 1]]} == behind


def test_a_former_owner_that_cuts_by_record_time_writes_what_is_there(
    kafka: KafkaContainer, moto: MotoServer, tmp_path: Path
) -> None:
    """Its object is its successor's, record for record, so nobody reads anything else than before."""
    interval = {"rotate.interval.ms": "1000"}

    before, behind = taken_over(kafka, moto, tmp_path, interval, log(0, 100, 2000), log(2100, 4000, start=3))

    assert {"0000000000": [[0, 1]], "0000000002": [[2, 3]]} == before
    assert {"0000000000": [[0, 1], [0, 1]], "0000000002": [[2, 3]]} == behind
