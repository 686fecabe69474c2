"""The 33 holes of the connector: each is a story of the library, or it is said, and shown, why it cannot be one."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from onceproof.model.history import Ended, Record, TopicPartition
from onceproof.scenarios import files, holes
from onceproof.scenarios.replay import LIBRARY, replay
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import PollStep, Scenario, Start
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.data import SinkRecord
from onceproof.sink.errors import StoreError

PAGE = Path(__file__).parents[2] / "docs" / "holes.md"
CONFIG: Mapping[str, str] = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "flush.size": "2",
}


@cache
def library() -> Sequence[Scenario]:
    """All scenarios that come with Onceproof."""
    return [files.load(path) for path in sorted(LIBRARY.glob("*.yaml"))]


class Unsteady:
    """A partitioner of the user's own that asks for a retry instead of naming a directory."""

    def encode(self, record: SinkRecord, now_ms: int) -> str:
        """Fails for a moment, as its author thought."""
        raise StoreError("the lookup is slow", retry=True, outcome="unknown")


def test_there_are_33() -> None:
    """Numbers are those of the analysis, in their order, and nothing in the library names another."""
    assert list(range(1, 34)) == [hole.number for hole in holes.HOLES]
    assert {*range(1, 34)} == {*holes.by_number(library())}


@pytest.mark.parametrize("hole", holes.HOLES, ids=lambda hole: f"H{hole.number}")
def test_each_hole_is_told_or_explained(hole: holes.Hole) -> None:
    """By at least one scenario that goes as expected, or by a reason why there is none."""
    told = holes.by_number(library())[hole.number]

    assert told or hole.here
    assert ["as expected"] * len(told) == [
        replay(LIBRARY / f"{each.name}.yaml", SimulatedWorld()).outcome for each in told
    ]


def test_the_page_is_current() -> None:
    """It names every hole with its stories; ONCEPROOF_SNAPSHOTS=write renews it."""
    if os.environ.get("ONCEPROOF_SNAPSHOTS") == "write":
        PAGE.write_text(holes.page(library()), encoding="utf-8")

    assert holes.page(library()) == PAGE.read_text(encoding="utf-8")


def test_a_number_elsewhere_in_a_source_is_no_hole() -> None:
    """Only lines that cite the analysis count."""
    source = ("https://example.org/H7", "reference 7.3 H3, H17: unchanged", "'H9', an article")

    assert {3, 17} == holes.numbers_of(Scenario("a-hole", {}, {}, (), 0, source=source))


def test_a_partitioner_cannot_ask_for_a_retry() -> None:
    """H33: an error that would be tried again anywhere else ends the task, so nothing buffered is skipped."""
    log = {TopicPartition("t", 0): tuple(Record(offset, 0, None, b"") for offset in range(2))}
    config = {**CONFIG, "partitioner.class": f"{__name__}:Unsteady"}

    ran = run(Scenario("a-hole", config, log, (Start(), PollStep(2)), 0), SimulatedWorld())

    assert "failed" == ran.state
    assert "the lookup is slow" in next(event.detail for event in ran.history.events if isinstance(event, Ended))
    assert ({}, ()) == (ran.history.committed, ran.history.versions)
