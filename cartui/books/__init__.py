"""The system's tables: items, customers, documents, and all that is remembered of the carts.

Open them with `open_books`; everything else is a method of `Books` and its repositories. The peewee models and the
database below stay inside this package.
"""

import cartui.books.slim_peewee  # noqa: F401  # isort: skip  (first: see there)
from cartui.books.facade import Books, open_books
from cartui.books.faults import BrokenInvariantError, StaleVersionError
from cartui.books.items import DEFAULT_CODE, StockChange
from cartui.books.leases import Lease
from cartui.books.revisions import AuditEntry, DocumentChangedError

__all__ = [
    "DEFAULT_CODE",
    "AuditEntry",
    "Books",
    "BrokenInvariantError",
    "DocumentChangedError",
    "Lease",
    "StaleVersionError",
    "StockChange",
    "open_books",
]
