"""`cartui items` and `cartui customers`: the system's own records, whichever cart."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from cartui.cli import output
from cartui.cli.csv_files import read_pairs, show_changes
from cartui.cli.session import open_session
from cartui.domain.ids import RecordKind
from cartui.domain.record_changes import Subject
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import registers
from cartui.sync.bulk_undo import list_bulk, preview_bulk_undo
from cartui.sync.record_changes import apply_changes, preview_bulk
from cartui.sync.record_edit import FIELDS, Opened, Stale, new_record, open_record, save_record
from cartui.sync.workspace import Workspace

_SUBJECT = {RecordKind.ITEM: Subject.ITEMS, RecordKind.CUSTOMER: Subject.CUSTOMERS}
_SHOWN = {
    RecordKind.ITEM: ("code", "name", "barcode", "price", "currency", "on_hand", "allocated", "free", "orderable"),
    RecordKind.CUSTOMER: ("code", "first_name", "last_name", "company", "email", "phone", "guest"),
}
_ID = {RecordKind.ITEM: "item_id", RecordKind.CUSTOMER: "customer_id"}


def run_items(arguments: argparse.Namespace) -> int:
    """Items of the system."""
    return _run(arguments, RecordKind.ITEM, {})


def run_customers(arguments: argparse.Namespace) -> int:
    """Customers of the system."""
    more = {"duplicates": _duplicates, "merge": _merge, "unmerge": _unmerge, "merges": _merges}
    return _run(arguments, RecordKind.CUSTOMER, more)


def _run(
    arguments: argparse.Namespace, kind: RecordKind, more: Mapping[str, Callable[[Workspace, argparse.Namespace], int]]
) -> int:
    with open_session() as ws:
        if arguments.action in more:
            return more[arguments.action](ws, arguments)
        return {"list": _list, "show": _show, "new": _new, "edit": _edit, "undo": _undo}[arguments.action](
            ws, arguments, kind
        )


def _how(arguments: argparse.Namespace) -> str:
    return "json" if arguments.json else "csv" if arguments.csv else "table"


def _rows(ws: Workspace, kind: RecordKind, query: str) -> list[Mapping[str, object]]:
    make = registers.item_dicts if kind is RecordKind.ITEM else registers.customer_dicts
    return list(make(ws, query))


def _list(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    rows = _rows(ws, kind, arguments.where or "")
    if arguments.ids:
        wanted = {str(one) for one in registers.find_ids(ws, kind, arguments.ids)}
        rows = [row for row in rows if row[_ID[kind]] in wanted]
    how = _how(arguments)
    count = output.rows_out(rows, how) if how != "table" else output.table_out(rows, _SHOWN[kind])
    if not count and how == "table":
        output.words("Nothing to list.")
    return ExitCode.OK


def _one(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    if len(arguments.ids) != 1:
        raise NeedsOperatorError(f"Which {kind}?", f"Name one code: `cartui {kind}s {arguments.action} CODE`.")
    return registers.find_ids(ws, kind, arguments.ids)[0]


def _show(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    _tell(open_record(ws, kind, _one(ws, arguments, kind)), json=arguments.json)
    return ExitCode.OK


def _tell(opened: Opened, *, json: bool) -> None:
    if json:
        output.json_line({_ID[opened.kind]: opened.our_id, "version": opened.version, **opened.texts})
        return
    for spec in FIELDS[opened.kind]:
        output.line(f"{spec.title:20} {opened.texts[spec.name]}".rstrip())


def _texts(arguments: argparse.Namespace, kind: RecordKind) -> dict[str, str]:
    pairs = read_pairs(arguments.edits, "--set")
    known = [spec.name for spec in FIELDS[kind]]
    if unknown := [name for name in pairs if name not in known]:
        raise NeedsOperatorError(f"There is no field {unknown[0]!r}.", f"The fields: {', '.join(known)}.")
    return pairs


def _new(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    texts = _texts(arguments, kind)
    if len(arguments.ids) > 1:
        raise NeedsOperatorError("One at a time.", "For many use `cartui import-csv`.")
    if arguments.ids:
        texts["code"] = arguments.ids[0]
    if arguments.dry_run:
        raise NeedsOperatorError("A new record has nothing to compare with.", "Leave --dry-run out.")
    made = new_record(ws, kind, dict.fromkeys((spec.name for spec in FIELDS[kind]), "") | texts)
    _tell(made, json=arguments.json)
    return ExitCode.OK


def _edit(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    if not arguments.edits:
        raise NeedsOperatorError("What is to be changed?", "Say --set FIELD=VALUE, or FIELD+10% for numbers.")
    ids = _chosen(ws, arguments, kind)
    name = arguments.edits[0].partition("=")[0]
    if len(ids) == 1 and all("=" in word for word in arguments.edits) and name in {one.name for one in FIELDS[kind]}:
        return _edit_one(ws, arguments, kind, ids[0])
    if len(arguments.edits) > 1:
        raise NeedsOperatorError("Of several records one field is changed at a time.", "Give --set once.")
    changes = preview_bulk(ws, _SUBJECT[kind], ids, arguments.edits[0])
    if arguments.dry_run or changes.errors:
        show_changes(changes, json=arguments.json, done=False)
        return ExitCode.CONFIG_OR_GUARD if changes.errors else ExitCode.OK
    apply_changes(ws, changes)
    show_changes(changes, json=arguments.json, done=True)
    return ExitCode.OK


def _chosen(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> list[int]:
    ways = [bool(arguments.ids), arguments.all, arguments.where is not None]
    if sum(ways) != 1:
        raise NeedsOperatorError(f"Which {kind}s?", "Name codes, or say --all, or --where QUERY: one of them.")
    if arguments.ids:
        return registers.find_ids(ws, kind, arguments.ids)
    return [int(str(row[_ID[kind]])) for row in _rows(ws, kind, arguments.where or "")]


def _undo(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind) -> int:
    """Take a change of many, or a CSV file, back."""
    subject = _SUBJECT[kind]
    if arguments.list:
        rows = [
            {
                "number": one.number,
                "at": one.at.isoformat(),
                "by": one.actor,
                "what": one.headline,
                "undone": one.undone_by,
            }
            for one in list_bulk(ws, subject)
        ]
        output.rows_out(rows, _how(arguments))
        return ExitCode.OK
    number = next(iter(arguments.ids), None)
    if len(arguments.ids) > 1 or (number is not None and not (number.isascii() and number.isdigit())):
        raise NeedsOperatorError("Undo takes the number of one change.", f"See `cartui {kind}s undo --list`.")
    changes = preview_bulk_undo(ws, subject, None if number is None else int(number))
    output.words(f"{'; '.join(changes.notes)}.")
    if not arguments.dry_run:
        apply_changes(ws, changes)
    show_changes(changes, json=arguments.json, done=not arguments.dry_run)
    return ExitCode.OK


def _edit_one(ws: Workspace, arguments: argparse.Namespace, kind: RecordKind, our_id: int) -> int:
    opened = open_record(ws, kind, our_id)
    texts = {**opened.texts, **_texts(arguments, kind)}
    if arguments.dry_run:
        for name, text in texts.items():
            if text != opened.texts[name]:
                output.line(f"{name}: {opened.texts[name] or '-'} -> {text or '-'}")
        return ExitCode.OK
    saved = save_record(ws, opened, texts)
    if isinstance(saved, Stale):
        raise NeedsOperatorError(saved.problem, "Run it again.")
    _tell(saved, json=arguments.json)
    return ExitCode.OK


# --- customers that are one and the same ------------------------------------------------------------------------------


def _duplicates(ws: Workspace, arguments: argparse.Namespace) -> int:
    rows = [
        {
            "group": number,
            "code": one.code,
            "name": one.name,
            "email": one.email,
            "phone": one.phone,
            "guest": one.guest,
            "why": group.why,
        }
        for number, group in enumerate(registers.list_duplicates(ws), 1)
        for one in group.customers
    ]
    if not output.rows_out(rows, _how(arguments)) and _how(arguments) == "table":
        output.words("No two customers share an e-mail, a phone, a tax number, or name and postcode.")
    return ExitCode.OK


def _merge(ws: Workspace, arguments: argparse.Namespace) -> int:
    if len(arguments.ids) != 2:
        raise NeedsOperatorError("Which two?", "Write `cartui customers merge KEPT GONE`, both by code.")
    ids = registers.find_ids(ws, RecordKind.CUSTOMER, arguments.ids)
    preview = registers.preview_merge(ws, ids[0], ids[-1])
    if preview.problem:
        raise NeedsOperatorError(preview.problem, "Choose two registered customers, or two guests.")
    for one in preview.fields:
        output.line(f"{one.name}: {one.before or '-'} -> {one.after or '-'}")
    if arguments.dry_run:
        return ExitCode.OK
    number = registers.merge_customers(ws, preview)
    output.words(
        f"{preview.gone.code} is part of {preview.kept.code} now; `cartui customers unmerge {number}` undoes it."
    )
    return ExitCode.OK


def _unmerge(ws: Workspace, arguments: argparse.Namespace) -> int:
    if len(arguments.ids) != 1 or not arguments.ids[0].isdecimal():
        raise NeedsOperatorError("Which merge?", "Name its number: `cartui customers merges` lists them.")
    back = registers.undo_merge(ws, int(arguments.ids[0]))
    output.words(f"{back.code} {back.name} is back.")
    return ExitCode.OK


def _merges(ws: Workspace, arguments: argparse.Namespace) -> int:
    rows = [
        {
            "number": one.merge_id,
            "kept": one.kept_code,
            "gone": one.gone_code,
            "name": one.gone_name,
            "at": one.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "by": one.actor,
            "undone": one.undone_at is not None,
        }
        for one in registers.list_merges(ws)
    ]
    if not output.rows_out(rows, _how(arguments)) and _how(arguments) == "table":
        output.words("Nothing was merged.")
    return ExitCode.OK
