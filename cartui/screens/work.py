"""Long work off the drawing thread. A thread's only way out is a posted message (DESIGN 3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from cartui.errors import CartuiError
from cartui.sync.workspace import Progress, ProgressSink, StopRequested

Task = Callable[[ProgressSink, Callable[[], bool]], Any]
"""What a thread runs: gets `progress` and `stop`, as every long function of `cartui.sync` takes them."""


@dataclass(eq=False)
class Job:
    """One piece of work. `quiet` shows no progress line. `on_failed` None: the screen tells the error."""

    title: str
    task: Task
    on_done: Callable[[Any], None]
    on_failed: Callable[[CartuiError], None] | None = None
    quiet: bool = False
    key: str = ""
    stop: threading.Event = field(default_factory=threading.Event)


class JobMoved(Message):
    """The work got on."""

    def __init__(self, job: Job, progress: Progress) -> None:
        super().__init__()
        self.job = job
        self.progress = progress


class JobEnded(Message):
    """The work ended: with `result`, with `error` (words for a person), cancelled (both None, `cancelled`), or by a bug
    (`bug`)."""

    def __init__(
        self,
        job: Job,
        result: object = None,
        error: CartuiError | None = None,
        bug: BaseException | None = None,
        cancelled: bool = False,
    ) -> None:
        super().__init__()
        self.job = job
        self.result = result
        self.error = error
        self.bug = bug
        self.cancelled = cancelled


class JobThreads:
    """The threads that work for the screens. Daemons, so that a cart that never answers can't keep the program alive;
    `stop_all` asks them to end and waits a little."""

    def __init__(self, close_thread: Callable[[], None]) -> None:
        self._close_thread = close_thread
        self._running: dict[threading.Thread, Job] = {}
        self._lock = threading.Lock()
        self._closing = False

    def start(self, job: Job, reply_to: MessagePump) -> None:
        """Run a job; its messages go to `reply_to`."""
        thread = threading.Thread(target=self._run, args=(job, reply_to), name=f"cartui {job.title}", daemon=True)
        with self._lock:
            if self._closing:
                return
            self._running[thread] = job
        thread.start()

    def stop_all(self, seconds: float) -> bool:
        """Ask all to end and wait up to `seconds` together; True when all have ended."""
        with self._lock:
            self._closing = True
            running = dict(self._running)
        for job in running.values():
            job.stop.set()
        deadline = time.monotonic() + seconds
        for thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in running)

    @property
    def jobs(self) -> list[Job]:
        """What is at work."""
        with self._lock:
            return list(self._running.values())

    def _run(self, job: Job, reply_to: MessagePump) -> None:
        def progress(progress: Progress, /) -> None:
            reply_to.post_message(JobMoved(job, progress))

        try:
            ended = JobEnded(job, job.task(progress, job.stop.is_set))
        except StopRequested:
            ended = JobEnded(job, cancelled=True)
        except CartuiError as error:
            ended = JobEnded(job, error=error)
        except Exception as bug:  # noqa: BLE001  the boundary of the thread: a bug is shown and logged, the program goes on
            ended = JobEnded(job, bug=bug)
        finally:
            self._close_thread()
            with self._lock:
                self._running.pop(threading.current_thread(), None)
        reply_to.post_message(ended)
