"""Import httpx without its command line.

`httpx/__init__.py` imports `httpx._main` whenever click is installed, and with it click, rich and pygments: about two
thirds of httpx's import time and nothing that cartui uses, but rich comes with textual and click with many packages.
httpx itself treats a failing import of that module as "the command line is not installed"; that is the door used here,
and it is closed again, so that whoever wants `httpx._main` later can still import it.
"""

from __future__ import annotations

import sys
from typing import cast


def _import_httpx() -> None:
    if "httpx" in sys.modules or "httpx._main" in sys.modules:
        return
    modules = cast("dict[str, object]", sys.modules)
    modules["httpx._main"] = None  # None makes the import raise ModuleNotFoundError (Python's import system, 5.3.1)
    try:
        import httpx  # noqa: F401
    finally:
        del modules["httpx._main"]


_import_httpx()
