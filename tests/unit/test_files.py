"""The scenario file: what is written reads back the same, and every error says where, what, and what is allowed."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import PROFILE

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios import files, strategies
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.scenario import (
    Allowed,
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    Expectation,
    ExpireOffsets,
    Fault,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    RestartBroker,
    Restore,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)

MINIMAL = """\
onceproof: 1
name: minimal
config: {flush.size: 1}
log: {records: [{offset: 0, timestamp_ms: 1, value: x}]}
course: [start]
"""
RECORDS = "{records: [{offset: 0, timestamp_ms: 1, value: x}]}"
T0 = TopicPartition("t", 0)

# --- any scenario at all, also those that could not run

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"\A[a-z0-9][a-z0-9.-]{0,20}\Z")
PARTITIONS = st.builds(TopicPartition, st.sampled_from(["t", "a-1", "ü topic: x"]), st.integers(0, 3))
BYTES = st.none() | st.binary(max_size=12) | TEXTS.map(str.encode)
CONFIGS = st.dictionaries(TEXTS, TEXTS, max_size=4)
OFFSETS = st.lists(st.integers(0, 2**63), max_size=4).map(tuple)


@st.composite
def any_log(draw: st.DrawFn) -> Log:
    """Ascending offsets with gaps, any bytes, partitions with and without records."""
    log = {}
    for partition in draw(st.lists(PARTITIONS, unique=True, max_size=3)):
        offsets = sorted(draw(st.sets(st.integers(0, 2**62), max_size=4)))
        log[partition] = tuple(
            Record(
                offset,
                draw(st.none() | st.integers(-(2**63), 2**63 - 1)),
                draw(BYTES),
                draw(BYTES),
                draw(st.lists(st.tuples(TEXTS, BYTES), max_size=2).map(tuple)),
            )
            for offset in offsets
        )
    return log


def any_step(partitions: list[TopicPartition]) -> st.SearchStrategy[Step]:
    """Every kind of step, over the partitions of a log."""
    some = st.lists(st.sampled_from(partitions), max_size=3).map(tuple) if partitions else st.just(())
    one = st.none() | st.sampled_from(partitions) if partitions else st.none()
    every = st.sampled_from(partitions) if partitions else st.nothing()
    positions = st.dictionaries(every, st.integers(0, 99), max_size=2) if partitions else st.just({})
    commit_whens = st.sampled_from(["before", "late", "unsent"])
    answers = st.sampled_from(["503", "429", "SlowDown", "200", "403", "412", "ExpiredToken", "io"])
    nths = st.integers(1, 1000)
    return st.one_of(
        st.builds(Start, st.dictionaries(TEXTS, st.none() | TEXTS, max_size=3), st.none() | some, st.integers()),
        st.builds(PollStep, st.integers(0, 10**6)),
        st.sampled_from(
            [CommitStep(), Crash(), StopStep(), ExpireOffsets(), Thaw(), Arrive(), Restore(), RestartBroker()]
        ),
        st.builds(Rebalance, some, st.sampled_from(["eager", "lost", "cooperative"])),
        st.builds(Clock, st.none() | st.integers(), st.integers()),
        st.builds(
            Fault,
            st.sampled_from(["create", "part", "complete", "abort"]),
            nths,
            one,
            st.sampled_from(["before", "after"]),
            answers | st.sampled_from(["crash", "freeze"]),
            st.none(),
        ),
        st.builds(Fault, st.just("commit"), nths, st.none(), commit_whens, st.just("io"), st.none()),
        st.builds(
            Fault, st.sampled_from(["create", "head"]), nths, one, st.just("before"), st.just("arrive"), st.none()
        ),
        st.builds(Fault, st.just("part"), nths, one, st.just("before"), st.just("thaw"), st.none() | st.integers(1, 9)),
        st.builds(Fault, st.just("head"), nths, one, st.just("before"), answers, st.none()),
        st.builds(Thaw, st.integers(1, 9)),
        st.builds(Pause, st.integers(1, 99), st.integers(1, 9)),
        st.builds(Outage, answers),
        st.builds(Trim, every, st.integers(0, 99)),
        st.builds(Compact, every, st.lists(st.integers(0, 99), min_size=1, max_size=3).map(tuple)),
        st.builds(Produce, st.integers(1, 99)),
        st.builds(Foreign, TEXTS.filter(bool), st.binary(max_size=9)),
        st.builds(SetOffsets, positions),
        st.builds(Rest, st.integers(1, 10**6)),
    )


@st.composite
def any_scenario(draw: st.DrawFn) -> Scenario:
    """Whatever a file can say, sensible or not."""
    log = draw(any_log())
    partitions = list(log)
    some = st.sampled_from(partitions) if partitions else st.nothing()
    findings = st.builds(
        Allowed,
        st.sampled_from(["lost", "duplicated", "re-encoded", "stuck"]),
        TEXTS.filter(bool),
        st.none() | some,
        st.none() | OFFSETS,
    )
    return Scenario(
        name=draw(NAMES),
        config=draw(CONFIGS),
        log=log,
        course=tuple(draw(st.lists(any_step(partitions), min_size=1, max_size=6))),
        clock_ms=draw(st.integers()),
        about=draw(TEXTS),
        source=tuple(draw(st.lists(TEXTS, max_size=2))),
        seed=draw(st.none() | st.integers()),
        expect=Expectation(
            draw(st.sampled_from(["none", "at-least-once", "identical objects"])),
            tuple(draw(st.lists(findings, max_size=2))),
            draw(st.none() | st.dictionaries(TEXTS, OFFSETS, max_size=2)),
            draw(st.none() | st.dictionaries(some, st.integers(0, 2**62), max_size=min(2, len(partitions)))),
        ),
    )


@settings(PROFILE, max_examples=300)
@given(any_scenario())
def test_what_is_written_reads_back_the_same(scenario: Scenario) -> None:
    """For every scenario, whatever its texts, bytes and numbers; and equal scenarios give equal bytes."""
    text = files.dump(scenario)

    assert scenario == files.parse(text, "file")
    assert text == files.dump(files.parse(text, "file"))


@settings(PROFILE, max_examples=50)
@given(strategies.scenarios())
def test_scenarios_that_run_read_back_the_same(scenario: Scenario) -> None:
    """What a search draws can be kept as a file."""
    assert scenario == files.parse(files.dump(scenario), "file")


@settings(PROFILE, max_examples=300)
@given(TEXTS | st.text("onceproof: 1\n[]{}-?&*!|>'\"%@`,#<0x=.\t", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in a file, it is a scenario or a ScenarioError."""
    for whole in (text, MINIMAL + text, MINIMAL.replace("x}", f"{text}}}")):
        try:
            files.parse(whole, "file")
        except ScenarioError as error:
            told = str(error)
        else:
            told = "file: "

        assert told.startswith("file: ")


@pytest.mark.parametrize(
    "log",
    [
        "{generated: {seed: 7, count: 20, partitions: 2, gap_ms: [0, 500], late_share: 0.25, start_ms: 1000}}",
        "{topic: clicks, generated: {seed: 7, count: 3, gap_ms: [1, 2], start_ms: 0}}",
        "{topic: s, jsonl: {file: lines.jsonl, timestamp_field: at, key_field: id, partitions: 2}}",
    ],
)
def test_a_log_that_is_made_stays_as_it_was_said(log: str, tmp_path: Path) -> None:
    """A generator or a file is written back as such, not as its thousand records."""
    (tmp_path / "lines.jsonl").write_text('{"at": 5, "id": "k"}\n{"at": 6, "id": null}\n')

    scenario = files.parse(MINIMAL.replace(RECORDS, log), "file", tmp_path)
    text = files.dump(scenario)

    assert yaml.safe_load(log) == yaml.safe_load(text)["log"]
    assert scenario == files.parse(text, "file", tmp_path)
    assert any(scenario.log.values())


def test_a_run_of_records_is_expanded() -> None:
    """`count` records from an offset on, with the offset in the value, before and after single ones."""
    run = "{run: {offset: 5, count: 2, timestamp_ms: 10, step_ms: 7}}"
    log = f"{{records: [{{offset: 3, timestamp_ms: 1, value: x}}, {run}]}}"

    scenario = files.parse(MINIMAL.replace(RECORDS, log), "file")

    assert {
        T0: (Record(3, 1, None, b"x"), Record(5, 10, None, b'{"i":5}'), Record(6, 17, None, b'{"i":6}'))
    } == scenario.log


def test_property_values_are_texts_however_they_are_written() -> None:
    """Numbers and booleans of YAML become what a .properties file would hold; null in a start removes."""
    text = MINIMAL.replace("{flush.size: 1}", "{a: 1, b: true, c: 'x', d: '007'}")

    scenario = files.parse(text.replace("[start]", "[{start: {config: {a: false, b: null}}}]"), "file")

    assert {"a": "1", "b": "true", "c": "x", "d": "007"} == scenario.config
    assert (Start({"a": "false", "b": None}),) == scenario.course


def test_a_file_needs_little() -> None:
    """What is not said has a default: no clock, no origin, and identical objects."""
    scenario = files.parse(MINIMAL, "file")

    assert Scenario("minimal", {"flush.size": "1"}, {T0: (Record(0, 1, None, b"x"),)}, (Start(),), 0) == scenario
    assert "identical objects" == scenario.expect.guarantee


def test_steps_without_details_are_words() -> None:
    """The canonical text is as short as a person's."""
    course = (Start(), PollStep(3), Fault("part", 2), Clock(add_ms=5), CommitStep(), Rest())
    scenario = replace(files.parse(MINIMAL, "file"), course=course)

    assert """\
course:
  - start
  - {poll: 3}
  - {fault: {at: part, nth: 2, when: before, kind: crash}}
  - {clock: {add_ms: 5}}
  - commit
  - rest
""" in files.dump(scenario)


ALL_STEPS = (
    "arrive, clock, commit, compact, crash, expire_offsets, fault, foreign, offsets, outage, pause, poll, produce, "
    "rebalance, rest, restart_broker, restore, start, stop, thaw, trim"
)


def with_course(step: str) -> str:
    """The minimal file with a second step."""
    return MINIMAL.replace("[start]", f"[start, {step}]")


def with_record(record: str) -> str:
    """The minimal file with a second record."""
    return MINIMAL.replace("value: x}", f"value: x}}, {record}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # --- the file as a whole
        ("", "must be a mapping that begins with 'onceproof: 1'"),
        ("- onceproof: 1", "must be a mapping that begins with 'onceproof: 1'"),
        ("onceproof: [", "not YAML: while parsing a flow node"),
        ("[" * 5000, "not YAML: maximum recursion depth exceeded"),
        (
            MINIMAL.replace("onceproof: 1", "onceproof: 2"),
            "onceproof: 2 is not a version that this release reads; it reads 1",
        ),
        (MINIMAL.replace("onceproof: 1\n", ""), "onceproof: None is not a version that this release reads; it reads 1"),
        (
            MINIMAL.replace("onceproof: 1", "onceproof: true"),
            "onceproof: True is not a version that this release reads",
        ),
        (MINIMAL + "name: again\n", "not YAML: 'name' stands twice"),
        (MINIMAL.replace("{flush.size: 1}", "{a: 1, a: 2}"), "not YAML: 'a' stands twice"),
        (MINIMAL + "[a]: b\n", "not YAML: a name must be a text"),
        (MINIMAL.replace("value: x", "value: 2024-13-45"), "not YAML: month must be in 1..12"),
        (MINIMAL.replace("value: x", "value: !!python/none x"), "not YAML: could not determine a constructor"),
        (
            MINIMAL + "expct: {}\n",
            "'expct' is no name here; names are onceproof, name, about, source, seed, clock_ms, config, log, schemas,",
        ),
        (MINIMAL.replace("name: minimal", "name: Two words"), "name: String should match pattern"),
        (MINIMAL.replace("name: minimal\n", ""), "name: Field required"),
        (MINIMAL.replace("{flush.size: 1}", "[1]"), "config: Input should be a valid dictionary, found [1]"),
        (MINIMAL.replace("{flush.size: 1}", "{a: 1.5}"), "config.a.str: Input should be a valid string, found 1.5"),
        # --- steps
        (with_course("strat"), f"course[1]: 'strat' is not a step; steps are {ALL_STEPS}"),
        (with_course("{pol: 3}"), f"course[1]: {{'pol': 3}} is not a step; steps are {ALL_STEPS}"),
        (with_course("{poll: 3, rest: {}}"), "course[1]: {'poll': 3, 'rest': {}} is not a step"),
        (with_course("null"), "course[1]: None is not a step"),
        (with_course("[start]"), "course[1]: ['start'] is not a step"),
        (with_course("{stop: {}}"), "course[1]: {'stop': {}} is not a step"),
        (with_course("{poll: -1}"), "course[1].poll: Input should be greater than or equal to 0, found -1"),
        (with_course("{poll: all}"), "course[1].poll: Input should be a valid integer"),
        (with_course("{rest: {poll: 0}}"), "course[1].rest.poll: Input should be greater than or equal to 1, found 0"),
        (
            with_course("{fault: {at: commit, of: t-0}}"),
            "course[1].fault: of 't-0' goes with S3 requests only: one commit is for all partitions",
        ),
        (
            with_course("{fault: {at: put}}"),
            "fault.at: Input should be 'create', 'part', 'complete', 'abort', 'tag', 'head', 'dead letter' or 'commit'",
        ),
        (
            with_course("{fault: {at: part, kind: '404'}}"),
            "course[1].fault.kind: Input should be '429', '500', ",
        ),
        (
            with_course("{fault: {at: create, when: late, kind: io}}"),
            "course[1].fault: when: late goes with kind: io and at: complete, abort, tag, commit",
        ),
        (with_course("{fault: {at: part, when: unsent}}"), "when: unsent goes with kind: io"),
        (with_course("{fault: {at: part, when: after, kind: thaw}}"), "kind: thaw happens before its effect"),
        (with_course("{fault: {at: head}}"), "at: head goes with when: before and an answer or a trigger"),
        (with_course("{fault: {at: part, effects: 1}}"), "effects goes with kind: thaw"),
        (with_course("{offsets: {t-7: 0}}"), "course[1]: t-7 is no partition of the log"),
        (with_course("{trim: {of: t-7, before: 1}}"), "course[1]: t-7 is no partition of the log"),
        (with_course("{fault: {at: part, nth: 0}}"), "course[1].fault.nth: Input should be greater than or equal to 1"),
        (
            with_course("{fault: {at: part, nht: 2}}"),
            "course[1].fault: 'nht' is no name here; names are at, nth, of, when, kind",
        ),
        (
            with_course("{fault: {at: part, of: t}}"),
            r"course[1].fault.of: String should match pattern '^.+-\d+$', found 't'",
        ),
        (
            with_course("{fault: {at: part, of: t-1}}"),
            "course[1]: t-1 is no partition of the log; its partitions are t-0",
        ),
        (with_course("{rebalance: [u-0]}"), "course[1]: u-0 is no partition of the log; its partitions are t-0"),
        (with_course("{start: {assign: [t-0, t-9]}}"), "course[1]: t-9 is no partition of the log"),
        (with_course("{start: {props: {}}}"), "course[1].start: 'props' is no name here; names are config, assign"),
        (MINIMAL.replace("[start]", "[]"), "course: List should have at least 1 item"),
        (MINIMAL.replace("[start]", "start"), "course: Input should be a valid list, found 'start'"),
        # --- the log
        (with_record("{offset: 0, timestamp_ms: 2}"), "log.records.1: offset 0 of t-0 does not ascend"),
        (
            with_record("{run: {offset: 0, count: 2, timestamp_ms: 1, step_ms: 1}}"),
            "log.records.1: offset 0 of t-0 does not ascend",
        ),
        (
            with_record("{offset: -1, timestamp_ms: 2}"),
            "log.records.1.offset: Input should be greater than or equal to 0, found -1",
        ),
        (with_record("{offset: 1}"), "log.records.1.timestamp_ms: Field required"),
        (
            with_record("{offset: 1, timestamp_ms: 2, vlaue: y}"),
            "log.records.1: 'vlaue' is no name here; names are offset, timestamp_ms, value, key, headers, partition,",
        ),
        (
            with_record("{run: {offset: 1, count: 0, timestamp_ms: 1, step_ms: 1}}"),
            "log.records.1.run.count: Input should be greater",
        ),
        (with_record("{offset: 1, timestamp_ms: 2, value: {base64: 'a'}}"), "must be base64"),
        (
            with_record("{offset: 1, timestamp_ms: 2, value: {base64: '****'}}"),
            "must be base64: Only base64 data is allowed, found '****'",
        ),
        (
            MINIMAL.replace(RECORDS, "{}"),
            "log: must have exactly one of records, generated, flights, jsonl; found none",
        ),
        (
            MINIMAL.replace(RECORDS, "{records: [], flights: {months: [1]}}"),
            "log: must have exactly one of records, generated, flights, jsonl; found ['records', 'flights']",
        ),
        (
            MINIMAL.replace(RECORDS, "{empty: [t-0], flights: {months: [1]}}"),
            "log.empty: belongs to records, found it beside flights",
        ),
        (
            MINIMAL.replace(RECORDS, "{flights: {months: [13]}}"),
            "log.flights.months.0: Input should be less than or equal to 12, found 13",
        ),
        (
            MINIMAL.replace(RECORDS, "{flights: {months: [1, 3]}}"),
            "log.flights.months: must ascend without a gap, found [1, 3]",
        ),
        (
            MINIMAL.replace(RECORDS, "{generated: {seed: 1, count: 3, gap_ms: [5, 2], start_ms: 0}}"),
            "log: gap_ms must hold at least one gap and none below 0",
        ),
        (MINIMAL.replace(RECORDS, "{jsonl: {file: none.jsonl, timestamp_field: at}}"), "none.jsonl: cannot be read"),
        # --- what is expected
        (
            MINIMAL + "expect: {garantee: none}\n",
            "expect: 'garantee' is no name here; names are guarantee, findings, objects, committed",
        ),
        (
            MINIMAL + "expect: {guarantee: exactly-once}\n",
            (
                "expect.guarantee: Input should be 'none', 'at-most-once', 'at-least-once', 'once at rest', "
                "'once at all times' or 'identical objects', found 'exactly-once'"
            ),
        ),
        (
            MINIMAL + "expect: {findings: [{kind: dup, because: x}]}\n",
            "expect.findings.0.kind: Input should be 'lost', 'duplicated'",
        ),
        (MINIMAL + "expect: {findings: [{kind: lost}]}\n", "expect.findings.0.because: Field required"),
        (
            MINIMAL + "expect: {findings: [{kind: lost, because: ''}]}\n",
            "expect.findings.0.because: String should have at least 1 character",
        ),
        (MINIMAL + "expect: {committed: {t: 3}}\n", "expect.committed.t"),
        (
            MINIMAL + "expect: {committed: {u-0: 3}}\n",
            "expect.committed: u-0 is no partition of the log; its partitions are t-0",
        ),
    ],
)
def test_errors_name_the_place_the_value_and_what_is_allowed(text: str, told: str) -> None:
    """And they begin with the file."""
    with pytest.raises(ScenarioError) as raised:
        files.parse(text, "story.yaml")

    assert told in str(raised.value)
    assert str(raised.value).startswith("story.yaml: ")


def test_all_problems_are_told_at_once() -> None:
    """One line each, so that a file is mended in one go."""
    text = MINIMAL.replace("name: minimal", "name: A").replace("{flush.size: 1}", "3")

    with pytest.raises(ScenarioError) as raised:
        files.parse(text, "story.yaml")

    assert ["story.yaml: name", "story.yaml: config"] == [
        ": ".join(line.split(": ")[:2]) for line in str(raised.value).splitlines()
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or no text."""
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")

    for name in ("missing.yaml", ".", "bytes.yaml"):
        with pytest.raises(ScenarioError, match=r": cannot be read: ") as raised:
            files.load(tmp_path / name)

        assert str(raised.value).startswith(str(tmp_path / name))


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    """A typo, a wrong step and a missing reason are underlined in an editor too."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = files.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    assert validator.is_valid(yaml.safe_load(MINIMAL))
    for wrong in (
        MINIMAL + "expct: {}\n",
        with_course("strat"),
        with_course("{poll: -1}"),
        with_record("{offset: 1}"),
        MINIMAL + "expect: {findings: [{kind: lost}]}\n",
    ):
        assert not validator.is_valid(yaml.safe_load(wrong))


def test_the_schema_describes_every_step_and_log() -> None:
    """Its title names the version, and nothing that the reader takes is left out."""
    schema = files.json_schema()

    assert "Onceproof scenario, version 1" == schema["title"]
    assert {"start", "poll", "clock", "fault", "rebalance", "rest"} <= {
        name for part in schema["$defs"].values() for name in part.get("properties", {})
    }
    assert {"topic", "records", "empty", "generated", "flights", "jsonl"} == set(
        schema["$defs"]["LogPart"]["properties"]
    )
    assert schema["additionalProperties"] is False
