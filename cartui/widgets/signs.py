"""The signs that say a state without colour, in line art or in plain ASCII."""

from __future__ import annotations

import locale
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Signs:
    """One character each (check boxes three)."""

    cursor: str
    checked: str
    unchecked: str
    partly: str
    ranged: str
    edited: str
    problem: str
    ascending: str
    descending: str
    cell_left: str
    cell_right: str
    thumb: str
    more_left: str
    more_right: str
    ellipsis: str


UNICODE: Final = Signs(
    cursor="▸",
    checked="[x]",
    unchecked="[ ]",
    partly="[-]",
    ranged="[+]",
    edited="*",
    problem="!",
    ascending="▴",
    descending="▾",
    cell_left="▏",
    cell_right="▕",
    thumb="▐",
    more_left="‹",
    more_right="›",
    ellipsis="…",
)
ASCII: Final = Signs(
    cursor=">",
    checked="[x]",
    unchecked="[ ]",
    partly="[-]",
    ranged="[+]",
    edited="*",
    problem="!",
    ascending="^",
    descending="v",
    cell_left="|",
    cell_right="|",
    thumb="#",
    more_left="<",
    more_right=">",
    ellipsis="~",
)


def pick_signs(encoding: str | None = None) -> Signs:
    """Line art where the encoding (the locale's, when not given) can write it, else ASCII."""
    try:
        "▸▴▾▏▕▐‹›…".encode(encoding or locale.getpreferredencoding(False))
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
