"""Processes of `cartui` that need not load it anew: one process that has loaded all of it forks itself for each run.

Each run is still a process of its own, with its own arguments, environment, directory, streams and exit code; only the
imports are shared. What is about the start of the interpreter itself is tested with `python -m cartui`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

DRAWN = ("cartui.app", "cartui.screens", "cartui.widgets", "cartui.keymap", "cartui.__main__")
TIMEOUT_SECONDS = 50


class Prepared:
    """The process that forks itself; started at the first run. `close()` ends it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._ours: socket.socket | None = None

    def run(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        stdin: str,
        held: Callable[[int], None] | None = None,
    ) -> tuple[int, str, str]:
        """Exit code (negative: the signal that ended it), stdout, stderr. `held` is given the process id, of a process
        that has stopped itself (SIGSTOP) before its first own step."""
        if self._ours is None:
            self._start(env)
        assert self._ours is not None
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            order = json.dumps(
                {"words": list(words), "env": dict(env), "cwd": str(cwd), "held": held is not None}
            ).encode()
            self._ours.sendall(len(order).to_bytes(4, "big"))
            socket.send_fds(self._ours, [order[:1]], [stream.fileno() for stream in (given, out, err)])
            self._ours.sendall(order[1:])
            pid = int(self._line())
            if held is not None:
                held(pid)
            try:
                code = int(self._line())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self.close()
                raise
            return code, _text(out), _text(err)

    def close(self) -> None:
        """End the process."""
        if self._ours is not None:
            self._ours.close()
        if self._process is not None:
            self._process.wait(timeout=10)
        self._ours = self._process = None

    def _start(self, env: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(TIMEOUT_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", str(Path(__file__).resolve()), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=dict(env),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
            )

    def _line(self) -> bytes:
        assert self._ours is not None
        read = b""
        while not read.endswith(b"\n"):
            more = self._ours.recv(1)
            assert more, "the prepared process has ended"
            read += more
        return read


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def _load() -> None:
    """Import all that commands import when they need it."""
    import cartui

    for module in pkgutil.walk_packages(cartui.__path__, "cartui."):
        if not module.name.startswith((*DRAWN, "cartui.testing")):
            importlib.import_module(module.name)
    importlib.import_module("paper_cart")
    gc.freeze()


def _receive(line: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        more = line.recv(size - len(read))
        if not more:
            raise EOFError
        read += more
    return read


def serve(line: socket.socket) -> list[str]:
    """Fork for each order until the line is closed; returns in the forked process, with the arguments of its run."""
    while True:
        try:
            size = int.from_bytes(_receive(line, 4), "big")
        except EOFError:
            os._exit(0)
        first, (stdin, stdout, stderr), _, _ = socket.recv_fds(line, 1, 3)
        order = json.loads(first + _receive(line, size - 1))
        pid = os.fork()
        if not pid:
            for fd, standard in ((stdin, 0), (stdout, 1), (stderr, 2)):
                os.dup2(fd, standard)
                os.close(fd)
            line.close()
            os.environ.clear()
            os.environ.update(order["env"])
            os.chdir(order["cwd"])
            time.tzset()
            if order["held"]:
                os.kill(os.getpid(), signal.SIGSTOP)
            words: list[str] = order["words"]
            return words
        for fd in (stdin, stdout, stderr):
            os.close(fd)
        line.sendall(b"%d\n" % pid)
        line.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    sys.path.pop(0)  # this directory: not there for `python -m cartui` either
    _load()
    sys.argv = ["cartui", *serve(socket.socket(fileno=int(sys.argv[1])))]
    from cartui.cli import main

    raise SystemExit(main())
