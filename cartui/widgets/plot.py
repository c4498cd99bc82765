"""Plots of block characters, as text. Pure: numbers in, lines out.

`ramp` is what a column is drawn with, from lowest to full ("▁▂▃▄▅▆▇█", in ASCII "_.:-=+*#"): see `screens.glyphs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise


def sparkline(values: Sequence[int | Decimal], ramp: str) -> str:
    """One character a value, the largest one full; nothing sold is the lowest, so that a day with a little shows."""
    top = max(values, default=0)
    if top <= 0:
        return ramp[0] * len(values)
    steps = len(ramp) - 1
    return "".join(ramp[0 if value <= 0 else max(1, round(steps * value / top))] for value in values)


def columns(values: Sequence[int | Decimal], height: int, width: int, ramp: str, below: str = "v") -> list[str]:
    """Upright columns on `height` lines, from the top, `width` cells for each value (the last one is the gap where
    there are two or more). A value below zero is the sign `below` on the lowest line."""
    top = max(values, default=0)
    steps = len(ramp)
    drawn = max(1, width - 1)
    gap = " " * (width - drawn)
    levels = [0 if value <= 0 or top <= 0 else max(1, round(height * steps * value / top)) for value in values]
    lines = []
    for row in reversed(range(height)):
        cells = []
        for value, level in zip(values, levels, strict=True):
            filled = min(steps, max(0, level - row * steps))
            sign = ramp[filled - 1] if filled else below if value < 0 and row == 0 else " "
            cells.append(sign * drawn + gap)
        lines.append("".join(cells))
    return lines


def axis(labels: Sequence[tuple[int, str]], room: int) -> str:
    """Labels under a plot, each beginning at its cell, as far as they fit without touching: (cell, text)."""
    line = ""
    for (cell, text), (following, _) in pairwise([*labels, (room + 1, "")]):
        if cell >= len(line) and cell + len(text) < following and cell + len(text) <= room:
            line = line.ljust(cell) + text
    return line
