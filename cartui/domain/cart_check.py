"""What is wrong with a cart's own data before it is synchronised (N18): found by reading alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cartui.domain.matching import barcode_key
from cartui.domain.merge_customers import email_key
from cartui.domain.plan_customers import customer_label
from cartui.domain.plan_items import item_label
from cartui.domain.records import CartCustomer, CartItem

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One sort of fault: `ids` of the records that have it, `examples` a few of them in words."""

    code: str
    problem: str
    remedy: str
    ids: tuple[str, ...]
    examples: tuple[str, ...]


def check_items(items: Sequence[CartItem]) -> list[Finding]:
    """Faults of the items: doubled and missing codes, missing prices, parents with stock, orphans, stock below zero."""
    parents = {item.parent_id for item in items if item.parent_id and item.parent_id != item.item_id}
    listed = {str(item.item_id) for item in items}
    sold = [item for item in items if item.item_id not in parents]
    found = [
        *_doubled(sold, "sku", "SKU", [item.sku.strip() for item in sold]),
        *_doubled(sold, "barcode", "barcode", [barcode_key(item.barcode) for item in sold]),
        _finding(
            "no_sku",
            [item for item in sold if not item.sku.strip()],
            "have no SKU",
            "Give them one in the shop; without it they are linked by barcode or by hand.",
        ),
        _finding(
            "no_price",
            [item for item in sold if item.active and not item.price],
            "are for sale without a price, or for nothing",
            "Give them a price in the shop, or take them off sale.",
        ),
        _finding(
            "parent_with_stock",
            [item for item in items if item.item_id in parents and item.stock],
            "have variants and a stock of their own",
            "Clear the stock of the parent in the shop: its variants are what is sold.",
        ),
        _finding(
            "stock_below_zero",
            [item for item in sold if item.stock is not None and item.stock < 0],
            "have a stock below zero",
            "Count them, and set the stock right; orders may have been taken for what is not there.",
        ),
    ]
    if parents & listed:  # only a cart that lists parents can miss one
        orphans = [item for item in items if item.parent_id and item.parent_id not in listed]
        remedy = "Look for the deleted product in the shop; remove the variants or give them another."
        found.append(_finding("orphan", orphans, "are variants of a product that is not there", remedy))
    return [one for one in found if one is not None]


def _doubled(items: Sequence[CartItem], code: str, what: str, keys: Sequence[str]) -> list[Finding]:
    groups: defaultdict[str, list[CartItem]] = defaultdict(list)
    for item, key in zip(items, keys, strict=True):
        if key:
            groups[key].append(item)
    doubled = [item for some in groups.values() if len(some) > 1 for item in some]
    remedy = f"Give each its own {what} in the shop: with this one they can't be told apart."
    finding = _finding(f"double_{code}", doubled, f"share a {what} with another", remedy)
    return [finding] if finding is not None else []


def _finding(code: str, items: Sequence[CartItem], problem: str, remedy: str) -> Finding | None:
    if not items:
        return None
    told = f"{len(items):,} item{'s' if len(items) != 1 else ''} {problem}."
    return Finding(code, told, remedy, tuple(item.item_id for item in items), tuple(map(item_label, items[:SHOWN])))


def check_customers(customers: Iterable[CartCustomer]) -> list[Finding]:
    """Faults of the customers: registered ones without an e-mail, or with that of another."""
    registered = [one for one in customers if not one.guest]
    groups: defaultdict[str, list[CartCustomer]] = defaultdict(list)
    for one in registered:
        groups[email_key(one.email)].append(one)
    without = groups.pop("", [])
    doubled = [one for some in groups.values() if len(some) > 1 for one in some]
    found = []
    for code, some, problem, remedy in (
        ("no_email", without, "have no e-mail", "Orders can't find them by it; fill it in in the shop."),
        ("double_email", doubled, "share an e-mail with another", "Merge them in the shop, or link them by hand."),
    ):
        if some:
            told = f"{len(some):,} customer{'s' if len(some) != 1 else ''} {problem}."
            examples = tuple(map(customer_label, some[:SHOWN]))
            found.append(Finding(code, told, remedy, tuple(one.customer_id for one in some), examples))
    return found
