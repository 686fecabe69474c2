"""What the real connector can do and this sink cannot: refused by name, with the reason."""

from collections.abc import Iterator

from onceproof.sink.java import charsets
from onceproof.sink.placing import extractors, partitioner, plugins
from onceproof.sink.settings.checks import BUILT_IN_EXTRACTORS, BUILT_IN_PARTITIONERS, Check, Finding, check
from onceproof.sink.settings.overrides import topic_pattern
from onceproof.sink.settings.properties import FAMILY, PROPERTIES, Values, written

_NEVER: list[Check] = []
_CLASSES: list[Check] = []


@check(_NEVER, "codec-not-built-in", "never", "Writes with whatever codecs its class path has.")
def _codec(values: Values) -> Iterator[Finding]:
    if "ParquetFormat" in written(values).values():
        from onceproof.sink.writing import parquetformat  # noqa: PLC0415 - it loads Arrow, which others need not wait for

        reason = parquetformat.unsupported_codec(values["parquet.codec"])
        if reason:
            yield "parquet.codec", reason


@check(_NEVER, "no-java-properties", "never", "Finds credentials among the system properties of its JVM.")
def _system_properties(values: Values) -> Iterator[Finding]:
    if values["s3.credentials.provider.class"] == "SystemPropertyCredentialsProvider":
        yield (
            "s3.credentials.provider.class",
            "there are no Java system properties here; use aws.access.key.id and aws.secret.access.key",
        )


@check(_NEVER, "charset-not-built-in", "never", "Reads texts in all charsets that its JVM has.")
def _charset(values: Values) -> Iterator[Finding]:
    for side in ("key", "value", "header"):
        name = f"{side}.converter.converter.encoding"
        if values[f"{side}.converter"] == "StringConverter" and charsets.may_be_javas(values[name]):
            yield name, "is no charset that this sink can read; use another, such as UTF-8"


def _topic_pattern(values: Values) -> Iterator[Finding]:
    try:
        if values["topics.regex"]:
            topic_pattern(values["topics.regex"])
    except ValueError as error:
        yield "topics.regex", str(error)


def _class_problem(given: str, group: str, method: str, values: Values) -> Iterator[str]:
    try:
        plugins.make(given, group, method, values.given)
    except ValueError as error:
        yield str(error)


@check(_CLASSES, "partitioner-class", "start", "Loads a Java class of that name, or fails to configure it.")
def _partitioner(values: Values) -> Iterator[Finding]:
    given = values["partitioner.class"]
    if given not in BUILT_IN_PARTITIONERS:
        for problem in _class_problem(given, partitioner.ENTRY_POINTS, "encode", values):
            yield "partitioner.class", problem


@check(_CLASSES, "extractor-class", "start", "Loads a Java class of that name, or fails to configure the partitioner.")
def _extractor(values: Values) -> Iterator[Finding]:
    given = values["timestamp.extractor"]
    if values["partitioner.class"] not in FAMILY:
        return
    if values.text("timestamp.extractor") in BUILT_IN_EXTRACTORS:
        allowed = PROPERTIES["timestamp.extractor"].valid
        assert allowed is not None
        yield "timestamp.extractor", allowed.allowed
    elif given not in BUILT_IN_EXTRACTORS:
        for problem in _class_problem(given, extractors.ENTRY_POINTS, "extract", values):
            yield "timestamp.extractor", problem


NEVER: tuple[Check, ...] = tuple(_NEVER)
CLASSES: tuple[Check, ...] = tuple(_CLASSES)
PATTERN = Check("pattern-not-posix", "never", "Subscribes to any pattern of Java's.", _topic_pattern)
"""Only where the sink subscribes itself, as `checks.SUBSCRIPTION`."""
