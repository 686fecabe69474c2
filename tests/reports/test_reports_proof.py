"""The claim of a story: which guarantee is refuted, by which two facts."""

from dataclasses import replace

import pytest
from report_sample import T0, log, lost_story, schedule_story

from onceproof.model.guarantee import Guarantee
from onceproof.model.history import History
from onceproof.model.judge import Finding, ObjectAtRest, Verdict, Write
from onceproof.reports.proof import claim

KEY = "topics/t/a.json"


def verdict(guarantee: str, *findings: Finding, objects=(), writes=()) -> Verdict:
    """A verdict by hand."""
    return Verdict(findings, Guarantee(guarantee), (), tuple(objects), {}, tuple(writes))


def history(committed: int = 0) -> History:
    """Four records of which a group has committed some."""
    return History("simulated", {T0: log(4)}, (), (), committed={T0: committed})


def test_a_duplicate_is_refuted_by_the_two_objects_that_hold_it():
    """The first doubled record is enough."""
    told = schedule_story()

    expected = (
        "Once at rest is refuted: t+0+0000000000.json [0, 1, 2] holds offset 1, and so does t+0+0000000001.json [1, 2]."
    )
    assert expected == claim(told.history, told.verdict)


def test_a_loss_is_refuted_by_the_commit_and_by_what_is_not_there():
    """What is committed is read by nobody again."""
    told = lost_story()

    expected = (
        "At-least-once is refuted: offset 4 of t-0 is committed, so that nobody reads offsets 0 to 3 of t-0 again, "
        "and no visible object holds them."
    )
    assert expected == claim(told.history, told.verdict)


@pytest.mark.parametrize(
    ("expected", "found", "held", "writes"),
    [
        (
            "Once at rest is refuted: a.json [1, 1] holds offset 1, and holds it twice.",
            Finding("duplicated", T0, (1,), (KEY,), at_rest=True, detail=""),
            [ObjectAtRest(KEY, T0, (1, 1), 0, "value")],
            [],
        ),
        (
            "Once at rest is refuted: a reader could see a.json [0, 1], and later [0] under the same name.",
            Finding("rewritten", T0, (1,), (KEY,), at_rest=False, detail=""),
            [],
            [
                Write(at, 0, T0, KEY, offsets, "ok", "schedule", "value")
                for at, offsets in enumerate(((0, 1), (0, 1), (0,)))
            ],
        ),
        (
            "Once at rest is refuted: the configuration asks for offset 1 in b.json, and the run left a.json.",
            Finding("misplaced", T0, (1,), (KEY,), at_rest=True, detail="expected offset 1 in b.json, found a.json"),
            [],
            [],
        ),
    ],
)
def test_each_finding_has_two_facts(expected, found, held, writes):
    """What stands there, what could be seen, or what the judge expected and found."""
    told = claim(history(), verdict("at-least-once", found, objects=held, writes=writes))

    assert expected.replace("[1, 1]", "[1]") == told


def test_what_no_finding_refutes_is_refuted_by_the_objects_as_a_whole():
    """Each object is sound, and no fault-free run leaves them together."""
    held = [ObjectAtRest(KEY, T0, (0, 1), 0, "value")]

    expected = (
        "Identical objects is refuted: at rest there is a.json [0, 1], and no run without faults leaves objects like "
        "these."
    )
    assert expected == claim(history(), verdict("once at all times", objects=held))


def test_nothing_is_claimed_where_nothing_is_refuted():
    """Identical objects need no proof."""
    told = schedule_story()

    assert "" == claim(told.history, replace(told.verdict, guarantee=Guarantee.IDENTICAL_OBJECTS))
