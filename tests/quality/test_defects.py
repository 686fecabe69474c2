"""The generic properties have teeth: what sees each planted defect is written down, and is found again.

Model and sink as they are are accused of nothing. Each row of the kill matrix is made anew from the cases that are
kept, so that it cannot rot: a change after which an oracle no longer sees what it saw fails here, as does one after
which it sees more. `killmatrix.py --write` then makes it anew from the whole battery.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import battery
import killmatrix
import pytest
from argued import ARGUED
from defects import SINK
from measured import Measured
from model_defects import MODEL
from planting import meeting, planted

from onceproof.model import history as h
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import PollStep, Scenario, Start
from onceproof.scenarios.worlds.simulated import SimulatedSession, SimulatedWorld

ROWS = killmatrix.read()


@lru_cache(maxsize=1)
def met() -> Mapping[str, Sequence[int]]:
    """The kept cases that run the line of each defect, by its name."""
    return meeting(list(killmatrix.BY_NAME.values()), [case.seen for case in battery.kept()])


def test_without_a_defect_nothing_is_seen(measured: Measured) -> None:
    """A battery that finds fault with everything would see every defect."""
    measured(f"{len(battery.kept()):,} cases kept of {sum(killmatrix.sizes().values()):,}")

    assert [] == [(case.name, sorted(seen)) for case in battery.kept() if (seen := case.seen())]


@pytest.mark.parametrize("name", killmatrix.BY_NAME)
def test_a_defect_is_seen_by_the_oracles_of_its_row(name: str) -> None:
    """In the tiers that the row says, by these and no others."""
    cases = battery.kept()

    assert ROWS[name] == killmatrix.seen_in([cases[at] for at in met()[name]], killmatrix.BY_NAME[name])


def test_what_survives_is_argued() -> None:
    """Every survivor has its reason, and no reason outlives its survivor."""
    assert set(ARGUED) == {name for name, cells in ROWS.items() if not cells}


def test_the_matrix_has_a_row_for_every_defect() -> None:
    """At least thirty of the sink and ten of the model are planted and seen."""
    seen = {name for name, cells in ROWS.items() if cells}

    assert list(killmatrix.BY_NAME) == list(ROWS)
    assert 30 <= len(seen & {defect.name for defects in SINK.values() for defect in defects})
    assert 10 <= len(seen & {defect.name for defects in MODEL.values() for defect in defects})


def test_every_tier_and_several_oracles_are_needed(measured: Measured) -> None:
    """At least five defects are seen by one oracle alone, and those are several oracles; no tier sees nothing."""
    alone = killmatrix.alone(ROWS)
    measured("; ".join(f"{oracle} alone sees {len(names)}" for oracle, names in alone.items()))

    assert 5 <= sum(map(len, alone.values()))
    assert 3 <= len(alone)
    assert set(battery.TIERS) == {tier for cells in ROWS.values() for tier in cells}


def test_the_page_is_that_of_the_matrix() -> None:
    """`killmatrix.py --page` writes it."""
    expected = killmatrix.page(ROWS, killmatrix.sizes(), killmatrix.missed(), len(battery.kept()))

    assert expected == killmatrix.PAGE.read_text(encoding="utf-8")


def test_tags_say_what_an_object_holds() -> None:
    """First and last offset and the count, and the pairs that the configuration adds: no history holds them."""
    config = {**JSON, "flush.size": "2", "s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "team:data"}
    log = {h.TopicPartition("t", 0): tuple(h.Record(offset, 0, None, b"1") for offset in (5, 7, 8))}
    scenario = Scenario("tagged", config, log, (Start(), PollStep(3)), 0)
    world = Recalling()
    run(scenario, world)

    expected = (("startOffset", "5"), ("endOffset", "7"), ("recordCount", "2"), ("team", "data"))
    assert {"topics/t/partition=0/t+0+0000000005.json": expected} == world.sessions[0]._bucket.tags


class Recalling(SimulatedWorld):
    """A simulated world whose buckets can be looked at when a run is over."""

    def __init__(self) -> None:
        self.sessions: list[SimulatedSession] = []

    def session(self, scenario: Scenario) -> SimulatedSession:
        """A fresh one, remembered."""
        self.sessions.append(super().session(scenario))
        return self.sessions[-1]


def test_planting_leaves_nothing_behind() -> None:
    """After the last defect all is as it was."""
    for defect in killmatrix.BY_NAME.values():
        with planted(defect):
            pass

    assert [] == [case.name for case in battery.kept()[:20] if case.seen()]


def test_only_cases_that_run_the_line_can_see_a_defect() -> None:
    """What is left out by that sees nothing of a defect that few cases meet."""
    name = min(ROWS, key=lambda name: len(met()[name]) or len(battery.kept()))
    others = [case for at, case in enumerate(battery.kept()) if at not in met()[name]]

    assert {} == killmatrix.seen_in(others, killmatrix.BY_NAME[name])
