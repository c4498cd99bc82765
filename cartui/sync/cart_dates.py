"""The two dates of a cart: where its cursors stand, set by a person only while it is STOPPED."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cartui.domain.ids import CartId, Direction, RecordKind
from cartui.domain.remedies import stop_first
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

_UPDATE_KINDS = (RecordKind.CUSTOMER, RecordKind.ITEM)
_TITLES = {"last_order_from": "Last Order from", "last_update_time": "Last update time"}


@dataclass(frozen=True, slots=True)
class CartDates:
    """The two dates of a cart; None: not set, or not to be changed."""

    last_order_from: datetime | None = None
    last_update_time: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Neither is there."""
        return self.last_order_from is None and self.last_update_time is None


def dates_of(ws: Workspace, document: CartDocument) -> CartDates:
    """Where the cursors stand, else the first values that were set."""
    marks = [ws.books.cursors.get(document.cart_id, kind, Direction.IMPORT) for kind in _UPDATE_KINDS]
    return CartDates(
        ws.books.cursors.get(document.cart_id, RecordKind.ORDER, Direction.IMPORT) or document.settings.orders_from,
        min((at for at in marks if at is not None), default=document.settings.updates_from),
    )


def ensure_stopped(document: CartDocument, what: str) -> None:
    """`NeedsOperatorError` while it is RUNNING."""
    if document.status is SyncStatus.RUNNING:
        raise NeedsOperatorError(f"Cart {document.name!r} is RUNNING.", stop_first(document.name, what))


def ensure_dates_stand(ws: Workspace, stored: CartDocument, dates: CartDates, opened: CartDates | None) -> None:
    """Auto-sync moves the dates, and saves no document for it: a date that was typed must not undo that unseen."""
    ensure_stopped(stored, "set its dates")
    if opened is None:
        return
    now = dates_of(ws, stored)
    for name, title in _TITLES.items():
        before, at = getattr(opened, name), getattr(now, name)
        if getattr(dates, name) is not None and at != before:
            there = "nothing" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
            raise NeedsOperatorError(
                f"{title} was moved to {there} after you opened it: the cart ran meanwhile.",
                "Nothing was saved. Open it again and repeat your change.",
            )


def move_cursors(ws: Workspace, cart_id: CartId, dates: CartDates) -> None:
    """To the dates that are given, backwards too; in the caller's transaction."""
    if dates.last_order_from is not None:
        ws.books.cursors.reset(cart_id, RecordKind.ORDER, Direction.IMPORT, dates.last_order_from)
    if dates.last_update_time is not None:
        for kind in _UPDATE_KINDS:
            ws.books.cursors.reset(cart_id, kind, Direction.IMPORT, dates.last_update_time)
