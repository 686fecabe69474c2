"""Buckets, and what they hold after a run: every version of every key, and uploads that nobody finished.

Reading goes through S3's own interface, so that moto and any other S3 are seen in the same way.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from onceproof.model.history import Version
from onceproof.scenarios.errors import EnvironmentFailure
from onceproof.scenarios.worlds.host import Host

REGION: Final = "us-west-2"
ACCESS_KEY: Final = "test"
SECRET_KEY: Final = "test"  # noqa: S105 - moto takes any

_READERS = 4


class BucketError(EnvironmentFailure):
    """The store did not do what was asked of it, or a bucket holds what the history of a run cannot express."""


class S3:
    """Any S3, as the harness uses it.

    `endpoint` is None for AWS; `credentials` are further arguments of `boto3.client`, none where the
    environment has them. One boto3 client serves all calls, from any thread: to create it costs 100 ms.
    All methods raise BucketError where the store refuses or does not answer.
    """

    def __init__(self, endpoint: str | None, *, region: str, credentials: Mapping[str, str] | None = None) -> None:
        self.endpoint = endpoint
        self.region = region
        config = Config(s3={"addressing_style": "path"}, max_pool_connections=_READERS)
        session: Any = boto3.session.Session()
        self._client = session.client(
            "s3", endpoint_url=endpoint, region_name=region, config=config, **(credentials or {})
        )
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="bucket")
        self._numbers = itertools.count(1)

    def fresh_bucket(self) -> str:
        """Name of a new, empty bucket that keeps all versions."""
        name = f"onceproof-{os.getpid()}-{next(self._numbers)}"
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        with _s3(f"create bucket {name}"):
            self._client.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
            self._client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object in one request, as somebody else than the sink."""
        with _s3(f"write {bucket}/{key}"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def versions(self, bucket: str) -> tuple[Version, ...]:
        """All versions of all keys with their bodies, by key, oldest first within a key.

        Raises BucketError if the bucket was deleted from: a deletion has no body.
        """
        listed: list[tuple[str, str]] = []
        for page in self._pages("list_object_versions", bucket):
            if deleted := page.get("DeleteMarkers"):
                found = f"{bucket}/{deleted[0]['Key']} deleted"
                raise BucketError(f"expected a bucket that nothing was deleted from, found {found}")
            listed += [(entry["Key"], entry["VersionId"]) for entry in page.get("Versions", ())]
        listed.reverse()  # S3 lists the newest version of a key first
        listed.sort(key=lambda entry: entry[0])
        return tuple(self._readers.map(lambda entry: self._read(bucket, *entry), listed))

    def unfinished_uploads(self, bucket: str) -> tuple[str, ...]:
        """Keys of uploads that are neither completed nor aborted, sorted; one entry for each upload."""
        pages = self._pages("list_multipart_uploads", bucket)
        return tuple(sorted(upload["Key"] for page in pages for upload in page.get("Uploads", ())))

    def close(self) -> None:
        """Let go of the connections."""
        self._readers.shutdown()
        self._client.close()

    def _pages(self, operation: str, bucket: str) -> Iterator[Any]:
        with _s3(f"{operation.replace('_', ' ')} of bucket {bucket}"):
            yield from self._client.get_paginator(operation).paginate(Bucket=bucket)

    def _read(self, bucket: str, key: str, version_id: str) -> Version:
        with _s3(f"read {bucket}/{key}"):
            answer = self._client.get_object(Bucket=bucket, Key=key, VersionId=version_id)
            with answer["Body"] as body:
                return Version(key, version_id, body.read())


class MotoServer(S3):
    """Moto's S3 server in a process of its own, open to any client on this machine at `endpoint`.

    It takes every credential; the harness uses ACCESS_KEY and SECRET_KEY. The server ends with its parent.
    """

    def __init__(self) -> None:
        self._host = Host("onceproof.scenarios.worlds.moto_host")
        self.pid = self._host.pid
        credentials = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        super().__init__(self._host.hello["endpoint"], region=REGION, credentials=credentials)

    def close(self) -> None:
        """End the server; its buckets are gone."""
        super().close()
        self._host.close()


@contextmanager
def _s3(doing: str) -> Iterator[None]:
    """Turn a client's error while `doing` something into BucketError."""
    try:
        yield
    except (ClientError, BotoCoreError, HTTPClientError) as error:
        raise BucketError(f"{doing}: {error}") from error
