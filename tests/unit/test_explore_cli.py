"""`onceproof explore`, as a user types it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from onceproof import cli
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.replay import replay
from onceproof.scenarios.worlds.simulated import SimulatedWorld

BY_NAME = {row.name: row.properties for row in CONFIGURATIONS}
INTERVAL = BY_NAME["rotate.interval.ms, record time"]
SCHEDULE = BY_NAME["rotate.schedule.interval.ms, conditional writes off"]


def written(path: Path, properties: Mapping[str, str]) -> Path:
    """A user's file."""
    both = {"s3.bucket.name": "b", "storage.class": "io.confluent.connect.s3.storage.S3Storage", **properties}
    path.write_text("".join(f"{name}={value}\n" for name, value in both.items()))
    return path


def explored(*words: object) -> int:
    """The exit code of a search with one process."""
    return cli.main(["explore", "--workers", "1", *map(str, words)])


def test_what_nothing_refutes_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says what was run, and what lies outside."""
    file = written(tmp_path / "interval.properties", INTERVAL)

    code = explored(file, "--bound", 2, "--out", tmp_path / "out")

    said = " ".join(capsys.readouterr().out.split())
    assert 0 == code
    assert "every log of one partition up to 2 records, 1,000 or 3,000 or 0 ms apart" in said
    assert "up to 1 crash at any cut, also while recovering, up to 1 lost reply of any effect, no frozen owners" in said
    assert "distinct runs from the first record to rest, over 4 logs" in said
    assert "Outside: longer logs" in (tmp_path / "out" / "index.html").read_text()


def test_what_is_refuted_ends_with_1_and_a_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The story is a file that replays as it says, with no more faults than its class has."""
    file = written(tmp_path / "schedule.properties", SCHEDULE)
    options = ("--bound", 2, "--gap", 1000, "--lost-replies", 0, "--json")

    code = explored(file, *options, "--out", tmp_path / "out")

    report = json.loads(capsys.readouterr().out)
    (story,) = (tmp_path / "out" / "scenarios").glob("*.yaml")
    assert 1 == code
    assert {"none": "identical objects", "crash": "at-least-once"} == {
        cell["fault"]: cell["guarantee"] for cell in report["comparisons"][0]["rows"][0]["cells"]
    }
    assert "as expected" == replay(story, SimulatedWorld()).outcome
    assert 1 == story.read_text().count("kind: crash")


def test_a_configuration_that_is_none_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the property that is wrong."""
    file = written(tmp_path / "wrong.properties", {**INTERVAL, "flush.size": "many"})

    assert 2 == explored(file, "--out", tmp_path / "out")
    assert "flush.size" in capsys.readouterr().err


def test_one_checkpoint_is_of_one_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two files it cannot be."""
    file = written(tmp_path / "interval.properties", INTERVAL)

    assert 2 == explored(file, file, "--checkpoint", tmp_path / "kept.jsonl", "--out", tmp_path / "out")
    assert "--checkpoint goes with one FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "allowed"),
    [("--bound=0", "must be 1 or more"), ("--crashes=-1", "must be 0 or more"), ("--frozen-owners=2", "choose from")],
)
def test_numbers_out_of_range_are_refused(option: str, allowed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is allowed."""
    with pytest.raises(SystemExit) as left:
        explored("any.properties", option)

    assert 2 == left.value.code
    assert allowed in capsys.readouterr().err
