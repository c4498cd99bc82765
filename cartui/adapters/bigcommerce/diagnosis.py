"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cartui.adapters.bigcommerce.session import CUSTOMERS, ORDERS, PRODUCTS, BigCommerceSession, Kind, api_address
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.transport import Finding, StoppedError, compare_clocks, run_stages, tls_result, unreached_stage

_FAR_FUTURE: Final = datetime(2199, 1, 1, tzinfo=UTC)
_SCOPES: Final = {"orders": "Orders", "items": "Products", "customers": "Customers"}
_ACCOUNTS: Final = "Create an API account in the control panel (Settings, Store-level API accounts)"


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: BigCommerceSession) -> None:
        self._session = session
        self._status = 0

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it. Only a stop escapes."""
        try:
            self._status = self._session.get("v2/store", expect=(401, 403, 404)).status
            address = api_address(self._session.connection)
        except StoppedError:
            raise
        except CartuiError as error:
            yield StageResult(unreached_stage(error), Verdict.FAILED, error.problem, error.remedy)
            return
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "the API answers")
        yield tls_result(address, "Use the API path with https://.")
        yield StageResult(Stage.REDIRECT, Verdict.PASSED, "none")
        checks = (
            (Stage.AUTHENTICATION, self._check_token),
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_writing),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, lambda: compare_clocks(self._session.shop_time(), self._session.connection.now)),
            (Stage.TIME_ZONE, self._check_zone),
            (Stage.FAR_FUTURE, self._check_filters),
        )
        yield from run_stages(checks)

    def _check_token(self) -> Finding:
        if self._status == 401:
            problem = "BigCommerce did not accept the access token (status 401)."
            return Verdict.FAILED, problem, f"{_ACCOUNTS} and enter its access token, not the client secret."
        if self._status == 404:
            problem = "BigCommerce knows no such store (status 404)."
            return (
                Verdict.FAILED,
                problem,
                "Compare the store hash in the address with the API path of the API account.",
            )
        if self._status == 403:
            problem = "The access token may not read the store's settings, or is one of another store (status 403)."
            remedy = "Compare the store hash, and give the API account Information & Settings: read-only."
            return Verdict.FAILED, problem, remedy
        store = self._session.known_store()
        tax = "with tax" if store.is_price_entered_with_tax else "without tax"
        return Verdict.PASSED, f"{store.name or 'the store'}; prices in {store.currency} {tax}", ""

    def _check_reading(self) -> Finding:
        missing = [kind.name for kind in (ORDERS, PRODUCTS, CUSTOMERS) if self._is_refused(kind)]
        if missing:
            remedy = f"Give the API account {', '.join(f'{_SCOPES[one]}: read-only' for one in missing)} or modify."
            needed = {"orders", "items"} & set(missing)
            verdict = Verdict.FAILED if needed else Verdict.WARNING
            return verdict, f"The access token may not read {', '.join(missing)}.", remedy
        self._session.chosen_location()
        return Verdict.PASSED, "orders, items and customers", ""

    def _is_refused(self, kind: Kind) -> bool:
        return self._session.get(kind.path, {"limit": "1"}, expect=(403,)).status == 403

    def _check_writing(self) -> Finding:
        return Verdict.SKIPPED, "BigCommerce does not tell the rights of a token; the first write will show them", ""

    def _check_version(self) -> Finding:
        plan = self._session.known_store().plan_name
        return Verdict.PASSED, f"orders V2, catalogue V3{f'; plan {plan}' if plan else ''}", ""

    def _check_zone(self) -> Finding:
        zone = self._session.known_store().zone
        return Verdict.PASSED, f"{safe_text(zone) or 'not stated'}; all stamps are UTC", ""

    def _check_filters(self) -> Finding:
        for kind in (ORDERS, PRODUCTS):
            rows, _ = self._session.rows(kind.path, {**kind.window(_FAR_FUTURE), "limit": "1"})
            if rows:
                problem = f"the shop ignores the date filter of its {kind.name}"
                return Verdict.FAILED, problem, "A proxy before the API drops parameters: use the API path itself."
        return Verdict.PASSED, "nothing of the far future", ""
