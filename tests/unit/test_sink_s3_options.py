"""What requests to S3 look like under each option, how often they are attempted, and who sends them (reference 6)."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import botocore.credentials
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError, StoreError
from onceproof.sink.outside.s3 import BACKOFF_MS_MAX, S3Store, client
from onceproof.sink.settings.parsing import parse

MINIMAL = {
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "s3.bucket.name": "bucket",
    "s3.region": "eu-west-1",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
KEYS = {"aws.access.key.id": "AKIDSTATIC", "aws.secret.access.key": "secret"}
AWSSDK = "software.amazon.awssdk.auth.credentials"
ROLE = {
    "s3.credentials.provider.class": "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider",
    "s3.credentials.provider.sts.role.arn": "arn:aws:iam::123456789012:role/sink",
    "s3.credentials.provider.sts.role.external.id": "outside",
    "s3.credentials.provider.sts.role.session.name": "sink",
}
CUSTOMER_KEY = b"0123456789abcdef0123456789abcdef"
CREATED = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"


def config(**changes: str) -> SinkConfig:
    """MINIMAL with static keys; `s3_acl_canned="private"` is `s3.acl.canned`."""
    return parse({**MINIMAL, **KEYS, **{name.replace("_", "."): value for name, value in changes.items()}})


class Answer(AWSResponse):
    """An answer that no server gave."""

    def __init__(self, url: str, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(url, status, headers, None)
        self._content = body


class Server:
    """Stands between the client and the network; answers are given in turn, the last one for ever."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._answers = list(answers or [(200, CREATED)])

    def behind(self, s3: Any) -> None:
        """Answer all requests of this client."""
        s3.meta.events.register("before-send.*.*", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> Answer:
        self.requests.append(request)
        status, body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return Answer(request.url, status, body, {"ETag": '"e"'})

    def headers(self, at: int = -1) -> dict[str, str]:
        """Of one request, with names in lower case."""
        return {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in self.requests[at].headers.items()
        }


@pytest.fixture
def server() -> Server:
    """Answers everything with an upload's id."""
    return Server()


def store(server: Server, given: SinkConfig, **how: Any) -> S3Store:
    """The port before that server."""
    made = S3Store(given, **how)
    server.behind(made._client)
    return made


def encryption(headers: Mapping[str, str]) -> dict[str, str]:
    """What a request says of encryption."""
    start = "x-amz-server-side-encryption"
    return {name.removeprefix(start).strip("-"): value for name, value in headers.items() if name.startswith(start)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {}),
        ({"s3_ssea_name": "AES256"}, {"": "AES256"}),
        ({"s3_ssea_name": "aws:kms", "s3_sse_kms_key_id": "id"}, {"": "aws:kms", "aws-kms-key-id": "id"}),
        ({"s3_ssea_name": "aws:kms"}, {}),
        ({"s3_ssea_name": "aws:kms:dsse", "s3_sse_kms_key_id": "id"}, {}),
        ({"s3_sse_kms_key_id": "id"}, {}),
        ({"s3_sse_customer_key": base64.b64encode(CUSTOMER_KEY).decode()}, {}),
    ],
)
def test_encryption_is_asked_for_when_an_upload_is_created(
    server: Server, given: Mapping[str, str], told: Mapping[str, str]
) -> None:
    """A key without its algorithm says nothing, and neither does KMS without a key; parts say nothing of it."""
    port = store(server, config(**given))
    port.create_upload("k")
    port.upload_part("k", "u", 1, b"x")

    assert [told, {}] == [encryption(server.headers(0)), encryption(server.headers(1))]


def test_a_customers_key_goes_with_the_upload_and_with_each_part(server: Server) -> None:
    """Key and digest, and no other encryption."""
    given = config(s3_ssea_name="AES256", s3_sse_customer_key=base64.b64encode(CUSTOMER_KEY).decode())
    port = store(server, given)
    port.create_upload("k")
    port.upload_part("k", "u", 1, b"x")
    told = {
        "customer-algorithm": "AES256",
        "customer-key": base64.b64encode(CUSTOMER_KEY).decode(),
        "customer-key-md5": base64.b64encode(hashlib.md5(CUSTOMER_KEY).digest()).decode(),
    }

    assert [told, told] == [encryption(server.headers(0)), encryption(server.headers(1))]


@pytest.mark.parametrize(("given", "acl"), [({}, None), ({"s3_acl_canned": "bucket-owner-read"}, "bucket-owner-read")])
def test_an_upload_has_the_acl_that_is_configured(server: Server, given: Mapping[str, str], acl: str | None) -> None:
    """None says nothing."""
    store(server, config(**given)).create_upload("k")

    assert acl == server.headers().get("x-amz-acl")


@pytest.mark.parametrize(
    ("digest", "told"), [("true", base64.b64encode(hashlib.md5(b"x").digest()).decode()), ("false", None)]
)
def test_a_part_has_its_digest_where_that_is_wanted(server: Server, digest: str, told: str | None) -> None:
    """MD5, as S3 checks it."""
    store(server, config(s3_send_digest=digest)).upload_part("k", "u", 1, b"x")

    assert told == server.headers().get("content-md5")


@pytest.mark.parametrize(("given", "told"), [({}, "100-continue"), ({"s3_http_send_expect_continue": "false"}, None)])
def test_a_part_asks_before_it_is_sent(server: Server, given: Mapping[str, str], told: str | None) -> None:
    """Unless the setting is off."""
    store(server, config(**given)).upload_part("k", "u", 1, b"x")

    assert told == server.headers().get("expect")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://s3.eu-west-1.amazonaws.com/bucket/k"),
        ({"s3_path_style_access_enabled": "false"}, "https://bucket.s3.eu-west-1.amazonaws.com/k"),
        (
            {"s3_path_style_access_enabled": "false", "s3_wan_mode": "true"},
            "https://bucket.s3-accelerate.amazonaws.com/k",
        ),
        ({"store_url": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000/bucket/k"),
    ],
)
def test_the_address_is_as_configured(server: Server, given: Mapping[str, str], url: str) -> None:
    """Bucket in the path or in the host's name, accelerated or not."""
    store(server, config(**given)).head_object("k")

    assert url == server.requests[-1].url


def test_acceleration_has_no_endpoint_of_its_own() -> None:
    """AWS alone accelerates."""
    given = {"s3_wan_mode": "true", "s3_path_style_access_enabled": "false", "store_url": "http://127.0.0.1:9000"}

    with pytest.raises(ConfigError, match=r"s3.wan.mode: .*cannot be combined with store.url"):
        S3Store(config(**given))


def test_tags_replace_the_set(server: Server) -> None:
    """In their order; the last of two equal names wins."""
    store(server, config()).tag_object("k", (("startOffset", "0"), ("team", "a"), ("team", "b")))

    sent = server.requests[-1]
    assert ("PUT", "https://s3.eu-west-1.amazonaws.com/bucket/k?tagging") == (sent.method, sent.url)
    assert (
        "<TagSet><Tag><Key>startOffset</Key><Value>0</Value></Tag><Tag><Key>team</Key><Value>b</Value></Tag></TagSet>"
        in sent.body.decode()
    )


# --- attempts --------------------------------------------------------------------------------------------------------

BROKEN = (503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
FORBIDDEN = (403, b"<Error><Code>AccessDenied</Code><Message>No identity-based policy allows it</Message></Error>")


def test_a_request_is_attempted_as_often_as_configured() -> None:
    """In all: `s3.part.retries` counts the first one too; the last answer is what is said."""
    server, slept = Server(BROKEN), list[float]()
    port = store(server, config(s3_part_retries="3"), sleep=slept.append, draw=lambda: 1.0)

    with pytest.raises(StoreError) as caught:
        port.create_upload("topics/k.json")

    assert 3 == len(server.requests)
    assert [0.2, 0.4] == slept
    assert ("topics/k.json: 503 SlowDown", True) == (str(caught.value), caught.value.retry)


def test_a_request_that_succeeds_later_is_no_error() -> None:
    """Nobody hears of the refusals before."""
    server = Server(BROKEN, BROKEN, (200, CREATED))

    assert "u" == store(server, config(), sleep=lambda _: None).create_upload("k")
    assert 3 == len(server.requests)


def test_a_refusal_that_is_final_is_not_tried_again() -> None:
    """With the sentence of S3, which says more than its code."""
    server = Server(FORBIDDEN)

    with pytest.raises(StoreError) as caught:
        store(server, config()).create_upload("k")

    assert 1 == len(server.requests)
    assert "k: 403 AccessDenied: No identity-based policy allows it" == str(caught.value)


@pytest.mark.parametrize("drawn", [0.0, 0.25, 0.999])
def test_the_delay_is_drawn_below_a_bound_that_doubles(drawn: float) -> None:
    """Full jitter; the bound is never above a day, however often it doubles."""
    port = S3Store(config(s3_retry_backoff_ms="100"), draw=lambda: drawn)

    assert [drawn * bound for bound in (100, 200, 400)] == [port._delay_ms(retries) for retries in range(3)]
    assert drawn * BACKOFF_MS_MAX == port._delay_ms(31) == port._delay_ms(10_000)


def test_tagging_has_attempts_of_its_own() -> None:
    """With delays that double, and are not drawn; each attempt is one of requests that are tried again themselves."""
    server, slept = Server(FORBIDDEN, FORBIDDEN, (200, b"")), list[float]()
    port = store(server, config(s3_retry_backoff_ms="100"), sleep=slept.append, draw=lambda: 0.0)

    port.tag_object("k", (), attempts=3)

    assert [0.1, 0.2] == slept
    with pytest.raises(StoreError):
        store(Server(FORBIDDEN), config(), sleep=slept.append).tag_object("k", (), attempts=1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            (412, b"<Error><Code>PreconditionFailed</Code><Message>At least one</Message></Error>"),
            "412 PreconditionFailed",
        ),
        ((404, b"<Error><Code>NoSuchUpload</Code><Message>The upload</Message></Error>"), "404 NoSuchUpload"),
        (
            (400, b"<Error><Code>EntityTooSmall</Code><Message>Too small</Message></Error>"),
            "400 EntityTooSmall: Too small",
        ),
        ((403, b""), "403 Forbidden"),
    ],
)
def test_an_error_says_status_and_code(answer: tuple[int, bytes], told: str) -> None:
    """And S3's sentence only where it adds something."""
    with pytest.raises(StoreError) as caught:
        store(Server(answer), config(s3_part_retries="1")).create_upload("k")

    assert f"k: {told}" == str(caught.value)


def test_listing_follows_its_pages() -> None:
    """Uploads, and the parts of one."""
    page = "<Upload><Key>{0}</Key><UploadId>u</UploadId><Initiated>2024-01-01T00:00:00Z</Initiated></Upload>"
    first = (
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
        f"<NextUploadIdMarker>u</NextUploadIdMarker>{page.format('a')}</ListMultipartUploadsResult>"
    )
    last = f"<ListMultipartUploadsResult>{page.format('b')}</ListMultipartUploadsResult>"
    parts = (
        "<ListPartsResult><IsTruncated>{0}</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"
        "<Part><PartNumber>1</PartNumber><Size>5</Size></Part></ListPartsResult>"
    )
    server = Server(*((200, text.encode()) for text in (first, last, parts.format("true"), parts.format("false"))))
    port = store(server, config())

    assert ["a", "b"] == [upload.key for upload in port.unfinished_uploads("topics/")]
    assert "key-marker=a" in server.requests[-1].url
    assert 10 == port.uploaded_bytes("a", "u")


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return monkeypatch


def signer(given: Mapping[str, str], server: Server) -> str | None:
    """The id of the key that a request is signed with; None for one without a signature."""
    port = store(server, parse({**MINIMAL, **given}))
    port.head_object("k")
    told = server.headers().get("authorization")
    return told.split("Credential=")[1].split("/")[0] if told else None


def provider(name: str) -> dict[str, str]:
    """The setting for that class."""
    return {"s3.credentials.provider.class": name}


@pytest.mark.parametrize("name", [f"{AWSSDK}.DefaultCredentialsProvider", f"{AWSSDK}.ProfileCredentialsProvider"])
def test_static_keys_win_over_a_provider_without_settings(
    nobody: pytest.MonkeyPatch, server: Server, name: str
) -> None:
    """Both must be given."""
    nobody.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert "AKIDSTATIC" == signer({**KEYS, **provider(name)}, server)


def test_the_environment_and_a_profile_are_told_apart(
    nobody: pytest.MonkeyPatch, server: Server, tmp_path: Path
) -> None:
    """Each provider looks where its name says, and nowhere else."""
    nobody.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    text = "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n"
    (tmp_path / "credentials").write_text(text, encoding="utf-8")

    assert "AKIDENV" == signer(provider(f"{AWSSDK}.EnvironmentVariableCredentialsProvider"), server)
    assert "AKIDFILE" == signer(provider(f"{AWSSDK}.ProfileCredentialsProvider"), server)
    assert signer(provider(f"{AWSSDK}.AnonymousCredentialsProvider"), server) is None


def test_a_provider_that_finds_nothing_is_known_by_the_first_request(nobody: pytest.MonkeyPatch) -> None:
    """It cannot be mended by asking again."""
    given = parse({**MINIMAL, **provider(f"{AWSSDK}.EnvironmentVariableCredentialsProvider")})

    with pytest.raises(StoreError, match="bucket bucket: Unable to locate credentials") as caught:
        S3Store(given).head_bucket()

    assert not caught.value.retry


def assumed(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Put all clients made from now on before that server."""
    import boto3  # noqa: PLC0415 - only here

    made: Callable[..., Any] = boto3.session.Session.client

    def behind(session: Any, name: str, **how: Any) -> Any:
        client = made(session, name, **how)
        if name == "sts":
            server.behind(client)
        return client

    monkeypatch.setattr(boto3.session.Session, "client", behind)


def lent(number: int, expires: str) -> tuple[int, bytes]:
    """The token service's answer."""
    return 200, (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>AKIDROLE{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t{number}</SessionToken><Expiration>{expires}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


def test_a_role_is_assumed_with_the_two_keys_and_again_when_it_expires(nobody: pytest.MonkeyPatch) -> None:
    """Nothing is asked before the first request; requests carry the role's token."""
    sts = Server(lent(1, "2001-01-01T00:00:00Z"), lent(2, "2999-01-01T00:00:00Z"))
    assumed(nobody, sts)
    s3 = Server()
    port = store(s3, parse({**MINIMAL, **KEYS, **ROLE, "s3.credentials.provider.sts.region": "eu-central-1"}))

    assert [] == sts.requests
    with pytest.raises(RuntimeError, match="expired"):
        port.head_object("k")
    port.head_object("k")
    port.head_object("k")

    assert "AKIDROLE2" in s3.headers()["authorization"]
    assert "t2" == s3.headers()["x-amz-security-token"]
    assert 2 == len(sts.requests)
    assert "AKIDSTATIC" in sts.headers()["authorization"]
    assert "https://sts.eu-central-1.amazonaws.com/" == sts.requests[0].url
    assert {"RoleArn": "arn:aws:iam::123456789012:role/sink", "ExternalId": "outside", "RoleSessionName": "sink"} == {
        name: value
        for name, value in parse_qsl(_text(sts.requests[0].body))
        if name not in ("Action", "Version", "DurationSeconds")
    }


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body)


def given_by_hand(settings: Mapping[str, str]) -> Any:
    """A provider of the user's own."""
    return botocore.credentials.Credentials(f"AKID{settings['team']}{settings['aws.access.key.id']}", "secret")


def broken_by_hand(settings: Mapping[str, str]) -> Any:
    """One that gives nothing of use."""
    return "password"


def test_a_provider_of_the_users_own_gets_its_settings(nobody: pytest.MonkeyPatch, server: Server) -> None:
    """By its dotted path; the two keys are handed to it, and are not used themselves."""
    given = {**KEYS, **provider(f"{__name__}.given_by_hand"), "s3.credentials.provider.team": "X"}

    assert "AKIDXAKIDSTATIC" == signer(given, server)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (f"{__name__}.broken_by_hand", "must return credentials"),
        (f"{__name__}.nothing", "the dotted path of a Python callable"),
        ("com.example.MyProvider", "the dotted path of a Python callable"),
        (f"{AWSSDK}.SystemPropertyCredentialsProvider", "no Java system properties"),
    ],
)
def test_a_provider_that_cannot_be_had_is_a_configuration_error(name: str, why: str) -> None:
    """With the property, its value, and what is allowed."""
    with pytest.raises(ConfigError, match=rf"s3.credentials.provider.class: .*{why}"):
        client(parse({**MINIMAL, **provider(name)}))
