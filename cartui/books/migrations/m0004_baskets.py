"""Baskets and their workflow, import rules, refunds, tasks."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = ()
