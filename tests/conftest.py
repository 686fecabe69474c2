"""Worlds that tests share. Without Docker the container tests skip with the reason; where CI is set they fail."""

import os
from collections.abc import Iterator

import pytest
from measured import measured, pytest_terminal_summary  # noqa: F401 - a fixture and a hook

from onceproof.scenarios.worlds import process
from onceproof.scenarios.worlds.broker import KafkaContainer, docker_available
from onceproof.scenarios.worlds.process import ProcessWorld


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the container world run in one worker, so that one broker serves them all."""
    for item in items:
        if item.get_closest_marker("container"):
            item.add_marker(pytest.mark.xdist_group("container"))


@pytest.fixture(scope="session")
def embedded_world() -> Iterator[ProcessWorld]:
    """The embedded world: librdkafka's mock, moto, and a sink in a real process."""
    with process.embedded() as world:
        yield world


@pytest.fixture(scope="session")
def container_world() -> Iterator[ProcessWorld]:
    """The container world: Kafka as the image that ONCEPROOF_KAFKA_IMAGE names, moto, and a sink in a real process."""
    reason = docker_available()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"CI is set, but {reason}")
    if reason is not None:
        pytest.skip(reason)
    with process.container() as world:
        yield world


@pytest.fixture(scope="session")
def kafka(container_world: ProcessWorld) -> KafkaContainer:
    """The broker of the container world."""
    broker = container_world.broker
    assert isinstance(broker, KafkaContainer)
    return broker
