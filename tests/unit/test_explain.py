"""`onceproof explain`: the answer on one configuration, its exit code, and the story that it writes."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import cast

import pytest
from measured import Measured
from test_rules import COUNT, FIELDS, HOURS, INTERVAL, KEYS, LETTERS, NULLS, SCHEDULE

from onceproof import cli
from onceproof.scenarios.refuting import RUNS_MAX
from onceproof.scenarios.replay import replay
from onceproof.scenarios.worlds.simulated import SimulatedWorld

RUNS = 30
ZERO = {**INTERVAL, "rotate.schedule.interval.ms": "0"}
PARQUET = {
    **INTERVAL,
    "value.converter.schemas.enable": "true",
    "format.class": "io.confluent.connect.s3.format.parquet.ParquetFormat",
}
AVRO = {
    **{name: text for name, text in INTERVAL.items() if not name.startswith("value.converter")},
    "value.converter": "io.confluent.connect.avro.AvroConverter",
    "value.converter.schema.registry.url": "http://registry",
    "format.class": "io.confluent.connect.s3.format.avro.AvroFormat",
}
DEAD = {**PARQUET, **LETTERS, **KEYS}
_SLOW = {"boto3", "confluent_kafka", "jinja2", "moto", "numpy", "pyarrow", "pydantic", "rich", "testcontainers"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in; in this process a search is given fewer runs, which is enough for what is asked."""
    monkeypatch.chdir(tmp_path)
    for fault in RUNS_MAX:
        monkeypatch.setitem(cast("dict[str, int]", RUNS_MAX), fault, RUNS)
    return tmp_path


def ask(properties: Mapping[str, str], *options: str) -> int:
    """The exit code for a file of these properties."""
    text = "\n".join(f"{name}={value}" for name, value in properties.items())
    Path("my-sink.properties").write_text(text, encoding="utf-8")
    return cli.main(["explain", "my-sink.properties", *options])


def answer(capsys: pytest.CaptureFixture[str], properties: Mapping[str, str], *options: str) -> dict[str, object]:
    """What it says to machines."""
    ask(properties, "--json", *options)
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("properties", "options", "code"),
    [
        (INTERVAL, (), 0),
        (HOURS, (), 0),
        (HOURS, ("--faults", "S3-error"), 1),
        (INTERVAL, ("--faults", "S3 error,lost-reply,commit-refused,expired-offsets"), 0),
        (INTERVAL, ("--faults", "all"), 1),
        (SCHEDULE, (), 1),
        (ZERO, (), 1),
        (DEAD, (), 1),
        (DEAD, ("--assume", "no-dead-letters"), 0),
        ({**INTERVAL, "max.write.duration.ms": "5000"}, (), 1),
        ({**INTERVAL, "flush.size": "many"}, (), 2),
        ({**INTERVAL, "tasks.max": "x"}, (), 2),
        ({**INTERVAL, "tasks.max": "8", "s3.bucket.name": "mine", "store.url": "http://127.0.0.1:1"}, (), 0),
        ({**INTERVAL, "tombstone.encoded.partition": "year="}, (), 2),
    ],
)
def test_the_exit_code_is_the_answer(
    folder: Path, properties: dict[str, str], options: tuple[str, ...], code: int
) -> None:
    """0 if crashes and restarts, and what else is asked, leave identical objects; 1 if not; 2 if it cannot be asked."""
    assert code == ask(properties, *options)


def test_a_sink_that_can_begin_nowhere_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With auto.offset.reset=none and no committed offset no life begins, so that there is nothing to look at."""
    assert 2 == ask({**INTERVAL, "consumer.override.auto.offset.reset": " None"})

    assert "the sink stores no log: no offset is committed at its first start" in capsys.readouterr().err


def test_a_reader_of_the_latest_is_there_before_its_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The search lets them come behind the first start, so that what is lost was never older than the sink."""
    found = answer(capsys, {**INTERVAL, "consumer.override.auto.offset.reset": "latest"}, "--faults", "all")
    story, classes = found["story"], found["faults"]
    assert isinstance(story, dict)
    course = Path(story["file"]).read_text(encoding="utf-8").partition("course:")[2]

    assert 0 <= course.find("- start\n") < course.find("produce: ") < course.find("poll: ")
    assert "at-most-once" == story["guarantee"]
    assert isinstance(classes, list)
    assert {"none", "S3 error", "lost reply"} == {each["fault"] for each in classes if each["holds"]}


@pytest.mark.parametrize("options", [("--faults", "flood"), ("--assume", "no-luck")])
def test_names_that_nobody_knows_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    """With those that there are."""
    with pytest.raises(SystemExit, match="2"):
        ask(INTERVAL, *options)

    assert f"'{options[1]}' is none of " in capsys.readouterr().err


@pytest.mark.parametrize(
    "properties", [SCHEDULE, ZERO, DEAD, NULLS | HOURS, FIELDS], ids=["schedule", "zero", "dead", "nulls", "fields"]
)
def test_the_story_replays_as_it_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], properties: dict[str, str]
) -> None:
    """The file that is named is there, and leaves what it says, in the formats of the configuration."""
    story = answer(capsys, properties)["story"]
    assert isinstance(story, dict)
    replayed = replay(Path(story["file"]), SimulatedWorld())

    assert Path("reports/out/explain/my-sink.yaml") == Path(story["file"])
    assert ("as expected", story["guarantee"]) == (
        replayed.outcome,
        replayed.verdict.guarantee.value if replayed.verdict else None,
    )
    assert "identical objects" != story["guarantee"]


def test_the_story_goes_where_one_wants_it(folder: Path) -> None:
    """With --out."""
    ask(SCHEDULE, "--out", "there/story.yaml")

    assert Path("there/story.yaml").is_file()
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("there", "'there' is a directory; it must name a file"),
        ("my-sink.properties/story.yaml", "cannot be made: 'my-sink.properties' is no directory"),
    ],
)
def test_a_place_where_no_file_can_be_is_refused_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str], out: str, reason: str
) -> None:
    """By the option's name, before any work."""
    Path("there").mkdir()
    with pytest.raises(SystemExit, match="2"):
        ask(SCHEDULE, "--out", out)

    told = capsys.readouterr()
    assert "" == told.out
    assert "argument --out: " in told.err
    assert reason in told.err


def test_what_is_well_has_no_story(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That another flush.size would break it is told, but no story of it, unless one asks."""
    assert answer(capsys, INTERVAL)["story"] is None
    assert not Path("reports").exists()
    assert answer(capsys, INTERVAL, "--faults", "other-flush.size")["story"] is not None


def test_the_answer_is_told_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, faults, reason with the property to blame, story, logs, and what a warning says of it."""
    ask(ZERO)
    lines = capsys.readouterr().out.splitlines()

    assert "my-sink.properties: NOT exactly-once: refuted under crash and two crashes." == lines[0]
    assert [
        "✓ no fault", "✓ restart", "✗ crash", "✗ two crashes", "✓ S3 error", "✗ lost reply", "✗ commit refused",
        "✗ expired offsets", "✗ frozen owner", "✗ other flush.size",
    ] == [line[:18].rstrip() for line in lines[2:12]]  # fmt: skip
    assert "  To blame: enable.conditional.writes=true (default), rotate.schedule.interval.ms=0" in lines
    assert any("stand twice at rest." in line for line in lines)
    assert "  Replay   onceproof replay reports/out/explain/my-sink.yaml --world simulated" in lines
    assert "Logs: in order, late, equal timestamps." in lines
    assert "Not looked at: several partitions." in lines
    assert any(line.startswith("Warning: rotate.schedule.interval.ms: this value rotates nothing") for line in lines)


def test_what_was_not_asked_is_told_behind_the_story(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under a heading of its own: that another flush.size cuts elsewhere is no answer to whether crashes harm."""
    ask(ZERO)
    lines = capsys.readouterr().out.splitlines()
    marks = ("Why 1: a conditional", "The smallest story (", "Beyond what was asked", "Why 2: another flush", "Logs: ")
    places = [[at for at, line in enumerate(lines) if line.startswith(mark)] for mark in marks]

    assert [1] * len(marks) == [len(found) for found in places]
    assert sorted(places) == places


def test_where_all_is_well_every_reason_is_beyond(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its story, and nothing else before the heading."""
    ask(HOURS)
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Beyond what was asked")

    assert "my-sink.properties: exactly-once under no fault, restart, crash and two crashes." == lines[0]
    assert [] == [line for line in lines[:at] if line.startswith(("Why", "The smallest"))]
    assert [1, 1] == [sum(line.startswith(start) for line in lines[at:]) for start in ("Why 1", "The smallest story (")]


def test_nothing_is_beyond_if_all_is_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No heading over nothing."""
    ask(ZERO, "--faults", "all")

    assert "Beyond" not in capsys.readouterr().out


@pytest.mark.parametrize(("runs", "ends"), [(RUNS, False), (100_000, True)])
def test_where_the_logs_run_out_it_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, runs: int, ends: bool
) -> None:
    """Of a configuration that reads no times and knows one kind of record there are few logs of five records."""
    for fault in RUNS_MAX:
        monkeypatch.setitem(cast("dict[str, int]", RUNS_MAX), fault, runs if fault == "crash" else 1)
    ask(COUNT)
    (told,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Evidence: ")]

    assert ends == ("), or all logs up to 5 records are run. `" in told)
    assert "each class of faults until it is refuted or its share is spent (no fault 1, " in told


@pytest.mark.parametrize(
    ("assignors", "applies"),
    [
        ("org.apache.kafka.clients.consumer.CooperativeStickyAssignor", True),
        ("org.apache.kafka.clients.consumer.RangeAssignor", False),
        ("range,cooperative-sticky", False),
    ],
)
def test_of_cooperative_rebalances_one_is_warned(
    folder: Path, capsys: pytest.CaptureFixture[str], assignors: str, applies: bool
) -> None:
    """They close the writers of partitions that are kept (H27), which no world of one partition shows."""
    ask({**INTERVAL, "consumer.override.partition.assignment.strategy": assignors})

    assert applies == ("Beware: consumer.override.partition.assignment.strategy: " in capsys.readouterr().out)


def test_an_assumption_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the first line already, and what it means below."""
    ask(DEAD, "--assume", "no-dead-letters,no-late")
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].endswith("restart, crash and two crashes, assuming no-dead-letters, no-late.")
    assert "Logs: in order, equal timestamps, schema changes." in lines
    assert "Assumed: no-dead-letters: every record can be converted, placed and written." in lines


def test_machines_are_told_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each class of faults with its runs, each rule with its properties and holes."""
    found = answer(capsys, SCHEDULE)
    faults, rules = found["faults"], found["rules"]
    assert isinstance(faults, list)
    assert isinstance(rules, list)
    by_fault = {each["fault"]: each for each in faults}

    assert list(RUNS_MAX) == list(by_fault)
    assert [True, True, False, False] == [by_fault[fault]["holds"] for fault in found["asked"]]  # type: ignore[attr-defined]
    assert all(each["runs"] > 0 and not each["troubles"] for each in faults)
    assert {"rotate.schedule.interval.ms": "60000"} == rules[0]["properties"]
    assert ["H3"] == rules[0]["holes"]
    assert found["exactly_once"] is False
    assert found["logs"] == {
        "alphabet": ["in order", "late", "equal timestamps"],
        "not_looked_at": ["several partitions"],
        "assumed": [],
        "records_max": 5,
    }


def test_a_rule_that_no_small_world_shows_is_believed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the simulation no time passes within a put, so that only the rule speaks of its deadline."""
    found = answer(capsys, {**INTERVAL, "max.write.duration.ms": "5000"})
    rules = found["rules"]
    assert isinstance(rules, list)

    assert (False, None) == (found["exactly_once"], found["story"])
    assert [False, True] == [rule["shown_by_small_worlds"] for rule in rules]


def test_converters_may_stand_in_the_workers_file(folder: Path) -> None:
    """As for `prove`."""
    own = {name: text for name, text in INTERVAL.items() if not name.startswith("value.converter")}
    text = "\n".join(f"{name}={value}" for name, value in INTERVAL.items() if name not in own)
    Path("worker.properties").write_text(text, encoding="utf-8")

    assert 2 == ask(own)
    assert 0 == ask(own, "--worker", "worker.properties")


@pytest.mark.parametrize(
    "properties", [INTERVAL, SCHEDULE, PARQUET, DEAD], ids=["interval", "schedule", "parquet", "dead letters"]
)
def test_an_answer_is_made_of_few_runs(
    folder: Path, capsys: pytest.CaptureFixture[str], properties: dict[str, str], measured: Measured
) -> None:
    """A bounded number, whatever the configuration, which is what makes it quick; its time is told, not tested."""
    found = answer(capsys, properties)
    runs = sum(each["runs"] for each in found["faults"])  # type: ignore[attr-defined]
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "onceproof", "explain", "my-sink.properties"], check=False, capture_output=True
    )
    after = getrusage(RUSAGE_CHILDREN)

    spent_s = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    measured(f"{runs} runs, {spent_s:.1f} s of the processor for the whole process")
    assert 0 < runs <= 2 * sum(RUNS_MAX.values())


@pytest.mark.parametrize("properties", [INTERVAL, AVRO], ids=["json", "avro"])
def test_an_answer_loads_no_client_and_no_renderer(folder: Path, properties: dict[str, str]) -> None:
    """What takes long to load, and is not needed where all is well."""
    ask(properties)
    program = (
        "import sys; from onceproof import cli; "
        "assert cli.main(['explain', 'my-sink.properties']) == 0; print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert set() == _SLOW & set(done.stderr.split())


def test_the_readme_shows_what_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line for line, as far as it is shown."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("$ .venv/bin/onceproof explain my-sink.properties\n")
    shown = [line for line in rest.partition("\n```")[0].splitlines() if line != "[…]"]
    ask(ZERO)
    told = capsys.readouterr().out.splitlines()

    assert 3 == len(shown)
    assert shown == [line for line in told if line in shown]
