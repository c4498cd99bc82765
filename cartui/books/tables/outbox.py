"""What waits to be sent to a cart."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, Model

from cartui.books.fields import FlagField, MomentField, RemedyField, WordsField


class Outbox(Model):
    id = BigAutoField()
    cart_id = BigIntegerField()
    kind = WordsField()
    our_id = BigIntegerField()
    state = WordsField()
    version = BigIntegerField()
    sent_version = BigIntegerField()
    reason = WordsField()
    remedy = RemedyField()
    tries = BigIntegerField()
    changed_at = MomentField()
    due_at = MomentField()
    approved = FlagField()

    class Meta:
        table_name = "outbox"
