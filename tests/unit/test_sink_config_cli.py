"""`onceproof sink config`: the list of properties, and the check of a file, for people and for machines."""

import argparse
import json
from pathlib import Path

import pytest

from onceproof import sink_config_cli
from onceproof.sink.settings.properties import PROPERTIES

GOOD = {
    "name": "n",
    "topics": "t",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
BAD = {**GOOD, "flush.size": "x", "s3.wan.mode": "true", "aws.secret.access.key": "s3cr3t", "nothing": "1"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    parser = argparse.ArgumentParser()
    sink_config_cli.add_parser(parser.add_subparsers())
    chosen = parser.parse_args(["config", *arguments])
    code = chosen.run(chosen, "onceproof")
    return code, capsys.readouterr().out


def file(folder: Path, properties: dict[str, str]) -> str:
    """A file with these properties."""
    path = folder / "sink.json"
    path.write_text(json.dumps(properties))
    return str(path)


def test_the_list_has_every_property(capsys: pytest.CaptureFixture[str]) -> None:
    """With type and default, or that it is required."""
    code, told = run(capsys, "--list")

    assert 0 == code
    assert list(PROPERTIES) == [line.split()[0] for line in told.splitlines() if line[:2] == "  " and line[2] != " "]
    assert "  flush.size (INT, required)\n" in told
    assert "  retry.backoff.ms (LONG, 5000)\n" in told


def test_the_list_as_json_is_made_of_definitions(capsys: pytest.CaptureFixture[str]) -> None:
    """In the form of Connect's REST interface."""
    code, told = run(capsys, "--list", "--json")
    found = {each["name"]: each for each in json.loads(told)}

    assert 0 == code
    assert list(PROPERTIES) == list(found)
    assert {
        "name": "s3.part.retries",
        "type": "INT",
        "required": False,
        "default_value": "3",
        "importance": "MEDIUM",
        "documentation": "Attempts at one request, the first included.",
        "group": "S3",
        "width": "LONG",
        "display_name": "S3 Part Retries",
        "dependents": [],
        "order": 23,
    } == found["s3.part.retries"]
    assert [True, None] == [found["flush.size"][key] for key in ("required", "default_value")]


def test_a_right_file_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and one line."""
    path = file(tmp_path, GOOD)

    assert (0, f"{path}: valid\n") == run(capsys, path)


def test_what_is_wrong_and_what_is_doubtful_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and a line for each, errors first."""
    path = file(tmp_path, BAD)
    code, told = run(capsys, path)

    assert 1 == code
    assert [
        f"{path}: 3 errors",
        "error: flush.size: invalid value 'x': must be a whole number",
        "error: s3.wan.mode: invalid value 'true': must be false, or s3.path.style.access.enabled false",
        "error: s3.path.style.access.enabled: invalid value 'true': must be false, because s3.wan.mode is true",
        "warning: nothing: unknown property, ignored",
    ] == told.splitlines()


def test_the_answer_has_the_form_of_connects_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, count of errors, groups, and for each property its definition and value; no secret shows."""
    code, told = run(capsys, file(tmp_path, BAD), "--json")
    found = json.loads(told)
    by_name = {each["definition"]["name"]: each for each in found["configs"]}

    assert 1 == code
    assert ("io.confluent.connect.s3.S3SinkConnector", 3) == (found["name"], found["error_count"])
    assert ["Common", "Converters", "Transforms", "Error Handling", "Connector", "S3"] == found["groups"][:6]
    assert {
        "name": "flush.size",
        "value": "x",
        "recommended_values": [],
        "errors": ["invalid value 'x': must be a whole number"],
        "visible": True,
    } == by_name["flush.size"]["value"]
    assert "[hidden]" == by_name["aws.secret.access.key"]["value"]["value"]
    assert "s3cr3t" not in told
    assert "shutdown.timeout.ms" not in by_name
    assert ["none", "gzip"] == by_name["s3.compression.type"]["value"]["recommended_values"]


@pytest.mark.parametrize(
    ("partitioner", "visible"),
    [
        ("DefaultPartitioner", []),
        ("FieldPartitioner", ["partition.field.name"]),
        ("DailyPartitioner", ["locale"]),
        ("HourlyPartitioner", ["locale"]),
        ("TimeBasedPartitioner", ["partition.duration.ms", "path.format", "locale"]),
    ],
)
def test_only_what_the_partitioner_uses_is_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], partitioner: str, visible: list[str]
) -> None:
    """The others would have no effect."""
    given = {**GOOD, "partitioner.class": f"io.confluent.connect.storage.partitioner.{partitioner}"}
    _, told = run(capsys, file(tmp_path, given), "--json")
    asked = ("partition.field.name", "partition.duration.ms", "path.format", "locale")
    found = {each["value"]["name"]: each["value"]["visible"] for each in json.loads(told)["configs"]}

    assert visible == [name for name in asked if found[name]]


def test_a_problem_of_a_transform_is_in_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under its own name, which is in no table."""
    given = {**GOOD, "transforms": "a", "transforms.a.type": "org.example.Mine"}
    code, told = run(capsys, file(tmp_path, given), "--json")
    last = json.loads(told)["configs"][-1]

    assert 1 == code
    assert "transforms.a.type" == last["definition"]["name"]
    assert "org.example.Mine" in last["value"]["errors"][0]


def test_the_answer_for_a_missing_property_has_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And one error."""
    given = {name: value for name, value in GOOD.items() if name != "flush.size"}
    _, told = run(capsys, file(tmp_path, given), "--json")
    [found] = [each["value"] for each in json.loads(told)["configs"] if each["value"]["name"] == "flush.size"]

    assert (None, ["is required and has no default"]) == (found["value"], found["errors"])


@pytest.mark.parametrize("arguments", [[], ["a.properties", "--list"]])
def test_a_file_or_the_list(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """One of them must be asked for, and not both."""
    with pytest.raises(SystemExit) as caught:
        run(capsys, *arguments)

    assert 2 == caught.value.code
