"""Headers: from bytes to Connect's values, and on to the text that is stored of them.

SimpleHeaderConverter reads a header as whatever its text looks like (null, a boolean, the smallest number type that
holds it, a date or time, an array, a map, else text), and what is stored is that printed anew, so `1.50` becomes `1.5`.
Headers are stored as an array of structs of two texts, `key` and `value`; a null value cannot be stored. Dates are read
and printed in the JVM's default zone, here UTC. Source: reference 5 and 9.2 B7; Kafka 3.9's Values, tried out.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from onceproof.sink.data import DATE, DECIMAL, STRING, TIME, TIMESTAMP, Field, Header, Moment, Schema, Struct, Type
from onceproof.sink.errors import DataError
from onceproof.sink.java import javanumbers
from onceproof.sink.java.javanumbers import java_double, java_float
from onceproof.sink.java.zones import DAY_MS, civil, days_from_civil

HEADER = Schema("struct", fields=(Field("key", STRING), Field("value", STRING)))
HEADERS = Schema("array", items=HEADER)


def headers_value(headers: tuple[Header, ...] | None) -> tuple[Schema, list[Struct]]:
    """The headers of a record as they are stored, in order, also those of one name.

    Raises DataError where there are none, and for a header whose value is null.
    """
    if not headers:
        raise DataError("Headers cannot be null or empty")
    return HEADERS, [Struct(HEADER, [header.name, _stored(header)]) for header in headers]


def _stored(header: Header) -> str:
    if header.value is None:
        raise DataError('Invalid value: null used for required field: "value", schema type: STRING')
    return text_of(header.value, header.schema)


# --- printing --------------------------------------------------------------------------------------------------------


class Float32(float):
    """A float32 that says so itself: lists and maps of a header may hold what their schema does not tell."""

    __slots__ = ()


def text_of(value: Any, schema: Schema | None, *, embedded: bool = False) -> str:  # noqa: PLR0911 - one for each type
    """Connect's text of a value; texts and bytes stand in quotes if they are `embedded` in a list, map or struct.

    Maps are printed in the order that they have.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            single = isinstance(value, Float32) or (schema is not None and schema.type == "float32")
            return (java_float(float(value)) if single else java_double(value)).strip('"')
        case str():
            return _quoted(value) if embedded else value
        case bytes():
            text = base64.b64encode(value).decode()
            return f'"{text}"' if embedded else text
        case Moment():
            return _moment_text(value.ms)
        case Struct():
            pairs = ((field.name, value.get(field.name), field.schema) for field in value.schema.fields)
            return _braced(f"{_quoted(name)}:{text_of(item, inner, embedded=True)}" for name, item, inner in pairs)
        case list() | tuple():
            items = schema.items if schema else None
            return f"[{','.join([text_of(item, items, embedded=True) for item in value])}]"
        case dict():
            keys, items = (schema.keys, schema.items) if schema else (None, None)
            return _braced(
                f"{text_of(key, keys, embedded=True)}:{text_of(item, items, embedded=True)}"
                for key, item in value.items()
            )
    return str(value)  # whole numbers and decimals


def _braced(pairs: Iterable[str]) -> str:
    return f"{{{','.join(pairs)}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _moment_text(ms: int) -> str:
    """A time of day up to the end of the first day of 1970, a date at midnight, else both."""
    year, month, day, of_day = civil(ms)
    seconds, milli = divmod(of_day, 1000)
    time = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milli:03d}Z"
    if ms < DAY_MS:
        return time
    date = f"{year:04d}-{month:02d}-{day:02d}"
    return date if not of_day else f"{date}T{time}"


# --- parsing ---------------------------------------------------------------------------------------------------------


class Parsed(NamedTuple):
    """A schema and a value; both are None for null."""

    schema: Schema | None
    value: Any


NULL = Parsed(None, None)

_INT8 = Schema("int8")
_INT16 = Schema("int16")
_INT32 = Schema("int32")
_INT64 = Schema("int64")
_FLOAT32 = Schema("float32")
_FLOAT64 = Schema("float64")
_BOOLEAN = Schema("boolean")
_DATE = Schema("int32", name=DATE, version=1)
_TIME = Schema("int32", name=TIME, version=1)
_TIMESTAMP = Schema("int64", name=TIMESTAMP, version=1)
_NOTHING = Schema("string", optional=True)
"""Of the items of a list, or of a map, that have no schema in common."""

_BLANK = "".join(map(chr, range(0x21)))
_DELIMITERS = frozenset(':,{}[]"')
_LITERALS: Mapping[str, Parsed] = {"null": NULL, "true": Parsed(_BOOLEAN, True), "false": Parsed(_BOOLEAN, False)}


def parse(text: str) -> Parsed:
    """What a text looks like."""
    return _Values(text).parse(embedded=False) if text else Parsed(STRING, text)


class _Tokens:
    """A text cut at its delimiters, each a token of its own unless a backslash stands before it; can be set back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._next: str | None = None
        """A token that was looked at."""

    def mark(self) -> int:
        return self.at - len(self._next or "")

    def rewind(self, at: int) -> None:
        self.at = at
        self._next = None

    def more(self) -> bool:
        return self._next is not None or self.at < len(self.text)

    def take(self) -> str:
        token = self._cut() if self._next is None else self._next
        self._next = None
        return token

    def take_four(self) -> str | None:
        """The next four tokens as one text; None if there are fewer."""
        start = self.mark()
        for _ in range(4):
            if not self.more():
                self.rewind(start)
                return None
            self.take()
        return self.text[start : self.at]

    def consume(self, expected: str) -> bool:
        """Step over a token if it is this one, whatever blanks are around it; blanks before it are gone either way."""
        if self._next is None:
            if not self.more():
                return False
            self._next = self._cut()
        while not self._next.strip(_BLANK) and self.at < len(self.text):
            self._next = self._cut()
        if self._next.strip(_BLANK) != expected:
            return False
        self._next = None
        return True

    def _cut(self) -> str:
        start = self.at
        escaped = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _DELIMITERS and not escaped:
                self.at += self.at == start
                break
            escaped = char == "\\" and not escaped
            self.at += 1
        return self.text[start : self.at]


class _NotAValueError(Exception):
    """What began like a list or a map is none: it is text."""


class _Values:
    """Reads one value from tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = _Tokens(text)

    def parse(self, *, embedded: bool) -> Parsed:
        tokens = self._tokens
        if not tokens.more():
            return NULL
        if embedded and tokens.consume('"'):
            return self._quoted()
        for literal, parsed in _LITERALS.items():
            if self._is_literal(literal, embedded=embedded):
                return parsed
        start = tokens.mark()
        try:
            if tokens.consume("["):
                return self._list()
            if tokens.consume("{"):
                return self._map()
        except _NotAValueError:
            tokens.rewind(start)
        token = tokens.take()
        stripped = token.strip(_BLANK)
        return self._scalar(stripped, embedded=embedded) if stripped else Parsed(STRING, token)

    def _is_literal(self, literal: str, *, embedded: bool) -> bool:
        start = self._tokens.mark()
        if self._tokens.consume(literal) and (embedded or not self._tokens.more()):
            return True
        self._tokens.rewind(start)
        return False

    def _scalar(self, token: str, *, embedded: bool) -> Parsed:
        if token[0].isdecimal() and (moment := self._moment(token)):
            return moment
        if (token[0].isdecimal() or token[0] in "+-") and (number := _number(token)):
            return number
        if embedded:
            raise _NotAValueError
        return Parsed(STRING, self._tokens.text)

    def _moment(self, token: str) -> Parsed | None:
        """A date or time; one with colons is five tokens."""
        start = self._tokens.mark()
        rest = self._tokens.take_four()
        if rest is not None and (moment := _moment(token + rest)):
            return moment
        self._tokens.rewind(start)
        return _moment(token)

    def _quoted(self) -> Parsed:
        parts = []
        while self._tokens.more() and not self._tokens.consume('"'):
            parts.append(self._tokens.take())
        text = "".join(parts)
        return _moment(text) or Parsed(STRING, text)

    def _list(self) -> Parsed:
        tokens = self._tokens
        items: list[Parsed] = []
        while tokens.more():
            if tokens.consume("]"):
                common = _common(items)
                values = [_aligned(each, common) for each in items]
                return Parsed(Schema("array", items=common or _NOTHING), values)
            if tokens.consume(","):
                raise _NotAValueError
            items.append(self.parse(embedded=True))
            here = tokens.mark()
            if tokens.consume("]"):
                tokens.rewind(here)
            elif not tokens.consume(","):
                raise _NotAValueError
        raise _NotAValueError

    def _map(self) -> Parsed:
        tokens = self._tokens
        keys: list[Parsed] = []
        items: list[Parsed] = []
        while tokens.more():
            if tokens.consume("}"):
                return _map_of(keys, items)
            if tokens.consume(","):
                raise _NotAValueError
            key = self.parse(embedded=True)
            if key.value is None or not tokens.consume(":"):
                raise _NotAValueError
            keys.append(key)
            items.append(self.parse(embedded=True))
            tokens.consume(",")
        raise _NotAValueError


def _map_of(keys: list[Parsed], items: list[Parsed]) -> Parsed:
    common_key, common_item = _common(keys), _common(items)
    if common_key is None:
        common_item = None
    entries = {(key.schema, _frozen(key.value)): (key, item) for key, item in zip(keys, items, strict=True)}
    value = {_frozen(_aligned(key, common_key)): _aligned(item, common_item) for key, item in entries.values()}
    return Parsed(Schema("map", keys=common_key or _NOTHING, items=common_item or _NOTHING), value)


def _frozen(key: Any) -> Any:
    if isinstance(key, list):
        return tuple(map(_frozen, key))
    if isinstance(key, dict):
        return tuple((_frozen(name), _frozen(item)) for name, item in key.items())
    return key


_INTEGRAL: tuple[Type, ...] = ("int8", "int16", "int32", "int64")
_RANKS: tuple[Type, ...] = (*_INTEGRAL, "float32", "float64")


def _common(parsed: list[Parsed]) -> Schema | None:
    """The schema that holds all that are not null: numbers widen, else the type must be the same and the last wins."""
    common: Schema | None = None
    for schema in (each.schema for each in parsed if each.schema is not None):
        if common is None or common.type == schema.type:
            common = schema
        elif common.type in _RANKS and schema.type in _RANKS:
            common = max(common, schema, key=lambda each: _RANKS.index(each.type))
        else:
            return None
    return common


def _aligned(parsed: Parsed, common: Schema | None) -> Any:
    """The value under the common schema of its list."""
    value = parsed.value
    if common is None:
        return value
    if value is None:
        raise _NotAValueError
    if common.name in (DATE, TIME, TIMESTAMP):
        return value if isinstance(value, Moment) else _as_moment(value, common)
    if common.type in _RANKS and isinstance(value, Moment):
        raise _NotAValueError
    match common.type:
        case "float32":
            return Float32(javanumbers.rounded(value))
        case "float64":
            return float(value)
    return value


def _as_moment(number: int, schema: Schema) -> Moment:
    if schema.name == DATE:
        return Moment(number * DAY_MS)
    if schema.name == TIME and not 0 <= number <= DAY_MS:
        raise _NotAValueError
    return Moment(number)


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def _number(text: str) -> Parsed | None:
    """The smallest type that holds a number; a broken one is a float32 whatever it loses."""
    if not _NUMBER.fullmatch(text):
        return None
    exponent = re.search(r"[eE](.*)", text)
    number = Decimal(text)
    scale = -int(number.as_tuple().exponent)
    if (exponent and len(exponent[1].lstrip("+-").lstrip("0")) > 10) or not -(1 << 31) < scale < 1 << 31:
        return None
    if (whole := _whole(number)) is not None:
        bits = next(bits for bits in (8, 16, 32, 64) if -(1 << bits - 1) <= whole < 1 << bits - 1)
        return Parsed({8: _INT8, 16: _INT16, 32: _INT32, 64: _INT64}[bits], whole)
    single = javanumbers.single(number)
    if scale and abs(single) != float("inf"):
        return Parsed(_FLOAT32, Float32(single))
    if scale and abs(float(number)) != float("inf"):
        return Parsed(_FLOAT64, float(number))
    return Parsed(Schema("bytes", name=DECIMAL, version=1, parameters={"scale": str(scale)}), number)


def _whole(number: Decimal) -> int | None:
    """The number if it is whole and fits 64 bit."""
    if number.adjusted() > 19:
        return None if number else 0
    whole = int(number)
    return whole if whole == number and -(1 << 63) <= whole < 1 << 63 else None


# --- dates, leniently ------------------------------------------------------------------------------------------------

_FIELD = r"[ \t]*(-?\d+(?:E-?\d+)?)"
_TIME_OF_DAY = rf"{_FIELD}:{_FIELD}:{_FIELD}\.{_FIELD}Z"
_DAY = rf"{_FIELD}-{_FIELD}-{_FIELD}"
_TIME_PATTERN = re.compile(_TIME_OF_DAY)
_DAY_PATTERN = re.compile(_DAY)
_TIMESTAMP_PATTERN = re.compile(f"{_DAY}T{_TIME_OF_DAY}")


def _moment(text: str) -> Parsed | None:
    """A time, a timestamp or a date, told by its length; its fields may be out of range, and more may follow them."""
    text = text.replace("\\:", ":")
    pattern, schema = {
        13: (_TIME_PATTERN, _TIME),
        24: (_TIMESTAMP_PATTERN, _TIMESTAMP),
        10: (_DAY_PATTERN, _DATE),
    }.get(len(text), (None, None))
    found = pattern.match(text) if pattern else None
    if found is None:
        return None
    fields = list(map(_int_value, found.groups()))
    days = 0
    if schema is not _TIME:
        year, month, day, *fields = fields
        years, month = divmod(month - 1, 12)
        days = days_from_civil(year + years, month + 1, 1) + day - 1
    ms = days * DAY_MS
    for field, unit_ms in zip(fields, (3_600_000, 60_000, 1000, 1), strict=bool(fields)):
        ms += field * unit_ms
    return Parsed(schema, Moment(ms))


def _int_value(text: str) -> int:
    """What DecimalFormat reads, as an int: one that is too long for 64 bit is the largest there is."""
    number = float(text) if "E" in text else int(text)
    if abs(number) >= 1 << 63:
        return (1 << 31) - 1 if number > 0 else -(1 << 31)
    return javanumbers.wrapped(int(number), 32)
