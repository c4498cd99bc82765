"""`cartui set` for what leaves for the cart, `cartui outbox` and `cartui stock`."""

from __future__ import annotations

import json

import pytest

from cartui.cli.output import table_out
from cartui.cli.sending_settings import SENDING
from tests.cli.conftest import Cartui


def test_switches_owners_and_carriers_are_set(cartui: Cartui) -> None:
    """Each by its name; Infoplus's names lead to the same switches; blank takes an owner or carrier away."""
    cartui.cart("Shop", start=False)
    ran = cartui(
        "set", "Shop", "from_cart_items=yes", "to_cart_items=yes", "owner.item=system", "owner.item.price=cart",
        "sync_inventory=yes", "sync_tracking=on", "stock_buffer=2.5", "stock_range=query", "stock_query= code:MUG  red",
        "carrier.DHL=dhl_de", "carrier.UPS=ups", "default_carrier=other", "sync_orders=no", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["owners"] == {"item.name": "system", "item.barcode": "system", "item.price": "cart"}
    assert (told["to_cart_stock"], told["to_cart_tracking"], told["sync_orders"]) == (True, True, False)
    assert (told["stock_buffer"], told["stock_query"]) == ("2.5", "code:MUG red")
    assert told["carriers"] == {"DHL": "dhl_de", "UPS": "ups"}
    assert set(told["sends"]) == {"stock", "item", "shipment"}
    told = json.loads(cartui("set", "Shop", "carrier.dhl=", "to_cart_items=no", "owner.item=", "--json").out)
    assert (told["carriers"], told["owners"]) == ({"UPS": "ups"}, {})


def test_a_test_cart_is_sent_no_stock_in_silence(cartui: Cartui) -> None:
    """S127: exit code 2 and the way to allow it."""
    cartui.cart("Shop", start=False)
    ran = cartui("set", "Shop", "live=no", "to_cart_stock=yes")
    assert (ran.code, "send_from_test=yes" in ran.err) == (2, True)
    assert cartui("set", "Shop", "live=no", "to_cart_stock=yes", "send_from_test=yes").code == 0


def test_an_empty_outbox_says_so(cartui: Cartui) -> None:
    """And what is asked wrongly names the right way."""
    cartui.cart("Shop", start=False)
    assert "Nothing waits" in cartui("outbox", "Shop").err
    assert cartui("outbox", "Shop", "retry").code == 2
    assert cartui("outbox", "Shop", "retry", "17").code == 2
    ran = cartui("outbox", "Shop", "retry", "--all", "--confirm", "Other")
    assert (ran.code, "is not the cart's name" in ran.err) == (2, True)
    assert cartui("stock", "Shop", "NONE").code == 2


def test_arithmetic_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A proof that ends in dots proves nothing; long names are cut."""
    proof = "39 on hand - 1 allocated - 2 on PENDING documents - 17 on orders that wait"
    table_out([{"name": "n" * 80, "arithmetic": proof}])
    told = capsys.readouterr().out
    assert (proof in told, "n" * 61 in told) == (True, False)


def test_help_names_every_switch(cartui: Cartui) -> None:
    """What can be set and isn't named is found by nobody."""
    told = cartui("set", "--help").out
    assert [name for name in (*SENDING, "owner.", "carrier.") if name not in told] == []
