"""What the real connector can do and this sink cannot: refused by name, with the reason."""

from collections.abc import Iterator

from onceproof.sink import plugins
from onceproof.sink.checks import BUILT_IN_EXTRACTORS, BUILT_IN_PARTITIONERS, Check, Finding, check
from onceproof.sink.properties import FAMILY, Values, written

_NEVER: list[Check] = []
_CLASSES: list[Check] = []


@check(_NEVER, "codec-not-built-in", "never", "Writes with whatever codecs its class path has.")
def _codec(values: Values) -> Iterator[Finding]:
    if "ParquetFormat" in written(values).values():
        from onceproof.sink import parquetformat  # noqa: PLC0415 - it imports the configuration, which asks us

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


def _class_problem(given: str, group: str, method: str, values: Values) -> Iterator[str]:
    try:
        plugins.make(given, group, method, values.given)
    except ValueError as error:
        yield str(error)


@check(_CLASSES, "partitioner-class", "start", "Loads a Java class of that name, or fails to configure it.")
def _partitioner(values: Values) -> Iterator[Finding]:
    given = values["partitioner.class"]
    if given not in BUILT_IN_PARTITIONERS:
        for problem in _class_problem(given, _partitioner_plugins(), "encode", values):
            yield "partitioner.class", problem


@check(_CLASSES, "extractor-class", "start", "Loads a Java class of that name, or fails to configure the partitioner.")
def _extractor(values: Values) -> Iterator[Finding]:
    given = values["timestamp.extractor"]
    if values["partitioner.class"] in FAMILY and given not in BUILT_IN_EXTRACTORS:
        for problem in _class_problem(given, _extractor_plugins(), "extract", values):
            yield "timestamp.extractor", problem


def _partitioner_plugins() -> str:
    """The group of entry points."""
    from onceproof.sink import partitioner  # noqa: PLC0415 - it imports the configuration, which asks us

    return partitioner.ENTRY_POINTS


def _extractor_plugins() -> str:
    """The group of entry points."""
    from onceproof.sink import extractors  # noqa: PLC0415 - it imports the configuration, which asks us

    return extractors.ENTRY_POINTS


NEVER: tuple[Check, ...] = tuple(_NEVER)
CLASSES: tuple[Check, ...] = tuple(_CLASSES)
