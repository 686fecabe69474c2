"""Whatever goes wrong, in any order: the sink does what the model says, and loses nothing that others have not lost."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import event, given, settings, target
from measured import Measured
from profiles import PROFILE, examples

from onceproof.scenarios import adverse, coverage
from onceproof.scenarios.places import MEETINGS
from onceproof.scenarios.refinement import broken_rules, changed_objects
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Fault, Rebalance, Scenario, Start, Step
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 1500
RARE_EXAMPLES = 400


def parts_of(scenario: Scenario) -> Iterator[str]:
    """What a course is made of."""
    for step in scenario.course:
        yield from _parts_of(step)


def _parts_of(step: Step) -> Iterator[str]:
    match step:
        case Fault(kind=kind, when=when, at=at):
            yield f"fault: {when} {kind}"
            yield f"at: {at}"
        case Rebalance(how=how):
            yield f"rebalance: {how}"
        case Start(config=config, skew_ms=skew_ms):
            if config:
                yield "start with other properties"
            if skew_ms:
                yield "start with another clock"
        case _:
            yield type(step).__name__


AT_LEAST = (
    *{f"fault: {when} {kind}" for meetings in MEETINGS.values() for when, kind in meetings},
    *(f"at: {at}" for at in MEETINGS),
    *("Thaw", "Arrive", "Outage", "Restore", "ExpireOffsets", "SetOffsets", "Trim", "Compact", "Produce", "Foreign"),
    *("Clock", "Pause", "Crash", "StopStep", "CommitStep", "PollStep", "Rest"),
    *("rebalance: eager", "rebalance: lost", "rebalance: cooperative"),
    *("start with other properties", "start with another clock"),
)
"""All that is there to be drawn: a vocabulary that is never used would prove nothing."""


def is_rare(cell: coverage.Cell) -> bool:
    """Whether a fault struck what seldom comes, or needed a story before it. The same cell has the same answer."""
    return cell.effect in ("head", "abort", "tag") or cell.fault in ("name taken", "thaw", "arrive")


def test_nothing_is_broken_whatever_goes_wrong(measured: Measured) -> None:
    """Frozen owners, late requests, outages, rebalances, changed logs, offsets, clocks and properties, at any effect.

    Every fault meets its effect, and in CI every word of the vocabulary is there.
    """
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=examples(EXAMPLES))
    @given(adverse.adverse_scenarios())
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        counts.update(parts_of(scenario))
        event(f"state: {ran.state}")

        assert () == ran.unfired
        assert [] == [*broken_rules(ran), *changed_objects(ran)]

    property_holds()

    measured(", ".join(f"{number:,} {part}" for part, number in sorted(counts.items())))
    if PROFILE.derandomize:
        assert [] == [part for part in AT_LEAST if not counts[part]]


def test_nothing_is_broken_where_faults_seldom_strike(measured: Measured) -> None:
    """The same, drawn towards scenarios that hit several rare cells of the fault coverage at once."""
    rare: Counter[coverage.Cell] = Counter()

    @settings(PROFILE, max_examples=examples(RARE_EXAMPLES))
    @given(adverse.adverse_scenarios())
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        hit = {cell for cell in coverage.cells_of(scenario) if is_rare(cell)}
        rare.update(hit)
        target(float(len(hit)), label="rare cells of the fault coverage")

        assert [] == [*broken_rules(ran), *changed_objects(ran)]

    property_holds()

    measured(f"{rare.total():,} hits of {len(rare)} rare cells")
    assert rare
