"""Every fault meets every effect in every state of the sink, or it is said by which rule it cannot."""

import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from measured import Measured
from situations import situations

from onceproof.scenarios import adverse, coverage
from onceproof.scenarios.coverage import Cell
from onceproof.scenarios.places import MEETINGS, Meeting
from onceproof.scenarios.refinement import broken_rules
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Fault, FaultAt, Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

PAGE = Path(__file__).parents[2] / "docs" / "fault-coverage.md"
EXAMPLES = 600
WANTED = frozenset(cell for cell in coverage.every_cell() if coverage.excluded_by(cell) is None)


class Hits(NamedTuple):
    """What was hit how often: cells, and answers at effects."""

    cells: Counter[Cell]
    answers: Counter[tuple[FaultAt, Meeting]]


@cache
def sampled() -> Hits:
    """What the scenarios of `adverse` hit; they are the same each time."""
    hits = Hits(Counter(), Counter())

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(adverse.adverse_scenarios())
    def collect(scenario: Scenario) -> None:
        hits.cells.update(coverage.cells_of(scenario))
        hits.answers.update([(step.at, (step.when, step.kind)) for step in scenario.course if isinstance(step, Fault)])

    collect()
    return hits


def test_every_cell_is_hit_or_excluded(measured: Measured) -> None:
    """By sampled worlds, and by small ones for what these left out; no rule is broken there, and every fault fires."""
    hits = Hits(Counter(sampled().cells), Counter(sampled().answers))
    runs = 0
    for calm in situations():
        for cell, meeting, scenario in coverage.reaching(calm):
            answer = (cell.effect, meeting)
            if cell not in WANTED or (hits.cells[cell] and hits.answers[answer]):
                continue
            ran = run(scenario, SimulatedWorld())
            runs += 1

            assert () == ran.unfired
            assert [] == list(broken_rules(ran))

            hits.cells[cell] += 1
            hits.answers[answer] += 1

    measured(f"{len(WANTED):,} cells, {len(sampled().cells)} of them hit by {EXAMPLES} samples, {runs:,} small worlds")
    assert [] == sorted(WANTED - hits.cells.keys())
    assert [] == sorted(hits.cells.keys() - WANTED)
    assert {(at, each) for at, meetings in MEETINGS.items() for each in meetings} == {*hits.answers}
    compare_with_the_page(coverage.page(hits.cells, hits.answers))


def test_every_rule_excludes_something() -> None:
    """A rule that no cell falls under first says nothing."""
    used = {coverage.excluded_by(cell) for cell in coverage.every_cell()}

    assert {None, *range(len(coverage.EXCLUSIONS))} == used


def test_a_cell_that_nothing_hits_is_seen() -> None:
    """The page of an empty run is not that which is kept: every number on it is a zero."""
    assert loosely(coverage.page({}, {})) != loosely(PAGE.read_text(encoding="utf-8"))


def compare_with_the_page(found: str) -> None:
    """Hit or excluded must be as it is kept; how often may differ. ONCEPROOF_SNAPSHOTS=write renews it."""
    if os.environ.get("ONCEPROOF_SNAPSHOTS") == "write":
        PAGE.write_text(found, encoding="utf-8")

    assert loosely(found) == loosely(PAGE.read_text(encoding="utf-8"))


def loosely(page: str) -> str:
    """A page in which every number of hits is the same one."""
    return re.sub(r"\| [1-9]\d*(?= \|)", "| hit", page)
