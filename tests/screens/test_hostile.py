"""Hostile text in every name that a shop sends, drawn on every screen: no control byte reaches the terminal, nothing
crashes, and no text is taken for markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.records import Address, Buyer, Payment, PaymentState
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from tests.domain.hostile import HOSTILE_TEXTS, forbidden_in
from tests.screens.lists import NAME, press, ready_cart
from tests.screens.terminal import lines, settle

Make = Callable[..., CartuiApp]


def hostile_shop(shop: MemoryShop) -> int:
    """Each text in every field of an order, an item and a customer; how many there are."""
    # JSON can't carry a lone surrogate, so no cart can send one; they are drawn in the tests of the table.
    texts = [text for text in HOSTILE_TEXTS if text.strip() and not any("\ud800" <= char <= "\udfff" for char in text)]
    for number, text in enumerate(texts):
        at = shop.clock() - timedelta(minutes=number)
        order = samples.order(number, at)
        address = Address(text, text, text, text, text, text, text, "GB", text)
        shop.put_order(
            replace(
                order,
                order_number=text,
                native_status=text,
                note=text,
                shipping_method=text,
                buyer=Buyer(None, text, text, text, text, text, text),
                billing_address=address,
                shipping_address=replace(address, street2="x"),
                lines=tuple(replace(one, text=text, sku=text) for one in order.lines),
                payments=(Payment(text, order.total, PaymentState.PAID, text, text),),
            )
        )
        shop.put_item(samples.item(number, at, name=text, sku=text, variant=text, barcode=text))
        shop.put_customer(samples.customer(number, at, first_name=text, last_name=text, company=text, email=text))
    return len(texts)


def check(app: CartuiApp, where: str) -> None:
    """Nothing forbidden in what is drawn, and no line wider than the screen."""
    for line in lines(app):
        assert not forbidden_in(line), (where, line)


@pytest.mark.slow
async def test_every_tab_draws_hostile_names(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """All lists, page by page, at both ends."""
    ready_cart(ws)
    count = hostile_shop(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for number in "23456789":
            await press(pilot, number, *(["l"] if number in "567" else []))
            for _ in range(count // 30 + 1):
                check(app, f"tab {number}")
                await press(pilot, "pagedown")
            await press(pilot, "right", "right", "right", "right", "right", "right", "right")
            check(app, f"tab {number}, scrolled")


@pytest.mark.slow
async def test_every_page_draws_hostile_names(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """A document, a record, an item, a plan and its report with such names, to their ends."""
    ready_cart(ws)
    count = hostile_shop(shop)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "6", "l", "a", "c")
        check(app, "plan")
        await press(pilot, "y")
        check(app, "report")
        await press(pilot, "q", "5", "l", "a", "I", "y", "q")
        check(app, "after the import")
        for number in "23567":
            await press(pilot, number, "g")
            for _ in range(0, count, 4):
                await press(pilot, "enter")
                check(app, f"page of tab {number}")
                await press(pilot, "G")
                check(app, f"end of page of tab {number}")
                await press(pilot, "q", "j", "j", "j", "j")
