"""Test Connection: one stage after the other, and the remedy where it ends (docs/cart-connect.md, sections 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from cartui.adapters.cart_connect.errors import failed_stage
from cartui.adapters.cart_connect.listing import ASK_MAKER, ITEMS, ORDERS, Kind, Listing
from cartui.adapters.cart_connect.parse import parse_moment
from cartui.adapters.cart_connect.render import render_since
from cartui.adapters.cart_connect.wire import Ping
from cartui.domain.ports import Connection, Stage, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.transport import Check, StoppedError, reached, run_stages

MOST_CLOCK_SKEW: Final = timedelta(minutes=2)
FAR_FUTURE: Final = timedelta(days=3650)
USUAL_OVERLAP_SECONDS: Final = 15 * 60


class Probed(Protocol):
    """What is asked of the cart. `exchanges` counts the requests that left, `last_status` is the last one's status,
    None where no answer came; `is_open`: the address was accepted."""

    last_status: int | None
    exchanges: int

    @property
    def is_open(self) -> bool: ...
    def ask_ping(self) -> Ping: ...
    def get_page(self, kind: Kind[Any], params: Mapping[str, str], limit: int | None = None) -> Listing[Any]: ...


class Diagnosis:
    """One run of Test Connection."""

    def __init__(self, cart: Probed, connection: Connection) -> None:
        self._cart = cart
        self._connection = connection

    def run(self) -> Iterator[StageResult]:
        """A line per stage; FAILED is the last one. Only a stop escapes."""
        asked_at = self._connection.now() if self._connection.now else None
        before = self._cart.exchanges
        try:
            ping = self._cart.ask_ping()
        except StoppedError:
            raise
        except CartuiError as error:
            yield from self._failed(error, answered=self._cart.exchanges > before)
            return
        skew = self._skew(ping, asked_at)
        yield from reached(self._connection.url, Stage.READ_RIGHTS)
        shop, software = ping["shop"], ping["software"]
        name, soft = safe_text(shop["name"], 80), safe_text(f"{software['name']} {software['version']}", 80)
        yield _passed(Stage.AUTHENTICATION, f"{name} ({soft}), shop id {safe_text(shop['id'], 64)}")
        checks: tuple[tuple[Stage, Check], ...] = (
            (Stage.READ_RIGHTS, lambda: self._check_reading(ping)),
            (Stage.WRITE_RIGHTS, lambda: check_writing(ping)),
            (Stage.VERSION, lambda: _passed(Stage.VERSION, f"cart-connect {ping['protocol']['version']}")),
            (Stage.CLOCK, lambda: check_clock(ping, skew)),
            (Stage.TIME_ZONE, lambda: check_zone(ping)),
            (Stage.FAR_FUTURE, lambda: self._probe_far_future(ping)),
        )
        yield from run_stages(checks, ASK_MAKER)

    def _failed(self, error: CartuiError, *, answered: bool) -> Iterator[StageResult]:
        """Where the first call ended: before anything left it was the address, or the password could not be fetched."""
        stage = failed_stage(self._cart.last_status, error) if answered else self._unsent_stage()
        if answered:
            yield from reached(self._connection.url, stage)
        if stage is Stage.VERSION:
            yield _passed(Stage.AUTHENTICATION, "the password was accepted")
        yield _failed(stage, error.problem, error.remedy or ASK_MAKER)

    def _unsent_stage(self) -> Stage:
        return Stage.AUTHENTICATION if self._cart.is_open else Stage.ADDRESS

    def _check_reading(self, ping: Ping) -> StageResult:
        if not ping["rights"]["read"]:
            return _failed(
                Stage.READ_RIGHTS, "This password may not read.", "Give it the right to read in the shop's module."
            )
        totals = [f"{self._cart.get_page(kind, {}, 1).total} {kind.path}" for kind in (ORDERS, ITEMS)]
        lists = ping["capabilities"]["lists"]
        blind = [name for name, told in lists.items() if not told["modified_since"]]
        if not blind:
            return _passed(Stage.READ_RIGHTS, ", ".join(totals))
        return StageResult(
            Stage.READ_RIGHTS,
            Verdict.WARNING,
            f"{', '.join(totals)}; the shop does not stamp every change of: {safe_text(', '.join(blind), 80)}",
            "Changes may be missed between two comparisons of everything; have the shop's module stamp each change.",
        )

    def _skew(self, ping: Ping, asked_at: datetime | None) -> timedelta | None:
        """Shop's clock minus ours, measured at the middle of the request."""
        if asked_at is None or self._connection.now is None:
            return None
        middle = asked_at + (self._connection.now() - asked_at) / 2
        return parse_moment(ping["server_time"], "server_time") - middle

    def _probe_far_future(self, ping: Ping) -> StageResult:
        since = render_since(parse_moment(ping["server_time"], "server_time") + FAR_FUTURE)
        listing = self._cart.get_page(ORDERS, {"modified_since": since}, 1)
        if listing.rows or listing.total:
            return _failed(
                Stage.FAR_FUTURE,
                f"Asked for orders changed from {since[:10]} on, the shop sent {listing.total}: it ignores the date.",
                "A proxy or a cache before the shop may drop parameters. Until then every cycle would read all.",
            )
        return _passed(Stage.FAR_FUTURE, f"no orders from {since[:4]} on, as it should be")


def check_writing(ping: Ping) -> StageResult:
    """A password that may only read is no failure: importing works."""
    offered = ping["capabilities"]["writes"]
    if not ping["rights"]["write"]:
        return StageResult(
            Stage.WRITE_RIGHTS,
            Verdict.WARNING,
            "This password may only read: nothing can be exported.",
            "To export, enter the shop's password with write rights.",
        )
    return _passed(Stage.WRITE_RIGHTS, safe_text(", ".join(offered), 200) or "the shop offers nothing to write")


def check_clock(ping: Ping, skew: timedelta | None) -> StageResult:
    """Cursors run on the shop's clock, so a wrong one loses nothing; it confuses whoever compares times."""
    late = ping["capabilities"]["late_by_seconds"]
    if late > USUAL_OVERLAP_SECONDS:
        return StageResult(
            Stage.CLOCK,
            Verdict.WARNING,
            f"Rows may appear {late} seconds after their stamp, which is more than cartui reads back by itself.",
            "Compare everything now and then, or have the shop's module stamp rows when they become visible.",
        )
    if skew is None:
        return StageResult(Stage.CLOCK, Verdict.SKIPPED, f"the shop's clock says {safe_text(ping['server_time'], 40)}")
    if abs(skew) > MOST_CLOCK_SKEW:
        direction = "ahead of" if skew > timedelta(0) else "behind"
        return StageResult(
            Stage.CLOCK,
            Verdict.WARNING,
            f"The shop's clock is {abs(skew).total_seconds():.0f} seconds {direction} this machine's.",
            "Switch on network time (NTP) where the clock is wrong, on this machine or the shop's.",
        )
    return _passed(Stage.CLOCK, f"{skew.total_seconds():+.1f} seconds from this machine's")


def check_zone(ping: Ping) -> StageResult:
    """Only shown: all times travel in UTC."""
    return _passed(Stage.TIME_ZONE, f"{safe_text(ping['time_zone'], 64) or 'not stated'}; all times travel in UTC")


def _passed(stage: Stage, detail: str) -> StageResult:
    return StageResult(stage, Verdict.PASSED, detail)


def _failed(stage: Stage, problem: str, remedy: str) -> StageResult:
    return StageResult(stage, Verdict.FAILED, problem, remedy)
