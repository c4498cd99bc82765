"""Tab Auto-sync: what is synchronised, from when, start and stop (S020, S027, S030-S053, S080-S084)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from cartui.domain.guard import GuardLevel
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import Counts, CycleReport
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import IMPORT_KINDS, CartSettings, DocumentKind, SyncStatus
from cartui.errors import CartuiError
from cartui.screens.base import CART_GROUPS, CartScreen
from cartui.screens.dialogs import ConfirmDialog, ListedDialog
from cartui.screens.form import FormScreen, FormScroll
from cartui.screens.glyphs import GLYPHS
from cartui.screens.outbox import OutboxScreen
from cartui.screens.overview import OverviewScreen
from cartui.screens.reconcile_fields import reconcile_fields, reconcile_parts, reconcile_values, typed_reconcile
from cartui.screens.rules import RulesScreen
from cartui.screens.set_up import SetUpScreen
from cartui.screens.start import start, stop
from cartui.screens.status import RESULT_WORDS
from cartui.screens.steps import mending_key, next_step, steps, steps_words
from cartui.screens.times import EXAMPLE, check_time, check_typing, parse_time, show_time, zone_name
from cartui.screens.to_cart import (
    grey_the_impossible,
    outbox_words,
    show_what_matters,
    to_cart_fields,
    to_cart_values,
    typed_to_cart,
)
from cartui.sync import carts
from cartui.sync.cart_dates import CartDates
from cartui.sync.carts import CartView
from cartui.widgets.chrome import put
from cartui.widgets.fields import ChoiceField, SwitchField, TextField

WHILE_RUNNING = "While the cart is RUNNING its dates move by themselves: stop it (S) to set them."
IMPORT_WORDS = {kind: f"{kind.label}s" for kind in IMPORT_KINDS}
DATE_HELP = {
    "last_order_from": f"{EXAMPLE}, or 14:30+02:00. Older orders are never imported.",
    "last_update_time": f"{EXAMPLE}, or 14:30+02:00. Changes since then are looked for.",
}
CYCLES_SHOWN = 10


def check_poll(text: str) -> str | None:
    """Poll minutes: 1 to 60."""
    good = text.isascii() and text.isdigit() and 1 <= int(text) <= 60
    return None if good else "A whole number of minutes, 1 to 60."


class AutoSyncScreen(CartScreen, FormScreen):
    """From Cart and To Cart, what the guard misses, the last cycles."""

    GROUPS: ClassVar[tuple[str, ...]] = (*CART_GROUPS, "edit", "auto-sync", "reading")
    NUMBER: ClassVar[int] = 1
    ABOUT: ClassVar[str] = (
        "What is synchronised by itself, and from when. Set both dates and the switches (e, then ctrl+s), synchronise "
        "the items on the tabs Items (Cart) or Items, test the connection (t), and only then start (s). Orders placed "
        "before Last Order from are never taken over. Every imported document is PENDING: it posts nothing."
    )

    def __init__(self, cart_name: str) -> None:
        CartScreen.__init__(self, cart_name)
        self.before = {}
        self._stored: CartView | None = None

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        with FormScroll(id="auto-sync"):
            yield Static("", id="guard")
            with Container(id="sections"):
                with Vertical(id="from-cart", classes="section"):
                    yield Static(Content("From Cart"), classes="heading")
                    yield from self._from_cart()
                with Vertical(id="to-cart", classes="section"):
                    yield Static(Content("To Cart"), classes="heading")
                    yield from self._to_cart()
            yield Static(Content("Last cycles"), classes="heading", id="cycles-heading")
            yield Static("", id="cycles")

    def _from_cart(self) -> ComposeResult:
        yield Static("", id="status-line")
        yield ChoiceField(
            "import_orders_as",
            "Import Orders As",
            [(kind.value, words) for kind, words in IMPORT_WORDS.items()],
            "Which document an order becomes; always PENDING, so nothing is posted and no stock moves.",
            marks=GLYPHS.left + GLYPHS.right,
        )
        yield TextField(
            "last_order_from",
            "Last Order from",
            DATE_HELP["last_order_from"],
            check=check_time,
            check_typing=check_typing,
            letters=False,
            width=28,
            placeholder="not set",
        )
        yield TextField(
            "last_update_time",
            "Last update time",
            DATE_HELP["last_update_time"],
            check=check_time,
            check_typing=check_typing,
            letters=False,
            width=28,
            placeholder="not set",
        )
        yield SwitchField(
            "from_cart_customers", "Enable Customer updates", "A customer changed in the cart is changed in the system."
        )
        yield SwitchField(
            "from_cart_items", "Enable Item updates", "An item changed in the cart is changed in the system."
        )
        yield TextField(
            "poll_minutes", "Poll every", "How often the cart is asked, in minutes: 1 to 60.", check=check_poll,
            letters=False, width=5,
        )  # fmt: skip
        yield SwitchField("sync_orders", "Sync Orders", "Off: orders are taken over by hand only, on Orders (Cart).")
        yield from reconcile_fields()
        yield Static("", id="reconcile-line")

    def _to_cart(self) -> ComposeResult:
        yield Static("", id="outbox-line")
        yield from to_cart_fields()

    def on_mount(self) -> None:
        for field in self.fields:
            field.set_editable(False)

    def cart_changed(self, view: CartView) -> None:
        if not self.editing:
            self._stored = view
            self.fill_form()
        self._draw_state(view)
        self.read("cycles", lambda: carts.recent_cycles(self.ws, self.cart_name, CYCLES_SHOWN), self._draw_cycles)

    def fill_form(self) -> None:
        if (view := self._stored) is None:
            return
        settings = view.document.settings
        at = view.last_order_from, view.last_update_time
        shown = {
            "import_orders_as": settings.import_orders_as.value,
            "last_order_from": show_time(at[0], seconds=bool(at[0] and at[0].second)),
            "last_update_time": show_time(at[1], seconds=bool(at[1] and at[1].second)),
            "poll_minutes": str(settings.poll_minutes),
            **reconcile_values(settings),
            **to_cart_values(settings),
        }
        for field in self.fields:
            name = str(field.name)
            switch = getattr(settings, name, None)
            field.set_value(shown.get(name, "yes" if switch else "no"))
        self.field("poll_minutes").note("minutes")
        self._note_zones()
        show_what_matters(self.values, self.field)

    def _note_zones(self) -> None:
        for name in ("last_order_from", "last_update_time"):
            field = self.field(name)
            at = None if check_time(field.value) else parse_time(field.value)
            field.note(zone_name(at) if at else "")

    def _draw_state(self, view: CartView) -> None:
        running = view.document.status is SyncStatus.RUNNING
        word = ("RUNNING", "bold $text-success") if running else ("STOPPED", "bold")
        reason = "" if running else safe_text(view.document.stop_reason, 200)
        parts: list[tuple[str, str]] = [(f"{'Status':<31}", ""), word, (f"  {reason}" if reason else "", "$quiet")]
        put(self.query_one("#status-line", Static), Content.assemble(*parts))
        self._draw_guard(None if running else view)
        words = outbox_words(view)
        told = [(f"{'Outbox':<31}", ""), (words, "$quiet" if words == "nothing waits" else "bold")]
        put(self.query_one("#outbox-line", Static), Content.assemble(*told, ("  (o)", "$quiet")))
        put(self.query_one("#reconcile-line", Static), Content.assemble(*reconcile_parts(view.reconciled)))
        grey_the_impossible(view, self.field)
        for name in ("last_order_from", "last_update_time"):
            self.field(name).hold(WHILE_RUNNING if running else "")
            self.field(name).help_text = WHILE_RUNNING if running else DATE_HELP[name]
            self.field(name).set_editable(self.editing)

    def _draw_guard(self, view: CartView | None) -> None:
        """The next of the four steps, and what the guard misses with the key that mends it; `b` says it in full."""
        guard, step = self.query_one("#guard", Static), next_step(view) if view else None
        guard.display = step is not None
        if view is None or step is None:
            return
        parts: list[tuple[str, str]] = [(f"Next, step {step.number} of 4: {step.what}", "bold"), (f"  {step.how}", "")]
        for problem in view.problems:
            blocks = problem.level is GuardLevel.BLOCKS
            sign, key = GLYPHS.failed if blocks else GLYPHS.warning, mending_key(problem)
            parts += [(f"\n{sign} ", "bold $text-error" if blocks else "bold $text-warning"), (problem.problem, "")]
            parts.append((f"  ({key})" if key else f"  {problem.remedy}", "$quiet"))
        put(guard, Content.assemble(*parts))

    def _draw_cycles(self, reports: Sequence[CycleReport]) -> None:
        parts: list[tuple[str, str]] = []
        for report in reports:
            parts += cycle_parts(report)
        text = Content.assemble(*parts[:-1]) if parts else Content.styled("None yet.", "$quiet")
        put(self.query_one("#cycles", Static), text)

    # --- View and Edit -----------------------------------------------------------------------------------------------

    def why_not(self, action: str) -> str | None:
        view = self.view
        if view is None:
            return (
                None if action.partition("(")[0] in ("tab", "next_tab", "previous_tab") else "The cart is being read."
            )
        running = view.document.status is SyncStatus.RUNNING
        if action == "start" and running:
            return "It is RUNNING already."
        if action == "stop" and not running:
            return "It is STOPPED already."
        if action == "rules" and self.editing:
            return "Save (ctrl+s) or leave Edit (esc) first: the rules are saved by themselves."
        if action in ("test", "connection") and self.is_changed:
            return "Save (ctrl+s) or leave (esc) the changes first."
        return None

    def mode_changed(self) -> None:
        self.set_unsaved(self.is_changed)
        self._note_zones()
        show_what_matters(self.values, self.field)

    def begin_edit(self, focus: str | None = None) -> None:
        if focus is None and self._stored is not None and self._stored.last_order_from is None:
            focus = "last_order_from"
        super().begin_edit(focus)

    def check_form(self) -> list[str]:
        if any(field.problem() for field in self.fields):
            return []  # the fields have named theirs, and the settings can't be built yet
        return carts.check_settings(self._typed_settings())

    def _typed_settings(self) -> CartSettings:
        values = self.values
        stored = self._stored.document.settings if self._stored else CartSettings()
        return replace(
            typed_reconcile(typed_to_cart(stored, values), values),
            sync_orders=values["sync_orders"] == "yes",
            import_orders_as=DocumentKind(values["import_orders_as"]),
            from_cart_customers=values["from_cart_customers"] == "yes",
            from_cart_items=values["from_cart_items"] == "yes",
            poll_minutes=int(values["poll_minutes"]),
        )

    def save_form(self, on_saved: Callable[[], None]) -> None:
        stored = self._stored
        if stored is None:
            return
        document = replace(stored.document, settings=self._typed_settings())
        dates = CartDates(**{name: parse_time(self.values[name]) for name in self._changed_dates()})
        opened = CartDates(stored.last_order_from, stored.last_update_time)

        def save() -> CartView:
            if document != stored.document or not dates.is_empty:
                carts.save_cart(self.ws, document, dates, opened)
            return carts.view_cart(self.ws, self.cart_name)

        def saved(view: CartView) -> None:
            self._stored = view
            on_saved()
            self.hint("Saved.")
            self.host.reload_carts()

        self.read("save", save, saved, self._not_saved)

    def end_edit(self) -> None:
        """What another admin saved meanwhile is shown, and edited the next time."""
        view, stored = self.view, self._stored
        if view is not None and (stored is None or view.document.version >= stored.document.version):
            self._stored = view
        super().end_edit()

    def _changed_dates(self) -> list[str]:
        names = ("last_order_from", "last_update_time")
        return [name for name in names if self.values[name] != self.before.get(name)]

    def _not_saved(self, error: CartuiError) -> None:
        self.tell(error, "Not saved")

    # --- actions -----------------------------------------------------------------------------------------------------

    def action_start(self) -> None:
        """S034: in View and in Edit. What was typed is saved first, if the person agrees."""
        if not self.is_changed:
            self._start()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.save_then(self._saved_and_start)

        question = ConfirmDialog(
            "Save the changes and start?", "Start works on what is saved.", "Save and start", "Keep editing"
        )
        self.app.push_screen(question, answered)

    def _saved_and_start(self) -> None:
        self.end_edit()
        self._start()

    def _start(self) -> None:
        start(self, self.cart_name, lambda: None)

    def action_explain(self) -> None:
        """The four steps, and every thing that is missing with its remedy."""
        if (view := self.view) is None:
            return
        told = steps_words(steps(view), GLYPHS.passed, GLYPHS.skipped)
        missing = () if view.document.status is SyncStatus.RUNNING else view.problems
        told += [(f"{GLYPHS.failed if one.level is GuardLevel.BLOCKS else GLYPHS.warning} {one.problem}", one.remedy)
                 for one in missing]  # fmt: skip
        self.app.push_screen(ListedDialog(f"{self.cart_name}: the four steps", told))

    def action_outbox(self) -> None:
        self.app.push_screen(OutboxScreen(self.cart_name))

    def action_overview(self) -> None:
        self.app.push_screen(OverviewScreen(self.cart_name))

    def action_rules(self) -> None:
        """The import rules, read anew: they are saved against this version of the cart."""
        ws, name = self.ws, self.cart_name
        self.read("rules", lambda: carts.view_cart(ws, name), self._open_rules)

    def _open_rules(self, view: CartView) -> None:
        self.app.push_screen(RulesScreen(view.document))

    def action_stop(self) -> None:
        stop(self, self.cart_name, lambda: None)

    def action_test(self) -> None:
        self.app.push_screen(SetUpScreen(self.cart_name, test_at_once=True), self._renamed)

    def action_connection(self) -> None:
        self.app.push_screen(SetUpScreen(self.cart_name), self._renamed)

    def _renamed(self, name: str | None) -> None:
        if name is not None and name != self.cart_name:
            self.host.close_cart(self.cart_name)
            self.host.reload_carts()


def cycle_parts(report: CycleReport) -> list[tuple[str, str]]:
    """One cycle as a line: when, how it went, counts per kind; ends with the line break."""
    tone = "$text-error" if report.problem else ""
    parts: list[tuple[str, str]] = [(f"{show_time(report.ended_at)}  ", "$quiet"), (RESULT_WORDS[report.result], tone)]
    told = [count_words(kind, counts) for kind, counts in report.counts.items() if counts.received]
    parts.append((f"  {'; '.join(told) or 'nothing new'}", "" if told else "$quiet"))
    if report.problem:
        parts.append((f"  {safe_text(report.problem, 300)} {safe_text(report.remedy, 300)}".rstrip(), "$quiet"))
    return [*parts, ("\n", "")]


def count_words(kind: RecordKind, counts: Counts) -> str:
    """ "12 orders: 3 created, 9 same"; what is zero is left out."""
    words = ("created", "updated", "same", "skipped", "held")
    told = ", ".join(f"{getattr(counts, word):,} {word}" for word in words if getattr(counts, word))
    return f"{counts.received:,} {kind}{'s' if counts.received != 1 else ''}: {told}"
