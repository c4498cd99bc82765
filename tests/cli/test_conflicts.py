"""`cartui conflicts`: what both sides changed, listed and settled from a script."""

from tests.cli.conftest import Cartui


def test_nothing_to_settle_is_said(cartui: Cartui) -> None:
    """No row, a sentence, exit code 0; what is to be settled must be named, and be there."""
    cartui.cart("Shop")
    ran = cartui("conflicts", "Shop", "--json")
    assert (ran.code, ran.out) == (0, "")
    assert "There is no conflict." in ran.err
    assert "Which ones?" in cartui("conflicts", "Shop", "ours").err
    assert "Say ours or cart" in cartui("conflicts", "Shop", "--all").err
    missing = cartui("conflicts", "Shop", "cart", "17.price")
    assert missing.code == 2
    assert "17.price is no conflict" in missing.err
