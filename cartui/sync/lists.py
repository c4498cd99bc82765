"""Lists for screens and command line: the system's side from the books, the cart's side asked from the cart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartui.domain.ids import RecordKind
from cartui.domain.rows import RowSource
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


class SystemList(StrEnum):
    """The lists of the system's side of one cart."""

    ORDERS = "orders"
    ITEMS = "items"
    CUSTOMERS = "customers"
    HELD = "held"
    ACTIVITY = "activity"


def system_rows(ws: Workspace, name: str, which: SystemList) -> RowSource:
    """Rows of our tables for the screen; keys are our ids as text (held: "kind:external id")."""
    raise NotImplementedError


def system_dicts(ws: Workspace, name: str, which: SystemList, query: str = "") -> Iterator[Mapping[str, object]]:
    """The same for `--json`/`--csv`: one mapping a row, JSON-able values, times as ISO 8601 UTC, money as text."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class CartListing:
    """What the cart holds of one kind, as read by "List all"; kept on disk until `close()`. Row keys are the cart's ids.
    `notes` are sentences to show (rows that could not be read, totals that do not agree)."""

    kind: RecordKind
    rows: RowSource
    count: int
    notes: tuple[str, ...]
    close: Callable[[], None]


def list_cart(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> CartListing:
    """List All: read every order, item or customer of the cart. Columns of items: SKU, name, variant, price, stock (cart),
    Item Code, Cost, Stock (the last three typed in by a person), state (linked to X / new / parent)."""
    raise NotImplementedError


def cart_dicts(
    ws: Workspace, name: str, kind: RecordKind, query: str = "", *, stop: Callable[[], bool] = never_stop
) -> Iterator[Mapping[str, object]]:
    """The same for `--json`/`--csv`, streamed as the pages come."""
    raise NotImplementedError
