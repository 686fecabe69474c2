"""Values as an Avro object container file.

Laws:
1. The file's schema is that of its first record; every record is written under it (reference 5).
2. Header and full blocks are given out as they come about; a block is full with the record that brings it to 64000
   bytes before compression. So the writer holds less than one block, and one record.
3. The bytes are a function of topic, partition, first offset, codec, schema and values: not of the clock, nor of how
   the records were divided between calls. The sync marker, which is random in the real connector, is made from the
   first three, so that a rewrite of the same records is the same object. Compressed blocks also depend on the version
   of zlib, bzip2 or cramjam.
4. A write that raises changes nothing.
5. The header holds avro.schema and avro.codec and nothing else. fastavro's Writer frames and compresses the blocks; its
   header is thrown away, as it prints the schema anew, with spaces and escapes, and without what its parser drops. Ours
   is the record that the specification says, with the schema's text as Java prints it; fastavro encodes it.
Source: Avro specification 1.11, "Object Container Files"; DataFileWriter of its Java library.
"""

import hashlib
import io
from typing import Any, NamedTuple

import fastavro
from fastavro.write import Writer

from onceproof.sink.avro import avroschema
from onceproof.sink.avro.avrobinary import Encode, encoded, encoder
from onceproof.sink.avro.avrodata import Rules, avro_schema, remembered
from onceproof.sink.avro.interchange import interchangeable
from onceproof.sink.data import Schema
from onceproof.sink.effects import TopicPartition
from onceproof.sink.errors import DataError

BLOCK_BYTES = 64_000

_HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "org.apache.avro.file.Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "Magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": 16}},
        ],
    }
)


def sync_marker(partition: TopicPartition, first_offset: int) -> bytes:
    """The 16 bytes between the blocks of the file that begins there."""
    return hashlib.sha256(f"{partition}+{first_offset}".encode()).digest()[:16]


class _Prepared(NamedTuple):
    """What a file needs of its schema."""

    text: str
    encode: Encode


@remembered
def _prepared(schema: Schema | None, rules: Rules) -> _Prepared:
    avro = avro_schema(schema, rules)
    return _Prepared(avroschema.text(avro), encoder(schema, avro, rules))


class _Block(NamedTuple):
    """What Writer.write_block asks of a block."""

    num_records: int
    bytes_: io.BytesIO


class AvroWriter:
    """Writes one file."""

    aborts_on_close = True

    def __init__(self, codec: str, sync: bytes, rules: Rules) -> None:
        self._codec = codec
        self._sync = sync
        self._rules = rules
        self._schema: Schema | None = None
        self._encode: Encode | None = None
        self._out = io.BytesIO()
        self._writer = Writer(self._out, "null", codec, sync_marker=sync)
        self._block = io.BytesIO()
        self._block_records = 0

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add records that share `schema`; what is ready for the object. Raises DataError, and TaskFailed."""
        if self._encode is None:
            return self._begin(values, schema)
        if not interchangeable(self._schema, schema):
            refuse_unless_null(values, self._schema, schema)
        return self._add([encoded(self._encode, value) for value in values])

    def finish(self) -> bytes:
        """The last block, if there is any."""
        return self._cut_block() if self._block_records else b""

    def _begin(self, values: list[Any], schema: Schema | None) -> bytes:
        text, encode = _prepared(schema, self._rules)
        records = [encoded(encode, value) for value in values]
        self._schema, self._encode = schema, encode
        meta = {"avro.schema": text.encode(), "avro.codec": self._codec.encode()}
        header = io.BytesIO()
        fastavro.schemaless_writer(header, _HEADER, {"magic": b"Obj\1", "meta": meta, "sync": self._sync})
        return header.getvalue() + self._add(records)

    def _add(self, records: list[bytes]) -> bytes:
        blocks = []
        for record in records:
            self._block.write(record)
            self._block_records += 1
            if self._block.tell() >= BLOCK_BYTES:
                blocks.append(self._cut_block())
        return b"".join(blocks)

    def _cut_block(self) -> bytes:
        """The block as it stands in the file; the next one is empty."""
        self._out.seek(0)
        self._out.truncate()
        self._writer.write_block(_Block(self._block_records, self._block))
        self._block, self._block_records = io.BytesIO(), 0
        return self._out.getvalue()


def refuse_unless_null(values: list[Any], schema: Schema | None, other: Schema | None) -> None:
    """Raises DataError if any of the values, which are under `other`, cannot go into a file of `schema`."""
    if any(value is not None for value in values):
        raise DataError(f"a file of {_kind(schema)} cannot hold {_kind(other)}")


def _kind(schema: Schema | None) -> str:
    return "values without a schema" if schema is None else f"{schema.name or schema.type} values"
