"""Import rules: the first that matches decides; tried before they count; orders of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cartui.adapters.memory import MemoryShop
from cartui.domain.documents import Document, DocumentStatus
from cartui.domain.ids import Direction, ItemCode, RecordKind
from cartui.domain.import_rules import FIELDS, ImportRule, RuleThen, check_rules, order_facts
from cartui.domain.outcomes import Counts, RecordState
from cartui.domain.plan import NewItem
from cartui.domain.records import FulfilmentState, Payment, PaymentState, Refund
from cartui.domain.settings import CartSettings, DocumentKind
from cartui.errors import NeedsOperatorError
from cartui.sync.apply import apply_plan
from cartui.sync.approvals import preview_approvals
from cartui.sync.cycle import run_cycle
from cartui.sync.fulfilment import credit_document
from cartui.sync.rule_lab import plan_backfill, set_rules, try_rules
from cartui.sync.workspace import Workspace
from cartui.testing import samples
from cartui.testing.clock import FrozenClock
from cartui.testing.workspace import running_cart
from tests.sync.conftest import place

NAME = "Main shop"
BANK = (Payment("bankwire", Decimal("27.60"), PaymentState.PENDING),)


def rules(*some: tuple[str, str]) -> tuple[ImportRule, ...]:
    return tuple(ImportRule(when, RuleThen(then)) for when, then in some)


def settings(*some: tuple[str, str]) -> CartSettings:
    return CartSettings(import_orders_as=DocumentKind.CASH_SALE, import_rules=rules(*some))


def states(ws: Workspace, *ids: str) -> list[RecordState]:
    cart_id = ws.books.carts.get(NAME).cart_id
    found = ws.books.records.find_many(cart_id, RecordKind.ORDER, ids)
    return [found[one].state for one in ids]


def documents(ws: Workspace) -> list[Document]:
    return ws.books.documents.list_by_ids(list(range(1, 30)))  # type: ignore[arg-type]


def test_the_first_rule_that_matches_decides_and_else_the_status(ws: Workspace, shop: MemoryShop) -> None:
    """Bank wires are good unpaid, but not large ones; tagged orders are left alone; the rest goes by status."""
    running_cart(
        ws, settings=settings(("method:bankwire total>100", "hold"), ("method:bankwire", "import"), ("tag:b2b", "skip"))
    )
    place(shop, range(1), payments=BANK, payment_state=PaymentState.PENDING)
    big = samples.order(1, shop.clock())
    factor = Decimal(10)
    lines = tuple(replace(one, amount=one.amount * factor, unit_price=None) for one in big.lines)
    place(shop, range(1, 2), payments=BANK, lines=lines, total=big.total * factor)
    place(shop, range(2, 3), tags=("vip", "b2b"))
    place(shop, range(3, 4))
    place(shop, range(4, 5), payment_state=PaymentState.PENDING)
    report = run_cycle(ws, NAME)
    assert states(ws, "0", "1", "2", "3", "4") == [
        RecordState.IMPORTED,
        RecordState.HELD,
        RecordState.SKIPPED,
        RecordState.IMPORTED,
        RecordState.STAGED,
    ]
    assert report.counts[RecordKind.ORDER] == Counts(received=5, created=2, skipped=2, held=1)
    cart_id = ws.books.carts.get(NAME).cart_id
    assert ws.books.records.list_held(cart_id)[0].reason.startswith("import rule 1: method:bankwire total>100")


def test_an_order_of_the_past_posts_nothing_and_moves_nothing(ws: Workspace, shop: MemoryShop) -> None:
    """No number, no posting, no stock, nothing to approve or credit; later changes of it flag nobody."""
    with ws.books.transaction():
        ws.books.items.add_many(
            [NewItem(ItemCode("SKU-1"), "Ours", on_hand=Decimal(9), price=Decimal(1), currency="EUR")],
        )
    running_cart(ws, settings=settings(("fulfilment:shipped", "past")))
    place(shop, range(1), fulfilment_state=FulfilmentState.SHIPPED)
    run_cycle(ws, NAME)
    [document] = documents(ws)
    assert (document.status, document.closed, document.posted_number, document.draft.past) == (
        DocumentStatus.APPROVED,
        True,
        "",
        True,
    )
    assert list(ws.books.accounts.postings()) == []
    assert ws.books.items.find_by_codes(["SKU-1"])[ItemCode("SKU-1")].on_hand == 9
    assert preview_approvals(ws, [document.document_id])[0].problem
    with pytest.raises(NeedsOperatorError, match="was not posted"):
        credit_document(ws, document)
    refund = Refund("r1", shop.clock(), Decimal(1))
    shop.put_order(replace(shop.orders["0"], note="later", refunds=(refund,)))
    run_cycle(ws, NAME)
    assert not documents(ws)[0].changed_in_cart
    assert len(documents(ws)) == 1


def test_rules_are_tried_on_real_orders_and_change_nothing(ws: Workspace, shop: MemoryShop, clock: FrozenClock) -> None:
    """N21: what would happen, what it comes to, and what would be decided otherwise than now."""
    running_cart(ws, settings=settings())
    place(shop, range(2))
    place(shop, range(2, 4), payments=BANK, payment_state=PaymentState.PENDING)
    clock.advance(3600)
    trial = try_rules(ws, NAME, rules(("method:bankwire", "import")))
    assert trial.counts == {RuleThen.IMPORT: 4}
    assert sum(one.moved for one in trial.trials) == 2
    assert trial.values == {(RuleThen.IMPORT, "EUR"): 4 * samples.order(0, clock()).total}
    assert [one.order.placed_at for one in trial.trials] == sorted(
        (one.order.placed_at for one in trial.trials), reverse=True
    )
    assert (ws.books.documents.count(), shop.writes) == (0, 0)
    assert ws.books.carts.get(NAME).settings.import_rules == ()


@pytest.mark.parametrize(
    ("when", "words"), [("colour:red", "colour"), ("total>", "Import rule 1"), ('"', "Import rule 1")]
)
def test_a_rule_that_can_not_be_read_is_refused_by_its_number(ws: Workspace, when: str, words: str) -> None:
    """Nothing is stored; the remedy is named."""
    document = running_cart(ws)
    with pytest.raises(NeedsOperatorError, match=words):
        set_rules(ws, document, rules((when, "hold")))
    assert check_rules(rules((when, "hold")))


def test_rules_are_kept_in_their_order(ws: Workspace) -> None:
    """And come back so."""
    document = running_cart(ws)
    some = rules(("method:card", "hold"), ("", "import"))
    set_rules(ws, document, some)
    assert ws.books.carts.get(NAME).settings.import_rules == some


def test_every_field_of_the_rules_is_told_by_an_order(clock: FrozenClock) -> None:
    """The list that people read is what the rules can ask for."""
    assert set(order_facts(samples.order(1, clock()), clock())) == set(FIELDS)


# --- backfill ---


def test_a_span_of_the_past_is_imported_apart_from_the_live_cursor(
    ws: Workspace, shop: MemoryShop, clock: FrozenClock
) -> None:
    """F15, F16: below Last Order from, as past; the cursor stays; twice is once."""
    running_cart(ws)
    before = clock() - timedelta(days=40)
    for number in range(3):
        order = samples.order(number, before + timedelta(days=number))
        shop.orders[str(number)] = replace(order, modified_at=order.placed_at)
    run_cycle(ws, NAME)
    cart_id = ws.books.carts.get(NAME).cart_id
    cursor = ws.books.cursors.get(cart_id, RecordKind.ORDER, Direction.IMPORT)
    plan = plan_backfill(ws, NAME, before, before + timedelta(days=2))
    assert [change.key for change in plan.effective] == ["0", "1"]
    apply_plan(ws, plan)
    assert all(document.draft.past for document in documents(ws))
    assert ws.books.cursors.get(cart_id, RecordKind.ORDER, Direction.IMPORT) == cursor
    assert not plan_backfill(ws, NAME, before, before + timedelta(days=2)).effective
    apply_plan(ws, plan_backfill(ws, NAME, before, clock(), past=False))
    assert [one.status for one in documents(ws)] == [
        DocumentStatus.APPROVED,
        DocumentStatus.APPROVED,
        DocumentStatus.PENDING,
    ]
    with pytest.raises(NeedsOperatorError, match="ends before"):
        plan_backfill(ws, NAME, clock(), before)
