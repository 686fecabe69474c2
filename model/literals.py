"""How SimpleHeaderConverter reads the text of a header, and the text that any header value has in the end.

The text is read as null, true, false, a number, a time, an array or a map, else it stays what it is. Numbers take the
narrowest type, so that `1.50` becomes the float 1.5; behind a number, an array or a map the rest of the text is lost.
What fails inside an array or a map leaves the whole text as it is.

Source: reference 5 (keys and headers), 9.2 B7; Apache Kafka 3.9 (Values, SimpleHeaderConverter), in UTC (9.2 B4).
"""

import base64
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TypeAlias

from onceproof.model.java import Float32, float32, number_text, utf8_text
from onceproof.model.schemas import DATE, DAY_MS, DECIMAL, TIME, TIMESTAMP, Moment, Schema, Struct, Type, Value
from onceproof.model.timebucket import civil, days_of

Literal: TypeAlias = tuple[Value, Schema | None]
"""A value with its schema; both None for null."""

_NULL: Literal = (None, None)
_BLANKS = "".join(map(chr, range(33)))
"""What Java's trim() takes off."""
_TOKEN = re.compile(r'[:,{}\[\]"]|(?:\\.|[^:,{}\[\]"\\]|\\$)+', re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3})Z", re.ASCII)
_LIKE_DATE = re.compile(r"\d+-+\d+-+\d+\D*")
_LIKE_TIME = re.compile(r"\d+:-?\d+:-?\d+\.-?\d+Z")
_INTEGERS: tuple[tuple[Type, int], ...] = (("int8", 7), ("int16", 15), ("int32", 31), ("int64", 63))
_NUMERIC = ("int8", "int16", "int32", "int64", "float32", "float64")
_TIME_NAMES = (DATE, TIME, TIMESTAMP)


class Unsettled(ValueError):  # noqa: N818  says what the text is
    """A text whose meaning hangs on details that this model leaves out."""


class _Broken(Exception):  # noqa: N818  says what the text is
    """An array or a map that cannot be read as one."""


@lru_cache(maxsize=1 << 14)
def simple_header(value: bytes) -> Literal:
    """What SimpleHeaderConverter makes of the bytes of a header; Unsettled where the model does not say."""
    text = utf8_text(value)
    if not text:
        return text, Schema("string")
    return _Parser(text).value()


class _Parser:
    """Reads one text, token by token: delimiters are tokens of their own unless a backslash stands before them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def value(self) -> Literal:
        """The whole text."""
        for word, meant in _WORDS.items():
            if self._trimmed(0) == word and len(self.tokens) == self._skipped(0) + 1:
                return meant
        try:
            found = self._collection()
            if found is not None:
                return found
        except _Broken:
            self.at = 0  # of a text that only begins like an array, blanks in front are all that is kept
        token = self.tokens[self.at]
        if not token.strip(_BLANKS):
            return token, Schema("string")
        return self._scalar(token.strip(_BLANKS)) or (self.text, Schema("string"))

    def _skipped(self, at: int) -> int:
        """The next token that is not blank, or the last one."""
        while at < len(self.tokens) - 1 and not self.tokens[at].strip(_BLANKS):
            at += 1
        return at

    def _trimmed(self, at: int) -> str:
        at = self._skipped(at)
        return self.tokens[at].strip(_BLANKS) if at < len(self.tokens) else ""

    def _takes(self, token: str) -> bool:
        """Go past a token, and blanks before it, if it comes next; blanks are lost even if it does not."""
        if self.at >= len(self.tokens):
            return False
        self.at = self._skipped(self.at)
        if self.tokens[self.at].strip(_BLANKS) != token:
            return False
        self.at += 1
        return True

    def _has_next(self) -> bool:
        return self.at < len(self.tokens)

    def _collection(self) -> Literal | None:
        if self._takes("["):
            return self._array()
        if self._takes("{"):
            return self._map()
        return None

    def _array(self) -> Literal:
        items: list[Literal] = []
        while self._has_next():
            if self._takes("]"):
                return _aligned([value for value, _ in items], _common(items)), Schema("array")
            if self._takes(","):
                raise _Broken
            items.append(self._embedded())
            if self._trimmed(self.at) != "]" and not self._takes(","):
                raise _Broken
        raise _Broken

    def _map(self) -> Literal:
        keys: list[Literal] = []
        items: list[Literal] = []
        while self._has_next():
            if self._takes("}"):
                return _map_of(keys, items), Schema("map")
            if self._takes(","):
                raise _Broken
            key = self._embedded()
            if key[0] is None or not self._takes(":"):
                raise _Broken
            keys.append(key)
            items.append(self._embedded())
            self._takes(",")
        raise _Broken

    def _embedded(self) -> Literal:
        if not self._has_next():
            return _NULL
        if self._takes('"'):
            return self._quoted()
        for word, meant in _WORDS.items():
            if self._takes(word):
                return meant
        found = self._collection()
        if found is not None:
            return found
        token = self.tokens[self.at].strip(_BLANKS)
        if not token:
            self.at += 1
            return self.tokens[self.at - 1], Schema("string")
        scalar = self._scalar(token)
        if scalar is None:
            raise _Broken
        return scalar

    def _quoted(self) -> Literal:
        """Up to the next quote; only times are more than text. Escapes stay, blanks before a delimiter are lost."""
        parts: list[str] = []
        while self._has_next() and not self._takes('"'):
            parts.append(self.tokens[self.at])
            self.at += 1
        content = "".join(parts)
        if content:
            value, schema = _Parser(content).value()
            if schema is not None and schema.name in _TIME_NAMES:
                return value, schema
        return content, Schema("string")

    def _scalar(self, token: str) -> Literal | None:
        """A time, which may be five tokens for its colons, or a number; and go past it."""
        self.at += 1
        if token[0].isdecimal():
            rest = self.tokens[self.at : self.at + 4]
            for text, count in ((token + "".join(rest), 4), (token, 0)):
                if len(rest) == 4 or not count:
                    time = _time_of(text.replace("\\:", ":"))
                    if time is not None:
                        self.at += count
                        return time
        if token[0].isdecimal() or token[0] in "+-":
            return _number_of(token)
        return None


_WORDS: Mapping[str, Literal] = {"null": _NULL, "true": (True, Schema("boolean")), "false": (False, Schema("boolean"))}


def _number_of(token: str) -> Literal | None:
    if not _NUMBER.fullmatch(token):
        return None
    try:
        exact = Decimal(token)
    except InvalidOperation:  # an exponent beyond all bounds
        return None
    exact = exact if exact else abs(exact)  # BigDecimal has no negative zero
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int), "a number is finite"
    if abs(exponent) > 10_000:
        raise Unsettled(f"a number as far off as {token}")
    if exact == exact.to_integral_value():
        for name, bits in _INTEGERS:
            if -(2**bits) <= exact < 2**bits:
                return int(exact), Schema(name)
    single, double = float32(exact), float(exact)
    if exponent and abs(single) != float("inf"):
        return single, Schema("float32")
    if exponent and abs(double) != float("inf"):
        return double, Schema("float64")
    return exact, Schema("bytes", name=DECIMAL)


def _time_of(text: str) -> Literal | None:
    """A date, a time or a timestamp in ISO form, leniently: the 31st of a short month is in the next."""
    if len(text) not in (10, 13, 24):
        return None
    date, _, time = text.partition("T") if len(text) == 24 else (text, "", text)
    date_ms = _date_ms(date) if len(text) != 13 else 0
    time_ms = _time_ms(time) if len(text) != 10 else 0
    if date_ms is None or time_ms is None:
        return None
    name = {10: DATE, 13: TIME, 24: TIMESTAMP}[len(text)]
    return Moment(date_ms + time_ms), Schema("int64" if name == TIMESTAMP else "int32", name=name, version=1)


def _date_ms(text: str) -> int | None:
    found = _DATE.fullmatch(text)
    if found is None:
        if _LIKE_DATE.fullmatch(text):
            raise Unsettled(f"a lenient date {text!r}")
        return None
    year, month, day = map(int, found.groups())
    if year < 1600:
        raise Unsettled(f"a date of the Julian calendar {text!r}")
    years, month = divmod(month - 1, 12)
    return (days_of(year + years, month + 1, 1) + day - 1) * DAY_MS


def _time_ms(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if found is None:
        if _LIKE_TIME.fullmatch(text):
            raise Unsettled(f"a lenient time {text!r}")
        return None
    hour, minute, second, ms = map(int, found.groups())
    return ((hour * 60 + minute) * 60 + second) * 1000 + ms


def _common(items: Sequence[Literal]) -> Schema | None:
    """The schema that values share; None without one, or if all are null."""
    found: Schema | None = None
    for _, schema in items:
        if schema is None:
            continue
        if found is not None and (found.name in _TIME_NAMES) != (schema.name in _TIME_NAMES):
            raise Unsettled("times beside other values")
        if found is None or found.type == schema.type:
            found = schema
        elif found.type in _NUMERIC and schema.type in _NUMERIC:
            found = max(found, schema, key=lambda each: _NUMERIC.index(each.type))
        else:
            return None
    return found


def _aligned(values: Sequence[Value], schema: Schema | None) -> list[Value]:
    """Values brought to their common schema, which is never optional."""
    if schema is None:
        return list(values)
    if any(value is None for value in values):
        raise _Broken
    match schema.type:
        case "float32":
            return [float32(float(value)) for value in values]
        case "float64":
            return [float(value) for value in values]
    return list(values)


def _map_of(keys: Sequence[Literal], items: Sequence[Literal]) -> dict[Value, Value]:
    """Entries in the order of the text; the last of equal keys wins, in the place of the first."""
    if len({type(key) for key, _ in keys} & {bool, int, float, Float32}) > 1:
        raise Unsettled("keys of several types")
    if any(isinstance(key, list | dict) for key, _ in keys):
        raise Unsettled("keys that are arrays or maps")
    key_schema, item_schema = _common(keys), _common(items)
    values = [value for value, _ in items]
    last = dict(zip([key for key, _ in keys], values, strict=True))
    if key_schema is not None and item_schema is not None:
        return dict(zip(last, _aligned(list(last.values()), item_schema), strict=True))
    return last


def header_text(value: Value, *, embedded: bool = False) -> str:  # noqa: PLR0911  one return for each type
    """The text of a header's value, as Connect prints it; text is quoted only inside an array, a map or a struct."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return number_text(value)
        case str() if embedded:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case str():
            return value
        case bytes():
            text = base64.b64encode(value).decode("ascii")
            return f'"{text}"' if embedded else text
        case Moment():
            return _moment_text(value.ms)
        case list():
            return f"[{','.join([header_text(item, embedded=True) for item in value])}]"
        case dict() | Struct():
            pairs = [
                f"{header_text(key, embedded=True)}:{header_text(item, embedded=True)}" for key, item in value.items()
            ]
            return "{" + ",".join(pairs) + "}"
    raise AssertionError(f"no value of Connect: {value!r}")


def _moment_text(ms: int) -> str:
    """A time of day below one day and before 1970, a date at midnight, else both."""
    days, of_day = divmod(ms, DAY_MS)
    time = f"{of_day // 3_600_000:02d}:{of_day // 60_000 % 60:02d}:{of_day // 1000 % 60:02d}.{of_day % 1000:03d}Z"
    if ms < DAY_MS:
        return time
    year, month, day = civil(days)
    date = f"{year:04d}-{month:02d}-{day:02d}"
    return date if not of_day else f"{date}T{time}"
