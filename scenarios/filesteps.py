"""The steps of a course, as a scenario file writes them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from onceproof.scenarios.fileparts import (
    Base64,
    Flow,
    Part,
    PartitionText,
    bytes_data,
    bytes_of,
    partition_of,
    property_text,
)
from onceproof.scenarios.scenario import (
    TRIGGERS,
    AnswerKind,
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    FaultAt,
    FaultKind,
    FaultWhen,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    RebalanceHow,
    Rest,
    RestartBroker,
    Restore,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)


class StartPart(Part):
    """Changes of the configuration (null removes a property), the partitions to assign, and the skew of its clock."""

    config: dict[str, str | int | bool | None] = {}
    assign: list[PartitionText] | None = None
    skew_ms: int = 0


class ClockPart(Part):
    """Set the wall clock, or move it."""

    set_ms: int | None = None
    add_ms: int = 0


class FaultPart(Part):
    """What happens to the nth next effect of a kind (of a partition)."""

    at: FaultAt
    nth: Annotated[int, Field(ge=1)] = 1
    of: PartitionText | None = None
    when: FaultWhen = "before"
    kind: FaultKind = "crash"
    effects: Annotated[int | None, Field(ge=1, description="with kind thaw: how many effects the frozen life does")] = (
        None
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "FaultPart":
        """Name what cannot be, at its place."""
        for is_wrong, message in self._wrongs():
            if is_wrong:
                raise PydanticCustomError("goes_together", "{message}", {"message": message})
        return self

    def _wrongs(self) -> Iterator[tuple[bool, str]]:
        yield (
            self.of is not None and self.at == "commit",
            (f"of {self.of!r} goes with S3 requests only: one commit is for all partitions"),
        )
        yield (
            self.when == "late" and (self.at not in _LATE or self.kind != "io"),
            (f"when: late goes with kind: io and at: {', '.join(_LATE)}"),
        )
        yield self.when == "unsent" and self.kind != "io", "when: unsent goes with kind: io, a connection that is lost"
        yield self.kind in TRIGGERS and self.when != "before", f"kind: {self.kind} happens before its effect"
        yield (
            self.at == "head" and (self.when != "before" or self.kind in ("crash", "freeze")),
            ("at: head goes with when: before and an answer or a trigger: asking changes nothing"),
        )
        yield self.effects is not None and self.kind != "thaw", "effects goes with kind: thaw"


_LATE = ("complete", "abort", "tag", "commit")


class RebalancePart(Part):
    """Partitions are given back and taken, in one of three ways."""

    assign: list[PartitionText]
    how: RebalanceHow = "eager"


class PausePart(Part):
    """How long the process stands still, and how often it reads the clock until then."""

    ms: Annotated[int, Field(ge=1)]
    readings: Annotated[int, Field(ge=1)]


class ThawPart(Part):
    """How many of its effects the frozen life does."""

    effects: Annotated[int, Field(ge=1)]


class OutagePart(Part):
    """How the bucket answers every request."""

    kind: AnswerKind = "io"


class TrimPart(Part):
    """Whose records retention deletes, and up to where."""

    of: PartitionText
    before: Annotated[int, Field(ge=0)]


class CompactPart(Part):
    """Whose records compaction takes, and which."""

    of: PartitionText
    offsets: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class ForeignPart(Part):
    """What somebody else writes."""

    key: Annotated[str, Field(min_length=1)]
    value: str | Base64


class RestPart(Part):
    """How many records a poll takes while the sink finishes."""

    poll: Annotated[int, Field(ge=1)] = 500


class StartStep(Part):
    """A life begins."""

    start: StartPart


class PollLine(Part):
    """One poll and one put."""

    poll: Annotated[int, Field(ge=0)]


class ClockStep(Part):
    """The wall clock moves."""

    clock: ClockPart


class PauseStep(Part):
    """The process stands still for a while."""

    pause: PausePart


class FaultStep(Part):
    """A fault is armed."""

    fault: FaultPart


class RebalanceStep(Part):
    """Partitions are given back and taken."""

    rebalance: list[PartitionText] | RebalancePart


class ThawStep(Part):
    """A frozen life goes on for a while."""

    thaw: ThawPart


class OutageStep(Part):
    """The bucket is out of reach."""

    outage: OutagePart


class TrimStep(Part):
    """Retention deletes records."""

    trim: TrimPart


class CompactStep(Part):
    """Compaction takes records."""

    compact: CompactPart


class ProduceLine(Part):
    """More records of each partition come."""

    produce: Annotated[int, Field(ge=1)]


class ForeignStep(Part):
    """Somebody else writes an object."""

    foreign: ForeignPart


class OffsetsStep(Part):
    """The group's offsets are set by hand."""

    offsets: dict[PartitionText, Annotated[int, Field(ge=0)]]


class RestStep(Part):
    """Faults are over."""

    rest: RestPart


Word: TypeAlias = Literal[
    "start",
    "commit",
    "crash",
    "stop",
    "expire_offsets",
    "rest",
    "thaw",
    "arrive",
    "outage",
    "restore",
    "restart_broker",
]
StepPart: TypeAlias = (
    Word
    | StartStep
    | PollLine
    | ClockStep
    | PauseStep
    | FaultStep
    | RebalanceStep
    | ThawStep
    | OutageStep
    | TrimStep
    | CompactStep
    | ProduceLine
    | ForeignStep
    | OffsetsStep
    | RestStep
)
STEPS: Mapping[str, type[Part]] = {
    "start": StartStep,
    "poll": PollLine,
    "clock": ClockStep,
    "pause": PauseStep,
    "fault": FaultStep,
    "rebalance": RebalanceStep,
    "thaw": ThawStep,
    "outage": OutageStep,
    "trim": TrimStep,
    "compact": CompactStep,
    "produce": ProduceLine,
    "foreign": ForeignStep,
    "offsets": OffsetsStep,
    "rest": RestStep,
}
WORDS: Mapping[str, Step] = {
    "start": Start(),
    "commit": CommitStep(),
    "crash": Crash(),
    "stop": StopStep(),
    "expire_offsets": ExpireOffsets(),
    "rest": Rest(),
    "thaw": Thaw(),
    "arrive": Arrive(),
    "outage": Outage(),
    "restore": Restore(),
    "restart_broker": RestartBroker(),
}


def step_of(part: Any) -> Step:  # noqa: PLR0911, PLR0912 - one line for each step
    """A step, from its validated part."""
    match part:
        case str():
            return WORDS[part]
        case StartStep(start=start):
            config = {name: None if value is None else property_text(value) for name, value in start.config.items()}
            assign = None if start.assign is None else tuple(map(partition_of, start.assign))
            return Start(config, assign, start.skew_ms)
        case PollLine(poll=count):
            return PollStep(count)
        case ClockStep(clock=clock):
            return Clock(clock.set_ms, clock.add_ms)
        case PauseStep(pause=pause):
            return Pause(pause.ms, pause.readings)
        case FaultStep(fault=fault):
            of = None if fault.of is None else partition_of(fault.of)
            return Fault(fault.at, fault.nth, of, fault.when, fault.kind, fault.effects)
        case RebalanceStep(rebalance=RebalancePart(assign=assigned, how=how)):
            return Rebalance(tuple(map(partition_of, assigned)), how)
        case RebalanceStep(rebalance=list() as assigned):
            return Rebalance(tuple(map(partition_of, assigned)))
        case ThawStep(thaw=thaw):
            return Thaw(thaw.effects)
        case OutageStep(outage=outage):
            return Outage(outage.kind)
        case TrimStep(trim=trim):
            return Trim(partition_of(trim.of), trim.before)
        case CompactStep(compact=compact):
            return Compact(partition_of(compact.of), tuple(compact.offsets))
        case ProduceLine(produce=records):
            return Produce(records)
        case ForeignStep(foreign=foreign):
            return Foreign(foreign.key, bytes_of(foreign.value) or b"")
        case OffsetsStep(offsets=offsets):
            return SetOffsets({partition_of(text): offset for text, offset in offsets.items()})
        case RestStep(rest=rest):
            return Rest(rest.poll)
    raise AssertionError(f"{part!r} passed validation")


def step_data(step: Step) -> object:  # noqa: PLR0911, PLR0912 - one line for each step
    """A step as YAML data: equal steps give equal data."""
    for word, same in WORDS.items():
        if type(step) is type(same) and step == same:
            return word
    match step:
        case Start(config, assign, skew_ms):
            start: dict[str, Any] = {"config": dict(config)} if config else {}
            start |= {"assign": list(map(str, assign))} if assign is not None else {}
            return {"start": start | ({"skew_ms": skew_ms} if skew_ms else {})}
        case PollStep(count):
            return Flow(poll=count)
        case Clock(set_ms, add_ms):
            moved = {"add_ms": add_ms} if add_ms or set_ms is None else {}
            return Flow(clock=Flow(({} if set_ms is None else {"set_ms": set_ms}) | moved))
        case Pause(ms, readings):
            return Flow(pause=Flow(ms=ms, readings=readings))
        case Fault(at, nth, of, when, kind, effects):
            where = {} if of is None else {"of": str(of)}
            many = {} if effects is None else {"effects": effects}
            return Flow(fault=Flow({"at": at, "nth": nth} | where | {"when": when, "kind": kind} | many))
        case Rebalance(assign, how):
            named = list(map(str, assign))
            return Flow(rebalance=named if how == "eager" else Flow(assign=named, how=how))
        case Thaw(int() as effects):
            return Flow(thaw=Flow(effects=effects))
        case Outage(kind):
            return Flow(outage=Flow(kind=kind))
        case Trim(of, before):
            return Flow(trim=Flow(of=str(of), before=before))
        case Compact(of, offsets):
            return Flow(compact=Flow(of=str(of), offsets=list(offsets)))
        case Produce(records):
            return Flow(produce=records)
        case Foreign(key, body):
            return Flow(foreign=Flow(key=key, value=bytes_data(body)))
        case SetOffsets(positions):
            return Flow(offsets=Flow({str(partition): offset for partition, offset in positions.items()}))
        case Rest(count):
            return Flow(rest=Flow(poll=count))
    raise AssertionError(f"{step!r} has no text")
