"""Signs with an ASCII stand-in where the locale can't show them."""

from __future__ import annotations

import locale
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    passed: str = "✓"
    failed: str = "✗"
    warning: str = "!"
    skipped: str = "–"
    bar: str = "█"
    bar_rest: str = "░"
    arrow: str = "→"
    crumb: str = "›"
    left: str = "◂"
    right: str = "▸"
    dot: str = "·"
    ramp: str = "▁▂▃▄▅▆▇█"
    edge: str = "│"


ASCII = Glyphs("+", "x", "!", "-", "#", "-", "->", ">", "<", ">", "-", "_.:-=+*#", "|")


def choose(encoding: str) -> Glyphs:
    """The signs that an encoding can show."""
    try:
        "✓✗█░→›◂▸·–▁▂▃▄▅▆▇│".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return Glyphs()


GLYPHS = choose(locale.getpreferredencoding(False))
