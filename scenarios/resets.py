"""Where reading begins without a committed offset: `auto.offset.reset`, as the sink and Kafka read it."""

from collections.abc import Mapping

PROPERTY = "consumer.override.auto.offset.reset"


def reset_of(properties: Mapping[str, str]) -> str:
    """`earliest`, `latest` or `none`, of properties that the sink accepts; `earliest` is Connect's default."""
    return properties.get(PROPERTY, "earliest").strip().lower()
