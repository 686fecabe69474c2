"""The judge on the table of known histories: all that is in them, and nothing else."""

from typing import get_args

import pytest
from known_histories import KNOWN_BAD, KNOWN_GOOD, Known, found_in

from onceproof.model.findings import Kind


@pytest.mark.parametrize("known", [*KNOWN_BAD, *KNOWN_GOOD], ids=lambda known: known.what)
def test_a_known_history_has_its_findings_and_no_others(known: Known) -> None:
    """What is bad is found, whole, and nothing else; what is good is acquitted."""
    assert sorted(known.found) == found_in(known.history)


def test_every_kind_of_finding_has_a_bad_history_and_a_good_one() -> None:
    """None is left to chance."""
    bad = {found.split()[0] for known in KNOWN_BAD for found in known.found}
    good = {kind for known in KNOWN_GOOD for kind in get_args(Kind) if kind in known.what.rpartition("(")[2]}

    assert set(get_args(Kind)) == bad
    assert set(get_args(Kind)) - {"re-encoded"} == good
