"""What a shipment of ours is to the cart: which lines, whether it completes the order, with which carrier. Pure.

Outbound (FEATURES E): the order becomes "shipped" only when all of its lines are; before that the shipment is a partial
one, where the cart knows that. "Paid" is never written: a payment is the shop's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.domain.documents import Document
from cartui.domain.records import CartShipment, LineKind, ShipmentDraft, ShipmentLine
from cartui.domain.settings import CartSettings

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OurShipment:
    """A shipment of ours: `lines` by position of the document's line, `before` what earlier shipments took."""

    key: str
    shipped_at: datetime
    lines: Mapping[int, Decimal]
    before: Mapping[int, Decimal]
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentPlan:
    """`draft` None: it can't be told, for `reason` with `remedy`."""

    draft: ShipmentDraft | None
    reason: str = ""
    remedy: str = ""


def plan_shipment(ours: OurShipment, document: Document, settings: CartSettings) -> ShipmentPlan:
    """The shipment as the cart is to be told of it."""
    goods = {position: line for position, line in enumerate(document.draft.lines, 1) if line.kind is LineKind.PRODUCT}
    taken = {one: ours.before.get(one, ZERO) + ours.lines.get(one, ZERO) for one in goods}
    completes = all(taken[one] >= line.quantity for one, line in goods.items())
    whole = completes and not any(ours.before.values())
    named = all(goods[one].line_id for one in ours.lines if one in goods)
    if not whole and not named:
        return ShipmentPlan(
            None,
            "It is a part of an order whose lines the cart's ids are not known of.",
            "Enter this shipment in the shop itself.",
        )
    # The whole order in one parcel needs no lines: the cart takes all that is still open there.
    some = [(goods[one], quantity) for one, quantity in ours.lines.items() if one in goods]
    lines = () if whole else tuple(ShipmentLine(line.line_id, quantity, line.sku) for line, quantity in some)
    return ShipmentPlan(
        ShipmentDraft(
            key=ours.key,
            order_id=document.draft.external_id,
            shipped_at=ours.shipped_at,
            completes=completes,
            lines=lines,
            carrier=carrier_code(ours.carrier, settings),
            carrier_title=ours.carrier or settings.default_carrier,
            tracking_number=ours.tracking_number,
            tracking_url=ours.tracking_url,
            notify_shopper=settings.notify_shopper,
        )
    )


def carrier_code(carrier: str, settings: CartSettings) -> str:
    """The cart's code of a carrier of ours: as mapped (whatever the case), else the default carrier, else as it is."""
    mapped = {ours.casefold(): theirs for ours, theirs in settings.carriers.items()}
    return mapped.get(carrier.casefold()) or settings.default_carrier or carrier


def find_ours(draft: ShipmentDraft, there: Sequence[CartShipment]) -> CartShipment | None:
    """The shipment in the cart that is ours: by our key, else by the tracking number."""
    by_key = [one for one in there if one.key and one.key == draft.key]
    by_number = [one for one in there if draft.tracking_number and one.tracking_number == draft.tracking_number]
    return next(iter([*by_key, *by_number]), None)
