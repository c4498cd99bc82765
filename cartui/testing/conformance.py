"""What every adapter must do, as one suite of tests. An adapter's test file subclasses `CartConformance` and gives it a
`ShopDriver`: the shop's own side, real or a fake server, where shoppers and staff act.

    class TestPrestaShop(CartConformance):
        @pytest.fixture
        def shop(self) -> Iterator[ShopDriver]:
            with running_prestashop() as shop:
                yield shop
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from cartui.domain.ids import CartOrderId
from cartui.domain.money import ProofState, places_of, prove_total
from cartui.domain.ports import (
    BadRecord,
    BasketSource,
    Cart,
    CustomerReader,
    CustomerSink,
    CustomerSource,
    ItemReader,
    ItemSink,
    OrderReader,
    Stage,
    StockSink,
    Verdict,
)
from cartui.domain.records import CartItem, CartOrder, CustomerDraft, ItemDraft, StockWrite, WriteState
from cartui.domain.safe_text import is_safe_text, safe_text
from cartui.errors import CartuiError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.intake import checked_pages
from cartui.testing.order_life import OrderLifeConformance
from cartui.testing.read_only import ReadOnlyConformance
from cartui.testing.shop_driver import FakeShop, ShopDriver, fake_of, good, rows_of

__all__ = ["HOSTILE_NAMES", "CartConformance", "FakeShop", "ShopDriver", "good", "rows_of"]


FAR_FUTURE = timedelta(days=400)
HOSTILE_NAMES = (
    "Mug \x1b]52;c;cm0gLXJmIH4=\x07",
    "[/foo] [bold]Mug[/]",
    "Invoice \u202egpj.exe",
    "Blue\u200bMug\ufeff",
    "Z" + "\u0351" * 50,
    "\N{FAMILY} \u05e9\u05dc\u05d5\u05dd",
)


class CartConformance(OrderLifeConformance, ReadOnlyConformance):
    """Subclass it and override `shop`. A role that the cart does not have skips its tests."""

    @pytest.fixture
    def shop(self) -> Iterator[ShopDriver]:
        raise NotImplementedError("give the suite a shop")

    @pytest.fixture
    def cart(self, shop: ShopDriver) -> Iterator[Cart]:
        cart = shop.open()
        yield cart
        cart.close()

    # --- connection

    def test_test_connection_passes_stage_by_stage(self, cart: Cart) -> None:
        """Every stage comes once, in order, none fails, and the date filter was probed or the reason said."""
        results = list(cart.test_connection())
        assert [one.verdict for one in results].count(Verdict.FAILED) == 0, results
        stages = [one.stage for one in results]
        assert stages == sorted(set(stages), key=list(Stage).index)
        assert {Stage.ADDRESS, Stage.AUTHENTICATION, Stage.READ_RIGHTS, Stage.CLOCK} <= set(stages)

    def test_wrong_password_is_told_with_its_remedy(self, shop: ShopDriver) -> None:
        """A refused password fails the stage Authentication, and listing raises instead of giving an empty page."""
        cart = shop.open_with_wrong_password()
        last = list(cart.test_connection())[-1]
        assert (last.stage, last.verdict) == (Stage.AUTHENTICATION, Verdict.FAILED)
        assert last.remedy
        with pytest.raises(NeedsOperatorError) as refused:
            list(cart.iter_orders(None))
        assert refused.value.remedy
        cart.close()

    # --- orders

    def test_all_orders_come_once_with_a_total_that_agrees(self, cart: Cart) -> None:
        """Paging loses and repeats nothing."""
        pages = list(cart.iter_orders(None))
        ids = [row.external_id for row in rows_of(pages)]
        assert len(ids) == len(set(ids)) >= 30
        if cart.facts.states_totals:
            assert pages[0].total == len(ids)

    def test_orders_are_whole(self, cart: Cart, shop: ShopDriver) -> None:
        """Times are aware, currencies known, texts safe; the raw row is there, without secrets."""
        for row in rows_of(cart.iter_orders(None)):
            assert row.external_id
            assert row.raw
            assert not any(secret.encode() in row.raw for secret in shop.secrets)
            if isinstance(row.record, BadRecord):
                assert row.record.reason
                assert row.record.remedy
                continue
            order = row.record
            assert row.stamp is not None
            assert row.stamp.tzinfo is not None
            assert order.placed_at.tzinfo is not None
            assert order.order_number
            assert order.native_status
            for line in order.lines:
                assert is_safe_text(line.text)
            assert is_safe_text(order.buyer.name)

    def test_every_cent_is_explained(self, cart: Cart) -> None:
        """The lines of each order add up to its total; nothing of the payload's amounts was left out."""
        orders = good(rows_of(cart.iter_orders(None)))
        proofs = {order.order_number: prove_total(order.lines, order.total, order.currency) for order in orders}
        assert {number: p.problem for number, p in proofs.items() if p.state is ProofState.UNEXPLAINED} == {}

    def test_since_is_inclusive(self, cart: Cart) -> None:
        """Asked since a row's own stamp, that row comes, and none before it."""
        stamped = sorted((r for r in rows_of(cart.iter_orders(None)) if r.stamp), key=lambda r: cast(datetime, r.stamp))
        middle = stamped[len(stamped) // 2]
        again = rows_of(checked_pages(cart.iter_orders(middle.stamp), middle.stamp, "orders"))
        expected = {r.external_id for r in stamped if cast(datetime, r.stamp) >= cast(datetime, middle.stamp)}
        assert {row.external_id for row in again} >= expected

    def test_far_future_gives_nothing(self, cart: Cart, shop: ShopDriver) -> None:
        """The date filter is not ignored."""
        assert rows_of(cart.iter_orders(shop.now() + FAR_FUTURE)) == []

    def test_a_new_order_comes_after_the_mark(self, cart: Cart, shop: ShopDriver) -> None:
        """The mark of a listing, less the overlap, is early enough for whatever is placed afterwards."""
        mark = [page.complete_to for page in cart.iter_orders(None)][-1]
        assert mark is not None
        assert mark <= shop.now() + timedelta(minutes=1)
        placed = shop.place_order()
        rows = rows_of(cart.iter_orders(mark - cart.facts.overlap))
        assert placed in {row.external_id for row in rows}

    def test_a_cancelled_order_is_seen(self, cart: Cart, shop: ShopDriver) -> None:
        """By the listing where its facts say so, else by reading it again."""
        placed = shop.place_order()
        mark = [page.complete_to for page in cart.iter_orders(None)][-1]
        shop.cancel_order(placed)
        if cart.facts.order_changes_seen:
            assert mark is not None
            rows = rows_of(cart.iter_orders(mark - cart.facts.overlap))
        else:
            assert isinstance(cart, OrderReader)
            rows = list(cart.get_orders([CartOrderId(placed)]).rows)
        (found,) = [row.record for row in rows if row.external_id == placed]
        assert isinstance(found, CartOrder)
        assert found.order_state == "cancelled"

    def test_orders_of_one_moment_all_come(self, cart: Cart, shop: ShopDriver) -> None:
        """More rows of one stamp than fit on a page: none is lost, asked from the beginning or since that stamp."""
        placed = set(fake_of(shop).place_orders_at_once(cart.facts.page_size + 3))
        found = {row.external_id: row.stamp for row in rows_of(cart.iter_orders(None))}
        assert placed <= set(found)
        (stamp,) = {found[one] for one in placed}
        again = [row.external_id for row in rows_of(cart.iter_orders(stamp))]
        assert placed <= set(again)
        assert len(again) == len(set(again))

    def test_orders_that_change_while_one_pages_are_not_lost(self, cart: Cart, shop: ShopDriver) -> None:
        """Each order that was there is delivered, though orders move and appear between the pages."""
        before = [row.external_id for row in rows_of(cart.iter_orders(None))]
        changing, seen = iter([before[-1], before[0], before[len(before) // 2]]), set()
        for page in cart.iter_orders(None):
            seen |= {row.external_id for row in page.rows}
            shop.place_order()
            if (order_id := next(changing, None)) is not None:
                shop.cancel_order(order_id)
        assert set(before) <= seen

    def test_marks_prove_what_they_say(self, cart: Cart) -> None:
        """Every row with a stamp before a page's mark was on that page or an earlier one; marks never run backwards."""
        pages = list(cart.iter_orders(None))
        marks = [page.complete_to for page in pages if page.complete_to is not None]
        assert marks == sorted(marks)
        assert pages[-1].complete_to is not None
        for number, page in enumerate(pages):
            later = [row.stamp for row in rows_of(pages[number + 1 :]) if row.stamp is not None]
            assert page.complete_to is None or all(stamp >= page.complete_to for stamp in later)

    def test_amounts_keep_the_decimals_of_their_currency(self, cart: Cart, shop: ShopDriver) -> None:
        """Yen without, euro with two, dinar with three decimals: exactly as the shop writes them."""
        fake, orders = fake_of(shop), good(rows_of(cart.iter_orders(None)))
        assert {places_of(order.currency) for order in orders} >= {0, 2, 3}
        for order in orders:
            assert order.total == Decimal(fake.total_of(order.order_id))
            amounts = [order.total, *(line.amount for line in order.lines)]
            assert all(amount == round(amount, places_of(order.currency)) for amount in amounts)

    def test_an_unreadable_order_is_told_and_the_others_come(self, cart: Cart, shop: ShopDriver) -> None:
        """No exception and no gap: a bad record with its own raw row, reason and remedy, among all the others."""
        before = rows_of(cart.iter_orders(None))
        spoilt = fake_of(shop).spoil_order()
        rows = rows_of(checked_pages(cart.iter_orders(None), None, "orders"))
        (bad,) = [row for row in rows if row.external_id == spoilt]
        assert isinstance(bad.record, BadRecord)
        assert bad.record.reason
        assert bad.record.remedy
        assert spoilt.encode() in bad.raw
        assert {row.external_id for row in rows} == {row.external_id for row in before}
        assert len(good(rows)) == len(good(before)) - 1

    def test_orders_by_id(self, cart: Cart) -> None:
        """Those that exist come, the others are absent."""
        if not isinstance(cart, OrderReader):
            pytest.skip("the cart can't read orders by id")
        ids = [CartOrderId(row.external_id) for row in rows_of(cart.iter_orders(None))[:3]]
        page = cart.get_orders([*ids, CartOrderId("999999999")])
        assert {row.external_id for row in page.rows} == set(ids)

    # --- items, customers, baskets

    def test_items_are_sellable_units(self, cart: Cart) -> None:
        """Each comes once; names are safe; blank stock is None, not zero."""
        rows = rows_of(checked_pages(cart.iter_items(None), None, "items"))
        ids = [row.external_id for row in rows]
        assert len(ids) == len(set(ids)) >= 20
        for item in good(rows):
            assert is_safe_text(item.name)
            assert item.price is None or item.price >= 0
            assert item.stock is None or isinstance(item.stock, Decimal)

    def test_a_renamed_item_is_seen(self, cart: Cart, shop: ShopDriver) -> None:
        """Items changed since the mark come again."""
        pages = list(cart.iter_items(None))
        mark, item = pages[-1].complete_to, good(rows_of(pages))[0]
        assert mark is not None
        shop.rename_item(item.item_id, "Renamed for the test")
        rows = good(rows_of(cart.iter_items(mark - cart.facts.overlap)))
        assert "Renamed for the test" in [one.name for one in rows if one.item_id == item.item_id]

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_hostile_names_arrive_harmless(self, cart: Cart, shop: ShopDriver, name: str) -> None:
        """A name that commands a terminal, hides or reads backwards is replaced, not refused; markup stays as it is."""
        item = good(rows_of(cart.iter_items(None)))[0]
        shop.rename_item(item.item_id, name)
        names = {one.item_id: one.name for one in good(rows_of(cart.iter_items(None)))}
        assert names[item.item_id].strip() == safe_text(name).strip()

    def test_customers(self, cart: Cart) -> None:
        """Each comes once, readable by id, texts safe."""
        if not isinstance(cart, CustomerSource):
            pytest.skip("the cart can't list customers")
        rows = rows_of(checked_pages(cart.iter_customers(None), None, "customers"))
        assert len({row.external_id for row in rows}) == len(rows) >= 10
        assert all(is_safe_text(one.name) for one in good(rows))
        if isinstance(cart, CustomerReader):
            wanted = good(rows)[0].customer_id
            assert [row.external_id for row in cart.get_customers([wanted]).rows] == [wanted]

    def test_baskets(self, cart: Cart) -> None:
        """Unfinished baskets come once each, with lines."""
        if not isinstance(cart, BasketSource):
            pytest.skip("the cart can't list baskets")
        rows = rows_of(cart.iter_baskets(None))
        assert len({row.external_id for row in rows}) == len(rows)

    def test_raw_rows_are_json_or_xml(self, cart: Cart) -> None:
        """A held record can be shown and replayed."""
        for row in rows_of(cart.iter_orders(None))[:20]:
            if not row.raw.lstrip().startswith(b"<"):
                json.loads(row.raw)

    # --- writing

    def test_create_item_is_found_again_by_its_key(self, cart: Cart, shop: ShopDriver) -> None:
        """Look up -> nothing; create; look up -> exactly that one. Creating again makes no second one."""
        if not isinstance(cart, ItemSink):
            pytest.skip("the cart takes no items")
        draft = ItemDraft("cartui-1-item-77", "CONF-77", "Conformance thing", Decimal("12.50"), shop.currency)
        assert list(cart.find_items(draft)) == []
        made = cart.create_item(draft)
        assert [item.item_id for item in cart.find_items(draft)] == [made]
        if cart.facts.idempotent_create:
            assert cart.create_item(draft) == made
        (item,) = cart.find_items(draft)
        assert (item.sku, item.price) == ("CONF-77", Decimal("12.50"))

    def test_a_lost_answer_makes_no_second_item(self, cart: Cart, shop: ShopDriver) -> None:
        """The outcome is unknown, never a failure; then the item is found by its key, and there is exactly one."""
        if not isinstance(cart, ItemSink):
            pytest.skip("the cart takes no items")
        fake = fake_of(shop)
        draft = ItemDraft("cartui-1-item-78", "CONF-78", "Lost and found", Decimal("9.90"), shop.currency)
        fake.lose_answers()
        with pytest.raises(UnknownOutcomeError):
            cart.create_item(draft)
        fake.answer_again()
        again = fake.open()  # the first one's circuit may be open
        assert isinstance(again, ItemSink)
        (found,) = again.find_items(draft)
        assert found.sku == "CONF-78"
        if cart.facts.idempotent_create:
            assert again.create_item(draft) == found.item_id
        assert fake.count_items("CONF-78") == 1
        again.close()

    def test_update_item_writes_only_what_changed(self, cart: Cart) -> None:
        """The price changes, the rest stays."""
        if not (isinstance(cart, ItemSink) and isinstance(cart, ItemReader)):
            pytest.skip("the cart takes no items")
        before = self._tracked_item(cart)
        cart.update_item(before.item_id, {"price": Decimal("3.21")})
        after = good(cart.get_items([before.item_id]).rows)[0]
        assert after.price == Decimal("3.21")
        assert (after.name, after.sku, after.stock) == (before.name, before.sku, before.stock)

    def test_stock_is_absolute_and_compared(self, cart: Cart, shop: ShopDriver) -> None:
        """The number sent is the number there; where the cart's number is not the expected one nothing is written."""
        if not (isinstance(cart, StockSink) and isinstance(cart, ItemReader)):
            pytest.skip("the cart takes no stock")
        item = self._tracked_item(cart)
        (done,) = cart.set_stock([StockWrite(item.item_id, Decimal(40), expected=item.stock)])
        assert done.state is WriteState.DONE
        assert shop.stock_of(item.item_id) == 40
        shop.sell_one(item.item_id)
        (refused,) = cart.set_stock([StockWrite(item.item_id, Decimal(50), expected=Decimal(40))])
        assert refused.state is WriteState.CONFLICT
        assert refused.current == 39
        assert shop.stock_of(item.item_id) == 39

    def test_unknown_item_is_refused_not_ignored(self, cart: Cart) -> None:
        """A stock write to an item that is not there says so."""
        if not isinstance(cart, StockSink):
            pytest.skip("the cart takes no stock")
        (result,) = cart.set_stock([StockWrite(cast(Any, "999999999"), Decimal(1))])
        assert result.state is WriteState.REFUSED
        assert result.reason

    def test_create_customer_is_found_again(self, cart: Cart) -> None:
        """As for items, by key and e-mail; then one field is changed."""
        if not (isinstance(cart, CustomerSink) and isinstance(cart, CustomerReader)):
            pytest.skip("the cart takes no customers")
        draft = CustomerDraft("cartui-1-customer-77", "conform77@example.test", "Con", "Form")
        assert list(cart.find_customers(draft)) == []
        made = cart.create_customer(draft)
        assert [one.customer_id for one in cart.find_customers(draft)] == [made]
        cart.update_customer(made, {"last_name": "Formed"})
        (after,) = good(cart.get_customers([made]).rows)
        assert (after.first_name, after.last_name, after.email) == ("Con", "Formed", draft.email)

    def test_errors_name_their_remedy(self, cart: Cart) -> None:
        """Changing what is not there is a refusal with a remedy, not a crash."""
        if not isinstance(cart, ItemSink):
            pytest.skip("the cart takes no items")
        with pytest.raises(CartuiError) as refused:
            cart.update_item(cast(Any, "999999999"), {"name": "nobody"})
        assert refused.value.remedy

    @staticmethod
    def _tracked_item(cart: Cart) -> CartItem:
        items = good(rows_of(cart.iter_items(None)))
        return next(item for item in items if item.stock is not None and item.sku and item.price)
