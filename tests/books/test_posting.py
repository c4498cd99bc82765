"""What approving, crediting and paying do to accounts and stock, and what the database itself refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.books import Books, BrokenInvariantError, DocumentChangedError
from cartui.domain.documents import Document, DocumentLine, DocumentStatus
from cartui.domain.editing import DocumentEdit, edit_document
from cartui.domain.ids import CartId, DocumentId, ItemCode
from cartui.domain.parts import Taken, take_parts, total_of
from cartui.domain.plan import NewItem
from cartui.domain.posting import Account, AccountKind, average_cost
from cartui.domain.records import LineKind, Payment, PaymentState
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync import accounting, approvals, document_edits, fulfilment
from cartui.sync.book_check import check_books
from cartui.sync.documents import refused_actions
from cartui.sync.workspace import Workspace
from tests.books.makers import HandClock, a_draft, a_line

CARD = Payment("card", Decimal("27.60"), PaymentState.PAID)


def an_order(kind: DocumentKind = DocumentKind.SALES_INVOICE, external_id: str = "1", **more: object) -> object:
    """2 mugs at 10.00 less 1.00, shipping 4.00, tax 20 % on all of it: 27.60."""
    lines = (
        a_line("20.00", "2", "MUG", unit_price=Decimal(10), tax_rate=Decimal(20), line_id="l1"),
        a_line("-1.00", kind=LineKind.COUPON, text="WELCOME"),
        a_line("4.00", kind=LineKind.SHIPPING, text="Parcel"),
        a_line("4.60", kind=LineKind.TAX, text="VAT", tax_rate=Decimal(20)),
    )
    return a_draft(external_id, *lines, kind=kind, total=Decimal("27.60"), **more)


@pytest.fixture
def ws(books: Books, clock: HandClock, tmp_path: Path) -> Workspace:
    with books.transaction():
        books.items.add_many([
            NewItem(ItemCode("MUG"), "Mug", cost=Decimal("2.50"), currency="EUR", on_hand=Decimal(10)),
        ])  # fmt: skip
    return Workspace(books, {}, clock, lambda reference: "", "ada@test", "test", tmp_path)


def stored(ws: Workspace, cart_id: CartId, draft: object) -> Document:
    with ws.books.transaction():
        [made] = ws.books.documents.add_many(cart_id, [(draft, None)])  # type: ignore[list-item]
    return ws.books.documents.get(made)


def approved(ws: Workspace, document_id: DocumentId) -> Document:
    [done] = approvals.approve_documents(ws, approvals.preview_approvals(ws, [document_id]))
    assert done.problem == ""
    return ws.books.documents.get(document_id)


def balances(ws: Workspace) -> dict[str, str]:
    return {one.account.key: f"{one.balance:.2f}" for one in ws.books.accounts.trial_balance() if one.balance}


def test_an_invoice_is_owed_until_it_is_paid(ws: Workspace, cart_id: CartId) -> None:
    """Receivables, sales, shipping, discount and tax as the shop charged them; goods leave at their cost."""
    invoice = approved(ws, stored(ws, cart_id, an_order()).document_id)
    assert (invoice.posted_number, invoice.status, invoice.open_amount) == (
        "INV-2026-00001",
        DocumentStatus.APPROVED,
        Decimal("27.6"),
    )
    assert balances(ws) == {
        "receivables": "27.60",
        "sales": "-20.00",
        "discounts": "1.00",
        "shipping": "-4.00",
        "tax:20": "-4.60",
        "cogs": "5.00",
        "inventory": "20.00",
        "opening": "-25.00",
    }
    fulfilment.receive_payment(ws, invoice, Decimal(20), "bank")
    assert [row["open"] for row in accounting.receivable_rows(ws)] == ["7.60"]
    with pytest.raises(NeedsOperatorError, match=r"7.6 is open"):
        fulfilment.receive_payment(ws, invoice, Decimal(8), "bank")
    assert check_books(ws) == []


def test_no_more_money_goes_back_than_came(ws: Workspace, cart_id: CartId) -> None:
    """A digit too much is refused in this direction, too."""
    invoice = approved(ws, stored(ws, cart_id, an_order()).document_id)
    with pytest.raises(NeedsOperatorError, match="0 was paid"):
        fulfilment.receive_payment(ws, invoice, Decimal(-1), "bank")
    fulfilment.receive_payment(ws, invoice, Decimal(20), "bank")
    with pytest.raises(NeedsOperatorError, match=r"20\.?0* was paid"):
        fulfilment.receive_payment(ws, invoice, Decimal(-200), "bank")
    assert fulfilment.receive_payment(ws, invoice, Decimal(-20), "bank").open_amount == invoice.draft.total


def test_receivables_grow_old(ws: Workspace, cart_id: CartId, clock: HandClock) -> None:
    """By the date of the invoice."""
    approved(ws, stored(ws, cart_id, an_order()).document_id)
    clock.advance(timedelta(days=45).total_seconds())
    assert accounting.age_rows(ws) == [
        {"currency": "EUR", "0-30 days": "0.00", "31-60 days": "27.60", "61-90 days": "0.00", "over 90 days": "0.00",
         "total": "27.60"}
    ]  # fmt: skip


def test_a_cash_sale_goes_to_the_account_of_its_payment_method(ws: Workspace, cart_id: CartId) -> None:
    """Mapped per cart; receivables are never touched; a tax rate can have an account of its own."""
    accounting.add_account(ws, Account("stripe", "Stripe", AccountKind.ASSET))
    accounting.add_account(ws, Account("vat", "VAT", AccountKind.LIABILITY))
    accounting.map_account(ws, "Main shop", "payment", "card", "stripe")
    accounting.map_account(ws, "Main shop", "tax", "20", "vat")
    with pytest.raises(NeedsOperatorError, match="Receivables"):
        accounting.map_account(ws, "Main shop", "payment", "bank", "receivables")
    approved(ws, stored(ws, cart_id, an_order(DocumentKind.CASH_SALE, payments=(CARD,))).document_id)
    found = balances(ws)
    assert (found["stripe"], found["vat"]) == ("27.60", "-4.60")
    assert not {"receivables", "undeposited", "tax:20"} & set(found)
    [row] = [row for row in accounting.sales_rows(ws, datetime(2026, 3, 1, tzinfo=UTC).date(), ws.clock().date())
             if row["tax_rate"] == "20"]  # fmt: skip
    assert (row["cart"], row["goods"], row["tax"]) == ("Main shop", "20.00", "4.60")


def test_a_credit_note_takes_all_of_it_back(ws: Workspace, cart_id: CartId) -> None:
    """Accounts and stock are as before; the invoice is owed no more; a second credit note finds nothing left."""
    before = balances(ws)
    invoice = approved(ws, stored(ws, cart_id, an_order()).document_id)
    note = approved(ws, fulfilment.credit_document(ws, invoice))
    assert note.posted_number == "CN-2026-00001"
    assert {key: amount for key, amount in balances(ws).items() if key not in ("inventory", "opening")} == before
    assert ws.books.items.find_by_codes(["MUG"])[ItemCode("MUG")].on_hand == 10
    assert ws.books.documents.get(invoice.document_id).open_amount == 0
    with pytest.raises(NeedsOperatorError, match="left to credit"):
        fulfilment.credit_document(ws, invoice)
    assert check_books(ws) == []


def test_a_credit_of_lines_gives_back_their_tax_and_keeps_what_is_broken_off_the_shelf(
    ws: Workspace, cart_id: CartId
) -> None:
    """One of two mugs: half the goods, discount and tax of it, not the shipping; a paid invoice owes the money back."""
    invoice = approved(ws, stored(ws, cart_id, an_order(payments=(CARD,))).document_id)
    note = approved(ws, fulfilment.credit_document(ws, invoice, quantities={1: Decimal(1)}, keep=[1]))
    assert [(line.kind.value, f"{line.amount:.2f}") for line in note.draft.lines] == [
        ("product", "10.00"),
        ("coupon", "-0.50"),
        ("tax", "1.90"),
    ]
    assert balances(ws)["refunds"] == "-11.40"
    today = ws.clock().date()
    told = [row for row in accounting.sales_rows(ws, today, today) if row["tax_rate"] == "20"]
    assert [row["tax"] for row in told] == ["2.70"]  # 4.60 - 1.90: what is owed to the buyer is no tax
    assert ws.books.items.find_by_codes(["MUG"])[ItemCode("MUG")].on_hand == 8


def test_the_database_refuses_to_change_what_was_posted(ws: Workspace, cart_id: CartId) -> None:
    """Whoever tries, by whatever statement: total, lines, postings, audit trail."""
    invoice = approved(ws, stored(ws, cart_id, an_order()).document_id)
    insert = "INSERT INTO posting (at, document_id, text, debit_id, credit_id, currency, amount, actor) VALUES"
    for statement in (
        "UPDATE document SET total = total + 1",
        "UPDATE document SET status = 'VOID'",
        "UPDATE document SET posted_number = NULL",
        "DELETE FROM document",
        "UPDATE document_line SET amount = amount + 1",
        "DELETE FROM document_line",
        "UPDATE posting SET amount = amount + 1",
        "DELETE FROM posting",
        "DELETE FROM document_audit",
        f"{insert} (0, {invoice.document_id}, '', 1, 1, 'EUR', 1, '')",
        f"{insert} (0, {invoice.document_id}, '', 1, 2, 'EUR', -1, '')",
    ):
        with pytest.raises(BrokenInvariantError), ws.books.transaction():
            ws.books.database.write_sql(statement)
    with pytest.raises(NeedsOperatorError, match="credit note"):
        approvals.void_document(ws, invoice, "oops")
    with ws.books.transaction():  # an item's new code is no change of what was sold
        mug = ws.books.items.find_by_codes(["MUG"])[ItemCode("MUG")]
        ws.books.items.update(replace(mug, code=ItemCode("MUG-2")))
    assert ws.books.documents.get(invoice.document_id).draft.lines[0].item_code == "MUG-2"


def test_two_admins_see_what_the_other_one_changed(ws: Workspace, cart_id: CartId) -> None:
    """Who, and field by field; nothing of the second edit is stored."""
    seen = stored(ws, cart_id, an_order())
    document_edits.save_edit(ws, seen, DocumentEdit(fields={"note": "ring twice"}, lines={1: {"quantity": "3"}}))
    with pytest.raises(DocumentChangedError) as refused:
        document_edits.save_edit(ws, seen, DocumentEdit(fields={"note": "leave at the door"}))
    assert "ada@test" in refused.value.problem
    assert "note – → ring twice" in refused.value.problem
    assert {one.field for one in refused.value.since} >= {"note", "total", "line 1 quantity"}
    assert ws.books.documents.get(seen.document_id).draft.note == "ring twice"


def test_an_approval_previewed_before_an_edit_is_refused_and_the_others_go_on(ws: Workspace, cart_id: CartId) -> None:
    """And no number is lost by it."""
    one, two = stored(ws, cart_id, an_order()), stored(ws, cart_id, an_order(external_id="2"))
    previewed = approvals.preview_approvals(ws, [one.document_id, two.document_id])
    document_edits.save_edit(ws, one, DocumentEdit(fields={"note": "x"}))
    done = approvals.approve_documents(ws, previewed)
    assert [bool(entry.problem) for entry in done] == [True, False]
    assert done[1].number == "INV-2026-00001"


def test_numbers_begin_anew_each_year_and_for_each_kind(ws: Workspace, cart_id: CartId, clock: HandClock) -> None:
    """And one that was rolled back is given again."""
    first = stored(ws, cart_id, an_order())

    def half_done() -> None:
        with ws.books.transaction():
            ws.books.revisions.approve(first, Decimal(0), "ada")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert approved(ws, first.document_id).posted_number == "INV-2026-00001"
    order = stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER, "2"))
    assert approved(ws, order.document_id).posted_number == "SO-2026-00001"
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    later = stored(ws, cart_id, an_order(external_id="3"))
    assert approved(ws, later.document_id).posted_number == "INV-2027-00001"


def test_an_item_whose_stock_was_never_stated_keeps_none(ws: Workspace, cart_id: CartId) -> None:
    """Blank is not zero: a sale must not make it minus two, which would stop its sale in the shop."""
    with ws.books.transaction():
        ws.books.items.add_many([NewItem(ItemCode("CAP"), "Cap")])
    draft = a_draft("1", a_line("5.00", "2", "CAP"), kind=DocumentKind.CASH_SALE, total=Decimal(5))
    approved(ws, stored(ws, cart_id, draft).document_id)
    assert ws.books.items.find_by_codes(["CAP"])[ItemCode("CAP")].on_hand is None


def test_a_pending_credit_note_is_no_sale(ws: Workspace, cart_id: CartId) -> None:
    """What comes back does not make less to sell; what an order has invoiced is counted once."""
    order = approved(ws, stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER)).document_id)
    mug = ItemCode("MUG")
    made = fulfilment.convert_order(ws, order, DocumentKind.SALES_INVOICE)
    assert ws.books.documents.pending_quantities([mug]) == {mug: Decimal(2)}
    assert ws.books.items.find_by_codes([mug])[mug].allocated == 0
    fulfilment.credit_document(ws, approved(ws, made))
    assert ws.books.documents.pending_quantities([mug]) == {}


def test_what_an_invoice_of_an_order_gave_back_is_not_shipped_any_more(ws: Workspace, cart_id: CartId) -> None:
    """Shipments belong to the order, credit notes to its invoice: one of two mugs was given back, one can still leave.
    Also where the order was closed; a credit note that is made void gives the piece back to the parcel."""
    order = approved(ws, stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER)).document_id)
    invoice = approved(ws, fulfilment.convert_order(ws, order, DocumentKind.SALES_INVOICE))
    note = fulfilment.credit_document(ws, invoice, quantities={1: Decimal(1)})
    assert fulfilment.shippable(ws, order) == {1: Decimal(1)}
    with pytest.raises(NeedsOperatorError, match="still to be shipped"):
        fulfilment.ship_document(ws, order, fulfilment.Parcel({1: Decimal(2)}))
    closed = approvals.close_order(ws, ws.books.documents.get(order.document_id), "")
    assert fulfilment.shippable(ws, closed) == {1: Decimal(1)}
    approvals.void_document(ws, ws.books.documents.get(note), "made twice")
    assert fulfilment.shippable(ws, closed) == {1: Decimal(2)}


def test_parts_add_up_to_the_whole() -> None:
    """Three thirds of 10.00 are 10.00, and so are the taxes and discounts that follow them."""
    lines = (
        DocumentLine(LineKind.PRODUCT, "A", Decimal("10.00"), Decimal(3), tax_rate=Decimal(19)),
        DocumentLine(LineKind.DISCOUNT, "B", Decimal("-1.00")),
        DocumentLine(LineKind.SHIPPING, "C", Decimal("4.99"), tax_rate=Decimal(19)),
        DocumentLine(LineKind.TAX, "D", Decimal("2.66"), tax_rate=Decimal(19)),
    )
    taken: dict[int, Taken] = {}
    total = Decimal(0)
    for _ in range(3):
        part = take_parts(lines, taken, {1: Decimal(1)}, "EUR", follow=True)
        total += total_of(part)
        for line in part:
            at = line.source_position or 0
            old = taken.get(at, Taken())
            goods = line.quantity if line.kind is LineKind.PRODUCT else Decimal(0)
            taken[at] = Taken(old.quantity + goods, old.amount + line.amount)
    assert total == total_of(lines)
    with pytest.raises(NeedsOperatorError, match="still open"):
        take_parts(lines, taken, {1: Decimal(1)}, "EUR", follow=True)


def test_average_cost_moves_with_what_comes_in() -> None:
    """What is not there, or has no cost, has no weight."""
    assert average_cost(Decimal(10), Decimal("2.50"), Decimal(10), Decimal("3.50")) == 3
    assert average_cost(Decimal(-2), Decimal("2.50"), Decimal(10), Decimal("3.50")) == Decimal("3.50")
    assert average_cost(None, None, Decimal(1), Decimal(4)) == 4


@pytest.mark.parametrize(
    ("fields", "lines", "words"),
    [
        ({"placed_at": "yesterday"}, {}, "date and time"),
        ({"placed_at": "2026-11-01T10:00"}, {}, "time zone"),
        ({"exchange_rate": "0"}, {}, "exchange_rate"),
        ({"note": "a\x1b[31mb"}, {}, "invisible"),
        ({"kind": "credit_note"}, {}, "Cash Sale, Sales Order or Sales Invoice"),
        ({"colour": "red"}, {}, "no field 'colour'"),
        ({}, {1: {"quantity": "1e1000000"}}, "quantity"),
        ({}, {1: {"item_code": "GONE"}}, "no item 'GONE'"),
        ({}, {7: {"quantity": "1"}}, "no line 7"),
    ],
)
def test_what_is_wrong_with_an_edit_is_said(
    ws: Workspace, cart_id: CartId, fields: dict[str, str], lines: dict[int, dict[str, str]], words: str
) -> None:
    """Every field by itself, each as a sentence."""
    document = stored(ws, cart_id, an_order())
    edited = edit_document(document, DocumentEdit(fields, lines), frozenset())
    assert words in " ".join(edited.problems)
    assert edited.changes == ()


@pytest.mark.parametrize("name", ["", "  ", "Sal\x1b[31mes", "x" * 61])
def test_an_account_has_a_readable_name(ws: Workspace, name: str) -> None:
    """Neither renamed nor added otherwise; and a key is one word."""
    with pytest.raises(NeedsOperatorError, match="name of an account"):
        accounting.rename_account(ws, "sales", name)
    with pytest.raises(NeedsOperatorError, match="name of an account"):
        accounting.add_account(ws, Account("stripe", name, AccountKind.ASSET))
    with pytest.raises(NeedsOperatorError, match="key of an account"):
        accounting.add_account(ws, Account("tax:20 %", "Tax", AccountKind.LIABILITY))


def test_many_are_made_void_and_what_was_posted_is_refused(ws: Workspace, cart_id: CartId) -> None:
    """Each by itself; an order that was shipped in part is closed instead, and what it kept is free."""
    posted = approved(ws, stored(ws, cart_id, an_order()).document_id)
    order = approved(ws, stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER, "2")).document_id)
    pending = stored(ws, cart_id, an_order(external_id="3"))
    fulfilment.ship_document(ws, order, fulfilment.Parcel({1: Decimal(1)}))
    done = approvals.void_documents(ws, [posted.document_id, order.document_id, pending.document_id], "a test order")
    assert [bool(one.problem) for one in done] == [True, True, False]
    assert "Close it" in done[1].remedy
    assert ws.books.documents.get(pending.document_id).void_reason == "a test order"
    approvals.close_order(ws, ws.books.documents.get(order.document_id), "")
    assert ws.books.items.find_by_codes(["MUG"])[ItemCode("MUG")].allocated == 0
    with pytest.raises(NeedsOperatorError, match="left to ship"):
        fulfilment.ship_document(ws, order, fulfilment.Parcel())


def test_a_pick_list_names_what_is_left(ws: Workspace, cart_id: CartId) -> None:
    """By item, with what is on hand, for each document; PENDING ones and derived ones are not in it."""
    orders = [approved(ws, stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER, str(n))).document_id) for n in (1, 2)]
    stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER, "3"))
    fulfilment.ship_document(ws, orders[0], fulfilment.Parcel({1: Decimal(1)}, "DHL", "0034"))
    lines = fulfilment.pick_documents(ws, [DocumentId(1), DocumentId(2), DocumentId(3)])
    assert lines == [
        "[ ] 3 x MUG  A thing  (on hand 10)",
        "      1 for SO-2026-00001",
        "      2 for SO-2026-00002",
    ]


def test_a_shipment_waits_for_its_cart(ws: Workspace, cart_id: CartId) -> None:
    """In the outbox, in the transaction that booked it; tracking that comes later makes it wait again."""
    order = approved(ws, stored(ws, cart_id, an_order(DocumentKind.SALES_ORDER)).document_id)
    made = fulfilment.ship_document(ws, order, fulfilment.Parcel())

    def waiting() -> list[tuple[int, int]]:
        return [
            (row[0], row[1])
            for row in ws.books.database.sql("SELECT our_id, version FROM outbox WHERE kind = 'shipment'")
        ]

    assert waiting() == [(made, 1)]
    shipment = ws.books.shipments.find(made)
    assert shipment is not None
    fulfilment.correct_tracking(ws, order, shipment, "UPS", "1Z", "https://ups.example/1Z")
    assert waiting() == [(made, 2)]
    assert [one.tracking_number for one in ws.books.shipments.of_document(order.document_id)] == ["1Z"]


def test_a_document_of_the_past_is_for_looking_up(ws: Workspace, cart_id: CartId) -> None:
    """It was never posted here, so nothing can be reversed or shipped; a mistaken one can be made void."""
    past = stored(ws, cart_id, an_order(past=True))
    assert set(refused_actions(past)) == {"edit", "approve", "ship", "convert", "close", "credit", "pay"}
    with pytest.raises(NeedsOperatorError, match="was not posted"):
        fulfilment.credit_document(ws, past)
    with pytest.raises(NeedsOperatorError, match="dealt with elsewhere"):
        fulfilment.ship_document(ws, past, fulfilment.Parcel())
    assert approvals.void_document(ws, past, "twice").status is DocumentStatus.VOID
