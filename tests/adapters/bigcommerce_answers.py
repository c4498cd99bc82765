"""How the fake BigCommerce answers; the rows are the shop's (`bigcommerce_shop`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from tests.adapters.bigcommerce_words import (
    STATUS_NAMES,
    STORE,
    Answer,
    Row,
    moment_of,
    refused_v2,
    refused_v3,
    rfc,
)


class Answers:
    """The routes, over the rows of the shop that this is part of."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Any:
        self.asked.append((method, path, query, body))
        self._ensure_allowed(path, headers)
        parts = path.removeprefix(f"/stores/{STORE}/").split("/")
        if parts[0] == "v2":
            return self._answer_v2(method, parts[1:], query, body)
        return self._answer_v3(method, parts[1:], query, body)

    def _ensure_allowed(self, path: str, headers: Any) -> None:
        if not path.startswith(f"/stores/{STORE}/"):
            raise refused_v3(404, "The store was not found.")
        if headers.get("X-Auth-Token") != self.token:
            raise refused_v3(401, "X-Auth-Token header is required")
        if self.overload:
            raise Answer(429, {"status": 429, "title": "Too many requests"})
        if self.throttle:
            self.throttle -= 1
            limit = {"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "1500"}
            raise Answer(429, {"status": 429, "title": "You have exceeded the rate limit"}, limit)
        if any(path.startswith(f"/stores/{STORE}/{one}") for one in self.forbidden):
            raise refused_v3(403, "You don't have a required scope to access the endpoint")
        if any(path.startswith(f"/stores/{STORE}/{one}") for one in self.broken):
            raise refused_v2(500, "An internal error has occurred")
        if headers.get("Accept") != "application/json":
            raise Answer(200, "<xml/>")

    def _answer_v2(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Any:
        if method != "GET":
            return self._write_v2(method, parts, body)
        if parts == ["order_statuses"]:
            return [
                {"id": number, "name": name, "system_label": name, "custom_label": self.labels.get(number, name)}
                for number, name in enumerate(STATUS_NAMES)
            ]
        if parts == ["store"]:
            return self.store
        if parts == ["time"]:
            return {"time": int(self.now.timestamp())}
        if parts == ["orders"]:
            return self._list_v2(self._filtered(self.orders, query, "date_modified"), query)
        order = next((one for one in self.orders if str(one["id"]) == parts[1]), None)
        if order is None:
            raise refused_v2(404, "The requested resource was not found.")
        if len(parts) == 2:
            return order
        return self._list_v2(self.details[order["id"], parts[2]], query)

    def _write_v2(self, method: str, parts: list[str], body: Any) -> Any:
        order = next((one for one in self.orders if len(parts) > 1 and str(one["id"]) == parts[1]), None)
        if order is None:
            raise refused_v2(404, "The requested resource was not found.")
        if method == "PUT" and len(parts) == 2:
            self.set_status(order, body.get("status_id", order["status_id"]))
            order["staff_notes"] = body.get("staff_notes", order.get("staff_notes"))
            return order
        if method == "POST" and parts[2:] == ["shipments"]:
            return self._ship(order, body)
        raise refused_v2(405, "not here")

    def set_status(self, order: Row, status_id: int) -> None:
        """By staff, or by what happened to it."""
        if status_id not in range(len(STATUS_NAMES)):
            raise refused_v2(400, "The field 'status_id' is invalid.")
        name = self.labels.get(status_id, STATUS_NAMES[status_id])
        order |= {"status_id": status_id, "status": STATUS_NAMES[status_id], "custom_status": name}
        self.touch(order)

    def _ship(self, order: Row, body: Row) -> Row:
        """Makes one more each time it is asked; the order's status follows."""
        sold = {one["id"]: one for one in self.details[order["id"], "products"]}
        if body["order_address_id"] not in {one["id"] for one in self.details[order["id"], "shipping_addresses"]}:
            raise refused_v2(400, "The field 'order_address_id' is invalid.")
        for item in body["items"]:
            line = sold.get(item["order_product_id"])
            if line is None or item["quantity"] > line["quantity"] - line["quantity_shipped"]:
                raise refused_v2(400, "The field 'quantity' is invalid.")
        for item in body["items"]:
            sold[item["order_product_id"]]["quantity_shipped"] += item["quantity"]
        order["items_shipped"] = sum(one["quantity_shipped"] for one in sold.values())
        made = {**body, "id": next(self.ids), "order_id": order["id"], "date_created": rfc(self.now)}
        self.details[order["id"], "shipments"].append(made)
        self.set_status(order, 2 if order["items_shipped"] == order["items_total"] else 3)
        return made

    @staticmethod
    def _list_v2(rows: list[Row], query: dict[str, str]) -> Any:
        limit, page = int(query.get("limit", 50)), int(query.get("page", 1))
        found = rows[(page - 1) * limit : page * limit]
        if not found:
            raise Answer(204)
        return found

    def _filtered(self, rows: list[Row], query: dict[str, str], field: str) -> list[Row]:
        low = query.get("min_date_modified") or query.get("date_modified:min")
        high = query.get("max_date_modified") or query.get("date_modified:max")
        for bound, sign in ((low, 1), (high, -1)):
            if bound and not self.ignore_dates:
                at = parsedate_to_datetime(bound) if "," in bound else datetime.fromisoformat(bound)
                least = timedelta(seconds=1 if self.exclusive else 0)
                rows = [one for one in rows if (moment_of(one) - at) * sign >= least]
        if "status_id" in query:
            rows = [one for one in rows if one["status_id"] == int(query["status_id"])]
        first = int(query.get("min_id") or query.get("id:min", "0"))
        rows = [one for one in rows if int(one["id"]) >= first]
        if query.get("sort", "").startswith(field) and not self.unsorted:
            return sorted(rows, key=moment_of)
        return sorted(rows, key=lambda one: int(one["id"]))

    def _list_v3(self, rows: list[Row], query: dict[str, str], most: int = 250) -> Any:
        limit, page = int(query.get("limit", 50)), int(query.get("page", 1))
        if limit > most:
            raise refused_v3(413, f"The limit is {most}")
        for name, value in query.items():
            if name.endswith(":in"):
                field, wanted = name.removesuffix(":in"), value.casefold().split(",")
                rows = [one for one in rows if str(one.get(field)).casefold() in wanted]
            elif name in ("sku", "name"):
                rows = [one for one in rows if str(one.get(name, "")).casefold() == value.casefold()]
        found = rows[(page - 1) * limit : page * limit]
        pages = -(-len(rows) // limit)
        about = {"total": len(rows), "count": len(found), "per_page": limit, "current_page": page, "total_pages": pages}
        return {"data": found, "meta": {"pagination": about}}

    def _answer_v3(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Any:  # noqa: PLR0912
        match method, parts:
            case "GET", ["catalog", "products"]:
                rows = self._filtered(self.products, query, "date_modified")
                if query.get("include") != "variants":
                    rows = [{name: one[name] for name in one if name != "variants"} for one in rows]
                return self._list_v3(rows, query)
            case "GET", ["catalog", "variants"]:
                return self._list_v3([each for one in self.products for each in one["variants"]], query)
            case "POST", ["catalog", "products"]:
                return {"data": self._create_product(body), "meta": {}}
            case "PUT", ["catalog", "products", product_id, *rest]:
                return {"data": self._update_product(product_id, rest, body), "meta": {}}
            case "GET", ["customers"]:
                rows = self._filtered(self.customers, query, "date_modified")
                if "addresses" in query.get("include", ""):
                    rows = [one | {"addresses": self._homes_of(one)[:10]} for one in rows]
                return self._list_v3(rows, query)
            case "GET", ["customers", "addresses"]:
                return self._list_v3(self.homes, query)
            case "POST" | "PUT", ["customers"]:
                if len(body) > 10:
                    raise refused_v3(413, "The maximum number of items allowed in the array is 10.")
                work = self._create_customer if method == "POST" else self._update_customer
                return {"data": [work(one) for one in body], "meta": {}}
            case "GET", ["orders", "payment_actions", "refunds"]:
                return self._list_v3(self.refunds, query, 50)
            case "GET", ["inventory", "locations"]:
                return self._list_v3(self.locations, query)
            case "GET", ["inventory", "locations", location, "items"]:
                return self._list_v3(self._stock_rows(int(location)), query)
            case "PUT", ["inventory", "adjustments", "absolute"]:
                return self._adjust(body["items"])
        raise refused_v3(404, "The route is not found")

    def _homes_of(self, customer: Row) -> list[Row]:
        return [one for one in self.homes if one["customer_id"] == customer["id"]]

    def _create_product(self, body: Row) -> Row:
        if missing := {"name", "type", "weight", "price"} - set(body):
            raise refused_v3(422, f"JSON data is missing or invalid: {missing}")
        if any(one["name"] == body["name"] for one in self.products):
            raise refused_v3(409, "The product name is a duplicate")
        skus = [each["sku"] for one in self.products for each in one["variants"]]
        if body.get("sku") in skus:
            raise refused_v3(409, "The product sku is a duplicate")
        level = body.get("inventory_level", 0)
        tracking = body.get("inventory_tracking", "none")
        known = {name: body[name] for name in ("price", "upc") if name in body}
        made = self.add_product(body["name"], body.get("sku", ""), level, inventory_tracking=tracking, **known)
        return {name: made[name] for name in made if name != "variants"}

    def _update_product(self, product_id: str, rest: list[str], body: Row) -> Row:
        product = next((one for one in self.products if str(one["id"]) == product_id), None)
        target = product
        if product is not None and rest:
            target = next((one for one in product["variants"] if str(one["id"]) == rest[1]), None)
        if product is None or target is None:
            raise refused_v3(404, "A product was not found")
        target.update(body)
        if target is product and "sku" in body:
            product["variants"][0]["sku"] = body["sku"]
        self.touch(product)
        return target

    def _create_customer(self, body: Row) -> Row:
        if missing := [one for one in ("email", "first_name", "last_name") if not body.get(one)]:
            raise refused_v3(422, f"missing: {missing}")
        if any(one["email"].casefold() == body["email"].casefold() for one in self.customers):
            raise refused_v3(422, "Create customers failed.")
        known = {name: value for name, value in body.items() if name in ("company", "phone")}
        made = self.add_customer(body["email"], body["first_name"], body["last_name"], **known)
        homes = [{**one, "customer_id": made["id"], "id": next(self.ids)} for one in body.get("addresses", [])]
        self.homes = [one for one in self.homes if one["customer_id"] != made["id"]] + homes
        return made

    def _update_customer(self, body: Row) -> Row:
        found = next((one for one in self.customers if one["id"] == body["id"]), None)
        if found is None:
            raise refused_v3(422, "Update customers failed.")
        found.update(body)
        self.touch(found)
        return found

    def _stock_rows(self, location: int) -> list[Row]:
        rows = []
        for product in self.products:
            for variant in product["variants"]:
                safety = self.safety.get(variant["id"], 0)
                rows.append(
                    {
                        "product_id": product["id"],
                        "variant_id": variant["id"],
                        "identity": {"sku": variant["sku"], "variant_id": variant["id"], "product_id": product["id"]},
                        "available_to_sell": self.free(product, variant, location),
                        "settings": {"safety_stock": safety, "is_in_stock": True},
                    }
                )
        return rows

    def _adjust(self, items: list[Row]) -> Row:
        """All or none."""
        if len(items) > 2000:
            raise refused_v3(413, "too many items")
        found = []
        for item in items:
            name = "product_id" if "product_id" in item else "variant_id"
            for product in self.products:
                for variant in product["variants"]:
                    if item[name] == (product["id"] if name == "product_id" else variant["id"]):
                        found.append((item, product, variant))  # noqa: PERF401
        for item, product, _variant in found:
            if product["inventory_tracking"] != ("product" if "product_id" in item else "variant"):
                raise refused_v3(422, "[Item is tracked in another mode, please update stock that way]")
        if any(variant["id"] in self.frozen for _, _, variant in found):
            raise refused_v3(422, "Item is bundled and takes no stock of its own")
        if len(found) != len(items):
            raise refused_v3(422, "Items with identity were not found")
        for item, product, variant in found:
            free = item["quantity"] - self.safety.get(variant["id"], 0)
            if len(self.locations) > 1:
                self.levels[item["location_id"], variant["id"]] = free
            else:
                (product if "product_id" in item else variant)["inventory_level"] = free
        return {"transaction_id": "a1b2c3"}
