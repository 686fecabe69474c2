"""Runs one scenario in one world and returns its history.

The course is interpreted here, once for all worlds; a world only lends lives of the sink, a bucket and a group.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Protocol

from onceproof.model import history as h
from onceproof.model.frozen import frozen
from onceproof.scenarios.decoded import readable
from onceproof.scenarios.errors import Incapable, ScenarioError
from onceproof.scenarios.faults import Armed
from onceproof.scenarios.life import Frozen, Killed, ScriptedClock
from onceproof.scenarios.logstate import LogState
from onceproof.scenarios.partitions import of_model, of_sink
from onceproof.scenarios.remembered import of_the_same
from onceproof.scenarios.resets import PROPERTY as RESET
from onceproof.scenarios.resets import reset_of
from onceproof.scenarios.scenario import (
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    RestartBroker,
    Restore,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)
from onceproof.scenarios.transactions import PROPERTY as ISOLATION
from onceproof.sink.effects import Poll, TopicPartition
from onceproof.sink.errors import ConfigError

DEFAULTS = {
    "s3.bucket.name": "onceproof",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
"""What a scenario need not say, since every world has one bucket."""


@of_the_same
def _properties(config: Mapping[str, str]) -> Mapping[str, str]:
    """What a process of the sink is given."""
    return {**DEFAULTS, **config}


class LifeLike(Protocol):
    """A life that runs here or in another process. Each method may raise Killed when an armed crash is reached."""

    state: Any
    poll_request: Poll

    def start(self) -> None:
        """Begin, with no partition yet."""

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Assign partitions."""

    def release(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """Give these partitions (None: all) back in order."""

    def lose(self) -> None:
        """All partitions are another's already."""

    def thaw(self, effects: int | None) -> None:
        """Go on where it froze; raises Frozen if it freezes again."""

    def poll(self, count: int) -> None:
        """One poll and one put()."""

    def commit(self) -> None:
        """Ask for offsets."""

    def stop(self) -> None:
        """End in order."""

    def fail(self, message: str) -> None:
        """End at once, for a reason outside the task."""

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

    def set_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the group's offsets by hand."""

    def remove_records(self, partition: TopicPartition, gone: frozenset[int]) -> None:
        """Take records out of the log."""

    def show_below(self, ends: Mapping[TopicPartition, int]) -> None:
        """Let each partition end there, for now."""

    def restart_broker(self) -> None:
        """Let the broker stop and come back; returns when it answers again."""

    def put_object(self, key: str, body: bytes) -> None:
        """Write an object as somebody else."""

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


@frozen
class Run:
    """One run of a scenario. `unfired` are faults that were armed and never met their effect."""

    scenario: Scenario
    history: h.History
    marks: tuple[Mark, ...]
    unfired: tuple[Fault, ...]
    state: str
    """Of the last life: none, running, stopped, failed, killed, frozen or refused."""


def run(scenario: Scenario, world: World, *, goes_on_refused: bool = False) -> Run:
    """Run a scenario; raises Incapable if the world lacks what it needs, ScenarioError if its course makes no sense.

    A ConfigError of the sink passes through: it is the scenario's configuration that is wrong. With `goes_on_refused`
    a start that the sink refuses is a life that was none, and the course goes on.
    """
    if world.lacks:
        for need in sorted(scenario.needs() & world.lacks):
            raise Incapable(world.name, need)
    stepper = Stepper(scenario, world, goes_on_refused=goes_on_refused)
    try:
        for step in scenario.course:
            stepper.take(step)
        return stepper.finish()
    finally:
        stepper.close()


class Stepper:
    """Runs a scenario step by step, for whoever chooses the next step by what the last one led to.

    Holds the state of one run: the living process, the clock, the armed faults, and what has happened. Of each
    partition `hidden` records are not there at first, by default as many as the course of the scenario produces.
    """

    def __init__(
        self, scenario: Scenario, world: World, *, hidden: int | None = None, goes_on_refused: bool = False
    ) -> None:
        self._goes_on_refused = goes_on_refused
        self._scenario = scenario
        self._world = world.name
        self._session = session = world.session(scenario)
        self._clock = ScriptedClock(scenario.clock_ms)
        self._clock.pause_over = lambda ms: self._move_clock(self._clock.ms + ms)
        self._armed = Armed()
        self._events: list[h.Event] = []
        self._marks: list[Mark] = []
        self._armed.trigger = self._trigger
        self._life: LifeLike | None = None
        self._rewinds_seen = self._events_seen = 0
        self._failed_ms: dict[int, int] = {}
        """When each life rewound last, by its own clock."""
        self._skew_ms = 0
        self._frozen: list[tuple[int, LifeLike]] = []
        self._lives = 0
        self._config = scenario.config
        self._whole = tuple([of_sink(tp) for tp in sorted(scenario.log)])
        self._assign = self._whole
        if hidden is None:
            hidden = scenario.hidden()
        self._log = scenario.visible_log()
        self._log_state = LogState(self._log, hidden)
        if hidden:
            session.show_below(self._log_state.ends)
        self._rested = False
        self._drained = True
        self._state = "none"

    @property
    def is_alive(self) -> bool:
        """Whether a life of the sink runs, that is neither gone nor frozen."""
        return self._alive()

    @property
    def frozen(self) -> int:
        """How many lives are frozen."""
        return len(self._frozen)

    @property
    def under_way(self) -> int:
        """How many requests are under way that their senders have given up."""
        return len(self._armed.under_way)

    @property
    def armed(self) -> tuple[Fault, ...]:
        """Faults that have not met their effect yet."""
        return tuple(self._armed.faults)

    def take(self, step: Step) -> Mark:
        """Take one step; raises ScenarioError for one that makes no sense here."""
        events, first = self._events, len(self._events)
        if type(step) in _OF_LIFE:
            try:
                self._step_of_life(step)
            except Killed:
                self._gone()
            except Frozen:
                self._froze()
        elif type(step) is Rest:
            self._rest(step.poll)
        else:
            self._take(step)
        life = self._life
        paused = life.poll_request.paused if life is not None and life.state == "running" else _NONE
        mark = Mark(step, first, len(events), paused)
        self._marks.append(mark)
        return mark

    def so_far(self) -> Run:
        """What has happened up to here, as a run of the steps taken; the lives go on.

        Those that are frozen are told as if they stayed so.
        """
        still = [h.Ended(number, "killed", "frozen to the end") for number, _ in self._frozen]
        history = h.History(
            world=self._world,
            log=self._log,
            events=(*self._events, *still),
            versions=tuple([readable(each) for each in self._session.versions()]),
            unfinished_uploads=self._session.unfinished_uploads(),
            committed={of_model(tp): offset for tp, offset in self._session.committed().items()},
            settled=self._rested,
            drained=self._drained,
            schemas=self._scenario.schemas,
        )
        steps = tuple([mark.step for mark in self._marks])
        scenario = self._scenario if steps == self._scenario.course else replace(self._scenario, course=steps)
        return Run(scenario, history, tuple(self._marks), self.armed, self._state)

    def finish(self) -> Run:
        """End what still lives; raises ScenarioError if a pause is not over. What has happened in all."""
        for pause in self._clock.pauses:
            raise ScenarioError(f"pause: the clock would have to be read {pause.readings} more times")
        if self._life is not None:
            self._state = self._life.state
            self._session.kill(self._life)
        for _, life in self._frozen:
            self._session.kill(life)
        return self.so_far()

    def close(self) -> None:
        """Give broker and bucket back; nothing points back here then, so that a run leaves the collector no work."""
        self._clock.pause_over = _nothing
        self._armed.trigger = _nothing
        self._session.close()

    def _take(self, step: Step) -> None:
        """One step that is none of a life."""
        match step:
            case Fault():
                self._armed.faults.append(step)
            case Clock(set_ms, add_ms):
                self._move_clock((self._clock.ms if set_ms is None else set_ms) + add_ms)
            case Pause():
                self._clock.pauses.append(step)
            case Thaw(effects):
                self._thaw(effects)
            case Arrive():
                self._arrive()
            case Outage(kind):
                self._armed.outage = kind
                self._events.append(h.Changed(f"the bucket answers every request with {kind} from here on"))
            case Restore():
                self._restore()
            case ExpireOffsets() | SetOffsets() | Trim() | Compact() | Produce() | Foreign() | RestartBroker():
                self._change_outside(step)

    def _change_outside(
        self, step: ExpireOffsets | SetOffsets | Trim | Compact | Produce | Foreign | RestartBroker
    ) -> None:
        """What others do to the group's offsets, the log, the bucket and the broker."""
        if self._alive() and type(step) in _AT_REST:
            raise ScenarioError(f"{_AT_REST[type(step)]} only while no life of the sink runs")
        session = self._session
        match step:
            case ExpireOffsets():
                session.expire_offsets()
                self._events.append(h.Changed("the group's offsets expired"))
            case SetOffsets(offsets):
                session.set_offsets({of_sink(tp): offset for tp, offset in offsets.items()})
                named = ", ".join(f"{tp} to {offset}" for tp, offset in offsets.items())
                self._events.append(h.Changed(f"the group's offsets were set by hand: {named}"))
            case Trim(of, before):
                self._remove(of, self._log_state.below(of_sink(of), before), "trimmed")
                self._events.append(h.Changed(f"retention deleted the records of {of} below {before}"))
            case Compact(of, offsets):
                self._remove(of, frozenset(offsets), "compacted")
                named = ", ".join(map(str, offsets))
                self._events.append(h.Changed(f"compaction took offsets {named} of {of} out of the log"))
            case Produce(records):
                self._produce(records)
            case Foreign(key, body):
                session.put_object(key, body)
                self._events.append(h.Changed(f"somebody else wrote {key}"))
            case RestartBroker():
                session.restart_broker()
                self._armed.lose("commit")
                self._events.append(h.Changed("the broker restarted"))

    def _remove(self, of: h.TopicPartition, gone: frozenset[int], cause: Literal["trimmed", "compacted"]) -> None:
        partition = of_sink(of)
        self._session.remove_records(partition, gone)
        self._log_state.remove(partition, gone)
        self._events.append(h.LogChanged(of_model(of), tuple(sorted(gone)), cause))

    def _produce(self, count: int) -> None:
        if self._log_state.show(count):
            self._session.show_below(self._log_state.ends)
            self._events.append(h.Changed("more records came"))

    def _trigger(self, fault: Fault) -> None:
        """What waits for an effect of the living process and is no fault of it."""
        if fault.kind == "thaw":
            self._thaw(fault.effects)
        else:
            self._arrive()

    def _thaw(self, effects: int | None) -> None:
        """Let the life that froze first go on; one that comes to its poll learns that it was replaced, and ends."""
        if not self._frozen:
            raise ScenarioError("thaw: no life of the sink is frozen")
        number, life = self._frozen.pop(0)
        self._events.append(h.Changed(f"life {number} thawed"))
        try:
            life.thaw(effects)
            if life.state == "running":
                life.lose()
        except Frozen:
            self._frozen.insert(0, (number, life))
            return
        if life.state == "running":
            self._events.append(h.Ended(number, "killed", "its partitions are another's"))
        self._session.kill(life)

    def _arrive(self) -> None:
        """Apply what is under way, in the order in which it was sent."""
        under_way, self._armed.under_way = self._armed.under_way, []
        if not under_way:
            raise ScenarioError("arrive: no request is under way")
        self._events.append(h.Changed("what was under way arrived"))
        for request in under_way:
            request.arrive()

    def _restore(self) -> None:
        if self._armed.outage:
            self._armed.outage = None
            self._events.append(h.Changed("the bucket answers again"))

    def _move_clock(self, to_ms: int) -> None:
        moved_ms, self._clock.ms = to_ms - self._clock.ms, to_ms
        self._events.append(
            h.Changed(f"the clock moved {'on' if moved_ms >= 0 else 'back'} {abs(moved_ms) / 1000:g} s")
        )

    def _step_of_life(self, step: Step) -> None:
        """One step of a life; it is skipped while none runs, as its operator would find."""
        if type(step) is Start:
            self._start(step)
            return
        life = self._life
        if life is None or life.state != "running":
            return
        if type(step) is PollStep:
            life.poll(step.size)
            return
        match step:
            case CommitStep():
                life.commit()
            case StopStep():
                life.stop()
            case Crash():
                self._events.append(h.Ended(self._lives - 1, "killed", "between two effects"))
                raise Killed
            case Rebalance():
                self._rebalance(life, step)

    def _rebalance(self, life: LifeLike, step: Rebalance) -> None:
        before, after = frozenset(self._assign), frozenset(of_sink(tp) for tp in step.assign)
        kept: frozenset[TopicPartition] = before & after if step.how == "cooperative" else frozenset()
        if step.how == "lost":
            life.lose()
        elif step.how == "eager" or before - after:
            life.release(before - after if step.how == "cooperative" else None)
        self._assign = tuple(sorted(after))
        if life.state == "running":
            self._open(life, tuple([each for each in self._assign if each not in kept]))

    def _replace(self) -> None:
        """Kill what a new process takes the place of."""
        if self._life is not None:
            if self._alive():
                self._events.append(h.Ended(self._lives - 1, "killed", "between two effects"))
            self._session.kill(self._life)

    def _start(self, step: Start) -> None:
        self._replace()
        if step.config:
            if self._scenario.aborted and ISOLATION in step.config:
                raise ScenarioError(f"start: {ISOLATION} cannot change within a scenario that has aborted transactions")
            changed = {**self._config, **step.config}
            self._config = {name: value for name, value in changed.items() if value is not None}
        if step.assign is not None:
            self._assign = tuple([of_sink(tp) for tp in step.assign])
        self._begin(step.skew_ms)

    def _begin(self, skew_ms: int) -> None:
        """Start a process, and let it begin to read."""
        number, self._lives = self._lives, self._lives + 1
        properties = _properties(self._config)
        try:
            self._skew_ms = skew_ms
            clock = self._clock.skewed(skew_ms)
            self._life = life = self._session.life(number, properties, clock, self._armed, self._events)
        except ConfigError as refused:
            if not self._goes_on_refused:
                raise
            self._life, self._state = None, "refused"
            self._events.append(h.Changed(f"the sink refused to start: {refused}"))
            return
        life.start()
        if life.state == "running":
            self._open(life, self._assign)

    def _open(self, life: LifeLike, partitions: tuple[TopicPartition, ...]) -> None:
        """Assign partitions from their committed offsets where the log still reaches these, else as the reset says.

        A life that has no place to begin fails, as its consumer does.
        """
        committed, reset = self._session.committed(), reset_of(self._config)
        positions = {}
        for partition in partitions:
            position = self._log_state.position(partition, committed.get(partition), reset)
            if position is None:
                life.fail(f"{of_model(partition)}: no offset is committed that its log reaches, and {RESET}={reset}")
                return
            positions[partition] = position
        life.open(positions)

    def _alive(self) -> bool:
        return self._life is not None and self._life.state == "running"

    def _gone(self) -> None:
        """The process was killed at a cut."""
        assert self._life is not None
        self._session.kill(self._life)
        self._life = None
        self._state = "killed"

    def _froze(self) -> None:
        """The process stands still, neither dead nor alive."""
        assert self._life is not None
        self._frozen.append((self._lives - 1, self._life))
        self._life = None
        self._state = "frozen"

    def _rest(self, count: int) -> None:
        """Let the sink finish, with every partition its own again.

        A fault that is still armed may fire here too, and the sink is started again.
        """
        self._rested = True
        self._restore()
        if self._log_state.hidden:
            self._produce(self._log_state.hidden)
        for _ in range(3 + len(self._armed.faults)):
            try:
                if not self._alive():
                    self._replace()
                    self._assign = self._whole
                    self._begin(0)
                elif set(self._assign) != set(self._whole):
                    self._step_of_life(Rebalance(tuple(sorted(self._scenario.log))))
                if self._alive():
                    self._read_to_the_end(count)
                if self._life is not None and self._alive():
                    self._drained = self._at_the_end(self._life)
                    self._life.commit()
                    self._life.stop()
                    return
            except Killed:
                self._gone()
            except Frozen:
                self._froze()
        self._drained = False

    def _read_to_the_end(self, count: int) -> None:
        """Poll until nothing comes any more, though back-offs and slots have passed; bounded."""
        life = self._life
        assert life is not None
        idle, found = 0, (life.positions(), self._rewinds())
        for _ in range(1000 + 4 * sum(map(len, self._scenario.log.values())) // max(count, 1)):
            life.poll(count)
            if life.state != "running":
                return
            before, found = found, (life.positions(), self._rewinds())
            if found != before:
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
                found = life.positions(), self._rewinds()
            elif self._at_the_end(life):
                return

    def _rewinds(self) -> int:
        """How many there were so far; each event is looked at once."""
        news = self._events[self._events_seen :]
        self._events_seen += len(news)
        if h.Rewound in map(type, news):
            for event in news:
                if type(event) is h.Rewound:
                    self._rewinds_seen += 1
                    self._failed_ms[event.life] = max(event.now_ms, self._failed_ms.get(event.life, event.now_ms))
        return self._rewinds_seen

    def _waits_ms(self, life: LifeLike) -> int:
        """How long to wait so that a back-off ends and a slot passes; 0 if the sink waits for no clock.

        A back-off is the longer by as much as the clock was set back since it began.
        """
        schedule_ms = int(self._config.get("rotate.schedule.interval.ms", -1))
        backing_off = bool(life.poll_request.paused or self._rewinds())
        backoff_ms = int(self._config.get("retry.backoff.ms", 5000)) if backing_off else 0
        now_ms = self._clock.ms + self._skew_ms
        backoff_ms += max(self._failed_ms.get(self._lives - 1, now_ms) - now_ms, 0)
        return max(schedule_ms, backoff_ms, 0)

    def _at_the_end(self, life: LifeLike) -> bool:
        is_read = self._log_state.is_read
        return all(is_read(tp, position) for tp, position in life.positions().items())


def _nothing(_: object) -> None:
    """Where nobody waits any more."""


_OF_LIFE = frozenset({Start, PollStep, CommitStep, StopStep, Crash, Rebalance})
_NONE: frozenset[TopicPartition] = frozenset()
_AT_REST: Mapping[type, str] = {
    ExpireOffsets: "offsets expire",
    SetOffsets: "offsets are set",
    Trim: "retention deletes records",
    Compact: "compaction takes records",
}
