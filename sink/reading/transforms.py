"""Kafka Connect's single message transforms, and the predicates that switch them on and off, from their properties.

`TRANSFORMS` and `PREDICATES` are the only place that knows which there are and what they can be told; documentation is
made from them. What Connect accepts and then fails at with the first record (a bad date format, a group that a regular
expression lacks) is refused here; unknown settings are passed over, as in Connect.
Source: org.apache.kafka.connect.transforms and runtime.ConnectorConfig of Kafka 3.9.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, TypeAlias

from onceproof.sink.data import SinkRecord
from onceproof.sink.errors import DataError, Problem
from onceproof.sink.java import javadate, javaregex
from onceproof.sink.reading import fieldtransforms
from onceproof.sink.reading.fieldtransforms import Apply, Side
from onceproof.sink.settings.propertytypes import REQUIRED, Property, Required, Valid, one_of, trim

Kind: TypeAlias = Literal["transforms", "predicates"]
Test: TypeAlias = Callable[[SinkRecord], bool]
Settings: TypeAlias = Mapping[str, Any]

PACKAGE = "org.apache.kafka.connect.transforms"


@dataclass(frozen=True, slots=True)
class Transform:
    """One configured transform; called with a record it gives the record that goes on, or None to drop it.

    Raises DataError for a record that it cannot work on. Equal if configured alike.
    """

    alias: str
    java_class: str
    """In full, such as org.apache.kafka.connect.transforms.InsertField$Value."""
    settings: Settings
    predicate: str | None
    """Alias of the predicate."""
    negate: bool
    apply: Apply = field(compare=False, repr=False)
    test: Test | None = field(compare=False, repr=False)

    def __call__(self, record: SinkRecord) -> SinkRecord | None:
        """Transform the record if the predicate says so."""
        return self.apply(record) if self.test is None or self.test(record) is not self.negate else record


class Plugin(NamedTuple):
    """One of Connect's classes. `build` takes the settings, and raises SettingError for what no setting shows alone."""

    java_class: str
    doc: str
    settings: tuple[Property, ...]
    build: Callable[[Settings], Any]


class SettingError(ValueError):
    """A setting does not go with the others."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


# --- the transforms --------------------------------------------------------------------------------------------------


def _insert_field(side: Side, settings: Settings) -> Apply:
    inserted = fieldtransforms.insertions(settings)
    if not inserted:
        raise SettingError("type", f"inserts nothing: set at least one of {', '.join(_INSERTED)}")
    if settings["static.field"] is not None and settings["static.value"] is None:
        raise SettingError("static.value", "is required because static.field is set")
    replace_null = settings["replace.null.with.default"]
    return fieldtransforms.on_side(side, fieldtransforms.insert_field(inserted, replace_null=replace_null))


def _replace_field(side: Side, settings: Settings) -> Apply:
    include, exclude = (
        settings[old] if settings[new] is None and settings[old] is not None else settings[new] or ()
        for new, old in (("include", "whitelist"), ("exclude", "blacklist"))
    )
    change = fieldtransforms.replace_field(
        frozenset(include),
        frozenset(exclude),
        settings["renames"],
        replace_null=settings["replace.null.with.default"],
    )
    return fieldtransforms.on_side(side, change)


def _extract_field(side: Side, settings: Settings) -> Apply:
    try:
        path = fieldtransforms.field_path(settings["field"], settings["field.syntax.version"])
    except ValueError as error:
        raise SettingError("field", f"invalid value {settings['field']!r}: {error}") from None
    change = fieldtransforms.extract_field(settings["field"], path, replace_null=settings["replace.null.with.default"])
    return fieldtransforms.on_side(side, change)


def _timestamp_router(settings: Settings) -> Apply:
    topic_format, render = settings["topic.format"], settings["timestamp.format"]

    def apply(record: SinkRecord) -> SinkRecord:
        if record.timestamp_ms is None:
            raise DataError(f"Timestamp missing on record: {record.topic}-{record.partition}, offset {record.offset}")
        topic = topic_format.replace("${topic}", record.topic)
        return record._replace(topic=topic.replace("${timestamp}", render(record.timestamp_ms)))

    return apply


def _regex_router(settings: Settings) -> Apply:
    """A topic that matches as a whole has its first match replaced, which may be shorter: Java searches anew."""
    regex = settings["regex"]
    try:
        replacement = javaregex.replacement(settings["replacement"], regex)
    except ValueError as error:
        raise SettingError("replacement", f"invalid value {settings['replacement']!r}: {error}") from None

    @lru_cache(maxsize=1024)
    def route(topic: str) -> str:
        return str(regex.sub(replacement, topic, count=1)) if regex.fullmatch(topic) else topic

    def apply(record: SinkRecord) -> SinkRecord:
        topic = route(record.topic)
        return record if topic == record.topic else record._replace(topic=topic)

    return apply


def _filter(settings: Settings) -> Apply:
    return lambda record: None


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("must not be blank")
    return text


def _regex(text: str) -> re.Pattern[str]:
    try:
        return javaregex.compile(text)
    except ValueError as error:
        raise ValueError(f"{_REGEX.allowed}: {error}") from None


def _date_format(text: str) -> Callable[[int], str]:
    try:
        return javadate.compile(text)
    except ValueError as error:
        raise ValueError(f"{_DATE_FORMAT.allowed}: {error}") from None


_NOT_BLANK = Valid("must not be blank", _not_blank)
_REGEX = Valid("must be a Java regular expression", _regex)
_NOT_BLANK_REGEX = Valid("must be a Java regular expression, and not blank", lambda text: _regex(_not_blank(text)))
_DATE_FORMAT = Valid("must be a pattern of java.text.SimpleDateFormat", _date_format)
_RENAMES = Valid("must be a list of old:new", fieldtransforms.renames)
_REPLACE_NULL = Property(
    "replace.null.with.default", "BOOLEAN", "true", "Whether a null in a field with a default becomes that default."
)
_SUFFIX = "a `!` behind the name makes the field required, a `?` optional (as without)."
_INSERTED = ("topic.field", "partition.field", "offset.field", "timestamp.field", "static.field")
_INSERT_FIELD = (
    Property("topic.field", "STRING", None, f"Field that gets the topic; {_SUFFIX}"),
    Property("partition.field", "STRING", None, f"Field that gets the partition; {_SUFFIX}"),
    Property("offset.field", "STRING", None, f"Field that gets the offset; {_SUFFIX}"),
    Property("timestamp.field", "STRING", None, f"Field that gets the record's timestamp; {_SUFFIX}"),
    Property("static.field", "STRING", None, f"Field that gets `static.value`; {_SUFFIX}"),
    Property("static.value", "STRING", None, "Text for `static.field`, required with it."),
    _REPLACE_NULL,
)
_REPLACE_FIELD = (
    Property("include", "LIST", None, "Fields to keep; all, if none is named."),
    Property("exclude", "LIST", None, "Fields to leave out, also where they are included."),
    Property("renames", "LIST", "", "Pairs `old:new` of a field's name and the name that it gets.", _RENAMES),
    Property("whitelist", "LIST", None, "Old name of `include`, used where that is not given."),
    Property("blacklist", "LIST", None, "Old name of `exclude`, used where that is not given."),
    _REPLACE_NULL,
)
_EXTRACT_FIELD = (
    Property("field", "STRING", REQUIRED, "Field to take the place of the whole.", _NOT_BLANK),
    Property(
        "field.syntax.version",
        "STRING",
        "V1",
        "V2 reads dots in `field` as the way into nested fields, and backticks around a name that has dots.",
        one_of("V1", "V2", any_case=True),
    ),
    _REPLACE_NULL,
)


def _both_sides(
    name: str, doc: str, settings: tuple[Property, ...], build: Callable[[Side, Settings], Apply]
) -> Iterator[Plugin]:
    for side in ("Key", "Value"):
        words = doc.replace("key or value", side.lower())
        yield Plugin(f"{PACKAGE}.{name}${side}", words, settings, partial(build, side))


TRANSFORMS: Mapping[str, Plugin] = {
    plugin.java_class: plugin
    for plugin in (
        *_both_sides(
            "InsertField",
            "Adds fields to the key or value: where the record comes from, or a constant; a null stays null.",
            _INSERT_FIELD,
            _insert_field,
        ),
        *_both_sides(
            "ReplaceField",
            "Leaves out or renames fields of the key or value; a null stays null.",
            _REPLACE_FIELD,
            _replace_field,
        ),
        *_both_sides(
            "ExtractField",
            "Puts one field of the key or value in the place of the whole; a null stays null.",
            _EXTRACT_FIELD,
            _extract_field,
        ),
        Plugin(
            f"{PACKAGE}.TimestampRouter",
            "Makes the topic from itself and the record's timestamp, in UTC; a record without one is an error.",
            (
                Property(
                    "topic.format",
                    "STRING",
                    "${topic}-${timestamp}",
                    "The new topic; `${topic}` and `${timestamp}` are replaced.",
                ),
                Property(
                    "timestamp.format",
                    "STRING",
                    "yyyyMMdd",
                    "How the timestamp is printed, in letters of java.text.SimpleDateFormat.",
                    _DATE_FORMAT,
                ),
            ),
            _timestamp_router,
        ),
        Plugin(
            f"{PACKAGE}.RegexRouter",
            "Renames topics that match a regular expression as a whole.",
            (
                Property("regex", "STRING", REQUIRED, "Java regular expression for the topic.", _REGEX),
                Property("replacement", "STRING", REQUIRED, "The new topic; `$1` or `${name}` is a group's text."),
            ),
            _regex_router,
        ),
        Plugin(f"{PACKAGE}.Filter", "Drops the record; to be used with a predicate.", (), _filter),
    )
}
"""Every transform that is supported, by its Java class."""


# --- the predicates --------------------------------------------------------------------------------------------------


def _topic_name_matches(settings: Settings) -> Test:
    pattern = settings["pattern"]

    @lru_cache(maxsize=1024)
    def matches(topic: str) -> bool:
        return pattern.fullmatch(topic) is not None

    return lambda record: matches(record.topic)


def _has_header_key(settings: Settings) -> Test:
    name = settings["name"]
    return lambda record: any(header.name == name for header in record.headers)


def _record_is_tombstone(settings: Settings) -> Test:
    return lambda record: record.value is None


PREDICATES: Mapping[str, Plugin] = {
    plugin.java_class: plugin
    for plugin in (
        Plugin(
            f"{PACKAGE}.predicates.TopicNameMatches",
            "Holds for records whose topic matches a regular expression as a whole.",
            (Property("pattern", "STRING", REQUIRED, "Java regular expression for the topic.", _NOT_BLANK_REGEX),),
            _topic_name_matches,
        ),
        Plugin(
            f"{PACKAGE}.predicates.HasHeaderKey",
            "Holds for records with at least one header of that name.",
            (Property("name", "STRING", REQUIRED, "Name of the header.", _NOT_BLANK),),
            _has_header_key,
        ),
        Plugin(
            f"{PACKAGE}.predicates.RecordIsTombstone",
            "Holds for records whose value is null.",
            (),
            _record_is_tombstone,
        ),
    )
}
"""Every predicate that is supported, by its Java class."""

_PLUGINS: Mapping[Kind, Mapping[str, Plugin]] = {"transforms": TRANSFORMS, "predicates": PREDICATES}
_ALIASES = Property("", "LIST", "", "")
_NEGATE = Property("negate", "BOOLEAN", "false", "")
_COMMON: Mapping[Kind, tuple[str, ...]] = {"transforms": ("type", "predicate", "negate"), "predicates": ("type",)}


# --- from properties -------------------------------------------------------------------------------------------------


class _Built(NamedTuple):
    plugin: Plugin
    settings: Settings
    function: Any


def parse(properties: Mapping[str, str]) -> tuple[tuple[Transform, ...], list[Problem]]:
    """The transforms in the order of their aliases, and everything that is wrong; what is wrong has no transform."""
    problems: list[Problem] = []
    predicates = {
        alias: _built("predicates", alias, properties, problems)
        for alias in _aliases("predicates", properties, problems)
    }
    transforms = []
    for alias in _aliases("transforms", properties, problems):
        built = _built("transforms", alias, properties, problems)
        predicate, negate = _condition(alias, properties, predicates, problems)
        if built is not None:
            chosen = predicates.get(predicate) if predicate is not None else None
            test = None if chosen is None else chosen.function
            transforms.append(
                Transform(alias, built.plugin.java_class, built.settings, predicate, negate, built.function, test)
            )
    return tuple(transforms), problems


def names(properties: Mapping[str, str]) -> tuple[str, ...]:
    """The properties that are understood, given or not, for the aliases of `properties`."""
    found: list[str] = []
    for kind, plugins in _PLUGINS.items():
        found.append(kind)
        for alias in _aliases(kind, properties, []):
            plugin = plugins.get(_class_name(kind, properties.get(f"{kind}.{alias}.type", "")))
            settings = () if plugin is None else plugin.settings
            found += (f"{kind}.{alias}.{name}" for name in (*_COMMON[kind], *(each.name for each in settings)))
    return tuple(found)


def _aliases(kind: Kind, properties: Mapping[str, str], problems: list[Problem]) -> tuple[str, ...]:
    """Each alias once; a list that names one twice is a problem."""
    given = properties.get(kind, "")
    aliases: tuple[str, ...] = _ALIASES.parse(given)
    twice = sorted({alias for alias in aliases if aliases.count(alias) > 1})
    if twice:
        problems.append(Problem(kind, given, f"invalid value {given!r}: {', '.join(twice)} must be listed once"))
    return tuple(dict.fromkeys(aliases))


def _class_name(kind: Kind, given: str) -> str:
    """In full; as in Connect, a class that stands alone may be named without its package."""
    given = trim(given)
    package = PACKAGE if kind == "transforms" else f"{PACKAGE}.predicates"
    return f"{package}.{given}" if given and not any(mark in given for mark in ".$") else given


def _built(kind: Kind, alias: str, properties: Mapping[str, str], problems: list[Problem]) -> _Built | None:
    """What an alias stands for; None if anything is wrong with it, which `problems` then tells."""
    prefix = f"{kind}.{alias}."
    given = properties.get(f"{prefix}type")
    if given is None:
        message = f"is required and has no default, because {kind} lists {alias!r}"
        problems.append(Problem(f"{prefix}type", None, message))
        return None
    plugin = _PLUGINS[kind].get(_class_name(kind, given))
    if plugin is None:
        problems.append(Problem(f"{prefix}type", given, _unknown_class(kind, given)))
        return None
    settings, found = _settings(plugin, prefix, properties)
    problems += found
    if found:
        return None
    try:
        return _Built(plugin, _texts(plugin, prefix, properties), plugin.build(settings))
    except SettingError as error:
        name = f"{prefix}{error.setting}"
        problems.append(Problem(name, properties.get(name), str(error)))
        return None


def _unknown_class(kind: Kind, given: str) -> str:
    known = _PLUGINS[kind]
    near = difflib.get_close_matches(_class_name(kind, given), known, n=1, cutoff=0.85)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"invalid value {given!r}: must be one of {', '.join(known)}{hint}"


def _settings(plugin: Plugin, prefix: str, properties: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for setting in plugin.settings:
        name = f"{prefix}{setting.name}"
        given = properties.get(name)
        text = setting.default if given is None else given
        if isinstance(text, Required):
            problems.append(Problem(name, None, "is required and has no default"))
            continue
        try:
            values[setting.name] = None if text is None else setting.parse(text)
        except ValueError as error:
            problems.append(Problem(name, given, f"invalid value {given!r}: {error}"))
    return values, problems


def _texts(plugin: Plugin, prefix: str, properties: Mapping[str, str]) -> dict[str, str]:
    """The given settings, as they count."""
    given = {setting.name: properties.get(f"{prefix}{setting.name}") for setting in plugin.settings}
    return {name: trim(text) for name, text in given.items() if text is not None}


def _condition(
    alias: str, properties: Mapping[str, str], predicates: Mapping[str, object], problems: list[Problem]
) -> tuple[str | None, bool]:
    """Alias of the predicate, and whether it is negated."""
    prefix = f"transforms.{alias}."
    predicate, negate = properties.get(f"{prefix}predicate"), properties.get(f"{prefix}negate", "false")
    if predicate is not None and trim(predicate) not in predicates:
        listed = ", ".join(predicates) or "nothing"
        message = f"invalid value {predicate!r}: must be an alias of predicates, which lists {listed}"
        problems.append(Problem(f"{prefix}predicate", predicate, message))
    if predicate is None and f"{prefix}negate" in properties:
        message = f"negates nothing: there is no {prefix}predicate"
        problems.append(Problem(f"{prefix}negate", negate, message))
    try:
        negated = _NEGATE.parse(negate)
    except ValueError as error:
        problems.append(Problem(f"{prefix}negate", negate, f"invalid value {negate!r}: {error}"))
        negated = False
    return (None if predicate is None else trim(predicate)), negated
