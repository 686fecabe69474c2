"""Logs as words: which records a configuration can meet, how they are ordered, and what each one is."""

import itertools

import pytest
from test_rules import COUNT, ENVELOPE, FIELDS, HOURS, INTERVAL, KEYS, LETTERS, NULLS, SCHEDULE

from onceproof.scenarios.alphabet import ASSUMPTIONS, Letter, alphabet, lacking
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.settings.parsing import parse

HOUR_MS = 3_600_000
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
STRING_CONVERTER = "org.apache.kafka.connect.storage.StringConverter"
HEADERS = {"store.kafka.headers": "true", "headers.format.class": KEYS["keys.format.class"]}
IGNORED = {"behavior.on.null.values": "ignore"}


@pytest.mark.parametrize(
    ("properties", "assumed", "described"),
    [
        (COUNT, (), "in order"),
        ({**INTERVAL, "timestamp.extractor": "Wallclock"}, (), "in order"),
        (INTERVAL, ("no-late",), "in order, equal timestamps"),
        ({**INTERVAL, **IGNORED}, (), "in order, late, equal timestamps, null values"),
        ({**INTERVAL, **NULLS}, ("no-nulls",), "in order, late, equal timestamps"),
        (
            {**INTERVAL, **LETTERS, **KEYS},
            (),
            "in order, late, equal timestamps, dead letters (no timestamp, null key, unreadable)",
        ),
        ({**INTERVAL, **LETTERS, **KEYS}, ("no-dead-letters",), "in order, late, equal timestamps"),
        ({**COUNT, **ENVELOPE}, (), "in order, schema changes"),
        (
            {**FIELDS, "errors.tolerance": "all"},
            ("no-schema-changes", "no-late", "no-equal"),
            "in order, dead letters (unreadable), several directories by their fields",
        ),
    ],
)
def test_logs_hold_what_the_configuration_accepts(
    properties: dict[str, str], assumed: tuple[str, ...], described: str
) -> None:
    """Null values where they are taken, dead letters where they are tolerated, other schemas where there are any."""
    assert described == ", ".join(alphabet(properties, assumed).described())


@pytest.mark.parametrize(
    ("properties", "assumed", "lacks"),
    [
        (INTERVAL, (), []),
        ({**COUNT, **ENVELOPE}, (), ["values with and without a schema mixed"]),
        ({**COUNT, **ENVELOPE}, ("no-schema-changes",), []),
        ({**INTERVAL, **KEYS}, (), []),
        ({**INTERVAL, **KEYS, "key.converter": JSON_CONVERTER}, (), ["keys of another type"]),
        (
            {**INTERVAL, **KEYS, "key.converter": JSON_CONVERTER, **HEADERS},
            (),
            ["keys or headers of another type"],
        ),
        ({**INTERVAL, **HEADERS}, (), ["headers of another type"]),
        ({**INTERVAL, **HEADERS, "header.converter": STRING_CONVERTER}, (), []),
    ],
)
def test_what_no_log_holds_is_told(properties: dict[str, str], assumed: tuple[str, ...], lacks: list[str]) -> None:
    """As far as the converters could bring it; several partitions in any case."""
    config = parse({**DEFAULTS, **properties})

    assert [*lacks, "several partitions"] == [*lacking(config, assumed)]


def test_a_record_of_which_the_sink_dies_is_no_letter() -> None:
    """Without tolerance no bad record; with `fail` no null value."""
    assert ["plain"] == list(alphabet({**INTERVAL, **KEYS}).kinds)


def test_what_has_no_name_has_no_schema_to_be_told_apart_by() -> None:
    """An affix parts structs by their names; bytes are of one schema, and of one directory."""
    affix = {**COUNT, **ENVELOPE, "s3.schema.partition.affix.type": "PREFIX"}
    raw = {**affix, "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"}
    structs = alphabet(affix).kinds

    assert ["plain"] == list(alphabet(raw).kinds)
    assert ["plain", "other schema"] == list(structs)
    assert structs["plain"].directory != structs["other schema"].directory


@pytest.mark.parametrize(("limit", "directories"), [("-1", 2), ("1", 1)])
def test_logs_cross_into_another_directory_where_two_may_be_open(limit: str, directories: int) -> None:
    """If none is late the first records stand astride the hour, unless the second would close the file of the first."""
    letters = alphabet(
        {**INTERVAL, "rotate.file.on.partition.change": "false", "partitioner.max.open.files": limit}, ("no-late",)
    )
    (records,) = letters.log((Letter(), Letter())).values()

    assert directories == len({(record.timestamp_ms or 0) // HOUR_MS for record in records})


def test_words_come_by_size_and_once() -> None:
    """Fewer letters and less odd ones first, so that the first refutation is the smallest."""
    letters = alphabet({**INTERVAL, **NULLS})
    words = list(itertools.islice(letters.words(4), 500))

    assert len(words) == len(set(words))
    assert sorted(map(letters.size, words)) == [letters.size(word) for word in words]
    assert (Letter("on", "plain"),) == words[0]


def test_all_words_of_two_letters_are_there() -> None:
    """Every step with every pair of kinds."""
    letters = alphabet({**INTERVAL, **NULLS})
    words = {word for word in letters.words(2) if len(word) == 2}

    assert len(letters.steps) * len(letters.kinds) ** 2 == len(words)


def test_a_word_is_a_log_with_the_steps_of_the_configuration() -> None:
    """`closing` is the interval, `late` goes back over the beginning of an hour, a null value is none."""
    letters = alphabet({**INTERVAL, **NULLS})
    (records,) = letters.log((Letter(), Letter("closing"), Letter("late", "null"), Letter("equal"))).values()
    first_ms = records[0].timestamp_ms or 0

    assert [0, 3000, 2000, 2000] == [(record.timestamp_ms or 0) - first_ms for record in records]
    assert [False, False, True, False] == [record.value is None for record in records]
    assert 0 == first_ms % HOUR_MS


@pytest.mark.parametrize(
    ("properties", "step_ms"),
    [
        (INTERVAL, 0),
        (SCHEDULE, 60_000),
        ({**HOURS, "timestamp.extractor": "Wallclock"}, HOUR_MS),
        ({**SCHEDULE, "timestamp.extractor": "Wallclock"}, HOUR_MS),
        ({**SCHEDULE, "timestamp.extractor": "Wallclock", "rotate.schedule.interval.ms": "86400000"}, 86_400_000),
    ],
)
def test_the_clock_moves_as_far_as_it_matters(properties: dict[str, str], step_ms: int) -> None:
    """To the next slot, and under Wallclock into another directory."""
    assert step_ms == alphabet(properties).clock_step_ms


def test_assumptions_are_listed_with_their_meaning() -> None:
    """What an answer may assume, it can name."""
    assert {"no-late", "no-equal", "no-nulls", "no-dead-letters", "no-schema-changes"} == ASSUMPTIONS.keys()


def test_a_configuration_that_stores_nothing_has_no_alphabet() -> None:
    """Where the name of every object holds the text of tombstones no value is stored."""
    with pytest.raises(ScenarioError, match="stores no record, even one that was made for it: its name contains"):
        alphabet({**INTERVAL, "tombstone.encoded.partition": "year="})


def test_times_lie_near_the_epoch_of_small_worlds() -> None:
    """So that stories read alike."""
    (records,) = alphabet(COUNT).log((Letter(),)).values()

    assert EPOCH_MS == records[0].timestamp_ms
