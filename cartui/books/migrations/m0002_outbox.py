"""What waits to be sent to a cart, and what was last sent and seen."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = ()
