"""What happens outside a life, in words: frozen owners, late requests, outages, changes of the log, others' objects.

The histories are those of runs in the simulated world, so that the words follow what a run notes.
"""

import pytest

from onceproof.model.judge import judge
from onceproof.reports.collect import Story
from onceproof.reports.story import tell
from onceproof.scenarios import files, replay
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    Arrive,
    Clock,
    CommitStep,
    Crash,
    Fault,
    Outage,
    PollStep,
    Rest,
    Restore,
    Scenario,
    Start,
    Step,
    Thaw,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

NAME = "t+0+0000000000.json"
SLOT = (PollStep(2), Clock(add_ms=60_000), PollStep(0))


def of_library(name: str) -> Scenario:
    """A story of the library."""
    return files.load(replay.LIBRARY / f"{name}.yaml")


def course_of(scenario: Scenario) -> tuple[str, ...]:
    """Its sentences."""
    history = run(scenario, SimulatedWorld()).history
    return tell(Story(scenario.name, "", "", "", history, judge(history))).course


def told(*course: Step) -> str:
    """The paragraph of a course over the log and configuration of the frozen owner."""
    frozen = of_library("frozen-owner-overwrites")
    return " ".join(course_of(Scenario("told", frozen.config, frozen.log, course, frozen.clock_ms)))


def test_a_frozen_owner_freezes_thaws_and_ends():
    """Each is told of the life itself, and the write that matters shows over what it came."""
    expected = (
        "Records 0 to 3.",
        "The clock moved on 60 s.",
        f"Life 0 froze before the create of {NAME}.",
        "Life 1 started at 0 again.",
        "The clock moved on 60 s.",
        f"Life 1 went on and wrote {NAME} [0 to 3] (closed by the schedule) and committed 4.",
        (
            f"Life 0 thawed and wrote {NAME} [0, 1] over [0 to 3] (closed by the schedule), "
            "then ended, since its partitions are another's."
        ),
        "The clock moved on 60 s, 2 times.",
        "Life 1 went on and wrote nothing, then stopped in order.",
    )
    assert expected == course_of(of_library("frozen-owner-overwrites"))


def test_a_late_request_is_told_when_it_takes_effect():
    """First that nobody knows of it, then what it did, though its sender had given it up."""
    course = course_of(of_library("completion-arrives-late"))

    assert f"Life 0 heard nothing of the complete of {NAME} (it is still under way) and went back to 0." in course
    expected = (
        f"The complete of {NAME} that life 0 had given up took effect and wrote {NAME} [0, 1] over [0 to 3] "
        "(closed by the schedule)."
    )
    assert expected in course
    assert "The clock moved on 5 s, then on 60 s." in course


@pytest.mark.parametrize(
    ("expected", "course"),
    [
        (
            "Life 0 thawed, then froze again.",
            (Fault("create", kind="freeze"), Start(), *SLOT, Start(), Thaw(2), Clock(add_ms=1), Thaw(), Rest(4)),
        ),
        (
            "Life 0 stayed frozen to the end.",
            (Fault("create", kind="freeze"), Start(), *SLOT, Rest(4)),
        ),
        (
            "Life 0 thawed and was refused the commit of 2 (its generation is over)",
            (Fault("commit", kind="freeze"), Start(), *SLOT, CommitStep(), Start(), Thaw(), Rest(4)),
        ),
        (
            "The commit of 2 that life 0 had given up took effect.",
            (Fault("commit", when="late", kind="io"), Start(), *SLOT, CommitStep(), Arrive(), Rest(4)),
        ),
        (
            "The commit of 2 that life 0 had given up arrived and was refused (its generation is over).",
            (
                Fault("commit", when="late", kind="io"),
                *(Start(), *SLOT, CommitStep(), Crash(), Start(), Arrive(), Rest(4)),
            ),
        ),
        (
            f"The bucket could not be reached from here on. Life 0 was refused the create of {NAME} (connection lost)",
            (Start(), PollStep(2), Clock(add_ms=60_000), Outage(), PollStep(0), Restore(), Rest(4)),
        ),
        (
            "The bucket answered every request with 503 from here on.",
            (Start(), PollStep(2), Outage("503"), Clock(add_ms=60_000), PollStep(0), Restore(), Rest(4)),
        ),
        (
            f"Life 0 heard nothing of the create of {NAME} (it was not applied)",
            (Fault("create", when="unsent", kind="io"), Start(), *SLOT, Rest(4)),
        ),
        (
            f"Life 0 wrote {NAME} [0, 1] (closed by the schedule), then was killed after the complete of {NAME}.",
            (Fault("complete", when="after"), Start(), *SLOT, Rest(4)),
        ),
        (
            "committed 2, then was killed after the commit.",
            (Fault("commit", when="after"), Start(), *SLOT, CommitStep(), Rest(4)),
        ),
        ("The clock moved on 2 h.", (Start(), PollStep(2), Clock(add_ms=7_200_000), PollStep(0), Rest(4))),
    ],
)
def test_what_happens_is_told_once(expected, course):
    """A fault is told by what it does to a life, and never as the line that notes it."""
    text = told(*course)

    assert expected in text
    assert "fault:" not in text.lower()
    assert "topics/" not in text


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("Compaction took offset 1.", "compaction-between-two-lives"),
        ("Retention deleted offsets 0, 1, 2.", "retention-overtakes-the-open-file"),
        (f"Somebody else wrote {NAME}.", "two-connectors-one-prefix"),
        ("The group's offsets were set by hand: t-0 to 0.", "export-again-with-conditional-writes"),
        (f"and was not told whether {NAME} exists (503), then failed", None),
    ],
)
def test_what_others_do_is_a_sentence(expected, name):
    """Log, offsets and objects change by themselves as far as the sink is concerned."""
    if name is not None:
        assert expected in course_of(of_library(name))
        return
    asked = of_library("topic-made-anew-with-conditional-writes")
    course = (Fault("head", kind="503"), *asked.course)
    assert any(
        expected in sentence for sentence in course_of(Scenario("a", asked.config, asked.log, course, asked.clock_ms))
    )


def test_no_story_of_the_library_shows_a_note_of_the_harness():
    """Whatever a story needs is told in words: no fault as it is armed, no path, no mark of what was injected."""
    for path in replay.scenario_files([replay.LIBRARY]):
        text = " ".join(course_of(files.load(path)))

        assert "fault:" not in text.lower(), path.stem
        assert "(injected)" not in text, path.stem
