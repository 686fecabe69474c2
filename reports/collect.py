"""What every report is made from: the table configuration × fault, and a story for each refuted cell.

Renderers (`html`, `markdown`, `junit`, `terminal`, `json`) read only this. Everything here but `Measured` is a pure
function of the seed, so that reports of one seed are byte-identical; what differs from run to run goes to
the JSON alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from onceproof.model.history import History
from onceproof.model.judge import Verdict


@dataclass(frozen=True, slots=True)
class Story:
    """The smallest known scenario that refutes a guarantee, with its observed run."""

    name: str
    scenario_yaml: str
    """The scenario file, as text."""
    scenario_path: str
    """Where it was written, relative to the folder of the report."""
    replay: str
    """The command that replays it."""
    history: History
    verdict: Verdict
    why: tuple[str, ...] = ()
    """What was found by leaving out its faults and moving them, as sentences."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One configuration under one class of faults."""

    guarantee: str
    """The strongest guarantee not refuted, as `Guarantee` prints it."""
    expected: str | None
    """The guarantee that was expected of it, if any was stated."""
    runs: int
    evidence: str
    """How it was looked for: `exhaustive: every log up to 3 records …`, or `1 run`; and what could not be observed."""
    world: str
    story: Story | None = None

    @property
    def as_expected(self) -> bool:
        """Nothing stated is expected to leave identical objects."""
        return self.guarantee == (self.expected or "identical objects")


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration; `cells` by fault, in the order of `Comparison.faults`."""

    name: str
    config: Mapping[str, str]
    """The properties that matter for this row, as the user wrote them."""
    cells: tuple[Cell, ...]
    note: str = ""
    """What its cells have in common: `gaps of 1,000 or 3,000 ms`."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table: the configurations of a run against its classes of faults, in one world."""

    title: str
    world: str
    world_note: str
    """What this world is and is not, one sentence."""
    log_note: str
    """Which records: `27,004 departures of January 2013 over 4 partitions`."""
    faults: tuple[tuple[str, str], ...]
    """Name and one-line meaning of each column."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What differs from run to run: durations, ports, version ids, paths. Goes to the JSON only."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """All tables of one `onceproof prove`, with the line that reproduces it."""

    seed: int
    command: str
    comparisons: tuple[Comparison, ...]
    measured: Measured

    @property
    def as_expected(self) -> bool:
        """Every cell is what its configuration was expected to keep."""
        return all(cell.as_expected for table in self.comparisons for row in table.rows for cell in row.cells)
