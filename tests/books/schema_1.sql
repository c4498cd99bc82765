-- What the first released schema looked like, with one cart in it. Never edited: see test_opening.
BEGIN TRANSACTION;
CREATE TABLE cart (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        cart_type TEXT NOT NULL,
        url TEXT NOT NULL,
        options TEXT NOT NULL,
        secret_refs TEXT NOT NULL,
        allow_plain_http INTEGER NOT NULL,
        settings TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('STOPPED', 'RUNNING')),
        stop_reason TEXT NOT NULL,
        tested_at INTEGER,
        tested_fingerprint TEXT NOT NULL,
        next_cycle_at INTEGER,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        changed_by TEXT NOT NULL
    );
INSERT INTO "cart" VALUES(1,'Main shop','main shop','memory','https://shop.example','','',0,'{"import_orders_as":"sales_order","orders_from":null,"updates_from":null,"from_cart_customers":false,"from_cart_items":false,"to_cart_customers":false,"to_cart_stock":false,"to_cart_items":false,"poll_minutes":10,"live":true}','STOPPED','',NULL,'',NULL,1,1772366400000000,'');
CREATE TABLE cart_cursor (
        cart_id INTEGER NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        direction TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (cart_id, kind, direction)
    );
CREATE TABLE cart_record (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cart_id INTEGER NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        external_id TEXT NOT NULL CHECK (external_id <> ''),
        label TEXT NOT NULL,
        stamp INTEGER,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        remedy TEXT NOT NULL,
        our_id INTEGER,
        agreed TEXT NOT NULL,
        evidence TEXT NOT NULL,
        native_status TEXT NOT NULL,
        tries INTEGER NOT NULL,
        raw BLOB,
        UNIQUE (cart_id, kind, external_id)
    );
CREATE TABLE counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL);
INSERT INTO "counter" VALUES('cart',2);
INSERT INTO "counter" VALUES('item',1);
INSERT INTO "counter" VALUES('customer',1);
INSERT INTO "counter" VALUES('document',1);
CREATE TABLE customer (
        id INTEGER PRIMARY KEY,
        code TEXT NOT NULL UNIQUE CHECK (code <> ''),
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL,
        company TEXT NOT NULL,
        email TEXT NOT NULL,
        email_key TEXT NOT NULL,
        phone TEXT NOT NULL,
        tax_number TEXT NOT NULL,
        guest INTEGER NOT NULL,
        addresses TEXT NOT NULL,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        changed_by TEXT NOT NULL
    );
CREATE TABLE cycle (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cart_id INTEGER NOT NULL,
        cart_name TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        result TEXT NOT NULL,
        counts TEXT NOT NULL,
        problem TEXT NOT NULL,
        remedy TEXT NOT NULL,
        held_total INTEGER NOT NULL,
        next_at INTEGER
    );
CREATE TABLE document (
        id INTEGER PRIMARY KEY,
        cart_id INTEGER NOT NULL,
        external_id TEXT NOT NULL CHECK (external_id <> ''),
        number TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'VOID')),
        kind TEXT NOT NULL,
        order_number TEXT NOT NULL,
        placed_at INTEGER NOT NULL,
        customer_id INTEGER REFERENCES customer (id),
        customer_name TEXT NOT NULL,
        email TEXT NOT NULL,
        currency TEXT NOT NULL,
        total INTEGER NOT NULL,
        native_status TEXT NOT NULL,
        order_state TEXT NOT NULL,
        payment_state TEXT NOT NULL,
        fulfilment_state TEXT NOT NULL,
        billing_address TEXT NOT NULL,
        shipping_address TEXT NOT NULL,
        payments TEXT NOT NULL,
        shipping_method TEXT NOT NULL,
        note TEXT NOT NULL,
        default_lines INTEGER NOT NULL,
        changed_in_cart INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (cart_id, external_id)
    );
CREATE TABLE document_line (
        document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        amount INTEGER NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity BETWEEN -1000000000000000000 AND 1000000000000000000),
        unit_price INTEGER,
        tax_rate INTEGER,
        tax_amount INTEGER,
        item_code TEXT REFERENCES item (code) ON UPDATE CASCADE,
        sku TEXT NOT NULL,
        default_item INTEGER NOT NULL,
        PRIMARY KEY (document_id, position)
    ) WITHOUT ROWID;
CREATE TABLE item (
        id INTEGER PRIMARY KEY,
        code TEXT NOT NULL UNIQUE CHECK (code <> ''),
        name TEXT NOT NULL,
        barcode TEXT NOT NULL,
        cost INTEGER,
        price INTEGER,
        currency TEXT NOT NULL,
        on_hand INTEGER CHECK (on_hand BETWEEN -1000000000000000000 AND 1000000000000000000),
        allocated INTEGER NOT NULL,
        is_default INTEGER NOT NULL,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        changed_by TEXT NOT NULL
    );
CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cart_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        direction TEXT NOT NULL,
        kind TEXT NOT NULL,
        action TEXT NOT NULL,
        external_id TEXT NOT NULL,
        our_id INTEGER,
        state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'refused', 'unknown')),
        key TEXT NOT NULL,
        detail TEXT NOT NULL
    );
CREATE TABLE lease (
        cart_id INTEGER PRIMARY KEY REFERENCES cart (id) ON DELETE CASCADE,
        token INTEGER NOT NULL,
        holder TEXT,
        owner TEXT NOT NULL,
        since INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    );
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE schema_migration
 (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'first',1772366400000000);
CREATE TABLE stock_entry (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        item_id INTEGER NOT NULL REFERENCES item (id),
        quantity INTEGER NOT NULL CHECK (quantity BETWEEN -1000000000000000000 AND 1000000000000000000),
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL
    );
CREATE INDEX cart_record_our_id ON cart_record (our_id, cart_id, kind) WHERE our_id IS NOT NULL;
CREATE INDEX cart_record_waiting ON cart_record (cart_id, state) WHERE state IN ('held', 'staged');
CREATE INDEX item_barcode ON item (barcode) WHERE barcode <> '';
CREATE UNIQUE INDEX item_default ON item (is_default) WHERE is_default = 1;
CREATE INDEX stock_entry_item ON stock_entry (item_id);
CREATE INDEX customer_email ON customer (email_key) WHERE email_key <> '';
CREATE INDEX document_placed ON document (cart_id, placed_at, id);
CREATE INDEX document_line_item ON document_line (item_code) WHERE item_code IS NOT NULL;
CREATE INDEX journal_cart ON journal (cart_id, id);
CREATE INDEX journal_open ON journal (cart_id) WHERE state IN ('intent', 'unknown');
CREATE INDEX cycle_cart ON cycle (cart_id, id);
DELETE FROM "sqlite_sequence";
COMMIT;
