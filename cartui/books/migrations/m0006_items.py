"""Items and customers as a merchant keeps them: bundles, reorder levels, further contacts, merges."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    "ALTER TABLE item ADD COLUMN tax_class TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE item ADD COLUMN reorder_level {int}",
    """CREATE TABLE bundle_part (
        bundle_id {int} NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        part_id {int} NOT NULL REFERENCES item (id),
        quantity {int} NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (bundle_id, part_id),
        CHECK (bundle_id <> part_id)
    )""",
    "CREATE INDEX bundle_part_part ON bundle_part (part_id)",
    # E-mails and phones beyond the first; `value_key` as `email_key` of the customer.
    """CREATE TABLE customer_contact (
        customer_id {int} NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
        value TEXT NOT NULL,
        value_key TEXT NOT NULL CHECK (value_key <> ''),
        PRIMARY KEY (customer_id, kind, value_key)
    )""",
    "CREATE INDEX customer_contact_key ON customer_contact (kind, value_key)",
    # `gone` is the merged customer as it was, `moved` what was put to the kept one: all that an undo needs.
    """CREATE TABLE customer_merge (
        id {auto},
        kept_id {int} NOT NULL,
        gone_id {int} NOT NULL,
        gone TEXT NOT NULL,
        moved TEXT NOT NULL,
        at {int} NOT NULL,
        actor TEXT NOT NULL,
        undone_at {int}
    )""",
    "CREATE INDEX customer_merge_kept ON customer_merge (kept_id)",
    "CREATE INDEX document_customer ON document (customer_id) WHERE customer_id IS NOT NULL",
)
