"""The property of record time in a world of real processes: the same for the embedded and the container world."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.run import World, run
from onceproof.scenarios.scenario import Scenario


@dataclass(slots=True)
class Recovered:
    """How many scenarios were run, and of these how many had a crash that fired and two closed objects."""

    examples: int = 0
    telling: int = 0
    kills: int = 0
    objects: int = 0
    configs: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        configs = ", ".join(f"{number} {name}" for name, number in sorted(self.configs.items()))
        return (
            f"{self.examples} examples, {self.telling} of them with a kill -9 and two closed objects at least; "
            f"{self.kills} kills, {self.objects} objects; {configs}"
        )


def recovered(world: World, examples: int) -> Recovered:
    """Run that many drawn scenarios in `world`; fails with the smallest that leaves another bucket than the model's."""
    counts = Recovered()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.telling_scenarios(gaps="gaps in the log" not in world.lacks))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, world)
        fault_free = FaultFree.of(scenario.log, scenario.config)
        kills = sum(isinstance(event, h.Ended) and event.how == "killed" for event in ran.history.events)
        counts.examples += 1
        counts.telling += kills > 0 and len(fault_free.bucket) > 1
        counts.kills += kills
        counts.objects += len(fault_free.bucket)
        counts.configs[scenario.config["partitioner.class"].rpartition(".")[2]] += 1

        assert [] == list(fault_free.differences(ran))

    property_holds()
    return counts
