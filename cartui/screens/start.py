"""Start and Stop, the same from home and from the Auto-sync tab: the guard first, then a typed name where it asks for
one (documents/001, 002; S032-S034, S080-S084)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cartui.domain.guard import GuardLevel, GuardProblem
from cartui.domain.outbox import OutboxKind
from cartui.domain.settings import CartDocument
from cartui.errors import CartuiError
from cartui.screens.base import CartScreen, CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, ProblemsDialog, TypedWordDialog
from cartui.screens.glyphs import GLYPHS
from cartui.screens.times import show_time, zone_name
from cartui.sync import carts
from cartui.sync.carts import CartView
from cartui.sync.rule_lab import settings_line
from cartui.sync.send_preview import send_words
from cartui.sync.start_preview import StartPreview, preview_start, preview_words


def start(screen: CartuiScreen, name: str, on_started: Callable[[], None]) -> None:
    """Look at the cart anew, then start it, ask, or say all that is missing."""
    screen.read("start", lambda: carts.view_cart(screen.ws, name), lambda view: _look(screen, view, on_started))


def stop(screen: CartuiScreen, name: str, on_stopped: Callable[[], None]) -> None:
    """Set STOPPED; a cycle under way ends after its page."""

    def stopped(_: CartDocument) -> None:
        screen.host.wake_runner()
        screen.host.reload_carts()
        screen.hint("STOPPED. A cycle that was under way ends after its page.")
        on_stopped()

    screen.read("start", lambda: carts.stop_cart(screen.ws, name), stopped)


def _look(screen: CartuiScreen, view: CartView, on_started: Callable[[], None]) -> None:
    name = view.document.name
    missing = [problem for problem in view.problems if problem.level is GuardLevel.BLOCKS]
    doubtful = [problem for problem in view.problems if problem.level is GuardLevel.CONFIRM]
    if missing:
        note = "" if isinstance(screen, CartScreen) else "These keys are those of its tab Auto-sync: enter opens it."
        screen.app.push_screen(
            ProblemsDialog(
                f"{name} can't be started yet", [(one.problem, one.remedy) for one in (*missing, *doubtful)], note
            )
        )
    elif view.last_cycle is None or _waiting(view):
        _preview(screen, view, doubtful, on_started)
    else:
        _ask(screen, view, doubtful, on_started, ())


def _preview(
    screen: CartuiScreen, view: CartView, doubtful: Sequence[GuardProblem], on_started: Callable[[], None]
) -> None:
    """Before the first Start, and where something waits to be sent: how much will come and go, read from the cart for
    some seconds at most (N02)."""
    name = view.document.name

    def told(preview: StartPreview) -> None:
        leaving = send_words(preview.sends) if view.document.settings.sends else []
        _ask(screen, view, doubtful, on_started, [*preview_words(preview), *leaving])

    def failed(error: CartuiError) -> None:
        _ask(screen, view, doubtful, on_started, [f"How much will come and go could not be read: {error.problem}"])

    screen.hint("Reading how much will come and go …")
    screen.read("start", lambda: preview_start(screen.ws, name), told, failed)


def _ask(
    screen: CartuiScreen,
    view: CartView,
    doubtful: Sequence[GuardProblem],
    on_started: Callable[[], None],
    preview: Sequence[str],
) -> None:
    """Say what Start will do. The first Start of a LIVE cart, and dates that look like a slip, want its name typed."""
    name, live = view.document.name, view.document.settings.live
    title = f"Start {'LIVE' if live else 'test'} cart {name}?"
    text = "\n".join([*(f"{GLYPHS.dot} {line}" for line in preview), start_words(view)])

    def typed(word: str | None) -> None:
        if word is not None:
            _start(screen, name, True, on_started)

    def answered(yes: bool | None) -> None:
        if yes:
            _start(screen, name, False, on_started)

    if doubtful or (live and view.last_cycle is None):
        text = f"{text}\n\n{refusal(doubtful)}" if doubtful else text
        screen.app.push_screen(TypedWordDialog(title, text, name), typed)
    else:
        screen.app.push_screen(ConfirmDialog(title, text, "Start", "Leave", danger=live), answered)


def start_words(view: CartView) -> str:
    """What Start will do: from when, as which documents, what else changes, how often."""
    settings = view.document.settings
    orders, changes = view.last_order_from, view.last_update_time
    kinds = [
        word for word, on in (("customers", settings.from_cart_customers), ("items", settings.from_cart_items)) if on
    ]
    lines = []
    if orders is not None:
        lines.append(
            f"Orders placed from {show_time(orders)} {zone_name(orders)} on become PENDING "
            f"{settings.import_orders_as.label}s: nothing is posted. Which ones: {settings_line(settings)}."
        )
    if kinds and changes is not None:
        lines.append(
            f"Changes of {' and '.join(kinds)} since {show_time(changes)} {zone_name(changes)} are taken over."
        )
    else:
        lines.append("Changes of customers and items are not taken over (both switches are off).")
    lines.append(f"{_sending(view)} It is asked every {settings.poll_minutes} minutes until S stops it.")
    lines += [one.problem for one in view.problems if one.level is GuardLevel.ADVICE]
    if settings.live and view.last_cycle is None:
        lines.append("This is the first Start of a LIVE cart: from here on its orders count in your books.")
    return "\n".join(f"{GLYPHS.dot} {line}" for line in lines)


_SENT = {
    OutboxKind.STOCK: "stock levels",
    OutboxKind.ITEM: "item changes",
    OutboxKind.CUSTOMER: "customer changes",
    OutboxKind.SHIPMENT: "tracking",
}


def _waiting(view: CartView) -> int:
    """Rows that would be sent at once."""
    return sum(view.outbox[kind].open for kind in view.document.settings.sends if kind in view.outbox)


def _sending(view: CartView) -> str:
    """What leaves for the cart by itself from then on, and how much waits to be sent at once."""
    kinds = view.document.settings.sends
    if not kinds:
        return "Nothing is written to the cart."
    waiting = _waiting(view)
    live = "LIVE" if view.document.settings.live else "test"
    at_once = f", {waiting:,} of them at once" if waiting else ""
    return (
        f"SENT to the {live} cart within seconds of a change here: {', '.join(_SENT[one] for one in kinds)}{at_once}."
    )


def _start(screen: CartuiScreen, name: str, confirmed: bool, on_started: Callable[[], None]) -> None:
    def started(document: CartDocument) -> None:
        screen.host.wake_runner()
        screen.host.reload_carts()
        screen.hint(f"RUNNING: polls every {document.settings.poll_minutes} minutes until it is stopped.")
        on_started()

    screen.read("start", lambda: carts.start_cart(screen.ws, name, confirmed=confirmed), started)


def refusal(problems: Sequence[GuardProblem]) -> str:
    """The problems as text, each with its remedy."""
    return "\n".join(f"{problem.problem} {problem.remedy}" for problem in problems)
