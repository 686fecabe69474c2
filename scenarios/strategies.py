"""Hypothesis strategies for scenarios: configurations, logs, poll splits and faults, for one's own properties.

Needs `hypothesis`, which is no dependency of Onceproof: install it beside. No other module imports this one.

    from hypothesis import given
    from onceproof.scenarios import strategies

    @given(strategies.scenarios())
    def test_my_sink(scenario): ...

Every scenario that is drawn can run as it is, and each of its faults meets its effect: places are taken from a run of
the same course in the simulated world, not guessed and filtered. Values shrink towards few records, short gaps, one
partition, no fault. Draw a clock-driven configuration only if the property at hand allows for it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios.configurations import JSON
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


@st.composite
def configurations(
    draw: st.DrawFn,
    families: Sequence[str] = FAMILIES,
    flush_sizes: st.SearchStrategy[int] | None = None,
) -> dict[str, str]:
    """Record-time configurations: no schedule, no Wallclock, so that the objects follow from the log alone."""
    family = draw(st.sampled_from(families))
    config = dict(JSON)
    config["partitioner.class"] = f"{_STORAGE}.{family}"
    fields = False
    if family != "DefaultPartitioner":
        fields = draw(st.booleans())
        config |= draw(_times(family))
        config["timestamp.extractor"] = "RecordField" if fields else "Record"
        if fields:
            config["timestamp.field"] = draw(st.sampled_from(("ts", "at.ms")))
    if not fields:
        config |= draw(_contents())
    if flush_sizes is None:  # where record time closes no file, a size that no log reaches would close none at all
        flush_sizes = st.sampled_from((1000, 2, 3, 1, 5) if "rotate.interval.ms" in config else (2, 3, 1, 5))
    config["flush.size"] = str(draw(flush_sizes))
    return config | draw(_names())


@st.composite
def clock_driven(draw: st.DrawFn) -> dict[str, str]:
    """Configurations that read a clock: a schedule, the Wallclock extractor, or both; crashes may leave duplicates."""
    config = draw(configurations(flush_sizes=st.sampled_from((1000, 3))))
    wallclock = config["partitioner.class"].endswith(".DefaultPartitioner") or draw(st.booleans())
    if wallclock and "timestamp.extractor" in config:
        config["timestamp.extractor"] = "Wallclock"
    if draw(st.sampled_from((True, True, False))) or config["partitioner.class"].endswith(".DefaultPartitioner"):
        config["rotate.schedule.interval.ms"] = str(draw(st.sampled_from((HOUR_MS, 7 * HOUR_MS, DAY_MS, 60_000))))
        config["enable.conditional.writes"] = draw(st.sampled_from(("true", "false")))
        config.setdefault("timezone", draw(st.sampled_from(ZONES)))
        if draw(st.booleans()):  # the schedule alone, so that files are open when a slot comes
            config.pop("rotate.interval.ms", None)
    elif not wallclock:
        config["timestamp.extractor"] = "Wallclock"
    return config


@st.composite
def _times(draw: st.DrawFn, family: str) -> dict[str, str]:
    """What a time-based partitioner needs, and when record time closes its files."""
    config = {"locale": "en", "timezone": draw(st.sampled_from(ZONES))}
    if family == "TimeBasedPartitioner":
        config["partition.duration.ms"] = str(draw(st.sampled_from((HOUR_MS, 15 * 60_000, 2 * HOUR_MS, DAY_MS, 1000))))
        config["path.format"] = draw(st.sampled_from(_PATH_FORMATS))
    interval_ms = draw(st.sampled_from((3000, 1000, 1, HOUR_MS, DAY_MS, None)))
    if interval_ms is not None:
        config["rotate.interval.ms"] = str(interval_ms)
    if draw(st.booleans()):
        config["rotate.file.on.partition.change"] = "false"
    return config


@st.composite
def _contents(draw: st.DrawFn) -> dict[str, str]:
    """How values are read and written."""
    kind = draw(st.sampled_from(("json", "string", "base64", "bytes")))
    if kind == "json":
        return {}
    if kind == "string":
        return {"value.converter": _STRING}
    config = {"value.converter": _BYTES}
    if kind == "bytes":
        config["format.class"] = "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"
        config["format.bytearray.separator"] = draw(st.sampled_from(("\n", " |", "")))
        config["format.bytearray.extension"] = draw(st.sampled_from((".bin", ".raw.gz")))
    return config


@st.composite
def _names(draw: st.DrawFn) -> dict[str, str]:
    """How objects are named; mostly as by default."""
    if not draw(st.booleans()):
        return {}
    return {
        "topics.dir": draw(st.sampled_from(("topics", "", "lake/in"))),
        "directory.delim": draw(st.sampled_from(("/", "|"))),
        "file.delim": draw(st.sampled_from(("+", "_"))),
        "filename.offset.zero.pad.width": draw(st.sampled_from(("10", "1", "3"))),
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
    least, most = records
    first = draw(_records(config, (max(least, 1), most), gaps=gaps))
    others = [draw(_records(config, records, gaps=gaps)) for _ in range(draw(st.integers(0, partitions - 1)))]
    return {h.TopicPartition("t", number): found for number, found in enumerate((first, *others))}


@st.composite
def _records(draw: st.DrawFn, config: Mapping[str, str], count: tuple[int, int], *, gaps: bool) -> tuple[h.Record, ...]:
    interval_ms = int(config.get("rotate.interval.ms", "1000"))
    spans_ms = sorted({*_SPANS_MS, interval_ms - 1, interval_ms, interval_ms + 1})
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(spans_ms),
                st.sampled_from((1, 1, 1, 1, -1)),
                st.sampled_from((1, 1, 2, 3) if gaps else (1,)),
            ),
            min_size=count[0],
            max_size=count[1],
        )
    )
    offset = draw(st.sampled_from((0, 0, 1, 9, 1234))) - 1
    time_ms = draw(st.sampled_from(STARTS_MS))
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
        if draw(st.booleans()):
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
            time = moment.isoformat(timespec="milliseconds")
        tree: object = time
        for name in reversed(field.split(".")):
            tree = {name: tree}
        assert isinstance(tree, dict)
        return json.dumps({"i": offset, **tree}).encode()
    return draw(
        st.sampled_from((b'{"i":%d}' % offset, b'{"i":0}', b"1e3", '"é\\u0001"'.encode(), b'{"b":[1.50],"a":{}}'))
    )


@st.composite
def courses(
    draw: st.DrawFn,
    log: h.Log,
    clock_steps_ms: Sequence[int] = (0,),
) -> tuple[Step, ...]:
    """Fault-free courses: polls of any size, commits between them, clock moves of `clock_steps_ms`; then a rest.

    What is left unread is read at rest, in polls of another size.
    """
    longest = max(map(len, log.values()), default=0)
    course: list[Step] = [Start()]
    for _ in range(draw(st.integers(0, 5))):
        if move_ms := draw(st.sampled_from(tuple(clock_steps_ms))):
            course.append(Clock(add_ms=move_ms))
        course.append(PollStep(draw(st.integers(0, longest + 1))))
        if draw(st.booleans()):
            course.append(CommitStep())
    return (*course, Rest(draw(st.integers(1, longest + 1))))


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
    least, most = faults
    numbers = (*range(least, most + 1), *(2 * tuple(range(least + 1, most + 1))))  # shrinks towards the least
    placed: tuple[Fault, ...] = ()
    for _ in range(draw(st.sampled_from(numbers))):
        places = _places(calm, placed)
        if not places:
            break
        placed = (*placed, draw(st.sampled_from(places))._replace(kind=draw(st.sampled_from(kinds))))
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
    config = draw(configurations() if configs is None else configs)
    log = draw(logs(config, partitions=partitions, records=records, gaps=gaps))
    course = draw(courses(log, clock_steps_ms))
    clock_ms = EPOCH_MS
    if any(clock_steps_ms):
        clock_ms = draw(st.sampled_from(STARTS_MS)) + HOUR_MS * draw(st.integers(0, 23))
    return draw(disturbed(Scenario("drawn", config, log, course, clock_ms), faults, kinds))


@st.composite
def telling_scenarios(draw: st.DrawFn, *, partitions: int = 2, gaps: bool = False) -> Scenario:
    """Scenarios that cannot say nothing: one or two crashes that fire, and two closed objects at least.

    Every partition holds twice `flush.size` records or more. Whatever else closes files, what is left open is less than
    `flush.size`, and no closed one holds more.
    """
    config = draw(configurations(flush_sizes=st.integers(1, 3)))
    size = int(config["flush.size"])
    log = draw(logs(config, partitions=partitions, records=(2 * size, 2 * size + 4), gaps=gaps))
    course = draw(courses(log))
    return draw(disturbed(Scenario("drawn", config, log, course, EPOCH_MS), (1, 2)))
