"""The 33 holes of the connector: each is a story of the library, or it is said, and shown, why it cannot be one."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from onceproof.model.history import Ended, Event, Record, TopicPartition
from onceproof.scenarios import files, holes
from onceproof.scenarios.life import Armed, ScriptedClock
from onceproof.scenarios.replay import LIBRARY, replay
from onceproof.scenarios.run import DEFAULTS, LifeLike
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.worlds.simulated import SimulatedSession, SimulatedWorld
from onceproof.sink.data import SinkRecord
from onceproof.sink.errors import StoreError

PAGE = Path(__file__).parents[2] / "docs" / "holes.md"
T0 = TopicPartition("t", 0)
CONFIG: Mapping[str, str] = {
    **DEFAULTS,
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "flush.size": "2",
}


@cache
def library() -> Sequence[Scenario]:
    """All scenarios that come with Onceproof."""
    return [files.load(path) for path in sorted(LIBRARY.glob("*.yaml"))]


def session(count: int) -> SimulatedSession:
    """A world in which the values of t-0 are the offsets."""
    log = {T0: tuple(Record(offset, 0, None, str(offset).encode()) for offset in range(count))}
    return SimulatedSession(Scenario("a-hole", CONFIG, log, (), 0))


def stored(of: SimulatedSession) -> list[tuple[str, bytes]]:
    """What a reader sees, by the offset in the name."""
    found = {version.key: version.body for version in of.versions()}
    return [(key.rpartition("+")[2].partition(".")[0].lstrip("0") or "0", body) for key, body in sorted(found.items())]


class SlowClock(ScriptedClock):
    """A second goes by before the n-th reading, and none at any other."""

    def __init__(self, reading: int) -> None:
        super().__init__(0)
        self.reading = reading

    @property
    def ms(self) -> int:
        """Milliseconds since the epoch."""
        self.reading -= 1
        self._ms += 1_001 if self.reading == 0 else 0
        return self._ms

    @ms.setter
    def ms(self, ms: int) -> None:
        self._ms = ms


class Unsteady:
    """A partitioner of the user's own that asks for a retry instead of naming a directory."""

    def encode(self, record: SinkRecord, now_ms: int) -> str:
        """Fails for a moment, as its author thought."""
        raise StoreError("the lookup is slow", retry=True, outcome="unknown")


def life_in(of: SimulatedSession, clock: ScriptedClock, events: list[Event], changes: Mapping[str, str]) -> LifeLike:
    """A life that has t-0 from its start on."""
    life = of.life(0, {**CONFIG, **changes}, clock, Armed(), events)
    life.start({T0: 0})
    return life


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


def test_an_empty_put_forgets_a_rotation_that_the_deadline_put_off() -> None:
    """H16: records 0 and 1 fill the file, time is up before it is closed, and record 2 joins it.

    The clock is read once on opening, twice when a put begins, and before each record; the sixth time, before closing.
    """
    of, events = session(5), list[Event]()
    life = life_in(of, SlowClock(reading=6), events, {"max.write.duration.ms": "1000"})

    for count in (2, 0, 3):
        life.poll(count)

    assert [("0", b'"0"\n"1"\n"2"\n'), ("3", b'"3"\n"4"\n')] == stored(of)


def test_without_the_empty_put_the_rotation_comes_first() -> None:
    """H16: the same end of time, and the next put brings records at once."""
    of, events = session(4), list[Event]()
    life = life_in(of, SlowClock(reading=6), events, {"max.write.duration.ms": "1000"})

    for count in (2, 2):
        life.poll(count)

    assert [("0", b'"0"\n"1"\n'), ("2", b'"2"\n"3"\n')] == stored(of)


def test_a_partitioner_cannot_ask_for_a_retry() -> None:
    """H33: an error that would be tried again anywhere else ends the task, so nothing buffered is skipped."""
    of, events = session(2), list[Event]()
    life = life_in(of, ScriptedClock(0), events, {"partitioner.class": f"{__name__}:Unsteady"})

    life.poll(2)

    assert "failed" == life.state
    assert "the lookup is slow" in [event.detail for event in events if isinstance(event, Ended)][-1]
    assert {} == dict(of.committed())
    assert [] == stored(of)
