"""`list`, `import`, `link`, `export`, `held`: what a script reads and what is written."""

import csv
import io

import pytest

from tests.cli.conftest import Cartui


@pytest.fixture
def shop(cartui: Cartui) -> Cartui:
    cartui.cart("Shop")
    return cartui


def test_an_order_becomes_a_pending_document_with_its_number(shop: Cartui) -> None:
    """The JSON line of the contract; the other orders stay in the cart."""
    ran = shop("import", "Shop", "orders", "2", "--json")
    assert ran.code == 0
    (row,) = ran.rows
    assert (row["cart_order_id"], row["order_number"], row["status"], row["done"]) == ("2", "N00002", "PENDING", True)
    (listed,) = shop("list", "Shop", "orders", "--json").rows
    assert listed["document_number"] == row["document_number"]
    (shown,) = shop("show", "Shop", row["document_number"], "--json").rows
    assert (shown["total"], shown["proof"]["state"]) == ("27.60", "exact")
    assert shop("show", "Shop", "N00002").code == 0
    assert shop("show", "Shop", "N00003").code == 2


def test_a_dry_run_writes_nothing(shop: Cartui) -> None:
    """Neither here nor in the journal."""
    ran = shop("import", "Shop", "orders", "--all", "--dry-run", "--json")
    assert ran.code == 0
    assert [(row["action"], row["done"]) for row in ran.rows] == [("create", False)] * 3
    assert shop("list", "Shop", "orders", "--json").out == ""
    assert shop("list", "Shop", "activity", "--json").out == ""


def test_where_chooses_by_query(shop: Cartui) -> None:
    """The same query line as on the screen; a wrong field is refused with those that are known."""
    ran = shop("import", "Shop", "orders", "--where", "order_number:N00003", "--json")
    assert [row["cart_order_id"] for row in ran.rows] == ["3"]
    wrong = shop("import", "Shop", "orders", "--where", "nonsense:1")
    assert wrong.code == 2
    assert "order_number" in wrong.err


def test_items_are_created_with_the_values_of_a_person(shop: Cartui) -> None:
    """--set ID.column=value, as the cells of the screen."""
    edits = ("--set", "i2.code=MUG.RED", "--set", "i2.stock=4", "--set", "i2.cost=2.50")
    assert shop("import", "Shop", "items", *edits).code == 0
    (row,) = shop("list", "Shop", "items", "--where", "code:MUG.RED", "--json").rows
    assert (row["code"], row["on_hand"], row["cost"], row["linked"]) == ("MUG.RED", "4", "2.5", True)


def test_a_held_record_is_listed_with_the_id_to_retry(cartui: Cartui) -> None:
    """Exit code 4 where something is held; the reason is there."""
    cartui.cart("Shop", "mode=bad")
    assert cartui("import", "Shop", "orders", "--all").code == 4
    (row,) = cartui("held", "Shop", "--json").rows
    assert (row["id"], row["reason"]) == ("order:bad", "Its date can't be read.")
    assert cartui("held", "Shop", "retry", row["id"]).code in (0, 4)


def test_export_shows_its_plan_and_wants_a_yes(shop: Cartui) -> None:
    """Without a terminal nothing is sent before --yes; stock only where it was given."""
    shop("import", "Shop", "items", "--set", "i2.code=MUG")
    refused = shop("export", "Shop", "items", "MUG", "--set", "MUG.stock=9")
    assert refused.code == 2
    assert "5 -> 9" in refused.out
    assert "--yes" in refused.err
    sent = shop("export", "Shop", "items", "MUG", "--set", "MUG.stock=9", "--yes", "--json")
    assert sent.code == 0
    assert [(row["action"], row["done"]) for row in sent.rows] == [("set stock", True)]
    assert [row["action"] for row in shop("export", "Shop", "items", "MUG", "--dry-run", "--json").rows] == ["same"]
    assert shop("export", "Shop", "items", "NOPE", "--dry-run").code == 2


def test_csv_has_a_heading_and_no_formula(shop: Cartui) -> None:
    """The first item's name wants to be a formula and to command the terminal."""
    ran = shop("list", "Shop", "cart-items", "--csv")
    rows = {row["cart_item_id"]: row for row in csv.DictReader(io.StringIO(ran.out))}
    assert rows["i1"]["name"].startswith("'=HYPERLINK(")
    assert rows["i2"]["price"] == "10.00"


def test_hostile_text_can_command_nothing(shop: Cartui) -> None:
    """Tables, JSON and log hold no control character (each run is checked for it)."""
    for words in (
        ("list", "Shop", "cart-items"),
        ("list", "Shop", "cart-items", "--json"),
        ("import", "Shop", "items", "i1"),
    ):
        ran = shop(*words)
        assert ran.code == 0
        assert "HYPERLINK" in ran.out
    log = shop.home / "cartui.log"
    assert not log.exists() or log.read_bytes().isascii()


def test_a_basket_is_listed_and_worked_on(shop: Cartui) -> None:
    """`cart-baskets` lists them; `basket` keeps our step, notes and tasks, and makes a document once."""
    [listed] = shop("list", "Shop", "cart-baskets", "--json").rows
    assert (listed["cart_basket_id"], listed["status"], listed["state"]) == ("b1", "open", "open")
    words = ("--step", "contacted", "--call", "Wants it blue", "--task", "Call again", "--due", "2026-12-01")
    [row] = shop("basket", "Shop", "b1", *words, "--json").rows
    assert (row["status"], row["step"]) == ("open", "contacted")
    assert {note["kind"] for note in row["notes"]} == {"call", "task"}
    assert shop("basket", "Shop", "b1", "--task", "Without a day").code == 2
    [row] = shop("basket", "Shop", "b1", "--draft", "--json").rows
    assert (row["step"], bool(row["document_number"])) == ("converted", True)
    again = shop("basket", "Shop", "b1", "--draft")
    assert (again.code, "made an order already" in again.err) == (2, True)


def test_a_plan_is_a_file_that_is_applied_later_and_taken_back(shop: Cartui) -> None:
    """stdout is the file, words go to stderr; `undo` shows, asks, and does it."""
    planned = shop("plan", "Shop", "import", "items", "i2", "i3")
    assert (planned.code, "create 2 items" in planned.err) == (0, True)
    assert shop("list", "Shop", "items", "--json").rows == []
    file = shop.home.parent / "plan.json"
    file.write_text(planned.out)
    assert shop("apply", str(file), "--dry-run").code == 0
    ran = shop("apply", str(file), "--json")
    assert (ran.code, [row["done"] for row in ran.rows]) == (0, [True, True])
    assert len(shop("list", "Shop", "items", "--json").rows) == 2
    file.write_text(planned.out.replace("SKU-2", "SKU-X"))
    broken = shop("apply", str(file))
    assert (broken.code, "seal is broken" in broken.err) == (2, True)
    [done] = shop("undo", "Shop", "--list", "--json").rows
    assert "create 2" in done["what"]
    assert shop("undo", "Shop").code == 2
    assert len(shop("list", "Shop", "items", "--json").rows) == 2
    assert shop("undo", "Shop", "--yes").code == 7  # all that the cart has: a brake
    assert shop("undo", "Shop", "--yes", "--confirm", "Shop").code == 0
    assert shop("list", "Shop", "items", "--json").rows == []


def test_what_is_no_plan_file_is_refused_with_a_remedy(shop: Cartui) -> None:
    """A directory, bytes that are no text, a file that is not there, words that are no plan."""
    folder = shop.home.parent
    (folder / "bytes").write_bytes(b"\xff\xfe\x00")
    (folder / "words").write_text("[" * 100_000)
    for name in ("", "bytes", "none", "words"):
        ran = shop("apply", str(folder / name))
        assert (ran.code, "Traceback" in ran.err, "plan" in ran.err or "rights" in ran.err) == (2, False, True), name


def test_a_plan_that_would_empty_the_shelves_has_its_own_exit_code(shop: Cartui) -> None:
    """Rule 14: 7, and nothing is sent until the cart's name is said."""
    assert shop("import", "Shop", "items", "--all").code == 0
    codes = [str(row["code"]) for row in shop("list", "Shop", "items", "--json").rows]
    words = ("export", "Shop", "items", *(f"--set={code}.stock=0" for code in codes), "--yes")
    braked = shop(*words)
    assert (braked.code, "run it again with --confirm 'Shop'" in braked.err) == (7, True)
    assert shop(*words, "--confirm", "Shop").code == 0
