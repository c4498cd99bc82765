"""The published contract: the OpenAPI file is valid, the demo shop keeps to it, the guide names all of it."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from cartui.demo.lifecycle import open_tenths
from cartui.demo.server import DemoShop
from tests.demo.conftest import Walk

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/cart-connect.md").read_text("utf-8")
CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "docs/cart-connect.openapi.yaml").read_text("utf-8"))


def closed(schema: Any) -> Any:
    """The same schemas, but without room for fields that are not in the contract."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: closed(part) for name, part in schema.items()}
    if "properties" in schema and isinstance(schema.get("type"), str):
        strict["additionalProperties"] = False
    return strict


COMPONENTS = closed(CONTRACT["components"])


def check(value: Any, schema: dict[str, Any]) -> None:
    """Fail unless the value conforms to a schema of the contract."""
    Draft202012Validator({**schema, "components": COMPONENTS}).validate(value)


class Conforming:
    """A client that checks each exchange against the contract, and remembers which operations were used."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.used: set[tuple[str, str, str]] = set()

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        answer = self.client.request(method, path, **more)
        template = re.sub(r"^(orders|items|customers|baskets)/[^/?]+", r"\1/{id}", path.partition("?")[0])
        operation = CONTRACT["paths"][f"/{template}"][method.lower()]
        status = str(answer.status_code)
        reply = operation["responses"].get(status) or operation["responses"][f"{status[0]}XX"]
        if "$ref" in reply:
            reply = CONTRACT["components"]["responses"][reply["$ref"].rsplit("/", 1)[1]]
        check(answer.json(), reply["content"]["application/json"]["schema"])
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        if answer.is_success and "json" in more:
            check(more["json"], operation["requestBody"]["content"]["application/json"]["schema"])
        self.used.add((method, f"/{template}", status))
        return answer.json()


@pytest.fixture
def ask(client: httpx.Client) -> Conforming:
    return Conforming(client)


def operations() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, methods in CONTRACT["paths"].items()
        for method in methods
        if method != "parameters"
    }


def test_openapi_file_is_valid() -> None:
    """OpenAPI 3.1, all references found."""
    assert CONTRACT["openapi"].startswith("3.1")
    validate(CONTRACT)


def test_every_route_answers_as_published(shop: DemoShop, ask: Conforming) -> None:
    """A walk through all routes, each with success and with a refusal: nothing missing, nothing more, no other form."""
    ask("GET", "ping")
    ask("GET", "ping?x=1")
    for kind in ("orders", "items", "customers", "baskets"):
        row = ask("GET", f"{kind}?limit=1")["rows"][0]
        ask("GET", f"{kind}?modified_since=never")
        ask("GET", f"{kind}/{next(iter(row.values()))}")
        ask("GET", f"{kind}/none")
    key = {"Idempotency-Key": "key-00000001"}
    item = {"name": "Tin Mug", "price": "12.50", "currency": "EUR", "options": [{"name": "Size", "value": "S"}]}
    customer = {"email": "n@example.com", "addresses": [{"name": "N", "country": "DE"}]}
    for path, body, changes in (("items", item, {"price": "1"}), ("customers", customer, {"phone": None})):
        row = ask("POST", path, json=body, headers=key)["row"]
        ask("POST", path, json=body, headers=key)
        ask("POST", path, json=body | {"name": "Other"}, headers=key)
        ask("PATCH", f"{path}/{next(v for n, v in row.items() if n.endswith('_id') and v)}", json={"changes": changes})
        ask("PATCH", f"{path}/none", json={"changes": {}})
    rows = [{"item_id": f"itm-{n}", "quantity": "5", "expected": "8"} for n in range(1_001, 1_090)]
    results = ask("POST", "stock", json={"rows": [*rows, {"item_id": "none", "quantity": "1"}]})["rows"]
    assert {row["result"] for row in results} == {"ok", "conflict", "refused", "unknown_item"}
    ask("POST", "stock", json={"rows": 1})
    order = next(order for order in shop.rows("orders") if order["status"] == "picking")
    line_id, tenths = next(iter(open_tenths(order).items()))
    parcel = {"carrier": "DHL", "tracking_number": "T", "lines": [{"line_id": line_id, "quantity": str(tenths / 10)}]}
    for _ in range(2):
        ask("POST", f"orders/{order['order_id']}/shipments", json=parcel, headers=key)
    ask("POST", f"orders/{order['order_id']}/shipments", json=parcel)
    ask("PATCH", f"orders/{order['order_id']}", json={"changes": {"status": "on-hold"}})
    ask("PATCH", f"orders/{order['order_id']}", json={"changes": {"status": "paid"}})
    basket = next(one for one in shop.rows("baskets") if one["status"] == "open" and one["buyer"])
    for _ in range(2):
        ask("POST", f"baskets/{basket['basket_id']}/order", json={}, headers=key)
    ask("POST", f"baskets/{basket['basket_id']}/order", json={}, headers={"Idempotency-Key": "key-00000002"})
    assert {(method, path) for method, path, status in ask.used if status.startswith("2")} == operations()
    assert {(method, path) for method, path, status in ask.used if status.startswith("4")} == operations()
    created = {(method, path) for method, path, status in ask.used if status == "201"}
    made = ("/items", "/customers", "/orders/{id}/shipments", "/baskets/{id}/order")
    assert created == {("POST", path) for path in made}


@pytest.mark.parametrize(
    ("kind", "schema"), [("orders", "Order"), ("items", "Item"), ("customers", "Customer"), ("baskets", "Basket")]
)
def test_every_record_has_the_published_shape(shop: DemoShop, walk: Walk, kind: str, schema: str) -> None:
    """Hostile rows, those of a busy afternoon, and a good part of the others."""
    shop.tick(20)
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": COMPONENTS})
    rows = [row for page in walk(kind, limit=250) for row in page["rows"]]
    assert len(rows) >= 25
    id_field = next(iter(rows[0]))
    rows.sort(key=lambda row: row[id_field])
    for row in rows[:50] + rows[50:-50:4] + rows[-50:]:
        validator.validate(row)


def test_guide_names_every_path_parameter_and_code(client: httpx.Client) -> None:
    """What the file and the server know, the guide tells."""
    for method, path in operations():
        assert f"{method} {path[1:]}" in GUIDE
    for name in CONTRACT["components"]["parameters"]:
        assert f"`{name}`" in GUIDE or name == "id"
    schemas = CONTRACT["components"]["schemas"]
    for name in ("Capabilities", "Ping"):
        for field in schemas[name]["properties"]:
            assert field in GUIDE
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "cartui/demo").glob("*.py"))
    codes = set(re.findall(r'RefusalError\(\s*\d+, "([a-z_]+)"', sources))
    assert len(codes) > 12
    for code in codes:
        assert f"`{code}`" in GUIDE


def test_examples_in_the_guide_conform() -> None:
    """Every JSON example is what the contract says, and the order example satisfies the money identity."""
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL) if "…" not in text]
    names = [
        "Ping",
        "OrderPage",
        "Order",
        "Item",
        "Customer",
        "Basket",
        "StockRequest",
        "StockAnswer",
        "NewShipment",
        "Error",
    ]
    assert len(examples) == len(names)
    for example, name in zip(examples, names, strict=True):
        check(example, {"$ref": f"#/components/schemas/{name}"})
    order = examples[names.index("Order")]
    stated = [line["net_amount"] for line in order["lines"]] + [tax["amount"] for tax in order["taxes"]]
    assert sum(map(Decimal, stated)) == Decimal(order["total"])
