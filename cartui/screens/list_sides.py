"""The two kinds of list: of our own tables, read at once, and of what the cart holds, read when asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeVar

from cartui.domain.ids import RecordKind
from cartui.domain.ports import Capability
from cartui.screens.document import RecordScreen
from cartui.screens.listing import ListScreen
from cartui.screens.times import show_moment
from cartui.sync import lists
from cartui.sync.lists import CartListing, SystemList
from cartui.sync.unlink import plan_unlink, plan_unlink_ours

T = TypeVar("T")


class SystemListScreen(ListScreen):
    """A list of our own tables: read at once, anew with `l`, and whenever a cycle ended."""

    WHICH: ClassVar[SystemList] = SystemList.ORDERS

    def on_mount(self) -> None:
        super().on_mount()
        self.action_list()

    def refresh_rows(self) -> None:
        """Our own tables are read again as they are now."""
        super().refresh_rows()
        self._listed = show_moment(self.now(), self.now())

    def action_unlink_selected(self) -> None:
        """By our ids."""
        self.plan_selected("Planning what to unlink", plan_unlink_ours)

    def action_list(self) -> None:
        ws, name, which = self.ws, self.cart_name, self.WHICH
        self.read("list", lambda: lists.system_rows(ws, name, which), self.show_source)


class CartListScreen(ListScreen):
    """A list of what the cart holds, read when asked for (*List all*)."""

    READS: ClassVar[Capability | None] = None

    def __init__(self, cart_name: str) -> None:
        super().__init__(cart_name)
        self._listing: CartListing | None = None

    def why_not(self, action: str) -> str | None:
        if action == "unlink_selected":
            return self.why_no_rows()
        if action == "list":
            return self.why_untested() or (self.why_lacking(self.READS) if self.READS else None)
        return None

    def action_unlink_selected(self) -> None:
        """By the cart's ids."""
        self.plan_selected("Planning what to unlink", plan_unlink)

    def action_list(self) -> None:
        ws, name, kind = self.ws, self.cart_name, self.KIND
        self.run_job(
            f"Listing {self.NOUN}s of the cart",
            lambda progress, stop: lists.list_cart(ws, name, kind, progress=progress, stop=stop),
            self._take,
        )

    def _take(self, listing: CartListing) -> None:
        before, self._listing = self._listing, listing
        self.show_source(listing.rows, listing.notes)
        if before is not None:
            before.close()

    def on_unmount(self) -> None:
        super().on_unmount()
        if self._listing is not None:
            self._listing.close()

    def open_row(self, key: str) -> None:
        """The record as the list brought it; `r` there reads it again."""
        if (listing := self._listing) is not None:
            self.read("raw", lambda: self._letting_go(lambda: listing.raw(key)), lambda raw: self._open(key, raw))

    def _open(self, key: str, raw: bytes) -> None:
        self.app.push_screen(RecordScreen(self.cart_name, self.KIND, key, raw))

    def show_changes(self, changed: dict[RecordKind, list[str]]) -> None:
        """The list is a picture of the cart; what became of its rows here is looked up again."""
        listing, keys = self._listing, changed.get(self.KIND)
        if listing is not None and keys:
            work = partial(self._letting_go, partial(listing.refresh, keys))
            self.read("states", work, lambda _: self.refresh_rows())

    def chosen_keys(self) -> Callable[[], list[str]] | None:
        """Worked out in a job's thread, which ends after it."""
        keys = super().chosen_keys()
        return None if keys is None else partial(self._letting_go, keys)

    def _letting_go(self, work: Callable[[], T]) -> T:
        """Do work on the list's file in a thread that ends after it: its connection goes with it."""
        try:
            return work()
        finally:
            if self._listing is not None:
                self._listing.close_thread()
