"""Hostile text in every name that a shop sends, drawn on every screen: no control byte reaches the terminal, nothing
crashes, and no text is taken for markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

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


# JSON can't carry a lone surrogate and the books take no NUL: adapters replace both before anything is drawn.
TEXTS = [
    text for text in HOSTILE_TEXTS if text.strip() and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
]
FIELDS = 9


def hostile_shop(shop: MemoryShop) -> int:
    """Every text somewhere: each record takes the next nine for its fields. How many records of a kind there are."""
    count = -(-len(TEXTS) // FIELDS)
    for number in range(count):
        at = shop.clock() - timedelta(minutes=number)
        a, b, c, d, e, f, g, h, i = (TEXTS[(number * FIELDS + n) % len(TEXTS)] for n in range(FIELDS))
        order = samples.order(number, at)
        shop.put_order(
            replace(
                order,
                order_number=a,
                native_status=b,
                note=c,
                shipping_method=d,
                buyer=Buyer(None, e, f, g, h, i, a),
                billing_address=Address(a, b, c, d, e, f, g, "GB", h),
                shipping_address=Address(i, h, g, f, e, d, c, "GB", b),
                lines=tuple(
                    replace(one, text=text, sku=a) for one, text in zip(order.lines, (f, g, h, i), strict=True)
                ),
                payments=(Payment(a, order.total, PaymentState.PAID, b, c),),
            )
        )
        shop.put_item(samples.item(number, at, name=a, sku=b, variant=c, barcode=d))
        shop.put_customer(samples.customer(number, at, first_name=e, last_name=f, company=g, email=h))
    return count


def check(app: CartuiApp, where: str) -> None:
    """Nothing forbidden in what is drawn, no line wider than the screen, and no bug was told."""
    for line in lines(app):
        assert not forbidden_in(line), (where, line)
        assert cell_len(line) <= app.size.width, (where, line)
    assert not app.ws.home.joinpath("cartui-errors.log").exists(), where


@pytest.mark.slow
async def test_every_tab_draws_hostile_names(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """All lists, after a cycle, to the end and to their last columns."""
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
            await pilot.press(*["right"] * 8)
            await settle(pilot)
            check(app, f"tab {number}, scrolled")


@pytest.mark.slow
async def test_every_page_draws_hostile_names(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Plans, reports, documents and records with such names, to their ends."""
    ready_cart(ws)
    count = hostile_shop(shop)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for keys in ("6lac", "7lac", "5laI"):
            await press(pilot, *keys)
            check(app, "plan")
            await press(pilot, "y")
            check(app, "report")
            await press(pilot, "q")
            check(app, "after it")
        assert ws.books.documents.count() == count
        for number, rows in (("2", count), ("3", 5), ("4", 5), ("5", 5), ("6", 5), ("7", 5), ("0", 5)):
            await press(pilot, number)
            for _ in range(rows):
                await press(pilot, "enter")
                check(app, f"page of tab {number}")
                await press(pilot, "G")
                check(app, f"end of page of tab {number}")
                await press(pilot, "q", "j")
