"""What an order state means."""

from __future__ import annotations

import pytest

from cartui.adapters.prestashop import PrestaShop
from cartui.adapters.prestashop.states import WORDS, meaning_of, parse_status_map
from cartui.domain.ports import BadRecord
from cartui.domain.records import (
    CartOrder,
    PaymentState,
)
from cartui.errors import NeedsOperatorError
from tests.adapters.prestashop.cases import orders_of
from tests.adapters.prestashop.server import connect
from tests.adapters.prestashop.shop import FakePrestaShop


def state(state_id: str = "40", **marks: str) -> dict[str, str]:
    return {"id": state_id, "paid": "0", "shipped": "0", "delivery": "0", "logable": "0", "invoice": "0"} | marks


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (state(paid="1", logable="1"), "paid"),
        (state(paid="1", delivery="1"), "processing"),
        (state(paid="1", shipped="1"), "shipped"),
        (state("5", paid="1", shipped="1"), "delivered"),
        (state("11", paid="1", logable="1"), "paid"),  # 1.7: remote payment accepted
        (state("6"), "cancelled"),
        (state("7", invoice="1"), "refunded"),
        (state("8"), "failed"),
        (state("10"), "pending"),
        (state(logable="1"), "pending"),
        (state(module_name="ps_checkpayment"), "pending"),
        (state(template="order_canceled"), "cancelled"),
        (state("6", paid="1", logable="1"), "paid"),  # renumbered: the marks go before the id
    ],
)
def test_states_by_marks_first_then_ids(row: dict[str, str], word: str) -> None:
    """Merchants rename and renumber; the marks are the reliable part."""
    assert meaning_of(row, {}, {}) == WORDS[word]


def test_the_shops_own_ids_and_the_merchants_words_go_first() -> None:
    """PS_OS_CANCELED may be 23; and what was entered beats all."""
    assert meaning_of(state("23"), {"23": "cancelled"}, {}) == WORDS["cancelled"]
    assert meaning_of(state("2", paid="1"), {}, {"2": "on_hold"}) == WORDS["on_hold"]
    assert meaning_of(state("23"), {}, {}) is None
    assert parse_status_map("17=paid, 18 = cancelled;") == {"17": "paid", "18": "cancelled"}
    with pytest.raises(NeedsOperatorError):
        parse_status_map("17=bezahlt")


def test_an_unknown_state_is_held_until_it_is_explained(shop: FakePrestaShop) -> None:
    """With its native word; the option makes it an order."""
    shop.put("order_states", id=30, name={"1": "Waiting for [b]Bob[/b]", "2": ""}, template={"1": ""}, module_name="")
    order_id = str(shop.order(("2", 1, "5", "20"), state="30")["id"])
    bad = orders_of(connect(shop))[order_id]
    assert isinstance(bad, BadRecord)
    assert "unknown status 30 (“Waiting for [b]Bob[/b]”)" in bad.reason
    found = orders_of(connect(shop, status_map="30=paid"))[order_id]
    assert isinstance(found, CartOrder)
    assert found.payment_state is PaymentState.PAID


def test_an_order_with_state_0_and_no_lines_is_held(shop: FakePrestaShop, cart: PrestaShop) -> None:
    """The shop did not finish it: no state, no `associations`, no details; the others come."""
    order = shop.order(("2", 1, "5", "20"))
    order["current_state"] = "0"
    for key in [key for key, row in shop.rows["order_details"].items() if row["id_order"] == str(order["id"])]:
        del shop.rows["order_details"][key]
    found = orders_of(cart)
    bad = found[str(order["id"])]
    assert isinstance(bad, BadRecord)
    assert "unknown status 0" in bad.reason
    assert sum(isinstance(one, CartOrder) for one in found.values()) == len(found) - 1
