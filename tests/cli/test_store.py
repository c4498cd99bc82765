"""The machine below: rights, a read-only database, a full disk, plug-ins, the doctor."""

import os
import resource
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, Cartui


def test_everything_is_closed_to_others_whatever_the_umask(cartui: Cartui) -> None:
    """Directory 0700, files 0600 (RELIABILITY S6)."""
    cartui("carts", before=lambda: os.umask(0) and None)
    cartui.cart("Shop", "mode=bug", start=False)
    cartui("list", "Shop", "cart-orders")
    assert stat.S_IMODE(cartui.home.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in cartui.home.rglob("*") if path.is_file()}
    assert "cartui.db" in modes
    assert set(modes.values()) == {0o600}, modes


def test_a_data_directory_that_others_may_open_is_refused(cartui: Cartui) -> None:
    """With the command that closes it."""
    cartui("carts")
    cartui.home.chmod(0o755)
    ran = cartui("carts")
    assert ran.code == 2
    assert "chmod 700" in ran.err


def test_no_file_of_ours_holds_the_password(cartui: Cartui) -> None:
    """Not the database, not the log (S3)."""
    cartui.cart("Shop", "mode=bug")
    assert cartui("--sync-only", "--once").code == 1
    for path in cartui.home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_database_is_a_sentence(cartui: Cartui) -> None:
    """What to correct, no traceback."""
    cartui.cart("Shop")
    (cartui.home / "cartui.db").chmod(0o400)
    ran = cartui("--sync-only", "--once")
    assert ran.code == 2
    assert "can't be" in ran.err


def test_a_database_that_is_none_is_a_sentence(cartui: Cartui) -> None:
    """Another file under that name, a directory, a wrong URL."""
    cartui("carts")
    (cartui.home / "cartui.db").write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    assert cartui("carts").code == 2
    for url in ("nonsense", "mysql://host/x", f"sqlite:///{cartui.home}", "sqlite:////proc/none/cartui.db"):
        cartui.env["CARTUI_DATABASE"] = url
        ran = cartui("carts")
        assert (ran.code, ran.out) == (2, ""), url


def test_a_full_disk_loses_nothing(cartui: Cartui) -> None:
    """A limit on the size of files stands for it: a clear end, and the next run does all of the work."""
    cartui.cart("Shop", "orders=300")
    size = (cartui.home / "cartui.db").stat().st_size

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, size + 8192))

    ran = cartui("--sync-only", "--once", before=limit)
    assert ran.code in (2, 5), ran.err
    (row,) = cartui("carts", "--json").rows
    if row["status"] == "STOPPED":  # with the reason: a person starts it again
        assert row["stop_reason"]
        assert cartui("start", "Shop").code == 0
    again = cartui("--sync-only", "--once", "--json")
    assert again.code == 0, again.err
    assert len(cartui("list", "Shop", "orders", "--json").rows) == 300


def test_a_broken_plug_in_stops_nothing(cartui: Cartui) -> None:
    """The doctor names it; a plug-in can't take the place of a built-in type either."""
    cartui.cart("Shop")
    ran = cartui("doctor", "--json")
    said = {row["about"]: row for row in ran.rows}
    assert said["cart type paper"]["verdict"] == "passed"
    assert said["cart type torn"]["verdict"] == "warning"
    assert said["cart type wrong"]["verdict"] == "warning"
    assert "another adapter has this name" in said["cart type cart-connect (paper_cart:SPEC)"]["detail"]
    assert said["database"]["verdict"] == "passed"


def test_the_doctor_fails_where_a_password_is_missing(cartui: Cartui) -> None:
    """Exit code 2 and the variable's name."""
    cartui.cart("Shop")
    assert cartui("doctor").code == 0
    del cartui.env["SHOP_PASSWORD"]
    ran = cartui("doctor", "--offline")
    assert ran.code == 2
    assert "SHOP_PASSWORD" in ran.out


def test_a_copied_database_is_adopted_by_the_doctor(cartui: Cartui) -> None:
    """On another machine nothing runs until a person says so."""
    cartui.cart("Shop")
    (cartui.home / "config.toml").write_text('host = "another-machine"\n', encoding="utf-8")
    refused = cartui("--sync-only", "--once", "--cart", "Shop")
    assert refused.code == 2
    assert cartui("doctor").code == 2
    assert cartui("doctor", "--adopt").code == 0
    assert cartui("start", "Shop").code == 0
    assert cartui("--sync-only", "--once").code == 0


def test_a_wrong_config_file_names_the_key(cartui: Cartui) -> None:
    """Unknown keys are refused with the nearest name."""
    cartui("carts")
    config = cartui.home / "config.toml"
    for text, says in (
        ("poll_minute = 5", "did you mean poll_minutes?"),
        ("poll_minutes = 0", "from 1 to 60"),
        ("read_only = 1", "true or false"),
        ("this is not", "not valid TOML"),
    ):
        config.write_text(text, encoding="utf-8")
        ran = cartui("carts")
        assert ran.code == 2
        assert says in ran.err
    config.unlink()
    config.mkdir()
    assert cartui("carts").code == 2


def test_settings_of_the_file_reach_new_carts(cartui: Cartui) -> None:
    """poll_minutes and import_orders_as are defaults for carts made from now on."""
    cartui("carts")
    Path(cartui.home, "config.toml").write_text('poll_minutes = 3\nimport_orders_as = "cash_sale"\n', encoding="utf-8")
    cartui.cart("Shop", start=False)
    (row,) = cartui("show", "Shop", "--json").rows
    assert (row["poll_minutes"], row["import_orders_as"]) == (3, "cash_sale")
