"""A scenario as the worlds run it: configuration, log, and a course of events; and what is expected of it.

These are plain values, cheap to make by the thousand; `files` reads and writes them as YAML.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.model.history import Log, TopicPartition
from onceproof.model.ordinals import ordinal

FaultAt: TypeAlias = Literal["create", "part", "complete", "abort", "tag", "dead letter", "commit"]
FaultKind: TypeAlias = Literal["crash", "503", "500", "403", "io"]


class Start(NamedTuple):
    """A life begins; one that still runs is killed first.

    `config` changes the properties from here on (None removes one), `assign` narrows the partitions.
    """

    config: Mapping[str, str | None] = {}
    assign: tuple[TopicPartition, ...] | None = None


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
    """Commit and close everything, then open `assign` from the committed offsets."""

    assign: tuple[TopicPartition, ...]


class Clock(NamedTuple):
    """Move the wall clock to `set_ms`, or by `add_ms`; it stands still otherwise."""

    set_ms: int | None = None
    add_ms: int = 0


class Fault(NamedTuple):
    """Armed here: the `nth` next effect of that kind (of that partition) meets `kind`.

    `before`: the request is not made; `after`: it is applied, and its reply is lost. A `crash` kills the process there.
    """

    at: FaultAt
    nth: int = 1
    of: TopicPartition | None = None
    when: Literal["before", "after"] = "before"
    kind: FaultKind = "crash"

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        return f"{self.kind} {self.when} {ordinal(self.nth)} {self.at}{of}"


class ExpireOffsets(NamedTuple):
    """The group's committed offsets are gone, as after `offsets.retention.minutes`; only while no life runs."""


class Rest(NamedTuple):
    """Faults are over. Start if need be, read all partitions to the end, let back-offs and slots pass, commit, stop."""

    poll: int = 500


Step: TypeAlias = Start | PollStep | CommitStep | Crash | StopStep | Rebalance | Clock | Fault | ExpireOffsets | Rest


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


@dataclass(frozen=True, slots=True)
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
    if any(isinstance(step, ExpireOffsets) for step in scenario.course):
        needs.append("expiry of committed offsets")
    if any(isinstance(step, Rebalance) for step in scenario.course):
        needs.append("rebalances")
    return needs
