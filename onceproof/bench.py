"""`make bench`: every figure beside its limit or a peer, measured in the same run, as a ratio.

These machines are noisy, so each pair is measured alternately and the median is taken; the ratios are the result.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock

from rich.console import Console
from rich.table import Table

from onceproof import openfiles
from onceproof.model import history as h
from onceproof.model.judge import judge
from onceproof.scenarios import life as life_module
from onceproof.scenarios.configurations import CONFIGURATIONS, JSON
from onceproof.scenarios.explore import effects
from onceproof.scenarios.refinement import FaultFree
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import CommitStep, Fault, PollStep, Rest, Scenario, Start
from onceproof.scenarios.worlds.broker import docker_available
from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, SECRET_KEY, MotoServer
from onceproof.scenarios.worlds.process import container, embedded
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink import task
from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import CreateUpload, Effect, TopicPartition
from onceproof.sink.outside.kafka import KafkaConsumer
from onceproof.sink.outside.worker import Worker
from onceproof.sink.settings.parsing import parse

RECORD_BYTES = 196
_EPOCH_MS = 1_706_713_200_000
CUTS: tuple[Literal["before", "after"], ...] = ("before", "after")


def main() -> int:
    """Measure and print; `--json` for machines."""
    parser = argparse.ArgumentParser(prog="python -m onceproof.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--records", type=int, default=400_000, help="records of the throughput benchmark (400000)")
    parser.add_argument("--repeat", type=int, default=5, help="how often each pair is measured (5)")
    chosen = parser.parse_args()
    console = Console(stderr=chosen.json)
    figures: dict[str, float | str] = {}
    with console.status("crash runs in the simulated world") as status:
        figures |= _simulated(chosen.repeat)
        status.update("scenarios drawn by Hypothesis")
        figures |= _drawn()
        status.update("kill -9 runs in the embedded world")
        figures |= _embedded()
        status.update("memory of open files")
        figures |= openfiles.measured()
        reason = docker_available()
        if reason is None:
            status.update("throughput in the container world")
            figures |= _throughput(chosen.records, chosen.repeat)
        else:
            figures["throughput"] = f"not measured: {reason}"
    if chosen.json:
        print(json.dumps(figures, indent=2))  # noqa: T201 - the command's output
    else:
        table = Table("figure", "value")
        for name, value in figures.items():
            table.add_row(name, value if isinstance(value, str) else f"{value:,.2f}")
        console.print(table)
    return 0


def crash_scenario() -> Scenario:
    """Five records, two closed files, kill -9 between a completed file and its commit, recovery to rest."""
    times = range(_EPOCH_MS, _EPOCH_MS + 10_000, 2000)
    records = tuple(h.Record(i, ms, None, b'{"i":%d}' % i) for i, ms in enumerate(times))
    course = (Fault("complete", 2, None, "after"), Start(), PollStep(5), CommitStep(), Rest())
    return Scenario("bench", CONFIGURATIONS[0].properties, {h.TopicPartition("t", 0): records}, course, _EPOCH_MS)


def crash_scenarios() -> Generator[Scenario, None, None]:
    """Distinct scenarios without end: such a log a second later each time, and on each of them every cut."""
    calm = crash_scenario()
    calm = replace(calm, course=tuple(step for step in calm.course if not isinstance(step, Fault)))
    places = [place._replace(when=when) for place in effects(run(calm, SimulatedWorld())) for when in CUTS]
    for later_ms in count(0, 1000):
        log = {
            partition: tuple(
                [each._replace(timestamp_ms=_EPOCH_MS + later_ms + 2000 * each.offset) for each in records]
            )
            for partition, records in calm.log.items()
        }
        for place in places:
            yield replace(calm, log=log, course=(place, *calm.course))


def _simulated(repeat: int) -> dict[str, float | str]:
    """Real core against the bare simulator: the same effects, from a core that only says what was recorded.

    Every run of the real core is of another scenario; the judge reads each history of it besides.
    """
    scenario, world = crash_scenario(), SimulatedWorld()
    real, judged, bare = [], [], []
    recorded = _recorded_cores(scenario, world)
    scenarios = crash_scenarios()
    for _ in range(repeat):
        real.append(_rate(lambda: run(next(scenarios), world)))
        judged.append(_rate(lambda: judge(run(next(scenarios), world).history)))
        bare.append(_rate(lambda: _run_bare(scenario, world, recorded)))
    return {
        "crash runs/s, simulated, bare loop": statistics.median(bare),
        "crash runs/s, simulated, real core": statistics.median(real),
        "real core as a share of the bare loop": statistics.median(r / b for r, b in zip(real, bare, strict=True)),
        "crash runs/s, simulated, real core and judge": statistics.median(judged),
        "crash runs/min, simulated, real core and judge": 60 * statistics.median(judged),
        "with the judge as a share of the bare loop": statistics.median(
            j / b for j, b in zip(judged, bare, strict=True)
        ),
    }


def _drawn(cases: int = 1000) -> dict[str, float | str]:
    """Hypothesis cases a minute: drawn, run, and compared with the run without faults."""
    try:
        from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 - no dependency of Onceproof

        from onceproof.scenarios import strategies  # noqa: PLC0415 - needs it
    except ImportError:
        return {"Hypothesis cases/min": "not measured: hypothesis is not installed"}
    world, done = SimulatedWorld(), 0

    @settings(
        max_examples=cases,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.scenarios())
    def refines(scenario: Scenario) -> None:
        nonlocal done
        done += 1
        ran = run(scenario, world)
        differences = list(FaultFree.of(scenario.log, scenario.config).differences(ran))
        assert not differences, differences

    began_s = time.perf_counter()
    refines()
    return {"Hypothesis cases/min": 60 * done / (time.perf_counter() - began_s)}


def _rate(act: Callable[[], object], seconds: float = 1.0) -> float:
    """How often an act is done in a second."""
    act()
    count, began_s = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - began_s) < seconds:
        act()
        count += 1
    return count / spent_s


def _recorded_cores(scenario: Scenario, world: SimulatedWorld) -> list[list[Effect]]:
    """The effects of each life of a run, in order."""
    lives: list[list[Effect]] = []

    def recording(config: SinkConfig) -> Generator[Effect, Any, None]:
        core = task.run(config)
        effects: list[Effect] = []
        result: Any = None
        lives.append(effects)
        while True:
            try:
                effect = core.send(result)
            except StopIteration:
                return
            effects.append(effect)
            result = yield effect

    _with_core(recording, scenario, world)
    return lives


def _run_bare(scenario: Scenario, world: SimulatedWorld, lives: list[list[Effect]]) -> None:
    """The same run with cores that decide nothing; upload ids are the bucket's own."""
    waiting = iter(lives)

    def saying(_: SinkConfig) -> Generator[Effect, Any, None]:
        upload_id = ""
        effect: Any
        for effect in next(waiting):
            if hasattr(effect, "upload_id"):
                yield effect._replace(upload_id=upload_id)
                continue
            result = yield effect
            upload_id = result if isinstance(effect, CreateUpload) else upload_id

    _with_core(saying, scenario, world)


def _with_core(core: Any, scenario: Scenario, world: SimulatedWorld) -> None:
    """Run with another core in the place of the sink's."""
    with mock.patch.object(life_module, "task", SimpleNamespace(run=core)):
        run(scenario, world)


def _embedded(runs: int = 20) -> dict[str, float | str]:
    scenario = crash_scenario()
    with embedded() as world:
        run(scenario, world)
        began_s = time.perf_counter()
        for _ in range(runs):
            run(scenario, world)
        return {"kill -9 runs/s, embedded": runs / (time.perf_counter() - began_s)}


# --- throughput ------------------------------------------------------------------------------------------------------


def _throughput(count: int, repeat: int) -> dict[str, float | str]:
    """Records a second of the real sink, beside what a bare consumer drains from the same topic in the same run."""
    figures: dict[str, float | str] = {}
    with container(KAFKA_OPTS="-XX:TieredStopAtLevel=4") as world, _bucket_server() as server:
        partition = h.TopicPartition("bench", 0)
        world.broker.fresh_topics({partition: tuple(_records(count))})
        bootstrap = world.broker.bootstrap_servers
        for name, properties in (("bytes", _BYTES), ("JSON", _JSON)):
            bare, sunk = [], []
            for number in range(max(1, repeat // 2 + 1)):
                bare.append(_drain(bootstrap, count, f"bare-{name}-{number}"))
                sunk.append(_sink(bootstrap, server, properties, count, f"sink-{name}-{number}"))
            shares = [s[0] / b[0] for s, b in zip(sunk, bare, strict=True)]
            figures |= {
                f"records/s, bare consumer, beside {name}": statistics.median(rate for rate, _ in bare),
                f"CPU µs a record, bare consumer, beside {name}": statistics.median(cpu for _, cpu in bare),
                f"records/s, sink, {name}": statistics.median(rate for rate, _ in sunk),
                f"CPU µs a record, sink, {name}": statistics.median(cpu for _, cpu in sunk),
                f"sink as a share of the bare consumer, {name}": statistics.median(shares),
            }
    return figures


class _bucket_server(MotoServer):  # noqa: N801 - used like a function
    """A moto server in `with`."""

    def __enter__(self) -> "_bucket_server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_COMMON = {
    "flush.size": "50000",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
    "topics": "bench",
    "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
    "timestamp.extractor": "Record",
    "timezone": "UTC",
    "locale": "en",
}
_JSON = {**JSON, **_COMMON}
_BYTES = {
    **_COMMON,
    "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
}


def _records(count: int) -> Generator[h.Record, None, None]:
    """JSON objects of 196 bytes, a millisecond apart."""
    for offset in range(count):
        body = (
            f'{{"id":{offset},"kind":"click","user":"u{offset % 1000}","url":"/items/{offset % 77}","ok":true,"text":"'
        )
        yield h.Record(offset, _EPOCH_MS + offset, None, f'{body}{"x" * (RECORD_BYTES - len(body) - 2)}"}}'.encode())


def _drain(bootstrap: str, count: int, group: str) -> tuple[float, float]:
    """Rate and CPU µs a record of a consumer that only counts."""
    consumer = KafkaConsumer(bootstrap, group)
    consumer.assign({TopicPartition("bench", 0): 0})
    seen = consumer.discard(10.0)
    began_s, cpu_s, first = time.perf_counter(), time.process_time(), seen
    while seen < count:
        seen += consumer.discard(1.0)
    counted = count - first
    rate, cpu_us = counted / (time.perf_counter() - began_s), (time.process_time() - cpu_s) / counted * 1e6
    consumer.close()
    return rate, cpu_us


def _sink(
    bootstrap: str, server: MotoServer, properties: dict[str, str], count: int, group: str
) -> tuple[float, float]:
    """The same of a whole worker: group, put, upload, commit; it is stopped when its last file is complete."""
    bucket = server.fresh_bucket()
    world = {
        "s3.bucket.name": bucket,
        "s3.region": REGION,
        "store.url": str(server.endpoint),
        "aws.access.key.id": ACCESS_KEY,
        "aws.secret.access.key": SECRET_KEY,
    }
    worker = _Counting(parse({**properties, **world}), bootstrap, group=group)
    worker.expect(count)
    worker.run()
    return worker.rate()


class _Counting(Worker):
    """A worker that stops itself when it has read what there is."""

    def expect(self, count: int) -> None:
        """How many records there are."""
        self._left = self._count = count
        self._began: tuple[float, float] | None = None

    def _poll(self, timeout_s: float) -> None:
        super()._poll(timeout_s)
        self._left -= self.last_fetched
        if self._began is None and self.last_fetched:
            self._began = time.perf_counter(), time.process_time()
            self._count = self._left
        if self._left <= 0:
            self.stop()

    def rate(self) -> tuple[float, float]:
        """Records a second and CPU µs a record, from the first batch to the end of the last upload and commit."""
        assert self._began is not None
        began_s, cpu_s = self._began
        return self._count / (time.perf_counter() - began_s), (time.process_time() - cpu_s) / self._count * 1e6


if __name__ == "__main__":
    sys.exit(main())
