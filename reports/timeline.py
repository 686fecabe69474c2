"""The timeline of a story as one SVG: offsets run to the right, what happened runs downwards.

For each partition: its records, then the files of each life as spans over the offsets they hold, the crash
as a line across, and the objects at rest with doubled offsets hatched and named. Geometry depends on the
history and verdict alone; colours come from the classes of the page, and nothing is told by colour only.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from onceproof.model.history import Committed, DeadLettered, History, Opened, Record, Rewound, TopicPartition
from onceproof.model.judge import Verdict, Write
from onceproof.model.settings import ObjectKind
from onceproof.reports.collect import Story
from onceproof.reports.phrases import brackets, delay, instant, offset_runs, offsets_text, short_names
from onceproof.reports.story import crash_labels, doubled_offsets, tell
from onceproof.reports.words import counted, printable

RECORDS_DRAWN_MAX = 60
PARTITIONS_MAX = 4
_SPANS_MAX = 24
_MARKS_MAX = 6

MARGIN = 8.0
WIDTH_MAX = 780.0
WIDTH_MIN = 336.0
_STEP_MAX = 108.0
_STEP_MIN = 12.0
_STRETCH_MIN = 110.0
_CHAR = 6.15
"""Width of one character of the small monospaced text, in px."""
_TITLE_HEIGHT = 20.0
_ROW_HEIGHT = 36.0
_MARK_HEIGHT = 16.0
_LANE_GAP = 14.0


# Geometry


@dataclass(frozen=True, slots=True)
class Axis:
    """Where offsets lie: by their place in the log, so that gaps in the offsets take no room."""

    offsets: tuple[int, ...]
    edges: tuple[int, ...]
    """Ascending indices into `offsets`, from 0 to its length."""
    places: tuple[float, ...]
    """Where each edge lies; between two edges the axis is even."""

    def left(self, offset: int) -> float:
        """Return where the record `offset` begins, which is also the boundary before it."""
        return self._place(bisect_left(self.offsets, offset))

    def right(self, offset: int) -> float:
        """Return where the record `offset` ends."""
        return self._place(min(bisect_left(self.offsets, offset) + 1, len(self.offsets)))

    def _place(self, index: int) -> float:
        segment = max(0, min(bisect_right(self.edges, index) - 1, len(self.edges) - 2))
        first, last = self.edges[segment : segment + 2]
        start, end = self.places[segment : segment + 2]
        return start + (end - start) * (index - first) / (last - first)

    @property
    def end(self) -> float:
        """Return where the last record ends."""
        return self.places[-1]

    @property
    def step(self) -> float:
        """Return the width of a record on average."""
        return (self.end - MARGIN) / max(len(self.offsets), 1)

    @property
    def individual(self) -> bool:
        """Records are drawn one by one."""
        return len(self.offsets) <= RECORDS_DRAWN_MAX

    def runs(self, offsets: Iterable[int]) -> list[tuple[int, int]]:
        """Return the runs of records that are neighbours in the log, also across a gap of its offsets."""
        at = sorted({bisect_left(self.offsets, offset) for offset in offsets})
        runs: list[tuple[int, int]] = []
        for index in at[: bisect_left(at, len(self.offsets))]:
            if runs and runs[-1][1] + 1 == index:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
        return [(self.offsets[first], self.offsets[last]) for first, last in runs]


def axis_of(records: Sequence[Record], boundaries: Iterable[int]) -> Axis:
    """Return the axis on which `records` fit the page.

    Few records get room each for the name of a file. Many share the width by the stretches between
    `boundaries`, offsets at which a file or a finding begins or has ended; none is too narrow to be seen.
    """
    offsets, count = tuple(record.offset for record in records), max(len(records), 1)
    width = WIDTH_MAX - 2 * MARGIN
    if count <= RECORDS_DRAWN_MAX:
        step = max(_STEP_MIN, min(_STEP_MAX, width / count))
        return Axis(offsets, (0, count), (MARGIN, MARGIN + step * count))
    inner = {bisect_left(offsets, offset) for offset in boundaries}
    edges = sorted({0, count, *inner})
    least = min(_STRETCH_MIN, width / (len(edges) - 1))
    spare = width - least * (len(edges) - 1)
    places = [MARGIN + least * at + spare * edge / count for at, edge in enumerate(edges)]
    return Axis(offsets, tuple(edges), tuple(places))


@dataclass(frozen=True, slots=True)
class Span:
    """One file, or several neighbours drawn as one, over the offsets it holds."""

    name: str
    offsets: tuple[int, ...]
    life: int | None
    """None: no event says who wrote it."""
    objects: int = 1
    row: int = 0
    kind: ObjectKind = "value"
    """What it holds of its records."""


def packed(spans: Iterable[Span], axis: Axis) -> list[Span]:
    """Give each span the first row in which it overlaps no other, in the order of their first offsets."""
    ends: list[float] = []
    placed = []
    for span in sorted(spans, key=lambda span: (min(span.offsets), max(span.offsets), span.name)):
        start = axis.left(min(span.offsets))
        row = next((row for row, end in enumerate(ends) if end <= start), len(ends))
        ends[row:] = [axis.right(max(span.offsets)), *ends[row + 1 :]]
        placed.append(replace(span, row=row))
    return placed


def aggregated(spans: Sequence[Span], focus: frozenset[int]) -> list[Span]:
    """Draw neighbours as one where there are many: first those that hold no offset of a finding, then all."""
    if len(spans) <= _SPANS_MAX:
        return list(spans)
    ordered = sorted(spans, key=lambda span: (min(span.offsets), span.name))
    crowded = sum(not focus.isdisjoint(span.offsets) for span in ordered) > _SPANS_MAX
    merged: list[Span] = []
    by_kind = sorted(ordered, key=lambda span: ("value", "key", "headers").index(span.kind))
    for (in_focus, _, _), group in groupby(
        by_kind, key=lambda span: (not focus.isdisjoint(span.offsets), span.life, span.kind)
    ):
        neighbours = list(group)
        merged += neighbours if in_focus and not crowded else [_as_one(neighbours)]
    return merged


def _as_one(spans: Sequence[Span]) -> Span:
    if len(spans) == 1:
        return spans[0]
    offsets = tuple(sorted({offset for span in spans for offset in span.offsets}))
    return Span(counted(len(spans), "object"), offsets, spans[0].life, objects=len(spans), kind=spans[0].kind)


@dataclass(frozen=True, slots=True)
class Mark:
    """A boundary between two offsets that a life reached: a commit, or a way back."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What one life did to one partition, or what is at rest at the end."""

    title: str
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    crash: str = ""
    at_rest: bool = False


def lanes(story: Story, partition: TopicPartition) -> list[Lane]:
    """Return the lanes of one partition, lives first and objects at rest last; rows are not given yet."""
    history, verdict = story.history, story.verdict
    written = verdict.writes
    names = short_names([write.key for write in written] + [held.key for held in verdict.objects])
    focus = frozenset(o for found in verdict.findings if found.partition == partition for o in found.offsets)
    crashes = crash_labels(history)
    found = []
    for life in sorted(
        {event.life for event in history.events if isinstance(event, Opened) and event.partition == partition}
    ):
        mine = [write for write in written if write.life == life and write.partition == partition]
        spans = [Span(names[write.key], write.offsets, life, kind=write.kind) for write in mine if write.offsets]
        found.append(
            Lane(
                title=lane_title(history, partition, life),
                spans=tuple(aggregated(spans, focus)),
                marks=marks(history, partition, life),
                notes=(*_unknown(mine, names), *_dead_letters(history, partition, life)),
                crash=crashes.get(life, ""),
            )
        )
    held = [
        Span(names[at_rest.key], at_rest.offsets, at_rest.life, kind=at_rest.kind)
        for at_rest in verdict.objects
        if at_rest.partition == partition and at_rest.offsets
    ]
    return [*found, Lane("At rest", tuple(aggregated(held, focus)), at_rest=True)]


def boundaries(drawn: Sequence[Lane], doubled: Iterable[int]) -> set[int]:
    """Return the offsets at which a span or a run of doubled offsets begins or has ended."""
    runs = [(min(span.offsets), max(span.offsets)) for lane in drawn for span in lane.spans]
    return {edge for first, last in (*runs, *offset_runs(doubled)) for edge in (first, last + 1)}


def _unknown(mine: Sequence[Write], names: dict[str, str]) -> tuple[str, ...]:
    unknown = [names[write.key] for write in mine if write.offsets is None]
    return (f"and {', '.join(unknown[:3])}{' …' if len(unknown) > 3 else ''}: records not known",) if unknown else ()


def _dead_letters(history: History, partition: TopicPartition, life: int) -> tuple[str, ...]:
    sent = {
        event.offset
        for event in history.events
        if isinstance(event, DeadLettered) and (event.life, event.partition) == (life, partition) and event.applied
    }
    return (f"to the dead letter queue: {offsets_text(sent)}",) if sent else ()


def lane_title(history: History, partition: TopicPartition, life: int) -> str:
    """Return `Life 1, from 0`: the offset at which this life first read the partition."""
    start = next(
        event.offset
        for event in history.events
        if isinstance(event, Opened) and event.life == life and event.partition == partition
    )
    return f"Life {life}, from {start}"


def marks(history: History, partition: TopicPartition, life: int) -> tuple[Mark, ...]:
    """Return the commits and ways back of a life, the last ones if they are many."""
    found: list[Mark] = []
    for event in history.events:
        if isinstance(event, Committed) and event.life == life and partition in event.offsets:
            words = {"ok": "committed", "failed": "refused commit", "unknown": "unanswered commit"}[event.outcome]
            found.append(Mark(event.offsets[partition], f"{words} {event.offsets[partition]}"))
        if (
            isinstance(event, Rewound)
            and event.life == life
            and event.partition == partition
            and event.offset is not None
        ):
            found.append(Mark(event.offset, f"back to {event.offset}"))
    return tuple(found[-_MARKS_MAX:])


def lost_offsets(verdict: Verdict, partition: TopicPartition) -> tuple[int, ...]:
    """Return the offsets of a partition that were found lost."""
    lost = [found for found in verdict.findings if found.kind == "lost" and found.partition == partition]
    return tuple(sorted({offset for found in lost for offset in found.offsets}))


def drawn_partitions(history: History, verdict: Verdict) -> tuple[TopicPartition, ...]:
    """Return the partitions worth a lane: those with findings, or all; never more than `PARTITIONS_MAX`."""
    found = {finding.partition for finding in verdict.findings}
    chosen = [partition for partition in history.log if partition in found] or list(history.log)
    return tuple(chosen[:PARTITIONS_MAX])


# Drawing


def tag(name: str, text: str = "", **attributes: object) -> str:
    """Return one element; in names of attributes a trailing underscore is cut off, others become dashes."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{escape(printable(text), quote=False)}</{name}>"


def _attribute(value: object) -> str:
    return f"{round(value, 1):g}" if isinstance(value, float) else escape(printable(str(value)))


def timeline(story: Story, ident: str) -> str:
    """Return the SVG of `story`; `ident` begins all ids in it, so that several fit one page."""
    history, verdict = story.history, story.verdict
    partitions = drawn_partitions(history, verdict)
    parts: list[str] = []
    top, width = 4.0, WIDTH_MIN
    for partition in partitions:
        drawn = lanes(story, partition)
        doubled = {kind: counts for (of, kind), counts in doubled_offsets(verdict).items() if of == partition}
        edges = boundaries(drawn, {offset for counts in doubled.values() for offset in counts})
        axis = axis_of(history.log[partition], edges)
        drawing = _Drawing(ident, axis, top)
        drawing.records(history.log[partition], f"{partition}, " if len(history.log) > 1 else "")
        for lane in drawn:
            drawing.lane(replace(lane, spans=tuple(packed(lane.spans, axis))), doubled)
        drawing.lost(lost_offsets(verdict, partition))
        parts += drawing.parts
        top, width = drawing.top + _LANE_GAP, max(width, drawing.width)
    left = len(history.log) - len(partitions)
    if left:
        parts.append(tag("text", f"{counted(left, 'other partition')} not drawn", x=MARGIN, y=top + 6, class_="note"))
        top += _TITLE_HEIGHT
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="timeline" role="img" '
        f'width="{width:.0f}" height="{top:.0f}" viewBox="0 0 {width:.0f} {top:.0f}" '
        f'aria-labelledby="{escape(ident)}-title {escape(ident)}-desc">'
    )
    title = tag("title", f"Timeline of {story.name}", id=f"{ident}-title")
    description = tag("desc", tell(story).paragraph, id=f"{ident}-desc")
    return "\n".join((head, title, description, _hatch(ident), *parts, "</svg>"))


def _hatch(ident: str) -> str:
    line = tag("path", d="M0 6L6 0M-1 1L1 -1M5 7L7 5", class_="hatch")
    size = 'width="6" height="6" patternUnits="userSpaceOnUse"'
    return f'<defs><pattern id="{escape(ident)}-hatch" {size}>{line}</pattern></defs>'


class _Drawing:
    """Draws one partition from `top` downwards; `top` is where the next thing goes."""

    def __init__(self, ident: str, axis: Axis, top: float) -> None:
        self.parts: list[str] = []
        self.axis = axis
        self.top = top
        self.width = max(WIDTH_MIN, axis.end + MARGIN)
        self._ident = ident

    def records(self, records: Sequence[Record], name: str) -> None:
        """Draw the axis: each record if they are few, else where the stretches begin."""
        self._title(f"{name}{counted(len(records), 'record')}")
        if not records:
            return
        if self.axis.individual:
            self._dots(records)
        else:
            self._ticks(records)
        self.top += _LANE_GAP

    def _text(self, text: str, x: float, y: float, class_: str, anchor: str = "start") -> None:
        self.parts.append(tag("text", text, x=x, y=y, class_=class_, text_anchor=anchor))

    def _title(self, text: str) -> None:
        self._text(text, MARGIN, self.top + 13, "lane")
        self.top += _TITLE_HEIGHT

    def _dots(self, records: Sequence[Record]) -> None:
        """Draw each record as a dot with its offset; timestamps where there is room, else first and last."""
        roomy, numbered = self.axis.step >= 72, self.axis.step >= 22
        for index, record in enumerate(records):
            x = self.axis.left(record.offset) + self.axis.step / 2
            title = tag("title", f"record {record.offset}, {instant(record.timestamp_ms)}")
            place = f'cx="{x:.1f}" cy="{self.top + 10:.1f}" r="{10 if numbered else 3.5}"'
            self.parts.append(f'<circle class="record" {place}>{title}</circle>')
            if numbered:
                self._text(str(record.offset), x, self.top + 13.5, "offset", "middle")
            elif index % 10 == 0 or record is records[-1]:
                self._text(str(record.offset), x, self.top + 26, "time", "middle")
            if roomy:
                self._text(_clock(record, records[0]), x, self.top + 34, "time", "middle")
        self.top += 24 if numbered and not roomy else 32
        if not roomy:
            self._ends(records)

    def _ticks(self, records: Sequence[Record]) -> None:
        """Draw many records as one line, with a tick at each edge of the axis."""
        y = self.top + 6
        self.parts.append(tag("line", x1=MARGIN, x2=self.axis.end, y1=y, y2=y, class_="rule"))
        last = -100.0
        for edge, x in zip(self.axis.edges[:-1], self.axis.places, strict=False):
            self.parts.append(tag("line", x1=x, x2=x, y1=y - 4, y2=y + 4, class_="rule"))
            if x - last > 60 and x < self.axis.end - 100:
                self._text(f"{self.axis.offsets[edge]}", x, self.top + 22, "time")
                last = x
        self._text(f"{records[-1].offset}", self.axis.end, self.top + 22, "time", "end")
        self.top += 26
        self._ends(records, note="; not to scale" if len(self.axis.edges) > 2 else "")

    def _ends(self, records: Sequence[Record], note: str = "") -> None:
        first, last = instant(records[0].timestamp_ms), instant(records[-1].timestamp_ms)
        self._text(f"{first} to {last}{note}", MARGIN, self.top + 11, "time")
        self.top += 14

    def lane(self, lane: Lane, doubled: Mapping[ObjectKind, Mapping[int, int]]) -> None:
        self._title(lane.title)
        if not lane.spans and not lane.notes:
            self._text("no object" if lane.at_rest else "wrote nothing", MARGIN, self.top + 11, "note")
            self.top += _MARK_HEIGHT
        for span in lane.spans:
            self._span(span, doubled.get(span.kind, {}) if lane.at_rest else {})
        rows = max((span.row for span in lane.spans), default=-1) + 1
        self.top += rows * _ROW_HEIGHT
        if lane.at_rest:
            for kind, counts in doubled.items():
                self._doubled(counts, kind)
        for note in lane.notes:
            self._text(note, MARGIN, self.top + 11, "note")
            self.top += _MARK_HEIGHT
        for mark in lane.marks:
            self._mark(mark)
        if lane.crash:
            self._crash(lane.crash)
        self.top += _LANE_GAP

    def _span(self, span: Span, doubled: Mapping[int, int]) -> None:
        y = self.top + span.row * _ROW_HEIGHT
        runs = self.axis.runs(span.offsets)
        if not runs:
            return
        boxes = [(self.axis.left(first) + 1, self.axis.right(last) - 1) for first, last in runs]
        writer = "" if span.life is None else f", life {span.life}"
        title = tag("title", f"{span.name} {brackets(span.offsets, span.kind)}{writer}")
        self.parts.append(f'<g class="file life{(span.life or 0) % 3}">{title}')
        if len(boxes) > 1:
            middle = y + _ROW_HEIGHT / 2 - 2
            self.parts.append(tag("line", x1=boxes[0][1], x2=boxes[-1][0], y1=middle, y2=middle, class_="join"))
        for left, right in boxes:
            self._box(left, right, y, class_="box")
        lifted = self.axis.runs(offset for offset in span.offsets if offset in doubled)
        for first, last in lifted:
            left, right = self.axis.left(first) + 1, self.axis.right(last) - 1
            self._box(left, right, y, class_="doubled", fill=f"url(#{self._ident}-hatch)")
        if lifted:  # a label across the edge of a doubled part would be hard to read
            plain = self.axis.runs(offset for offset in span.offsets if offset not in doubled)
            parts = (*lifted, *plain)
            boxes = [(self.axis.left(first) + 1, self.axis.right(last) - 1) for first, last in parts]
        self._label(span, max(boxes, key=lambda box: box[1] - box[0]), y)
        self.parts.append("</g>")

    def _box(self, left: float, right: float, y: float, **attributes: str) -> None:
        width = max(right - left, 1.5)
        self.parts.append(tag("rect", x=left, y=y, width=width, height=_ROW_HEIGHT - 4, rx=3, **attributes))

    def _label(self, span: Span, box: tuple[float, float], y: float) -> None:
        """Write the name and the offsets into the widest box, as much of them as fits."""
        room = int((box[1] - box[0] - 6) / _CHAR)
        held = brackets(span.offsets, span.kind)
        name = span.name if len(span.name) <= room else f"…{span.name[-(room - 1) :]}"
        middle = (box[0] + box[1]) / 2
        if room >= 9:
            self._text(name, middle, y + 13, "name", "middle")
            if len(held) <= room:
                self._text(held, middle, y + 26, "held", "middle")
        elif len(held) <= room:
            self._text(held, middle, y + 20, "held", "middle")

    def _doubled(self, doubled: Mapping[int, int], kind: ObjectKind) -> None:
        """Name the doubled offsets below the objects that hold them."""
        named = []
        part = {"value": "", "key": " (keys)", "headers": " (headers)"}[kind]
        for first, last in self.axis.runs(doubled):
            often = max(times for offset, times in doubled.items() if first <= offset <= last)
            named.append((first, last, f"{'twice' if often == 2 else f'{often} times'}{part}"))
        self._brackets(named)

    def lost(self, offsets: Sequence[int]) -> None:
        """Name the offsets that nothing at rest holds."""
        if offsets:
            self.top -= _LANE_GAP
            self._brackets([(first, last, "lost") for first, last in self.axis.runs(offsets)])
            self.top += _LANE_GAP

    def _brackets(self, named: Sequence[tuple[int, int, str]]) -> None:
        """Draw a bracket under each run of offsets, and its words unless they run into the ones before."""
        last_end = -100.0
        for first, last, word in named:
            left, right = self.axis.left(first) + 1, self.axis.right(last) - 1
            which = str(first) if first == last else f"{first}, {last}" if last == first + 1 else f"{first} to {last}"
            text = f"{which} {word}"
            path = f"M{left:.1f} {self.top:.1f}v5H{right:.1f}v-5"
            self.parts.append(tag("path", d=path, class_="bracket"))
            width = len(text) * _CHAR
            start = max(MARGIN, min((left + right - width) / 2, self.width - MARGIN - width))
            if start > last_end:
                self._text(text, start, self.top + 17, "twice")
                last_end = start + width + _CHAR
        self.top += 24

    def _mark(self, mark: Mark) -> None:
        x = self.axis.left(mark.offset)
        self.parts.append(tag("path", d=f"M{x:.1f} {self.top + 2:.1f}l4 7h-8z", class_="mark"))
        beyond = x + 8 + len(mark.text) * _CHAR > self.width - MARGIN
        self._text(mark.text, x - 8 if beyond else x + 8, self.top + 10, "note", "end" if beyond else "start")
        self.top += _MARK_HEIGHT

    def _crash(self, words: str) -> None:
        room = int((self.width - 2 * MARGIN) / _CHAR) - 2
        shown = words if len(words) <= room else f"{words[: room - 1]}…"
        y = self.top + 8
        self.parts.append(f'<g class="crash">{tag("title", words)}')
        self.parts.append(tag("line", x1=MARGIN, x2=self.width - MARGIN, y1=y, y2=y, class_="cut"))
        self._text(f"✕ {shown}", MARGIN, y + 16, "cutname")
        self.parts.append("</g>")
        self.top += 28


def _clock(record: Record, first: Record) -> str:
    if record.timestamp_ms is None or first.timestamp_ms is None:
        return "no timestamp"
    if record is first:
        return instant(record.timestamp_ms).split(" ")[-1]
    return delay(record.timestamp_ms - first.timestamp_ms)
