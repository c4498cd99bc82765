"""All or nothing: transactions, leases, kills, forks and threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from cartui.books import Books, Lease, open_books
from cartui.domain.ids import CartId, Direction, ItemCode, RecordKind
from cartui.domain.plan import NewItem
from cartui.errors import LeaseTakenError
from tests.books.makers import START, HandClock, a_draft, a_record, an_entry


def test_an_error_takes_the_whole_transaction_back(books: Books, cart_id: CartId) -> None:
    """Documents, links, journal and cursor alike; numbers are given again."""

    def write_and_fail() -> None:
        with books.transaction():
            books.documents.add_many(cart_id, [(a_draft(), None)])
            books.records.put_many(cart_id, [a_record()])
            books.journal.append_many([an_entry(cart_id)])
            books.cursors.put(cart_id, RecordKind.ORDER, Direction.IMPORT, START)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert books.documents.count() == 0
    assert books.records.find_many(cart_id, RecordKind.ORDER, ["1"]) == {}
    assert books.journal.recent(cart_id) == []
    assert books.cursors.get(cart_id, RecordKind.ORDER) is None
    with books.transaction():
        [document_id] = books.documents.add_many(cart_id, [(a_draft(), None)])
    assert books.documents.get(document_id).number == "D000001"


def test_transactions_do_not_nest_and_writing_needs_one(books: Books, cart_id: CartId) -> None:
    """Both are bugs, and seen at once; the outer transaction then takes nothing with it."""
    with pytest.raises(RuntimeError, match="is open"), books.transaction(), books.transaction():
        pass
    with pytest.raises(RuntimeError, match=r"books\.transaction"):
        books.records.put_many(cart_id, [a_record()])
    with pytest.raises(RuntimeError, match=r"books\.transaction"):
        books.documents.add_many(cart_id, [(a_draft(), None)])
    with books.transaction():
        books.records.put_many(cart_id, [a_record()])


def test_a_lease_has_one_holder(books: Books, cart_id: CartId, clock: HandClock) -> None:
    """Until it is released, or not renewed in time."""
    lease = books.leases.take(cart_id, "ada@one", "boot-1", 60)
    assert books.leases.holder(cart_id) == "ada@one"
    with pytest.raises(LeaseTakenError, match="ada@one") as caught:
        books.leases.take(cart_id, "bob@two", "boot-2", 60)
    assert caught.value.since == START
    clock.advance(50)
    books.leases.renew(lease)
    clock.advance(50)
    with pytest.raises(LeaseTakenError):
        books.leases.take(cart_id, "bob@two", "boot-2", 60)
    books.leases.release(lease)
    assert books.leases.holder(cart_id) is None
    assert books.leases.take(cart_id, "bob@two", "boot-2", 60).token > lease.token


def test_who_lost_the_lease_writes_nothing_more(books: Books, cart_id: CartId, clock: HandClock) -> None:
    """A process that was thought dead wakes up: its renewals and its transactions are refused, its release is not."""
    old = books.leases.take(cart_id, "ada@one", "boot-1", 60)
    clock.advance(61)
    assert books.leases.holder(cart_id) is None
    new = books.leases.take(cart_id, "bob@two", "boot-2", 60)
    assert new.token > old.token
    with pytest.raises(LeaseTakenError, match="bob@two"):
        books.leases.renew(old)
    with pytest.raises(LeaseTakenError, match="bob@two"), books.transaction(lease=old):
        pytest.fail("must not get here")
    books.leases.release(old)
    with books.transaction(lease=new):
        books.records.put_many(cart_id, [a_record()])
    books.leases.release(new)
    with pytest.raises(LeaseTakenError, match="given back"):
        books.leases.renew(new)


def test_a_late_renewal_is_good_while_nobody_took_over(books: Books, cart_id: CartId, clock: HandClock) -> None:
    """A slow page is no reason to throw it away."""
    lease = books.leases.take(cart_id, "ada@one", "boot-1", 60)
    clock.advance(500)
    with books.transaction(lease=lease):
        books.leases.renew(lease)
    assert books.leases.holder(cart_id) == "ada@one"


def test_a_clock_that_was_set_back_blocks_no_cart(books: Books, cart_id: CartId, clock: HandClock) -> None:
    """A dead process's lease seems to end in an hour: it gets a minute from now. A living one renews it in time."""
    dead = books.leases.take(cart_id, "ada@one", "boot-1", 60)
    clock.advance(-3600)
    for seconds in (0, 59):
        clock.advance(seconds)
        with pytest.raises(LeaseTakenError, match="ada@one"):
            books.leases.take(cart_id, "bob@two", "boot-2", 60)
    clock.advance(2)
    alive = books.leases.take(cart_id, "bob@two", "boot-2", 60)
    assert alive.token > dead.token
    clock.advance(-3600)
    with pytest.raises(LeaseTakenError):
        books.leases.take(cart_id, "ada@one", "boot-1", 60)
    clock.advance(50)
    books.leases.renew(alive)
    clock.advance(20)
    with pytest.raises(LeaseTakenError, match="bob@two"):
        books.leases.take(cart_id, "ada@one", "boot-1", 60)


def test_only_one_of_many_takes_the_lease(books: Books, cart_id: CartId, url: str, clock: HandClock) -> None:
    """Eight at once, on connections of their own."""
    got: list[Lease] = []
    refused: list[LeaseTakenError] = []
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        try:
            got.append(books.leases.take(cart_id, "x", "x", 60))
        except LeaseTakenError as error:
            refused.append(error)
        finally:
            books.close_thread()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(got), len(refused)) == (1, 7)


def test_writers_in_two_threads_wait_for_each_other(books: Books) -> None:
    """No number is given twice, nobody sees "locked"."""
    errors: list[BaseException] = []

    def run(name: str) -> None:
        try:
            for n in range(10):
                with books.transaction():
                    books.items.add_many([NewItem(ItemCode(f"{name}{n}"), name)])
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)
        finally:
            books.close_thread()

    threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sorted(books.items.find_by_ids(range(1, 31))) == list(range(1, 31))


_IMPORT = """
    import os, signal, sys
    from datetime import UTC, datetime
    from cartui.books import open_books
    from cartui.domain.ids import Direction, RecordKind
    from cartui.domain.plan import NewCustomer
    from tests.books.makers import START, a_draft, a_record, an_entry

    books = open_books(sys.argv[1], clock=lambda: START)
    cart_id = books.carts.get("Main shop").cart_id
    left = int(sys.argv[2])
    database = books.database

    def counting(name):
        real = getattr(database, name)
        def call(*given):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given)
        setattr(database, name, call)

    for name in ("write_many", "write_sql", "sql"):
        counting(name)
    execute = database._driver.execute_sql
    def committing(sql, *given):
        if sql == "COMMIT" and left == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, *given)
    database._driver.execute_sql = committing
    with books.transaction():
        customers = books.customers.add_many([NewCustomer(email=f"{n}@x.example") for n in range(20)])
        drafts = [a_draft(str(n)) for n in range(20)]
        made = books.documents.add_many(cart_id, list(zip(drafts, customers)))
        books.records.put_many(cart_id, [a_record(str(n), our_id=one, raw=b"x" * 4000) for n, one in enumerate(made)])
        books.journal.append_many([an_entry(cart_id, str(n)) for n in range(20)])
        books.cursors.put(cart_id, RecordKind.ORDER, Direction.IMPORT, START)
    print("committed")
"""


@pytest.mark.slow
def test_a_kill_between_any_two_statements_leaves_nothing_half_written(
    books: Books, cart_id: CartId, url: str, clock: HandClock
) -> None:
    """SIGKILL before each statement of a page and before its commit: all of it is there, or none."""
    script = textwrap.dedent(_IMPORT)
    seen: list[int] = []
    for kill_at in range(1, 40):
        done = subprocess.run(
            [sys.executable, "-c", script, url, str(kill_at)], check=False, capture_output=True, text=True, cwd=_ROOT
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        page = {
            books.documents.count(cart_id),
            books.customers.count(),
            len(books.journal.recent(cart_id, 1000)),
            sum(books.records.count_by_state(cart_id).values()),
            20 if books.cursors.get(cart_id, RecordKind.ORDER) else 0,
        }
        assert page == ({20} if done.returncode == 0 else {0})
        seen.append(done.returncode)
        if done.returncode == 0:
            break
    assert seen[-1] == 0
    assert len(seen) > 6
    if not books.database.postgres:
        assert books.database.sql("PRAGMA integrity_check") == [("ok",)]
        assert books.database.sql("PRAGMA foreign_key_check") == []


_ROOT = Path(__file__).resolve().parents[2]


def test_a_forked_child_works_on_a_connection_of_its_own(books: Books, cart_id: CartId) -> None:
    """The parent's open transaction is neither seen nor ended by it."""
    reading, writing = os.pipe()
    with books.transaction():
        books.records.put_many(cart_id, [a_record()])
        child = os.fork()
        if child == 0:  # whatever happens, the child must not go on with the test run
            try:
                seen = books.records.find_many(cart_id, RecordKind.ORDER, ["1"])
                os.write(writing, b"0" if seen == {} else b"1")
                books.close_thread()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reading, 1) == b"0"
    os.close(reading)
    os.close(writing)
    assert len(books.records.find_many(cart_id, RecordKind.ORDER, ["1"])) == 1


def test_two_programs_open_an_empty_database_at_once(url: str, clock: HandClock) -> None:
    """One makes the schema, the other waits for it."""
    opened: list[Books] = []
    errors: list[BaseException] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        try:
            books = open_books(url, clock=clock, host="here")
            opened.append(books)
            books.close_thread()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(opened) == 4
