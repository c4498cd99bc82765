"""A session of every screen, pressing every action key, over a shop that notes each call that would write.

A key may ask, plan or open: whatever comes up is answered with yes, with the word that is asked for, or applied, so
that each action goes as far as it can. What refuses is read, with its remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.app import CartuiApp
from cartui.keymap import Key, keys_of, split_keys
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import (
    ConfirmDialog,
    Dialog,
    ListedDialog,
    ProblemsDialog,
    PromptDialog,
    RowDialog,
    TypedWordDialog,
)
from cartui.screens.plan import PlanScreen
from tests.screens.lists import NAME
from tests.screens.terminal import settle

SINKS = (
    "create_item", "update_item", "set_stock", "create_customer", "update_customer", "create_shipment",
    "set_order_status", "place_order",
)  # fmt: skip
LEFT_OUT = frozenset({"everywhere", "back", "tabs", "table", "filter-line", "reading"})
"""Keys that only go about; the session goes about by itself."""
ASKED = 8
"""So many questions of one key are answered."""

WAYS: dict[str, tuple[int, tuple[str, ...]]] = {
    "auto-sync": (1, ()),
    "connection": (1, ("c",)),
    "outbox": (1, ("o",)),
    "overview": (1, ("O",)),
    "import rules": (1, ("i",)),
    "orders": (2, ()),
    "document": (2, ("enter",)),
    "synchronise": (2, ("enter", "r")),
    "document, editing": (2, ("enter", "e")),
    "shipment": (2, ("enter", "S")),
    "items": (3, ()),
    "item": (3, ("enter",)),
    "item, editing": (3, ("enter", "e")),
    "customers": (4, ()),
    "customer": (4, ("enter",)),
    "duplicates": (4, ("D",)),
    "orders of the cart": (5, ("l",)),
    "order of the cart": (5, ("l", "enter")),
    "import plan": (5, ("l", "a", "I")),
    "items of the cart": (6, ("l",)),
    "match": (6, ("l", "m")),
    "customers of the cart": (7, ("l",)),
    "baskets of the cart": (8, ("l",)),
    "basket": (8, ("l", "enter")),
    "held": (9, ()),
    "conflicts": (9, ("C",)),
    "activity": (10, ()),
    "export plan": (3, ("a", "E")),
    "rules, tried": (1, ("i", "t")),
    "approval": (2, ("a", "P")),
    "why": (2, ("enter", "W")),
    "item, new": (3, ("n",)),
    "item beside the cart's": (3, ("down", "enter", "r")),
    "items, changed": (3, ("a", "c", "=price+1")),
    "items, from a file": (3, ("C", "enter", "=items.csv")),
    "customer, new": (4, ("n",)),
    "item of the cart": (6, ("l", "enter")),
    "customer of the cart": (7, ("l", "enter")),
    "held record": (9, ("enter",)),
    "accounts": (0, ("b",)),
}
"""Screen -> the number of its tab (0: the list of carts), and the keys that open it from there; `=text` is typed where
it is asked for."""
FILES = {"items.csv": "code,name,price\nNEW,Only here,6\n"}
"""What the session reads, in the directory it runs in."""


@dataclass
class Spy:
    """The calls that write, by name, and what the screens refused."""

    writes: list[str] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    pressed: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def cart(self, shop: MemoryShop) -> MemoryCart:
        """A cart whose writing calls are noted; they are carried out all the same."""
        cart = MemoryCart(shop)
        for name in SINKS:
            setattr(cart, name, self._noted(name, getattr(cart, name)))
        return cart

    def _noted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*values: Any) -> Any:
            self.writes.append(name)
            return call(*values)

        return noted


async def press_every_key(pilot: Pilot[int], spy: Spy) -> None:
    """All ways, and on each screen all keys of its groups."""
    app = pilot.app
    assert isinstance(app, CartuiApp)
    for name, (tab, way) in WAYS.items():
        await go(pilot, tab, way)
        screen = app.screen
        if not isinstance(screen, CartuiScreen):
            continue
        spy.seen.add(f"{name}: {type(screen).__name__}")
        for key in [one for one in keys_of(screen.GROUPS) if one.group not in LEFT_OUT]:
            if app.screen is not screen:
                await go(pilot, tab, way)
                screen = app.screen  # type: ignore[assignment]
            await _press_one(pilot, spy, key)
    await _go_home(pilot)
    for key in [one for one in keys_of(["explorer"]) if one.action not in ("quit", "delete", "new")]:
        spy.pressed.add(key.key_id)
        await enter(pilot, split_keys(key.keys)[0])
        await answer(pilot, spy)
        await _go_home(pilot)


async def _press_one(pilot: Pilot[int], spy: Spy, key: Key) -> None:
    await enter(
        pilot, "escape" if getattr(pilot.app.screen, "editing", False) else "a"
    )  # all rows, where there are some
    spy.pressed.add(key.key_id)
    await enter(pilot, split_keys(key.keys)[0])
    await answer(pilot, spy)


async def go(pilot: Pilot[int], tab: int, way: tuple[str, ...]) -> None:
    """To a tab of the cart, wherever the session is, and on by these keys."""
    app = pilot.app
    assert isinstance(app, CartuiApp)
    await _leave_all(pilot)
    if tab:
        app.open_cart(NAME, tab)
        await settle(pilot)
        await _leave_all(pilot)
    else:
        await _go_home(pilot)
    for key in way:
        if key.startswith("="):
            pilot.app.screen.query_one(Input).value = key[1:]
        await enter(pilot, "enter" if key.startswith("=") else key)


async def _go_home(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert isinstance(app, CartuiApp)
    await _leave_all(pilot)
    app.close_cart(NAME)
    await settle(pilot)


async def _leave_all(pilot: Pilot[int]) -> None:
    while len(pilot.app.screen_stack) > 1:
        pilot.app.pop_screen()
        await settle(pilot)


async def enter(pilot: Pilot[int], key: str) -> None:
    """Press it, and wait until all that it began is done."""
    await pilot.press(key)
    await settle(pilot)


async def answer(pilot: Pilot[int], spy: Spy) -> None:
    """Say yes to all that is asked, and apply what is planned."""
    applied: set[int] = set()
    for _ in range(ASKED):
        screen = pilot.app.screen
        if isinstance(screen, ProblemsDialog):
            if not isinstance(screen, ListedDialog | RowDialog):  # those only tell
                spy.refusals += screen.problems
            await enter(pilot, "escape")
        elif isinstance(screen, ConfirmDialog):
            await enter(pilot, "y")
        elif isinstance(screen, PromptDialog):
            field = screen.query_one(Input)
            word = field.placeholder if isinstance(screen, TypedWordDialog) else "7"
            field.value = word
            await enter(pilot, "enter")
            if pilot.app.screen is screen:
                await enter(pilot, "escape")
        elif isinstance(screen, Dialog):
            await enter(pilot, "enter")
            if pilot.app.screen is screen:
                await enter(pilot, "escape")
        elif isinstance(screen, PlanScreen) and id(screen) not in applied:
            applied.add(id(screen))
            await enter(pilot, "y")
        else:
            return
