"""What a disk may hold after a power cut: a log of system calls is played on a model that loses what was not synced.

Strict on purpose: a file's bytes last once that file is synced, a name (made, removed, renamed) once its directory is.
What is neither may be there, be missing, or be torn at any sector, whatever came first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
CALLS = (
    "openat", "close", "pwrite64", "write", "ftruncate", "fsync", "fdatasync", "unlink", "rename", "dup", "dup2",
    "fcntl", "sendto",
)  # fmt: skip
STRACE = ("-e", f"trace={','.join(CALLS)}", "-xx", "-s", "100000000")
_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

Write = tuple[int, bytes]  # at which byte, what; None for the bytes: cut off there


@dataclass
class Inode:
    """A file's bytes: as the processes see them, as they last, and what happened in between."""

    now: bytearray = field(default_factory=bytearray)
    lasting: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, at: int, data: bytes | None) -> None:
        """A write, or with None a cut."""
        apply(self.now, at, data)
        self.pending.append((at, data))

    def sync(self) -> None:
        """All of it lasts."""
        self.lasting = bytes(self.now)
        self.pending.clear()

    def after_cut(self, chance: Random | None) -> bytes:
        """What may be found; None: nothing that was not synced."""
        found = bytearray(self.lasting)
        for at, data in self.pending if chance is not None else ():
            assert chance is not None
            if data is None:
                if chance.random() < 0.5:
                    apply(found, at, None)
                continue
            for start in range(0, len(data), SECTOR):
                if chance.random() < 0.5:
                    apply(found, at + start, data[start : start + SECTOR])
        return bytes(found)


def apply(content: bytearray, at: int, data: bytes | None) -> None:
    """Write into `content`, or cut it (or lengthen it) to `at`."""
    end = at if data is None else at + len(data)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at:end] = data


@dataclass(frozen=True)
class Step:
    """What was just done: "write", "sync", "name", or "told" (the world outside, or a person, was)."""

    kind: str


class Disk:
    """The files below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, Inode] = {}
        self.lasting: dict[str, Inode] = {}
        self._later: list[dict[str, Inode]] = []  # the names after each change that is not synced yet
        self._open: dict[int, tuple[str, Inode | None]] = {}
        self._appending: set[int] = set()
        for path in root.rglob("*"):
            if path.is_file():
                inode = Inode(bytearray(path.read_bytes()))
                inode.sync()
                self.names[str(path)] = inode
        self.lasting = dict(self.names)

    def play(self, log: Path) -> Iterator[Step]:
        """Do what the log says, step by step. Paths are absolute, or relative to the directory above the root."""
        for line in log.read_text(errors="replace").splitlines():
            match = _LINE.match(line)
            if match and int(match[3]) >= 0 and (kind := self._do(match[1], match[2], int(match[3]))):
                yield Step(kind)

    def _do(self, call: str, words: str, result: int) -> str:
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(words)]
        numbers = [int(word) for word in re.findall(r"(?:^|, )(\d+)(?=,|$)", words)]
        if call == "openat":
            return self._opened(self._path(texts[0]), words, result)
        if call in ("dup", "dup2", "fcntl"):
            if numbers[0] in self._open and (call != "fcntl" or "F_DUPFD" in words):
                self._open[result] = self._open[numbers[0]]
            return ""
        if call == "close":
            self._open.pop(numbers[0], None)
            return ""
        if call == "sendto":
            return "told"
        if call in ("unlink", "rename"):
            return self._renamed([self._path(text) for text in texts])
        path, inode = self._open.get(numbers[0], ("", None))
        if call in ("fsync", "fdatasync"):
            return self._synced(path, inode)
        if inode is None:
            return "told" if call == "write" and numbers[0] in (1, 2) else ""
        if call == "ftruncate":
            inode.change(numbers[1], None)
            return "name"  # as a removal, it may be what ends a transaction
        inode.change(numbers[2] if call == "pwrite64" else len(inode.now), texts[0][:result])
        return "write"

    def _path(self, text: bytes) -> str:
        return os.path.normpath(self.root.parent / os.fsdecode(text))

    def _opened(self, path: str, words: str, result: int) -> str:
        if "O_DIRECTORY" in words or Path(path) == self.root:
            self._open[result] = (path, None)
            return ""
        if not path.startswith(f"{self.root}/"):
            return ""
        made = path not in self.names
        if made:
            self._name({**self.names, path: Inode()})
        self._open[result] = (path, self.names[path])
        if "O_TRUNC" in words:
            self.names[path].change(0, None)
        return "name" if made else ""

    def _renamed(self, paths: list[str]) -> str:
        if paths[0] not in self.names:
            return ""
        names = dict(self.names)
        inode = names.pop(paths[0])
        if len(paths) > 1:
            names[paths[1]] = inode
        self._name(names)
        return "name"

    def _name(self, names: dict[str, Inode]) -> None:
        self.names = names
        self._later.append(names)

    def _synced(self, path: str, inode: Inode | None) -> str:
        if inode is not None:
            inode.sync()
        elif path == str(self.root):
            self.lasting = dict(self.names)
            self._later.clear()
        return "sync"

    def seen(self) -> dict[str, bytes]:
        """The files as the processes see them."""
        return {path: bytes(inode.now) for path, inode in self.names.items()}

    def after_cut(self, chance: Random | None) -> dict[str, bytes]:
        """The files as they may be found after a power cut; None: all that was not synced is lost."""
        names = self.lasting
        if chance is not None and self._later and chance.random() < 0.7:
            names = chance.choice(self._later)
        return {path: inode.after_cut(chance) for path, inode in names.items()}
