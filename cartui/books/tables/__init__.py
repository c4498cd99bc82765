"""The tables as peewee models, for reading and for building statements. The schema itself is made by `migrations`.

No model is bound to a database: each statement is run by the `Database` it belongs to, so that several books can be
open at once. Import pages are written by prepared statements, never by an instance per row.
"""

from __future__ import annotations

from cartui.books.tables.connection import Cart, Counter, Cursor, Cycle, Journal, Lease, Meta, Record
from cartui.books.tables.items import BundlePart, CustomerContact, CustomerMerge
from cartui.books.tables.outbox import Outbox
from cartui.books.tables.system import Customer, Document, DocumentLine, Item, StockEntry
from cartui.books.tables.undo import AppliedPlan

__all__ = [
    "AppliedPlan",
    "BundlePart",
    "Cart",
    "Counter",
    "Cursor",
    "Customer",
    "CustomerContact",
    "CustomerMerge",
    "Cycle",
    "Document",
    "DocumentLine",
    "Item",
    "Journal",
    "Lease",
    "Meta",
    "Outbox",
    "Record",
    "StockEntry",
]
