"""The words of a story."""

from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
from report_sample import CONFIG, T0, completed, log, lost_story, name, schedule_story, wide_story

from onceproof.model.guarantee import Guarantee
from onceproof.model.history import (
    Changed,
    CommitAsked,
    Committed,
    Ended,
    History,
    Opened,
    Put,
    Started,
    TopicPartition,
    Version,
)
from onceproof.model.judge import Finding, judge
from onceproof.reports.phrases import delay, instant, offsets_text, record_line, short_names
from onceproof.reports.story import ended_phrase, killed_phrase, tell
from onceproof.reports.words import FINDINGS, GUARANTEES, steady


def test_schedule_story_is_told_in_full():
    """The story names polls, files with their offsets, the instant of the crash, and what is doubled."""
    told = tell(schedule_story())

    expected = (
        "Records 0, 1, 2 in 2 polls. "
        "Life 0 wrote t+0+0000000000.json [0] and t+0+0000000001.json [1, 2] "
        "(closed by the schedule), "
        "then was killed before the 1st commit. "
        "Life 1 started at 0 again, wrote t+0+0000000000.json [0, 1, 2] over [0] (closed by the schedule) "
        "and committed 3, "
        "then stopped in order. "
        "Offsets 1, 2 stand twice at rest. "
        "t+0+0000000000.json changed its records while visible."
    )
    assert expected == told.paragraph
    assert "onceproof replay scenarios/schedule-kill.yaml" == told.replay


def test_objects_before_and_after_the_crash_differ():
    """What a reader saw at the crash is told apart from what is at rest, with the doubled offsets named."""
    told = tell(schedule_story())

    assert (
        "t+0+0000000000.json [0] by life 0",
        "t+0+0000000001.json [1, 2] by life 0",
    ) == told.before
    assert (
        "t+0+0000000000.json [0, 1, 2] by life 1; doubled: 1, 2",
        "t+0+0000000001.json [1, 2] by life 0; doubled: 1, 2",
    ) == told.after


def test_lost_story_names_partitions_and_what_changed_outside():
    """With several partitions each offset names its own, and a change outside is a sentence of its own."""
    paragraph = tell(lost_story()).paragraph

    for expected in (
        "was refused the complete of t+0+0000000000.json (503 SlowDown)",
        "then was killed after the 1st commit. The clock was set to 10:30.",
        "Offsets 0 to 3 are lost",
    ):
        assert expected in paragraph


def test_many_objects_are_counted():
    """A story of hundreds of objects names only those that a finding concerns."""
    told = tell(wide_story())

    expected = (
        "Life 0 wrote 270 objects, t+0+0000000000.json [0 to 99] to t+0+0000026900.json [26900 to 26999] "
        "and committed 26900, then was killed before the 2nd commit."
    )
    assert expected in told.paragraph
    assert ("t+0+0000026900.json [26900 to 26999] by life 0", "and 269 other objects") == told.before
    assert 3 == len(told.after)


@pytest.mark.parametrize(
    ("expected", "before"),
    [
        ("killed before its first effect", ()),
        ("killed before the 1st commit", (completed(0, 0, "a"), CommitAsked(0))),
        ("killed before the 2nd commit", (Committed(0, {T0: 1}, "ok", applied=True), CommitAsked(0))),
        ("killed after the 2nd complete", (completed(0, 0, "a"), completed(0, 1, "b"))),
        ("killed after the 1st commit", (completed(0, 0, "a"), Committed(0, {T0: 1}, "ok", applied=True))),
        ("killed (the process was frozen)", (Changed("the process was frozen"),)),
    ],
)
def test_crash_is_named_by_the_effects_around_it(expected, before):
    """The instant of a crash follows from what the life had done, unless a change outside names it."""
    events = (Opened(0, T0, 0, now_ms=0), *before, Ended(0, "killed"))
    history = History("simulated", {T0: log(2)}, events, ())

    assert expected == ended_phrase(history, len(events) - 1)


def test_thawed_life_goes_on():
    """A life that acts again after another one began is told as going on, in the order of events."""
    events = (
        Started(0, CONFIG),
        Opened(0, T0, 0, now_ms=0),
        completed(0, 0, "a"),
        Started(1, CONFIG),
        Opened(1, T0, 0, now_ms=0),
        completed(1, 0, "b"),
        Committed(0, {T0: 1}, "failed", applied=False),
    )
    versions = (Version(name(0), "a", b'{"n":0}\n'), Version(name(0), "b", b'{"n":0}\n'))
    history = History("simulated", {T0: log(1)}, events, versions)

    expected = (
        "Record 0.",
        "Life 0 wrote t+0+0000000000.json [0].",
        "Life 1 started at 0 and wrote t+0+0000000000.json [0] again.",
        "Life 0 went on and was refused the commit of 1.",
    )
    assert expected == tell(replace(schedule_story(), history=history, verdict=judge(history))).course


def test_contents_are_never_guessed():
    """An object in which nothing is a record of the log is told with a question mark."""
    events = (Started(0, CONFIG), Opened(0, T0, 0, now_ms=0), Put(0, T0, 3, now_ms=0), completed(0, 0, "a"))
    history = History("simulated", {T0: log(3)}, events, (Version(name(0), "a", b"else"),), settled=False)
    told = tell(replace(schedule_story(), history=history, verdict=judge(history)))

    assert "Life 0 wrote t+0+0000000000.json [?]." == told.course[-1]


def test_versions_are_told_by_their_number():
    """What nobody saw appear is named by its number, never by the id that the store gave it."""
    events = (Started(0, CONFIG), Opened(0, T0, 0, now_ms=0))
    versions = tuple(Version("k", number, number.encode()) for number in ("1f", "9a"))
    history = History("simulated", {T0: log(1)}, events, versions, settled=False)
    told = tell(replace(schedule_story(), history=history, verdict=judge(history)))

    expected = ("when the 1st version of k became visible", "when the 2nd version of k became visible")
    assert expected == told.not_observed


@pytest.mark.parametrize(
    ("expected", "offsets"),
    [("", ()), ("3", (3,)), ("1, 2", (2, 1)), ("0 to 9", range(10)), ("0, 2, 4 to 8", (0, 2, *range(4, 9)))],
)
def test_offsets_are_written_as_runs(expected, offsets):
    """Long runs of offsets are written by their ends, short ones in full."""
    assert expected == offsets_text(offsets)


def test_names_are_short_but_tell_keys_apart():
    """A key is shown by its last segment, with folders only where two keys share it."""
    keys = ("a/x/1.json", "a/y/1.json", "a/y/2.json")

    assert {"a/x/1.json": "x/1.json", "a/y/1.json": "y/1.json", "a/y/2.json": "2.json"} == short_names(keys)


def test_times_are_exact():
    """Instants carry milliseconds only if there are any, and distances their units."""
    assert "2013-01-01 10:17:00Z" == instant(1_357_035_420_000)
    assert "2013-01-01 10:17:00.001Z" == instant(1_357_035_420_001)
    assert "no timestamp" == instant(None)
    assert ("+5 min", "-1 h 30 min", "+250 ms") == (delay(300_000), delay(-5_400_000), delay(250))
    assert "t-3: no records" == record_line(TopicPartition("t", 3), ())


def test_text_of_the_outside_is_steadied():
    """Ports of this machine and folders of absolute paths never reach a report."""
    assert "no answer of localhost, see sink.log" == steady("no answer of localhost:41233, see /tmp/run-7/sink.log")
    assert "topics/t/partition=0/x.json" == steady("topics/t/partition=0/x.json")
    assert "killed while uploading" == killed_phrase("while uploading.")


def test_legend_covers_every_guarantee_and_finding():
    """The legend speaks of each guarantee and each finding that a judge can name."""
    kinds = get_args(get_type_hints(Finding)["kind"])

    assert {str(guarantee) for guarantee in Guarantee} == {known for known, _ in GUARANTEES}
    assert set(kinds) == {kind for kind, _, _ in FINDINGS}
