"""`document`, `approve`, `accounts`, `export-books`, `inventory`: a shop's day by commands alone."""

import csv
import io
from pathlib import Path

import pytest
from beancount import loader

from tests.cli.conftest import Cartui

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(cartui: Cartui) -> Cartui:
    """Three orders of one product each (2 x 10.00 - 1.00 + 4.00 + 4.60 = 27.60, paid by card), items in stock."""
    cartui.cart("Shop")
    edits = ("--set", "i1.code=MUG", "--set", "i1.stock=10", "--set", "i1.cost=2.50")
    assert cartui("import", "Shop", "items", *edits).code == 0
    return cartui


def imported(shop: Cartui, kind: str, *ids: str) -> list[str]:
    assert shop("set", "Shop", f"import_orders_as={kind}").code == 0
    ran = shop("import", "Shop", "orders", *ids, "--json")
    assert ran.code == 0, ran.err
    return [row["document_number"] for row in ran.rows]


def test_a_cash_sale_is_looked_at_approved_and_credited(shop: Cartui) -> None:
    """The preview writes nothing; approval posts and moves stock; a credit note takes all of it back."""
    (number,) = imported(shop, "cash_sale", "1")
    (preview,) = shop("approve", number, "--dry-run", "--json").rows
    assert preview["stock"] == [{"item_id": preview["stock"][0]["item_id"], "quantity": "-2"}]
    assert {one["amount"] for one in preview["postings"]} == {"20.00", "1.00", "4.00", "4.60", "5.00"}
    assert shop("accounts", "trial-balance", "--json").out == ""
    refused = shop("approve", number)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert shop("approve", number, "--yes").code == 0
    balance = {row["account"]: row for row in shop("accounts", "trial-balance", "--json").rows}
    assert (balance["undeposited"]["debit"], balance["sales"]["credit"], balance["tax:20"]["credit"]) == (
        "27.60",
        "20.00",
        "4.60",
    )
    assert balance[""]["debit"] == balance[""]["credit"]
    (made,) = shop("document", "credit", number, "--paid-back", "card", "--approve", "--json").rows
    assert (made["kind"], made["status"], made["total"]) == ("credit_note", "APPROVED", "27.60")
    after = [row for row in shop("accounts", "trial-balance", "--json").rows if row["account"]]
    assert {row["account"] for row in after if row["debit"] or row["credit"]} == {"inventory", "opening"}
    assert [row["kind"] for row in shop("inventory", "ledger", "MUG", "--json").rows] == ["return", "sale", "opening"]
    assert shop("accounts", "check").code == 0


def test_an_order_is_shipped_in_parts_and_invoiced(shop: Cartui) -> None:
    """What was shipped is invoiced; the remainder stays on back-order, kept for its buyer, until it is closed."""
    (number,) = imported(shop, "sales_order", "1")
    assert shop("approve", "--cart", "Shop", "--all", "--yes").code == 0
    (item,) = shop("list", "Shop", "items", "--where", "code:MUG", "--json").rows
    assert (item["on_hand"], item["allocated"]) == ("10", "2")
    assert "2 x MUG" in shop("document", "pick", number).out
    ran = shop("document", "ship", number, "--line", "1=1", "--carrier", "DHL", "--tracking", "0034", "--json")
    assert ran.rows[0]["on_back_order"] == {"1": "1"}
    (invoice,) = shop("document", "convert", number, "--shipped", "--approve", "--json").rows
    assert (invoice["total"], invoice["status"], invoice["open"]) == ("13.80", "APPROVED", "0.00")
    (item,) = shop("list", "Shop", "items", "--where", "code:MUG", "--json").rows
    assert (item["on_hand"], item["allocated"]) == ("9", "1")
    assert shop("document", "close", number, "--reason", "sold out").code == 0
    (item,) = shop("list", "Shop", "items", "--where", "code:MUG", "--json").rows
    assert item["allocated"] == "0"


def test_an_edit_is_in_the_audit_trail_and_a_posted_document_refuses_it(shop: Cartui) -> None:
    """Who, when, before and after; and the way out is named."""
    (number,) = imported(shop, "sales_invoice", "1")
    wrong = shop("document", "edit", number, "line.1.quantity=two", "line.9.amount=1", "line.1.item_code=NONE")
    assert wrong.code == 2
    assert all(word in wrong.err for word in ("quantity", "no line 9", "'NONE'"))
    ran = shop("document", "edit", number, "line.1.quantity=1", "note=gift", "billing.city=York")
    assert ran.code == 0
    assert "tax stays" in ran.err
    trail = {row["field"]: row for row in shop("document", "audit", number, "--json").rows}
    assert (trail["total"]["before"], trail["total"]["after"]) == ("27.6", "17.6")
    assert trail["billing.city"]["after"] == "York"
    assert shop("approve", number, "--yes").code == 0
    refused = shop("document", "edit", number, "note=late")
    assert refused.code == 2
    assert "credit note" in refused.err


def test_always_for_this_sku_holds_for_later_imports(shop: Cartui) -> None:
    """The default item is replaced; other SKUs stay as they are."""
    first, second = imported(shop, "sales_order", "2")[0], None
    assert shop("document", "edit", first, "line.1.item_code=MUG", "--always").code == 0
    rows = shop("document", "show", first, "--json").rows[0]["lines"]
    assert (rows[0]["item_code"], rows[0]["default_item"]) == ("MUG", False)
    (second,) = imported(shop, "sales_order", "3")
    assert shop("document", "show", second, "--json").rows[0]["lines"][0]["default_item"] is True


def test_exports_are_read_by_others(shop: Cartui, tmp_path: Path) -> None:
    """CSV with harmless cells, and a ledger that beancount finds nothing wrong with."""
    (number,) = imported(shop, "cash_sale", "1")
    assert shop("document", "edit", number, "note==1+1").code == 0
    assert shop("approve", number, "--yes").code == 0
    assert shop("document", "credit", number, "--line", "1=1", "--approve").code == 0
    assert shop("accounts", "rename", "sales", 'Sales, "goods"').code == 0
    documents = list(csv.DictReader(io.StringIO(shop("export-books", "documents").out)))
    assert [row["number"][:2] for row in documents] == ["CS", "CN"]
    assert documents[0]["note"] == "'=1+1"
    assert len(list(csv.DictReader(io.StringIO(shop("export-books", "lines").out)))) > 4
    file = tmp_path / "books.beancount"
    assert shop("export-books", "beancount", "--output", str(file)).code == 0
    entries, errors, _ = loader.load_file(str(file))
    assert errors == []
    assert sum(type(entry).__name__ == "Transaction" for entry in entries) == 3


def test_stock_is_moved_with_a_reason(shop: Cartui) -> None:
    """A receipt makes the average cost; without a reason nothing is booked."""
    assert shop("inventory", "receipt", "MUG=10@3.50").code == 2
    (row,) = shop("inventory", "receipt", "MUG=10@3.50", "--reason", "delivery 7", "--json").rows
    assert (row["on_hand"], row["cost"]) == ("20", "3")
    refused = shop("inventory", "opening", "MUG=5", "NONE=1", "--reason", "start")
    assert refused.code == 2
    assert "NONE" in refused.err
    assert "already" in refused.err
    assert shop("accounts", "check").code == 0
