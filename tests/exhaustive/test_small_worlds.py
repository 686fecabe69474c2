"""Every small world: where record time rules, no cut of any of them changes the bucket."""

import pytest
from measured import Measured

from onceproof.scenarios.configurations import CONFIGURATIONS, HOUR_MS
from onceproof.scenarios.explore import Bound, explore, scenarios
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.run import run
from onceproof.scenarios.worlds.simulated import SimulatedWorld

BY_NAME = {each.name: each.properties for each in CONFIGURATIONS}
INTERVAL = BY_NAME["rotate.interval.ms, record time"]
FLUSH_SIZE = BY_NAME["flush.size alone"]
BOUND = Bound(5, (1000, 3000, HOUR_MS))


@pytest.mark.parametrize("config", [pytest.param(INTERVAL, id="interval"), pytest.param(FLUSH_SIZE, id="flush.size")])
def test_no_cut_of_any_small_world_changes_the_bucket(config: dict[str, str], measured: Measured) -> None:
    """Every log up to 5 records over 3 gaps, every poll split, commits or none between, kill -9 at every cut."""
    world = SimulatedWorld()
    runs = logs = 0
    log, fault_free = None, FaultFree({}, {})

    for scenario in scenarios(config, "crash", BOUND, world):
        if scenario.log is not log:
            log, fault_free = scenario.log, FaultFree.of(scenario.log, config)
            logs += 1
        ran = run(scenario, world)
        runs += 1
        assert [] == list(fault_free.differences(ran)), scenario

    measured(f"{runs:,} runs of {logs} logs, all with identical objects")
    # 3 gaps between n records give 3 ** (n - 1) logs; those of one record, and some under the interval, close nothing.
    assert 81 < logs <= 1 + 3 + 9 + 27 + 81
    assert 40_000 < runs


def test_where_nothing_is_left_the_witness_loses_a_record() -> None:
    """A frozen owner of a schedule without conditional writes doubles records in one run and loses them in another."""
    row = next(each for each in CONFIGURATIONS if each.name == "rotate.schedule.interval.ms, conditional writes off")
    found = explore(row.properties, "frozen owner", row.bound("frozen owner"), SimulatedWorld())

    assert "none" == found.guarantee
    assert found.witness is not None
    assert "lost" in {finding.kind for finding in found.witness[1].findings}


def test_a_world_that_can_be_counted_by_hand_has_that_count() -> None:
    """The enumeration leaves nothing out and runs nothing twice.

    With flush.size=1, logs of one and two records and a single gap:

    * One record is read in one poll: create, part, complete, commit are 4 effects, so 5 cuts; it can be read again in
      one way. 5 runs.
    * Two records in one poll: 2 x 3 + 1 = 7 effects, 8 cuts, read again in polls of 2 or of 1. 16 runs.
    * Two records in two polls, no commit between: the same. 16 runs.
    * Two records in two polls, a commit between: 8 effects, 9 cuts, read again in two ways. 18 runs.
    """
    config = {**FLUSH_SIZE, "flush.size": "1"}
    found = list(scenarios(config, "crash", Bound(2, (1000,)), SimulatedWorld()))

    assert 5 + 16 + 16 + 18 == len(found)
    assert len(found) == len({(len(each.log["t", 0]), str(each.course)) for each in found})
