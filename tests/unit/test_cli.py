"""The command line: what it prints, and its exit codes: 0 as expected, 1 not as expected, 2 could not be asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onceproof import cli
from onceproof.model import jsonlines
from onceproof.scenarios import files
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.worlds.simulated import SimulatedWorld

RIGHT = (LIBRARY / "interval-by-record-time.yaml").read_text(encoding="utf-8")
WRONG = RIGHT.replace("committed: {t-0: 103}", "committed: {t-0: 104}")
BROKEN = RIGHT.replace("- rest", "- rset")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("texts", "code", "told"),
    [
        ([RIGHT], 0, "1 as expected, in the simulated world"),
        ([RIGHT, WRONG], 1, "1 as expected, 1 not as expected, in the simulated world"),
        ([RIGHT, BROKEN], 2, "1 as expected, 1 could not run, in the simulated world"),
        ([WRONG, BROKEN], 1, "1 not as expected, 1 could not run, in the simulated world"),
    ],
)
def test_exit_codes_of_replay(
    folder: Path, capsys: pytest.CaptureFixture[str], texts: list[str], code: int, told: str
) -> None:
    """A difference is 1, whatever else; what could not run is 2."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")

    assert code == cli.main(["replay", "."])
    assert told == capsys.readouterr().out.splitlines()[-1]


def test_what_the_world_lacks_is_no_failure(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as something could run; a world that could run nothing has shown nothing."""
    monkeypatch.setattr(SimulatedWorld, "lacks", frozenset({"gaps in the log"}))
    gaps = LIBRARY / "gaps-of-transactions.yaml"

    assert 0 == cli.main(["replay", str(gaps), str(LIBRARY / "canary.yaml")])
    assert "the simulated world cannot run it: it has no gaps in the log" in capsys.readouterr().out
    assert 2 == cli.main(["replay", str(gaps)])


def test_a_difference_is_told_with_the_line_that_reproduces_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, differences, command; paths are never broken over lines."""
    path = folder / f"{'long-' * 40}name.yaml"
    path.write_text(WRONG, encoding="utf-8")

    cli.main(["replay", str(path)])

    assert [
        f"NO not as expected: {path}",
        "      expected committed offsets t-0: 104, found t-0: 103",
        (
            "      what happened: Records 100 to 103 in one poll. "
            "Life 0 wrote t+0+0000000100.json [100, 101, 102] (closed by the interval) and committed 103, "
            "then stopped in order. Pending, their window still open: offset 103."
        ),
        f"      reproduce with: onceproof replay {path} --world simulated",
        "1 not as expected, in the simulated world",
    ] == capsys.readouterr().out.splitlines()


def test_a_broken_file_is_told_and_the_others_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The place in it, the value, and what is allowed."""
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    (folder / "right.yaml").write_text(RIGHT, encoding="utf-8")

    assert 2 == cli.main(["replay", "broken.yaml", "right.yaml"])
    out = capsys.readouterr().out
    assert "-- could not run: broken.yaml" in out
    assert "broken.yaml: course[2]: 'rset' is not a step; steps are arrive, clock, commit," in out
    assert "ok as expected: right.yaml" in out


def test_without_a_path_the_library_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """All that comes with Onceproof, and all of it as expected."""
    count = len(list(LIBRARY.glob("*.yaml")))

    assert 0 == cli.main(["replay"])
    assert f"{count} as expected, in the simulated world" == capsys.readouterr().out.splitlines()[-1]


def test_json_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object for each file, and nothing else on the output."""
    (folder / "a.yaml").write_text(RIGHT, encoding="utf-8")
    (folder / "b.yaml").write_text(WRONG, encoding="utf-8")

    code = cli.main(["replay", "--json", "."])

    same = {"world": "simulated", "guarantee": "identical objects", "missing_capability": None, "warnings": []}
    assert 1 == code
    assert [
        same
        | {
            "file": "a.yaml",
            "outcome": "as expected",
            "differences": [],
            "reproduce": "onceproof replay a.yaml --world simulated",
        },
        same
        | {
            "file": "b.yaml",
            "outcome": "not as expected",
            "differences": ["expected committed offsets t-0: 104, found t-0: 103"],
            "reproduce": "onceproof replay b.yaml --world simulated",
        },
    ] == json.loads(capsys.readouterr().out)


def test_histories_are_kept_where_told(folder: Path) -> None:
    """As JSON Lines, in a folder that is made, under the name of the file."""
    (folder / "a.yaml").write_text(RIGHT, encoding="utf-8")

    cli.main(["replay", "a.yaml", "--history", "kept/here"])

    assert {"a.jsonl"} == {path.name for path in (folder / "kept/here").iterdir()}
    assert "simulated" == jsonlines.read(folder / "kept/here/a.jsonl").world


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "nowhere.yaml"], "onceproof: nowhere.yaml: no such file or folder"),
        (["replay", "."], "onceproof: .: holds no *.yaml file"),
        (["prove", "--config", "nowhere.properties"], "onceproof: the configuration is invalid:"),
        (["prove", "--log", "nowhere.jsonl"], "onceproof: --log nowhere.jsonl: --timestamp-field must say where"),
    ],
)
def test_what_cannot_be_asked_is_complained_of(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """On standard error, in a line, with exit code 2 and no traceback."""
    code = cli.main(arguments)

    captured = capsys.readouterr()
    assert (2, "") == (code, captured.out)
    assert captured.err.startswith(told)


@pytest.mark.parametrize("arguments", [[], ["replya"], ["replay", "--world", "moon"]])
def test_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is typed wrong, what is allowed is said."""
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)

    assert 2 == left.value.code
    assert "usage: onceproof" in capsys.readouterr().err


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, for an editor."""
    assert 0 == cli.main(["schema"])
    assert files.json_schema() == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [["schema"], ["explain", "my-sink.properties"]], ids=["long", "short"])
def test_a_reader_that_has_gone_is_no_error_to_tell(folder: Path, arguments: list[str]) -> None:
    """As with `| head -1`: silence, and the code that a shell gives a tool which SIGPIPE ended."""
    text = "\n".join(f"{name}={value}" for name, value in CONFIGURATIONS[1].properties.items())
    (folder / "my-sink.properties").write_text(text, encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "onceproof", *arguments], check=False, stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)

    assert (141, b"") == (done.returncode, done.stderr)


def test_a_broken_pipe_elsewhere_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever still reads the output learns of it."""

    def breaks(*_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli, "_schema", breaks)
    with open(os.devnull, "w", encoding="utf-8") as read:
        monkeypatch.setattr("sys.stdout", read)

        assert 2 == cli.main(["schema"])
    assert "onceproof: a file: Broken pipe" in capsys.readouterr().err
