"""Who the sink is to S3: static keys, or a credentials provider by its Java name (reference 1.2, 1.3 STS).

The providers of the AWS SDK are found in boto3's own chain. Any other name is a dotted path into Python: a callable
that takes the settings below `s3.credentials.provider.` and returns credentials as boto3 knows them.
"""

import importlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import boto3
import botocore.credentials
import botocore.session

from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError, Problem

ANONYMOUS = "AnonymousCredentialsProvider"
ASSUME_ROLE = "AwsAssumeRoleCredentialsProvider"
DEFAULT = ("DefaultCredentialsProvider", "DefaultAWSCredentialsProviderChain")
_PROFILE = ("assume-role", "assume-role-with-web-identity", "sso", "login", "shared-credentials-file", "custom-process")
_LINKS: Mapping[str, tuple[str, ...]] = {
    "EnvironmentVariableCredentialsProvider": ("env",),
    "ProfileCredentialsProvider": (*_PROFILE, "config-file"),
    "InstanceProfileCredentialsProvider": ("iam-role",),
    "ContainerCredentialsProvider": ("container-role",),
    "WebIdentityTokenFileCredentialsProvider": ("assume-role-with-web-identity",),
}
"""Which links of boto3's chain each provider of the AWS SDK stands for."""

_CLASS = "s3.credentials.provider.class"
_PREFIX = "s3.credentials.provider."
_STS_REQUIRED = ("sts.role.arn", "sts.role.external.id", "sts.role.session.name")


def session(config: SinkConfig) -> Any:
    """A boto3 session that finds credentials as the configuration says; it asks nobody before the first request.

    Raises ConfigError for a provider that cannot be had.
    """
    name = config.credentials_provider
    if name in DEFAULT or name == ANONYMOUS:
        return _shared()
    if name in _LINKS:
        return _session(_chain(_LINKS[name]))
    if name == ASSUME_ROLE:
        return _session(_Given(lambda: _assumed_role(config)))
    if name == "SystemPropertyCredentialsProvider":
        allowed = "there are no Java system properties here; use aws.access.key.id and aws.secret.access.key"
        raise _invalid(_CLASS, name, allowed)
    return _session(_Given(lambda: _custom(config)))


def static_keys(config: SinkConfig) -> dict[str, str]:
    """Arguments of a client with the two aws keys: where both are given and the provider does not take them itself."""
    if config.credentials_provider != ASSUME_ROLE and not _is_custom(config.credentials_provider) and _has_keys(config):
        return _keys(config)
    return {}


def _is_custom(name: str) -> bool:
    return name not in (*DEFAULT, *_LINKS, ANONYMOUS, ASSUME_ROLE)


def _has_keys(config: SinkConfig) -> bool:
    return bool(config.access_key_id.strip() and config.secret_access_key.strip())


def _keys(config: SinkConfig) -> dict[str, str]:
    return {"aws_access_key_id": config.access_key_id, "aws_secret_access_key": config.secret_access_key}


class _Given:
    """In place of the whole chain: credentials that are made at once, so that a mistake is known at the start."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._credentials = make()

    def load_credentials(self) -> Any:
        return self._credentials


def _chain(links: tuple[str, ...]) -> Any:
    """Boto3's chain with these links alone."""
    resolver = botocore.credentials.create_credential_resolver(botocore.session.get_session())
    resolver.providers = [provider for provider in resolver.providers if provider.METHOD in links]
    return resolver


@lru_cache(maxsize=1)
def _shared() -> Any:
    """One session for the process: what it loads (100 ms) is shared by all its clients."""
    return boto3.session.Session()


def _session(resolver: Any) -> Any:
    made = botocore.session.get_session()
    made.register_component("credential_provider", resolver)
    return boto3.session.Session(botocore_session=made)


def _assumed_role(config: SinkConfig) -> Any:
    """Credentials of a role, renewed before they expire. The two aws keys, or else the chain, ask for them."""
    settings = config.credentials_settings
    missing = [name for name in _STS_REQUIRED if not settings.get(name, "").strip()]
    if missing:
        raise ConfigError(Problem(_PREFIX + name, None, f"is required by {ASSUME_ROLE}") for name in missing)
    region = settings.get("sts.region", "").strip() or config.region
    sts = _shared().client("sts", region_name=region, **(_keys(config) if _has_keys(config) else {}))
    role = {
        "RoleArn": settings["sts.role.arn"],
        "ExternalId": settings["sts.role.external.id"],
        "RoleSessionName": settings["sts.role.session.name"],
    }
    refresh = botocore.credentials.create_assume_role_refresher(sts, role)
    return botocore.credentials.DeferredRefreshableCredentials(refresh, "sts-assume-role")


def _custom(config: SinkConfig) -> Any:
    path = config.raw.get(_CLASS, config.credentials_provider).strip()
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        provider = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        allowed = (
            f"must be one of {', '.join(sorted((DEFAULT[0], *_LINKS, ANONYMOUS, ASSUME_ROLE)))}, or the dotted path of "
            f"a Python callable that returns credentials ({error})"
        )
        raise _invalid(_CLASS, path, allowed) from None
    keys = {"aws.access.key.id": config.access_key_id, "aws.secret.access.key": config.secret_access_key}
    settings = {name: value for name, value in config.credentials_settings.items() if name != "class"}
    credentials = provider({**settings, **keys})
    if not hasattr(credentials, "get_frozen_credentials"):
        raise _invalid(_CLASS, path, f"must return credentials as boto3 knows them, not {credentials!r}")
    return credentials


def _invalid(name: str, value: str, allowed: str) -> ConfigError:
    return ConfigError([Problem(name, value, f"invalid value {value!r}: {allowed}")])
