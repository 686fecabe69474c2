"""Hypothesis strategy for configurations over all parts of the sink; `wide` says more.

Its converters say in which language keys and values are written, and its formats what holds them.
"""

from collections.abc import Mapping

from hypothesis import strategies as st

from onceproof.scenarios import strategies

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

LOCALES = ("de", "fr", "ko", "en", "xx")
"""Locales, one of them no language."""

_STORAGE = "io.confluent.connect.storage.partitioner"
_TRANSFORMS = "org.apache.kafka.connect.transforms"
SCHEMED = ("envelope", "avro")
_TEXTUAL = ("json", "bytes")
PATHS = ("text", "i", "i,text", "inner.a", "flag,inner.n")
"""What FieldPartitioner goes by."""
_CODECS = ("snappy", "none", "gzip", "zstd", "brotli", "lz4_raw")


def rarely(draw: st.DrawFn, one_in: int) -> bool:
    """True once in so many; shrinks to False."""
    return draw(st.sampled_from((*(one_in - 1) * (False,), True)))


@st.composite
def wide_configurations(draw: st.DrawFn) -> dict[str, str]:
    """Configurations over all parts, each accepted by the sink's validation and within what the model covers."""
    config = draw(_places())
    looks = _looks_into_values(config)
    languages = ("envelope", "avro") if "partition.field.name" in config else ("json", "envelope", "avro")
    language = draw(st.sampled_from(languages if looks else ("json", "envelope", "avro", "string", "bytes")))
    config |= _converter("value.converter", language)
    formats = formats_of(language) if not looks else tuple(each for each in formats_of(language) if each != "bytes")
    config["format.class"] = FORMATS[draw(st.sampled_from(formats))]
    config |= draw(_errors())
    if language in SCHEMED and draw(st.booleans()):
        config["schema.compatibility"] = draw(st.sampled_from(("BACKWARD", "FORWARD", "FULL", "NONE")))
    config |= draw(_stored(config))
    config |= draw(_nulls(config))
    config |= draw(_written(config))
    if rarely(draw, 4):
        config |= draw(_transforms(config))
    return config


def formats_of(language: str) -> tuple[str, ...]:
    """The formats that can hold what values in that language are."""
    match language:
        case "json" | "string":
            return ("json", "avro")
        case "bytes":
            return ("bytes", "json", "avro")
    return ("json", "avro", "parquet", "parquet", "bytes")


def _converter(side: str, language: str) -> dict[str, str]:
    return {f"{side}.{name}".removesuffix("."): text for name, text in LANGUAGES[language].items()}


def language_of(config: Mapping[str, str], side: str) -> str:
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
        config["partition.field.name"] = draw(st.sampled_from(PATHS))
    if "locale" in config and rarely(draw, 4):
        config["locale"] = draw(st.sampled_from(LOCALES))
        if config["partitioner.class"].endswith(".TimeBasedPartitioner"):
            config["path.format"] = draw(st.sampled_from(("EEE-a-hh", "GGG-YYYY/MMM", "MMMM/D", "YY-ww/EEEE")))
    if "rotate.schedule.interval.ms" not in config and rarely(draw, 8):
        config["rotate.schedule.interval.ms"] = "0"
    if rarely(draw, 5):
        config["s3.schema.partition.affix.type"] = draw(st.sampled_from(("PREFIX", "SUFFIX")))
    if rarely(draw, 5):
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
    header = draw(
        st.sampled_from(
            ("", "storage.StringConverter", "storage.SimpleHeaderConverter", "converters.ByteArrayConverter")
        )
    )
    if header:
        found["header.converter"] = f"org.apache.kafka.connect.{header}"
    if rarely(draw, 3):
        found["store.kafka.keys"] = "true"
        projects = config.get("schema.compatibility", "NONE") != "NONE"
        choices = ("json",) if projects else ("json", "avro", "parquet")
        formats = [each for each in choices if (language, each) != ("json", "parquet")]
        found["keys.format.class"] = FORMATS["bytes" if language == "bytes" else draw(st.sampled_from(formats))]
    if rarely(draw, 4):
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
    if all(each in _TEXTUAL for each in formats) and rarely(draw, 3):
        found |= {"s3.compression.type": "gzip", "s3.compression.level": draw(st.sampled_from(("-1", "0", "9")))}
    if "bytes" in formats:
        found["format.bytearray.separator"] = draw(st.sampled_from(("\n", " |", "")))
        found["format.bytearray.extension"] = draw(st.sampled_from((".bin", ".raw.gz")))
    if "avro" in formats and rarely(draw, 3):
        found["avro.codec"] = draw(st.sampled_from(("deflate", "snappy", "bzip2")))
    if "parquet" in formats:
        found["parquet.codec"] = draw(st.sampled_from(_CODECS))
    if "json" in formats and rarely(draw, 3):
        found["json.decimal.format"] = "NUMERIC"
    if rarely(draw, 4):
        found |= draw(st.sampled_from(_DETAILS))
    if rarely(draw, 6):
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
    if language_of(config, "value.converter") in ("json", *SCHEMED) and not is_bytes(config):
        choices += [_ADD, _ADD, _CUT, _RENAME]
        if not _looks_into_values(config) and not config["format.class"].endswith("ParquetFormat"):
            choices.append(_LIFT)
    if language_of(config, "key.converter") in ("json", *SCHEMED):
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


def is_bytes(config: Mapping[str, str]) -> bool:
    """Whether values are bytes and nothing else."""
    return config["format.class"] == FORMATS["bytes"]
