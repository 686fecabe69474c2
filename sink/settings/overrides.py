"""Settings of a Java consumer (`consumer.override.*`) as librdkafka knows them.

A property is passed on, translated, accepted with a warning because it means nothing outside Java, or refused by name:
none is dropped in silence. Source: Kafka's consumer configuration, and librdkafka's CONFIGURATION.md.
"""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from onceproof.sink.errors import Problem

PREFIX = "consumer.override."
BATCH = "max.poll.records"
"""A setting of the sink's own consumer; librdkafka has none of this kind."""

_SAME = frozenset(
    {
        "allow.auto.create.topics",
        "bootstrap.servers",
        "check.crcs",
        "client.dns.lookup",
        "client.id",
        "client.rack",
        "enable.metrics.push",
        "fetch.min.bytes",
        "group.id",
        "group.instance.id",
        "heartbeat.interval.ms",
        "isolation.level",
        "metadata.recovery.rebootstrap.trigger.ms",
        "metadata.recovery.strategy",
        "reconnect.backoff.max.ms",
        "reconnect.backoff.ms",
        "retry.backoff.max.ms",
        "retry.backoff.ms",
        "sasl.mechanism",
        "security.protocol",
        "session.timeout.ms",
        "socket.connection.setup.timeout.ms",
        "ssl.key.password",
    }
)

_RENAMED: Mapping[str, str] = {
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "metadata.max.age.ms": "topic.metadata.refresh.interval.ms",
    "request.timeout.ms": "socket.timeout.ms",
}

_AT_MOST: Mapping[str, int] = {
    "connections.max.idle.ms": 2_147_483_647,
    "fetch.max.bytes": 2_147_483_135,
    "max.partition.fetch.bytes": 1_000_000_000,
    "max.poll.interval.ms": 86_400_000,
}
"""Where Java takes larger numbers than librdkafka, which both mean no limit."""

_OF_JAVA = frozenset(
    {
        "auto.commit.interval.ms",
        "auto.include.jmx.reporter",
        "default.api.timeout.ms",
        "exclude.internal.topics",
        "interceptor.classes",
        "key.deserializer",
        "metric.reporters",
        "metrics.num.samples",
        "metrics.recording.level",
        "metrics.sample.window.ms",
        "sasl.kerberos.ticket.renew.jitter",
        "sasl.kerberos.ticket.renew.window.factor",
        "sasl.login.connect.timeout.ms",
        "sasl.login.read.timeout.ms",
        "sasl.login.refresh.buffer.seconds",
        "sasl.login.refresh.min.period.seconds",
        "sasl.login.refresh.window.factor",
        "sasl.login.refresh.window.jitter",
        "sasl.login.retry.backoff.max.ms",
        "sasl.login.retry.backoff.ms",
        "socket.connection.setup.timeout.max.ms",
        "ssl.keymanager.algorithm",
        "ssl.provider",
        "ssl.secure.random.implementation",
        "ssl.trustmanager.algorithm",
        "value.deserializer",
    }
)
"""What changes nothing about the records that come."""

_ASSIGNORS: Mapping[str, str] = {
    "RangeAssignor": "range",
    "RoundRobinAssignor": "roundrobin",
    "CooperativeStickyAssignor": "cooperative-sticky",
    **{name: name for name in ("range", "roundrobin", "cooperative-sticky")},
}
COOPERATIVE = "cooperative-sticky"

_LOGIN = re.compile(
    r"\s*org\.apache\.kafka\.common\.security\.(?:plain\.Plain|scram\.Scram)LoginModule\s+\w+(?P<options>.*?);?\s*",
    re.S,
)
_OPTION = re.compile(r"""\s*(\w+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^\s;"']+))""")

Told: TypeAlias = Iterator[tuple[str, str] | str | Problem]
"""Settings, warnings and problems, as they are found."""


class Translation(NamedTuple):
    """What librdkafka is told, what the user should know, and what cannot be done."""

    settings: dict[str, str]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]


def consumer_settings(overrides: Mapping[str, str]) -> Translation:
    """Translate properties of a Java consumer, given without their prefix."""
    settings: dict[str, str] = {}
    remarks: list[str] = []
    problems: list[Problem] = []
    given = {name: value.strip() for name, value in overrides.items()}
    for name, value in given.items():
        for told in _translated(name, value, given):
            match told:
                case Problem():
                    problems.append(told)
                case str():
                    remarks.append(told)
                case (setting, translated):
                    settings[setting] = translated
    return Translation(settings, tuple(remarks), tuple(problems))


def _translated(name: str, value: str, given: Mapping[str, str]) -> Told:
    """Everything that one property comes to."""
    if name in _SAME:
        yield name, value
    elif name in _RENAMED:
        yield _RENAMED[name], value
    elif name in _AT_MOST:
        yield from _limited(name, value)
    elif name in _OF_JAVA:
        yield f"{PREFIX}{name}: has no effect outside Java, ignored"
    elif name in _SPECIAL:
        yield from _SPECIAL[name](name, value, given)
    else:
        yield _refused(name, value, "is no consumer setting that this sink knows")


def _refused(name: str, value: str, why: str) -> Problem:
    is_secret = "password" in name or name in ("sasl.jaas.config", "ssl.keystore.key")
    shown = "[hidden]" if is_secret else value
    return Problem(PREFIX + name, shown, f"invalid value {shown!r}: {why}")


def _limited(name: str, value: str) -> Told:
    if not re.fullmatch(r"-?[0-9]{1,19}", value):
        yield _refused(name, value, "must be a whole number")
    elif name == "connections.max.idle.ms" and int(value) < 0:
        yield name, "0"  # as Java's -1: never
    else:
        yield name, str(min(int(value), _AT_MOST[name]))


def _buffer(name: str, value: str, _: Mapping[str, str]) -> Told:
    """-1 leaves it to the system, which librdkafka says with 0."""
    yield f"socket.{name}", "0" if value == "-1" else value


def _batch(name: str, value: str, _: Mapping[str, str]) -> Told:
    if re.fullmatch(r"[0-9]{1,10}", value) and int(value) > 0:
        yield BATCH, value
    else:
        yield _refused(name, value, "must be a whole number from 1")


def _start(name: str, value: str, _: Mapping[str, str]) -> Told:
    known = {"earliest": "earliest", "latest": "latest", "none": "error"}
    if value.lower() in known:
        yield name, known[value.lower()]
    else:
        yield _refused(name, value, "must be one of earliest, latest, none")


def _assignors(name: str, value: str, _: Mapping[str, str]) -> Told:
    """Eager ones win over cooperative ones, as long as both are named: so it is in Java."""
    names = [item.strip().rpartition(".")[2] for item in value.split(",") if item.strip()]
    unknown = [item for item in names if item not in _ASSIGNORS]
    if unknown or not names:
        allowed = "must be a list of RangeAssignor, RoundRobinAssignor, CooperativeStickyAssignor"
        yield _refused(name, value, allowed)
        return
    found = list(dict.fromkeys(_ASSIGNORS[item] for item in names))
    eager = [item for item in found if item != COOPERATIVE]
    if eager and len(eager) < len(found):
        yield f"{PREFIX}{name}: rebalances are eager as long as an eager assignor is named beside the cooperative one"
    yield name, ",".join(eager or found)


def _only(*allowed: str) -> Callable[[str, str, Mapping[str, str]], Told]:
    """Nothing but these; what is allowed is what the sink does anyway."""

    def check(name: str, value: str, _: Mapping[str, str]) -> Told:
        if value.lower() not in allowed:
            yield _refused(name, value, f"must be {' or '.join(text or 'empty' for text in allowed)} here")

    return check


def _host_check(name: str, value: str, _: Mapping[str, str]) -> Told:
    yield name, value.lower() or "none"


def _jaas(name: str, value: str, _: Mapping[str, str]) -> Told:
    login = _LOGIN.fullmatch(value)
    options = dict(_options(login["options"])) if login else {}
    if not login or "username" not in options or "password" not in options:
        yield _refused(name, value, "must be PlainLoginModule or ScramLoginModule with username and password")
        return
    yield "sasl.username", options["username"]
    yield "sasl.password", options["password"]


def _options(text: str) -> Iterator[tuple[str, str]]:
    for name, double, single, bare in _OPTION.findall(text):
        yield name, re.sub(r"\\(.)", r"\1", double or single) or bare


def _trust(name: str, value: str, given: Mapping[str, str]) -> Told:
    if given.get("ssl.truststore.type", "JKS").upper() == "PEM":
        yield ("ssl.ca.location" if name.endswith("location") else "ssl.ca.pem"), _pem(name, value)
    elif name == "ssl.truststore.location":
        yield _refused(name, value, "librdkafka reads no Java trust store; use PEM and ssl.truststore.type=PEM")
    else:
        yield _refused(name, value, "needs ssl.truststore.type=PEM")


def _key_store(name: str, value: str, given: Mapping[str, str]) -> Told:
    """PEM holds key and certificates, in a file or in the property itself; PKCS12 is read as it is."""
    kind = given.get("ssl.keystore.type", "JKS").upper()
    if kind == "PKCS12" and name in ("ssl.keystore.location", "ssl.keystore.password"):
        yield name, value
    elif kind != "PEM":
        yield _refused(name, value, "librdkafka reads no Java key store; use PEM or PKCS12, and ssl.keystore.type")
    elif name == "ssl.keystore.location":
        yield "ssl.key.location", value
        yield "ssl.certificate.location", value
    elif name == "ssl.keystore.password":
        yield f"{PREFIX}{name}: a PEM file has no password of its own, ignored"
    else:
        yield ("ssl.key.pem" if name == "ssl.keystore.key" else "ssl.certificate.pem"), _pem(name, value)


def _pem(name: str, value: str) -> str:
    """A PEM in one line, as properties hold it, gets its lines back."""
    return value if name.endswith("location") else value.replace("\\n", "\n")


def _store_type(name: str, value: str, _: Mapping[str, str]) -> Told:
    allowed = ("JKS", "PEM", "PKCS12") if "keystore" in name else ("JKS", "PEM")
    if value.upper() not in allowed:
        yield _refused(name, value, f"must be one of {', '.join(allowed[1:])}")


def _trust_password(name: str, value: str, given: Mapping[str, str]) -> Told:
    if given.get("ssl.truststore.type", "JKS").upper() == "PEM":
        yield f"{PREFIX}{name}: a PEM file has no password of its own, ignored"
    else:
        yield _refused(name, value, "needs ssl.truststore.type=PEM")


def _tls_versions(name: str, value: str, _: Mapping[str, str]) -> Told:
    if {item.strip() for item in value.split(",")} <= {"TLSv1.2", "TLSv1.3", "TLS"}:
        yield f"{PREFIX}{name}: OpenSSL chooses the newest version that both sides have, ignored"
    else:
        yield _refused(name, value, "must be TLSv1.2 or TLSv1.3")


_SPECIAL: Mapping[str, Callable[[str, str, Mapping[str, str]], Told]] = {
    "auto.offset.reset": _start,
    "enable.auto.commit": _only("false"),
    "group.protocol": _only("classic"),
    "group.remote.assignor": _only(""),
    BATCH: _batch,
    "partition.assignment.strategy": _assignors,
    "receive.buffer.bytes": _buffer,
    "sasl.jaas.config": _jaas,
    "send.buffer.bytes": _buffer,
    "ssl.enabled.protocols": _tls_versions,
    "ssl.endpoint.identification.algorithm": _host_check,
    "ssl.keystore.certificate.chain": _key_store,
    "ssl.keystore.key": _key_store,
    "ssl.keystore.location": _key_store,
    "ssl.keystore.password": _key_store,
    "ssl.keystore.type": _store_type,
    "ssl.protocol": _tls_versions,
    "ssl.truststore.certificates": _trust,
    "ssl.truststore.location": _trust,
    "ssl.truststore.password": _trust_password,
    "ssl.truststore.type": _store_type,
}

CONNECTION = ("bootstrap.servers", "client.dns.lookup", "sasl.", "security.protocol", "socket.", "ssl.")
"""How settings begin that say how a broker is reached, whatever is wanted of it."""


def connection_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Of translated settings those that a producer or an administrator needs as well."""
    return {name: value for name, value in settings.items() if name.startswith(CONNECTION)}


# --- topics.regex ----------------------------------------------------------------------------------------------------

_CLASSES: Mapping[str, str] = {"d": "0-9", "w": "a-zA-Z0-9_", "s": " \t\n\r\f\v"}
_UNSUPPORTED = re.compile(r"\(\?(?!:)|[*+?}][+?]|\\[1-9bBAGZzQEpPkRX]|&&")


def topic_pattern(regex: str) -> str:
    """A Java expression that must match a whole topic name, as librdkafka subscribes to it: POSIX, anchored.

    Raises ValueError for what POSIX has no words for.
    """
    found = _UNSUPPORTED.search(regex)
    if found:
        raise ValueError(f"must be an expression without {found.group()!r}, which this sink cannot subscribe to")
    try:
        with warnings.catch_warnings(action="ignore"):  # of nested brackets, which are refused below
            re.compile(regex)
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error})") from None
    return f"^({''.join(_posix(regex))})$"


def _posix(regex: str) -> Iterator[str]:
    """Without Java's classes by letter, groups that capture nothing, and escapes within brackets."""
    rest = regex
    while rest:
        if rest.startswith("["):
            end = re.match(r"\[\^?\]?(?:\\.|[^\]\\])*\]", rest, re.S)
            assert end is not None, "Python has compiled it"
            yield _bracket(end.group())
            rest = rest[end.end() :]
        elif rest.startswith("(?:"):
            yield "("
            rest = rest[3:]
        elif rest.startswith("\\") and rest[1:2].lower() in _CLASSES:
            yield f"[{'^' if rest[1].isupper() else ''}{_CLASSES[rest[1].lower()]}]"
            rest = rest[2:]
        else:
            taken = 2 if rest.startswith("\\") else 1
            yield rest[:taken]
            rest = rest[taken:]


def _bracket(text: str) -> str:
    """POSIX takes a backslash within brackets literally, and a hyphen only at their end."""
    inside, hyphen = [], ""
    for item in re.findall(r"\\.|[^\\]", text[1:-1], re.S):
        if item == r"\-":
            hyphen = "-"
        elif item == "[" or item[1:] in ("D", "W", "S"):
            raise ValueError(f"must be an expression without {item!r} in brackets, which this sink cannot subscribe to")
        elif item.startswith("\\"):
            inside.append(_CLASSES.get(item[1], item[1]))
        else:
            inside.append(item)
    return f"[{''.join(inside)}{hyphen}]"
