"""The plan screen: nothing is done before y, creating in a LIVE cart asks, the report says what was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.plan import Action, Plan, PlannedChange
from cartui.domain.settings import CartConnection
from cartui.screens.dialogs import ConfirmDialog, TypedWordDialog
from cartui.screens.explorer import ExplorerScreen
from cartui.screens.plan import PlanScreen, show_plan
from cartui.sync import carts
from cartui.sync.actions import Selection, our_ids, plan_export, plan_import
from cartui.sync.apply import ApplyReport, apply_plan
from cartui.sync.plan_files import plan_again
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.screens.terminal import NOW, SIZES, URL, seen, settle

Make = Callable[..., CartuiApp]
NAME = "Main shop"


@pytest.fixture
def plan(ws: Workspace, shop: MemoryShop) -> Plan:
    """Import three orders, one of which is held."""
    carts.new_cart(ws, NAME, CartConnection("memory", URL))
    list(carts.test_connection(ws, NAME))
    carts.set_last_order_from(ws, NAME, NOW - timedelta(days=9))
    for number in (1, 2):
        shop.put_order(samples.order(number, NOW - timedelta(hours=number)))
    shop.put_order(samples.order(3, NOW, total=samples.order(1, NOW).total + 5))
    return plan_import(ws, NAME, RecordKind.ORDER, Selection(None, {}))


async def show(pilot: Pilot[int], plan: Plan) -> list[ApplyReport]:
    app = pilot.app
    assert isinstance(app.screen, ExplorerScreen)
    reports: list[ApplyReport] = []
    show_plan(app.screen, plan, reports.append)
    await settle(pilot)  # type: ignore[arg-type]
    return reports


async def test_leaving_a_plan_changes_nothing(ws: Workspace, make_app: Make, plan: Plan) -> None:
    """n leaves; no document is made and nobody is told of a report."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        reports = await show(pilot, plan)
        assert "Create 2 orders" in seen(app)
        await pilot.press("n")
        await settle(pilot)
        assert isinstance(app.screen, ExplorerScreen)
        assert reports == []
    assert ws.books.documents.count() == 0


async def test_y_applies_and_the_report_follows(ws: Workspace, make_app: Make, plan: Plan) -> None:
    """y does what the plan says, shows the counts, and q hands the report to the screen before."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        reports = await show(pilot, plan)
        await pilot.press("y")
        await settle(pilot)
        assert "Done: 2 created, 1 held." in seen(app)
        assert "Apply" not in seen(app)
        await pilot.press("q")
        await settle(pilot)
        assert [report.counts.created for report in reports] == [2]
    assert ws.books.documents.count() == 2


async def test_the_reason_of_a_held_row_can_be_read_in_full(make_app: Make, plan: Plan) -> None:
    """enter on a row shows why it is held and what to do."""
    app = make_app()
    held = next(change for change in plan.changes if change.action is Action.HOLD)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await show(pilot, plan)
        await pilot.press("G", "enter")
        await settle(pilot)
        assert " ".join(held.reason.split()[:3]) in seen(app)


async def test_creating_in_a_live_cart_asks_in_numbers(make_app: Make) -> None:
    """An export that creates in a LIVE cart wants a yes of its own, with No as the default."""
    changes = tuple(PlannedChange(Action.CREATE, str(n), f"Item {n}") for n in range(12))
    plan = Plan(CartId(1), NAME, True, RecordKind.ITEM, Direction.EXPORT, changes)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await show(pilot, plan)
        await pilot.press("y")
        await settle(pilot)
        assert isinstance(app.screen, ConfirmDialog)
        assert "Create 12 items in LIVE cart Main shop?" in seen(app)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, PlanScreen)
        assert app.screen.report is None


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("keys", [(), ("y",)], ids=["plan", "report"])
def test_how_it_looks(
    snap_compare: Callable[..., bool], make_app: Make, plan: Plan, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """The plan and its report."""

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await show(pilot, plan)
        await pilot.press(*keys)
        await settle(pilot)

    assert snap_compare(make_app(), terminal_size=size, run_before=drive)


async def test_a_brake_wants_the_carts_name(ws: Workspace, make_app: Make, shop: MemoryShop) -> None:
    """Rule 14: y alone sends nothing; the name does. u then takes it back, plan first."""
    carts.new_cart(ws, NAME, CartConnection("memory", URL))
    list(carts.test_connection(ws, NAME))
    for number in (1, 2, 3):
        shop.put_item(samples.item(number, NOW))
    keys = [f"i{number}" for number in (1, 2, 3)]
    apply_plan(ws, plan_import(ws, NAME, RecordKind.ITEM, Selection(keys, {})))
    ids = our_ids(ws, RecordKind.ITEM, ["SKU-1", "SKU-2", "SKU-3"])
    plan = plan_export(ws, NAME, RecordKind.ITEM, Selection(ids, {one: {"stock": "0"} for one in ids}))
    before = {key: shop.items[key].stock for key in keys}
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await show(pilot, plan)
        await pilot.press("y")
        await settle(pilot)
        assert isinstance(app.screen, TypedWordDialog)
        assert "set stock to zero: 3 rows" in seen(app)
        assert {key: shop.items[key].stock for key in keys} == before
        await pilot.press(*("space" if one == " " else one for one in NAME), "enter")
        await settle(pilot)
        assert {shop.items[key].stock for key in keys} == {0}
        await pilot.press("u")
        await settle(pilot)
        assert "set stock of 3" in seen(app).lower()
        await pilot.press("y")
        await settle(pilot)
        assert {key: shop.items[key].stock for key in keys} == before


async def test_a_plan_is_kept_as_a_file(ws: Workspace, make_app: Make, plan: Plan, tmp_path: Path) -> None:
    """w asks where to; the file is the owner's alone and can be applied later."""
    app = make_app()
    target = tmp_path / "kept.json"
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await show(pilot, plan)
        await pilot.press("w")
        await settle(pilot)
        app.screen.query_one(Input).value = str(target)
        await pilot.press("enter")
        await settle(pilot)
        assert "Kept as" in seen(app)
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(plan_again(ws, target.read_text())[1].effective) == 2
    assert ws.books.documents.count() == 0
