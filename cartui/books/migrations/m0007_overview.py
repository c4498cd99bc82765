"""Counts for the overview, kept by the database itself in the transaction of each change: none of them reads a million
rows. And the indexes for what is counted when asked."""

from __future__ import annotations

from typing import Final

_DAY: Final = 86_400_000_000
_DOCUMENT: Final = "'document', {row}.kind, {row}.status"
_RECORD: Final = "'record', {row}.kind, {row}.state"
_PLACED: Final = "{row}.source_id IS NULL AND {row}.kind <> 'credit_note'"  # an order of a shopper, not what came of it


def _more(row: str, what: str) -> str:
    return (
        f"INSERT INTO tally (cart_id, what, kind, state, count) VALUES ({row}.cart_id, {what.format(row=row)}, 1)"
        " ON CONFLICT (cart_id, what, kind, state) DO UPDATE SET count = tally.count + 1;"
    )


def _less(row: str, what: str) -> str:
    word, kind, state = what.format(row=row).split(", ")
    return (
        f"UPDATE tally SET count = count - 1 WHERE cart_id = {row}.cart_id AND what = {word} AND kind = {kind}"
        f" AND state = {state};"
    )


def _day_more(row: str) -> str:
    return (
        f"INSERT INTO order_day (cart_id, day, count) SELECT {row}.cart_id, {row}.placed_at / {_DAY}, 1"
        f" WHERE {_PLACED.format(row=row)} ON CONFLICT (cart_id, day) DO UPDATE SET count = order_day.count + 1;"
    )


def _day_less(row: str) -> str:
    return (
        f"UPDATE order_day SET count = count - 1 WHERE cart_id = {row}.cart_id AND day = {row}.placed_at / {_DAY}"
        f" AND {_PLACED.format(row=row)};"
    )


def _kept(table: str, more: str, less: str, moved: str) -> tuple[str, ...]:
    """Triggers that keep counts of a table: `moved` is the condition under which an update counts."""
    name = f"{table}_tally"
    body = f"BEGIN IF TG_OP <> 'INSERT' THEN {less} END IF; IF TG_OP <> 'DELETE' THEN {more} END IF; RETURN NULL; END"
    call = f"EXECUTE FUNCTION {name}()"
    return (
        f"{{sqlite}}CREATE TRIGGER {name}_in AFTER INSERT ON {table} BEGIN {more} END",
        f"{{sqlite}}CREATE TRIGGER {name}_out AFTER DELETE ON {table} BEGIN {less} END",
        f"{{sqlite}}CREATE TRIGGER {name}_moved AFTER UPDATE ON {table} WHEN {moved} BEGIN {less} {more} END",
        f"{{postgres}}CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"{{postgres}}CREATE TRIGGER {name}_rows AFTER INSERT OR DELETE ON {table} FOR EACH ROW {call}",
        f"{{postgres}}CREATE TRIGGER {name}_moved AFTER UPDATE ON {table} FOR EACH ROW WHEN ({moved}) {call}",
    )


STATEMENTS: Final[tuple[str, ...]] = (
    # What 'document': how many of a kind and status; what 'record': how many records of a cart in each sync state.
    """CREATE TABLE tally (
        cart_id {int} NOT NULL,
        what TEXT NOT NULL CHECK (what IN ('document', 'record')),
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        count {int} NOT NULL,
        PRIMARY KEY (cart_id, what, kind, state)
    ) {tight}""",
    """CREATE TABLE order_day (
        cart_id {int} NOT NULL,
        day {int} NOT NULL,
        count {int} NOT NULL,
        PRIMARY KEY (cart_id, day)
    ) {tight}""",
    """INSERT INTO tally (cart_id, what, kind, state, count)
        SELECT cart_id, 'document', kind, status, COUNT(*) FROM document GROUP BY cart_id, kind, status""",
    """INSERT INTO tally (cart_id, what, kind, state, count)
        SELECT cart_id, 'record', kind, state, COUNT(*) FROM cart_record GROUP BY cart_id, kind, state""",
    f"""INSERT INTO order_day (cart_id, day, count)
        SELECT cart_id, placed_at / {_DAY}, COUNT(*) FROM document
        WHERE {_PLACED.format(row="document")} GROUP BY cart_id, placed_at / {_DAY}""",
    *_kept(
        "document",
        _more("NEW", _DOCUMENT) + " " + _day_more("NEW"),
        _less("OLD", _DOCUMENT) + " " + _day_less("OLD"),
        "OLD.kind <> NEW.kind OR OLD.status <> NEW.status OR OLD.placed_at <> NEW.placed_at"
        " OR OLD.cart_id <> NEW.cart_id OR COALESCE(OLD.source_id, 0) <> COALESCE(NEW.source_id, 0)",
    ),
    *_kept(
        "cart_record",
        _more("NEW", _RECORD),
        _less("OLD", _RECORD),
        "OLD.state <> NEW.state OR OLD.kind <> NEW.kind OR OLD.cart_id <> NEW.cart_id",
    ),
    "CREATE INDEX account_day_day ON account_day (day)",
    "CREATE INDEX outbox_undone ON outbox (cart_id, kind, state) WHERE state NOT IN ('done', 'superseded')",
    # SQLite takes an expression from an index's columns, but none from its condition.
    """CREATE INDEX item_to_order ON item ((on_hand - allocated - reorder_level), code)
        WHERE reorder_level IS NOT NULL""",
)
