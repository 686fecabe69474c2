"""What a run must leave behind, and how it differs from that: the generic checks of any scenario.

`FaultFree` fits scenarios whose configuration reads no clock and stays the same, whose faults are crashes, and whose
course ends in a rest: the bucket must be that of the run without faults. `broken_rules` fits every scenario: each life
must do what the model predicts from what it saw. What is expected comes from the model's placement and rendering alone;
the judge's verdict is asked besides, so that each can catch what the other lets through. Bodies are compared as what
they say (`Version.readable`), and all versions of one name also byte for byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from onceproof.model import history as h
from onceproof.model.guarantee import Guarantee
from onceproof.model.inputs import NO_SCHEMAS, Registry
from onceproof.model.judge import Verdict, judge
from onceproof.model.lives import Writer, course_of
from onceproof.model.ordinals import ordinal
from onceproof.model.placement import fault_free
from onceproof.model.predictions import Prediction, predict, text_of
from onceproof.model.schemas import Schema
from onceproof.model.settings import settings
from onceproof.scenarios.excuses import (
    could_not_start,
    foreign_keys,
    ignored_answers,
    is_excused,
    kept_by_cooperation,
    sets_offsets,
)
from onceproof.scenarios.leftovers import excused_uploads
from onceproof.scenarios.run import Run
from onceproof.scenarios.scenario import PollStep, Rest


class Difference(NamedTuple):
    """One thing that is not as it must be; `oracle` is what saw it."""

    oracle: str
    detail: str


@dataclass(frozen=True, slots=True)
class FaultFree:
    """What the run without faults leaves: what each object says, and the offset behind the last closed window."""

    bucket: Mapping[str, bytes]
    committed: Mapping[h.TopicPartition, int]

    @staticmethod
    def of(log: h.Log, config: Mapping[str, str], schemas: Registry = NO_SCHEMAS) -> "FaultFree":
        """Ask the model; raises OutsideDomain for what it does not cover."""
        bucket: dict[str, bytes] = {}
        committed: dict[h.TopicPartition, int] = {}
        for partition, records in log.items():
            wanted = fault_free(records, config, partition, schemas)
            for made in wanted.objects:
                bucket[made.key] = text_of(records, config, partition, made, schemas)
            if wanted.commits and wanted.commits[-1] is not None:
                committed[partition] = wanted.commits[-1]
        return FaultFree(bucket, committed)

    def differences(self, ran: Run) -> Iterator[Difference]:
        """How a run differs, by each of the oracles; none if it is as it must be."""
        yield from differences_of_bucket(self.bucket, ran)
        yield from self._of_commits(ran)
        yield from _of_verdict(ran, _judged(ran))
        yield from _of_faults(ran)
        if ran.state != "stopped":
            yield Difference("end", f"expected the last life to stop in order, found it {ran.state}")

    def _of_commits(self, ran: Run) -> Iterator[Difference]:
        """Committed up to the last closed window. A silent partition may be committed where reading began."""
        for partition, records in ran.history.log.items():
            start = records[0].offset if records else 0
            expected = self.committed.get(partition, start)
            found = ran.history.committed.get(partition, start)
            if expected != found:
                yield Difference("model: commits", f"expected {partition} to be committed at {expected}, found {found}")


def differences_of_bucket(bucket: Mapping[str, bytes], ran: Run) -> Iterator[Difference]:
    """Name for name, in every version that was ever visible: what it says, and that its bytes never changed."""
    found: dict[str, list[h.Version]] = {}
    for version in ran.history.versions:
        found.setdefault(version.key, []).append(version)
    for key in sorted(bucket.keys() - found.keys()):
        yield Difference("model: names", f"expected the object {key}, found none")
    for key in sorted(found.keys() - bucket.keys()):
        yield Difference("model: names", f"expected no object {key}, found {_said(found[key])}")
    for key in sorted(found.keys() & bucket.keys()):
        if _said(found[key]) != [bucket[key]]:
            yield Difference("model: bytes", f"expected {bucket[key]!r} in {key}, found {_said(found[key])}")
        elif len({version.body for version in found[key]}) > 1:
            yield Difference("model: bytes", f"expected the same bytes in all versions of {key}, found several")


def _said(versions: Sequence[h.Version]) -> list[bytes]:
    return sorted({version.readable for version in versions})


def predicted_bucket(ran: Run) -> dict[str, bytes]:
    """What all lives of a run must have left, if nothing cut them short, each name as it was written last."""
    bucket: dict[str, bytes] = {}
    for life in lives_of(ran):
        objects = life.prediction.expected.objects
        bucket |= {made.key: body for made, body in zip(objects, life.prediction.bodies, strict=True)}
    return bucket


def broken_rules(ran: Run) -> Iterator[Difference]:
    """What no sink may do under any configuration and any fault: lose, or do another thing than the model says.

    Duplicates, and objects that change, are what configurations differ in; they are let through. A run that a record
    ends again and again is stuck as it must be.
    """
    lives, verdict = lives_of(ran), _judged(ran)
    dies = any(life.prediction.expected.failed for life in lives) or _refused_puts(ran, lives)
    for difference in _of_verdict(ran, _excused(ran, verdict)):
        if difference.oracle not in _LET_THROUGH and not (dies and difference.oracle == "judge: stuck"):
            yield difference
    yield from _of_faults(ran)
    yield from _of_versions(ran, lives)
    for life in lives:
        yield from _of_letters(life)
        yield from _of_moments(life)
        yield from _of_answers(life)
        yield from _of_failure(life)
    yield from _of_pauses(ran)
    yield from _of_deaths(ran, lives)
    if isinstance(verdict, Verdict):
        yield from _of_guarantee(ran, lives, verdict.guarantee)


_LET_THROUGH = ("judge: duplicated", "judge: rewritten", "judge: re-encoded", "judge: leaked", "judge: guarantee")
"""Objects that change among them: a refused record may have begun what a rewind does not begin with (H12 to H14)."""


def _excused(ran: Run, verdict: Verdict | str) -> Verdict | str:
    """The verdict without what the steps of the world explain (`excuses`)."""
    if isinstance(verdict, str) or not (verdict.findings or verdict.not_observed):
        return verdict
    excused = is_excused(ran, verdict)
    foreign = tuple([f"version of {key} became visible" for key in foreign_keys(ran)])
    return replace(
        verdict,
        findings=tuple([each for each in verdict.findings if not excused(each)]),
        not_observed=tuple([each for each in verdict.not_observed if not each.endswith(foreign)]),
    )


def _of_versions(ran: Run, lives: Sequence["LifeOfWriter"]) -> Iterator[Difference]:
    """Versions of one name that say the same under one schema are the same bytes, whatever else changes."""
    targets: dict[str, list[Schema | None]] = {}
    for made in (made for life in lives for made in life.prediction.expected.objects):
        targets.setdefault(made.key, []).append(made.target)
    bodies: dict[tuple[str, bytes], bytes] = {}
    for version in ran.history.versions:
        body = bodies.setdefault((version.key, version.readable), version.body)
        first, *others = targets.get(version.key, [None])
        if body != version.body and all(other == first for other in others):
            yield Difference("model: bytes", f"expected the same bytes for the same records in {version.key}")


def cuts_stay(ran: Run, lives: Sequence["LifeOfWriter"]) -> bool:
    """Whether what is read again is cut into the same objects, so that none that is visible may change.

    So it is where cuts follow from the records alone, one file is open at a time, every life begins behind a cut, and
    there was one configuration over one log (reference 7.1).
    """
    rules = {life.writer.rules for life in lives}
    if len(rules) != 1 or foreign_keys(ran) or any(life.prediction.expected.dead_letters for life in lives):
        return False
    if any(isinstance(event, h.LogChanged) for event in ran.history.events) or sets_offsets(ran):
        return False
    (only,) = rules
    is_timed = only.interval_ms > 0 and only.rotates_on_partition_change and only.nulls != "write"
    has_one_directory = only.time_path is None and not only.fields and only.nulls != "write"
    moves = ("max.write.duration.ms", "consumer.override.auto.offset.reset")
    return (
        not only.is_clocked
        and only.affix == "NONE"
        and (is_timed or has_one_directory)
        and not any(name in only.raw for name in moves)
    )


def changed_objects(ran: Run) -> Iterator[Difference]:
    """Objects that changed once they were visible, though the cuts of this run stay where they are."""
    if not cuts_stay(ran, lives_of(ran)):
        return
    said: dict[str, bytes] = {}
    for version in ran.history.versions:
        if said.setdefault(version.key, version.readable) != version.readable:
            yield Difference(
                "model: changes", f"expected {version.key} to stay as it was once visible, found it changed"
            )


def _of_faults(ran: Run) -> Iterator[Difference]:
    for fault in ran.unfired:
        yield Difference("faults", f"expected every fault to fire, found '{fault}' still armed")


def _judged(ran: Run) -> Verdict | str:
    """What the judge says, or why it says nothing."""
    try:
        return judge(ran.history)
    except ValueError as error:
        return str(error)


def _of_verdict(ran: Run, verdict: Verdict | str) -> Iterator[Difference]:
    """Findings of the judge, but for the uploads that a run may leave behind, and its guarantee."""
    if isinstance(verdict, str):
        yield Difference("judge: unreadable", verdict)
        return
    excused = excused_uploads(ran.history)
    leaks = [finding for finding in verdict.findings if finding.kind == "leaked"]
    for finding in verdict.findings:
        if finding.kind != "leaked" or len(leaks) > excused:
            yield Difference(f"judge: {finding.kind}", finding.detail)
    if verdict.guarantee is not Guarantee.IDENTICAL_OBJECTS:
        yield Difference("judge: guarantee", f"expected identical objects, found {verdict.guarantee.value}")
    for sentence in verdict.not_observed:
        yield Difference("judge: evidence", sentence)


# --- what each writer did, set against its prediction ----------------------------------------------------------------


@dataclass(slots=True, eq=False)
class LifeOfWriter:
    """One writer of a run, what the model predicts for it, and what it did beside writing objects."""

    writer: Writer
    prediction: Prediction
    letters: list[int] = field(default_factory=list)
    """Offsets sent to the dead letter queue, or tried to be."""
    answers: list[int | None] = field(default_factory=list)
    """For each time that offsets were asked for, what was committed then of its partition; None for nothing."""
    known: list[set[int]] = field(default_factory=list)
    """For each of these, where its partition was known to stand before."""
    moments: list[tuple[str, int]] = field(default_factory=list)
    """Key, and index of the pass, of each object that it completed."""
    ignored: set[int] = field(default_factory=set)
    """Which of these answers nobody took: its partition was kept in a cooperative rebalance, or lost."""
    passes: int = 0
    """Passes so far, while events are read."""

    @property
    def was_cut_short(self) -> bool:
        """Whether it may not have come to all that is predicted."""
        return self.writer.met_error or self.writer.fate in ("killed", "failed", "rewound")


def lives_of(ran: Run) -> list[LifeOfWriter]:
    """The writers of a run in order of their beginning."""
    history = ran.history
    lives = [
        LifeOfWriter(writer, predict(history.log.get(writer.partition, ()), writer, history.schemas))
        for writer in course_of(history.events).writers
    ]
    following = iter(lives)
    now_open: dict[tuple[int, h.TopicPartition], LifeOfWriter] = {}
    stands: dict[h.TopicPartition, set[int]] = {}
    ignored = ignored_answers(ran)
    for at, event in enumerate(history.events):
        match event:
            case h.Opened() | h.Rewound():
                life = now_open[event.life, event.partition] = next(following)
                stands.setdefault(event.partition, set()).add(life.writer.start_offset)
            case h.Put():
                now_open[event.life, event.partition].passes += 1
            case h.Requested(request="complete", applied=True, late=False):
                life = now_open[event.life, event.partition]
                life.moments.append((event.key, life.passes - 1))
            case h.DeadLettered():
                now_open[event.life, event.partition].letters.append(event.offset)
            case h.CommitAsked():
                own = (each for each in history.events[at + 1 :] if getattr(each, "life", event.life) == event.life)
                answer = next((each for each in own if not _comes_between(each)), None)
                offsets = answer.offsets if isinstance(answer, h.Committed) else {}
                for (number, partition), each in now_open.items():
                    if number == event.life:
                        if partition in ignored[at]:
                            each.ignored.add(len(each.answers))
                        each.answers.append(offsets.get(partition))
                        each.known.append(set(stands[partition]))
            case h.Committed():
                for partition, offset in event.offsets.items():
                    stands.setdefault(partition, set()).add(offset)
            case h.Ended():
                now_open = {key: each for key, each in now_open.items() if key[0] != event.life}
    return lives


def _comes_between(event: h.Event) -> bool:
    """What may stand between the question for offsets and their commit: writers are closed, and what others do."""
    is_outside = isinstance(event, h.Changed | h.LogChanged)
    return is_outside or isinstance(event, h.Requested) or (isinstance(event, h.Committed) and event.late)


def _of_letters(life: LifeOfWriter) -> Iterator[Difference]:
    """Dead letters as predicted, in their order; a life that is cut short may send fewer, or those of its last poll."""
    writer = life.writer
    wanted = [letter.offset for letter in life.prediction.expected.dead_letters] if writer.rules.has_queue else []
    found = life.letters
    # What a kept partition is handed after a cooperative rebalance has no writer, but is converted all the same.
    is_short = life.was_cut_short or bool(life.ignored)
    both = min(len(wanted), len(found)) if is_short else max(len(wanted), len(found))
    if wanted[:both] != found[:both]:
        yield Difference(
            "model: dead letters",
            f"expected life {writer.life} to send offsets {wanted} of {writer.partition}, found {found}",
        )


def _of_moments(life: LifeOfWriter) -> Iterator[Difference]:
    """Each object is completed in the pass that closes its window, no later; whether it is one at all, others say."""
    objects, by_key = life.prediction.expected.objects, life.prediction.by_key
    for key, pass_index in life.moments:
        wanted = objects[by_key[key]].pass_index if key in by_key else pass_index
        if wanted != pass_index:
            yield Difference(
                "model: moments",
                f"expected life {life.writer.life} to complete {key} in its {ordinal(wanted + 1)} pass, "
                f"found it completed in the {ordinal(pass_index + 1)}",
            )


def _of_answers(life: LifeOfWriter) -> Iterator[Difference]:
    """Each time that offsets are asked for, what is committed of this partition is news as predicted, or old."""
    writer = life.writer
    for at, (wanted, found) in enumerate(zip(life.prediction.expected.commits, life.answers, strict=True)):
        is_old = found is None or found in life.known[at]
        if at in life.ignored and is_old:
            continue
        if found != wanted and not (is_old and (wanted is None or wanted in life.known[at] or life.was_cut_short)):
            yield Difference(
                "model: commits",
                f"expected life {writer.life} to answer {wanted} for {writer.partition} when asked for the "
                f"{at + 1}. time, found {found}",
            )


def _of_pauses(ran: Run) -> Iterator[Difference]:
    """Behind a put that had its time a partition is read on; it may be paused only while its writer backs off."""
    backoffs_ms: dict[int, int] = {}
    back_off_ends_ms: dict[h.TopicPartition, int] = {}
    looks: dict[h.TopicPartition, int] = {}
    for mark in ran.marks:
        for event in ran.history.events[mark.first : mark.end]:
            match event:
                case h.Started():
                    backoffs_ms[event.life] = settings(event.config).retry_backoff_ms
                case h.Opened():
                    back_off_ends_ms.pop(event.partition, None)
                case h.Rewound():
                    back_off_ends_ms[event.partition] = event.now_ms + backoffs_ms[event.life]
                case h.Put():
                    looks[event.partition] = event.now_ms
                    if event.now_ms >= back_off_ends_ms.get(event.partition, event.now_ms):
                        back_off_ends_ms.pop(event.partition, None)
        for partition in map(h.TopicPartition._make, mark.paused):
            if partition not in back_off_ends_ms and "max.write.duration.ms" not in ran.scenario.config:
                yield Difference(
                    "model: pauses",
                    f"expected {partition} to be read on behind the put at {looks.get(partition)} ms, found it paused",
                )


def _of_failure(life: LifeOfWriter) -> Iterator[Difference]:
    """A writer whose put must fail goes no further."""
    failed, writer = life.prediction.expected.failed, life.writer
    if failed is None:
        return
    if failed.pass_index != len(writer.passes) - 1 or writer.fate not in ("failed", "killed", "rewound"):
        yield Difference(
            "model: failures",
            f"expected life {writer.life} to die of offset {failed.offset} of {writer.partition} ({failed.reason}), "
            f"found it {writer.fate}",
        )


def _of_deaths(ran: Run, lives: Sequence[LifeOfWriter]) -> Iterator[Difference]:
    """A life that failed had to: of a record, of a put that was refused, or of an answer that it got."""
    refused = _refused_puts(ran, lives)
    predicted = {life.writer.life for life in lives if life.prediction.expected.failed}
    troubled: set[int] = set()
    excused = could_not_start(ran) | {life for _, life, kept in kept_by_cooperation(ran) if kept}
    for event in ran.history.events:
        match event:
            case h.Put() | h.CommitAsked():
                troubled.discard(event.life)
            case h.Requested() | h.DeadLettered() if event.outcome != "ok":
                troubled.add(event.life)
            case h.Ended(how="failed") if event.life not in predicted | refused | troubled | excused:
                yield Difference("model: failures", f"expected life {event.life} to go on, found: {event.detail}")


def _refused_puts(ran: Run, lives: Sequence[LifeOfWriter]) -> set[int]:
    """Lives that failed in a poll with a record that no put takes, so that no writer saw any of it."""
    found = set()
    for mark in ran.marks:
        size = (
            mark.step.size if isinstance(mark.step, PollStep) else mark.step.poll if isinstance(mark.step, Rest) else 0
        )
        ended = {
            event.life
            for event in ran.history.events[mark.first : mark.end]
            if isinstance(event, h.Ended) and event.how == "failed"
        }
        found |= {life.writer.life for life in lives if life.writer.life in ended and _next_put_dies(ran, life, size)}
    return found


def _next_put_dies(ran: Run, life: LifeOfWriter, size: int) -> bool:
    """Whether one of the next `size` records that this writer was to be handed kills the put that brings it."""
    writer = life.writer
    position = writer.passes[-1][0] if writer.passes else writer.start_offset
    handed = [record.offset for record in ran.history.log.get(writer.partition, ()) if record.offset >= position][:size]
    items = life.prediction.view.inputs.items
    return any(item.at_put is not None and item.at_put.is_fatal for item in items if item.offset in handed)


def _of_guarantee(ran: Run, lives: Sequence[LifeOfWriter], guarantee: Guarantee) -> Iterator[Difference]:
    """No better one than what stands at rest allows: no record twice, and for the best no object but the fault-free."""
    offsets = {
        (made.key, body): (life.writer.partition, made.kind, made.offsets)
        for life in lives
        for made, body in zip(life.prediction.expected.objects, life.prediction.bodies, strict=True)
    }
    at_rest = {version.key: version for version in ran.history.versions}
    found: dict[tuple[h.TopicPartition, str, int], int] = {}
    for key, version in at_rest.items():
        partition, kind, held = offsets.get((key, version.readable), (h.TopicPartition("", 0), "", ()))
        for offset in held:
            found[partition, kind, offset] = found.get((partition, kind, offset), 0) + 1
    twice = sorted(place for place, count in found.items() if count > 1)
    if twice and guarantee.implies(Guarantee.AT_MOST_ONCE):
        yield Difference("model: guarantee", f"expected less than {guarantee.value}, found more than once: {twice}")
    configs = {life.writer.rules for life in lives}
    if (
        guarantee is Guarantee.IDENTICAL_OBJECTS
        and not any(rules.is_clocked for rules in configs)
        and len(configs) == 1
    ):
        wanted = FaultFree.of(ran.history.log, lives[0].writer.config, ran.history.schemas).bucket
        # How polls cut the log may matter where records are refused, and which log there was where it changed.
        is_split = any(life.prediction.expected.dead_letters for life in lives)
        is_split = is_split or any(isinstance(event, h.LogChanged) for event in ran.history.events)
        if not is_split and not {(key, each.readable) for key, each in at_rest.items()} <= set(wanted.items()):
            yield Difference(
                "model: guarantee", "expected less than identical objects: some are not the fault-free ones"
            )
