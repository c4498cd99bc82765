"""Baskets (Cart): the shoppers' unfinished baskets, to look at and to work on (S100-S112)."""

from __future__ import annotations

from typing import ClassVar

from cartui.domain.ids import RecordKind
from cartui.domain.ports import Capability
from cartui.screens.basket import BasketScreen
from cartui.screens.list_sides import CartListScreen


class CartBasketsScreen(CartListScreen):
    """Baskets of the cart; the only thing to do with a row is to open it (S108)."""

    NUMBER: ClassVar[int] = 8
    KIND: ClassVar[RecordKind] = RecordKind.BASKET
    NOUN: ClassVar[str] = "basket"
    READS: ClassVar[Capability | None] = Capability.READ_BASKETS
    MARKABLE: ClassVar[bool] = False
    EMPTY: ClassVar[str] = "Press l to list all baskets of the cart."
    ABOUT: ClassVar[str] = (
        "What shoppers have put into their baskets and not ordered. Status is the cart's word: open, lost, expired, "
        "purchased. Step is ours: open, contacted, abandoned, converted; the two never mix. Enter opens a basket: "
        "there it is read afresh, can be made an order, and keeps notes, calls and tasks."
    )

    def open_row(self, key: str) -> None:
        self.app.push_screen(BasketScreen(self.cart_name, key), lambda _: self._look_again(key))

    def _look_again(self, key: str) -> None:
        self.show_changes({RecordKind.BASKET: [key]})
