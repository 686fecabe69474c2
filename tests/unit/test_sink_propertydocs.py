"""The generated pages say what the code says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from onceproof.sink.settings.properties import PROPERTIES
from onceproof.sink.settings.propertydocs import deviations_page, properties_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "page"), [("properties.md", properties_page), ("deviations.md", deviations_page)])
def test_a_page_is_current(name: str, page: Callable[[], str]) -> None:
    """It is what the tables make; ONCEPROOF_SNAPSHOTS=write renews it."""
    path = DOCS / name
    if os.environ.get("ONCEPROOF_SNAPSHOTS") == "write":
        path.write_text(page(), encoding="utf-8")

    assert page() == path.read_text(encoding="utf-8")


def test_every_property_has_a_row() -> None:
    """With its default, or that it must be given."""
    page = properties_page()

    for name in PROPERTIES:
        assert f"\n| `{name}` | " in page
    assert "| `flush.size` | INT | **required** |" in page
    assert "| `format.bytearray.separator` | STRING | the system's end of line |" in page
