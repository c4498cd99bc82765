"""Held: records that need a person, each with the reason and the remedy; nothing of them is lost (DESIGN rule 4)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.plan import Plan
from cartui.screens.base import CART_GROUPS
from cartui.screens.conflicts import ConflictsScreen
from cartui.screens.document import RecordScreen
from cartui.screens.list_sides import SystemListScreen
from cartui.screens.plan import show_plan
from cartui.sync.actions import plan_retry
from cartui.sync.apply import ApplyReport
from cartui.sync.lists import SystemList
from cartui.sync.unlink import plan_unlink_held


class HeldScreen(SystemListScreen):
    """Held records of this cart."""

    NUMBER: ClassVar[int] = 9
    NOUN: ClassVar[str] = "held record"
    WHICH: ClassVar[SystemList] = SystemList.HELD
    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "table", "cart-list", "unlink", "held")
    EMPTY: ClassVar[str] = "Nothing is held."
    ABOUT: ClassVar[str] = (
        "Records that could not be taken over, each with the reason and what to do about it. Put it right in the shop "
        "or here, then retry: the record is read from the cart again and judged by the same rules. a marks all. "
        "Enter shows the record as the cart sent it. Held records never block the others. C lists the fields of items "
        "and customers that both sides changed, with both values, to say whose counts."
    )

    def __init__(self, cart_name: str) -> None:
        super().__init__(cart_name)
        self._waiting: list[Plan] = []

    def why_not(self, action: str) -> str | None:
        if action == "conflicts":
            return self.why_untested()
        if action == "unlink_selected":
            return self.why_no_rows()
        return (self.why_untested() or self.why_no_rows()) if action == "retry" else None

    def action_retry(self) -> None:
        """Read the chosen ones from the cart again: one plan for each kind of record."""
        keys, ws, name = self.chosen_keys(), self.ws, self.cart_name
        if keys is not None:
            self.run_job(
                "Reading held records again", lambda _progress, _stop: plan_retry(ws, name, keys()), self._plans
            )

    def action_unlink_selected(self) -> None:
        """Those that are tied to one of ours: one plan for each kind of record."""
        keys, ws, name = self.chosen_keys(), self.ws, self.cart_name
        if keys is not None:
            self.run_job(
                "Planning what to unlink", lambda _progress, _stop: plan_unlink_held(ws, name, keys()), self._plans
            )

    def action_conflicts(self) -> None:
        """What both sides changed, field by field."""
        self.app.push_screen(ConflictsScreen(self.cart_name), self._settled)

    def _settled(self, settled: bool | None) -> None:
        if settled:
            self.action_list()

    def _plans(self, plans: list[Plan]) -> None:
        self._waiting = plans
        if not plans:
            self.hint("Records of this kind are not read again one by one.", "$text-warning")
        self._next_plan()

    def _next_plan(self) -> None:
        if self._waiting:
            show_plan(self, self._waiting.pop(0), self.applied)

    def applied(self, report: ApplyReport) -> None:
        super().applied(report)
        self._next_plan()

    def open_row(self, key: str) -> None:
        kind, _, external_id = key.partition(":")
        self.app.push_screen(RecordScreen(self.cart_name, RecordKind(kind), external_id))
