"""Objects as they are written: for each format a writer, and the extension of its name.

Laws:
1. A writer is told records, and gives out bytes as they are ready; all bytes that it gave out, and those of `finish`,
   one behind the other, are the object. They do not depend on how the records were divided between calls.
2. A write that raises DataError changes nothing; the records may be offered again without the bad one.
3. Keys and headers have objects of their own: a null key, no headers and a null header value are refused (DataError).
   Json and Parquet have a struct around headers, with the field `headers`; Parquet has one around keys, with the field
   `key` (reference 5).
4. gzip: one member without name and time, its ten bytes of header as Java 16 and later writes them. The rest depends on
   the version of zlib.
Source: reference 4.2, 5 and 6.3.
"""

import zlib
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias

from onceproof.sink.avro.avrodata import Rules
from onceproof.sink.config import SinkConfig
from onceproof.sink.data import Field, Schema, Struct
from onceproof.sink.effects import TopicPartition
from onceproof.sink.errors import DataError
from onceproof.sink.reading.headers import headers_value
from onceproof.sink.writing.avroformat import AvroWriter, sync_marker
from onceproof.sink.writing.jsonformat import JsonWriter

Kind: TypeAlias = Literal["value", "key", "headers"]

GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
_GZIP_STEP_BYTES = 64 << 10

_PARQUET_EXTENSIONS = {
    "none": "",
    "snappy": ".snappy",
    "gzip": ".gz",
    "lzo": ".lzo",
    "brotli": ".br",
    "lz4": ".lz4hadoop",
    "lz4_raw": ".lz4raw",
    "zstd": ".zstd",
}


class ObjectWriter(Protocol):
    """Writes one object."""

    @property
    def aborts_on_close(self) -> bool:
        """Whether an orderly close aborts the upload; ByteArray leaves it open."""

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add records that share `schema`; what is ready for the object, perhaps nothing.

        Raises DataError, and has not changed then; TaskFailed where no record of that kind can ever be written.
        """

    def finish(self) -> bytes:
        """The rest of the object. The writer is not used afterwards."""


def extension(format_name: str, *, compression: str, bytearray_extension: str, parquet_codec: str) -> str:
    """What names of objects of that format end with, the dot included."""
    zipped = ".gz" if compression == "gzip" else ""
    match format_name:
        case "AvroFormat":
            return ".avro"
        case "JsonFormat":
            return f".json{zipped}"
        case "ByteArrayFormat":
            return f"{bytearray_extension}{zipped}"
        case "ParquetFormat":
            return f"{_PARQUET_EXTENSIONS[parquet_codec]}.parquet"
    raise AssertionError(f"format {format_name!r} passed validation")


def open_writer(config: SinkConfig, kind: Kind, partition: TopicPartition, first_offset: int) -> ObjectWriter:
    """A writer for the object of that kind that begins at an offset; values are converted values, or keys, or headers.

    For headers each value is a record's tuple of headers, and the schema is None.
    """
    if kind == "value":
        return _writer(config, config.format, partition, first_offset)
    format_name = config.keys_format if kind == "key" else config.headers_format
    writer = _writer(config, format_name, partition, first_offset)
    if kind == "key":
        return _KeyWriter(writer, wrapped=format_name == "ParquetFormat")
    return _HeadersWriter(writer, wrapped=format_name in ("ParquetFormat", "JsonFormat"))


def _writer(config: SinkConfig, format_name: str, partition: TopicPartition, first_offset: int) -> ObjectWriter:
    """A writer of the format, whatever kind it writes."""
    if format_name == "AvroFormat":
        return AvroWriter(config.avro_codec, sync_marker(partition, first_offset), _rules(config))
    if format_name == "ParquetFormat":
        # Arrow takes long to load; who writes no Parquet does not wait for it.
        from onceproof.sink.writing.parquetformat import ParquetWriter  # noqa: PLC0415

        return ParquetWriter(config.parquet_codec, _rules(config))
    is_json = format_name == "JsonFormat"
    plain: ObjectWriter = JsonWriter(config.decimal_format) if is_json else ByteArrayWriter(config.bytearray_separator)
    return GzipWriter(plain, config.compression_level) if config.compression == "gzip" else plain


def _rules(config: SinkConfig) -> Rules:
    return Rules(
        config.enhanced_avro,
        config.connect_meta_data,
        config.optional_map_keys,
        cache_size=config.schemas_cache_size,
    )


class ByteArrayWriter:
    """Writes bytes as they are, each followed by the separator."""

    aborts_on_close = False

    def __init__(self, separator: bytes) -> None:
        self._separator = separator

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """The bytes of the records; raises DataError for what is no bytes."""
        if schema is not None and schema.type != "bytes":
            raise DataError(f"Invalid schema type for ByteArrayConverter: {schema.type.upper()}")
        for value in values:
            if not isinstance(value, bytes):
                kind = "null" if value is None else type(value).__name__
                raise DataError(f"ByteArrayConverter is not compatible with objects of type {kind}")
        return self._separator.join([*values, b""])

    def finish(self) -> bytes:
        """Nothing is left."""
        return b""


class GzipWriter:
    """Compresses what another writer writes.

    The text is handed to zlib in pieces of 64 KiB, so that its output is the same however the records came.
    """

    def __init__(self, writer: ObjectWriter, level: int) -> None:
        self._writer = writer
        self._deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._waiting = bytearray()
        self._check = 0
        self._bytes = 0
        self._begun = False

    @property
    def aborts_on_close(self) -> bool:
        """As the writer inside."""
        return self._writer.aborts_on_close

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add records; raises what the writer inside raises."""
        self._waiting += self._writer.write(values, schema)
        whole = len(self._waiting) - len(self._waiting) % _GZIP_STEP_BYTES
        steps = [bytes(self._waiting[at : at + _GZIP_STEP_BYTES]) for at in range(0, whole, _GZIP_STEP_BYTES)]
        del self._waiting[:whole]
        return self._header() + b"".join(map(self._compress, steps))

    def finish(self) -> bytes:
        """The rest of the member, its checksum and its length."""
        rest = bytes(self._waiting) + self._writer.finish()
        body = self._compress(rest) + self._deflater.flush()
        trailer = self._check.to_bytes(4, "little") + (self._bytes & 0xFFFFFFFF).to_bytes(4, "little")
        return self._header() + body + trailer

    def _header(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return GZIP_HEADER

    def _compress(self, data: bytes) -> bytes:
        self._check = zlib.crc32(data, self._check)
        self._bytes += len(data)
        return self._deflater.compress(data)


@lru_cache(maxsize=1000)
def _wrapper(name: str, field: str, schema: Schema) -> Schema:
    """The struct with that one field."""
    return Schema("struct", name=name, fields=(Field(field, schema),))


class _KeyWriter:
    """Writes keys, which must not be null."""

    def __init__(self, writer: ObjectWriter, *, wrapped: bool) -> None:
        self._writer = writer
        self._wrapped = wrapped
        self.aborts_on_close = writer.aborts_on_close

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add keys that share `schema`."""
        if any(value is None for value in values):
            raise DataError("Key cannot be null for SinkRecord")
        if not self._wrapped or schema is None:
            return self._writer.write(values, schema)
        outer = _wrapper("RecordKey", "key", schema)
        return self._writer.write([Struct(outer, [value]) for value in values], outer)

    def finish(self) -> bytes:
        """The rest."""
        return self._writer.finish()


class _HeadersWriter:
    """Writes headers, of which every record must have some, all with a value."""

    def __init__(self, writer: ObjectWriter, *, wrapped: bool) -> None:
        self._writer = writer
        self._wrapped = wrapped
        self.aborts_on_close = writer.aborts_on_close

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add the headers of records; `schema` is None."""
        assert schema is None, "headers have a schema of their own"
        pairs = [headers_value(each) for each in values]
        if not pairs:
            return b""
        inner, lists = pairs[0][0], [value for _, value in pairs]
        if not self._wrapped:
            return self._writer.write(lists, inner)
        outer = _wrapper("RecordHeaders", "headers", inner)
        return self._writer.write([Struct(outer, [each]) for each in lists], outer)

    def finish(self) -> bytes:
        """The rest."""
        return self._writer.finish()
