"""Import rules: kept with the cart, and tried on real orders before they count (N21); orders of the past (F15, F16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from cartui.domain.ids import Direction, RecordKind
from cartui.domain.import_rules import ImportRule, RuleThen, check_rules
from cartui.domain.plan import Plan
from cartui.domain.plan_orders import Verdict, judge, plan_orders
from cartui.domain.ports import Received
from cartui.domain.records import CartOrder
from cartui.domain.settings import CartDocument, CartSettings
from cartui.errors import NeedsOperatorError
from cartui.sync.cart_reads import tested_cart
from cartui.sync.carts import save_cart
from cartui.sync.ground import order_ground
from cartui.sync.intake import checked_pages
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress


def set_rules(ws: Workspace, document: CartDocument, rules: Sequence[ImportRule]) -> CartDocument:
    """Store the rules of a cart in their order. NeedsOperatorError names what is wrong with any of them, or says that
    somebody else saved the cart since `document` was read."""
    return save_cart(ws, replace(document, settings=replace(document.settings, import_rules=tuple(rules))))


@dataclass(frozen=True, slots=True)
class Trial:
    """One order with what happens to it by the rules as they are, and by the rules that are tried."""

    order: CartOrder
    now: Verdict
    then: Verdict

    @property
    def moved(self) -> bool:
        """The tried rules decide otherwise."""
        return self.now.then is not self.then.then


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """The orders of a span, newest first, and what they come to by what happens to them."""

    since: datetime
    trials: tuple[Trial, ...]

    @property
    def counts(self) -> dict[RuleThen, int]:
        """How many orders by what would happen."""
        return dict(Counter(one.then.then for one in self.trials))

    @property
    def values(self) -> dict[tuple[RuleThen, str], Decimal]:
        """The sum of their totals by what would happen and currency."""
        sums: dict[tuple[RuleThen, str], Decimal] = {}
        for one in self.trials:
            key = (one.then.then, one.order.currency)
            sums[key] = sums.get(key, Decimal(0)) + one.order.total
        return sums


def try_rules(
    ws: Workspace,
    name: str,
    rules: Sequence[ImportRule] | None = None,
    *,
    days: int = 30,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> RuleTrial:
    """Judge the orders that were placed in the last days by other rules (None: by those of the cart). Only reads."""
    document = ws.books.carts.get(name)
    tried = document.settings if rules is None else replace(document.settings, import_rules=tuple(rules))
    if problems := check_rules(tried.import_rules):
        raise NeedsOperatorError(" ".join(problems), "Correct the rule and try again.")
    now = ws.clock()
    since = now - timedelta(days=days)
    rows = _read_span(ws, document, since, now, progress, stop)
    orders = sorted(
        (row.record for row in rows if isinstance(row.record, CartOrder)), key=lambda one: one.placed_at, reverse=True
    )
    return RuleTrial(
        since, tuple(Trial(one, judge(one, document.settings, now), judge(one, tried, now)) for one in orders)
    )


def _read_span(
    ws: Workspace,
    document: CartDocument,
    first: datetime,
    until: datetime,
    progress: ProgressSink,
    stop: Callable[[], bool],
) -> list[Received[CartOrder]]:
    """Orders placed from `first` up to before `until`. What was placed since was changed since, so the cart is asked
    for changes since then."""
    found: dict[str, Received[CartOrder]] = {}
    with tested_cart(ws, document) as cart:
        for page in checked_pages(cart.iter_orders(first), first, "orders"):
            if stop():
                raise StopRequested
            for row in page.rows:
                if not isinstance(row.record, CartOrder) or first <= row.record.placed_at < until:
                    found[row.external_id] = row
            progress(Progress("orders", len(found), page.total))
    return list(found.values())


def plan_backfill(
    ws: Workspace,
    name: str,
    first: datetime,
    until: datetime,
    *,
    past: bool = True,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """Orders placed in a span, apart from the live cursor, which stays where it is: as past documents, or as PENDING
    ones. The plan says how many and what they come to; what is here already stays."""
    if until <= first:
        raise NeedsOperatorError("The span ends before it begins.", "Give the earlier date first.")
    document = ws.books.carts.get(name)
    rows = _read_span(ws, document, first, until, progress, stop)
    settings = replace(document.settings, orders_from=first, import_rules=_only(past))
    ground = order_ground(ws.books, document.cart_id, rows)
    changes = plan_orders(rows, ground, settings, ws.books.items.default_item().code, by_hand=not past)
    live = document.settings.live
    return Plan(document.cart_id, document.name, live, RecordKind.ORDER, Direction.IMPORT, tuple(changes))


def _only(past: bool) -> tuple[ImportRule, ...]:
    """Cancelled and failed orders are left alone whatever becomes of the others."""
    dead = [ImportRule(f"order:{word}", RuleThen.SKIP) for word in ("cancelled", "draft")]
    dead += [ImportRule(f"payment:{word}", RuleThen.SKIP) for word in ("voided", "failed", "expired")]
    return (*dead, ImportRule("", RuleThen.PAST)) if past else ()


def settings_line(settings: CartSettings) -> str:
    """ "3 rules, then by status"."""
    count = len(settings.import_rules)
    return f"{count} rule{'s' if count != 1 else ''}, then by status" if count else "by status"
