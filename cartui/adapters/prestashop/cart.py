"""The adapter: rows of several lists become records; everything else is decided by its neighbours."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from cartui.adapters.prestashop.diagnosis import Diagnosis
from cartui.adapters.prestashop.errors import CORRECT, DoubtfulError
from cartui.adapters.prestashop.facts import FACTS, MARKER, OPTIONS
from cartui.adapters.prestashop.parse import (
    amount_of,
    is_id,
    split_item_id,
)
from cartui.adapters.prestashop.reading import Reader, Rows, by_id, grouped, values_of
from cartui.adapters.prestashop.render import (
    Fields,
    Value,
    render_address,
    render_combination_changes,
    render_customer,
    render_customer_changes,
    render_item,
    render_key,
    render_product_changes,
)
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId
from cartui.domain.money import AmountError, parse_amount
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
    WriteState,
)
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError, Waiter

R = TypeVar("R")

_STOCK_AT_ONCE: Final = 20  # compared with one read: no number is older than that many writes


class PrestaShop:
    """One shop. `waiter` is the transport's clock and way to wait; None: the real ones. Errors: see `ports.Cart`."""

    def __init__(self, connection: Connection, waiter: Waiter | None = None) -> None:
        self._connection = connection
        self._options = connection.options
        self.session = Session(connection, waiter)
        self.reader = Reader(self.session, connection.options.get("shop_id", ""))

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
        return self._changed("orders", since, "order_slip", "id_order", self.reader.orders)

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return Page(tuple(self.reader.orders(self.session.rows_where("orders", "id", filter(is_id, ids)))))

    # --- customers

    def iter_customers(self, since: datetime | None) -> Iterator[Page[CartCustomer]]:
        """By date_upd; those whose addresses changed besides."""
        return self._changed("customers", since, "addresses", "id_customer", self.reader.customers)

    def get_customers(self, ids: Sequence[CartCustomerId]) -> Page[CartCustomer]:
        return Page(tuple(self.reader.customers(self.session.rows_where("customers", "id", filter(is_id, ids)))))

    # --- items

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """By id, for a product's date differs from shop to shop of one PrestaShop. What is proven is so at the end."""
        session = self.session
        filters = [] if since is None else [("filter[date_upd]", f">[{session.clock.bound(since)}]")]
        begun: datetime | None = None
        for rows in session.pages_by_id("products", [*filters, ("date", "1")], "", FACTS.page_size, patient=True):
            begun = begun or session.shop_now
            received = [self._within(one, since) for one in self.reader.items(rows)]
            last = len(rows) < FACTS.page_size
            kept = [one for one in received if since is None or not self._is_early(one, since)]
            yield Page(tuple(kept), None, begun if last else None)

    def _within(self, row: Received[CartItem], since: datetime | None) -> Received[CartItem]:
        """With several shops the filter goes by the product's own date, and the shop's copy of it is what is shown."""
        if since is None or row.stamp is None or not self._options.get("shop_id") or row.stamp >= since:
            return row
        return replace(row, stamp=since)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        wanted = {str(one) for one in ids}
        products = [split[0] for one in ids if (split := split_item_id(one))]
        rows = self.reader.items(self.session.rows_where("products", "id", products))
        return Page(tuple(row for row in rows if row.external_id in wanted))

    # --- baskets

    def iter_baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """Carts that hold something and did not become an order."""
        return self._changed("carts", since, "", "", self.reader.baskets)

    # --- reading alike

    def _changed(
        self,
        resource: str,
        since: datetime | None,
        beside: str,
        key: str,
        read: Callable[[Rows], list[Received[R]]],
    ) -> Iterator[Page[R]]:
        """A list by date. `beside` is a list whose changes do not move the date: its records' owners come first, with
        the stamp of what changed. What changes while one pages comes again next time, so it is given once."""
        session = self.session
        after = None if since is None else session.clock.bound(since)
        given: set[str] = set()
        begun: datetime | None = None
        if since is not None and beside:
            stamps = self._beside(beside, key, after, since)
            begun = session.shop_now
            rows = session.rows_where(resource, "id", stamps)
            received = [replace(one, stamp=stamps[one.external_id]) for one in read(rows) if one.external_id in stamps]
            given |= {one.external_id for one in received}
            if received:
                yield Page(tuple(received))
        for page in session.pages_by_date(resource, after):
            begun = begun or session.shop_now
            fresh = [row for row in page if str(row.get("id", "")) not in given and not self._too_early(row, since)]
            given |= {str(row.get("id", "")) for row in fresh}
            is_last = len(page) < FACTS.page_size
            yield Page(tuple(read(fresh)), None, begun if is_last else self._mark(page, begun))

    def _beside(self, resource: str, key: str, after: str | None, since: datetime) -> dict[str, datetime]:
        """Owner -> stamp of its latest change in that list."""
        stamps: dict[str, datetime] = {}
        for rows in self.session.pages_by_date(resource, after):
            for row in rows:
                owner, moment = str(row.get(key, "")), self._moment(row)
                if is_id(owner) and moment is not None and moment >= since:
                    stamps[owner] = max(moment, stamps.get(owner, moment))
        return stamps

    def _moment(self, row: Row) -> datetime | None:
        try:
            return self.session.clock.latest(str(row.get("date_upd", "")), "date_upd")
        except UnreadableError:
            return None

    def _too_early(self, row: Row, since: datetime | None) -> bool:
        """One of the hour that is asked for besides. What is earlier than that must be seen: the filter was ignored."""
        if since is None:
            return False
        moment = self._moment(row)
        asked = str(row.get("date_upd", "")) > self.session.clock.bound(since)
        return moment is not None and moment < since and asked

    def _is_early(self, row: Received[CartItem], since: datetime) -> bool:
        if row.stamp is None or row.stamp >= since:
            return False
        return row.stamp >= self.session.clock.earliest(self.session.clock.bound(since), "")

    def _mark(self, rows: Rows, begun: datetime | None) -> datetime | None:
        try:
            mark = self.session.clock.earliest(str(rows[-1].get("date_upd", "")), "date_upd")
        except UnreadableError:
            return None
        return mark if begun is None else min(mark, begun)

    # --- writing items

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        session = self.session
        if made := session.all_rows("products", [(f"filter[{MARKER}]", render_key(draft.key))]):
            return _good(self.reader.items(made))
        wanted = draft.sku.strip().casefold()
        if not wanted:
            return []
        asked = [("filter[reference]", f"[{draft.sku}]" if "[" in draft.sku else draft.sku)]
        owners = values_of(session.all_rows("combinations", asked), "id_product")
        rows = [*session.all_rows("products", asked), *session.rows_where("products", "id", owners)]
        found = _good(self.reader.items(list(by_id(rows).values())))
        return [item for item in found if item.sku.strip().casefold() == wanted]

    def create_item(self, draft: ItemDraft) -> CartItemId:
        """A product; its stock is written afterwards, for PrestaShop makes the stock row itself."""
        session = self.session
        category = session.settings.get("PS_HOME_CATEGORY") or "2"
        fields = render_item(draft, session.languages, category, self._options.get("tax_rules_group", "").strip())
        label = draft.sku or draft.name
        made = self._made("products", fields, label, lambda: [one.item_id for one in self._marked(draft.key)])
        if draft.stock is not None:
            (result,) = self.set_stock([StockWrite(CartItemId(made), draft.stock)])
            if result.state is not WriteState.DONE:
                raise HoldRecordError(
                    label, f"It was made as {made}, but its stock was not set: {result.reason}", CORRECT
                )
        return CartItemId(made)

    def _marked(self, key: str) -> list[CartItem]:
        return _good(self.reader.items(self.session.all_rows("products", [(f"filter[{MARKER}]", render_key(key))])))

    def _made(self, resource: str, fields: Fields, label: str, find: Callable[[], Sequence[str]]) -> str:
        """Create; whatever the answer says, what was made is looked up before it is believed that nothing was."""
        said = "The shop's answer does not say what it made."
        try:
            if made := self.session.create(resource, fields, label):
                return made
        except DoubtfulError as error:
            said = error.said
        try:
            found = find()
        except AbortCycleError as error:
            raise UnknownOutcomeError(
                f"{said} {error.problem}", "It is looked up before anything is sent again."
            ) from None
        if not found:
            raise HoldRecordError(label, f"The shop did not make it: {said or 'status 500'}", CORRECT)
        return found[0]

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        product_id, attribute = split_item_id(item_id) or ("", "0")
        products = self.session.rows_where("products", "id", [product_id])
        if not products:
            raise _missing(item_id)
        if attribute == "0":
            self._change("products", product_id, render_product_changes(changes, self.session.language or "1"), item_id)
            return
        if not any(row.external_id == item_id for row in self.reader.items(products)):
            raise _missing(item_id)
        fields = render_combination_changes(item_id, changes, amount_of(products[0], "price"))
        self._change("combinations", attribute, fields, item_id)

    def _change(self, resource: str, record_id: str, fields: Fields, label: str) -> None:
        """HTTP 500 may have saved it all the same: then the record is read and compared."""
        if not fields:
            return
        try:
            self.session.change(resource, record_id, fields, label)
        except DoubtfulError as error:
            rows = self.session.whole_rows(resource, "id", f"[{record_id}]")
            if not rows or not all(_holds(rows[0].get(name), value) for name, value in fields.items()):
                raise HoldRecordError(
                    label, f"The shop did not take it: {error.said or 'status 500'}", CORRECT
                ) from None

    # --- writing stock

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        results: list[StockResult] = []
        for start in range(0, len(writes), _STOCK_AT_ONCE):
            batch = writes[start : start + _STOCK_AT_ONCE]
            products = [split[0] for write in batch if (split := split_item_id(write.item_id))]
            rows = [row for one in dict.fromkeys(products) for row in self._whole_stock(one)]
            results += [self._set_stock(write, grouped(rows, "id_product")) for write in batch]
        return results

    def _whole_stock(self, product_id: str) -> list[Row]:
        return self.session.whole_rows("stock_availables", "id_product", f"[{product_id}]")

    def _set_stock(self, write: StockWrite, rows: Mapping[str, Rows]) -> StockResult:
        product_id, attribute = split_item_id(write.item_id) or ("", "0")
        own = rows.get(product_id, ())
        row = self.reader.stock_row(own, attribute)
        if row is None:
            return _refused(write, "The shop has no such item, or no stock of it.")
        if not self.session.counts_stock:
            return _refused(write, "The shop's stock management is switched off.")
        if attribute == "0" and any(str(one.get("id_product_attribute") or "0") != "0" for one in own):
            return _refused(write, "It has combinations: their stocks are set, the product's is their sum.")
        same = [one for one in own if one.get("id_product_attribute") == row.get("id_product_attribute")]
        if len(same) > 1 and row.get("id_shop") != self._options.get("shop_id"):
            return _refused(write, "It has a stock in each of several shops: set the option shop_id.")
        if write.quantity != write.quantity.to_integral_value():
            return _refused(write, "PrestaShop counts whole pieces only.")
        try:
            current = amount_of(row, "quantity")
        except UnreadableError as error:
            return _refused(write, f"The shop's stock can't be read: {error}.")
        if write.expected is not None and current != write.expected:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "The cart's stock has changed meanwhile.")
        return self._put_stock(write, row)

    def _put_stock(self, write: StockWrite, row: Row) -> StockResult:
        """The whole row, id_shop and all: a row that loses its shop is lost to the shop."""
        done = StockResult(write.item_id, WriteState.DONE, write.quantity)
        try:
            self.session.replace("stock_availables", row, {"quantity": f"{write.quantity:f}"}, write.item_id)
        except DoubtfulError as error:
            fresh = self.session.whole_rows("stock_availables", "id", f"[{row.get('id', '')}]")
            current = amount_of(fresh[0], "quantity") if fresh else None
            return done if current == write.quantity else replace(_refused(write, error.said), current=current)
        except UnknownOutcomeError as error:
            return StockResult(write.item_id, WriteState.UNKNOWN, reason=error.problem)
        except HoldRecordError as error:
            return _refused(write, str(error))
        return done

    # --- writing customers

    def find_customers(self, draft: CustomerDraft) -> Sequence[CartCustomer]:
        """Accounts by e-mail: that is what PrestaShop knows them by. Guests may have the same, and are not meant."""
        wanted = draft.email.strip().casefold()
        if not wanted or "[" in wanted:
            return []
        found = _good(
            self.reader.customers(self.session.all_rows("customers", [("filter[email]", draft.email.strip())]))
        )
        return [one for one in found if one.email.casefold() == wanted and not one.guest]

    def create_customer(self, draft: CustomerDraft) -> CartCustomerId:
        """An account, and its address where there is one; the country is checked first."""
        fields = render_customer(draft, secrets.token_urlsafe(24))
        country = self._country_id(draft)
        made = self._made(
            "customers", fields, draft.email, lambda: [one.customer_id for one in self.find_customers(draft)]
        )
        if draft.address is not None and country:
            place = render_address(draft, draft.address, made, country)
            self._made("addresses", place, draft.email, lambda: self._address_ids(made))
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
            raise _missing(customer_id)
        person, place = render_customer_changes(changes)
        addresses = self._address_ids(customer_id) if place else []
        if place and not addresses:
            raise HoldRecordError(
                customer_id, "In the shop it has no address, which is where phone and tax number stand.", CORRECT
            )
        self._change("customers", customer_id, person, customer_id)
        if addresses:
            self._change("addresses", addresses[0], place, customer_id)


# --- rows -------------------------------------------------------------------------------------------------------------


def _good(rows: Iterable[Received[R]]) -> list[R]:
    """The records found. One that can't be read is a refusal: it must not be made a second time."""
    found: list[R] = []
    for row in rows:
        if isinstance(row.record, BadRecord):
            raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
        found.append(row.record)
    return found


def _holds(found: object, wanted: Value) -> bool:
    """Whether a field has taken a value: numbers by value, names in the language that was written."""
    if isinstance(wanted, str):
        return found == wanted or _is_same_amount(str(found), wanted)
    rows = found if isinstance(found, list) else []
    texts = {str(one.get("id")): one.get("value") for one in rows if isinstance(one, dict)}
    return isinstance(wanted, Mapping) and all(texts.get(one, found) == text for one, text in wanted.items())


def _is_same_amount(one: str, other: str) -> bool:
    try:
        return parse_amount(one) == parse_amount(other)
    except AmountError:
        return False


def _refused(write: StockWrite, reason: str) -> StockResult:
    return StockResult(write.item_id, WriteState.REFUSED, reason=reason or "The shop failed (status 500).")


def _missing(record: str) -> NotFoundError:
    return NotFoundError(record, f"The shop has no {record[:40]}.", "List the shop's records again; it may be deleted.")


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
] = (PrestaShop,) * 9
