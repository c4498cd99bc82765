"""Read a cart's items and customers and say what is wrong with them; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cartui.domain.cart_check import Finding, check_customers, check_items
from cartui.domain.ids import RecordKind
from cartui.domain.ports import BadRecord, Cart, CustomerSource
from cartui.errors import Remedy
from cartui.sync.cart_reads import iter_kind, tested_cart
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress


def check_cart(
    ws: Workspace, name: str, *, progress: ProgressSink = no_progress, stop: Callable[[], bool] = never_stop
) -> list[Finding]:
    """Every sort of fault that the cart's data has; empty: none. Records that can't be read at all are one of them."""
    with tested_cart(ws, ws.books.carts.get(name)) as cart:
        bad: list[str] = []
        found = check_items(list(_read(cart, RecordKind.ITEM, bad, progress, stop)))
        if isinstance(cart, CustomerSource):
            found += check_customers(_read(cart, RecordKind.CUSTOMER, bad, progress, stop))
    if bad:
        remedy = Remedy(
            "List them on the tabs named (Cart): each says why.",
            f"`cartui list {name!r} cart-items` and `cart-customers` say why.",
        )
        told = f"{len(bad):,} record{'s' if len(bad) != 1 else ''} can't be read."
        found.append(Finding("unreadable", told, remedy, tuple(bad), tuple(bad[:5])))
    return found


def _read(
    cart: Cart, kind: RecordKind, bad: list[str], progress: ProgressSink, stop: Callable[[], bool]
) -> Iterator[Any]:
    done = 0
    for page in iter_kind(cart, kind):
        if stop():
            raise StopRequested
        done += len(page.rows)
        progress(Progress(f"{kind}s", done, page.total))
        for row in page.rows:
            if isinstance(row.record, BadRecord):
                bad.append(f"{kind} {row.external_id}")
            else:
                yield row.record
