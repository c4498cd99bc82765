"""Documents that live: approval, shipments, stock ledger, accounts.

Money moves as transfers from one account to another, so each row is balanced by itself (decision 007). What was posted
can't be changed: the database itself refuses it.
"""

from __future__ import annotations

from typing import Final

_POSTED: Final = "OLD.posted_number IS NOT NULL AND OLD.kind <> 'sales_order'"
_FIXED: Final = (
    "NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.status <> OLD.status OR NEW.total <> OLD.total"
    " OR NEW.currency <> OLD.currency OR NEW.placed_at <> OLD.placed_at OR NEW.customer_name <> OLD.customer_name"
    " OR NEW.billing_address <> OLD.billing_address OR NEW.shipping_address <> OLD.shipping_address"
    " OR NEW.number <> OLD.number OR COALESCE(NEW.posted_number, '') <> OLD.posted_number"
)
_LINE_COLUMNS: Final = (
    "document_id, position, kind, text, amount, quantity, unit_price, tax_rate, tax_amount, sku, line_id,"
    " source_position, restock"
)  # not item_code: it follows when an item gets another code
_OF_POSTED: Final = (
    "EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.posted_number IS NOT NULL"
    " AND d.kind <> 'sales_order')"
)
_REFUSAL: Final = "what was posted is never changed"


def _refusing(name: str, when: str, table: str, condition: str) -> tuple[str, ...]:
    """A trigger that refuses `when` on `table` under a condition on OLD and NEW, in the words of both databases."""
    head = f"CREATE TRIGGER {name} BEFORE {when} ON {table}"
    refuse = f"RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'"
    go_on = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW"
    body = f"BEGIN IF {condition} THEN {refuse}; END IF; {go_on}; END"
    return (
        f"{{sqlite}}{head} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        f"{{postgres}}CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"{{postgres}}{head} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


STATEMENTS: Final[tuple[str, ...]] = (
    # --- documents ---
    "ALTER TABLE document ADD COLUMN version {int} NOT NULL DEFAULT 1",
    "ALTER TABLE document ADD COLUMN posted_number TEXT",
    "ALTER TABLE document ADD COLUMN approved_at {int}",
    "ALTER TABLE document ADD COLUMN approved_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE document ADD COLUMN source_id {int} REFERENCES document (id)",
    "ALTER TABLE document ADD COLUMN void_reason TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE document ADD COLUMN open_amount {int} NOT NULL DEFAULT 0",
    "ALTER TABLE document ADD COLUMN closed {int} NOT NULL DEFAULT 0",
    "ALTER TABLE document ADD COLUMN exchange_rate {int}",
    "CREATE UNIQUE INDEX document_posted_number ON document (posted_number) WHERE posted_number IS NOT NULL",
    "CREATE INDEX document_source ON document (source_id) WHERE source_id IS NOT NULL",
    "CREATE INDEX document_open ON document (placed_at) WHERE open_amount <> 0",
    "ALTER TABLE document_line ADD COLUMN line_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE document_line ADD COLUMN source_position {int}",
    "ALTER TABLE document_line ADD COLUMN restock {int} NOT NULL DEFAULT 1",
    """CREATE TABLE document_audit (
        id {auto},
        document_id {int} NOT NULL REFERENCES document (id),
        version {int} NOT NULL,
        at {int} NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        field TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL
    )""",
    "CREATE INDEX document_audit_document ON document_audit (document_id, id)",
    """CREATE TABLE number_series (
        kind TEXT NOT NULL,
        year {int} NOT NULL,
        last {int} NOT NULL,
        PRIMARY KEY (kind, year)
    )""",
    """CREATE TABLE sku_rule (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        sku TEXT NOT NULL CHECK (sku <> ''),
        item_id {int} NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        at {int} NOT NULL,
        actor TEXT NOT NULL,
        PRIMARY KEY (cart_id, sku)
    )""",
    # What each approved sales order keeps for its buyer; the sum by item is `item.allocated`.
    """CREATE TABLE allocation (
        document_id {int} NOT NULL REFERENCES document (id),
        item_id {int} NOT NULL REFERENCES item (id),
        quantity {int} NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (document_id, item_id)
    )""",
    "CREATE INDEX allocation_item ON allocation (item_id)",
    # --- shipments ---
    "INSERT INTO counter (name, next) VALUES ('shipment', 1)",
    """CREATE TABLE shipment (
        id {int} PRIMARY KEY,
        document_id {int} NOT NULL REFERENCES document (id),
        carrier TEXT NOT NULL,
        tracking_number TEXT NOT NULL,
        tracking_url TEXT NOT NULL,
        shipped_at {int} NOT NULL,
        created_at {int} NOT NULL,
        actor TEXT NOT NULL
    )""",
    "CREATE INDEX shipment_document ON shipment (document_id, id)",
    """CREATE TABLE shipment_line (
        shipment_id {int} NOT NULL REFERENCES shipment (id),
        position {int} NOT NULL,
        quantity {int} NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (shipment_id, position)
    ) {tight}""",
    # --- stock ledger ---
    """ALTER TABLE stock_entry ADD COLUMN kind TEXT NOT NULL DEFAULT 'adjust'
        CHECK (kind IN ('opening', 'receipt', 'sale', 'return', 'count', 'adjust'))""",
    "ALTER TABLE stock_entry ADD COLUMN document_id {int} REFERENCES document (id)",
    "ALTER TABLE stock_entry ADD COLUMN position {int}",
    "ALTER TABLE stock_entry ADD COLUMN unit_cost {int}",
    "ALTER TABLE stock_entry ADD COLUMN valued {int} NOT NULL DEFAULT 0",
    "UPDATE stock_entry SET kind = 'opening' WHERE reason = 'opening stock'",
    "CREATE INDEX stock_entry_document ON stock_entry (document_id) WHERE document_id IS NOT NULL",
    "CREATE INDEX stock_entry_unvalued ON stock_entry (id) WHERE valued = 0",
    # --- accounts ---
    """CREATE TABLE account (
        id {auto},
        key TEXT NOT NULL UNIQUE CHECK (key <> ''),
        name TEXT NOT NULL CHECK (name <> ''),
        kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense'))
    )""",
    """INSERT INTO account (key, name, kind) VALUES
        ('undeposited', 'Undeposited funds', 'asset'),
        ('receivables', 'Receivables', 'asset'),
        ('inventory', 'Inventory', 'asset'),
        ('refunds', 'Refunds to pay', 'liability'),
        ('gift_cards', 'Gift cards and store credit', 'liability'),
        ('goods_received', 'Goods received, not invoiced', 'liability'),
        ('tax', 'Tax payable', 'liability'),
        ('opening', 'Opening balances', 'equity'),
        ('sales', 'Sales', 'income'),
        ('shipping', 'Shipping income', 'income'),
        ('fees', 'Fees and tips', 'income'),
        ('discounts', 'Discounts given', 'income'),
        ('cogs', 'Cost of goods sold', 'expense'),
        ('stock_adjustments', 'Stock adjustments', 'expense'),
        ('rounding', 'Rounding', 'expense')""",
    """CREATE TABLE account_map (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        what TEXT NOT NULL CHECK (what IN ('payment', 'tax')),
        word TEXT NOT NULL,
        account_id {int} NOT NULL REFERENCES account (id),
        PRIMARY KEY (cart_id, what, word)
    )""",
    """CREATE TABLE posting (
        id {auto},
        at {int} NOT NULL,
        document_id {int} REFERENCES document (id),
        stock_entry_id {int} REFERENCES stock_entry (id),
        text TEXT NOT NULL,
        debit_id {int} NOT NULL REFERENCES account (id),
        credit_id {int} NOT NULL REFERENCES account (id),
        currency TEXT NOT NULL CHECK (currency <> ''),
        amount {int} NOT NULL CHECK (amount > 0 AND amount <= 1000000000000000000),
        tax_rate {int},
        actor TEXT NOT NULL,
        CHECK (debit_id <> credit_id),
        CHECK (document_id IS NOT NULL OR stock_entry_id IS NOT NULL)
    )""",
    "CREATE INDEX posting_document ON posting (document_id) WHERE document_id IS NOT NULL",
    "CREATE INDEX posting_at ON posting (at, id)",
    # What each account got on each day: the trial balance of a million documents reads a few thousand rows.
    """CREATE TABLE account_day (
        account_id {int} NOT NULL REFERENCES account (id),
        currency TEXT NOT NULL,
        day {int} NOT NULL,
        cart_id {int} NOT NULL,
        tax_rate {int} NOT NULL,
        debit {int} NOT NULL,
        credit {int} NOT NULL,
        PRIMARY KEY (account_id, currency, day, cart_id, tax_rate)
    )""",
    # --- what was posted stays ---
    *_refusing("document_fixed", "UPDATE", "document", f"{_POSTED} AND ({_FIXED})"),
    *_refusing("document_kept", "DELETE", "document", "OLD.posted_number IS NOT NULL"),
    *_refusing("document_line_fixed", f"UPDATE OF {_LINE_COLUMNS}", "document_line", _OF_POSTED),
    *_refusing("document_line_kept", "DELETE", "document_line", _OF_POSTED),
    *_refusing("posting_fixed", "UPDATE", "posting", "OLD.id = OLD.id"),
    *_refusing("posting_kept", "DELETE", "posting", "OLD.id = OLD.id"),
    *_refusing("document_audit_fixed", "UPDATE", "document_audit", "OLD.id = OLD.id"),
    *_refusing("document_audit_kept", "DELETE", "document_audit", "OLD.id = OLD.id"),
)
