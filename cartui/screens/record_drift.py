"""Synchronise this record: an item or customer read afresh beside ours, field by field (S110, S112)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.plan import Plan
from cartui.domain.record_drift import Way
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.conflicts import ConflictsScreen
from cartui.screens.glyphs import GLYPHS
from cartui.screens.page import PageScreen
from cartui.screens.paper import raw_lines
from cartui.screens.plan import show_plan
from cartui.screens.plan_rows import report_words
from cartui.screens.sheet import Line, Tone, heading, pair
from cartui.screens.times import show_moment, show_time
from cartui.sync import record_drift
from cartui.sync.apply import ApplyReport
from cartui.sync.record_drift import RecordDrift
from cartui.widgets.cell_text import fit

WAYS: dict[Way, tuple[str, Tone]] = {
    Way.SAME: ("same", "quiet"),
    Way.TAKE: ("to be taken", "warning"),
    Way.SEND: ("to be sent", "warning"),
    Way.CONFLICT: ("CONFLICT", "bad"),
    Way.LEFT: ("left so", "quiet"),
}
_NAME, _WAY = 13, 12
_ELLIPSIS = "…" if GLYPHS.bar != "#" else "~"


class RecordDriftScreen(PageScreen):
    """Both sides of one linked record, and what to do about it. Ends with True where something was done."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "record-drift")
    ABOUT: ClassVar[str] = (
        "One item or customer as the cart holds it now, beside ours and what both last agreed on. By the owners of the "
        "fields (Auto-sync), what only the cart changed is to be taken, what only we changed is to be sent; what both "
        "changed is a conflict: C says whose value counts. t and s show their plan first; nothing is written before. "
        "Stock is never taken; it is sent by the outbox. w shows the record as the cart sent it."
    )

    def __init__(self, cart_name: str, kind: RecordKind, our_id: int, external_id: str | None = None) -> None:
        super().__init__(f"Synchronise {kind}", cart_name)
        self._kind = kind
        self._our_id = our_id
        self._external_id = external_id
        self._drift: RecordDrift | None = None
        self._raw = False
        self._done = False
        self._told: tuple[str, str] | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self.action_reread()

    def action_reread(self) -> None:
        """As the cart holds it now."""
        ws, name, kind, our_id, which = self.ws, self.cart_name, self._kind, self._our_id, self._external_id
        self.run_job(
            f"Reading the {kind}",
            lambda _progress, _stop: record_drift.read_record_drift(ws, name, kind, our_id, which),
            self._show,
        )

    def _show(self, drift: RecordDrift) -> None:
        self._drift = drift
        self._draw()
        self.hint(*(self._told or (f"Read from the cart at {show_moment(drift.read_at, self.now())}.", "$quiet")))
        self._told = None

    def _draw(self) -> None:
        drift, raw = self._drift, self._raw
        if drift is not None:
            title = f"Synchronise {safe_text(drift.label, 50)}"
            self.show_page(title, lambda width: raw_lines(drift.raw, width) if raw else drift_lines(drift, width))
            self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        if action not in ("take", "send", "conflicts", "raw"):
            return None
        drift = self._drift
        if drift is None or self.busy:
            return "It is still being read."
        if action == "take" and (not drift.of(Way.TAKE) or drift.of(Way.CONFLICT)):
            return "There is nothing to take." + _clash(drift)
        if action == "send":
            if self.ws.read_only:
                return "cartui is in read-only mode: nothing is sent."
            if not drift.of(Way.SEND) or drift.of(Way.CONFLICT):
                return "There is nothing to send." + _clash(drift)
        if action == "conflicts" and not drift.of(Way.CONFLICT):
            return "No field was changed on both sides."
        return None

    def action_raw(self) -> None:
        """Its body as the cart sent it, and back."""
        self._raw = not self._raw
        self._draw()

    def action_take(self) -> None:
        """What the cart changed becomes ours; plan first."""
        self._plan("Reading it again", record_drift.plan_take)

    def action_send(self) -> None:
        """What we changed goes to the cart; plan first."""
        self._plan("Reading it again", record_drift.plan_send)

    def _plan(self, title: str, make: Callable[..., Plan]) -> None:
        ws, name, drift = self.ws, self.cart_name, self._drift
        self.run_job(
            title, lambda _progress, _stop: make(ws, name, drift), lambda plan: show_plan(self, plan, self._applied)
        )

    def _applied(self, report: ApplyReport) -> None:
        self._done = True
        self._told = (report_words(report), "$text-warning" if report.problems else "$text-success")
        self.host.reload_carts()
        self.action_reread()

    def action_conflicts(self) -> None:
        """Say whose value counts, field by field."""
        if self._drift is not None:
            self.app.push_screen(
                ConflictsScreen(self.cart_name, (self._kind, self._drift.known.external_id)), self._settled
            )

    def _settled(self, settled: bool | None) -> None:
        self._done = self._done or bool(settled)
        self.action_reread()

    def action_back(self) -> None:
        self.dismiss(self._done)


def _clash(drift: RecordDrift) -> str:
    return " First settle what both sides changed: C." if drift.of(Way.CONFLICT) else ""


def drift_lines(drift: RecordDrift, width: int) -> list[Line]:
    """The page: links, then field by field, then what is to be done."""
    cells = max(12, (width - _NAME - _WAY - 3) // 3)
    lines = pair("Here", drift.label, width, "strong")
    lines += pair("In the cart", f"{drift.known.label} ({drift.known.external_id})", width)
    lines += pair("Synchronised", show_time(drift.synced_at) if drift.synced_at else "never by cartui", width)
    switches = [("taken over", drift.takes), ("sent", drift.sends)]
    told = ", ".join(f"{'' if on else 'not '}{word}" for word, on in switches)
    lines += pair("By itself", f"changes of {drift.kind}s are {told}", width)
    if drift.known.reason:
        lines += pair("State", f"{drift.known.reason} {drift.known.remedy}", width, "warning")
    lines.append(())
    lines.append((_row(("Field", "Ours", "Cart's", "Last agreed", ""), cells, "accent"),))
    for one in drift.fields:
        word, tone = WAYS[one.way]
        lines.append((_row((one.name, one.ours, one.theirs, one.agreed or "", word), cells, tone),))
    if drift.stock is not None:
        stock = drift.stock
        sent = "same" if stock.to_send == stock.in_cart else "by the outbox"
        word = sent if stock.to_send else "not sent"
        lines.append((_row(("stock", stock.to_send, stock.in_cart, stock.last_sent, word), cells, "quiet"),))
    return [*lines, *_long_values(drift, cells, width)]


def _long_values(drift: RecordDrift, cells: int, width: int) -> list[Line]:
    """What did not fit above and differs, in full."""
    lines: list[Line] = []
    for one in drift.fields:
        if one.way is not Way.SAME and max(len(one.ours), len(one.theirs)) >= cells:
            lines += heading(f"{one.name} in full") + pair("Ours", one.ours, width) + pair("Cart's", one.theirs, width)
    return lines


def _row(values: tuple[str, ...], cells: int, tone: Tone) -> tuple[str, Tone]:
    name, *sides, way = values
    told = [fit(name, _NAME, "left", _ELLIPSIS)]
    told += [fit(one or "–", cells - 1, "left", _ELLIPSIS) + " " for one in sides]
    return ("".join(told) + way, tone)
