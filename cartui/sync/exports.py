"""Send planned exports to the cart through the journal: intent -> effect -> done + link (DESIGN rules 9-12).

Before an effect there is a committed INTENT; after a confirmed answer DONE and the link are written in one
transaction. A process that dies in between leaves an open entry, and whoever works with the cart next asks the cart
what became of it. Nothing is ever sent again blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from cartui.books import BrokenInvariantError, Lease
from cartui.domain.documents import Item
from cartui.domain.ids import CustomerId, Direction, ItemId, RecordKind
from cartui.domain.ledger import CartRecord, JournalEntry, JournalState
from cartui.domain.merge import changed_fields
from cartui.domain.money import parse_amount
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import Action, ExportCustomer, ExportItem, PlannedChange
from cartui.domain.plan_customers import customer_draft
from cartui.domain.plan_items import item_draft
from cartui.domain.ports import Cart, Received, StockSink
from cartui.domain.records import CartItem, StockResult, StockWrite, WriteState
from cartui.domain.remedies import CART
from cartui.domain.settings import CartDocument
from cartui.errors import HoldRecordError, NeedsOperatorError, Remedy, UnknownOutcomeError
from cartui.sync.basket_recovery import recover_basket
from cartui.sync.leases import keep
from cartui.sync.sides import Draft, Side, read_items, side_of
from cartui.sync.tracking import recover_shipment
from cartui.sync.workspace import READ_ONLY, READ_ONLY_REMEDY, Workspace

ExportPayload = ExportItem | ExportCustomer

T = TypeVar("T")

STOCK = "stock"
TEST_CART = "This cart is marked test: no stock is sent to it."
TEST_CART_REMEDY = Remedy(
    "Leave the stock blank, mark the cart LIVE, or allow it for this cart (Send from a test cart, e on Auto-sync).",
    f"Leave the stock blank, or run `cartui set {CART} live=yes` or `cartui set {CART} send_from_test=yes`.",
)


def nothing_more() -> None:
    """The default of `also`."""


def sends_stock(payload: object) -> bool:
    """Whether a change writes a number of stock to the cart, by itself or with a new item."""
    if not isinstance(payload, ExportItem):
        return False
    return payload.stock is not None or (payload.draft is not None and payload.draft.stock is not None)


def hold_stock(change: PlannedChange) -> PlannedChange:
    """The change as it is planned for a test cart: what would send stock is held with its reason (S127)."""
    if not sends_stock(change.payload):
        return change
    return replace(change, action=Action.HOLD, reason=TEST_CART, remedy=TEST_CART_REMEDY, fields=(), payload=None)


class MovedError(HoldRecordError):
    """The cart holds something else than what the change was planned on."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """One cart, leased and open, that records of one kind are sent to."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease
    side: Side

    # --- one change

    def export(
        self,
        change: PlannedChange,
        payload: ExportPayload,
        now: Mapping[str, Received[Any]],
        also: Callable[[], None] = nothing_more,
    ) -> None:
        """Do one change. `now`: the cart's records as just read; `also` is written in the transaction that says DONE.
        Raises `HoldRecordError` where the row is refused or
        its ground has changed; `UnknownOutcomeError` where no answer came (the entry stays open)."""
        if self.ws.read_only:
            raise NeedsOperatorError(READ_ONLY, READ_ONLY_REMEDY)
        if sends_stock(payload) and not self.document.settings.takes_stock:
            raise HoldRecordError(change.label, TEST_CART, TEST_CART_REMEDY)
        self.ws.books.leases.renew(self.lease)
        if payload.draft is not None:
            self._create(change, payload.draft, our_id_of(payload), also)
            return
        external_id = external_id_of(payload)
        row = now.get(external_id)
        if row is None:
            raise HoldRecordError(change.label, "The cart no longer has it.", "Plan the export again.")
        if change.action is Action.LINK:
            self._link(change, row, our_id_of(payload))
            return
        self._ensure_unchanged(change, row)
        if payload.values:
            self._update(payload, external_id, also)
        if isinstance(payload, ExportItem) and payload.stock is not None:
            self._set_stock(change, payload.item_id, payload.stock)

    def _ensure_unchanged(self, change: PlannedChange, row: Received[Any]) -> None:
        """What was shown as "before" must still be so: nobody approved anything else."""
        values = dict(self.side.values(row))
        if isinstance(row.record, CartItem) and row.record.stock is not None:
            values[STOCK] = f"{row.record.stock.normalize():f}"
        for field in change.fields:
            if values.get(field.name, "") != field.before:
                raise MovedError(
                    change.label,
                    f"Its {field.name} in the cart is {values.get(field.name, '')!r} now, not {field.before!r}.",
                    "Plan the export again and look at it.",
                )

    def _create(self, change: PlannedChange, draft: Draft, our_id: int, also: Callable[[], None]) -> None:
        if found := self.side.find(draft):
            raise HoldRecordError(
                change.label, f"The cart has it meanwhile ({', '.join(found)}).", "Plan the export again to link it."
            )
        entry_id = self._begin(change.action, our_id, "", draft.key, {})
        made = self._effect(entry_id, lambda: self.side.create(draft))
        self._finish_linked(entry_id, made, our_id, also=also)

    def _link(self, change: PlannedChange, row: Received[Any], our_id: int) -> None:
        entry = self._entry(change.action, our_id, row.external_id, "", {}, JournalState.DONE)
        with self.ws.books.transaction(lease=self.lease):
            self.ws.books.records.put_many(self.document.cart_id, [self.side.link(row, our_id, "code")])
            self.ws.books.journal.append_many([entry])
            self._note_stock(our_id)

    def _update(self, payload: ExportPayload, external_id: str, also: Callable[[], None]) -> None:
        our_id = our_id_of(payload)
        entry_id = self._begin(Action.UPDATE, our_id, external_id, "", payload.values)
        self._effect(entry_id, lambda: self.side.update(external_id, payload.values))
        self._finish_linked(entry_id, external_id, our_id, written=payload.values, also=also)

    def _set_stock(self, change: PlannedChange, item_id: ItemId, write: StockWrite) -> None:
        if not isinstance(self.cart, StockSink):
            raise HoldRecordError(change.label, "This kind of cart takes no stock.", "Leave the stock cell blank.")
        sink = self.cart
        detail = {STOCK: str(write.quantity)}
        entry_id = self._begin(Action.SET_STOCK, item_id, write.item_id, "", detail)
        result = self._effect(entry_id, lambda: self._stock_result(sink, write))
        if result.state is not WriteState.DONE:
            self._finish(entry_id, JournalState.REFUSED, write.item_id)
            now = "" if result.current is None else f" It is {result.current} now."
            raise HoldRecordError(change.label, f"{result.reason}{now}", "Plan the export again and look at it.")
        sent = {item_id: write.quantity}
        note = self.ws.books.cart_items.note_sent
        self._finish_linked(
            entry_id, write.item_id, item_id, written={}, also=lambda: note(self.document.cart_id, sent)
        )

    @staticmethod
    def _stock_result(sink: StockSink, write: StockWrite) -> StockResult:
        (result,) = sink.set_stock([write])
        if result.state is WriteState.UNKNOWN:
            raise UnknownOutcomeError(
                "The cart did not answer to a stock write.", "It is looked up before anything else."
            )
        return result

    # --- the journal

    def _entry(
        self,
        action: Action,
        our_id: int,
        external_id: str,
        key: str,
        detail: Mapping[str, str],
        state: JournalState,
    ) -> JournalEntry:
        return JournalEntry(
            cart_id=self.document.cart_id,
            at=self.ws.clock(),
            actor=self.ws.actor,
            direction=Direction.EXPORT,
            kind=self.side.kind,
            action=action.value,
            external_id=external_id,
            our_id=our_id,
            state=state,
            key=key,
            detail=detail,
        )

    def _begin(self, action: Action, our_id: int, external_id: str, key: str, detail: Mapping[str, str]) -> int:
        with self.ws.books.transaction(lease=self.lease):
            return self.ws.books.journal.begin(
                self._entry(action, our_id, external_id, key, detail, JournalState.INTENT)
            )

    def _effect(self, entry_id: int, send: Callable[[], T]) -> T:
        """Send; say in the journal when the cart refused or did not answer."""
        keep(self.ws, self.lease)
        try:
            return send()
        except HoldRecordError:
            self._finish(entry_id, JournalState.REFUSED)
            raise
        except UnknownOutcomeError:
            self._finish(entry_id, JournalState.UNKNOWN)
            raise

    def _finish(self, entry_id: int, state: JournalState, external_id: str = "") -> None:
        with self.ws.books.transaction(lease=self.lease):
            self.ws.books.journal.finish(entry_id, state, external_id=external_id or None)

    def _finish_linked(
        self,
        entry_id: int,
        external_id: str,
        our_id: int,
        *,
        written: Mapping[str, str] | None = None,
        also: Callable[[], None] = nothing_more,
    ) -> None:
        """DONE and the link in one transaction; what the cart now holds is remembered, so that our own write is not
        taken for a change when it comes back (rule 12). `written`: the fields of a record that was linked before; what
        else changed in the cart meanwhile stays news for the import."""
        row = self.side.read([external_id]).get(external_id)
        books, cart_id = self.ws.books, self.document.cart_id
        with books.transaction(lease=self.lease):
            books.journal.finish(entry_id, JournalState.DONE, external_id=external_id)
            if row is not None:
                known = books.records.find_many(cart_id, self.side.kind, [external_id]).get(external_id)
                link = self.side.link(row, our_id, "exported")
                is_new = known is None or known.our_id != our_id
                if known is not None and written is not None and not is_new:
                    link = _with_news_kept(known, link, written)
                books.records.put_many(cart_id, [link])
                if is_new:
                    self._note_stock(our_id)  # after the link: what is linked nowhere is noted nowhere
            also()

    def _note_stock(self, our_id: int) -> None:
        """A new link: the cart is to be told the stock of it."""
        if self.side.kind is RecordKind.ITEM:
            self.ws.books.outbox.touch(OutboxKind.STOCK, [our_id], cart_id=self.document.cart_id)

    # --- after a death

    def recover(self, entry: JournalEntry) -> None:
        """Ask the cart what became of an open entry. Done -> DONE and link; not done -> REFUSED, to be planned
        afresh."""
        if entry.entry_id is None or entry.our_id is None:
            raise BrokenInvariantError("An export was journalled without our id.")
        external_id = entry.external_id
        if entry.action == Action.CREATE:
            draft = self._draft_again(entry)
            found = self.side.find(draft) if draft is not None else ()
            done = len(found) == 1  # several: the next plan holds the row and says so
            external_id = found[0] if done else ""
        else:
            row = self.side.read([external_id]).get(external_id)
            done = row is not None and self._holds(row, entry.detail)
        if done:
            written = None if entry.action == Action.CREATE else entry.detail
            self._finish_linked(entry.entry_id, external_id, entry.our_id, written=written)
        else:
            self._finish(entry.entry_id, JournalState.REFUSED)

    def _holds(self, row: Received[Any], wanted: Mapping[str, str]) -> bool:
        rest = {name: value for name, value in wanted.items() if name != STOCK}
        stock = row.record.stock if isinstance(row.record, CartItem) else None
        if STOCK in wanted and stock != parse_amount(wanted[STOCK]):
            return False
        return not changed_fields(self.side.values(row), rest)

    def _draft_again(self, entry: JournalEntry) -> Draft | None:
        books, our_id = self.ws.books, entry.our_id or 0
        if self.side.kind is RecordKind.ITEM:
            item: Item | None = books.items.find_by_ids([ItemId(our_id)]).get(ItemId(our_id))
            return item_draft(item, entry.key, None) if item is not None else None
        customer = books.customers.find_by_ids([CustomerId(our_id)]).get(CustomerId(our_id))
        return customer_draft(customer, entry.key) if customer is not None else None


def _with_news_kept(known: CartRecord, fresh: CartRecord, written: Mapping[str, str]) -> CartRecord:
    """What is remembered after our write of some fields: they are agreed on now. Where the cart holds another value in
    any other field than was agreed on, the old fingerprint stays, so that the import finds that change."""
    agreed = {**known.agreed, **{name: fresh.agreed[name] for name in written if name in fresh.agreed}}
    news = any(fresh.agreed.get(name) != value for name, value in agreed.items())
    fingerprint = known.fingerprint if news else fresh.fingerprint
    return replace(fresh, agreed=agreed, fingerprint=fingerprint, evidence=known.evidence)


def recover_exports(ws: Workspace, document: CartDocument, cart: Cart, lease: Lease) -> None:
    """Close every entry that a killed or cut run left open, before anything new is done with the cart."""
    entries = ws.books.journal.open_entries(document.cart_id)
    stock = [entry for entry in entries if entry.action == Action.SET_STOCK]
    if stock:
        _recover_stock(ws, document, cart, lease, stock)
    for entry in entries:
        if entry.action == Action.SET_STOCK:
            continue
        if entry.kind in (RecordKind.SHIPMENT, RecordKind.ORDER):
            recover_shipment(ws, document, cart, lease, entry)
        elif entry.kind is RecordKind.BASKET:
            recover_basket(ws, document, cart, lease, entry)
        else:
            Exporter(ws, document, cart, lease, side_of(cart, entry.kind)).recover(entry)


def _recover_stock(
    ws: Workspace, document: CartDocument, cart: Cart, lease: Lease, entries: Sequence[JournalEntry]
) -> None:
    """Stock writes whose answer never came: the cart's number says what became of them."""
    rows = read_items(cart, list(dict.fromkeys(entry.external_id for entry in entries)))
    books = ws.books
    with books.transaction(lease=lease):
        books.leases.renew(lease)
        for entry in entries:
            row, wanted = rows.get(entry.external_id), parse_amount(entry.detail[STOCK])
            done = row is not None and cast(CartItem, row.record).stock == wanted
            books.journal.finish(entry.entry_id or 0, JournalState.DONE if done else JournalState.REFUSED)
            if done and entry.our_id is not None:
                books.cart_items.note_sent(document.cart_id, {ItemId(entry.our_id): wanted})


def our_id_of(payload: ExportPayload) -> int:
    """Our id of the record that is sent."""
    return payload.item_id if isinstance(payload, ExportItem) else payload.customer_id


def external_id_of(payload: ExportPayload) -> str:
    """The cart's id of the record that is changed; "" for one to be made."""
    return payload.cart_item_id if isinstance(payload, ExportItem) else payload.cart_customer_id
