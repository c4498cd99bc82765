"""Auto-sync inside the terminal: one thread runs `sync.runner.run_forever`, sleeping on a pulse that can be woken."""

from __future__ import annotations

import threading

from textual.message import Message
from textual.message_pump import MessagePump

from cartui.domain.outcomes import CycleReport
from cartui.errors import CartuiError
from cartui.sync import runner
from cartui.sync.workspace import Workspace

TROUBLE_SECONDS = 15.0  # until auto-sync looks again whether a person has mended what ended it


class CycleEnded(Message):
    """A cycle of some cart ended."""

    def __init__(self, report: CycleReport) -> None:
        super().__init__()
        self.report = report


class CycleBroke(Message):
    """A cycle of one cart ended by an error of ours; `cart_name` "" when no cart could be looked at. The runner goes
    on with the other carts."""

    def __init__(self, cart_name: str, error: Exception) -> None:
        super().__init__()
        self.cart_name = cart_name
        self.error = error


class RunnerEnded(Message):
    """The runner ended by a bug."""

    def __init__(self, bug: BaseException) -> None:
        super().__init__()
        self.bug = bug


class Pulse:
    """What the runner sleeps on: `stop` ends it for good, `wake` ends one sleep early."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._stopped = False
        self._woken = False

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; True when asked to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopped or self._woken, max(0.0, seconds))
            if seconds > 0:  # a mere question ("go on?") must not swallow the wake-up
                self._woken = False
            return self._stopped

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def wake(self) -> None:
        with self._condition:
            self._woken = True
            self._condition.notify_all()


class RunnerThread:
    """The one auto-sync runner of this process. A daemon: a cart that never answers can't keep the program alive."""

    def __init__(self, ws: Workspace, pulse: Pulse, reply_to: MessagePump) -> None:
        self._ws = ws
        self._pulse = pulse
        self._reply_to = reply_to
        self._thread = threading.Thread(target=self._run, name="cartui auto-sync", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for its end; True when it has ended."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._run_until_trouble():
                pass
        except Exception as bug:  # noqa: BLE001  the boundary of the thread: the bug is logged and shown, the screens go on
            self._post(RunnerEnded(bug))
        finally:
            self._ws.close_thread()

    def _run_until_trouble(self) -> bool:
        """True when asked to stop. What a person must mend (a disk, rights) ends nothing: when it is mended, auto-sync
        goes on by itself, as the screen goes on saying."""
        try:
            runner.run_forever(
                self._ws,
                lambda report: self._post(CycleEnded(report)),
                wait=self._pulse.wait,
                on_error=lambda name, error: self._post(CycleBroke(name, error)),
            )
        except CartuiError as trouble:
            self._post(CycleBroke("", trouble))
            self._ws.close_thread()
            return self._pulse.wait(TROUBLE_SECONDS)
        return True

    def _post(self, message: Message) -> None:
        self._reply_to.post_message(message)
