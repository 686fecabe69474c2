"""What a run did to its records: the history of it, set against what the model says it must do.

Identity is (topic, partition, offset); values are never counted, so equal values cannot hide a duplicate. A record
stands once among the objects of values, once among those of keys and once among those of headers, if they are stored; a
tombstone in the latter two alone. What a filter dropped, a skipped null, and a dead letter that reached its queue need
to stand nowhere.
Every writer of the run is predicted from what it saw: the objects that it completed must be the first of
those predicted, and all of them unless it was cut short. Then the bucket is looked at as it was after each
event, and at rest.

What an event does not say is not held against the sink: a version that no event explains is content at rest
without an order, and is named among what was not observed. A commit is judged by what is durable, not by its
being the one that the model predicts: too high is overtaken, too low is harmless unless it never catches up
(stuck).

Where records must be: every storable one from the start of the log (as the run began) up to what is committed
at the end, and up to the last window that the last writer of a partition closed if the run was settled and
drained.

A partition with records to store that no life ever opened, though the run was settled, is named among what was
not observed. If some of its records stand in no object, no more than at-least-once is granted: no open window
explains that they are missing at rest, yet unless a commit passed them none is lost.
"""

from collections.abc import Iterator, Mapping, Sequence

from onceproof.model.bucket import Bucket, Held
from onceproof.model.differences import against_predictions
from onceproof.model.findings import OF_A_RECORD, Finding, ObjectAtRest, Write, of_offsets, ranges
from onceproof.model.frozen import frozen
from onceproof.model.guarantee import Evidence, Guarantee, Placed, strongest
from onceproof.model.history import History, TopicPartition
from onceproof.model.lives import Completion, course_of
from onceproof.model.moments import by_version, over_time
from onceproof.model.settings import ObjectKind

__all__ = ["Finding", "ObjectAtRest", "Verdict", "Write", "judge"]


@frozen
class Verdict:
    """What was found, and the strongest guarantee that it leaves."""

    findings: tuple[Finding, ...]
    guarantee: Guarantee
    not_observed: tuple[str, ...]
    """Sentences: what the evidence could not have shown."""
    objects: tuple[ObjectAtRest, ...]
    """By key."""
    pending: Mapping[TopicPartition, tuple[int, ...]]
    """Offsets in windows still open at the end: neither stored nor lost."""
    writes: tuple[Write, ...] = ()
    """The completes that took effect, in their order, each with what it made visible."""


def judge(history: History) -> Verdict:
    """Judge one run.

    Raises `OutsideDomain` for configurations (or records under them) that the model does not cover, and
    ValueError for a history that contradicts itself, as a put of a partition that was never opened.
    """
    bucket = Bucket(history, course_of(history.events))
    is_finished = history.settled and history.drained
    findings = (
        *against_predictions(bucket, is_finished=is_finished),
        *over_time(bucket),
        *by_version(bucket),
        *_duplicated(bucket),
        *_lost(bucket, is_finished=is_finished),
        *_unsent(bucket),
        *_unfinished(bucket),
        *_stuck(bucket),
    )
    return Verdict(
        findings=findings,
        guarantee=strongest(findings, _evidence(bucket, is_finished=is_finished)),
        not_observed=tuple(bucket.not_observed),
        objects=_objects(bucket),
        pending={
            partition: bucket.predictions[each].expected.pending for partition, each in bucket.course.last.items()
        },
        writes=tuple([_write(event, held) for event, held in bucket.by_completion.items()]),
    )


def _duplicated(bucket: Bucket) -> Iterator[Finding]:
    """Offsets that stand more than once at rest, in several objects or in one."""
    for (partition, kind), cover in bucket.cover.items():
        by_keys: dict[tuple[str, ...], list[int]] = {}
        for offset, keys in cover.items():
            if len(keys) > 1 and bucket.doubts.without((partition, kind), [offset]):
                by_keys.setdefault(tuple(sorted(set(keys))), []).append(offset)
        for where, found in by_keys.items():
            offsets = tuple(sorted(found))
            place = f"more than once in {where[0]}" if len(where) == 1 else f"in each of {', '.join(where)}"
            yield Finding(
                kind="duplicated",
                partition=partition,
                offsets=offsets,
                keys=where,
                at_rest=True,
                detail=f"expected {OF_A_RECORD[kind]} of {partition} once, "
                f"found {of_offsets(kind)} {ranges(offsets)} {place}",
                object_kind=kind,
            )


def _lost(bucket: Bucket, *, is_finished: bool) -> Iterator[Finding]:
    """Storable records that must be in an object at rest, and are in none.

    Below what is committed they must be; and when the run is finished, all but those of windows still open.
    """
    for partition, log in bucket.history.log.items():
        if bucket.view(partition) is None:
            continue
        committed = bucket.history.committed.get(partition, 0)
        writer = bucket.course.last.get(partition)
        end, excused, pending = committed, bucket.excused(partition), frozenset[int]()
        if is_finished and writer is not None and log:
            end = log[-1].offset + 1
            pending = frozenset(bucket.predictions[writer].expected.pending)
        yield from _passed_over(bucket, partition, committed)
        for store, stored in bucket.stores(partition).items():
            cover: Mapping[int, Sequence[str]] = bucket.cover.get(store, {})
            missing = tuple([
                offset for offset in stored
                if offset < end and offset not in cover and offset not in excused
                and (offset < committed or offset not in pending)
            ])  # fmt: skip
            missing = tuple(bucket.doubts.without(store, missing))
            if missing:
                yield Finding(
                    kind="lost",
                    partition=partition,
                    offsets=missing,
                    keys=(),
                    at_rest=True,
                    detail=f"expected {_EVERY[store[1]]} of {partition} below {end} in an object "
                    f"(committed: {committed}), found {of_offsets(store[1])} {ranges(missing)} in none",
                    object_kind=store[1],
                )


def _passed_over(bucket: Bucket, partition: TopicPartition, committed: int) -> Iterator[Finding]:
    """Records that had to stop the sink, and that a commit has passed all the same."""
    cover = bucket.cover.get((partition, "value"), {})
    passed = tuple([each for each in bucket.deadly(partition) if each < committed and each not in cover])
    passed = tuple(bucket.doubts.without((partition, "value"), passed))
    if passed:
        yield Finding(
            kind="lost",
            partition=partition,
            offsets=passed,
            keys=(),
            at_rest=True,
            detail=f"expected the sink to die of offsets {ranges(passed)} of {partition}, "
            f"found {committed} committed and them in no object",
        )


_EVERY: Mapping[ObjectKind, str] = {
    "value": "every record",
    "key": "the key of every record",
    "headers": "the headers of every record",
}


def _unsent(bucket: Bucket) -> Iterator[Finding]:
    """Records below what is committed that had to be sent to the dead letter queue, and stand nowhere at all."""
    for partition, letters in bucket.to_be_sent.items():
        committed = bucket.history.committed.get(partition, 0)
        stored = bucket.cover.get((partition, "value"), {})
        to_store = set(bucket.stores(partition).get((partition, "value"), ()))  # those are lost already
        sent = bucket.sent.get(partition, set())
        missing = tuple([each for each in sorted(letters - sent - to_store) if each < committed and each not in stored])
        if missing:
            yield Finding(
                kind="lost",
                partition=partition,
                offsets=missing,
                keys=(),
                at_rest=True,
                detail=f"expected what {partition} cannot store below {committed} in the dead letter queue, "
                f"found offsets {ranges(missing)} neither there nor in an object",
            )


def _unfinished(bucket: Bucket) -> Iterator[Finding]:
    """Uploads that were begun and neither completed nor aborted."""
    for key in bucket.history.unfinished_uploads:
        yield Finding(
            kind="leaked",
            partition=None,
            offsets=(),
            keys=(key,),
            at_rest=True,
            detail=f"expected no unfinished upload, found one of {key}",
        )


def _stuck(bucket: Bucket) -> Iterator[Finding]:
    """The run was given all that it needed, and did not finish reading or committing.

    Only answers whose commit is not known to have failed are waited for: the sink hands each out once
    (reference 2).
    """
    history = bucket.history
    if not history.settled:
        return
    if not history.drained:
        detail = "expected the sink to read the whole log once all faults had ended, found that it did not"
        for partition, writer in bucket.course.last.items():
            failed = bucket.predictions[writer].expected.failed
            if failed is not None:
                detail += f"; offset {failed.offset} of {partition} kills it: {failed.reason}"
        yield Finding(kind="stuck", partition=None, offsets=(), keys=(), at_rest=True, detail=detail)
        return
    for partition, writer in bucket.course.last.items():
        answers = bucket.predictions[writer].expected.commits
        due = [each for at, each in enumerate(answers) if each is not None and at not in writer.refused_asks]
        committed = history.committed.get(partition, 0)
        if due and committed < due[-1]:
            log = history.log.get(partition, ())
            yield Finding(
                kind="stuck",
                partition=partition,
                offsets=tuple([each.offset for each in log if committed <= each.offset < due[-1]]),
                keys=(),
                at_rest=True,
                detail=f"expected {partition} to be committed up to {due[-1]}, found {committed}",
            )


def _objects(bucket: Bucket) -> tuple[ObjectAtRest, ...]:
    resting = sorted(bucket.resting, key=lambda held: held.key)
    return tuple([
        ObjectAtRest(held.key, held.partition, held.offsets, held.writer.life if held.writer else None, held.kind)
        for held in resting
    ])  # fmt: skip


def _write(event: Completion, held: Held | None) -> Write:
    request = event.request
    offsets, cause, kind = (held.offsets or None, held.cause, held.kind) if held is not None else (None, "", "value")
    return Write(event.event, request.life, request.partition, request.key, offsets, request.outcome, cause, kind)


def _unopened(bucket: Bucket) -> tuple[TopicPartition, ...]:
    """Partitions with records to store that no life ever opened, though the run was settled."""
    log, opened = bucket.history.log, bucket.course.last
    if not bucket.history.settled or log.keys() <= opened.keys():
        return ()
    found = tuple([each for each in log if each not in opened and any(bucket.stores(each).values())])
    bucket.not_observed += [f"what becomes of the records of {each}, which no life opened" for each in found]
    return found


def _evidence(bucket: Bucket, *, is_finished: bool) -> Evidence:
    placed: dict[TopicPartition, list[Placed]] = {partition: [] for partition in bucket.course.last}
    is_whole = True
    for held in bucket.resting:
        if held.partition is None or held.author is None or not held.is_exact:
            is_whole = False
        else:
            placed.setdefault(held.partition, []).append(Placed(held.key, held.offsets, held.author))
    unopened = _unopened(bucket)
    is_read = all(
        bucket.cover.get(store, {}).keys() >= set(stored)
        for each in unopened
        for store, stored in bucket.stores(each).items()
    )
    unwatched = {held.partition for held in bucket.resting if held.partition and not bucket.is_watched(held.partition)}
    bucket.not_observed += [f"what any life was handed of {each}" for each in sorted(unwatched - {*unopened})]
    schemas = bucket.history.schemas
    return Evidence(bucket.history.log, placed, bucket.course.last, is_whole, is_finished, is_read, schemas)
