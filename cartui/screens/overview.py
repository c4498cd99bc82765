"""Overview: sales and orders of the last days, and what waits for a person, of one cart or of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from cartui.domain.money import format_amount
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import SyncStatus
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.glyphs import GLYPHS
from cartui.screens.page import PageScreen
from cartui.screens.sheet import Line, Piece, Sheet, heading, pair
from cartui.screens.status import OUTBOUND_WORDS, RESULT_WORDS
from cartui.screens.times import show_moment
from cartui.sync.overview import CartState, CurrencySales, Overview, overview_facts, read_overview
from cartui.widgets.plot import axis, columns, sparkline

ALL = "all carts"
PLOT_LINES, ROOMY_LINES = 4, 8
SCALE = 10
"""Cells left of the plot, for its scale."""


class OverviewScreen(PageScreen):
    """Reads the books when it opens and whenever the carts were read again; draws only what differs."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "overview")
    ABOUT: ClassVar[str] = (
        "Sales of the last 30 days as they were posted (goods, shipping and fees less discounts and credits, without "
        "tax; days are UTC), orders by the day they were placed, how many documents and orders are in which state, and "
        "what waits for you: held records, conflicts, orders that changed in the cart, the outbox, items to order, "
        "tasks on baskets. [ and ] go from cart to cart. `cartui overview` prints the same."
    )

    def __init__(self, cart_name: str | None = None) -> None:
        super().__init__("Overview", cart_name or ALL)
        self._cart = cart_name
        self._overview: Overview | None = None

    def carts_changed(self) -> None:
        self.action_list()

    def action_list(self) -> None:
        """Read it anew; nothing is asked of a cart."""
        ws, name = self.ws, self._cart
        self.read("overview", lambda: read_overview(ws, name), self._show)

    def _show(self, overview: Overview) -> None:
        if overview == self._overview:
            return
        turned = self._overview is None or overview.cart != self._overview.cart
        self._overview = overview
        at = self.sheet.scroll_offset.y
        self.show_page("Overview", lambda width: overview_lines(overview, width, self.now()))
        if not turned:
            self.sheet.scroll_to(y=at, animate=False, force=True)

    def action_next_cart(self) -> None:
        self._turn(1)

    def action_previous_cart(self) -> None:
        self._turn(-1)

    def _turn(self, step: int) -> None:
        names = [None, *(view.document.name for view in self.host.cart_views() or [])]
        at = names.index(self._cart) if self._cart in names else 0
        self._cart = names[(at + step) % len(names)]
        self.cart_name = self._cart or ALL
        self.refresh_frame()
        self.action_list()

    @property
    def sheet(self) -> Sheet:
        return self.query_one(Sheet)


def overview_lines(overview: Overview, width: int, now: datetime) -> list[Line]:
    """The page. The plot is of the currency with the largest sales; the others are named with their totals."""
    lines: list[Line] = [*_sales_lines(overview, width), *_order_lines(overview)]
    lines += heading("What stands where")
    for fact in overview_facts(overview):
        lines += pair(fact.name, fact.words, width, fact.tone)
    lines += heading("Carts" if not overview.cart else "Auto-sync")
    lines += [_cart_line(cart, now) for cart in overview.carts] or [(("No shop is connected yet.", "quiet"),)]
    return lines


def _sales_lines(overview: Overview, width: int) -> list[Line]:
    totals = ", ".join(f"{format_amount(one.total, one.currency)} {one.currency}" for one in overview.sales)
    title: Line = (("Sales", "accent"), (f"  {len(overview.days)} days  {totals or 'nothing was posted'}", "plain"))
    if not overview.sales:
        hint = "A document is posted when it is approved (P on Orders)."
        return [title, ((hint, "quiet"),)]
    return [title, *_plot(overview, overview.sales[0], width)]


def _plot(overview: Overview, sales: CurrencySales, width: int) -> list[Line]:
    cell = max(1, min(3, (width - SCALE) // len(overview.days)))
    height = ROOMY_LINES if width >= 100 else PLOT_LINES
    top = max(sales.amounts, default=Decimal(0))
    scale = [_short(top, sales.currency), *[""] * (height - 2), "0"]
    drawn = columns(sales.amounts, height, cell, GLYPHS.ramp)
    lines: list[Line] = [
        ((f"{said:>{SCALE - 2}} {GLYPHS.edge}", "quiet"), (line, "good"))
        for said, line in zip(scale, drawn, strict=True)
    ]
    labels = [(n * cell, f"{overview.days[n]:%m-%d}") for n in range(0, len(overview.days), 7)]
    return [*lines, ((" " * SCALE + axis(labels, len(overview.days) * cell + 4), "quiet"),)]


def _short(amount: Decimal, currency: str) -> str:
    """As it fits beside the plot: whole from a thousand on, 12k, 3M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if amount >= size:
            return f"{amount / (1000 if letter == 'k' else size):,.0f}{letter}"
    return format_amount(amount, currency) if amount < 1000 else f"{amount:,.0f}"


def _order_lines(overview: Overview) -> list[Line]:
    spark, total = sparkline(overview.orders, GLYPHS.ramp), sum(overview.orders)
    told = f"  {total:,} placed, {overview.orders[-1]:,} today"
    return [(("Orders", "accent"), (" " * (SCALE - 6), "plain"), (spark, "good"), (told, "plain"))]


def _cart_line(cart: CartState, now: datetime) -> Sequence[Piece]:
    running = cart.status is SyncStatus.RUNNING
    line: list[Piece] = [
        (f"{safe_text(cart.name, 24):<24} ", "plain"),
        (f"{cart.status.value} ", "good" if running else "plain"),
        (f"{'LIVE' if cart.live else 'test'}  ", "warning" if cart.live else "quiet"),
        (_outbound(cart), "warning" if cart.sends else "quiet"),
    ]
    if running:
        line.append((f"  next {show_moment(cart.next_cycle_at, now)}", "plain"))
    last = cart.last_cycle
    line.append(
        (f"  last {show_moment(last.ended_at, now)} {RESULT_WORDS[last.result]}" if last else "  never ran", "quiet")
    )
    return line


def _outbound(cart: CartState) -> str:
    words = ", ".join(OUTBOUND_WORDS[kind] for kind in cart.sends)
    return f"outbound ON: {words}" if words else "outbound off"
