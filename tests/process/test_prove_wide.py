"""`onceproof prove --config` of sinks that use more than plain JSON: verdicts, and stories that replay."""

import json
from pathlib import Path

import pytest

from onceproof import cli

_S3 = "io.confluent.connect.s3.format"
_KEYS = "store.kafka.keys=true\nkeys.format.class="
FIELDS = f"""
format.class={_S3}.json.JsonFormat
flush.size=3
partitioner.class=io.confluent.connect.storage.partitioner.FieldPartitioner
partition.field.name=region
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
"""
AVRO = f"""
format.class={_S3}.avro.AvroFormat
flush.size=2
key.converter=io.confluent.connect.avro.AvroConverter
key.converter.schema.registry.url=http://registry:8081
value.converter=io.confluent.connect.avro.AvroConverter
value.converter.schema.registry.url=http://registry:8081
{_KEYS}{_S3}.avro.AvroFormat
"""
TOMBSTONES = f"""
format.class={_S3}.json.JsonFormat
flush.size=3
s3.compression.type=gzip
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
behavior.on.null.values=write
{_KEYS}{_S3}.json.JsonFormat
"""


@pytest.mark.parametrize(
    ("config", "weaker"),
    [
        pytest.param(FIELDS, {"S3 error": "at-least-once", "lost reply": "at-least-once"}, id="fields"),
        pytest.param(AVRO, {}, id="avro with keys"),
        pytest.param(TOMBSTONES, {"S3 error": "once at all times"}, id="tombstones"),
    ],
)
def test_a_wide_configuration_is_proved_and_its_stories_replay(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    config: str,
    weaker: dict[str, str],
) -> None:
    """The exit code says whether objects stay identical; every story that was written comes to the same again."""
    monkeypatch.chdir(tmp_path)
    Path("sink.properties").write_text(config, encoding="utf-8")

    code = cli.main(["prove", "--config", "sink.properties", "--world", "simulated", "--json", "--out", "out"])
    [table] = json.loads(capsys.readouterr().out)["comparisons"]
    cells = table["rows"][0]["cells"]

    assert weaker == {each["fault"]: each["guarantee"] for each in cells if each["guarantee"] != "identical objects"}
    assert all(each["runs"] for each in cells)
    assert (1 if weaker else 0) == code
    if weaker:
        assert 0 == cli.main(["replay", "out/scenarios"])
