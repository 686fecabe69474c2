"""Phrases that every story is made of: offsets, names, instants."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from onceproof.model.history import Record, TopicPartition
from onceproof.model.settings import ObjectKind
from onceproof.reports.words import one_line

_RUNS_MAX = 8
OBJECTS_MAX = 6
_RECORDS_MAX = 12

_KINDS: Mapping[ObjectKind, str] = {"value": "", "key": "keys of ", "headers": "headers of "}


def offset_runs(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return the maximal runs of consecutive offsets, each with its first and last one."""
    runs: list[tuple[int, int]] = []
    for offset in sorted(set(offsets)):
        if runs and runs[-1][1] + 1 == offset:
            runs[-1] = (runs[-1][0], offset)
        else:
            runs.append((offset, offset))
    return runs


def offsets_text(offsets: Iterable[int]) -> str:
    """Write offsets as `0, 1, 2` or `0 to 99, 104`; of very many runs the last ones are only counted."""
    parts: list[str] = []
    runs = offset_runs(offsets)
    for first, last in runs[:_RUNS_MAX]:
        parts += [f"{first} to {last}"] if last - first > 2 else [str(offset) for offset in range(first, last + 1)]
    left = sum(last - first + 1 for first, last in runs[_RUNS_MAX:])
    return ", ".join(parts) + (f" and {left:,} more" if left else "")


def brackets(offsets: Iterable[int] | None, kind: ObjectKind = "value") -> str:
    """Write the records of an object as `[1, 2]` or `[keys of 1, 2]`; `[?]` where they are not known."""
    return "[?]" if offsets is None else f"[{_KINDS[kind]}{offsets_text(offsets)}]"


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return for each key its last path segment, with as many folders before it as tell the keys apart."""
    pending = dict.fromkeys(sorted(set(keys)), 1)
    while True:
        names = {key: "/".join(key.split("/")[-depth:]) for key, depth in pending.items()}
        shared = {name for name, times in Counter(names.values()).items() if times > 1}
        longer = [key for key, name in names.items() if name in shared and name != key]
        if not longer:
            return {key: one_line(name) for key, name in names.items()}
        for key in longer:
            pending[key] += 1


def listed(items: Sequence[str]) -> str:
    """Join as `a`, `a and b`, `a, b and c`; of very many the middle ones are only counted."""
    if len(items) > OBJECTS_MAX:
        items = [*items[:2], f"{len(items) - 3:,} more", items[-1]]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def instant(timestamp_ms: int | None) -> str:
    """Write a time as `2013-01-01 10:17:00Z`, with milliseconds only where there are any."""
    if timestamp_ms is None:
        return "no timestamp"
    try:
        moment = datetime.fromtimestamp(timestamp_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{timestamp_ms} ms"
    rest = timestamp_ms % 1000
    return f"{moment:%Y-%m-%d %H:%M:%S}{f'.{rest:03}' if rest else ''}Z"


def delay(difference_ms: int) -> str:
    """Write a difference in time as `+5 min`, `-1 h 30 min`, `+250 ms`."""
    if difference_ms == 0:
        return "+0"
    left, parts = abs(difference_ms), []
    for unit_ms, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")):
        if left >= unit_ms:
            parts.append(f"{left // unit_ms} {unit}")
            left %= unit_ms
    return f"{'+' if difference_ms > 0 else '-'}{' '.join(parts)}"


def record_line(partition: TopicPartition, records: Sequence[Record]) -> str:
    """Write the records of one partition: the first with its time, the others with their distance to it."""
    if not records:
        return f"{partition}: no records"
    first = records[0]
    if len(records) > _RECORDS_MAX:
        last = records[-1]
        return (
            f"{partition}: {len(records):,} records, {first.offset} ({instant(first.timestamp_ms)}) "
            f"to {last.offset} ({instant(last.timestamp_ms)})"
        )
    return f"{partition}: " + ", ".join(f"{record.offset} ({_when(record, first)})" for record in records)


def _when(record: Record, first: Record) -> str:
    null = ", null" if record.value is None else ""
    if record is first or record.timestamp_ms is None or first.timestamp_ms is None:
        return instant(record.timestamp_ms) + null
    return delay(record.timestamp_ms - first.timestamp_ms) + null


def subject_of(offsets: Sequence[int], of: str, kind: ObjectKind = "value") -> str:
    """Write offsets as the subject of a sentence: `Offsets 1, 2 of t-0`, `The key of offset 1`."""
    which = f"{'Offset' if len(offsets) == 1 else 'Offsets'} {offsets_text(offsets)}{of}"
    if kind == "value":
        return which
    part = "headers" if kind == "headers" else "key" if len(offsets) == 1 else "keys"
    return f"The {part} of {uncapitalised(which)}"


def uncapitalised(text: str) -> str:
    """Return the text for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def verb(offsets: Sequence[int], one: str, many: str, kind: ObjectKind = "value") -> str:
    """Choose the form of a verb for what `subject_of` wrote."""
    return one if len(offsets) == 1 and kind != "headers" else many
