"""Documents that live: approval, shipments, stock ledger, accounts."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = ()
