"""What a failed request to S3 means: whether to try again, and what is known of it (reference 2.1)."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from onceproof.sink.errors import ConfigError
from onceproof.sink.outside.s3 import S3Store, _store_error
from onceproof.sink.settings.parsing import parse

MINIMAL = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "s3.bucket.name": "b",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
URL = "must be the URL of an object store, such as https://s3.example.org:9000"
NAME = "must be the name of a region, such as us-west-2: letters, digits and hyphens"


def answered(status: int, code: str = "") -> ClientError:
    """An answer of S3 as boto3 raises it."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "UploadPart")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_overloaded_or_broken_server_is_tried_again(status: int) -> None:
    """Whatever its code says."""
    assert _store_error(answered(status), "k").retry


@pytest.mark.parametrize("status", [301, 400, 403, 404, 408, 409, 412, 501])
def test_a_refusal_is_final(status: int) -> None:
    """The same request would be refused again."""
    assert not _store_error(answered(status), "k").retry


@pytest.mark.parametrize("code", ["SlowDown", "Throttling", "RequestLimitExceeded", "RequestTimeTooSkewed"])
def test_throttling_and_clock_skew_are_tried_again(code: str) -> None:
    """Also where they come with a status that is final elsewise."""
    assert _store_error(answered(400, code), "k").retry
    assert _store_error(answered(403, code), "k").retry


@pytest.mark.parametrize("code", ["ExpiredToken", "NoSuchUpload", "AccessDenied", "RequestTimeout"])
def test_other_codes_are_final(code: str) -> None:
    """They are not in the SDK's list."""
    assert not _store_error(answered(400, code), "k").retry


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ReadTimeoutError(endpoint_url="http://s3", error="slow"), "unknown"),
        (ConnectionClosedError(endpoint_url="http://s3"), "unknown"),
        (ConnectTimeoutError(endpoint_url="http://s3", error="slow"), "not applied"),
        (EndpointConnectionError(endpoint_url="http://s3", error="refused"), "not applied"),
    ],
)
def test_a_lost_connection_is_tried_again(error: Exception, outcome: str) -> None:
    """What was never reached did not happen; elsewise nothing is known."""
    found = _store_error(error, "k")  # type: ignore[arg-type]

    assert (True, outcome, 0) == (found.retry, found.outcome, found.status)


def test_what_never_left_the_client_is_final() -> None:
    """Without credentials no request can succeed."""
    assert not _store_error(NoCredentialsError(), "k").retry


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "unknown"), (500, "unknown"), (502, "unknown"), (504, "unknown"), (503, "not applied")],
)
def test_a_broken_answer_leaves_the_outcome_open(status: int, outcome: str) -> None:
    """A complete may be answered 200 with an error in its body, and may have taken effect."""
    assert outcome == _store_error(answered(status, "InternalError"), "k").outcome


def test_a_failed_condition_is_known_by_its_status() -> None:
    """412 is PreconditionFailed whatever its body says; another status with that code is one as well."""
    found = _store_error(answered(412, "412"), "k")

    assert ("PreconditionFailed", 412, False) == (found.code, found.status, found.retry)
    assert "PreconditionFailed" == _store_error(answered(200, "PreconditionFailed"), "k").code


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("store.url", "http://bad host", URL),
        ("store.url", "http://[::1", URL),
        ("store.url", "https://", URL),
        ("s3.region", "us west", NAME),
        ("s3.region", "-", NAME),
    ],
)
def test_what_no_client_can_be_made_for_is_a_configuration_error(name: str, value: str, allowed: str) -> None:
    """With property, value, and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        S3Store(parse({**MINIMAL, name: value}))

    assert [(name, value, f"invalid value {value!r}: {allowed}")] == [
        tuple(problem) for problem in caught.value.problems
    ]
