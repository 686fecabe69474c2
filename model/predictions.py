"""What a writer must do, with the bodies of its objects, and what the records of a log look like when stored.

Asked for again and again, so remembered: see `memory`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from onceproof.model.frozen import frozen
from onceproof.model.history import Record, TopicPartition
from onceproof.model.inputs import NO_SCHEMAS, Input, Inputs, Registry, inputs_of
from onceproof.model.lives import Writer
from onceproof.model.memory import Memory
from onceproof.model.placement import Expected, Life, Object, expected, looked_at
from onceproof.model.rendering import joined
from onceproof.model.schemas import Schema
from onceproof.model.settings import Layout, ObjectKind, Settings, settings


@frozen(eq=False)
class KindView:
    """What objects of one kind hold of one partition, under one configuration. Compares by identity."""

    layout: Layout
    offsets: tuple[int, ...]
    """Ascending: the records of which something is to be stored, unless they turn out errant."""
    lines: tuple[bytes | None, ...]
    """As it stands in an object, with separator, by the same position; None for what cannot be written."""
    projections: Mapping[int, tuple[bytes, ...]]
    """Other lines of an offset: its value projected to some other schema of the log."""


@frozen(eq=False)
class LogView:
    """The records of one partition under one configuration. Compares by identity."""

    inputs: Inputs
    kinds: Mapping[ObjectKind, KindView]

    @property
    def rules(self) -> Settings:
        """The configuration, read."""
        return self.inputs.rules


@frozen(eq=False)
class Prediction:
    """What one writer must do, with the bodies of its objects."""

    view: LogView
    expected: Expected
    bodies: tuple[bytes, ...]
    """As text: before compression, and lines where the format is binary."""
    by_key: Mapping[str, int]
    """Position in `expected.objects` by key; keys of one writer are distinct."""


_VIEWS: Memory[LogView] = Memory()
_PREDICTIONS: Memory[Prediction] = Memory()
_EXPECTED: Memory[Expected] = Memory()
_LOOKED_AT: Memory[Mapping[int, int]] = Memory()
_BODIES: Memory[bytes] = Memory()
_WITHOUT: Memory[tuple[Record, ...]] = Memory()


def without(log: Sequence[Record], gone: frozenset[int]) -> Sequence[Record]:
    """The log as it is when some records have gone; the same one each time."""
    if not gone:
        return log
    return _WITHOUT.get(log, gone, lambda: tuple([record for record in log if record.offset not in gone]))


def view_of(
    log: Sequence[Record], partition: TopicPartition, rules: Settings, schemas: Registry = NO_SCHEMAS
) -> LogView:
    """The storable part of a log."""
    inputs = inputs_of(log, partition, rules, schemas)
    return _VIEWS.get(log, inputs, lambda: _view(inputs))


def predict(log: Sequence[Record], writer: Writer, schemas: Registry = NO_SCHEMAS) -> Prediction:
    """What `writer` must do, given the log of its partition; `OutsideDomain` as `expected`."""
    log = without(log, writer.gone)
    view = view_of(log, writer.partition, writer.rules, schemas)
    key = (view.inputs, writer.seen())
    return _PREDICTIONS.get(log, key, lambda: _prediction(log, writer.as_life(), view, schemas))


def expected_again(log: Sequence[Record], life: Life, rules: Settings, schemas: Registry = NO_SCHEMAS) -> Expected:
    """`expected`, remembered; `rules` is the life's configuration, read."""
    key = (
        inputs_of(log, life.partition, rules, schemas),
        life.start_offset,
        life.opened_ms,
        life.passes,
        life.commits,
        life.failed_ms,
    )
    return _EXPECTED.get(log, key, lambda: expected(log, life, schemas))


def looked_at_again(log: Sequence[Record], writer: Writer, schemas: Registry = NO_SCHEMAS) -> Mapping[int, int]:
    """`looked_at`, remembered."""
    log = without(log, writer.gone)
    key = (inputs_of(log, writer.partition, writer.rules, schemas), writer.seen())
    return _LOOKED_AT.get(log, key, lambda: looked_at(log, writer.as_life(), schemas))


def lines_of(inputs: Inputs, made: Object) -> list[bytes]:
    """What of each record stands in an object that the model names."""
    lines = [_line(inputs, inputs.item(offset), made.kind, made.target) for offset in made.offsets]
    return [line for line in lines if line is not None]


def body_of(inputs: Inputs, made: Object) -> bytes:
    """The text of an object that the model names."""
    layout = next(each for each in inputs.rules.layouts if each.kind == made.kind)
    return joined(layout, lines_of(inputs, made))


def _body_again(log: Sequence[Record], inputs: Inputs, made: Object) -> bytes:
    """`body_of`, remembered, unless values are projected: the lives of a run repeat each other's objects."""
    if made.target is not None:
        return body_of(inputs, made)
    return _BODIES.get(log, (inputs, made.kind, made.offsets), lambda: body_of(inputs, made))


def text_of(
    log: Sequence[Record],
    config: Mapping[str, str],
    partition: TopicPartition,
    made: Object,
    schemas: Registry = NO_SCHEMAS,
) -> bytes:
    """The text of an object that the model names: its body, but for compression and binary formats."""
    return body_of(inputs_of(log, partition, settings(config), schemas), made)


def _line(inputs: Inputs, item: Input, kind: ObjectKind, target: Schema | None) -> bytes | None:
    """What of a record stands in an object of a kind; None if it cannot be written."""
    projects = target is not None and item.schema != target
    written = inputs.written(item, target if projects else None, holds_values=not item.is_tombstone)
    return written.lines.get(kind)


def _view(inputs: Inputs) -> LogView:
    return LogView(inputs, {layout.kind: _kind(inputs, layout) for layout in inputs.rules.layouts})


def _kind(inputs: Inputs, layout: Layout) -> KindView:
    stored = list(inputs.stored(layout.kind))
    lines = tuple([_line(inputs, item, layout.kind, None) for item in stored])
    projections: dict[int, tuple[bytes, ...]] = {}
    targets = _targets(stored) if inputs.rules.compatibility != "NONE" else []
    if len(targets) > 1:
        for item, line in zip(stored, lines, strict=True):
            others = {_line(inputs, item, layout.kind, target) for target in targets if item.schema is not None}
            projections[item.offset] = tuple([other for other in others if other is not None and other != line])
    return KindView(layout, tuple([item.offset for item in stored]), lines, projections)


def _targets(items: Sequence[Input]) -> list[Schema]:
    """The different schemas of values."""
    found: list[Schema] = []
    for item in items:
        if item.schema is not None and not any(item.schema is each or item.schema == each for each in found):
            found.append(item.schema)
    return found


def _prediction(log: Sequence[Record], life: Life, view: LogView, schemas: Registry) -> Prediction:
    wanted = expected_again(log, life, view.rules, schemas)
    return Prediction(
        view=view,
        expected=wanted,
        bodies=tuple([_body_again(log, view.inputs, made) for made in wanted.objects]),
        by_key={made.key: at for at, made in enumerate(wanted.objects)},
    )


@lru_cache(maxsize=64)
def offsets_by_line(view: KindView) -> Mapping[bytes, tuple[int, ...]]:
    """Offsets, ascending, of the records that render to the same line."""
    found: dict[bytes, list[int]] = {}
    for offset, line in zip(view.offsets, view.lines, strict=True):
        for each in (line, *view.projections.get(offset, ())):
            if each is not None:
                found.setdefault(each, []).append(offset)
    return {line: tuple(offsets) for line, offsets in found.items()}
