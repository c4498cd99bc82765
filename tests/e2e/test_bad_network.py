"""A bad network, a bad shop, a bad disk: a sentence with its remedy; nothing is lost or doubled."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cartui.demo.server import RunningDemo
from tests.cli.conftest import Cartui, Ran
from tests.e2e.conftest import CART, PAGE_ROWS, SYNC, Books, due, served, set_up

pytestmark = pytest.mark.slow
AWAY, SETTINGS, REFUSED = 5, 2, 3
GOOD = (0, 4)


@dataclass
class Ground:
    """A RUNNING cart before its first import; orders of some days, on a few pages."""

    demo: RunningDemo
    home: Path
    since: datetime


@pytest.fixture(scope="module")
def ground(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    place = tmp_path_factory.mktemp("bad")
    with served(seeded_file, place) as demo:
        runner = Cartui(place / "data")
        yield Ground(demo, runner.home, set_up(runner, demo, days=12))


@pytest.fixture
def cartui(ground: Ground, tmp_path: Path) -> Iterator[Cartui]:
    runner = Cartui(tmp_path / "data")
    runner.env["SHOP_PASSWORD"] = ground.demo.password
    shutil.copytree(ground.home, runner.home)
    yield runner
    ground.demo.shop.faults.disarm()


def check_told(ran: Ran, code: int, words: str) -> None:
    """The exit code; on stderr a line for the cart: what happened, and what to do."""
    assert ran.code == code, ran.err
    assert words in ran.err
    told = ran.err.strip().splitlines()
    assert len(told) <= 2, ran.err
    assert 2 <= told[-1].count(". ") + told[-1].endswith(".") <= 6, told[-1]
    assert "Traceback" not in ran.err
    if ran.out:
        (row,) = ran.rows
        assert row["exit_code"] == code
        assert row["problem"]
        assert row.get("remedy") or code in (SETTINGS, 1) or row["result"] == "failed"


def check_caught_up(cartui: Cartui, ground: Ground, books: Books) -> None:
    """After the fault: the next run does the rest; a further one finds nothing to do."""
    books.check()
    before = set(books.documents())
    if cartui("carts", "--json").rows[0]["status"] == "STOPPED":  # a person starts it again
        assert cartui("start", CART, "--confirm", CART).code == 0
    ran = cartui(*SYNC)
    assert ran.code in GOOD, ran.err
    books.check()
    documents = books.documents()
    wanted = due(ground.demo.shop, ground.since)
    assert before < set(documents) or before == wanted
    assert len(wanted) > FEW
    assert set(documents) == wanted
    assert cartui(*SYNC).rows[0]["counts"]["orders"]["created"] == 0
    assert books.documents() == documents


FEW = 20
LATER_PAGE = {"on": "GET orders?", "times": 99, "skip": 4}  # the first is refused: it asks for too large a page


@pytest.mark.parametrize(
    ("fault", "options", "code", "words"),
    [
        ("429", {"retry_after": "3600"}, AWAY, "fewer requests"),
        ("429-no-retry-after", {}, AWAY, "fewer requests"),
        ("500", {}, AWAY, "status 500"),
        ("503", {"retry_after": "Fri, 31 Dec 2100 23:59:59 GMT"}, AWAY, "not available"),
        ("html", {}, AWAY, "web page instead of data"),
        ("half-json", {}, AWAY, ""),
        ("php-notice", {}, AWAY, ""),
        ("cut", {}, AWAY, "broke the connection off"),
        ("lost-request", {}, AWAY, "broke the connection off"),
        ("redirect", {"location": "http://127.0.0.2:9/elsewhere"}, SETTINGS, "redirect"),
        ("401", {}, REFUSED, "password"),
        ("403", {}, REFUSED, "does not allow"),
        ("stale-page", {}, AWAY, ""),
        ("empty-page", {}, AWAY, "sent"),
    ],
)
def test_a_fault_on_a_later_page(
    cartui: Cartui, ground: Ground, books: Books, fault: str, options: dict[str, str], code: int, words: str
) -> None:
    """The pages before it stay, the mark does not move past it; afterwards all comes, once."""
    ground.demo.shop.faults.arm(fault, **LATER_PAGE, **options)
    check_told(cartui(*SYNC), code, words)
    assert len(books.documents()) < len(due(ground.demo.shop, ground.since))
    assert books.rows("SELECT COUNT(*) FROM cart_record WHERE kind = 'order'") == [(3 * PAGE_ROWS,)]
    ground.demo.shop.faults.disarm()
    check_caught_up(cartui, ground, books)


@pytest.mark.parametrize("fault", ["429", "cut", "half-json"])
def test_a_fault_that_passes_is_not_even_noticed(cartui: Cartui, ground: Ground, books: Books, fault: str) -> None:
    """A second try, after the shop's own Retry-After, is part of the same run."""
    ground.demo.shop.faults.arm(fault, times=1, on="GET orders?", skip=2)
    assert cartui(*SYNC).code in GOOD
    check_caught_up(cartui, ground, books)


def test_it_does_not_come_back_before_the_shop_allows(cartui: Cartui, ground: Ground) -> None:
    """Retry-After beyond the usual pause moves the next cycle, by a quarter of an hour at most."""
    ground.demo.shop.faults.arm("429", times=99, retry_after="86400")
    (row,) = cartui("--sync-only", "--once", "--json").rows
    pause = datetime.fromisoformat(row["next_at"]) - datetime.now(UTC)
    assert 13 * 60 < pause.total_seconds() <= 15 * 60


@pytest.mark.parametrize(
    ("fault", "field"), [("bad-amount", "total"), ("bad-date", "modified_at"), ("bad-status", "order_state")]
)
def test_a_record_that_cannot_be_read_is_held_alone(
    cartui: Cartui, ground: Ground, books: Books, fault: str, field: str
) -> None:
    """Exit code 4; the others of its page are imported; retried from Held when the shop has mended it."""
    ground.demo.shop.faults.arm(fault, times=1, on="GET orders?", skip=1)
    ran = cartui(*SYNC)
    assert ran.code == 4, ran.err
    held = cartui("held", CART, "--json").rows
    assert any(field in row["reason"] for row in held), held
    assert cartui("held", CART, "retry", "--all").code in GOOD
    assert set(books.documents()) == due(ground.demo.shop, ground.since)


def test_a_wrong_password(cartui: Cartui, ground: Ground, books: Books) -> None:
    """Refused by the cart, STOPPED with the reason; the password itself is nowhere."""
    cartui.env["SHOP_PASSWORD"] = "a-wrong-one"
    ran = cartui(*SYNC)
    check_told(ran, REFUSED, "password")
    assert "a-wrong-one" not in ran.out + ran.err
    assert cartui("carts", "--json").rows[0]["status"] == "STOPPED"
    assert books.documents() == {}
    cartui.env["SHOP_PASSWORD"] = ground.demo.password
    check_caught_up(cartui, ground, books)


@pytest.mark.parametrize(
    ("url", "codes", "words"),
    [
        ("http://127.0.0.1:9/shop", (3, 5), "refuses the connection"),
        ("http://no-such-shop.invalid/shop", (2, 3), "allow plain http"),
        ("https://no-such-shop.invalid/shop", (3, 5), "not known in the network"),
        ("ftp://shop.example.com", (2, 3), "http"),
        ("https://", (2, 3), "address"),
        ("https://user:secret@shop.example.com/", (2, 3), "address"),
    ],
)
def test_a_wrong_address(cartui: Cartui, url: str, codes: tuple[int, ...], words: str) -> None:
    """Refused when it is entered or when it is tested, with what to do; http needs consent."""
    made = cartui("new", "Other", "--type", "cart-connect", "--url", url, "--secret-from", "env:SHOP_PASSWORD")
    ran = cartui("test", "Other") if made.code == 0 else made
    assert ran.code in codes, ran.err + ran.out
    assert words.casefold() in (ran.err + ran.out).casefold(), ran.err + ran.out
    assert "secret@" not in ran.err + ran.out


def test_another_place_of_the_same_server(cartui: Cartui, ground: Ground) -> None:
    """The address of the shop, but not of Cart Connect: its HTML page is said to be one."""
    url = ground.demo.address.removesuffix("/shop")
    assert (
        cartui("new", "Other", "--type", "cart-connect", "--url", url, "--secret-from", "env:SHOP_PASSWORD").code == 0
    )
    ran = cartui("test", "Other")
    assert ran.code == 3
    assert "address" in ran.out + ran.err


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk(cartui: Cartui, ground: Ground, books: Books) -> None:
    """A limit on the size of files is the same to SQLite: the page is rolled back, the cart stays as it was."""
    size = (cartui.home / "cartui.db").stat().st_size
    ran = cartui(*SYNC, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40_000, size + 40_000)))
    assert ran.code in (SETTINGS, AWAY), (ran.code, ran.err)
    assert "disk" in ran.err.casefold()
    assert "Traceback" not in ran.err
    check_caught_up(cartui, ground, books)


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root for a file system of its own")
def test_a_full_file_system(cartui: Cartui, ground: Ground, books: Books, tmp_path: Path) -> None:
    """No byte is left on a real one: the same sentence, and nothing lost when there is room again."""
    kept, original = tmp_path / "kept", tmp_path / "original"
    script = (
        'mount -t tmpfs -o size="$ROOM",mode=700 none "$1" && cp -a "$2/." "$1/" && shift && kept="$1" && shift'
        ' && "$@"; code=$?; cp -a "$CARTUI_HOME/." "$KEPT/"; exit $code'
    )
    kept.mkdir(mode=0o700)
    shutil.copytree(cartui.home, original)
    room = sum(path.stat().st_size for path in original.rglob("*") if path.is_file()) + 150_000
    words = [str(cartui.home), str(original), sys.executable, "-m", "cartui", *SYNC]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *words],
        env={**cartui.env, "KEPT": str(kept), "ROOM": str(room)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"no mounting here: {done.stderr.strip()[:80]}")
    assert done.returncode in (SETTINGS, AWAY), done.stderr
    assert "disk" in done.stderr.casefold()
    assert "Traceback" not in done.stderr
    shutil.rmtree(cartui.home)
    shutil.copytree(kept, cartui.home)
    check_caught_up(cartui, ground, books)


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_database_that_may_only_be_read(cartui: Cartui, ground: Ground, books: Books, tmp_path: Path) -> None:
    """As a user who may not write it: what to mend, and nothing else."""
    program = [sys.executable, "-m", "cartui", *SYNC]
    modes = ((cartui.home / "cartui.db", 0o400), (cartui.home, 0o500))
    for path, mode in modes:
        path.chmod(mode)
    if os.getuid() == 0:
        nobody = 65534
        for path in (cartui.home, *cartui.home.rglob("*")):
            os.chown(path, nobody, nobody)
        program = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups", *program]
        for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            parent.chmod(0o755)
    done = subprocess.run(program, env=cartui.env, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    if "PermissionError" in done.stderr and "Traceback" in done.stderr and "cartui" not in done.stderr:
        pytest.skip("that user can't run this Python")
    assert done.returncode == SETTINGS, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
    for path, mode in reversed(modes):
        path.chmod(mode | 0o200)
        os.chown(path, os.getuid(), os.getgid())
    assert books.documents() == {}
