"""Writers as the machine opens them: bytes and gzip, keys and headers, extensions."""

import gzip
import io
import json
import types
import zlib
from typing import Any, cast

import fastavro
import pytest
from pyarrow import parquet

from onceproof.sink.config import SinkConfig
from onceproof.sink.data import OPTIONAL_BYTES, OPTIONAL_STRING, STRING, Field, Header, Schema, Struct
from onceproof.sink.effects import TopicPartition
from onceproof.sink.errors import DataError
from onceproof.sink.writing.formats import ByteArrayWriter, GzipWriter, Kind, ObjectWriter, extension, open_writer

PARTITION = TopicPartition("t", 3)
R = Schema("struct", name="R", fields=(Field("id", Schema("int32")),))
FORMATS = ["AvroFormat", "JsonFormat", "ByteArrayFormat", "ParquetFormat"]


def config(**changes: Any) -> SinkConfig:
    """What the writers ask of a configuration."""
    plain = {
        "format": "JsonFormat",
        "keys_format": "AvroFormat",
        "headers_format": "AvroFormat",
        "avro_codec": "null",
        "parquet_codec": "snappy",
        "compression": "none",
        "compression_level": -1,
        "decimal_format": "BASE64",
        "bytearray_separator": b"\n",
        "enhanced_avro": True,
        "connect_meta_data": True,
        "optional_map_keys": False,
        "schemas_cache_size": 10,
    }
    return cast("SinkConfig", types.SimpleNamespace(**plain | changes))


def opened(kind: Kind, **changes: Any) -> ObjectWriter:
    """A writer for the object that begins at offset 7."""
    return open_writer(config(**changes), kind, PARTITION, 7)


def whole(writer: ObjectWriter, values: list[Any], schema: Schema | None) -> bytes:
    """An object of these values."""
    return writer.write(values, schema) + writer.finish()


# --- extensions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_name", "compression", "codec", "expected"),
    [
        ("AvroFormat", "none", "snappy", ".avro"),
        ("AvroFormat", "gzip", "snappy", ".avro"),
        ("JsonFormat", "none", "snappy", ".json"),
        ("JsonFormat", "gzip", "snappy", ".json.gz"),
        ("ByteArrayFormat", "none", "snappy", ".dat"),
        ("ByteArrayFormat", "gzip", "snappy", ".dat.gz"),
        ("ParquetFormat", "none", "none", ".parquet"),
        ("ParquetFormat", "none", "snappy", ".snappy.parquet"),
        ("ParquetFormat", "none", "gzip", ".gz.parquet"),
        ("ParquetFormat", "none", "lzo", ".lzo.parquet"),
        ("ParquetFormat", "none", "brotli", ".br.parquet"),
        ("ParquetFormat", "none", "lz4", ".lz4hadoop.parquet"),
        ("ParquetFormat", "none", "lz4_raw", ".lz4raw.parquet"),
        ("ParquetFormat", "none", "zstd", ".zstd.parquet"),
    ],
)
def test_each_format_has_its_extension(format_name: str, compression: str, codec: str, expected: str) -> None:
    """Compression shows for text and bytes, the codec for Parquet (reference 4.2)."""
    found = extension(format_name, compression=compression, bytearray_extension=".dat", parquet_codec=codec)

    assert expected == found


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
def test_each_format_has_its_writer(format_name: str) -> None:
    """Each of them aborts its upload on close, but that of ByteArray (reference 6.3)."""
    writer = opened("value", format=format_name)
    values, schema = ([b"x"], OPTIONAL_BYTES) if format_name == "ByteArrayFormat" else ([Struct(R, [1])], R)
    starts = {"AvroFormat": b"Obj\1", "JsonFormat": b'{"id":1}\n', "ByteArrayFormat": b"x\n", "ParquetFormat": b"PAR1"}

    assert (format_name != "ByteArrayFormat") == writer.aborts_on_close
    assert whole(writer, values, schema).startswith(starts[format_name])


def test_an_avro_file_is_that_of_its_place() -> None:
    """The same records at another offset make another file, as the sync marker differs."""
    places = [(PARTITION, 7), (PARTITION, 7), (PARTITION, 8)]
    files = [whole(open_writer(config(format="AvroFormat"), "value", *place), [Struct(R, [1])], R) for place in places]

    assert files[0] == files[1]
    assert files[0] != files[2]


def test_bytes_are_followed_by_the_separator() -> None:
    """Also the last ones, and empty ones are a bare separator."""
    writer = ByteArrayWriter(b"--")

    assert b"a----b--" == whole(writer, [b"a", b"", b"b"], OPTIONAL_BYTES)
    assert b"" == writer.write([], OPTIONAL_BYTES)


@pytest.mark.parametrize(
    ("value", "schema"), [("text", None), (None, None), (None, OPTIONAL_BYTES), ({"a": 1}, None), ("text", STRING)]
)
def test_what_is_no_bytes_is_refused(value: Any, schema: Schema | None) -> None:
    """The whole run is, so that nothing of it is in the object."""
    with pytest.raises(DataError, match="ByteArrayConverter"):
        ByteArrayWriter(b"\n").write([b"good", value], schema)


# --- gzip ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [-1, 0, 1, 9])
def test_gzip_is_one_member_whose_bytes_do_not_depend_on_how_records_came(level: int) -> None:
    """The header has neither a time nor a name, and the byte for the system is ff."""
    values = [str(at * 7919 % 10007).encode() * 5 for at in range(20_000)]
    files = []
    for run in (20_000, 777, 50):
        writer = GzipWriter(ByteArrayWriter(b"\n"), level)
        pieces = [writer.write(values[at : at + run], None) for at in range(0, len(values), run)]
        files.append(b"".join([*pieces, writer.finish()]))
    reader = zlib.decompressobj(wbits=31)

    assert bytes.fromhex("1f8b08000000000000ff") == files[0][:10]
    assert 1 == len(set(files))
    assert b"\n".join([*values, b""]) == reader.decompress(files[0])
    assert (True, b"") == (reader.eof, reader.unused_data)


def test_gzip_gives_out_what_is_ready() -> None:
    """The header at once, and compressed bytes long before the end."""
    writer = GzipWriter(ByteArrayWriter(b"\n"), 0)

    assert 10 == len(writer.write([b"x"], None))
    assert len(writer.write([b"x" * 1_000_000], None)) > 900_000


def test_a_record_refused_inside_gzip_changes_nothing() -> None:
    """The object is the one that it would have been without."""
    good, other = (GzipWriter(ByteArrayWriter(b"\n"), -1) for _ in range(2))
    with pytest.raises(DataError):
        other.write([b"a", "text"], None)
    found = other.write([b"a"], None)
    with pytest.raises(DataError):
        other.write([b"b", None], None)

    assert whole(good, [b"a"], None) == found + other.finish()


@pytest.mark.parametrize("kind", ["value", "key"])
def test_compression_is_for_text_and_bytes_of_every_kind(kind: Kind) -> None:
    """An Avro file beside them is not compressed, and ByteArray's close stays what it is."""
    zipped = opened(kind, format="ByteArrayFormat", keys_format="ByteArrayFormat", compression="gzip")
    plain = opened(kind, format="AvroFormat", keys_format="AvroFormat", compression="gzip")

    assert b"k\n" == gzip.decompress(whole(zipped, [b"k"], OPTIONAL_BYTES))
    assert whole(plain, [b"k"], OPTIONAL_BYTES).startswith(b"Obj\1")
    assert (False, True) == (zipped.aborts_on_close, plain.aborts_on_close)


# --- keys and headers ------------------------------------------------------------------------------------------------


def test_keys_have_their_own_format() -> None:
    """Avro and Json take them bare, Parquet in a struct."""
    keys = ["k0", "k1"]
    avro = whole(opened("key"), keys, OPTIONAL_STRING)
    text = whole(opened("key", keys_format="JsonFormat"), keys, OPTIONAL_STRING)
    columns = parquet.read_table(io.BytesIO(whole(opened("key", keys_format="ParquetFormat"), keys, OPTIONAL_STRING)))

    assert keys == list(fastavro.reader(io.BytesIO(avro)))
    assert b'"k0"\n"k1"\n' == text
    assert [{"key": "k0"}, {"key": "k1"}] == columns.to_pylist()
    assert b'"name":"RecordKey"' in columns.schema.metadata[b"parquet.avro.schema"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_null_key_is_refused(format_name: str) -> None:
    """Whatever the format, and before anything of its run is written."""
    writer = opened("key", keys_format=format_name)
    key = b"k" if format_name == "ByteArrayFormat" else "k"
    schema = OPTIONAL_BYTES if format_name == "ByteArrayFormat" else OPTIONAL_STRING
    with pytest.raises(DataError, match="Key cannot be null"):
        writer.write([key, None], schema)

    assert whole(opened("key", keys_format=format_name), [key], schema) == whole(writer, [key], schema)


def test_text_keys_are_no_bytes() -> None:
    """ByteArrayFormat needs ByteArrayConverter."""
    with pytest.raises(DataError):
        opened("key", keys_format="ByteArrayFormat").write(["k"], OPTIONAL_STRING)


HEADERS = (Header("a", "1", STRING), Header("a", "2", STRING))
PAIRS = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]


def test_headers_are_lists_of_key_and_value() -> None:
    """Equal names are all kept, in order; Json and Parquet have a struct around them."""
    avro, text, columns = (
        whole(opened("headers", headers_format=name), [HEADERS, HEADERS[:1]], None)
        for name in ("AvroFormat", "JsonFormat", "ParquetFormat")
    )

    assert [PAIRS, PAIRS[:1]] == list(fastavro.reader(io.BytesIO(avro)))
    assert [{"headers": PAIRS}, {"headers": PAIRS[:1]}] == [json.loads(line) for line in text.splitlines()]
    assert [{"headers": PAIRS}, {"headers": PAIRS[:1]}] == parquet.read_table(io.BytesIO(columns)).to_pylist()


@pytest.mark.parametrize("headers", [(), (Header("a", None, None),), (HEADERS[0], Header("b", None, None))])
@pytest.mark.parametrize("format_name", ["AvroFormat", "JsonFormat", "ParquetFormat"])
def test_missing_headers_are_refused(headers: tuple[Header, ...], format_name: str) -> None:
    """None at all, and one without a value; the good ones of the run are not written either."""
    writer = opened("headers", headers_format=format_name)
    with pytest.raises(DataError):
        writer.write([HEADERS, headers], None)

    assert whole(opened("headers", headers_format=format_name), [HEADERS], None) == whole(writer, [HEADERS], None)
