"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cartui.adapters.medusa.lists import CUSTOMERS, DRAFTS, ORDERS, PRODUCTS, VARIANTS
from cartui.adapters.medusa.session import MedusaSession, UndatedError
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.errors import AbortCycleError, CartuiError, NeedsOperatorError
from cartui.transport import Check, Finding, StoppedError, compare_clocks, run_stages, tls_result, unreached_stage

_FAR: Final = datetime(2199, 1, 1, tzinfo=UTC)


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: MedusaSession) -> None:
        self._session = session

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it. Only a stop escapes."""
        try:
            reply = self._session.health()
            if reply.body.strip() != b"OK":
                remedy = "Enter the address of the Medusa server, not of the storefront."
                raise NeedsOperatorError("The address does not lead to a Medusa server: /health is not OK.", remedy)
        except StoppedError:
            raise
        except CartuiError as error:
            yield StageResult(unreached_stage(error), Verdict.FAILED, error.problem, error.remedy)
            return
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "the Medusa server answers")
        yield tls_result(self._session.connection.url)
        yield StageResult(Stage.REDIRECT, Verdict.PASSED, "none")
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.AUTHENTICATION, self._check_log_in),
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_rights),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, lambda: compare_clocks(reply.date, self._session.connection.now)),
            (Stage.TIME_ZONE, lambda: (Verdict.PASSED, "all stamps are UTC", "")),
            (Stage.FAR_FUTURE, self._check_date_filter),
        )
        yield from run_stages(checks)

    def _check_log_in(self) -> Finding:
        session = self._session
        session.meanings()  # an option that can't be read is told here
        session.log_in(session.token)
        session.get("admin/stores", [("fields", "id"), ("limit", "1")])
        terms = session.known_terms()
        prices = {True: "with tax", False: "without tax", None: "of unknown tax"}[terms.gross]
        who = f"logged in as {session.user}" if session.user else "the API key is accepted"
        return Verdict.PASSED, f"{who}; prices in {terms.currency} {prices}", ""

    def _check_reading(self) -> Finding:
        counts = [self._session.page(one, [], 1, "id,updated_at")[1] for one in (ORDERS, DRAFTS, VARIANTS, CUSTOMERS)]
        return Verdict.PASSED, "{} orders, {} drafts, {} items, {} customers".format(*counts), ""

    def _check_rights(self) -> Finding:
        return Verdict.PASSED, "Medusa's keys and users may write all that they may read", ""

    def _check_version(self) -> Finding:
        try:
            self._session.page(ORDERS, [], 1)
            self._session.page(VARIANTS, [], 1)
        except StoppedError:
            raise
        except AbortCycleError as error:
            return Verdict.FAILED, f"it does not know what cartui asks for. {error.problem}", "Medusa 2 is needed."
        return Verdict.PASSED, "Medusa does not tell it; all fields that cartui reads are there", ""

    def _check_date_filter(self) -> Finding:
        """Each list of its own: orders and products ignore a filter that they don't know."""
        where = [("updated_at[$gte]", _FAR.isoformat(timespec="milliseconds").replace("+00:00", "Z"))]
        for listing in (ORDERS, DRAFTS, PRODUCTS, VARIANTS, CUSTOMERS):
            try:
                rows, count, _ = self._session.page(listing, where, 1, "id,updated_at")
            except UndatedError:
                continue  # read from the newest back
            if rows or count:
                remedy = "A plug-in or proxy drops parameters: remove it."
                return Verdict.FAILED, f"the list of {listing.root} ignores the date filter", remedy
        return Verdict.PASSED, "nothing of the far future", ""
