"""Reports to render in tests: small runs written down by hand, each with the verdict that belongs to it."""

from collections.abc import Iterable
from dataclasses import replace

from onceproof.model.guarantee import Guarantee
from onceproof.model.history import (
    Changed,
    CommitAsked,
    Committed,
    Ended,
    History,
    Opened,
    Put,
    Record,
    Requested,
    Started,
    TopicPartition,
    Version,
)
from onceproof.model.judge import Finding, ObjectAtRest, Verdict, Write, judge
from onceproof.reports.collect import Cell, Comparison, Measured, Report, Row, Story

T0 = TopicPartition("t", 0)
SCHEDULE_CONFIG = {"rotate.schedule.interval.ms": "60000", "enable.conditional.writes": "false"}
CONFIG = {
    **SCHEDULE_CONFIG,
    "timezone": "UTC",
    "flush.size": "1000",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
JANUARY_MS = 1_357_035_420_000
"""2013-01-01 10:17:00Z."""


def name(offset: int, partition: TopicPartition = T0) -> str:
    """Return the key of the object that begins with `offset`."""
    folder = f"topics/{partition.topic}/partition={partition.partition}/"
    return f"{folder}{partition.topic}+{partition.partition}+{offset:010}.json"


def log(count: int, step_ms: int = 300_000) -> tuple[Record, ...]:
    """Return `count` records, one each `step_ms`."""
    return tuple(Record(offset, JANUARY_MS + offset * step_ms, None, b'{"n":%d}' % offset) for offset in range(count))


def body(*offsets: int) -> bytes:
    """Return the lines of an object."""
    return b"".join(b'{"n":%d}\n' % offset for offset in offsets)


def completed(life: int, start: int, version_id: str, partition: TopicPartition = T0) -> Requested:
    """Return an applied complete that the sink was told of."""
    key = name(start, partition)
    return Requested(
        life, partition, "complete", key, f"upload-{version_id}", "ok", applied=True, version_id=version_id
    )


def writes(history: History, objects: Iterable[ObjectAtRest]) -> tuple[Write, ...]:
    """Return the applied completes of a history in which every object was written once."""
    held = {at_rest.key: at_rest.offsets for at_rest in objects}
    return tuple(
        Write(at, event.life, event.partition, event.key, held[event.key], event.outcome, "")
        for at, event in enumerate(history.events)
        if isinstance(event, Requested) and event.applied
    )


def schedule_story(salt: str = "") -> Story:
    """Return three records, a crash before the commit, another cut in the second life; as judged."""
    config = CONFIG
    history = History(
        world="simulated",
        log={T0: log(3)},
        events=(
            Started(0, config),
            Opened(0, T0, 0, now_ms=0),
            Put(0, T0, 1, now_ms=1_000),
            Put(0, T0, 3, now_ms=61_000),
            completed(0, 0, f"{salt}a"),
            Put(0, T0, 3, now_ms=121_000),
            completed(0, 1, f"{salt}b"),
            CommitAsked(0),
            Ended(0, "killed"),
            Started(1, config),
            Opened(1, T0, 0, now_ms=130_000),
            Put(1, T0, 3, now_ms=130_000),
            Put(1, T0, 3, now_ms=181_000),
            completed(1, 0, f"{salt}c"),
            CommitAsked(1),
            Committed(1, {T0: 3}, "ok", applied=True),
            Ended(1, "stopped"),
        ),
        versions=(
            Version(name(0), f"{salt}a", body(0)),
            Version(name(0), f"{salt}c", body(0, 1, 2)),
            Version(name(1), f"{salt}b", body(1, 2)),
        ),
        committed={T0: 3},
    )
    why = (
        "Without the crash, offsets 1 and 2 stand once.",
        "It takes a crash after the complete of t+0+0000000001.json and before the commit of 3.",
    )
    return replace(story("schedule, killed before the commit", "schedule-kill", history, judge(history)), why=why)


def story(title: str, slug: str, history: History, verdict: Verdict) -> Story:
    """Return a story with a scenario file and the command that replays it."""
    path = f"scenarios/{slug}.yaml"
    scenario = (
        f"version: 1\nname: {title}\nworld: {history.world}\n"
        "config:\n  rotate.schedule.interval.ms: 60000\n  flush.size: 1000\n"
        "log:\n  - {records: 3, every_ms: 300000}\n"
        "course:\n  - {poll: 3}\n  - {kill: before commit 1}\n  - restart\n  - {poll: 3}\n"
        "expect: at-least-once\n"
    )
    return Story(title, scenario, path, f"onceproof replay {path}", history, verdict)


def lost_story(salt: str = "") -> Story:
    """Return a commit ahead of an upload that failed, in one of two partitions."""
    t1 = TopicPartition("t", 1)
    history = History(
        world="simulated",
        log={T0: log(4), t1: log(2)},
        events=(
            Started(0, {}),
            Opened(0, T0, 0, now_ms=0),
            Opened(0, t1, 0, now_ms=0),
            Put(0, T0, 4, now_ms=0),
            Put(0, t1, 2, now_ms=0),
            Requested(0, T0, "complete", name(0), f"{salt}u", "failed", applied=False, detail="503 SlowDown"),
            completed(0, 0, f"{salt}d", t1),
            Committed(0, {T0: 4, t1: 2}, "ok", applied=True),
            Changed("killed after the 1st commit"),
            Ended(0, "killed"),
            Changed("the clock was set to 10:30"),
            Started(1, {}),
            Opened(1, T0, 4, now_ms=0),
            Opened(1, t1, 2, now_ms=0),
            Ended(1, "stopped"),
        ),
        versions=(Version(name(0, t1), f"{salt}d", body(0, 1)),),
        unfinished_uploads=(name(0),),
        committed={T0: 4, t1: 2},
    )
    objects = (ObjectAtRest(name(0, t1), t1, (0, 1), 0),)
    verdict = Verdict(
        findings=(
            Finding("lost", T0, (0, 1, 2, 3), (), at_rest=True, detail="committed 4, no visible object holds them"),
            Finding("overtaken", T0, (0, 1, 2, 3), (), at_rest=False, detail="commit 4 before any complete"),
            Finding("leaked", T0, (), (name(0),), at_rest=True, detail="an unfinished upload"),
        ),
        guarantee=Guarantee.AT_MOST_ONCE,
        not_observed=("once at all times: the bucket keeps no versions",),
        objects=objects,
        pending={},
        writes=writes(history, objects),
    )
    return story("commit before the upload", "commit-first", history, verdict)


def wide_story(salt: str = "") -> Story:
    """Return 27,004 records in 270 objects, the last one of which was cut again after a crash."""
    count = 27_004
    starts = list(range(0, count - 4, 100))
    tail = (26_950, 27_000)
    history = History(
        world="container",
        log={T0: log(count, 99_173)},
        events=(
            Started(0, {}),
            Opened(0, T0, 0, now_ms=0),
            *(event for at in starts for event in (Put(0, T0, at + 100, 0), completed(0, at, f"{salt}{at}"))),
            Committed(0, {T0: starts[-1]}, "ok", applied=True),
            Changed("killed before the 2nd commit"),
            Ended(0, "killed"),
            Started(1, {}),
            Opened(1, T0, starts[-1], now_ms=0),
            *(completed(1, at, f"{salt}{at}x") for at in tail),
            Committed(1, {T0: count}, "ok", applied=True),
            Ended(1, "stopped"),
        ),
        versions=(
            *(Version(name(at), f"{salt}{at}", body(*range(at, at + 100))) for at in starts),
            *(Version(name(at), f"{salt}{at}x", body(*range(at, min(at + 50, count)))) for at in tail),
        ),
        committed={T0: count},
    )
    doubled = tuple(range(26_950, 27_000))
    objects = (
        *(ObjectAtRest(name(at), T0, tuple(range(at, at + 100)), 0) for at in starts),
        *(ObjectAtRest(name(at), T0, tuple(range(at, min(at + 50, count))), 1) for at in tail),
    )
    verdict = Verdict(
        findings=(Finding("duplicated", T0, doubled, (name(26_900), name(26_950)), at_rest=True, detail=""),),
        guarantee=Guarantee.AT_LEAST_ONCE,
        not_observed=(),
        objects=objects,
        pending={},
        writes=writes(history, objects),
    )
    return story("a day of departures", "departures", history, verdict)


FAULTS = (
    ("no fault", "everything answers at once"),
    ("kill -9", "at any effect"),
    ("lost reply", "applied, but the sink hears nothing"),
    ("frozen owner", "wakes after its successor began"),
)
EXHAUSTIVE = "exhaustive: every log up to 3 records, every cut"
EXAMPLE_WORLD = "Our own sink in memory under a virtual clock; says nothing about Kafka's own faults."


def kept(runs: int) -> Cell:
    """Return a cell in which nothing was refuted."""
    return Cell("identical objects", "identical objects", runs, EXHAUSTIVE, "simulated")


def report(salt: str = "", measured: object = None) -> Report:
    """Return a report of two tables; `salt` changes the ids of the store, `measured` what was measured."""
    weak = "at-least-once"
    simulated = Comparison(
        "Rotation and crashes",
        "simulated",
        EXAMPLE_WORLD,
        "every log of up to 3 records",
        FAULTS,
        (
            Row("Record time", {"rotate.interval.ms": "600000", "timestamp.extractor": "Record"}, _row_kept()),
            Row("Size", {"flush.size": "3"}, (*_row_kept()[:3], _unseen())),
            Row(
                "Schedule",
                SCHEDULE_CONFIG,
                (
                    kept(96),
                    Cell(weak, weak, 2_412, EXHAUSTIVE, "simulated", schedule_story(salt)),
                    Cell("at-most-once", weak, 2_412, EXHAUSTIVE, "simulated", lost_story(salt)),
                    Cell("not observed", "not observed", 0, "this world freezes no owner", "simulated"),
                ),
            ),
        ),
    )
    flights = Comparison(
        "Departures of January 2013",
        "container",
        "Apache Kafka in a container and a moto bucket; the process is really killed.",
        "27,004 departures over 4 partitions",
        FAULTS[:2],
        (
            Row(
                "Schedule",
                SCHEDULE_CONFIG,
                (kept(1), Cell(weak, weak, 1, "1 run", "container", wide_story(salt))),
            ),
        ),
    )
    values = measured if isinstance(measured, dict) else {"seconds": 1.25, "port": 9092, "folder": "/tmp/a"}
    return Report(7, "onceproof prove --seed 7", (simulated, flights), Measured(values))


def _row_kept() -> tuple[Cell, ...]:
    return (kept(96), kept(2_412), kept(2_412), kept(804))


def _unseen() -> Cell:
    return Cell("once at rest", "once at rest", 804, f"{EXHAUSTIVE}; the bucket keeps no versions", "simulated")


def with_key(key: str) -> Report:
    """Return the report with one object of the first story under another key."""
    whole = report()
    told = schedule_story()
    old = name(1)
    verdict = replace(
        told.verdict,
        objects=tuple(replace(held, key=key) if held.key == old else held for held in told.verdict.objects),
        findings=tuple(
            replace(found, keys=tuple(key if known == old else known for known in found.keys), detail=f"in {key}")
            for found in told.verdict.findings
        ),
        writes=tuple(write._replace(key=key) if write.key == old else write for write in told.verdict.writes),
    )
    history = replace(
        told.history,
        events=tuple(
            replace(event, key=key) if isinstance(event, Requested) and event.key == old else event
            for event in told.history.events
        ),
        versions=tuple(
            replace(version, key=key) if version.key == old else version for version in told.history.versions
        ),
    )
    bad = replace(told, name=key, scenario_yaml=f"name: {key}\n", history=history, verdict=verdict)
    cell = Cell("at-least-once", None, 1, key, "simulated", bad)
    table = Comparison(key, "simulated", key, key, ((key, key),), (Row(key, {key: key}, (cell,)),))
    return replace(whole, comparisons=(table,))
