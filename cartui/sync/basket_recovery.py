"""Find one basket in the cart, and what became of one whose order was being placed when a run died."""

from __future__ import annotations

from dataclasses import replace

from cartui.books import BrokenInvariantError, Lease
from cartui.domain.baskets import BasketStep
from cartui.domain.ids import CartBasketId
from cartui.domain.ledger import JournalEntry, JournalState
from cartui.domain.ports import BasketReader, BasketSource, Cart, Received
from cartui.domain.records import BasketStatus, CartBasket
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.sync.workspace import Workspace


def find_basket(cart: Cart, basket_id: str) -> Received[CartBasket] | None:
    """A basket by its id; None where the cart has it no more."""
    if isinstance(cart, BasketReader):
        return next(iter(cart.get_baskets([CartBasketId(basket_id)]).rows), None)
    if not isinstance(cart, BasketSource):
        raise NeedsOperatorError("This kind of cart shows no baskets.", "See its page in the documentation.")
    pages = checked_pages(cart.iter_baskets(None), None, "baskets")
    return next((row for page in pages for row in page.rows if row.external_id == basket_id), None)


def recover_basket(ws: Workspace, document: CartDocument, cart: Cart, lease: Lease, entry: JournalEntry) -> None:
    """Ask the cart what became of a basket whose order was being placed when the run died. A basket that is purchased,
    or not there any more, was placed."""
    if entry.entry_id is None:
        raise BrokenInvariantError("A journal entry without its number.")
    row = find_basket(cart, entry.external_id)
    open_still = row is not None and isinstance(row.record, CartBasket) and row.record.status is BasketStatus.OPEN
    care = ws.books.baskets.get(document.cart_id, entry.external_id)
    with ws.books.transaction(lease=lease):
        state = JournalState.REFUSED if open_still else JournalState.DONE
        ws.books.journal.finish(entry.entry_id, state)
        if not open_still:
            placed = row.record.order_id if row is not None and isinstance(row.record, CartBasket) else None
            converted = replace(care, step=BasketStep.CONVERTED, order_id=placed)
            ws.books.baskets.put(document.cart_id, entry.external_id, converted, actor=entry.actor)
