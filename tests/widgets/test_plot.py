"""Plots are text: the largest value fills its column, nothing is nothing, ASCII does where blocks do not."""

from __future__ import annotations

from decimal import Decimal

from cartui.screens import glyphs
from cartui.widgets.plot import axis, columns, sparkline

BLOCKS = glyphs.Glyphs().ramp
PLAIN = glyphs.choose("ascii").ramp


def test_a_sparkline_has_a_sign_for_each_value() -> None:
    """The largest is full, zero and less are the lowest, a little is more than nothing."""
    assert sparkline([0, 1, 500, 1000, -3], BLOCKS) == "▁▂▅█▁"
    assert sparkline([0, 1, 500, 1000, -3], PLAIN) == "_.=#_"
    assert sparkline([0, 0], BLOCKS) == "▁▁"
    assert sparkline([], BLOCKS) == ""


def test_columns_grow_in_eighths() -> None:
    """Half of the largest is half as high; a gap follows each column; below zero has a sign of its own."""
    drawn = columns([Decimal(16), Decimal(8), Decimal(1), Decimal(0), Decimal(-5)], 2, 2, BLOCKS)
    assert drawn == ["█         ", "█ █ ▁   v "]
    assert columns([0, 0], 2, 1, BLOCKS) == ["  ", "  "]


def test_where_blocks_can_not_be_shown_they_are_ascii() -> None:
    """The signs of an ASCII locale draw the same plot in as many cells."""
    drawn = columns([16, 8, 1], 2, 2, PLAIN)
    assert [len(line) for line in drawn] == [6, 6]
    assert "".join(drawn).isascii()


def test_labels_do_not_touch() -> None:
    """One that would run into the next is left out."""
    assert axis([(0, "10-23"), (7, "10-30"), (9, "11-01")], 20) == "10-23    11-01"
    assert axis([(0, "10-23"), (18, "10-30")], 20) == "10-23"
