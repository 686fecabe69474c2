"""Transforms and predicates, as Apache Kafka 3.9 does them."""

import json
from typing import Any

import pytest

from onceproof.model.history import Record
from onceproof.model.reading import Read, Reader, Unreadable
from onceproof.model.rendering import line
from onceproof.model.settings import OutsideDomain

PACKAGE = "org.apache.kafka.connect.transforms."
JSON = {"value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false"}
SCHEMA = {"type": "struct", "name": "R", "fields": [{"field": "a", "type": "string"}, {"field": "b", "type": "int32"}]}
ENVELOPE = json.dumps({"schema": SCHEMA, "payload": {"a": "x", "b": 1}})
NOON = 1_704_164_645_007


def read_of(value: str | None, kind: str, *, topic: str = "topic-123", **options: str) -> Read | None:
    """A record behind one transform; it has a schema if the value is the envelope."""
    config = JSON | {"transforms": "t", "transforms.t.type": f"{PACKAGE}{kind}", "predicates": "p"}
    config |= {"predicates.p.type": f"{PACKAGE}predicates.RecordIsTombstone"}
    config |= {f"transforms.t.{name.replace('_', '.')}": text for name, text in options.items()}
    config["value.converter.schemas.enable"] = str(value == ENVELOPE)
    record = Record(42, NOON, None, value.encode() if value is not None else None, (("h", b"1"),))
    return Reader.of(config).read(topic, 3, record, with_headers=True)


def text_of(value: str, kind: str, **options: str) -> str:
    """Its value as JSON."""
    read = read_of(value, kind, **options)
    assert read is not None
    return line("json", "value", read.value, read.value_schema, decimal_format="BASE64", separator=b"").decode().strip()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('{"a":1}', f'{{"p":3,"a":1,"s":"x","t":"topic-123","o":42,"ts":{NOON}}}'),
        (ENVELOPE, f'{{"a":"x","b":1,"t":"topic-123","p":3,"o":42,"ts":{NOON},"s":"x"}}'),
    ],
)
def test_fields_are_inserted(value: str, text: str) -> None:
    """Behind those of a struct; in a map where the hash puts them."""
    fields = {"topic_field": "t", "partition_field": "p!", "offset_field": "o?", "timestamp_field": "ts"}

    assert text == text_of(value, "InsertField$Value", **fields, static_field="s", static_value="x")


def test_fields_are_replaced() -> None:
    """Renamed or left out; a map is made anew, for as many entries as there were."""
    assert '{"A":1,"c":3}' == text_of('{"a":1,"b":2,"c":3}', "ReplaceField$Value", exclude="b", renames="a:A")
    assert '{"b":2}' == text_of('{"a":1,"b":2}', "ReplaceField$Value", include="b")
    assert '{"A":"x","b":1}' == text_of(ENVELOPE, "ReplaceField$Value", renames="a:A")
    with pytest.raises(Unreadable, match="no field 'x'"):
        read_of(ENVELOPE, "ReplaceField$Value", renames="x:a")


def test_a_field_is_extracted() -> None:
    """With its schema; a name that a struct does not have is an error that no tolerance covers."""
    assert "1" == text_of(ENVELOPE, "ExtractField$Value", field="b")
    assert "2" == text_of('{"a":1,"b":2}', "ExtractField$Value", field="b")
    missing = read_of('{"a":1}', "ExtractField$Value", field="b")
    assert missing is not None
    assert missing.value is None
    with pytest.raises(Unreadable, match="unknown field") as raised:
        read_of(ENVELOPE, "ExtractField$Value", field="c")
    assert not raised.value.is_tolerable


@pytest.mark.parametrize("value", ["[1]", '"x"'])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("InsertField$Value", {"topic_field": "t"}),
        ("ReplaceField$Value", {"exclude": "t"}),
        ("ExtractField$Value", {"field": "t"}),
    ],
)
def test_what_has_no_fields_cannot_be_changed(value: str, kind: str, options: dict[str, str]) -> None:
    """A DataException of the stage TRANSFORMATION."""
    with pytest.raises(Unreadable, match="TRANSFORMATION") as raised:
        read_of(value, kind, **options)
    assert "TRANSFORMATION" == raised.value.stage


@pytest.mark.parametrize(
    ("kind", "options", "topic"),
    [
        ("TimestampRouter", {}, "topic-123-20240102"),
        (
            "TimestampRouter",
            {"topic_format": "${timestamp}_${topic}", "timestamp_format": "yy-M-d'T'HH''SSS"},
            "24-1-2T03'007_topic-123",
        ),
        ("RegexRouter", {"regex": "(.*)-(.*)", "replacement": "$2_$1"}, "123_topic"),
        ("RegexRouter", {"regex": "(?<n>[a-z]+)-\\d{3}", "replacement": "${n}\\$"}, "topic$"),
        ("RegexRouter", {"regex": "topic", "replacement": "x"}, "topic-123"),
        ("RegexRouter", {"regex": "t|t.*", "replacement": "x"}, "xopic-123"),
    ],
)
def test_topics_are_rewritten(kind: str, options: dict[str, str], topic: str) -> None:
    """By time in UTC, or where the whole topic matches: then its first match is replaced."""
    read = read_of("1", kind, **options)

    assert read is not None
    assert topic == read.topic


def test_a_timestamp_is_needed_for_a_topic_of_time() -> None:
    """A record without one is refused."""
    config = JSON | {"transforms": "t", "transforms.t.type": f"{PACKAGE}TimestampRouter"}

    with pytest.raises(Unreadable, match="no timestamp"):
        Reader.of(config).read("t", 0, Record(0, None, None, b"1"), with_headers=False)


def test_a_filter_drops_what_its_predicate_picks() -> None:
    """Tombstones here, or all but them."""
    assert read_of(None, "Filter", predicate="p") is None
    assert read_of("1", "Filter", predicate="p") is not None
    assert read_of("1", "Filter", predicate="p", negate="true") is None
    assert read_of("1", "Filter") is None


@pytest.mark.parametrize(
    ("predicate", "is_dropped"),
    [
        ({"type": "TopicNameMatches", "pattern": "t"}, True),
        ({"type": "TopicNameMatches", "pattern": "x"}, False),
        ({"type": "HasHeaderKey", "name": "h"}, True),
        ({"type": "HasHeaderKey", "name": "x"}, False),
    ],
)
def test_predicates_look_at_topic_and_headers(predicate: dict[str, str], is_dropped: bool) -> None:
    """The whole topic has to match; one header of the name is enough."""
    config = JSON | {
        "transforms": "t",
        "transforms.t.type": f"{PACKAGE}Filter",
        "transforms.t.predicate": "p",
        "predicates": "p",
    }
    config |= {f"predicates.p.{name}": text for name, text in predicate.items()}
    config["predicates.p.type"] = f"{PACKAGE}predicates.{predicate['type']}"
    read = Reader.of(config).read("t", 0, Record(0, 0, None, b"1", (("h", None),)), with_headers=False)

    assert is_dropped == (read is None)


@pytest.mark.parametrize(
    "options",
    [
        {"type": "MaskField$Value"},
        {"type": "InsertField"},
        {"type": "InsertField$Value"},
        {"type": ""},
        {"type": "InsertField$Value", "static.field": "x"},
        {"type": "Filter", "predicate": "q"},
        {"type": "Filter", "x": "y"},
        {"type": "ReplaceField$Value", "renames": "a"},
        {"type": "ReplaceField$Value", "renames": "a:c,b:c"},
        {"type": "ExtractField$Value", "field": "a.b", "field.syntax.version": "V2"},
        {"type": "ExtractField$Value", "field": "a", "replace.null.with.default": "false"},
        {"type": "RegexRouter", "regex": "(?i)x", "replacement": ""},
        {"type": "RegexRouter", "regex": "x", "replacement": "$1"},
        {"type": "RegexRouter", "regex": "(", "replacement": ""},
        {"type": "RegexRouter", "regex": "x"},
        {"type": "TimestampRouter", "timestamp.format": "MMM"},
        {"type": "TimestampRouter", "timestamp.format": "'open"},
        {"type": "Filter", "predicate": "p", "negate": "maybe"},
        {"type": "InsertField$Key", "topic.field": "t"},
    ],
)
def test_what_is_not_covered_is_said(options: dict[str, Any]) -> None:
    """Rather guessed than refused would be a false verdict."""
    config = JSON | {
        "transforms": "t",
        "predicates": "p",
        "predicates.p.type": f"{PACKAGE}predicates.RecordIsTombstone",
    }
    config |= {f"transforms.t.{name}": text for name, text in options.items()}
    config["transforms.t.type"] = f"{PACKAGE}{options['type']}" if options["type"] else ""

    with pytest.raises(OutsideDomain):
        Reader.of(config)


@pytest.mark.parametrize(
    "config", [{"transforms": "a,a"}, {"predicates": "p", "predicates.p.type": "x.Own"}, {"transforms": "t"}]
)
def test_chains_that_are_not_covered_are_said(config: dict[str, str]) -> None:
    """Names that stand twice, own classes, transforms without a type."""
    with pytest.raises(OutsideDomain):
        Reader.of(JSON | config)
