"""Of the pieces on an order that waits, those that have left: the cart keeps them no more, on hand still has them."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = ("ALTER TABLE open_order_piece ADD COLUMN gone {int} NOT NULL DEFAULT 0",)
