"""Which faults met which effects in which state of the sink: a matrix of cells, each to be hit or excluded by a rule.

A cell is a class of faults, the effect that it strikes, what the sink is at there, and what closed the file that is
concerned. Answers that the sink cannot tell apart are one class (`CLASSES`). What a fault struck is read off the run
without it, so it is known also of an effect that never came about.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, get_args

from onceproof.model import history as h
from onceproof.model.lives import Writer, course_of
from onceproof.model.placement import Cause
from onceproof.model.predictions import Prediction, predict
from onceproof.scenarios.places import CONDITIONAL, MEETINGS, Meeting, Place, places_of
from onceproof.scenarios.run import Run, Stepper, run
from onceproof.scenarios.scenario import TRIGGERS, Crash, Fault, FaultAt, Rebalance, Scenario, Step, StopStep
from onceproof.scenarios.worlds.simulated import SimulatedWorld

CLASSES: Mapping[str, str] = {
    "crash before": "the process is killed, and the request is not made",
    "crash after": "the process is killed behind the request",
    "freeze before": "the process stands still, and the request is not made yet",
    "freeze after": "the process stands still behind the request",
    "refused for now": "429, 500, 502, 503, 504, SlowDown, 200 with an error body, no connection: tried later",
    "refused for good": "403, ExpiredToken: the SDK does not try again",
    "name taken": "409, 412: what a conditional completion can be told",
    "reply lost": "the request is applied, and the sink cannot know",
    "never sent": "the request is not applied, and the sink cannot know",
    "applied late": "the request is applied when the sink has given it up",
    "thaw": "a former owner does some of its effects first",
    "arrive": "a request that was given up is applied first",
}
"""Classes of faults: within one of them the sink is told the same."""
_FOR_GOOD = ("403", "ExpiredToken")

NOW = ("just opened", "nothing open", "one file open", "several files open", "backing off")
"""States between two rotations."""
COMPLETING = ("completing the only file", "completing the first of several", "completing another of several")
STATES = (*NOW, *COMPLETING, "closing")
CAUSES: tuple[str, ...] = (*get_args(Cause), "none")


class Cell(NamedTuple):
    """One entry of the matrix."""

    fault: str
    effect: FaultAt
    state: str
    cause: str


class Situation(NamedTuple):
    """What the sink is at when an effect comes, and what closed the file that is concerned."""

    state: str
    cause: str


def class_of(meeting: Meeting) -> str:
    """The class of a fault."""
    when, kind = meeting
    if kind in TRIGGERS:
        return kind
    if kind in ("crash", "freeze"):
        return f"{kind} {when}"
    if kind in CONDITIONAL:
        return "name taken"
    if when != "before":
        return {"after": "reply lost", "unsent": "never sent", "late": "applied late"}[when]
    return "refused for good" if kind in _FOR_GOOD else "refused for now"


def cells_of(scenario: Scenario) -> Iterator[Cell]:
    """The cells that the faults of a course hit, each of them armed right before the step in which it strikes."""
    course = scenario.course
    for index, fault in enumerate(course):
        if isinstance(fault, Fault):
            end = next(at for at in range(index, len(course)) if not isinstance(course[at], Fault))
            ran = _taken(scenario, (*course[:index], course[end]))
            for place in places_of(ran):
                if place.step == index and place.fault == fault._replace(when="before", kind="crash", effects=None):
                    yield Cell(class_of((fault.when, fault.kind)), fault.at, *situation(ran, place))


def _taken(scenario: Scenario, steps: tuple[Step, ...]) -> Run:
    """What these steps come to, over the log of a scenario."""
    stepper = Stepper(scenario, SimulatedWorld())
    for step in steps:
        stepper.take(step)
    return stepper.so_far()


class Reached(NamedTuple):
    """A scenario with one fault more, and what that hits."""

    cell: Cell
    meeting: Meeting
    scenario: Scenario


def reaching(calm: Scenario) -> Iterator[Reached]:
    """The course of a scenario with one fault at one of its effects, for each that can be.

    What needs a story before it, a former owner that is frozen or a request under way, gets one from the same course.
    """
    for base in (calm, *_with_stories(calm)):
        ran = run(base, SimulatedWorld())
        story = len(base.course) - len(calm.course)
        for place in places_of(ran):
            if place.step >= story:
                where = situation(ran, place)
                for meeting in place.meetings:
                    cell = Cell(class_of(meeting), place.fault.at, *where)
                    yield Reached(cell, meeting, _struck(base, place, meeting))


def _struck(base: Scenario, place: Place, meeting: Meeting) -> Scenario:
    when, kind = meeting
    fault = place.fault._replace(when=when, kind=kind)
    return replace(base, course=(*base.course[: place.step], fault, *base.course[place.step :]))


def _with_stories(calm: Scenario) -> Iterator[Scenario]:
    """The same course again behind an owner that froze at its first effect, and behind a request that is under way."""
    quiet = replace(calm, course=tuple([step for step in calm.course if not isinstance(step, Fault)]))
    places = places_of(run(quiet, SimulatedWorld()))
    stories: tuple[Meeting, ...] = (("before", "freeze"), ("late", "io"))
    for meeting in stories:
        place = next((each for each in places if meeting in each.meetings), None)
        if place is not None:
            struck = _struck(quiet, place, meeting).course[: place.step + 2]
            yield replace(calm, course=(*struck, Crash(), *calm.course))


def situation(ran: Run, place: Place) -> Situation:
    """What the sink is at when the effect of a place comes."""
    event = ran.history.events[place.event]
    before = ran.history.events[: place.event]
    match event:
        case h.Requested():
            return _of_request(ran, event, before)
        case h.Committed():
            return Situation(
                _of_commit(ran, event, before, ran.marks[place.step].step), _last_cause(ran, event, before)
            )
        case h.DeadLettered():
            return Situation(_between(ran, _writers(before, event.life, event.partition)), "none")
    raise AssertionError(f"{event} is no effect")


def _writers(before: tuple[h.Event, ...], life: int, partition: h.TopicPartition | None = None) -> list[Writer]:
    """The writers that a life has at a moment."""
    found = {each.partition: each for each in course_of(before).writers if each.life == life}
    return [each for each in found.values() if partition in (None, each.partition)]


def _predicted(ran: Run, writer: Writer) -> Prediction:
    return predict(ran.history.log.get(writer.partition, ()), writer, ran.history.schemas)


def _of_request(ran: Run, event: h.Requested, before: tuple[h.Event, ...]) -> Situation:
    """Files are written when they are closed: the state is that of the rotation."""
    prediction = _predicted(ran, *_writers(before, event.life, event.partition))
    key, own = event.key, [each for each in before if isinstance(each, h.Requested) and each.life == event.life]
    if event.request == "head":
        key = next(each.key for each in reversed(own) if each.request == "complete")
    at = prediction.by_key.get(key)
    if at is None:
        return Situation("closing", "none")
    made = prediction.expected.objects[at]
    together = [each.key for each in prediction.expected.objects if each.window == made.window]
    if event.request == "abort" and not (own and own[-1].request == "part" and own[-1].upload_id == event.upload_id):
        return Situation("closing", made.cause)
    if len(together) == 1:
        return Situation(COMPLETING[0], made.cause)
    return Situation(COMPLETING[1 if made.key == together[0] else 2], made.cause)


def _of_commit(ran: Run, event: h.Committed, before: tuple[h.Event, ...], step: Step) -> str:
    """Of all partitions together."""
    asked = 0
    for each in reversed(before):
        if isinstance(each, h.Put | h.Opened) and each.life == event.life:
            break
        asked += isinstance(each, h.CommitAsked) and each.life == event.life
    if isinstance(step, StopStep | Rebalance) or asked != 1:
        return "closing"
    return _between(ran, _writers(before, event.life))


def _between(ran: Run, writers: list[Writer]) -> str:
    """Between two rotations."""
    if not any(writer.passes for writer in writers):
        return NOW[0]
    if any(_backs_off(writer) for writer in writers):
        return NOW[4]
    opened = sum(_open_files(_predicted(ran, writer), writer) for writer in writers)
    return NOW[1 + min(opened, 2)]


def _backs_off(writer: Writer) -> bool:
    if writer.failed_ms is None:
        return False
    return not writer.passes or writer.passes[-1][1] - writer.failed_ms < writer.rules.retry_backoff_ms


def _open_files(prediction: Prediction, writer: Writer) -> int:
    """Directories in which something is open, if all was looked at when it came."""
    inputs, now_ms = prediction.view.inputs, writer.passes[-1][1] if writer.passes else writer.opened_ms
    pending = [inputs.item(offset) for offset in prediction.expected.pending]
    return len({inputs.located(item, now_ms)[1] for item in pending if item.refused is None})


def _last_cause(ran: Run, event: h.Committed, before: tuple[h.Event, ...]) -> str:
    """What closed the last file that this life completed."""
    for each in reversed(before):
        if isinstance(each, h.Requested) and each.life == event.life and each.request == "complete":
            for writer in reversed(course_of(before).writers):
                prediction = _predicted(ran, writer)
                if writer.life == event.life and each.key in prediction.by_key:
                    return prediction.expected.objects[prediction.by_key[each.key]].cause
    return "none"


# --- what can be ------------------------------------------------------------------------------------------------------


class Exclusion(NamedTuple):
    """Cells that cannot be, and why."""

    reason: str
    applies: Callable[[Cell], bool]


_WRITES = ("create", "part", "complete", "tag", "head")


def _is_met(cell: Cell) -> bool:
    return cell.fault in {class_of(meeting) for meeting in MEETINGS[cell.effect]}


EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion(
        "Such a fault does not meet such an effect (`MEETINGS` in scenarios/places.py): a request on whose time "
        "nothing hangs cannot arrive late, a question changes nothing and is no cut, and no other request than a "
        "completion is conditional.",
        lambda cell: not _is_met(cell),
    ),
    Exclusion(
        "A file is created, written, completed and tagged when it is closed: no record of a small world fills a part.",
        lambda cell: cell.effect in _WRITES and cell.state not in COMPLETING,
    ),
    Exclusion(
        "An upload is thrown away when its part fails, or when its writer is closed in the middle of a rotation.",
        lambda cell: cell.effect == "abort" and cell.state not in (*COMPLETING, "closing"),
    ),
    Exclusion(
        "What is written has been closed by something.",
        lambda cell: cell.effect in (*_WRITES, "abort") and cell.cause == "none",
    ),
    Exclusion(
        "Offsets are committed between two puts, never within one, and only behind a rotation.",
        lambda cell: cell.effect == "commit" and (cell.state in (NOW[0], *COMPLETING) or cell.cause == "none"),
    ),
    Exclusion(
        "Completions are conditional only where no keys are stored (reference 6.4); then there are no tombstones, and "
        "only next to these is more than one file open when a change of directory closes it.",
        lambda cell: (
            (cell.fault == "name taken" or cell.effect == "head")
            and cell.state in COMPLETING[1:]
            and cell.cause == "partition change"
        ),
    ),
    Exclusion(
        "A record is refused before it is in any file, within a put.",
        lambda cell: cell.effect == "dead letter" and (cell.state in (*COMPLETING, "closing") or cell.cause != "none"),
    ),
)


def every_cell() -> Iterator[Cell]:
    """The whole matrix."""
    for each in itertools.product(CLASSES, MEETINGS, STATES, CAUSES):
        yield Cell(*each)


def excluded_by(cell: Cell) -> int | None:
    """Index of the rule by which a cell cannot be; None if it can."""
    return next((at for at, exclusion in enumerate(EXCLUSIONS) if exclusion.applies(cell)), None)


# --- the page ---------------------------------------------------------------------------------------------------------

_PAGE = """# Fault coverage

Which faults met which effects in which state of the sink. Generated by `tests/quality/test_fault_coverage.py`
(`ONCEPROOF_SNAPSHOTS=write` renews it), which fails where a cell is neither hit nor excluded. Numbers count the sampled
and small worlds of the `ci` profile that hit a cell, and none of them broke a rule; `·2` is excluded by rule 2 below.

## Classes of faults

Within a class the sink is told the same, whatever the answer.

{classes}

## What cannot be

{exclusions}
{tables}
## Each answer at each effect

{answers}
"""


def page(counts: Mapping[Cell, int], answers: Mapping[tuple[FaultAt, Meeting], int]) -> str:
    """The matrix as Markdown: for each kind of effect a table of what is so there against what happens."""
    return _PAGE.format(
        classes="\n".join(f"* **{name}**: {meaning}." for name, meaning in CLASSES.items()),
        exclusions="\n".join(f"{at}. {exclusion.reason}" for at, exclusion in enumerate(EXCLUSIONS, 1)),
        tables="".join(_table(effect, counts) for effect in MEETINGS),
        answers=_answers(answers),
    )


def _table(effect: FaultAt, counts: Mapping[Cell, int]) -> str:
    """The rows of one effect that are not excluded as a whole."""
    rows = []
    for state, cause in itertools.product(STATES, CAUSES):
        cells = [Cell(fault, effect, state, cause) for fault in CLASSES]
        if any(excluded_by(cell) is None for cell in cells):
            rows.append(f"| {state} | {cause} | {' | '.join(_entry(cell, counts) for cell in cells)} |")
    head = f"| state | closed by | {' | '.join(CLASSES)} |\n|{'---|' * (2 + len(CLASSES))}"
    return "\n".join((f"\n## {effect}\n", head, *rows, ""))


def _entry(cell: Cell, counts: Mapping[Cell, int]) -> str:
    rule = excluded_by(cell)
    return str(counts.get(cell, 0)) if rule is None else f"·{rule + 1}"


def _answers(found: Mapping[tuple[FaultAt, Meeting], int]) -> str:
    meetings = dict.fromkeys([meeting for each in MEETINGS.values() for meeting in each])
    rows = [f"| fault | {' | '.join(MEETINGS)} |", f"|{'---|' * (1 + len(MEETINGS))}"]
    for when, kind in meetings:
        entries = [
            str(found.get((at, (when, kind)), 0)) if (when, kind) in of_effect else ""
            for at, of_effect in MEETINGS.items()
        ]
        rows.append(f"| {kind} {when} | {' | '.join(entries)} |")
    return "\n".join(rows)
