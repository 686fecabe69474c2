"""Every run there is of one small log: a tree of places where something can go wrong, searched to its leaves.

A node is a course that was run from the first record to rest. Its children put one more fault behind the last one: a
crash before any later effect (and behind the last), followed by every way to read what is then left; a reply that is
lost; an owner that freezes, followed by every way in which its successor may read; a frozen owner that goes on for a
while before an effect of its successor.

Laws:
1. A fault stands behind all others in time, so no set of faults is met twice.
2. After a crash a run depends on what a life can see outside alone: what became visible, in order; what is committed;
   the clock, where the configuration reads one; what a frozen owner is still about to make visible; and what may still
   go wrong. (No port shows unfinished uploads.) A state that was met before is cut: what follows from it has been run,
   from another beginning.
3. A frozen owner and its successor share the bucket and the group. Its creates and parts commute with all that the
   successor does, and its commits are refused; so it goes on up to and with its next completion, or not, before each
   completion and commit of the successor, and at the end. Every other interleaving equals one of these.
   Asking for an object (HEAD) changes nothing, and is asked only where a completion has just been refused.
4. What `Reach` does not name does not happen, and is not looked at. While a run rests, the sink reads on by itself: a
   crash there is gone on from in that one way, and no owner freezes there.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from onceproof.model import history as h
from onceproof.model.judge import Verdict, judge
from onceproof.model.settings import Settings, settings
from onceproof.scenarios.explore import EPOCH_MS, Bound, logs, numbered, splits, troubles_of
from onceproof.scenarios.fitting import TOPIC, schemas
from onceproof.scenarios.run import Run, World, run
from onceproof.scenarios.scenario import Clock, CommitStep, Fault, PollStep, Rest, Scenario, Start, Step, Thaw

_WHERE = h.TopicPartition(TOPIC, 0)


class Budget(NamedTuple):
    """How much may still go wrong."""

    crashes: int
    lost_replies: int
    frozen: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the search goes: logs up to `records` over all combinations of gaps, and what may go wrong in one run."""

    records: int
    gaps_ms: tuple[int, ...]
    clock_steps_ms: tuple[int, ...] = (0,)
    budget: Budget = field(default=Budget(1, 1, 0))

    def logs(self, config: Mapping[str, str]) -> Iterator[h.Log]:
        """Every log within reach, shorter ones first."""
        return logs(Bound(self.records, self.gaps_ms), config)

    def sentence(self) -> str:
        """What was looked at."""
        gaps = " or ".join(f"{gap:,}" for gap in self.gaps_ms)
        clock = (
            ""
            if self.clock_steps_ms == (0,)
            else f", clock moves of {' or '.join(f'{step:,}' for step in self.clock_steps_ms)} ms before each of them"
        )
        crashes, replies, frozen = self.budget
        wrong = [
            _many(crashes, "crash", "crashes", " at any cut, also while recovering"),
            _many(replies, "lost reply", "lost replies", " of any effect"),
            _many(frozen, "frozen owner", "frozen owners", ", interleaved with its successor effect by effect"),
        ]
        return (
            f"every log of one partition up to {self.records} records, {gaps} ms apart; every split into "
            f"polls{clock}; commits behind each poll or at the end; in one run {', '.join(wrong)}"
        )

    def outside(self) -> str:
        """What was not."""
        return (
            "longer logs, other gaps and clock moves, several partitions, null values, errant records, changes of "
            "schema or configuration, logs that change, errors that S3 or the broker answer, late requests, more "
            "faults in one run than named, other ways to go on after a crash at rest than that of the rest, and owners "
            "that freeze at rest"
        )


def _many(most: int, one: str, several: str, where: str) -> str:
    return f"up to {most} {one if most == 1 else several}{where}" if most else f"no {several}"


class Owner(NamedTuple):
    """A frozen owner: how many effects it has to do up to each of its completions, and what these make visible."""

    steps: tuple[int, ...]
    visible: tuple[tuple[str, str], ...]

    @staticmethod
    def of(events: Sequence[h.Event], frozen_before: int) -> "Owner":
        """What the life of an effect did from there to its next poll, had it not frozen."""
        life = getattr(events[frozen_before], "life", None)
        steps, visible, count = [], [], 0
        for event in events[frozen_before:]:
            if isinstance(event, h.Put | h.CommitAsked | h.Ended | h.Rewound):
                break
            if numbered(event) and getattr(event, "life", None) == life:
                count += 1
                if isinstance(event, h.Requested) and event.request == "complete":
                    steps.append(count)
                    visible.append((event.key, event.digest))
                    count = 0
        return Owner(tuple(steps), tuple(visible))

    def after_one(self) -> "Owner":
        """What it has still to do when it has gone on up to and with its next completion."""
        return Owner(self.steps[1:], self.visible[1:])


@dataclass(frozen=True, slots=True)
class Node:
    """One course: what came before, the faults of its last stretch, the steps of that, and what follows its rest."""

    before: tuple[Step, ...]
    faults: tuple[Fault, ...]
    plan: tuple[Step, ...]
    budget: Budget
    """What may still go wrong."""
    owner: Owner | None = None
    owner_life: int = -1
    tail: tuple[Step, ...] = ()

    @property
    def course(self) -> tuple[Step, ...]:
        """All steps."""
        return (*self.before, *self.faults, *self.plan, *self.tail)

    @property
    def first_step(self) -> int:
        """Index of the first step of the plan."""
        return len(self.before) + len(self.faults)


State: TypeAlias = tuple[object, ...]
"""What a run can depend on after a crash: see law 2."""


@dataclass(slots=True)
class Searched:
    """What came of one log. `runs` are distinct scenarios; `cut` are places from which all had been run before."""

    runs: int = 0
    cut: int = 0
    objects: int = 0
    """Objects that all runs together completed: without one nothing was put to the test."""
    verdicts: dict[str, set[str]] = field(default_factory=dict)
    """By class of faults: every guarantee that some run was left with."""
    counts: dict[str, int] = field(default_factory=dict)
    """By class of faults: runs."""
    witnesses: dict[tuple[str, str], Scenario] = field(default_factory=dict)
    """By class of faults and guarantee: the first run that came to it."""
    troubles: list[str] = field(default_factory=list)


class Search:
    """The search of one log; `cuts` is False to run what is equivalent too, and `watch` is shown every run."""

    def __init__(
        self,
        config: Mapping[str, str],
        log: h.Log,
        reach: Reach,
        world: World,
        *,
        cuts: bool = True,
        watch: Callable[[Run], None] = lambda _: None,
    ) -> None:
        self.found = Searched()
        self._base = Scenario("small", config, log, (), EPOCH_MS, schemas=schemas(config))
        self._reach = reach
        self._world = world
        self._cuts = cuts
        self._watch = watch
        self._offsets = [record.offset for record in log[_WHERE]]
        self._rules = settings(config)
        self._seen: set[State] = set()

    def search(self) -> Searched:
        """Run everything within reach."""
        plain = plans(len(self._offsets), self._reach)
        todo = [Node((), (), plan, self._reach.budget) for plan in plain]
        todo.reverse()
        while todo:
            todo += reversed(list(self._visited(todo.pop())))
        return self.found

    def _visited(self, node: Node) -> Iterator[Node]:
        """Run one course; gives what follows from it."""
        ran = run(replace(self._base, course=node.course), self._world)
        verdict = judge(ran.history)
        self._watch(ran)
        self._tally(ran, verdict, fault_class(self._reach.budget, node.budget))
        is_frozen = node.owner is not None and _FROZEN_TO_THE_END in map(_end_of, ran.history.events)
        if any(node.budget) or is_frozen:
            is_overtaken = any(finding.kind == "overtaken" for finding in verdict.findings)
            yield from _Places(self, node if is_frozen else replace(node, owner=None), ran, is_overtaken).children()

    def _tally(self, ran: Run, verdict: Verdict, label: str) -> None:
        found, guarantee = self.found, verdict.guarantee.value
        found.runs += 1
        found.objects += len(verdict.writes)
        found.counts[label] = found.counts.get(label, 0) + 1
        found.verdicts.setdefault(label, set()).add(guarantee)
        found.witnesses.setdefault((label, guarantee), ran.scenario)
        for trouble in troubles_of(ran, verdict):
            if trouble not in found.troubles:
                found.troubles.append(trouble)

    def is_known(self, state: State) -> bool:
        """Whether all that follows from a state has been run, or is about to be."""
        if not self._cuts:
            return False
        if state in self._seen:
            self.found.cut += 1
            return True
        self._seen.add(state)
        return False

    def outside(self) -> "Outside":
        """What stands outside at the beginning."""
        return Outside(self._offsets[0], self._rules)

    def plans(self, outside: "Outside") -> Iterator[tuple[Step, ...]]:
        """Every way to read what is left."""
        return plans(sum(offset >= outside.committed for offset in self._offsets), self._reach)


class _Places:
    """The places of one run at which something more can go wrong."""

    def __init__(self, search: Search, node: Node, ran: Run, is_overtaken: bool) -> None:  # noqa: FBT001
        self._search = search
        self._node = node
        self._ran = ran
        self._outside = search.outside()
        self._is_overtaken = is_overtaken
        self._step = 0
        self._made: dict[str, int] = {}
        self._prevented: dict[str, int] = {}

    def children(self) -> Iterator[Node]:
        """Whatever comes behind the last fault, in the order of time."""
        node, events, marks = self._node, self._ran.history.events, self._ran.marks
        floor = self._last_fault(marks[node.first_step].first)
        crashes = iter([fault for fault in node.faults if (fault.kind, fault.when) == ("crash", "before")])
        last = None
        for index, event in enumerate(events):
            while index >= marks[self._step].end and self._step + 1 < len(marks):
                self._step += 1
            if self._step >= node.first_step and getattr(event, "life", None) != node.owner_life:
                if at := numbered(event):
                    self._made[at] = self._made.get(at, 0) + 1
                    if index > floor:
                        yield from self._at(index, at)
                        last = at, self._step
                elif isinstance(event, h.Changed) and event.what.startswith("fault: crash before"):
                    at = next(crashes).at
                    self._prevented[at] = self._prevented.get(at, 0) + 1
            self._outside.see(event)
        if last is not None and node.budget.crashes:
            self._step = last[1]
            yield from self._crashed(Fault(last[0], self._made[last[0]], when="after"))  # type: ignore[arg-type]
        if node.owner is not None and node.owner.steps:
            thaw = Thaw(node.owner.steps[0])
            yield replace(node, owner=node.owner.after_one(), tail=(*node.tail, thaw, Rest(1)))

    def _last_fault(self, first: int) -> int:
        """Index of the event behind which more can go wrong."""
        node, events = self._node, self._ran.history.events
        if node.tail:
            return self._ran.marks[-2].end - 1
        struck = [
            index
            for index in range(first, len(events))
            if isinstance(event := events[index], h.Changed) and event.what.startswith("fault: ")
        ]
        return struck[-1] if struck else first - 1

    def _at(self, index: int, at: str) -> Iterator[Node]:
        """What can go wrong at one effect."""
        node, budget = self._node, self._node.budget
        before = Fault(at, self._made[at] + self._prevented.get(at, 0))  # type: ignore[arg-type]
        if budget.crashes:
            yield from self._crashed(before)
        if budget.lost_replies:
            lost = Fault(at, self._made[at], when="after", kind="io")  # type: ignore[arg-type]
            left = budget._replace(lost_replies=budget.lost_replies - 1)
            yield replace(node, faults=(*node.faults, lost), budget=left)
        if budget.frozen and node.owner_life < 0:
            yield from self._froze(index, before)
        if node.owner is not None and node.owner.steps and at in ("complete", "commit"):
            thaw = before._replace(kind="thaw", effects=node.owner.steps[0])
            yield replace(node, faults=(*node.faults, thaw), owner=node.owner.after_one())

    def _crashed(self, crash: Fault) -> Iterator[Node]:
        """A crash, and every way to go on; within a rest, the way in which the rest goes on."""
        node = self._node
        left = node.budget._replace(crashes=node.budget.crashes - 1)
        here = node.course[self._step]
        rest = here if isinstance(here, Rest) else None
        if crash.when == "before" and self._search.is_known((*self._state(), node.owner, left, rest, node.tail)):
            return
        if rest is not None:
            yield replace(node, faults=(*node.faults, crash), budget=left)
        else:
            yield from self._gone_on(crash, left, node.owner, node.owner_life)

    def _froze(self, index: int, before: Fault) -> Iterator[Node]:
        """An owner that stops in the middle of a put with something left to complete, and its successor."""
        node = self._node
        owner = Owner.of(self._ran.history.events, index)
        left = node.budget._replace(frozen=node.budget.frozen - 1)
        if not owner.steps or isinstance(node.course[self._step], Rest):
            return
        if not self._search.is_known((*self._state(), owner, left, None, ())):
            life = getattr(self._ran.history.events[index], "life", -1)
            yield from self._gone_on(before._replace(kind="freeze"), left, owner, life)

    def _state(self) -> State:
        return self._outside.state(all_commits=self._is_overtaken)

    def _gone_on(self, fault: Fault, left: Budget, owner: Owner | None, owner_life: int) -> Iterator[Node]:
        """The course up to the step in which a life ended or froze, and every plan for the next."""
        node = self._node
        done = node.course[node.first_step : self._step + 1]
        before = (*node.before, *node.faults, fault, *done)
        for plan in self._search.plans(self._outside):
            yield Node(before, (), plan, left, owner, owner_life)


def plans(count: int, reach: Reach) -> Iterator[tuple[Step, ...]]:
    """Every way to read `count` records: split into polls, with clock moves before each and behind the last."""
    if not count:
        yield Start(), Rest(1)
        return
    for split in splits(count):
        for moves in itertools.product(reach.clock_steps_ms, repeat=len(split)):
            for last_ms in reach.clock_steps_ms:
                for commit_each in (False, True) if len(split) > 1 else (False,):
                    yield tuple(_plan(split, moves, last_ms, commit_each=commit_each))


def _plan(split: Sequence[int], moves: Sequence[int], last_ms: int, *, commit_each: bool) -> Iterator[Step]:
    yield Start()
    for number, (size, move_ms) in enumerate(zip(split, moves, strict=True)):
        if move_ms:
            yield Clock(add_ms=move_ms)
        yield PollStep(size)
        if commit_each and number < len(split) - 1:
            yield CommitStep()
    if last_ms:
        yield Clock(add_ms=last_ms)
        yield PollStep(0)
    yield CommitStep()
    yield Rest(sum(split))


class Outside:
    """What stands outside at a place in a run: see law 2. `committed` is where a life that starts now begins."""

    __slots__ = ("_commits", "_nows_ms", "_rules", "_visible", "committed")

    def __init__(self, start: int, rules: Settings) -> None:
        self.committed = start
        self._rules = rules
        self._visible: list[tuple[str, str]] = []
        self._nows_ms: list[int] = []
        self._commits: list[tuple[int, int]] = []

    def see(self, event: h.Event) -> None:
        """One more event."""
        match event:
            case h.Requested(request="complete", applied=True):
                self._visible.append((event.key, event.digest))
            case h.Committed(applied=True):
                self.committed = event.offsets[_WHERE]
                self._commits.append((len(self._visible), self.committed))
            case h.Put() | h.Opened():
                self._nows_ms.append(event.now_ms)

    def state(self, *, all_commits: bool) -> State:
        """What became visible in order, what is committed, and what is known of the clock.

        A commit that was ahead of what is durable is part of the past too, so `all_commits` keeps every one; under
        Wallclock all readings of the clock are, since names follow from them.
        """
        commits = tuple(self._commits) if all_commits else self.committed
        nows_ms: object = None
        if self._rules.is_clocked:
            nows_ms = tuple(self._nows_ms) if self._rules.clock == "wallclock" else self._nows_ms[-1:][0]
        return tuple(self._visible), commits, nows_ms


_FROZEN_TO_THE_END = "frozen to the end"


def _end_of(event: h.Event) -> str:
    return event.detail if isinstance(event, h.Ended) else ""


def fault_class(whole: Budget, left: Budget) -> str:
    """What went wrong, in the words of the report's columns."""
    spent = Budget(*(a - b for a, b in zip(whole, left, strict=True)))
    words = [
        "frozen owner" if spent.frozen == 1 else f"{spent.frozen} frozen owners" if spent.frozen else "",
        "lost reply" if spent.lost_replies == 1 else f"{spent.lost_replies} lost replies" if spent.lost_replies else "",
        "crash" if spent.crashes == 1 else f"{spent.crashes} crashes" if spent.crashes else "",
    ]
    return ", ".join(word for word in words if word) or "none"
