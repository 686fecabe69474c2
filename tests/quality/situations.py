"""Small worlds that bring the sink into every state from which it rotates, by every cause: what faults are tried on.

Each cause has a log that closes one file, and one that closes two of different directories. On each of them files are
stored with or without keys, committed or stopped, with one partition or two, refused on the way, or named already.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from onceproof.model import history as h
from onceproof.scenarios.configurations import HOUR_MS, JSON
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.places import places_of
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Fault,
    Foreign,
    PollStep,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

DAY_MS = 24 * HOUR_MS
SLOT_MS = 60_000
FIRST = h.TopicPartition("t", 0)
SECOND = h.TopicPartition("t", 1)
BASE: Mapping[str, str] = {
    **JSON,
    "value.converter.schemas.enable": "true",
    "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
    "locale": "en",
    "timezone": "UTC",
    "timestamp.extractor": "Record",
    "flush.size": "1000",
    "schema.compatibility": "NONE",
    "s3.object.tagging": "true",
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.name": "refused",
    "errors.deadletterqueue.topic.replication.factor": "1",
}
CONDITIONAL = {"rotate.schedule.interval.ms": str(DAY_MS), "enable.conditional.writes": "true"}
KEYED = {
    "store.kafka.keys": "true",
    "keys.format.class": JSON["format.class"],
    "behavior.on.null.values": "write",
}
NUMBERS = '{"type":"int64","optional":false}'
TEXTS = '{"type":"string","optional":false}'
LAST_S_OF_HOUR = EPOCH_MS - EPOCH_MS % HOUR_MS + HOUR_MS - 1000


class Told(NamedTuple):
    """A record of a story: milliseconds from the last second of an hour, and its schema."""

    ms: int
    schema: str = NUMBERS


class Cause(NamedTuple):
    """What makes a rotation: properties, and records of which the last one, or the clock, closes what is open."""

    name: str
    files: int
    config: Mapping[str, str]
    records: tuple[Told, ...]
    waits: bool = False
    """Whether it is the clock that closes."""


HERE, THERE, BEYOND = Told(0), Told(1000), Told(1000 + HOUR_MS)
"""In three hours."""
_NO_CHANGE = {"rotate.interval.ms": "3000", "rotate.file.on.partition.change": "false"}
_DAILY = {"rotate.interval.ms": str(DAY_MS)}
_SLOTS = {"rotate.schedule.interval.ms": str(SLOT_MS)}
CAUSES = (
    Cause("flush.size", 1, {"flush.size": "2"}, (HERE, HERE)),
    Cause("flush.size", 2, {"flush.size": "2"}, (HERE, THERE)),
    Cause("interval", 1, _NO_CHANGE, (HERE, Told(4000))),
    Cause("interval", 2, _NO_CHANGE, (HERE, THERE, Told(4000))),
    Cause("partition change", 1, _DAILY, (HERE, THERE)),
    Cause("schedule", 1, _SLOTS, (HERE,), waits=True),
    Cause("schedule", 2, _SLOTS, (HERE, THERE), waits=True),
    Cause("schema", 1, {}, (HERE, Told(0, TEXTS))),
    Cause("schema", 2, {}, (HERE, THERE, Told(0, TEXTS))),
    Cause("schema flip", 1, {}, (HERE, Told(0, "null"))),
    Cause("schema flip", 2, {}, (HERE, THERE, Told(0, "null"))),
    Cause("open files", 1, {"partitioner.max.open.files": "1"}, (HERE, THERE)),
    Cause("open files", 2, {"partitioner.max.open.files": "2"}, (HERE, THERE, BEYOND)),
)


def situations() -> Iterator[Scenario]:
    """Every calm scenario that faults are tried on, and those with a refusal that brings its state about."""
    for cause in CAUSES:
        for partitions in (1, 2):
            conditional = _scenario(cause, {**CONDITIONAL, **cause.config}, partitions)
            yield conditional
            yield _stopped(conditional)
            yield _read_on(conditional)
            yield from _refused(conditional)
            yield from _taken(conditional)
        yield _read_on(_scenario(cause, {"enable.conditional.writes": "false", **cause.config}, 2))
        keyed = _scenario(cause, {**KEYED, **cause.config}, 1)
        yield keyed
        yield from _refused(keyed)
        yield _without_last_key(keyed)
    yield from _with_tombstones()
    yield _read_while_backing_off()
    yield _unreadable()


def _scenario(cause: Cause, config: Mapping[str, str], partitions: int) -> Scenario:
    records = tuple(
        h.Record(offset, LAST_S_OF_HOUR + told.ms, b"k", _value(offset, told.schema))
        for offset, told in enumerate(cause.records)
    )
    log = {h.TopicPartition("t", number): records for number in range(partitions)}
    closing: tuple[Step, ...] = (Clock(add_ms=SLOT_MS), PollStep(0)) if cause.waits else ()
    course = (Start(), PollStep(len(records)), *closing, CommitStep(), Rest(len(records)))
    return Scenario("situation", {**BASE, **config}, log, course, LAST_S_OF_HOUR)


def _value(offset: int, schema: str) -> bytes:
    payload = json.dumps(str(offset)) if schema == TEXTS else str(offset)
    return f'{{"schema":{schema},"payload":{payload}}}'.encode()


def _stopped(calm: Scenario) -> Scenario:
    """Stopped instead of committed."""
    course = tuple([StopStep() if isinstance(step, CommitStep) else step for step in calm.course])
    return replace(calm, course=course)


def _read_on(calm: Scenario) -> Scenario:
    """One record more is read before what is closed is committed."""
    log = {partition: (*records, records[-1]._replace(offset=len(records))) for partition, records in calm.log.items()}
    at = calm.course.index(CommitStep())
    return replace(calm, log=log, course=(*calm.course[:at], PollStep(1), *calm.course[at:]))


def _refused(calm: Scenario) -> Iterator[Scenario]:
    """A request of the rotation is refused on the way, so that its upload is thrown away, or its writer backs off."""
    ran = run(calm, SimulatedWorld())
    for place in places_of(ran):
        kinds = {"part": ("503",), "complete": ("403",), "create": ("503",)}.get(place.fault.at, ())
        if place.fault.of == FIRST:
            for kind in kinds:
                fault = place.fault._replace(kind=kind)  # type: ignore[arg-type]
                yield replace(calm, course=(*calm.course[: place.step], fault, *calm.course[place.step :]))


def _taken(calm: Scenario) -> Iterator[Scenario]:
    """Somebody else has taken one of the names."""
    for key in dict.fromkeys([version.key for version in run(calm, SimulatedWorld()).history.versions]):
        yield replace(calm, course=(Foreign(key, b"{}"), *calm.course))


def _without_last_key(keyed: Scenario) -> Scenario:
    """The record that closes the files is refused then, so that nothing is open behind them."""
    log = {partition: _keyless(records) for partition, records in keyed.log.items()}
    return replace(keyed, log=log)


def _keyless(records: Sequence[h.Record]) -> tuple[h.Record, ...]:
    return (*records[:-1], records[-1]._replace(key=None))


def _with_tombstones() -> Iterator[Scenario]:
    """Next to tombstones no change of directory closes anything, so that one file more is open when one does."""
    cause = Cause("partition change", 2, _DAILY, (HERE, HERE, THERE))
    keyed = _scenario(cause, {**KEYED, **cause.config}, 1)
    yield replace(keyed, log={FIRST: (keyed.log[FIRST][0]._replace(value=None), *keyed.log[FIRST][1:])})


def _read_while_backing_off() -> Scenario:
    """A put without records fails, so that more of them come while its writer backs off: one of them unreadable."""
    cause = next(each for each in CAUSES if each.waits)
    calm = _scenario(cause, {**CONDITIONAL, **cause.config}, 1)
    log = {FIRST: (*calm.log[FIRST], h.Record(1, LAST_S_OF_HOUR, b"k", b"{"))}
    course = (
        Start(),
        PollStep(1),
        Clock(add_ms=SLOT_MS),
        Fault("create", kind="503"),
        PollStep(0),
        PollStep(1),
        Rest(2),
    )
    return replace(calm, log=log, course=course)


def _unreadable() -> Scenario:
    """Records that no converter reads: the first of all, and one behind two open files."""
    told = (HERE, HERE, THERE, HERE, HERE, HERE)
    calm = _scenario(Cause("flush.size", 2, {}, told), {"flush.size": "4"}, 1)
    broken = [each._replace(value=b"{") if each.offset in (0, 3) else each for each in calm.log[FIRST]]
    polls = (PollStep(1), PollStep(2), PollStep(1), PollStep(2))
    return replace(calm, log={FIRST: tuple(broken)}, course=(Start(), *polls, Rest(1)))
