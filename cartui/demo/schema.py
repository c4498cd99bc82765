"""The demo shop's own SQLite file: one table per kind, the record as JSON beside the columns it is found by."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from cartui.demo.wire import ID_FIELDS, KINDS, Row, dump_json

SCHEMA_VERSION = "1"
COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": ("placed_at", "status"),
    "items": ("sku", "external_key"),
    "customers": ("email", "external_key"),
    "baskets": (),
}

_OTHER_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
    scope TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (scope, key)
) WITHOUT ROWID;
"""


class Store:
    """Rows by id over one connection. The caller holds the shop's lock; times are text in the wire's own form."""

    def __init__(self, path: Path | str) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # A demo need not outlive a power cut, only a kill; waiting for the disk would slow down every request.
        self.connection.execute("PRAGMA synchronous = OFF")

    def is_empty(self) -> bool:
        """No schema yet: a new file."""
        return self.connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def create_tables(self) -> None:
        """Make the tables; inside the caller's transaction, so no executescript (it commits)."""
        statements = [text for text in _OTHER_TABLES.split(";") if text.strip()]
        for kind in KINDS:
            columns = "".join(f", {column} TEXT" for column in COLUMNS[kind])
            statements.append(
                f"CREATE TABLE {kind} (id TEXT PRIMARY KEY, modified_at TEXT NOT NULL{columns}, body TEXT NOT NULL)"
            )
            statements.append(f"CREATE INDEX {kind}_by_change ON {kind} (modified_at, id)")
            statements += [f"CREATE INDEX {kind}_by_{column} ON {kind} ({column})" for column in COLUMNS[kind]]
        for statement in statements:
            self.connection.execute(statement)

    def find(self, kind: str, row_id: str) -> Row | None:
        """One record, or None."""
        found = self.connection.execute(f"SELECT body FROM {kind} WHERE id = ?", (row_id,)).fetchone()
        return None if found is None else cast(Row, json.loads(found[0]))

    def find_by(self, kind: str, column: str, value: str) -> Row | None:
        """The first record whose column has this value without regard to case, or None."""
        query = f"SELECT body FROM {kind} WHERE {column} = ? COLLATE NOCASE ORDER BY id LIMIT 1"
        found = self.connection.execute(query, (value,)).fetchone()
        return None if found is None else cast(Row, json.loads(found[0]))

    def nth(self, kind: str, position: int, where: str = "1 = 1", values: Sequence[str] = ()) -> Row:
        """The record at a position (from 0) in the order of ids, of those that satisfy ``where``."""
        query = f"SELECT body FROM {kind} WHERE {where} ORDER BY id LIMIT 1 OFFSET ?"
        return cast(Row, json.loads(self.connection.execute(query, (*values, position)).fetchone()[0]))

    def all(self, kind: str) -> list[Row]:
        """Every record of a kind, in the order of ids."""
        query = f"SELECT body FROM {kind} ORDER BY id"
        return [json.loads(body) for (body,) in self.connection.execute(query)]

    def count(self, kind: str, where: str = "1 = 1", values: Sequence[str] = ()) -> int:
        """How many records satisfy ``where``."""
        return cast(int, self.connection.execute(f"SELECT count(*) FROM {kind} WHERE {where}", values).fetchone()[0])

    def put(self, kind: str, rows: Iterable[Row]) -> None:
        """Insert or replace records."""
        columns = COLUMNS[kind]
        marks = ", ".join("?" * (3 + len(columns)))
        names = ", ".join(("id", "modified_at", *columns, "body"))
        id_field = ID_FIELDS[kind]
        self.connection.executemany(
            f"INSERT OR REPLACE INTO {kind} ({names}) VALUES ({marks})",
            ((row[id_field], row["modified_at"], *(row[c] for c in columns), dump_json(row)) for row in rows),
        )

    def get_meta(self, name: str) -> str:
        """A value of the shop itself; KeyError when it was never set."""
        found = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise KeyError(name)
        return cast(str, found[0])

    def set_meta(self, name: str, value: str) -> None:
        """Keep a value of the shop itself."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def last_change(self) -> str | None:
        """The newest modified_at of all kinds."""
        parts = " UNION ALL ".join(f"SELECT max(modified_at) AS moment FROM {kind}" for kind in KINDS)
        return cast("str | None", self.connection.execute(f"SELECT max(moment) FROM ({parts})").fetchone()[0])

    def find_answer(self, scope: str, key: str) -> tuple[str, Any] | None:
        """(the request's fingerprint, the row answered) kept under an idempotency key."""
        query = "SELECT request, answer FROM answers WHERE scope = ? AND key = ?"
        found = self.connection.execute(query, (scope, key)).fetchone()
        return None if found is None else (found[0], json.loads(found[1]))

    def keep_answer(self, scope: str, key: str, request: str, answer: Row) -> None:
        """Remember the first answer given to an idempotency key."""
        self.connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (scope, key, request, dump_json(answer)))
