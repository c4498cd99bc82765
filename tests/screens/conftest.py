"""A terminal over a real workspace: temporary SQLite, the shop in memory, a clock that stands still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from cartui.adapters import memory
from cartui.app import CartuiApp
from cartui.domain.ports import Option
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import memory_workspace
from tests.screens.terminal import NOW, URL, Script, ScriptedCart


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """The rules of a style sheet are parsed once, not again for each of some hundred apps: apps only read them."""
    kept: dict[object, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parse_once(self: Stylesheet, css: str, *args: object, **words: object) -> list[RuleSet]:
        key = (css, args, *words.items(), *self._variables.items())
        if key not in kept:
            kept[key] = parse(self, css, *args, **words)  # type: ignore[arg-type]
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are drawn in the zone of the machine: here always UTC."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def shop(clock: FrozenClock) -> memory.MemoryShop:
    return memory.MemoryShop(clock)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def ws(tmp_path: Path, shop: memory.MemoryShop, clock: FrozenClock, script: Script) -> Iterator[Workspace]:
    """The shop is offered under New here, with an option of its own."""
    offered = replace(
        memory.SPEC,
        hidden=False,
        title="Test shop",
        open=lambda _: ScriptedCart(shop, script),
        url_help="The address of the directory that holds cartconnect.",
        options=(Option("store", "Store view", "Which store of the shop.", default="default"),),
    )
    memory.share(URL, shop)
    made = memory_workspace(tmp_path, shop, clock, adapters={"memory": offered})
    yield made
    made.close_thread()


@pytest.fixture
def make_app(ws: Workspace) -> Callable[..., CartuiApp]:
    """The app; the auto-sync runner is off unless a test asks for it. `tab`: the cart opens there, and what a test of
    that tab does not look at, Auto-sync, the largest of all, is not built first."""

    def make(
        *, runner: bool = False, start_cart: str | None = None, tab: int = 1, keys: dict[str, str] | None = None
    ) -> CartuiApp:
        app = CartuiApp(ws, start_cart=start_cart, runner=runner, keys=keys)
        if tab != 1:
            app.open_cart = partial(app.open_cart, tab=tab)
        return app

    return make
