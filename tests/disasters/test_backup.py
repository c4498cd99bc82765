"""A backup is the database of one moment, whatever is written meanwhile; what is restored goes on from there.

Three under load by default; `CARTUI_DISASTERS=all pytest tests/disasters/test_backup.py` makes a hundred
(RELIABILITY R17).
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cartui.books import open_books
from cartui.books.backup import back_up
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewItem
from cartui.errors import NeedsOperatorError
from tests.disasters.conftest import ALL, FlowOf
from tests.disasters.ground import GOOD, check_sound, tables

BACKUPS = 100 if ALL else 3
AT_ONCE = 7  # items a transaction


@contextmanager
def busy(url: str) -> Iterator[list[BaseException]]:
    """Somebody writes without end, so many items at once, numbered."""
    ending = threading.Event()
    errors: list[BaseException] = []

    def write() -> None:
        books = open_books(url, clock=lambda: datetime.now(UTC))
        number = 0
        try:
            while not ending.is_set():
                with books.transaction():
                    names = [f"{number + one:06}" for one in range(AT_ONCE)]
                    books.items.add_many([NewItem(ItemCode(name), f"Thing {name}" * 9) for name in names])
                number += AT_ONCE
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)
        finally:
            books.close_thread()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield errors
    finally:
        ending.set()
        thread.join(60)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_backup_under_load_is_the_database_of_one_moment(tmp_path: Path) -> None:
    """Sound, with all transactions up to one of them, whole; a later one has no fewer rows; the writer never fails."""
    path, target = tmp_path / "cartui.db", tmp_path / "kept" / "backup.db"
    target.parent.mkdir()
    url = f"sqlite:///{path}"
    open_books(url, clock=lambda: datetime.now(UTC)).close_thread()
    seen = []
    with busy(url) as errors:
        for _ in range(BACKUPS):
            assert back_up(url, target) == target.stat().st_size
            with closing(sqlite3.connect(target)) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                rows = copy.execute("SELECT code, name FROM item WHERE NOT is_default ORDER BY id").fetchall()
            assert len(rows) % AT_ONCE == 0
            assert rows == [(f"{n:06}", f"Thing {n:06}" * 9) for n in range(len(rows))]
            seen.append(len(rows))
    assert errors == []
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]
    assert [one.name for one in target.parent.iterdir()] == ["backup.db"]
    assert target.stat().st_mode & 0o777 == 0o600
    print(f"{len(seen)} backups while {seen[-1]} rows were written")


@pytest.mark.slow
@pytest.mark.xdist_group("disasters")
def test_what_is_restored_goes_on_from_there(traced: None, flow_of: FlowOf, tmp_path: Path) -> None:
    """Backed up before an import, restored after it: the next round brings what was lost, once."""
    flow = flow_of("import")
    flow.put_back()
    kept = tmp_path / "backup.db"
    assert flow.tracer.run("backup", str(kept)).code == 0
    assert tables(kept) == tables(flow.home / "cartui.db")
    assert flow.run().code in GOOD
    shutil.copy(kept, flow.home / "cartui.db")
    assert flow.content() != flow.expected
    flow.complete()
    check_sound(flow)
    assert flow.content() == flow.expected


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'cartui.db'}"
    open_books(url, clock=lambda: datetime.now(UTC)).close_thread()
    return url


def test_an_earlier_backup_is_replaced_and_nothing_else(source: str, tmp_path: Path) -> None:
    """Another file, a directory, the database itself: left alone, with what to do instead."""
    target = tmp_path / "backup.db"
    assert back_up(source, target) == back_up(source, target)
    for place, words in (
        (tmp_path, "is a directory"),
        (tmp_path / "cartui.db", "the database itself"),
        (tmp_path / "nowhere" / "backup.db", "no directory"),
        (Path(__file__), "is no backup"),
    ):
        with pytest.raises(NeedsOperatorError, match=words) as refused:
            back_up(source, place)
        assert refused.value.remedy
    with pytest.raises(NeedsOperatorError, match="pg_dump"):
        back_up("postgresql://ada@host/books", target)


def test_a_damaged_database_replaces_no_backup(source: str, tmp_path: Path) -> None:
    """The good one of before stays, and nothing half made lies beside it."""
    target = tmp_path / "backup.db"
    back_up(source, target)
    good = target.read_bytes()
    path = tmp_path / "cartui.db"
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 9 * 4096] = b"\xff" * 6 * 4096
    path.write_bytes(content)
    with pytest.raises(NeedsOperatorError, match="damaged") as refused:
        back_up(source, target)
    assert "earlier backup" in refused.value.remedy
    assert target.read_bytes() == good
    assert not [one.name for one in tmp_path.iterdir() if "backup" in one.name and one != target]
