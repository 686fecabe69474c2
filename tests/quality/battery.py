"""What every planted defect meets: many cases, in tiers, none of them made for any defect.

The whole battery takes minutes for all defects, so a part of it is kept in files: enough to see all that the whole one
sees, case by case chosen for that and for nothing else. What is kept does not change when Hypothesis draws otherwise.
"""

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from onceproof import golden
from onceproof.model.judge import judge
from onceproof.model.settings import settings as settings_of
from onceproof.scenarios import files, strategies, wide
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.explore import Bound
from onceproof.scenarios.explore import scenarios as small_worlds
from onceproof.scenarios.recorded_lives import history_of
from onceproof.scenarios.recordings import Recording, read
from onceproof.scenarios.refinement import (
    Difference,
    FaultFree,
    broken_rules,
    differences_of_bucket,
    lives_of,
    predicted_bucket,
)
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Rebalance, Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "unit"))

from known_histories import KNOWN_BAD, KNOWN_GOOD, Known, found_in  # noqa: E402 - behind the path

KEPT = HERE / "battery.jsonl"
GOLDEN = HERE.parent / "golden" / "golden.jsonl"

TIERS = ("small worlds", "drawn", "drawn, all parts", "recordings", "known histories")
DRAWN = 800
"""Scenarios of all parts; half as many of runs without faults, and an eighth or a quarter of those of fewer parts."""
SAMPLED = 8
"""One in so many of the small worlds."""
NEVER = ("misplaced", "altered", "reordered", "leaked", "overtaken", "lost")
"""What the judge finds in no recording of the real connector."""

Oracle = Callable[[Run], Iterator[Difference]]


class Case(NamedTuple):
    """One thing to look at. `seen` names the oracles that find fault with it, for sink and model as they are now."""

    tier: str
    name: str
    seen: Callable[[], frozenset[str]]
    scenario: Scenario | None = None
    look: str = ""


# --- how a case is looked at -----------------------------------------------------------------------------------------


def against_the_fault_free_run(ran: Run) -> Iterator[Difference]:
    """The property of record time: identical objects after any crash."""
    return FaultFree.of(ran.scenario.log, ran.scenario.config, ran.scenario.schemas).differences(ran)


def against_the_bucket(ran: Run) -> Iterator[Difference]:
    """The property of runs without faults: the bucket is the model's, and where no clock is read, the one bucket."""
    yield from broken_rules(ran)
    yield from differences_of_bucket(predicted_bucket(ran), ran)
    lives = lives_of(ran)
    depends_on_polls = any(
        life.writer.rules.is_clocked or (life.writer.rules.interval_ms > 0 and life.prediction.expected.dead_letters)
        for life in lives
    )
    if ran.state == "stopped" and not depends_on_polls:
        yield from against_the_fault_free_run(ran)


LOOKS: Mapping[str, Oracle] = {
    "fault-free": against_the_fault_free_run,
    "rules": broken_rules,
    "bucket": against_the_bucket,
}


def of_scenario(tier: str, name: str, look: str, scenario: Scenario) -> Case:
    """A scenario as a case."""

    def seen() -> frozenset[str]:
        try:
            ran = run(scenario, SimulatedWorld())
        except Exception:  # noqa: BLE001 - a damaged sink may break in any way
            return frozenset({"the sink breaks"})
        try:
            return frozenset({difference.oracle for difference in LOOKS[look](ran)})
        except Exception:  # noqa: BLE001 - so may a damaged model
            return frozenset({"the model breaks"})

    return Case(tier, name, seen, scenario, look)


def of_recording(recording: Recording) -> Case:
    """A recording as a case: sink and model do what was recorded, and the judge accuses the real sink of nothing."""

    def seen() -> frozenset[str]:
        compared = golden.compare(recording)
        found = {"recorded: sink"} if compared.sink == "different" else set()
        found |= {"recorded: model"} if compared.model == "different" else set()
        history = history_of(recording)
        if history is not None:
            try:
                kinds = {finding.kind for finding in judge(history).findings}
            except Exception:  # noqa: BLE001 - a damaged model may break in any way
                return frozenset({*found, "the model breaks"})
            found |= {f"judge: {kind}" for kind in kinds if kind in NEVER}
        return frozenset(found)

    return Case("recordings", recording.name, seen)


def of_known(known: Known) -> Case:
    """A known history as a case."""

    def seen() -> frozenset[str]:
        try:
            is_right = found_in(known.history) == sorted(known.found)
        except Exception:  # noqa: BLE001 - a damaged model may break in any way
            return frozenset({"the model breaks"})
        return frozenset() if is_right else frozenset({"known verdict"})

    return Case("known histories", known.what, seen)


# --- the whole battery -----------------------------------------------------------------------------------------------


def whole() -> Iterator[Case]:
    """All cases, tier by tier."""
    yield from small()
    yield from _drawn()
    yield from _drawn_wide()
    yield from map(of_recording, recordings().values())
    yield from map(of_known, known_histories().values())


def recordings() -> dict[str, Recording]:
    """The recordings of the real connector, by name."""
    return {each.name: each for each in read(GOLDEN) if isinstance(each, Recording)}


def known_histories() -> dict[str, Known]:
    """The histories written by hand, by what happens in them."""
    return {each.what: each for each in (*KNOWN_BAD, *KNOWN_GOOD)}


def small() -> Iterator[Case]:
    """Small worlds of all configurations, under one fault of three kinds."""
    for row in CONFIGURATIONS:
        is_identical = row.expectation("crash") == "identical objects" and not settings_of(row.properties).is_clocked
        look = "fault-free" if is_identical else "rules"
        for fault, bound in (
            ("crash", Bound(3, row.gaps_ms[-1:], row.clock_steps_ms)),
            ("S3 error", Bound(2, row.gaps_ms, row.clock_steps_ms)),
            ("lost reply", Bound(2, row.gaps_ms, row.clock_steps_ms)),
        ):
            found = small_worlds(row.properties, fault, bound, SimulatedWorld())
            for number, scenario in enumerate(itertools.islice(found, 0, None, SAMPLED)):
                name = f"{row.name} × {fault} #{number}"
                yield of_scenario("small worlds", name, look if fault == "crash" else "rules", scenario)


def _drawn() -> Iterator[Case]:
    faults = ("crash", "503", "io")
    steps_ms = strategies.CLOCK_STEPS_MS
    record_time = strategies.configurations()
    for name, look, scenarios, count in (
        ("crash", "fault-free", strategies.scenarios(record_time), DRAWN // 8),
        ("fault", "rules", strategies.scenarios(record_time, kinds=faults, clock_steps_ms=steps_ms), DRAWN // 8),
        (
            "clock",
            "rules",
            strategies.scenarios(strategies.clock_driven(), kinds=faults, clock_steps_ms=steps_ms),
            DRAWN // 4,
        ),
    ):
        for number, scenario in enumerate(draw(scenarios, count)):
            yield of_scenario("drawn", f"{name} #{number}", look, scenario)


def _drawn_wide() -> Iterator[Case]:
    kinds = ("crash", "crash", "503", "io", "403", "SlowDown", "ExpiredToken")
    for number, scenario in enumerate(draw(wide.wide_scenarios(kinds=kinds), DRAWN)):
        yield of_scenario("drawn, all parts", f"fault #{number}", "rules", scenario)
    for number, scenario in enumerate(draw(wide.wide_scenarios(is_calm=True), DRAWN // 2)):
        yield of_scenario("drawn, all parts", f"calm #{number}", "bucket", scenario)
    for number, scenario in enumerate(draw(wide.wide_scenarios(faults=(0, 0)), DRAWN)):
        if any(isinstance(step, Rebalance) for step in scenario.course):
            case = of_scenario("drawn, all parts", f"rebalance #{number}", "rules", _rebalanced_otherwise(scenario))
            if not case.seen():  # a partition kept without its writer ends the task (H27), and no rule here says so
                yield case


def _rebalanced_otherwise(scenario: Scenario) -> Scenario:
    """The scenario with its rebalances cooperative, or those of a partition that was lost, in turn."""
    ways: Iterator[Literal["cooperative", "lost"]] = itertools.cycle(("cooperative", "lost"))
    course = tuple(step._replace(how=next(ways)) if isinstance(step, Rebalance) else step for step in scenario.course)
    return replace(scenario, course=course)


def draw(scenarios: st.SearchStrategy[Scenario], examples: int) -> list[Scenario]:
    """Scenarios of a strategy."""
    found: list[Scenario] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios)
    def collect(scenario: Scenario) -> None:
        found.append(scenario)

    collect()
    return found


# --- what is kept of it ----------------------------------------------------------------------------------------------


def keep(cases: Iterable[Case]) -> None:
    """Write these cases, in their order."""
    lines = []
    for case in cases:
        told: dict[str, str] = {"tier": case.tier, "name": case.name}
        if case.scenario is not None:
            told |= {"look": case.look, "scenario": files.dump(replace(case.scenario, name="kept"))}
        lines.append(json.dumps(told, ensure_ascii=False) + "\n")
    KEPT.write_text("".join(lines), encoding="utf-8")


@lru_cache(maxsize=1)
def kept() -> Sequence[Case]:
    """The cases that are kept."""
    recorded, known = recordings(), known_histories()
    found = []
    for line in KEPT.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if "scenario" in told:
            scenario = files.parse(told["scenario"], told["name"])
            found.append(of_scenario(told["tier"], told["name"], told["look"], scenario))
        elif told["tier"] == "recordings":
            found.append(of_recording(recorded[told["name"]]))
        else:
            found.append(of_known(known[told["name"]]))
    return found
