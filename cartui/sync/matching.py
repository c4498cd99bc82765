"""The match workbench: proposals to link the cart's items or customers to ours, and the plan of those that are accepted
(N13). Accepted links go the way of all plans, so one apply is one batch that undo takes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cartui.domain.csv_table import CsvTable
from cartui.domain.ids import Direction, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.matching import (
    CUSTOMER_WEIGHTS,
    ITEM_WEIGHTS,
    SAFE,
    Proposal,
    Standing,
    cart_customer_sides,
    cart_item_sides,
    our_customer_sides,
    our_item_sides,
    propose,
)
from cartui.domain.plan import Doing, Plan, PlannedChange, PlanRequest
from cartui.domain.plan_customers import customer_label, plan_link_customers
from cartui.domain.plan_items import item_label, plan_link_items
from cartui.domain.ports import BadRecord, Received
from cartui.domain.settings import CartDocument
from cartui.errors import NeedsOperatorError
from cartui.sync.cart_reads import iter_kind, tested_cart
from cartui.sync.ground import customer_ground, item_ground
from cartui.sync.workspace import Progress, ProgressSink, StopRequested, Workspace, never_stop, no_progress

ID_NAMES: Mapping[RecordKind, str] = {RecordKind.ITEM: "cart_item_id", RecordKind.CUSTOMER: "cart_customer_id"}


@dataclass(frozen=True, slots=True)
class Bench:
    """What a cart holds of one kind, as read now, and what each row would be linked to.

    rows       as the cart sent them, by its id
    proposals  of the rows that are not linked, in the cart's order
    linked     the links that are there already, by the cart's id
    codes      our codes by our id as text
    """

    document: CartDocument
    kind: RecordKind
    rows: Mapping[str, Received[Any]]
    proposals: tuple[Proposal, ...]
    linked: Mapping[str, CartRecord]
    codes: Mapping[str, str]

    def keys_from(self, least: int = SAFE) -> list[str]:
        """The cart's ids of what is proposed with at least that score."""
        return [one.key for one in self.proposals if one.standing is Standing.PROPOSED and one.score >= least]


def open_bench(
    ws: Workspace,
    name: str,
    kind: RecordKind,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Bench:
    """Read the cart's items or customers and propose what to link them to; nothing is written."""
    if kind not in ID_NAMES:
        raise NeedsOperatorError("Orders are not matched.", "Import them: that links them to their documents.")
    document = ws.books.carts.get(name)
    rows: dict[str, Received[Any]] = {}
    with tested_cart(ws, document) as cart:
        for page in iter_kind(cart, kind):
            if stop():
                raise StopRequested
            rows |= {row.external_id: row for row in page.rows}
            progress(Progress(f"{kind}s", len(rows), page.total))
    return _matched(ws, document, kind, rows)


def _matched(ws: Workspace, document: CartDocument, kind: RecordKind, rows: Mapping[str, Received[Any]]) -> Bench:
    records = ws.books.records.find_many(document.cart_id, kind, list(rows))
    linked = {key: record for key, record in records.items() if record.our_id is not None}
    good = [row.record for row in rows.values() if not isinstance(row.record, BadRecord)]
    if kind is RecordKind.ITEM:
        items = ws.books.items.list_all()
        taken = _taken(ws, document, kind, [one.item_id for one in items])
        theirs = cart_item_sides(good)
        ours = our_item_sides(one for one in items if one.item_id not in taken)
        weights, codes = ITEM_WEIGHTS, {str(one.item_id): str(one.code) for one in items}
    else:
        customers = ws.books.customers.list_all()
        taken = _taken(ws, document, kind, [one.customer_id for one in customers])
        theirs = cart_customer_sides(good)
        ours = our_customer_sides(one for one in customers if one.customer_id not in taken)
        weights, codes = CUSTOMER_WEIGHTS, {str(one.customer_id): str(one.code) for one in customers}
    found = propose([side for side in theirs if side.key not in linked], ours, weights, kind.value)
    bad = [
        Proposal(key, key, Standing.BLOCKED, reason=row.record.reason, remedy=row.record.remedy)
        for key, row in rows.items()
        if isinstance(row.record, BadRecord)
    ]
    return Bench(document, kind, rows, (*found, *bad), linked, codes)


def _taken(ws: Workspace, document: CartDocument, kind: RecordKind, ids: Sequence[int]) -> set[int]:
    return {our_id for our_id, some in ws.books.records.find_by_our_ids(document.cart_id, kind, ids).items() if some}


def plan_accepted(ws: Workspace, bench: Bench, keys: Sequence[str]) -> Plan:
    """The plan to link these rows as proposed; rows without a proposal are left out. NeedsOperatorError for none."""
    wanted = set(keys)
    chosen = {one.key: one for one in bench.proposals if one.key in wanted and one.standing is Standing.PROPOSED}
    if not chosen:
        raise NeedsOperatorError("None of these has a proposal.", "Mark rows that have one, or type a code by hand.")
    edits = {key: {"code": bench.codes[one.our_key]} for key, one in chosen.items()}
    return _plan(ws, bench, edits, {key: ", ".join(one.evidence) for key, one in chosen.items()})


def plan_codes(ws: Workspace, bench: Bench, codes: Mapping[str, str]) -> Plan:
    """The plan to link rows (the cart's ids) to the codes that a person gave."""
    if missing := [key for key in codes if key not in bench.rows]:
        raise NeedsOperatorError(
            f"The cart has no {bench.kind} {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}.",
            "Correct the ids; `cartui match NAME items --csv` lists them.",
        )
    proposed = {one.key: (bench.codes.get(one.our_key), ", ".join(one.evidence)) for one in bench.proposals}
    evidence = {key: proposed[key][1] for key, code in codes.items() if key in proposed and proposed[key][0] == code}
    return _plan(ws, bench, {key: {"code": code} for key, code in codes.items()}, evidence)


def _plan(ws: Workspace, bench: Bench, edits: Mapping[str, Mapping[str, str]], evidence: Mapping[str, str]) -> Plan:
    document, kind = bench.document, bench.kind
    rows = [bench.rows[key] for key in edits]
    if kind is RecordKind.ITEM:
        changes = plan_link_items(rows, item_ground(ws.books, document.cart_id, rows, edits), edits)
    else:
        changes = plan_link_customers(rows, customer_ground(ws.books, document.cart_id, rows, edits), edits)
    told = tuple(_with_evidence(change, evidence.get(change.key, "")) for change in changes)
    request = PlanRequest(Doing.LINK, kind, tuple(edits), edits)
    return Plan(document.cart_id, document.name, document.settings.live, kind, Direction.IMPORT, told, request)


def _with_evidence(change: PlannedChange, evidence: str) -> PlannedChange:
    if not evidence or change.record is None:
        return change
    return replace(change, reason=change.reason or evidence, record=replace(change.record, evidence=evidence))


# --- as a table -------------------------------------------------------------------------------------------------------


def bench_dicts(bench: Bench) -> Iterator[Mapping[str, object]]:
    """One mapping a row for `--json` and `--csv`, linked ones too. `code` may be changed in the CSV and read again with
    `plan_links_csv`."""
    by_key = {one.key: one for one in bench.proposals}
    for key, row in bench.rows.items():
        record, found = bench.linked.get(key), by_key.get(key)
        our_key = str(record.our_id) if record is not None else found.our_key if found is not None else ""
        yield {
            ID_NAMES[bench.kind]: key,
            "label": record.label if record is not None else _label(row),
            "standing": "linked" if record is not None else found.standing.value if found is not None else "",
            "code": bench.codes.get(our_key, ""),
            "score": found.score if found is not None and record is None else None,
            "evidence": record.evidence if record is not None else ", ".join(found.evidence) if found else "",
            "reason": found.reason if found is not None else "",
            "remedy": found.remedy if found is not None else "",
        }


def _label(row: Received[Any]) -> str:
    match row.record:
        case BadRecord():
            return row.external_id
        case record if hasattr(record, "sku"):
            return item_label(record)
        case record:
            return customer_label(record)


def plan_links_csv(ws: Workspace, bench: Bench, table: CsvTable) -> Plan:
    """The plan of a CSV with the columns of `bench_dicts`: each row that has an id and a code and is not linked so
    already. NeedsOperatorError names a missing column, and lines that say one id twice."""
    id_name = ID_NAMES[bench.kind]
    lacking = [name for name in (id_name, "code") if name not in table.header]
    if lacking:
        raise NeedsOperatorError(
            f"The file has no column {' and no column '.join(lacking)}.",
            f"Take one that `cartui match {bench.document.name!r} {bench.kind}s --csv` wrote, and change the codes.",
        )
    at_id, at_code = table.header.index(id_name), table.header.index("code")
    codes: dict[str, str] = {}
    for line in table.rows:
        key, code = line.cells[at_id].strip(), line.cells[at_code].strip()
        if not key or not code:
            continue
        if codes.setdefault(key, code) != code:
            raise NeedsOperatorError(f"Line {line.number}: {key} stands there twice with different codes.", "Keep one.")
    fresh = {
        key: code
        for key, code in codes.items()
        if not (key in bench.linked and bench.codes.get(str(bench.linked[key].our_id)) == code)
    }
    return plan_codes(ws, bench, fresh)
