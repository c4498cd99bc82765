"""SIGKILL to a real import at any moment: the next run ends with what an undisturbed one would have."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from cartui.demo.faults import Armed
from cartui.demo.server import DemoShop, RunningDemo
from tests.cli.conftest import Cartui
from tests.e2e.conftest import SYNC, Books, due, set_up

pytestmark = pytest.mark.slow
DAYS = 16  # about 300 orders: nine pages
GOOD = (0, 4)


@contextmanager
def at_request(shop: DemoShop, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Do something when the shop gets its n-th request for orders, before it is answered."""
    taking, seen = shop.faults.take, 0

    def take(request: str) -> Armed | None:
        nonlocal seen
        seen += request.startswith("GET orders")
        if seen == number and request.startswith("GET orders"):
            act()
        return taking(request)

    shop.faults.take = take  # type: ignore[method-assign]
    try:
        yield
    finally:
        shop.faults.take = taking  # type: ignore[method-assign]


def killed_run(cartui: Cartui, shop: DemoShop, request: int, delay: float) -> int:
    """A run that is killed so many seconds after its n-th request came in; its exit code."""
    timers: list[threading.Timer] = []
    process = None

    def act() -> None:
        assert process is not None
        timers.append(threading.Timer(delay, process.send_signal, [signal.SIGKILL]))
        timers[-1].start()

    with at_request(shop, request, act):
        process = cartui.start(*SYNC)
        _, err = process.communicate(timeout=60)
    for timer in timers:
        timer.cancel()
    assert "Traceback" not in err
    return process.returncode


@pytest.fixture
def since(cartui: Cartui, demo: RunningDemo) -> datetime:
    """A RUNNING cart, and from when its orders count."""
    return set_up(cartui, demo, days=DAYS)


@pytest.fixture
def fresh(cartui: Cartui, since: datetime, tmp_path: Path) -> Callable[[], Books]:
    """Before the first import, again and again."""
    kept = tmp_path / "kept"
    shutil.copytree(cartui.home, kept)

    def afresh() -> Books:
        shutil.rmtree(cartui.home)
        shutil.copytree(kept, cartui.home)
        return Books(cartui.home)

    return afresh


def test_whenever_it_is_killed_the_rerun_ends_as_if_nothing_had_been(
    cartui: Cartui, demo: RunningDemo, fresh: Callable[[], Books]
) -> None:
    """25 moments: with a request on its way, while a page is parsed, planned, written, at its commit, at the end. The
    books are sound at once, hold whole pages only, and after the rerun are those of an undisturbed run."""
    books = fresh()
    demo.shop.faults.requests.clear()
    assert cartui(*SYNC).code in GOOD
    pages = sum(one.startswith("GET orders") for one in demo.shop.faults.requests)
    assert pages > 8
    undisturbed = books.content()
    assert len(undisturbed["document"]) > 50
    chance = Random(3)
    moments = [(number, 0.0) for number in range(1, pages + 1, 2)]
    moments += [(chance.randint(1, pages), chance.uniform(0.001, 0.06)) for _ in range(25 - len(moments))]
    killed = midway = 0
    for request, delay in moments:
        books = fresh()
        code = killed_run(cartui, demo.shop, request, delay)
        assert code in (-signal.SIGKILL, *GOOD)
        killed += code == -signal.SIGKILL
        books.check()
        content = books.content()
        midway += 0 < len(content["document"]) < len(undisturbed["document"])
        assert set(content["document"]) <= set(undisturbed["document"])
        books.age_lease(120)
        again = cartui(*SYNC)
        assert again.code in GOOD, again.err
        assert books.content() == undisturbed, (request, delay)
        books.check()
    assert killed > 20
    assert midway > 10


def test_killed_in_each_run_it_gets_there_in_the_end(
    cartui: Cartui, demo: RunningDemo, since: datetime, books: Books
) -> None:
    """One after the other dies a page later, while the shop sells: all that is due is there after the last one."""
    for number in range(1, 6):
        killed_run(cartui, demo.shop, 2 * number, 0.005 * number)
        books.check()
        books.age_lease(120)
        demo.shop.tick(3)
    assert cartui(*SYNC).code in GOOD
    books.check()
    wanted = due(demo.shop, since)
    assert wanted
    assert wanted <= set(books.documents())
