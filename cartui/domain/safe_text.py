"""Makes text that others wrote harmless to draw, to log and to store.

Shop text may carry terminal commands (ESC, C1), text that reads backwards (bidi controls), text that can't be seen
(zero-width, tags) or text that stacks up without end (combining marks). The rule is RELIABILITY rule 23: replace what
commands or hides, cap what floods, leave all else as it is. Markup needs no rule here: widgets never read it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that was taken out, so that a person sees that something was there."""
ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
DEFAULT_LIMIT: Final = 2_000
"""Characters; a product name is below 300 in every cart we read."""
MAX_COMBINING: Final = 4
"""Combining marks kept on one letter; no living script needs more."""

_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARK_CATEGORIES: Final = frozenset({"Mn", "Me"})
# Printable to Unicode, but drawn as nothing: a code made of them looks empty or equal to another one.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0")
_BLANKS: Final = frozenset("\n\t\r\x0b\x0c\x85\u2028\u2029")


def safe_text(text: str, limit: int = DEFAULT_LIMIT, *, keep_lines: bool = False) -> str:
    """Return ``text`` without anything that commands, hides or floods, at most ``limit`` characters long.

    Line breaks and tabs become one space each (``keep_lines=True`` keeps ``\\n`` and ``\\t`` and folds ``\\r\\n``);
    variation selectors are dropped (they only change the width); every other forbidden character becomes U+FFFD.
    Plain text comes back as the same object. Doing it twice changes nothing more.
    """
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else _capped(text, limit)
    # The raw text is cut before the walk: a flood must not cost more than a page of honest text.
    cut = text[: limit * (MAX_COMBINING + 1) + 1]
    cleaned = _cleaned(cut.replace("\r\n", "\n"), keep_lines=keep_lines)
    return cleaned if len(cleaned) <= limit else _capped(cleaned, limit)


def is_safe_text(text: str, *, keep_lines: bool = False) -> bool:
    """True when ``safe_text`` would leave ``text`` as it is, its length aside."""
    return safe_text(text, max(1, len(text)), keep_lines=keep_lines) == text


def _capped(text: str, limit: int) -> str:
    return text[: max(0, limit - 1)] + ELLIPSIS if limit > 0 else ""


def _cleaned(text: str, *, keep_lines: bool) -> str:
    table = {ord(char): _stand_in(char, keep_lines) for char in set(text) if _is_forbidden(char)}
    if table:
        text = text.translate(table)
    if any(unicodedata.category(char) in _MARK_CATEGORIES for char in set(text)):
        text = _without_floods(text)
    return text


def _is_forbidden(char: str) -> bool:
    if char in _INVISIBLE or _is_variation_selector(char):
        return True
    if char.isprintable():
        return False
    # U+E0000..E0FFF: tags; half of the block is unassigned and still travels unseen.
    return "\U000e0000" <= char <= "\U000e0fff" or unicodedata.category(char) in _FORBIDDEN_CATEGORIES


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\u180b" <= char <= "\u180d" or "\U000e0100" <= char <= "\U000e01ef"


def _stand_in(char: str, keep_lines: bool) -> str:
    if _is_variation_selector(char):
        return ""
    if char in _BLANKS:
        return char if keep_lines and char in "\n\t" else " "
    return REPLACEMENT


def _without_floods(text: str) -> str:
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in _MARK_CATEGORIES else 0
        if run <= MAX_COMBINING:
            kept.append(char)
    return "".join(kept)
