"""The search of all that can happen: it leaves nothing out, runs nothing twice, and cuts only what it has run."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from measured import Measured

from onceproof import exploring
from onceproof.explore_cli import reach_of
from onceproof.scenarios.configurations import CONFIGURATIONS, HOUR_MS
from onceproof.scenarios.errors import EnvironmentFailure, ScenarioError
from onceproof.scenarios.exhaustive import Budget, Reach, Search, Searched
from onceproof.scenarios.refinement import broken_rules
from onceproof.scenarios.run import Run
from onceproof.scenarios.scenario import Fault
from onceproof.scenarios.worlds.simulated import SimulatedWorld

BY_NAME = {row.name: row for row in CONFIGURATIONS}
INTERVAL = BY_NAME["rotate.interval.ms, record time"]
FLUSH_SIZE = BY_NAME["flush.size alone"]
CONDITIONAL = BY_NAME["rotate.schedule.interval.ms, conditional writes on (default)"]
UNCONDITIONAL = BY_NAME["rotate.schedule.interval.ms, conditional writes off"]
WALLCLOCK = BY_NAME["rotate.interval.ms, Wallclock"]
BY_ONES = {**FLUSH_SIZE.properties, "flush.size": "1"}
IDENTICAL = {"identical objects"}
TINY = Reach(2, (1000,), (0,), Budget(0, 0, 0))


def searched(config: Mapping[str, str], reach: Reach, *, cuts: bool = True) -> Searched:
    """All logs of one reach."""
    world = SimulatedWorld()
    return exploring.added(Search(config, log, reach, world, cuts=cuts).search() for log in reach.logs(config))


def runs(config: Mapping[str, str], reach: Reach, *, cuts: bool = True) -> list[Run]:
    """Every run of a search."""
    seen: list[Run] = []
    for log in reach.logs(config):
        Search(config, log, reach, SimulatedWorld(), cuts=cuts, watch=seen.append).search()
    return seen


def test_a_world_that_can_be_counted_by_hand_has_that_count() -> None:
    """With flush.size=1, one record, one gap, and one crash.

    The only plan reads the record in one poll, and commits: create, part, complete, commit. That run, and 5 cuts:
    before each effect and behind the last. Before create, part and complete nothing is visible and nothing committed,
    which is one state; completed; committed. The first two are gone on from in one way, which reads the record again;
    the third has nothing left to read, and is gone on from in one way too. The cut behind the last effect is no state
    but its own.
    """
    reach = Reach(1, (1000,), (0,), Budget(1, 0, 0))

    found, whole = searched(BY_ONES, reach), searched(BY_ONES, reach, cuts=False)

    assert (1 + 3, 2) == (found.runs, found.cut)
    assert (1 + 5, 0) == (whole.runs, whole.cut)


def test_two_crashes_can_be_counted_by_hand_too() -> None:
    """The same world: each of the recoveries is crashed again, at the cuts that it has.

    Without cutting: 1 run without a crash and 5 with one. Three of the recoveries begin with nothing, and one with what
    is visible: each has the same 4 effects, so 5 cuts; the fifth has none, and no place for a crash. 1 + 5 + 4 x 5.
    """
    reach = Reach(1, (1000,), (0,), Budget(2, 0, 0))

    assert 1 + 5 + 20 == searched(BY_ONES, reach, cuts=False).runs


def test_lost_replies_can_be_counted_by_hand_too() -> None:
    """One run without, and one for each of the four replies that can be lost."""
    assert 1 + 4 == searched(BY_ONES, Reach(1, (1000,), (0,), Budget(0, 1, 0))).runs


def test_a_frozen_owner_can_be_counted_by_hand_too() -> None:
    """It may freeze before create, part or complete, which leave it other things to do; before the commit none.

    Its successor reads the record in one way, with one completion and one commit; the owner goes on before either of
    them, or when all is quiet, or never. So 3 x 4 runs, and the one without.
    """
    assert 1 + 3 * 4 == searched(BY_ONES, Reach(1, (1000,), (0,), Budget(0, 0, 1)), cuts=False).runs


@pytest.mark.parametrize("budget", [Budget(2, 1, 0), Budget(1, 0, 1)], ids=str)
def test_nothing_is_run_twice(budget: Budget) -> None:
    """Each scenario differs from every other, and each of its faults strikes."""
    found = runs(FLUSH_SIZE.properties, Reach(2, (1000,), (0,), budget), cuts=False)

    assert 100 < len(found) == len({(len(each.history.log["t", 0]), str(each.scenario.course)) for each in found})
    assert [] == [each.scenario.course for each in found if each.unfired]


@pytest.mark.parametrize(
    ("row", "reach"),
    [
        pytest.param(INTERVAL, Reach(2, (1000, 3000, HOUR_MS), (0,), Budget(2, 1, 0)), id="interval"),
        pytest.param(FLUSH_SIZE, Reach(3, (1000,), (0,), Budget(2, 0, 0)), id="flush.size"),
        pytest.param(FLUSH_SIZE, Reach(2, (1000,), (0,), Budget(1, 0, 1)), id="flush.size, frozen"),
        pytest.param(CONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(1, 0, 0)), id="conditional"),
        pytest.param(UNCONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(1, 0, 0)), id="unconditional"),
        pytest.param(UNCONDITIONAL, Reach(1, (1000,), (0, 60_000), Budget(1, 1, 1)), id="unconditional, frozen"),
        pytest.param(WALLCLOCK, Reach(2, (1000,), (0, HOUR_MS), Budget(1, 0, 0)), id="wallclock"),
    ],
)
def test_cutting_changes_no_verdict(row: exploring.Configuration, reach: Reach, measured: Measured) -> None:
    """For small worlds, everything that is cut was run: each class of faults leaves the same guarantees."""
    found, whole = searched(row.properties, reach), searched(row.properties, reach, cuts=False)

    measured(f"{found.runs:,} runs and {found.cut:,} places cut, instead of {whole.runs:,} runs")
    assert whole.verdicts == found.verdicts
    assert ([], []) == (found.troubles, whole.troubles)
    assert found.runs < whole.runs


@pytest.mark.parametrize(
    "reach",
    [
        pytest.param(Reach(4, (1000, 3000, HOUR_MS), (0,), Budget(1, 1, 0)), id="4 records, 1 crash, 1 lost reply"),
        pytest.param(Reach(3, (1000, 3000, HOUR_MS), (0,), Budget(2, 0, 1)), id="3 records, 2 crashes, 1 frozen owner"),
    ],
)
def test_record_time_is_refuted_by_nothing_within_reach(reach: Reach, measured: Measured) -> None:
    """Every log, split, cut, lost reply and interleaving leaves the objects of the fault-free run."""
    found = searched(INTERVAL.properties, reach)

    measured(f"{found.runs:,} distinct runs, {found.cut:,} places cut")
    assert dict.fromkeys(found.counts, IDENTICAL) == found.verdicts
    assert [] == found.troubles
    assert 20_000 < found.runs


@pytest.mark.parametrize(
    ("row", "reach"),
    [
        pytest.param(INTERVAL, Reach(2, (1000, 3000, HOUR_MS), (0,), Budget(1, 1, 0)), id="interval"),
        pytest.param(FLUSH_SIZE, Reach(2, (1000,), (0,), Budget(1, 0, 1)), id="flush.size"),
        pytest.param(CONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(1, 1, 0)), id="conditional"),
        pytest.param(CONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(0, 0, 1)), id="conditional, frozen"),
        pytest.param(UNCONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(1, 1, 0)), id="unconditional"),
        pytest.param(UNCONDITIONAL, Reach(2, (1000,), (0, 60_000), Budget(0, 0, 1)), id="unconditional, frozen"),
        pytest.param(WALLCLOCK, Reach(2, (1000,), (0, HOUR_MS), Budget(1, 0, 0)), id="wallclock"),
    ],
)
def test_every_life_of_every_run_does_what_the_model_says(
    row: exploring.Configuration, reach: Reach, measured: Measured
) -> None:
    """Objects, their moments, commits, pauses and ends are those that the model predicts from what each life saw.

    What an owner that thaws overwrites is lost by no rule that its sink broke (`scenarios.excuses`).
    """
    found = runs(row.properties, reach)

    measured(f"{len(found):,} runs")
    assert set() == {difference.oracle for ran in found for difference in broken_rules(ran)}


def test_a_schedule_loses_records_to_a_frozen_owner() -> None:
    """Reference 7.3 H3 and H4: a crash doubles records, and an owner that thaws late loses them."""
    found = searched(UNCONDITIONAL.properties, Reach(2, (1000,), (0, 60_000), Budget(1, 0, 0)))
    frozen = searched(UNCONDITIONAL.properties, Reach(2, (1000,), (0, 60_000), Budget(0, 0, 1)))

    assert "at-least-once" in found.verdicts["crash"]
    assert not {"at-least-once", "identical objects"} >= frozen.verdicts["frozen owner"]


# --- over all cores, and going on ------------------------------------------------------------------------------------


def quiet(what: str, done: int, of: int) -> None:
    """Nobody looks."""


def test_all_cores_find_what_one_finds(tmp_path: Path) -> None:
    """Whoever searches what, the sum is the same; and a search that was broken off goes on from its checkpoint."""
    reach = reach_of(FLUSH_SIZE, 2, Budget(1, 1, 0))
    alone = searched(FLUSH_SIZE.properties, reach)
    file = tmp_path / "explore.jsonl"

    first = exploring.explore(FLUSH_SIZE, reach, workers=2, checkpoint=file, tell=quiet)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:3]) + lines[3][:20])  # killed while it wrote the third log
    again = exploring.explore(FLUSH_SIZE, reach, workers=2, checkpoint=file, tell=quiet)

    assert alone == first.searched == again.searched
    assert sorted(lines[1:]) == sorted(file.read_text().splitlines(keepends=True)[1:])


@pytest.mark.parametrize("begun", ["", '{"onceproof expl'], ids=["empty", "cut short"])
def test_a_checkpoint_that_was_hardly_begun_is_begun_anew(tmp_path: Path, begun: str) -> None:
    """Killed between its making and its first line."""
    file = tmp_path / "explore.jsonl"
    file.write_text(begun)

    found = exploring.explore(FLUSH_SIZE, TINY, workers=1, checkpoint=file, tell=quiet)

    assert 3 == len(file.read_text().splitlines())
    assert 2 == found.logs


@pytest.mark.parametrize("damage", [b'{"log": 0}\n', b"\xff\xfe\n", b"[]\n"], ids=["names", "bytes", "list"])
def test_a_damaged_checkpoint_is_told_by_its_line(tmp_path: Path, damage: bytes) -> None:
    """And nothing is thrown away."""
    file = tmp_path / "explore.jsonl"
    exploring.explore(FLUSH_SIZE, TINY, workers=1, checkpoint=file, tell=quiet)
    file.write_bytes(file.read_bytes() + damage)

    with pytest.raises(ScenarioError, match="line 4 is damaged"):
        exploring.explore(FLUSH_SIZE, TINY, workers=1, checkpoint=file, tell=quiet)


def test_where_no_object_is_completed_nothing_is_claimed() -> None:
    """One record does not fill a file of two."""
    with pytest.raises(ScenarioError, match="none of 1 runs completed an object"):
        exploring.explore(FLUSH_SIZE, replace(TINY, records=1), workers=1, checkpoint=None, tell=quiet)


def killed(*_: object, cuts: bool) -> Searched:
    """A search whose process the kernel has ended."""
    os._exit(9)


def test_a_process_that_is_killed_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an environment that failed, not as a verdict."""
    monkeypatch.setattr(exploring, "_search", killed)

    with pytest.raises(EnvironmentFailure, match="a process of the search was killed"):
        exploring.explore(FLUSH_SIZE, TINY, workers=1, checkpoint=None, tell=quiet)


def test_a_checkpoint_of_another_search_is_refused(tmp_path: Path) -> None:
    """With its name, and what to do."""
    file = tmp_path / "explore.jsonl"
    exploring.explore(FLUSH_SIZE, TINY, workers=1, checkpoint=file, tell=quiet)

    with pytest.raises(ScenarioError, match="belongs to another configuration, reach or release"):
        exploring.explore(FLUSH_SIZE, replace(TINY, gaps_ms=(2000,)), workers=1, checkpoint=file, tell=quiet)


def test_a_reach_has_three_gaps_at_least() -> None:
    """Those that the configuration suggests, and plain ones beside."""
    assert (1000, 0, 1) == reach_of(CONDITIONAL, 2, Budget(1, 0, 0)).gaps_ms
    assert INTERVAL.gaps_ms == reach_of(INTERVAL, 2, Budget(1, 0, 0)).gaps_ms


def test_the_first_witness_of_each_kind_is_kept() -> None:
    """With faults of just its class."""
    found = searched(UNCONDITIONAL.properties, Reach(2, (1000,), (0, 60_000), Budget(1, 0, 0)))

    kinds = [step.kind for step in found.witnesses["crash", "at-least-once"].course if isinstance(step, Fault)]
    assert ["crash"] == kinds
