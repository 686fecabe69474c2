"""The sink against recordings of the real one: the same course of events leaves the same effects, step by step."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from recordings import recordings, scenario_of

from onceproof.model import history as h
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Start
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.errors import ConfigError

STATES = {"none": "NONE", "running": "RUNNING", "stopped": "STOPPED", "killed": "CRASHED", "failed": "FAILED"}
BOTH_REFUSE = "the real sink does not start either"
REFUSED = {
    BOTH_REFUSE: 10,
    "behavior.on.null.values": 8,
    "errors.tolerance": 1,
    "filename.offset.zero.pad.width": 1,  # 0: the real sink starts, and dies of the first name
    "format.class": 15,
    "partition.duration.ms": 1,  # 0: the real sink starts, and dies of the first record
    "partitioner.class": 6,
    "partitioner.max.open.files": 2,
    "path.format": 4,  # texts, which need a locale
    "s3.compression.type": 11,
    "s3.schema.partition.affix.type": 2,
    "schema.compatibility": 5,
    "store.kafka.headers": 5,
    "store.kafka.keys": 6,
    "value.converter": 1,  # no bytes for ByteArrayFormat: the real sink starts, and dies of the first record
    "value.converter.schemas.enable": 4,
}
"""Why this sink does not start with the properties of a recording, by the first property that it names."""


def refusal(recording: Mapping[str, Any]) -> str | None:
    """Why the sink refuses the properties of a case; None if it starts every time that the case starts it."""
    scenario = scenario_of(recording["case"])
    starts = tuple(step for step in scenario.course if isinstance(step, Start))
    try:
        run(replace(scenario, course=starts), SimulatedWorld())
    except ConfigError as error:
        steps = recording["expect"]["steps"]
        if any(step["op"] == "start" and step.get("state") in ("REJECTED", "FAILED") for step in steps):
            return BOTH_REFUSE
        return error.problems[0].name
    return None


REASONS = [(refusal(each), each) for each in recordings()]
SUPPORTED = [pytest.param(each, id=each["case"]["id"]) for reason, each in REASONS if reason is None]


@pytest.mark.parametrize("recording", SUPPORTED)
def test_the_sink_does_what_the_real_one_did(recording: dict[str, Any]) -> None:
    """Records delivered, objects, commits and rewinds by step; bodies of all versions, and what is left at the end."""
    wanted = recording["expect"]

    ran = run(scenario_of(recording["case"]), SimulatedWorld())

    assert [recorded_step(step) for step in wanted["steps"]] == list(sink_steps(ran, wanted["steps"]))
    assert recorded_bodies(wanted) == bodies(ran)
    assert wanted["committed"] == {str(partition): offset for partition, offset in ran.history.committed.items()}
    assert wanted["final_state"] == STATES[ran.state]
    assert wanted["orphan_multipart_uploads"] == len(ran.history.unfinished_uploads)


def test_what_the_sink_refuses_is_counted() -> None:
    """277 recordings are compared; each of the others is refused for a reason that is named."""
    refused = Counter(reason for reason, _ in REASONS if reason is not None)

    assert REFUSED == refused
    assert 277 == len(SUPPORTED)
    assert 359 == len(REASONS)


def recorded_step(step: Mapping[str, Any]) -> dict[str, Any]:
    """What the real sink did in one step, as far as the outside can see it."""
    ignored = step.get("ignored_by_framework", {})
    return {
        "delivered": step.get("delivered", {}),
        "puts": sorted(step.get("puts", [])),
        "committed": {name: offset for name, offset in _answers(step) if name not in ignored},
        "rewind": step.get("rewind", {}),
    }


def _answers(step: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield from step.get("pre_commit", {}).items()
    failed = step.get("on_fail", {})
    yield from (
        (name, offset)
        for name, offset in failed.get("pre_commit", {}).items()
        if name not in failed.get("ignored_by_framework", {})
    )


def sink_steps(ran: Run, recorded: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same of our sink. A commit names every partition of the task; only those with recorded news are compared."""
    positions: dict[h.TopicPartition, int] = {}
    committed: dict[str, int] = {}
    for mark, wanted in zip(ran.marks, recorded, strict=True):
        found: dict[str, Any] = {"delivered": {}, "puts": [], "committed": {}, "rewind": {}}
        for event in ran.history.events[mark.first : mark.end]:
            match event:
                case h.Opened(_, partition, offset):
                    positions[partition] = offset
                case h.Put(_, partition, end_offset):
                    offsets = [r.offset for r in ran.history.log[partition] if r.offset < end_offset]
                    offsets = [offset for offset in offsets if offset >= positions[partition]]
                    if offsets:
                        found["delivered"][str(partition)] = [offsets[0], offsets[-1], len(offsets)]
                    positions[partition] = end_offset
                case h.Rewound(_, partition, offset) if offset is not None:
                    positions[partition] = offset
                    found["rewind"][str(partition)] = offset
                case h.Requested(request="complete", key=key, applied=True):
                    found["puts"].append(key)
                case h.Committed(_, offsets_by_partition):
                    committed |= {str(partition): offset for partition, offset in offsets_by_partition.items()}
        if not any(isinstance(event, h.Put) for event in ran.history.events[mark.first : mark.end]):
            found["delivered"] = wanted.get("delivered", {})  # refused before any writer saw it: there is no trace
        found["puts"].sort()
        news = recorded_step(wanted)["committed"]
        found["committed"] = {name: committed[name] for name in news if name in committed}
        yield found


def recorded_bodies(wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Digests of all versions, by key."""
    return {seen["key"]: [version["sha256"] for version in seen["versions"]] for seen in wanted["objects"]}


def bodies(ran: Run) -> dict[str, list[str]]:
    """The same of our bucket."""
    found: dict[str, list[str]] = {}
    for version in ran.history.versions:
        found.setdefault(version.key, []).append(hashlib.sha256(version.body).hexdigest())
    return found
