"""Any sequence of import, edit, approve, ship, convert, credit, void, pay, count and receipt leaves the books right."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cartui.books import Books, open_books
from cartui.domain.documents import Document, DocumentLine, DocumentStatus
from cartui.domain.editing import DocumentEdit
from cartui.domain.ids import DocumentId, ItemCode
from cartui.domain.plan import NewItem
from cartui.domain.posting import StockKind
from cartui.domain.records import LineKind, Payment, PaymentState
from cartui.domain.settings import CartConnection, DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync import approvals, document_edits, fulfilment, stock_moves
from cartui.sync.workspace import Workspace
from tests.books.makers import HandClock, a_draft

CODES = ("MUG", "CAP", "UNSTATED", "BOX")
KINDS = (DocumentKind.CASH_SALE, DocumentKind.SALES_ORDER, DocumentKind.SALES_INVOICE)
_serial = itertools.count(1)

Drawn = tuple[tuple[DocumentLine, ...], tuple[Payment, ...]]

few = st.integers(0, 4).map(Decimal)
cents = st.integers(1, 5000).map(lambda number: Decimal(number) / 100)


def workspace(url: str, home: Path, clock: HandClock) -> Workspace:
    books = open_books(url, clock=clock, host="here")
    return Workspace(books, {}, clock, lambda reference: "", "ada@test", "test", home)


@st.composite
def orders(draw: Any) -> Drawn:
    """Lines that add up, whatever their amounts, and payments that may be less or more than the total."""
    lines = [
        DocumentLine(
            LineKind.PRODUCT,
            "A thing",
            draw(cents),
            draw(st.integers(1, 5).map(Decimal)),
            tax_rate=Decimal(20),
            item_code=ItemCode(draw(st.sampled_from(CODES))),
            line_id=f"l{number}",
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    goods = sum((line.amount for line in lines), Decimal(0))
    extras = ((LineKind.SHIPPING, 1), (LineKind.FEE, 1), (LineKind.TAX, 1), (LineKind.COUPON, -1))
    for kind, sign in extras:
        if draw(st.booleans()):
            amount = draw(cents) if sign > 0 else -min(goods, draw(cents))
            rate = Decimal(20) if kind is LineKind.TAX else None
            lines.append(DocumentLine(kind, kind.value, amount, tax_rate=rate))
    paid = tuple(
        Payment(draw(st.sampled_from(["card", "paypal"])), draw(cents), draw(st.sampled_from(list(PaymentState)[:4])))
        for _ in range(draw(st.integers(0, 2)))
    )
    return tuple(lines), paid


class Life(RuleBasedStateMachine):
    """What an admin may do, in any order; refusals are fine, wrong books are not."""

    url = ""
    home = Path()

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.ws = workspace(self.new_url(), self.home, self.clock)
        self.books: Books = self.ws.books
        self.cart_id = self.books.carts.add(f"Shop {next(_serial)}", CartConnection("memory", "memory://x")).cart_id
        self.numbers: dict[str, str] = {}
        with self.books.transaction():
            ids = self.books.items.add_many([
                NewItem(ItemCode("MUG"), "Mug", cost=Decimal("3.333333"), currency="EUR", on_hand=Decimal(20)),
                NewItem(ItemCode("CAP"), "Cap", on_hand=Decimal(3)),
                NewItem(ItemCode("UNSTATED"), "Unstated", cost=Decimal(1), currency="EUR"),
                NewItem(ItemCode("BOX"), "Box", cost=Decimal(7), currency="EUR"),
            ])  # fmt: skip
            self.books.items.default_item()
        self._bundle(ids)

    def new_url(self) -> str:
        raise NotImplementedError

    def _bundle(self, ids: Any) -> None:
        from cartui.domain.bundles import BundlePart

        mug, cap, _, box = ids
        with self.books.transaction():
            bundle = self.books.items.find_by_ids([box])[box]
            self.books.items.set_parts(bundle, [BundlePart(mug, Decimal(2)), BundlePart(cap, Decimal("0.5"))])

    def teardown(self) -> None:
        self.books.close_thread()

    def pick(self, data: Any, *kinds: DocumentKind, status: DocumentStatus | None = None) -> Document | None:
        rows = self.books.database.sql("SELECT id, status, kind FROM document ORDER BY id")
        wanted = [
            row[0] for row in rows if (not kinds or row[2] in kinds) and (status is None or row[1] == status.value)
        ]
        return self.books.documents.get(DocumentId(data.draw(st.sampled_from(wanted)))) if wanted else None

    # --- what happens ---

    @initialize(drawn=st.tuples(orders(), orders(), orders()))
    def begins(self, drawn: Any) -> None:
        """One order of each kind is there, the first one approved."""
        for one, kind in zip(drawn, (KINDS[1], KINDS[0], KINDS[2]), strict=True):
            self.imports(one, kind)
        approvals.approve_documents(self.ws, approvals.preview_approvals(self.ws, [DocumentId(1)]))

    @rule(drawn=orders(), kind=st.sampled_from(KINDS))
    def imports(self, drawn: Drawn, kind: DocumentKind) -> None:
        lines, payments = drawn
        total = sum((line.amount for line in lines), Decimal(0))
        draft = a_draft(f"x{next(_serial)}", *lines, kind=kind, total=total, payments=payments)
        with self.books.transaction():
            self.books.documents.add_many(self.cart_id, [(draft, None)])

    @rule(data=st.data())
    def approves(self, data: Any) -> None:
        if (document := self.pick(data, status=DocumentStatus.PENDING)) is None:
            return
        [done] = approvals.approve_documents(self.ws, approvals.preview_approvals(self.ws, [document.document_id]))
        note(f"{document.name} {document.draft.kind}: {done.number or done.problem}")
        owed = sum((line.amount for line in document.draft.lines), Decimal(0))
        assert done.number or owed < 0, done.problem  # goods may be edited to less than their coupon

    @rule(data=st.data(), quantity=st.integers(1, 6), amount=cents)
    def edits(self, data: Any, quantity: int, amount: Decimal) -> None:
        if (document := self.pick(data, status=DocumentStatus.PENDING)) is None:
            return
        position = data.draw(st.integers(1, len(document.draft.lines)))
        product = document.draft.lines[position - 1].kind is LineKind.PRODUCT
        typed = {"quantity": str(quantity)} if product else {"amount": str(amount)}
        with contextlib.suppress(NeedsOperatorError):
            document_edits.save_edit(self.ws, document, DocumentEdit(lines={position: typed}))

    @rule(data=st.data())
    def voids(self, data: Any) -> None:
        if (document := self.pick(data)) is None:
            return
        with contextlib.suppress(NeedsOperatorError):
            approvals.void_document(self.ws, document, "not wanted")

    @rule(data=st.data(), shipped=st.booleans(), share=st.booleans(), kind=st.sampled_from(KINDS))
    def converts(self, data: Any, shipped: bool, share: bool, kind: DocumentKind) -> None:
        if (order := self.pick(data, DocumentKind.SALES_ORDER, status=DocumentStatus.APPROVED)) is None:
            return
        some = self._some(data, order) if share else None
        with contextlib.suppress(NeedsOperatorError):
            fulfilment.convert_order(self.ws, order, kind, quantities=some, shipped=shipped)

    @rule(data=st.data(), part=st.booleans(), back=st.sampled_from(["", "card"]))
    def credits(self, data: Any, part: bool, back: str) -> None:
        kinds = (DocumentKind.CASH_SALE, DocumentKind.SALES_INVOICE)
        if (document := self.pick(data, *kinds, status=DocumentStatus.APPROVED)) is None:
            return
        some = self._some(data, document) if part else None
        keep = data.draw(st.sets(st.integers(1, 3)))
        with contextlib.suppress(NeedsOperatorError):
            fulfilment.credit_document(self.ws, document, quantities=some, keep=tuple(keep), paid_back=back)

    @rule(data=st.data(), part=st.booleans())
    def ships(self, data: Any, part: bool) -> None:
        if (document := self.pick(data, status=DocumentStatus.APPROVED)) is None:
            return
        parcel = fulfilment.Parcel(self._some(data, document) if part else None, "DHL", "0034")
        with contextlib.suppress(NeedsOperatorError):
            fulfilment.ship_document(self.ws, document, parcel)

    @rule(data=st.data())
    def closes(self, data: Any) -> None:
        if (order := self.pick(data, DocumentKind.SALES_ORDER, status=DocumentStatus.APPROVED)) is None:
            return
        with contextlib.suppress(NeedsOperatorError):
            approvals.close_order(self.ws, order, "")

    @rule(data=st.data(), amount=cents)
    def pays(self, data: Any, amount: Decimal) -> None:
        if (invoice := self.pick(data, DocumentKind.SALES_INVOICE, status=DocumentStatus.APPROVED)) is None:
            return
        with contextlib.suppress(NeedsOperatorError):
            fulfilment.receive_payment(self.ws, invoice, amount, "bank")

    @rule(code=st.sampled_from(CODES[:3]), kind=st.sampled_from(stock_moves.BY_HAND), quantity=few, cost=cents)
    def moves(self, code: str, kind: StockKind, quantity: Decimal, cost: Decimal) -> None:
        typed = stock_moves.TypedMove(ItemCode(code), quantity, cost if kind is StockKind.RECEIPT else None)
        with contextlib.suppress(NeedsOperatorError):
            stock_moves.move_stock(self.ws, kind, [typed], "by hand")

    @precondition(lambda self: self.clock.now.year < 2029)
    @rule(days=st.integers(1, 200))
    def waits(self, days: int) -> None:
        self.clock.now += timedelta(days=days)

    def _some(self, data: Any, document: Document) -> dict[int, Decimal]:
        goods = [at for at, line in enumerate(document.draft.lines, 1) if line.kind is LineKind.PRODUCT]
        return {at: Decimal(data.draw(st.integers(0, 3))) for at in goods}

    # --- what always holds ---

    @invariant()
    def postings_balance(self) -> None:
        assert self.books.accounts.unbalanced() == []

    @invariant()
    def stock_is_the_sum_of_its_ledger(self) -> None:
        assert self.books.items.wrong_stock() == []

    @invariant()
    def allocated_is_the_remainder_of_open_orders(self) -> None:
        """Worked out here from the documents alone."""
        assert self.books.stock.wrong_allocations() == []
        wanted: dict[str, Decimal] = dict.fromkeys(CODES, Decimal(0))
        rows = self.books.database.sql(
            "SELECT id FROM document WHERE kind = 'sales_order' AND status = 'APPROVED' AND closed = 0"
        )
        for (order_id,) in rows:
            taken = self.books.revisions.taken_from(DocumentId(order_id), credit_notes=False)
            for at, line in enumerate(self.books.documents.get(DocumentId(order_id)).draft.lines, 1):
                if line.kind is LineKind.PRODUCT and line.item_code is not None:
                    gone = taken[at].quantity if at in taken else Decimal(0)
                    wanted[line.item_code] += max(Decimal(0), line.quantity - gone)
        wanted["MUG"] += 2 * wanted["BOX"]
        wanted["CAP"] += wanted.pop("BOX") / 2
        held = {item.code: item.allocated for item in self.books.items.list_all()}
        assert {code: held[ItemCode(code)] for code in wanted} == wanted

    @invariant()
    def numbers_have_no_gaps(self) -> None:
        assert self.books.revisions.number_gaps() == []

    @invariant()
    def what_was_posted_stays(self) -> None:
        """Number, total and status of a posted document never change again."""
        rows = self.books.database.sql(
            "SELECT posted_number, kind, total, status, currency FROM document"
            " WHERE posted_number IS NOT NULL AND kind <> 'sales_order'"
        )
        now = {row[0]: str(row[1:]) for row in rows}
        assert {number: now.get(number) for number in self.numbers} == self.numbers
        self.numbers = now

    @invariant()
    def an_order_is_never_invoiced_twice(self) -> None:
        rows = self.books.database.sql(
            "SELECT s.document_id, s.position, s.quantity, SUM(l.quantity) FROM document d"
            " JOIN document_line l ON l.document_id = d.id JOIN document_line s ON s.document_id = d.source_id"
            " AND s.position = l.source_position WHERE d.status <> 'VOID' AND l.kind = 'product'"
            " GROUP BY s.document_id, s.position, s.quantity HAVING SUM(l.quantity) > s.quantity"
        )
        assert rows == []


@dataclass(frozen=True)
class Databases:
    """Where each run gets an empty database of its own."""

    new_url: Any


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        yield Databases(server.new_database)
        return
    with tempfile.TemporaryDirectory() as place:
        yield Databases(lambda: f"sqlite:///{place}/{next(_serial)}.db")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_life_leaves_the_books_right(databases: Databases, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Postings balance, the ledger is what is on hand, allocations are what open orders still want, numbers have no
    gaps, and what was posted stays as it was."""

    class OnDatabase(Life):
        home = tmp_path

        def new_url(self) -> str:
            return str(databases.new_url())

    few_runs = "postgres" in request.node.callspec.id
    run_state_machine_as_test(
        OnDatabase,
        settings=settings(
            max_examples=8 if few_runs else 30,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
