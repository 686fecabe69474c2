"""The words for what else a sink does: causes, keys and headers, dead letters, nulls, tags, binary objects."""

import json
from dataclasses import replace
from typing import get_args

import pytest
from report_sample import CONFIG, T0, completed, log, name, schedule_story

from onceproof.model.history import DeadLettered, Ended, History, Opened, Record, Requested, Started, Version
from onceproof.model.judge import Finding, ObjectAtRest, Verdict, judge
from onceproof.model.placement import Cause
from onceproof.reports.collect import Cell, Comparison, Measured, Report, Row, Story
from onceproof.reports.machine import machine
from onceproof.reports.story import at_rest_line, closed_by, findings_told, record_line, tell
from onceproof.reports.timeline import lanes, timeline

KEYS = "topics/t/partition=0/t+0+0000000000.keys.json"
VALUES = name(0)


def told(*events) -> Story:
    """A story of these events of one life over three records."""
    history = History("simulated", {T0: log(3)}, (Started(0, CONFIG), Opened(0, T0, 0, now_ms=0), *events), ())
    return replace(schedule_story(), history=history, verdict=judge(replace(history, settled=False)))


def letter(offset: int, outcome="ok", reason: str = "its value is null") -> DeadLettered:
    """One dead letter of the first life."""
    return DeadLettered(0, T0, offset, outcome, outcome == "ok", reason)


@pytest.mark.parametrize("cause", get_args(Cause))
def test_every_cause_is_a_phrase(cause):
    """What closed a file stands behind it with an article, or is a property's name."""
    phrase = closed_by(cause)

    assert phrase.startswith((" (closed by the ", " (closed by a ", " (closed by flush.size"))


@pytest.mark.parametrize(
    ("expected", "letters"),
    [
        ("sent offset 1 to the dead letter queue (its value is null)", [letter(1)]),
        ("sent offsets 0, 1 to the dead letter queue (its value is null)", [letter(0), letter(1)]),
        ("sent offsets 0, 1 to the dead letter queue", [letter(0), letter(1, reason="no JSON")]),
        ("could not send offset 1 to the dead letter queue (full)", [letter(1, "failed", "full")]),
        (
            (
                "sent offset 0 to the dead letter queue (a) and "
                "was not told whether offset 1 reached the dead letter queue (b)"
            ),
            [letter(0, reason="a"), letter(1, "unknown", "b")],
        ),
    ],
)
def test_dead_letters_are_told_together(expected, letters):
    """Neighbours in one sentence, with the reason that they share."""
    assert f"Life 0 {expected}." == tell(told(*letters)).course[-1]


def test_many_dead_letters_are_counted():
    """A long stretch says how many there were."""
    events = [event for at in range(12) for event in (letter(at, reason=str(at)), refused("create"))]

    assert "sent 12 dead letters" in tell(told(*events)).course[-1]


def refused(request) -> Requested:
    """A request that was answered 503."""
    return Requested(0, T0, request, name(0), "u", "failed", applied=False, detail="503")


def test_a_refused_tag_is_told():
    """As every other request."""
    assert tell(told(refused("tag"))).course[-1].endswith("was refused the tag of t+0+0000000000.json (503).")


def test_requests_that_went_well_do_not_part_what_was_written():
    """Files that one rotation closed stand in one phrase, with its cause once."""
    went_well = Requested(0, T0, "create", name(1), "u", "ok", applied=True)
    history = schedule_story().history
    story = schedule_story()
    at = history.events.index(completed(0, 1, "b")) - 1
    parted = replace(history, events=(*history.events[: at + 1], went_well, *history.events[at + 1 :]))

    assert tell(story).course == tell(replace(story, history=parted, verdict=judge(parted))).course


def test_nulls_are_seen_among_the_records():
    """A tombstone is named where records are listed."""
    records = (Record(0, 0, None, b"x"), Record(1, 1000, None, None))

    assert "t-0: 0 (1970-01-01 00:00:00Z), 1 (+1 s, null)" == record_line(T0, records)


def keys_doubled() -> Verdict:
    """Keys that stand twice, and values that stand once."""
    other = KEYS.replace("0000.keys", "0001.keys")
    return Verdict(
        findings=(
            Finding("duplicated", T0, (1,), (KEYS, other), at_rest=True, detail="", object_kind="key"),
            Finding("lost", T0, (2,), (), at_rest=True, detail="", object_kind="headers"),
        ),
        guarantee=schedule_story().verdict.guarantee,
        not_observed=(),
        objects=(
            ObjectAtRest(VALUES, T0, (0, 1), 0),
            ObjectAtRest(KEYS, T0, (0, 1), 0, "key"),
            ObjectAtRest(other, T0, (1,), 0, "key"),
        ),
        pending={},
    )


def test_keys_and_headers_are_told_apart_from_values():
    """A finding says of which part of a record it speaks."""
    verdict = keys_doubled()

    expected = [
        "The headers of offset 2 are lost: below the committed offset and in no visible object.",
        "The key of offset 1 stands twice at rest.",
    ]
    assert expected == [sentence for found in findings_told(verdict) for sentence in found.sentences]


def test_only_objects_of_what_is_doubled_are_marked():
    """Values stand unmarked beside keys that are doubled."""
    names = {VALUES: "v", KEYS: "k"}
    doubled = {(T0, "key"): {1: 2}}
    values, keys, _ = keys_doubled().objects

    assert "v [0, 1] by life 0" == at_rest_line(values, names, doubled)
    assert "k [keys of 0, 1] by life 0; doubled: 1" == at_rest_line(keys, names, doubled)


def test_the_timeline_draws_keys_and_dead_letters():
    """Spans know what they hold, hatching follows it, and a lane notes what was sent away."""
    history = replace(told(letter(2)).history, events=(*told(letter(2)).history.events, Ended(0, "stopped")))
    story = replace(schedule_story(), history=history, verdict=keys_doubled())
    life, rest = lanes(story, T0)
    svg = timeline(story, "x")

    assert ("to the dead letter queue: 2",) == life.notes
    assert ["key", "key", "value"] == sorted(span.kind for span in rest.spans)
    assert 2 == svg.count('class="doubled"')
    assert "1 twice (keys)" in svg


def test_what_a_binary_object_says_stands_beside_its_bytes():
    """The JSON of a report has the text of an object that is none; offsets follow from it."""
    story = schedule_story()
    version = Version("a.avro", "1", b"Obj\x01", b'{"n":0}\n')
    history = replace(story.history, versions=(version,), schemas={1: '"string"'})
    cell = Cell("at-least-once", None, 1, "", "simulated", replace(story, history=history))
    table = Comparison("t", "simulated", "", "", (("crash", ""),), (Row("r", {}, (cell,)),))
    found = json.loads(machine(Report(1, "c", (table,), Measured({}))))["stories"][0]["history"]

    assert [{"text": '{"n":0}\n'}] == [each["text"] for each in found["versions"]]
    assert {"1": '"string"'} == found["schemas"]
