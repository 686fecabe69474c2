"""Hypothesis strategy for logs that fit a configuration, whatever its converters, formats and partitioner are.

`wide` says more.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.shapes import (
    ANYTHING,
    BYTES,
    INT,
    LONG,
    MODES,
    PALETTE,
    TEXT,
    TIMESTAMP,
    Datum,
    Kind,
    Mode,
    Part,
    Shape,
    anything,
    avro,
    avro_schema,
    envelope,
    envelope_schema,
    struct,
    wire,
    wrapped,
)
from onceproof.scenarios.wideconfigurations import FORMATS, PATHS, SCHEMED, is_bytes, language_of, rarely

FAR_MS = (-1, -3_600_001, -62_135_596_800_000, 253_402_300_800_000)
"""Times before 1970, of the first year, and of the first with five digits."""

_KEY_ID = 1000
"""Schema ids of keys begin here, those of values at 1."""


class Content(NamedTuple):
    """A log, and what the schema registry must hold for it."""

    log: h.Log
    schemas: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all records of one log have in common."""

    config: Mapping[str, str]
    value: str
    key: str
    """Languages."""
    shapes: tuple[Shape, ...]
    """Of values in `SCHEMED`, oldest first."""
    is_deadly: bool
    """Whether it may hold what kills the task."""
    schemas: dict[int, str]
    """Filled as values are made."""

    @property
    def skips_unreadable(self) -> bool:
        return self.is_deadly or self.config.get("errors.tolerance") == "all"

    @property
    def skips_errant(self) -> bool:
        reports = {"errors.deadletterqueue.topic.name", "errors.log.enable"} & self.config.keys()
        return self.is_deadly or (self.config.get("errors.tolerance") == "all" and bool(reports))

    def stores(self, kind: str) -> bool:
        return self.config.get(f"store.kafka.{kind}") == "true"

    @property
    def keeps_schema(self) -> bool:
        """Whether values must stay with one schema.

        Where a record was refused when it had set the schema of its file, the next may bring another one to that file,
        and what a binary file of two schemas is, nobody says (reference 7.3 H14).
        """
        projects = self.config.get("schema.compatibility", "NONE") != "NONE"
        refuses = self.skips_errant and (self.stores("keys") or self.stores("headers"))
        return refuses and not projects and not self.config["format.class"].endswith("JsonFormat")

    @property
    def may_flip(self) -> bool:
        """Whether a value without schema is stored as any other."""
        formats = (FORMATS["json"], FORMATS["avro"])
        return self.config["format.class"] in formats and "partition.field.name" not in self.config

    def extracts(self, what: str) -> bool:
        return self.config.get("timestamp.extractor") == what

    def id_of(self, schema: str, first: int = 1) -> int:
        """The id of a schema's text, a new one for a text that is new."""
        for known, text in self.schemas.items():
            if text == schema and known >= first:
                return known
        found = first + len(self.schemas)
        self.schemas[found] = schema
        return found


@st.composite
def wide_logs(
    draw: st.DrawFn, config: Mapping[str, str], *, partitions: int = 2, records: tuple[int, int] = (1, 10)
) -> Content:
    """Logs for `config`, up to `partitions` partitions, the first of which holds `records` and the others fewer.

    Times are as in `strategies.logs`, and where fields hold them also before 1970 and far off. Schemas evolve from
    record to record; records that cannot be read, placed or written stand where the configuration skips them, and in
    few logs where it does not.
    """
    plan = draw(_plans(config))
    least, most = records
    sizes = [(max(least, 1), most), *[(0, most // 2) for _ in range(draw(st.integers(0, partitions - 1)))]]
    log = {h.TopicPartition("t", number): draw(_records(plan, size)) for number, size in enumerate(sizes)}
    return Content(log, plan.schemas)


@st.composite
def _plans(draw: st.DrawFn, config: Mapping[str, str]) -> _Plan:
    value, key = language_of(config, "value.converter"), language_of(config, "key.converter")
    shapes = draw(_shapes(config, value)) if value in SCHEMED and not is_bytes(config) else ()
    return _Plan(config, value, key, shapes, rarely(draw, 10), {})


@st.composite
def _shapes(draw: st.DrawFn, config: Mapping[str, str], language: str) -> tuple[Shape, ...]:
    """The history of one schema: what directories are made of, some other fields, and how both change."""
    parts = [Part("i", INT), *draw(_looked_at(config))]
    names = draw(st.lists(st.sampled_from(tuple(PALETTE)), max_size=3, unique=True))
    for name in names:
        if all(part.name != name for part in parts):
            parts.append(Part(name, PALETTE[name], draw(st.sampled_from(MODES[name]))))
    versioned = config.get("schema.compatibility", "NONE") != "NONE"
    shape = Shape(tuple(parts), draw(st.sampled_from(("v", "shop.v"))), 1 if versioned else None)
    found = [shape]
    pool = (*_MILD, _unversioned) if versioned and draw(st.booleans()) else _CHANGES
    for change in draw(st.lists(st.sampled_from(pool), min_size=int(versioned), max_size=3)):
        if change is not _unversioned or not (versioned and language == "avro"):
            found.append(change(found[-1]))
    return tuple(found)


@st.composite
def _looked_at(draw: st.DrawFn, config: Mapping[str, str]) -> list[Part]:
    """The fields that directories are made of."""
    names = [each.partition(".")[0] for each in config.get("partition.field.name", "i").split(",")]
    parts = [
        Part(name, PALETTE[name], draw(st.sampled_from(MODES[name]))) for name in dict.fromkeys(names) if name != "i"
    ]
    if config.get("timestamp.extractor") != "RecordField":
        return parts
    kind = draw(st.sampled_from((LONG, TIMESTAMP, TEXT)))
    top, _, below = config["timestamp.field"].partition(".")
    return [*parts, Part(top, struct("At", Part(below, kind)) if below else kind)]


def _newer(shape: Shape) -> Shape:
    return shape._replace(version=(shape.version or 0) + 1)


def _older(shape: Shape) -> Shape:
    return shape._replace(version=max((shape.version or 0) - 1, 0))


def _unversioned(shape: Shape) -> Shape:
    return shape._replace(version=None)


def _respelled(shape: Shape) -> Shape:
    return shape._replace(spelling=1 - shape.spelling)


def _renamed(shape: Shape) -> Shape:
    return shape._replace(name=f"{shape.name}2")


def _widened(shape: Shape) -> Shape:
    kind = LONG if shape.parts[0].kind is INT else INT
    return _newer(shape._replace(parts=(Part("i", kind), *shape.parts[1:])))


def _shortened(shape: Shape) -> Shape:
    """The last field is gone, if no directory may be made of it."""
    is_free = shape.parts[-1].name in PALETTE.keys() - {part for path in PATHS for part in re.split("[.,]", path)}
    return _newer(shape._replace(parts=shape.parts[:-1])) if is_free else _newer(shape)


def _longer(mode: Mode) -> Callable[[Shape], Shape]:
    def longer(shape: Shape) -> Shape:
        if any(part.name == "more" for part in shape.parts):
            return _newer(shape)
        return _newer(shape._replace(parts=(*shape.parts, Part("more", TEXT, mode))))

    return longer


_MILD: tuple[Callable[[Shape], Shape], ...] = (_newer, _respelled, _longer("optional"), _longer("default"))
"""Changes between whose results values can be projected both ways."""

_CHANGES = (*_MILD, _longer("required"), _shortened, _widened, _older, _renamed, _unversioned)


@st.composite
def _records(draw: st.DrawFn, plan: _Plan, count: tuple[int, int]) -> tuple[h.Record, ...]:
    interval_ms = int(plan.config.get("rotate.interval.ms", "1000"))
    spans_ms = sorted({0, 1, 1000, interval_ms - 1, interval_ms, strategies.HOUR_MS, strategies.DAY_MS})
    starts_ms = (*strategies.STARTS_MS, *(FAR_MS if plan.extracts("RecordField") else (0,)))
    time_ms = draw(st.sampled_from(starts_ms))
    offset = draw(st.sampled_from((0, 0, 1, 1234)))
    found: list[h.Record] = []
    step = st.tuples(st.sampled_from(spans_ms), st.sampled_from((1, 1, 1, -1)), st.sampled_from((1, 1, 1, 2)))
    for span_ms, sign, gap in draw(st.lists(step, min_size=count[0], max_size=count[1])):
        offset += gap if found else 0
        time_ms += sign * span_ms
        found.append(draw(_record(plan, offset, time_ms)))
    return tuple(found)


@st.composite
def _record(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> h.Record:
    timestamp_ms: int | None = max(time_ms, 0)
    if rarely(draw, 12) and (plan.skips_errant or not plan.extracts("Record")):
        timestamp_ms = None
    return h.Record(
        offset,
        timestamp_ms,
        draw(_keys(plan)),
        draw(_values(plan, offset, time_ms)),
        draw(_headers(plan)),
    )


# Keys and headers


@st.composite
def _keys(draw: st.DrawFn, plan: _Plan) -> bytes | None:
    """A key; null where it need not be stored, or not only then."""
    if rarely(draw, 8) and (plan.skips_errant or not plan.stores("keys")):
        return None
    if plan.key in ("json", *SCHEMED) and plan.skips_unreadable and rarely(draw, 12):
        return b"{"
    number = draw(st.sampled_from((1, 2, -3)))
    text = draw(st.sampled_from(("k", "", "é\n")))
    match plan.key:
        case "string" | "bytes":
            return text.encode()
        case "json":
            lifts = "ExtractField$Key" in str(plan.config)
            plain = (json.dumps({"k": number}), json.dumps(text), json.dumps(number))
            return draw(st.sampled_from(plain[: 1 if lifts else 3])).encode()
        case "envelope":
            return envelope(_KEY, {"k": number})
    schema = avro_schema(_KEY)
    return avro(plan.id_of(schema, _KEY_ID), _KEY, {"k": number})


_KEY = Shape((Part("k", INT),), "K")
_HEADERS = (b"x", b"12", b"1.50", b"true", b'["a",1]', b'{"a":1}', b"2024-01-01", b"", b'"quoted"', "é".encode())


@st.composite
def _headers(draw: st.DrawFn, plan: _Plan) -> tuple[tuple[str, bytes | None], ...]:
    stored = plan.stores("headers")
    if not stored and not plan.config.get("predicates"):
        return ()
    is_odd = rarely(draw, 8) and (plan.skips_errant or not stored)
    if is_odd:
        return draw(st.sampled_from(((), (("h", None),), (("h", b"x"), ("n", None)))))
    names = ("h", "h", "skip") if "skip" in plan.config.values() else ("h", "other")
    pair = st.tuples(st.sampled_from(names), st.sampled_from(_HEADERS))
    return tuple(draw(st.lists(pair, min_size=1, max_size=2)))


# Values


@st.composite
def _values(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> bytes | None:
    """A value: mostly one that is stored, else null, or one that cannot be used."""
    policy = plan.config.get("behavior.on.null.values", "fail")
    if (policy != "fail" or plan.is_deadly) and rarely(draw, 6):
        return None
    if plan.value not in ("string", "bytes") and plan.skips_unreadable and rarely(draw, 10):
        return draw(st.sampled_from(_UNREADABLE[plan.value]))
    if plan.value in ("string", "bytes"):
        return draw(st.sampled_from((b"%d" % offset, b"x", 'é"\n\U0001f600'.encode(), b"", b"\xff\xed\xa0\x80")))
    return draw(_structured(plan, offset, time_ms))


@st.composite
def _structured(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> bytes:
    """A value of a language that has fields."""
    if plan.value == "json":
        return draw(_json(plan, offset, time_ms))
    if plan.skips_errant and rarely(draw, 10):
        return draw(_odd(plan, time_ms))
    if plan.may_flip and rarely(draw, 8):
        return _without_schema(plan, time_ms)
    if is_bytes(plan.config):
        return _said(plan, {"type": "bytes"}, "bytes", draw(st.sampled_from(BYTES.data)))
    return draw(_struct(plan, offset, time_ms))


_UNREADABLE: Mapping[str, tuple[bytes, ...]] = {
    "json": (b"{", b"nope", b"\xff"),
    "envelope": (b"{", b"{}", b'{"schema":{"type":"odd"},"payload":1}', b'{"schema":{"type":"int32"},"payload":null}'),
    "avro": (b"\1\0\0\0\1", b"\0\0", b"\0\0\0\x03\xe7x"),
}


@st.composite
def _json(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> bytes:
    """A value without schema, a map where something looks into it."""
    if plan.extracts("RecordField"):
        return json.dumps({"i": offset, **_tree(plan.config["timestamp.field"], _time(draw, time_ms))}).encode()
    maps = (b'{"i":%d}' % offset, b'{"i":0,"big":1,"double":1.50}', b'{"b":[1e3,null],"aa":{},"i":"\\ud83d\\ude00"}')
    plain = (b"1e3", '"é\\u0001"'.encode(), b"[1,12345678901234567890]", b" null ", b"{} trailing")
    if any(text.endswith("Field$Value") for text in plan.config.values()) and not plan.skips_unreadable:
        return draw(st.sampled_from(maps))
    nullable = plan.is_deadly or plan.config.get("behavior.on.null.values", "fail") != "fail"
    return draw(st.sampled_from((*maps, *(each for each in plain if nullable or b"null" not in each))))


def _tree(path: str, leaf: Any) -> Any:
    for name in reversed(path.split(".")):
        leaf = {name: leaf}
    return leaf


def _time(draw: st.DrawFn, time_ms: int) -> int | str:
    """A number of milliseconds, or a text of them, or of date and time where these have four digits."""
    texts: tuple[int | str, ...] = (time_ms, str(time_ms))
    if 0 <= time_ms < FAR_MS[-1]:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
        texts = (*texts, moment.isoformat(timespec="milliseconds"), moment.strftime("%G-W%V-%uT%H:%M:%S,%fZ"))
    return draw(st.sampled_from(texts))


@st.composite
def _struct(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> bytes:
    """A struct of one of the shapes, mostly of the one that files hold where values are projected.

    In an envelope it is now and then a payload of other types.
    """
    first = plan.shapes[-1 if plan.config.get("schema.compatibility") in ("BACKWARD", "FULL") else 0]
    shape = draw(st.sampled_from((first,) if plan.keeps_schema else (first, *plan.shapes)))
    times = plan.config["timestamp.field"].split(".") if plan.extracts("RecordField") else ("",)
    datum = {part.name: _datum(draw, plan, part, offset) for part in shape.parts}
    for part in shape.parts:
        if part.name == times[0]:
            datum[part.name] = _time_datum(draw, part.kind, times[1:], time_ms)
    if plan.value == "avro":
        return avro(plan.id_of(avro_schema(shape)), shape, datum)
    if rarely(draw, 12):
        name = draw(st.sampled_from([part.name for part in shape.parts if part.name not in (*times, "color")]))
        payload = {part.name: part.payload(datum[part.name]) for part in shape.parts}
        return wrapped(envelope_schema(shape), {**payload, name: draw(st.sampled_from(("7", 1.9, True)))})
    return envelope(shape, datum)


def _datum(draw: st.DrawFn, plan: _Plan, part: Part, offset: int) -> Datum:
    if part.name == "i":
        return offset
    if plan.is_deadly and part.kind is TEXT and rarely(draw, 4):
        return plan.config.get("tombstone.encoded.partition", "tombstone")  # in a name it leaves no place for values
    nulls = (None,) if part.mode == "optional" else ()
    return draw(st.sampled_from((*part.kind.data[:3], *nulls, *part.kind.data[3:])))


def _time_datum(draw: st.DrawFn, kind: Kind, below: Sequence[str], time_ms: int) -> Datum:
    if below:
        is_text = kind.envelope["fields"][0]["type"] == "string"
        return {below[0]: str(_time(draw, time_ms)) if is_text else time_ms}
    return str(_time(draw, time_ms)) if kind is TEXT else time_ms


@st.composite
def _odd(draw: st.DrawFn, plan: _Plan, time_ms: int) -> bytes:
    """A value that the converter reads, and that most directories or formats have no use for."""
    odd = st.sampled_from((({"type": "string"}, "string", "odd"), ({"type": "int32"}, "int", 7)))
    if plan.config["format.class"].endswith("ParquetFormat") and not plan.is_deadly:
        return draw(_struct(plan, 0, time_ms))
    if plan.extracts("RecordField") or plan.keeps_schema or draw(st.booleans()):
        return _without_schema(plan, time_ms)
    return _said(plan, *draw(odd))


def _said(plan: _Plan, envelope_schema: Mapping[str, Any], avro_type: str, datum: Datum) -> bytes:
    """A value of a plain type."""
    if plan.value == "envelope":
        return wrapped(envelope_schema, BYTES.payload(datum) if isinstance(datum, bytes) else datum)
    schema = json.dumps({"type": avro_type, "connect.version": 1})
    if isinstance(datum, bytes):  # at the top they stand without their length
        return b"".join((b"\0", plan.id_of(schema).to_bytes(4, "big"), datum))
    return wire(plan.id_of(schema), schema, datum)


def _without_schema(plan: _Plan, time_ms: int) -> bytes:
    """A map that has no schema, amid values that have one."""
    tree = {"i": 1, **_tree(plan.config.get("timestamp.field", "ts"), time_ms)}
    if plan.value == "envelope":
        return wrapped(None, tree)
    return wire(plan.id_of(ANYTHING), ANYTHING, anything(tree))
