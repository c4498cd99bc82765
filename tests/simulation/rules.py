"""The hardening rules, each with the one place where it is taken away. A simulation that does not notice is too weak.

A rule that another one covers is taken away together with that one: "pages by number are read until nothing is new"
goes with the check of the total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from cartui.books import outbox as outbox_table
from cartui.books.carts import Carts
from cartui.books.cursors import Cursors
from cartui.books.database import Database
from cartui.books.fields import to_moment
from cartui.books.leases import Leases
from cartui.books.outbox import Outbox
from cartui.books.shipments import Shipments
from cartui.domain import plan_orders
from cartui.domain import refunds as domain_refunds
from cartui.domain.ids import Direction
from cartui.domain.ledger import JournalState
from cartui.domain.outbox import Ending
from cartui.domain.records import RefundState
from cartui.domain.settings import SyncStatus
from cartui.errors import AbortCycleError
from cartui.sync import apply, cycle, exports, intake, open_orders, outbound, refunds, stock_sends
from cartui.sync.outbound import Outbound
from tests.simulation.carts import Numbered, SimCart

Change = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`changes`: object, attribute, and what stands there without the rule. `caught_as`: invariants that may break.
    `FIRST` has the first schedule that misses it."""

    name: str
    changes: Callable[[], Sequence[Change]]
    caught_as: tuple[str, ...]


@contextmanager
def without(rule: Rule) -> Iterator[None]:
    """The program as it would be without the rule."""
    with ExitStack() as stack:
        for target, name, instead in rule.changes():
            stack.enter_context(patch.object(target, name, instead))
        yield


# --- import -----------------------------------------------------------------------------------------------------------


def _no_overlap() -> Sequence[Change]:
    def since(run: Any, kind: Any, first: Any) -> Any:
        return real(run, kind, first) + run.cart.facts.overlap

    real = cycle._since
    return [(cycle, "_since", since)]


def _no_total_check() -> Sequence[Change]:
    def checked(pages: Any, since: Any, what: str) -> Any:
        return real((replace(page, total=None) for page in pages), since, what)

    real = intake.checked_pages
    return [(cycle, "checked_pages", checked)]


def _no_loop_guard() -> Sequence[Change]:
    def checked(pages: Any, since: Any, what: str) -> Iterator[Any]:
        for page in pages:
            intake._ensure_filtered(page, since, what)
            yield page

    return [(cycle, "checked_pages", checked)]


def _no_filter_check() -> Sequence[Change]:
    return [(intake, "_ensure_filtered", lambda page, since, what: None)]


def _mark_of_its_own_page() -> Sequence[Change]:
    """The mark of a page is taken at once, before it is known whether the list keeps to its total."""

    def checked(pages: Any, since: Any, what: str) -> Iterator[Any]:
        marks: list[Any] = []

        def told() -> Iterator[Any]:
            for page in pages:
                marks.append(page.complete_to)
                yield page

        for page in real(told(), since, what):
            yield replace(page, complete_to=marks[-1])

    real = intake.checked_pages
    return [(cycle, "checked_pages", checked)]


def _no_start_date() -> Sequence[Change]:
    return [(plan_orders, "_floor_reason", lambda order, orders_from: "")]


def _bad_blocks() -> Sequence[Change]:
    def held(*args: Any, **kwargs: Any) -> Any:
        raise AbortCycleError("A record can't be read.")

    return [(plan_orders, "held", held)]


def _bad_dropped() -> Sequence[Change]:
    def plan(run: Any, page: Any) -> Any:
        good = [row for row in page.rows if row.record.__class__.__name__ != "BadRecord"]
        return real(run, replace(page, rows=tuple(good)))

    real = cycle._plan_orders
    return [(cycle, "_plan_orders", plan)]


def _known_forgotten() -> Sequence[Change]:
    def ground(books: Any, cart_id: Any, rows: Any) -> Any:
        return replace(real(books, cart_id, rows), records={})

    real = cycle.order_ground
    return [(cycle, "order_ground", ground)]


def _never_same() -> Sequence[Change]:
    counter = iter(range(10**9))

    def other(record: Any) -> str:
        return f"{next(counter)}"

    return [(plan_orders, "fingerprint", other)]


def _always_same() -> Sequence[Change]:
    return [(plan_orders, "fingerprint", lambda record: "same")]


def _changes_overwrite_nothing() -> Sequence[Change]:
    """A changed order is not noted."""

    def changed(row: Any, order: Any, *more: Any) -> Any:
        return plan_orders.PlannedChange(plan_orders.Action.SAME, row.external_id, order.order_number)

    return [(plan_orders, "_plan_changed", changed)]


def _cursor_first() -> Sequence[Change]:
    def store(run: Any, kind: Any, page: Any, plan: Any) -> None:
        if page.complete_to is not None:
            with run.ws.books.transaction(lease=run.lease):
                run.ws.books.cursors.put(run.document.cart_id, kind, Direction.IMPORT, page.complete_to)
        real(run, kind, page, plan)

    real = cycle._store_page
    return [(cycle, "_store_page", store)]


def _cursor_from_our_clock() -> Sequence[Change]:
    def put(self: Cursors, cart_id: Any, kind: Any, direction: Any, at: Any) -> None:
        real(self, cart_id, kind, direction, self._db.clock())

    real = Cursors.put
    return [(Cursors, "put", put)]


def _cursor_goes_back() -> Sequence[Change]:
    def put(self: Cursors, cart_id: Any, kind: Any, direction: Any, at: Any) -> None:
        self._db.write_sql(
            "INSERT INTO cart_cursor (cart_id, kind, direction, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (cart_id, kind, direction) DO UPDATE SET at = excluded.at",
            (cart_id, kind.value, direction.value, to_moment(at)),
        )

    return [(Cursors, "put", put)]


def _open_orders_left() -> Sequence[Change]:
    return [(cycle, "_reread_open_orders", lambda run, cart: None)]


def _one_scan() -> Sequence[Change]:
    return [(Numbered, "SCANS_AGAIN", False), *_no_total_check()]


def _refunds_left() -> Sequence[Change]:
    return [(cycle, "settle_refunds", lambda *args, **more: [])]


def _credited_before_the_money_went() -> Sequence[Change]:
    def plan(refund: Any, *more: Any) -> Any:
        return real(replace(refund, state=RefundState.DONE), *more)

    real = refunds.plan_credit
    return [(refunds, "plan_credit", plan)]


def _credited_without_bound() -> Sequence[Change]:
    def left(document: Any, credited: Any) -> Any:
        return document.draft.total

    return [(domain_refunds, "_left", left)]


# --- processes and the store ------------------------------------------------------------------------------------------


def _lease_for_all() -> Sequence[Change]:
    def row(self: Leases, cart_id: Any) -> Any:
        told = real(self, cart_id)
        return None if told is None else (told[0], told[1], told[2], told[3] - timedelta(days=1))

    real = Leases._row
    return [(Leases, "_row", row)]


def _token_not_asked() -> Sequence[Change]:
    return [(Leases, "ensure_held", lambda self, lease: None)]


def _half_done_stays() -> Sequence[Change]:
    def roll_back(self: Database) -> None:
        if self._driver.connection().in_transaction:
            self._driver.execute_sql("COMMIT")

    return [(Database, "_roll_back", roll_back)]


def _stop_not_asked() -> Sequence[Change]:
    def store(run: Any, kind: Any, page: Any, plan: Any) -> None:
        with patch.object(Carts, "get", lambda self, name: replace(get(self, name), status=SyncStatus.RUNNING)):
            real(run, kind, page, plan)

    real, get = cycle._store_page, Carts.get
    return [(cycle, "_store_page", store)]


# --- export -----------------------------------------------------------------------------------------------------------


def _journal_after() -> Sequence[Change]:
    def begin(self: Any, action: Any, our_id: int, external_id: str, key: str, detail: Any) -> int:
        with self.ws.books.transaction(lease=self.lease):
            entry = self._entry(action, our_id, external_id, key, detail, JournalState.DONE)
            self.ws.books.journal.append_many([entry])
        return 0

    return [(exports.Exporter, "_begin", begin)]


def _no_recovery() -> Sequence[Change]:
    nothing = lambda *args: None  # noqa: E731
    return [(cycle, "recover_exports", nothing), (apply, "recover_exports", nothing)]


def _sent_again_blindly() -> Sequence[Change]:
    return [(SimCart, "find_items", lambda self, draft: [])]


def _blind_stock() -> Sequence[Change]:
    def result(sink: Any, write: Any) -> Any:
        return real(sink, replace(write, expected=None))

    real = exports.Exporter._stock_result
    return [(exports.Exporter, "_stock_result", staticmethod(result))]


def _approved_is_not_compared() -> Sequence[Change]:
    return [(exports.Exporter, "_ensure_unchanged", lambda self, change, row: None)]


def _own_write_forgotten() -> Sequence[Change]:
    def finish(self: Any, entry_id: int, external_id: str, our_id: int, **more: Any) -> None:
        with self.ws.books.transaction(lease=self.lease):
            self.ws.books.journal.finish(entry_id, JournalState.DONE, external_id=external_id)
            more.get("also", exports.nothing_more)()

    return [(exports.Exporter, "_finish_linked", finish)]


# --- the outbox -------------------------------------------------------------------------------------------------------


def _ended_otherwise(change: Callable[[Any], Any]) -> Sequence[Change]:
    def end(self: Outbox, ended: Any) -> None:
        real(self, [change(one) for one in ended])

    real = Outbox.end
    return [(Outbox, "end", end)]


def _later_change_forgotten() -> Sequence[Change]:
    return _ended_otherwise(lambda one: replace(one, row=replace(one.row, version=10**9)))


def _unknown_is_done() -> Sequence[Change]:
    return _ended_otherwise(lambda one: replace(one, ending=Ending.DONE) if one.ending is Ending.UNKNOWN else one)


def _new_links_not_noted() -> Sequence[Change]:
    return [(exports.Exporter, "_note_stock", lambda self, our_id: None)]


def _changes_not_noted() -> Sequence[Change]:
    return [(Outbox, "touch", lambda self, kind, our_ids, **more: None)]


def _orders_not_noted() -> Sequence[Change]:
    return [(Outbox, "touch_stock_of", lambda self, codes: None)]


def _orders_not_read_before_stock() -> Sequence[Change]:
    return [(cycle, "Outbound", lambda *args: Outbound(*args[:-1], lambda: None))]


def _orders_read_long_ago() -> Sequence[Change]:
    return [(stock_sends, "FRESH", timedelta(days=1))]


def _sent_in_part_is_kept() -> Sequence[Change]:
    def pieces(order: Any, items: Any, told: Any = None) -> Any:
        return real(replace(order, lines=tuple(replace(line, gone=None) for line in order.lines)), items, told)

    real = open_orders.pieces_of
    return [(open_orders, "pieces_of", pieces)]


def _own_parcels_seen_late() -> Sequence[Change]:
    return [(Shipments, "told", lambda self, cart_id, order_ids: {})]


def _open_parcels_not_waited_for() -> Sequence[Change]:
    return [(stock_sends, "_certain", lambda out, rows: rows)]


def _waiting_orders_not_counted() -> Sequence[Change]:
    return [(cycle, "note_open_orders", lambda *args: None)]


def _blind_outbox_stock() -> Sequence[Change]:
    def write(change: Any) -> Any:
        return replace(real(change), expected=None)

    real = stock_sends._stock_write
    return [(stock_sends, "_stock_write", write)]


def _brakes_off() -> Sequence[Change]:
    return [(outbound, "check_counts", lambda harms, population: ())]


def _parcel_not_looked_up() -> Sequence[Change]:
    return [(SimCart, "find_shipments", lambda self, order_id: [])]


def _left_sending() -> Sequence[Change]:
    """Rows that a dead process left on their way are nobody's."""
    return [(outbox_table, "_OPEN", "state IN ('waiting', 'unknown')")]


RULES: tuple[Rule, ...] = (
    Rule(
        "read again before the cursor",
        _no_overlap,
        ("the cursor passes nothing unread", "it converges", "nothing is sold twice"),
    ),
    Rule(
        "a list must reach its total",
        _no_total_check,
        ("the cursor passes nothing unread", "it converges", "nothing is sold twice"),
    ),
    Rule(
        "a mark counts once its list is whole",
        _mark_of_its_own_page,
        ("the cursor passes nothing unread", "nothing is sold twice"),
    ),
    Rule("a page that comes again ends the cycle", _no_loop_guard, ("it ends", "the cursor passes nothing unread")),
    Rule("an ignored filter is found out", _no_filter_check, ("only what was asked for",)),
    Rule("the importer refuses orders from before the start", _no_start_date, ("no order from before the start",)),
    Rule("a bad record blocks no other", _bad_blocks, ("it converges",)),
    Rule("a bad record is held, not dropped", _bad_dropped, ("received is the sum of outcomes",)),
    Rule("what is known is not new", _known_forgotten, ("no bug",)),
    Rule("same content is the same", _never_same, ("nothing new, nothing done", "it converges")),
    Rule("other content is a change", _always_same, ("it converges",)),
    Rule("a change after import is noted", _changes_overwrite_nothing, ("it converges",)),
    Rule(
        "the cursor moves with the rows", _cursor_first, ("the cursor passes nothing unread", "nothing is sold twice")
    ),
    Rule(
        "the cursor is the cart's time",
        _cursor_from_our_clock,
        ("the cursor passes nothing unread", "it converges", "nothing is sold twice"),
    ),
    Rule("the cursor never goes back", _cursor_goes_back, ("the cursor never goes back",)),
    Rule("open orders are read again", _open_orders_left, ("it converges",)),
    Rule("refunds become credit notes", _refunds_left, ("it converges",)),
    Rule(
        "a refund is credited when the money went back",
        _credited_before_the_money_went,
        ("no more is credited than was given back",),
    ),
    Rule("no more is credited than was charged", _credited_without_bound, ("no more is credited than was given back",)),
    Rule(
        "pages by number are read until nothing is new",
        _one_scan,
        ("the cursor passes nothing unread", "nothing is sold twice"),
    ),
    Rule("one process at a time", _lease_for_all, ("one process at a time",)),
    Rule("a token that is too old writes nothing", _token_not_asked, ("one process at a time", "no bug")),
    Rule("all or nothing", _half_done_stays, ("no bug", "one process at a time")),
    Rule("Stop is obeyed between pages", _stop_not_asked, ("Stop is obeyed",)),
    Rule(
        "journalled before it is sent", _journal_after, ("journalled before it is sent", "what we wrote is remembered")
    ),
    Rule("open entries are looked up", _no_recovery, ("it converges",)),
    Rule("looked up before it is made", _sent_again_blindly, ("it converges",)),
    Rule("stock is compared and set", _blind_stock, ("no stock is overwritten unseen",)),
    Rule("what was approved is compared", _approved_is_not_compared, ("nothing is overwritten that was not shown",)),
    Rule("a change while it is sent is sent again", _later_change_forgotten, ("it converges",)),
    Rule("what had no answer is looked up", _unknown_is_done, ("it converges",)),
    Rule("what was made there is told its stock", _new_links_not_noted, ("it converges",)),
    Rule("a change is noted with it", _changes_not_noted, ("it converges",)),
    Rule("an order moves what is left", _orders_not_noted, ("it converges",)),
    Rule("orders are read before stock is written", _orders_not_read_before_stock, ("nothing is sold twice",)),
    Rule("orders read long ago are read again", _orders_read_long_ago, ("nothing is sold twice",)),
    Rule(
        "what a cart sent in part is not offered again",
        _sent_in_part_is_kept,
        ("nothing is sold twice", "it converges"),
    ),
    Rule("our own parcels are known at once", _own_parcels_seen_late, ("nothing is sold twice", "it converges")),
    Rule("a number waits for an open parcel", _open_parcels_not_waited_for, ("nothing is sold twice",)),
    Rule("orders that wait are sold", _waiting_orders_not_counted, ("it converges", "nothing is sold twice")),
    Rule("the outbox compares and sets", _blind_outbox_stock, ("no stock is overwritten unseen",)),
    Rule("much harm at once is asked for", _brakes_off, ("a brake holds",)),
    Rule("parcels are looked up before they are told", _parcel_not_looked_up, ("it converges",)),
    Rule("what a dead process left is sent", _left_sending, ("it converges",)),
    Rule("our own write is remembered", _own_write_forgotten, ("what we wrote is remembered",)),
)

FIRST: dict[str, int] = {
    "read again before the cursor": 11,
    "a list must reach its total": 179,
    "a mark counts once its list is whole": 179,
    "a page that comes again ends the cycle": 108,
    "an ignored filter is found out": 84,
    "the importer refuses orders from before the start": 5,
    "a bad record blocks no other": 18,
    "a bad record is held, not dropped": 18,
    "what is known is not new": 0,
    "same content is the same": 0,
    "other content is a change": 0,
    "a change after import is noted": 0,
    "the cursor moves with the rows": 3,
    "the cursor is the cart's time": 2,
    "the cursor never goes back": 1,
    "open orders are read again": 209,
    "refunds become credit notes": 1,
    "a refund is credited when the money went back": 5,
    "no more is credited than was charged": 205,
    "pages by number are read until nothing is new": 179,
    "one process at a time": 18,
    "a token that is too old writes nothing": 15,
    "all or nothing": 1,
    "Stop is obeyed between pages": 513,
    "journalled before it is sent": 0,
    "open entries are looked up": 1,
    "looked up before it is made": 179,
    "stock is compared and set": 77,
    "what was approved is compared": 172,
    "a change while it is sent is sent again": 58,
    "what had no answer is looked up": 9,
    "what was made there is told its stock": 0,
    "a change is noted with it": 0,
    "an order moves what is left": 11,
    "orders are read before stock is written": 1,
    "orders read long ago are read again": 818,
    "what a cart sent in part is not offered again": 289,
    "our own parcels are known at once": 242,
    "a number waits for an open parcel": 283,
    "orders that wait are sold": 1,
    "the outbox compares and sets": 21,
    "much harm at once is asked for": 72,
    "parcels are looked up before they are told": 115,
    "what a dead process left is sent": 1,
    "our own write is remembered": 0,
}
"""`python -m tests.simulation 0 --rules` prints it. A seed that is out of date costs time, nothing else."""
