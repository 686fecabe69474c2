"""What properties must not be together, though each is right by itself: what the real connector refuses before it runs.

Each check belongs to a stage of the real connector: its validation, or the start of connector or task, which comes
after; `dyingchecks` has what it dies of later still. A check names each property that has a part in it.
Source: reference 1.4 and 9.2 B9; for the topics, Kafka Connect.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from onceproof.sink.errors import Problem
from onceproof.sink.java import javaregex
from onceproof.sink.placing import pathformat
from onceproof.sink.settings.properties import FAMILY, NotRead, Values, written

Stage: TypeAlias = Literal["validation", "start", "run", "never"]
Finding: TypeAlias = tuple[str, str]
"""A property, and what is allowed for it."""
Find: TypeAlias = Callable[[Values], Iterator[Finding]]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BUILT_IN_PARTITIONERS = ("DefaultPartitioner", "FieldPartitioner", *FAMILY)
BUILT_IN_EXTRACTORS = ("WallclockTimestampExtractor", "RecordTimestampExtractor", "RecordFieldTimestampExtractor")


class Check(NamedTuple):
    """One check. `stage` is when the real connector fails, if it ever does, and `real` what it does then, in words."""

    id: str
    stage: Stage
    real: str
    find: Find

    def problems(self, values: Values) -> list[Problem]:
        """What it finds; nothing where a value that it needs could not be read."""
        try:
            return [values.problem(name, message) for name, message in self.find(values)]
        except NotRead:
            return []


def check(of: list[Check], name: str, stage: Stage, real: str) -> Callable[[Find], Find]:
    """Append the decorated function to a list of checks."""

    def register(find: Find) -> Find:
        of.append(Check(name, stage, real, find))
        return find

    return register


_VALIDATION: list[Check] = []
_START: list[Check] = []
_REFUSES = "Its validation refuses it."


@check(_VALIDATION, "topics-twice", "validation", _REFUSES)
def _topics_twice(values: Values) -> Iterator[Finding]:
    if values["topics"] and values["topics.regex"]:
        yield "topics", "must not be given together with topics.regex"
        yield "topics.regex", "must not be given together with topics"


@check(_VALIDATION, "dead-letters-read", "validation", _REFUSES)
def _dead_letters_read(values: Values) -> Iterator[Finding]:
    topic = values["errors.deadletterqueue.topic.name"]
    if topic and topic in values["topics"]:
        yield "errors.deadletterqueue.topic.name", "must not be one of topics, which are read"
    if topic and values["topics.regex"] and javaregex.compile(values["topics.regex"]).fullmatch(topic):
        yield "errors.deadletterqueue.topic.name", "must not fit topics.regex, whose topics are read"


@check(_VALIDATION, "fields-missing", "validation", _REFUSES)
def _fields_missing(values: Values) -> Iterator[Finding]:
    if values["partitioner.class"] == "FieldPartitioner" and not values["partition.field.name"]:
        yield "partition.field.name", "must not be blank, because partitioner.class is FieldPartitioner"


@check(_VALIDATION, "gzip-format", "validation", _REFUSES)
def _gzip_format(values: Values) -> Iterator[Finding]:
    if values["s3.compression.type"] != "gzip":
        return
    for name, format_name in written(values).items():
        if format_name in ("JsonFormat", "ByteArrayFormat"):
            continue
        stored = f"store.kafka.{name.partition('.')[0]}"
        if name != "format.class":
            yield stored, f"must be false, or {name} JsonFormat or ByteArrayFormat, to go with s3.compression.type gzip"
        yield name, "must be JsonFormat or ByteArrayFormat to go with s3.compression.type gzip"
        yield "s3.compression.type", f"must be none, because {name} is {format_name}"


@check(_VALIDATION, "write-without-keys", "validation", _REFUSES)
def _write_without_keys(values: Values) -> Iterator[Finding]:
    if values["behavior.on.null.values"] == "write" and not values["store.kafka.keys"]:
        yield "behavior.on.null.values", "must not be write unless store.kafka.keys is true"
        yield "store.kafka.keys", "must be true, because behavior.on.null.values is write"


@check(_VALIDATION, "accelerated-paths", "validation", _REFUSES)
def _accelerated_paths(values: Values) -> Iterator[Finding]:
    if values["s3.wan.mode"] and values["s3.path.style.access.enabled"]:
        yield "s3.wan.mode", "must be false, or s3.path.style.access.enabled false"
        yield "s3.path.style.access.enabled", "must be false, because s3.wan.mode is true"


@check(_START, "blank-topic", "start", "The consumer refuses the subscription.")
def _blank_topic(values: Values) -> Iterator[Finding]:
    if not all(values["topics"]):
        yield "topics", "must be names between commas, with none blank"


@check(_START, "blank-bucket", "start", "The task fails when it asks for the bucket.")
def _blank_bucket(values: Values) -> Iterator[Finding]:
    if not values["s3.bucket.name"]:
        yield "s3.bucket.name", "must not be blank"


@check(_START, "blank-region", "start", "The SDK's client cannot be made.")
def _blank_region(values: Values) -> Iterator[Finding]:
    if not values["s3.region"]:
        yield "s3.region", "must not be blank"


@check(_START, "store-url", "start", "The SDK's client cannot be made.")
def _store_url(values: Values) -> Iterator[Finding]:
    url = values["store.url"] or ""
    if url and not re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*://)?[^\s/?#\"<>\\^`{|}]+([/?#][^\s\"<>\\^`{|}]*)?", url):
        yield "store.url", "must be the URL of an object store, such as https://s3.example.org:9000"


@check(_START, "part-retries-0", "start", "Validation lets 0 pass; the SDK's client wants at least one attempt.")
def _part_retries(values: Values) -> Iterator[Finding]:
    if values["s3.part.retries"] == 0:
        yield "s3.part.retries", "must be 1 or more; 1 is no retry"


@check(_START, "schedule-without-timezone", "start", "Its constructor fails, after validation and before the bucket.")
def _schedule_without_timezone(values: Values) -> Iterator[Finding]:
    if values["rotate.schedule.interval.ms"] > 0 and not values["timezone"]:
        yield "timezone", "must be a time zone, because rotate.schedule.interval.ms is set"


@check(_START, "tag-without-value", "start", "The writer of each partition fails, also where tagging is off.")
def _tag_without_value(values: Values) -> Iterator[Finding]:
    if any(tag(item) is None for item in values["s3.object.tagging.key.value.pairs"]):
        yield "s3.object.tagging.key.value.pairs", "must be key:value items between commas"


def tag(item: str) -> tuple[str, str] | None:
    """Key and value of a tag, as Java's split at colons finds them: what follows a second colon is dropped."""
    pieces = item.rstrip(":").split(":")
    return (pieces[0], pieces[1]) if len(pieces) > 1 else None


@check(_START, "role-incomplete", "start", "The credentials provider cannot be configured.")
def _role_incomplete(values: Values) -> Iterator[Finding]:
    if values["s3.credentials.provider.class"] == "AwsAssumeRoleCredentialsProvider":
        for name in ("role.arn", "role.external.id", "role.session.name"):
            if not values[f"s3.credentials.provider.sts.{name}"]:
                yield f"s3.credentials.provider.sts.{name}", "must be given for AwsAssumeRoleCredentialsProvider"


@check(_START, "registry-missing", "start", "The converter cannot be configured.")
def _registry_missing(values: Values) -> Iterator[Finding]:
    for side in ("key", "value"):
        name = f"{side}.converter.schema.registry.url"
        if values[f"{side}.converter"] == "AvroConverter" and not values[name]:
            yield name, "must be given, because AvroConverter asks the registry for schemas"


_PARTITIONER_FAILS = "The partitioner cannot be configured; the task fails after it has asked for the bucket."


@check(_START, "partition-duration-negative", "start", _PARTITIONER_FAILS)
def _duration_negative(values: Values) -> Iterator[Finding]:
    if values["partitioner.class"] == "TimeBasedPartitioner" and values["partition.duration.ms"] < 0:
        yield "partition.duration.ms", "must be 1 or more"


@check(_START, "path-format", "start", _PARTITIONER_FAILS)
def _path_format(values: Values) -> Iterator[Finding]:
    found = path_format(values)
    if found is None:
        return
    if not found or found == values["directory.delim"]:
        yield "path.format", "must be a Joda pattern, such as 'year'=YYYY/'month'=MM"
        return
    if len(found) < len(values["directory.delim"]):
        yield "path.format", "must not be shorter than directory.delim, which is looked for at its end"
        return
    try:
        pattern(values)
    except ValueError as error:
        own = values["partitioner.class"] == "TimeBasedPartitioner"
        yield "path.format" if own else "directory.delim", str(error)


@check(_START, "locale-blank", "start", _PARTITIONER_FAILS)
def _locale_blank(values: Values) -> Iterator[Finding]:
    if values["partitioner.class"] in FAMILY and not values["locale"]:
        yield "locale", "must not be blank for a time-based partitioner"


@check(_START, "timezone-blank", "start", _PARTITIONER_FAILS)
def _timezone_blank(values: Values) -> Iterator[Finding]:
    if values["partitioner.class"] in FAMILY and not values["timezone"]:
        yield "timezone", f"must be a time zone, because {values['partitioner.class']} needs it"


def path_format(values: Values) -> str | None:
    """What a time-based partitioner prints; None for another one. Daily and Hourly put the delimiter in unquoted."""
    delim = values["directory.delim"]
    daily = f"'year'=YYYY{delim}'month'=MM{delim}'day'=dd"
    by_class: Mapping[str, str] = {
        "DailyPartitioner": daily,
        "HourlyPartitioner": f"{daily}{delim}'hour'=HH",
        "TimeBasedPartitioner": values["path.format"],
    }
    return by_class.get(values["partitioner.class"])


def duration_ms(values: Values) -> int:
    """How long a time bucket is."""
    own = values["partition.duration.ms"]
    return int({"DailyPartitioner": DAY_MS, "HourlyPartitioner": HOUR_MS}.get(values["partitioner.class"], own))


def pattern(values: Values) -> pathformat.Pattern:
    """The compiled pattern, one trailing delimiter cut off; raises ValueError for what is no pattern."""
    delim, found = values["directory.delim"], path_format(values) or ""
    cut = found.removesuffix(delim) if delim else found
    return pathformat.compile(cut, values["locale"])


def _topics_none(values: Values) -> Iterator[Finding]:
    if not values["topics"] and not values["topics.regex"]:
        yield "topics", "must name the topics to read, or topics.regex must fit them"


SUBSCRIPTION = Check("topics-none", "validation", _REFUSES, _topics_none)
"""Only where the sink subscribes itself: a world may assign partitions to a sink that names no topics."""
VALIDATION: tuple[Check, ...] = tuple(_VALIDATION)
START: tuple[Check, ...] = tuple(_START)
