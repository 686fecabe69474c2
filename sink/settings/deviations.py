"""Where this sink declares to differ from the real connector: one table.

What may differ is bounded. A configuration that the real connector accepts and that then dies, whatever the records
are, may die earlier here: it is refused at start, with the reason. And bytes that are random there, or that the library
which writes them decides, may be other bytes here, as long as the records are the same. All else is to be equal.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from onceproof.sink.settings import checks, dyingchecks, refusals
from onceproof.sink.settings.checks import Check
from onceproof.sink.settings.parsing import examine
from onceproof.sink.settings.properties import NotRead, Values, read, writes

Kind: TypeAlias = Literal["dies earlier", "random bytes", "library bytes"]


class Deviation(NamedTuple):
    """One row: what the real connector does, what this sink does, why, and which configurations it is about."""

    id: str
    kind: Kind
    real: str
    ours: str
    reason: str
    applies: Callable[[Mapping[str, str]], bool]
    """Asked with properties as given."""


def declared(properties: Mapping[str, str], kind: Kind | None = None) -> tuple[Deviation, ...]:
    """The rows that apply to these properties, of one kind or of all."""
    return tuple(row for row in DEVIATIONS if kind in (None, row.kind) and row.applies(properties))


def refused_by(properties: Mapping[str, str]) -> tuple[Deviation, ...]:
    """The rows by which these properties are refused though the real connector starts with them.

    Empty if they are accepted, or if anything else is wrong with them too.
    """
    values = read(properties)[0]
    found = {check.id: check.problems(values) for check in _EARLY}
    others = set(examine(properties).problems) - {problem for problems in found.values() for problem in problems}
    return () if others else tuple(row for row in DEVIATIONS if found.get(row.id))


def _early(check: Check) -> Deviation:
    """A check that the real connector has later, as a row."""
    return Deviation(
        check.id,
        "dies earlier",
        check.real,
        "Refuses it at start, naming the property, before Kafka or S3 are asked.",
        _WHEN[check.stage],
        lambda properties: bool(check.problems(read(properties)[0])),
    )


_WHEN: Mapping[str, str] = {
    "start": "All that is wrong with a configuration is told at once, not one thing for each start.",
    "run": "It dies of the first record with a value, whatever that is, so that nothing is lost by saying it at once.",
}


def _written(asked: Callable[[Mapping[str, object]], bool]) -> Callable[[Mapping[str, str]], bool]:
    def applies(properties: Mapping[str, str]) -> bool:
        values: Values = read(properties)[0]
        try:
            return asked(values)
        except NotRead:
            return False

    return applies


_EARLY = (*checks.START, *refusals.CLASSES, *dyingchecks.RUN)

DEVIATIONS: tuple[Deviation, ...] = (
    *map(_early, _EARLY),
    Deviation(
        "avro-sync-marker",
        "random bytes",
        "Each Avro file has a sync marker of 16 random bytes.",
        "The marker follows from topic, partition and first offset, so that the same records give the same bytes.",
        "Whoever reads the file cannot tell one marker from another, and a repeated upload changes nothing.",
        _written(writes("AvroFormat")),
    ),
    Deviation(
        "parquet-frame",
        "library bytes",
        "Parquet files are framed as parquet-java of its version does it.",
        "The same rows under the same schema, framed by another library.",
        "Pages, encodings and the writer's name in the footer are that library's own.",
        _written(writes("ParquetFormat")),
    ),
)
