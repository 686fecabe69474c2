"""The warm process from which every life of a sink is forked: `python -m onceproof.scenarios.worlds.zygote`.

It has imported the clients and opened none, since librdkafka does not survive a fork. Each connection to its socket is
one life: a forked child that serves it and ends with it. A life that reaches an armed crash says so and waits for the
kill -9 of its parent; it never ends itself.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Mapping
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from onceproof.model import history as h
from onceproof.scenarios.errors import EnvironmentFailure
from onceproof.scenarios.faults import Armed
from onceproof.scenarios.life import Frozen, Life, ScriptedClock
from onceproof.scenarios.scenario import Fault
from onceproof.scenarios.worlds.messages import Birth, Order, Reply
from onceproof.sink.effects import Poll, Record, SendDeadLetter, TopicPartition
from onceproof.sink.outside.deadletters import DeadLetterQueue
from onceproof.sink.outside.kafka import KafkaConsumer
from onceproof.sink.outside.s3 import S3Store, client
from onceproof.sink.ports import DeadLetters
from onceproof.sink.settings.parsing import parse

_FETCH_S = 30.0


class ConsumerSource:
    """Hands out exactly as many records as a script says, from a consumer that fetches as it likes.

    `ends` is the offset behind the last record of each partition, as far as records have come.
    """

    def __init__(self, consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        self._consumer = consumer
        self.ends = ends
        self._buffers: dict[TopicPartition, deque[Record]] = {}
        self._fetched: dict[TopicPartition, int] = {}

    def assign(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from there."""
        self._buffers = {partition: deque() for partition in positions}
        self._fetched = dict(positions)
        self._consumer.assign(positions)

    def take(
        self, positions: Mapping[TopicPartition, int], count: int, poll: Poll
    ) -> Mapping[TopicPartition, list[Record]]:
        """Up to `count` next records of every partition that is not paused; waits until the broker gave them."""
        if poll.rewind:
            self.assign(dict(positions))
        wanted = [partition for partition in positions if partition not in poll.paused]
        deadline_s = monotonic() + _FETCH_S
        while any(self._is_short(partition, count) for partition in wanted):
            for partition, records in self._consumer.fetch(0.1).items():
                self._buffers[partition] += records
                self._fetched[partition] = records[-1].offset + 1
            if monotonic() > deadline_s:
                raise EnvironmentFailure(f"the broker gave nothing for {_FETCH_S} s: {self._fetched} of {self.ends}")
        taken = {}
        for partition in wanted:
            buffer = self._buffers[partition]
            if buffer and count:
                taken[partition] = [buffer.popleft() for _ in range(min(count, len(buffer)))]
        return taken

    def _is_short(self, partition: TopicPartition, count: int) -> bool:
        return len(self._buffers[partition]) < count and self._fetched[partition] < self.ends[partition]


class _NoQueue:
    """Where no topic for dead letters is configured."""

    def send(self, letter: SendDeadLetter) -> None:
        raise AssertionError(f"nobody asked for dead letters: {letter}")


class _ProcessLife(Life):
    """A life whose consumer must be told what is assigned."""

    consumer_source: ConsumerSource

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        self.consumer_source.assign({**self._positions, **positions})
        super().open(positions)


def _serve(connection: Connection) -> None:
    """Be one life: take orders until the connection ends."""
    connection.send(os.getpid())
    birth: Birth = connection.recv()
    clock, armed = ScriptedClock(0), Armed()
    events: list[h.Event] = []

    def reply(**said: Any) -> None:
        connection.send(Reply(tuple(events), tuple(armed.faults), tuple(clock.pauses), **said))
        events.clear()

    def die() -> NoReturn:
        reply(killed=True)
        connection.recv()  # for ever: only a parent that is gone itself ends this, by EOFError
        raise AssertionError("an order came for a life that waits for its kill -9")

    config = parse({**birth.properties, **birth.world_properties})
    consumer = KafkaConsumer(birth.bootstrap_servers, birth.group, birth.consumer_settings, headers=True)
    dead_letters: DeadLetters = _NoQueue()
    if config.dead_letter_topic:
        dead_letters = DeadLetterQueue(config, birth.bootstrap_servers)
    source = ConsumerSource(consumer, {})
    life = _ProcessLife(
        number=birth.number,
        properties=birth.properties,
        config=config,
        store=S3Store(config),
        offsets=consumer,
        source=source,
        dead_letters=dead_letters,
        schemas=birth.schemas,
        clock=clock,
        armed=armed,
        emit=events.append,
        die=die,
    )
    life.consumer_source = source

    def next_order() -> Order:
        order: Order = connection.recv()
        clock.ms, clock.pauses = order.now_ms, list(order.pauses)
        armed.faults, armed.outage = list(order.faults), order.outage
        source.ends = order.ends
        return order

    def trigger(fault: Fault) -> None:
        reply(trigger=fault)
        next_order()

    def pause_over(ms: int) -> None:
        reply(pause_ms=ms)
        next_order()

    armed.trigger, clock.pause_over = trigger, pause_over
    while True:
        order = next_order()
        try:
            getattr(life, order.method)(*order.arguments)
        except Frozen:
            reply(frozen=True)
        else:
            reply(state=life.state, poll_request=life.poll_request, positions=life.positions())


def _child(connection: Connection) -> NoReturn:
    """Serve, tell the parent what broke, and leave without the clean-up that belongs to the zygote."""
    code = 0
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _serve(connection)
    except (EOFError, BrokenPipeError):
        pass
    except BaseException:  # noqa: BLE001 - the parent is told, whatever it was
        code = 1
        try:
            connection.send(Reply(broken=traceback.format_exc()))
        except OSError:
            traceback.print_exc()
    os._exit(code)


def _end_with_parent(folder: str) -> None:
    """The parent holds our standard input; when it ends, so do we, and the folder of our socket."""
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _warm() -> None:
    """Load what a client needs once, before any fork; nothing is sent."""
    warm = {
        "s3.bucket.name": "b",
        "flush.size": "1",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "store.url": "http://127.0.0.1:1",
        "aws.access.key.id": "a",
        "aws.secret.access.key": "a",
    }
    client(parse(warm))


def main() -> None:
    """Fork a life for each connection until the parent ends."""
    _warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended lives are reaped by the kernel
    with tempfile.TemporaryDirectory(prefix="onceproof-") as folder:
        listener = Listener(str(Path(folder) / "lives"), "AF_UNIX")
        print(f'{{"address": "{listener.address}"}}', flush=True)  # noqa: T201 - the parent reads it
        threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
        while True:
            connection = listener.accept()
            if os.fork() == 0:
                _child(connection)
            connection.close()


if __name__ == "__main__":
    main()
