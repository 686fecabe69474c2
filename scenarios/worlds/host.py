"""A service in a process of its own, which lives as long as the process that started it and no longer.

The parent holds the only writing end of the child's standard input. When the parent ends, also by kill -9,
that end closes and the child leaves; nothing has to be cleaned up. Requests and answers are lines of JSON.

A parent that forks hands the writing end on: fork from another process than the one that holds a `Host`.
"""

import json
import subprocess
import sys
import threading
from typing import Any

from onceproof.scenarios.errors import EnvironmentFailure


class HostError(EnvironmentFailure):
    """A service process ended, or refused what it was asked."""


class Host:
    """The process of `python -m module`; `hello` is the first line it printed."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._turn = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid
        self.hello = self._answer()

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
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise HostError(f"{self.module} (process {self.pid}) ended with code {code}; its reason is above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise HostError(f"{self.module}: {answer['error']}")
        return answer
