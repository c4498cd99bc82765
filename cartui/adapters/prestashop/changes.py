"""What changed since a moment, list by list; and what changed although its date did not move.

orders      by date_upd; besides, those with a credit slip of their own date
customers   by date_upd; besides, those of changed addresses
products    by date_upd; besides, those sold since (orders change stock and move no product's date), and a slice of the
            catalogue in turn (`domain.sweep`): stock that staff or programs set, prices of combinations
carts       by id, those of a later date_upd
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from cartui.adapters.prestashop.facts import FACTS
from cartui.adapters.prestashop.fields import is_id
from cartui.adapters.prestashop.parse import split_item_id
from cartui.adapters.prestashop.reading import Reader, Rows, values_of
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.wire import Row, UnreadableError
from cartui.domain.ports import Page, Received
from cartui.domain.records import CartBasket, CartItem
from cartui.domain.sweep import slices_due

R = TypeVar("R")


class Changes:
    """Listings of one shop."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self._session = session
        self._reader = reader

    # --- items

    def items(self, since: datetime | None) -> Iterator[Page[CartItem]]:
        """By id, for a product's date differs from shop to shop of one PrestaShop. What is proven is so at the end."""
        session = self._session
        begun: datetime | None = None
        given: set[str] = set()
        filters: list[tuple[str, str]] = []
        if since is not None:
            filters = [("filter[date_upd]", f">[{session.clock.bound(since)}]")]
            for rows in self._unmoved(since) if session.filters_dates() else ():
                begun = begun or session.shop_now
                given |= {str(row.get("id", "")) for row in rows}
                yield Page(tuple(self._stamped(one, since) for one in self._reader.items(rows)))
            begun = begun or session.shop_now
        for page in session.pages_by_id("products", [*filters, ("date", "1")], "", FACTS.page_size, patient=True):
            begun = begun or session.shop_now
            fresh = [row for row in page if str(row.get("id", "")) not in given]
            kept = self._wanted(self._reader.items(fresh), since)
            yield Page(tuple(kept), None, begun if len(page) < FACTS.page_size else None)

    def _unmoved(self, since: datetime) -> Iterator[list[Row]]:
        """Products to be read again whatever their date: sold since, or their turn has come."""
        session = self._session
        sold = session.ids_by_date("orders", session.clock.bound(since))
        wanted = set(values_of(session.rows_where("order_details", "id_order", sold), "product_id"))
        slices = slices_due(since, session.shop_now, session.highest_id("products")) if session.shop_now else ()
        for first, last in slices:
            for rows in session.pages_by_id("products", [], str(first - 1) if first > 1 else "", FACTS.page_size):
                due = [row for row in rows if is_id(str(row.get("id", ""))) and int(row["id"]) <= last]
                wanted -= {str(row["id"]) for row in due}
                if due:
                    yield due
                if len(due) < len(rows):
                    break
        if rest := session.rows_where("products", "id", sorted(wanted, key=int)):
            yield rest

    @staticmethod
    def _stamped(row: Received[CartItem], since: datetime) -> Received[CartItem]:
        """It is told as of now: its own date says nothing of what may have changed."""
        return row if row.stamp is None or row.stamp >= since else replace(row, stamp=since)

    def _wanted(self, rows: Sequence[Received[CartItem]], since: datetime | None) -> list[Received[CartItem]]:
        """The filter goes by `product.date_upd`, and `product_shop.date_upd` is what is shown: several shops, and
        modules that touch only the first, make it earlier. If dates are filtered by at all, such a row is right."""
        if since is None or all(row.stamp is None or row.stamp >= since for row in rows):
            return list(rows)
        kept = [row for row in rows if not self._is_early(row, since)]
        if any(row.stamp is not None and row.stamp < since for row in kept) and self._session.filters_dates():
            return [self._stamped(row, since) for row in kept]
        return kept  # the filter was ignored: it must be seen

    def _is_early(self, row: Received[CartItem], since: datetime) -> bool:
        """One of the hour that is asked for besides. What is earlier than that must be seen: the filter was ignored."""
        if row.stamp is None or row.stamp >= since:
            return False
        return row.stamp >= self._session.clock.earliest(self._session.clock.bound(since), "")

    # --- baskets

    def baskets(self, since: datetime | None) -> Iterator[Page[CartBasket]]:
        """By id: reading a cart may change its date (Cart.php completes one without a key as it is loaded)."""
        session = self._session
        begun: datetime | None = None
        filters = [] if since is None else [("filter[date_upd]", f">[{session.clock.bound(since)}]")]
        for page in session.pages_by_id("carts", [*filters, ("date", "1")], "", FACTS.page_size, patient=True):
            begun = begun or session.shop_now
            fresh = [row for row in page if not self._too_early(row, since)]
            rows = self._reader.open_baskets(fresh)
            yield Page(tuple(rows), None, begun if len(page) < FACTS.page_size else None)

    # --- lists by date

    def by_date(
        self,
        resource: str,
        since: datetime | None,
        read: Callable[[Rows], list[Received[R]]],
        beside: tuple[str, str] | None = None,
    ) -> Iterator[Page[R]]:
        """`beside`: a list whose changes do not move the date, and its field that names the owner: owners come first,
        with the stamp of what changed. What changes while one pages comes again next time, so it is given once."""
        session = self._session
        after = None if since is None else session.clock.bound(since)
        given: set[str] = set()
        begun: datetime | None = None
        if since is not None and beside:
            stamps = self._beside(*beside, after, since)
            begun = session.shop_now
            rows = session.rows_where(resource, "id", stamps)
            received = [replace(one, stamp=stamps[one.external_id]) for one in read(rows) if one.external_id in stamps]
            given |= {one.external_id for one in received}
            if received:
                yield Page(tuple(received))
        for page in session.pages_by_date(resource, after):
            begun = begun or session.shop_now
            fresh = [row for row in page if str(row.get("id", "")) not in given and not self._too_early(row, since)]
            given |= {str(row.get("id", "")) for row in fresh}
            is_last = len(page) < FACTS.page_size
            yield Page(tuple(read(fresh)), None, begun if is_last else self._mark(page, begun))

    def _beside(self, resource: str, key: str, after: str | None, since: datetime) -> dict[str, datetime]:
        """Owner -> stamp of its latest change in that list."""
        stamps: dict[str, datetime] = {}
        for rows in self._session.pages_by_date(resource, after):
            for row in rows:
                owner, moment = str(row.get(key, "")), self._moment(row)
                if is_id(owner) and moment is not None and moment >= since:
                    stamps[owner] = max(moment, stamps.get(owner, moment))
        return stamps

    def _moment(self, row: Row) -> datetime | None:
        try:
            return self._session.clock.latest(str(row.get("date_upd", "")), "date_upd")
        except UnreadableError:
            return None

    def _too_early(self, row: Row, since: datetime | None) -> bool:
        """As `_is_early`."""
        if since is None:
            return False
        moment = self._moment(row)
        asked = str(row.get("date_upd", "")) > self._session.clock.bound(since)
        return moment is not None and moment < since and asked

    def _mark(self, rows: Rows, begun: datetime | None) -> datetime | None:
        try:
            mark = self._session.clock.earliest(str(rows[-1].get("date_upd", "")), "date_upd")
        except UnreadableError:
            return None
        return mark if begun is None else min(mark, begun)


def products_of(ids: Sequence[str]) -> list[str]:
    """The products of items' ids."""
    return [split[0] for one in ids if (split := split_item_id(one))]
