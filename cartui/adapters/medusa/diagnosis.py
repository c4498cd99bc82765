"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cartui.adapters.medusa.lists import CUSTOMERS, DRAFTS, ORDERS, PRODUCTS, VARIANTS
from cartui.adapters.medusa.session import MedusaSession
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.errors import AbortCycleError, CartuiError, NeedsOperatorError
from cartui.transport import is_loopback

_FAR: Final = datetime(2199, 1, 1, tzinfo=UTC)
_Finding = tuple[Verdict, str, str]


def _stage_of(error: CartuiError) -> Stage:
    for word, stage in (("certificate", Stage.TLS), ("redirect", Stage.REDIRECT)):
        if word in error.problem:
            return stage
    return Stage.ADDRESS


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: MedusaSession) -> None:
        self._session = session

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        try:
            reply = self._session.health()
            if reply.body.strip() != b"OK":
                remedy = "Enter the address of the Medusa server, not of the storefront."
                raise NeedsOperatorError("The address does not lead to a Medusa server: /health is not OK.", remedy)
        except CartuiError as error:
            yield StageResult(_stage_of(error), Verdict.FAILED, error.problem, error.remedy)
            return
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "the Medusa server answers")
        yield _tls_result(self._session.connection.url)
        yield StageResult(Stage.REDIRECT, Verdict.PASSED, "none")
        for stage, check in (
            (Stage.AUTHENTICATION, self._check_log_in),
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_rights),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, lambda: self._check_clock(reply.date)),
            (Stage.TIME_ZONE, lambda: (Verdict.PASSED, "all stamps are UTC", "")),
            (Stage.FAR_FUTURE, self._check_date_filter),
        ):
            try:
                result = StageResult(stage, *check())
            except CartuiError as error:
                result = StageResult(stage, Verdict.FAILED, error.problem, error.remedy)
            yield result
            if result.verdict is Verdict.FAILED:
                return

    def _check_log_in(self) -> _Finding:
        session = self._session
        session.meanings()  # an option that can't be read is told here
        session.log_in(session.token)
        session.get("admin/stores", [("fields", "id"), ("limit", "1")])
        terms = session.known_terms()
        prices = {True: "with tax", False: "without tax", None: "of unknown tax"}[terms.gross]
        who = f"logged in as {session.user}" if session.user else "the API key is accepted"
        return Verdict.PASSED, f"{who}; prices in {terms.currency} {prices}", ""

    def _check_reading(self) -> _Finding:
        counts = [self._session.page(one, [], 1, "id,updated_at")[1] for one in (ORDERS, DRAFTS, VARIANTS, CUSTOMERS)]
        return Verdict.PASSED, "{} orders, {} drafts, {} items, {} customers".format(*counts), ""

    def _check_rights(self) -> _Finding:
        return Verdict.PASSED, "Medusa's keys and users may write all that they may read", ""

    def _check_version(self) -> _Finding:
        try:
            self._session.page(ORDERS, [], 1)
            self._session.page(VARIANTS, [], 1)
        except AbortCycleError as error:
            return Verdict.FAILED, f"it does not know what cartui asks for. {error.problem}", "Medusa 2 is needed."
        return Verdict.PASSED, "Medusa does not tell it; all fields that cartui reads are there", ""

    def _check_clock(self, shop: datetime | None) -> _Finding:
        now = self._session.connection.now
        if shop is None or now is None:
            told = "the shop tells no time" if shop is None else f"the shop's is {shop:%H:%M:%S} UTC"
            return Verdict.SKIPPED, told, ""
        skew = (shop - now()).total_seconds()
        if abs(skew) <= 120:
            return Verdict.PASSED, f"{abs(skew):.0f} s apart", ""
        return Verdict.WARNING, f"{abs(skew):.0f} s apart", "Set both clocks by a time server."

    def _check_date_filter(self) -> _Finding:
        """Each list of its own: orders and products ignore a filter that they don't know."""
        where = [("updated_at[$gte]", _FAR.isoformat(timespec="milliseconds").replace("+00:00", "Z"))]
        for listing in (ORDERS, DRAFTS, PRODUCTS, VARIANTS, CUSTOMERS):
            rows, count, _ = self._session.page(listing, where, 1, "id,updated_at")
            if rows or count:
                remedy = "A plug-in or proxy drops parameters: remove it."
                return Verdict.FAILED, f"the list of {listing.root} ignores the date filter", remedy
        return Verdict.PASSED, "nothing of the far future", ""


def _tls_result(url: str) -> StageResult:
    if url.strip().lower().startswith("https:"):
        return StageResult(Stage.TLS, Verdict.PASSED, "certificate verified")
    host = url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    if is_loopback(host.strip("[]")):
        return StageResult(Stage.TLS, Verdict.SKIPPED, "not encrypted, but on this machine")
    return StageResult(Stage.TLS, Verdict.WARNING, "not encrypted", "Use the shop's https:// address.")
