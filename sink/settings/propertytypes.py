"""How a property's text becomes a value: the types of Kafka's ConfigDef, and what a property allows beyond its type.

Texts are trimmed as Java trims (all up to U+0020); a list is split at commas with the blanks around them. Whatever is
not allowed raises ValueError with what is. Source: reference, section 1.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from onceproof.sink.java import javaregex

Type: TypeAlias = Literal["STRING", "PASSWORD", "BOOLEAN", "SHORT", "INT", "LONG", "LIST", "CLASS"]
Importance: TypeAlias = Literal["HIGH", "MEDIUM", "LOW"]
Width: TypeAlias = Literal["SHORT", "MEDIUM", "LONG"]

HIDDEN = "[hidden]"
"""What is shown of a password."""
_BLANKS = "".join(map(chr, range(0x21)))
_COMMA = re.compile(r"[ \t\n\x0b\f\r]*,[ \t\n\x0b\f\r]*")
_BITS: Mapping[str, int] = {"SHORT": 16, "INT": 32, "LONG": 64}


class Required:
    """The default of a property that has none."""

    def __repr__(self) -> str:
        """As a reader says it."""
        return "required"


REQUIRED = Required()


class Valid(NamedTuple):
    """What a property allows beyond its type: in words, and as what reads a value of that type or raises ValueError."""

    allowed: str
    read: Callable[[Any], Any]


class Used(NamedTuple):
    """When a property has an effect: in words that follow "unless", and as a question to the other values."""

    words: str
    holds: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Property:
    """One property as Connect defines it. `default` is a text as a user would write it; None is null."""

    name: str
    type: Type
    default: str | Required | None
    doc: str
    valid: Valid | None = None
    importance: Importance = "MEDIUM"
    group: str = ""
    display_name: str = ""
    width: Width = "SHORT"
    dependents: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()
    used: Used | None = None
    is_internal: bool = False
    """Taken by the real connector, but not told by its definition."""
    is_raw: bool = False
    """Not trimmed."""
    missing: str = "is required and has no default"
    """What is said where it has no default and is not given."""

    def parse(self, text: str) -> Any:
        """The value of `text`; raises ValueError with what is allowed."""
        typed = typed_value(self.type, text if self.is_raw else trim(text))
        return typed if self.valid is None else self.valid.read(typed)

    def shown(self, text: str) -> str:
        """`text` as it may be shown: nothing of a password."""
        return HIDDEN if self.type == "PASSWORD" and text else text


def trim(text: str) -> str:
    """Without what Java's `trim` takes off both ends."""
    return text.strip(_BLANKS)


def typed_value(kind: Type, text: str) -> Any:
    """A trimmed text as a value of that type; raises ValueError with what is allowed."""
    match kind:
        case "BOOLEAN":
            return _boolean(text)
        case "SHORT" | "INT" | "LONG":
            return _integer(text, _BITS[kind])
        case "LIST":
            return tuple(_COMMA.split(text)) if text else ()
        case _:
            return text


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _integer(text: str, bits: int) -> int:
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("must be a whole number")
    return _within(int(text), -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _within(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"must be from {low} to {high}")
    return value


def between(low: int, high: int) -> Valid:
    """Whole numbers in [low, high]."""
    return Valid(f"must be from {low} to {high}", lambda value: _within(value, low, high))


def one_of(*allowed: str, any_case: bool = False, blank: Literal["refused", "allowed"] = "refused") -> Valid:
    """One of a few texts, read as written here; `blank` says whether the empty text is one of them."""
    known = {text.lower() if any_case else text: text for text in allowed}
    words = f"must be one of {', '.join(allowed)}" + (" (in any case)" if any_case else "")
    if blank == "allowed":
        known[""], words = "", f"{words}, or blank"

    def read(value: str) -> str:
        found = known.get(value.lower() if any_case else value)
        if found is None:
            raise ValueError(words)
        return found

    return Valid(words, read)


def matching(pattern: str, words: str) -> Valid:
    """Texts that match a pattern in full."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value, re.DOTALL):
            raise ValueError(words)
        return value

    return Valid(words, read)


def plugin_class(*names: str, kinds: tuple[str, ...]) -> Valid:
    """A class that Connect's plugin loader finds: by its full name, the bare one, or that without its kind.

    Source: Kafka's PluginUtils; none of these short names is that of two plugins.
    """
    known: dict[str, str] = {}
    for name in names:
        kind = next(kind for kind in kinds if name.endswith(kind))
        known |= dict.fromkeys((name, bare(name), bare(name).removesuffix(kind)), bare(name))
    words = f"must be one of {', '.join(names)}, or a short name such as {' or '.join(list(known)[1:3])}"

    def read(value: str) -> str:
        if value not in known:
            raise ValueError(words)
        return known[value]

    return Valid(words, read)


def java_class(*names: str, aliases: Mapping[str, str] | None = None) -> Valid:
    """One of the connector's own classes by its full Java name, or an alias of it; read as the bare class name.

    A class of somebody else's cannot be loaded: there is no Java here.
    """
    known = {**{name: bare(name) for name in names}, **(aliases or {})}
    words = f"must be one of {', '.join([*(aliases or {}), *names])}"

    def read(value: str) -> str:
        if value not in known:
            raise ValueError(words)
        return known[value]

    return Valid(words, read)


def own_class(*names: str, aliases: Mapping[str, str] | None = None) -> Valid:
    """As `java_class`, but whatever is not known is read as it stands: a class of the user's.

    The bare name of a class of the connector's is no class at all.
    """
    known = {**{name: bare(name) for name in names}, **(aliases or {})}
    words = f"must be one of {', '.join([*(aliases or {}), *names])}, or a dotted path into Python"

    def read(value: str) -> str:
        if value in known.values() and value not in known:
            raise ValueError(words)
        return known.get(value, value)

    return Valid(words, read)


def class_or_word(words: Mapping[str, str]) -> Valid:
    """As `own_class`, by words that stand for classes too; bare names are told apart later, when the class is made."""
    known = {**{name: bare(name) for name in words.values()}, **{word: bare(name) for word, name in words.items()}}
    allowed = f"must be one of {', '.join([*words, *words.values()])}, or a dotted path into Python"
    return Valid(allowed, lambda value: known.get(value, value))


def bare(java_name: str) -> str:
    """The class name without its package and outer class."""
    return re.split(r"[.$]", java_name)[-1]


def _regex(value: str) -> str:
    try:
        javaregex.compile(value)
    except ValueError as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    return value


def _url(value: str) -> str:
    """Blank, or a URL that names protocol and host."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{URL.allowed}: {error}") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError(URL.allowed)
    return value


def _paths(value: tuple[str, ...]) -> tuple[str, ...]:
    # Java's split drops blanks at the end.
    if not all(trim(path) and all(map(trim, path.rstrip(".").split("."))) for path in value):
        raise ValueError(FIELD_PATHS.allowed)
    return value


REGEX = Valid("must be a regular expression", _regex)
URL = Valid("must be a URL with its protocol, such as http://proxy.example.org:3128, or blank", _url)
FIELD_PATHS = Valid("must be dotted paths of field names, with no name blank", _paths)
NOT_BLANK = matching(r".*\S.*", "must not be blank")
