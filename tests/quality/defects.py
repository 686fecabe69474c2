"""Planted defects of the sink: each a plausible change of one line, made in a copy of a module's source.

No switch for any of them stands in the sink. A copy is compiled beside the original, and whoever had imported what the
original defines gets what the copy defines, for as long as the defect is planted.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

from onceproof.scenarios.worlds import simulated


class Defect(NamedTuple):
    """One line of one module that is not as it must be."""

    name: str
    module: str
    line: str
    """As it stands in the source, once."""
    instead: str


DEFECTS = (
    # --- what is committed
    Defect(
        "a commit does not wait for the file to be complete",
        "machine",
        "        self._last_directory = directory\n",
        "        self._last_directory = directory\n        self._pending = records[end - 1].offset + 1\n",
    ),
    Defect(
        "the position is committed, not the written offset",
        "task",
        "{partition: writer.take_offset() for partition, writer in self._writers.items()}",
        "{partition: self._positions[partition] for partition, writer in self._writers.items()}",
    ),
    Defect(
        "the offset of the last record is committed, not the one behind it",
        "machine",
        "self._pending = self._last_offset + 1",
        "self._pending = self._last_offset",
    ),
    Defect(
        "the offset committed is one too high",
        "machine",
        "self._pending = self._last_offset + 1",
        "self._pending = self._last_offset + 2",
    ),
    Defect("an offset is never handed out", "machine", "return pending", "return None"),
    # --- names
    Defect(
        "a file is named by its last record",
        "machine",
        "        key = self._key(directory, offset)\n",
        "        key = self._key(directory, offset := self._waiting.records[-1].offset)\n",
    ),
    Defect(
        "names are off by one",
        "machine",
        "config, offset = self._config, record.offset",
        "config, offset = self._config, record.offset + 1",
    ),
    Defect(
        "names are padded with one zero less",
        "placing.partitioner",
        ".zfill(config.pad_width)",
        ".zfill(config.pad_width - 1)",
    ),
    Defect(
        "directories follow UTC instead of local time",
        "placing.partitioner",
        "local_ms = timestamp_ms + bucket.zone.offset_ms(timestamp_ms)",
        "local_ms = timestamp_ms",
    ),
    # --- when files are closed
    Defect("> for >= in rotate.interval.ms", "machine", "base_ms >= interval_ms", "base_ms > interval_ms"),
    Defect(
        "a file takes one record more than flush.size",
        "machine",
        "at + config.flush_size - self._count)",
        "at + config.flush_size - self._count + 1)",
    ),
    Defect(
        "a late record of another hour goes with the run that it comes in",
        "machine",
        "not low_ms <= next_ms < high_ms",
        "not next_ms < high_ms",
    ),
    Defect(
        "a run goes on to the end of its directory, whatever the interval",
        "machine",
        "high_ms = min(high_ms, self._base_ms + self._config.rotate_interval_ms)",
        "pass",
    ),
    Defect("> for >= in the schedule", "machine", "now_ms >= self._scheduled_ms", "now_ms > self._scheduled_ms"),
    Defect(
        "the base is not forgotten",
        "machine",
        "        self._base_ms = None\n        self._schemas",
        "        self._schemas",
    ),
    Defect(
        "a later record raises the base",
        "machine",
        "if self._base_ms is None:",
        "if self._base_ms is None or timestamp_ms > self._base_ms:",
    ),
    Defect(
        "a late record lowers the base",
        "machine",
        "if self._base_ms is None:",
        "if self._base_ms is None or timestamp_ms < self._base_ms:",
    ),
    Defect("a change of directory closes nothing", "machine", "or directory == self._last_directory:", "or True:"),
    Defect(
        "a change of directory closes files though it is switched off",
        "machine",
        "if not self._config.rotate_on_partition_change or directory",
        "if directory",
    ),
    Defect(
        "slots are counted from midnight UTC",
        "placing.schedule",
        "local_day = (now_ms + zone.offset_ms(now_ms)) // DAY_MS",
        "zone = Zone.named('UTC')\n    local_day = now_ms // DAY_MS",
    ),
    Defect(
        "an expired slot closes the first record of an idle partition",
        "machine",
        "if self._count == 0 and self._schedule_is_due(now_ms):",
        "if False:",
    ),
    Defect(
        "a rotation does not move the schedule",
        "machine",
        '            self._scheduled_ms = self._next_scheduled_ms((yield ReadClock(self.partition, "reschedule")))\n',
        '            yield ReadClock(self.partition, "reschedule")\n',
    ),
    Defect(
        "the wall clock counts instead of the record's time",
        "placing.extractors",
        "now_ms: record.timestamp_ms",
        "now_ms: now_ms",
    ),
    # --- what files hold
    Defect(
        "the record that closes a file is dropped",
        "machine",
        "                return at\n",
        "                return at + 1\n",
    ),
    Defect(
        "records stand in reverse",
        "writing.upload",
        "self._buffer += self._writer.write(values, schema)",
        "self._buffer[:0] = self._writer.write(values, schema)",
    ),
    Defect(
        "fields stand in the order of the text",
        "java.javajson",
        "ordered = dict.fromkeys(names_in_order(value))",
        "ordered = dict.fromkeys(value)",
    ),
    # --- when something fails
    Defect(
        "files are completed in reverse",
        "machine",
        "for name, directory in list(self._open.items()):",
        "for name, directory in list(reversed(self._open.items())):",
    ),
    Defect(
        "a rewind goes to the highest start",
        "machine",
        "rewind = min((directory.start_offset",
        "rewind = max((directory.start_offset",
    ),
    Defect("a rewind goes one record too far", "task", "= retry.rewind\n", "= retry.rewind + 1\n"),
    Defect("a failed writer does not back off", "task", "failed_ms=now_ms)", "failed_ms=None)"),
    Defect(
        "a back-off is one tick too long",
        "machine",
        "< self._config.retry_backoff_ms",
        "<= self._config.retry_backoff_ms",
    ),
    Defect(
        "conditional writes are effective without a schedule",
        "settings.parsing",
        " and scheduled and not stored",
        " and not stored",
    ),
    Defect(
        "after a 412 reading goes on behind the next name",
        "machine",
        "for offset in range(start_offset + 1, end):",
        "for offset in range(start_offset + 2, end):",
    ),
)


@contextmanager
def planted(defect: Defect) -> Iterator[None]:
    """The sink with that defect, wherever it is imported; afterwards all is as before."""
    original = importlib.import_module(f"onceproof.sink.{defect.module}")
    source = inspect.getsource(original)
    assert source.count(defect.line) == 1, f"{defect.name}: the line stands {source.count(defect.line)} times"
    damaged = ModuleType(original.__name__)
    damaged.__file__ = original.__file__
    exec(compile(source.replace(defect.line, defect.instead), f"<{defect.name}>", "exec"), damaged.__dict__)
    made_here = {id(value): name for name, value in vars(original).items() if _is_made_in(value, original)}
    users = [
        module for name, module in sys.modules.items() if name.startswith(("onceproof.sink", "onceproof.scenarios"))
    ]
    undo = []
    for user in users:
        for name, value in list(vars(user).items()):
            if user is not original and id(value) in made_here:
                undo.append((user, name, value))
                setattr(user, name, getattr(damaged, made_here[id(value)]))
            elif value is original:
                undo.append((user, name, value))
                setattr(user, name, damaged)
    simulated.parsed.cache_clear()
    try:
        yield
    finally:
        for user, name, value in undo:
            setattr(user, name, value)
        simulated.parsed.cache_clear()


def _is_made_in(value: object, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__ and callable(value)
