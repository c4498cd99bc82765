"""What people did about baskets: the workflow step, notes, calls and tasks, and the document that one led to. And what
the cart said of an order when it was last agreed with, for documents that were edited since."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    "ALTER TABLE document ADD COLUMN past {int} NOT NULL DEFAULT 0",
    """CREATE TABLE basket_care (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        external_id TEXT NOT NULL CHECK (external_id <> ''),
        step TEXT NOT NULL CHECK (step IN ('open', 'contacted', 'abandoned', 'converted')),
        order_id TEXT NOT NULL,
        document_id {int} REFERENCES document (id),
        version {int} NOT NULL,
        changed_at {int} NOT NULL,
        changed_by TEXT NOT NULL,
        PRIMARY KEY (cart_id, external_id)
    )""",
    """CREATE TABLE basket_note (
        id {auto},
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        external_id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('note', 'call', 'task')),
        text TEXT NOT NULL CHECK (text <> ''),
        due_on TEXT NOT NULL,
        done_at {int},
        at {int} NOT NULL,
        actor TEXT NOT NULL
    )""",
    "CREATE INDEX basket_note_basket ON basket_note (cart_id, external_id, id)",
    "CREATE INDEX cart_record_changed ON cart_record (cart_id) WHERE state = 'changed_after_import'",
    """CREATE TABLE order_agreed (
        document_id {int} PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
        agreed TEXT NOT NULL
    )""",
    "CREATE INDEX basket_note_open ON basket_note (cart_id, due_on) WHERE kind = 'task' AND done_at IS NULL",
)
