"""`onceproof sink config`: list the sink's properties, or say what is wrong with a file of them."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from onceproof.sink.settings.parsing import examine
from onceproof.sink.settings.properties import GROUPS, PROPERTIES
from onceproof.sink.settings.propertydocs import default_words
from onceproof.sink.settings.propertyfiles import read_config
from onceproof.sink.settings.validation import answer, definition
from onceproof.userfiles import WORKER_HELP

_VALID, _INVALID = 0, 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `config`."""
    parser = subparsers.add_parser(
        "config",
        help="list the properties, or check a file of them",
        description="Lists all properties of the Kafka Connect S3 sink, or checks a file of them as Kafka Connect "
        "does before it starts a connector. Asks neither Kafka nor S3.",
        epilog="Exit codes: 0 valid, 1 invalid, 2 the file cannot be read.",
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a .properties file, or JSON")
    chosen.add_argument("--list", action="store_true", help="list all properties with type, default and meaning")
    parser.add_argument("--worker", type=Path, metavar="FILE", help=WORKER_HELP)
    parser.add_argument("--json", action="store_true", help="print it as JSON, in the form of Connect's REST interface")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace, command: str) -> int:
    """Run the command; raises ConfigError for a file that cannot be read."""
    if chosen.list:
        _say(_as_json([definition(property_) for property_ in PROPERTIES.values()]) if chosen.json else listing())
        return _VALID
    properties = read_config(chosen.file, chosen.worker)
    found = examine(properties, subscribes=True)
    _say(_as_json(answer(properties)) if chosen.json else report(chosen.file, properties))
    return _INVALID if found.problems else _VALID


def listing() -> str:
    """All properties by group, for people."""
    lines = []
    for group, properties in GROUPS.items():
        lines += ["", group]
        for property_ in properties:
            default = default_words(property_).replace("`", "").replace("*", "")
            lines.append(f"  {property_.name} ({property_.type}, {default})")
            lines.append(f"      {property_.doc.replace('`', '')}")
            if property_.valid is not None:
                lines.append(f"      {property_.valid.allowed}")
    return "\n".join(lines[1:])


def report(path: Path, properties: dict[str, str]) -> str:
    """What is wrong and what is worth a warning, for people."""
    found = examine(properties, subscribes=True)
    count = len(found.problems)
    head = f"{path}: valid" if not count else f"{path}: {count} error{'s' if count > 1 else ''}"
    errors = [f"error: {problem}" for problem in found.problems]
    return "\n".join([head, *errors, *(f"warning: {warning}" for warning in found.warnings)])


def _as_json(found: Any) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
