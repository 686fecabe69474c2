"""Replays scenario files: as expected, not as expected, or could not run; each with the line that reproduces it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from onceproof.model.history import Ended, Put, TopicPartition
from onceproof.model.judge import Finding, Verdict, judge
from onceproof.model.settings import OutsideDomain
from onceproof.scenarios import files
from onceproof.scenarios.errors import EnvironmentFailure, Incapable, ScenarioError
from onceproof.scenarios.run import DEFAULTS, Run, World, run
from onceproof.scenarios.scenario import Allowed, Expectation, Scenario
from onceproof.sink.errors import ConfigError
from onceproof.sink.settings.parsing import parse

_RECORDS_SPELT_OUT = 200
"""Above this many records an expectation names kinds and partitions, not offsets and objects."""

LIBRARY = Path(__file__).parent / "library"
"""The scenarios that come with Onceproof."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of one file. `differences` are sentences; `run` and `verdict` are there if it could run."""

    path: Path
    world: str
    outcome: Literal["as expected", "not as expected", "could not run"]
    differences: tuple[str, ...] = ()
    missing_capability: str | None = None
    warnings: tuple[str, ...] = ()
    """What the sink says of the scenario's configuration: unknown properties, and those without effect."""
    run: Run | None = None
    verdict: Verdict | None = None

    @property
    def command(self) -> str:
        """The line that reproduces it."""
        return command(self.path, self.world)


def command(path: Path, world: str) -> str:
    """The line that replays a file in a world."""
    return f"onceproof replay {shlex.quote(str(path))} --world {world}"


def scenario_files(paths: Iterable[Path]) -> list[Path]:
    """The files, and all `*.yaml` below the folders, sorted; raises ScenarioError for a path that is neither."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.yaml"))
            if not inside:
                raise ScenarioError(f"{path}: holds no *.yaml file")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ScenarioError(f"{path}: no such file or folder")
    return found


def replay(path: Path, world: World) -> Replay:
    """Run one file and compare with what it expects."""
    try:
        scenario = files.load(path)
        warnings = parse({**DEFAULTS, **scenario.config}).warnings
        ran = run(scenario, world)
    except Incapable as error:
        return Replay(path, world.name, "could not run", (str(error),), missing_capability=error.capability)
    except (ScenarioError, ConfigError, EnvironmentFailure) as error:
        return Replay(path, world.name, "could not run", (str(error),))
    if reasons := tuple(proves_nothing(ran)):
        return Replay(path, world.name, "could not run", reasons, run=ran)
    try:
        verdict = judge(ran.history)
    except OutsideDomain as error:
        return Replay(path, world.name, "could not run", (f"the model does not cover it: {error}",), run=ran)
    differences = tuple(compare(scenario.expect, ran, verdict))
    outcome: Literal["as expected", "not as expected"] = "not as expected" if differences else "as expected"
    return Replay(path, world.name, outcome, differences, warnings=warnings, run=ran, verdict=verdict)


def proves_nothing(ran: Run) -> Iterator[str]:
    """Why a run says nothing: a fault that never fired, or no record that reached the sink."""
    for fault in ran.unfired:
        yield f"the fault '{fault}' never met its effect"
    if not any(isinstance(event, Put) for event in ran.history.events):
        died = [event.detail for event in ran.history.events if isinstance(event, Ended) and event.how == "failed"]
        yield "nothing reached the sink: no put() was made" + (f"; it failed: {died[0]}" if died else "")


def compare(expect: Expectation, ran: Run, verdict: Verdict) -> Iterator[str]:
    """Each difference between what was expected and what was found, as a sentence."""
    if verdict.guarantee.value != expect.guarantee:
        yield f"expected the guarantee '{expect.guarantee}', found '{verdict.guarantee.value}'"
    for finding in verdict.findings:
        if not any(_covers(allowed, finding) for allowed in expect.findings):
            yield f"found, and not expected: {describe(finding)}"
    for allowed in expect.findings:
        if not any(_covers(allowed, finding) for finding in verdict.findings):
            where = f" of {allowed.partition}" if allowed.partition else ""
            offsets = f" at offsets {_listed(allowed.offsets)}" if allowed.offsets is not None else ""
            yield f"expected, and not found: {allowed.kind}{where}{offsets}"
    if expect.objects is not None:
        found = {at_rest.key: at_rest.offsets for at_rest in verdict.objects}
        for key in sorted({*expect.objects, *found}):
            if expect.objects.get(key) != found.get(key):
                yield f"{key}: expected {_object(expect.objects.get(key))}, found {_object(found.get(key))}"
    if expect.committed is not None and dict(expect.committed) != dict(ran.history.committed):
        yield f"expected committed offsets {_offsets(expect.committed)}, found {_offsets(ran.history.committed)}"


def describe(finding: Finding) -> str:
    """One finding as one line."""
    moment = "" if finding.at_rest else " (for a moment)"
    return f"{finding.kind}{moment}: {finding.detail}"


def _covers(allowed: Allowed, finding: Finding) -> bool:
    return (
        allowed.kind == finding.kind
        and allowed.partition in (None, finding.partition)
        and allowed.offsets in (None, finding.offsets)
    )


def _listed(offsets: tuple[int, ...]) -> str:
    return ", ".join(map(str, offsets))


def _object(offsets: tuple[int, ...] | None) -> str:
    return "no such object" if offsets is None else f"[{_listed(offsets)}]"


def _offsets(committed: Mapping[TopicPartition, int]) -> str:
    return ", ".join(f"{partition}: {offset}" for partition, offset in committed.items()) or "none"


def with_expectation(scenario: Scenario, verdict: Verdict, because: str) -> Scenario:
    """The scenario that expects exactly what was found, as a search writes it down."""
    large = sum(map(len, scenario.log.values())) > _RECORDS_SPELT_OUT
    findings = dict.fromkeys(
        Allowed(found.kind, because, found.partition, None if large else found.offsets or None)
        for found in verdict.findings
    )
    objects = None if large else {at_rest.key: at_rest.offsets for at_rest in verdict.objects}
    expect = Expectation(verdict.guarantee.value, tuple(findings), objects)
    return replace(scenario, expect=expect)
