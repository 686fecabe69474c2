"""A relay between a sink in a process and its S3, which stops the process at a moment of its work that S3 can see."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536


class FreezingRelay:
    """Hands on all bytes between `endpoint` and an S3, and stops the process `pid` at a request with `at` in it.

    The request reaches S3, and its answer is held back until the process stands still: what follows in the process has
    not begun, whatever the machine is busy with. `frozen` is set then. Close it when the process is gone.
    """

    def __init__(self, s3_endpoint: str, at: bytes) -> None:
        to = urlsplit(s3_endpoint)
        assert to.hostname is not None
        assert to.port is not None
        self._s3 = to.hostname, to.port
        self._at = at
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_closed = False
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pid: int | None = None
        self.frozen = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """Take no more connections, and wait until those that are there have ended with their client."""
        self._is_closed = True
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._is_closed:
                client.close()
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        """One connection, until either end closes it."""
        is_seen = threading.Event()

        def look(told: bytes) -> None:
            if self._at in told:
                is_seen.set()

        def hold(_: bytes) -> None:
            if is_seen.is_set() and not self.frozen.is_set():
                self._freeze()

        with client, socket.create_connection(self._s3) as server:
            answers = self._start(_hand_on, server, client, hold)
            _hand_on(client, server, look)
            answers.join()

    def _freeze(self) -> None:
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)
        while _state(self.pid) != "T":
            os.sched_yield()
        self.frozen.set()


def _hand_on(source: socket.socket, target: socket.socket, before: Callable[[bytes], None]) -> None:
    """Until the source ends, hand on what it says, after `before` has seen it."""
    with suppress(OSError):
        while told := source.recv(CHUNK_BYTES):
            before(told)
            target.sendall(told)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _state(pid: int) -> str:
    """The state of a process as Linux has it: R, S, D, T (stopped), Z."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
