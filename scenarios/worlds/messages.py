"""What a world and a life of the sink in another process say to each other; pickled, within one release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onceproof.model import history as h
from onceproof.scenarios.scenario import Fault, Pause
from onceproof.sink.effects import Poll, TopicPartition


@dataclass(frozen=True, slots=True)
class Birth:
    """What a life is begun with; `world_properties` (endpoint, bucket, credentials) stay out of the history."""

    number: int
    properties: Mapping[str, str]
    world_properties: Mapping[str, str]
    bootstrap_servers: str
    group: str
    consumer_settings: Mapping[str, Any]
    schemas: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Order:
    """One call of a method of `Life`, with clock, pauses, faults, an outage and the ends of the log as they stand."""

    method: str
    arguments: tuple[Any, ...]
    now_ms: int
    pauses: tuple[Pause, ...]
    faults: tuple[Fault, ...]
    outage: str | None
    ends: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it; `killed` says that the process waits for its kill -9, `broken` why the world failed.

    A `frozen` one waits for the order to thaw. Where a `trigger` is due, or a pause of `pause_ms` is over, the process
    stands where it is until the next order, which has no method.
    """

    events: tuple[h.Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    pauses: tuple[Pause, ...] = ()
    state: str = "running"
    poll_request: Poll | None = None
    positions: Mapping[TopicPartition, int] | None = None
    killed: bool = False
    frozen: bool = False
    trigger: Fault | None = None
    pause_ms: int | None = None
    broken: str | None = None
