"""What every screen has: title line, help line, keys; and what every tab of a Shopping Cart has on top.

How to write a tab (see `screens.tabs` for the table of tabs):

    class OrdersScreen(CartScreen):
        GROUPS = (*CART_GROUPS, "table", "cart-list", ...)   # groups of `keymap`: bindings, footer, help, palette
        ABOUT = "What this screen is for, for its help."
        def body(self) -> ComposeResult: ...                 # everything between the tab strip and the help line
        def why_not(self, action) -> str | None: ...         # greys an action and says why
        def shows(self, action) -> bool: ...                 # False: not here and now (no footer, no key)
        def action_list(self) -> None:                       # one method per action of the groups
            self.run_job("Listing orders", lambda progress, stop: lists.list_cart(..., progress=progress, stop=stop),
                         on_done=self.show_listing)
        def cart_changed(self, view: CartView) -> None: ...  # the cart was read again
        def clear_step(self) -> bool: ...                    # esc: clear one thing, True if there was one

`run_job` runs in a thread with progress, rate, time left and cancel; `read` is the same, silent, for quick reads. Both
call `on_done(result)` on the drawing thread. `tell(error)` shows problem and remedy; `hint(text)` one quiet line.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from textual.app import ComposeResult

from cartui.domain.safe_text import safe_text
from cartui.keymap import FILTER_GROUP, KEYS, Key, bindings, effective_keys, keys_of, shown, split_keys
from cartui.screens.dialogs import ConfirmDialog
from cartui.screens.help import HelpScreen
from cartui.screens.status import status_segments
from cartui.screens.tabs import TABS
from cartui.screens.work_screen import WorkScreen
from cartui.sync.carts import CartView
from cartui.widgets.chrome import KeyLine, Part, TabStrip, TextLine
from cartui.widgets.status_bar import StatusBar

HOME_GROUPS = ("everywhere",)
PUSHED_GROUPS = ("everywhere", "back")
CART_GROUPS = ("everywhere", "back", "tabs")


_ALWAYS = frozenset(key.action for key in keys_of(("everywhere", "back")))


class CartuiScreen(WorkScreen):
    """Title line, body, help line, keys."""

    GROUPS: ClassVar[tuple[str, ...]] = PUSHED_GROUPS
    ABOUT: ClassVar[str] = ""
    AUTO_FOCUS: ClassVar[str | None] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012  as Screen declares it

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.BINDINGS = list(bindings(*cls.GROUPS))
        super().__init_subclass__(inherit_bindings=False, **kwargs)

    # --- what a screen says about itself ---------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """The widgets between the lines above and below."""
        yield from ()

    def head(self) -> ComposeResult:
        """The lines above the body."""
        yield TextLine(*self.title_parts(), id="title")

    def foot(self) -> ComposeResult:
        """The lines below the body: help line, keys."""
        yield TextLine(id="hint")
        yield KeyLine(id="keys")

    def title_parts(self) -> tuple[Part, ...]:
        """The title line."""
        return ()

    def why_not(self, action: str) -> str | None:  # noqa: ARG002  screens look at it
        """Why an action can't run just now, as a sentence; None: it can."""
        return None

    def shows(self, action: str) -> bool:  # noqa: ARG002  screens look at it
        """False for an action that has no place here and now: no key, not in the footer."""
        return True

    def clear_step(self) -> bool:
        """`esc`: clear one thing (filter, marks, edit mode). True when there was something to clear."""
        return False

    def carts_changed(self) -> None:
        """The carts were read again."""

    # --- frame -----------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield from self.head()
        yield from self.body()
        yield from self.foot()

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, lambda _: self.show_keys())
        self.show_keys()

    def on_screen_resume(self) -> None:
        self.carts_changed()
        self.refresh_frame()

    def on_unmount(self) -> None:
        self.cancel_work()

    def refresh_frame(self) -> None:
        """Draw title and keys again where they changed."""
        if self.is_mounted:
            self.query_one("#title", TextLine).show(*self.title_parts())
            self.show_keys()

    def show_keys(self) -> None:
        """Bring the footer up to date."""
        if line := self.query_one_optional("#keys", KeyLine):
            line.show(self._footer_entries())

    def _footer_entries(self) -> list[tuple[str, str, bool, str]]:
        active = {(active.binding.id, pressed) for pressed, active in self.active_bindings.items()}
        entries = []
        in_filter = any((key.key_id, one) in active for key in keys_of([FILTER_GROUP]) for one in split_keys(key.keys))
        for key in keys_of([FILTER_GROUP]) if in_filter else self._footer_order():
            usable = [one for one in split_keys(effective_keys(key, self.host.rebound)) if (key.key_id, one) in active]
            if key.footer and usable:
                entries.append((shown(usable[0]), key.text, self.why_refused(key.action) is None, key.action))
        return entries

    def _footer_order(self) -> list[Key]:
        """The screen's own actions first, lists after them, back and help last."""
        late = ("table", "reading", "back", "everywhere")
        own = [key for key in keys_of(self.GROUPS) if key.group not in late]
        order = own + [key for group in late for key in keys_of([group] if group in self.GROUPS else [])]
        return sorted(order, key=lambda key: (key.group == "everywhere", key.action == "quit"))

    # --- actions ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.shows(str(parameters[0])) if action == "run" and parameters else True

    def why_refused(self, action: str) -> str | None:
        """As `why_not`; but nothing ever keeps a person from leaving, help, or stopping what is under way."""
        return None if action in _ALWAYS else self.why_not(action)

    async def action_run(self, action: str) -> None:
        """Run an action of the key table, or say why it can't run."""
        if not self.shows(action):
            return
        if reason := self.why_refused(action):
            self.hint(reason, "$text-warning")
            return
        name, _, argument = action.rstrip(")").partition("(")
        method = getattr(self, f"action_{name}", None) or getattr(self.app, f"action_{name}")
        result = method(*([argument] if argument else []))
        if inspect.isawaitable(result):
            await result

    def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        self.run_worker(self.action_run(message.action), exclusive=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_step_back(self) -> None:
        """`esc`: stop the work under way, else clear one thing, else empty the help line."""
        if self._job is not None:
            self.cancel_job()
        elif not self.clear_step():
            self.hint("")

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(type(self).ABOUT, self.GROUPS, self.host.rebound, self.why_refused, self.shows))


def key_of(action: str, group: str) -> str:
    """The key a person presses for an action, for texts: key_of("test", "auto-sync") -> "t"."""
    return next(shown(key.keys).split(" ")[0] for key in KEYS if (key.action, key.group) == (action, group))


class CartScreen(CartuiScreen):
    """One tab of a Shopping Cart document: title line, tab strip, body, status bar, help line, keys."""

    GROUPS: ClassVar[tuple[str, ...]] = CART_GROUPS
    NUMBER: ClassVar[int] = 0

    def __init__(self, cart_name: str) -> None:
        super().__init__()
        self.cart_name = cart_name
        self.editing = False
        self.unsaved = False

    @property
    def view(self) -> CartView | None:
        """The cart as last read; None for a moment after cartui was opened on it."""
        return self.host.cart_view(self.cart_name)

    def cart_changed(self, view: CartView) -> None:
        """The cart was read again; also called whenever the tab comes to the front."""

    def set_unsaved(self, unsaved: bool) -> None:
        """Mark this tab as holding changes that are not saved."""
        self.unsaved = unsaved
        self._show_state()

    def head(self) -> ComposeResult:
        yield TextLine(*self.title_parts(), id="title")
        yield TabStrip([(tab.number, tab.title) for tab in TABS], self.NUMBER, id="tabs")

    def foot(self) -> ComposeResult:
        yield TextLine(id="hint")
        yield StatusBar(id="status")
        yield KeyLine(id="keys")

    def title_parts(self) -> tuple[Part, ...]:
        view = self.view
        if view is None:
            return ((safe_text(self.cart_name), "bold"),)
        document = view.document
        live: Part = ("LIVE", "bold $text-warning") if document.settings.live else ("TEST", "bold $text-success")
        mode: Part = ("Edit", "bold") if self.editing else "View"
        return (
            (safe_text(document.name, 40), "bold"),
            " · ",
            live,
            " · ",
            mode,
            (" *unsaved" if self.unsaved else "", "bold $text-warning"),
            (f" · {safe_text(view.title, 30)} · {safe_text(document.connection.url, 120)}", "$quiet"),
        )

    def carts_changed(self) -> None:
        self._show_state()
        if (view := self.view) is not None and self.is_mounted:
            self.cart_changed(view)

    def _show_state(self) -> None:
        if not self.is_mounted:
            return
        self.refresh_frame()
        self.query_one("#tabs", TabStrip).show_edited(self.host.edited_tabs(self.cart_name))
        if (view := self.view) is not None:
            segments = status_segments(view, self.now(), self.host.runner_words(), read_only=self.ws.read_only)
            self.query_one("#status", StatusBar).set_segments(segments)

    # --- tabs ------------------------------------------------------------------------------------------------

    def action_tab(self, number: str) -> None:
        self.host.open_tab(self.cart_name, int(number))

    def action_next_tab(self) -> None:
        self._step_tab(1)

    def action_previous_tab(self) -> None:
        self._step_tab(-1)

    def _step_tab(self, step: int) -> None:
        numbers = [tab.number for tab in TABS]
        self.host.open_tab(self.cart_name, numbers[(numbers.index(self.NUMBER) + step) % len(numbers)])

    def on_tab_strip_chosen(self, message: TabStrip.Chosen) -> None:
        self.host.open_tab(self.cart_name, message.number)

    def action_back(self) -> None:
        """Leave the cart; asks when changes are not saved."""
        if not self.host.edited_tabs(self.cart_name):
            self.host.close_cart(self.cart_name)
            return

        def leave(yes: bool | None) -> None:
            if yes:
                self.host.close_cart(self.cart_name)

        self.app.push_screen(
            ConfirmDialog("Leave without saving?", "There are changes that are not saved.", "Leave", "Stay"), leave
        )
