"""Where reading begins without a committed offset: `auto.offset.reset`, as the sink and Kafka read it."""

from collections.abc import Mapping

from onceproof.scenarios.errors import ScenarioError

PROPERTY = "consumer.override.auto.offset.reset"


def reset_of(properties: Mapping[str, str]) -> str:
    """`earliest`, `latest` or `none`, of properties that the sink accepts; `earliest` is Connect's default."""
    return properties.get(PROPERTY, "earliest").strip().lower()


def require_earliest(name: str, properties: Mapping[str, str]) -> None:
    """Return if a configuration reads a log from its start; raises ScenarioError for one that small worlds misread."""
    if (found := reset_of(properties)) != "earliest":
        raise ScenarioError(
            f"{name}: {PROPERTY}={found}: small worlds are read from the start of their log, which such a sink never "
            "reads; `onceproof explain` puts records behind its start"
        )
