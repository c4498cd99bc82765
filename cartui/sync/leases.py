"""One cycle or action per cart at a time, whoever runs it (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cartui.books import Lease
from cartui.domain.settings import CartDocument
from cartui.sync.workspace import Workspace

LEASE_SECONDS = 60.0


@contextmanager
def leased(ws: Workspace, document: CartDocument) -> Iterator[Lease]:
    """Hold the cart's lease; `LeaseTakenError` names who has it. It is released on every way out; a killed process's
    lease runs out by itself."""
    lease = ws.books.leases.take(document.cart_id, holder=ws.process, owner=ws.process, ttl_seconds=LEASE_SECONDS)
    try:
        yield lease
    finally:
        ws.books.leases.release(lease)
