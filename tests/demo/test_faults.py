"""Faults by name: what a client sees of each."""

import json

import httpx
import pytest

from cartui.demo.faults import FAULT_NAMES
from cartui.demo.server import DemoShop, RunningDemo


@pytest.mark.parametrize(
    ("name", "status", "retry_after"),
    [
        ("401", 401, None),
        ("403", 403, None),
        ("429", 429, "7"),
        ("429-no-retry-after", 429, None),
        ("500", 500, None),
        ("502", 502, None),
        ("503", 503, "7"),
    ],
)
def test_error_answers(shop: DemoShop, client: httpx.Client, name: str, status: int, retry_after: str | None) -> None:
    """The status, with or without Retry-After, as often as armed; then all is well again."""
    shop.faults.arm(name, times=2, retry_after=7)
    answers = [client.get("ping") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers.get("retry-after") == retry_after


def test_answers_that_are_no_json(shop: DemoShop, client: httpx.Client) -> None:
    """An HTML page with 200, half of the JSON, a notice in front of it, a redirect to another site."""
    for name in ("html", "half-json", "php-notice"):
        shop.faults.arm(name)
        answer = client.get("orders")
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
    shop.faults.arm("redirect", location="https://elsewhere.invalid/x")
    answer = client.get("ping")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://elsewhere.invalid/x")


@pytest.mark.parametrize("name", ["cut", "lost-answer", "lost-request"])
def test_the_line_drops(shop: DemoShop, client: httpx.Client, name: str) -> None:
    """In the middle of the body, or before a word: a transport error; the next request is answered."""
    shop.faults.arm(name)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("orders")
    assert client.get("orders").status_code == 200


def test_slow_drip_arrives_in_pieces(shop: DemoShop, client: httpx.Client) -> None:
    """Whole in the end, in many pieces; a client with a deadline can stop in between, and the shop goes on."""
    shop.faults.arm("slow-drip", pause=0.0005)
    with client.stream("GET", "orders") as answer:
        pieces = list(answer.iter_raw())
    assert json.loads(b"".join(pieces))["total"] == 1_500
    assert len(pieces) > 10
    shop.faults.arm("slow-drip", pause=5)
    with pytest.raises(httpx.ReadTimeout):
        client.get("orders", timeout=0.2)
    assert client.get("ping").status_code == 200


def test_pages_that_lie(shop: DemoShop, client: httpx.Client) -> None:
    """A false total, an empty page, the page before once more."""
    shop.faults.arm("lie-total", by=-3)
    assert client.get("orders").json()["total"] == 1_497
    shop.faults.arm("empty-page")
    empty = client.get("orders").json()
    assert (empty["rows"], empty["next_cursor"], empty["total"]) == ([], None, 1_500)
    first = client.get("orders", params={"limit": 2}).json()
    shop.faults.arm("stale-page")
    again = client.get("orders", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert again == first


def test_ignored_filter_is_echoed_all_the_same(shop: DemoShop, client: httpx.Client) -> None:
    """Everything comes, though the page claims the filter: only looking at the rows tells."""
    shop.faults.arm("ignore-filter")
    page = client.get("orders", params={"modified_since": "2999-01-01T00:00:00Z"}).json()
    assert page["total"] == 1_500
    assert "modified_since" in page["filters"]


def test_one_bad_row(shop: DemoShop, client: httpx.Client) -> None:
    """A bad date, amount, text or state in one row of the page, where it is wanted; the other rows are good."""
    good = client.get("orders", params={"limit": 5}).json()["rows"]
    for name, field in (("bad-date", "modified_at"), ("bad-amount", "total"), ("bad-status", "order_state")):
        shop.faults.arm(name, row=3)
        rows = client.get("orders", params={"limit": 5}).json()["rows"]
        assert [row != old for row, old in zip(rows, good, strict=True)] == [False, False, False, True, False]
        assert rows[3][field] != good[3][field]
    shop.faults.arm("bad-text", field="note")
    assert client.get("orders", params={"limit": 5}).json()["rows"][0]["note"].endswith("\ud800")


def test_faults_wait_for_their_request(shop: DemoShop, client: httpx.Client) -> None:
    """on= names the requests meant, skip= lets some pass; what was asked is kept; disarm ends it."""
    shop.faults.arm("500", on="GET orders", skip=1)
    codes = [client.get(path).status_code for path in ("ping", "orders", "items", "orders", "orders")]
    assert codes == [200, 200, 200, 500, 200]
    assert list(shop.faults.requests)[-3:] == ["GET items", "GET orders", "GET orders"]
    shop.faults.arm("500", times=9)
    shop.faults.disarm()
    assert client.get("orders?limit=1").status_code == 200
    assert shop.faults.requests[-1] == "GET orders?limit=1"


def test_unknown_faults_are_refused_and_none_comes_by_http(shop: DemoShop, demo: RunningDemo) -> None:
    """A misspelt name would make a test pass for nothing; over HTTP there is no way to arm any."""
    with pytest.raises(ValueError, match="no such fault"):
        shop.faults.arm("503-sometimes")
    assert len(FAULT_NAMES) >= 20
    with httpx.Client(headers={"Authorization": f"Bearer {demo.password}"}) as client:
        for path in ("faults", "cartconnect/v1/faults", "tick"):
            assert client.post(f"{demo.address}/{path}", json={"name": "500"}).status_code == 404
        assert client.get(f"{demo.address}/cartconnect/v1/ping", headers={"X-Fault": "500"}).status_code == 200
