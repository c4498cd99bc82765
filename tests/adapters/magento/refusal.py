"""How the made-up Magento says no."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Answered with this status and body."""

    def __init__(self, status: int, message: str, parameters: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message} | ({} if parameters is None else {"parameters": parameters})
