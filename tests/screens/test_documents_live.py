"""Documents on screen: edit, approve, void, ship, invoice, credit; the accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.app import CartuiApp
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.editing import DocumentEdit
from cartui.domain.ids import DocumentId
from cartui.domain.settings import DocumentKind
from cartui.screens.accounts import AccountsScreen
from cartui.screens.approvals import ApprovalScreen
from cartui.screens.dialogs import ErrorDialog
from cartui.screens.document import DocumentScreen
from cartui.screens.document_form import DocumentFormScreen
from cartui.screens.document_part import PartScreen
from cartui.sync import approvals, carts, document_edits
from cartui.sync.cycle import run_cycle
from cartui.sync.workspace import Workspace
from tests.screens.lists import NAME, fill, press, ready_cart
from tests.screens.terminal import seen, settle

Make = Callable[..., CartuiApp]


def imported(ws: Workspace, shop: MemoryShop, kind: DocumentKind = DocumentKind.SALES_INVOICE) -> None:
    """Some orders as PENDING documents of a kind."""
    ready_cart(ws)
    document = ws.books.carts.get(NAME)
    carts.save_cart(ws, replace(document, settings=replace(document.settings, import_orders_as=kind)))
    fill(shop)
    carts.start_cart(ws, NAME, confirmed=True)
    run_cycle(ws, NAME)


def first(ws: Workspace) -> Document:
    return ws.books.documents.get(DocumentId(1))


def approve_first(ws: Workspace) -> None:
    approvals.approve_documents(ws, approvals.preview_approvals(ws, [DocumentId(1)]))


def text(app: CartuiApp) -> str:
    assert isinstance(app.screen, DocumentScreen)
    return app.screen.sheet.text


async def test_marked_documents_are_approved_after_a_look(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """P shows what will be posted; n leaves all as it is; y posts, and the rows say so."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "a", "P")
        assert isinstance(app.screen, ApprovalScreen)
        assert "posting" in seen(app)
        await press(pilot, "n")
        assert first(ws).status is DocumentStatus.PENDING
        await press(pilot, "P", "y")
        assert "approved as INV-" in seen(app)
        await press(pilot, "q")
        assert "approved" in seen(app)
        assert first(ws).status is DocumentStatus.APPROVED


@pytest.mark.slow
async def test_a_document_is_edited_and_the_trail_shows_it(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Wrong values are refused where they stand; the audit trail stands on the page."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "enter", "e")
        form = app.screen
        assert isinstance(form, DocumentFormScreen)
        form.field("placed_at").set_value("yesterday")
        await press(pilot, "ctrl+s")
        assert "date and time" in seen(app)
        await press(pilot, "escape")
        form.field("placed_at").set_value("2026-03-01T10:00+00:00")
        form.field("note").set_value("ring twice")
        form.field("line-1-quantity").set_value("3")
        await press(pilot, "ctrl+s")
        assert "ring twice" in text(app)
        assert "line 1 quantity: 2 → 3" in text(app)
        assert "37.60 EUR" in text(app)


@pytest.mark.slow
async def test_what_somebody_else_changed_is_shown(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Nothing is overwritten."""
    imported(ws, shop)
    app = make_app(start_cart=NAME, tab=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "enter", "e")
        form = app.screen
        assert isinstance(form, DocumentFormScreen)
        (other,) = ws.books.documents.list_by_ids([form._document.document_id])
        document_edits.save_edit(ws, other, DocumentEdit(fields={"note": "theirs"}))
        form.field("note").set_value("mine")
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ErrorDialog)
        ((problem, remedy),) = app.screen.problems
        assert "after you opened it: note – → theirs" in problem
        assert "Open it again" in remedy
        assert ws.books.documents.get(other.document_id).draft.note == "theirs"


async def test_an_order_is_shipped_in_part_and_invoiced(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """S asks how much of each line, carrier and tracking; the rest is on back-order; I makes a PENDING invoice."""
    imported(ws, shop, DocumentKind.SALES_ORDER)
    approve_first(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(DocumentScreen(DocumentId(1), NAME))
        await settle(pilot)
        await press(pilot, "S")
        part = app.screen
        assert isinstance(part, PartScreen)
        part.field("line-1").set_value("9")
        await press(pilot, "ctrl+s")
        assert "which is open" in seen(app)
        await press(pilot, "escape")
        part.field("line-1").set_value("1")
        part.field("carrier").set_value("DHL")
        part.field("tracking").set_value("0034")
        await press(pilot, "ctrl+s")
        assert "DHL 0034" in text(app)
        assert "On back-order   1 of line 1" in text(app)
        await press(pilot, "I", "ctrl+s")
        assert "Sales Invoice D0" in text(app)
        assert "PENDING" in text(app)


async def test_a_posted_document_is_credited_not_edited(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """The keys that make no sense are not there."""
    imported(ws, shop)
    approve_first(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(DocumentScreen(DocumentId(1), NAME))
        await settle(pilot)
        await press(pilot, "e", "P", "V")
        assert isinstance(app.screen, DocumentScreen)
        await press(pilot, "C", "ctrl+s")
        assert "Credit Note D0" in text(app)
        made = [one for one in ws.books.documents.list_after(DocumentId(0), 99) if one.source_id == 1]
        assert [one.draft.kind for one in made] == [DocumentKind.CREDIT_NOTE]


async def test_void_and_close_ask_why(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """X gives the remainder of an approved order free, V makes a document void; the reason stands in its trail."""
    imported(ws, shop, DocumentKind.SALES_ORDER)
    approve_first(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(DocumentScreen(DocumentId(1), NAME))
        await settle(pilot)
        await press(pilot, "X", *"late", "enter")
        assert (first(ws).closed, "closed: late" in text(app)) == (True, True)
        app.push_screen(DocumentScreen(DocumentId(2), NAME))
        await settle(pilot)
        await press(pilot, "V", "escape")
        assert ws.books.documents.get(DocumentId(2)).status is DocumentStatus.PENDING
        await press(pilot, "V", *"twice", "enter")
        assert ws.books.documents.get(DocumentId(2)).void_reason == "twice"


async def test_the_accounts_are_read_from_the_explorer(ws: Workspace, shop: MemoryShop, make_app: Make) -> None:
    """Trial balance, journal, sales, receivables, stock; an account gets another name."""
    imported(ws, shop)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "b")
        assert isinstance(app.screen, AccountsScreen)
        assert "Nothing was posted yet" in seen(app)
        approve_first(ws)
        await press(pilot, "1")
        assert "Undeposited funds" in seen(app)
        await press(pilot, "n", "T", "i", "l", "l", "enter")
        await press(pilot, "2")
        assert "INV-" in seen(app)
        for key in ("3", "4", "5"):
            await press(pilot, key)
        assert all(len(line) <= 80 for line in seen(app).splitlines())
