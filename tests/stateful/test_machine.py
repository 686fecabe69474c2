"""The real core and the model side by side: whatever is done next, after each step all that happened must be as it may.

Where `adverse` places its faults by looking ahead, the machine does not know what comes; Hypothesis composes rules, and
shrinks what it finds to the few that matter.
"""

from collections import Counter
from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from measured import Measured
from profiles import PROFILE, examples

from onceproof.model import history as h
from onceproof.scenarios import adverse, strategies
from onceproof.scenarios.places import CONDITIONAL, MEETINGS, REFUSALS
from onceproof.scenarios.refinement import Difference, broken_rules, changed_objects
from onceproof.scenarios.run import Run, Stepper
from onceproof.scenarios.scenario import (
    TRIGGERS,
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
    Restore,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 400
STEPS = 30
HIDDEN = 2
"""Records of each partition that come later."""
COUNTS: Counter[str] = Counter()
"""What all machines of a test did."""

MOMENTS = (None, None, "create", "complete", "commit")
"""Now, or before the next such effect."""
AT_LEAST = (
    *("PollStep", "CommitStep", "Crash", "StopStep", "Rebalance", "Rest", "Clock", "Pause", "Produce", "Foreign"),
    *("Outage", "Restore", "ExpireOffsets", "SetOffsets", "Trim", "Compact"),
    *("struck: crash", "struck: freeze", "struck: io", "thaws", "arrivals"),
)
"""What must have been there, so that the machines say something."""

moves_ms = st.sampled_from(strategies.CLOCK_STEPS_MS[1:])
skews_ms = st.sampled_from(adverse.SKEWS_MS)
numbers = st.integers(0, 7)
"""Which of several: a partition, a record; counted round."""
strikes = st.sampled_from([(at, each) for at, of_effect in MEETINGS.items() for each in of_effect])


class Sink(RuleBasedStateMachine):
    """One run, step by step. The model reads what happened, and predicts what had to."""

    def __init__(self) -> None:
        super().__init__()
        self.stepper: Stepper | None = None
        self.is_away = False

    @initialize(data=st.data(), config=adverse.adverse_configurations(), clock_ms=st.sampled_from(strategies.STARTS_MS))
    def begin(self, data: st.DataObject, config: dict[str, str], clock_ms: int) -> None:
        """A bucket, a group and a log, and the first life."""
        self.log = data.draw(strategies.logs(config, partitions=2, records=(1, 6)))
        self.scenario = Scenario("machine", config, self.log, (), clock_ms)
        self.stepper = Stepper(self.scenario, SimulatedWorld(), hidden=HIDDEN)
        self.keys = ["topics/t/somebody/else.json"]
        self.take(Start())

    def take(self, step: Step) -> None:
        """Take a step, and count it."""
        assert self.stepper is not None
        COUNTS[type(step).__name__] += 1
        self.stepper.take(step)

    # --- the life of the sink

    @precondition(lambda self: self.stepper.is_alive)
    @rule(size=st.integers(1, 7))
    def poll(self, size: int) -> None:
        """One poll and one put."""
        self.take(PollStep(size))

    @precondition(lambda self: self.stepper.is_alive)
    @rule(size=st.integers(1, 7), ms=moves_ms)
    def poll_later(self, size: int, ms: int) -> None:
        """The same when slots and back-offs may be over."""
        self.take(Clock(add_ms=ms))
        self.take(PollStep(size))

    @precondition(lambda self: self.stepper.is_alive)
    @rule()
    def commit(self) -> None:
        """The worker asks for offsets, behind a put without records."""
        self.take(PollStep(0))
        self.take(CommitStep())

    @precondition(lambda self: not self.stepper.is_alive)
    @rule(skew_ms=skews_ms)
    def restart(self, skew_ms: int) -> None:
        """Another life; one that runs is killed, one that is frozen has a successor."""
        self.take(Start(skew_ms=skew_ms))

    @precondition(lambda self: not self.stepper.is_alive)
    @rule(change=st.sampled_from(adverse.CHANGES))
    def change(self, change: dict[str, str | None]) -> None:
        """Another life, with other properties."""
        self.take(Start(change))

    @precondition(lambda self: self.stepper.is_alive)
    @rule(is_crash=st.booleans())
    def end(self, is_crash: bool) -> None:
        """The life ends, in order or not."""
        self.take(Crash() if is_crash else StopStep())

    @precondition(lambda self: self.stepper.is_alive)
    @rule(number=numbers, keeps_all=st.booleans(), how=st.sampled_from(("eager", "lost", "cooperative")))
    def rebalance(self, number: int, keeps_all: bool, how: str) -> None:
        """Partitions go, or all come back."""
        kept = tuple(self.log) if keeps_all else (self.partition(number),)
        self.take(Rebalance(kept, how))  # type: ignore[arg-type]

    # --- faults

    @precondition(lambda self: self.stepper.is_alive)
    @rule(strike=strikes, nth=st.integers(1, 2))
    def fault(self, strike: tuple, nth: int) -> None:
        """Something is armed for an effect to come; it need not come."""
        at, (when, kind) = strike
        if kind not in (*TRIGGERS, *CONDITIONAL):
            self.take(Fault(at, nth, None, when, kind))

    @precondition(lambda self: self.stepper.is_alive)
    @rule(kind=st.sampled_from(("crash", "freeze")), at=st.sampled_from(("create", "complete", "commit")))
    def cut(self, kind: str, at: str) -> None:
        """The next such effect is the last."""
        self.take(Fault(at, kind=kind))  # type: ignore[arg-type]

    @precondition(lambda self: self.stepper.is_alive)
    @rule(at=st.sampled_from(("complete", "commit")), is_late=st.booleans())
    def give_up(self, at: str, is_late: bool) -> None:
        """The sink hears nothing of the next such request, and it is applied later, or never."""
        self.take(Fault(at, when="late" if is_late else "unsent", kind="io"))  # type: ignore[arg-type]

    @precondition(lambda self: self.waiting())
    @rule(
        which=numbers, effects=st.sampled_from((None, 1, 2)), at=st.sampled_from((None, "create", "complete", "commit"))
    )
    def go_on(self, which: int, effects: int | None, at: str | None) -> None:
        """A former owner goes on, or what was given up arrives: now, or at an effect of whoever lives."""
        kind = self.waiting()[which % len(self.waiting())]
        if at is not None:
            self.take(Fault(at, kind=kind, effects=effects if kind == "thaw" else None))  # type: ignore[arg-type]
        else:
            self.take(Thaw(effects) if kind == "thaw" else Arrive())

    @precondition(lambda self: not self.is_away)
    @rule(kind=st.sampled_from(REFUSALS))
    def outage(self, kind: str) -> None:
        """The bucket cannot be reached."""
        self.is_away = True
        self.take(Outage(kind))  # type: ignore[arg-type]

    @precondition(lambda self: self.is_away)
    @rule()
    def restore(self) -> None:
        """It can again."""
        self.is_away = False
        self.take(Restore())

    # --- the world

    @rule(ms=moves_ms, is_back=st.integers(0, 3).map(lambda each: each == 3))
    def move_clock(self, ms: int, is_back: bool) -> None:
        """The clock moves on, or jumps back."""
        self.take(Clock(add_ms=-ms if is_back else ms))

    @precondition(lambda self: self.stepper.is_alive)
    @rule(ms=moves_ms)
    def pause(self, ms: int) -> None:
        """The process stands still behind its next reading of the clock."""
        self.take(Pause(ms, 1))

    @rule()
    def produce(self) -> None:
        """A record more of each partition comes."""
        self.take(Produce(1))

    @rule(number=numbers)
    def write_foreign(self, number: int) -> None:
        """Somebody else writes an object of a name that the sink used, or of another."""
        self.take(Foreign(self.keys[-1 - number % len(self.keys)], adverse.FOREIGN_BODY))

    @precondition(lambda self: not self.stepper.is_alive)
    @rule()
    def expire(self) -> None:
        """The group's offsets expire."""
        self.take(ExpireOffsets())

    @precondition(lambda self: not self.stepper.is_alive)
    @rule(number=numbers, which=numbers)
    def set_offsets(self, number: int, which: int) -> None:
        """Somebody sets an offset of the group by hand."""
        partition = self.partition(number)
        self.take(SetOffsets({partition: self.visible(partition)[which % len(self.visible(partition))]}))

    @precondition(lambda self: not self.stepper.is_alive)
    @rule(number=numbers, which=numbers, is_trim=st.booleans())
    def change_log(self, number: int, which: int, is_trim: bool) -> None:
        """Retention or compaction takes records."""
        partition = self.partition(number)
        offset = self.visible(partition)[which % len(self.visible(partition))]
        self.take(Trim(partition, offset + 1) if is_trim else Compact(partition, (offset,)))

    def partition(self, number: int) -> h.TopicPartition:
        """One of the log's."""
        return sorted(self.log)[number % len(self.log)]

    def visible(self, partition: h.TopicPartition) -> list[int]:
        """Offsets of records that were there from the beginning; of the first one where none was."""
        offsets = [record.offset for record in self.log[partition]]
        return offsets[: max(len(offsets) - HIDDEN, 1)]

    def waiting(self) -> list[str]:
        """Triggers that have something to do, and that wait for no effect yet."""
        assert self.stepper is not None
        armed = {fault.kind for fault in self.stepper.armed}
        can_be = {"thaw": self.stepper.frozen, "arrive": self.stepper.under_way}
        return [kind for kind, count in can_be.items() if count and kind not in armed]

    # --- what must hold

    @invariant()
    def is_as_it_may_be(self) -> None:
        """Every object is one that the model allows, nothing is committed that is not durable, nothing changed."""
        if self.stepper is not None:
            ran = self.stepper.so_far()
            self.keys = list(dict.fromkeys([*self.keys, *[version.key for version in ran.history.versions]]))

            assert [] == list(broken(ran))

    def teardown(self) -> None:
        """Faults are over: all that is closed becomes durable and committed, and the bucket is the model's."""
        if self.stepper is None:
            return
        self.take(Rest(3))
        ran = self.stepper.finish()
        COUNTS.update(f"struck: {what}" for what in struck(ran))
        COUNTS["machines"] += 1

        assert [] == list(broken(ran))


def struck(ran: Run) -> Iterator[str]:
    """Kinds of faults that met their effect."""
    for event in ran.history.events:
        if isinstance(event, h.Changed) and event.what.startswith("fault: "):
            yield event.what.split()[1]


def broken(ran: Run) -> Iterator[Difference]:
    """What must not be; a fault that is armed needs not to strike here."""
    yield from (difference for difference in broken_rules(ran) if difference.oracle != "faults")
    yield from changed_objects(ran)


def test_core_and_model_agree_after_every_step(measured: Measured) -> None:
    """Safety after each of them, and liveness at rest, whatever rules Hypothesis puts together."""
    COUNTS.clear()

    run_state_machine_as_test(
        Sink, settings=settings(PROFILE, max_examples=examples(EXAMPLES), stateful_step_count=STEPS)
    )

    COUNTS["thaws"] = COUNTS["Thaw"] + COUNTS["struck: thaw"]
    COUNTS["arrivals"] = COUNTS["Arrive"] + COUNTS["struck: arrive"]
    measured(", ".join(f"{number:,} {what}" for what, number in sorted(COUNTS.items())))
    if PROFILE.derandomize:
        assert [] == [each for each in AT_LEAST if not COUNTS[each]]
