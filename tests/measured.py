"""What tests counted and measured, shown at the end of a run: `tests/conftest.py` imports the fixture and the hook."""

from collections.abc import Callable

import pytest

Measured = Callable[[str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Takes a sentence with numbers; it is shown in the summary, and stands in the JUnit file."""
    return lambda sentence: record_property("measured", sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show every measured sentence by its test; reports carry them here from whichever worker ran it."""
    found = [
        (report.nodeid, value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == "measured"
    ]
    if found:
        terminalreporter.section("measured")
        for nodeid, sentence in sorted(found):
            terminalreporter.write_line(f"{nodeid.rpartition('::')[2]}: {sentence}")
