"""Single message transforms and their predicates, as functions of one record.

A transform may fail (Untransformable), and Filter drops the record. Schemas that a transform makes keep name, version,
doc and parameters of the old one, but neither its default nor that it is optional; maps that it makes are HashMaps of
the size that the transform asks for, which decides the order of their entries.

Source: Apache Kafka 3.9 (connect/transforms).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from onceproof.model.java import capacity_for, capacity_of_copy, hash_map
from onceproof.model.schemas import (
    STRING,
    TIMESTAMP,
    Field,
    Invalid,
    Moment,
    Schema,
    Struct,
    Value,
    struct_of,
)
from onceproof.model.timebucket import DAY_MS, civil, days_of

Header: TypeAlias = tuple[str, Value, Schema | None]

_PACKAGE = "org.apache.kafka.connect.transforms."
_FIRST_GREGORIAN_MS = -12_219_292_800_000
_DATE_LETTERS = "yMdHkKhmsSD"
_ANY_REGEX = re.compile(
    r"(?:[\w\s\-/:=@#%&~,;!<>\"'.*+?|^$()]|\\[dDwWsS.\-+*?|^$()\[\]{}\\/]|\(\?:|\(\?<[A-Za-z][A-Za-z0-9]*>"
    r"|\{\d+(?:,\d*)?\}|\[\^?(?:[\w\s\-.*+?|$()/:,=]|\\[dDwWsS.\-\[\]\\^])+\])*",
    re.ASCII,
)
_OTHER_GROUP = re.compile(r"\(\?(?!:|<[A-Za-z])")
_REPLACEMENT = re.compile(
    r"\\(?P<escaped>.)|\$(?P<number>\d)|\$\{(?P<name>[A-Za-z][A-Za-z0-9]*)\}|(?P<bare>[\\$])", re.DOTALL
)


class Read(NamedTuple):
    """One record after its converters, and after the transforms so far."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: Value
    key_schema: Schema | None
    value: Value
    value_schema: Schema | None
    headers: tuple[Header, ...]


class Untransformable(ValueError):  # noqa: N818  says what the record is
    """A record of which a transform dies. `is_tolerable`: errors.tolerance may skip it."""

    def __init__(self, text: str, *, is_tolerable: bool = True) -> None:
        super().__init__(text)
        self.is_tolerable = is_tolerable


class Refused(ValueError):  # noqa: N818  says what the property is
    """A property of a transform that the model does not cover."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")


Transform: TypeAlias = Callable[[Read], Read | None]
"""None: the record is dropped."""

Predicate: TypeAlias = Callable[[Read], bool]


@dataclass(frozen=True, slots=True)
class _Options:
    """The properties below one prefix."""

    prefix: str
    given: Mapping[str, str]

    def refused(self, name: str, why: str) -> Refused:
        return Refused(f"{self.prefix}{name}={self.given.get(name)!r}", why)

    def text(self, name: str) -> str:
        found = self.given.get(name, "").strip()
        if not found:
            raise self.refused(name, "is needed")
        return found

    def names(self, name: str) -> tuple[str, ...]:
        return names_in(self.given.get(name, ""))

    def flag(self, name: str, *, default: bool) -> bool:
        found = self.given.get(name, str(default)).strip().lower()
        if found not in ("true", "false"):
            raise self.refused(name, "neither true nor false")
        return found == "true"

    def require_known(self, *known: str) -> None:
        for name in self.given:
            if name not in (*known, "type", "predicate", "negate"):
                raise self.refused(name, "is not covered")


def names_in(text: str) -> tuple[str, ...]:
    """A LIST of Kafka's ConfigDef."""
    return tuple([each.strip() for each in text.split(",")]) if text.strip() else ()


def transforms_of(config: Mapping[str, str]) -> tuple[Transform, ...]:
    """The chain that a configuration asks for, in order; Refused for what the model does not cover."""
    names = names_in(config.get("transforms", ""))
    if len(set(names)) < len(names):
        raise Refused("transforms", "a name stands twice")
    predicates = {
        name: _predicate(_options(config, f"predicates.{name}.")) for name in names_in(config.get("predicates", ""))
    }
    return tuple([_transform(_options(config, f"transforms.{name}."), predicates) for name in names])


def _options(config: Mapping[str, str], prefix: str) -> _Options:
    return _Options(
        prefix, {name.removeprefix(prefix): text for name, text in config.items() if name.startswith(prefix)}
    )


def _transform(options: _Options, predicates: Mapping[str, Predicate]) -> Transform:
    kind, _, side = options.text("type").removeprefix(_PACKAGE).partition("$")
    if kind in _SIDED and side in ("Key", "Value"):
        applied = _sided(_SIDED[kind](options), is_key=side == "Key")
    elif kind in _WHOLE and not side:
        applied = _WHOLE[kind](options)
    else:
        raise options.refused("type", "is not covered")
    if "predicate" not in options.given:
        return applied
    name = options.text("predicate")
    if name not in predicates:
        raise options.refused("predicate", "is not among the predicates")
    asked, negates = predicates[name], options.flag("negate", default=False)
    return lambda read: applied(read) if asked(read) != negates else read


def _sided(change: "Change", *, is_key: bool) -> Transform:
    """A transform of the key or of the value."""

    def applied(read: Read) -> Read:
        try:
            if is_key:
                key, schema = change(read, read.key, read.key_schema)
                return read._replace(key=key, key_schema=schema)
            value, schema = change(read, read.value, read.value_schema)
            return read._replace(value=value, value_schema=schema)
        except Invalid as error:
            raise Untransformable(str(error)) from error

    return applied


Change: TypeAlias = Callable[[Read, Value, Schema | None], tuple[Value, Schema | None]]


def _as_map(value: Value) -> Mapping[str, Value]:
    if not isinstance(value, dict):
        raise Untransformable(f"{value!r} is no map")
    return value


def _as_struct(value: Value) -> Struct:
    if not isinstance(value, Struct):
        raise Untransformable(f"{value!r} is no struct")
    return value


def _remade(schema: Schema, fields: Sequence[Field]) -> Schema:
    return replace(schema, optional=False, default=None, fields=tuple(fields))


# InsertField


@dataclass(frozen=True, slots=True)
class _Inserted:
    """A field to insert: its name, its schema, whether it may be missing, and what it holds."""

    name: str
    schema: Schema
    of: Callable[[Read], Value]


_INSERTS: Mapping[str, tuple[Schema, Callable[[Read], Value]]] = {
    "topic.field": (STRING, lambda read: read.topic),
    "partition.field": (Schema("int32"), lambda read: read.partition),
    "offset.field": (Schema("int64"), lambda read: read.offset),
    "timestamp.field": (Schema("int64", name=TIMESTAMP, version=1), lambda read: read.timestamp_ms),
}


def _insert_field(options: _Options) -> Change:
    options.require_known(*_INSERTS, "static.field", "static.value", "replace.null.with.default")
    _require_true(options, "replace.null.with.default")
    found = [_inserted(options.text(name), *_INSERTS[name]) for name in _INSERTS if name in options.given]
    if "static.field" in options.given:
        static = options.given.get("static.value")
        if static is None:
            raise options.refused("static.value", "is needed")
        text = static.strip()
        found.append(_inserted(options.text("static.field"), STRING, lambda _: text))
    if not found:
        raise options.refused("type", "inserts nothing")

    def change(read: Read, value: Value, schema: Schema | None) -> tuple[Value, Schema | None]:
        if value is None:
            return value, schema
        given = [(each, each.of(read)) for each in found]
        if schema is None:
            own = _as_map(value)
            entries = [*own.items(), *[(each.name, item) for each, item in given if item is not None]]
            return hash_map(entries, capacity=capacity_of_copy(len(own))), None
        struct = _as_struct(value)
        to = _remade(struct.schema, [*struct.schema.fields, *[Field(each.name, each.schema) for each in found]])
        more = {each.name: _logical(each.schema, item) for each, item in given if item is not None}
        return struct_of(to, dict(struct.items()) | more), to

    return change


def _inserted(name: str, schema: Schema, of: Callable[[Read], Value]) -> _Inserted:
    is_required = name.endswith("!")
    bare = name[:-1] if name.endswith(("!", "?")) else name
    return _Inserted(bare, replace(schema, optional=not is_required), of)


def _logical(schema: Schema, value: Value) -> Value:
    return Moment(value) if schema.name == TIMESTAMP else value


def _require_true(options: _Options, name: str) -> None:
    if not options.flag(name, default=True):
        raise options.refused(name, "is not covered")


# ReplaceField


def _replace_field(options: _Options) -> Change:
    options.require_known("exclude", "include", "renames", "replace.null.with.default")
    _require_true(options, "replace.null.with.default")
    excluded, included = options.names("exclude"), options.names("include")
    renames: dict[str, str] = {}
    for each in options.names("renames"):
        old, colon, new = (part.strip() for part in each.partition(":"))
        if not colon or not old or not new or ":" in new:
            raise options.refused("renames", f"{each!r} is no pair")
        renames[old] = new
    if len(set(renames.values())) < len(renames):
        raise options.refused("renames", "two fields to one name")
    sources = {new: old for old, new in renames.items()}

    def stays(name: str) -> bool:
        return name not in excluded and (not included or name in included)

    def change(_: Read, value: Value, schema: Schema | None) -> tuple[Value, Schema | None]:
        if value is None:
            return value, schema
        if schema is None:
            own = _as_map(value)
            entries = [(renames.get(name, name), item) for name, item in own.items() if stays(name)]
            return hash_map(entries, capacity=capacity_for(len(own))), None
        struct = _as_struct(value)
        kept = [each for each in struct.schema.fields if stays(each.name)]
        to = _remade(struct.schema, [Field(renames.get(each.name, each.name), each.schema) for each in kept])
        given: dict[str, Value] = {}
        for each in to.fields:  # read by the name that would have become this one, whether or not it was renamed
            source = sources.get(each.name, each.name)
            if struct.schema.field(source) is None:
                raise Untransformable(f"no field {source!r}")
            given[each.name] = struct[source]
        return struct_of(to, given), to

    return change


# ExtractField


def _extract_field(options: _Options) -> Change:
    options.require_known("field", "field.syntax.version", "replace.null.with.default")
    _require_true(options, "replace.null.with.default")
    if options.given.get("field.syntax.version", "V1").strip().upper() != "V1":
        raise options.refused("field.syntax.version", "is not covered")
    name = options.text("field")

    def change(_: Read, value: Value, schema: Schema | None) -> tuple[Value, Schema | None]:
        if schema is None:
            return None if value is None else _as_map(value).get(name), None
        struct = None if value is None else _as_struct(value)
        if schema.type != "struct":
            raise Untransformable(f"a {schema.type} has no fields")
        found = schema.field(name)
        if found is None:  # an IllegalArgumentException, which errors.tolerance does not cover
            raise Untransformable(f"unknown field {name}", is_tolerable=False)
        return None if struct is None else struct[name], found.schema

    return change


# Topics


def _timestamp_router(options: _Options) -> Transform:
    options.require_known("topic.format", "timestamp.format")
    topic_format = options.given.get("topic.format", "${topic}-${timestamp}").strip()
    pattern = options.given.get("timestamp.format", "yyyyMMdd").strip()
    tokens = _date_tokens(options, pattern)

    def applied(read: Read) -> Read:
        if read.timestamp_ms is None:
            raise Untransformable("no timestamp")
        if read.timestamp_ms < _FIRST_GREGORIAN_MS:
            raise Refused(f"{options.prefix}type", "a timestamp of the Julian calendar")
        text = "".join([each if isinstance(each, str) else _date_text(read.timestamp_ms, *each) for each in tokens])
        return read._replace(topic=topic_format.replace("${topic}", read.topic).replace("${timestamp}", text))

    return applied


def _date_tokens(options: _Options, pattern: str) -> list[str | tuple[str, int]]:
    """Literals and numeric letters of a SimpleDateFormat; it prints in UTC."""
    tokens: list[str | tuple[str, int]] = []
    for found in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']|'", pattern):
        if found[0] == "'":
            raise options.refused("timestamp.format", "an open quote")
        if found[1] is not None:
            tokens.append(found[1].replace("''", "'") or "'")
        elif found[2] is None:
            tokens.append(found[0])
        elif found[2] not in _DATE_LETTERS or (found[2] == "M" and len(found[0]) > 2):
            raise options.refused("timestamp.format", f"{found[0]!r} is not covered")
        else:
            tokens.append((found[2], len(found[0])))
    return tokens


def _date_text(ms: int, letter: str, count: int) -> str:
    days, of_day = divmod(ms, DAY_MS)
    year, month, day = civil(days)
    if letter == "y" and count == 2:
        return f"{year % 100:02d}"
    hour = of_day // 3_600_000
    number = {
        "y": year, "M": month, "d": day, "D": days - days_of(year, 1, 1) + 1, "H": hour, "k": hour or 24,
        "K": hour % 12, "h": hour % 12 or 12, "m": of_day // 60_000 % 60, "s": of_day // 1000 % 60, "S": of_day % 1000,
    }[letter]  # fmt: skip
    return f"{number:0{count}d}"


def _regex_router(options: _Options) -> Transform:
    options.require_known("regex", "replacement")
    regex = _regex(options, "regex")
    replacement = _replacement(options, options.given.get("replacement"), regex)

    def applied(read: Read) -> Read:
        if not regex.fullmatch(read.topic):
            return read
        return read._replace(topic=regex.sub(replacement, read.topic, count=1))

    return applied


def _regex(options: _Options, name: str) -> re.Pattern[str]:
    """A pattern that means the same in Java and in Python."""
    text = options.text(name)
    if not _ANY_REGEX.fullmatch(text) or _OTHER_GROUP.search(text):
        raise options.refused(name, "a pattern that is not covered")
    try:
        return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", text), re.ASCII)
    except re.error as error:
        raise options.refused(name, str(error)) from error


def _replacement(options: _Options, text: str | None, regex: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """Java's replacement: `$1`, with as many digits as there are groups for, `${name}`, and backslashes."""
    if text is None:
        raise options.refused("replacement", "is needed")
    parts: list[str | int] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _REPLACEMENT.match(text, at)
        if found is None:
            parts.append(text[at])
            at += 1
            continue
        at = found.end()
        if found["escaped"]:
            parts.append(found["escaped"])
        elif found["number"]:
            number = int(found["number"])
            while at < len(text) and text[at].isdecimal() and number * 10 + int(text[at]) <= regex.groups:
                number = number * 10 + int(text[at])
                at += 1
            parts.append(number)
        else:
            parts.append(regex.groupindex.get(found["name"] or "", regex.groups + 1))
        last = parts[-1]
        if isinstance(last, int) and last > regex.groups:
            raise options.refused("replacement", "a group that the pattern does not have")
    return lambda match: "".join([each if isinstance(each, str) else match[each] or "" for each in parts])


def _filter(options: _Options) -> Transform:
    options.require_known()
    return lambda _: None


_SIDED: Mapping[str, Callable[[_Options], Change]] = {
    "InsertField": _insert_field,
    "ReplaceField": _replace_field,
    "ExtractField": _extract_field,
}
_WHOLE: Mapping[str, Callable[[_Options], Transform]] = {
    "TimestampRouter": _timestamp_router,
    "RegexRouter": _regex_router,
    "Filter": _filter,
}


# Predicates


def _predicate(options: _Options) -> Predicate:
    match options.text("type").removeprefix(f"{_PACKAGE}predicates."):
        case "TopicNameMatches":
            options.require_known("pattern")
            pattern = _regex(options, "pattern")
            return lambda read: pattern.fullmatch(read.topic) is not None
        case "HasHeaderKey":
            options.require_known("name")
            name = options.text("name")
            return lambda read: any(each == name for each, _, _ in read.headers)
        case "RecordIsTombstone":
            options.require_known()
            return lambda read: read.value is None
        case _:
            raise options.refused("type", "is not covered")
