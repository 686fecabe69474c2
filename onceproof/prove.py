"""`onceproof prove`: each configuration under each class of faults, in small worlds and on a real log."""

import multiprocessing
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from onceproof.model import history as h
from onceproof.model.judge import Verdict, judge
from onceproof.model.settings import OutsideDomain
from onceproof.reports.collect import Cell, Comparison, Measured, Report, Row, Story
from onceproof.scenarios import logs, replay
from onceproof.scenarios.configurations import CONFIGURATIONS, FAULTS, FLIGHTS, USER_FAULTS, Configuration
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.explore import Bound, Finding, calm, explore, troubles_of
from onceproof.scenarios.operation import Pace, crashed, operation
from onceproof.scenarios.resets import require_earliest
from onceproof.scenarios.run import Run, World, run
from onceproof.scenarios.scenario import Scenario
from onceproof.scenarios.suitability import Unsuitable, require_suitable
from onceproof.scenarios.worlds import process
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.stories import slug, story

REAL_FAULTS: Mapping[str, str] = {
    "none": "nothing goes wrong",
    "crash": "three kill -9 at cuts drawn from the seed, one of them before a commit that several files wait for",
}
_BECAUSE = "found by onceproof prove"
_START_MS = 1_360_000_000_000
"""The scripted wall clock at the beginning of a real log's run: 2013-02-04T17:46:40Z."""


class RealLog(NamedTuple):
    """A log that is read in day-to-day operation: how a file says it, and a sentence for people."""

    log: h.Log
    origin: Mapping[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class Order:
    """What to prove. `worlds` are names; `configurations` are the built-in ones, or the user's."""

    worlds: tuple[str, ...]
    configurations: tuple[Configuration, ...]
    real_configurations: tuple[Configuration, ...]
    faults: Mapping[str, str]
    log: RealLog | None
    """None where no world reads one."""
    seed: int
    command: str
    folder: Path


def flights_log() -> RealLog:
    """January 2013, which fits the embedded broker."""
    log = logs.flights(range(1, 2))
    origin = {"topic": "flights", "flights": {"months": [1], "partitions": 4}}
    return RealLog(log, origin, f"departures from New York: {logs.describe(log)}")


def jsonl_log(path: Path, timestamp_field: str, key_field: str | None, folder: Path) -> RealLog:
    """A user's own log, as one partition; stories in `folder` name it by its path from there."""
    log = logs.jsonl(path, timestamp_field=timestamp_field, key_field=key_field)
    part = {"file": os.path.relpath(path, folder / "scenarios"), "timestamp_field": timestamp_field}
    part |= {"key_field": key_field} if key_field else {}
    return RealLog(log, {"topic": "t", "jsonl": part}, f"{path.name}: {logs.describe(log)}")


def require_answerable(order: Order) -> None:
    """Return if each configuration can be asked about its logs; raises ScenarioError or OutsideDomain with the reason.

    Nothing was run then but one small log for each.
    """
    for row in order.configurations if SimulatedWorld.name in order.worlds else ():
        _require_small(row)
    if {*order.worlds} != {SimulatedWorld.name} and order.log is not None:
        for row in order.real_configurations:
            _require_real(row, order.log)


def without_the_real_log(order: Order) -> tuple[Order, str]:
    """The order for the simulated world alone, and why, where a configuration cannot read or place the real log."""
    if order.log is None:
        return order, ""
    try:
        for row in order.real_configurations:
            _require_real(row, order.log)
    except ScenarioError as error:
        worlds = (SimulatedWorld.name,)
        return replace(order, worlds=worlds, real_configurations=(), log=None), str(error)
    return order, ""


def _require_small(row: Configuration) -> None:
    """A small log that was made for the configuration must be stored, or be left out, without an end of the sink."""
    require_earliest(row.name, row.properties)
    ran = run(calm(row.properties, row.bound("none")), SimulatedWorld())
    try:
        judge(ran.history)
    except OutsideDomain as error:
        raise OutsideDomain(f"{row.name}: {error}") from error
    if ran.state != "stopped":
        reasons = [event.detail for event in ran.history.events if isinstance(event, h.Ended) and event.detail]
        reason = reasons[0] if reasons else ran.state
        raise ScenarioError(f"{row.name}: the sink stores no log, even one that was made for it: {reason}")


def _require_real(row: Configuration, log: RealLog) -> None:
    try:
        require_suitable(row.properties, log.log)
    except Unsuitable as error:
        keys = " with `--key-field`" if str(error).startswith("store.kafka.keys=") else ""
        advice = f"`--world simulated` makes logs that fit, or give one that does: `--log FILE.jsonl`{keys}"
        raise ScenarioError(f"{row.name}: {error}. {advice}") from error
    except OutsideDomain as error:
        raise OutsideDomain(f"{row.name}: {error}") from error


def prove(order: Order, tell: Callable[[str, int, int], None]) -> Report:
    """Fill every table; `tell(what, done, of)` is called as the work goes on.

    Raises EnvironmentFailure if a world cannot be had, Incapable if it cannot hold the log.
    """
    real = [name for name in order.worlds if name != "simulated"]
    small = (
        [(row, fault) for row in order.configurations for fault in order.faults] if "simulated" in order.worlds else []
    )
    total = len(small) + len(real) * len(order.real_configurations) * len(REAL_FAULTS)
    progress = _Progress(total, tell)
    comparisons: list[Comparison] = []
    measured: dict[str, Any] = {}
    context = multiprocessing.get_context("spawn")  # a forked worker would share the clients of the real worlds
    with ProcessPoolExecutor(2 if not real else 1, mp_context=context) as pool:
        futures = [pool.submit(_explore, row, fault) for row, fault in small]
        for future in futures:
            future.add_done_callback(lambda _: progress.step("small worlds"))
        real_tables = [_real_table(name, order, progress, measured) for name in real]
        found = [future.result() for future in futures]
    if small:
        comparisons.append(_small_table(order, found))
        measured["simulated seconds"] = round(sum(seconds for _, seconds in found), 2)
        measured["simulated runs"] = sum(finding.runs for finding, _ in found)
    comparisons += real_tables
    return Report(order.seed, order.command, tuple(comparisons), Measured(measured))


class _Progress:
    """Counts cells, whichever process finishes them."""

    def __init__(self, total: int, tell: Callable[[str, int, int], None]) -> None:
        self._total = total
        self._done = 0
        self._tell = tell

    def step(self, what: str) -> None:
        self._done += 1
        self._tell(what, self._done, self._total)

    def doing(self, what: str) -> None:
        self._tell(what, self._done, self._total)


# --- small worlds ----------------------------------------------------------------------------------------------------


def _explore(row: Configuration, fault: str) -> tuple[Finding, float]:
    """One cell, in a worker process; seconds for the record."""
    began_s = monotonic()
    return explore(row.properties, fault, row.bound(fault), SimulatedWorld()), monotonic() - began_s


def _small_table(order: Order, found: Sequence[tuple[Finding, float]]) -> Comparison:
    cells = iter(found)
    rows = [
        Row(
            row.name,
            row.shown(),
            tuple(_small_cell(order, row, fault, next(cells)[0]) for fault in order.faults),
            note=f"{_widest(row, order.faults).steps()}{row.note}",
        )
        for row in order.configurations
    ]
    return Comparison(
        title="Every small world",
        world=SimulatedWorld.name,
        world_note=SimulatedWorld.note,
        log_note="every log, poll split and place of the fault up to the bound that rows and cells name; offsets are "
        "committed after every poll, or only at the end",
        faults=tuple(order.faults.items()),
        rows=tuple(rows),
    )


def _widest(row: Configuration, faults: Mapping[str, str]) -> Bound:
    """The bound that most cells of a row have; a cell with another names its own."""
    return row.bound(next(iter(faults)))


def _small_cell(order: Order, row: Configuration, fault: str, finding: Finding) -> Cell:
    """A cell whose search ran nothing, or left something stuck, has no verdict: that is never as expected."""
    bound = row.bound(fault)
    found = finding.guarantee.value if finding.runs and not finding.troubles else "not observed"
    troubles = f"; {', '.join(finding.troubles)}" if finding.troubles else ""
    told = None
    own = "" if bound.steps() == _widest(row, order.faults).steps() else f", {bound.steps()}"
    if finding.witness is not None:
        told = _story(order, f"{slug(row.name)}.{slug(fault)}", *finding.witness)
    return Cell(
        guarantee=found,
        expected=row.expectation(fault),
        runs=finding.runs,
        evidence=f"{bound.size()}{own}{troubles}",
        world=SimulatedWorld.name,
        story=told,
    )


# --- a real log ------------------------------------------------------------------------------------------------------


def _real_table(name: str, order: Order, progress: _Progress, measured: dict[str, Any]) -> Comparison:
    with process.BY_NAME[name]() as world:
        rows = []
        for row in order.real_configurations:
            cells = []
            for fault, cell, seconds in _real_cells(row, order, world, progress):
                measured[f"{name} | {row.name} | {fault} | seconds"] = round(seconds, 2)
                cells.append(cell)
            rows.append(Row(row.name, row.shown(), tuple(cells)))
    return Comparison(
        title="A real log, day by day",
        world=name,
        world_note=world.note,
        log_note=order.log.note if order.log else "",
        faults=tuple(REAL_FAULTS.items()),
        rows=tuple(rows),
    )


def _real_cells(
    row: Configuration, order: Order, world: World, progress: _Progress
) -> Iterator[tuple[str, Cell, float]]:
    """The cells of one configuration: a calm run, and what the seed makes of it."""
    assert order.log is not None
    longest = max(map(len, order.log.log.values()), default=0)
    pace = Pace(poll=max(1, min(500, longest // 4)), clock_step_ms=row.real_clock_step_ms, commit_each=8)
    calm = None
    for fault in REAL_FAULTS:
        progress.doing(f"{world.name}: {row.name}, {fault}")
        began_s = monotonic()
        draw = random.Random(f"{order.seed} {row.name} {fault}")  # noqa: S311 - reproducible on purpose
        scenario: Scenario | None
        if calm is None:
            scenario = operation(
                slug(row.name), row.properties, order.log.log, order.log.origin, pace, start_ms=_START_MS
            )
            ran = calm = run(scenario, world)
        elif (scenario := crashed(calm, draw, 3)) is not None:
            ran = run(scenario, world)
        else:
            ran = calm
        cell = _real_cell(order, row, fault, world.name, ran, judge(ran.history))
        progress.step(f"{world.name}: {row.name}, {fault}")
        yield fault, cell, monotonic() - began_s


def _real_cell(order: Order, row: Configuration, fault: str, world: str, ran: Run, verdict: Verdict) -> Cell:
    trouble = [*replay.proves_nothing(ran), *troubles_of(ran, verdict)]
    objects = len({version.key for version in ran.history.versions})
    name = f"{slug(row.name)}.{slug(fault)}.{world}"
    refuted = verdict.guarantee.value != "identical objects"
    return Cell(
        guarantee="not observed" if trouble or not objects else verdict.guarantee.value,
        expected=row.expectation(fault),
        runs=1,
        evidence="; ".join([f"1 run, {objects} objects", *dict.fromkeys(trouble)]),
        world=world,
        story=_story(order, name, ran, verdict) if refuted else None,
    )


def _story(order: Order, name: str, ran: Run, verdict: Verdict) -> Story:
    return story(ran, verdict, name=name, folder=order.folder, because=_BECAUSE, seed=order.seed)


def built_in(worlds: tuple[str, ...], log: RealLog | None, seed: int, command: str, folder: Path) -> Order:
    """The order of a plain `onceproof prove`."""
    return Order(worlds, CONFIGURATIONS, FLIGHTS, FAULTS, log, seed, command, folder)


def of_users(order: Order, rows: Sequence[Configuration], real_rows: Sequence[Configuration]) -> Order:
    """The same order for a user's own configurations, in small worlds and on the real log."""
    return replace(order, configurations=tuple(rows), real_configurations=tuple(real_rows), faults=USER_FAULTS)
