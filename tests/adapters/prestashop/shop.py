"""A small shop that speaks PrestaShop's web service as 8.2.1 and 1.7.8 were recorded: state, filters, rights, local
times, both formats out and XML in, HTTP 500 where the real one says 500. Faults are switched on by name:

    redirect          any request is sent to the main domain, and the path is lost
    no_authorization  the web server drops the header (`?ws_key=` still works)
    disabled          the web service is switched off (503)
    warnings          PHP complains while records are printed: 500, and the work is done all the same
    lost_answer       writes are carried out and the connection breaks
    no_patch_right    the key may PUT, not PATCH
    patch_is_get      the web server makes a GET of every PATCH: 200, and nothing was written
    ignore_dates      a proxy drops the filters with brackets
    json_breaks       PHP complains in the writer of JSON whatever is asked (1.7.4 on PHP 7.2)
    refuse_writes     every write is a 500 with a PHP fatal error, and nothing is saved
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from defusedxml.ElementTree import fromstring

from cartui.adapters.prestashop import PrestaShop
from tests.adapters.prestashop.data import (
    BY_LANGUAGE,
    DEFAULTS,
    DYNAMIC,
    LISTS,
    NODES,
    REQUIRED,
    SECURE_KEY,
    STATES,
)
from tests.adapters.prestashop.formats import passes, read_field, render_errors, render_json, render_xml

KEY = "K3Y0AAAABBBBCCCCDDDDEEEEFFFFGGGG"
PASSWD = "$2y$10$abcdefghijklmnopqrstuv"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Row = dict[str, Any]
Answer = tuple[int, Row | list[Any] | None, str]


class Refused(Exception):
    """An answer with errors."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class FakePrestaShop:
    """The shop's state and its own side. Stamps are local times of `zone`, written by `clock`."""

    def __init__(self, version: str = "8.2.1", zone: str = "Europe/Paris", languages: int = 2) -> None:
        self.version = version
        self.zone = ZoneInfo(zone)
        self.moment = START
        self.faults: set[str] = set()
        self.requests: list[tuple[str, str, bytes]] = []
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in NODES}
        self.denied: set[tuple[str, str]] = set()
        self.shown_offset = timedelta(0)
        self.spoilt: set[tuple[str, int]] = set()  # records at whose reading PHP complains: the list is lost
        self.altered: dict[str, Callable[[str], str]] = {}  # fields that the shop writes in another way than was sent
        self.on_request: Callable[[], None] | None = None
        self.url = ""
        self.opened: list[PrestaShop] = []
        self.mails: list[str] = []
        self._lock = threading.RLock()
        self._seed(zone, languages)

    # --- the shop's own side

    def local(self, moment: datetime | None = None) -> str:
        return (moment or self.moment).astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def pass_time(self, seconds: float = 60) -> None:
        self.moment += timedelta(seconds=seconds)

    def put(self, resource: str, **fields: Any) -> Row:
        """Add a row, or change one when `id` is given, without touching its date."""
        rows = self.rows[resource]
        row_id = int(fields.pop("id", 0)) or max(rows, default=0) + 1
        row = rows.setdefault(row_id, {"id": row_id, **json.loads(json.dumps(DEFAULTS.get(resource, {})))})
        row.update(fields)
        return row

    def touch(self, row: Row) -> None:
        row["date_upd"] = self.local()

    def product(self, name: str, reference: str, price: str, quantity: int, *variants: tuple[str, str, int]) -> Row:
        """A product with its stock row; variants: reference, impact on the price, stock."""
        texts = {"name": name, "link_rewrite": "made-up", "description": f"<p>{name} &amp; more</p>"}
        row = self.put(
            "products", reference=reference, price=price, active="1", date_add=self.local(), date_upd=self.local(),
            manufacturer_name="", **{field: self.translated(text) for field, text in texts.items()},
        )  # fmt: skip
        pairs = [("0", quantity)]
        for number, (variant, impact, pieces) in enumerate(variants):
            made = self.put(
                "combinations", id_product=str(row["id"]), reference=variant, price=impact, ean13="",
                minimal_quantity="1",
                associations={"product_option_values": [{"id": str(1 + number % 3)}, {"id": "4"}]},
            )  # fmt: skip
            pairs.append((str(made["id"]), pieces))
        for attribute, pieces in pairs:
            self.put(
                "stock_availables", id_product=str(row["id"]), id_product_attribute=attribute, id_shop="1",
                id_shop_group="0", quantity=str(pieces), depends_on_stock="0", out_of_stock="2", location="A-1",
            )  # fmt: skip
        return row

    def translated(self, text: str) -> Row:
        return dict.fromkeys(map(str, self.rows["languages"]), text)

    def customer(self, first: str, last: str, email: str, guest: bool = False) -> Row:
        row = self.put(
            "customers", firstname=first, lastname=last, email=email, passwd=PASSWD, is_guest=str(int(guest)),
            active="1", date_add=self.local(), date_upd=self.local(),
        )  # fmt: skip
        self.put(
            "addresses", id_customer=str(row["id"]), alias="Home", firstname=first, lastname=last,
            address1="0 Example Street", postcode="SW1A 1AA", city="Testburg", id_country="17", phone="01632960000",
            vat_number="XX000000", date_add=self.local(), date_upd=self.local(),
        )  # fmt: skip
        return row

    def order(
        self,
        *lines: tuple[str, int, str, str],
        state: str = "2",
        currency: str = "1",
        shipping: tuple[str, str] = ("5.500000", "6.600000"),
        discount: tuple[str, str] | None = None,
        off_by: str = "0",
        customer: Row | None = None,
    ) -> Row:
        """An order of lines (item id, quantity, unit price net, percent of tax), with its details, taxes and payment.
        Amounts are rounded by line, as round_type 2 does. `off_by`: the total is that much off, as real ones are."""
        places = {"2": 0, "3": 3}.get(currency, 2)
        unit = Decimal(1).scaleb(-places)
        customer = customer or self.rows["customers"][2 + len(self.rows["orders"]) % 8]
        address = next(one for one in self.rows["addresses"].values() if one["id_customer"] == str(customer["id"]))
        number = max(self.rows["orders"], default=0) + 1
        reference = "".join(chr(65 + int(digit)) for digit in f"{number:09d}")
        shipping = tuple(f"{Decimal(one).quantize(unit):.6f}" for one in shipping)  # type: ignore[assignment]
        net = gross = Decimal(0)
        for item_id, quantity, price, rate in lines:
            product_id, _, attribute = item_id.partition(":")
            line_net = (Decimal(price) * quantity).quantize(unit)
            line_gross = (Decimal(price) * quantity * (100 + Decimal(rate)) / 100).quantize(unit)
            net, gross = net + line_net, gross + line_gross
            product = self.rows["products"][int(product_id)]
            tax = {"20": "1", "5": "2"}.get(rate)
            self.put(
                "order_details", id_order=str(number), product_id=product_id, product_attribute_id=attribute or "0",
                product_quantity=str(quantity), product_name=product["name"]["1"],
                product_reference=product["reference"], unit_price_tax_excl=f"{Decimal(price):.6f}",
                unit_price_tax_incl=f"{Decimal(price) * (100 + Decimal(rate)) / 100:.6f}",
                total_price_tax_excl=f"{line_net:.6f}", total_price_tax_incl=f"{line_gross:.6f}", download_hash="dh-1",
                id_order_invoice=str(number) if state in ("2", "3", "4", "5") else "0",
                associations={"taxes": [{"id": tax}] if tax else []},
            )  # fmt: skip
            self._move_stock(product_id, attribute or "0", -quantity)
        off = discount or ("0.000000", "0.000000")
        total = gross + Decimal(shipping[1]) - Decimal(off[1]) + Decimal(off_by)
        rows = [{"id_product": "1", "id_product_attribute": "0", "quantity": "1"}]
        cart = self.put("carts", id_customer=str(customer["id"]), id_currency=currency, secure_key=SECURE_KEY,
                        date_add=self.local(), date_upd=self.local(), associations={"cart_rows": rows})  # fmt: skip
        paid = state in ("2", "3", "4", "5")
        order = self.put(
            "orders", id_address_delivery=str(address["id"]), id_address_invoice=str(address["id"]),
            id_cart=str(cart["id"]), id_currency=currency, id_lang="1", id_customer=str(customer["id"]), id_carrier="2",
            current_state=state, module="ps_wirepayment", payment="Wire payment", valid="1", date_add=self.local(),
            date_upd=self.local(), shipping_number="", id_shop="1", id_shop_group="1", secure_key=SECURE_KEY,
            gift="0", gift_message="", conversion_rate="1.000000", reference=reference,
            total_paid=f"{total:.6f}", total_paid_tax_incl=f"{total:.6f}",
            total_paid_tax_excl=f"{net + Decimal(shipping[0]) - Decimal(off[0]):.6f}",
            total_paid_real=f"{total if paid else 0:.6f}", total_products=f"{net:.6f}",
            total_products_wt=f"{gross:.6f}",
            total_discounts=off[1], total_discounts_tax_incl=off[1], total_discounts_tax_excl=off[0],
            total_shipping=shipping[1], total_shipping_tax_incl=shipping[1], total_shipping_tax_excl=shipping[0],
            carrier_tax_rate="20.000", total_wrapping="0.000000", total_wrapping_tax_incl="0.000000",
            total_wrapping_tax_excl="0.000000",
        )  # fmt: skip
        self.put("order_carriers", id_order=str(number), id_carrier="2", shipping_cost_tax_excl=shipping[0],
                 shipping_cost_tax_incl=shipping[1], date_add=self.local())  # fmt: skip
        if discount:
            self.put("order_cart_rules", id_order=str(number), name="Voucher FIVER & co", value=discount[1],
                     value_tax_excl=discount[0], free_shipping="0", deleted="0")  # fmt: skip
        if paid:
            self.put("order_payments", order_reference=reference, id_currency=currency, amount=f"{total:.6f}",
                     payment_method="Wire payment", transaction_id=f"tx-{number}", card_number="4111",
                     date_add=self.local())  # fmt: skip
        return order

    def slip(self, order_id: str, pieces: int = 1, chosen: str = "") -> Row:
        """A credit slip over pieces of the order's first line; `chosen`: less than their price."""
        detail = next(one for one in self.rows["order_details"].values() if one["id_order"] == order_id)
        net, gross = (Decimal(detail[f"unit_price_tax_{side}"]) * pieces for side in ("excl", "incl"))
        unit = Decimal("0.01")
        return self.put(
            "order_slip", id_order=order_id, id_customer="2", conversion_rate="1.000000", shipping_cost="0",
            total_products_tax_excl=f"{net.quantize(unit):.6f}", total_products_tax_incl=f"{gross.quantize(unit):.6f}",
            total_shipping_tax_excl="0.000000", total_shipping_tax_incl="0.000000", amount=chosen or f"{net:.6f}",
            shipping_cost_amount="0.000000", partial="0", date_add=self.local(), date_upd=self.local(),
            associations={"order_slip_details": [
                {"id": "1", "id_order_detail": str(detail["id"]), "product_quantity": str(pieces),
                 "amount_tax_excl": f"{net:.6f}", "amount_tax_incl": f"{gross:.6f}"}]},
        )  # fmt: skip

    def _move_stock(self, product_id: str, attribute: str, by: int) -> None:
        for row in self.rows["stock_availables"].values():
            if row["id_product"] == product_id and row["id_product_attribute"] in {"0", attribute}:
                row["quantity"] = str(int(row["quantity"]) + by)

    def stock_row(self, item_id: str) -> Row:
        product_id, _, attribute = item_id.partition(":")
        rows = self.rows["stock_availables"].values()
        wanted = (product_id, attribute or "0")
        return next(row for row in rows if (row["id_product"], row["id_product_attribute"]) == wanted)

    def _seed(self, zone: str, languages: int) -> None:
        self._seed_tables(zone, languages)
        self._seed_records()

    def _seed_tables(self, zone: str, languages: int) -> None:
        settings = {"PS_TIMEZONE": zone, "PS_LANG_DEFAULT": "1", "PS_CURRENCY_DEFAULT": "1", "PS_HOME_CATEGORY": "2",
                    "PS_OS_CANCELED": "6", "PS_OS_REFUND": "7", "PS_OS_ERROR": "8", "PS_OS_DELIVERED": "5",
                    "PS_OS_SHIPPING": "4", "PS_MAIL_PASSWD": "mail-secret"}  # fmt: skip
        for name, value in settings.items():
            self.put("configurations", name=name, value=value, id_shop="", id_shop_group="")
        for code in ("en", "fr")[:languages]:
            self.put("languages", iso_code=code, active="1", name=code)
        for code, rate in (("EUR", "1.000000"), ("JPY", "160.000000"), ("KWD", "0.330000")):
            self.put("currencies", iso_code=code, conversion_rate=rate, name=code)
        for tax in ("20.000", "5.000"):
            self.put("taxes", rate=tax, active="1", name={"1": f"VAT {tax}"})
        for carrier in ("Click and collect", "Parcel Co"):
            self.put("carriers", name=carrier, active="1")
        self.put("countries", id=17, iso_code="GB", name={"1": "United Kingdom"})
        self.put("countries", id=21, iso_code="US", name={"1": "United States"})
        self.put("states", id=3, iso_code="AP", name="AP", id_country="21")
        for number, (name, marks) in enumerate(STATES, 1):
            flags = {mark: str(int(mark in marks)) for mark in ("logable", "paid", "shipped", "delivery", "invoice")}
            template = {6: "order_canceled", 7: "refund", 8: "payment_error"}.get(number, "")
            self.put("order_states", id=number, name={"1": name, "2": name}, template={"1": template}, deleted="0",
                     module_name="ps_wirepayment" if number in (1, 10) else "", **flags)  # fmt: skip
        for group in ("Visitor", "Guest", "Customer"):
            self.put("groups", name={"1": group, "2": group})
        for value in ("S", "M", "L", "Blue"):
            self.put("product_option_values", name={"1": value, "2": value}, id_attribute_group="1")

    def _seed_records(self) -> None:
        self.moment -= timedelta(days=30)
        for number in range(1, 19):
            self.product(f"Mug {number} & co", f"REF-{number:04d}", f"{number}.500000", 500)
        for number in range(19, 23):
            code = f"REF-{number:04d}"
            sizes = (f"{code}-S", "0.000000", 100), (f"{code}-M", "2.500000", 200)
            self.product(f"Shirt {number}", code, "20.000000", 300, *sizes)
        self.customer("Anonymous", "Anonymous", "anonymous@psgdpr.com")
        for number in range(1, 12):
            self.customer(
                f"Quinn{'abcdefghijk'[number - 1]}", "Müller", f"buyer{number:03d}@example.test", number % 4 == 0
            )
        for number in range(34):
            self.pass_time(3 * 3600)
            self.order(
                (f"{1 + number % 18}", 1 + number % 3, "12.345678" if number % 5 else "4.166667", "20"),
                (f"{19 + number % 4}:{1 + 2 * (number % 4)}", 2, "20", "5" if number % 2 else "20"),
                state=str((2, 3, 4, 5, 1, 10, 6, 7, 8, 2)[number % 10]),
                currency={3: "2", 7: "3"}.get(number, "1"),
                discount=("4.169006", "5.000000") if number in (5, 11) else None,
                off_by="0.01" if number == 9 else "0",
            )
        self.pass_time(3 * 3600)
        for number in (1, 2):
            rows = [{"id_product": "3", "id_product_attribute": "0", "quantity": "2"},
                    {"id_product": "19", "id_product_attribute": "2", "quantity": "1"}]  # fmt: skip
            self.put("carts", id_customer=str(number + 1), id_currency="1", secure_key=SECURE_KEY,
                     date_add=self.local(), date_upd=self.local(), associations={"cart_rows": rows})  # fmt: skip
        self.put("carts", id_customer="0", id_currency="1", secure_key=SECURE_KEY, date_add=self.local(),
                 date_upd=self.local())  # fmt: skip
        self.moment = max(self.moment, START)

    # --- the web service

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.requests.append((method, target, body))
            if self.on_request:
                self.on_request()
            parts = urlsplit(target)
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            path = parts.path.removeprefix("/shop")
            head = {"X-Powered-By": "PrestaShop Webservice", "PSWS-Version": self.version,
                    "Access-Time": str(int((self.moment + self.shown_offset).timestamp()))}  # fmt: skip
            if "redirect" in self.faults:
                return 302, {"Location": "https://www.main-domain.example/?url=orders%2F1"}, b""
            if not path.startswith("/api/"):
                return 404, {"Content-Type": "text/html"}, b"<html>Not found</html>"
            if (refused := self._refused_key(headers, params)) is not None:
                return refused
            as_json = params.get("output_format") == "JSON"
            noise: list[tuple[int, str]] = []
            try:
                resource, _, row_id = path.removeprefix("/api/").strip("/").partition("/")
                status, data, node = self._carry_out(method, resource, row_id, params, body, noise)
            except Refused as error:
                codes = [(error.code, error.message)]
                return error.status, self._typed(head, as_json), render_errors(codes, as_json)
            if "json_breaks" in self.faults and as_json:
                said = "[PHP Warning #2] count(): Parameter must be an array (/classes/WebserviceOutputJSON.php)"
                return 500, self._typed(head, as_json), render_errors([(3, said)], as_json)
            if "warnings" in self.faults and data:
                noise.append((3, "[PHP Warning #2] Undefined array key (/var/www/shop/modules/x/x.php, line 8)"))
            if data is None:
                return status, head, b""
            if noise:
                # The JSON writer keeps what it has; in XML the complaints take the data's place.
                body = (
                    render_json({**data, "errors": [{"code": c, "message": m} for c, m in noise]})
                    if as_json and isinstance(data, dict)
                    else render_errors(noise, as_json)
                )
                return 500, self._typed(head, as_json), body
            return status, self._typed(head, as_json), render_json(data) if as_json else render_xml(data, node)

    def _typed(self, head: dict[str, str], as_json: bool) -> dict[str, str]:
        return {**head, "Content-Type": "application/json" if as_json else "text/xml;charset=utf-8"}

    def _refused_key(self, headers: Mapping[str, str], params: Row) -> tuple[int, dict[str, str], bytes] | None:
        given = params.get("ws_key")
        authorization = headers.get("Authorization", "")
        if "no_authorization" not in self.faults and authorization.startswith("Basic "):
            given = base64.b64decode(authorization[6:]).decode().partition(":")[0]
        if given is None:
            return 401, {"Content-Type": "text/html; charset=utf-8"}, b"401 Unauthorized"
        xml = {"Content-Type": "text/xml;charset=utf-8", "PSWS-Version": "0"}
        if "disabled" in self.faults:
            return 503, xml, render_errors([(22, "The PrestaShop webservice is disabled. Please activate it")], False)
        if len(given) != 32:
            return 401, xml, render_errors([(18, "Invalid authentication key format")], False)
        if given != KEY:
            told = [(20, "Authentification key is not active"), (21, "No permission for this authentication key")]
            return 401, xml, render_errors(told, False)
        return None

    def _carry_out(
        self, method: str, resource: str, row_id: str, params: Row, body: bytes, noise: list[tuple[int, str]]
    ) -> Answer:
        if not resource:
            if params.get("output_format") == "JSON":
                return 500, None, ""
            return 200, {"index": self._rights()}, ""
        if resource not in NODES or not self._has(resource):
            raise Refused(400, 27, f'Resource of type "{resource}" does not exists.')
        if ("GET", resource) in self.denied and method == "GET":
            raise Refused(401, 26, f'Resource of type "{resource}" is not allowed with this authentication key')
        if method == "PATCH" and int(self.version.partition(".")[0]) < 8:
            raise Refused(405, 23, "Method PATCH is not valid")
        if (method, resource) in self.denied or (method == "PATCH" and "no_patch_right" in self.faults):
            raise Refused(405, 25, f"Method {method} is not allowed for the resource {resource} with this key")
        if method == "POST" and resource == "stock_availables":
            raise Refused(405, 101, "Method POST is not allowed for the resource stock_availables")
        if method == "GET":
            return self._list(resource, row_id, params, noise)
        if method == "PATCH" and "patch_is_get" in self.faults:
            return self._list(resource, row_id, params, noise)
        if "refuse_writes" in self.faults:
            raise Refused(500, 2, "[PHP Error #1] Allowed memory size exhausted")
        return self._save(method, resource, row_id, params, body, noise)

    def _has(self, resource: str) -> bool:
        """Vouchers of orders have a list since 1.7.8."""
        return resource != "order_cart_rules" or tuple(map(int, self.version.split(".")[:3])) >= (1, 7, 8)

    def _rights(self) -> Row:
        def of(resource: str) -> Row:
            methods = ["get", "put", "post", "delete", "head", *(["patch"] if self.version >= "8" else [])]
            return {one: (one.upper(), resource) not in self.denied for one in methods}

        return {resource: of(resource) for resource in NODES if self._has(resource)}

    # --- reading

    def _list(self, resource: str, row_id: str, params: Row, noise: list[tuple[int, str]]) -> Answer:
        if row_id:
            row = self.rows[resource].get(int(row_id))
            if row is None:
                return 404, None, ""
            shown = {k: v for k, v in self._shown(resource, row, "full", params).items() if v not in ("", "0", [])}
            return 200, {NODES[resource]: shown}, NODES[resource]
        rows = list(self.rows[resource].values())
        for name, value in params.items():
            if (match := re.fullmatch(r"filter\[(\w+)\]", name)) is not None and "ignore_dates" not in self.faults:
                self._ensure_field(resource, match[1], params, 32, "This filter does not exist")
                rows = [row for row in rows if passes(row.get(match[1], ""), value)]
        rows = self._sorted(resource, rows, params)
        if limit := params.get("limit"):
            offset, _, count = limit.rpartition(",")
            rows = rows[int(offset or 0) :][: int(count)]
        display = params.get("display", "minimum")
        if display != "minimum" and any((resource, row["id"]) in self.spoilt for row in rows):
            raise Refused(500, 3, "[PHP Warning #2] Undefined array key (/var/www/shop/modules/y/y.php, line 3)")
        if resource == "products" and display == "full" and self.version < "8" and rows:
            noise.append(
                (5, "[PHP Notice #8] Trying to access array offset on value of type bool (Product.php, line 1)")
            )
        if resource == "carts" and display != "minimum":
            self._complete_carts(rows)
        shown = [self._shown(resource, row, display, params) for row in rows]
        as_json = params.get("output_format") == "JSON"
        name = LISTS.get(resource, resource)
        return 200, [] if as_json and not shown else {name: shown}, NODES[resource]

    def _complete_carts(self, rows: list[Row]) -> None:
        """Cart::__construct: one of a customer that has no key yet gets the customer's and is saved, by being read."""
        for row in rows:
            if not row.get("secure_key") and row["id_customer"] != "0":
                row["secure_key"] = SECURE_KEY
                self.touch(row)

    def _sorted(self, resource: str, rows: list[Row], params: Row) -> list[Row]:
        if "sort" not in params:
            return sorted(rows, key=lambda row: (int(row["id"]) * 7919) % 1009)  # any order but that of the ids
        for entry in reversed(params["sort"].strip("[]").split(",")):
            field, _, way = entry.rpartition("_")
            self._ensure_field(resource, field, params, 38, "Unable to filter by this field")
            rows = sorted(
                rows, key=lambda row, f=field: int(row[f]) if f == "id" else str(row.get(f, "")), reverse=way == "DESC"
            )  # type: ignore[misc]
        return rows

    def _ensure_field(self, resource: str, field: str, params: Row, code: int, problem: str) -> None:
        known = {name for row in self.rows[resource].values() for name in row} | {"id"}
        dated = field in ("date_add", "date_upd")
        if (self.rows[resource] and field not in known and not dated) or (dated and params.get("date") != "1"):
            raise Refused(500, code, f'{problem}. The full list is: "{", ".join(sorted(known))}"')

    def _shown(self, resource: str, row: Row, display: str, params: Row) -> Row:
        if display == "minimum":
            return {"id": row["id"]}
        fields = None if display == "full" else display.strip("[]").split(",")
        known = {name for one in self.rows[resource].values() for name in one}
        if fields and (wrong := [one for one in fields if one not in known]):
            raise Refused(500, 35, f'Unable to display this field "{wrong[0]}".')
        shown: Row = {}
        for name in fields or row:
            value = row.get(name)
            if isinstance(value, dict) and name != "associations":
                languages = (
                    [params["language"]] if "language" in params else [str(one) for one in self.rows["languages"]]
                )
                values = [{"id": one, "value": value.get(one, "")} for one in languages]
                shown[name] = values[0]["value"] if len(values) == 1 else values
            elif name != "associations" or any(value.values()):
                shown[name] = value
        return shown

    # --- writing

    def _save(
        self, method: str, resource: str, row_id: str, params: Row, body: bytes, noise: list[tuple[int, str]]
    ) -> Answer:
        try:
            entity = fromstring(body)[0]
        except Exception:  # noqa: BLE001  (whatever is wrong with it, the shop says the same)
            raise Refused(500, 127, "XML error : String could not be parsed as XML") from None
        sent = {field.tag: read_field(field) for field in entity}
        if method == "POST":
            if sent.get("id"):
                raise Refused(400, 91, "id is forbidden when adding a new resource")
            row: Row = json.loads(json.dumps(DEFAULTS.get(resource, {})))
        else:
            if str(sent.get("id", "")) != row_id or int(row_id) not in self.rows[resource]:
                raise Refused(404, 92, "Invalid ID")
            row = json.loads(json.dumps(self.rows[resource][int(row_id)]))
        self._apply(method, resource, row, sent)
        row |= {name: change(row[name]) for name, change in self.altered.items() if isinstance(row.get(name), str)}
        self._validate(resource, row)
        saved = self.put(resource, **row)
        if method == "POST":
            saved["date_add"] = self.local()
        if resource not in ("stock_availables", "combinations", "order_carriers", "order_histories"):
            self.touch(saved)
        if resource == "order_histories":
            self._change_state(saved)
        if resource == "order_carriers" and "sendemail" in params:
            self.mails.append(f"in_transit {saved['id_order']}")
        if resource == "products" and method == "POST":
            self.put("stock_availables", id_product=str(saved["id"]), id_product_attribute="0", id_shop="1",
                     id_shop_group="0", quantity="0", depends_on_stock="0", out_of_stock="2", location="")  # fmt: skip
        if resource == "products" and self.version < "8":
            noise.append(
                (5, "[PHP Notice #8] Trying to access array offset on value of type bool (Product.php, line 1)")
            )
        return (
            201 if method == "POST" else 200,
            {NODES[resource]: self._shown(resource, saved, "full", {})},
            NODES[resource],
        )

    def _change_state(self, history: Row) -> None:
        """OrderHistory::changeIdOrderState: a state marked as paid books what the invoice lacks; one that is made by it
        lacks all, whatever was paid before."""
        order = self.rows["orders"][int(history["id_order"])]
        state = self.rows["order_states"][int(history["id_order_state"])]
        details = [row for row in self.rows["order_details"].values() if row["id_order"] == str(order["id"])]
        invoiced = any(row["id_order_invoice"] != "0" for row in details)
        rest = Decimal(order["total_paid"]) - (Decimal(order["total_paid_real"]) if invoiced else 0)
        if state["invoice"] == "1":
            for row in details:
                row["id_order_invoice"] = str(order["id"])
        if state["paid"] == "1" and rest > 0 and (invoiced or state["invoice"] == "1"):
            order["total_paid_real"] = f"{Decimal(order['total_paid_real']) + rest:.6f}"
            self.put("order_payments", order_reference=order["reference"], id_currency=order["id_currency"],
                     amount=f"{rest:.6f}", payment_method="Wire payment", transaction_id="", date_add=self.local(),
                     card_number="")  # fmt: skip
        order["current_state"], order["valid"] = str(state["id"]), state["logable"]
        self.touch(order)

    def _apply(self, method: str, resource: str, row: Row, sent: Row) -> None:
        fields = [name for name in {**DEFAULTS.get(resource, {}), **row, **sent} if name not in ("id", "associations")]
        for name in fields:
            if name not in sent:
                if method == "PATCH":
                    continue
                if name in REQUIRED.get(resource, ()):
                    raise Refused(400, 41, f'parameter "{name}" required')
                if method == "PUT" and not (resource == "products" and name in DYNAMIC):
                    row[name] = {} if name in BY_LANGUAGE and resource == "products" else ""  # a PUT empties it
            elif resource == "products" and name in ("manufacturer_name", "quantity"):
                raise Refused(400, 93, f'parameter "{name}" not writable. Please remove this attribute of this XML')
            elif resource == "products" and name == "position_in_category" and not int(sent[name] or 0):
                raise Refused(400, 134, "You cannot set 0 or a negative position, the minimum is 1.")
            elif resource == "customers" and name == "passwd":
                row[name] = sent[name] if sent[name] == row.get("passwd") else "$2y$10$hash-of-what-was-sent"
            elif isinstance(sent[name], dict):  # languages that are not named are emptied, by a PATCH as well
                row[name] = {**self.translated(""), **sent[name]}
            elif resource == "combinations" and name == "reference":
                row[name] = re.sub(r"<[^>]*>?", "", sent[name])  # what was sent is answered, this is saved
            else:
                row[name] = sent[name]

    def _validate(self, resource: str, row: Row) -> None:
        if resource == "order_carriers" and not re.fullmatch(
            r"[~:#,%&_=()\[\]. +\-@/a-zA-Z0-9?]{0,64}", row["tracking_number"]
        ):
            raise Refused(400, 85, 'Validation error: "Property OrderCarrier-&gt;tracking_number is not valid"')
        if resource == "order_histories" and (
            not str(row["id_order_state"]).isdigit() or int(row["id_order_state"]) not in self.rows["order_states"]
        ):
            raise Refused(500, 2, "Invalid new order status")
        for name in ("quantity",) if resource == "stock_availables" else ():
            if not re.fullmatch(r"-?\d+", str(row[name])):
                raise Refused(400, 85, f'Validation error: "Property StockAvailable-&gt;{name} is not valid"')
        if resource == "products":
            if not isinstance(row["name"], dict) or not any(row["name"].values()):
                raise Refused(500, 3, "[PHP Warning #2] foreach() argument must be of type array|object, string given")
            if any(sign in text for text in row["name"].values() for sign in "<>;=#{}"):
                raise Refused(400, 84, 'Validation error: "Property Product-&gt;name is not valid"')
