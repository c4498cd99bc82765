"""Comparing a cart with the books, id by id and hash by hash: every order in exactly one bucket, and a certificate that
says so (DESIGN rule 7, FEATURES N06). Pure.

Polling finds what a cart says has changed; the dates of carts lie. So the same span is read as a whole now and then,
and what is found is told apart by what polling would still have seen by itself: `horizon` is the moment from which the
next cycle reads. What lies before it and is not here as it is there was lost to polling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from cartui.domain.fingerprint import UnstorableTextError, fingerprint, fingerprint_raw
from cartui.domain.ids import CartId
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import Counts, RecordState
from cartui.domain.ports import BadRecord, Received
from cartui.domain.records import CartOrder

GONE_REASON: Final = "no longer in the cart"
GONE_REMEDY: Final = "It was deleted there. Look at its document: void it if it is off."
GONE_ITEM_REMEDY: Final = "It was deleted there. Unlink the item, or make it again in the cart."


class Bucket(StrEnum):
    """Where an order stands; each is in exactly one."""

    IMPORTED = "imported"
    BEFORE_START = "before the start date"
    LEFT_ALONE = "left alone by rule"
    WAITING = "waiting"
    HELD = "held"
    GONE = "gone from the cart"


class Finding(StrEnum):
    """What was not as it should be."""

    MISSED = "orders that polling missed"
    CHANGED = "orders that changed without their date"
    GONE = "orders that are gone from the cart"
    ITEM_CHANGED = "items that changed without their date"
    ITEM_GONE = "linked items that are gone from the cart"
    STOCK = "items whose stock in the cart is not what was sent"


def compare_order(
    known: CartRecord | None, row: Received[CartOrder], orders_from: datetime, horizon: datetime | None
) -> Finding | None:
    """What is wrong with one order of the cart; None: it is here as it is there, or polling will see to it."""
    passed = horizon is not None and row.stamp is not None and row.stamp < horizon
    if known is None:
        return Finding.MISSED if passed and not is_before(row, orders_from) else None
    if known.fingerprint in ("", content_of(row)):
        return None  # without one it is held to be compared afresh each time
    return Finding.CHANGED if passed or row.stamp == known.stamp else None


def is_before(row: Received[CartOrder], orders_from: datetime) -> bool:
    """Placed before Last Order from; a record that can't be read is not."""
    return isinstance(row.record, CartOrder) and row.record.placed_at < orders_from


def content_of(row: Received[Any]) -> str:
    """The fingerprint by which a row is remembered, whether or not it could be read."""
    try:
        return fingerprint_raw(row) if isinstance(row.record, BadRecord) else fingerprint(row.record)
    except UnstorableTextError:
        return fingerprint_raw(row)


def bucket_of(record: CartRecord | None, *, before_start: bool) -> Bucket:
    """By what is remembered of an order that the cart has; None: nothing is, because its cart takes none by itself."""
    if before_start and (record is None or record.our_id is None):
        return Bucket.BEFORE_START
    return Bucket.LEFT_ALONE if record is None else _BUCKETS[record.state]


_BUCKETS: Final[Mapping[RecordState, Bucket]] = {
    RecordState.IMPORTED: Bucket.IMPORTED,
    RecordState.CHANGED: Bucket.IMPORTED,
    RecordState.LINKED: Bucket.IMPORTED,
    RecordState.SKIPPED: Bucket.LEFT_ALONE,
    RecordState.STAGED: Bucket.WAITING,
    RecordState.HELD: Bucket.HELD,
}


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in the certificate. `total` as the cart says; `booked`: of its document, None where there is none."""

    bucket: Bucket
    status: str
    currency: str
    total: Decimal | None
    booked: Decimal | None

    def packed(self) -> str:
        """As one text: a span may hold a million of them."""
        amounts = ("" if one is None else f"{one.normalize():f}" for one in (self.total, self.booked))
        return "\x1f".join((self.bucket.value, self.status, self.currency, *amounts))

    @staticmethod
    def unpacked(text: str) -> OrderLine:
        bucket, status, currency, total, booked = text.split("\x1f")
        return OrderLine(
            Bucket(bucket), status, currency, Decimal(total) if total else None, Decimal(booked) if booked else None
        )


@dataclass(frozen=True, slots=True)
class Sum:
    """All orders of one bucket, status and currency: how many, what the cart says of them and what is booked."""

    bucket: Bucket
    status: str
    currency: str
    count: int
    total: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted while reading; packed lines of orders by id, ids of findings."""

    orders: dict[str, str] = field(default_factory=dict)
    found: dict[Finding, dict[str, None]] = field(default_factory=dict)

    def put(self, external_id: str, line: OrderLine) -> None:
        """The last word on an order that came twice counts."""
        self.orders[external_id] = line.packed()

    def find(self, finding: Finding | None, external_id: str) -> None:
        """Note one; None is nothing."""
        if finding is not None:
            self.found.setdefault(finding, {})[external_id] = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """The result of one reconcile.

    since     the span reads orders changed from here on (UTC); None: every order
    settled   False: it was only compared (dry run, or the cart is STOPPED)
    counts    outcomes of the orders, as of a cycle
    drifted   imported orders that wait for a person because they moved; gone_open: gone ones whose document is not VOID
    digest    SHA-256 over every order's line, sorted by id, and all the numbers: the same data gives the same digest
    """

    cart_id: CartId
    cart_name: str
    since: datetime | None
    taken_at: datetime
    settled: bool
    orders: int
    buckets: Mapping[Bucket, int]
    sums: tuple[Sum, ...]
    found: Mapping[Finding, tuple[str, ...]]
    items: int
    counts: Counts
    drifted: int
    gone_open: int
    digest: str

    @property
    def needs_person(self) -> bool:
        """Something is held, moved or gone; or was only found and not settled."""
        standing = self.buckets.get(Bucket.HELD, 0) + self.drifted + self.gone_open
        return bool(standing or self.found.get(Finding.ITEM_GONE) or (self.found and not self.settled))


@dataclass(frozen=True, slots=True)
class ReconcileStatus:
    """When a cart was last compared with the books (aware UTC; None: never), and what was found ("": no difference).

    A full one counts as a small one, too. `failed_at`: when the last try came to nothing, and why; None once one did.
    """

    daily_at: datetime | None = None
    daily_found: str = ""
    full_at: datetime | None = None
    full_found: str = ""
    failed_at: datetime | None = None
    failure: str = ""


def sum_up(tally: Tally) -> tuple[Sum, ...]:
    """Counts and totals by bucket, status and currency, in a fixed order."""
    sums: dict[tuple[str, str, str], tuple[int, Decimal, Decimal]] = {}
    zero = Decimal(0)
    for text in tally.orders.values():
        line = OrderLine.unpacked(text)
        key = (line.bucket.value, line.status, line.currency)
        count, total, booked = sums.get(key, (0, zero, zero))
        sums[key] = (count + 1, total + (line.total or zero), booked + (line.booked or zero))
    return tuple(Sum(Bucket(key[0]), key[1], key[2], *sums[key]) for key in sorted(sums))


def count_buckets(sums: tuple[Sum, ...]) -> dict[Bucket, int]:
    """Every bucket, the empty ones too."""
    return {bucket: sum(one.count for one in sums if one.bucket is bucket) for bucket in Bucket}


def digest_of(cart_name: str, since: datetime | None, taken_at: datetime, tally: Tally, items: int) -> str:
    """SHA-256 over all that a certificate rests on."""
    hashed = sha256()
    span = "all" if since is None else since.isoformat()
    hashed.update(f"{cart_name}\n{span}\n{taken_at.isoformat()}\n{items}\n".encode())
    for external_id in sorted(tally.orders):
        hashed.update(f"{external_id}\x1f{tally.orders[external_id]}\n".encode())
    for finding in Finding:
        for one in sorted(tally.found.get(finding, ())):
            hashed.update(f"{finding.value}\x1f{one}\n".encode())
    return hashed.hexdigest()


def words_of(certificate: Certificate) -> str:
    """What was found, as one sentence part: "3 orders that polling missed; 1 …"; "" for nothing."""
    return "; ".join(f"{len(ids):,} {finding}" for finding, ids in certificate.found.items())
