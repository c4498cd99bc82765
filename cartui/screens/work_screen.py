"""The lower half of every screen: what it may ask of the app, how it says things, how it works in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from textual import on
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, NeedsOperatorError
from cartui.screens.dialogs import ErrorDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.work import Job, JobEnded, JobMoved, JobThreads, Task
from cartui.sync.carts import CartView
from cartui.sync.workspace import Progress, Workspace
from cartui.widgets.chrome import Part, TextLine

T = TypeVar("T")
PROGRESS_SECONDS = 0.25  # between two drawings of the progress line: bytes matter over SSH


class Host(Protocol):
    """What screens may ask of the app."""

    ws: Workspace
    threads: JobThreads
    rebound: Mapping[str, str]

    def cart_view(self, name: str) -> CartView | None:
        """The cart as last read, None before the first read."""

    def cart_views(self) -> list[CartView] | None:
        """All carts as last read."""

    def reload_carts(self) -> None:
        """Read the carts again (in a thread); screens get `carts_changed`/`cart_changed`."""

    def wake_runner(self) -> None:
        """Something was started or stopped: look now, not at the next poll."""

    def runner_words(self) -> str:
        """Who does auto-sync: "by this terminal" or "not by this terminal"."""

    def open_cart(self, name: str, tab: int = 1) -> None: ...
    def open_tab(self, name: str, number: int) -> None: ...
    def close_cart(self, name: str) -> None: ...
    def edited_tabs(self, name: str) -> frozenset[int]:
        """Tabs of a cart with unsaved changes."""

    def report_bug(self, bug: BaseException) -> None:
        """Log a bug and say so in a dialog with the log's path."""

    @property
    def recent_errors(self) -> Sequence[str]:
        """The last errors, oldest first, for Activity."""

    def remember_error(self, text: str) -> None: ...


class WorkScreen(Screen[Any]):
    """Says things on the help line and in dialogs, and runs work in threads."""

    # Textual repaints the whole screen (6 kB) on every change of focus; the two widgets repaint themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._job: Job | None = None
        self._quiet: dict[str, Job] = {}
        self._job_began = 0.0
        self._job_drawn = 0.0
        self._job_told: Progress | None = None
        self._hint: tuple[Part, ...] = ()

    @property
    def host(self) -> Host:
        return cast(Host, self.app)

    @property
    def ws(self) -> Workspace:
        return self.host.ws

    def now(self) -> datetime:
        """The time by the workspace's clock (aware UTC)."""
        return self.ws.clock()

    # --- saying things ---------------------------------------------------------------------------------------

    def hint(self, text: str, style: str = "$quiet") -> None:
        """One line above the keys; "" clears it. `text` may be shop text."""
        self._hint = ((safe_text(text), style),) if text else ()
        if self._job is None:
            self._draw_hint()

    def _draw_hint(self) -> None:
        if line := self.query_one_optional("#hint", TextLine):
            line.show(*self._hint)

    def tell(self, error: CartuiError, title: str = "") -> None:
        """Show an error as sentences with their remedy, and keep it for Activity."""
        self.host.remember_error(str(error))
        heading = title or ("A person must act" if isinstance(error, NeedsOperatorError) else "That did not work")
        self.app.push_screen(ErrorDialog(heading, error.problem, error.remedy))

    # --- work in threads -------------------------------------------------------------------------------------

    def run_job(
        self,
        title: str,
        task: Task,
        on_done: Callable[[Any], None],
        on_failed: Callable[[CartuiError], None] | None = None,
    ) -> bool:
        """Run `task(progress, stop)` in a thread with a progress line; `esc` cancels. False when the screen is busy."""
        if self._job is not None:
            self.hint(f"{self._job.title} is still under way; esc cancels it.", "$text-warning")
            return False
        self._job = Job(title, task, on_done, on_failed)
        self._job_began, self._job_drawn = time.monotonic(), 0.0
        self._draw_progress(Progress("", 0))
        self.host.threads.start(self._job, self)
        self.refresh_bindings()
        return True

    def read(
        self,
        key: str,
        task: Callable[[], T],
        on_done: Callable[[T], None],
        on_failed: Callable[[CartuiError], None] | None = None,
    ) -> None:
        """Read something in a thread, silently. A later `read` of the same `key` replaces it."""
        job = Job(key, lambda _progress, _stop: task(), on_done, on_failed, quiet=True, key=key)
        self._quiet[key] = job
        self.host.threads.start(job, self)

    @property
    def busy(self) -> bool:
        """Work with a progress line is under way."""
        return self._job is not None

    def cancel_job(self) -> None:
        """Ask the work under way to end; what is done stays done."""
        if self._job is not None:
            self._job.stop.set()
            self.query_one("#hint", TextLine).show((f"{self._job.title}: stopping after this step …", "$text-warning"))

    def cancel_work(self) -> None:
        """The screen goes: nobody waits for its work any more."""
        for job in (*self._quiet.values(), *([self._job] if self._job else [])):
            job.stop.set()
        self._quiet.clear()
        self._job = None

    @on(JobMoved)
    def _job_moved(self, message: JobMoved) -> None:
        message.stop()
        if message.job is self._job and not message.job.stop.is_set():
            due = self._job_drawn + PROGRESS_SECONDS - time.monotonic()
            if due <= 0:
                self._draw_progress(message.progress)
            elif self._job_told is None:
                self.set_timer(due, self._draw_told)  # the last word before a long step must be seen too
            self._job_told = message.progress if due > 0 else None

    def _draw_told(self) -> None:
        told, self._job_told = self._job_told, None
        if told is not None and self._job is not None and not self._job.stop.is_set():
            self._draw_progress(told)

    @on(JobEnded)
    def _job_ended(self, message: JobEnded) -> None:
        message.stop()
        job = message.job
        if job.quiet:
            if self._quiet.get(job.key) is not job:
                return
            del self._quiet[job.key]
        elif job is self._job:
            self._job = self._job_told = None
            self._draw_hint()
            self.refresh_bindings()
        else:
            return
        if message.bug is not None:
            self.host.report_bug(message.bug)
        elif message.error is not None:
            (job.on_failed or self.tell)(message.error)
        elif message.cancelled:
            self.hint(f"{job.title}: cancelled; what was done before stays done.", "$text-warning")
        else:
            job.on_done(message.result)

    def _draw_progress(self, progress: Progress) -> None:
        self._job_drawn = time.monotonic()
        if self._job is None:
            return
        text = progress_text(progress, self._job_drawn - self._job_began)
        self.query_one("#hint", TextLine).show((f"{self._job.title} ", "bold"), *text, (" · esc cancels", "$quiet"))


def progress_text(progress: Progress, seconds: float) -> tuple[Part, ...]:
    """Bar, count, rate and time left, as parts of a line."""
    if not progress.done:
        return (("…", "$quiet"),)
    rate = progress.done / seconds if seconds > 0 else 0.0
    parts: list[Part] = []
    count = f"{progress.done:,}"
    if progress.total:
        filled = min(16, 16 * progress.done // progress.total)
        parts.append((GLYPHS.bar * filled + GLYPHS.bar_rest * (16 - filled) + " ", "$accent"))
        count += f" of {progress.total:,}"
    parts.append(f"{count} {safe_text(progress.what, 40)}".rstrip())
    if seconds >= 1:
        parts.append((f" · {rate:,.0f}/s", "$quiet"))
        if progress.total and rate > 0:
            parts.append((f" · {max(0, progress.total - progress.done) / rate:,.0f} s left", "$quiet"))
    return tuple(parts)
