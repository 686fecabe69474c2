"""How Hypothesis searches: on a desk a new place each time, in CI the same one."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)

PROFILE = settings.get_profile("ci" if os.environ.get("CI") else "dev")
