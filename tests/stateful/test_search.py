"""The search finds what goes wrong with records, from nothing, and says it in its smallest form."""

from dataclasses import replace
from itertools import chain
from time import process_time

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from measured import Measured

from onceproof.model import history as h
from onceproof.model.judge import judge
from onceproof.scenarios import files, strategies
from onceproof.scenarios.ablation import explained
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.replay import with_expectation
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Fault,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)
from onceproof.scenarios.shrink import Shows, shrink
from onceproof.scenarios.worlds.simulated import SimulatedWorld

WHERE = h.TopicPartition("t", 0)
SCHEDULED = {
    each.properties["enable.conditional.writes"]: each.properties
    for each in CONFIGURATIONS
    if each.name.startswith("rotate.schedule.interval.ms")
}
"""By whether conditional writes are on."""


class Found(Exception):  # noqa: N818 - ends a search
    """What a search looked for."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario.name)
        self.scenario = scenario


def finds(kind: str) -> Shows:
    """Whether every fault fires, the log is read to its end, and there is then such a finding."""

    def shows(scenario: Scenario) -> bool:
        ran = run(scenario, SimulatedWorld())
        if ran.unfired or not ran.history.settled or not ran.history.drained:
            return False
        return any(finding.kind == kind and finding.at_rest for finding in judge(ran.history).findings)

    return shows


doubles_at_rest = finds("duplicated")


def crashing(config: dict[str, str]) -> st.SearchStrategy[Scenario]:
    """Logs and courses with up to two crashes anywhere."""
    clock_steps_ms = strategies.CLOCK_STEPS_MS
    return strategies.scenarios(st.just(config), clock_steps_ms=clock_steps_ms, records=(0, 6), partitions=2)


@st.composite
def delayed(draw: st.DrawFn, config: dict[str, str], *, freezes: bool) -> Scenario:
    """Something that takes effect when nobody counts on it any more: a frozen owner's work, or a late request."""
    at = draw(st.sampled_from(("create", "part", "complete"))) if freezes else "complete"
    nth = draw(st.integers(1, 2))
    fault = Fault(at, nth, kind="freeze") if freezes else Fault(at, nth, when="late", kind="io")
    then = Thaw(draw(st.sampled_from((None, None, 1, 3)))) if freezes else Arrive()
    successor = (Start(),) if freezes else ()
    course = (fault, Start(), *draw(READING), *successor, *draw(READING), then, *draw(READING))
    log = draw(strategies.logs(config, partitions=2, records=(1, 5)))
    clock_ms = draw(st.sampled_from(strategies.STARTS_MS))
    return Scenario("drawn", config, log, (*course, Rest(draw(st.integers(1, 5)))), clock_ms)


def _polled(size: int, move_ms: int, then: int, *, commits: bool) -> tuple[Step, ...]:
    return (PollStep(size), Clock(add_ms=move_ms), PollStep(then), *(CommitStep(),) * commits)


READING = st.lists(
    st.builds(
        _polled,
        st.integers(0, 3),
        st.sampled_from((60_000, 5000, strategies.HOUR_MS)),
        st.integers(0, 2),
        commits=st.booleans(),
    ),
    min_size=1,
    max_size=2,
).map(lambda rounds: tuple(chain(*rounds)))
"""A round or two of polls between which the clock moves."""


def searched(drawn_from: st.SearchStrategy[Scenario], shows: Shows, number: int) -> tuple[Scenario, int]:
    """The first scenario drawn from this seed that shows something, and how many were drawn."""
    drawn = 0

    @seed(number)
    @settings(
        max_examples=5000,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn_from)
    def search(scenario: Scenario) -> None:
        nonlocal drawn
        drawn += 1
        try:
            shown = shows(scenario)
        except ScenarioError:  # a thaw or an arrival of nothing
            return
        if shown:
            raise Found(scenario)

    with pytest.raises(Found) as caught:
        search()
    return caught.value.scenario, drawn


def described(scenario: Scenario) -> str:
    """A witness in a line."""
    records = "; ".join(
        f"{where}: {', '.join(str((record.timestamp_ms or 0) - EPOCH_MS) for record in records)} ms"
        for where, records in scenario.log.items()
    )
    return f"records at {records}; {', '.join(map(str, scenario.course))}"


def written(scenario: Scenario, number: int) -> str:
    """The file that a search from this seed leaves."""
    verdict = judge(run(scenario, SimulatedWorld()).history)
    about = " ".join(explained(scenario, verdict))
    return files.dump(with_expectation(replace(scenario, seed=number, about=about), verdict, "found by a search"))


@pytest.mark.parametrize(
    ("drawn_from", "kind", "faults", "records_max"),
    [
        pytest.param(crashing(SCHEDULED["false"]), "duplicated", ["crash"], 3, id="schedule"),
        pytest.param(crashing(SCHEDULED["true"]), "duplicated", ["crash"], 3, id="schedule, conditional writes"),
        pytest.param(delayed(SCHEDULED["false"], freezes=True), "lost", ["freeze"], 2, id="frozen owner"),
        pytest.param(delayed(SCHEDULED["false"], freezes=False), "lost", ["io"], 2, id="late request"),
    ],
)
def test_five_seeds_end_in_the_same_file(
    drawn_from: st.SearchStrategy[Scenario], kind: str, faults: list[str], records_max: int, measured: Measured
) -> None:
    """From nothing, whatever the seed: the same few records and steps, in the same bytes but for the seed itself."""
    shows = finds(kind)
    left, attempts = [], []
    for number in range(5):
        began_s = process_time()
        scenario, drawn = searched(drawn_from, shows, number)
        small = shrink(scenario, shows, attempts_max=1500)
        spent_s = process_time() - began_s
        measured(f"seed {number}: drawn {drawn}, tried {small.attempts}, {spent_s:.1f} s: {described(small.scenario)}")
        left.append(small)
        attempts.append(small.attempts)

    texts = {written(small.scenario, number).replace(f"seed: {number}\n", "") for number, small in enumerate(left)}

    assert all(small.is_done for small in left)
    assert 1500 > max(attempts)
    assert 1 == len(texts)
    assert "Without the " in texts.pop()
    assert [WHERE] == list(left[0].scenario.log)
    assert records_max >= len(left[0].scenario.log[WHERE])
    assert faults == [step.kind for step in left[0].scenario.course if isinstance(step, Fault)]


def test_shrinking_ends_in_a_scenario_that_does_not_shrink() -> None:
    """And it is deterministic: the same scenario ends in the same one."""
    scenario, _ = searched(crashing(SCHEDULED["true"]), doubles_at_rest, 7)

    once = shrink(scenario, doubles_at_rest, attempts_max=5000).scenario

    assert once == shrink(scenario, doubles_at_rest, attempts_max=5000).scenario
    assert once == shrink(once, doubles_at_rest, attempts_max=5000).scenario


def test_what_does_not_matter_is_dropped() -> None:
    """Records, partitions, steps, faults, times, values and clock moves that a story does not need are not in it."""
    records = tuple(h.Record(offset, 1_710_052_200_000 + 7 * offset, b"k", b"value") for offset in range(5, 15))
    scenario = Scenario(
        "wordy",
        SCHEDULED["true"],
        {WHERE: records, h.TopicPartition("t", 1): records},
        (
            Fault("complete", 3, WHERE, "after", "503"),
            Start(),
            PollStep(4),
            Clock(add_ms=86_400_000),
            PollStep(3),
            PollStep(3),
            Rest(500),
        ),
        1_710_052_200_000,
    )

    def holds_three(candidate: Scenario) -> bool:
        return sum(len(found) for found in candidate.log.values()) >= 3 and isinstance(candidate.course[-1], Rest)

    small = shrink(scenario, holds_three, attempts_max=1000)

    assert {WHERE: tuple(h.Record(at, EPOCH_MS, None, b'{"i":%d}' % at) for at in range(3))} == small.scenario.log
    assert (Rest(1),) == small.scenario.course
    assert EPOCH_MS == small.scenario.clock_ms


@pytest.mark.parametrize(
    ("plainest", "step"),
    [
        (Start(), Start({"flush.size": "3"}, (WHERE,), skew_ms=-7000)),
        (Thaw(), Thaw(3)),
        (Thaw(), Fault("complete", 4, WHERE, kind="thaw", effects=2)),
        (Outage("503"), Outage("ExpiredToken")),
        (Rebalance(()), Rebalance((WHERE, h.TopicPartition("t", 1)), "lost")),
        (Trim(WHERE, 1), Trim(WHERE, 1242)),
        (Compact(WHERE, (0,)), Compact(WHERE, (1236, 1240))),
        (Produce(1), Produce(5)),
        (Foreign("key", b""), Foreign("key", b"much")),
        (SetOffsets({WHERE: 0}), SetOffsets({WHERE: 1238})),
        (Pause(1, 1), Pause(86_400_000, 9)),
        (Clock(add_ms=-1), Clock(add_ms=-86_400_000)),
        (Fault("complete"), Fault("complete", 4, WHERE, "late", "io")),
        (Fault("create"), Fault("create", 4, WHERE, "before", "ExpiredToken")),
    ],
)
def test_what_matters_ends_in_its_plainest_form(plainest: Step, step: Step) -> None:
    """Whatever a step says beyond what is needed goes, and offsets that it names stay those of the same records."""
    records = tuple(h.Record(offset, EPOCH_MS, None, b"value") for offset in range(1234, 1244))
    log = {WHERE: records, h.TopicPartition("t", 1): records}
    scenario = Scenario("wordy", SCHEDULED["false"], log, (Start(), PollStep(4), step, CommitStep(), Rest()), 0)
    kinds = {type(step), type(plainest)}

    def holds(candidate: Scenario) -> bool:
        named = [each for each in candidate.course if type(each) in kinds]
        backwards = not isinstance(step, Clock) or any(isinstance(each, Clock) and each.add_ms < 0 for each in named)
        return bool(named) and backwards and sum(map(len, candidate.log.values())) > 1

    small = shrink(scenario, holds, attempts_max=1500)

    assert small.is_done
    assert (plainest,) == small.scenario.course


def test_what_goes_together_goes_together() -> None:
    """A freeze takes its thaws along, and a late request its arrival: neither makes sense alone."""
    records = tuple(h.Record(offset, EPOCH_MS, None, b"{}") for offset in range(4))
    course = (
        Fault("create", kind="freeze"),
        Fault("complete", when="late", kind="io"),
        *(Start(), PollStep(4), Clock(add_ms=60_000), PollStep(0)),
        *(Start(), PollStep(4), Clock(add_ms=60_000), PollStep(0), Thaw(1), Arrive(), Thaw(), Rest(4)),
    )

    def runs(candidate: Scenario) -> bool:
        run(candidate, SimulatedWorld())
        return candidate.course[-1:] == (Rest(1),) or candidate.course[-1:] == (Rest(4),)

    def freezes(candidate: Scenario) -> bool:
        return runs(candidate) and any(isinstance(each, Thaw) for each in candidate.course)

    scenario = Scenario("wordy", SCHEDULED["false"], {WHERE: records}, course, EPOCH_MS)

    assert (Rest(1),) == shrink(scenario, runs, attempts_max=1500).scenario.course
    assert [Fault("complete", kind="freeze")] == [
        each for each in shrink(scenario, freezes, attempts_max=1500).scenario.course if isinstance(each, Fault)
    ]


def test_an_end_of_attempts_is_said() -> None:
    """A bound that was met is no fixed point."""
    scenario, _ = searched(crashing(SCHEDULED["true"]), doubles_at_rest, 7)

    assert not shrink(scenario, doubles_at_rest, attempts_max=3).is_done


def test_only_what_shows_it_can_be_shrunk() -> None:
    """A scenario that does not show it is refused by name."""
    scenario, _ = searched(crashing(SCHEDULED["true"]), doubles_at_rest, 7)

    with pytest.raises(ValueError, match="calm does not show what it is to be shrunk for"):
        shrink(replace(scenario, name="calm"), lambda _: False, attempts_max=10)


def test_what_hangs_on_an_aborted_transaction_keeps_it() -> None:
    """The marker's offset stays behind it, and steps that name offsets follow."""
    config = {**CONFIGURATIONS[1].properties, "consumer.override.isolation.level": "read_committed"}
    offsets = (3, 4, 6, 7, 8, 11)
    log = {WHERE: tuple(h.Record(offset, EPOCH_MS + offset, None, b'{"i":%d}' % offset) for offset in offsets)}
    course = (Start(), PollStep(2), StopStep(), Trim(WHERE, 4), Start(), PollStep(4), CommitStep(), Rest())
    found = Scenario("s", config, log, course, EPOCH_MS, aborted={WHERE: frozenset({4})})

    def shows(scenario: Scenario) -> bool:
        """A record that stands behind an aborted one was landed."""
        ran = run(scenario, SimulatedWorld())
        gone = scenario.aborted.get(WHERE, frozenset())
        return bool(gone) and any(
            write.offsets and write.offsets[-1] > min(gone) for write in judge(ran.history).writes
        )

    small = shrink(found, shows, attempts_max=2000).scenario

    assert ((0, 1, 3), frozenset({1})) == (
        tuple(record.offset for record in small.log[WHERE]),
        small.aborted[WHERE],
    )
    assert not any(isinstance(step, Trim) for step in small.course)
