"""Items: the items of the system, to export to the cart (S022, S067-S070)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.ports import Capability
from cartui.screens.base import CART_GROUPS
from cartui.screens.register import RegisterScreen
from cartui.sync.actions import plan_export
from cartui.sync.lists import SystemList


class ItemsScreen(RegisterScreen):
    """Items of the system, with the free stock that is to be sent."""

    NUMBER: ClassVar[int] = 3
    KIND: ClassVar[RecordKind] = RecordKind.ITEM
    NOUN: ClassVar[str] = "item"
    WHICH: ClassVar[SystemList] = SystemList.ITEMS
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "export", "register")
    EMPTY: ClassVar[str] = "The system has no items yet: create some from the cart's on Items (Cart) (6)."
    ABOUT: ClassVar[str] = (
        "All items of the system. Mark those that the cart shall have, type the free stock of each (blank sends no "
        "stock: blank is not zero), and export. Items that are linked are updated, the others are looked up by code "
        "and created if the cart has none. Nothing marked means the row under the cursor. The plan is shown first."
    )

    def why_not(self, action: str) -> str | None:
        if action == "export_selected":
            lacking = self.why_lacking(Capability.WRITE_ITEMS, Capability.REREAD_ITEMS)
            return lacking or self.why_untested() or self.why_no_rows()
        return super().why_not(action)

    def action_export_selected(self) -> None:
        """S070."""
        self.plan_selected("Planning the export", plan_export)
