"""The table of properties: all that the reference knows, with its types and defaults."""

from pathlib import Path

import pytest

from onceproof.sink.settings.properties import GROUPS, PROPERTIES, Values, read
from onceproof.sink.settings.propertytypes import HIDDEN, Property, Required, typed_value

REFERENCE = Path(__file__).parents[1] / "data" / "reference_properties.txt"


def test_every_property_of_the_reference_is_in_the_table() -> None:
    """Written down by hand from section 1 of the reference, not from the table."""
    names = REFERENCE.read_text(encoding="utf-8").split()

    assert 74 == len(set(names)) == len(names)
    assert set() == set(names) - set(PROPERTIES)


def test_a_property_stands_in_one_group_only() -> None:
    """And all are in one."""
    assert list(PROPERTIES) == [property_.name for properties in GROUPS.values() for property_ in properties]


@pytest.mark.parametrize("property_", PROPERTIES.values(), ids=lambda each: each.name)
def test_every_property_is_described(property_: Property) -> None:
    """With a sentence, a group and a name to show; defaults and recommended values are allowed."""
    assert property_.doc.endswith(".")
    assert all((property_.group, property_.display_name))
    assert set(property_.dependents) <= set(PROPERTIES)
    for text in (*property_.recommended, *([property_.default] if isinstance(property_.default, str) else [])):
        property_.parse(text)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("flush.size", None),
        ("rotate.interval.ms", "-1"),
        ("retry.backoff.ms", "5000"),
        ("s3.part.size", "26214400"),
        ("s3.elastic.buffer.init.capacity", "131072"),
        ("s3.part.retries", "3"),
        ("s3.retry.backoff.ms", "200"),
        ("max.write.duration.ms", "9223372036854775807"),
        ("max.files.scan.limit", "100"),
        ("partitioner.max.open.files", "-1"),
        ("filename.offset.zero.pad.width", "10"),
        ("tombstone.encoded.partition", "tombstone"),
        ("parquet.codec", "snappy"),
        ("avro.codec", "null"),
        ("s3.path.style.access.enabled", "true"),
        ("enable.conditional.writes", "true"),
        ("timestamp.extractor", "Wallclock"),
        ("keys.format.class", "io.confluent.connect.s3.format.avro.AvroFormat"),
        ("errors.retry.delay.max.ms", "60000"),
        ("errors.deadletterqueue.topic.replication.factor", "3"),
    ],
)
def test_defaults_are_those_of_the_real_connector(name: str, default: str | None) -> None:
    """Reference 1.1 to 1.3; None stands for a property that must be given."""
    found = PROPERTIES[name].default

    assert default == (None if isinstance(found, Required) else found)


@pytest.mark.parametrize(
    ("given", "items"),
    [("", ()), ("a", ("a",)), ("a , b\t,c", ("a", "b", "c")), ("a,,b", ("a", "", "b")), ("a,", ("a", ""))],
)
def test_a_list_is_split_at_commas_with_the_blanks_around_them(given: str, items: tuple[str, ...]) -> None:
    """As Kafka splits: what is blank between commas stays an item, a blank text has none."""
    assert items == typed_value("LIST", given)


def test_texts_are_trimmed_as_java_trims() -> None:
    """Up to U+0020, control characters too; a no-break space is not a blank to Java."""
    values, _ = read({"topics.dir": "\x00 \t in\u00a0 \n"})

    assert "in\u00a0" == values["topics.dir"]


def test_a_password_is_shown_to_nobody() -> None:
    """What is given is replaced; what is blank is no secret."""
    assert HIDDEN == Values({"aws.secret.access.key": "x"}).text("aws.secret.access.key")
    assert "" == Values({"aws.secret.access.key": ""}).text("aws.secret.access.key")


def test_asking_for_a_name_that_is_none_is_a_bug() -> None:
    """It must not pass for a property in error."""
    with pytest.raises(KeyError) as caught:
        Values({})["flush.sise"]

    assert KeyError is caught.type


def test_a_setting_of_another_converter_is_not_read() -> None:
    """A converter passes over what it does not know, whatever it says."""
    given = {"key.converter": "org.apache.kafka.connect.storage.StringConverter"}

    assert True is read({**given, "key.converter.schemas.enable": "maybe"})[0]["key.converter.schemas.enable"]
