"""What holds for every test: order, time limits, and that no test touches the user's own data."""

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

SLOW_SECONDS = 300
LIVE_SECONDS = 900  # a live shop is installed and seeded on the first use

# Shared machines stall; a slow example says nothing about the code. What failed can be pasted back in.
hypothesis.settings.register_profile("cartui", deadline=None, print_blob=True)
hypothesis.settings.load_profile("cartui")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow and live tests their time limit, and keep the live ones in one process: they share one shop."""
    for item in items:
        live, slow = item.get_closest_marker("live"), item.get_closest_marker("slow")
        if live:
            item.add_marker(pytest.mark.xdist_group("live"))
        if (live or slow) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LIVE_SECONDS if live else SLOW_SECONDS))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish(session: pytest.Session):
    """Run fast tests first: most mistakes then show within seconds; then those of a live shop, which one process runs
    and often waits in, beside the other slow ones. The random order within each of the three stays."""
    session.items.sort(key=_turn)
    return (yield)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("live"):
        return 1
    return 2 if item.get_closest_marker("slow") else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long all of `./check` took, just above pytest's closing line."""
    if begun := os.environ.get("CARTUI_CHECK_BEGUN"):
        terminalreporter.write_line(f"./check in all: {time.time() - int(begun):.0f} s")


_COLLECTOR = gc.get_threshold()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What is loaded by now stays: to look through its half a million objects again and again for those that nobody
    needs any more took a sixth of the time of the screens' tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_collector() -> Iterator[None]:
    """A command that runs in this process spares the collector: not beyond its test, so that what a test leaves open is
    found soon."""
    stays = gc.get_freeze_count()
    yield
    gc.set_threshold(*_COLLECTOR)
    if gc.get_freeze_count() > stays:
        gc.unfreeze()
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every test, and each process it starts, at an empty data directory of its own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CARTUI_HOME", str(home / "cartui"))
    for name in ("CARTUI_DATABASE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home
