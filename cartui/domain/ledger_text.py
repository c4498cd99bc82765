"""The journal as a plain-text ledger that beancount reads. Pure text: no amount is rounded, no cell can do anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from cartui.domain.posting import Account, AccountKey, AccountKind

_ROOT: Final = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.EXPENSE: "Expenses",
}
_CURRENCY: Final = re.compile(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction: `amounts` by account and currency (debit positive) add up to zero in each currency."""

    on: date
    payee: str
    text: str
    document: str
    amounts: Mapping[tuple[AccountKey, str], Decimal]


def ledger_names(accounts: Sequence[Account]) -> dict[AccountKey, str]:
    """Each account's name in the ledger, `Assets:Undeposited-funds`: from its own name as far as that is possible, with
    its key behind where two would be the same."""
    names: dict[AccountKey, str] = {}
    for account in accounts:
        word = _word(account.name) or _word(account.key)
        name = f"{_ROOT[account.kind]}:{word}"
        names[account.key] = f"{name}-{_word(account.key)}" if name in names.values() else name
    return names


def _word(name: str) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9]+", "-", name.replace("%", " percent")).strip("-")
    return cleaned[:1].upper() + cleaned[1:]


def ledger_lines(accounts: Sequence[Account], entries: Iterable[Entry], opened_on: date) -> Iterator[str]:
    """The ledger line by line: every account opened on `opened_on`, then the entries in the order given."""
    names = ledger_names(accounts)
    yield ";; Written by cartui. Debits are positive."
    yield ""
    for account in accounts:
        yield f"{opened_on.isoformat()} open {names[account.key]}"
        yield f"  cartui-account: {_quoted(account.key)}"
    for entry in entries:
        yield ""
        yield f"{entry.on.isoformat()} * {_quoted(entry.payee)} {_quoted(entry.text)}"
        if entry.document:
            yield f"  document: {_quoted(entry.document)}"
        for (key, currency), amount in entry.amounts.items():
            if amount:
                yield f"  {names[key]}  {amount:f} {_currency(currency)}"


def _currency(code: str) -> str:
    return code if _CURRENCY.fullmatch(code) else "XXX"


def _quoted(text: str) -> str:
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
