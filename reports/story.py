"""A story as sentences: the one place where a run is put into words, for every renderer.

The sentences follow the history in its own order: a stretch of events of one life is one sentence, and what
happened outside stands between them. Offsets in brackets are the records that an object holds. Nothing that
differs between two runs of one seed is told: no version ids, upload ids, ports or durations.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TypeAlias, TypeVar

from onceproof.model.history import (
    Changed,
    CommitAsked,
    Committed,
    DeadLettered,
    Ended,
    Event,
    History,
    LogChanged,
    Opened,
    Put,
    Requested,
    Rewound,
    TopicPartition,
)
from onceproof.model.judge import Finding, ObjectAtRest, Verdict, Write
from onceproof.model.ordinals import ordinal
from onceproof.model.settings import ObjectKind
from onceproof.reports.collect import Story
from onceproof.reports.outside import changed, goes_without_saying, is_late, met, reason, shortened, thawed
from onceproof.reports.phrases import (
    OBJECTS_MAX,
    brackets,
    listed,
    offsets_text,
    record_line,
    short_names,
    subject_of,
    uncapitalised,
    verb,
)
from onceproof.reports.proof import claim
from onceproof.reports.words import FINDINGS, counted, steady

_PHRASES_MAX = 10
_LINES_MAX = 12
_DETAILS_MAX = 3
_ORDER = {kind: at for at, (kind, _, _) in enumerate(FINDINGS)}

_Held = TypeVar("_Held", Write, ObjectAtRest)
Doubled: TypeAlias = "dict[tuple[TopicPartition, ObjectKind], dict[int, int]]"
"""Offsets that stand more than once, with how often, by what stands there of them."""

_CAUSES: Mapping[str, str] = {
    "schedule": "the schedule",
    "interval": "the interval",
    "partition change": "a partition change",
    "schema flip": "a change between values with and without a schema",
    "schema": "a change of the schema",
    "open files": "the limit of open files",
}
"""What closed a file, where it is not named by its property."""


@dataclass(frozen=True, slots=True)
class Found:
    """All findings of one kind, partition and moment."""

    kind: str
    sentences: tuple[str, ...]
    details: tuple[str, ...]
    """The judge's own words on each; of many, the first ones and how many more."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One story in words; every part is whole sentences or lines, none contains markup."""

    records: tuple[str, ...]
    """One line a partition: offsets with timestamps."""
    course: tuple[str, ...]
    """What happened, one sentence for each stretch of a life or change outside."""
    before: tuple[str, ...]
    """Objects a reader saw at the first crash, as `name [offsets]`; of many, those with findings."""
    after: tuple[str, ...]
    """Objects at rest, as `name [offsets]`, doubled ones noted; of many, those with findings."""
    findings: tuple[Found, ...]
    claim: str
    """Which guarantee is refuted, and the two facts that refute it; empty where none is."""
    why: tuple[str, ...]
    """What each fault was needed for, and which effects lay in the order that mattered; empty where nobody looked."""
    not_observed: tuple[str, ...]
    pending: str
    """Empty when nothing is pending."""
    replay: str

    @property
    def paragraph(self) -> str:
        """The whole story in one paragraph, without the replay command."""
        sentences = [sentence for found in self.findings for sentence in found.sentences]
        return " ".join((*self.course, *sentences, *filter(None, (self.pending,))))


SENTENCES_MAX = 40
"""A course of more sentences is cut in its middle: the beginning says how it went, the end how it came out."""


_MOVED = "The clock moved "


def _merged_moves(sentences: Iterable[str]) -> Iterator[str]:
    """The same sentences, with moves of the clock that follow each other told as one."""
    for is_move, group in groupby(sentences, key=lambda sentence: sentence.startswith(_MOVED)):
        if is_move:
            moves = [(move, len(list(same))) for move, same in groupby(group)]
            told = [f"{move.removesuffix('.')}{f', {times} times' if times > 1 else ''}" for move, times in moves]
            yield ", then ".join([told[0], *(move.removeprefix(_MOVED) for move in told[1:])]) + "."
        else:
            yield from group


def _shortened(sentences: tuple[str, ...]) -> tuple[str, ...]:
    if len(sentences) <= SENTENCES_MAX:
        return sentences
    half = SENTENCES_MAX // 2
    return (*sentences[:half], f"[{len(sentences) - 2 * half} more sentences]", *sentences[-half:])


def tell(story: Story) -> Telling:
    """Put `story` into words."""
    history, verdict = story.history, story.verdict
    written = verdict.writes
    names = short_names(
        [write.key for write in written]
        + [at_rest.key for at_rest in verdict.objects]
        + list(history.unfinished_uploads)
        + [event.key for event in history.events if isinstance(event, Requested)]
    )
    doubled = doubled_offsets(verdict)
    teller = _Teller(history, names, {write.event: write for write in written}, several=len(history.log) > 1)
    return Telling(
        records=tuple(record_line(partition, records) for partition, records in history.log.items()),
        course=_shortened((polls_sentence(history), *_merged_moves(teller.course()))),
        before=_chosen(visible_before_crash(history, written), verdict, partial(_object_line, names=names)),
        after=_chosen(verdict.objects, verdict, partial(at_rest_line, names=names, doubled=doubled)),
        findings=findings_told(verdict),
        claim=claim(history, verdict, names),
        why=tuple(map(steady, story.why)),
        not_observed=tuple(steady(text) for text in verdict.not_observed),
        pending=_pending_sentence(verdict),
        replay=story.replay,
    )


# The course of events


def polls_sentence(history: History) -> str:
    """Say which records there are, and in how many polls the first life was handed them."""
    parts = []
    for partition, records in history.log.items():
        noun = "record" if len(records) == 1 else "records"
        text = f"{noun} {offsets_text(record.offset for record in records)}" if records else "no records"
        parts.append(f"{text} of {partition}" if len(history.log) > 1 else text)
    polls = _polls(history)
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}{f' in {_polls_text(polls)}' if polls else ''}."


def _polls_text(polls: int) -> str:
    return "one poll" if polls == 1 else f"{polls:,} polls"


def _polls(history: History) -> int:
    """Return in how many polls the first life was handed its one partition; 0 unless it saw all of it."""
    if len(history.log) != 1:
        return 0
    (partition, records), *_ = history.log.items()
    ends = [
        put.end_offset
        for put in history.events
        if isinstance(put, Put) and put.life == 0 and put.partition == partition
    ]
    starts = [
        seen.offset
        for seen in history.events
        if isinstance(seen, Opened) and seen.life == 0 and seen.partition == partition
    ]
    if not records or not ends or not starts or max(ends) <= records[-1].offset:
        return 0
    reached, polls = starts[0], 0
    for end in ends:
        polls += end > reached
        reached = max(reached, end)
    return polls


@dataclass
class _Teller:
    """Walks a history once; what it remembers is what `again` and `now` refer to."""

    history: History
    names: dict[str, str]
    write_at: dict[int, Write]
    several: bool
    """More than one partition, so that each is named."""
    holds: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def course(self) -> list[str]:
        """Return one sentence for each stretch of a life and for each change outside."""
        numbered = [(at, event) for at, event in enumerate(self.history.events) if not self._is_told_elsewhere(at)]
        sentences = []
        for life, stretch in groupby(numbered, key=lambda pair: self._life(*pair)):
            if life is None:
                sentences += [_sentence(self._outside(at, event)) for at, event in stretch]
            else:
                sentences.append(self._stretch(life, list(stretch)))
        return [sentence for sentence in sentences if sentence]

    def _is_told_elsewhere(self, at: int) -> bool:
        """Tell whether this is a change that an event tells, as the one that killed a life."""
        event, following = self.history.events[at], self._event(at + 1)
        if not isinstance(event, Changed):
            return False
        return (isinstance(following, Ended) and following.how == "killed") or goes_without_saying(event, following)

    def _event(self, at: int) -> Event | None:
        return self.history.events[at] if 0 <= at < len(self.history.events) else None

    def _life(self, at: int, event: Event) -> int | None:
        """Return whose sentence tells an event; a life freezes and thaws in a sentence of its own."""
        if is_late(event):
            return None
        if isinstance(event, Changed):
            return self._life_before(at) if _freezes(event) else thawed(event)
        return getattr(event, "life", None)

    def _life_before(self, at: int) -> int | None:
        lives = (getattr(event, "life", None) for event in reversed(self.history.events[:at]))
        return next((life for life in lives if life is not None), None)

    def _outside(self, at: int, event: Event) -> str:
        if isinstance(event, Changed | LogChanged):
            return changed(event, self.names, several=self.several)
        if isinstance(event, Requested | Committed):
            return self._late(at, event)
        return ""

    def _late(self, at: int, event: Requested | Committed) -> str:
        """Tell what came of a request that its sender had given up."""
        what = f"The {self._named(event)} that life {event.life} had given up"
        if not event.applied:
            refused = event.detail.removeprefix("arrived late").removeprefix(": ")
            return f"{what} arrived and was refused{reason(refused, getattr(event, 'key', ''))}"
        wrote = f" and wrote {self._object(self.write_at[at], named=True)}" if at in self.write_at else ""
        return f"{what} took effect{wrote}"

    def _named(self, event: Requested | Committed) -> str:
        if isinstance(event, Committed):
            where = ", ".join(f"{offset}{self._of(partition)}" for partition, offset in event.offsets.items())
            return f"commit of {where}"
        return f"{event.request} of {self.names.get(event.key, event.key)}"

    def _stretch(self, life: int, stretch: list[tuple[int, Event]]) -> str:
        phrases: list[str] = []
        told = [(at, event) for at, event in stretch if self._is_told(at, event)]
        for kind, same in groupby(told, key=lambda pair: self._kind(pair[0], pair[1])):
            phrases += self._phrases(kind, list(same))
        end = self._end(*stretch[-1]) or ("froze again" if phrases[:1] == ["thawed"] else "")
        if not phrases and not end:
            return ""
        if len(phrases) > _PHRASES_MAX:
            phrases = self._counted(stretch, phrases)
        again = "went on and " if life in self.told and "thawed" not in phrases[:1] else ""
        self.told.add(life)
        if not phrases and end.startswith(("froze", "stayed")):
            return f"Life {life} {end if end.startswith('stayed') else again + end}."
        done = listed_phrases(phrases or ["wrote nothing"])
        return f"Life {life} {again}{done}{f', then {end}' if end else ''}."

    def _end(self, at: int, event: Event) -> str:
        """Say how a stretch ends: with the life, in a freeze, or not at all."""
        if isinstance(event, Ended):
            end = ended_phrase(self.history, at, self.names)
            return f"was {end}" if end.startswith("killed") else end
        fault = met(event)
        return f"froze {fault.when} the {shortened(fault.what, self.names)}" if fault and _freezes(event) else ""

    def _is_told(self, at: int, event: Event) -> bool:
        """Requests that went well and made nothing visible go without saying."""
        silent = isinstance(event, Requested) and event.outcome == "ok" and at not in self.write_at
        return not silent and not isinstance(event, Put | CommitAsked) and not _freezes(event)

    def _counted(self, stretch: list[tuple[int, Event]], phrases: list[str]) -> list[str]:
        """Count the writes and commits of a long stretch, and keep what else there was."""
        numbers = (
            ("wrote", sum(at in self.write_at for at, _ in stretch), "object"),
            ("committed", sum(isinstance(event, Committed) for _, event in stretch), "time"),
            ("sent", sum(isinstance(event, DeadLettered) and event.outcome == "ok" for _, event in stretch), _LETTER),
        )
        others = [phrase for phrase in phrases if not phrase.startswith(("wrote", "committed", "sent"))]
        counts = [f"{verb} {counted(number, noun)}" for verb, number, noun in numbers if number]
        counts = [count.replace("committed 1 time", "committed once") for count in counts]
        left = len(others) - OBJECTS_MAX
        more = [f"met {counted(left, 'more refusal')}"] if left > 0 else []
        return [*others[:1], *counts, *others[1:OBJECTS_MAX], *more]

    def _kind(self, at: int, event: Event) -> str:
        if at in self.write_at:
            return f"{self._verb(self.write_at[at])}"
        return type(event).__name__

    def _phrases(self, kind: str, same: list[tuple[int, Event]]) -> list[str]:
        if same[0][0] in self.write_at:
            causes = [self.write_at[at].cause for at, _ in same]
            shared = closed_by(causes[0]) if len(set(causes)) == 1 else ""
            objects = [self._object(self.write_at[at], named=not shared) for at, _ in same]
            if len(objects) > OBJECTS_MAX:
                return [f"{kind} {counted(len(objects), 'object')}, {objects[0]} to {objects[-1]}{shared}"]
            return [f"{kind} {listed(objects)}{shared}"]
        if kind == "DeadLettered":
            return self._dead_letters([event for _, event in same if isinstance(event, DeadLettered)])
        if kind == "Opened":
            return self._started([(at, event) for at, event in same if isinstance(event, Opened)])
        phrases = [self._phrase(at, event) for at, event in same]
        return [phrase for phrase in phrases if phrase]

    def _phrase(self, at: int, event: Event) -> str:
        if isinstance(event, Changed):
            return "thawed" if thawed(event) is not None else ""
        if isinstance(event, Committed):
            return self._committed(at, event)
        if isinstance(event, Rewound):
            where = "" if event.offset is None else f" to {event.offset}"
            return f"went back{where}{self._of(event.partition)}"
        return self._requested(at, event) if isinstance(event, Requested) and event.outcome != "ok" else ""

    def _requested(self, at: int, event: Requested) -> str:
        """Tell a request that went otherwise than well."""
        why = reason(event.detail, event.key)
        if event.request == "head":
            return f"was not told whether {self.names.get(event.key, event.key)} exists{why}"
        if event.outcome == "failed":
            return f"was refused the {self._named(event)}{why}"
        return f"heard nothing of the {self._named(event)} ({self._unheard(at, event)})"

    def _unheard(self, at: int, event: Requested | Committed) -> str:
        """Say what became of a request whose reply the sink did not get."""
        fault = met(self._event(at - 1))
        if fault is not None and fault.when == "late":
            return "it is still under way"
        return {True: "it was applied", False: "it was not applied", None: "its effect is not known"}[event.applied]

    def _dead_letters(self, letters: Sequence[DeadLettered]) -> list[str]:
        """Say which records went to the dead letter queue, and why where one reason holds for all."""
        phrases = []
        for (partition, outcome), same in groupby(letters, key=lambda letter: (letter.partition, letter.outcome)):
            group = list(same)
            reasons = {_without_offset(letter) for letter in group}
            reason = f" ({reasons.pop()})" if len(reasons) == 1 and "" not in reasons else ""
            offsets = [letter.offset for letter in group]
            which = uncapitalised(subject_of(offsets, self._of(partition)))
            phrases.append(f"{_LETTERS[outcome].format(which=which)}{reason}")
        return phrases

    def _started(self, opened: list[tuple[int, Opened]]) -> list[str]:
        """Say where reading began; not for the first life, which begins where the log does."""
        new = []
        for at, event in opened:
            again = event.offset < self._read_up_to(at, event.partition)
            first = min((record.offset for record in self.history.log.get(event.partition, ())), default=0)
            if again or event.life or event.offset != first:
                new.append(f"{event.offset}{self._of(event.partition)}{' again' if again else ''}")
        return [f"started at {listed(new)}"] if new else []

    def _read_up_to(self, at: int, partition: TopicPartition) -> int:
        """Return where the records of a partition end that had been read before event `at`."""
        seen = (event for event in self.history.events[:at] if isinstance(event, Put))
        return max((put.end_offset for put in seen if put.partition == partition), default=0)

    def _committed(self, at: int, event: Committed) -> str:
        where = ", ".join(f"{offset}{self._of(partition)}" for partition, offset in event.offsets.items())
        if event.outcome == "ok" or event.detail == _DIED:
            return f"committed {where}" if where else ""
        if event.outcome == "failed":
            return f"was refused the commit of {where}{reason(event.detail)}"
        return f"heard nothing of the commit of {where} ({self._unheard(at, event)})"

    def _verb(self, write: Write) -> str:
        event = self._event(write.event)
        if write.outcome == "unknown" and getattr(event, "detail", "") != _DIED:
            return "was not told that it wrote"
        if write.outcome == "failed":
            return "was told it had not written, but wrote"
        return "wrote"

    def _object(self, write: Write, *, named: bool) -> str:
        text = f"{self.names[write.key]} {brackets(write.offsets, write.kind)}"
        if write.key in self.holds:
            same = self.holds[write.key] == write.offsets
            text += " again" if same else f" over {brackets(self.holds[write.key], write.kind)}"
        self.holds[write.key] = write.offsets
        return text + (closed_by(write.cause) if named else "")

    def _of(self, partition: TopicPartition) -> str:
        return f" of {partition}" if self.several else ""


_LETTER = "dead letter"
_LETTERS: Mapping[str, str] = {
    "ok": "sent {which} to the dead letter queue",
    "failed": "could not send {which} to the dead letter queue",
    "unknown": "was not told whether {which} reached the dead letter queue",
}


def _without_offset(letter: DeadLettered) -> str:
    """The reason, which may begin with the record that the sentence names already."""
    return steady(letter.detail).removeprefix(f"offset {letter.offset}: ")


_DIED = "reply lost (crash)"
"""What an event says whose sender was killed before it could hear of it."""


def _freezes(event: Event) -> bool:
    fault = met(event)
    return fault is not None and fault.kind == "freeze"


def ended_phrase(history: History, at: int, names: Mapping[str, str] | None = None) -> str:
    """Say how the life ended whose end is event `at`: `stopped in order`, `killed before the 1st commit`."""
    ended = history.events[at]
    assert isinstance(ended, Ended)
    detail = shortened(ended.detail, names or {}).rstrip(".")
    if ended.how == "stopped":
        return "stopped in order"
    if ended.how == "failed":
        return f"failed: {detail}" if detail else "failed"
    if detail in _NOT_KILLED:
        return _NOT_KILLED[detail]
    before = history.events[at - 1] if at else None
    fault = met(before)
    if fault is not None:
        return f"killed {fault.when} the {shortened(fault.what, names or {})}"
    change = steady(before.what) if isinstance(before, Changed) else ""
    return killed_phrase(change or detail or _cut(history, at, ended.life))


_NOT_KILLED = {
    "its partitions are another's": "ended, since its partitions are another's",
    "frozen to the end": "stayed frozen to the end",
}
"""Ends that no crash made."""


def _cut(history: History, at: int, life: int) -> str:
    """Name a cut from the events alone: the commit asked for and never sent, or the effect before."""
    mine = [event for event in history.events[:at] if getattr(event, "life", None) == life]
    effects = [event for event in mine if isinstance(event, Requested | Committed)]
    if mine and isinstance(mine[-1], CommitAsked):
        return f"before the {ordinal(sum(isinstance(effect, Committed) for effect in effects) + 1)} commit"
    if not effects:
        return "before its first effect"
    names = [effect.request if isinstance(effect, Requested) else "commit" for effect in effects]
    return f"after the {ordinal(names.count(names[-1]))} {names[-1]}"


def closed_by(cause: str) -> str:
    """Write why a file was closed as ` (closed by flush.size)`; nothing if it is not known."""
    return f" (closed by {_CAUSES.get(cause, cause)})" if cause else ""


def killed_phrase(moment: str) -> str:
    """Write the instant of a crash: `killed before the 1st commit`."""
    moment = moment.rstrip(".")
    if moment.startswith("killed"):
        return moment
    return f"killed {moment}" if moment.startswith(("before", "after", "while", "at ")) else f"killed ({moment})"


def listed_phrases(phrases: Sequence[str]) -> str:
    """Join what one life did, in order."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _sentence(text: str) -> str:
    text = text.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def crash_labels(history: History) -> dict[int, str]:
    """Return words for the end of each life that was killed or failed, as `killed before the 1st commit`."""
    return {
        event.life: ended_phrase(history, at)
        for at, event in enumerate(history.events)
        if isinstance(event, Ended) and event.how != "stopped"
    }


# Objects


def _chosen(objects: Sequence[_Held], verdict: Verdict, line: Callable[[_Held], str]) -> tuple[str, ...]:
    """Return a line for each object; of many only for those with a finding, then how many more."""
    if len(objects) <= _LINES_MAX:
        return tuple(map(line, objects))
    found: dict[TopicPartition | None, set[int]] = {}
    for finding in verdict.findings:
        found.setdefault(finding.partition, set()).update(finding.offsets)
    concerned = [held for held in objects if not found.get(held.partition, set()).isdisjoint(held.offsets or ())]
    shown: Sequence[_Held] = (concerned or list(objects))[:_LINES_MAX]
    left = len(objects) - len(shown)
    return (*map(line, shown), f"and {counted(left, 'other object')}")


def visible_before_crash(history: History, written: Sequence[Write]) -> tuple[Write, ...]:
    """Return what a reader saw when the first life crashed: the last write of each key, by key."""
    crash = next(
        (at for at, event in enumerate(history.events) if isinstance(event, Ended) and event.how != "stopped"),
        0,
    )
    seen = {write.key: write for write in written if write.event < crash}
    return tuple(seen[key] for key in sorted(seen))


def doubled_offsets(verdict: Verdict) -> Doubled:
    """Return the offsets found to stand more than once at rest, with how often they stand."""
    doubled: Doubled = {}
    for found in verdict.findings:
        if found.kind == "duplicated" and found.at_rest and found.partition is not None:
            counts = doubled.setdefault((found.partition, found.object_kind), {})
            for offset in found.offsets:
                counts[offset] = max(counts.get(offset, 0), _times(verdict, found, offset))
    return doubled


def _times(verdict: Verdict, found: Finding, offset: int) -> int:
    """Return how often an offset stands in the objects that the finding names; at least twice."""
    holders = [held for held in verdict.objects if held.partition == found.partition and held.key in found.keys]
    return max(2, sum(held.offsets.count(offset) for held in holders))


def at_rest_line(at_rest: ObjectAtRest, names: dict[str, str], doubled: Doubled) -> str:
    """Write one object at rest as `name [offsets]`, who wrote it, and which of its records are doubled."""
    if at_rest.partition is None:
        return f"{names[at_rest.key]}, foreign"
    twice = [offset for offset in at_rest.offsets if offset in doubled.get((at_rest.partition, at_rest.kind), {})]
    note = f"; doubled: {offsets_text(twice)}" if twice else ""
    writer = "an unknown life" if at_rest.life is None else f"life {at_rest.life}"
    return f"{names[at_rest.key]} {brackets(at_rest.offsets, at_rest.kind)} by {writer}{note}"


def _object_line(write: Write, names: dict[str, str]) -> str:
    return f"{names[write.key]} {brackets(write.offsets, write.kind)} by life {write.life}"


# Findings


@dataclass(frozen=True, slots=True)
class _Merged:
    kind: str
    partition: TopicPartition | None
    object_kind: ObjectKind
    at_rest: bool
    offsets: tuple[int, ...]
    keys: tuple[str, ...]
    details: tuple[str, ...]


def _merged(findings: Iterable[Finding]) -> list[_Merged]:
    """Join findings of one kind, partition, moment and part of a record; kinds in the order of the legend."""
    joined: dict[tuple[str, TopicPartition | None, ObjectKind, bool], list[Finding]] = {}
    for found in sorted(findings, key=lambda found: _ORDER[found.kind]):
        joined.setdefault((found.kind, found.partition, found.object_kind, found.at_rest), []).append(found)
    return [
        _Merged(
            kind,
            partition,
            object_kind,
            at_rest,
            tuple(sorted({offset for found in same for offset in found.offsets})),
            tuple(sorted({key for found in same for key in found.keys})),
            tuple(dict.fromkeys(steady(found.detail) for found in same if found.detail)),
        )
        for (kind, partition, object_kind, at_rest), same in joined.items()
    ]


def findings_told(verdict: Verdict) -> tuple[Found, ...]:
    """Say what was found, by kind and partition; kinds in the order of the legend."""
    partitions = {found.partition for found in verdict.findings if found.partition is not None}
    keys = [key for found in verdict.findings for key in found.keys] + [held.key for held in verdict.objects]
    names, doubled = short_names(keys), doubled_offsets(verdict)
    told = []
    for found in _merged(verdict.findings):
        of = f" of {found.partition}" if len(partitions) > 1 and found.partition is not None else ""
        if found.kind == "duplicated" and found.at_rest and found.partition is not None:
            sentences = _doubled_sentences(doubled[found.partition, found.object_kind], of, found.object_kind)
        else:
            sentences = [_finding_sentence(found, of, names)]
        details = list(found.details)
        if len(details) > _DETAILS_MAX:
            details[_DETAILS_MAX:] = [f"and {len(details) - _DETAILS_MAX:,} more"]
        told.append(Found(found.kind, tuple(sentences), tuple(details)))
    return tuple(told)


def _doubled_sentences(counts: dict[int, int], of: str, kind: ObjectKind) -> list[str]:
    sentences = []
    for times in sorted(set(counts.values())):
        offsets = [offset for offset, count in sorted(counts.items()) if count == times]
        often = "twice" if times == 2 else f"{times} times"
        stand = verb(offsets, "stands", "stand", kind)
        sentences.append(f"{subject_of(offsets, of, kind)} {stand} {often} at rest.")
    return sentences


_LEFT: Mapping[str, str] = {"no unfinished upload": " unfinished", "found content that is none": ", not of this log"}
"""What is left behind, by the judge's words on it."""


def _finding_sentence(found: _Merged, of: str, names: dict[str, str]) -> str:
    where = listed([names[key] for key in found.keys]) if found.keys else ""
    inside = f" in {where}" if where else ""
    kind = found.object_kind
    subject = subject_of(found.offsets, of, kind) if found.offsets else ""
    is_are, has_have = verb(found.offsets, "is", "are", kind), verb(found.offsets, "has", "have", kind)
    its = "its" if len(found.keys) < 2 else "their"
    past = "" if found.at_rest else ", for a moment"
    match found.kind:
        case "lost":
            text = f"{subject} {is_are} lost: below the committed offset and in no visible object"
        case "duplicated":
            text = f"{subject} stood twice{inside}{past}"
        case "altered":
            text = f"{subject} {has_have} other content{inside}{past}"
        case "misplaced":
            text = f"{subject} {is_are} misplaced{inside}{past}"
        case "reordered":
            text = f"{subject} {is_are} not in the order of offsets{inside}{past}"
        case "overtaken":
            text = f"A commit{of} was ahead of what was durable{f': {subject.lower()}' if subject else ''}"
        case "rewritten":
            text = f"{where or 'A visible object'} changed {its} records while visible"
        case "re-encoded":
            text = f"{where or 'A visible object'} changed {its} bytes, not the records"
        case "leaked":
            what = next((what for detail, what in _LEFT.items() if any(detail in each for each in found.details)), "")
            text = f"Left behind{what}{f': {where}' if where else ' an unfinished upload'}"
        case "stuck":
            text = f"The faults ended and the sink did not finish{f' {subject.lower()}' if subject else ''}"
        case _:
            text = f"{found.kind}: {subject or where}"
    return f"{text}."


def _pending_sentence(verdict: Verdict) -> str:
    parts = [
        f"{subject_of(offsets, f' of {partition}' if len(verdict.pending) > 1 else '')}"
        for partition, offsets in verdict.pending.items()
        if offsets
    ]
    return f"Pending, their window still open: {'; '.join(part.lower() for part in parts)}." if parts else ""
