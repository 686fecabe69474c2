"""A scenario as the worlds run it: configuration, log, and a course of events; and what is expected of it.

These are plain values, cheap to make by the thousand; `files` reads and writes them as YAML.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.model.frozen import frozen
from onceproof.model.history import Log, TopicPartition
from onceproof.model.ordinals import ordinal
from onceproof.scenarios.transactions import Aborted, visible

FaultAt: TypeAlias = Literal["create", "part", "complete", "abort", "tag", "head", "dead letter", "commit"]
FaultWhen: TypeAlias = Literal["before", "after", "unsent", "late"]
AnswerKind: TypeAlias = Literal[
    "429", "500", "502", "503", "504", "SlowDown", "200", "403", "409", "412", "ExpiredToken", "io"
]
FaultKind: TypeAlias = Literal[AnswerKind, "crash", "freeze", "thaw", "arrive"]
RebalanceHow: TypeAlias = Literal["eager", "lost", "cooperative"]

TRIGGERS = ("thaw", "arrive")
"""Kinds that happen at an effect and do nothing to it."""


class Start(NamedTuple):
    """A life begins; one that still runs is killed first.

    `config` changes the properties from here on (None removes one), `assign` narrows the partitions; the wall clock of
    this life runs `skew_ms` before that of the others. A life that is frozen stays so, and this one is its successor.
    """

    config: Mapping[str, str | None] = {}
    assign: tuple[TopicPartition, ...] | None = None
    skew_ms: int = 0


class PollStep(NamedTuple):
    """One consumer poll and one put(): up to `size` next records of every assigned partition that is not paused."""

    size: int


class CommitStep(NamedTuple):
    """The worker asks the task for offsets and commits them."""


class Crash(NamedTuple):
    """kill -9 between two effects: nothing is closed, nothing committed."""


class StopStep(NamedTuple):
    """An orderly end: commit, close, stop."""


class Rebalance(NamedTuple):
    """Give partitions back, and open those of `assign` from the committed offsets.

    `eager`: commit and close everything first; `lost`: the same without a commit, since the partitions are another's
    already; `cooperative`: only what is not in `assign` is given back, and only what is new is opened.
    """

    assign: tuple[TopicPartition, ...]
    how: RebalanceHow = "eager"


class Thaw(NamedTuple):
    """The life that froze first goes on for `effects` of its effects, and freezes again.

    None: to the end of its put. It then learns that its partitions are another's, closes its files, and ends.
    """

    effects: int | None = None


class Arrive(NamedTuple):
    """Requests that are under way (faults `late`) are applied now; of a member that was replaced, no commit is."""


class Outage(NamedTuple):
    """From here on every request to S3 is answered so, until `Restore` or `Rest`."""

    kind: AnswerKind = "io"


class Restore(NamedTuple):
    """The outage is over."""


class Trim(NamedTuple):
    """Retention deletes the records of a partition below `before`; only while no life runs."""

    of: TopicPartition
    before: int


class Compact(NamedTuple):
    """Compaction takes these records out of the log; only while no life runs."""

    of: TopicPartition
    offsets: tuple[int, ...]


class Produce(NamedTuple):
    """The next `records` of each partition become visible; as many as all these steps show are hidden at first."""

    records: int


class Foreign(NamedTuple):
    """Somebody else writes an object: another connector, or what a topic of that name left when it was deleted."""

    key: str
    body: bytes


class SetOffsets(NamedTuple):
    """The group's offsets are set by hand; only while no life runs."""

    offsets: Mapping[TopicPartition, int]


class RestartBroker(NamedTuple):
    """The broker stops in order and comes back with all that it holds; commits that are under way are lost."""


class Clock(NamedTuple):
    """Move the wall clock to `set_ms`, or by `add_ms`; it stands still otherwise."""

    set_ms: int | None = None
    add_ms: int = 0


class Pause(NamedTuple):
    """The process stands still for `ms` in the middle of its work: once it has read the clock `readings` more times."""

    ms: int
    readings: int


class Fault(NamedTuple):
    """Armed here: the `nth` next effect of that kind (of that partition) meets `kind`.

    `before`: the request is not made, and the sink is told; `after`: it is applied, and its reply is lost; `unsent`: it
    is not made, and the sink cannot know; `late`: the sink gives its reply up, and it is applied by `Arrive`. A `crash`
    kills the process there, a `freeze` stops it. A `thaw` lets the frozen life do `effects` of its effects first.
    """

    at: FaultAt
    nth: int = 1
    of: TopicPartition | None = None
    when: FaultWhen = "before"
    kind: FaultKind = "crash"
    effects: int | None = None

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        effects = f" for {self.effects}" if self.effects is not None else ""
        return f"{self.kind}{effects} {self.when} {ordinal(self.nth)} {self.at}{of}"


class ExpireOffsets(NamedTuple):
    """The group's committed offsets are gone, as after `offsets.retention.minutes`; only while no life runs."""


class Rest(NamedTuple):
    """Faults are over. Start if need be, read all partitions to the end, let back-offs and slots pass, commit, stop."""

    poll: int = 500


Step: TypeAlias = (
    Start
    | PollStep
    | CommitStep
    | Crash
    | StopStep
    | Rebalance
    | Clock
    | Pause
    | Fault
    | Thaw
    | Arrive
    | Outage
    | Restore
    | ExpireOffsets
    | SetOffsets
    | RestartBroker
    | Trim
    | Compact
    | Produce
    | Foreign
    | Rest
)


class Allowed(NamedTuple):
    """A finding that the scenario expects; `because` is the reason in the sink's own semantics."""

    kind: str
    because: str
    partition: TopicPartition | None = None
    offsets: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a run must come to. None of `objects` or `committed` means: not stated."""

    guarantee: str = "identical objects"
    findings: tuple[Allowed, ...] = ()
    objects: Mapping[str, tuple[int, ...]] | None = None
    committed: Mapping[TopicPartition, int] | None = None


@frozen
class Scenario:
    """One story. `clock_ms` is the wall clock at the beginning."""

    name: str
    config: Mapping[str, str]
    log: Log
    course: tuple[Step, ...]
    clock_ms: int
    about: str = ""
    source: tuple[str, ...] = ()
    expect: Expectation = field(default_factory=Expectation)
    seed: int | None = None
    origin: Mapping[str, Any] | None = None
    """How the file says the log, where it is not a list of records."""
    schemas: Mapping[int, str] = field(default_factory=dict)
    """What the schema registry holds: Avro schemas by id."""
    aborted: Aborted = field(default_factory=dict)
    """Which records of `log` belong to aborted transactions."""

    def visible_log(self) -> Log:
        """What the consumer of this configuration is handed of the log, by its isolation level."""
        return visible(self.log, self.aborted, self.config)

    def hidden(self) -> int:
        """How many of the last records of each partition are not there at first: as many as the course produces."""
        return sum([step.records for step in self.course if type(step) is Produce])

    def needs(self) -> frozenset[str]:
        """The capabilities that a world must have to run it, as worlds name them."""
        return frozenset(_needs(self))


def _needs(scenario: Scenario) -> list[str]:
    needs = []
    for records in scenario.log.values():
        if any(b.offset - a.offset != 1 for a, b in itertools.pairwise(records)):
            needs.append("gaps in the log")
        if records and records[0].offset > 0:
            needs.append("logs that start behind offset 0")
        if any(record.timestamp_ms is None for record in records):
            needs.append("records without a timestamp")
    if any(scenario.aborted.values()):
        needs.append("aborted transactions")
    needs += [need for step in scenario.course if (need := _need(step))]
    return needs


def _need(step: Step) -> str:
    """The capability that a step asks for; empty if every world has it."""
    match step:
        case Fault(kind="freeze" | "thaw"):
            return "frozen owners"
        case Fault(kind="arrive") | Fault(when="late"):
            return "requests that arrive late"
        case Rebalance(how="cooperative"):
            return "cooperative rebalances"
    return _NEEDS.get(type(step), "")


_NEEDS: Mapping[type, str] = {
    ExpireOffsets: "expiry of committed offsets",
    SetOffsets: "offsets set by hand",
    Rebalance: "rebalances",
    Pause: "pauses within a put",
    Thaw: "frozen owners",
    Arrive: "requests that arrive late",
    Trim: "retention",
    Compact: "compaction",
    Produce: "records produced during the course",
    Foreign: "objects of others",
    RestartBroker: "a broker that restarts",
}
