"""Aborted transactions: who is handed their records, how a file marks them, and what cannot be."""

from dataclasses import replace

import pytest

from onceproof.model.history import Record, TopicPartition
from onceproof.scenarios import files
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Start
from onceproof.scenarios.transactions import LEVELS, PROPERTY, require_markers, visible
from onceproof.scenarios.worlds.simulated import SimulatedWorld

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)
RECORDS = tuple(Record(offset, 1_000, None, b"v") for offset in (0, 1, 3))
LOG = {T0: RECORDS, T1: RECORDS}
ABORTED = {T0: frozenset({1})}
STORY = files.load(LIBRARY / "aborted-transactions-read-uncommitted.yaml")


@pytest.mark.parametrize("config", [{}, {PROPERTY: "read_uncommitted"}])
def test_uncommitted_readers_are_handed_everything(config: dict[str, str]) -> None:
    """Kafka's default, and Connect's."""
    assert LOG is visible(LOG, ABORTED, config)


def test_committed_readers_are_not_handed_aborted_records() -> None:
    """Other partitions stay as they are."""
    assert {T0: (RECORDS[0], RECORDS[2]), T1: RECORDS} == visible(LOG, ABORTED, {PROPERTY: "read_committed"})


def test_a_level_that_kafka_does_not_know_is_refused() -> None:
    """The message names the property, the value and what is allowed."""
    with pytest.raises(ScenarioError, match=rf"{PROPERTY}: must be one of {', '.join(LEVELS)}, found 'snapshot'"):
        visible(LOG, ABORTED, {PROPERTY: "snapshot"})


def test_the_marker_has_an_offset_of_its_own() -> None:
    """Behind a run of aborted records one offset is nobody's; within a run, and at the end of a log, none need be."""
    require_markers(LOG, {T0: frozenset({1, 3}), T1: frozenset({3})})

    with pytest.raises(ScenarioError, match=r"offset 1 of t-1: must be free for the marker .* aborted record 0"):
        require_markers(LOG, {T1: frozenset({0})})


def test_a_file_marks_aborted_records() -> None:
    """What is written is read back, and written alike."""
    text = files.dump(STORY)

    assert {T0: frozenset({2, 3})} == STORY.aborted
    assert 2 == text.count("aborted: true")
    assert STORY == files.parse(text, "again.yaml")
    with pytest.raises(ScenarioError, match=r"story.yaml: offset 5 of t-0: must be free"):
        files.parse(text.replace("offset: 3, ", "offset: 4, "), "story.yaml")


def test_the_history_has_what_the_configuration_is_handed() -> None:
    """So whoever judges it needs to know nothing of transactions."""
    hidden = replace(STORY, config={**STORY.config, PROPERTY: "read_committed"})

    logs = [run(story, SimulatedWorld()).history.log for story in (STORY, hidden)]

    assert [[0, 1, 2, 3, 5, 6, 7], [0, 1, 5, 6, 7]] == [[record.offset for record in log[T0]] for log in logs]


def test_the_level_cannot_change_between_two_lives() -> None:
    """A history has one log, which is what all lives are handed."""
    changed = replace(STORY, course=(Start(), Start(config={PROPERTY: "read_committed"})))

    with pytest.raises(ScenarioError, match=f"start: {PROPERTY} cannot change"):
        run(changed, SimulatedWorld())
