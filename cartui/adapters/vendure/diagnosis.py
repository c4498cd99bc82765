"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from cartui.adapters.vendure.errors import SchemaError, refusal_in
from cartui.adapters.vendure.session import VendureSession
from cartui.adapters.vendure.wire import CUSTOMERS, ORDERS, VARIANTS
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import Check, Finding, StoppedError, compare_clocks, run_stages, tls_result, unreached_stage

_RIGHTS = {
    "items": ({"CreateCatalog", "CreateProduct"}, {"UpdateCatalog", "UpdateProduct"}),
    "customers": ({"CreateCustomer"}, {"UpdateCustomer"}),
}


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: VendureSession) -> None:
        self._session = session

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it. Only a stop escapes."""
        try:
            reply = self._session.post("{__typename}", {}, writes=False)
            if refusal := refusal_in(reply.json):
                _refuse_address(refusal[1])
        except StoppedError:
            raise
        except CartuiError as error:
            yield StageResult(unreached_stage(error), Verdict.FAILED, error.problem, error.remedy)
            return
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "the Admin API answers")
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
        self._session.log_in(self._session.token)
        terms = self._session.known_terms()
        prices = "with tax" if terms.gross else "without tax"
        return Verdict.PASSED, f"logged in; prices in {terms.currency} {prices}", ""

    def _check_reading(self) -> Finding | StageResult:
        try:
            counts = [self._session.page(one, {}, take=1)[1] for one in (ORDERS, VARIANTS, CUSTOMERS)]
        except SchemaError as error:
            return StageResult(Stage.VERSION, Verdict.FAILED, error.problem, error.remedy)
        return Verdict.PASSED, "{} orders and baskets, {} items, {} customers".format(*counts), ""

    def _check_rights(self) -> Finding:
        if not self._session.user:
            return Verdict.SKIPPED, "the shop does not tell the rights of an API key", ""
        data, _ = self._session.ask("{activeChannel{code} me{channels{code permissions}}}")
        code = data["activeChannel"]["code"]
        held = {right for one in data["me"]["channels"] if one["code"] == code for right in one["permissions"]}
        missing = [what for what, needs in _RIGHTS.items() if not all(held & need for need in needs)]
        if not missing:
            return Verdict.PASSED, "items, stock and customers may be written", ""
        remedy = "Give the user's role the rights to create and update the catalogue and customers, if you export."
        return Verdict.WARNING, f"{' and '.join(missing)} may not be written", remedy

    def _check_version(self) -> Finding:
        return Verdict.PASSED, "Vendure does not tell it; all fields that cartui reads are there", ""

    def _check_date_filter(self) -> Finding:
        far = {"orderPlacedAt": {"after": "2199-01-01T00:00:00.000Z"}}
        if self._session.page(ORDERS, far, fields="id")[1]:
            return Verdict.FAILED, "the shop ignores the date filter", "A plug-in or proxy drops parameters: remove it."
        return Verdict.PASSED, "no orders of the far future", ""


def _refuse_address(said: str) -> NoReturn:
    problem = f"The address does not lead to a Vendure Admin API: {safe_text(said, 200)}."
    raise NeedsOperatorError(problem, "Enter the shop's address, such as https://shop.example/admin-api.")
