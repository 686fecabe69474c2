"""A service in a process of its own, which lives as long as the process that started it and no longer.

The parent holds the only writing end of the child's standard input. When the parent ends, also by kill -9,
that end closes and the child leaves; nothing has to be cleaned up. Requests and answers are lines of JSON.

A parent that forks hands the writing end on: fork from another process than the one that holds a `Host`.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import wait
from time import monotonic
from typing import Any

from onceproof.scenarios.errors import EnvironmentFailure

ANSWER_S = 60.0
"""How long a service may take to start, or to answer."""


class HostError(EnvironmentFailure):
    """A service process ended, did not answer in time, or refused what it was asked."""


class Host:
    """The process of `python -m module`; `hello` is the first line it printed."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._turn = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid
        self._read = b""
        try:
            self.hello = self._answer()
        except HostError:
            self.close()
            raise

    def ask(self, **request: Any) -> dict[str, Any]:
        """Answer of the service to `request`; raises HostError with the service's reason if it refuses."""
        assert self._process.stdin is not None
        with self._turn:
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            except (OSError, ValueError) as error:
                raise HostError(f"{self.module} (process {self.pid}) is gone: {error}") from error
            return self._answer()

    def close(self) -> None:
        """End the process; a second call does nothing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):  # of a process that is gone: what it was asked last
            self._process.stdin.close()
        self._end_within(5)
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._line())
        if "error" in answer:
            raise HostError(f"{self.module}: {answer['error']}")
        return answer

    def _line(self) -> bytes:
        """The next line of the service; one that gives none in time is ended, since it would answer out of turn."""
        assert self._process.stdout is not None
        deadline_s = monotonic() + ANSWER_S
        while b"\n" not in self._read:
            if not wait([self._process.stdout.fileno()], max(0.0, deadline_s - monotonic())):
                self._end_within(0)
                raise HostError(f"{self.module} (process {self.pid}) did not answer within {ANSWER_S:.0f} s")
            read = os.read(self._process.stdout.fileno(), 65_536)
            if not read:
                code = self._end_within(5)
                raise HostError(f"{self.module} (process {self.pid}) ended with code {code}; its reason is above")
            self._read += read
        line, _, self._read = self._read.partition(b"\n")
        return line

    def _end_within(self, limit_s: float) -> int:
        """Wait for the process to leave by itself, then end it; returns its exit code."""
        try:
            return self._process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
