"""Start says what it will do before it does it; the four steps say what is next; forms go by the arrows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from textual.message import Message
from textual.message_pump import MessagePump

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import RecordKind
from cartui.domain.settings import SyncStatus
from cartui.errors import AbortCycleError, NeedsOperatorError
from cartui.screens.auto_sync import AutoSyncScreen
from cartui.screens.dialogs import ConfirmDialog, ListedDialog, TypedWordDialog
from cartui.screens.pulse import CycleBroke, Pulse, RunnerThread
from cartui.screens.set_up import reference_words
from cartui.screens.start import start_words
from cartui.sync import carts, runner
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.lists import NAME, fill, press, ready_cart
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


def status(ws: Workspace) -> SyncStatus:
    return carts.view_cart(ws, NAME).document.status


def make_test_cart(ws: Workspace) -> None:
    document = carts.view_cart(ws, NAME).document
    carts.save_cart(ws, replace(document, settings=replace(document.settings, live=False)))


async def test_start_from_home_shows_numbers_and_asks(ws: Workspace, make_app: Make) -> None:
    """s on the list of carts starts nothing by itself: from when, as which document and how often is said first."""
    ready_cart(ws)
    make_test_cart(ws)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        assert isinstance(app.screen, ConfirmDialog)
        shown = seen(app).replace("│", "")
        assert "Start test cart Main shop?" in shown
        assert "PENDING Sales Orders" in " ".join(shown.split())
        assert "every 10 minutes" in " ".join(shown.split())
        await press(pilot, "n")
        assert status(ws) is SyncStatus.STOPPED
        await press(pilot, "s", "y")
        assert status(ws) is SyncStatus.RUNNING


async def test_the_first_start_of_a_live_cart_wants_its_name(ws: Workspace, make_app: Make) -> None:
    """N02: the first Start of a LIVE cart is confirmed by typing its name."""
    ready_cart(ws)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        assert isinstance(app.screen, TypedWordDialog)
        await press(pilot, *"Main", "enter")
        assert status(ws) is SyncStatus.STOPPED
        await press(pilot, *" shop", "enter")
        assert status(ws) is SyncStatus.RUNNING


async def test_the_first_start_says_how_much_will_come(
    ws: Workspace, make_app: Make, shop: MemoryShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N02: count, worth and span of the orders since Last Order from, read before anything is started; where the cart
    can't be read that is said, and the question comes all the same."""

    def away(*_: object) -> None:
        raise AbortCycleError("The shop is away.", "Try again later.")

    ready_cart(ws)
    for number in range(3):
        shop.put_order(samples.order(number, shop.clock()))
    worth = f"{3 * shop.orders['0'].total:,.2f} EUR"
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        shown = " ".join(seen(app).replace("│", "").split())
        assert f"3 orders come in at first, worth {worth}" in shown
        assert (status(ws), ws.books.documents.count()) == (SyncStatus.STOPPED, 0)
        await press(pilot, "escape")
        monkeypatch.setattr(MemoryCart, "iter_orders", away)
        await press(pilot, "s")
        assert "could not be read: The shop is away." in " ".join(seen(app).replace("│", "").split())


async def test_the_next_step_is_named_and_b_explains(ws: Workspace, make_app: Make) -> None:
    """Auto-sync says which of the four steps is next, whole lines at 80 columns; b shows all of it with remedies."""
    ready_cart(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Next, step 3 of 4: Items" in seen(app)
        assert "…" not in seen(app).split("From Cart")[0].partition("Next")[2]
        await press(pilot, "b")
        assert isinstance(app.screen, ListedDialog)
        assert "Create or link items on the tab" in seen(app)


async def test_arrows_and_enter_go_from_field_to_field(ws: Workspace, make_app: Make) -> None:
    """In Edit ↓ and enter go to the next field, ↑ back; what is typed after goes there."""
    ready_cart(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e", "down", *"2026-11-01", "down", *"2026-11-02", "enter", "space")
        screen = app.screen
        assert isinstance(screen, AutoSyncScreen)
        assert screen.values["last_order_from"] == "2026-11-01"
        assert screen.values["last_update_time"] == "2026-11-02"
        assert screen.values["from_cart_customers"] == "yes"
        await press(pilot, "up", *"2026-11-03")
        assert screen.values["last_update_time"] == "2026-11-03"


async def test_a_bug_in_one_cart_is_told_once_and_the_runner_goes_on(ws: Workspace, make_app: Make) -> None:
    """What a cycle raises is shown and kept for Activity; the same again opens no second dialog."""
    ready_cart(ws)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for _ in range(2):
            app.post_message(CycleBroke(NAME, ZeroDivisionError("x")))
            await settle(pilot)
        assert len(app.screen_stack) == 2
        assert "the other carts go on" in " ".join(seen(app).replace("│", "").split())
        assert len(app.recent_errors) == 1


async def test_trouble_with_the_books_is_told_whole_once(ws: Workspace, make_app: Make) -> None:
    """With its remedy, which the line above the keys has no room for; again only after a cycle that ended."""
    ready_cart(ws)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for _ in range(2):
            app.post_message(CycleBroke(NAME, AbortCycleError("The disk is full.", "Free space on it.")))
            await settle(pilot)
        assert len(app.screen_stack) == 2
        assert "Free space on it." in seen(app)
        assert len(app.recent_errors) == 1


def test_auto_sync_goes_on_when_a_person_has_mended_the_trouble(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended it once (no right to write) is told; the thread looks again until it is asked to stop."""
    told: list[Message] = []
    pulse = Pulse()
    answers = iter([NeedsOperatorError("The database can't be written.", "Give rights."), None])

    def run_forever(*_: object, **__: object) -> None:
        if (answer := next(answers)) is not None:
            raise answer

    monkeypatch.setattr(runner, "run_forever", run_forever)
    monkeypatch.setattr(pulse, "wait", lambda seconds: False)
    thread = RunnerThread(ws, pulse, cast(MessagePump, SimpleNamespace(post_message=told.append)))
    thread.start()
    assert thread.join(10)
    assert [str(one.error) for one in told if isinstance(one, CycleBroke)] == [
        "The database can't be written. Give rights."
    ]
    assert next(answers, "both were used") == "both were used"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:SHOP_PASSWORD", "kept in the variable SHOP_PASSWORD (env:)"),
        ("file:/home/me/.cartui/secrets/Main-1", "kept by cartui in a private file"),
        ("file:/etc/shop.key", "kept in the file shop.key (file:)"),
        ("command:pass show shop", "asked from a command (command:)"),
        ("", "not set"),
    ],
)
def test_a_secret_says_where_it_is_kept(reference: str, words: str) -> None:
    """The kind of the reference in words, short enough for a field at 80 columns, and never a secret."""
    assert reference_words(reference) == words
    assert len(words) <= 46


def test_start_says_what_will_be_sent_to_the_cart(ws: Workspace, shop: MemoryShop) -> None:
    """Never "nothing is written" while a To Cart switch is on; and how much leaves at once."""
    ready_cart(ws)
    assert "Nothing is written to the cart." in start_words(carts.view_cart(ws, NAME))
    fill(shop, orders=0, items=2)
    apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(None)))
    document = carts.view_cart(ws, NAME).document
    sending = replace(document.settings, to_cart_stock=True, to_cart_tracking=True)
    carts.save_cart(ws, replace(document, settings=sending))
    told = start_words(carts.view_cart(ws, NAME))
    assert "Nothing is written" not in told
    assert "SENT to the LIVE cart within seconds of a change here: stock levels, tracking, 2 of them at once." in told
