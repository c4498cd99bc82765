"""Test Connection, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NoReturn

from cartui.adapters.vendure.errors import SchemaError, refusal_in
from cartui.adapters.vendure.session import VendureSession
from cartui.adapters.vendure.wire import CUSTOMERS, ORDERS, VARIANTS
from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import is_loopback

_RIGHTS = {
    "items": ({"CreateCatalog", "CreateProduct"}, {"UpdateCatalog", "UpdateProduct"}),
    "customers": ({"CreateCustomer"}, {"UpdateCustomer"}),
}


def _stage_of(error: CartuiError) -> Stage:
    for word, stage in (("certificate", Stage.TLS), ("redirect", Stage.REDIRECT)):
        if word in error.problem:
            return stage
    return Stage.ADDRESS


class Diagnosis:
    """The checks, over one session."""

    def __init__(self, session: VendureSession) -> None:
        self._session = session

    def stages(self) -> Iterator[StageResult]:
        """Stage by stage; the first that fails ends it."""
        try:
            reply = self._session.post("{__typename}", {}, writes=False)
            if refusal := refusal_in(reply.json):
                _refuse_address(refusal[1])
        except CartuiError as error:
            yield StageResult(_stage_of(error), Verdict.FAILED, error.problem, error.remedy)
            return
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "the Admin API answers")
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
                at = Stage.VERSION if isinstance(error, SchemaError) and stage is Stage.READ_RIGHTS else stage
                result = StageResult(at, Verdict.FAILED, error.problem, error.remedy)
            yield result
            if result.verdict is Verdict.FAILED:
                return

    def _check_log_in(self) -> tuple[Verdict, str, str]:
        self._session.log_in(self._session.token)
        terms = self._session.known_terms()
        prices = "with tax" if terms.gross else "without tax"
        return Verdict.PASSED, f"logged in; prices in {terms.currency} {prices}", ""

    def _check_reading(self) -> tuple[Verdict, str, str]:
        counts = [self._session.page(one, {}, take=1)[1] for one in (ORDERS, VARIANTS, CUSTOMERS)]
        return Verdict.PASSED, "{} orders and baskets, {} items, {} customers".format(*counts), ""

    def _check_rights(self) -> tuple[Verdict, str, str]:
        data, _ = self._session.ask("{activeChannel{code} me{channels{code permissions}}}")
        code = data["activeChannel"]["code"]
        held = {right for one in data["me"]["channels"] if one["code"] == code for right in one["permissions"]}
        missing = [what for what, needs in _RIGHTS.items() if not all(held & need for need in needs)]
        if not missing:
            return Verdict.PASSED, "items, stock and customers may be written", ""
        remedy = "Give the user's role the rights to create and update the catalogue and customers, if you export."
        return Verdict.WARNING, f"{' and '.join(missing)} may not be written", remedy

    def _check_version(self) -> tuple[Verdict, str, str]:
        return Verdict.PASSED, "Vendure does not tell it; all fields that cartui reads are there", ""

    def _check_clock(self, shop: datetime | None) -> tuple[Verdict, str, str]:
        if shop is None or self._session.connection.now is None:
            return (
                Verdict.SKIPPED,
                "the shop tells no time" if shop is None else f"the shop's is {shop:%H:%M:%S} UTC",
                "",
            )
        skew = (shop - self._session.connection.now()).total_seconds()
        if abs(skew) <= 120:
            return Verdict.PASSED, f"{abs(skew):.0f} s apart", ""
        return Verdict.WARNING, f"{abs(skew):.0f} s apart", "Set both clocks by a time server."

    def _check_date_filter(self) -> tuple[Verdict, str, str]:
        far = {"orderPlacedAt": {"after": "2199-01-01T00:00:00.000Z"}}
        if self._session.page(ORDERS, far, fields="id")[1]:
            return Verdict.FAILED, "the shop ignores the date filter", "A plug-in or proxy drops parameters: remove it."
        return Verdict.PASSED, "no orders of the far future", ""


def _refuse_address(said: str) -> NoReturn:
    problem = f"The address does not lead to a Vendure Admin API: {safe_text(said, 200)}."
    raise NeedsOperatorError(problem, "Enter the shop's address, such as https://shop.example/admin-api.")


def _tls_result(url: str) -> StageResult:
    if url.strip().lower().startswith("https:"):
        return StageResult(Stage.TLS, Verdict.PASSED, "certificate verified")
    host = url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    if is_loopback(host.strip("[]")):
        return StageResult(Stage.TLS, Verdict.SKIPPED, "not encrypted, but on this machine")
    return StageResult(Stage.TLS, Verdict.WARNING, "not encrypted", "Use the shop's https:// address.")
