"""Tell a cart of our shipments with their tracking, once each, and let the order's status follow (S125).

Before a shipment is made in the cart it is looked for there; before that the intent is on record. The tracking goes
with the shipment; only when the cart has confirmed it, the order's own status is set, where the admin chose one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartui.books import BrokenInvariantError, Lease
from cartui.books.shipments import WHOLE, Shipment
from cartui.domain.documents import Document
from cartui.domain.ids import Direction, RecordKind, ShipmentId
from cartui.domain.ledger import CartRecord, JournalEntry, JournalState
from cartui.domain.outbox import Ending, OutboxRow, SentRow
from cartui.domain.outcomes import RecordState
from cartui.domain.plan import Action
from cartui.domain.plan_shipments import OurShipment, ShipmentPlan, find_ours, plan_shipment
from cartui.domain.plan_stock import Promise
from cartui.domain.ports import Cart, OrderStatusSink, ShipmentSink
from cartui.domain.records import CartShipment, ShipmentDraft
from cartui.domain.settings import CartDocument
from cartui.errors import HoldRecordError, NeedsOperatorError, UnknownOutcomeError
from cartui.sync.leases import keep
from cartui.sync.workspace import Workspace

SET_STATUS = "set status"


@dataclass(frozen=True, slots=True)
class Told:
    """A shipment with all that is needed to tell of it."""

    shipment: Shipment
    order: Document
    ours: OurShipment
    plan: ShipmentPlan

    @property
    def whole(self) -> bool:
        """The cart is told that all of the order has left, whatever it has of it by now."""
        return self.plan.draft is not None and not self.plan.draft.lines


@dataclass(frozen=True, slots=True)
class TrackingDesk:
    """One cart, leased and open, that takes shipments."""

    ws: Workspace
    document: CartDocument
    cart: Cart
    lease: Lease

    @property
    def sink(self) -> ShipmentSink:
        if isinstance(self.cart, ShipmentSink):
            return self.cart
        raise NeedsOperatorError("This kind of cart takes no shipments.", "Switch off tracking data for this cart.")

    def send(self, row: OutboxRow) -> SentRow:
        """Tell of one shipment; never twice, whatever happened before."""
        told = self._read(row.our_id)
        if told is None:
            return SentRow(row, Ending.SUPERSEDED, "The shipment was deleted.")
        draft = told.plan.draft
        if draft is None:
            return SentRow(row, Ending.REFUSED, told.plan.reason, told.plan.remedy)
        try:
            every = self.sink.find_shipments(draft.order_id)
            there = find_ours(draft, every) or self._linked(told, every)
            if there is not None and (there.finished or _differs(draft, there)):
                self._remember(told, there.shipment_id, None)
            else:
                self._create(row, told, draft, every)
            if there is not None and (why := _differs(draft, there)):
                return SentRow(row, Ending.REFUSED, *why)
            self._follow_status(row, draft)
        except HoldRecordError as error:
            return SentRow(row, Ending.REFUSED, error.problem, error.remedy)
        except UnknownOutcomeError as error:
            return SentRow(row, Ending.UNKNOWN, error.problem, "It is looked up in the cart before it is sent again.")
        return SentRow(row, Ending.DONE)

    def _read(self, shipment_id: int) -> Told | None:
        """The shipment, and what earlier ones of its order took. Only what came of the cart is shipped
        (`cartui.sync.fulfilment`), never a document made from it."""
        books = self.ws.books
        shipment = books.shipments.find(ShipmentId(shipment_id))
        if shipment is None:
            return None
        order = books.documents.get(shipment.document_id)
        before: dict[int, Decimal] = {}
        for one in books.shipments.of_document(order.document_id):
            if one.shipment_id < shipment_id:
                for position, quantity in one.lines.items():
                    before[position] = before.get(position, Decimal(0)) + quantity
        ours = OurShipment(
            key=f"cartui-{self.document.cart_id}-{order.draft.external_id}-shipment-{shipment_id}",
            shipped_at=shipment.shipped_at,
            lines=shipment.lines,
            before=before,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            tracking_url=shipment.tracking_url,
        )
        return Told(shipment, order, ours, plan_shipment(ours, order, self.document.settings))

    # --- effects

    def _linked(self, told: Told, there: Sequence[CartShipment]) -> CartShipment | None:
        """The one that we have told already, in a cart that kept neither our key nor a tracking number."""
        ours = told.shipment.shipment_id
        links = self.ws.books.records.find_by_our_ids(self.document.cart_id, RecordKind.SHIPMENT, [ours]).get(ours, ())
        ids = {link.external_id for link in links}
        return next((one for one in there if one.shipment_id in ids), None)

    def _create(self, row: OutboxRow, told: Told, draft: ShipmentDraft, there: Sequence[CartShipment]) -> None:
        books = self.ws.books
        entry = self._entry(Action.CREATE.value, RecordKind.SHIPMENT, told.shipment, draft, before=to_words(there))
        with books.transaction(lease=self.lease):
            books.leases.renew(self.lease)
            books.outbox.take_up([row])
            entry_id = books.journal.begin(entry)
        keep(self.ws, self.lease)
        try:
            made = self.sink.create_shipment(draft)
        except HoldRecordError:
            self._close(entry_id, JournalState.REFUSED)
            raise
        except UnknownOutcomeError:
            self._close(entry_id, JournalState.UNKNOWN)
            raise
        self._remember(told, made, entry_id)

    def _remember(self, told: Told, external_id: str, entry_id: int | None) -> None:
        """DONE and the link in one transaction. The pieces are on the way: an ON_HAND cart took them off by itself."""
        books, cart_id = self.ws.books, self.document.cart_id
        known = books.records.find_by_our_ids(cart_id, RecordKind.SHIPMENT, [told.shipment.shipment_id])
        if known.get(told.shipment.shipment_id) and entry_id is None:
            return
        with books.transaction(lease=self.lease):
            if entry_id is not None:
                books.journal.finish(entry_id, JournalState.DONE, external_id=external_id)
            books.records.put_many(cart_id, [_record(told, external_id)])
            self._take_off_open(told)

    def _take_off_open(self, told: Told) -> None:
        books, cart_id, order_id = self.ws.books, self.document.cart_id, told.order.draft.external_id
        pieces = books.cart_items.open_pieces(cart_id, [order_id]).get(order_id)
        if not pieces:
            return
        if told.whole:
            books.cart_items.put_open_pieces(cart_id, {order_id: {}})
            return
        lines = dict(enumerate(told.order.draft.lines, 1))
        codes = {one: code for one in told.ours.lines if one in lines and (code := lines[one].item_code) is not None}
        items = books.items.find_by_codes(list(codes.values()))
        left = dict(pieces)
        for position, code in codes.items():
            if code in items and (item_id := items[code].item_id) in left:
                left[item_id] = Promise(left[item_id].kept - told.ours.lines[position])
        books.cart_items.put_open_pieces(cart_id, {order_id: {one: n for one, n in left.items() if n.quantity > 0}})

    def _follow_status(self, row: OutboxRow, draft: ShipmentDraft) -> None:
        """The cart's own status for "all sent". Setting it again changes nothing, so nothing has to be looked up."""
        code = self.document.settings.shipped_status
        if not code or not draft.completes or not isinstance(self.cart, OrderStatusSink):
            return
        if code not in {one.code for one in self.cart.list_order_statuses()}:
            raise HoldRecordError(
                draft.order_id,
                f"The shipment was told, but the cart has no order status {code!r} that may be set.",
                "Choose another shipped_status, then retry it.",
            )
        books = self.ws.books
        with books.transaction(lease=self.lease):
            books.leases.renew(self.lease)
            books.outbox.take_up([row])
            entry_id = books.journal.begin(self._entry(SET_STATUS, RecordKind.ORDER, None, draft, status=code))
        keep(self.ws, self.lease)
        try:
            self.cart.set_order_status(draft.order_id, code)
        except HoldRecordError:
            self._close(entry_id, JournalState.REFUSED)
            raise
        except UnknownOutcomeError:
            self._close(entry_id, JournalState.UNKNOWN)
            raise
        self._close(entry_id, JournalState.DONE)

    # --- the journal

    def _entry(
        self, action: str, kind: RecordKind, shipment: Shipment | None, draft: ShipmentDraft, **detail: str
    ) -> JournalEntry:
        return JournalEntry(
            cart_id=self.document.cart_id,
            at=self.ws.clock(),
            actor=self.ws.actor,
            direction=Direction.EXPORT,
            kind=kind,
            action=action,
            external_id="" if shipment else draft.order_id,
            our_id=shipment.shipment_id if shipment else None,
            state=JournalState.INTENT,
            key=draft.key,
            detail={"order": draft.order_id, "tracking": draft.tracking_number, **detail},
        )

    def _close(self, entry_id: int, state: JournalState) -> None:
        with self.ws.books.transaction(lease=self.lease):
            self.ws.books.journal.finish(entry_id, state)

    def recover(self, entry: JournalEntry) -> None:
        """Ask the cart what became of an open entry; what was not done is sent afresh."""
        if entry.entry_id is None:
            raise BrokenInvariantError("An entry of the journal without a number.")
        if entry.action == SET_STATUS or entry.our_id is None:
            self._close(entry.entry_id, JournalState.REFUSED)  # setting it again changes nothing
            return
        told = self._read(entry.our_id)
        draft = told.plan.draft if told is not None else None
        there = self._made_by(entry, draft) if draft is not None else None
        if told is not None and there is not None and there.finished:  # else sending it again goes on with it
            self._remember(told, there.shipment_id, entry.entry_id)
        else:
            self._close(entry.entry_id, JournalState.REFUSED)

    def _made_by(self, entry: JournalEntry, draft: ShipmentDraft) -> CartShipment | None:
        """What the lost write made: by key or tracking number; in a cart that keeps neither, the one nameless shipment
        that was not there before."""
        there = self.sink.find_shipments(draft.order_id)
        before = entry.detail.get("before", "").split()
        nameless = [one for one in there if not one.key and not one.tracking_number]
        new = [one for one in nameless if one.shipment_id not in before]
        return find_ours(draft, there) or next(iter(new), None)


def to_words(there: Sequence[CartShipment]) -> str:
    """Their ids in one text."""
    return " ".join(one.shipment_id for one in there)


def recover_shipment(ws: Workspace, document: CartDocument, cart: Cart, lease: Lease, entry: JournalEntry) -> None:
    """Close one entry about a shipment or an order's status that a killed or cut run left open."""
    TrackingDesk(ws, document, cart, lease).recover(entry)


def _differs(draft: ShipmentDraft, there: CartShipment) -> tuple[str, str] | None:
    """Told already, and corrected here since: carts take no correction of it."""
    if not draft.tracking_number or draft.tracking_number == there.tracking_number:
        return None
    reason = f"The cart has this shipment with tracking {there.tracking_number or '(none)'!r}."
    return reason, f"Enter {draft.tracking_number} in the shop itself."


def _record(told: Told, external_id: str) -> CartRecord:
    shipment = told.shipment
    return CartRecord(
        kind=RecordKind.SHIPMENT,
        external_id=external_id,
        label=shipment.tracking_number or f"shipment {shipment.shipment_id}",
        stamp=None,
        fingerprint="",
        state=RecordState.LINKED,
        our_id=shipment.shipment_id,
        evidence=WHOLE if told.whole else "exported",
    )
