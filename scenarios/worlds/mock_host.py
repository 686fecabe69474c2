"""The process in which librdkafka's mock clusters live: `python -m onceproof.scenarios.worlds.mock_host`.

One process makes as many clusters as it is asked for, each in about a millisecond, and ends when its input
ends. The clusters are made through librdkafka's C interface (`rdkafka_mock.h`) and not by
`test.mock.num.brokers`, which offers neither the number of partitions, nor a log that starts after 0, nor a
group that forms without 3 s of delay.
"""

import ctypes
import json
import sys
from collections.abc import Mapping
from typing import Any

from confluent_kafka import cimpl

_PRODUCER = 0
_OK = 0


class _Library:
    """The few functions of librdkafka that are needed, found through the client's own extension module."""

    def __init__(self) -> None:
        # A look-up in this handle also searches what the module is linked to: the very librdkafka of the
        # client.
        library = ctypes.CDLL(cimpl.__file__)
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int

        def function(name: str, result: Any, *arguments: Any) -> Any:
            found = getattr(library, name)
            found.restype, found.argtypes = result, arguments
            return found

        self.conf_new = function("rd_kafka_conf_new", pointer)
        self.conf_set = function("rd_kafka_conf_set", number, pointer, text, text, text, ctypes.c_size_t)
        self.client_new = function("rd_kafka_new", pointer, number, pointer, text, ctypes.c_size_t)
        self.cluster_new = function("rd_kafka_mock_cluster_new", pointer, pointer, number)
        self.cluster_destroy = function("rd_kafka_mock_cluster_destroy", None, pointer)
        self.bootstraps = function("rd_kafka_mock_cluster_bootstraps", text, pointer)
        self.topic_create = function("rd_kafka_mock_topic_create", number, pointer, text, number, number)
        self.rebalance_delay = function("rd_kafka_mock_group_initial_rebalance_delay_ms", None, pointer, ctypes.c_int32)
        self.delete_records = function(
            "rd_kafka_mock_partition_delete_records", number, pointer, text, ctypes.c_int32, ctypes.c_int64
        )


class MockClusters:
    """All clusters of this process, by their bootstrap servers."""

    def __init__(self) -> None:
        self._library = _Library()
        reason = ctypes.create_string_buffer(512)
        conf = self._library.conf_new()
        # Errors alone: the missing bootstrap servers of this client, which only carries clusters, are as
        # intended.
        self._library.conf_set(conf, b"log_level", b"3", reason, len(reason))
        self._client = self._library.client_new(_PRODUCER, conf, reason, len(reason))
        if not self._client:
            raise RuntimeError(f"librdkafka made no client: {reason.value.decode()}")
        self._clusters: dict[str, int] = {}

    def fresh(self, topics: Mapping[str, int]) -> str:
        """Bootstrap servers of a new cluster of one broker with `topics` and their numbers of partitions."""
        cluster = self._library.cluster_new(self._client, 1)
        self._library.rebalance_delay(cluster, 0)
        for topic, partitions in topics.items():
            code = self._library.topic_create(cluster, topic.encode(), partitions, 1)
            if code != _OK:
                raise RuntimeError(f"topic {topic!r} with {partitions} partitions: librdkafka error {code}")
        bootstrap = str(self._library.bootstraps(cluster).decode())
        self._clusters[bootstrap] = cluster
        return bootstrap

    def trim(self, bootstrap: str, topic: str, partition: int, first_offset: int) -> None:
        """Delete the records of a partition below `first_offset`."""
        cluster = self._clusters[bootstrap]
        code = self._library.delete_records(cluster, topic.encode(), partition, first_offset)
        if code != _OK:
            raise RuntimeError(f"{topic}-{partition} starting at {first_offset}: librdkafka error {code}")

    def drop(self, bootstrap: str) -> None:
        """End a cluster; its clients lose their connections."""
        self._library.cluster_destroy(self._clusters.pop(bootstrap))


def _do(clusters: MockClusters, request: Mapping[str, Any]) -> dict[str, Any]:
    match request:
        case {"do": "fresh", "topics": dict(topics)}:
            return {"bootstrap": clusters.fresh(topics)}
        case {"do": "trim", "bootstrap": str(bootstrap), "at": [str(topic), int(number), int(first)]}:
            clusters.trim(bootstrap, topic, number, first)
            return {}
        case {"do": "drop", "bootstrap": str(bootstrap)}:
            clusters.drop(bootstrap)
            return {}
    raise ValueError(f"unknown request: {request}")


def main() -> None:
    """Serve one request a line until the input ends."""
    clusters = MockClusters()
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the answers are this module's purpose
    for line in sys.stdin:
        try:
            answer = _do(clusters, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it was, the asking process is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
