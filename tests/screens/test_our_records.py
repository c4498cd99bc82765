"""Items and Customers of the system: edited, made, changed in bulk, merged; two people at one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode
from cartui.domain.plan import NewCustomer, NewItem
from cartui.screens.changes import ChangesScreen
from cartui.screens.csv_import import CsvScreen
from cartui.screens.dialogs import ConfirmDialog, ProblemsDialog
from cartui.screens.duplicates import DuplicatesScreen
from cartui.screens.our_record import OurRecordPage
from cartui.screens.record_form import RecordFormScreen
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, hint, own_customers, own_items, press, ready_cart, typed
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]
SIZE = (80, 24)


@pytest.fixture
def app(ws: Workspace, shop: MemoryShop, make_app: Make) -> CartuiApp:
    """Two items, a customer twice."""
    ready_cart(ws)
    own_items(
        ws,
        NewItem(ItemCode("BOOT"), "Boot", price=Decimal("9.95"), currency="EUR", on_hand=Decimal(5)),
        NewItem(ItemCode("CAP"), "Cap", price=Decimal(20), currency="EUR"),
    )
    own_customers(
        ws, NewCustomer("Ann", "Ray", email="ann@example.test"), NewCustomer("A.", "Ray", email="ANN@example.test")
    )
    return make_app(start_cart=NAME, tab=3)


def item(ws: Workspace, code: str) -> Item:
    return ws.books.items.find_by_codes([code])[ItemCode(code)]


def form(app: CartuiApp) -> RecordFormScreen:
    assert isinstance(app.screen, RecordFormScreen), app.screen
    return app.screen


async def test_an_item_is_edited_field_by_field(app: CartuiApp, ws: Workspace) -> None:
    """What is wrong is said while it is typed, and nothing is saved; what is right is saved, stock as a count."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter", "e")
        form(app).field("price").query_one("Input").focus()
        await press(pilot, "end", "x")
        assert "A number such as 12.50" in seen(app)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ProblemsDialog)
        await press(pilot, "escape", "backspace", "5")
        form(app).field("on_hand").query_one("Input").focus()
        await press(pilot, "end", "backspace", "4", "ctrl+s")
        assert isinstance(app.screen, OurRecordPage)
        assert "4 on hand" in seen(app)
    assert (item(ws, "BOOT").price, item(ws, "BOOT").on_hand) == (Decimal("9.955"), 4)
    assert ws.books.stock.entries()[0].kind.value == "count"


async def test_somebody_else_saved_it_meanwhile(app: CartuiApp, ws: Workspace) -> None:
    """The diff is shown; mine is laid over theirs, and only a second save stores it."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter", "e")
        with ws.books.transaction():
            ws.books.items.update(replace(item(ws, "BOOT"), name="Shoe", price=Decimal(8)), actor="bob@desk")
        form(app).field("price").set_value("12")
        form(app).field("barcode").set_value("400")
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ConfirmDialog)
        told = seen(app)
        assert "BOOT was changed by bob@desk since you opened it." in told
        assert "Name: Boot → Shoe." in told
        assert "Price: 9.95 → 8.00. Yours: 12." in told
        await press(pilot, "y")
        assert form(app).values["name"] == "Shoe"
        assert item(ws, "BOOT").barcode == ""
        await press(pilot, "ctrl+s")
    after = item(ws, "BOOT")
    assert (after.name, after.price, after.barcode) == ("Shoe", 12, "400")


async def test_theirs_can_be_taken(app: CartuiApp, ws: Workspace) -> None:
    """Then nothing of mine is in the form, and leaving asks nothing."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter", "e")
        with ws.books.transaction():
            ws.books.items.update(replace(item(ws, "BOOT"), name="Shoe"))
        form(app).field("price").set_value("12")
        await press(pilot, "ctrl+s", "n")
        assert (form(app).values["name"], form(app).values["price"]) == ("Shoe", "9.95")
        await press(pilot, "escape")
        assert isinstance(app.screen, OurRecordPage)
    assert item(ws, "BOOT").price == Decimal("9.95")


async def test_changes_are_not_thrown_away_without_a_question(app: CartuiApp, ws: Workspace) -> None:
    """esc asks only where something was typed."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter", "e")
        form(app).field("name").set_value("Shoe")
        await press(pilot, "escape")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "y")
        assert isinstance(app.screen, OurRecordPage)
    assert item(ws, "BOOT").name == "Boot"


async def test_a_new_item_is_made_by_hand(app: CartuiApp, ws: Workspace) -> None:
    """It is in the list at once; a bundle is written as quantities and codes."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "n")
        for name, text in (("code", "PAIR"), ("name", "Two boots"), ("parts", "2 BOOT")):
            form(app).field(name).set_value(text)
        await press(pilot, "ctrl+s")
        assert "PAIR" in seen(app)
        assert hint(app) == "PAIR was made."
    assert ws.books.items.orderable([item(ws, "PAIR").item_id]) == {item(ws, "PAIR").item_id: 2}


async def test_one_field_of_many_is_changed_through_a_preview(app: CartuiApp, ws: Workspace) -> None:
    """Nothing is written before y; a change that can't be read says what can. U takes it back, with its preview."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "a", "c")
        await typed(pilot, "colour=red")
        await press(pilot, "enter")
        assert "The fields: name, barcode" in " ".join(seen(app).replace("│", " ").split())
        await press(pilot, "escape", "c")
        await typed(pilot, "price+10%")
        await press(pilot, "enter")
        assert isinstance(app.screen, ChangesScreen)
        assert "Price: 9.95 → 10.95" in seen(app)
        assert item(ws, "CAP").price == 20
        await press(pilot, "y")
        assert hint(app) == "Saved: 2 items."
        assert (item(ws, "BOOT").price, item(ws, "CAP").price) == (Decimal("10.95"), 22)
        await press(pilot, "U")
        assert isinstance(app.screen, ChangesScreen)
        assert "Price: 10.95 → 9.95" in seen(app)
        await press(pilot, "y")
    assert (item(ws, "BOOT").price, item(ws, "CAP").price) == (Decimal("9.95"), 20)


async def test_a_csv_file_is_looked_at_adjusted_and_taken(app: CartuiApp, ws: Workspace, tmp_path: Path) -> None:
    """With an error nothing can be saved; another column or decimal sign is chosen on the way."""
    path = tmp_path / "de.csv"
    path.write_text("Artikelnummer;Bezeichnung;VK;UVP\nBOOT;Schuh;1.234;5\nPEN;Stift;5,5;6\n", encoding="utf-8")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "C", "enter")
        await pilot.press(*(_key(letter) for letter in str(path)))
        await press(pilot, "enter")
        screen = app.screen
        assert isinstance(screen, CsvScreen)
        assert "Create 1, update 1 items." in seen(app)  # 5,5 makes 1.234 a thousand
        assert screen.changes.rows[0].texts["price"] == "1234"
        await press(pilot, "d")
        assert screen.changes.errors[0].problem.startswith("Price: '5,5' is no number with a decimal point")
        await press(pilot, "y")
        assert hint(app).startswith("1 rows have an error: nothing can be done")
        await press(pilot, "m", "down", "down", "down", "down", "enter", "down", "down", "down", "enter")
        assert [row.texts["price"] for row in screen.changes.rows] == ["5", "6"]
        assert ws.books.items.find_by_codes(["PEN"]) == {}
        await press(pilot, "y")
        assert hint(app) == "Saved: 2 items."
    assert (item(ws, "BOOT").price, item(ws, "PEN").price) == (5, 6)


def _key(letter: str) -> str:
    names = {"/": "slash", "-": "minus", ".": "full_stop", "_": "underscore"}
    return names.get(letter, letter)


async def test_a_file_that_is_not_there_is_told(app: CartuiApp) -> None:
    """With its path and what to do."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "3", "C", "enter")
        await typed(pilot, "nothing")
        await press(pilot, "enter")
        assert "There is no file nothing." in seen(app)


async def test_duplicates_are_merged_and_taken_apart(app: CartuiApp, ws: Workspace) -> None:
    """The older one stays unless the pair is turned round; the page of the one that stays undoes it."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "4", "D")
        assert isinstance(app.screen, DuplicatesScreen)
        assert "C000002 A. Ray" in seen(app)
        assert "same e-mail" in seen(app)
        await press(pilot, "M", "n")
        assert len(ws.books.customers.list_all()) == 2
        await press(pilot, "M", "y")
        assert [one.code for one in ws.books.customers.list_all()] == ["C000001"]
        await press(pilot, "q", "enter")
        assert isinstance(app.screen, OurRecordPage)
        await press(pilot, "U", "enter")
        assert hint(app) == "C000002 A. Ray is back."
    assert [one.code for one in ws.books.customers.list_all()] == ["C000001", "C000002"]


@pytest.mark.parametrize(
    "size", [(60, 15), *(pytest.param(size, marks=pytest.mark.slow) for size in ((80, 24), (120, 40)))]
)
async def test_the_forms_work_at_every_size(app: CartuiApp, ws: Workspace, size: tuple[int, int]) -> None:
    """The field with the cursor is always seen, also the last of the customer's eighteen."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "4", "enter", "e")
        await press(pilot, "shift+tab")
        assert "Address: phone" in seen(app)
        await press(pilot, "tab")
        assert "First name" in seen(app)
