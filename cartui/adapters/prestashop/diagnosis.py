"""Test Connection: one stage after the other, and the remedy where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cartui.adapters.prestashop.facts import READ, WRITTEN
from cartui.adapters.prestashop.session import Session, has_patch, shop_address
from cartui.domain.ports import Connection, Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import Check, StoppedError, reached, run_stages

Rights = Mapping[str, frozenset[str]]

MOST_CLOCK_SKEW: Final = timedelta(minutes=2)
FAR_FUTURE: Final = timedelta(days=3650)
_KEYS: Final = "under Advanced Parameters, Webservice"
_SUPPORTED: Final = "1.6.1 to 9 are supported."
_LOOK: Final = "Look into the shop's error log."


class Diagnosis:
    """One run of Test Connection."""

    def __init__(self, session: Session, connection: Connection) -> None:
        self._session = session
        self._connection = connection

    def run(self) -> Iterator[StageResult]:
        """A line per stage; FAILED is the last one. Only a stop escapes."""
        before = self._session.exchanges
        asked_at = self._now()
        try:
            name, rights = self._session.rights()
        except StoppedError:
            raise
        except CartuiError as error:
            yield from self._failed(error, answered=self._session.exchanges > before)
            return
        skew = self._skew(asked_at)
        yield from reached(shop_address(self._connection.url), Stage.AUTHENTICATION)
        yield _passed(Stage.AUTHENTICATION, f"{name or 'the shop'} accepted the key")
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.READ_RIGHTS, lambda: self._check_reading(rights)),
            (Stage.WRITE_RIGHTS, lambda: self._check_writing(rights)),
            (Stage.VERSION, lambda: check_version(self._session.version)),
            (Stage.CLOCK, lambda: check_clock(skew, self._session.shop_now)),
            (Stage.TIME_ZONE, self._check_zone),
            (Stage.FAR_FUTURE, self._probe_far_future),
        )
        yield from run_stages(checks, _LOOK)

    def _failed(self, error: CartuiError, *, answered: bool) -> Iterator[StageResult]:
        """Where the first call ended: before anything left it was the address, or the key could not be fetched."""
        if not answered:
            stage = Stage.AUTHENTICATION if self._session.is_open else Stage.ADDRESS
        else:
            stage = _failed_stage(self._session.last_status, error)
            yield from reached(shop_address(self._connection.url), stage)
        yield StageResult(stage, Verdict.FAILED, error.problem, error.remedy or _LOOK)

    def _check_reading(self, rights: Rights) -> StageResult:
        wanted = READ if self._connection.options.get("time_zone") else (*READ, "configurations")
        # The index shows neither what the key may not read nor what the shop's version does not have.
        missing = [name for name in wanted if "GET" not in rights.get(name, frozenset()) and self._session.has(name)]
        if missing:
            return StageResult(
                Stage.READ_RIGHTS,
                Verdict.FAILED,
                f"The key may not read {', '.join(missing)}.",
                f"Tick View (GET) for these in the shop, {_KEYS}.",
            )
        return _passed(Stage.READ_RIGHTS, f"all {len(wanted)} lists that are needed")

    def _check_writing(self, rights: Rights) -> StageResult:
        """A key that may only read is no failure: importing works."""
        missing = [
            f"{name} ({method})"
            for name, methods in WRITTEN.items()
            for method in methods
            if method not in rights.get(name, frozenset())
        ]
        if missing:
            return StageResult(
                Stage.WRITE_RIGHTS,
                Verdict.WARNING,
                f"The key may not write {', '.join(missing)}: exporting these will be refused.",
                f"To export, tick Add (POST), Modify (PUT) and View (GET) as named for these in the shop, {_KEYS}.",
            )
        changed = [name for name, methods in WRITTEN.items() if "PUT" in methods]
        partial = all("PATCH" in rights.get(name, frozenset()) for name in changed)
        how = "field by field" if partial and has_patch(self._session.version) else "as whole records"
        return _passed(Stage.WRITE_RIGHTS, f"{', '.join(WRITTEN)}; changes are written {how}")

    def _check_zone(self) -> StageResult:
        zone = str(self._session.clock.zone)
        source = "as entered" if self._connection.options.get("time_zone") else "as the shop is set"
        told = self._session.known_time_zone
        if told and told != zone:
            return StageResult(
                Stage.TIME_ZONE,
                Verdict.WARNING,
                f"{zone} was entered, but the shop is set to {safe_text(told, 40)}.",
                "Correct the option time_zone, or empty it: times would be off by hours.",
            )
        return _passed(Stage.TIME_ZONE, f"{zone}, {source}; the shop's times have no offset of their own")

    def _probe_far_future(self) -> StageResult:
        now = self._session.shop_now or self._now() or datetime(2040, 1, 1, tzinfo=UTC)
        after = self._session.clock.bound(now + FAR_FUTURE)
        asked = [("filter[date_upd]", f">[{after}]"), ("date", "1"), ("limit", "1")]
        if rows := self._session.rows("orders", asked):
            return StageResult(
                Stage.FAR_FUTURE,
                Verdict.FAILED,
                f"Asked for orders changed after {after[:10]}, the shop sent {safe_text(str(rows[0].get('id')), 20)}:"
                " it ignores the date.",
                "A proxy or a module may drop parameters with brackets. Until then every cycle would read all.",
            )
        return _passed(Stage.FAR_FUTURE, f"no orders after {after[:4]}, as it should be")

    def _now(self) -> datetime | None:
        return self._connection.now() if self._connection.now else None

    def _skew(self, asked_at: datetime | None) -> timedelta | None:
        """Shop's clock minus ours; the shop tells whole seconds."""
        if asked_at is None or self._session.shop_now is None:
            return None
        return self._session.shop_now - asked_at


def _failed_stage(status: int | None, error: CartuiError) -> Stage:
    if status is None:
        refused = isinstance(error, NeedsOperatorError) or "encrypted connection" in error.problem
        return Stage.TLS if refused else Stage.ADDRESS
    if 300 <= status < 400:
        return Stage.REDIRECT
    return Stage.AUTHENTICATION if status in (401, 403) else Stage.ADDRESS


def check_version(version: str) -> StageResult:
    parts = version.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
        return StageResult(Stage.VERSION, Verdict.WARNING, "the shop does not tell its version", _SUPPORTED)
    number = (int(parts[0]), int(parts[1]))
    if not (1, 6) <= number < (10, 0):
        return StageResult(Stage.VERSION, Verdict.WARNING, f"PrestaShop {version[:20]} is not known here.", _SUPPORTED)
    return _passed(Stage.VERSION, f"PrestaShop {safe_text(version, 20)}")


def check_clock(skew: timedelta | None, shop_now: datetime | None) -> StageResult:
    """Cursors run on the shop's clock, so a wrong one loses nothing; it confuses whoever compares times."""
    if skew is None:
        told = (
            "the shop does not tell its time" if shop_now is None else f"the shop's clock says {shop_now:%H:%M:%S} UTC"
        )
        return StageResult(Stage.CLOCK, Verdict.SKIPPED, told)
    if abs(skew) > MOST_CLOCK_SKEW:
        direction = "ahead of" if skew > timedelta(0) else "behind"
        return StageResult(
            Stage.CLOCK,
            Verdict.WARNING,
            f"The shop's clock is {abs(skew).total_seconds():.0f} seconds {direction} this machine's.",
            "Switch on network time (NTP) where the clock is wrong, on this machine or the shop's.",
        )
    return _passed(Stage.CLOCK, f"{skew.total_seconds():+.0f} seconds from this machine's")


def _passed(stage: Stage, detail: str) -> StageResult:
    return StageResult(stage, Verdict.PASSED, detail)
