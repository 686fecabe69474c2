"""The pytest plugin: scenario files beside a project's own tests, each with its outcome and its reason."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from onceproof import replaying  # loaded here, since what a pytester run imports is forgotten after it
from onceproof.scenarios.errors import EnvironmentFailure
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.worlds.simulated import SimulatedWorld

pytest_plugins = "pytester"

RIGHT = (LIBRARY / "interval-by-record-time.yaml").read_text(encoding="utf-8")
WRONG = RIGHT.replace("committed: {t-0: 103}", "committed: {t-0: 104}")
GAPS = (LIBRARY / "gaps-of-transactions.yaml").read_text(encoding="utf-8")
HEAVY = {"boto3", "confluent_kafka", "hypothesis", "moto", "pydantic", "rich", "yaml"}

IS_INSTALLED = any(found.name == "onceproof" for found in entry_points(group="pytest11"))
PLUGINS = ("-p", "no:hypothesispytest", *(() if IS_INSTALLED else ("-p", "onceproof.pytest_plugin")))
"""Ours, which entry points bring where Onceproof is installed; Hypothesis's would be imported anew by each run."""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project without anything, in which Onceproof can be imported though it is not installed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(replaying.__file__).parents[1]))
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")
    return pytester


def scenarios(project: pytest.Pytester, **texts: str) -> None:
    """Scenario files in a folder of that name."""
    folder = project.mkdir("scenarios")
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """One pytest of the project."""
    return project.runpytest_inprocess(*PLUGINS, *arguments)


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What becomes of worlds: opened and closed, by name. All of them are the simulated one, and lack gaps."""
    seen = []

    @contextmanager
    def world_named(name: str) -> Iterator[SimulatedWorld]:
        seen.append(f"open {name}")
        world = SimulatedWorld()
        world.name, world.lacks = name, frozenset({"gaps in the log"})
        yield world
        seen.append(f"close {name}")

    monkeypatch.setattr(replaying, "world_named", world_named)
    return seen


def test_a_scenario_that_is_as_expected_passes(project: pytest.Pytester) -> None:
    """One file is one test, named after it."""
    scenarios(project, right=RIGHT)

    result = run(project, "-v", "scenarios")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["scenarios/right.yaml::right PASSED*"])


def test_a_scenario_that_is_not_fails_with_the_differences(project: pytest.Pytester) -> None:
    """No traceback; the last line reproduces it, and the summary shows the first difference."""
    scenarios(project, wrong=WRONG)

    result = run(project, "scenarios")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ scenario wrong _*",
            "expected committed offsets t-0: 104, found t-0: 103",
            "Reproduce with: onceproof replay scenarios/wrong.yaml --world simulated",
            "*= short test summary info =*",
            "FAILED scenarios/wrong.yaml::wrong - *expected committed offsets*",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("onceproof: 2\n", "*onceproof: 2 is not a version that this release reads; it reads 1"),
        (RIGHT.replace("flush.size: 1000", "flush.size: many"), "flush.size: invalid value 'many'*"),
        (RIGHT.replace("- rest", "- fault: {at: abort}"), "the fault 'crash before 1st abort' never met its effect"),
    ],
)
def test_a_scenario_that_could_not_run_is_an_error(project: pytest.Pytester, text: str, told: str) -> None:
    """A broken file, a wrong configuration, a fault that never fired: an error with its reason; others still run."""
    scenarios(project, broken=text, right=RIGHT)

    result = run(project, "scenarios")

    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines([told, "Reproduce with: onceproof replay scenarios/broken.yaml --world simulated"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_the_world_lacks_is_skipped_by_name(project: pytest.Pytester, worlds: list[str]) -> None:
    """A world refuses what it cannot do; that is no failure."""
    scenarios(project, gaps=GAPS, right=RIGHT)

    result = run(project, "-rs", "--onceproof-world", "embedded", "scenarios")

    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(["SKIPPED*the embedded world cannot run it: it has no gaps in the log"])


def test_one_world_serves_a_session_and_is_closed_at_its_end(project: pytest.Pytester, worlds: list[str]) -> None:
    """It is opened once, however many scenarios there are."""
    scenarios(project, one=RIGHT, other=RIGHT)

    run(project, "scenarios").assert_outcomes(passed=2)

    assert ["open simulated", "close simulated"] == worlds


def test_no_scenario_no_world(project: pytest.Pytester, worlds: list[str]) -> None:
    """Who has no scenarios pays for nothing."""
    project.makepyfile("def test_own(): pass")

    run(project).assert_outcomes(passed=1)

    assert [] == worlds


@pytest.mark.parametrize(
    ("arguments", "world"), [((), "container"), (("--onceproof-world", "embedded"), "embedded")], ids=["ini", "option"]
)
def test_the_world_is_chosen_by_ini_or_option(
    project: pytest.Pytester, worlds: list[str], arguments: tuple[str, ...], world: str
) -> None:
    """The option wins."""
    project.makeini("[pytest]\naddopts = -p no:cacheprovider\nonceproof_world = container")
    scenarios(project, right=RIGHT)

    run(project, *arguments, "scenarios").assert_outcomes(passed=1)

    assert [f"open {world}", f"close {world}"] == worlds


def test_a_world_that_there_is_not_is_refused(project: pytest.Pytester) -> None:
    """Wherever it was named, with those that there are."""
    by_option = run(project, "--onceproof-world", "moon")
    project.makeini("[pytest]\nonceproof_world = moon")
    by_ini = run(project)

    assert [pytest.ExitCode.USAGE_ERROR] * 2 == [by_option.ret, by_ini.ret]
    by_option.stderr.fnmatch_lines(["*invalid choice: 'moon'*"])
    by_ini.stderr.fnmatch_lines(["*'moon' is no world; worlds are simulated, embedded, container*"])


def test_a_world_that_cannot_be_had_is_asked_for_once(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every scenario is an error with the reason, and nobody waits for Docker twice."""
    asked = []

    @contextmanager
    def world_named(name: str) -> Iterator[SimulatedWorld]:
        asked.append(name)
        raise EnvironmentFailure("no Docker engine answers here")
        yield SimulatedWorld()

    monkeypatch.setattr(replaying, "world_named", world_named)
    scenarios(project, one=RIGHT, other=RIGHT)

    result = run(project, "--onceproof-world", "container", "scenarios")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["the container world cannot be had: no Docker engine answers here"])
    assert ["container"] == asked


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n\n" + RIGHT,
        "\ufeff" + RIGHT,
        "%YAML 1.1\n---\n" + RIGHT,
        "--- # scenario\n" + RIGHT,
        RIGHT.replace("onceproof: 1", "'onceproof': 1"),
        RIGHT.replace("onceproof: 1", "onceproof : 1"),
    ],
    ids=["comment", "byte order mark", "directive", "document start", "quotes", "space"],
)
def test_the_first_name_makes_a_scenario(project: pytest.Pytester, text: str) -> None:
    """Whatever YAML allows before it."""
    scenarios(project, right=text)

    run(project, "scenarios").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "text",
    ["", "version: 1\nonceproof: 1\n", "onceproofs: 1\n", "- onceproof: 1\n", "  {% not yaml", "\x00\x01", "onceproof"],
)
def test_other_yaml_files_are_let_alone(project: pytest.Pytester, text: str) -> None:
    """Those of other tools, broken ones, and ones that are no text."""
    scenarios(project, other=text)
    (project.path / "scenarios" / "onceproof.yml.txt").write_text(RIGHT, encoding="utf-8")
    (project.path / "scenarios" / "latin.yaml").write_bytes(b"\xe9: 1\n")

    result = run(project, "scenarios")

    result.assert_outcomes()
    assert pytest.ExitCode.NO_TESTS_COLLECTED == result.ret


def test_a_project_may_have_folders_of_our_names(project: pytest.Pytester) -> None:
    """`model`, `sink`, `tests`, `reports` and `scenarios` of a project are its own."""
    for name in ("model", "sink", "tests", "reports"):
        project.mkpydir(name).joinpath("mine.py").write_text(f"NAME = 'my {name}'\n")
    own = "from model.mine import NAME as m\nfrom sink.mine import NAME as s\nfrom tests.mine import NAME as t\n"
    project.path.joinpath("tests", "test_own.py").write_text(
        f"{own}def test_own(): assert ['my model', 'my sink', 'my tests'] == [m, s, t]\n"
    )
    scenarios(project, right=RIGHT)

    result = project.runpytest_subprocess(*PLUGINS, "-v", "tests", "scenarios")

    result.assert_outcomes(passed=2)


def test_the_plugin_is_light() -> None:
    """It loads in every pytest of whoever has Onceproof, and brings nothing heavy with it."""
    code = "import sys, onceproof.pytest_plugin; print(*sorted(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "onceproof.pytest_plugin" in loaded
    assert set() == HEAVY & set(loaded)
    assert [] == [name for name in loaded if name.startswith(("onceproof.scenarios", "onceproof.sink"))]


def test_a_scenario_is_shown_as_its_user_would_type_it(project: pytest.Pytester, tmp_path: Path) -> None:
    """Relative to where pytest was started, else in full."""
    scenarios(project, wrong=WRONG)
    elsewhere = tmp_path / "wrong.yaml"
    elsewhere.write_text(WRONG, encoding="utf-8")

    result = run(project, "scenarios", str(elsewhere))

    result.stdout.fnmatch_lines(
        [
            "Reproduce with: onceproof replay scenarios/wrong.yaml --*",
            f"Reproduce with: onceproof replay {elsewhere} --*",
        ]
    )
