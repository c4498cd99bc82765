"""`items`, `customers`, `match` and `import-csv`: what a script reads and what is written."""

import csv
import io
from decimal import Decimal

import pytest

from tests.cli.conftest import Cartui


@pytest.fixture
def mug(cartui: Cartui) -> Cartui:
    """One item and its twin in writing."""
    assert cartui("items", "new", "MUG", "--set", "name=Mug", "--set", "price=9.95", "--set", "currency=EUR").code == 0
    return cartui


def test_an_item_is_made_shown_and_changed(mug: Cartui) -> None:
    """Each field by its name; a bad one is refused with the remedy and changes nothing."""
    (made,) = mug("items", "show", "MUG", "--json").rows
    assert (made["code"], made["price"], made["on_hand"]) == ("MUG", "9.95", "")
    (after,) = mug("items", "edit", "MUG", "--set", "on_hand=5", "--set", "name=Big mug", "--json").rows
    assert (after["name"], after["on_hand"]) == ("Big mug", "5")
    for words in (["price=cheap"], ["colour=red"], ["name="]):
        wrong = mug("items", "edit", "MUG", "--set", *words)
        assert wrong.code == 2
        assert wrong.out == ""
    assert mug("items", "show", "NONE").code == 2
    assert mug("items", "new", "MUG", "--set", "name=Other").code == 2


def test_many_are_changed_through_a_preview(mug: Cartui) -> None:
    """--dry-run says what each would be and writes nothing."""
    mug("items", "new", "CUP", "--set", "name=Cup", "--set", "price=4")
    looked = mug("items", "edit", "--where", "code:MUG", "--set", "price+10%", "--dry-run", "--json")
    assert [(row["label"], row["done"], row["changes"]["Price"]["after"]) for row in looked.rows] == [
        ("MUG Mug", False, "10.95")
    ]
    assert mug("items", "edit", "--all", "--set", "price+10%").code == 0
    assert [row["price"] for row in mug("items", "list", "--json").rows] == ["4.4", "10.95"]
    assert mug("items", "edit", "--set", "price=1").code == 2
    below = mug("items", "edit", "--all", "--set", "price-5")
    assert below.code == 2
    assert "Not done" in below.err


def test_what_goes_out_as_csv_comes_in_again(mug: Cartui) -> None:
    """Nothing is changed by it; a cell can't start a formula, and is itself again when it is read."""
    mug("items", "new", "=1+1", "--set", "name=@home", "--set", "on_hand=3")
    out = mug("items", "list", "--csv").out
    cells = {row["name"]: row for row in csv.DictReader(io.StringIO(out))}
    assert (cells["'@home"]["code"], cells["'@home"]["on_hand"]) == ("'=1+1", "3")
    again = mug("import-csv", "items", "-", "--json", stdin=out)
    assert again.code == 0
    assert {row["action"] for row in again.rows} == {"same"}


def test_a_bad_csv_changes_nothing(mug: Cartui) -> None:
    """Exit code 2, the line, what is wrong and what to do; the good rows of it are not written either."""
    bad = mug("import-csv", "items", "-", stdin="code;name;price\nCUP;Cup;4,00\nMUG;;cheap\n")
    assert bad.code == 2
    assert "line 3    error   MUG: Price: 'cheap' is no number. Correct the cell, or empty it." in bad.out
    assert [row["code"] for row in mug("items", "list", "--json").rows] == ["MUG"]
    good = mug("import-csv", "items", "-", "--map", "price=", stdin="code;name;price\nCUP;Cup;4,00\nMUG;;cheap\n")
    assert good.code == 0
    assert [row["code"] for row in mug("items", "list", "--json").rows] == ["CUP", "MUG"]
    assert mug("import-csv", "items", "no-such-file.csv").code == 2
    assert mug("import-csv", "items", "-", "--map", "price", stdin="code\nX\n").code == 2


def test_stock_is_counted_from_a_csv(mug: Cartui) -> None:
    """And a dry run only says so."""
    text = "code,counted\nMUG,7\n"
    assert mug("import-csv", "stock", "-", "--dry-run", stdin=text).code == 0
    assert mug("items", "show", "MUG", "--json").rows[0]["on_hand"] == ""
    assert mug("import-csv", "stock", "-", "--as", "opening", stdin=text).code == 0
    assert mug("items", "show", "MUG", "--json").rows[0]["on_hand"] == "7"
    assert mug("import-csv", "stock", "-", "--as", "opening", stdin=text.replace("7", "8")).code == 2


def test_customers_that_are_one_are_merged_and_taken_apart(cartui: Cartui) -> None:
    """Found by what they share; the merge has a number that undoes it."""
    for email in ("ann@example.test", "ANN@example.test"):
        assert cartui("customers", "new", "--set", "last_name=Ray", "--set", f"email={email}").code == 0
    found = cartui("customers", "duplicates", "--json").rows
    assert [(row["code"], row["group"]) for row in found] == [("C000001", 1), ("C000002", 1)]
    assert cartui("customers", "merge", "C000001", "C000002", "--dry-run").code == 0
    assert len(cartui("customers", "list", "--json").rows) == 2
    assert cartui("customers", "merge", "C000001", "C000002").code == 0
    assert [row["code"] for row in cartui("customers", "list", "--json").rows] == ["C000001"]
    (merge,) = cartui("customers", "merges", "--json").rows
    assert cartui("customers", "unmerge", str(merge["number"])).code == 0
    assert len(cartui("customers", "list", "--json").rows) == 2
    assert cartui("customers", "unmerge", str(merge["number"])).code == 2
    assert cartui("customers", "merge", "C000001").code == 2


def test_links_are_proposed_accepted_and_taken_back(cartui: Cartui) -> None:
    """All from a score on in one batch; the CSV of it links by the column code."""
    cartui.cart("Shop")
    rows = cartui("match", "Shop", "items", "--json").rows
    assert {row["standing"] for row in rows} == {"no match"}
    sku = cartui("list", "Shop", "cart-items", "--json").rows[0]["sku"]
    cartui("items", "new", sku, "--set", "name=Thing")
    (looked,) = cartui("match", "Shop", "items", "--accept", "90", "--dry-run", "--json").rows
    assert (looked["action"], looked["done"]) == ("link", False)
    assert cartui("match", "Shop", "items", "--accept", "90").code == 0
    linked = [row for row in cartui("match", "Shop", "items", "--json").rows if row["standing"] == "linked"]
    assert [(row["code"], row["evidence"]) for row in linked] == [(sku, "sku")]
    assert cartui("undo", "Shop", "--yes").code == 0
    text = cartui("match", "Shop", "items", "--csv").out
    assert cartui("match", "Shop", "items", "--from", "-", stdin=text).code == 0
    assert sum(row["standing"] == "linked" for row in cartui("match", "Shop", "items", "--json").rows) == 1
    assert cartui("match", "Shop", "items", "--accept", "0").code == 2


def test_the_data_of_a_cart_is_checked(cartui: Cartui) -> None:
    """Nothing is written; exit code 4 where something was found, 0 where nothing is wrong."""
    cartui.cart("Shop")
    ran = cartui("check", "Shop", "--json")
    assert ran.code == (4 if ran.rows else 0)
    assert all(row["problem"] and row["remedy"] and row["count"] == len(row["ids"]) for row in ran.rows)
    assert cartui("check", "None").code == 2


def test_what_is_to_be_ordered_is_a_filter(cartui: Cartui) -> None:
    """Free stock at or below the reorder level; an item without a level, or without stock, is not watched."""
    cartui.cart("Shop", start=False)
    for code, words in {"LOW": ["on_hand=2", "reorder_level=2"], "FULL": ["on_hand=3", "reorder_level=2"]}.items():
        edits = [word for one in words for word in ("--set", one)]
        assert cartui("items", "new", code, "--set", f"name={code}", *edits).code == 0
    assert cartui("items", "new", "NONE", "--set", "name=x", "--set", "reorder_level=5").code == 0
    rows = cartui("list", "Shop", "items", "--where", "to_order:yes", "--json").rows
    assert [row["code"] for row in rows] == ["LOW"]


def test_a_change_of_many_is_taken_back(cartui: Cartui) -> None:
    """undo --list, --dry-run, and undo; what it would do is shown as of any change."""
    cartui.cart()
    for code in ("A", "B"):
        assert cartui("items", "new", code, "--set", f"name={code}", "--set", "price=10").code == 0
    assert cartui("items", "edit", "A", "B", "--set", "price+10%").code == 0
    [row] = cartui("items", "undo", "--list", "--json").rows
    assert (row["what"], row["undone"]) == ("update 2 items", "")
    tried = cartui("items", "undo", "--dry-run")
    assert (tried.code, tried.out.count("-> 10")) == (0, 2), tried.out
    assert Decimal(cartui("items", "show", "A", "--json").rows[0]["price"]) == 11
    assert cartui("items", "undo", str(row["number"])).code == 0
    assert cartui("items", "show", "A", "--json").rows[0]["price"] == "10.00"
    again = cartui("items", "undo")
    assert (again.code, "`cartui items undo --list`" in again.err) == (2, True)
