"""Conflicts: fields of items and customers that both sides changed; a person says whose value counts (rule 13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from cartui.domain.conflicts import Conflict, Whose
from cartui.domain.ids import RecordKind
from cartui.domain.rows import FLAG_PROBLEM, Column, ListRowSource, Marks, Row, marked_keys
from cartui.domain.safe_text import safe_text
from cartui.errors import BrakeError, CartuiError
from cartui.screens.base import PUSHED_GROUPS, CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, ErrorDialog, RowDialog, TypedWordDialog
from cartui.screens.glyphs import GLYPHS
from cartui.sync.conflicts import ConflictList, Refusal, SettleReport, list_conflicts, settle_conflicts
from cartui.widgets.chrome import Part
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable

COLUMNS = (
    Column("record", "Record", 22),
    Column("field", "Field", 10, priority=1),
    Column("ours", "Ours", 18, priority=1),
    Column("cart", "Cart's", 18, priority=1),
    Column("agreed", "Last agreed", 18, priority=2),
    Column("kind", "Kind", 8, priority=3),
    Column("id", "Id in the cart", 14, priority=4),
)
_SHOWN = 6  # fields named in the question


class ConflictsScreen(CartuiScreen):
    """One row a record and field. Ends with True where something was settled."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "table", "conflicts")
    ABOUT: ClassVar[str] = (
        "Fields that were changed here and in the cart since both last agreed, while neither side owns them; both "
        "values are kept until you decide. O takes ours: it stays, and is sent with the next export. C takes the "
        "cart's: ours becomes as the cart has it. Both act on the marked rows, ask first, and read the records again: "
        "what moved since it was listed is left alone. Owners of fields are set on Auto-sync; then nobody is asked."
    )
    AUTO_FOCUS: ClassVar[str | None] = "RecordTable"

    def __init__(self, cart_name: str, only: tuple[RecordKind, str] | None = None) -> None:
        """`only`: of this record, by the cart's id of it."""
        super().__init__()
        self.cart_name = cart_name
        self._only = only
        self._conflicts: dict[str, Conflict] = {}
        self._refused: dict[str, Refusal] = {}
        self._settled = False
        self._told: tuple[str, str] | None = None
        self._list = RecordList(empty_text="No field was changed on both sides.", id="list")

    @property
    def table(self) -> RecordTable:
        """The rows."""
        return self._list.table

    def title_parts(self) -> tuple[Part, ...]:
        count = len(self._conflicts)
        return (
            ("Conflicts", "bold"),
            f" · {safe_text(self.cart_name, 40)} · {count:,} field{'s' if count != 1 else ''}",
        )

    def body(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        super().on_mount()
        self.action_list()

    def action_list(self) -> None:
        """Read the records from the cart afresh."""
        self._told = None
        self._read()

    def _read(self) -> None:
        ws, name, only = self.ws, self.cart_name, self._only
        self.run_job(
            "Reading both sides",
            lambda progress, stop: list_conflicts(ws, name, only, progress=progress, stop=stop),
            self._show,
        )

    def _show(self, found: ConflictList) -> None:
        self._conflicts = {one.key: one for one in found.conflicts}
        self._refused = {key: one for key, one in self._refused.items() if key in self._conflicts}
        marks, key = self.table.marks, self.table.cursor_key
        self.table.set_source(ListRowSource(COLUMNS, [self._row(one) for one in found.conflicts]))
        self.table.set_marks(Marks(frozenset(one for one in marks.keys if one in self._conflicts)))
        if key in self._conflicts:
            self.table.move_to_key(str(key))
        if self._told is not None:
            self.hint(*self._told)
        elif found.over and self._only is None:
            self.hint(f"{found.over:,} records say the same on both sides now: R on Held retries them.")
        self.refresh_frame()
        self.refresh_bindings()

    def _row(self, one: Conflict) -> Row:
        cells = (one.label, one.field, one.ours, one.theirs or "–", one.agreed or "–", str(one.kind), one.external_id)
        return Row(one.key, cells, frozenset({FLAG_PROBLEM}) if one.key in self._refused else frozenset())

    def why_not(self, action: str) -> str | None:
        if action not in ("take_ours", "take_cart"):
            return None
        if self.busy:
            return "The records are being read; esc stops it."
        if self.ws.read_only:
            return "cartui is in read-only mode: set read_only = false in the configuration and start it again."
        return None if self._conflicts else "There is no conflict."

    def action_back(self) -> None:
        self.dismiss(self._settled)

    def clear_step(self) -> bool:
        if self.table.marks.is_empty:
            return False
        self.table.set_marks(Marks.none())
        return True

    def on_record_table_row_activated(self, message: RecordTable.RowActivated) -> None:
        one = self._conflicts[message.key]
        told = f"Ours: {one.ours or 'nothing'}\nThe cart's: {one.theirs or 'nothing'}"
        told += f"\nLast agreed: {one.agreed or 'nothing'}"
        title = f"{one.label}: {one.field}"
        if refused := self._refused.get(one.key):
            self.app.push_screen(ErrorDialog(title, f"{told}\n\n{refused.problem}", refused.remedy))
        else:
            self.app.push_screen(RowDialog(title, told, "O keeps ours and sends it; C takes the cart's."))

    # --- settle ------------------------------------------------------------------------------------------------------

    def action_take_ours(self) -> None:
        """Ours stays and waits to be sent."""
        self._ask(Whose.OURS)

    def action_take_cart(self) -> None:
        """Ours becomes as the cart has it."""
        self._ask(Whose.CART)

    def _chosen(self) -> list[Conflict]:
        source, marks, here = self.table.source, self.table.marks, self.table.cursor_key
        if source is None:
            return []
        keys = [here] if marks.is_empty else list(marked_keys(marks, source))
        return [self._conflicts[key] for key in keys if key in self._conflicts]

    def _ask(self, whose: Whose) -> None:
        chosen = self._chosen()
        if not chosen:
            return
        fields = f"{len(chosen):,} field{'s' if len(chosen) != 1 else ''}"
        if whose is Whose.OURS:
            title = f"Take ours for {fields}?"
            told = f"Ours stays and replaces the value in cart {self.cart_name} when it is next sent:"
        else:
            title = f"Take the cart's for {fields}?"
            told = "Ours is replaced by what the cart has:"
        gone = [_replaced(one, whose) for one in chosen[:_SHOWN]]
        gone += [f"… and {len(chosen) - _SHOWN:,} more"] if len(chosen) > _SHOWN else []

        def answered(yes: bool | None) -> None:
            if yes:
                self._settle(chosen, whose)

        verb = "Take ours" if whose is Whose.OURS else "Take the cart's"
        self.app.push_screen(ConfirmDialog(title, "\n".join([told, *gone]), verb, "Leave"), answered)

    def _settle(self, chosen: Sequence[Conflict], whose: Whose, confirmed: str = "") -> None:
        ws, name = self.ws, self.cart_name
        picks = [(one, whose) for one in chosen]

        def failed(error: CartuiError) -> None:
            if isinstance(error, BrakeError):
                self._brake(error, chosen, whose)
            else:
                self.tell(error)

        self.run_job(
            "Settling",
            lambda progress, stop: settle_conflicts(ws, name, picks, confirmed=confirmed, progress=progress, stop=stop),
            self._done,
            failed,
        )

    def _brake(self, error: BrakeError, chosen: Sequence[Conflict], whose: Whose) -> None:
        def typed(word: str | None) -> None:
            if word is not None:
                self._settle(chosen, whose, self.cart_name)

        text = f"{error.problem}\n\nNothing was done yet. esc leaves; look at the rows once more."
        self.app.push_screen(TypedWordDialog("This would do much at once", text, self.cart_name), typed)

    def _done(self, report: SettleReport) -> None:
        self._settled = self._settled or bool(report.settled)
        self._refused = {one.conflict.key: one for one in report.refused}
        self.table.set_marks(Marks(frozenset(self._refused)))
        self.host.wake_runner()
        self.host.reload_carts()
        told = f"{len(report.settled):,} settled."
        if report.refused:
            told += f" {len(report.refused):,} left alone: {report.refused[0].problem}"
        self._told = (told, "$text-warning" if report.refused else "$text-success")
        self._read()


def _replaced(one: Conflict, whose: Whose) -> str:
    before, after = (one.theirs, one.ours) if whose is Whose.OURS else (one.ours, one.theirs)
    return f"{one.label}, {one.field}: {before or 'nothing'} {GLYPHS.arrow} {after or 'nothing'}"
