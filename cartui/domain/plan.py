"""A plan: what would be done, record by record, before anything is done. Preview, dry run, bulk actions and the
auto-sync cycle all read the same values (DESIGN 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from cartui.domain.documents import DocumentDraft
from cartui.domain.fingerprint import UnstorableTextError
from cartui.domain.ids import CartId, CustomerCode, CustomerId, Direction, DocumentId, ItemCode, ItemId, RecordKind
from cartui.domain.ledger import CartRecord
from cartui.domain.outcomes import Outcome
from cartui.domain.ports import BadRecord, Received
from cartui.domain.quick_init import quick_init
from cartui.domain.records import Address, CustomerDraft, ItemDraft, StockWrite


class Action(StrEnum):
    """What is to be done with one record."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    SET_STOCK = "set stock"
    SHIP = "ship"
    UNLINK = "unlink"
    DELETE = "delete"
    VOID = "void"
    SAME = "same"
    SKIP = "skip"
    HOLD = "hold"


OUTCOME_OF: Mapping[Action, Outcome] = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.LINK: Outcome.UPDATED,
    Action.SET_STOCK: Outcome.UPDATED,
    Action.SHIP: Outcome.CREATED,
    Action.UNLINK: Outcome.UPDATED,
    Action.DELETE: Outcome.UPDATED,
    Action.VOID: Outcome.UPDATED,
    Action.SAME: Outcome.SAME,
    Action.SKIP: Outcome.SKIPPED,
    Action.HOLD: Outcome.HELD,
}


_IDLE = (Action.SAME, Action.SKIP, Action.HOLD)


@quick_init
@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before -> after, as a person reads it ("" = nothing there)."""

    name: str
    before: str
    after: str


@quick_init
@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be made in the system."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    tax_number: str = ""
    guest: bool = False
    addresses: tuple[Address, ...] = ()
    code: CustomerCode | None = None
    more_emails: tuple[str, ...] = ()
    more_phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be made in the system; `on_hand` becomes its opening stock (None: never stated)."""

    code: ItemCode
    name: str
    barcode: str = ""
    cost: Decimal | None = None
    price: Decimal | None = None
    currency: str = ""
    on_hand: Decimal | None = None
    tax_class: str = ""
    reorder_level: Decimal | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class ImportDocument:
    """Write a PENDING document. Exactly one of `customer_id` and `new_customer` is set; orders of one page that
    share `customer_key` share the customer made for the first of them. `customer_link`: the cart customer to link."""

    draft: DocumentDraft
    customer_key: str
    customer_id: CustomerId | None = None
    new_customer: NewCustomer | None = None
    customer_link: CartRecord | None = None


@dataclass(frozen=True, slots=True)
class ImportItem:
    """Make an item (`new`) or tie to an existing one (`item_id`); `values` are field -> text to write to ours.
    `resend`: the cart changed what is ours to say, so ours is sent again."""

    item_id: ItemId | None = None
    new: NewItem | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    resend: bool = False


@dataclass(frozen=True, slots=True)
class ImportCustomer:
    """As `ImportItem`, for customers."""

    customer_id: CustomerId | None = None
    new: NewCustomer | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    resend: bool = False


@dataclass(frozen=True, slots=True)
class ExportItem:
    """Make an item in the cart (`draft`), or change fields of and set stock on an existing one."""

    item_id: ItemId
    draft: ItemDraft | None = None
    cart_item_id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    stock: StockWrite | None = None


@dataclass(frozen=True, slots=True)
class ExportCustomer:
    """As `ExportItem`, for customers."""

    customer_id: CustomerId
    draft: CustomerDraft | None = None
    cart_customer_id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undo:
    """Untie the cart's record `external_id` from ours. Taking back an import: by the change's action, what was made for
    it is deleted, and the record is forgotten. Unlink: the change's `record` is what is remembered from then on."""

    our_id: int
    external_id: str


@dataclass(frozen=True, slots=True)
class FollowOrder:
    """What a document takes over from its order by itself: the words of `draft` (statuses, payments); and with
    `void_reason` it becomes VOID. `changed`: flag it for a person."""

    document_id: DocumentId
    draft: DocumentDraft
    void_reason: str = ""
    changed: bool = False


Payload = ImportDocument | ImportItem | ImportCustomer | FollowOrder | ExportItem | ExportCustomer | Undo


@quick_init
@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What is to be done with one record, and why.

    key     the cart's id on imports, ours on exports, as text; unique within a plan
    record  what the books will remember of the cart's record (imports); None leaves the books' memory as it is
    more    other records that came with it (an order's refunds), to be remembered too
    """

    action: Action
    key: str
    label: str
    reason: str = ""
    remedy: str = ""
    fields: tuple[FieldChange, ...] = ()
    payload: Payload | None = None
    record: CartRecord | None = None
    more: tuple[CartRecord, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return OUTCOME_OF[self.action]


Edits = Mapping[str, Mapping[str, str]]  # row key -> column -> text that a person typed


class Doing(StrEnum):
    """What a person can ask a plan for."""

    IMPORT = "import"  # Import selected, Create selected
    LINK = "link"
    EXPORT = "export"
    UNLINK = "unlink"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan was made from; asking the same again gives the plan of that moment.

    keys   which records, by id as text (the cart's ids for imports and links, ours for exports, the number of the apply
           for undo); None = all of them
    edits  the cells a person typed. Columns for items: code, cost, stock; for customers: code
    """

    doing: Doing
    kind: RecordKind
    keys: tuple[str, ...] | None
    edits: Edits = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one kind in one direction for one cart. `request` None: made by a cycle, not by a person."""

    cart_id: CartId
    cart_name: str
    live: bool
    kind: RecordKind
    direction: Direction
    changes: tuple[PlannedChange, ...]
    request: PlanRequest | None = None

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many changes of each action."""
        return Counter(change.action for change in self.changes)

    @property
    def effective(self) -> tuple[PlannedChange, ...]:
        """The changes that would write anything but a note in the books."""
        return tuple(change for change in self.changes if change.action not in _IDLE)

    @property
    def headline(self) -> str:
        """What it would do, in numbers: "create 12, update 3 items in LIVE cart Main shop; 2 held"."""
        counts = self.counts
        doing = ", ".join(
            f"{action.value}{' of' if action is Action.SET_STOCK else ''} {counts[action]}"
            for action in Action
            if action not in _IDLE and counts.get(action)
        )
        rest = ", ".join(
            f"{counts[action]} {word}"
            for action, word in ((Action.SAME, "unchanged"), (Action.SKIP, "skipped"), (Action.HOLD, "held"))
            if counts.get(action)
        )
        where = f"in {'LIVE' if self.live else 'test'} cart {self.cart_name}"
        side = where if self.direction is Direction.EXPORT else f"in the system, from cart {self.cart_name}"
        head = f"{doing} {self.kind}{'s' if len(self.effective) != 1 else ''} {side}" if doing else "nothing to do"
        return f"{head}; {rest}" if rest else head


Row = TypeVar("Row", bound=Received[object])


def plan_each(rows: Sequence[Row], plan_one: Callable[[Row], PlannedChange]) -> list[PlannedChange]:
    """One change a row, in order. A record that comes twice on one page is planned by its last row only; one with text
    that no database keeps is planned as a record that can't be read."""
    last = {row.external_id: position for position, row in enumerate(rows)}
    return [
        _plan_safely(row, plan_one)
        if last[row.external_id] == position
        else PlannedChange(Action.SAME, row.external_id, row.external_id, "comes again further down the page")
        for position, row in enumerate(rows)
    ]


def _plan_safely(row: Row, plan_one: Callable[[Row], PlannedChange]) -> PlannedChange:
    try:
        return plan_one(row)
    except UnstorableTextError as error:
        return plan_one(replace(row, record=BadRecord(str(error))))
