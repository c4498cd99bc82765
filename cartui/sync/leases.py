"""One cycle or action per cart at a time, whoever runs it (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cartui.books import Lease
from cartui.domain.settings import CartDocument
from cartui.sync.workspace import Workspace

LEASE_SECONDS = 120.0
MARGIN_SECONDS = 110.0
"""What is left of it when a request leaves that writes: no adapter waits longer for an answer, so that nobody takes the
cart over, finds nothing of it there, and makes it as well."""


def keep(ws: Workspace, lease: Lease) -> None:
    """To be called right before a request that writes: a cart can't check our lease, so we do (RELIABILITY 19)."""
    ws.books.leases.keep(lease, MARGIN_SECONDS)


@contextmanager
def leased(ws: Workspace, document: CartDocument) -> Iterator[Lease]:
    """Hold the cart's lease; `LeaseTakenError` names who has it. It is released on every way out; a killed process's
    lease runs out by itself."""
    lease = ws.books.leases.take(document.cart_id, holder=ws.process, owner=ws.process, ttl_seconds=LEASE_SECONDS)
    try:
        yield lease
    finally:
        ws.books.leases.release(lease)
