"""The brokers of the real worlds: librdkafka's mock in a process of its own, and Kafka in a container.

Each run starts with `fresh_topics(log)`, which leaves nothing of the run before.
"""

import contextlib
import gc
import os
import socket
import time
import uuid
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

from onceproof.model.history import Log, TopicPartition
from onceproof.scenarios.transactions import Aborted
from onceproof.scenarios.worlds.cluster import NO_GROUP, BrokerError, Cluster, MockCluster, partition_counts
from onceproof.scenarios.worlds.host import Host

IMAGE_VARIABLE: Final = "ONCEPROOF_KAFKA_IMAGE"
IMAGE_DEFAULT: Final = "apache/kafka:4.1.1"

_STOP_S: Final = 20
"""How long the broker may take to stop in order; one that was killed is thought to be there for 10 s more."""


class Broker(Protocol):
    """A Kafka for one run after another."""

    name: str

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find it; `fresh_topics` may change it."""
        ...

    @property
    def cluster(self) -> Cluster:
        """The harness's own clients of it; `fresh_topics` may change it."""
        ...

    def refuse(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Raise Incapable if `log` cannot be told to this broker."""
        ...

    def fresh_topics(self, log: Log, aborted: Aborted = MappingProxyType({})) -> str:
        """Make the topics of `log` hold exactly `log`; the answer is a group id that has no offsets yet."""
        ...

    def provide(self, topic: str) -> None:
        """Let there be this topic, with one partition, as a worker makes it for dead letters."""
        ...

    def restart(self) -> None:
        """Stop and come back with all that it holds; returns when it answers again."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class MockBroker:
    """Librdkafka's mock, in a process of its own that ends with its parent; a fresh cluster for every run."""

    def __init__(self) -> None:
        self.name = "librdkafka mock"
        self._host = Host("onceproof.scenarios.worlds.mock_host")
        self.pid = self._host.pid
        self._cluster: MockCluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster of the current run."""
        if self._cluster is None:
            self._cluster = self.fresh({})
        return self._cluster

    @property
    def bootstrap_servers(self) -> str:
        """Where the cluster of the current run is."""
        return self.cluster.bootstrap_servers

    def fresh(self, topics: Mapping[str, int]) -> MockCluster:
        """One more cluster with `topics` and their numbers of partitions, for the caller to close."""
        return MockCluster(self._host, topics)

    def refuse(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Raise Incapable if `log` cannot be told to a mock cluster."""
        self.cluster.refuse(log, aborted)

    def fresh_topics(self, log: Log, aborted: Aborted = MappingProxyType({})) -> str:
        """Replace the current cluster by one that holds exactly `log`; the answer is a fresh group id."""
        self.refuse(log, aborted)
        if self._cluster is not None:
            self._cluster.close()
        self._cluster = self.fresh(partition_counts(log))
        self._cluster.load(log, aborted)
        return _fresh_group()

    def provide(self, topic: str) -> None:
        """Nothing to do: the mock makes a topic for whoever writes to it."""

    def restart(self) -> None:
        """Refused before: the clusters live in memory."""
        raise AssertionError("a mock cluster is asked to restart")

    def close(self) -> None:
        """End all clusters."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        self._host.close()


class KafkaContainer:
    """Kafka itself in a container: the image that ONCEPROOF_KAFKA_IMAGE names, else apache/kafka.

    The container publishes one free port of this machine under the same number. Raises BrokerError where
    there is no Docker or the broker is not ready within `ready_s`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, *, ready_s: float = 60.0) -> None:
        reason = docker_available()
        if reason is not None:
            raise BrokerError(reason)
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - an optional extra

        self.image = os.environ.get(IMAGE_VARIABLE, IMAGE_DEFAULT)
        self.name = f"Kafka ({self.image})"
        self._ready_s = ready_s
        port = _free_port()
        self.bootstrap_servers = f"localhost:{port}"
        self._container: Any = DockerContainer(self.image).with_bind_ports(port, port)
        for name, value in {**_kafka_settings(port), **(environment or {})}.items():
            self._container.with_env(name, value)
        self._cluster: Cluster | None = None
        self._provided: set[str] = set()
        try:
            self._start()
            self._cluster = Cluster(self.bootstrap_servers, world="container")
            self._await_ready(ready_s)
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        """Start the container; an image that is not there is pulled."""
        from docker.errors import DockerException  # noqa: PLC0415 - an optional extra

        try:
            self._container.start()
        except DockerException as error:
            advice = f"set {IMAGE_VARIABLE} to an image that this machine has or can pull"
            raise BrokerError(f"a container of {self.image} could not be started: {error}; {advice}") from error

    @property
    def cluster(self) -> Cluster:
        """The harness's own clients of it."""
        assert self._cluster is not None, "the broker is closed"
        return self._cluster

    def refuse(self, log: Log, aborted: Aborted = MappingProxyType({})) -> None:
        """Raise Incapable if `log` cannot be told to Kafka."""
        self.cluster.refuse(log, aborted)

    def fresh_topics(self, log: Log, aborted: Aborted = MappingProxyType({})) -> str:
        """Delete the topics of `log` and make them anew with it; the answer is a fresh group id."""
        self.refuse(log, aborted)
        topics = partition_counts(log)
        self.cluster.delete(topics)
        self.cluster.create(topics)
        self.cluster.load(log, aborted)
        return _fresh_group()

    def provide(self, topic: str) -> None:
        """Make it, once; what runs leave in it stays."""
        if topic not in self._provided:
            self.cluster.create({topic: 1})
            self._provided.add(topic)

    def restart(self) -> None:
        """Stop in order, and come back on the same port; returns when it answers again."""
        self._container.get_wrapped_container().restart(timeout=_STOP_S)
        self._await_ready(self._ready_s)

    def close(self) -> None:
        """Remove the container."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        self._container.stop()
        self._container.get_docker_client().client.close()

    def _await_ready(self, ready_s: float) -> None:
        """Wait until the broker's group coordinator answers, which makes its topic at first use."""
        deadline = time.monotonic() + ready_s
        while True:
            try:
                self.cluster.committed(NO_GROUP, [TopicPartition("none", 0)], timeout_s=min(1.0, ready_s))
            except BrokerError as error:
                if time.monotonic() > deadline:
                    reason = f"{self.image} was not ready within {ready_s:.0f} s ({error})"
                    raise BrokerError(f"{reason}; it said:\n{self._last_words()}") from error
                time.sleep(0.1)
            else:
                return

    def _last_words(self) -> str:
        said = b"".join(self._container.get_logs()).decode(errors="replace")
        return "\n".join(said.splitlines()[-20:])


def docker_available() -> str | None:
    """Why containers cannot be run here, or None if they can."""
    try:
        import docker  # noqa: PLC0415 - comes with the optional extra
        import testcontainers.core.container  # noqa: F401, PLC0415
    except ImportError as error:
        return f'a Kafka container needs testcontainers: pip install "onceproof[container]" ({error})'
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a client that cannot connect leaves its socket open
        try:
            with contextlib.closing(docker.from_env(timeout=10)) as client:
                client.ping()
        except docker.errors.DockerException as error:
            reason = f"no Docker engine answers here: {error}"
        else:
            return None
        gc.collect()
        return reason


def _kafka_settings(port: int) -> dict[str, str]:
    """Environment of apache/kafka for one node that serves `port`, fast, and keeps records of any age."""
    forever = str(2**63 - 1)
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://0.0.0.0:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "100",
        "KAFKA_LOG_RETENTION_MS": "-1",
        "KAFKA_LOG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS": forever,
        "KAFKA_LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS": forever,
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


def _fresh_group() -> str:
    return f"onceproof-{uuid.uuid4().hex[:12]}"
