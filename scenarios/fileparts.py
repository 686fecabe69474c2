"""What all parts of a scenario file are made of: names that are known, partitions, bytes, lines in flow style."""

import base64
import binascii
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from onceproof.model.history import TopicPartition

_PARTITION = r"^.+-\d+$"
PartitionText: TypeAlias = Annotated[str, Field(pattern=_PARTITION, description="topic-partition, such as t-0")]


class Part(BaseModel):
    """No unknown names: a typo must not be a silent no."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_names(cls, data: object) -> object:
        """Name what is allowed, which pydantic's own refusal does not."""
        for name in data if isinstance(data, dict) else ():
            if name not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise PydanticCustomError(
                    "unknown_name", "{name} is no name here; names are {known}", {"name": repr(name), "known": known}
                )
        return data


def _decodable(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"must be base64: {error}") from None
    return text


class Base64(Part):
    """Bytes that are no text."""

    base64: Annotated[str, AfterValidator(_decodable)]


BytesText: TypeAlias = str | Base64 | None


def partition_of(text: str) -> TopicPartition:
    """`t-0` as a topic-partition; the text has been validated."""
    topic, _, number = text.rpartition("-")
    return TopicPartition(topic, int(number))


def property_text(value: str | int) -> str:
    """A property as a user of Kafka Connect writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def bytes_of(text: BytesText) -> bytes | None:
    """What a file says, as bytes."""
    if isinstance(text, Base64):
        return base64.b64decode(text.base64, validate=True)
    return None if text is None else text.encode()


def bytes_data(data: bytes | None) -> object:
    """Bytes as a file says them: as text where they are one."""
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return Flow(base64=base64.b64encode(data).decode())


class Flow(dict[str, Any]):
    """A mapping that is written on one line."""
