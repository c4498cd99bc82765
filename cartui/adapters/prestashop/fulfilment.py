"""How an order goes on: tracking numbers in `order_carriers`, states through `order_histories`.

classes/order/OrderCarrier.php: a tracking number stands on the row of a carrier; which pieces went is not kept.
classes/order/OrderHistory.php: a state that is marked as paid books a payment of what was not paid yet. A payment is
the shop's word, so that such a state is written only where the order is paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cartui.adapters.prestashop.fields import amount_of, is_id
from cartui.adapters.prestashop.render import Fields
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.shopwide import name_of
from cartui.adapters.prestashop.states import SHIPPED_STATE
from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.adapters.prestashop.writing import Writer, missing
from cartui.domain.ids import CartOrderId
from cartui.domain.records import CartShipment, NativeStatus, ShipmentDraft
from cartui.domain.safe_text import safe_text
from cartui.errors import HoldRecordError

_MAIL = [("sendemail", "1")]


class Fulfilment:
    """Shipments and states of one shop's orders. `shipped_state`: the cart's option of that name."""

    def __init__(self, session: Session, writer: Writer, shipped_state: str) -> None:
        self._session = session
        self._writer = writer
        self._shipped_state = shipped_state

    # --- shipments

    def find(self, order_id: str) -> list[CartShipment]:
        """Rows with a tracking number; the others wait for theirs."""
        carriers = self._session.table("carriers")
        return [
            CartShipment(
                shipment_id=str(row.get("id", "")),
                tracking_number=_number(row),
                carrier=safe_text(str(carriers.get(str(row.get("id_carrier")), {}).get("name", "")), 64),
            )
            for row in self._rows(order_id)
            if _number(row)
        ]

    def create(self, draft: ShipmentDraft) -> str:
        """The tracking number first; then, where nothing of the order is left, its state."""
        order = self._order(draft.order_id)
        made = self._track(draft, order)
        if draft.completes:
            self._complete(draft, order)
        return made

    def _rows(self, order_id: str) -> list[Row]:
        return self._session.whole_rows("order_carriers", "id_order", f"[{order_id}]") if is_id(order_id) else []

    def _track(self, draft: ShipmentDraft, order: Row) -> str:
        rows, number = self._rows(draft.order_id), draft.tracking_number.strip()
        same = [row for row in rows if _number(row) == number]
        if same and (number or not draft.carrier):
            return str(same[0].get("id", ""))
        own_carrier = str(order.get("id_carrier") or "0")
        fields: dict[str, str] = {"tracking_number": number}
        if carrier := self._carrier(draft):
            fields["id_carrier"] = carrier
        mail = _MAIL if draft.notify_shopper and not draft.completes else []
        waiting = sorted(
            (row for row in rows if not _number(row)), key=lambda row: row.get("id_carrier") != own_carrier
        )
        if waiting:
            row_id = str(waiting[0].get("id", ""))
            self._writer.change("order_carriers", row_id, fields, draft.order_id, mail)
            return row_id
        return self._add_row(draft, {"id_order": draft.order_id, "id_carrier": own_carrier, **fields})

    def _add_row(self, draft: ShipmentDraft, fields: Fields) -> str:
        """A further parcel, or the first of an order whose row was lost."""
        if fields["id_carrier"] == "0":
            raise HoldRecordError(
                draft.order_id,
                "The shop has no carrier for this order: it holds nothing that is sent.",
                "Choose a carrier for the order in the shop, or give the shipment one that the shop knows.",
            )

        def find() -> list[str]:
            number = draft.tracking_number.strip()
            return [one.shipment_id for one in self.find(draft.order_id) if one.tracking_number == number]

        free = {"weight": "0", "shipping_cost_tax_excl": "0", "shipping_cost_tax_incl": "0"}
        return self._writer.make("order_carriers", {**fields, **free}, draft.order_id, find)

    def _carrier(self, draft: ShipmentDraft) -> str:
        """The id of the carrier that is meant, by id or by name; "" leaves the one that the shopper chose."""
        wanted = draft.carrier.strip().casefold()
        carriers = self._session.table("carriers") if wanted else {}
        if wanted in carriers:
            return wanted
        named = [key for key, row in carriers.items() if str(row.get("name", "")).strip().casefold() == wanted]
        return named[-1] if named else ""  # carriers that were edited keep their name and get a new id

    def _complete(self, draft: ShipmentDraft, order: Row) -> None:
        states = self._session.table("order_states")
        if self._shipped_state == "none" or _has(states.get(str(order.get("current_state")), {}), "shipped"):
            return
        configured = self._shipped_state or self._session.settings.get(SHIPPED_STATE, "4")
        shipping = [key for key, row in states.items() if _has(row, "shipped") and not _has(row, "deleted")]
        candidates = [configured, *(key for key in shipping if not _has(states[key], "paid"))]
        for code in candidates:
            if code in states and (not _has(states[code], "paid") or self._is_paid(order)):
                self._refuse_second_payment(order, states[code])
                self._write_state(draft.order_id, code, mail=draft.notify_shopper)
                return
        raise HoldRecordError(
            draft.order_id,
            "The tracking number was written, but not the state: the shop would book the order as paid with it, and"
            " nobody said that it is."
            if configured in states
            else "The tracking number was written, but the shop has no state for orders that were shipped.",
            "Set the order's state in the shop; for the next ones enter a state that does not mean paid, or none, in"
            " the cart's option shipped_state.",
        )

    # --- states

    def list_states(self) -> list[NativeStatus]:
        """Not those that say nothing but that money came in: that is for the shop to say."""
        return [
            NativeStatus(key, name_of(row) or key)
            for key, row in self._session.table("order_states").items()
            if not _has(row, "deleted") and not _says_only_paid(row)
        ]

    def set_state(self, order_id: str, code: str) -> None:
        if code not in {one.code for one in self.list_states()}:
            raise HoldRecordError(
                order_id,
                f"The shop has no state {safe_text(code, 20)!r} that may be set from here.",
                "Choose one of the listed states; that an order is paid is said in the shop itself.",
            )
        order = self._order(order_id)
        if str(order.get("current_state")) == code:
            return
        state = self._session.table("order_states")[code]
        if _has(state, "paid") and not self._is_paid(order):
            raise HoldRecordError(
                order_id,
                f"With the state {name_of(state)} the shop would book the order as paid, and nobody said that it is.",
                "Book the payment in the shop first.",
            )
        self._refuse_second_payment(order, state)
        self._write_state(order_id, code)

    def _write_state(self, order_id: str, code: str, *, mail: bool = False) -> None:
        def find() -> Sequence[str]:
            return [code] if str(self._order(order_id).get("current_state")) == code else []

        fields = {"id_order": order_id, "id_order_state": code}
        self._writer.make("order_histories", fields, order_id, find, _MAIL if mail else [])

    def _is_paid(self, order: Row) -> bool:
        """By its state, or by what was booked on it."""
        if _has(self._session.table("order_states").get(str(order.get("current_state")), {}), "paid"):
            return True
        try:
            total = amount_of(order, "total_paid_tax_incl") or amount_of(order, "total_paid")
            return amount_of(order, "total_paid_real") >= total
        except UnreadableError:
            return False

    def _refuse_second_payment(self, order: Row, state: Row) -> None:
        """A state that makes the invoice books what the invoice lacks, and does not look at payments that were booked
        before it (OrderHistory::addWs does without `use_existing_payment`)."""
        order_id = str(order.get("id", ""))
        if not (_has(state, "paid") and _has(state, "invoice")) or not _has_payment(order):
            return
        if any(is_id(str(row.get("id_order_invoice"))) for row in self._details(order_id)):
            return
        raise HoldRecordError(
            order_id,
            f"With the state {name_of(state)} the shop would book the payment a second time: the order is paid, but has"
            " no invoice yet.",
            "Set the state in the shop itself, which counts the payment that is there; then discard this from Held.",
        )

    def _details(self, order_id: str) -> list[Row]:
        return self._session.rows_where("order_details", "id_order", [order_id])

    def _order(self, order_id: CartOrderId | str) -> Row:
        rows = self._session.rows_where("orders", "id", [order_id]) if is_id(order_id) else []
        if not rows:
            raise missing(order_id)
        return rows[0]


def _number(row: Row) -> str:
    return str(row.get("tracking_number") or "").strip()


def _has_payment(order: Row) -> bool:
    """Also where the shop's amount can't be read."""
    try:
        return amount_of(order, "total_paid_real") != 0
    except UnreadableError:
        return True


def _has(row: Mapping[str, object], mark: str) -> bool:
    return row.get(mark) == "1"


def _says_only_paid(row: Row) -> bool:
    return _has(row, "paid") and not _has(row, "delivery") and not _has(row, "shipped")
