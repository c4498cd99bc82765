"""How the demo shop turns a basket into an order: market, prices, discounts, shipping, fees, tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from cartui.demo.people import build_address
from cartui.demo.pricing import (
    EXPONENTS,
    DraftLine,
    PricedLines,
    parse_minor,
    parse_tenths,
    price_lines,
    render_amount,
    round_half_up,
)
from cartui.demo.wire import Row, render_time


@dataclass(frozen=True, slots=True)
class Market:
    """Where and how a group of shoppers is charged. ``factor``/``divisor``: euro cents to minor units of ``currency``;
    prices are multiples of ``step`` minor units; rates in thousandths of a percent by the item's tax class."""

    currency: str
    countries: tuple[str, ...]
    gross: bool
    standard: int
    reduced: int
    factor: int
    divisor: int
    step: int = 1

    def price(self, cents: int) -> int:
        """A euro price in minor units of this market's currency."""
        return round_half_up(cents * self.factor, self.divisor * self.step) * self.step


MARKETS = (
    Market("EUR", ("DE",), True, 19_000, 7_000, 1, 1),
    Market("EUR", ("FR",), True, 20_000, 5_500, 1, 1),
    Market("USD", ("US",), False, 8_875, 0, 108, 100),
    Market("JPY", ("JP",), True, 10_000, 8_000, 16, 10, 10),
    Market("KWD", ("KW",), False, 5_000, 0, 33, 10),
)
_WEIGHTS = (50, 15, 20, 10, 5)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One item put into the basket, in tenths of its unit."""

    item: Row
    tenths: int


def pick_market(random: Random) -> Market:
    """A market, as often as the shop sells there."""
    return random.choices(MARKETS, _WEIGHTS)[0]


def build_order(
    random: Random, number: int, placed_at: datetime, market: Market, *, buyer: Row, purchases: Sequence[Purchase]
) -> Row:
    """A freshly placed order, awaiting payment. The caller moves it on (cartui.demo.lifecycle)."""
    drafts = _draft_lines(random, market, purchases)
    priced = price_lines(drafts, market.currency, gross=market.gross, tax_on_total=random.random() < 0.5)
    country = random.choice(market.countries)
    name = f"{buyer['first_name']} {buyer['last_name']}".strip() or buyer["email"]
    shipping = build_address(random, country, name, buyer["company"])
    method = random.choice(("Standard parcel", "Express", "Letter"))
    billing = shipping if random.random() < 0.8 else build_address(random, country, name)
    row = _render_order(number, placed_at, market, buyer, priced, method)
    return row | {"billing_address": billing, "shipping_address": shipping}


def build_order_of_basket(number: int, placed_at: datetime, basket: Row, items: Mapping[str, Row], home: Row) -> Row:
    """The order of a shopper's basket, at the prices that the basket shows, sent to their first address. `items`: the
    basket's by id; `home`: the customer's row."""
    market = market_of(basket["currency"], gross=basket["prices_include_tax"])
    exponent = EXPONENTS[market.currency]
    drafts = []
    for line in basket["lines"]:
        rate = market.reduced if items[line["item_id"]]["tax_class"] == "reduced" else market.standard
        price, tenths = parse_minor(line["unit_price"], exponent), parse_tenths(line["quantity"])
        drafts.append(DraftLine("product", line["name"], price, tenths, rate, line["item_id"], line["sku"]))
    drafts.append(DraftLine("shipping", "Shipping", market.price(495), rate=market.standard))
    priced = price_lines(drafts, market.currency, gross=market.gross, tax_on_total=False)
    address = home["addresses"][0] if home["addresses"] else None
    row = _render_order(number, placed_at, market, basket["buyer"], priced, "Standard parcel")
    return row | {"billing_address": address, "shipping_address": address}


def market_of(currency: str, *, gross: bool) -> Market:
    """A market that charges so."""
    return next(one for one in MARKETS if one.currency == currency and one.gross == gross)


def _render_order(
    number: int, placed_at: datetime, market: Market, buyer: Row, priced: PricedLines, method: str
) -> Row:
    moment = render_time(placed_at)
    return {
        "order_id": f"ord-{10_000 + number}",
        "order_number": f"DS-{placed_at.year}-{10_000 + number}",
        "placed_at": moment,
        "modified_at": moment,
        "status": "awaiting-payment",
        "order_state": "open",
        "payment_state": "pending",
        "fulfilment_state": "unfulfilled",
        "currency": market.currency,
        "prices_include_tax": market.gross,
        "total": render_amount(priced.total, EXPONENTS[market.currency]),
        "lines": priced.lines,
        "taxes": priced.taxes,
        "payments": [],
        "refunds": [],
        "shipments": [],
        "shipping_method": method,
        "buyer": buyer,
        "billing_address": None,
        "shipping_address": None,
        "note": None,
        "parent_id": None,
        "tags": [tag for tag, every in (("wholesale", 20), ("gift", 35)) if number % every == 0],
        "customer_group": "Guests" if buyer["guest"] else "Business" if buyer["company"] else "Retail",
    }


def _draft_lines(random: Random, market: Market, purchases: Sequence[Purchase]) -> list[DraftLine]:
    drafts = [_product_line(market, purchase) for purchase in purchases]
    if random.random() < 0.2:
        drafts += _coupon_lines(drafts, random.choice((5, 10, 15)))
    elif random.random() < 0.1:
        drafts.append(_voucher_line(market, drafts))
    if random.random() < 0.85:
        cents = random.choice((390, 495, 990))
        drafts.append(DraftLine("shipping", "Shipping", market.price(cents), rate=market.standard))
    if random.random() < 0.12:
        drafts.append(DraftLine("fee", "Cash on delivery", market.price(200), rate=market.standard))
    if random.random() < 0.04:
        drafts.append(DraftLine("tip", "Tip for the packers", market.price(100)))
    chance = random.random()
    if chance < 0.05:
        drafts.append(_redeemed_line(market, drafts, "gift_card", "Gift card GC-7788", market.price(2500)))
    elif chance < 0.08:
        drafts.append(_redeemed_line(market, drafts, "store_credit", "Store credit", market.price(730)))
    return drafts


def _product_line(market: Market, purchase: Purchase) -> DraftLine:
    item = purchase.item
    rate = market.reduced if item["tax_class"] == "reduced" else market.standard
    price = market.price(parse_minor(item["price"], 2))
    return DraftLine("product", item["name"], price, purchase.tenths, rate, item["item_id"], item["sku"])


def _coupon_lines(drafts: Sequence[DraftLine], percent: int) -> list[DraftLine]:
    """A percentage off the goods: one negative line per tax rate, so that each rate's base is right."""
    by_rate: dict[int, int] = {}
    for draft in drafts:
        by_rate[draft.rate or 0] = by_rate.get(draft.rate or 0, 0) + round_half_up(draft.unit * draft.tenths, 10)
    return [
        DraftLine("coupon", f"Coupon WELCOME{percent}", -round_half_up(amount * percent, 100), rate=rate)
        for rate, amount in by_rate.items()
    ]


def _voucher_line(market: Market, drafts: Sequence[DraftLine]) -> DraftLine:
    """A fixed sum off the first line's rate, never more than that line is worth."""
    worth = round_half_up(drafts[0].unit * drafts[0].tenths, 10)
    return DraftLine("discount", "Loyalty discount", -min(worth, market.price(500)), rate=drafts[0].rate)


def _redeemed_line(market: Market, drafts: Sequence[DraftLine], kind: str, name: str, worth: int) -> DraftLine:
    """A gift card or credit: outside of tax, and never more than there is to pay."""
    so_far = price_lines(drafts, market.currency, gross=market.gross, tax_on_total=False).total
    return DraftLine(kind, name, -min(worth, max(1, so_far - 1)))
