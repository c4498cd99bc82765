"""Auto-sync over all carts: which are due, when the next is, and a loop that ends cleanly."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.settings import CartDocument, SyncStatus
from cartui.errors import AbortCycleError
from cartui.sync.cycle import MAX_RETRY_SECONDS, run_cycle
from cartui.sync.reconcile_run import nothing_between
from cartui.sync.reconcile_schedule import reconcile_if_due
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress

LOOK_SECONDS = 2.0  # how often a waiting loop looks whether a cart was started or stopped, or has something to send
PAUSE_SECONDS = 60.0  # after a cart could not be sent to; its next cycle tries again all the same


def due_carts(ws: Workspace, now: datetime) -> list[str]:
    """RUNNING carts whose next cycle is due, the longest waiting first."""
    beyond = now + timedelta(seconds=MAX_RETRY_SECONDS)  # no pause is shorter: `_is_due` looks closer
    due = [document for document in ws.books.carts.list_due(now, beyond) if _is_due(document, now)]
    first = datetime.min.replace(tzinfo=now.tzinfo)
    return [document.name for document in sorted(due, key=lambda document: document.next_cycle_at or first)]


def _is_due(document: CartDocument, now: datetime) -> bool:
    """Also where the next cycle lies further ahead than any pause is long: then the clock was set back since."""
    longest = timedelta(minutes=document.settings.poll_minutes) + timedelta(seconds=MAX_RETRY_SECONDS)
    at = document.next_cycle_at
    return at is None or at <= now or at > now + longest


OnError = Callable[[str, Exception], None]


def raise_on(_name: str, error: Exception) -> None:
    """The default: what one cart's cycle raises ends the pass."""
    raise error


def run_due(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    names: Collection[str] | None = None,
    only_due: bool = True,
    on_error: OnError = raise_on,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
    between: Callable[[], None] = nothing_between,
) -> list[CycleReport]:
    """One pass: run a cycle of every RUNNING cart (of `names`) that is due, or of all of them. What a cycle raises (a
    bug, or the books not to be reached) goes to `on_error` with the cart's name, and the other carts still run.

    A cycle that went well is followed by the cart's reconcile where that is due; after each of its pages `between` is
    called and the other carts that are due have their cycles, so that nobody waits for it."""
    one_pass = _Pass(ws, on_report, names, only_due, on_error, progress, stop)
    for name in one_pass.chosen():
        if stop():
            break
        if name in one_pass.ran:
            continue
        report = one_pass.run(name)
        if report is None or report.result not in (CycleResult.OK, CycleResult.HELD):
            continue
        try:
            pause = partial(one_pass.run_others, name, between)
            compared = reconcile_if_due(ws, name, progress=progress, stop=stop, between=pause)
        except Exception as error:  # noqa: BLE001 - as in `_Pass.run`
            on_error(name, error)
            continue
        if compared is not None:
            on_report(compared)
            one_pass.reports.append(compared)
    return one_pass.reports


@dataclass(slots=True)
class _Pass:
    """One pass over the carts, and what came of it."""

    ws: Workspace
    on_report: Callable[[CycleReport], None]
    names: Collection[str] | None
    only_due: bool
    on_error: OnError
    progress: ProgressSink
    stop: Callable[[], bool]
    reports: list[CycleReport] = field(default_factory=list)
    ran: set[str] = field(default_factory=set)

    def chosen(self) -> list[str]:
        due = due_carts(self.ws, self.ws.clock()) if self.only_due else _running(self.ws)
        return [name for name in due if self.names is None or name in self.names]

    def run(self, name: str) -> CycleReport | None:
        self.ran.add(name)
        try:
            report = run_cycle(self.ws, name, progress=self.progress, stop=self.stop)
        except Exception as error:  # noqa: BLE001 - the boundary between carts: one must not end the others
            self.on_error(name, error)
            return None
        self.on_report(report)
        self.reports.append(report)
        return report

    def run_others(self, compared: str, between: Callable[[], None]) -> None:
        """Between two pages of a cart's reconcile: the cycles of the others that are due by now."""
        between()
        for name in self.chosen() if self.only_due else ():
            if name != compared and not self.stop():
                self.run(name)


def _running(ws: Workspace) -> list[str]:
    return [document.name for document in ws.books.carts.list_all() if document.status is SyncStatus.RUNNING]


def waiting_carts(ws: Workspace) -> list[str]:
    """RUNNING carts with something in their outbox that is to be sent now. Cheap, and nothing is written."""
    due = ws.books.outbox.carts_with_due()
    return [
        document.name
        for document in (ws.books.carts.list_all() if due else ())
        if document.cart_id in due
        and document.status is SyncStatus.RUNNING
        and ws.books.outbox.has_due(document.cart_id, document.settings.sends)
    ]


class OutboxRounds:
    """Sends what waits between two cycles, "within seconds". A cart that could not be sent to rests for a while, and so
    does one that somebody else works with: its holder sends, too. What a cart asked of its cycle (`note`) holds for
    the outbox as well."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._rests_until: dict[str, datetime] = {}

    def run(
        self,
        on_report: Callable[[CycleReport], None],
        *,
        names: Collection[str] | None = None,
        on_error: OnError = raise_on,
        progress: ProgressSink = no_progress,
        stop: Callable[[], bool] = never_stop,
    ) -> None:
        """One look at all RUNNING carts (of `names`). Only what did something, or could not, is reported."""
        for name in waiting_carts(self._ws):
            if stop():
                return
            if (names is not None and name not in names) or self._rests(name):
                continue
            try:
                report = run_cycle(self._ws, name, progress=progress, stop=stop, only_outbox=True)
            except Exception as error:  # noqa: BLE001 - as in `run_due`
                self._rest(name, PAUSE_SECONDS)
                on_error(name, error)
                continue
            if report.result is CycleResult.LEASE_TAKEN:
                self._rest(name, 2 * LOOK_SECONDS)
            self.note(report)
            if report.result is not CycleResult.LEASE_TAKEN and (report.sent or report.problem or report.counts):
                on_report(report)

    def _rests(self, name: str) -> bool:
        """Not where the clock was set back since: no rest is longer than the longest pause that a cart may ask for."""
        left = self._rests_until.get(name, self._ws.clock()) - self._ws.clock()
        return timedelta(0) < left <= timedelta(seconds=max(PAUSE_SECONDS, MAX_RETRY_SECONDS))

    def note(self, report: CycleReport) -> None:
        """What a round of a cart, of whichever kind, ended with: one that can't be talked to is left alone, at least
        for as long as it asked."""
        if report.result is CycleResult.RETRY:
            self._rest(report.cart_name, PAUSE_SECONDS)
            if report.rest_until is not None:
                self._rests_until[report.cart_name] = max(self._rests_until[report.cart_name], report.rest_until)

    def _rest(self, name: str, seconds: float) -> None:
        self._rests_until[name] = self._ws.clock() + timedelta(seconds=seconds)


def run_forever(
    ws: Workspace,
    on_report: Callable[[CycleReport], None],
    *,
    wait: Callable[[float], bool],
    names: Collection[str] | None = None,
    on_error: OnError = raise_on,
    progress: ProgressSink = no_progress,
) -> None:
    """Poll until `wait(seconds)` returns True (asked to stop). `wait(0)` is also asked between the pages of a cycle,
    which then ends after the current one. The books being busy or away for a while ends nothing."""

    def stopping() -> bool:
        return wait(0.0)

    outbox = OutboxRounds(ws)

    def send() -> None:
        outbox.run(on_report, names=names, on_error=on_error, progress=progress, stop=stopping)

    def told(report: CycleReport) -> None:
        outbox.note(report)
        on_report(report)

    while not stopping():
        try:
            run_due(ws, told, names=names, on_error=on_error, progress=progress, stop=stopping, between=send)
            send()
        except AbortCycleError as error:
            on_error("", error)
        if wait(LOOK_SECONDS):
            return
