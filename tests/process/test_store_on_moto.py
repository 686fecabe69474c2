"""The object store port against a real S3 server: uploads become objects, and answers become errors of one kind."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, SECRET_KEY, MotoServer
from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import StoreError
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.settings.parsing import parse

KEY = "topics/t/año=1/t+0+0000000000.json"


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    moto = MotoServer()
    yield moto
    moto.close()


def config(endpoint: str, bucket: str, **more: str) -> SinkConfig:
    """A sink's configuration for that bucket, with one attempt at each request."""
    return parse(
        {
            "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
            "flush.size": "3",
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
            "storage.class": "io.confluent.connect.s3.storage.S3Storage",
            "s3.bucket.name": bucket,
            "s3.region": REGION,
            "s3.part.retries": "1",
            "store.url": endpoint,
            "aws.access.key.id": ACCESS_KEY,
            "aws.secret.access.key": SECRET_KEY,
            **more,
        }
    )


@pytest.fixture
def bucket(server: MotoServer) -> str:
    """An empty bucket."""
    return server.fresh_bucket()


@pytest.fixture
def store(server: MotoServer, bucket: str) -> S3Store:
    """The port on it."""
    return S3Store(config(str(server.endpoint), bucket))


def write(store: S3Store, *parts: bytes, if_absent: bool = False) -> str:
    """One object of these parts; returns its version id."""
    upload_id = store.create_upload(KEY)
    etags = tuple(store.upload_part(KEY, upload_id, number, body) for number, body in enumerate(parts, 1))
    return store.complete_upload(KEY, upload_id, etags, if_absent=if_absent)


def test_an_upload_becomes_visible_when_it_is_completed(server: MotoServer, bucket: str, store: S3Store) -> None:
    """Not before; its version id is that of the bucket's one version."""
    store.head_bucket()
    upload_id = store.create_upload(KEY)
    etag = store.upload_part(KEY, upload_id, 1, b"one\n")

    assert "missing" == store.head_object(KEY)
    assert (KEY,) == server.unfinished_uploads(bucket)
    version_id = store.complete_upload(KEY, upload_id, (etag,), if_absent=False)
    assert "exists" == store.head_object(KEY)
    assert [(KEY, version_id, b"one\n")] == [(v.key, v.version_id, v.body) for v in server.versions(bucket)]


def test_parts_are_joined_in_their_order_and_the_last_may_be_empty(
    server: MotoServer, bucket: str, store: S3Store
) -> None:
    """As an exact multiple of the part size leaves it."""
    part = b"x" * 5_242_880

    write(store, part, b"")

    assert [part] == [version.body for version in server.versions(bucket)]


def test_an_aborted_upload_is_gone(server: MotoServer, bucket: str, store: S3Store) -> None:
    """Nothing of it is left, and nothing of it was ever visible."""
    upload_id = store.create_upload(KEY)
    store.upload_part(KEY, upload_id, 1, b"never seen")

    store.abort_upload(KEY, upload_id)

    assert () == server.unfinished_uploads(bucket)
    assert () == server.versions(bucket)


def test_a_second_object_of_one_name_is_refused_on_condition_alone(
    server: MotoServer, bucket: str, store: S3Store
) -> None:
    """412 where If-None-Match is sent, a new version where it is not."""
    write(store, b"one", if_absent=True)

    with pytest.raises(StoreError) as caught:
        write(store, b"two", if_absent=True)
    write(store, b"three")

    assert (412, "PreconditionFailed", False) == (caught.value.status, caught.value.code, caught.value.retry)
    assert [b"one", b"three"] == [version.body for version in server.versions(bucket)]


def test_a_bucket_that_is_not_there_fails_the_start(server: MotoServer) -> None:
    """The message names it."""
    with pytest.raises(StoreError, match="bucket nowhere") as caught:
        S3Store(config(str(server.endpoint), "nowhere")).head_bucket()

    assert (404, False) == (caught.value.status, caught.value.retry)


def test_a_server_that_is_not_there_is_tried_again() -> None:
    """A refused connection did nothing, and the task survives it (reference 2.1)."""
    with pytest.raises(StoreError) as caught:
        S3Store(config("http://127.0.0.1:9", "b")).create_upload(KEY)

    assert (True, "not applied") == (caught.value.retry, caught.value.outcome)


class Proxy(BaseHTTPRequestHandler):
    """Takes what a client asks a proxy for, and answers it itself."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_HEAD(self) -> None:
        """Answer that it is there."""
        self.asked.append((self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("login", "given", "told"),
    [
        ("", {}, None),
        ("url:p%40ss@", {}, b"url:p@ss"),
        ("url:p@", {"s3.proxy.user": "me", "s3.proxy.password": "s:/@"}, b"me:s:/@"),
    ],
)
def test_requests_go_through_the_proxy(login: str, given: dict[str, str], told: bytes | None) -> None:
    """Its own properties for name and password win over those of its URL."""
    Proxy.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        proxy = {"s3.proxy.url": f"http://{login}127.0.0.1:{server.server_port}", **given}
        found = S3Store(config("http://s3.example.org", "bucket", **proxy)).head_object("k")
        server.shutdown()
        thread.join()

    authorization = None if told is None else f"Basic {base64.b64encode(told).decode()}"
    assert "exists" == found
    assert [("http://s3.example.org/bucket/k", authorization)] == Proxy.asked


def test_tags_are_replaced(server: MotoServer, bucket: str, store: S3Store) -> None:
    """All of them, and the object stays as it is."""
    write(store, b"x")
    store.tag_object(KEY, (("team", "a"), ("old", "1")))
    store.tag_object(KEY, (("team", "b"),), attempts=2)

    told = store._client.get_object_tagging(Bucket=bucket, Key=KEY)["TagSet"]
    assert [{"Key": "team", "Value": "b"}] == told
    with pytest.raises(StoreError, match="missing: 404 NoSuchKey"):
        store.tag_object("missing", (), attempts=1)


def test_encrypted_uploads_with_an_acl_become_objects(server: MotoServer, bucket: str) -> None:
    """A digest with each part, too; S3 takes them all together."""
    given = {"s3.ssea.name": "AES256", "s3.acl.canned": "bucket-owner-read", "s3.send.digest": "true"}
    store = S3Store(config(str(server.endpoint), bucket, **given))

    write(store, b"x" * 5_242_880, b"y")

    found = store._client.head_object(Bucket=bucket, Key=KEY)
    assert ("AES256", 5_242_881) == (found["ServerSideEncryption"], found["ContentLength"])
