"""The numbered steps of the schema. A released step is never edited: what comes later is a new one.

Each step is a list of statements in the words both databases share; `{auto}`, `{bytes}`, `{int}` and `{tight}` stand
for what they call differently (an automatic key, bytes, 64 bits, "no second tree for the primary key").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cartui.books.migrations import m0001_first


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `statements` bring a schema of the number before it to `number`."""

    number: int
    name: str
    statements: Sequence[str]


MIGRATIONS: Final = (Migration(1, "first", m0001_first.STATEMENTS),)
