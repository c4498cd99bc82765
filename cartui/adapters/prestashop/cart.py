"""The adapter: rows of several lists become records; everything else is decided by its neighbours."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from cartui.adapters.prestashop.admin import admin_page
from cartui.adapters.prestashop.changes import Changes, products_of
from cartui.adapters.prestashop.diagnosis import Diagnosis
from cartui.adapters.prestashop.errors import CORRECT
from cartui.adapters.prestashop.facts import FACTS, MARKER, OPTIONS
from cartui.adapters.prestashop.fields import amount_of, is_id
from cartui.adapters.prestashop.fulfilment import Fulfilment
from cartui.adapters.prestashop.parse import split_item_id
from cartui.adapters.prestashop.reading import Reader, by_id, values_of
from cartui.adapters.prestashop.render import (
    render_address,
    render_combination_changes,
    render_customer,
    render_customer_changes,
    render_filter,
    render_item,
    render_key,
    render_product_changes,
)
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.stock import StockDesk
from cartui.adapters.prestashop.writing import Writer, missing, readable
from cartui.domain.ids import CartBasketId, CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdapterSpec,
    AdminPages,
    BasketReader,
    BasketSource,
    Cart,
    CartFacts,
    Connection,
    CustomerReader,
    CustomerSink,
    CustomerSource,
    ItemReader,
    ItemSink,
    OrderReader,
    OrderStatusSink,
    Page,
    ShipmentSink,
    StageResult,
    StockSink,
)
from cartui.domain.records import (
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CartShipment,
    CustomerDraft,
    ItemDraft,
    NativeStatus,
    ShipmentDraft,
    StockResult,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError
from cartui.transport import Waiter


class PrestaShop:
    """One shop. `waiter` is the transport's clock and way to wait; None: the real ones. Errors: see `ports.Cart`."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._options = connection.options
        self.session = Session(connection, waiter)
        shop_id = connection.options.get("shop_id", "")
        self.reader = Reader(self.session, shop_id)
        self._changes = Changes(self.session, self.reader)
        self._writer = Writer(self.session)
        self._stock = StockDesk(self.session, self.reader, shop_id)
        self._fulfilment = Fulfilment(self.session, self._writer, connection.options.get("shipped_state", "").strip())

    @property
    def facts(self) -> CartFacts:
        """What holds for every shop; the time zone as entered, or once it was read."""
        return replace(FACTS, time_zone=self._options.get("time_zone") or self.session.known_time_zone)

    def close(self) -> None:
        self.session.close()

    def test_connection(self) -> Iterator[StageResult]:
        return Diagnosis(self.session, self._connection).run()

    # --- orders

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        """By date_upd; those with a credit slip of their own date before."""
        return self._changes.by_date("orders", since, self.reader.orders, ("order_slip", "id_order"))

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return Page(tuple(self.reader.orders(self.session.rows_where("orders", "id", filter(is_id, ids)))))

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        """Tracking numbers; the shop keeps neither our key nor the pieces."""
        return self._fulfilment.find(order_id)

    def create_shipment(self, draft: ShipmentDraft) -> str:
        """The order's tracking number (a further one in a row of its own), and its state where nothing is left."""
        return self._fulfilment.create(draft)

    def list_order_statuses(self) -> Sequence[NativeStatus]:
        return self._fulfilment.list_states()

    def set_order_status(self, order_id: CartOrderId, code: str) -> None:
        self._fulfilment.set_state(order_id, code)

    # --- customers

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        """By date_upd; those whose addresses changed besides."""
        return self._changes.by_date("customers", since, self.reader.customers, ("addresses", "id_customer"))

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(self.reader.customers(self.session.rows_where("customers", "id", filter(is_id, ids)))))

    # --- items

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """Changed products; since a moment also those sold, and some of the others in turn."""
        return self._changes.items(since)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        wanted = {str(one) for one in ids}
        rows = self.reader.items(self.session.rows_where("products", "id", products_of(ids)))
        return Page(tuple(row for row in rows if row.external_id in wanted))

    # --- baskets

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Carts that hold something and did not become an order."""
        return self._changes.baskets(since)

    def get_baskets(self, ids: Sequence[CartBasketId]) -> Page[CartBasket]:
        """Those that became an order, too."""
        return Page(tuple(self.reader.any_baskets(self.session.rows_where("carts", "id", filter(is_id, ids)))))

    # --- the back office

    def admin_url(self, kind: RecordKind, external_id: str) -> str:
        return admin_page(self._options.get("admin_url", "").strip(), kind, external_id)

    # --- writing items

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        session = self.session
        if made := session.all_rows("products", [(f"filter[{MARKER}]", render_key(draft.key))]):
            return readable(self.reader.items(made))
        wanted = draft.sku.strip().casefold()
        if not wanted:
            return []
        asked = [("filter[reference]", render_filter(draft.sku))]
        owners = values_of(session.all_rows("combinations", asked), "id_product")
        rows = [*session.all_rows("products", asked), *session.rows_where("products", "id", owners)]
        found = readable(self.reader.items(list(by_id(rows).values())))
        return [item for item in found if item.sku.strip().casefold() == wanted]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """A product; its stock is written afterwards, for PrestaShop makes the stock row itself."""
        session = self.session
        category = session.settings.get("PS_HOME_CATEGORY") or "2"
        fields = render_item(draft, session.languages, category, self._options.get("tax_rules_group", "").strip())
        label = draft.sku or draft.name
        made = self._writer.make("products", fields, label, lambda: [one.item_id for one in self._marked(draft.key)])
        if draft.stock is not None:
            (result,) = self.set_stock([StockWrite(CartItemId(made), draft.stock)])
            if result.state is not WriteState.DONE:
                raise HoldRecordError(
                    label, f"It was made as {made}, but its stock was not set: {result.reason}", CORRECT
                )
        return CartItemId(made)

    def _marked(self, key: str) -> list[CartItem]:
        return readable(self.reader.items(self.session.all_rows("products", [(f"filter[{MARKER}]", render_key(key))])))

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        product_id, attribute = split_item_id(item_id) or ("", "0")
        products = self.session.rows_where("products", "id", [product_id])
        if not products:
            raise missing(item_id)
        if attribute == "0":
            self._writer.change(
                "products", product_id, render_product_changes(changes, self.session.language or "1"), item_id
            )
            return
        if not any(row.external_id == item_id for row in self.reader.items(products)):
            raise missing(item_id)
        fields = render_combination_changes(item_id, changes, amount_of(products[0], "price"))
        self._writer.change("combinations", attribute, fields, item_id)

    # --- writing stock

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        return self._stock.set_stock(writes)

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """Accounts by e-mail: that is what PrestaShop knows them by. Guests may have the same, and are not meant."""
        wanted = draft.email.strip().casefold()
        if not wanted or "[" in wanted:
            return []
        found = readable(
            self.reader.customers(self.session.all_rows("customers", [("filter[email]", draft.email.strip())]))
        )
        return [one for one in found if one.email.casefold() == wanted and not one.guest]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        """An account, and its address where there is one; the country is checked first."""
        fields = render_customer(draft, secrets.token_urlsafe(24))
        country = self._country_id(draft)
        made = self._writer.make(
            "customers", fields, draft.email, lambda: [one.customer_id for one in self.find_customers(draft)]
        )
        if draft.address is not None and country:
            place = render_address(draft, draft.address, made, country)
            self._writer.make("addresses", place, draft.email, lambda: self._address_ids(made))
        return CartCustomerId(made)

    def _country_id(self, draft: CustomerDraft) -> str:
        if draft.address is None:
            return ""
        wanted = draft.address.country.strip().upper()
        for key, row in self.session.table("countries").items():
            if row.get("iso_code") == wanted:
                return key
        raise HoldRecordError(
            draft.email,
            f"The shop does not know the country {wanted[:20]!r}.",
            "Give the address a country (ISO code).",
        )

    def _address_ids(self, customer_id: str) -> list[str]:
        rows = self.session.rows_where("addresses", "id_customer", [customer_id])
        return [str(row.get("id", "")) for row in rows if row.get("deleted") != "1"]

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        """Phone and tax number stand in the first address."""
        if not self.get_customers([customer_id]).rows:
            raise missing(customer_id)
        person, place = render_customer_changes(changes)
        addresses = self._address_ids(customer_id) if place else []
        if place and not addresses:
            raise HoldRecordError(
                customer_id, "In the shop it has no address, which is where phone and tax number stand.", CORRECT
            )
        self._writer.change("customers", customer_id, person, customer_id)
        if addresses:
            self._writer.change("addresses", addresses[0], place, customer_id)


# --- what an entry point leads to, and the roles ----------------------------------------------------------------------


def open_prestashop(connection: Connection) -> Cart:
    """The shop of a connection; nothing is sent yet."""
    return PrestaShop(connection)


SPEC: Final = AdapterSpec(
    cart_type="prestashop",
    title="PrestaShop",
    cart_class=PrestaShop,
    open=open_prestashop,
    url_help="the shop's address as a browser shows it, such as https://www.example.com or https://www.example.com/shop",
    secret_title="Webservice key",  # noqa: S106  (a title)
    options=OPTIONS,
)

_: tuple[
    type[Cart],
    type[OrderReader],
    type[ItemReader],
    type[CustomerReader],
    type[CustomerSource],
    type[BasketSource],
    type[ItemSink],
    type[CustomerSink],
    type[StockSink],
    type[ShipmentSink],
    type[OrderStatusSink],
    type[BasketReader],
    type[AdminPages],
] = (PrestaShop,) * 13
