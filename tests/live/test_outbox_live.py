"""To the cart, through the whole program: books, outbox, cycle, adapter and transport, into a real shop.

The shop is reached through a loopback server that counts the writes and can swallow an answer; what stands in the shop
is asked of the shop itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartui.books import StockChange
from cartui.config.settings import load_config
from cartui.domain.documents import Document, Item
from cartui.domain.ids import CartOrderId, RecordKind
from cartui.domain.outbox import OutboxKind, OutboxRow, OutboxState
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.settings import OWNED_FIELDS, CartConnection, CartSettings, FieldOwner, owner_key
from cartui.errors import NeedsOperatorError
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.cycle import run_cycle
from cartui.sync.fulfilment import Parcel, ship_document
from cartui.sync.workspace import Workspace
from cartui.wiring import build_workspace
from tests.cli.conftest import Cartui
from tests.live.tap import Fate, Tap, tapped
from tests.live.vendure_actor import ShopRefused, VendureActor
from tests.live.vendure_shop import VendureShop

NAME = "Real shop"
D = Decimal
SKUS = ("SKU-021", "SKU-022", "SKU-023")
ALL = CartSettings(to_cart_stock=True, to_cart_items=True, to_cart_customers=True, to_cart_tracking=True)
ASK = {owner_key(kind, name): FieldOwner.ASK for kind, names in OWNED_FIELDS.items() for name in names}
BOTH = CartSettings(
    to_cart_items=True, from_cart_items=True, to_cart_customers=True, from_cart_customers=True, field_owners=ASK
)
_VARIANT = "query($i:ID!){productVariant(id:$i){name priceWithTax stockLevels{stockOnHand stockAllocated}}}"
_ORDER = """query($i:ID!){order(id:$i){state code lines{id quantity} customer{id}
 fulfillments{id state method trackingCode lines{orderLineId quantity}}}}"""
STOCK, FULFIL, MOVE = "updateProductVariants", "addFulfillmentToOrder", "transitionFulfillmentToState"


@dataclass
class Place:
    """The books on the one side, the shop on the other."""

    ws: Workspace
    actor: VendureActor
    tap: Tap
    variants: dict[str, str]

    def cycle(self) -> CycleReport:
        report = run_cycle(self.ws, NAME)
        assert report.result in (CycleResult.OK, CycleResult.HELD), report
        return report

    def item(self, sku: str) -> Item:
        return self.ws.books.items.find_by_codes([sku]).popitem()[1]

    def move(self, sku: str, pieces: int) -> None:
        with self.ws.books.transaction():
            self.ws.books.items.change_stock([StockChange(self.item(sku).item_id, D(pieces), "counted")])

    def rename(self, sku: str, **changes: Any) -> None:
        with self.ws.books.transaction():
            self.ws.books.items.update(replace(self.item(sku), **changes))

    def variant(self, sku: str) -> dict[str, Any]:
        found: dict[str, Any] = self.actor.staff().ask(_VARIANT, i=self.variants[sku])["productVariant"]
        return found

    def on_hand(self, sku: str) -> int:
        (level,) = self.variant(sku)["stockLevels"]
        return int(level["stockOnHand"])

    def offered(self, sku: str) -> int:
        """What a shopper can still buy."""
        (level,) = self.variant(sku)["stockLevels"]
        return int(level["stockOnHand"] - level["stockAllocated"])

    def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.actor.staff().ask(_ORDER, i=order_id)["order"]
        return found

    def parcels(self, order_id: str) -> list[tuple[str, str, str, list[int]]]:
        """State, carrier, tracking number and pieces of each fulfilment."""
        rows = sorted(self.order(order_id)["fulfillments"] or (), key=lambda row: int(row["id"]))
        return [
            (row["state"], row["method"], row["trackingCode"], [line["quantity"] for line in row["lines"]])
            for row in rows
        ]

    def buy(self, *wanted: tuple[str, int], email: str = "tap@example.test", payment: str = "card") -> str:
        lines = [(self.variants[sku], pieces) for sku, pieces in wanted]
        return self.actor.place_order(lines, email=email, payment=payment).id

    def document(self, order_id: str) -> Document:
        cart_id = self.ws.books.carts.get(NAME).cart_id
        found = self.ws.books.documents.find_by_external(cart_id, [CartOrderId(order_id)])
        return self.ws.books.documents.get(found[CartOrderId(order_id)])

    def approve(self, order_id: str) -> Document:
        (done,) = approve_documents(self.ws, preview_approvals(self.ws, [self.document(order_id).document_id]))
        assert done.number, done
        return self.document(order_id)

    def ship(self, order_id: str, tracking: str, pieces: int) -> None:
        """So many pieces of the first line."""
        parcel = Parcel({1: D(pieces)}, carrier="Royal Mail", tracking_number=tracking)
        ship_document(self.ws, self.document(order_id), parcel)

    def rows(self, kind: OutboxKind) -> list[OutboxRow]:
        cart_id = self.ws.books.carts.get(NAME).cart_id
        return [row for row in self.ws.books.outbox.list_rows(cart_id, tuple(OutboxState)) if row.kind is kind]

    def switch(self, **changes: Any) -> None:
        document = self.ws.books.carts.get(NAME)
        carts.save_cart(self.ws, replace(document, settings=replace(document.settings, **changes)))


@pytest.fixture
def cartui(tmp_path: Path, vendure_shop: VendureShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cartui]:
    """The program in a process of its own, on the books of `place`."""
    runner = Cartui(tmp_path / "data")
    assert vendure_shop.running is not None
    runner.env["SHOP_PASSWORD"] = vendure_shop.running.password
    monkeypatch.setenv("CARTUI_HOME", str(runner.home))
    monkeypatch.setenv("SHOP_PASSWORD", vendure_shop.running.password)
    yield runner
    for process in runner.started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def place(cartui: Cartui, vendure: VendureActor, vendure_shop: VendureShop) -> Iterator[Place]:
    """Three items that were created here from the shop's, 20 of each in the books and 100 in the shop; the cart is
    RUNNING and sends nothing yet. The cart was told of all there is, and nothing is on its way."""
    assert vendure_shop.running is not None
    with tapped(vendure_shop.running.address) as tap:
        ws = build_workspace(load_config(), process="test")
        here = Place(ws, vendure, tap, {sku: vendure.variant_id(sku) for sku in SKUS})
        for sku in SKUS:
            vendure.change_stock(here.variants[sku], 100)
        secret = {"password": "env:SHOP_PASSWORD"}
        connection = CartConnection("vendure", tap.address, {"username": vendure_shop.running.username}, secret)
        carts.new_cart(ws, NAME, connection, CartSettings())
        assert [one.detail for one in carts.test_connection(ws, NAME)]
        now = datetime.now(UTC)
        carts.set_last_order_from(ws, NAME, now)
        carts.set_last_update_time(ws, NAME, now)
        carts.start_cart(ws, NAME, confirmed=True)
        ids = list(here.variants.values())
        plan = plan_import(ws, NAME, RecordKind.ITEM, Selection(ids, {one: {"stock": "20"} for one in ids}))
        assert not apply_plan(ws, plan, confirmed=NAME).problems
        assert tap.writes == []
        yield here
        ws.close_thread()


# --- stock ------------------------------------------------------------------------------------------------------------


def test_the_shop_offers_what_the_books_can_sell(place: Place) -> None:
    """Vendure's number is what lies on the shelf, and it subtracts its own open orders itself. From order to parcel,
    what a shopper can buy there is what is free here: no piece is counted twice, and none is sold twice."""
    kept = {sku: place.on_hand(sku) - place.offered(sku) for sku in SKUS}  # by orders from before our time
    place.switch(to_cart_stock=True, to_cart_tracking=True)
    place.cycle()
    assert [place.on_hand(sku) for sku in SKUS] == [20, 20, 20]
    place.cycle()
    assert len(place.tap.writes) == 1  # all three in one, and nothing twice
    first = SKUS[0]
    order_id = place.buy((first, 3))
    place.cycle()
    assert (place.on_hand(first), place.offered(first)) == (20, 17 - kept[first])
    place.approve(order_id)
    place.cycle()
    assert len(place.tap.writes) == 1
    place.move(first, 5)
    place.cycle()
    (write,) = place.tap.writes[1:]
    assert [one["id"] for one in write["variables"]["i"]] == [place.variants[first]]
    assert (place.on_hand(first), place.offered(first)) == (25, 22 - kept[first])
    for tracking, pieces, left in (("PART-1", 1, 24), ("REST-1", 2, 22)):
        place.ship(order_id, tracking, pieces)
        for _ in range(2):
            place.cycle()
            assert (place.on_hand(first), place.offered(first)) == (left, 22 - kept[first])
    assert len(place.tap.named(STOCK)) == 2
    with pytest.raises(ShopRefused):
        place.buy((first, 23 - kept[first]))


def test_an_order_that_is_placed_while_we_send_is_not_sold_again(place: Place) -> None:
    """Between our reading of the shop's orders and our write: the shop subtracts it by itself. One that is only
    authorised is no document yet and counts all the same."""
    first, second = SKUS[:2]
    kept = {sku: place.on_hand(sku) - place.offered(sku) for sku in SKUS}
    place.switch(to_cart_stock=True)
    bought: list[str] = []

    def buy_first(_body: dict[str, Any]) -> Fate:
        if not bought:
            bought.append(place.buy((first, 4)))
        return Fate.PASS

    place.tap.decide = buy_first
    waiting = place.buy((second, 2), payment="reserve")
    for _ in range(2):
        place.cycle()
        assert bought
        assert [place.offered(sku) for sku in (first, second)] == [16 - kept[first], 18 - kept[second]]
        assert [place.on_hand(sku) for sku in (first, second)] == [20, 20]
    place.actor.cancel(waiting)
    place.cycle()
    assert (place.on_hand(second), place.offered(second)) == (20, 20 - kept[second])
    assert len(place.tap.writes) == 1


# --- items and customers ----------------------------------------------------------------------------------------------


def test_changes_of_items_and_customers_go_out_once_and_come_back_as_same(place: Place) -> None:
    """Only what was changed is written. What both sides changed is nobody's to overwrite: it is refused and held."""
    first, second = SKUS[:2]
    someone = '{customers(options:{take:1,filter:{emailAddress:{contains:"@example"}}}){items{id lastName user{id}}}}'
    (there,) = place.actor.staff().ask(someone)["customers"]["items"]
    made = apply_plan(place.ws, plan_import(place.ws, NAME, RecordKind.CUSTOMER, Selection([there["id"]])))
    assert not made.problems
    (customer,) = place.ws.books.customers.list_all()
    place.switch(**{name: getattr(BOTH, name) for name in (
        "to_cart_items", "from_cart_items", "to_cart_customers", "from_cart_customers", "field_owners"
    )})  # fmt: skip
    place.cycle()
    assert place.tap.writes == []
    price, name = place.item(first).price or D(0), place.item(second).name
    place.rename(first, price=price + 1)
    with place.ws.books.transaction():
        place.ws.books.customers.update(replace(customer, phone="0113 496 0000"))
    place.cycle()
    assert place.variant(first)["priceWithTax"] == int((price + 1) * 100)
    told = place.actor.staff().ask("query($i:ID!){customer(id:$i){phoneNumber lastName}}", i=there["id"])["customer"]
    assert told == {"phoneNumber": "0113 496 0000", "lastName": there["lastName"]}
    assert len(place.tap.writes) == 2
    for _ in range(2):
        counts = place.cycle().counts
        assert (counts[RecordKind.ITEM].updated, counts[RecordKind.CUSTOMER].updated) == (0, 0)
    assert counts[RecordKind.ITEM].same + counts[RecordKind.CUSTOMER].same >= 2  # seen, and known as our own
    assert place.item(first).price == price + 1
    place.actor.change_price(place.variants[second], 4321)
    place.rename(second, price=D("12.34"))
    writes = len(place.tap.writes)
    for _ in range(2):
        place.cycle()
        assert (place.variant(second)["priceWithTax"], place.item(second).price) == (4321, D("12.34"))
    assert len(place.tap.writes) == writes
    (row,) = [one for one in place.rows(OutboxKind.ITEM) if one.our_id == place.item(second).item_id]
    assert row.state is OutboxState.REFUSED
    assert "'12.34' here, '43.21' in the cart" in row.reason
    assert place.item(second).name == name


# --- tracking ---------------------------------------------------------------------------------------------------------


def test_two_parcels_stand_in_the_shop_once_each(place: Place) -> None:
    """Imported, approved, shipped in two parts: partial first, then the order is Shipped, and its document knows."""
    place.switch(to_cart_tracking=True)
    order_id = place.buy((SKUS[0], 3))
    place.cycle()
    place.approve(order_id)
    place.ship(order_id, "RM-1", 1)
    for _ in range(2):
        place.cycle()
    assert place.parcels(order_id) == [("Shipped", "Royal Mail", "RM-1", [1])]
    assert place.order(order_id)["state"] == "PartiallyShipped"
    place.ship(order_id, "RM-2", 2)
    for _ in range(2):
        place.cycle()
    both = [("Shipped", "Royal Mail", "RM-1", [1]), ("Shipped", "Royal Mail", "RM-2", [2])]
    assert (place.parcels(order_id), place.order(order_id)["state"]) == (both, "Shipped")
    assert (len(place.tap.named(FULFIL)), len(place.tap.named(MOVE))) == (2, 2)
    assert {row.state for row in place.rows(OutboxKind.SHIPMENT)} == {OutboxState.DONE}


@pytest.mark.parametrize("fate", [Fate.LOSE_ANSWER, Fate.LOSE_REQUEST])
@pytest.mark.parametrize("which", [FULFIL, MOVE, STOCK])
def test_what_was_not_answered_is_looked_up_and_never_doubled(place: Place, which: str, fate: Fate) -> None:
    """The connection breaks after the request: carried out or not, in the end it stands in the shop once."""
    place.switch(to_cart_stock=True, to_cart_items=True, to_cart_tracking=True)
    order_id = place.buy((SKUS[0], 2))
    place.cycle()
    place.approve(order_id)
    place.cycle()
    place.ship(order_id, "ONCE-1", 2)
    place.move(SKUS[1], 3)
    place.rename(SKUS[2], price=(place.item(SKUS[2]).price or D(0)) + 1)
    price = place.item(SKUS[2]).price or D(0)
    lost: list[str] = []

    def lose(body: dict[str, Any]) -> Fate:
        if lost or which not in body["query"]:
            return Fate.PASS
        lost.append(which)
        return fate

    place.tap.decide = lose
    place.tap.writes.clear()
    run_cycle(place.ws, NAME)
    assert lost == [which]
    for _ in range(2):
        with place.ws.books.transaction():  # as if the minute were over that a row without an answer rests
            place.ws.books.database.write_sql("UPDATE outbox SET due_at = 0")
        run_cycle(place.ws, NAME)
    assert place.parcels(order_id) == [("Shipped", "Royal Mail", "ONCE-1", [2])]
    assert [place.on_hand(sku) for sku in SKUS] == [18, 23, 20]
    assert place.variant(SKUS[2])["priceWithTax"] == int(price * 100)
    assert once_each(place.tap)
    assert {row.state for kind in OutboxKind for row in place.rows(kind)} == {OutboxState.DONE}
    assert not place.ws.books.journal.open_entries(place.ws.books.carts.get(NAME).cart_id)


def once_each(tap: Tap) -> bool:
    """No write reached the shop twice."""
    shown = [json.dumps(body, sort_keys=True) for body in tap.writes]
    return bool(shown) and len(set(shown)) == len(shown)


# --- killed -----------------------------------------------------------------------------------------------------------


def killed_at(cartui: Cartui, place: Place, number: int, *, done: bool) -> int:
    """A headless run that is killed at its n-th write: before the shop gets it, or as soon as the shop is `done`."""
    seen: list[dict[str, Any]] = []
    processes: list[subprocess.Popen[str]] = []

    def strike(body: dict[str, Any]) -> None:
        if body is seen[-1] and len(seen) == number:
            os.kill(processes[0].pid, signal.SIGKILL)
            processes[0].wait(10)

    def decide(body: dict[str, Any]) -> Fate:
        seen.append(body)
        if not done:
            strike(body)
        return Fate.PASS if done or len(seen) != number else Fate.LOSE_REQUEST

    place.tap.decide = decide
    place.tap.answered = strike if done else lambda body: None
    processes.append(cartui.start("--sync-only", "--once", "--json"))
    _, words = processes[0].communicate(timeout=120)
    place.tap.decide, place.tap.answered = lambda body: Fate.PASS, lambda body: None
    assert "Traceback" not in words
    return processes[0].returncode


def test_killed_in_the_middle_of_sending_everything_is_there_once(place: Place, cartui: Cartui) -> None:
    """SIGKILL to `cartui --sync-only` at each write in turn, with the write on its way or just carried out. Whoever
    comes next looks up what became of it."""
    place.switch(to_cart_stock=True, to_cart_items=True, to_cart_tracking=True)
    order_id = place.buy((SKUS[0], 3))
    place.cycle()
    place.approve(order_id)
    place.cycle()
    place.tap.writes.clear()
    place.ship(order_id, "KILL-1", 1)
    place.ship(order_id, "KILL-2", 2)
    place.move(SKUS[1], 7)
    place.rename(SKUS[2], price=D("7.65"))
    killed = 0
    for done in (True, False, True, False, True, False, True):
        killed += killed_at(cartui, place, 1, done=done) == -signal.SIGKILL
        with place.ws.books.transaction():
            place.ws.books.database.write_sql("UPDATE lease SET expires_at = 0")  # as if its minute were over
    assert killed >= 6
    assert cartui("--sync-only", "--once", "--json").code == 0
    assert cartui("--sync-only", "--once", "--json").code == 0
    both = [("Shipped", "Royal Mail", "KILL-1", [1]), ("Shipped", "Royal Mail", "KILL-2", [2])]
    assert (place.parcels(order_id), place.order(order_id)["state"]) == (both, "Shipped")
    assert [place.on_hand(sku) for sku in SKUS] == [17, 27, 20]
    assert place.variant(SKUS[2])["priceWithTax"] == 765
    assert once_each(place.tap)
    assert {row.state for kind in OutboxKind for row in place.rows(kind)} == {OutboxState.DONE}


# --- held back --------------------------------------------------------------------------------------------------------


def prepare(place: Place) -> str:
    order_id = place.buy((SKUS[0], 1))
    place.cycle()
    place.approve(order_id)
    place.ship(order_id, "TEST-1", 1)
    place.move(SKUS[1], 3)
    place.rename(SKUS[2], price=D("9.99"))
    return order_id


def test_a_test_cart_tells_the_shop_nothing_until_the_admin_says_so(place: Place) -> None:
    """The switches are refused with the remedy, and what stands in the books sends no stock and no parcel (S127)."""
    place.switch(live=False)
    order_id = prepare(place)
    with pytest.raises(NeedsOperatorError, match="allow it for this cart"):
        place.switch(to_cart_stock=True, to_cart_tracking=True)
    document = place.ws.books.carts.get(NAME)
    unsafe = replace(document.settings, to_cart_stock=True, to_cart_tracking=True)
    with place.ws.books.transaction():
        place.ws.books.carts.save(replace(document, settings=unsafe))
    assert run_cycle(place.ws, NAME).result is CycleResult.STOPPED
    assert place.tap.writes == []
    place.switch(send_from_test=True)
    carts.start_cart(place.ws, NAME, confirmed=True)
    place.cycle()
    assert place.parcels(order_id) == [("Shipped", "Royal Mail", "TEST-1", [1])]
    assert [place.on_hand(sku) for sku in SKUS] == [19, 23, 20]


def test_read_only_sends_no_write(place: Place) -> None:
    """Orders come in, and everything waits; writable again, it goes."""
    place.switch(to_cart_stock=True, to_cart_items=True, to_cart_tracking=True)
    writable = place.ws
    place.ws = replace(writable, read_only=True)
    order_id = place.buy((SKUS[0], 1))
    run_cycle(place.ws, NAME)
    assert place.document(order_id).draft.total > 0
    assert place.tap.writes == []
    assert {row.state for row in place.rows(OutboxKind.STOCK)} == {OutboxState.WAITING}
    place.ws = writable
    place.cycle()
    assert len(place.tap.writes) == 1
