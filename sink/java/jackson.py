"""JSON as Jackson reads it, without haste: for what orjson refuses or reads otherwise.

Only the first value is read, what follows it is ignored. Numbers may have leading zeros and at most 1000 digits, values
nest at most 1000 deep; half of a surrogate pair is a character like any other; UTF-16 and UTF-32 are told by their zero
bytes or their mark. Source: 9.2 B3; Kafka's JsonDeserializer; Jackson 2.16, tried out.
"""

import json
import re
from collections.abc import Callable
from json.decoder import scanstring  # type: ignore[attr-defined] # the C function, which typeshed leaves out
from typing import Any

from onceproof.sink.errors import DataError

DEPTH = 1000
DIGITS = 1000

_BLANKS = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?([eE][+-]?[0-9]+)?")
_WORDS = {"null": None, "true": True, "false": False}
_WORD = re.compile("|".join(_WORDS))
_CLOSING = {"[": "]", "{": "}"}


class MalformedJson(DataError):  # noqa: N818 - says what is wrong
    """The text is not JSON as Jackson reads it."""


def first_value(data: bytes, *, whole: Callable[[str], Any], broken: Callable[[str], Any]) -> Any:
    """The first value in `data`, None where there is none; `whole` and `broken` make numbers of their text.

    `broken` gets what has a point or an exponent. Raises MalformedJson.
    """
    text = _decoded(data)
    if _after_blanks(text, 0) == len(text):
        return None
    try:
        return _Reader(text, whole, broken).read()
    except (ValueError, IndexError) as error:
        raise MalformedJson(f"not JSON: {error}") from None


def _decoded(data: bytes) -> str:
    """The characters, up to the first byte that is none; an `x` stands for that, which ends nothing well."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        text = data[: error.start].decode(encoding, "surrogatepass") + "x"
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    assert found is not None
    return found.end()


class _Reader:
    """Reads one value, without recursion: `open` holds the arrays and objects around the place that is read."""

    def __init__(self, text: str, whole: Callable[[str], Any], broken: Callable[[str], Any]) -> None:
        self._text = text
        self._whole = whole
        self._broken = broken
        self._at = 0
        self._open: list[tuple[list[Any] | dict[str, Any], str]] = []
        """Each with the name that its next value gets."""

    def read(self) -> Any:
        while True:
            value = self._opened() if self._char() in _CLOSING else self._scalar()
            while value is not _PENDING:
                if not self._open:
                    return value
                value = self._put(value)

    def _char(self) -> str:
        """The next character that is not blank; IndexError at the end."""
        self._at = _after_blanks(self._text, self._at)
        return self._text[self._at]

    def _opened(self) -> Any:
        """A new array or object, if it is empty; else its first value is pending."""
        opening = self._text[self._at]
        self._at += 1
        container: list[Any] | dict[str, Any] = [] if opening == "[" else {}
        if len(self._open) == DEPTH:
            raise ValueError(f"nested more than {DEPTH} deep")
        if self._char() == _CLOSING[opening]:
            self._at += 1
            return container
        self._open.append((container, self._name() if opening == "{" else ""))
        return _PENDING

    def _name(self) -> str:
        name: str
        if self._char() != '"':
            raise ValueError(f"a name must stand at character {self._at}")
        name, self._at = scanstring(self._text, self._at + 1, True)
        if self._char() != ":":
            raise ValueError(f"a colon must stand at character {self._at}")
        self._at += 1
        return name

    def _put(self, value: Any) -> Any:
        """Put a value where it belongs; gives back its array or object if that ends here."""
        container, name = self._open.pop()
        if isinstance(container, list):
            container.append(value)
        else:
            container[name] = value
        following = self._char()
        self._at += 1
        if following == ("]" if isinstance(container, list) else "}"):
            return container
        if following != ",":
            raise ValueError(f"{following!r} at character {self._at - 1}")
        self._open.append((container, "" if isinstance(container, list) else self._name()))
        return _PENDING

    def _scalar(self) -> Any:
        if self._text[self._at] == '"':
            value, self._at = scanstring(self._text, self._at + 1, True)
            return value
        if word := _WORD.match(self._text, self._at):
            self._at = word.end()
            after = self._text[self._at : self._at + 1]
            if after and (after == "$" or after > "\uffff" or f"a{after}".isidentifier()):
                raise ValueError(f"{word[0] + after!r} is no word")
            return _WORDS[word[0]]
        return self._number()

    def _number(self) -> Any:
        found = _NUMBER.match(self._text, self._at)
        if not found:
            raise ValueError(f"{self._text[self._at]!r} at character {self._at}")
        self._at = found.end()
        whole, fraction, exponent = found.groups()
        if len(whole) + len(fraction or "") > DIGITS:
            raise ValueError(f"a number of more than {DIGITS} digits")
        if not self._open and self._text[self._at : self._at + 1] not in ("", " ", "\t", "\r", "\n"):
            raise ValueError(f"{found[0] + self._text[self._at]!r} is no number")
        return self._broken(found[0]) if fraction or exponent else self._whole(found[0])


_PENDING = object()
