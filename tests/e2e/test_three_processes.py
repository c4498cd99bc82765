"""Three real processes on one cart at once, as two terminals and cron would be, while the shop goes on selling."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import pytest

from cartui.demo.server import RunningDemo
from tests.cli.conftest import Cartui
from tests.e2e.conftest import SYNC, Books, due, set_up, wait_until

pytestmark = pytest.mark.slow
DONE, HELD, TAKEN = 0, 4, 6


def ended(processes: list[subprocess.Popen[str]], demo: RunningDemo) -> list[int]:
    """The exit codes; the shop sells while they run."""
    for process in processes:
        out, err = _words_of(process, demo)
        assert "Traceback" not in err
        assert "locked" not in out + err
        assert "busy" not in out + err
        assert all(json.loads(line)["cart"] == "Shop" for line in out.splitlines())
    return [process.returncode for process in processes]


def _words_of(process: subprocess.Popen[str], demo: RunningDemo) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            demo.shop.tick()


def test_each_due_order_has_one_document_whoever_imports_it(cartui: Cartui, demo: RunningDemo, books: Books) -> None:
    """Rounds of three at once; each ends as done, held or taken; nothing is lost or doubled, and what moved on in the
    shop after its import says what the shop says, or is void."""
    since = set_up(cartui, demo)
    codes: list[int] = []
    for _ in range(4):
        demo.shop.tick(5)
        codes += ended([cartui.start(*SYNC) for _ in range(3)], demo)
    assert set(codes) <= {DONE, HELD, TAKEN}
    assert set(codes) & {DONE, HELD}
    assert cartui(*SYNC).code in (DONE, HELD)
    books.check()
    documents, wanted = set(books.documents()), due(demo.shop, since)
    assert wanted
    assert wanted <= documents
    now = {str(row["order_id"]): str(row["status"]) for row in demo.shop.rows("orders")}
    told = books.rows("SELECT external_id, native_status, status FROM document")
    for order_id, native_status, status in told:
        assert order_id in wanted or status == "VOID" or native_status == now[order_id]
    assert not books.held() & documents
    assert books.holder() == ""


def test_one_that_is_killed_is_followed_by_another_when_its_lease_has_run_out(
    cartui: Cartui, demo: RunningDemo, books: Books
) -> None:
    """SIGKILL within a page: the others keep away while the lease lasts, then one takes over and does the rest."""
    since = set_up(cartui, demo)
    # The first request is refused (too large a page), two pages come, the third one trickles.
    demo.shop.faults.arm("slow-drip", on="GET orders?", skip=3, pause=0.1)
    asked = demo.shop.faults.requests
    asked.clear()
    three = [cartui.start(*SYNC) for _ in range(3)]
    wait_until(lambda: sum(one.startswith("GET orders?") for one in asked) >= 4)
    pid = int(re.findall(r"pid (\d+)", books.holder())[0])
    killed = next(one for one in three if one.pid == pid)
    os.kill(pid, signal.SIGKILL)
    codes = ended(three, demo)
    assert killed.returncode == -signal.SIGKILL
    assert sorted(codes) == [-signal.SIGKILL, TAKEN, TAKEN]
    books.check()
    assert 0 < len(books.documents()) < len(due(demo.shop, since))
    late = cartui(*SYNC)
    assert late.code == TAKEN
    assert str(pid) in late.err  # who has it
    books.age_lease(117)  # of its 120 seconds: the last three are waited for
    wait_until(lambda: any(code in (DONE, HELD) for code in ended([cartui.start(*SYNC) for _ in range(3)], demo)), 60)
    assert cartui(*SYNC).code in (DONE, HELD)
    books.check()
    documents = set(books.documents())
    assert due(demo.shop, since) <= documents
    assert not books.held() & documents
