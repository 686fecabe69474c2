"""`consumer.override.*`: what a Java consumer is told becomes what librdkafka is told, or is refused by name."""

import re
from collections.abc import Mapping

import pytest
from confluent_kafka import Consumer, KafkaException

from onceproof.sink.settings import overrides
from onceproof.sink.settings.overrides import connection_settings, consumer_settings, topic_pattern

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
CLIENTS = "org.apache.kafka.clients.consumer"
PEM = {"ssl.truststore.type": "PEM", "ssl.keystore.type": "PEM"}


@pytest.mark.parametrize(
    ("given", "translated"),
    [
        ({"fetch.min.bytes": " 5 "}, {"fetch.min.bytes": "5"}),
        ({"fetch.max.wait.ms": "100"}, {"fetch.wait.max.ms": "100"}),
        ({"fetch.max.bytes": "2147483647"}, {"fetch.max.bytes": "2147483135"}),
        ({"max.partition.fetch.bytes": "1048576"}, {"max.partition.fetch.bytes": "1048576"}),
        ({"max.poll.interval.ms": "2147483647"}, {"max.poll.interval.ms": "86400000"}),
        ({"connections.max.idle.ms": "-1"}, {"connections.max.idle.ms": "0"}),
        ({"max.poll.records": "500"}, {"max.poll.records": "500"}),
        ({"metadata.max.age.ms": "1000"}, {"topic.metadata.refresh.interval.ms": "1000"}),
        ({"request.timeout.ms": "30000"}, {"socket.timeout.ms": "30000"}),
        ({"receive.buffer.bytes": "-1"}, {"socket.receive.buffer.bytes": "0"}),
        ({"isolation.level": "read_committed"}, {"isolation.level": "read_committed"}),
        ({"auto.offset.reset": "LATEST"}, {"auto.offset.reset": "latest"}),
        ({"auto.offset.reset": "none"}, {"auto.offset.reset": "error"}),
        ({"enable.auto.commit": "false"}, {}),
        ({"ssl.endpoint.identification.algorithm": ""}, {"ssl.endpoint.identification.algorithm": "none"}),
        (
            {"partition.assignment.strategy": f"{CLIENTS}.CooperativeStickyAssignor"},
            {"partition.assignment.strategy": "cooperative-sticky"},
        ),
        (
            {"partition.assignment.strategy": f"{CLIENTS}.RoundRobinAssignor, {CLIENTS}.RangeAssignor"},
            {"partition.assignment.strategy": "roundrobin,range"},
        ),
        (
            {"sasl.jaas.config": f'{PLAIN} username="me" password="s e=c;r\\"et";'},
            {"sasl.username": "me", "sasl.password": 's e=c;r"et'},
        ),
        (
            {"sasl.jaas.config": f"{SCRAM} password='x' username=me tokenauth=\"false\";"},
            {"sasl.username": "me", "sasl.password": "x"},
        ),
        ({**PEM, "ssl.truststore.location": "/ca.pem"}, {"ssl.ca.location": "/ca.pem"}),
        ({**PEM, "ssl.truststore.certificates": "a\\nb"}, {"ssl.ca.pem": "a\nb"}),
        (
            {**PEM, "ssl.keystore.location": "/me.pem"},
            {"ssl.key.location": "/me.pem", "ssl.certificate.location": "/me.pem"},
        ),
        ({**PEM, "ssl.keystore.key": "k"}, {"ssl.key.pem": "k"}),
        (
            {"ssl.keystore.type": "PKCS12", "ssl.keystore.location": "/me.p12", "ssl.keystore.password": "x"},
            {"ssl.keystore.location": "/me.p12", "ssl.keystore.password": "x"},
        ),
    ],
)
def test_what_has_the_same_meaning_is_translated(given: Mapping[str, str], translated: Mapping[str, str]) -> None:
    """Without a word, and nothing else comes of it."""
    assert (translated, (), ()) == tuple(consumer_settings(given))


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("fetch.max.byte", "1", "is no consumer setting that this sink knows"),
        ("enable.auto.commit", "true", "must be false here"),
        ("group.protocol", "consumer", "must be classic here"),
        ("max.poll.records", "0", "must be a whole number from 1"),
        ("fetch.max.bytes", "much", "must be a whole number"),
        ("auto.offset.reset", "by_duration:P1D", "must be one of earliest, latest, none"),
        ("ssl.truststore.location", "/ca.jks", "librdkafka reads no Java trust store"),
        ("ssl.keystore.location", "/me.jks", "librdkafka reads no Java key store"),
        ("ssl.protocol", "SSLv3", "must be TLSv1.2 or TLSv1.3"),
        ("partition.assignment.strategy", f"{CLIENTS}.StickyAssignor", "must be a list of RangeAssignor"),
        ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256", "is no consumer setting that this sink knows"),
    ],
)
def test_anything_else_is_refused_by_name(name: str, value: str, why: str) -> None:
    """With its value and what is allowed."""
    settings, warnings, problems = consumer_settings({name: value})

    assert ({}, ()) == (settings, warnings)
    assert [(f"consumer.override.{name}", value)] == [problem[:2] for problem in problems]
    assert problems[0].message.startswith(f"invalid value {value!r}: {why}")


@pytest.mark.parametrize(
    "name",
    ["sasl.jaas.config", "ssl.keystore.password", "ssl.truststore.password", "ssl.keystore.key"],
)
def test_a_secret_that_is_refused_is_not_shown(name: str) -> None:
    """Messages go to logs."""
    [problem] = consumer_settings({name: "hush"}).problems

    assert "hush" not in f"{problem}{problem.value}"


@pytest.mark.parametrize("name", sorted(overrides._OF_JAVA))
def test_what_means_nothing_outside_java_is_accepted_with_a_warning(name: str) -> None:
    """It changes nothing about the records that come."""
    settings, [warning], problems = consumer_settings({name: "1"})

    assert ({}, ()) == (settings, problems)
    assert f"consumer.override.{name}: has no effect outside Java, ignored" == warning


def test_an_eager_assignor_wins_over_the_cooperative_one() -> None:
    """As in Java, whose default names both; librdkafka refuses the two together."""
    both = f"{CLIENTS}.RangeAssignor,{CLIENTS}.CooperativeStickyAssignor"

    settings, warnings, problems = consumer_settings({"partition.assignment.strategy": both})

    assert ({"partition.assignment.strategy": "range"}, ()) == (settings, problems)
    assert "rebalances are eager" in warnings[0]


def test_every_name_that_is_passed_on_is_one_that_librdkafka_knows() -> None:
    """A name it does not know is refused when a consumer is made."""
    names = {*overrides._SAME, *overrides._RENAMED.values(), *overrides._AT_MOST}
    refused = {}
    for name in names:
        try:
            Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0, name: "?"}).close()
        except KafkaException as error:
            refused[name] = str(error)

    assert [] == [name for name, why in refused.items() if "No such configuration property" in why]


def test_what_says_how_to_reach_a_broker_is_for_other_clients_too() -> None:
    """A producer is not told how to fetch."""
    settings = {"security.protocol": "SSL", "ssl.ca.location": "/ca", "sasl.username": "me", "fetch.min.bytes": "1"}

    assert {"security.protocol", "ssl.ca.location", "sasl.username"} == connection_settings(settings).keys()


@pytest.mark.parametrize(
    ("java", "posix"),
    [
        ("orders.*", "^(orders.*)$"),
        ("a|b", "^(a|b)$"),
        (r"clicks\.\d{2}", r"^(clicks\.[0-9]{2})$"),
        (r"(?:eu|us)-\w+", "^((eu|us)-[a-zA-Z0-9_]+)$"),
        (r"[\w\-.]+x\D", "^([a-zA-Z0-9_.-]+x[^0-9])$"),
        (r"[^\d_]\.v1", r"^([^0-9_]\.v1)$"),
    ],
)
def test_an_expression_of_java_is_told_in_posix(java: str, posix: str) -> None:
    """Anchored: it must fit the whole name."""
    assert posix == topic_pattern(java)


@pytest.mark.parametrize(
    "java", [r"(?i)a", r"(?!x).*", r"a.*?b", r"a++", r"(a)\1", r"[a-z&&[^b]]", r"[a[bc]]", r"\bx", "("]
)
def test_an_expression_that_posix_cannot_tell_is_refused(java: str) -> None:
    """It would fit other topics than the user means."""
    with pytest.raises(ValueError, match=re.compile("must be (an|a regular) expression")):
        topic_pattern(java)
