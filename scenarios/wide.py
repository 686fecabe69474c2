"""Hypothesis strategies over all parts of the sink: partitioners, converters, formats, schemas, nulls, dead letters.

Needs `hypothesis`, as `strategies`, of which this is the wide sister: there a log says where its objects are, here much
else does. Use `strategies` to ask whether a bucket is the fault-free one, and this to ask whether sink and model agree.

    from hypothesis import given
    from onceproof.scenarios import wide

    @given(wide.wide_scenarios())
    def test_they_agree(scenario): ...

Every configuration starts a task, and lies in what the model covers: what does not go together is not drawn, instead of
being drawn and thrown away. Logs fit their configuration but for records that are meant not to: these are drawn freely
where errors are tolerated, and now and then where the task dies of them. Values shrink towards few plain records, one
partition, default properties, a course of one poll, and no fault.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from onceproof.model import history as h
from onceproof.scenarios import strategies
from onceproof.scenarios.explore import EPOCH_MS
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Crash,
    FaultKind,
    PollStep,
    Rebalance,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
)
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

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "json": {"": "org.apache.kafka.connect.json.JsonConverter", "schemas.enable": "false"},
    "string": {"": "org.apache.kafka.connect.storage.StringConverter"},
    "bytes": {"": "org.apache.kafka.connect.converters.ByteArrayConverter"},
    "envelope": {"": "org.apache.kafka.connect.json.JsonConverter", "schemas.enable": "true"},
    "avro": {"": "io.confluent.connect.avro.AvroConverter", "schema.registry.url": "http://registry"},
}
"""What keys and values are written in: the properties of the converter that reads it, below its prefix."""

FORMATS: Mapping[str, str] = {
    "json": "io.confluent.connect.s3.format.json.JsonFormat",
    "avro": "io.confluent.connect.s3.format.avro.AvroFormat",
    "parquet": "io.confluent.connect.s3.format.parquet.ParquetFormat",
    "bytes": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
}
"""The formats of objects."""

FAR_MS = (-1, -3_600_001, -62_135_596_800_000, 253_402_300_800_000)
"""Times before 1970, of the first year, and of the first with five digits."""

TIME_LANGUAGE = ("de", "fr", "ko", "en", "xx")
"""Locales, one of them no language."""

_STORAGE = "io.confluent.connect.storage.partitioner"
_TRANSFORMS = "org.apache.kafka.connect.transforms"
_SCHEMED = ("envelope", "avro")
_TEXTUAL = ("json", "bytes")
_PATHS = ("text", "i", "i,text", "inner.a", "flag,inner.n")
"""What FieldPartitioner goes by."""
_CODECS = ("snappy", "none", "gzip", "zstd", "brotli", "lz4_raw")
_KEY_ID = 1000
"""Schema ids of keys begin here, those of values at 1."""


def _rarely(draw: st.DrawFn, one_in: int) -> bool:
    """True once in so many; shrinks to False."""
    return draw(st.sampled_from((*(one_in - 1) * (False,), True)))


# --- configurations --------------------------------------------------------------------------------------------------


@st.composite
def wide_configurations(draw: st.DrawFn) -> dict[str, str]:
    """Configurations over all parts, each accepted by the sink's validation and within what the model covers."""
    config = draw(_places())
    looks = _looks_into_values(config)
    languages = ("envelope", "avro") if "partition.field.name" in config else ("json", "envelope", "avro")
    language = draw(st.sampled_from(languages if looks else ("json", "envelope", "avro", "string", "bytes")))
    config |= _converter("value.converter", language)
    formats = _formats(language) if not looks else tuple(each for each in _formats(language) if each != "bytes")
    config["format.class"] = FORMATS[draw(st.sampled_from(formats))]
    config |= draw(_errors())
    if language in _SCHEMED and draw(st.booleans()):
        config["schema.compatibility"] = draw(st.sampled_from(("BACKWARD", "FORWARD", "FULL", "NONE")))
    config |= draw(_stored(config))
    config |= draw(_nulls(config))
    config |= draw(_written(config))
    if _rarely(draw, 4):
        config |= draw(_transforms(config))
    return config


def _formats(language: str) -> tuple[str, ...]:
    """The formats that can hold what values in that language are."""
    match language:
        case "json" | "string":
            return ("json", "avro")
        case "bytes":
            return ("bytes", "json", "avro")
    return ("json", "avro", "parquet", "parquet", "bytes")


def _converter(side: str, language: str) -> dict[str, str]:
    return {f"{side}.{name}".removesuffix("."): text for name, text in LANGUAGES[language].items()}


def _language(config: Mapping[str, str], side: str) -> str:
    """The language that a converter reads."""
    for language in LANGUAGES:
        given = _converter(side, language)
        if all(config.get(name) == text for name, text in given.items()):
            return language
    raise AssertionError(f"{side}={config.get(side)}")


def _looks_into_values(config: Mapping[str, str]) -> bool:
    """Whether a directory depends on fields, so that values must have them."""
    return "partition.field.name" in config or config.get("timestamp.extractor") == "RecordField"


@st.composite
def _places(draw: st.DrawFn) -> dict[str, str]:
    """Partitioner, rotation and names: as `strategies` has them, and by fields, affixes and limits of open files."""
    several = draw(
        st.sampled_from((strategies.configurations(), strategies.configurations(), strategies.clock_driven()))
    )
    given = draw(several)
    config = {name: text for name, text in given.items() if not name.startswith(("value.converter", "format."))}
    if config["partitioner.class"].endswith(".DefaultPartitioner") and draw(st.booleans()):
        config["partitioner.class"] = f"{_STORAGE}.FieldPartitioner"
        config["partition.field.name"] = draw(st.sampled_from(_PATHS))
    if "locale" in config and _rarely(draw, 4):
        config["locale"] = draw(st.sampled_from(TIME_LANGUAGE))
        if config["partitioner.class"].endswith(".TimeBasedPartitioner"):
            config["path.format"] = draw(st.sampled_from(("EEE-a-hh", "GGG-YYYY/MMM", "MMMM/D", "YY-ww/EEEE")))
    if "rotate.schedule.interval.ms" not in config and _rarely(draw, 8):
        config["rotate.schedule.interval.ms"] = "0"
    if _rarely(draw, 5):
        config["s3.schema.partition.affix.type"] = draw(st.sampled_from(("PREFIX", "SUFFIX")))
    if _rarely(draw, 5):
        config["partitioner.max.open.files"] = str(draw(st.sampled_from((1, 2, 3))))
    return config


@st.composite
def _errors(draw: st.DrawFn) -> dict[str, str]:
    """What becomes of records that cannot be used: mostly dead letters."""
    tolerant = {"errors.tolerance": "all"}
    queue = {"errors.deadletterqueue.topic.name": "letters"}
    log = {"errors.log.enable": "true", "errors.log.include.messages": "true"}
    return dict(
        draw(st.sampled_from(({}, {**tolerant, **queue}, {**tolerant, **queue}, {**tolerant, **log}, tolerant, queue)))
    )


@st.composite
def _stored(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str]:
    """Converters of keys and headers, and whether and how they are stored.

    Keys of a binary format have one schema; where values are projected keys lose theirs, and are then stored as text.
    """
    language = draw(st.sampled_from(("string", "string", "json", "bytes", "envelope", "avro")))
    found = _converter("key.converter", language)
    header = draw(st.sampled_from(("", "", "StringConverter", "SimpleHeaderConverter")))
    if header:
        found["header.converter"] = f"org.apache.kafka.connect.storage.{header}"
    if _rarely(draw, 3):
        found["store.kafka.keys"] = "true"
        projects = config.get("schema.compatibility", "NONE") != "NONE"
        choices = ("json",) if projects else ("json", "avro", "parquet")
        formats = [each for each in choices if (language, each) != ("json", "parquet")]
        found["keys.format.class"] = FORMATS["bytes" if language == "bytes" else draw(st.sampled_from(formats))]
    if _rarely(draw, 4):
        found["store.kafka.headers"] = "true"
        found["headers.format.class"] = FORMATS[draw(st.sampled_from(("json", "avro", "parquet")))]
    return found


@st.composite
def _nulls(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str]:
    """What becomes of null values."""
    write = ("write", "write") if "store.kafka.keys" in config else ()
    policy = draw(st.sampled_from(("fail", "ignore", *write)))
    found = {} if policy == "fail" else {"behavior.on.null.values": policy}
    if policy == "write" and draw(st.booleans()):
        found["tombstone.encoded.partition"] = draw(st.sampled_from(("gone", "deleted/yes")))
    if policy == "ignore" and draw(st.booleans()):
        found["report.null.values.to.dlq"] = "false"
    return found


@st.composite
def _written(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str]:
    """Details of the formats: compression, codecs, separators, decimals, tags."""
    names = ("format.class", "keys.format.class", "headers.format.class")
    formats = [
        next(short for short, full in FORMATS.items() if full == config[name]) for name in names if name in config
    ]
    found: dict[str, str] = {}
    if all(each in _TEXTUAL for each in formats) and _rarely(draw, 3):
        found |= {"s3.compression.type": "gzip", "s3.compression.level": draw(st.sampled_from(("-1", "0", "9")))}
    if "bytes" in formats:
        found["format.bytearray.separator"] = draw(st.sampled_from(("\n", " |", "")))
        found["format.bytearray.extension"] = draw(st.sampled_from((".bin", ".raw.gz")))
    if "avro" in formats and _rarely(draw, 3):
        found["avro.codec"] = draw(st.sampled_from(("deflate", "snappy", "bzip2")))
    if "parquet" in formats:
        found["parquet.codec"] = draw(st.sampled_from(_CODECS))
    if "json" in formats and _rarely(draw, 3):
        found["json.decimal.format"] = "NUMERIC"
    if _rarely(draw, 4):
        found |= draw(st.sampled_from(_DETAILS))
    if _rarely(draw, 6):
        found |= {"s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "team:data"}
    return found


_DETAILS: tuple[dict[str, str], ...] = (
    {"retry.backoff.ms": "1"},
    {"retry.backoff.ms": "60000"},
    {"max.write.duration.ms": "1000"},
    {"value.converter.enhanced.avro.schema.support": "true", "enhanced.avro.schema.support": "false"},
    {"value.converter.connect.meta.data": "false", "connect.meta.data": "false"},
    {"errors.deadletterqueue.context.headers.enable": "true"},
)
"""Properties that leave names and text of objects as they are, or nearly."""


@st.composite
def _transforms(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str]:
    """A chain of one or two transforms that leaves the topic, and the fields that directories are made of."""
    choices = [_ROUTE, _SAME_TIME, _DROP_NULLS, _DROP_MARKED, _DROP_OTHERS]
    if _language(config, "value.converter") in ("json", *_SCHEMED) and not _is_bytes(config):
        choices += [_ADD, _ADD, _CUT, _RENAME]
        if not _looks_into_values(config) and not config["format.class"].endswith("ParquetFormat"):
            choices.append(_LIFT)
    if _language(config, "key.converter") in ("json", *_SCHEMED):
        choices.append(_LIFT_KEY)
    chain = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique_by=id))
    found = {"transforms": ",".join(f"s{at}" for at in range(len(chain)))}
    for at, each in enumerate(chain):
        found |= {f"transforms.s{at}.{name}": text for name, text in each.items() if "/" not in name}
        predicates = {name.partition("/")[2]: text for name, text in each.items() if "/" in name}
        if predicates:
            found[f"transforms.s{at}.predicate"] = f"p{at}"
            found["predicates"] = ",".join(filter(None, (found.get("predicates", ""), f"p{at}")))
            found |= {f"predicates.p{at}.{name}": text for name, text in predicates.items()}
    return found


# Transforms by their properties, those of a predicate behind a slash.
_ROUTE = {"type": f"{_TRANSFORMS}.RegexRouter", "regex": "(t)(-old)?", "replacement": "$1"}
_SAME_TIME = {"type": f"{_TRANSFORMS}.TimestampRouter", "topic.format": "${topic}"}
_DROP_NULLS = {
    "type": f"{_TRANSFORMS}.Filter",
    "/type": f"{_TRANSFORMS}.predicates.RecordIsTombstone",
}
_DROP_MARKED = {
    "type": f"{_TRANSFORMS}.Filter",
    "/type": f"{_TRANSFORMS}.predicates.HasHeaderKey",
    "/name": "skip",
}
_DROP_OTHERS = {
    "type": f"{_TRANSFORMS}.Filter",
    "negate": "true",
    "/type": f"{_TRANSFORMS}.predicates.TopicNameMatches",
    "/pattern": "t|u.*",
}
_ADD = {
    "type": f"{_TRANSFORMS}.InsertField$Value",
    "offset.field": "at_offset",
    "partition.field": "from!",
    "timestamp.field": "at_time?",
    "static.field": "source",
    "static.value": "x",
}
_CUT = {"type": f"{_TRANSFORMS}.ReplaceField$Value", "exclude": "big,single"}
_RENAME = {"type": f"{_TRANSFORMS}.ReplaceField$Value", "renames": "double:twice,big:large"}
_LIFT = {"type": f"{_TRANSFORMS}.ExtractField$Value", "field": "i"}
_LIFT_KEY = {"type": f"{_TRANSFORMS}.ExtractField$Key", "field": "k"}


def _is_bytes(config: Mapping[str, str]) -> bool:
    return config["format.class"] == FORMATS["bytes"]


# --- logs ------------------------------------------------------------------------------------------------------------


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
    """Of values in `_SCHEMED`, oldest first."""
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
    value, key = _language(config, "value.converter"), _language(config, "key.converter")
    shapes = draw(_shapes(config, value)) if value in _SCHEMED and not _is_bytes(config) else ()
    return _Plan(config, value, key, shapes, _rarely(draw, 10), {})


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
    is_free = len(shape.parts) > 1 and shape.parts[-1].name in PALETTE and shape.parts[-1].name not in _PATHS[0]
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
    if _rarely(draw, 12) and (plan.skips_errant or not plan.extracts("Record")):
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
    if _rarely(draw, 8) and (plan.skips_errant or not plan.stores("keys")):
        return None
    if plan.key in ("json", *_SCHEMED) and plan.skips_unreadable and _rarely(draw, 12):
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
    is_odd = _rarely(draw, 8) and (plan.skips_errant or not stored)
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
    if (policy != "fail" or plan.is_deadly) and _rarely(draw, 6):
        return None
    if plan.value not in ("string", "bytes") and plan.skips_unreadable and _rarely(draw, 10):
        return draw(st.sampled_from(_UNREADABLE[plan.value]))
    if plan.value in ("string", "bytes"):
        return draw(st.sampled_from((b"%d" % offset, b"x", 'é"\n\U0001f600'.encode(), b"", b"\xff\xed\xa0\x80")))
    return draw(_structured(plan, offset, time_ms))


@st.composite
def _structured(draw: st.DrawFn, plan: _Plan, offset: int, time_ms: int) -> bytes:
    """A value of a language that has fields."""
    if plan.value == "json":
        return draw(_json(plan, offset, time_ms))
    if plan.skips_errant and _rarely(draw, 10):
        return draw(_odd(plan, time_ms))
    if plan.may_flip and _rarely(draw, 8):
        return _without_schema(plan, time_ms)
    if _is_bytes(plan.config):
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
    if _rarely(draw, 12):
        name = draw(st.sampled_from([part.name for part in shape.parts if part.name not in (*times, "color")]))
        payload = {part.name: part.payload(datum[part.name]) for part in shape.parts}
        return wrapped(envelope_schema(shape), {**payload, name: draw(st.sampled_from(("7", 1.9, True)))})
    return envelope(shape, datum)


def _datum(draw: st.DrawFn, plan: _Plan, part: Part, offset: int) -> Datum:
    if part.name == "i":
        return offset
    if plan.is_deadly and part.kind is TEXT and _rarely(draw, 4):
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


# --- courses and scenarios -------------------------------------------------------------------------------------------


@st.composite
def wide_courses(draw: st.DrawFn, config: Mapping[str, str], log: h.Log, *, is_calm: bool = False) -> tuple[Step, ...]:
    """Courses of polls, commits, clock moves, crashes, restarts, stops, rebalances and changed properties; then a rest.

    All partitions are read in the end. A calm course has nothing but polls, commits and clock moves.
    """
    polls = st.builds(PollStep, st.integers(0, 1 + max(map(len, log.values()))))
    moves = [Clock(add_ms=each) for each in strategies.CLOCK_STEPS_MS[1:]]
    others: tuple[Step, ...] = (CommitStep(), *moves)
    plain: st.SearchStrategy[tuple[Step, ...]] = st.one_of(polls, polls, polls, st.sampled_from(others)).map(_alone)
    events = plain if is_calm else st.one_of(plain, plain, _interruptions(config, log, polls))
    found = [step for steps in draw(st.lists(events, max_size=6)) for step in steps]
    return (Start(), *found, Rest(draw(st.integers(1, 6))))


def _alone(step: Step) -> tuple[Step, ...]:
    return (step,)


@st.composite
def _interruptions(
    draw: st.DrawFn, config: Mapping[str, str], log: h.Log, polls: st.SearchStrategy[PollStep]
) -> tuple[Step, ...]:
    """A life ends and another begins, perhaps with other properties; or partitions go and come back."""
    ends: tuple[tuple[Step, ...], ...] = ((Crash(),), (StopStep(),), ())
    kind = draw(st.sampled_from(("restart", "change", "rebalance")))
    if kind == "rebalance":
        kept = draw(st.lists(st.sampled_from(sorted(log)), min_size=1, unique=True))
        return Rebalance(tuple(kept)), draw(polls), Rebalance(tuple(log))
    end = draw(st.sampled_from(ends))
    return (*end, Start(draw(changes(config)) if kind == "change" else {}))


@st.composite
def changes(draw: st.DrawFn, config: Mapping[str, str]) -> dict[str, str | None]:
    """Properties that an operator changes between two lives, so that the same log can still be stored."""
    language = _language(config, "value.converter")
    choices: list[dict[str, str | None]] = [
        {"flush.size": "2"},
        {"flush.size": "4"},
        {"topics.dir": "other", "file.delim": "-"},
        {"filename.offset.zero.pad.width": "5"},
        {"rotate.interval.ms": "2000"},
        {"partitioner.class": f"{_STORAGE}.DefaultPartitioner"},
        {
            "partitioner.class": f"{_STORAGE}.DailyPartitioner",
            "timezone": "Asia/Kolkata",
            "locale": "en",
            "timestamp.extractor": "Record",
        },
        {"behavior.on.null.values": "ignore"},
    ]
    if not _is_bytes(config) and not {"store.kafka.keys", "store.kafka.headers"} & config.keys():
        others = [each for each in _formats(language) if each != "bytes"]
        choices += [{"format.class": FORMATS[each], "s3.compression.type": None} for each in others]
    if "store.kafka.keys" in config:
        written: dict[str, str | None] = {"behavior.on.null.values": "write", "store.kafka.keys": "true"}
        choices += [written, {"store.kafka.keys": None, "behavior.on.null.values": None}]
    return draw(st.sampled_from(choices))


@st.composite
def wide_scenarios(
    draw: st.DrawFn,
    configs: st.SearchStrategy[dict[str, str]] | None = None,
    *,
    is_calm: bool = False,
    kinds: Sequence[FaultKind] = ("crash",),
    faults: tuple[int, int] = (0, 2),
) -> Scenario:
    """Whole scenarios, of a configuration of `configs` if they are given.

    A calm one has one life and no fault. In the others faults of `kinds` strike at any effect.
    """
    config = draw(wide_configurations() if configs is None else configs)
    log, schemas = draw(wide_logs(config))
    course = draw(wide_courses(config, log, is_calm=is_calm))
    clock_ms = draw(st.sampled_from(strategies.STARTS_MS)) + strategies.HOUR_MS * draw(st.integers(0, 23))
    calm = Scenario("drawn", config, log, course, max(clock_ms, EPOCH_MS), schemas=schemas)
    if is_calm:
        return calm
    return draw(strategies.disturbed(calm, faults, kinds))
