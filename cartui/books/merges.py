"""Two customers made one, and taken apart again. Documents and links go with them; nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from cartui.books.address import addresses_from
from cartui.books.customers import Customers
from cartui.books.database import Database
from cartui.books.fields import to_json, to_moment
from cartui.books.outbox import Outbox
from cartui.books.tables import CustomerMerge
from cartui.domain.documents import Customer
from cartui.domain.ids import CustomerCode, CustomerId, RecordKind
from cartui.domain.merge_customers import check_merge, merged, taken_apart
from cartui.domain.outbox import OutboxKind
from cartui.errors import NeedsOperatorError


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge: `gone` became part of the customer `kept_id`; `undone_at` None: it still is."""

    merge_id: int
    kept_id: CustomerId
    gone: Customer
    at: datetime
    actor: str
    undone_at: datetime | None


class Merges:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database, customers: Customers) -> None:
        self._db = database
        self._customers = customers
        self._outbox = Outbox(database)

    def merge(self, kept: Customer, gone: Customer, *, actor: str = "") -> int:
        """Make `gone` part of `kept`: its documents and links now lead there, what `kept` lacks is filled. Returns the
        number of the merge, for `undo`. NeedsOperatorError by rule, StaleVersionError when one was saved since."""
        if problem := check_merge(kept, gone):
            raise NeedsOperatorError(problem, "Choose two registered customers, or two guests.")
        after = merged(kept, gone)
        self._customers.ensure_current(gone)
        links = self._db.write_sql(
            "UPDATE cart_record SET our_id = ? WHERE our_id = ? AND kind = ? RETURNING cart_id, external_id",
            (kept.customer_id, gone.customer_id, RecordKind.CUSTOMER.value),
        )
        documents = self._db.write_sql(
            "UPDATE document SET customer_id = ? WHERE customer_id = ? RETURNING id",
            (kept.customer_id, gone.customer_id),
        )
        self._db.write_sql("DELETE FROM outbox WHERE kind = 'customer' AND our_id = ?", (gone.customer_id,))
        self._customers.delete(gone.customer_id)
        self._customers.update(after, actor=actor)
        moved = {
            "links": [list(row) for row in links],
            "documents": [row[0] for row in documents],
            "before": asdict(kept),
            "after": asdict(after),
        }
        [(merge_id,)] = self._db.write_sql(
            "INSERT INTO customer_merge (kept_id, gone_id, gone, moved, at, actor) VALUES (?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            (
                kept.customer_id,
                gone.customer_id,
                to_json([asdict(gone)]),
                to_json([moved]),
                to_moment(self._db.clock()),
                actor,
            ),
        )
        return int(merge_id)

    def undo(self, merge_id: int, *, actor: str = "") -> Customer:
        """Take two customers apart: the one that went is as it was, with the documents and links it brought, as far as
        they still lead to the other; what a person changed at the other since stays. Returns the one that is back."""
        found = [one for one in self._list(CustomerMerge.id == merge_id) if one.undone_at is None]
        if not found:
            raise NeedsOperatorError("There is no such merge to undo.", "It may have been undone already: look again.")
        [merge] = found
        kept = self._customers.find_by_ids([merge.kept_id]).get(merge.kept_id)
        if kept is None:
            raise NeedsOperatorError(
                f"The customer that {merge.gone.code} went into was merged itself.", "Undo that merge first."
            )
        [(moved,)] = [row[0] for row in self._db.rows(CustomerMerge.select(CustomerMerge.moved).where(
            CustomerMerge.id == merge_id))]  # fmt: skip
        apart = taken_apart(kept, _customer(moved["before"]), _customer(moved["after"]))
        if apart != kept:
            self._customers.update(apart, actor=actor)
        back = self._customers.restore(merge.gone, actor=actor)
        self._db.write_many(
            "UPDATE cart_record SET our_id = ? WHERE our_id = ? AND kind = 'customer' AND cart_id = ? AND"
            " external_id = ?",
            [(back.customer_id, merge.kept_id, cart, external) for cart, external in moved["links"]],
        )
        self._db.write_many(
            "UPDATE document SET customer_id = ? WHERE customer_id = ? AND id = ?",
            [(back.customer_id, merge.kept_id, document) for document in moved["documents"]],
        )
        self._outbox.touch(OutboxKind.CUSTOMER, [merge.kept_id, back.customer_id])
        self._db.write(CustomerMerge.update(undone_at=self._db.clock()).where(CustomerMerge.id == merge_id))
        return back

    def of(self, customer_id: CustomerId) -> list[Merge]:
        """What went into a customer and can be undone, newest first."""
        return self._list((CustomerMerge.kept_id == customer_id) & CustomerMerge.undone_at.is_null())

    def recent(self, limit: int = 50) -> list[Merge]:
        """The last merges, newest first, undone ones too."""
        return self._list(CustomerMerge.id > 0)[:limit]

    def _list(self, condition: Any) -> list[Merge]:
        rows = self._db.rows(
            CustomerMerge.select(
                CustomerMerge.id, CustomerMerge.kept_id, CustomerMerge.gone, CustomerMerge.at, CustomerMerge.actor,
                CustomerMerge.undone_at,
            )
            .where(condition)
            .order_by(CustomerMerge.id.desc())
        )  # fmt: skip
        return [
            Merge(number, CustomerId(kept), _customer(gone[0]), at, actor, undone)
            for number, kept, gone, at, actor, undone in rows
        ]


def _customer(stored: dict[str, Any]) -> Customer:
    texts: Sequence[str] = ("more_emails", "more_phones")
    made = Customer(**(stored | {name: tuple(stored[name]) for name in texts}))
    return replace(
        made,
        customer_id=CustomerId(made.customer_id),
        code=CustomerCode(made.code),
        addresses=addresses_from(stored["addresses"]),
    )
