"""The merchant's own side: items, their stock, customers, documents."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, CompositeKey, Model

from cartui.books.fields import FlagField, JsonField, MicrosField, MomentField, WordsField


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
    tax_class = WordsField()
    reorder_level = MicrosField(null=True)

    class Meta:
        table_name = "item"


class StockEntry(Model):
    id = BigAutoField()
    item_id = BigIntegerField()
    quantity = MicrosField()
    reason = WordsField()
    at = MomentField()
    actor = WordsField()
    kind = WordsField()
    document_id = BigIntegerField(null=True)
    position = BigIntegerField(null=True)
    unit_cost = MicrosField(null=True)
    valued = FlagField()

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
    version = BigIntegerField()
    posted_number = WordsField(null=True)
    approved_at = MomentField(null=True)
    approved_by = WordsField()
    source_id = BigIntegerField(null=True)
    void_reason = WordsField()
    open_amount = MicrosField()
    closed = FlagField()
    exchange_rate = MicrosField(null=True)
    past = FlagField()

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
    line_id = WordsField()
    source_position = BigIntegerField(null=True)
    restock = FlagField()

    class Meta:
        table_name = "document_line"
        primary_key = CompositeKey("document_id", "position")
