"""What a person can have done with a selection: Create, Link and Import selected, Export selected, retry held ones.

Each `plan_…` reads what it needs and returns a `Plan`; nothing is written before `cartui.sync.apply.apply_plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cartui.domain.ids import RecordKind
from cartui.domain.plan import Plan
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records, by id (the cart's ids for imports and links, ours for exports; a document's/item's/customer's code
    or number is understood too), or None = all of them. `edits` are the cells a person typed: key -> column -> text;
    columns for items: code, cost, stock; for customers: code."""

    keys: Sequence[str] | None
    edits: Mapping[str, Mapping[str, str]]


def plan_import(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Import selected* (orders) and *Create selected* (items, customers). The records are read from the cart again."""
    raise NotImplementedError


def plan_link(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Link selected*: tie cart items to existing items (typed Item Code, else the one item whose code is the SKU), cart
    customers to existing customers (typed code, else the one registered customer with the e-mail)."""
    raise NotImplementedError


def plan_export(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    selection: Selection,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """*Export selected*: our items or customers to the cart. Stock is sent only where it was typed; blank writes nothing."""
    raise NotImplementedError


def plan_retry(ws: Workspace, name: str, keys: Sequence[str] | None) -> list[Plan]:
    """Held records (keys "kind:external id", None = all) read again from the cart, one plan a kind."""
    raise NotImplementedError
