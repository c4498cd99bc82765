"""A CSV file: which columns are which fields, what each row would do; adjusted until it is right, then done whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from cartui.domain.csv_import import FIELDS_OF
from cartui.domain.csv_numbers import DecimalSign
from cartui.domain.record_changes import Subject
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError
from cartui.screens.base import CartuiScreen
from cartui.screens.changes import ChangesScreen
from cartui.screens.dialogs import ChoiceDialog, PromptDialog
from cartui.sync.record_changes import CsvOptions, CsvPreview, preview_csv, read_file
from cartui.widgets.chrome import Part

_DECIMALS = {DecimalSign.AUTO: "found out", DecimalSign.POINT: "point", DecimalSign.COMMA: "comma"}
_NONE = "\0none"
WHAT = (
    ("items", "Items", "Make new ones, change those that are there; opening stock too"),
    ("count", "Stock count", "What is on hand becomes what was counted"),
    ("opening", "Opening stock", "For items whose stock was never stated"),
    ("receipt", "Goods received", "The numbers are added to what is on hand"),
)


class CsvScreen(ChangesScreen):
    """The preview of a file, with its columns to adjust."""

    GROUPS: ClassVar[tuple[str, ...]] = ("everywhere", "back", "changes", "csv")
    ABOUT: ClassVar[str] = (
        "What each row of the file would do. m says which column is which field, d which the decimal sign is. A blank "
        "cell changes nothing, a code that is known is changed, another one is made. y does all of it in one go; with "
        "an error in one row nothing is done. n, q or esc leaves all as it is."
    )

    def __init__(self, subject: Subject, path: Path, data: bytes, options: CsvOptions, preview: CsvPreview) -> None:
        super().__init__(path.name, preview.changes)
        self._subject = subject
        self._data = data
        self._options = options
        self._preview = preview

    def title_parts(self) -> tuple[Part, ...]:
        what = self._options.mode if self._subject is Subject.STOCK else self._subject.value
        return (
            ("CSV", "bold"),
            f" · {safe_text(self._title, 40)} · {what} · decimal sign {_DECIMALS[self._options.decimal]}",
        )

    def action_columns(self) -> None:
        """Which column is which field."""
        columns, header = self._preview.mapping.columns, self._preview.table.header
        choices = [
            (spec.name, spec.title, f"column {header[columns[spec.name]]}" if spec.name in columns else "no column")
            for spec in FIELDS_OF[self._subject]
        ]
        self.app.push_screen(ChoiceDialog("Which field?", choices), self._field_chosen)

    def _field_chosen(self, name: str | None) -> None:
        if name is None:
            return
        header = self._preview.table.header
        choices = [(heading, heading, "") for heading in header if heading]
        title = next(spec.title for spec in FIELDS_OF[self._subject] if spec.name == name)

        def chosen(heading: str | None) -> None:
            if heading is not None:
                columns = {**self._options.columns, name: "" if heading == _NONE else heading}
                for other, place in self._preview.mapping.columns.items():  # a column is one field's
                    if other != name and header[place] == heading:
                        columns[other] = ""
                self._read_again(replace(self._options, columns=columns))

        self.app.push_screen(ChoiceDialog(f"{title} stands in", [*choices, (_NONE, "no column", "")]), chosen)

    def action_decimal(self) -> None:
        """Found out, point, comma, and round again."""
        signs = list(_DECIMALS)
        following = signs[(signs.index(self._options.decimal) + 1) % len(signs)]
        self._read_again(replace(self._options, decimal=following))

    def _read_again(self, options: CsvOptions) -> None:
        ws, subject, data = self.ws, self._subject, self._data

        def shown(preview: CsvPreview) -> None:
            self._options, self._preview = options, preview
            self.show_changes(preview.changes)

        self.run_job("Reading the file", lambda _progress, _stop: preview_csv(ws, subject, data, options), shown)


def ask_csv(screen: CartuiScreen, subject: Subject, on_done: Callable[[int, Subject], None]) -> None:
    """Ask what the file is about (items or their stock) and where it is, then show what it would do."""
    if subject is Subject.CUSTOMERS:
        _ask_path(screen, subject, "count", on_done)
        return

    def chosen(what: str | None) -> None:
        if what is not None:
            about = Subject.ITEMS if what == "items" else Subject.STOCK
            _ask_path(screen, about, "count" if what == "items" else what, on_done)

    screen.app.push_screen(ChoiceDialog("A CSV file of what?", WHAT), chosen)


def _ask_path(screen: CartuiScreen, subject: Subject, mode: str, on_done: Callable[[int, Subject], None]) -> None:
    def typed(text: str | None) -> None:
        if text is not None:
            _read(screen, subject, Path(text.strip()).expanduser(), CsvOptions(mode=mode), on_done)

    told = "The path of the CSV file on this machine. Nothing is changed before you have seen what it would do."
    screen.app.push_screen(PromptDialog("CSV file", told, placeholder="~/items.csv"), typed)


def _read(
    screen: CartuiScreen, subject: Subject, path: Path, options: CsvOptions, on_done: Callable[[int, Subject], None]
) -> None:
    ws = screen.ws

    def read() -> tuple[bytes, CsvPreview]:
        data = read_file(path)
        return data, preview_csv(ws, subject, data, options)

    def shown(found: tuple[bytes, CsvPreview]) -> None:
        def left(count: int | None) -> None:
            if count is not None:
                on_done(count, subject)

        screen.app.push_screen(CsvScreen(subject, path, found[0], options, found[1]), left)

    def failed(error: CartuiError) -> None:
        screen.tell(error, "The file can't be taken")

    screen.run_job("Reading the file", lambda _progress, _stop: read(), shown, failed)
