"""The report as one HTML file that needs nothing else: no network, no script, no font."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from onceproof.reports.collect import Cell, Comparison, Report, Row
from onceproof.reports.story import Telling, tell
from onceproof.reports.timeline import timeline
from onceproof.reports.words import (
    FINDINGS,
    GUARANTEES,
    SIGNS,
    STEPS,
    STEPS_MAX,
    CellWords,
    Mark,
    Placed,
    cell_words,
    headline,
    printable,
    stories,
    story_numbers,
    summary,
)


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell of the table as the template lays it out."""

    fault: str
    words: CellWords
    number: int | None
    """Of the story it links to."""


@dataclass(frozen=True, slots=True)
class RowView:
    """One configuration."""

    row: Row
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """One comparison; `number` counts from 1."""

    number: int
    comparison: Comparison
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story with its words and its drawing."""

    placed: Placed
    words: CellWords
    told: Telling
    svg: Markup


def html(report: Report) -> str:
    """Return the report as one HTML document."""
    environment = Environment(
        loader=PackageLoader("onceproof.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: value if isinstance(value, Markup) else _shown(value),
    )
    placed = stories(report)
    numbers = story_numbers(report)
    return environment.get_template("report.html.j2").render(
        report=report,
        summary=summary(report),
        headline=headline(report),
        tables=[_table(at, comparison, numbers) for at, comparison in enumerate(report.comparisons, start=1)],
        stories=[_story(story) for story in placed],
        guarantees=[(name, meaning, STEPS[name]) for name, meaning in GUARANTEES],
        findings=FINDINGS,
        marks=[(SIGNS[mark], mark) for mark in Mark],
        signs=SIGNS,
        steps_max=STEPS_MAX,
    )


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def _table(number: int, comparison: Comparison, numbers: dict[int, int]) -> TableView:
    return TableView(number, comparison, tuple(_row(comparison, row, numbers) for row in comparison.rows))


def _row(comparison: Comparison, row: Row, numbers: dict[int, int]) -> RowView:
    def view(fault: str, cell: Cell) -> CellView:
        return CellView(fault, cell_words(cell), numbers.get(id(cell)))

    pairs = zip(comparison.faults, row.cells, strict=True)
    return RowView(row, tuple(view(fault, cell) for (fault, _), cell in pairs))


def _story(placed: Placed) -> StoryView:
    # Every text in the drawing is escaped where it is drawn, hence Markup.
    drawn = Markup(timeline(placed.story, placed.anchor))  # noqa: S704
    return StoryView(placed, cell_words(placed.cell), tell(placed.story), drawn)
