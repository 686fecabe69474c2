"""The object store port on S3, through boto3.

The client's own attempts (`s3.part.retries` in all) come first; what is left is classified as the AWS SDK's default
retry condition does (reference 2.1), since that decides between a rewind and the end of the task.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, InvalidRegionError
from botocore.exceptions import ConnectionError as NotReached

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError, Problem, StoreError

_RETRY_STATUS = frozenset({429, 500, 502, 503, 504})
_RETRY_CODES = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "EC2ThrottledException",
        "RequestTimeTooSkewed",
        "RequestExpired",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "RequestInTheFuture",
    }
)
"""Throttling and clock-skew codes, as the AWS SDK for Java lists them."""


class S3Store:
    """One bucket. A client is safe to make before a fork as long as nothing was sent through it."""

    def __init__(self, config: SinkConfig) -> None:
        self._bucket = config.bucket
        self._client = client(config)

    def head_bucket(self) -> None:
        """301 and 403 count as existing, 404 does not (reference 1.2)."""
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            status = _status(error)
            if status not in (301, 403):
                raise _store_error(error, f"bucket {self._bucket}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise _store_error(error, f"bucket {self._bucket}") from error

    def create_upload(self, key: str) -> str:
        """Begin a multipart upload."""
        with _errors(key):
            return str(self._client.create_multipart_upload(Bucket=self._bucket, Key=key)["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Send one part."""
        with _errors(key):
            reply = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body
            )
            return str(reply["ETag"])

    def complete_upload(self, key: str, upload_id: str, etags: tuple[str, ...], *, if_absent: bool) -> str:
        """Make the object visible."""
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, 1)]
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        with _errors(key):
            reply = self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}, **condition
            )
            return str(reply.get("VersionId", ""))

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an upload away."""
        with _errors(key):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    def head_object(self, key: str) -> Literal["exists", "missing", "forbidden"]:
        """Ask for an object."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _status(error) == 404:
                return "missing"
            if _status(error) == 403:
                return "forbidden"
            raise _store_error(error, key) from error
        except (BotoCoreError, HTTPClientError) as error:
            raise _store_error(error, key) from error
        return "exists"


@lru_cache(maxsize=1)
def _session() -> Any:
    """One session for the process: what it loads (100 ms) is shared by all its clients."""
    return boto3.session.Session()


def client(config: SinkConfig) -> Any:
    """A boto3 client as the configuration says; without static keys boto3's default chain finds credentials.

    Raises ConfigError for a region or an endpoint that no client can be made for.
    """
    keys = {}
    if config.access_key_id.strip() and config.secret_access_key.strip():
        keys = {"aws_access_key_id": config.access_key_id, "aws_secret_access_key": config.secret_access_key}
    settings = Config(
        retries={"total_max_attempts": config.part_attempts, "mode": "standard"},
        s3={"addressing_style": "path" if config.path_style else "virtual"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return _session().client(
            "s3", region_name=config.region, endpoint_url=config.endpoint or None, config=settings, **keys
        )
    except InvalidRegionError:
        allowed = "must be the name of a region, such as us-west-2: letters, digits and hyphens"
        raise _invalid("s3.region", config.region, allowed) from None
    except ValueError:  # the only thing that boto3 raises as such is its complaint about an endpoint
        allowed = "must be the URL of an object store, such as https://s3.example.org:9000"
        raise _invalid("store.url", config.endpoint, allowed) from None


def _invalid(name: str, value: str, allowed: str) -> ConfigError:
    return ConfigError([Problem(name, value, f"invalid value {value!r}: {allowed}")])


@contextmanager
def _errors(where: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, HTTPClientError) as error:
        raise _store_error(error, where) from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _store_error(error: ClientError | BotoCoreError | HTTPClientError, where: str) -> StoreError:
    """What a failed request means: whether to try again, and what is known of its outcome."""
    if isinstance(error, ClientError):
        status, code = _status(error), str(error.response.get("Error", {}).get("Code", ""))
        code = "PreconditionFailed" if status == 412 else code
        outcome: Literal["unknown", "not applied"] = "unknown" if status in (200, 500, 502, 504) else "not applied"
        retry = status in _RETRY_STATUS or code in _RETRY_CODES
        return StoreError(f"{where}: {error}", retry=retry, outcome=outcome, status=status, code=code)
    reached = not isinstance(error, NotReached)
    retry = isinstance(error, HTTPClientError | NotReached)
    return StoreError(f"{where}: {error}", retry=retry, outcome="unknown" if reached else "not applied")
