# ruff: noqa: N802, N803 - resolvers are named as the schema names types, fields and arguments
"""How the fake Shopify resolves the fields of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLResolveInfo, get_named_type

from tests.adapters.shopify_words import HOME, TERM, Row, iso

if TYPE_CHECKING:
    from tests.adapters.shopify_shop import FakeShopify


class Answering:
    """One request's resolvers: `Type_field` where a field is more than a value of its row."""

    def __init__(self, shop: FakeShopify, version: str) -> None:
        self.shop = shop
        self.version = version
        self.warnings: list[Row] = []

    def resolve(self, source: Row, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.field_name in self.shop.denied:
            raise GraphQLError(f"Access denied for {info.field_name} field.", extensions={"code": "ACCESS_DENIED"})
        if source.get("id") in self.shop.failing and info.field_name in ("lineItems", "variants"):
            raise GraphQLError("Internal error. Looks like something went wrong on our end.")
        special: Callable[..., Any] | None = getattr(self, f"{info.parent_type.name}_{info.field_name}", None)
        if special is None and info.parent_type.name == "Mutation":
            raise AssertionError(info.field_name)
        value = special(source, info, **arguments) if special else source.get(info.field_name)
        if get_named_type(info.return_type).name.endswith("Connection"):
            return self._connection(value, arguments, by_key=info.parent_type.name == "QueryRoot")
        return value

    @staticmethod
    def _connection(rows: list[Row], arguments: Row, *, by_key: bool) -> Row:
        """A cursor is the place in the order, as in Shopify: rows that move to the end shift nothing."""
        after, first = arguments.get("after"), arguments["first"]
        assert 0 < first <= 250
        keys = [json.dumps([row.get("_key", ""), row["id"]] if by_key else [n]) for n, row in enumerate(rows)]
        start = 0
        if after is not None:
            start = sum(json.loads(key) <= json.loads(after) for key in keys)
        page = rows[start : start + first]
        end = keys[start + len(page) - 1] if page else None
        return {"nodes": page, "pageInfo": {"hasNextPage": start + len(page) < len(rows), "endCursor": end}}

    def _search(self, rows: list[Row], query: str | None, fields: Row, *, by_day: bool = False) -> list[Row]:
        if query is None:
            return rows
        if query == "" or re.search(r":[<>=]*(\s|$)", query):
            raise GraphQLError("Internal error. Looks like something went wrong on our end.")
        for name, comparison, value in TERM.findall(query):
            plain = re.sub(r"\\(.)", r"\1", value.strip("'\""))
            if name == "updated_at":
                assert comparison == ">="
                if self.shop.ignored_filters:
                    continue
                least = f"{plain[:10]}T00:00:00Z" if by_day else plain
                rows = [row for row in rows if row["updatedAt"] >= least]
            elif name in fields:
                rows = [row for row in rows if fields[name](row, plain)]
            else:
                told = {"field": name, "message": "Invalid search field for this query.", "code": "invalid_field"}
                self.warnings.append(told)
        return rows

    def _sorted(self, rows: list[Row], key: str) -> list[Row]:
        """Shopify's cursor holds what was sorted by when it was given."""
        if self.shop.frozen_places:
            return [row | {"_key": f"{place:05}"} for place, row in enumerate(rows)]
        stamp = "updatedAt" if key == "UPDATED_AT" else "id"
        for row in rows:
            row["_key"] = row[stamp] if stamp == "updatedAt" else ""
        return sorted(rows, key=lambda row: (row["_key"], row["id"]))

    # --- queries

    def QueryRoot_orders(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        rows = self.shop.orders
        if "read_all_orders" not in self.shop.scopes:
            rows = [row for row in rows if row["processedAt"] >= iso(self.shop.time - timedelta(days=60))]
        return self._sorted(self._search(rows, query, {}), sortKey)

    def QueryRoot_products(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        """Without a status only active ones."""
        rows = self.shop.products
        if "status:" not in (query or ""):
            rows = [row for row in rows if row["status"] == "ACTIVE"]
        fields = {"status": lambda row, value: row["status"].lower() in value.split(",")}
        return self._sorted(self._search(rows, query, fields), sortKey)

    def QueryRoot_productVariants(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        """Search takes words apart and ignores case."""
        fields = {"sku": lambda row, value: value.lower() in row["sku"].lower()}
        return self._sorted(self._search(self.shop.variants(), query, fields), sortKey)

    def QueryRoot_customers(self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any) -> list[Row]:
        fields = {"tag": lambda row, value: value in row["tags"]}
        return self._sorted(self._search(self.shop.customers, query, fields, by_day=True), sortKey)

    def QueryRoot_abandonedCheckouts(
        self, _: Row, __: Any, *, query: str | None, sortKey: str, **___: Any
    ) -> list[Row]:
        return self._sorted(self._search(self.shop.checkouts, query, {}), sortKey)

    def QueryRoot_nodes(self, _: Row, __: Any, *, ids: list[str]) -> list[Row | None]:
        return [self.QueryRoot_node(_, __, id=one) for one in ids]

    def QueryRoot_node(self, _: Row, __: Any, *, id: str) -> Row | None:  # noqa: A002 - the argument's name
        if not re.fullmatch(r"gid://shopify/\w+/\d+", id):
            raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "argumentLiteralsIncompatible"})
        shop = self.shop
        every = [one for order in shop.orders for one in order["refunds"]]
        every += [*shop.orders, *shop.products, *shop.variants(), *shop.customers, *shop.checkouts]
        return next((row for row in every if row["id"] == id), None)

    def QueryRoot_shop(self, *_: Any) -> Row:
        told = {"name": "Mugs & Co", "myshopifyDomain": "mugs.myshopify.com", "currencyCode": "EUR"}
        return told | {"ianaTimezone": "Europe/London", "taxesIncluded": False}

    def QueryRoot_currentAppInstallation(self, *_: Any) -> Row:
        return {"accessScopes": [{"handle": one} for one in self.shop.scopes]}

    def QueryRoot_publicApiVersions(self, *_: Any) -> list[Row]:
        versions = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10", "unstable")
        return [{"handle": one, "supported": one >= self.shop.oldest_version} for one in versions]

    def QueryRoot_locations(self, *_: Any, **__: Any) -> list[Row]:
        return self.shop.locations

    def QueryRoot_ordersCount(self, *_: Any, **__: Any) -> Row:
        return {"count": len(self.shop.orders), "precision": "EXACT"}

    def QueryRoot_productVariantsCount(self, *_: Any, **__: Any) -> Row:
        return {"count": len(self.shop.variants()), "precision": "EXACT"}

    def QueryRoot_productByIdentifier(self, _: Row, __: Any, *, identifier: Row) -> Row | None:
        return next((row for row in self.shop.products if row["handle"] == identifier["handle"]), None)

    def QueryRoot_customerByIdentifier(self, _: Row, __: Any, *, identifier: Row) -> Row | None:
        wanted = {"emailAddress": identifier["emailAddress"]}
        return next((row for row in self.shop.customers if row["defaultEmailAddress"] == wanted), None)

    def QueryRoot_order(self, _: Row, __: Any, *, id: str) -> Row | None:  # noqa: A002 - the argument's name
        return next((row for row in self.shop.orders if row["id"] == id), None)

    def Order_fulfillmentOrders(self, order: Row, *_: Any, **__: Any) -> list[Row]:
        """One at the shop's home; another where the order says that a line lies elsewhere."""
        places = sorted({line.get("place", HOME) for line in order["lineItems"]})
        return [self._to_ship(order, number, place) for number, place in enumerate(places)]

    def _to_ship(self, order: Row, number: int, place: str) -> Row:
        lines = [
            {
                "id": line["id"].replace("LineItem", "FulfillmentOrderLineItem"),
                "remainingQuantity": self.shop.left_of(order, line),
                "lineItem": line,
            }
            for line in order["lineItems"]
            if line.get("place", HOME) == place
        ]
        told = {"id": f"gid://shopify/FulfillmentOrder/{order['legacyResourceId']}{number}", "lineItems": lines}
        status = "OPEN" if any(one["remainingQuantity"] for one in lines) else "CLOSED"
        return told | {"status": order.get("held", status), "assignedLocation": {"location": {"id": place}}}

    @staticmethod
    def Fulfillment_trackingInfo(parcel: Row, _: Any, *, first: int) -> list[Row]:
        found: list[Row] = parcel["trackingInfo"][:first]
        return found

    def InventoryItem_inventoryLevel(self, item: Row, _: Any, *, locationId: str) -> Row | None:
        if locationId not in item["levels"]:
            return None
        return {"quantities": [{"name": "available", "quantity": item["levels"][locationId]}]}

    @staticmethod
    def InventoryLevel_quantities(level: Row, _: Any, *, names: list[str]) -> list[Row]:
        return [one for one in level["quantities"] if one["name"] in names]

    @staticmethod
    def ProductVariant_inventoryQuantity(variant: Row, *_: Any) -> int:
        return sum(variant["inventoryItem"]["levels"].values())

    # --- mutations

    def Mutation_productSet(self, _: Row, __: Any, *, input: Row, identifier: Row, synchronous: bool) -> Row:  # noqa: A002
        """Makes, or takes over all of it: variants that are not sent are gone."""
        assert synchronous
        shop = self.shop
        product = self.QueryRoot_productByIdentifier(_, __, identifier=identifier)
        if product is None:
            product = shop.add_product(input["title"], [])
            product |= {"handle": input["handle"], "hasOnlyDefaultVariant": True}
        product["variants"] = []
        for wire in input["variants"]:
            stock = wire["inventoryQuantities"][0]["quantity"] if "inventoryQuantities" in wire else None
            made = shop.add_variant(product, "Default Title", wire["sku"], stock, wire.get("price", "0.00"))
            made["barcode"] = wire.get("barcode")
        return {"product": product, "userErrors": []}

    def Mutation_productUpdate(self, _: Row, __: Any, *, product: Row) -> Row:
        found = self.QueryRoot_node(_, __, id=product["id"])
        if found is None:
            return {"product": None, "userErrors": [{"field": ["id"], "message": "Product does not exist"}]}
        found["title"] = product["title"]
        self.shop.touch(found)
        return {"product": found, "userErrors": []}

    def Mutation_productVariantsBulkUpdate(self, _: Row, __: Any, *, productId: str, variants: list[Row]) -> Row:
        rows = []
        for wire in variants:
            found = self.QueryRoot_node(_, __, id=wire["id"])
            if found is None or found["product"]["id"] != productId:
                error = {"field": ["variants", "0", "id"], "message": "Product variant does not exist"}
                return {"productVariants": None, "userErrors": [error | {"code": "PRODUCT_VARIANT_DOES_NOT_EXIST"}]}
            found |= {name: wire[name] for name in ("price", "barcode") if name in wire}
            found["sku"] = wire.get("inventoryItem", {}).get("sku", found["sku"])
            self.shop.touch(found["product"])
            rows.append(found)
        return {"productVariants": rows, "userErrors": []}

    def Mutation_inventorySetQuantities(self, _: Row, info: GraphQLResolveInfo, *, input: Row) -> Row:  # noqa: A002
        """Wholly or not at all; a key that was used answers as it did, for the same input only."""
        used = [one for one in info.field_nodes[0].directives or () if one.name.value == "idempotent"]
        key = _variable(info, used[0]) if used else None
        if key is None and self.version >= "2026-04":
            raise GraphQLError("The @idempotent directive is required.", extensions={"code": "BAD_REQUEST"})
        same = json.dumps(input, sort_keys=True)
        if key is not None and key in self.shop.keys:
            if self.shop.keys[key] != same:
                error = {"field": ["input"], "message": "Key was used", "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}
                return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
            return {"inventoryAdjustmentGroup": {"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": []}
        word = "changeFromQuantity" if self.version >= "2026-01" else "compareQuantity"
        errors, rows = [], []
        for number, wire in enumerate(input["quantities"]):
            where = ["input", "quantities", str(number)]
            found = next((v for v in self.shop.variants() if v["inventoryItem"]["id"] == wire["inventoryItemId"]), None)
            if word not in wire:
                raise GraphQLError(f"{word} must be given", extensions={"code": "BAD_REQUEST"})
            if found is None or wire["locationId"] not in found["inventoryItem"]["levels"]:
                errors.append({"field": where, "message": "Not stocked at the location", "code": "INVALID_LOCATION"})
            elif wire["quantity"] < 0:
                code = "INVALID_QUANTITY_NEGATIVE"
                errors.append({"field": [*where, "quantity"], "message": "Can't be negative", "code": code})
            elif wire[word] not in (None, found["inventoryItem"]["levels"][wire["locationId"]]):
                code = "CHANGE_FROM_QUANTITY_STALE" if word == "changeFromQuantity" else "COMPARE_QUANTITY_STALE"
                errors.append({"field": [*where, word], "message": "Stale", "code": code})
            else:
                rows.append((found, wire))
        if errors:
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}
        for found, wire in rows:
            found["inventoryItem"]["levels"][wire["locationId"]] = wire["quantity"]
            self.shop.touch(found["product"])
        if key is not None:
            self.shop.keys[key] = same
        return {"inventoryAdjustmentGroup": {"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": []}

    def Mutation_fulfillmentCreate(self, _: Row, __: Any, *, fulfillment: Row) -> Row:
        """Wholly or not at all; makes one more each time it is asked."""
        for order in self.shop.orders:
            wanted = {one["fulfillmentOrderId"]: one for one in fulfillment["lineItemsByFulfillmentOrder"]}
            known = {one["id"]: one for one in self.Order_fulfillmentOrders(order)}
            if not set(wanted) <= set(known):
                continue
            lines = []
            for order_id, told in wanted.items():
                left = {one["id"]: one for one in known[order_id]["lineItems"]}
                for line in told["fulfillmentOrderLineItems"]:
                    found = left.get(line["id"])
                    if found is None or line["quantity"] > found["remainingQuantity"]:
                        return {"fulfillment": None, "userErrors": [{"field": None, "message": "Invalid quantity"}]}
                    lines.append({"quantity": line["quantity"], "lineItem": found["lineItem"]})
            made = {**self.shop.number("Fulfillment"), "status": "SUCCESS", "fulfillmentLineItems": lines}
            made["trackingInfo"] = [fulfillment["trackingInfo"]] if "trackingInfo" in fulfillment else []
            made["notified"] = fulfillment["notifyCustomer"]
            order["fulfillments"].append(made)
            rest = any(self.shop.left_of(order, line) for line in order["lineItems"])
            order["displayFulfillmentStatus"] = "PARTIALLY_FULFILLED" if rest else "FULFILLED"
            self.shop.touch(order)
            return {"fulfillment": made, "userErrors": []}
        return {"fulfillment": None, "userErrors": [{"field": None, "message": "Fulfillment order does not exist."}]}

    def Mutation_customerCreate(self, _: Row, __: Any, *, input: Row) -> Row:  # noqa: A002
        email = input.get("email")
        if email and self.QueryRoot_customerByIdentifier(_, __, identifier={"emailAddress": email}):
            return {"customer": None, "userErrors": [{"field": ["email"], "message": "Email has already been taken"}]}
        made = self.shop.add_customer(email, input.get("firstName", ""), input.get("lastName", ""), tags=input["tags"])
        self._phone(made, input)
        return {"customer": made, "userErrors": []}

    def Mutation_customerUpdate(self, _: Row, __: Any, *, input: Row) -> Row:  # noqa: A002
        found = self.QueryRoot_node(_, __, id=input["id"])
        if found is None:
            return {"customer": None, "userErrors": [{"field": ["id"], "message": "Customer does not exist"}]}
        found |= {name: input[name] for name in ("firstName", "lastName") if name in input}
        if "email" in input:
            found["defaultEmailAddress"] = {"emailAddress": input["email"]}
        self._phone(found, input)
        self.shop.touch(found)
        return {"customer": found, "userErrors": []}

    @staticmethod
    def _phone(customer: Row, wire: Row) -> None:
        if "phone" in wire:
            customer["defaultPhoneNumber"] = {"phoneNumber": wire["phone"]}

    def Mutation_customerAddressCreate(self, _: Row, __: Any, *, customerId: str, address: Row, **___: Any) -> Row:
        customer = self.QueryRoot_node(_, __, id=customerId)
        assert customer is not None
        made = {**self.shop.number("MailingAddress"), **address, "countryCodeV2": address.get("countryCode")}
        customer["addressesV2"].append(made)
        customer["defaultAddress"] = made
        return {"address": made, "userErrors": []}

    def Mutation_customerAddressUpdate(
        self, _: Row, __: Any, *, customerId: str, addressId: str, address: Row, **___: Any
    ) -> Row:
        customer = self.QueryRoot_node(_, __, id=customerId)
        assert customer is not None
        found = next(one for one in customer["addressesV2"] if one["id"] == addressId)
        found.update(address)
        return {"address": found, "userErrors": []}


def _variable(info: GraphQLResolveInfo, directive: Any) -> Any:
    """The value of a directive's only argument; newer releases of graphql-core wrap the variables."""
    value = directive.arguments[0].value
    variables = info.variable_values
    return getattr(variables, "coerced", variables)[value.name.value]
