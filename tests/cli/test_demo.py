"""`cartui demo`, and the whole way against it by commands alone."""

import json
import signal

import pytest

from tests.cli.conftest import Cartui


@pytest.mark.slow
def test_from_nothing_to_pending_documents_by_commands(cartui: Cartui) -> None:
    """A script makes, tests, dates, starts and runs a cart on the bundled shop; a second round doubles nothing."""
    shop = cartui.start("demo", "--serve-only", "--print-password")
    assert shop.stdout is not None
    told = json.loads(shop.stdout.readline())
    cartui.env["SHOP_PASSWORD"] = told["password"]
    for words in (
        ("new", "Demo", "--type", "cart-connect", "--url", told["address"], "--secret-from", "env:SHOP_PASSWORD"),
        ("test", "Demo"),
        ("set", "Demo", "last_order_from=2020-01-01T00:00", "last_update_time=2020-01-01T00:00"),
        ("start", "Demo", "--confirm", "Demo"),
    ):
        ran = cartui(*words)
        assert ran.code == 0, ran.err
        assert told["password"] not in ran.out + ran.err
    first, second = (cartui("--sync-only", "--once", "--json").rows[0]["counts"]["orders"] for _ in range(2))
    assert first["created"] > 100
    assert first["received"] == sum(first[word] for word in ("created", "updated", "same", "skipped", "held"))
    assert second["received"] < 100
    held = len(cartui("held", "Demo", "--json").rows)
    documents = [row["cart_order_id"] for row in cartui("list", "Demo", "orders", "--json").rows]
    assert len(documents) == len(set(documents)) == first["created"] + second["created"]
    assert held == first["held"]
    cartui.env["SHOP_PASSWORD"] = "wrong"
    refused = cartui("--sync-only", "--once", "--json")
    assert (refused.code, refused.rows[0]["result"]) == (3, "stopped")
    shop.send_signal(signal.SIGTERM)
    shop.communicate(timeout=10)
    assert shop.returncode == 0
    assert cartui("test", "Demo").code in (3, 5)


def test_a_port_that_is_taken_is_a_sentence(cartui: Cartui) -> None:
    """With what to do; a port that is none as well."""
    shop = cartui.start("demo", "--serve-only", "--print-password")
    assert shop.stdout is not None
    port = json.loads(shop.stdout.readline())["address"].rpartition(":")[2].partition("/")[0]
    ran = cartui("demo", "--serve-only", "--seed", "2", "--port", port)
    assert ran.code == 2
    assert "leave --port out" in ran.err
    assert cartui("demo", "--serve-only", "--port", "99999").code == 2
