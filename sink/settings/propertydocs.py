"""The pages of documentation that are generated: `docs/properties.md` and `docs/deviations.md`."""

import os
from collections.abc import Iterable, Sequence

from onceproof.sink.settings import refusals
from onceproof.sink.settings.deviations import DEVIATIONS
from onceproof.sink.settings.frameworkproperties import PREFIXES
from onceproof.sink.settings.properties import GROUPS
from onceproof.sink.settings.propertytypes import Property, Required

_GENERATED = "<!-- Generated; a test compares it with the code, and ONCEPROOF_SNAPSHOTS=write renews it. -->\n\n"


def properties_page() -> str:
    """All properties by group, then families of names, then what is refused by name."""
    parts = [
        _GENERATED,
        "# Properties\n\n",
        "Every property of the Kafka Connect S3 sink, and those that Kafka Connect gives every sink. ",
        "Write them to a `.properties` file, or to JSON as Connect's REST interface takes it; ",
        "`onceproof sink config FILE` says what is wrong with them. What another property must be for one to have ",
        "an effect stands behind *only if*. Internal ones are taken by the real connector but not told of.\n",
    ]
    for group, properties in GROUPS.items():
        header = ("property", "type", "default", "allowed", "importance", "meaning")
        parts += [f"\n## {group}\n\n", table(header, map(_row, properties))]
    parts += ["\n## Families\n\n", table(("names", "meaning"), ((f"`{name}*`", doc) for name, doc in PREFIXES.items()))]
    parts += [
        "\n## Refused by name\n\n",
        "What the real connector can do and this sink cannot: a transform or predicate that is not in the table ",
        "above, a converter or format that is not listed above, a Java class of your own (a Python class may stand ",
        "for a partitioner, an extractor or a credentials provider), a setting of the consumer that librdkafka has no ",
        "counterpart of, and:\n\n",
        table(("", "the real connector"), ((f"`{row.id}`", row.real) for row in (*refusals.NEVER, refusals.PATTERN))),
    ]
    return "".join(parts)


def deviations_page() -> str:
    """The declared deviations by kind."""
    header = ("row", "the real connector", "this sink", "why")
    parts = [
        _GENERATED,
        "# Declared deviations\n\n",
        "This sink is to do what the Kafka Connect S3 sink does. What it takes, it does, and differs in what stands ",
        "here alone: a configuration that would die may die earlier, and bytes that carry no record may be other ",
        "bytes. What it cannot do at all it refuses at start, by name ([properties](properties.md), ",
        "*Refused by name*).\n",
    ]
    for kind in dict.fromkeys(row.kind for row in DEVIATIONS):
        rows = ((f"`{row.id}`", row.real, row.ours, row.reason) for row in DEVIATIONS if row.kind == kind)
        parts += [f"\n## {kind.capitalize()}\n\n", table(header, rows)]
    return "".join(parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _row(property_: Property) -> tuple[str, ...]:
    used = f" *Only if* {property_.used.words}." if property_.used is not None else ""
    internal = " Internal." if property_.is_internal else ""
    return (
        f"`{property_.name}`",
        property_.type,
        default_words(property_),
        ""
        if property_.valid is None
        else property_.valid.allowed.replace("must not be ", "not ").removeprefix("must be "),
        property_.importance.lower(),
        f"{property_.doc}{used}{internal}",
    )


def default_words(property_: Property) -> str:
    """The default for people; the system's end of line is not told by its characters."""
    if isinstance(property_.default, Required):
        return "**required**"
    if property_.default == os.linesep:
        return "the system's end of line"
    if not property_.default:
        return "null" if property_.default is None else "blank"
    return f"`{property_.default}`"
