"""What the objects of a bucket say, for a model that knows the standard library alone.

The model reads text. So a gzip object is given to it decompressed, and one of Avro or Parquet as the canonical lines
that `model/rendering` describes. An object is what its name ends with, if its bytes begin as such objects do.
"""

import gzip
import re
import zlib
from dataclasses import replace

from onceproof.model.history import Version

_WRAPPED = re.compile(r"\.(keys|headers)(?:\.[a-z0-9]+)?\.parquet$")
_NO_TEXT = (".gz", ".avro", ".parquet")
_FIELD = {"keys": "key", "headers": "headers"}
"""The one field of the records that Parquet needs around keys and headers."""


def readable(version: Version) -> Version:
    """The version with its text, where its body is none; a body that cannot be read is left as it is."""
    if not version.key.endswith(_NO_TEXT):
        return version
    text = _text(version.key, version.body)
    return version if text is None else replace(version, text=text)


def _text(key: str, body: bytes) -> bytes | None:
    try:
        if key.endswith(".gz") and body.startswith(b"\x1f\x8b"):
            return gzip.decompress(body)
        from onceproof.scenarios.canonical import avro_lines, parquet_lines  # noqa: PLC0415 - Arrow is slow to load

        if key.endswith(".avro") and body.startswith(b"Obj\x01"):
            return avro_lines(body)
        if key.endswith(".parquet") and body.startswith(b"PAR1"):
            wrapped = _WRAPPED.search(key)
            return parquet_lines(body, "" if wrapped is None else _FIELD[wrapped[1]])
    except (ValueError, EOFError, OSError, zlib.error):
        return None
    return None
