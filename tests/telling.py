"""The main property in the worlds whose sink is a real process: each example is killed, and leaves objects behind."""

from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from measured import Measured
from profiles import PROFILE

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.run import World, run
from onceproof.scenarios.scenario import Scenario


def record_time_leaves_the_fault_free_bucket(world: World, examples: int, measured: Measured, *, gaps: bool) -> None:
    """Draw and run; every example has a kill -9 that struck and at least two closed objects."""
    counts: Counter[str] = Counter()

    @settings(
        PROFILE,
        max_examples=examples,
        phases=[
            Phase.generate
        ],  # a process costs a tenth of a second: what fails here is shrunk in the simulated world
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.telling_scenarios(gaps=gaps))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, world)
        fault_free = FaultFree.of(scenario.log, scenario.config)
        kills = sum(isinstance(event, h.Ended) and event.how == "killed" for event in ran.history.events)

        assert [] == list(fault_free.differences(ran))
        assert kills > 0
        assert len(fault_free.bucket) > 1
        counts["examples"] += 1
        counts["kill -9"] += kills
        counts["closed objects"] += len(fault_free.bucket)

    property_holds()

    measured(", ".join(f"{number:,} {what}" for what, number in counts.items()))
    assert examples <= counts["examples"]
