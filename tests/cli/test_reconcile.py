"""`cartui reconcile`: the certificate as words and as JSON, and its exit codes."""

from __future__ import annotations

from tests.cli.conftest import Cartui


def test_the_certificate_of_a_cart(cartui: Cartui) -> None:
    """Every order in exactly one bucket; the same hash twice; a wrong name and a wrong span are refused."""
    cartui.cart()
    assert cartui("--sync-only", "--once").code == 0
    first = cartui("reconcile", "Main shop", "--all", "--json")
    [row] = first.rows
    assert first.code == 0, first.err
    assert row["orders"] == sum(row["buckets"].values()) == sum(one["count"] for one in row["sums"]) > 0
    assert (row["found"], row["needs_person"], row["settled"], len(row["sha256"])) == ({}, False, True, 64)
    words = cartui("reconcile", "Main shop", "--dry-run")
    assert words.code == 0
    assert "before the start date" in words.out
    assert "sha256 " in words.out
    assert "Nothing was changed." in words.err
    for wrong in (["Nowhere"], ["Main shop", "--days", "0"], ["Main shop", "--days", "3", "--all"]):
        refused = cartui("reconcile", *wrong)
        assert (refused.code, refused.out) == (2, "")


def test_a_stopped_cart_is_only_compared(cartui: Cartui) -> None:
    """What would be taken over is told, with exit code 4 only where something was found."""
    cartui.cart()
    assert cartui("--sync-only", "--once").code == 0
    assert cartui("stop", "Main shop").code == 0
    ran = cartui("reconcile", "Main shop", "--json")
    assert (ran.code, ran.rows[0]["settled"]) == (0, False)
    assert cartui("set", "Main shop", "reconcile=off", "--json").rows[0]["reconcile"] == "off"
    assert cartui("set", "Main shop", "reconcile=hourly").code == 2


def test_the_last_ones_are_told_without_asking_the_cart(cartui: Cartui) -> None:
    """When, and what was found, of the daily and of the full one; each has its switch."""
    cartui.cart()
    assert "not yet" in cartui("reconcile", "Main shop", "--status").out
    assert cartui("--sync-only", "--once").code == 0
    assert cartui("reconcile", "Main shop").code == 0
    assert cartui("set", "Main shop", "reconcile_full=no").code == 0
    daily, full = cartui("reconcile", "Main shop", "--status").out.splitlines()
    assert (daily.split()[3], daily.split(": ")[1]) == ("on", "no difference")
    assert full.split()[-3:] == ["off", "not", "yet"]
    [row] = cartui("reconcile", "Main shop", "--status", "--json").rows
    assert (row["found"], row["full_at"], bool(row["at"])) == ("", None, True)
    assert cartui("carts", "--json").rows[0]["reconciled"]["at"] == row["at"]
