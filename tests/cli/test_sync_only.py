"""`cartui --sync-only`: what cron, systemd and scripts see."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Cartui


def once(cartui: Cartui, *words: str):
    return cartui("--sync-only", "--once", "--json", *words)


def test_orders_become_pending_documents_and_one_json_line(cartui: Cartui) -> None:
    """One line a cart and run on stdout; words on stderr; exit code 0."""
    cartui.cart("Shop")
    ran = once(cartui)
    assert ran.code == 0, ran.err
    (row,) = ran.rows
    assert (row["cart"], row["result"], row["exit_code"]) == ("Shop", "ok", 0)
    assert row["counts"]["orders"] == {"received": 3, "created": 3, "updated": 0, "same": 0, "skipped": 0, "held": 0}
    assert "Shop: ok." in ran.err


def test_a_second_run_changes_nothing(cartui: Cartui) -> None:
    """Nothing is doubled."""
    cartui.cart("Shop")
    once(cartui)
    (row,) = once(cartui).rows
    assert row["counts"]["orders"]["created"] == 0
    assert row["counts"]["orders"]["received"] == row["counts"]["orders"]["same"]


def test_without_json_stdout_stays_empty(cartui: Cartui) -> None:
    """stdout is data, and none was asked for."""
    cartui.cart("Shop")
    ran = cartui("--sync-only", "--once")
    assert (ran.code, ran.out) == (0, "")


def test_no_running_cart_is_no_error(cartui: Cartui) -> None:
    """A sentence on stderr; with --cart it is one, with the remedy."""
    cartui.cart("Shop", start=False)
    ran = once(cartui)
    assert (ran.code, ran.out) == (0, "")
    assert "cartui start" in ran.err
    named = once(cartui, "--cart", "Shop")
    assert named.code == 2
    assert "cartui start 'Shop'" in named.err


@pytest.mark.parametrize(
    ("mode", "code", "result"), [("bad", 4, "held"), ("away", 5, "retry"), ("refuses", 3, "stopped")]
)
def test_exit_codes(cartui: Cartui, mode: str, code: int, result: str) -> None:
    """Held records 4, cart away 5, cart refused 3; the JSON line has the code of its cart."""
    cartui.cart("Shop", f"mode={mode}")
    ran = once(cartui)
    assert ran.code == code, ran.err
    assert [(row["result"], row["exit_code"]) for row in ran.rows] == [(result, code)]


def test_one_bad_cart_does_not_stop_the_others(cartui: Cartui) -> None:
    """Even a fault in an adapter: exit code 1, the log has the traceback, the other cart has its orders."""
    cartui.cart("A broken", "mode=bug")
    cartui.cart("B away", "mode=away")
    cartui.cart("C fine")
    ran = once(cartui)
    assert ran.code == 1
    results = {row["cart"]: row["result"] for row in ran.rows}
    assert results == {"A broken": "failed", "B away": "retry", "C fine": "ok"}
    assert "cartui.log" in ran.err
    entries = [json.loads(line) for line in (cartui.home / "cartui.log").read_text(encoding="ascii").splitlines()]
    (fault,) = [entry for entry in entries if "traceback" in entry and "KeyError" in entry["traceback"]]
    assert "a secret of a customer" not in fault["traceback"].replace('local_variable = "a secret of a customer"', "")
    (broken,) = [row for row in cartui("carts", "--json").rows if row["name"] == "A broken"]
    assert broken["status"] == "STOPPED"


def test_an_unset_password_stops_with_the_remedy(cartui: Cartui) -> None:
    """The variable is named, the secret of course not."""
    cartui.cart("Shop")
    del cartui.env["SHOP_PASSWORD"]
    cartui("--sync-only", "--once")
    ran = cartui("test", "Shop")
    assert ran.code == 2
    assert "SHOP_PASSWORD is not set" in ran.err


def test_nothing_that_draws_is_loaded(cartui: Cartui) -> None:
    """A whole round of a cart, in a process that has neither textual nor rich in the end."""
    cartui.cart("Shop")
    code = (
        "import sys\nfrom cartui.__main__ import main\ncode = main(['--sync-only', '--once'])\n"
        "drawn = {name.partition('.')[0] for name in sys.modules} & {'textual', 'rich'}\nsys.exit(code or bool(drawn))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=cartui.env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("mode", ["hangs", "paged"])
def test_a_signal_ends_it_within_five_seconds(cartui: Cartui, tmp_path: Path, mode: str, number: int) -> None:
    """After the current page, and also where the shop never answers; what came before stays, the rest comes later."""
    cartui.cart("Shop", f"mode={mode}", "orders=40")
    sign = tmp_path / "sign"
    cartui.env["PAPER_SIGN"] = str(sign)
    process = cartui.start("--sync-only", "--json")
    ends = time.monotonic() + 30
    while not sign.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends
        time.sleep(0.02)
    asked = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - asked < 5
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [json.loads(line)["result"] for line in out.splitlines()] == ["interrupted"]
    again = cartui("set", "Shop", "option.mode=")
    assert again.code == 2  # it is still RUNNING: only its connection can't be changed
    assert cartui("carts", "--json").rows[0]["lease_holder"] == ""


def test_systemd_is_told(cartui: Cartui, tmp_path: Path) -> None:
    """READY once set up, WATCHDOG while waiting, STOPPING at the end."""
    cartui.cart("Shop")
    place = tmp_path / "n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(30)
        cartui.env |= {"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "200000"}
        process = cartui.start("--sync-only")
        heard = b""
        while b"READY=1" not in heard or b"WATCHDOG=1" not in heard:
            heard += manager.recv(4096) + b"\n"
        process.terminate()
        while b"STOPPING=1" not in heard:
            heard += manager.recv(4096) + b"\n"
        process.communicate(timeout=10)


def test_a_reader_that_leaves_does_not_stop_the_work(cartui: Cartui) -> None:
    """stdout closed: the orders come all the same."""
    cartui.cart("Shop")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "cartui", "--sync-only", "--once", "--json"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=cartui.env,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    (row,) = once(cartui).rows
    assert row["counts"]["orders"]["same"] == 3


def test_a_cart_stopped_by_a_fault_is_told_at_every_run(cartui: Cartui) -> None:
    """Else cron would read "all well" for ever while orders wait in the shop; stopped on purpose it is quiet."""
    cartui.cart("Shop", "mode=refuses")
    assert once(cartui).code == 3
    again = once(cartui)
    assert again.code == 2
    assert "STOPPED" in again.err
    assert cartui("stop", "Shop").code == 0
    assert once(cartui).code == 0
