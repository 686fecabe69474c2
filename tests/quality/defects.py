"""Planted defects of the sink: each a plausible change of one line, by what it concerns.

None of them has a test of its own: what finds them are the properties that hold for any configuration and any fault.
"""

from collections.abc import Mapping

from planting import Defect

SINK: Mapping[str, tuple[Defect, ...]] = {
    "what is committed": (
        Defect(
            "a commit does not wait for the file to be complete",
            "sink.machine",
            "        self._last_directory = directory\n",
            "        self._last_directory = directory\n        self._pending = records[end - 1].offset + 1\n",
        ),
        Defect(
            "the position is committed, not the written offset",
            "sink.task",
            "{partition: writer.take_offset() for partition, writer in self._writers.items()}",
            "{partition: self._positions[partition] for partition, writer in self._writers.items()}",
        ),
        Defect(
            "the offset of the last record is committed, not the one behind it",
            "sink.machine",
            "self._pending = self._last_offset + 1",
            "self._pending = self._last_offset",
        ),
        Defect(
            "the offset committed is one too high",
            "sink.machine",
            "self._pending = self._last_offset + 1",
            "self._pending = self._last_offset + 2",
        ),
        Defect("an offset is never handed out", "sink.machine", "return pending", "return None"),
        Defect(
            "positions move before put() has returned",
            "sink.task",
            "batches = yield from self._conversion.convert(by_partition)\n",
            "batches = yield from self._conversion.convert(by_partition)\n            self._positions.update(ends)\n",
        ),
        Defect(
            "a commit that was refused counts as done",
            "sink.task",
            "if (yield Commit(together)):",
            "if (yield Commit(together)) or True:",
        ),
        Defect(
            "offsets are lost when partitions are given back",
            "sink.task",
            "        offsets = self._pre_commit()\n        yield from self._close_writers()\n",
            "        yield from self._close_writers()\n        offsets = self._pre_commit()\n",
        ),
        Defect(
            "what was given back is still committed",
            "sink.task",
            "tp in partitions}\n        )\n        self._forget(partitions)\n",
            "tp in partitions}\n        )\n",
        ),
        Defect(
            "a commit names only partitions with news",
            "sink.task",
            "        self._last_committed.update(positions)\n",
            "",
        ),
    ),
    "names": (
        Defect(
            "a file is named by its last record",
            "sink.machine",
            "        key = object_key(config, partition, directory, offset)\n",
            "        offset = self._waiting.records[-1].offset\n"
            "        key = object_key(config, partition, directory, offset)\n",
        ),
        Defect(
            "names are off by one",
            "sink.machine",
            "config, partition, offset = self._config, self.partition, record.offset",
            "config, partition, offset = self._config, self.partition, record.offset + 1",
        ),
        Defect(
            "names are padded with one zero less",
            "sink.placing.partitioner",
            ".zfill(config.pad_width)",
            ".zfill(config.pad_width - 1)",
        ),
        Defect(
            "directories follow UTC instead of local time",
            "sink.placing.partitioner",
            "local_ms = timestamp_ms + bucket.zone.offset_ms(timestamp_ms)",
            "local_ms = timestamp_ms",
        ),
        Defect(
            "headers have the extension of values",
            "sink.placing.partitioner",
            'return f"{stem}.headers{config.headers_extension}"',
            'return f"{stem}.headers{config.extension}"',
        ),
        Defect(
            "a blank topics.dir leaves its delimiter",
            "sink.placing.partitioner",
            "[config.topics_dir] if config.topics_dir.strip() else []",
            "[config.topics_dir]",
        ),
        Defect(
            "a schema without a name has no directory of its own",
            "sink.placing.partitioner",
            "        affix = f\"schema_name={'null' if name is None else name}\"\n",
            '        if name is None:\n            return directory\n        affix = f"schema_name={name}"\n',
        ),
        Defect(
            "a boolean in a directory is printed as Python prints it",
            "sink.placing.partitioner",
            'return "true" if found else "false"',
            "return str(found)",
        ),
        Defect(
            "times before 1970 are rounded down, not toward zero",
            "sink.placing.partitioner",
            "if local_ms >= 0 else -(-local_ms // duration_ms) * duration_ms",
            "if True else 0",
        ),
    ),
    "when files are closed": (
        Defect("> for >= in rotate.interval.ms", "sink.machine", "base_ms >= interval_ms", "base_ms > interval_ms"),
        Defect(
            "a file takes one record more than flush.size",
            "sink.machine",
            "at + config.flush_size - self._count)",
            "at + config.flush_size - self._count + 1)",
        ),
        Defect(
            "a late record of another hour goes with the run that it comes in",
            "sink.machine",
            "not low_ms <= next_ms < high_ms",
            "not next_ms < high_ms",
        ),
        Defect(
            "a run goes on to the end of its directory, whatever the interval",
            "sink.machine",
            "high_ms = min(high_ms, self._base_ms + self._config.rotate_interval_ms)",
            "pass",
        ),
        Defect(
            "> for >= in the schedule", "sink.machine", "now_ms >= self._scheduled_ms", "now_ms > self._scheduled_ms"
        ),
        Defect(
            "the base is not forgotten",
            "sink.machine",
            "        self._base_ms = None\n        self._schemas",
            "        self._schemas",
        ),
        Defect(
            "a later record raises the base",
            "sink.machine",
            "if self._base_ms is None:",
            "if self._base_ms is None or timestamp_ms > self._base_ms:",
        ),
        Defect(
            "a late record lowers the base",
            "sink.machine",
            "if self._base_ms is None:",
            "if self._base_ms is None or timestamp_ms < self._base_ms:",
        ),
        Defect(
            "a change of directory closes nothing", "sink.machine", "or directory == self._last_directory:", "or True:"
        ),
        Defect(
            "a change of directory closes files though it is switched off",
            "sink.machine",
            "if not self._config.rotate_on_partition_change or directory",
            "if directory",
        ),
        Defect(
            "slots are counted from midnight UTC",
            "sink.placing.schedule",
            "local_day = (now_ms + zone.offset_ms(now_ms)) // DAY_MS",
            "zone = Zone.named('UTC')\n    local_day = now_ms // DAY_MS",
        ),
        Defect(
            "an expired slot closes the first record of an idle partition",
            "sink.machine",
            "if self._count == 0 and self._schedule_is_due(now_ms):",
            "if False:",
        ),
        Defect(
            "a rotation does not move the schedule",
            "sink.machine",
            'self._scheduled_ms = self._next_scheduled_ms((yield ReadClock(self.partition, "reschedule")))',
            'yield ReadClock(self.partition, "reschedule")',
        ),
        Defect(
            "the wall clock counts instead of the record's time",
            "sink.placing.extractors",
            "now_ms: record.timestamp_ms",
            "now_ms: now_ms",
        ),
        Defect(
            "one directory more may be open",
            "sink.machine",
            "len(self._open) == limit and",
            "len(self._open) > limit and",
        ),
        Defect(
            "tombstones close the files of the hour before them",
            "sink.machine",
            "for each in (directory, self._last_directory)",
            "for each in (self._last_directory,)",
        ),
        Defect(
            "a full file waits for the next put()",
            "sink.machine",
            "            if self._must_rotate:\n                yield from self._rotate()\n            if at == len",
            "            if self._must_rotate and at < len(waiting.records):\n"
            "                yield from self._rotate()\n            if at == len",
        ),
        Defect(
            "a partition is paused while anything is buffered",
            "sink.machine",
            "self.paused = len(self._waiting.records) >= self._config.flush_size",
            "self.paused = len(self._waiting.records) > 0",
        ),
        Defect(
            "a partition stays paused",
            "sink.machine",
            "self.paused = len(self._waiting.records) >= self._config.flush_size",
            "pass",
        ),
        Defect(
            "a refused record takes the base with it",
            "sink.machine",
            "record.raw, error)\n            return at + 1\n",
            "record.raw, error)\n            self._base_ms = None\n            return at + 1\n",
        ),
    ),
    "what files hold": (
        Defect(
            "the record that closes a file is dropped",
            "sink.machine",
            "                return at\n",
            "                return at + 1\n",
        ),
        Defect(
            "records stand in reverse",
            "sink.writing.upload",
            "self._buffer += self._writer.write(values, schema)",
            "self._buffer[:0] = self._writer.write(values, schema)",
        ),
        Defect(
            "fields stand in the order of the text",
            "sink.java.javajson",
            "names = names_in_order(value)",
            "names = tuple(value)",
        ),
        Defect(
            "a key that is missing is noticed when the value stands in the file",
            "sink.machine",
            'if "key" in target.files and record.key is None:',
            "if False:",
        ),
        Defect(
            "keys are completed before their values",
            "sink.machine",
            'kinds.append("key")',
            'kinds.insert(0, "key")',
        ),
        Defect(
            "tombstones have a file of values too",
            "sink.machine",
            '[] if config.tombstone_directory in key else ["value"]',
            '["value"]',
        ),
        Defect(
            "headers stand in JSON without a struct around them",
            "sink.writing.formats",
            'wrapped=format_name in ("ParquetFormat", "JsonFormat")',
            'wrapped=format_name == "ParquetFormat"',
        ),
        Defect(
            "the marker of an Avro file is drawn",
            "sink.writing.formats",
            "sync_marker(partition, first_offset)",
            '__import__("os").urandom(16)',
        ),
        Defect(
            "the header of gzip tells the size of the first write",
            "sink.writing.formats",
            "return GZIP_HEADER",
            "return GZIP_HEADER[:4] + len(self._waiting).to_bytes(4, 'little') + GZIP_HEADER[8:]",
        ),
        Defect(
            "keys are read by the converter of values",
            "sink.reading.conversion",
            "self._key.all([record.key for record in records])",
            "self._value.all([record.key for record in records])",
        ),
        Defect(
            "the literal null is no null behind a record without a value",
            "sink.reading.converters",
            "[None if each is None else next(values) for each in data]",
            "[next(values, None) for each in data]",
        ),
        Defect(
            "a null in a field with a default stays null",
            "sink.writing.jsonformat",
            "if schema.default is not None:",
            "if False:",
        ),
        Defect(
            "decimals are texts, not numbers",
            "sink.writing.jsonformat",
            "return _fragment(str(value))",
            "return str(value)",
        ),
        Defect(
            "dates are milliseconds",
            "sink.writing.jsonformat",
            "return value.ms // DAY_MS",
            "return value.ms",
        ),
    ),
    "schemas": (
        Defect(
            "BACKWARD is taken for FORWARD",
            "sink.placing.compatibility",
            "_WRONG_SIDES.get(mode)",
            '_WRONG_SIDES.get({"BACKWARD": "FORWARD"}.get(mode, mode))',
        ),
        Defect(
            "FULL is taken for NONE",
            "sink.placing.compatibility",
            "_WRONG_SIDES.get(mode)",
            '_WRONG_SIDES.get({"FULL": "NONE"}.get(mode, mode))',
        ),
        Defect(
            "the answer for one file is remembered for the next",
            "sink.placing.compatibility",
            "if schema is not self._schema or entry is not self._entry:",
            "if schema is not self._schema:",
        ),
        Defect(
            "equal schemas need versions",
            "sink.placing.compatibility",
            "        if schema == entry:\n            return False\n",
            "        if schema == entry and schema.version is not None:\n            return False\n",
        ),
        Defect(
            "what is optional fits where it is required",
            "sink.placing.compatibility",
            "    if found is None and source.optional and not target.optional and target.default is None:\n"
            '        found = "the',
            '    if False:\n        found = "the',
        ),
        Defect(
            "numbers are narrowed",
            "sink.placing.compatibility",
            "_WIDTHS[source] < _WIDTHS.get(target, -1)",
            "target in _WIDTHS",
        ),
        Defect(
            "a field that the record lacks is null, whatever its default",
            "sink.placing.compatibility",
            "            values.append(schema.default)\n",
            "            values.append(None)\n",
        ),
        Defect(
            "the schema of the last record of a file counts, not that of its first",
            "sink.machine",
            "if entry is None or schema is None:",
            "if True:",
        ),
        Defect(
            "records with and without a schema share a file",
            "sink.machine",
            "flips = known and (entry is None) != (schema is None)",
            "flips = False",
        ),
        Defect(
            "values are not projected",
            "sink.machine",
            'elif self._config.schema_compatibility == "NONE" or record.value_schema is entry:',
            "elif True:",
        ),
    ),
    "what is not stored": (
        Defect(
            "of several null values the wrong records are dropped",
            "sink.task",
            "for at in reversed(nulls):",
            "for at in [min(at, len(batch.records) - 1) for at in nulls]:",
        ),
        Defect(
            "null values that are skipped are told to nobody",
            "sink.task",
            "if self._config.report_nulls and self._shared.errants.has_reporter:",
            "if False:",
        ),
        Defect(
            "null values that are skipped are told though nobody wants to know",
            "sink.task",
            "if self._config.report_nulls and self._shared.errants.has_reporter:",
            "if self._shared.errants.has_reporter:",
        ),
        Defect(
            "tombstones are skipped as null values",
            "sink.task",
            'if self._config.null_values != "write":',
            "if True:",
        ),
        Defect(
            "only the first value of a poll is looked at for a null",
            "sink.task",
            "if None in batch.values:",
            "if None in batch.values[:1]:",
        ),
        Defect(
            "a record that cannot be placed is skipped though nobody is told",
            "sink.errants",
            'if not self._tolerates or (stage == "TASK_PUT" and not self.has_reporter):',
            "if not self._tolerates:",
        ),
        Defect(
            "a record is skipped whatever errors.tolerance says, once it is a dead letter",
            "sink.errants",
            'if not self._tolerates or (stage == "TASK_PUT" and not self.has_reporter):',
            "if not self._tolerates and not self._dead_letters:",
        ),
        Defect(
            "a dead letter that was refused is no news",
            "sink.errants",
            "                raise TaskFailed(message) from refused\n",
            '                yield Report("error", f"{message} {refused}")\n',
        ),
        Defect(
            "records behind one that cannot be read are dropped with it",
            "sink.reading.conversion",
            "if found is not None:\n                    where",
            "if found is None:\n                    break\n                else:\n                    where",
        ),
    ),
    "when something fails": (
        Defect(
            "files are completed in reverse",
            "sink.machine",
            "for name, directory in list(self._open.items()):",
            "for name, directory in list(reversed(self._open.items())):",
        ),
        Defect(
            "a rewind goes to the highest start",
            "sink.machine",
            "rewind = min((directory.start_offset",
            "rewind = max((directory.start_offset",
        ),
        Defect("a rewind goes one record too far", "sink.task", "= retry.rewind\n", "= retry.rewind + 1\n"),
        Defect("a failed writer does not back off", "sink.task", "failed_ms=now_ms)", "failed_ms=None)"),
        Defect(
            "a back-off is one tick too long",
            "sink.machine",
            "< self._config.retry_backoff_ms",
            "<= self._config.retry_backoff_ms",
        ),
        Defect(
            "conditional writes are effective without a schedule",
            "sink.settings.parsing",
            " and scheduled and not stored",
            " and not stored",
        ),
        Defect(
            "after a 412 reading goes on behind the next name",
            "sink.machine",
            "for offset in range(start_offset + 1, end):",
            "for offset in range(start_offset + 2, end):",
        ),
        Defect(
            "after a failure reading is not set back",
            "sink.task",
            "if retry.rewind is not None:",
            "if False:",
        ),
        Defect(
            "what may be tried again ends the task",
            "sink.machine",
            "            if not error.retry:\n                raise TaskFailed",
            "            if True:\n                raise TaskFailed",
        ),
        Defect(
            "conditional writes are not asked for",
            "sink.machine",
            "if_absent=config.conditional_writes",
            "if_absent=False",
        ),
        Defect(
            "the next name is one that is taken",
            "sink.machine",
            '            if (yield from self._head(key)) != "exists":\n',
            '            if (yield from self._head(key)) == "exists":\n',
        ),
        Defect(
            "after a 412 reading goes on where this file ends, whatever else is open",
            "sink.machine",
            'raise self._retry_later(f"{file.key} exists; goes',
            'raise RetryLater(directory.start_offset, f"{file.key} exists; goes',
        ),
        Defect(
            "names are remembered beyond a rotation",
            "sink.machine",
            "        self._schemas.clear()\n        self._directories.clear()\n",
            "        self._schemas.clear()\n",
        ),
        Defect(
            "open uploads are left behind at the end",
            "sink.task",
            "            yield from writer.close()\n",
            "            yield from ()\n",
        ),
        Defect(
            "an upload whose part was refused is left behind",
            "sink.writing.upload",
            "        except StoreError:\n            yield from self._abort_quietly()\n            raise\n",
            "        except StoreError:\n            raise\n",
        ),
        Defect(
            "the end of a file is sent with its last full part only",
            "sink.writing.upload",
            "        yield from self._send(bytes(self._buffer))\n",
            "        if self._buffer:\n            yield from self._send(bytes(self._buffer))\n",
        ),
        Defect(
            "a tag that was refused is no news, though it must be",
            "sink.machine",
            "            if config.tagging_error_fails:\n                raise",
            "            if False:\n                raise",
        ),
        Defect(
            "objects are tagged with the offset behind their last",
            "sink.machine",
            "str(directory.end_offset - 1)",
            "str(directory.end_offset)",
        ),
    ),
}
