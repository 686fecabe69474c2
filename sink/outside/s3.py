"""The object store port on S3, through boto3.

Each request is attempted `s3.part.retries` times in all, with the back-off of the AWS SDK between the attempts. What is
left is classified as the SDK's default retry condition does (reference 2.1), since that decides between a rewind and
the end of the task.
"""

import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, InvalidRegionError
from botocore.exceptions import ConnectionError as NotReached

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError, Problem, StoreError
from onceproof.sink.outside import credentials

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

_SAYS_IT_ALL = frozenset(
    {
        "PreconditionFailed",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchUpload",
        "SlowDown",
        "InternalError",
        "ServiceUnavailable",
        "RequestTimeout",
        "ConditionalRequestConflict",
    }
)
"""Codes to which S3's own sentence adds nothing."""

BACKOFF_MS_MAX = 24 * 3_600_000
"""Longest time between two attempts (reference 1.2)."""

_DOUBLINGS_MAX = 30
"""As often as the AWS SDK doubles its back-off."""


class Upload(NamedTuple):
    """A multipart upload that has not ended."""

    key: str
    upload_id: str
    started: datetime


class S3Store:
    """One bucket. A client is safe to make before a fork as long as nothing was sent through it.

    `sleep` takes seconds; `draw` gives a number from 0 below 1.
    """

    def __init__(
        self,
        config: SinkConfig,
        *,
        sleep: Callable[[float], object] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._bucket = config.bucket
        self._client = client(config)
        self._attempts = config.part_attempts
        self._backoff_ms = config.s3_retry_backoff_ms
        self._digest = config.send_digest
        self._sleep = sleep
        self._draw = draw
        self._for_parts = _customer_key(config)
        self._for_uploads = {**_customer_key(config), **_upload_options(config)}

    def head_bucket(self) -> None:
        """301 and 403 count as existing, 404 does not (reference 1.2)."""
        try:
            self._ask(f"bucket {self._bucket}", self._client.head_bucket)
        except StoreError as error:
            if error.status not in (301, 403):
                raise

    def create_upload(self, key: str) -> str:
        """Begin a multipart upload."""
        return str(self._ask(key, self._client.create_multipart_upload, Key=key, **self._for_uploads)["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Send one part."""
        digest = {}
        if self._digest:
            digest = {"ContentMD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
        reply = self._ask(
            key,
            self._client.upload_part,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            **digest,
            **self._for_parts,
        )
        return str(reply["ETag"])

    def complete_upload(self, key: str, upload_id: str, etags: tuple[str, ...], *, if_absent: bool) -> str:
        """Make the object visible."""
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, 1)]
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        complete = self._client.complete_multipart_upload
        reply = self._ask(key, complete, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}, **condition)
        return str(reply.get("VersionId", ""))

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an upload away."""
        self._ask(key, self._client.abort_multipart_upload, Key=key, UploadId=upload_id)

    def head_object(self, key: str) -> Literal["exists", "missing", "forbidden"]:
        """Ask for an object."""
        try:
            self._ask(key, self._client.head_object, Key=key)
        except StoreError as error:
            if error.status == 404:
                return "missing"
            if error.status == 403:
                return "forbidden"
            raise
        return "exists"

    def tag_object(self, key: str, tags: tuple[tuple[str, str], ...], *, attempts: int = 1) -> None:
        """Replace the tags of an object; `s3.retry.backoff.ms`, then twice as long, goes by after each refusal."""
        tagging = {"TagSet": [{"Key": name, "Value": value} for name, value in dict(tags).items()]}
        for attempt in range(attempts):
            try:
                self._ask(key, self._client.put_object_tagging, Key=key, Tagging=tagging)
            except StoreError:
                if attempt + 1 >= attempts:
                    raise
                self._sleep(min(self._backoff_ms << min(attempt, _DOUBLINGS_MAX), BACKOFF_MS_MAX) / 1000)
            else:
                return

    def unfinished_uploads(self, prefix: str) -> Iterator[Upload]:
        """All uploads that are neither completed nor aborted, of keys that begin with `prefix`."""
        position: dict[str, str] = {}
        while True:
            found = self._ask(prefix, self._client.list_multipart_uploads, Prefix=prefix, **position)
            for upload in found.get("Uploads", ()):
                yield Upload(upload["Key"], upload["UploadId"], upload["Initiated"])
            if not found.get("IsTruncated"):
                return
            position = {"KeyMarker": found["NextKeyMarker"], "UploadIdMarker": found["NextUploadIdMarker"]}

    def uploaded_bytes(self, key: str, upload_id: str) -> int:
        """How much of an upload is there."""
        size_bytes = 0
        position: dict[str, int] = {}
        while True:
            found = self._ask(key, self._client.list_parts, Key=key, UploadId=upload_id, **position)
            size_bytes += sum(int(part["Size"]) for part in found.get("Parts", ()))
            if not found.get("IsTruncated"):
                return size_bytes
            position = {"PartNumberMarker": found["NextPartNumberMarker"]}

    def _ask(self, where: str, request: Callable[..., Any], **arguments: Any) -> Any:
        """Send a request up to so many times; raises StoreError with what the last answer was."""
        attempt = 0
        while True:
            try:
                return request(Bucket=self._bucket, **arguments)
            except (ClientError, BotoCoreError, HTTPClientError) as refused:
                error = _store_error(refused, where)
                if not error.retry or attempt + 1 >= self._attempts:
                    raise error from refused
            self._sleep(self._delay_ms(attempt) / 1000)
            attempt += 1

    def _delay_ms(self, retries: int) -> float:
        """Exponential back-off with full jitter, as the AWS SDK's: anything below a bound that doubles."""
        return self._draw() * min(self._backoff_ms << min(retries, _DOUBLINGS_MAX), BACKOFF_MS_MAX)


def client(config: SinkConfig) -> Any:
    """A boto3 client as the configuration says; it attempts each request once.

    Raises ConfigError for what no client can be made for.
    """
    if config.accelerate and config.endpoint:
        raise _invalid("s3.wan.mode", "true", "cannot be combined with store.url")
    anonymous = config.credentials_provider == credentials.ANONYMOUS
    keys = credentials.static_keys(config)
    settings = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={
            "addressing_style": "path" if config.path_style else "virtual",
            "use_accelerate_endpoint": config.accelerate,
        },
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        proxies=_proxies(config),
        **({"signature_version": UNSIGNED} if anonymous and not keys else {}),
    )
    try:
        made = credentials.session(config).client(
            "s3", region_name=config.region, endpoint_url=config.endpoint or None, config=settings, **keys
        )
    except InvalidRegionError:
        allowed = "must be the name of a region, such as us-west-2: letters, digits and hyphens"
        raise _invalid("s3.region", config.region, allowed) from None
    except ConfigError:
        raise
    except ValueError:  # the only thing that boto3 raises as such is its complaint about an endpoint
        allowed = "must be the URL of an object store, such as https://s3.example.org:9000"
        raise _invalid("store.url", config.endpoint, allowed) from None
    if not config.expect_continue:
        made.meta.events.register("request-created.s3.UploadPart", _send_at_once)
    return made


def _send_at_once(request: Any, **_: object) -> None:
    """Without the question whether a body may come, which boto3 asks before every part."""
    del request.headers["Expect"]


def _proxies(config: SinkConfig) -> dict[str, str] | None:
    """The proxy for every request; its own properties for user and password win over those of its URL."""
    if not config.proxy_url:
        return None
    parts = urlsplit(config.proxy_url if "://" in config.proxy_url else f"https://{config.proxy_url}")
    _, _, host = parts.netloc.rpartition("@")
    user = quote(config.proxy_user, safe="") or parts.username or ""
    password = quote(config.proxy_password, safe="") or parts.password or ""
    login = f"{user}:{password}@" if user else ""
    url = urlunsplit(parts._replace(netloc=login + host))
    return {"http": url, "https": url}


def _customer_key(config: SinkConfig) -> dict[str, Any]:
    """Headers of an encryption with the customer's own key; boto3 adds the key's digest (reference 6.2)."""
    if config.sse_name != "AES256" or config.sse_customer_key is None:
        return {}
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": config.sse_customer_key}


def _upload_options(config: SinkConfig) -> dict[str, str]:
    """What an object is told about itself when its upload is created (reference 6.2)."""
    options = {}
    if config.acl:
        options["ACL"] = config.acl
    if config.sse_name == "AES256" and config.sse_customer_key is None:
        options["ServerSideEncryption"] = "AES256"
    if config.sse_name == "aws:kms" and config.sse_kms_key_id.strip():
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": config.sse_kms_key_id}
    return options


def _invalid(name: str, value: str, allowed: str) -> ConfigError:
    return ConfigError([Problem(name, value, f"invalid value {value!r}: {allowed}")])


def _store_error(error: ClientError | BotoCoreError | HTTPClientError, where: str) -> StoreError:
    """What a failed request means: whether to try again, and what is known of its outcome."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        said = error.response.get("Error", {})
        code = "PreconditionFailed" if status == 412 else str(said.get("Code", ""))
        outcome: Literal["unknown", "not applied"] = "unknown" if status in (200, 500, 502, 504) else "not applied"
        retry = status in _RETRY_STATUS or code in _RETRY_CODES
        message = f"{where}: {_words(status, code, said)}"
        return StoreError(message, retry=retry, outcome=outcome, status=status, code=code)
    reached = not isinstance(error, NotReached)
    retry = isinstance(error, HTTPClientError | NotReached)
    return StoreError(f"{where}: {error}", retry=retry, outcome="unknown" if reached else "not applied")


def _words(status: int, code: str, said: Mapping[str, Any]) -> str:
    """Status and code, and S3's own sentence where it adds something; an answer without a body has no other code."""
    sentence = str(said.get("Message") or "").strip()
    if not code or code == str(status):
        return f"{status} {sentence}".strip()
    return f"{status} {code}" + (f": {sentence}" if sentence and code not in _SAYS_IT_ALL else "")
