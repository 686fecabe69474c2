"""The configurations that `onceproof prove` compares, and what each is expected to keep under each class of faults.

Expectations are written down from the connector's rules (reference 7), not from a run: `prove` fails where a run
differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onceproof.scenarios.explore import Bound
from onceproof.sink.config import SinkConfig

HOUR_MS = 3_600_000

JSON: Mapping[str, str] = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
"""Text in, text out: what the articles use."""

_STORAGE = "io.confluent.connect.storage.partitioner"
_HOURLY = {"partitioner.class": f"{_STORAGE}.HourlyPartitioner", "locale": "en", "timezone": "UTC"}
_RECORD = {"timestamp.extractor": "Record"}

FAULTS: Mapping[str, str] = {
    "none": "nothing goes wrong; polls split and clocks placed in every way",
    "restart": "an orderly stop and start after any poll",
    "crash": "kill -9 at any cut, then recovery",
    "two crashes": "kill -9 at any cut, and again at any cut of what follows",
    "S3 error": "any one create, part, complete or tag is answered 503 after all attempts",
    "lost reply": "any one completion is applied, but its reply is lost",
    "commit refused": "any one offset commit is refused, then an orderly restart",
    "expired offsets": "the group's offsets expire while the sink is stopped",
    "frozen owner": "a process freezes before any completion or commit, and thaws when its successor has committed",
    "other flush.size": "kill -9 at any cut, then a start with another flush.size",
}
"""Classes of faults, each with its meaning; an orderly start always follows."""

_AT_LEAST_ONCE = "at-least-once"
_CUTS_MOVE = dict.fromkeys(
    ("crash", "two crashes", "lost reply", "commit refused", "expired offsets", "frozen owner", "other flush.size"),
    _AT_LEAST_ONCE,
)
"""Where cuts move on replay, whatever makes the sink read completed records again leaves them twice."""
_CUT_CHANGES = {"other flush.size": _AT_LEAST_ONCE}
"""H17: completed files that are not committed yet meet files of other cuts."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One row. `clock_steps_ms` are the moves of the wall clock that a small world tries before each poll."""

    name: str
    properties: Mapping[str, str]
    expected: Mapping[str, str] = field(default_factory=dict)
    """By fault, where it is not identical objects."""
    gaps_ms: tuple[int, ...] = (1000, 3000, HOUR_MS)
    clock_steps_ms: tuple[int, ...] = (0,)
    records: int = 3
    """How many records a small world has at the most, for most faults."""

    real_clock_step_ms: int = 20 * 60_000
    """How far the clock moves between two polls of a real log."""
    note: str = ""
    """What was changed so that it fits a small world; follows the bound."""
    stated: bool = True
    """Whether anything is expected of it; a user's own configuration is expected to leave identical objects."""

    def bound(self, fault: str) -> Bound:
        """How large the small worlds of a cell are: what is needed to see what the fault can do, and no larger."""
        clocked = self.clock_steps_ms != (0,)
        if fault == "two crashes":
            return Bound(3, self.gaps_ms[: 1 if clocked else 2], self.clock_steps_ms)
        if fault == "other flush.size" and not clocked:
            return Bound(6, (self.gaps_ms[0], self.gaps_ms[-1]), splits=False)
        return Bound(self.records, self.gaps_ms[:2] if self.records > 3 else self.gaps_ms, self.clock_steps_ms)

    def expectation(self, fault: str) -> str | None:
        """The guarantee that is expected under a fault, if any was stated."""
        return self.expected.get(fault, "identical objects") if self.stated else None

    def shown(self) -> dict[str, str]:
        """The properties that decide when a file is closed and where it goes; classes by their bare names."""
        names = ("partitioner.class", "timestamp.extractor", "enable.conditional.writes", "timezone", "path.format")
        return {
            name: value.rpartition(".")[2] if name.endswith(".class") else value
            for name, value in self.properties.items()
            if name in names or name.startswith(("rotate.", "flush.", "partition."))
        }


_SCHEDULE_MS = 60_000
_LATE = {**JSON, **_HOURLY, **_RECORD, "flush.size": "1000"}
"""Hourly directories by record time, and files that only time closes."""
_INTERVAL = {"rotate.interval.ms": "3000"}
_SCHEDULE = {"rotate.schedule.interval.ms": str(_SCHEDULE_MS)}
_CLOCKED = (0, _SCHEDULE_MS)

CONFIGURATIONS: tuple[Configuration, ...] = (
    Configuration("rotate.interval.ms, record time", {**_LATE, **_INTERVAL}, _CUT_CHANGES),
    Configuration(
        "flush.size alone",
        {**JSON, "partitioner.class": f"{_STORAGE}.DefaultPartitioner", "flush.size": "2"},
        _CUT_CHANGES,
    ),
    Configuration(
        "flush.size alone, hourly directories",
        {**_LATE, "flush.size": "3"},
        {**_CUT_CHANGES, "S3 error": _AT_LEAST_ONCE, "lost reply": _AT_LEAST_ONCE},  # H1: several open files
        gaps_ms=(HOUR_MS, -HOUR_MS, 1000),
        records=4,
    ),
    Configuration(
        "rotate.schedule.interval.ms, conditional writes on (default)",
        {**_LATE, **_SCHEDULE, "enable.conditional.writes": "true"},
        _CUTS_MOVE,
        gaps_ms=(1000,),
        clock_steps_ms=_CLOCKED,
    ),
    Configuration(
        "rotate.schedule.interval.ms, conditional writes off",
        {**_LATE, **_SCHEDULE, "enable.conditional.writes": "false"},
        # reading goes on at the very file whose reply was lost; H4: a shorter object comes over a longer one
        {**_CUTS_MOVE, "lost reply": "once at rest", "frozen owner": "none"},
        gaps_ms=(1000,),
        clock_steps_ms=_CLOCKED,
    ),
    Configuration(
        "both rotations",
        {**_LATE, **_INTERVAL, **_SCHEDULE},
        _CUTS_MOVE,
        gaps_ms=(1000, 3000),
        clock_steps_ms=_CLOCKED,
    ),
    Configuration(
        "rotate.interval.ms with rotate.schedule.interval.ms=0",
        {**_LATE, **_INTERVAL, "rotate.schedule.interval.ms": "0"},
        _CUTS_MOVE,
    ),
    Configuration(
        "rotate.interval.ms, Wallclock",
        {
            **_LATE,
            "timestamp.extractor": "Wallclock",
            "flush.size": "2",
            "rotate.interval.ms": str(HOUR_MS),
        },
        _CUTS_MOVE,
        gaps_ms=(1000,),
        clock_steps_ms=(0, HOUR_MS),
    ),
)

_DAILY = {
    **JSON,
    **_RECORD,
    "partitioner.class": f"{_STORAGE}.DailyPartitioner",
    "locale": "en",
    "timezone": "America/New_York",
    "flush.size": "100000",
}
_HOURLY_SLOTS = {"rotate.schedule.interval.ms": str(HOUR_MS)}
_DAYS = {"rotate.interval.ms": str(24 * HOUR_MS)}
_REAL_CUTS_MOVE = {"crash": _AT_LEAST_ONCE}

FLIGHTS: tuple[Configuration, ...] = (
    Configuration("rotate.interval.ms, record time", {**_DAILY, **_DAYS}),
    Configuration(
        "flush.size alone", {**JSON, "partitioner.class": f"{_STORAGE}.DefaultPartitioner", "flush.size": "400"}
    ),
    Configuration(
        "rotate.schedule.interval.ms, conditional writes on (default)", {**_DAILY, **_HOURLY_SLOTS}, _REAL_CUTS_MOVE
    ),
    Configuration(
        "rotate.schedule.interval.ms, conditional writes off",
        {**_DAILY, **_HOURLY_SLOTS, "enable.conditional.writes": "false"},
        _REAL_CUTS_MOVE,
    ),
    Configuration("both rotations", {**_DAILY, **_DAYS, **_HOURLY_SLOTS}, _REAL_CUTS_MOVE),
)
"""The same questions at the scale of a month of departures."""

USER_FAULTS: Mapping[str, str] = {fault: meaning for fault, meaning in FAULTS.items() if fault != "other flush.size"}
"""What a user's own configuration is held to: all but the fault that is a change of that configuration."""

_SMALL_FLUSH_SIZE = 3


def of_user(
    name: str,
    properties: Mapping[str, str],
    config: SinkConfig,
    *,
    small: bool = True,
    flush_size_max: int = _SMALL_FLUSH_SIZE,
) -> Configuration:
    """A user's own configuration, `config` being what its properties come to.

    For small worlds the gaps and the clock follow its intervals, and flush.size shrinks where no clock rules. Where
    several hours can be open at once, records also go back in time; where fields, names of schemas or nulls make the
    directories, `fitting` gives the records of one file several of them.
    """
    interval_ms = max(config.rotate_interval_ms, 0) if config.time_bucket else 0
    schedule_ms = max(config.rotate_schedule_interval_ms, 0)
    duration_ms = config.time_bucket.duration_ms if config.time_bucket else HOUR_MS
    wallclock = config.time_bucket is not None and config.extractor == "WallclockTimestampExtractor"
    step_ms = min(interval_ms, duration_ms) or duration_ms
    several_open = config.time_bucket is not None and not (interval_ms and config.rotate_on_partition_change)
    clocked = bool(schedule_ms or wallclock)
    scaled = small and config.flush_size > flush_size_max and not schedule_ms
    note = f"; flush.size {properties['flush.size']} as {flush_size_max}" if scaled else ""
    return Configuration(
        name,
        {**properties, "flush.size": str(flush_size_max)} if scaled else properties,
        gaps_ms=_gaps(step_ms, several_open=several_open, clocked=clocked),
        clock_steps_ms=tuple(sorted({0, schedule_ms, step_ms if wallclock else 0})),
        records=3 if clocked else 4,
        real_clock_step_ms=max(schedule_ms // 3, 60_000),
        note=note + "".join(f"; warning: {warning}" for warning in config.warnings),
        stated=False,
    )


def _gaps(step_ms: int, *, several_open: bool, clocked: bool) -> tuple[int, ...]:
    """A gap that closes nothing and one that does; back and forth where that leaves several files open."""
    if not several_open:
        return (1000, step_ms)
    return (1000, step_ms, -step_ms) if clocked else (step_ms, -step_ms)
