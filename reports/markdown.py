"""The report as Markdown for pull requests: the tables, then the stories as far as GitHub's limit lets them.

GitHub cuts nothing itself: it refuses a comment beyond 65,536 characters. The tables come first and whole;
a story that no longer fits is counted in one last line.
"""

import re

from onceproof.reports.collect import Cell, Comparison, Report
from onceproof.reports.story import Telling, tell
from onceproof.reports.words import SIGNS, Placed, cell_words, headline, one_line, stories, story_numbers, summary

CHARACTERS_MAX = 65_000
"""Below GitHub's 65,536, which also counts what a bot adds around the text."""

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&])")


def markdown(report: Report) -> str:
    """Return the report; never longer than `CHARACTERS_MAX` unless the tables alone are."""
    placed = stories(report)
    numbers = story_numbers(report)
    sign = SIGNS_OF_REPORT[report.as_expected]
    parts = [
        f"# Onceproof\n\n{escaped(headline(report))}\n\n{sign} **{escaped(summary(report))}** Seed {report.seed}.\n"
    ]
    parts += [_comparison(comparison, numbers) for comparison in report.comparisons]
    footer = f"Reproduce: {code(report.command)}\n"
    room = CHARACTERS_MAX - sum(len(part) + 1 for part in parts) - len(footer) - 100
    for at, story in enumerate(placed):
        text = _story(story, tell(story.story))
        if len(text) + 1 > room:
            parts.append(f"{len(placed) - at:,} more in `index.html`, left out here for length.\n")
            break
        room -= len(text) + 1
        parts.append(text)
    return "\n".join((*parts, footer))


SIGNS_OF_REPORT = {True: "✓", False: "✗"}


def escaped(text: str) -> str:
    """Return `text` as Markdown and HTML both show it, on one line, safe inside a table."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """Return a code span with enough backticks around it; a bar is escaped for tables."""
    text = one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _comparison(comparison: Comparison, numbers: dict[int, int]) -> str:
    heads = ["configuration", *(escaped(fault) for fault, _ in comparison.faults)]
    rows = []
    for row in comparison.rows:
        properties = "".join(f"<br>{code(f'{key}={value}')}" for key, value in row.config.items())
        properties += f"<br>{escaped(row.note)}" if row.note else ""
        cells = [_cell(cell, numbers.get(id(cell))) for cell in row.cells]
        rows.append(_line([f"**{escaped(row.name)}**{properties}", *cells]))
    return "\n".join(
        (
            f"## {escaped(comparison.title)}\n",
            f"World {code(comparison.world)}: {escaped(comparison.world_note)}  ",
            f"Records: {escaped(comparison.log_note)}\n",
            _line(heads),
            _line(["---"] * len(heads)),
            *rows,
            "",
        )
    )


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, number: int | None) -> str:
    words = cell_words(cell)
    lines = [f"{SIGNS[words.mark]} **{escaped(words.guarantee)}**"]
    lines.append(escaped(words.standing) + (f", story {number}" if number else ""))
    if words.unexpected:
        lines.append(f"**{escaped(words.unexpected)}**")
    lines.append(f"<sub>{escaped(words.evidence)}</sub>")
    return "<br>".join(lines)


def _story(placed: Placed, told: Telling) -> str:
    words = cell_words(placed.cell)
    objects = [f"- {escaped(line)}" for line in told.after]
    why = [f"- {escaped(sentence)}" for sentence in told.why]
    missing = [f"\nNot observed: {escaped('; '.join(told.not_observed))}." if told.not_observed else ""]
    return "\n".join(
        (
            f"### Story {placed.number}: {escaped(placed.title)}\n",
            f"{SIGNS[words.mark]} **{escaped(words.guarantee)}**; {escaped(words.standing)}.\n",
            *((f"{escaped(told.claim)}\n",) if told.claim else ()),
            escaped(told.paragraph),
            *(("\nAt rest:\n", *objects) if objects else ()),
            *(("\nWhy:\n", *why) if why else ()),
            *filter(None, missing),
            "",
            _fenced(told.replay, "sh"),
            "",
        )
    )
