"""Reports and exports of the accounts: rows for screens, tables, `--json` and CSV. Nothing is written here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from cartui.books import posting_rows
from cartui.books.accounts import Balance, OpenInvoice, Posting
from cartui.domain.aging import AGES, age_of
from cartui.domain.documents import Document
from cartui.domain.ids import CartId, DocumentId
from cartui.domain.ledger_text import Entry, ledger_lines
from cartui.domain.money import format_amount
from cartui.domain.posting import TAX, Account, AccountKey, AccountKind, rate_word
from cartui.domain.rows import RowSource
from cartui.domain.safe_text import is_safe_text
from cartui.errors import NeedsOperatorError
from cartui.sync.workspace import Workspace

_ZERO = Decimal(0)
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_PAGE = 200
ReportRow = Mapping[str, object]


def chart_rows(ws: Workspace) -> list[ReportRow]:
    """The accounts: key, name, kind."""
    return [{"key": one.key, "name": one.name, "kind": one.kind.value} for one in ws.books.accounts.chart()]


def trial_balance(ws: Workspace, until: date | None = None) -> list[Balance]:
    """Each account with a turnover, by currency; `until` is the last day that counts."""
    return ws.books.accounts.trial_balance(until)


def trial_balance_rows(ws: Workspace, until: date | None = None) -> list[ReportRow]:
    """The balance of each account in its debit or credit column, and a line with the sums of each currency."""
    rows: list[ReportRow] = []
    for currency, some in groupby(trial_balance(ws, until), key=lambda one: one.currency):
        debits = due = _ZERO
        for one in some:
            debit, credit = max(_ZERO, one.balance), max(_ZERO, -one.balance)
            debits, due = debits + debit, due + credit
            rows.append(
                _balance_row(one.account.key, one.account.name, one.account.kind.value, currency, debit, credit)
            )
        rows.append(_balance_row("", "Total", "", currency, debits, due))
    return rows


def _balance_row(key: str, name: str, kind: str, currency: str, debit: Decimal, credit: Decimal) -> ReportRow:
    return {
        "account": key,
        "name": name,
        "kind": kind,
        "currency": currency,
        "debit": format_amount(debit, currency) if debit else "",
        "credit": format_amount(credit, currency) if credit else "",
    }


def sales_rows(ws: Workspace, first: date, last: date) -> list[ReportRow]:
    """What was sold by day, cart, currency and tax rate: goods, other income (shipping, fees, discounts) and tax."""
    names = {one.cart_id: one.name for one in ws.books.carts.list_all()}
    sums: dict[tuple[date, str, str, str], dict[str, Decimal]] = {}
    mapped = {key for cart_id in names for key in ws.books.accounts.map_of(cart_id).taxes.values()}
    for one in ws.books.accounts.day_sums(first, last, [AccountKind.INCOME, AccountKind.LIABILITY]):
        tax = one.account.kind is AccountKind.LIABILITY and _is_tax(one.account.key, mapped)
        if one.account.kind is AccountKind.LIABILITY and not tax:
            continue
        cart = names.get(one.cart_id, f"cart {one.cart_id}") if one.cart_id is not None else ""
        row = sums.setdefault((one.day, cart, one.currency, rate_word(one.tax_rate)), {})
        column = "tax" if tax else "goods" if one.account.key == "sales" else "other"
        row[column] = row.get(column, _ZERO) + one.amount
    return [
        {
            "day": day.isoformat(),
            "cart": cart,
            "currency": currency,
            "tax_rate": rate,
            **{name: format_amount(row.get(name, _ZERO), currency) for name in ("goods", "other", "tax")},
            "total": format_amount(sum(row.values(), _ZERO), currency),
        }
        for (day, cart, currency, rate), row in sorted(sums.items())
    ]


def _is_tax(key: AccountKey, mapped: Collection[AccountKey]) -> bool:
    """Not every liability with a rate: what is owed to buyers (refunds, gift cards) carries the rates of its lines."""
    return key == TAX or key.startswith(f"{TAX}:") or key in mapped


@dataclass(frozen=True, slots=True)
class Receivable:
    """An invoice on which something is owed, and how old it is."""

    invoice: OpenInvoice
    age: str


def receivables(ws: Workspace) -> list[Receivable]:
    """Oldest first."""
    now = ws.clock()
    return [Receivable(one, age_of(one.placed_at, now)) for one in ws.books.accounts.open_invoices()]


def receivable_rows(ws: Workspace) -> list[ReportRow]:
    """One line an invoice."""
    names = _cart_names(ws)
    return [
        {
            "number": one.invoice.number,
            "cart": names.get(one.invoice.cart_id, ""),
            "customer": one.invoice.customer,
            "dated": one.invoice.placed_at.date().isoformat(),
            "age": one.age,
            "currency": one.invoice.currency,
            "total": format_amount(one.invoice.total, one.invoice.currency),
            "open": format_amount(one.invoice.open_amount, one.invoice.currency),
        }
        for one in receivables(ws)
    ]


def age_rows(ws: Workspace) -> list[ReportRow]:
    """What is owed in each currency, by age."""
    sums: dict[str, dict[str, Decimal]] = {}
    for one in receivables(ws):
        ages = sums.setdefault(one.invoice.currency, dict.fromkeys(AGES, _ZERO))
        ages[one.age] += one.invoice.open_amount
    return [
        {
            "currency": currency,
            **{age: format_amount(amount, currency) for age, amount in ages.items()},
            "total": format_amount(sum(ages.values(), _ZERO), currency),
        }
        for currency, ages in sorted(sums.items())
    ]


def journal_rows(ws: Workspace, *, document_id: DocumentId | None = None) -> Iterator[ReportRow]:
    """The journal, a line a transfer, in the order it was posted."""
    names = _cart_names(ws)
    for one in ws.books.accounts.postings(document_id=document_id):
        yield {
            "posting": one.posting_id,
            "at": one.at.isoformat().replace("+00:00", "Z"),
            "document": one.document,
            "cart": names.get(one.cart_id, "") if one.cart_id is not None else "",
            "text": one.text,
            "debit": one.debit.name,
            "credit": one.credit.name,
            "amount": format_amount(one.amount, one.currency),
            "currency": one.currency,
            "tax_rate": rate_word(one.tax_rate),
            "by": one.actor,
            "debit_account": one.debit.key,
            "credit_account": one.credit.key,
        }


def _cart_names(ws: Workspace) -> dict[CartId, str]:
    return {one.cart_id: one.name for one in ws.books.carts.list_all()}


def journal_source(ws: Workspace) -> RowSource:
    """The journal for the screen, newest first, rows on demand."""
    return posting_rows.journal_rows(ws.books)


def ledger_source(ws: Workspace) -> RowSource:
    """The stock ledger for the screen, newest first, rows on demand."""
    return posting_rows.ledger_rows(ws.books)


# --- exports ----------------------------------------------------------------------------------------------------------


def document_rows(ws: Workspace) -> Iterator[ReportRow]:
    """Every document, a line each, as accounting programs take them."""
    names = _cart_names(ws)
    for document in _documents(ws):
        draft = document.draft
        yield {
            "number": document.posted_number,
            "document": document.number,
            "kind": draft.kind.value,
            "status": document.status.value,
            "cart": names.get(document.cart_id, ""),
            "order_number": draft.order_number,
            "dated": draft.placed_at.isoformat().replace("+00:00", "Z"),
            "posted": "" if document.approved_at is None else document.approved_at.isoformat().replace("+00:00", "Z"),
            "customer_code": document.customer_code or "",
            "customer": draft.customer_name,
            "email": draft.email,
            "country": draft.billing_address.country,
            "currency": draft.currency,
            "total": format_amount(draft.total, draft.currency),
            "open": format_amount(document.open_amount, draft.currency),
            "exchange_rate": "" if document.exchange_rate is None else format(document.exchange_rate, "f"),
            "approved_by": document.approved_by,
            "note": draft.note,
        }


def line_rows(ws: Workspace) -> Iterator[ReportRow]:
    """Every line of every document."""
    for document in _documents(ws):
        currency = document.draft.currency
        for position, line in enumerate(document.draft.lines, 1):
            yield {
                "number": document.posted_number,
                "document": document.number,
                "status": document.status.value,
                "position": position,
                "kind": line.kind.value,
                "item_code": line.item_code or "",
                "sku": line.sku,
                "text": line.text,
                "quantity": format(line.quantity, "f"),
                "unit_price": "" if line.unit_price is None else format_amount(line.unit_price, currency),
                "amount": format_amount(line.amount, currency),
                "tax_rate": rate_word(line.tax_rate),
                "currency": currency,
            }


def _documents(ws: Workspace) -> Iterator[Document]:
    last = DocumentId(0)
    while page := ws.books.documents.list_after(last, _PAGE):
        yield from page
        last = page[-1].document_id


def beancount_lines(ws: Workspace) -> Iterator[str]:
    """The whole journal as a ledger file for beancount."""
    first = next(iter(ws.books.accounts.postings()), None)
    opened = ws.clock().date() if first is None else first.at.date()
    yield from ledger_lines(ws.books.accounts.chart(), _entries(ws), opened)


def _entries(ws: Workspace) -> Iterator[Entry]:
    """A transaction for each document and moment it was posted at, for each movement of stock alone otherwise."""

    def together(one: Posting) -> tuple[object, ...]:
        return (one.at, one.document) if one.document else (one.posting_id,)

    for _, some in groupby(ws.books.accounts.postings(), key=together):
        postings = list(some)
        amounts: dict[tuple[str, str], Decimal] = {}
        for one in postings:
            for account, amount in ((one.debit, one.amount), (one.credit, -one.amount)):
                key = (account.key, one.currency)
                amounts[key] = amounts.get(key, _ZERO) + amount
        head = postings[0]
        text = head.document or head.text
        yield Entry(head.at.date(), "cartui", text, head.document, amounts)


def _ensure_name(name: str) -> None:
    if not name.strip() or len(name) > 60 or not is_safe_text(name):
        raise NeedsOperatorError(
            "That can't be the name of an account.", "Take 1 to 60 characters, none of them invisible."
        )


def rename_account(ws: Workspace, key: str, name: str) -> None:
    """Give an account another name; what was posted on it stays."""
    _ensure_name(name)
    with ws.books.transaction():
        ws.books.accounts.rename(key, name)


def add_account(ws: Workspace, account: Account) -> None:
    """A further account, such as one for a payment provider."""
    _ensure_name(account.name)
    if not _KEY.fullmatch(account.key):
        raise NeedsOperatorError(
            f"{account.key[:40]!r} can't be the key of an account.", "Take small letters, digits, - and _: stripe."
        )
    with ws.books.transaction():
        ws.books.accounts.add(account)


def map_account(ws: Workspace, cart_name: str, what: str, word: str, key: str) -> None:
    """A payment method ("payment") or tax rate ("tax") of a cart gets an account of its own from now on."""
    cart_id = ws.books.carts.get(cart_name).cart_id
    with ws.books.transaction():
        ws.books.accounts.set_map(cart_id, what, word, key)


def map_rows(ws: Workspace, cart_name: str) -> list[ReportRow]:
    """What is mapped for a cart."""
    found = ws.books.accounts.map_of(ws.books.carts.get(cart_name).cart_id)
    rows: list[ReportRow] = [{"what": "payment", "word": word, "account": key} for word, key in found.payments.items()]
    return [*rows, *({"what": "tax", "word": word, "account": key} for word, key in found.taxes.items())]
