"""What a shipment is to the cart: its lines, whether it completes the order, its carrier."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import CartId, CartOrderId, DocumentId, DocumentNumber
from cartui.domain.plan_shipments import OurShipment, carrier_code, find_ours, plan_shipment
from cartui.domain.records import CartShipment, LineKind, ShipmentDraft, ShipmentLine
from cartui.domain.settings import CartSettings
from tests.books.makers import START, a_draft, a_line

D = Decimal


def order(**lines: Any) -> Document:
    """Two mugs, one cap and the parcel's price."""
    goods = (a_line(quantity="2", line_id="a", sku="MUG", **lines), a_line(line_id="b", sku="CAP", **lines))
    draft = a_draft("7", *goods, a_line(kind=LineKind.SHIPPING, line_id="c"))
    return Document(
        DocumentId(1), DocumentNumber("D1"), DocumentStatus.APPROVED, CartId(1), None, None, START, False, draft
    )


def ours(lines: dict[int, str], before: dict[int, str] | None = None) -> OurShipment:
    said = {position: D(n) for position, n in lines.items()}
    return OurShipment("key", START, said, {position: D(n) for position, n in (before or {}).items()}, "DHL", "T1")


@pytest.mark.parametrize(
    ("lines", "before", "completes"),
    [
        ({1: "2"}, {}, False),
        ({2: "1"}, {}, False),
        ({1: "1", 2: "1"}, {}, False),
        ({1: "2", 2: "1"}, {}, True),
        ({2: "1"}, {1: "2"}, True),
        ({1: "1"}, {1: "1", 2: "1"}, True),
        ({1: "1"}, {1: "1"}, False),
    ],
)
def test_an_order_is_complete_when_every_line_is(
    lines: dict[int, str], before: dict[int, str], completes: bool
) -> None:
    """Shipping costs are no goods; what earlier shipments took counts."""
    draft = plan_shipment(ours(lines, before), order(), CartSettings()).draft
    assert draft is not None
    assert (draft.completes, draft.order_id, draft.tracking_number) == (completes, "7", "T1")


def test_a_part_names_its_lines_and_a_whole_order_needs_none() -> None:
    """By the cart's own line ids."""
    part, whole = (plan_shipment(ours(lines), order(), CartSettings()).draft for lines in ({1: "1"}, {1: "2", 2: "1"}))
    assert part is not None
    assert whole is not None
    assert (part.lines, whole.lines) == ((ShipmentLine("a", D(1), "MUG"),), ())


def test_a_part_of_lines_that_the_cart_does_not_know_is_refused() -> None:
    """With the way out; the whole order can still be told."""
    document = order()
    draft = a_draft("7", a_line(quantity="2"))
    old = Document(
        document.document_id, document.number, document.status, document.cart_id, None, None, START, False, draft
    )
    refused = plan_shipment(ours({1: "1"}), old, CartSettings())
    assert (refused.draft, bool(refused.remedy)) == (None, True)
    assert plan_shipment(ours({1: "2"}), old, CartSettings()).draft is not None


def test_carriers_are_mapped() -> None:
    """Whatever the case; then the default; then as it is."""
    mapped = CartSettings(carriers={"DHL": "dhl_de"}, default_carrier="other")
    assert [carrier_code(one, mapped) for one in ("dhl", "UPS", "")] == ["dhl_de", "other", "other"]
    assert carrier_code("UPS", CartSettings()) == "UPS"


def test_ours_is_found_by_key_before_the_tracking_number() -> None:
    """A blank number is nobody's."""
    draft = ShipmentDraft("key", CartOrderId("7"), START, completes=True, tracking_number="T1")
    there = [CartShipment("1", tracking_number="T1"), CartShipment("2", key="key"), CartShipment("3")]
    found = find_ours(draft, there)
    assert found is not None
    assert found.shipment_id == "2"
    assert find_ours(ShipmentDraft("x", CartOrderId("7"), START, completes=True), there) is None
