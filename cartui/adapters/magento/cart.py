"""The adapter: thin I/O over the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cartui.adapters.magento.diagnosis import Diagnosis
from cartui.adapters.magento.facts import FACTS, OPTIONS
from cartui.adapters.magento.parse import (
    ORDER_STATES,
    parse_basket,
    parse_customer,
    parse_item,
    parse_order,
    parse_words,
    row_id,
)
from cartui.adapters.magento.render import (
    Where,
    render_customer,
    render_customer_changes,
    render_item,
    render_item_changes,
    render_number,
)
from cartui.adapters.magento.session import BASKETS, CUSTOMERS, ITEMS, ORDERS, SOURCE_ITEMS, MagentoSession
from cartui.adapters.magento.stock import MagentoStock
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.ports import (
    AdapterSpec,
    BadRecord,
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
    Page,
    Received,
    StageResult,
    StockMeaning,
    StockSink,
)
from cartui.domain.records import (
    CartBasket,
    CartCustomer,
    CartItem,
    CartOrder,
    CustomerDraft,
    ItemDraft,
    StockResult,
    StockWrite,
)
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.transport import NotFoundError, Waiter, segment

Row = Mapping[str, Any]

_NOT_SOLD: Final = ("configurable", "grouped")
_SELLABLE: Final = Where("type_id", "nin", ",".join(_NOT_SOLD))
_FILLED: Final = (Where("is_active", "eq", "1"), Where("items_count", "gt", "0"))


class MagentoCart:
    """The adapter; see the package's docstring. May be used from several threads. Errors: as `ports.Cart` says."""

    def __init__(self, session: MagentoSession) -> None:
        self._session = session
        self._stock = MagentoStock(session)

    @property
    def facts(self) -> CartFacts:
        return replace(FACTS, stock_meaning=StockMeaning.ON_HAND) if self._stock.on_hand else FACTS

    def close(self) -> None:
        self._session.close()

    def test_connection(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        return Diagnosis(self._session, self._stock).stages()

    # --- reading

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        words = self._words()
        yield from self._session.pages(ORDERS, since, lambda row: parse_order(row, words), self._of_stores())

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        words = self._words()
        return Page(tuple(parse_order(row, words) for row in self._session.by_ids(ORDERS, ids)))

    def _words(self) -> dict[str, str]:
        try:
            return parse_words(self._session.option("states"))
        except ValueError as error:
            problem = f"The cart's option Order words can't be read: {safe_text(str(error), 80)}."
            raise NeedsOperatorError(problem, f"Enter word=state; states: {', '.join(ORDER_STATES)}.") from None

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Active quotes with something in them; the others come without their lines."""
        yield from self._session.pages(BASKETS, since, parse_basket, (*_FILLED, *self._of_stores()))

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        yield from self._session.pages(CUSTOMERS, since, parse_customer, self._of_website())

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(map(parse_customer, self._session.by_ids(CUSTOMERS, ids))))

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """What is sold, each with the stock as it is now."""
        self._stock.forget()
        for chunk in self._session.walk(ITEMS, since, (_SELLABLE, *self._of_website())):
            yield Page(self._items(chunk.rows), chunk.total, chunk.mark)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        self._stock.forget()
        return Page(
            self._items([row for row in self._session.by_ids(ITEMS, ids) if row.get("type_id") not in _NOT_SOLD])
        )

    def _items(self, rows: Sequence[Row]) -> tuple[Received[CartItem], ...]:
        if not rows:
            return ()  # nothing new: neither stock nor currency needs to be asked for
        levels = self._stock.levels(rows)
        currency, barcode = self._session.terms().currency, self._session.option("barcode_attribute")
        return tuple(parse_item(row, currency, levels.get(row_id(row)), barcode) for row in rows)

    def _of_stores(self) -> list[Where]:
        """Orders and baskets belong to a store view."""
        if not self._session.option("website"):
            return []
        return [Where("store_id", "in", ",".join(self._session.terms().store_ids))]

    def _of_website(self) -> list[Where]:
        if not self._session.option("website"):
            return []
        return [Where("website_id", "eq", str(self._session.terms().website_id))]

    # --- writing items and stock

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        """By SKU, which Magento keeps unique; all that the shop's database takes for the same (case, accents, blanks at
        the end), as each of them would be overwritten by a create."""
        if not draft.sku.strip():
            return []
        rows, _, _ = self._session.page(ITEMS, [Where("sku", "eq", draft.sku)], size=100)
        if family := [row for row in rows if row.get("type_id") in _NOT_SOLD]:
            reason = f"The SKU is that of a {family[0]['type_id']} product of the shop, which is not sold itself."
            raise HoldRecordError(draft.sku, reason, "Give the item a SKU of its own, or link it to a variant.")
        self._stock.forget()
        return _whole(self._items(rows))

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """Looks once more right before: Magento's create overwrites an item with the same SKU without a word."""
        if self.find_items(draft):
            reason = "The shop has an item with this SKU already; nothing was written."
            raise HoldRecordError(draft.sku, reason, "Link the two, or give one of them another SKU.")
        sources, session = self._stock.look_up(), self._session
        body = render_item(
            draft,
            _whole_number(session.option("attribute_set") or "4", draft.sku),
            session.option("barcode_attribute"),
            session.terms().website_id,
            with_stock=not sources,
        )
        made = self._made(session.ask("POST", "rest/all/V1/products", body=body, root=True, **_creates(draft.sku)).json)
        if sources and draft.stock is not None:
            source = session.option("source_code") or "default"
            wire = {"sku": draft.sku, "source_code": source, "quantity": render_number(draft.stock)}
            wires = {"sourceItems": [wire | {"status": int(draft.stock > 0)}]}
            session.ask("POST", SOURCE_ITEMS.path, body=wires, **_creates(draft.sku))
        return CartItemId(made)

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        body = render_item_changes(item_id, changes, self._session.option("barcode_attribute"))
        if not body["product"]:
            return
        for row in self._session.by_ids(ITEMS, [item_id]):
            path = f"products/{segment(str(row.get('sku') or ''))}"
            self._session.ask("PUT", path, body=body, scoped=True, writes=True, record=item_id)
            return
        raise NotFoundError(item_id, f"The shop has no item {item_id}.", "List the items again.")

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        rows = {row_id(row): row for row in self._session.by_ids(ITEMS, [write.item_id for write in writes])}
        return self._stock.set_all(writes, rows)

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        if not draft.email.strip():
            return []
        where = [Where("email", "eq", draft.email), *self._of_website()]
        rows, _, _ = self._session.page(CUSTOMERS, where, size=100)
        return _whole(tuple(map(parse_customer, rows)))

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        body = render_customer(draft, self._session.terms().website_id)
        return CartCustomerId(
            self._made(self._session.ask("POST", "customers", body=body, **_creates(draft.email)).json)
        )

    def update_customer(self, customer_id: CartCustomerId, changes: Mapping[str, str]) -> None:
        path = f"customers/{segment(customer_id)}"
        stored = self._session.ask("GET", path, record=customer_id).json
        if not isinstance(stored, dict):
            raise NotFoundError(customer_id, f"The shop has no customer {customer_id}.", "List the customers again.")
        body = render_customer_changes(stored, changes, customer_id)
        self._session.ask("PUT", path, body=body, writes=True, record=customer_id)

    @staticmethod
    def _made(told: Any) -> str:
        made = told.get("id") if isinstance(told, dict) else None
        if not isinstance(made, int | str) or isinstance(made, bool) or not str(made).isdigit():
            raise UnknownOutcomeError(
                "The shop's answer does not say what it made.", "It is looked up before anything is sent again."
            )
        return str(made)


def _creates(record: str) -> dict[str, Any]:
    return {"writes": True, "idempotent": False, "record": record}


def _whole_number(text: str, record: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise HoldRecordError(record, "The cart's option Attribute set is not a number.", "Enter the id of the set.")


def _whole(rows: Sequence[Received[Any]]) -> list[Any]:
    """The records found. One that can't be read is a refusal: it must not be made a second time."""
    for row in rows:
        if isinstance(row.record, BadRecord):
            raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
    return [row.record for row in rows]


def open_magento(connection: Connection, waiter: Waiter | None = None) -> Cart:
    """Open the cart; nothing is sent before the first call."""
    return MagentoCart(MagentoSession(connection, waiter))


SPEC = AdapterSpec(
    cart_type="magento",
    title="Magento 2 / Adobe Commerce",
    cart_class=MagentoCart,
    open=open_magento,
    url_help="https://shop.example, as its visitors enter it",
    secret_title="Access token, or the administrator's password",  # noqa: S106 - a label
    options=OPTIONS,
)

_reader: tuple[
    type[Cart], type[OrderReader], type[ItemReader], type[CustomerReader], type[CustomerSource], type[BasketSource]
] = (MagentoCart,) * 6
_writer: tuple[type[ItemSink], type[CustomerSink], type[StockSink]] = (MagentoCart,) * 3
