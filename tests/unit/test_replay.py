"""Replay: each way in which a run can differ from what was expected, and each reason why one says nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from onceproof.model.history import Record, TopicPartition
from onceproof.model.judge import Verdict, judge
from onceproof.scenarios import files
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.replay import command, compare, describe, replay, scenario_files, with_expectation
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import (
    Allowed,
    CommitStep,
    Expectation,
    Fault,
    PollStep,
    Rest,
    Scenario,
    Start,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)
FIRST, SECOND = "topics/t/partition=0/t+0+0000000000.json", "topics/t/partition=0/t+0+0000000002.json"
CONFIG: Mapping[str, str] = {
    **JSON,
    "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner",
    "flush.size": "2",
}
LOG = {T0: tuple(Record(offset, 1000 + offset, None, b'{"i":%d}' % offset) for offset in range(5))}
QUIET = Scenario("quiet", CONFIG, LOG, (Start(), PollStep(5), Rest()), 0)
TWICE = replace(
    QUIET,
    name="twice",
    course=(
        Start(),
        PollStep(5),
        Fault("commit"),
        CommitStep(),
        Start({"flush.size": "3"}),
        Rest(),
    ),
)
"""Two complete files of two are not committed when the process dies; the next life cuts by three: offset 2 moves."""
EXACT = Expectation(objects={FIRST: (0, 1), SECOND: (2, 3)}, committed={T0: 4})


def came_of(scenario: Scenario) -> tuple[Run, Verdict]:
    """A run in memory, and its verdict."""
    ran = run(scenario, SimulatedWorld())
    return ran, judge(ran.history)


def written(tmp_path: Path, scenario: Scenario) -> Path:
    """The scenario as a file."""
    path = tmp_path / f"{scenario.name}.yaml"
    path.write_text(files.dump(scenario), encoding="utf-8")
    return path


def test_no_difference() -> None:
    """What is exactly as stated gives no sentence."""
    assert [] == list(compare(EXACT, *came_of(QUIET)))


def test_what_is_not_stated_is_not_compared() -> None:
    """Objects and committed offsets may be left out; the guarantee and the findings may not."""
    assert [] == list(compare(Expectation(), *came_of(QUIET)))


def test_another_guarantee_differs_in_both_directions() -> None:
    """Stronger than expected is not as expected either."""
    weaker = replace(EXACT, guarantee="once at rest")

    assert ["expected the guarantee 'once at rest', found 'identical objects'"] == list(
        compare(weaker, *came_of(QUIET))
    )


def test_findings_that_were_not_expected_are_described() -> None:
    """Each with its kind, whether it lasted, and what was found where."""
    ran, verdict = came_of(TWICE)

    differences = list(compare(Expectation("at-least-once"), ran, verdict))

    assert [f"found, and not expected: {describe(found)}" for found in verdict.findings] == differences
    assert any("rewritten (for a moment): expected" in each for each in differences)
    assert any(
        "duplicated: expected each record of t-0 once, found offsets 2 in each of" in each for each in differences
    )


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (Allowed("lost", "why"), "lost"),
        (Allowed("duplicated", "why", T1), "duplicated of t-1"),
        (Allowed("duplicated", "why", T0, (3, 4)), "duplicated of t-0 at offsets 3, 4"),
        (Allowed("leaked", "why", None, ()), "leaked at offsets "),
    ],
)
def test_findings_that_were_expected_must_be_there(expected: Allowed, told: str) -> None:
    """Kind, partition and offsets, as far as they are stated, have to be those of some finding."""
    expect = Expectation("at-least-once", (Allowed("rewritten", "why"), Allowed("duplicated", "why"), expected))

    assert [f"expected, and not found: {told}"] == list(compare(expect, *came_of(TWICE)))


def test_an_expected_finding_covers_those_of_its_kind() -> None:
    """Without offsets all findings of a kind are expected, with them only these."""
    ran, verdict = came_of(TWICE)
    wide = (Allowed("rewritten", "why"), Allowed("duplicated", "why", T0))
    narrow = (Allowed("rewritten", "why"), Allowed("duplicated", "why", T0, (2,)))
    wrong = (Allowed("rewritten", "why"), Allowed("duplicated", "why", T0, (2, 3)))

    assert [] == list(compare(Expectation("at-least-once", wide), ran, verdict))
    assert [] == list(compare(Expectation("at-least-once", narrow), ran, verdict))
    assert 2 == len(list(compare(Expectation("at-least-once", wrong), ran, verdict)))


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ({FIRST: (0, 1)}, [f"{SECOND}: expected no such object, found [2, 3]"]),
        ({FIRST: (0, 1), SECOND: (2, 3), "x": (4,)}, ["x: expected [4], found no such object"]),
        ({FIRST: (0, 1), SECOND: (3, 2)}, [f"{SECOND}: expected [3, 2], found [2, 3]"]),
        ({}, [f"{FIRST}: expected no such object, found [0, 1]", f"{SECOND}: expected no such object, found [2, 3]"]),
    ],
)
def test_objects_are_compared_by_key_and_offsets(objects: Mapping[str, tuple[int, ...]], told: list[str]) -> None:
    """One missing, one too many, and one with other offsets or another order."""
    assert told == list(compare(replace(EXACT, objects=objects), *came_of(QUIET)))


@pytest.mark.parametrize(
    ("committed", "told"),
    [({T0: 5}, "t-0: 5"), ({}, "none"), ({T0: 4, T1: 1}, "t-0: 4, t-1: 1")],
)
def test_committed_offsets_are_compared(committed: Mapping[TopicPartition, int], told: str) -> None:
    """All partitions, none too many."""
    expect = replace(EXACT, committed=committed)

    assert [f"expected committed offsets {told}, found t-0: 4"] == list(compare(expect, *came_of(QUIET)))


def test_what_was_found_can_be_written_down() -> None:
    """A scenario with the expectation of its own verdict is as expected."""
    ran, verdict = came_of(TWICE)

    expect = with_expectation(TWICE, verdict, "because it was so").expect

    assert [] == list(compare(expect, ran, verdict))
    assert {"because it was so"} == {allowed.because for allowed in expect.findings}


def test_a_file_is_replayed(tmp_path: Path) -> None:
    """As expected, or not as expected with the line that reproduces it."""
    right = replay(written(tmp_path, replace(QUIET, expect=EXACT)), SimulatedWorld())
    wrong = replay(written(tmp_path, replace(TWICE, expect=EXACT)), SimulatedWorld())

    assert ("as expected", ()) == (right.outcome, right.differences)
    assert "not as expected" == wrong.outcome
    assert "expected the guarantee 'identical objects', found 'at-least-once'" == wrong.differences[0]
    assert f"onceproof replay {tmp_path}/twice.yaml --world simulated" == wrong.command


def test_a_path_with_spaces_is_quoted() -> None:
    """The line can be pasted into a shell."""
    assert "onceproof replay 'my scenarios/a.yaml' --world embedded" == command(Path("my scenarios/a.yaml"), "embedded")


def test_a_fault_that_never_fires_says_nothing(tmp_path: Path) -> None:
    """A run in which an armed fault met no effect could not run: its green would be a lie."""
    never = replace(QUIET, course=(Fault("abort"), *QUIET.course))

    done = replay(written(tmp_path, never), SimulatedWorld())

    assert ("could not run", ("the fault 'crash before 1st abort' never met its effect",)) == (
        done.outcome,
        done.differences,
    )
    assert done.missing_capability is None
    assert done.verdict is None


def test_a_run_without_a_record_says_nothing(tmp_path: Path) -> None:
    """Nothing was put, so nothing was shown."""
    done = replay(written(tmp_path, replace(QUIET, course=(Start(),))), SimulatedWorld())

    assert ("could not run", ("nothing reached the sink: no put() was made",)) == (done.outcome, done.differences)


def test_a_sink_that_dies_at_once_says_of_what(tmp_path: Path) -> None:
    """A null value ends the task before anything is put."""
    log = {T0: (Record(0, 1, None, None),)}

    done = replay(written(tmp_path, replace(QUIET, log=log)), SimulatedWorld())

    assert "could not run" == done.outcome
    assert "it failed: t-0: offset 0 has a null value" in done.differences[0]


def test_what_the_world_lacks_is_named(tmp_path: Path) -> None:
    """A world refuses what it cannot do, and says which capability it would take."""
    world = SimulatedWorld()
    world.lacks = frozenset({"gaps in the log"})
    gaps = {T0: (LOG[T0][0], LOG[T0][2])}

    done = replay(written(tmp_path, replace(QUIET, log=gaps)), world)

    assert ("could not run", "gaps in the log") == (done.outcome, done.missing_capability)
    assert ("the simulated world cannot run it: it has no gaps in the log",) == done.differences


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"flush.size": "many"}, "flush.size: invalid value 'many': must be a whole number"),
        ({"s3.compression.type": "snappy"}, "s3.compression.type: invalid value 'snappy'"),
    ],
)
def test_a_wrong_configuration_could_not_run(tmp_path: Path, change: dict[str, str], told: str) -> None:
    """The property, its value and what is allowed."""
    done = replay(written(tmp_path, replace(QUIET, config={**CONFIG, **change})), SimulatedWorld())

    assert "could not run" == done.outcome
    assert told in done.differences[0]


def test_what_the_model_does_not_cover_could_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partitioner of the user's own; the model says so."""
    (tmp_path / "own_partitioner.py").write_text(
        "class ByWeekday:\n"
        "    def configure(self, properties):\n        pass\n"
        "    def encode(self, record, now_ms):\n        return 'monday'\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = {**CONFIG, "partitioner.class": "own_partitioner:ByWeekday"}

    done = replay(written(tmp_path, replace(QUIET, config=config)), SimulatedWorld())

    assert "could not run" == done.outcome
    assert "the model does not cover it: partitioner.class" in done.differences[0]


def test_offsets_cannot_expire_under_a_living_sink(tmp_path: Path) -> None:
    """A course that makes no sense is the file's fault."""
    path = written(tmp_path, QUIET)
    path.write_text(
        path.read_text(encoding="utf-8").replace("- start", "- start\n  - expire_offsets"), encoding="utf-8"
    )

    done = replay(path, SimulatedWorld())

    assert ("could not run", ("offsets expire only while no life of the sink runs",)) == (
        done.outcome,
        done.differences,
    )


def test_folders_are_searched(tmp_path: Path) -> None:
    """All YAML files below a folder, sorted; a file is taken whatever it is called."""
    for name in ("b.yaml", "a/c.yaml", "note.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()

    found = scenario_files([tmp_path, tmp_path / "note.txt"])

    assert [tmp_path / "a/c.yaml", tmp_path / "b.yaml", tmp_path / "note.txt"] == found


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    """Neither a missing file nor a folder without scenarios passes for success."""
    with pytest.raises(ScenarioError, match=r"nowhere: no such file or folder"):
        scenario_files([tmp_path / "nowhere"])
    with pytest.raises(ScenarioError, match=r"holds no \*\.yaml file"):
        scenario_files([tmp_path])
