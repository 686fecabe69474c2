"""How Hypothesis searches: on a desk a new place each time, in CI the same one, and at night a large one.

`ONCEPROOF_PROFILE` names the profile: `dev`, `ci` or `nightly`; without it `ci` where CI is set, else `dev`.
"""

import os

from hypothesis import HealthCheck, settings

NIGHTLY_TIMES = 20
"""How many times as many examples as by day."""

settings.register_profile("dev", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.register_profile("nightly", settings.get_profile("dev"), database=None)

NAME = os.environ.get("ONCEPROOF_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
PROFILE = settings.get_profile(NAME)


def examples(count: int) -> int:
    """How many examples a property gets that gets `count` by day."""
    return count * NIGHTLY_TIMES if NAME == "nightly" else count
