"""What was carried out by hand, and what it changed."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, Model

from cartui.books.fields import MomentField, WordsField


class AppliedPlan(Model):
    id = BigAutoField()
    cart_id = BigIntegerField()
    at = MomentField()
    actor = WordsField()
    doing = WordsField()
    kind = WordsField()
    direction = WordsField()
    headline = WordsField()
    undone_at = MomentField(null=True)
    undone_by = WordsField()

    class Meta:
        table_name = "applied_plan"
