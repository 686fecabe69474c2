"""The scenarios that come with Onceproof, in the simulated world; other worlds are held to what they leave here."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from onceproof.model.guarantee import Guarantee
from onceproof.scenarios import files
from onceproof.scenarios.replay import LIBRARY, compare, replay
from onceproof.scenarios.scenario import Expectation
from onceproof.scenarios.worlds.simulated import SimulatedWorld

PATHS = sorted(LIBRARY.glob("*.yaml"))
CANARY = LIBRARY / "canary.yaml"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_scenario_is_as_expected(path: Path) -> None:
    """What was worked out by hand is what the sink leaves and what the judge finds."""
    done = replay(path, SimulatedWorld())

    assert ("as expected", ()) == (done.outcome, done.differences)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_scenario_says_what_it_is_about(path: Path) -> None:
    """Name and file are the same, its origin is given, and what it leaves is stated."""
    scenario = files.load(path)

    assert path.stem == scenario.name
    assert scenario.about
    assert scenario.source
    assert scenario.expect.committed is not None


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_scenario_is_valid_by_the_published_schema(path: Path) -> None:
    """An editor that checks files by the JSON Schema finds nothing to underline."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(files.json_schema())

    assert [] == list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8"))))


def test_the_canary_is_refuted() -> None:
    """Of two records of equal value one stands twice: whoever finds that each stands once is broken."""
    done = replay(CANARY, SimulatedWorld())

    assert done.verdict is not None
    assert Guarantee.AT_LEAST_ONCE == done.verdict.guarantee
    assert [(1,)] == [found.offsets for found in done.verdict.findings if found.kind == "duplicated"]


def test_the_canary_fails_where_nothing_wrong_is_expected() -> None:
    """Replayed as if it were to leave identical objects it is not as expected, finding by finding."""
    done = replay(CANARY, SimulatedWorld())
    assert done.run is not None
    assert done.verdict is not None

    differences = list(compare(replace(Expectation(), guarantee="identical objects"), done.run, done.verdict))

    assert "expected the guarantee 'identical objects', found 'at-least-once'" == differences[0]
    assert 1 + len(done.verdict.findings) == len(differences)
