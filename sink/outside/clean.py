"""Uploads that this sink has begun and nobody will finish: found, measured, and thrown away on demand.

A sink that dies leaves the uploads of its open files behind, and so does one that writes bytes, or that is refused
something it can try again (reference 6.3); S3 charges for them. Only uploads whose key this very configuration could
have made are looked at. Another sink with the same bucket, names and topics is not told apart, which is why uploads
are left alone while the group has members, and while they are young.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from onceproof.sink.config import TIME_BASED, SinkConfig
from onceproof.sink.errors import SourceError
from onceproof.sink.outside.s3 import S3Store

REACH_S = 10.0
"""How long a broker may take to answer."""

_TOKEN = re.compile(r"'((?:[^']|'')*)(?:'|$)|([A-Za-z])\2*|([^A-Za-z']+)")
"""A quoted text, a letter of a date, or anything else: the pieces of a Joda pattern."""


class Leftover(NamedTuple):
    """One unfinished upload."""

    key: str
    upload_id: str
    started: datetime
    size_bytes: int


class Group:
    """The consumer group of a sink, seen from outside. `settings` are librdkafka's: how the broker is reached."""

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, Any]) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2, **settings})

    def members(self, group: str) -> int | None:
        """How many members it has; 0 for one that does not exist, None where the broker cannot say.

        A member that was killed counts until its session ends. Raises SourceError.
        """
        try:
            described = self._admin.describe_consumer_groups([group], request_timeout=REACH_S)[group].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return 0
            if error.args[0].code() == KafkaError._UNSUPPORTED_FEATURE:  # noqa: SLF001 - how the client names it
                return None
            raise _source_error(error) from error
        return len(described.members)

    def topics(self, config: SinkConfig) -> tuple[str, ...]:
        """The configuration's topics: as listed, or those in Kafka that its expression fits. Raises SourceError."""
        if config.topics:
            return config.topics
        try:
            there = self._admin.list_topics(timeout=REACH_S).topics
        except KafkaException as error:
            raise _source_error(error) from error
        return tuple(sorted(topic for topic in there if re.fullmatch(config.topics_regex, topic)))


def find(store: S3Store, config: SinkConfig, topics: Collection[str]) -> Iterator[Leftover]:
    """All unfinished uploads of these topics, by topic, key and age; raises StoreError."""
    for topic in topics:
        ours = key_pattern(config, topic)
        for upload in store.unfinished_uploads(_folder(config, topic)):
            match = ours.fullmatch(upload.key)
            if match is not None and _is_padded(match["offset"], config.pad_width):
                size_bytes = store.uploaded_bytes(upload.key, upload.upload_id)
                yield Leftover(upload.key, upload.upload_id, upload.started, size_bytes)


def _folder(config: SinkConfig, topic: str) -> str:
    """What all keys of a topic begin with; never empty, since the topic is in it."""
    first = f"{config.topics_dir}{config.directory_delim}" if config.topics_dir.strip() else ""
    return f"{first}{topic}{config.directory_delim}"


def _is_padded(offset: str, width: int) -> bool:
    return f"{int(offset):0{width}d}" == offset


def key_pattern(config: SinkConfig, topic: str) -> re.Pattern[str]:
    """What a key of this configuration looks like (reference 4.1, 4.3); `offset` is a group of it."""
    delim = re.escape(config.file_delim)
    endings = [re.escape(config.extension)]
    if config.store_keys:
        endings.append(re.escape(f".keys{config.keys_extension}"))
    if config.store_headers:
        endings.append(re.escape(f".headers{config.headers_extension}"))
    name = rf"{re.escape(topic)}{delim}(?P<partition>0|[1-9]\d*){delim}(?P<offset>\d+)(?:{'|'.join(endings)})"
    # The partition in a directory stands before that in the name, so it is compared by looking ahead.
    ahead = rf"(?=.*{re.escape(topic)}{delim}(?P<ahead>\d+){delim}\d+\D)"
    folder, between = re.escape(_folder(config, topic)), re.escape(config.directory_delim)
    return re.compile(f"{ahead}{folder}(?:{'|'.join(_directories(config))}){between}{name}", re.DOTALL)


def _directories(config: SinkConfig) -> Iterator[str]:
    """Expressions for the directories that the configuration can make (reference 4.4)."""
    delim = re.escape(config.directory_delim)
    directory = _directory(config)
    match config.affix:
        case "PREFIX":
            yield f"schema_name=.+{delim}{directory}"
        case "SUFFIX":
            yield f"{directory}{delim}schema_name=.+"
        case _:
            yield directory
    if config.null_values == "write":
        yield re.escape(config.tombstone_directory)


def _directory(config: SinkConfig) -> str:
    if config.partitioner == "DefaultPartitioner":
        return "partition=(?P=ahead)"
    if config.partitioner == "FieldPartitioner":
        return re.escape(config.directory_delim).join(f"{re.escape(name)}=.*" for name in config.partition_fields)
    if config.partitioner in TIME_BASED and config.time_bucket is not None:
        return "".join(map(_printed, _TOKEN.finditer(config.time_bucket.pattern.text)))
    return ".+"  # a class of the user's own


def _printed(token: re.Match[str]) -> str:
    """What one piece of a Joda pattern prints: itself, a number, or some text."""
    quoted, letter, literal = token.groups()
    if letter is None:
        text = literal if quoted is None else quoted.replace("''", "'") or ("'" if token[0] == "''" else "")
        return re.escape(text)
    return ".+" if letter in "GEazZ" or (letter == "M" and len(token[0]) > 2) else r"-?\d+"


def _source_error(error: KafkaException) -> SourceError:
    told = error.args[0]
    return SourceError(f"{told.str()} ({told.name()})", retry=told.retriable(), outcome="not applied")


# --- spans of time ---------------------------------------------------------------------------------------------------

_SECONDS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    """`90m`, `24h` or `7d` in seconds; raises ValueError."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no span of time such as 90m, 24h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def span(seconds_in_all: float) -> str:
    """A span of time in its two largest units, such as `9d 3h`; `7d` if the second has nothing to say."""
    left = int(seconds_in_all)
    words: list[str] = []
    for unit, length in reversed(list(_SECONDS.items())):
        number, left = divmod(left, length)
        if words:
            return " ".join([*words, f"{number}{unit}"] if number else words)
        if number:
            words.append(f"{number}{unit}")
    return words[0] if words else "0s"
