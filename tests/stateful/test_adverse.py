"""Whatever goes wrong, in any order: the sink does what the model says, and loses nothing that others have not lost."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import event, given, settings, target
from measured import Measured
from profiles import PROFILE, examples

from onceproof.model.history import Record, TopicPartition
from onceproof.scenarios import adverse, coverage
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.places import MEETINGS
from onceproof.scenarios.refinement import broken_rules, changed_objects
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    CommitStep,
    Compact,
    Fault,
    PollStep,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
    Thaw,
)
from onceproof.scenarios.transactions import level_of
from onceproof.scenarios.worlds.simulated import SimulatedWorld

DEFAULT = "io.confluent.connect.storage.partitioner.DefaultPartitioner"
EXAMPLES = 2000
RARE_EXAMPLES = 400


def parts_of(scenario: Scenario) -> Iterator[str]:
    """What a course is made of."""
    if any(scenario.aborted.values()):
        yield f"aborted transactions, {level_of(scenario.config)}"
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
    *("RestartBroker", "aborted transactions, read_uncommitted", "aborted transactions, read_committed"),
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


def test_an_owner_that_froze_in_its_commit_answers_behind_a_log_that_has_changed() -> None:
    """Drawn once: what it was asked for is answered when it thaws, whatever came between."""
    partition = TopicPartition("t", 0)
    log = {partition: tuple(Record(offset, EPOCH_MS, None, b"{}") for offset in range(2))}
    frozen = (Start(), PollStep(2), Fault("commit", kind="freeze"), StopStep(), Compact(partition, (0,)))
    course = (*frozen, Start(), PollStep(2), CommitStep(), Thaw(), Rest(1))
    config = {**JSON, "flush.size": "2", "partitioner.class": DEFAULT}

    assert [] == list(broken_rules(run(Scenario("drawn once", config, log, course, EPOCH_MS), SimulatedWorld())))
