"""What was zeroed, repriced, deleted or made void by itself lately, for the brakes that look further than one round."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final[tuple[str, ...]] = (
    """CREATE TABLE harm (
        cart_id {int} NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        what TEXT NOT NULL,
        record TEXT NOT NULL,
        at {int} NOT NULL,
        PRIMARY KEY (cart_id, what, record)
    ) {tight}""",
)
