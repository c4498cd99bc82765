"""Adapters for the simulated shop, one for each way in which shops page and write times.

`Numbered`, `Keyset` and `Placed` are written here, as an adapter is told to be (ports.Page); `Woo` and `Local` are the
real listings of the adapters for WooCommerce and PrestaShop, with the shop below their lowest call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TypeVar

import cartui.adapters.prestashop.changes as prestashop_changes
import cartui.adapters.prestashop.session as prestashop_session
import cartui.adapters.woocommerce.listing as woocommerce_listing
from cartui.adapters.prestashop.moments import ShopClock
from cartui.domain.ids import CartItemId, CartOrderId, RecordKind
from cartui.domain.ports import (
    AdapterSpec,
    CartFacts,
    Connection,
    Page,
    Received,
    Stage,
    StageResult,
    StockMeaning,
    Verdict,
)
from cartui.domain.records import (
    CartItem,
    CartOrder,
    CartShipment,
    FulfilmentState,
    ItemDraft,
    OrderState,
    ShipmentDraft,
    StockResult,
    StockWrite,
    WriteState,
)
from cartui.errors import HoldRecordError
from cartui.transport import Reply
from tests.simulation.faults import Fault, Step
from tests.simulation.shop import BY_HAND, CARTUI, SimShop, Version
from tests.simulation.world import Process

T = TypeVar("T")
Rows = list[Version]

_STEPS = {RecordKind.ORDER: Step.ITER_ORDERS, RecordKind.ITEM: Step.ITER_ITEMS}
_SECOND = timedelta(seconds=1)
_MAKES = (Step.CREATE_ITEM, Step.CREATE_SHIPMENT)


class SimCart:
    """What all styles share: reading by id, and writing."""

    states_totals = True
    order_changes_seen = True

    def __init__(self, process: Process) -> None:
        self.process = process
        self.world = process.world
        self.shop: SimShop = process.world.shop
        self.lie: Fault | None = None

    @property
    def facts(self) -> CartFacts:
        return CartFacts(
            page_size=self.shop.page_size,
            states_totals=self.states_totals,
            order_changes_seen=self.order_changes_seen,
            stock_meaning=StockMeaning.ON_HAND if self.shop.on_hand else StockMeaning.FREE,
            idempotent_create=self.shop.idempotent,
        )

    def close(self) -> None:
        return None

    def test_connection(self) -> Iterator[StageResult]:
        yield StageResult(Stage.ADDRESS, Verdict.PASSED, "simulated")

    # --- lists

    def iter_orders(self, since: datetime | None) -> Iterator[Page[CartOrder]]:
        return self._listed(RecordKind.ORDER, since)

    def iter_items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        return self._listed(RecordKind.ITEM, since)

    def _listed(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        self.lie = None
        for page in self.pages(kind, since):
            rows = tuple(self._given(kind, version, since) for version in page.rows)
            total = page.total if self.states_totals else None
            self.process.received[kind] += len(rows)
            yield Page(rows, total, page.complete_to)

    def pages(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        """Pages of versions."""
        raise NotImplementedError

    def ask(self, kind: RecordKind, answer: Callable[[], T]) -> T:
        """One request of a list."""
        step = _STEPS[kind]
        self.process.before(step)
        self.lie = self.world.lies.pop(step, None) or self.lie
        told = answer()
        self.process.after(step)
        return told

    def found(self, kind: RecordKind) -> list[Version]:
        return list(self.shop.visible(kind))

    def _given(self, kind: RecordKind, version: Version, since: datetime | None = None) -> Received[Any]:
        stamp = version.row.stamp
        self.process.saw(kind, version, asked=since is None or stamp is None or stamp >= since - _SECOND)
        if kind is RecordKind.ITEM and not version.bad:
            self.process.seen_stock[version.row.external_id] = version.record.stock
            self.process.seen_items[version.row.external_id] = version.record
        return version.row

    # --- by id

    def get_orders(self, ids: Sequence[CartOrderId]) -> Page[CartOrder]:
        return self._by_id(Step.GET_ORDERS, RecordKind.ORDER, ids)

    def get_items(self, ids: Sequence[CartItemId]) -> Page[CartItem]:
        return self._by_id(Step.GET_ITEMS, RecordKind.ITEM, ids)

    def _by_id(self, step: Step, kind: RecordKind, ids: Sequence[str]) -> Page[Any]:
        self.process.before(step)
        rows = self.shop.rows(kind)
        there = [rows[one] for one in ids if one in rows and not rows[one].deleted]
        page: Page[Any] = Page(tuple(self._given(kind, row.last) for row in there))
        if kind is RecordKind.ORDER:
            self.process.received[kind] += len(page.rows)
        self.process.after(step)
        return page

    # --- writing

    def find_items(self, draft: ItemDraft) -> Sequence[CartItem]:
        self.process.before(Step.FIND_ITEMS)
        rows = [row for row in self.shop.items.values() if not row.deleted and not row.last.bad]
        made = self.shop.keys.get(draft.key) if self.shop.idempotent else None
        if made is not None:
            found = [self.shop.items[made].last.record]
        else:
            found = [row.last.record for row in rows if row.last.record.sku == draft.sku]
        self.process.after(Step.FIND_ITEMS)
        return found

    def create_item(self, draft: ItemDraft) -> CartItemId:
        return self._write(Step.CREATE_ITEM, draft.key, lambda: self._create(draft))

    def _create(self, draft: ItemDraft) -> CartItemId:
        shop = self.shop
        if shop.idempotent and draft.key in shop.keys:
            return CartItemId(shop.keys[draft.key])
        if shop.unique_sku and any(not r.last.bad and r.last.record.sku == draft.sku for r in shop.items.values()):
            raise HoldRecordError(draft.sku, "There is an item of this SKU.", "Link it.")
        item_id = CartItemId(f"m{len(shop.made)}")
        shop.made[item_id] = shop.keys[draft.key] = item_id
        shop.made[item_id] = draft.sku
        item = CartItem(
            item_id, draft.name, shop.clock(), sku=draft.sku, price=draft.price, currency=draft.currency,
            stock=draft.stock if draft.stock is not None else Decimal(0),
        )  # fmt: skip
        shop.put(RecordKind.ITEM, item, author=CARTUI)
        return item_id

    def update_item(self, item_id: CartItemId, changes: Mapping[str, str | Decimal]) -> None:
        self._write(Step.UPDATE_ITEM, item_id, lambda: self._update(item_id, changes))

    def _update(self, item_id: CartItemId, changes: Mapping[str, Any]) -> None:
        row = self.shop.items.get(item_id)
        if row is None or row.deleted or row.last.bad:
            raise HoldRecordError(item_id, "The shop refuses it.", "Look at it.")
        self.world.oracle.check_update(self.process, item_id, changes)
        self.shop.put(RecordKind.ITEM, replace(row.last.record, **changes), author=CARTUI)

    def set_stock(self, writes: Sequence[StockWrite]) -> Sequence[StockResult]:
        left_at = self.world.now  # one request: who sleeps at its first number sleeps within it
        return [self._compare_and_set(one, left_at) for one in writes]

    def _compare_and_set(self, write: StockWrite, left_at: datetime) -> StockResult:
        """Where the shop can't compare, the adapter does, with a read just before."""
        if not self.shop.cas and (refused := self._compared(write)):
            return refused
        return self._write(Step.SET_STOCK, write.item_id, lambda: self._set_stock(write, left_at))

    def _compared(self, write: StockWrite) -> StockResult | None:
        row = self.shop.items.get(write.item_id)
        if row is None or row.deleted or row.last.bad:
            return StockResult(write.item_id, WriteState.REFUSED, reason="There is no such item.")
        current = self.process.seen_stock[write.item_id] = row.last.record.stock
        if write.expected is not None and current != write.expected:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "It has changed.")
        return None

    def _set_stock(self, write: StockWrite, left_at: datetime) -> StockResult:
        row = self.shop.items.get(write.item_id)
        if row is None or row.deleted or row.last.bad:
            return StockResult(write.item_id, WriteState.REFUSED, reason="There is no such item.")
        current = row.last.record.stock
        if self.shop.cas and write.expected is not None and current != write.expected:
            return StockResult(write.item_id, WriteState.CONFLICT, current, "It has changed.")
        self.process.left_at = left_at
        self.world.oracle.check_stock_write(self.process, write, current)
        author = CARTUI if self.process.in_cycle else BY_HAND
        self.shop.put(RecordKind.ITEM, replace(row.last.record, stock=write.quantity), author=author)
        return StockResult(write.item_id, WriteState.DONE, write.quantity)

    def _write(self, step: Step, target: str, effect: Callable[[], T]) -> T:
        process = self.process
        self.world.hint = target if target in self.shop.items else ""
        process.before(step)
        twice = self.world.lies.pop(step, None) is Fault.TWICE
        self.world.oracle.check_intent(process, step, target)
        self.world.log(f"{process.name} {step} {target}")
        result = effect()
        if twice and (step not in _MAKES or self.shop.idempotent):
            self.world.hit(Fault.TWICE, step, process)
            effect()
        process.after(step)
        self.world.hint = ""
        return result

    # --- shipments

    def find_shipments(self, order_id: CartOrderId) -> Sequence[CartShipment]:
        self.process.before(Step.FIND_SHIPMENTS)
        found = [one for order, one in self.shop.parcels if order == order_id]
        self.process.after(Step.FIND_SHIPMENTS)
        return found

    def create_shipment(self, draft: ShipmentDraft) -> str:
        return self._write(Step.CREATE_SHIPMENT, draft.key, lambda: self._ship(draft))

    def _ship(self, draft: ShipmentDraft) -> str:
        shop = self.shop
        row = shop.orders.get(draft.order_id)
        if row is None or row.deleted or row.last.bad or row.last.record.order_state is OrderState.CANCELLED:
            raise HoldRecordError(draft.order_id, "The shop takes no parcel for it.", "Look at it there.")
        if shop.idempotent:
            for order_id, one in shop.parcels:
                if order_id == draft.order_id and one.key == draft.key:
                    return one.shipment_id
        made = CartShipment(
            f"s{len(shop.parcels)}", draft.tracking_number, draft.carrier, draft.key if shop.idempotent else "",
            draft.lines,
        )  # fmt: skip
        shop.parcels.append((draft.order_id, made))
        sent = {one.line_id: one.quantity for one in draft.lines}  # empty: all that is left
        told = FulfilmentState.SHIPPED if draft.completes else FulfilmentState.PARTIALLY_SHIPPED
        order = shop.sent(row.last.record, sent, None if shop.on_hand else told)
        shop.put(RecordKind.ORDER, order, author=CARTUI, late=shop.lag())
        return made.shipment_id


class Keyset(SimCart):
    """Pages over (stamp, id), with a total: the good way."""

    def pages(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        started = self.shop.clock()
        after: tuple[datetime, str] | None = None
        given = 0
        while True:
            rows, left = self.ask(kind, lambda after=after: self._answer(kind, since, after))
            more = left > len(rows)
            total = given + left + (2 if self.lie is Fault.TOTAL_LIE else 0)
            given += len(rows)
            if rows:
                after = _position(rows[-1])
            if self.lie is Fault.CUT_SHORT:
                more = False
            mark = started if not more else after[0] if after else None
            yield Page(tuple(rows), total, mark)  # type: ignore[arg-type]
            if not more:
                return

    def _answer(self, kind: RecordKind, since: datetime | None, after: tuple[datetime, str] | None) -> tuple[Rows, int]:
        size = self.shop.page_size
        if self.lie is Fault.PAGE_AGAIN:
            after = None
        if self.lie is Fault.FILTER_IGNORED:
            since = None
        rows = [one for one in self.found(kind) if since is None or self.stamp(one) >= _whole(self.shop, since)]
        left = sorted((one for one in rows if after is None or _position(one) > after), key=_position)
        if self.lie is Fault.PAGE_AGAIN and left:
            return left[:size], len(left) + size
        return left[:size], len(left)

    def stamp(self, version: Version) -> datetime:
        return _position(version)[0]


def _position(version: Version) -> tuple[datetime, str]:
    assert version.row.stamp is not None
    return version.row.stamp, version.row.external_id


def _whole(shop: SimShop, at: datetime) -> datetime:
    return at.replace(microsecond=0) if shop.grain >= _SECOND else at


class Placed(Keyset):
    """Lists orders by the time they were placed: changes are not seen, so open orders are read again by id."""

    order_changes_seen = False

    def found(self, kind: RecordKind) -> list[Version]:
        rows = super().found(kind)
        return [_by_placing(self.shop, one) for one in rows] if kind is RecordKind.ORDER else rows


def _by_placing(shop: SimShop, version: Version) -> Version:
    first = shop.orders[version.row.external_id].versions[0]
    return replace(version, row=replace(version.row, stamp=first.row.stamp))


class Numbered(SimCart):
    """Pages by number, sorted by id; a filter that leaves its bound out and counts whole seconds. Read to the total,
    and then again until nothing new comes."""

    MOST_SCANS = 6
    SCANS_AGAIN = True

    def pages(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        started = self.shop.clock()
        seen: set[str] = set()
        for scan in range(self.MOST_SCANS):
            fresh, pages = 0, 0
            for rows, total in self._scan(kind, since):
                new = [one for one in rows if one.row.external_id not in seen] if scan else rows
                seen |= {one.row.external_id for one in rows}
                fresh, pages = fresh + len(new), pages + 1
                if new or scan == 0:
                    yield Page(tuple(new), total if scan == 0 else None)  # type: ignore[arg-type]
            if pages < 2 or not self.SCANS_AGAIN or (scan and not fresh):
                yield Page((), complete_to=started)
                return

    def _scan(self, kind: RecordKind, since: datetime | None) -> Iterator[tuple[Rows, int]]:
        number = 0
        while True:
            rows, total = self.ask(kind, lambda number=number: self._answer(kind, since, number))
            yield rows, total
            number += 1
            if not rows or number * self.shop.page_size >= total:
                return

    def _answer(self, kind: RecordKind, since: datetime | None, number: int) -> tuple[Rows, int]:
        size = self.shop.page_size
        after = None if since is None or self.lie is Fault.FILTER_IGNORED else _second(since) - _SECOND
        rows = [one for one in self.found(kind) if after is None or _second(_position(one)[0]) > after]
        rows.sort(key=lambda one: one.row.external_id)
        if self.lie is Fault.TOTAL_LIE:
            return rows[number * size :][:size], len(rows) + 2
        if self.lie is Fault.PAGE_AGAIN:
            return rows[:size], len(rows) + 50 * size
        if self.lie is Fault.CUT_SHORT and number:
            return [], len(rows)
        return rows[number * size :][:size], len(rows)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


class Woo(SimCart):
    """The real `iter_modified` of the adapter for WooCommerce."""

    def pages(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        versions: dict[int, Version] = {}

        def get(path: str, params: Mapping[str, str], what: str) -> Any:
            return self.ask(kind, lambda: self._answer(kind, params, versions))

        client: Any = SimpleNamespace(get=get)
        for batch in woocommerce_listing.iter_modified(client, "rows", {}, since, "rows"):
            rows = tuple(versions[row["seq"]] for row in batch.rows)
            yield Page(rows, batch.total, batch.complete_to)  # type: ignore[arg-type]

    def _answer(self, kind: RecordKind, params: Mapping[str, str], versions: dict[int, Version]) -> Any:
        size, number = self.shop.page_size, int(params.get("page", "1"))
        rows = [one for one in self.found(kind) if self._asked_for(one, params)]
        by_id = params.get("orderby") == "id"
        rows.sort(key=lambda one: ("" if by_id else f"{_position(one)[0]:%Y%m%d%H%M%S}", one.row.external_id))
        total = len(rows) + (2 if self.lie is Fault.TOTAL_LIE else 0)
        pages = -(-len(rows) // size)
        if self.lie is Fault.CUT_SHORT:
            pages = min(pages, number)
        page = rows[(number - 1) * size :][:size]
        if self.lie is Fault.PAGE_AGAIN and "include" not in params:
            page, pages = rows[:size], 10_000
        versions.update({one.seq: one for one in page})
        told = [
            {"id": one.row.external_id, "seq": one.seq, "date_modified_gmt": f"{_position(one)[0]:%Y-%m-%dT%H:%M:%S}"}
            for one in page
        ]
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        return Reply(200, headers, json.dumps(told).encode(), _second(self.shop.clock()), 0.0)

    def _asked_for(self, one: Version, params: Mapping[str, str]) -> bool:
        """Both bounds are strict and count whole seconds."""
        if "include" in params:
            return one.row.external_id in params["include"].split(",")
        changed, after, before = _second(_position(one)[0]), params.get("modified_after"), params.get("modified_before")
        if after and self.lie is not Fault.FILTER_IGNORED and changed <= datetime.fromisoformat(f"{after}+00:00"):
            return False
        return before is None or changed < datetime.fromisoformat(f"{before}+00:00")


class Local(SimCart):
    """The real `pages_by_date` of the adapter for PrestaShop: local times without offset, a limit, no totals."""

    states_totals = False

    def pages(self, kind: RecordKind, since: datetime | None) -> Iterator[Page[Any]]:
        session = _LocalSession(self, kind)
        changes = prestashop_changes.Changes(session, _NO_READER)

        def read(rows: Sequence[Mapping[str, str]]) -> list[Received[Any]]:
            return [_localised(session, row) for row in rows]

        for page in changes.by_date("rows", since, read):
            rows = tuple(session.versions[one.external_id] for one in page.rows)
            stamps = {one.external_id: one.stamp for one in page.rows}
            told = [replace(one, row=replace(one.row, stamp=stamps[one.row.external_id])) for one in rows]
            yield Page(tuple(told), None, page.complete_to)  # type: ignore[arg-type]


_NO_READER: Any = None
_NO_CONNECTION = Connection("", "https://shop.invalid", {}, str)


def _localised(session: _LocalSession, row: Mapping[str, str]) -> Received[Any]:
    version = session.versions[row["id"]]
    return replace(version.row, stamp=session.clock.latest(row["date_upd"], "date_upd"))


class _LocalSession(prestashop_session.Session):
    """The session below its lowest call for a list."""

    def __init__(self, cart: SimCart, kind: RecordKind) -> None:
        super().__init__(_NO_CONNECTION)
        self._cart, self._kind = cart, kind
        self._clock = ShopClock(cart.shop.zone)
        self.versions: dict[str, Version] = {}

    @property
    def clock(self) -> ShopClock:
        return self._clock

    def rows(self, resource: str, params: Any) -> list[Any]:
        return self._cart.ask(self._kind, lambda: self._answer(dict(params)))

    def _answer(self, params: Mapping[str, str]) -> list[dict[str, str]]:
        cart, shop = self._cart, self._cart.shop
        lie = cart.lie
        rows = [(self._local(one), _number(one), one) for one in cart.found(self._kind)]
        rows.sort(key=lambda one: one[:2])
        if lie is Fault.PAGE_AGAIN:
            rows = rows * 30
        elif (bound := params.get("filter[date_upd]", "")).startswith(">"):
            rows = [one for one in rows if one[0] > bound[2:-1] or lie is Fault.FILTER_IGNORED]
        elif bound:
            rows = [one for one in rows if one[0] == bound[1:-1]]
        if beyond := params.get("filter[id]", ""):
            rows = sorted((one for one in rows if one[1] > int(beyond[2:-1])), key=lambda one: one[1])
        rows = rows[: int(params["limit"])]
        self.shop_now = _second(shop.clock())
        for _, number, one in rows:
            self.versions[str(number)] = self.versions[one.row.external_id] = one
        return [{"id": str(number), "date_upd": local} for local, number, _ in rows]

    def _local(self, version: Version) -> str:
        return f"{_position(version)[0].astimezone(self._clock.zone):%Y-%m-%d %H:%M:%S}"


def _number(version: Version) -> int:
    """PrestaShop's ids are numbers."""
    key = version.row.external_id
    return int(key) if key.isdigit() else {"i": 1_000, "m": 2_000}[key[0]] + int(key[1:])


STYLES: dict[str, type[SimCart]] = {
    "keyset": Keyset,
    "placed": Placed,
    "numbered": Numbered,
    "woo": Woo,
    "local": Local,
}
COARSE = ("woo", "local", "numbered")

SPEC = AdapterSpec("sim", "Simulated", Keyset, lambda connection: None, "any", hidden=True)  # type: ignore[arg-type,return-value]


def cart_for(process: Process) -> SimCart:
    """The adapter of the shop's style, in the hands of a process."""
    return STYLES[process.world.style](process)


@contextmanager
def page_size(size: int) -> Iterator[None]:
    """Small pages for the real listings, too."""
    facts = prestashop_changes.FACTS
    small = replace(facts, page_size=size)
    before = (woocommerce_listing.PER_PAGE, prestashop_session._AT_ONCE)
    woocommerce_listing.PER_PAGE = size  # type: ignore[misc]
    prestashop_session._AT_ONCE = size  # type: ignore[misc]
    prestashop_changes.FACTS = prestashop_session.FACTS = small  # type: ignore[misc]
    try:
        yield
    finally:
        woocommerce_listing.PER_PAGE, prestashop_session._AT_ONCE = before  # type: ignore[misc]
        prestashop_changes.FACTS = prestashop_session.FACTS = facts  # type: ignore[misc]
