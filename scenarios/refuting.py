"""Looks for a story against a configuration, small ones first, in a bounded number of runs.

A *word* is a log (`alphabet`). Each is read in the two ways between which all splits into polls lie, in one poll and
record by record with a commit after each, and in more ways where it matters when a put comes. A crash is placed behind
every change of what a next life could see: what a sink holds in memory, and an upload that nobody completed, is gone
either way. The order is by size, so that the first story found is the smallest of those that were looked at. Where a
rule names words these come first, since some are longer than what a budget reaches, each with its share of the budget,
and then all that are smaller. The ways to read one word share its runs: each has a few before the next.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar

from onceproof.model.guarantee import Guarantee
from onceproof.model.judge import Verdict, judge
from onceproof.scenarios.alphabet import Alphabet, Word
from onceproof.scenarios.explore import EPOCH_MS, effects, faulted, freezes, successors_of, troubles_of
from onceproof.scenarios.facts import Facts
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import (
    Clock,
    CommitStep,
    Crash,
    Fault,
    PollStep,
    Produce,
    Rest,
    Scenario,
    Start,
    Step,
    StopStep,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

_Any = TypeVar("_Any")
_Told: TypeAlias = tuple[Word, Scenario]

RUNS_MAX: Mapping[str, int] = {
    "none": 30,
    "restart": 80,
    "crash": 200,
    "two crashes": 120,
    "S3 error": 100,
    "lost reply": 80,
    "commit refused": 80,
    "expired offsets": 60,
    "frozen owner": 80,
    "other flush.size": 120,
}
"""The classes of faults that can be looked for, and how many runs each is given."""
RECORDS_MAX = 5
_MORE_RUNS_MAX = 25
"""How many runs are made behind the first that refutes: for one that shows more, and for one that is smaller."""
_SHARE_MIN = 10
"""How many runs a word that a rule names is given at least, before the next one's turn."""
_SHARE_OF_A_COURSE = 8
"""How many runs one way to read a word is given, before the next one's turn."""
_LONG = 3


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: the witness is the first run that left as little as any, if not identical objects."""

    fault: str
    runs: int
    runs_max: int
    records: int
    """The longest log of which a run was made."""
    witness: tuple[Run, Verdict] | None = None
    word: Word = ()
    """Of the witness."""
    troubles: tuple[str, ...] = ()
    """Runs that prove nothing, as one that got stuck."""


@dataclass
class Search:
    """Looks into one configuration; what is the same for several faults is run once.

    `config` is what is run: that of the alphabet, or one that treats the same logs alike and is quicker.
    `depends_on_polls`: what stands in an object may depend on which records one poll brought. `begins_at_the_end`:
    a life without an offset begins behind what is there, so that records come only when the first one runs.
    """

    alphabet: Alphabet
    config: Mapping[str, str]
    depends_on_polls: bool = False
    begins_at_the_end: bool = False
    _calm: dict[tuple[Word, int], Run] = field(default_factory=dict)

    @staticmethod
    def of(facts: Facts, config: Mapping[str, str]) -> "Search":
        """A search for one configuration; `config` is what is run."""
        return Search(
            facts.alphabet,
            config,
            depends_on_polls=facts.has_timed_dead_letters and facts.has_interval,
            begins_at_the_end=facts.begins_at_the_end,
        )

    def look(self, fault: str, named: Sequence[Word] = (), runs_max: int | None = None) -> Looked:
        """Run stories of one class of faults until some refute identical objects, or the budget is spent.

        `named` are words that a rule names: they come first, and what they show is kept if nothing smaller shows as
        much.
        """
        limit = RUNS_MAX[fault] if runs_max is None else runs_max
        words = [word for word in dict.fromkeys(named) if self.alphabet.has(word)]
        found = self._look(fault, self._shared(fault, words, limit), limit)
        if found.witness is None:
            return _together(self._look(fault, self._one_by_one(fault, self.alphabet.words(RECORDS_MAX)), limit), found)
        size = self.alphabet.size(found.word)
        smaller = itertools.takewhile(lambda word: self.alphabet.size(word) < size, self.alphabet.words(RECORDS_MAX))
        other = self._look(fault, self._one_by_one(fault, smaller), min(limit, _MORE_RUNS_MAX))
        return _together(other, found) if _shows_as_much(other, found) else _together(found, other)

    def _one_by_one(self, fault: str, words: Iterable[Word]) -> Iterator[_Told]:
        """All stories over one word, then all over the next."""
        return ((word, scenario) for word in words for scenario in self._scenarios(fault, word))

    def _shared(self, fault: str, words: Sequence[Word], limit: int) -> Iterator[_Told]:
        """As many stories over one word as over the next, so that none has what was meant for all; then the others."""
        share = max(_SHARE_MIN, limit // max(len(words), 1))
        return _in_turn([self._one_by_one(fault, [word]) for word in words], share)

    def _look(self, fault: str, told: Iterable[_Told], limit: int) -> Looked:
        """Run them in turn. Behind the first that refutes some more are run, for one that doubles or loses a record."""
        found = Looked(fault, 0, limit, 0)
        for word, scenario in told:
            if found.runs >= limit or is_plain(found):
                break
            ran = run(scenario, SimulatedWorld())
            verdict = judge(ran.history)
            troubles = troubles_of(ran, verdict)
            found = replace(
                found,
                runs=found.runs + 1,
                records=max(found.records, len(word)),
                troubles=tuple(dict.fromkeys((*found.troubles, *troubles))),
            )
            if not troubles and _is_weaker(verdict, found):
                if found.witness is None:
                    limit = min(limit, found.runs + _MORE_RUNS_MAX)
                found = replace(found, witness=(ran, verdict), word=word)
        return found

    def _scenarios(self, fault: str, word: Word) -> Iterator[Scenario]:
        """The stories of one class over one word, whose log the sink outlives without a fault.

        What comes before a fault differs first, and what comes behind it then.
        """
        log = self.alphabet.log(word)
        name = f"explain-{fault.replace(' ', '-')}"
        bases = [
            Scenario(name, self.config, log, course, EPOCH_MS, schemas=self.alphabet.schemas)
            for course in self._courses(len(word))
        ]
        behind = [tuple(self._behind(fault, base.course, len(word))) for base in bases]
        for at in range(max(map(len, behind))):
            stories = [
                self._faulted((word, number), base, fault, steps[at])
                for number, (base, steps) in enumerate(zip(bases, behind, strict=True))
                if at < len(steps)
            ]
            yield from _in_turn(stories, _SHARE_OF_A_COURSE)

    def _faulted(
        self, key: tuple[Word, int], base: Scenario, fault: str, behind: tuple[Step, ...]
    ) -> Iterator[Scenario]:
        calm = self._calm_run(key, base)
        if calm.state != "stopped":
            return
        places = effects(calm)
        if fault == "frozen owner":
            yield from (replace(base, course=(freeze, *base.course, *behind)) for freeze in freezes(places))
            return
        if fault == "two crashes" and self.begins_at_the_end:
            yield from self._idle_crashes(base, places, behind)
        placed = partial(_placed, base, fault, places, behind)
        yield from faulted(base, fault, behind, self._clock_steps_ms(), places, placed)

    def _behind(self, fault: str, course: tuple[Step, ...], count: int) -> Iterator[tuple[Step, ...]]:
        """What comes behind the course: the rest, and before it the next owner where one is frozen."""
        for rest in self._rests(course, count):
            if fault != "frozen owner":
                yield rest
                continue
            for successor in successors_of(count, self._clock_steps_ms()):
                yield (*successor, *rest)

    def _idle_crashes(self, base: Scenario, places: Sequence[Fault], rest: tuple[Step, ...]) -> Iterator[Scenario]:
        """Every first cut, and a second crash of the life that then begins: it may find nothing left to read."""
        again = (Start(), Crash(), *rest)
        placed = partial(_placed, base, "crash", places, again)
        yield from faulted(base, "crash", again, self._clock_steps_ms(), places, placed)

    def _calm_run(self, key: tuple[Word, int], base: Scenario) -> Run:
        if key not in self._calm:
            self._calm[key] = run(replace(base, course=(*base.course, StopStep())), SimulatedWorld())
        return self._calm[key]

    def _courses(self, count: int) -> Iterator[tuple[Step, ...]]:
        """Ways to read so many records, up to but without the rest."""
        at_once = [PollStep(count)]
        one_by_one = [PollStep(1)] * count
        splits = [(at_once, False)]
        if count > 1:
            splits += [(one_by_one, True)]
            if self.alphabet.clock_step_ms or self.depends_on_polls:
                splits += [(one_by_one, False)]
        if count > _LONG or self.begins_at_the_end:  # what needs so many records mostly needs a commit amid them
            splits = splits[1:] + splits[:1]
        for polls, commits in splits:
            for moves in self._moves(len(polls)):
                course: list[Step] = [Start()]
                if self.begins_at_the_end:
                    course.append(Produce(count))
                for number, poll in enumerate(polls):
                    if number in moves:
                        course.append(Clock(add_ms=self.alphabet.clock_step_ms))
                    course.append(poll)
                    if commits and number < len(polls) - 1:
                        course.append(CommitStep())
                if len(polls) in moves:
                    course += [Clock(add_ms=self.alphabet.clock_step_ms), PollStep(0)]
                yield (*course, CommitStep())

    def _moves(self, polls: int) -> list[frozenset[int]]:
        """Before which polls the clock moves: none, one more that is empty, one of them, all but the first."""
        if not self.alphabet.clock_step_ms:
            return [frozenset()]
        alone = [frozenset({at}) for at in range(polls, -1, -1)]
        return list(dict.fromkeys([frozenset(), *alone, frozenset(range(1, polls))]))

    def _clock_steps_ms(self) -> tuple[int, ...]:
        return (0, self.alphabet.clock_step_ms) if self.alphabet.clock_step_ms else (0,)

    def _rests(self, course: tuple[Step, ...], count: int) -> Iterator[tuple[Step, ...]]:
        """How the rest is read: in polls of another size than before, and both where it matters."""
        at_once = PollStep(count) in course and count > 1
        sizes = [1 if at_once else count]
        if self.alphabet.clock_step_ms or self.depends_on_polls:
            sizes = list(dict.fromkeys([*sizes, 1, count]))
        for size in sizes:
            yield (Rest(size),)
            if self.alphabet.clock_step_ms:
                yield (Clock(add_ms=self.alphabet.clock_step_ms), Rest(size))


def _in_turn(several: Sequence[Iterator[_Any]], share: int) -> Iterator[_Any]:
    """So many of each, and again, until there are none."""
    waiting = list(several)
    while waiting:
        for each in tuple(waiting):
            taken = 0
            for one in itertools.islice(each, share):
                taken += 1
                yield one
            if taken < share:
                waiting.remove(each)


def _is_weaker(verdict: Verdict, found: Looked) -> bool:
    """Whether a run leaves less than the witness did, or than identical objects if there is none."""
    least = Guarantee.IDENTICAL_OBJECTS if found.witness is None else found.witness[1].guarantee
    return verdict.guarantee is not least and least.implies(verdict.guarantee)


def is_plain(found: Looked) -> bool:
    """Whether the witness doubles or loses a record, so that nobody needs to look for a plainer one."""
    return found.witness is not None and not found.witness[1].guarantee.implies(Guarantee.ONCE_AT_REST)


def _shows_as_much(other: Looked, found: Looked) -> bool:
    if other.witness is None or found.witness is None:
        return other.witness is not None
    return found.witness[1].guarantee.implies(other.witness[1].guarantee)


def _together(found: Looked, other: Looked) -> Looked:
    """What was found, with the runs of both."""
    return replace(
        found,
        runs=found.runs + other.runs,
        runs_max=found.runs_max + other.runs_max,
        records=max(found.records, other.records),
        troubles=tuple(dict.fromkeys((*found.troubles, *other.troubles))),
    )


def _placed(base: Scenario, fault: str, places: Sequence[Fault], rest: tuple[Step, ...]) -> Iterator[tuple[Fault, ...]]:
    if fault == "two crashes":
        yield from _two_crashes(base, places, rest)
        return
    for place in places:
        match fault:
            case "crash" | "other flush.size":
                for cut in _cuts(places, place):
                    yield (cut,)
            case "S3 error" if place.at in ("complete", "tag"):
                yield (place._replace(kind="503"),)
            case "lost reply" if place.at == "complete":
                yield (place._replace(when="after", kind="io"),)
            case "commit refused" if place.at == "commit":
                yield (place._replace(kind="io"),)


def _cuts(places: Sequence[Fault], place: Fault) -> Iterator[Fault]:
    """The crashes around an effect that differ in what is outside."""
    if place.at in ("complete", "commit"):
        yield place
        if place is places[-1]:
            yield place._replace(when="after")


def _two_crashes(base: Scenario, places: Sequence[Fault], rest: tuple[Step, ...]) -> Iterator[tuple[Fault, Fault]]:
    """Every first cut with the last one of what follows, then with all others."""
    pairs = []
    for index, place in enumerate(places):
        for first in _cuts(places, place):
            seconds = _second_crashes(base, first, index, rest)
            pairs.append((first, seconds[:-1]))
            yield from ((first, last) for last in seconds[-1:])
    for first, others in pairs:
        for second in others:
            yield (first, second)


def _second_crashes(base: Scenario, first: Fault, index: int, rest: tuple[Step, ...]) -> list[Fault]:
    """After the first crash, before each effect of what follows that can be seen, and behind the last effect.

    The first one, if it came before an effect, is counted among those of its kind, and was not performed.
    """
    crashed = effects(run(replace(base, course=(first, *base.course, *rest)), SimulatedWorld()))
    seen = [second for second in crashed[index + (first.when == "after") :] if second.at in ("complete", "commit")]
    if not seen:
        return []
    found = []
    for second in seen:
        same = first.when == "before" and (second.at, second.of) == (first.at, first.of)
        found.append(second._replace(nth=second.nth + same))
    return [*found, seen[-1]._replace(when="after")]
