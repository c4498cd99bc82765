"""`cartui overview`: the same numbers as the screen, as words and as JSON."""

from __future__ import annotations

from tests.cli.conftest import Cartui


def test_overview_of_a_cart_and_of_all(cartui: Cartui) -> None:
    """After a round the orders are counted and the next round is told; a wrong name is refused with a remedy."""
    cartui.cart()
    cartui.cart("Outlet", start=False)
    assert cartui("--sync-only", "--once").code == 0
    [of_all], [of_one] = cartui("overview", "--json").rows, cartui("overview", "Outlet", "--json").rows
    assert [one["name"] for one in of_all["carts"]] == ["Main shop", "Outlet"]
    assert of_all["carts"][0]["next_cycle_at"].endswith("Z")
    placed = sum(of_all["documents"]["sales_order"].values())
    assert of_all["records"]["order"]["imported"] == placed == sum(of_all["orders_placed"]) > 0
    assert (of_one["cart"], of_one["documents"], of_one["held"]) == ("Outlet", {}, 0)
    words = cartui("overview", "Main shop")
    assert words.code == 0
    assert f"{placed:,} PENDING" in words.out
    assert "outbound off" in words.out
    assert "next " in words.out
    refused = cartui("overview", "Nowhere")
    assert refused.code == 2
    assert "Nowhere" in refused.err
