"""The system's customers. Registered ones and guests are kept apart, an e-mail can have several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cartui.books.address import addresses_as_json, addresses_from
from cartui.books.database import Database, Row
from cartui.books.faults import StaleVersionError
from cartui.books.fields import to_moment
from cartui.books.outbox import Outbox
from cartui.books.selects import Select
from cartui.books.tables import Customer as CustomerTable
from cartui.books.tables import CustomerContact as ContactTable
from cartui.domain.documents import Customer
from cartui.domain.ids import CustomerCode, CustomerId
from cartui.domain.merge_customers import contact_key
from cartui.domain.outbox import OutboxKind
from cartui.domain.plan import NewCustomer
from cartui.errors import NeedsOperatorError

_ASK = 900
_FIELDS = (
    CustomerTable.id, CustomerTable.code, CustomerTable.first_name, CustomerTable.last_name, CustomerTable.company,
    CustomerTable.email, CustomerTable.phone, CustomerTable.tax_number, CustomerTable.guest, CustomerTable.addresses,
    CustomerTable.version,
)  # fmt: skip
_BY_ID = Select(_FIELDS, "FROM customer WHERE id {among} ORDER BY id")
_BY_CODE = Select(_FIELDS, "FROM customer WHERE code {among} ORDER BY id")
# The second half is the condition of the index, word for word: it is used for nothing less.
_BY_EMAIL = Select(_FIELDS, "FROM customer WHERE email_key {among} AND email_key <> '' ORDER BY id")
_ALL = Select(_FIELDS, "FROM customer ORDER BY id")
_CONTACTS = """SELECT customer_id, kind, value FROM customer_contact WHERE customer_id {among}
 ORDER BY customer_id, kind, value"""
_WITH_CONTACT = "SELECT customer_id FROM customer_contact WHERE kind = ? AND value_key {among}"
_ADD = """INSERT INTO customer (id, code, first_name, last_name, company, email, email_key, phone, tax_number, guest,
 addresses, version, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"""


class Customers:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._outbox = Outbox(database)

    def find_by_ids(self, customer_ids: Sequence[int]) -> dict[CustomerId, Customer]:
        """By our numbers."""
        return {one.customer_id: one for one in self._find(_BY_ID, [int(one) for one in customer_ids])}

    def list_all(self) -> list[Customer]:
        """Every customer, guests among them."""
        return self._customers(self._db.select(_ALL))

    def find_by_codes(self, codes: Sequence[str]) -> dict[CustomerCode, Customer]:
        """By exact code."""
        return {one.code: one for one in self._find(_BY_CODE, [str(one) for one in codes])}

    def find_by_emails(self, emails: Sequence[str], *, guest: bool | None = None) -> dict[str, list[Customer]]:
        """By any of their e-mails, case-folded, which is also the key of the answer; `guest` True or False asks for one
        sort only."""
        asked = sorted({email.casefold() for email in emails if email})
        some = self._find(_BY_EMAIL, asked)
        others = self._with_contact("email", asked) - {one.customer_id for one in some}
        if others:
            some = sorted([*some, *self._find(_BY_ID, sorted(others))], key=lambda one: one.customer_id)
        wanted = set(asked)
        found: dict[str, list[Customer]] = {}
        for one in some:
            if guest is None or one.guest is guest:
                for email in dict.fromkeys(text.casefold() for text in (one.email, *one.more_emails)):
                    if email in wanted:
                        found.setdefault(email, []).append(one)
        return found

    def add_many(self, rows: Sequence[NewCustomer], *, actor: str = "") -> list[CustomerId]:
        """New customers in the order given. One without a code gets the next free C000001, C000002, …"""
        if not rows:
            return []
        first = self._db.allocate("customer", len(rows))
        codes = self._codes(rows, first)
        now = self._db.clock()
        self._db.write_many(
            _ADD,
            [
                _stored(customer_id, code, row, now, actor)
                for customer_id, (code, row) in enumerate(zip(codes, rows, strict=True), first)
            ],
        )
        for customer_id, row in enumerate(rows, first):
            if row.more_emails or row.more_phones:
                self._add_contacts(customer_id, row.more_emails, row.more_phones)
        return [CustomerId(first + n) for n in range(len(rows))]

    def update(self, customer: Customer, *, actor: str = "") -> Customer:
        """Store a customer and return it with its new version. StaleVersionError when somebody saved it since."""
        self.ensure_current(customer)
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
        self._db.write(ContactTable.delete().where(ContactTable.customer_id == customer.customer_id))
        self._add_contacts(customer.customer_id, customer.more_emails, customer.more_phones)
        self._outbox.touch(OutboxKind.CUSTOMER, [customer.customer_id])
        return self.find_by_ids([customer.customer_id])[customer.customer_id]

    def ensure_current(self, customer: Customer) -> None:
        """StaleVersionError when somebody saved the customer since it was read."""
        current = self._db.row(
            CustomerTable.select(CustomerTable.version, CustomerTable.changed_by, CustomerTable.changed_at).where(
                CustomerTable.id == customer.customer_id
            )
        )
        if current is None:
            raise NeedsOperatorError(f"The customer {customer.code} was deleted.", "Go back to the list of customers.")
        if current[0] != customer.version:
            raise StaleVersionError(f"The customer {customer.code}", current[1], current[2])

    def delete(self, customer_id: CustomerId) -> None:
        """Take a customer out. Documents and links must lead elsewhere by then."""
        self._db.write(ContactTable.delete().where(ContactTable.customer_id == customer_id))
        self._db.write(CustomerTable.delete().where(CustomerTable.id == customer_id))

    def restore(self, customer: Customer, *, actor: str = "") -> Customer:
        """Put a customer back under its number, as it was but for its version; its links are the caller's business.
        NeedsOperatorError where its code was given to another one meanwhile."""
        if customer.code in self.find_by_codes([customer.code]):
            raise NeedsOperatorError(f"The code {customer.code} was given to another customer.", "Change that one.")
        self._db.write_many(_ADD, [_stored(customer.customer_id, customer.code, customer, self._db.clock(), actor)])
        self._add_contacts(customer.customer_id, customer.more_emails, customer.more_phones)
        self._db.write(
            CustomerTable.update(version=customer.version + 1).where(CustomerTable.id == customer.customer_id)
        )
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

    def _find(self, select: Select, values: Sequence[object]) -> list[Customer]:
        found: list[Customer] = []
        for start in range(0, len(values), _ASK):
            found += self._customers(self._db.select_among(select, (), values[start : start + _ASK]))
        return found

    def _customers(self, rows: list[Row]) -> list[Customer]:
        contacts = self._contacts([row[0] for row in rows])
        return [_customer(row, contacts.get(row[0], {})) for row in rows]

    # --- e-mails and phones beyond the first -------------------------------------------------------------------------

    def _contacts(self, customer_ids: Sequence[int]) -> dict[int, dict[str, tuple[str, ...]]]:
        """customer -> kind -> texts, of those that have any."""
        found: dict[int, dict[str, tuple[str, ...]]] = {}
        for start in range(0, len(customer_ids), _ASK):
            rows = self._db.sql_among(_CONTACTS, (), customer_ids[start : start + _ASK])
            for customer_id, kind, value in rows:
                some = found.setdefault(customer_id, {})
                some[kind] = (*some.get(kind, ()), value)
        return found

    def _with_contact(self, kind: str, keys: list[str]) -> set[int]:
        """The customers that one of these leads to as a further contact."""
        found: set[int] = set()
        for start in range(0, len(keys), _ASK):
            rows = self._db.sql_among(_WITH_CONTACT, (kind,), keys[start : start + _ASK])
            found.update(row[0] for row in rows)
        return found

    def _add_contacts(self, customer_id: int, emails: Sequence[str], phones: Sequence[str]) -> None:
        keyed = {("email", text.casefold()): text for text in emails if text}
        keyed |= {("phone", key): text for text in phones if (key := contact_key(text))}
        self._db.write_many(
            "INSERT INTO customer_contact (customer_id, kind, value, value_key) VALUES (?, ?, ?, ?)",
            [(customer_id, kind, text, key) for (kind, key), text in keyed.items()],
        )

    def last_change(self, customer_id: CustomerId) -> tuple[str, datetime] | None:
        """Who saved the customer last, and when (aware UTC); None where it is gone."""
        row = self._db.row(
            CustomerTable.select(CustomerTable.changed_by, CustomerTable.changed_at).where(
                CustomerTable.id == customer_id
            )
        )
        return None if row is None else (row[0], row[1])


def _stored(customer_id: int, code: str, row: NewCustomer | Customer, now: datetime, actor: str) -> tuple[object, ...]:
    return (
        customer_id, code, row.first_name, row.last_name, row.company, row.email, row.email.casefold(), row.phone,
        row.tax_number, int(row.guest), addresses_as_json(row.addresses), to_moment(now), actor,
    )  # fmt: skip


def _customer(row: Row, contacts: Mapping[str, tuple[str, ...]]) -> Customer:
    values = list(row)
    values[9] = addresses_from(values[9])
    more_emails, more_phones = contacts.get("email", ()), contacts.get("phone", ())
    return (
        replace(Customer(*values), more_emails=more_emails, more_phones=more_phones) if contacts else Customer(*values)
    )
