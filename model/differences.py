"""What each writer completed, against what the model predicts that it had to.

Found here: misplaced, reordered, altered, leaked (content that is no record).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from onceproof.model.bucket import Bucket, Held
from onceproof.model.findings import Finding, ranges
from onceproof.model.lives import Writer
from onceproof.model.predictions import Prediction


def against_predictions(bucket: Bucket, *, is_finished: bool) -> Iterator[Finding]:
    """Misplaced, reordered, altered, leaked: each writer's objects against those predicted for it."""
    written: dict[Writer, list[Held]] = {}
    for held in bucket.by_completion.values():
        if held is not None and held.writer is not None:
            written.setdefault(held.writer, []).append(held)
    unknown = {event.writer for event, held in bucket.by_completion.items() if held is None}
    for writer in bucket.course.writers:
        if writer in unknown:
            continue  # it completed something of which nobody knows what it was
        found, prediction = written.get(writer, []), bucket.predictions[writer]
        if found and not writer.passes:
            bucket.not_observed.append(f"what life {writer.life} was handed of {writer.partition}")
            continue
        done = _matched(found, prediction)
        if done is None:
            yield from _differences(found, prediction, writer)
        elif done < len(prediction.expected.objects) and _had_to_finish(bucket, writer, is_finished=is_finished):
            yield from _missing(bucket, writer, done)
    for held in bucket.by_version.values():
        if held.writer is None:
            yield from _unreadable(held)


def _had_to_finish(bucket: Bucket, writer: Writer, *, is_finished: bool) -> bool:
    """True if nothing cut the writer short, so that all of its predicted objects must be there."""
    if writer.met_error or writer.fate in ("killed", "failed", "rewound"):
        return False
    return writer.fate != "open" or (is_finished and bucket.course.last[writer.partition] is writer)


def _missing(bucket: Bucket, writer: Writer, done: int) -> Iterator[Finding]:
    """Predicted objects that a writer left out at its end, unless others left them exactly so."""
    resting = {held.key: held.offsets for held in bucket.resting}
    for made in bucket.predictions[writer].expected.objects[done:]:
        cover = bucket.cover.get((writer.partition, made.kind), {})
        if resting.get(made.key) != made.offsets:
            yield Finding(
                kind="misplaced",
                partition=writer.partition,
                offsets=tuple(sorted(made.offsets)),
                keys=(made.key,),
                at_rest=any(offset not in cover for offset in made.offsets),
                detail=f"expected life {writer.life} to complete {made.key} "
                f"with offsets {ranges(made.offsets)} (closed by {made.cause}), found that it never did",
                object_kind=made.kind,
            )


def _matched(found: Sequence[Held], prediction: Prediction) -> int | None:
    """How many predicted objects were written, if just the first of them were; else None.

    The same object completed again at once (a repeated request) is the same object.
    """
    objects = prediction.expected.objects
    done = 0
    for held in found:
        if not held.is_exact:
            return None
        if done < len(objects) and held.key == objects[done].key and held.offsets == objects[done].offsets:
            done += 1
        elif not done or held.key != objects[done - 1].key or held.offsets != objects[done - 1].offsets:
            return None
    return done


def _differences(found: Sequence[Held], prediction: Prediction, writer: Writer) -> Iterator[Finding]:
    """What distinguishes the objects that a writer completed from those predicted."""
    objects = prediction.expected.objects
    home = {(made.kind, offset): made.key for made in objects for offset in made.offsets}
    strangers = False
    for held in found:
        yield from _unreadable(held)
        at = prediction.by_key.get(held.key)
        wanted = set(objects[at].offsets) if at is not None else set()
        elsewhere = tuple(sorted(wanted ^ set(held.offsets)))
        if elsewhere:
            strangers = True
            others = {home[held.kind, each] for each in elsewhere if (held.kind, each) in home}
            keys = (held.key, *sorted(others - {held.key}))
            yield Finding(
                kind="misplaced",
                partition=writer.partition,
                offsets=elsewhere,
                keys=keys,
                at_rest=held.at_rest,
                detail=f"expected life {writer.life} to put offsets {ranges(sorted(wanted))} "
                f"into {held.key}, found {ranges(sorted(set(held.offsets)))}",
                object_kind=held.kind,
            )
        standing = held.offsets[: len(held.offsets) - len(held.altered)]
        late = sorted({after for before, after in pairwise(standing) if after < before})
        if late:
            yield Finding(
                kind="reordered",
                partition=writer.partition,
                offsets=tuple(late),
                keys=(held.key,),
                at_rest=held.at_rest,
                detail=f"expected ascending offsets in {held.key}, found {ranges(late)} behind later ones",
                object_kind=held.kind,
            )
    if not strangers:
        yield from _out_of_turn(found, prediction, writer)


def _out_of_turn(found: Sequence[Held], prediction: Prediction, writer: Writer) -> Iterator[Finding]:
    """Predicted objects, but completed in another order than predicted, or with one left out before them."""
    turns: list[int] = []
    for held in found:
        at = prediction.by_key.get(held.key)  # None: it holds no record either, and was found unreadable
        if at is not None and (not turns or turns[-1] != at):
            turns.append(at)
    if turns == list(range(len(turns))):
        return
    first = next(index for index, at in enumerate(turns) if at != index)
    wanted = prediction.expected.objects[first] if first < len(prediction.expected.objects) else None
    early = prediction.expected.objects[turns[first]]
    yield Finding(
        kind="reordered",
        partition=writer.partition,
        offsets=tuple(sorted(early.offsets)),
        keys=(early.key,),
        at_rest=False,
        detail=f"expected life {writer.life} to complete {wanted.key if wanted else 'nothing more'} next, "
        f"found {early.key}",
        object_kind=early.kind,
    )


def _unreadable(held: Held) -> Iterator[Finding]:
    """Content that is no record: altered where records stand beside it or are named for it, else leaked."""
    if held.altered or (held.unknown and held.offsets):
        offsets = tuple(sorted(held.altered))
        yield Finding(
            kind="altered",
            partition=held.partition,
            offsets=offsets,
            keys=(held.key,),
            at_rest=held.at_rest,
            detail=f"expected {held.key} to hold records of the log as rendered, found other content "
            f"(in place of offsets {ranges(offsets)})",
            object_kind=held.kind,
        )
    elif held.unknown:
        detail = f"expected records of the log in {held.key}, found content that is none"
        yield Finding("leaked", held.partition, (), (held.key,), held.at_rest, detail, held.kind)
