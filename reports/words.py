"""The words of all reports: what each guarantee and finding means, and what a cell of the table says.

No renderer has words of its own for these. A cell is told in text and by a mark of distinct shape; colour
only repeats it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from onceproof.reports.collect import Cell, Comparison, Report, Row, Story

IDENTICAL = "identical objects"
TIMES = "\N{MULTIPLICATION SIGN}"

GUARANTEES: tuple[tuple[str, str], ...] = (
    ("identical objects", "The closed objects equal those of a run without faults, in name and bytes."),
    ("once at all times", "No reader ever sees a duplicate, or an object that changes its records."),
    ("once at rest", "When all is quiet, each record stands once, unchanged, in order and in its place."),
    ("at-least-once", "No record is lost; some may stand twice."),
    ("at-most-once", "No record stands twice; some may be lost."),
    ("none", "Records may be lost, and records may stand twice."),
)
"""Strongest first, with what each one promises."""

FINDINGS: tuple[tuple[str, str, str], ...] = (
    ("lost", "A record below the committed offset is in no visible object.", "at-least-once"),
    ("overtaken", "A commit was, for a moment, ahead of what is durable.", "at-least-once"),
    ("duplicated", "An offset stands in two visible objects of one kind, or twice in one.", "once at rest"),
    ("altered", "A record has other content than the log.", "once at rest"),
    ("misplaced", "A record stands in another object than the configuration names.", "once at rest"),
    ("reordered", "Records of an object do not stand in the order of their offsets.", "once at rest"),
    ("rewritten", "A visible object changed its records.", "once at all times"),
    (
        "re-encoded",
        "A visible object changed its bytes while its records stayed the same.",
        "identical objects",
    ),
    (
        "leaked",
        "An upload was left unfinished, or an object holds unknown content.",
        "no guarantee; fails the run",
    ),
    ("stuck", "The faults ended and the sink does not finish.", "no guarantee; fails the run"),
)
"""Each finding, what it means and what it refutes."""

STEPS = {
    "none": 0,
    "at-most-once": 1,
    "at-least-once": 1,
    "once at rest": 2,
    "once at all times": 3,
    IDENTICAL: 4,
}
REFUTED_NEXT = {
    "none": "at-least-once",
    "at-most-once": "at-least-once",
    "at-least-once": "once at rest",
    "once at rest": "once at all times",
    "once at all times": IDENTICAL,
}
"""What is refuted where a guarantee is all that is left."""
STEPS_MAX = 4


class Mark(StrEnum):
    """How a cell stands; each prints with a sign of its own shape."""

    KEPT = "kept"
    REFUTED = "refuted"
    NOT_OBSERVED = "not observed"


SIGNS = {Mark.KEPT: "✓", Mark.REFUTED: "✗", Mark.NOT_OBSERVED: "◌"}


@dataclass(frozen=True, slots=True)
class CellWords:
    """What one cell says, to be laid out by a renderer."""

    guarantee: str
    mark: Mark
    steps: int | None
    """Rungs of the ladder that stand, of `STEPS_MAX`; None where there is no guarantee to show."""
    standing: str
    """One line under the guarantee: what is refuted, or what was not observed."""
    unexpected: str
    """Empty when the cell is as expected, otherwise what was expected."""
    evidence: str


def counted(number: int, singular: str) -> str:
    """Return the number with its noun: `1 run`, `2,400 runs`."""
    return f"{number:,} {singular}" if number == 1 else f"{number:,} {singular}s"


def cell_words(cell: Cell) -> CellWords:
    """Say how a cell stands; a guarantee beyond the evidence is not observed, never not refuted."""
    mark = _mark(cell)
    refuted = REFUTED_NEXT.get(cell.guarantee, "")
    standing = {
        Mark.KEPT: "nothing refuted",
        Mark.REFUTED: f"{refuted} refuted",
        Mark.NOT_OBSERVED: f"{refuted or IDENTICAL} not observed",
    }[mark]
    return CellWords(
        guarantee=cell.guarantee,
        mark=mark,
        steps=STEPS.get(cell.guarantee),
        standing=standing if cell.runs else "no run",
        unexpected="" if cell.as_expected else f"Not as expected ({cell.expected or IDENTICAL})",
        evidence=evidence(cell),
    )


def _mark(cell: Cell) -> Mark:
    if cell.runs == 0 or cell.guarantee not in STEPS:
        return Mark.NOT_OBSERVED
    if cell.guarantee == IDENTICAL:
        return Mark.KEPT
    return Mark.REFUTED if cell.story is not None else Mark.NOT_OBSERVED


def evidence(cell: Cell) -> str:
    """Say how much stands behind a cell: the number of runs, then how they were chosen."""
    runs = counted(cell.runs, "run")
    if cell.evidence.startswith(runs):
        return cell.evidence
    return f"{runs}; {cell.evidence}" if cell.evidence else runs


@dataclass(frozen=True, slots=True)
class Placed:
    """A story and where in the report it belongs; `number` counts from 1 through the whole report."""

    number: int
    comparison: Comparison
    row: Row
    fault: str
    cell: Cell
    story: Story

    @property
    def anchor(self) -> str:
        """The fragment that links to this story."""
        return f"story-{self.number}"

    @property
    def title(self) -> str:
        """Configuration and fault."""
        return f"{self.row.name} {TIMES} {self.fault}"


def stories(report: Report) -> tuple[Placed, ...]:
    """Return the stories of all cells in the order of the tables; one that several cells have stands at the first."""
    found: dict[int, Placed] = {}
    for comparison in report.comparisons:
        for row in comparison.rows:
            for (fault, _), cell in zip(comparison.faults, row.cells, strict=True):
                if cell.story is not None and id(cell.story) not in found:
                    found[id(cell.story)] = Placed(len(found) + 1, comparison, row, fault, cell, cell.story)
    return tuple(found.values())


def story_numbers(report: Report) -> dict[int, int]:
    """Return the number of the story that each cell refers to, by the cell's identity."""
    numbers = {id(placed.story): placed.number for placed in stories(report)}
    cells = [cell for table in report.comparisons for row in table.rows for cell in row.cells]
    return {id(cell): numbers[id(cell.story)] for cell in cells if cell.story is not None}


def headline(report: Report) -> str:
    """Say in one line what was found, whatever was expected."""
    rows = [row for table in report.comparisons for row in table.rows]
    cells = [cell for row in rows for cell in row.cells]
    steady_rows = sum(all(_mark(cell) is Mark.KEPT for cell in row.cells) for row in rows)
    refuted = sum(_mark(cell) is Mark.REFUTED for cell in cells)
    if not cells:
        return "Nothing was compared."
    kept = f"{steady_rows} of {counted(len(rows), 'configuration')} left identical objects under every fault"
    return f"{kept}; {refuted} of {counted(len(cells), 'verdict')} refute something."


def summary(report: Report) -> str:
    """Say in one line whether everything was as expected."""
    cells = [cell for table in report.comparisons for row in table.rows for cell in row.cells]
    unexpected = sum(not cell.as_expected for cell in cells)
    if not cells:
        return "Nothing was compared."
    if unexpected:
        return f"{unexpected} of {counted(len(cells), 'verdict')} not as expected."
    return f"All {counted(len(cells), 'verdict')} as expected." if len(cells) > 1 else "The verdict is as expected."


_LOCAL_PORT = re.compile(r"\b(localhost|127\.0\.0\.1|\[::1\]):\d+")
_PATH = re.compile(r"(?<![\w:/.+-])/(?:[\w.+-]+/)+([\w.+-]+)")


def steady(text: str) -> str:
    """Remove from outside text what differs from run to run: local ports, folders of absolute paths."""
    return printable(" ".join(_PATH.sub(r"\1", _LOCAL_PORT.sub(r"\1", text)).split()))


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Write out the characters that XML forbids or a terminal obeys; tabs and line ends stay."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str) -> str:
    """Write out also tabs and line ends, for names that stand inside a sentence."""
    return printable(text).replace("\t", "\\t").replace("\n", "\\n")
