"""`cartui --sync-only`: auto-sync without screens, for cron (`--once`) and as a service."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import socket
import sys
import time
from collections.abc import Mapping

from cartui.cli import output
from cartui.cli.actions import counted
from cartui.cli.boundary import Failure, explain, logged_bug, redacted, worst
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.domain.outbox import Ending
from cartui.domain.outcomes import CycleReport, CycleResult
from cartui.domain.settings import SyncStatus
from cartui.errors import CartuiError, ExitCode, NeedsOperatorError, UpgradedError, headless
from cartui.sync import carts, runner
from cartui.sync.workspace import Progress, StopRequested, Workspace

log = logging.getLogger(__name__)

_CODES: Mapping[CycleResult, ExitCode] = {
    CycleResult.OK: ExitCode.OK,
    CycleResult.HELD: ExitCode.HELD_RECORDS,
    CycleResult.RETRY: ExitCode.TRY_AGAIN_LATER,
    CycleResult.STOPPED: ExitCode.CONFIG_OR_GUARD,
    CycleResult.LEASE_TAKEN: ExitCode.LEASE_TAKEN,
    CycleResult.INTERRUPTED: ExitCode.INTERRUPTED,
}


def run_sync_only(arguments: argparse.Namespace) -> int:
    """One round of each RUNNING cart (`--once`), or rounds until a signal comes."""
    service = Service(os.environ)
    with Interrupts(service.alive) as interrupts, open_session("headless") as ws:
        names = chosen_carts(ws, arguments.cart)
        resting = tell_of_faults(ws)
        if not names:
            output.words("No cart is RUNNING. Start one: `cartui start NAME`.")
            if arguments.once:  # a service goes on: it takes up what is started later
                return ExitCode.CONFIG_OR_GUARD if resting else ExitCode.OK
        spare_collector()
        rounds = Rounds(ws, interrupts, service, json=arguments.json)
        service.ready(f"{len(names)} carts RUNNING")
        if arguments.once:
            for name in names:
                rounds.run(name)
        else:
            rounds.run_until_stopped(set(names) if arguments.cart else None)
        service.ending()
        if interrupts.signal_number:
            output.words("Interrupted. What was done before stays done; the next run does the rest.")
            return ExitCode.INTERRUPTED
        return worst([*rounds.codes, *([ExitCode.CONFIG_OR_GUARD] if resting else [])])


def tell_of_faults(ws: Workspace) -> int:
    """A cart that a fault stopped is named at every run until somebody starts it or stops it on purpose: a cron job
    that says "all well" while orders wait would be the worst of silences. How many there are."""
    resting = [view.document for view in carts.list_carts(ws) if carts.stopped_by_fault(view.document)]
    for document in resting:
        remedy = f"Mend that, then `cartui start {document.name!r}` (or `cartui stop` it to be told no more)."
        output.words(redacted(f"{document.name} is STOPPED: {headless(document.stop_reason)} {remedy}"))
    return len(resting)


class Rounds:
    """Runs cycles, tells of each, and collects the exit codes. Whatever happens in one cart, the others go on."""

    def __init__(self, ws: Workspace, interrupts: Interrupts, service: Service, *, json: bool) -> None:
        self.codes: list[int] = []
        self._ws = ws
        self._interrupts = interrupts
        self._service = service
        self._json = json

    def run(self, name: str) -> None:
        """One cycle of one cart; nothing where a signal came before."""
        runner.run_due(
            self._ws,
            self._on_report,
            names=[name],
            only_due=False,
            on_error=self._on_error,
            progress=self._on_progress,
            stop=self._interrupts.stop,
        )

    def run_until_stopped(self, only: set[str] | None) -> None:
        """Cycles of all carts that are due (of `only`), for ever."""
        runner.run_forever(
            self._ws,
            self._on_report,
            wait=self._interrupts.wait,
            names=only,
            on_error=self._on_error,
            progress=self._on_progress,
        )

    def _on_error(self, name: str, error: Exception) -> None:
        if isinstance(error, StopRequested | UpgradedError):
            raise error
        if not name:  # the database is busy or its server away: it is looked for again
            output.words(redacted(headless(error.told) if isinstance(error, CartuiError) else str(error)))
            return
        failure = explain(error) or logged_bug(error)
        self.codes.append(failure.code)
        tell_failure(name, failure, json=self._json)

    def _on_report(self, report: CycleReport) -> None:
        self.codes.append(exit_code_of(report))
        if not tell(report, json=self._json):
            self.codes.append(ExitCode.CONFIG_OR_GUARD)
        self._service.alive()

    def _on_progress(self, _step: Progress) -> None:
        self._service.alive()


def spare_collector() -> None:
    """A page is tens of thousands of small objects without a cycle among them: Python looks for cycles once in some
    pages instead of hundreds of times a page (`cli.main`), and not among what was loaded at the start."""
    gc.freeze()


def chosen_carts(ws: Workspace, wanted: list[str] | None) -> list[str]:
    """The RUNNING carts to work on. A cart that was named must exist and be RUNNING."""
    if wanted is None:
        return [view.document.name for view in carts.list_carts(ws) if view.document.status is SyncStatus.RUNNING]
    for name in wanted:
        document = carts.view_cart(ws, name).document
        if document.status is not SyncStatus.RUNNING:
            why = f" ({document.stop_reason})" if document.stop_reason else ""
            raise NeedsOperatorError(f"Cart {name!r} is STOPPED{why}.", f"Start it first: `cartui start {name!r}`.")
    return list(dict.fromkeys(wanted))


def tell(report: CycleReport, *, json: bool) -> bool:
    """One JSON line on stdout where asked for; a sentence on stderr and in the log. False where stdout took no line."""
    delivered = _line(report_row(report)) if json else True
    kinds = "; ".join(f"{kind.value}s {counted(counts)}" for kind, counts in report.counts.items())
    sent = "; ".join(f"{kind.value} to the cart: {_endings(ended)}" for kind, ended in report.sent.items())
    parts = (f"{kinds}." if kinds else "", f"{sent}." if sent else "", report.problem, headless(report.remedy))
    said = " ".join(part for part in parts if part)
    output.words(f"{report.cart_name}: {report.result.value}. {said}".rstrip())
    good = report.result in (CycleResult.OK, CycleResult.INTERRUPTED)
    log.log(logging.INFO if good else logging.WARNING, "cycle %s", report_row(report))
    return delivered


def _endings(ended: Mapping[Ending, int]) -> str:
    return ", ".join(f"{count} {ending.value}" for ending, count in ended.items())


def tell_failure(name: str, failure: Failure, *, json: bool) -> None:
    """A cycle that ended without a report (the database was busy or full, or a fault in cartui)."""
    sentence = redacted(failure.sentence)
    if json:
        _line({"cart": name, "result": "failed", "exit_code": int(failure.code), "problem": sentence})
    output.words(f"{name}: {sentence}")
    log.error("%s: %s", name, sentence)


def report_row(report: CycleReport) -> dict[str, object]:
    """A cycle for `--json`."""
    return {
        "cart": report.cart_name,
        "cart_id": report.cart_id,
        "result": report.result.value,
        "exit_code": int(exit_code_of(report)),
        "started_at": report.started_at.isoformat(timespec="milliseconds"),
        "ended_at": report.ended_at.isoformat(timespec="milliseconds"),
        "seconds": round((report.ended_at - report.started_at).total_seconds(), 3),
        "counts": {
            f"{kind.value}s": {
                "received": counts.received,
                "created": counts.created,
                "updated": counts.updated,
                "same": counts.same,
                "skipped": counts.skipped,
                "held": counts.held,
            }
            for kind, counts in report.counts.items()
        },
        "sent": {
            kind.value: {ending.value: count for ending, count in ended.items()} for kind, ended in report.sent.items()
        },
        "braked": report.braked,
        "held_total": report.held_total,
        "problem": report.problem,
        "remedy": report.remedy,
        "next_at": None if report.next_at is None else report.next_at.isoformat(timespec="seconds"),
    }


def exit_code_of(report: CycleReport) -> ExitCode:
    """The exit code that one cycle alone would have."""
    if report.refused_by_cart:
        return ExitCode.CART_REFUSED
    done = report.result in (CycleResult.OK, CycleResult.HELD)
    return ExitCode.BRAKE if report.braked and done else _CODES[report.result]


def _line(row: Mapping[str, object]) -> bool:
    """False where it could not be written. The carts still want their orders in the books."""
    try:
        output.json_line(row)
    except BrokenPipeError:
        output.detach(sys.stdout)  # whoever read the lines has gone
    except OSError as error:
        output.detach(sys.stdout)
        output.words(f"The report could not be written: {error.strerror}. Make room, or send the output elsewhere.")
        return False
    return True


class Service:
    """The little of sd_notify(3) that a service needs: READY, WATCHDOG, STOPPING. Nothing where systemd isn't there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        pid = environ.get("WATCHDOG_PID", "")
        watched = environ.get("WATCHDOG_USEC", "").isdigit() and pid in ("", str(os.getpid()))
        self._every = int(environ["WATCHDOG_USEC"]) / 2e6 if watched else None
        self._last = 0.0

    def ready(self, status: str) -> None:
        """Start-up is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def ending(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """A sign of life, at most every half watchdog interval. Called wherever the work makes progress."""
        if self._every is not None and time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto(text.encode(), address)
        except OSError as error:
            log.warning("The service manager can't be told: %s", error.strerror)
