"""Which faults a story needs, and which order of effects mattered."""

from dataclasses import replace

import pytest

from onceproof.model.judge import Verdict, judge
from onceproof.scenarios import files, replay
from onceproof.scenarios.ablation import Ablation, ablate, explained, leaves_no_more
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Fault, Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld


def of_library(name: str) -> tuple[Scenario, Verdict]:
    """A story of the library, with what it comes to."""
    scenario = files.load(replay.LIBRARY / f"{name}.yaml")
    return scenario, judge(run(scenario, SimulatedWorld()).history)


def ablated(scenario: Scenario, verdict: Verdict) -> Ablation:
    """What is left without each fault."""
    return ablate(scenario, leaves_no_more(verdict))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "canary",
            (
                "Without the crash, offset 1 stands once.",
                "It takes a crash after the complete of t+0+0000000001.json and before the commit of 2.",
            ),
        ),
        (
            "compression-changed-after-a-crash",
            (
                "Without the crash, offsets 0 and 1 stand once.",
                "Without the change of the configuration, offsets 0 and 1 stand once.",
                "It takes a crash after the complete of t+0+0000000000.json and before the commit of 2.",
            ),
        ),
        (
            "frozen-owner-overwrites",
            (
                "Without the freeze, offsets 2 and 3 are not lost.",
                "Without the thaw, offsets 2 and 3 are not lost.",
                (
                    "The complete of t+0+0000000000.json by life 0 came behind the complete of t+0+0000000000.json "
                    "by life 1: ahead of it, it does no harm."
                ),
            ),
        ),
        (
            "completion-arrives-late",
            (
                "Without the delay of the complete, offsets 2 and 3 are not lost.",
                "Without the arrival, offsets 2 and 3 are not lost.",
                (
                    "The complete of t+0+0000000000.json that was under way came behind the complete of "
                    "t+0+0000000000.json: ahead of it, it does no harm."
                ),
            ),
        ),
        ("schedule-commit-refused", ("Without the refusal of the commit, offset 1 stands once.",)),
        ("expired-offsets-latest", ("Without the expiry of the offsets, offsets 2 and 3 are not lost.",)),
        ("two-connectors-one-prefix", ("Without the object of somebody else, offsets 0 and 1 are not lost.",)),
        (
            "latest-before-the-first-commit",  # its second start would end the life that goes on without the crash
            ("Without the crash, offset 0 is not lost.",),
        ),
    ],
)
def test_each_fault_is_left_out_in_turn(name: str, expected: tuple[str, ...]) -> None:
    """For each it is said whether the finding stays without it, and then which effects its place lies between."""
    assert expected == ablated(*of_library(name)).sentences()


def test_a_fault_that_changes_nothing_is_named() -> None:
    """What is not needed is told apart from what is, and no order of its effects matters."""
    found = ablated(*of_library("several-open-files-error-and-crash"))

    assert ("500 to the part",) == found.necessary
    assert ("crash",) == found.unnecessary
    assert "Without the crash, it happens all the same." in found.sentences()
    assert () == found.orders


def test_faults_of_which_one_is_enough_are_left_out_together() -> None:
    """Two crashes either of which does it: only without both it does not happen, and neither's place matters."""
    scenario, _ = of_library("canary")
    calm = tuple(step for step in scenario.course if not isinstance(step, Fault))
    twice = replace(scenario, course=(Fault("commit"), Fault("commit"), *calm))
    found = ablated(twice, judge(run(twice, SimulatedWorld()).history))

    expected = (
        "Without the 1st crash, it happens all the same.",
        "Without the 2nd crash, it happens all the same.",
        "Without the 1st crash and the 2nd crash, offset 1 stands once.",
    )
    assert expected == found.sentences()


def test_a_crash_between_two_steps_has_a_place_too() -> None:
    """It lies between the last effect of its life and the first that is missing."""
    found = ablated(*of_library("offset-zero-committed"))

    assert "It takes a crash after the commit of 0 and before the commit of 8." == str(found.orders[0])


def test_only_what_shows_it_can_be_explained() -> None:
    """A scenario that does not show it is refused by name."""
    scenario, _ = of_library("canary")

    with pytest.raises(ValueError, match="canary does not show what is to be explained"):
        ablate(scenario, lambda _: False)


def test_what_is_large_is_not_explained() -> None:
    """A log of thousands of records is not run again and again."""
    scenario, verdict = of_library("flush-size-changed-in-order")

    assert () == explained(scenario, verdict)


def test_every_refuted_story_of_the_library_has_a_reason() -> None:
    """Each one that leaves less than identical objects names a fault without which it leaves more."""
    without = []
    for path in replay.scenario_files([replay.LIBRARY]):
        scenario, verdict = of_library(path.stem)
        if verdict.guarantee != "identical objects" and not ablated(scenario, verdict).necessary:
            without.append(path.stem)

    assert [] == without
