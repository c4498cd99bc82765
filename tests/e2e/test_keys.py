"""cartui on a real terminal, worked by keys alone: the demo from nothing to imported orders, and the ways to leave."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.e2e.conftest import Books
from tests.e2e.screen import PtyScreen

pytestmark = pytest.mark.slow
PASSED = "TEST PASSED: SUCCESSFULLY CONNECTED TO CART"
LEAVING_SECONDS = 5.0
Open = Callable[[tuple[int, int]], PtyScreen]


@pytest.fixture
def home(own_home: Path) -> Path:
    return own_home / "cartui"


@pytest.fixture
def open_demo() -> Iterator[Open]:
    """`cartui demo` on a terminal of a size."""
    opened: list[PtyScreen] = []

    def start(size: tuple[int, int]) -> PtyScreen:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}
        opened.append(PtyScreen(["cartui", "demo"], env, size))
        return opened[-1]

    yield start
    for screen in opened:
        screen.close()


def connect(screen: PtyScreen) -> None:
    """From home to a connection whose test passed, back on the tab Auto-sync."""
    screen.wait_for("Demo shop", "STOPPED")
    screen.press("enter")
    screen.wait_for("Auto-sync", "The connection was never tested.")
    check_connection(screen)


def check_connection(screen: PtyScreen) -> None:
    """Test Connection ends with these words; then back to the tab."""
    screen.press("t")
    screen.wait_for(PASSED)
    screen.press("q")
    screen.wait_until(lambda text: "Last Order from" in text and "never tested" not in text, "the tab again")


def dated(screen: PtyScreen, days: int) -> None:
    """Both dates are typed and saved."""
    at = f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d} 08:30"
    screen.press("e")
    screen.wait_for("Save", "Older orders are never imported.")
    screen.press(*at)
    screen.wait_for(at)
    screen.press("tab")
    screen.wait_for("Changes since then are looked for.")
    screen.press(*at)
    screen.wait_until(lambda text: text.count(at) == 2, "both dates")
    screen.press("ctrl+s")
    screen.wait_for("Saved.", "View")


def started(screen: PtyScreen) -> None:
    """A date far back asks for the cart's name before it starts."""
    screen.press("s")
    screen.wait_for("Start test cart Demo shop?")
    screen.press(*"Demo shop")
    screen.press("enter")
    screen.wait_for("RUNNING")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_demo_from_nothing_to_imported_orders(open_demo: Open, home: Path, size: tuple[int, int]) -> None:
    """Start is refused with every remedy; test, dates, items, start; orders appear; one is opened and adds up."""
    screen = open_demo(size)
    screen.wait_for("Demo shop", "STOPPED")
    screen.press("enter")
    screen.wait_for("The connection was never tested.")
    screen.press("s")
    refused = screen.wait_for("can't be started yet")
    plain = re.sub(r"[\s│]+", " ", refused)
    for missing, remedy in (
        ("never tested", "Press t"),
        ("Last Order from is not set", "Set it (e, then Last Order from)"),
        ("Last update time is not set", "Set it (e, then Last update time)"),
    ):
        assert missing in plain
        assert remedy in plain
    screen.press("esc")
    screen.wait_until(lambda text: "can't be started yet" not in text, "the tab without the dialog")
    check_connection(screen)
    dated(screen, 60)

    screen.press("6")
    screen.wait_for("Press l to list")
    screen.press("l")
    screen.wait_for("300 items")
    screen.send("/aqua")  # typed ahead: the letters are for the filter line, none is a key of the list
    screen.wait_until(lambda text: any(line.strip() == "aqua" for line in text.splitlines()), "the filter line")
    assert "300 marked" not in screen.text
    screen.press("esc")
    screen.wait_until(lambda text: "aqua" not in text and "300 items" in text, "the whole list")
    screen.press("esc")
    screen.wait_until(lambda text: "To the list" not in text, "the list")
    screen.press("a")
    screen.wait_for("300 marked")
    screen.press("c")
    screen.wait_for("y Apply", "Create 2")
    screen.press("y")
    screen.wait_for("Report", "Done: 2", "created")
    screen.press("q")
    screen.wait_for("[6 Items (Cart)]")

    screen.press("1")
    screen.wait_for("[1 Auto-sync]")
    started(screen)
    screen.press("2")
    listed = screen.wait_for("[2 Orders]", "D000")
    assert "DS-" in listed
    screen.press("enter")
    shown = screen.wait_for("Sales Order D", "PENDING", "Total ")
    total = re.search(r"Total +([\d.]+) +([A-Z]{3})", shown)
    assert total
    screen.press("G")
    proof = screen.wait_for("Rounding can explain")
    assert re.search(rf"total of the order +{re.escape(total.group(1))} ", proof)
    assert re.search(rf"sum of the lines +{re.escape(total.group(1))} ", proof)
    assert "add up to the total" in proof
    screen.press("q")
    screen.wait_for("[2 Orders]")
    screen.press("ctrl+q")
    assert screen.wait_end(LEAVING_SECONDS + 3) == 0
    books = Books(home / "demo")
    books.check()
    assert books.documents()
    assert books.holder() == ""
    assert b"Traceback" not in screen.raw


@pytest.fixture
def slow_cycle(open_demo: Open, home: Path) -> PtyScreen:
    """The first cycle is under way: some pages are in the books, more are to come."""
    screen = open_demo((80, 24))
    connect(screen)
    dated(screen, 100)
    started(screen)
    books = Books(home / "demo")
    ends = time.monotonic() + 30
    while not (books.documents() and books.holder()):
        assert time.monotonic() < ends, screen.text
    return screen


@pytest.mark.parametrize("way", ["hang up", "SIGHUP", "SIGTERM", "ctrl+q"])
def test_leaving_while_a_cycle_runs(slow_cycle: PtyScreen, home: Path, way: str) -> None:
    """By a dropped line, a signal or a key: gone within five seconds, whole pages only, nobody holds the lease; the
    cart stays RUNNING for the next one."""
    began = time.monotonic()
    match way:
        case "hang up":
            slow_cycle.hang_up()
        case "ctrl+q":
            slow_cycle.press("ctrl+q")
        case _:
            slow_cycle.process.send_signal(signal.Signals[way])
    code = slow_cycle.wait_end(LEAVING_SECONDS + 3)
    assert time.monotonic() - began < LEAVING_SECONDS + 1
    assert code == {"SIGTERM": 128 + signal.SIGTERM}.get(way, 0), bytes(slow_cycle.raw)[-2000:]
    books = Books(home / "demo")
    books.check()
    assert books.documents()
    assert books.holder() == ""
    assert books.rows("SELECT status FROM cart") == [("RUNNING",)]
    assert b"Traceback" not in slow_cycle.raw
