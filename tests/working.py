"""A real worker in a thread of the test, what it reads, and what it must leave."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from confluent_kafka import Producer

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, S3, SECRET_KEY
from onceproof.sink.errors import StoreError
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.outside.worker import Worker
from onceproof.sink.settings.parsing import parse

T = TypeVar("T")

LIMIT_S = 60.0
QUICK: Mapping[str, Any] = {
    "fetch.wait.max.ms": 10,
    "heartbeat.interval.ms": 200,
    "topic.metadata.refresh.interval.ms": 500,
}
CONFIG: Mapping[str, str] = {
    "name": "landing",
    "topics": "t",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
    "retry.backoff.ms": "200",
}


def log_of(counts: Mapping[int, int], start: int = 0) -> Log:
    """So many records in each partition of `t`, from offset `start` on."""
    return {
        TopicPartition("t", partition): tuple(
            Record(offset, 1_000 + offset, b"k", b'{"p":%d,"n":%d}' % (partition, offset))
            for offset in range(start, start + count)
        )
        for partition, count in counts.items()
    }


def append(bootstrap_servers: str, log: Log) -> None:
    """Write `log` behind what its topics hold."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True, "log_level": 0})
    for (topic, partition), records in log.items():
        for record in records:
            producer.produce(topic, record.value, record.key, partition=partition, timestamp=record.timestamp_ms or 0)
    assert 0 == producer.flush(LIMIT_S)


def properties(server: S3, bucket: str, **changes: str) -> dict[str, str]:
    """CONFIG for that bucket; `flush_size="3"` is `flush.size`."""
    return {
        **CONFIG,
        "s3.bucket.name": bucket,
        "s3.region": REGION,
        "store.url": str(server.endpoint),
        "aws.access.key.id": ACCESS_KEY,
        "aws.secret.access.key": SECRET_KEY,
        **{name.replace("_", "."): value for name, value in changes.items()},
    }


def worker(
    bootstrap_servers: str,
    group: str,
    given: Mapping[str, str],
    *,
    flush_ms: int = 60_000,
    session_ms: int = 45_000,
) -> Worker:
    """One that is not running yet."""
    return Worker(
        parse(given),
        bootstrap_servers,
        group=group,
        offset_flush_interval_ms=flush_ms,
        consumer_settings={**QUICK, "session.timeout.ms": session_ms},
    )


class Running:
    """A worker in a thread; `stop` ends it in order and raises what ended it before."""

    def __init__(self, running: Worker) -> None:
        self.worker = running
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:  # noqa: BLE001 - raised where the test stops it
            self._errors.append(error)

    def stop(self) -> None:
        """A second call does nothing."""
        self.worker.stop()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        if self._errors:
            raise self._errors.pop()


@contextmanager
def running(given: Worker) -> Iterator[Running]:
    """Runs within the block, and is stopped at its end."""
    found = Running(given)
    try:
        yield found
    finally:
        found.stop()


def eventually(expected: T, ask: Callable[[], T]) -> None:
    """Ask until the answer is as expected, or the time is over."""
    deadline_s = time.monotonic() + LIMIT_S
    while (found := ask()) != expected and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert expected == found


def bodies(server: S3, bucket: str) -> dict[str, list[bytes]]:
    """By key, the bodies of all versions: more than one means that something was written twice."""
    found: dict[str, list[bytes]] = {}
    for version in server.versions(bucket):
        found.setdefault(version.key, []).append(version.body)
    return found


class RefusingStore(S3Store):
    """Refuses completes, with an error that may be tried again, as long as `refusals` are left."""

    refusals = 0
    refused = 0

    def complete_upload(self, key: str, upload_id: str, etags: tuple[str, ...], *, if_absent: bool) -> str:
        """One that is refused is not applied."""
        if type(self).refusals:
            type(self).refusals -= 1
            type(self).refused += 1
            raise StoreError(f"{key}: slow down", retry=True, outcome="not applied", status=503, code="SlowDown")
        return super().complete_upload(key, upload_id, etags, if_absent=if_absent)


def refusing(count: int) -> type[RefusingStore]:
    """A store of its own, with its own counts."""

    class Store(RefusingStore):
        refusals = count

    return Store
