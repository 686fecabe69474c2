"""The main claim under record time: whatever crashes, the bucket is that of the run without faults."""

from collections import Counter

import pytest
from hypothesis import event, given, settings
from measured import Measured
from profiles import PROFILE, examples

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.refinement import FaultFree, broken_rules
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 1000
"""For each family of partitioners."""


def fired(ran: Run) -> int:
    """How many crashes met their effect."""
    return sum(isinstance(each, h.Ended) and each.how == "killed" for each in ran.history.events)


@pytest.mark.parametrize("family", strategies.FAMILIES)
def test_record_time_leaves_the_fault_free_bucket(family: str, measured: Measured) -> None:
    """Name for name and byte for byte, for any log, configuration without a clock, polls, and up to two crashes."""
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=examples(EXAMPLES))
    @given(strategies.scenarios(strategies.configurations([family])))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        fault_free = FaultFree.of(scenario.log, scenario.config)
        counts["examples"] += 1
        counts["with a crash"] += fired(ran) > 0
        counts["with two"] += fired(ran) > 1
        counts["closed objects"] += len(fault_free.bucket)
        event(f"crashes: {fired(ran)}")
        event(f"closed objects: {min(len(fault_free.bucket), 5)}")

        assert [] == list(fault_free.differences(ran))

    property_holds()

    measured(", ".join(f"{number:,} {what}" for what, number in counts.items()))
    assert EXAMPLES <= counts["examples"]
    assert EXAMPLES // 3 < counts["with a crash"]
    assert EXAMPLES < counts["closed objects"]


@pytest.mark.parametrize("kind", ["record time", "clock-driven"])
def test_any_fault_leaves_what_the_model_says(kind: str, measured: Measured) -> None:
    """Each life does exactly what the model predicts from what it saw, and nothing is lost, whatever goes wrong.

    Crashes, refusals and lost replies, of any request and any commit; duplicates are let through here.
    """
    counts: Counter[str] = Counter()
    configs = strategies.configurations() if kind == "record time" else strategies.clock_driven()

    @settings(PROFILE, max_examples=examples(EXAMPLES))
    @given(strategies.scenarios(configs, kinds=("crash", "503", "500", "io"), clock_steps_ms=strategies.CLOCK_STEPS_MS))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        struck = sum(isinstance(each, h.Changed) and each.what.startswith("fault: ") for each in ran.history.events)
        counts["examples"] += 1
        counts["with a fault"] += struck > 0
        counts["objects"] += len({version.key for version in ran.history.versions})
        event(f"faults: {struck}")

        assert [] == list(broken_rules(ran))

    property_holds()

    measured(", ".join(f"{number:,} {what}" for what, number in counts.items()))
    assert EXAMPLES // 3 < counts["with a fault"]
    assert EXAMPLES < counts["objects"]
