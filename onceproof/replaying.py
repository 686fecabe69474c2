"""Run scenario files and compare with what they expect: as expected, not as expected, or could not run."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from onceproof.model import jsonlines
from onceproof.reports.collect import Story
from onceproof.reports.story import tell
from onceproof.scenarios.replay import Replay, replay, scenario_files
from onceproof.scenarios.run import World
from onceproof.scenarios.worlds import process
from onceproof.scenarios.worlds.simulated import SimulatedWorld

_MARKS = {"as expected": ("ok ", "green"), "not as expected": ("NO ", "red"), "could not run": ("-- ", "yellow")}


@contextmanager
def world_named(name: str) -> Iterator[World]:
    """The world of that name, closed afterwards; raises EnvironmentFailure if it cannot be had."""
    if name == "simulated":
        yield SimulatedWorld()
        return
    with process.BY_NAME[name]() as world:
        yield world


def replay_all(
    paths: Iterable[Path], world_name: str, *, as_json: bool, histories: Path | None, console: Console
) -> int:
    """Replay files and folders; returns the exit code: 1 if any was not as expected, else 2 if any could not run.

    A file whose world lacks a capability is named, and is no failure as long as another file could run.
    """
    found = scenario_files(paths)
    replays = []
    with world_named(world_name) as world:
        for path in found:
            done = replay(path, world)
            replays.append(done)
            if histories is not None and done.run is not None:
                histories.mkdir(parents=True, exist_ok=True)
                jsonlines.write(done.run.history, histories / f"{path.stem}.jsonl")
            if not as_json:
                _print(done, console)
    if as_json:
        print(json.dumps([_machine(done) for done in replays], indent=2))  # noqa: T201 - the command's output
    else:
        console.print(_summary(replays), soft_wrap=True)
    return exit_code(replays)


def exit_code(replays: Iterable[Replay]) -> int:
    """0 all as expected, 1 some not, 2 some could not run for another reason than what their world lacks."""
    replays = list(replays)
    if any(done.outcome == "not as expected" for done in replays):
        return 1
    if any(done.outcome == "could not run" and done.missing_capability is None for done in replays):
        return 2
    return 0 if any(done.outcome == "as expected" for done in replays) else 2


def _print(done: Replay, console: Console) -> None:
    mark, style = _MARKS[done.outcome]
    console.print(Text.assemble((mark, style), f"{done.outcome}: {done.path}"), soft_wrap=True)
    for warning in done.warnings:
        console.print(Text(f"      warning: {warning}"), soft_wrap=True)
    for difference in done.differences:
        console.print(Text(f"      {difference}"), soft_wrap=True)
    if done.outcome == "not as expected":
        if done.run is not None and done.verdict is not None:
            story = Story(done.path.stem, "", "", done.command, done.run.history, done.verdict)
            console.print(Text(f"      what happened: {tell(story).paragraph}"), soft_wrap=True)
        console.print(Text(f"      reproduce with: {done.command}"), soft_wrap=True)


def _summary(replays: list[Replay]) -> str:
    counts = Counter[str](done.outcome for done in replays)
    world = replays[0].world
    parts = [f"{counts[outcome]} {outcome}" for outcome in _MARKS if counts[outcome]]
    return f"{', '.join(parts)}, in the {world} world"


def _machine(done: Replay) -> dict[str, object]:
    return {
        "file": str(done.path),
        "world": done.world,
        "outcome": done.outcome,
        "guarantee": done.verdict.guarantee.value if done.verdict else None,
        "differences": list(done.differences),
        "warnings": list(done.warnings),
        "missing_capability": done.missing_capability,
        "reproduce": done.command,
    }
