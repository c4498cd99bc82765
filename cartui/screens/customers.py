"""Customers: the customers of the system, to export to the cart (S023, S075)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.ports import Capability
from cartui.screens.base import CART_GROUPS
from cartui.screens.register import RegisterScreen
from cartui.sync.actions import plan_export
from cartui.sync.lists import SystemList


class CustomersScreen(RegisterScreen):
    """Customers of the system."""

    NUMBER: ClassVar[int] = 4
    KIND: ClassVar[RecordKind] = RecordKind.CUSTOMER
    NOUN: ClassVar[str] = "customer"
    WHICH: ClassVar[SystemList] = SystemList.CUSTOMERS
    GROUPS: ClassVar[tuple[str, ...]] = (
        *CART_GROUPS,
        "table",
        "cart-list",
        "unlink",
        "export",
        "register",
        "find-duplicates",
    )
    EMPTY: ClassVar[str] = "The system has no customers yet: orders bring them, or create some on Customers (Cart) (7)."
    ABOUT: ClassVar[str] = (
        "All customers of the system. Those that came with orders are here too; guests are kept apart and are not "
        "exported. Export looks each one up in the cart by e-mail, creates or updates it, and shows the plan first."
    )

    def why_not(self, action: str) -> str | None:
        if action == "export_selected":
            lacking = self.why_lacking(Capability.WRITE_CUSTOMERS, Capability.REREAD_CUSTOMERS)
            return lacking or self.why_untested() or self.why_no_rows()
        return super().why_not(action)

    def action_export_selected(self) -> None:
        """S075."""
        self.plan_selected("Planning the export", plan_export)
