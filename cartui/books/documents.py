"""Sales documents with their lines. An import writes them PENDING: no posting, no stock is moved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import peewee

from cartui.books.address import address_as_json, address_from, payments_as_json, payments_from
from cartui.books.database import Database, Row
from cartui.books.faults import BrokenInvariantError
from cartui.books.fields import from_micros, to_micros, to_moment
from cartui.books.outbox import Outbox
from cartui.books.records import starting
from cartui.books.selects import Select
from cartui.books.tables import Customer, DocumentLine
from cartui.books.tables import Document as DocumentTable
from cartui.domain import documents as domain
from cartui.domain.documents import Document, DocumentDraft, DocumentStatus
from cartui.domain.ids import CartId, CartOrderId, CustomerId, DocumentId, ItemCode
from cartui.domain.plan import FollowOrder
from cartui.domain.records import FulfilmentState, LineKind, OrderState, PaymentState
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError

_ASK = 900
_ADD = """INSERT INTO document (id, cart_id, external_id, number, status, kind, order_number, placed_at, customer_id,
 customer_name, email, currency, total, native_status, order_state, payment_state, fulfilment_state, billing_address,
 shipping_address, payments, shipping_method, note, default_lines, changed_in_cart, created_at)
 VALUES (?, ?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"""
ADD_LINE = """INSERT INTO document_line (document_id, position, kind, text, amount, quantity, unit_price, tax_rate,
 tax_amount, item_code, sku, default_item, line_id, source_position, restock)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_LINE = (
    DocumentLine.document_id, DocumentLine.kind, DocumentLine.text, DocumentLine.amount, DocumentLine.quantity,
    DocumentLine.unit_price, DocumentLine.tax_rate, DocumentLine.tax_amount, DocumentLine.item_code, DocumentLine.sku,
    DocumentLine.default_item, DocumentLine.line_id, DocumentLine.source_position, DocumentLine.restock,
)  # fmt: skip
_T = DocumentTable
_FIELDS = (
    _T.id, _T.number, _T.status, _T.cart_id, _T.customer_id, Customer.code, _T.created_at, _T.changed_in_cart,
    _T.kind, _T.external_id, _T.order_number, _T.placed_at, _T.customer_name, _T.email, _T.currency, _T.total,
    _T.native_status, _T.order_state, _T.payment_state, _T.fulfilment_state, _T.billing_address, _T.shipping_address,
    _T.payments, _T.shipping_method, _T.note, _T.version, _T.posted_number, _T.approved_at, _T.approved_by,
    _T.source_id, _T.void_reason, _T.open_amount, _T.closed, _T.exchange_rate, _T.past,
)  # fmt: skip

_BY_ID = Select(
    _FIELDS, "FROM document LEFT OUTER JOIN customer ON customer.id = document.customer_id"
    " WHERE document.id {among} ORDER BY document.id",
)  # fmt: skip
_LINES_OF = Select(_LINE, "FROM document_line WHERE document_id {among} ORDER BY document_id, position")
_PENDING = """SELECT item_code, CAST(SUM(document_line.quantity) AS BIGINT) FROM document_line
 JOIN document ON document.id = document_line.document_id
 WHERE item_code {among} AND document.status = 'PENDING' AND document.kind <> 'credit_note'
 AND document_line.kind = 'product' GROUP BY item_code"""

_PAST = "UPDATE document SET status = 'APPROVED', closed = 1, past = 1 WHERE id = ?"
DraftFor = tuple[DocumentDraft, CustomerId | None]


class Documents:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._outbox = Outbox(database)

    def add_many(self, cart_id: CartId, rows: Sequence[DraftFor]) -> list[DocumentId]:
        """New PENDING documents in the order given, each with its lines and a number D000001, D000002, …
        BrokenInvariantError when the cart's order has a document already."""
        if not rows:
            return []
        first = self._db.allocate("document", len(rows))
        now = to_moment(self._db.clock())
        heads: list[tuple[object, ...]] = []
        lines: list[tuple[object, ...]] = []
        for document_id, (draft, customer_id) in enumerate(rows, first):
            heads.append(_stored(document_id, cart_id, draft, customer_id, now))
            lines += stored_lines(document_id, draft)
        self._db.write_many(_ADD, heads)
        self._db.write_many(ADD_LINE, lines)
        past = [(document_id,) for document_id, (draft, _) in enumerate(rows, first) if draft.past]
        if past:
            self._db.write_many(_PAST, past)
        self._outbox.touch_stock_of(_sold(rows))
        return [DocumentId(first + n) for n in range(len(rows))]

    def get(self, document_id: DocumentId) -> Document:
        """With all its lines. NeedsOperatorError when there is none of that number."""
        found = self.list_by_ids([document_id])
        if not found:
            raise NeedsOperatorError("This document is not there.", "Go back to the list of documents.")
        return found[0]

    def list_by_ids(self, document_ids: Sequence[DocumentId]) -> list[Document]:
        """Those of the documents that are there, by number, with their lines: two queries."""
        if not document_ids:
            return []
        wanted = [int(one) for one in document_ids[:_ASK]]
        rows = self._db.select_among(_BY_ID, (), wanted)
        lines: dict[int, list[domain.DocumentLine]] = {}
        for document_id, kind, *rest in self._db.select_among(_LINES_OF, (), wanted):
            lines.setdefault(document_id, []).append(domain.DocumentLine(LineKind(kind), *rest))
        more = self.list_by_ids(document_ids[_ASK:]) if len(document_ids) > _ASK else []
        return [_document(row, tuple(lines.get(row[0], ()))) for row in rows] + more

    def list_after(self, document_id: DocumentId, limit: int) -> list[Document]:
        """The next documents by number, with their lines."""
        rows = self._db.rows(_T.select(_T.id).where(_T.id > document_id).order_by(_T.id).limit(limit))
        return self.list_by_ids([DocumentId(row[0]) for row in rows])

    def find_by_external(self, cart_id: CartId, order_ids: Sequence[str]) -> dict[CartOrderId, DocumentId]:
        """The documents of the cart's orders."""
        found: dict[CartOrderId, DocumentId] = {}
        for start in range(0, len(order_ids), _ASK):
            part = [str(one) for one in order_ids[start : start + _ASK]]
            rows = self._db.rows(
                _T.select(_T.external_id, _T.id).where((_T.cart_id == cart_id) & self._db.among(_T.external_id, part))
            )
            found |= {CartOrderId(external): DocumentId(ours) for external, ours in rows}
        return found

    def of_order(self, cart_id: CartId, order_id: CartOrderId) -> list[DocumentId]:
        """The document of an order, and those that were made void for it, newest first."""
        rows = self._db.sql(
            "SELECT id FROM document WHERE cart_id = ? AND (external_id = ? OR external_id LIKE ? ESCAPE '|')"
            " ORDER BY id DESC",
            (cart_id, order_id, starting(f"{order_id}#void-")),
        )
        return [DocumentId(row[0]) for row in rows]

    def find_number(self, number: str) -> DocumentId | None:
        """By what a person reads on it, whatever its case: D000001, or the number it was posted under."""
        wanted = number.upper()
        row = self._db.row(_T.select(_T.id).where((_T.number == wanted) | (_T.posted_number == wanted)))
        return None if row is None else DocumentId(row[0])

    def follow(self, rows: Sequence[FollowOrder]) -> None:
        """Take over the words of orders that moved in the cart, and flag (or no longer flag) them for a person. The
        payments of what was approved stay: they were posted."""
        for row in rows:
            now = row.draft
            words: dict[str, object] = {
                "native_status": now.native_status,
                "order_state": now.order_state.value,
                "payment_state": now.payment_state.value,
                "fulfilment_state": now.fulfilment_state.value,
                "changed_in_cart": row.changed,
            }
            self._db.write(_T.update(**words).where(_T.id == row.document_id))
            self._db.write(
                _T.update(payments=payments_as_json(now.payments)).where(
                    (_T.id == row.document_id) & (_T.status == DocumentStatus.PENDING.value)
                )
            )

    def untie(self, document: Document, actor: str) -> None:
        """Let go of the order that a VOID document came from, so that it can be imported again. The document stays; the
        audit trail says which order it was."""
        if document.status is not DocumentStatus.VOID:
            raise BrokenInvariantError("Only a VOID document lets go of its order.")
        order_id = document.draft.external_id
        freed = f"{order_id}#void-{document.document_id}"
        self._db.write(_T.update(external_id=freed).where(_T.id == document.document_id))
        self._db.write_sql(
            "INSERT INTO document_audit (document_id, version, at, actor, action, field, before, after)"
            " VALUES (?, ?, ?, ?, 'untied from its order', 'order', ?, ?)",
            (document.document_id, document.version, to_moment(self._db.clock()), actor, order_id, freed),
        )

    def mark_changed(self, document_ids: Sequence[DocumentId], *, changed: bool = True) -> None:
        """Flag documents whose order changed in the cart after the import (or take the flag away)."""
        self._db.write_many(
            "UPDATE document SET changed_in_cart = ? WHERE id = ?", [(int(changed), int(one)) for one in document_ids]
        )

    def count(self, cart_id: CartId | None = None, status: DocumentStatus | None = None) -> int:
        """How many there are, of a cart and in a status if asked."""
        query = _T.select(peewee.fn.COUNT(_T.id))
        if cart_id is not None:
            query = query.where(_T.cart_id == cart_id)
        if status is not None:
            query = query.where(_T.status == status.value)
        return int(self._db.rows(query)[0][0])

    def pending_quantities(self, codes: Sequence[ItemCode]) -> dict[ItemCode, Decimal]:
        """How many of each item stand on PENDING documents of all carts: sold, but not yet taken from stock."""
        found: dict[ItemCode, Decimal] = {}
        for start in range(0, len(codes), _ASK):
            rows = self._db.sql_among(_PENDING, (), [str(one) for one in codes[start : start + _ASK]])
            found |= {ItemCode(code): from_micros(int(quantity)) for code, quantity in rows}
        return found


def _sold(rows: Sequence[DraftFor]) -> list[ItemCode]:
    """The items whose orderable quantity sinks with these documents."""
    lines = [line for draft, _ in rows for line in draft.lines if line.kind is LineKind.PRODUCT]
    return sorted({line.item_code for line in lines if line.item_code is not None})


# `_value_` below is the plain attribute behind `value`: a page asks for it six times a row.


def _stored(
    document_id: int, cart_id: CartId, draft: DocumentDraft, customer_id: CustomerId | None, now: int
) -> tuple[object, ...]:
    billing = address_as_json(draft.billing_address)
    same = draft.shipping_address == draft.billing_address
    return (
        document_id,
        cart_id,
        draft.external_id,
        f"D{document_id:06d}",
        draft.kind._value_,
        draft.order_number,
        to_moment(draft.placed_at),
        customer_id,
        draft.customer_name,
        draft.email,
        draft.currency,
        to_micros(draft.total),
        draft.native_status,
        draft.order_state._value_,
        draft.payment_state._value_,
        draft.fulfilment_state._value_,
        billing,
        billing if same else address_as_json(draft.shipping_address),
        payments_as_json(draft.payments),
        draft.shipping_method,
        draft.note,
        draft.default_item_lines,
        now,
    )


def stored_lines(document_id: int, draft: DocumentDraft) -> list[tuple[object, ...]]:
    """The lines as `ADD_LINE` takes them."""
    return [
        (
            document_id,
            position,
            line.kind._value_,
            line.text,
            to_micros(line.amount),
            to_micros(line.quantity),
            None if line.unit_price is None else to_micros(line.unit_price),
            None if line.tax_rate is None else to_micros(line.tax_rate),
            None if line.tax_amount is None else to_micros(line.tax_amount),
            line.item_code,
            line.sku,
            int(line.default_item),
            line.line_id,
            line.source_position,
            int(line.restock),
        )
        for position, line in enumerate(draft.lines, 1)
    ]


def _document(row: Row, lines: tuple[domain.DocumentLine, ...]) -> Document:
    document_id, number, status, cart_id, customer_id, code, created_at, changed, *draft = row
    (kind, external_id, order_number, placed_at, customer_name, email, currency, total, native_status, *rest) = draft
    (order_state, payment_state, fulfilment_state, billing, shipping, payments, shipping_method, note, *life) = rest
    version, posted_number, approved_at, approved_by, source_id, void_reason, open_amount, *ending = life
    closed, exchange_rate, past = ending
    return Document(
        document_id=document_id,
        number=number,
        status=DocumentStatus(status),
        cart_id=cart_id,
        customer_id=customer_id,
        customer_code=code,
        created_at=created_at,
        changed_in_cart=changed,
        draft=DocumentDraft(
            kind=DocumentKind(kind),
            external_id=external_id,
            order_number=order_number,
            placed_at=placed_at,
            customer_name=customer_name,
            email=email,
            currency=currency,
            total=total,
            lines=lines,
            native_status=native_status,
            order_state=OrderState(order_state),
            payment_state=PaymentState(payment_state),
            fulfilment_state=FulfilmentState(fulfilment_state),
            billing_address=address_from(billing),
            shipping_address=address_from(shipping),
            payments=payments_from(payments),
            shipping_method=shipping_method,
            note=note,
            past=past,
        ),
        version=version,
        posted_number=posted_number or "",
        approved_at=approved_at,
        approved_by=approved_by,
        source_id=source_id,
        void_reason=void_reason,
        open_amount=open_amount,
        closed=closed,
        exchange_rate=exchange_rate,
    )
