"""What an object says, in the form in which recordings hold it, so that both sides can be compared.

Text formats by the digest of their bytes, gzip by that of its plain text, Avro and Parquet by decoded records, and Avro
by its schema and codec too. Records are compared as values, since the recorder printed them as Avro does.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from onceproof.model.history import Version
from onceproof.scenarios.canonical import avro_container, avro_printed, parquet_printed

Content: TypeAlias = Mapping[str, Any]


def recorded_content(version: Mapping[str, Any]) -> Content:
    """What is compared of one recorded version."""
    if "avro_records" in version:
        return {
            "schema": json.loads(version["avro_schema"]),
            "codec": version["avro_codec"],
            "records": [_value(text) for text in version["avro_records"]],
        }
    if "parquet_records" in version:
        return {"records": [_value(text) for text in version["parquet_records"]]}
    if "plain_sha256" in version:
        return {"plain_sha256": version["plain_sha256"]}
    return {"sha256": version["sha256"]}


def found_content(version: Version, like: Content) -> Content:
    """The same of a version of ours; what cannot be read so is told as it is."""
    body = version.body
    try:
        if "codec" in like:
            schema, codec, records = avro_container(body)
            return {"schema": schema, "codec": codec, "records": [_printed(avro_printed(record)) for record in records]}
        if "records" in like:
            return {"records": parquet_printed(body)}
        if "plain_sha256" in like:
            return {"plain_sha256": hashlib.sha256(gzip.decompress(body)).hexdigest()}
    except (ValueError, OSError, EOFError) as error:
        return {"unreadable": str(error)}
    return {"sha256": hashlib.sha256(body).hexdigest()}


def _printed(value: Any) -> Any:
    """A value as the recorder's text of it would be read back: a bare text may look like another value."""
    return _value(value) if isinstance(value, str) else value


def _value(text: str) -> Any:
    """A printed record as a value; what is no JSON is a bare text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
