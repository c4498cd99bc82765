"""`cartui reconcile`: compare a cart as a whole with the books, and print the certificate."""

from __future__ import annotations

import argparse
from decimal import Decimal

from cartui.cli import output
from cartui.cli.carts import reconciled_row
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.money import format_amount
from cartui.domain.reconcile import Certificate, Finding, Sum
from cartui.domain.settings import ReconcileWhen
from cartui.errors import ExitCode
from cartui.sync import carts
from cartui.sync.reconcile import DAYS, reconcile
from cartui.sync.reconcile_schedule import note_done
from cartui.sync.workspace import StopRequested

_SHOWN = 10
_REMEDIES = {
    Finding.MISSED: "They were taken over as a cycle would have.",
    Finding.CHANGED: "They were taken over as a cycle would have; `cartui changes` lists those that wait for a person.",
    Finding.GONE: "Nothing was deleted here. `cartui changes` lists those that have a document.",
    Finding.ITEM_CHANGED: "They were taken over as a cycle would have.",
    Finding.ITEM_GONE: "Nothing was deleted here. Unlink them, or make them again in the cart.",
    Finding.STOCK: "They wait in the outbox: what the cart holds is compared before anything is sent.",
}


def run_reconcile(arguments: argparse.Namespace) -> int:
    """Read, compare, settle, print; exit code 4 where something needs a person."""
    if arguments.status:
        return _tell_status(arguments)
    days = None if arguments.all else DAYS if arguments.days is None else arguments.days
    with open_session() as ws, Interrupts() as interrupts:
        try:
            certificate = reconcile(
                ws,
                arguments.name,
                days=days,
                dry_run=arguments.dry_run,
                progress=output.progress,
                stop=interrupts.stop,
            )
        except StopRequested:
            output.words(
                "Interrupted, or the cart was stopped: what was read before is stored. There is no certificate."
            )
            return ExitCode.INTERRUPTED
        if certificate.settled and (days is None or days >= DAYS):
            note_done(ws, certificate, full=days is None)
    if arguments.json:
        output.json_line(certificate_row(certificate))
    else:
        _print(certificate, dry_run=arguments.dry_run)
    return ExitCode.HELD_RECORDS if certificate.needs_person else ExitCode.OK


def _tell_status(arguments: argparse.Namespace) -> int:
    """What is known of the last ones; the cart is not asked."""
    with open_session() as ws:
        view = carts.view_cart(ws, arguments.name)
    settings, status = view.document.settings, view.reconciled
    if arguments.json:
        output.json_line({"cart": arguments.name, **reconciled_row(status)})
        return ExitCode.OK
    for what, on, at, found in (
        (f"daily, {DAYS} days", settings.reconcile is not ReconcileWhen.OFF, status.daily_at, status.daily_found),
        ("weekly, all orders", settings.reconcile_full, status.full_at, status.full_found),
    ):
        told = f"{at:%Y-%m-%d %H:%M} UTC: {found or 'no difference'}" if at else "not yet"
        output.line(f"{what:<20}{'on' if on else 'off':<5}{told}")
    if status.failed_at is not None:
        output.line(f"failed at {status.failed_at:%Y-%m-%d %H:%M} UTC: {status.failure}", "warn")
    return ExitCode.OK


def _print(certificate: Certificate, *, dry_run: bool) -> None:
    span = f"orders changed since {certificate.since:%Y-%m-%d %H:%M} UTC" if certificate.since else "all orders"
    output.line(f"Cart {certificate.cart_name}: {span}, compared {certificate.taken_at:%Y-%m-%d %H:%M} UTC")
    for bucket, count in certificate.buckets.items():
        output.line(f"  {bucket.value:<22}{count:>10,}")
    output.line(f"  {'orders':<22}{certificate.orders:>10,}")
    output.line(f"  {'linked items':<22}{certificate.items:>10,}")
    if certificate.sums:
        output.table_out([_sum_cells(one) for one in certificate.sums])
    for finding, ids in certificate.found.items():
        more = f" and {len(ids) - _SHOWN:,} more (--json lists all)" if len(ids) > _SHOWN else ""
        output.line(f"{len(ids):,} {finding.value}: {', '.join(ids[:_SHOWN])}{more}", "warn")
        if certificate.settled:
            output.line(f"    {_REMEDIES[finding]}")
    if certificate.drifted:
        output.line(f"{certificate.drifted:,} imported orders moved in the cart and wait: `cartui changes`.", "warn")
    output.line(f"sha256 {certificate.digest}")
    if not certificate.settled:
        output.words(
            "Nothing was changed." if dry_run else "The cart is STOPPED: it was only compared, nothing was changed."
        )


def _sum_cells(one: Sum) -> dict[str, object]:
    return {
        "bucket": one.bucket.value,
        "status": one.status or "–",
        "currency": one.currency or "–",
        "orders": one.count,
        "in the cart": _amount(one.total, one.currency),
        "booked": _amount(one.booked, one.currency),
    }


def _amount(amount: Decimal, currency: str) -> str:
    return format_amount(amount, currency) if currency else f"{amount.normalize():f}"


def certificate_row(certificate: Certificate) -> dict[str, object]:
    """The whole certificate as one JSON object; amounts are text."""
    return {
        "cart": certificate.cart_name,
        "since": certificate.since.isoformat() if certificate.since else None,
        "taken_at": certificate.taken_at.isoformat(),
        "settled": certificate.settled,
        "orders": certificate.orders,
        "items": certificate.items,
        "buckets": {bucket.name.lower(): count for bucket, count in certificate.buckets.items()},
        "sums": [
            {
                "bucket": one.bucket.name.lower(),
                "status": one.status,
                "currency": one.currency,
                "count": one.count,
                "total": f"{one.total:f}",
                "booked": f"{one.booked:f}",
            }
            for one in certificate.sums
        ],
        "found": {finding.name.lower(): list(ids) for finding, ids in certificate.found.items()},
        "drifted": certificate.drifted,
        "needs_person": certificate.needs_person,
        "sha256": certificate.digest,
    }
