"""What each record is to a writer, before any rotation is thought of.

Pure functions of record, configuration and registry; only under the wall clock do time and directory wait for the pass.
In this order a record may be left out (a filter dropped it), kill or be skipped when it is converted, kill or be
skipped as a null value, kill for its topic; then have no time (kills), no directory (errant), no way to be written
(errant, or kills). An *errant* record is reported and skipped; without a reporter it kills as well.

Source: reference 2 (put, null policy), 2.1 (errant or fatal), 4.3 (keys and headers), 4.4 (directories), 4.6
(extractors), 9.2 B2 and B3, 9.3 C6.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from onceproof.model import rendering
from onceproof.model.frozen import frozen
from onceproof.model.history import Record, TopicPartition
from onceproof.model.memory import Memory
from onceproof.model.reading import Read, Reader, Unreadable
from onceproof.model.schemas import TIMESTAMP, Moment, Schema, Struct, Unprojectable, Value, projected
from onceproof.model.settings import Layout, ObjectKind, Settings
from onceproof.model.values import Malformed, timestamp_in

Stage: TypeAlias = Literal["conversion", "null", "topic", "timestamp", "partition", "name", "schema", "write"]
"""Where a record was refused."""

Registry: TypeAlias = Mapping[int, str]
"""Text of each schema by its id in the schema registry."""

NO_SCHEMAS: Registry = MappingProxyType({})
_NO_TIMESTAMP = -1


@frozen
class Refused:
    """Why a record is not written."""

    stage: Stage
    text: str
    is_fatal: bool
    is_reported: bool = True
    """Where it is not fatal: whether anything is told of it."""


class Written(NamedTuple):
    """What writing a record leaves: what was written of it, and what then went wrong."""

    lines: Mapping[ObjectKind, bytes]
    refused: Refused | None


@dataclass(slots=True, eq=False)
class Input:
    """One record that was handed to a writer, or at least to a put. Compares by identity."""

    offset: int
    read: Read | None
    """None: it could not be converted."""
    timestamp_ms: int | None
    at_put: Refused | None = None
    """It never reaches the writer."""
    is_tombstone: bool = False
    time_ms: int | None = None
    """None under the wall clock, where no time is asked for, or where the record has none."""
    directory: str = ""
    """Empty under the wall clock, or where it is refused."""
    refused: Refused | None = None
    """Time or directory cannot be told, which of them the stage says."""
    as_it_is: Written | None = None
    """What becomes of it where its value is not projected; filled when it is first asked for."""

    @property
    def schema(self) -> Schema | None:
        """Of the value."""
        return self.read.value_schema if self.read else None


class Inputs:
    """The records of one partition under one configuration, read."""

    __slots__ = ("_targets", "_written", "is_plain", "items", "offsets", "partition", "rules")

    def __init__(self, log: Sequence[Record], partition: TopicPartition, rules: Settings, schemas: Registry) -> None:
        self.partition = partition
        self.rules = rules
        reader = Reader.of(rules.raw, schemas)
        found = (self._input(reader, record) for record in log)
        self.items: Sequence[Input] = tuple([each for each in found if each is not None])
        self.offsets: Sequence[int] = tuple([item.offset for item in self.items])
        self.is_plain = all(item.at_put is None for item in self.items)
        """Every record reaches the writer."""
        self._written: dict[tuple[int, int | None, bool], Written] = {}
        self._targets: list[Schema] = []

    def batch(self, start_offset: int, end_offset: int) -> Sequence[Input]:
        """What is handed over between two offsets."""
        return self.items[bisect_left(self.offsets, start_offset) : bisect_left(self.offsets, end_offset)]

    def item(self, offset: int) -> Input:
        """The record at an offset."""
        return self.items[bisect_left(self.offsets, offset)]

    def stored(self, kind: ObjectKind) -> Iterator[Input]:
        """The records of which an object of this kind is to hold something, unless they turn out errant."""
        for item in self.items:
            if item.at_put is None and not (kind == "value" and item.is_tombstone):
                yield item

    def located(self, item: Input, now_ms: int) -> tuple[int | None, str]:
        """Time and directory of a record that a pass at `now_ms` looks at; directory empty where refused."""
        if self.rules.clock != "wallclock" or item.is_tombstone or item.read is None:
            return item.time_ms, item.directory
        path = self.rules.time_path
        assert path is not None, "only time paths have a clock"
        return now_ms, self._affixed(path.text(now_ms), item) if path.duration_ms else ""

    def written(self, item: Input, target: Schema | None, *, holds_values: bool = True) -> Written:
        """What becomes of a record whose value is first projected to `target`; None: it is left as it is.

        `holds_values` says whether the file that it goes to has an object of values.
        """
        if target is None and holds_values:
            if item.as_it_is is None:
                item.as_it_is = self._write(item, None, holds_values=True)
            return item.as_it_is
        key = (item.offset, None if target is None else id(target), holds_values)
        found = self._written.get(key)
        if found is None:
            if target is not None:
                self._targets.append(target)  # so that no other schema will have its identity
            found = self._written[key] = self._write(item, target, holds_values=holds_values)
        return found

    def _write(self, item: Input, target: Schema | None, *, holds_values: bool) -> Written:
        read = item.read
        assert read is not None, "only what was read is written"
        value, schema, key_schema = read.value, read.value_schema, read.key_schema
        if target is not None:
            try:
                value, schema = projected(self.rules.compatibility, value, schema, target), target
            except Unprojectable as error:
                return Written({}, Refused("schema", str(error), is_fatal=False))
            key_schema = None  # a projected record loses it (reference 3.6)
        refused = self._unwritable(read, holds_values=holds_values)
        if refused is not None:
            return Written({}, refused)
        return self._lines(
            {"value": (value, schema), "key": (read.key, key_schema), "headers": (read.headers, None)},
            holds_values=holds_values,
        )

    def _unwritable(self, read: Read, *, holds_values: bool) -> Refused | None:
        """What is checked before anything of a record is written. Source: reference 4.3, 4.4."""
        if "key" in self.rules.kinds and read.key is None:
            return Refused("write", "a null key while keys are stored", is_fatal=False)
        if "headers" in self.rules.kinds and not read.headers:
            return Refused("write", "no headers while headers are stored", is_fatal=False)
        if not holds_values and read.value is not None:
            return Refused("write", "its name contains the text of tombstones", is_fatal=True)
        return None

    def _lines(self, parts: Mapping[ObjectKind, tuple[Value, Schema | None]], *, holds_values: bool) -> Written:
        """Value, key and headers, until one cannot be written. Source: reference 4.3, 7.3 H15."""
        lines: dict[ObjectKind, bytes] = {}
        for layout in self.rules.layouts:
            if layout.kind == "value" and not holds_values:
                continue
            try:
                lines[layout.kind] = self._line(layout, *parts[layout.kind])
            except rendering.Unwritable as error:
                return Written(lines, Refused("write", f"{layout.kind}: {error}", is_fatal=False))
            except rendering.Fatal as error:
                return Written(lines, Refused("write", f"{layout.kind}: {error}", is_fatal=True))
        return Written(lines, None)

    def _line(self, layout: Layout, part: object, schema: Schema | None) -> bytes:
        return rendering.line(
            layout.format,
            layout.kind,
            part,
            schema,
            decimal_format=self.rules.decimal_format,
            separator=layout.separator,
        )

    def _input(self, reader: Reader, record: Record) -> Input | None:
        topic, number = self.partition
        try:
            read = reader.read(topic, number, record, with_headers="headers" in self.rules.kinds)
        except Unreadable as error:
            is_fatal = not (self.rules.tolerates_errors and error.is_tolerable)
            return Input(record.offset, None, None, Refused("conversion", str(error), is_fatal=is_fatal))
        if read is None:
            return None
        timestamp_ms = None if record.timestamp_ms == _NO_TIMESTAMP else record.timestamp_ms
        item = Input(record.offset, read, timestamp_ms, self._at_put(read))
        if item.at_put is None:
            item.is_tombstone = read.value is None
            item.refused = self._locate(item)
        return item

    def _at_put(self, read: Read) -> Refused | None:
        """What put() does to a record before any writer sees it. Source: reference 2 (put)."""
        rules = self.rules
        if read.value is None and rules.nulls != "write":
            is_reported = rules.nulls == "ignore" and rules.reports_nulls and rules.has_reporter
            # A reporter that is told more than is tolerated fails the task.
            is_fatal = rules.nulls == "fail" or (is_reported and not rules.tolerates_errors)
            return Refused("null", f"null value, behavior.on.null.values={rules.nulls}", is_fatal, is_reported)
        if read.topic != self.partition.topic:
            return Refused("topic", f"a transform changed the topic to {read.topic!r}", is_fatal=True)
        return None

    def _locate(self, item: Input) -> Refused | None:
        """Set time and directory, as far as the record alone decides them; why they cannot be told otherwise."""
        rules = self.rules
        if item.is_tombstone:
            item.time_ms, item.directory = item.timestamp_ms, rules.tombstone_text
            return self._unnamed()
        try:
            item.time_ms = self._time_ms(item)
        except Malformed as error:
            return Refused("timestamp", str(error), is_fatal=True)
        if rules.time_path is not None:
            if rules.clock != "wallclock" and item.time_ms is None:
                return Refused("partition", "the record has no timestamp", is_fatal=False)
            if not rules.time_path.duration_ms:
                return Refused("partition", "partition.duration.ms=0 is divided by", is_fatal=True)
            if item.time_ms is not None:
                item.directory = self._affixed(rules.time_path.text(item.time_ms), item)
        elif rules.fields:
            try:
                item.directory = self._affixed(self._field_directory(item), item)
            except _Unencodable as error:
                return error.refused
        else:
            item.directory = self._affixed(f"partition={self.partition.partition}", item)
        return self._unnamed()

    def _unnamed(self) -> Refused | None:
        return None if self.rules.pad_width else Refused("name", "a name padded to no width", is_fatal=True)

    def _time_ms(self, item: Input) -> int | None:
        """By the configured extractor; Malformed where the sink dies of it."""
        match self.rules.clock:
            case "record":
                return item.timestamp_ms
            case "field":
                assert item.read is not None, "only what was read is located"
                return _time_in(item.read.value, self.rules.timestamp_path)
            case "none" | "wallclock":
                return None

    def _affixed(self, directory: str, item: Input) -> str:
        """Source: reference 4.4, schema affix."""
        if self.rules.affix == "NONE":
            return directory
        name = item.schema.name if item.schema is not None and item.schema.name is not None else "null"
        parts = [f"schema_name={name}", directory]
        return self.rules.directory_delim.join(parts if self.rules.affix == "PREFIX" else parts[::-1])

    def _field_directory(self, item: Input) -> str:
        """Source: reference 4.4, Field."""
        assert item.read is not None, "only what was read is located"
        value, schema = item.read.value, item.read.value_schema
        if schema is None or schema.type != "struct":
            raise _Unencodable("the value is no struct", is_fatal=False)
        texts = [f"{name}={_field_text(value, schema, name)}" for name in self.rules.fields]
        return self.rules.directory_delim.join(texts)


class _Unencodable(Exception):  # noqa: N818  says what the field is
    """A field that gives no directory."""

    def __init__(self, text: str, *, is_fatal: bool) -> None:
        super().__init__(text)
        self.refused = Refused("partition", text, is_fatal=is_fatal)


_INTEGERS = ("int8", "int16", "int32", "int64")


def _field_text(value: Value, schema: Schema, name: str) -> str:
    """What stands behind `name=`; the schema decides whether there may be anything."""
    found: Schema = schema
    for part in name.split("."):
        below = found.field(part) if found.type == "struct" else None
        if below is None:
            raise _Unencodable(f"field {name!r} is not in the schema", is_fatal=True)
        found = below.schema
        value = value[part] if value is not None else None
    if found.type not in (*_INTEGERS, "string", "boolean"):
        raise _Unencodable(f"field {name!r} is of type {found.type}", is_fatal=False)
    if value is None:
        return "null"
    if found.is_logical:
        raise _Unencodable(f"field {name!r} is a {found.name}", is_fatal=True)
    if found.type == "boolean":
        return "true" if value else "false"
    return str(value)


def _time_in(value: Value, path: tuple[str, ...]) -> int:
    """What RecordField finds in a value; Malformed where it finds nothing to read. Source: reference 4.6."""
    schema = None
    for name in path if isinstance(value, Struct) else ():
        found = value.schema.field(name) if isinstance(value, Struct) else None
        if found is None or value[name] is None:
            raise Malformed(f"no field {'.'.join(path)!r} in {value!r}")
        value, schema = value[name], found.schema
    if schema is None:
        leaf = _below(value, path)
        return leaf.ms if isinstance(leaf, Moment) else timestamp_in(value, path)
    if schema.name == TIMESTAMP:
        return int(value.ms)
    if schema.is_logical or schema.type not in ("int32", "int64", "string"):
        raise Malformed(f"field {'.'.join(path)!r} is of type {schema.name or schema.type}")
    return timestamp_in({"": value}, ("",))


def _below(value: Value, path: tuple[str, ...]) -> Value:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


_INPUTS: Memory[Inputs] = Memory()


def inputs_of(log: Sequence[Record], partition: TopicPartition, rules: Settings, schemas: Registry) -> Inputs:
    """The records of a log, read; remembered."""
    key = (partition, rules, frozenset(schemas.items()) if schemas else None)
    return _INPUTS.get(log, key, lambda: Inputs(log, partition, rules, schemas))
