"""Classes of the user's own: partitioners and timestamp extractors that a property names."""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any


def make(given: str, group: str, method: str, properties: Mapping[str, str]) -> Any:
    """An instance of the class that `given` names, configured; raises ValueError saying what is wrong.

    `given` is the name of an entry point of that group (which may be a Java class name, so that properties need not
    change), `module:Class`, or `package.module.Class`. The class is constructed without arguments, must have `method`,
    and gets all raw properties by `configure(properties)` if it has that.
    """
    kind = _load(given, group)
    if not callable(getattr(kind, method, None)):
        raise ValueError(f"{given!r} is no class with a method {method!r}")  # noqa: TRY004 - the configuration's value
    try:
        instance = kind()
        if hasattr(instance, "configure"):
            instance.configure(properties)
    except ValueError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise ValueError(f"{given!r} cannot be configured: {type(error).__name__}: {error}") from error
    return instance


def _load(given: str, group: str) -> Any:
    found = entry_points(group=group)
    if given in found.names:
        try:
            return found[given].load()
        except Exception as error:
            raise ValueError(f"entry point {given!r} cannot be loaded: {type(error).__name__}: {error}") from error
    module, _, name = given.partition(":") if ":" in given else given.rpartition(".")
    if not module or not name:
        raise ValueError(f"no class {given!r}: {_advice(group, sorted(found.names))}")
    try:
        target: Any = importlib.import_module(module)
        for part in name.split("."):
            target = getattr(target, part)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"no class {given!r} ({error}): {_advice(group, sorted(found.names))}") from error
    except Exception as error:  # the user's module may raise anything
        raise ValueError(f"{module!r} cannot be imported: {type(error).__name__}: {error}") from error
    return target


def _advice(group: str, names: list[str]) -> str:
    registered = f"one of its entry points ({', '.join(names)})" if names else f"an entry point of group {group}"
    return f"give a Python class as module:Class, or {registered}; classes of Java cannot be run"
