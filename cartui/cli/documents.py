"""`cartui document` and `cartui approve`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from decimal import Decimal

from cartui.cli import output
from cartui.cli.interrupt import Interrupts
from cartui.cli.session import open_session
from cartui.cli.show import document_row, money, show_document
from cartui.domain.approval import Approval
from cartui.domain.documents import Document
from cartui.domain.editing import DocumentEdit
from cartui.domain.ids import DocumentId
from cartui.domain.money import AmountError, parse_amount
from cartui.domain.settings import DocumentKind
from cartui.errors import ExitCode, NeedsOperatorError, headless
from cartui.sync import approvals, fulfilment
from cartui.sync.approvals import Approved
from cartui.sync.document_edits import preview_edit, save_edit
from cartui.sync.documents import find_document, view_document
from cartui.sync.lists import SystemList, system_dicts
from cartui.sync.workspace import Workspace


def run_document(arguments: argparse.Namespace) -> int:
    """One document."""
    doing: Mapping[str, Callable[[Workspace, argparse.Namespace, Document], int]] = {
        "show": _show,
        "edit": _edit,
        "void": _void,
        "convert": _convert,
        "credit": _credit,
        "ship": _ship,
        "close": _close,
        "pay": _pay,
        "pick": _pick,
        "audit": _audit,
    }
    if arguments.ids and arguments.action not in ("edit", "pick"):
        raise NeedsOperatorError(f"{arguments.action} takes one document.", "Read `cartui document --help`.")
    with open_session() as ws:
        return doing[arguments.action](ws, arguments, find_document(ws, arguments.number))


def _show(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    view = view_document(ws, document.document_id)
    if arguments.json:
        output.json_line(document_row(view))
    else:
        show_document(view)
    return ExitCode.OK


def _audit(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    rows = [
        {
            "at": one.at.isoformat().replace("+00:00", "Z"),
            "by": one.actor,
            "action": one.action,
            "field": one.field,
            "before": one.before,
            "after": one.after,
            "version": one.version,
        }
        for one in view_document(ws, document.document_id).audit
    ]
    if not output.rows_out(rows, "json" if arguments.json else "table"):
        output.words("Nothing was done to it since it was imported.")
    return ExitCode.OK


# --- edit, void, close ---


def _edit(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    if not arguments.ids:
        raise NeedsOperatorError("What is to be changed?", "Name it: note='gift wrap', line.2.quantity=3.")
    edit = read_edit(arguments.ids)
    edited = preview_edit(ws, document, edit)
    if edited.problems:
        raise NeedsOperatorError(" ".join(edited.problems), "Nothing was saved.")
    always = [at for at, line in edit.lines.items() if line.get("item_code")] if arguments.always else []
    if not arguments.dry_run:
        save_edit(ws, document, edit, always=always)
    for change in edited.changes:
        row = {"field": change.name, "before": change.before, "after": change.after}
        if arguments.json:
            output.json_line({"document_number": document.number, **row})
        else:
            output.line(f"{change.name}: {change.before or '-'} -> {change.after or '-'}")
    for sentence in edited.notes:
        output.words(sentence)
    if not edited.changes:
        output.words("Nothing is different.")
    return ExitCode.OK


def read_edit(words: list[str]) -> DocumentEdit:
    """`FIELD=VALUE`, `line.2.FIELD=VALUE`, `line.new.FIELD=VALUE`, `line.2=remove` words as an edit."""
    fields: dict[str, str] = {}
    lines: dict[int, dict[str, str]] = {}
    new: dict[str, str] = {}
    removed: set[int] = set()
    for word in words:
        target, equals, value = word.partition("=")
        if not equals:
            raise NeedsOperatorError(f"{word!r} is no FIELD=VALUE.", "Such as note='gift wrap' or line.2.quantity=3.")
        head, _, rest = target.partition(".")
        if head != "line":
            fields[target] = value
            continue
        which, _, name = rest.partition(".")
        if which == "new" and name:
            new[name] = value
        elif not which.isdigit():
            raise NeedsOperatorError(f"{target!r} names no line.", "Lines are numbered: line.2.quantity=3.")
        elif not name and value == "remove":
            removed.add(int(which))
        else:
            lines.setdefault(int(which), {})[name] = value
    return DocumentEdit(fields, lines, (new,) if new else (), frozenset(removed))


def _void(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    return _told(approvals.void_document(ws, document, arguments.reason), arguments, "is VOID")


def _close(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    return _told(approvals.close_order(ws, document, arguments.reason), arguments, "is closed")


def _told(document: Document, arguments: argparse.Namespace, what: str) -> int:
    if arguments.json:
        output.json_line(_head(document))
    else:
        output.line(f"{document.name} {what}.")
    return ExitCode.OK


def _head(document: Document) -> dict[str, object]:
    draft = document.draft
    return {
        "document_number": document.number,
        "posted_number": document.posted_number,
        "kind": draft.kind.value,
        "status": document.status.value,
        "total": money(draft.total, draft.currency),
        "open": money(document.open_amount, draft.currency),
        "currency": draft.currency,
    }


# --- what is made from it ---


def read_quantities(words: list[str]) -> dict[int, Decimal] | None:
    """`POSITION=QUANTITY` words; None for none."""
    found: dict[int, Decimal] = {}
    for word in words:
        position, equals, quantity = word.partition("=")
        if not (position.isdigit() and equals):
            raise NeedsOperatorError(f"--line wants POSITION=QUANTITY, not {word!r}.", "Such as --line 1=2.")
        found[int(position)] = read_amount(quantity)
    return found or None


def read_amount(text: str) -> Decimal:
    """An exact number as typed."""
    try:
        return parse_amount(text)
    except AmountError as error:
        raise NeedsOperatorError(str(error), "Write it like 12.50.") from None


def _convert(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    quantities = read_quantities(arguments.lines)
    kind = DocumentKind(arguments.to)
    made = fulfilment.convert_order(ws, document, kind, quantities=quantities, shipped=arguments.shipped)
    return _made(ws, arguments, made)


def _credit(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    made = fulfilment.credit_document(
        ws,
        document,
        quantities=read_quantities(arguments.lines),
        keep=arguments.keep,
        paid_back=arguments.paid_back,
    )
    return _made(ws, arguments, made)


def _made(ws: Workspace, arguments: argparse.Namespace, made: DocumentId) -> int:
    code: int = ExitCode.OK
    if arguments.approve:
        [done] = approvals.approve_documents(ws, approvals.preview_approvals(ws, [made]))
        if done.problem:
            output.words(f"It was made but not approved: {done.problem} {headless(done.remedy)}")
            code = ExitCode.HELD_RECORDS
    document = ws.books.documents.get(made)
    _told(document, arguments, f"was made, {document.status.value}")
    return code


def _ship(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    parcel = fulfilment.Parcel(
        read_quantities(arguments.lines), arguments.carrier, arguments.tracking, arguments.tracking_url
    )
    made = fulfilment.ship_document(ws, document, parcel)
    left = fulfilment.shippable(ws, ws.books.documents.get(document.document_id))
    rest = {str(position): format(quantity, "f") for position, quantity in left.items() if quantity}
    if arguments.json:
        output.json_line({**_head(document), "shipment_id": made, "on_back_order": rest})
    else:
        words = ", ".join(f"{quantity} of line {position}" for position, quantity in rest.items())
        output.line(f"Shipment {made} of {document.name}." + (f" On back-order: {words}." if rest else " Complete."))
    return ExitCode.OK


def _pay(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    amount = read_amount(arguments.amount) if arguments.amount else document.open_amount
    after = fulfilment.receive_payment(ws, document, amount, arguments.method)
    return _told(after, arguments, f"has {money(after.open_amount, after.draft.currency)} open")


def _pick(ws: Workspace, arguments: argparse.Namespace, document: Document) -> int:
    documents = [document, *(find_document(ws, number) for number in arguments.ids)]
    lines = fulfilment.pick_list(ws, documents)
    for text in lines:
        output.line(text)
    if not lines:
        output.words("Nothing is left to pick.")
    return ExitCode.OK


# --- approve ---


def run_approve(arguments: argparse.Namespace) -> int:
    """Approve documents, after a look."""
    by_query = arguments.where is not None or arguments.all
    if bool(arguments.ids) == by_query or (arguments.where is not None and arguments.all):
        raise NeedsOperatorError(
            "Which documents?", "Name their numbers, or say --cart NAME with --all or with --where QUERY."
        )
    if by_query != (arguments.of_cart is not None):
        raise NeedsOperatorError("--all and --where go with --cart NAME.", "Name the cart.")
    with open_session() as ws, Interrupts() as interrupts:
        previewed = approvals.preview_approvals(ws, _chosen(ws, arguments))
        if not previewed:
            output.words("Nothing is PENDING there.")
            return ExitCode.OK
        if arguments.dry_run or not arguments.json:
            for one in previewed:
                show_approval(one, json=arguments.json)
            output.words(headline(previewed))
        if arguments.dry_run:
            return ExitCode.HELD_RECORDS if any(one.problem for one in previewed) else ExitCode.OK
        _ensure_agreed(arguments, previewed)
        done = approvals.approve_documents(ws, previewed, progress=output.progress, stop=interrupts.stop)
        return _report(done, len(previewed), json=arguments.json)


def _chosen(ws: Workspace, arguments: argparse.Namespace) -> list[DocumentId]:
    if arguments.ids:
        return [find_document(ws, number).document_id for number in dict.fromkeys(arguments.ids)]
    query = f"{arguments.where or ''} status=PENDING".strip()
    rows = system_dicts(ws, arguments.of_cart, SystemList.ORDERS, query)
    return [find_document(ws, str(row["document_number"])).document_id for row in rows]


def show_approval(approval: Approval, *, json: bool) -> None:
    """What one approval will do."""
    if json:
        output.json_line(approval_row(approval))
        return
    document, draft = approval.document, approval.document.draft
    head = f"{document.name}  {draft.kind.label}  {draft.customer_name}  {money(draft.total, draft.currency)}"
    output.line(f"{head} {draft.currency}")
    if approval.problem:
        output.line(f"    refused: {approval.problem} {headless(approval.remedy)}", "bad")
        return
    for one in approval.transfers:
        output.line(f"    {one.debit} <- {one.credit}  {money(one.amount, one.currency)} {one.currency}")
    for move in approval.moves:
        output.line(f"    stock {move.quantity:+f} ({move.reason})")
    for quantity in approval.allocations.values():
        output.line(f"    allocate {quantity:f}")
    for sentence in approval.notes:
        output.line(f"    ! {sentence}", "warn")


def approval_row(approval: Approval) -> dict[str, object]:
    """The same for `--json`."""
    return {
        **_head(approval.document),
        "problem": approval.problem,
        "remedy": approval.remedy,
        "postings": [
            {"debit": one.debit, "credit": one.credit, "amount": money(one.amount, one.currency),
             "currency": one.currency}
            for one in approval.transfers
        ],
        "stock": [{"item_id": one.item_id, "quantity": format(one.quantity, "f")} for one in approval.moves],
        "allocated": [{"item_id": key, "quantity": format(one, "f")} for key, one in approval.allocations.items()],
        "notes": list(approval.notes),
    }  # fmt: skip


def headline(previewed: list[Approval]) -> str:
    """ "Approve 12 documents, 340.50 EUR; 1 refused." """
    good = [one.document.draft for one in previewed if not one.problem]
    sums: dict[str, Decimal] = {}
    for draft in good:
        sums[draft.currency] = sums.get(draft.currency, Decimal(0)) + draft.total
    worth = "".join(f", {money(amount, currency)} {currency}" for currency, amount in sorted(sums.items()))
    refused = len(previewed) - len(good)
    return f"Approve {len(good)} document(s){worth}" + (f"; {refused} refused." if refused else ".")


def _ensure_agreed(arguments: argparse.Namespace, previewed: list[Approval]) -> None:
    if arguments.yes or all(one.problem for one in previewed):
        return
    answer = output.ask("Post this? It can't be changed afterwards, only credited. [y/N]")
    if answer is None:
        raise NeedsOperatorError(
            f"Nothing was posted: {headline(previewed)}", "Without a terminal, say --yes, or look with --dry-run."
        )
    if answer.lower() not in ("y", "yes"):
        raise NeedsOperatorError("Nothing was posted.", "Run it again and answer y.")


def _report(done: list[Approved], wanted: int, *, json: bool) -> int:
    for one in done:
        if json:
            output.json_line({
                "document_number": one.name,
                "posted_number": one.number,
                "problem": one.problem,
                "remedy": one.remedy,
            })  # fmt: skip
        elif one.problem:
            output.line(f"{one.name}  not approved: {one.problem} {headless(one.remedy)}", "bad")
        else:
            output.line(f"{one.name}  approved as {one.number}", "good")
    refused = [one for one in done if one.problem]
    rest = f"; {wanted - len(done)} not reached" if len(done) < wanted else ""
    output.words(f"{len(done) - len(refused)} approved, {len(refused)} refused{rest}.")
    if len(done) < wanted:
        return ExitCode.INTERRUPTED
    return ExitCode.HELD_RECORDS if refused else ExitCode.OK
