"""The real worker: a member of the consumer group that runs the core until it is told to stop."""

import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal

from onceproof.sink import task
from onceproof.sink.config import SinkConfig
from onceproof.sink.driver import Driver, Ports
from onceproof.sink.effects import Assigned, CommitDue, Lost, Records, Revoked, Stop, TopicPartition
from onceproof.sink.errors import ConfigError, Problem
from onceproof.sink.kafka import KafkaConsumer
from onceproof.sink.s3 import S3Store

POLL_S = 1.0
"""How long a poll waits at the most: a stop is noticed, and a schedule looked at, within this time."""


class SystemClock:
    """The wall clock of this machine."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


def report(level: Literal["info", "warning", "error"], message: str) -> None:
    """One line on standard error."""
    print(f"{level}: {message}", file=sys.stderr, flush=True)  # noqa: T201 - an operator's only view for now


class Worker:
    """One sink process. `offset_flush_interval_ms` is the time between two commits, as in a Connect worker."""

    def __init__(
        self,
        config: SinkConfig,
        bootstrap_servers: str,
        *,
        group: str | None = None,
        offset_flush_interval_ms: int = 60_000,
        consumer_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises ConfigError if no topic is named, or no client can be made as the configuration says."""
        if not config.topics:
            raise ConfigError([Problem("topics", "", "invalid value '': must name at least one topic")])
        self._config = config
        self._flush_s = offset_flush_interval_ms / 1000
        store = S3Store(config)
        self._consumer = KafkaConsumer(
            bootstrap_servers, group or f"connect-{config.name}", consumer_settings, report=report
        )
        ports = Ports(store, self._consumer, SystemClock(), report)
        self._driver = Driver(task.run(config), ports)
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._stop = threading.Event()
        self.last_fetched = 0

    def stop(self) -> None:
        """Ask for an orderly end: commit, close, leave the group."""
        self._stop.set()

    def run(self) -> None:
        """Run until stopped; raises what ended the task, after its partitions were closed and committed."""
        try:
            self._driver.advance(None)
            self._consumer.reach()
            self._consumer.subscribe(
                self._config.topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            commit_s = time.monotonic() + self._flush_s
            while self._driver.waiting is not None:
                now_s = time.monotonic()
                if self._stop.is_set():
                    self._driver.advance(Stop())
                elif now_s >= commit_s:
                    commit_s = now_s + self._flush_s
                    self._driver.advance(CommitDue())
                else:
                    self._poll(min(POLL_S, commit_s - now_s))
        finally:
            self._consumer.close()

    def _poll(self, timeout_s: float) -> None:
        """One poll and one put(); the group's callbacks may run inside the fetch."""
        waiting = self._driver.waiting
        assert waiting is not None
        self._consumer.seek(waiting.rewind)
        self._consumer.pause(waiting.paused)
        fetched = self._consumer.fetch(timeout_s)
        if self._driver.waiting is None:
            return
        mine = {partition: records for partition, records in fetched.items() if partition in self._assigned}
        self.last_fetched = sum(map(len, mine.values()))
        self._driver.advance(Records(mine))

    def _on_assign(self, positions: Mapping[TopicPartition, int]) -> None:
        self._assigned = frozenset(positions)
        self._driver.advance(Assigned(positions))

    def _on_revoke(self) -> None:
        self._assigned = frozenset()
        if self._driver.waiting is not None:
            self._driver.advance(Revoked())

    def _on_lost(self) -> None:
        self._assigned = frozenset()
        if self._driver.waiting is not None:
            self._driver.advance(Lost())


def run_until_signalled(worker: Worker) -> None:
    """Run; SIGTERM and SIGINT end it in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
