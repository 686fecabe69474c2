"""Planted defects of the model and of its judge: each a plausible change of one line, while the sink is as it must be.

What finds them is that sink and model no longer say the same, that the recordings of the real connector say otherwise,
or that a known history gets another verdict than it must.
"""

from collections.abc import Mapping

from planting import Defect

MODEL: Mapping[str, tuple[Defect, ...]] = {
    "when the model closes files": (
        Defect(
            "the model: > for >= in rotate.interval.ms",
            "model.placement",
            "time_ms - base_ms >= interval_ms",
            "time_ms - base_ms > interval_ms",
        ),
        Defect(
            "the model: a file takes one record more than flush.size",
            "model.placement",
            "self.count >= rules.flush_size",
            "self.count > rules.flush_size",
        ),
        Defect(
            "the model: > for >= in the schedule between two puts",
            "model.placement",
            "if self.count and nows[index] >= self.slot_ms:",
            "if self.count and nows[index] > self.slot_ms:",
        ),
        Defect(
            "the model: only the schedule moves the schedule",
            "model.placement",
            "if cause in _BY_TIME:",
            'if cause == "schedule":',
        ),
        Defect(
            "the model: an expired slot closes the first record of an idle partition",
            "model.placement",
            "if not self.count and seen.first_pass <= following",
            "if False and seen.first_pass <= following",
        ),
        Defect(
            "the model: a refused record takes the base with it",
            "model.placement",
            "        else:\n            self.letters.append(",
            "        else:\n            self.base_ms = None\n            self.letters.append(",
        ),
        Defect(
            "the model: tombstones close the files of the hour before them",
            "model.placement",
            "(text in directory or text in self.last_directory)",
            "text in self.last_directory",
        ),
        Defect(
            "the model: a back-off is one tick too long",
            "model.placement",
            "done.now_ms - life.failed_ms >= rules.retry_backoff_ms",
            "done.now_ms - life.failed_ms > rules.retry_backoff_ms",
        ),
        Defect(
            "the model: slots are counted from midnight UTC",
            "model.timebucket",
            "    day = where.first_instant_ms(local - local % DAY_MS)\n",
            "    day = instant_ms - instant_ms % DAY_MS\n",
        ),
    ),
    "what the model puts where": (
        Defect(
            "the model: keys are completed before their values",
            "model.placement",
            "for layout in rules.layouts:\n                offsets = made",
            "for layout in sorted(rules.layouts, key=lambda each: each.kind):\n                offsets = made",
        ),
        Defect(
            "the model: what was written of a refused record is not in its file",
            "model.placement",
            "for kind in () if is_new else written.lines:",
            "for kind in ():",
        ),
        Defect(
            "the model: a tombstone has no time",
            "model.inputs",
            "item.time_ms, item.directory = item.timestamp_ms, rules.tombstone_text",
            "item.time_ms, item.directory = None, rules.tombstone_text",
        ),
        Defect(
            "the model: times before 1970 are rounded down, not toward zero",
            "model.timebucket",
            "    whole = abs(local) // duration_ms * duration_ms\n    return whole if local >= 0 else -whole\n",
            "    return local // duration_ms * duration_ms\n",
        ),
        Defect(
            "the model: a double local time is always its earlier instant",
            "model.timebucket",
            "(after if is_double and before > 0 else before)",
            "before",
        ),
        Defect(
            "the model: a boolean in a directory is printed as Python prints it",
            "model.inputs",
            'return "true" if value else "false"',
            "return str(value)",
        ),
        Defect(
            "the model: Json objects end with a line feed only if their last record has one",
            "model.rendering",
            '    return b"".join([*parts, held])\n',
            '    return b"".join(parts)\n',
        ),
        Defect(
            "the model: decimals are texts, not numbers",
            "model.rendering",
            'if schema.name == DECIMAL and decimal_format == "NUMERIC":',
            "if False:",
        ),
    ),
    "schemas in the model": (
        Defect(
            "the model: BACKWARD is taken for FORWARD",
            "model.schemas",
            'if mode == "FORWARD" else',
            'if mode in ("FORWARD", "BACKWARD") else',
        ),
        Defect(
            "the model: the schema of the last record of a file counts, not that of its first",
            "model.placement",
            "entry = self.entries.setdefault(directory, schema)",
            "entry, self.entries[directory] = self.entries.get(directory, schema), schema",
        ),
        Defect(
            "the model: a field that the record lacks is null, whatever its default",
            "model.schemas",
            "given[each.name] = each.schema.default",
            "given[each.name] = None",
        ),
        Defect(
            "the model: a projected record keeps the schema of its key",
            "model.inputs",
            "key_schema = None  # a projected",
            "key_schema = key_schema  # a projected",
        ),
    ),
    "what the model reports, commits and dies of": (
        Defect(
            "the model: the offset of the last record is committed, not the one behind it",
            "model.placement",
            "rotations[closed - 1].last_offset + 1",
            "rotations[closed - 1].last_offset",
        ),
        Defect(
            "the model: what only the failed put() got to is committed",
            "model.placement",
            "answer = answer if answer <= bound else None",
            "pass",
        ),
        Defect(
            "the model: null values are told before what cannot be converted",
            "model.placement",
            '    for offset, why in sorted(refused, key=lambda each: each[1].stage != "conversion"):\n',
            '    for offset, why in sorted(refused, key=lambda each: each[1].stage == "conversion"):\n',
        ),
        Defect(
            "the model: null values that are skipped are told though nobody wants to know",
            "model.inputs",
            'rules.nulls == "ignore" and rules.reports_nulls and',
            'rules.nulls == "ignore" and',
        ),
        Defect(
            "the model: a record without a time kills",
            "model.inputs",
            'return Refused("partition", "the record has no timestamp", is_fatal=False)',
            'return Refused("partition", "the record has no timestamp", is_fatal=True)',
        ),
        Defect(
            "the model: a record is skipped though nobody is told",
            "model.placement",
            "if refused.is_fatal or not self.rules.has_reporter or not self.rules.tolerates_errors:",
            "if refused.is_fatal or not self.rules.tolerates_errors:",
        ),
    ),
    "the judge accuses": (
        Defect(
            "the judge: a commit may not follow a record that went out of sight and came back",
            "model.moments",
            "for offset in old.offsets if old is not None else ():",
            "for offset in ():",
        ),
        Defect(
            "the judge: dead letters excuse nothing",
            "model.bucket",
            "return frozenset(sent | self.unsent.get(partition, set()))",
            "return frozenset(self.unsent.get(partition, set()))",
        ),
        Defect(
            "the judge: open windows are lost",
            "model.judge",
            "pending = frozenset(bucket.predictions[writer].expected.pending)",
            "pending = frozenset()",
        ),
        Defect(
            "the judge: who met an error must finish all the same",
            "model.differences",
            'if writer.met_error or writer.fate in ("killed", "failed", "rewound"):',
            'if writer.fate in ("killed", "failed", "rewound"):',
        ),
        Defect(
            "the judge: a commit that was refused is waited for",
            "model.judge",
            "each is not None and at not in writer.refused_asks",
            "each is not None",
        ),
        Defect(
            "the judge: a repeated complete is another object",
            "model.differences",
            "elif not done or held.key != objects[done - 1].key or held.offsets != objects[done - 1].offsets:",
            "else:",
        ),
    ),
    "the judge is blind": (
        Defect(
            "the judge: twice in one object is once",
            "model.judge",
            "if len(keys) > 1 and",
            "if len(set(keys)) > 1 and",
        ),
        Defect(
            "the judge: what stands in two objects is no duplicate",
            "model.judge",
            "if len(keys) > 1 and",
            "if len(keys) > 2 and",
        ),
        Defect(
            "the judge: a witness need not have all objects",
            "model.guarantee",
            "    return found <= predicted if may_lack else found == predicted\n",
            "    return found <= predicted\n",
        ),
        Defect(
            "the judge: a witness proves whatever stands there",
            "model.guarantee",
            "    return found <= predicted if may_lack else found == predicted\n",
            "    return True\n",
        ),
        Defect(
            "the judge: only what is committed can be lost",
            "model.judge",
            "if is_finished and writer is not None and log:",
            "if False:",
        ),
        Defect(
            "the judge: a record behind the first that is missing is not looked for",
            "model.moments",
            "for offset in stored[at : bisect",
            "for offset in stored[at + 1 : bisect",
        ),
        Defect(
            "the judge: a commit may be one too high",
            "model.moments",
            'end > log[-1].offset + 1:\n                self._look_behind(log, partition, end, f"when',
            'end > log[-1].offset + 2:\n                self._look_behind(log, partition, end, f"when',
        ),
        Defect(
            "the judge: equal lengths are equal bytes",
            "model.moments",
            "if old is not None and old[1] != version.body:",
            "if old is not None and len(old[1]) != len(version.body):",
        ),
        Defect(
            "the judge: altered content is no finding where a record stands beside it",
            "model.differences",
            "if held.altered or (held.unknown and held.offsets):",
            "if held.altered and not held.offsets:",
        ),
        Defect(
            "the judge: the order inside an object does not count",
            "model.differences",
            "if after < before})",
            "if after < before and False})",
        ),
        Defect(
            "the judge: the order of objects does not count",
            "model.differences",
            "    if turns == list(range(len(turns))):\n",
            "    if sorted(turns) == list(range(len(turns))):\n",
        ),
        Defect(
            "the judge: unfinished uploads cost nothing",
            "model.judge",
            "for key in bucket.history.unfinished_uploads:",
            "for key in ():",
        ),
        Defect(
            "the judge: a sink that stops reading is not stuck",
            "model.judge",
            "    if not history.drained:\n",
            "    if False:\n",
        ),
        Defect(
            "the judge: a commit that stays behind is not stuck",
            "model.judge",
            "if due and committed < due[-1]:",
            "if due and committed < due[0]:",
        ),
        Defect(
            "the judge: nobody must finish what was closed",
            "model.differences",
            'return writer.fate != "open" or (is_finished and bucket.course.last[writer.partition] is writer)',
            "return False",
        ),
        Defect(
            "the judge: what no sink may pass over may be passed over",
            "model.judge",
            "if passed:",
            "if len(passed) > 1:",
        ),
    ),
}
