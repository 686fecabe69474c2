"""Bytes of the text formats: what one record becomes, and what an object of several is.

JsonFormat prints a value without schema compactly, in the order of a Java HashMap, doubles as Java prints
them; ByteArrayFormat writes the bytes as they are. A separator stands behind every record, also the last.

Source: reference 5 ("JSON details"), 9.1 A1 (escapes), 9.2 B2 and B3 (what the converters hand on).
"""

import base64
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from onceproof.model.history import Record
from onceproof.model.settings import Settings, settings
from onceproof.model.values import Json, json_value

_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile(r'["\\\x00-\x1f]|[^\x00-\uffff]')


def render(config: Mapping[str, str], record: Record) -> bytes:
    """One stored record as it stands in an object, with its separator.

    Raises ValueError for a record that no object can hold: null after conversion, or unreadable.
    """
    return rendered(settings(config), record)


def body(config: Mapping[str, str], records: Iterable[Record]) -> bytes:
    """The object that holds `records` in this order."""
    rules = settings(config)
    return b"".join([rendered(rules, record) for record in records])


def rendered(rules: Settings, record: Record) -> bytes:
    """`render` for a configuration that was read before."""
    if not rules.stores(record) or record.value is None:
        raise ValueError(f"no object holds offset {record.offset}: its value is null or unreadable")
    return _line(rules, record.value)


@lru_cache(maxsize=1 << 15)
def _line(rules: Settings, value: bytes) -> bytes:
    if rules.format == "bytes":
        return value + rules.separator
    match rules.converter:
        case "json":
            text = json_text(json_value(value))
        case "string":
            text = _string_text(value.decode("utf-8", errors="replace"))
        case "bytes":
            text = f'"{base64.b64encode(value).decode("ascii")}"'
    return text.encode("utf-8", errors="surrogatepass") + rules.separator


def json_text(tree: Json) -> str:  # noqa: PLR0911  one return for each type of JSON
    """A value without schema as the sink prints it: compact, maps in HashMap order."""
    match tree:
        case None:
            return "null"
        case bool():
            return "true" if tree else "false"
        case int():
            return str(tree)
        case float():
            return double_text(tree)
        case str():
            return _string_text(tree)
        case list():
            return f"[{','.join([json_text(item) for item in tree])}]"
        case dict():
            fields = [f"{_string_text(name)}:{json_text(tree[name])}" for name in hash_map_order(tree)]
            return "{" + ",".join(fields) + "}"


def double_text(number: float) -> str:
    """A double as Java prints it: plain from 0.001 up to 10 million, else as `1.0E10`.

    Infinite and undefined ones are printed as strings.
    The digits are the shortest that read back as the same number. (JDK 18 and older print a digit more for a
    few.)
    """
    if not math.isfinite(number):
        return '"NaN"' if math.isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'
    if number == 0:
        return f"{number}"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int), "only finite numbers come here"
    text, minus = "".join(map(str, digits)), "-" if sign else ""
    point = len(text) + exponent  # digits before the decimal point
    if not -3 < point <= 7:
        return f"{minus}{text[0]}.{text[1:] or '0'}E{point - 1}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    return f"{minus}{text[:point].ljust(point, '0')}.{text[point:] or '0'}"


def hash_map_order(names: Iterable[str]) -> list[str]:
    """Distinct names in the order in which a Java HashMap yields them after they were put in one by one.

    Names of one bucket keep the order of insertion. (More than eight in one bucket would make it grow early,
    or become a tree; that is not modelled.)
    """
    listed = list(names)
    capacity = 16
    while len(listed) * 4 > capacity * 3:
        capacity *= 2
    return sorted(listed, key=lambda name: _spread_hash(name) & (capacity - 1))


@lru_cache(maxsize=1 << 12)
def _spread_hash(name: str) -> int:
    units = name.encode("utf-16-be", errors="surrogatepass")
    code = 0
    for at in range(0, len(units), 2):
        code = (code * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFF_FFFF
    return code ^ code >> 16


def _string_text(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character > "\uffff":  # printed as its two UTF-16 surrogates, unlike any other text (reference 9.1 A1)
        above = ord(character) - 0x10000
        return f"\\u{0xD800 + (above >> 10):04X}\\u{0xDC00 + (above & 0x3FF):04X}"
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04X}"
