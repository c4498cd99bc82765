"""The demo shop's 300 sellable items: variants, awkward SKUs, untracked stock, hostile names. Deterministic by seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from cartui.demo.hostile import HOSTILE_TEXTS
from cartui.demo.pricing import render_amount
from cartui.demo.wire import Row, render_time

ITEM_COUNT = 300
BASE_CURRENCY = "EUR"

_ADJECTIVES = ("Harbour", "Meadow", "Copper", "Winter", "Paper", "Olive", "Sunday", "Granite", "Cotton", "Cedar")
_NOUNS = ("Mug", "Shirt", "Lamp", "Notebook", "Basket", "Blanket", "Candle", "Jar", "Bag", "Book", "Tea", "Clock")
_COLOURS = ("Blue", "Red", "Sand", "Black", "Green")
_SIZES = ("S", "M", "L", "XL")
_REDUCED = frozenset({"Book", "Notebook", "Tea"})


@dataclass(frozen=True, slots=True)
class _Parent:
    """A product as shoppers see it; its variants are the items. ``options`` is empty for a product without variants."""

    number: int
    name: str
    code: str
    options: tuple[tuple[str, str], ...]
    price: int
    tax_class: str


def build_items(random: Random, now: datetime) -> list[Row]:
    """Exactly ``ITEM_COUNT`` item rows, created and changed before ``now``."""
    items: list[Row] = []
    for parent in _parents(random):
        for position in range(max(1, len(parent.options))):
            if len(items) == ITEM_COUNT:
                break
            items.append(_build_item(random, now, parent, position, len(items) + 1))
        if len(items) == ITEM_COUNT:
            break
    _make_awkward(items)
    return items


def _parents(random: Random) -> Iterator[_Parent]:
    number = 0
    while True:
        for noun in _NOUNS:
            number += 1
            adjective = _ADJECTIVES[(number * 7 + number // len(_NOUNS)) % len(_ADJECTIVES)]
            options: tuple[tuple[str, str], ...] = ()
            if noun == "Shirt":
                colour = random.choice(_COLOURS)
                options = tuple((colour, size) for size in _SIZES)
            elif random.random() < 0.4:
                options = tuple((colour, "") for colour in random.sample(_COLOURS, random.randint(2, 4)))
            tax_class = "reduced" if noun in _REDUCED else "standard"
            price = random.randint(3, 120) * 100 - random.choice((0, 1, 5, 10, 50))
            code = f"{adjective[:2]}{noun[:2]}".upper() + f"{number:03d}"
            yield _Parent(number, f"{adjective} {noun}", code, options, price, tax_class)


def _build_item(random: Random, now: datetime, parent: _Parent, position: int, number: int) -> Row:
    colour, size = parent.options[position] if parent.options else ("", "")
    options = [{"name": name, "value": value} for name, value in (("Colour", colour), ("Size", size)) if value]
    suffix = "".join(f"-{value[:3].upper()}" for value in (colour, size) if value)
    created = now - timedelta(seconds=random.randint(200 * 86_400, 400 * 86_400))
    modified = now - timedelta(microseconds=random.randint(60_000_000, 120 * 86_400_000_000))
    return {
        "item_id": f"itm-{1000 + number}",
        "parent_id": f"prd-{1000 + parent.number}" if parent.options else None,
        "parent_name": parent.name if parent.options else None,
        "name": " ".join(part for part in (parent.name, colour, size) if part),
        "options": options,
        "sku": parent.code + suffix,
        "barcode": f"40{random.randint(0, 10**10 - 1):010d}" if random.random() < 0.7 else None,
        "description": None,
        "price": render_amount(parent.price, 2),
        "currency": BASE_CURRENCY,
        "tax_class": parent.tax_class,
        "stock": str(random.choice((0, 1, 3, 8, 25, 60, 140))),
        "reserved": None,
        "active": True,
        "external_key": None,
        "version": 1,
        "created_at": render_time(created),
        "modified_at": render_time(modified),
    }


def _make_awkward(items: list[Row]) -> None:
    """What real catalogues hold: no SKU, the same SKU twice, SKUs that differ in case or a blank, no stock kept."""
    for item in items[20:32]:
        item["sku"] = None
    for position in range(40, 52, 2):
        items[position + 1]["sku"] = items[position]["sku"]
    items[61]["sku"] = str(items[60]["sku"]).lower()
    items[63]["sku"] = f"{items[62]['sku']} "
    items[64]["sku"] = "0012"
    items[65]["sku"] = "12"
    items[66]["sku"] = "SLASH/AND SPACE #1 100%"
    for item in items[70:85]:
        item["stock"] = None
    for item in items[90:98]:
        item["active"] = False
    items[99]["name"], items[99]["stock"] = "Linen by the metre", "37.5"
    for item in items[110:114]:
        item["modified_at"] = items[110]["modified_at"]
    for item, text in zip(items[120:], HOSTILE_TEXTS, strict=False):
        item["name"] = text
        item["parent_name"] = None if item["parent_id"] is None else text
        item["description"] = text
    for item, text in zip(
        items[160:168], ("=1+1", "[/x]", "\x1b[31mA", "\u202eB", "A,B;C", '"Q"', "\u00c4-1", "-9"), strict=True
    ):
        item["sku"] = text
