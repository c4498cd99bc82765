"""The Shopping Cart documents: list, create, change, test, start and stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cartui.domain.guard import GuardProblem
from cartui.domain.outcomes import CycleReport
from cartui.domain.ports import Capability, StageResult
from cartui.domain.settings import CartConnection, CartDocument, CartSettings
from cartui.sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CartView:
    """One cart as a person sees it: the document and what the books know about it.

    last_order_from / last_update_time: the fields of that name: where the cursors stand, else the first value set.
    problems: what the guard misses. lease_holder: who synchronises it just now, "" for nobody.
    """

    document: CartDocument
    title: str
    capabilities: frozenset[Capability]
    last_order_from: datetime | None
    last_update_time: datetime | None
    problems: tuple[GuardProblem, ...]
    held: int
    last_cycle: CycleReport | None
    lease_holder: str


def list_carts(ws: Workspace) -> list[CartView]:
    """All carts by name."""
    raise NotImplementedError


def view_cart(ws: Workspace, name: str) -> CartView:
    """One cart; `NeedsOperatorError` where there is none of that name."""
    raise NotImplementedError


def new_cart(ws: Workspace, name: str, connection: CartConnection, settings: CartSettings | None = None) -> CartDocument:
    """Create a cart, STOPPED and untested. All problems of the input are named in one `NeedsOperatorError`."""
    raise NotImplementedError


def check_connection(ws: Workspace, connection: CartConnection) -> list[str]:
    """What is wrong with a connection as typed, each a sentence; no request is sent."""
    raise NotImplementedError


def save_cart(ws: Workspace, document: CartDocument) -> CartDocument:
    """Store an edited document; refuses if another admin saved it since it was read."""
    raise NotImplementedError


def set_last_order_from(ws: Workspace, name: str, at: datetime) -> CartDocument:
    """Set *Last Order from*: the first date and the cursor. Only while STOPPED."""
    raise NotImplementedError


def set_last_update_time(ws: Workspace, name: str, at: datetime) -> CartDocument:
    """Set *Last update time*: the first date and the cursors of customers and items. Only while STOPPED."""
    raise NotImplementedError


def duplicate_cart(ws: Workspace, name: str, new_name: str) -> CartDocument:
    """A copy of connection and switches under a new name: STOPPED, untested, without dates, links or documents."""
    raise NotImplementedError


def delete_cart(ws: Workspace, name: str) -> None:
    """Delete a cart and what is remembered of its records. Its documents stay. Only while STOPPED."""
    raise NotImplementedError


def test_connection(ws: Workspace, name: str) -> Iterator[StageResult]:
    """Test Connection, stage by stage as they end; a full pass is remembered for the guard."""
    raise NotImplementedError


def start_cart(ws: Workspace, name: str, *, confirmed: bool = False) -> CartDocument:
    """Set RUNNING if the guard allows it, else `NeedsOperatorError` that names all that is missing with its remedy.
    `confirmed`: the person typed the cart's name."""
    raise NotImplementedError


def stop_cart(ws: Workspace, name: str, reason: str = "") -> CartDocument:
    """Set STOPPED; a cycle under way ends after its current page."""
    raise NotImplementedError
