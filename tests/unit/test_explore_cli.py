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


def test_faults_of_which_a_part_is_enough_have_the_story_of_that_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lost reply and a crash need not both strike; and the story is told once."""
    file = written(tmp_path / "schedule.properties", SCHEDULE)

    explored(file, "--bound", 2, "--gap", 1000, "--json", "--out", tmp_path / "out")

    report = json.loads(capsys.readouterr().out)
    told = {cell["fault"]: cell["story"] for cell in report["comparisons"][0]["rows"][0]["cells"]}
    assert {"none": None, "crash": 1, "lost reply": 2, "lost reply, crash": 1} == told
    assert ["crash", "lost reply"] == [story["fault"] for story in report["stories"]]


def test_a_schedule_that_rotates_nothing_is_refuted_at_the_default_bound(tmp_path: Path) -> None:
    """A setting that acts at a distance: conditional writes take effect, and a file is taken for another's."""
    partitioner = "io.confluent.connect.storage.partitioner.DefaultPartitioner"
    names = ("locale", "timezone", "timestamp.extractor", "rotate.interval.ms")
    plain = {name: value for name, value in INTERVAL.items() if name not in names}
    file = written(
        tmp_path / "zero.properties", {**plain, "partitioner.class": partitioner, "rotate.schedule.interval.ms": "0"}
    )

    assert 1 == explored(file, "--out", tmp_path / "out")


def test_what_is_not_drawn_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a configuration may meet other records than a search draws, nobody is left to think that it had looked."""
    file = written(tmp_path / "nulls.properties", {**INTERVAL, "behavior.on.null.values": "ignore"})

    explored(file, "--bound", 2, "--lost-replies", 0, "--out", tmp_path / "out")

    assert "not drawn, though it may meet them: null values" in " ".join(capsys.readouterr().out.split())


def test_a_sink_that_stores_nothing_cannot_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A filter that drops every record."""
    transforms = {"transforms": "drop", "transforms.drop.type": "org.apache.kafka.connect.transforms.Filter"}
    file = written(tmp_path / "filter.properties", {**INTERVAL, **transforms})

    assert 2 == explored(file, "--out", tmp_path / "out")
    assert "stores no" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explore", "prove"])
@pytest.mark.parametrize("reset", [" LATEST", "none"])
def test_a_sink_that_reads_no_log_from_its_start_cannot_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, reset: str
) -> None:
    """Small worlds would count what it passes over on purpose as lost."""
    file = written(tmp_path / "reset.properties", {**INTERVAL, "consumer.override.auto.offset.reset": reset})
    words = ["explore", str(file)] if command == "explore" else ["prove", "--config", str(file), "--world", "simulated"]

    assert 2 == cli.main([*words, "--out", str(tmp_path / "out")])
    assert f"auto.offset.reset={reset.strip().lower()}: small worlds are read" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_told_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not behind the work."""
    file = written(tmp_path / "interval.properties", INTERVAL)

    assert 2 == explored(file, "--out", file)
    assert "distinct runs" not in capsys.readouterr().out


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
    [
        ("--bound=0", "must be 1 or more"),
        ("--crashes=-1", "must be 0 or more"),
        ("--frozen-owners=2", "choose from"),
        ("--gap=99999999999999", "must lie between"),
    ],
)
def test_numbers_out_of_range_are_refused(option: str, allowed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is allowed."""
    with pytest.raises(SystemExit) as left:
        explored("any.properties", option)

    assert 2 == left.value.code
    assert allowed in capsys.readouterr().err
