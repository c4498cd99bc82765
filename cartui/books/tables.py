"""The tables as peewee models, for reading and for building statements. The schema itself is made by `migrations`.

No model is bound to a database: each statement is run by the `Database` it belongs to, so that several books can be
open at once. Import pages are written by prepared statements, never by an instance per row.
"""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BlobField, CompositeKey, Model, TextField

from cartui.books.fields import FlagField, JsonField, MicrosField, MomentField, WordsField


class Meta(Model):
    key = TextField(primary_key=True)
    value = WordsField()

    class Meta:
        table_name = "meta"


class Counter(Model):
    name = TextField(primary_key=True)
    next = BigIntegerField()

    class Meta:
        table_name = "counter"


class Cart(Model):
    id = BigIntegerField(primary_key=True)
    name = WordsField()
    name_key = WordsField()
    cart_type = WordsField()
    url = WordsField()
    options = JsonField()
    secret_refs = JsonField()
    allow_plain_http = FlagField()
    settings = JsonField()
    status = WordsField()
    stop_reason = WordsField()
    tested_at = MomentField(null=True)
    tested_fingerprint = WordsField()
    next_cycle_at = MomentField(null=True)
    version = BigIntegerField()
    changed_at = MomentField()
    changed_by = WordsField()

    class Meta:
        table_name = "cart"


class Cursor(Model):
    cart_id = BigIntegerField()
    kind = WordsField()
    direction = WordsField()
    at = MomentField()

    class Meta:
        table_name = "cart_cursor"
        primary_key = CompositeKey("cart_id", "kind", "direction")


class Lease(Model):
    cart_id = BigIntegerField(primary_key=True)
    token = BigIntegerField()
    holder = WordsField(null=True)
    owner = WordsField()
    since = MomentField()
    expires_at = MomentField()

    class Meta:
        table_name = "lease"


class Record(Model):
    id = BigAutoField()
    cart_id = BigIntegerField()
    kind = WordsField()
    external_id = WordsField()
    label = WordsField()
    stamp = MomentField(null=True)
    fingerprint = WordsField()
    state = WordsField()
    reason = WordsField()
    remedy = WordsField()
    our_id = BigIntegerField(null=True)
    agreed = JsonField()
    evidence = WordsField()
    native_status = WordsField()
    tries = BigIntegerField()
    body = BlobField(null=True, column_name="raw")

    class Meta:
        table_name = "cart_record"


class Item(Model):
    id = BigIntegerField(primary_key=True)
    code = WordsField()
    name = WordsField()
    barcode = WordsField()
    cost = MicrosField(null=True)
    price = MicrosField(null=True)
    currency = WordsField()
    on_hand = MicrosField(null=True)
    allocated = MicrosField()
    is_default = FlagField()
    version = BigIntegerField()
    changed_at = MomentField()
    changed_by = WordsField()

    class Meta:
        table_name = "item"


class StockEntry(Model):
    id = BigAutoField()
    item_id = BigIntegerField()
    quantity = MicrosField()
    reason = WordsField()
    at = MomentField()
    actor = WordsField()

    class Meta:
        table_name = "stock_entry"


class Customer(Model):
    id = BigIntegerField(primary_key=True)
    code = WordsField()
    first_name = WordsField()
    last_name = WordsField()
    company = WordsField()
    email = WordsField()
    email_key = WordsField()
    phone = WordsField()
    tax_number = WordsField()
    guest = FlagField()
    addresses = JsonField()
    version = BigIntegerField()
    changed_at = MomentField()
    changed_by = WordsField()

    class Meta:
        table_name = "customer"


class Document(Model):
    id = BigIntegerField(primary_key=True)
    cart_id = BigIntegerField()
    external_id = WordsField()
    number = WordsField()
    status = WordsField()
    kind = WordsField()
    order_number = WordsField()
    placed_at = MomentField()
    customer_id = BigIntegerField(null=True)
    customer_name = WordsField()
    email = WordsField()
    currency = WordsField()
    total = MicrosField()
    native_status = WordsField()
    order_state = WordsField()
    payment_state = WordsField()
    fulfilment_state = WordsField()
    billing_address = JsonField()
    shipping_address = JsonField()
    payments = JsonField()
    shipping_method = WordsField()
    note = WordsField()
    default_lines = BigIntegerField()
    changed_in_cart = FlagField()
    created_at = MomentField()

    class Meta:
        table_name = "document"


class DocumentLine(Model):
    document_id = BigIntegerField()
    position = BigIntegerField()
    kind = WordsField()
    text = WordsField()
    amount = MicrosField()
    quantity = MicrosField()
    unit_price = MicrosField(null=True)
    tax_rate = MicrosField(null=True)
    tax_amount = MicrosField(null=True)
    item_code = WordsField(null=True)
    sku = WordsField()
    default_item = FlagField()

    class Meta:
        table_name = "document_line"
        primary_key = CompositeKey("document_id", "position")


class Journal(Model):
    id = BigAutoField()
    cart_id = BigIntegerField()
    at = MomentField()
    actor = WordsField()
    direction = WordsField()
    kind = WordsField()
    action = WordsField()
    external_id = WordsField()
    our_id = BigIntegerField(null=True)
    state = WordsField()
    key = WordsField()
    detail = JsonField()

    class Meta:
        table_name = "journal"


class Cycle(Model):
    id = BigAutoField()
    cart_id = BigIntegerField()
    cart_name = WordsField()
    started_at = MomentField()
    ended_at = MomentField()
    result = WordsField()
    counts = JsonField()
    problem = WordsField()
    remedy = WordsField()
    held_total = BigIntegerField()
    next_at = MomentField(null=True)

    class Meta:
        table_name = "cycle"
