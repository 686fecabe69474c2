"""`onceproof explore`: every run within a declared reach, over all cores, with a checkpoint that it goes on from.

Logs are what the work is divided by: what is cut as met before never crosses from one log to another, so each is
searched alone and the sum is the same whoever searched what, and in whatever order.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onceproof.model import history as h
from onceproof.model.guarantee import Guarantee, combine
from onceproof.model.judge import judge
from onceproof.reports.collect import Cell, Comparison, Measured, Report, Row, Story
from onceproof.scenarios import files
from onceproof.scenarios.configurations import Configuration
from onceproof.scenarios.errors import EnvironmentFailure, ScenarioError
from onceproof.scenarios.exhaustive import Reach, Search, Searched, fault_class
from onceproof.scenarios.explore import troubles_of
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import TRIGGERS, Fault, Scenario
from onceproof.scenarios.shrink import shrink
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.stories import slug, story

SHRINK_ATTEMPTS_MAX = 2000
_BECAUSE = "found by onceproof explore"
_IDENTICAL = Guarantee.IDENTICAL_OBJECTS.value


@dataclass(frozen=True, slots=True)
class Exploration:
    """What one configuration came to within its reach."""

    row: Configuration
    reach: Reach
    searched: Searched
    logs: int


def explore(
    row: Configuration,
    reach: Reach,
    *,
    workers: int,
    checkpoint: Path | None,
    tell: Callable[[str, int, int], None],
    cuts: bool = True,
) -> Exploration:
    """Search all logs; `tell(what, done, of)` is called as the work goes on.

    Raises ScenarioError for a checkpoint of another search.
    """
    logs = list(reach.logs(row.properties))
    kept = Checkpoint(checkpoint, identity(row, reach, cuts=cuts)) if checkpoint is not None else None
    found: dict[int, Searched] = kept.load() if kept is not None else {}
    left = [number for number in range(len(logs)) if number not in found]
    tell(row.name, len(found), len(logs))
    left.reverse()  # the longest take the longest: with them first, no core waits for the last
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_with, initargs=(os.getpid(),))
    try:
        futures = {pool.submit(_search, row.properties, logs[number], reach, cuts=cuts): number for number in left}
        for future in as_completed(futures):
            number = futures[future]
            found[number] = future.result()
            if kept is not None:
                kept.add(number, found[number])
            tell(row.name, len(found), len(logs))
    except BrokenProcessPool as error:
        kept_there = f"; the same command goes on from {checkpoint}" if checkpoint is not None else ""
        raise EnvironmentFailure(f"a process of the search was killed, perhaps for its memory{kept_there}") from error
    finally:
        pool.shutdown(wait=len(found) == len(logs), cancel_futures=True)
        for process in () if len(found) == len(logs) else multiprocessing.active_children():
            process.terminate()
    searched = added(found[number] for number in range(len(logs)))
    if not searched.objects:
        raise ScenarioError(
            f"{row.name}: none of {searched.runs:,} runs completed an object, so nothing was put to the test; "
            f"--bound must be larger than {reach.records}"
        )
    return Exploration(row, reach, searched, len(logs))


def _leave_with(parent: int) -> None:
    """In a process of the pool: leave Ctrl-C to the parent, and end when it has ended, also by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _search(properties: Mapping[str, str], log: h.Log, reach: Reach, *, cuts: bool) -> Searched:
    return Search(properties, log, reach, SimulatedWorld(), cuts=cuts).search()


def added(parts: Iterator[Searched]) -> Searched:
    """The sum, in which the first witness of each kind is kept."""
    whole = Searched()
    for part in parts:
        whole.objects += part.objects
        whole.runs += part.runs
        whole.cut += part.cut
        for label, guarantees in part.verdicts.items():
            whole.verdicts.setdefault(label, set()).update(guarantees)
            whole.counts[label] = whole.counts.get(label, 0) + part.counts[label]
        for key, scenario in part.witnesses.items():
            whole.witnesses.setdefault(key, scenario)
        whole.troubles += [trouble for trouble in part.troubles if trouble not in whole.troubles]
    return whole


# --- going on --------------------------------------------------------------------------------------------------------


def identity(row: Configuration, reach: Reach, *, cuts: bool) -> str:
    """What a checkpoint belongs to: configuration, reach, and the very code that searched."""
    said = json.dumps([dict(sorted(row.properties.items())), repr(reach), cuts])
    digest = hashlib.sha256(said.encode())
    package = Path(__file__).parent
    for folder in ("sink", "model", "scenarios"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Checkpoint:
    """Finished logs, one line each; a line that a crash cut short is as if it had not been begun."""

    def __init__(self, path: Path, whose: str) -> None:
        self._path = path
        self._whose = whose

    def load(self) -> dict[int, Searched]:
        """What was finished before; raises ScenarioError if it was another search, or is no checkpoint."""
        text = self._path.read_bytes() if self._path.exists() else b""
        lines = text.split(b"\n")
        if len(lines) == 1 and _HEAD.encode().startswith(text[: len(_HEAD)]):  # new, or cut short while it was begun
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(b"")
            self._append({"onceproof explore": self._whose})
            return {}
        if _parsed(lines[0]).get("onceproof explore") != self._whose:
            raise ScenarioError(
                f"--checkpoint {self._path}: belongs to another configuration, reach or release, or is no checkpoint; "
                "name another file, or delete it to begin anew"
            )
        if lines[-1]:  # a line without an end was cut short
            os.truncate(self._path, len(text) - len(lines[-1]))
        found = {}
        for at, line in enumerate(lines[1:-1], start=2):
            try:
                data = _parsed(line)
                found[int(data["log"])] = _searched(data)
            except (KeyError, TypeError, ValueError, ScenarioError) as error:
                raise ScenarioError(
                    f"--checkpoint {self._path}: line {at} is damaged ({error!r}); delete the line to search it again"
                ) from error
        return found

    def add(self, number: int, found: Searched) -> None:
        """Keep one log's part."""
        witnesses = [[*key, files.dump(scenario)] for key, scenario in found.witnesses.items()]
        verdicts = {label: sorted(guarantees) for label, guarantees in found.verdicts.items()}
        self._append(
            {
                "log": number,
                "runs": found.runs,
                "cut": found.cut,
                "objects": found.objects,
                "verdicts": verdicts,
                "counts": found.counts,
                "witnesses": witnesses,
                "troubles": found.troubles,
            }
        )

    def _append(self, data: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(data) + "\n")
            file.flush()
            os.fsync(file.fileno())


_HEAD = '{"onceproof explore": '


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _searched(data: Mapping[str, Any]) -> Searched:
    return Searched(
        runs=data["runs"],
        cut=data["cut"],
        objects=data["objects"],
        verdicts={label: set(guarantees) for label, guarantees in data["verdicts"].items()},
        counts=data["counts"],
        witnesses={(label, guarantee): files.parse(text, "checkpoint") for label, guarantee, text in data["witnesses"]},
        troubles=data["troubles"],
    )


# --- the report ------------------------------------------------------------------------------------------------------


def report(found: list[Exploration], *, command: str, folder: Path, seconds: Mapping[str, float]) -> Report:
    """The table configuration × class of faults, with the evidence and the smallest story against each."""
    budgeted = {label for each in found for label in _single_classes(each.reach)}
    labels = sorted(budgeted.union(*(each.searched.counts for each in found)), key=_weight)
    rows = []
    for each in found:
        stories = _Stories(each, folder)
        cells = tuple(_cell(each, label, stories) for label in labels)
        note = f"{each.reach.sentence()}. Outside: {each.reach.outside()}{each.row.note}"
        rows.append(Row(each.row.name, each.row.shown(), cells, note=note))
    comparison = Comparison(
        title="Every run within reach",
        world=SimulatedWorld.name,
        world_note=SimulatedWorld.note,
        log_note=f"{_runs(found):,} distinct runs from the first record to rest, over "
        f"{sum(each.logs for each in found):,} logs; {sum(each.searched.cut for each in found):,} places cut, from "
        "which everything had been run",
        faults=tuple((label, _meaning(label)) for label in labels),
        rows=tuple(rows),
    )
    return Report(0, command, (comparison,), Measured(dict(seconds)))


def _single_classes(reach: Reach) -> Iterator[str]:
    """One of each kind of fault that the reach has: a class of which there was no run is not observed."""
    for at, most in enumerate(reach.budget):
        if most:
            yield fault_class(reach.budget, reach.budget._replace(**{reach.budget._fields[at]: most - 1}))


def _runs(found: list[Exploration]) -> int:
    return sum(each.searched.runs for each in found)


def _weight(label: str) -> tuple[int, int, str]:
    """Fewest faults first."""
    words = [] if label == "none" else label.split(", ")
    return len(words), sum(int(word.split()[0]) if word[:1].isdigit() else 1 for word in words), label


def _meaning(label: str) -> str:
    if label == "none":
        return "nothing goes wrong; polls split and clocks placed in every way"
    return f"{label.replace(', ', ' and ')}, at every place, in every order"


def _cell(each: Exploration, label: str, stories: "_Stories") -> Cell:
    searched = each.searched
    guarantees = searched.verdicts.get(label, set())
    troubles = f"; {'; '.join(searched.troubles[:3])}" if searched.troubles else ""
    found = combine(map(Guarantee, guarantees)).value if guarantees and not searched.troubles else "not observed"
    return Cell(
        guarantee=found,
        expected=each.row.expectation(label) if each.row.stated else None,
        runs=searched.counts.get(label, 0),
        evidence=f"exhaustive to {each.reach.records} records{troubles}",
        world=SimulatedWorld.name,
        story=stories.against(label) if found not in (_IDENTICAL, "not observed") else None,
    )


class _Stories:
    """The smallest story against each class of faults; where a part of its faults is enough, the story of that part."""

    def __init__(self, of: Exploration, folder: Path) -> None:
        self._of = of
        self._folder = folder
        self._told: dict[str, Story] = {}

    def against(self, label: str) -> Story:
        """The story of the weakest guarantee that a class of faults leaves."""
        witnesses = self._of.searched.witnesses
        guarantee = self._weakest(label)
        faults = Counter(_faults(witnesses[label, guarantee]))
        enough = [
            of
            for (of, left), first in witnesses.items()
            if left == guarantee == self._weakest(of) and Counter(_faults(first)) <= faults
        ]
        least = min(enough, key=_weight)
        if least not in self._told:
            self._told[least] = self._tell(least, guarantee)
        return self._told[least]

    def _weakest(self, label: str) -> str:
        """The weakest guarantee that a class of faults was left with."""
        left = [guarantee for (of, guarantee) in self._of.searched.witnesses if of == label]
        return min(left, key=[each.value for each in Guarantee].index)

    def _tell(self, label: str, guarantee: str) -> Story:
        """The first witness, made as small as it gets with the same faults."""
        first = self._of.searched.witnesses[label, guarantee]
        wanted = _faults(first)

        def shows(scenario: Scenario) -> bool:
            if _faults(scenario) != wanted:
                return False
            ran = run(scenario, SimulatedWorld())
            verdict = judge(ran.history)
            return verdict.guarantee.value == guarantee and not ran.unfired and not troubles_of(ran, verdict)

        small = shrink(first, shows, attempts_max=SHRINK_ATTEMPTS_MAX).scenario
        ran = run(small, SimulatedWorld())
        name = f"{slug(self._of.row.name)}.{slug(label)}"
        return story(ran, judge(ran.history), name=name, folder=self._folder, because=_BECAUSE)


def _faults(scenario: Scenario) -> list[str]:
    """What goes wrong; a thaw goes with its freeze."""
    faults = [step for step in scenario.course if isinstance(step, Fault) and step.kind not in TRIGGERS]
    return sorted(fault.kind if fault.kind in ("crash", "freeze") else "lost reply" for fault in faults)
