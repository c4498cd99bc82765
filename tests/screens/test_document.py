"""A document: its lines, the proof of its total, what the shop sent; and how pages are laid out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.documents import DocumentLine
from cartui.domain.money import prove_total
from cartui.domain.records import LineKind
from cartui.screens.document import DocumentScreen
from cartui.screens.listing import ListScreen
from cartui.screens.paper import proof_lines
from cartui.screens.sheet import Line, indented, wrapped
from cartui.sync import carts
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, fill, press, ready_cart
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


def imported(ws: Workspace, shop: MemoryShop) -> None:
    """Some orders, imported by a cycle."""
    ready_cart(ws)
    fill(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)


def page(app: CartuiApp) -> str:
    """All that stands on the page in front, seen or not."""
    assert isinstance(app.screen, DocumentScreen)
    return app.screen.sheet.text


async def test_shows_all_of_an_order(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Header, customer, addresses, a line of every kind with our item code, payments and the proof of the total."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        text = page(app)
        for told in (
            "D000001  Sales Order  PENDING",
            "N00001 (id 1)",
            "processing (order open, payment paid, unfulfilled)",
            "C000001  Ann Buyer 1",
            "1 High Street",
            "default item, the shop's SKU is SKU-1, tax 20 %",
            "WELCOME",
            "Parcel",
            "VAT 20 %",
            "27.60 EUR  paid  card",
            "The lines add up to the total exactly.",
        ):
            assert told in text
        assert all(len(line) <= 80 for line in text.splitlines())


async def test_scrolls_by_keys_at_80_by_24(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """j, page down, G and g move it; esc leaves it."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert "Payments" not in seen(app)
        await press(pilot, "j", "j")
        assert app.screen.query_one("Sheet").scroll_offset.y == 2
        await press(pilot, "G")
        assert "Payments" in seen(app)
        await press(pilot, "g", "pagedown", "k")
        assert 0 < app.screen.query_one("Sheet").scroll_offset.y < 24
        await press(pilot, "escape")
        assert isinstance(app.screen, ListScreen)


async def test_raw_and_back(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """w shows the order as the cart sent it, its amounts untouched; w again shows the document."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "w")
        assert '"total": "27.60"' in page(app)
        await press(pilot, "w")
        assert "Proof of the total" in page(app)


def told(lines: list[Line]) -> str:
    """Lines as text."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def line(kind: LineKind, amount: str) -> DocumentLine:
    """A line of a document."""
    return DocumentLine(kind, kind.value, Decimal(amount))


def test_the_proof_shows_a_rounding_line() -> None:
    """A difference that rounding explains is named so."""
    lines = [line(LineKind.PRODUCT, "10.00"), line(LineKind.TAX, "1.995"), line(LineKind.ROUNDING, "0.005")]
    text = told(proof_lines(prove_total(lines, Decimal("12.00"), "EUR"), 80))
    assert "difference: rounding" in text
    assert "with the rounding line" in text


def test_the_proof_shows_what_is_unexplained() -> None:
    """A difference that nothing explains is said in words and amounts."""
    text = told(proof_lines(prove_total([line(LineKind.PRODUCT, "10.00")], Decimal("17.00"), "EUR"), 80))
    assert "do not add up" in text
    assert "7.00" in text


def test_json_is_indented_without_a_change() -> None:
    """1.10 stays 1.10; braces and quotes inside texts are texts; other formats stay as they are."""
    raw = '{"a":1.10,"b":[1e5,"x{,}\\"y"],"c":{}}'
    text = indented(raw)
    assert '"a": 1.10,' in text
    assert '"x{,}\\"y"' in text
    assert "".join(text.split()) == "".join(raw.split())
    assert indented("<order>{</order>") == "<order>{</order>"


def test_lines_fit_whatever_their_text() -> None:
    """Long words, wide characters and blanks: no line is wider than asked, and prose is cut at blanks."""
    from rich.cells import cell_len

    for text in ("word " * 50, "x" * 500, "漢字" * 100, "é" * 90, ""):
        assert all(cell_len(one) <= 30 for one in wrapped(text, 30))
    assert wrapped("the quick brown fox jumps over", 20) == ["the quick brown fox", "jumps over"]
