"""Whoever does not see all of a run may miss what went wrong in it, and is told of nothing that did not."""

import hashlib
from dataclasses import replace

import battery
import killmatrix
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_histories import KNOWN_BAD, KNOWN_GOOD, Known, read
from measured import Measured
from model_stories import key
from outside import VIEWS, missed_in, wrongly_accused
from profiles import PROFILE

from onceproof.model import history as h
from onceproof.model.blackbox import as_seen_from_outside
from onceproof.model.judge import judge
from onceproof.scenarios import wide
from onceproof.scenarios.adverse import adverse_scenarios
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 150
KINDS = ("crash", "503", "io", "io", "403")


def test_no_small_world_is_accused_wrongly(measured: Measured) -> None:
    """Crashes, errors and lost replies of every configuration, also of those that double records."""
    runs = 0
    for case in battery.small():
        assert case.scenario is not None
        runs += 1
        assert [] == list(wrongly_accused(run(case.scenario, SimulatedWorld()).history)), case.name

    measured(f"{runs:,} runs, each seen by {len(VIEWS)}")
    assert 400 < runs


@pytest.mark.parametrize(
    "scenarios",
    [pytest.param(wide.wide_scenarios(kinds=KINDS), id="all parts"), pytest.param(adverse_scenarios(), id="adverse")],
)
def test_no_drawn_run_is_accused_wrongly(scenarios: st.SearchStrategy[Scenario]) -> None:
    """Over all parts of the sink, and all that can go wrong: equal values, changed logs, late and lost replies."""

    @settings(PROFILE, max_examples=EXAMPLES)
    @given(scenarios)
    def property_holds(scenario: Scenario) -> None:
        assert [] == list(wrongly_accused(run(scenario, SimulatedWorld()).history))

    property_holds()


@pytest.mark.parametrize("known", [*KNOWN_BAD, *KNOWN_GOOD], ids=lambda known: known.what)
def test_no_known_history_is_accused_wrongly(known: Known) -> None:
    """What is bad is bad for them too, or not seen."""
    assert [] == list(wrongly_accused(known.history))


def test_no_run_of_a_damaged_sink_is_accused_wrongly_and_what_is_missed_is_counted(measured: Measured) -> None:
    """By kind of finding, as the page of the kill matrix says."""
    histories = list(killmatrix.damaged_histories(battery.kept()))
    missed = missed_in(histories)

    for view, kinds in missed.items():
        told = ", ".join(f"{kind} {count} of {total}" for kind, (count, total) in sorted(kinds.items()))
        measured(f"{view} misses: {told}")
    assert [] == [told for history in histories for told in wrongly_accused(history)]
    assert killmatrix.missed() == missed


def test_an_outsider_knows_no_more_than_answers_and_the_bucket() -> None:
    """Nothing of puts, of what became of an unanswered request, or whether the run was left to finish."""
    case = next(each for each in battery.small() if each.scenario is not None and "io" in str(each.scenario.course))
    assert case.scenario is not None
    seen = as_seen_from_outside(run(case.scenario, SimulatedWorld()).history, keeps_versions=False)

    assert {h.Started, h.Requested, h.Committed, h.DeadLettered, h.LogChanged} >= {type(each) for each in seen.events}
    answered = [each for each in seen.events if isinstance(each, h.Requested | h.Committed | h.DeadLettered)]
    assert {(each.outcome, each.applied) for each in answered} <= {("ok", True), ("failed", False), ("unknown", None)}
    assert {None} == {each.version_id for each in answered if isinstance(each, h.Requested)}
    assert len({version.key for version in seen.versions}) == len(seen.versions)
    assert (False, False) == (seen.settled, seen.drained)


def test_who_keeps_no_versions_cannot_tell_which_complete_left_the_last() -> None:
    """The one without an answer, behind which was committed, or the one that was made again."""
    story = read(end=4).complete(key(0), 0, 1).complete(key(2), 2, 3, outcome="unknown").commit(4).rewind(2).put(4)
    history = story.complete(key(2), 2, 3).history(settled=False)
    digests = {version.key: hashlib.sha256(version.body).hexdigest() for version in history.versions}
    events = tuple([
        replace(event, digest=digests[event.key]) if isinstance(event, h.Requested) else event
        for event in history.events
    ])  # fmt: skip
    seen = as_seen_from_outside(replace(history, events=events), has_diary=True, keeps_versions=False)

    assert "overtaken" not in {finding.kind for finding in judge(seen).findings}


def test_what_cannot_be_seen_is_said() -> None:
    """An outsider is granted no identical objects, and is told why."""
    case = next(each for each in battery.small() if each.scenario is not None)
    assert case.scenario is not None
    history = run(case.scenario, SimulatedWorld()).history

    assert () == judge(history).not_observed
    assert "what any life was handed of t-0" in judge(as_seen_from_outside(history)).not_observed
