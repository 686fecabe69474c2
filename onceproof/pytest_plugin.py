"""Scenario files as tests: `pytest path/to/scenarios` replays each `*.yaml` whose first name is `onceproof:`.

It loads in every pytest of whoever has Onceproof installed, so what it needs is imported when the first scenario runs,
and other YAML files are let alone. A scenario that is as expected passes; one that is not fails, and one that could not
run is an error, each with its reasons in place of a traceback. Where the world lacks a capability the test is skipped.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from onceproof.scenarios.replay import Replay
    from onceproof.scenarios.run import World

WORLDS = ("simulated", "embedded", "container")

_FIRST_NAME = re.compile(r"""(['"]?)onceproof\1\s*:(\s|$)""")
_NO_CONTENT = re.compile(r"\s*(#.*)?$|---\s|%")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One question: in which world."""
    about = f"world in which scenarios run: {', '.join(WORLDS)}"
    parser.getgroup("onceproof").addoption(
        "--onceproof-world", choices=WORLDS, help=f"{about} (onceproof_world of the ini file, else simulated)"
    )
    parser.addini("onceproof_world", about, default="simulated")


def pytest_configure(config: pytest.Config) -> None:
    """One world for the session, made by the first scenario and closed at the end."""
    given = config.getoption("onceproof_world") or config.getini("onceproof_world")
    if given not in WORLDS:
        raise pytest.UsageError(f"onceproof_world: {given!r} is no world; worlds are {', '.join(WORLDS)}")
    shared = config.stash[_SHARED] = SharedWorld(given)
    config.add_cleanup(shared.close)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Take scenario files and no others."""
    if file_path.suffix == ".yaml" and is_scenario(file_path):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def is_scenario(path: Path) -> bool:
    """Whether the first name in a YAML file is `onceproof`; reads no further than that."""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        first = next((line for line in lines if not _NO_CONTENT.match(line)), "")
    return _FIRST_NAME.match(first) is not None


class SharedWorld:
    """The world of a session. One that cannot be had is asked for once, and its reason kept."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: World | None = None
        self._refused: str | None = None
        self._open = ExitStack()

    def get(self) -> "World":
        """The world; pytest.fail if it cannot be had."""
        from onceproof.replaying import world_named  # noqa: PLC0415 - heavy
        from onceproof.scenarios.errors import EnvironmentFailure  # noqa: PLC0415 - heavy

        if self._made is None and self._refused is None:
            try:
                self._made = self._open.enter_context(world_named(self._name))
            except EnvironmentFailure as error:
                self._refused = f"the {self._name} world cannot be had: {error}"
        if self._made is None:
            pytest.fail(str(self._refused), pytrace=False)
        return self._made

    def close(self) -> None:
        """Give it back, if it was ever made."""
        self._open.close()


_SHARED = pytest.StashKey[SharedWorld]()


class ScenarioFile(pytest.File):
    """One file, one test."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """The test; the file is read when it runs, so a broken one fails alone."""
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    """One replay: to run it is the set-up, to compare it with what was expected is the test."""

    _done: "Replay | None" = None

    def setup(self) -> None:
        """Run it; what could not run is skipped (the world lacks something) or an error (anything else)."""
        from onceproof.scenarios.replay import replay  # noqa: PLC0415 - heavy

        done = self._done = replay(self._shown_path(), self.config.stash[_SHARED].get())
        if done.missing_capability is not None:
            pytest.skip(done.differences[0])
        if done.outcome == "could not run":
            pytest.fail(_told(done), pytrace=False)

    def runtest(self) -> None:
        """Fail with each difference."""
        assert self._done is not None
        if self._done.outcome != "as expected":
            pytest.fail(_told(self._done), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """What heads the failure."""
        return self.path, None, f"scenario {self.name}"

    def _shown_path(self) -> Path:
        """Relative to where pytest was started, as its user would type it."""
        started = self.config.invocation_params.dir
        return Path(os.path.relpath(self.path, started)) if self.path.is_relative_to(started) else self.path


def _told(done: "Replay") -> str:
    """Reasons, the first one first, since pytest's summary shows one line; then the line that reproduces it."""
    return "\n".join([*done.differences, f"Reproduce with: {done.command}"])
