"""Records of a cart read for a person: by id where the cart can be asked so, else picked out of its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cartui.domain.ids import CartCustomerId, CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    BasketSource,
    Cart,
    CustomerReader,
    CustomerSource,
    ItemReader,
    OrderReader,
    Page,
    Received,
)
from cartui.domain.remedies import CART
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError, Remedy
from cartui.sync.carts import ensure_tested
from cartui.sync.intake import checked_pages
from cartui.sync.sides import batches
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace

Rows = list[Received[Any]]


@contextmanager
def tested_cart(ws: Workspace, document: CartDocument) -> Iterator[Cart]:
    """The cart of a document whose connection was tested; closed on the way out."""
    ensure_tested(ws, document)
    cart = ws.open_cart(document)
    try:
        yield cart
    finally:
        cart.close()


def iter_kind(cart: Cart, kind: RecordKind) -> Iterator[Page[Any]]:
    """Everything the cart has of one kind, in checked pages."""
    if kind is RecordKind.ORDER:
        return checked_pages(cart.iter_orders(None), None, "orders")
    if kind is RecordKind.ITEM:
        return checked_pages(cart.iter_items(None), None, "items")
    if kind is RecordKind.CUSTOMER and isinstance(cart, CustomerSource):
        return checked_pages(cart.iter_customers(None), None, "customers")
    if kind is RecordKind.BASKET and isinstance(cart, BasketSource):
        return checked_pages(cart.iter_baskets(None), None, "baskets")
    raise NeedsOperatorError(f"This kind of cart can't list {kind}s.", "See its page in the documentation.")


def read_chosen(
    cart: Cart,
    kind: RecordKind,
    keys: Sequence[str] | None,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> Rows:
    """The chosen records as they are in the cart now: by id where the cart can, else picked out of the whole list."""
    wanted = None if keys is None else list(dict.fromkeys(keys))
    by_id = reader_of(cart, kind) if wanted is not None else None
    rows: Rows = []
    if by_id is not None and wanted is not None:
        for batch in batches(wanted, cart.facts.page_size):
            ensure_going(stop)
            rows += by_id(batch).rows
            progress(Progress(f"{kind}s", len(rows), len(wanted)))
    else:
        chosen = set(wanted) if wanted is not None else None
        for page in iter_kind(cart, kind):
            ensure_going(stop)
            rows += [row for row in page.rows if chosen is None or row.external_id in chosen]
            progress(Progress(f"{kind}s", len(rows), page.total if chosen is None else len(chosen)))
    found = {row.external_id: row for row in rows}  # a record that moved while paging came twice: the later one counts
    if wanted is not None and (missing := [key for key in wanted if key not in found]):
        raise NeedsOperatorError(
            f"The cart has no {kind} {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}.",
            Remedy(
                "List them again (l): they may have been deleted, or the id is not the cart's own.",
                f"Run `cartui list {CART} cart-{kind}s`: they may have been deleted, or the id is not the cart's own.",
            ),
        )
    return list(found.values())


def reader_of(cart: Cart, kind: RecordKind) -> Callable[[Sequence[str]], Page[Any]] | None:
    """How the cart is asked for records by their ids; None where it can't be."""
    if kind is RecordKind.ORDER and isinstance(cart, OrderReader):
        orders = cart
        return lambda ids: orders.get_orders([CartOrderId(one) for one in ids])
    if kind is RecordKind.ITEM and isinstance(cart, ItemReader):
        items = cart
        return lambda ids: items.get_items([CartItemId(one) for one in ids])
    if kind is RecordKind.CUSTOMER and isinstance(cart, CustomerReader):
        customers = cart
        return lambda ids: customers.get_customers([CartCustomerId(one) for one in ids])
    return None


def ensure_going(stop: Callable[[], bool]) -> None:
    """`StopRequested` where somebody asked for it."""
    if stop():
        raise StopRequested


def read_there(cart: Cart, kind: RecordKind, ids: list[str]) -> Rows:
    """Those of the ids that the cart still has."""
    by_id = reader_of(cart, kind)
    if by_id is not None:
        return [row for batch in batches(ids, cart.facts.page_size) for row in by_id(batch).rows]
    wanted = set(ids)
    return [row for page in iter_kind(cart, kind) for row in page.rows if row.external_id in wanted]
