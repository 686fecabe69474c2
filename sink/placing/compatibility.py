"""Whether a record's schema fits the file that is open, and how its value is brought to the schema of that file.

Laws:
1. A value goes from the record's schema to the *entry*, the schema of the first record of its file; never back.
2. NONE starts a new file at every other schema and changes no value. The rest start one where no value of the record's
   schema can be projected, or where its version lies on the wrong side of the entry's: BACKWARD and FULL (identical)
   allow older versions than the entry's, FORWARD newer ones.
3. Equal schemas fit, also without versions; in modes other than NONE any other pair needs versions.
Source: reference 3.6, 9.3 C3 to C5; Kafka Connect's SchemaProjector.
"""

from collections.abc import Callable, Mapping
from typing import Any

from onceproof.sink.data import Schema, Struct
from onceproof.sink.errors import DataError, ProjectionError

_WIDTHS = {"int8": 0, "int16": 1, "int32": 2, "int64": 3, "float32": 4, "float64": 5}
_PASSED_OVER = frozenset({"connect.record.doc", "connect.record.aliases", "connect.record.namespace"})
"""Parameters that say nothing of the values."""
_FIELD_DOC = "io.confluent.connect.avro.field.doc."
_ENUMS = ("io.confluent.connect.avro.Enum", "org.apache.kafka.connect.data.Enum")
_FLOAT32_BITS = 24


class Compatibility:
    """One mode of `schema.compatibility`, for one task: it remembers the last pair of schemas that it looked at."""

    __slots__ = ("_answer", "_entry", "_is_wrong_side", "_schema")

    def __init__(self, is_wrong_side: Callable[[int, int], bool] | None) -> None:
        """`is_wrong_side` tells of (the record's version, the entry's) whether a new file is needed; None is NONE."""
        self._is_wrong_side = is_wrong_side
        self._schema: Schema | None = None
        self._entry: Schema | None = None
        self._answer = False

    def changes(self, schema: Schema | None, entry: Schema | None) -> bool:
        """Whether a record of `schema` needs another file than the one of `entry`; raises ProjectionError."""
        if schema is entry:
            return False
        if schema is not self._schema or entry is not self._entry:
            self._answer = self._look(schema, entry)
            self._schema, self._entry = schema, entry
        return self._answer

    def _look(self, schema: Schema | None, entry: Schema | None) -> bool:
        if schema is None or entry is None:
            return True
        if schema == entry:
            return False
        if self._is_wrong_side is None:
            return True
        if schema.version is None or entry.version is None:
            raise ProjectionError(
                "schemas without a version are compatible only if they are equal: the record's has version "
                f"{schema.version}, the file's {entry.version}"
            )
        return _mismatch(schema, entry) is not None or self._is_wrong_side(schema.version, entry.version)

    def project(self, value: Any, schema: Schema | None, entry: Schema | None) -> Any:
        """The value as the file needs it; the same object for NONE and for equal schemas. Raises ProjectionError."""
        if self._is_wrong_side is None or schema is entry or schema is None or entry is None:
            return value
        return value if schema == entry else _project(value, schema, entry)


def compatibility(mode: str) -> Compatibility:
    """By the text of `schema.compatibility`; what is not BACKWARD, FORWARD or FULL is NONE (reference 1.1)."""
    return Compatibility(_WRONG_SIDES.get(mode))


_WRONG_SIDES: Mapping[str, Callable[[int, int], bool]] = {
    "BACKWARD": lambda version, entry_version: version > entry_version,
    "FULL": lambda version, entry_version: version > entry_version,
    "FORWARD": lambda version, entry_version: version < entry_version,
}


# --- whether schemas fit ---------------------------------------------------------------------------------------------


def _mismatch(source: Schema, target: Schema) -> str | None:
    """Why values of `source` cannot all be projected to `target`; None if they can. Versions do not count."""
    found = _differs(source, target)
    if found is None and source.optional and not target.optional and target.default is None:
        found = "the record's schema is optional, the file's is required and has no default"
    if found is not None:
        return found
    match target.type:
        case "struct":
            return _mismatch_of_fields(source, target)
        case "array":
            return _mismatch(_inner(source.items), _inner(target.items))
        case "map":
            keys = _mismatch(_inner(source.keys), _inner(target.keys))
            return keys or _mismatch(_inner(source.items), _inner(target.items))
    return None


def _mismatch_of_fields(source: Schema, target: Schema) -> str | None:
    for name, schema in target.fields:
        at = source.index.get(name)
        if at is not None:
            found = _mismatch(source.fields[at].schema, schema)
            if found is not None:
                return f"field {name!r}: {found}"
        elif not schema.optional and schema.default is None:
            return _missing(name)
    return None


def _differs(source: Schema, target: Schema) -> str | None:
    """What forbids projection whatever lies within: another type that is no wider one, another name or parameters."""
    if source.type != target.type and not _is_wider(source.type, target.type):
        return f"the record's type is {source.type}, the file's {target.type}"
    if source.name != target.name:
        return f"the record's schema has the name {source.name!r}, the file's {target.name!r}"
    if source.parameters is target.parameters or (not source.parameters and not target.parameters):
        return None
    return _parameters_differ(_telling(source.parameters), _telling(target.parameters))


def _parameters_differ(source: Mapping[str, str], target: Mapping[str, str]) -> str | None:
    if any(marker in source and marker in target for marker in _ENUMS):
        unknown = {name: text for name, text in source.items() if target.get(name) != text}
        return f"the file's enum has no {unknown}" if unknown else None
    return None if source == target else f"the record's schema has the parameters {source}, the file's {target}"


def _telling(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text for name, text in parameters.items() if name not in _PASSED_OVER and not name.startswith(_FIELD_DOC)
    }


def _is_wider(source: str, target: str) -> bool:
    return source in _WIDTHS and _WIDTHS[source] < _WIDTHS.get(target, -1)


def _missing(name: str) -> str:
    return f"field {name!r}: the file requires it and has no default, the record's schema lacks it"


def _inner(schema: Schema | None) -> Schema:
    """Of a map's keys, or of the items of a map or an array."""
    assert schema is not None, "arrays and maps have a schema for what they hold"
    return schema


# --- projection ------------------------------------------------------------------------------------------------------


def _project(value: Any, source: Schema, target: Schema) -> Any:
    """One value; what lies within a null or an empty list is not looked at, as in SchemaProjector."""
    found = _differs(source, target)
    if found is not None:
        raise ProjectionError(found)
    if source.optional and not target.optional:
        if target.default is None:
            raise ProjectionError("the record's schema is optional, the file's is required and has no default")
        if value is None:
            return target.default
    if value is None:
        return None
    match target.type:
        case "struct":
            return _project_struct(value, source, target)
        case "array":
            items = _inner(source.items), _inner(target.items)
            return [_project(item, *items) for item in value]
        case "map":
            keys, items = (_inner(source.keys), _inner(target.keys)), (_inner(source.items), _inner(target.items))
            return {_project(key, *keys): _project(item, *items) for key, item in value.items()}
    return _widened(value, source.type, target.type)


def _project_struct(value: Struct, source: Schema, target: Schema) -> Struct:
    values = []
    for name, schema in target.fields:
        if name in source.index:
            try:
                found = _project(value.get(name), source.fields[source.index[name]].schema, schema)
            except ProjectionError as error:
                raise ProjectionError(f"field {name!r}: {error}") from error
            if found is None and not schema.optional:
                raise DataError(f"field {name!r}: null, but the file requires a value of type {schema.type}")
            values.append(found)
        elif schema.default is not None or schema.optional:
            values.append(schema.default)
        else:
            raise ProjectionError(_missing(name))
    return Struct(target, values)


def _widened(value: Any, source: str, target: str) -> Any:
    """A number as the wider type holds it; what stands for a number, such as a date, stays."""
    if source == target or target not in ("float32", "float64") or not isinstance(value, int | float):
        return value
    return float32(value) if target == "float32" and isinstance(value, int) else float(value)


def float32(value: int) -> float:
    """The float32 next to a 64-bit integer, the even one of two: rounded once, as Java casts."""
    surplus = max(abs(value).bit_length() - _FLOAT32_BITS, 0)
    kept, rest = divmod(abs(value), 1 << surplus)
    half = (1 << surplus) >> 1
    kept += rest > half or (rest == half != 0 and kept & 1)
    return float(kept << surplus) * (-1 if value < 0 else 1)
