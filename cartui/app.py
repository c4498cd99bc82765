"""The terminal program: screens over a `Workspace`, one auto-sync runner, a clean end."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.keymap import effective_keys, keys_of, shown
from cartui.screens.base import CartScreen, CartuiScreen
from cartui.screens.bugs import log_bug
from cartui.screens.dialogs import ErrorDialog
from cartui.screens.explorer import ExplorerScreen
from cartui.screens.leaving import Leaving
from cartui.screens.pulse import CycleBroke, CycleEnded, Pulse, RunnerEnded, RunnerThread
from cartui.screens.tabs import tab_of
from cartui.screens.work import Job, JobEnded, JobThreads
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.sync.workspace import Workspace
from cartui.widgets.keys_in_order import KeysInOrder

REREAD_SECONDS = 15.0
HOME = "home"

CALM = Theme(
    name="cartui",
    primary="#5fafaf",
    secondary="#5f87af",
    accent="#5fd7d7",
    warning="#d7af5f",
    error="#ff8787",
    success="#87d787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={
        "border": "#3a3a3a",
        "border-blurred": "#3a3a3a",
        "quiet": "#949494",  # $text-muted is "auto" and comes out white inside a line of text
        "faint": "#767676",
        "scrollbar": "#3a3a3a",
        "scrollbar-hover": "#4e4e4e",
        "scrollbar-active": "#5fafaf",
        "scrollbar-background": "#121212",
        "scrollbar-background-hover": "#121212",
        "scrollbar-background-active": "#121212",
        "scrollbar-corner-color": "#121212",
    },
)


class CartuiApp(KeysInOrder, inherit_bindings=False):
    """The app. `start_cart`: open this cart at once; `runner`: run auto-sync here; `keys`: a person's own keys."""

    CSS_PATH = "app.tcss"
    TITLE = "cartui"
    COMMAND_PALETTE_BINDING = "ctrl+underscore"  # the key table binds it; this one is never shown
    MODES: ClassVar[dict[str, Any]] = {HOME: ExplorerScreen}
    DEFAULT_MODE = HOME
    ESCAPE_TO_MINIMIZE = False
    ENABLE_SELECT_AUTO_SCROLL = False

    def __init__(
        self,
        ws: Workspace,
        *,
        start_cart: str | None = None,
        runner: bool = True,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.ws = ws
        self.rebound: Mapping[str, str] = dict(keys or {})
        self.threads = JobThreads(ws.close_thread)
        self.recent_errors: deque[str] = deque(maxlen=50)
        self._start_cart = start_cart
        self._pulse = Pulse()
        self._runner = RunnerThread(ws, self._pulse, self) if runner else None
        self._views: dict[str, CartView] | None = None
        self._window_title = ""
        self._told_bugs: dict[str, str] = {}
        self._told_troubles: set[str] = set()  # by the cart's name; "" for the books themselves
        self._shown_cart: str | None = None
        self.leaving = Leaving(self.threads, self._pulse, self._runner, self._gone)
        self._here: asyncio.AbstractEventLoop | None = None
        self.animation_level = "none"
        self.register_theme(CALM)
        self.theme = CALM.name
        self.set_keymap(self.rebound)

    # --- life ------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.reload_carts()
        self.set_interval(REREAD_SECONDS, self.reload_carts)
        if self._runner is not None:
            self._runner.start()
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))  # after ctrl+z and fg
        if self._start_cart is not None:
            self.open_cart(self._start_cart)

    def run_until_left(self) -> int:
        """Run, end cleanly on quit, SIGTERM, SIGHUP and SIGINT, and give the exit code."""
        self.leaving.owns_process = True
        self.leaving.catch_signals()
        self.run(mouse="CARTUI_NO_MOUSE" not in os.environ)
        self.leaving.stop_work()  # nothing is left to do unless a bug ended the screen
        self.leaving.done()
        return self.return_code or 0

    def on_load(self) -> None:
        self._here = asyncio.get_running_loop()

    async def action_quit(self) -> None:
        self.leaving.begin(0)

    def _gone(self, code: int) -> None:
        if self._here is not None:
            self._here.call_soon_threadsafe(partial(self.exit, code, return_code=code))

    # --- carts -----------------------------------------------------------------------------------------------

    def cart_views(self) -> list[CartView] | None:
        return None if self._views is None else list(self._views.values())

    def cart_view(self, name: str) -> CartView | None:
        return (self._views or {}).get(name)

    def reload_carts(self) -> None:
        """Read all carts in a thread; one reading at a time is enough."""
        if not self.leaving.begun and not any(job.key == "carts" for job in self.threads.jobs):
            read = Job("carts", lambda _progress, _stop: carts.list_carts(self.ws), self._take_views, key="carts")
            self.threads.start(read, self)

    def _take_views(self, views: list[CartView]) -> None:
        self._views = {view.document.name: view for view in views}
        self._show_window_title()
        self._trouble_over("")
        self._leave_gone_cart(self._views)
        if isinstance(self.screen, CartuiScreen):
            self.screen.carts_changed()

    def _leave_gone_cart(self, views: Mapping[str, CartView]) -> None:
        """Somebody renamed or deleted the cart whose tabs are shown: they would wait for it for ever."""
        name = self._shown_cart
        if name is not None and name not in views and isinstance(self.screen, CartScreen):
            self.close_cart(name)
            problem = f"{safe_text(name, 60)} was renamed or deleted since you opened it."
            self.push_screen(ErrorDialog("This cart is gone", problem, "Open it by its new name, if it stands here."))

    def on_job_ended(self, message: JobEnded) -> None:
        """What the app itself reads; screens keep their own."""
        if message.bug is not None:
            self.report_bug(message.bug)
        elif message.error is not None:
            self._tell_trouble("", message.error)
        elif not message.cancelled:
            message.job.on_done(message.result)

    def on_cycle_ended(self, message: CycleEnded) -> None:
        if message.report.problem:
            self.remember_error(f"{message.report.cart_name}: {message.report.problem} {message.report.remedy}")
        self._trouble_over(message.report.cart_name)
        self.reload_carts()

    def on_cycle_broke(self, message: CycleBroke) -> None:
        """One cart's cycle ended by a bug, or the books were away: said here, and the runner goes on."""
        error, name = message.error, message.cart_name or "Auto-sync"
        if isinstance(error, CartuiError):
            self._tell_trouble(message.cart_name, error)
        elif self._told_bugs.get(name) != (told := f"{type(error).__name__} {error}"):
            self._told_bugs[name] = told  # the same one again and again is logged once and shown once
            self.report_bug(
                error, f"The cart {name!r} was stopped; the other carts go on." if message.cart_name else ""
            )
        self.reload_carts()

    def _tell_trouble(self, cart_name: str, error: CartuiError) -> None:
        """A line each time; the first time until it is over, whole, with its remedy: the line has no room. A name of ""
        is for the books themselves."""
        told = f"{cart_name}: {error}" if cart_name else str(error)
        if isinstance(self.screen, CartuiScreen):
            self.screen.hint(told, "$text-warning")
        if cart_name not in self._told_troubles:
            self._told_troubles.add(cart_name)
            self.remember_error(told)
            self.push_screen(ErrorDialog("Auto-sync waits", error.problem, error.remedy))

    def _trouble_over(self, cart_name: str) -> None:
        """A cycle of the cart ended, or the books ("") can be read again: the line must not go on saying otherwise."""
        if cart_name in self._told_troubles:
            self._told_troubles.discard(cart_name)
            if isinstance(self.screen, CartuiScreen):
                self.screen.hint("")

    def on_runner_ended(self, message: RunnerEnded) -> None:
        self.report_bug(message.bug)
        self.reload_carts()

    def wake_runner(self) -> None:
        self._pulse.wake()

    def runner_words(self) -> str:
        here = self._runner is not None and self._runner.is_alive
        return "by this terminal" if here else "not by this terminal"

    # --- going about -----------------------------------------------------------------------------------------

    def open_cart(self, name: str, tab: int = 1) -> None:
        """Open the Shopping Cart document."""
        self.open_tab(name, tab)

    def open_tab(self, name: str, number: int) -> None:
        """One mode a tab: each keeps its screen, and with it cursor, filter and marks."""
        if (tab := tab_of(number)) is None:
            return
        mode = _mode(name, number)
        if mode not in self._modes:
            screen_class = tab.load()
            self.add_mode(mode, lambda: self._current(screen_class(name)))
        self.switch_mode(mode)
        self._shown_cart = name
        self._show_window_title()

    def _current(self, screen: Screen[Any]) -> Screen[Any]:
        """A new screen takes its styles as it is mounted. Textual believes it out of date: on opening a tab it would
        parse every style sheet and restyle all that is shown, twice, a good part of the time until the tab stands."""
        screen._css_update_count = self._css_update_count  # noqa: SLF001 - there is no other way to say so
        return screen

    def close_cart(self, name: str) -> None:
        self.switch_mode(HOME)
        self._shown_cart = None
        for mode in [mode for mode in self._modes if mode.startswith(_mode(name, ""))]:
            self.remove_mode(mode)
        self._show_window_title()

    def edited_tabs(self, name: str) -> frozenset[int]:
        stacks = [stack for mode, stack in self._screen_stacks.items() if mode.startswith(_mode(name, ""))]
        tabs = [stack[0] for stack in stacks if stack]
        return frozenset(tab.NUMBER for tab in tabs if isinstance(tab, CartScreen) and tab.unsaved)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action of the screen by its name, with its key; what can't run says why when it is chosen."""
        if not isinstance(screen, CartuiScreen):
            return
        for key in keys_of(screen.GROUPS):
            if key.group != "table" and screen.shows(key.action):
                name = shown(effective_keys(key, self.rebound))
                yield SystemCommand(f"{key.text}  ({name})", key.help, _runs(screen, key.action))

    def action_suspend(self) -> None:
        self.action_suspend_process()

    def _show_window_title(self) -> None:
        """The terminal's title says cart and state; written only when it changes."""
        text = "cartui"
        if self._shown_cart is not None:
            view = self.cart_view(self._shown_cart)
            text += f": {safe_text(self._shown_cart, 60)} {view.document.status if view else ''}".rstrip()
        if text != self._window_title and self._driver is not None and not self.is_headless:
            self._window_title = text
            self._driver.write(f"\x1b]0;{text}\x07")

    # --- errors ----------------------------------------------------------------------------------------------

    def remember_error(self, text: str) -> None:
        self.recent_errors.append(safe_text(text))

    def report_bug(self, bug: BaseException, more: str = "") -> None:
        path = self._log_bug(bug)
        problem = f"This is a bug in cartui ({type(bug).__name__}). What was under way was rolled back. {more}".rstrip()
        self.remember_error(problem)
        self.push_screen(ErrorDialog("Something went wrong", problem, f"Please report it with the end of {path}."))

    def _fatal_error(self) -> None:
        """A bug in drawing: leave with a sentence. Textual's own way would print the values of all variables."""
        path = self._log_bug(self._exception)
        self._pulse.stop()
        self.exit(1, return_code=1)
        self._exit_renderables[:] = [f"cartui had to close because of a bug. Please report it with the end of {path}."]
        self._close_messages_no_wait()

    def _log_bug(self, bug: BaseException | None) -> Path:
        return log_bug(self.ws.home, self.ws.clock(), bug)


def _mode(name: str, number: int | str) -> str:
    return f"cart {name}\0{number}"


def _runs(screen: CartuiScreen, action: str) -> Any:
    async def run() -> None:
        await screen.action_run(action)

    return run
