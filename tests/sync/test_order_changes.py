"""Orders that change in the shop after their import: what is taken over, what waits for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import RecordKind
from cartui.domain.outcomes import Counts
from cartui.domain.records import (
    FulfilmentState,
)
from cartui.errors import NeedsOperatorError
from cartui.sync.cycle import run_cycle
from cartui.sync.order_drift import accept_drift, ignore_drift, list_changed, read_drift
from cartui.sync.workspace import Workspace
from cartui.testing.clock import FrozenClock
from tests.sync.one_order import NAME, approve, change, dearer, fresh


def test_words_are_taken_over_and_flag_nothing(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Our own shipment coming back as "shipped" is no change that a person must look at."""
    change(shop, native_status="completed", fulfilment_state=FulfilmentState.SHIPPED)
    report = run_cycle(ws, NAME)
    assert report.counts[RecordKind.ORDER] == Counts(received=1, updated=1)
    now = fresh(ws, document)
    assert (now.draft.native_status, now.draft.fulfilment_state) == ("completed", FulfilmentState.SHIPPED)
    assert (now.changed_in_cart, now.draft.total, now.version) == (False, document.draft.total, document.version)
    assert list_changed(ws, NAME) == []


def test_a_changed_order_waits_with_its_differences(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Never a silent edit: flagged, listed, shown field by field; accepted it becomes what the order is."""
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    assert fresh(ws, document).changed_in_cart
    assert fresh(ws, document).draft.total == document.draft.total
    [(record, listed)] = list_changed(ws, NAME)
    assert (listed.document_id, "total" in record.reason) == (document.document_id, True)
    view = read_drift(ws, document.document_id)
    assert {field.name for field in view.drift.fields} >= {"total"}
    accepted = accept_drift(ws, view)
    assert accepted.draft.total == document.draft.total + 5
    assert accepted.status is DocumentStatus.PENDING
    assert (list_changed(ws, NAME), fresh(ws, document).changed_in_cart) == ([], False)
    assert run_cycle(ws, NAME).counts[RecordKind.ORDER].updated == 0


def test_a_change_that_is_left_alone_is_not_shown_again_but_the_next_one_is(
    ws: Workspace, shop: MemoryShop, document: Document, clock: FrozenClock
) -> None:
    """Ignoring is about this change only."""
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    ignore_drift(ws, read_drift(ws, document.document_id))
    clock.advance(60)
    change(shop, native_status="packed")
    run_cycle(ws, NAME)
    assert list_changed(ws, NAME) == []
    change(shop, note="Leave it at the door")
    run_cycle(ws, NAME)
    [(record, _)] = list_changed(ws, NAME)
    assert "note" in record.reason
    assert fresh(ws, document).draft.total == document.draft.total


def test_a_change_that_the_shop_takes_back_is_no_change(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """The flag goes by itself."""
    before = shop.orders["0"]
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    shop.put_order(before)
    run_cycle(ws, NAME)
    assert (list_changed(ws, NAME), fresh(ws, document).changed_in_cart) == ([], False)


def test_two_admins_do_not_accept_over_each_other(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """Who accepts what he saw before another edited it is told so."""
    change(shop, **dearer(shop))
    view = read_drift(ws, document.document_id)
    accept_drift(ws, view)
    with pytest.raises(NeedsOperatorError, match="changed"):
        accept_drift(ws, view)


def test_what_was_approved_is_never_changed(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """It waits for a person, with what to do."""
    approve(ws, document)
    change(shop, **dearer(shop))
    run_cycle(ws, NAME)
    [(record, _)] = list_changed(ws, NAME)
    assert "credit note" in record.remedy
    with pytest.raises(NeedsOperatorError, match="not changed any more"):
        accept_drift(ws, read_drift(ws, document.document_id))
    assert fresh(ws, document).draft.total == document.draft.total


def test_a_shopper_who_was_erased_blanks_nothing_here(ws: Workspace, shop: MemoryShop, document: Document) -> None:
    """P20: an empty name or address is no news."""
    buyer = replace(shop.orders["0"].buyer, email="", first_name="", last_name="")
    change(shop, buyer=buyer)
    run_cycle(ws, NAME)
    now = fresh(ws, document)
    assert (now.draft.customer_name, now.draft.email) == (document.draft.customer_name, document.draft.email)
    assert list_changed(ws, NAME) == []
