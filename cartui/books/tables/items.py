"""What belongs to items and customers beside their own rows: bundles, contacts, merges."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, CompositeKey, Model

from cartui.books.fields import JsonField, MicrosField, MomentField, WordsField


class BundlePart(Model):
    bundle_id = BigIntegerField()
    part_id = BigIntegerField()
    quantity = MicrosField()

    class Meta:
        table_name = "bundle_part"
        primary_key = CompositeKey("bundle_id", "part_id")


class CustomerContact(Model):
    customer_id = BigIntegerField()
    kind = WordsField()
    value = WordsField()
    value_key = WordsField()

    class Meta:
        table_name = "customer_contact"
        primary_key = CompositeKey("customer_id", "kind", "value_key")


class CustomerMerge(Model):
    id = BigAutoField()
    kept_id = BigIntegerField()
    gone_id = BigIntegerField()
    gone = JsonField()
    moved = JsonField()
    at = MomentField()
    actor = WordsField()
    undone_at = MomentField(null=True)

    class Meta:
        table_name = "customer_merge"
