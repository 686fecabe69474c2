"""Sink and model against recordings of the real connector, step by step; and the judge on what was recorded."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from onceproof import golden
from onceproof.cli import main
from onceproof.model.guarantee import Guarantee
from onceproof.model.history import TopicPartition
from onceproof.model.judge import judge
from onceproof.scenarios.recorded_lives import history_of
from onceproof.scenarios.recordings import Recording, read, scenario_of
from onceproof.scenarios.scenario import Start

PATH = Path(__file__).parent / "golden.jsonl"
RECORDINGS = [each for each in read(PATH) if isinstance(each, Recording)]
ALL = [pytest.param(each, id=each.name) for each in RECORDINGS]
READABLE = [each for each in ALL if history_of(each.values[0]) is not None]
"""Without those that keep digests of their objects instead of their text."""
NEVER = {"misplaced", "altered", "reordered", "leaked", "overtaken", "lost"}
"""The real sink does none of these in any recording: it writes what it must and commits what is durable."""
DECLARED = {
    "default-020": "pad-width-0",
    "format-013": "bytes-of-no-bytes",
    "pathformat-054": "partition-duration-0",
    "tombstone-030": "tombstone-text-in-keys",
}
"""What the real connector starts with and dies of, and this sink refuses, by the row of the deviations."""


@pytest.mark.parametrize("recording", ALL)
def test_sink_and_model_do_what_was_recorded(recording: Recording) -> None:
    """Deliveries, objects, commits, rewinds and pauses by step; contents of all versions; what is left at the end."""
    compared = golden.compare(recording)

    assert ("declared" if recording.name in DECLARED else "equal") == compared.sink, str(compared.sink_difference)
    assert "equal" == compared.model, str(compared.model_difference)
    assert DECLARED.get(recording.name, "") == compared.because


@pytest.mark.parametrize("recording", READABLE)
def test_the_judge_finds_only_what_the_real_sink_does(recording: Recording) -> None:
    """Duplicates and rewrites where two objects hold one record; nothing misplaced, overtaken or lost."""
    history = history_of(recording)
    assert history is not None
    verdict = judge(history)

    assert set() == NEVER & {finding.kind for finding in verdict.findings}
    assert () == verdict.not_observed
    stored = Counter((each.partition, each.kind, offset) for each in verdict.objects for offset in each.offsets)
    twice = {where for where, times in stored.items() if times > 1}
    found = {
        (finding.partition, finding.object_kind, offset)
        for finding in verdict.findings
        if finding.kind == "duplicated" and finding.at_rest
        for offset in finding.offsets
    }
    assert twice == found
    assert verdict.guarantee.implies(Guarantee.AT_LEAST_ONCE)


def test_all_recordings_are_compared() -> None:
    """None is left out, and nearly all are readable for the judge."""
    assert 359 == len(ALL)
    assert 340 < len(READABLE)


def changed(recording: Recording, **of_expect: object) -> Recording:
    """The recording with other things seen."""
    return replace(recording, expect={**recording.expect, **of_expect})


def by_name(name: str) -> Recording:
    """One of them."""
    return next(each for each in RECORDINGS if each.name == name)


def test_another_commit_is_a_difference() -> None:
    """The comparison can fail: of what is committed at the end."""
    compared = golden.compare(changed(by_name("tombstone-007"), committed={"t-0": 3}))

    assert "different" == compared.sink
    assert "at the end: committed offsets: recorded {'t-0': 3}, found {'t-0': 4}" == str(compared.sink_difference)


def test_another_object_is_a_difference_of_both() -> None:
    """The comparison can fail: sink and model are told apart from a recording of another name, at its step."""
    recording = by_name("tombstone-007")
    steps = [
        {**step, "puts": [key.replace("0000000002", "0000000003") for key in step["puts"]]} if "puts" in step else step
        for step in recording.expect["steps"]
    ]
    compared = golden.compare(changed(recording, steps=steps))

    assert ("different", "different") == (compared.sink, compared.model)
    assert compared.sink_difference is not None
    assert (4, "objects") == compared.sink_difference[:2]
    assert compared.model_difference is not None
    assert 4 == compared.model_difference.step


def test_other_bytes_are_a_difference() -> None:
    """The comparison can fail: of the content of an object."""
    recording = by_name("tombstone-007")
    objects = [
        {**seen, "versions": [{**version, "sha256": "0" * 64} for version in seen["versions"]]}
        for seen in recording.expect["objects"]
    ]
    compared = golden.compare(changed(recording, objects=objects))

    assert ("different", "different") == (compared.sink, compared.model)


def test_a_sink_that_wrote_where_this_one_does_not_start_is_no_declared_deviation() -> None:
    """A deviation excuses a refusal only if the recorded life ends in failure, or is over before it wrote."""
    recording = by_name("default-020")
    steps = [{key: value for key, value in step.items() if key != "state"} for step in recording.expect["steps"]]
    steps[0]["state"] = "RUNNING"
    wrote = [{**step, "puts": ["topics/t/partition=0/t+0+0.json"]} if step["i"] == 1 else step for step in steps]

    assert "different" == golden.compare(changed(recording, steps=wrote)).sink


def test_the_order_of_objects_counts() -> None:
    """Two objects of one partition that were completed in one step, told the other way round."""
    recording = by_name("schema-019")
    steps = [{**step, "puts": step.get("puts", [])[::-1]} for step in recording.expect["steps"]]
    compared = golden.compare(changed(recording, steps=steps))

    assert "different" == compared.sink
    assert compared.sink_difference is not None
    assert "order of t-0" == compared.sink_difference.what


def lines(tmp_path: Path, *texts: str) -> Path:
    """A file of these lines."""
    path = tmp_path / "recordings.jsonl"
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_an_odd_line_is_told_and_the_others_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary counts it, the exit code is 1."""
    good = PATH.read_text(encoding="utf-8").splitlines()[0]
    path = lines(tmp_path, "{", '{"case": {"id": "x"}}', "", good)

    assert 1 == main(["golden", str(path)])
    told = capsys.readouterr().out.splitlines()
    assert "sink: 1 equal + 0 declared of 3; model: 1 equal + 0 declared of 3, 0 outside its domain" == told[-1]
    assert any("not JSON" in line for line in told)


def test_a_file_without_a_recording_cannot_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing compared is not everything equal."""
    assert 2 == main(["golden", str(lines(tmp_path, ""))])
    assert "holds no recording" in capsys.readouterr().err


def test_a_start_that_names_no_partitions_has_all_of_them() -> None:
    """Also behind a rebalance that took some away."""
    case = {
        "id": "x",
        "clock": 0,
        "props": {},
        "log": [{"o": 0, "ts": -1, "v": "1"}, {"p": 1, "o": 0, "ts": 0, "v": "1"}],
        "steps": [{"op": "start"}, {"op": "rebalance", "assign": ["t-0"]}, {"op": "crash"}, {"op": "start"}],
    }
    scenario = scenario_of(case)

    assert isinstance(scenario.course[3], Start)
    assert (("t", 0), ("t", 1)) == scenario.course[3].assign


def test_minus_one_is_no_time_in_runs_too() -> None:
    """As in single records."""
    run = {"run": {"o": 0, "n": 2, "ts": -1, "dts": 0, "v": "%d"}}
    case = {"id": "x", "clock": 0, "props": {}, "log": [run], "steps": []}

    assert [None, None] == [record.timestamp_ms for record in scenario_of(case).log[TopicPartition("t", 0)]]
