"""Import rules of a cart: which orders are imported, held, imported as past or left alone (F20, F21, N21). Pure.

A rule is a line of the one query language and what then happens; the first that matches decides, and where none does,
the default by status (`plan_orders.import_rule`). So a payment method that is always good is
`method:bankwire -> import`, one that is good once authorised `method:card payment:authorized -> import`, one that never
is `method:card -> hold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from cartui.domain.query import Query, QueryError, check_fields, matches, parse_query
from cartui.domain.records import CartOrder, LineKind


class RuleThen(StrEnum):
    """What happens with an order that a rule matches. PAST: a document that posts nothing and moves nothing, for orders
    that were dealt with elsewhere. WAIT: looked at again by itself until another rule, or none, matches."""

    IMPORT = "import"
    WAIT = "wait"
    HOLD = "hold"
    PAST = "past"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class ImportRule:
    """`when` is a query over `FIELDS`; empty matches every order."""

    when: str
    then: RuleThen

    def __str__(self) -> str:
        return f"{self.when or '(every order)'} → {self.then}"


FIELDS: Final[Mapping[str, str]] = {
    "status": "the cart's own word for its status",
    "order": "draft, open, on_hold, cancelled, closed",
    "payment": "pending, authorized, partially_paid, paid, partially_refunded, refunded, voided, failed, …",
    "fulfilment": "unfulfilled, in_progress, partially_shipped, shipped, delivered, …",
    "method": "the shop's code of each payment method",
    "paid": "how much the shop has",
    "total": "what is to be paid",
    "currency": "such as EUR",
    "age": "days since it was placed",
    "tag": "labels that the shop's staff put on it",
    "group": "the buyer's group in the shop",
    "country": "where it is shipped to",
    "shipping": "the shipping method",
    "email": "the buyer's e-mail",
    "sku": "the SKUs of its lines",
    "guest": "yes or no",
}
"""What rules can ask for, and what it means."""


def check_rules(rules: Sequence[ImportRule]) -> list[str]:
    """What is wrong with rules, a sentence each."""
    problems = []
    for number, rule in enumerate(rules, 1):
        try:
            problem = check_fields(_parsed(rule.when), FIELDS)
        except QueryError as error:
            problem = str(error)
        if problem:
            problems.append(f"Import rule {number} ({rule.when}): {problem}")
    return problems


def matching_rule(order: CartOrder, rules: Sequence[ImportRule], now: datetime) -> tuple[int, ImportRule] | None:
    """The first rule that matches, with its number from 1; None: the default by status decides."""
    if not rules:
        return None
    facts = order_facts(order, now)
    return next(((n, rule) for n, rule in enumerate(rules, 1) if matches(_parsed(rule.when), facts)), None)


def order_facts(order: CartOrder, now: datetime) -> dict[str, object]:
    """What an order says to the rules; several values of one field stand in one text."""
    return {
        "status": order.native_status,
        "order": order.order_state.value,
        "payment": order.payment_state.value,
        "fulfilment": order.fulfilment_state.value,
        "method": " ".join(one.method for one in order.payments),
        "paid": sum((one.amount for one in order.payments if one.state.value == "paid"), start=0 * order.total),
        "total": order.total,
        "currency": order.currency,
        "age": (now - order.placed_at).days,
        "tag": " ".join(order.tags),
        "group": order.customer_group,
        "country": order.shipping_address.country or order.billing_address.country,
        "shipping": order.shipping_method,
        "email": order.buyer.email,
        "sku": " ".join(line.sku for line in order.lines if line.kind is LineKind.PRODUCT),
        "guest": "yes" if order.buyer.customer_id is None else "no",
    }


@lru_cache(maxsize=256)
def _parsed(when: str) -> Query:
    return parse_query(when)
