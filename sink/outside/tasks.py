"""Several tasks of one sink: as many processes, each a member of the consumer group.

A task that fails is told at once, and the others go on with its partitions, as in Kafka Connect. Tasks end when the
process that started them ends, whichever way: each watches its standard input, which that process holds.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from onceproof.sink.ports import Reporter

WATCH_S = 0.1
"""Between two looks at the tasks."""

ORPHAN_S = 30.0
"""How long a task whose parent is gone may take for its orderly end."""


class Tasks:
    """Processes that run `command`, each with its number behind it."""

    def __init__(self, command: Sequence[str], count: int, report: Reporter) -> None:
        self._report = report
        self._is_stopping = False
        self._tasks: dict[int, subprocess.Popen[bytes]] = {}
        self._codes: dict[int, int] = {}
        try:
            for number in range(count):
                self._tasks[number] = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    [*command, str(number)], stdin=subprocess.PIPE
                )
        except BaseException:
            self.stop()
            raise

    @property
    def pids(self) -> dict[int, int]:
        """Process ids by number, of all tasks."""
        return {number: task.pid for number, task in self._tasks.items()}

    def stop(self) -> None:
        """Ask all tasks for an orderly end; safe in a signal handler."""
        self._is_stopping = True
        for task in self._tasks.values():
            task.terminate()

    def run(self) -> dict[int, int]:
        """Wait for all tasks; returns their exit codes by number."""
        while len(self._codes) < len(self._tasks):
            for number, task in self._tasks.items():
                if number not in self._codes and (code := task.poll()) is not None:
                    self._ended(number, code)
            time.sleep(WATCH_S)
        return dict(self._codes)

    def _ended(self, number: int, code: int) -> None:
        """A task that the request to stop has killed, because it was not listening yet, has done what it was told."""
        code = 0 if code < 0 and self._is_stopping else code
        self._codes[number] = code
        stdin = self._tasks[number].stdin
        assert stdin is not None
        stdin.close()
        if code:
            left = len(self._tasks) - len(self._codes)
            others = f"; {left} of {len(self._tasks)} tasks go on" if left else ""
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            self._report("error", f"task {number} failed ({how}){others}")


def command(arguments: Sequence[str]) -> list[str]:
    """How one task is started; its number comes behind it."""
    return [sys.executable, "-m", "onceproof", *arguments, "--task"]


def exit_code(codes: Sequence[int]) -> int:
    """0 if all tasks ended in order; what all of them say if they agree, as where the bucket is missing; else 1."""
    found = set(codes)
    return found.pop() if len(found) == 1 and min(found) >= 0 else 1


def end_with_parent(stop: Callable[[], object], *, leave: Callable[[int], object] = os._exit) -> None:
    """Call `stop` when standard input ends, and leave if the end takes too long."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):  # not through sys.stdin: its lock would be held when the process ends
            pass
        stop()
        time.sleep(ORPHAN_S)
        leave(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
