"""Carts by commands alone: make, set, test, start, stop, delete."""

import pytest

from tests.cli.conftest import Cartui

NEW = ("--type", "paper", "--url", "https://shop.test")


def test_a_cart_is_set_up_and_started_by_a_script(cartui: Cartui) -> None:
    """new, test, set, start: from nothing to RUNNING."""
    cartui.cart("Main shop")
    (row,) = cartui("carts", "--json").rows
    assert (row["name"], row["type"], row["status"], row["live"]) == ("Main shop", "paper", "RUNNING", True)
    assert row["secrets"] == {"password": "env:SHOP_PASSWORD"}


def test_a_new_cart_is_stopped_and_untested(cartui: Cartui) -> None:
    """Nothing starts by itself; the guard names all that is missing (S031, S083, S084)."""
    cartui.cart("Shop", start=False)
    (row,) = cartui("show", "Shop", "--json").rows
    assert row["status"] == "STOPPED"
    assert {"not_tested", "last_order_from_missing", "last_update_time_missing"} <= {
        problem["code"] for problem in row["problems"]
    }
    ran = cartui("start", "Shop")
    assert ran.code == 2
    assert "never tested. Run `cartui test 'Shop'`." in ran.err
    assert "`cartui set 'Shop' last_order_from=DATE`" in ran.err
    assert "Press" not in ran.err
    assert row["problems"][0]["remedy"].startswith("Run `cartui ")


def test_what_start_would_bring_is_said_before(cartui: Cartui) -> None:
    """--preview: counts and worth, with no word of what it would cost; the cart stays STOPPED."""
    cartui.cart("Shop")
    assert cartui("stop", "Shop").code == 0
    ran = cartui("start", "Shop", "--preview")
    assert (ran.code, "orders come in at first, worth" in ran.out) == (0, True)
    assert "Nothing is sent to the cart at once." in ran.out
    [row] = cartui("start", "Shop", "--preview", "--json").rows
    assert (row["orders"] > 0, row["at_least"]) == (True, False)
    assert cartui("show", "Shop", "--json").rows[0]["status"] == "STOPPED"


def test_test_connection_ends_in_the_words_of_the_manual(cartui: Cartui) -> None:
    """S014, word for word, on stdout."""
    cartui.cart("Shop", start=False)
    ran = cartui("test", "Shop")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "TEST PASSED: SUCCESSFULLY CONNECTED TO CART"


def test_a_failed_test_names_the_stage_and_exits_3(cartui: Cartui) -> None:
    """The failing stage with its remedy; the guard still wants a test."""
    cartui.cart("Shop", "mode=untested", start=False)
    ran = cartui("test", "Shop", "--json")
    assert ran.code == 3
    assert [row["verdict"] for row in ran.rows] == ["passed", "failed"]
    assert "Set another password." in ran.err
    assert "TEST PASSED" not in cartui("test", "Shop").out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("poll_minutes=0", "from 1 to 60"),
        ("poll_minutes=61", "from 1 to 60"),
        ("poll_minutes=ten", "from 1 to 60"),
        ("live=perhaps", "yes or no"),
        ("import_orders_as=credit_note", "sales_order"),
        ("last_order_from=yesterday", "such as 2026-11-01T00:00"),
        ("last_order_from=2026-10-25T02:30", "the clocks change in that hour"),
        ("last_order_from=2026-03-29T02:30", "the clocks change in that hour"),
        ("last_order_from=0001-01-01T00:00", "that year"),
        ("to_cart_items=yes", "owner.item=OWNER` (cart, system, newest or ask)"),
        ("stock_range=query", "stock_query=QUERY"),
        ("stock_buffer=-1", "less than zero"),
        ("owner.item.colour=cart", "no such field"),
        ("owner.item.price=me", "one of cart, system, newest, ask"),
        ("pol_minutes=5", "Did you mean poll_minutes?"),
        ("url=ftp://shop.test", "https://"),
        ("url=http://shop.test", "clear text"),
        ("option.nonsense=1", "no option"),
        ("password=hunter22", "never typed"),
        ("password=env:", "after the colon"),
        ("nonsense", "KEY=VALUE"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_is_changed(cartui: Cartui, change: str, says: str) -> None:
    """Exit code 2 and the remedy; what was right in the same command is not stored either."""
    cartui.cart("Shop", start=False)
    ran = cartui("set", "Shop", "from_cart_items=yes", change)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "hunter22" not in ran.err
    assert cartui("show", "Shop", "--json").rows[0]["from_cart_items"] is False


def test_a_date_without_offset_is_local_and_shown_in_utc(cartui: Cartui) -> None:
    """The tests run in Berlin: midnight there is 23:00 UTC of the day before."""
    cartui.cart("Shop", start=False)
    ran = cartui("set", "Shop", "last_order_from=2026-11-20", "last_update_time=2026-11-20T10:00+02:00")
    assert ran.code == 0
    assert "last_order_from is 2026-11-19 23:00:00 UTC." in ran.err
    row = cartui("show", "Shop", "--json").rows[0]
    assert row["last_order_from"] == "2026-11-19T23:00:00+00:00"
    assert row["last_update_time"] == "2026-11-20T08:00:00+00:00"


def test_settings_are_stored(cartui: Cartui) -> None:
    """Each switch by its name."""
    cartui.cart("Shop", start=False)
    wanted = ("import_orders_as=Cash Sale", "from_cart_customers=yes", "poll_minutes=60", "live=no", "option.orders=7")
    assert cartui("set", "Shop", *wanted, "to_cart_items=no", "password=file:~/pw").code == 0
    row = cartui("show", "Shop", "--json").rows[0]
    assert (row["import_orders_as"], row["from_cart_customers"], row["poll_minutes"], row["live"]) == (
        "cash_sale",
        True,
        60,
        False,
    )
    assert row["options"]["orders"] == "7"
    assert row["secrets"] == {"password": "file:~/pw"}


def test_dates_of_a_running_cart_are_not_touched(cartui: Cartui) -> None:
    """Neither the date nor anything else of the command."""
    cartui.cart("Shop")
    ran = cartui("set", "Shop", "poll_minutes=7", "last_order_from=now")
    assert ran.code == 2
    assert "cartui stop" in ran.err
    assert cartui("show", "Shop", "--json").rows[0]["poll_minutes"] == 10


def test_an_old_date_wants_the_name_typed_back(cartui: Cartui) -> None:
    """Without a terminal that is --confirm, with the very name."""
    cartui.cart("Shop", start=False)
    assert cartui("test", "Shop").code == 0
    assert cartui("set", "Shop", "last_order_from=2024-01-01T00:00", "last_update_time=now").code == 0
    refused = cartui("start", "Shop")
    assert refused.code == 2
    assert "--confirm 'Shop'" in refused.err
    assert cartui("start", "Shop", "--confirm", "Shopp").code == 2
    assert cartui("carts", "--json").rows[0]["status"] == "STOPPED"
    assert cartui("start", "Shop", "--confirm", "Shop").code == 0
    assert cartui("carts", "--json").rows[0]["status"] == "RUNNING"


def test_delete_wants_the_name_typed_back(cartui: Cartui) -> None:
    """And a RUNNING cart is not deleted at all."""
    cartui.cart("Shop")
    assert cartui("delete", "Shop").code == 2
    assert cartui("delete", "Shop", "--confirm", "Shop").code == 2
    assert cartui("stop", "Shop").code == 0
    assert cartui("delete", "Shop", "--confirm", "other").code == 2
    assert cartui("delete", "Shop", "--confirm", "Shop").code == 0
    ran = cartui("carts", "--json")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("new", "Shop", "--type", "nonsense", "--url", "https://x.test"), "no cart type 'nonsense'"),
        (("new", "Shop", *NEW, "--option", "orders"), "KEY=VALUE"),
        (("new", "Shop", *NEW, "--option", "orders=1", "--option", "orders=2"), "twice"),
        (("new", "Shop", *NEW, "--option", "nonsense=1"), "no option"),
        (("new", "Shop", *NEW, "--secret-from", "nonsense:x"), "env:VARIABLE"),
        (("new", "Shop", *NEW, "--secret-from", "prompt"), "no terminal"),
        (("new", "Shop", *NEW, "--secret-from", "command:'open"), "quote"),
        (("new", " Shop", *NEW), "name"),
        (("new", "a\x1b[31mb", *NEW), "control characters"),
        (("new", "Shop", "--type", "paper", "--url", "http://x.test"), "clear text"),
        (("new", "Shop", "--type", "paper", "--url", "nonsense"), "https://"),
        (("show", "Shop"), "no cart"),
        (("set", "Shop", "live=no"), "no cart"),
        (("test", "Shop"), "no cart"),
        (("start", "Shop"), "no cart"),
        (("stop", "Shop"), "no cart"),
        (("delete", "Shop", "--confirm", "Shop"), "no cart"),
        (("list", "Shop", "orders"), "no cart"),
        (("list", "Shop", "cart-orders"), "no cart"),
        (("held", "Shop"), "no cart"),
        (("held", "Shop", "retry", "--all"), "no cart"),
        (("held", "Shop", "retry"), "Which ones?"),
        (("held", "Shop", "--all"), "retry"),
        (("import", "Shop", "orders"), "Which orders?"),
        (("import", "Shop", "orders", "1", "--all"), "exclude"),
        (("import", "Shop", "orders", "--all"), "no cart"),
        (("import", "Shop", "items", "--set", "1.nonsense=2"), "no column"),
        (("import", "Shop", "items", "--set", "nonsense"), "ID.COLUMN=VALUE"),
        (("link", "Shop", "orders", "1"), "cartui import"),
        (("export", "Shop", "items", "A", "--set", "A.code=2"), "no column"),
        (("export", "Shop", "customers", "--all"), "no cart"),
        (("backfill", "Shop", "2026-99-01", "2026-11-01"), "'2026-99-01' can't be used"),
        (("unlink", "Shop", "items", "1"), "no cart"),
        (("--sync-only", "--once", "--cart", "Shop"), "no cart"),
    ],
    ids=lambda value: " ".join(value).replace("\x1b", "ESC") if isinstance(value, tuple) else "",
)
def test_bad_input_of_every_command_is_a_sentence(cartui: Cartui, words: tuple[str, ...], says: str) -> None:
    """Exit code 2, words on stderr that name the remedy, nothing on stdout."""
    ran = cartui(*words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
