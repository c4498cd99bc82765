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
        approved {int} NOT NULL DEFAULT 0,
        changed_at {int} NOT NULL,
        due_at {int} NOT NULL,
        UNIQUE (cart_id, kind, our_id)
    )""",
    "CREATE INDEX outbox_open ON outbox (cart_id, kind, due_at) WHERE state IN ('waiting', 'sending', 'unknown')",
    # What a person said of one item in one cart; NULL is "as the cart's settings say".
    """CREATE TABLE cart_item_rule (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        item_id {int} NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        buffer {int},
        backorder {int},
        never_send {int} NOT NULL,
        listed {int} NOT NULL,
        PRIMARY KEY (cart_id, item_id)
    )""",
    # The stock last sent to a cart and last seen there.
    """CREATE TABLE stock_told (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        item_id {int} NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        sent {int},
        sent_at {int},
        seen {int},
        seen_at {int},
        PRIMARY KEY (cart_id, item_id)
    )""",
    # Pieces of ours on orders that are open in a cart, as the cart last told of them.
    """CREATE TABLE open_order_piece (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        external_id TEXT NOT NULL,
        item_id {int} NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        quantity {int} NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (cart_id, external_id, item_id)
    )""",
    "CREATE INDEX open_order_piece_item ON open_order_piece (item_id)",
)
