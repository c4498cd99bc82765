"""Orders (Cart): list all, mark, import selected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import RecordKind
from cartui.domain.ports import Page
from cartui.domain.rows import FLAG_PROBLEM
from cartui.domain.settings import CartConnection
from cartui.screens.document import RecordScreen
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, column, fill, hint, plan_screen, press, put_bad_order, ready_cart, tab
from tests.screens.terminal import URL, lines, seen, settle

Make = Callable[..., CartuiApp]


def kept_lists(ws: Workspace) -> list[Path]:
    """Files of lists that are kept on disk."""
    return list(Path(ws.home, "listings").glob("*.db"))


def documents(ws: Workspace) -> int:
    """How many documents the books have."""
    return ws.books.documents.count()


async def test_nothing_is_read_before_list_all(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The cart is asked only when told to; until then the tab says which key does it, and Import is greyed."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Press l to list all orders of the cart." in seen(app)
        assert "(I Import selected)" in lines(app)[-1]
        await press(pilot, "I")
        assert "List the orders first: l." in hint(app)
        await press(pilot, "l")
        assert tab(app).table.row_count == 6
        assert set(column(app, "state")) == {"new"}


async def test_imports_the_marked_ones(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Marked orders become PENDING documents after the plan was shown and taken; the list shows what became of them."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "space", "space", "I")
        assert len(plan_screen(app).plan.changes) == 2
        assert documents(ws) == 0
        await press(pilot, "y")
        assert documents(ws) == 2
        await press(pilot, "q")
        assert column(app, "state")[:3] == ["imported", "imported", "new"]
        assert tab(app).table.marks.is_empty
        assert "2 created" in hint(app)


async def test_nothing_marked_means_the_row_under_the_cursor(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """As in every such program: no marks, one row."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "j", "j", "I")
        (change,) = plan_screen(app).plan.changes
        assert change.key == "3"


async def test_leaving_the_plan_changes_nothing(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """n leaves; no document is written and the marks stay."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "a", "I", "n")
        assert documents(ws) == 0
        assert tab(app).table.marked_count == 6


async def test_importing_again_doubles_nothing(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """What was imported before is the same the second time."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "a", "I", "y", "q", "a", "I")
        assert not plan_screen(app).plan.effective
        await press(pilot, "y", "q")
        assert documents(ws) == 6


async def test_a_bad_order_is_held_and_stays_marked(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The good ones go through; the held one stays marked, its state says why, and the next list flags it."""
    ready_cart(ws)
    fill(shop, orders=2)
    put_bad_order(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "a", "I", "y", "q")
        assert documents(ws) == 2
        assert tab(app).table.marks.keys == {"9"}
        assert [state for state in column(app, "state") if state.startswith("held: The amounts")]
        await press(pilot, "l")
        source = tab(app).table.source
        assert source is not None
        assert [row.key for row in source.page(0, 9) if FLAG_PROBLEM in row.flags] == ["9"]


async def test_enter_shows_the_record_as_it_came(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The body as the cart sent it, and that the system knows nothing of it; r reads it again."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "enter")
        assert isinstance(app.screen, RecordScreen)
        assert "new: the system knows nothing of it" in seen(app)
        assert '"order_number": "N00001"' in app.screen.sheet.text
        shop.put_order(replace(shop.orders["1"], note="call me"))
        await press(pilot, "r")
        assert '"note": "call me"' in app.screen.sheet.text


class StuckCart(MemoryCart):
    """Gives one page, then waits until the test says go on."""

    def __init__(self, shop: MemoryShop, reached: threading.Event, go_on: threading.Event) -> None:
        super().__init__(shop)
        self._reached, self._go_on = reached, go_on

    def iter_orders(self, since: datetime | None) -> Iterator[Page[Any]]:
        for page in super().iter_orders(since):
            yield page
            self._reached.set()
            assert self._go_on.wait(20)


async def test_list_all_shows_progress_and_can_be_cancelled(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """While it reads, the screen stays usable and says how far it is; esc ends it and leaves no list and no file."""
    ready_cart(ws)
    fill(shop, orders=120)
    reached, go_on = threading.Event(), threading.Event()
    specs = dict(ws.adapters)
    specs["memory"] = replace(specs["memory"], open=lambda _: StuckCart(shop, reached, go_on))
    app = CartuiApp(replace(ws, adapters=specs), start_cart=NAME, runner=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        await pilot.press("l")
        while "50 of 120 orders" not in hint(app):
            await pilot.pause(0.02)
        assert reached.is_set()
        assert "esc cancels" in hint(app)
        await pilot.press("escape")
        go_on.set()
        await settle(pilot)
        assert "cancelled" in hint(app)
        assert tab(app).table.source is None
    assert not kept_lists(ws)


async def test_an_untested_cart_is_not_asked(ws: Workspace, make_app: Make) -> None:
    """List all is greyed, and its key says why and what to do."""
    carts.new_cart(ws, NAME, CartConnection("memory", URL, {"store": "default"}))
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "(l List all)" in lines(app)[-1]
        await press(pilot, "l")
        assert "test" in hint(app).lower()
        assert tab(app).table.source is None


async def test_listing_again_keeps_marks_and_place(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """What was marked stays marked where it still exists; the cursor stays on its record."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "space", "j", "space", "k")
        here = tab(app).table.cursor_key
        del shop.orders["1"]
        await press(pilot, "l")
        assert tab(app).table.row_count == 5
        assert tab(app).table.marks.keys == {"3"}
        assert tab(app).table.cursor_key == here


async def test_a_list_of_the_cart_follows_auto_sync(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """When a cycle imports orders meanwhile, their rows say so without asking the cart again."""
    ready_cart(ws)
    fill(shop)
    app = make_app(start_cart=NAME, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "l", "1")
        carts.start_cart(ws, NAME, confirmed=True)
        from cartui.sync.cycle import run_cycle

        run_cycle(ws, NAME)
        await press(pilot, "5")
        assert set(column(app, "state")) == {"imported"}
    assert ws.books.records.count_by_state(ws.books.carts.get(NAME).cart_id, RecordKind.ORDER)
