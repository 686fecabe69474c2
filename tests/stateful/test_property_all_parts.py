"""The claim over all parts of the sink: whatever is configured, read and broken, it does what the model says.

Sink and model were written apart, from the reference alone, so that what they agree in is not one mistake made twice.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping

from hypothesis import event, given, settings
from measured import Measured
from profiles import PROFILE, examples

from onceproof.model import history as h
from onceproof.scenarios import wide
from onceproof.scenarios.refinement import (
    FaultFree,
    LifeOfWriter,
    broken_rules,
    differences_of_bucket,
    lives_of,
    predicted_bucket,
)
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.worlds.simulated import SimulatedWorld

EXAMPLES = 1500
CALM_EXAMPLES = 600
KINDS = ("crash", "crash", "503", "io", "403")


def parts_of(ran: Run) -> Iterator[str]:
    """What a run had and did, each part once for each time."""
    for life in lives_of(ran):
        yield from objects_of(life)
        yield from records_of(ran, life)
    for each in ran.history.events:
        match each:
            case h.DeadLettered(applied=True):
                yield "dead letter"
            case h.Rewound():
                yield "rewind"
            case h.Ended(how=how):
                yield f"life {how}"
            case h.Requested(request="tag", applied=True):
                yield "tagged object"
            case h.Changed(what=what) if what.startswith("fault: "):
                yield "fault"
            case h.Requested(request="head"):
                yield "name that was taken"
    yield from (f"text of a {version.key.rpartition('.')[2]} object" for version in ran.history.versions)


def objects_of(life: LifeOfWriter) -> Iterator[str]:
    """The objects that one life had to write."""
    rules, raw = life.writer.rules, life.writer.config
    formats = {layout.kind: layout.format for layout in rules.layouts}
    together: Counter[tuple[int, str, int]] = Counter()
    for made in life.prediction.expected.objects:
        yield f"{made.kind} object in {formats[made.kind]}"
        if made.kind == "value":
            yield f"rotation by {made.cause}"
            yield raw["partitioner.class"].rpartition(".")[2] + " object"
            yield f"object from {raw['value.converter'].rpartition('.')[2]}"
            yield f"object under {rules.compatibility}"
            yield f"object under {rules.clock.replace('none', 'no')} time"
            together[made.pass_index, made.cause, len(made.offsets)] += 1
        if made.target is not None:
            yield f"projection {'forward' if rules.compatibility == 'FORWARD' else 'backward'}"
        if made.kind == "key" and any(life.prediction.view.inputs.item(each).is_tombstone for each in made.offsets):
            yield "tombstones in a key object"
        if "schema_name=" in made.key:
            yield "object of a schema's directory"
        if raw.get("transforms"):
            yield "object behind transforms"
    yield from ("several files open" for count in together.values() if count > 1)
    for letter in life.prediction.expected.dead_letters:
        yield f"record refused at {letter.stage}"
    if life.prediction.expected.failed:
        yield "death of a record"


def records_of(ran: Run, life: LifeOfWriter) -> Iterator[str]:
    """What is told of single records."""
    inputs = life.prediction.view.inputs
    log = ran.history.log[life.writer.partition]
    yield from ("filtered record" for _ in range(len(log) - len(inputs.items)))
    schemas = [item.schema for item in inputs.items if item.schema is not None]
    for before, after in itertools.pairwise(schemas):
        if before is not after and before == after:
            yield "equal schema of another text"
        elif before != after:
            yield "change of schema"
    for item in inputs.items:
        if item.time_ms is not None and not 0 <= item.time_ms < wide.FAR_MS[-1]:
            yield "time before 1970 or behind 9999"


AT_LEAST: Mapping[str, int] = {
    **dict.fromkeys([f"value object in {each}" for each in ("json", "avro", "parquet", "bytes")], 100),
    **dict.fromkeys([f"key object in {each}" for each in ("json", "avro", "parquet", "bytes")], 50),
    **dict.fromkeys([f"headers object in {each}" for each in ("json", "avro", "parquet")], 50),
    **dict.fromkeys([f"text of a {each} object" for each in ("json", "avro", "parquet", "gz", "bin")], 50),
    **dict.fromkeys(
        [f"{each}Partitioner object" for each in ("Default", "Field", "TimeBased", "Daily", "Hourly")], 100
    ),
    **dict.fromkeys([f"object from {each}Converter" for each in ("Avro", "ByteArray", "Json", "String")], 100),
    **dict.fromkeys([f"object under {each} time" for each in ("no", "field", "record", "wallclock")], 100),
    **dict.fromkeys([f"object under {each}" for each in ("NONE", "BACKWARD", "FORWARD", "FULL")], 30),
    **dict.fromkeys([f"rotation by {each}" for each in ("flush.size", "interval", "schedule", "schema")], 100),
    **dict.fromkeys([f"rotation by {each}" for each in ("partition change", "schema flip", "open files")], 10),
    **dict.fromkeys([f"record refused at {each}" for each in ("conversion", "null", "partition", "write")], 20),
    **dict.fromkeys([f"life {each}" for each in ("stopped", "killed", "failed")], 200),
    **dict.fromkeys(["projection backward", "projection forward"], 1),
    "change of schema": 500,
    "equal schema of another text": 50,
    "object of a schema's directory": 100,
    "several files open": 100,
    "tombstones in a key object": 30,
    "time before 1970 or behind 9999": 100,
    "object behind transforms": 100,
    "filtered record": 50,
    "dead letter": 200,
    "death of a record": 10,
    "fault": EXAMPLES // 3,
    "rewind": 50,
    "name that was taken": 1,
    "tagged object": 50,
}
"""How often each part must have been there: nothing passes by drawing nothing. Once for what is rare.

On a desk, where each run draws other scenarios, every part must be there, however often.
"""


def test_sink_and_model_agree_under_any_fault(measured: Measured) -> None:
    """Each life writes, reports, commits and dies as the model predicts from what it saw, over all parts of the sink.

    Crashes at any cut, restarts, rebalances, changed properties, refused requests and lost replies.
    """
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=examples(EXAMPLES))
    @given(wide.wide_scenarios(kinds=KINDS))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        counts["examples"] += 1
        counts.update(parts_of(ran))
        event(f"state: {ran.state}")

        assert [] == list(broken_rules(ran))

    property_holds()

    measured(", ".join(f"{number:,} {part}" for part, number in sorted(counts.items())))
    needed = AT_LEAST if PROFILE.derandomize else dict.fromkeys(AT_LEAST, 1)
    assert {} == {part: counts[part] for part, least in needed.items() if counts[part] < least}


def test_the_bucket_is_the_models_without_faults(measured: Measured) -> None:
    """Name for name and text for text, however the log is split into polls; and where no clock is read, the one bucket.

    Which polls there were matters where a record that is refused may begin an interval (reference 7.3 H13).
    """
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=examples(CALM_EXAMPLES))
    @given(wide.wide_scenarios(is_calm=True))
    def property_holds(scenario: Scenario) -> None:
        ran = run(scenario, SimulatedWorld())
        lives = lives_of(ran)
        counts["examples"] += 1
        counts["objects"] += len(ran.history.versions)

        assert [] == list(broken_rules(ran))
        assert [] == list(differences_of_bucket(predicted_bucket(ran), ran))
        if ran.state == "stopped" and not is_of_its_polls(lives):
            counts["of one bucket"] += 1
            fault_free = FaultFree.of(scenario.log, scenario.config, scenario.schemas)

            assert [] == list(fault_free.differences(ran))

    property_holds()

    measured(", ".join(f"{number:,} {what}" for what, number in counts.items()))
    assert CALM_EXAMPLES < counts["objects"]
    assert CALM_EXAMPLES // 3 < counts["of one bucket"]


def is_of_its_polls(lives: list[LifeOfWriter]) -> bool:
    """Whether polls or clock have a part in what goes where."""
    return any(
        life.writer.rules.is_clocked or (life.writer.rules.interval_ms > 0 and life.prediction.expected.dead_letters)
        for life in lives
    )
