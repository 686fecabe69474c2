"""Kafka in a container, one for all tests; without Docker they skip, but where CI is set they fail."""

import os
from collections.abc import Iterator

import pytest

from onceproof.scenarios.worlds.broker import KafkaContainer, docker_available


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaContainer]:
    """Kafka itself, as the image that ONCEPROOF_KAFKA_IMAGE names."""
    reason = docker_available()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"CI is set, but {reason}")
    if reason is not None:
        pytest.skip(reason)
    broker = KafkaContainer()
    yield broker
    broker.close()
