"""Hypothesis strategies over all parts of the sink: partitioners, converters, formats, schemas, nulls, dead letters.

Needs `hypothesis`, as `strategies`, of which this is the wide sister: there a log says where its objects are, here much
else does. Use `strategies` to ask whether a bucket is the fault-free one, and this to ask whether sink and model agree.

    from hypothesis import given
    from onceproof.scenarios import wide

    @given(wide.wide_scenarios())
    def test_they_agree(scenario): ...

Every configuration starts a task, and lies in what the model covers: what does not go together is not drawn, instead of
being drawn and thrown away. Logs fit their configuration but for records that are meant not to: these are drawn freely
where errors are tolerated, and now and then where the task dies of them. Values shrink towards few plain records, one
partition, default properties, a course of one poll, and no fault.
"""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Crash,
    FaultKind,
    PollStep,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
)
from onceproof.scenarios.wideconfigurations import FORMATS, formats_of, is_bytes, language_of, wide_configurations
from onceproof.scenarios.widelogs import FAR_MS, Content, wide_logs

__all__ = ["FAR_MS", "Content", "changes", "wide_configurations", "wide_courses", "wide_logs", "wide_scenarios"]

_STORAGE = "io.confluent.connect.storage.partitioner"


@st.composite
def wide_courses(draw: st.DrawFn, config: Mapping[str, str], log: h.Log, *, is_calm: bool = False) -> tuple[Step, ...]:
    """Courses of polls, commits, clock moves, crashes, restarts, stops, rebalances and changed properties; then a rest.

    All partitions are read in the end. A calm course has nothing but polls, commits and clock moves.
    """
    polls = st.builds(PollStep, st.integers(0, 1 + max(map(len, log.values()))))
    moves = [Clock(add_ms=each) for each in strategies.CLOCK_STEPS_MS[1:]]
    others: tuple[Step, ...] = (CommitStep(), *moves)
    plain: st.SearchStrategy[tuple[Step, ...]] = st.one_of(polls, polls, polls, st.sampled_from(others)).map(_alone)
    events = plain if is_calm else st.one_of(plain, plain, _interruptions(config, log, polls))
    found = [step for steps in draw(st.lists(events, max_size=6)) for step in steps]
    return (Start(), *found, Rest(draw(st.integers(1, 6))))


def _alone(step: Step) -> tuple[Step, ...]:
    return (step,)


@st.composite
def _interruptions(
    draw: st.DrawFn, config: Mapping[str, str], log: h.Log, polls: st.SearchStrategy[PollStep]
) -> tuple[Step, ...]:
    """A life ends and another begins, perhaps with other properties; or partitions go and come back."""
    ends: tuple[tuple[Step, ...], ...] = ((Crash(),), (StopStep(),), ())
    kind = draw(st.sampled_from(("restart", "change", "rebalance")))
    if kind == "rebalance":
        kept = draw(st.lists(st.sampled_from(sorted(log)), min_size=1, unique=True))
        return Rebalance(tuple(kept)), draw(polls), Rebalance(tuple(log))
    end = draw(st.sampled_from(ends))
    return (*end, Start(draw(changes(config)) if kind == "change" else {}))


@st.composite
def changes(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str | None]:
    """Properties that an operator changes between two lives, so that the same log can still be stored."""
    language = language_of(config, "value.converter")
    choices: list[dict[str, str | None]] = [
        {"flush.size": "2"},
        {"flush.size": "4"},
        {"topics.dir": "other", "file.delim": "-"},
        {"filename.offset.zero.pad.width": "5"},
        {"rotate.interval.ms": "2000"},
        {"partitioner.class": f"{_STORAGE}.DefaultPartitioner"},
        {
            "partitioner.class": f"{_STORAGE}.DailyPartitioner",
            "timezone": "Asia/Kolkata",
            "locale": "en",
            "timestamp.extractor": "Record",
        },
        {"behavior.on.null.values": "ignore"},
    ]
    if not is_bytes(config) and not {"store.kafka.keys", "store.kafka.headers"} & config.keys():
        others = [each for each in formats_of(language) if each != "bytes"]
        choices += [{"format.class": FORMATS[each], "s3.compression.type": None} for each in others]
    if "store.kafka.keys" in config:
        written: dict[str, str | None] = {"behavior.on.null.values": "write", "store.kafka.keys": "true"}
        choices += [written, {"store.kafka.keys": None, "behavior.on.null.values": None}]
    return draw(st.sampled_from(choices))


@st.composite
def wide_scenarios(
    draw: st.DrawFn,
    configs: st.SearchStrategy[dict[str, str]] | None = None,
    *,
    is_calm: bool = False,
    kinds: Sequence[FaultKind] = ("crash",),
    faults: tuple[int, int] = (0, 2),
) -> Scenario:
    """Whole scenarios, of a configuration of `configs` if they are given.

    A calm one has one life and no fault. In the others faults of `kinds` strike at any effect.
    """
    config = draw(wide_configurations() if configs is None else configs)
    log, schemas = draw(wide_logs(config))
    course = draw(wide_courses(config, log, is_calm=is_calm))
    clock_ms = draw(st.sampled_from(strategies.STARTS_MS)) + strategies.HOUR_MS * draw(st.integers(0, 23))
    calm = Scenario("drawn", config, log, course, max(clock_ms, EPOCH_MS), schemas=schemas)
    if is_calm:
        return calm
    return draw(strategies.disturbed(calm, faults, kinds))
