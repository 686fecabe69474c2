"""Where a fault can strike in a run: each effect of each step, with what goes with it there.

A place is counted from its step on, so that a fault which is armed right before the step meets its effect whatever has
happened before. `MEETINGS` says which faults an effect can meet at all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from onceproof.model import history as h
from onceproof.model.settings import settings
from onceproof.scenarios.run import Run
from onceproof.scenarios.scenario import (
    TRIGGERS,
    Arrive,
    Fault,
    FaultAt,
    FaultKind,
    FaultWhen,
    Outage,
    Rest,
    Restore,
    Thaw,
)

Meeting = tuple[FaultWhen, FaultKind]

REFUSALS: tuple[FaultKind, ...] = (
    *("503", "500", "io", "403", "429", "502", "504", "SlowDown", "200", "ExpiredToken"),
)
"""What any request to S3 can be answered with."""
CONDITIONAL: tuple[FaultKind, ...] = ("409", "412")
"""What a conditional completion alone is answered with: another wins the race, or the name is taken."""
_LOST: tuple[FaultKind, ...] = ("io", "500", "503")
"""How the reply to a request that was applied can be lost."""
_CUTS: tuple[Meeting, ...] = (("before", "crash"), ("after", "crash"), ("before", "freeze"), ("after", "freeze"))
_ANSWERS: tuple[Meeting, ...] = (
    *[("before", kind) for kind in REFUSALS],
    *[("after", kind) for kind in _LOST],
)
_UNKNOWN: tuple[Meeting, ...] = (("unsent", "io"), ("late", "io"))
_HAPPENS: tuple[Meeting, ...] = tuple(("before", kind) for kind in TRIGGERS)  # type: ignore[misc]

MEETINGS: Mapping[FaultAt, tuple[Meeting, ...]] = {
    **dict.fromkeys(("create", "part"), (*_CUTS, *_ANSWERS, ("unsent", "io"), *_HAPPENS)),
    **dict.fromkeys(("abort", "tag"), (*_CUTS, *_ANSWERS, *_UNKNOWN, *_HAPPENS)),
    "complete": (*_CUTS, *_ANSWERS, *_UNKNOWN, *[("before", kind) for kind in CONDITIONAL], *_HAPPENS),
    "head": (*[("before", kind) for kind in REFUSALS], *_HAPPENS),
    "dead letter": (*_CUTS, ("before", "io"), ("after", "io"), ("unsent", "io"), *_HAPPENS),
    "commit": (*_CUTS, ("before", "io"), ("after", "io"), *_UNKNOWN, *_HAPPENS),
}
"""Which faults each kind of effect can meet. A request of which nothing hangs on its time cannot arrive late."""


class Place(NamedTuple):
    """One effect of a run: which of its kind in its step, and what is so when it comes."""

    step: int
    """Index of the step that brings it."""
    event: int
    """Index of its event."""
    fault: Fault
    """The crash before it, armed right before its step."""
    frozen: int
    """How many lives stand still."""
    under_way: int
    """How many requests are under way that were given up."""
    meetings: tuple[Meeting, ...]
    """What it can meet; of the triggers, those that have something to do."""


def places_of(ran: Run) -> list[Place]:
    """Every effect of a living process in their order, outside the steps in which a frozen one goes on."""
    reader = _Reader(ran)
    found: list[Place] = []
    for index, mark in enumerate(ran.marks):
        reader.outage = isinstance(mark.step, Outage) or (reader.outage and not isinstance(mark.step, Restore | Rest))
        counts: Counter[tuple[FaultAt, h.TopicPartition | None]] = Counter()
        made: Counter[tuple[FaultAt, h.TopicPartition | None]] = Counter()
        for at in range(mark.first, mark.end):
            event = ran.history.events[at]
            where = _where(event)
            reader.read(event)
            if where is None or isinstance(mark.step, Thaw | Arrive):
                continue
            counts[where] += 1
            made[where] += _is_made(event)
            if counts[where] != made[where]:
                continue  # what is refused before it is made is counted by some faults and not by others
            fault = Fault(where[0], counts[where], where[1])
            meetings = tuple(reader.meetings(event, where[0]))
            found.append(Place(index, at, fault, reader.frozen, reader.under_way, meetings))
    return found


def _where(event: h.Event) -> tuple[FaultAt, h.TopicPartition | None] | None:
    match event:
        case h.Requested(late=False):
            return event.request, event.partition
        case h.DeadLettered():
            return "dead letter", event.partition
        case h.Committed(late=False):
            return "commit", None
    return None


def _is_made(event: h.Event) -> bool:
    """Whether the request was made; what an outage or a fault refuses is not. A real refusal names its status."""
    assert isinstance(event, h.Requested | h.DeadLettered | h.Committed)
    return event.outcome == "ok" or event.applied is not False or " " in event.detail


class _Reader:
    """What is so while events are read."""

    def __init__(self, ran: Run) -> None:
        self.outage = False
        self._are_commits: list[bool] = []
        """Of each request that is under way, whether it is a commit, which does not outlive its broker."""
        self._frozen: set[int] = set()
        self._life = -1
        self._conditional: dict[int, bool] = {}
        self._ran = ran

    @property
    def frozen(self) -> int:
        return len(self._frozen)

    @property
    def under_way(self) -> int:
        return len(self._are_commits)

    def read(self, event: h.Event) -> None:
        match event:
            case h.Started():
                self._life = event.life
                self._conditional[event.life] = _is_conditional(event.config)
            case h.Ended():
                self._frozen.discard(event.life)
            case h.Changed(what) if what.startswith("fault: freeze"):
                self._frozen.add(self._life)
            case h.Changed(what) if what.startswith("fault: io late"):
                self._are_commits.append(what.endswith(" commit"))
            case h.Changed("what was under way arrived"):
                self._are_commits.clear()
            case h.Changed("the broker restarted"):
                self._are_commits = [is_commit for is_commit in self._are_commits if not is_commit]

    def meetings(self, event: h.Event, at: FaultAt) -> Iterator[Meeting]:
        """What an effect can meet here."""
        life = getattr(event, "life", -1)
        for when, kind in MEETINGS[at]:
            if kind in CONDITIONAL and not self._conditional.get(life, False):
                continue
            if (kind == "thaw" and not self._frozen) or (kind == "arrive" and not self.under_way):
                continue
            if not (when == "after" and self.outage):
                yield when, kind


def _is_conditional(config: Mapping[str, str]) -> bool:
    """Whether completions are conditional under these properties. Source: reference 6.4."""
    scheduled = int(config.get("rotate.schedule.interval.ms", "-1")) != -1
    stored = settings(config).kinds != ("value",)
    return config.get("enable.conditional.writes", "true") == "true" and scheduled and not stored
