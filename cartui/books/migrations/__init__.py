"""The numbered steps of the schema. A released step is never edited: what comes later is a new one.

Each step is a list of statements in the words both databases share; `{auto}`, `{bytes}`, `{int}` and `{tight}` stand
for what they call differently (an automatic key, bytes, 64 bits, "no second tree for the primary key"). A statement
that begins with `{sqlite}` or `{postgres}` is for that one only (triggers have no common words).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cartui.books.migrations import (
    m0001_first,
    m0002_outbox,
    m0003_accounts,
    m0004_baskets,
    m0005_undo,
    m0006_items,
    m0007_overview,
    m0008_harms,
    m0009_bulk,
    m0010_gone,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `statements` bring a schema of the number before it to `number`."""

    number: int
    name: str
    statements: Sequence[str]


MIGRATIONS: Final = (
    Migration(1, "first", m0001_first.STATEMENTS),
    Migration(2, "outbox", m0002_outbox.STATEMENTS),
    Migration(3, "accounts", m0003_accounts.STATEMENTS),
    Migration(4, "baskets", m0004_baskets.STATEMENTS),
    Migration(5, "undo", m0005_undo.STATEMENTS),
    Migration(6, "items", m0006_items.STATEMENTS),
    Migration(7, "overview", m0007_overview.STATEMENTS),
    Migration(8, "harms", m0008_harms.STATEMENTS),
    Migration(9, "bulk", m0009_bulk.STATEMENTS),
    Migration(10, "gone", m0010_gone.STATEMENTS),
)
