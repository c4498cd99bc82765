"""The system's lists of one cart, for screens (rows on demand) and for the command line (one mapping a row)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cartui.books.facade import Books
from cartui.books.filters import Condition, Sort
from cartui.books.sql_rows import ListField, ListSpec, SqlRows, Values
from cartui.domain.ids import CartId
from cartui.domain.rows import FLAG_MUTED, FLAG_PROBLEM, Column, Editor


def _column(name: str, title: str, width: int, weight: int = 0) -> Column:
    """`weight`: the heaviest have room first; `Column` counts the other way."""
    return Column(name, title, width, priority=9 - weight)


def _number(name: str, title: str, width: int, weight: int = 0) -> Column:
    return Column(name, title, width, align="right", priority=9 - weight)


def _typed(name: str, title: str, width: int, priority: int = 0) -> ListField:
    """A cell that is blank until a person types a number; it is in no table and in no `--json`."""
    column = Column(name, title, width, align="right", editor=Editor.DECIMAL, sortable=False, priority=priority)
    return ListField(name, "''", column=column, typed=True)


# --- documents -------------------------------------------------------------------------------------------------------

_DOCUMENTS = (
    ListField("document_number", "d.number", column=_column("document_number", "Number", 9, 9)),
    ListField("order_number", "d.order_number", column=_column("order_number", "Order", 13, 8)),
    ListField("placed_at", "d.placed_at", Sort.MOMENT, _column("placed_at", "Placed", 16, 7)),
    ListField("total", "d.total", Sort.MONEY, _number("total", "Total", 10, 7)),
    ListField("currency", "d.currency", column=_column("currency", "Cur", 3, 7)),
    ListField("customer", "d.customer_name", column=_column("customer", "Customer", 20, 7)),
    ListField("status", "d.status", column=_column("status", "Status", 8, 6)),
    ListField("kind", "d.kind", column=_column("kind", "Kind", 13, 2)),
    ListField("posted_number", "COALESCE(d.posted_number, '')", column=_column("posted_number", "Posted as", 14, 5)),
    ListField("native_status", "d.native_status", column=_column("native_status", "In the cart", 14, 3)),
    ListField("default_item_lines", "d.default_lines", Sort.NUMBER, _number("default_item_lines", "No item", 7, 4)),
    ListField("changed_in_cart", "d.changed_in_cart", Sort.FLAG, _column("changed_in_cart", "Changed", 7, 4)),
    ListField("email", "d.email", column=_column("email", "E-mail", 24, 1)),
    ListField("cart_order_id", "d.external_id"),
    ListField("customer_code", "c.code"),
    ListField("order_state", "d.order_state"),
    ListField("payment_state", "d.payment_state"),
    ListField("fulfilment_state", "d.fulfilment_state"),
    ListField("created_at", "d.created_at", Sort.MOMENT),
)


def _document_flags(values: Values) -> frozenset[str]:
    if values["status"] == "VOID":
        return frozenset({FLAG_MUTED})
    return frozenset({FLAG_PROBLEM}) if values["changed_in_cart"] or values["default_item_lines"] else frozenset()


def document_rows(books: Books, cart_id: CartId) -> SqlRows:
    """Sales documents of the cart, newest order first. Keys are document ids."""
    spec = ListSpec(
        source="document d LEFT JOIN customer c ON c.id = d.customer_id",
        where=f"d.cart_id = {int(cart_id)}",
        row_id="d.id",
        order="d.placed_at DESC, d.id DESC",
        fields=_DOCUMENTS,
        flags=_document_flags,
    )
    return SqlRows(books.database, spec)


# --- items and customers: the system's, whichever cart; `linked` is about this one -----------------------------------


def _linked(cart_id: CartId, kind: str, row_id: str) -> str:
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM cart_record r WHERE r.our_id = {row_id}"
        f" AND r.cart_id = {int(cart_id)} AND r.kind = '{kind}') THEN 1 ELSE 0 END"
    )


_TO_ORDER = "CASE WHEN i.on_hand - i.allocated <= i.reorder_level THEN 1 ELSE 0 END"  # blank of either: not watched


def item_rows(books: Books, cart_id: CartId) -> SqlRows:
    """Items of the system by code. Keys are item ids; `linked`: to an item of this cart."""
    fields = (
        ListField("code", "i.code", column=_column("code", "Code", 12, 9)),
        ListField("name", "i.name", column=_column("name", "Name", 20, 8)),
        ListField("cost", "i.cost", Sort.MONEY, _number("cost", "Cost", 9, 3)),
        ListField("price", "i.price", Sort.MONEY, _number("price", "Price", 9, 4)),
        ListField("on_hand", "i.on_hand", Sort.QUANTITY, _number("on_hand", "On hand", 8, 6)),
        ListField("allocated", "i.allocated", Sort.QUANTITY, _number("allocated", "Allocated", 9, 2)),
        ListField("free", "i.on_hand - i.allocated", Sort.QUANTITY, _number("free", "Free", 8, 7)),
        _typed("stock", "To send", 7, 1),
        ListField("linked", _linked(cart_id, "item", "i.id"), Sort.FLAG, _column("linked", "Linked", 6, 5)),
        ListField("barcode", "i.barcode", column=_column("barcode", "Barcode", 14, 1)),
        ListField("currency", "i.currency"),
        ListField("tax_class", "i.tax_class"),
        ListField("reorder_level", "i.reorder_level", Sort.QUANTITY),
        ListField("to_order", _TO_ORDER, Sort.FLAG),
        ListField("item_id", "i.id", Sort.NUMBER),
    )
    return SqlRows(books.database, ListSpec("item i", "1 = 1", "i.id", "i.code", fields))


def customer_rows(books: Books, cart_id: CartId) -> SqlRows:
    """Customers of the system by code. Keys are customer ids; `linked`: to a customer of this cart."""
    name = "COALESCE(NULLIF(c.company, ''), NULLIF(TRIM(c.first_name || ' ' || c.last_name), ''), c.email)"
    fields = (
        ListField("code", "c.code", column=_column("code", "Code", 10, 9)),
        ListField("name", name, column=_column("name", "Name", 24, 8)),
        ListField("email", "c.email", column=_column("email", "E-mail", 26, 7)),
        ListField("phone", "c.phone", column=_column("phone", "Phone", 16, 2)),
        ListField("guest", "c.guest", Sort.FLAG, _column("guest", "Guest", 5, 4)),
        ListField("linked", _linked(cart_id, "customer", "c.id"), Sort.FLAG, _column("linked", "Linked", 6, 5)),
        ListField("company", "c.company"),
        ListField("tax_number", "c.tax_number"),
        ListField("customer_id", "c.id", Sort.NUMBER),
    )
    return SqlRows(books.database, ListSpec("customer c", "1 = 1", "c.id", "c.code", fields))


# --- held records and activity ---------------------------------------------------------------------------------------

_HELD = (
    ListField("kind", "r.kind", column=_column("kind", "Kind", 8, 9)),
    ListField("label", "r.label", column=_column("label", "Record", 20, 8)),
    ListField("reason", "r.reason", column=_column("reason", "Held because", 38, 7)),
    ListField("stamp", "r.stamp", Sort.MOMENT, _column("stamp", "In the cart", 16, 5)),
    ListField("tries", "r.tries", Sort.NUMBER, _number("tries", "Tries", 5, 3)),
    ListField("remedy", "r.remedy", column=_column("remedy", "Remedy", 40, 4)),
    ListField("native_status", "r.native_status", column=_column("native_status", "Status", 12, 2)),
    ListField("external_id", "r.external_id", column=_column("external_id", "Id", 12, 1)),
)


def held_key(kind: str, external_id: str) -> str:
    """How a held record is named: "order:4711"."""
    return f"{kind}:{external_id}"


def _held_condition(key: str) -> Condition:
    kind, _, external_id = key.partition(":")
    return Condition("r.kind = ? AND r.external_id = ?", (kind, external_id))


def held_rows(books: Books, cart_id: CartId) -> SqlRows:
    """What waits for a person, oldest first. Keys are "kind:external id"."""
    # Both halves of the condition: SQLite uses the index of what waits for nothing less.
    spec = ListSpec(
        source="cart_record r",
        where=f"r.cart_id = {int(cart_id)} AND r.state IN ('held', 'staged') AND r.state = 'held'",
        row_id="r.id",
        order="r.id",
        fields=_HELD,
        key=lambda values: held_key(values["kind"], values["external_id"]),
        find_key=_held_condition,
    )
    return SqlRows(books.database, spec)


def _activity_flags(values: Values) -> frozenset[str]:
    return frozenset({FLAG_PROBLEM}) if values["state"] in {"refused", "unknown"} else frozenset()


def activity_rows(books: Books, cart_id: CartId) -> SqlRows:
    """The journal of the cart, newest first. Keys are entry numbers."""
    if books.database.postgres:
        label = "COALESCE(NULLIF(j.detail, '')::json ->> 'label', '')"
    else:
        label = "COALESCE(json_extract(NULLIF(j.detail, ''), '$.label'), '')"
    fields = (
        ListField("at", "j.at", Sort.MOMENT, _column("at", "When", 16, 9)),
        ListField("action", "j.action", column=_column("action", "Action", 10, 8)),
        ListField("kind", "j.kind", column=_column("kind", "Kind", 8, 7)),
        ListField("label", label, column=_column("label", "Record", 22, 7)),
        ListField("direction", "j.direction", column=_column("direction", "Way", 6, 4)),
        ListField("state", "j.state", column=_column("state", "Result", 8, 6)),
        ListField("actor", "j.actor", column=_column("actor", "By", 18, 3)),
        ListField("external_id", "j.external_id", column=_column("external_id", "Id", 12, 2)),
        ListField("detail", "j.detail", column=_column("detail", "Detail", 40, 1)),
    )
    spec = ListSpec(
        source="journal j",
        where=f"j.cart_id = {int(cart_id)}",
        row_id="j.id",
        order="j.id DESC",
        fields=fields,
        flags=_activity_flags,
    )
    return SqlRows(books.database, spec)


_LISTS: dict[str, Callable[[Books, CartId], SqlRows]] = {
    "orders": document_rows,
    "items": item_rows,
    "customers": customer_rows,
    "held": held_rows,
    "activity": activity_rows,
}


def system_list(books: Books, cart_id: CartId, which: str) -> SqlRows:
    """One of "orders", "items", "customers", "held" and "activity"; KeyError for another word."""
    return _LISTS[which](books, cart_id)


def rows_as_dicts(books: Books, which: str, cart_id: CartId, query: str = "") -> Iterator[dict[str, object]]:
    """The rows of a list with every field it has, for `--json`: times as ISO 8601 UTC, money as exact text. Read a page
    at a time by number, so that nothing is held in memory or locked. Raises QueryError."""
    return system_list(books, cart_id, which).dicts(query)
