"""Records made for a configuration: whatever it reads, places and writes, small worlds of it can be looked at."""

import json
from pathlib import Path

import pytest

from onceproof import cli
from onceproof.model import history as h
from onceproof.model.judge import judge
from onceproof.scenarios import files, fitting
from onceproof.scenarios.configurations import CONFIGURATIONS, Configuration, of_user
from onceproof.scenarios.explore import calm, explore
from onceproof.scenarios.run import DEFAULTS, Run, run
from onceproof.scenarios.suitability import Unsuitable, require_suitable
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.settings.parsing import parse

_S3 = "io.confluent.connect.s3.format"
JSON, AVRO, PARQUET, BYTES = (
    {"format.class": f"{_S3}.{name}"}
    for name in ("json.JsonFormat", "avro.AvroFormat", "parquet.ParquetFormat", "bytearray.ByteArrayFormat")
)
JSON_KEYS = {"store.kafka.keys": "true", "keys.format.class": JSON["format.class"]}
JSON_HEADERS = {"store.kafka.headers": "true", "headers.format.class": JSON["format.class"]}
_CONNECT = "org.apache.kafka.connect"
ENVELOPE = {"value.converter": f"{_CONNECT}.json.JsonConverter"}
PLAIN = {**ENVELOPE, "value.converter.schemas.enable": "false"}
REGISTRY = {
    "value.converter": "io.confluent.connect.avro.AvroConverter",
    "value.converter.schema.registry.url": "http://registry",
}
TEXT = {"value.converter": f"{_CONNECT}.storage.StringConverter"}
RAW = {"value.converter": f"{_CONNECT}.converters.ByteArrayConverter"}
_PARTITIONERS = "io.confluent.connect.storage.partitioner"
FIELDS = {"partitioner.class": f"{_PARTITIONERS}.FieldPartitioner", "partition.field.name": "region"}
BY_FIELD_TIME = {
    "partitioner.class": f"{_PARTITIONERS}.HourlyPartitioner",
    "locale": "en",
    "timezone": "UTC",
    "timestamp.extractor": "RecordField",
    "timestamp.field": "event.at",
    "rotate.interval.ms": "3000",
}
TOMBSTONES = {**JSON_KEYS, "behavior.on.null.values": "write"}
AVRO_KEYS = {
    "key.converter": "io.confluent.connect.avro.AvroConverter",
    "key.converter.schema.registry.url": "http://registry",
    "store.kafka.keys": "true",
    "keys.format.class": AVRO["format.class"],
}
LETTERS = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "letters"}


def transform(name: str, **settings: str) -> dict[str, str]:
    """One transform of Kafka Connect; underscores in names of settings are dots."""
    given = {f"transforms.x.{key.replace('_', '.')}": text for key, text in settings.items()}
    return {"transforms": "x", "transforms.x.type": f"{_CONNECT}.transforms.{name}", **given}


KEPT = {
    **transform("Filter", predicate="p", negate="true"),
    "predicates": "p",
    "predicates.p.type": f"{_CONNECT}.transforms.predicates.HasHeaderKey",
    "predicates.p.name": "keep",
}

CASES: dict[str, tuple[int, dict[str, str]]] = {
    "text": (1, {**TEXT, **JSON}),
    "text as Avro": (1, {**TEXT, **AVRO, "avro.codec": "deflate"}),
    "bytes": (1, {**RAW, **BYTES}),
    "bytes as JSON": (1, {**RAW, **JSON}),
    "bytes of an envelope": (1, {**ENVELOPE, **BYTES}),
    "plain JSON": (1, {**PLAIN, **JSON, "s3.compression.type": "gzip"}),
    "plain JSON as Avro": (1, {**PLAIN, **AVRO}),
    "time of a field, plain": (1, {**PLAIN, **JSON, **BY_FIELD_TIME}),
    "time of a field, envelope": (1, {**ENVELOPE, **AVRO, **BY_FIELD_TIME}),
    "time of a field, Avro": (1, {**REGISTRY, **PARQUET, **BY_FIELD_TIME}),
    "fields of envelopes": (2, {**ENVELOPE, **JSON, **FIELDS}),
    "nested fields": (2, {**ENVELOPE, **PARQUET, **FIELDS, "partition.field.name": "at.region, b"}),
    "fields of Avro": (2, {**REGISTRY, **AVRO, **FIELDS}),
    "one open file": (2, {**REGISTRY, **JSON, **FIELDS, "partitioner.max.open.files": "1"}),
    "keys": (1, {**REGISTRY, **AVRO, **AVRO_KEYS}),
    "keys in an envelope": (
        1,
        {**PLAIN, **JSON, **JSON_KEYS, "key.converter": f"{_CONNECT}.json.JsonConverter"},
    ),
    "headers": (1, {**ENVELOPE, **JSON, **JSON_HEADERS}),
    "headers in envelopes": (
        1,
        {
            **ENVELOPE,
            **PARQUET,
            "store.kafka.headers": "true",
            "header.converter": f"{_CONNECT}.json.JsonConverter",
            "headers.format.class": PARQUET["format.class"],
        },
    ),
    "tombstones": (2, {**ENVELOPE, **JSON, **TOMBSTONES}),
    "tombstones amid fields": (3, {**REGISTRY, **PARQUET, **FIELDS, **TOMBSTONES}),
    "nulls left out": (1, {**ENVELOPE, **JSON, "behavior.on.null.values": "ignore"}),
    "nulls as dead letters": (1, {**ENVELOPE, **JSON, **LETTERS, "behavior.on.null.values": "ignore"}),
    "affix before": (2, {**REGISTRY, **AVRO, "s3.schema.partition.affix.type": "PREFIX"}),
    "affix behind, compatible": (
        2,
        {**REGISTRY, **AVRO, "s3.schema.partition.affix.type": "SUFFIX", "schema.compatibility": "FULL"},
    ),
    "tags": (1, {**ENVELOPE, **PARQUET, "s3.object.tagging": "true"}),
    "a field taken out": (2, {**ENVELOPE, **PARQUET, **FIELDS, **transform("ExtractField$Value", field="after")}),
    "a field put in": (
        1,
        {**REGISTRY, **AVRO, **FIELDS, **transform("InsertField$Value", static_field="region", static_value="eu")},
    ),
    "a field renamed": (
        2,
        {**REGISTRY, **JSON, **FIELDS, **transform("ReplaceField$Value", renames="area:region", exclude="secret")},
    ),
    "fields left over": (
        2,
        {**ENVELOPE, **PARQUET, **FIELDS, **transform("ReplaceField$Value", include="region,n")},
    ),
    "a key taken out": (
        1,
        {
            **PLAIN,
            **JSON,
            **JSON_KEYS,
            "key.converter": f"{_CONNECT}.json.JsonConverter",
            **transform("ExtractField$Key", field="id"),
        },
    ),
    "only what has a header": (1, {**ENVELOPE, **JSON, **KEPT}),
}
"""How many directories the records open, and the properties."""


def row(properties: dict[str, str]) -> Configuration:
    """As a user's file would come to it."""
    given = {"flush.size": "1000", "key.converter": f"{_CONNECT}.storage.StringConverter", **properties}
    return of_user("sink.properties", given, parse({**DEFAULTS, **given}))


def calm_run(properties: dict[str, str]) -> Run:
    """A fault-free run of the log that was made for a configuration."""
    user = row(properties)
    return run(calm(user.properties, user.bound("none")), SimulatedWorld())


@pytest.mark.parametrize(("directories", "properties"), CASES.values(), ids=CASES)
def test_the_log_that_is_made_for_a_configuration_is_stored(directories: int, properties: dict[str, str]) -> None:
    """Objects appear in as many directories as can be open, the sink ends in order, and a file says the same."""
    ran = calm_run(properties)
    verdict = judge(ran.history)
    scenario = ran.scenario

    assert "stopped" == ran.state
    assert ("identical objects", ()) == (verdict.guarantee.value, verdict.not_observed)
    assert directories == len({version.key.rpartition("/")[0] for version in ran.history.versions})
    assert (scenario.log, scenario.schemas) == (
        (again := files.parse(files.dump(scenario), "again.yaml")).log,
        again.schemas,
    )


@pytest.mark.parametrize("each", CONFIGURATIONS, ids=lambda each: each.name)
def test_built_in_configurations_keep_their_logs(each: Configuration) -> None:
    """Plain JSON of the offset alone, without keys, headers and schemas."""
    assert h.Record(2, 7, None, b'{"i":2}') == fitting.record(each.properties, 2, 7)
    assert {} == fitting.schemas(each.properties)


def test_a_path_of_the_time_is_nested_in_plain_json() -> None:
    """The value holds the time where RecordField looks for it."""
    record = fitting.record(row({**PLAIN, **JSON, **BY_FIELD_TIME}).properties, 1, 99)

    assert b'{"i":1,"event":{"at":99}}' == record.value


def test_nulls_that_would_end_the_sink_are_not_made() -> None:
    """Where nulls are reported and nothing is tolerated, the records are values."""
    deadly = {**ENVELOPE, **JSON, "behavior.on.null.values": "ignore", "errors.log.enable": "true"}
    properties = row(deadly).properties

    assert fitting.record(properties, 2, 0).value is not None
    assert fitting.record({**properties, "errors.tolerance": "all"}, 2, 0).value is None


@pytest.mark.parametrize("fault", ["S3 error", "lost reply"])
def test_several_directories_leave_duplicates(fault: str) -> None:
    """Reference 7.3 H1: what was completed before the file that failed is written again."""
    user = row({**ENVELOPE, **JSON, **FIELDS, "flush.size": "3"})
    found = explore(user.properties, fault, user.bound(fault), SimulatedWorld())

    assert ("at-least-once", ()) == (found.guarantee.value, found.troubles)


def test_a_crash_strikes_at_dead_letters_too() -> None:
    """Dead letters are effects, between which a small world crashes."""
    letters = {**ENVELOPE, **JSON, **LETTERS, "behavior.on.null.values": "ignore", "flush.size": "2"}
    user = row(letters)
    found = explore(user.properties, "crash", user.bound("crash"), SimulatedWorld())

    assert ("identical objects", ()) == (found.guarantee.value, found.troubles)


# --- what cannot be asked --------------------------------------------------------------------------------------------


def lines(*values: object) -> h.Log:
    """A log of JSON values without keys."""
    records = [h.Record(at, 1_000 * at, None, json.dumps(value).encode()) for at, value in enumerate(values)]
    return {h.TopicPartition("t", 0): tuple(records)}


REGION = {"type": "struct", "fields": [{"field": "region", "type": "string"}]}


@pytest.mark.parametrize(
    ("told", "properties"),
    [
        ('value.converter=org.apache.kafka.connect.json.JsonConverter: offset 0 of t-0 holds {"n": 1}: ', ENVELOPE),
        ("value.converter=io.confluent.connect.avro.AvroConverter: ", REGISTRY),
        ("timestamp.field=event.at: ", {**PLAIN, **BY_FIELD_TIME}),
        ("store.kafka.keys=true: ", {**PLAIN, **JSON_KEYS}),
        ("store.kafka.headers=true: ", {**PLAIN, **JSON_HEADERS}),
        ("value.converter=", {**ENVELOPE, **LETTERS}),
    ],
)
def test_a_log_that_does_not_fit_is_told_by_property(told: str, properties: dict[str, str]) -> None:
    """The property that decides it comes first, then what the log holds; also where all records are skipped."""
    with pytest.raises(Unsuitable) as caught:
        require_suitable(row({**JSON, **properties}).properties, lines({"n": 1}, {"n": 2}))

    assert str(caught.value).startswith(told)


def test_a_missing_field_is_told() -> None:
    """FieldPartitioner dies of values without its field."""
    value = {"schema": {"type": "struct", "fields": [{"field": "n", "type": "int32"}]}, "payload": {"n": 1}}
    with pytest.raises(Unsuitable, match=r"^partition.field.name=region: offset 0 of t-0 holds "):
        require_suitable(row({**ENVELOPE, **JSON, **FIELDS}).properties, lines(value))


def test_a_log_that_fits_is_taken() -> None:
    """Envelopes are read as they are, and a record that is skipped amid others is no obstacle."""
    value = {"schema": REGION, "payload": {"region": "eu"}}
    require_suitable(row({**ENVELOPE, **JSON, **FIELDS}).properties, lines(value, value))
    require_suitable(row({**ENVELOPE, **JSON, **LETTERS}).properties, lines({"n": 1}, value))


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (
            {**JSON, "value.converter": f"{_CONNECT}.converters.IntegerConverter"},
            f"sink.properties: value.converter='{_CONNECT}.converters.IntegerConverter' is outside the model",
        ),
        (
            {**ENVELOPE, **JSON, **transform("RegexRouter", regex=".*", replacement="y")},
            "sink.properties: the sink stores no log, even one that was made for it: y-0: offset 0 has no writer",
        ),
    ],
)
def test_what_cannot_be_judged_is_told_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    properties: dict[str, str],
    told: str,
) -> None:
    """In one line with exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    given = {"flush.size": "9", "key.converter": f"{_CONNECT}.storage.StringConverter", **properties}
    Path("sink.properties").write_text("".join(f"{name}={text}\n" for name, text in given.items()), encoding="utf-8")

    code = cli.main(["prove", "--config", "sink.properties", "--world", "simulated"])
    captured = capsys.readouterr()

    assert (2, "") == (code, captured.out)
    assert captured.err.startswith(f"onceproof: {told}")
    assert 1 == captured.err.count("\n")
    assert not Path("reports").exists()


def test_a_real_log_is_looked_at_before_processes_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to do about it stands in the line."""
    monkeypatch.chdir(tmp_path)
    given = {"flush.size": "9", "key.converter": f"{_CONNECT}.storage.StringConverter", **PLAIN, **JSON, **JSON_KEYS}
    Path("sink.properties").write_text("".join(f"{name}={text}\n" for name, text in given.items()), encoding="utf-8")
    Path("clicks.jsonl").write_text('{"at": 1}\n', encoding="utf-8")

    log = ("--log", "clicks.jsonl", "--timestamp-field", "at")
    code = cli.main(["prove", "--config", "sink.properties", "--world", "embedded", *log])

    assert 2 == code
    assert (
        'onceproof: sink.properties: store.kafka.keys=true: offset 0 of t-0 holds {"at": 1}: a null key while keys are '
        "stored. `--world simulated` makes logs that fit, or give one that does: `--log FILE.jsonl` with "
        "`--key-field`\n"
    ) == capsys.readouterr().err
