"""Orders: the documents that were imported from this cart (S021, S079)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import DocumentId
from cartui.screens.document import DocumentScreen
from cartui.screens.list_sides import SystemListScreen
from cartui.sync.lists import SystemList


class OrdersScreen(SystemListScreen):
    """Documents of this cart."""

    NUMBER: ClassVar[int] = 2
    WHICH: ClassVar[SystemList] = SystemList.ORDERS
    MARKABLE: ClassVar[bool] = False
    EMPTY: ClassVar[str] = "No order was imported from this cart yet: start auto-sync (1), or import some by hand (5)."
    ABOUT: ClassVar[str] = (
        "The orders that were imported from this cart, each as a PENDING document of the kind set under Auto-sync. "
        "Nothing is posted and no stock moves before somebody approves the document. Enter opens one with its lines, "
        "its payments and the proof of its total."
    )

    def open_row(self, key: str) -> None:
        self.app.push_screen(DocumentScreen(DocumentId(int(key)), self.cart_name))
