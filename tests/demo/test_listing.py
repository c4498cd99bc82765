"""Listings over a real loopback server: keyset pages, filters, marks."""

import httpx
import pytest

from cartui.demo.server import DemoShop, RunningDemo
from cartui.demo.wire import ID_FIELDS, KINDS, render_time
from tests.demo.conftest import NOW, Walk


def ids_of(kind: str, pages: list[dict[str, list[dict[str, str]]]]) -> list[str]:
    return [row[ID_FIELDS[kind]] for page in pages for row in page["rows"]]


@pytest.mark.parametrize("kind", KINDS)
def test_pages_give_every_row_once_in_order(shop: DemoShop, walk: Walk, kind: str) -> None:
    """Pages of an odd size, over stamps that many rows share: each row once, by (modified_at, id), total true."""
    pages = walk(kind, limit=7)
    keys = [(row["modified_at"], row[ID_FIELDS[kind]]) for page in pages for row in page["rows"]]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))
    assert set(ids_of(kind, pages)) == {row[ID_FIELDS[kind]] for row in shop.rows(kind)}
    assert {page["total"] for page in pages} == {len(keys)}
    assert len({page["server_time"] for page in pages}) == 1


def test_rows_that_change_while_paging_are_not_lost(shop: DemoShop, walk: Walk) -> None:
    """The shop sells on between pages: every order is seen, the changed ones in their newest form."""
    pages = walk("orders", limit=40, between=shop.tick)
    seen = {row["order_id"]: row for page in pages for row in page["rows"]}
    truth = {row["order_id"]: row for row in shop.rows("orders")}
    assert len(truth) > 1_520
    assert seen == truth


def test_server_time_is_a_mark_that_loses_nothing(shop: DemoShop, walk: Walk) -> None:
    """Reading from each listing's server_time on, a client ends with what the shop holds, however they interleave."""
    seen: dict[str, object] = {}
    mark = ""
    for _ in range(6):
        pages = walk("items", limit=90, between=shop.tick, **({"modified_since": mark} if mark else {}))
        seen |= {row["item_id"]: row for page in pages for row in page["rows"]}
        mark = pages[0]["server_time"]
        shop.tick(3)
    pages = walk("items", modified_since=mark)
    assert pages[0]["total"] < 300
    seen |= {row["item_id"]: row for page in pages for row in page["rows"]}
    assert seen == {row["item_id"]: row for row in shop.rows("items")}


def test_since_is_inclusive_and_echoed(shop: DemoShop, walk: Walk) -> None:
    """A row with exactly this stamp comes; one microsecond later it doesn't; the page says what was applied."""
    last = max(row["modified_at"] for row in shop.rows("orders"))
    page = walk("orders", modified_since=last)[0]
    assert (page["total"], page["filters"]) == (1, {"modified_since": last})
    later = last[:20] + f"{int(last[20:26]) + 1:06d}Z"
    assert walk("orders", modified_since=later)[0]["rows"] == []
    assert walk("orders", modified_since="2999-01-01T00:00:00Z")[0]["total"] == 0


def test_orders_by_placing_and_status(shop: DemoShop, walk: Walk) -> None:
    """placed_since and status hold together, also over several pages."""
    since = "2026-11-01T00:00:00.000000Z"
    pages = walk("orders", limit=3, placed_since=since, status="paid,picking")
    wanted = {
        row["order_id"]
        for row in shop.rows("orders")
        if row["placed_at"] >= since and row["status"] in ("paid", "picking")
    }
    assert wanted
    assert set(ids_of("orders", pages)) == wanted


def test_items_and_customers_are_found_by_code(shop: DemoShop, walk: Walk) -> None:
    """A SKU exactly, with all who share it; an e-mail in any case."""
    twice = shop.rows("items")[40]["sku"]
    assert len(walk("items", sku=twice)[0]["rows"]) == 2
    odd = "SLASH/AND SPACE #1 100%"
    assert [row["sku"] for row in walk("items", sku=odd)[0]["rows"]] == [odd]
    assert walk("items", sku=odd.lower())[0]["rows"] == []
    assert ids_of("customers", walk("customers", email="BUYER007@example.com")) == ["cus-1007"]


def test_many_by_ids_and_one_by_id(shop: DemoShop, client: httpx.Client, walk: Walk) -> None:
    """ids= gives those that exist and leaves out the others; one unknown id is 404."""
    page = walk("orders", limit=100)[0]
    ids = [page["rows"][0]["order_id"], "ord-none", page["rows"][5]["order_id"]]
    answer = client.get("orders", params={"ids": ",".join(ids)}).json()
    assert ids_of("orders", [answer]) == [ids[0], ids[2]]
    assert (answer["total"], answer["next_cursor"]) == (2, None)
    assert client.get(f"orders/{ids[0]}").json()["row"] == page["rows"][0]
    for kind in KINDS:
        assert client.get(f"{kind}/none").json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("orders?modifed_since=2026-01-01T00:00:00Z", "unknown_parameter", "modifed_since"),
        ("orders?sku=A", "unknown_parameter", "sku"),
        ("items?placed_since=2026-01-01T00:00:00Z", "unknown_parameter", "placed_since"),
        ("ping?x=1", "unknown_parameter", "x"),
        ("orders/ord-10001?limit=1", "unknown_parameter", "limit"),
        ("orders?limit=1&limit=2", "invalid_value", "limit"),
        ("orders?limit=0", "invalid_value", "limit"),
        ("orders?limit=251", "invalid_value", "limit"),
        ("orders?limit=%D9%A1", "invalid_value", "limit"),
        ("orders?modified_since=", "invalid_value", "modified_since"),
        ("orders?modified_since=2026-01-01", "invalid_value", "modified_since"),
        ("orders?modified_since=2026-01-01T00:00:00", "invalid_value", "modified_since"),
        ("orders?modified_since=2026-01-01T00:00:00%2B01:00", "invalid_value", "modified_since"),
        ("orders?modified_since=2026-02-30T00:00:00Z", "invalid_value", "modified_since"),
        ("orders?status=paid,shiped", "invalid_value", "status"),
        ("orders?ids=a,,b", "invalid_value", "ids"),
        ("orders?ids=a&status=paid", "unknown_parameter", "status"),
        ("orders?cursor=!!!", "bad_cursor", "cursor"),
        ("orders?cursor=WzEsMl0", "bad_cursor", "cursor"),
    ],
)
def test_what_is_unknown_or_unreadable_is_refused(client: httpx.Client, query: str, code: str, field: str) -> None:
    """A 400 that names the parameter and says what to do; nothing is ever ignored."""
    answer = client.get(query)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert error["message"]
    assert error["remedy"]


def test_cursor_goes_alone_and_to_its_own_list(client: httpx.Client) -> None:
    """With a cursor only limit is taken; another kind's cursor is refused."""
    cursor = client.get("orders", params={"limit": 1}).json()["next_cursor"]
    refused = client.get("orders", params={"cursor": cursor, "status": "paid"})
    assert refused.json()["error"]["code"] == "unknown_parameter"
    assert client.get("items", params={"cursor": cursor}).json()["error"]["code"] == "bad_cursor"
    assert client.get("orders", params={"cursor": cursor, "limit": 2}).status_code == 200


def test_passwords(demo: RunningDemo, client: httpx.Client) -> None:
    """None or a wrong one: 401. One that may only read: reads, says so in ping, and gets 403 on a write."""
    for value in ("", "Bearer wrong", f"Basic {demo.password}", demo.password):
        answer = client.get("ping", headers={"Authorization": value})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    reader = {"Authorization": f"Bearer {demo.read_only_password}"}
    assert client.get("ping", headers=reader).json()["rights"] == {"read": True, "write": False}
    assert client.get("ping").json()["rights"] == {"read": True, "write": True}
    refused = client.post("stock", headers=reader, json={"rows": []})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "read_only")


def test_ping_tells_the_shops_own_time(shop: DemoShop, client: httpx.Client) -> None:
    """It follows the clock handed in, and never stands still."""
    first = client.get("ping").json()["server_time"]
    shop.tick(12)
    second = client.get("ping").json()["server_time"]
    assert render_time(NOW) < first < second
    assert second >= "2026-11-20T12:01:00"
    assert client.get("ping").headers["cache-control"] == "no-store"


def test_wrong_paths(demo: RunningDemo, client: httpx.Client) -> None:
    """Inside the protocol the one error shape; outside a page for people, as other web sites have."""
    assert client.get("nothing").json()["error"]["code"] == "not_found"
    assert client.delete("orders").json()["error"]["code"] == "method_not_allowed"
    outside = httpx.get(demo.address.rsplit("/", 1)[0])
    assert outside.status_code == 404
    assert outside.headers["content-type"].startswith("text/html")
