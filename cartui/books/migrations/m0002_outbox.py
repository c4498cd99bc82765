"""What waits to be sent to a cart, and what was last sent and seen."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE outbox (
        id {auto},
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('stock', 'item', 'customer', 'shipment')),
        our_id {int} NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'done', 'unknown', 'refused', 'superseded')),
        version {int} NOT NULL,
        sent_version {int} NOT NULL,
        reason TEXT NOT NULL,
        remedy TEXT NOT NULL,
        tries {int} NOT NULL,
        changed_at {int} NOT NULL,
        due_at {int} NOT NULL,
        UNIQUE (cart_id, kind, our_id)
    )""",
    "CREATE INDEX outbox_open ON outbox (cart_id, kind, due_at) WHERE state IN ('waiting', 'sending', 'unknown')",
)
