"""The search finds what the schedule does to records, from nothing, and says it in its smallest form."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from measured import Measured

from onceproof.model import history as h
from onceproof.model.judge import judge
from onceproof.scenarios import strategies
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Clock, Fault, PollStep, Rest, Scenario, Start
from onceproof.scenarios.shrink import shrink
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


def doubles_at_rest(scenario: Scenario) -> bool:
    """Whether every fault fires, the log is read to its end, and a record then stands in two objects."""
    ran = run(scenario, SimulatedWorld())
    if ran.unfired or not ran.history.settled or not ran.history.drained:
        return False
    return any(finding.kind == "duplicated" and finding.at_rest for finding in judge(ran.history).findings)


def searched(config: dict[str, str], number: int) -> tuple[Scenario, int]:
    """The first scenario drawn from this seed that leaves a duplicate, and how many were drawn."""
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
    @given(strategies.scenarios(st.just(config), clock_steps_ms=strategies.CLOCK_STEPS_MS))
    def search(scenario: Scenario) -> None:
        nonlocal drawn
        drawn += 1
        if doubles_at_rest(scenario):
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


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("conditional", ["false", "true"])
def test_the_search_finds_the_duplicate_of_the_schedule(conditional: str, number: int, measured: Measured) -> None:
    """From any seed, with conditional writes off and on: at most three records and one crash leave a record twice."""
    scenario, drawn = searched(SCHEDULED[conditional], number)

    small = shrink(scenario, doubles_at_rest, attempts_max=5000)

    measured(f"drawn {drawn}, tried {small.attempts}: {described(small.scenario)}")
    assert small.is_done
    assert doubles_at_rest(small.scenario)
    assert [WHERE] == list(small.scenario.log)
    assert 3 >= len(small.scenario.log[WHERE])
    assert ["crash"] == [step.kind for step in small.scenario.course if isinstance(step, Fault)]


def test_shrinking_ends_in_a_scenario_that_does_not_shrink() -> None:
    """And it is deterministic: the same scenario ends in the same one."""
    scenario, _ = searched(SCHEDULED["true"], 7)

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


def test_an_end_of_attempts_is_said() -> None:
    """A bound that was met is no fixed point."""
    scenario, _ = searched(SCHEDULED["true"], 7)

    assert not shrink(scenario, doubles_at_rest, attempts_max=3).is_done


def test_only_what_shows_it_can_be_shrunk() -> None:
    """A scenario that does not show it is refused by name."""
    scenario, _ = searched(SCHEDULED["true"], 7)

    with pytest.raises(ValueError, match="calm does not show what it is to be shrunk for"):
        shrink(replace(scenario, name="calm"), lambda _: False, attempts_max=10)
