"""A connector's properties from files: Java's format, and JSON as Connect's REST interface takes it."""

from pathlib import Path

import pytest

from onceproof.sink.errors import ConfigError
from onceproof.sink.settings.propertyfiles import passed_over, read_config, read_properties


def test_a_properties_file_is_read_as_java_reads_it(tmp_path: Path) -> None:
    """Comments, continuations, escapes, all three delimiters, blanks before values and duplicates."""
    path = tmp_path / "sink.properties"
    path.write_bytes(
        b"# a comment\n"
        b"! another = one\r\n"
        b"\n"
        b"name = my\\\n"
        b"      -sink\n"
        b"   flush.size:3\n"
        b"topics   a,b\n"
        b"path.format='year'=YYYY/'month'=MM\n"
        b"file.delim=\\u002B\n"
        b"a\\=b\\:c=d=e\n"
        b"format.bytearray.separator=\\t\\n \n"
        b"flush.size=1000\n"
        b"topics.dir\n"
    )

    assert {
        "name": "my-sink",
        "flush.size": "1000",
        "topics": "a,b",
        "path.format": "'year'=YYYY/'month'=MM",
        "file.delim": "+",
        "a=b:c": "d=e",
        "format.bytearray.separator": "\t\n ",
        "topics.dir": "",
    } == read_properties(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the path and the reason."""
    path = tmp_path / "none.properties"

    with pytest.raises(ConfigError) as caught:
        read_properties(path)

    assert f"{path}: cannot be read: No such file or directory" == str(caught.value)


def test_a_malformed_escape_is_named(tmp_path: Path) -> None:
    """Java refuses a file with half a Unicode escape, and so does the sink, naming file and escape."""
    path = tmp_path / "sink.properties"
    path.write_text("name=\\u12\n")

    with pytest.raises(ConfigError, match=r"sink\.properties:1: is not a \.properties file: .*u12"):
        read_properties(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "n", "flush.size": 3, "store.kafka.keys": true, "x": null, "big": 12345678901234567890}',
        '{"name": "n", "config": {"flush.size": 3, "store.kafka.keys": true, "big": 12345678901234567890}}',
        (
            '\n{"name": "n", "initial_state": "PAUSED", '
            '"config": {"flush.size": 3, "store.kafka.keys": true, "big": 12345678901234567890}}'
        ),
        '\ufeff{"name": "n", "flush.size": 3, "store.kafka.keys": true, "big": 12345678901234567890}',
        '{"config": {"name": "n", "flush.size": "3", "store.kafka.keys": "true", "big": "12345678901234567890"}}',
    ],
)
@pytest.mark.parametrize("name", ["sink.json", "sink", "sink.conf"])
def test_json_is_read_in_each_of_its_forms(tmp_path: Path, text: str, name: str) -> None:
    """A flat object, or the body that creates a connector; scalars become the text that the file spells."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    assert {
        "name": "n",
        "flush.size": "3",
        "store.kafka.keys": "true",
        "big": "12345678901234567890",
    } == read_config(path)


def test_properties_are_read_by_the_same_call(tmp_path: Path) -> None:
    """What does not look like JSON is Java's format; the name goes before the look."""
    plain, braced = tmp_path / "sink", tmp_path / "sink.properties"
    plain.write_text("flush.size=3\n")
    braced.write_text("{=3\n")

    assert {"flush.size": "3"} == read_config(plain)
    assert {"{": "3"} == read_config(braced)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{\n"flush.size": 3,\n}', "sink.json:3: is not JSON: "),
        (b'{"a":\n"\xff"}', "sink.json:2: is not JSON: it is not UTF-8"),
        (b"[]", "sink.json:1: must be a JSON object of properties"),
        (b'{"a": "b",\n "topics": ["t"]}', "sink.json:2: topics: must be a text, a number, true or false"),
        (b'{"config": {},\n"tasks": 1}', "sink.json:2: tasks: must not stand beside config, but in it"),
        (b'{"name": "a",\n"config": {"name": "b"}}', "sink.json:1: name: is 'a' beside config and 'b' in it"),
    ],
)
def test_json_that_is_not_right_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    """The error says file and line, and property where there is one."""
    path = tmp_path / "sink.json"
    path.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_config(path)

    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_the_line_of_a_malformed_escape_is_told(tmp_path: Path) -> None:
    """Java would only say that there is one."""
    path = tmp_path / "sink.properties"
    path.write_text("name=a\n\ntopics=\\uXYZ\n")

    with pytest.raises(ConfigError, match=r"sink\.properties:3: is not a \.properties file"):
        read_config(path)


def test_a_byte_order_mark_is_part_of_the_first_name(tmp_path: Path) -> None:
    """As Java reads it; what follows is not affected."""
    path = tmp_path / "sink.properties"
    path.write_bytes(b"\xef\xbb\xbfname=n\nflush.size=3\n")

    assert {"\xef\xbb\xbfname": "n", "flush.size": "3"} == read_config(path)


def test_a_workers_converters_fill_what_the_connector_does_not_say(tmp_path: Path) -> None:
    """Class and settings come from one place: settings of a converter that is the worker's are the worker's too."""
    path, worker = tmp_path / "sink.properties", tmp_path / "worker.properties"
    path.write_text("value.converter=Json\nkey.converter.schemas.enable=false\nkey.converters=x\n")
    worker.write_text(
        "bootstrap.servers=b\n"
        "key.converter=Avro\nkey.converter.schema.registry.url=http://r\n"
        "value.converter=Avro\nvalue.converter.schemas.enable=false\n"
        "header.converter.schemas.enable=false\n"
    )

    assert {
        "value.converter": "Json",
        "key.converter": "Avro",
        "key.converter.schema.registry.url": "http://r",
        "key.converters": "x",
    } == read_config(path, worker)
    assert ("key.converter.schemas.enable",) == passed_over(read_properties(path), read_properties(worker))
