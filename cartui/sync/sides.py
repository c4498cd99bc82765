"""Items and customers of a cart seen alike, so that exporting is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, cast

from cartui.domain.ids import CartCustomerId, CartItemId, CustomerId, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.merge import customer_values
from cartui.domain.money import parse_amount
from cartui.domain.plan_customers import customer_record
from cartui.domain.plan_items import cart_item_values, item_record
from cartui.domain.ports import BadRecord, Cart, CustomerReader, CustomerSink, ItemReader, ItemSink, Received
from cartui.domain.records import CartCustomer, CartItem, CustomerDraft, ItemDraft
from cartui.errors import NeedsOperatorError

Draft = ItemDraft | CustomerDraft


class Side(Protocol):
    """What exporting needs of one kind of record in the cart. Ids are the cart's, as text."""

    @property
    def kind(self) -> RecordKind: ...

    def read(self, ids: Sequence[str]) -> dict[str, Received[Any]]:
        """The records as they are now; those that are gone or can't be read are absent."""

    def find(self, draft: Draft) -> Sequence[str]:
        """Ids that the cart has under the draft's key, SKU or e-mail."""

    def create(self, draft: Draft) -> str: ...
    def update(self, external_id: str, values: Mapping[str, str]) -> None: ...
    def values(self, row: Received[Any]) -> Mapping[str, str]:
        """The fields that both sides can agree on."""

    def link(self, row: Received[Any], our_id: int, evidence: str) -> CartRecord: ...


class _ItemCart(Cart, ItemSink, ItemReader, Protocol): ...


class _CustomerCart(Cart, CustomerSink, CustomerReader, Protocol): ...


@dataclass(frozen=True, slots=True)
class ItemSide:
    cart: _ItemCart
    kind: RecordKind = RecordKind.ITEM

    def read(self, ids: Sequence[str]) -> dict[str, Received[Any]]:
        return read_items(self.cart, ids)

    def find(self, draft: Draft) -> Sequence[str]:
        return [item.item_id for item in self.cart.find_items(cast(ItemDraft, draft))]

    def create(self, draft: Draft) -> str:
        return self.cart.create_item(cast(ItemDraft, draft))

    def update(self, external_id: str, values: Mapping[str, str]) -> None:
        typed: dict[str, str | Decimal] = dict(values)
        if "price" in values:
            typed["price"] = parse_amount(values["price"])
        self.cart.update_item(CartItemId(external_id), typed)

    def values(self, row: Received[Any]) -> Mapping[str, str]:
        return cart_item_values(cast(CartItem, row.record))

    def link(self, row: Received[Any], our_id: int, evidence: str) -> CartRecord:
        return item_record(row, cast(CartItem, row.record), ItemId(our_id), evidence)


@dataclass(frozen=True, slots=True)
class CustomerSide:
    cart: _CustomerCart
    kind: RecordKind = RecordKind.CUSTOMER

    def read(self, ids: Sequence[str]) -> dict[str, Received[Any]]:
        rows: dict[str, Received[Any]] = {}
        for batch in batches(ids, self.cart.facts.page_size):
            page = self.cart.get_customers([CartCustomerId(one) for one in batch])
            rows |= {row.external_id: row for row in page.rows if not isinstance(row.record, BadRecord)}
        return rows

    def find(self, draft: Draft) -> Sequence[str]:
        return [one.customer_id for one in self.cart.find_customers(cast(CustomerDraft, draft))]

    def create(self, draft: Draft) -> str:
        return self.cart.create_customer(cast(CustomerDraft, draft))

    def update(self, external_id: str, values: Mapping[str, str]) -> None:
        self.cart.update_customer(CartCustomerId(external_id), values)

    def values(self, row: Received[Any]) -> Mapping[str, str]:
        return customer_values(cast(CartCustomer, row.record))

    def link(self, row: Received[Any], our_id: int, evidence: str) -> CartRecord:
        return customer_record(row, cast(CartCustomer, row.record), CustomerId(our_id), evidence)


def side_of(cart: Cart, kind: RecordKind) -> Side:
    """The side for a kind; `NeedsOperatorError` where the cart can't take records of this kind."""
    if kind is RecordKind.ITEM and isinstance(cart, ItemSink) and isinstance(cart, ItemReader):
        return ItemSide(cast(_ItemCart, cart))
    if kind is RecordKind.CUSTOMER and isinstance(cart, CustomerSink) and isinstance(cart, CustomerReader):
        return CustomerSide(cast(_CustomerCart, cart))
    raise NeedsOperatorError(
        f"This kind of cart can't take {kind}s from outside.", f"Enter the {kind}s in the shop itself, then link them."
    )


def read_items(cart: Cart, ids: Sequence[str]) -> dict[str, Received[Any]]:
    """Items of the cart as they are now; those that are gone or can't be read are absent."""
    if not isinstance(cart, ItemReader):
        raise NeedsOperatorError(
            "This kind of cart can't read single items, so nothing can be compared before it is written.",
            "Switch off what is sent to it.",
        )
    rows: dict[str, Received[Any]] = {}
    for batch in batches(ids, cart.facts.page_size):
        page = cart.get_items([CartItemId(one) for one in batch])
        rows |= {row.external_id: row for row in page.rows if not isinstance(row.record, BadRecord)}
    return rows


def batches(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    """The ids in groups of at most `size`."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
