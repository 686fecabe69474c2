"""The worlds in which the sink is a real process: `embedded` and `container` differ in their broker alone.

A scenario's course is told to the process order by order; a crash is a kill -9 while the process stands between two
effects.
"""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from multiprocessing.connection import Client, Connection
from time import monotonic
from typing import Any

from onceproof.model import history as h
from onceproof.scenarios.errors import EnvironmentFailure, Incapable
from onceproof.scenarios.faults import Armed
from onceproof.scenarios.life import Frozen, Killed, ScriptedClock
from onceproof.scenarios.run import LifeLike
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.transactions import level_of
from onceproof.scenarios.worlds.broker import Broker, KafkaContainer, MockBroker
from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, SECRET_KEY, MotoServer
from onceproof.scenarios.worlds.host import Host
from onceproof.scenarios.worlds.messages import Birth, Order, Reply
from onceproof.sink.effects import Poll, TopicPartition
from onceproof.sink.settings.parsing import parse

_REPLY_S = 120.0
_DEATH_S = 10.0
CONSUMER = {
    "isolation.level": "read_committed",  # where a log has gaps, those are made of aborted transactions
    "fetch.wait.max.ms": 10,
    "enable.partition.eof": False,
}
"""Settings of a life's consumer, besides the sink's own."""
_LACKS = frozenset(
    {
        "records without a timestamp",
        "requests that arrive late",
        "compaction",
    }
)
"""What no world with processes can do so far."""


class ProcessLife:
    """The parent's end of one life; raises Killed or Frozen when the life says that it stands at such a fault."""

    def __init__(
        self,
        address: str,
        birth: Birth,
        *,
        clock: ScriptedClock,
        armed: Armed,
        events: list[h.Event],
        log: "Loaded",
        fenced: "Callable[[ProcessLife], AbstractContextManager[None]]",
    ) -> None:
        self.state = "running"
        self.poll_request = Poll({}, frozenset())
        self._clock = clock
        self._armed = armed
        self._events = events
        self._log = log
        self._fenced = fenced
        self._positions: Mapping[TopicPartition, int] = {}
        self._connection: Connection = Client(address, "AF_UNIX")
        self.pid: int = self._connection.recv()
        self._connection.send(birth)

    def start(self) -> None:
        """Begin, with no partition yet."""
        self._order("start")

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Assign partitions."""
        self._order("open", positions)

    def release(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """Give these partitions (None: all) back in order."""
        self._order("release", partitions)

    def lose(self) -> None:
        """All partitions are another's already."""
        self._order("lose")

    def thaw(self, effects: int | None) -> None:
        """Go on where it froze; raises Frozen if it freezes again."""
        with self._fenced(self):
            self._order("thaw", effects)

    def poll(self, count: int) -> None:
        """One poll and one put()."""
        self._order("poll", count)

    def commit(self) -> None:
        """Ask for offsets."""
        self._order("commit")

    def stop(self) -> None:
        """End in order."""
        self._order("stop")

    def fail(self, message: str) -> None:
        """End at once, for a reason outside the task."""
        self._order("fail", message)

    def positions(self) -> Mapping[TopicPartition, int]:
        """Where each partition is read next, as of the last reply."""
        return self._positions

    def kill(self) -> None:
        """Kill -9, and wait until the kernel has closed what the process held.

        A process that has ended is left alone: the kernel has reaped it, and its number may be another's by now.
        """
        if self._connection.closed:
            return
        try:
            if self._has_ended_within(0):
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            if not self._has_ended_within(_DEATH_S):
                raise EnvironmentFailure(f"the sink's process {self.pid} was there {_DEATH_S:.0f} s after its kill -9")
        finally:
            self._connection.close()

    def _has_ended_within(self, limit_s: float) -> bool:
        """Whether the process closes its end of the connection in time; what it still says is thrown away."""
        deadline_s = monotonic() + limit_s
        try:
            while self._connection.poll(max(0.0, deadline_s - monotonic())):
                self._connection.recv_bytes()
        except (EOFError, OSError):  # its end, also in the middle of a message
            return True
        return False

    def _order(self, method: str, *arguments: Any) -> None:
        reply = self._exchange(method, arguments)
        while reply.trigger is not None or reply.pause_ms is not None:
            if reply.trigger is not None:
                self._armed.trigger(reply.trigger)
            if reply.pause_ms is not None:
                self._clock.pause_over(reply.pause_ms)
            reply = self._exchange("", ())
        if reply.killed:
            raise Killed
        if reply.frozen:
            raise Frozen
        self.state = reply.state
        if reply.poll_request is not None:
            self.poll_request = reply.poll_request
        self._positions = reply.positions or {}

    def _exchange(self, method: str, arguments: tuple[Any, ...]) -> Reply:
        pauses, faults, outage = tuple(self._clock.pauses), tuple(self._armed.faults), self._armed.outage
        try:
            self._connection.send(Order(method, arguments, self._clock.ms, pauses, faults, outage, self._log.ends))
            if not self._connection.poll(_REPLY_S):
                raise EnvironmentFailure(f"the sink's process {self.pid} did not answer {method} in {_REPLY_S} s")
            reply: Reply = self._connection.recv()
        except (EOFError, OSError) as error:
            raise EnvironmentFailure(f"the sink's process {self.pid} is gone during {method}: {error}") from error
        if reply.broken is not None:
            raise EnvironmentFailure(f"the sink's process {self.pid} broke during {method}:\n{reply.broken}")
        self._events += reply.events
        self._armed.faults[:] = reply.faults
        self._clock.pauses[:] = reply.pauses
        return reply


class Loaded:
    """What of a scenario's log stands in the broker: `ends` is the offset behind each partition's last visible record.

    The records that the course of the scenario produces are not there at first. A gap takes part in a transaction that
    the record before it begins, so a log that grows has none.
    """

    def __init__(self, scenario: Scenario, broker: Broker) -> None:
        self._log = scenario.log
        self._broker = broker
        hidden = scenario.hidden()
        there = {tp: records[: max(len(records) - hidden, 0)] for tp, records in scenario.log.items()}
        if hidden:
            broker.refuse(scenario.log, scenario.aborted)
            if any(records and len(records) <= records[-1].offset for records in scenario.log.values()):
                raise Incapable(broker.cluster.world, "gaps in a log that grows")
        self.group = broker.fresh_topics(there if hidden else scenario.log, scenario.aborted)
        readable = there if hidden else scenario.visible_log()
        self.ends = {TopicPartition(*tp): records[-1].offset + 1 if records else 0 for tp, records in readable.items()}

    def show_below(self, ends: Mapping[TopicPartition, int]) -> None:
        """Let the records below these ends come that are not there yet."""
        come = {}
        for partition, records in self._log.items():
            at = TopicPartition(*partition)
            if self.ends[at] < ends[at]:
                come[partition] = records[self.ends[at] : ends[at]]  # such a log has no gaps
        if come:
            self._broker.cluster.append(come)
        self.ends = dict(ends)


class ProcessSession:
    """One scenario's topics, bucket and group."""

    def __init__(self, address: str, broker: Broker, bucket_server: MotoServer, scenario: Scenario) -> None:
        self._address = address
        self._broker = broker
        self._server = bucket_server
        self._partitions = [h.TopicPartition(*partition) for partition in scenario.log]
        self._consumer: Mapping[str, Any] = CONSUMER
        if any(scenario.aborted.values()):
            self._consumer = {**CONSUMER, "isolation.level": level_of(scenario.config)}
        self._log = Loaded(scenario, broker)
        self._group = self._log.group
        self._bucket = bucket_server.fresh_bucket()
        self._lives: list[ProcessLife] = []
        self._schemas = scenario.schemas

    def life(
        self, number: int, properties: Mapping[str, str], clock: ScriptedClock, armed: Armed, events: list[h.Event]
    ) -> ProcessLife:
        """A forked process, not started."""
        world = {
            "s3.bucket.name": self._bucket,
            "s3.region": REGION,
            "store.url": str(self._server.endpoint),
            "aws.access.key.id": ACCESS_KEY,
            "aws.secret.access.key": SECRET_KEY,
        }
        config = parse({**properties, **world})  # the user's error is raised here, not in the process
        if config.dead_letter_topic:
            self._broker.provide(config.dead_letter_topic)
        birth = Birth(
            number,
            dict(properties),
            world,
            self._broker.bootstrap_servers,
            self._group,
            self._consumer,
            self._schemas,
        )
        life = ProcessLife(
            self._address, birth, clock=clock, armed=armed, events=events, log=self._log, fenced=self._fenced
        )
        self._lives.append(life)
        return life

    def _fenced(self, life: ProcessLife) -> AbstractContextManager[None]:
        """While a life that was replaced goes on, its group has a member: Kafka takes no commit of others then."""
        is_replaced = life is not self._lives[-1]
        return self._broker.cluster.member(self._group, self._partitions[0].topic) if is_replaced else nullcontext()

    def kill(self, life: LifeLike) -> None:
        """Kill -9, wherever it stands."""
        assert isinstance(life, ProcessLife)
        life.kill()

    def committed(self) -> Mapping[TopicPartition, int]:
        """The group's offsets."""
        found = self._broker.cluster.committed(self._group, self._partitions)
        return {TopicPartition(*partition): offset for partition, offset in found.items()}

    def expire_offsets(self) -> None:
        """Forget the group's offsets."""
        self._broker.cluster.reset_group(self._group, self._partitions)

    def set_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the group's offsets by hand."""
        self._broker.cluster.commit(self._group, {h.TopicPartition(*tp): offset for tp, offset in offsets.items()})

    def remove_records(self, partition: TopicPartition, gone: frozenset[int]) -> None:
        """Delete the first records of a partition: this world lacks compaction."""
        if gone:
            self._broker.cluster.trim({h.TopicPartition(*partition): max(gone) + 1})

    def show_below(self, ends: Mapping[TopicPartition, int]) -> None:
        """Produce the records below these ends that are not there yet."""
        self._log.show_below(ends)

    def restart_broker(self) -> None:
        """Let the broker stop and come back; returns when it answers again."""
        self._broker.restart()

    def put_object(self, key: str, body: bytes) -> None:
        """Write an object as somebody else."""
        self._server.put_object(self._bucket, key, body)

    def versions(self) -> tuple[h.Version, ...]:
        """All versions of all keys."""
        return self._server.versions(self._bucket)

    def unfinished_uploads(self) -> tuple[str, ...]:
        """Keys of unfinished uploads."""
        return self._server.unfinished_uploads(self._bucket)

    def close(self) -> None:
        """No process outlives its scenario."""
        with ExitStack() as all_of_them:
            for life in self._lives:
                all_of_them.callback(life.kill)


class ProcessWorld:
    """A broker, moto's server, and a zygote; all end with this process. Close it, or use it in `with`."""

    def __init__(self, name: str, note: str, lacks: frozenset[str], broker: Broker) -> None:
        self.name = name
        self.note = note
        self.lacks = lacks
        self._broker = broker
        self._server = MotoServer()
        self._zygote = Host("onceproof.scenarios.worlds.zygote")

    def __enter__(self) -> "ProcessWorld":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def broker(self) -> Broker:
        """The broker, for benchmarks."""
        return self._broker

    def session(self, scenario: Scenario) -> ProcessSession:
        """Load the log into fresh topics, with a fresh bucket and group."""
        return ProcessSession(self._zygote.hello["address"], self._broker, self._server, scenario)

    def close(self) -> None:
        """End the services."""
        self._zygote.close()
        self._server.close()
        self._broker.close()


def embedded() -> ProcessWorld:
    """The embedded world: Python alone."""
    return ProcessWorld(
        "embedded",
        "The sink is a real process ended by kill -9; the broker is librdkafka's mock cluster (real protocol, not "
        "Kafka: no transactions, small logs), the bucket is moto's server; the clock is scripted.",
        _LACKS | {"gaps in the log", "aborted transactions", "a broker that restarts", "frozen owners"},
        MockBroker(),
    )


def container(**environment: str) -> ProcessWorld:
    """The container world, `environment` being more of the broker's; raises EnvironmentFailure without Docker."""
    return ProcessWorld(
        "container",
        "The sink is a real process ended by kill -9; the broker is Kafka in a container, the bucket is moto's server; "
        "the clock is scripted.",
        _LACKS,
        KafkaContainer(environment),
    )


BY_NAME: Mapping[str, Callable[[], ProcessWorld]] = {"embedded": embedded, "container": container}
"""How each of these worlds is had."""
