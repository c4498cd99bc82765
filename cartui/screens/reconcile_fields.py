"""The rows of the Auto-sync tab that say when a cart is compared as a whole, and what the last one found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from cartui.domain.reconcile import ReconcileStatus
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import CartSettings, ReconcileWhen
from cartui.screens.times import show_time
from cartui.widgets.fields import Field, SwitchField


def reconcile_fields() -> Iterator[Field]:
    """A switch for each."""
    yield SwitchField(
        "reconcile",
        "Reconcile daily",
        "The orders of 30 days and the linked items are compared as a whole, once a day.",
    )
    yield SwitchField(
        "reconcile_full",
        "Reconcile all weekly",
        "All orders since the first Last Order from are compared, once a week.",
    )


def reconcile_values(settings: CartSettings) -> dict[str, str]:
    """What the fields show."""
    return {
        "reconcile": "no" if settings.reconcile is ReconcileWhen.OFF else "yes",
        "reconcile_full": "yes" if settings.reconcile_full else "no",
    }


def typed_reconcile(settings: CartSettings, values: Mapping[str, str]) -> CartSettings:
    """The settings with what was typed."""
    daily = ReconcileWhen.DAILY if values["reconcile"] == "yes" else ReconcileWhen.OFF
    return replace(settings, reconcile=daily, reconcile_full=values["reconcile_full"] == "yes")


def reconcile_parts(status: ReconcileStatus) -> list[tuple[str, str]]:
    """The last of each, and what it found; a failure since then in red."""
    if status.daily_at is None and status.failed_at is None:
        return [(f"{'Last reconcile':<31}", ""), ("not yet", "$quiet")]
    parts = _last("Last reconcile", status.daily_at, status.daily_found)
    if status.full_at is not None and status.full_at != status.daily_at:
        parts += [("\n", ""), *_last("Last of all orders", status.full_at, status.full_found)]
    if status.failed_at is not None:
        parts += [("\n", ""), (f"{'Failed':<31}", "$text-error"), (show_time(status.failed_at), "")]
        parts.append((f"  {safe_text(status.failure, 200)}", "$quiet"))
    return parts


def _last(title: str, at: datetime | None, found: str) -> list[tuple[str, str]]:
    told = "no difference" if not found else safe_text(found, 200)
    if at is None:
        return [(f"{title:<31}", ""), ("not yet", "$quiet")]
    return [(f"{title:<31}", ""), (show_time(at), ""), (f"  {told}", "bold" if found else "$quiet")]
