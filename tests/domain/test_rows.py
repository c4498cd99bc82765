"""Rows, marks and the in-memory source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.domain.query import QueryError
from cartui.domain.rows import Column, Editor, ListRowSource, Marks, Row, View, check_cell, check_filter, marked_keys

COLUMNS = (Column("code", "Code", 8), Column("price", "Price", 8, "right", Editor.DECIMAL))
ROWS = [Row("a", ("A", "10")), Row("b", ("b", "9.5")), Row("c", ("C", "")), Row("d", ("d", "n/a"))]


@pytest.mark.parametrize(
    ("editor", "text", "typing", "final"),
    [
        (Editor.DECIMAL, "-", True, False), (Editor.DECIMAL, "1.", True, False), (Editor.DECIMAL, "1.50", True, True),
        (Editor.DECIMAL, "", True, True), (Editor.DECIMAL, "1e9", False, False), (Editor.DECIMAL, "1,5", False, False),
        (Editor.DECIMAL, "٣", False, False), (Editor.INTEGER, "-", True, False), (Editor.INTEGER, "12", True, True),
        (Editor.INTEGER, "1.5", False, False), (Editor.CODE, "", True, False), (Editor.CODE, "A 1", True, True),
        (Editor.CODE, " A", True, False), (Editor.CODE, "x" * 65, False, False), (Editor.TEXT, "any [/x]", True, True),
    ],
)  # fmt: skip
def test_check_cell_forgives_a_beginning(editor: Editor, text: str, typing: bool, final: bool) -> None:
    """The start of a good value is no problem while typing; at enter it must be whole."""
    assert (check_cell(editor, text, False) is None) is typing
    assert (check_cell(editor, text, True) is None) is final


KEYS = st.frozensets(st.sampled_from("abcdefgh"))


@given(KEYS, KEYS, st.sampled_from("abcdefgh"))
def test_marks_agree_with_a_plain_set(first: frozenset[str], more: frozenset[str], key: str) -> None:
    """Whatever is done to marks, they answer like a set of keys over the same eight rows."""
    universe = frozenset("abcdefgh")
    for marks, plain in [(Marks.none().with_keys(first), first), (Marks.all(), universe)]:
        steps = [
            (marks.toggle(key), plain ^ {key}),
            (marks.inverted(), universe - plain),
            (marks.inverted().with_keys(more), (universe - plain) | more),
            (marks.toggle(key).inverted().inverted(), plain ^ {key}),
        ]
        for got, wanted in steps:
            assert {at for at in universe if got.contains(at)} == wanted
            assert got.count(len(universe)) == len(wanted)


def test_all_is_bound_to_its_filter() -> None:
    """What an action walks over is all that matched the filter the mark was made under, but the exceptions."""
    source = ListRowSource(COLUMNS, ROWS)
    marks = Marks.all("price>1").toggle("b")
    assert list(marked_keys(marks, source)) == ["a", "d"]
    assert list(marked_keys(Marks.none().with_keys("ca"), source)) == ["a", "c"]


@pytest.mark.parametrize(("descending", "keys"), [(False, "badc"), (True, "dabc")])
def test_sort_puts_numbers_by_value_and_empty_last(descending: bool, keys: str) -> None:
    """9.5 is less than 10, words follow numbers, empty cells come last both ways."""
    source = ListRowSource(COLUMNS, ROWS)
    source.set_view(View("price", descending))
    assert "".join(row.key for row in source.page(0, 64)) == keys
    assert source.find("c") == 3


def test_filter_narrows_and_keys_leaves_the_view() -> None:
    """keys() answers for another view without touching the one that is set."""
    source = ListRowSource(COLUMNS, ROWS)
    source.set_view(View(filter="code:a"))
    assert (source.count(), source.find("b")) == (1, None)
    assert list(source.keys(View())) == ["a", "b", "c", "d"]
    assert source.count() == 1


def test_unreadable_filter_is_refused_in_words() -> None:
    """An unknown field or an open quote never empties the list."""
    source = ListRowSource(COLUMNS, ROWS)
    with pytest.raises(QueryError, match="no field"):
        source.set_view(View(filter="nope:1"))
    assert source.count() == 4
    assert check_filter('"open', COLUMNS) is not None
    assert check_filter("price>1", COLUMNS) is None
