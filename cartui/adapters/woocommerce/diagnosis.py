"""Test Connection: one stage after the other, and the remedy where it ends. Nothing is changed in the shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from cartui.adapters.woocommerce.client import Client, rows_of
from cartui.adapters.woocommerce.errors import EXPECTED, NO_API
from cartui.domain.ports import Connection, Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import Check, Reply, StoppedError, reached, run_stages

MOST_CLOCK_SKEW: Final = timedelta(minutes=2)
_FAR: Final = timedelta(days=3650)
_OLDEST: Final = 8
_ONE: Final = {"per_page": "1", "_fields": "id"}


class Diagnosis:
    """One run of Test Connection. `time_zone` is the shop's, once it was told."""

    def __init__(self, client: Client, connection: Connection) -> None:
        self._client = client
        self._connection = connection
        self.time_zone = ""
        self._skew: timedelta | None = None
        self._clock: datetime | None = None

    def run(self) -> Iterator[StageResult]:
        """A line per stage; FAILED is the last one. Only a stop escapes."""
        asked_at = self._connection.now() if self._connection.now else None
        before = self._client.exchanges
        try:
            site = self._ask_site()
        except StoppedError:
            raise
        except CartuiError as error:
            yield from self._unreached(error, answered=self._client.exchanges > before)
            return
        self._note_clock(site, asked_at)
        yield from reached(self._client.url, Stage.AUTHENTICATION)
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.AUTHENTICATION, self._check_key),
            (Stage.READ_RIGHTS, self._check_reading),
            (Stage.WRITE_RIGHTS, self._check_writing),
            (Stage.VERSION, self._check_version),
            (Stage.CLOCK, self._check_clock),
            (Stage.TIME_ZONE, lambda: self._check_zone(site)),
            (Stage.FAR_FUTURE, self._probe_far_future),
        )
        yield from run_stages(checks, "Report it with the shop's version.")

    def _ask_site(self) -> Reply:
        """The site's index. A plug-in may close it (401, 403); then the key's own requests tell."""
        reply = self._client.index()
        if reply.status in (404, 410):
            raise NeedsOperatorError(*NO_API)
        told = _object(reply)
        namespaces = told.get("namespaces")
        if reply.status not in EXPECTED and isinstance(namespaces, list) and "wc/v3" not in namespaces:
            raise NeedsOperatorError("WordPress answers, but WooCommerce's REST API is not there.", NO_API[1])
        return reply

    def _unreached(self, error: CartuiError, *, answered: bool) -> Iterator[StageResult]:
        status = self._client.last_status if answered else None
        stage = Stage.ADDRESS
        if status is not None and 300 <= status < 400:
            stage = Stage.REDIRECT
        elif answered and status is None and (isinstance(error, NeedsOperatorError) or "encrypted" in error.problem):
            stage = Stage.TLS
        yield from reached(self._client.url, stage)
        yield _failed(stage, error)

    def _check_key(self) -> StageResult:
        self._client.get("orders", _ONE, "orders")
        return _passed(Stage.AUTHENTICATION, f"the key was accepted, {self._client.key_sent}")

    def _check_reading(self) -> StageResult:
        totals = []
        for path in ("orders", "products", "customers"):
            reply = self._client.get(path, _ONE, path)
            rows_of(reply, path)
            totals.append(f"{safe_text(reply.headers.get('X-WP-Total') or '?', 12)} {path}")
        return _passed(Stage.READ_RIGHTS, ", ".join(totals))

    def _check_writing(self) -> StageResult:
        """A batch of nothing is refused to a key that may only read. Importing works with such a key."""
        try:
            self._client.send("POST", "products/batch", {"update": []}, "products", idempotent=True, writes=False)
        except NeedsOperatorError as error:
            return StageResult(
                Stage.WRITE_RIGHTS,
                Verdict.WARNING,
                f"This key may only read: nothing can be exported. {error.problem}",
                "To export, make a key with Read/Write under WooCommerce > Settings > Advanced > REST API.",
            )
        return _passed(Stage.WRITE_RIGHTS, "items, customers, stock")

    def _check_version(self) -> StageResult:
        reply = self._client.find("system_status", {"_fields": "environment.version"}, "version")
        environment = _object(reply).get("environment") if reply is not None else None
        version = safe_text(str(environment.get("version") or ""), 20) if isinstance(environment, dict) else ""
        if not version:
            return StageResult(Stage.VERSION, Verdict.SKIPPED, "the shop does not tell this key its version")
        major = version.partition(".")[0]
        if major.isascii() and major.isdigit() and int(major) < _OLDEST:
            remedy = f"cartui is made for WooCommerce {_OLDEST} and later: update it."
            return StageResult(Stage.VERSION, Verdict.WARNING, f"WooCommerce {version}", remedy)
        return _passed(Stage.VERSION, f"WooCommerce {version}")

    def _note_clock(self, reply: Reply, asked_at: datetime | None) -> None:
        self._clock = reply.date
        if reply.date is not None and asked_at is not None and self._connection.now is not None:
            self._skew = reply.date - (asked_at + (self._connection.now() - asked_at) / 2)

    def _check_clock(self) -> StageResult:
        """Marks run on the shop's clock, so a wrong one loses nothing; over plain http it spoils the signature."""
        if self._skew is None:
            return StageResult(Stage.CLOCK, Verdict.SKIPPED, "the shop's clock is not known")
        if abs(self._skew) > MOST_CLOCK_SKEW:
            return StageResult(
                Stage.CLOCK,
                Verdict.WARNING,
                f"The shop's clock is {abs(self._skew).total_seconds():.0f} seconds "
                f"{'ahead of' if self._skew > timedelta(0) else 'behind'} this machine's.",
                "Switch on network time (NTP) where the clock is wrong; beyond 15 minutes plain http does not work.",
            )
        return _passed(Stage.CLOCK, f"{self._skew.total_seconds():+.0f} seconds from this machine's")

    def _check_zone(self, site: Reply) -> StageResult:
        """Only shown: all times are asked for and read in UTC."""
        told = _object(site)
        offset = told.get("gmt_offset")
        self.time_zone = safe_text(str(told.get("timezone_string") or ""), 64)
        if not self.time_zone and offset not in (None, ""):
            self.time_zone = (
                f"UTC{safe_text(str(offset), 8)}" if str(offset).startswith("-") else f"UTC+{safe_text(str(offset), 8)}"
            )
        return _passed(Stage.TIME_ZONE, f"{self.time_zone or 'not stated'}; all times travel in UTC")

    def _probe_far_future(self) -> StageResult:
        if (clock := self._clock or (self._connection.now() if self._connection.now else None)) is None:
            return StageResult(Stage.FAR_FUTURE, Verdict.SKIPPED, "the shop does not say what time it is")
        since = f"{clock + _FAR:%Y-%m-%dT%H:%M:%S}"
        for path in ("orders", "products"):
            params = {**_ONE, "modified_after": since, "dates_are_gmt": "true", "status": "any"}
            reply = self._client.get(path, params, path)
            if rows_of(reply, path) or (reply.headers.get("X-WP-Total") or "0") != "0":
                return StageResult(
                    Stage.FAR_FUTURE,
                    Verdict.FAILED,
                    f"Asked for {path} changed from {since[:10]} on, the shop sent some: it ignores the date.",
                    "A plug-in, proxy or cache may drop parameters. Until then every cycle would read all.",
                )
        return _passed(Stage.FAR_FUTURE, f"nothing from {since[:4]} on, as it should be")


def _object(reply: Reply) -> dict[str, Any]:
    try:
        told = reply.json
    except CartuiError:
        return {}
    return told if isinstance(told, dict) else {}


def _passed(stage: Stage, detail: str) -> StageResult:
    return StageResult(stage, Verdict.PASSED, detail)


def _failed(stage: Stage, error: CartuiError) -> StageResult:
    return StageResult(stage, Verdict.FAILED, error.problem, error.remedy or "Report it with the shop's version.")
