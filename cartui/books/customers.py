"""The system's customers. Registered ones and guests are kept apart, an e-mail can have several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee

from cartui.books.address import addresses_as_json, addresses_from
from cartui.books.database import Database, Row
from cartui.books.faults import StaleVersionError
from cartui.books.fields import to_moment
from cartui.books.outbox import Outbox
from cartui.books.tables import Customer as CustomerTable
from cartui.domain.documents import Customer
from cartui.domain.ids import CustomerCode, CustomerId
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import NewCustomer
from cartui.errors import NeedsOperatorError

_ASK = 900
_FIELDS = (
    CustomerTable.id, CustomerTable.code, CustomerTable.first_name, CustomerTable.last_name, CustomerTable.company,
    CustomerTable.email, CustomerTable.phone, CustomerTable.tax_number, CustomerTable.guest, CustomerTable.addresses,
    CustomerTable.version,
)  # fmt: skip
_ADD = """INSERT INTO customer (id, code, first_name, last_name, company, email, email_key, phone, tax_number, guest,
 addresses, version, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"""


class Customers:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._outbox = Outbox(database)

    def find_by_ids(self, customer_ids: Sequence[int]) -> dict[CustomerId, Customer]:
        """By our numbers."""
        return {one.customer_id: one for one in self._find(CustomerTable.id, [int(one) for one in customer_ids])}

    def list_all(self) -> list[Customer]:
        """Every customer, guests among them."""
        rows = self._db.rows(CustomerTable.select(*_FIELDS).order_by(CustomerTable.id))
        return [_customer(row) for row in rows]

    def find_by_codes(self, codes: Sequence[str]) -> dict[CustomerCode, Customer]:
        """By exact code."""
        return {one.code: one for one in self._find(CustomerTable.code, [str(one) for one in codes])}

    def find_by_emails(self, emails: Sequence[str], *, guest: bool | None = None) -> dict[str, list[Customer]]:
        """By case-folded e-mail, which is also the key of the answer; `guest` True or False asks for one sort only."""
        found: dict[str, list[Customer]] = {}
        for one in self._find(CustomerTable.email_key, sorted({email.casefold() for email in emails if email})):
            if guest is None or one.guest is guest:
                found.setdefault(one.email.casefold(), []).append(one)
        return found

    def add_many(self, rows: Sequence[NewCustomer], *, actor: str = "") -> list[CustomerId]:
        """New customers in the order given. One without a code gets the next free C000001, C000002, …"""
        if not rows:
            return []
        first = self._db.allocate("customer", len(rows))
        codes = self._codes(rows, first)
        now = to_moment(self._db.clock())
        self._db.write_many(
            _ADD,
            [
                (
                    customer_id, code, row.first_name, row.last_name, row.company, row.email, row.email.casefold(),
                    row.phone, row.tax_number, int(row.guest), addresses_as_json(row.addresses), now, actor,
                )
                for customer_id, (code, row) in enumerate(zip(codes, rows, strict=True), first)
            ],
        )  # fmt: skip
        return [CustomerId(first + n) for n in range(len(rows))]

    def update(self, customer: Customer, *, actor: str = "") -> Customer:
        """Store a customer and return it with its new version. StaleVersionError when somebody saved it since."""
        current = self._db.row(
            CustomerTable.select(CustomerTable.version, CustomerTable.changed_by, CustomerTable.changed_at).where(
                CustomerTable.id == customer.customer_id
            )
        )
        if current is None:
            raise NeedsOperatorError(f"The customer {customer.code} was deleted.", "Go back to the list of customers.")
        if current[0] != customer.version:
            raise StaleVersionError(f"The customer {customer.code}", current[1], current[2])
        other = self.find_by_codes([customer.code]).get(customer.code)
        if other is not None and other.customer_id != customer.customer_id:
            raise NeedsOperatorError(f"There is a customer {customer.code} already.", "Choose another code.")
        self._db.write(
            CustomerTable.update(
                code=customer.code,
                first_name=customer.first_name,
                last_name=customer.last_name,
                company=customer.company,
                email=customer.email,
                email_key=customer.email.casefold(),
                phone=customer.phone,
                tax_number=customer.tax_number,
                guest=customer.guest,
                addresses=addresses_as_json(customer.addresses),
                version=customer.version + 1,
                changed_at=self._db.clock(),
                changed_by=actor,
            ).where(CustomerTable.id == customer.customer_id)
        )
        self._outbox.touch(OutboxKind.CUSTOMER, [customer.customer_id])
        return self.find_by_ids([customer.customer_id])[customer.customer_id]

    def count(self) -> int:
        """How many customers there are."""
        return int(self._db.sql("SELECT COUNT(*) FROM customer")[0][0])

    def _codes(self, rows: Sequence[NewCustomer], first: int) -> list[str]:
        """A person may have typed what a number would become: then the number gets a tail."""
        given = [row.code or f"C{customer_id:06d}" for customer_id, row in enumerate(rows, first)]
        typed = {row.code for row in rows if row.code}
        made = [code for code, row in zip(given, rows, strict=True) if not row.code]
        taken = typed | set(self.find_by_codes(made))
        return [
            f"{code}-{customer_id}" if not row.code and code in taken else code
            for customer_id, (code, row) in enumerate(zip(given, rows, strict=True), first)
        ]

    def _find(self, column: Any, values: list[Any]) -> list[Customer]:
        found: list[Customer] = []
        filled = peewee.SQL("t1.email_key <> ''" if column is CustomerTable.email_key else "1 = 1")  # else no index
        for start in range(0, len(values), _ASK):
            rows = self._db.rows(
                CustomerTable.select(*_FIELDS)
                .where(self._db.among(column, values[start : start + _ASK]) & filled)
                .order_by(CustomerTable.id)
            )
            found += [_customer(row) for row in rows]
        return found


def _customer(row: Row) -> Customer:
    values = list(row)
    values[9] = addresses_from(values[9])
    return Customer(*values)
