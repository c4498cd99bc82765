"""What must always hold in the books; each exception is a sentence."""

from __future__ import annotations

from cartui.sync.workspace import Workspace


def check_books(ws: Workspace) -> list[str]:
    """Postings balance, stock is the sum of its ledger, allocations are what orders keep, numbers have no gaps."""
    books = ws.books
    items = books.items.find_by_ids([*books.items.wrong_stock(), *books.stock.wrong_allocations()])
    return [
        *(f"Postings do not balance: {one}." for one in books.accounts.unbalanced()),
        *(f"Stock or allocation of {item.code} is not the sum of its entries." for item in items.values()),
        *(f"The numbers of {one} have a gap." for one in books.revisions.number_gaps()),
    ]
