"""Schema registries: a schema comes as one text whatever it refers to, and a refusal says whether to ask again."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient

from onceproof.sink.errors import ConfigError, SourceError
from onceproof.sink.outside.registry import Registry, client_settings, inlined
from onceproof.sink.settings.parsing import parse

AVRO = "io.confluent.connect.avro.AvroConverter"
MINIMAL = {
    "format.class": "io.confluent.connect.s3.format.avro.AvroFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": AVRO,
    "s3.bucket.name": "bucket",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
PLACE = {"type": "record", "name": "Place", "namespace": "geo", "fields": [{"name": "zip", "type": "string"}]}
CODE = {"type": "enum", "name": "Code", "symbols": ["A"]}
TRIP = {
    "type": "record",
    "name": "Trip",
    "namespace": "trips",
    "fields": [
        {"name": "from", "type": "geo.Place"},
        {"name": "to", "type": ["null", "geo.Place"], "default": None},
        {"name": "stops", "type": {"type": "array", "items": "Code"}},
    ],
}


class Handler(BaseHTTPRequestHandler):
    """Answers by path; a path that is not known is a schema that is not there."""

    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    told: ClassVar[list[tuple[str, str | None]]] = []

    def do_POST(self) -> None:
        """Answer as told; what is sent does not matter."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        """Answer as told."""
        self.told.append((self.path.partition("?")[0], self.headers["Authorization"]))
        missing = (404, {"error_code": 40403, "message": "Schema 9 not found"})
        status, body = self.answers.get(self.path.partition("?")[0], missing)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[type[Handler]]:
    """A registry of its own for the test; `url` is where."""

    class Own(Handler):
        answers: ClassVar[dict[str, tuple[int, Any]]] = {}
        told: ClassVar[list[tuple[str, str | None]]] = []
        url = ""

    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as http:
        Own.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield Own
        http.shutdown()
        thread.join()


def registry(server: Any, **settings: str) -> Registry:
    """The port before that server, which is asked once; `basic_auth_user_info="a:b"` is a converter's setting."""
    named = {f"value.converter.{name.replace('_', '.')}": value for name, value in settings.items()}
    config = parse({**MINIMAL, "value.converter.schema.registry.url": server.url, **named})
    client = SchemaRegistryClient({**client_settings(config.value_settings), "max.retries": 0})
    return Registry(config, {"value": client})


def test_a_schema_is_fetched_by_its_id(server: type[Handler]) -> None:
    """To the letter, if the subject does not hold it; name and password go with the requests."""
    text = '{ "type":"string" }'
    server.answers["/schemas/ids/7"] = (200, {"schema": text})
    found = registry(server, basic_auth_credentials_source="USER_INFO", basic_auth_user_info="me:s:cret").fetch(
        "value", 7, "t"
    )

    login = f"Basic {base64.b64encode(b'me:s:cret').decode()}"
    assert text == found
    assert [("/schemas/ids/7", login), ("/subjects/t-value", login)] == server.told


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("string", {"type": "string", "connect.version": 4}),
        (["null", CODE], {"type": ["null", CODE], "connect.version": 4}),
        (CODE, {**CODE, "connect.version": 4}),
        ({**CODE, "connect.version": 2}, {**CODE, "connect.version": 2}),
    ],
)
def test_a_schema_says_its_version_in_the_subject(server: type[Handler], schema: Any, expected: Any) -> None:
    """Unless it names one itself."""
    server.answers["/schemas/ids/7"] = (200, {"schema": json.dumps(schema)})
    server.answers["/subjects/t-value"] = (200, {"subject": "t-value", "id": 7, "version": 4, "schema": "x"})

    assert expected == json.loads(registry(server).fetch("value", 7, "t"))


@pytest.mark.parametrize(
    ("strategy", "schema", "subject"),
    [
        ("TopicNameStrategy", PLACE, "t-value"),
        ("RecordNameStrategy", PLACE, "geo.Place"),
        ("RecordNameStrategy", {"type": "string"}, "string"),
        ("RecordNameStrategy", ["null", "string"], "union"),
        ("TopicRecordNameStrategy", PLACE, "t-geo.Place"),
    ],
)
def test_the_strategy_names_the_subject(server: type[Handler], strategy: str, schema: Any, subject: str) -> None:
    """By topic, by the schema's name, or by both."""
    settings = {"value.subject.name.strategy": f"io.confluent.kafka.serializers.subject.{strategy}"}
    server.answers["/schemas/ids/7"] = (200, {"schema": json.dumps(schema)})
    registry(server, **settings).fetch("value", 7, "t")

    assert f"/subjects/{subject}" == server.told[-1][0]


def test_another_strategy_is_a_configuration_error(server: type[Handler]) -> None:
    """A class of the user's cannot be loaded here."""
    with pytest.raises(ConfigError, match=r"value.converter.value.subject.name.strategy: .* must be one of"):
        registry(server, **{"value.subject.name.strategy": "my.RecordNameStrategy"})


def test_a_version_that_cannot_be_had_now_is_asked_for_again(server: type[Handler]) -> None:
    """The schema alone would be read under another version than later."""
    server.answers["/schemas/ids/7"] = (200, {"schema": '"string"'})
    server.answers["/subjects/t-value"] = (503, {"error_code": 1, "message": "No"})

    with pytest.raises(SourceError, match="schema 7 of the value: the registry answered 503 No") as caught:
        registry(server).fetch("value", 7, "t")

    assert caught.value.retry


def test_references_stand_where_they_are_used(server: type[Handler]) -> None:
    """Also those of what is referred to; each registered version is asked for once."""
    references = [
        {"name": "geo.Place", "subject": "place", "version": 2},
        {"name": "Code", "subject": "c", "version": 1},
    ]
    server.answers["/schemas/ids/1"] = (200, {"schema": json.dumps(TRIP), "references": references})
    of_place = {**PLACE, "fields": [*PLACE["fields"], {"name": "code", "type": "Code"}]}
    server.answers["/subjects/place/versions/2"] = (
        200,
        {"id": 2, "version": 2, "subject": "place", "schema": json.dumps(of_place), "references": references[1:]},
    )
    server.answers["/subjects/c/versions/1"] = (
        200,
        {"id": 3, "version": 1, "subject": "c", "schema": json.dumps(CODE)},
    )

    fields = json.loads(registry(server).fetch("value", 1, "t"))["fields"]

    code = {**CODE, "namespace": ""}
    assert {**of_place, "fields": [PLACE["fields"][0], {"name": "code", "type": code}]} == fields[0]["type"]
    assert ["null", "geo.Place"] == fields[1]["type"]
    assert {"type": "array", "items": "Code"} == fields[2]["type"]
    assert ["/schemas/ids/1", "/subjects/place/versions/2", "/subjects/c/versions/1", "/subjects/t-value"] == [
        path for path, _ in server.told
    ]


@pytest.mark.parametrize(
    ("status", "retry"), [(404, False), (401, False), (422, False), (429, True), (500, True), (503, True)]
)
def test_a_refusal_says_whether_to_ask_again(server: type[Handler], status: int, retry: bool) -> None:
    """A schema that is not there will not be there later; a registry that is overloaded may answer."""
    server.answers["/schemas/ids/9"] = (status, {"error_code": 1, "message": "No"})

    with pytest.raises(SourceError, match=f"schema 9 of the value: the registry answered {status} No") as caught:
        registry(server).fetch("value", 9, "t")

    assert retry == caught.value.retry


def test_a_registry_that_is_not_there_may_be_there_later(server: type[Handler]) -> None:
    """The message says which schema was wanted."""
    client = SchemaRegistryClient({"url": "http://127.0.0.1:9", "max.retries": 0})

    with pytest.raises(SourceError, match="schema 9 of the value: the registry did not answer") as caught:
        Registry(parse({**MINIMAL, "value.converter.schema.registry.url": "mock://x"}), {"value": client}).fetch(
            "value", 9, "t"
        )

    assert caught.value.retry


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"schema": "{", "references": [{"subject": "s"}]}'])
def test_what_is_no_registry_is_not_asked_again(server: type[Handler], body: bytes) -> None:
    """A proxy's page, say."""
    server.answers["/schemas/ids/9"] = (200, body)
    server.answers["/subjects/s/versions/latest"] = (200, {"id": 1, "schema": "{}", "subject": "s", "version": 1})

    with pytest.raises(SourceError, match="no schema registry") as caught:
        registry(server).fetch("value", 9, "t")

    assert not caught.value.retry


def test_a_schema_of_another_kind_is_refused(server: type[Handler]) -> None:
    """The converter would read nonsense."""
    server.answers["/schemas/ids/9"] = (200, {"schema": "{}", "schemaType": "JSON"})

    with pytest.raises(SourceError, match="schema 9 of the value is of type JSON"):
        registry(server).fetch("value", 9, "t")


def test_a_mock_registry_lives_in_the_process() -> None:
    """`mock://` asks nobody; a schema that is not registered is missing."""
    config = parse({**MINIMAL, "value.converter.schema.registry.url": "mock://x"})
    client = SchemaRegistryClient.new_client(client_settings(config.value_settings))
    client.register_schema("c", Schema(json.dumps(CODE)))
    given = Schema(json.dumps(TRIP), references=[SchemaReference("Code", "c", 1)])
    number = client.register_schema("t-value", given)

    found = json.loads(Registry(config, {"value": client}).fetch("value", number, "t"))

    assert {**CODE, "namespace": ""} == found["fields"][2]["type"]["items"]
    assert 1 == found["connect.version"]
    with pytest.raises(SourceError, match="404 Schema Not Found"):
        Registry(config).fetch("value", 1, "t")


@pytest.mark.parametrize(
    ("settings", "translated"),
    [
        ({"basic.auth.user.info": "a:b"}, {}),
        (
            {"basic.auth.credentials.source": "USER_INFO", "schema.registry.basic.auth.user.info": "a:b"},
            {"basic.auth.user.info": "a:b"},
        ),
        (
            {"schema.registry.ssl.truststore.location": "/ca", "schema.registry.ssl.truststore.type": "PEM"},
            {"ssl.ca.location": "/ca"},
        ),
        (
            {"ssl.keystore.location": "/me", "ssl.keystore.type": "PEM", "ssl.key.password": "x"},
            {"ssl.key.location": "/me", "ssl.certificate.location": "/me", "ssl.key.password": "x"},
        ),
    ],
)
def test_settings_are_translated(settings: Mapping[str, str], translated: Mapping[str, str]) -> None:
    """From those of the converter to those of the client."""
    found = client_settings({"schema.registry.url": "http://a, http://b", **settings})

    assert {"url": "http://a, http://b", "timeout": 60.0, **translated} == found


@pytest.mark.parametrize(
    "settings",
    [
        {"schema.registry.url": "ftp://a"},
        {"schema.registry.url": "http://a", "basic.auth.credentials.source": "SASL_INHERIT"},
        {"schema.registry.url": "http://a", "schema.registry.ssl.truststore.location": "/ca.jks"},
        {"schema.registry.url": "http://a", "ssl.truststore.location": "/none", "ssl.truststore.type": "PEM"},
    ],
)
def test_settings_that_cannot_be_had_are_a_configuration_error(settings: Mapping[str, str]) -> None:
    """At the start, not at the first record."""
    with pytest.raises(ConfigError, match=r"value.converter.schema.registry.url: no client can be made"):
        Registry(parse({**MINIMAL, **{f"value.converter.{name}": value for name, value in settings.items()}}))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("string", "string"),
        ("Code", {**CODE, "namespace": ""}),
        ("Unknown", "Unknown"),
        (["null", "geo.Place"], ["null", PLACE]),
        ({"type": "map", "values": "geo.Place"}, {"type": "map", "values": PLACE}),
        ({"type": "geo.Place"}, {"type": PLACE}),
        (
            {"type": "record", "name": "geo.Two", "fields": [{"name": n, "type": "Place"} for n in "ab"]},
            {
                "type": "record",
                "name": "geo.Two",
                "fields": [{"name": "a", "type": PLACE}, {"name": "b", "type": "Place"}],
            },
        ),
        (
            {"type": "record", "name": "Code", "fields": [{"name": "next", "type": "Code"}]},
            {"type": "record", "name": "Code", "fields": [{"name": "next", "type": "Code"}]},
        ),
    ],
)
def test_a_name_is_replaced_where_it_stands_first(schema: Any, expected: Any) -> None:
    """A name is looked for in the namespace around it first; one that the schema defines itself stays."""
    assert expected == inlined(schema, {"geo.Place": PLACE, "Code": CODE})
