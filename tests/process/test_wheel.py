"""The wheel, as a user gets it: installed beside a project that has folders called as ours are."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from onceproof.scenarios.replay import LIBRARY

pytestmark = pytest.mark.xdist_group("wheel")  # one build and one environment serve all

ROOT = Path(__file__).parents[2]
MINE = ("model", "sink", "scenarios", "reports", "tests")
OWN_TEST = """
from model.mine import NAME as model
from sink.mine import NAME as sink
from reports.mine import NAME as reports
from tests.mine import NAME as tests
from onceproof.model.history import TopicPartition

def test_own():
    assert ["my model", "my sink", "my reports", "my tests"] == [model, sink, reports, tests]
    assert "t-0" == str(TopicPartition("t", 0))
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Without this checkout on the path, from another folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; its dependencies are those of this one, seen through a path file."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    installed = run(
        *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet"),
        *("--no-deps", "--no-index", wheel),
        cwd=folder,
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # Behind the wheel's own folder, and no further: path files in there, such as that of this checkout, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project: their own packages of our names, a test of theirs, and a scenario."""
    for name in MINE:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "mine.py").write_text(f"NAME = 'my {name}'\n")
    (tmp_path / "tests" / "test_own.py").write_text(OWN_TEST)
    (tmp_path / "scenarios" / "canary.yaml").write_text((LIBRARY / "canary.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    return tmp_path


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    """`model`, `sink` and `tests` at the top level would overwrite somebody's own."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {"onceproof", wheel.name.rpartition("-py3")[0] + ".dist-info"} == {name.split("/")[0] for name in names}


def test_the_wheel_is_complete(wheel: Path) -> None:
    """Each file of the package is in it, code, scenarios and templates; and nothing that a run left behind."""
    packaged = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("onceproof/")}
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("", "model", "sink", "scenarios", "scenarios/worlds", "scenarios/library", "reports")
        for path in (ROOT / "onceproof" / folder).iterdir()
        if path.suffix in (".py", ".yaml")
    }
    templates = {f"onceproof/reports/templates/{path.name}" for path in (ROOT / "reports/templates").iterdir()}

    assert set() == (expected | templates) - packaged
    assert set() == {Path(name).suffix for name in packaged} & {".pyc", ".jsonl", ".md"}


def test_the_command_runs_where_folders_have_our_names(python: Path, project: Path) -> None:
    """The installed package finds its own modules, and its library."""
    own = run(python.with_name("onceproof"), "replay", "scenarios", cwd=project)
    library = run(python.with_name("onceproof"), "replay", cwd=project)

    assert (0, "") == (own.returncode, own.stderr)
    assert "ok as expected: scenarios/canary.yaml" in own.stdout
    assert (0, "") == (library.returncode, library.stderr)
    assert str(python.parents[1]) in library.stdout
    assert f"{len(list(LIBRARY.glob('*.yaml')))} as expected" in library.stdout


def test_pytest_runs_scenarios_beside_a_projects_own_tests(python: Path, project: Path) -> None:
    """The plugin loads by its entry point; both kinds of tests pass."""
    found = run(python, "-m", "pytest", "-v", "scenarios", "tests", cwd=project)

    assert 0 == found.returncode, found.stdout + found.stderr
    assert "scenarios/canary.yaml::canary PASSED" in found.stdout
    assert "tests/test_own.py::test_own PASSED" in found.stdout
    assert "2 passed" in found.stdout


def test_the_embedded_world_runs_from_the_wheel(python: Path, project: Path) -> None:
    """Its services and lives are processes of their own, which find the package again."""
    found = run(python.with_name("onceproof"), "replay", "scenarios", "--world", "embedded", cwd=project)

    assert (0, "") == (found.returncode, found.stderr)
    assert "1 as expected, in the embedded world" in found.stdout
