"""What `onceproof prove --config` looks at is enough to see what the built-in table sees."""

import pytest

from onceproof.model.guarantee import combine
from onceproof.scenarios import run
from onceproof.scenarios.configurations import CONFIGURATIONS, Configuration, of_user
from onceproof.scenarios.explore import explore
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.settings.parsing import parse

H2 = {
    **CONFIGURATIONS[0].properties,
    "rotate.interval.ms": "600000",
    "rotate.file.on.partition.change": "false",
}


def as_a_users(row: Configuration) -> Configuration:
    """The same properties, as they would come from a file."""
    return of_user(row.name, row.properties, parse({**run.DEFAULTS, **row.properties}))


@pytest.mark.parametrize("fault", ["crash", "S3 error", "lost reply", "commit refused", "expired offsets"])
@pytest.mark.parametrize("row", CONFIGURATIONS, ids=lambda row: row.name)
def test_a_users_verdict_is_not_stronger_than_the_built_in_one(row: Configuration, fault: str) -> None:
    """The small worlds made for a user's configuration refute all that is known to be refuted of it."""
    user = as_a_users(row)
    found = explore(user.properties, fault, user.bound(fault), SimulatedWorld())
    known = {*row.expected.values()} and row.expectation(fault)

    assert () == found.troubles
    assert 0 < found.runs
    assert known == combine([found.guarantee, type(found.guarantee)(known)]).value == found.guarantee.value


def test_files_open_together_are_seen_without_a_crash() -> None:
    """Reference 7.3 H2: with rotation on a change of directory off, one failed upload doubles a record."""
    row = of_user("H2", H2, parse({**run.DEFAULTS, **H2}))
    found = explore(row.properties, "S3 error", row.bound("S3 error"), SimulatedWorld())

    assert "at-least-once" == found.guarantee.value


def test_a_field_of_the_value_is_where_the_configuration_looks() -> None:
    """RecordField with a dotted path finds its time in the values of small worlds."""
    properties = {
        **CONFIGURATIONS[0].properties,
        "timestamp.extractor": "RecordField",
        "timestamp.field": "event.at",
    }
    row = of_user("field", properties, parse({**run.DEFAULTS, **properties}))
    found = explore(row.properties, "crash", row.bound("crash"), SimulatedWorld())

    assert ("identical objects", ()) == (found.guarantee.value, found.troubles)
    assert 100 < found.runs
