"""Known-bad histories, each with all that the judge must find in it, and beside each the good ones that are nearly it.

One table: a row says what happened, tells it in the order of its events, and names every finding as the kind, the
offsets, and whether it is so at rest or was so for a moment only. Unless a row says otherwise the log is `FIVE`:
records 0 to 4 of one partition, `flush.size=2`, so that what must be is {0, 1}, {2, 3}, and 4 pending.
"""

from typing import NamedTuple

from model_stories import HOURLY, JSON, SCHEDULED, T0, Story, key, log_of

from onceproof.model.history import History, Record
from onceproof.model.judge import judge

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
FIVE = log_of(count=5)
SPARSE = tuple(record._replace(offset=3 * record.offset) for record in FIVE)
"""Offsets 0, 3, 6, 9, 12, as a compacted log has them."""
GZIP = {**JSON, "s3.compression.type": "gzip"}
QUEUE = {**JSON, "errors.tolerance": "all", "errors.deadletterqueue.topic.name": "letters"}
KEYS = {**JSON, "store.kafka.keys": "true", "keys.format.class": JSON["format.class"]} | {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter"
}
KEYED = tuple(record._replace(key=b"k%d" % record.offset) for record in FIVE)
KEYLESS = (KEYED[0], KEYED[1]._replace(key=None), KEYED[2])
"""Offset 1 has no key, which is refused where keys are stored."""
BROKEN = (*FIVE[:2], FIVE[2]._replace(value=b"{"), *FIVE[3:])
"""Offset 2 cannot be read."""
HOURS = log_of(T0, T0 + HOUR_MS, T0 + 1, T0 + HOUR_MS + 1)
"""Two hours in turn."""


def read(config: dict[str, str] = JSON, log: tuple[Record, ...] = FIVE, *, begin: int = 0, end: int = 5) -> Story:
    """A life starts at `begin` and is handed all before `end`."""
    return Story(log, config).start(begin).put(end)


def keys_of(offset: int) -> str:
    """The object of keys beside that of values."""
    return key(offset).replace(".json", ".keys.json")


def day(hour: int) -> str:
    """The directory of an hour."""
    return f"year=2024/month=01/day=01/hour={hour:02d}"


def cut_by_the_schedule() -> Story:
    """Two objects of a schedule, the second not committed when the process is killed; then another life reads all."""
    story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE_MS).complete(key(0), 0, 1)
    story.put(5, T0 + MINUTE_MS).put(5, T0 + 2 * MINUTE_MS).complete(key(2), 2, 3, 4).end()
    return story.start(now_ms=T0 + 2 * MINUTE_MS).put(5, T0 + 2 * MINUTE_MS).put(5, T0 + 3 * MINUTE_MS)


class Known(NamedTuple):
    """What happened, and what must be found."""

    what: str
    history: History
    found: tuple[str, ...] = ()


KNOWN_BAD = (
    # --- lost
    Known(
        "a successor begins one record behind what was committed",
        read(end=2).complete(key(0), 0, 1).commit(2).end().start(3).put(5).complete(key(3), 3, 4).commit(5).history(),
        ("lost 2 at rest", "overtaken 2 at rest"),
    ),
    Known(
        "a poll skips a record, and nothing is committed yet",
        read(end=2).complete(key(0), 0, 1).commit(2).end().start(3).put(5).complete(key(3), 3, 4).history(),
        ("lost 2 at rest",),
    ),
    Known(
        "the keys of a file never come, its values do",
        read(KEYS, KEYED).complete(key(0), 0, 1).complete(keys_of(0), 0, 1, kind="key").complete(key(2), 2, 3)
        .commit(4).end().history(settled=False),
        ("lost 2-3 of key at rest", "overtaken 2-3 of key at rest"),
    ),
    Known(
        "a record that cannot be read is skipped, and its dead letter is refused",
        read(QUEUE, BROKEN).dead_letter(2, applied=False).complete(key(0), 0, 1).complete(key(3), 3, 4).commit(5)
        .history(),
        ("lost 2 at rest",),
    ),
    Known(
        "a record that must kill the sink is passed over",
        read(log=BROKEN).complete(key(0), 0, 1).complete(key(3), 3, 4).commit(5).history(),
        ("lost 2 at rest", "misplaced 0-1 at rest", "misplaced 3-4 at rest"),
    ),
    # --- duplicated
    Known(
        "the cuts of a schedule move after a crash",
        cut_by_the_schedule().complete(key(0), 0, 1, 2, 3, 4).commit(5).history(),
        ("duplicated 2-4 at rest", "rewritten 2-4"),
    ),
    Known(
        "two objects overlap in one record",
        read().complete(key(0), 0, 1).complete(key(1), 1, 2).commit(2).history(settled=False),
        ("duplicated 1 at rest", "misplaced 1-2 at rest"),
    ),
    Known(
        "a record is written twice in a row",
        read().complete(key(0), 0, 1, 1).complete(key(2), 2, 3).commit(4).history(),
        ("duplicated 1 at rest",),
    ),
    Known(
        "an object holds the one before it as well",
        read().complete(key(0), 0, 1).complete(key(2), 0, 1, 2, 3).commit(4).history(),
        ("duplicated 0-1 at rest", "misplaced 0-1 at rest"),
    ),
    Known(
        "a key stands twice, its value once",
        read(KEYS, KEYED, end=2).complete(key(0), 0, 1).complete(keys_of(0), 0, 1, 1, kind="key").commit(2)
        .end().history(settled=False),
        ("duplicated 1 of key at rest",),
    ),
    # --- altered
    Known(
        "a value is another one",
        read().complete(key(0), content=b'{"i":0}\n{"i":-1}\n').complete(key(2), 2, 3).commit(4).history(),
        ("altered 1 at rest",),
    ),
    Known(
        "an object ends in the middle of a record",
        read().complete(key(0), 0, 1).complete(key(2), content=b'{"i":2}\n{"i').commit(4).history(),
        ("altered 3 at rest",),
    ),
    Known(
        "compressed text is another one",
        read(GZIP, end=2).complete(f"{key(0)}.gz", content=b'{"i":0}\n{"i":9}\n', packed=b"\x1f\x8b").commit(2)
        .end().history(settled=False),
        ("altered 1 at rest",),
    ),
    # --- misplaced
    Known(
        "an object stands in the directory of another partition",
        read().complete(key(0, "partition=1"), 0, 1).complete(key(2), 2, 3).commit(4).history(),
        ("misplaced 0-1 at rest",),
    ),
    Known(
        "records of two hours stand in one object",
        read({**HOURLY, "flush.size": "4"}, HOURS, end=4).complete(key(0, day(0)), 0, 1, 2, 3).commit(4).history(),
        ("misplaced 1,3 at rest",),
    ),
    Known(
        "an object is closed one record too late, and the next one begins there",
        read().complete(key(0), 0, 1, 2).complete(key(3), 3, 4).commit(5).history(),
        ("misplaced 2 at rest", "misplaced 3-4 at rest"),
    ),
    Known(
        "a life stops in order and leaves a closed window behind",
        read().complete(key(0), 0, 1).commit(2).end("stopped").history(settled=False),
        ("misplaced 2-3 at rest",),
    ),
    # --- reordered
    Known(
        "the records of an object stand the wrong way round",
        read().complete(key(0), 1, 0).complete(key(2), 2, 3).commit(4).history(),
        ("reordered 0 at rest",),
    ),
    Known(
        "objects are completed in another order than that of their files",
        read({**HOURLY, "flush.size": "4"}, HOURS, end=4).complete(key(1, day(1)), 1, 3)
        .complete(key(0, day(0)), 0, 2).commit(4).history(),
        ("reordered 1,3",),
    ),
    # --- overtaken
    Known(
        "a commit comes before the object that it stands for",
        read().complete(key(0), 0, 1).commit(4).complete(key(2), 2, 3).history(),
        ("overtaken 2-3",),
    ),
    Known(
        "a commit comes between the values and their keys",
        read(KEYS, KEYED[:2], end=2).complete(key(0), 0, 1).commit(2).complete(keys_of(0), 0, 1, kind="key").history(),
        ("overtaken 0-1 of key",),
    ),
    Known(
        "a commit names an offset behind the end of the log",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(6).history(),
        ("lost 4 at rest", "overtaken 4 at rest", "overtaken at rest"),
    ),
    Known(
        "a commit comes before the dead letter of a record below it",
        read({**QUEUE, **KEYS}, KEYLESS, end=3).complete(key(0), 0, 2).complete(keys_of(0), 0, 2, kind="key").commit(3)
        .dead_letter(1).history(),
        ("overtaken 1", "overtaken 1 of key"),
    ),
    Known(
        "a commit is one too high for a moment",
        read(log=FIVE[:4], end=4).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(5).commit(4).history(),
        ("overtaken",),
    ),
    Known(
        "a commit is repeated when a frozen life has replaced what it stands for",
        Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE_MS).start(now_ms=T0).put(5).put(5, T0 + MINUTE_MS)
        .complete(key(0), 0, 1, 2, 3, 4).commit(5).complete(key(0), 0, 1, life=1).commit(5).history(),
        ("lost 2-4 at rest", "overtaken 2-4 at rest", "rewritten 2-4"),
    ),
    Known(
        "a commit follows a complete without an answer that made no version",
        read(end=2).complete(key(0), 0, 1).unanswered(key(2)).commit(4).end().start(2).put(5).complete(key(2), 2, 3)
        .commit(4).history(),
        ("overtaken 2-3",),
    ),
    # --- rewritten, re-encoded
    Known(
        "an object is replaced by a shorter one and then by itself",
        read(end=2).complete(key(0), 0, 1).end().start().put(2).complete(key(0), 0).end().start().put(5)
        .complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).history(),
        ("misplaced 1", "rewritten 1", "rewritten 1"),
    ),
    Known(
        "a record changes its bytes, and the object that holds it with it",
        read(end=2).complete(key(0), 0, 1).end().start().put(5).complete(key(0), content=b'{"i": 0}\n{"i":1}\n')
        .complete(key(2), 2, 3).commit(4).history(),
        ("re-encoded",),
    ),
    Known(
        "the same text is compressed otherwise",
        read(GZIP, FIVE[:2], end=2).complete(f"{key(0)}.gz", 0, 1, packed=b"\x1f\x8b1").end().start().put(2)
        .complete(f"{key(0)}.gz", 0, 1, packed=b"\x1f\x8b2").commit(2).history(),
        ("re-encoded",),
    ),
    # --- leaked
    Known(
        "an upload is neither completed nor aborted",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).history(unfinished=(key(4),)),
        ("leaked at rest",),
    ),
    Known(
        "an object holds no record at all",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).complete("manifest.json", content=b"{}").commit(4)
        .history(),
        ("leaked at rest",),
    ),
    Known(
        "an empty object stands under a name that nobody must write",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).complete(key(1), content=b"").history(),
        ("leaked at rest",),
    ),
    # --- stuck
    Known(
        "the sink stops reading though all faults are over",
        read(end=2).complete(key(0), 0, 1).commit(2).history(drained=False),
        ("stuck at rest",),
    ),
    Known(
        "the last commit stays one object behind",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(2).history(),
        ("stuck 2-3 at rest",),
    ),
    Known(
        "the last of two commits never comes",
        read(end=2).complete(key(0), 0, 1).commit(2).put(5).complete(key(2), 2, 3).ask().history(),
        ("stuck 2-3 at rest",),
    ),
)  # fmt: skip


KNOWN_GOOD = (
    Known(
        "a successor begins where was committed (lost)",
        read(end=2).complete(key(0), 0, 1).commit(2).end().start(2).put(5).complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "offsets that the log does not have are in no object (lost)",
        read(log=SPARSE, end=13).complete(key(0), 0, 3).complete(key(6), 6, 9).commit(10).history(),
    ),
    Known(
        "a record that cannot be read stands in the dead letter queue (lost)",
        read(QUEUE, BROKEN).dead_letter(2).complete(key(0), 0, 1).complete(key(3), 3, 4).commit(5).history(),
    ),
    Known(
        "what the last window holds is in no object yet (lost)",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).end("stopped").history(),
    ),
    Known(
        "the cuts of a schedule stay where they are after a crash (duplicated)",
        Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE_MS).complete(key(0), 0, 1).end()
        .start(now_ms=T0 + MINUTE_MS).put(2, T0 + MINUTE_MS).put(2, T0 + 2 * MINUTE_MS).complete(key(0), 0, 1)
        .put(5, T0 + 2 * MINUTE_MS).put(5, T0 + 3 * MINUTE_MS).complete(key(2), 2, 3, 4).commit(5).history(),
    ),
    Known(
        "five records have one and the same value (duplicated)",
        read(log=tuple(record._replace(value=b"1") for record in FIVE)).complete(key(0), 0, 1)
        .complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "value and key of a record stand in an object each (duplicated)",
        read(KEYS, KEYED, end=2).complete(key(0), 0, 1).complete(keys_of(0), 0, 1, kind="key").commit(2)
        .end().history(settled=False),
    ),
    Known(
        "a value is printed with blanks (altered)",
        read().complete(key(0), content=b'{"i": 0}\n{"i": 1}\n').complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "a life is killed before it completes what it closed (misplaced)",
        read().complete(key(0), 0, 1).commit(2).end("killed").history(settled=False),
    ),
    Known(
        "a life whose complete was refused for good stops in order (misplaced)",
        read().complete(key(0), 0, 1).fail(key(2)).end("stopped").history(settled=False),
    ),
    Known(
        "a complete is sent twice at once (duplicated, rewritten)",
        read().complete(key(0), 0, 1).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "late records stand in the object of their hour (misplaced, reordered)",
        read({**HOURLY, "flush.size": "4"}, HOURS, end=4).complete(key(0, day(0)), 0, 2)
        .complete(key(1, day(1)), 1, 3).commit(4).history(),
    ),
    Known(
        "a commit of what another life completed (overtaken)",
        read(end=2).complete(key(0), 0, 1).end().start().put(5).complete(key(0), 0, 1).commit(2)
        .complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "a commit too high that the broker refused (overtaken)",
        read().complete(key(0), 0, 1).commit(4, applied=False).complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "a complete whose reply was lost, repeated with the same bytes (rewritten)",
        read().complete(key(0), 0, 1, outcome="unknown").rewind(0, T0).put(5, T0 + 5000).complete(key(0), 0, 1)
        .complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "an upload that a crash left behind was completed under another id (leaked)",
        read().end().start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4).history(),
    ),
    Known(
        "the last commit was refused, and nothing asks for another (stuck)",
        read().complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4, applied=False).history(),
    ),
    Known(
        "a run that was not given its time does not finish (stuck)",
        read(end=2).complete(key(0), 0, 1).commit(2).history(settled=False, drained=False),
    ),
)  # fmt: skip
"""Each nearly one of the bad ones, of the kind in brackets."""


def found_in(history: History) -> list[str]:
    """All findings, as the table names them."""
    said = []
    for finding in judge(history).findings:
        offsets = _short(finding.offsets)
        kind = f"of {finding.object_kind}" if finding.object_kind != "value" else ""
        said.append(" ".join(filter(None, (finding.kind, offsets, kind, "at rest" if finding.at_rest else ""))))
    return sorted(said)


def _short(offsets: tuple[int, ...]) -> str:
    """`2-4`, or `1,3` where they are not neighbours."""
    if len(offsets) > 1 and offsets[-1] - offsets[0] == len(offsets) - 1:
        return f"{offsets[0]}-{offsets[-1]}"
    return ",".join(map(str, offsets))
