"""Hypothesis strategies for scenarios: configurations, logs, poll splits and faults, for one's own properties.

Needs `hypothesis`, which is no dependency of Onceproof: install it beside. No other module imports this one.

    from hypothesis import given
    from onceproof.scenarios import strategies

    @given(strategies.scenarios())
    def test_my_sink(scenario): ...

Every scenario that is drawn can run as it is, and each of its faults meets its effect: places are taken from a run of
the same course in the simulated world, not guessed and filtered. Values shrink towards few records, short gaps, one
partition, no fault. Draw a clock-driven configuration only if the property at hand allows for it.

Its sisters: `wide` draws all parts of the sink, `adverse` all that can go wrong around it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.drawing import BOOLEANS, integers, one_of
from onceproof.scenarios.explore import EPOCH_MS, effects
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, FaultKind, PollStep, Rest, Scenario, Start, Step
from onceproof.scenarios.worlds.simulated import SimulatedWorld

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

ZONES = ("UTC", "America/New_York", "Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata", "+05:45")
"""Both hemispheres and both sides of Greenwich; half and quarter hours."""

FAMILIES = ("DefaultPartitioner", "TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner")
"""The partitioners that configurations draw from."""

STARTS_MS = (
    EPOCH_MS,
    1_710_052_200_000,  # 2024-03-10T06:30Z: half an hour before New York's clocks go forward
    1_711_845_000_000,  # 2024-03-31T00:30Z: half an hour before Paris's do
    1_729_987_200_000,  # 2024-10-27T00:00Z: an hour before Paris's go back
    1_730_611_800_000,  # 2024-11-03T05:30Z: half an hour before New York's do
    1_508_034_600_000,  # 2017-10-15T02:30Z: half an hour before Sao Paulo's midnight that never was
)
"""First timestamps of logs; most lie just before a clock change of one of the zones."""

CLOCK_STEPS_MS = (0, 1, 5000, 60_000, 20 * 60_000, HOUR_MS, 5 * HOUR_MS + 1)
"""Moves of the wall clock that bring it near slots, to the end of a back-off, and over midnight in some zone."""

_STORAGE = "io.confluent.connect.storage.partitioner"
_STRING = "org.apache.kafka.connect.storage.StringConverter"
_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
_PATH_FORMATS = (
    "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
    "YYYY-MM-dd/HH'h'mm",
    "'day'=D/HH",
    "xx-'W'ww/e/kk",
)
_SPANS_MS = (0, 1, 999, 1000, 1001, 3000, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, DAY_MS)
_Step: TypeAlias = tuple[int, int, int]


@lru_cache(maxsize=256)
def _steps(spans_ms: tuple[int, ...], count: tuple[int, int], *, gaps: bool) -> st.SearchStrategy[list[_Step]]:
    """What lies between records: a span of time, its sign, and a step of offsets."""
    step = st.tuples(one_of(spans_ms), one_of((1, 1, 1, 1, -1)), one_of((1, 1, 2, 3) if gaps else (1,)))
    return st.lists(step, min_size=count[0], max_size=count[1])


@st.composite
def configurations(
    draw: st.DrawFn,
    families: Sequence[str] = FAMILIES,
    flush_sizes: st.SearchStrategy[int] | None = None,
) -> dict[str, str]:
    """Record-time configurations: no schedule, no Wallclock, so that the objects follow from the log alone."""
    return _configuration(draw, families, flush_sizes)


def _configuration(
    draw: st.DrawFn, families: Sequence[str] = FAMILIES, flush_sizes: st.SearchStrategy[int] | None = None
) -> dict[str, str]:
    family = draw(one_of(tuple(families)))
    config = dict(JSON)
    config["partitioner.class"] = f"{_STORAGE}.{family}"
    fields = False
    if family != "DefaultPartitioner":
        fields = draw(BOOLEANS)
        config |= _times(draw, family)
        config["timestamp.extractor"] = "RecordField" if fields else "Record"
        if fields:
            config["timestamp.field"] = draw(one_of(("ts", "at.ms")))
    if not fields:
        config |= _contents(draw)
    if flush_sizes is None:  # where record time closes no file, a size that no log reaches would close none at all
        flush_sizes = one_of((1000, 2, 3, 1, 5) if "rotate.interval.ms" in config else (2, 3, 1, 5))
    config["flush.size"] = str(draw(flush_sizes))
    return config | _names(draw)


@st.composite
def clock_driven(draw: st.DrawFn) -> dict[str, str]:
    """Configurations that read a clock: a schedule, the Wallclock extractor, or both; crashes may leave duplicates."""
    config = _configuration(draw, flush_sizes=one_of((1000, 3)))
    wallclock = config["partitioner.class"].endswith(".DefaultPartitioner") or draw(BOOLEANS)
    if wallclock and "timestamp.extractor" in config:
        config["timestamp.extractor"] = "Wallclock"
    if draw(one_of((True, True, False))) or config["partitioner.class"].endswith(".DefaultPartitioner"):
        config["rotate.schedule.interval.ms"] = str(draw(one_of((HOUR_MS, 7 * HOUR_MS, DAY_MS, 60_000))))
        config["enable.conditional.writes"] = draw(one_of(("true", "false")))
        config.setdefault("timezone", draw(one_of(ZONES)))
        if draw(BOOLEANS):  # the schedule alone, so that files are open when a slot comes
            config.pop("rotate.interval.ms", None)
    elif not wallclock:
        config["timestamp.extractor"] = "Wallclock"
    return config


def _times(draw: st.DrawFn, family: str) -> dict[str, str]:
    """What a time-based partitioner needs, and when record time closes its files."""
    config = {"locale": "en", "timezone": draw(one_of(ZONES))}
    if family == "TimeBasedPartitioner":
        config["partition.duration.ms"] = str(draw(one_of((HOUR_MS, 15 * 60_000, 2 * HOUR_MS, DAY_MS, 1000))))
        config["path.format"] = draw(one_of(_PATH_FORMATS))
    interval_ms = draw(one_of((3000, 1000, 1, HOUR_MS, DAY_MS, None)))
    if interval_ms is not None:
        config["rotate.interval.ms"] = str(interval_ms)
    if draw(BOOLEANS):
        config["rotate.file.on.partition.change"] = "false"
    return config


def _contents(draw: st.DrawFn) -> dict[str, str]:
    """How values are read and written."""
    kind = draw(one_of(("json", "string", "base64", "bytes")))
    if kind == "json":
        return {}
    if kind == "string":
        return {"value.converter": _STRING}
    config = {"value.converter": _BYTES}
    if kind == "bytes":
        config["format.class"] = "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"
        config["format.bytearray.separator"] = draw(one_of(("\n", " |", "")))
        config["format.bytearray.extension"] = draw(one_of((".bin", ".raw.gz")))
    return config


def _names(draw: st.DrawFn) -> dict[str, str]:
    """How objects are named; mostly as by default."""
    if not draw(BOOLEANS):
        return {}
    return {
        "topics.dir": draw(one_of(("topics", "", "lake/in"))),
        "directory.delim": draw(one_of(("/", "|"))),
        "file.delim": draw(one_of(("+", "_"))),
        "filename.offset.zero.pad.width": draw(one_of(("10", "1", "3"))),
    }


@st.composite
def logs(
    draw: st.DrawFn,
    config: Mapping[str, str],
    *,
    partitions: int = 3,
    records: tuple[int, int] = (0, 10),
    gaps: bool = True,
) -> h.Log:
    """Logs that `config` can store: up to `partitions` partitions, each with `records` from the first to the second.

    Timestamps are positive and mostly rise by spans around the configuration's own; some records are late. `gaps`
    leaves out offsets, as compaction and aborted transactions do. The first partition is never empty.
    """
    return _log(draw, config, partitions, records, gaps=gaps)


def _log(draw: st.DrawFn, config: Mapping[str, str], partitions: int, records: tuple[int, int], *, gaps: bool) -> h.Log:
    least, most = records
    first = _records(draw, config, (max(least, 1), most), gaps=gaps)
    others = [_records(draw, config, records, gaps=gaps) for _ in range(draw(integers(0, partitions - 1)))]
    return {h.TopicPartition("t", number): found for number, found in enumerate((first, *others))}


def _records(draw: st.DrawFn, config: Mapping[str, str], count: tuple[int, int], *, gaps: bool) -> tuple[h.Record, ...]:
    interval_ms = int(config.get("rotate.interval.ms", "1000"))
    spans_ms = sorted({*_SPANS_MS, interval_ms - 1, interval_ms, interval_ms + 1})
    steps = draw(_steps(tuple(spans_ms), count, gaps=gaps))
    offset = draw(one_of((0, 0, 1, 9, 1234))) - 1
    time_ms = draw(one_of(STARTS_MS))
    found: list[h.Record] = []
    for span_ms, sign, step in steps:
        offset += step if found else 1
        time_ms += sign * span_ms
        found.append(h.Record(offset, time_ms, None, _value(draw, config, offset, time_ms)))
    return tuple(found)


def _value(draw: st.DrawFn, config: Mapping[str, str], offset: int, time_ms: int) -> bytes:
    """A value that `config` can store and, for RecordField, finds its time in; equal values are common."""
    if field := config.get("timestamp.field"):
        time: int | str = time_ms
        if draw(BOOLEANS):
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
            time = moment.isoformat(timespec="milliseconds")
        tree: object = time
        for name in reversed(field.split(".")):
            tree = {name: tree}
        assert isinstance(tree, dict)
        return json.dumps({"i": offset, **tree}).encode()
    values = b'{"i":%d}' % offset, b'{"i":0}', b"1e3", '"é\\u0001"'.encode(), b'{"b":[1.50],"a":{}}'
    return values[draw(integers(0, len(values) - 1))]


@st.composite
def courses(
    draw: st.DrawFn,
    log: h.Log,
    clock_steps_ms: Sequence[int] = (0,),
) -> tuple[Step, ...]:
    """Fault-free courses: polls of any size, commits between them, clock moves of `clock_steps_ms`; then a rest.

    What is left unread is read at rest, in polls of another size.
    """
    return _course(draw, log, clock_steps_ms)


def _course(draw: st.DrawFn, log: h.Log, clock_steps_ms: Sequence[int] = (0,)) -> tuple[Step, ...]:
    longest = max(map(len, log.values()), default=0)
    course: list[Step] = [Start()]
    for _ in range(draw(integers(0, 5))):
        if move_ms := draw(one_of(tuple(clock_steps_ms))):
            course.append(Clock(add_ms=move_ms))
        course.append(PollStep(draw(integers(0, longest + 1))))
        if draw(BOOLEANS):
            course.append(CommitStep())
    return (*course, Rest(draw(integers(1, longest + 1))))


@st.composite
def disturbed(
    draw: st.DrawFn,
    calm: Scenario,
    faults: tuple[int, int] = (0, 2),
    kinds: Sequence[FaultKind] = ("crash",),
) -> Scenario:
    """`calm` with faults at any of its effects, from the first to the second number of them; each meets its effect.

    A crash is a kill -9 before or after any effect, which is every cut; the other kinds are answers that the sink gets.
    The places of a fault are the effects that the course so far has in the simulated world. A run without effects has
    no place for any, and stays as it is.
    """
    return _disturbed(draw, calm, faults, kinds)


def _disturbed(
    draw: st.DrawFn, calm: Scenario, faults: tuple[int, int], kinds: Sequence[FaultKind] = ("crash",)
) -> Scenario:
    least, most = faults
    numbers = (*range(least, most + 1), *(2 * tuple(range(least + 1, most + 1))))  # shrinks towards the least
    placed: tuple[Fault, ...] = ()
    for _ in range(draw(one_of(numbers))):
        places = _places(calm, placed)
        if not places:
            break
        place = places[draw(integers(0, len(places) - 1))]
        placed = (*placed, place._replace(kind=draw(one_of(tuple(kinds)))))
    return replace(calm, course=(*placed, *calm.course))


def _places(calm: Scenario, placed: tuple[Fault, ...]) -> list[Fault]:
    """Every fault that can still come: before or after each effect behind the last one placed."""
    ran = run(replace(calm, course=(*placed, *calm.course)), SimulatedWorld())
    events = ran.history.events
    struck = [
        at for at, event in enumerate(events) if isinstance(event, h.Changed) and event.what.startswith("fault: ")
    ]
    done = sum(
        isinstance(event, h.Committed | h.Requested | h.DeadLettered) for event in events[: max(struck, default=0)]
    )
    done -= sum(
        isinstance(event, h.Requested) and event.request == "head" for event in events[: max(struck, default=0)]
    )
    if placed and (placed[-1].when, placed[-1].kind == "crash") == ("before", False):
        done += 1  # the refused request itself stands behind the note of its fault
    found = []
    for place in effects(ran)[done:]:
        earlier = [fault for fault in placed if (fault.at, fault.of, fault.when) == (place.at, place.of, "before")]
        # What a crash came before was counted by all faults, and does not stand among the events; what was refused
        # before it was made stands there, and is not counted by the faults that wait for a reply.
        crashes = sum(fault.kind == "crash" for fault in earlier)
        found.append(place._replace(nth=place.nth + crashes))
        found.append(place._replace(nth=place.nth - (len(earlier) - crashes), when="after"))
    return found


@st.composite
def scenarios(
    draw: st.DrawFn,
    configs: st.SearchStrategy[dict[str, str]] | None = None,
    *,
    faults: tuple[int, int] = (0, 2),
    kinds: Sequence[FaultKind] = ("crash",),
    partitions: int = 3,
    records: tuple[int, int] = (0, 10),
    gaps: bool = True,
    clock_steps_ms: Sequence[int] = (0,),
) -> Scenario:
    """Whole scenarios: a configuration (record time, unless `configs` says otherwise), a log, a course, and faults."""
    config = _configuration(draw) if configs is None else draw(configs)
    log = _log(draw, config, partitions, records, gaps=gaps)
    course = _course(draw, log, clock_steps_ms)
    clock_ms = EPOCH_MS
    if any(clock_steps_ms):
        clock_ms = draw(one_of(STARTS_MS)) + HOUR_MS * draw(integers(0, 23))
    return _disturbed(draw, Scenario("drawn", config, log, course, clock_ms), faults, kinds)


@st.composite
def telling_scenarios(draw: st.DrawFn, *, partitions: int = 2, gaps: bool = False) -> Scenario:
    """Scenarios that cannot say nothing: one or two crashes that fire, and two closed objects at least.

    Every partition holds twice `flush.size` records or more. Whatever else closes files, what is left open is less than
    `flush.size`, and no closed one holds more.
    """
    config = _configuration(draw, flush_sizes=integers(1, 3))
    size = int(config["flush.size"])
    log = _log(draw, config, partitions, (2 * size, 2 * size + 4), gaps=gaps)
    return _disturbed(draw, Scenario("drawn", config, log, _course(draw, log), EPOCH_MS), (1, 2))
