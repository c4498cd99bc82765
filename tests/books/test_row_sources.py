"""The system's lists: order, pages, filters, marks and the mappings for `--json`."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from cartui.books import Books
from cartui.books.row_sources import (
    activity_rows,
    customer_rows,
    document_rows,
    held_rows,
    item_rows,
    rows_as_dicts,
)
from cartui.domain.ids import CartId, ItemCode, RecordKind
from cartui.domain.ledger import JournalState
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import NewCustomer, NewItem
from cartui.domain.query import QueryError, matches, parse_query
from cartui.domain.rows import FLAG_PROBLEM, Marks, RowSource, View, marked_keys
from tests.books.makers import START, a_draft, a_line, a_record, an_entry


def a_shelf_of(books: Books, cart_id: CartId, count: int) -> None:
    """Documents that differ in every column, some of them empty."""
    chance = random.Random(7)
    names = ["Ada Lovelace", "GRÖẞE & Söhne", "50% Off_Shop", "Émile!", "ada", "", 'O\'Neill "Bob"', "Łukasz"]
    drafts = [
        (
            a_draft(
                f"x{n}",
                a_line(default_item=chance.random() < 0.2),
                order_number=chance.choice(["", f"{chance.randrange(3000)}", f"A-{n}"]),
                placed_at=START + timedelta(hours=chance.randrange(-2000, 2000), minutes=n),
                customer_name=chance.choice(names),
                total=Decimal(chance.randrange(-500, 30000)) / 100,
                currency=chance.choice(["EUR", "JPY"]),
                native_status=chance.choice(["processing", "on-hold", "Completed"]),
            ),
            None,
        )
        for n in range(count)
    ]
    with books.transaction():
        made = books.documents.add_many(cart_id, drafts)
        books.documents.mark_changed(made[::7])


def keys_of(source: RowSource) -> list[str]:
    return [row.key for row in source.page(0, source.count())]


def test_documents_come_newest_first_and_by_the_page(books: Books, cart_id: CartId) -> None:
    """The pages together are the list, and each row is found where it stands."""
    a_shelf_of(books, cart_id, 150)
    source: RowSource = document_rows(books, cart_id)
    rows = [row for start in range(0, 192, 64) for row in source.page(start, 64)]
    placed = [books.documents.get(int(row.key)).draft.placed_at for row in rows]  # type: ignore[arg-type]
    assert len(rows) == source.count() == 150
    assert placed == sorted(placed, reverse=True)
    assert [source.find(row.key) for row in rows] == list(range(150))
    assert source.find("4711") is None
    assert source.find("no number") is None
    assert list(source.page(150, 64)) == []


QUERIES = [
    "ada",
    "ADA",
    "größe",
    "50%",
    "off_shop",
    "ada*",
    "*love*",
    "customer:\"\"",
    "-customer:\"\"",
    "customer!=ada",
    "customer=ADA",
    "customer>m",
    "status:pend",
    "status=PENDING",
    "native_status:on-hold",
    "-native_status:on-hold total>100",
    "total>100",
    "total>=100 total<=150.5",
    "total<0",
    "total=12.345678",
    "total>0.0000001",
    "total>99999999999999999999",
    "total:9",
    "placed_at>=2026-03",
    "placed_at<2026-03-01",
    "placed_at=2026-03-05",
    "placed_at<=2026-03-05",
    "placed_at>2026-03-05",
    "placed_at=2026-02",
    "placed_at:2026-03-05",
    "order_number>1000",
    "order_number<=1000",
    "order_number=\"\"",
    "order_number:A-1*",
    "changed_in_cart:yes",
    "changed_in_cart=no",
    "default_item_lines>0",
    "default_item_lines:1",
    "2026-03",
    "émile!",
    "łukasz",
    "-ada",
    "\"o'neill \"",
    "currency:jpy total>5",
]  # fmt: skip


def test_a_filter_means_the_same_as_in_memory(books: Books, cart_id: CartId) -> None:
    """SQL and `domain.query.matches` agree about every row and each of these queries."""
    a_shelf_of(books, cart_id, 400)
    source = document_rows(books, cart_id)
    names = [column.name for column in source.columns]
    more = ["cart_order_id", "customer_code", "order_state", "payment_state", "fulfilment_state"]
    dicts = {str(row["document_number"]): row for row in rows_as_dicts(books, "orders", cart_id)}
    whole = {}
    for row in source.page(0, 400):
        cells = dict(zip(names, row.cells, strict=True))
        cells |= {name: str(dicts[cells["document_number"]][name] or "") for name in more}
        cells["total"] = str(dicts[cells["document_number"]]["total"])
        cells["created_at"] = f"{START:%Y-%m-%d %H:%M}"
        whole[row.key] = cells
    for text in QUERIES:
        wanted = {key for key, cells in whole.items() if matches(parse_query(text), cells)}
        source.set_view(View(filter=text))
        assert set(keys_of(source)) == wanted, text
    assert any(matches(parse_query("größe"), cells) for cells in whole.values())


def test_an_unknown_field_is_refused_and_the_view_stays(books: Books, cart_id: CartId) -> None:
    """The words say which fields there are."""
    a_shelf_of(books, cart_id, 5)
    source = document_rows(books, cart_id)
    with pytest.raises(QueryError, match="no field"):
        source.set_view(View(filter="colour:red"))
    assert source.count() == 5


@pytest.mark.parametrize("column", ["total", "placed_at", "customer", "order_number", "changed_in_cart"])
def test_sorting_puts_empty_cells_last_both_ways(books: Books, cart_id: CartId, column: str) -> None:
    """Numbers go by size, also where they are text."""
    a_shelf_of(books, cart_id, 120)
    source = document_rows(books, cart_id)
    at = [one.name for one in source.columns].index(column)

    def order(text: str) -> tuple[int, int, Decimal, str]:
        number = Decimal(text) if text.lstrip("-").replace(".", "", 1).isdigit() else None
        return (0, 0, number, "") if number is not None else (0, 1, Decimal(0), text.lower())

    for descending in (False, True):
        source.set_view(View(order_by=column, descending=descending))
        cells = [row.cells[at] for row in source.page(0, 120)]
        filled = [cell for cell in cells if cell]
        assert cells == filled + [""] * (120 - len(filled))
        if column != "customer":  # whose letters each database sorts in its own way
            assert [order(cell) for cell in filled] == sorted(map(order, filled), reverse=descending)


def test_all_that_match_are_walked_over_by_key(books: Books, cart_id: CartId) -> None:
    """Also while the list shows something else, and writing between two keys is possible."""
    a_shelf_of(books, cart_id, 50)
    source = document_rows(books, cart_id)
    source.set_view(View(filter="changed_in_cart:yes"))
    left_out = next(source.keys(View()))
    walked = []
    for key in marked_keys(Marks.all().toggle(left_out), source):
        walked.append(key)
        if len(walked) == 1:
            with books.transaction():
                books.documents.mark_changed([int(key)])  # type: ignore[list-item]
    assert len(set(walked)) == 49
    assert left_out not in walked


def test_items_show_free_stock_and_the_link_to_this_cart(books: Books, cart_id: CartId) -> None:
    """Stock never stated stays blank: blank is not zero."""
    with books.transaction():
        mug, _ = books.items.add_many(
            [
                NewItem(ItemCode("MUG"), "Mug", price=Decimal("9.5"), currency="EUR", on_hand=Decimal("7.5")),
                NewItem(ItemCode("CAP"), "Cap"),
            ]
        )
        books.records.put_many(cart_id, [a_record("i1", kind=RecordKind.ITEM, our_id=mug, state=RecordState.LINKED)])
    rows = item_rows(books, cart_id).page(0, 10)
    assert [row.cells for row in rows] == [
        ("CAP", "Cap", "", "", "", "0", "", "", "no", ""),
        ("MUG", "Mug", "", "9.50", "7.5", "0", "7.5", "", "yes", ""),
    ]
    elsewhere = item_rows(books, CartId(cart_id + 1))
    elsewhere.set_view(View(filter="linked:yes"))
    assert elsewhere.count() == 0


def test_customers_are_listed_by_name(books: Books, cart_id: CartId) -> None:
    """Company before person before e-mail."""
    with books.transaction():
        books.customers.add_many(
            [
                NewCustomer(email="a@x.example", guest=True),
                NewCustomer(first_name="Ada", last_name="Lovelace", email="b@x.example"),
                NewCustomer(company="Engines Ltd", first_name="Charles"),
            ]
        )
    source = customer_rows(books, cart_id)
    assert [row.cells[1] for row in source.page(0, 9)] == ["a@x.example", "Ada Lovelace", "Engines Ltd"]
    source.set_view(View(filter="guest:yes"))
    assert keys_of(source) == ["1"]


def test_held_records_are_named_by_kind_and_id(books: Books, cart_id: CartId) -> None:
    """Their keys are what a retry needs."""
    with books.transaction():
        books.records.put_many(cart_id, [
            a_record("a:b", state=RecordState.HELD, reason="No currency."),
            a_record("2", state=RecordState.IMPORTED),
            a_record("3", kind=RecordKind.ITEM, state=RecordState.HELD, reason="No name."),
        ])  # fmt: skip
    source = held_rows(books, cart_id)
    assert keys_of(source) == ["order:a:b", "item:3"] == list(source.keys(View()))
    assert source.find("order:a:b") == 0
    assert source.find("order:2") is None


def test_activity_shows_the_newest_first_and_flags_trouble(books: Books, cart_id: CartId) -> None:
    """With what a person calls the record."""
    with books.transaction():
        books.journal.append_many(
            [
                an_entry(cart_id, "1", detail={"label": "Order 101 \N{SNOWMAN}"}),
                an_entry(cart_id, "2", state=JournalState.REFUSED),
            ]
        )
    rows = activity_rows(books, cart_id).page(0, 9)
    assert [row.cells[3] for row in rows] == ["", "Order 101 \N{SNOWMAN}"]
    assert [FLAG_PROBLEM in row.flags for row in rows] == [True, False]


def test_rows_for_json_have_every_field(books: Books, cart_id: CartId) -> None:
    """Exact money as text, times in UTC, and the filter of the screen."""
    with books.transaction():
        [customer] = books.customers.add_many([NewCustomer(email="ada@example.com")])
        books.documents.add_many(cart_id, [(a_draft("7", total=Decimal("12.50")), customer), (a_draft("8"), None)])
    [row] = rows_as_dicts(books, "orders", cart_id, "order_number:107")
    assert row == {
        "document_number": "D000001", "order_number": "107", "placed_at": "2026-03-01T12:00:00Z",
        "customer": "Ada Lovelace", "total": "12.5", "currency": "EUR", "status": "PENDING", "kind": "sales_order",
        "posted_number": "",
        "native_status": "processing", "default_item_lines": 0, "changed_in_cart": False, "email": "ada@example.com",
        "cart_order_id": "7", "customer_code": "C000001", "order_state": "open", "payment_state": "paid",
        "fulfilment_state": "unfulfilled", "created_at": "2026-03-01T12:00:00Z",
    }  # fmt: skip


def test_rows_for_json_are_all_there_beyond_one_page(books: Books, cart_id: CartId) -> None:
    """In the order in which they came to be."""
    with books.transaction():
        books.documents.add_many(cart_id, [(a_draft(str(n)), None) for n in range(1203)])
    ids = [row["cart_order_id"] for row in rows_as_dicts(books, "orders", cart_id)]
    assert ids == [str(n) for n in range(1203)]
