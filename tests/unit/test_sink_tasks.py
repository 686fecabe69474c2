"""What several tasks come to together."""

import pytest

from onceproof.sink.outside.tasks import exit_code


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 1], 1), ([1, 1], 1), ([2, 2], 2), ([2, 0], 1), ([1, 2], 1), ([-9, 0], 1), ([-9, -9], 1)],
)
def test_one_failed_task_is_a_failure(codes: list[int], code: int) -> None:
    """Where all agree, as on a bucket that is not there, they are right."""
    assert code == exit_code(codes)
