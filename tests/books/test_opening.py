"""Where the books lie, who may read them, which schema they have, and what goes wrong with a disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest

from cartui.books import Books, BrokenInvariantError, open_books
from cartui.books.database import Database
from cartui.books.faults import verdict_on
from cartui.books.migrate import migrate, schema_number
from cartui.books.migrations import MIGRATIONS, Migration
from cartui.books.opening import journal_mode, network_filesystem, sqlite_pragmas
from cartui.domain.ids import CartId
from cartui.domain.settings import CartConnection, SyncStatus
from cartui.errors import AbortCycleError, CartuiError, NeedsOperatorError, UpgradedError
from tests.books.makers import HandClock

CONNECTION = CartConnection("memory", "https://shop.example")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "deep" / "cartui.db"


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_at(path: Path, host: str = "here") -> Books:
    return open_books(f"sqlite:///{path}", clock=HandClock(), host=host)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_only_the_owner_can_read_the_books(path: Path) -> None:
    """File and journal 0600, directory 0700, whatever the umask."""
    books = open_at(path)
    with books.transaction():
        books.cursors._db.write_sql("UPDATE counter SET next = next")
        assert {mode_of(file) for file in path.parent.iterdir()} == {0o600}
    assert mode_of(path.parent) == mode_of(path.parent.parent) == 0o700
    books.close_thread()


def test_books_that_others_could_read_are_closed_to_them(path: Path) -> None:
    """And the admin is told; a directory that others may write in is named, not changed."""
    assert open_at(path).notices == ()
    path.chmod(0o644)
    path.parent.chmod(0o777)
    told = open_at(path).notices
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o777
    assert "owner alone" in told[0]
    assert "chmod go-w" in told[1]


def test_a_connection_is_set_for_safety(path: Path) -> None:
    """Foreign keys, full synchronous writes, patience, and no WAL where SQLite has the bug."""
    books = open_at(path)
    asked = {
        name: books.database.sql(f"PRAGMA {name}")[0][0] for name in ("foreign_keys", "synchronous", "busy_timeout")
    }
    assert asked == {"foreign_keys": 1, "synchronous": 2, "busy_timeout": 15000}
    assert books.database.sql("PRAGMA journal_mode") == [(journal_mode(sqlite3.sqlite_version_info),)]
    modes = [journal_mode(version) for version in ((3, 40, 1), (3, 51, 2), (3, 51, 3))]
    assert modes == ["truncate", "truncate", "wal"]
    assert next(iter(sqlite_pragmas((3, 40, 1)))) == "busy_timeout"  # before the journal mode, which may have to wait


@pytest.mark.parametrize("url", ["mysql://x", "sqlite:books.db", "/books.db", ""])
def test_an_unknown_url_is_answered_with_the_known_kinds(url: str) -> None:
    """Word for word."""
    with pytest.raises(NeedsOperatorError, match="sqlite:////absolute/path"):
        open_books(url, clock=HandClock())


MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/with\040space rw shared:2 - nfs4 server:/x rw
31 30 0:41 / /mnt/with\040space/local rw shared:3 - ext4 /dev/sdb1 rw
32 22 0:42 / /srv rw - fuse.sshfs host:/ rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/x.db", None),
        ("/mnt/with space/x.db", "nfs4"),
        ("/mnt/with space/local/x.db", None),
        ("/srv/x.db", "fuse.sshfs"),
        ("/srvx/x.db", None),
    ],
)
def test_network_file_systems_are_recognised(path: str, kind: str | None) -> None:
    """By the innermost mount."""
    assert network_filesystem(Path(path), MOUNTS) == kind


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """The sentence names it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"Dear diary, " * 200)
    with pytest.raises(NeedsOperatorError, match="not a cartui database"):
        open_at(path)
    assert path.read_bytes().startswith(b"Dear diary")


def test_a_damaged_database_is_a_sentence(path: Path) -> None:
    """With what to do first."""
    books = open_at(path)
    books.close_thread()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(NeedsOperatorError, match="damaged"):
        open_at(path).carts.list_all()


def test_a_busy_database_is_tried_again_later(path: Path) -> None:
    """The cart stays RUNNING: nothing is wrong with it."""
    books = open_at(path)
    books.database.sql("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AbortCycleError, match="busy"), books.transaction():
        pytest.fail("must not get here")
    other.execute("ROLLBACK")
    other.close()
    with books.transaction():
        books.carts.add("Main", CONNECTION)


def test_a_full_disk_loses_nothing_and_says_so(path: Path) -> None:
    """SQLite rolls back by itself here; what was raised is still the disk, and the next transaction works."""
    books = open_at(path)
    books.database.sql("PRAGMA max_page_count = 60")
    with pytest.raises(AbortCycleError, match="full"), books.transaction():
        [books.carts.add(f"Cart {n}", CartConnection("memory", "x" * 4000)) for n in range(1000)]
    assert books.carts.list_all() == []
    books.database.sql("PRAGMA max_page_count = 100000")
    books.carts.add("Main", CONNECTION)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_taken_away_is_not_made_anew(path: Path, replaced: bool) -> None:
    """Removed or replaced under the running program: refused at the next transaction and at the next connection, with
    what to do; no empty file in its place, and the other one is left alone."""
    books = open_at(path)
    books.carts.add("Main", CONNECTION)
    path.unlink()
    if replaced:
        path.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(NeedsOperatorError, match=r"removed or replaced.*start cartui again"), books.transaction():
            pytest.fail("must not get here")
        books.close_thread()
    with pytest.raises(NeedsOperatorError, match="removed or replaced"):
        books.carts.list_all()
    assert path.exists() is replaced
    assert not replaced or path.read_bytes() == b""


def _driver_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    return error


class _PostgresError(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_driver_error(sqlite3.SQLITE_READONLY), NeedsOperatorError),
        (_driver_error(sqlite3.SQLITE_READONLY_DBMOVED), NeedsOperatorError),
        (_driver_error(sqlite3.SQLITE_CANTOPEN), NeedsOperatorError),
        (_driver_error(sqlite3.SQLITE_IOERR_FSYNC), NeedsOperatorError),
        (_driver_error(sqlite3.SQLITE_BUSY_SNAPSHOT), AbortCycleError),
        (peewee.OperationalError(_driver_error(sqlite3.SQLITE_FULL)), AbortCycleError),
        (sqlite3.IntegrityError("UNIQUE"), BrokenInvariantError),
        (_PostgresError("53100"), AbortCycleError),
        (_PostgresError("40P01"), AbortCycleError),
        (_PostgresError("57P03"), AbortCycleError),
        (_PostgresError("28P01"), NeedsOperatorError),
        (_PostgresError("25006"), NeedsOperatorError),
        (_PostgresError("23505"), BrokenInvariantError),
        (_driver_error(sqlite3.SQLITE_ERROR), type(None)),
        (_PostgresError("42601"), type(None)),
    ],
)
def test_each_fault_has_its_consequence_and_remedy(error: Exception, kind: type[BaseException]) -> None:
    """A wrong statement is a bug and stays one."""
    verdict = verdict_on(error, "books.db")
    assert type(verdict) is kind
    if isinstance(verdict, CartuiError):
        assert "books.db" in verdict.problem
        assert verdict.remedy


def test_a_schema_that_was_released_is_never_edited(tmp_path: Path, path: Path) -> None:
    """What migration 1 makes today is what it made when it was released: the checked-in dump of it."""
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as connection:
        connection.executescript(_SCHEMA_1.read_text(encoding="utf-8"))
    connection.close()
    open_at(path).close_thread()
    shapes = []
    for file in (old, path):
        with sqlite3.connect(file) as connection:
            shapes.append(
                connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY 1").fetchall()
            )
        connection.close()
    if MIGRATIONS[-1].number == 1:
        assert shapes[0] == shapes[1]


_SCHEMA_1 = Path(__file__).with_name("schema_1.sql")


def test_books_of_the_first_schema_are_brought_up_to_date(path: Path) -> None:
    """With what is in them."""
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.executescript(_SCHEMA_1.read_text(encoding="utf-8"))
    connection.close()
    books = open_at(path)
    assert schema_number(books.database) == MIGRATIONS[-1].number
    assert [cart.name for cart in books.carts.list_all()] == ["Main shop"]
    books.close_thread()


def test_steps_are_applied_once_and_in_order(books: Books) -> None:
    """Each with its number; a step that fails leaves nothing of itself."""
    last = MIGRATIONS[-1].number
    second = Migration(last + 1, "second", ["CREATE TABLE later (id {int})", "INSERT INTO later (id) VALUES (1)"])
    broken = Migration(last + 2, "broken", ["CREATE TABLE half (id {int})", "INSERT INTO nowhere VALUES (1)"])
    assert migrate(books.database, [*MIGRATIONS, second]) == [last + 1]
    assert migrate(books.database, [*MIGRATIONS, second]) == []
    with pytest.raises(peewee.PeeweeException):
        migrate(books.database, [*MIGRATIONS, second, broken])
    assert schema_number(books.database) == last + 1
    assert not books.database.has_table("half")


def test_books_of_a_newer_program_are_refused(books: Books) -> None:
    """Before anything is written, with the way out."""
    migrate(books.database, [*MIGRATIONS, Migration(99, "future", [])])
    with pytest.raises(NeedsOperatorError, match=r"newer cartui.*Upgrade"):
        migrate(books.database)


def test_copied_books_are_read_only_until_confirmed(path: Path) -> None:
    """Every cart shows STOPPED: else two machines would write to one shop."""
    original = open_at(path, "first machine")
    cart_id = original.carts.add("Main", CONNECTION).cart_id
    original.carts.set_status(cart_id, SyncStatus.RUNNING)
    original.close_thread()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    books = open_at(copy, "second machine")
    assert books.copied_from_elsewhere()
    assert books.carts.get("Main").status is SyncStatus.STOPPED
    with pytest.raises(NeedsOperatorError, match="copied"), books.transaction():
        pytest.fail("must not get here")
    with pytest.raises(NeedsOperatorError, match="copied"):
        books.leases.take(cart_id, "x", "x", 60)
    books.adopt_host()
    assert books.carts.get("Main").status is SyncStatus.STOPPED
    assert not books.copied_from_elsewhere()
    assert not open_at(copy, "second machine").copied_from_elsewhere()
    assert not open_at(path, "first machine").copied_from_elsewhere()
    assert open_at(path, "first machine").carts.get("Main").status is SyncStatus.RUNNING


@pytest.mark.slow
def test_a_postgres_server_that_is_away_is_tried_again(tmp_path: Path) -> None:
    """And its URL is shown without the password."""
    pytest.importorskip("psycopg")
    with pytest.raises(AbortCycleError, match="can't be reached") as caught:
        open_books(f"postgresql://ada:secret@/books?host={tmp_path}", clock=HandClock())
    assert "secret" not in str(caught.value)


def test_the_database_knows_its_dialect(books: Books, url: str) -> None:
    """From the URL alone."""
    assert isinstance(books.database, Database)
    assert books.database.postgres is url.startswith("postgresql")


def test_an_upgrade_under_a_running_program_is_said_as_such(books: Books, cart_id: CartId, url: str) -> None:
    """Nothing is written any more, and a table that changed its shape is no bug: both name the remedy."""
    newer = open_books(url, clock=HandClock())
    migrate(newer.database, [*MIGRATIONS, Migration(99, "future", ["ALTER TABLE cart RENAME COLUMN url TO address"])])
    newer.close_thread()
    with pytest.raises(UpgradedError, match=r"upgraded.*start it again"), books.transaction():
        pytest.fail("must not get here")
    with pytest.raises(UpgradedError, match="schema 99"):
        books.carts.get_by_id(cart_id)
