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
from onceproof.sink.errors import ConfigError, Problem, SourceError, TaskFailed
from onceproof.sink.outside.deadletters import DeadLetterQueue
from onceproof.sink.outside.kafka import KafkaConsumer
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.ports import Reporter, SchemaRegistry
from onceproof.sink.settings.overrides import connection_settings, consumer_settings, topic_pattern

POLL_S = 1.0
"""How long a poll waits at the most: a stop is noticed, and a schedule looked at, within this time."""


class SystemClock:
    """The wall clock of this machine. `stop` ends a sleep with SourceError: what it waited for will not come."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self.is_interrupted = False

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def sleep(self, ms: int) -> None:
        """Let time pass."""
        if self._stop.wait(ms / 1000):
            self.is_interrupted = True
            raise SourceError("told to stop before it could be tried again", retry=False, outcome="not applied")


def report(level: Literal["info", "warning", "error"], message: str) -> None:
    """One line on standard error."""
    print(f"{level}: {message}", file=sys.stderr, flush=True)  # noqa: T201 - an operator's only view for now


def reporter_of(number: int) -> Reporter:
    """Reports of one task among several."""

    def of_task(level: Literal["info", "warning", "error"], message: str) -> None:
        report(level, f"task {number}: {message}")

    return of_task


def group_of(config: SinkConfig, given: str | None) -> str:
    """The consumer group: as given, else as the configuration overrides it, else Connect's."""
    return given or config.consumer_overrides.get("group.id", "").strip() or f"connect-{config.name}"


def broker_settings(config: SinkConfig) -> dict[str, str]:
    """How the configuration has the broker reached, in librdkafka's words; raises ConfigError."""
    translated = consumer_settings(config.consumer_overrides)
    if translated.problems:
        raise ConfigError(translated.problems, translated.warnings)
    return connection_settings(translated.settings)


class Worker:
    """One task of the sink. `offset_flush_interval_ms` is the time between two commits, as in a Connect worker.

    `consumer_settings` are librdkafka's own and win over the configuration's; `number` is that of the task.
    """

    def __init__(
        self,
        config: SinkConfig,
        bootstrap_servers: str,
        *,
        group: str | None = None,
        offset_flush_interval_ms: int = 60_000,
        consumer_settings: Mapping[str, Any] | None = None,
        number: int = 0,
        report: Reporter = report,
    ) -> None:
        """Raises ConfigError if no topic is named, or no client can be made as the configuration says."""
        self._topics = _topics(config)
        self._flush_s = offset_flush_interval_ms / 1000
        self._report = report
        self._stop = threading.Event()
        self._clock = SystemClock(self._stop)
        self._assigned: frozenset[TopicPartition] = frozenset()
        self.last_fetched = 0
        settings = _settings(config)
        store, registry = S3Store(config), _registry(config)
        self._group = group_of(config, group)
        self._consumer = KafkaConsumer(
            bootstrap_servers,
            self._group,
            {"client.id": f"connector-consumer-{config.name}-{number}", **settings, **(consumer_settings or {})},
            report=report,
            headers=_wants_headers(config),
        )
        self._dead_letters = None
        if config.dead_letter_topic:
            reached_by = connection_settings(settings)
            self._dead_letters = DeadLetterQueue(config, bootstrap_servers, task=number, settings=reached_by)
        ports = Ports(store, self._consumer, self._clock, report, registry, self._dead_letters)
        self._driver = Driver(task.run(config), ports)

    def stop(self) -> None:
        """Ask for an orderly end: commit, close, leave the group."""
        self._stop.set()

    def run(self) -> None:
        """Run until stopped; raises what ended the task, after its partitions were closed and committed."""
        try:
            self._driver.advance(None)
            self._consumer.reach()
            if self._dead_letters is not None:
                self._dead_letters.prepare()
            self._consumer.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            self._report("info", f"reads {', '.join(self._topics)} as a member of group {self._group}")
            self._loop()
            self._report("info", "ended in order")
        except (SourceError, TaskFailed):
            if not self._clock.is_interrupted:
                raise
        finally:
            self._consumer.close()

    def _loop(self) -> None:
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
        self._assigned |= positions.keys()
        self._report(
            "info", f"has {', '.join(f'{each} from {at}' for each, at in positions.items()) or 'no partition'}"
        )
        if self._driver.waiting is not None:
            self._driver.advance(Assigned(positions))

    def _on_revoke(self, partitions: frozenset[TopicPartition]) -> None:
        self._assigned -= partitions
        if self._driver.waiting is not None:
            self._driver.advance(Revoked(partitions))

    def _on_lost(self, partitions: frozenset[TopicPartition]) -> None:
        self._assigned -= partitions
        if self._driver.waiting is not None:
            self._driver.advance(Lost(partitions))


def _topics(config: SinkConfig) -> tuple[str, ...]:
    if config.topics:
        return config.topics
    if not config.topics_regex:
        raise ConfigError([Problem("topics", "", "invalid value '': must name at least one topic")])
    try:
        return (topic_pattern(config.topics_regex),)
    except ValueError as error:
        given = config.topics_regex
        raise ConfigError([Problem("topics.regex", given, f"invalid value {given!r}: {error}")]) from None


def _settings(config: SinkConfig) -> dict[str, str]:
    """The consumer's settings, without the group's name; raises ConfigError."""
    settings, warnings, problems = consumer_settings(config.consumer_overrides)
    settings.pop("group.id", None)
    instance = settings.get("group.instance.id")
    if instance is not None and config.tasks_max > 1:
        message = f"invalid value {instance!r}: one member alone can have it, and tasks.max is {config.tasks_max}"
        problems = (*problems, Problem("consumer.override.group.instance.id", instance, message))
    if problems:
        raise ConfigError(problems, warnings)
    return settings


def _registry(config: SinkConfig) -> SchemaRegistry | None:
    if "AvroConverter" not in (config.key_converter, config.value_converter):
        return None
    from onceproof.sink.outside.registry import Registry  # noqa: PLC0415 - takes half a second, which others need not wait for

    return Registry(config)


def _wants_headers(config: SinkConfig) -> bool:
    """Whether anybody looks at headers; without them records come faster."""
    return bool(
        config.store_headers
        or config.dead_letter_topic
        or config.transforms
        or config.has_custom_classes
        or config.header_converter not in ("SimpleHeaderConverter", "StringConverter", "ByteArrayConverter")
    )


def run_until_signalled(worker: Worker) -> None:
    """Run; SIGTERM and SIGINT end it in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
