"""Starting, stopping and the shop's clock."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cartui.demo.server import DemoShop, serve
from tests.demo.conftest import NOW


def test_seeding_and_serving_takes_little(tmp_path: Path) -> None:
    """A new shop answers within 1.5 s of this process's own work, libraries not counted."""
    started = time.process_time()
    shop = DemoShop(tmp_path / "new.db", 11, NOW)
    with serve(shop) as running:
        headers = {"Authorization": f"Bearer {running.password}"}
        assert httpx.get(f"{running.address}/cartconnect/v1/ping", headers=headers).status_code == 200
        assert time.process_time() - started < 1.5
    shop.close()


def test_stop_ends_serving_and_frees_the_port(shop: DemoShop) -> None:
    """Also twice, also with a client still connected; the next shop can have the port; a port in use is refused."""
    running = serve(shop)
    port = int(running.address.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        serve(shop, port=port)
    with httpx.Client() as client:
        client.get(running.address)
        running.stop()
        running.stop()
        with pytest.raises(httpx.TransportError):
            client.get(running.address)
    with serve(shop, port=port) as again:
        assert httpx.get(again.address).status_code == 404


def test_passwords_stay_out_of_sight(shop: DemoShop) -> None:
    """repr of what runs does not show them."""
    with serve(shop) as running:
        assert running.password not in repr(running)
        assert running.read_only_password not in repr(running)


def test_small_answers_come_at_once(client: httpx.Client) -> None:
    """No answer waits for the client's acknowledgement of its head (40 ms each): 50 pings within a second."""
    client.get("ping")
    best = min(_seconds_for_pings(client) for _ in range(3))
    assert best < 1.0


def _seconds_for_pings(client: httpx.Client) -> float:
    started = time.perf_counter()
    for _ in range(50):
        client.get("ping")
    return time.perf_counter() - started


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    """Whatever the clock handed in says, each stamp is later than the last."""
    moments = [NOW + timedelta(seconds=5), NOW - timedelta(hours=1), NOW + timedelta(seconds=5)]
    shop = DemoShop(tmp_path / "clock.db", 1, NOW, clock=lambda: moments.pop(0))
    stamps = [shop.now() for _ in range(3)]
    assert stamps == sorted(set(stamps))
    assert stamps[0] == NOW + timedelta(seconds=5)
    shop.close()


def test_package_alone_loads_no_web_server() -> None:
    """Importing cartui.demo costs nothing; only its server loads the libraries."""
    code = "import sys, cartui.demo; print([n for n in ('starlette', 'uvicorn', 'sqlite3') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
