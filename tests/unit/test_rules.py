"""The static rules: what they say of settings, each told by what it does to objects."""

import pytest

from onceproof.scenarios.alphabet import alphabet
from onceproof.scenarios.configurations import CONFIGURATIONS, FAULTS, JSON, Configuration
from onceproof.scenarios.facts import Facts
from onceproof.scenarios.refuting import RUNS_MAX
from onceproof.scenarios.rules import RULES, applying, blamed, broken_by
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.settings.parsing import parse

_STORAGE = "io.confluent.connect.storage.partitioner"
_CONNECT = "org.apache.kafka.connect"
INTERVAL, COUNT, HOURS = (dict(row.properties) for row in CONFIGURATIONS[:3])
SCHEDULE = {**INTERVAL, "rotate.interval.ms": "-1", "rotate.schedule.interval.ms": "60000"}
ENVELOPE = {"value.converter.schemas.enable": "true"}
FIELDS = {
    **COUNT,
    **ENVELOPE,
    "partitioner.class": f"{_STORAGE}.FieldPartitioner",
    "partition.field.name": "region",
    "flush.size": "3",
}
KEYS = {"store.kafka.keys": "true", "keys.format.class": JSON["format.class"]}
NULLS = {**KEYS, "behavior.on.null.values": "write"}
LETTERS = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "letters"}
WALLCLOCK = {**INTERVAL, "timestamp.extractor": "Wallclock"}
TAGS = {"s3.object.tagging": "true", "s3.object.behavior.on.tagging.error": "fail"}
CHANGED = "another flush.size cuts elsewhere"


def facts(properties: dict[str, str], *assumed: str) -> Facts:
    """What rules are asked about."""
    return Facts(parse({**DEFAULTS, **properties}), alphabet(properties, assumed))


def names(properties: dict[str, str], *assumed: str) -> set[str]:
    """The rules that hold, but for the one that holds of all."""
    return {rule.name for rule in applying(facts(properties, *assumed))} - {CHANGED}


@pytest.mark.parametrize("row", CONFIGURATIONS, ids=lambda row: row.name)
def test_rules_say_what_the_table_says(row: Configuration) -> None:
    """Each refuted entry of the built-in table has a rule; what has one besides goes back over an hour, or is refused.

    The small worlds of that table do not go back over an hour where a clock rules, so that one file is open.
    """
    asked = facts(dict(row.properties))
    broken = {fault: {rule.name for rule in broken_by(asked, fault)} for fault in FAULTS if fault in row.expected}
    others = {rule.name for fault in FAULTS if fault not in row.expected for rule in broken_by(asked, fault)}

    assert {} == {fault: rules for fault, rules in broken.items() if not rules}
    assert others <= {"several files are open together"}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (INTERVAL, set()),
        (COUNT, set()),
        (HOURS, {"several files are open together"}),
        ({**HOURS, "partitioner.max.open.files": "1"}, set()),
        ({**HOURS, "flush.size": "1"}, set()),
        ({**INTERVAL, "rotate.file.on.partition.change": "false"}, {"several files are open together"}),
        (
            {**INTERVAL, "rotate.schedule.interval.ms": "0"},
            {"a conditional write takes its own object for another's"},
        ),
        ({**INTERVAL, "rotate.schedule.interval.ms": "0", "enable.conditional.writes": "false"}, set()),
        ({**INTERVAL, **KEYS, "rotate.schedule.interval.ms": "0"}, set()),
        (
            {**SCHEDULE, "partitioner.max.open.files": "1"},
            {"the schedule moves the cuts", "a conditional write takes its own object for another's"},
        ),
        ({**SCHEDULE, "flush.size": "1"}, set()),
        (
            {**SCHEDULE, **KEYS, "partitioner.max.open.files": "1"},
            {
                "the schedule moves the cuts",
                "an owner that thaws writes over its successor",
                "value, key and header objects part company",
            },
        ),
        (WALLCLOCK, {"the wall clock is the record's time"}),
        ({**WALLCLOCK, "flush.size": "1"}, {"the wall clock is the record's time"}),
        (
            {name: text for name, text in INTERVAL.items() if name != "timestamp.extractor"},
            {"the wall clock is the record's time"},
        ),
        (
            {**WALLCLOCK, **TAGS},
            {"the wall clock is the record's time", "a failed tag ends the task"},
        ),
        ({**INTERVAL, **TAGS}, set()),
        (FIELDS, {"several files are open together"}),
        ({**INTERVAL, **NULLS}, {"several files are open together"}),
        ({**COUNT, **ENVELOPE, "s3.schema.partition.affix.type": "PREFIX"}, {"several files are open together"}),
        ({**COUNT, "s3.schema.partition.affix.type": "PREFIX"}, set()),
        ({**INTERVAL, "max.write.duration.ms": "5000"}, {"a deadline forgets a rotation"}),
        ({**INTERVAL, **LETTERS}, set()),
        (
            {**INTERVAL, **LETTERS, **KEYS},
            {
                "a dead letter begins an interval",
                "a dead letter's interval is forgotten",
                "polls decide where a dead letter's interval ends",
            },
        ),
        ({**COUNT, **LETTERS, **KEYS}, set()),
        (
            {**COUNT, **ENVELOPE, **LETTERS, **KEYS},
            {"a dead letter's schema rules a file", "a dead letter's schema is forgotten"},
        ),
        (
            {**WALLCLOCK, **ENVELOPE, "rotate.interval.ms": "-1"},
            {
                "the wall clock is the record's time",
                "a change of schema closes a file, and the clock moves on",
                "several files are open together",
            },
        ),
    ],
)
def test_what_breaks_a_configuration_is_read_off_it(properties: dict[str, str], expected: set[str]) -> None:
    """Also where a setting acts at a distance, as a schedule of 0, or is not there at all, as an extractor."""
    assert expected == names(properties)


def test_assumptions_take_reasons_away() -> None:
    """A rule that needs null values, dead letters, changes of schema or late records is silent without them."""
    dead = {**INTERVAL, **LETTERS, **KEYS}
    affixed = {**COUNT, **ENVELOPE, "s3.schema.partition.affix.type": "SUFFIX"}

    assert set() == names({**INTERVAL, **NULLS}, "no-nulls")
    assert set() == names(dead, "no-dead-letters")
    assert "polls decide where a dead letter's interval ends" not in names(dead, "no-late")
    assert set() == names(affixed, "no-schema-changes")
    assert {"several files are open together"} == names(HOURS, "no-late", "no-equal")


BYTES = {**ENVELOPE, "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"}
BEGINS, FORGETS, LAST, POLLS = (
    "a dead letter begins an interval",
    "a dead letter's interval is forgotten",
    "a dead letter's interval closes the last file",
    "polls decide where a dead letter's interval ends",
)
RULED, UNRULED = "a dead letter's schema rules a file", "a dead letter's schema is forgotten"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({**COUNT, **BYTES, **LETTERS}, {UNRULED}),
        ({**COUNT, **BYTES, **LETTERS, **KEYS}, {UNRULED, RULED}),
        ({**COUNT, **BYTES, **LETTERS, "schema.compatibility": "FORWARD"}, set()),
        ({**COUNT, **BYTES, **LETTERS, "s3.schema.partition.affix.type": "SUFFIX"}, {UNRULED}),
        ({**INTERVAL, **BYTES, **LETTERS}, {FORGETS, POLLS, UNRULED}),
        ({**INTERVAL, **LETTERS, **KEYS}, {FORGETS, POLLS, BEGINS}),
        ({**COUNT, **BYTES, **LETTERS, **KEYS, "rotate.schedule.interval.ms": "60000"}, {UNRULED}),
        ({**INTERVAL, **LETTERS, **KEYS, "rotate.schedule.interval.ms": "60000"}, {FORGETS, POLLS}),
    ],
)
def test_a_dead_letter_harms_where_it_stands_amid_a_file(properties: dict[str, str], expected: set[str]) -> None:
    """Not where it closes each file before it, or a schedule may; nor where nothing is stored behind it."""
    asked = facts({**properties, "timezone": "UTC"})

    assert expected == {rule.name for rule in applying(asked) if "dead letter" in rule.name}


def test_a_dead_letter_closes_a_last_file_of_one_record() -> None:
    """Which stays open when it is tried again; of several objects one may have lost its reply."""
    shortest = {**INTERVAL, **LETTERS, "rotate.interval.ms": "1"}
    one_object = facts({**shortest, **BYTES}, "no-late", "no-equal")
    several = facts({**shortest, **KEYS}, "no-late", "no-equal")

    assert [LAST] == [rule.name for rule in broken_by(one_object, "S3 error")]
    assert [] == [rule.name for rule in broken_by(one_object, "lost reply")]
    assert [FORGETS] == [rule.name for rule in broken_by(several, "S3 error")]
    assert [FORGETS] == [rule.name for rule in broken_by(several, "lost reply")]


@pytest.mark.parametrize(
    ("properties", "breaks"),
    [
        ({}, True),
        ({"rotate.interval.ms": "7200000", "rotate.file.on.partition.change": "false"}, True),
        ({"rotate.interval.ms": "3600000", "rotate.file.on.partition.change": "false"}, False),
        ({"rotate.interval.ms": "7200000"}, False),
        ({"rotate.schedule.interval.ms": "60000"}, False),
        ({"partitioner.max.open.files": "1"}, False),
    ],
)
def test_a_restart_meets_another_schema_where_the_clock_may_close_no_file(
    properties: dict[str, str], breaks: bool
) -> None:
    """A schedule, an interval no longer than a directory, or the next directory closes it anyway."""
    asked = facts({**HOURS, **ENVELOPE, "timestamp.extractor": "Wallclock", **properties})

    assert breaks == bool(broken_by(asked, "restart"))


def test_a_change_of_flush_size_is_harmless_where_files_have_one_record() -> None:
    """If each record closes a file, or if conditional writes pass over objects of one record."""
    single = {**INTERVAL, "flush.size": "1"}

    assert [CHANGED] == [rule.name for rule in broken_by(facts(single), "other flush.size")]
    assert () == broken_by(facts({**single, "rotate.schedule.interval.ms": "0"}), "other flush.size")
    assert () == broken_by(facts({**INTERVAL, "rotate.interval.ms": "1"}, "no-late", "no-equal"), "other flush.size")


LATEST = {"consumer.override.auto.offset.reset": " Latest"}


def test_a_reader_of_the_latest_forgets_what_is_in_no_object() -> None:
    """A crash before the first commit does it; a stop does where a file can be open, or nothing be committed yet."""
    begins, forgets = "a life without an offset begins at the end", "an open file is forgotten where reading begins"
    single, skipping = {**COUNT, **LATEST, "flush.size": "1"}, {**INTERVAL, **LETTERS, **KEYS, "flush.size": "1"}

    assert {begins, f"{forgets} at the end"} == names({**COUNT, **LATEST})
    assert {begins} == names(single)
    assert {begins, "what is not stored commits no offset"} == names({**skipping, **LATEST})
    assert set() == names({**COUNT, "consumer.override.auto.offset.reset": "earliest"})
    assert (("consumer.override.auto.offset.reset", "Latest"),) == blamed(
        facts(single), broken_by(facts(single), "crash")[0]
    )


def test_a_reader_of_the_latest_reads_nothing_again_once_offsets_expire() -> None:
    """So that no clock can cut it otherwise; what an open file held is lost."""
    single = {**WALLCLOCK, "flush.size": "1"}

    assert () != broken_by(facts(single), "expired offsets")
    assert () == broken_by(facts({**single, **LATEST}), "expired offsets")
    assert ("H19", "H20") == broken_by(facts({**WALLCLOCK, **LATEST}), "expired offsets")[0].holes


def test_a_default_is_blamed_as_one() -> None:
    """Nobody finds `timestamp.extractor` in a file that does not hold it."""
    asked = facts({name: text for name, text in INTERVAL.items() if name != "timestamp.extractor"})
    (rule,) = broken_by(asked, "crash")

    assert (("timestamp.extractor", "Wallclock (default)"),) == blamed(asked, rule)


def test_who_lets_files_be_open_together_is_blamed() -> None:
    """A rotation that is off, the fields of a partitioner, an affix, or null values."""
    blames = [
        [name for name, _ in blamed(asked, broken_by(asked, "S3 error")[0])]
        for asked in map(
            facts, (HOURS, {**INTERVAL, "rotate.file.on.partition.change": "false"}, FIELDS, {**INTERVAL, **NULLS})
        )
    ]

    assert [
        ["rotate.interval.ms"],
        ["rotate.file.on.partition.change"],
        ["partitioner.class", "partition.field.name"],
        ["behavior.on.null.values"],
    ] == blames


def test_rules_name_faults_that_there_are() -> None:
    """And each has a reason in sentences, somebody to blame and a remedy."""
    asked = facts(WALLCLOCK)

    assert {fault for rule in RULES for fault in rule.faults} <= RUNS_MAX.keys() <= FAULTS.keys()
    assert len(RULES) == len({rule.name for rule in RULES})
    assert all(rule.reason.endswith(".") and rule.remedy and rule.properties(asked) is not None for rule in RULES)
