"""What the README says is what the code does."""

import os
from pathlib import Path

from onceproof.scenarios.configurations import CONFIGURATIONS, FAULTS

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = (
    "<!-- table: begin; a test compares it with the table that `make prove` checks by running it -->\n",
    "<!-- table: end -->",
)


def table() -> str:
    """The guarantee table as the README shows it."""
    lines = ["| | " + " | ".join(FAULTS) + " |", "|---|" + "---|" * len(FAULTS)]
    for row in CONFIGURATIONS:
        cells = [row.expectation(fault) or "" for fault in FAULTS]
        shown = [cell if cell == "identical objects" else f"**{cell}**" for cell in cells]
        lines.append(f"| {row.name} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def test_readme_shows_the_table_that_prove_expects() -> None:
    """The README's guarantee table is what `onceproof prove` expects; ONCEPROOF_SNAPSHOTS=write renews it."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    if os.environ.get("ONCEPROOF_SNAPSHOTS") == "write":
        README.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")
        shown = table()

    assert table() == shown
