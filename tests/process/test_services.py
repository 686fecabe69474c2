"""The services around a sink: they start anywhere, answer plain clients, and leave with their parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from onceproof.scenarios.worlds import host
from onceproof.scenarios.worlds.bucket import ACCESS_KEY, REGION, SECRET_KEY, BucketError, MotoServer
from onceproof.scenarios.worlds.host import Host, HostError

PARENT = """
import json, sys, time
from onceproof.scenarios.worlds.broker import MockBroker
from onceproof.scenarios.worlds.bucket import MotoServer

services = [MockBroker(), MotoServer()]
print(json.dumps([service.pid for service in services]), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    server = MotoServer()
    yield server
    server.close()


@pytest.fixture
def client(moto: MotoServer) -> Iterator[Any]:
    """Plain boto3, as a sink would use it."""
    plain = boto3.client(
        "s3",
        endpoint_url=moto.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}),
    )
    yield plain
    plain.close()


def is_running(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be reaped."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_services_do_not_outlive_a_killed_parent() -> None:
    """After kill -9 of the process that started them, neither the mock's host nor moto runs on."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert [True, True] == [is_running(pid) for pid in pids]

        os.kill(parent.pid, signal.SIGKILL)

    deadline = time.monotonic() + 10
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert [False, False] == [is_running(pid) for pid in pids]


def test_a_service_says_why_it_refuses() -> None:
    """The error of a request names the service and its reason, and the service goes on."""
    host = Host("onceproof.scenarios.worlds.mock_host")

    with pytest.raises(HostError, match="mock_host: ValueError: unknown request"):
        host.ask(do="nonsense")

    assert "bootstrap" in host.ask(do="fresh", topics={})
    host.close()
    host.close()


def test_a_dead_service_is_an_error_and_no_wait() -> None:
    """Whoever asks a service that was killed is told so."""
    host = Host("onceproof.scenarios.worlds.mock_host")
    os.kill(host.pid, signal.SIGKILL)

    with pytest.raises(HostError, match=f"process {host.pid}"):
        host.ask(do="fresh", topics={})

    host.close()


def test_a_service_that_does_not_answer_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is ended, since its answer would be taken for another's."""
    service = Host("onceproof.scenarios.worlds.mock_host")
    os.kill(service.pid, signal.SIGSTOP)
    monkeypatch.setattr(host, "ANSWER_S", 0.2)

    with pytest.raises(HostError, match=f"process {service.pid}.* did not answer within"):
        service.ask(do="fresh", topics={})

    assert not is_running(service.pid)
    service.close()


def test_a_store_that_does_not_do_as_asked_is_an_error_in_a_sentence(moto: MotoServer) -> None:
    """With what was asked, and its reason."""
    for ask in (moto.versions, moto.unfinished_uploads):
        with pytest.raises(BucketError, match=r"of bucket no-such: .*NoSuchBucket"):
            ask("no-such")


def test_a_fresh_bucket_is_empty_and_new(moto: MotoServer) -> None:
    """No bucket is given out twice, and none holds anything."""
    one, other = moto.fresh_bucket(), moto.fresh_bucket()

    assert one != other
    assert () == moto.versions(one)
    assert () == moto.unfinished_uploads(one)


def test_versions_show_every_body_that_a_key_ever_had(moto: MotoServer, client: Any) -> None:
    """They come by key, oldest first within a key, also where S3 lists them on several pages."""

    def shorten(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 7

    bucket = moto.fresh_bucket()
    bodies = [b"%d" % number for number in range(10)]
    for body in bodies:
        for key in ("b/x=1+é/1.txt", "a"):
            client.put_object(Bucket=bucket, Key=key, Body=body)
    moto._client.meta.events.register("provide-client-params.s3.ListObjectVersions", shorten)

    versions = moto.versions(bucket)

    moto._client.meta.events.unregister("provide-client-params.s3.ListObjectVersions", shorten)
    assert [("a", body) for body in bodies] == [(v.key, v.body) for v in versions[:10]]
    assert [("b/x=1+é/1.txt", body) for body in bodies] == [(v.key, v.body) for v in versions[10:]]
    assert 20 == len({v.version_id for v in versions})


def test_only_uploads_in_the_air_are_unfinished(moto: MotoServer, client: Any) -> None:
    """Completed and aborted uploads are not named; two of one key are named twice."""
    bucket = moto.fresh_bucket()
    uploads = [client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("z", "z", "a", "b")]
    client.abort_multipart_upload(Bucket=bucket, Key="b", UploadId=uploads[3])
    part = client.upload_part(Bucket=bucket, Key="a", UploadId=uploads[2], PartNumber=1, Body=b"body")
    client.complete_multipart_upload(
        Bucket=bucket,
        Key="a",
        UploadId=uploads[2],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )

    assert ("z", "z") == moto.unfinished_uploads(bucket)
    assert [("a", b"body")] == [(v.key, v.body) for v in moto.versions(bucket)]


def test_a_bucket_that_was_deleted_from_is_not_read(moto: MotoServer, client: Any) -> None:
    """A deletion is no version with a body, so it is reported and not left out."""
    bucket = moto.fresh_bucket()
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    client.delete_object(Bucket=bucket, Key="a")

    with pytest.raises(BucketError, match=f"{bucket}/a deleted"):
        moto.versions(bucket)
