"""Journal and stock ledger as lists for the screen: rows on demand, newest first, however many there are."""

from __future__ import annotations

from cartui.books.facade import Books
from cartui.books.filters import Sort
from cartui.books.sql_rows import ListField, ListSpec, SqlRows
from cartui.domain.rows import Column


def _column(name: str, title: str, width: int, weight: int, *, right: bool = False) -> Column:
    return Column(name, title, width, align="right" if right else "left", priority=9 - weight)


_JOURNAL = (
    ListField("document", "COALESCE(d.posted_number, d.number, '')", column=_column("document", "Document", 14, 9)),
    ListField("debit", "x.name", column=_column("debit", "Debit", 15, 8)),
    ListField("credit", "y.name", column=_column("credit", "Credit", 15, 8)),
    ListField("amount", "p.amount", Sort.MONEY, _column("amount", "Amount", 11, 8, right=True)),
    ListField("currency", "p.currency", column=_column("currency", "Cur", 3, 7)),
    ListField("at", "p.at", Sort.MOMENT, _column("at", "Posted", 16, 6)),
    ListField("text", "p.text", column=_column("text", "For", 14, 5)),
    ListField("by", "p.actor", column=_column("by", "By", 16, 3)),
)
_STOCK = (
    ListField("at", "e.at", Sort.MOMENT, _column("at", "When", 16, 9)),
    ListField("item", "i.code", column=_column("item", "Item", 14, 9)),
    ListField("kind", "e.kind", column=_column("kind", "Kind", 8, 8)),
    ListField("quantity", "e.quantity", Sort.QUANTITY, _column("quantity", "Quantity", 9, 8, right=True)),
    ListField("reason", "e.reason", column=_column("reason", "Reason", 26, 7)),
    ListField("document", "COALESCE(d.posted_number, d.number, '')", column=_column("document", "Document", 14, 6)),
    ListField("by", "e.actor", column=_column("by", "By", 16, 3)),
)


def journal_rows(books: Books) -> SqlRows:
    """Every posting. Keys are their numbers."""
    source = (
        "posting p JOIN account x ON x.id = p.debit_id JOIN account y ON y.id = p.credit_id"
        " LEFT JOIN document d ON d.id = p.document_id"
    )
    return SqlRows(books.database, ListSpec(source, "1 = 1", "p.id", "p.id DESC", _JOURNAL))


def ledger_rows(books: Books) -> SqlRows:
    """Every movement of stock. Keys are their numbers."""
    source = "stock_entry e JOIN item i ON i.id = e.item_id LEFT JOIN document d ON d.id = e.document_id"
    return SqlRows(books.database, ListSpec(source, "1 = 1", "e.id", "e.id DESC", _STOCK))
