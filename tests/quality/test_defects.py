"""The generic properties have teeth: every planted defect is caught, and the sink as it is is not."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

import pytest
from defects import DEFECTS, Defect, planted
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from measured import Measured

from onceproof.scenarios import strategies
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.explore import Bound
from onceproof.scenarios.explore import scenarios as small_worlds
from onceproof.scenarios.refinement import Difference, FaultFree, broken_rules
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 300
"""Drawn scenarios of each kind."""
SAMPLED = 6
"""One in so many of the small worlds."""

Oracle = Callable[[Run], Iterator[Difference]]


def against_the_fault_free_run(ran: Run) -> Iterator[Difference]:
    """The property of record time: identical objects after any crash."""
    return FaultFree.of(ran.scenario.log, ran.scenario.config).differences(ran)


def drawn(scenarios: st.SearchStrategy[Scenario], examples: int = EXAMPLES) -> list[Scenario]:
    """The same scenarios each time."""
    found: list[Scenario] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios)
    def collect(scenario: Scenario) -> None:
        found.append(scenario)

    collect()
    return found


@lru_cache(maxsize=1)
def battery() -> tuple[tuple[Scenario, Oracle], ...]:
    """What every defect meets, placed by the undamaged sink; none of it was made for any of them."""
    faults = ("crash", "503", "io")
    steps_ms = strategies.CLOCK_STEPS_MS
    record_time = strategies.configurations()
    return (
        *((each, against_the_fault_free_run) for each in drawn(strategies.scenarios(record_time))),
        *(
            (each, broken_rules)
            for each in drawn(strategies.scenarios(record_time, kinds=faults, clock_steps_ms=steps_ms))
        ),
        *(
            (each, broken_rules)
            for each in drawn(
                strategies.scenarios(strategies.clock_driven(), kinds=faults, clock_steps_ms=steps_ms), 2 * EXAMPLES
            )
        ),
        *(
            (each, broken_rules)
            for row in CONFIGURATIONS
            for fault, bound in (
                ("crash", Bound(3, row.gaps_ms[-1:], row.clock_steps_ms)),
                ("S3 error", Bound(2, row.gaps_ms, row.clock_steps_ms)),
                ("lost reply", Bound(2, row.gaps_ms, row.clock_steps_ms)),
            )
            for each in islice(small_worlds(row.properties, fault, bound, SimulatedWorld()), 0, None, SAMPLED)
        ),
    )


def seen_by() -> Counter[str]:
    """How many scenarios of the battery each oracle refutes, for the sink as it is now."""
    found: Counter[str] = Counter()
    for scenario, oracle in battery():
        try:
            ran = run(scenario, SimulatedWorld())
        except Exception:  # noqa: BLE001 - a damaged sink may break in any way
            found["the sink broke"] += 1
            continue
        found.update({difference.oracle for difference in oracle(ran)})
    return found


def test_the_sink_as_it_is_is_not_caught(measured: Measured) -> None:
    """A battery that refutes everything would catch every defect."""
    measured(f"{len(battery()):,} scenarios")

    assert Counter() == seen_by()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_every_planted_defect_is_caught(defect: Defect, measured: Measured) -> None:
    """By the bucket, the commits or the judge; that a fault was not met is not enough."""
    battery()
    with planted(defect):
        found = seen_by()

    measured(", ".join(f"{oracle} {number}" for oracle, number in sorted(found.items())) or "SURVIVED")
    assert found - Counter({"faults": found["faults"]})


def test_planting_leaves_nothing_behind() -> None:
    """After the last defect the sink is as it was."""
    for defect in DEFECTS:
        with planted(defect):
            pass

    scenario, oracle = battery()[0]
    assert [] == list(oracle(run(scenario, SimulatedWorld())))
