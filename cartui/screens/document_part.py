"""Ship, credit or invoice a document, whole or in part: how much of each line, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.documents import Document
from cartui.domain.money import parse_amount
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import DocumentKind
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.form import FormScreen, FormScroll
from cartui.screens.glyphs import GLYPHS
from cartui.sync import fulfilment
from cartui.sync.documents import open_parts
from cartui.sync.workspace import Workspace
from cartui.widgets.chrome import Part
from cartui.widgets.fields import ChoiceField, SwitchField, TextField


class Doing(StrEnum):
    """What is made of a part of a document."""

    SHIP = "Ship"
    CREDIT = "Credit note"
    CONVERT = "Invoice"


@dataclass(frozen=True, slots=True)
class PartLine:
    """A line that something can be taken of. `most` None: no goods, it is taken whole or not."""

    position: int
    title: str
    most: Decimal | None


class PartScreen(FormScreen):
    """Ends with a sentence that says what was made, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "edit", "reading")
    ABOUT: ClassVar[str] = (
        "How much of each line. What is open stands there; type less, or 0 to leave a line out, then ctrl+s. Discounts "
        "and taxes follow in proportion. What is made of it is PENDING until it is approved; a shipment is told to the "
        "cart."
    )

    def __init__(self, document: Document, doing: Doing, lines: list[PartLine]) -> None:
        super().__init__()
        self._document = document
        self._doing = doing
        self._lines = lines
        self._told: str | None = None

    def title_parts(self) -> tuple[Part, ...]:
        return (
            (self._doing.value, "bold"),
            f" · {self._document.name} · {safe_text(self._document.draft.customer_name, 30)}",
        )

    def body(self) -> ComposeResult:
        with FormScroll():
            for line in self._lines:
                if line.most is not None:
                    yield TextField(
                        f"line-{line.position}",
                        line.title,
                        f"0 to {line.most.normalize():f}.",
                        check=_check_up_to(line.most),
                        letters=False,
                    )
                else:
                    yield SwitchField(f"line-{line.position}", line.title, "Credit it too.", words=("yes", "no"))
            yield from self._more()

    def _more(self) -> ComposeResult:
        if self._doing is Doing.SHIP:
            yield TextField("carrier", "Carrier", "Who takes it.")
            yield TextField("tracking", "Tracking number", "")
            yield TextField("url", "Tracking address", "Where the buyer can follow it: https://…")
        elif self._doing is Doing.CONVERT:
            kinds = (DocumentKind.SALES_INVOICE, DocumentKind.CASH_SALE)
            choices = [(kind.value, kind.label) for kind in kinds]
            yield ChoiceField("kind", "Becomes", choices, marks=GLYPHS.left + GLYPHS.right)
        else:
            yield SwitchField("restock", "Back on the shelf", "Off: the goods are lost or broken.", words=("yes", "no"))
            yield TextField("paid_back", "Money went back by", "The payment method; empty: it is still to be paid.")

    def on_mount(self) -> None:
        super().on_mount()
        self.fill_form()
        self.begin_edit()

    def fill_form(self) -> None:
        for line in self._lines:
            self.field(f"line-{line.position}").set_value("no" if line.most is None else f"{line.most.normalize():f}")
        if self._doing is Doing.CREDIT:
            self.field("restock").set_value("yes")

    def mode_changed(self) -> None:
        self.refresh_frame()

    def end_edit(self) -> None:
        """There is no View here."""
        self.dismiss(self._told)

    def save_form(self, on_saved: Callable[[], None]) -> None:
        ws, document, values = self.ws, self._document, self.values
        wanted = {
            line.position: Decimal(0) if line.most is None else parse_amount(values[f"line-{line.position}"] or "0")
            for line in self._lines
            if line.most is not None or values[f"line-{line.position}"] == "yes"
        }
        make = {Doing.SHIP: _ship, Doing.CREDIT: _credit, Doing.CONVERT: _convert}[self._doing]

        def saved(told: str) -> None:
            self._told = told
            on_saved()

        self.run_job("Saving", lambda _progress, _stop: make(ws, document, wanted, values), saved)


def _check_up_to(most: Decimal) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        try:
            quantity = parse_amount(text or "0")
        except ValueError as error:
            return str(error)
        return None if 0 <= quantity <= most else f"0 to {most.normalize():f}, which is open."

    return check


def _ship(ws: Workspace, document: Document, wanted: Mapping[int, Decimal], values: Mapping[str, str]) -> str:
    parcel = fulfilment.Parcel(wanted, values["carrier"].strip(), values["tracking"].strip(), values["url"].strip())
    made = fulfilment.ship_document(ws, document, parcel)
    return f"Shipment {made} is booked; the cart will be told."


def _credit(ws: Workspace, document: Document, wanted: Mapping[int, Decimal], values: Mapping[str, str]) -> str:
    keep = () if values["restock"] == "yes" else tuple(wanted)
    taken = {at: quantity for at, quantity in wanted.items() if quantity or at not in _goods(document)}
    made = fulfilment.credit_document(ws, document, quantities=taken, keep=keep, paid_back=values["paid_back"].strip())
    return f"Credit note D{made:06d} was made; approve it to post it."


def _convert(ws: Workspace, document: Document, wanted: Mapping[int, Decimal], values: Mapping[str, str]) -> str:
    made = fulfilment.convert_order(ws, document, DocumentKind(values["kind"]), quantities=wanted)
    return f"{DocumentKind(values['kind']).label} D{made:06d} was made; approve it to post it."


def _goods(document: Document) -> set[int]:
    return {at for at, line in enumerate(document.draft.lines, 1) if line.kind.value == "product"}


def part_lines(ws: Workspace, document: Document, doing: Doing) -> list[PartLine]:
    """The lines that something can be taken of, read from the books."""
    found = []
    still = open_parts(ws, document, credit=doing is Doing.CREDIT, ship=doing is Doing.SHIP)
    for position, line in enumerate(document.draft.lines, 1):
        name = safe_text(f"{position} {line.item_code or ''} {line.text}".replace("  ", " "), 30)
        if position in still:
            if still[position]:
                found.append(PartLine(position, name, still[position]))
        elif doing is Doing.CREDIT and line.kind.value in ("shipping", "fee", "tip"):
            found.append(PartLine(position, name, None))
    return found
