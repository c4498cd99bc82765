"""Writes over a real loopback server: once per key, compare-and-set, partial shipments."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from cartui.demo.lifecycle import open_tenths
from cartui.demo.server import DemoShop

ITEM = {"name": "Tin Mug", "price": "12.5", "currency": "EUR", "sku": "TM-1", "stock": "4"}
KEY = {"Idempotency-Key": "key-00000001"}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_create_item_answers_the_whole_row(shop: DemoShop, client: httpx.Client) -> None:
    """201, the price with all of its decimals, the key on the row, found again by key and by SKU."""
    answer = client.post("items", json=ITEM, headers=KEY)
    row = answer.json()["row"]
    assert (answer.status_code, answer.json()["replayed"]) == (201, False)
    assert (row["price"], row["stock"], row["active"], row["version"]) == ("12.50", "4", True, 1)
    assert row["external_key"] == "key-00000001"
    for filters in ({"external_key": "key-00000001"}, {"sku": "TM-1"}):
        assert client.get("items", params=filters).json()["rows"] == [row]
    assert shop.store.count("items") == 301


@pytest.mark.parametrize("fault", ["lost-answer", "500-after-write", "cut", "half-json"])
def test_lost_answer_then_the_same_key_makes_no_second_item(shop: DemoShop, client: httpx.Client, fault: str) -> None:
    """The write was done, the answer never came: repeating it gives the first answer and writes nothing."""
    shop.faults.arm(fault, on="POST items")
    with suppress(httpx.TransportError):
        assert client.post("items", json=ITEM, headers=KEY).status_code in (201, 500)
    assert shop.store.count("items") == 301
    looked_up = client.get("items", params={"external_key": "key-00000001"}).json()["rows"]
    repeated = client.post("items", json=ITEM, headers=KEY)
    assert (repeated.status_code, repeated.json()) == (200, {"replayed": True, "row": looked_up[0]})
    assert shop.store.count("items") == 301


def test_lost_request_writes_nothing(shop: DemoShop, client: httpx.Client) -> None:
    """The line dropped before the shop did anything: looking up finds none, repeating creates it."""
    shop.faults.arm("lost-request", on="POST items")
    with pytest.raises(httpx.TransportError):
        client.post("items", json=ITEM, headers=KEY)
    assert client.get("items", params={"external_key": "key-00000001"}).json()["rows"] == []
    assert client.post("items", json=ITEM, headers=KEY).status_code == 201


def test_replay_gives_the_first_answer_even_after_a_change(client: httpx.Client) -> None:
    """As the record was created, not as it is now."""
    first = client.post("items", json=ITEM, headers=KEY).json()["row"]
    client.patch(f"items/{first['item_id']}", json={"changes": {"price": "99"}})
    assert client.post("items", json=ITEM, headers=KEY).json() == {"replayed": True, "row": first}


def test_same_key_other_body_is_a_conflict(shop: DemoShop, client: httpx.Client) -> None:
    """409 and nothing written; the order of the fields does not make another body; keys of other kinds are apart."""
    client.post("items", json=ITEM, headers=KEY)
    assert error_of(client.post("items", json=ITEM | {"price": "13"}, headers=KEY)) == (409, "idempotency_conflict")
    turned = dict(reversed(ITEM.items()))
    assert client.post("items", json=turned, headers=KEY).json()["replayed"] is True
    assert client.post("customers", json={"email": "n@example.com"}, headers=KEY).status_code == 201
    assert shop.store.count("items") == 301


def test_one_key_from_many_at_once_makes_one_item(shop: DemoShop, client: httpx.Client) -> None:
    """Eight at the same time: one 201, seven 200, one record."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("items", json=ITEM, headers=KEY), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["row"]["item_id"] for answer in answers}) == 1
    assert shop.store.count("items") == 301


def test_refused_create_does_not_use_the_key_up(client: httpx.Client) -> None:
    """A 400 first, then the corrected body under the same key."""
    assert error_of(client.post("items", json=ITEM | {"price": "-1"}, headers=KEY)) == (400, "invalid_value")
    assert client.post("items", json=ITEM, headers=KEY).status_code == 201


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (ITEM | {"colour": "red"}, "unknown_field", "colour"),
        ({"name": "A", "price": "1"}, "missing_field", "currency"),
        (ITEM | {"price": 12.5}, "invalid_value", "price"),
        (ITEM | {"price": "12.505"}, "invalid_value", "price"),
        (ITEM | {"price": "1e9"}, "invalid_value", "price"),
        (ITEM | {"currency": "USD"}, "invalid_value", "currency"),
        (ITEM | {"name": "   "}, "invalid_value", "name"),
        (ITEM | {"stock": -1}, "invalid_value", "stock"),
        (ITEM | {"active": "yes"}, "invalid_value", "active"),
        (ITEM | {"options": [{"name": "Size"}]}, "missing_field", "value"),
        (ITEM | {"parent_id": "prd-none"}, "invalid_value", "parent_id"),
        ([ITEM], "not_json", None),
    ],
)
def test_unreadable_items_are_refused_by_field(client: httpx.Client, body: Any, code: str, field: str | None) -> None:
    """Unknown, missing or of another form: 400 with the field's name and a remedy."""
    answer = client.post("items", json=body, headers=KEY)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("field")) == (400, code, field)
    assert error["remedy"]


def test_bodies_and_keys_that_cannot_be(client: httpx.Client) -> None:
    """No key, a poor key, half JSON, half a surrogate pair, a huge body."""
    assert error_of(client.post("items", json=ITEM)) == (400, "idempotency_key_required")
    assert (
        error_of(client.post("items", json=ITEM, headers={"Idempotency-Key": "a b"}))[1] == "idempotency_key_required"
    )
    for raw in (b"{", b'{"name": "\\ud800"}', b'{"name": "\xff"}', b"[" * 100_000):
        assert error_of(client.post("items", content=raw, headers=KEY)) == (400, "not_json")
    assert error_of(client.post("stock", content=b" " * 1_100_000)) == (413, "too_large")


def test_item_changes_named_fields_of_the_known_version(client: httpx.Client) -> None:
    """Other fields stay; a stale version is 409 with the present one; setting what is set moves nothing."""
    before = client.get("items/itm-1010").json()["row"]
    change = {"changes": {"price": "3", "sku": None}, "if_version": before["version"]}
    after = client.patch("items/itm-1010", json=change).json()["row"]
    assert after == before | {
        "price": "3.00",
        "sku": None,
        "version": before["version"] + 1,
        "modified_at": after["modified_at"],
    }
    assert after["modified_at"] > before["modified_at"]
    stale = client.patch("items/itm-1010", json=change)
    assert error_of(stale) == (409, "version_conflict")
    assert stale.json()["error"]["current"] == str(after["version"])
    assert client.patch("items/itm-1010", json={"changes": {"price": "3.0"}}).json()["row"] == after
    assert error_of(client.patch("items/itm-1010", json={"changes": {"stock": "3"}})) == (400, "unknown_field")
    assert error_of(client.patch("items/itm-none", json={"changes": {}})) == (404, "not_found")


def test_stock_is_set_row_by_row(shop: DemoShop, client: httpx.Client) -> None:
    """Done, expected and done, conflict with the present stock, unknown, not tracked, not a quantity: in order sent."""
    rows = shop.rows("items")
    ids = [row["item_id"] for row in rows[:4]]
    now = [row["stock"] for row in rows[:4]]
    untracked = next(row["item_id"] for row in rows if row["stock"] is None)
    wanted = [
        {"item_id": ids[0], "quantity": "7"},
        {"item_id": ids[1], "quantity": "7.50", "expected": f"{now[1]}.0"},
        {"item_id": ids[2], "quantity": "7", "expected": "987"},
        {"item_id": "itm-none", "quantity": "7"},
        {"item_id": untracked, "quantity": "7"},
        {"item_id": ids[3], "quantity": "-7"},
    ]
    answer = client.post("stock", json={"rows": wanted}).json()["rows"]
    assert [row["item_id"] for row in answer] == [row["item_id"] for row in wanted]
    assert [(row["result"], row["current"]) for row in answer] == [
        ("ok", "7"),
        ("ok", "7.5"),
        ("conflict", now[2]),
        ("unknown_item", None),
        ("refused", None),
        ("refused", now[3]),
    ]
    assert [row["stock"] for row in shop.rows("items")[:4]] == ["7", "7.5", now[2], now[3]]


def test_setting_the_present_stock_moves_nothing(shop: DemoShop, client: httpx.Client) -> None:
    """Ok, and no new stamp: an echo of the client's own writes does not go round and round."""
    row = shop.rows("items")[0]
    answer = client.post("stock", json={"rows": [{"item_id": row["item_id"], "quantity": row["stock"]}]}).json()
    assert answer["rows"][0]["result"] == "ok"
    assert shop.rows("items")[0] == row


def test_stock_calls_that_are_refused_as_a_whole(shop: DemoShop, client: httpx.Client) -> None:
    """An item twice, a number for a quantity, too many rows: 400, and nothing is written."""
    item = shop.rows("items")[0]
    row = {"item_id": item["item_id"], "quantity": "77"}
    for rows in ([row, row], [row, {"item_id": "itm-1002", "quantity": 7}], [row] * 501, [row | {"delta": "1"}]):
        assert client.post("stock", json={"rows": rows}).status_code == 400
    assert shop.rows("items")[0] == item


def test_customers_are_created_and_changed(client: httpx.Client) -> None:
    """Once per key; an e-mail in use is refused with the customer who has it; addresses are replaced whole."""
    body = {"email": "new@example.com", "addresses": [{"name": "N", "country": "DE"}]}
    row = client.post("customers", json=body, headers=KEY).json()["row"]
    assert row["addresses"][0] | {"name": "N", "city": None} == row["addresses"][0]
    assert client.post("customers", json=body, headers=KEY).json() == {"replayed": True, "row": row}
    other = {"Idempotency-Key": "key-00000002"}
    taken = client.post("customers", json={"email": "NEW@example.com"}, headers=other)
    assert error_of(taken) == (409, "duplicate")
    assert taken.json()["error"]["existing_id"] == row["customer_id"]
    path = f"customers/{row['customer_id']}"
    assert error_of(client.patch(path, json={"changes": {"email": "buyer001@example.com"}})) == (409, "duplicate")
    changed = client.patch(path, json={"changes": {"addresses": [], "first_name": ""}, "if_version": 1}).json()["row"]
    assert (changed["addresses"], changed["version"], changed["email"]) == ([], 2, "new@example.com")


def paid_order(shop: DemoShop) -> dict[str, Any]:
    """A paid order whose first product line is of two or more."""
    return next(
        order
        for order in shop.rows("orders")
        if order["status"] == "paid" and next(iter(open_tenths(order).values())) >= 20
    )


def test_shipments_in_parts(shop: DemoShop, client: httpx.Client) -> None:
    """One unit, then the rest; each once per key; more than what is open is 409 and ships nothing."""
    order = paid_order(shop)
    path = f"orders/{order['order_id']}/shipments"
    line = order["lines"][0]
    part = {"carrier": "DHL", "tracking_number": "T1", "lines": [{"line_id": "1", "quantity": "1"}]}
    first = client.post(path, json=part, headers=KEY)
    assert (first.status_code, first.json()["row"]["external_key"]) == (201, KEY["Idempotency-Key"])
    assert client.post(path, json=part, headers=KEY).json() == {"replayed": True, "row": first.json()["row"]}
    state = client.get(f"orders/{order['order_id']}").json()["row"]
    assert (state["status"], state["fulfilment_state"]) == ("part-shipped", "partially_shipped")
    assert state["shipments"] == [first.json()["row"]]
    assert state["modified_at"] > order["modified_at"]
    too_much = part | {"lines": [{"line_id": "1", "quantity": line["quantity"]}]}
    other = {"Idempotency-Key": "key-00000002"}
    assert error_of(client.post(path, json=too_much, headers=other)) == (409, "quantity_exceeded")
    left = [
        {"line_id": line_id, "quantity": str(tenths // 10)} for line_id, tenths in open_tenths(state).items() if tenths
    ]
    assert client.post(path, json=part | {"lines": left}, headers=other).status_code == 201
    state = client.get(f"orders/{order['order_id']}").json()["row"]
    assert (state["status"], state["fulfilment_state"]) == ("shipped", "shipped")


def test_shipments_that_cannot_be(shop: DemoShop, client: httpx.Client) -> None:
    """A cancelled order, no such order, a line that is no product, no lines, nothing of a line."""
    order = paid_order(shop)
    cancelled = next(order["order_id"] for order in shop.rows("orders") if order["status"] == "cancelled")
    line = {"line_id": "1", "quantity": "1"}
    part = {"carrier": "DHL", "tracking_number": "T1", "lines": [line]}
    path = f"orders/{order['order_id']}/shipments"
    assert error_of(client.post(f"orders/{cancelled}/shipments", json=part, headers=KEY)) == (409, "order_closed")
    assert error_of(client.post("orders/none/shipments", json=part, headers=KEY)) == (404, "not_found")
    for lines in ([], [{"line_id": "99", "quantity": "1"}], [{"line_id": "1", "quantity": "0"}], [line, line]):
        assert error_of(client.post(path, json=part | {"lines": lines}, headers=KEY)) == (400, "invalid_value")
    assert client.get(f"orders/{order['order_id']}").json()["row"] == order
