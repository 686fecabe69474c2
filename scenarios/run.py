"""Runs one scenario in one world and returns its history.

The course is interpreted here, once for all worlds; a world only lends lives of the sink, a bucket and a group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from onceproof.model import history as h
from onceproof.scenarios.decoded import readable
from onceproof.scenarios.errors import Incapable, ScenarioError
from onceproof.scenarios.life import Armed, Killed, ScriptedClock
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Crash,
    ExpireOffsets,
    Fault,
    PollStep,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
)
from onceproof.sink.effects import Poll, TopicPartition
from onceproof.sink.errors import ConfigError

DEFAULTS = {
    "s3.bucket.name": "onceproof",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
"""What a scenario need not say, since every world has one bucket."""


class LifeLike(Protocol):
    """A life that runs here or in another process. Each method may raise Killed when an armed crash is reached."""

    state: Any
    poll_request: Poll

    def start(self, positions: Mapping[TopicPartition, int]) -> None:
        """Begin."""

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Assign partitions."""

    def release(self) -> None:
        """Give all partitions back in order."""

    def poll(self, count: int) -> None:
        """One poll and one put()."""

    def commit(self) -> None:
        """Ask for offsets."""

    def stop(self) -> None:
        """End in order."""

    def positions(self) -> Mapping[TopicPartition, int]:
        """Where each partition is read next."""


class Session(Protocol):
    """One scenario's broker, bucket and group in a world."""

    def life(
        self, number: int, properties: Mapping[str, str], clock: ScriptedClock, armed: Armed, events: list[h.Event]
    ) -> LifeLike:
        """A new process of the sink, not started; its events go to `events`."""

    def kill(self, life: LifeLike) -> None:
        """Kill -9, wherever it stands."""

    def committed(self) -> Mapping[TopicPartition, int]:
        """The group's offsets."""

    def expire_offsets(self) -> None:
        """Forget the group's offsets."""

    def versions(self) -> tuple[h.Version, ...]:
        """All versions of all keys, by key, oldest first."""

    def unfinished_uploads(self) -> tuple[str, ...]:
        """Keys of the uploads that were begun and neither completed nor aborted."""

    def close(self) -> None:
        """Give everything back."""


class World(Protocol):
    """Where scenarios run. `lacks` names what it cannot do, as `Scenario.needs` names it."""

    name: str
    note: str
    lacks: frozenset[str]

    def session(self, scenario: Scenario) -> Session:
        """Load the log of a scenario into a fresh topic, with a fresh bucket and group."""


class Mark(NamedTuple):
    """Which events belong to which step of the course: [first, end), and which partitions were paused behind it."""

    step: Step
    first: int
    end: int
    paused: frozenset[TopicPartition] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a scenario. `unfired` are faults that were armed and never met their effect."""

    scenario: Scenario
    history: h.History
    marks: tuple[Mark, ...]
    unfired: tuple[Fault, ...]
    state: str
    """Of the last life: none, running, stopped, failed, killed or refused."""


def run(scenario: Scenario, world: World, *, goes_on_refused: bool = False) -> Run:
    """Run a scenario; raises Incapable if the world lacks what it needs, ScenarioError if its course makes no sense.

    A ConfigError of the sink passes through: it is the scenario's configuration that is wrong. With `goes_on_refused`
    a start that the sink refuses is a life that was none, and the course goes on.
    """
    for need in sorted(scenario.needs() & world.lacks):
        raise Incapable(world.name, need)
    session = world.session(scenario)
    try:
        return _Runner(scenario, world.name, session, goes_on_refused=goes_on_refused).run()
    finally:
        session.close()


class _Runner:
    """The state of one run: the living process, the clock, the armed faults, and what has happened."""

    def __init__(self, scenario: Scenario, world: str, session: Session, *, goes_on_refused: bool) -> None:
        self._goes_on_refused = goes_on_refused
        self._scenario = scenario
        self._world = world
        self._session = session
        self._clock = ScriptedClock(scenario.clock_ms)
        self._armed = Armed()
        self._events: list[h.Event] = []
        self._life: LifeLike | None = None
        self._lives = 0
        self._config: dict[str, str] = dict(scenario.config)
        self._assign: tuple[TopicPartition, ...] = tuple(TopicPartition(*tp) for tp in sorted(scenario.log))
        self._ends = {
            TopicPartition(*tp): (records[-1].offset + 1 if records else 0) for tp, records in scenario.log.items()
        }
        self._rested = False
        self._drained = True
        self._state = "none"

    def run(self) -> Run:
        marks = []
        for step in self._scenario.course:
            first = len(self._events)
            self._take(step)
            paused = self._life.poll_request.paused if self._life is not None and self._alive() else frozenset()
            marks.append(Mark(step, first, len(self._events), paused))
        if self._life is not None:
            self._state = self._life.state
            self._session.kill(self._life)
        history = h.History(
            world=self._world,
            log=self._scenario.log,
            events=tuple(self._events),
            versions=tuple(map(readable, self._session.versions())),
            unfinished_uploads=self._session.unfinished_uploads(),
            committed={h.TopicPartition(*tp): offset for tp, offset in self._session.committed().items()},
            settled=self._rested,
            drained=self._drained,
            schemas=self._scenario.schemas,
        )
        return Run(self._scenario, history, tuple(marks), tuple(self._armed.faults), self._state)

    def _take(self, step: Step) -> None:
        """One step; a step that needs a living task is skipped while there is none, as its operator would find."""
        match step:
            case Fault():
                self._armed.faults.append(step)
            case Clock(set_ms, add_ms):
                self._move_clock((self._clock.ms if set_ms is None else set_ms) + add_ms)
            case ExpireOffsets():
                if self._alive():
                    raise ScenarioError("offsets expire only while no life of the sink runs")
                self._session.expire_offsets()
                self._events.append(h.Changed("the group's offsets expired"))
            case Rest(count):
                self._rest(count)
            case _:
                try:
                    self._step_of_life(step)
                except Killed:
                    self._gone()

    def _move_clock(self, to_ms: int) -> None:
        moved_ms, self._clock.ms = to_ms - self._clock.ms, to_ms
        self._events.append(
            h.Changed(f"the clock moved {'on' if moved_ms >= 0 else 'back'} {abs(moved_ms) / 1000:g} s")
        )

    def _step_of_life(self, step: Step) -> None:
        if isinstance(step, Start):
            self._start(step)
            return
        life = self._life
        if life is None or not self._alive():
            return
        match step:
            case PollStep(count):
                life.poll(count)
            case CommitStep():
                life.commit()
            case StopStep():
                life.stop()
            case Crash():
                self._events.append(h.Ended(self._lives - 1, "killed", "between two effects"))
                raise Killed
            case Rebalance(assign):
                life.release()
                self._assign = tuple(TopicPartition(*tp) for tp in assign)
                life.open(self._start_positions())

    def _start(self, step: Start) -> None:
        if self._life is not None:
            if self._alive():
                self._events.append(h.Ended(self._lives - 1, "killed", "between two effects"))
            self._session.kill(self._life)
        changed = {**self._config, **step.config}
        self._config = {name: value for name, value in changed.items() if value is not None}
        if step.assign is not None:
            self._assign = tuple(TopicPartition(*tp) for tp in step.assign)
        number, self._lives = self._lives, self._lives + 1
        properties = {**DEFAULTS, **self._config}
        try:
            self._life = self._session.life(number, properties, self._clock, self._armed, self._events)
        except ConfigError as refused:
            if not self._goes_on_refused:
                raise
            self._life, self._state = None, "refused"
            self._events.append(h.Changed(f"the sink refused to start: {refused}"))
            return
        self._life.start(self._start_positions())

    def _start_positions(self) -> dict[TopicPartition, int]:
        """The committed offset, or the first of the log (auto.offset.reset=earliest)."""
        committed = self._session.committed()
        return {tp: committed.get(tp, self._first_offset(tp)) for tp in self._assign}

    def _first_offset(self, partition: TopicPartition) -> int:
        records = self._scenario.log[h.TopicPartition(*partition)]
        return records[0].offset if records else 0

    def _alive(self) -> bool:
        return self._life is not None and self._life.state == "running"

    def _gone(self) -> None:
        """The process was killed at a cut."""
        assert self._life is not None
        self._session.kill(self._life)
        self._life = None
        self._state = "killed"

    def _rest(self, count: int) -> None:
        """Let the sink finish, with every partition its own again.

        A fault that is still armed may fire here too, and the sink is started again.
        """
        self._rested = True
        whole = tuple(sorted(self._scenario.log))
        for _ in range(3 + len(self._armed.faults)):
            try:
                if not self._alive():
                    self._start(Start(assign=whole))
                elif {h.TopicPartition(*tp) for tp in self._assign} != {*whole}:
                    self._step_of_life(Rebalance(whole))
                self._read_to_the_end(count)
                if self._life is not None and self._alive():
                    self._drained = self._at_the_end(self._life)
                    self._life.commit()
                    self._life.stop()
                    return
            except Killed:
                self._gone()
        self._drained = False

    def _read_to_the_end(self, count: int) -> None:
        """Poll until nothing comes any more, though back-offs and slots have passed; bounded."""
        life = self._life
        assert life is not None
        idle = 0
        for _ in range(1000 + 4 * sum(map(len, self._scenario.log.values())) // max(count, 1)):
            before = life.positions(), self._rewinds()
            life.poll(count)
            if life.state != "running":
                return
            if (life.positions(), self._rewinds()) != before:
                idle = 0
                continue
            if idle == 2:
                return
            idle += 1
            waits_ms = self._waits_ms(life)
            if waits_ms:
                self._move_clock(self._clock.ms + waits_ms)
                life.poll(0)
                if life.state != "running":
                    return
            elif self._at_the_end(life):
                return

    def _rewinds(self) -> int:
        return sum(isinstance(event, h.Rewound) for event in self._events)

    def _waits_ms(self, life: LifeLike) -> int:
        """How long to wait so that a back-off ends and a slot passes; 0 if the sink waits for no clock."""
        schedule_ms = int(self._config.get("rotate.schedule.interval.ms", -1))
        backing_off = bool(life.poll_request.paused or self._rewinds())
        backoff_ms = int(self._config.get("retry.backoff.ms", 5000)) if backing_off else 0
        return max(schedule_ms, backoff_ms, 0)

    def _at_the_end(self, life: LifeLike) -> bool:
        return all(position >= self._ends[tp] for tp, position in life.positions().items())
