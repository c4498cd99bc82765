"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cartui.adapters.magento.errors import CHECK_SIGN_IN, NoRouteError, RefusedSignInError
from cartui.adapters.magento.parse import as_rows
from cartui.adapters.magento.render import Where
from cartui.adapters.magento.session import BASKETS, CUSTOMERS, ITEMS, ORDERS, MagentoSession, Source
from cartui.adapters.magento.stock import MagentoStock
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, HoldRecordError, NeedsOperatorError
from cartui.transport import Check, Finding, StoppedError, is_loopback, run_stages

_RIGHTS: Final = {
    ORDERS: "Sales, Operations, Orders",
    ITEMS: "Catalog, Inventory, Products",
    CUSTOMERS: "Customers",
    BASKETS: "Carts, Manage carts",
}
_NEEDED: Final = (ORDERS, ITEMS)


class Diagnosis:
    """The checks, over one session. Nothing is written."""

    def __init__(self, session: MagentoSession, stock: MagentoStock) -> None:
        self._session = session
        self._stock = stock
        self._counts: dict[Source, int] = {}
        self._refused: dict[Source, CartuiError] = {}
        self._broken: dict[Source, CartuiError] = {}
        self._date: datetime | None = None
        self._apart: timedelta | None = None  # at the moment of the first answer: a slow shop takes long for the others

    def stages(self) -> Iterator[StageResult]:
        """A line per stage; FAILED is the last one. Only a stop escapes."""
        before = self._session.exchanges
        try:
            self._read_lists()
        except StoppedError:
            raise
        except CartuiError as error:
            yield from self._failed(error, answered=self._session.exchanges > before)
            return
        yield from self._reached(Stage.READ_RIGHTS)
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.AUTHENTICATION, self._check_sign_in),
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_writing),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, self._check_clock),
            (Stage.TIME_ZONE, self._check_zone),
            (Stage.FAR_FUTURE, self._check_date_filter),
        )
        yield from run_stages(checks)

    def _read_lists(self) -> None:
        """One row of each list. A missing right and a wrong token are the same answer: what one list allows tells."""
        for source in (ORDERS, CUSTOMERS, BASKETS, ITEMS):
            try:
                _, self._counts[source], date = self._session.page(source, [], size=1)
                if self._date is None and date is not None:
                    now = self._session.connection.now
                    self._date, self._apart = date, date - now() if now else None
            except RefusedSignInError as error:
                self._refused[source] = error
            except StoppedError:
                raise
            except CartuiError as error:
                if not self._counts:
                    raise  # nothing worked yet: it is the shop, not this list
                self._broken[source] = error

    def _failed(self, error: CartuiError, *, answered: bool) -> Iterator[StageResult]:
        status = self._session.last_status
        stage = Stage.ADDRESS
        if "certificate" in error.problem or "encrypted connection" in error.problem:
            stage = Stage.TLS
        elif answered and status is not None and 300 <= status < 400:
            stage = Stage.REDIRECT
        elif not answered and self._session.is_open:
            stage = Stage.AUTHENTICATION  # the secrets could not be fetched
        elif (
            answered and not isinstance(error, NoRouteError) and isinstance(error, NeedsOperatorError | HoldRecordError)
        ):
            stage = Stage.AUTHENTICATION
        if answered:
            yield from self._reached(stage)
        yield StageResult(stage, Verdict.FAILED, error.problem, error.remedy or CHECK_SIGN_IN)

    def _reached(self, until: Stage) -> Iterator[StageResult]:
        parts = urlsplit(self._session.address)
        if parts.scheme == "https":
            tls = StageResult(Stage.TLS, Verdict.PASSED, "certificate verified")
        elif is_loopback(parts.hostname or ""):
            tls = StageResult(Stage.TLS, Verdict.SKIPPED, "not encrypted, but on this machine")
        else:
            tls = StageResult(Stage.TLS, Verdict.WARNING, "not encrypted", "Use the shop's https:// address.")
        address = StageResult(Stage.ADDRESS, Verdict.PASSED, f"{parts.hostname} answers")
        lines = (address, tls, StageResult(Stage.REDIRECT, Verdict.PASSED, "none"))
        order = list(Stage)
        yield from (line for line in lines if order.index(line.stage) < min(order.index(until), 3))

    def _check_sign_in(self) -> Finding:
        # The catalogue may be open to anybody: it proves nothing.
        if not any(source in self._counts for source in (ORDERS, CUSTOMERS, BASKETS)):
            error = self._refused[ORDERS]
            return Verdict.FAILED, error.problem, error.remedy
        return Verdict.PASSED, f"signed in by {self._session.auth}", ""

    def _check_reading(self) -> Finding:
        counts = ", ".join(f"{count} {source.what}" for source, count in self._counts.items())
        for source, error in self._broken.items():
            verdict = Verdict.FAILED if source in _NEEDED else Verdict.WARNING
            return verdict, f"{counts}; {source.what}: {error.problem}", error.remedy
        if not self._refused:
            return Verdict.PASSED, counts, ""
        missing = "; ".join(_RIGHTS[source] for source in self._refused)
        remedy = f"Give the integration these resources (System, Integrations, API): {missing}."
        blind = ", ".join(source.what for source in self._refused)
        verdict = Verdict.FAILED if any(source in self._refused for source in _NEEDED) else Verdict.WARNING
        return verdict, f"{counts}; not allowed: {blind}", remedy

    def _check_writing(self) -> Finding:
        """Read and write of items and of stock are one resource each in Magento, so that reading proves writing."""
        if self._stock.look_up():
            source = self._session.option("source_code") or "default"
            if not self._stock.may_write():
                remedy = "Give the integration the resource Stores, Inventory, Stocks, Source Item Assigning."
                return Verdict.WARNING, "items may be written; their stock may be read, not written", remedy
            return Verdict.PASSED, f"items and stock at the source {safe_text(source, 64)} may be written", ""
        try:
            self._session.ask("GET", "stockItems/lowStock/", _one_row())
        except RefusedSignInError:
            remedy = (
                "Give the integration the resource Catalog, Inventory (from 2.4.1 on), or Stores, Settings,"
                " Configuration, Inventory Section (before)."
            )
            return Verdict.FAILED, "stock may be neither read nor written; items are listed with it", remedy
        return Verdict.PASSED, "items and their stock may be written", ""

    def _check_version(self) -> Finding:
        """The shop tells its version outside of its API, if at all."""
        said = ""
        try:
            reply = self._session.transport.send_bytes(
                "GET", "magento_version", idempotent=True, writes=False, expect=(404, 403, 401), listing=True
            )
            said = reply.body[:60].decode("utf-8", "replace") if reply.status == 200 else ""
        except StoppedError:
            raise
        except CartuiError:
            pass
        shown = safe_text(said.strip(), 60) if said.startswith("Magento/") else "Magento 2; it does not tell which"
        kind = "stock by source" if self._stock.has_sources else "stock by item"
        return Verdict.PASSED, f"{shown}; {kind}", ""

    def _check_clock(self) -> Finding:
        if self._apart is None:
            said = "the shop tells no time" if self._date is None else f"the shop's is {self._date:%H:%M:%S} UTC"
            return Verdict.SKIPPED, said, ""
        skew = abs(self._apart.total_seconds())
        if skew <= 120:
            return Verdict.PASSED, f"{skew:.0f} s apart", ""
        return Verdict.WARNING, f"{skew:.0f} s apart", "Set both clocks by a time server."

    def _check_zone(self) -> Finding:
        """Also where the options are checked that name something of the shop's."""
        self._session.terms()
        try:
            told = as_rows(self._session.ask("GET", "store/storeConfigs").json)
        except CartuiError as error:
            if isinstance(error, StoppedError):
                raise
            return Verdict.PASSED, "all stamps are UTC", ""
        zones = sorted({safe_text(str(one.get("timezone")), 64) for one in told if one.get("timezone")})
        view = self._session.option("store_view")
        codes = [str(one.get("code")) for one in told]
        if view and view != "all" and view not in codes:
            return Verdict.FAILED, f"the shop has no store view {view!r}", f"Choose one of: {', '.join(codes)[:300]}."
        return Verdict.PASSED, f"all stamps are UTC; the shop shows {', '.join(zones) or 'another zone'}", ""

    def _check_date_filter(self) -> Finding:
        far = [Where("updated_at", "gteq", "2199-01-01 00:00:00")]
        if self._session.page(ORDERS, far, size=1)[1]:
            return Verdict.FAILED, "the shop ignores the date filter", "A plug-in or proxy drops parameters: remove it."
        return Verdict.PASSED, "no orders of the far future", ""


def _one_row() -> Sequence[tuple[str, str]]:
    return (("scopeId", "0"), ("qty", "0"), ("currentPage", "1"), ("pageSize", "1"))
