"""Carts, what is remembered of their records, and what was done: links, cursors, leases, journal, cycles."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BlobField, CompositeKey, Model, TextField

from cartui.books.fields import FlagField, JsonField, MomentField, RemedyField, WordsField


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
    stop_reason = RemedyField()
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
    remedy = RemedyField()
    our_id = BigIntegerField(null=True)
    agreed = JsonField()
    evidence = WordsField()
    native_status = WordsField()
    tries = BigIntegerField()
    body = BlobField(null=True, column_name="raw")

    class Meta:
        table_name = "cart_record"


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
    remedy = RemedyField()
    held_total = BigIntegerField()
    next_at = MomentField(null=True)

    class Meta:
        table_name = "cycle"
