"""`onceproof prove`, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
# a sink of one's own
format.class=io.confluent.connect.s3.format.json.JsonFormat
flush.size=1000
partitioner.class=io.confluent.connect.storage.partitioner.HourlyPartitioner
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
timestamp.extractor=Record
timezone=UTC
locale=en
storage.class=io.confluent.connect.s3.storage.S3Storage
s3.bucket.name=somebody-elses
"""
INTERVAL = CONFIG + "rotate.interval.ms=3000\n"
SCHEDULE = CONFIG + "rotate.schedule.interval.ms=60000\n"


def prove(folder: Path, *arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "onceproof", "prove", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_built_in_table_is_as_expected_in_all_small_worlds(tmp_path: Path) -> None:
    """Every cell of the built-in table comes to what the connector's rules say, and the schedule is refuted."""
    done = prove(tmp_path, "--world", "simulated", "--json")

    assert (0, "") == (done.returncode, done.stderr.partition("Traceback")[1]), done.stderr
    report = json.loads(done.stdout)
    cells = {
        (row["name"], cell["fault"]): cell
        for table in report["comparisons"]
        for row in table["rows"]
        for cell in row["cells"]
    }
    assert all(cell["runs"] > 0 for cell in cells.values())
    assert "identical objects" == cells["rotate.interval.ms, record time", "crash"]["guarantee"]
    assert "at-least-once" == cells["rotate.schedule.interval.ms, conditional writes off", "crash"]["guarantee"]
    assert (
        "at-least-once" == cells["rotate.schedule.interval.ms, conditional writes on (default)", "crash"]["guarantee"]
    )


@pytest.mark.parametrize(("config", "code"), [(SCHEDULE, 1), (CONFIG + "rotate.interval=3000\nflush.size=x\n", 2)])
def test_a_users_own_configuration_decides_the_exit_code(tmp_path: Path, config: str, code: int) -> None:
    """A configuration that does not leave identical objects ends with 1, an invalid one with 2."""
    (tmp_path / "sink.properties").write_text(config)

    done = prove(tmp_path, "--config", "sink.properties", "--world", "simulated")

    assert code == done.returncode, done.stdout + done.stderr


def test_reports_of_one_seed_are_byte_identical(tmp_path: Path) -> None:
    """Two runs with one seed, in two processes with other hash seeds, leave equal HTML, Markdown, JUnit and text."""
    (tmp_path / "sink.properties").write_text(SCHEDULE)
    texts = []
    for hash_seed in ("1", "2"):
        done = prove(tmp_path, "--config", "sink.properties", "--world", "simulated", hash_seed=hash_seed)
        out = tmp_path / "reports" / "out"
        texts.append([done.stdout, *((out / name).read_text() for name in ("index.html", "report.md", "junit.xml"))])

    assert texts[0] == texts[1]


def test_a_log_of_ones_own_runs_in_the_embedded_world(tmp_path: Path) -> None:
    """A JSON Lines file is read in day-to-day operation by real processes, three of which are killed."""
    lines = [json.dumps({"at": 1_706_713_200_000 + 700 * i, "user": f"u{i % 7}", "n": i}) for i in range(300)]
    (tmp_path / "clicks.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "sink.properties").write_text(INTERVAL)

    done = prove(
        tmp_path,
        *("--config", "sink.properties", "--world", "embedded", "--json", "--junit", "j.xml", "--markdown", "m.md"),
        *("--log", "clicks.jsonl", "--timestamp-field", "at", "--key-field", "user"),
    )

    assert 0 == done.returncode, done.stderr
    [table] = json.loads(done.stdout)["comparisons"]
    assert ["identical objects"] * 2 == [cell["guarantee"] for cell in table["rows"][0]["cells"]]
    assert all((tmp_path / name).stat().st_size for name in ("j.xml", "m.md"))
