"""What the fake Shopify is made of: its published schema, and values as Shopify writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLSchema, build_schema, parse, validate

SAMPLES = Path(__file__).with_name("samples") / "shopify"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN, CLIENT_ID, CLIENT_SECRET = "shpat_0123456789abcdef", "client-0123", "shpss_fedcba9876543210"
SCOPES = (
    "read_orders",
    "read_all_orders",
    "read_products",
    "write_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_customers",
    "write_customers",
    "write_merchant_managed_fulfillment_orders",
)
HOME, DEPOT = "gid://shopify/Location/11", "gid://shopify/Location/12"
PLACES = {"JPY": 0, "KWD": 3}
Row = dict[str, Any]
TERM = re.compile(r"(\w+):\s*(>=|<=|>|<)?('[^']*'|\"(?:\\.|[^\"\\])*\"|[^\s]*)")


@lru_cache
def published(version: str) -> GraphQLSchema:
    """The trimmed schema of a version, or of the one kept that is next before it."""
    kept = sorted(path.stem.removeprefix("admin_") for path in SAMPLES.glob("admin_*.graphql"))
    found = max((one for one in kept if one <= version), default=kept[0])
    return build_schema(SAMPLES.joinpath(f"admin_{found}.graphql").read_text(encoding="utf-8"))


@lru_cache
def understood(version: str, document: str) -> tuple[GraphQLSchema, DocumentNode, tuple[str, ...]]:
    """The schema, the document, and what is wrong with it."""
    schema, parsed = published(version), parse(document)
    return schema, parsed, tuple(error.message for error in validate(schema, parsed))


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def written(amount: Decimal) -> str:
    """As Shopify writes amounts: without needless zeros, but always with a decimal."""
    text = f"{amount.normalize():f}"
    return text if "." in text else f"{text}.0"


def bag(amount: Decimal | int | str, currency: str = "EUR") -> Row:
    """`MoneyBag`: what the customer saw, and its conversion to the shop's euros."""
    seen = Decimal(amount)
    shop = seen if currency == "EUR" else (seen / 3).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return {
        "presentmentMoney": {"amount": written(seen), "currencyCode": currency},
        "shopMoney": {"amount": written(shop), "currencyCode": "EUR"},
    }


def tax(amount: Decimal, currency: str, rate: int = 20, title: str = "VAT") -> Row:
    return {"title": title, "ratePercentage": float(rate), "priceSet": bag(amount, currency)}


def discount(amount: Decimal, currency: str, index: int = 0, code: str = "WELCOME") -> Row:
    kind = {"__typename": "DiscountCodeApplication", "code": code}
    if not code:
        kind = {"__typename": "AutomaticDiscountApplication", "title": "Three for two"}
    return {"allocatedAmountSet": bag(amount, currency), "discountApplication": {"index": index, **kind}}


def error_row(message: str, code: str, path: Any = None) -> Row:
    return {"message": message, "extensions": {"code": code}} | ({"path": list(path)} if path else {})
