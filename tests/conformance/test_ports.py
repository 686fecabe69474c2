"""One suite for the ports, run against every world: so is what the simulation says of brokers and buckets."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from onceproof.model import history as h
from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, SECRET_KEY
from onceproof.scenarios.worlds.process import CONSUMER, ProcessWorld
from onceproof.scenarios.worlds.simulated import MemoryBroker, MemoryBucket, sink_log
from onceproof.scenarios.worlds.zygote import ConsumerSource
from onceproof.sink.effects import Poll, Record, TopicPartition
from onceproof.sink.errors import StoreError
from onceproof.sink.outside.kafka import KafkaConsumer
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.ports import ObjectStore, OffsetStore
from onceproof.sink.settings.parsing import parse

KEY = "topics/t/año=1/t+0+0000000000.json"
WORLDS = ["simulated", "embedded", pytest.param("container", marks=pytest.mark.container)]
P, Q = TopicPartition("t", 0), TopicPartition("t", 1)
LOG: h.Log = {
    h.TopicPartition("t", 0): tuple(
        h.Record(offset, 1_706_713_200_000 + offset, b"k" if offset % 2 else None, b'{"i":%d}' % offset)
        for offset in range(5, 12)
    ),
    h.TopicPartition("t", 1): (h.Record(0, 1_700_000_000_000, None, b"\x00\xff"), h.Record(1, 1, None, None)),
}
NONE_PAUSED = Poll({}, frozenset())


@dataclass(frozen=True)
class Bucket:
    """The store port of a world, and what stands behind it."""

    store: ObjectStore
    versions: Callable[[], list[tuple[str, bytes]]]
    unfinished: Callable[[], tuple[str, ...]]

    def put(self, *parts: bytes, if_absent: bool = False) -> str:
        """One object of these parts; returns its version id."""
        upload_id = self.store.create_upload(KEY)
        etags = tuple(self.store.upload_part(KEY, upload_id, number, part) for number, part in enumerate(parts, 1))
        return self.store.complete_upload(KEY, upload_id, etags, if_absent=if_absent)


@dataclass(frozen=True)
class Broker:
    """Source and offsets of a world with LOG in it."""

    source: object
    offsets: OffsetStore
    committed: Callable[[], Mapping[TopicPartition, int]]

    def take(
        self, positions: Mapping[TopicPartition, int], count: int, poll: Poll = NONE_PAUSED
    ) -> dict[TopicPartition, list[Record]]:
        """What one scripted poll gives, without partitions that gave nothing."""
        taken = self.source.take(positions, count, poll)  # type: ignore[attr-defined]
        return {partition: records for partition, records in taken.items() if records}


def process_world(request: pytest.FixtureRequest) -> ProcessWorld:
    """The world of that name."""
    world: ProcessWorld = request.getfixturevalue(f"{request.param}_world")
    return world


@pytest.fixture(params=WORLDS)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """An empty one."""
    if request.param == "simulated":
        memory = MemoryBucket()
        return Bucket(
            memory,
            lambda: [(version.key, version.body) for key in memory.by_key for version in memory.by_key[key]],
            lambda: tuple(sorted(key for key, _ in memory.uploads.values())),
        )
    server = process_world(request)._server
    name = server.fresh_bucket()
    config = parse(
        {
            "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
            "flush.size": "3",
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "storage.class": "io.confluent.connect.s3.storage.S3Storage",
            "s3.bucket.name": name,
            "s3.region": REGION,
            "store.url": str(server.endpoint),
            "aws.access.key.id": ACCESS_KEY,
            "aws.secret.access.key": SECRET_KEY,
        }
    )
    return Bucket(
        S3Store(config),
        lambda: [(version.key, version.body) for version in server.versions(name)],
        lambda: server.unfinished_uploads(name),
    )


@pytest.fixture(params=WORLDS)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One that holds LOG, with a group that has no offsets and both partitions assigned from their first records."""
    if request.param == "simulated":
        memory = MemoryBroker(sink_log(LOG))
        yield Broker(memory, memory, lambda: dict(memory.committed))
        return
    real = process_world(request).broker
    group = real.fresh_topics(LOG)
    consumer = KafkaConsumer(real.bootstrap_servers, group, CONSUMER)
    source = ConsumerSource(consumer, {P: 12, Q: 2})
    source.assign({P: 5, Q: 0})
    partitions = list(LOG)
    yield Broker(
        source,
        consumer,
        lambda: {TopicPartition(*tp): at for tp, at in real.cluster.committed(group, partitions).items()},
    )
    consumer.close()


def test_an_upload_is_visible_when_it_is_completed_and_not_before(bucket: Bucket) -> None:
    """Until then it is an unfinished upload; its parts are joined in their order, and the last may be empty."""
    upload_id = bucket.store.create_upload(KEY)
    etags = tuple(bucket.store.upload_part(KEY, upload_id, at, b"%d" % at * 5_242_880) for at in (1, 2))
    last = bucket.store.upload_part(KEY, upload_id, 3, b"")
    before = bucket.versions(), bucket.unfinished(), bucket.store.head_object(KEY)
    bucket.store.complete_upload(KEY, upload_id, (*etags, last), if_absent=False)

    assert ([], (KEY,), "missing") == before
    assert [(KEY, b"1" * 5_242_880 + b"2" * 5_242_880)] == bucket.versions()
    assert () == bucket.unfinished()
    assert "exists" == bucket.store.head_object(KEY)


def test_a_second_object_of_one_name_is_a_second_version(bucket: Bucket) -> None:
    """Both are kept, the older first, and their ids differ."""
    ids = [bucket.put(b"old"), bucket.put(b"new")]

    assert [(KEY, b"old"), (KEY, b"new")] == bucket.versions()
    assert 2 == len({*ids})


def test_a_conditional_completion_does_not_replace(bucket: Bucket) -> None:
    """It is refused for good, did nothing, and leaves its upload behind; on a free name it is a completion."""
    bucket.put(b"first", if_absent=True)
    with pytest.raises(StoreError) as refused:
        bucket.put(b"second", if_absent=True)

    assert ("PreconditionFailed", 412) == (refused.value.code, refused.value.status)
    assert (False, "not applied") == (refused.value.retry, refused.value.outcome)
    assert [(KEY, b"first")] == bucket.versions()
    assert (KEY,) == bucket.unfinished()


def test_an_aborted_upload_leaves_nothing(bucket: Bucket) -> None:
    """Neither an object nor an unfinished upload."""
    upload_id = bucket.store.create_upload(KEY)
    bucket.store.upload_part(KEY, upload_id, 1, b"x")
    bucket.store.abort_upload(KEY, upload_id)

    assert ([], ()) == (bucket.versions(), bucket.unfinished())


def test_a_poll_gives_so_many_next_records_of_each_partition(broker: Broker) -> None:
    """Offset, time, key and value as they stand in the log, from its first offset; fewer at the end, then none."""
    log = sink_log(LOG)
    first = broker.take({P: 5, Q: 0}, 3)
    second = broker.take({P: 8, Q: 2}, 500)

    assert {P: list(log[P][:3]), Q: list(log[Q])} == first
    assert {P: list(log[P][3:])} == second
    assert {} == broker.take({P: 12, Q: 2}, 500)


def test_a_poll_of_none_and_a_paused_partition_give_nothing(broker: Broker) -> None:
    """What a paused partition holds comes when it is paused no more."""
    log = sink_log(LOG)

    assert {} == broker.take({P: 5, Q: 0}, 0)
    assert {Q: list(log[Q][:1])} == broker.take({P: 5, Q: 0}, 1, Poll({}, frozenset({P})))
    assert {P: list(log[P][:1]), Q: list(log[Q][1:])} == broker.take({P: 5, Q: 1}, 1)


def test_reading_goes_on_where_it_is_set_back_to(broker: Broker) -> None:
    """Only for the partition that is set back; the other goes on where it was."""
    log = sink_log(LOG)
    broker.take({P: 5, Q: 0}, 4)

    assert {P: list(log[P][1:3])} == broker.take({P: 6, Q: 2}, 2, Poll({P: 6}, frozenset()))


def test_committed_offsets_are_the_groups(broker: Broker) -> None:
    """A group begins with none; a commit names some partitions, and may go backwards."""
    before = broker.committed()
    broker.offsets.commit({P: 9, Q: 1})
    broker.offsets.commit({P: 7})

    assert {} == before
    assert {P: 7, Q: 1} == broker.committed()
