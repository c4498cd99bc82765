"""Baskets of a cart: read one afresh, note what was done about it, make it an order (S100-S112)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from cartui.books import Lease
from cartui.domain.baskets import BasketCare, BasketStep, NoteKind, why_not_converted
from cartui.domain.documents import Document
from cartui.domain.ids import CartBasketId, CartId, CartOrderId, Direction, DocumentId, RecordKind
from cartui.domain.ledger import JournalEntry, JournalState
from cartui.domain.plan import Action
from cartui.domain.plan_orders import plan_orders
from cartui.domain.ports import AdminPages, BadRecord, BasketConverter, Cart, Received
from cartui.domain.records import CartBasket, CartOrder, FulfilmentState, OrderState, PaymentState
from cartui.domain.remedies import list_again
from cartui.domain.settings import CartDocument
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError, joined
from cartui.sync.actions import Selection, cart_key, plan_import
from cartui.sync.apply import apply_plan
from cartui.sync.basket_recovery import find_basket
from cartui.sync.cart_reads import tested_cart
from cartui.sync.exports import recover_exports
from cartui.sync.ground import order_ground
from cartui.sync.imports import store_orders
from cartui.sync.leases import keep, leased
from cartui.sync.workspace import READ_ONLY, READ_ONLY_REMEDY, ProgressSink, Workspace, never_stop, no_progress

CONVERT = "convert"


@dataclass(frozen=True, slots=True)
class BasketView:
    """A basket as the cart holds it now, what people did about it, and the document it led to. `admin_url`: its page in
    the shop's back office, "" where there is none; `places`: the cart itself can make it an order."""

    basket: CartBasket
    raw: str
    care: BasketCare
    document: Document | None
    admin_url: str
    places: bool

    @property
    def why_not_converted(self) -> str | None:
        """See `domain.baskets.why_not_converted`."""
        return why_not_converted(self.basket, self.care)


def read_basket(ws: Workspace, name: str, basket_id: str) -> BasketView:
    """Read one basket from the cart (S112); `NeedsOperatorError` where it is gone or can't be read."""
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart:
        row, basket = _ensure_there(cart, basket_id)
        url = cart.admin_url(RecordKind.BASKET, basket_id) if isinstance(cart, AdminPages) else ""
        places = isinstance(cart, BasketConverter)
    care = ws.books.baskets.get(document.cart_id, basket_id)
    led_to = _document(ws, document.cart_id, care, basket)
    return BasketView(basket, row.raw.decode("utf-8", "replace"), care, led_to, url, places)


def _document(ws: Workspace, cart_id: CartId, care: BasketCare, basket: CartBasket) -> Document | None:
    found, order_id = care.document_id, care.order_id or basket.order_id
    if found is None and order_id is not None:
        found = ws.books.documents.find_by_external(cart_id, [order_id]).get(order_id)
    return None if found is None else ws.books.documents.get(found)


def _ensure_there(cart: Cart, basket_id: str) -> tuple[Received[CartBasket], CartBasket]:
    row = find_basket(cart, basket_id)
    if row is None:
        raise NeedsOperatorError(
            f"The cart has no basket {basket_id}.",
            joined(list_again("cart-baskets"), "It may have expired or been ordered."),
        )
    if isinstance(row.record, BadRecord):
        raise NeedsOperatorError(f"Basket {basket_id} can't be read: {row.record.reason}", row.record.remedy)
    return row, row.record


# --- what people do about it ------------------------------------------------------------------------------------------


def set_step(ws: Workspace, name: str, basket_id: str, care: BasketCare, step: BasketStep) -> BasketCare:
    """Move it to another step of the workflow. `care` is what the person saw; NeedsOperatorError where somebody else
    changed it since."""
    cart_id = ws.books.carts.get(name).cart_id
    with ws.books.transaction():
        ws.books.baskets.put(cart_id, basket_id, replace(care, step=step), actor=ws.actor)
    return ws.books.baskets.get(cart_id, basket_id)


def add_note(
    ws: Workspace, name: str, basket_id: str, kind: NoteKind, text: str, due_on: date | None = None
) -> BasketCare:
    """Keep a note or a call, or a task that is due on a day."""
    if not text.strip():
        raise NeedsOperatorError("There is nothing to keep.", "Type what happened or what is to be done.")
    cart_id = ws.books.carts.get(name).cart_id
    with ws.books.transaction():
        ws.books.baskets.add_note(cart_id, basket_id, kind, text.strip(), due_on, actor=ws.actor)
    return ws.books.baskets.get(cart_id, basket_id)


def finish_task(ws: Workspace, name: str, basket_id: str, note_id: int) -> BasketCare:
    """A task is done."""
    with ws.books.transaction():
        ws.books.baskets.finish_task(note_id)
    return ws.books.baskets.get(ws.books.carts.get(name).cart_id, basket_id)


# --- basket -> order --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a basket became. `order_id`: the order that the cart placed; `document_id`: the PENDING document here, None
    where the order was placed but not imported yet, with the reason."""

    order_id: CartOrderId | None
    document_id: DocumentId | None
    reason: str = ""


def convert_basket(
    ws: Workspace,
    name: str,
    basket_id: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Conversion:
    """Have the cart place the order of an open basket, then import it. The basket is read again first. Raises
    `NeedsOperatorError` where it can't be (not open, the cart places no orders, read-only), `HoldRecordError` where the
    cart refuses, `UnknownOutcomeError` where no answer came: it is looked up before anything else is sent."""
    document = ws.books.carts.get(name)
    with tested_cart(ws, document) as cart, leased(ws, document) as lease:
        recover_exports(ws, document, cart, lease)
        _ensure_convertible(ws, document, cart, basket_id)
        if not isinstance(cart, BasketConverter):
            raise NeedsOperatorError(
                "This kind of cart places no orders for baskets from outside.",
                "Finish it in the shop's back office, or make a draft document here.",
            )
        if ws.read_only:
            raise NeedsOperatorError(READ_ONLY, READ_ONLY_REMEDY)
        order_id = _place(ws, document, cart, lease, basket_id)
    return _import_placed(ws, name, order_id, progress, stop)


def _ensure_convertible(
    ws: Workspace, document: CartDocument, cart: Cart, basket_id: str
) -> tuple[Received[CartBasket], CartBasket]:
    row, basket = _ensure_there(cart, basket_id)
    if reason := why_not_converted(basket, ws.books.baskets.get(document.cart_id, basket_id)):
        raise NeedsOperatorError(f"This basket can't become an order. {reason}", list_again("cart-baskets"))
    return row, basket


def _converted(
    ws: Workspace, cart_id: CartId, basket_id: str, order_id: CartOrderId | None, document_id: DocumentId | None
) -> None:
    """In the caller's transaction; read afresh, since a step that somebody took meanwhile does not count against it."""
    care = ws.books.baskets.get(cart_id, basket_id)
    led_to = replace(care, step=BasketStep.CONVERTED, order_id=order_id, document_id=document_id)
    ws.books.baskets.put(cart_id, basket_id, led_to, actor=ws.actor)


def _place(ws: Workspace, document: CartDocument, cart: BasketConverter, lease: Lease, basket_id: str) -> CartOrderId:
    key = f"cartui-{cart_key(document)}-basket-{basket_id}"
    with ws.books.transaction(lease=lease):
        entry_id = ws.books.journal.begin(_entry(ws, document, basket_id, key))
    keep(ws, lease)
    try:
        order_id = cart.place_order(CartBasketId(basket_id), key)
    except (HoldRecordError, UnknownOutcomeError) as error:
        state = JournalState.REFUSED if isinstance(error, HoldRecordError) else JournalState.UNKNOWN
        with ws.books.transaction(lease=lease):
            ws.books.journal.finish(entry_id, state)
        raise
    with ws.books.transaction(lease=lease):
        ws.books.journal.finish(entry_id, JournalState.DONE, detail={"order": order_id})
        _converted(ws, document.cart_id, basket_id, order_id, None)
    return order_id


def _entry(ws: Workspace, document: CartDocument, basket_id: str, key: str) -> JournalEntry:
    return JournalEntry(
        document.cart_id, ws.clock(), ws.actor, Direction.EXPORT, RecordKind.BASKET, CONVERT, basket_id, key=key
    )


def _import_placed(
    ws: Workspace, name: str, order_id: CartOrderId, progress: ProgressSink, stop: Callable[[], bool]
) -> Conversion:
    plan = plan_import(ws, name, RecordKind.ORDER, Selection([order_id]), progress=progress, stop=stop)
    [done] = apply_plan(ws, plan, progress=progress, stop=stop).applied
    if done.our_id is None and done.change.action is not Action.SAME:
        return Conversion(order_id, None, joined(done.problem or done.change.reason, done.remedy))
    found = ws.books.documents.find_by_external(plan.cart_id, [order_id])
    return Conversion(order_id, found.get(order_id))


def draft_from_basket(ws: Workspace, name: str, basket_id: str) -> Conversion:
    """Make a PENDING document of an open basket here, where the cart places no orders. Nothing is sent: should the
    shopper order it after all, that order comes as a document of its own, and one of the two is to be voided."""
    document = ws.books.carts.get(name)
    cart_id = document.cart_id
    with tested_cart(ws, document) as cart:
        row, basket = _ensure_convertible(ws, document, cart, basket_id)
    order = Received(f"basket-{basket_id}", row.stamp, row.raw, _as_order(basket, ws))
    with leased(ws, document) as lease, ws.books.transaction(lease=lease):
        ground = order_ground(ws.books, cart_id, [order])
        code = ws.books.items.default_item().code
        [change] = plan_orders([order], ground, document.settings, code, by_hand=True)
        if change.action is not Action.CREATE:
            return Conversion(None, None, joined(change.reason, change.remedy))
        if why_not_converted(basket, ws.books.baskets.get(cart_id, basket_id)):
            raise NeedsOperatorError("Somebody made this basket an order meanwhile.", list_again("cart-baskets"))
        unknown = replace(change, record=None)  # the cart knows no such order: it is never looked for there
        document_id = DocumentId(store_orders(ws, cart_id, [unknown])[order.external_id])
        _converted(ws, cart_id, basket_id, None, document_id)
    return Conversion(None, document_id)


def _as_order(basket: CartBasket, ws: Workspace) -> CartOrder:
    now = ws.clock()
    return CartOrder(
        order_id=CartOrderId(f"basket-{basket.basket_id}"),
        order_number=f"basket {basket.basket_id}",
        placed_at=now,
        modified_at=basket.modified_at,
        currency=basket.currency,
        total=basket.total,
        lines=basket.lines,
        native_status=basket.native_status,
        order_state=OrderState.OPEN,
        payment_state=PaymentState.PENDING,
        fulfilment_state=FulfilmentState.UNFULFILLED,
        buyer=basket.buyer,
        note=f"Made of basket {basket.basket_id}",
    )
