"""A connector's properties from a file: Java's `.properties`, or JSON as Connect's REST interface takes it."""

import codecs
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import javaproperties

from onceproof.sink.errors import ConfigError, Problem


def read_config(path: Path, worker: Path | None = None) -> dict[str, str]:
    """Read a connector's properties from `.properties` or JSON; the content says which, if the name does not.

    JSON is a flat object, or `{"name": …, "config": {…}}`, where `initial_state` may stand beside it; numbers and
    booleans become text, null is left out. With the properties file of a `worker` of Connect, its converters fill what
    the connector does not say (`with_worker`). Raises ConfigError, naming file, line and property where there is one,
    if a file cannot be read.
    """
    data = _bytes(path)
    is_json = path.suffix == ".json" or (path.suffix != ".properties" and _unmarked(data).lstrip().startswith(b"{"))
    found = _json(path, _unmarked(data)) if is_json else _properties(path, data)
    return found if worker is None else with_worker(found, read_properties(worker))


def with_worker(connector: Mapping[str, str], worker: Mapping[str, str]) -> dict[str, str]:
    """The connector's properties, with the worker's converters where the connector names none.

    Class and settings come from one place, as in Connect: a connector that names no converter has nothing to say of
    its settings (`passed_over`).
    """
    silent = set(passed_over(connector, worker))
    found = {name: text for name, text in connector.items() if name not in silent}
    for side in _named_by(worker) - _named_by(connector):
        found |= {name: text for name, text in worker.items() if _is_of(side, name)}
    return found


def passed_over(connector: Mapping[str, str], worker: Mapping[str, str]) -> tuple[str, ...]:
    """The connector's settings of converters that it leaves to the worker; Connect does not look at them."""
    sides = _named_by(worker) - _named_by(connector)
    return tuple(name for name in connector if any(_is_of(side, name) for side in sides))


def _named_by(properties: Mapping[str, str]) -> set[str]:
    return {side for side in _CONVERTERS if side in properties}


def _is_of(side: str, name: str) -> bool:
    return name == side or name.startswith(f"{side}.")


_CONVERTERS = ("key.converter", "value.converter", "header.converter")


def read_properties(path: Path) -> dict[str, str]:
    """Read a Java `.properties` file (comments, continuations, escapes); the last of two equal names wins.

    A byte order mark becomes part of the first name, as in Java.

    Raises ConfigError if the file cannot be read or an escape in it is malformed.
    """
    return _properties(path, _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), None, f"cannot be read: {error.strerror}")]) from None


def _unmarked(data: bytes) -> bytes:
    return data.removeprefix(codecs.BOM_UTF8)


def _properties(path: Path, data: bytes) -> dict[str, str]:
    try:
        return dict(javaproperties.load(io.BytesIO(data)))
    except javaproperties.InvalidUEscapeError as error:
        line = data.decode("latin-1").partition(error.escape)[0].count("\n") + 1
        raise ConfigError([Problem(f"{path}:{line}", None, f"is not a .properties file: {error}")]) from None


def _json(path: Path, data: bytes) -> dict[str, str]:
    try:
        text = data.decode()
        found = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise ConfigError([Problem(f"{path}:{error.lineno}", None, f"is not JSON: {error.msg}")]) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(f"{path}:{line}", None, "is not JSON: it is not UTF-8")]) from None
    if not isinstance(found, dict):
        raise ConfigError([Problem(f"{path}:1", None, "must be a JSON object of properties")])
    return _flat(path, text, found)


def _flat(path: Path, text: str, found: Mapping[str, Any]) -> dict[str, str]:
    """The properties of either form; the name beside `config` is that of the connector.

    The state that the connector is to begin in is the runtime's business, so that nothing is read of it.
    """
    if isinstance(config := found.get("config"), dict):
        strange = [name for name in found if name not in ("name", "config", "initial_state")]
        problems = [_problem(path, text, name, "must not stand beside config, but in it") for name in strange]
        name = found.get("name")
        if name is not None and config.get("name") not in (None, name):
            problems.append(_problem(path, text, "name", f"is {name!r} beside config and {config['name']!r} in it"))
        if problems:
            raise ConfigError(problems)
        found = {**({} if name is None else {"name": name}), **config}
    nested = [name for name, value in found.items() if isinstance(value, dict | list)]
    if nested:
        wanted = "must be a text, a number, true or false"
        raise ConfigError([_problem(path, text, name, wanted) for name in nested])
    return {name: _text(value) for name, value in found.items() if value is not None}


def _text(value: Any) -> str:
    """A scalar as text; numbers are texts already, as the file spells them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(path: Path, text: str, name: str, message: str) -> Problem:
    """Names the first line on which the property stands."""
    found = re.search(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:", text)
    line = text[: found.start() if found else 0].count("\n") + 1
    return Problem(f"{path}:{line}: {name}", None, message)
