"""What others did excuses what it explains, and nothing else."""

from dataclasses import replace

from onceproof.model import history as h
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.excuses import EXCUSES
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.refinement import broken_rules, changed_objects
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import (
    Foreign,
    PollStep,
    Produce,
    Rest,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Trim,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

WHERE = h.TopicPartition("t", 0)
FLUSH = CONFIGURATIONS[1].properties
FIRST_KEY = "topics/t/partition=0/t+0+0000000000.json"


def ran(*course: Step, config: dict[str, str] | None = None) -> Run:
    """A course over four records, two of which fill a file."""
    records = tuple(h.Record(at, EPOCH_MS + 1000 * at, None, b'{"i":%d}' % at) for at in range(4))
    return run(Scenario("excused", {**FLUSH, **(config or {})}, {WHERE: records}, course, EPOCH_MS), SimulatedWorld())


def without(found: Run, gone: str) -> Run:
    """The same run, but an object is missing in the bucket, as if nobody had ever written it."""
    versions = tuple(version for version in found.history.versions if gone not in version.key)
    events = tuple(h.Changed("") if gone in getattr(event, "key", "") else event for event in found.history.events)
    return replace(found, history=replace(found.history, versions=versions, events=events))


def oracles(found: Run) -> set[str]:
    """Who sees something."""
    return {difference.oracle for difference in broken_rules(found)}


def test_what_retention_took_is_not_lost_by_the_sink() -> None:
    """The first record was never stored, and is in the log no more; the others are, and are."""
    course = (Start(), PollStep(1), StopStep(), Trim(WHERE, 1), Rest(4))

    assert set() == oracles(ran(*course))


def test_what_retention_left_is_still_asked_for() -> None:
    """A trimmed log excuses its own records only: an object that is missing behind them is lost."""
    course = (Start(), PollStep(1), StopStep(), Trim(WHERE, 1), Rest(4))

    assert "judge: lost" in oracles(without(ran(*course), "0000000001"))


def test_what_lies_before_an_offset_set_by_hand_is_not_lost_by_the_sink() -> None:
    """Reading begins at 2, and what comes from there on is still asked for."""
    course = (SetOffsets({WHERE: 2}), Rest(4))

    assert set() == oracles(ran(*course))
    assert "judge: lost" in oracles(without(ran(*course), "0000000002"))


def test_what_came_before_a_reader_of_the_latest_is_not_lost_by_the_sink() -> None:
    """With auto.offset.reset=latest reading begins behind what is there; what comes then is asked for."""
    config = {"consumer.override.auto.offset.reset": "latest"}
    course = (Start(), Produce(2), Rest(4))

    assert set() == oracles(ran(*course, config=config))
    assert "judge: lost" in oracles(without(ran(*course, config=config), "0000000002"))


def test_an_object_of_others_excuses_its_own_name() -> None:
    """What stood there before is not lost by the sink; the object beside it would be."""
    course = (Start(), PollStep(4), Foreign(FIRST_KEY, b"{}"), Rest(4))

    assert set() == oracles(ran(*course))
    assert "judge: lost" in oracles(without(ran(*course), "0000000002"))


def test_every_excuse_says_why() -> None:
    """Each names the step, the findings and the reason."""
    assert all(each.because_of and each.findings and each.reason.endswith(".") for each in EXCUSES)


def test_an_object_that_changes_is_seen_where_cuts_stay() -> None:
    """Two versions of one name that say different things; but not where the configuration changed between lives."""
    same = ran(Start(), PollStep(4), Rest(4))
    first, *others = same.history.versions
    versions = (first, replace(first, body=b"{}"), *others)
    same = replace(same, history=replace(same.history, versions=versions))

    assert ["model: changes"] == [difference.oracle for difference in changed_objects(same)]
    assert [] == list(changed_objects(ran(Start(), PollStep(4), Start({"flush.size": "3"}), Rest(4))))
