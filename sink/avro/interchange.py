"""Which values can be written under a schema that is not their own, as a file has the schema of its first record."""

from onceproof.sink.data import DATE, DECIMAL, TIME, TIMESTAMP, Schema

_LOGICAL = (DECIMAL, DATE, TIME, TIMESTAMP)


def interchangeable(schema: Schema | None, other: Schema | None) -> bool:
    """Whether values under `other` that are not null are of the Java classes that `schema` asks for.

    The real connector finds out by casting each value; a struct must have the very schema of the file. Values without a
    schema go into a file without one, and nowhere else.
    """
    if schema is other:
        return True
    if schema is None or other is None or schema.type != other.type:
        return False
    if schema.type == "struct":
        return schema == other
    logical = {each.name if each.name in _LOGICAL else None for each in (schema, other)}
    return (
        len(logical) == 1
        and (schema.items is other.items or interchangeable(schema.items, other.items))
        and (schema.keys is other.keys or interchangeable(schema.keys, other.keys))
    )
