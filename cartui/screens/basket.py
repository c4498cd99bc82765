"""One basket: what is in it, what people did about it, and the way to an order (S104-S112)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import ClassVar

from cartui.domain.baskets import BasketCare, BasketNote, BasketStep, NoteKind
from cartui.domain.money import format_amount
from cartui.domain.records import LineKind
from cartui.domain.safe_text import safe_text
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.dialogs import ChoiceDialog, ConfirmDialog, ErrorDialog, PromptDialog
from cartui.screens.document import DocumentScreen
from cartui.screens.page import PageScreen
from cartui.screens.paper import raw_lines
from cartui.screens.sheet import Line, heading, pair, wrapped
from cartui.screens.times import show_moment, show_time
from cartui.sync import baskets
from cartui.sync.baskets import BasketView, Conversion

_STEPS = {
    BasketStep.OPEN: "nothing was done yet",
    BasketStep.CONTACTED: "the shopper was written to or called",
    BasketStep.ABANDONED: "given up",
    BasketStep.CONVERTED: "it became an order",
}
_LATER = "Put that right, then import it on Orders (Cart); auto-sync imports it by itself where its rules say so."
_TITLES = {NoteKind.NOTE: "Note", NoteKind.CALL: "Call", NoteKind.TASK: "Task"}


class BasketScreen(PageScreen):
    """Reads the basket from the cart when it opens and before each action (S112)."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "reading", "basket")
    ABOUT: ClassVar[str] = (
        "One basket as the cart holds it now. Only an open one becomes an order: where the cart can place orders it is "
        "placed there and imported at once; else finish it in the shop's back office (the address is shown, to copy), "
        "or make a draft document here. Notes, calls and tasks stay here; the shop does not see them."
    )

    def __init__(self, cart_name: str, basket_id: str) -> None:
        super().__init__(f"Basket {safe_text(basket_id, 40)}", cart_name)
        self._basket_id = basket_id
        self._view: BasketView | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self.action_reread()

    def action_reread(self) -> None:
        """As the cart holds it now."""
        ws, name, key = self.ws, self.cart_name, self._basket_id
        self.run_job("Reading the basket", lambda _progress, _stop: baskets.read_basket(ws, name, key), self._show)

    def _show(self, view: BasketView) -> None:
        self._view = view
        at = show_moment(self.now(), self.now())
        self.show_page(self._title, lambda width: basket_lines(view, width))
        self.hint(f"Read from the cart at {at}.")
        self.refresh_bindings()

    def why_not(self, action: str) -> str | None:
        view = self._view
        if view is None:
            return None if action in ("reread", "back", "help") else "It is still being read."
        if action in ("convert", "draft") and (reason := view.why_not_converted):
            return reason
        if action == "convert" and not view.places:
            return "This kind of cart places no orders for baskets: use its back office, or D for a draft document."
        if action == "task_done" and _open_task(view.care) is None:
            return "No task is open."
        return None

    # --- basket -> order ---------------------------------------------------------------------------------------------

    def action_convert(self) -> None:
        """Have the cart place the order."""
        live = "LIVE " if (cart := self.host.cart_view(self.cart_name)) and cart.document.settings.live else ""
        self._ask(
            f"Place this order in {live}cart {self.cart_name}?",
            "The cart makes an order of the basket, as if the shopper had sent it; it is imported here as a PENDING "
            "document at once.",
            "Place the order",
            baskets.convert_basket,
        )

    def action_draft(self) -> None:
        """Make a document here."""
        self._ask(
            "Make a draft document of this basket?",
            "A PENDING document is made here; nothing is sent. Should the shopper order it after all, that order comes "
            "as a document of its own: void one of the two.",
            "Make a draft",
            lambda ws, name, key, **_: baskets.draft_from_basket(ws, name, key),
        )

    def _ask(self, title: str, text: str, yes: str, convert: Callable[..., Conversion]) -> None:
        ws, name, key = self.ws, self.cart_name, self._basket_id

        def answered(agreed: bool | None) -> None:
            if agreed:
                self.run_job(
                    yes,
                    lambda progress, stop: convert(ws, name, key, progress=progress, stop=stop),
                    self._converted,
                )

        self.app.push_screen(ConfirmDialog(title, text, yes, "Leave", danger=True), answered)

    def _converted(self, done: Conversion) -> None:
        self.host.reload_carts()
        self.action_reread()
        if done.document_id is not None:
            self.app.push_screen(DocumentScreen(done.document_id, self.cart_name))
        elif done.reason:
            placed = f"The cart placed order {done.order_id}." if done.order_id is not None else "Nothing was made."
            self.app.push_screen(ErrorDialog("Not imported yet", f"{placed} {done.reason}", _LATER))

    # --- what people do about it -------------------------------------------------------------------------------------

    def action_step(self) -> None:
        """Choose our step of it."""
        view = self._view
        if view is None:
            return
        dialog = ChoiceDialog("Our step", [(step.value, step.value, what) for step, what in _STEPS.items()])
        self.app.push_screen(dialog, lambda step: self._set_step(view, step))

    def _set_step(self, view: BasketView, step: str | None) -> None:
        if step is not None:
            ws, name, key = self.ws, self.cart_name, self._basket_id
            self.read("care", lambda: baskets.set_step(ws, name, key, view.care, BasketStep(step)), self._taken)

    def _taken(self, _: BasketCare) -> None:
        self.action_reread()

    def action_note(self, kind: str) -> None:
        """Ask for the text; a task begins with its day."""
        what = NoteKind(kind)
        task = what is NoteKind.TASK
        dialog = PromptDialog(
            _TITLES[what],
            "The day it is due, then what is to be done: 2026-12-01 call again" if task else "What is to be kept?",
            check=check_task if task else None,
        )
        self.app.push_screen(dialog, lambda text: self._add(what, text))

    def _add(self, kind: NoteKind, text: str | None) -> None:
        if text is None:
            return
        due, words = (_parted(text)) if kind is NoteKind.TASK else (None, text)
        ws, name, key = self.ws, self.cart_name, self._basket_id
        self.read("care", lambda: baskets.add_note(ws, name, key, kind, words, due), self._taken)

    def action_task_done(self) -> None:
        """The oldest open task is done."""
        task = _open_task(self._view.care) if self._view is not None else None
        if task is not None:
            ws, name, key = self.ws, self.cart_name, self._basket_id
            self.read("care", lambda: baskets.finish_task(ws, name, key, task.note_id), self._taken)


def check_task(text: str) -> str | None:
    """What is wrong with a task as it is typed: it begins with its day."""
    try:
        _, words = _parted(text)
    except ValueError:
        return "Begin with the day: 2026-12-01 call again"
    return None if words else "What is to be done?"


def _parted(text: str) -> tuple[date, str]:
    day, _, words = text.strip().partition(" ")
    return date.fromisoformat(day), words.strip()


def _open_task(care: BasketCare) -> BasketNote | None:
    tasks = [one for one in care.notes if one.kind is NoteKind.TASK and one.done_at is None]
    return min(tasks, key=lambda one: (one.due_on or date.max, one.note_id), default=None)


def basket_lines(view: BasketView, width: int) -> list[Line]:
    """The page: whose, what, how much; status and step; the document; notes; the body as the cart sent it."""
    basket, care = view.basket, view.care
    value = f"{format_amount(basket.total, basket.currency)} {basket.currency}"
    mail = f" <{basket.buyer.email}>" if basket.buyer.email else ""
    lines = pair("Customer", f"{basket.buyer.name or 'guest'}{mail}", width, "strong")
    lines += pair("Value", value, width)
    lines += pair("Status", f"{basket.status} (in the cart: {basket.native_status})", width)
    changed = f", by {care.changed_by} {show_time(care.changed_at)}" if care.changed_at is not None else ""
    lines += pair("Step", f"{care.step}{changed}", width, "strong")
    lines += pair("Changed", show_time(basket.modified_at), width)
    lines += pair("Begun", show_time(basket.created_at), width)
    if view.document is not None:
        document = view.document
        lines += pair("Document", f"{document.draft.kind.label} {document.number} {document.status}", width, "good")
    elif care.order_id is not None or basket.order_id is not None:
        lines += pair("Order", f"{care.order_id or basket.order_id}, not imported yet", width, "warning")
    if view.admin_url:
        lines += pair("In the shop", view.admin_url, width)
    lines += heading("In the basket")
    for line in basket.lines:
        pieces = f"{line.quantity.normalize():f} x " if line.kind is LineKind.PRODUCT else ""
        sku = f" [{line.sku}]" if line.sku else ""
        amount = f"{format_amount(line.amount, basket.currency):>12}"
        lines += [((text, "plain"),) for text in wrapped(f"{amount}  {pieces}{line.text}{sku}", width)]
    return [*lines, *_note_lines(care, width), *raw_lines(view.raw, width)]


def _note_lines(care: BasketCare, width: int) -> list[Line]:
    lines = heading("Notes, calls, tasks")
    for note in care.notes:
        what = _TITLES[note.kind]
        if note.kind is NoteKind.TASK:
            what = f"{what} {'done' if note.done_at is not None else f'due {note.due_on}'}"
        lines += pair(show_time(note.at), f"{what}: {note.text} ({note.actor})", width, room=18)
    return lines if care.notes else [*lines, (("None yet: n, c or t.", "quiet"),)]
