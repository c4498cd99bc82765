"""The power goes: whatever was told to a person or a shop is there afterwards, and the database opens sound.

The run's own system calls are played on a model of a disk that loses all that was not synced, or any part of it
(tests/disasters/power.py). A sample by default; `CARTUI_DISASTERS=all pytest tests/disasters/test_power_loss.py` cuts
after every call (RELIABILITY R6).
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.disasters.conftest import ALL, FlowOf
from tests.disasters.ground import FLOWS, GOOD
from tests.disasters.power import STRACE, Disk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disasters"), pytest.mark.timeout(7200)]
CUTS = 12 if ALL else 1
FEW = ("import", "start", "backup")


def content_of(files: dict[str, bytes], place: Path, name: str = "cartui.db") -> str | None:
    """A hash over all rows, after SQLite has rolled back what was half written; AssertionError where that is not sound;
    None where there is no such file."""
    for old in place.iterdir():
        old.unlink()
    for path, data in files.items():
        if Path(path).name.startswith(name):
            (place / Path(path).name).write_bytes(data)
    if not (place / name).exists():
        return None
    with closing(sqlite3.connect(place / name)) as books:
        books.execute("PRAGMA synchronous = off")
        assert books.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert books.execute("PRAGMA foreign_key_check").fetchall() == []
        return hashlib.blake2b("\n".join(books.iterdump()).encode()).hexdigest()


@pytest.mark.parametrize("name", FLOWS if ALL else FEW)
def test_what_was_told_outlasts_a_power_cut(traced: None, flow_of: FlowOf, name: str, tmp_path: Path) -> None:
    """What is found is the state at one commit, and none older than the last one before the shop or a person was told
    anything."""
    flow = flow_of(name)
    flow.put_back()
    disk = Disk(flow.home)
    assert flow.run(*STRACE).code in GOOD
    chance = Random(name)
    commits = [content_of(disk.seen(), tmp_path)]
    told = cuts = 0
    pace = 0
    for step in disk.play(flow.tracer.log):
        if step.kind in ("name", "told", "sync"):
            seen = content_of(disk.seen(), tmp_path)
            if seen != commits[-1]:
                commits.append(seen)
        if step.kind == "told":
            told = len(commits) - 1
        pace += 1
        if step.kind == "write" and not ALL and pace % 80:
            continue
        for at in [None] + [chance] * CUTS:
            cuts += 1
            found = content_of(disk.after_cut(at), tmp_path)
            assert found in commits[told:], f"lost or half written after {step}; {len(commits)} commits, {told} told"
    found = content_of(disk.after_cut(None), tmp_path)  # the run has ended
    assert found == commits[-1], "the last commit does not outlast the end of the program"
    if name == "backup":
        assert content_of(disk.after_cut(None), tmp_path, "backup.db") == found
    print(f"{name}: {cuts} power cuts, {len(commits) - 1} commits")
    assert len(commits) > 1 or name == "backup"
