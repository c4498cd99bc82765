"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cartui.adapters.shopify import documents
from cartui.adapters.shopify.errors import AccessError
from cartui.adapters.shopify.render import render_base, render_since
from cartui.adapters.shopify.session import ShopifySession
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import Check, Finding, Reply, StoppedError, reached, run_stages

_READS = ("read_orders", "read_products", "read_inventory", "read_locations", "read_customers")
_WRITES = ("write_products", "write_inventory", "write_customers", "write_merchant_managed_fulfillment_orders")
_NEEDED = ("read_orders", "read_products", "read_inventory")


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: ShopifySession) -> None:
        self._session = session

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it. Only a stop escapes."""
        asked_at = self._session.connection.now() if self._session.connection.now else None
        try:
            self._session.terms = None
            terms, reply = self._session.read_shop()
        except StoppedError:
            raise
        except CartuiError as error:
            stage = _stage_of(error)
            if stage is Stage.AUTHENTICATION:
                yield from reached(render_base(self._session.connection.url), Stage.AUTHENTICATION)
            yield StageResult(stage, Verdict.FAILED, error.problem, error.remedy or "Check the cart's settings.")
            return
        yield from reached(render_base(self._session.connection.url), Stage.AUTHENTICATION)
        included = "with" if terms.gross else "without"
        detail = f"{terms.shop_name} ({terms.domain}), prices in {terms.currency} {included} tax"
        yield StageResult(Stage.AUTHENTICATION, Verdict.PASSED, detail)
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_writing),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, lambda: self._check_clock(reply, asked_at)),
            (Stage.TIME_ZONE, lambda: (Verdict.PASSED, f"{terms.time_zone}; all times travel in UTC", "")),
            (Stage.FAR_FUTURE, lambda: self._check_date_filter(reply)),
        )
        yield from run_stages(checks, "Try again later.")

    def _check_reading(self) -> Finding:
        terms = self._session.known_terms()
        missing = [scope for scope in _READS if not terms.may(scope)]
        remedy = "Give the app the scopes of docs/carts/shopify.md and install it again."
        if any(scope in _NEEDED for scope in missing):
            return Verdict.FAILED, f"The app lacks the scopes {', '.join(missing)}.", remedy
        side = self._session.side
        lists = [documents.orders(side), documents.PRODUCTS]
        lists += [documents.CUSTOMERS] if terms.may("read_customers") else []
        for listing in lists:
            self._session.page(listing, listing.where or None, first=1)
        counts, _ = self._session.ask(documents.COUNTS)
        detail = f"{counts['ordersCount']['count']} orders, {counts['productVariantsCount']['count']} items"
        problems = [f"the app lacks {', '.join(missing)}"] if missing else []
        if not terms.may("read_all_orders"):
            problems.append("without read_all_orders only orders of the last 60 days are seen")
        if self._session.denied:
            problems.append(f"the shop does not show {', '.join(sorted(self._session.denied))}")
        if not terms.location and terms.locations:
            problems.append(f"stock can't be written until one location is chosen of {', '.join(terms.locations)}")
        if not problems:
            return Verdict.PASSED, detail, ""
        return Verdict.WARNING, f"{detail}; {'; '.join(problems)}", remedy

    def _check_writing(self) -> Finding:
        missing = [scope for scope in _WRITES if scope not in self._session.known_terms().scopes]
        if not missing:
            return Verdict.PASSED, "items, stock, customers and shipments may be written", ""
        return (
            Verdict.WARNING,
            f"The app lacks {', '.join(missing)}: importing works, exporting that does not.",
            "Give it these scopes if you export, and install it again.",
        )

    def _check_version(self) -> Finding:
        asked, answered = self._session.version, self._session.answered_version
        supported = sorted(self._session.known_terms().versions)
        newest = "Choose the newest API version in the cart's options."
        if answered and answered != asked:
            return Verdict.WARNING, f"{asked} is not supported any more: the shop answers as {answered}", newest
        dated = [version for version in supported if version[:2] == "20"]
        if dated and asked == dated[0]:
            return Verdict.WARNING, f"{asked} is the oldest version that is still supported", newest
        return Verdict.PASSED, f"Admin API {asked}", ""

    def _check_clock(self, reply: Reply, asked_at: datetime | None) -> Finding:
        if reply.date is None or asked_at is None:
            return Verdict.SKIPPED, "the clocks were not compared", ""
        skew = (reply.date - asked_at).total_seconds()
        if abs(skew) <= 120:
            return Verdict.PASSED, f"{abs(skew):.0f} seconds apart", ""
        return Verdict.WARNING, f"{abs(skew):.0f} seconds apart", "Switch on network time (NTP) on this machine."

    def _check_date_filter(self, reply: Reply) -> Finding:
        orders = documents.orders(self._session.side)
        far = (reply.date or datetime.fromisoformat("2100-01-01T00:00:00+00:00")) + timedelta(days=3650)
        told, _ = self._session.page(orders, render_since(far), first=1)
        if told["nodes"]:
            remedy = "A proxy may drop it. Until then every cycle would read all."
            return Verdict.FAILED, f"Asked for orders changed from {far:%Y-%m-%d} on, the shop sent some.", remedy
        return Verdict.PASSED, f"no orders from {far:%Y} on, as it should be", ""


def _stage_of(error: CartuiError) -> Stage:
    if isinstance(error, AccessError):
        return Stage.AUTHENTICATION
    for word, stage in (("certificate", Stage.TLS), ("encrypted", Stage.TLS), ("redirect", Stage.REDIRECT)):
        if word in error.problem:
            return stage
    refused = isinstance(error, NeedsOperatorError) and any(
        word in error.problem for word in ("allow", "suspended", "locked", "not active")
    )
    return Stage.AUTHENTICATION if refused else Stage.ADDRESS
