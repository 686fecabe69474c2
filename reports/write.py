"""Writes a report into a folder, each file whole or not at all.

A full disk or a kill leaves the file of before.
"""

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from onceproof.reports.collect import Report
from onceproof.reports.html import html
from onceproof.reports.junit import junit
from onceproof.reports.machine import machine
from onceproof.reports.markdown import markdown
from onceproof.reports.words import stories


def write(report: Report, folder: Path) -> Path:
    """Write `report` and the scenarios of its stories into `folder`, and return its index.html.

    Everything is rendered before the first file is touched. index.html comes last: it speaks of the others.
    """
    files = {placed.story.scenario_path: placed.story.scenario_yaml for placed in stories(report)}
    files |= {
        "report.json": machine(report),
        "junit.xml": junit(report),
        "report.md": markdown(report),
        "index.html": html(report),
    }
    targets = {inside(folder, name): text for name, text in files.items()}
    _forget_stories(folder, targets)
    for target, text in targets.items():
        replace(target, text)
    return folder / "index.html"


def _forget_stories(folder: Path, targets: Collection[Path]) -> None:
    """Remove the scenarios that an earlier report left in this folder: its stories are told no more."""
    for old in (folder / "scenarios").glob("*.yaml"):
        if old not in targets:
            old.unlink()


def inside(folder: Path, name: str) -> Path:
    """Return the path of `name` below `folder`.

    Raises:
        ValueError: the name leads out of the folder.

    """
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()) or target.resolve() == folder.resolve():
        raise ValueError(f"expected a path inside the folder of the report, found {name!r}")
    return target


def replace(target: Path, text: str) -> None:
    """Put `text` into `target` in one step, making its folder if need be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp lets its owner alone read, but a report is for others
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
