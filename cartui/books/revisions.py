"""What becomes of documents after they were made: edits, approval, void; each with a line in the audit trail.

Every change raises the document's version and is refused where somebody else changed it since it was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.books.address import address_as_json
from cartui.books.agreed_orders import AgreedOrders
from cartui.books.database import Database
from cartui.books.documents import ADD_LINE, stored_lines
from cartui.books.faults import StaleVersionError
from cartui.books.fields import from_micros, from_moment, to_micros, to_moment
from cartui.books.tables import Document as DocumentTable
from cartui.books.tables import DocumentLine
from cartui.domain.documents import Document, DocumentDraft, DocumentStatus
from cartui.domain.ids import CartId, DocumentId, ItemCode, ItemId
from cartui.domain.order_changes import order_values
from cartui.domain.parts import Taken
from cartui.domain.plan import FieldChange
from cartui.domain.settings import DocumentKind
from cartui.errors import NeedsOperatorError

_T = DocumentTable
_AUDIT = """INSERT INTO document_audit (document_id, version, at, actor, action, field, before, after)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_PREFIX = {
    DocumentKind.CASH_SALE: "CS",
    DocumentKind.SALES_ORDER: "SO",
    DocumentKind.SALES_INVOICE: "INV",
    DocumentKind.CREDIT_NOTE: "CN",
}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to a document, and when (aware UTC). `version`: the document's after it."""

    version: int
    at: datetime
    actor: str
    action: str
    field: str = ""
    before: str = ""
    after: str = ""


class DocumentChangedError(StaleVersionError):
    """Somebody else changed the document since it was read; `since` is what they changed."""

    def __init__(self, name: str, since: Sequence[AuditEntry]) -> None:
        last = since[-1]
        super().__init__(f"{name}", last.actor, last.at)
        self.since = tuple(since)
        told = "; ".join(_told(one) for one in since[:6])
        more = f"; and {len(since) - 6} more" if len(since) > 6 else ""
        self.problem = f"{self.problem[:-1]}: {told}{more}."
        self.args = (self.problem,)


def _told(entry: AuditEntry) -> str:
    return f"{entry.field} {entry.before or '–'} → {entry.after or '–'}" if entry.field else entry.action


class Revisions:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # --- changes ---

    def save(
        self, before: Document, draft: DocumentDraft, rate: Decimal | None, changes: Sequence[FieldChange], actor: str
    ) -> None:
        """Store an edited PENDING document and what was changed. DocumentChangedError, NeedsOperatorError."""
        if before.status is not DocumentStatus.PENDING:
            raise NeedsOperatorError(
                f"{before.name} is {before.status.value} and can't be edited.",
                "What was posted is corrected by a credit note.",
            )
        self._raise_version(before)
        self._db.write(
            _T.update(
                kind=draft.kind.value,
                placed_at=draft.placed_at,
                customer_name=draft.customer_name,
                email=draft.email,
                total=draft.total,
                billing_address=address_as_json(draft.billing_address),
                shipping_address=address_as_json(draft.shipping_address),
                shipping_method=draft.shipping_method,
                note=draft.note,
                default_lines=draft.default_item_lines,
                exchange_rate=rate,
            ).where(_T.id == before.document_id)
        )
        if before.version == 1:
            AgreedOrders(self._db).keep_first(before.document_id, order_values(before.draft))
        if draft.lines != before.draft.lines:
            self._db.write(DocumentLine.delete().where(DocumentLine.document_id == before.document_id))
            self._db.write_many(ADD_LINE, stored_lines(before.document_id, draft))
        self.note(before.document_id, before.version + 1, actor, "edited", changes)

    def approve(self, document: Document, open_amount: Decimal, actor: str) -> str:
        """Make it APPROVED under the next number of its kind and year; returns that number."""
        self._raise_version(document)
        now = self._db.clock()
        number = self._next_number(document.draft.kind, now.year)
        self._db.write(
            _T.update(
                status=DocumentStatus.APPROVED.value,
                posted_number=number,
                approved_at=now,
                approved_by=actor,
                open_amount=open_amount,
            ).where(_T.id == document.document_id)
        )
        self.note(document.document_id, document.version + 1, actor, f"approved as {number}")
        return number

    def void(self, document: Document, reason: str, actor: str) -> None:
        """Make it VOID; it stays, with its number and the reason."""
        self._raise_version(document)
        self._db.write(
            _T.update(status=DocumentStatus.VOID.value, void_reason=reason).where(_T.id == document.document_id)
        )
        self.note(document.document_id, document.version + 1, actor, f"void: {reason}")

    def close(self, document: Document, reason: str, actor: str) -> None:
        """The remainder of an order will not be delivered."""
        self._raise_version(document)
        self._db.write(_T.update(closed=True).where(_T.id == document.document_id))
        self.note(document.document_id, document.version + 1, actor, f"closed: {reason}")

    def owe_less(self, document: Document, amount: Decimal, why: str, actor: str) -> None:
        """A payment or credit note takes `amount` off what is open on an invoice."""
        self._db.write_sql(
            "UPDATE document SET open_amount = open_amount - ? WHERE id = ?",
            (to_micros(amount), int(document.document_id)),
        )
        self.note(document.document_id, document.version, actor, why)

    def note(
        self, document_id: DocumentId, version: int, actor: str, action: str, changes: Sequence[FieldChange] = ()
    ) -> None:
        """A line in the audit trail, one for each field where fields changed."""
        now = to_moment(self._db.clock())
        fields = changes or (FieldChange("", "", ""),)
        self._db.write_many(
            _AUDIT,
            [(int(document_id), version, now, actor, action, one.name, one.before, one.after) for one in fields],
        )

    def _raise_version(self, document: Document) -> None:
        raised = self._db.write(
            _T.update(version=document.version + 1).where(
                (_T.id == document.document_id) & (_T.version == document.version)
            )
        )
        if not raised:
            since = [one for one in self.audit_of(document.document_id) if one.version > document.version]
            if since:
                raise DocumentChangedError(document.name, since)
            raise NeedsOperatorError(f"{document.name} is not as it was read.", "Open it again.")

    def _next_number(self, kind: DocumentKind, year: int) -> str:
        """Gap-free: given in the transaction of the approval, and there is one writer at a time."""
        [(number,)] = self._db.write_sql(
            "INSERT INTO number_series (kind, year, last) VALUES (?, ?, 1)"
            " ON CONFLICT (kind, year) DO UPDATE SET last = number_series.last + 1 RETURNING last",
            (kind.value, year),
        )
        return f"{_PREFIX[kind]}-{year}-{int(number):05d}"

    def set_source(self, made: DocumentId, source: Document, actor: str) -> None:
        """Say that a new document was made from another."""
        self._db.write(_T.update(source_id=source.document_id).where(_T.id == made))
        self.note(made, 1, actor, f"made from {source.name}")

    # --- what is known of them ---

    def audit_of(self, document_id: DocumentId) -> list[AuditEntry]:
        """Oldest first."""
        rows = self._db.sql(
            "SELECT version, at, actor, action, field, before, after FROM document_audit WHERE document_id = ?"
            " ORDER BY id",
            (int(document_id),),
        )
        return [AuditEntry(row[0], from_moment(row[1]), *row[2:]) for row in rows]

    def made_from(self, document_id: DocumentId) -> list[DocumentId]:
        """The documents that were made from this one, oldest first, void ones among them."""
        rows = self._db.rows(_T.select(_T.id).where(_T.source_id == document_id).order_by(_T.id))
        return [DocumentId(row[0]) for row in rows]

    def taken_from(
        self, document_id: DocumentId, *, credit_notes: bool, without: DocumentId | None = None
    ) -> dict[int, Taken]:
        """How much of each line stands on documents made from this one that are not VOID: invoices and cash sales, or
        credit notes. `without`: leave that one out."""
        compare = "=" if credit_notes else "<>"
        rows = self._db.sql(
            "SELECT l.source_position, CAST(SUM(l.quantity) AS BIGINT), CAST(SUM(l.amount) AS BIGINT)"
            " FROM document d JOIN document_line l ON l.document_id = d.id"
            f" WHERE d.source_id = ? AND d.source_id IS NOT NULL AND d.status <> 'VOID' AND d.kind {compare}"
            " 'credit_note' AND d.id <> ? AND l.source_position IS NOT NULL GROUP BY l.source_position",
            (int(document_id), int(without or 0)),
        )
        return {row[0]: Taken(from_micros(int(row[1])), from_micros(int(row[2]))) for row in rows}

    def given_back_of(self, order_id: DocumentId) -> dict[int, Decimal]:
        """How much of each product line of an order the credit notes of the documents made from it give back."""
        rows = self._db.sql(
            "SELECT sold.source_position, CAST(SUM(back.quantity) AS BIGINT)"
            " FROM document made"
            " JOIN document note ON note.source_id = made.id AND note.source_id IS NOT NULL"
            " JOIN document_line back ON back.document_id = note.id"
            " JOIN document_line sold ON sold.document_id = made.id AND sold.position = back.source_position"
            " WHERE made.source_id = ? AND made.source_id IS NOT NULL AND made.status <> 'VOID'"
            " AND note.kind = 'credit_note' AND note.status <> 'VOID'"
            " AND back.kind = 'product' AND sold.source_position IS NOT NULL GROUP BY sold.source_position",
            (int(order_id),),
        )
        return {row[0]: from_micros(int(row[1])) for row in rows}

    def payments_used(self, document_id: DocumentId) -> list[DocumentId]:
        """The documents made from this one that are not VOID and no credit notes: they share its payments."""
        rows = self._db.rows(
            _T.select(_T.id).where(
                (_T.source_id == document_id)
                & (_T.status != DocumentStatus.VOID.value)
                & (_T.kind != DocumentKind.CREDIT_NOTE.value)
            )
        )
        return [DocumentId(row[0]) for row in rows]

    def number_gaps(self) -> list[str]:
        """Kinds and years whose numbers are not 1, 2, 3, …: always none, or the books are damaged."""
        rows = self._db.sql(
            "SELECT s.kind, s.year, s.last, COUNT(d.id), COUNT(DISTINCT d.posted_number) FROM number_series s"
            " LEFT JOIN document d ON d.kind = s.kind AND d.posted_number IS NOT NULL"
            " AND d.posted_number LIKE '%-' || s.year || '-%' GROUP BY s.kind, s.year, s.last"
            if not self._db.postgres
            else "SELECT s.kind, s.year, s.last, COUNT(d.id), COUNT(DISTINCT d.posted_number) FROM number_series s"
            " LEFT JOIN document d ON d.kind = s.kind AND split_part(d.posted_number, '-', 2) = s.year::text"
            " GROUP BY s.kind, s.year, s.last"
        )
        return [f"{kind} {year}" for kind, year, last, count, distinct in rows if not last == count == distinct]

    # --- "always for this SKU" ---

    def set_sku_rule(self, cart_id: CartId, sku: str, item_id: ItemId, actor: str) -> None:
        """From now on the SKU of this cart, where it isn't linked, means that item."""
        self._db.write_sql(
            "INSERT INTO sku_rule (cart_id, sku, item_id, at, actor) VALUES (?, ?, ?, ?, ?) ON CONFLICT (cart_id, sku)"
            " DO UPDATE SET item_id = excluded.item_id, at = excluded.at, actor = excluded.actor",
            (int(cart_id), sku, int(item_id), to_moment(self._db.clock()), actor),
        )

    def sku_rules(self, cart_id: CartId, skus: Sequence[str]) -> dict[str, ItemCode]:
        """Our item code of those SKUs that have a rule."""
        if not skus:
            return {}
        rows = self._db.sql_among(
            "SELECT r.sku, i.code FROM sku_rule r JOIN item i ON i.id = r.item_id"
            " WHERE r.cart_id = ? AND r.sku {among}",
            (int(cart_id),),
            list(skus),
        )
        return {sku: ItemCode(code) for sku, code in rows}
