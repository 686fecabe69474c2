"""Which records a body holds, where the model's prediction does not say so at once.

A body is cut into rendered records of its partition, from its start. Records with equal bytes cannot be told
apart: of several the first one behind the record before is taken, so an object is read as ascending where it
can be. A line of JSON that says the same as a record in other bytes counts as that record, but marks the body
as encoded otherwise.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache

from onceproof.model.frozen import frozen
from onceproof.model.predictions import KindView, offsets_by_line


@frozen
class Content:
    """What a body holds."""

    offsets: tuple[int, ...]
    """In the order in which they stand; an offset that stands twice is there twice."""
    unknown: int
    """Pieces between separators that are no record of the log."""
    is_exact: bool
    """True if the bytes are those of the model for these records in this order, perhaps projected otherwise."""
    pieces: tuple[bytes, ...]
    """The bytes of each of `offsets`."""


def content_of(body: bytes, view: KindView, first_offset: int) -> Content:
    """Read a body whose name says that it begins at `first_offset`."""
    offsets: list[int] = []
    pieces: list[bytes] = []
    unknown = at = 0
    is_exact = True
    last = first_offset - 1
    while at < len(body):
        found = _record_at(body, at, view, last)
        if found is None:
            end = _piece_end(body, at, view.layout.separator)
            offset = _same_value(body[at:end], view, last)
            is_exact = False
            if offset is None:
                unknown += 1
            found = offset, end
        if found[0] is not None:
            last = found[0]
            offsets.append(last)
            pieces.append(body[at : found[1]])
        at = found[1]
    return Content(tuple(offsets), unknown, is_exact, tuple(pieces))


def lookalikes(content: Content, view: KindView) -> set[int]:
    """The records that cannot be told apart from some that a body holds, these among them; none if all can."""
    lines = offsets_by_line(view)
    found: set[int] = set()
    for piece in content.pieces:
        alike = lines.get(piece) or _offsets_by_value(view).get(_canonical(piece) or "", ())
        if len(alike) > 1:
            found.update(alike)
    return found


def is_divisible(view: KindView) -> bool:
    """Whether it is certain where in a body one record ends: bytes may hold the separator, or have none."""
    separator = view.layout.separator
    if view.layout.format != "bytes":
        return True
    return bool(separator) and not any(line and separator in line[: -len(separator)] for line in view.lines)


def _record_at(body: bytes, at: int, view: KindView, last: int) -> tuple[int | None, int] | None:
    """The record that stands at `at`, and where it ends: the one due next, else any, longest first."""
    following = bisect_right(view.offsets, last)
    if following < len(view.offsets):
        offset = view.offsets[following]
        for line in (view.lines[following], *view.projections.get(offset, ())):
            if line and body.startswith(line, at):
                return offset, at + len(line)
    lines = offsets_by_line(view)
    end = _piece_end(body, at, view.layout.separator)
    if body[at:end] in lines:
        return _after(lines[body[at:end]], last), end
    for length in _lengths(view):
        line = body[at : at + length]
        if line in lines:
            return _after(lines[line], last), at + len(line)
    return None


def _after(offsets: Sequence[int], last: int) -> int:
    """The first of ascending `offsets` behind `last`; the first of all if there is none."""
    at = bisect_right(offsets, last)
    return offsets[at if at < len(offsets) else 0]


def _piece_end(body: bytes, at: int, separator: bytes) -> int:
    found = body.find(separator, at) if separator else -1
    return len(body) if found < 0 else found + len(separator)


@lru_cache(maxsize=64)
def _lengths(view: KindView) -> tuple[int, ...]:
    return tuple(sorted({len(line) for line in offsets_by_line(view) if line}, reverse=True))


def _same_value(piece: bytes, view: KindView, last: int) -> int | None:
    """The record whose JSON value a piece of other bytes holds, if any."""
    if view.layout.format != "json":
        return None
    offsets = _offsets_by_value(view).get(_canonical(piece) or "")
    return _after(offsets, last) if offsets else None


@lru_cache(maxsize=64)
def _offsets_by_value(view: KindView) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for offset, line in zip(view.offsets, view.lines, strict=True):
        if line is not None:
            found.setdefault(_canonical(line) or "", []).append(offset)
    return {text: tuple(offsets) for text, offsets in found.items() if text}


def _canonical(piece: bytes) -> str | None:
    try:
        return json.dumps(json.loads(piece), sort_keys=True)
    except ValueError:
        return None
