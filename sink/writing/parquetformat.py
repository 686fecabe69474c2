"""Structs as a Parquet file, written by Arrow.

Laws:
1. Only structs can be written: any other schema, an optional struct too, is fatal (reference 5: class cast). The file's
   schema is that of its first record, and every record must have it.
2. A row group ends with the record that brings it to 128 MiB, counted as Avro data; it is given out as it is written,
   so the writer holds less than one row group, and one record.
3. The bytes are a function of codec, schema and values, not of the clock nor of how the records were divided between
   calls; they change with the version of pyarrow, which names itself in the file.
4. A write that raises changes nothing.
5. Columns are what Avro's writer for Parquet makes of the Avro schema: int8 and int16 are plain 32-bit integers, a
   Decimal is a DECIMAL of its precision (64 by default), Date, Time and Timestamp are DATE, TIME and TIMESTAMP in
   milliseconds, a union is a group of optional member0, member1 and so on, a map whose keys are not text is a list of
   key and value. Pages are 64 KiB, with dictionaries; the Avro schema stands in the footer as parquet.avro.schema.
Other than in the real connector: lists always have three levels (there only where items are optional; pyarrow cannot
write two), enums are plain text, the root is called `schema`, Decimals are of fixed length instead of bytes and, with a
precision above 76, plain bytes; lz4 is written as lz4_raw, as pyarrow cannot write Hadoop's framing.
Source: AvroSchemaConverter and AvroWriteSupport of Parquet for Java 1.15.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa
from pyarrow import parquet

from onceproof.sink.avro import avrodata, avroschema
from onceproof.sink.avro.avrobinary import Encode, encoded, encoder
from onceproof.sink.avro.avrodata import Rules, avro_schema, items_of, keys_of
from onceproof.sink.avro.interchange import interchangeable
from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Schema
from onceproof.sink.errors import DataError, TaskFailed
from onceproof.sink.java.javahash import hash_order, map_order
from onceproof.sink.writing.avroformat import refuse_unless_null

ROW_GROUP_BYTES = 128 << 20
_PAGE_BYTES = 64 << 10
_CHUNK_RECORDS = 1024
_DECIMAL_DIGITS = (38, 76)
"""The most digits of Arrow's two decimal types."""

_CODECS = {
    "none": "NONE",
    "snappy": "SNAPPY",
    "gzip": "GZIP",
    "brotli": "BROTLI",
    "lz4": "LZ4",
    "lz4_raw": "LZ4",
    "zstd": "ZSTD",
}

Shape: TypeAlias = Callable[[Any], Any]
"""Makes of a value what Arrow takes for it; null stays null."""


def unsupported_codec(name: str) -> str | None:
    """Why files cannot be written with that parquet.codec, or None if they can."""
    if name in _CODECS:
        return None
    if name == "lzo":
        return "lzo is not supported here: pyarrow, which writes the files, does not have it"
    return f"{name!r} is not a codec; it is one of {', '.join(_CODECS)}"


class ParquetWriter:
    """Writes one file."""

    aborts_on_close = True

    def __init__(self, codec: str, rules: Rules, row_group_bytes: int = ROW_GROUP_BYTES) -> None:
        self._codec = _CODECS[codec]
        self._rules = rules
        self._row_group_bytes = row_group_bytes
        self._file: _File | None = None
        self._rows: list[list[Any]] = []
        self._bytes = 0

    def write(self, values: list[Any], schema: Schema | None) -> bytes:
        """Add records that share `schema`; what is ready for the object. Raises DataError, and TaskFailed."""
        file = self._file
        if file is None:
            file = _File(_checked(schema), self._codec, self._rules)
        elif not interchangeable(file.schema, schema):
            refuse_unless_null(values, file.schema, schema)
        sizes = [len(encoded(file.put, value)) for value in values]
        rows = [file.row(value) for value in values]
        self._file = file
        for row, size in zip(rows, sizes, strict=True):
            self._rows.append(row)
            self._bytes += size
            if self._bytes >= self._row_group_bytes:
                self._end_row_group(file)
            elif len(self._rows) == _CHUNK_RECORDS:
                self._end_chunk(file)
        return file.drain()

    def finish(self) -> bytes:
        """The last row group and the footer; nothing if no record was written."""
        if self._file is None:
            return b""
        self._end_row_group(self._file)
        self._file.close()
        return self._file.drain()

    def _end_chunk(self, file: "_File") -> None:
        if self._rows:
            file.add(self._rows)
            self._rows = []

    def _end_row_group(self, file: "_File") -> None:
        self._end_chunk(file)
        file.end_row_group()
        self._bytes = 0


def _checked(schema: Schema | None) -> Schema:
    if schema is None:
        raise TaskFailed("Parquet needs values with a schema; these have none")
    if schema.type != "struct" or avrodata.is_union(schema) or schema.optional:
        kind = f"optional {schema.type}" if schema.optional else schema.name or schema.type
        raise TaskFailed(f"Parquet needs a struct that is not optional, not {kind}")
    return schema


class _File:
    """The file as Arrow writes it, and what it needs of the schema."""

    def __init__(self, schema: Schema, codec: str, rules: Rules) -> None:
        avro = avro_schema(schema, rules)
        self.schema = schema
        self.put: Encode = encoder(schema, avro, rules)
        self._arrow = pa.schema([_field(name, each, rules) for name, each in _columns(schema)])
        self._shapes = [_field_shape(each, rules) for _, each in schema.fields]
        self._chunks: list[Any] = []
        self._out = _Out()
        self._writer = parquet.ParquetWriter(
            self._out,
            self._arrow,
            compression=codec,
            data_page_size=_PAGE_BYTES,
            store_schema=False,
            write_time_adjusted_to_utc=True,
        )
        self._writer.add_key_value_metadata({"parquet.avro.schema": avroschema.text(avro)})

    def row(self, value: Any) -> list[Any]:
        """A struct as what Arrow takes for its fields."""
        return [shape(each) for shape, each in zip(self._shapes, value.values, strict=True)]

    def add(self, rows: list[list[Any]]) -> None:
        """Add rows to the row group."""
        columns = zip(self._arrow, zip(*rows, strict=True), strict=True)
        arrays = [pa.array(values, type=column.type) for column, values in columns]
        self._chunks.append(pa.RecordBatch.from_arrays(arrays, schema=self._arrow))

    def end_row_group(self) -> None:
        """Write the rows added since the last one as one row group."""
        if self._chunks:
            table = pa.Table.from_batches(self._chunks)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._chunks = []

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()

    def drain(self) -> bytes:
        """What has been written since the last time."""
        return self._out.drain()


class _Out:
    """The file object that Arrow writes to."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing has to be released."""

    def drain(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


# --- types -----------------------------------------------------------------------------------------------------------


def _columns(schema: Schema) -> list[tuple[str, Schema]]:
    """The fields of a struct, which Parquet wants at least one of."""
    if not schema.fields:
        raise DataError(f"Parquet cannot hold a struct without fields: {schema.name or 'unnamed'}")
    return list(schema.fields)


def _field(name: str, schema: Schema, rules: Rules) -> Any:
    return pa.field(name, _type(schema, rules), nullable=schema.optional)


def _type(schema: Schema, rules: Rules) -> Any:  # noqa: PLR0911 - one line for each type
    """Arrow's type for values under a schema."""
    match schema.type:
        case "struct" if avrodata.is_union(schema):
            members = enumerate(_columns(schema))
            return pa.struct([pa.field(f"member{at}", _type(each, rules)) for at, (_, each) in members])
        case "struct":
            return pa.struct([_field(name, each, rules) for name, each in _columns(schema)])
        case "array":
            return pa.list_(_field("element", items_of(schema), rules))
        case "map" if avrodata.has_avro_map(schema, rules):
            return pa.map_(pa.field("key", pa.string(), nullable=False), _field("value", items_of(schema), rules))
        case "map":
            entry = [_field("key", keys_of(schema), rules), _field("value", items_of(schema), rules)]
            return pa.list_(pa.field("element", pa.struct(entry), nullable=False))
        case "bytes" if schema.name == DECIMAL and _decimal(schema) is not None:
            return _decimal(schema)
        case "bytes" if avrodata.is_fixed(schema):
            return pa.binary(int(schema.parameters[avrodata.FIXED_SIZE]))
    return _LOGICAL_TYPES.get(schema.name or "") or _TYPES[schema.type]


def _decimal(schema: Schema) -> Any:
    """Arrow's decimal for a Decimal, or None where it is plain bytes."""
    digits = avrodata.decimal_digits(schema)
    if digits is None or digits[0] > _DECIMAL_DIGITS[1]:
        return None
    return pa.decimal128(*digits) if digits[0] <= _DECIMAL_DIGITS[0] else pa.decimal256(*digits)


_LOGICAL_TYPES = {DATE: pa.date32(), TIME: pa.time32("ms"), TIMESTAMP: pa.timestamp("ms", tz="UTC")}
_TYPES = {
    "int8": pa.int32(),
    "int16": pa.int32(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "bytes": pa.binary(),
}

# --- values ----------------------------------------------------------------------------------------------------------


def _field_shape(schema: Schema, rules: Rules) -> Shape:
    """The shape of a struct's field, whose default stands for null."""
    shape, default = _shape(schema, rules), schema.default
    return shape if default is None else lambda value: shape(default if value is None else value)


def _shape(schema: Schema, rules: Rules) -> Shape:
    shape = _shape_of_present(schema, rules)
    return lambda value: None if value is None else shape(value)


def _shape_of_present(schema: Schema, rules: Rules) -> Shape:
    match schema.type:
        case "struct":
            return _struct_shape(schema, rules)
        case "array":
            item = _shape(items_of(schema), rules)
            return lambda value: [item(each) for each in value]
        case "map":
            return _map_shape(schema, rules)
        case "bytes" if schema.name == DECIMAL and _decimal(schema) is not None:
            return _decimal_shape(schema)
        case "string":
            return lambda value: value if value.isascii() else value.encode("utf-8", "replace").decode()
    to_wire = avrodata.TO_WIRE.get(schema.name or "")
    return to_wire(schema) if to_wire is not None else lambda value: value


def _struct_shape(schema: Schema, rules: Rules) -> Shape:
    union = avrodata.is_union(schema)
    names = [f"member{at}" if union else name for at, (name, _) in enumerate(schema.fields)]
    shapes = [_shape(each, rules) if union else _field_shape(each, rules) for _, each in schema.fields]

    def shape(value: Any) -> dict[str, Any]:
        return {name: each(item) for name, each, item in zip(names, shapes, value.values, strict=True)}

    return shape


def _map_shape(schema: Schema, rules: Rules) -> Shape:
    keys = keys_of(schema)
    key, item = _shape(keys, rules), _shape(items_of(schema), rules)
    if avrodata.has_avro_map(schema, rules):
        return lambda value: [(key(name), item(value[name])) for name in hash_order(tuple(value))]
    return lambda value: [{"key": key(name), "value": item(value[name])} for name in map_order(value, keys)]


def _decimal_shape(schema: Schema) -> Shape:
    precision = (avrodata.decimal_digits(schema) or (0, 0))[0]

    def shape(value: Any) -> Any:
        if len(value.as_tuple().digits) > precision:
            raise DataError(f"{value} has more than {precision} digits")
        return value

    return shape
