"""How the bytes of a record become a value, and a value the bytes of its line in an object.

A converter runs before put(), so a record that it refuses fails the task with nothing of its batch written
(reference 2 and 9.2 B2, B3).
"""

from collections.abc import Callable
from typing import Any

from onceproof.sink import javajson
from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import TaskFailed


def converter(name: str) -> Callable[[bytes | None], Any]:
    """The converter of that class name; None stays None, and JsonConverter makes None of no bytes and of `null`.

    The converter raises javajson.MalformedJson for what is not JSON.
    """
    match name:
        case "ByteArrayConverter":
            return _bytes
        case "StringConverter":
            return _string
        case "JsonConverter":
            return _json
    raise AssertionError(f"converter {name!r} passed validation")


def _bytes(data: bytes | None) -> bytes | None:
    return data


def _string(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")


def _json(data: bytes | None) -> javajson.JsonValue:
    return None if data is None else javajson.parse(data)


def renderer(config: SinkConfig) -> Callable[[list[Any]], bytes]:
    """What converted values become in an object, each followed by the separator."""
    separator = config.separator
    if config.format == "ByteArrayFormat":
        return lambda values: separator.join(values) + separator

    def lines(values: list[Any]) -> bytes:
        try:
            return separator.join(map(javajson.render, values)) + separator
        except UnicodeEncodeError as error:
            raise TaskFailed(f"a value cannot be written as JSON: {error}") from None

    return lines
