"""Shop-local times, both changes of the clocks, and whose clock the marks run on."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.wire import UnreadableError
from cartui.errors import NeedsOperatorError
from cartui.sync.intake import checked_pages
from cartui.testing.conformance import rows_of
from tests.adapters.prestashop.cases import PARIS
from tests.adapters.prestashop.server import connect
from tests.adapters.prestashop.shop import FakePrestaShop


def test_the_ambiguous_hour_in_autumn_takes_its_later_meaning() -> None:
    """25 October 2026, 02:30 is 00:30 or 01:30 UTC: a stamp that is too early would be refused or lost."""
    assert PARIS.latest("2026-10-25 02:30:00", "") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert PARIS.earliest("2026-10-25 02:30:00", "") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert PARIS.latest("2026-07-01 12:00:00", "") == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["0000-00-00 00:00:00", "", "2026-01-01T10:00:00", "2026-13-01 00:00:00", "9999-12-31"]
)
def test_what_is_no_time_is_said_so(text: str) -> None:
    """PrestaShop's zero date above all."""
    with pytest.raises(UnreadableError):
        PARIS.latest(text, "date_upd")


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Tehran"])
@pytest.mark.parametrize("around", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)])
def test_no_moment_falls_through_the_filter_around_a_clock_change(zone: str, around: datetime) -> None:
    """For every moment and every `since` before it: the row passes `>[bound]`, its stamp is not before `since`, and no
    mark made from an earlier row is later than it."""
    clock = ShopClock(ZoneInfo(zone))
    moments = [around + timedelta(minutes=11 * step) for step in range(-130, 260)]
    local = [one.astimezone(clock.zone).strftime("%Y-%m-%d %H:%M:%S") for one in moments]
    for index, since in enumerate(moments):
        for later in range(index, min(index + 16, len(moments))):
            assert local[later] > clock.bound(since)
            assert clock.latest(local[later], "") >= since
    in_order = sorted(local)
    for row, following in itertools.pairwise(in_order):
        assert clock.latest(following, "") >= clock.earliest(row, "")


@pytest.mark.parametrize("change", [datetime(2026, 10, 25, 0, 0, tzinfo=UTC), datetime(2026, 3, 29, 0, 0, tzinfo=UTC)])
def test_polling_through_a_clock_change_misses_no_order(shop: FakePrestaShop, change: datetime) -> None:
    """An order every seven minutes, a poll every twenty: each comes, and none is earlier than what was asked."""
    cart = connect(shop)
    shop.moment = change
    mark = [page.complete_to for page in cart.iter_orders(None)][-1]
    seen: set[str] = set()
    placed: set[str] = set()
    for step in range(60):
        shop.pass_time(7 * 60)
        placed.add(str(shop.order(("2", 1, "5", "20"))["id"]))
        if step % 3 == 0:
            assert mark is not None
            since = mark - cart.facts.overlap
            pages = list(checked_pages(cart.iter_orders(since), since, "orders"))
            seen |= {row.external_id for row in rows_of(pages)}
            mark = next(page.complete_to for page in reversed(pages) if page.complete_to)
    seen |= {row.external_id for row in rows_of(cart.iter_orders(mark))}
    assert placed <= seen


@pytest.mark.parametrize("minutes", [-10, 10])
def test_marks_run_on_the_shops_clock(shop: FakePrestaShop, minutes: int) -> None:
    """Ours may be ten minutes off: the mark is the shop's time of the beginning."""
    cart = connect(shop)
    shop.shown_offset = timedelta(minutes=minutes)
    mark = [page.complete_to for page in cart.iter_orders(None)][-1]
    assert mark is not None
    assert abs(mark - (shop.moment + shop.shown_offset)) < timedelta(seconds=5)


def test_the_zone_is_the_shops_and_can_be_entered(shop: FakePrestaShop) -> None:
    """PS_TIMEZONE by itself; a key without configurations needs the option, and is told so."""
    cart = connect(shop)
    list(cart.iter_items(shop.moment))
    assert cart.facts.time_zone == "Europe/Paris"
    shop.denied.add(("GET", "configurations"))
    with pytest.raises(NeedsOperatorError, match="configurations"):
        list(connect(shop).iter_orders(None))
    assert rows_of(connect(shop, time_zone="Europe/Paris").iter_orders(None))
    with pytest.raises(NeedsOperatorError, match="not known here"):
        list(connect(shop, time_zone="Mars/Olympus").iter_orders(None))
