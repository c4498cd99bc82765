"""Why: how an order came to be what it is here, from first sight to document, and who did what (N08)."""

from __future__ import annotations

from typing import ClassVar

from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.page import PageScreen
from cartui.screens.sheet import Line, heading, pair, wrapped
from cartui.screens.times import show_time
from cartui.sync.why import Step, Why, explain_order


class WhyScreen(PageScreen):
    """Everything that the books know about one order; nothing is asked of the cart."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading")
    ABOUT: ClassVar[str] = (
        "How this order came to be what it is here: its state and the rule that decided, each line with the item that "
        "it was matched to and how, the proof of the total, and every step since it was first seen: what was done, "
        "when, and by whom. The same as `cartui why ORDER`."
    )

    def __init__(self, order: str, cart_name: str) -> None:
        """`order`: as `sync.why.explain_order` finds it."""
        super().__init__("Why", cart_name)
        self._order = order

    def on_mount(self) -> None:
        super().on_mount()
        ws, order, name = self.ws, self._order, self.cart_name
        self.read("why", lambda: explain_order(ws, order, name), self._show)

    def _show(self, why: Why) -> None:
        self.show_page(f"Why order {why.order_id}", lambda width: why_lines(why, width))


def why_lines(why: Why, width: int) -> list[Line]:
    """The page: state, documents, lines, proof, then the steps, oldest first."""
    lines: list[Line] = pair("Order", f"{why.order_id} of {why.cart.name}", width, "strong")
    if (record := why.record) is not None:
        lines += pair("State", f"{record.state} ({record.native_status or 'no status'})", width)
        if record.reason:
            lines += pair("Reason", record.reason, width, "warning")
        if record.remedy:
            lines += pair("Remedy", record.remedy, width, "strong")
        if record.stamp is not None:
            lines += pair("Changed there", show_time(record.stamp), width)
    for document in why.documents:
        lines += pair("Document", f"{document.draft.kind.label} {document.name} {document.status}", width)
    if why.lines:
        lines += heading("Lines")
    for told in why.lines:
        lines += _text(told, width)
    if (proof := why.proof) is not None:
        lines += pair("Proof", f"{proof.state} (difference {proof.difference:f} {proof.currency})", width)
    lines += heading("Step by step")
    for step in why.steps:
        lines += _step(step, width)
    return lines


def _step(step: Step, width: int) -> list[Line]:
    by = f" by {step.actor}" if step.actor else ""
    lines = pair(show_time(step.at), f"{step.what}{by}", width, room=18)
    for more in step.more:
        lines += [((f"{'':18}{one}", "quiet"),) for one in wrapped(more, width - 18)]
    return lines


def _text(text: str, width: int) -> list[Line]:
    return [((one, "plain"),) for one in wrapped(text, width)]
