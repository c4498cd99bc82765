"""The Cart Connect adapter against every fault that the demo shop can show, and what it makes of single rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from cartui.adapters.cart_connect import SPEC, CartConnect
from cartui.adapters.cart_connect import cart as cart_module
from cartui.adapters.cart_connect.listing import ITEMS, ORDERS, parse_listing, parse_row
from cartui.adapters.cart_connect.render import render_changes, render_customer, render_item, render_key
from cartui.demo.pages import missing
from cartui.demo.server import DemoShop, RunningDemo
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.ports import BadRecord, Capability, Connection, Page, Stage, StageResult, Verdict
from cartui.domain.records import Address, CustomerDraft, ItemDraft, LineKind, PaymentState, StockWrite, WriteState
from cartui.errors import AbortCycleError, CartuiError, HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import good, rows_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Connect = Callable[..., CartConnect]
DRAFT = ItemDraft("cartui-test-item-1", "NEW-1", "New thing", Decimal("12.5"), "EUR", stock=Decimal(4))


def bad_ones(pages: list[Page[Any]]) -> list[BadRecord]:
    return [row.record for row in rows_of(pages) if isinstance(row.record, BadRecord)]


def last_stage(cart: CartConnect) -> StageResult:
    """The last line of Test Connection."""
    results = list(cart.test_connection())
    assert all(one.verdict is not Verdict.FAILED for one in results[:-1])
    return results[-1]


def an_order(demo_shop: DemoShop, **changes: Any) -> dict[str, Any]:
    """A good row of a shop whose prices include tax, with changes."""
    return next(row for row in demo_shop.rows("orders") if row["prices_include_tax"]) | changes


def read(row: object) -> Any:
    """What becomes of one row of orders."""
    return parse_row(ORDERS, row, json.dumps(row).encode()).record


# --- cost -------------------------------------------------------------------------------------------------------------


def test_a_poll_without_changes_is_one_request_a_kind(cart: CartConnect, demo_shop: DemoShop) -> None:
    """No ping, no second page, whatever the shop holds."""
    mark = [page.complete_to for page in cart.iter_orders(None)][-1]
    demo_shop.faults.requests.clear()
    assert mark is not None
    assert rows_of(cart.iter_orders(mark)) == []
    assert len(demo_shop.faults.requests) == 1


def test_a_shop_with_smaller_pages_is_asked_for_its_size(
    connect: Connect, demo_shop: DemoShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses our page size; then, and only then, ping says how much it takes."""
    monkeypatch.setattr("cartui.demo.checks.PAGE_MAXIMUM", 90)
    monkeypatch.setattr("cartui.demo.app.PAGE_MAXIMUM", 90)
    cart = connect()
    pages = list(cart.iter_items(None))
    assert [len(page.rows) for page in pages] == [90, 90, 90, 30]
    assert [request for request in demo_shop.faults.requests if "ping" in request] == ["GET ping"]
    assert cart.facts.page_size == 90


def test_many_ids_are_asked_for_in_pieces(cart: CartConnect, demo_shop: DemoShop) -> None:
    """Request lines stay short; ids that are none are not sent, and those that are gone are absent."""
    ids = [CartItemId(row["item_id"]) for row in demo_shop.rows("items")]
    page = cart.get_items([*ids, CartItemId("no id, this"), CartItemId("gone")])
    assert [row.external_id for row in page.rows] == ids
    assert max(map(len, demo_shop.faults.requests)) < 8_000


# --- faults while reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["429", "429-no-retry-after", "500", "502", "503", "half-json", "cut", "lost-request"]
)
def test_a_passing_fault_is_waited_out(cart: CartConnect, demo_shop: DemoShop, waiter: Any, fault: str) -> None:
    """The second try brings the page: nothing is missing, and the wait that was asked for was kept."""
    demo_shop.faults.arm(fault, on="GET orders", skip=2)
    assert len(rows_of(cart.iter_orders(None))) == 1_500
    if fault == "429":
        assert sum(waiter.waits) >= 1


@pytest.mark.parametrize(
    "fault", ["429", "429-no-retry-after", "500", "502", "503", "html", "php-notice", "half-json", "cut", "lost-answer"]
)
def test_a_lasting_fault_ends_the_cycle(cart: CartConnect, demo_shop: DemoShop, fault: str) -> None:
    """Never an empty page: the cycle ends with an error that says what to do, and is tried again later."""
    demo_shop.faults.arm(fault, times=99, on="GET orders", skip=1)
    pages = cart.iter_orders(None)
    assert len(next(pages).rows) == 250
    with pytest.raises(AbortCycleError) as ended:
        next(pages)
    assert ended.value.remedy


@pytest.mark.parametrize("fault", ["401", "403", "redirect"])
def test_a_refusal_stops_the_cart(cart: CartConnect, demo_shop: DemoShop, fault: str) -> None:
    """Nothing comes right by itself: a person must act."""
    demo_shop.faults.arm(fault, times=99, on="GET orders")
    with pytest.raises(NeedsOperatorError) as refused:
        list(cart.iter_orders(None))
    assert refused.value.remedy


@pytest.mark.parametrize("fault", ["lie-total", "empty-page"])
def test_a_listing_that_ends_too_early_is_noticed(cart: CartConnect, demo_shop: DemoShop, fault: str) -> None:
    """The stated total is not reached: the mark is not moved."""
    demo_shop.faults.arm(fault, times=99, on="GET items")
    with pytest.raises(AbortCycleError):
        list(checked_pages(cart.iter_items(None), None, "items"))


def test_a_page_that_comes_again_is_noticed(cart: CartConnect, demo_shop: DemoShop) -> None:
    """A cache that answers with the page before must not end in a circle."""
    demo_shop.faults.arm("stale-page", times=99, on="GET orders", skip=1)
    with pytest.raises(AbortCycleError):
        list(checked_pages(cart.iter_orders(None), None, "orders"))
    demo_shop.faults.disarm()
    demo_shop.faults.arm("stale-page", times=99, on="GET orders", skip=1)
    with pytest.raises(AbortCycleError, match="circle"):
        list(cart.iter_orders(None))


def test_an_ignored_date_filter_is_noticed(
    cart: CartConnect, demo_shop: DemoShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the rows, where the shop claims to have applied it; by its word, where it does not."""
    demo_shop.faults.arm("ignore-filter", on="GET orders")
    with pytest.raises(NeedsOperatorError, match="date filter"):
        list(checked_pages(cart.iter_orders(NOW), NOW, "orders"))
    told = {"rows": [], "total": 0, "next_cursor": None, "server_time": "2026-01-31T09:30:00.000000Z", "filters": {}}
    monkeypatch.setattr("cartui.demo.app.list_rows", lambda *_: told)
    with pytest.raises(NeedsOperatorError, match="modified_since"):
        list(cart.iter_orders(NOW))
    with pytest.raises(NeedsOperatorError, match="ids"):
        cart.get_orders([CartOrderId("ord-10001")])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("bad-date", "modified_at: is not a time in UTC such as 2026-01-31T09:30:00.000000Z."),
        ("bad-amount", "total: is not an amount of at most 12 digits and 6 decimals."),
        ("bad-status", "order_state: unknown status “teleported”."),
    ],
)
def test_one_bad_row_is_held_and_the_others_pass(
    cart: CartConnect, demo_shop: DemoShop, fault: str, reason: str
) -> None:
    """The reason names field and problem, without the shop's text; the raw row is the row's own."""
    demo_shop.faults.arm(fault, row=3, on="GET orders")
    rows = rows_of(checked_pages(cart.iter_orders(None), None, "orders"))
    (bad,) = [row for row in rows if isinstance(row.record, BadRecord)]
    assert bad is rows[3]
    assert len(rows) == 1_500
    assert isinstance(bad.record, BadRecord)
    assert bad.record.reason == reason
    assert bad.record.remedy
    assert json.loads(bad.raw)["order_id"] == bad.external_id
    assert (bad.stamp is None) == (fault == "bad-date")


def test_half_a_surrogate_pair_is_one_bad_character(cart: CartConnect, demo_shop: DemoShop) -> None:
    """Strict parsers refuse the whole page for it; here the order comes, with the character marked."""
    demo_shop.faults.arm("bad-text", on="GET orders")
    rows = rows_of(cart.iter_orders(None))
    assert good(rows[:1])[0].order_number == "half a pair \N{REPLACEMENT CHARACTER}"
    assert b"\\ud800" in rows[0].raw
    assert not bad_ones([Page(tuple(rows))])


def test_raw_rows_are_the_shops_own_bytes(demo_shop: DemoShop) -> None:
    """As sent, blanks and unknown fields included."""
    row = json.dumps(an_order(demo_shop, more={"unknown": 1.50}), indent=1, ensure_ascii=False)
    page = f'{{"total": 2, "rows" : [\n {row} ,{row}\n],"next_cursor":null,"filters":{{}},"x":[1e999],'
    page += '"server_time":"2026-01-31T09:30:00Z"}'
    listing = parse_listing(ORDERS, page.encode())
    assert [one.raw for one in listing.rows] == [row.encode()] * 2
    assert not isinstance(listing.rows[0].record, BadRecord)
    number = re.sub(r'"total": "([0-9.]+)"', r'"total": \1', row)
    record = parse_listing(ORDERS, page.replace(row, number).encode()).rows[0].record
    assert record == BadRecord("total: is not a text.")


def test_marks_come_from_the_shop_and_only_where_order_proves_them(demo_shop: DemoShop) -> None:
    """The last stamp of a page in order; nothing where rows come in any other order; the shop's clock at the end."""
    rows = sorted((row for row in demo_shop.rows("orders")[:3]), key=lambda row: str(row["modified_at"]))
    told = {"total": 9, "next_cursor": "more", "server_time": "2026-11-20T09:30:00.000000Z", "filters": {}}

    def mark(page: dict[str, Any]) -> datetime | None:
        return cart_module._complete_to(parse_listing(ORDERS, json.dumps(told | page).encode()))

    assert mark({"rows": rows}) == datetime.fromisoformat(rows[-1]["modified_at"])
    assert mark({"rows": rows[::-1]}) is None
    assert mark({"rows": []}) is None
    assert mark({"rows": rows, "next_cursor": None}) == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_a_list_that_the_shop_lacks_is_told(
    cart: CartConnect, demo_shop: DemoShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """404 for a list that ping does not name: what needs it is to be switched off."""
    ping: dict[str, Any] = dict(cart.ping())
    lists = {name: told for name, told in ping["capabilities"]["lists"].items() if name != "baskets"}
    monkeypatch.setattr(cart, "_ping", ping | {"capabilities": ping["capabilities"] | {"lists": lists}})
    monkeypatch.setattr("cartui.demo.app.list_rows", lambda *_: (_ for _ in ()).throw(missing("baskets", "x")))
    with pytest.raises(NeedsOperatorError, match="does not offer its baskets"):
        list(cart.iter_baskets(None))
    monkeypatch.setattr(cart, "_ping", None)
    with pytest.raises(AbortCycleError):
        list(cart.iter_orders(None))
    assert demo_shop.faults.requests[-1].startswith("GET orders")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"rows":[]}', b'{"rows":[{}', b'{"rows":{}}', b'{"rows":[],"total":"7"}', b"\xff"]
)
def test_what_is_no_page_is_an_error(body: bytes) -> None:
    """Never an empty page."""
    with pytest.raises(AbortCycleError) as error:
        parse_listing(ITEMS, body)
    assert error.value.remedy


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": 12.5}, "total: is not a text."),
        ({"total": "1e9"}, "total: is not an amount of at most 12 digits and 6 decimals."),
        ({"currency": "EURO"}, "currency: is not a currency of ISO 4217."),
        ({"lines": None}, "lines: is not a list."),
        ({"lines": [{}]}, "lines, entry 1, line_id: is missing."),
        ({"payment_state": "maybe"}, "payment_state: unknown status “maybe”."),
        ({"order_number": " "}, "order_number: is empty."),
        ({"placed_at": "2026-01-31T09:30:00+01:00"}, "placed_at: is not a time in UTC such as"),
        ({"buyer": "Ada"}, "buyer: is not an object."),
    ],
)
def test_unreadable_orders_say_why(demo_shop: DemoShop, changes: dict[str, Any], reason: str) -> None:
    """Field and problem, in words."""
    told = read(an_order(demo_shop, **changes))
    assert isinstance(told, BadRecord)
    assert told.reason.startswith(reason)


def test_a_bad_line_says_which(demo_shop: DemoShop) -> None:
    """The place within the order is named."""
    row = an_order(demo_shop)
    row["lines"][0]["kind"] = "bribe"
    assert read(row) == BadRecord("lines 1, kind: unknown kind of line “bribe”.")


@pytest.mark.parametrize("row", [None, 7, "text", [], {}, {"order_id": 7}, {"order_id": "a\nb"}])
def test_anything_at_all_is_a_bad_record_with_an_id(row: object) -> None:
    """Also what has no id; the id is the same each time."""
    first, again = (parse_row(ORDERS, row, repr(row).encode()) for _ in range(2))
    assert isinstance(first.record, BadRecord)
    assert first.record.reason
    assert first.external_id == again.external_id
    assert first.external_id.startswith("unreadable-")


def test_order_lines_are_net_and_prove_the_total(demo_shop: DemoShop) -> None:
    """Taxes are lines; a unit price that includes tax is left out, not recomputed; refunds are payments below zero."""
    refund = {"refund_id": "r", "refunded_at": "2026-01-31T09:30:00.000000Z", "amount": "1.00", "reason": "broken"}
    row = an_order(demo_shop, refunds=[refund])
    order = read(row)
    assert sum(line.amount for line in order.lines) == order.total == Decimal(row["total"])
    assert [line.kind for line in order.lines].count(LineKind.TAX) == len(row["taxes"])
    assert all(line.unit_price is None for line in order.lines)
    assert (order.payments[-1].amount, order.payments[-1].state) == (Decimal("-1.00"), PaymentState.REFUNDED)
    net = read(row | {"prices_include_tax": False})
    assert net.lines[0].unit_price == Decimal(row["lines"][0]["unit_price"])


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_repeated_under_the_same_key(cart: CartConnect, demo_shop: DemoShop) -> None:
    """The shop replays its first answer: one item."""
    demo_shop.faults.arm("lost-answer", on="POST items")
    made = cart.create_item(DRAFT)
    assert [row["item_id"] for row in demo_shop.rows("items") if row["sku"] == "NEW-1"] == [made]
    (found,) = cart.find_items(DRAFT)
    assert (found.price, found.stock, found.native["external_key"]) == (Decimal("12.50"), Decimal(4), DRAFT.key)


@pytest.mark.parametrize("fault", ["lost-answer", "500-after-write", "cut", "half-json"])
def test_answers_that_stay_lost_leave_the_outcome_open(cart: CartConnect, demo_shop: DemoShop, fault: str) -> None:
    """It is neither failed nor done."""
    demo_shop.faults.arm(fault, times=99, on="POST items")
    with pytest.raises(UnknownOutcomeError):
        cart.create_item(DRAFT)
    demo_shop.faults.disarm()
    assert len([row for row in demo_shop.rows("items") if row["sku"] == "NEW-1"]) == 1


def test_a_lost_stock_answer_is_unknown_and_not_repeated(cart: CartConnect, demo_shop: DemoShop) -> None:
    """A comparison that succeeded would fail the second time, and look like a sale in between."""
    item = next(row for row in demo_shop.rows("items") if row["stock"] is not None)
    demo_shop.faults.arm("lost-answer", times=99, on="POST stock")
    write = StockWrite(CartItemId(item["item_id"]), Decimal(77), Decimal(item["stock"]))
    (result,) = cart.set_stock([write])
    assert result.state is WriteState.UNKNOWN
    assert result.reason
    assert [request for request in demo_shop.faults.requests if "stock" in request] == ["POST stock"]


def test_stock_of_many_is_one_call_and_each_answers_for_itself(cart: CartConnect, demo_shop: DemoShop) -> None:
    """In the order sent; below zero, an impossible id and the same item twice don't spoil the others."""
    tracked = [CartItemId(row["item_id"]) for row in demo_shop.rows("items") if row["stock"] is not None][:200]
    untracked = next(CartItemId(row["item_id"]) for row in demo_shop.rows("items") if row["stock"] is None)
    cart.ping()
    demo_shop.faults.requests.clear()
    results = cart.set_stock([StockWrite(one, Decimal(5)) for one in tracked])
    assert {one.state for one in results} == {WriteState.DONE}
    assert len(demo_shop.faults.requests) == 1
    odd = [
        StockWrite(tracked[0], Decimal(6)),
        StockWrite(tracked[1], Decimal(-1)),
        StockWrite(CartItemId("no id"), Decimal(1)),
        StockWrite(untracked, Decimal(1)),
        StockWrite(tracked[0], Decimal(7), Decimal(6)),
        StockWrite(tracked[2], Decimal(8), Decimal(99)),
    ]
    results = cart.set_stock(odd)
    assert [one.item_id for one in results] == [one.item_id for one in odd]
    done, refused, conflict = WriteState.DONE, WriteState.REFUSED, WriteState.CONFLICT
    assert [one.state for one in results] == [done, refused, refused, refused, done, conflict]
    assert results[-1].current == 5
    assert all(one.reason for one in results if one.state is not done)


def test_what_was_written_before_a_failure_is_told(cart: CartConnect, demo_shop: DemoShop) -> None:
    """The second call fails: the first one's results come all the same, the rest is open."""
    tracked = [CartItemId(row["item_id"]) for row in demo_shop.rows("items") if row["stock"] is not None][:2]
    demo_shop.faults.arm("429", times=99, on="POST stock", skip=1, retry_after="600")
    results = cart.set_stock([StockWrite(tracked[0], Decimal(3)), StockWrite(tracked[0], Decimal(4))])
    assert [one.state for one in results] == [WriteState.DONE, WriteState.UNKNOWN]
    with pytest.raises(AbortCycleError) as ended:
        cart.set_stock([StockWrite(tracked[1], Decimal(3))])
    assert (ended.value.retry_after_seconds or 0) > 500


def test_refusals_carry_the_shops_words_and_remedy(cart: CartConnect, demo_shop: DemoShop) -> None:
    """An e-mail address in use: which customer has it, and what to do."""
    taken = demo_shop.rows("customers")[0]
    with pytest.raises(HoldRecordError) as refused:
        cart.create_customer(CustomerDraft("cartui-test-customer-1", taken["email"], "Ann", "Two"))
    assert "in use" in refused.value.problem
    assert taken["customer_id"] in refused.value.remedy
    with pytest.raises(HoldRecordError) as gone:
        cart.update_customer(CartCustomerId("gone"), {"phone": "1"})
    assert gone.value.remedy
    with pytest.raises(HoldRecordError, match="price"):
        cart.create_item(ItemDraft("cartui-test-item-2", "X", "No price", None, "EUR"))


def test_a_read_only_password_reads_and_is_refused_to_write(connect: Connect, demo: RunningDemo) -> None:
    """Write rights are a warning; each write stops with its remedy."""
    cart = connect(password=demo.read_only_password)
    results = {one.stage: one for one in cart.test_connection()}
    assert results[Stage.WRITE_RIGHTS].verdict is Verdict.WARNING
    assert results[Stage.WRITE_RIGHTS].remedy
    assert results[Stage.FAR_FUTURE].verdict is Verdict.PASSED
    with pytest.raises(NeedsOperatorError) as refused:
        cart.create_item(DRAFT)
    assert "may only read" in refused.value.problem
    assert refused.value.remedy
    with pytest.raises(NeedsOperatorError):
        cart.set_stock([StockWrite(CartItemId("itm-1001"), Decimal(1))])


def test_what_is_found_but_unreadable_is_not_made_again(cart: CartConnect, demo_shop: DemoShop) -> None:
    """An empty answer to "is it there?" would lead to a second record."""
    cart.create_item(DRAFT)
    demo_shop.faults.arm("bad-amount", field="price", on="GET items?")
    with pytest.raises(HoldRecordError, match="price: is not an amount"):
        cart.find_items(DRAFT)


def test_what_is_sent_has_null_for_nothing() -> None:
    """Emptied fields, missing addresses and keys that the protocol does not take."""
    assert render_changes({"sku": "", "name": "", "price": Decimal("3.20")}) == {
        "changes": {"sku": None, "name": "", "price": "3.20"}
    }
    draft = CustomerDraft("key", "a@example.test", address=Address("Ann", country="DE"))
    assert render_customer(draft)["addresses"][0]["street1"] is None
    assert render_customer(draft)["company"] is None
    assert render_customer(draft)["first_name"] == ""
    assert render_item(DRAFT)["price"] == "12.50"
    assert render_item(DRAFT)["barcode"] is None
    assert render_key(DRAFT.key) == DRAFT.key
    assert render_key("a key with blanks") == render_key("a key with blanks") != render_key("another one")
    assert " " not in render_key("a key with blanks")


# --- Test Connection --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "on", "stage"),
    [
        ("lost-request", "GET ping", Stage.ADDRESS),
        ("500", "GET ping", Stage.ADDRESS),
        ("html", "GET ping", Stage.ADDRESS),
        ("redirect", "GET ping", Stage.REDIRECT),
        ("401", "GET ping", Stage.AUTHENTICATION),
        ("403", "GET orders", Stage.READ_RIGHTS),
        ("500", "GET items", Stage.READ_RIGHTS),
        ("ignore-filter", "GET orders?limit=1&modified_since", Stage.FAR_FUTURE),
    ],
)
def test_each_fault_fails_at_its_stage(
    cart: CartConnect, demo_shop: DemoShop, fault: str, on: str, stage: Stage
) -> None:
    """With a remedy, as the last line; nothing escapes."""
    demo_shop.faults.arm(fault, times=99, on=on)
    failed = last_stage(cart)
    assert (failed.stage, failed.verdict) == (stage, Verdict.FAILED)
    assert failed.detail
    assert failed.remedy


def test_addresses_that_lead_nowhere(connect: Connect, demo: RunningDemo) -> None:
    """Another directory, a closed port, a port without TLS, no address at all: each at its stage."""
    origin = demo.address.removesuffix("/shop")
    for url, stage in (
        (f"{origin}/elsewhere", Stage.ADDRESS),
        ("http://127.0.0.1:1/shop", Stage.ADDRESS),
        (demo.address.replace("http:", "https:"), Stage.TLS),
        ("ftp://example.test", Stage.ADDRESS),
    ):
        failed = last_stage(connect(url=url))
        assert (failed.stage, failed.verdict) == (stage, Verdict.FAILED), failed
        assert failed.remedy


def test_plain_http_is_refused_but_on_this_machine(connect: Connect) -> None:
    """Before anything is sent, the password above all."""
    failed = last_stage(connect(url="http://shop.example.test/modules"))
    assert failed.stage is Stage.ADDRESS
    assert "not encrypted" in failed.detail
    assert "https" in failed.remedy
    with pytest.raises(NeedsOperatorError, match="not encrypted"):
        list(connect(url="http://shop.example.test/modules").iter_orders(None))


def test_a_password_that_cannot_be_fetched_is_told(demo: RunningDemo, waiter: Any) -> None:
    """The reference leads nowhere: the stage Authentication says so; nothing is sent."""

    def missing(_: str) -> str:
        raise NeedsOperatorError("The variable SHOP is not set.", "Set it.")

    cart = CartConnect(Connection("Demo", demo.address, {}, missing), waiter)
    failed = last_stage(cart)
    assert (failed.stage, failed.detail, failed.remedy) == (
        Stage.AUTHENTICATION,
        "The variable SHOP is not set.",
        "Set it.",
    )
    cart.close()


@pytest.mark.parametrize(("minutes", "words"), [(5, "300 seconds behind"), (-5, "300 seconds ahead of")])
def test_a_wrong_clock_is_a_warning_with_the_figure(connect: Connect, minutes: int, words: str) -> None:
    """Nothing is lost by it, since cursors run on the shop's clock."""
    cart = connect(now=lambda: NOW + timedelta(minutes=minutes))
    clock = next(one for one in cart.test_connection() if one.stage is Stage.CLOCK)
    assert clock.verdict is Verdict.WARNING
    assert words in clock.detail
    assert clock.remedy


def test_another_protocol_fails_at_the_version(
    cart: CartConnect, monkeypatch: pytest.MonkeyPatch, demo_shop: DemoShop
) -> None:
    """Something answers, but not in Cart Connect 1."""
    ping = dict(cart.ping())
    answers: list[object] = [ping | {"protocol": {"name": "cart-connect", "version": "2.0"}}, {"hello": "world"}, []]
    for told in answers:
        text = json.dumps(told)
        monkeypatch.setattr("cartui.demo.app.dump_json", lambda _, text=text: text)
        failed = last_stage(cart)
        assert (failed.stage, failed.verdict) == (Stage.VERSION, Verdict.FAILED), failed
        assert failed.remedy


# --- how it is found --------------------------------------------------------------------------------------------------


def test_the_entry_points_lead_to_specs_of_their_names() -> None:
    """A wheel's metadata comes from pyproject.toml: the names there are the types of cart."""
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = project["entry-points"]["cartui.adapters"]
    assert {"cart-connect", "memory"} <= set(found)
    for name in ("cart-connect", "memory"):
        assert EntryPoint(name, found[name], "cartui.adapters").load().cart_type == name


def test_all_roles_are_there() -> None:
    """Capabilities are derived from the class: all of them."""
    assert SPEC.capabilities == frozenset(Capability)


def test_the_password_is_shown_nowhere(connect: Connect, demo: RunningDemo) -> None:
    """Not by repr, nor by an error."""
    cart = connect(password="open-sesame-4711", url=demo.address)
    with pytest.raises(CartuiError) as refused:
        cart.get_orders([CartOrderId("ord-10001")])
    assert "open-sesame" not in f"{refused.value!r} {refused.value} {cart!r} {vars(cart)!r}"
