"""How long work shows that it goes on."""

import io
import itertools

import pytest
from rich.console import Console

from onceproof import reporting


def test_where_there_is_no_terminal_lines_tell_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the pace since it began, so what an earlier run had done does not count."""
    seconds = itertools.count(step=30)
    monkeypatch.setattr(reporting.time, "monotonic", lambda: float(next(seconds)))
    told = io.StringIO()

    with reporting.progress_of(Console(file=told, width=100)) as tell:
        tell("interval", 4, 8)
        tell("interval", 5, 8)
        tell("interval", 8, 8)
        tell("schedule", 0, 2)
        tell("schedule", 1, 2)

    lines = [line for line in told.getvalue().splitlines() if "done" in line]
    assert ["5 of 8 done, about 90 s left", "8 of 8 done", "1 of 2 done, about 30 s left"] == lines
