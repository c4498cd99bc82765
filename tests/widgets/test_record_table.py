"""The table: keys, messages, marks, editing, and what it sends to the terminal."""

import threading
from collections.abc import Sequence

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot

from cartui.domain.rows import FLAG_PROBLEM, Column, Editor, ListRowSource, Marks, Row, View
from cartui.widgets.filter_bar import RecordList
from cartui.widgets.record_table import RecordTable
from cartui.widgets.signs import ASCII, UNICODE, pick_signs
from tests.domain.hostile import HOSTILE_TEXTS, forbidden_in

COLUMNS = (
    Column("code", "Code", 12, editor=Editor.CODE),
    Column("name", "Name", 24),
    Column("stock", "Stock", 8, "right", Editor.INTEGER),
    Column("price", "Price", 9, "right", Editor.DECIMAL),
    Column("status", "Status", 11, priority=5),
    Column("note", "Note", 30, priority=9),
)


def rows(number: int) -> list[Row]:
    return [
        Row(f"k{i}", (f"SKU-{i:03}", f"Shoe {i}", str(i % 7), f"{i}.50", "done" if i % 2 else "open", f"note {i}"))
        for i in range(number)
    ]


class Lists(App[None]):
    """One list; keeps every message the table sends."""

    def __init__(self, source: ListRowSource) -> None:
        super().__init__()
        self.list = RecordList(source, signs=UNICODE)
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.list

    @on(RecordTable.RowActivated)
    @on(RecordTable.MarksChanged)
    @on(RecordTable.CursorMoved)
    @on(RecordTable.CellEdited)
    @on(RecordTable.EditProblem)
    @on(RecordTable.ViewRequested)
    def keep(self, message: Message) -> None:
        self.seen.append(message)

    @property
    def table(self) -> RecordTable:
        return self.list.table

    def last(self, kind: type[Message]) -> Message:
        return [message for message in self.seen if isinstance(message, kind)][-1]

    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


def app_with(number: int = 200) -> Lists:
    return Lists(ListRowSource(COLUMNS, rows(number)))


async def settle(pilot: Pilot[None]) -> None:
    """Until no worker runs and their messages are handled."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_moving_and_opening() -> None:
    """Arrows, j k g G, pages and enter do what they do everywhere; each move is told by key."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "down", "k")
        assert app.table.cursor_key == "k1"
        await pilot.press("pagedown")
        assert app.table.cursor_row == 1 + 23
        await pilot.press("G", "enter")
        await pilot.pause()
        assert app.last(RecordTable.RowActivated).key == "k199"  # type: ignore[attr-defined]
        assert "SKU-199" in app.lines()[-1]
        await pilot.press("g")
        assert app.table.cursor_key == "k0"
        assert "SKU-000" in app.lines()[1]


async def test_marks_step_range_all_none_invert() -> None:
    """space, v, a, A and i; the count is told each time, and a sort or a filter keeps them."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.table
        await pilot.press("space", "space", "j", "v", "j", "j", "v")
        await settle(pilot)
        assert table.marks.keys == {"k0", "k1", "k3", "k4", "k5"}
        await pilot.press("i")
        await pilot.pause()
        assert app.last(RecordTable.MarksChanged).count == 195  # type: ignore[attr-defined]
        await pilot.press("o", "o")
        await settle(pilot)
        assert not table.marks.contains("k0")
        await pilot.press("a")
        assert table.marked_count == 200
        await pilot.press("A")
        assert table.marks.is_empty


async def test_all_that_match_survives_a_change_of_filter() -> None:
    """ "All that match" becomes those very rows when the filter changes; all of everything stays all."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.table
        table.request_filter("status:open")
        await settle(pilot)
        await pilot.press("a")
        assert table.marked_count == 100
        table.request_filter("")
        await settle(pilot)
        assert table.marked_count == 100
        assert table.marks.contains("k2")
        assert not table.marks.contains("k1")
        table.request_filter("status:open code:SKU-00*")
        await settle(pilot)
        await pilot.press("i")
        await settle(pilot)
        assert table.marked_count == 0


async def test_all_of_everything_costs_no_keys() -> None:
    """Select-all holds no keys at all, under any filter."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "space")
        app.table.request_filter("status:done")
        await settle(pilot)
        assert app.table.marks == Marks.all().toggle("k0")
        assert app.table.marked_count == 199


async def test_sort_keeps_the_cursor_on_its_row() -> None:
    """o sorts by the column under the cell cursor, again reverses; the cursor stays on the record."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "right", "right", "o")
        await settle(pilot)
        assert app.table.view == View("stock", False)
        assert app.table.cursor_key == "k2"
        await pilot.press("o")
        await settle(pilot)
        assert app.table.view == View("stock", True)
        assert "Stock▾" in app.lines()[0]


async def test_typing_a_number_edits_and_enter_moves_down() -> None:
    """After tab a digit on a number cell opens it; enter keeps it, steps down; the cell is signed as edited."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "4", "2", "enter")
        assert app.table.edits == {("k0", "stock"): "42"}
        assert app.table.cursor_row == 1
        assert "42*" in app.lines()[1]
        assert app.last(RecordTable.CellEdited).text == "42"  # type: ignore[attr-defined]
        await pilot.press("u")
        assert app.table.edits == {}


async def test_digits_are_the_screens_until_a_cell_was_entered() -> None:
    """On a number cell that was only passed by the arrows a digit opens nothing; after tab it does, until esc."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right", "right", "4")
        assert not app.table.is_editing
        await pilot.press("left", "left", "tab", "4", "enter", "5", "escape", "escape", "6")
        assert app.table.edits == {("k0", "stock"): "4"}
        assert not app.table.is_editing


async def test_a_sign_is_not_lost() -> None:
    """-5 is never taken for 5: what is not allowed is for the cell's check to refuse."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "-", "5", "enter")
        assert app.table.edits == {("k0", "stock"): "-5"}


async def test_a_wrong_value_is_said_under_the_cell_and_not_taken() -> None:
    """The problem stands on the next line while typing; enter doesn't take it; escape restores."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "4", "x")
        assert "! A whole number" in app.lines()[2]
        await pilot.press("enter")
        assert app.table.is_editing
        assert isinstance(app.last(RecordTable.EditProblem), RecordTable.EditProblem)
        await pilot.press("escape")
        assert not app.table.is_editing
        assert app.table.edits == {}
        assert "SKU-001" in app.lines()[2]


async def test_leaving_an_open_cell_keeps_it_or_stays() -> None:
    """A click elsewhere or ctrl+s takes what was typed; a wrong value holds the cursor."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "8", "ctrl+s")
        assert not app.table.is_editing
        assert app.table.edits == {("k0", "stock"): "8"}
        await pilot.press("9", "x")
        await pilot.click(RecordTable, offset=(8, 6))
        assert app.table.is_editing
        assert app.table.cursor_row == 0
        await pilot.press("backspace")
        await pilot.click(RecordTable, offset=(8, 6))
        assert app.table.cursor_row == 5
        assert app.table.edits == {("k0", "stock"): "9"}


async def test_the_same_code_twice_is_refused() -> None:
    """Two rows can't be given one code; a rule of the screen is asked as well."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.cell_check = lambda key, column, text: "Taken." if text == "TAKEN" else None
        await pilot.press("e", "ctrl+u", *"NEW", "enter", "e", "ctrl+u", *"new", "enter")
        assert app.table.editing_problem == "Another row was just given this code."
        await pilot.press("ctrl+u", *"TAKEN")
        assert app.table.editing_problem == "Taken."


async def test_tab_goes_round_the_editable_cells() -> None:
    """tab and shift+tab visit code, stock and price, then the next row; in View mode nothing opens."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for _ in range(3):
            await pilot.press("tab")
            seen.append((app.table.cursor_row, app.table.cursor_column_name))
        assert seen == [(0, "stock"), (0, "price"), (1, "code")]
        await pilot.press("shift+tab")
        assert (app.table.cursor_row, app.table.cursor_column_name) == (0, "price")
        app.table.editable = False
        await pilot.press("e", "5")
        assert not app.table.is_editing


async def test_paste_fills_down_all_or_nothing() -> None:
    """Lines go into the rows below; one bad line and none is taken."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right", "right")
        app.table.post_message(events.Paste("10\r\nten\n12"))
        await pilot.pause()
        assert app.table.edits == {}
        assert "Line 2" in app.last(RecordTable.EditProblem).text  # type: ignore[attr-defined]
        app.table.post_message(events.Paste("10\n11\n12\n"))
        await pilot.pause()
        assert app.table.edits == {("k0", "stock"): "10", ("k1", "stock"): "11", ("k2", "stock"): "12"}


async def test_filter_line_filters_while_typing_and_says_what_it_cant_read() -> None:
    """/ opens the line; a pause filters; an unknown field is said in words and the list stays."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"code:SKU-00*", "enter")
        await settle(pilot)
        assert app.table.row_count == 10
        assert app.table.has_focus
        await pilot.press("slash", *" nope:1", "enter")
        await pilot.pause()
        assert "no field" in app.list.bar.problem
        assert app.table.row_count == 10
        await pilot.press("escape", "escape")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert app.table.row_count == 200


async def test_mark_by_query() -> None:
    """* marks the rows that match, on top of what is marked."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "asterisk", *"code:SKU-19*", "enter")
        await settle(pilot)
        assert app.table.marked_count == 11


class SlowSource(ListRowSource):
    """Sorts when it is let."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        super().__init__(columns, rows)
        self.gate = threading.Event()
        self.views: list[View] = []

    def set_view(self, view: View) -> None:
        assert self.gate.wait(20)
        self.views.append(view)
        super().set_view(view)


async def test_the_screen_stays_usable_while_the_view_is_made() -> None:
    """While a slow sort runs the cursor moves and the header says so; of several wishes the newest wins."""
    source = SlowSource(COLUMNS, rows(200))
    app = Lists(source)
    async with app.run_test(size=(80, 24)) as pilot:
        for text in ("1", "11", "code:SKU-111"):
            app.table.request_filter(text)
        await pilot.press("j")
        assert app.table.busy
        assert "working" in app.lines()[0]
        assert app.table.cursor_key == "k1"
        source.gate.set()
        await settle(pilot)
        await settle(pilot)
        assert [view.filter for view in source.views] == ["1", "code:SKU-111"]
        assert app.table.row_count == 1


async def test_a_toggle_repaints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marking draws the row's line alone; a step draws the two lines it touches; nothing is laid out."""
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        await pilot.pause()
        regions: list[Region] = []
        drawn: list[int] = []
        refresh, render_line = app.table.refresh, app.table.render_line

        def spy(*regions_: Region, **options: bool) -> RecordTable:
            regions.extend(regions_ or [Region(0, 0, 80, 24)])
            assert not options.get("layout")
            return refresh(*regions_, **options)

        def spy_line(y: int):  # type: ignore[no-untyped-def]
            drawn.append(y)
            return render_line(y)

        monkeypatch.setattr(app.table, "refresh", spy)
        monkeypatch.setattr(app.table, "render_line", spy_line)
        app.table.toggle_row(5)
        await pilot.pause()
        assert regions == [Region(0, 6, 80, 1)]
        assert drawn == [6]
        drawn.clear()
        await pilot.press("j")
        await pilot.pause()
        assert sorted(drawn) == [2, 3]
        monkeypatch.undo()


async def test_hostile_text_never_reaches_the_strips() -> None:
    """Every hostile text, in every column, drawn and being edited: exact width, no control character, no crash."""
    hostile = [Row(f"h{i}", (text,) * len(COLUMNS), frozenset({FLAG_PROBLEM})) for i, text in enumerate(HOSTILE_TEXTS)]
    app = Lists(ListRowSource(COLUMNS, hostile))
    async with app.run_test(size=(100, 30)) as pilot:
        for _ in range(len(hostile) // 29 + 1):
            for y in range(app.table.size.height):
                strip = app.table.render_line(y)
                assert strip.cell_length == 100
                assert forbidden_in(strip.text) == []
                assert not strip.link_ids - {""}
            await pilot.press("e")
            assert forbidden_in("".join(app.lines())) == []
            await pilot.press("escape", "pagedown")
        assert "[/foo]" in "".join(row.text for row in map(app.table.render_line, range(1, 30))) or len(hostile) > 29


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (20, 4)])
async def test_columns_get_room_by_priority(size: tuple[int, int]) -> None:
    """Every line fills the width exactly; code and what can be edited come first; all can be reached sideways."""
    app = app_with()
    async with app.run_test(size=size) as pilot:
        assert all(app.table.render_line(y).cell_length == size[0] for y in range(size[1]))
        if size[0] >= 80:
            assert all(title in app.lines()[0] for title in ("Code", "Name", "Stock", "Price"))
        assert ("Note" in app.lines()[0]) is (size[0] >= 120)
        await pilot.press(*["right"] * len(COLUMNS))
        assert "Code" in app.lines()[0]
        if size[0] >= 60:
            assert "Note" in app.lines()[0]


async def test_no_rows_and_a_list_that_shrinks() -> None:
    """An empty list says so and takes every key; a cursor past the new end comes back."""
    app = app_with(0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "space", "v", "v", "e", "enter", "G", "a", "i", "o")
        await settle(pilot)
        assert any("Nothing here yet." in line for line in app.lines())
        app.table.set_source(ListRowSource(COLUMNS, rows(50)))
        await pilot.press("G")
        app.table.request_filter("code:SKU-00*")
        await settle(pilot)
        assert app.table.cursor_row == 9


def test_signs_fall_back_to_ascii() -> None:
    """A locale that can't write line art gets plain signs."""
    assert pick_signs("ascii") is ASCII
    assert pick_signs("utf-8") is UNICODE
    assert all(str(getattr(ASCII, name)).isascii() for name in ASCII.__dataclass_fields__)


async def test_states_are_told_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the cursor, marks, edits and problems are signs in the text."""
    monkeypatch.setenv("NO_COLOR", "1")
    source = ListRowSource(COLUMNS, [Row("p", ("P", "x", "1", "2", "", ""), frozenset({FLAG_PROBLEM})), *rows(3)])
    app = Lists(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        assert app.lines()[1].startswith(" [x]!")
        assert app.lines()[2].startswith("▸[ ]")
