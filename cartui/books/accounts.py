"""The accounts: a chart that can be renamed, and postings, each a transfer from one account to another.

A day's totals are kept beside the postings, in the same transaction, so that a trial balance need not read them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cartui.books.database import Database
from cartui.books.fields import from_micros, from_moment, to_micros, to_moment
from cartui.domain.ids import CartId, DocumentId
from cartui.domain.posting import RECEIVABLES, TAX, Account, AccountKey, AccountKind, AccountMap, Transfer
from cartui.errors import NeedsOperatorError

_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400_000_000
_NO_RATE: Final = -1
_PAGE: Final = 500
_POST = """INSERT INTO posting (at, document_id, stock_entry_id, text, debit_id, credit_id, currency, amount, tax_rate,
 actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SUM = """INSERT INTO account_day (account_id, currency, day, cart_id, tax_rate, debit, credit)
 VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, currency, day, cart_id, tax_rate)
 DO UPDATE SET debit = account_day.debit + excluded.debit, credit = account_day.credit + excluded.credit"""


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account in one currency; `balance` = debit less credit."""

    account: Account
    currency: str
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer as it was posted. `document` is the posted number ("" for a movement of stock alone)."""

    posting_id: int
    at: datetime
    document: str
    text: str
    debit: Account
    credit: Account
    currency: str
    amount: Decimal
    tax_rate: Decimal | None
    actor: str
    cart_id: CartId | None


@dataclass(frozen=True, slots=True)
class DaySum:
    """What one account got on a day, of one cart and tax rate."""

    day: date
    cart_id: CartId | None
    account: Account
    currency: str
    tax_rate: Decimal | None
    amount: Decimal  # credit less debit: income is positive


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is still owed on an invoice."""

    document_id: DocumentId
    number: str
    cart_id: CartId
    customer: str
    placed_at: datetime
    currency: str
    total: Decimal
    open_amount: Decimal


class Accounts:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # --- chart ---

    def chart(self) -> list[Account]:
        """All accounts, in the order of a balance sheet."""
        order = list(AccountKind)
        rows = self._db.sql("SELECT key, name, kind FROM account ORDER BY id")
        found = [Account(key, name, AccountKind(kind)) for key, name, kind in rows]
        return sorted(found, key=lambda one: (order.index(one.kind), one.key.partition(":")[0] if one.kind else ""))

    def rename(self, key: AccountKey, name: str) -> None:
        """Give an account another name; NeedsOperatorError where there is none of that key."""
        if not name.strip():
            raise NeedsOperatorError("An account needs a name.", "Type one.")
        if not self._db.write_sql("UPDATE account SET name = ? WHERE key = ? RETURNING id", (name.strip(), key)):
            raise NeedsOperatorError(f"There is no account {key!r}.", "`cartui accounts chart` lists them.")

    def add(self, account: Account) -> None:
        """A further account, such as one for each payment provider."""
        taken = self._db.sql("SELECT id FROM account WHERE key = ?", (account.key,))
        if taken:
            raise NeedsOperatorError(f"There is an account {account.key!r} already.", "Choose another key.")
        self._db.write_sql(
            "INSERT INTO account (key, name, kind) VALUES (?, ?, ?)", (account.key, account.name, account.kind.value)
        )

    def map_of(self, cart_id: CartId) -> AccountMap:
        """The cart's own accounts for payment methods and tax rates."""
        rows = self._db.sql(
            "SELECT m.what, m.word, a.key FROM account_map m JOIN account a ON a.id = m.account_id WHERE m.cart_id = ?",
            (int(cart_id),),
        )
        return AccountMap(
            payments={word: key for what, word, key in rows if what == "payment"},
            taxes={word: key for what, word, key in rows if what == "tax"},
        )

    def set_map(self, cart_id: CartId, what: str, word: str, key: AccountKey) -> None:
        """From now on this payment method ("payment") or tax rate ("tax") of the cart goes to that account."""
        if key == RECEIVABLES:
            raise NeedsOperatorError(
                "Receivables are what invoices are open, nothing else is posted there.", "Choose another account."
            )
        found = self._db.sql("SELECT id FROM account WHERE key = ?", (key,))
        if not found:
            raise NeedsOperatorError(f"There is no account {key!r}.", "`cartui accounts chart` lists them.")
        self._db.write_sql(
            "INSERT INTO account_map (cart_id, what, word, account_id) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (cart_id, what, word) DO UPDATE SET account_id = excluded.account_id",
            (int(cart_id), what, word, found[0][0]),
        )

    # --- posting ---

    def post(
        self,
        transfers: Sequence[Transfer],
        at: datetime,
        actor: str,
        *,
        document_id: DocumentId | None = None,
        cart_id: CartId | None = None,
        stock_entry_id: int | None = None,
    ) -> None:
        """Write transfers, with the totals of their day. Tax accounts of a new rate are made."""
        if not transfers:
            return
        ids = self._ids({key for one in transfers for key in (one.debit, one.credit)})
        moment = to_moment(at)
        day, cart = moment // _DAY, int(cart_id or 0)
        rows: list[tuple[object, ...]] = []
        sums: list[tuple[object, ...]] = []
        for one in transfers:
            amount, rate = to_micros(one.amount), None if one.tax_rate is None else to_micros(one.tax_rate)
            debit, credit = ids[one.debit], ids[one.credit]
            rows.append((
                moment, document_id, stock_entry_id, one.text, debit, credit, one.currency, amount, rate, actor
            ))  # fmt: skip
            by = (day, cart, _NO_RATE if rate is None else rate)
            sums += [(debit, one.currency, *by, amount, 0), (credit, one.currency, *by, 0, amount)]
        self._db.write_many(_POST, rows)
        self._db.write_many(_SUM, sums)

    def _ids(self, keys: set[AccountKey]) -> dict[AccountKey, int]:
        rows = self._db.sql_among("SELECT key, id FROM account WHERE key {among}", (), sorted(keys))
        found = {key: int(account_id) for key, account_id in rows}
        for key in sorted(keys - set(found)):
            base, _, rate = key.partition(":")
            if base != TAX or not rate:
                raise NeedsOperatorError(f"There is no account {key!r}.", "`cartui accounts chart` lists them.")
            [(made,)] = self._db.write_sql(
                "INSERT INTO account (key, name, kind) VALUES (?, ?, 'liability') RETURNING id",
                (key, f"Tax payable {rate} %"),
            )
            found[key] = int(made)
        return found

    # --- reports ---

    def trial_balance(self, until: date | None = None) -> list[Balance]:
        """Each account that was ever used, by currency; `until` is the last day that counts (UTC)."""
        last = (date.max if until is None else until) - _EPOCH
        rows = self._db.sql(
            "SELECT a.key, a.name, a.kind, t.currency, CAST(SUM(t.debit) AS BIGINT), CAST(SUM(t.credit) AS BIGINT)"
            " FROM account_day t JOIN account a ON a.id = t.account_id WHERE t.day <= ?"
            " GROUP BY a.id, a.key, a.name, a.kind, t.currency ORDER BY t.currency, a.id",
            (last.days,),
        )
        return [Balance(Account(r[0], r[1], AccountKind(r[2])), r[3], _exact(r[4]), _exact(r[5])) for r in rows]

    def day_sums(self, first: date, last: date, kinds: Sequence[AccountKind]) -> list[DaySum]:
        """What accounts of these kinds got, by day, cart, currency and tax rate."""
        rows = self._db.sql_among(
            "SELECT t.day, t.cart_id, a.key, a.name, a.kind, t.currency, t.tax_rate, t.credit - t.debit"
            " FROM account_day t JOIN account a ON a.id = t.account_id WHERE t.day >= ? AND t.day <= ?"
            " AND a.kind {among}",
            ((first - _EPOCH).days, (last - _EPOCH).days),
            [kind.value for kind in kinds],
        )
        return [
            DaySum(
                _EPOCH + timedelta(days=row[0]),
                CartId(row[1]) if row[1] else None,
                Account(row[2], row[3], AccountKind(row[4])),
                row[5],
                None if row[6] == _NO_RATE else from_micros(row[6]),
                from_micros(row[7]),
            )
            for row in sorted(rows)
        ]

    def postings(self, *, document_id: DocumentId | None = None, since: int = 0) -> Iterator[Posting]:
        """The journal in the order it was written, of one document if asked, read a page at a time."""
        accounts = {row[0]: Account(row[1], row[2], AccountKind(row[3])) for row in self._db.sql(
            "SELECT id, key, name, kind FROM account"
        )}  # fmt: skip
        which = "" if document_id is None else f"AND p.document_id = {int(document_id)} AND p.document_id IS NOT NULL"
        while True:
            rows = self._db.sql(
                "SELECT p.id, p.at, COALESCE(d.posted_number, d.number, ''), p.text, p.debit_id, p.credit_id,"
                " p.currency, p.amount, p.tax_rate, p.actor, d.cart_id FROM posting p"
                f" LEFT JOIN document d ON d.id = p.document_id WHERE p.id > ? {which} ORDER BY p.id LIMIT {_PAGE}",
                (since,),
            )
            for row in rows:
                yield Posting(
                    posting_id=row[0],
                    at=from_moment(row[1]),
                    document=row[2],
                    text=row[3],
                    debit=accounts[row[4]],
                    credit=accounts[row[5]],
                    currency=row[6],
                    amount=from_micros(row[7]),
                    tax_rate=None if row[8] is None else from_micros(row[8]),
                    actor=row[9],
                    cart_id=None if row[10] is None else CartId(row[10]),
                )
            if len(rows) < _PAGE:
                return
            since = rows[-1][0]

    def open_invoices(self) -> list[OpenInvoice]:
        """Invoices on which something is owed (or was paid too much), oldest first."""
        rows = self._db.sql(
            "SELECT id, COALESCE(posted_number, number), cart_id, customer_name, placed_at, currency, total,"
            " open_amount FROM document WHERE open_amount <> 0 ORDER BY placed_at, id"
        )
        return [
            OpenInvoice(
                DocumentId(r[0]), r[1], CartId(r[2]), r[3], from_moment(r[4]), r[5], from_micros(r[6]),
                from_micros(r[7]),
            )
            for r in rows
        ]  # fmt: skip

    # --- what must always hold ---

    def unbalanced(self) -> list[str]:
        """Currencies and documents whose postings do not add up to zero, accounts whose days are not the sum of their
        postings, receivables that are not what invoices are open: always none, or the books are damaged."""
        legs = (
            "(SELECT debit_id AS account_id, currency, document_id, amount FROM posting"
            " UNION ALL SELECT credit_id, currency, document_id, -amount FROM posting) l"
        )
        problems = [
            f"document {row[0]} {row[1]}"
            for row in self._db.sql(
                f"SELECT document_id, currency FROM {legs} GROUP BY document_id, currency HAVING SUM(amount) <> 0"
            )
        ]
        by_account = self._db.sql(
            f"SELECT l.account_id, l.currency, SUM(amount) FROM {legs} GROUP BY l.account_id, l.currency"
        )
        by_day = self._db.sql(
            "SELECT account_id, currency, SUM(debit) - SUM(credit) FROM account_day GROUP BY account_id, currency"
        )
        days = {(row[0], row[1]): int(row[2]) for row in by_day}
        if days != {(row[0], row[1]): int(row[2]) for row in by_account}:
            problems.append("the totals of the days")
        owed = self._db.sql("SELECT currency, SUM(open_amount) FROM document GROUP BY currency")
        held = {one.currency: one.balance for one in self.trial_balance() if one.account.key == "receivables"}
        zero = Decimal(0)
        problems += [
            f"receivables {currency}"
            for currency, amount in owed
            if from_micros(int(amount or 0)) != held.get(currency, zero)
        ]
        return problems


def _exact(micros: object) -> Decimal:
    return from_micros(int(str(micros)))
