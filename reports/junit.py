"""The report as JUnit XML: a suite for each comparison, a case for each cell.

A case fails when its guarantee is not the expected one, be it weaker or stronger; the text of the failure
is the story and ends with the command that replays it. No case has a duration: the file is the same for the
same seed.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from onceproof.reports.collect import Cell, Comparison, Report
from onceproof.reports.story import tell
from onceproof.reports.words import IDENTICAL, TIMES, cell_words, printable


def junit(report: Report) -> str:
    """Return the XML document as text, with its declaration."""
    cells = [cell for table in report.comparisons for row in table.rows for cell in row.cells]
    root = Element("testsuites", {"name": "onceproof", **_counts(cells)})
    for comparison in report.comparisons:
        _suite(root, comparison, report)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(cells: list[Cell]) -> dict[str, str]:
    failures = sum(not cell.as_expected for cell in cells)
    return {"tests": str(len(cells)), "failures": str(failures), "errors": "0", "skipped": "0"}


def _suite(root: Element, comparison: Comparison, report: Report) -> None:
    cells = [cell for row in comparison.rows for cell in row.cells]
    suite = SubElement(root, "testsuite", {"name": printable(comparison.title), **_counts(cells)})
    properties = SubElement(suite, "properties")
    said = (("world", comparison.world), ("log", comparison.log_note), ("seed", str(report.seed)))
    for name, value in said:
        SubElement(properties, "property", {"name": name, "value": printable(value)})
    for row in comparison.rows:
        for (fault, _), cell in zip(comparison.faults, row.cells, strict=True):
            name = printable(f"{row.name} {TIMES} {fault}")
            case = SubElement(suite, "testcase", {"classname": f"onceproof.{comparison.world}", "name": name})
            _outcome(case, cell, report.command)


def _outcome(case: Element, cell: Cell, command: str) -> None:
    words = cell_words(cell)
    said = f"{words.guarantee} ({words.standing}); {words.evidence}"
    if cell.as_expected:
        SubElement(case, "system-out").text = printable(said)
        return
    message = f"{words.guarantee}, expected {cell.expected or IDENTICAL}"
    failure = SubElement(case, "failure", {"type": "not as expected", "message": printable(message)})
    failure.text = printable("\n".join((said, *_story_lines(cell, command))))


def _story_lines(cell: Cell, command: str) -> tuple[str, ...]:
    if cell.story is None:
        return (command,)
    told = tell(cell.story)
    details = (f"{found.kind}: {detail}" for found in told.findings for detail in found.details)
    return (
        *filter(None, (told.claim,)),
        *told.records,
        told.paragraph,
        *(f"at rest: {line}" for line in told.after),
        *(f"why: {sentence}" for sentence in told.why),
        *details,
        told.replay,
    )
