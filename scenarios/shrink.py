"""Makes a scenario that shows something as small as it gets, in the domain's own terms.

Laws:
1. A candidate is taken only if it still shows it and weighs less. Weights are tuples of whole numbers that cannot fall
   for ever, so the search ends; `attempts_max` bounds it besides.
2. Candidates come in a fixed order and the first good one is taken: the same scenario always ends in the same one.
3. Besides smaller, the result is canonical: partitions and offsets from 0, plain values, times in the smallest gaps
   that do, each fault at the plainest place that does. So scenarios that show one thing for one reason mostly end in
   one scenario.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onceproof.model.settings import OutsideDomain
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.plainness import weight
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.smaller import candidates
from onceproof.sink.errors import ConfigError

Shows = Callable[[Scenario], bool]
"""Whether a scenario (still) shows what is looked for. One that cannot run or be judged counts as no."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found, and how many were tried. `is_done` is False where the attempts ran out."""

    scenario: Scenario
    attempts: int
    is_done: bool


def shrink(scenario: Scenario, shows: Shows, *, attempts_max: int) -> Shrunk:
    """The smallest scenario that shows what this one shows; raises ValueError if this one does not."""
    if not _still(scenario, shows):
        raise ValueError(f"{scenario.name} does not show what it is to be shrunk for")
    attempts, taken = 1, True
    while taken:
        taken = False
        for candidate in candidates(scenario):
            if weight(candidate) >= weight(scenario):
                continue
            if attempts >= attempts_max:
                return Shrunk(scenario, attempts, is_done=False)
            attempts += 1
            if _still(candidate, shows):
                scenario, taken = candidate, True
                break
    return Shrunk(scenario, attempts, is_done=True)


def _still(scenario: Scenario, shows: Shows) -> bool:
    try:
        return shows(scenario)
    except (ScenarioError, ConfigError, OutsideDomain):
        return False
