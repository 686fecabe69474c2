"""The 33 holes: ways in which the Kafka Connect S3 sink, read closely, doubles, loses or renames data, or gets stuck.

Each is shown by scenarios of the library, whose `source` carries its number (`reference 7.3 H5`), or it is said here
why no scenario can show it. `page` puts both into `docs/holes.md`; a test holds the page to the library.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from onceproof.scenarios.scenario import Scenario

Result: TypeAlias = Literal["doubled", "lost", "renamed", "other bytes", "stuck"]

_GENERATED = "<!-- Generated; a test compares it with the code, and ONCEPROOF_SNAPSHOTS=write renews it. -->\n\n"
_THREAD = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)")


class Hole(NamedTuple):
    """One hole by its number: what becomes of records, and what happens. `here` says what is otherwise in this sink."""

    number: int
    results: tuple[Result, ...]
    what: str
    here: str = ""


HOLES: tuple[Hole, ...] = (
    Hole(
        1,
        ("doubled",),
        "Several directories are open, and the upload of one fails for a moment: reading goes back to that file's "
        "first record, past records of files that are complete already.",
    ),
    Hole(
        2,
        ("doubled",),
        "The same with `rotate.interval.ms` and late records, where a change of directory is told not to close files.",
    ),
    Hole(
        3,
        ("doubled",),
        "A slot of the schedule completes a file, and a crash before the commit lets the next life cut elsewhere.",
    ),
    Hole(
        4,
        ("lost",),
        "A former owner of the partition, stalled while it held a shorter file, completes it over the successor's.",
    ),
    Hole(
        5,
        ("doubled",),
        "A conditional write finds the sink's own object of before the crash, and goes on behind its first record.",
    ),
    Hole(
        6, ("doubled",), "A conditional write is applied, its reply is lost, and the repetition meets its own object."
    ),
    Hole(
        7,
        ("lost",),
        "A conditional write meets an object of other data that was there before, and takes a record as stored.",
    ),
    Hole(8, ("doubled",), "Offsets are set back to export once more, and conditional writes refuse every old name."),
    Hole(9, ("lost",), "Without conditional writes a topic that was made anew writes over the objects of the old one."),
    Hole(10, ("doubled", "renamed"), "Directory or interval follow the clock of the put (Wallclock, the default)."),
    Hole(
        11,
        ("doubled",),
        "A change between records with and without a schema closes no file and commits offset 0.",
    ),
    Hole(12, ("doubled",), "A record that is refused begins the interval when a restart happens to begin with it."),
    Hole(
        13, ("renamed",), "A record that is refused begins the interval, and then the size of polls decides about cuts."
    ),
    Hole(
        14,
        ("lost",),
        "A refused record's schema decides what the file takes: those behind it are refused, lose fields or lie alone.",
    ),
    Hole(15, ("doubled",), "A key or header is refused when the value stands in its file already."),
    Hole(
        16,
        ("renamed",),
        "`max.write.duration.ms` ends just when a file is full, and an empty put forgets that it was to be closed.",
    ),
    Hole(17, ("doubled", "renamed"), "The configuration changes between a completion and its commit."),
    Hole(18, ("doubled",), "An offset is handed out once; if that commit fails, it is not offered again."),
    Hole(19, ("doubled", "lost"), "The group's offsets expire: reading begins at the first record, or at the end."),
    Hole(20, ("lost",), "With `auto.offset.reset=latest`, a crash before the first commit."),
    Hole(21, ("lost",), "A file waits for a later record, and retention deletes those that it holds open."),
    Hole(22, ("doubled",), "Compaction takes a record away between two lives, and every later cut moves."),
    Hole(23, ("lost",), "Records that are skipped leave no trace, and are read and reported again by every start."),
    Hole(24, ("doubled", "other bytes"), "A crash or a refusal between the completion of an object and its tags."),
    Hole(
        25,
        ("stuck",),
        "The text of `tombstone.encoded.partition` stands in a name, of a topic for instance.",
        "Where the configuration alone makes every name so, the sink refuses it at start (`tombstone-text-in-keys` of "
        "[the deviations](deviations.md)).",
    ),
    Hole(26, ("doubled",), "Null values are written: their directory is open beside the others, as under H1."),
    Hole(27, ("stuck",), "A cooperative rebalance closes the writers of partitions that are kept."),
    Hole(28, ("stuck",), "A transform changes a record's topic."),
    Hole(
        29,
        ("renamed",),
        "Times are texts without an offset from UTC, and workers have different zones of their own.",
        "Such a text is UTC, whatever the machine: the zone cannot differ.",
    ),
    Hole(
        30,
        ("other bytes",),
        "A replay writes the same records under the same name with other bytes, or at least as another version.",
        "Equal records give equal bytes (`avro-sync-marker` of [the deviations](deviations.md)), yet a second version.",
    ),
    Hole(31, ("renamed",), "Two values, or two connectors, have the same directory."),
    Hole(32, ("renamed",), "A change between records with and without a schema meets a slot that has passed."),
    Hole(
        33,
        ("lost",),
        "A partitioner of the user's own asks for a retry when no file is open: what was buffered is skipped.",
        "A partitioner can refuse a record or end the task, and nothing else (`tests/unit/test_holes.py`).",
    ),
)


def numbers_of(scenario: Scenario) -> frozenset[int]:
    """The holes that a scenario shows, as the lines of its `source` name them."""
    named = [line for line in scenario.source if line.startswith("reference ")]
    return frozenset(int(number) for line in named for number in re.findall(r"\bH(\d+)\b", line))


def by_number(scenarios: Iterable[Scenario]) -> Mapping[int, list[Scenario]]:
    """The scenarios that show each hole, by name."""
    found: dict[int, list[Scenario]] = {hole.number: [] for hole in HOLES}
    for scenario in sorted(scenarios, key=lambda each: each.name):
        for number in numbers_of(scenario):
            found.setdefault(number, []).append(scenario)
    return found


def page(scenarios: Iterable[Scenario]) -> str:
    """`docs/holes.md`: each hole, the scenarios that show it, and who met it."""
    shown = by_number(scenarios)
    lines = [
        _GENERATED,
        "# The 33 holes\n\n",
        "Ways in which the Kafka Connect S3 sink doubles, loses or renames data, or gets stuck, found by reading it. ",
        "Each is a story of the [library](../scenarios/library), which `onceproof replay` tells, or it is said why it ",
        "cannot happen here. *Met by* are threads in which users report it, or something like it.\n\n",
        "| | what happens | the records are | stories | met by |\n| --- | --- | --- | --- | --- |\n",
    ]
    lines += [f"| {' | '.join(_row(hole, shown[hole.number]))} |\n" for hole in HOLES]
    return "".join(lines)


def _row(hole: Hole, shown: list[Scenario]) -> Iterator[str]:
    stories = [f"[{each.name}](../scenarios/library/{each.name}.yaml)" for each in shown]
    threads = [found for each in shown for line in each.source for found in [_THREAD.match(line)] if found]
    yield f"H{hole.number}"
    yield hole.what
    yield ", ".join(hole.results)
    yield " ".join([", ".join(stories) + "." if stories and hole.here else ", ".join(stories), hole.here]).strip()
    yield ", ".join(dict.fromkeys(f"[{found[1]}#{found[2]}]({found[0]})" for found in threads))
