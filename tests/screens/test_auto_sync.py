"""The Auto-sync tab: View and Edit, Save, Start and Stop behind the guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from textual.pilot import Pilot

from cartui.app import CartuiApp
from cartui.domain.ids import ItemCode, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outbox import Ending, OutboxKind, OutboxState, SentRow
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewItem
from cartui.domain.settings import CartConnection, DocumentKind, FieldOwner, SyncStatus
from cartui.screens.auto_sync import AutoSyncScreen
from cartui.screens.dialogs import ConfirmDialog, ProblemsDialog, TypedWordDialog
from cartui.screens.outbox import OutboxScreen
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from tests.screens.terminal import NOW, URL, seen, settle

Make = Callable[..., CartuiApp]
NAME = "Main shop"


def add(ws: Workspace, *, tested: bool = False, dates: datetime | None = None) -> None:
    carts.new_cart(ws, NAME, CartConnection("memory", URL, {}, {"password": "env:X"}))
    if tested:
        list(carts.test_connection(ws, NAME))
    if dates is not None:
        carts.set_last_order_from(ws, NAME, dates)
        carts.set_last_update_time(ws, NAME, dates)


def tab(app: CartuiApp) -> AutoSyncScreen:
    assert isinstance(app.screen, AutoSyncScreen)
    return app.screen


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def test_fields_are_read_only_until_edit(ws: Workspace, make_app: Make) -> None:
    """In View nothing can be focused; e makes the fields editable, esc takes it back without a question."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "tab")
        assert app.focused is None
        await press(pilot, "e")
        assert tab(app).editing
        assert app.focused is not None
        assert "Edit" in seen(app).splitlines()[0]
        await press(pilot, "escape")
        assert not tab(app).editing


@pytest.mark.slow
async def test_dates_and_switches_are_saved(ws: Workspace, make_app: Make) -> None:
    """What is typed is stored: dates in the local zone as UTC, the document kind, the switches, the poll minutes."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", *"2026-11-01 08:30", "tab", *"2026-11-02T10:00+02:00", "tab", "space", "tab", "tab")
        await press(pilot, "end", "backspace", "5", "shift+tab", "shift+tab", "shift+tab", "shift+tab", "shift+tab")
        await press(pilot, "right")
        assert "*unsaved" in seen(app)
        await press(pilot, "ctrl+s")
        assert not tab(app).editing
        assert "unsaved" not in seen(app)
    view = carts.view_cart(ws, NAME)
    settings = view.document.settings
    assert view.last_order_from == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    assert view.last_update_time == datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    assert settings.from_cart_customers
    assert not settings.from_cart_items
    assert settings.poll_minutes == 15
    assert settings.import_orders_as is DocumentKind.SALES_INVOICE


async def test_save_names_every_problem_at_once(ws: Workspace, make_app: Make) -> None:
    """A wrong date, another wrong date and wrong minutes are told in one dialog, and nothing is saved."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", *"2026-13-45", "tab", "7", "tab", "tab", "tab", "end", "0", "0", "ctrl+s")
        dialog = app.screen
        assert isinstance(dialog, ProblemsDialog)
        told = [problem for problem, _ in dialog.problems]
        assert [problem.split(":")[0] for problem in told] == ["Last Order from", "Last update time", "Poll every"]
        await press(pilot, "enter")
        assert tab(app).editing
    assert carts.view_cart(ws, NAME).last_order_from is None


async def test_a_cart_that_was_renamed_elsewhere_is_left(ws: Workspace, make_app: Make) -> None:
    """Its tabs would wait for it for ever: home, with a sentence; by its new name it opens again."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        carts.save_cart(ws, replace(carts.view_cart(ws, NAME).document, name="Other name"))
        app.reload_carts()
        await settle(pilot)
        assert "Main shop was renamed or deleted" in seen(app)
        await press(pilot, "enter", "enter")
        assert tab(app).cart_name == "Other name"


async def test_a_cart_that_can_not_be_read_yet_is_left_all_the_same(ws: Workspace, make_app: Make) -> None:
    """Help, another tab, back and quit never wait for anything."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app._views = {}
        assert tab(app).why_refused("start") == "The cart is being read."
        assert not [one for one in ("quit", "back", "help", "tab(3)", "step_back") if tab(app).why_refused(one)]


async def test_cancel_asks_only_if_something_was_changed(ws: Workspace, make_app: Make) -> None:
    """esc with changes asks; No keeps what was typed, Yes brings back what is stored."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", "2", "0", "escape")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "n")
        assert tab(app).field("last_order_from").value == "20"
        await press(pilot, "escape", "y")
        assert not tab(app).editing
        assert tab(app).field("last_order_from").value == ""


async def test_leaving_the_cart_with_changes_asks(ws: Workspace, make_app: Make) -> None:
    """The tab keeps what is typed while another tab is looked at; leaving the cart asks first."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", "2", "0", "right_square_bracket")
        assert "1 Auto-sync*" in seen(app)
        await press(pilot, "q")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "n", "left_square_bracket")
        assert tab(app).field("last_order_from").value == "20"


async def test_start_is_refused_with_all_that_is_missing(ws: Workspace, make_app: Make) -> None:
    """s lists what the guard misses, each with its remedy; the cart stays STOPPED."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "The connection was never tested." in seen(app)
        await press(pilot, "s")
        dialog = app.screen
        assert isinstance(dialog, ProblemsDialog)
        assert len(dialog.problems) == 3
        assert all(remedy for _, remedy in dialog.problems)
    assert carts.view_cart(ws, NAME).document.status is SyncStatus.STOPPED


async def test_start_and_stop_in_view(ws: Workspace, make_app: Make) -> None:
    """A cart with all that is needed is started by s (LIVE: by its name), stopped by S; the status bar says so."""
    add(ws, tested=True, dates=NOW - timedelta(days=1))
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")  # the question comes when a thread has looked at the cart
        await press(pilot, *NAME, "enter")
        assert carts.view_cart(ws, NAME).document.status is SyncStatus.RUNNING
        assert "RUNNING" in seen(app)
        await press(pilot, "S")
        assert carts.view_cart(ws, NAME).document.status is SyncStatus.STOPPED
        assert "STOPPED" in seen(app)


async def test_start_in_edit_saves_first_if_asked(ws: Workspace, make_app: Make) -> None:
    """S034: s works in Edit too, even in a date; what was typed is saved first when the person says yes."""
    add(ws, tested=True)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", *"2026-11-20", "tab", *"2026-11-20", "s")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "y")
        await press(pilot, *NAME, "enter")
    view = carts.view_cart(ws, NAME)
    assert view.document.status is SyncStatus.RUNNING
    assert view.last_order_from == datetime(2026, 11, 20, tzinfo=UTC)


async def test_an_old_date_wants_the_name_typed(ws: Workspace, make_app: Make) -> None:
    """A date more than 30 days back starts only after the cart's name is typed exactly."""
    add(ws, tested=True, dates=NOW - timedelta(days=90))
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        assert isinstance(app.screen, TypedWordDialog)
        await press(pilot, *"Main", "enter")
        assert isinstance(app.screen, TypedWordDialog)
        assert carts.view_cart(ws, NAME).document.status is SyncStatus.STOPPED
        await press(pilot, *" shop", "enter")
        await settle(pilot)
    assert carts.view_cart(ws, NAME).document.status is SyncStatus.RUNNING


@pytest.mark.slow
async def test_the_cursor_goes_through_every_field_that_matters(ws: Workspace, make_app: Make) -> None:
    """All switches To Cart are off at the start; what hangs on a switch is out of the way until it is on."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e")

        async def names() -> set[str]:
            found = set()
            for _ in range(40):
                await pilot.press("tab")
                found.add(next(node.name for node in app.focused.ancestors if node.name))  # type: ignore[union-attr]
            return {str(name) for name in found}

        switches = {"to_cart_customers", "to_cart_stock", "to_cart_items", "to_cart_tracking"}
        first = await names()
        assert first == {
            "sync_orders", "import_orders_as", "last_order_from", "last_update_time", "from_cart_customers",
            "from_cart_items", "poll_minutes", "send_from_test", "reconcile", "reconcile_full", *switches,
        }  # fmt: skip
        assert {tab(app).field(name).value for name in switches} == {"no"}
        for name in ("to_cart_stock", "to_cart_items", "from_cart_items"):
            tab(app).field(name).query_one(".editor").focus()
            await press(pilot, "space")
        owners = {"owner-item-name", "owner-item-barcode", "owner-item-price"}
        stock = {"stock_number", "stock_buffer", "stock_backorder", "stock_range"}
        assert await names() - first == owners | stock


@pytest.mark.slow
async def test_what_is_sent_is_saved_and_both_directions_want_an_owner(ws: Workspace, make_app: Make) -> None:
    """Save is refused with the remedy; once every field has an owner it is stored, and the status bar says it."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "outbound off" in seen(app)
        await press(pilot, "e")

        async def turn(name: str, *keys: str) -> None:
            tab(app).field(name).query_one(".editor").focus()
            await press(pilot, *keys)

        for name in ("to_cart_stock", "to_cart_items", "from_cart_items", "to_cart_tracking"):
            await turn(name, "space")
        await turn("stock_buffer", "end", "backspace", "3")
        await turn("carriers", *"DHL=dhl_de")
        await press(pilot, "ctrl+s")
        dialog = app.screen
        assert isinstance(dialog, ProblemsDialog)
        assert "Set Owner of item … to cart, system, newest or ask" in dialog.problems[0][0]
        await press(pilot, "enter")
        for name in ("name", "barcode", "price"):
            await turn(f"owner-item-{name}", "space", "space")
        await press(pilot, "ctrl+s")
        assert not tab(app).editing
        assert "outbound ON: stock, items, tracking" in seen(app)
    settings = carts.view_cart(ws, NAME).document.settings
    assert (settings.to_cart_stock, settings.stock_buffer, settings.to_cart_customers) == (True, Decimal(3), False)
    assert set(settings.field_owners.values()) == {FieldOwner.SYSTEM}
    assert settings.carriers == {"DHL": "dhl_de"}


async def test_the_outbox_is_shown_with_reasons_and_tried_again(ws: Workspace, make_app: Make) -> None:
    """o lists it; Enter says why a row was refused and what to do; R has it wait again. A brake wants the name."""
    add(ws)
    document = ws.books.carts.get(NAME)
    carts.save_cart(ws, replace(document, settings=replace(document.settings, to_cart_stock=True)))
    with ws.books.transaction():
        made = ws.books.items.add_many([NewItem(ItemCode(f"MUG-{n}"), f"Mug {n}") for n in range(2)])
        ws.books.records.put_many(
            document.cart_id,
            [
                CartRecord(RecordKind.ITEM, f"i{n}", "Mug", None, "", RecordState.LINKED, our_id=item_id)
                for n, item_id in enumerate(made)
            ],
        )
        ws.books.outbox.touch(OutboxKind.STOCK, made)
        first, second = ws.books.outbox.due(document.cart_id, OutboxKind.STOCK, 10)
        ws.books.outbox.end([
            SentRow(first, Ending.REFUSED, "The cart does not track it.", "Switch that on."),
            SentRow(second, Ending.REFUSED, "A brake holds it back (x).", "Look."),
        ])  # fmt: skip
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "2 refused" in seen(app)
        await press(pilot, "o")
        assert isinstance(app.screen, OutboxScreen)
        assert "MUG-0 Mug 0" in seen(app)
        await press(pilot, "enter")
        assert "Switch that on." in seen(app)
        await press(pilot, "enter", "R")
        assert ws.books.outbox.again([first])[0].state is OutboxState.WAITING
        await press(pilot, "home", "R")
        assert isinstance(app.screen, TypedWordDialog)
        await press(pilot, *NAME, "enter")
        again = ws.books.outbox.again([second])[0]
        assert (again.state, again.approved) == (OutboxState.WAITING, True)
        await press(pilot, "q")
        assert isinstance(app.screen, AutoSyncScreen)


async def test_dates_cannot_be_set_while_running(ws: Workspace, make_app: Make) -> None:
    """The dates of a RUNNING cart move by themselves; the other settings can be changed."""
    add(ws, tested=True, dates=NOW - timedelta(days=1))
    carts.start_cart(ws, NAME)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        assert tab(app).field("last_order_from").greyed
        tab(app).field("poll_minutes").query_one(".editor").focus()
        await press(pilot, "end", "backspace", "5", "ctrl+s")
    assert carts.view_cart(ws, NAME).document.settings.poll_minutes == 15


async def test_a_greyed_key_says_why(ws: Workspace, make_app: Make) -> None:
    """Stop of a STOPPED cart does nothing but say so on the help line."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "(S Stop)" in seen(app)
        await press(pilot, "S")
        assert "It is STOPPED already." in seen(app)


async def test_the_runner_imports_by_itself(ws: Workspace, make_app: Make, shop) -> None:  # type: ignore[no-untyped-def]
    """With the runner on, Start begins a cycle at once and the tab shows it."""
    from cartui.testing import samples

    add(ws, tested=True, dates=NOW - timedelta(days=1))
    shop.put_order(samples.order(1, NOW - timedelta(hours=1)))
    app = make_app(start_cart=NAME, runner=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await press(pilot, *NAME, "enter")
        for _ in range(400):
            await settle(pilot)
            if "1 order: 1 created" in seen(app):
                break
            await pilot.pause(0.02)
        assert "1 order: 1 created" in seen(app)
        await pilot.press("ctrl+q")
