"""The stock number of an item in a cart, as rows that add up (N11)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from cartui.domain.documents import Item
from cartui.domain.ids import ItemCode, ItemId
from cartui.domain.plan_stock import ItemRule, Sold, StockGround, Told, stock_to_send
from cartui.domain.ports import StockMeaning
from cartui.domain.settings import CartSettings
from cartui.screens.stock_proof import stock_lines
from cartui.sync.outbox_rows import StockProof

D = Decimal
MUG = Item(ItemId(1), ItemCode("MUG"), "Mug", on_hand=D(20), allocated=D(3))


def told(item: Item, seen: Told = Told()) -> list[str]:  # noqa: B008  a frozen value
    ground = StockGround(item, Sold(pending=D(4)))
    arithmetic = stock_to_send(ground, CartSettings(stock_buffer=D(2)), StockMeaning.FREE)
    proof = StockProof(item, arithmetic, ItemRule(), seen, None)
    return ["".join(text for text, _ in line).rstrip() for line in stock_lines(proof, 78)]


def test_every_term_has_a_row_and_the_last_sending_its_time() -> None:
    """What is zero has none; the sum stands below."""
    at = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    lines = "\n".join(told(MUG, Told(D(12), at, D(11), at)))
    rows = [line.split() for line in lines.splitlines()]
    assert ["on", "hand", "20"] in rows
    assert ["allocated", "-", "3"] in rows
    assert ["on", "PENDING", "documents", "-", "4"] in rows
    assert ["buffer", "-", "2"] in rows
    assert ["=", "send", "11"] in rows
    assert "orders that wait" not in lines
    assert "12  2026-11-21" in lines
    assert "11  2026-11-21" in lines


def test_blank_says_why_nothing_is_sent() -> None:
    """And that nothing was ever sent."""
    lines = "\n".join(told(Item(ItemId(1), ItemCode("MUG"), "Mug")))
    assert "never stated" in lines
    assert lines.count("never\n") + lines.endswith("never") == 2
