"""The report as JSON, for programs: everything, also what differs from run to run.

Version 1. Top level, in this order:

- `version`: 1; a reader refuses what it does not know. New fields may appear, no field changes its meaning.
- `seed`, `command`, `as_expected`, `summary`.
- `comparisons`: `title`, `world`, `world_note`, `log_note`, `faults` (`name`, `meaning`), `rows` (`name`,
  `config`, `note`, `cells`). A cell: `fault`, `guarantee`, `expected` (null: none stated), `as_expected`, `mark`
  (`kept`, `refuted`, `not observed`), `runs`, `evidence`, `world`, `story` (a number into `stories`, or
  null).
- `stories`: `number`, `name`, `comparison`, `row`, `fault`, `scenario_path`, `scenario` (the file as text),
  `replay`, `telling` (sentences), `verdict`, `history`. Partitions are written `topic-0`; bytes as
  `{"text": …}` or `{"base64": …}`; an event has its kind in `event`. Uploads and versions of a key are
  numbered from 1, since the names that a store gives them differ from run to run. `history` is null for a log of
  more than 1,000 records: the replay command with `--history` writes it.
- `measured`: all that does differ: the values measured, and `version_ids` by story and key.
"""

import base64
import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

from onceproof.model.history import Event, History, Requested, TopicPartition
from onceproof.model.judge import Verdict
from onceproof.reports.collect import Cell, Comparison, Report
from onceproof.reports.story import tell
from onceproof.reports.words import Placed, cell_words, stories, story_numbers, summary

VERSION = 1
RECORDS_MAX = 1000
"""The history of a larger log is left out; `replay` with `--history` writes it."""


def machine(report: Report) -> str:
    """Return the JSON document as text, with a line end."""
    placed = stories(report)
    numbers = story_numbers(report)
    measured = _sorted(report.measured.values)
    measured["version_ids"] = {str(story.number): _version_ids(story.story.history) for story in placed}
    document = {
        "version": VERSION,
        "seed": report.seed,
        "command": report.command,
        "as_expected": report.as_expected,
        "summary": summary(report),
        "comparisons": [_comparison(comparison, numbers) for comparison in report.comparisons],
        "stories": [_story(story) for story in placed],
        "measured": measured,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def _comparison(comparison: Comparison, numbers: dict[int, int]) -> dict[str, Any]:
    return {
        "title": comparison.title,
        "world": comparison.world,
        "world_note": comparison.world_note,
        "log_note": comparison.log_note,
        "faults": [{"name": name, "meaning": meaning} for name, meaning in comparison.faults],
        "rows": [
            {
                "name": row.name,
                "config": dict(row.config),
                "note": row.note,
                "cells": [
                    {"fault": fault, **_cell(cell, numbers.get(id(cell)))}
                    for (fault, _), cell in zip(comparison.faults, row.cells, strict=True)
                ],
            }
            for row in comparison.rows
        ],
    }


def _cell(cell: Cell, number: int | None) -> dict[str, Any]:
    return {
        "guarantee": cell.guarantee,
        "expected": cell.expected,
        "as_expected": cell.as_expected,
        "mark": str(cell_words(cell).mark),
        "runs": cell.runs,
        "evidence": cell.evidence,
        "world": cell.world,
        "story": number,
    }


def _story(placed: Placed) -> dict[str, Any]:
    story = placed.story
    return {
        "number": placed.number,
        "name": story.name,
        "comparison": placed.comparison.title,
        "row": placed.row.name,
        "fault": placed.fault,
        "scenario_path": story.scenario_path,
        "scenario": story.scenario_yaml,
        "replay": story.replay,
        "telling": plain(tell(story)),
        "verdict": _verdict(story.verdict),
        "history": _history(story.history) if _records(story.history) <= RECORDS_MAX else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "guarantee": str(verdict.guarantee),
        "findings": plain(verdict.findings),
        "not_observed": list(verdict.not_observed),
        "objects": plain(verdict.objects),
        "pending": plain(verdict.pending),
    }


def _records(history: History) -> int:
    return sum(map(len, history.log.values()))


def _history(history: History) -> dict[str, Any]:
    ordinals = _Ordinals(history)
    return {
        "world": history.world,
        "log": {
            str(partition): [{name: plain(value) for name, value in record._asdict().items()} for record in records]
            for partition, records in history.log.items()
        },
        "events": [ordinals.event(event) for event in history.events],
        "versions": [
            {
                "key": version.key,
                "version": ordinals.version(version.key, version.version_id),
                "body": plain(version.body),
                **({} if version.text is None else {"text": plain(version.text)}),
            }
            for version in history.versions
        ],
        "unfinished_uploads": list(history.unfinished_uploads),
        "committed": plain(history.committed),
        **({"schemas": plain(history.schemas)} if history.schemas else {}),
        "settled": history.settled,
        "drained": history.drained,
    }


class _Ordinals:
    """Numbers the uploads and versions of each key in the order in which they appear."""

    def __init__(self, history: History) -> None:
        self._versions = {
            key: {name: at for at, name in enumerate(names, start=1)} for key, names in _version_ids(history).items()
        }
        self._uploads: dict[str, dict[str, int]] = {}

    def version(self, key: str, version_id: str | None) -> int | None:
        return self._versions.get(key, {}).get(version_id or "")

    def event(self, event: Event) -> dict[str, Any]:
        """Return one event; of a request, numbers for the names that the store gave."""
        written = {"event": type(event).__name__.lower(), **plain(event)}
        if isinstance(event, Requested):
            uploads = self._uploads.setdefault(event.key, {})
            number = uploads.setdefault(event.upload_id, len(uploads) + 1)
            renamed = {
                "upload_id": ("upload", number),
                "version_id": ("version", self.version(event.key, event.version_id)),
            }
            written = dict(renamed.get(name, (name, value)) for name, value in written.items())
        return written


def _version_ids(history: History) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for version in history.versions:
        found.setdefault(version.key, []).append(version.version_id)
    return found


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: dataclasses by field, partitions as text, bytes as text or base64."""
    match value:
        case TopicPartition():
            return str(value)
        case bytes():
            return _bytes(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _bytes(value: bytes) -> dict[str, str]:
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _sorted(value: Any) -> Any:
    """Return measured values with sorted keys, and sets as sorted lists."""
    match value:
        case Mapping():
            return {key: _sorted(item) for key, item in sorted((str(key), item) for key, item in value.items())}
        case Set():
            return sorted(map(str, value))
        case list() | tuple():
            return [_sorted(item) for item in value]
    return value
