"""The demo shop's 200 registered customers and its guests. Deterministic by seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from cartui.demo.hostile import HOSTILE_TEXTS
from cartui.demo.wire import Row, render_time

CUSTOMER_COUNT = 200

_FIRST = ("Ada", "Ben", "Chiara", "Dmitri", "Elif", "Fatima", "Gösta", "Hana", "Iñigo", "Jun", "Kofi", "Léa", "Mei")
_LAST = ("Okafor", "Müller", "Rossi", "Tanaka", "Smith", "O'Brien", "Nguyễn", "Al-Sabah", "Jensen", "García", "D’Arc")
_PLACES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "DE": (("Hamburg", "", "20095"), ("Köln", "", "50667")),
    "FR": (("Lyon", "", "69002"), ("Nice", "", "06000")),
    "US": (("Austin", "TX", "78701"), ("Boston", "MA", "02108")),
    "JP": (("大阪市", "大阪府", "530-0001"), ("Kyoto", "Kyoto", "600-8216")),
    "KW": (("Kuwait City", "", "13001"),),
}


def build_address(random: Random, country: str, name: str, company: str | None = None) -> Row:
    """A postal address in one of the countries the shop sells to."""
    city, region, postcode = random.choice(_PLACES[country])
    return {
        "name": name,
        "company": company,
        "street1": f"{random.randint(1, 250)} Market Street",
        "street2": None if random.random() < 0.8 else f"Floor {random.randint(1, 9)}",
        "city": city,
        "region": region or None,
        "postcode": postcode,
        "country": country,
        "phone": None if random.random() < 0.5 else f"+{random.randint(1, 99)} {random.randint(10**6, 10**8)}",
    }


def build_customer(random: Random, number: int, moment: datetime) -> Row:
    """A new customer, created and last changed at ``moment``."""
    first, last = random.choice(_FIRST), random.choice(_LAST)
    company = f"{last} & {random.choice(_LAST)} Ltd" if random.random() < 0.2 else None
    country = random.choice(tuple(_PLACES))
    return {
        "customer_id": f"cus-{1000 + number}",
        "email": f"buyer{number:03d}@example.com",
        "first_name": first,
        "last_name": last,
        "company": company,
        "phone": None if random.random() < 0.6 else f"+49 40 {random.randint(10**5, 10**7)}",
        "tax_number": f"DE{random.randint(10**8, 10**9 - 1)}" if company else None,
        "addresses": [
            build_address(random, country, f"{first} {last}", company) for _ in range(random.choice((0, 1, 1, 1, 2)))
        ],
        "external_key": None,
        "version": 1,
        "created_at": render_time(moment),
        "modified_at": render_time(moment),
    }


def build_customers(random: Random, now: datetime) -> list[Row]:
    """Exactly ``CUSTOMER_COUNT`` customer rows, changed before ``now``."""
    customers = []
    for number in range(1, CUSTOMER_COUNT + 1):
        created = now - timedelta(microseconds=random.randint(86_400_000_000, 300 * 86_400_000_000))
        customer = build_customer(random, number, created)
        if random.random() < 0.3:
            customer["modified_at"] = render_time(now - timedelta(microseconds=random.randint(1, 86_400_000_000)))
        customers.append(customer)
    for customer, text in zip(customers[50:], HOSTILE_TEXTS, strict=False):
        customer["last_name"] = text
        for address in customer["addresses"]:
            address["name"] = text
            address["street1"] = text
    customers[5]["first_name"], customers[5]["last_name"], customers[5]["company"] = "", "", None
    return customers


def buyer_of(customer: Row) -> Row:
    """The buyer block of an order for a registered customer."""
    shown = ("customer_id", "email", "first_name", "last_name", "company", "phone", "tax_number")
    return {"guest": False} | {field: customer[field] for field in shown}


def build_guest(random: Random, customers: Sequence[str]) -> Row:
    """The buyer block of an order without an account; one in four uses the e-mail address of a customer."""
    email = f"guest{random.randint(1, 400):03d}@example.org"
    if random.random() < 0.25:
        email = random.choice(customers)
    return {
        "guest": True,
        "customer_id": None,
        "email": email,
        "first_name": random.choice(_FIRST),
        "last_name": random.choice(_LAST),
        "company": None,
        "phone": None,
        "tax_number": None,
    }
