"""A history as JSON Lines: one event a line in order, then the bucket; read back, it can be judged again."""

import base64
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from onceproof.model import history as h

_EVENTS = {kind.__name__: kind for kind in get_args(h.Event)}


def write(history: h.History, path: Path) -> None:
    """Write one history."""
    path.write_text(dumps(history), encoding="utf-8")


def read(path: Path) -> h.History:
    """Read one history; raises ValueError, naming the line, if it is none."""
    return loads(path.read_text(encoding="utf-8"))


def dumps(history: h.History) -> str:
    """The lines: a head, the registry's schemas if it holds any, the log, the events, the versions."""
    head = {
        "history": 1,
        "world": history.world,
        "unfinished_uploads": list(history.unfinished_uploads),
        "committed": _offsets(history.committed),
        "settled": history.settled,
        "drained": history.drained,
    }
    lines: list[dict[str, Any]] = [head]
    if history.schemas:
        lines.append({"schemas": [[number, text] for number, text in history.schemas.items()]})
    for partition, records in history.log.items():
        lines += [{"log": list(partition), "records": [_record(record) for record in records]}]
    lines += [_event(event) for event in history.events]
    lines += [_version(version) for version in history.versions]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def loads(text: str) -> h.History:
    """The history that `dumps` wrote."""
    head: dict[str, Any] = {}
    log: dict[h.TopicPartition, tuple[h.Record, ...]] = {}
    events: list[h.Event] = []
    versions: list[h.Version] = []
    schemas: dict[int, str] = {}
    unknown = ""
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        try:
            match json.loads(line):
                case {"history": 1} as data:
                    head = data
                case {"log": [topic, partition], "records": records}:
                    log[h.TopicPartition(topic, partition)] = tuple(map(_record_of, records))
                case {"event": name} as data:
                    events.append(_event_of(name, data))
                case {"version": key, "version_id": version_id, "body": body, **rest}:
                    versions.append(h.Version(key, version_id, _bytes(body), _maybe(rest.get("text"))))
                case {"schemas": known}:
                    schemas = {int(schema_id): str(schema) for schema_id, schema in known}
                case other:
                    unknown = f"line {number}: neither head, schemas, log, event nor version: {other!r}"
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number}: not a line of a history: {error}") from error
        if unknown:
            raise ValueError(unknown)
    if not head:
        raise ValueError("line 1: not a history: its head is missing")
    return h.History(
        world=head["world"],
        log=log,
        events=tuple(events),
        versions=tuple(versions),
        unfinished_uploads=tuple(head["unfinished_uploads"]),
        committed=_offsets_of(head["committed"]),
        settled=head["settled"],
        drained=head["drained"],
        schemas=schemas,
    )


def _version(version: h.Version) -> dict[str, Any]:
    data: dict[str, Any] = {"version": version.key, "version_id": version.version_id, "body": _text(version.body)}
    return data if version.text is None else {**data, "text": _text(version.text)}


def _record(record: h.Record) -> list[Any]:
    headers = [[name, _text(value)] for name, value in record.headers]
    return [record.offset, record.timestamp_ms, _text(record.key), _text(record.value), headers]


def _record_of(data: list[Any]) -> h.Record:
    offset, timestamp_ms, key, value, headers = data
    return h.Record(offset, timestamp_ms, _maybe(key), _maybe(value), tuple((n, _maybe(v)) for n, v in headers))


def _event(event: h.Event) -> dict[str, Any]:
    data: dict[str, Any] = {"event": type(event).__name__}
    for part in fields(event):
        value = getattr(event, part.name)
        data[part.name] = list(value) if isinstance(value, h.TopicPartition) else value
    if isinstance(event, h.Committed):
        data["offsets"] = _offsets(event.offsets)
    if isinstance(event, h.Started):
        data["config"] = dict(event.config)
    return data


def _event_of(name: str, data: dict[str, Any]) -> h.Event:
    values = {name: value for name, value in data.items() if name != "event"}
    if "partition" in values:
        values["partition"] = h.TopicPartition(*values["partition"])
    if "offsets" in values:
        values["offsets"] = _offsets_of(values["offsets"])
    if "gone" in values:
        values["gone"] = tuple(values["gone"])
    event: h.Event = _EVENTS[name](**values)
    return event


def _offsets(offsets: Mapping[h.TopicPartition, int]) -> list[list[Any]]:
    return [[*partition, offset] for partition, offset in offsets.items()]


def _offsets_of(data: list[list[Any]]) -> dict[h.TopicPartition, int]:
    return {h.TopicPartition(topic, partition): offset for topic, partition, offset in data}


def _text(data: bytes | None) -> object:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _maybe(data: Any) -> bytes | None:
    return None if data is None else _bytes(data)


def _bytes(data: Any) -> bytes:
    return base64.b64decode(data["base64"]) if isinstance(data, dict) else str(data).encode()
