"""What breaks exactly-once, read off a configuration: a table of rules, each with its reason and whom to blame.

A configuration leaves identical objects under a class of faults if no rule names that class. Why that is enough: right
behind a rotation a writer is as good as new, so that from there on names and records follow from the records alone, as
long as no rule applies; every restart begins behind a rotation; and a failed request is retried from the first record
of the one file that is open. The rules are exact for the logs of an `alphabet`, and a property holds them to a search:
what they call identical no run refutes, and what they call broken some run does, but for the rules that say that no
small world can show them.

Of flush.size no rule asks more than whether a file can have several records, so that small worlds may scale it.

Source: reference 7.1 (what makes objects follow from records), 7.2 (several open files), 7.3 (the holes, by number).
"""

from collections.abc import Callable
from dataclasses import dataclass

from onceproof.scenarios.alphabet import Letter, Word
from onceproof.scenarios.facts import Facts
from onceproof.scenarios.resets import PROPERTY as RESET
from onceproof.sink.settings.overrides import COOPERATIVE, consumer_settings
from onceproof.sink.settings.properties import PROPERTIES
from onceproof.sink.task import NO_LIMIT_MS

_AGAIN = ("crash", "two crashes", "commit refused", "expired offsets", "frozen owner", "other flush.size")
"""Faults that make a sink read records again that stand in objects, from the start of some object."""
_CLOCK = (*_AGAIN, "lost reply")
_IN_TASK = ("S3 error", "lost reply")
"""Faults after which the same process reads again from the first record of a file that is not done."""
_ISSUES = "https://github.com/confluentinc/kafka-connect-storage-cloud/issues"


@dataclass(frozen=True)
class Rule:
    """One way in which a configuration is not exactly-once."""

    name: str
    reason: str
    """Whole sentences."""
    properties: Callable[[Facts], tuple[str, ...]]
    """Whom to blame, the first first."""
    faults: tuple[str, ...]
    """The classes of faults under which it leaves other objects."""
    applies: Callable[[Facts], bool]
    remedy: str
    """What to set instead."""
    holes: tuple[str, ...]
    """By their numbers in reference 7.3."""
    threads: tuple[str, ...] = ()
    """Where users met it."""
    words: tuple[Word, ...] = ()
    """Logs that show it, where they are longer than most."""
    is_shown: bool = True
    """Whether a small world can show it."""


def broken_by(facts: Facts, fault: str) -> tuple[Rule, ...]:
    """The rules by which a configuration does not leave identical objects under a class of faults."""
    if fault == "expired offsets" and facts.begins_at_the_end:  # then nothing is read again
        return tuple(rule for rule in _OF_RESETS if fault in rule.faults and rule.applies(facts))
    return tuple(rule for rule in RULES if fault in rule.faults and rule.applies(facts))


def applying(facts: Facts) -> tuple[Rule, ...]:
    """The rules that hold of a configuration."""
    return tuple(rule for rule in RULES if rule.applies(facts))


def blamed(facts: Facts, rule: Rule) -> tuple[tuple[str, str], ...]:
    """Each property that a rule blames, with its value; a default is marked as one."""
    found = []
    for name in rule.properties(facts):
        given = facts.config.raw.get(name)
        found.append((name, given.strip() if given is not None else f"{PROPERTIES[name].default} (default)"))
    return tuple(found)


def _names(*names: str) -> Callable[[Facts], tuple[str, ...]]:
    return lambda _: names


def _of_several_files(facts: Facts) -> tuple[str, ...]:
    """What lets files of several directories be open together."""
    config, kinds = facts.config, facts.alphabet.kinds
    found = []
    if facts.turns:
        found.append("rotate.file.on.partition.change" if facts.has_interval else "rotate.interval.ms")
    if "other" in kinds:
        found += ["partitioner.class", "partition.field.name"]
    if config.affix != "NONE" and "other schema" in kinds:
        found.append("s3.schema.partition.affix.type")
    if facts.writes_nulls:
        found.append("behavior.on.null.values")
    if facts.has_interval and config.rotate_on_partition_change:
        return ("behavior.on.null.values",)
    return tuple(found)


def _letters(*texts: str) -> Word:
    """`on plain` for a record that comes a little later, and so on."""
    return tuple([Letter(*text.split(" ", 1)) for text in texts])


_IN_ORDER = tuple(count * _letters("on plain") for count in (2, 3, 4))
_THREE_FIRST = tuple(count * _letters("on plain") for count in (3, 2, 4))
_TIMED_ODD = ("null key", "no headers", "other type")
_BASES_MET = tuple(
    _letters(*first, "on plain", "closing plain")
    for odd in _TIMED_ODD
    for first in (
        ("on plain", f"on {odd}", "closing plain"),
        ("on plain", f"late {odd}", "turn plain"),
        ("on unreadable", "late plain", f"on {odd}", "closing plain"),
    )
)
_LAST_FORGOTTEN = tuple(_letters(f"on {odd}", "closing plain") for odd in _TIMED_ODD)
_BASES_FORGOTTEN = (
    *(
        _letters(*first, "on plain", "closing plain", "closing plain")
        for odd in _TIMED_ODD
        for first in (
            (f"on {odd}", "closing plain"),
            (f"on {odd}", "turn plain"),
            ("on unreadable", f"late {odd}", "closing plain"),
            ("on unreadable", f"on {odd}", "closing plain"),
        )
    ),
    *_LAST_FORGOTTEN,
)
_BASES_BY_POLLS = (
    *(
        before + _letters(f"on {odd}", "closing plain", "late plain", "closing plain", "closing plain")
        for odd in _TIMED_ODD
        for before in ((), 3 * _letters("on plain"), 2 * _letters("on plain"))
    ),
    *(
        _letters(*first, "closing plain", "closing plain")
        for odd in _TIMED_ODD
        for first in (
            ("on unreadable", f"late {odd}", "closing plain", "late plain"),
            (f"on {odd}", "closing plain", "back plain"),
        )
    ),
)


_TWO_SCHEMAS = (("plain", "other schema"), ("other schema", "plain"))
_DEAD = tuple(f"{odd}{schema}" for odd in _TIMED_ODD for schema in ("", ", other schema"))
_SCHEMAS_MET = tuple(
    word
    for first, later in _TWO_SCHEMAS
    for dead in _DEAD
    for word in (
        _letters(f"on {first}", f"on {dead}", f"on {later}", f"on {later}", f"on {later}"),
        _letters(f"on {first}", f"turn {dead}", f"on {first}", f"on {first}", f"on {first}"),
        _letters(f"on {first}", f"closing {dead}", f"on {first}", f"on {first}", f"on {first}"),
    )
)
_ONE_SCHEMA_MET = tuple(
    _letters(*first, *("on plain", "on plain", "on plain"))
    for dead in _TIMED_ODD
    for first in (
        ("on plain", f"on {dead}"),
        ("on plain", f"back {dead}"),
        ("on null", f"on {dead}"),
        *([("on plain", f"on {dead}", "on other type")] if dead != "other type" else []),
    )
)
_SCHEMAS_FORGOTTEN = tuple(
    _letters(f"on {dead}", f"on {later}", f"on {later}", f"on {later}") for _, later in _TWO_SCHEMAS for dead in _DEAD
)


def _breaks_by_crash(facts: Facts) -> bool:
    return bool(broken_by(facts, "crash"))


_OF_RESETS = (
    Rule(
        name="a life without an offset begins at the end",
        reason="auto.offset.reset=latest decides again at each start until an offset is committed, and none is before "
        "a file is complete. What came before such a start, and is in no object by then, is never read again: it is "
        "lost.",
        properties=_names(RESET),
        faults=("crash", "two crashes", "frozen owner", "other flush.size"),
        applies=lambda facts: facts.begins_at_the_end,
        remedy=f"{RESET}=earliest, or offsets that are committed before the first start",
        holes=("H20",),
        threads=("https://github.com/openmeterio/openmeter/issues/4964",),
        words=_IN_ORDER,
    ),
    Rule(
        name="an open file is forgotten where reading begins at the end",
        reason="A stop, however orderly, leaves the records of an open file to be read again. With "
        "auto.offset.reset=latest they are not, if no offset is committed, or the group's offsets expire meanwhile: "
        "reading goes on at the end, and they are lost.",
        properties=_names(RESET),
        faults=("restart", "commit refused", "expired offsets"),
        applies=lambda facts: facts.begins_at_the_end and facts.leaves_records_in_files,
        remedy=f"{RESET}=earliest",
        holes=("H19", "H20"),
        words=_IN_ORDER,
    ),
    Rule(
        name="what is not stored commits no offset",
        reason="Behind records that are skipped, or dead letters, no offset is committed until one is stored. With "
        "auto.offset.reset=latest a restart meanwhile begins at the end, and passes over what was not read yet.",
        properties=_names(RESET),
        faults=("restart",),
        applies=lambda facts: facts.begins_at_the_end and facts.reads_what_is_not_stored,
        remedy=f"{RESET}=earliest",
        holes=("H20",),
        words=tuple(_letters(f"on {odd}", "on plain") for odd in ("null", "no timestamp", *_TIMED_ODD, "unreadable")),
    ),
)
"""Of `auto.offset.reset`."""

RULES: tuple[Rule, ...] = (
    *_OF_RESETS,
    Rule(
        name="the schedule moves the cuts",
        reason="rotate.schedule.interval.ms closes files by the wall clock. What is read again after a crash meets "
        "another slot, so that the same records are cut elsewhere: an object changes under its name, or the end of one "
        "stands in the next one too.",
        properties=_names("rotate.schedule.interval.ms"),
        faults=_CLOCK,
        applies=lambda facts: facts.is_moved_by_schedule,
        remedy="rotate.schedule.interval.ms=-1 and, with a partitioner by record time, rotate.interval.ms",
        holes=("H3",),
        threads=(f"{_ISSUES}/341", f"{_ISSUES}/177", f"{_ISSUES}/484"),
        words=_IN_ORDER,
    ),
    Rule(
        name="a conditional write takes its own object for another's",
        reason="rotate.schedule.interval.ms is not -1 (0 counts, though it closes nothing), which lets "
        "enable.conditional.writes take effect. A file whose object is there already is then refused, and reading goes "
        "on behind the first record of it: all its other records stand twice.",
        properties=_names("enable.conditional.writes", "rotate.schedule.interval.ms"),
        faults=_CLOCK,
        applies=lambda facts: facts.is_blocked_by_its_own,
        remedy="rotate.schedule.interval.ms=-1, or enable.conditional.writes=false",
        holes=("H5", "H6"),
        words=_IN_ORDER,
    ),
    Rule(
        name="an owner that thaws writes over its successor",
        reason="Without conditional writes (which have no effect where keys or headers are stored) a process that was "
        "frozen, and that another has replaced, still completes what it holds when it thaws. Where the schedule has "
        "cut otherwise meanwhile, its shorter object comes over the longer one of its successor, whose offsets are "
        "committed: records are lost.",
        properties=_names("enable.conditional.writes", "rotate.schedule.interval.ms"),
        faults=("frozen owner",),
        applies=lambda facts: facts.is_moved_by_schedule and not facts.is_blocked_by_its_own,
        remedy="rotate.schedule.interval.ms=-1",
        holes=("H4",),
        threads=(f"{_ISSUES}/253", f"{_ISSUES}/800"),
        words=_IN_ORDER,
    ),
    Rule(
        name="the wall clock is the record's time",
        reason="The Wallclock extractor, which is the default, takes the time of the put for that of the record. What "
        "is read again has another time: it goes to another directory, or an interval ends elsewhere.",
        properties=_names("timestamp.extractor"),
        faults=_CLOCK,
        applies=lambda facts: facts.is_moved_by_wallclock,
        remedy="timestamp.extractor=Record (or RecordField)",
        holes=("H10",),
        threads=(f"{_ISSUES}/165",),
        words=_THREE_FIRST,
    ),
    Rule(
        name="a change of schema closes a file, and the clock moves on",
        reason="A record of another schema closes the file of its directory. If it is read again only after a restart, "
        "the clock sends it to another directory, where it would have closed nothing.",
        properties=_names("timestamp.extractor", "schema.compatibility"),
        faults=("restart",),
        applies=lambda facts: facts.meets_schemas_later,
        remedy="timestamp.extractor=Record (or RecordField)",
        holes=("H10",),
        words=tuple(_letters("on plain", f"on {other}") for other in ("other schema", *_DEAD)),
    ),
    Rule(
        name="several files are open together",
        reason="Files of several directories are closed together, one after another. If one fails, reading goes on at "
        "the first record of those that are not done: the records in between that already stand in an object are "
        "written once more, without any crash.",
        properties=_of_several_files,
        faults=_IN_TASK,
        applies=lambda facts: facts.has_several_files,
        remedy="partitioner.max.open.files=1 (many small files), or rotate.interval.ms with "
        "rotate.file.on.partition.change=true and a partitioner by record time",
        holes=("H1", "H2", "H26"),
        threads=("https://github.com/pinterest/secor/issues/600",),
        words=(
            _letters("on plain", "late plain", "on plain", "on plain"),
            _letters("on plain", "turn plain", "on plain", "on plain", "on plain"),
            _letters("on plain", "late plain", "closing plain", "on plain"),
            _letters("on plain", "late plain", "on plain", "closing plain", "closing plain"),
            *(
                _letters("on plain", f"on {other}", *("on plain", "on plain", "on plain")[:more])
                for other in ("null", "other", "other schema")
                for more in (2, 3)
            ),
            *_THREE_FIRST,
        ),
    ),
    Rule(
        name="value, key and header objects part company",
        reason="The objects of values, keys and headers are completed one after another. If a later one fails, the "
        "file is tried again, and where a clock rules it is then another file: the object of values that was there "
        "already changes, or stays behind under another name.",
        properties=lambda facts: (
            "store.kafka.keys" if facts.config.store_keys else "store.kafka.headers",
            "timestamp.extractor" if facts.is_wallclock else "rotate.schedule.interval.ms",
        ),
        faults=("S3 error",),
        applies=lambda facts: (
            facts.stores_keys_or_headers and (facts.is_moved_by_schedule or facts.is_moved_by_wallclock)
        ),
        remedy="no clock: rotate.schedule.interval.ms=-1 and timestamp.extractor=Record (or RecordField)",
        holes=(),
        words=_THREE_FIRST,
    ),
    Rule(
        name="a dead letter begins an interval",
        reason="A record that cannot be stored still sets the time from which rotate.interval.ms is counted. Where "
        "reading begins again it may be another one, so that files are cut elsewhere.",
        properties=_names("errors.tolerance", "rotate.interval.ms"),
        faults=("restart", "crash", "two crashes", "commit refused", "frozen owner", "other flush.size"),
        applies=lambda facts: facts.is_cut_by_dead_letters_again,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H12",),
        words=_BASES_MET,
    ),
    Rule(
        name="a dead letter's interval is forgotten",
        reason="A record that cannot be stored still sets the time from which rotate.interval.ms is counted. A file "
        "that fails is tried again from its own first record, which then sets it.",
        properties=_names("errors.tolerance", "rotate.interval.ms"),
        faults=_IN_TASK,
        applies=lambda facts: facts.forgets_a_dead_interval,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H12",),
        words=_BASES_FORGOTTEN,
    ),
    Rule(
        name="a dead letter's interval closes the last file",
        reason="A record that cannot be stored still sets the time from which rotate.interval.ms is counted, and the "
        "last record of a poll may end it at once. If its file fails it is tried again from that record, which then "
        "begins the interval: the file stays open.",
        properties=_names("errors.tolerance", "rotate.interval.ms"),
        faults=("S3 error",),
        applies=lambda facts: facts.leaves_its_last_file_open and not facts.stores_keys_or_headers,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H12", "H13"),
        words=_LAST_FORGOTTEN,
    ),
    Rule(
        name="polls decide where a dead letter's interval ends",
        reason="A dead letter begins the interval, the last record of a poll may end it at once, and a late record of "
        "the next poll then misses the file that it would have joined in the same poll.",
        properties=_names("errors.tolerance", "rotate.interval.ms"),
        faults=("expired offsets",),
        applies=lambda facts: facts.misses_a_dead_interval,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H13",),
        words=_BASES_BY_POLLS,
    ),
    Rule(
        name="a dead letter's schema rules a file",
        reason="A record that cannot be stored still sets the schema that the next records of its directory are "
        "compared with. Where reading begins behind it, or before it, the same records are cut or projected otherwise.",
        properties=_names("errors.tolerance", "schema.compatibility"),
        faults=("restart", "crash", "two crashes", "commit refused", "frozen owner", "other flush.size"),
        applies=lambda facts: facts.meets_a_dead_schema,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H14",),
        words=_SCHEMAS_MET + _ONE_SCHEMA_MET,
    ),
    Rule(
        name="a dead letter's schema is forgotten",
        reason="A record that cannot be stored still sets the schema that the next records of its directory are "
        "compared with. A file that fails is tried again from its own first record, which then sets its own.",
        properties=_names("errors.tolerance", "schema.compatibility"),
        faults=_IN_TASK,
        applies=lambda facts: facts.forgets_a_dead_schema,
        remedy="errors.tolerance=none, or records that can all be stored",
        holes=("H14",),
        words=_SCHEMAS_FORGOTTEN,
    ),
    Rule(
        name="a failed tag ends the task",
        reason="With s3.object.behavior.on.tagging.error=fail the task dies of a failed tag, when its object is "
        "visible and not committed: that is a crash.",
        properties=_names("s3.object.behavior.on.tagging.error"),
        faults=("S3 error",),
        applies=lambda facts: facts.config.tagging and facts.config.tagging_error_fails and _breaks_by_crash(facts),
        remedy="s3.object.behavior.on.tagging.error=ignore",
        holes=("H24",),
    ),
    Rule(
        name="a deadline forgets a rotation",
        reason="Where max.write.duration.ms is over just when flush.size is reached and no record waits, the rotation "
        "is forgotten: the file gets one record more. What is read again is cut at flush.size.",
        properties=_names("max.write.duration.ms"),
        faults=_CLOCK,
        applies=lambda facts: facts.config.max_write_duration_ms < NO_LIMIT_MS,
        remedy="max.write.duration.ms left at its default",
        holes=("H16",),
        is_shown=False,
    ),
    Rule(
        name="another flush.size cuts elsewhere",
        reason="Completed files that are not committed yet are read again under the new flush.size, and cut elsewhere. "
        "After an orderly stop a change is safe.",
        properties=_names("flush.size"),
        faults=("other flush.size",),
        applies=lambda facts: facts.has_cuts_to_change,
        remedy="an orderly stop before the change",
        holes=("H17",),
        threads=(f"{_ISSUES}/487",),
        words=(
            3 * _letters("on plain"),
            _letters("on plain", "equal plain", "equal plain", "equal plain"),
            4 * _letters("on plain"),
        ),
    ),
)
"""In the order in which they are told."""


@dataclass(frozen=True)
class Caution:
    """What no class of faults here shows, and is worth knowing."""

    text: str
    applies: Callable[[Facts], bool]


def _reports_again(facts: Facts) -> bool:
    """Whether there are records that are told of, and stand in no object."""
    return bool(facts.alphabet.kinds_of("dead letter") or facts.alphabet.kinds_of("skipped"))


def _is_cooperative(facts: Facts) -> bool:
    """Whether a rebalance leaves partitions where they are: no eager assignor is named beside the cooperative one."""
    settings = consumer_settings(facts.config.consumer_overrides).settings
    return settings.get("partition.assignment.strategy") == COOPERATIVE


CAUTIONS: tuple[Caution, ...] = (
    Caution(
        "consumer.override.partition.assignment.strategy: a cooperative rebalance closes the writers of the partitions "
        "that a task keeps as well, and the task fails at the next record of one of them (H27).",
        _is_cooperative,
    ),
    Caution(
        "timestamp.field: a text without an offset is read in the time zone of the worker's JVM, not in `timezone`: "
        "workers in different zones write different objects.",
        lambda facts: facts.is_timed and "RecordField" in facts.config.extractor,
    ),
    Caution(
        "Records behind the last one that was stored are read again after every restart, and reported again if they "
        "are dead letters.",
        _reports_again,
    ),
    Caution(
        "The real connector gives each Avro file a random sync marker: an object that is written again has other "
        "bytes, and the same records.",
        lambda facts: (
            "AvroFormat"
            in {
                facts.config.format,
                facts.config.keys_format if facts.config.store_keys else "",
                facts.config.headers_format if facts.config.store_headers else "",
            }
        ),
    ),
)
"""What is true of the real connector besides."""
