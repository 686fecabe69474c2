"""Warnings: what the real connector silently takes, and this sink too, though it may not do what its author thinks."""

import base64
import binascii
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from onceproof.sink.java import locales
from onceproof.sink.settings.checks import path_format, pattern, tag
from onceproof.sink.settings.dyingchecks import known_keys, shown
from onceproof.sink.settings.properties import FAMILY, PROPERTIES, Values

_MODES = ("NONE", "BACKWARD", "FORWARD", "FULL")
_TAKEN_AS_IT_STANDS = ("consumer.override.", "s3.credentials.provider.")
_TLS = tuple(f"{side}.converter.{prefix}ssl." for side in ("key", "value") for prefix in ("", "schema.registry."))
"""Of the registry's client."""
MARK = "\xef\xbb\xbf"
"""A byte order mark of UTF-8, as Java reads it at the beginning of a `.properties` file."""
_RUNTIMES = ("producer.override.", "admin.override.")


def unknown(given: Mapping[str, str], of_transforms: frozenset[str]) -> Iterator[str]:
    """Properties that nothing here knows: ignored, as in the real connector, but it may be a slip of the pen.

    A partitioner of the user's own receives all properties, so that nothing is said of them.
    """
    for name in given:
        if name in PROPERTIES or name in of_transforms or name.startswith((*_TAKEN_AS_IT_STANDS, *_TLS)):
            continue
        if name.startswith(MARK):
            yield f"{name}: the file begins with a byte order mark, which Java takes for part of this name; ignored"
            continue
        if name.startswith(_RUNTIMES):
            yield f"{name}: ignored, only consumer.override. is used"
            continue
        near = difflib.get_close_matches(name, [*PROPERTIES, *of_transforms], n=1, cutoff=0.85)
        yield f"{name}: unknown property, ignored" + (f"; did you mean {near[0]}?" if near else "")


def hints(values: Values) -> Iterator[str]:
    """All that is worth saying about values that are right."""
    for hint in _HINTS:
        yield from hint(values)
    yield from _without_effect(values)


def _without_effect(values: Values) -> Iterator[str]:
    """A property that is given, is not at its default, and is looked at by nobody."""
    for name, text in values.given.items():
        known = PROPERTIES.get(name)
        if known is None or known.used is None or known.used.holds(values):
            continue
        default = known.default
        if not (isinstance(default, str) and _same(known.parse, text, default)) and name not in _SAID_ELSEWHERE:
            yield f"{name}: ignored unless {known.used.words}"


def _same(parse: Callable[[str], Any], text: str, other: str) -> bool:
    try:
        return bool(parse(text) == parse(other))
    except ValueError:
        return False


_SAID_ELSEWHERE = ("rotate.interval.ms", "s3.sse.kms.key.id")


def _compatibility(values: Values) -> Iterator[str]:
    given = values["schema.compatibility"]
    if given not in _MODES:
        yield f"schema.compatibility: {given!r} is none of {', '.join(_MODES)} and means NONE"


def _flush_size(values: Values) -> Iterator[str]:
    if values["flush.size"] < 1:
        yield f"flush.size: {values['flush.size']} does not switch it off: each file has one record, as with 1"


def _interval(values: Values) -> Iterator[str]:
    known = values["partitioner.class"] in ("DefaultPartitioner", "FieldPartitioner")  # one of the user's may use it
    if values["rotate.interval.ms"] > 0 and known:
        yield "rotate.interval.ms: needs a time-based partitioner, ignored"


def _schedule(values: Values) -> Iterator[str]:
    schedule_ms = values["rotate.schedule.interval.ms"]
    if schedule_ms != -1 and schedule_ms <= 0:
        yield (
            "rotate.schedule.interval.ms: this value rotates nothing, but unlike -1 it lets "
            "enable.conditional.writes take effect"
        )


def _conditional_writes(values: Values) -> Iterator[str]:
    if "enable.conditional.writes" not in values.given or not values["enable.conditional.writes"]:
        return
    if values["rotate.schedule.interval.ms"] == -1:
        yield "enable.conditional.writes: has no effect while rotate.schedule.interval.ms is -1"
    elif values["store.kafka.keys"] or values["store.kafka.headers"]:
        yield "enable.conditional.writes: has no effect where keys or headers are stored"


def _locale(values: Values) -> Iterator[str]:
    if path_format(values) and pattern(values).needs_locale:
        said = locales.warning(values["locale"])
        if said:
            yield f"locale: {said.removeprefix('locale ')}"


def _encryption(values: Values) -> Iterator[str]:
    match values["s3.ssea.name"]:
        case "aws:kms" if not values["s3.sse.kms.key.id"]:
            yield "s3.ssea.name: aws:kms without s3.sse.kms.key.id asks for no encryption at all"
        case "aws:kms:dsse":
            yield "s3.ssea.name: aws:kms:dsse asks for no encryption at all"
        case "AES256" if values["s3.sse.customer.key"]:
            yield from _key_length(values["s3.sse.customer.key"])
    if values["s3.sse.kms.key.id"] and values["s3.ssea.name"] != "aws:kms":
        yield "s3.sse.kms.key.id: ignored unless s3.ssea.name is aws:kms"


def _key_length(key: str) -> Iterator[str]:
    try:
        size = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        return
    if size != 32:
        yield f"s3.sse.customer.key: has {size} bytes; S3 wants 32 for AES256"


def _credentials(values: Values) -> Iterator[str]:
    given = [bool(values[name] and values[name].strip()) for name in ("aws.access.key.id", "aws.secret.access.key")]
    if given.count(True) == 1:
        name = "aws.access.key.id" if given[0] else "aws.secret.access.key"
        yield f"{name}: ignored, because only one of aws.access.key.id and aws.secret.access.key is given"


def _tags(values: Values) -> Iterator[str]:
    for item in values["s3.object.tagging.key.value.pairs"]:
        if item.rstrip(":").count(":") > 1 and (found := tag(item)) is not None:
            yield f"s3.object.tagging.key.value.pairs: {item!r} becomes {':'.join(found)!r}, without what follows"


def _errors(values: Values) -> Iterator[str]:
    tolerant = values["errors.tolerance"] == "all"
    topic = values["errors.deadletterqueue.topic.name"]
    if topic and not tolerant:
        yield "errors.deadletterqueue.topic.name: errors.tolerance is none, so that the first error fails the task"
    if tolerant and not topic and not values["errors.log.enable"]:
        yield (
            "errors.tolerance: without a dead letter topic and errors.log.enable, records that cannot be converted "
            "are skipped without a trace, and one that cannot be written fails the task"
        )


def _tombstones(values: Values) -> Iterator[str]:
    text = values["tombstone.encoded.partition"]
    for key in known_keys(values):
        if text in key:
            yield f"tombstone.encoded.partition: values under keys such as {shown(key)} fail the task, as they hold it"


def _timestamp_field(values: Values) -> Iterator[str]:
    path = values["timestamp.field"]
    uses = values["timestamp.extractor"] == "RecordFieldTimestampExtractor" and values["partitioner.class"] in FAMILY
    if uses and "" in path.rstrip(".").split("."):
        yield f"timestamp.field: {path!r} looks for a field without a name"


def _write_duration(values: Values) -> Iterator[str]:
    if values["max.write.duration.ms"] < 0:
        yield "max.write.duration.ms: below 0 every deadline has passed before anything is written"


def _internal(values: Values) -> Iterator[str]:
    for name in ("max.files.scan.limit", "partitioner.max.open.files"):
        if name in values.given and values.text(name) != PROPERTIES[name].default:
            yield f"{name}: internal to the real connector, which does not tell of it"


_HINTS: tuple[Callable[[Values], Iterator[str]], ...] = (
    _flush_size,
    _interval,
    _schedule,
    _compatibility,
    _conditional_writes,
    _locale,
    _encryption,
    _credentials,
    _tags,
    _errors,
    _tombstones,
    _timestamp_field,
    _write_duration,
    _internal,
)
