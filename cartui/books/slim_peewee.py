"""Import peewee without the drivers of PostgreSQL and MySQL.

`peewee` imports whichever of them is installed, psycopg with all of asyncio: more than half of its import time, and
nothing that SQLite uses. To peewee a failing import of a driver means that it is not installed; that is the door used
here, and it is closed again. `load_postgres` then does what peewee would have done, once a PostgreSQL is opened.
"""

from __future__ import annotations

import sys
from typing import Any, cast

_DRIVERS = ("psycopg2cffi", "psycopg2", "psycopg", "pymysql", "MySQLdb")


def _import_peewee() -> None:
    if "peewee" in sys.modules:
        return
    modules = cast("dict[str, object]", sys.modules)
    absent = [name for name in _DRIVERS if name not in modules]
    modules |= dict.fromkeys(absent)  # None makes the import raise ModuleNotFoundError (Python's import system, 5.3.1)
    try:
        import peewee  # noqa: F401
    finally:
        for name in absent:
            del modules[name]


def load_postgres() -> None:
    """Give psycopg to peewee. ImportError where it is not installed."""
    import peewee
    import psycopg
    from psycopg.pq import TransactionStatus
    from psycopg.types.json import Json, Jsonb

    slim: Any = peewee
    if slim.psycopg is None:
        slim.psycopg, slim.TransactionStatus, slim.Json_pg3, slim.Jsonb_pg3 = psycopg, TransactionStatus, Json, Jsonb
        adapter = slim.Psycopg3Adapter
        adapter.txn_idle, adapter.txn_inerror = TransactionStatus.IDLE, TransactionStatus.INERROR
        adapter.txn_unknown = TransactionStatus.UNKNOWN


_import_peewee()
